//! `resendActivationCode`: another code that activates an account.

use portico_auth::flow::{ResendActivationCodeInput, resend_activation_code};
use portico_auth::value::Email;

use super::{Operation, input, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "resendActivationCode",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let email = parsed(Email::parse(&arguments.required("email")?))?;
            let link = input::read_link_options(&mut arguments, asking.app.auth.policy())?;
            resend_activation_code(&asking.auth(), ResendActivationCodeInput { email, link }).await?;
            Ok(output::done())
        },
    )
    .description("mails another code that activates an account; true whether or not one waits for it")
    .argument(input::email())
    .argument(input::link_options())
}
