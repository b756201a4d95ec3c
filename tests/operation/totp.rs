//! `generateTotp`, `enableTotp`, `disableTotp`, recovery codes: how factors come, are used, and go.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::second_factor::{
    Enrolled, MANY, claims_of, elevated, enable, enrol, events, generate, methods, password, sign_in, steps,
    ticket, verify_recovery, verify_totp,
};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{mail, run};
use crate::support::telephone::Telephone;

on_both_databases!(
    a_new_secret_counts_from_its_first_code_on,
    two_proofs_open_a_session_that_says_so_also_after_a_refresh,
    a_code_is_good_once_and_for_two_steps,
    a_recovery_code_is_good_once_and_its_owner_is_told,
    whoever_has_a_factor_is_proved_by_it_before_anything_that_proves_them_changes,
    another_secret_and_none_end_the_other_sessions,
    an_adopted_secret_is_sealed_at_its_first_use,
    an_administrator_sees_which_factors_there_are_and_takes_them_away,
    an_operator_says_which_proof_an_operation_needs,
    an_administrator_acts_with_a_second_factor_or_for_a_while,
);

const FACTORS: &str = "{ myFactors { totp securityKeys recoveryCodesLeft } }";

async fn a_new_secret_counts_from_its_first_code_on(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &MANY).await;
    let jane = app.user("jane").await;
    assert_eq!(enable(&jane, "123456").await.error_code(), "no-totp-secret");
    let answer = jane
        .graphql("mutation { generateTotp { totpSecret uri imageUrl } }")
        .await;
    let secret = answer.string("/generateTotp/totpSecret");
    assert_eq!(
        answer.string("/generateTotp/uri"),
        format!(
            "otpauth://totp/Portico:jane%40example%2Eorg?secret={secret}&issuer=Portico&algorithm=SHA1&digits=6&period=30"
        )
    );
    let image = answer.string("/generateTotp/imageUrl");
    let image = image.strip_prefix("data:image/png;base64,").unwrap();
    assert!(STANDARD.decode(image).unwrap().starts_with(b"\x89PNG\r\n\x1a\n"));
    let first = Telephone::new(&secret);
    assert_eq!(
        enable(&jane, &first.wrong(&app)).await.error_code(),
        "invalid-totp"
    );
    // Nothing is asked for yet, and the newer of two secrets is what waits.
    assert_eq!(
        password(&app.public(), &jane).await.data()["signInEmailPassword"]["mfa"],
        json!(null)
    );
    let second = generate(&jane).await;
    assert_eq!(
        enable(&jane, &first.code(&app)).await.error_code(),
        "invalid-totp"
    );
    let codes = enable(&jane, &second.code(&app)).await;
    assert_eq!(codes.value("/enableTotp").as_array().unwrap().len(), 10);
    assert_eq!(
        jane.graphql(FACTORS).await.data()["myFactors"],
        json!({ "totp": true, "securityKeys": 0, "recoveryCodesLeft": 10 })
    );
    // Used up.
    app.clock.advance(30);
    let proved = elevated(&app, &jane, &second).await;
    assert_eq!(
        enable(&proved, &second.code(&app)).await.error_code(),
        "no-totp-secret"
    );
    assert!(
        mail(&app, &jane.email).await["subject"]
            .as_str()
            .unwrap()
            .contains("second factors")
    );
    // One that nobody enters a code of changes nothing, and ends.
    let abandoned = generate(&proved).await;
    app.clock.advance(15 * 60);
    let jane = Enrolled {
        user: jane,
        authenticator: second,
        recovery_codes: Vec::new(),
    };
    let proved = elevated(&app, &sign_in(&app, &jane).await, &jane.authenticator).await;
    assert_eq!(
        enable(&proved, &abandoned.code(&app)).await.error_code(),
        "no-totp-secret"
    );
}

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

async fn whoever_has_a_factor_is_proved_by_it_before_anything_that_proves_them_changes(
    database: Arc<TestDatabase>,
) {
    let app = TestApp::with(&database, &MANY).await;
    let jane = enrol(&app, "jane").await;
    let session = sign_in(&app, &jane).await;
    let change = format!(
        "mutation {{ changePassword(currentPassword: \"{}\", newPassword: \"an entirely new password\") }}",
        jane.user.password
    );
    for query in [
        "mutation { generateTotp { totpSecret } }",
        "mutation { enableTotp(code: \"123456\") }",
        "mutation { disableTotp }",
        "mutation { regenerateRecoveryCodes }",
        change.as_str(),
        // The password alone proves too little.
        &format!(
            "mutation {{ elevatePassword(password: \"{}\") {{ accessToken }} }}",
            jane.user.password
        ),
    ] {
        let answer = session.graphql(query).await;
        assert_eq!(answer.error_code(), "elevated-claim-required", "{query}");
    }
    let proved = elevated(&app, &session, &jane.authenticator).await;
    let claims = &claims_of(&proved)["https://hasura.io/jwt/claims"];
    assert_eq!(claims["x-hasura-auth-elevated"], json!(jane.user.id));
    assert_eq!(claims["x-hasura-auth-elevated-by"], json!("totp"));
    let at = claims["x-hasura-auth-elevated-at"].as_str().unwrap();
    assert_eq!(
        at.parse::<chrono::DateTime<chrono::Utc>>().unwrap(),
        portico_auth::Clock::now(&*app.clock) - steps(1)
    );
    proved.graphql(&change).await.data();
    // Another user's code elevates nobody.
    let john = enrol(&app, "john").await;
    let code = jane.authenticator.code(&app);
    let foreign = run(&john.user, "elevateTotp", &[("code", &code)], "{ accessToken }").await;
    assert_eq!(foreign.error_code(), "invalid-totp");
    // Whoever has none is asked for none.
    let ana = app.user("ana").await;
    let query = "mutation { elevateTotp(code: \"123456\") { accessToken } }";
    assert_eq!(ana.graphql(query).await.error_code(), "disabled-mfa-totp");
    generate(&ana).await;
}

async fn another_secret_and_none_end_the_other_sessions(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &MANY).await;
    let jane = enrol(&app, "jane").await;
    let alive = "{ me { id } }";
    let elsewhere = sign_in(&app, &jane).await;
    let here = elevated(&app, &sign_in(&app, &jane).await, &jane.authenticator).await;
    let next = generate(&here).await;
    // The old one works until the first code of the new one.
    sign_in(&app, &jane).await;
    enable(&here, &next.code(&app)).await.data();
    here.graphql(alive).await.data();
    assert_eq!(elsewhere.graphql(alive).await.error_code(), "invalid-jwt");
    app.clock.advance(30);
    let old = ticket(&app.public(), &jane.user).await;
    assert_eq!(
        verify_totp(&app.public(), &old, &jane.authenticator.code(&app))
            .await
            .error_code(),
        "invalid-totp"
    );
    let jane = Enrolled {
        authenticator: next,
        ..jane
    };
    let elsewhere = sign_in(&app, &jane).await;
    let wrong = run(
        &elsewhere,
        "disableTotp",
        &[("code", &jane.authenticator.wrong(&app))],
        "",
    )
    .await;
    assert_eq!(wrong.error_code(), "invalid-totp");
    run(
        &here,
        "disableTotp",
        &[("code", &jane.authenticator.code(&app))],
        "",
    )
    .await
    .data();
    assert_eq!(elsewhere.graphql(alive).await.error_code(), "invalid-jwt");
    assert_eq!(
        here.graphql(FACTORS).await.data()["myFactors"],
        json!({ "totp": false, "securityKeys": 0, "recoveryCodesLeft": 0 })
    );
    let answer = password(&app.public(), &jane.user).await;
    answer.string("/signInEmailPassword/session/accessToken");
    // A challenge that was open then is good for nothing.
    let late = verify_totp(&app.public(), &old, &jane.authenticator.code(&app)).await;
    assert_eq!(late.error_code(), "disabled-mfa-totp");
    let kept = [MANY[0], MANY[1], ("PORTICO_FACTOR_CHANGE_ENDS_SESSIONS", "false")];
    let app = TestApp::with(&database, &kept).await;
    let john = app.user("john").await;
    let elsewhere = john.sign_in_again().await;
    let authenticator = generate(&john).await;
    enable(&john, &authenticator.code(&app)).await.data();
    elsewhere.graphql(alive).await.data();
}

async fn an_adopted_secret_is_sealed_at_its_first_use(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &MANY).await;
    let user = app.user("jane").await;
    // Hasura Auth makes secrets of 32 bytes, and keeps them in the clear.
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA";
    let connection = database.connect().await;
    let adopt = format!("UPDATE users SET totp_secret = '{secret}', active_mfa_type = 'totp'");
    sea_orm::ConnectionTrait::execute_unprepared(&connection, &adopt)
        .await
        .unwrap();
    let jane = Enrolled {
        user,
        authenticator: Telephone::new(secret),
        recovery_codes: Vec::new(),
    };
    let stored = async || {
        let row = <portico_entity::users::Entity as sea_orm::EntityTrait>::find()
            .one(&connection)
            .await;
        row.unwrap().unwrap().totp_secret.unwrap()
    };
    assert_eq!(stored().await, secret);
    sign_in(&app, &jane).await;
    let sealed = stored().await;
    assert!(
        sealed.starts_with("sealed:") && !sealed.contains(secret),
        "{sealed}"
    );
    sign_in(&app, &jane).await;
    assert_eq!(stored().await, sealed);
}

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
    assert_eq!(
        password(&app.public(), &jane).await.error_code(),
        "second-factor-required"
    );
}
