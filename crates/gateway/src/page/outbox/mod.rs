//! What was or would be mailed, for whoever develops an application on this machine.
//!
//! Mails open accounts, so the page answers this machine alone: the caller's own address is loopback, no proxy
//! says that it speaks for another, and the browser was asked for this machine by name, which a page elsewhere
//! that has its name resolve to this machine cannot bring about.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};
use minijinja::value::Serde;
use minijinja::{Environment, context};
use portico_auth::{OutboxMessage, OutboxState};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::http::{json, not_found, plain_failure};

/// Messages on the page.
const MOST: u64 = 100;
/// The page has a style sheet within itself and no script.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";
/// Templates of the operator's may show pictures of theirs.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";
/// By which a proxy says for whom it speaks.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/// The pages.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/dev/outbox", get(page))
        .route("/dev/outbox.json", get(list))
        .route("/dev/outbox/{id}", get(message))
        .layer(from_fn(here_alone))
}

async fn here_alone(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let near = peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
    match near && is_asked_for_here(request.headers()) {
        true => next.run(request).await,
        false => not_found().await,
    }
}

fn is_asked_for_here(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let spoken_for = FORWARDED.iter().any(|name| headers.contains_key(*name));
    !spoken_for && hosts.next().is_none() && host.is_some_and(is_this_machine)
}

/// Whether a host with or without port is this machine.
fn is_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<http::uri::Authority>() else {
        return false;
    };
    let name = authority.host().trim_matches(['[', ']']);
    let address = name.parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

async fn page(State(app): State<Arc<App>>) -> Response {
    let messages = match app.auth.outbox(MOST).await {
        Ok(messages) => messages,
        Err(error) => return failed(&error),
    };
    let messages: Vec<Value> = messages.iter().map(shown).collect();
    let messages = context! { messages => Serde(messages) };
    let rendered = Environment::new().render_named_str("page.html", include_str!("page.html"), messages);
    match rendered {
        Ok(text) => html(text, POLICY),
        Err(error) => {
            tracing::error!(%error, "the page of the outbox cannot be made");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            plain_failure(status, "internal-server-error", "internal server error")
        }
    }
}

async fn list(State(app): State<Arc<App>>) -> Response {
    match app.auth.outbox(MOST).await {
        Ok(messages) => json(&messages.iter().map(shown).collect()).into_response(),
        Err(error) => failed(&error),
    }
}

/// A message as its reader sees it.
async fn message(State(app): State<Arc<App>>, Path(id): Path<Uuid>) -> Response {
    match app.auth.outbox_message(id).await {
        Ok(Some(OutboxMessage {
            content: Some(content),
            ..
        })) => html(content.html, MAIL_POLICY),
        Ok(_) => not_found().await,
        Err(error) => failed(&error),
    }
}

fn html(text: String, policy: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, text).into_response()
}

fn failed(error: &portico_auth::Error) -> Response {
    tracing::error!(%error, "the outbox cannot be read");
    plain_failure(
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "the outbox cannot be read",
    )
}

fn shown(message: &OutboxMessage) -> Value {
    let content = message.content.as_ref();
    json!({
        "id": message.id,
        "createdAt": message.created_at,
        "to": message.recipient,
        "template": message.template,
        "state": match message.state {
            OutboxState::Waiting => "waiting",
            OutboxState::Sent => "sent",
            OutboxState::GivenUp => "given-up",
        },
        "lastError": message.last_error,
        "subject": content.map(|content| &content.subject),
        "text": content.map(|content| &content.text),
        "html": content.map(|content| &content.html),
        "link": content.and_then(|content| link(&content.text)),
    })
}

/// The first address of the web in a text.
fn link(text: &str) -> Option<&str> {
    text.split_whitespace()
        .find(|word| word.starts_with("http://") || word.starts_with("https://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_this_machine() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:8080",
        ] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in [
            "",
            "example.org",
            "localhost.example.org",
            "127.0.0.1.example.org",
            "127.0.0.1@example.org",
            "[::2]",
            "0.0.0.0",
            "10.0.0.1",
        ] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
