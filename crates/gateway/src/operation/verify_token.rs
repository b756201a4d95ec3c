//! `verifyToken`: whether an access token is good.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{VerifyTokenInput, verify_token};

use super::{Operation, operation, output};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "verifyToken",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let input = VerifyTokenInput {
                token: arguments.text("token")?,
            };
            verify_token(&asking.auth(), input).await?;
            Ok(output::done())
        },
    )
    .description("true for a good access token whose session lives; anything else is an error")
    .argument(
        InputValue::new("token", TypeRef::named(TypeRef::STRING))
            .description("the token; without it, that of the request"),
    )
}
