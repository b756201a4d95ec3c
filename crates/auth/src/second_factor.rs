//! The challenge between two proofs: good for one user, whose first proof it keeps, for a few guesses and minutes.

use portico_entity::tickets;
use sea_orm::ActiveValue::Set;
use serde_json::Value;
use uuid::Uuid;

use crate::account::Account;
use crate::caller::Ctx;
use crate::connection::Connection;
use crate::error::Error;
use crate::factor::{Factor, Held};
use crate::flow::passkey;
use crate::method::Methods;
use crate::refusal::Refusal;
use crate::store;
use crate::store::tickets::Tried;
use crate::ticket::{self, Purpose, Ticket};
use crate::token::Plain;

/// A second proof that is asked for.
pub struct MfaChallenge {
    /// What goes with the second proof.
    pub ticket: Plain,
    /// What can prove it.
    pub factors: Vec<Factor>,
    /// What a passkey is asked with, where one can prove it: `PublicKeyCredentialRequestOptionsJSON`.
    pub webauthn_options: Option<Value>,
}

/// What a user has and can prove here.
pub(crate) async fn provable<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
) -> Result<Held, Error> {
    Ok(provable_of(ctx, store::factors::held(connection, user).await?))
}

/// What can be proved here of what a user has: no passkey where the application has no domain that they are for.
pub(crate) fn provable_of(ctx: &Ctx<'_>, held: Held) -> Held {
    match ctx.auth.relying_party() {
        Ok(_) => held,
        Err(_) => held.without_webauthn(),
    }
}

/// Asks for one of these factors in the place of a session.
pub(crate) async fn challenge<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    (account, first): (&Account, &Methods),
    factors: Vec<Factor>,
) -> Result<MfaChallenge, Error> {
    let (auth, now) = (ctx.auth, ctx.now());
    let ticket = Ticket::create(auth.entropy.as_ref())?;
    let within = within(&ticket.hash);
    let row = tickets::ActiveModel {
        id: Set(ctx.new_id()?),
        purpose: Set(Purpose::SecondFactor.as_str().to_owned()),
        // Two sign-ins under way do not end each other.
        subject: Set(hex::encode(&ticket.hash)),
        user_id: Set(Some(account.id)),
        address: Set(String::new()),
        ticket_hash: Set(ticket.hash),
        authentication_methods: Set(Some(first.to_json())),
        created_at: Set(now),
        expires_at: Set(now + Purpose::SecondFactor.lifetime(&auth.policy)),
        ..Default::default()
    };
    store::tickets::put(connection, row).await?;
    let webauthn_options = match factors.contains(&Factor::Webauthn) {
        true => Some(passkey::ask_for_second(ctx, connection, account.id, within).await?),
        false => None,
    };
    Ok(MfaChallenge {
        ticket: ticket.text,
        factors,
        webauthn_options,
    })
}

/// A challenge that was presented and counted, but not used up.
pub(crate) struct Pending {
    hash: Vec<u8>,
    /// Whose second proof is awaited.
    pub(crate) user: Uuid,
}

/// A challenge that was used up: whose it was, and what they proved first. Only [`Pending::take`] and [`Kept::take`]
/// make one.
pub(crate) struct Answered {
    user: Uuid,
    first: Methods,
}

impl Answered {
    /// What this user proved first; refused where the challenge was somebody else's.
    pub(crate) fn first_of(self, account: &Account) -> Result<Methods, Refusal> {
        match self.user == account.id {
            true => Ok(self.first),
            false => Err(Refusal::InvalidTicket),
        }
    }
}

/// Finds the challenge and counts the proof that comes with it, right or wrong: a challenge stands a few.
pub(crate) async fn present(ctx: &Ctx<'_>, ticket: &str) -> Result<Pending, Error> {
    let auth = ctx.auth;
    auth.limit_sign_in(ctx.caller).await?;
    let hash = ticket::hash(ticket.trim());
    let connection = auth.database.alone();
    let tried = store::tickets::try_once(&connection, Purpose::SecondFactor, &hash, ctx.now()).await?;
    let user = tried.ok_or(Refusal::InvalidTicket)?.user_id;
    Ok(Pending { hash, user })
}

/// A challenge that nobody else tries until the transaction ends; what came with it has to be counted if it fails.
pub(crate) struct Kept(Tried);

/// Finds the challenge that comes with a code, if it is still good.
pub(crate) async fn keep<C: Connection>(ctx: &Ctx<'_>, connection: &C, ticket: &str) -> Result<Kept, Error> {
    let hash = ticket::hash(ticket.trim());
    let kept = store::tickets::keep(connection, Purpose::SecondFactor, &hash, ctx.now()).await?;
    Ok(Kept(kept.ok_or(Refusal::InvalidTicket)?))
}

impl Kept {
    /// Whose second proof is awaited.
    pub(crate) fn user(&self) -> Uuid {
        self.0.user_id
    }

    /// Counts the proof that came with it: a challenge stands a few.
    pub(crate) async fn failed<C: Connection>(&self, connection: &C) -> Result<(), Error> {
        Ok(store::tickets::count_try(connection, self.0.id).await?)
    }

    /// Uses the challenge up; of many that race, one does.
    pub(crate) async fn take<C: Connection>(&self, connection: &C) -> Result<Answered, Error> {
        let Self(ticket) = self;
        store::tickets::end(connection, ticket.id).await?;
        let first = ticket.authentication_methods.as_ref();
        Ok(Answered {
            user: ticket.user_id,
            first: first.map(Methods::from_json).unwrap_or_default(),
        })
    }
}

/// What ties the challenge of a passkey to this one.
fn within(hash: &[u8]) -> Uuid {
    Uuid::from_bytes(hash.first_chunk().copied().unwrap_or_default())
}

impl Pending {
    /// What the challenge of a passkey has to be tied to.
    pub(crate) fn within(&self) -> Uuid {
        within(&self.hash)
    }

    /// Uses the challenge up, in the transaction of the session it opens; of many that race, one does.
    pub(crate) async fn take<C: Connection>(self, ctx: &Ctx<'_>, connection: &C) -> Result<Answered, Error> {
        let purposes = [Purpose::SecondFactor];
        let used = store::tickets::take(connection, &purposes, self.hash, ctx.now()).await?;
        let used = used.ok_or(Refusal::InvalidTicket)?;
        let first = used.row().authentication_methods.as_ref();
        Ok(Answered {
            user: self.user,
            first: first.map(Methods::from_json).unwrap_or_default(),
        })
    }
}
