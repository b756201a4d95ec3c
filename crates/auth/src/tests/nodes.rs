//! Nodes that read changes beside their requests, as the service does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::support::{Client, PASSWORD, World, session};
use super::token_cache::{alive, remember};
use crate::flow::{self, SignOutInput};
use crate::{Auth, Policy};

/// Reads changes as the service does, until dropped.
struct Watching(Vec<tokio::task::JoinHandle<()>>);

impl Watching {
    fn of(nodes: &[Arc<Auth>]) -> Self {
        let watch = |node: &Arc<Auth>| {
            let node = Arc::clone(node);
            tokio::spawn(async move {
                loop {
                    node.catch_up().await.unwrap();
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
            })
        };
        Self(nodes.iter().map(watch).collect())
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_nodes_hear_of_it() {
    let world = World::new().await;
    let [one, two] = [
        Arc::new(world.node(Policy::default()).await),
        Arc::new(world.node(Policy::default()).await),
    ];
    let _watching = Watching::of(&[Arc::clone(&one), Arc::clone(&two)]);
    let client = Client::of(&one);
    let signed = session(client.sign_up("ada@example.org").await);
    remember(&two, &signed).await;
    flow::sign_out(
        &client.ctx(Some(&signed.authenticated())),
        SignOutInput::default(),
    )
    .await
    .unwrap();
    assert!(!alive(&one, &signed).await);
    let began = Instant::now();
    while alive(&two, &signed).await {
        assert!(began.elapsed() < Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn none_of_fifty_at_once_gets_through_after_the_answer() {
    let world = World::new().await;
    let auth = Arc::new(world.node(Policy::default()).await);
    let _watching = Watching::of(&[Arc::clone(&auth)]);
    let client = Client::of(&auth);
    session(client.sign_up("ada@example.org").await);
    for _ in 0..5 {
        let signed = session(client.sign_in("ada@example.org", PASSWORD).await);
        let over = Arc::new(AtomicBool::new(false));
        let requests = (0..50).map(|_| {
            let (auth, over) = (Arc::clone(&auth), Arc::clone(&over));
            let token = signed.access_token.reveal().to_owned();
            tokio::spawn(async move {
                loop {
                    let after = over.load(Ordering::SeqCst);
                    let let_through = auth.authenticate(&token).await.is_ok();
                    if after {
                        return let_through;
                    }
                    tokio::task::yield_now().await;
                }
            })
        });
        let requests: Vec<_> = requests.collect();
        remember(&auth, &signed).await;
        let own = SignOutInput::default();
        flow::sign_out(&client.ctx(Some(&signed.authenticated())), own)
            .await
            .unwrap();
        over.store(true, Ordering::SeqCst);
        for request in requests {
            assert!(!request.await.unwrap());
        }
    }
}
