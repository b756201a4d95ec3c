//! `myFactors` and `userFactors`.

use uuid::Uuid;

use crate::caller::Ctx;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::store;

/// The second factors of a user, as far as anybody may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factors {
    /// Whether there is an authenticator application.
    pub totp: bool,
    /// How many security keys and passkeys.
    pub security_keys: u64,
    /// How many recovery codes were not used yet.
    pub recovery_codes_left: u64,
}

/// The factors of the signed-in user.
pub async fn my_factors(ctx: &Ctx<'_>) -> Result<Factors, Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    user_factors(ctx, session.user_id).await
}

/// The factors of a user. Whoever asks was found to be an administrator before.
pub async fn user_factors(ctx: &Ctx<'_>, user: Uuid) -> Result<Factors, Error> {
    let connection = &ctx.auth.database.connection;
    let found = store::factors::count(connection, user).await?;
    Ok(found.ok_or(Refusal::UnknownAccount)?)
}
