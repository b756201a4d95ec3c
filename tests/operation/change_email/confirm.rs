//! The new address is confirmed, and is that of the account.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;

use super::super::consequences::is_signed_in;
use super::{app, change, me, refused};
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{
    CHALLENGE, SESSION, VERIFIER, ask, code, confirm, enter, exchange, mail, press, run, ticket,
};

on_both_databases!(
    an_address_is_changed_by_whoever_reads_the_mail_of_the_new_one,
    a_code_is_entered_where_the_change_was_asked_for,
    a_page_changes_the_address_and_whoever_asked_gets_a_session,
    of_two_users_who_want_one_address_one_gets_it,
    a_change_ends_in_time_and_by_another_one,
);

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
    assert_ne!(mail(&app, &jane.email).await["template"], "email-replaced");

    confirm(&app, &ticket(&mailed)).await.data();
    let is = json!({ "email": new, "emailVerified": true, "newEmail": null });
    assert_eq!(me(&jane).await, is, "the session that asked goes on");
    assert!(!is_signed_in(&elsewhere).await);
    refused(&enter(&app, &jane.email, &open).await);
    app.public().sign_in(new, &jane.password).await.data();
    let former = app.public().sign_in(&jane.email, &jane.password).await;
    assert_eq!(former.error_code(), "invalid-email-password");
    assert_eq!(mail(&app, &jane.email).await["template"], "email-replaced");
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

async fn of_two_users_who_want_one_address_one_gets_it(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let mut mails = Vec::new();
    for user in [&jane, &john] {
        change(&app, user, "new@example.org").await.data();
        mails.push(mail(&app, "new@example.org").await);
    }
    let tickets: Vec<String> = mails.iter().map(ticket).collect();
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
    // The page of whoever came second says why.
    let mut pages = Vec::new();
    for mailed in &mails {
        pages.push(press(&app, mailed, "").await.text);
    }
    let says = |text: &str| pages.iter().filter(|page| page.contains(text)).count();
    assert_eq!(says("Another account has this address"), 1, "{pages:?}");
    assert_eq!(says("The link was used"), 1, "{pages:?}");
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
