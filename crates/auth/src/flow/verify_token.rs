//! `verifyToken`.

use crate::caller::Ctx;
use crate::error::Error;
use crate::refusal::Refusal;

/// The token to look at.
#[derive(Default)]
pub struct VerifyTokenInput {
    /// An access token; without one it is that of the request.
    pub token: Option<String>,
}

/// Refuses an access token that is not valid or whose session does not go on.
pub async fn verify_token(ctx: &Ctx<'_>, input: VerifyTokenInput) -> Result<(), Error> {
    match (input.token, ctx.session) {
        (Some(token), _) => {
            let token = token.trim();
            let token = token.strip_prefix("Bearer ").unwrap_or(token);
            ctx.auth.authenticate(token).await.map(|_| ())
        }
        (None, Some(_)) => Ok(()),
        (None, None) => Err(Refusal::NotSignedIn.into()),
    }
}
