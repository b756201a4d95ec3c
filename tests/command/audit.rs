//! `portico audit tail`

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::portico;
use crate::support::caller::User;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::process::{self, Process};

on_both_databases!(
    the_latest_events_are_printed,
    what_happens_is_printed_as_it_happens
);

async fn the_latest_events_are_printed(database: Arc<TestDatabase>) {
    let service = Process::start(&database).await;
    let (jane, joe) = (
        User::sign_up_as(&service.caller, "jane").await,
        User::sign_up_as(&service.caller, "joe").await,
    );
    service.caller.sign_in(&jane.email, "a wrong password").await;
    let tail = async |arguments: &[&str]| {
        let arguments = [&["audit", "tail"], arguments].concat();
        let told = portico(&database, &arguments, "").await;
        assert_eq!(told.code, 0, "{told:?}");
        told.output
    };
    let json = |text: &str| -> Vec<(Value, Value)> {
        let events = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        events
            .map(|mut event| (event["action"].take(), event["userId"].take()))
            .collect()
    };
    let (up, wrong) = (json!("signUpEmailPassword"), json!("signInEmailPassword"));
    let (jane_id, joe_id) = (json!(jane.id), json!(joe.id));
    let all = [
        (up.clone(), jane_id.clone()),
        (up.clone(), joe_id.clone()),
        (wrong.clone(), jane_id.clone()),
    ];
    assert_eq!(json(&tail(&["--json"]).await), all);
    assert_eq!(json(&tail(&["--json", "--lines", "1"]).await), all[2..]);
    assert_eq!(
        json(&tail(&["--json", "--user", "joe@example.org"]).await),
        all[1..2]
    );
    assert_eq!(
        json(&tail(&["--json", "--action", "signUpEmailPassword"]).await),
        all[..2]
    );
    let text = tail(&["--lines", "1"]).await;
    for part in [
        "signInEmailPassword",
        "refused (invalid-email-password)",
        &jane.id.to_string(),
        "from 127.0.0.1",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let nobody = portico(&database, &["audit", "tail", "--user", "nobody", "--json"], "").await;
    assert_eq!(nobody.refused()["code"], "user-not-found");
}

async fn what_happens_is_printed_as_it_happens(database: Arc<TestDatabase>) {
    let service = Process::start(&database).await;
    User::sign_up_as(&service.caller, "jane").await;
    let mut child = process::command(&database)
        .args(["audit", "tail", "--follow", "--json", "--lines", "1"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in output.lines() {
            let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if tell.send(event["action"].clone()).is_err() {
                return;
            }
        }
    });
    let mut next = async || {
        tokio::time::timeout(Duration::from_secs(20), told.recv())
            .await
            .unwrap()
    };
    assert_eq!(next().await, Some(json!("signUpEmailPassword")));
    service
        .caller
        .sign_in("jane@example.org", "a wrong password")
        .await;
    assert_eq!(next().await, Some(json!("signInEmailPassword")));
    User::sign_up_as(&service.caller, "joe").await;
    assert_eq!(next().await, Some(json!("signUpEmailPassword")));
    let id = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    assert!(child.wait().unwrap().success());
    assert_eq!(next().await, None);
}
