//! Keys that Hasura Auth registered: public key in COSE form, counter and transports, and users named by text.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{ORIGIN, app_with, sign_in, sign_in_options};
use crate::support::app::TestApp;
use crate::support::authenticator::Authenticator;
use crate::support::caller::User;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_key_of_hasura_auth_signs_in_and_is_ours_from_then_on,
    a_key_that_cannot_be_read_is_refused,
);

async fn adopt(app: &TestApp, user: &User, key: &Authenticator, public_key: &[u8]) {
    use base64::Engine;
    let id = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&key.id);
    let hex: String = public_key.iter().map(|byte| format!("{byte:02x}")).collect();
    let query = "mutation ($key: authUserSecurityKeys_insert_input!) { insertAuthUserSecurityKey(object: $key) { id } }";
    let row = json!({
        "userId": user.id, "credentialId": id, "credentialPublicKey": format!("\\x{hex}"), "nickname": "old",
    });
    app.admin()
        .graphql_with(query, json!({ "key": row }))
        .await
        .data();
}

async fn a_key_of_hasura_auth_signs_in_and_is_ours_from_then_on(database: Arc<TestDatabase>) {
    let app = app_with(&database, &[("PORTICO_FACTOR_CHANGE_ENDS_SESSIONS", "false")]).await;
    let jane = app.user("jane").await;
    let mut old = Authenticator::new(ORIGIN);
    (old.counter, old.backup_eligible, old.backed_up) = (41, true, true);
    old.user = Some(jane.id.to_string().into_bytes());
    adopt(&app, &jane, &old, &old.cose_key()).await;
    let copy = old.clone();
    for email in [None, Some(jane.email.as_str())] {
        let asked = sign_in_options(&app.public(), email).await;
        let answer = sign_in(&app.public(), &old.get(&asked)).await;
        let user = answer.value("/verifySignInWebauthn/session/user/id");
        assert_eq!(user, &json!(jane.id));
    }
    let query = "{ authUserSecurityKeys { counter backedUp nickname } }";
    let row = jane.graphql(query).await;
    assert_eq!(
        row.data()["authUserSecurityKeys"],
        json!([{ "counter": 43, "backedUp": true, "nickname": "old" }])
    );
    // What was believed the first time is held against it from then on.
    let mut changed = old.clone();
    (changed.backup_eligible, changed.backed_up) = (false, false);
    let mut nameless = old.clone();
    nameless.user = Some(b"no such user".to_vec());
    for mut other in [copy, changed, nameless] {
        let asked = sign_in_options(&app.public(), None).await;
        let answer = sign_in(&app.public(), &other.get(&asked)).await;
        assert_eq!(answer.error_code(), "invalid-passkey");
    }
}

async fn a_key_that_cannot_be_read_is_refused(database: Arc<TestDatabase>) {
    let app = app_with(&database, &[]).await;
    let jane = app.user("jane").await;
    let good = Authenticator::new(ORIGIN).cose_key();
    let mut deep = vec![0x81; 5_000];
    deep.push(0);
    let keys: [&[u8]; 5] = [&[], &good[..40], &[0xa0], &[0xff; 70], &deep];
    for public_key in keys {
        let mut old = Authenticator::new(ORIGIN);
        old.user = Some(jane.id.to_string().into_bytes());
        adopt(&app, &jane, &old, public_key).await;
        let asked: Value = sign_in_options(&app.public(), None).await;
        let answer = sign_in(&app.public(), &old.get(&asked)).await;
        assert_eq!(answer.error_code(), "invalid-passkey");
    }
}
