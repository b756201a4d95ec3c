//! `verifySignInMfaTotp` and `verifySignInMfaRecoveryCode`: a session for a code after the first proof.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::FactorCode;
use portico_auth::flow::{VerifySignInMfaInput, verify_sign_in_mfa};

use super::{Operation, input, operation, output};

/// The mutations.
pub(super) fn fields() -> [Operation; 2] {
    [
        field("verifySignInMfaTotp", FactorCode::Totp)
            .description("opens a session for whoever proved a first factor and sends a code of the authenticator application"),
        field("verifySignInMfaRecoveryCode", FactorCode::Recovery)
            .description("opens a session for whoever proved a first factor and sends a recovery code, which is used up"),
    ]
}

fn field(name: &'static str, code: fn(String) -> FactorCode) -> Operation {
    operation(
        name,
        output::session_payload_type(),
        move |asking, mut arguments| async move {
            let input = VerifySignInMfaInput {
                ticket: arguments.required("ticket")?,
                code: code(arguments.required("code")?),
            };
            Ok(output::sign_in(verify_sign_in_mfa(&asking.auth(), input).await?))
        },
    )
    .argument(
        InputValue::new("ticket", TypeRef::named_nn(TypeRef::STRING))
            .description("the ticket of the challenge that the sign-in answered with"),
    )
    .argument(input::code("the code", TypeRef::named_nn(TypeRef::STRING)))
}
