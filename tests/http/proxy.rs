//! Who is behind a proxy.

use std::sync::Arc;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(a_trusted_proxy_tells_who_asks);

async fn a_trusted_proxy_tells_who_asks(database: Arc<TestDatabase>) {
    let variables = [
        ("PORTICO_TRUSTED_PROXIES", "127.0.0.1/32,198.51.100.0/24"),
        ("PORTICO_LIMIT_SIGN_UPS", "1"),
    ];
    let app = TestApp::with(&database, &variables).await;
    let sign_up = async |forwarded: &str, name: &str| {
        let caller = app.public().with("x-forwarded-for", forwarded);
        let answer = caller
            .sign_up(&format!("{name}@example.org"), "correct horse battery")
            .await;
        answer.body.get("errors").is_none()
    };
    assert!(sign_up("203.0.113.1", "one").await);
    assert!(!sign_up("203.0.113.1", "two").await);
    assert!(sign_up("203.0.113.2", "three").await);
    // The last address that no trusted proxy bears is the client; what stands before it anybody can write.
    assert!(!sign_up("192.0.2.99, 203.0.113.2", "four").await);
    assert!(!sign_up("203.0.113.1, 198.51.100.7", "five").await);
    // An IPv6 customer has a whole network.
    assert!(sign_up("2001:db8:1:2::1", "six").await);
    assert!(!sign_up("2001:db8:1:2::2", "seven").await);
}
