//! What the layers around the handlers need to know.

use std::sync::Arc;
use std::time::Duration;

use portico_auth::{Clock, Entropy};

use super::Network;

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
    /// Tells the time, for the ids of requests.
    pub clock: Arc<dyn Clock>,
    /// Gives the random part of the ids of requests.
    pub entropy: Arc<dyn Entropy>,
}
