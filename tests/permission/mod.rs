//! What each role sees, held against files under review, and that no secret is among it.

mod aggregations;
mod backend;
mod check;
mod folder;
mod hidden;
mod inherited;
mod introspection;
mod listed;
mod matrix;
mod owner_only;
mod preset;
mod rolebase;
mod schema;
mod secrets;

/// Every role of the metadata, and the administrator.
const ROLES: [&str; 5] = ["public", "anonymous", "user", "me", "admin"];
