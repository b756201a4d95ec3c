//! `refreshToken`: a session goes on with a new token.

use async_graphql::dynamic::{Field, InputValue, TypeRef};
use portico_auth::flow::{RefreshTokenInput, refresh_token};

use super::{operation, output};

/// The mutation.
pub(super) fn field() -> Field {
    operation(
        "refreshToken",
        output::session_type(),
        |asking, mut arguments| async move {
            let input = RefreshTokenInput {
                refresh_token: arguments.required("refreshToken")?,
            };
            Ok(output::session_value(refresh_token(&asking.auth(), input).await?))
        },
    )
    .description("renews a session: a new access token, and a new refresh token in place of this one")
    .argument(
        InputValue::new("refreshToken", TypeRef::named(TypeRef::STRING))
            .description("the newest one of the session"),
    )
}
