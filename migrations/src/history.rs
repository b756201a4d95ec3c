//! The SQL files in order.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType};

/// Number, topic and text of each file.
type Files = &'static [(i64, &'static str, &'static str)];

const POSTGRES: Files = &[
    (1, "types", include_str!("../postgres/0001_types.sql")),
    (2, "identity", include_str!("../postgres/0002_identity.sql")),
    (
        3,
        "identity additions",
        include_str!("../postgres/0003_identity_additions.sql"),
    ),
    (4, "people", include_str!("../postgres/0004_people.sql")),
    (
        5,
        "organisations",
        include_str!("../postgres/0005_organisations.sql"),
    ),
    (6, "audit", include_str!("../postgres/0006_audit.sql")),
    (7, "internal", include_str!("../postgres/0007_internal.sql")),
    (
        8,
        "change notices",
        include_str!("../postgres/0008_change_notices.sql"),
    ),
    (
        9,
        "living users by locale",
        include_str!("../postgres/0009_living_users_by_locale.sql"),
    ),
    (
        10,
        "consequences",
        include_str!("../postgres/0010_consequences.sql"),
    ),
    (11, "lockout", include_str!("../postgres/0011_lockout.sql")),
    (12, "mail", include_str!("../postgres/0012_mail.sql")),
    (13, "passwords", include_str!("../postgres/0013_passwords.sql")),
    (14, "tickets", include_str!("../postgres/0014_tickets.sql")),
    (
        15,
        "second factors",
        include_str!("../postgres/0015_second_factors.sql"),
    ),
    (
        16,
        "email change",
        include_str!("../postgres/0016_email_change.sql"),
    ),
    (17, "passkeys", include_str!("../postgres/0017_passkeys.sql")),
    (
        18,
        "personal access tokens",
        include_str!("../postgres/0018_personal_access_tokens.sql"),
    ),
    (19, "elevation", include_str!("../postgres/0019_elevation.sql")),
    (
        20,
        "totp enabled at",
        include_str!("../postgres/0020_totp_enabled_at.sql"),
    ),
    (
        21,
        "latest sessions",
        include_str!("../postgres/0021_latest_sessions.sql"),
    ),
    (
        22,
        "metadata of nothing",
        include_str!("../postgres/0022_metadata_of_nothing.sql"),
    ),
    (
        23,
        "adopted tokens",
        include_str!("../postgres/0023_adopted_tokens.sql"),
    ),
    (
        24,
        "signed in from",
        include_str!("../postgres/0024_signed_in_from.sql"),
    ),
    (
        25,
        "adopted token hash",
        include_str!("../postgres/0025_adopted_token_hash.sql"),
    ),
    (
        26,
        "kept addresses",
        include_str!("../postgres/0026_kept_addresses.sql"),
    ),
];

const SQLITE: Files = &[
    (1, "users", include_str!("../sqlite/0001_users.sql")),
    (
        2,
        "sessions and keys",
        include_str!("../sqlite/0002_sessions_and_keys.sql"),
    ),
    (3, "people", include_str!("../sqlite/0003_people.sql")),
    (
        4,
        "organisations",
        include_str!("../sqlite/0004_organisations.sql"),
    ),
    (5, "audit", include_str!("../sqlite/0005_audit.sql")),
    (6, "internal", include_str!("../sqlite/0006_internal.sql")),
    (
        7,
        "change notices",
        include_str!("../sqlite/0007_change_notices.sql"),
    ),
    (
        8,
        "living users by locale",
        include_str!("../sqlite/0008_living_users_by_locale.sql"),
    ),
    (9, "consequences", include_str!("../sqlite/0009_consequences.sql")),
    (10, "lockout", include_str!("../sqlite/0010_lockout.sql")),
    (11, "mail", include_str!("../sqlite/0011_mail.sql")),
    (12, "passwords", include_str!("../sqlite/0012_passwords.sql")),
    (13, "tickets", include_str!("../sqlite/0013_tickets.sql")),
    (
        14,
        "second factors",
        include_str!("../sqlite/0014_second_factors.sql"),
    ),
    (
        15,
        "email change",
        include_str!("../sqlite/0015_email_change.sql"),
    ),
    (16, "passkeys", include_str!("../sqlite/0016_passkeys.sql")),
    (
        17,
        "personal access tokens",
        include_str!("../sqlite/0017_personal_access_tokens.sql"),
    ),
    (18, "elevation", include_str!("../sqlite/0018_elevation.sql")),
    (
        19,
        "totp enabled at",
        include_str!("../sqlite/0019_totp_enabled_at.sql"),
    ),
    (
        20,
        "latest sessions",
        include_str!("../sqlite/0020_latest_sessions.sql"),
    ),
    (
        21,
        "adopted tokens",
        include_str!("../sqlite/0021_adopted_tokens.sql"),
    ),
    (
        22,
        "signed in from",
        include_str!("../sqlite/0022_signed_in_from.sql"),
    ),
    (
        23,
        "adopted token hash",
        include_str!("../sqlite/0023_adopted_token_hash.sql"),
    ),
    (
        24,
        "no type index",
        include_str!("../sqlite/0024_no_type_index.sql"),
    ),
    (
        25,
        "kept addresses",
        include_str!("../sqlite/0025_kept_addresses.sql"),
    ),
];

/// The history of a PostgreSQL database.
pub(crate) fn postgres() -> Vec<Migration> {
    migrations(POSTGRES)
}

/// The history of a SQLite database.
pub(crate) fn sqlite() -> Vec<Migration> {
    migrations(SQLITE)
}

fn migrations(files: Files) -> Vec<Migration> {
    let migration = |&(number, topic, sql): &(i64, &'static str, &'static str)| {
        Migration::new(
            number,
            Cow::Borrowed(topic),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    };
    files.iter().map(migration).collect()
}
