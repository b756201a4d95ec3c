//! `deanonymize`: an anonymous user says who they are, and stays the same user.

use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account::Account;
use crate::audit::{Event, recorded};
use crate::caller::{Authenticated, Ctx};
use crate::error::Error;
use crate::evenly::evenly;
use crate::flow::mailed::{Proved, seal, unseal};
use crate::flow::sign_up;
use crate::mail::Template;
use crate::message::{self, Mailing};
use crate::new_password;
use crate::refusal::Refusal;
use crate::session::{self, SignIn};
use crate::store;
use crate::store::contacts::NewContact;
use crate::store::refresh_tokens::Which;
use crate::store::tickets::Used;
use crate::store::users::{Identity, State};
use crate::ticket::Purpose;
use crate::value::{Email, LinkOptions, Password, SignUpOptions, SignUpOptionsInput};

const ACTION: &str = "deanonymize";
/// What is written down when the user is not anonymous any more.
const DONE: &str = "deanonymized";

/// How the user signs in from then on.
pub enum DeanonymizeMethod {
    /// With the address and this password.
    EmailPassword(Password),
    /// By mail.
    Passwordless,
}

/// Who the user is.
pub struct DeanonymizeInput {
    /// How the user signs in from then on.
    pub method: DeanonymizeMethod,
    /// The address.
    pub email: Email,
    /// The rest; what is not said stays as it is.
    pub options: SignUpOptionsInput,
}

/// What waits for the proof of the address.
#[derive(Serialize, Deserialize)]
struct Said {
    password_hash: Option<String>,
    options: SignUpOptionsInput,
}

/// Proof that a user was anonymous and is not any more, in this transaction.
pub(crate) struct Identified {
    account: Account,
}

impl Identified {
    pub(crate) fn into_account(self) -> Account {
        self.account
    }
}

/// Makes an anonymous user one with an address, who keeps id and data and has the roles of a sign-up. The session goes
/// on, the others end. Where the address has to be proved first, or the user is to sign in by mail, nothing changes
/// before the link or the code that is mailed is used; whether the address is taken is not told then.
pub async fn deanonymize(ctx: &Ctx<'_>, input: DeanonymizeInput) -> Result<SignIn, Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    let done = identify(ctx, session, input).await;
    if done.is_ok() {
        ctx.auth.after_change().await;
    }
    recorded(ctx, ACTION, Some(session.user_id), done).await
}

async fn identify(ctx: &Ctx<'_>, session: &Authenticated, input: DeanonymizeInput) -> Result<SignIn, Error> {
    sign_up::admit(ctx).await?;
    let policy = &ctx.auth.policy;
    let DeanonymizeInput {
        method,
        email,
        options,
    } = input;
    policy.email_access.admit(&email)?;
    let checked = SignUpOptions::parse(options.clone(), policy)?;
    let account = store::users::account(&ctx.auth.database.reads(), session.user_id).await?;
    if !account.is_some_and(|account| account.anonymous) {
        return Err(Refusal::NotAnonymous.into());
    }
    let (password_hash, at_once) = match method {
        DeanonymizeMethod::Passwordless => (None, false),
        DeanonymizeMethod::EmailPassword(password) => {
            let names = sign_up::names(ctx, [email.as_str()], &checked);
            let hash = new_password::hash(ctx, password, &names).await?;
            (Some(hash), !policy.proves_address_first())
        }
    };
    let said = Said {
        password_hash,
        options,
    };
    match at_once {
        true => now(ctx, session, (&email, said)).await,
        false => {
            let link = LinkOptions {
                redirect_to: checked.redirect_to.clone(),
                code_challenge: checked.code_challenge.clone(),
            };
            evenly(ask(ctx, session, (&email, said), (&checked, &link))).await
        }
    }
}

async fn now(ctx: &Ctx<'_>, session: &Authenticated, (email, said): (&Email, Said)) -> Result<SignIn, Error> {
    let transaction = ctx.auth.database.begin().await?;
    let user = (session.user_id, Some(session.session_id));
    let identified = apply(ctx, &*transaction, user, (email, false), said).await?;
    if identified.disabled {
        transaction.commit().await?;
        return Ok(SignIn::NeedsVerification);
    }
    let identified = Identified { account: identified };
    let session = session::identify(ctx, &*transaction, session.session_id, identified).await?;
    transaction.commit().await?;
    Ok(SignIn::Done(Box::new(session)))
}

async fn ask(
    ctx: &Ctx<'_>,
    session: &Authenticated,
    (email, said): (&Email, Said),
    (options, link): (&SignUpOptions, &LinkOptions),
) -> Result<SignIn, Error> {
    let user = session.user_id;
    ctx.auth.limit_mail(ctx.caller, email).await?;
    ctx.auth.limit_mail_of(user).await?;
    let sealed = seal(ctx.auth, email, &said)?;
    let transaction = ctx.auth.database.begin().await?;
    let connection = &*transaction;
    // Asked first, so that a taken name is told whether or not the address is taken too.
    if let Some(username) = &options.username
        && store::users::username_is_taken(connection, username).await?
    {
        return Err(Refusal::UsernameTaken.into());
    }
    let mailing = Mailing {
        purpose: Purpose::Deanonymize,
        template: Template::EmailVerify,
        email,
        locale: options.locale.as_str(),
        user: Some(user),
        subject: user.to_string(),
        session: Some(session.session_id),
        link,
        sealed_options: Some(sealed),
    };
    let taken = store::users::locale_where_taken(connection, email, Some(user), ctx.now()).await?;
    message::mail_unless_taken(ctx, connection, mailing, taken).await?;
    Event::success(ACTION, user, Some(session.session_id))
        .append(ctx, connection)
        .await?;
    transaction.commit().await?;
    Ok(SignIn::NeedsVerification)
}

/// The owner of the address proved it.
pub(super) async fn complete<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    used: Used,
) -> Result<Proved, Error> {
    let email = Email::parse(&used.row().address)?;
    let user = used.row().user_id.ok_or(Refusal::InvalidTicket)?;
    let said: Said = unseal(ctx.auth, &email, &used)?;
    // What is allowed may have changed since.
    ctx.auth.policy.email_access.admit(&email)?;
    let user = (user, used.row().session_id);
    let account = apply(ctx, connection, user, (&email, true), said).await?;
    Ok(Proved {
        account,
        email,
        used,
        made: true,
    })
}

/// Writes who the user is, once; of many at once, one does.
async fn apply<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    (user, session): (Uuid, Option<Uuid>),
    (email, verified): (&Email, bool),
    said: Said,
) -> Result<Account, Error> {
    let keeps = (said.options.locale.is_none(), said.options.metadata.is_none());
    let options = SignUpOptions::parse(said.options, &ctx.auth.policy)?;
    store::tickets::forget_of(connection, user).await?;
    let holder = store::users::holder(connection, user).await?;
    let before = holder.ok_or(Refusal::NotSignedIn)?.into_account();
    if !before.anonymous {
        return Err(Refusal::NotAnonymous.into());
    }
    before.admit(&ctx.auth.policy)?;
    if let Some(username) = &options.username
        && store::users::username_is_taken(connection, username).await?
    {
        return Err(Refusal::UsernameTaken.into());
    }
    let roles = Account::all_roles(options.allowed_roles, &options.default_role);
    let mut rows = Vec::with_capacity(roles.len());
    for role in &roles {
        rows.push((ctx.new_id()?, role.clone()));
    }
    store::user_roles::replace(connection, user, rows, &options.default_role, ctx.now()).await?;
    let identity = Identity {
        email: email.clone(),
        email_verified: verified,
        password_hash: said.password_hash,
        username: options.username,
        display_name: options.display_name,
        gender: options.gender,
        locale: Some(options.locale).filter(|_| !keeps.0),
        metadata: Some(options.metadata).filter(|_| !keeps.1),
    };
    store::users::identify(connection, user, identity).await?;
    // Afterwards: whoever gave it up just now has committed by then.
    if store::tickets::is_kept_for_another(connection, email, user, ctx.now()).await? {
        return Err(Refusal::EmailTaken.into());
    }
    if options.first_name.is_some() || options.last_name.is_some() {
        let contact = NewContact {
            user_id: user,
            first_name: options.first_name,
            last_name: options.last_name,
            email: Some(email.clone()),
        };
        store::contacts::insert(connection, contact).await?;
    }
    let which = match session {
        Some(session) => Which::OthersOf(user, session),
        None => Which::AllOf(user),
    };
    store::refresh_tokens::revoke(connection, which, ctx.now()).await?;
    // Such a user is as new as any other.
    let disabled = ctx.auth.policy.new_users_disabled;
    if disabled {
        store::users::set_state(connection, user, State::Disabled(true)).await?;
    }
    Event::success(DONE, user, session)
        .append(ctx, connection)
        .await?;
    Ok(Account {
        disabled,
        email_verified: verified,
        ..Account::new(user, options.default_role, roles, true)
    })
}
