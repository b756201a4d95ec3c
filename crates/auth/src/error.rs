//! Errors of flows: what the caller is told and what only the log sees.

use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::code::Code;
use crate::port::EntropyError;
use crate::refusal::Refusal;

/// Why a flow did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's fault, or nobody's: a known reason to say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Our fault; told to the log, never to the client.
    #[error(transparent)]
    Internal(#[from] InternalError),
}

impl Error {
    /// The wire code.
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Internal(_) => Code::InternalServerError,
        }
    }
}

impl InternalError {
    /// Whether the database is away or out of connections, so that trying again later may help.
    pub fn is_unavailable(&self) -> bool {
        let Self::Database(error) = self else { return false };
        match error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
            DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
                is_connection_error(error)
            }
            _ => false,
        }
    }
}

/// Whether the connection failed, or the database says that it is away, full or locked by another.
fn is_connection_error(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => is_unavailable(&error.code().unwrap_or_default()),
        _ => false,
    }
}

/// PostgreSQL has classes of SQLSTATE (connection exception, insufficient resources, operator intervention, transaction
/// rollback) and lock not available; SQLite numbers whose last byte is busy, locked, full or cannot open.
fn is_unavailable(code: &str) -> bool {
    const SQLITE: [u32; 4] = [5, 6, 13, 14];
    let sqlstate = code.len() == 5
        && ["08", "40", "53", "57"]
            .iter()
            .any(|class| code.starts_with(class));
    let sqlite = code.len() < 5
        && code
            .parse::<u32>()
            .is_ok_and(|code| SQLITE.contains(&(code & 0xff)));
    sqlstate || sqlite || code == "55P03"
}

/// A failure the caller can do nothing about.
#[derive(Debug, thiserror::Error)]
pub enum InternalError {
    /// The database refused or is away.
    #[error("database: {0}")]
    Database(#[from] DbErr),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The picture of a secret cannot be drawn.
    #[error(transparent)]
    QrCode(#[from] crate::qr_code::QrCodeError),
    /// Something sealed cannot be opened.
    #[error(transparent)]
    Seal(#[from] crate::seal::SealError),
    /// A token cannot be signed.
    #[error("a token could not be signed: {0}")]
    Sign(#[from] crate::signing_key::KeyError),
    /// A value cannot be written as JSON.
    #[error("a value could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A password could not be hashed.
    #[error(transparent)]
    Hash(#[from] crate::password::HashError),
    /// An authenticator cannot be asked.
    #[error("a passkey could not be asked for: {0}")]
    Passkey(webauthn_rs_core::error::WebauthnError),
    /// The pool of hashing threads is gone.
    #[error("the hashing pool stopped")]
    HashingStopped,
    /// A session was to be opened for one user, and another was looked at.
    #[error("a session was to be opened for another user than the one who was looked at")]
    OtherUser,
    /// A write touched another number of rows than it has to.
    #[error("{table}: {rows} rows were written where one was expected")]
    Rows {
        /// The table written.
        table: &'static str,
        /// How many rows it were.
        rows: u64,
    },
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        Self::Internal(error.into())
    }
}

impl From<EntropyError> for Error {
    fn from(error: EntropyError) -> Self {
        Self::Internal(error.into())
    }
}

impl From<crate::seal::SealError> for Error {
    fn from(error: crate::seal::SealError) -> Self {
        Self::Internal(error.into())
    }
}
