//! `disableUser`, `enableUser`, `lockUser`, `unlockUser`, `endSessions`: an administrator's word on an account.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{Administration, administer};

use super::{Operation, operation, output};

/// The mutations; for administrators alone.
pub(super) fn fields() -> impl Iterator<Item = Operation> {
    Administration::ALL.into_iter().map(field)
}

fn field(administration: Administration) -> Operation {
    operation(
        administration.operation(),
        output::boolean_type(),
        move |asking, mut arguments| async move {
            let id = arguments.id()?;
            administer(&asking.auth(), administration, id).await?;
            Ok(output::done())
        },
    )
    .description(description(administration))
    .argument(InputValue::new("id", TypeRef::named_nn("uuid")).description("the user"))
}

fn description(administration: Administration) -> &'static str {
    match administration {
        Administration::DisableUser => "switches an account off: its sessions end, and nobody signs in to it",
        Administration::EnableUser => "switches an account on again",
        Administration::LockUser => {
            "locks an account until it is unlocked: its sessions end, and nobody signs in to it"
        }
        Administration::UnlockUser => "unlocks an account, and forgets the attempts on it that failed",
        Administration::EndSessions => "ends every session of a user; personal access tokens stay",
    }
}
