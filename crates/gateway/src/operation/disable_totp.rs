//! `disableTotp`: codes of the authenticator application are not asked for any more.

use async_graphql::dynamic::TypeRef;
use portico_auth::flow::{DisableTotpInput, disable_totp};

use super::{Operation, input, operation, output};

/// The mutation.
pub(super) fn field() -> Operation {
    operation("disableTotp", output::boolean_type(), |asking, mut arguments| async move {
        let code = arguments.text("code")?;
        disable_totp(&asking.auth(), DisableTotpInput { code }).await?;
        Ok(output::done())
    })
    .description("asks for no codes of the authenticator application any more; without another factor the recovery codes end, too")
    .argument(input::code(
        "a present code; may be left out in a session that another factor or a recovery code elevated",
        TypeRef::named(TypeRef::STRING),
    ))
}
