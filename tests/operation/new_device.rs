//! Notices of sign-ins from devices that were not seen lately

use std::sync::Arc;

use serde_json::json;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    the_owner_is_told_of_a_sign_in_from_a_new_device,
    a_refresh_makes_no_network_known,
    nobody_is_told_where_that_is_switched_off,
);

const PROXY: (&str, &str) = ("PORTICO_TRUSTED_PROXIES", "127.0.0.1");
const EMAIL: &str = "jane@example.org";
const PASSWORD: &str = "jane likes long passwords";

async fn sign_in(app: &TestApp, address: &str, agent: &str, password: &str) -> Answer {
    app.clock.advance(1);
    let device = app
        .public()
        .with("x-forwarded-for", address)
        .with("user-agent", agent);
    device.sign_in(EMAIL, password).await
}

/// How many notices there were, and what the latest says.
async fn told(app: &TestApp) -> (usize, String) {
    let list = app.public().get("/dev/outbox.json").await;
    let mails = list.body.as_array().unwrap().clone();
    let mut notices = mails
        .iter()
        .filter(|mail| mail["template"] == "signin-new-device" && mail["to"] == EMAIL);
    let latest = notices
        .next()
        .map(|mail| mail["text"].as_str().unwrap().to_owned());
    (
        latest.iter().count() + notices.count(),
        latest.unwrap_or_default(),
    )
}

async fn the_owner_is_told_of_a_sign_in_from_a_new_device(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[PROXY]).await;
    let home = app
        .public()
        .with("x-forwarded-for", "192.0.2.7")
        .with("user-agent", "Browser 1");
    home.sign_up(EMAIL, PASSWORD).await.data();
    assert_eq!(told(&app).await.0, 0, "the first is no news");
    for (address, agent) in [
        ("192.0.2.99", "Browser 2"),
        ("198.51.100.1", "Browser 1"),
        ("::ffff:192.0.2.1", "Browser 3"),
    ] {
        sign_in(&app, address, agent, PASSWORD).await.data();
        assert_eq!(told(&app).await.0, 0, "{address} {agent}");
    }
    sign_in(&app, "203.0.113.5", "Elsewhere", "not the password").await;
    assert_eq!(told(&app).await.0, 0, "nobody came in");
    sign_in(
        &app,
        "203.0.113.5",
        "<b>Elsewhere</b> https://evil.example",
        PASSWORD,
    )
    .await
    .data();
    let (count, text) = told(&app).await;
    assert_eq!(count, 1);
    assert!(
        text.contains("203.0.113.5") && !text.contains("evil.example"),
        "{text}"
    );
    // Known from then on, for as long as that was lately.
    sign_in(&app, "203.0.113.9", "Yet another", PASSWORD).await.data();
    assert_eq!(told(&app).await.0, 1);
    app.clock.advance(31 * 24 * 3_600);
    sign_in(&app, "203.0.113.9", "Yet another", PASSWORD).await.data();
    let (count, text) = told(&app).await;
    assert!(text.contains("203.0.113.9"), "{count}: {text}");
}

async fn a_refresh_makes_no_network_known(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[PROXY]).await;
    let home = app
        .public()
        .with("x-forwarded-for", "192.0.2.7")
        .with("user-agent", "Browser 1");
    let answer = home.sign_up(EMAIL, PASSWORD).await;
    let token = answer.string("/signUpEmailPassword/session/refreshToken");
    let away = home.with("x-forwarded-for", "203.0.113.5");
    away.refresh(&token).await.data();
    sign_in(&app, "203.0.113.5", "Elsewhere", PASSWORD).await.data();
    assert_eq!(told(&app).await.0, 1);
    // Where the user signed in stays known.
    sign_in(&app, "192.0.2.9", "Browser 2", PASSWORD).await.data();
    assert_eq!(told(&app).await.0, 1);
}

async fn nobody_is_told_where_that_is_switched_off(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[PROXY, ("PORTICO_NEW_DEVICE_NOTICES", "false")]).await;
    app.public().sign_up(EMAIL, PASSWORD).await.data();
    let answer = sign_in(&app, "203.0.113.5", "Elsewhere", PASSWORD).await;
    assert_ne!(answer.data()["signInEmailPassword"], json!(null));
    assert_eq!(told(&app).await.0, 0);
}
