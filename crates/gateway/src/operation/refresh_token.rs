//! `refreshToken`: a session goes on with a new token.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{RefreshTokenInput, refresh_token};

use super::{Operation, invalid, operation, output};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "refreshToken",
        output::session_type(),
        |asking, mut arguments| async move {
            let given = arguments.text("refreshToken")?;
            let in_cookie = given.is_none();
            let cookie = || asking.browser.as_ref().and_then(|browser| browser.token());
            let input = RefreshTokenInput {
                refresh_token: given.or_else(cookie).ok_or_else(|| {
                    invalid(
                        "refreshToken",
                        "is missing, and no cookie of a listed web page came instead",
                    )
                })?,
            };
            let session = refresh_token(&asking.auth(), input).await?;
            let session = if in_cookie { asking.keep(session) } else { session };
            Ok(output::session_value(session))
        },
    )
    .description("renews a session: a new access token, and a new refresh token in place of this one")
    .argument(
        InputValue::new("refreshToken", TypeRef::named(TypeRef::STRING))
            .description("the newest one of the session; without it that of the cookie"),
    )
}
