//! Asks the service that runs with the same settings how it does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::{Settings, data_folder};

/// A service that answers later than this is of no use.
const WITHIN: Duration = Duration::from_secs(5);
/// What a stranger answers is not read further.
const LONGEST: usize = 1 << 20;

/// Why nothing is known of the service.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    /// There is no secret to ask with.
    #[error(transparent)]
    Secret(#[from] data_folder::DataFolderError),
    /// Nobody is there.
    #[error("{0}")]
    Connect(#[from] std::io::Error),
    /// It does not speak HTTP.
    #[error("{0}")]
    Http(#[from] hyper::Error),
    /// The secret cannot be sent.
    #[error("the admin secret is not one")]
    Request(#[from] axum::http::Error),
    /// Another answer than expected.
    #[error("it answers {0} to the admin secret")]
    Status(StatusCode),
    /// What it sent is not text, or too much.
    #[error("its answer cannot be read")]
    Answer,
    /// It takes too long.
    #[error("it does not answer within 5 seconds")]
    Silent,
}

/// The counters of the service, in the form of `/metrics`.
pub(super) async fn counters(settings: &Settings) -> Result<String, AskError> {
    let secret = match &settings.admin_secret {
        Some(secret) => secret.reveal().to_owned(),
        None => data_folder::read_admin_secret(&data_folder::admin_secret_file(settings))?,
    };
    let request = Request::get("/metrics")
        .header(header::HOST, settings.listen.to_string())
        .header("x-hasura-admin-secret", secret)
        .body(Body::empty())?;
    tokio::time::timeout(WITHIN, ask(reachable(settings.listen), request))
        .await
        .unwrap_or(Err(AskError::Silent))
}

async fn ask(address: SocketAddr, request: Request<Body>) -> Result<String, AskError> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the sender; what fails there is told here.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    if answer.status() != StatusCode::OK {
        return Err(AskError::Status(answer.status()));
    }
    let body = Limited::new(answer.into_body(), LONGEST).collect().await;
    let bytes: Bytes = body.map_err(|_| AskError::Answer)?.to_bytes();
    String::from_utf8(bytes.into()).map_err(|_| AskError::Answer)
}

/// A service that listens everywhere listens on this machine's own address, too.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let own: IpAddr = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    SocketAddr::new(own, listen.port())
}
