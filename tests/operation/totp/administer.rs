//! What administrators see of factors, take away, and have to prove themselves.

use std::sync::Arc;

use serde_json::json;

use crate::operation::second_factor::{
    MANY, claims_of, elevated, enable, enrol, events, generate, password, sign_in, ticket, verify_totp,
};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{mail, run};

on_both_databases!(
    an_administrator_sees_which_factors_there_are_and_takes_them_away,
    an_operator_says_which_proof_an_operation_needs,
    a_second_factor_proves_more_than_what_an_operator_names,
    an_administrator_acts_with_a_second_factor_or_for_a_while,
);

async fn an_administrator_sees_which_factors_there_are_and_takes_them_away(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &MANY).await;
    let jane = enrol(&app, "jane").await;
    let (id, admin) = (json!({ "id": jane.user.id }), app.admin());
    let factors = "query ($id: uuid!) { userFactors(id: $id) { totp securityKeys recoveryCodesLeft } }";
    let seen = admin.graphql_with(factors, id.clone()).await;
    assert_eq!(
        seen.data()["userFactors"],
        json!({ "totp": true, "securityKeys": 0, "recoveryCodesLeft": 10 })
    );
    let open = ticket(&app.public(), &jane.user).await;
    let reset = "mutation ($id: uuid!) { resetFactors(id: $id) }";
    for query in [factors, reset] {
        assert_eq!(
            jane.user.graphql_with(query, id.clone()).await.error_code(),
            "validation-failed"
        );
        let nobody = json!({ "id": "00000000-0000-0000-0000-000000000000" });
        assert_eq!(
            admin.graphql_with(query, nobody).await.error_code(),
            "user-not-found"
        );
    }
    admin.graphql_with(reset, id.clone()).await.data();
    assert_eq!(
        admin.graphql_with(factors, id).await.data()["userFactors"],
        json!({ "totp": false, "securityKeys": 0, "recoveryCodesLeft": 0 })
    );
    assert_eq!(
        jane.user.graphql("{ me { id } }").await.error_code(),
        "invalid-jwt"
    );
    assert!(
        mail(&app, &jane.user.email).await["subject"]
            .as_str()
            .unwrap()
            .contains("second factors")
    );
    assert_eq!(
        (
            events(&app, "resetFactors", "success").await,
            events(&app, "resetFactors", "refused").await
        ),
        (1, 1)
    );
    let late = verify_totp(&app.public(), &open, &jane.authenticator.code(&app)).await;
    assert_eq!(late.error_code(), "disabled-mfa-totp");
    password(&app.public(), &jane.user)
        .await
        .string("/signInEmailPassword/session/accessToken");
}

async fn an_operator_says_which_proof_an_operation_needs(database: Arc<TestDatabase>) {
    let listed = [
        MANY[0],
        MANY[1],
        (
            "PORTICO_ELEVATED_OPERATIONS",
            "revokeSession=totp,signOutOthers=totp+recovery-code",
        ),
    ];
    let app = TestApp::with(&database, &listed).await;
    let jane = enrol(&app, "jane").await;
    let session = sign_in(&app, &jane).await;
    let arguments = [("code", jane.recovery_codes[0].as_str())];
    let answer = run(&session, "elevateRecoveryCode", &arguments, "{ accessToken }").await;
    let by_code = app
        .public()
        .bearer(&answer.string("/elevateRecoveryCode/accessToken"));
    let revoke = "mutation { revokeSession(id: \"00000000-0000-0000-0000-000000000000\") }";
    assert_eq!(
        by_code.graphql(revoke).await.error_code(),
        "elevated-claim-required"
    );
    let by_totp = elevated(&app, &session, &jane.authenticator).await;
    assert_eq!(by_totp.graphql(revoke).await.error_code(), "session-not-found");
    for proved in [by_code, by_totp] {
        proved.graphql("mutation { signOutOthers }").await.data();
    }
}

async fn a_second_factor_proves_more_than_what_an_operator_names(database: Arc<TestDatabase>) {
    let listed = [
        MANY[0],
        MANY[1],
        (
            "PORTICO_ELEVATED_OPERATIONS",
            "signOutOthers=password,revokeSession=password+webauthn,regenerateRecoveryCodes=webauthn",
        ),
    ];
    let app = TestApp::with(&database, &listed).await;
    let jane = enrol(&app, "jane").await;
    let revoke = "mutation { revokeSession(id: \"00000000-0000-0000-0000-000000000000\") }";
    let others = "mutation { signOutOthers }";
    for query in [revoke, others] {
        assert_eq!(
            jane.user.graphql(query).await.error_code(),
            "elevated-claim-required"
        );
    }
    let password = [("password", jane.user.password.as_str())];
    let answer = run(&jane.user, "elevatePassword", &password, "{ accessToken }").await;
    assert_eq!(answer.error_code(), "elevated-claim-required");
    assert!(answer.text.contains("by that"), "{}", answer.text);
    let proved = elevated(&app, &jane.user, &jane.authenticator).await;
    assert_eq!(proved.graphql(revoke).await.error_code(), "session-not-found");
    proved.graphql(others).await.data();
    // A passkey that is named alone is what has to be proved.
    let codes = proved.graphql("mutation { regenerateRecoveryCodes }").await;
    assert_eq!(codes.error_code(), "elevated-claim-required");
    // Where nobody is asked for a second factor the password is asked for as it is named.
    database.finish().await;
    let settings = [listed.as_slice(), &[("PORTICO_SECOND_FACTORS", "none")]].concat();
    let app = TestApp::with(&database, &settings).await;
    let john = enrol(&app, "john").await;
    let proved = elevated(&app, &john.user, &john.authenticator).await;
    assert_eq!(
        proved.graphql(others).await.error_code(),
        "elevated-claim-required"
    );
    john.user.elevated().await.graphql(others).await.data();
}

async fn an_administrator_acts_with_a_second_factor_or_for_a_while(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &MANY).await;
    let jane = app.user("jane").await;
    let grant = "mutation ($id: uuid!) { insertAuthUserRole(object: { userId: $id, role: \"admin\", createdAt: \"2026-03-01T09:00:00Z\" }) { id } }";
    app.admin()
        .graphql_with(grant, json!({ "id": jane.id }))
        .await
        .data();
    let roles = async |answer: &Answer, pointer: &str| {
        let session = app
            .public()
            .bearer(&answer.string(&format!("{pointer}/accessToken")));
        let roles = &claims_of(&session)["https://hasura.io/jwt/claims"]["x-hasura-allowed-roles"];
        (session, roles.as_array().unwrap().contains(&json!("admin")))
    };
    let early = password(&app.public(), &jane).await;
    let (session, granted) = roles(&early, "/signInEmailPassword/session").await;
    assert!(granted);
    session
        .with("x-hasura-role", "admin")
        .graphql("{ users { id } }")
        .await
        .data();
    app.clock.advance(14 * 24 * 3_600);
    let token = early.string("/signInEmailPassword/session/refreshToken");
    let refreshed = app.public().refresh(&token).await;
    let (session, granted) = roles(&refreshed, "/refreshToken").await;
    assert!(!granted);
    let refused = session
        .with("x-hasura-role", "admin")
        .graphql("{ users { id } }")
        .await;
    assert_eq!(refused.error_code(), "access-denied", "{}", refused.text);
    let late = password(&app.public(), &jane).await;
    assert!(!roles(&late, "/signInEmailPassword/session").await.1);
    // The factor is proved where it is enrolled, and the session knows.
    let authenticator = generate(&session).await;
    enable(&session, &authenticator.code(&app)).await.data();
    let refreshed = app
        .public()
        .refresh(&refreshed.string("/refreshToken/refreshToken"))
        .await;
    let (session, granted) = roles(&refreshed, "/refreshToken").await;
    assert!(granted);
    session
        .with("x-hasura-role", "admin")
        .graphql("{ users { id } }")
        .await
        .data();
    // Nobody else is in the way, and whoever has that role alone is told.
    let alone = "mutation ($id: uuid!) { setUserRoles(id: $id, roles: [\"admin\"], defaultRole: \"admin\") }";
    app.admin()
        .graphql_with(alone, json!({ "id": jane.id }))
        .await
        .data();
    app.admin()
        .graphql_with(
            "mutation ($id: uuid!) { resetFactors(id: $id) }",
            json!({ "id": jane.id }),
        )
        .await
        .data();
    let refused = password(&app.public(), &jane).await;
    assert_eq!(refused.error_code(), "second-factor-required");
    assert!(
        refused.text.contains("an authenticator application or a passkey"),
        "{}",
        refused.text
    );
}
