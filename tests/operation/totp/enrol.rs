//! How an authenticator application comes and goes.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::FACTORS;
use crate::operation::second_factor::{
    Enrolled, MANY, claims_of, elevated, enable, enrol, generate, password, sign_in, steps, ticket,
    verify_totp,
};
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{mail, run};
use crate::support::telephone::Telephone;

on_both_databases!(
    a_new_secret_counts_from_its_first_code_on,
    whoever_has_a_factor_is_proved_by_it_before_anything_that_proves_them_changes,
    another_secret_and_none_end_the_other_sessions,
    an_adopted_secret_is_sealed_at_its_first_use,
);

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
