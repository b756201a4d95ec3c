//! Passkeys in headless Chromium with an authenticator of its own: what the browser makes of our options, and we of
//! what it answers, unchanged on both sides.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::database::{Kind, TestDatabase};
use crate::support::requirement::Requirement;

/// A page of an application: it calls the service and hands options and answers over as they are.
const PAGE: &str = r#"<!doctype html><title>application</title>
<link rel="icon" href="data:,">
<input id="name" autocomplete="username webauthn">
<script>
let service, token;
const api = async (query, variables) => {
  const headers = { 'content-type': 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  const body = JSON.stringify({ query, variables });
  const answer = await (await fetch(`${service}/v1/graphql`, { method: 'POST', headers, body })).json();
  if (answer.errors) return answer.errors[0].extensions.code;
  return Object.values(answer.data)[0];
};
const create = async (options) => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return (await navigator.credentials.create({ publicKey })).toJSON();
};
const get = async (options, mediation) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({ publicKey, mediation })).toJSON();
};
const signUp = async (email) => {
  const options = await api('mutation ($email: citext!) { signUpWebauthn(email: $email) }', { email });
  const credential = await create(options);
  return api(`mutation ($credential: jsonb!) { verifySignUpWebauthn(credential: $credential, nickname: "laptop") {
    session { accessToken user { email } } } }`, { credential });
};
const verify = (credential) => api(`mutation ($credential: jsonb!) { verifySignInWebauthn(credential: $credential) {
  session { accessToken user { email } } } }`, { credential });
const signIn = async (email, mediation, change) => {
  const options = await api('mutation ($email: citext) { signInWebauthn(email: $email) }', { email });
  return verify(await get({ ...options, ...change }, mediation));
};
const elevate = async () => {
  const credential = await get(await api('mutation { elevateWebauthn }'));
  return api(`mutation ($credential: jsonb!) { verifyElevateWebauthn(credential: $credential) { accessToken } }`,
    { credential });
};
const secondFactor = async (email, password) => {
  const query = `mutation ($email: citext!, $password: String!) {
    signInEmailPassword(email: $email, password: $password) { session { accessToken } mfa { ticket webauthnOptions } } }`;
  const { session, mfa } = await api(query, { email, password });
  if (session) return 'no second factor was asked for';
  const credential = await get(mfa.webauthnOptions);
  return api(`mutation ($ticket: String!, $credential: jsonb!) {
    verifySignInMfaWebauthn(ticket: $ticket, credential: $credential) { session { accessToken user { email } } } }`,
    { ticket: mfa.ticket, credential });
};
const enter = (answer) => {
  const session = answer.session ?? answer;
  token = session.accessToken ?? token;
  return session.user?.email ?? typeof session.accessToken;
};
</script>"#;

/// Serves the page on a port of this machine until the test ends.
async fn serve_page() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = [0; 4_096];
            let _ = socket.read(&mut head).await;
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{PAGE}",
                PAGE.len()
            );
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    // A number is no domain; browsers know this name without asking.
    format!("http://localhost:{port}")
}

/// A browser on the page, with an authenticator in it.
struct Scene {
    browser: Browser,
    authenticator: Value,
}

impl Scene {
    async fn open(mut browser: Browser, page: &str, service: &str) -> Self {
        browser
            .call("WebAuthn.enable", json!({ "enableUI": false }))
            .await;
        let options = json!({ "options": {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "automaticPresenceSimulation": true,
        } });
        let added = browser.call("WebAuthn.addVirtualAuthenticator", options).await;
        let mut scene = Self {
            browser,
            authenticator: added["authenticatorId"].clone(),
        };
        scene.go(page, service).await;
        scene
    }

    async fn go(&mut self, page: &str, service: &str) {
        self.browser.open(page).await;
        self.browser.wait_for("typeof elevate === 'function'").await;
        self.run(&format!("service = '{service}'")).await;
    }

    async fn run(&mut self, expression: &str) -> Value {
        self.browser.evaluate(expression).await
    }

    /// Tells the authenticator something.
    async fn tell(&mut self, method: &str, mut parameters: Value) -> Value {
        parameters["authenticatorId"] = self.authenticator.clone();
        self.browser.call(method, parameters).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_up_in_and_out_with_a_passkey() {
    let Some(browser) = Browser::start().await else {
        return Requirement::Chromium.absent();
    };
    let (page, elsewhere) = (serve_page().await, serve_page().await);
    let database = TestDatabase::new(Kind::Sqlite).await.unwrap();
    let origins = format!("{page},{elsewhere}");
    let variables = [
        ("PORTICO_CLIENT_URL", page.as_str()),
        ("PORTICO_CORS_ORIGINS", &origins),
    ];
    let app = TestApp::with(&database, &variables).await;
    let service = app.public().base;
    let mut scene = Scene::open(browser, &page, &service).await;
    let (jane, text) = (json!("jane@example.org"), json!("string"));

    assert_eq!(scene.run("signUp('jane@example.org').then(enter)").await, jane);
    assert_eq!(scene.run("api('mutation { signOut }')").await, json!(true));
    scene.run("token = undefined").await;
    // Discoverable, by address, and from the field where the name is typed.
    assert_eq!(scene.run("signIn().then(enter)").await, jane);
    assert_eq!(scene.run("signIn('jane@example.org').then(enter)").await, jane);
    assert_eq!(
        scene.run("signIn(undefined, 'conditional').then(enter)").await,
        jane
    );
    // A second device of the same person: the first is excluded.
    assert_eq!(
        scene.run("api('mutation { addSecurityKey }')").await,
        json!("elevated-claim-required")
    );
    assert_eq!(scene.run("elevate().then(enter)").await, text);
    let again = "api('mutation { addSecurityKey }').then(create).then(() => 'made', error => error.name)";
    assert_eq!(scene.run(again).await, json!("InvalidStateError"));

    // After a password the passkey is the second factor.
    let password = "api('mutation { changePassword(newPassword: \"correct horse battery\") }')";
    assert_eq!(scene.run(password).await, json!(true));
    let second = "secondFactor('jane@example.org', 'correct horse battery').then(enter)";
    assert_eq!(scene.run(second).await, jane);

    // What a browser or a device gone wrong would send.
    let without = "signIn(undefined, undefined, { userVerification: 'discouraged' })";
    scene
        .tell("WebAuthn.setUserVerified", json!({ "isUserVerified": false }))
        .await;
    assert_eq!(scene.run(without).await, json!("invalid-passkey"));
    scene
        .tell("WebAuthn.setUserVerified", json!({ "isUserVerified": true }))
        .await;
    let held = scene.tell("WebAuthn.getCredentials", json!({})).await;
    let mut copy = held["credentials"][0].clone();
    copy["signCount"] = json!(1);
    scene.tell("WebAuthn.clearCredentials", json!({})).await;
    scene
        .tell("WebAuthn.addCredential", json!({ "credential": copy }))
        .await;
    assert_eq!(scene.run("signIn()").await, json!("invalid-passkey"));
    copy["signCount"] = json!(1_000);
    scene.tell("WebAuthn.clearCredentials", json!({})).await;
    scene
        .tell("WebAuthn.addCredential", json!({ "credential": copy }))
        .await;
    scene.go(&elsewhere, &service).await;
    assert_eq!(scene.run("signIn()").await, json!("invalid-passkey"));

    scene.go(&page, &service).await;
    assert_eq!(scene.run("signIn().then(enter)").await, jane);
    assert_eq!(scene.run("elevate().then(enter)").await, text);
    let keys = "api('{ authUserSecurityKeys { id nickname lastUsedAt } }')";
    let key = scene.run(keys).await[0].clone();
    assert_eq!(
        (&key["nickname"], key["lastUsedAt"].is_string()),
        (&json!("laptop"), true)
    );
    let remove = format!("api('mutation {{ removeSecurityKey(id: {}) }}')", key["id"]);
    assert_eq!(scene.run(&remove).await, json!(true));
    assert_eq!(scene.run("signIn()").await, json!("invalid-passkey"));
    assert_eq!(scene.browser.problems(), [] as [String; 0]);
}
