//! What every request passes before and after its handler: id, log line, limits, headers.

mod client_address;
mod failure;
mod guard;
mod headers;
mod log;
mod network;
mod request_id;
mod settings;
pub(crate) mod system;

pub use client_address::ClientAddress;
pub use log::RequestFacts;
pub use network::{Network, NotANetwork};
pub use request_id::RequestId;
pub use settings::HttpSettings;

pub(crate) use client_address::client_address;
pub(crate) use failure::{graphql_failure, method_not_allowed, not_found};
pub(crate) use guard::{body_limit, panic_failure, timeout};
pub(crate) use headers::{cors, security_headers};
pub(crate) use log::log_request;
pub(crate) use request_id::request_id;
