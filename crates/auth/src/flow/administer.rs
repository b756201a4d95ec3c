//! `disableUser`, `enableUser`, `lockUser`, `unlockUser`, `endSessions`: an administrator's word on an account.

use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::store;
use crate::store::limits::{FACTORS, PASSWORDS};
use crate::store::refresh_tokens::Which;
use crate::store::users::State;

/// What an administrator does with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Administration {
    /// Switches it off.
    DisableUser,
    /// Switches it on again.
    EnableUser,
    /// Locks it until it is unlocked.
    LockUser,
    /// Unlocks it, and forgets the attempts that failed.
    UnlockUser,
    /// Ends its sessions.
    EndSessions,
}

impl Administration {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::DisableUser,
        Self::EnableUser,
        Self::LockUser,
        Self::UnlockUser,
        Self::EndSessions,
    ];

    /// The name of the operation.
    pub fn operation(self) -> &'static str {
        match self {
            Self::DisableUser => "disableUser",
            Self::EnableUser => "enableUser",
            Self::LockUser => "lockUser",
            Self::UnlockUser => "unlockUser",
            Self::EndSessions => "endSessions",
        }
    }
}

/// Does it; once more changes nothing. Whoever asks was found to be an administrator before. The database ends
/// the sessions of who may not act any more, and keeps the last administrator.
pub async fn administer(ctx: &Ctx<'_>, administration: Administration, user: Uuid) -> Result<(), Error> {
    let action = administration.operation();
    let transaction = ctx.auth.database.begin().await?;
    match write(ctx, &*transaction, administration, user).await {
        Ok(()) => {}
        Err(Error::Refused(refusal)) => {
            // PostgreSQL takes no further statement in a transaction that failed.
            drop(transaction);
            return Err(refuse(ctx, action, Some(user), refusal).await?);
        }
        Err(error) => return Err(error),
    }
    let event = Event::success(action, user, None).by_administrator();
    event.append(ctx, &*transaction).await?;
    transaction.commit().await?;
    ctx.auth.after_change().await;
    Ok(())
}

async fn write<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    administration: Administration,
    user: Uuid,
) -> Result<(), Error> {
    let state = match administration {
        Administration::DisableUser => State::Disabled(true),
        Administration::EnableUser => State::Disabled(false),
        Administration::LockUser => State::Locked(true),
        Administration::UnlockUser => State::Locked(false),
        Administration::EndSessions => {
            let found = store::users::account(connection, user).await?;
            found.ok_or(Refusal::UnknownAccount)?;
            store::refresh_tokens::revoke(connection, Which::AllOf(user), ctx.now()).await?;
            return Ok(());
        }
    };
    let found = store::users::set_state(connection, user, state).await;
    match found.map_err(classify)? {
        true => {}
        false => return Err(Refusal::UnknownAccount.into()),
    }
    if administration == Administration::UnlockUser {
        for buckets in [PASSWORDS, FACTORS] {
            store::limits::forget_account(connection, buckets, user).await?;
        }
    }
    Ok(())
}

/// Writes down that an administrator was refused.
pub(super) async fn refuse(
    ctx: &Ctx<'_>,
    action: &'static str,
    user: Option<Uuid>,
    refusal: Refusal,
) -> Result<Error, Error> {
    let event = Event::refused(action, user, refusal).by_administrator();
    event.append_alone(ctx).await?;
    Ok(refusal.into())
}

/// Granting a role proves something of a user: as by data, whoever is signed in has to be proved anew.
pub(super) fn require_elevation(ctx: &Ctx<'_>) -> Result<(), Refusal> {
    match ctx.session {
        Some(session) if !session.elevated => Err(Refusal::NotElevated),
        Some(_) | None => Ok(()),
    }
}

/// Both databases say it in the same words.
pub(super) fn classify(error: DbErr) -> Error {
    match error.to_string().contains("the last administrator") {
        true => Refusal::LastAdministrator.into(),
        false => error.into(),
    }
}
