//! What a data mutation and an operation both do leads to the same sessions, remembered tokens and audit.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::{Value, json};

use super::consequences::is_signed_in;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    an_account_is_kept_out_and_let_in_alike,
    sessions_end_alike,
    a_passkey_gets_a_name_alike,
);

/// By data, and by the operation.
type Pair = [&'static str; 2];

const OUT_AND_BACK: [[Pair; 2]; 2] = [
    [
        [
            "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { disabled: true }) { id } }",
            "mutation ($id: uuid!) { disableUser(id: $id) }",
        ],
        [
            "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { disabled: false }) { id } }",
            "mutation ($id: uuid!) { enableUser(id: $id) }",
        ],
    ],
    [
        [
            "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { isLocked: true }) { id } }",
            "mutation ($id: uuid!) { lockUser(id: $id) }",
        ],
        [
            "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { isLocked: false }) { id } }",
            "mutation ($id: uuid!) { unlockUser(id: $id) }",
        ],
    ],
];

/// What holds of a user after a write, and what was told of it.
#[derive(Debug, PartialEq)]
struct After {
    signed_in: bool,
    /// The code of the refusal, if the session is refreshed or a new one is asked for.
    refresh: Option<String>,
    sign_in: Option<String>,
    account: Value,
    /// Outcome, role and who did it, once each.
    audit: Vec<Value>,
    /// Whether other nodes are told to forget tokens.
    noticed: bool,
}

struct Scene {
    app: TestApp,
    connection: DatabaseConnection,
}

impl Scene {
    async fn new(database: &Arc<TestDatabase>) -> Self {
        // A passkey may come to whoever is signed in.
        Self {
            app: TestApp::with(database, &[("PORTICO_FACTOR_CHANGE_ENDS_SESSIONS", "false")]).await,
            connection: database.connect().await,
        }
    }

    async fn notices(&self) -> i64 {
        let sql = "SELECT count(*) FROM change_notices";
        let statement = Statement::from_string(self.connection.get_database_backend(), sql);
        let row = self.connection.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    async fn audit(&self, user: &User) -> Vec<Value> {
        let query = "query ($id: uuid!) { auditEvents(where: { userId: { _eq: $id }, action: { _nlike: \"sign%\" } }) { id outcome actorRole actorId } }";
        let answer = self
            .app
            .admin()
            .graphql_with(query, json!({ "id": user.id }))
            .await;
        answer.value("/auditEvents").as_array().unwrap().clone()
    }

    /// Writes as somebody, and looks what became of a user.
    async fn after(&self, caller: &Caller, query: &str, variables: Value, user: &User) -> After {
        let (audit, notices) = (self.audit(user).await, self.notices().await);
        caller.graphql_with(query, variables).await.data();
        let noticed = self.notices().await > notices;
        let mut told: Vec<Value> = self
            .audit(user)
            .await
            .into_iter()
            .filter(|event| !audit.contains(event))
            .map(|mut event| {
                event.as_object_mut().unwrap().remove("id");
                event
            })
            .collect();
        told.dedup();
        let public = self.app.public();
        let state = "query ($id: uuid!) { user(id: $id) { disabled isLocked active lockedUntil attemptNumber deleted securityKeys { nickname } } }";
        After {
            signed_in: is_signed_in(user).await,
            refresh: code(&public.refresh(&user.session.refresh_token).await),
            sign_in: code(&public.sign_in(&user.email, &user.password).await),
            account: self
                .app
                .admin()
                .graphql_with(state, json!({ "id": user.id }))
                .await
                .data()["user"]
                .clone(),
            audit: told,
            noticed,
        }
    }
}

fn code(answer: &crate::support::answer::Answer) -> Option<String> {
    let code = answer.body.pointer("/errors/0/extensions/code")?;
    code.as_str().map(str::to_owned)
}

async fn an_account_is_kept_out_and_let_in_alike(database: Arc<TestDatabase>) {
    let scene = Scene::new(&database).await;
    for (number, [out, back]) in OUT_AND_BACK.into_iter().enumerate() {
        let (ada, bob) = (
            scene.app.user(&format!("ada{number}")).await,
            scene.app.user(&format!("bob{number}")).await,
        );
        for (pair, kept_out) in [(out, true), (back, false)] {
            let mut seen = Vec::new();
            for (query, user) in pair.into_iter().zip([&ada, &bob]) {
                let variables = json!({ "id": user.id });
                seen.push(scene.after(&scene.app.admin(), query, variables, user).await);
            }
            assert_eq!(seen[0], seen[1], "{pair:?}");
            assert!(!seen[0].signed_in, "what ended stays so: {seen:?}");
            assert_eq!(seen[0].sign_in.is_some(), kept_out, "{seen:?}");
            assert!(seen[0].noticed && seen[0].audit.len() == 1, "{seen:?}");
        }
    }
}

async fn sessions_end_alike(database: Arc<TestDatabase>) {
    let scene = Scene::new(&database).await;
    let pair = [
        "mutation ($id: uuid!) { updateAuthRefreshTokens(where: { userId: { _eq: $id }, type: { _eq: \"regular\" }, revokedAt: { _is_null: true } }, _set: { revokedAt: \"2026-03-01T09:00:00Z\" }) { affected_rows } }",
        "mutation ($id: uuid!) { endSessions(id: $id) }",
    ];
    let mut seen = Vec::new();
    for (query, name) in pair.into_iter().zip(["ada", "bob"]) {
        let user = scene.app.user(name).await;
        let elsewhere = user.sign_in_again().await;
        let variables = json!({ "id": user.id });
        seen.push(scene.after(&scene.app.admin(), query, variables, &user).await);
        assert!(!is_signed_in(&elsewhere).await, "{query}");
    }
    assert_eq!(seen[0], seen[1]);
    assert!(!seen[0].signed_in && seen[0].noticed && seen[0].sign_in.is_none());
}

async fn a_passkey_gets_a_name_alike(database: Arc<TestDatabase>) {
    let scene = Scene::new(&database).await;
    let pair = [
        "mutation ($id: uuid!) { updateAuthUserSecurityKey(pk_columns: { id: $id }, _set: { nickname: \"blue\" }) { id } }",
        "mutation ($id: uuid!) { renameSecurityKey(id: $id, nickname: \"blue\") }",
    ];
    let insert = "mutation ($key: authUserSecurityKeys_insert_input!) { insertAuthUserSecurityKey(object: $key) { id } }";
    let mut seen = Vec::new();
    for (query, name) in pair.into_iter().zip(["ada", "bob"]) {
        let user = scene.app.user(name).await;
        let key = json!({ "userId": user.id, "credentialId": name, "credentialPublicKey": "\\x01" });
        let answer = scene
            .app
            .admin()
            .graphql_with(insert, json!({ "key": key }))
            .await;
        let id = answer.data()["insertAuthUserSecurityKey"]["id"].clone();
        let caller = match query.contains("renameSecurityKey") {
            true => (*user).clone(),
            false => scene.app.admin(),
        };
        let mut after = scene.after(&caller, query, json!({ "id": id }), &user).await;
        // Only the owner has the operation, and only an administrator the mutation.
        for event in &mut after.audit {
            assert_eq!(event["outcome"], "success");
            *event = json!("told");
        }
        seen.push(after);
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].signed_in && !seen[0].noticed && seen[0].audit == [json!("told")]);
}
