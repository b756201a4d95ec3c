//! What every sign-up does: make the user with all that belongs to it, in one transaction.

use chrono::TimeDelta;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::account::Account;
use crate::audit::Event;
use crate::caller::Ctx;
use crate::database::Write;
use crate::error::Error;
use crate::evenly::evenly;
use crate::flow::passkey;
use crate::mail::Template;
use crate::message::{self, Mailing};
use crate::new_password::Names;
use crate::passkey::{Proof, Registered};
use crate::policy::{EmailVerification, Policy};
use crate::refusal::Refusal;
use crate::session::{self, SignIn, Verified};
use crate::store;
use crate::store::contacts::NewContact;
use crate::store::users::{InsertError, NewUser};
use crate::ticket::Purpose;
use crate::value::{DisplayName, Email, LinkOptions, Nickname, PersonName, SignUpOptions, Username};

/// Proof that an account was made just now; only [`create`] makes one.
pub(crate) struct Created {
    account: Account,
}

impl Created {
    pub(crate) fn into_account(self) -> Account {
        self.account
    }

    pub(super) fn user_id(&self) -> Uuid {
        self.account.id
    }

    /// Whether somebody else has to act before there is a session.
    fn waits(&self) -> bool {
        self.account.disabled || !self.account.activated
    }
}

/// Who is to be made.
pub(super) struct Registration {
    pub(super) email: Option<Email>,
    pub(super) username: Option<Username>,
    /// None for whoever signs in by mail.
    pub(super) password_hash: Option<String>,
    pub(super) options: SignUpOptions,
    /// Whether the owner of the address proved it.
    pub(super) email_verified: bool,
    /// How long the mailed link works, if one is mailed.
    pub(super) ticket_lifetime: Option<TimeDelta>,
    /// Whether nothing identifies the user yet.
    pub(super) anonymous: bool,
}

/// The passkey of a new user, who is made with the id that the passkey knows.
pub(super) struct Key {
    pub(super) user: Uuid,
    pub(super) registered: Registered,
    pub(super) nickname: Option<Nickname>,
}

/// Counts the sign-up and asks whether there is any; before all work.
pub(super) async fn admit(ctx: &Ctx<'_>) -> Result<(), Error> {
    ctx.auth.limit_sign_up(ctx.caller).await?;
    if ctx.auth.policy.sign_up_disabled {
        return Err(Refusal::SignUpDisabled.into());
    }
    Ok(())
}

/// Names that the password of a new user must not be made of; the identifiers are what the user signs in with.
pub(super) fn names<'a>(
    ctx: &Ctx<'a>,
    identifiers: impl IntoIterator<Item = &'a str>,
    options: &'a SignUpOptions,
) -> Names {
    let said = [
        options.username.as_ref().map(Username::as_str),
        options.display_name.as_ref().map(DisplayName::as_str),
        options.first_name.as_ref().map(PersonName::as_str),
        options.last_name.as_ref().map(PersonName::as_str),
    ];
    Names::new(&ctx.auth.policy, said.into_iter().flatten().chain(identifiers))
}

/// Makes the user and opens the first session, unless the operator wants something done before.
pub(super) async fn with_session(
    ctx: &Ctx<'_>,
    action: &'static str,
    registration: Registration,
) -> Result<SignIn, Error> {
    let transaction = ctx.auth.database.begin().await?;
    let created = create(ctx, &*transaction, registration).await?;
    if created.waits() {
        return hold(ctx, action, transaction, created.user_id()).await;
    }
    enter(ctx, action, transaction, Verified::by_sign_up(created)).await
}

/// Makes the user with a passkey and opens the first session.
pub(super) async fn with_session_by_key(
    ctx: &Ctx<'_>,
    action: &'static str,
    registration: Registration,
    key: Key,
) -> Result<SignIn, Error> {
    let transaction = ctx.auth.database.begin().await?;
    let (created, proof) = create_with_key(ctx, &*transaction, registration, key).await?;
    if created.waits() {
        return hold(ctx, action, transaction, created.user_id()).await;
    }
    let verified = Verified::by_passkey(created.into_account(), &proof);
    enter(ctx, action, transaction, verified).await
}

/// Somebody else has to act before there is a session.
async fn hold(
    ctx: &Ctx<'_>,
    action: &'static str,
    transaction: Write,
    user_id: Uuid,
) -> Result<SignIn, Error> {
    let event = Event::success(action, user_id, None);
    event.append(ctx, &*transaction).await?;
    transaction.commit().await?;
    Ok(SignIn::NeedsVerification)
}

async fn enter(
    ctx: &Ctx<'_>,
    action: &'static str,
    transaction: Write,
    verified: Verified,
) -> Result<SignIn, Error> {
    let user_id = verified.user_id();
    let sign_in = session::open(ctx, &*transaction, verified).await?;
    let event = Event::success(action, user_id, sign_in.session_id());
    event.append(ctx, &*transaction).await?;
    transaction.commit().await?;
    Ok(sign_in)
}

/// Whether a new user may act at once, and what others than the user say of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    /// Its id, where something knows it before it is made.
    pub(super) id: Option<Uuid>,
    /// Whether the account is switched off until it is enabled.
    pub(super) disabled: bool,
    /// Whether the account has to be activated first.
    pub(super) waits: bool,
    /// The administrator, if signed in.
    pub(super) created_by: Option<Uuid>,
}

impl Standing {
    /// What the operator says of users who sign up.
    fn of_new(policy: &Policy, registration: &Registration) -> Self {
        Self {
            id: None,
            disabled: policy.new_users_disabled && !registration.anonymous,
            waits: policy.activation_required && !registration.anonymous && !registration.email_verified,
            created_by: None,
        }
    }
}

/// What has to be mailed before there is a session, if anything. The address of an activated account is confirmed.
pub(super) fn first_mail(policy: &Policy) -> Option<(Purpose, Template)> {
    match (policy.activation_required, policy.email_verification) {
        (true, _) => Some((Purpose::ActivateAccount, Template::AccountActivate)),
        (false, EmailVerification::Required) => Some((Purpose::VerifyEmail, Template::EmailVerify)),
        (false, EmailVerification::Optional) => None,
    }
}

/// Makes the user and mails what confirms the address, or activates the account. Of a taken one the owner is told in
/// the place of that; the answer is the same, and its time.
pub(super) async fn with_first_mail(
    ctx: &Ctx<'_>,
    action: &'static str,
    mail: (&Email, (Purpose, Template)),
    registration: Registration,
    key: Option<Key>,
) -> Result<SignIn, Error> {
    evenly(make_and_mail(ctx, action, mail, registration, key)).await
}

async fn make_and_mail(
    ctx: &Ctx<'_>,
    action: &'static str,
    (email, (purpose, template)): (&Email, (Purpose, Template)),
    registration: Registration,
    key: Option<Key>,
) -> Result<SignIn, Error> {
    // Before it is known whether the address is taken: somebody gets a mail in any case.
    ctx.auth.limit_mail_to(email).await?;
    let locale = registration.options.locale.as_str().to_owned();
    let link = LinkOptions {
        redirect_to: registration.options.redirect_to.clone(),
        code_challenge: registration.options.code_challenge.clone(),
    };
    let transaction = ctx.auth.database.begin().await?;
    let created = match key {
        Some(key) => {
            let created = create_with_key(ctx, &*transaction, registration, key).await;
            created.map(|(created, _)| created)
        }
        None => create(ctx, &*transaction, registration).await,
    };
    match created {
        Ok(created) => {
            let mailing = Mailing {
                purpose,
                template,
                email,
                locale: &locale,
                user: Some(created.user_id()),
                subject: created.user_id().to_string(),
                session: None,
                link: &link,
                sealed_options: None,
            };
            message::mail_ticket(ctx, &*transaction, mailing).await?;
            Event::success(action, created.user_id(), None)
                .append(ctx, &*transaction)
                .await?;
            transaction.commit().await?;
        }
        Err(Error::Refused(Refusal::EmailTaken)) => {
            // PostgreSQL takes no further statement in a transaction that failed.
            drop(transaction);
            let transaction = ctx.auth.database.begin().await?;
            let theirs = store::users::locale_where_taken(&*transaction, email, None, ctx.now()).await?;
            let reader = (email, theirs.as_deref().unwrap_or(&locale));
            message::tell_taken(ctx, &*transaction, reader).await?;
            Event::refused(action, None, Refusal::EmailTaken)
                .append(ctx, &*transaction)
                .await?;
            transaction.commit().await?;
        }
        Err(error) => return Err(error),
    }
    Ok(SignIn::NeedsVerification)
}

/// Writes the user, its roles and its contact, in the standing that the operator gives to new users. An address that
/// is proved already activates its account.
pub(super) async fn create<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    registration: Registration,
) -> Result<Created, Error> {
    let standing = Standing::of_new(&ctx.auth.policy, &registration);
    create_with(ctx, connection, registration, standing).await
}

async fn create_with_key<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    registration: Registration,
    key: Key,
) -> Result<(Created, Proof), Error> {
    let standing = Standing {
        id: Some(key.user),
        ..Standing::of_new(&ctx.auth.policy, &registration)
    };
    let created = create_with(ctx, connection, registration, standing).await?;
    let (_, proof) = passkey::add(ctx, connection, key.user, key.registered, key.nickname).await?;
    Ok((created, proof))
}

/// The same with what others than the user say of it.
pub(super) async fn create_with<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    registration: Registration,
    standing: Standing,
) -> Result<Created, Error> {
    let (id, now) = (standing.id.map_or_else(|| ctx.new_id(), Ok)?, ctx.now());
    let Registration {
        email,
        username,
        password_hash,
        options,
        email_verified,
        ticket_lifetime,
        anonymous,
    } = registration;
    // Asked first, so that a taken name is told whether or not the address is taken too.
    if let Some(username) = &username
        && store::users::username_is_taken(connection, username).await?
    {
        return Err(Refusal::UsernameTaken.into());
    }
    let has_email = email.is_some();
    let user = NewUser {
        id,
        created_at: now,
        email: email.clone(),
        username,
        password_hash,
        email_verified,
        display_name: options.display_name,
        gender: options.gender,
        locale: options.locale,
        metadata: options.metadata,
        default_role: options.default_role.clone(),
        anonymous,
        disabled: standing.disabled,
        activated_at: (!standing.waits).then_some(now),
        created_by: standing.created_by,
        ticket_expires_at: ticket_lifetime.map(|lifetime| now + lifetime),
    };
    store::users::insert(connection, user).await?;
    // Afterwards: whoever gave it up just now has committed by then.
    if let Some(email) = &email
        && store::tickets::is_kept_for_another(connection, email, id, now).await?
    {
        return Err(Refusal::EmailTaken.into());
    }
    let roles = Account::all_roles(options.allowed_roles, &options.default_role);
    grant(ctx, connection, id, &roles).await?;
    if options.first_name.is_some() || options.last_name.is_some() {
        let contact = NewContact {
            user_id: id,
            first_name: options.first_name,
            last_name: options.last_name,
            email,
        };
        store::contacts::insert(connection, contact).await?;
    }
    let account = Account {
        email_verified,
        disabled: standing.disabled,
        anonymous,
        activated: !standing.waits,
        ..Account::new(id, options.default_role, roles, has_email)
    };
    Ok(Created { account })
}

impl From<InsertError> for Error {
    fn from(error: InsertError) -> Self {
        match error {
            InsertError::EmailTaken => Refusal::EmailTaken.into(),
            InsertError::UsernameTaken => Refusal::UsernameTaken.into(),
            InsertError::NoSuchRole => Refusal::RoleNotAllowed.into(),
            InsertError::Database(error) => Self::from(error),
        }
    }
}

async fn grant<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    user_id: Uuid,
    roles: &[String],
) -> Result<(), Error> {
    let mut rows = Vec::with_capacity(roles.len());
    for role in roles {
        rows.push((ctx.new_id()?, role.clone()));
    }
    Ok(store::user_roles::grant(connection, user_id, rows, ctx.now()).await?)
}
