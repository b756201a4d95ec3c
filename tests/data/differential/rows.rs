//! The rows of the model, and how they get into a database and out of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use portico_entity::{members, orgs, user_roles, user_security_keys, users};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ActiveModelTrait, DatabaseConnection, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use uuid::Uuid;

use super::schema::Kind;
use super::value::pool;

/// A row by the names of its columns.
pub(super) type Row = BTreeMap<&'static str, Value>;

/// All rows of all tables.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Store(BTreeMap<&'static str, Vec<Row>>);

impl Store {
    pub(super) fn rows(&self, table: &str) -> &[Row] {
        &self.0[table]
    }

    /// The same with another row in place of the one with its key.
    pub(super) fn with(&self, table: &'static str, row: Row) -> Self {
        let mut changed = self.clone();
        let rows = changed.0.entry(table).or_default();
        for found in rows.iter_mut().filter(|found| found["id"] == row["id"]) {
            found.clone_from(&row);
        }
        changed
    }

    /// Rows in the order of their keys.
    pub(super) fn sorted(mut self) -> Self {
        for rows in self.0.values_mut() {
            rows.sort_by_key(|row| row["id"].to_string());
        }
        self
    }

    /// Reads everything as it is stored.
    pub(super) async fn read(connection: &DatabaseConnection) -> Self {
        let users = users::Entity::find().all(connection).await.unwrap();
        let members = members::Entity::find().all(connection).await.unwrap();
        let orgs = orgs::Entity::find().all(connection).await.unwrap();
        let roles = user_roles::Entity::find().all(connection).await.unwrap();
        let keys = user_security_keys::Entity::find().all(connection).await.unwrap();
        Self(BTreeMap::from([
            ("users", users.into_iter().map(user).collect()),
            ("members", members.into_iter().map(member).collect()),
            ("orgs", orgs.into_iter().map(org).collect()),
            ("authUserRoles", roles.into_iter().map(role).collect()),
            ("authUserSecurityKeys", keys.into_iter().map(key).collect()),
        ]))
    }
}

fn user(row: users::Model) -> Row {
    BTreeMap::from([
        ("id", json!(row.id)),
        ("displayName", json!(row.display_name)),
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

/// Users as they are stored, to undo what is written to them.
pub(super) async fn stored_users(connection: &DatabaseConnection) -> Vec<users::Model> {
    users::Entity::find().all(connection).await.unwrap()
}

/// Puts a user back.
pub(super) async fn restore(connection: &DatabaseConnection, user: &users::Model) {
    let mut row = user.clone().into_active_model().reset_all();
    // The database computes these.
    (row.active, row.deleted) = (NotSet, NotSet);
    row.update(connection).await.unwrap();
}

/// Takes values from the pools in an order that looks like none, the same each time.
struct Dice(u32);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % sides
    }

    fn value(&mut self, kind: Kind) -> Value {
        let pool = pool(kind);
        pool[self.roll(pool.len())].clone()
    }

    /// Null one time in three.
    fn perhaps(&mut self, kind: Kind) -> Option<Value> {
        (self.roll(3) > 0).then(|| self.value(kind))
    }

    fn text(&mut self, kind: Kind) -> Option<String> {
        Some(self.perhaps(kind)?.as_str()?.to_owned())
    }

    fn time(&mut self) -> Option<DateTime<Utc>> {
        self.text(Kind::Time)?.parse().ok()
    }

    fn number(&mut self, kind: Kind) -> i64 {
        self.value(kind).as_i64().unwrap()
    }

    fn yes(&mut self) -> bool {
        self.roll(2) > 0
    }
}

const USERS: usize = 14;
const ORGS: usize = 4;

/// Fills an empty, migrated database.
pub(super) async fn insert(connection: &DatabaseConnection) {
    let mut dice = Dice(7);
    for number in 0..USERS {
        let inviter = (number > 2 && dice.yes()).then(|| id(1, dice.roll(number)));
        let row = users::ActiveModel {
            id: Set(id(1, number)),
            display_name: Set(dice.text(Kind::Text).unwrap_or_default()),
            new_email: Set(dice.text(Kind::Citext)),
            metadata: Set(dice.value(Kind::Json)),
            imported_from: Set(dice.perhaps(Kind::Json)),
            attempt_number: Set(i32::try_from(dice.number(Kind::Int)).unwrap()),
            disabled: Set(dice.yes()),
            last_seen: Set(dice.time()),
            last_project_id: Set(dice.text(Kind::Uuid).map(|text| text.parse().unwrap())),
            gender: Set([None, Some("male"), Some("female")][dice.roll(3)].map(Into::into)),
            invited_by: Set(inviter),
            deleted_at: Set((number % 6 == 5).then(|| "2024-01-01T00:00:00Z".parse().unwrap())),
            ..Default::default()
        };
        row.insert(connection).await.unwrap();
    }
    for number in 0..ORGS {
        let row = orgs::ActiveModel {
            id: Set(id(2, number)),
            name: Set(dice.text(Kind::Text).unwrap_or_default()),
            slug: Set(dice.yes().then(|| format!("slug {number}"))),
            archived: Set(dice.yes()),
            ..Default::default()
        };
        row.insert(connection).await.unwrap();
    }
    insert_related(connection, &mut dice).await;
}

async fn insert_related(connection: &DatabaseConnection, dice: &mut Dice) {
    for number in 0..USERS * 2 {
        let (user, org) = (number % USERS, (number / USERS + number * 3) % ORGS);
        let row = members::ActiveModel {
            id: Set(id(3, number)),
            org_id: Set(id(2, org)),
            user_id: Set((dice.roll(4) > 0).then(|| id(1, user))),
            name: Set(dice.text(Kind::Text).unwrap_or_default()),
            invite_email: Set(dice.text(Kind::Text)),
            invite_date: Set(dice.time()),
            archived: Set(dice.yes()),
            ..Default::default()
        };
        // Nobody is a member of the same organisation twice.
        let _ = row.insert(connection).await;
    }
    for number in 0..USERS {
        for (kind, role) in [(4, "user"), (5, "me")] {
            if role == "user" || dice.yes() {
                let row = user_roles::ActiveModel {
                    id: Set(id(kind, number)),
                    user_id: Set(id(1, number)),
                    role: Set(role.into()),
                    ..Default::default()
                };
                row.insert(connection).await.unwrap();
            }
        }
        let bytes = [None, Some(vec![]), Some(vec![0]), Some(vec![0, 255])];
        let row = user_security_keys::ActiveModel {
            id: Set(id(7, number)),
            user_id: Set(id(1, dice.roll(USERS))),
            credential_id: Set(format!("credential {number}")),
            credential_public_key: Set(bytes[dice.roll(4)].clone()),
            counter: Set(dice.number(Kind::Bigint)),
            backed_up: Set(dice.yes()),
            ..Default::default()
        };
        row.insert(connection).await.unwrap();
    }
}
