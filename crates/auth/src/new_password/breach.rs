//! Passwords known from breaches: asked of a service that is told five characters of a hash and no more.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use crate::caller::Ctx;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::value::Password;

/// How much of the hash the service is told: hundreds of passwords share it.
const PREFIX: usize = 5;

/// Refuses a password that was seen in a breach. Where the service does not answer, the policy decides.
pub(super) async fn judge(ctx: &Ctx<'_>, password: &Password) -> Result<(), Error> {
    let Some(service) = &ctx.auth.breached_passwords else {
        return Ok(());
    };
    let hash = hex::encode_upper(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_typed()));
    let (prefix, rest) = hash.split_at(PREFIX);
    match service.range(prefix).await {
        Ok(range) if lists(&range, rest) => Err(Refusal::PasswordBreached.into()),
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::warn!(%error, "the service that knows breached passwords did not answer");
            match ctx.auth.policy.breached_passwords_required {
                true => Err(Refusal::BreachesUnknown.into()),
                false => Ok(()),
            }
        }
    }
}

/// Whether a range lists the rest of a hash, in lines of `REST:COUNT`. What was counted 0 times is padding.
fn lists(range: &str, rest: &str) -> bool {
    range
        .lines()
        .filter_map(|line| line.trim().split_once(':'))
        .any(|(listed, count)| listed.eq_ignore_ascii_case(rest) && count != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_lists_what_was_counted() {
        let range = "0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n1e4c9b93f3f0682250b6cf8331b7ee68fd8:3861493\r\n\
            00000000000000000000000000000000000:0\r\nnonsense\r\n";
        assert!(lists(range, "1E4C9B93F3F0682250B6CF8331B7EE68FD8"));
        assert!(lists(range, "0018A45C4D1DEF81644B54AB7F969B88D65"));
        for absent in [
            "00000000000000000000000000000000000",
            "nonsense",
            "",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD",
        ] {
            assert!(!lists(range, absent), "{absent}");
        }
    }
}
