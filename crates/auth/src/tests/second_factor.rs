//! What is asked for after the first proof, and what the challenge is good for.

use portico_entity::tickets;
use sea_orm::EntityTrait;
use serde_json::json;

use super::support::{Client, PASSWORD, World, code, session};
use crate::account::Account;
use crate::value::CodeVerifier;
use crate::{Factor, MfaChallenge, Policy, Presented, SignIn, flow, second_factor, store};

const EMAIL: &str = "ada@example.org";

async fn with_totp(world: &World) {
    world
        .execute("UPDATE users SET active_mfa_type = 'totp', totp_secret = 'JBSWY3DPEHPK3PXP'")
        .await;
}

fn challenge(sign_in: Result<SignIn, crate::Error>) -> MfaChallenge {
    match sign_in {
        Ok(SignIn::NeedsFactor(challenge)) => challenge,
        Ok(_) => panic!("a second factor was expected to be asked for"),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_password_alone_opens_no_session_where_there_is_a_second_factor() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    session(client.sign_up(EMAIL).await);
    with_totp(&world).await;
    let asked = challenge(client.sign_in(EMAIL, PASSWORD).await);
    assert_eq!(asked.factors, [Factor::Totp]);
    let row = tickets::Entity::find().one(&world.database.connection).await;
    let row = row.unwrap().unwrap();
    assert_eq!(
        (row.purpose.as_str(), row.authentication_methods),
        ("second-factor", Some(json!(["pwd"])))
    );
    let nobody_asks = Policy {
        second_factors: Vec::new(),
        ..Policy::default()
    };
    let auth = world.node(nobody_asks).await;
    session(Client::of(&auth).sign_in(EMAIL, PASSWORD).await);
}

#[tokio::test]
async fn a_challenge_is_no_ticket_for_anything_else() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    session(client.sign_up(EMAIL).await);
    with_totp(&world).await;
    let ticket = challenge(client.sign_in(EMAIL, PASSWORD).await).ticket;
    let ticket = || ticket.reveal().to_owned();
    let ctx = client.ctx(None);
    let verifier = || CodeVerifier::parse(&"a".repeat(43)).unwrap();
    let exchange = flow::ExchangeCodeInput {
        code: ticket(),
        code_verifier: verifier(),
    };
    let confirm = flow::ConfirmTicketInput {
        presented: Presented::new(ticket(), None).unwrap(),
        code_verifier: Some(verifier()),
    };
    let otp = flow::VerifySignInOtpEmailInput {
        email: crate::value::Email::parse(EMAIL).unwrap(),
        otp: ticket(),
    };
    let reset = flow::ResetPasswordInput {
        presented: Presented::new(ticket(), None).unwrap(),
        new_password: crate::value::Password::parse("an entirely new password").unwrap(),
    };
    assert_eq!(code(flow::exchange_code(&ctx, exchange).await), "invalid-ticket");
    assert_eq!(code(flow::confirm_ticket(&ctx, confirm).await), "invalid-ticket");
    assert_eq!(
        code(flow::verify_sign_in_otp_email(&ctx, otp).await),
        "invalid-ticket"
    );
    assert_eq!(code(flow::reset_password(&ctx, reset).await), "invalid-ticket");
    assert_eq!(code(flow::follow_link(&ctx, ticket()).await), "invalid-ticket");
    // It is good for what it was made for still.
    second_factor::present(&ctx, &ticket()).await.unwrap();
}

#[tokio::test]
async fn a_challenge_stands_a_few_tries_and_is_used_once() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    session(client.sign_up(EMAIL).await);
    with_totp(&world).await;
    let ctx = client.ctx(None);
    let first = challenge(client.sign_in(EMAIL, PASSWORD).await).ticket;
    for _ in 0..5 {
        second_factor::present(&ctx, first.reveal()).await.unwrap();
    }
    assert_eq!(
        code(second_factor::present(&ctx, first.reveal()).await),
        "invalid-ticket"
    );
    let second = challenge(client.sign_in(EMAIL, PASSWORD).await).ticket;
    let one = second_factor::present(&ctx, second.reveal()).await.unwrap();
    let other = second_factor::present(&ctx, second.reveal()).await.unwrap();
    let ada = one.user;
    let transaction = auth.database.begin().await.unwrap();
    let answered = one.take(&ctx, &*transaction).await.unwrap();
    let ada = store::users::account(&world.database.connection, ada).await;
    let ada = ada.unwrap().unwrap();
    assert_eq!(answered.first_of(&ada).unwrap().to_json(), json!(["pwd"]));
    assert_eq!(code(other.take(&ctx, &*transaction).await), "invalid-ticket");
    transaction.commit().await.unwrap();
    let third = challenge(client.sign_in(EMAIL, PASSWORD).await).ticket;
    let third = second_factor::present(&ctx, third.reveal()).await.unwrap();
    let transaction = auth.database.begin().await.unwrap();
    let answered = third.take(&ctx, &*transaction).await.unwrap();
    let grace = Account {
        id: uuid::Uuid::from_u128(1),
        ..ada
    };
    assert!(answered.first_of(&grace).is_err());
    drop(transaction);
    let late = challenge(client.sign_in(EMAIL, PASSWORD).await).ticket;
    world.advance(chrono::TimeDelta::minutes(5));
    assert_eq!(
        code(second_factor::present(&ctx, late.reveal()).await),
        "invalid-ticket"
    );
}
