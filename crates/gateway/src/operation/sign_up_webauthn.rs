//! `signUpWebauthn` and `verifySignUpWebauthn`: a new user with an address and a passkey.

use portico_auth::flow::{
    SignUpWebauthnInput, VerifySignUpWebauthnInput, sign_up_webauthn, verify_sign_up_webauthn,
};
use portico_auth::value::Email;

use super::{Operation, input, operation, output, parsed};

/// The mutations.
pub(super) fn fields() -> [Operation; 2] {
    [asking(), answering()]
}

fn asking() -> Operation {
    operation(
        "signUpWebauthn",
        output::json_type(),
        |asking, mut arguments| async move {
            let email = parsed(Email::parse(&arguments.required("email")?))?;
            let options = input::take_options(&mut arguments)?;
            let input = SignUpWebauthnInput { email, options };
            Ok(output::json(sign_up_webauthn(&asking.auth(), input).await?))
        },
    )
    .description("asks for the passkey of a new user: PublicKeyCredentialCreationOptionsJSON")
    .argument(input::email())
    .argument(input::options())
}

fn answering() -> Operation {
    operation("verifySignUpWebauthn", output::session_payload_type(), |asking, mut arguments| async move {
        let input = VerifySignUpWebauthnInput {
            credential: input::attestation(&mut arguments)?,
            nickname: input::read_nickname(&mut arguments)?,
        };
        Ok(output::sign_in(verify_sign_up_webauthn(&asking.auth(), input).await?))
    })
    .description("makes a user with an address and a passkey; where addresses have to be confirmed first there is no session yet")
    .argument(input::credential())
    .argument(input::nickname())
}
