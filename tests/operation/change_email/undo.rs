//! The former address is given back.

use std::sync::Arc;

use futures_util::future::join_all;
use portico_auth::Clock;
use serde_json::json;

use super::super::consequences::is_signed_in;
use super::super::second_factor::{enable, generate};
use super::{app, change, changed, refused, undo};
use crate::support::authenticator::Authenticator;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{ask, code, confirm, enter, mail, press, run, ticket};

on_both_databases!(
    whoever_had_the_address_takes_it_back_from_a_thief,
    what_a_thief_made_goes_with_the_address,
    an_address_goes_before_those_that_came_after_it,
    a_former_address_is_kept_for_its_owner_for_a_while,
    of_fifty_who_undo_and_change_nobody_waits_for_ever,
);

async fn whoever_had_the_address_takes_it_back_from_a_thief(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    let thief = jane.sign_in_again().await;
    let told = changed(&app, &thief, &jane.email, "thief@example.org").await;
    assert!(!is_signed_in(&jane).await);
    // Whatever the thief does now, the link goes on working.
    ask(&app, "sendPasswordResetEmail", "thief@example.org").await;
    let arguments = [
        ("ticket", ticket(&mail(&app, "thief@example.org").await)),
        ("newPassword", "a wholly new phrase".to_owned()),
    ];
    let arguments = arguments.each_ref().map(|(name, value)| (*name, value.as_str()));
    run(&app.public(), "resetPassword", &arguments, "").await.data();
    let again = app
        .public()
        .sign_in("thief@example.org", "a wholly new phrase")
        .await;
    let thief = app
        .public()
        .bearer(&again.string("/signInEmailPassword/session/accessToken"));
    let told_thief = changed(&app, &thief, "thief@example.org", "cave@example.org").await;
    ask(&app, "signInOtpEmail", "cave@example.org").await;
    let open = code(&mail(&app, "cave@example.org").await);

    app.clock.advance(6 * 24 * 3_600);
    let again = app
        .public()
        .sign_in("cave@example.org", "a wholly new phrase")
        .await;
    let token = again.string("/signInEmailPassword/session/accessToken");
    let page = press(&app, &told, "").await;
    assert!(
        page.status == 200 && page.text.contains("has its former address again"),
        "{}",
        page.text
    );
    let ended = app.public().bearer(&token).graphql("{ me { id } }").await;
    assert_eq!(ended.error_code(), "invalid-jwt");
    for (email, password) in [
        ("cave@example.org", "a wholly new phrase"),
        (&jane.email, "a wholly new phrase"),
        (&jane.email, &jane.password),
    ] {
        let answer = app.public().sign_in(email, password).await;
        assert_eq!(answer.error_code(), "invalid-email-password", "{email}");
    }
    refused(&undo(&app, &ticket(&told_thief)).await);
    refused(&undo(&app, &ticket(&told)).await);
    refused(&enter(&app, "cave@example.org", &open).await);
    for email in [&jane.email, "cave@example.org"] {
        let mailed = mail(&app, email).await;
        assert_eq!(mailed["template"], "email-restored");
        assert!(mailed["text"].as_str().unwrap().contains(&jane.email));
    }
    // Nor is the password set again that the thief knows.
    app.clock.advance(1);
    ask(&app, "sendPasswordResetEmail", &jane.email).await;
    let reset = ticket(&mail(&app, &jane.email).await);
    let arguments = [("ticket", reset.as_str()), ("newPassword", "a wholly new phrase")];
    let again = run(&app.public(), "resetPassword", &arguments, "").await;
    assert_eq!(again.error_code(), "password-used-before");
    // The owner comes back by mail.
    app.clock.advance(1);
    ask(&app, "signInOtpEmail", &jane.email).await;
    let session = enter(&app, &jane.email, &code(&mail(&app, &jane.email).await)).await;
    assert_eq!(
        session.data()["verifySignInOtpEmail"]["session"]["user"],
        json!({ "id": jane.id, "email": jane.email, "emailVerified": true })
    );
}

async fn what_a_thief_made_goes_with_the_address(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await.elevated().await;
    let mut phone = Authenticator::new("https://app.example.org");
    let key = async |caller: &Caller, device: &mut Authenticator| {
        let asked = caller.graphql("mutation { addSecurityKey }").await;
        let made = device.create(&asked.data()["addSecurityKey"]);
        let query = "mutation ($made: jsonb!) { verifyAddSecurityKey(credential: $made) }";
        caller.graphql_with(query, json!({ "made": made })).await.data();
    };
    key(&jane, &mut phone).await;
    app.clock.advance(1);
    // Whoever holds the telephone for a moment, unlocked.
    let asked = jane.graphql("mutation { elevateWebauthn }").await;
    let signed = phone.get(&asked.data()["elevateWebauthn"]);
    let query = "mutation ($signed: jsonb!) { verifyElevateWebauthn(credential: $signed) { accessToken } }";
    let answer = jane.graphql_with(query, json!({ "signed": signed })).await;
    let thief = app
        .public()
        .bearer(&answer.string("/verifyElevateWebauthn/accessToken"));
    let told = changed(&app, &thief, &jane.email, "thief@example.org").await;
    key(&thief, &mut Authenticator::new("https://app.example.org")).await;
    let authenticator = generate(&thief).await;
    enable(&thief, &authenticator.code(&app)).await.data();
    let expires_at = app.clock.now() + chrono::TimeDelta::days(30);
    let create = format!(
        "mutation {{ createPat(expiresAt: \"{}\") {{ personalAccessToken }} }}",
        expires_at.to_rfc3339()
    );
    let pat = thief
        .graphql(&create)
        .await
        .string("/createPat/personalAccessToken");
    let enter_by_pat = async || {
        let arguments = [("personalAccessToken", pat.as_str())];
        run(
            &app.public(),
            "signInPat",
            &arguments,
            "{ session { accessToken } }",
        )
        .await
    };
    enter_by_pat().await.data();

    undo(&app, &ticket(&told)).await.data();
    assert_eq!(enter_by_pat().await.error_code(), "invalid-pat");
    let factors = "query ($id: uuid!) { userFactors(id: $id) { totp securityKeys recoveryCodesLeft } }";
    let left = app.admin().graphql_with(factors, json!({ "id": jane.id })).await;
    assert_eq!(
        left.data()["userFactors"],
        json!({ "totp": false, "securityKeys": 1, "recoveryCodesLeft": 0 })
    );
    let outbox = app.public().get("/dev/outbox.json").await;
    let mails = outbox.body.as_array().unwrap();
    let told = mails
        .iter()
        .filter(|mail| mail["to"] == json!(jane.email) && mail["template"] == "factors-changed");
    // When the first passkey came, and now.
    assert_eq!(told.count(), 2);
    // What was there before the change is still the owner's.
    let asked = app.public().graphql("mutation { signInWebauthn }").await;
    let signed = phone.get(&asked.data()["signInWebauthn"]);
    let query = "mutation ($signed: jsonb!) { verifySignInWebauthn(credential: $signed) { session { user { email } } } }";
    let answer = app
        .public()
        .graphql_with(query, json!({ "signed": signed }))
        .await;
    assert_eq!(
        answer.value("/verifySignInWebauthn/session/user/email"),
        &json!(jane.email)
    );
}

async fn an_address_goes_before_those_that_came_after_it(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    let first = changed(&app, &jane, &jane.email, "b@example.org").await;
    let second = changed(&app, &jane, "b@example.org", &jane.email).await;
    // The first address was left twice; it stays the first.
    let third = changed(&app, &jane, &jane.email, "c@example.org").await;
    refused(&undo(&app, &ticket(&first)).await);
    undo(&app, &ticket(&second)).await.data();
    let users = "{ users { email } }";
    let email = async || app.admin().graphql(users).await.data()["users"][0]["email"].clone();
    assert_eq!(email().await, "b@example.org");
    undo(&app, &ticket(&third)).await.data();
    assert_eq!(email().await, json!(jane.email));
}

async fn a_former_address_is_kept_for_its_owner_for_a_while(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let told = changed(&app, &jane, &jane.email, "new@example.org").await;
    let taken = app.public().sign_up(&jane.email, "a long password").await;
    assert_eq!(taken.error_code(), "email-already-in-use");
    change(&app, &john, &jane.email).await.data();
    assert_eq!(mail(&app, &jane.email).await["template"], "email-taken");
    // Whoever signed in with it by mail would sign up: no code is mailed.
    ask(&app, "signInOtpEmail", &jane.email).await;
    assert_eq!(mail(&app, &jane.email).await["template"], "email-taken");

    app.clock.advance(7 * 24 * 3_600);
    refused(&undo(&app, &ticket(&told)).await);
    app.public().sign_up(&jane.email, "a long password").await.data();
}

async fn of_fifty_who_undo_and_change_nobody_waits_for_ever(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    changed(&app, &jane, &jane.email, "b@example.org").await;
    let second = changed(&app, &jane, "b@example.org", &jane.email).await;
    change(&app, &jane, "c@example.org").await.data();
    let (undone, confirmed) = (ticket(&second), ticket(&mail(&app, "c@example.org").await));
    let (undos, changes) = tokio::join!(
        join_all((0..25).map(|_| undo(&app, &undone))),
        join_all((0..25).map(|_| confirm(&app, &confirmed))),
    );
    for answers in [&undos, &changes] {
        let (won, lost): (Vec<_>, Vec<_>) = answers
            .iter()
            .partition(|answer| answer.body.get("errors").is_none());
        assert!(won.len() <= 1);
        lost.into_iter().for_each(refused);
    }
    // Whichever came first, the undo ends the other.
    let users = app.admin().graphql("{ users { email newEmail } }").await;
    assert_eq!(
        users.data()["users"],
        json!([{ "email": "b@example.org", "newEmail": null }])
    );
}
