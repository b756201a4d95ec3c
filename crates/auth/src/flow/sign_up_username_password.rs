//! `signUpUsernamePassword`.

use crate::audit::recorded;
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::sign_up::{self, Registration};
use crate::new_password;
use crate::session::SignIn;
use crate::value::{Password, SignUpOptions, Username};

const ACTION: &str = "signUpUsernamePassword";

/// What a new user gives.
pub struct SignUpUsernamePasswordInput {
    /// The name to sign in with; it wins over the one among the options.
    pub username: Username,
    /// The password.
    pub password: Password,
    /// The rest.
    pub options: SignUpOptions,
}

/// Makes a user without an address, who signs in with a name.
pub async fn sign_up_username_password(
    ctx: &Ctx<'_>,
    input: SignUpUsernamePasswordInput,
) -> Result<SignIn, Error> {
    sign_up::admit(ctx).await?;
    let names = sign_up::names(ctx, [input.username.as_str()], &input.options);
    let password_hash = new_password::hash(ctx, input.password, &names).await?;
    let registration = Registration {
        email: None,
        username: Some(input.username),
        password_hash: Some(password_hash),
        email_verified: false,
        options: input.options,
        ticket_lifetime: None,
        anonymous: false,
    };
    recorded(
        ctx,
        ACTION,
        None,
        sign_up::with_session(ctx, ACTION, registration).await,
    )
    .await
}
