//! `createPat`.

use chrono::{DateTime, Utc};
use portico_entity::refresh_tokens::ActiveModel;
use sea_orm::ActiveValue::Set;
use serde_json::json;
use uuid::Uuid;

use crate::audit::{Event, recorded};
use crate::caller::{Authenticated, Ctx};
use crate::elevation;
use crate::error::Error;
use crate::mail::Template;
use crate::message;
use crate::method::{Method, Methods};
use crate::refusal::Refusal;
use crate::store;
use crate::token::{PersonalAccessToken, Plain};
use crate::value::{Metadata, SessionName, invalid};

const ACTION: &str = "createPat";

/// What a user wants of a personal access token.
pub struct CreatePatInput {
    /// What the user calls it.
    pub name: Option<SessionName>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// Whatever the application keeps about it.
    pub metadata: Option<Metadata>,
    /// The roles it acts in, the one of requests that name none first; nothing for all that its user holds.
    pub allowed_roles: Option<Vec<String>>,
}

/// A personal access token, as handed out once.
pub struct CreatedPat {
    /// Its id, which is that of its row.
    pub id: Uuid,
    /// The token.
    pub personal_access_token: Plain,
}

/// Makes a token with which programs sign in as the user who asks, who may have to be proved anew first. The owner
/// of the account is told.
pub async fn create_pat(ctx: &Ctx<'_>, input: CreatePatInput) -> Result<CreatedPat, Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    recorded(
        ctx,
        ACTION,
        Some(session.user_id),
        create(ctx, session, input).await,
    )
    .await
}

async fn create(ctx: &Ctx<'_>, session: &Authenticated, input: CreatePatInput) -> Result<CreatedPat, Error> {
    let (auth, now) = (ctx.auth, ctx.now());
    auth.limit_sign_in(ctx.caller).await?;
    elevation::demand(ctx, session).await?;
    if input.expires_at <= now {
        return Err(invalid("expiresAt", "must be in the future").into());
    }
    if input.expires_at > now + auth.policy.pat_lifetime {
        return Err(invalid("expiresAt", "must not be later than PORTICO_PAT_LIFETIME allows").into());
    }
    let owner = store::users::owner(&auth.database.reads(), session.user_id).await?;
    let owner = owner.ok_or(Refusal::NotSignedIn)?;
    let allowed_roles = input
        .allowed_roles
        .map(|roles| restriction(roles, &owner.credentials.account.roles))
        .transpose()?;
    let token = PersonalAccessToken::create(auth.entropy.as_ref())?;
    let id = ctx.new_id()?;
    let row = ActiveModel {
        id: Set(id),
        created_at: Set(now),
        expires_at: Set(input.expires_at),
        user_id: Set(owner.id()),
        r#type: Set("pat".to_owned()),
        refresh_token_hash: Set(Some(token.hash())),
        name: Set(input.name.map(|name| name.as_str().to_owned())),
        metadata: Set(input.metadata.map(Metadata::into_value)),
        allowed_roles: Set(allowed_roles.map(|roles| json!(roles))),
        authentication_methods: Set(Methods::new(&[Method::PersonalAccessToken]).to_json()),
        ..Default::default()
    };
    let transaction = auth.database.begin().await?;
    // Of many at once each counts those before it.
    store::users::holder(&*transaction, owner.id()).await?;
    let count = store::personal_access_tokens::count(&*transaction, owner.id(), now).await?;
    if count >= u64::from(auth.policy.limits.pats) {
        return Err(Refusal::TooManyPats.into());
    }
    store::refresh_tokens::insert(&*transaction, row).await?;
    if let Some(email) = owner.email() {
        let locale = owner.locale(&auth.policy);
        let to = (&email, locale.as_str());
        message::notice(ctx, &*transaction, Template::PatCreated, to).await?;
    }
    Event::success(ACTION, owner.id(), Some(id))
        .append(ctx, &*transaction)
        .await?;
    transaction.commit().await?;
    Ok(CreatedPat {
        id,
        personal_access_token: token.into_plain(),
    })
}

/// The roles in the order given, each once and held.
fn restriction(given: Vec<String>, held: &[String]) -> Result<Vec<String>, Refusal> {
    let mut roles: Vec<String> = Vec::new();
    for role in given {
        if !held.contains(&role) {
            return Err(Refusal::RoleNotAllowed);
        }
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    match roles.is_empty() {
        true => Err(invalid("allowedRoles", "must not be empty")),
        false => Ok(roles),
    }
}
