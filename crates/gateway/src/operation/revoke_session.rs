//! `revokeSession`: one of the user's own sessions ends.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{RevokeSessionInput, revoke_session};

use super::{Operation, operation, output};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "revokeSession",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let id = arguments.id()?;
            revoke_session(&asking.auth(), RevokeSessionInput { id }).await?;
            Ok(output::done())
        },
    )
    .description("ends one of the caller's sessions")
    .argument(InputValue::new("id", TypeRef::named_nn("uuid")).description("as in authRefreshTokens"))
}
