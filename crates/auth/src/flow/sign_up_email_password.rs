//! `signUpEmailPassword`.

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::sign_up::{self, Registration};
use crate::mail::Template;
use crate::message::{self, Mailing};
use crate::new_password;
use crate::policy::EmailVerification;
use crate::refusal::Refusal;
use crate::session::SignIn;
use crate::ticket::Purpose;
use crate::value::{Email, LinkOptions, Password, SignUpOptions};

const ACTION: &str = "signUpEmailPassword";

/// What a new user gives.
pub struct SignUpEmailPasswordInput {
    /// The address.
    pub email: Email,
    /// The password.
    pub password: Password,
    /// The rest.
    pub options: SignUpOptions,
}

/// Makes a user with an email and a password.
///
/// Where the address must be verified the answer and its cost are the same for new and taken
/// addresses; whoever owns the address is told by mail. A taken username is told first, whether or
/// not the address is taken. What stays to be seen: a username goes with a new address only, so that
/// whoever asks for it again, or signs in with the password just set, learns which it was. Each such
/// question costs a sign-up, which is limited, and tells the owner of the address.
pub async fn sign_up_email_password(ctx: &Ctx<'_>, input: SignUpEmailPasswordInput) -> Result<SignIn, Error> {
    sign_up::admit(ctx).await?;
    let auth = ctx.auth;
    let required = auth.policy.email_verification == EmailVerification::Required;
    let email = input.email;
    let names = sign_up::names(ctx, [email.as_str()], &input.options);
    let password_hash = new_password::hash(ctx, input.password, &names).await?;
    let registration = Registration {
        email: Some(email.clone()),
        username: input.options.username.clone(),
        password_hash: Some(password_hash),
        email_verified: false,
        options: input.options,
        ticket_lifetime: required.then_some(auth.policy.verification_lifetime),
    };
    let result = match required {
        true => with_verification(ctx, &email, registration).await,
        false => sign_up::with_session(ctx, ACTION, registration).await,
    };
    match result {
        Ok(signed_in) => Ok(signed_in),
        Err(error) => Err(sign_up::record_refusal(ctx, ACTION, error).await?),
    }
}

async fn with_verification(
    ctx: &Ctx<'_>,
    email: &Email,
    registration: Registration,
) -> Result<SignIn, Error> {
    let locale = registration.options.locale.as_str().to_owned();
    let link = LinkOptions {
        redirect_to: registration.options.redirect_to.clone(),
        code_challenge: registration.options.code_challenge.clone(),
    };
    let transaction = ctx.auth.database.begin().await?;
    match sign_up::create(ctx, &*transaction, registration).await {
        Ok(created) => {
            let mailing = Mailing {
                purpose: Purpose::VerifyEmail,
                template: Template::EmailVerify,
                email,
                locale: &locale,
                user: Some(created.user_id()),
                subject: created.user_id().to_string(),
                session: None,
                link: &link,
                sealed_options: None,
            };
            message::mail_ticket(ctx, &*transaction, mailing).await?;
            Event::success(ACTION, created.user_id(), None)
                .append(ctx, &*transaction)
                .await?;
            transaction.commit().await?;
        }
        Err(Error::Refused(Refusal::EmailTaken)) => {
            // PostgreSQL takes no further statement in a transaction that failed.
            drop(transaction);
            let transaction = ctx.auth.database.begin().await?;
            message::notice(ctx, &*transaction, Template::EmailTaken, (email, &locale)).await?;
            Event::refused(ACTION, None, Refusal::EmailTaken)
                .append(ctx, &*transaction)
                .await?;
            transaction.commit().await?;
        }
        Err(error) => return Err(error),
    }
    Ok(SignIn::NeedsVerification)
}
