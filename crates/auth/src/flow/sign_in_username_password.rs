//! `signInUsernamePassword`.

use std::sync::Arc;

use crate::attempt::{Attempt, Target};
use crate::caller::Ctx;
use crate::error::Error;
use crate::evenly::refusing_evenly;
use crate::flow::sign_in::{Presented, finish};
use crate::refusal::Identifier;
use crate::session::SignIn;
use crate::store;
use crate::value::{Password, Username};

/// What a user proves itself with.
pub struct SignInUsernamePasswordInput {
    /// The name.
    pub username: Username,
    /// The password.
    pub password: Password,
}

/// Opens a session for whoever knows the password of this name.
pub async fn sign_in_username_password(
    ctx: &Ctx<'_>,
    input: SignInUsernamePasswordInput,
) -> Result<SignIn, Error> {
    refusing_evenly(sign_in(ctx, input)).await
}

async fn sign_in(ctx: &Ctx<'_>, input: SignInUsernamePasswordInput) -> Result<SignIn, Error> {
    ctx.auth.limit_sign_in(ctx.caller).await?;
    let found = store::users::by_username(&ctx.auth.database.reads(), &input.username).await?;
    let target = Target::of(found.as_ref(), Identifier::Username, input.username.as_str());
    let attempt = Attempt::begin(ctx, target).await?;
    let presented = Presented {
        action: "signInUsernamePassword",
        identifier: Identifier::Username,
        attempt,
        found,
        password: Arc::new(input.password),
    };
    finish(ctx, presented).await
}
