//! Connections on which nothing is asked, or never to the end.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{GROWTH, Stand};
use crate::support::caller::User;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_thousand_idle_connections_cost_little,
    a_connection_without_a_request_is_closed,
);

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
