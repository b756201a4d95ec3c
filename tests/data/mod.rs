//! The generated API over a small set of data: a folder per case, an expected answer per role beside the request.

mod caching;
mod case;
mod costly_writes;
mod differential;
mod explain;
mod filters;
mod held_up;
mod merged;
mod shared_writes;
mod statistics;
mod variables;
mod written;

use std::sync::Arc;

use crate::support::app::TestApp;
use crate::support::caller::User;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(every_case_answers_as_expected);

async fn every_case_answers_as_expected(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let connection = database.connect().await;
    seed::insert(&connection).await;
    let jane = User::sign_in_as(&app.public(), "jane@example.org", seed::PASSWORD).await;
    let mut differences = Vec::new();
    let cases = case::all();
    for case in &cases {
        for (role, caller) in [("user", &*jane), ("admin", &app.admin())] {
            let Some(expected) = case.expected(role) else {
                continue;
            };
            // The second time the plan is at hand already.
            for _ in 0..2 {
                let answer = caller.post_json(&case.request).await;
                differences.extend(case.compare(role, &expected, &answer).err());
                if case.writes() {
                    seed::restore(&connection).await;
                }
            }
        }
    }
    let (wrong, total) = (differences.len(), cases.len());
    assert!(
        differences.is_empty(),
        "{wrong} answers of {total} cases differ\n\n{}",
        differences.join("\n\n")
    );
}
