//! `signInEmailPassword`: a session for an address and password.

use portico_auth::flow::{SignInEmailPasswordInput, sign_in_email_password};
use portico_auth::value::{Email, Password};

use super::{Operation, input, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "signInEmailPassword",
        output::session_payload_type(),
        |asking, mut arguments| async move {
            let email = parsed(Email::parse(&arguments.required("email")?))?;
            let password = parsed(Password::parse_presented(&arguments.required("password")?))?;
            let input = SignInEmailPasswordInput { email, password };
            Ok(output::sign_in(
                sign_in_email_password(&asking.auth(), input).await?,
            ))
        },
    )
    .description("opens a session for an address and password")
    .argument(input::email())
    .argument(input::password())
}
