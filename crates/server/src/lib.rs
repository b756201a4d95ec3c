//! The service as a program: configuration, telemetry, adapters, workers and commands.

mod adapter;
mod client_stream;
pub mod command;
pub mod configuration;
mod data_folder;
mod database;
mod http_server;
pub mod log_line;
mod log_writer;
mod mailer;
mod open;
mod policy;
mod report;
mod start;
pub mod telemetry;
mod worker;

pub use adapter::{MailSetupError, SystemClock, SystemEntropy};
pub use configuration::Settings;
pub use data_folder::DataFolderError;
pub use database::DatabaseError;
pub use start::{Running, StartError, start};
