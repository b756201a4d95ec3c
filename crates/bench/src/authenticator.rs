//! Authenticator applications: those of many accounts, with one secret. A code is good once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lc_rs::hmac;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use crate::ask::{ELEVATION, TOTP};
use crate::error::{BenchError, During};
use crate::factors::Prepared;
use crate::http::Connection;
use crate::load::{runtime, text_field};
use crate::seed_factors;
use crate::stand::Stand;

/// The secret of every application; RFC 6238 has the same.
const SECRET: &[u8] = b"12345678901234567890";
/// The same in base32, as Hasura Auth keeps it.
pub(crate) const SECRET_TEXT: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
/// Seconds of one code.
const PERIOD: u64 = 30;
/// Codes before the present one that the service is told to accept: as many batches need not wait.
pub(crate) const EARLIER: u64 = 10;

/// The applications of accounts whose names begin with a letter.
pub(crate) struct Authenticator {
    letter: char,
    code: hmac::Key,
    /// The step of the codes that were sent last.
    step: AtomicUsize,
    batch: AtomicUsize,
    /// Access tokens of the accounts, once they are signed in.
    tokens: OnceLock<Vec<String>>,
}

impl Authenticator {
    /// Those of the accounts of a letter.
    pub(crate) fn new(letter: char) -> Self {
        Self {
            letter,
            code: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET),
            step: AtomicUsize::new(0),
            batch: AtomicUsize::new(0),
            tokens: OnceLock::new(),
        }
    }

    /// A code for a challenge of each account, as a password sign-in would have brought it.
    pub(crate) fn sign_ins(&self, stand: &Stand) -> Result<Prepared, BenchError> {
        Ok(self.answers(stand)?.into())
    }

    fn answers(&self, stand: &Stand) -> Result<Vec<Vec<u8>>, BenchError> {
        let batch = self.batch.fetch_add(1, Ordering::Relaxed);
        let code = self.code_of(self.next_step());
        seed_factors::challenges(stand, self.letter, batch)?;
        let request = |number| {
            let ticket = seed_factors::ticket(self.letter, batch, number);
            stand.request(TOTP, &json!({ "ticket": ticket, "code": code }))
        };
        Ok((0..stand.proofs).map(request).collect())
    }

    /// A code for the session of each account, which is opened before the first.
    pub(crate) fn elevations(&self, stand: &Stand) -> Result<Prepared, BenchError> {
        let tokens = match self.tokens.get() {
            Some(tokens) => tokens,
            None => {
                let tokens = runtime()?.block_on(sign_in(stand, self.answers(stand)?))?;
                self.tokens.get_or_init(|| tokens)
            }
        };
        let variables = json!({ "code": self.code_of(self.next_step()) });
        let request = |token: &String| stand.request_as(token, ELEVATION, &variables);
        Ok(tokens.iter().map(request).collect::<Vec<_>>().into())
    }

    /// A step after the one before, none that is too old; waits for it where it is to come.
    fn next_step(&self) -> u64 {
        let now = || u64::try_from(clock_gettime(ClockId::Realtime).tv_sec).unwrap_or_default() / PERIOD;
        let before = self.step.load(Ordering::Relaxed) as u64;
        // One to spare, for the time that all of them take.
        let step = (before + 1).max(now().saturating_sub(EARLIER - 1));
        while step > now() {
            std::thread::sleep(Duration::from_secs(1));
        }
        self.step
            .store(usize::try_from(step).unwrap_or(usize::MAX), Ordering::Relaxed);
        step
    }

    /// RFC 4226, 5.3.
    fn code_of(&self, step: u64) -> String {
        let signature = hmac::sign(&self.code, &step.to_be_bytes());
        let bytes = signature.as_ref();
        let offset = usize::from(bytes.last().copied().unwrap_or_default() & 15);
        let four = bytes
            .get(offset..)
            .and_then(|rest| rest.first_chunk())
            .copied()
            .unwrap_or_default();
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
    }
}

/// Sends each and takes the access token that is answered.
async fn sign_in(stand: &Stand, requests: Vec<Vec<u8>>) -> Result<Vec<String>, BenchError> {
    let mut connection = Connection::open(stand.service.address)
        .await
        .during("connecting")?;
    let mut tokens = Vec::with_capacity(requests.len());
    for request in &requests {
        let answer = connection.exchange(request).await.during("asking")?;
        let token = text_field(answer.body, "accessToken").map(str::to_owned);
        tokens.push(token.ok_or_else(|| BenchError::Answer {
            work: "verifySignInMfaTotp".to_owned(),
            answer: String::from_utf8_lossy(answer.body).into_owned(),
        })?);
    }
    Ok(tokens)
}
