//! The closed list of reasons to say no, and the code of each.

use std::time::Duration;

use crate::code::Code;
use crate::passkey::PasskeyFault;

/// What identifies a user who signs in with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identifier {
    /// An email address.
    Email,
    /// A user name.
    Username,
}

/// Why an access token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Not three parts of base64url and JSON with the claims of this service.
    #[error("it is malformed")]
    Malformed,
    /// Names no key of this service.
    #[error("its key is unknown")]
    UnknownKey,
    /// The header names another algorithm than that of the key.
    #[error("its algorithm is not that of the key")]
    Algorithm,
    /// The signature does not match.
    #[error("its signature does not match")]
    Signature,
    /// Made by another service.
    #[error("its issuer is another")]
    Issuer,
    /// No longer valid.
    #[error("it expired")]
    Expired,
    /// Claims to come from the future.
    #[error("it is not valid yet")]
    NotYetValid,
    /// The session it belongs to is over, or its user may not act.
    #[error("its session ended")]
    SessionEnded,
    /// Its user no longer holds the role it acts in unless told otherwise; a refresh tells the present one.
    #[error("its default role was taken away")]
    RoleLost,
}

/// Why a refresh token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefreshFault {
    /// Not in the form of a refresh token.
    #[error("it is malformed")]
    Malformed,
    /// Not made by this service.
    #[error("it is forged")]
    Forged,
    /// Its session does not exist.
    #[error("its session is unknown")]
    UnknownSession,
    /// Its session was ended.
    #[error("its session ended")]
    SessionEnded,
    /// Its session was not used for too long, or lasted too long.
    #[error("its session expired")]
    Expired,
    /// It was replaced before; the session ends.
    #[error("it was used before")]
    Reused,
    /// It names a generation or a text that was never stored.
    #[error("the database knows another token of this generation")]
    Mismatch,
}

/// A reason to say no to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An argument breaks a rule.
    #[error("{field}: {rule}")]
    InvalidInput {
        /// The argument, as clients spell it.
        field: &'static str,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// Fewer characters than a password needs.
    #[error("the password is too short")]
    PasswordTooShort,
    /// More characters than a password may have.
    #[error("the password is too long")]
    PasswordTooLong,
    /// Among the commonest passwords.
    #[error("the password is among the commonest")]
    PasswordTooCommon,
    /// Made of names of the user or of the service.
    #[error("the password is made of names")]
    PasswordOfNames,
    /// Nobody has this id.
    #[error("no user has this id")]
    UnknownAccount,
    /// Nobody else could administer the service.
    #[error("the user is the last administrator")]
    LastAdministrator,
    /// Seen in a breach.
    #[error("the password was seen in a breach")]
    PasswordBreached,
    /// Nobody says whether the password was seen in a breach.
    #[error("the service that knows breached passwords does not answer")]
    BreachesUnknown,
    /// One of the latest passwords of this user.
    #[error("the password was used before")]
    PasswordUsedBefore,
    /// Another request set another password in the meantime.
    #[error("the password was changed in the meantime")]
    PasswordChangedMeanwhile,
    /// What the signed-in user says is the password is not.
    #[error("the current password does not match")]
    WrongCurrentPassword,
    /// The user has to be proved anew first.
    #[error("the session is not elevated")]
    NotElevated,
    /// Less was proved than the second factor that is asked for.
    #[error("whoever is asked for a second factor is proved anew by that")]
    ProofNotEnough,
    /// A role that sign-up does not offer.
    #[error("the role is not offered at sign-up")]
    RoleNotAllowed,
    /// The default role is not among the roles asked for.
    #[error("the default role is not among the allowed roles")]
    DefaultRoleNotAllowed,
    /// A redirection to an address that is not listed.
    #[error("the redirection is not listed")]
    RedirectNotAllowed,
    /// Sign-up is switched off.
    #[error("sign-up is disabled")]
    SignUpDisabled,
    /// Another user has this address.
    #[error("the email belongs to a user")]
    EmailTaken,
    /// Another user has this name.
    #[error("the username belongs to a user")]
    UsernameTaken,
    /// Nobody has this email or username.
    #[error("no user has this {0:?}")]
    UnknownUser(Identifier),
    /// The password does not match.
    #[error("the password does not match ({0:?})")]
    WrongPassword(Identifier),
    /// The account is switched off.
    #[error("the user is disabled")]
    DisabledUser,
    /// The account is locked.
    #[error("the user is locked")]
    LockedUser,
    /// The account was not activated yet.
    #[error("the user is not activated")]
    InactiveUser,
    /// The account was deleted.
    #[error("the user is deleted")]
    DeletedUser,
    /// The address was not confirmed yet.
    #[error("the email is not verified")]
    UnverifiedUser,
    /// The ticket or the code from a mail is not one, or not one any more.
    #[error("the ticket or code is unknown, used, replaced or expired")]
    InvalidTicket,
    /// A link that signs in, without a challenge of whoever asked for it.
    #[error("the link signs nobody in: its code does")]
    LinkNeedsCode,
    /// What was exchanged belongs to somebody else.
    #[error("the verifier does not match the challenge")]
    WrongVerifier,
    /// What an authenticator said is not accepted.
    #[error("passkey: {0}")]
    Passkey(PasskeyFault),
    /// No passkey of the user has this id.
    #[error("no such passkey of this user")]
    UnknownSecurityKey,
    /// The user has as many passkeys as are allowed.
    #[error("the user has as many passkeys as are allowed")]
    TooManySecurityKeys,
    /// The address of the application is not one that passkeys can be for.
    #[error("passkeys need a domain")]
    NoPasskeys,
    /// The account was activated before.
    #[error("the account is activated already")]
    AlreadyActivated,
    /// The address was confirmed before.
    #[error("the email is verified already")]
    AlreadyVerified,
    /// The user could not sign in any more.
    #[error("it is the last way to sign in")]
    LastWayIn,
    /// The account has no authenticator application.
    #[error("the user has no authenticator application")]
    NoTotp,
    /// No new secret waits for its first code.
    #[error("no new secret waits for its first code")]
    NoTotpSecret,
    /// The code is not that of a time step that counts, or was sent before.
    #[error("the code of the authenticator application is wrong, too old, or was used before")]
    WrongTotp,
    /// The code is not one that is left.
    #[error("the recovery code is wrong or was used before")]
    WrongRecoveryCode,
    /// The second factor is not one that this sign-in asks for.
    #[error("the second factor is not one that is asked for")]
    FactorNotAsked,
    /// Every role of the user needs a second factor.
    #[error("every role of the user needs a second factor: {enrol}")]
    SecondFactorRequired {
        /// What would be one, in words.
        enrol: &'static str,
    },
    /// The account has no second factor.
    #[error("the user has no second factor")]
    NoSecondFactor,
    /// The refresh token is not accepted.
    #[error("refresh token: {0}")]
    RefreshToken(RefreshFault),
    /// No personal access token that is good.
    #[error("the personal access token is unknown, revoked or expired")]
    InvalidPat,
    /// The user has as many personal access tokens as are allowed.
    #[error("the user has as many personal access tokens as are allowed")]
    TooManyPats,
    /// Whoever presents a personal access token may not change who the user is.
    #[error("the session is a personal access token")]
    ByPat,
    /// The access token is not accepted.
    #[error("access token: {0}")]
    AccessToken(TokenFault),
    /// The operation needs a session.
    #[error("the operation needs a session")]
    NotSignedIn,
    /// The operator does not want addresses like this.
    #[error("the address is not among those that may be used")]
    EmailNotAllowed,
    /// The operation is switched off.
    #[error("the operation is switched off")]
    SwitchedOff,
    /// The user is identified already.
    #[error("the user is not anonymous")]
    NotAnonymous,
    /// The operation is not for a user whom nothing identifies yet.
    #[error("the user is anonymous")]
    AnonymousUser,
    /// No session of the caller has this id.
    #[error("no such session of this user")]
    UnknownSession,
    /// The admin secret is wrong, or none is configured.
    #[error("the admin secret is wrong")]
    WrongAdminSecret,
    /// Too many attempts.
    #[error("too many requests, again in {} s", retry_after.as_secs())]
    TooManyRequests {
        /// How long to wait.
        retry_after: Duration,
    },
}

impl Refusal {
    /// The wire code: many reasons inside, few outside.
    pub fn code(self) -> Code {
        match self {
            Self::InvalidInput { .. } => Code::InvalidRequest,
            Self::PasswordTooShort => Code::PasswordTooShort,
            Self::PasswordTooLong => Code::PasswordTooLong,
            Self::PasswordTooCommon => Code::PasswordTooCommon,
            Self::PasswordOfNames => Code::PasswordTooSimilar,
            Self::UnknownAccount => Code::UserNotFound,
            Self::LastAdministrator => Code::LastAdministrator,
            Self::PasswordBreached => Code::PasswordBreached,
            Self::BreachesUnknown => Code::Unavailable,
            Self::PasswordUsedBefore => Code::PasswordUsedBefore,
            Self::WrongCurrentPassword | Self::PasswordChangedMeanwhile => Code::InvalidPassword,
            Self::NotElevated | Self::ProofNotEnough => Code::ElevatedClaimRequired,
            Self::RoleNotAllowed => Code::RoleNotAllowed,
            Self::DefaultRoleNotAllowed => Code::DefaultRoleNotAllowed,
            Self::RedirectNotAllowed => Code::RedirectNotAllowed,
            Self::SignUpDisabled => Code::SignUpDisabled,
            Self::EmailTaken => Code::EmailAlreadyInUse,
            Self::UsernameTaken => Code::UsernameAlreadyInUse,
            Self::UnknownUser(Identifier::Email) | Self::WrongPassword(Identifier::Email) => {
                Code::InvalidEmailPassword
            }
            Self::UnknownUser(Identifier::Username) | Self::WrongPassword(Identifier::Username) => {
                Code::InvalidUsernamePassword
            }
            // To the caller a deleted account is one that is switched off.
            Self::DeletedUser | Self::DisabledUser => Code::DisabledUser,
            Self::LockedUser => Code::LockedUser,
            Self::InactiveUser => Code::InactiveUser,
            Self::UnverifiedUser => Code::UnverifiedUser,
            Self::InvalidTicket | Self::LinkNeedsCode | Self::WrongVerifier => Code::InvalidTicket,
            Self::Passkey(_) => Code::InvalidPasskey,
            Self::UnknownSecurityKey => Code::SecurityKeyNotFound,
            Self::TooManySecurityKeys => Code::TooManySecurityKeys,
            Self::LastWayIn => Code::LastWayIn,
            Self::NoPasskeys => Code::DisabledEndpoint,
            Self::AlreadyActivated => Code::AccountAlreadyActive,
            Self::AlreadyVerified => Code::EmailAlreadyVerified,
            Self::NoTotp => Code::DisabledMfaTotp,
            Self::NoTotpSecret => Code::NoTotpSecret,
            Self::WrongTotp => Code::InvalidTotp,
            Self::WrongRecoveryCode => Code::InvalidRecoveryCode,
            Self::FactorNotAsked => Code::FactorNotAsked,
            Self::SecondFactorRequired { .. } => Code::SecondFactorRequired,
            Self::NoSecondFactor => Code::NoSecondFactor,
            Self::RefreshToken(_) => Code::InvalidRefreshToken,
            Self::InvalidPat => Code::InvalidPat,
            Self::TooManyPats => Code::TooManyPats,
            Self::ByPat => Code::ForbiddenPat,
            Self::AccessToken(_) => Code::InvalidJwt,
            Self::NotSignedIn => Code::Unauthenticated,
            Self::EmailNotAllowed => Code::EmailNotAllowed,
            Self::SwitchedOff => Code::DisabledEndpoint,
            Self::NotAnonymous => Code::UserNotAnonymous,
            Self::AnonymousUser => Code::ForbiddenAnonymous,
            Self::UnknownSession => Code::SessionNotFound,
            Self::WrongAdminSecret => Code::AccessDenied,
            Self::TooManyRequests { .. } => Code::TooManyRequests,
        }
    }

    /// What a client is told in words; for bad input the field and the rule, else the text of the code.
    pub fn message(self) -> String {
        match self {
            Self::InvalidInput { field, rule } => format!("{field} {rule}"),
            Self::SecondFactorRequired { enrol } => {
                format!(
                    "The roles of the user need a second factor: with another role the user can enrol {enrol}"
                )
            }
            Self::ProofNotEnough => {
                "The user is asked for a second factor: elevate the session by that".to_owned()
            }
            Self::AccessToken(TokenFault::Expired) => "The access token expired".to_owned(),
            other => other.code().message().to_owned(),
        }
    }

    /// How long to wait, where waiting helps.
    pub fn retry_after(self) -> Option<Duration> {
        match self {
            Self::TooManyRequests { retry_after } => Some(retry_after),
            _ => None,
        }
    }
}
