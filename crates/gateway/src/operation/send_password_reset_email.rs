//! `sendPasswordResetEmail`: a mail to set a new password.

use portico_auth::flow::{SendPasswordResetEmailInput, send_password_reset_email};
use portico_auth::value::Email;

use super::{Operation, input, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "sendPasswordResetEmail",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let email = parsed(Email::parse(&arguments.required("email")?))?;
            let link = input::read_link_options(&mut arguments, asking.app.auth.policy())?;
            send_password_reset_email(&asking.auth(), SendPasswordResetEmailInput { email, link }).await?;
            Ok(output::done())
        },
    )
    .description(
        "mails a link and a code that set a new password; true whether or not anybody has the address",
    )
    .argument(input::email())
    .argument(input::link_options())
}
