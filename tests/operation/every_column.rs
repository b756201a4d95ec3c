//! Every column that tells who a user is: what its declaration says follows a write by a data mutation, no more
//! and no less. A new column is covered by being declared.

use std::sync::Arc;

use portico_entity::catalogue::{Cardinality, Column, Consequence, Relation, Scalar, Table, catalogue};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::{Value, json};
use uuid::Uuid;

use super::consequences::is_signed_in;
use crate::support::app::TestApp;
use crate::support::caller::User;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(each_column_is_followed_by_what_it_declares);

/// Tables whose rows are remembered with the tokens of a user who was there before them: a row that comes or
/// goes is told.
const TOLD_WHEN_ADDED: [&str; 2] = ["user_roles", "user_security_keys"];
const TOLD_WHEN_REMOVED: [&str; 3] = ["users", "user_roles", "refresh_tokens"];
/// Whatever changes in a row is told: it hardly ever does.
const TOLD_ALWAYS: &str = "user_roles";
/// Sessions end.
const ENDING: [Consequence; 3] = [
    Consequence::EndSessions,
    Consequence::Factors,
    Consequence::Address,
];
/// The number of a row that is to go.
const LEAVING: usize = 99;

async fn each_column_is_followed_by_what_it_declares(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_SIGN_UPS", "1000")]).await;
    let scene = Scene {
        connection: database.connect().await,
        other: app.user("other").await,
        app,
    };
    let roles: Vec<Value> = (0..=LEAVING)
        .map(|number| json!({ "role": format!("role{number}") }))
        .collect();
    let make = "mutation ($roles: [authRoles_insert_input!]!) { insertAuthRoles(objects: $roles) { affected_rows } }";
    scene
        .app
        .admin()
        .graphql_with(make, json!({ "roles": roles }))
        .await
        .data();
    let declared = |table: &&Table| table.columns.iter().any(|column| column.consequences.is_some());
    for table in catalogue().tables.iter().filter(declared) {
        scene.try_table(table).await;
    }
}

struct Scene {
    app: TestApp,
    connection: DatabaseConnection,
    other: User,
}

/// What has been told so far.
struct Told {
    audit: Vec<Value>,
    notices: i64,
}

impl Scene {
    async fn try_table(&self, table: &'static Table) {
        let mut user = self.app.user(&format!("{}0", table.sql)).await;
        for (number, column) in writable(table).enumerate() {
            let row = self.row(table, &user, number).await;
            if !is_signed_in(&user).await {
                user = user.sign_in_again().await;
            }
            self.try_column(table, column, &user, &row, number).await;
            self.try_removal(table, &user, number).await;
            if !is_signed_in(&user).await {
                user = self.app.user(&format!("{}{}", table.sql, number + 1)).await;
            }
        }
    }

    async fn try_column(
        &self,
        table: &'static Table,
        column: &Column,
        user: &User,
        row: &Value,
        number: usize,
    ) {
        let what = format!("{}.{}", table.sql, column.sql);
        let before = self.told().await;
        let value = self.other_value(table, column, number);
        let set = json!({ "key": row, "set": { &column.name: value } });
        let answer = self.app.admin().graphql_with(&update(table), set).await;
        assert!(!answer.value("/written").is_null(), "{what}: {}", answer.text);
        let follows = |consequence| column.is_followed_by(consequence);
        assert_eq!(
            is_signed_in(user).await,
            !ENDING.into_iter().any(follows),
            "{what}: sessions"
        );
        let after = self.told().await;
        assert_eq!(
            after.notices > before.notices,
            follows(Consequence::ForgetTokens) || ENDING.into_iter().any(follows) || table.sql == TOLD_ALWAYS,
            "{what}: remembered tokens"
        );
        let expected = follows(Consequence::Audit).then(|| {
            json!({
                "action": format!("update{}", capital(table.singular)), "outcome": "success", "actorRole": "admin",
                "details": { "table": table.type_name, "key": "<key>", "columns": [&column.name] },
            })
        });
        assert_eq!(after.since(&before), Vec::from_iter(expected), "{what}: audit");
    }

    /// A row that comes, and goes again.
    async fn try_removal(&self, table: &'static Table, user: &User, number: usize) {
        if number > 0 || table.sql == "users" {
            return;
        }
        let audited = table
            .columns
            .iter()
            .any(|column| column.is_followed_by(Consequence::Audit));
        let before = self.told().await;
        let row = self.row(table, user, LEAVING).await;
        let between = self.told().await;
        let delete = format!(
            "mutation ($key: {}!) {{ written: delete{}({}: $key) {{ __typename }} }}",
            key(table).scalar.graphql(),
            capital(table.singular),
            key(table).name
        );
        let answer = self
            .app
            .admin()
            .graphql_with(&delete, json!({ "key": row }))
            .await;
        assert!(!answer.value("/written").is_null(), "{}", answer.text);
        let after = self.told().await;
        for (told, from, to, names) in [
            ("added", &before, &between, &TOLD_WHEN_ADDED[..]),
            ("removed", &between, &after, &TOLD_WHEN_REMOVED[..]),
        ] {
            assert_eq!(
                to.notices > from.notices,
                names.contains(&table.sql),
                "{} {told}: remembered tokens",
                table.sql
            );
            assert_eq!(
                to.since(from).len(),
                usize::from(audited),
                "{} {told}: audit",
                table.sql
            );
        }
    }

    /// The key of a row of this table that belongs to the user.
    async fn row(&self, table: &'static Table, user: &User, number: usize) -> Value {
        let id = user.id;
        let object = match table.sql {
            "users" => return json!(id),
            // Nobody may hold one that goes.
            "roles" => {
                let holders = if number == LEAVING {
                    json!([])
                } else {
                    json!([{ "userId": id }])
                };
                json!({ "role": format!("new {number}"), "userRoles": { "data": holders } })
            }
            "user_roles" => json!({ "userId": id, "role": format!("role{number}") }),
            "refresh_tokens" => json!({ "userId": id, "expiresAt": "2099-01-01" }),
            "user_providers" => {
                json!({ "userId": id, "providerId": "github", "providerUserId": format!("{id} {number}") })
            }
            "user_security_keys" => json!({ "userId": id, "credentialId": format!("{id} {number}") }),
            sql => panic!("say how a row of {sql} is made"),
        };
        let insert = format!(
            "mutation ($object: {}_insert_input!) {{ written: insert{}(object: $object) {{ key: {} }} }}",
            table.type_name,
            capital(table.singular),
            key(table).name
        );
        let answer = self
            .app
            .admin()
            .graphql_with(&insert, json!({ "object": object }))
            .await;
        answer.value("/written/key").clone()
    }

    async fn told(&self) -> Told {
        let query = "{ auditEvents(where: { action: { _nlike: \"sign%\" } }) { id action outcome actorRole details } }";
        let answer = self.app.admin().graphql(query).await;
        let sql = "SELECT count(*) FROM change_notices";
        let statement = Statement::from_string(self.connection.get_database_backend(), sql);
        let row = self.connection.query_one_raw(statement).await.unwrap().unwrap();
        Told {
            audit: answer.value("/auditEvents").as_array().unwrap().clone(),
            notices: row.try_get_by_index(0).unwrap(),
        }
    }

    /// A value that a column can have and this row's has not.
    fn other_value(&self, table: &Table, column: &Column, number: usize) -> Value {
        let refers = |relation: &&Relation| {
            relation.from == column.sql && relation.cardinality == Cardinality::Object && !relation.referring
        };
        let target = table
            .relations
            .iter()
            .find(refers)
            .map(|relation| relation.target);
        match (column.name.as_str(), column.scalar) {
            ("defaultRole", _) => json!("me"),
            ("role", _) if target.is_some() => json!("anonymous"),
            ("providerId", _) => json!("gitlab"),
            ("type", _) => json!("pat"),
            ("activeMfaType", _) => json!("totp"),
            ("gender", _) => json!("other"),
            ("locale", _) => json!("fr"),
            _ if target == Some("users") => json!(self.other.id),
            _ if target.is_some() => Value::Null,
            (_, Scalar::Uuid) => json!(Uuid::from_u128(number as u128 + 1)),
            (_, Scalar::Boolean) => json!(true),
            (_, Scalar::Int | Scalar::Bigint) => json!(7),
            (_, Scalar::Timestamptz) => json!("2026-01-01T00:00:00+00:00"),
            (_, Scalar::Jsonb) => json!({ "a": 1 }),
            (_, Scalar::Bytea) => json!("\\x01"),
            (_, Scalar::Citext) => json!(format!("{number}@example.net")),
            _ => json!(format!("other {number}")),
        }
    }
}

impl Told {
    /// What the audit was told after that, without the keys of rows.
    fn since(&self, before: &Self) -> Vec<Value> {
        let new = self.audit.iter().filter(|event| !before.audit.contains(event));
        let without_key = |event: &Value| {
            let mut event = event.clone();
            event.as_object_mut().unwrap().remove("id");
            event["details"]["key"] = json!("<key>");
            event
        };
        new.map(without_key).collect()
    }
}

fn writable(table: &'static Table) -> impl Iterator<Item = &'static Column> {
    table
        .columns
        .iter()
        .filter(|column| !column.secret && column.is_input())
}

fn key(table: &Table) -> &Column {
    table.column_by_sql(table.key[0]).unwrap()
}

fn update(table: &Table) -> String {
    let (name, key) = (table.type_name, key(table));
    format!(
        "mutation ($key: {}!, $set: {name}_set_input!) {{ \
         written: update{}(pk_columns: {{ {}: $key }}, _set: $set) {{ __typename }} }}",
        key.scalar.graphql(),
        capital(table.singular),
        key.name
    )
}

fn capital(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}
