//! `elevateWebauthn` and `verifyElevateWebauthn`: the user is proved anew by a passkey.

use portico_auth::flow::{VerifyElevateWebauthnInput, elevate_webauthn, verify_elevate_webauthn};

use super::{Operation, input, operation, output};

/// The mutation that asks for a passkey.
pub(super) fn asking() -> Operation {
    operation("elevateWebauthn", output::json_type(), |asking, _| async move {
        Ok(output::json(elevate_webauthn(&asking.auth()).await?))
    })
    .description("asks for a passkey of the signed-in user: PublicKeyCredentialRequestOptionsJSON")
}

/// The mutation that takes what it signed.
pub(super) fn answering() -> Operation {
    operation(
        "verifyElevateWebauthn",
        output::session_type(),
        |asking, mut arguments| async move {
            let credential = input::assertion(&mut arguments)?;
            let input = VerifyElevateWebauthnInput { credential };
            Ok(output::session_value(
                verify_elevate_webauthn(&asking.auth(), input).await?,
            ))
        },
    )
    .description("elevates the session for what a passkey signed; the refresh token stays what it is")
    .argument(input::credential())
}
