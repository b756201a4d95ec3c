//! What only backends may exists for whoever holds the admin secret and says so.

use std::sync::Arc;

use serde_json::json;

use super::folder::seeded;
use super::introspection::caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(it_exists_for_backends_alone);

const HEADER: &str = "x-hasura-use-backend-only-permissions";

async fn it_exists_for_backends_alone(database: Arc<TestDatabase>) {
    let app = seeded(&database, "cells").await;
    let update = format!(
        r#"mutation {{ updateUser(pk_columns: {{ id: "{}" }}, _set: {{ locale: "de" }}) {{ locale gender }} }}"#,
        seed::JANE
    );
    let guest = caller(&app, "guest").with("x-hasura-now", "2026-01-01T00:00:00Z");
    for _ in 0..2 {
        // Neither of the two is answered by what was prepared for the other.
        assert_eq!(guest.graphql(&update).await.error_code(), "validation-failed");
        assert_eq!(
            guest.with(HEADER, "false").graphql(&update).await.error_code(),
            "validation-failed"
        );
        let answer = guest.with(HEADER, "true").graphql(&update).await;
        assert_eq!(
            answer.data()["updateUser"],
            json!({ "locale": "de", "gender": "other" })
        );
    }
    // A preset column is no longer the client's to give.
    let preset = update.replace("locale: \"de\"", "gender: \"male\"");
    assert_eq!(
        guest.with(HEADER, "true").graphql(&preset).await.error_code(),
        "validation-failed"
    );
    // Without the secret the header says nothing.
    let jane =
        crate::support::caller::User::sign_in_as(&app.public(), "jane@example.org", seed::PASSWORD).await;
    let answer = jane
        .with(HEADER, "true")
        .with("x-hasura-role", "guest")
        .graphql(&update)
        .await;
    assert_eq!(answer.error_code(), "access-denied");
}
