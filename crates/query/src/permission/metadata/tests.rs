use portico_entity::catalogue::catalogue;

use super::*;
use crate::permission::{Permissions, TablePermissions};

fn refusal(text: &str) -> String {
    let files = [("test.yaml", text)];
    read(catalogue(), &files).unwrap_err().to_string()
}

/// The permissions of role user on table users.
fn users(text: &str) -> TablePermissions {
    let text = format!("table: {{ schema: auth, name: users }}\n{text}");
    let files = [("test.yaml", text.as_str())];
    let roles = read(catalogue(), &files).unwrap().roles;
    let table = catalogue().table("users").unwrap();
    roles["user"].table(table).unwrap().clone()
}

#[test]
fn the_embedded_files_are_sound() {
    Permissions::embedded(catalogue()).unwrap();
}

#[test]
fn every_key_of_hasura_is_read() {
    let granted = users(
        "select_permissions:
  - role: user
    comment: own row
    permission: { columns: '*', filter: {}, limit: 7, allow_aggregations: true, computed_fields: [], query_root_fields: [select], subscription_root_fields: [] }
insert_permissions:
  - role: user
    permission: { columns: [display_name], check: {}, set: { locale: en, id: x-hasura-user-id }, backend_only: true }
update_permissions:
  - role: user
    permission: { columns: '*', filter: {}, check: null, set: { locale: en } }
delete_permissions:
  - role: user
    permission: { filter: { id: X-Hasura-User-Id } }
",
    );
    let table = catalogue().table("users").unwrap();
    let column = |sql: &str| table.column_by_sql(sql).unwrap();
    let select = granted.select.unwrap();
    assert!(select.reads(column("email")) && !select.reads(column("password_hash")));
    assert_eq!((select.limit, select.aggregations), (Some(7), true));
    assert!(select.query.list && !select.query.by_key && !select.query.aggregate);
    assert!(!select.subscription.list && !select.subscription.stream);
    let insert = granted.insert.unwrap();
    assert!(insert.writes(column("display_name")) && !insert.writes(column("locale")));
    assert_eq!((insert.presets.len(), insert.backend_only), (2, true));
    let update = granted.update.unwrap();
    assert!(update.writes(column("email")) && !update.writes(column("locale")));
    assert!(!update.writes(column("active")) && !update.writes(column("totp_secret")));
    assert!(granted.delete.is_some_and(|delete| !delete.filter.is_true()));
}

#[test]
fn every_form_of_condition_is_read() {
    for condition in [
        "{ id: X-Hasura-User-Id }",
        "{ id: { _in: X-Hasura-Friends } }",
        "{ id: { _in: [x-hasura-user-id, 10000000-0000-0000-0000-000000000001] } }",
        "{ display_name: { _ceq: locale } }",
        "{ display_name: { _cne: [locale] } }",
        "{ members: { user_id: { _ceq: ['$', id] } } }",
        "{ _exists: { _table: { schema: auth, name: members }, _where: { user_id: { _ceq: ['$', id] } } } }",
        "{ _exists: { _table: members, _where: {} } }",
        "{ _and: [{ _or: [] }, { _not: {} }], email: { _is_null: true, _neq: a@b.c } }",
    ] {
        let granted = users(&format!(
            "select_permissions:\n  - role: user\n    permission: {{ columns: [id], filter: {condition} }}\n"
        ));
        assert!(!granted.select.unwrap().filter.is_true(), "{condition}");
    }
}

#[test]
fn what_is_wrong_is_refused_with_line_and_reason() {
    let entry = |permission: &str| {
        format!(
            "table: {{ schema: auth, name: users }}\nselect_permissions:\n  - role: user\n    permission:\n      {permission}\n"
        )
    };
    let filter = |filter: &str| entry(&format!("columns: [id]\n      filter: {filter}"));
    for (text, told) in [
        (
            "table: { schema: auth, name: nothing }\n".to_owned(),
            "line 1: there is no table auth.nothing",
        ),
        (
            "table: { schema: public, name: users }\n".to_owned(),
            "line 1: there is no table public.users",
        ),
        (
            "table: users\nevent_triggers: [x]\n".to_owned(),
            "line 2: event_triggers: there is no such thing",
        ),
        (
            "table: users\nselect: []\n".to_owned(),
            "line 2: select: there is no such key",
        ),
        (
            "table: users\nselect_permissions:\n  - role: admin\n    permission: { columns: [], filter: {} }"
                .to_owned(),
            "line 3: the role admin",
        ),
        (
            "table: users\nconfiguration:\n  custom_name: people\n".to_owned(),
            "line 3: the table is called users here",
        ),
        (
            "table: users\nconfiguration:\n  custom_root_fields:\n    select_by_pk: person\n".to_owned(),
            "line 4: select_by_pk is called user here",
        ),
        (
            "table: users\nobject_relationships:\n  - name: boss\n".to_owned(),
            "line 3: table users has no such relationship boss",
        ),
        (
            entry("columns: [id, nothing]\n      filter: {}"),
            "line 5: table users has no column nothing",
        ),
        (
            entry("columns: [password_hash]\n      filter: {}"),
            "line 5: column password_hash of users is a secret",
        ),
        (entry("columns: [id]"), "the key filter is missing"),
        (
            entry("columns: [id]\n      filter: {}\n      computed_fields: [age]"),
            "line 7: computed_fields: no table has",
        ),
        (
            entry("columns: [id]\n      filter: {}\n      query_root_fields: [insert]"),
            "line 7: query_root_fields knows no insert",
        ),
        (
            entry("columns: [id]\n      filter: {}\n      query_root_fields: [select_stream]"),
            "knows no select_stream",
        ),
        (
            filter("{ totp_secret: { _eq: x } }"),
            "line 6: totp_secret: column totp_secret of users is a secret",
        ),
        (
            filter("{ id: { _ceq: ticket } }"),
            "line 6: column ticket of users is a secret",
        ),
        (
            filter("{ id: { _equals: 1 } }"),
            "line 6: column id has no operator _equals",
        ),
        (filter("{ id: { _eq: 1 } }"), "line 6: parsing uuid failed"),
        (
            filter("{ id: nonsense }"),
            "line 6: invalid input syntax for type uuid",
        ),
        (filter("{ id: { _eq: null } }"), "line 6: unexpected null value"),
        (filter("{ id: {} }"), "line 6: column id needs an operator"),
        (
            filter("{ id: { _ceq: email } }"),
            "line 6: id and email cannot be compared",
        ),
        (
            filter("{ id: { _ceq: ['$', '$', id] } }"),
            "line 6: expected a column",
        ),
        (
            filter("{ refreshTokens: { type: { _eq: lost } } }"),
            "line 6: lost is none of regular",
        ),
        (
            filter("{ _exists: { _where: {} } }"),
            "line 6: the key _table is missing",
        ),
        (filter("[]"), "line 6: expected a map, but found a list"),
    ] {
        assert!(refusal(&text).contains(told), "{text}: {}", refusal(&text));
    }
}

#[test]
fn what_cannot_be_written_is_refused() {
    let entry = |permission: &str| {
        format!("table: users\ninsert_permissions:\n  - role: user\n    permission: {permission}\n")
    };
    for (permission, told) in [
        ("{ columns: [active], check: {} }", "column active is computed"),
        (
            "{ columns: [locale], check: {}, set: { locale: en } }",
            "column locale is preset",
        ),
        (
            "{ check: {}, set: { active: true } }",
            "active: the column is computed",
        ),
        (
            "{ check: {}, set: { password_hash: x } }",
            "password_hash of users is a secret",
        ),
        (
            "{ check: {}, set: { disabled: perhaps } }",
            "invalid input syntax for type boolean",
        ),
        (
            "{ check: {}, validate_input: { type: http } }",
            "validate_input: no address is called",
        ),
        ("{ columns: [locale] }", "the key check is missing"),
    ] {
        assert!(
            refusal(&entry(permission)).contains(told),
            "{permission}: {}",
            refusal(&entry(permission))
        );
    }
}

#[test]
fn owner_only_columns_are_among_the_columns_and_told_once() {
    let entry = |groups: &str| {
        format!(
            "table: users\nselect_permissions:\n  - role: user\n    permission:\n      columns: [id, email]\n      filter: {{}}\n      x-portico-owner-only:\n{groups}"
        )
    };
    let group = |columns: &str| {
        format!("        - columns: [{columns}]\n          filter: {{ id: X-Hasura-User-Id }}\n")
    };
    for (groups, told) in [
        (
            group("locale"),
            "line 8: column locale is not among the columns above",
        ),
        (
            group("email") + &group("email"),
            "line 10: column email is in two groups",
        ),
        (
            group("totp_secret"),
            "line 8: column totp_secret of users is a secret",
        ),
        (
            "        - columns: [email]\n".to_owned(),
            "line 8: the key filter is missing",
        ),
        ("        email: {}\n".to_owned(), "line 8: expected a list"),
    ] {
        assert!(
            refusal(&entry(&groups)).contains(told),
            "{groups}: {}",
            refusal(&entry(&groups))
        );
    }
}
