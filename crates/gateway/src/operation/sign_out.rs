//! `signOut`: a session ends, or all of a user's.

use async_graphql::dynamic::{Field, FieldValue, InputValue, TypeRef};
use portico_auth::flow::{SignOutInput, sign_out};

use super::{operation, output};

/// The mutation.
pub(super) fn field() -> Field {
    operation(
        "signOut",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let input = SignOutInput {
                refresh_token: arguments.text("refreshToken")?,
                all: arguments.flag("all"),
            };
            sign_out(&asking.auth(), input).await?;
            Ok(FieldValue::value(true))
        },
    )
    .description("ends the session of the refresh token or, without one, of the access token")
    .argument(
        InputValue::new("all", TypeRef::named(TypeRef::BOOLEAN))
            .description("end every session of the user; needs an access token"),
    )
    .argument(
        InputValue::new("refreshToken", TypeRef::named(TypeRef::STRING))
            .description("of the session that ends"),
    )
}
