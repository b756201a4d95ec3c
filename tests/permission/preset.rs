//! What a permission writes has the consequences of what a request writes.

use std::sync::Arc;

use super::folder::seeded;
use crate::support::caller::User;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(what_it_proves_a_user_by_needs_an_elevated_session);

async fn what_it_proves_a_user_by_needs_an_elevated_session(database: Arc<TestDatabase>) {
    let app = seeded(&database, "presets").await;
    let jane = User::sign_in_as(&app.public(), "jane@example.org", seed::PASSWORD).await;
    let proved = jane.elevated().await;
    let id = seed::JANE;
    for field in [
        format!("updateUser(pk_columns: {{ id: \"{id}\" }}, _set: {{ displayName: \"J\" }}) {{ id }}"),
        "updateUsers(where: {}, _set: { displayName: \"J\" }) { affected_rows }".to_owned(),
        format!(
            "insertUser(object: {{ id: \"{id}\" }}, on_conflict: {{ constraint: users_pkey, update_columns: [displayName] }}) {{ id }}"
        ),
        "insertAuthUserSecurityKeys(objects: [{ nickname: \"desk\" }]) { affected_rows }".to_owned(),
    ] {
        let query = format!("mutation {{ {field} }}");
        // Twice: the second time the plan is at hand.
        for _ in 0..2 {
            let answer = jane.graphql(&query).await;
            assert_eq!(answer.error_code(), "elevated-claim-required", "{field}");
        }
        proved.graphql(&query).await.data();
    }
    // Nobody is anybody before there is a user.
    let new = "mutation { insertUsers(objects: [{ displayName: \"N\" }]) { affected_rows } }";
    let answer = jane.graphql(new).await;
    assert_eq!(
        answer.error_code(),
        "constraint-violation",
        "the name is taken: {}",
        answer.text
    );
}
