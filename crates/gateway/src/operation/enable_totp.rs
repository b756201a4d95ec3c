//! `enableTotp`: codes of the new secret are asked for from now on.

use async_graphql::dynamic::TypeRef;
use portico_auth::flow::{EnableTotpInput, enable_totp};

use super::{Operation, input, operation, output};

/// The mutation.
pub(super) fn field() -> Operation {
    operation("enableTotp", output::texts_type(), |asking, mut arguments| async move {
        let code = arguments.required("code")?;
        let codes = enable_totp(&asking.auth(), EnableTotpInput { code }).await?;
        Ok(output::texts(&codes))
    })
    .description("asks for codes of the secret that `generateTotp` made from now on, in the place of an older one; answers with ten recovery codes, shown here and never again")
    .argument(input::code("the first code of the new secret", TypeRef::named_nn(TypeRef::STRING)))
}
