//! GraphiQL in headless Chromium: it works without any other host, under its content security policy.

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::database::{Kind, TestDatabase};
use crate::support::requirement::Requirement;

/// GraphiQL's editors are Monaco models; the page's own controls are used for everything else.
const RESPONSE: &str = "document.querySelector('.graphiql-response')?.innerText ?? ''";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_developer_sends_a_query_with_a_header() {
    let Some(mut browser) = Browser::start().await else {
        return Requirement::Chromium.absent();
    };
    let database = TestDatabase::new(Kind::Sqlite).await.unwrap();
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let base = app.public().base;

    browser.open(&format!("{base}/graphiql")).await;
    browser
        .wait_for("document.querySelector('.graphiql-execute-button')")
        .await;
    type_into(&mut browser, ".graphiql-query-editor", "{ users { email } }").await;
    open_headers(&mut browser).await;
    let header = json!({ "authorization": format!("Bearer {}", jane.session.access_token) });
    type_into(&mut browser, ".graphiql-editor-tool", &header.to_string()).await;
    browser
        .evaluate("document.querySelector('.graphiql-execute-button').click()")
        .await;
    browser
        .wait_for(&format!("{RESPONSE}.includes('{}')", jane.email))
        .await;

    // The credential is not kept when the page is opened again.
    let stored = browser
        .evaluate("JSON.stringify({ ...localStorage, ...sessionStorage })")
        .await;
    assert!(
        !stored.as_str().unwrap().contains(&jane.session.access_token),
        "{stored}"
    );
    let elsewhere: Vec<&String> = browser
        .requests()
        .iter()
        .filter(|url| !url.starts_with(&base) && ["http", "ws"].iter().any(|scheme| url.starts_with(scheme)))
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    assert!(browser.problems().is_empty(), "{:#?}", browser.problems());
    database.finish().await;
}

async fn open_headers(browser: &mut Browser) {
    let tab = "[...document.querySelectorAll('.graphiql-editor-tools button')].find(button => button.textContent.trim() === 'Headers')";
    browser.wait_for(tab).await;
    browser.evaluate(&format!("{tab}.click()")).await;
}

/// Puts the caret into the editor that is visible there, empties it and types.
async fn type_into(browser: &mut Browser, editor: &str, text: &str) {
    let input = format!(
        "[...document.querySelectorAll('{editor} textarea, {editor} .native-edit-context, {editor} .CodeMirror textarea')]\
         .find(input => input.closest('{editor}').offsetParent && !input.closest('.hidden'))"
    );
    browser.wait_for(&input).await;
    browser
        .wait_for(&format!("({input}.focus(), document.activeElement === {input})"))
        .await;
    browser.press("a", "KeyA", 65, 2).await;
    browser.press("Backspace", "Backspace", 8, 0).await;
    browser.insert_text(text).await;
}

#[tokio::test]
async fn the_page_names_what_it_may_load() {
    let database = TestDatabase::new(Kind::Sqlite).await.unwrap();
    let app = TestApp::new(&database).await;
    let answer = app.public().get("/graphiql").await;
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") || policy.contains("default-src 'self'"),
        "{policy}"
    );
    let scripts = policy
        .split(';')
        .find(|part| part.trim().starts_with("script-src"))
        .unwrap_or(policy);
    assert!(
        !scripts.contains("unsafe-inline") && !scripts.contains("unsafe-eval"),
        "{policy}"
    );
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    database.finish().await;
}
