//! `undoEmailChange`: an account gets its former address back.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{UndoEmailChangeInput, undo_email_change};

use super::{Operation, operation, output};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "undoEmailChange",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let ticket = arguments.required("ticket")?;
            undo_email_change(&asking.auth(), UndoEmailChangeInput { ticket }).await?;
            Ok(output::done())
        },
    )
    .description(
        "gives an account the address back that it had before a change; every session ends, and the password works \
         no more",
    )
    .argument(
        InputValue::new("ticket", TypeRef::named_nn(TypeRef::STRING))
            .description("what the link holds that was mailed to the former address"),
    )
}
