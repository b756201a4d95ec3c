//! Factors that go by data mutations are followed by what follows where they go by operations.

use std::sync::Arc;

use chrono::TimeDelta;
use portico_entity::outbox::{Column, Entity};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

use super::SETTINGS;
use super::account::{Account, Kind, grant};
use crate::operation::consequences::is_signed_in;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::mail;

on_both_databases!(
    factors_go_alike,
    sessions_stay_where_the_operator_wants_that,
    what_stays_is_followed_by_nothing,
    whoever_asks_stays_signed_in,
    a_factor_that_comes_is_told_but_not_with_its_user,
);

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Admin,
    Owner,
}

/// The factors before, and ways to take them, which have the user and one of the passkeys as variables.
const WAYS: [(Kind, &[(Who, &str)]); 3] = [
    (
        Kind::Totp,
        &[
            (
                Who::Admin,
                "updateUser(pk_columns: { id: $id }, _set: { activeMfaType: null }) { id }",
            ),
            (
                Who::Admin,
                "updateUsers(where: { id: { _eq: $id } }, _set: { activeMfaType: null }) { affected_rows }",
            ),
            (
                Who::Admin,
                "update_users_many(updates: [{ where: { id: { _eq: $id } }, _set: { activeMfaType: null } }]) { affected_rows }",
            ),
            (
                Who::Admin,
                "insertUser(object: { id: $id, activeMfaType: null }, on_conflict: { constraint: users_pkey, update_columns: [activeMfaType] }) { id }",
            ),
            (Who::Admin, "resetFactors(id: $id)"),
            (Who::Owner, "disableTotp"),
        ],
    ),
    (
        Kind::Passkey,
        &[
            (
                Who::Admin,
                "deleteAuthUserSecurityKeys(where: { userId: { _eq: $id } }) { affected_rows }",
            ),
            (Who::Admin, "resetFactors(id: $id)"),
        ],
    ),
    (
        Kind::Both,
        &[
            (Who::Admin, "deleteAuthUserSecurityKey(id: $key) { nickname }"),
            (Who::Owner, "removeSecurityKey(id: $key)"),
        ],
    ),
];

/// What holds of a user afterwards.
#[derive(Debug, PartialEq)]
struct After {
    signed_in: bool,
    factors: Value,
    /// How often the user was told.
    told: u64,
    /// What the audit says, but for who did what.
    audit: Vec<Value>,
}

struct Scene {
    app: TestApp,
    connection: DatabaseConnection,
}

impl Scene {
    async fn new(database: &Arc<TestDatabase>, more: &[(&str, &str)]) -> Self {
        Self {
            app: TestApp::with(database, &[SETTINGS.as_slice(), more].concat()).await,
            connection: database.connect().await,
        }
    }

    /// How often a user was told of a change of the factors.
    async fn told(&self, account: &Account) -> u64 {
        Entity::find()
            .filter(Column::Recipient.eq(account.user.email.as_str()))
            .filter(Column::Template.eq("factors-changed"))
            .count(&self.connection)
            .await
            .unwrap()
    }

    async fn all_told(&self) -> u64 {
        Entity::find()
            .filter(Column::Template.eq("factors-changed"))
            .count(&self.connection)
            .await
            .unwrap()
    }

    async fn audit(&self, account: &Account) -> Vec<Value> {
        let query = "query ($id: uuid!) { auditEvents(where: { userId: { _eq: $id } }) { id outcome } }";
        let variables = json!({ "id": account.user.id });
        let answer = self.app.admin().graphql_with(query, variables).await;
        answer.value("/auditEvents").as_array().unwrap().clone()
    }

    async fn keys(&self, account: &Account) -> Value {
        let query = "query ($id: uuid!) { authUserSecurityKeys(where: { userId: { _eq: $id } }) { id } }";
        let variables = json!({ "id": account.user.id });
        let answer = self.app.admin().graphql_with(query, variables).await;
        answer.values("id").into()
    }

    async fn after(&self, account: &mut Account, who: Who, field: &str) -> After {
        let caller = match who {
            Who::Admin => self.app.admin(),
            Who::Owner => account.proved(&self.app).await,
        };
        assert!(is_signed_in(&account.user).await);
        let (told, audit) = (self.told(account).await, self.audit(account).await);
        let key = self.keys(account).await[0].clone();
        let (declared, variables) = match field.contains("$key") {
            true => ("($key: uuid!)", json!({ "key": key })),
            false if field.contains("$id") => ("($id: uuid!)", json!({ "id": account.user.id })),
            false => ("", json!({})),
        };
        let query = format!("mutation {declared} {{ {field} }}");
        caller.graphql_with(&query, variables).await.data();
        let factors = "query ($id: uuid!) { userFactors(id: $id) { totp securityKeys recoveryCodesLeft } }";
        let seen = self
            .app
            .admin()
            .graphql_with(factors, json!({ "id": account.user.id }))
            .await;
        let new = self.audit(account).await.into_iter();
        let mut audit: Vec<Value> = new
            .filter(|event| !audit.contains(event))
            .map(|event| event["outcome"].clone())
            .collect();
        audit.dedup();
        After {
            signed_in: is_signed_in(&account.user).await,
            factors: seen.data()["userFactors"].clone(),
            told: self.told(account).await - told,
            audit,
        }
    }
}

async fn factors_go_alike(database: Arc<TestDatabase>) {
    let scene = Scene::new(&database, &[]).await;
    for (kind, ways) in WAYS {
        let mut first: Option<After> = None;
        for (number, (who, field)) in ways.iter().enumerate() {
            scene.app.clock.advance(1);
            let mut account = Account::called(&scene.app, &format!("{kind:?}{number}"), kind).await;
            let after = scene.after(&mut account, *who, field).await;
            assert!(!after.signed_in && after.told == 1, "{field}: {after:?}");
            assert_eq!(after.audit, [json!("success")], "{field}");
            let told = mail(&scene.app, &account.user.email).await;
            let text = told["text"].as_str().unwrap();
            assert!(text.contains(&account.user.email), "{told}");
            match &first {
                Some(first) => assert_eq!(&after, first, "{field}"),
                None => first = Some(after),
            }
        }
        let left = first.unwrap().factors;
        let expected = match kind {
            Kind::Both => json!({ "totp": true, "securityKeys": 1, "recoveryCodesLeft": 10 }),
            _ => json!({ "totp": false, "securityKeys": 0, "recoveryCodesLeft": 0 }),
        };
        assert_eq!(left, expected, "{kind:?}");
    }
}

async fn sessions_stay_where_the_operator_wants_that(database: Arc<TestDatabase>) {
    let scene = Scene::new(&database, &[("PORTICO_FACTOR_CHANGE_ENDS_SESSIONS", "false")]).await;
    for (number, (who, field)) in WAYS[0].1.iter().enumerate() {
        let mut account = Account::called(&scene.app, &format!("ada{number}"), Kind::Totp).await;
        let after = scene.after(&mut account, *who, field).await;
        assert!(after.signed_in && after.told == 1, "{field}: {after:?}");
        assert_eq!(after.factors["totp"], false, "{field}");
    }
}

async fn what_stays_is_followed_by_nothing(database: Arc<TestDatabase>) {
    let scene = Scene::new(&database, &[]).await;
    for (kind, value) in [(Kind::Nothing, "null"), (Kind::Totp, "\"totp\"")] {
        let account = Account::called(&scene.app, &format!("{kind:?}"), kind).await;
        let told = scene.told(&account).await;
        for (_, field) in WAYS[0].1.iter().take(4) {
            let field = field.replace("null", value);
            let query = format!("mutation ($id: uuid!) {{ {field} }}");
            let id = json!({ "id": account.user.id });
            scene.app.admin().graphql_with(&query, id).await.data();
            assert!(is_signed_in(&account.user).await, "{query}");
        }
        assert_eq!(scene.told(&account).await, told, "{kind:?}");
    }
}

async fn whoever_asks_stays_signed_in(database: Arc<TestDatabase>) {
    let scene = Scene::new(&database, &[]).await;
    let mut account = Account::called(&scene.app, "ada", Kind::Both).await;
    grant(&scene.app, &account.user, "admin", TimeDelta::zero()).await;
    let caller = account.proved(&scene.app).await.with("x-hasura-role", "admin");
    let other = Account::called(&scene.app, "bob", Kind::Passkey).await;
    let query = "mutation ($id: uuid!) { deleteAuthUserSecurityKeys(where: { userId: { _eq: $id } }) { affected_rows } }";
    for user in [&other.user, &account.user] {
        let answer = caller.graphql_with(query, json!({ "id": user.id })).await;
        assert_eq!(answer.value("/deleteAuthUserSecurityKeys/affected_rows"), 2);
        assert!(!is_signed_in(user).await);
        caller.graphql("{ users { id } }").await.data();
    }
}

async fn a_factor_that_comes_is_told_but_not_with_its_user(database: Arc<TestDatabase>) {
    let scene = Scene::new(&database, &[]).await;
    let account = Account::called(&scene.app, "ada", Kind::Nothing).await;
    let insert = "mutation ($key: authUserSecurityKeys_insert_input!) { insertAuthUserSecurityKey(object: $key) { id } }";
    let key = json!({ "userId": account.user.id, "credentialId": "a", "credentialPublicKey": "\\x01" });
    scene
        .app
        .admin()
        .graphql_with(insert, json!({ "key": key }))
        .await
        .data();
    assert!(!is_signed_in(&account.user).await);
    assert_eq!(scene.told(&account).await, 1);
    // It goes to somebody else: both have other factors than before.
    let (from, to) = (
        Account::called(&scene.app, "from", Kind::Passkey).await,
        Account::called(&scene.app, "to", Kind::Nothing).await,
    );
    let told = [scene.told(&from).await, scene.told(&to).await];
    let keys = scene.keys(&from).await;
    let row = json!({ "id": keys[0], "userId": to.user.id, "credentialId": "c" });
    let upsert = "mutation ($row: authUserSecurityKeys_insert_input!, $where: authUserSecurityKeys_bool_exp) { insertAuthUserSecurityKeys(objects: [$row], on_conflict: { constraint: user_security_keys_pkey, update_columns: [userId], where: $where }) { affected_rows } }";
    let nobody = json!({ "row": row, "where": { "nickname": { "_eq": "of nobody" } } });
    let update = "mutation ($from: uuid!, $to: uuid!) { updateAuthUserSecurityKeys(where: { userId: { _eq: $from } }, _set: { userId: $to }) { affected_rows } }";
    let gives = [
        (upsert, nobody, 0),
        (upsert, json!({ "row": row }), 1),
        (update, json!({ "from": from.user.id, "to": to.user.id }), 2),
    ];
    for (query, variables, times) in gives {
        scene.app.admin().graphql_with(query, variables).await.data();
        for (account, told) in [&from, &to].into_iter().zip(told) {
            assert_eq!(is_signed_in(&account.user).await, times == 0);
            assert_eq!(scene.told(account).await, told + times, "{query}");
        }
    }
    let before = scene.all_told().await;
    let import = "mutation { insertUser(object: { email: \"grace@example.org\", securityKeys: { data: [{ credentialId: \"b\", credentialPublicKey: \"\\\\x02\" }] } }) { id } }";
    scene.app.admin().graphql(import).await.data();
    assert_eq!(scene.all_told().await, before);
}
