//! `/dev/outbox`: what would be sent, for whoever develops on this machine.

use std::sync::Arc;

use reqwest::Method;

use super::sent::node;
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::smtp::SmtpServer;

on_both_databases!(
    the_outbox_shows_what_would_be_sent,
    the_outbox_is_for_this_machine_alone,
    the_outbox_is_closed_where_others_reach_the_service,
);

const REQUIRED: [(&str, &str); 1] = [("PORTICO_EMAIL_VERIFICATION", "required")];

async fn the_outbox_shows_what_would_be_sent(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &REQUIRED).await;
    assert!(
        app.public()
            .get("/dev/outbox")
            .await
            .text
            .contains("There is none.")
    );
    app.public()
        .sign_up("jane@example.org", "correct horse battery")
        .await
        .data();
    let list = app.public().get("/dev/outbox.json").await;
    let mail = &list.body[0];
    assert_eq!((list.status, list.body.as_array().unwrap().len()), (200, 1));
    assert_eq!(
        (&mail["to"], &mail["state"]),
        (&"jane@example.org".into(), &"waiting".into())
    );
    let link = mail["link"].as_str().unwrap();
    assert!(link.contains("/v1/verify?ticket="), "{link}");
    let page = app.public().get("/dev/outbox").await;
    assert!(
        page.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    assert!(
        page.text.contains(&format!(
            "<a href=\"{}\"",
            link.replace('&', "&amp;").replace('/', "&#x2f;")
        )),
        "{}",
        page.text
    );
    let html = app
        .public()
        .get(&format!("/dev/outbox/{}", mail["id"].as_str().unwrap()))
        .await;
    assert_eq!(html.text, mail["html"].as_str().unwrap());
    assert!(
        html.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
    let unknown = app
        .public()
        .get("/dev/outbox/00000000-0000-4000-8000-000000000000")
        .await;
    assert_eq!(unknown.status, 404);
}

async fn the_outbox_is_for_this_machine_alone(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &REQUIRED).await;
    for (name, value) in [
        ("host", "example.org"),
        ("host", "localhost.example.org"),
        ("x-forwarded-for", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
    ] {
        for path in [
            "/dev/outbox",
            "/dev/outbox.json",
            "/dev/outbox/00000000-0000-4000-8000-000000000000",
        ] {
            let request = app.public().request(Method::GET, path).header(name, value);
            let answer = Answer::read(request.send().await.unwrap()).await;
            assert_eq!(answer.status, 404, "{name}: {value} {path}");
        }
    }
    let request = app
        .public()
        .request(Method::GET, "/dev/outbox.json")
        .header("host", "localhost:9");
    assert_eq!(request.send().await.unwrap().status(), 200);
}

async fn the_outbox_is_closed_where_others_reach_the_service(database: Arc<TestDatabase>) {
    let open = TestApp::with(&database, &[("PORTICO_EXPOSE_DEVELOPMENT", "true")]).await;
    assert_eq!(open.public().get("/dev/outbox").await.status, 404);
    database.finish().await;
    let key = database.folder().join("master.key");
    let server = SmtpServer::start().await;
    let variables = [
        ("PORTICO_ENV", "production"),
        ("PORTICO_MASTER_KEY_FILE", key.to_str().unwrap()),
    ];
    let production = node(&database, &server, &variables).await;
    assert_eq!(production.public().get("/dev/outbox").await.status, 404);
    assert_eq!(production.public().get("/dev/outbox.json").await.status, 404);
}
