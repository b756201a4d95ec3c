//! What a mail server is given.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::EntityTrait;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::smtp::{AUTHORITY, SmtpServer, Tls};

on_both_databases!(
    a_mail_has_a_link_a_code_and_the_headers_of_one_that_was_sent_automatically,
    a_mail_is_in_the_language_of_its_reader,
    mails_are_sent_encrypted_to_a_server_that_is_known_and_knows_us,
    what_was_sent_is_erased,
);

/// Verification is required, and mail goes to this server.
pub(super) fn settings(server: &SmtpServer) -> Vec<(&'static str, String)> {
    vec![
        ("PORTICO_EMAIL_VERIFICATION", "required".to_owned()),
        ("PORTICO_SMTP_URL", server.url()),
        ("PORTICO_SMTP_TLS", "none".to_owned()),
        ("PORTICO_MAIL_FROM", "Tor & Tür <no-reply@example.org>".to_owned()),
        ("PORTICO_PUBLIC_URL", "https://id.example.org".to_owned()),
        ("PORTICO_LIMIT_SIGN_UPS", "100000".to_owned()),
    ]
}

/// The same with others in their place.
pub(super) async fn node(
    database: &Arc<TestDatabase>,
    server: &SmtpServer,
    more: &[(&str, &str)],
) -> TestApp {
    let own = settings(server);
    let own = own.iter().map(|(name, value)| (*name, value.as_str()));
    let variables: Vec<_> = own.chain(more.iter().copied()).collect();
    TestApp::with(database, &variables).await
}

async fn a_mail_has_a_link_a_code_and_the_headers_of_one_that_was_sent_automatically(
    database: Arc<TestDatabase>,
) {
    let server = SmtpServer::start().await;
    let app = node(
        &database,
        &server,
        &[("PORTICO_MAIL_REPLY_TO", "help@example.org")],
    )
    .await;
    app.public()
        .sign_up("jane@example.org", "correct horse battery")
        .await
        .data();
    let mail = server.mail_to("jane@example.org", 0).await;
    for (name, value) in [
        ("From", "\"Tor & Tür\" <no-reply@example.org>"),
        ("Reply-To", "help@example.org"),
        ("To", "jane@example.org"),
        ("Subject", "Confirm your email address"),
        ("Date", "Sun, 01 Mar 2026 09:00:00 +0000"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("MIME-Version", "1.0"),
    ] {
        assert_eq!(
            mail.header(name).replace("\"Tor & Tür\"", "Tor & Tür"),
            value.replace('"', ""),
            "{name}"
        );
    }
    let id = mail.header("Message-ID");
    assert!(id.starts_with('<') && id.ends_with("@example.org>"), "{id}");
    let (link, code) = (mail.link(), mail.code());
    assert!(
        link.starts_with("https://id.example.org/v1/verify?ticket="),
        "{link}"
    );
    let html = mail.html();
    assert!(
        html.contains(&link.replace('&', "&amp;").replace('/', "&#x2f;")) && html.contains(&code),
        "{html}"
    );
    assert!(html.contains("Tor &amp; Tür"), "{html}");
}

async fn a_mail_is_in_the_language_of_its_reader(database: Arc<TestDatabase>) {
    let server = SmtpServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("cs/email-verify")).unwrap();
    std::fs::write(
        folder.path().join("cs/email-verify/subject.txt"),
        "Vítejte, {{ email }}",
    )
    .unwrap();
    let templates = folder.path().to_str().unwrap();
    let app = node(&database, &server, &[("PORTICO_MAIL_TEMPLATES", templates)]).await;
    let sign_up = "mutation ($email: citext!, $locale: String!) {
      signUpEmailPassword(email: $email, password: \"correct horse battery\", options: { locale: $locale }) {
        session { accessToken }
      }
    }";
    for (locale, subject) in [
        ("bg", "Потвърдете имейл адреса си"),
        ("cs", "Vítejte, cs@example.org"),
        ("es", "Confirma tu dirección de correo"),
        ("fr", "Confirmez votre adresse e-mail"),
        ("xx", "Confirm your email address"),
    ] {
        let email = format!("{locale}@example.org");
        let variables = json!({ "email": email, "locale": locale });
        app.public().graphql_with(sign_up, variables).await.data();
        assert_eq!(server.mail_to(&email, 0).await.header("Subject"), subject);
    }
    std::fs::write(
        folder.path().join("cs/email-verify/subject.txt"),
        "Vítejte,\n{{ mail }}",
    )
    .unwrap();
    let refusal = TestApp::refused(&database, &[("PORTICO_MAIL_TEMPLATES", templates)]).await;
    assert!(
        refusal.contains("cs/email-verify/subject.txt, line 2: there is no variable mail"),
        "{refusal}"
    );
}

async fn mails_are_sent_encrypted_to_a_server_that_is_known_and_knows_us(database: Arc<TestDatabase>) {
    for (tls, scheme, mode) in [
        (Tls::Upgrade, "smtp", "starttls"),
        (Tls::Implicit, "smtps", "implicit"),
    ] {
        let server = SmtpServer::with(tls, Some(("gate", "pass w@rd"))).await;
        let url = |password: &str| format!("{scheme}://gate:{password}@localhost:{}", server.address.port());
        let email = format!("{mode}@example.org");
        // Neither a certificate that nobody vouches for nor a wrong password gets a mail across, or loses it.
        for (url, authority) in [(url("pass%20w%40rd"), ""), (url("wrong"), AUTHORITY)] {
            let app = node(&database, &server, &encrypted(&url, mode, authority)).await;
            let before = server.connections();
            app.public().sign_up(&email, "correct horse battery").await.data();
            while server.connections() == before {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            database.finish().await;
            assert_eq!(server.received(), []);
        }
        let app = node(
            &database,
            &server,
            &encrypted(&url("pass%20w%40rd"), mode, AUTHORITY),
        )
        .await;
        app.clock.advance(60);
        for mail in server.wait_for(2).await {
            assert_eq!((mail.encrypted, mail.user.as_deref()), (true, Some("gate")));
        }
        database.finish().await;
    }
}

fn encrypted<'a>(url: &'a str, mode: &'a str, authority: &'a str) -> [(&'static str, &'a str); 3] {
    [
        ("PORTICO_SMTP_URL", url),
        ("PORTICO_SMTP_TLS", mode),
        ("PORTICO_SMTP_CA_FILE", authority),
    ]
}

async fn what_was_sent_is_erased(database: Arc<TestDatabase>) {
    let server = SmtpServer::start().await;
    let app = node(&database, &server, &[]).await;
    app.public()
        .sign_up("jane@example.org", "correct horse battery")
        .await
        .data();
    server.wait_for(1).await;
    let connection = database.connect().await;
    let row = loop {
        let rows = portico_entity::outbox::Entity::find()
            .all(&connection)
            .await
            .unwrap();
        if let [row] = rows.as_slice()
            && row.sent_at.is_some()
        {
            break row.clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!((row.sealed_body, row.attempts, row.last_error), (None, 1, None));
    // Once it would have expired, nothing of it is left.
    app.clock.advance(2 * 86_400);
    app.auth.maintain().await.unwrap();
    assert_eq!(
        portico_entity::outbox::Entity::find()
            .all(&connection)
            .await
            .unwrap(),
        []
    );
}
