//! Users who were proved anew a moment ago, and what that is needed for: decided here and nowhere else.

use chrono::{DateTime, Utc};

use crate::audit::recorded;
use crate::caller::{Authenticated, Ctx};
use crate::error::Error;
use crate::factor::Factor;
use crate::refusal::Refusal;
use crate::second_factor;

/// What proved a user anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The password; not of whoever has a second factor.
    Password,
    /// A code of the authenticator application.
    Totp,
    /// A security key or passkey.
    Webauthn,
    /// A recovery code.
    RecoveryCode,
}

impl Proof {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Password, Self::Totp, Self::Webauthn, Self::RecoveryCode];

    /// The name in the claim `x-hasura-auth-elevated-by`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Totp => "totp",
            Self::Webauthn => "webauthn",
            Self::RecoveryCode => "recovery-code",
        }
    }

    /// The proof of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|proof| proof.as_str() == name)
    }

    /// Whether this is one of the second factors that are asked for.
    pub(crate) fn is_among(self, asked: &[Factor]) -> bool {
        let factor = match self {
            Self::Password => return false,
            Self::Totp => Factor::Totp,
            Self::Webauthn => Factor::Webauthn,
            Self::RecoveryCode => Factor::RecoveryCode,
        };
        factor.is_among(asked)
    }
}

/// That a user was proved anew: by what, when, and for how long it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Elevation {
    pub(crate) by: Proof,
    pub(crate) at: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

/// An operation that needs an elevated session, whoever asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElevatedOperation {
    /// Its name.
    pub name: String,
    /// The proofs that count; empty for any.
    pub proofs: Vec<Proof>,
}

/// What changes how a user signs in, or outlives a session: whoever has a second factor proves it anew.
const GUARDED: [&str; 15] = [
    "changeEmail",
    "changePhoneNumber",
    "changeUsername",
    "changePassword",
    "generateTotp",
    "enableTotp",
    "regenerateRecoveryCodes",
    "addSecurityKey",
    "verifyAddSecurityKey",
    "removeSecurityKey",
    "createPat",
    "linkIdToken",
    "unlinkProvider",
    "deleteAccount",
    "exportMyData",
];

/// Of these, what takes the place of codes: whoever has any factor is proved anew, by whatever does.
const OF_CODES: [&str; 3] = ["generateTotp", "enableTotp", "regenerateRecoveryCodes"];

/// Whether whoever is signed in was proved anew as the operator wants it for this operation; where it is not listed,
/// everybody was. A second factor that is asked for stands in for the password: nobody who has one can prove less. The
/// admin secret is proof enough.
pub fn is_proved_for(ctx: &Ctx<'_>, operation: &str) -> bool {
    let mut listed = ctx.auth.policy.elevated_operations.iter();
    let (Some(session), Some(listed)) = (ctx.session, listed.find(|listed| listed.name == operation)) else {
        return true;
    };
    let asked = &ctx.auth.policy.second_factors;
    let named = |proof: Proof| listed.proofs.contains(&proof);
    let counts = |proof: Proof| {
        listed.proofs.is_empty() || named(proof) || (named(Proof::Password) && proof.is_among(asked))
    };
    session.elevated_by.is_some_and(counts)
}

/// Refuses whoever is signed in and may not run this operation like that: with a personal access token where it is
/// for `users_alone`, or without being proved anew. The admin secret is proof enough.
pub async fn check_session(ctx: &Ctx<'_>, operation: &'static str, users_alone: bool) -> Result<(), Error> {
    let Some(session) = ctx.session else { return Ok(()) };
    let checked = match session.by_pat && users_alone {
        true => Err(Refusal::ByPat.into()),
        false => check_elevation(ctx, session, operation).await,
    };
    recorded(ctx, operation, Some(session.user_id), checked).await
}

async fn check_elevation(ctx: &Ctx<'_>, session: &Authenticated, operation: &str) -> Result<(), Error> {
    if !is_proved_for(ctx, operation) {
        return Err(Refusal::NotElevated.into());
    }
    // A passkey elevates nobody who is asked for something else, unless it is two factors at once.
    if !GUARDED.contains(&operation) || session.elevated_by == Some(Proof::Webauthn) {
        return Ok(());
    }
    let held = second_factor::provable(ctx, &ctx.auth.database.connection, session.user_id).await?;
    let asked = held.asked(&ctx.auth.policy.second_factors);
    let proved = match asked.is_empty() {
        // What is not asked for here is a factor of its user still, and may be asked for tomorrow.
        true => session.elevated || !held.is_any() || !OF_CODES.contains(&operation),
        false => session.elevated_by.is_some_and(|proof| proof.is_among(&asked)),
    };
    match proved {
        true => Ok(()),
        false => Err(Refusal::NotElevated.into()),
    }
}

/// Refuses a session that is not elevated, where there is something its user could be proved anew by. Who signs in by
/// mail alone has nothing but the session.
pub(crate) async fn demand(ctx: &Ctx<'_>, session: &Authenticated) -> Result<(), Error> {
    if session.elevated && !session.by_pat {
        return Ok(());
    }
    let held = second_factor::provable(ctx, &ctx.auth.database.connection, session.user_id).await?;
    match held.password || held.is_any() {
        true => Err(Refusal::NotElevated.into()),
        false => Ok(()),
    }
}
