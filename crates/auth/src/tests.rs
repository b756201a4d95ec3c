//! The flows on a real database: a SQLite file each, or PostgreSQL if `PORTICO_TEST_POSTGRES_URL`
//! names a server on which databases may be created.

mod admin_secret;
mod change_notices;
mod change_password;
mod cost;
mod credentials;
mod foreign_hash;
mod lockout;
mod nodes;
mod open;
mod parsers;
mod refresh;
mod second_factor;
mod session;
mod sign_in;
mod sign_up;
mod signing_keys;
mod support;
mod token_cache;
mod webauthn_vectors;
