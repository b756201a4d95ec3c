//! What has to hold of a row that is written.

use std::sync::Arc;

use serde_json::json;

use super::folder::seeded;
use super::introspection::caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(it_is_refused_before_it_is_told_what_others_met);

async fn it_is_refused_before_it_is_told_what_others_met(database: Arc<TestDatabase>) {
    let keeper = caller(&seeded(&database, "cells").await, "keeper");
    let query = "mutation ($objects: [orgs_insert_input!]!) { insertOrgs(objects: $objects, \
        on_conflict: { constraint: orgs_slug_key, update_columns: [] }) { affected_rows } }";
    let org = |name: &str| json!({ "name": name, "slug": "kept", "members": { "data": [{ "name": "M" }] } });
    // The second organisation of a name in the address is none, and has no members.
    for (names, code) in [
        (["Kept", "Kept"], "not-supported"),
        (["Lost", "Kept"], "permission-error"),
        (["Lost", "Lost"], "permission-error"),
    ] {
        let objects = names.map(org);
        let answer = keeper.graphql_with(query, json!({ "objects": objects })).await;
        assert_eq!(answer.error_code(), code, "{names:?}: {}", answer.text);
    }
}
