//! `changePassword`: another password for the signed-in user.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{ChangePasswordInput, change_password};
use portico_auth::value::Password;

use super::{Operation, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "changePassword",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let current = arguments.text("currentPassword")?;
            let input = ChangePasswordInput {
                current_password: parsed(current.as_deref().map(Password::parse_presented).transpose())?,
                new_password: parsed(Password::parse(&arguments.required("newPassword")?))?,
            };
            change_password(&asking.auth(), input).await?;
            Ok(output::done())
        },
    )
    .description(
        "sets another password; every other session ends, and the owner of the account is told by mail",
    )
    .argument(
        InputValue::new("currentPassword", TypeRef::named(TypeRef::STRING))
            .description("the password until now; not needed in an elevated session"),
    )
    .argument(
        InputValue::new("newPassword", TypeRef::named_nn(TypeRef::STRING)).description("8 to 256 characters"),
    )
}
