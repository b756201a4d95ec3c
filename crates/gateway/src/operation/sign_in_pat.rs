//! `signInPat`: an access token for a personal access token.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{SignInPatInput, sign_in_pat};

use super::{Operation, operation, output};

/// The name: it opens no session, since the token is one.
pub(super) const NAME: &str = "signInPat";

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        NAME,
        output::session_payload_type(),
        |asking, mut arguments| async move {
            let input = SignInPatInput {
                personal_access_token: arguments.required("personalAccessToken")?,
            };
            Ok(output::sign_in(sign_in_pat(&asking.auth(), input).await?))
        },
    )
    .description("gives an access token for a personal access token; instead of a refresh token the latter is presented again")
    .argument(
        InputValue::new("personalAccessToken", TypeRef::named_nn(TypeRef::STRING))
            .description("as createPat showed it"),
    )
}
