//! `signUpEmailPassword`: a new user with an address and password.

use portico_auth::flow::{SignUpEmailPasswordInput, sign_up_email_password};
use portico_auth::value::{Email, Password};

use super::{Operation, input, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation("signUpEmailPassword", output::session_payload_type(), |asking, mut arguments| async move {
        let email = parsed(Email::parse(&arguments.required("email")?))?;
        let password = parsed(Password::parse(&arguments.required("password")?))?;
        let options = input::read_options(&mut arguments, asking.app.auth.policy())?;
        let input = SignUpEmailPasswordInput { email, password, options };
        Ok(output::sign_in(sign_up_email_password(&asking.auth(), input).await?))
    })
    .description("makes a user with an address and a password; where addresses have to be confirmed first there is no session yet")
    .argument(input::email())
    .argument(input::password())
    .argument(input::options())
}
