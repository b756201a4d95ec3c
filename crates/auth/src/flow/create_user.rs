//! `createUser`.

use uuid::Uuid;

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::administer::{refuse, require_elevation};
use crate::flow::sign_up::{self, Registration, Standing};
use crate::mail::Template;
use crate::message::{self, Mailing};
use crate::new_password;
use crate::refusal::Refusal;
use crate::ticket::Purpose;
use crate::value::{Email, ImportedHash, LinkOptions, Password, SignUpOptions, SignUpOptionsInput, Username};

const ACTION: &str = "createUser";

/// What a new user signs in with.
pub enum NewPassword {
    /// A password, which has to be as good as one that users choose.
    Chosen(Password),
    /// What another service kept of one.
    Imported(ImportedHash),
}

/// What a new user is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Welcome {
    /// A link and a code that confirm the address.
    Verification,
    /// A link and a code that set the first password, and so confirm the address.
    PasswordReset,
}

/// Who is to be made.
pub struct CreateUserInput {
    /// The address; without one a name and a password.
    pub email: Option<Email>,
    /// A name to sign in with.
    pub username: Option<Username>,
    /// None for whoever signs in by mail, or will choose one.
    pub password: Option<NewPassword>,
    /// The rest; roles may be any that there are.
    pub options: SignUpOptionsInput,
    /// Whether the address is known to be the user's.
    pub email_verified: bool,
    /// Whether the account is switched off until it is enabled.
    pub disabled: bool,
    /// What is mailed, if anything.
    pub welcome: Option<Welcome>,
}

/// Makes a user for an administrator, whatever is said of sign-ups, and returns its id. To say which roles the user
/// gets is to grant them: that takes an elevated session. Whoever asks was found to be an administrator before.
pub async fn create_user(ctx: &Ctx<'_>, input: CreateUserInput) -> Result<Uuid, Error> {
    match create(ctx, input).await {
        Err(Error::Refused(refusal)) => Err(refuse(ctx, ACTION, None, refusal).await?),
        other => other,
    }
}

async fn create(ctx: &Ctx<'_>, input: CreateUserInput) -> Result<Uuid, Error> {
    if input.options.allowed_roles.is_some() || input.options.default_role.is_some() {
        require_elevation(ctx)?;
    }
    check(&input)?;
    let options = SignUpOptions::parse_by_administrator(input.options, &ctx.auth.policy)?;
    let identifiers = [
        input.email.as_ref().map(Email::as_str),
        input.username.as_ref().map(Username::as_str),
    ];
    let names = sign_up::names(ctx, identifiers.into_iter().flatten(), &options);
    let password_hash = match input.password {
        None => None,
        Some(NewPassword::Imported(hash)) => Some(hash.into_text()),
        Some(NewPassword::Chosen(password)) => Some(new_password::hash(ctx, password, &names).await?),
    };
    let (locale, roles) = (options.locale.as_str().to_owned(), options.allowed_roles.clone());
    let link = LinkOptions {
        redirect_to: options.redirect_to.clone(),
        code_challenge: None,
    };
    let registration = Registration {
        email: input.email.clone(),
        username: input.username,
        password_hash,
        options,
        email_verified: input.email_verified,
        ticket_lifetime: None,
        anonymous: false,
    };
    let standing = Standing {
        disabled: input.disabled,
        waits: false,
        created_by: ctx.session.map(|session| session.user_id),
        ..Standing::default()
    };
    let transaction = ctx.auth.database.begin().await?;
    let created = sign_up::create_with(ctx, &*transaction, registration, standing).await?;
    let id = created.user_id();
    if let (Some(email), Some(welcome)) = (&input.email, input.welcome) {
        let (purpose, template) = match welcome {
            Welcome::Verification => (Purpose::VerifyEmail, Template::EmailVerify),
            Welcome::PasswordReset => (Purpose::ResetPassword, Template::AccountCreated),
        };
        let mailing = Mailing {
            purpose,
            template,
            email,
            locale: &locale,
            user: Some(id),
            subject: id.to_string(),
            session: None,
            link: &link,
            sealed_options: None,
        };
        message::mail_ticket(ctx, &*transaction, mailing).await?;
    }
    Event::success(ACTION, id, None)
        .by_administrator()
        .telling("roles", roles)
        .append(ctx, &*transaction)
        .await?;
    transaction.commit().await?;
    Ok(id)
}

/// Whether the parts go together.
fn check(input: &CreateUserInput) -> Result<(), Refusal> {
    let invalid = |field, rule| Err(Refusal::InvalidInput { field, rule });
    match (&input.email, &input.username, &input.password) {
        (None, None, _) => return invalid("email", "or username is needed"),
        (None, Some(_), None) => return invalid("password", "is needed where there is no email"),
        (Some(_), _, _) | (None, Some(_), Some(_)) => {}
    }
    match (input.welcome, &input.email) {
        (Some(_), None) => invalid("email", "is needed to send a mail"),
        (Some(Welcome::Verification), Some(_)) if input.email_verified => {
            invalid("sendVerificationEmail", "is for an address that is not verified")
        }
        _ => Ok(()),
    }
}
