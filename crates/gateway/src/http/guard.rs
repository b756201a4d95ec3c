//! What a request may cost: bytes, time, and no crash of its neighbours.

use std::any::Any;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::BytesMut;
use http::{StatusCode, header};
use http_body_util::BodyExt;

use super::{HttpSettings, graphql_failure};

/// A refused body is read to this many times the limit, because a client still sending would see a broken
/// connection instead of the answer.
const DRAINED: usize = 8;

/// Reads the whole body, if it is small enough.
pub(crate) async fn body_limit(
    State(settings): State<Arc<HttpSettings>>,
    request: Request,
    next: Next,
) -> Response {
    let limit = settings.body_limit;
    let (parts, body) = request.into_parts();
    let announced = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > limit) {
        drain(body, limit.saturating_mul(DRAINED)).await;
        return too_large(limit);
    }
    match collect(body, limit).await {
        Ok(Some(bytes)) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(None) => too_large(limit),
        Err(error) => {
            tracing::debug!(%error, "the body of a request broke off");
            graphql_failure(
                StatusCode::BAD_REQUEST,
                "invalid-json",
                "the body could not be read",
            )
        }
    }
}

async fn collect(mut body: Body, limit: usize) -> Result<Option<Bytes>, axum::Error> {
    let mut collected = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if collected.len() + data.len() > limit {
            drain(body, limit.saturating_mul(DRAINED)).await;
            return Ok(None);
        }
        collected.extend_from_slice(&data);
    }
    Ok(Some(collected.freeze()))
}

async fn drain(mut body: Body, most: usize) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > most {
            return;
        }
    }
}

fn too_large(limit: usize) -> Response {
    let message = format!("the body is larger than the {limit} bytes allowed");
    graphql_failure(StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large", &message)
}

/// Ends a request that takes too long.
pub(crate) async fn timeout(
    State(settings): State<Arc<HttpSettings>>,
    request: Request,
    next: Next,
) -> Response {
    let answer = tokio::time::timeout(settings.request_timeout, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        graphql_failure(
            StatusCode::GATEWAY_TIMEOUT,
            "timeout",
            "the request took longer than allowed",
        )
    })
}

/// The answer of a handler that panicked; what it said goes to nobody, since it may quote data.
pub(crate) fn panic_failure(_payload: Box<dyn Any + Send + 'static>) -> Response {
    graphql_failure(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal-server-error",
        "internal server error",
    )
}
