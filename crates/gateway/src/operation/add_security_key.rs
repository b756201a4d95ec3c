//! `addSecurityKey` and `verifyAddSecurityKey`: one more passkey.

use async_graphql::dynamic::TypeRef;
use portico_auth::flow::{VerifyAddSecurityKeyInput, add_security_key, verify_add_security_key};

use super::{Operation, input, operation, output};

/// The first mutation.
pub(super) fn asking() -> Operation {
    operation("addSecurityKey", output::json_type(), |asking, _| async move {
        Ok(output::json(add_security_key(&asking.auth()).await?))
    })
    .description(
        "asks for one more passkey of the user, in an elevated session: PublicKeyCredentialCreationOptionsJSON; \
         too-many-security-keys where the user has as many as PORTICO_LIMIT_PASSKEYS allows",
    )
}

/// The second mutation.
pub(super) fn answering() -> Operation {
    operation(
        "verifyAddSecurityKey",
        TypeRef::named_nn("uuid"),
        |asking, mut arguments| async move {
            let input = VerifyAddSecurityKeyInput {
                credential: input::attestation(&mut arguments)?,
                nickname: input::read_nickname(&mut arguments)?,
            };
            let id = verify_add_security_key(&asking.auth(), input).await?;
            Ok(output::json(id.to_string()))
        },
    )
    .description(
        "adds the passkey that an authenticator made, unless the user has as many as PORTICO_LIMIT_PASSKEYS allows; \
         its id in authUserSecurityKeys",
    )
    .argument(input::credential())
    .argument(input::nickname())
}
