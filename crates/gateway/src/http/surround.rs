//! The way of every request in and out. One layer, because each costs every request some allocations.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;

use super::guard::guarded;
use super::headers::secure;
use super::log::Arrival;
use super::request_id::REQUEST_ID;
use super::{ClientAddress, HttpSettings, RequestId};

/// Gives the request an id and an address, holds its handler to its limits, and sees the answer off with its
/// headers and a line in the log.
pub(crate) async fn surround(
    State(settings): State<Arc<HttpSettings>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::of(request.headers(), &settings.request_ids);
    let arrival = Arrival::of(&request);
    let address = ClientAddress::of(&request, &settings.trusted_proxies);
    request.extensions_mut().insert(address);
    request.extensions_mut().insert(id.clone());
    let text = HeaderValue::from_str(id.as_str());
    // What is logged on the way can be joined with the line of the request by the id.
    id.scope(async {
        let mut response = guarded(next.run(request), settings.request_timeout).await;
        let headers = response.headers_mut();
        secure(headers);
        if let Ok(text) = text {
            headers.insert(REQUEST_ID, text);
        }
        arrival.log(&response);
        response
    })
    .await
}
