//! Whether the time of an answer tells what the answer does not: two cases asked in turn on one connection, so
//! that whatever else the machine does meets both.

use std::time::Instant;

use serde_json::{Value, json};

use crate::error::{BenchError, During};
use crate::http::Connection;
use crate::load::runtime;
use crate::measure::median;
use crate::options::Scale;
use crate::seed::{numbered_address, state_address};
use crate::stand::Stand;

/// Accounts of each state; as many names that nobody has.
const ACCOUNTS: usize = crate::stand::FLOOD;

/// Settings under which hashing a password takes no time, so that it hides nothing, and under which an account may be
/// kept from being used in every way.
pub(crate) const CHEAP_HASHES: [(&str, &str); 4] = [
    ("PORTICO_ENV", "development"),
    ("PORTICO_PASSWORD_MEMORY", "8"),
    ("PORTICO_PASSWORD_PASSES", "1"),
    ("PORTICO_EMAIL_VERIFICATION", "required"),
];

/// A question whose answer must not tell whether an address has an account, or in which state it is.
pub(crate) struct Question {
    /// The name in the table and for `--only`.
    pub(crate) name: &'static str,
    query: &'static str,
    /// What every answer has in it.
    expected: &'static str,
    /// Addresses of users there are.
    known: fn(usize) -> String,
    /// Addresses that nobody has.
    unknown: fn(usize) -> String,
}

const SIGN_IN: &str = "mutation SignIn($email: citext!) { signInEmailPassword(email: $email, \
    password: \"not the one\") { session { accessToken } } }";

/// A wrong password for an account in a state.
const fn sign_in(name: &'static str, known: fn(usize) -> String) -> Question {
    Question {
        name,
        query: SIGN_IN,
        expected: r#""invalid-email-password""#,
        known,
        unknown: |number| format!("nobody-{}@example.org", number % ACCOUNTS),
    }
}

/// A mail that is asked for.
const fn mail(name: &'static str, query: &'static str, known: fn(usize) -> String) -> Question {
    Question {
        name,
        query,
        expected: ":true",
        known,
        unknown: |number| format!("nobody-{number}@example.org"),
    }
}

/// What an attacker would ask.
pub(crate) const QUESTIONS: [Question; 8] = [
    mail(
        "timing-reset",
        "mutation Reset($email: citext!) { sendPasswordResetEmail(email: $email) }",
        |number| numbered_address(number + 1),
    ),
    mail(
        "timing-code",
        "mutation Code($email: citext!) { signInOtpEmail(email: $email) }",
        |number| numbered_address(number + 1),
    ),
    mail(
        "timing-verify",
        "mutation Verify($email: citext!) { sendVerificationEmail(email: $email) }",
        |number| state_address("unverified", number % ACCOUNTS),
    ),
    Question {
        name: "timing-sign-up",
        query: "mutation SignUp($email: citext!) { signUpEmailPassword(email: $email, \
                password: \"a long walk by the sea\") { session { accessToken } } }",
        expected: r#"{"session":null}"#,
        known: |number| numbered_address(number + 1),
        unknown: |number| format!("new-{number}@example.org"),
    },
    sign_in("timing-active", |number| {
        state_address("active", number % ACCOUNTS)
    }),
    sign_in("timing-disabled", |number| {
        state_address("disabled", number % ACCOUNTS)
    }),
    sign_in("timing-locked", |number| {
        state_address("locked", number % ACCOUNTS)
    }),
    sign_in("timing-unverified", |number| {
        state_address("unverified", number % ACCOUNTS)
    }),
];

/// How long the answers to a question took, in microseconds.
pub(crate) struct Timing {
    question: &'static str,
    database: &'static str,
    known: Vec<f64>,
    unknown: Vec<f64>,
}

/// Asks of known and of unknown addresses in turn.
pub(crate) fn measure(stand: &Stand, question: &Question, scale: &Scale) -> Result<Timing, BenchError> {
    let mut timing = Timing {
        question: question.name,
        database: stand.kind.name(),
        known: Vec::new(),
        unknown: Vec::new(),
    };
    runtime()?.block_on(async {
        let mut connection = Connection::open(stand.service.address)
            .await
            .during("connecting")?;
        let begin = Instant::now();
        let mut number = 0;
        while number < scale.pairs * 2 || begin.elapsed() < scale.round * 4 {
            let known = (question.known)(number);
            let unknown = (question.unknown)(number);
            let known_first = number % 2 == 0;
            // What came before may leave its traces in what follows.
            for is_known in [known_first, !known_first] {
                let email = if is_known { &known } else { &unknown };
                let request = stand.request(question.query, &json!({ "email": email }));
                let start = Instant::now();
                let answer = connection.exchange(&request).await.during("asking")?;
                let micros = start.elapsed().as_secs_f64() * 1e6;
                let text = String::from_utf8_lossy(answer.body);
                if !text.contains(question.expected) {
                    return Err(BenchError::Answer {
                        work: question.name.to_owned(),
                        answer: text.into_owned(),
                    });
                }
                // A service that has not done this before is slower.
                if number >= scale.pairs {
                    let times = if is_known {
                        &mut timing.known
                    } else {
                        &mut timing.unknown
                    };
                    times.push(micros);
                }
            }
            number += 1;
        }
        Ok(())
    })?;
    Ok(timing)
}

impl Timing {
    /// How likely an answer of a known address takes longer than one of an unknown address (the statistic of Mann
    /// and Whitney, divided by the number of pairs): 0.5 where nothing can be told.
    fn advantage(&self) -> f64 {
        let mut all: Vec<(f64, bool)> = Vec::with_capacity(self.known.len() + self.unknown.len());
        all.extend(self.known.iter().map(|time| (*time, true)));
        all.extend(self.unknown.iter().map(|time| (*time, false)));
        all.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (mut shorter, mut wins) = (0_u64, 0_u64);
        for (_, is_known) in &all {
            match is_known {
                true => wins += shorter,
                false => shorter += 1,
            }
        }
        wins as f64 / (self.known.len() * self.unknown.len()).max(1) as f64
    }

    /// How far the value above strays by chance: one standard deviation.
    fn chance(&self) -> f64 {
        let (known, unknown) = (self.known.len().max(1) as f64, self.unknown.len().max(1) as f64);
        ((known + unknown + 1.0) / (12.0 * known * unknown)).sqrt()
    }

    /// For people.
    pub(crate) fn line(&self) -> String {
        let millis = |times: &[f64]| median(times).unwrap_or_default() / 1e3;
        format!(
            "{:<10} {:<17} known {:.3} ms, unknown {:.3} ms; told apart {:.3} ± {:.3} (0.5: not at all), {} pairs",
            self.database,
            self.question,
            millis(&self.known),
            millis(&self.unknown),
            self.advantage(),
            self.chance(),
            self.known.len(),
        )
    }

    /// For programs.
    pub(crate) fn report(&self) -> Value {
        json!({
            "database": self.database,
            "question": self.question,
            "knownMicroseconds": median(&self.known),
            "unknownMicroseconds": median(&self.unknown),
            "advantage": self.advantage(),
            "chance": self.chance(),
            "pairs": self.known.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advantage(known: &[f64], unknown: &[f64]) -> f64 {
        Timing {
            question: "",
            database: "",
            known: known.to_vec(),
            unknown: unknown.to_vec(),
        }
        .advantage()
    }

    #[test]
    fn what_always_takes_longer_is_told_apart_with_certainty() {
        assert_eq!(advantage(&[3.0, 4.0], &[1.0, 2.0]), 1.0);
        assert_eq!(advantage(&[1.0, 2.0], &[3.0, 4.0]), 0.0);
        assert_eq!(advantage(&[1.0, 4.0], &[2.0, 3.0]), 0.5);
    }
}
