//! What the layers around the handlers need to know.

use std::time::Duration;

use super::{Network, RequestIds};

/// What the layers around the handlers need to know.
pub struct HttpSettings {
    /// How long a request may take.
    pub request_timeout: Duration,
    /// Web pages that may call from a browser, each as its `Origin` header has it.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Whether the page `/graphiql` exists.
    pub graphiql: bool,
    /// Whether the page `/dev/outbox` exists, which answers this machine alone.
    pub outbox_page: bool,
    /// Makes the ids of requests.
    pub request_ids: RequestIds,
}
