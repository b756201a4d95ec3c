//! `removeSecurityKey`: a passkey goes.

use portico_auth::flow::{RemoveSecurityKeyInput, remove_security_key};

use super::{Operation, input, operation, output};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "removeSecurityKey",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let id = arguments.id()?;
            remove_security_key(&asking.auth(), RemoveSecurityKeyInput { id }).await?;
            Ok(output::done())
        },
    )
    .description(
        "takes one of the user's passkeys away, in an elevated session; the last way to sign in stays",
    )
    .argument(input::key_id())
}
