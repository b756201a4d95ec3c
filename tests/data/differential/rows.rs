//! The rows of the model, and how they get into a database and out of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use portico_entity::{members, orgs, user_roles, user_security_keys, users};
use sea_orm::ActiveValue::NotSet;
use sea_orm::{
    ActiveModelTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, IntoActiveModel, ModelTrait,
    TransactionTrait,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A row by the names of its columns.
pub(super) type Row = BTreeMap<&'static str, Value>;

/// All rows of all tables.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Store(pub(super) BTreeMap<&'static str, Vec<Row>>);

impl Store {
    pub(super) fn rows(&self, table: &str) -> &[Row] {
        &self.0[table]
    }
}

/// Everything as it is stored.
pub(super) struct Snapshot {
    users: Vec<users::Model>,
    members: Vec<members::Model>,
    orgs: Vec<orgs::Model>,
    roles: Vec<user_roles::Model>,
    keys: Vec<user_security_keys::Model>,
}

impl Snapshot {
    pub(super) async fn read(connection: &DatabaseConnection) -> Self {
        Self {
            users: users::Entity::find().all(connection).await.unwrap(),
            members: members::Entity::find().all(connection).await.unwrap(),
            orgs: orgs::Entity::find().all(connection).await.unwrap(),
            roles: user_roles::Entity::find().all(connection).await.unwrap(),
            keys: user_security_keys::Entity::find().all(connection).await.unwrap(),
        }
    }

    /// As the model has it.
    pub(super) fn store(&self) -> Store {
        Store(BTreeMap::from([
            ("users", self.users.iter().cloned().map(user).collect()),
            ("members", self.members.iter().cloned().map(member).collect()),
            ("orgs", self.orgs.iter().cloned().map(org).collect()),
            ("authUserRoles", self.roles.iter().cloned().map(role).collect()),
            (
                "authUserSecurityKeys",
                self.keys.iter().cloned().map(key).collect(),
            ),
        ]))
    }

    /// Makes the database what it was.
    pub(super) async fn restore(&self, connection: &DatabaseConnection) {
        let transaction = connection.begin().await.unwrap();
        orgs::Entity::delete_many().exec(&transaction).await.unwrap();
        users::Entity::delete_many().exec(&transaction).await.unwrap();
        let users = self.users.iter().map(|row| {
            let mut row = row.clone().into_active_model().reset_all();
            // The database computes these.
            (row.active, row.deleted) = (NotSet, NotSet);
            row
        });
        users::Entity::insert_many(users)
            .exec(&transaction)
            .await
            .unwrap();
        put(&self.orgs, &transaction).await;
        put(&self.members, &transaction).await;
        put(&self.roles, &transaction).await;
        put(&self.keys, &transaction).await;
        transaction.commit().await.unwrap();
    }
}

async fn put<M, A>(rows: &[M], connection: &DatabaseTransaction)
where
    M: ModelTrait + IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = M::Entity> + Send + Sync,
{
    let rows = rows.iter().map(|row| row.clone().into_active_model().reset_all());
    M::Entity::insert_many(rows)
        .exec_without_returning(connection)
        .await
        .unwrap();
}

fn user(row: users::Model) -> Row {
    BTreeMap::from([
        ("id", json!(row.id)),
        ("displayName", json!(row.display_name)),
        ("username", json!(row.username)),
        ("newEmail", json!(row.new_email)),
        ("metadata", row.metadata),
        ("importedFrom", json!(row.imported_from)),
        ("attemptNumber", json!(row.attempt_number)),
        ("disabled", json!(row.disabled)),
        ("lastSeen", time(row.last_seen)),
        ("lastProjectId", json!(row.last_project_id)),
        ("gender", json!(row.gender)),
        ("invitedBy", json!(row.invited_by)),
        ("deletedAt", time(row.deleted_at)),
    ])
}

fn member(row: members::Model) -> Row {
    BTreeMap::from([
        ("id", json!(row.id)),
        ("orgId", json!(row.org_id)),
        ("userId", json!(row.user_id)),
        ("name", json!(row.name)),
        ("inviteEmail", json!(row.invite_email)),
        ("inviteDate", time(row.invite_date)),
        ("archived", json!(row.archived)),
    ])
}

fn org(row: orgs::Model) -> Row {
    BTreeMap::from([
        ("id", json!(row.id)),
        ("name", json!(row.name)),
        ("slug", json!(row.slug)),
        ("archived", json!(row.archived)),
    ])
}

fn role(row: user_roles::Model) -> Row {
    BTreeMap::from([
        ("id", json!(row.id)),
        ("userId", json!(row.user_id)),
        ("role", json!(row.role)),
    ])
}

fn key(row: user_security_keys::Model) -> Row {
    let hex = |bytes: Vec<u8>| {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("\\x{digits}")
    };
    BTreeMap::from([
        ("id", json!(row.id)),
        ("userId", json!(row.user_id)),
        ("credentialId", json!(row.credential_id)),
        ("counter", json!(row.counter)),
        ("credentialPublicKey", json!(row.credential_public_key.map(hex))),
        ("backedUp", json!(row.backed_up)),
    ])
}

/// As it goes over the wire: no zeros at the end of a fraction.
fn time(time: Option<DateTime<Utc>>) -> Value {
    let Some(time) = time else {
        return Value::Null;
    };
    let text = time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let text = text.trim_end_matches('0').trim_end_matches('.');
    json!(format!("{text}+00:00"))
}

pub(super) fn id(kind: u128, number: usize) -> Uuid {
    Uuid::from_u128((kind << 124) | (number as u128 + 1))
}
