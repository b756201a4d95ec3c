//! Codes of an application and recovery codes as second proofs.

use std::sync::Arc;

use serde_json::json;

use super::FACTORS;
use crate::operation::second_factor::{
    MANY, claims_of, enrol, events, methods, password, steps, ticket, verify_recovery, verify_totp,
};
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{mail, run};

on_both_databases!(
    two_proofs_open_a_session_that_says_so_also_after_a_refresh,
    a_code_is_good_once_and_for_two_steps,
    a_recovery_code_is_good_once_and_its_owner_is_told,
    the_last_recovery_code_is_as_good_as_the_first,
);

async fn two_proofs_open_a_session_that_says_so_also_after_a_refresh(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &MANY).await;
    let jane = enrol(&app, "jane").await;
    let answer = password(&app.public(), &jane.user).await;
    let payload = &answer.data()["signInEmailPassword"];
    assert_eq!(payload["session"], json!(null));
    assert_eq!(payload["mfa"]["factors"], json!(["totp", "recovery-code"]));
    let ticket = answer.string("/signInEmailPassword/mfa/ticket");
    let wrong = verify_totp(&app.public(), &ticket, &jane.authenticator.wrong(&app)).await;
    assert_eq!(wrong.error_code(), "invalid-totp");
    let right = verify_totp(&app.public(), &ticket, &jane.authenticator.code(&app)).await;
    let token = right.string("/verifySignInMfaTotp/session/accessToken");
    assert_eq!(
        claims_of(&app.public().bearer(&token))["amr"],
        json!(["pwd", "otp", "mfa"])
    );
    // The session that enrolled the factor proved it, too.
    assert_eq!(
        methods(&app, &jane.user).await,
        [json!(["pwd", "otp", "mfa"]), json!(["pwd", "otp", "mfa"])]
    );
    let refreshed = app
        .public()
        .refresh(&right.string("/verifySignInMfaTotp/session/refreshToken"))
        .await;
    let token = refreshed.string("/refreshToken/accessToken");
    assert_eq!(
        claims_of(&app.public().bearer(&token))["amr"],
        json!(["pwd", "otp", "mfa"])
    );
    assert_eq!(
        (
            events(&app, "verifySignInMfaTotp", "refused").await,
            events(&app, "verifySignInMfaTotp", "success").await
        ),
        (1, 1)
    );
}

async fn a_code_is_good_once_and_for_two_steps(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &MANY).await;
    let jane = enrol(&app, "jane").await;
    let code = jane.authenticator.code(&app);
    let try_code = async |code: &str| {
        let ticket = ticket(&app.public(), &jane.user).await;
        verify_totp(&app.public(), &ticket, code).await
    };
    try_code(&code).await.data();
    assert_eq!(try_code(&code).await.error_code(), "invalid-totp");
    app.clock.advance(30);
    assert_eq!(try_code(&code).await.error_code(), "invalid-totp");
    let (previous, present) = (jane.authenticator.code(&app), {
        app.clock.advance(30);
        jane.authenticator.code(&app)
    });
    try_code(&previous).await.data();
    try_code(&present).await.data();
    // Neither what was before the one accepted last, nor what is to come, nor what is too old.
    assert_eq!(try_code(&previous).await.error_code(), "invalid-totp");
    let next = jane
        .authenticator
        .code_at(portico_auth::Clock::now(&*app.clock) + steps(1));
    assert_eq!(try_code(&next).await.error_code(), "invalid-totp");
    app.clock.advance(60);
    assert_eq!(
        try_code(&next).await.data()["verifySignInMfaTotp"]["mfa"],
        json!(null)
    );
    let old = jane.authenticator.code(&app);
    app.clock.advance(60);
    assert_eq!(try_code(&old).await.error_code(), "invalid-totp");
}

async fn a_recovery_code_is_good_once_and_its_owner_is_told(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &MANY).await;
    let jane = enrol(&app, "jane").await;
    let code = &jane.recovery_codes[3];
    let first = ticket(&app.public(), &jane.user).await;
    assert_eq!(
        verify_recovery(&app.public(), &first, "abcde-fghij")
            .await
            .error_code(),
        "invalid-recovery-code"
    );
    let answer = verify_recovery(&app.public(), &first, &code.to_uppercase().replace('-', " ")).await;
    let token = answer.string("/verifySignInMfaRecoveryCode/session/accessToken");
    let session = app.public().bearer(&token);
    assert_eq!(claims_of(&session)["amr"], json!(["pwd", "otp", "mfa"]));
    assert_eq!(
        session.graphql(FACTORS).await.data()["myFactors"]["recoveryCodesLeft"],
        json!(9)
    );
    assert_eq!(
        mail(&app, &jane.user.email).await["subject"],
        json!("A recovery code was used")
    );
    assert_eq!(events(&app, "verifySignInMfaRecoveryCode", "success").await, 1);
    let second = ticket(&app.public(), &jane.user).await;
    assert_eq!(
        verify_recovery(&app.public(), &second, code).await.error_code(),
        "invalid-recovery-code"
    );
    // Others in their place, for whoever proves a factor: here by another recovery code.
    let renew = "mutation { regenerateRecoveryCodes }";
    assert_eq!(
        session.graphql(renew).await.error_code(),
        "elevated-claim-required"
    );
    let arguments = [("code", jane.recovery_codes[4].as_str())];
    let answer = run(&session, "elevateRecoveryCode", &arguments, "{ accessToken }").await;
    let proved = app
        .public()
        .bearer(&answer.string("/elevateRecoveryCode/accessToken"));
    assert_eq!(
        claims_of(&proved)["https://hasura.io/jwt/claims"]["x-hasura-auth-elevated-by"],
        json!("recovery-code")
    );
    let renewed = proved.graphql(renew).await;
    let new = renewed.value("/regenerateRecoveryCodes").as_array().unwrap()[0].clone();
    for (code, works) in [
        (jane.recovery_codes[5].as_str(), false),
        (new.as_str().unwrap(), true),
    ] {
        let ticket = ticket(&app.public(), &jane.user).await;
        let answer = verify_recovery(&app.public(), &ticket, code).await;
        assert_eq!(answer.body.get("errors").is_none(), works, "{}", answer.text);
    }
    let john = app.user("john").await;
    assert_eq!(john.graphql(renew).await.error_code(), "no-second-factor");
}

async fn the_last_recovery_code_is_as_good_as_the_first(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &MANY).await;
    let jane = enrol(&app, "jane").await;
    for code in &jane.recovery_codes {
        let ticket = ticket(&app.public(), &jane.user).await;
        let answer = verify_recovery(&app.public(), &ticket, code).await;
        answer.string("/verifySignInMfaRecoveryCode/session/accessToken");
    }
    assert_eq!(
        jane.user.graphql(FACTORS).await.data()["myFactors"]["recoveryCodesLeft"],
        json!(0)
    );
}
