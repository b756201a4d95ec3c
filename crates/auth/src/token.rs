//! Refresh tokens: `prt_` and base64url of session id, generation, 32 random bytes and a MAC.
//!
//! The MAC tells a token this service made from one that somebody made up, before the database is
//! asked: only a genuine token that was used before may end a session.

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::port::{Entropy, EntropyError, random};
use crate::refusal::RefreshFault;
use crate::seal::{SealError, Sealer};

const PREFIX: &str = "prt_";
const BODY: usize = 16 + 4 + 32;
const MAC: usize = 32;

/// A value that is secret in itself. It has no `Debug` and no `Serialize`: showing it takes a call.
#[derive(Clone, PartialEq, Eq)]
pub struct Plain(Zeroizing<String>);

impl Plain {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret, for the one answer that hands it out.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// A token that this service made, or one that it goes on from.
pub(crate) struct RefreshToken {
    session: Uuid,
    generation: u32,
    adopted: bool,
    text: Plain,
}

impl RefreshToken {
    /// Makes the token of a session's generation.
    pub(crate) fn create(
        key: &hmac::Key,
        entropy: &dyn Entropy,
        session: Uuid,
        generation: u32,
    ) -> Result<Self, EntropyError> {
        let random: Zeroizing<[u8; 32]> = Zeroizing::new(random(entropy)?);
        let mut bytes = Zeroizing::new(Vec::with_capacity(BODY + MAC));
        bytes.extend_from_slice(session.as_bytes());
        bytes.extend_from_slice(&generation.to_be_bytes());
        bytes.extend_from_slice(random.as_slice());
        let mac = hmac::sign(key, &bytes);
        bytes.extend_from_slice(mac.as_ref());
        let mut text = String::with_capacity(PREFIX.len() + (BODY + MAC) * 4 / 3);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        Ok(Self {
            session,
            generation,
            adopted: false,
            text: Plain::new(text),
        })
    }

    /// Reads a token and checks that this service made it.
    pub(crate) fn parse(key: &hmac::Key, text: &str) -> Result<Self, RefreshFault> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(RefreshFault::Malformed)?;
        if encoded.len() != (BODY + MAC) * 4 / 3 {
            return Err(RefreshFault::Malformed);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(encoded)
            .map_err(|_| RefreshFault::Malformed)?;
        let bytes = Zeroizing::new(bytes);
        let (body, mac) = bytes.split_at_checked(BODY).ok_or(RefreshFault::Malformed)?;
        hmac::verify(key, body, mac).map_err(|_| RefreshFault::Forged)?;
        let (session, rest) = body.split_first_chunk::<16>().ok_or(RefreshFault::Malformed)?;
        let (generation, _) = rest.split_first_chunk::<4>().ok_or(RefreshFault::Malformed)?;
        Ok(Self {
            session: Uuid::from_bytes(*session),
            generation: u32::from_be_bytes(*generation),
            adopted: false,
            text: Plain::new(text.trim().to_owned()),
        })
    }

    pub(crate) fn session(&self) -> Uuid {
        self.session
    }

    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// Whether Hasura Auth made it.
    pub(crate) fn is_adopted(&self) -> bool {
        self.adopted
    }

    /// What the database keeps, in the form its predecessor used.
    pub(crate) fn hash(&self) -> String {
        stored_hash(self.text.reveal())
    }

    pub(crate) fn into_plain(self) -> Plain {
        self.text
    }

    /// Seals the token that follows this one, so that only who holds this one can read it.
    pub(crate) fn seal_successor(
        &self,
        entropy: &dyn Entropy,
        successor: &Self,
    ) -> Result<Vec<u8>, SealError> {
        self.sealer()?.seal(
            entropy,
            self.session.as_bytes(),
            successor.text.reveal().as_bytes(),
        )
    }

    /// Reads the token that follows this one.
    pub(crate) fn open_successor(&self, sealed: &[u8]) -> Result<Plain, SealError> {
        let opened = self.sealer()?.open(self.session.as_bytes(), sealed)?;
        let text = str::from_utf8(&opened).map_err(|_| SealError::Open)?;
        Ok(Plain::new(text.to_owned()))
    }

    fn sealer(&self) -> Result<Sealer, SealError> {
        Sealer::derived(self.text.reveal().as_bytes(), b"refresh-successor")
    }
}

/// A refresh token that Hasura Auth made: a UUID. Nothing in it tells whose it is, or that it is genuine.
pub(crate) struct AdoptedToken(Plain);

impl AdoptedToken {
    /// Reads one, in the form in which UUIDs are usually written.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let uuid = Uuid::try_parse(text)
            .ok()
            .filter(|_| text.len() == uuid::fmt::Hyphenated::LENGTH)?;
        Some(Self(Plain::new(uuid.hyphenated().to_string())))
    }

    /// What the database keeps.
    pub(crate) fn hash(&self) -> String {
        stored_hash(self.0.reveal())
    }

    /// The same as the first token of the session it was found with.
    pub(crate) fn of_session(self, session: Uuid) -> RefreshToken {
        RefreshToken {
            session,
            generation: 0,
            adopted: true,
            text: self.0,
        }
    }
}

/// A token that programs sign in with: `pat_` and base64url of 32 random bytes.
pub(crate) struct PersonalAccessToken(Plain);

impl PersonalAccessToken {
    const PREFIX: &str = "pat_";

    /// Makes a token.
    pub(crate) fn create(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let random: Zeroizing<[u8; 32]> = Zeroizing::new(random(entropy)?);
        let mut text = String::with_capacity(Self::PREFIX.len() + 43);
        text.push_str(Self::PREFIX);
        URL_SAFE_NO_PAD.encode_string(random.as_slice(), &mut text);
        Ok(Self(Plain::new(text)))
    }

    /// What the database keeps.
    pub(crate) fn hash(&self) -> String {
        stored_hash(self.0.reveal())
    }

    /// What the database would keep of whatever is presented: tokens that the predecessor made look otherwise.
    pub(crate) fn presented_hash(text: &str) -> String {
        stored_hash(text.trim())
    }

    pub(crate) fn into_plain(self) -> Plain {
        self.0
    }
}

/// The hash of a token, in the form its predecessor used.
fn stored_hash(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    format!("\\x{}", hex::encode(hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestEntropy;

    fn key(byte: u8) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32])
    }

    fn fault(text: &str) -> RefreshFault {
        RefreshToken::parse(&key(1), text).err().unwrap()
    }

    #[test]
    fn a_token_tells_session_and_generation() {
        let session = Uuid::from_u128(5);
        let token = RefreshToken::create(&key(1), &TestEntropy::default(), session, 7).unwrap();
        let text = token.text.reveal();
        assert_eq!(text.len(), 4 + 112);
        let read = RefreshToken::parse(&key(1), text).unwrap();
        assert_eq!((read.session(), read.generation()), (session, 7));
        assert_eq!(read.hash(), token.hash());
        assert!(read.hash().starts_with("\\x") && read.hash().len() == 66);
    }

    #[test]
    fn forged_and_malformed_tokens_are_told_apart() {
        let session = Uuid::from_u128(5);
        let token = RefreshToken::create(&key(1), &TestEntropy::default(), session, 7).unwrap();
        let foreign = RefreshToken::create(&key(2), &TestEntropy::default(), session, 7).unwrap();
        assert_eq!(fault(foreign.text.reveal()), RefreshFault::Forged);
        let text = token.text.reveal();
        for place in PREFIX.len()..text.len() {
            let mut changed = text.as_bytes().to_vec();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                fault(str::from_utf8(&changed).unwrap()),
                RefreshFault::Forged,
                "{place}"
            );
        }
        for text in [
            "",
            "prt_",
            "prt_!!",
            &text[4..],
            &text[..100],
            "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        ] {
            assert_eq!(fault(text), RefreshFault::Malformed, "{text}");
        }
    }

    #[test]
    fn only_the_previous_token_opens_its_successor() {
        let entropy = TestEntropy::default();
        let session = Uuid::from_u128(5);
        let first = RefreshToken::create(&key(1), &entropy, session, 0).unwrap();
        let second = RefreshToken::create(&key(1), &entropy, session, 1).unwrap();
        let sealed = first.seal_successor(&entropy, &second).unwrap();
        assert!(first.open_successor(&sealed).unwrap() == second.text);
        assert!(second.open_successor(&sealed).is_err());
    }
}
