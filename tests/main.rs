//! The tests of Portico through real HTTP, on SQLite and on PostgreSQL, in one binary.

#[cfg(test)]
mod command;
#[cfg(test)]
mod data;
#[cfg(test)]
mod database;
#[cfg(test)]
mod http;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod operation;
#[cfg(test)]
mod permission;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod support;
