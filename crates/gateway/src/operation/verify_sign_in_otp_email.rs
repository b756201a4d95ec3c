//! `verifySignInOtpEmail`: a session for a mailed code.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{VerifySignInOtpEmailInput, verify_sign_in_otp_email};
use portico_auth::value::Email;

use super::{Operation, input, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "verifySignInOtpEmail",
        output::session_payload_type(),
        |asking, mut arguments| async move {
            let input = VerifySignInOtpEmailInput {
                email: parsed(Email::parse(&arguments.required("email")?))?,
                otp: arguments.required("otp")?,
            };
            Ok(output::sign_in(
                verify_sign_in_otp_email(&asking.auth(), input).await?,
            ))
        },
    )
    .description("opens a session for a code that was mailed; five wrong ones end the code")
    .argument(input::email())
    .argument(InputValue::new("otp", TypeRef::named_nn(TypeRef::STRING)).description("the code"))
}
