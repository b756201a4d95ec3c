//! `renameSecurityKey`: another name for a passkey.

use async_graphql::dynamic::{Field, FieldValue};
use portico_auth::flow::{RenameSecurityKeyInput, rename_security_key};

use super::{input, operation, output};

/// The mutation.
pub(super) fn field() -> Field {
    operation(
        "renameSecurityKey",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let input = RenameSecurityKeyInput {
                id: input::read_key_id(&mut arguments)?,
                nickname: input::read_nickname(&mut arguments)?,
            };
            rename_security_key(&asking.auth(), input).await?;
            Ok(FieldValue::value(true))
        },
    )
    .description("gives one of the user's passkeys another name, or none")
    .argument(input::key_id())
    .argument(input::nickname())
}
