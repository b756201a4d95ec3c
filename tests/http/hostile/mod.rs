//! Clients that mean harm, or behave as if: the service keeps its memory, and others are served meanwhile.

mod connections;
mod introspection;
mod readers;
mod requests;

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::caller::{Caller, User};
use crate::support::database::TestDatabase;
use crate::support::process::Process;
use crate::support::settings::ADMIN_SECRET;

/// How many MiB more the service may have in use after harm was tried.
const GROWTH: u64 = 100;

/// The service in a process of its own, somebody who uses it, and the memory it began with.
struct Stand {
    process: Process,
    jane: User,
    admin: Caller,
    before: u64,
}

impl Stand {
    async fn new(database: &Arc<TestDatabase>) -> Self {
        // What is measured is memory: on a busy machine the work may take its time.
        let patient = [("PORTICO_DATABASE_ACQUIRE_TIMEOUT", "1m")];
        Self::on(Process::with(database, &patient).await).await
    }

    /// With so much time for clients that do nothing.
    async fn brief(database: &Arc<TestDatabase>, idle: &str) -> Self {
        let variables = [
            ("PORTICO_DATABASE_ACQUIRE_TIMEOUT", "1m"),
            ("PORTICO_IDLE_TIMEOUT", idle),
        ];
        Self::on(Process::with(database, &variables).await).await
    }

    async fn on(process: Process) -> Self {
        let admin = process.caller.with("x-hasura-admin-secret", ADMIN_SECRET);
        let jane = User::sign_up_as(&process.caller, "jane").await;
        let mut stand = Self {
            before: 0,
            process,
            jane,
            admin,
        };
        // What every service of some use has in memory is no growth.
        for _ in 0..20 {
            stand.serve().await;
            stand.admin.graphql("{ users(limit: 1) { id } }").await.data();
        }
        stand.before = stand.process.memory();
        stand
    }

    /// Somebody else is served.
    async fn serve(&self) {
        let answer = self.jane.graphql("{ me { id email } }").await;
        assert_eq!(answer.value("/me/id"), &json!(self.jane.id));
    }

    fn assert_memory(&self, growth: u64) {
        let (before, after) = (self.before >> 20, self.process.memory() >> 20);
        assert!(after <= before + growth, "from {before} to {after} MiB");
    }

    fn address(&self) -> SocketAddr {
        let base = &self.process.caller.base;
        base.strip_prefix("http://").unwrap().parse().unwrap()
    }

    /// A request as it goes over the wire.
    fn request(&self, body: &Value) -> String {
        let body = body.to_string();
        format!(
            "POST /v1/graphql HTTP/1.1\r\nhost: portico\r\ncontent-type: application/json\r\n\
             x-hasura-admin-secret: {ADMIN_SECRET}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

/// A request by many callers at once, while somebody else is served.
async fn flood(stand: &Stand, caller: &Caller, body: Value) -> Vec<String> {
    let body = Arc::new(body.to_string());
    let lanes: Vec<_> = (0..8)
        .map(|_| {
            let (caller, body) = (caller.clone(), Arc::clone(&body));
            tokio::spawn(async move {
                let mut answers = Vec::new();
                for _ in 0..3 {
                    let answer = caller.post("application/json", body.as_str().to_owned()).await;
                    assert!(answer.status < 500, "{}", answer.text);
                    answers.push(answer.text);
                }
                answers
            })
        })
        .collect();
    for _ in 0..10 {
        stand.serve().await;
    }
    let mut answers = Vec::new();
    for lane in lanes {
        answers.extend(lane.await.unwrap());
    }
    stand.serve().await;
    answers
}
