//! The admin secret.

use chrono::TimeDelta;

use super::support::{ADMIN_SECRET, World, caller, code, home};
use crate::Policy;

#[tokio::test]
async fn wrong_secrets_are_counted_per_address_by_all_nodes() {
    let world = World::new().await;
    let (one, two) = (
        world.node(Policy::default()).await,
        world.node(Policy::default()).await,
    );
    assert!(one.check_admin_secret(&home(), ADMIN_SECRET).await.is_ok());
    for number in 0..10 {
        let node = if number % 2 == 0 { &one } else { &two };
        assert_eq!(
            code(node.check_admin_secret(&home(), "wrong").await),
            "access-denied"
        );
    }
    world.advance(TimeDelta::seconds(1));
    for node in [&one, &two] {
        assert_eq!(
            code(node.check_admin_secret(&home(), "wrong").await),
            "too-many-requests"
        );
        assert_eq!(
            code(node.check_admin_secret(&home(), ADMIN_SECRET).await),
            "too-many-requests"
        );
        assert!(
            node.check_admin_secret(&caller("192.0.2.99"), ADMIN_SECRET)
                .await
                .is_ok()
        );
    }
    world.advance(TimeDelta::seconds(60));
    assert!(one.check_admin_secret(&home(), ADMIN_SECRET).await.is_ok());
}
