//! The tests of Portico through real HTTP, on SQLite and on PostgreSQL, in one binary.

#[cfg(test)]
mod database;
#[cfg(test)]
mod support;
