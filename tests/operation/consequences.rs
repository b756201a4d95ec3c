//! What follows when rows that tell who a user is are written by data mutations: the same as by operations.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_session_ended_by_data_is_as_one_ended_by_an_operation,
    roles_taken_by_data_are_as_those_taken_by_an_operation,
    a_user_made_by_data_is_as_one_made_by_the_operation,
    a_user_ends_own_sessions_by_data,
    the_last_administrator_stays,
    the_default_role_stays_among_the_roles,
    the_last_way_in_stays,
    a_user_made_by_data_holds_the_default_role,
    a_refused_write_leaves_nothing_behind,
    an_error_tells_a_user_nothing_of_others,
);

const SIGNED_IN: &str = "{ me { id } }";

pub(super) async fn is_signed_in(user: &User) -> bool {
    user.graphql(SIGNED_IN).await.body.get("errors").is_none()
}

/// What the audit says of a user, but for signing up and in.
async fn audited(admin: &Caller, user: &User) -> Vec<Value> {
    let query = "query ($id: uuid!) { auditEvents(where: { userId: { _eq: $id }, action: { _nlike: \"sign%\" } }, order_by: { createdAt: asc }) { action outcome actorRole details } }";
    let answer = admin.graphql_with(query, json!({ "id": user.id })).await;
    answer.value("/auditEvents").as_array().unwrap().clone()
}

async fn set(admin: &Caller, user: &User, column: &str, value: Value) -> crate::support::answer::Answer {
    let query = "mutation ($id: uuid!, $set: users_set_input!) { updateUser(pk_columns: { id: $id }, _set: $set) { id } }";
    admin
        .graphql_with(query, json!({ "id": user.id, "set": { column: value } }))
        .await
}

async fn a_session_ended_by_data_is_as_one_ended_by_an_operation(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    for query in [
        "mutation ($id: uuid!) { updateAuthRefreshToken(pk_columns: { id: $id }, _set: { revokedAt: \"2026-03-01T09:00:00Z\" }) { id } }",
        "mutation ($id: uuid!) { deleteAuthRefreshToken(id: $id) { id } }",
        "mutation ($id: uuid!) { revokeSession(id: $id) }",
    ] {
        let elsewhere = jane.sign_in_again().await;
        elsewhere.graphql(SIGNED_IN).await.data();
        let caller = if query.contains("revokeSession") {
            (*jane).clone()
        } else {
            app.admin()
        };
        caller
            .graphql_with(query, json!({ "id": elsewhere.session.id }))
            .await
            .data();
        assert!(!is_signed_in(&elsewhere).await, "{query}");
        let refreshed = app.public().refresh(&elsewhere.session.refresh_token).await;
        assert!(refreshed.body.get("errors").is_some(), "{query}");
    }
    assert!(is_signed_in(&jane).await);
    let actions: Vec<Value> = audited(&app.admin(), &jane)
        .await
        .iter()
        .map(|event| event["action"].clone())
        .collect();
    for action in [
        "updateAuthRefreshToken",
        "deleteAuthRefreshToken",
        "revokeSession",
    ] {
        assert!(actions.contains(&json!(action)), "{action}: {actions:?}");
    }
    assert_eq!(actions.len(), 3);
}

/// By data and by the operation: what holds afterwards, and what the audit tells, is the same but for the name.
async fn roles_taken_by_data_are_as_those_taken_by_an_operation(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let keeper = app.user("keeper").await;
    grant_admin(&app, &keeper).await;
    let everything = "{ users { disabled } }";
    let by_data = "mutation ($id: uuid!) { deleteAuthUserRoles(where: { userId: { _eq: $id }, role: { _neq: \"user\" } }) { affected_rows } }";
    let by_operation = "mutation ($id: uuid!) { setUserRoles(id: $id, roles: [\"user\"]) }";
    for (query, action) in [(by_data, "deleteAuthUserRoles"), (by_operation, "setUserRoles")] {
        let jane = app.user(&action.to_lowercase()).await;
        grant_admin(&app, &jane).await;
        let jane = jane.sign_in_again().await;
        let as_admin = jane.with("x-hasura-role", "admin");
        as_admin.graphql(everything).await.data();
        // Whoever is signed in has to be proved anew for either.
        let refused = as_admin.graphql_with(query, json!({ "id": jane.id })).await;
        assert_eq!(refused.error_code(), "elevated-claim-required", "{query}");
        app.admin()
            .graphql_with(query, json!({ "id": jane.id }))
            .await
            .data();
        assert_eq!(
            as_admin.graphql(everything).await.error_code(),
            "access-denied",
            "{query}"
        );
        assert!(is_signed_in(&jane).await, "{query}");
        // The last administrator stays.
        let last = app.admin().graphql_with(query, json!({ "id": keeper.id })).await;
        assert!(last.text.contains("last administrator"), "{}", last.text);
        let told: Vec<Value> = audited(&app.admin(), &jane)
            .await
            .into_iter()
            .filter(|event| event["action"] == action && event["outcome"] == "success")
            .map(|event| event["actorRole"].clone())
            .collect();
        assert!(
            !told.is_empty() && told.iter().all(|role| role == "admin"),
            "{told:?}"
        );
    }
}

/// The same user made by data and by the operation.
async fn a_user_made_by_data_is_as_one_made_by_the_operation(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let seen = "username emailVerified displayName locale metadata defaultRole active disabled isLocked isAnonymous roles(order_by: { role: asc }) { role }";
    let data = format!(
        "mutation {{ insertUser(object: {{ email: \"a@example.org\", displayName: \"Ada\", defaultRole: \"me\", metadata: {{ a: 1 }}, emailVerified: true }}) {{ {seen} }} }}"
    );
    let operation = format!(
        "mutation {{ createUser(email: \"b@example.org\", options: {{ displayName: \"Ada\", roles: [\"me\"], defaultRole: \"me\", metadata: {{ a: 1 }}, emailVerified: true }}) {{ {seen} }} }}"
    );
    let by_data = app.admin().graphql(&data).await;
    let by_operation = app.admin().graphql(&operation).await;
    assert_eq!(by_data.value("/insertUser"), by_operation.value("/createUser"));
}

async fn a_user_ends_own_sessions_by_data(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let node = TestApp::node(&database, Arc::clone(&app.clock), &[]).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let elsewhere = jane.sign_in_again().await;
    let on_node = node.public().bearer(&elsewhere.session.access_token);
    on_node.graphql(SIGNED_IN).await.data();
    let delete = "mutation ($id: uuid!) { deleteAuthRefreshToken(id: $id) { id } }";

    // Another's session is not there, and stays.
    let of_john = jane.graphql_with(delete, json!({ "id": john.session.id })).await;
    assert!(of_john.data()["deleteAuthRefreshToken"].is_null());
    assert!(is_signed_in(&john).await);

    let answer = jane
        .graphql_with(delete, json!({ "id": elsewhere.session.id }))
        .await;
    assert_eq!(
        answer.data()["deleteAuthRefreshToken"]["id"],
        json!(elsewhere.session.id)
    );
    assert!(!is_signed_in(&elsewhere).await && is_signed_in(&jane).await);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(on_node.graphql(SIGNED_IN).await.error_code(), "invalid-jwt");
    let refreshed = app.public().refresh(&elsewhere.session.refresh_token).await;
    assert_eq!(refreshed.error_code(), "invalid-refresh-token");

    // The one that asks goes, too, and nobody else's.
    let all = "mutation { deleteAuthRefreshTokens(where: {}) { affected_rows } }";
    let answer = jane.graphql(all).await;
    assert_eq!(
        answer.data()["deleteAuthRefreshTokens"]["affected_rows"],
        json!(1)
    );
    assert!(!is_signed_in(&jane).await && is_signed_in(&john).await);
    let events = audited(&app.admin(), &jane).await;
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            (
                event["action"].as_str().unwrap(),
                event["actorRole"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("deleteAuthRefreshToken", "user"),
            ("deleteAuthRefreshTokens", "user")
        ]
    );
    assert_eq!(events[0]["details"]["key"], json!(elsewhere.session.id));
}

async fn grant_admin(app: &TestApp, user: &User) {
    let query =
        "mutation ($id: uuid!) { insertAuthUserRole(object: { userId: $id, role: \"admin\" }) { id } }";
    app.admin()
        .graphql_with(query, json!({ "id": user.id }))
        .await
        .data();
}

async fn the_last_administrator_stays(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    grant_admin(&app, &ada).await;
    let removals = [
        "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { disabled: true }) { id } }",
        "mutation ($id: uuid!) { updateUsers(where: { id: { _eq: $id } }, _set: { deletedAt: \"2026-01-01\" }) { affected_rows } }",
        "mutation ($id: uuid!) { deleteAuthUserRoles(where: { userId: { _eq: $id }, role: { _eq: \"admin\" } }) { affected_rows } }",
        "mutation ($id: uuid!) { deleteUser(id: $id) { id } }",
    ];
    for query in removals {
        let answer = app.admin().graphql_with(query, json!({ "id": ada.id })).await;
        assert_eq!(
            answer.error_code(),
            "permission-error",
            "{query}: {}",
            answer.text
        );
    }
    grant_admin(&app, &bob).await;
    let both = "mutation { updateUsers(where: {}, _set: { isLocked: true }) { affected_rows } }";
    assert_eq!(app.admin().graphql(both).await.error_code(), "permission-error");
    app.admin()
        .graphql_with(removals[3], json!({ "id": ada.id }))
        .await
        .data();
}

async fn the_default_role_stays_among_the_roles(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let taken = "mutation { deleteAuthUserRoles(where: { role: { _eq: \"user\" } }) { affected_rows } }";
    assert_eq!(app.admin().graphql(taken).await.error_code(), "permission-error");
    let foreign = set(&app.admin(), &jane, "defaultRole", json!("anonymous")).await;
    assert_eq!(foreign.error_code(), "permission-error");
    set(&app.admin(), &jane, "defaultRole", json!("me")).await.data();
    app.admin().graphql(taken).await.data();
    // Another name for a role is no loss of it.
    let renamed = "mutation { updateAuthRole(pk_columns: { role: \"me\" }, _set: { role: \"myself\" }) { role usersByDefaultRole { email } } }";
    let answer = app.admin().graphql(renamed).await;
    assert_eq!(answer.values("email"), [json!("jane@example.org")]);
}

async fn the_last_way_in_stays(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let lost = set(&app.admin(), &jane, "email", Value::Null).await;
    assert_eq!(lost.error_code(), "permission-error");
    let provider = "mutation ($id: uuid!) { insertAuthUserProvider(object: { userId: $id, providerId: \"github\", providerUserId: \"j\" }) { id } }";
    app.admin()
        .graphql_with(provider, json!({ "id": jane.id }))
        .await
        .data();
    set(&app.admin(), &jane, "email", Value::Null).await.data();
    let unlinked = app
        .admin()
        .graphql("mutation { deleteAuthUserProviders(where: {}) { affected_rows } }")
        .await;
    assert_eq!(unlinked.error_code(), "permission-error");
    app.admin()
        .graphql_with(
            "mutation ($id: uuid!) { deleteUser(id: $id) { id } }",
            json!({ "id": jane.id }),
        )
        .await
        .data();
}

async fn a_user_made_by_data_holds_the_default_role(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let query = "mutation { insertUsers(objects: [{ username: \"a\" }, { username: \"b\", defaultRole: \"me\", roles: { data: [{ role: \"me\" }, { role: \"user\" }] } }]) { affected_rows returning { id roles(order_by: { role: asc }) { role } } } }";
    let answer = app.admin().graphql(query).await;
    let made = answer.value("/insertUsers");
    assert_eq!(made["affected_rows"], 4);
    assert_eq!(made["returning"][0]["roles"], json!([{ "role": "user" }]));
    assert_eq!(
        made["returning"][1]["roles"],
        json!([{ "role": "me" }, { "role": "user" }])
    );
    let ids = answer.values("id");
    assert!(
        ids.iter().all(|id| id.as_str().unwrap().get(14..15) == Some("7")),
        "{ids:?}"
    );
}

async fn a_refused_write_leaves_nothing_behind(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let query =
        "mutation ($id: uuid!) { off: updateUser(pk_columns: { id: $id }, _set: { disabled: true }) { id }
        bad: insertUser(object: { email: \"jane@example.org\" }) { id } }";
    let answer = app.admin().graphql_with(query, json!({ "id": jane.id })).await;
    assert_eq!(answer.error_code(), "constraint-violation");
    assert!(is_signed_in(&jane).await);
    assert!(audited(&app.admin(), &jane).await.is_empty());
    let connection = database.connect().await;
    let sql = "SELECT 1 FROM change_notices";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let notices = connection.query_all_raw(statement).await.unwrap().len();
    assert!(notices <= 2, "the roles of the sign-up alone: {notices}");
}

async fn an_error_tells_a_user_nothing_of_others(database: Arc<TestDatabase>) {
    let folder = tempfile::tempdir().unwrap();
    let tables = folder.path().join("databases/default/tables");
    std::fs::create_dir_all(&tables).unwrap();
    std::fs::write(folder.path().join("version.yaml"), "version: 3\n").unwrap();
    std::fs::write(
        folder.path().join("databases/databases.yaml"),
        "- name: default\n  kind: postgres\n  tables: \"!include default/tables/tables.yaml\"\n",
    )
    .unwrap();
    std::fs::write(tables.join("tables.yaml"), "- \"!include auth_orgs.yaml\"\n").unwrap();
    std::fs::write(
        tables.join("auth_orgs.yaml"),
        "table: { schema: auth, name: orgs }\ninsert_permissions:\n  - role: user\n    permission: { columns: [id, name, slug], check: {} }\n",
    )
    .unwrap();
    let path = folder.path().display().to_string();
    let app = TestApp::with(&database, &[("PORTICO_METADATA", &path)]).await;
    let jane = app.user("jane").await;
    let make = "mutation { insertOrgs(objects: [{ name: \"A\", slug: \"taken\" }]) { affected_rows } }";
    jane.graphql(make).await.data();
    let again = jane.graphql(make).await;
    assert_eq!(again.error_code(), "constraint-violation");
    assert!(
        !again.text.contains("slug") && !again.text.contains("niqueness"),
        "{}",
        again.text
    );
    assert!(app.admin().graphql(make).await.text.contains("orgs_slug_key"));
}
