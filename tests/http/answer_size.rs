//! What one request is answered has an end, which a mutation whose answer is too large leaves no trace of.

use std::sync::Arc;

use serde_json::json;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::User;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    what_is_too_large_is_refused,
    a_batch_is_one_answer,
    fields_beside_operations_are_one_answer,
    what_is_given_twice_under_one_name_is_read_once,
    a_change_whose_answer_is_too_large_is_not_made,
    a_short_answer_is_given_whatever_stands_before_it
);

const LIMIT: (&str, &str) = ("PORTICO_LIMIT_ANSWER", "65536");

/// Somebody who has 10,000 bytes to be asked for, on a node that answers with 65,536 at most.
async fn somebody(database: &Arc<TestDatabase>) -> (TestApp, User) {
    let app = TestApp::with(database, &[LIMIT]).await;
    let jane = app.user("jane").await;
    jane.graphql(&change(&jane, "gender: \"female\"", "id"))
        .await
        .data();
    (app, jane)
}

/// A change of the metadata and of what else is set.
fn change(user: &User, set: &str, asked: &str) -> String {
    let note = "x".repeat(10_000);
    format!(
        "mutation {{ updateUser(pk_columns: {{ id: \"{}\" }}, _set: {{ {set}, metadata: {{ note: \"{note}\" }} }}) {{ {asked} }} }}",
        user.id
    )
}

/// The metadata so many times.
fn times(count: usize) -> String {
    let members: Vec<String> = (0..count).map(|number| format!("a{number}: metadata")).collect();
    members.join(" ")
}

fn assert_refused(answer: &Answer) {
    assert_eq!(answer.error_code(), "payload-too-large", "{}", answer.text);
    assert!(answer.text.contains("65536"), "{}", answer.text);
    assert!(answer.text.len() < 1_000, "{}", answer.text.len());
}

async fn what_is_too_large_is_refused(database: Arc<TestDatabase>) {
    let (app, jane) = somebody(&database).await;
    assert!(
        jane.graphql(&format!("{{ me {{ {} }} }}", times(6)))
            .await
            .text
            .len()
            > 60_000
    );
    // One row, and one root field after the other; the second time by a plan at hand.
    for _ in 0..2 {
        assert_refused(&jane.graphql(&format!("{{ me {{ {} }} }}", times(7))).await);
        let fields: Vec<String> = (0..7)
            .map(|number| format!("a{number}: me {{ metadata }}"))
            .collect();
        assert_refused(&jane.graphql(&format!("{{ {} }}", fields.join(" "))).await);
    }
    // Many rows, some within others.
    let admin = app.admin();
    assert_refused(&admin.graphql("{ users { roles { user { metadata } } a: metadata b: metadata c: metadata d: metadata e: metadata } }").await);
    // The connection is as good as before.
    assert_eq!(
        jane.graphql("{ users { email } }").await.values("email"),
        [json!(jane.email)]
    );
}

async fn a_batch_is_one_answer(database: Arc<TestDatabase>) {
    let (_app, jane) = somebody(&database).await;
    let element = json!({ "query": format!("{{ me {{ {} }} }}", times(3)) });
    let small = json!({ "query": "{ users { email } }" });
    let answer = jane.post_json(&json!([element, element, element, small])).await;
    assert!(answer.text.len() < 65_536 + 1_000, "{}", answer.text.len());
    let answers = answer.body.as_array().unwrap();
    assert!(answers[0]["data"].is_object() && answers[1]["data"].is_object());
    assert_eq!(answers[2]["errors"][0]["extensions"]["code"], "payload-too-large");
    assert_eq!(answers[3]["data"], json!({ "users": [{ "email": jane.email }] }));
}

async fn fields_beside_operations_are_one_answer(database: Arc<TestDatabase>) {
    let (_app, jane) = somebody(&database).await;
    let fields: Vec<String> = (0..20)
        .map(|number| format!("a{number}: me {{ metadata }}"))
        .collect();
    let answer = jane
        .graphql(&format!("{{ authConfig {{ __typename }} {} }}", fields.join(" ")))
        .await;
    assert_eq!(answer.error_code(), "payload-too-large", "{}", answer.text.len());
    assert!(answer.text.len() < 65_536 + 10_000, "{}", answer.text.len());
}

async fn what_is_given_twice_under_one_name_is_read_once(database: Arc<TestDatabase>) {
    let (_app, jane) = somebody(&database).await;
    let fields = "me { metadata } ".repeat(20);
    let answer = jane
        .graphql(&format!("{{ authConfig {{ __typename }} {fields} }}"))
        .await;
    assert_eq!(answer.string("/me/metadata/note").len(), 10_000);
    let fields = "user { metadata } ".repeat(20);
    let sign_in = format!(
        "mutation {{ signInEmailPassword(email: \"{}\", password: \"{}\") {{ session {{ {fields} }} }} }}",
        jane.email, jane.password
    );
    let answer = jane.graphql(&sign_in).await;
    assert_eq!(
        answer
            .string("/signInEmailPassword/session/user/metadata/note")
            .len(),
        10_000
    );
}

async fn a_change_whose_answer_is_too_large_is_not_made(database: Arc<TestDatabase>) {
    let (app, jane) = somebody(&database).await;
    let admin = app.admin();
    let by_filter = |asked: &str| {
        format!(
            "mutation {{ updateUsers(where: {{ id: {{ _eq: \"{}\" }} }}, _set: {{ gender: \"other\" }}) {{ affected_rows returning {{ {asked} }} }} }}",
            jane.id
        )
    };
    let many = times(7);
    let nested = "roles { user { a: metadata b: metadata c: metadata d: metadata } }";
    for (caller, document) in [
        (&*jane, change(&jane, "gender: \"other\"", &many)),
        (&*jane, change(&jane, "gender: \"other\"", nested)),
        (&admin, change(&jane, "gender: \"other\", disabled: false", &many)),
        (&admin, by_filter(&many)),
        (&admin, by_filter(nested)),
        (
            &admin,
            format!("mutation {{ deleteUser(id: \"{}\") {{ {many} }} }}", jane.id),
        ),
    ] {
        assert_refused(&caller.graphql(&document).await);
        let found = admin.graphql("{ users { gender } }").await;
        assert_eq!(found.values("gender"), [json!("female")], "{document:.200}");
    }
    let note = "x".repeat(10_000);
    let new = format!("{{ metadata: {{ note: \"{note}\" }} }}");
    let insert = format!(
        "mutation {{ insertUsers(objects: [{}]) {{ returning {{ metadata }} }} }}",
        vec![new; 7].join(", ")
    );
    assert_refused(&admin.graphql(&insert).await);
    let found = admin.graphql("{ usersAggregate { aggregate { count } } }").await;
    assert_eq!(found.data()["usersAggregate"]["aggregate"]["count"], 1);
}

async fn a_short_answer_is_given_whatever_stands_before_it(database: Arc<TestDatabase>) {
    let (app, jane) = somebody(&database).await;
    let note = "x".repeat(5_400);
    let first = format!(
        "a: updateUser(pk_columns: {{ id: \"{}\" }}, _set: {{ metadata: {{ note: \"{note}\" }} }}) {{ {} }}",
        jane.id,
        times(12)
    );
    let second = format!(
        "b: updateUser(pk_columns: {{ id: \"{}\" }}, _set: {{ displayName: \"{}\" }}) {{ id a: displayName b: displayName c: displayName d: displayName e: displayName f: displayName }}",
        jane.id,
        "y".repeat(100)
    );
    let answer = app
        .admin()
        .graphql(&format!("mutation {{ {first} {second} }}"))
        .await;
    assert_eq!(answer.data()["b"]["id"], json!(jane.id));
}
