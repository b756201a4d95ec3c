//! `changeEmail`: another address for the signed-in user.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{ChangeEmailInput, change_email};
use portico_auth::value::Email;

use super::{Operation, input, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "changeEmail",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let new_email = parsed(Email::parse_as("newEmail", &arguments.required("newEmail")?))?;
            let link = input::read_link_options(&mut arguments, asking.app.auth.policy())?;
            change_email(&asking.auth(), ChangeEmailInput { new_email, link }).await?;
            Ok(output::done())
        },
    )
    .description(
        "mails a link and a code to another address; nothing changes before one of them is used. True whether or \
         not the address is free",
    )
    .argument(
        InputValue::new("newEmail", TypeRef::named_nn("citext")).description("the address from then on"),
    )
    .argument(input::link_options())
}
