//! `authConfig`

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(anybody_reads_how_to_sign_in, it_follows_the_settings);

const CONFIG: &str = "{ authConfig {
  allowedRoles defaultRole defaultLocale emailVerificationRequired passwordMinLength passwordMaxLength signUpEnabled methods
} }";

async fn anybody_reads_how_to_sign_in(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    for caller in [&app.public(), &*jane, &app.admin()] {
        let answer = caller.graphql(CONFIG).await;
        assert_eq!(
            answer.data()["authConfig"],
            json!({
                "allowedRoles": ["user", "me"], "defaultRole": "user", "defaultLocale": "en",
                "emailVerificationRequired": false, "passwordMinLength": 8, "passwordMaxLength": 256,
                "signUpEnabled": true, "methods": ["email-password", "username-password", "email-passwordless", "email-otp",
                    "webauthn"],
            })
        );
    }
}

async fn it_follows_the_settings(database: Arc<TestDatabase>) {
    let variables = [
        ("PORTICO_EMAIL_VERIFICATION", "required"),
        ("PORTICO_ALLOWED_ROLES", "user"),
        ("PORTICO_DEFAULT_LOCALE", "fr"),
    ];
    let app = TestApp::with(&database, &variables).await;
    let answer = app.public().graphql(CONFIG).await;
    let config = &answer.data()["authConfig"];
    assert_eq!(config["emailVerificationRequired"], json!(true));
    assert_eq!(config["allowedRoles"], json!(["user"]));
    assert_eq!(config["defaultLocale"], "fr");
}
