//! Clients that mean harm, or behave as if: the service keeps its memory, and others are served meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::caller::{Caller, User};
use crate::support::database::{Kind, TestDatabase, on_both_databases};
use crate::support::process::Process;
use crate::support::settings::ADMIN_SECRET;

on_both_databases!(
    fifty_thousand_tokens_are_refused,
    variables_of_a_megabyte_are_read,
    a_client_that_never_reads_holds_nobody_up,
    a_thousand_idle_connections_cost_little,
    a_connection_without_a_request_is_closed,
);

/// How many MiB more the service may have in use after harm was tried.
const GROWTH: u64 = 100;
/// The same after eight bodies of a megabyte at once, whose values are many times their text.
const GROWTH_BY_VALUES: u64 = 250;

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

async fn fifty_thousand_tokens_are_refused(database: Arc<TestDatabase>) {
    let stand = Stand::new(&database).await;
    let documents = [
        format!("{{ users {{ {} }} }}", "id ".repeat(50_000)),
        format!(
            "{{ users(where: {{ id: {{ _in: [{}] }} }}) {{ id }} }}",
            "\"x\" ".repeat(50_000)
        ),
        format!("{{ users {{ id }} }} {}", "# a comment\n".repeat(50_000)),
        "{".repeat(50_000),
        "[".repeat(50_000),
        "fragment a on users { id } ".repeat(8_000),
        format!("query ({}) {{ users {{ id }} }}", "$a: Int ".repeat(12_500)),
    ];
    for document in documents {
        let harmless = document.contains('#');
        for answer in flood(&stand, &stand.admin, json!({ "query": document })).await {
            assert_eq!(answer.contains("validation-failed"), !harmless, "{answer:.300}");
            assert!(answer.len() < 2_000, "a refusal of {} bytes", answer.len());
        }
    }
    stand.assert_memory(GROWTH);
}

async fn variables_of_a_megabyte_are_read(database: Arc<TestDatabase>) {
    let stand = Stand::new(&database).await;
    let list = "query ($where: users_bool_exp) { users(where: $where) { id } }";
    let text = "x".repeat(1 << 20);
    let ids: Vec<_> = (0..26_000_u128).map(uuid::Uuid::from_u128).collect();
    let words = vec!["x"; 250_000];
    let members: serde_json::Map<_, _> = (0..60_000)
        .map(|number| (format!("key {number}"), json!(number)))
        .collect();
    let conditions = vec![json!({ "displayName": { "_eq": "x" } }); 30_000];
    let fewer = vec![json!({ "displayName": { "_eq": "x" } }); 1_000];
    let orders = vec![json!({ "id": "asc" }); 20_000];
    let names: serde_json::Map<_, _> = (0..60_000)
        .map(|number| (format!("key{number}"), json!({})))
        .collect();
    for (query, variables) in [
        (list, json!({ "where": { "displayName": { "_eq": text } } })),
        (list, json!({ "where": { "displayName": { "_ilike": text } } })),
        (list, json!({ "where": { "id": { "_in": ids } } })),
        (list, json!({ "where": { "displayName": { "_in": words } } })),
        (list, json!({ "where": { "metadata": { "_eq": members } } })),
        (list, json!({ "where": { "_or": fewer } })),
        (
            "query ($order: [users_order_by!]) { users(order_by: $order) { id } }",
            json!({ "order": orders }),
        ),
        (list, json!({ "where": { "_or": conditions } })),
        (list, json!({ "where": names })),
        (
            "query ($x: jsonb) { users(where: { metadata: { _eq: $x } }) { id } }",
            json!({ "x": members }),
        ),
        (
            "query ($x: String) { users(where: { displayName: { _eq: $x } }) { id } }",
            json!({ "x": text }),
        ),
        ("query { users { id } }", json!({ "further": text })),
    ] {
        let answers = flood(
            &stand,
            &stand.jane,
            json!({ "query": query, "variables": variables }),
        )
        .await;
        for answer in answers {
            assert!(!answer.contains("unexpected\""), "{answer:.300}");
            assert!(answer.len() < 2_000, "an answer of {} bytes", answer.len());
        }
    }
    stand.assert_memory(GROWTH_BY_VALUES);
}

async fn a_client_that_never_reads_holds_nobody_up(database: Arc<TestDatabase>) {
    let stand = Stand::new(&database).await;
    let insert = match database.kind {
        Kind::Postgres => {
            "INSERT INTO auth.users (display_name) SELECT repeat('long name ', 12) || n FROM generate_series(1, 5000) n"
        }
        Kind::Sqlite => {
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000) \
             INSERT INTO users (display_name) SELECT hex(zeroblob(60)) || n FROM n"
        }
    };
    database.connect().await.execute_unprepared(insert).await.unwrap();
    // About a megabyte each; nobody reads one.
    let request = stand.request(&json!({ "query": "{ users { id displayName createdAt } }" }));
    let mut deaf = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(stand.address()).await.unwrap();
        // As many as the service takes at once; it takes no more while nobody reads.
        let all = request.repeat(50);
        let written = stream.write_all(all.as_bytes());
        let _ = tokio::time::timeout(Duration::from_secs(1), written).await;
        deaf.push(stream);
    }
    for _ in 0..50 {
        stand.serve().await;
    }
    stand.admin.graphql("{ users(limit: 10) { id } }").await.data();
    stand.assert_memory(GROWTH);
    drop(deaf);
    stand.serve().await;
}

async fn a_thousand_idle_connections_cost_little(database: Arc<TestDatabase>) {
    let stand = Stand::new(&database).await;
    let request = stand.request(&json!({ "query": "{ __typename }" }));
    let mut idle = Vec::new();
    for number in 0..1_000 {
        let mut stream = TcpStream::connect(stand.address()).await.unwrap();
        match number % 4 {
            // Says nothing.
            0 => {}
            // Has asked before.
            1 => {
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut answer = [0; 1_024];
                assert!(stream.read(&mut answer).await.unwrap() > 0);
            }
            // Began and went away.
            2 => stream
                .write_all(b"POST /v1/graphql HTTP/1.1\r\nhost: por")
                .await
                .unwrap(),
            // Promises a body.
            _ => stream
                .write_all(&request.as_bytes()[..request.len() - 5])
                .await
                .unwrap(),
        }
        idle.push(stream);
    }
    for _ in 0..20 {
        stand.serve().await;
    }
    User::sign_up_as(&stand.process.caller, "john").await;
    stand.assert_memory(GROWTH);
    drop(idle);
    stand.serve().await;
}

async fn a_connection_without_a_request_is_closed(database: Arc<TestDatabase>) {
    let brief = [("PORTICO_IDLE_TIMEOUT", "1s")];
    let stand = Stand::on(Process::with(&database, &brief).await).await;
    let request = stand.request(&json!({ "query": "{ __typename }" }));
    let said = |text: &str| text.as_bytes().to_vec();
    let beginnings = [said(""), said("POST /v1/gra"), said(&request)];
    let closed = beginnings.map(|beginning| {
        let address = stand.address();
        tokio::spawn(async move {
            let (mut reading, mut writing) = TcpStream::connect(address).await.unwrap().into_split();
            writing.write_all(&beginning).await.unwrap();
            // The head of a request, one byte after the other, without an end.
            let dripping = tokio::spawn(async move {
                while !beginning.is_empty() && writing.write_all(b"h").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                writing
            });
            let mut answer = Vec::new();
            // It may be reset, as something sent was not read.
            let _ = reading.read_to_end(&mut answer).await;
            drop(dripping);
            answer
        })
    });
    let mut answers = Vec::new();
    for answer in closed {
        let answer = tokio::time::timeout(Duration::from_secs(60), answer).await;
        answers.push(String::from_utf8(answer.unwrap().unwrap()).unwrap());
    }
    assert!(!answers[0].contains("200 OK") && !answers[1].contains("200 OK"));
    assert!(answers[2].contains("200 OK"), "{}", answers[2]);
    stand.serve().await;
}
