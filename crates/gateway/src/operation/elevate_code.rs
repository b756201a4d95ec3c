//! `elevateTotp` and `elevateRecoveryCode`: the session of a user who is proved anew by a code.

use async_graphql::dynamic::TypeRef;
use portico_auth::FactorCode;
use portico_auth::flow::{ElevateCodeInput, elevate_code};

use super::{Operation, input, operation, output};

/// The mutation for a code of the authenticator application.
pub(super) fn totp() -> Operation {
    field("elevateTotp", FactorCode::Totp).description(
        "proves the signed-in user anew by a code of the authenticator application; else as `elevatePassword`",
    )
}

/// The mutation for a recovery code.
pub(super) fn recovery_code() -> Operation {
    field("elevateRecoveryCode", FactorCode::Recovery).description(
        "proves the signed-in user anew by a recovery code, which is used up; else as `elevatePassword`",
    )
}

fn field(name: &'static str, code: fn(String) -> FactorCode) -> Operation {
    operation(
        name,
        output::session_type(),
        move |asking, mut arguments| async move {
            let input = ElevateCodeInput {
                code: code(arguments.required("code")?),
            };
            Ok(output::session_value(elevate_code(&asking.auth(), input).await?))
        },
    )
    .argument(input::code("the code", TypeRef::named_nn(TypeRef::STRING)))
}
