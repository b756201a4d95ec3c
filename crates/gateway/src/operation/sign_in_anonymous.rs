//! `signInAnonymous`: a user whom nothing identifies yet.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{SignInAnonymousInput, sign_in_anonymous};

use super::{Operation, operation, output};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "signInAnonymous",
        output::session_payload_type(),
        |asking, mut arguments| async move {
            let input = SignInAnonymousInput {
                display_name: arguments.text("displayName")?,
                locale: arguments.text("locale")?,
                metadata: arguments.json("metadata"),
            };
            Ok(output::sign_in(sign_in_anonymous(&asking.auth(), input).await?))
        },
    )
    .description(
        "makes a user whom nothing identifies yet, where that is allowed; `deanonymize` does so later",
    )
    .argument(InputValue::new("displayName", TypeRef::named(TypeRef::STRING)).description("name as shown"))
    .argument(InputValue::new("locale", TypeRef::named(TypeRef::STRING)).description("language, two letters"))
    .argument(
        InputValue::new("metadata", TypeRef::named("jsonb"))
            .description("an object of the application's own"),
    )
}
