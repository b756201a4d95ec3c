//! What every sign-in with a password does once the user was looked up.

use std::sync::Arc;

use uuid::Uuid;

use crate::attempt::Attempt;
use crate::audit::{Event, recorded};
use crate::caller::Ctx;
use crate::error::Error;
use crate::password::Matched;
use crate::refusal::{Identifier, Refusal};
use crate::session::{self, SignIn, Verified};
use crate::store;
use crate::store::users::Credentials;
use crate::value::Password;

/// A sign-in that was counted and whose user was looked up, found or not.
pub(super) struct Presented {
    pub(super) action: &'static str,
    pub(super) identifier: Identifier,
    pub(super) attempt: Attempt,
    pub(super) found: Option<Credentials>,
    pub(super) password: Arc<Password>,
}

/// Compares the password, and opens a session if it matches. Somebody unknown costs as much as a
/// wrong password and gets the same answer.
pub(super) async fn finish(ctx: &Ctx<'_>, presented: Presented) -> Result<SignIn, Error> {
    let proved = prove(ctx, &presented).await;
    let user = presented.found.as_ref().map(|user| user.account.id);
    let told = recorded(ctx, presented.action, user, proved).await;
    match &told {
        Err(Error::Refused(Refusal::WrongPassword(_) | Refusal::UnknownUser(_))) => {
            presented.attempt.failed(ctx, presented.action).await?;
        }
        // Nothing was compared.
        Err(Error::Refused(Refusal::TooManyRequests { .. })) => {}
        // It was the password, also of somebody who may not sign in.
        _ => return presented.attempt.proved(ctx, told).await,
    }
    told
}

async fn prove(ctx: &Ctx<'_>, presented: &Presented) -> Result<SignIn, Error> {
    let wrong = || Refusal::WrongPassword(presented.identifier);
    let stored = presented
        .found
        .as_ref()
        .and_then(|user| user.password_hash.clone());
    let (Some(user), Some(mut stored)) = (&presented.found, stored) else {
        presented.attempt.compare(ctx, None, &presented.password).await?;
        return Err(match presented.found {
            Some(_) => wrong().into(),
            None => Refusal::UnknownUser(presented.identifier).into(),
        });
    };
    loop {
        let proof = presented
            .attempt
            .compare(ctx, Some(&stored), &presented.password)
            .await?;
        let proof = proof.ok_or_else(wrong)?;
        let proved = Proved::new(ctx, user.account.id, stored, proof, &presented.password).await?;
        let foreign = proved.renewed.is_some();
        if let Some(sign_in) = enter(ctx, presented, proved).await? {
            return Ok(sign_in);
        }
        // While the hash was computed, or waited for its turn, the password was changed. Or another sign-in made
        // the hash anew; after that there is nothing left to make.
        let now = store::users::password_hash(&ctx.auth.database.reads(), user.account.id).await?;
        stored = now.filter(|_| foreign).ok_or_else(wrong)?;
    }
}

/// A password that matched the hash read before the work.
struct Proved {
    id: Uuid,
    stored: String,
    /// What replaces a hash that is not made as ours are today.
    renewed: Option<String>,
    proof: Matched,
}

impl Proved {
    async fn new(
        ctx: &Ctx<'_>,
        id: Uuid,
        stored: String,
        proof: Matched,
        password: &Arc<Password>,
    ) -> Result<Self, Error> {
        let auth = ctx.auth;
        let renewed = match auth.hashing.is_current(&stored) {
            true => None,
            false => Some(auth.hashing.create(auth.entropy.as_ref(), password).await?),
        };
        Ok(Self {
            id,
            stored,
            renewed,
            proof,
        })
    }
}

/// Passes the door if the password is still the one that was compared: an old one opens none after it was
/// changed and the sessions ended.
async fn enter(ctx: &Ctx<'_>, presented: &Presented, proved: Proved) -> Result<Option<SignIn>, Error> {
    let transaction = ctx.auth.database.begin_direct().await?;
    let Proved { id, stored, .. } = &proved;
    let account = match &proved.renewed {
        None => {
            let lock = presented.attempt.lock();
            store::users::with_password(&transaction, *id, stored, lock).await?
        }
        Some(renewed) => store::users::renew_hash(&transaction, *id, stored, renewed).await?,
    };
    let Some(account) = account else { return Ok(None) };
    let verified = Verified::by_password(account, proved.proof);
    let sign_in = session::open(ctx, &transaction, verified).await?;
    presented.attempt.succeeded(ctx, &transaction).await?;
    let event = Event::success(presented.action, proved.id, sign_in.session_id());
    event.append(ctx, &transaction).await?;
    transaction.commit().await?;
    Ok(Some(sign_in))
}
