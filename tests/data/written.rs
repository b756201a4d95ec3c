//! What writes answer: the rows as they are afterwards, whichever way the answer took.

use std::sync::Arc;

use portico_entity::catalogue::{Table, catalogue};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(
    a_write_answers_what_a_read_finds_afterwards,
    of_writes_at_the_same_time_only_those_that_fail_leave_nothing,
    the_error_of_a_write_is_told_at_its_field,
    many_rows_with_what_belongs_to_them_are_written_at_once,
);

async fn seeded(database: &Arc<TestDatabase>) -> TestApp {
    let app = TestApp::new(database).await;
    seed::insert(&database.connect().await).await;
    app
}

/// Every column that the API shows.
fn columns(table: &Table) -> String {
    let open = table.columns.iter().filter(|column| !column.secret);
    open.map(|column| column.name.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

/// More than a connection takes in at a time.
const MANY: usize = 3000;

async fn many_rows_with_what_belongs_to_them_are_written_at_once(database: Arc<TestDatabase>) {
    let admin = seeded(&database).await.admin();
    let org = |number| json!({ "name": format!("{number}"), "members": { "data": [{ "name": "one" }] } });
    let orgs: Vec<Value> = (0..MANY).map(org).collect();
    let insert = "mutation ($orgs: [orgs_insert_input!]!, $users: [users_insert_input!]!) {
        orgs: insertOrgs(objects: $orgs) { affected_rows }
        users: insertUsers(objects: $users) { affected_rows returning { roles { role } } }
        again: updateMembers(where: { name: { _eq: \"one\" } }, _set: { name: \"two\" }) { affected_rows }
    }";
    let users: Vec<Value> = (0..MANY)
        .map(|number| json!({ "username": format!("many{number}") }))
        .collect();
    let answer = admin
        .graphql_with(insert, json!({ "orgs": orgs, "users": users }))
        .await;
    assert_eq!(answer.value("/orgs/affected_rows"), &json!(2 * MANY));
    assert_eq!(answer.values("role").len(), MANY);
    assert_eq!(answer.value("/again/affected_rows"), &json!(MANY));
}

#[track_caller]
fn assert_as_read(written: &Value, read: &Value, about: &str) {
    assert!(written.is_object(), "{about}: {written}");
    for (column, value) in written.as_object().unwrap() {
        assert_eq!(Some(value), read.get(column), "{about}: {column}");
    }
}

async fn a_write_answers_what_a_read_finds_afterwards(database: Arc<TestDatabase>) {
    let admin = seeded(&database).await.admin();
    // A change of nothing is one, too: triggers follow it.
    for (type_name, change) in [
        ("users", "_set: { displayName: \"Somebody\" }"),
        ("users", "_set: { disabled: true }"),
        ("users", "_inc: { attemptNumber: 3 }"),
        ("contacts", "_set: { firstName: \"Some\", lastName: \"Body\" }"),
        ("authUserProviders", "_set: { providerUserId: \"other\" }"),
        ("authUserSecurityKeys", "_set: { nickname: \"other\" }"),
        ("authRoles", "_set: { description: \"other\" }"),
        ("members", "_set: { role: \"Admin\" }"),
        ("apps", "_append: { config: { other: 1 } }"),
    ] {
        let table = catalogue().table(type_name).unwrap();
        compare(&admin, table, change).await;
    }
}

/// Changes the first row of a table by key and by condition; the answer has to be what is read afterwards.
async fn compare(admin: &Caller, table: &Table, change: &str) {
    let key = &table.column_by_sql(table.key[0]).unwrap().name;
    let rows = format!("{{ {}(order_by: {{ {key}: asc }}) {{ {key} }} }}", table.plural);
    let id = admin.graphql(&rows).await.values(key)[0].clone();
    let (plural, columns) = (table.plural, columns(table));
    let plain = match table.column("updatedAt") {
        Some(_) => columns.replace("updatedAt", ""),
        None => columns.clone(),
    };
    let capital = |name: &str| name[..1].to_uppercase() + &name[1..];
    let (one, many) = (capital(table.singular), capital(plural));
    for asked in [columns.as_str(), &plain, &format!("__typename {key}")] {
        let about = format!("{plural}, {change}, {asked}");
        let by_key =
            format!("mutation {{ update{one}(pk_columns: {{ {key}: {id} }}, {change}) {{ {asked} }} }}");
        let written = admin
            .graphql(&by_key)
            .await
            .value(&format!("/update{one}"))
            .clone();
        let question = format!("{{ {plural}(where: {{ {key}: {{ _eq: {id} }} }}) {{ {asked} }} }}");
        let read = admin
            .graphql(&question)
            .await
            .value(&format!("/{plural}/0"))
            .clone();
        assert_as_read(&written, &read, &about);
        let by_filter = format!(
            "mutation {{ update{many}(where: {{ {key}: {{ _eq: {id} }} }}, {change}) \
             {{ affected_rows again: affected_rows returning {{ {asked} }} }} }}"
        );
        let answer = admin.graphql(&by_filter).await;
        let response = answer.value(&format!("/update{many}"));
        assert_eq!(
            (&response["affected_rows"], &response["again"]),
            (&json!(1), &json!(1)),
            "{about}"
        );
        let read = admin
            .graphql(&question)
            .await
            .value(&format!("/{plural}/0"))
            .clone();
        assert_as_read(&response["returning"][0], &read, &about);
    }
}

async fn of_writes_at_the_same_time_only_those_that_fail_leave_nothing(database: Arc<TestDatabase>) {
    const COUNT: &str = "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _inc: { attemptNumber: 1 }) \
                         { attemptNumber } }";
    const FAILS: &str = "mutation ($id: uuid!) {
      counted: updateUser(pk_columns: { id: $id }, _inc: { attemptNumber: 100 }) { id }
      taken: updateUser(pk_columns: { id: $id }, _set: { username: \"john\" }) { id }
    }";
    let admin = seeded(&database).await.admin();
    let requests = (0..40).map(|number| {
        let admin = admin.clone();
        tokio::spawn(async move {
            let query = if number % 5 == 0 { FAILS } else { COUNT };
            admin.graphql_with(query, json!({ "id": seed::JANE })).await
        })
    });
    let requests: Vec<_> = requests.collect();
    let mut counts = Vec::new();
    for (number, request) in requests.into_iter().enumerate() {
        let answer = request.await.unwrap();
        match number % 5 {
            0 => assert_eq!(answer.error_code(), "constraint-violation", "{}", answer.text),
            _ => counts.push(answer.value("/updateUser/attemptNumber").as_u64().unwrap()),
        }
    }
    counts.sort_unstable();
    assert_eq!(counts, (1..=32).collect::<Vec<u64>>());
    let question = format!("{{ user(id: \"{}\") {{ attemptNumber username }} }}", seed::JANE);
    let left = admin.graphql(&question).await;
    assert_eq!(
        left.value("/user"),
        &json!({ "attemptNumber": 32, "username": "Jane" })
    );
}

async fn the_error_of_a_write_is_told_at_its_field(database: Arc<TestDatabase>) {
    let admin = seeded(&database).await.admin();
    for (fields, place) in [
        // Each is answered without a look at what was written.
        (
            "first: insertUsers(objects: { username: \"john\" }) { affected_rows } second: insertUsers(objects: {}) { affected_rows }",
            "first",
        ),
        (
            "first: insertUsers(objects: {}) { affected_rows } second: insertUsers(objects: { username: \"john\" }) { affected_rows }",
            "second",
        ),
        (
            "first: insertUser(object: {}) { id } second: insertUser(object: { username: \"john\" }) { id roles { role } }",
            "second",
        ),
        (
            "first: insertUser(object: { defaultRole: \"nowhere\" }) { id } second: insertUser(object: {}) { id }",
            "first",
        ),
    ] {
        let answer = admin.graphql(&format!("mutation {{ {fields} }}")).await;
        assert_eq!(answer.error_code(), "constraint-violation", "{}", answer.text);
        let path = answer.body["errors"][0]["extensions"]["path"].as_str().unwrap();
        assert!(
            path.starts_with(&format!("$.selectionSet.{place}")),
            "{}",
            answer.text
        );
    }
    let count = admin.graphql("{ usersAggregate { aggregate { count } } }").await;
    assert_eq!(count.value("/usersAggregate/aggregate/count"), 3);
}
