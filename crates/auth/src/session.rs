//! The one door: the only place where a session or a token is issued.

mod act;
mod issue;
mod proof;
mod roles;

use portico_entity::refresh_tokens;
use sea_orm::ActiveValue::Set;
use tokio::try_join;
use uuid::Uuid;

use self::issue::{Tokens, issue};
use crate::account::Account;
use crate::caller::{Authenticated, Ctx};
use crate::connection::Connection;
use crate::devices::{self, Devices};
use crate::elevation::Elevation;
use crate::error::{Error, InternalError};
use crate::factor::Held;
use crate::jwt::Claims;
use crate::method::{Method, Methods};
use crate::prove_factor::Accepted;
use crate::refusal::Refusal;
use crate::second_factor::{self, MfaChallenge};
use crate::store;
use crate::store::refresh_tokens::Found;
use crate::store::rotation::Rotated;
use crate::token::{Plain, RefreshToken};
use crate::wish::SessionWish;

pub(crate) use self::act::act;
pub(crate) use self::issue::authenticated;
pub(crate) use self::proof::{Fresh, Verified};

/// What a sign-up or sign-in leads to.
pub enum SignIn {
    /// A session.
    Done(Box<Session>),
    /// No session before a second factor is proved.
    NeedsFactor(MfaChallenge),
    /// No session before the address is confirmed; says nothing about whether it was taken.
    NeedsVerification,
    /// None, because none was asked for: the address is confirmed.
    Confirmed,
}

impl SignIn {
    /// Id of the session, where there is one.
    pub(crate) fn session_id(&self) -> Option<Uuid> {
        match self {
            Self::Done(session) => Some(session.refresh_token_id),
            Self::NeedsFactor(_) | Self::NeedsVerification | Self::Confirmed => None,
        }
    }
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
    /// What the JWT says.
    claims: Claims,
    by_pat: bool,
}

impl Session {
    /// Who it belongs to, as the next request will find.
    pub fn authenticated(&self) -> Authenticated {
        Authenticated {
            by_pat: self.by_pat,
            ..authenticated(self.claims.clone())
        }
    }
}

#[cfg(test)]
impl Session {
    /// The refresh token, which all but an elevation hand out.
    pub(crate) fn refresh_token(&self) -> &Plain {
        self.refresh_token.as_ref().unwrap()
    }
}

/// A session that is about to be elevated: nobody changes it until the transaction ends.
pub(crate) struct Elevating {
    id: Uuid,
    user: Uuid,
    /// What proved its user; nothing where it does not go on.
    methods: Option<Methods>,
}

impl Elevating {
    /// That of the caller, in a transaction that holds its user.
    pub(crate) async fn of<C: Connection>(
        ctx: &Ctx<'_>,
        connection: &C,
        session: &Authenticated,
    ) -> Result<Self, Error> {
        let (id, user) = (session.session_id, session.user_id);
        let methods = store::refresh_tokens::hold(connection, id, user, ctx.now()).await?;
        Ok(Self { id, user, methods })
    }
}

/// Elevates a session, within the transaction of the flow.
pub(crate) async fn elevate<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    session: Elevating,
    fresh: Fresh,
) -> Result<Session, Error> {
    let Fresh {
        account,
        by,
        methods,
        held,
    } = fresh;
    let (policy, now) = (&ctx.auth.policy, ctx.now());
    account.admit(policy)?;
    if session.user != account.id {
        return Err(InternalError::OtherUser.into());
    }
    let held = match held {
        Some(held) => second_factor::provable_of(ctx, held),
        None => second_factor::provable(ctx, connection, account.id).await?,
    };
    let asked = held.asked(&policy.second_factors);
    // Whoever is asked for a second factor proves one of these, or two factors at once.
    if !asked.is_empty() && !by.is_among(&asked) && !methods.are_several_factors() {
        return Err(Refusal::ProofNotEnough.into());
    }
    let elevation = Elevation {
        by,
        at: now,
        until: now + policy.elevation_lifetime,
    };
    let before = session.methods.ok_or(Refusal::NotSignedIn)?;
    let methods = before.and_anew(&methods, &asked);
    let account = roles::allowed(ctx, connection, account, &methods).await?;
    store::refresh_tokens::elevate(connection, session.id, elevation, &methods).await?;
    let tokens = Tokens {
        session: session.id,
        refresh: None,
        methods,
        elevation: Some(elevation),
    };
    issue(ctx.auth, &account, tokens, now)
}

/// What the door looks at before it opens a session of a user.
pub(crate) struct Standing {
    user: Uuid,
    held: Held,
    device_is_new: bool,
}

impl Standing {
    /// Of a user who gets no other factor until the transaction ends that opens the session.
    pub(crate) fn new(ctx: &Ctx<'_>, accepted: &Accepted, devices: &Devices) -> Self {
        Self {
            user: accepted.user(),
            held: second_factor::provable_of(ctx, accepted.held()),
            device_is_new: devices.miss(ctx),
        }
    }

    /// Reads how a user stands, in the transaction that opens the session.
    pub(crate) async fn of<C: Connection>(ctx: &Ctx<'_>, connection: &C, user: Uuid) -> Result<Self, Error> {
        let (held, devices) = try_join!(
            biased;
            second_factor::provable(ctx, connection, user),
            Devices::of(ctx, connection, user),
        )?;
        Ok(Self {
            user,
            held,
            device_is_new: devices.miss(ctx),
        })
    }
}

/// Opens a session for a verified user, within the transaction of the flow. Where the user has a second factor
/// and did not prove it, it is asked for instead; what is not asked for is none.
pub(crate) async fn open<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    verified: Verified,
) -> Result<SignIn, Error> {
    let standing = Standing::of(ctx, connection, verified.account.id).await?;
    open_as(ctx, connection, verified, standing).await
}

/// The same, for a user of whom it was read in the same transaction how they stand.
pub(crate) async fn open_as<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    verified: Verified,
    standing: Standing,
) -> Result<SignIn, Error> {
    let Verified {
        account,
        methods,
        second,
    } = verified;
    account.admit(&ctx.auth.policy)?;
    let Standing {
        user,
        held,
        device_is_new,
    } = standing;
    if user != account.id {
        return Err(InternalError::OtherUser.into());
    }
    // Nobody is asked twice for the same.
    let held = match methods.have_passkey() {
        true => held.without_webauthn(),
        false => held,
    };
    let asked = held.asked(&ctx.auth.policy.second_factors);
    let methods = match second {
        Some(method) if method.factor().is_some_and(|factor| factor.is_among(&asked)) => {
            methods.and(&[method, Method::MultipleFactors])
        }
        Some(_) => return Err(Refusal::FactorNotAsked.into()),
        None => methods,
    };
    if methods.are_several_factors() || asked.is_empty() {
        if device_is_new {
            devices::announce(ctx, connection, account.id).await?;
        }
        let session = begin(ctx, connection, account, methods).await?;
        return Ok(SignIn::Done(Box::new(session)));
    }
    let challenge = second_factor::challenge(ctx, connection, (&account, &methods), asked).await?;
    Ok(SignIn::NeedsFactor(challenge))
}

/// Goes on with the session of a user who was anonymous until now, with another access token; the refresh token
/// stays what it is. Nobody had a second factor before.
pub(crate) async fn identify<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    session: Uuid,
    identified: crate::flow::Identified,
) -> Result<Session, Error> {
    let (account, methods) = (identified.into_account(), Methods::new(&[Method::Password]));
    account.admit(&ctx.auth.policy)?;
    let account = roles::allowed(ctx, connection, account, &methods).await?;
    store::refresh_tokens::set_methods(connection, session, &methods).await?;
    let tokens = Tokens {
        session,
        refresh: None,
        methods,
        elevation: None,
    };
    issue(ctx.auth, &account, tokens, ctx.now())
}

async fn begin<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    account: Account,
    methods: Methods,
) -> Result<Session, Error> {
    let account = roles::allowed(ctx, connection, account, &methods).await?;
    let (auth, now) = (ctx.auth, ctx.now());
    let id = ctx.new_id()?;
    let SessionWish { kind, name } = ctx.wish.cloned().unwrap_or_default();
    let (idle, longest) = kind.lifetimes(&auth.policy);
    let token = RefreshToken::create(&auth.keys.refresh_mac, auth.entropy.as_ref(), id, 0)?;
    let address = ctx.caller.address.to_canonical().to_string();
    let row = refresh_tokens::ActiveModel {
        id: Set(id),
        created_at: Set(now),
        expires_at: Set(now + idle),
        session_expires_at: Set(Some(now + longest)),
        r#type: Set(kind.as_str().to_owned()),
        name: Set(name.map(|name| name.as_str().to_owned())),
        user_id: Set(account.id),
        refresh_token_hash: Set(Some(token.hash())),
        authentication_methods: Set(methods.to_json()),
        signed_in_from: Set(Some(address.clone())),
        ip: Set(Some(address)),
        user_agent: Set(ctx.caller.stored_user_agent()),
        last_used_at: Set(Some(now)),
        ..Default::default()
    };
    store::refresh_tokens::insert(connection, row).await?;
    let tokens = Tokens {
        session: id,
        refresh: Some(token.into_plain()),
        methods,
        elevation: None,
    };
    issue(auth, &account, tokens, now)
}

/// Goes on with a session whose token was just replaced.
pub(crate) async fn go_on(
    ctx: &Ctx<'_>,
    rotated: Rotated,
    session: Uuid,
    successor: Plain,
) -> Result<Session, Error> {
    let (account, methods, elevation) = rotated.into_parts();
    account.admit(&ctx.auth.policy)?;
    let account = roles::allowed(ctx, &ctx.auth.database.reads(), account, &methods).await?;
    let tokens = Tokens {
        session,
        refresh: Some(successor),
        methods,
        elevation,
    };
    issue(ctx.auth, &account, tokens, ctx.now())
}

/// Refuses a user for whom the session could not go on now.
pub(crate) async fn check(ctx: &Ctx<'_>, account: &Account, found: &Found) -> Result<(), Error> {
    account.admit(&ctx.auth.policy)?;
    let methods = Methods::from_json(&found.authentication_methods);
    roles::allowed(ctx, &ctx.auth.database.reads(), account.clone(), &methods).await?;
    Ok(())
}

/// Proof that a token was replaced a moment ago and its holder could open what replaced it.
pub(crate) struct Reopened {
    account: Account,
    successor: Plain,
    methods: Methods,
    elevation: Option<Elevation>,
}

impl Reopened {
    /// Opens the sealed successor with the token presented.
    pub(crate) fn by_previous(
        account: Account,
        presented: &RefreshToken,
        sealed: &[u8],
        found: &Found,
    ) -> Result<Self, Error> {
        Ok(Self {
            account,
            successor: presented.open_successor(sealed)?,
            methods: Methods::from_json(&found.authentication_methods),
            elevation: found.elevation(),
        })
    }
}

/// Goes on with a session that another request of the same client has just refreshed.
pub(crate) async fn go_on_beside(ctx: &Ctx<'_>, reopened: Reopened, session: Uuid) -> Result<Session, Error> {
    let Reopened {
        account,
        successor,
        methods,
        elevation,
    } = reopened;
    account.admit(&ctx.auth.policy)?;
    let account = roles::allowed(ctx, &ctx.auth.database.reads(), account, &methods).await?;
    let tokens = Tokens {
        session,
        refresh: Some(successor),
        methods,
        elevation,
    };
    issue(ctx.auth, &account, tokens, ctx.now())
}
