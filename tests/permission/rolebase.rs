//! The permissions that a product has built on Hasura mean here what they mean there: its files, with the
//! tables and columns that are here.

use std::sync::Arc;

use serde_json::json;

use super::folder::seeded;
use super::introspection::Schema;
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(
    the_schema_of_a_user_is_theirs,
    a_user_reads_what_they_grant,
    a_user_writes_what_they_grant,
    a_number_that_another_has_is_not_told,
    a_user_adds_and_removes_what_they_grant
);

const JOHN: &str = "10000000-0000-0000-0000-000000000002";

async fn jane(app: &TestApp) -> User {
    User::sign_in_as(&app.public(), "jane@example.org", seed::PASSWORD).await
}

/// Jane, proved anew: a telephone number proves who somebody is, whatever permissions say.
async fn elevated_jane(app: &TestApp) -> Caller {
    let query = "mutation ($password: String!) { elevatePassword(password: $password) { accessToken } }";
    let variables = json!({ "password": seed::PASSWORD });
    let answer = jane(app).await.graphql_with(query, variables).await;
    let token = answer.value("/elevatePassword/accessToken");
    app.public().bearer(token.as_str().unwrap())
}

async fn the_schema_of_a_user_is_theirs(database: Arc<TestDatabase>) {
    let app = seeded(&database, "rolebase").await;
    let schema = Schema::read(&app, "user").await;
    let ours = |name: &&str| name.ends_with("ByUser") || ["tokens", "members_aggregate"].contains(name);
    let fields = schema.members("users").iter().map(String::as_str);
    let mut fields: Vec<&str> = fields.filter(|name| !ours(name)).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "apps",
            "avatarUrl",
            "createdAt",
            "disabled",
            "displayName",
            "email",
            "emailVerified",
            "id",
            "isAnonymous",
            "lastSeen",
            "locale",
            "members",
            "metadata",
            "newEmail",
            "phoneNumber",
            "phoneNumberVerified",
            "refreshTokens",
            "updatedAt",
        ]
    );
    let mut set = schema.members("users_set_input").to_vec();
    set.sort_unstable();
    assert_eq!(set, ["displayName", "locale", "metadata", "phoneNumber"]);
    for hidden in [
        "authRoles",
        "authUserRoles",
        "authUserProviders",
        "authUserSecurityKeys",
        "authProviders",
        "usersAggregate",
    ] {
        assert!(!schema.has("query_root", hidden), "{hidden}");
    }
    assert!(schema.has("query_root", "membersAggregate") && schema.has("query_root", "orgsAggregate"));
    let mut apps = schema.members("apps").to_vec();
    apps.sort_unstable();
    assert_eq!(apps, ["config", "id", "type", "user", "userId"]);
}

async fn a_user_reads_what_they_grant(database: Arc<TestDatabase>) {
    let app = seeded(&database, "rolebase").await;
    let jane = jane(&app).await;
    let answer = jane
        .graphql("{ users { id email members { name org { name } } apps { type } } }")
        .await;
    assert_eq!(
        answer.data()["users"],
        json!([{
            "id": seed::JANE, "email": "Jane@Example.org",
            "members": [{ "name": "Jane", "org": { "name": "Acme" } }],
            "apps": [{ "type": "GoogleCalendar" }],
        }])
    );
    let answer = jane
        .graphql("{ orgs { name } members(order_by: { name: asc }) { name user { id } } membersAggregate { aggregate { count } } }")
        .await;
    assert_eq!(
        answer.data(),
        &json!({
            "orgs": [{ "name": "Acme" }],
            "members": [{ "name": "Jane", "user": { "id": seed::JANE } }, { "name": "John", "user": null }],
            "membersAggregate": { "aggregate": { "count": 2 } },
        })
    );
    let answer = jane.graphql("{ authRefreshTokens { userId type } }").await;
    assert!(
        answer.values("userId").iter().all(|id| *id == json!(seed::JANE)),
        "{}",
        answer.text
    );
    assert!(answer.values("type").contains(&json!("pat")));
}

async fn a_user_writes_what_they_grant(database: Arc<TestDatabase>) {
    let app = seeded(&database, "rolebase").await;
    let jane = elevated_jane(&app).await;
    let profile = |id: &str| {
        format!(
            r#"mutation {{ updateUser(pk_columns: {{ id: "{id}" }}, _set: {{ displayName: "J", locale: "fr", phoneNumber: "+33 1" }}) {{ displayName phoneNumber }} }}"#
        )
    };
    let answer = jane.graphql(&profile(&seed::JANE.to_string())).await;
    assert_eq!(
        answer.data()["updateUser"],
        json!({ "displayName": "J", "phoneNumber": "+33 1" })
    );
    assert_eq!(
        jane.graphql(&profile(JOHN)).await.data()["updateUser"],
        json!(null)
    );
    // Jane owns Acme, so she renames it and its members; Beta is not hers.
    let member = |number: u8| {
        format!(
            r#"mutation {{ updateMember(pk_columns: {{ id: "30000000-0000-0000-0000-00000000000{number}" }}, _set: {{ name: "new" }}) {{ name }} }}"#
        )
    };
    assert_eq!(
        jane.graphql(&member(2)).await.data()["updateMember"],
        json!({ "name": "new" })
    );
    assert_eq!(jane.graphql(&member(5)).await.data()["updateMember"], json!(null));
    let org = |number: u8| {
        format!(
            r#"mutation {{ updateOrg(pk_columns: {{ id: "20000000-0000-0000-0000-00000000000{number}" }}, _set: {{ name: "new" }}) {{ name }} }}"#
        )
    };
    assert_eq!(
        jane.graphql(&org(1)).await.data()["updateOrg"],
        json!({ "name": "new" })
    );
    assert_eq!(jane.graphql(&org(2)).await.data()["updateOrg"], json!(null));
}

async fn a_number_that_another_has_is_not_told(database: Arc<TestDatabase>) {
    let app = seeded(&database, "rolebase").await;
    let number = |id: &str| {
        format!(
            r#"mutation {{ updateUser(pk_columns: {{ id: "{id}" }}, _set: {{ phoneNumber: "+33 1" }}) {{ id }} }}"#
        )
    };
    let own = number(&seed::JANE.to_string());
    app.admin().graphql(&number(JOHN)).await.data();
    let refused = |answer: Answer| {
        assert_eq!(answer.error_code(), "constraint-violation");
        answer.body["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    assert!(refused(app.admin().graphql(&own).await).contains("users_phone_number_key"));
    assert_eq!(
        refused(elevated_jane(&app).await.graphql(&own).await),
        "Constraint violation. the rows cannot be written as they are"
    );
}

async fn a_user_adds_and_removes_what_they_grant(database: Arc<TestDatabase>) {
    let app = seeded(&database, "rolebase").await;
    let jane = jane(&app).await;
    let add = |org: u8, more: &str| {
        format!(
            r#"mutation {{ insertMember(object: {{ orgId: "20000000-0000-0000-0000-00000000000{org}", name: "New" {more} }}) {{ name role org {{ name }} }} }}"#
        )
    };
    let answer = jane.graphql(&add(1, "")).await;
    let added = json!({ "name": "New", "role": "Member", "org": { "name": "Acme" } });
    assert_eq!(answer.data()["insertMember"], added);
    // Beta is not hers, and the role of a member is nobody's to give.
    assert_eq!(jane.graphql(&add(2, "")).await.error_code(), "permission-error");
    assert_eq!(
        jane.graphql(&add(1, "role: Owner")).await.error_code(),
        "validation-failed"
    );
    let members = "{ membersAggregate { aggregate { count } } }";
    assert_eq!(app.admin().graphql(members).await.values("count"), [6]);

    // Of all tokens only her own personal ones go.
    let remove =
        "mutation { deleteAuthRefreshTokens(where: {}) { affected_rows returning { type userId } } }";
    let answer = jane.graphql(remove).await;
    assert_eq!(
        answer.data()["deleteAuthRefreshTokens"],
        json!({ "affected_rows": 1, "returning": [{ "type": "pat", "userId": seed::JANE }] })
    );
    let left = app.admin().graphql("{ authRefreshTokens { type } }").await;
    assert!(left.values("type").contains(&json!("pat")) && left.values("type").contains(&json!("regular")));
    for gone in [
        "deleteUsers",
        "deleteMembers",
        "deleteOrgs",
        "insertUsers",
        "insertOrgs",
        "insertApps",
    ] {
        assert!(
            !Schema::read(&app, "user").await.has("mutation_root", gone),
            "{gone}"
        );
    }
}
