//! Ending sessions and looking at tokens.

use chrono::TimeDelta;

use super::support::{Client, PASSWORD, World, code, session};
use crate::flow::{self, RevokeSessionInput, SignOutInput, VerifyTokenInput};
use crate::{Policy, Session};

async fn alive(client: &Client<'_>, session: &Session) -> bool {
    client
        .auth
        .authenticate(session.access_token.reveal())
        .await
        .is_ok()
}

#[tokio::test]
async fn sign_out_ends_one_session_or_all() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let one = session(client.sign_up("ada@example.org").await);
    let two = session(client.sign_in("ada@example.org", PASSWORD).await);
    let three = session(client.sign_in("ada@example.org", PASSWORD).await);
    let four = session(client.sign_in("ada@example.org", PASSWORD).await);
    let other = session(client.sign_up("grace@example.org").await);

    let by_session = SignOutInput::default();
    flow::sign_out(&client.ctx(Some(&one.authenticated())), by_session)
        .await
        .unwrap();
    assert_eq!(
        (alive(&client, &one).await, alive(&client, &two).await),
        (false, true)
    );
    assert_eq!(
        code(client.refresh(one.refresh_token().reveal()).await),
        "invalid-refresh-token"
    );

    let token = two.refresh_token().reveal().to_owned();
    let by_token = || SignOutInput {
        refresh_token: Some(token.clone()),
        all: false,
    };
    flow::sign_out(&client.ctx(None), by_token()).await.unwrap();
    flow::sign_out(&client.ctx(None), by_token()).await.unwrap();
    assert_eq!(
        (alive(&client, &two).await, alive(&client, &three).await),
        (false, true)
    );

    let all = || SignOutInput {
        refresh_token: None,
        all: true,
    };
    assert_eq!(
        code(flow::sign_out(&client.ctx(None), all()).await),
        "unauthenticated"
    );
    assert_eq!(
        code(flow::sign_out(&client.ctx(None), SignOutInput::default()).await),
        "unauthenticated"
    );
    flow::sign_out(&client.ctx(Some(&three.authenticated())), all())
        .await
        .unwrap();
    assert_eq!(
        (alive(&client, &three).await, alive(&client, &four).await),
        (false, false)
    );
    assert!(alive(&client, &other).await);

    let forged = SignOutInput {
        refresh_token: Some("prt_x".into()),
        all: false,
    };
    assert_eq!(
        code(flow::sign_out(&client.ctx(None), forged).await),
        "invalid-refresh-token"
    );
    let outs = world
        .audit()
        .await
        .iter()
        .filter(|event| *event == "signOut success")
        .count();
    assert_eq!(outs, 3);
}

#[tokio::test]
async fn a_session_of_another_user_is_like_none() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let mine = session(client.sign_up("ada@example.org").await);
    let second = session(client.sign_in("ada@example.org", PASSWORD).await);
    let other = session(client.sign_up("grace@example.org").await);
    let revoke = async |id| {
        flow::revoke_session(
            &client.ctx(Some(&mine.authenticated())),
            RevokeSessionInput { id },
        )
        .await
    };
    assert_eq!(code(revoke(other.refresh_token_id).await), "session-not-found");
    assert_eq!(code(revoke(uuid::Uuid::from_u128(1)).await), "session-not-found");
    assert!(alive(&client, &other).await);
    revoke(second.refresh_token_id).await.unwrap();
    assert!(!alive(&client, &second).await);
    assert_eq!(code(revoke(second.refresh_token_id).await), "session-not-found");
    let nobody = RevokeSessionInput {
        id: mine.refresh_token_id,
    };
    assert_eq!(
        code(flow::revoke_session(&client.ctx(None), nobody).await),
        "unauthenticated"
    );
}

#[tokio::test]
async fn a_token_is_looked_at_strictly() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let signed = session(client.sign_up("ada@example.org").await);
    let token = signed.access_token.reveal().to_owned();
    let verify = async |token: Option<String>| {
        flow::verify_token(
            &client.ctx(Some(&signed.authenticated())),
            VerifyTokenInput { token },
        )
        .await
    };
    verify(Some(token.clone())).await.unwrap();
    verify(Some(format!("Bearer {token}"))).await.unwrap();
    verify(None).await.unwrap();
    assert_eq!(code(verify(Some("nonsense".into())).await), "invalid-jwt");
    assert_eq!(
        code(verify(Some(signed.refresh_token().reveal().into())).await),
        "invalid-jwt"
    );
    world.advance(TimeDelta::minutes(15));
    assert_eq!(code(verify(Some(token)).await), "invalid-jwt");
}

#[tokio::test]
async fn a_token_ends_with_its_session_and_with_the_rights_of_its_user() {
    let world = World::new().await;
    let policy = Policy {
        session_idle_lifetime: TimeDelta::minutes(5),
        ..Policy::default()
    };
    let auth = world.node(policy).await;
    let client = Client::of(&auth);
    let mut signed = session(client.sign_up("ada@example.org").await);
    for (no, yes) in [
        ("users SET disabled = TRUE", "users SET disabled = FALSE"),
        ("users SET is_locked = TRUE", "users SET is_locked = FALSE"),
        ("users SET deleted_at = created_at", "users SET deleted_at = NULL"),
        (
            "users SET activated_at = NULL",
            "users SET activated_at = created_at",
        ),
        (
            "refresh_tokens SET revoked_at = created_at",
            "refresh_tokens SET revoked_at = NULL",
        ),
        (
            "refresh_tokens SET session_expires_at = created_at",
            "refresh_tokens SET session_expires_at = NULL",
        ),
    ] {
        world.execute(&format!("UPDATE {no}")).await;
        assert!(!alive(&client, &signed).await, "{no}");
        world.execute(&format!("UPDATE {yes}")).await;
        // What ended with the rights of its user does not come back.
        let over = no.starts_with("users");
        assert_eq!(alive(&client, &signed).await, !over, "{yes}");
        if over {
            signed = session(client.sign_in("ada@example.org", PASSWORD).await);
        }
    }
    // Failures of others do not end a session.
    world
        .execute("UPDATE users SET locked_until = '2999-01-01T00:00:00+00:00'")
        .await;
    assert!(alive(&client, &signed).await);
    world.advance(TimeDelta::minutes(5));
    assert!(!alive(&client, &signed).await, "not used for too long");
}

#[tokio::test]
async fn a_role_taken_away_is_lost_at_once_and_a_new_one_comes_with_a_refresh() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let signed = session(client.sign_up("ada@example.org").await);
    let roles = async |session: &Session| {
        let who = auth.authenticate(session.access_token.reveal()).await;
        who.map(|who| who.allowed_roles.clone())
    };
    world
        .execute("INSERT INTO roles (role, name) VALUES ('editor', 'editor')")
        .await;
    assert_eq!(roles(&signed).await.unwrap(), ["me", "user"]);
    world
        .execute("UPDATE user_roles SET role = 'editor' WHERE role = 'me'")
        .await;
    assert_eq!(roles(&signed).await.unwrap(), ["user"]);
    world.execute("UPDATE users SET default_role = 'editor'").await;
    assert_eq!(roles(&signed).await.unwrap(), ["user"]);
    world.execute("DELETE FROM user_roles WHERE role = 'user'").await;
    assert_eq!(code(roles(&signed).await), "invalid-jwt");
    let next = client
        .refresh(signed.refresh_token().reveal())
        .await
        .ok()
        .unwrap();
    assert_eq!(roles(&next).await.unwrap(), ["editor"]);
    assert_eq!(next.authenticated().default_role, "editor");
}
