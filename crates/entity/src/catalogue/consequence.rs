//! What follows a write.

/// What has to follow a write of a column, whoever writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Consequence {
    /// All sessions of the user end.
    EndSessions,
    /// The user is mailed elsewhere: the other sessions and what was mailed end, and whoever reads the mail of the former
    /// address is told.
    Address,
    /// A factor of the user changes: the other sessions end where the operator wants that, recovery codes end that
    /// stand in for nothing any more, and the user is told.
    Factors,
    /// Nodes forget what they remember of the user's access tokens.
    ForgetTokens,
    /// An audit event is appended.
    Audit,
    /// Refused where it would leave no administrator.
    KeepAdministrator,
    /// Refused where it would leave the user no way to sign in.
    KeepWayIn,
    /// The default role stays among the user's roles.
    KeepDefaultRole,
    /// The caller has to prove themselves again.
    Elevation,
    /// Refused to whoever is signed in, proved anew or not: the holder of the admin secret alone writes it.
    AdminSecret,
}
