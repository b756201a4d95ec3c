//! `verifyToken`: whether an access token is good.

use async_graphql::dynamic::{Field, FieldValue, InputValue, TypeRef};
use portico_auth::flow::{VerifyTokenInput, verify_token};

use super::{operation, output};

/// The mutation.
pub(super) fn field() -> Field {
    operation(
        "verifyToken",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let input = VerifyTokenInput {
                token: arguments.text("token")?,
            };
            verify_token(&asking.auth(), input).await?;
            Ok(FieldValue::value(true))
        },
    )
    .description("true for a good access token whose session lives; anything else is an error")
    .argument(
        InputValue::new("token", TypeRef::named(TypeRef::STRING))
            .description("the token; without it, that of the request"),
    )
}
