//! TLS to the database, as `sslmode` and `sslrootcert` of the URL say.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A URL in the words of the driver, and how its connections are encrypted.
pub(super) struct Encryption {
    pub(super) url: String,
    pub(super) connector: Option<MakeRustlsConnect>,
}

/// Why a URL was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum EncryptionError {
    #[error("sslmode={0} is unknown: disable, allow, prefer, require, verify-ca or verify-full")]
    Mode(String),
    #[error("sslrootcert {0} cannot be read: {1}")]
    Roots(String, rustls::pki_types::pem::Error),
    #[error("sslrootcert {0} holds no certificate that can be trusted")]
    NoRoots(String),
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

impl Encryption {
    /// Reads the URL. From `require` on the connection is encrypted and the server's certificate verified:
    /// encryption towards whoever answers would protect from nobody.
    pub(super) fn parse(url: &str) -> Result<Self, EncryptionError> {
        let Words {
            url,
            encrypted,
            roots,
        } = Words::of(url)?;
        let connector = encrypted.then(|| connector(roots.as_deref())).transpose()?;
        Ok(Self { url, connector })
    }
}

/// A URL in the words of the driver, and what it said beyond them.
pub(super) struct Words {
    pub(super) url: String,
    encrypted: bool,
    roots: Option<String>,
}

impl Words {
    pub(super) fn of(url: &str) -> Result<Self, EncryptionError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut rest = form_urlencoded::Serializer::new(String::new());
        let (mut encrypted, mut roots) = (false, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match (name.as_ref(), value.as_ref()) {
                ("sslmode", "disable" | "allow" | "prefer") => {}
                ("sslmode", "require" | "verify-ca" | "verify-full") => encrypted = true,
                ("sslmode", other) => return Err(EncryptionError::Mode(other.to_owned())),
                ("sslrootcert", path) => roots = Some(path.to_owned()),
                (name, value) => {
                    rest.append_pair(name, value);
                }
            }
        }
        rest.append_pair("sslmode", if encrypted { "require" } else { "disable" });
        // The driver reads "+" as itself, not as a blank.
        let url = format!("{base}?{}", rest.finish().replace('+', "%20"));
        Ok(Self {
            url,
            encrypted,
            roots,
        })
    }
}

fn connector(roots: Option<&str>) -> Result<MakeRustlsConnect, EncryptionError> {
    let store = match roots {
        None => RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        },
        Some(path) => read(path)?,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn read(path: &str) -> Result<RootCertStore, EncryptionError> {
    let refuse = |error| EncryptionError::Roots(path.to_owned(), error);
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(Path::new(path)).map_err(refuse)? {
        store.add(certificate.map_err(refuse)?)?;
    }
    match store.is_empty() {
        true => Err(EncryptionError::NoRoots(path.to_owned())),
        false => Ok(store),
    }
}

#[cfg(test)]
mod tests {
    use super::Encryption;

    #[test]
    fn the_driver_is_told_in_its_own_words() {
        for (given, told, encrypted) in [
            ("postgres://u@h/d", "postgres://u@h/d?sslmode=disable", false),
            (
                "postgres://u@h/d?sslmode=prefer",
                "postgres://u@h/d?sslmode=disable",
                false,
            ),
            (
                "postgres://u@h/d?sslmode=verify-full",
                "postgres://u@h/d?sslmode=require",
                true,
            ),
            (
                "postgres://u@/d?host=%2Frun%2Fpg&sslmode=require",
                "postgres://u@/d?host=%2Frun%2Fpg&sslmode=require",
                true,
            ),
        ] {
            let parsed = Encryption::parse(given).ok().unwrap();
            assert_eq!(
                (parsed.url.as_str(), parsed.connector.is_some()),
                (told, encrypted),
                "{given}"
            );
        }
    }

    #[test]
    fn an_unknown_mode_and_a_missing_file_are_refused() {
        for (url, reason) in [
            ("postgres://u@h/d?sslmode=on", "sslmode=on is unknown"),
            (
                "postgres://u@h/d?sslmode=require&sslrootcert=/nowhere",
                "/nowhere cannot be read",
            ),
        ] {
            let error = Encryption::parse(url).err().unwrap().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
