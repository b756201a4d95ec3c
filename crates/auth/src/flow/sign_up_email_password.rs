//! `signUpEmailPassword`.

use crate::audit::recorded;
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::sign_up::{self, Registration};
use crate::new_password;
use crate::session::SignIn;
use crate::value::{Email, Password, SignUpOptions};

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
    auth.policy.email_access.admit(&input.email)?;
    let first = sign_up::first_mail(&auth.policy);
    let email = input.email;
    let names = sign_up::names(ctx, [email.as_str()], &input.options);
    let password_hash = new_password::hash(ctx, input.password, &names).await?;
    let registration = Registration {
        email: Some(email.clone()),
        username: input.options.username.clone(),
        password_hash: Some(password_hash),
        email_verified: false,
        options: input.options,
        ticket_lifetime: first.map(|(purpose, _)| purpose.lifetime(&auth.policy)),
        anonymous: false,
    };
    let result = match first {
        Some(first) => sign_up::with_first_mail(ctx, ACTION, (&email, first), registration, None).await,
        None => sign_up::with_session(ctx, ACTION, registration).await,
    };
    recorded(ctx, ACTION, None, result).await
}
