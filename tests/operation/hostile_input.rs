//! Every argument of every operation with what it should not be: the answer names the field and the rule, and tells
//! nothing else. What there is to call is read from the schema, so that a new operation is covered by being there.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::set_user_roles::set_roles;
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(every_argument_of_every_operation_is_judged);

/// What is in no answer whatever is sent: words of databases, of libraries, of places, and what a template would
/// come to.
const INTERNAL: [&str; 14] = [
    "sqlx",
    "sqlite",
    "postgres",
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "panicked",
    "stack backtrace",
    "/src/",
    "RowNotFound",
    "invalid byte sequence",
    "UTF8",
    "sea_orm",
    "1787569",
];

/// Codes of faults of ours.
const FAULTS: [&str; 4] = ["unexpected", "internal-server-error", "unavailable", "timeout"];

fn hostile() -> Vec<Value> {
    let mut values: Vec<Value> = [
        "",
        " ",
        "\u{0}",
        "a\u{0}b",
        "a\nb: c",
        "a\r\nBcc: eve@example.org",
        "\u{1b}[2J",
        "<script>alert(1)</script>",
        "{{ 1337 * 1337 }}",
        "{% for x in range(9) %}{{ x }}{% endfor %}",
        "' OR 1=1 --",
        // Looks like a word of ours.
        "\u{430}dmin",
        "\u{202e}nimda",
        "p\u{430}ypal@ex\u{430}mple.org",
        "../../etc/passwd",
        "javascript:alert(1)",
        "$2y$31$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ]
    .iter()
    .map(|text| json!(text))
    .collect();
    values.push(json!("x".repeat(100_000)));
    values.extend([
        json!(7),
        json!(true),
        json!([]),
        json!({}),
        json!({ "a": "\u{0}" }),
        json!(["\u{0}"]),
    ]);
    values
}

/// An argument, or a member of an input object among the arguments.
struct Place {
    argument: String,
    member: Option<String>,
}

struct Operation {
    name: String,
    /// Name, type as it is written.
    arguments: Vec<(String, String)>,
    /// What to select, where the answer has parts.
    selection: &'static str,
}

struct Schema {
    operations: Vec<Operation>,
    /// The members of input objects, with their types.
    inputs: BTreeMap<String, Vec<(String, String)>>,
}

const INTROSPECTION: &str =
    "{ __schema { mutationType { fields { name type { ...t } args { name type { ...t } } } }
  types { name kind inputFields { name type { ...t } } } } }
  fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

fn written(type_ref: &Value) -> String {
    match type_ref["kind"].as_str().unwrap() {
        "NON_NULL" => format!("{}!", written(&type_ref["ofType"])),
        "LIST" => format!("[{}]", written(&type_ref["ofType"])),
        _ => type_ref["name"].as_str().unwrap().to_owned(),
    }
}

fn named(type_ref: &str) -> &str {
    type_ref.trim_matches(['[', ']', '!'])
}

fn typed(list: &Value) -> Vec<(String, String)> {
    let list = list.as_array().into_iter().flatten();
    list.map(|item| (item["name"].as_str().unwrap().to_owned(), written(&item["type"])))
        .collect()
}

async fn read(admin: &Caller) -> Schema {
    let answer = admin.graphql(INTROSPECTION).await;
    let schema = answer.value("/__schema");
    let kinds: BTreeMap<&str, &str> = schema["types"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| (found["name"].as_str().unwrap(), found["kind"].as_str().unwrap()))
        .collect();
    let operations = schema["mutationType"]["fields"].as_array().unwrap().iter();
    let operations = operations
        .filter(|field| {
            let name = field["name"].as_str().unwrap();
            // The others are data, whose values have tests of their own.
            let data = ["insert", "update", "delete"]
                .iter()
                .any(|verb| name.starts_with(verb));
            !data
        })
        .map(|field| {
            let type_name = written(&field["type"]);
            Operation {
                name: field["name"].as_str().unwrap().to_owned(),
                arguments: typed(&field["args"]),
                selection: match kinds[named(&type_name)] {
                    "OBJECT" => "{ __typename }",
                    _ => "",
                },
            }
        });
    let inputs = schema["types"].as_array().unwrap().iter();
    let inputs = inputs
        .filter(|found| found["kind"] == "INPUT_OBJECT")
        .map(|found| {
            (
                found["name"].as_str().unwrap().to_owned(),
                typed(&found["inputFields"]),
            )
        });
    Schema {
        operations: operations.collect(),
        inputs: inputs.collect(),
    }
}

/// A value that fits the name and the type.
fn plausible(name: &str, type_ref: &str, other: Uuid) -> Value {
    match (name, named(type_ref)) {
        (_, "Boolean") => json!(false),
        (_, "Int" | "Float") => json!(1),
        (_, "uuid") => json!(other),
        (_, "timestamptz") => json!("2030-01-01T00:00:00Z"),
        (_, "citext") => json!(format!("{}@example.org", Uuid::from_u128(rand()))),
        (_, "jsonb") => json!({}),
        ("codeVerifier", _) => json!("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ("signInMethod", _) => json!("email-password"),
        ("username", _) => json!(format!("u{}", Uuid::from_u128(rand()).simple())),
        ("roles" | "allowedRoles", _) => json!(["user"]),
        ("otp" | "ticket" | "code", _) => json!("000000"),
        (name, _) if name.to_lowercase().contains("password") => json!("correct horse battery"),
        (_, _) if type_ref.starts_with('[') => json!([]),
        (_, _) => json!("text"),
    }
}

fn rand() -> u128 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(1);
    COUNT.fetch_add(1, Ordering::Relaxed).into()
}

impl Schema {
    fn places(&self, operation: &Operation) -> Vec<Place> {
        let mut places = Vec::new();
        for (argument, type_ref) in &operation.arguments {
            places.push(Place {
                argument: argument.clone(),
                member: None,
            });
            for (member, _) in self.inputs.get(named(type_ref)).into_iter().flatten() {
                places.push(Place {
                    argument: argument.clone(),
                    member: Some(member.clone()),
                });
            }
        }
        places
    }

    /// A call with plausible values for what is required, and one value in its place.
    fn call(&self, operation: &Operation, place: &Place, value: &Value, other: Uuid) -> (String, Value) {
        let mut variables = Map::new();
        for (name, type_ref) in &operation.arguments {
            let here = *name == place.argument;
            if type_ref.ends_with('!') || here {
                variables.insert(name.clone(), plausible(name, type_ref, other));
            }
            if here {
                let inner = place
                    .member
                    .as_ref()
                    .map_or_else(|| value.clone(), |member| json!({ member: value }));
                variables.insert(name.clone(), inner);
            }
        }
        let declared = operation
            .arguments
            .iter()
            .filter(|(name, _)| variables.contains_key(name));
        let (declared, given): (Vec<_>, Vec<_>) = declared
            .map(|(name, type_ref)| (format!("${name}: {type_ref}"), format!("{name}: ${name}")))
            .unzip();
        let query = format!(
            "mutation ({}) {{ {}({}) {} }}",
            declared.join(", "),
            operation.name,
            given.join(", "),
            operation.selection
        );
        (query, Value::Object(variables))
    }
}

/// Why an answer is not as it should be.
fn fault(answer: &Answer, place: &Place) -> Option<String> {
    if answer.status >= 500 {
        return Some("a status of ours".to_owned());
    }
    let Some(error) = answer.body.pointer("/errors/0") else {
        return answer
            .body
            .get("data")
            .is_none()
            .then(|| "neither data nor errors".to_owned());
    };
    let (Some(code), Some(path), Some(message)) = (
        error.pointer("/extensions/code").and_then(Value::as_str),
        error.pointer("/extensions/path").and_then(Value::as_str),
        error["message"].as_str(),
    ) else {
        return Some("an error without code, path or message".to_owned());
    };
    if FAULTS.contains(&code) {
        return Some("a fault of ours".to_owned());
    }
    if !path.starts_with('$') {
        return Some("no path".to_owned());
    }
    if answer.text.len() > 4_000 {
        return Some(format!("an answer of {} bytes", answer.text.len()));
    }
    if let Some(word) = INTERNAL.iter().find(|word| answer.text.contains(**word)) {
        return Some(format!("tells {word:?}"));
    }
    let field = place.member.as_ref().unwrap_or(&place.argument);
    // Where another field is named, it is one that goes with this one.
    let names_a_field = message.contains(field.as_str())
        || ["email", "username", "password", "credential", "expiresAt"]
            .iter()
            .any(|name| message.starts_with(name));
    (code == "invalid-request" && !names_a_field).then(|| "names no field".to_owned())
}

/// Somebody new who may call everything: an administrator by role, signed in and elevated.
async fn caller(app: &TestApp) -> Caller {
    let root = app.user(&format!("root{}", rand())).await;
    set_roles(&app.admin(), root.id, &["user", "admin"], None)
        .await
        .data();
    let token = root.sign_in_again().await.session.access_token;
    let elevate = "mutation ($password: String!) { elevatePassword(password: $password) { accessToken } }";
    let elevated = app
        .public()
        .bearer(&token)
        .graphql_with(elevate, json!({ "password": root.password }))
        .await;
    let token = elevated.string("/elevatePassword/accessToken");
    app.public().bearer(&token).with("x-hasura-role", "admin")
}

async fn every_argument_of_every_operation_is_judged(database: Arc<TestDatabase>) {
    let limits = [
        "SIGN_INS",
        "SIGN_UPS",
        "REFRESHES",
        "MAIL_REQUESTS",
        "MAILS",
        "FAILURES",
    ];
    let limits: Vec<(String, &str)> = limits
        .iter()
        .map(|limit| (format!("PORTICO_LIMIT_{limit}"), "1000000"))
        .collect();
    let limits: Vec<(&str, &str)> = limits
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    // A busy machine is no fault of an operation.
    let settings = [limits.as_slice(), &[("PORTICO_REQUEST_TIMEOUT", "120s")]].concat();
    let app = TestApp::with(&database, &settings).await;
    let joe = app.user("joe").await;
    let schema = read(&app.admin()).await;
    assert!(
        schema.operations.len() >= 25,
        "only {} operations were found",
        schema.operations.len()
    );
    let mut admin = caller(&app).await;
    let (mut wrong, mut called) = (Vec::new(), 0);
    for operation in &schema.operations {
        for place in schema.places(operation) {
            for value in hostile() {
                let (query, variables) = schema.call(operation, &place, &value, joe.id);
                let body = json!({ "query": query, "variables": variables }).to_string();
                // Not noted as secrets: what is no name here may be one there.
                let mut answer = admin.post("application/json", body.clone()).await;
                let code = answer.body.pointer("/errors/0/extensions/code");
                if code == Some(&json!("invalid-jwt")) {
                    // The session was ended by what was called before.
                    admin = caller(&app).await;
                    answer = admin.post("application/json", body).await;
                }
                called += 1;
                if let Some(fault) = fault(&answer, &place) {
                    let shown: String = value.to_string().chars().take(60).collect();
                    let place = format!("{}.{}", place.argument, place.member.clone().unwrap_or_default());
                    let text: String = answer.text.chars().take(300).collect();
                    wrong.push(format!(
                        "{} {place} = {shown}: {fault}: {} {text}",
                        operation.name, answer.status
                    ));
                    break;
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {called}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(called > 1_000, "only {called} calls");
    joe.graphql("{ me { id } }").await;
    app.public().graphql("{ __typename }").await.data();
}
