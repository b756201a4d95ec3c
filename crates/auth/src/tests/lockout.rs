//! Accounts that somebody guesses the password of.

use std::sync::Arc;

use chrono::TimeDelta;
use portico_entity::users;
use sea_orm::EntityTrait;

use super::support::{Client, PASSWORD, World, code, session};
use crate::policy::EmailVerification;
use crate::value::{Password, SignUpOptionsInput};
use crate::{Auth, Error, Policy, SignIn};

const EMAIL: &str = "ada@example.org";
/// Not the network that users of tests sign up from.
const ELSEWHERE: &str = "203.0.113.7";

/// A user at home, with two names, and a limit per address that does not matter here.
async fn world() -> (World, Arc<Auth>) {
    let world = World::new().await;
    let mut policy = Policy::default();
    policy.limits.sign_ins = 1000;
    let auth = Arc::new(world.node(policy).await);
    let options = SignUpOptionsInput {
        username: Some("ada.l".to_owned()),
        ..Default::default()
    };
    session(Client::of(&auth).sign_up_with(EMAIL, options).await);
    (world, auth)
}

async fn user(world: &World) -> users::Model {
    let found = users::Entity::find().one(&world.database.connection).await;
    found.unwrap().unwrap()
}

async fn fail(auth: &Auth, address: &str, times: usize) {
    for _ in 0..times {
        let answer = Client::at(auth, address).sign_in(EMAIL, "a wrong password").await;
        assert_eq!(code(answer), "invalid-email-password");
    }
}

/// How long to wait, in seconds.
fn refused(answer: Result<SignIn, Error>) -> u64 {
    match answer {
        Err(Error::Refused(refusal)) => refusal.retry_after().unwrap().as_secs(),
        _ => panic!("a delay was expected"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_guesses_at_once_by_either_name_ten_are_compared() {
    let (world, auth) = world().await;
    let calls = auth.hash_calls();
    let guesses: Vec<_> = (0..50)
        .map(|number| {
            let auth = Arc::clone(&auth);
            tokio::spawn(async move {
                let client = Client::at(&auth, &format!("198.51.{number}.1"));
                code(match number % 2 {
                    0 => client.sign_in(EMAIL, "a wrong password").await,
                    _ => client.sign_in_username("ada.l", "a wrong password").await,
                })
            })
        })
        .collect();
    let mut codes = Vec::new();
    for guess in guesses {
        codes.push(guess.await.unwrap());
    }
    let late = codes.iter().filter(|code| **code == "too-many-requests").count();
    assert_eq!((late, auth.hash_calls() - calls), (40, 10));
    auth.show_failures().await.unwrap();
    assert_eq!(user(&world).await.attempt_number, 10);
}

#[tokio::test]
async fn the_networks_of_the_user_are_spared_and_have_a_budget_of_their_own() {
    let (world, auth) = world().await;
    fail(&auth, ELSEWHERE, 10).await;
    let home = Client::at(&auth, "192.0.2.200");
    session(home.sign_in(EMAIL, PASSWORD).await);
    session(home.sign_in_username("ada.l", PASSWORD).await);
    // That the user came in gives nobody elsewhere another guess.
    assert_eq!(
        refused(Client::at(&auth, ELSEWHERE).sign_in(EMAIL, PASSWORD).await),
        5
    );
    fail(&auth, "192.0.2.200", 10).await;
    assert_eq!(refused(home.sign_in(EMAIL, PASSWORD).await), 5);
    auth.show_failures().await.unwrap();
    assert_eq!(user(&world).await.attempt_number, 20);
    // A delay ends by itself.
    world.advance(TimeDelta::seconds(5));
    session(home.sign_in(EMAIL, PASSWORD).await);
    auth.show_failures().await.unwrap();
    assert_eq!(user(&world).await.attempt_number, 10);
}

#[tokio::test]
async fn a_network_is_known_for_thirty_days() {
    for (days, known) in [(29, true), (31, false)] {
        let (world, auth) = world().await;
        world.advance(TimeDelta::days(days));
        fail(&auth, ELSEWHERE, 10).await;
        let answer = Client::of(&auth).sign_in(EMAIL, PASSWORD).await;
        match known {
            true => drop(session(answer)),
            false => assert_eq!(refused(answer), 5),
        }
    }
}

#[tokio::test]
async fn an_account_shows_its_failures_until_a_success() {
    let (world, auth) = world().await;
    let updated = user(&world).await;
    assert_eq!((updated.attempt_number, updated.last_attempt), (0, None));
    world.advance(TimeDelta::seconds(1));
    fail(&auth, ELSEWHERE, 10).await;
    auth.show_failures().await.unwrap();
    let now = updated.created_at + TimeDelta::seconds(1);
    let shown = user(&world).await;
    assert_eq!((shown.attempt_number, shown.last_attempt), (10, Some(now)));
    assert_eq!(shown.locked_until, Some(now + TimeDelta::seconds(5)));
    assert!(!shown.is_locked);
    world.advance(TimeDelta::seconds(5));
    session(Client::at(&auth, ELSEWHERE).sign_in(EMAIL, PASSWORD).await);
    let shown = user(&world).await;
    assert_eq!((shown.attempt_number, shown.locked_until), (0, None));
    fail(&auth, ELSEWHERE, 10).await;
}

#[tokio::test]
async fn an_administrator_lifts_a_lock_and_sets_one() {
    let (world, auth) = world().await;
    let elsewhere = Client::at(&auth, ELSEWHERE);
    for lift in ["locked_until = NULL", "attempt_number = 0, locked_until = NULL"] {
        fail(&auth, ELSEWHERE, 10).await;
        auth.show_failures().await.unwrap();
        assert_eq!(refused(elsewhere.sign_in(EMAIL, PASSWORD).await), 5);
        world.execute(&format!("UPDATE users SET {lift}")).await;
        session(elsewhere.sign_in(EMAIL, PASSWORD).await);
        world
            .execute("DELETE FROM refresh_tokens WHERE ip = '203.0.113.7'")
            .await;
    }
    world
        .execute("UPDATE users SET locked_until = '2999-01-01T00:00:00+00:00'")
        .await;
    let calls = auth.hash_calls();
    assert!(refused(elsewhere.sign_in(EMAIL, PASSWORD).await) > 1_000_000);
    assert_eq!(auth.hash_calls(), calls);
    session(Client::of(&auth).sign_in(EMAIL, PASSWORD).await);
}

#[tokio::test]
async fn failures_are_forgotten_a_day_after_the_last() {
    let (world, auth) = world().await;
    fail(&auth, ELSEWHERE, 9).await;
    world.advance(TimeDelta::hours(24));
    fail(&auth, ELSEWHERE, 10).await;
    auth.show_failures().await.unwrap();
    assert_eq!(user(&world).await.attempt_number, 10);
}

#[tokio::test]
async fn the_right_password_is_no_guess_whatever_keeps_its_user_out() {
    for (kept_out, code_of_it) in [
        ("disabled = true", "disabled-user"),
        ("is_locked = true", "locked-user"),
        ("activated_at = NULL", "inactive-user"),
        ("email_verified = false", "unverified-user"),
    ] {
        let (world, _) = world().await;
        let mut policy = Policy {
            email_verification: EmailVerification::Required,
            ..Policy::default()
        };
        policy.limits.sign_ins = 1000;
        let auth = world.node(policy).await;
        world.execute(&format!("UPDATE users SET {kept_out}")).await;
        let elsewhere = Client::at(&auth, ELSEWHERE);
        fail(&auth, ELSEWHERE, 9).await;
        for _ in 0..12 {
            assert_eq!(code(elsewhere.sign_in(EMAIL, PASSWORD).await), code_of_it);
        }
        auth.show_failures().await.unwrap();
        assert_eq!(user(&world).await.attempt_number, 0, "{kept_out}");
        fail(&auth, ELSEWHERE, 10).await;
        refused(elsewhere.sign_in(EMAIL, PASSWORD).await);
    }
}

#[tokio::test]
async fn whoever_proves_to_be_signed_in_makes_no_guess_with_a_new_password_that_is_none() {
    let (world, auth) = world().await;
    let home = Client::of(&auth);
    let signed_in = session(home.sign_in(EMAIL, PASSWORD).await);
    for _ in 0..12 {
        let input = crate::flow::ChangePasswordInput {
            current_password: Some(Password::parse_presented(PASSWORD).unwrap()),
            new_password: Password::parse("password123").unwrap(),
        };
        let answer = crate::flow::change_password(&home.ctx(Some(&signed_in.authenticated())), input).await;
        assert_eq!(code(answer), "password-too-common");
    }
    auth.show_failures().await.unwrap();
    assert_eq!(user(&world).await.attempt_number, 0);
}

#[tokio::test]
async fn who_gets_no_turn_has_not_guessed() {
    let (world, auth) = world().await;
    let mut policy = Policy {
        hashing_queue: 0,
        ..Policy::default()
    };
    policy.limits.sign_ins = 1000;
    let full = world.node(policy).await;
    for name in [EMAIL, "nobody@example.org"] {
        for _ in 0..12 {
            // The queue says so, not the delay.
            assert_eq!(
                refused(Client::at(&full, ELSEWHERE).sign_in(name, PASSWORD).await),
                2
            );
        }
    }
    fail(&auth, ELSEWHERE, 9).await;
    for _ in 0..3 {
        assert_eq!(
            refused(Client::at(&full, ELSEWHERE).sign_in(EMAIL, PASSWORD).await),
            2
        );
    }
    session(Client::at(&auth, ELSEWHERE).sign_in(EMAIL, PASSWORD).await);
}

#[tokio::test]
async fn that_a_delay_begins_is_written_down_and_what_it_refuses_is_not() {
    let (world, auth) = world().await;
    for name in [EMAIL, "nobody@example.org"] {
        let before = world.audit().await.len();
        for _ in 0..14 {
            drop(
                Client::at(&auth, ELSEWHERE)
                    .sign_in(name, "a wrong password")
                    .await,
            );
        }
        let mut told = world.audit().await.split_off(before);
        told.sort();
        let mut expected = vec!["signInEmailPassword refused invalid-email-password"; 10];
        expected.push("signInEmailPassword refused too-many-requests");
        assert_eq!(told, expected, "{name}");
    }
}

#[tokio::test]
async fn a_delay_that_the_row_shows_ends_where_the_clock_is_set_back() {
    let (world, auth) = world().await;
    world.advance(TimeDelta::hours(5));
    fail(&auth, ELSEWHERE, 10).await;
    auth.show_failures().await.unwrap();
    let elsewhere = Client::at(&auth, ELSEWHERE);
    assert_eq!(refused(elsewhere.sign_in(EMAIL, PASSWORD).await), 5);
    world.advance(TimeDelta::hours(-3));
    session(elsewhere.sign_in(EMAIL, PASSWORD).await);
}
