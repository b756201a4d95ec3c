//! `setUserRoles`.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{SetUserRolesInput, set_user_roles};

use super::{Operation, operation, output};

/// The mutation; for administrators alone.
pub(super) fn field() -> Operation {
    operation(
        "setUserRoles",
        output::boolean_type(),
        |asking, mut arguments| async move {
            let input = SetUserRolesInput {
                id: arguments.id()?,
                roles: arguments.texts("roles")?.unwrap_or_default(),
                default_role: arguments.text("defaultRole")?,
            };
            set_user_roles(&asking.auth(), input).await?;
            Ok(output::done())
        },
    )
    .description(
        "gives a user these roles and no others; whoever is signed in has to elevate the session first",
    )
    .argument(InputValue::new("id", TypeRef::named_nn("uuid")).description("the user"))
    .argument(
        InputValue::new("roles", TypeRef::named_nn_list_nn(TypeRef::STRING))
            .description("every role the user is to hold"),
    )
    .argument(
        InputValue::new("defaultRole", TypeRef::named(TypeRef::STRING))
            .description("role of requests that ask for none, among them; without it the present one stays"),
    )
}
