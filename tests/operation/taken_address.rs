//! What the owner of an address is mailed where somebody else wants to have it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{mail, run};

on_both_databases!(
    sign_ups_send_an_address_only_so_many_mails,
    an_owner_is_told_in_a_language_of_their_own,
);

const REQUIRED: [(&str, &str); 4] = [
    ("PORTICO_EMAIL_VERIFICATION", "required"),
    ("PORTICO_LIMIT_SIGN_UPS", "10000"),
    ("PORTICO_LIMIT_MAIL_REQUESTS", "10000"),
    ("PORTICO_ANONYMOUS_USERS", "true"),
];

/// Makes a user whose address is confirmed, without a mail.
async fn owner(app: &TestApp, email: &str, locale: &str) {
    let query = "mutation ($email: citext!, $options: CreateUserOptions) { createUser(email: $email, options: $options) { id } }";
    let options = json!({ "locale": locale, "emailVerified": true });
    let variables = json!({ "email": email, "options": options });
    app.admin().graphql_with(query, variables).await.data();
}

async fn outbox(app: &TestApp, email: &str) -> Vec<Value> {
    let list = app.public().get("/dev/outbox.json").await;
    let mails = list.body.as_array().unwrap().iter();
    let to_them = mails.filter(|mail| mail["to"] == email);
    to_them.map(|mail| mail["template"].clone()).collect()
}

async fn sign_ups_send_an_address_only_so_many_mails(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &REQUIRED).await;
    owner(&app, "taken@example.org", "en").await;
    let mut told = Vec::new();
    for email in ["taken@example.org", "free@example.org"] {
        let mut answers = Vec::new();
        for _ in 0..12 {
            let answer = app.public().sign_up(email, "a wholly new phrase").await;
            let code = answer.body.pointer("/errors/0/extensions/code").cloned();
            answers.push((answer.status, code));
        }
        assert_eq!(answers[9], (200, None));
        for late in &answers[10..] {
            assert_eq!(*late, (429, Some(json!("too-many-requests"))));
        }
        told.push(answers);
        assert_eq!(outbox(&app, email).await.len(), 10, "{email}");
    }
    assert_eq!(told[0], told[1]);
    app.clock.advance(3_601);
    app.public()
        .sign_up("taken@example.org", "a wholly new phrase")
        .await
        .data();
    assert_eq!(outbox(&app, "taken@example.org").await.len(), 11);
}

async fn an_owner_is_told_in_a_language_of_their_own(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &REQUIRED).await;
    let session = "{ session { accessToken } }";
    let visit = format!("mutation {{ signInAnonymous(locale: \"bg\") {session} }}");
    let visitor = app.public().graphql(&visit).await;
    let visitor = visitor.string("/signInAnonymous/session/accessToken");
    let visitor = app.public().bearer(&visitor);
    let query = "mutation { createUser(email: \"boyan@example.org\", password: \"a long walk by the sea\", \
                 options: { locale: \"bg\", emailVerified: true }) { id } }";
    app.admin().graphql(query).await.data();
    let boyan = app
        .public()
        .sign_in("boyan@example.org", "a long walk by the sea")
        .await;
    let boyan = app
        .public()
        .bearer(&boyan.string("/signInEmailPassword/session/accessToken"));
    for (number, locale, subject) in [
        (0, "en", "You already have an account"),
        (1, "fr", "Vous avez déjà un compte"),
    ] {
        for way in ["signUpEmailPassword", "changeEmail", "deanonymize"] {
            let email = format!("{}{number}@example.org", way.to_lowercase());
            owner(&app, &email, locale).await;
            let answer: Answer = match way {
                "changeEmail" => run(&boyan, way, &[("newEmail", &email)], "").await,
                "deanonymize" => {
                    let arguments = [("signInMethod", "passwordless"), ("email", &email)];
                    run(&visitor, way, &arguments, session).await
                }
                _ => {
                    let query = format!(
                        "mutation ($email: citext!) {{ {way}(email: $email, password: \"a wholly new phrase\", \
                         options: {{ locale: \"bg\" }}) {session} }}"
                    );
                    app.public().graphql_with(&query, json!({ "email": email })).await
                }
            };
            answer.data();
            assert_eq!(mail(&app, &email).await["subject"], subject, "{way}");
        }
    }
}
