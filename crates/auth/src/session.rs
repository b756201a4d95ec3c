//! The one door: the only place where a session or a token is issued.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use portico_entity::refresh_tokens;
use sea_orm::ActiveValue::Set;
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

use crate::account::Account;
use crate::auth::Auth;
use crate::caller::{Authenticated, Ctx, ROLE};
use crate::error::{Error, InternalError};
use crate::jwt::{Claims, HasuraClaims, sign};
use crate::password::Matched;
use crate::refusal::Refusal;
use crate::signing_key::KeyError;
use crate::store;
use crate::store::refresh_tokens::Rotated;
use crate::store::tickets::Used;
use crate::token::{Plain, RefreshToken};

/// What a sign-up or sign-in leads to.
pub enum SignIn {
    /// A session.
    Done(Box<Session>),
    /// No session before the address is confirmed; says nothing about whether it was taken.
    NeedsVerification,
    /// None, because none was asked for: the address is confirmed.
    Confirmed,
}

/// A session, as handed out once.
pub struct Session {
    /// The JWT.
    pub access_token: Plain,
    /// Its life in seconds.
    pub access_token_expires_in: i64,
    /// What the next access token is had for; none where the one at hand stays valid.
    pub refresh_token: Option<Plain>,
    /// Id of the session.
    pub refresh_token_id: Uuid,
    /// Who it belongs to.
    pub authenticated: Arc<Authenticated>,
}

#[cfg(test)]
impl Session {
    /// The refresh token, which all but an elevation hand out.
    pub(crate) fn refresh_token(&self) -> &Plain {
        self.refresh_token.as_ref().unwrap()
    }
}

/// A user who proved who they are. Each constructor takes the proof, which only the mechanism makes.
pub(crate) struct Verified {
    account: Account,
    method: &'static str,
}

impl Verified {
    /// By the password of the account.
    pub(crate) fn by_password(account: Account, _proof: Matched) -> Self {
        Self {
            account,
            method: "pwd",
        }
    }

    /// By what was mailed to the account's address.
    pub(crate) fn by_mail(account: Account, _proof: &Used) -> Self {
        Self {
            account,
            method: "email",
        }
    }

    /// By having made the account, with this password, in this transaction.
    pub(crate) fn by_sign_up(created: crate::flow::Created) -> Self {
        Self {
            account: created.into_account(),
            method: "pwd",
        }
    }
}

/// A signed-in user who proved anew who they are.
pub(crate) struct Fresh {
    account: Account,
}

impl Fresh {
    /// By the password of the account.
    pub(crate) fn by_password(account: Account, _proof: Matched) -> Self {
        Self { account }
    }
}

/// Elevates a session, within the transaction of the flow.
pub(crate) async fn elevate<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    session: Uuid,
    fresh: Fresh,
) -> Result<Session, Error> {
    let (account, now) = (fresh.account, ctx.now());
    account.admit(&ctx.auth.policy)?;
    let until = now + ctx.auth.policy.elevation_lifetime;
    if !store::refresh_tokens::elevate(connection, session, account.id, now, until).await? {
        return Err(Refusal::NotSignedIn.into());
    }
    let tokens = Tokens {
        session,
        refresh: None,
        elevated_until: Some(until),
    };
    issue(ctx.auth, &account, tokens, now)
}

/// Opens a session for a verified user, within the transaction of the flow.
pub(crate) async fn open<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    verified: Verified,
) -> Result<Session, Error> {
    let Verified { account, method } = verified;
    let (auth, now) = (ctx.auth, ctx.now());
    account.admit(&auth.policy)?;
    let id = ctx.new_id()?;
    let token = RefreshToken::create(&auth.keys.refresh_mac, auth.entropy.as_ref(), id, 0)?;
    let row = refresh_tokens::ActiveModel {
        id: Set(id),
        created_at: Set(now),
        expires_at: Set(now + auth.policy.session_idle_lifetime),
        session_expires_at: Set(Some(now + auth.policy.session_lifetime)),
        user_id: Set(account.id),
        refresh_token_hash: Set(Some(token.hash())),
        authentication_methods: Set(json!([method])),
        ip: Set(Some(ctx.caller.address.to_canonical().to_string())),
        user_agent: Set(ctx.caller.stored_user_agent()),
        last_used_at: Set(Some(now)),
        ..Default::default()
    };
    store::refresh_tokens::insert(connection, row).await?;
    issue(auth, &account, Tokens::first(id, token.into_plain()), now)
}

/// Goes on with a session whose token was just replaced.
pub(crate) fn go_on(
    ctx: &Ctx<'_>,
    rotated: Rotated,
    session: Uuid,
    successor: Plain,
) -> Result<Session, Error> {
    let (account, elevated_until) = rotated.into_parts();
    account.admit(&ctx.auth.policy)?;
    let tokens = Tokens {
        session,
        refresh: Some(successor),
        elevated_until,
    };
    issue(ctx.auth, &account, tokens, ctx.now())
}

/// Proof that a token was replaced a moment ago and its holder could open what replaced it.
pub(crate) struct Reopened {
    account: Account,
    successor: Plain,
    elevated_until: Option<DateTime<Utc>>,
}

impl Reopened {
    /// Opens the sealed successor with the token presented.
    pub(crate) fn by_previous(
        account: Account,
        presented: &RefreshToken,
        sealed: &[u8],
        elevated_until: Option<DateTime<Utc>>,
    ) -> Result<Self, Error> {
        Ok(Self {
            account,
            successor: presented.open_successor(sealed)?,
            elevated_until,
        })
    }
}

/// Goes on with a session that another request of the same client has just refreshed.
pub(crate) fn go_on_beside(ctx: &Ctx<'_>, reopened: Reopened, session: Uuid) -> Result<Session, Error> {
    reopened.account.admit(&ctx.auth.policy)?;
    let tokens = Tokens {
        session,
        refresh: Some(reopened.successor),
        elevated_until: reopened.elevated_until,
    };
    issue(ctx.auth, &reopened.account, tokens, ctx.now())
}

/// What a session hands out.
struct Tokens {
    session: Uuid,
    refresh: Option<Plain>,
    elevated_until: Option<DateTime<Utc>>,
}

impl Tokens {
    fn first(session: Uuid, refresh: Plain) -> Self {
        Self {
            session,
            refresh: Some(refresh),
            elevated_until: None,
        }
    }
}

fn issue(auth: &Auth, account: &Account, tokens: Tokens, now: DateTime<Utc>) -> Result<Session, Error> {
    let elevated_until = tokens.elevated_until.filter(|until| *until > now);
    // An elevated token ends with the elevation, so that whoever reads it need not know when that was.
    let expires_at = now + auth.policy.access_token_lifetime;
    let expires_at = elevated_until.map_or(expires_at, |until| until.min(expires_at));
    let signer = auth
        .ring
        .signer(now)
        .ok_or(InternalError::Sign(KeyError::Rejected))?;
    let claims = Claims {
        iss: auth.policy.issuer.clone(),
        sub: account.id,
        sid: tokens.session,
        jti: crate::port::new_id(auth.clock.as_ref(), auth.entropy.as_ref())?,
        typ: Claims::access_type(),
        iat: now.timestamp(),
        exp: expires_at.timestamp(),
        hasura: HasuraClaims {
            allowed_roles: account.roles.clone(),
            default_role: account.default_role.clone(),
            user_id: account.id,
            anonymous: account.anonymous.to_string(),
            elevated: elevated_until.map(|_| account.id),
            custom: BTreeMap::new(),
        },
    };
    let access_token = Plain::new(sign(&signer.kid, &signer.key, &claims).map_err(InternalError::Sign)?);
    auth.last_seen.record(account.id, now);
    Ok(Session {
        access_token,
        access_token_expires_in: (expires_at - now).num_seconds(),
        refresh_token: tokens.refresh,
        refresh_token_id: tokens.session,
        authenticated: Arc::new(authenticated(claims)),
    })
}

/// Claims as the rest of the service reads them.
pub(crate) fn authenticated(claims: Claims) -> Authenticated {
    let HasuraClaims {
        allowed_roles,
        default_role,
        user_id,
        anonymous,
        elevated,
        custom,
    } = claims.hasura;
    let custom = custom
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value));
    let mut variables: BTreeMap<String, String> =
        custom.filter(|(name, _)| name.starts_with("x-hasura-")).collect();
    variables.insert("x-hasura-user-id".to_owned(), user_id.to_string());
    variables.insert("x-hasura-default-role".to_owned(), default_role.clone());
    variables.insert("x-hasura-user-is-anonymous".to_owned(), anonymous.clone());
    // The claim of another user would be a mistake of whoever signed it.
    let elevated = elevated.filter(|elevated| *elevated == user_id);
    if let Some(elevated) = elevated {
        variables.insert("x-hasura-auth-elevated".to_owned(), elevated.to_string());
    }
    variables.insert(ROLE.to_owned(), default_role.clone());
    Authenticated {
        user_id: claims.sub,
        elevated: elevated.is_some(),
        session_id: claims.sid,
        default_role,
        allowed_roles,
        anonymous: anonymous == "true",
        variables: Arc::new(variables),
        expires_at: DateTime::from_timestamp(claims.exp, 0).unwrap_or_default(),
    }
}
