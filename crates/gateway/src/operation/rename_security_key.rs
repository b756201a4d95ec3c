//! `renameSecurityKey`: another name for a passkey.

use portico_auth::flow::{RenameSecurityKeyInput, rename_security_key};

use super::{Operation, input, operation, output};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "renameSecurityKey",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let input = RenameSecurityKeyInput {
                id: arguments.id()?,
                nickname: input::read_nickname(&mut arguments)?,
            };
            rename_security_key(&asking.auth(), input).await?;
            Ok(output::done())
        },
    )
    .description("gives one of the user's passkeys another name, or none")
    .argument(input::key_id())
    .argument(input::nickname())
}
