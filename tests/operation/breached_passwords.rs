//! Passwords known from breaches, asked of a service that knows them

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_breached_password_is_refused_and_the_service_learns_five_characters,
    a_service_that_does_not_answer_keeps_nobody_out_unless_told_so,
    a_private_address_is_not_asked_unless_allowed,
);

pub(super) const BREACHED: &str = "jane likes long passwords";
/// SHA-1 of it.
pub(super) const HASH: (&str, &str) = ("3EBC1", "B3A773E05AB306E6FA1E1B9395C58E43279");

/// A service that answers each request with these bytes and keeps what was asked.
pub(super) async fn service(answer: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/range", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..length]).to_ascii_lowercase();
            heard.lock().unwrap().push(request);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, asked)
}

pub(super) fn response(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

pub(super) fn settings<'a>(url: &'a str, required: &'a str) -> [(&'static str, &'a str); 3] {
    [
        ("PORTICO_BREACHED_PASSWORDS_URL", url),
        ("PORTICO_BREACHED_PASSWORDS_REQUIRED", required),
        ("PORTICO_OUTGOING_NETWORKS", "127.0.0.0/8"),
    ]
}

async fn a_breached_password_is_refused_and_the_service_learns_five_characters(database: Arc<TestDatabase>) {
    let body = format!("{}:0\r\n{}:7\r\n", "0".repeat(35), HASH.1);
    let (url, asked) = service(response("200 OK", &body)).await;
    let app = TestApp::with(&database, &settings(&url, "true")).await;
    let answer = app.public().sign_up("joe@example.org", BREACHED).await;
    assert_eq!(answer.error_code(), "password-in-hibp-database");
    app.public()
        .sign_up("joe@example.org", "another long password")
        .await
        .data();
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 2);
    let first = format!("get /range/{} http/1.1", HASH.0.to_ascii_lowercase());
    assert_eq!(asked[0].lines().next(), Some(first.as_str()));
    assert!(asked[0].contains("add-padding: true"), "{}", asked[0]);
}

async fn a_service_that_does_not_answer_keeps_nobody_out_unless_told_so(database: Arc<TestDatabase>) {
    // A redirect is followed nowhere, and says nothing of the password.
    let redirect = response("302 Found\r\nlocation: http://127.0.0.1:1/", "");
    let long = response("200 OK", &"x".repeat(2 << 20));
    for (number, answer) in [
        response("500 Oops", ""),
        redirect,
        long,
        "nonsense\r\n\r\n".to_owned(),
        String::new(),
    ]
    .into_iter()
    .enumerate()
    {
        let (url, _) = service(answer).await;
        let email = format!("joe{number}@example.org");
        let strict = TestApp::with(&database, &settings(&url, "true")).await;
        let refused = strict.public().sign_up(&email, BREACHED).await;
        assert_eq!(refused.error_code(), "unavailable", "{number}");
        let open = TestApp::with(&database, &settings(&url, "false")).await;
        open.public().sign_up(&email, BREACHED).await.data();
    }
}

async fn a_private_address_is_not_asked_unless_allowed(database: Arc<TestDatabase>) {
    let (url, asked) = service(response("200 OK", "")).await;
    let variables = [
        ("PORTICO_BREACHED_PASSWORDS_URL", url.as_str()),
        ("PORTICO_BREACHED_PASSWORDS_REQUIRED", "true"),
    ];
    let app = TestApp::with(&database, &variables).await;
    let answer = app.public().sign_up("joe@example.org", BREACHED).await;
    assert_eq!(answer.error_code(), "unavailable");
    assert!(asked.lock().unwrap().is_empty());
}
