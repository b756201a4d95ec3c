//! The tokens of a session.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use super::Session;
use crate::account::Account;
use crate::auth::Auth;
use crate::caller::Authenticated;
use crate::elevation::{Elevation, Proof};
use crate::error::{Error, InternalError};
use crate::jwt::{Claims, HasuraClaims, sign};
use crate::method::Methods;
use crate::signing_key::KeyError;
use crate::token::Plain;

/// What a session hands out.
pub(super) struct Tokens {
    pub(super) session: Uuid,
    /// What the next access token is had for; none where the one at hand stays valid.
    pub(super) refresh: Option<Plain>,
    /// What proved the user.
    pub(super) methods: Methods,
    pub(super) elevation: Option<Elevation>,
}

/// Signs an access token.
pub(super) fn issue(
    auth: &Auth,
    account: &Account,
    tokens: Tokens,
    now: DateTime<Utc>,
) -> Result<Session, Error> {
    let elevation = tokens.elevation.filter(|elevation| elevation.until > now);
    // An elevated token ends with the elevation, so that whoever reads it need not know when that was.
    let expires_at = now + auth.policy.access_token_lifetime;
    let expires_at = elevation.map_or(expires_at, |elevation| elevation.until.min(expires_at));
    let signer = auth
        .ring
        .signer(now, expires_at)
        .ok_or(InternalError::Sign(KeyError::Rejected))?;
    let expires_at = signer.end_of_token(expires_at);
    let claims = Claims {
        iss: auth.policy.issuer.clone(),
        sub: account.id,
        sid: tokens.session,
        jti: crate::port::new_id(auth.clock.as_ref(), auth.entropy.as_ref())?,
        typ: Claims::access_type(),
        iat: now.timestamp(),
        exp: expires_at.timestamp(),
        amr: tokens.methods.references(),
        hasura: HasuraClaims {
            allowed_roles: account.roles.clone(),
            default_role: account.default_role.clone(),
            user_id: account.id,
            anonymous: account.anonymous.to_string(),
            elevated: elevation.map(|_| account.id),
            elevated_by: elevation.map(|elevation| elevation.by.as_str().to_owned()),
            elevated_at: elevation.map(|elevation| elevation.at.to_rfc3339_opts(SecondsFormat::Secs, true)),
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
        claims,
        by_pat: false,
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
        elevated_by,
        elevated_at,
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
    let mut elevated_as = None;
    if let Some(elevated) = elevated {
        variables.insert("x-hasura-auth-elevated".to_owned(), elevated.to_string());
        // Tokens that do not say by what come from a time when it was the password.
        elevated_as = Some(
            elevated_by
                .as_deref()
                .and_then(Proof::parse)
                .unwrap_or(Proof::Password),
        );
        let said = [("by", elevated_by), ("at", elevated_at)];
        for (name, value) in said.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            variables.insert(format!("x-hasura-auth-elevated-{name}"), value);
        }
    }
    Authenticated {
        user_id: claims.sub,
        elevated: elevated.is_some(),
        by_pat: false,
        elevated_by: elevated_as,
        session_id: claims.sid,
        default_role,
        allowed_roles,
        anonymous: anonymous == "true",
        variables: Arc::new(variables),
        expires_at: DateTime::from_timestamp(claims.exp, 0).unwrap_or_default(),
    }
}
