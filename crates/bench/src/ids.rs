//! The ids of the numbered users, `md5('u' || n)`, and of their organisations, `md5('o' || n)`.

use std::fmt::Write;

use md5::{Digest, Md5};

/// Users of one organisation, in their order.
pub(crate) const USERS_OF_AN_ORG: u32 = 100;

/// Ids of the users 1 to n and of their organisations, as text; made beforehand, so that a request does not pay for
/// it.
pub(crate) struct Ids {
    users: Vec<String>,
    orgs: Vec<String>,
}

impl Ids {
    /// The ids of so many users.
    pub(crate) fn new(users: u32) -> Self {
        let orgs = 1..=users / USERS_OF_AN_ORG;
        Self {
            users: (1..=users).map(|number| hyphenated(&user(number))).collect(),
            orgs: orgs.map(|number| hyphenated(&org(number))).collect(),
        }
    }

    /// The id of a random user.
    pub(crate) fn user(&self, random: &mut fastrand::Rng) -> &str {
        one_of(&self.users, random)
    }

    /// The number of a random user.
    pub(crate) fn number(&self, random: &mut fastrand::Rng) -> usize {
        random.usize(1..=self.users.len().max(1))
    }

    /// The id of a random organisation.
    pub(crate) fn org(&self, random: &mut fastrand::Rng) -> &str {
        one_of(&self.orgs, random)
    }
}

fn one_of<'t>(texts: &'t [String], random: &mut fastrand::Rng) -> &'t str {
    texts
        .get(random.usize(..texts.len().max(1)))
        .map_or("", String::as_str)
}

/// The id of the user with this number.
pub(crate) fn user(number: u32) -> [u8; 16] {
    digest(&format!("u{number}"))
}

/// The id of the organisation with this number.
pub(crate) fn org(number: u32) -> [u8; 16] {
    digest(&format!("o{number}"))
}

/// A random moment of the four years in which the numbered users came.
pub(crate) fn moment(random: &mut fastrand::Rng) -> String {
    let (year, month, day) = (random.u32(2020..2024), random.u32(1..=12), random.u32(1..=28));
    let (hour, minute) = (random.u32(..24), random.u32(..60));
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00+00:00")
}

/// The MD5 of a text, which is what ids are made of.
pub(crate) fn digest(text: &str) -> [u8; 16] {
    Md5::digest(text.as_bytes()).into()
}

/// The usual form of a UUID.
fn hyphenated(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_that_postgresql_makes() {
        // SELECT md5('u1')::uuid
        let ids = Ids::new(1);
        let id = ids.user(&mut fastrand::Rng::with_seed(1));
        assert_eq!(id, "e4774cdd-a079-3f86-414e-8b9140bb6db4");
    }
}
