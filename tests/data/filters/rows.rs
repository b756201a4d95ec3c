//! Rows with unusual values and with nulls.

use chrono::{DateTime, Utc};
use portico_entity::{refresh_tokens, user_security_keys, users};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, DatabaseConnection};
use serde_json::{Value, json};
use uuid::Uuid;

/// What differs between the users: name, display name, email, metadata, what they were imported from, last
/// project, last seen, attempts, gender.
type Person = (
    &'static str,
    &'static str,
    Option<&'static str>,
    Value,
    Option<Value>,
    Option<&'static str>,
    Option<&'static str>,
    i32,
    Option<&'static str>,
);

fn people() -> [Person; 7] {
    let low = "00000000-0000-0000-0000-000000000001";
    let middle = "abcdef00-0000-4000-8000-00000000000a";
    let high = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    [
        (
            "a",
            "Alpha",
            Some("Ann@Example.org"),
            json!({}),
            None,
            None,
            None,
            0,
            None,
        ),
        (
            "b",
            "alpha\nbeta",
            Some("bob@example.org"),
            json!([]),
            Some(json!({ "system": "old", "n": 1, "list": [1, [2], { "x": null }] })),
            Some(low),
            Some("2024-01-01T00:00:00Z"),
            1,
            Some("female"),
        ),
        (
            "c",
            "100%_done\\",
            None,
            json!([1, 2, "x"]),
            Some(json!({ "a": { "b": [1, { "c": true }] }, "n": 2 })),
            Some(middle),
            Some("2024-01-01T00:00:00.5Z"),
            i32::MAX,
            Some("male"),
        ),
        (
            "d",
            "Ána Žluť",
            Some("d_d@example.org"),
            json!("x"),
            Some(json!(null)),
            Some(high),
            Some("0001-01-01T00:00:00Z"),
            i32::MIN,
            None,
        ),
        (
            "e",
            "€🎉 (zz)",
            None,
            json!(1.5),
            Some(json!({ "aa": 1 })),
            None,
            Some("9999-12-31T23:59:59.999999Z"),
            7,
            None,
        ),
        (
            "f",
            "",
            None,
            json!(true),
            Some(json!({ "b": 1 })),
            None,
            Some("2024-01-01T00:00:00.500001Z"),
            7,
            Some(""),
        ),
        (
            "g",
            "alpha alpha",
            None,
            json!([[1, 2], []]),
            Some(json!([1, 2, 2])),
            None,
            None,
            -1,
            Some("other"),
        ),
    ]
}

fn id(number: usize) -> Uuid {
    Uuid::from_u128(number as u128 + 1)
}

/// Fills an empty, migrated database.
pub(super) async fn insert(connection: &DatabaseConnection) {
    for (number, person) in people().into_iter().enumerate() {
        let (name, display_name, email, metadata, imported, project, seen, attempts, gender) = person;
        let row = users::ActiveModel {
            id: Set(id(number)),
            username: Set(Some(name.into())),
            display_name: Set(display_name.into()),
            email: Set(email.map(Into::into)),
            metadata: Set(metadata),
            imported_from: Set(imported),
            last_project_id: Set(project.map(|project| project.parse().unwrap())),
            last_seen: Set(seen.map(|seen| seen.parse::<DateTime<Utc>>().unwrap())),
            attempt_number: Set(attempts),
            disabled: Set(attempts == 7),
            gender: Set(gender.filter(|gender| !gender.is_empty()).map(Into::into)),
            ..Default::default()
        };
        row.insert(connection).await.unwrap();
    }
    let keys = [
        ("k1", None, 0),
        ("k2", Some(vec![]), i64::MAX),
        ("k3", Some(vec![0, 127, 255]), i64::MIN),
    ];
    for (number, (name, key, counter)) in keys.into_iter().enumerate() {
        let row = user_security_keys::ActiveModel {
            id: Set(id(number)),
            user_id: Set(id(number)),
            credential_id: Set(name.into()),
            credential_public_key: Set(key),
            counter: Set(counter),
            ..Default::default()
        };
        row.insert(connection).await.unwrap();
    }
    for (number, (name, kind)) in [("t1", "pat"), ("t2", "regular")].into_iter().enumerate() {
        let row = refresh_tokens::ActiveModel {
            id: Set(id(number)),
            user_id: Set(id(number)),
            r#type: Set(kind.into()),
            name: Set(Some(name.into())),
            expires_at: Set("2030-01-01T00:00:00Z".parse().unwrap()),
            ..Default::default()
        };
        row.insert(connection).await.unwrap();
    }
}
