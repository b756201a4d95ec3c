//! The roles of the test: some with permissions chosen for what they do together, others drawn at random.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::condition::{Comparison, Condition};
use super::drawn;
use super::role::{Alteration, Insertion, Permission, Preset, Removal, Role};
use super::schema::{TABLES, Table, table};

fn everything() -> Condition {
    Condition::And(Vec::new())
}

fn own(name: &str, column: &str) -> Condition {
    Condition::IsSelf(table(name).column(column))
}

fn is(name: &str, column: &str, value: Value) -> Condition {
    let equal = Comparison::Order("_eq", &[Ordering::Equal], value);
    Condition::Is(table(name).column(column), equal)
}

fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

fn through(name: &str, relation: &str, inner: Condition) -> Condition {
    Condition::Related(table(name).relation(relation), Box::new(inner))
}

/// The organisation of a member is one of those that the user belongs to.
fn mates() -> Condition {
    through(
        "members",
        "org",
        through("orgs", "members", own("members", "userId")),
    )
}

fn all_columns(table: &Table) -> Vec<&'static str> {
    table.columns.iter().map(|column| column.name).collect()
}

fn columns_of(table: &Table, columns: &[&'static str]) -> Vec<&'static str> {
    match columns {
        [] => all_columns(table),
        columns => columns.to_vec(),
    }
}

fn select(name: &str, columns: &[&'static str], rows: Condition) -> Permission {
    let table = table(name);
    Permission {
        table,
        columns: columns_of(table, columns),
        rows,
        limit: None,
        aggregations: true,
        roots: None,
        owner_only: None,
    }
}

fn insert(name: &str, columns: &[&'static str], check: Condition) -> Insertion {
    let table = table(name);
    Insertion {
        table,
        columns: columns_of(table, columns),
        check,
        presets: Vec::new(),
        backend_only: false,
    }
}

fn update(name: &str, columns: &[&'static str], rows: Condition, check: Condition) -> Alteration {
    let table = table(name);
    Alteration {
        table,
        columns: columns_of(table, columns),
        rows,
        check,
        presets: Vec::new(),
        backend_only: false,
    }
}

fn delete(name: &str, rows: Condition) -> Removal {
    Removal {
        table: table(name),
        rows,
        backend_only: false,
    }
}

/// All roles of a run, the administrator first.
pub(super) fn all() -> Vec<Role> {
    let (clerk, mate, auditor) = (clerk(), mate(), auditor());
    let [chance, luck] = ["chance", "luck"].map(drawn::role);
    let everyone = Role::inheriting("everyone", &[&clerk, &auditor, &mate]);
    let heir = Role::inheriting("heir", &[&chance, &luck]);
    let mongrel = Role::inheriting("mongrel", &[&mate, &luck]);
    vec![
        admin(),
        clerk,
        mate,
        auditor,
        chance,
        luck,
        everyone,
        heir,
        mongrel,
    ]
}

fn admin() -> Role {
    let names = || TABLES.iter().map(|table| table.name);
    Role {
        insertions: names().map(|name| insert(name, &[], everything())).collect(),
        alterations: names()
            .map(|name| update(name, &[], everything(), everything()))
            .collect(),
        removals: names().map(|name| delete(name, everything())).collect(),
        ..Role::named("admin")
    }
}

fn clerk() -> Role {
    let living = || through("members", "org", is("orgs", "archived", json!(false)));
    let polite = || not(is("users", "displayName", json!("é")));
    Role {
        permissions: vec![
            Permission {
                limit: Some(3),
                ..select("users", &[], is("users", "disabled", json!(false)))
            },
            Permission {
                aggregations: false,
                ..select("members", &["id", "orgId", "userId", "archived"], everything())
            },
            select("orgs", &["id", "name"], is("orgs", "archived", json!(false))),
        ],
        insertions: vec![
            Insertion {
                presets: vec![
                    ("invitedBy", Preset::User),
                    ("attemptNumber", Preset::Value(json!(7))),
                ],
                ..insert(
                    "users",
                    &["id", "displayName", "username", "metadata", "gender"],
                    polite(),
                )
            },
            insert(
                "members",
                &["id", "orgId", "userId", "name", "archived"],
                living(),
            ),
            Insertion {
                backend_only: true,
                ..insert("orgs", &["id", "name", "slug"], everything())
            },
        ],
        alterations: vec![
            Alteration {
                presets: vec![("lastProjectId", Preset::User)],
                ..update(
                    "users",
                    &["displayName", "metadata", "attemptNumber"],
                    not(is("users", "gender", json!("male"))),
                    polite(),
                )
            },
            update("members", &["name", "archived", "userId"], living(), everything()),
        ],
        removals: vec![delete("members", is("members", "archived", json!(true)))],
        ..Role::named("clerk")
    }
}

fn mate() -> Role {
    Role {
        permissions: vec![
            Permission {
                owner_only: Some((vec!["newEmail", "metadata"], own("users", "id"))),
                ..select(
                    "users",
                    &[
                        "id",
                        "displayName",
                        "newEmail",
                        "metadata",
                        "lastSeen",
                        "invitedBy",
                    ],
                    through("users", "members", mates()),
                )
            },
            Permission {
                limit: Some(2),
                ..select("members", &[], mates())
            },
            select("orgs", &[], everything()),
            select("authUserRoles", &[], not(own("authUserRoles", "userId"))),
        ],
        insertions: vec![
            Insertion {
                presets: vec![("userId", Preset::User)],
                ..insert("members", &["id", "orgId", "name", "inviteDate"], mates())
            },
            // Nobody reads these: there is no row to answer.
            Insertion {
                presets: vec![("userId", Preset::User), ("backedUp", Preset::Value(json!(true)))],
                ..insert(
                    "authUserSecurityKeys",
                    &["id", "credentialId", "counter"],
                    everything(),
                )
            },
            // The auditor says the same, so that whoever inherits from both may.
            insert("authUserRoles", &[], everything()),
        ],
        alterations: vec![
            update(
                "users",
                &["metadata", "lastSeen", "lastProjectId"],
                own("users", "id"),
                everything(),
            ),
            Alteration {
                backend_only: true,
                ..update(
                    "orgs",
                    &["name", "slug", "archived"],
                    through("orgs", "members", own("members", "userId")),
                    is("orgs", "archived", json!(false)),
                )
            },
        ],
        removals: vec![
            delete("users", own("users", "id")),
            delete("members", own("members", "userId")),
            Removal {
                backend_only: true,
                ..delete("authUserRoles", is("authUserRoles", "role", json!("me")))
            },
        ],
        ..Role::named("mate")
    }
}

fn auditor() -> Role {
    let (users, members) = (table("users"), table("members"));
    let invited = Condition::Columns(
        users.column("invitedBy"),
        "_clt",
        &[Ordering::Less],
        users.column("id"),
    );
    let archived = Box::new(is("members", "archived", json!(true)));
    let member = Condition::Exists(members, members.column("userId"), archived);
    Role {
        permissions: vec![
            Permission {
                aggregations: false,
                ..select(
                    "users",
                    &["id", "displayName", "attemptNumber", "gender", "importedFrom"],
                    Condition::Or(vec![invited, member]),
                )
            },
            select("authUserSecurityKeys", &[], everything()),
        ],
        insertions: vec![insert("authUserRoles", &[], everything())],
        alterations: vec![update(
            "authUserSecurityKeys",
            &["counter", "backedUp", "credentialId"],
            everything(),
            not(is("authUserSecurityKeys", "counter", json!(5))),
        )],
        removals: vec![delete(
            "authUserSecurityKeys",
            is("authUserSecurityKeys", "backedUp", json!(true)),
        )],
        ..Role::named("auditor")
    }
}
