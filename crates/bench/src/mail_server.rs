//! A mail server on this machine that takes messages as fast as it is told to, and forgets them.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{BenchError, During};

/// How fast messages are taken.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// None at all: whoever has one to hand over waits.
    Stopped,
    /// One in so much time.
    OneIn(Duration),
    /// As fast as they come.
    Free,
}

/// The server; its threads end with the program.
pub(crate) struct MailServer {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    gate: Arc<Gate>,
}

struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    pace: Pace,
    next: Instant,
    taken: u64,
}

impl MailServer {
    /// Starts it; no message is taken yet.
    pub(crate) fn start() -> Result<Self, BenchError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).during("listening for mail")?;
        let address = listener.local_addr().during("listening for mail")?;
        let state = State {
            pace: Pace::Stopped,
            next: Instant::now(),
            taken: 0,
        };
        let gate = Arc::new(Gate {
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let shared = Arc::clone(&gate);
        let accept = move || {
            for stream in listener.incoming().flatten() {
                let gate = Arc::clone(&shared);
                thread::spawn(move || converse(&stream, &gate));
            }
        };
        let thread = thread::Builder::new().name("mail".to_owned()).spawn(accept);
        thread.during("starting a thread")?;
        Ok(Self { address, gate })
    }

    /// Sets how fast messages are taken from now on.
    pub(crate) fn set(&self, pace: Pace) {
        let mut state = self.gate.lock();
        state.pace = pace;
        state.next = Instant::now();
        self.gate.changed.notify_all();
    }

    /// How many messages were taken so far.
    pub(crate) fn taken(&self) -> u64 {
        self.gate.lock().taken
    }
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a message may be taken, and counts it.
    fn pass(&self) {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let wait = match state.pace {
                Pace::Free => break,
                Pace::Stopped => None,
                Pace::OneIn(time) if state.next <= now => {
                    // Whoever comes late makes up for it a little, but not for a long pause.
                    state.next = (state.next + time).max(now);
                    break;
                }
                Pace::OneIn(_) => Some(state.next - now),
            };
            state = match wait {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(time) => {
                    let waited = self.changed.wait_timeout(state, time);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state.taken += 1;
    }
}

/// Says yes to everything. A fault ends the conversation, and whoever called calls again.
fn converse(stream: &TcpStream, gate: &Gate) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut client = Client {
        input: BufReader::with_capacity(16 << 10, stream),
        line: Vec::new(),
        answers: Vec::new(),
    };
    client.say(b"220 bench ready\r\n")?;
    loop {
        match client.line()?.get(..4).unwrap_or_default() {
            b"EHLO" => client.say(b"250-bench\r\n250-PIPELINING\r\n250 8BITMIME\r\n")?,
            b"DATA" => {
                client.say(b"354 go on\r\n")?;
                while client.line()? != b".\r\n" {}
                gate.pass();
                client.say(b"250 accepted\r\n")?;
            }
            b"QUIT" => return client.say(b"221 bye\r\n"),
            _ => client.say(b"250 ok\r\n")?,
        }
    }
}

/// Whoever hands messages over.
struct Client<'a> {
    input: BufReader<&'a TcpStream>,
    line: Vec<u8>,
    /// What is said once everything that has come is read.
    answers: Vec<u8>,
}

impl Client<'_> {
    fn line(&mut self) -> Option<&[u8]> {
        self.line.clear();
        self.input.read_until(b'\n', &mut self.line).ok()?;
        (!self.line.is_empty()).then_some(&self.line)
    }

    fn say(&mut self, text: &[u8]) -> Option<()> {
        self.answers.extend_from_slice(text);
        if self.input.buffer().is_empty() {
            self.input.get_mut().write_all(&self.answers).ok()?;
            self.answers.clear();
        }
        Some(())
    }
}
