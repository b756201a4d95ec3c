//! What a new password has to be beyond long enough: not among the commonest, not made of names, not known
//! from a breach, not used before.

mod breach;
mod common;
mod erase;
mod names;
mod replace;

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::caller::Ctx;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::store;
use crate::store::users::Owner;
use crate::value::Password;

pub(crate) use erase::erase;
pub(crate) use names::Names;
pub(crate) use replace::{Replacement, replace};

/// Judges a new password and hashes it.
pub(crate) async fn hash(ctx: &Ctx<'_>, password: Password, names: &Names) -> Result<String, Error> {
    judge(&password, names)?;
    breach::judge(ctx, &password).await?;
    let auth = ctx.auth;
    auth.hashing
        .create(auth.entropy.as_ref(), &Arc::new(password))
        .await
}

/// Judges a new password of somebody who has one already, and hashes it. Asked again by comparing hashes: it may
/// take as long as several sign-ins.
pub(crate) async fn hash_for(ctx: &Ctx<'_>, password: Password, owner: &Owner) -> Result<String, Error> {
    let auth = ctx.auth;
    judge(&password, &Names::new(&auth.policy, owner.names()))?;
    breach::judge(ctx, &password).await?;
    let password = Arc::new(password);
    if auth.policy.password_history > 0 {
        // The present one is one of them, where there is one.
        let present = owner.credentials.password_hash.as_ref();
        let count = auth.policy.password_history - u32::from(present.is_some());
        let connection = &auth.database.connection;
        let former = store::password_history::latest(connection, owner.id(), count.into()).await?;
        for hash in present.into_iter().chain(&former) {
            if auth.hashing.verify(Some(hash), &password).await?.is_some() {
                return Err(Refusal::PasswordUsedBefore.into());
            }
        }
    }
    auth.hashing.create(auth.entropy.as_ref(), &password).await
}

fn judge(password: &Password, names: &Names) -> Result<(), Refusal> {
    let lower = Zeroizing::new(password.as_str().to_lowercase());
    if common::is_common(&lower) {
        return Err(Refusal::PasswordTooCommon);
    }
    if names.make_up(&lower) {
        return Err(Refusal::PasswordOfNames);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    #[test]
    fn case_and_width_hide_nothing() {
        let names = Names::new(&Policy::default(), ["ada@example.org"]);
        let judged = |text: &str| judge(&Password::parse(text).unwrap(), &names);
        assert_eq!(judged("correct horse"), Ok(()));
        for text in ["password1", "PassWord1", "\u{FF50}assword1"] {
            assert_eq!(judged(text), Err(Refusal::PasswordTooCommon), "{text}");
        }
        for text in ["Ada123456", "EXAMPLE-ada", "\u{FF21}da123456"] {
            assert_eq!(judged(text), Err(Refusal::PasswordOfNames), "{text}");
        }
    }
}
