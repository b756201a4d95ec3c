//! The ids of the numbered users: `md5('u' || n)`.

use std::fmt::Write;

use md5::{Digest, Md5};

/// Ids of the users 1 to n, as text; made beforehand, so that a request does not pay for it.
pub(crate) struct Ids {
    text: Vec<String>,
}

impl Ids {
    /// The ids of so many users.
    pub(crate) fn new(users: u32) -> Self {
        let text = (1..=users).map(|number| hyphenated(&user(number)));
        Self { text: text.collect() }
    }

    /// The id of a random user.
    pub(crate) fn random(&self, random: &mut fastrand::Rng) -> &str {
        let place = random.usize(..self.text.len().max(1));
        self.text.get(place).map_or("", String::as_str)
    }
}

/// The id of the user with this number.
pub(crate) fn user(number: u32) -> [u8; 16] {
    digest(&format!("u{number}"))
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
        let id = ids.random(&mut fastrand::Rng::with_seed(1));
        assert_eq!(id, "e4774cdd-a079-3f86-414e-8b9140bb6db4");
    }
}
