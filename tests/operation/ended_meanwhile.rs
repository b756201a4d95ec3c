//! Factors of a session that ends while the request runs: nothing is added, and nothing taken away.

use std::sync::Arc;

use portico_auth::flow::{
    DisableTotpInput, EnableTotpInput, RemoveSecurityKeyInput, VerifyAddSecurityKeyInput, add_security_key,
    disable_totp, enable_totp, regenerate_recovery_codes, remove_security_key, verify_add_security_key,
};
use portico_auth::value::Attestation;
use portico_auth::{Authenticated, Caller, Ctx, Error};
use serde_json::json;

use super::second_factor::{MANY, elevated, enrol, generate};
use crate::support::app::TestApp;
use crate::support::authenticator::Authenticator;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(factors_change_in_a_session_that_goes_on_alone);

const ORIGIN: &str = "https://app.example.org";

/// A request whose token was good when it came.
struct Request<'a> {
    app: &'a TestApp,
    session: Arc<Authenticated>,
    caller: Caller,
}

impl Request<'_> {
    fn ctx(&self) -> Ctx<'_> {
        Ctx {
            auth: &self.app.auth,
            caller: &self.caller,
            session: Some(&self.session),
            wish: None,
        }
    }
}

async fn request<'a>(app: &'a TestApp, caller: &crate::support::caller::Caller) -> Request<'a> {
    let (_, token) = caller
        .headers
        .iter()
        .find(|(name, _)| name == "authorization")
        .unwrap();
    let token = token.strip_prefix("Bearer ").unwrap();
    Request {
        app,
        session: app.auth.authenticate(token).await.unwrap(),
        caller: Caller {
            address: "127.0.0.1".parse().unwrap(),
            user_agent: None,
            request_id: "request-1".into(),
            command_line: false,
        },
    }
}

#[track_caller]
fn refused<T>(done: Result<T, Error>) {
    let code = done.err().map(|error| error.code().as_str());
    assert_eq!(code, Some("unauthenticated"));
}

async fn factors_change_in_a_session_that_goes_on_alone(database: Arc<TestDatabase>) {
    let settings = [MANY.as_slice(), &[("PORTICO_CLIENT_URL", ORIGIN)]].concat();
    let app = TestApp::with(&database, &settings).await;
    for (name, end) in [
        ("jane", "endSessions"),
        ("john", "disableUser"),
        ("jack", "lockUser"),
    ] {
        let enrolled = enrol(&app, name).await;
        let session = elevated(&app, &enrolled.user, &enrolled.authenticator).await;
        let other = generate(&session).await;
        let request = request(&app, &session).await;
        let ctx = request.ctx();
        let credential = |options| {
            let made = Authenticator::new(ORIGIN).create(&options);
            let credential = Attestation::parse(made).unwrap();
            VerifyAddSecurityKeyInput {
                credential,
                nickname: None,
            }
        };
        let kept = verify_add_security_key(&ctx, credential(add_security_key(&ctx).await.unwrap())).await;
        let kept = kept.unwrap();
        let asked = add_security_key(&ctx).await.unwrap();
        let factors = "query ($id: uuid!) { userFactors(id: $id) { totp securityKeys recoveryCodesLeft } }";
        let id = json!({ "id": enrolled.user.id });
        let end = format!("mutation ($id: uuid!) {{ {end}(id: $id) }}");
        app.admin().graphql_with(&end, id.clone()).await.data();
        refused(verify_add_security_key(&ctx, credential(asked)).await);
        refused(
            enable_totp(
                &ctx,
                EnableTotpInput {
                    code: other.code(&app),
                },
            )
            .await,
        );
        refused(regenerate_recovery_codes(&ctx).await);
        refused(remove_security_key(&ctx, RemoveSecurityKeyInput { id: kept }).await);
        let code = Some(enrolled.authenticator.code(&app));
        refused(disable_totp(&ctx, DisableTotpInput { code }).await);
        let left = app.admin().graphql_with(factors, id).await;
        assert_eq!(
            left.data()["userFactors"],
            json!({ "totp": true, "securityKeys": 1, "recoveryCodesLeft": 10 })
        );
    }
}
