//! Email addresses.

use crate::refusal::Refusal;
use crate::value::invalid;

/// An address in the one form it is stored and compared in: lower case, domain in ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Takes what the HTML standard calls a valid address, if mail can be sent to it: dots stand between letters
    /// (RFC 5321, dot-string). International domains become ASCII.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::parse_as("email", text)
    }

    /// The same for an argument of another name.
    pub fn parse_as(argument: &'static str, text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let too_long = || invalid(argument, "may have 254 characters at most");
        // Refused before the work on it: a domain may be expensive to convert.
        if text.chars().count() > 254 {
            return Err(too_long());
        }
        let malformed = || invalid(argument, "must be a valid email address");
        let (local, domain) = text.rsplit_once('@').ok_or_else(malformed)?;
        let domain = idna::domain_to_ascii(domain).map_err(|_| malformed())?;
        if !is_local(local) || !domain.split('.').all(is_label) {
            return Err(malformed());
        }
        let address = format!("{}@{domain}", local.to_ascii_lowercase());
        if address.len() > 254 {
            return Err(too_long());
        }
        Ok(Self(address))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// A domain in the form it has in an address.
    pub fn parse_domain(text: &str) -> Option<String> {
        let address = Self::parse(&format!("x@{}", text.trim())).ok()?;
        Some(address.domain().to_owned())
    }
}

fn is_local(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let is_atom = |text: &str| !text.is_empty() && text.bytes().all(allowed);
    text.len() <= 64 && text.split('.').all(is_atom)
}

fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_stored_in_one_form() {
        for (text, stored) in [
            (" Ada.Lovelace@Example.ORG ", "ada.lovelace@example.org"),
            ("a@localhost", "a@localhost"),
            ("o'neil+tag@example.org", "o'neil+tag@example.org"),
            ("user@bücher.example", "user@xn--bcher-kva.example"),
            ("user@ＥＸＡＭＰＬＥ.org", "user@example.org"),
        ] {
            assert_eq!(Email::parse(text).unwrap().as_str(), stored);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_field_and_rule() {
        let long = format!("{}@example.org", "a".repeat(388));
        for text in [
            "",
            "a",
            "@b",
            "a@",
            "a b@c.d",
            "a@b@c",
            "ä@b.c",
            "a@-b.c",
            "a@b..c",
            "a@b.c.",
            "a@b_c.d",
            "a@[127.0.0.1]",
            ".a@b.c",
            "a.@b.c",
            "a..b@c.d",
            &long,
        ] {
            let refusal = Email::parse(text).unwrap_err();
            assert!(
                matches!(refusal, Refusal::InvalidInput { field: "email", .. }),
                "{text}"
            );
        }
        assert_eq!(
            Email::parse(&long).unwrap_err().message(),
            "email may have 254 characters at most"
        );
    }
}
