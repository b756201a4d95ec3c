//! A column that a role sees on some rows only is null on the others, whatever is done with it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::folder::seeded;
use super::introspection::caller;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(
    it_is_null_in_answers,
    no_condition_finds_it,
    no_order_is_made_by_it,
    no_aggregate_holds_it,
    no_group_is_made_by_it,
    no_relationship_follows_it,
    no_write_tells_it,
    no_write_tells_it_of_rows_that_are_not_read,
    its_own_condition_sees_what_is_stored,
    its_own_condition_counts_where_it_is_named,
    the_schema_says_that_it_may_be_null
);

const JOHN: &str = "10000000-0000-0000-0000-000000000002";

async fn caller_of(role: &str, database: &Arc<TestDatabase>) -> Caller {
    let folder = super::folder::fixture("cells");
    let variables = [("PORTICO_METADATA", folder.to_str().unwrap())];
    caller(&TestApp::with(database, &variables).await, role)
}

async fn reader(database: &Arc<TestDatabase>) -> Caller {
    caller(&seeded(database, "cells").await, "reader")
}

async fn data(caller: &Caller, query: &str) -> Value {
    // The second time the plan is at hand already.
    caller.graphql(query).await.data();
    caller.graphql(query).await.data().clone()
}

async fn it_is_null_in_answers(database: Arc<TestDatabase>) {
    let reader = reader(&database).await;
    let query = "{ users(order_by: { id: asc }) { displayName email disabled zone: metadata(path: \"timezone\") metadata } }";
    let users = data(&reader, query).await["users"].clone();
    assert_eq!(users[0]["displayName"], "Jane Doe");
    assert_eq!(users[0]["email"], "Jane@Example.org");
    assert_eq!(
        (&users[0]["disabled"], &users[0]["zone"]),
        (&json!(false), &json!("Europe/Paris"))
    );
    assert_eq!(users[0]["metadata"]["ratio"], 1.5);
    let hidden = |name| json!({ "displayName": name, "email": null, "disabled": null, "zone": null, "metadata": null });
    assert_eq!(users[1], hidden("john"));
    assert_eq!(users[2], hidden("Ána 100%_done"));

    let query = format!("{{ user(id: \"{JOHN}\") {{ displayName email disabled }} }}");
    assert_eq!(
        data(&reader, &query).await["user"],
        json!({ "displayName": "john", "email": null, "disabled": null })
    );
    let query = "{ members(order_by: { id: asc }, limit: 2) { name userId } }";
    assert_eq!(
        data(&reader, query).await["members"],
        json!([{ "name": "Jane", "userId": seed::JANE }, { "name": "John", "userId": null }])
    );
}

async fn no_condition_finds_it(database: Arc<TestDatabase>) {
    let reader = reader(&database).await;
    for (condition, found) in [
        (r#"email: { _eq: "john@example.org" }"#, vec![]),
        (r#"email: { _like: "john%" }"#, vec![]),
        (
            r#"email: { _in: ["john@example.org", "JANE@EXAMPLE.ORG"] }"#,
            vec!["Jane Doe"],
        ),
        // Text without regard to case stays that.
        (r#"email: { _eq: "jane@example.ORG" }"#, vec!["Jane Doe"]),
        (r#"email: { _neq: "john@example.org" }"#, vec!["Jane Doe"]),
        (
            r#"_not: { email: { _eq: "john@example.org" } }"#,
            vec!["Jane Doe"],
        ),
        (r#"_not: { email: { _eq: "jane@example.org" } }"#, vec![]),
        ("email: { _is_null: true }", vec!["john", "Ána 100%_done"]),
        ("email: { _is_null: false }", vec!["Jane Doe"]),
        ("disabled: { _eq: true }", vec![]),
        ("disabled: { _in: [true, false] }", vec!["Jane Doe"]),
        ("metadata: { _eq: [1, 2, 3] }", vec![]),
        (
            r#"members: { user: { email: { _eq: "john@example.org" } } }"#,
            vec![],
        ),
    ] {
        let query =
            format!("{{ users(where: {{ {condition} }}, order_by: {{ id: asc }}) {{ displayName }} }}");
        assert_eq!(
            reader.graphql(&query).await.values("displayName"),
            found,
            "{condition}"
        );
    }
}

async fn no_order_is_made_by_it(database: Arc<TestDatabase>) {
    let reader = reader(&database).await;
    // By the stored values John would come before or after Ana; as nulls only the second term tells them apart.
    for (direction, names) in [
        ("asc", ["Jane Doe", "Ána 100%_done", "john"]),
        ("asc_nulls_first", ["Ána 100%_done", "john", "Jane Doe"]),
        ("desc", ["Ána 100%_done", "john", "Jane Doe"]),
        ("desc_nulls_last", ["Jane Doe", "Ána 100%_done", "john"]),
    ] {
        for column in ["email", "disabled"] {
            let query = format!(
                "{{ users(order_by: [{{ {column}: {direction} }}, {{ id: desc }}]) {{ displayName }} }}"
            );
            assert_eq!(
                reader.graphql(&query).await.values("displayName"),
                names,
                "{query}"
            );
        }
    }
}

async fn no_aggregate_holds_it(database: Arc<TestDatabase>) {
    let reader = reader(&database).await;
    let query = "{ usersAggregate { aggregate { count emails: count(columns: email) distinct: count(columns: [disabled], distinct: true) max { email } min { email } } nodes { email } } }";
    let answer = data(&reader, query).await;
    assert_eq!(
        answer["usersAggregate"]["aggregate"],
        json!({
            "count": 3, "emails": 1, "distinct": 1,
            "max": { "email": "Jane@Example.org" }, "min": { "email": "Jane@Example.org" },
        })
    );
    let query = r#"{ usersAggregate(where: { email: { _like: "%" } }) { aggregate { count } } }"#;
    assert_eq!(
        data(&reader, query).await["usersAggregate"]["aggregate"]["count"],
        1
    );
}

async fn no_group_is_made_by_it(database: Arc<TestDatabase>) {
    let reader = reader(&database).await;
    for (column, shown) in [("email", json!("Jane@Example.org")), ("disabled", json!(false))] {
        let query = format!(
            "{{ usersGroupBy(by: [{column}], order_by: {{ key: {{ {column}: asc }} }}) {{ key {{ {column} }} aggregate {{ count }} }} }}"
        );
        assert_eq!(
            data(&reader, &query).await["usersGroupBy"],
            json!([
                { "key": { column: shown }, "aggregate": { "count": 1 } },
                { "key": { column: null }, "aggregate": { "count": 2 } },
            ])
        );
        let query = format!(
            "{{ users(distinct_on: [{column}], order_by: [{{ {column}: asc }}, {{ id: desc }}]) {{ displayName {column} }} }}"
        );
        assert_eq!(
            data(&reader, &query).await["users"],
            json!([
                { "displayName": "Jane Doe", column: shown },
                { "displayName": "Ána 100%_done", column: null },
            ])
        );
    }
    // The condition of the column is itself a question to other tables.
    let lead = caller_of("lead", &database).await;
    let query = "{ users(distinct_on: [email], order_by: [{ email: desc }]) { email } }";
    assert_eq!(
        data(&lead, query).await["users"],
        json!([{ "email": null }, { "email": "john@example.org" }, { "email": "Jane@Example.org" }])
    );
}

async fn no_relationship_follows_it(database: Arc<TestDatabase>) {
    let reader = reader(&database).await;
    let query = "{ members(order_by: { id: asc }, limit: 2) { name user { displayName } } users(order_by: { id: asc }) { members { name } } }";
    let answer = data(&reader, query).await;
    assert_eq!(
        answer["members"],
        json!([{ "name": "Jane", "user": { "displayName": "Jane Doe" } }, { "name": "John", "user": null }])
    );
    assert_eq!(answer["users"][0]["members"], json!([{ "name": "Jane" }]));
    assert_eq!(answer["users"][1]["members"], json!([]));
    let query = r#"{ members(where: { user: { displayName: { _eq: "john" } } }) { name } }"#;
    assert_eq!(data(&reader, query).await["members"], json!([]));
}

async fn no_write_tells_it(database: Arc<TestDatabase>) {
    let app = seeded(&database, "cells").await;
    let query = format!(
        r#"mutation {{ updateUser(pk_columns: {{ id: "{JOHN}" }}, _set: {{ locale: "de" }}) {{ locale email metadata }} }}"#
    );
    let answer = caller(&app, "reader").graphql(&query).await;
    assert_eq!(
        answer.data()["updateUser"],
        json!({ "locale": "de", "email": null, "metadata": null })
    );
    // Nor does whether a change fits to what is there.
    for change in [
        "_append: { metadata: { c: 3 } }",
        "_prepend: { metadata: [] }",
        r#"_delete_key: { metadata: "a" }"#,
        "_delete_elem: { metadata: 0 }",
        r#"_delete_at_path: { metadata: ["a", "x"] }"#,
    ] {
        let query =
            format!(r#"mutation {{ updateUser(pk_columns: {{ id: "{JOHN}" }}, {change}) {{ id }} }}"#);
        let answer = caller(&app, "reader").graphql(&query).await;
        assert_eq!(answer.data()["updateUser"], json!(null), "{change}");
    }
    let query = format!(
        r#"mutation {{ updateUser(pk_columns: {{ id: "{}" }}, _append: {{ metadata: {{ c: 3 }} }}) {{ id }} }}"#,
        seed::JANE
    );
    let answer = caller(&app, "reader").graphql(&query).await;
    assert_eq!(answer.data()["updateUser"]["id"], json!(seed::JANE));
    // How many rows were changed says nothing either.
    for (condition, changed) in [
        (r#"email: { _eq: "john@example.org" }"#, 0),
        (r#"email: { _eq: "jane@example.org" }"#, 1),
        ("email: { _is_null: true }", 2),
        ("disabled: { _eq: true }", 0),
    ] {
        let query = format!(
            r#"mutation {{ updateUsers(where: {{ {condition} }}, _set: {{ locale: "it" }}) {{ affected_rows returning {{ id email }} }} }}"#
        );
        let answer = caller(&app, "reader").graphql(&query).await;
        assert_eq!(
            answer.data()["updateUsers"]["affected_rows"],
            changed,
            "{condition}"
        );
        let jane = |row: &&Value| row["id"] == json!(seed::JANE);
        let rows = answer.data()["updateUsers"]["returning"].as_array().unwrap();
        assert!(
            rows.iter()
                .filter(|row| !jane(row))
                .all(|row| row["email"].is_null())
        );
    }
}

async fn no_write_tells_it_of_rows_that_are_not_read(database: Arc<TestDatabase>) {
    let app = seeded(&database, "cells").await;
    let keeper = caller(&app, "keeper");
    // Both are where addresses are shown; John's row is one to change, and not one to read.
    let query = format!(
        r#"mutation {{ updateUser(pk_columns: {{ id: "{JOHN}" }}, _set: {{ locale: "en" }}) {{ id }} }}"#
    );
    caller(&app, "admin").graphql(&query).await.data();
    for (condition, changed) in [
        (r#"email: { _eq: "john@example.org" }"#, 0),
        (r#"email: { _eq: "jane@example.org" }"#, 1),
        (r#"_not: { email: { _neq: "john@example.org" } }"#, 0),
        // What is no secret of any row is none of this one.
        (r#"displayName: { _eq: "john" }"#, 1),
    ] {
        let query = format!(
            r#"mutation {{ updateUsers(where: {{ {condition} }}, _set: {{ locale: "en" }}) {{ affected_rows }} }}"#
        );
        let answer = keeper.graphql(&query).await;
        assert_eq!(
            answer.data()["updateUsers"]["affected_rows"],
            changed,
            "{condition}"
        );
    }
    let query = r#"mutation { updateUsers(where: {}, _append: { metadata: { c: 3 } }) { affected_rows returning { id metadata } } }"#;
    let answer = keeper.graphql(query).await;
    assert_eq!(answer.value("/updateUsers/affected_rows"), &json!(1));
    assert_eq!(answer.value("/updateUsers/returning/0/id"), &json!(seed::JANE));
}

async fn its_own_condition_sees_what_is_stored(database: Arc<TestDatabase>) {
    let lead = caller(&seeded(&database, "cells").await, "lead");
    // Jane meets John in Acme, Ana in no organisation; a username is shown to whoever has an address.
    let query = "{ users(order_by: { id: asc }) { displayName username email } }";
    assert_eq!(
        data(&lead, query).await["users"],
        json!([
            { "displayName": "Jane Doe", "username": "Jane", "email": "Jane@Example.org" },
            { "displayName": "john", "username": "john", "email": "john@example.org" },
            { "displayName": "Ána 100%_done", "username": null, "email": null },
        ])
    );
    let query = r#"{ users(where: { username: { _is_null: true } }, order_by: [{ username: asc }, { email: desc }]) { displayName } }"#;
    assert_eq!(
        data(&lead, query).await["users"],
        json!([{ "displayName": "Ána 100%_done" }])
    );
}

/// The condition is part of the statement each time.
async fn its_own_condition_counts_where_it_is_named(database: Arc<TestDatabase>) {
    let lead = caller(&seeded(&database, "cells").await, "lead");
    let query = "query ($where: users_bool_exp!) { users(where: $where) { id } }";
    let one = |column: &str| json!({ column: { "_eq": "jane@example.org" } });
    let inside = |column: &str| json!({ "_not": { "_not": one(column) } });
    // A name counts for itself and for an address that is there, an address for rows of three relationships, too.
    for (condition, most) in [
        (one("displayName"), 900),
        (one("username"), 450),
        (one("email"), 180),
        (inside("email"), 128),
    ] {
        for (count, is_answered) in [(most, true), (most + 1, false)] {
            let alternatives = json!({ "_or": vec![condition.clone(); count] });
            let answer = lead.graphql_with(query, json!({ "where": alternatives })).await;
            match is_answered {
                true => assert!(answer.values("id").len() <= 1, "{}", answer.text),
                false => assert_eq!(answer.error_code(), "validation-failed", "{condition}"),
            }
        }
    }
}

async fn the_schema_says_that_it_may_be_null(database: Arc<TestDatabase>) {
    let app = seeded(&database, "cells").await;
    let query = r#"{ __type(name: "users") { fields { name type { kind } } } }"#;
    let kind = async |role: &str, column: &str| {
        let answer = caller(&app, role).graphql(query).await;
        let fields = answer.value("/__type/fields").as_array().unwrap().clone();
        let field = fields.into_iter().find(|field| field["name"] == column).unwrap();
        field["type"]["kind"].as_str().unwrap().to_owned()
    };
    assert_eq!(kind("reader", "disabled").await, "SCALAR");
    assert_eq!(kind("reader", "locale").await, "NON_NULL");
    assert_eq!(kind("admin", "disabled").await, "NON_NULL");
}
