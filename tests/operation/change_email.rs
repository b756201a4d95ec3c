//! `changeEmail`, `undoEmailChange`

use std::sync::Arc;

use futures_util::future::join_all;
use portico_auth::Clock;
use serde_json::{Value, json};

use super::consequences::is_signed_in;
use super::second_factor::{enable, generate};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::authenticator::Authenticator;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{
    CHALLENGE, SESSION, VERIFIER, ask, code, confirm, enter, exchange, mail, press, run, ticket,
};

on_both_databases!(
    an_address_is_changed_by_whoever_reads_the_mail_of_the_new_one,
    a_code_is_entered_where_the_change_was_asked_for,
    a_page_changes_the_address_and_whoever_asked_gets_a_session,
    whoever_had_the_address_takes_it_back_from_a_thief,
    what_a_thief_made_goes_with_the_address,
    an_address_goes_before_those_that_came_after_it,
    a_former_address_is_kept_for_its_owner_for_a_while,
    taken_and_free_addresses_are_answered_alike,
    of_two_users_who_want_one_address_one_gets_it,
    of_fifty_who_undo_and_change_nobody_waits_for_ever,
    what_is_not_a_change_changes_nothing,
    a_change_ends_in_time_and_by_another_one,
    only_a_signed_in_user_asks_for_it,
    only_so_many_changes_are_asked_for,
);

const LIMITS: [(&str, &str); 4] = [
    ("PORTICO_LIMIT_SIGN_INS", "10000"),
    ("PORTICO_LIMIT_MAIL_REQUESTS", "10000"),
    ("PORTICO_LIMIT_MAILS", "1000"),
    ("PORTICO_CLIENT_URL", "https://app.example.org"),
];

async fn app(database: &Arc<TestDatabase>) -> TestApp {
    TestApp::with(database, &LIMITS).await
}

async fn change(app: &TestApp, caller: &Caller, email: &str) -> Answer {
    // The newest mail can be told by its time only.
    app.clock.advance(1);
    run(caller, "changeEmail", &[("newEmail", email)], "").await
}

async fn undo(app: &TestApp, ticket: &str) -> Answer {
    run(&app.public(), "undoEmailChange", &[("ticket", ticket)], "").await
}

async fn me(caller: &Caller) -> Value {
    let answer = caller.graphql("{ me { email emailVerified newEmail } }").await;
    answer.data()["me"].clone()
}

/// Changes the address and returns what was mailed to the former one.
async fn changed(app: &TestApp, caller: &Caller, from: &str, to: &str) -> Value {
    assert_eq!(change(app, caller, to).await.data()["changeEmail"], true);
    confirm(app, &ticket(&mail(app, to).await)).await.data();
    let told = mail(app, from).await;
    assert_eq!(told["template"], "email-changed");
    told
}

#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!(answer.error_code(), "invalid-ticket", "{}", answer.text);
}

async fn an_address_is_changed_by_whoever_reads_the_mail_of_the_new_one(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    let elsewhere = jane.sign_in_again().await;
    ask(&app, "signInOtpEmail", &jane.email).await;
    let open = code(&mail(&app, &jane.email).await);
    let asked = change(&app, &jane, " Jane@BÜCHER.example ").await;
    assert_eq!(asked.data()["changeEmail"], true);

    let new = "jane@xn--bcher-kva.example";
    let unchanged = json!({ "email": jane.email, "emailVerified": false, "newEmail": new });
    assert_eq!(me(&jane).await, unchanged, "asking changes nothing");
    assert!(is_signed_in(&elsewhere).await);
    let mailed = mail(&app, new).await;
    assert_eq!(mailed["template"], "email-confirm-change");
    assert_ne!(mail(&app, &jane.email).await["template"], "email-changed");

    confirm(&app, &ticket(&mailed)).await.data();
    let is = json!({ "email": new, "emailVerified": true, "newEmail": null });
    assert_eq!(me(&jane).await, is, "the session that asked goes on");
    assert!(!is_signed_in(&elsewhere).await);
    refused(&enter(&app, &jane.email, &open).await);
    app.public().sign_in(new, &jane.password).await.data();
    let former = app.public().sign_in(&jane.email, &jane.password).await;
    assert_eq!(former.error_code(), "invalid-email-password");
    assert_eq!(mail(&app, &jane.email).await["template"], "email-changed");
    refused(&confirm(&app, &ticket(&mailed)).await);
}

async fn a_code_is_entered_where_the_change_was_asked_for(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    change(&app, &jane, "new@example.org").await.data();
    let code = code(&mail(&app, "new@example.org").await);
    let enter = async |caller: &Caller, code: &str| {
        let arguments = [("ticket", code), ("email", "NEW@example.org")];
        run(caller, "confirmTicket", &arguments, SESSION).await
    };
    refused(&enter(&app.public(), &code).await);
    refused(&enter(&john, &code).await);
    refused(&enter(&jane, "not it").await);
    assert_eq!(
        enter(&jane, &code).await.data()["confirmTicket"],
        json!({ "session": null })
    );
    assert_eq!(me(&jane).await["email"], "new@example.org");
    refused(&enter(&jane, &code).await);
}

async fn a_page_changes_the_address_and_whoever_asked_gets_a_session(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    let query = format!(
        "mutation {{ changeEmail(newEmail: \"new@example.org\", options: {{ codeChallenge: \"{CHALLENGE}\", \
         redirectTo: \"https://app.example.org/in\" }}) }}"
    );
    jane.graphql(&query).await.data();
    let mailed = mail(&app, "new@example.org").await;
    let path = mailed["link"].as_str().unwrap().split("8080").last().unwrap();
    let path = &path[path.find("/v1/verify").unwrap()..];
    let page = app.public().get(path).await;
    assert!(page.text.contains("Confirm your new address"), "{}", page.text);
    let pressed = press(&app, &mailed, "").await;
    let target = pressed.headers["location"].to_str().unwrap();
    assert!(
        target.starts_with("https://app.example.org/in?type=emailConfirmChange&code="),
        "{target}"
    );
    let code = target.split("&code=").nth(1).unwrap();
    let session = exchange(&app, code, VERIFIER).await;
    let user = &session.data()["exchangeCode"]["session"]["user"];
    assert_eq!(
        user,
        &json!({ "id": jane.id, "email": "new@example.org", "emailVerified": true })
    );
}

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
    ask(&app, "signInOtpEmail", &jane.email).await;
    refused(&enter(&app, &jane.email, &code(&mail(&app, &jane.email).await)).await);

    app.clock.advance(7 * 24 * 3_600);
    refused(&undo(&app, &ticket(&told)).await);
    app.public().sign_up(&jane.email, "a long password").await.data();
}

async fn taken_and_free_addresses_are_answered_alike(database: Arc<TestDatabase>) {
    use portico_entity::{audit_events, outbox, tickets};
    use sea_orm::{EntityTrait, PaginatorTrait};
    let app = app(&database).await;
    let jane = app.user("jane").await;
    let john = app.user("john").await;
    let connection = database.connect().await;
    let counts = async || {
        [
            outbox::Entity::find().count(&connection).await.unwrap(),
            tickets::Entity::find().count(&connection).await.unwrap(),
            audit_events::Entity::find().count(&connection).await.unwrap(),
        ]
    };
    let mut seen = Vec::new();
    for email in [john.email.as_str(), "free@example.org"] {
        let before = counts().await;
        let answer = change(&app, &jane, email).await;
        let after = counts().await;
        let mut own = me(&jane).await;
        assert_eq!(own["newEmail"], email);
        own["newEmail"] = Value::Null;
        seen.push((
            answer.status,
            answer.text,
            own,
            [0, 2].map(|at| after[at] - before[at]),
            after[1],
        ));
    }
    assert_eq!(seen[0], seen[1]);
    let told = mail(&app, &john.email).await;
    assert_eq!(
        (&told["template"], &told["code"]),
        (&json!("email-taken"), &Value::Null)
    );
    assert_eq!(
        mail(&app, "free@example.org").await["template"],
        "email-confirm-change"
    );
}

async fn of_two_users_who_want_one_address_one_gets_it(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let mut tickets = Vec::new();
    for user in [&jane, &john] {
        change(&app, user, "new@example.org").await.data();
        tickets.push(ticket(&mail(&app, "new@example.org").await));
    }
    let answers = join_all((0..50).map(|number| confirm(&app, &tickets[number % 2]))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.body.get("errors").is_none());
    assert_eq!(won.len(), 1);
    for answer in lost {
        assert!(["invalid-ticket", "email-already-in-use"].contains(&answer.error_code()));
    }
    let users = app.admin().graphql("{ users { email } }").await;
    let emails = users.values("email");
    assert_eq!(
        emails.iter().filter(|email| **email == "new@example.org").count(),
        1,
        "{emails:?}"
    );
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

async fn what_is_not_a_change_changes_nothing(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let told = changed(&app, &john, &john.email, "other@example.org").await;
    change(&app, &jane, "new@example.org").await.data();
    let mailed = mail(&app, "new@example.org").await;
    refused(&undo(&app, &ticket(&mailed)).await);
    refused(&exchange(&app, &ticket(&mailed), VERIFIER).await);
    refused(&enter(&app, "new@example.org", &code(&mailed)).await);
    let reset = [
        ("ticket", ticket(&mailed)),
        ("newPassword", "a wholly new phrase".to_owned()),
    ];
    let reset = reset.each_ref().map(|(name, value)| (*name, value.as_str()));
    refused(&run(&app.public(), "resetPassword", &reset, "").await);
    refused(&confirm(&app, &ticket(&told)).await);
    ask(&app, "sendVerificationEmail", &jane.email).await;
    let verify = mail(&app, &jane.email).await;
    refused(&undo(&app, &ticket(&verify)).await);
    for text in ["", "x", &"x".repeat(4_000), "' OR 1=1 --"] {
        refused(&undo(&app, text).await);
    }
    // None of this used one up.
    confirm(&app, &ticket(&mailed)).await.data();
    undo(&app, &ticket(&told)).await.data();
    // The address that was to be confirmed is not that of the account any more.
    refused(&confirm(&app, &ticket(&verify)).await);
    for (email, rule) in [
        ("", "newEmail must be a valid email address"),
        ("a\nb@example.org", "newEmail must be a valid email address"),
        ("<script>@example.org", "newEmail must be a valid email address"),
        ("{{ link }}@example.org", "newEmail must be a valid email address"),
        (
            "NEW@example.org",
            "newEmail is the address of the account already",
        ),
    ] {
        let answer = change(&app, &jane, email).await;
        assert_eq!(answer.error_code(), "invalid-request", "{email}");
        assert_eq!(answer.body["errors"][0]["message"], rule);
    }
}

async fn a_change_ends_in_time_and_by_another_one(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    change(&app, &jane, "a@example.org").await.data();
    let first = ticket(&mail(&app, "a@example.org").await);
    change(&app, &jane, "b@example.org").await.data();
    refused(&confirm(&app, &first).await);
    let second = ticket(&mail(&app, "b@example.org").await);
    let arguments = [
        ("currentPassword", jane.password.as_str()),
        ("newPassword", "a wholly new phrase"),
    ];
    run(&jane, "changePassword", &arguments, "").await.data();
    refused(&confirm(&app, &second).await);
    change(&app, &jane, "c@example.org").await.data();
    let third = ticket(&mail(&app, "c@example.org").await);
    app.clock.advance(3_600);
    refused(&confirm(&app, &third).await);
    // Nor does it work for somebody who was switched off meanwhile.
    let again = app.public().sign_in(&jane.email, "a wholly new phrase").await;
    let jane_again = app
        .public()
        .bearer(&again.string("/signInEmailPassword/session/accessToken"));
    change(&app, &jane_again, "d@example.org").await.data();
    let fourth = ticket(&mail(&app, "d@example.org").await);
    let disable = "mutation ($id: uuid!) { disableUser(id: $id) }";
    app.admin()
        .graphql_with(disable, json!({ "id": jane.id }))
        .await
        .data();
    assert_eq!(confirm(&app, &fourth).await.error_code(), "disabled-user");
}

async fn only_a_signed_in_user_asks_for_it(database: Arc<TestDatabase>) {
    let variables = [
        LIMITS.as_slice(),
        &[("PORTICO_ELEVATED_OPERATIONS", "changeEmail")],
    ]
    .concat();
    let app = TestApp::with(&database, &variables).await;
    let jane = app.user("jane").await;
    for (caller, code) in [
        (app.public(), "validation-failed"),
        (app.admin(), "unauthenticated"),
        ((*jane).clone(), "elevated-claim-required"),
    ] {
        let answer = change(&app, &caller, "new@example.org").await;
        assert_eq!(answer.error_code(), code);
    }
    let query = "mutation ($password: String!) { elevatePassword(password: $password) { accessToken } }";
    let proved = jane
        .graphql_with(query, json!({ "password": jane.password }))
        .await;
    let proved = app
        .public()
        .bearer(&proved.string("/elevatePassword/accessToken"));
    change(&app, &proved, "new@example.org").await.data();
}

async fn only_so_many_changes_are_asked_for(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_MAIL_REQUESTS", "10000")]).await;
    let jane = app.user("jane").await;
    for number in 0..10 {
        change(&app, &jane, &format!("new{number}@example.org"))
            .await
            .data();
    }
    let answer = change(&app, &jane, "another@example.org").await;
    assert_eq!((answer.error_code(), answer.status), ("too-many-requests", 429));
}
