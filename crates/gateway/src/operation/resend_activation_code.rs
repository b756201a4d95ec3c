//! `resendActivationCode`: another code that activates an account.

use async_graphql::dynamic::{Field, FieldValue};
use portico_auth::flow::{ResendActivationCodeInput, resend_activation_code};
use portico_auth::value::Email;

use super::{input, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Field {
    operation(
        "resendActivationCode",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let email = parsed(Email::parse(&arguments.required("email")?))?;
            let link = input::read_link_options(&mut arguments, asking.app.auth.policy())?;
            resend_activation_code(&asking.auth(), ResendActivationCodeInput { email, link }).await?;
            Ok(FieldValue::value(true))
        },
    )
    .description("mails another code that activates an account; true whether or not one waits for it")
    .argument(input::email())
    .argument(input::link_options())
}
