//! Limits are counted before the work, for each alias and each element of a batch.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::mail;

on_both_databases!(
    each_alias_of_a_sign_in_counts,
    each_element_of_a_batch_counts,
    sign_ups_are_limited_per_address_of_the_caller,
    nodes_agree_about_what_guards_a_secret,
    wrong_admin_secrets_are_limited,
    a_refusal_says_when_to_come_back,
    fifty_wrong_passwords_on_two_nodes_are_ten_guesses,
    each_limit_is_counted_before_the_work_and_by_all_nodes,
    refreshes_are_limited_on_each_node,
    no_header_makes_another_caller,
    links_do_not_follow_the_host_of_a_request,
);

fn aliases(count: usize) -> String {
    let mut query = "mutation {".to_owned();
    for number in 0..count {
        let _ = write!(
            query,
            " a{number}: signInEmailPassword(email: \"jane@example.org\", password: \"guess number {number}\") {{ session {{ accessToken }} }}"
        );
    }
    query + " }"
}

fn codes(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors
        .iter()
        .filter_map(|error| error["extensions"]["code"].as_str())
        .collect()
}

async fn each_alias_of_a_sign_in_counts(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let before = app.auth.hash_calls();
    let answer = app.public().graphql(&aliases(1000)).await;
    assert!(!codes(&answer.body).is_empty(), "{}", answer.text);
    assert!(
        app.auth.hash_calls() - before <= 10,
        "a thousand guesses in one request were answered"
    );
    // Below the limit on aliases every guess counts: ten failures, then the delay.
    let answer = app.public().graphql(&aliases(20)).await;
    assert!(answer.body.get("errors").is_some(), "{}", answer.text);
    assert!(app.auth.hash_calls() - before <= 10, "{}", answer.text);
    jane.graphql("{ users { id } }").await.data();
}

async fn each_element_of_a_batch_counts(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    app.user("jane").await;
    let before = app.auth.hash_calls();
    let batch: Vec<Value> = (0..10).map(|_| json!({ "query": aliases(2) })).collect();
    let answer = app.public().post_json(&json!(batch)).await;
    let answers = answer.body.as_array().unwrap();
    assert_eq!(answers.len(), 10);
    assert!(
        answers
            .iter()
            .flat_map(codes)
            .any(|code| code == "too-many-requests")
    );
    assert!(app.auth.hash_calls() - before <= 10, "{}", answer.text);
}

async fn sign_ups_are_limited_per_address_of_the_caller(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_SIGN_UPS", "3")]).await;
    for name in ["one", "two", "three"] {
        app.user(name).await;
    }
    let answer = app
        .public()
        .sign_up("four@example.org", "correct horse battery")
        .await;
    assert_eq!(answer.error_code(), "too-many-requests");
    // A header that anybody can send is no other address.
    let forwarded = app.public().with("x-forwarded-for", "203.0.113.7");
    let answer = forwarded
        .sign_up("four@example.org", "correct horse battery")
        .await;
    assert_eq!(answer.error_code(), "too-many-requests");
    app.clock.advance(61);
    app.user("four").await;
}

async fn nodes_agree_about_what_guards_a_secret(database: Arc<TestDatabase>) {
    let one = TestApp::with(&database, &[("PORTICO_LIMIT_SIGN_UPS", "2")]).await;
    let clock = Arc::clone(&one.clock);
    let two = TestApp::node(&database, clock, &[("PORTICO_LIMIT_SIGN_UPS", "2")]).await;
    one.user("one").await;
    two.user("two").await;
    for node in [&one, &two] {
        let answer = node
            .public()
            .sign_up("three@example.org", "correct horse battery")
            .await;
        assert_eq!(answer.error_code(), "too-many-requests");
    }
}

async fn wrong_admin_secrets_are_limited(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let mut told = Vec::new();
    for number in 0..60 {
        let guess = format!("a wrong secret of sufficient length {number}");
        let answer = app
            .public()
            .with("x-hasura-admin-secret", &guess)
            .graphql("{ __typename }")
            .await;
        told.push(answer.error_code().to_owned());
    }
    assert_eq!(told[0], "access-denied");
    assert_eq!(told[59], "too-many-requests");
}

async fn a_refusal_says_when_to_come_back(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_SIGN_UPS", "1")]).await;
    app.user("one").await;
    let answer = app
        .public()
        .sign_up("two@example.org", "correct horse battery")
        .await;
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
}

/// Two nodes on one database.
async fn two(database: &Arc<TestDatabase>, variables: &[(&str, &str)]) -> [TestApp; 2] {
    let one = TestApp::with(database, variables).await;
    let other = TestApp::node(database, Arc::clone(&one.clock), variables).await;
    [one, other]
}

async fn fifty_wrong_passwords_on_two_nodes_are_ten_guesses(database: Arc<TestDatabase>) {
    let nodes = two(&database, &[("PORTICO_LIMIT_SIGN_INS", "1000")]).await;
    let jane = nodes[0].user("jane").await;
    let computed = || nodes.iter().map(|node| node.auth.hash_calls()).sum::<u64>();
    let before = computed();
    let callers = [nodes[0].public(), nodes[1].public()];
    let guesses = (0..50).map(|number| callers[number % 2].sign_in(&jane.email, "a wrong password"));
    let answers = futures_util::future::join_all(guesses).await;
    let told = |code: &str| {
        answers
            .iter()
            .filter(|answer| answer.error_code() == code)
            .count()
    };
    assert_eq!(
        (told("invalid-email-password"), told("too-many-requests")),
        (10, 40)
    );
    assert_eq!(computed() - before, 10, "what is refused costs no hash");
    // The right one has to wait like the others.
    let answer = callers[1].sign_in(&jane.email, &jane.password).await;
    assert_eq!(answer.error_code(), "too-many-requests");
    nodes[0].clock.advance(6);
    callers[1].sign_in(&jane.email, &jane.password).await.data();
}

/// What is asked for is none that exists: who does not exist must not be told by a limit.
async fn each_limit_is_counted_before_the_work_and_by_all_nodes(database: Arc<TestDatabase>) {
    let variables = [
        ("PORTICO_LIMIT_SIGN_INS", "4"),
        ("PORTICO_LIMIT_SIGN_UPS", "4"),
        ("PORTICO_LIMIT_MAILS", "4"),
        ("PORTICO_LIMIT_MAIL_REQUESTS", "1000"),
    ];
    let nodes = two(&database, &variables).await;
    for (query, code) in [
        (
            "mutation { signInEmailPassword(email: \"nobody@example.org\", password: \"a wrong password\") { session { accessToken } } }",
            "invalid-email-password",
        ),
        (
            "mutation { signInUsernamePassword(username: \"nobody\", password: \"a wrong password\") { session { accessToken } } }",
            "invalid-username-password",
        ),
        (
            "mutation { confirmTicket(ticket: \"unknown\") { session { accessToken } } }",
            "invalid-ticket",
        ),
        (
            "mutation { resetPassword(ticket: \"unknown\", newPassword: \"a wholly new phrase\") }",
            "invalid-ticket",
        ),
        (
            "mutation { verifySignInOtpEmail(email: \"nobody@example.org\", otp: \"000000\") { session { accessToken } } }",
            "invalid-ticket",
        ),
        (
            "mutation { signUpEmailPassword(email: \"new@example.org\", password: \"password1\") { session { accessToken } } }",
            "password-too-common",
        ),
        (
            "mutation { sendPasswordResetEmail(email: \"nobody@example.org\") }",
            "",
        ),
    ] {
        for number in 0..4 {
            let answer = nodes[number % 2].public().graphql(query).await;
            let told = answer.body.pointer("/errors/0/extensions/code");
            assert_eq!(told.and_then(Value::as_str).unwrap_or_default(), code, "{query}");
        }
        let before = nodes.iter().map(|node| node.auth.hash_calls()).sum::<u64>();
        for node in &nodes {
            let answer = node.public().graphql(query).await;
            assert_eq!(answer.error_code(), "too-many-requests", "{query}");
            assert_eq!(answer.status, 429, "{query}");
        }
        assert_eq!(
            nodes.iter().map(|node| node.auth.hash_calls()).sum::<u64>(),
            before,
            "{query}"
        );
        nodes[0].clock.advance(61);
    }
    // Mails are counted by the hour.
    let again = "mutation { sendPasswordResetEmail(email: \"nobody@example.org\") }";
    let answer = nodes[0].public().graphql(again).await;
    assert_eq!(answer.error_code(), "too-many-requests");
    nodes[0].clock.advance(3_600);
    nodes[1].public().graphql(again).await.data();
}

async fn refreshes_are_limited_on_each_node(database: Arc<TestDatabase>) {
    let nodes = two(&database, &[("PORTICO_LIMIT_REFRESHES", "3")]).await;
    let jane = nodes[0].user("jane").await;
    let mut token = jane.session.refresh_token.clone();
    for _ in 0..3 {
        let answer = nodes[0].public().refresh(&token).await;
        token = answer.string("/refreshToken/refreshToken");
    }
    let answer = nodes[0].public().refresh(&token).await;
    assert_eq!(answer.error_code(), "too-many-requests");
    nodes[1].public().refresh(&token).await.data();
}

async fn no_header_makes_another_caller(database: Arc<TestDatabase>) {
    let forged = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-for", "::1"),
        ("forwarded", "for=203.0.113.7;host=evil.example;proto=https"),
        ("x-real-ip", "203.0.113.7"),
        ("x-client-ip", "203.0.113.7"),
        ("true-client-ip", "203.0.113.7"),
        ("cf-connecting-ip", "203.0.113.7"),
        ("x-forwarded-host", "evil.example"),
        ("host", "evil.example"),
    ];
    // Also a proxy that is trusted tells it in one header alone.
    for (proxies, believed) in [("", None), ("127.0.0.1/32", Some("x-forwarded-for"))] {
        let variables = [
            ("PORTICO_LIMIT_SIGN_INS", "1"),
            ("PORTICO_TRUSTED_PROXIES", proxies),
        ];
        let app = TestApp::with(&database, &variables).await;
        app.clock.advance(3_600);
        app.public()
            .sign_in("nobody@example.org", "a wrong password")
            .await;
        for (name, value) in forged.iter().filter(|(name, _)| Some(*name) != believed) {
            let caller = app.public().with(name, value);
            let answer = caller.sign_in("nobody@example.org", "a wrong password").await;
            assert_eq!(answer.error_code(), "too-many-requests", "{name}: {value}");
        }
        let events = "{ auditEvents { ip } }";
        let told = app.admin().graphql(events).await.values("ip");
        assert!(told.iter().all(|ip| *ip == json!("127.0.0.1")), "{told:?}");
    }
}

async fn links_do_not_follow_the_host_of_a_request(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_PUBLIC_URL", "http://id.example.org")]).await;
    let jane = app.user("jane").await;
    let forged = app
        .public()
        .with("host", "evil.example")
        .with("x-forwarded-host", "evil.example")
        .with("forwarded", "host=evil.example");
    forged
        .graphql("mutation { sendPasswordResetEmail(email: \"jane@example.org\") }")
        .await
        .data();
    let mail = mail(&app, &jane.email).await;
    assert!(
        mail["link"]
            .as_str()
            .unwrap()
            .starts_with("http://id.example.org/v1/verify?")
    );
    assert!(!mail.to_string().contains("evil"), "{mail}");
}
