//! `signInEmailPassword`.

use std::sync::Arc;

use crate::attempt::{Attempt, Target};
use crate::caller::Ctx;
use crate::error::Error;
use crate::evenly::refusing_evenly;
use crate::flow::sign_in::{Presented, finish};
use crate::refusal::Identifier;
use crate::session::SignIn;
use crate::store;
use crate::value::{Email, Password};

/// What a user proves itself with.
pub struct SignInEmailPasswordInput {
    /// The address.
    pub email: Email,
    /// The password.
    pub password: Password,
}

/// Opens a session for whoever knows the password of this address.
pub async fn sign_in_email_password(ctx: &Ctx<'_>, input: SignInEmailPasswordInput) -> Result<SignIn, Error> {
    refusing_evenly(sign_in(ctx, input)).await
}

async fn sign_in(ctx: &Ctx<'_>, input: SignInEmailPasswordInput) -> Result<SignIn, Error> {
    ctx.auth.limit_sign_in(ctx.caller).await?;
    let found = store::users::by_email(&ctx.auth.database.reads(), &input.email).await?;
    let target = Target::of(found.as_ref(), Identifier::Email, input.email.as_str());
    let attempt = Attempt::begin(ctx, target).await?;
    let presented = Presented {
        action: "signInEmailPassword",
        identifier: Identifier::Email,
        attempt,
        found,
        password: Arc::new(input.password),
    };
    finish(ctx, presented).await
}
