//! What is mailed and used: tickets and codes, by whom, how often, and in which order.

mod asking;
mod codes;
mod expiry;
mod links;
mod order;
mod reset;

use std::sync::Arc;

use crate::support::app::TestApp;
use crate::support::database::TestDatabase;

const LIMITS: [(&str, &str); 3] = [
    ("PORTICO_LIMIT_SIGN_INS", "10000"),
    ("PORTICO_LIMIT_MAIL_REQUESTS", "10000"),
    ("PORTICO_CLIENT_URL", "https://app.example.org"),
];

async fn app(database: &Arc<TestDatabase>) -> TestApp {
    TestApp::with(database, &LIMITS).await
}
