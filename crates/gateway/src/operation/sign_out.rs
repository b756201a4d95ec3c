//! `signOut`: a session ends, or all of a user's.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{SignOutInput, sign_out};

use super::{Operation, operation, output};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "signOut",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let input = SignOutInput {
                refresh_token: arguments.text("refreshToken")?,
                all: arguments.flag("all"),
            };
            let signed_in = asking.session.authenticated.is_some();
            let reads_cookie = input.refresh_token.is_none() && (signed_in || !input.all);
            let browser = asking.browser.as_deref().filter(|_| reads_cookie);
            let Some((browser, cookie)) = browser.and_then(|browser| Some((browser, browser.token()?))) else {
                sign_out(&asking.auth(), input).await?;
                return Ok(output::done());
            };
            // Whatever becomes of its session, the page is done with it.
            browser.forget();
            let of_cookie = SignOutInput {
                refresh_token: Some(cookie),
                all: false,
            };
            let ended = sign_out(&asking.auth(), of_cookie).await;
            match signed_in {
                true => sign_out(&asking.auth(), input).await?,
                false => ended?,
            }
            Ok(output::done())
        },
    )
    .description("ends the session of the refresh token or, without one, of the access token and of the cookie, which is cleared")
    .argument(
        InputValue::new("all", TypeRef::named(TypeRef::BOOLEAN))
            .description("end every session of the user; needs an access token"),
    )
    .argument(
        InputValue::new("refreshToken", TypeRef::named(TypeRef::STRING))
            .description("of the session that ends"),
    )
}
