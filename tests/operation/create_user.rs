//! `createUser`

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{code, mail};

on_both_databases!(
    a_user_is_made_with_everything_that_is_said,
    a_user_needs_a_way_in,
    a_hash_of_another_service_lets_its_user_in,
    a_mail_sets_the_first_password,
    a_mail_confirms_the_address,
    what_is_taken_or_unknown_is_said,
    an_administrator_who_signed_in_is_written_down_and_proved_anew_to_grant_roles,
    it_does_not_ask_what_sign_up_allows,
    of_fifty_for_one_address_one_is_made,
);

const PASSWORD: &str = "correct horse battery";

pub(super) async fn create(caller: &Caller, arguments: Value) -> Answer {
    let query = "mutation ($email: citext, $username: String, $password: String, $importedHash: String, $options: CreateUserOptions) {
      createUser(email: $email, username: $username, password: $password, importedHash: $importedHash, options: $options) {
        id email username emailVerified displayName locale metadata gender disabled defaultRole createdBy
        roles(order_by: { role: asc }) { role } contact { firstName lastName }
      }
    }";
    caller.graphql_with(query, arguments).await
}

async fn a_user_is_made_with_everything_that_is_said(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let options = json!({
        "displayName": " Ada ", "firstName": "Ada", "lastName": "Lovelace", "gender": "female", "locale": "FR",
        "metadata": { "team": 7 }, "roles": ["me", "admin"], "defaultRole": "me",
        "emailVerified": true, "disabled": true,
    });
    let made = create(
        &app.admin(),
        json!({ "email": "Ada@Example.org", "username": "Ada", "password": PASSWORD, "options": options }),
    )
    .await;
    let id = made.value("/createUser/id").clone();
    assert_eq!(
        made.data()["createUser"],
        json!({
            "id": id, "email": "ada@example.org", "username": "ada", "emailVerified": true,
            "displayName": "Ada", "locale": "fr", "metadata": { "team": 7 }, "gender": "female",
            "disabled": true, "defaultRole": "me", "createdBy": null,
            "roles": [{ "role": "admin" }, { "role": "me" }],
            "contact": { "firstName": "Ada", "lastName": "Lovelace" },
        })
    );
    let refused = app.public().sign_in("ada@example.org", PASSWORD).await;
    assert_eq!(refused.error_code(), "disabled-user");
    let enable = "mutation ($id: uuid!) { enableUser(id: $id) }";
    app.admin().graphql_with(enable, json!({ "id": id })).await.data();
    let ada = User::sign_in_as(&app.public(), "ada@example.org", PASSWORD).await;
    ada.with("x-hasura-role", "admin")
        .graphql("{ users { disabled } }")
        .await
        .data();
    let events = "{ auditEvents(where: { action: { _eq: \"createUser\" } }) { outcome userId actorId actorRole details } }";
    let events = app.admin().graphql(events).await;
    assert_eq!(
        events.data()["auditEvents"],
        json!([{
            "outcome": "success", "userId": id, "actorId": null, "actorRole": "admin",
            "details": { "roles": ["admin", "me"] },
        }])
    );
}

async fn a_user_needs_a_way_in(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let admin = app.admin();
    for (arguments, said) in [
        (json!({}), "email or username is needed"),
        (json!({ "password": PASSWORD }), "email or username is needed"),
        (
            json!({ "username": "ada" }),
            "password is needed where there is no email",
        ),
        (
            json!({ "username": "ada", "password": PASSWORD, "options": { "sendPasswordResetEmail": true } }),
            "email is needed to send a mail",
        ),
        (
            json!({ "email": "a@example.org", "options": { "sendPasswordResetEmail": true, "sendVerificationEmail": true } }),
            "sendVerificationEmail cannot be asked for beside sendPasswordResetEmail, which confirms the address, too",
        ),
        (
            json!({ "email": "a@example.org", "options": { "emailVerified": true, "sendVerificationEmail": true } }),
            "sendVerificationEmail is for an address that is not verified",
        ),
        (
            json!({ "email": "a@example.org", "importedHash": "$2y$10$x" }),
            "importedHash must be a hash by Argon2, bcrypt, scrypt or PBKDF2 in the form the README names",
        ),
    ] {
        let answer = create(&admin, arguments.clone()).await;
        assert_eq!(answer.error_code(), "invalid-request", "{arguments}");
        let message = answer.body.pointer("/errors/0/message").unwrap();
        assert_eq!(message, said, "{arguments}");
    }
    for (password, code) in [
        ("short", "password-too-short"),
        ("password1", "password-too-common"),
        ("Grace-1906", "password-too-similar"),
    ] {
        let answer = create(&admin, json!({ "username": "grace", "password": password })).await;
        assert_eq!(answer.error_code(), code, "{password}");
    }
    assert_eq!(admin.graphql("{ users { id } }").await.data()["users"], json!([]));
    // An address alone is one: mail signs in.
    create(&admin, json!({ "email": "ada@example.org" })).await.data();
    create(&admin, json!({ "username": "grace", "password": PASSWORD }))
        .await
        .data();
}

async fn a_hash_of_another_service_lets_its_user_in(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    // Made by the standard library of another language, of "correct horse battery".
    let hash = "$pbkdf2-sha256$i=1000$c29tZXNhbHQ$K5SAHVwQoz0J3yvOytAOiRUeGU14G3lS2KOx1HL3NxA";
    let arguments =
        json!({ "email": "ada@example.org", "importedHash": hash, "options": { "emailVerified": true } });
    let both = json!({ "email": "ada@example.org", "importedHash": hash, "password": PASSWORD });
    let both = create(&app.admin(), both).await;
    assert_eq!(
        both.body.pointer("/errors/0/message").unwrap(),
        "importedHash cannot be given beside a password"
    );
    create(&app.admin(), arguments).await.data();
    let wrong = app.public().sign_in("ada@example.org", "another password").await;
    assert_eq!(wrong.error_code(), "invalid-email-password");
    User::sign_in_as(&app.public(), "ada@example.org", PASSWORD).await;
    // Now the hash is one of ours.
    User::sign_in_as(&app.public(), "ada@example.org", PASSWORD).await;
    let hostile = "$argon2id$v=19$m=4194304,t=100,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZXNhbHRzb21lc2FsdHNvbWVzYWx0c29tZXNhbHQ";
    let hostile = create(
        &app.admin(),
        json!({ "email": "b@example.org", "importedHash": hostile }),
    )
    .await;
    assert_eq!(
        hostile.body.pointer("/errors/0/message").unwrap(),
        "importedHash must not ask for more memory or time than a password is worth"
    );
}

async fn a_mail_sets_the_first_password(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_EMAIL_VERIFICATION", "required")]).await;
    let options = json!({ "sendPasswordResetEmail": true, "locale": "cs" });
    create(
        &app.admin(),
        json!({ "email": "ada@example.org", "options": options }),
    )
    .await
    .data();
    let mail = mail(&app, "ada@example.org").await;
    assert_eq!(mail["template"], "account-created");
    assert_eq!(mail["subject"], "Byl pro vás vytvořen účet");
    let reset = "mutation ($code: String!) { resetPassword(ticket: $code, email: \"ada@example.org\", newPassword: \"correct horse battery\") }";
    let reset = app
        .public()
        .graphql_with(reset, json!({ "code": code(&mail) }))
        .await;
    reset.data();
    // The address is confirmed by it: the door asks for that here.
    User::sign_in_as(&app.public(), "ada@example.org", PASSWORD).await;
}

async fn a_mail_confirms_the_address(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_EMAIL_VERIFICATION", "required")]).await;
    let options = json!({ "sendVerificationEmail": true });
    let arguments = json!({ "email": "ada@example.org", "password": PASSWORD, "options": options });
    create(&app.admin(), arguments).await.data();
    let refused = app.public().sign_in("ada@example.org", PASSWORD).await;
    assert_eq!(refused.error_code(), "unverified-user");
    let mail = mail(&app, "ada@example.org").await;
    assert_eq!(mail["template"], "email-verify");
    let confirm = "mutation ($code: String!) { confirmTicket(ticket: $code, email: \"ada@example.org\") { session { accessToken } } }";
    app.public()
        .graphql_with(confirm, json!({ "code": code(&mail) }))
        .await
        .data();
    User::sign_in_as(&app.public(), "ada@example.org", PASSWORD).await;
}

async fn what_is_taken_or_unknown_is_said(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let admin = app.admin();
    create(&admin, json!({ "email": "ada@example.org", "username": "ada" }))
        .await
        .data();
    for (arguments, code) in [
        (json!({ "email": "ADA@example.org" }), "email-already-in-use"),
        (
            json!({ "email": "b@example.org", "username": "ADA" }),
            "username-already-in-use",
        ),
        (
            json!({ "email": "b@example.org", "options": { "roles": ["user", "nobody"] } }),
            "role-not-allowed",
        ),
        (
            json!({ "email": "b@example.org", "options": { "roles": ["user", "\u{0}"] } }),
            "role-not-allowed",
        ),
        (
            json!({ "email": "b@example.org", "options": { "roles": ["user"], "defaultRole": "me" } }),
            "default-role-must-be-in-allowed-roles",
        ),
        (
            json!({ "email": "b@example.org", "options": { "roles": [] } }),
            "default-role-must-be-in-allowed-roles",
        ),
        (
            json!({ "email": "b@example.org", "options": { "redirectTo": "https://evil.example" } }),
            "redirectTo-not-allowed",
        ),
        (
            json!({ "email": "b@example.org", "options": { "metadata": [1] } }),
            "invalid-request",
        ),
        (
            json!({ "email": "b@example.org", "options": { "locale": "english" } }),
            "invalid-request",
        ),
        (
            json!({ "email": "b@example.org", "options": { "displayName": "a\nb" } }),
            "invalid-request",
        ),
    ] {
        assert_eq!(
            create(&admin, arguments.clone()).await.error_code(),
            code,
            "{arguments}"
        );
    }
    assert_eq!(admin.graphql("{ users { id } }").await.values("id").len(), 1);
    let refused = "{ auditEvents(where: { action: { _eq: \"createUser\" }, outcome: { _eq: \"refused\" } }) { code actorRole } }";
    let refused = admin.graphql(refused).await;
    assert!(
        refused.values("code").contains(&json!("email-already-in-use")),
        "{}",
        refused.text
    );
    let jane = app.user("jane").await;
    for caller in [&app.public(), &*jane] {
        let answer = create(caller, json!({ "email": "b@example.org" })).await;
        assert_eq!(answer.error_code(), "validation-failed");
    }
}

async fn an_administrator_who_signed_in_is_written_down_and_proved_anew_to_grant_roles(
    database: Arc<TestDatabase>,
) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let grant = "mutation ($id: uuid!) { setUserRoles(id: $id, roles: [\"user\", \"admin\"]) }";
    app.admin()
        .graphql_with(grant, json!({ "id": jane.id }))
        .await
        .data();
    let admin = jane.sign_in_again().await.with("x-hasura-role", "admin");
    let made = create(&admin, json!({ "email": "one@example.org" })).await;
    assert_eq!(made.value("/createUser/createdBy"), &json!(jane.id));
    let roles = json!({ "email": "two@example.org", "options": { "roles": ["user", "admin"] } });
    assert_eq!(
        create(&admin, roles.clone()).await.error_code(),
        "elevated-claim-required"
    );
    let elevate = "mutation ($password: String!) { elevatePassword(password: $password) { accessToken } }";
    let elevated = admin
        .graphql_with(elevate, json!({ "password": jane.password }))
        .await;
    let token = elevated.string("/elevatePassword/accessToken");
    let admin = app.public().bearer(&token).with("x-hasura-role", "admin");
    create(&admin, roles).await.data();
    let events = "{ auditEvents(where: { action: { _eq: \"createUser\" } }, order_by: { createdAt: asc }) { outcome actorId actorRole } }";
    let events = app.admin().graphql(events).await;
    let told = |outcome: &str| json!({ "outcome": outcome, "actorId": jane.id, "actorRole": "admin" });
    assert_eq!(
        events.data()["auditEvents"],
        json!([told("success"), told("refused"), told("success")])
    );
}

async fn it_does_not_ask_what_sign_up_allows(database: Arc<TestDatabase>) {
    let variables = [
        ("PORTICO_SIGN_UP_DISABLED", "true"),
        ("PORTICO_LIMIT_SIGN_UPS", "1"),
    ];
    let app = TestApp::with(&database, &variables).await;
    for name in ["one", "two", "three"] {
        create(&app.admin(), json!({ "email": format!("{name}@example.org") }))
            .await
            .data();
    }
}

async fn of_fifty_for_one_address_one_is_made(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let admin = app.admin();
    let answers = (0..50).map(|_| create(&admin, json!({ "email": "ada@example.org" })));
    let answers = futures_util::future::join_all(answers).await;
    let (refused, made): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.body.get("errors").is_some());
    assert_eq!(made.len(), 1);
    assert!(
        refused
            .iter()
            .all(|answer| answer.error_code() == "email-already-in-use")
    );
}
