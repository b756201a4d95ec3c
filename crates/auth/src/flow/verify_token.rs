//! `verifyToken`.

use crate::caller::{Authenticated, Ctx};
use crate::error::Error;
use crate::refusal::Refusal;

/// The token to look at.
#[derive(Default)]
pub struct VerifyTokenInput {
    /// An access token; without one it is that of the request.
    pub token: Option<String>,
}

/// Tells whom an access token speaks for, if it is valid and its session goes on.
pub async fn verify_token(ctx: &Ctx<'_>, input: VerifyTokenInput) -> Result<Authenticated, Error> {
    match input.token {
        Some(token) => {
            let token = token.trim();
            ctx.auth
                .authenticate(token.strip_prefix("Bearer ").unwrap_or(token))
                .await
        }
        None => ctx.session.cloned().ok_or_else(|| Refusal::NotSignedIn.into()),
    }
}
