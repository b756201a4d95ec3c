//! The questions of the bench, compiled.

use portico_entity::catalogue::catalogue;
use portico_query::permission::{self, Permissions};
use portico_query::plan::Bind;
use portico_query::plan::build::{self, Kind};
use portico_query::request::{Input, Selection, Variables};
use portico_query::scalar::Parameter;
use portico_query::sql::{self, AnswerWork, Compiled, Dialect, Read, ResponseValue, Work, WriteWork};
use serde_json::json;

use super::users::{SOME_ORG, SOMEONE};

fn field(name: &str) -> Selection {
    related(name, &[], &[])
}

fn related(name: &str, arguments: &[(&str, Input)], selections: &[Selection]) -> Selection {
    Selection {
        name: name.to_owned(),
        key: name.to_owned(),
        arguments: arguments
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        selections: selections.to_vec(),
    }
}

fn object(key: &str, value: Input) -> Input {
    Input::Object(vec![(key.to_owned(), value)])
}

fn variable(name: &str) -> Input {
    Input::Variable(name.to_owned())
}

fn columns() -> Vec<Selection> {
    let names = [
        "id",
        "createdAt",
        "displayName",
        "avatarUrl",
        "locale",
        "email",
        "emailVerified",
        "metadata",
    ];
    names.map(field).into()
}

/// The questions of the bench by name, each with who asks it.
fn questions() -> Vec<(&'static str, &'static [&'static str], Kind, Selection)> {
    const BOTH: &[&str] = &["user", "admin"];
    let roles = related("roles", &[], &[field("id"), field("role")]);
    let whole: Vec<Selection> = columns().into_iter().chain([roles]).collect();
    let profile = related("user", &[("id", variable("id"))], &whole);
    let newest = object("createdAt", Input::Enum("desc".to_owned()));
    let window = [("order_by", newest.clone()), ("limit", Input::Number(100.into()))];
    let list = related("users", &window, &whole);
    let set = object("displayName", variable("name"));
    let key = object("id", variable("id"));
    let update = related("updateUser", &[("pk_columns", key), ("_set", set)], &columns());
    let german = object("locale", object("_eq", Input::String("de".to_owned())));
    let aggregate = related("aggregate", &[], &[field("count")]);
    let count = related(
        "usersAggregate",
        &[("where", german.clone())],
        std::slice::from_ref(&aggregate),
    );
    let counted = related("roles_aggregate", &[], std::slice::from_ref(&aggregate));
    let counts = related("users", &window, &[field("id"), counted]);
    let org = related("org", &[], &[field("id"), field("name")]);
    let members = related("members", &[], &[field("role"), org]);
    let page = [("order_by", newest.clone()), ("limit", Input::Number(20.into()))];
    let levels = related("users", &page, &[field("id"), members]);
    let before = Input::Object(vec![
        ("createdAt".to_owned(), object("_lt", variable("before"))),
        ("emailVerified".to_owned(), object("_eq", Input::Boolean(true))),
    ]);
    let page = [page.as_slice(), &[("where", before)]].concat();
    let filter = related("users", &page, &columns());
    let inside = Input::Object(vec![
        ("orgId".to_owned(), object("_eq", variable("org"))),
        ("user".to_owned(), german.clone()),
    ]);
    let nested = related(
        "membersAggregate",
        &[("where", inside)],
        std::slice::from_ref(&aggregate),
    );
    vec![
        ("levels", &["admin"], Kind::Query, levels),
        ("filter", BOTH, Kind::Query, filter),
        ("nested", &["admin"], Kind::Query, nested),
        ("upsert", &["admin"], Kind::Mutation, upsert()),
        ("insert", &["admin"], Kind::Mutation, insert()),
        ("profile", BOTH, Kind::Query, profile),
        ("list", BOTH, Kind::Query, list),
        ("count", &["admin"], Kind::Query, count),
        ("counts", &["admin"], Kind::Query, counts),
        ("me", BOTH, Kind::Query, related("me", &[], &whole)),
        ("update", BOTH, Kind::Mutation, update),
    ]
}

fn upsert() -> Selection {
    let object = Input::Object(vec![
        ("userId".to_owned(), variable("id")),
        ("firstName".to_owned(), variable("name")),
    ]);
    let conflict = Input::Object(vec![
        ("constraint".to_owned(), Input::Enum("contacts_pkey".to_owned())),
        (
            "update_columns".to_owned(),
            Input::List(vec![Input::Enum("firstName".to_owned())]),
        ),
    ]);
    let arguments = [("object", object), ("on_conflict", conflict)];
    related("insertContact", &arguments, &[field("userId"), field("name")])
}

fn insert() -> Selection {
    let named = object("displayName", variable("name"));
    let returning = related("returning", &[], &columns());
    related(
        "insertUsers",
        &[("objects", named)],
        &[field("affected_rows"), returning],
    )
}

pub(super) fn variables() -> Variables {
    let variables =
        json!({ "id": SOMEONE, "name": "Somebody", "org": SOME_ORG, "before": "2020-01-03T00:00:00Z" });
    serde_json::from_value(variables).unwrap()
}

/// Every question as each role that asks it, compiled.
pub(super) fn statements(dialect: Dialect) -> Vec<(String, Compiled)> {
    let permissions = Permissions::embedded(catalogue()).unwrap();
    let mut compiled = Vec::new();
    for (name, roles, kind, selection) in questions() {
        for role in roles {
            let plan = build::plan(kind, std::slice::from_ref(&selection), &variables()).unwrap();
            let permitted = permission::apply(&permissions.role(role), plan).unwrap();
            compiled.push((format!("{name} as {role}"), sql::compile(&permitted, dialect)));
        }
    }
    compiled
}

/// The statements of a work with their parameters, but for those that add rows only.
pub(super) fn parts(work: &Work) -> Vec<(String, &[Bind])> {
    match work {
        Work::Known(_) => Vec::new(),
        Work::Read(found) => vec![part(found)],
        Work::Mutate(mutation) => {
            let writes = mutation.writes.iter().filter_map(|write| match write {
                WriteWork::Rows(rows) => {
                    Some((rows.statement.sql.to_string(), rows.statement.binds.as_slice()))
                }
                WriteWork::AtOnce(found) => Some(part(found)),
                WriteWork::Nothing | WriteWork::Insert(_) => None,
            });
            let answers = match &mutation.answer {
                AnswerWork::Row(found) => vec![found],
                AnswerWork::Response(members) | AnswerWork::Responses(members) => members
                    .iter()
                    .filter_map(|(_, value)| match value {
                        ResponseValue::Returning(found) => Some(found),
                        ResponseValue::Known(_) | ResponseValue::AffectedRows => None,
                    })
                    .collect(),
            };
            writes.chain(answers.into_iter().map(part)).collect()
        }
    }
}

/// The statement for the values of the questions.
fn part(read: &Read) -> (String, &[Bind]) {
    let number = |bind: &Bind| bind.operand.resolve(&variables())?.as_i64();
    let parameters: Vec<Parameter> = read
        .binds
        .iter()
        .map(|bind| number(bind).map_or(Parameter::Null, Parameter::Integer))
        .collect();
    (read.text(&parameters).into_owned(), &read.binds)
}
