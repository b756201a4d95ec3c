//! `setUserRoles`

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::consequences::is_signed_in;
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    the_roles_are_these_and_no_others,
    a_role_taken_away_is_gone_with_the_next_request,
    the_default_role_is_among_them,
    what_is_refused_changes_nothing,
    of_fifty_who_take_the_administrators_away_one_fails,
    whatever_takes_administrators_away_at_once_leaves_one,
    fifty_at_once_leave_one_list,
);

pub(super) async fn set_roles(
    caller: &Caller,
    id: Uuid,
    roles: &[&str],
    default_role: Option<&str>,
) -> Answer {
    let query = "mutation ($id: uuid!, $roles: [String!]!, $default: String) { setUserRoles(id: $id, roles: $roles, defaultRole: $default) }";
    let variables = json!({ "id": id, "roles": roles, "default": default_role });
    caller.graphql_with(query, variables).await
}

async fn held(app: &TestApp, id: Uuid) -> (String, Vec<Value>) {
    let query =
        "query ($id: uuid!) { user(id: $id) { defaultRole roles(order_by: { role: asc }) { role } } }";
    let answer = app.admin().graphql_with(query, json!({ "id": id })).await;
    (answer.string("/user/defaultRole"), answer.values("role"))
}

async fn the_roles_are_these_and_no_others(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, joe) = (app.user("jane").await, app.user("joe").await);
    let admin = app.admin();
    set_roles(&admin, jane.id, &["me", "admin", "me"], Some("me"))
        .await
        .data();
    assert_eq!(
        held(&app, jane.id).await,
        ("me".into(), vec![json!("admin"), json!("me")])
    );
    set_roles(&admin, joe.id, &["user", "admin"], None).await.data();
    set_roles(&admin, jane.id, &["user"], Some("user")).await.data();
    assert_eq!(held(&app, jane.id).await, ("user".into(), vec![json!("user")]));
    let query = "query ($id: uuid!) { auditEvents(where: { userId: { _eq: $id }, action: { _eq: \"setUserRoles\" } }, order_by: { createdAt: asc }) { outcome actorRole details } }";
    let events = admin.graphql_with(query, json!({ "id": jane.id })).await;
    let told = |roles: &[&str], default: &str| json!({ "outcome": "success", "actorRole": "admin", "details": { "roles": roles, "defaultRole": default } });
    assert_eq!(
        events.data()["auditEvents"],
        json!([told(&["admin", "me"], "me"), told(&["user"], "user")])
    );
}

async fn a_role_taken_away_is_gone_with_the_next_request(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let node = TestApp::node(&database, Arc::clone(&app.clock), &[]).await;
    let (jane, joe) = (app.user("jane").await, app.user("joe").await);
    for user in [&jane, &joe] {
        set_roles(&app.admin(), user.id, &["user", "me", "admin"], None)
            .await
            .data();
    }
    let jane = jane.sign_in_again().await;
    let on_node = node.public().bearer(&jane.session.access_token);
    let everything = "{ users { disabled } }";
    for caller in [&*jane, &on_node] {
        caller
            .with("x-hasura-role", "admin")
            .graphql(everything)
            .await
            .data();
    }
    set_roles(&app.admin(), jane.id, &["user"], None).await.data();
    let refused = jane.with("x-hasura-role", "admin").graphql(everything).await;
    assert_eq!(refused.error_code(), "access-denied", "{}", refused.text);
    assert!(is_signed_in(&jane).await, "what stays can be used");
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let refused = on_node.with("x-hasura-role", "admin").graphql(everything).await;
    assert_eq!(refused.error_code(), "access-denied", "{}", refused.text);
    // Without its default role a token is none; the next one has the new one.
    set_roles(&app.admin(), jane.id, &["me"], Some("me")).await.data();
    assert!(!is_signed_in(&jane).await);
    let refreshed = app.public().refresh(&jane.session.refresh_token).await;
    let token = refreshed.string("/refreshToken/accessToken");
    app.public().bearer(&token).graphql("{ me { id } }").await.data();
}

async fn the_default_role_is_among_them(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    for (roles, default_role) in [(&["me"][..], None), (&["me"], Some("user")), (&[], None)] {
        let answer = set_roles(&app.admin(), jane.id, roles, default_role).await;
        assert_eq!(
            answer.error_code(),
            "default-role-must-be-in-allowed-roles",
            "{roles:?}"
        );
    }
    assert_eq!(held(&app, jane.id).await.1, [json!("me"), json!("user")]);
}

async fn what_is_refused_changes_nothing(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, joe) = (app.user("jane").await, app.user("joe").await);
    let before = held(&app, jane.id).await;
    for role in ["nobody", "", "a\nb", "\u{0}", &"x".repeat(300)] {
        let answer = set_roles(&app.admin(), jane.id, &["user", role], None).await;
        assert_eq!(answer.error_code(), "role-not-allowed", "{role:?}");
    }
    let nobody = set_roles(&app.admin(), Uuid::from_u128(7), &["user"], None).await;
    assert_eq!(nobody.error_code(), "user-not-found");
    for caller in [&app.public(), &*jane] {
        let answer = set_roles(caller, joe.id, &["user"], None).await;
        assert_eq!(answer.error_code(), "validation-failed");
    }
    assert_eq!(held(&app, jane.id).await, before);

    set_roles(&app.admin(), jane.id, &["user", "admin"], None)
        .await
        .data();
    let last = set_roles(&app.admin(), jane.id, &["user"], None).await;
    assert_eq!(last.error_code(), "last-administrator");
    let admin = jane.sign_in_again().await.with("x-hasura-role", "admin");
    let answer = set_roles(&admin, joe.id, &["user", "admin"], None).await;
    assert_eq!(answer.error_code(), "elevated-claim-required");
    assert_eq!(held(&app, joe.id).await, before);
}

/// Users with the role `admin`, made without a session: fifty sign-ins cost too much.
async fn administrators(app: &TestApp, count: usize) -> Vec<Uuid> {
    let objects: Vec<Value> = (0..count)
        .map(|number| {
            json!({ "email": format!("admin{number}@example.org"), "roles": { "data": [{ "role": "user" }, { "role": "admin" }] } })
        })
        .collect();
    let query =
        "mutation ($objects: [users_insert_input!]!) { insertUsers(objects: $objects) { returning { id } } }";
    let made = app
        .admin()
        .graphql_with(query, json!({ "objects": objects }))
        .await;
    made.values("id")
        .iter()
        .map(|id| id.as_str().unwrap().parse().unwrap())
        .collect()
}

const ADMINISTRATORS: &str = "{ users(where: { active: { _eq: true }, isLocked: { _eq: false }, roles: { role: { _eq: \"admin\" } } }) { id } }";

async fn of_fifty_who_take_the_administrators_away_one_fails(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (ids, admin) = (administrators(&app, 50).await, app.admin());
    let answers = ids.iter().map(|id| set_roles(&admin, *id, &["user"], None));
    let answers = futures_util::future::join_all(answers).await;
    let refused: Vec<_> = answers
        .iter()
        .filter(|answer| answer.body.get("errors").is_some())
        .collect();
    assert_eq!(
        refused.len(),
        1,
        "{}",
        refused
            .iter()
            .map(|answer| answer.text.as_str())
            .collect::<String>()
    );
    assert_eq!(refused[0].error_code(), "last-administrator");
    assert_eq!(admin.graphql(ADMINISTRATORS).await.values("id").len(), 1);
}

async fn whatever_takes_administrators_away_at_once_leaves_one(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (ids, admin) = (administrators(&app, 50).await, app.admin());
    let ways = [
        "mutation ($id: uuid!) { disableUser(id: $id) }",
        "mutation ($id: uuid!) { lockUser(id: $id) }",
        "mutation ($id: uuid!) { setUserRoles(id: $id, roles: [\"user\"]) }",
        "mutation ($id: uuid!) { deleteUser(id: $id) { id } }",
        "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { deletedAt: \"2026-01-01\" }) { id } }",
        "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { activatedAt: null }) { id } }",
        "mutation ($id: uuid!) { deleteAuthUserRoles(where: { userId: { _eq: $id }, role: { _eq: \"admin\" } }) { affected_rows } }",
    ];
    let answers = ids
        .iter()
        .zip(ways.iter().cycle())
        .map(|(id, way)| admin.graphql_with(way, json!({ "id": id })));
    let answers = futures_util::future::join_all(answers).await;
    for answer in answers
        .iter()
        .filter(|answer| answer.body.get("errors").is_some())
    {
        assert!(
            ["last-administrator", "permission-error"].contains(&answer.error_code()),
            "{}",
            answer.text
        );
    }
    assert_eq!(admin.graphql(ADMINISTRATORS).await.values("id").len(), 1);
}

async fn fifty_at_once_leave_one_list(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, admin): (User, Caller) = (app.user("jane").await, app.admin());
    let lists: [(&[&str], &str); 3] = [
        (&["user"], "user"),
        (&["me"], "me"),
        (&["anonymous", "me", "user"], "anonymous"),
    ];
    let changes = lists
        .iter()
        .cycle()
        .take(50)
        .map(|(roles, default_role)| set_roles(&admin, jane.id, roles, Some(default_role)));
    for answer in futures_util::future::join_all(changes).await {
        answer.data();
    }
    let (default_role, roles) = held(&app, jane.id).await;
    let list = lists
        .iter()
        .find(|(_, default)| *default == default_role)
        .unwrap();
    assert_eq!(roles, list.0.iter().map(|role| json!(role)).collect::<Vec<_>>());
}
