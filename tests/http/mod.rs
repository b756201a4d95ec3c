//! What does not depend on the content of a request: bodies, methods, headers, health, and a database that fails.

mod answer_size;
mod bad_input;
mod batch;
mod compression;
mod cors;
mod counters;
mod database_down;
mod durability;
mod encryption;
mod explain;
mod get;
mod graphiql;
mod health;
mod hostile;
mod log;
mod nodes;
mod overload;
mod persisted_queries;
mod proxy;
mod request_id;
mod restart;
mod start;
mod stop;
mod switches;
mod trusted_documents;
mod typename;
