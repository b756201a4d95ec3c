//! The rows that are there when a test begins.

use chrono::{DateTime, Utc};
use portico_entity::{members, orgs, user_roles, user_security_keys, users};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, DatabaseConnection};
use serde_json::Value;

use super::rows::id;
use super::schema::Kind;
use super::value::pool;

/// What stands in every secret column: no answer ever has it.
pub(super) const SECRET: &str = "nobody-reads-this";

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
            username: Set([Some("A@X.ORG"), None, None, Some("b@y.org")][number % 4]
                .filter(|_| number < 4)
                .map(Into::into)),
            ticket: Set(Some(SECRET.into())),
            otp_hash: Set(Some(SECRET.into())),
            totp_secret: Set(Some(SECRET.into())),
            webauthn_current_challenge: Set(Some(SECRET.into())),
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
            passkey: Set(Some(SECRET.into())),
            ..Default::default()
        };
        row.insert(connection).await.unwrap();
    }
}
