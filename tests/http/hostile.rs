//! Clients that mean harm, or behave as if: the service keeps its memory, and others are served meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::caller::{Caller, User};
use crate::support::database::{Kind, TestDatabase, on_both_databases};
use crate::support::process::Process;
use crate::support::settings::ADMIN_SECRET;

on_both_databases!(
    fifty_thousand_tokens_are_refused,
    variables_of_a_megabyte_are_read,
    introspection_is_bounded,
    fragments_that_are_endless_are_refused,
    a_client_that_never_reads_holds_nobody_up,
    a_client_that_never_reads_is_cut_off,
    a_client_that_reads_slowly_gets_everything,
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
        // To the parser a block string that has no end is many strings, and it looks for the end of each.
        format!(
            "{{ users(where: {{ displayName: {{ _in: [\"\"\"\\\\{}\"] }} }}) {{ id }} }}",
            "\"\"\"\"\\\\".repeat(100_000)
        ),
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

/// What GraphiQL and generators of code ask for.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema {
  description queryType { name kind } mutationType { name kind } subscriptionType { name kind }
  types { ...FullType }
  directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type {
  kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) {
    name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue {
  name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

async fn introspection_is_bounded(database: Arc<TestDatabase>) {
    let stand = Stand::new(&database).await;
    let nested = |levels| {
        let (inside, end) = ("inputFields { type { ".repeat(levels), "} }".repeat(levels));
        format!("{{ __type(name: \"users_bool_exp\") {{ {inside} name {end} }} }}")
    };
    let all = "types { fields { args { name type { name } } } }";
    let aliases = |count| (0..count).map(|number| format!("a{number}: __schema {{ {all} {all} }} "));
    let documents = [
        nested(6),
        nested(9),
        nested(4),
        format!("{{ {} }}", aliases(90).collect::<String>()),
        format!("{{ {} }}", aliases(200).collect::<String>()),
        format!("{{ __schema {{ {} }} }}", all.repeat(200)),
        format!(
            "{{ __schema {{ types {{ inputFields {{ {} }} }} }} }}",
            "name ".repeat(4_000)
        ),
    ];
    let public = &stand.process.caller;
    for document in &documents {
        for caller in [public, &stand.admin] {
            for answer in flood(&stand, caller, json!({ "query": document })).await {
                assert!(
                    answer.contains("validation-failed"),
                    "{document:.200} {answer:.300}"
                );
                assert!(answer.len() < 2_000, "a refusal of {} bytes", answer.len());
            }
        }
    }
    let tools = json!({ "query": INTROSPECTION });
    for caller in [public, &stand.admin] {
        let answer = caller.graphql(INTROSPECTION).await;
        assert!(
            answer
                .value("/__schema/types")
                .as_array()
                .is_some_and(|types| types.len() > 50)
        );
        let batch = caller.post_json(&json!(vec![tools.clone(); 20])).await;
        let answers = batch.body.as_array().unwrap();
        assert_eq!(answers[0], answer.body);
        assert!(answers[19]["errors"].is_array(), "everything was answered");
        assert!(batch.text.len() < 4 << 20, "{} bytes", batch.text.len());
    }
    stand.assert_memory(GROWTH);
}

async fn fragments_that_are_endless_are_refused(database: Arc<TestDatabase>) {
    let stand = Stand::new(&database).await;
    let doubled = |of: &str| {
        (0..30)
            .map(|number| {
                let next = number + 1;
                format!("fragment f{number} on {of} {{ ...f{next} ...f{next} }} ")
            })
            .chain([format!("fragment f30 on {of} {{ __typename }}")])
            .collect::<String>()
    };
    let documents = [
        "query A { __schema { ...a } } fragment a on __Schema { queryType { name } ...a }".to_owned(),
        "query A { __schema { types { ...a } } } fragment a on __Type { ofType { ...a } }".to_owned(),
        "query A { ...a } fragment a on query_root { __schema { ...a } }".to_owned(),
        format!("query A {{ __schema {{ ...f0 }} }} {}", doubled("__Schema")),
        // Operations that are not asked for.
        format!(
            "query A {{ __typename }} query B {{ ...f0 }} {}",
            doubled("query_root")
        ),
        format!(
            "query A {{ __typename }} query B {{ __schema {{ ...f0 }} }} {}",
            doubled("__Schema")
        ),
        "query A { __typename } query B { ...a } fragment a on query_root { ...a }".to_owned(),
    ];
    for caller in [&stand.process.caller, &stand.admin] {
        for document in &documents {
            let body = json!({ "query": document, "operationName": "A" });
            let answer = caller.post_json(&body).await;
            assert_eq!(
                answer.error_code(),
                "validation-failed",
                "{document:.200} {}",
                answer.text
            );
        }
    }
    stand.serve().await;
}

/// Users whose list is about a megabyte.
async fn crowd(database: &TestDatabase) {
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
}

/// A client that takes little at once and asked for some megabytes.
async fn narrow(stand: &Stand) -> TcpStream {
    let lists: String = (0..8)
        .map(|number| format!("a{number}: users {{ id displayName createdAt }} "))
        .collect();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    let mut stream = socket.connect(stand.address()).await.unwrap();
    let request = stand.request(&json!({ "query": format!("{{ {lists} }}") }));
    stream.write_all(request.as_bytes()).await.unwrap();
    // Until the answer begins.
    stream.readable().await.unwrap();
    stream
}

/// How many bytes were announced, and how many came.
fn lengths(answer: &[u8]) -> (usize, usize) {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let announced = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    (announced.unwrap().parse().unwrap(), answer.len() - end - 4)
}

async fn a_client_that_never_reads_is_cut_off(database: Arc<TestDatabase>) {
    let stand = Stand::brief(&database, "2s").await;
    crowd(&database).await;
    let mut deaf = Vec::new();
    for _ in 0..5 {
        deaf.push(narrow(&stand).await);
    }
    let quiet = tokio::time::sleep(Duration::from_secs(8));
    tokio::pin!(quiet);
    while tokio::time::timeout(Duration::from_millis(200), quiet.as_mut())
        .await
        .is_err()
    {
        stand.serve().await;
    }
    for mut stream in deaf {
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        // It may be reset; what was on its way is there before.
        let _ = tokio::time::timeout(Duration::from_secs(60), read).await.unwrap();
        let (announced, came) = lengths(&answer);
        assert!(came < announced, "all {announced} bytes were kept for it");
    }
    stand.serve().await;
}

async fn a_client_that_reads_slowly_gets_everything(database: Arc<TestDatabase>) {
    let stand = Stand::brief(&database, "3s").await;
    crowd(&database).await;
    let mut stream = narrow(&stand).await;
    let (mut answer, mut part) = (Vec::new(), vec![0; 128 << 10]);
    let begun = std::time::Instant::now();
    loop {
        let mut taken = 0;
        while taken < part.len() {
            let read = stream.read(&mut part[taken..]);
            match tokio::time::timeout(Duration::from_secs(60), read)
                .await
                .unwrap()
                .unwrap()
            {
                0 => break,
                some => taken += some,
            }
        }
        answer.extend_from_slice(&part[..taken]);
        let (announced, came) = lengths(&answer);
        if came == announced {
            break;
        }
        assert!(taken > 0, "it ended after {came} of {announced} bytes");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // It took longer than a client may read nothing.
    assert!(begun.elapsed() > Duration::from_secs(4));
}

async fn a_client_that_never_reads_holds_nobody_up(database: Arc<TestDatabase>) {
    let stand = Stand::new(&database).await;
    crowd(&database).await;
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
    let stand = Stand::brief(&database, "1s").await;
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
