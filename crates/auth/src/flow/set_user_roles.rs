//! `setUserRoles`.

use uuid::Uuid;

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::administer::{classify, refuse, require_elevation};
use crate::refusal::Refusal;
use crate::store;
use crate::store::users::InsertError;
use crate::value::is_role;

const ACTION: &str = "setUserRoles";

/// The roles a user is to hold.
pub struct SetUserRolesInput {
    /// The user.
    pub id: Uuid,
    /// All of them.
    pub roles: Vec<String>,
    /// The one of requests that ask for none; without it the present one stays.
    pub default_role: Option<String>,
}

/// Replaces the roles of a user. Tokens lose with the next request what was taken away; the database keeps the last
/// administrator. Whoever asks was found to be an administrator before.
pub async fn set_user_roles(ctx: &Ctx<'_>, input: SetUserRolesInput) -> Result<(), Error> {
    let id = input.id;
    match set(ctx, input).await {
        Ok(()) => {
            ctx.auth.after_change().await;
            Ok(())
        }
        Err(Error::Refused(refusal)) => Err(refuse(ctx, ACTION, Some(id), refusal).await?),
        Err(error) => Err(error),
    }
}

async fn set(ctx: &Ctx<'_>, input: SetUserRolesInput) -> Result<(), Error> {
    require_elevation(ctx)?;
    let SetUserRolesInput {
        id,
        mut roles,
        default_role,
    } = input;
    if !roles.iter().all(|role| is_role(role)) {
        return Err(Refusal::RoleNotAllowed.into());
    }
    roles.sort_unstable();
    roles.dedup();
    let transaction = ctx.auth.database.begin().await?;
    let present = store::users::lock_default_role(&*transaction, id).await?;
    let default_role = default_role.unwrap_or(present.ok_or(Refusal::UnknownAccount)?);
    if !roles.contains(&default_role) {
        return Err(Refusal::DefaultRoleNotAllowed.into());
    }
    let mut rows = Vec::with_capacity(roles.len());
    for role in &roles {
        rows.push((ctx.new_id()?, role.clone()));
    }
    let replaced = store::user_roles::replace(&*transaction, id, rows, &default_role, ctx.now()).await;
    replaced.map_err(|error| match error {
        InsertError::Database(error) => classify(error),
        error => error.into(),
    })?;
    Event::success(ACTION, id, None)
        .by_administrator()
        .telling("roles", roles)
        .telling("defaultRole", default_role)
        .append(ctx, &*transaction)
        .await?;
    Ok(transaction.commit().await?)
}
