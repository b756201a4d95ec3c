//! `signUpUsernamePassword`: a new user with a name and password.

use portico_auth::flow::{SignUpUsernamePasswordInput, sign_up_username_password};
use portico_auth::value::{Password, Username};

use super::{Operation, input, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "signUpUsernamePassword",
        output::session_payload_type(),
        |asking, mut arguments| async move {
            let username = parsed(Username::parse(&arguments.required("username")?))?;
            let password = parsed(Password::parse(&arguments.required("password")?))?;
            let options = input::read_options(&mut arguments, asking.app.auth.policy())?;
            let input = SignUpUsernamePasswordInput {
                username,
                password,
                options,
            };
            Ok(output::sign_in(
                sign_up_username_password(&asking.auth(), input).await?,
            ))
        },
    )
    .description("makes a user with a name and a password")
    .argument(input::username())
    .argument(input::password())
    .argument(input::options())
}
