//! One database with a service in front of it, ready to be measured.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::ask::Ask;
use crate::cleanup::Scratch;
use crate::cluster::Cluster;
use crate::error::BenchError;
use crate::factors::Factors;
use crate::ids::Ids;
use crate::load::{self, Plan, text_field};
use crate::options::Scale;
use crate::process::Meter;
use crate::service::{ADMIN_SECRET, Service, Setup};
use crate::template::Template;
use crate::work::Work;
use crate::{seed, seed_postgres, seed_sqlite};

/// Connections that sign in during a flood.
pub(crate) const FLOOD: usize = 64;
/// How long a started service is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(1);

/// Where the data is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Kind {
    /// The name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// How the service starts.
pub(crate) struct Start {
    /// From the start of the process to its first answer.
    pub(crate) times: Vec<Duration>,
    /// Memory after a start.
    pub(crate) idle: Option<u64>,
}

/// A database with a service in front of it.
pub(crate) struct Stand {
    /// Where the data is.
    pub(crate) kind: Kind,
    /// The database server, if there is one.
    pub(crate) cluster: Option<Cluster>,
    /// The SQLite file.
    pub(crate) file: PathBuf,
    /// The service.
    pub(crate) service: Service,
    /// How it started.
    pub(crate) start: Start,
    /// Its processes.
    pub(crate) meter: Meter,
    /// How many users there are.
    pub(crate) users: u32,
    /// How much is made ahead of a round because it is good once.
    pub(crate) proofs: usize,
    setup: Setup,
    ids: Arc<Ids>,
    bearer: String,
    tokens: Option<Arc<Vec<Mutex<String>>>>,
    factors: Option<Factors>,
    /// Dropped last: it stops and deletes the rest.
    pub(crate) scratch: Scratch,
}

impl Stand {
    /// Makes the database, fills it, starts the service, signs in.
    pub(crate) fn prepare(kind: Kind, program: &Path, scale: &Scale) -> Result<Self, BenchError> {
        let scratch = Scratch::create()?;
        let file = scratch.folder().join("portico.sqlite");
        let callers = scale.connections.iter().copied().max().unwrap_or(1).max(FLOOD);
        let cluster = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => Some(Cluster::start(scratch.folder())?),
        };
        let url = cluster
            .as_ref()
            .map_or_else(|| format!("sqlite:{}", file.display()), Cluster::url);
        let setup = Setup::new(program, scratch.folder(), url)?;
        setup.run(&["migrate"])?;
        match &cluster {
            None => seed_sqlite::seed(&file, scale.users, callers)?,
            Some(cluster) => seed_postgres::seed(cluster, scale.users, callers)?,
        }
        let (service, start) = time_starts(&setup, scale.starts)?;
        let meter = Meter {
            service: Some(service.process()),
            database: cluster.as_ref().map(Cluster::process).transpose()?,
        };
        let mut stand = Self {
            kind,
            cluster,
            file,
            service,
            start,
            meter,
            users: scale.users,
            proofs: scale.proofs,
            setup,
            ids: Arc::new(Ids::new(scale.users)),
            bearer: String::new(),
            tokens: None,
            factors: None,
            scratch,
        };
        stand.bearer = stand.sign_in(0, "accessToken")?;
        Ok(stand)
    }

    /// Opens the sessions that are refreshed, one for each connection.
    pub(crate) fn open_sessions(&mut self, connections: usize) -> Result<(), BenchError> {
        let open = |number| Ok(Mutex::new(self.sign_in(number, "refreshToken")?));
        let tokens: Result<Vec<_>, BenchError> = (0..connections).map(open).collect();
        self.tokens = Some(Arc::new(tokens?));
        Ok(())
    }

    /// Starts the service anew with some more settings.
    pub(crate) fn restart(&mut self, more: &[(&str, &str)]) -> Result<(), BenchError> {
        self.service.stop()?;
        (self.service, _) = self.setup.start(more)?;
        self.meter.service = Some(self.service.process());
        Ok(())
    }

    /// Makes the accounts with second factors and passkeys.
    pub(crate) fn enrol_factors(&mut self) -> Result<(), BenchError> {
        self.factors = Some(Factors::enrol(self)?);
        Ok(())
    }

    /// A plan with what is good once, made anew where the work has such.
    pub(crate) fn ready(&self, work: Work, plan: &Plan) -> Result<Plan, BenchError> {
        let mut plan = plan.clone();
        if let Some(factors) = &self.factors {
            plan.prepared = match work {
                Work::Totp => Some(Arc::new(factors.signing_in.sign_ins(self)?)),
                Work::Elevation => Some(Arc::new(factors.elevating.elevations(self)?)),
                Work::Passkey | Work::PasskeyFlood => Some(Arc::new(factors.signatures(self)?)),
                _ => None,
            };
        }
        Ok(plan)
    }

    fn sign_in(&self, number: usize, field: &str) -> Result<String, BenchError> {
        let mut plan = self.plan(Work::SignIn, number + 1);
        plan.templates = Arc::new(plan.templates.get(number).cloned().into_iter().collect());
        let body = load::once(&plan)?;
        let text = text_field(&body, field).map(str::to_owned);
        text.ok_or_else(|| BenchError::Answer {
            work: "a sign-in".to_owned(),
            answer: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    /// What is sent for a kind of work.
    pub(crate) fn plan(&self, work: Work, connections: usize) -> Plan {
        let host = self.service.address.to_string();
        let headers = match work {
            Work::Sessions => user_headers(),
            _ => self.headers(),
        };
        let ask = work.ask();
        let template = |number| match &ask {
            None => Template::get(&host, "/healthz", &[]),
            Some(ask) => Template::post(&host, "/v1/graphql", &headers, &body(ask, number)),
        };
        Plan {
            address: self.service.address,
            templates: Arc::new((0..connections).map(template).collect()),
            expected: ask.map_or_else(String::new, |ask| ask.expected.to_owned()),
            ids: Arc::clone(&self.ids),
            tokens: self.tokens.clone().filter(|_| work == Work::Refresh),
            prepared: None,
        }
    }

    /// A request of somebody who is not signed in.
    pub(crate) fn request(&self, query: &str, variables: &Value) -> Vec<u8> {
        self.request_with(&[], query, variables)
    }

    /// A request of whoever has this access token.
    pub(crate) fn request_as(&self, token: &str, query: &str, variables: &Value) -> Vec<u8> {
        self.request_with(
            &[header("authorization", &format!("Bearer {token}"))],
            query,
            variables,
        )
    }

    fn request_with(&self, headers: &[(String, String)], query: &str, variables: &Value) -> Vec<u8> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let host = self.service.address.to_string();
        let template = Template::post(&host, "/v1/graphql", headers, &body);
        template.whole()
    }

    /// An administrator may read and change every user.
    fn headers(&self) -> Vec<(String, String)> {
        if self.bearer.is_empty() {
            return Vec::new();
        }
        vec![
            header("authorization", &format!("Bearer {}", self.bearer)),
            header("x-hasura-role", "admin"),
        ]
    }
}

/// A random user, whom the service believes without a token: there are too many to sign in.
fn user_headers() -> Vec<(String, String)> {
    vec![
        header("x-hasura-admin-secret", ADMIN_SECRET),
        header("x-hasura-role", "user"),
        header("x-hasura-user-id", "$$id$$"),
    ]
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn body(ask: &Ask, number: usize) -> String {
    let variables = ask
        .variables()
        .replace("$$email$$", &seed::address(number))
        .replace("$$password$$", seed::PASSWORD);
    // The variables of this program are JSON.
    let variables: Value = serde_json::from_str(&variables).unwrap_or_default();
    json!({ "query": ask.query, "variables": variables }).to_string()
}

/// Starts the service so many times; the last one stays.
fn time_starts(setup: &Setup, count: usize) -> Result<(Service, Start), BenchError> {
    let mut times = Vec::new();
    for _ in 1..count {
        let (mut service, time) = setup.start(&[])?;
        times.push(time);
        service.stop()?;
    }
    let (service, time) = setup.start(&[])?;
    times.push(time);
    std::thread::sleep(SETTLE);
    let meter = Meter {
        service: Some(service.process()),
        database: None,
    };
    let idle = meter.service_memory();
    Ok((service, Start { times, idle }))
}
