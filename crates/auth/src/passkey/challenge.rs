//! Challenges: each is good for one ceremony, of whom it was asked, once, for a short while.

use aws_lc_rs::digest;
use chrono::TimeDelta;
use portico_entity::challenges;
use sea_orm::ActiveValue::Set;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::PasskeyFault;
use crate::caller::Ctx;
use crate::connection::Connection;
use crate::error::{Error, InternalError};
use crate::refusal::Refusal;
use crate::seal::SealError;
use crate::store;

/// How long a browser has to answer.
pub(super) const LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// What an authenticator is asked for, and its answer good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ceremony {
    /// The first passkey of a new user.
    SignUp,
    /// A session.
    SignIn,
    /// One more passkey.
    Add,
    /// The second factor of a sign-in.
    SecondFactor,
    /// To elevate a session.
    Elevate,
}

impl Ceremony {
    /// The name in the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::SignIn => "sign-in",
            Self::Add => "add",
            Self::SecondFactor => "second-factor",
            Self::Elevate => "elevate",
        }
    }
}

/// Of whom something was asked, and what the answer is checked by.
#[derive(Serialize, Deserialize)]
pub(crate) struct Asked<S> {
    /// The user; none where the answer tells.
    pub(crate) user: Option<Uuid>,
    /// The session or the ticket within which it was asked.
    pub(crate) within: Option<Uuid>,
    /// What the mechanism has to know again.
    pub(crate) state: S,
}

impl<S> Asked<S> {
    /// Refuses the answer of another user or session.
    pub(crate) fn check(&self, user: Uuid, within: Uuid) -> Result<(), Refusal> {
        match self.user == Some(user) && self.within == Some(within) {
            true => Ok(()),
            false => Err(Refusal::Passkey(PasskeyFault::OtherUser)),
        }
    }
}

/// Remembers what is asked.
pub(crate) async fn ask<C: Connection, S: Serialize>(
    ctx: &Ctx<'_>,
    connection: &C,
    ceremony: Ceremony,
    challenge: &[u8],
    asked: &Asked<S>,
) -> Result<(), Error> {
    let (auth, now) = (ctx.auth, ctx.now());
    let hash = hash(challenge);
    let plain = serde_json::to_vec(asked).map_err(InternalError::Json)?;
    let context = context(ceremony, &hash);
    let row = challenges::ActiveModel {
        sealed_state: Set(auth.keys.sealer.seal(auth.entropy.as_ref(), &context, &plain)?),
        hash: Set(hash),
        ceremony: Set(ceremony.as_str().to_owned()),
        created_at: Set(now),
        expires_at: Set(now + LIFETIME),
    };
    Ok(store::challenges::insert(connection, row).await?)
}

/// Uses a challenge up, whatever becomes of the answer: of many that answer at once, one goes on.
pub(crate) async fn take<S: DeserializeOwned>(
    ctx: &Ctx<'_>,
    ceremony: Ceremony,
    challenge: &[u8],
) -> Result<Asked<S>, Error> {
    let auth = ctx.auth;
    let hash = hash(challenge);
    let context = context(ceremony, &hash);
    let sealed = store::challenges::take(&auth.database.alone(), ceremony, hash, ctx.now()).await?;
    let sealed = sealed.ok_or(Refusal::Passkey(PasskeyFault::Challenge))?;
    let plain = auth.keys.sealer.open(&context, &sealed)?;
    Ok(serde_json::from_slice(&plain).map_err(|_| InternalError::Seal(SealError::Open))?)
}

/// What a challenge is found by.
fn hash(challenge: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, challenge).as_ref().to_vec()
}

fn context(ceremony: Ceremony, hash: &[u8]) -> Vec<u8> {
    [ceremony.as_str().as_bytes(), hash].concat()
}
