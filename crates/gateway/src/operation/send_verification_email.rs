//! `sendVerificationEmail`: a mail to confirm an address.

use portico_auth::flow::{SendVerificationEmailInput, send_verification_email};
use portico_auth::value::Email;

use super::{Operation, input, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "sendVerificationEmail",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let email = parsed(Email::parse(&arguments.required("email")?))?;
            let link = input::read_link_options(&mut arguments, asking.app.auth.policy())?;
            send_verification_email(&asking.auth(), SendVerificationEmailInput { email, link }).await?;
            Ok(output::done())
        },
    )
    .description("mails a link and a code that confirm the address; true whether or not anybody has it")
    .argument(input::email())
    .argument(input::link_options())
}
