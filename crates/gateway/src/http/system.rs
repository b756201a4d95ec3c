//! What operators and other services ask: health, readiness, version, keys.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use portico_query::permission::ADMIN;

use super::Sender;
use super::failure::{json, plain_failure};
use crate::app::App;
use crate::error::WireError;
use crate::session::Session;

/// A load balancer asks often and waits briefly.
const READY_WITHIN: Duration = Duration::from_secs(1);

/// Whether the process lives.
pub(crate) async fn healthz() -> &'static str {
    "OK"
}

/// Whether requests can be answered.
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    match tokio::time::timeout(READY_WITHIN, app.executor().ping()).await {
        Ok(Ok(())) => "OK".into_response(),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database does not answer");
            unavailable()
        }
        Err(_) => {
            tracing::warn!("the database did not answer within a second");
            unavailable()
        }
    }
}

fn unavailable() -> Response {
    plain_failure(
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "the database does not answer",
    )
}

/// Which release this is.
pub(crate) async fn version() -> impl IntoResponse {
    json(&serde_json::json!({ "version": env!("CARGO_PKG_VERSION") }))
}

/// How the service does, for administrators.
pub(crate) async fn metrics(State(app): State<Arc<App>>, Sender { caller, headers }: Sender) -> Response {
    let refused = |error: &WireError| plain_failure(error.status(), error.code, &error.message);
    match Session::of(&app.auth, &caller, &headers).await {
        Ok(session) if &*session.role == ADMIN => {
            let format = "text/plain; version=0.0.4; charset=utf-8";
            ([(header::CONTENT_TYPE, format)], app.counters().to_prometheus()).into_response()
        }
        Ok(_) => refused(&WireError::new("access-denied", "$", "for administrators only")),
        Err(error) => refused(&error),
    }
}

/// The origins whose pages may use the passkeys of this domain (Web Authentication Level 3, 5.11).
pub(crate) async fn related_origins(State(app): State<Arc<App>>) -> Response {
    let origins = serde_json::json!({ "origins": app.auth().passkey_origins() });
    ([(header::CACHE_CONTROL, "public, max-age=300")], json(&origins)).into_response()
}

/// The public keys that verify access tokens.
pub(crate) async fn jwks(State(app): State<Arc<App>>) -> Response {
    (
        [(header::CACHE_CONTROL, "public, max-age=300")],
        json(&app.auth().jwks()),
    )
        .into_response()
}
