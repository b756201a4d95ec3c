//! How data is read and written: a request becomes a plan, a permission makes it [`Permitted`], SQL is made
//! from that and nothing else, and a database answers with JSON bytes. No HTTP, no GraphQL library.
//!
//! [`Permitted`]: permission::Permitted

pub mod error;
pub mod execute;
pub mod pattern;
pub mod permission;
pub mod plan;
pub mod request;
pub mod scalar;
pub mod sql;

pub use error::{Code, Failure};
