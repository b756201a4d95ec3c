//! Users who come from other services with their password hashes.

use std::sync::Arc;

use portico_entity::users;
use sea_orm::EntityTrait;

use super::support::{Client, World, code, session};
use crate::Policy;

/// bcrypt, scrypt, Firebase's scrypt, PBKDF2 and Argon2i, from published examples.
const STORED: [(&str, &str); 5] = [
    (
        "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
        "abc",
    ),
    (
        "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$\
         cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
        "pleaseletmein",
    ),
    (
        "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,\
         sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==\
         $42xEC+ixf3L2lw==\
         $lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
        "user1password",
    ),
    ("$pbkdf2$i=4096$c2FsdA$SwB5AbdlSJq+rUnZJvch0GWkKcE", "password"),
    (
        "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
        "password",
    ),
];

async fn store(world: &World, hash: &str) {
    world
        .execute(&format!("UPDATE users SET password_hash = '{hash}'"))
        .await;
}

async fn stored(world: &World) -> String {
    let found = users::Entity::find().one(&world.database.connection).await;
    found.unwrap().unwrap().password_hash.unwrap()
}

#[tokio::test]
async fn a_hash_of_another_service_is_made_anew_at_the_first_sign_in_and_only_then() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    session(client.sign_up("ada@example.org").await);
    for (hash, password) in STORED {
        store(&world, hash).await;
        let wrong = client.sign_in("ada@example.org", "a wrong password").await;
        assert_eq!(code(wrong), "invalid-email-password");
        assert_eq!(
            stored(&world).await,
            hash,
            "only the right password tells what to hash"
        );
        let calls = auth.hash_calls();
        session(client.sign_in("ada@example.org", password).await);
        assert_eq!(auth.hash_calls(), calls + 2, "{hash}");
        let renewed = stored(&world).await;
        assert!(
            renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{renewed}"
        );
        session(client.sign_in("ada@example.org", password).await);
        assert_eq!(auth.hash_calls(), calls + 3, "{hash}");
        assert_eq!(stored(&world).await, renewed);
    }
}

#[tokio::test]
async fn a_hash_that_would_cost_too_much_costs_what_a_wrong_password_does() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    session(client.sign_up("ada@example.org").await);
    for hash in [
        "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$scrypt$ln=40,r=8,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
        "$pbkdf2-sha512$i=4294967295$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        store(&world, hash).await;
        let calls = auth.hash_calls();
        assert_eq!(
            code(client.sign_in("ada@example.org", "U*U").await),
            "invalid-email-password"
        );
        assert_eq!(auth.hash_calls(), calls + 1, "{hash}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_first_sign_ins_at_once_all_succeed_and_leave_one_hash() {
    let world = World::new().await;
    let mut policy = Policy::default();
    policy.limits.sign_ins = 1000;
    policy.limits.failures = 1000;
    let auth = Arc::new(world.node(policy).await);
    session(Client::of(&auth).sign_up("ada@example.org").await);
    let (hash, password) = STORED[0];
    store(&world, hash).await;
    let sign_ins: Vec<_> = (0..50)
        .map(|_| {
            let auth = Arc::clone(&auth);
            tokio::spawn(async move { session(Client::of(&auth).sign_in("ada@example.org", password).await) })
        })
        .collect();
    for sign_in in sign_ins {
        sign_in.await.unwrap();
    }
    let renewed = stored(&world).await;
    session(Client::of(&auth).sign_in("ada@example.org", password).await);
    assert_eq!(stored(&world).await, renewed);
    assert!(renewed.starts_with("$argon2id$"));
}
