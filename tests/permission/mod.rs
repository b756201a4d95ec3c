//! What each role sees, held against files under review, and that no secret is among it.

mod hidden;
mod introspection;
mod matrix;
mod schema;
mod secrets;

/// Every role of the metadata, and the administrator.
const ROLES: [&str; 5] = ["public", "anonymous", "user", "me", "admin"];
