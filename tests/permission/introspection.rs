//! The schema of a role as the running service tells it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::seed;

const QUERY: &str = "{ __schema {
  queryType { name } mutationType { name }
  types { kind name description fields(includeDeprecated: true) { name description args { name } } inputFields { name } enumValues { name } }
} }";

/// Members of each type, by the names of both.
#[derive(Debug)]
pub(super) struct Schema {
    types: BTreeMap<String, Vec<String>>,
    pub(super) text: String,
    pub(super) query: Option<String>,
    pub(super) mutation: Option<String>,
}

/// Someone with a role; where it needs a user, it is Jane.
pub(super) fn caller(app: &TestApp, role: &str) -> Caller {
    match role {
        "public" => app.public(),
        "admin" => app.admin(),
        role => app
            .admin()
            .with("x-hasura-role", role)
            .with("x-hasura-user-id", &seed::JANE.to_string()),
    }
}

impl Schema {
    pub(super) async fn read(app: &TestApp, role: &str) -> Self {
        let answer = caller(app, role).graphql(QUERY).await;
        let schema = answer.value("/__schema");
        let types = schema["types"].as_array().unwrap().iter().map(|found| {
            let members = ["fields", "inputFields", "enumValues"]
                .iter()
                .filter_map(|kind| found[kind].as_array());
            (
                text(&found["name"]),
                members.flatten().map(|member| text(&member["name"])).collect(),
            )
        });
        let root = |name: &str| schema[name]["name"].as_str().map(str::to_owned);
        Self {
            types: types.collect(),
            query: root("queryType"),
            mutation: root("mutationType"),
            text: answer.text.clone(),
        }
    }

    /// The names of a type's fields, input fields or values; empty where the role has no such type.
    pub(super) fn members(&self, name: &str) -> &[String] {
        self.types.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn has(&self, name: &str, member: &str) -> bool {
        self.members(name).iter().any(|found| found == member)
    }

    /// Every type with its members.
    pub(super) fn types(&self) -> impl Iterator<Item = (&String, &Vec<String>)> {
        self.types.iter()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
