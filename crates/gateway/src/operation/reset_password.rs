//! `resetPassword`: a new password for whoever read the mail.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::Presented;
use portico_auth::flow::{ResetPasswordInput, reset_password};
use portico_auth::value::Password;

use super::{Operation, input, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "resetPassword",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let text = arguments.required("ticket")?;
            let email = input::optional_email(&mut arguments)?;
            let presented = parsed(Presented::new(text, email))?;
            let new_password = parsed(Password::parse(&arguments.required("newPassword")?))?;
            reset_password(
                &asking.auth(),
                ResetPasswordInput {
                    presented,
                    new_password,
                },
            )
            .await?;
            Ok(output::done())
        },
    )
    .description("sets a new password by what was mailed; every session of the user ends")
    .argument(
        InputValue::new("email", TypeRef::named("citext"))
            .description("the address that a code was mailed to; goes with a code"),
    )
    .argument(
        InputValue::new("newPassword", TypeRef::named_nn(TypeRef::STRING)).description("8 to 256 characters"),
    )
    .argument(
        InputValue::new("ticket", TypeRef::named_nn(TypeRef::STRING))
            .description("what the link holds, or the code beside it"),
    )
}
