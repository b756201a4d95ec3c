//! `signInAnonymous`, `deanonymize`

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, Session};
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{VERIFIER, ask, code, confirm, enter, exchange, mail, press, run, ticket};

on_both_databases!(
    nobody_is_anonymous_unless_the_operator_allows_it,
    an_anonymous_user_has_the_role_and_little_else,
    somebody_says_who_they_are_and_stays_the_same_user,
    where_addresses_are_proved_nothing_changes_before,
    whoever_signs_in_by_mail_proves_the_address_first,
    taken_and_free_addresses_are_answered_alike,
    of_fifty_who_say_who_they_are_one_does,
    of_two_who_want_one_address_one_gets_it,
    what_is_not_good_changes_nothing,
);

const ALLOWED: [(&str, &str); 6] = [
    ("PORTICO_ANONYMOUS_USERS", "true"),
    ("PORTICO_LIMIT_SIGN_INS", "10000"),
    ("PORTICO_LIMIT_SIGN_UPS", "10000"),
    ("PORTICO_LIMIT_MAIL_REQUESTS", "10000"),
    ("PORTICO_LIMIT_MAILS", "1000"),
    ("PORTICO_CLIENT_URL", "https://app.example.org"),
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

async fn nobody_is_anonymous_unless_the_operator_allows_it(database: Arc<TestDatabase>) {
    let closed = TestApp::new(&database).await;
    assert_eq!(sign_in(&closed, "").await.error_code(), "disabled-endpoint");
    let closed = app(&database, &[("PORTICO_SIGN_UP_DISABLED", "true")]).await;
    assert_eq!(sign_in(&closed, "").await.error_code(), "signup-disabled");
    let few = app(&database, &[("PORTICO_LIMIT_SIGN_UPS", "3")]).await;
    for code in [None, None, Some("too-many-requests")] {
        let answer = sign_in(&few, "").await;
        match code {
            Some(code) => assert_eq!(answer.error_code(), code),
            None => drop(answer.data()),
        }
    }
    for (argument, field) in [
        ("(displayName: \"\")", "displayName"),
        ("(locale: \"english\")", "locale"),
        ("(metadata: [1])", "metadata"),
    ] {
        let open = app(&database, &[]).await;
        let answer = sign_in(&open, argument).await;
        assert_eq!(answer.error_code(), "invalid-request");
        let message = answer.body["errors"][0]["message"].as_str().unwrap();
        assert!(message.starts_with(field), "{message}");
    }
}

async fn an_anonymous_user_has_the_role_and_little_else(database: Arc<TestDatabase>) {
    let app = app(&database, &[REQUIRED]).await;
    let arguments = "(displayName: \"Visitor\", locale: \"fr\", metadata: { a: 1 })";
    let answer = sign_in(&app, arguments).await;
    let user = &answer.data()["signInAnonymous"]["session"]["user"];
    assert_eq!(
        user,
        &json!({ "id": user["id"], "displayName": "Visitor", "locale": "fr", "metadata": { "a": 1 },
                 "isAnonymous": true, "defaultRole": "anonymous" })
    );
    let visitor = nobody(&app).await;
    let me = visitor.caller.graphql("{ me { displayName isAnonymous } }").await;
    assert_eq!(
        me.data()["me"],
        json!({ "displayName": "Anonymous User", "isAnonymous": true })
    );
    let update = "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { metadata: { cart: 3 } }) { metadata } }";
    let updated = visitor
        .caller
        .graphql_with(update, json!({ "id": visitor.id }))
        .await;
    assert_eq!(updated.data()["updateUser"]["metadata"], json!({ "cart": 3 }));
    for query in [
        "{ me { email } }",
        "mutation { changeEmail(newEmail: \"a@example.org\") }",
        "mutation { changePassword(newPassword: \"a long password\") }",
    ] {
        let answer = visitor.caller.graphql(query).await;
        assert_eq!(answer.error_code(), "validation-failed", "{query}");
    }
    let as_user = visitor.caller.with("x-hasura-role", "user");
    assert!(
        as_user
            .graphql("{ me { id } }")
            .await
            .body
            .get("errors")
            .is_some()
    );
    // The session goes on like any other.
    app.public().refresh(&visitor.session.refresh_token).await.data();
}

async fn somebody_says_who_they_are_and_stays_the_same_user(database: Arc<TestDatabase>) {
    let app = app(&database, &[]).await;
    let visitor = nobody(&app).await;
    let query = format!(
        "mutation {{ deanonymize(signInMethod: \"email-password\", email: \"Ada@example.org\", password: \"{PASSWORD}\", \
         options: {{ locale: \"fr\", username: \"ada\", firstName: \"Ada\" }}) {{ session {{ accessToken refreshToken \
         refreshTokenId user {{ id isAnonymous defaultRole }} }} }} }}"
    );
    let update = "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { metadata: { cart: 3 } }) { id } }";
    visitor
        .caller
        .graphql_with(update, json!({ "id": visitor.id }))
        .await
        .data();
    let answer = visitor.caller.graphql(&query).await;
    let session = answer.data()["deanonymize"]["session"].clone();
    assert_eq!(
        session["user"],
        json!({ "id": visitor.id, "isAnonymous": false, "defaultRole": "user" })
    );
    // The session stays; its access token is another, and its refresh token has the new roles.
    assert_eq!(
        (&session["refreshToken"], &session["refreshTokenId"]),
        (&Value::Null, &json!(visitor.session.id))
    );
    let ada = app.public().bearer(session["accessToken"].as_str().unwrap());
    ada.graphql("{ me { email } }").await.data();
    let old = visitor.caller.graphql("{ me { id } }").await;
    assert_eq!(old.error_code(), "invalid-jwt");
    let again = visitor.caller.graphql(&query).await;
    assert_eq!(again.error_code(), "invalid-jwt");
    assert_eq!(
        say(&app, &ada, "else@example.org", "email-password")
            .await
            .error_code(),
        "validation-failed"
    );
    let refreshed = app.public().refresh(&visitor.session.refresh_token).await;
    let token = refreshed.string("/refreshToken/accessToken");
    app.public()
        .bearer(&token)
        .graphql("{ me { email } }")
        .await
        .data();
    let as_before = app.public().bearer(&token).with("x-hasura-role", "anonymous");
    assert!(
        as_before
            .graphql("{ me { id } }")
            .await
            .body
            .get("errors")
            .is_some()
    );
    app.public().sign_in("ada@example.org", PASSWORD).await.data();
    assert_eq!(
        users(&app).await,
        json!([{ "id": visitor.id, "email": "ada@example.org", "emailVerified": false, "isAnonymous": false,
                 "defaultRole": "user", "displayName": "ada@example.org", "locale": "fr", "metadata": { "cart": 3 },
                 "roles": [{ "role": "me" }, { "role": "user" }] }])
    );
}

async fn where_addresses_are_proved_nothing_changes_before(database: Arc<TestDatabase>) {
    let app = app(&database, &[REQUIRED]).await;
    let visitor = nobody(&app).await;
    let before = users(&app).await;
    let answer = say(&app, &visitor.caller, "ada@example.org", "email-password").await;
    assert_eq!(answer.data()["deanonymize"], json!({ "session": null }));
    assert_eq!(users(&app).await, before);
    visitor.caller.graphql("{ me { id } }").await.data();
    let mailed = mail(&app, "ada@example.org").await;
    assert_eq!(mailed["template"], "email-verify");
    // The code is entered where it was asked for, and nowhere else.
    let arguments = [("ticket", code(&mailed)), ("email", "ada@example.org".to_owned())];
    let arguments = arguments.each_ref().map(|(name, value)| (*name, value.as_str()));
    let elsewhere = run(&app.public(), "confirmTicket", &arguments, PAYLOAD).await;
    assert_eq!(elsewhere.error_code(), "invalid-ticket");
    run(&visitor.caller, "confirmTicket", &arguments, PAYLOAD)
        .await
        .data();
    let refreshed = app.public().refresh(&visitor.session.refresh_token).await;
    let ada = app
        .public()
        .bearer(&refreshed.string("/refreshToken/accessToken"));
    let me = ada.graphql("{ me { id email emailVerified isAnonymous } }").await;
    assert_eq!(
        me.data()["me"],
        json!({ "id": visitor.id, "email": "ada@example.org", "emailVerified": true, "isAnonymous": false })
    );
    app.public().sign_in("ada@example.org", PASSWORD).await.data();
    assert_eq!(
        confirm(&app, &ticket(&mailed)).await.error_code(),
        "invalid-ticket"
    );
}

async fn whoever_signs_in_by_mail_proves_the_address_first(database: Arc<TestDatabase>) {
    let app = app(&database, &[]).await;
    let visitor = nobody(&app).await;
    let answer = say(&app, &visitor.caller, "ada@example.org", "passwordless").await;
    assert_eq!(answer.data()["deanonymize"], json!({ "session": null }));
    let mailed = mail(&app, "ada@example.org").await;
    let pressed = press(&app, &mailed, "").await;
    assert_eq!(pressed.status, 303);
    assert_eq!(users(&app).await[0]["email"], "ada@example.org");
    assert_eq!(users(&app).await[0]["isAnonymous"], false);
    ask(&app, "signInOtpEmail", "ada@example.org").await;
    let code = code(&mail(&app, "ada@example.org").await);
    let session = enter(&app, "ada@example.org", &code).await;
    let user = &session.data()["verifySignInOtpEmail"]["session"]["user"]["id"];
    assert_eq!(user, &json!(visitor.id));
}

async fn taken_and_free_addresses_are_answered_alike(database: Arc<TestDatabase>) {
    let app = app(&database, &[REQUIRED]).await;
    app.public().sign_up("john@example.org", PASSWORD).await.data();
    let visitor = nobody(&app).await;
    let mut seen = Vec::new();
    for email in ["john@example.org", "free@example.org"] {
        let answer = say(&app, &visitor.caller, email, "email-password").await;
        let still = visitor.caller.graphql("{ me { isAnonymous } }").await.text;
        seen.push((answer.status, answer.text, still));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(mail(&app, "john@example.org").await["template"], "email-taken");
    assert_eq!(mail(&app, "free@example.org").await["template"], "email-verify");
    database.finish().await;
    let open = TestApp::with(&database, &ALLOWED).await;
    open.public().sign_up("jane@example.org", PASSWORD).await.data();
    let visitor = nobody(&open).await;
    let taken = say(&open, &visitor.caller, "JANE@example.org", "email-password").await;
    assert_eq!(taken.error_code(), "email-already-in-use");
    visitor.caller.graphql("{ me { id } }").await.data();
}

async fn of_fifty_who_say_who_they_are_one_does(database: Arc<TestDatabase>) {
    let app = app(&database, &[]).await;
    let visitor = nobody(&app).await;
    let answers = join_all((0..50).map(|number| {
        let (app, caller) = (&app, &visitor.caller);
        async move {
            let email = format!("ada{number}@example.org");
            say(app, caller, &email, "email-password").await
        }
    }))
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.body.get("errors").is_none());
    assert_eq!(won.len(), 1);
    for answer in lost {
        let refused = [
            "user-not-anonymous",
            "invalid-jwt",
            "too-many-requests",
            "hashing-overloaded",
        ];
        assert!(refused.contains(&answer.error_code()), "{}", answer.text);
    }
    assert_eq!(users(&app).await.as_array().unwrap().len(), 1);
}

async fn of_two_who_want_one_address_one_gets_it(database: Arc<TestDatabase>) {
    let app = app(&database, &[]).await;
    let mut tickets = Vec::new();
    for _ in 0..2 {
        let visitor = nobody(&app).await;
        say(&app, &visitor.caller, "ada@example.org", "passwordless")
            .await
            .data();
        tickets.push(ticket(&mail(&app, "ada@example.org").await));
    }
    let answers = join_all((0..50).map(|number| confirm(&app, &tickets[number % 2]))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.body.get("errors").is_none());
    assert_eq!(won.len(), 1);
    for answer in lost {
        assert!(["invalid-ticket", "email-already-in-use"].contains(&answer.error_code()));
    }
    let anonymous: Vec<Value> = users(&app).await.as_array().unwrap().clone();
    assert_eq!(
        anonymous
            .iter()
            .filter(|user| user["isAnonymous"] == true)
            .count(),
        1
    );
}

async fn what_is_not_good_changes_nothing(database: Arc<TestDatabase>) {
    let app = app(&database, &[REQUIRED]).await;
    let visitor = nobody(&app).await;
    let before = users(&app).await;
    for (arguments, code) in [
        ("email: \"\", signInMethod: \"passwordless\"", "invalid-request"),
        (
            "email: \"a@example.org\", signInMethod: \"magic\"",
            "invalid-request",
        ),
        (
            "email: \"a@example.org\", signInMethod: \"email-password\"",
            "invalid-request",
        ),
        (
            "email: \"a@example.org\", signInMethod: \"passwordless\", password: \"a long password\"",
            "invalid-request",
        ),
        (
            "email: \"a@example.org\", signInMethod: \"email-password\", password: \"short\"",
            "password-too-short",
        ),
        (
            "email: \"a@example.org\", signInMethod: \"email-password\", password: \"password1\"",
            "password-too-common",
        ),
        (
            "email: \"a@example.org\", signInMethod: \"passwordless\", options: { allowedRoles: [\"admin\"] }",
            "role-not-allowed",
        ),
        (
            "email: \"a@example.org\", signInMethod: \"passwordless\", options: { redirectTo: \"https://evil.example\" }",
            "redirectTo-not-allowed",
        ),
    ] {
        let query = format!("mutation {{ deanonymize({arguments}) {PAYLOAD} }}");
        assert_eq!(
            visitor.caller.graphql(&query).await.error_code(),
            code,
            "{arguments}"
        );
    }
    say(&app, &visitor.caller, "a@example.org", "passwordless")
        .await
        .data();
    let first = mail(&app, "a@example.org").await;
    let reset = [("ticket", ticket(&first)), ("newPassword", PASSWORD.to_owned())];
    let reset = reset.each_ref().map(|(name, value)| (*name, value.as_str()));
    let undo = [("ticket", ticket(&first))];
    let undo = undo.each_ref().map(|(name, value)| (*name, value.as_str()));
    for answer in [
        enter(&app, "a@example.org", &code(&first)).await,
        exchange(&app, &ticket(&first), VERIFIER).await,
        run(&app.public(), "resetPassword", &reset, "").await,
        run(&app.public(), "undoEmailChange", &undo, "").await,
    ] {
        assert_eq!(answer.error_code(), "invalid-ticket", "{}", answer.text);
    }
    // A newer one takes its place, and it ends in time.
    say(&app, &visitor.caller, "b@example.org", "passwordless")
        .await
        .data();
    let second = mail(&app, "b@example.org").await;
    assert_eq!(
        confirm(&app, &ticket(&first)).await.error_code(),
        "invalid-ticket"
    );
    app.clock.advance(24 * 3_600);
    assert_eq!(
        confirm(&app, &ticket(&second)).await.error_code(),
        "invalid-ticket"
    );
    assert_eq!(users(&app).await, before);
}
