//! `deanonymize`: an anonymous user says who they are.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{DeanonymizeInput, DeanonymizeMethod, deanonymize};
use portico_auth::value::{Email, Password};

use super::{Operation, input, invalid, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "deanonymize",
        output::session_payload_type(),
        |asking, mut arguments| async move {
            let email = parsed(Email::parse(&arguments.required("email")?))?;
            let password = arguments.text("password")?;
            let method = match (arguments.required("signInMethod")?.as_str(), password) {
                ("email-password", Some(password)) => {
                    DeanonymizeMethod::EmailPassword(parsed(Password::parse(&password))?)
                }
                ("email-password", None) => return Err(invalid("password", "is missing")),
                ("passwordless", None) => DeanonymizeMethod::Passwordless,
                ("passwordless", Some(_)) => {
                    return Err(invalid("password", "does not go with the method passwordless"));
                }
                _ => return Err(invalid("signInMethod", "must be email-password or passwordless")),
            };
            let options = input::take_options(&mut arguments)?;
            let input = DeanonymizeInput {
                method,
                email,
                options,
            };
            Ok(output::sign_in(deanonymize(&asking.auth(), input).await?))
        },
    )
    .description(
        "makes an anonymous user one with an address, who keeps id and data; where the address has to be proved \
         first there is no session yet and nothing changes before",
    )
    .argument(input::email())
    .argument(input::options())
    .argument(
        InputValue::new("password", TypeRef::named(TypeRef::STRING))
            .description("8 to 256 characters; goes with email-password"),
    )
    .argument(
        InputValue::new("signInMethod", TypeRef::named_nn(TypeRef::STRING))
            .description("how the user signs in from then on: email-password or passwordless"),
    )
}
