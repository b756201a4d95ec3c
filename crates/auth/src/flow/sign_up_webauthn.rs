//! `signUpWebauthn` and `verifySignUpWebauthn`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use webauthn_rs_core::proto::RegistrationState;

use crate::audit::recorded;
use crate::caller::Ctx;
use crate::error::{Error, InternalError};
use crate::flow::passkey::refuse_taken;
use crate::flow::sign_up::{self, Key, Registration};
use crate::passkey::{self, Asked, Attestation, Ceremony, Owner};
use crate::seal::SealError;
use crate::session::SignIn;
use crate::value::{Email, Nickname, SignUpOptions, SignUpOptionsInput};

const ACTION: &str = "verifySignUpWebauthn";

/// What a new user gives.
pub struct SignUpWebauthnInput {
    /// The address.
    pub email: Email,
    /// The rest.
    pub options: SignUpOptionsInput,
}

/// What is known of somebody whose passkey is about to be made.
#[derive(Serialize, Deserialize)]
struct NewUser {
    id: Uuid,
    email: String,
    options: SignUpOptionsInput,
    registration: RegistrationState,
}

/// Asks for the passkey of a new user: `PublicKeyCredentialCreationOptionsJSON`. Whether the address is taken is
/// not looked at.
pub async fn sign_up_webauthn(ctx: &Ctx<'_>, input: SignUpWebauthnInput) -> Result<Value, Error> {
    let auth = ctx.auth;
    let party = auth.relying_party()?;
    sign_up::admit(ctx).await?;
    auth.policy.email_access.admit(&input.email)?;
    // Checked now, so that whoever asks is told; checked again when the user is made.
    let options = SignUpOptions::parse(input.options.clone(), &auth.policy)?;
    let (id, email) = (ctx.new_id()?, input.email.as_str());
    let owner = Owner {
        id,
        name: email,
        display_name: options.display_name.as_ref().map_or(email, |name| name.as_str()),
    };
    let question = party.ask_for_new(&owner, &[])?;
    let asked = Asked {
        user: None,
        within: None,
        state: NewUser {
            id,
            email: email.to_owned(),
            options: input.options,
            registration: question.state,
        },
    };
    let _turn = auth.database.turn().await;
    let connection = &auth.database.connection;
    passkey::ask(ctx, connection, Ceremony::SignUp, &question.challenge, &asked).await?;
    Ok(question.options)
}

/// What the authenticator made.
pub struct VerifySignUpWebauthnInput {
    /// The new passkey.
    pub credential: Attestation,
    /// What its user calls it.
    pub nickname: Option<Nickname>,
}

/// Makes a user with an email and a passkey. Where the address must be verified the answer is the same for new and
/// taken addresses, as with a password.
pub async fn verify_sign_up_webauthn(
    ctx: &Ctx<'_>,
    input: VerifySignUpWebauthnInput,
) -> Result<SignIn, Error> {
    sign_up::admit(ctx).await?;
    recorded(ctx, ACTION, None, verify(ctx, input).await).await
}

async fn verify(ctx: &Ctx<'_>, input: VerifySignUpWebauthnInput) -> Result<SignIn, Error> {
    let auth = ctx.auth;
    let party = auth.relying_party()?;
    let challenge = input.credential.challenge();
    let asked: Asked<NewUser> = passkey::take(ctx, Ceremony::SignUp, challenge).await?;
    let new = asked.state;
    let registered = party.register(&input.credential, &new.registration)?;
    // Asked before the address is looked at: else a passkey registered elsewhere would tell which are taken.
    refuse_taken(&auth.database.connection, &registered).await?;
    let first = sign_up::first_mail(&auth.policy);
    let email = Email::parse(&new.email).map_err(|_| InternalError::Seal(SealError::Open))?;
    auth.policy.email_access.admit(&email)?;
    let options = SignUpOptions::parse(new.options, &auth.policy)?;
    let registration = Registration {
        email: Some(email.clone()),
        username: options.username.clone(),
        password_hash: None,
        options,
        email_verified: false,
        ticket_lifetime: first.map(|(purpose, _)| purpose.lifetime(&auth.policy)),
        anonymous: false,
    };
    let key = Key {
        user: new.id,
        registered,
        nickname: input.nickname,
    };
    match first {
        Some(first) => sign_up::with_first_mail(ctx, ACTION, (&email, first), registration, Some(key)).await,
        None => sign_up::with_session_by_key(ctx, ACTION, registration, key).await,
    }
}
