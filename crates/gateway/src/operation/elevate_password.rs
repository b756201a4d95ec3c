//! `elevatePassword`: the session of a user who is proved anew.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{ElevatePasswordInput, elevate_password};
use portico_auth::value::Password;

use super::{Operation, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation("elevatePassword", output::session_type(), |asking, mut arguments| async move {
        let password = parsed(Password::parse_presented(&arguments.required("password")?))?;
        let session = elevate_password(&asking.auth(), ElevatePasswordInput { password }).await?;
        Ok(output::session_value(session))
    })
    .description("proves the signed-in user anew: the access token it answers with has the claim `x-hasura-auth-elevated` and ends with the elevation")
    .argument(InputValue::new("password", TypeRef::named_nn(TypeRef::STRING)).description("the password"))
}
