//! What a program may do with a token, and what ends that.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{call, execute, program, sign_in, token};
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_restricted_token_acts_in_its_roles_alone,
    a_token_changes_nothing_that_proves_its_user,
    what_ends_a_token_ends_what_it_was_exchanged_for,
);

async fn a_restricted_token_acts_in_its_roles_alone(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let (token, _) = token(&jane, &app.public(), json!({ "roles": ["me", "me"] })).await;
    let me = program(&app.public(), &token).await;
    let claims = me.graphql("{ users { id } }").await;
    assert_eq!(claims.values("id"), [json!(jane.id)]);
    me.with("x-hasura-role", "me")
        .graphql("{ users { id } }")
        .await
        .data();
    let answer = me.with("x-hasura-role", "user").graphql("{ users { id } }").await;
    assert_eq!(answer.error_code(), "access-denied");
    // Once its user has lost the role there is nothing left that it may do.
    execute(&database, "DELETE FROM user_roles WHERE role = 'me'").await;
    let answer = sign_in(&app.public(), &token).await;
    assert_eq!(answer.error_code(), "role-not-allowed");
}

async fn a_token_changes_nothing_that_proves_its_user(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let (token, id) = token(&jane, &app.public(), json!({})).await;
    let me = program(&app.public(), &token).await;
    let operations = operations_of_users(&app).await;
    for name in [
        "createPat",
        "changePassword",
        "elevatePassword",
        "revokeSession",
        "signOutOthers",
    ] {
        assert!(operations.iter().any(|call| call.starts_with(name)), "{name}");
    }
    for call in operations {
        let answer = me.graphql(&format!("mutation {{ {call} }}")).await;
        assert_eq!(answer.error_code(), "forbidden-pat", "{call}: {}", answer.text);
    }
    for call in ["signOut", "signOut(all: true)"] {
        let answer = me.graphql(&format!("mutation {{ {call} }}")).await;
        assert_eq!(answer.error_code(), "forbidden-pat", "{call}");
    }
    // Administrators, too, need a session for what proves a user.
    execute(
        &database,
        "INSERT INTO roles (role) SELECT 'admin' WHERE NOT EXISTS (SELECT 1 FROM roles WHERE role = 'admin')",
    )
    .await;
    let sql = "INSERT INTO user_roles (id, user_id, role) SELECT id, id, 'admin' FROM users";
    execute(&database, sql).await;
    let admin = program(&app.public(), &token)
        .await
        .with("x-hasura-role", "admin");
    let query = "mutation ($id: uuid!) {
      updateUser(pk_columns: { id: $id }, _set: { email: \"other@example.org\" }) { id }
    }";
    let answer = admin.graphql_with(query, json!({ "id": jane.id })).await;
    assert_eq!(answer.error_code(), "elevated-claim-required");
    let rest =
        "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { displayName: \"J\" }) { id } }";
    admin.graphql_with(rest, json!({ "id": jane.id })).await.data();
    jane.graphql_with(
        "mutation ($id: uuid!) { revokeSession(id: $id) }",
        json!({ "id": id }),
    )
    .await
    .data();
}

/// A call of every operation that is there for users and not for everybody.
async fn operations_of_users(app: &TestApp) -> Vec<String> {
    const FIELDS: &str = "{ __schema { mutationType { fields {
      name type { kind ofType { name kind } } args { name type { kind ofType { name } } }
    } } } }";
    let fields = async |caller: &Caller| -> Vec<Value> {
        let answer = caller.graphql(FIELDS).await;
        let fields = answer.value("/__schema/mutationType/fields").as_array().unwrap();
        // What the data path offers may be null.
        let operations = fields.iter().filter(|field| field["type"]["kind"] == "NON_NULL");
        operations.cloned().collect()
    };
    let everybody: Vec<Value> = fields(&app.public()).await;
    let as_user = app.admin().with("x-hasura-role", "user");
    let known = |field: &Value| everybody.iter().any(|other| other["name"] == field["name"]);
    let of_users = fields(&as_user).await.into_iter().filter(|field| !known(field));
    of_users.map(|field| call(&field)).collect()
}

async fn what_ends_a_token_ends_what_it_was_exchanged_for(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let public = app.public();
    let new = "an entirely new password";
    for (way, variables) in [
        ("mutation ($id: uuid!) { revokeSession(id: $id) }", true),
        (
            "mutation ($id: uuid!) { deleteAuthRefreshToken(id: $id) { id } }",
            true,
        ),
        (
            "mutation ($current: String, $new: String!) { changePassword(currentPassword: $current, newPassword: $new) }",
            false,
        ),
    ] {
        let (token, id) = token(&jane, &public, json!({})).await;
        let me = program(&public, &token).await;
        me.graphql("{ users { id } }").await.data();
        // It outlives sessions.
        jane.graphql("mutation { signOutOthers }").await.data();
        me.graphql("{ users { id } }").await.data();
        let variables = match variables {
            true => json!({ "id": id }),
            false => json!({ "current": jane.password, "new": new }),
        };
        jane.graphql_with(way, variables).await.data();
        assert_eq!(
            me.graphql("{ users { id } }").await.error_code(),
            "invalid-jwt",
            "{way}"
        );
        assert_eq!(
            sign_in(&public, &token).await.error_code(),
            "invalid-pat",
            "{way}"
        );
    }
}
