//! `signInWebauthn` and `verifySignInWebauthn`: a session for a passkey.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{
    SignInWebauthnInput, VerifySignInWebauthnInput, sign_in_webauthn, verify_sign_in_webauthn,
};

use super::{Operation, input, operation, output};

/// The mutations.
pub(super) fn fields() -> [Operation; 2] {
    [asking(), answering()]
}

fn asking() -> Operation {
    operation(
        "signInWebauthn",
        output::json_type(),
        |asking, mut arguments| async move {
            let email = input::optional_email(&mut arguments)?;
            let options = sign_in_webauthn(&asking.auth(), SignInWebauthnInput { email }).await?;
            Ok(output::json(options))
        },
    )
    .description(
        "asks for a passkey: PublicKeyCredentialRequestOptionsJSON; an address without one is answered as if it had some",
    )
    .argument(
        InputValue::new("email", TypeRef::named("citext"))
            .description("the address; without one the browser offers the passkeys it knows"),
    )
}

fn answering() -> Operation {
    operation(
        "verifySignInWebauthn",
        output::session_payload_type(),
        |asking, mut arguments| async move {
            let credential = input::assertion(&mut arguments)?;
            let input = VerifySignInWebauthnInput { credential };
            Ok(output::sign_in(
                verify_sign_in_webauthn(&asking.auth(), input).await?,
            ))
        },
    )
    .description("opens a session for what a passkey signed")
    .argument(input::credential())
}
