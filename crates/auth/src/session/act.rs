//! The session that a personal access token is.

use super::Session;
use super::issue::{Tokens, issue};
use super::roles;
use crate::account::Account;
use crate::caller::Ctx;
use crate::error::Error;
use crate::method::{Method, Methods};
use crate::store::personal_access_tokens::Used;

/// Acts in it. It cannot be elevated, and has no refresh token; no second factor is asked for, because its user was
/// proved anew when it was made.
pub(crate) async fn act(ctx: &Ctx<'_>, account: Account, used: &Used) -> Result<Session, Error> {
    account.admit(&ctx.auth.policy)?;
    let account = roles::allowed_to_programs(ctx, account).await?;
    let account = match used.allowed_roles() {
        Some(roles) => account.restricted_to(roles)?,
        None => account,
    };
    let tokens = Tokens {
        session: used.id(),
        refresh: None,
        methods: Methods::new(&[Method::PersonalAccessToken]),
        elevation: None,
    };
    let session = issue(ctx.auth, &account, tokens, ctx.now())?;
    Ok(Session {
        by_pat: true,
        ..session
    })
}
