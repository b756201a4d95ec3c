//! Messages to users, left in the outbox by the transaction that causes them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use portico_entity::outbox::ActiveModel;
use sea_orm::ActiveValue::Set;
use sea_orm::ConnectionTrait;

use crate::caller::Ctx;
use crate::error::{Error, InternalError};
use crate::mail::{Template, Variables};
use crate::port::{Entropy, EntropyError, random};
use crate::store;
use crate::value::{Email, Locale};

/// Asks the owner of a new address to confirm it: by a link, or by a code where the link opens on
/// another device.
pub(crate) async fn verify_email<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    email: &Email,
    locale: &Locale,
) -> Result<(), Error> {
    let entropy = ctx.auth.entropy.as_ref();
    let ticket = URL_SAFE_NO_PAD.encode(random::<32>(entropy)?);
    let base = ctx.auth.policy.public_url.trim_end_matches('/');
    let variables = Variables {
        link: format!("{base}/v1/verify?ticket={ticket}"),
        code: code(entropy)?,
        email: email.as_str().to_owned(),
        ..Variables::default()
    };
    leave(ctx, connection, email, locale, (Template::EmailVerify, variables)).await
}

/// Tells the owner of an address that somebody tried to sign up with it.
pub(crate) async fn email_is_taken<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    email: &Email,
    locale: &Locale,
) -> Result<(), Error> {
    let variables = Variables {
        link: ctx.auth.policy.client_address().to_owned(),
        email: email.as_str().to_owned(),
        ..Variables::default()
    };
    leave(ctx, connection, email, locale, (Template::EmailTaken, variables)).await
}

/// Tells the owner of an account that its password is another now.
pub(crate) async fn password_changed<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    email: &Email,
    locale: &Locale,
) -> Result<(), Error> {
    let variables = Variables {
        link: ctx.auth.policy.client_address().to_owned(),
        email: email.as_str().to_owned(),
        ..Variables::default()
    };
    leave(
        ctx,
        connection,
        email,
        locale,
        (Template::PasswordChanged, variables),
    )
    .await
}

async fn leave<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    email: &Email,
    locale: &Locale,
    (template, variables): (Template, Variables),
) -> Result<(), Error> {
    let (id, now) = (ctx.new_id()?, ctx.now());
    let body = serde_json::to_vec(&variables).map_err(InternalError::Json)?;
    let lifetime = ctx.auth.policy.verification_lifetime.max(TimeDelta::minutes(1));
    let row = ActiveModel {
        id: Set(id),
        kind: Set("email".to_owned()),
        recipient: Set(email.as_str().to_owned()),
        template: Set(template.name().to_owned()),
        locale: Set(locale.as_str().to_owned()),
        sealed_body: Set(Some(ctx.auth.keys.sealer.seal(
            ctx.auth.entropy.as_ref(),
            id.as_bytes(),
            &body,
        )?)),
        key_id: Set(ctx.auth.keys.key_id.clone()),
        created_at: Set(now),
        expires_at: Set(now + lifetime),
        next_attempt_at: Set(now),
        ..Default::default()
    };
    Ok(store::outbox::insert(connection, row).await?)
}

/// Six digits, each as likely as the other.
fn code(entropy: &dyn Entropy) -> Result<String, EntropyError> {
    const DIGITS: u32 = 1_000_000;
    // Numbers beyond the last whole million would make small codes likelier.
    const LIMIT: u32 = u32::MAX - u32::MAX % DIGITS;
    loop {
        let number = u32::from_be_bytes(random(entropy)?);
        if number < LIMIT {
            return Ok(format!("{:06}", number % DIGITS));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestEntropy;

    #[test]
    fn a_code_has_six_digits() {
        let entropy = TestEntropy::default();
        for _ in 0..100 {
            let code = code(&entropy).unwrap();
            assert!(
                code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()),
                "{code}"
            );
        }
    }
}
