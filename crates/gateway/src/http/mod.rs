//! What every request passes before and after its handler: id, log line, limits, headers.

mod accept;
mod client_address;
mod failure;
mod guard;
mod headers;
mod log;
mod network;
mod request_id;
mod sender;
mod settings;
mod surround;
pub(crate) mod system;

pub use client_address::ClientAddress;
pub use log::RequestFacts;
pub use network::{Network, NotANetwork};
pub use request_id::{RequestId, RequestIds};
pub use settings::HttpSettings;

pub(crate) use accept::{wish, wishes_nothing};
pub(crate) use failure::{graphql_failure, json, method_not_allowed, not_found, plain_failure};
pub(crate) use guard::read_body;
pub(crate) use headers::cors;
pub(crate) use sender::Sender;
pub(crate) use surround::surround;
