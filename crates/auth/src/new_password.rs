//! What a new password has to be beyond long enough: not among the commonest, not made of names.

mod common;
mod names;

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::caller::Ctx;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::value::Password;

pub(crate) use names::Names;

/// Judges a new password and hashes it.
pub(crate) async fn hash(ctx: &Ctx<'_>, password: Password, names: &Names) -> Result<String, Error> {
    judge(&password, names)?;
    let auth = ctx.auth;
    auth.hashing
        .create(auth.entropy.as_ref(), &Arc::new(password))
        .await
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
