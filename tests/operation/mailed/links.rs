//! What a mailed link does, and who gets a session by it.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{LIMITS, app};
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{
    CHALLENGE, VERIFIER, ask, ask_with_challenge, code, confirm, enter, exchange, mail, press, redirected,
    ticket,
};

on_both_databases!(
    a_link_confirms_the_address_and_whoever_asked_gets_a_session,
    a_link_signs_in_whoever_asked_for_it,
    of_fifty_who_exchange_one_code_one_gets_a_session,
    to_look_at_a_link_changes_nothing,
    the_button_leads_where_the_link_does_also_below_a_path,
    a_link_that_leads_nowhere_leaves_the_code_good,
    whoever_presses_too_often_reads_so_on_the_page,
);

async fn a_link_confirms_the_address_and_whoever_asked_gets_a_session(database: Arc<TestDatabase>) {
    let variables = [LIMITS.as_slice(), &[("PORTICO_EMAIL_VERIFICATION", "required")]].concat();
    let app = TestApp::with(&database, &variables).await;
    let (email, password) = ("jane@example.org", "correct horse battery");
    app.public().sign_up(email, password).await.data();
    ask_with_challenge(&app, "sendVerificationEmail", email).await;
    let mailed = mail(&app, email).await;
    let page = press(&app, &mailed, "").await;
    let code = redirected(&page);
    let session = exchange(&app, &code, VERIFIER).await;
    assert_eq!(
        session.data()["exchangeCode"]["session"]["user"]["emailVerified"],
        true
    );
    app.public().sign_in(email, password).await.data();
    // A second time it is good for nothing, and the page says so.
    let again = press(&app, &mailed, "").await;
    assert_eq!(again.status, 400);
    assert!(again.text.contains("This did not work"), "{}", again.text);
    // Confirmed is confirmed: no further mail is sent.
    ask(&app, "sendVerificationEmail", email).await;
    assert_eq!(mail(&app, email).await["id"], mailed["id"]);
}

async fn a_link_signs_in_whoever_asked_for_it(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    // Without a challenge nobody can be told from whoever found the link: the code has to be entered.
    ask(&app, "signInPasswordlessEmail", &jane.email).await;
    let mailed = mail(&app, &jane.email).await;
    let page = press(&app, &mailed, "").await;
    assert!(
        page.status == 200 && page.text.contains("enter its code there"),
        "{}",
        page.text
    );
    enter(&app, &jane.email, &code(&mailed)).await.data();
    // With one, only its verifier opens a session, and a wrong one ends the code.
    for (verifier, fits) in [("x".repeat(43).as_str(), false), (VERIFIER, true)] {
        ask_with_challenge(&app, "signInPasswordlessEmail", &jane.email).await;
        let mailed = mail(&app, &jane.email).await;
        assert_eq!(
            confirm(&app, &ticket(&mailed)).await.error_code(),
            "invalid-ticket"
        );
        let code = redirected(&press(&app, &mailed, "").await);
        let answer = exchange(&app, &code, verifier).await;
        assert_eq!(answer.body.get("errors").is_none(), fits, "{}", answer.text);
        assert_eq!(
            exchange(&app, &code, VERIFIER).await.error_code(),
            "invalid-ticket"
        );
    }
}

async fn of_fifty_who_exchange_one_code_one_gets_a_session(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    ask_with_challenge(&app, "signInPasswordlessEmail", &jane.email).await;
    let code = redirected(&press(&app, &mail(&app, &jane.email).await, "").await);
    let answers = join_all((0..50).map(|_| exchange(&app, &code, VERIFIER))).await;
    let won = answers
        .iter()
        .filter(|answer| answer.body.get("errors").is_none());
    assert_eq!(won.count(), 1);
}

async fn to_look_at_a_link_changes_nothing(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    ask_with_challenge(&app, "signInPasswordlessEmail", &jane.email).await;
    let mailed = mail(&app, &jane.email).await;
    let link = mailed["link"].as_str().unwrap();
    let path = &link[link.find("/v1/verify").unwrap()..];
    for (path, shown) in [
        (path.to_owned(), "<button type=\"submit\">Sign in</button>"),
        (path.replace("lang=en", "lang=fr"), "<html lang=\"fr\">"),
        (
            path.replace("type=signinPasswordless", "type=passwordReset"),
            "type=\"password\"",
        ),
        ("/v1/verify".to_owned(), "This did not work"),
        (
            "/v1/verify?ticket=%22%3E%3Cscript%3E&lang=%22&type=%22".to_owned(),
            "&quot;&gt;&lt;script&gt;",
        ),
    ] {
        let page = app.public().get(&path).await;
        assert!(
            page.status == 200 && page.text.contains(shown),
            "{path}: {}",
            page.text
        );
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert!(
            page.headers["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("default-src 'none'")
        );
    }
    redirected(&press(&app, &mailed, "").await);
}

async fn the_button_leads_where_the_link_does_also_below_a_path(database: Arc<TestDatabase>) {
    let below = ("PORTICO_PUBLIC_URL", "https://example.org/id");
    let app = TestApp::with(&database, &[LIMITS.as_slice(), &[below]].concat()).await;
    let jane = app.user("jane").await;
    ask(&app, "signInPasswordlessEmail", &jane.email).await;
    let mailed = mail(&app, &jane.email).await;
    let link = mailed["link"].as_str().unwrap();
    // The proxy takes the path away.
    let path = link.strip_prefix("https://example.org/id").unwrap();
    let page = app.public().get(path).await.text;
    let (_, after) = page.split_once(" action=\"").unwrap();
    let (action, _) = after.split_once('"').unwrap();
    let link = reqwest::Url::parse(link).unwrap();
    let target = link.join(action).unwrap();
    assert_eq!(target.as_str(), "https://example.org/id/v1/verify");
}

async fn a_link_that_leads_nowhere_leaves_the_code_good(database: Arc<TestDatabase>) {
    // No application is named, and so no place to take a session to.
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let query = format!(
        "mutation {{ signInPasswordlessEmail(email: \"{}\", options: {{ codeChallenge: \"{CHALLENGE}\" }}) }}",
        jane.email
    );
    app.public().graphql(&query).await.data();
    let mailed = mail(&app, &jane.email).await;
    let page = press(&app, &mailed, "").await;
    assert!(
        page.status == 200 && page.text.contains("enter its code there"),
        "{}",
        page.text
    );
    enter(&app, &jane.email, &code(&mailed)).await.data();
}

async fn whoever_presses_too_often_reads_so_on_the_page(database: Arc<TestDatabase>) {
    let variables = [
        ("PORTICO_LIMIT_SIGN_INS", "1"),
        ("PORTICO_EMAIL_VERIFICATION", "required"),
    ];
    let app = TestApp::with(&database, &variables).await;
    app.public()
        .sign_up("jane@example.org", "correct horse battery")
        .await
        .data();
    let mailed = mail(&app, "jane@example.org").await;
    press(&app, &mailed, "").await;
    let page = press(&app, &mailed, "&lang=es").await;
    assert_eq!(page.status, 429);
    assert!(page.headers.contains_key("retry-after"));
    assert!(
        page.text.contains("<html lang=\"es\">") && page.text.contains("Demasiados intentos"),
        "{}",
        page.text
    );
}
