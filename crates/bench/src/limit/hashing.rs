//! Argon2id with the service's parameters, on as many threads as the service hashes on.

use std::time::{Duration, Instant};

use argon2::{Argon2, Block};

use crate::error::BenchError;
use crate::seed::{PASSWORD, USUAL, hasher};

/// Hashes a second of all threads together.
pub(crate) fn rate(length: Duration) -> Result<f64, BenchError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.saturating_sub(1).max(1);
    let hasher = hasher(USUAL)?;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| repeat(&hasher, length)))
            .collect();
        let rates = threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| BenchError::Thread)?);
        rates.sum()
    })
}

fn repeat(hasher: &Argon2<'_>, length: Duration) -> Result<f64, BenchError> {
    let mut memory = vec![Block::new(); hasher.params().block_count()];
    let (mut output, mut count) = ([0; 32], 0_u32);
    let begin = Instant::now();
    while begin.elapsed() < length {
        hasher
            .hash_password_into_with_memory(PASSWORD.as_bytes(), &[3; 16], &mut output, &mut memory)
            .map_err(BenchError::Argon2)?;
        std::hint::black_box(&output);
        count += 1;
    }
    Ok(f64::from(count) / begin.elapsed().as_secs_f64())
}
