//! What a request may cost: bytes, time, and no crash of its neighbours.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use bytes::BytesMut;
use futures_util::FutureExt;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;

use super::graphql_failure;

/// A refused body is read to this many times the limit, because a client still sending would see a broken
/// connection instead of the answer.
const DRAINED: usize = 8;

/// Reads the whole body, if it is small enough; else the answer that says so.
pub(crate) async fn read_body(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Response> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > limit) {
        drain(body, limit.saturating_mul(DRAINED)).await;
        return Err(too_large(limit));
    }
    match collect(body, limit).await {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(too_large(limit)),
        Err(error) => {
            tracing::debug!(%error, "the body of a request broke off");
            Err(graphql_failure(
                StatusCode::BAD_REQUEST,
                "invalid-json",
                "the body could not be read",
            ))
        }
    }
}

async fn collect(mut body: Body, limit: usize) -> Result<Option<Bytes>, axum::Error> {
    let mut first = Bytes::new();
    let mut collected = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if first.len().max(collected.len()) + data.len() > limit {
            drain(body, limit.saturating_mul(DRAINED)).await;
            return Ok(None);
        }
        // Nearly every body is one piece, which needs no copy.
        if first.is_empty() && collected.is_empty() {
            first = data;
            continue;
        }
        if collected.is_empty() {
            collected.extend_from_slice(&first);
        }
        collected.extend_from_slice(&data);
    }
    Ok(Some(if collected.is_empty() {
        first
    } else {
        collected.freeze()
    }))
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

/// Runs a handler, which may neither take too long nor take its neighbours down. What a panic says goes to
/// nobody, since it may quote data.
pub(crate) async fn guarded(handler: impl Future<Output = Response>, timeout: Duration) -> Response {
    let handler = AssertUnwindSafe(handler).catch_unwind();
    match tokio::time::timeout(timeout, handler).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => graphql_failure(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal-server-error",
            "internal server error",
        ),
        Err(_elapsed) => graphql_failure(
            StatusCode::GATEWAY_TIMEOUT,
            "timeout",
            "the request took longer than allowed",
        ),
    }
}
