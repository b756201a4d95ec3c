//! Load: so many connections that each send the next request when they have the answer to the last.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::command::output;
use crate::error::{BenchError, During};
use crate::factors::Prepared;
use crate::http::{Answer, Connection};
use crate::ids::Ids;
use crate::process::{Cpu, Meter};
use crate::template::{Fill, Template};

/// A connection that fails so often gives up.
const FAILURES: u64 = 100;
/// So much of a wrong answer is shown.
const SHOWN: usize = 300;

/// What is sent, by how many, to where.
#[derive(Clone)]
pub(crate) struct Plan {
    /// Where the service listens.
    pub(crate) address: SocketAddr,
    /// What each connection sends; there are as many as connections.
    pub(crate) templates: Arc<Vec<Template>>,
    /// What a right answer begins with.
    pub(crate) expected: String,
    /// Ids to choose from.
    pub(crate) ids: Arc<Ids>,
    /// One refresh token for each connection, replaced by what an answer brings.
    pub(crate) tokens: Option<Arc<Vec<Mutex<String>>>>,
    /// What is sent in the place of the templates, each once: the load ends with the last of them.
    pub(crate) prepared: Option<Arc<Prepared>>,
}

/// When a load ends.
#[derive(Clone)]
enum Until {
    Time(Instant),
    Stopped(Arc<AtomicBool>),
}

impl Until {
    fn reached(&self, now: Instant) -> bool {
        match self {
            Self::Time(end) => now >= *end,
            Self::Stopped(flag) => flag.load(Ordering::Relaxed),
        }
    }
}

/// What a load found.
#[derive(Default)]
pub(crate) struct Outcome {
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// Of right answers, in microseconds.
    pub(crate) latencies: Vec<u32>,
    /// Answers that were not right.
    pub(crate) failures: u64,
    /// The first of them.
    pub(crate) failure: Option<String>,
    /// What the client used.
    pub(crate) client: Duration,
    /// What the service and the database used.
    pub(crate) cpu: Cpu,
}

impl Outcome {
    /// Right answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// Runs load for a time, then waits for the answers under way, and counts them too.
pub(crate) fn run(plan: &Plan, length: Duration, meter: &Meter) -> Result<Outcome, BenchError> {
    let (plan, meter) = (plan.clone(), meter.clone());
    let work = move || drive(&plan, |begin| Until::Time(begin + length), &meter);
    let thread = std::thread::Builder::new().name("load".to_owned()).spawn(work);
    thread
        .during("starting a thread")?
        .join()
        .map_err(|_| BenchError::Thread)?
}

/// Load that goes on until it is told to stop.
pub(crate) struct Flood {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Outcome, BenchError>>,
}

impl Flood {
    /// Starts it.
    pub(crate) fn start(plan: &Plan) -> Result<Self, BenchError> {
        let stop = Arc::new(AtomicBool::new(false));
        let (plan, flag) = (plan.clone(), Arc::clone(&stop));
        let work = move || drive(&plan, |_| Until::Stopped(flag), &Meter::default());
        let thread = std::thread::Builder::new().name("flood".to_owned()).spawn(work);
        Ok(Self {
            stop,
            thread: thread.during("starting a thread")?,
        })
    }

    /// Stops it, and waits for the answers under way.
    pub(crate) fn finish(self) -> Result<Outcome, BenchError> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| BenchError::Thread)?
    }
}

/// One request of a plan, outside of any measurement.
pub(crate) fn once(plan: &Plan) -> Result<Vec<u8>, BenchError> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let mut connection = Connection::open(plan.address).await.during("connecting")?;
        let mut caller = Caller::new(plan.clone(), 0);
        if !caller.render() {
            return Ok(Vec::new());
        }
        let answer = connection.exchange(&caller.request).await.during("asking")?;
        match caller.judge(&answer) {
            None => Ok(answer.body.to_vec()),
            Some(failure) => Err(BenchError::Answer {
                work: plan.expected.clone(),
                answer: failure,
            }),
        }
    })
}

/// A runtime on this thread.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, BenchError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .during("starting a runtime")
}

fn drive(plan: &Plan, until: impl FnOnce(Instant) -> Until, meter: &Meter) -> Result<Outcome, BenchError> {
    give_way()?;
    runtime()?.block_on(async {
        let mut ready = Vec::new();
        for number in 0..plan.templates.len() {
            let connection = Connection::open(plan.address).await.during("connecting")?;
            ready.push((connection, Caller::new(plan.clone(), number)));
        }
        let (cpu, client) = (meter.read(), thread_time());
        let begin = Instant::now();
        let until = until(begin);
        let start =
            |(connection, caller): (_, Caller)| tokio::spawn(caller.converse(connection, until.clone()));
        let tasks: Vec<_> = ready.into_iter().map(start).collect();
        let mut outcome = Outcome::default();
        for task in tasks {
            let caller = task.await.map_err(|_| BenchError::Thread)?;
            outcome.latencies.extend(caller.latencies);
            outcome.failures += caller.failures;
            outcome.failure = outcome.failure.or(caller.failure);
        }
        outcome.elapsed = begin.elapsed();
        outcome.client = thread_time().saturating_sub(client);
        outcome.cpu = meter.read().since(cpu);
        Ok(outcome)
    })
}

/// Lets this thread wait its turn. The scheduler takes a client for somebody at a keyboard and breaks off the service
/// for each answer, which costs both of them a change of context; as a batch, it reads the answers that are there.
fn give_way() -> Result<(), BenchError> {
    let thread = rustix::thread::gettid().as_raw_pid().to_string();
    output(Command::new("chrt").args(["--batch", "--pid", "0", &thread])).map(drop)
}

/// What this thread has used so far.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let part = |number: i64| u64::try_from(number).unwrap_or_default();
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

/// Whoever sits at one connection.
struct Caller {
    plan: Plan,
    number: usize,
    random: fastrand::Rng,
    token: String,
    scratch: Vec<u8>,
    request: Vec<u8>,
    latencies: Vec<u32>,
    failures: u64,
    failure: Option<String>,
}

impl Caller {
    fn new(plan: Plan, number: usize) -> Self {
        let token = plan.tokens.as_ref().and_then(|tokens| tokens.get(number));
        let token = token.map_or_else(String::new, |token| {
            token.lock().unwrap_or_else(PoisonError::into_inner).clone()
        });
        Self {
            plan,
            number,
            random: fastrand::Rng::new(),
            token,
            scratch: Vec::new(),
            request: Vec::new(),
            latencies: Vec::new(),
            failures: 0,
            failure: None,
        }
    }

    async fn converse(mut self, mut connection: Connection, until: Until) -> Self {
        let mut begin = Instant::now();
        while (self.plan.prepared.is_some() || !until.reached(begin)) && self.failures < FAILURES {
            if !self.render() {
                break;
            }
            let answer = connection.exchange(&self.request).await;
            let end = Instant::now();
            match answer {
                Ok(answer) => match self.judge(&answer) {
                    None => {
                        let micros = end.duration_since(begin).as_micros();
                        self.latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
                        self.keep_token(answer.body);
                    }
                    Some(failure) => self.fail(failure),
                },
                Err(error) => {
                    self.fail(error.to_string());
                    match Connection::open(self.plan.address).await {
                        Ok(fresh) => connection = fresh,
                        Err(_) => break,
                    }
                }
            }
            begin = end;
        }
        if let Some(place) = self
            .plan
            .tokens
            .as_ref()
            .and_then(|tokens| tokens.get(self.number))
        {
            *place.lock().unwrap_or_else(PoisonError::into_inner) = self.token.clone();
        }
        self
    }

    /// Makes the next request; tells whether there is one.
    fn render(&mut self) -> bool {
        if let Some(prepared) = &self.plan.prepared {
            let next = prepared.next();
            self.request.clear();
            self.request.extend_from_slice(next.unwrap_or_default());
            return next.is_some();
        }
        let Some(template) = self.plan.templates.get(self.number) else {
            return false;
        };
        let fill = Fill {
            ids: &self.plan.ids,
            random: &mut self.random,
            token: &self.token,
        };
        template.render(fill, &mut self.scratch, &mut self.request);
        true
    }

    /// What is wrong with an answer.
    fn judge(&self, answer: &Answer<'_>) -> Option<String> {
        if answer.status == 200 && answer.body.starts_with(self.plan.expected.as_bytes()) {
            return None;
        }
        let shown = answer.body.get(..SHOWN).unwrap_or(answer.body);
        Some(format!("{} {}", answer.status, String::from_utf8_lossy(shown)))
    }

    fn fail(&mut self, failure: String) {
        self.failures += 1;
        self.failure.get_or_insert(failure);
    }

    fn keep_token(&mut self, body: &[u8]) {
        if self.plan.tokens.is_some()
            && let Some(token) = text_field(body, "refreshToken")
        {
            token.clone_into(&mut self.token);
        }
    }
}

/// The text under a name in an answer, without reading the rest of it; the last one that is a text.
pub(crate) fn text_field<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.rsplit_once(&format!("\"{name}\":\""))?;
    Some(rest.split_once('"')?.0)
}
