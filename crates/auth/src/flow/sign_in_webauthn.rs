//! `signInWebauthn` and `verifySignInWebauthn`.

use serde_json::Value;
use tokio::try_join;

use crate::audit::{Event, recorded};
use crate::caller::Ctx;
use crate::error::Error;
use crate::evenly::evenly;
use crate::flow::passkey::{Presented, allowed, present};
use crate::passkey::{self, Asked, Assertion, Ceremony, decoys};
use crate::session::{self, SignIn, Standing, Verified};
use crate::store;
use crate::value::Email;

const ACTION: &str = "verifySignInWebauthn";

/// Who wants to sign in.
pub struct SignInWebauthnInput {
    /// The address; without one the passkey tells who it is.
    pub email: Option<Email>,
}

/// Asks for a signature of a passkey: `PublicKeyCredentialRequestOptionsJSON`. An address that nobody has, or whose
/// user has no passkey, is answered as if it had some, the same each time. Whoever has more of them than most, or adds
/// one, differs from that.
pub async fn sign_in_webauthn(ctx: &Ctx<'_>, input: SignInWebauthnInput) -> Result<Value, Error> {
    evenly(ask(ctx, input)).await
}

async fn ask(ctx: &Ctx<'_>, input: SignInWebauthnInput) -> Result<Value, Error> {
    let auth = ctx.auth;
    let party = auth.relying_party()?;
    auth.limit_sign_in(ctx.caller).await?;
    let (user, credentials) = match &input.email {
        None => (None, Vec::new()),
        Some(email) => {
            let connection = &auth.database.reads();
            let (nobody, decoys) = decoys(&auth.keys.decoy, email);
            let found = store::users::addressee(connection, email).await?;
            let user = found.map_or(nobody, |found| found.id);
            // Asked for nobody too: it takes as long.
            let credentials = allowed(ctx, connection, user).await?;
            match credentials.is_empty() {
                true => (Some(nobody), decoys),
                false => (Some(user), credentials),
            }
        }
    };
    let question = party.ask_for_signature(&credentials)?;
    let asked = Asked {
        user,
        within: None,
        state: question.state,
    };
    let connection = auth.database.alone();
    passkey::ask(ctx, &connection, Ceremony::SignIn, &question.challenge, &asked).await?;
    Ok(question.options)
}

/// What the passkey signed.
pub struct VerifySignInWebauthnInput {
    /// The signature.
    pub credential: Assertion,
}

/// Opens a session for the user of a passkey.
pub async fn verify_sign_in_webauthn(
    ctx: &Ctx<'_>,
    input: VerifySignInWebauthnInput,
) -> Result<SignIn, Error> {
    ctx.auth.limit_sign_in(ctx.caller).await?;
    let mut user = None;
    let entered = async {
        let presented = present(ctx, Ceremony::SignIn, input.credential).await?;
        user = presented.user();
        enter(ctx, presented).await
    };
    let entered = entered.await;
    recorded(ctx, ACTION, user, entered).await
}

async fn enter(ctx: &Ctx<'_>, presented: Presented) -> Result<SignIn, Error> {
    let checked = presented.check(ctx)?;
    let user = checked.user();
    let transaction = ctx.auth.database.begin_direct().await?;
    let ((account, proof), standing) = try_join!(
        biased;
        checked.enter(ctx, &transaction),
        Standing::of(ctx, &transaction, user),
    )?;
    let verified = Verified::by_passkey(account, &proof);
    let sign_in = session::open_as(ctx, &transaction, verified, standing).await?;
    let event = Event::success(ACTION, user, sign_in.session_id());
    event.append(ctx, &transaction).await?;
    transaction.commit().await?;
    Ok(sign_in)
}
