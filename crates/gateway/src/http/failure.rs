//! Answers of the layers themselves, in the two shapes that clients know.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::RequestFacts;

/// A failure as GraphQL has it.
pub(crate) fn graphql_failure(status: StatusCode, code: &'static str, message: &str) -> Response {
    let error = serde_json::json!({ "message": message, "extensions": { "path": "$", "code": code } });
    with_code(status, code, serde_json::json!({ "errors": [error] }))
}

/// A failure beside GraphQL, shaped as Hasura does.
pub(crate) fn plain_failure(status: StatusCode, code: &'static str, message: &str) -> Response {
    with_code(
        status,
        code,
        serde_json::json!({ "path": "$", "error": message, "code": code }),
    )
}

fn with_code(status: StatusCode, code: &str, body: serde_json::Value) -> Response {
    let mut response = (status, json(&body)).into_response();
    let facts = RequestFacts {
        code: Some(code.to_owned()),
        ..RequestFacts::default()
    };
    response.extensions_mut().insert(facts);
    response
}

/// The answer to an unknown path.
pub(crate) async fn not_found() -> Response {
    plain_failure(StatusCode::NOT_FOUND, "not-found", "resource does not exist")
}

/// The answer to a known path with another method.
pub(crate) async fn method_not_allowed() -> Response {
    plain_failure(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "the resource does not know this method",
    )
}

/// A body of JSON.
pub(crate) fn json(value: &serde_json::Value) -> impl IntoResponse + use<> {
    (
        [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
        value.to_string(),
    )
}
