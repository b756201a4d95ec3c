//! Whether the time of an answer tells what the answer does not: two cases asked in turn on one connection, so
//! that whatever else the machine does meets both.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::{BenchError, During};
use crate::http::Connection;
use crate::load::runtime;
use crate::measure::median;
use crate::seed::{address, numbered_address};
use crate::stand::Stand;

/// Pairs of answers before any is counted: a service that has not done this before is slower.
const WARM_UP: usize = 20;
/// Pairs that are counted at least.
const LEAST: usize = 30;
/// Users that sign in are fewer than those with a number.
const SIGNERS: usize = crate::stand::FLOOD;

/// A question whose answer must not tell whether an address has an account.
pub(crate) struct Question {
    /// The name in the table and for `--only`.
    pub(crate) name: &'static str,
    query: &'static str,
    /// What every answer has in it.
    expected: &'static str,
    /// Addresses of users there are.
    known: fn(usize) -> String,
}

/// What an attacker would ask.
pub(crate) const QUESTIONS: [Question; 3] = [
    Question {
        name: "timing-reset",
        query: "mutation Reset($email: citext!) { sendPasswordResetEmail(email: $email) }",
        expected: r#""sendPasswordResetEmail":true"#,
        known: |number| numbered_address(number + 1),
    },
    Question {
        name: "timing-code",
        query: "mutation Code($email: citext!) { signInOtpEmail(email: $email) }",
        expected: r#""signInOtpEmail":true"#,
        known: |number| numbered_address(number + 1),
    },
    Question {
        name: "timing-sign-in",
        query: "mutation SignIn($email: citext!) { signInEmailPassword(email: $email, password: \"not the one\") \
                { session { accessToken } } }",
        expected: r#""invalid-email-password""#,
        known: |number| address(number % SIGNERS),
    },
];

/// How long the answers to a question took, in microseconds.
pub(crate) struct Timing {
    question: &'static str,
    database: &'static str,
    known: Vec<f64>,
    unknown: Vec<f64>,
}

/// Asks of known and of unknown addresses in turn.
pub(crate) fn measure(stand: &Stand, question: &Question, length: Duration) -> Result<Timing, BenchError> {
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
        while number < WARM_UP + LEAST || begin.elapsed() < length {
            let known = (question.known)(number);
            let unknown = format!("nobody-{number}@example.org");
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
                if number >= WARM_UP {
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
            "{:<10} {:<14} known {:.3} ms, unknown {:.3} ms; told apart {:.3} ± {:.3} (0.5: not at all), {} pairs",
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
