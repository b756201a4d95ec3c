//! `verifySignInMfaWebauthn`: a session for a passkey after the first proof.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{VerifySignInMfaWebauthnInput, verify_sign_in_mfa_webauthn};

use super::{Operation, input, operation, output};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "verifySignInMfaWebauthn",
        output::session_payload_type(),
        |asking, mut arguments| async move {
            let input = VerifySignInMfaWebauthnInput {
                ticket: arguments.required("ticket")?,
                credential: input::assertion(&mut arguments)?,
            };
            Ok(output::sign_in(
                verify_sign_in_mfa_webauthn(&asking.auth(), input).await?,
            ))
        },
    )
    .description("opens the session that awaits a second proof, for what a passkey signed")
    .argument(InputValue::new("ticket", TypeRef::named_nn(TypeRef::STRING)).description("as in MfaChallenge"))
    .argument(input::credential())
}
