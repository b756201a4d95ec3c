//! `activateAccount`: a new account becomes usable.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{ActivateAccountInput, activate_account};
use portico_auth::value::Email;

use super::{Operation, input, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "activateAccount",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let input = ActivateAccountInput {
                email: parsed(Email::parse(&arguments.required("email")?))?,
                code: arguments.required("code")?,
            };
            activate_account(&asking.auth(), input).await?;
            Ok(output::done())
        },
    )
    .description("makes a new account usable, and confirms its address")
    .argument(
        InputValue::new("code", TypeRef::named_nn(TypeRef::STRING))
            .description("the digits that were mailed"),
    )
    .argument(input::email())
}
