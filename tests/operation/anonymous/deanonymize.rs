//! `deanonymize`: at once, or once the address is proved.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{ALLOWED, PASSWORD, PAYLOAD, REQUIRED, app, nobody, say, users};
use crate::operation::second_factor::claims_of;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{VERIFIER, ask, code, confirm, enter, exchange, mail, press, run, ticket};

on_both_databases!(
    somebody_says_who_they_are_and_stays_the_same_user,
    where_addresses_are_proved_nothing_changes_before,
    whoever_signs_in_by_mail_proves_the_address_first,
    taken_and_free_addresses_are_answered_alike,
    what_is_not_good_changes_nothing,
    a_role_that_needs_a_second_factor_is_not_had_by_saying_who_one_is,
);

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

async fn a_role_that_needs_a_second_factor_is_not_had_by_saying_who_one_is(database: Arc<TestDatabase>) {
    let guarded = [
        ("PORTICO_SECOND_FACTOR_ROLES", "me"),
        ("PORTICO_SECOND_FACTOR_GRACE", "0s"),
    ];
    let app = app(&database, &guarded).await;
    let visitor = nobody(&app).await;
    let answer = say(&app, &visitor.caller, "ada@example.org", "email-password").await;
    let refreshed = app.public().refresh(&visitor.session.refresh_token).await;
    for token in [
        answer.string("/deanonymize/session/accessToken"),
        refreshed.string("/refreshToken/accessToken"),
    ] {
        let claims = claims_of(&app.public().bearer(&token));
        let roles = &claims["https://hasura.io/jwt/claims"]["x-hasura-allowed-roles"];
        assert_eq!(roles, &json!(["user"]));
    }
}
