//! HTTP and GraphQL: who asks, a schema for each role, the data path, the operations, the pages.

mod answer;
mod app;
mod console;
mod cookie;
mod counters;
mod data;
mod document;
mod error;
mod execute;
mod explain;
mod graphql;
pub mod http;
mod introspection;
mod locate;
mod operation;
mod page;
mod persisted;
mod plan_cache;
mod router;
mod schema;
mod session;
mod trusted;

pub use app::{App, AppParts, GraphqlSettings};
pub use counters::Counters;
pub use document::DocumentLimits;
pub use introspection::IntrospectionError;
pub use operation::session_operations;
pub use plan_cache::{CacheCounters, PlanCache};
pub use router::router;
pub use schema::RoleSchema;
pub use trusted::TrustedDocuments;
