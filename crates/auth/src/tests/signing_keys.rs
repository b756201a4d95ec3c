//! Which key signs: one that others know by now and that its tokens do not outlive, whatever is configured after
//! what.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::support::{Client, PASSWORD, World, session};
use crate::{Auth, Clock, Policy, Session, SigningAlgorithm};

fn signing_with(algorithm: SigningAlgorithm) -> Policy {
    Policy {
        algorithm,
        ..Policy::default()
    }
}

fn minutes(count: i64) -> TimeDelta {
    TimeDelta::minutes(count)
}

fn kid(session: &Session) -> String {
    let header = jsonwebtoken::decode_header(session.access_token.reveal()).unwrap();
    header.kid.unwrap()
}

async fn sign_in(auth: &Auth) -> Session {
    session(Client::of(auth).sign_in("ada@example.org", PASSWORD).await)
}

/// Nodes as time goes by, with every token they gave and when each key was published.
struct Watch {
    world: World,
    nodes: Vec<Auth>,
    tokens: Vec<(DateTime<Utc>, Session)>,
    published: BTreeMap<String, DateTime<Utc>>,
    /// The key of the very first start, which nobody could know before.
    first: String,
}

impl Watch {
    /// A first node, for long enough that its key is known.
    async fn new(policy: Policy) -> Self {
        let world = World::new().await;
        let node = world.node(policy).await;
        let first = kid(&session(Client::of(&node).sign_up("ada@example.org").await));
        let mut watch = Self {
            world,
            nodes: vec![node],
            tokens: Vec::new(),
            published: BTreeMap::new(),
            first,
        };
        watch.pass(11).await;
        watch
    }

    fn now(&self) -> DateTime<Utc> {
        self.world.clock.now()
    }

    async fn add(&mut self, policy: Policy) {
        let node = self.world.node(policy).await;
        self.nodes.push(node);
    }

    /// Replaces all nodes.
    async fn restart(&mut self, policy: Policy) {
        self.nodes.clear();
        self.add(policy).await;
    }

    /// Lets minutes pass, in each of which every node signs, and what was signed before is good until it expires.
    async fn pass(&mut self, count: i64) {
        for _ in 0..count {
            let now = self.now();
            for node in &self.nodes {
                node.maintain().await.unwrap();
                for key in node.jwks()["keys"].as_array().unwrap() {
                    let kid = key["kid"].as_str().unwrap().to_owned();
                    self.published.entry(kid).or_insert(now);
                }
            }
            for node in &self.nodes {
                let signed = sign_in(node).await;
                let kid = kid(&signed);
                let known = now - self.published[&kid] >= minutes(10);
                assert!(known || kid == self.first, "an unknown key signs at {now}");
                let expires_at = now + TimeDelta::seconds(signed.access_token_expires_in);
                self.tokens.push((expires_at, signed));
            }
            self.tokens.retain(|(expires_at, _)| *expires_at > now);
            for (node, (expires_at, token)) in self
                .nodes
                .iter()
                .flat_map(|node| self.tokens.iter().map(move |token| (node, token)))
            {
                let good = node.authenticate(token.access_token.reveal()).await.is_ok();
                assert!(good, "a token that expires at {expires_at} is refused at {now}");
            }
            self.world.advance(minutes(1));
        }
    }
}

#[tokio::test]
async fn going_back_to_an_algorithm_costs_no_token() {
    // The end of the first key is further away, or nearer, than it takes every node to hear of it.
    for between in [3, 15, 25, 40] {
        let mut watch = Watch::new(signing_with(SigningAlgorithm::EdDsa)).await;
        watch.restart(signing_with(SigningAlgorithm::Es256)).await;
        watch.pass(between).await;
        watch.restart(signing_with(SigningAlgorithm::EdDsa)).await;
        watch.pass(32).await;
        let last = watch.nodes[0].jwks();
        let last = last["keys"].as_array().unwrap();
        assert_eq!((last.len(), &last[0]["alg"]), (1, &"EdDSA".into()), "{between}");
        let again = last[0]["kid"] == *watch.first;
        assert_eq!(
            again,
            between < 20,
            "{between}: the first key goes on if its end is not near"
        );
    }
}

#[tokio::test]
async fn the_earlier_algorithm_signs_until_the_key_of_the_new_one_is_known() {
    let mut watch = Watch::new(signing_with(SigningAlgorithm::EdDsa)).await;
    watch.restart(signing_with(SigningAlgorithm::Es256)).await;
    assert_eq!(kid(&sign_in(&watch.nodes[0]).await), watch.first);
    watch.pass(11).await;
    assert_ne!(kid(&sign_in(&watch.nodes[0]).await), watch.first);
    watch.pass(40).await;
}

#[tokio::test]
async fn nodes_of_two_algorithms_keep_both_keys() {
    let mut watch = Watch::new(signing_with(SigningAlgorithm::EdDsa)).await;
    watch.add(signing_with(SigningAlgorithm::Es256)).await;
    watch.pass(40).await;
    assert_eq!(
        watch.published.len(),
        2,
        "no more keys are made than algorithms are configured"
    );
    watch.restart(signing_with(SigningAlgorithm::Es256)).await;
    watch.pass(40).await;
}

#[tokio::test]
async fn a_longer_lifetime_does_not_outlive_a_key_that_ends() {
    let mut watch = Watch::new(Policy::default()).await;
    watch.world.advance(TimeDelta::days(90));
    watch.pass(5).await;
    // The first key has its end; the next one is not known yet.
    let longer = Policy {
        access_token_lifetime: TimeDelta::hours(4),
        ..Policy::default()
    };
    watch.restart(longer).await;
    let signed = sign_in(&watch.nodes[0]).await;
    assert_eq!(kid(&signed), watch.first);
    assert!(
        signed.access_token_expires_in < 30 * 60,
        "{}",
        signed.access_token_expires_in
    );
    watch.pass(40).await;
    let signed = sign_in(&watch.nodes[0]).await;
    assert_ne!(kid(&signed), watch.first);
    assert_eq!(signed.access_token_expires_in, 4 * 3_600);
}
