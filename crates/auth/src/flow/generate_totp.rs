//! `generateTotp`.

use portico_entity::tickets;
use sea_orm::ActiveValue::Set;

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::{Error, InternalError};
use crate::qr_code;
use crate::refusal::Refusal;
use crate::store;
use crate::ticket::{Purpose, Ticket};
use crate::token::Plain;
use crate::totp::Secret;
use crate::value::Email;

/// A new secret, as shown once.
pub struct NewTotp {
    /// The secret in base32, to be typed.
    pub secret: Plain,
    /// The same as an address (`otpauth:`) for the authenticator application on this device.
    pub uri: Plain,
    /// The same as a picture (PNG), as a data URI.
    pub image: Plain,
}

/// Makes a secret for an authenticator application. It waits for its first code; until then whatever was there
/// before is what counts.
pub async fn generate_totp(ctx: &Ctx<'_>) -> Result<NewTotp, Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    ctx.auth.limit_sign_in(ctx.caller).await?;
    let (auth, user, now) = (ctx.auth, session.user_id, ctx.now());
    let entropy = auth.entropy.as_ref();
    let owner = store::users::owner(&auth.database.reads(), user).await?;
    let owner = owner.ok_or(Refusal::NotSignedIn)?;
    let secret = Secret::create(entropy)?;
    let sealed = secret.seal(&auth.keys.sealer, entropy, user)?;
    let account = owner.email().as_ref().map(Email::as_str).map(str::to_owned);
    let account = account.or_else(|| owner.names().next().map(str::to_owned));
    let account = account.unwrap_or_else(|| user.to_string());
    // Whoever is called something very long still has a picture.
    let account: String = account.chars().take(100).collect();
    let uri = secret.uri(&auth.policy.totp_issuer, &account);
    let image = qr_code::data_uri(&uri).map_err(InternalError::QrCode)?;
    let row = tickets::ActiveModel {
        id: Set(ctx.new_id()?),
        purpose: Set(Purpose::EnrolTotp.as_str().to_owned()),
        subject: Set(user.to_string()),
        user_id: Set(Some(user)),
        address: Set(String::new()),
        // Found by its user, and by nothing that was handed out.
        ticket_hash: Set(Ticket::create(entropy)?.hash),
        sealed_options: Set(Some(sealed.into_bytes())),
        created_at: Set(now),
        expires_at: Set(now + Purpose::EnrolTotp.lifetime(&auth.policy)),
        ..Default::default()
    };
    let transaction = auth.database.begin().await?;
    store::tickets::put(&*transaction, row).await?;
    let event = Event::success("generateTotp", user, Some(session.session_id));
    event.append(ctx, &*transaction).await?;
    transaction.commit().await?;
    Ok(NewTotp {
        secret: Plain::new(secret.base32()),
        uri: Plain::new(uri),
        image: Plain::new(image),
    })
}
