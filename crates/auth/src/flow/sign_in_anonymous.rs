//! `signInAnonymous`: a user whom nothing identifies yet.

use serde_json::Value;

use crate::audit::recorded;
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::sign_up::{self, Registration};
use crate::refusal::Refusal;
use crate::session::SignIn;
use crate::store::users::ANONYMOUS_NAME;
use crate::value::{DisplayName, SignUpOptions, SignUpOptionsInput};

const ACTION: &str = "signInAnonymous";
/// The one role of an anonymous user.
const ROLE: &str = "anonymous";

/// What somebody says of themselves without saying who they are.
pub struct SignInAnonymousInput {
    /// Name as shown.
    pub display_name: Option<String>,
    /// Language of two letters.
    pub locale: Option<String>,
    /// A JSON object.
    pub metadata: Option<Value>,
}

/// Makes an anonymous user, where the operator allows it, and opens a session. Counted like a sign-up.
pub async fn sign_in_anonymous(ctx: &Ctx<'_>, input: SignInAnonymousInput) -> Result<SignIn, Error> {
    recorded(ctx, ACTION, None, enter(ctx, input).await).await
}

async fn enter(ctx: &Ctx<'_>, input: SignInAnonymousInput) -> Result<SignIn, Error> {
    let policy = &ctx.auth.policy;
    sign_up::admit(ctx).await?;
    if !policy.anonymous_users {
        return Err(Refusal::SwitchedOff.into());
    }
    let said = SignUpOptionsInput {
        display_name: input.display_name,
        locale: input.locale,
        metadata: input.metadata,
        ..SignUpOptionsInput::default()
    };
    let options = SignUpOptions::parse(said, policy)?;
    let options = SignUpOptions {
        allowed_roles: vec![ROLE.to_owned()],
        default_role: ROLE.to_owned(),
        display_name: Some(match options.display_name {
            Some(name) => name,
            None => DisplayName::parse(ANONYMOUS_NAME)?,
        }),
        ..options
    };
    let registration = Registration {
        email: None,
        username: None,
        password_hash: None,
        options,
        email_verified: false,
        ticket_lifetime: None,
        anonymous: true,
    };
    sign_up::with_session(ctx, ACTION, registration).await
}
