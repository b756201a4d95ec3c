//! Whose request it is, as far as the network can tell.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use http::{HeaderMap, HeaderValue};

use super::Network;

/// The address that limits count and the audit keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The address of whoever sent the request.
    pub(crate) fn of(request: &Request, trusted: &[Network]) -> Self {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        Self(resolve(peer, request.headers(), trusted))
    }
}

/// Each proxy appends the address it was called from, so the list is read from its end for as long as the
/// speaker is trusted; what stands before that anybody could have written.
fn resolve(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut address = peer.to_canonical();
    if !is_trusted(address) {
        return address;
    }
    let values: Vec<&[u8]> = headers
        .get_all("x-forwarded-for")
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    // Each by itself: what cannot be read was not written by the proxy that appended what follows it.
    let entries = values.iter().flat_map(|value| value.split(|byte| *byte == b','));
    let mut entries = entries
        .rev()
        .map(|entry| str::from_utf8(entry).unwrap_or_default());
    while is_trusted(address) {
        let Some(named) = entries.next().and_then(parse) else {
            break;
        };
        address = named.to_canonical();
    }
    address
}

/// Some proxies add the port.
fn parse(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry
        .strip_prefix('[')
        .and_then(|entry| entry.strip_suffix(']'))
        .unwrap_or(entry);
    bare.parse()
        .ok()
        .or_else(|| entry.parse().ok().map(|socket: SocketAddr| socket.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append("x-forwarded-for", value);
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        resolve(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_an_address() {
        assert_eq!(resolved("192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(resolved("192.0.2.9", &[]), "192.0.2.9");
    }

    #[test]
    fn behind_trusted_proxies_the_last_untrusted_entry_counts() {
        assert_eq!(resolved("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(
            resolved("10.0.0.1", &["203.0.113.7, 198.51.100.1, 10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(
            resolved("10.0.0.1", &["203.0.113.7", "198.51.100.1, 10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(
            resolved("::ffff:10.0.0.1", &["198.51.100.1:4711"]),
            "198.51.100.1"
        );
        assert_eq!(resolved("::1", &["[2001:db8::5]:4711"]), "2001:db8::5");
    }

    #[test]
    fn what_cannot_be_read_ends_the_search() {
        assert_eq!(
            resolved("10.0.0.1", &["198.51.100.1, unknown, 10.0.0.2"]),
            "10.0.0.2"
        );
        assert_eq!(resolved("10.0.0.1", &["10.0.0.3"]), "10.0.0.3");
    }

    #[test]
    fn what_a_stranger_wrote_hides_nobody() {
        assert_eq!(resolved("10.0.0.1", &["é, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(
            resolved("10.0.0.1", &["é", "198.51.100.1, 10.0.0.2"]),
            "198.51.100.1"
        );
    }
}
