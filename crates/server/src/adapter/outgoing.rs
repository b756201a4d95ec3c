//! The one way out to other services: the name is resolved, the address checked, and the connection made to that
//! address. No redirects, little time, little to read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Uri;
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use portico_gateway::http::Network;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

/// For everything from the name to the end of the answer.
const WITHIN: Duration = Duration::from_secs(3);
/// What is longer is not read to its end.
const LONGEST: usize = 1 << 20;

/// Why another service gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutgoingError {
    /// Not an address of the web.
    #[error("not an http:// or https:// address")]
    Address,
    /// The name leads to this machine or a private network only, which nobody allowed.
    #[error("the address is private; PORTICO_OUTGOING_NETWORKS can allow it")]
    Private,
    /// The name is unknown, or nobody is there, or TLS fails.
    #[error("{0}")]
    Connect(#[from] std::io::Error),
    /// It does not speak HTTP.
    #[error("{0}")]
    Http(#[from] hyper::Error),
    /// The request cannot be written.
    #[error("{0}")]
    Request(#[from] axum::http::Error),
    /// Another answer than the one asked for.
    #[error("it answers {0}")]
    Status(StatusCode),
    /// The answer is too long, or no text.
    #[error("its answer cannot be read")]
    Answer,
    /// It takes too long.
    #[error("it does not answer within 3 seconds")]
    Late,
}

/// Makes requests of the service's own.
pub(crate) struct Outgoing {
    tls: TlsConnector,
    private: Vec<Network>,
}

impl Outgoing {
    /// `private` are the networks beyond the public ones that requests may go to.
    pub(crate) fn new(private: Vec<Network>) -> Result<Self, rustls::Error> {
        let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let configuration = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(configuration)),
            private,
        })
    }

    /// Reads a text.
    pub(crate) async fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<String, OutgoingError> {
        tokio::time::timeout(WITHIN, self.ask(url, headers))
            .await
            .unwrap_or(Err(OutgoingError::Late))
    }

    async fn ask(&self, url: &str, headers: &[(&str, &str)]) -> Result<String, OutgoingError> {
        let uri: Uri = url.parse().map_err(|_| OutgoingError::Address)?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(OutgoingError::Address),
        };
        let authority = uri.authority().ok_or(OutgoingError::Address)?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let request = headers.iter().fold(
            Request::get(path)
                .header(header::HOST, authority.as_str())
                .header(header::USER_AGENT, concat!("portico/", env!("CARGO_PKG_VERSION"))),
            |request, (name, value)| request.header(*name, *value),
        );
        let request = request.body(Body::empty())?;
        let host = authority.host().trim_matches(['[', ']']);
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = TcpStream::connect(self.resolve(host, port).await?).await?;
        match secure {
            true => {
                let name = ServerName::try_from(host.to_owned()).map_err(|_| OutgoingError::Address)?;
                exchange(self.tls.connect(name, stream).await?, request).await
            }
            false => exchange(stream, request).await,
        }
    }

    /// The first address of a name that requests may go to.
    async fn resolve(&self, host: &str, port: u16) -> Result<SocketAddr, OutgoingError> {
        lookup_host((host, port))
            .await?
            .find(|address| self.allows(address.ip()))
            .ok_or(OutgoingError::Private)
    }

    fn allows(&self, address: IpAddr) -> bool {
        is_public(address) || self.private.iter().any(|network| network.contains(address))
    }
}

async fn exchange<S>(stream: S, request: Request<Body>) -> Result<String, OutgoingError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the sender; what fails there is told here.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    if answer.status() != StatusCode::OK {
        return Err(OutgoingError::Status(answer.status()));
    }
    let body = Limited::new(answer.into_body(), LONGEST).collect().await;
    let bytes = body.map_err(|_| OutgoingError::Answer)?.to_bytes();
    String::from_utf8(bytes.into()).map_err(|_| OutgoingError::Answer)
}

/// Whether an address belongs to the internet at large (the registries of special addresses of RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b));
    !special
}

/// Only what is given out at all, without what leads to IPv4 or is for documents.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let special = (a == 0x2001 && (b < 0x200 || b == 0xdb8)) || a == 0x2002 || (a == 0x3fff && b < 0x1000);
    (0x2000..0x4000).contains(&a) && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        let public = |text: &str| is_public(text.parse().unwrap());
        for address in [
            "1.1.1.1",
            "100.63.0.1",
            "198.20.0.1",
            "223.255.255.254",
            "2606:4700::1111",
        ] {
            assert!(public(address), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::",
            "fc00::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!public(address), "{address}");
        }
    }
}
