//! Descriptions too long to stand beside their columns.

mod users;
