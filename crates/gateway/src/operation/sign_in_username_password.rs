//! `signInUsernamePassword`: a session for a name and password.

use portico_auth::flow::{SignInUsernamePasswordInput, sign_in_username_password};
use portico_auth::value::{Password, Username};

use super::{Operation, input, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "signInUsernamePassword",
        output::session_payload_type(),
        |asking, mut arguments| async move {
            let username = parsed(Username::parse(&arguments.required("username")?))?;
            let password = parsed(Password::parse_presented(&arguments.required("password")?))?;
            let input = SignInUsernamePasswordInput { username, password };
            Ok(output::sign_in(
                sign_in_username_password(&asking.auth(), input).await?,
            ))
        },
    )
    .description("opens a session for a name and password")
    .argument(input::username())
    .argument(input::password())
}
