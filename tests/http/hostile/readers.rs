//! Clients that do not read what they asked for, or read it slowly.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::{GROWTH, Stand};
use crate::support::database::{Kind, TestDatabase, on_both_databases};

on_both_databases!(
    a_client_that_never_reads_holds_nobody_up,
    a_client_that_never_reads_is_cut_off,
    a_client_that_reads_slowly_gets_everything,
);

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
