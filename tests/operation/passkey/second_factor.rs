//! A passkey as the second factor after a password.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    ORIGIN, add, app, app_with, elevate, options, present_elevation, sign_in, sign_in_options, user,
};
use crate::operation::second_factor::{elevated, enable, enrol, generate, methods};
use crate::support::answer::Answer;
use crate::support::authenticator::Authenticator;
use crate::support::caller::{Caller, User};
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::run;

on_both_databases!(
    a_password_alone_opens_no_session_of_who_has_a_passkey,
    a_verified_passkey_is_asked_for_nothing_more,
    a_second_proof_is_of_the_sign_in_that_asked_for_it,
    of_fifty_second_proofs_one_opens_a_session,
    nobody_is_asked_for_a_passkey_where_it_is_no_second_factor,
    a_code_proves_nobody_anew_who_is_asked_for_a_passkey,
    a_code_is_no_second_factor_where_only_passkeys_are,
    a_passkey_is_no_second_factor_where_only_codes_are,
    nobody_unproved_replaces_a_factor_that_is_not_asked_for,
);

/// The password's answer: what has to be proved as well.
pub(super) async fn ask(caller: &Caller, user: &User) -> Value {
    let query = "mutation ($email: citext!, $password: String!) {
      signInEmailPassword(email: $email, password: $password) {
        session { accessToken } mfa { ticket factors webauthnOptions } } }";
    let variables = json!({ "email": user.email, "password": user.password });
    let answer = caller.graphql_with(query, variables).await;
    answer.data()["signInEmailPassword"].clone()
}

pub(super) async fn prove(caller: &Caller, ticket: &Value, credential: &Value) -> Answer {
    let query = "mutation ($ticket: String!, $credential: jsonb!) {
      verifySignInMfaWebauthn(ticket: $ticket, credential: $credential) {
        session { accessToken refreshToken refreshTokenId user { id refreshTokens { id authenticationMethods } } }
        mfa { ticket } } }";
    let variables = json!({ "ticket": ticket, "credential": credential });
    caller.graphql_with(query, variables).await
}

async fn a_password_alone_opens_no_session_of_who_has_a_passkey(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, nobody) = (user(&app, "jane").await, app.public());
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    jane.graphql("mutation { signOut(all: true) }").await.data();
    let asked = ask(&nobody, &jane).await;
    assert_eq!(asked["session"], json!(null));
    let mfa = &asked["mfa"];
    assert_eq!(mfa["factors"], json!(["webauthn"]));
    let signed = phone.get(&mfa["webauthnOptions"]);
    let answer = prove(&nobody, &mfa["ticket"], &signed).await;
    let user = answer.value("/verifySignInMfaWebauthn/session/user");
    let session = answer.string("/verifySignInMfaWebauthn/session/refreshTokenId");
    let methods = json!({ "id": session, "authenticationMethods": ["pwd", "hwk", "mfa"] });
    let tokens = user["refreshTokens"].as_array().unwrap();
    assert_eq!((&user["id"], tokens.contains(&methods)), (&json!(jane.id), true));
    // Neither is good for anything a second time.
    let answer = prove(&nobody, &mfa["ticket"], &signed).await;
    assert_eq!(answer.error_code(), "invalid-ticket");
}

async fn a_verified_passkey_is_asked_for_nothing_more(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    phone.backup_eligible = true;
    add(&jane, &mut phone).await;
    let asked = sign_in_options(&app.public(), None).await;
    let answer = sign_in(&app.public(), &phone.get(&asked)).await;
    assert_eq!(answer.value("/verifySignInWebauthn/mfa"), &json!(null));
    let token = answer.string("/verifySignInWebauthn/session/accessToken");
    let id = answer.string("/verifySignInWebauthn/session/refreshTokenId");
    let query = "query ($id: uuid!) { authRefreshToken(id: $id) { authenticationMethods } }";
    let row = app
        .public()
        .bearer(&token)
        .graphql_with(query, json!({ "id": id }))
        .await;
    assert_eq!(
        row.value("/authRefreshToken/authenticationMethods"),
        &json!(["swk", "mfa"])
    );
}

async fn a_second_proof_is_of_the_sign_in_that_asked_for_it(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john, nobody) = (user(&app, "jane").await, user(&app, "john").await, app.public());
    let (mut phone, mut other) = (Authenticator::new(ORIGIN), Authenticator::new(ORIGIN));
    add(&jane, &mut phone).await;
    add(&john, &mut other).await;
    let (first, second, theirs) = (
        ask(&nobody, &jane).await["mfa"].take(),
        ask(&nobody, &jane).await["mfa"].take(),
        ask(&nobody, &john).await["mfa"].take(),
    );
    let elevation = options(&jane, "elevateWebauthn").await;
    let discoverable = sign_in_options(&nobody, None).await;
    // Another sign-in of the same user, another user, another ceremony, another user's passkey.
    for (asked, device) in [
        (&second["webauthnOptions"], &phone),
        (&theirs["webauthnOptions"], &other),
        (&elevation, &phone),
        (&discoverable, &phone),
    ] {
        let answer = prove(&nobody, &first["ticket"], &device.clone().get(asked)).await;
        assert_eq!(answer.error_code(), "invalid-passkey");
    }
    let answer = prove(&nobody, &first["ticket"], &other.get(&first["webauthnOptions"])).await;
    assert_eq!(answer.error_code(), "invalid-passkey");
    // What was asked for as a second proof is no first one.
    let third = ask(&nobody, &jane).await["mfa"].take();
    let signed = phone.get(&third["webauthnOptions"]);
    assert_eq!(sign_in(&nobody, &signed).await.error_code(), "invalid-passkey");
    prove(&nobody, &third["ticket"], &signed).await.data();
}

async fn of_fifty_second_proofs_one_opens_a_session(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, nobody) = (user(&app, "jane").await, app.public());
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    let mfa = ask(&nobody, &jane).await["mfa"].take();
    let signed = phone.get(&mfa["webauthnOptions"]);
    let answers = join_all((0..50).map(|_| prove(&nobody, &mfa["ticket"], &signed))).await;
    let won = answers
        .iter()
        .filter(|answer| answer.body.get("errors").is_none());
    assert_eq!(won.count(), 1);
}

async fn nobody_is_asked_for_a_passkey_where_it_is_no_second_factor(database: Arc<TestDatabase>) {
    let app = app_with(&database, &[("PORTICO_SECOND_FACTORS", "totp")]).await;
    let jane = user(&app, "jane").await;
    add(&jane, &mut Authenticator::new(ORIGIN)).await;
    let asked = ask(&app.public(), &jane).await;
    assert_eq!(
        (asked["session"].is_object(), &asked["mfa"]),
        (true, &json!(null))
    );
    // Nor where nobody can be asked for one.
    database.finish().await;
    let numbered = app_with(&database, &[("PORTICO_CLIENT_URL", "https://192.0.2.7")]).await;
    let asked = ask(&numbered.public(), &jane).await;
    assert!(asked["session"].is_object(), "{asked}");
}

async fn a_code_proves_nobody_anew_who_is_asked_for_a_passkey(database: Arc<TestDatabase>) {
    let app = app_with(&database, &[("PORTICO_SECOND_FACTORS", "webauthn")]).await;
    let jane = enrol(&app, "jane").await;
    let session = elevated(&app, &jane.user, &jane.authenticator).await;
    let mut phone = Authenticator::new(ORIGIN);
    add(&session, &mut phone).await;
    // What elevated it counts as little as before, now that there is something else to be asked for.
    let renew = "mutation { regenerateRecoveryCodes }";
    assert_eq!(
        session.graphql(renew).await.error_code(),
        "elevated-claim-required"
    );
    app.clock.advance(30);
    let code = jane.authenticator.code(&app);
    let answer = run(&session, "elevateTotp", &[("code", &code)], "{ accessToken }").await;
    assert_eq!(answer.error_code(), "elevated-claim-required");
    assert!(answer.text.contains("by that"), "{}", answer.text);
    let recovery = [("code", jane.recovery_codes[0].as_str())];
    let answer = run(&session, "elevateRecoveryCode", &recovery, "{ accessToken }").await;
    let by_recovery_code = answer.string("/elevateRecoveryCode/accessToken");
    let by_passkey = elevate(&app, &session, &mut phone).await;
    for proved in [app.public().bearer(&by_recovery_code), by_passkey] {
        proved.graphql(renew).await.data();
    }
}

async fn a_code_is_no_second_factor_where_only_passkeys_are(database: Arc<TestDatabase>) {
    let app = app_with(&database, &[("PORTICO_SECOND_FACTORS", "webauthn")]).await;
    // Neither where it is enrolled nor where it elevates.
    let jane = enrol(&app, "jane").await;
    assert_eq!(methods(&app, &jane.user).await, [json!(["pwd", "otp"])]);
    let session = elevated(&app, &jane.user, &jane.authenticator).await;
    let recovery = [("code", jane.recovery_codes[0].as_str())];
    run(&session, "elevateRecoveryCode", &recovery, "{ accessToken }")
        .await
        .data();
    assert_eq!(
        methods(&app, &jane.user).await,
        [json!(["pwd", "otp", "recovery-code"])]
    );
}

async fn a_passkey_is_no_second_factor_where_only_codes_are(database: Arc<TestDatabase>) {
    let settings = [
        ("PORTICO_SECOND_FACTORS", "totp"),
        ("PORTICO_PASSKEY_USER_VERIFICATION", "preferred"),
    ];
    let app = app_with(&database, &settings).await;
    let jane = user(&app, "jane").await;
    let mut token = Authenticator::new(ORIGIN);
    token.verifies_user = false;
    add(&jane, &mut token).await;
    let session = elevate(&app, &jane, &mut token).await;
    assert_eq!(methods(&app, &jane).await, [json!(["pwd", "hwk"])]);
    let telephone = generate(&session).await;
    enable(&session, &telephone.code(&app)).await.data();
    let signed = token.get(&options(&session, "elevateWebauthn").await);
    assert_eq!(
        present_elevation(&session, &signed).await.error_code(),
        "elevated-claim-required"
    );
    // One that makes sure who uses it is two factors at once.
    let mut phone = Authenticator::new(ORIGIN);
    add(&session, &mut phone).await;
    elevate(&app, &session, &mut phone).await;
}

async fn nobody_unproved_replaces_a_factor_that_is_not_asked_for(database: Arc<TestDatabase>) {
    for factors in ["webauthn", "none"] {
        let database = TestDatabase::new(database.kind).await.unwrap();
        let app = app_with(&database, &[("PORTICO_SECOND_FACTORS", factors)]).await;
        let jane = enrol(&app, "jane").await;
        let operations = [
            "mutation { generateTotp { totpSecret } }",
            "mutation { enableTotp(code: \"123456\") }",
            "mutation { regenerateRecoveryCodes }",
        ];
        for query in operations {
            let answer = jane.user.graphql(query).await;
            assert_eq!(
                answer.error_code(),
                "elevated-claim-required",
                "{factors}: {query}"
            );
        }
        // Whatever proves the user will do, as nobody is asked for more.
        let by_code = elevated(&app, &jane.user, &jane.authenticator).await;
        by_code
            .graphql("mutation { regenerateRecoveryCodes }")
            .await
            .data();
        let by_password = jane.user.elevated().await;
        let telephone = generate(&by_password).await;
        enable(&by_password, &telephone.code(&app)).await.data();
        database.finish().await;
    }
}
