//! `signInAnonymous`, `deanonymize`

mod deanonymize;
mod races;
mod sign_in;

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, Session};
use crate::support::database::TestDatabase;
use crate::support::mailbox::run;

const ALLOWED: [(&str, &str); 9] = [
    ("PORTICO_ANONYMOUS_USERS", "true"),
    ("PORTICO_LIMIT_SIGN_INS", "10000"),
    ("PORTICO_LIMIT_SIGN_UPS", "10000"),
    ("PORTICO_LIMIT_MAIL_REQUESTS", "10000"),
    ("PORTICO_LIMIT_MAILS", "1000"),
    ("PORTICO_CLIENT_URL", "https://app.example.org"),
    // Of fifty at once none waits for the others' hashes.
    ("PORTICO_PASSWORD_MEMORY", "8"),
    ("PORTICO_PASSWORD_PASSES", "1"),
    // Nor is one refused for want of a connection where the machine is busy.
    ("PORTICO_DATABASE_ACQUIRE_TIMEOUT", "25s"),
];

const REQUIRED: (&str, &str) = ("PORTICO_EMAIL_VERIFICATION", "required");

async fn app(database: &Arc<TestDatabase>, more: &[(&str, &str)]) -> TestApp {
    TestApp::with(database, &[ALLOWED.as_slice(), more].concat()).await
}

/// An anonymous user.
struct Nobody {
    id: Uuid,
    session: Session,
    caller: Caller,
}

async fn sign_in(app: &TestApp, arguments: &str) -> Answer {
    let query = format!(
        "mutation {{ signInAnonymous{arguments} {{ session {{ accessToken refreshToken refreshTokenId user {{ id \
         displayName locale metadata isAnonymous defaultRole }} }} }} }}"
    );
    app.public().graphql(&query).await
}

async fn nobody(app: &TestApp) -> Nobody {
    let answer = sign_in(app, "").await;
    let session = Session::read(&answer, "/signInAnonymous/session");
    Nobody {
        id: answer.string("/signInAnonymous/session/user/id").parse().unwrap(),
        caller: app.public().bearer(&session.access_token),
        session,
    }
}

const PASSWORD: &str = "a wholly new phrase";

const PAYLOAD: &str = "{ session { accessToken refreshToken refreshTokenId } }";

async fn say(app: &TestApp, caller: &Caller, email: &str, method: &str) -> Answer {
    app.clock.advance(1);
    let arguments = [("email", email), ("signInMethod", method), ("password", PASSWORD)];
    let count = if method == "passwordless" { 2 } else { 3 };
    run(caller, "deanonymize", &arguments[..count], PAYLOAD).await
}

async fn users(app: &TestApp) -> Value {
    let query = "{ users(order_by: { createdAt: asc }) { id email emailVerified isAnonymous defaultRole displayName \
                 locale metadata roles(order_by: { role: asc }) { role } } }";
    app.admin().graphql(query).await.data()["users"].clone()
}
