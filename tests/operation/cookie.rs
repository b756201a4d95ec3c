//! The refresh token in a cookie, and attempts to have a browser use it for somebody else

use std::sync::Arc;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_page_never_sees_the_refresh_token,
    signing_out_clears_the_cookie,
    the_cookie_is_nothing_without_a_listed_page,
    the_cookie_is_nothing_but_json_sent_by_post,
    the_cookie_proves_nobody,
    a_token_given_comes_before_the_cookie,
    a_cookie_is_set_for_listed_pages_alone,
    of_fifty_at_once_each_gets_the_same_cookie,
);

const PAGE: &str = "https://app.example.org";
const SETTINGS: [(&str, &str); 1] = [(
    "PORTICO_CORS_ORIGINS",
    "https://app.example.org,https://two.example.org",
)];
const REFRESH: &str = "mutation { refreshToken { accessToken refreshToken refreshTokenId } }";

async fn app(database: &Arc<TestDatabase>) -> TestApp {
    TestApp::with(database, &SETTINGS).await
}

/// The value of the cookie that an answer sets, once its attributes were looked at.
#[track_caller]
fn cookie(caller: &Caller, answer: &Answer) -> String {
    let header = answer
        .header("set-cookie")
        .unwrap_or_else(|| panic!("no cookie: {}", answer.text));
    assert!(!header.to_ascii_lowercase().contains("domain"), "{header}");
    let mut parts = header.split("; ");
    let (name, value) = parts.next().unwrap().split_once('=').unwrap();
    assert_eq!(name, "__Host-portico-refresh");
    let mut attributes: Vec<&str> = parts.collect();
    attributes.retain(|attribute| !attribute.starts_with("Max-Age="));
    assert_eq!(attributes, ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"]);
    if !value.is_empty() {
        caller.database.secrets.add(value);
    }
    value.to_owned()
}

fn with_cookie(caller: &Caller, value: &str) -> Caller {
    caller.with("cookie", &format!("theme=dark; __Host-portico-refresh={value}"))
}

async fn sign_in(caller: &Caller, user: &User) -> Answer {
    let query = "mutation ($email: citext!, $password: String!) {
      signInEmailPassword(email: $email, password: $password, session: { cookie: true }) {
        session { accessToken refreshToken refreshTokenId }
      }
    }";
    let variables = json!({ "email": user.email, "password": user.password });
    caller.graphql_with(query, variables).await
}

/// A page that has the cookie of a session of the user.
async fn page(app: &TestApp, user: &User) -> (Caller, Caller) {
    let page = app.public().with("origin", PAGE);
    let value = cookie(&page, &sign_in(&page, user).await);
    let with = with_cookie(&page, &value);
    (page, with)
}

async fn a_page_never_sees_the_refresh_token(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    let page = app.public().with("origin", PAGE);
    let answer = sign_in(&page, &jane).await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some(PAGE),
        "the page may read the answer"
    );
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    let session = answer.value("/signInEmailPassword/session");
    assert_eq!(session["refreshToken"], Value::Null);
    let first = cookie(&page, &answer);
    assert!(first.starts_with("prt_") && !answer.text.contains(&first));

    let answer = with_cookie(&page, &first).graphql(REFRESH).await;
    let next = answer.value("/refreshToken");
    assert_eq!(next["refreshToken"], Value::Null);
    assert_eq!(next["refreshTokenId"], session["refreshTokenId"]);
    let second = cookie(&page, &answer);
    assert!(second != first && !answer.text.contains(&second));
    let me = app.public().bearer(next["accessToken"].as_str().unwrap());
    assert_eq!(
        me.graphql("{ users { id } }").await.values("id"),
        [json!(jane.id)]
    );
    // The other listed page has it, too; a replaced one ends the session as ever.
    let other = with_cookie(&app.public().with("origin", "https://two.example.org"), &second);
    cookie(&page, &other.graphql(REFRESH).await);
    app.clock.advance(60);
    let answer = with_cookie(&page, &first).graphql(REFRESH).await;
    assert_eq!(answer.error_code(), "invalid-refresh-token");
    assert_eq!(me.graphql("{ users { id } }").await.error_code(), "invalid-jwt");
}

async fn signing_out_clears_the_cookie(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    for (call, with_token) in [
        ("signOut", false),
        ("signOut", true),
        ("signOut(all: true)", true),
    ] {
        let (page, with) = page(&app, &jane).await;
        let answer = with.graphql(REFRESH).await;
        let token = answer.string("/refreshToken/accessToken");
        let with = with_cookie(&page, &cookie(&page, &answer));
        let signing_out = if with_token {
            with.bearer(&token)
        } else {
            with.clone()
        };
        let answer = signing_out.graphql(&format!("mutation {{ {call} }}")).await;
        assert_eq!(answer.data(), &json!({ "signOut": true }), "{call}");
        assert_eq!(cookie(&page, &answer), "", "{call}");
        assert!(
            answer.header("set-cookie").unwrap().contains("Max-Age=0"),
            "{call}"
        );
        assert_eq!(with.graphql(REFRESH).await.error_code(), "invalid-refresh-token");
        let me = app.public().bearer(&token);
        assert_eq!(me.graphql("{ users { id } }").await.error_code(), "invalid-jwt");
    }
    // A cookie that is worth nothing goes as well.
    let page = app.public().with("origin", PAGE);
    let answer = with_cookie(&page, "prt_garbage")
        .graphql("mutation { signOut }")
        .await;
    assert_eq!(answer.error_code(), "invalid-refresh-token");
    assert_eq!(cookie(&page, &answer), "");
}

async fn the_cookie_is_nothing_without_a_listed_page(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    let page = app.public().with("origin", PAGE);
    let value = cookie(&page, &sign_in(&page, &jane).await);
    let foreign = |origin: &str| with_cookie(&app.public().with("origin", origin), &value);
    let attackers = [
        with_cookie(&app.public(), &value),
        with_cookie(&app.public().with("referer", PAGE), &value),
        foreign("https://evil.example"),
        foreign("https://app.example.org.evil.example"),
        foreign("http://app.example.org"),
        foreign("https://app.example.org:8443"),
        foreign("null"),
        foreign(PAGE).with("origin", "https://evil.example"),
    ];
    for attacker in attackers {
        let headers = &attacker.headers;
        let answer = attacker.graphql(REFRESH).await;
        assert_eq!(answer.error_code(), "invalid-request", "{headers:?}");
        assert_eq!(answer.header("set-cookie"), None, "{headers:?}");
        let answer = attacker.graphql("mutation { signOut }").await;
        assert_eq!(answer.error_code(), "unauthenticated", "{headers:?}");
        assert_eq!(answer.header("set-cookie"), None, "{headers:?}");
    }
    with_cookie(&page, &value).graphql(REFRESH).await.data();
}

async fn the_cookie_is_nothing_but_json_sent_by_post(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    let (_, with) = page(&app, &jane).await;
    let body = json!({ "query": REFRESH }).to_string();
    let form = "query=mutation%20%7B%20signOut%20%7D";
    for (content_type, body) in [
        ("application/x-www-form-urlencoded", form),
        ("multipart/form-data; boundary=x", "--x--"),
        ("text/plain", body.as_str()),
        ("text/plain;charset=utf-8", body.as_str()),
        ("application/json-seq", body.as_str()),
        ("", body.as_str()),
    ] {
        let answer = with.post(content_type, body.to_owned()).await;
        assert_eq!(answer.status, 415, "{content_type}: {}", answer.text);
        assert_eq!(answer.header("set-cookie"), None, "{content_type}");
    }
    let request = with.request(Method::POST, "/v1/graphql").body(body.clone());
    let answer = Answer::read(request.send().await.unwrap()).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (415, None));
    for path in ["/v1/graphql", "/graphql"] {
        for call in ["signOut", "refreshToken%7BaccessToken%7D"] {
            let answer = with.get(&format!("{path}?query=mutation%7B{call}%7D")).await;
            assert_eq!(answer.error_code(), "method-not-allowed");
            assert_eq!(answer.header("set-cookie"), None);
        }
    }
    let request = with
        .request(Method::OPTIONS, "/v1/graphql")
        .header(CONTENT_TYPE, "text/plain");
    assert_eq!(request.send().await.unwrap().headers().get("set-cookie"), None);
    cookie(&with, &with.graphql(REFRESH).await);
}

async fn the_cookie_proves_nobody(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    let (_, with) = page(&app, &jane).await;
    for query in [
        "{ users { id } }",
        "{ me { id } }",
        "mutation { signOutOthers }",
        "mutation { updateUsers(where: {}, _set: { displayName: \"x\" }) { affected_rows } }",
    ] {
        assert_eq!(
            with.graphql(query).await.error_code(),
            "validation-failed",
            "{query}"
        );
    }
    let answer = with.get("/v1/graphql?query=%7Busers%7Bid%7D%7D").await;
    assert_eq!(answer.error_code(), "validation-failed");
    let answer = with.graphql("mutation { verifyToken }").await;
    assert_eq!(answer.error_code(), "unauthenticated");
    let answer = with.graphql("mutation { signOut(all: true) }").await;
    assert_eq!(answer.error_code(), "unauthenticated");
    with.graphql(REFRESH).await.data();
}

async fn a_token_given_comes_before_the_cookie(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    let (_, with) = page(&app, &jane).await;
    let answer = with.refresh(&jane.session.refresh_token).await;
    assert_eq!(
        answer.value("/refreshToken/refreshTokenId"),
        &json!(jane.session.id)
    );
    assert!(answer.string("/refreshToken/refreshToken").starts_with("prt_"));
    assert_eq!(answer.header("set-cookie"), None);
    let query = "mutation ($token: String) { signOut(refreshToken: $token) }";
    let token = answer.string("/refreshToken/refreshToken");
    let answer = with.graphql_with(query, json!({ "token": token })).await;
    assert_eq!(answer.header("set-cookie"), None);
    with.graphql(REFRESH).await.data();
}

async fn a_cookie_is_set_for_listed_pages_alone(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    for caller in [app.public(), app.public().with("origin", "https://evil.example")] {
        let answer = sign_in(&caller, &jane).await;
        assert_eq!(answer.error_code(), "invalid-request");
        assert_eq!(answer.header("set-cookie"), None);
    }
    // Who does not ask for one gets none.
    let page = app.public().with("origin", PAGE);
    let answer = page.sign_in(&jane.email, &jane.password).await;
    assert!(
        answer
            .string("/signInEmailPassword/session/refreshToken")
            .starts_with("prt_")
    );
    assert_eq!(answer.header("set-cookie"), None);
    let answer = page.sign_in(&jane.email, "a wrong password").await;
    assert_eq!(answer.header("set-cookie"), None);
}

async fn of_fifty_at_once_each_gets_the_same_cookie(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    let (page, with) = page(&app, &jane).await;
    let answers = futures_util::future::join_all((0..50).map(|_| with.graphql(REFRESH))).await;
    let cookies: Vec<String> = answers.iter().map(|answer| cookie(&page, answer)).collect();
    assert!(cookies.iter().all(|cookie| *cookie == cookies[0]));
    // In a list of requests, too.
    let body = json!([{ "query": "{ __typename }" }, { "query": REFRESH }]);
    let answer = with_cookie(&page, &cookies[0]).post_json(&body).await;
    cookie(&page, &answer);
}
