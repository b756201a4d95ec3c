//! The endpoint that explains queries, for administrators.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use portico_query::permission::ADMIN;
use serde::Deserialize;

use crate::app::App;
use crate::data::Asking;
use crate::error::WireError;
use crate::execute::{GraphqlRequest, explain};
use crate::graphql::asking;
use crate::http::{Sender, json, plain_failure, read_body};
use crate::session::Session;

/// A query, and who is said to ask.
#[derive(Deserialize)]
struct Explained {
    query: GraphqlRequest,
    #[serde(default)]
    user: BTreeMap<String, String>,
}

/// Answers with a list: for each root field its SQL and the plan of the database.
pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Sender { caller, headers }: Sender,
    body: Body,
) -> Response {
    let body = match read_body(&headers, body, app.graphql.body).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let asking = match asking(app, caller, &headers).await {
        Ok(asking) => asking,
        Err(error) => return failure(&error),
    };
    if &*asking.session.role != ADMIN {
        let message = "You have to be an admin to access this endpoint";
        return failure(&WireError::new("access-denied", "$", message));
    }
    let Explained { query, user } = match serde_json::from_slice(&body) {
        Ok(explained) => explained,
        Err(error) => return failure(&WireError::new("parse-failed", "$", error.to_string())),
    };
    let variables = user
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value));
    let asking = Arc::new(Asking {
        session: Session::of_variables(variables.collect()),
        ..asking
    });
    match explain(&asking, query).await {
        Ok(explained) => json(&explained).into_response(),
        Err(error) => failure(&error),
    }
}

fn failure(error: &WireError) -> Response {
    let status = match error.code {
        "access-denied" => StatusCode::FORBIDDEN,
        _ => error.status(),
    };
    plain_failure(status, error.code, &error.message)
}
