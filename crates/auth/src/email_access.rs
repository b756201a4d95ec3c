//! Which addresses may be used at all.

use crate::refusal::Refusal;
use crate::value::Email;

/// Lists of addresses and domains, in the form that addresses are compared in. All empty, every address may be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmailAccess {
    /// Addresses that may be used, whatever is said of their domain.
    pub allowed_emails: Vec<Email>,
    /// Domains whose addresses may be used.
    pub allowed_domains: Vec<String>,
    /// Addresses that may not be used.
    pub blocked_emails: Vec<Email>,
    /// Domains whose addresses may not be used.
    pub blocked_domains: Vec<String>,
}

impl EmailAccess {
    /// Whether this address may be used. The finer rule comes first, and of two alike the one that forbids; where
    /// anything is allowed by name, nothing else is.
    pub(crate) fn admit(&self, email: &Email) -> Result<(), Refusal> {
        let domain = |domains: &[String]| domains.iter().any(|domain| domain == email.domain());
        let open = self.allowed_emails.is_empty() && self.allowed_domains.is_empty();
        let admitted = if self.blocked_emails.contains(email) {
            false
        } else if self.allowed_emails.contains(email) {
            true
        } else if domain(&self.blocked_domains) {
            false
        } else {
            open || domain(&self.allowed_domains)
        };
        match admitted {
            true => Ok(()),
            false => Err(Refusal::EmailNotAllowed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses and domains allowed and blocked, then an address and whether it may be used.
    type Case = (
        &'static [&'static str],
        &'static [&'static str],
        &'static [&'static str],
        &'static [&'static str],
        &'static str,
        bool,
    );

    #[test]
    fn the_finer_rule_comes_first_and_forbidding_before_allowing() {
        let cases: [Case; 11] = [
            (&[], &[], &[], &[], "a@x.org", true),
            (&["a@x.org"], &[], &[], &[], "A@X.org", true),
            (&["a@x.org"], &[], &[], &[], "b@x.org", false),
            (&[], &["x.org"], &[], &[], "b@x.org", true),
            (&[], &["x.org"], &[], &[], "b@sub.x.org", false),
            (&[], &[], &["a@x.org"], &[], "a@x.org", false),
            (&[], &[], &["a@x.org"], &[], "b@x.org", true),
            (&["a@x.org"], &[], &["a@x.org"], &[], "a@x.org", false),
            (&["a@x.org"], &[], &[], &["x.org"], "a@x.org", true),
            (&[], &["x.org"], &[], &["x.org"], "a@x.org", false),
            (
                &[],
                &["xn--bcher-kva.example"],
                &[],
                &[],
                "a@B\u{dc}CHER.example",
                true,
            ),
        ];
        let emails = |list: &[&str]| list.iter().map(|text| Email::parse(text).unwrap()).collect();
        let domains = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        for (allowed_emails, allowed_domains, blocked_emails, blocked_domains, email, admitted) in cases {
            let access = EmailAccess {
                allowed_emails: emails(allowed_emails),
                allowed_domains: domains(allowed_domains),
                blocked_emails: emails(blocked_emails),
                blocked_domains: domains(blocked_domains),
            };
            let found = access.admit(&Email::parse(email).unwrap());
            assert_eq!(found.is_ok(), admitted, "{email}");
        }
    }
}
