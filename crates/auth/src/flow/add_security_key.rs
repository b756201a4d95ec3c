//! `addSecurityKey` and `verifyAddSecurityKey`.

use serde_json::Value;
use uuid::Uuid;
use webauthn_rs_core::proto::RegistrationState;

use crate::audit::{Event, recorded};
use crate::caller::{Authenticated, Ctx};
use crate::error::Error;
use crate::flow::passkey::{add, allowed, refuse_more};
use crate::passkey::{self, Asked, Attestation, Ceremony, Owner};
use crate::refusal::Refusal;
use crate::value::Nickname;
use crate::{elevation, factor_change, store};

const ACTION: &str = "verifyAddSecurityKey";

/// Asks for one more passkey: `PublicKeyCredentialCreationOptionsJSON`. A passkey signs in for as long
/// as it lives: whoever asks is proved anew first.
pub async fn add_security_key(ctx: &Ctx<'_>) -> Result<Value, Error> {
    let auth = ctx.auth;
    let party = auth.relying_party()?;
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    auth.limit_sign_in(ctx.caller).await?;
    let connection = &auth.database.connection;
    elevation::demand(ctx, session).await?;
    let owner = store::users::owner(connection, session.user_id).await?;
    let owner = owner.ok_or(Refusal::NotSignedIn)?;
    let count = store::user_security_keys::count(connection, session.user_id).await?;
    refuse_more(ctx, count)?;
    let existing = allowed(ctx, connection, session.user_id).await?;
    let asked_for = Owner {
        id: owner.id(),
        name: owner.name(),
        display_name: owner.display_name(),
    };
    let question = party.ask_for_new(&asked_for, &existing)?;
    let asked = Asked {
        user: Some(session.user_id),
        within: Some(session.session_id),
        state: question.state,
    };
    let _turn = auth.database.turn().await;
    passkey::ask(ctx, connection, Ceremony::Add, &question.challenge, &asked).await?;
    Ok(question.options)
}

/// What the authenticator made.
pub struct VerifyAddSecurityKeyInput {
    /// The new passkey.
    pub credential: Attestation,
    /// What its user calls it.
    pub nickname: Option<Nickname>,
}

/// Adds the passkey to the account, as another change of the factors; returns the id of its row. The session counts as
/// one that proved it.
pub async fn verify_add_security_key(ctx: &Ctx<'_>, input: VerifyAddSecurityKeyInput) -> Result<Uuid, Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    let done = verify(ctx, session, input).await;
    if done.is_ok() {
        ctx.auth.after_change().await;
    }
    recorded(ctx, ACTION, Some(session.user_id), done).await
}

async fn verify(
    ctx: &Ctx<'_>,
    session: &Authenticated,
    input: VerifyAddSecurityKeyInput,
) -> Result<Uuid, Error> {
    let party = ctx.auth.relying_party()?;
    ctx.auth.limit_sign_in(ctx.caller).await?;
    elevation::demand(ctx, session).await?;
    let challenge = input.credential.challenge();
    let asked: Asked<RegistrationState> = passkey::take(ctx, Ceremony::Add, challenge).await?;
    asked.check(session.user_id, session.session_id)?;
    let registered = party.register(&input.credential, &asked.state)?;
    let transaction = ctx.auth.database.begin().await?;
    let before = factor_change::begin(ctx, &*transaction, session).await?;
    // Of many at once each counts those before it.
    let count = store::user_security_keys::count(&*transaction, session.user_id).await?;
    refuse_more(ctx, count)?;
    let (id, proof) = add(ctx, &*transaction, session.user_id, registered, input.nickname).await?;
    let methods = before.and_anew(&proof.methods(), &ctx.auth.policy.second_factors);
    store::refresh_tokens::set_methods(&*transaction, session.session_id, &methods).await?;
    factor_change::follow(ctx, &*transaction, session.user_id, Some(session.session_id)).await?;
    let event = Event::success(ACTION, session.user_id, Some(session.session_id));
    event.append(ctx, &*transaction).await?;
    transaction.commit().await?;
    Ok(id)
}
