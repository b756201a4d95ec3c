//! TLS to the database, as its address says.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::PostgresAddress;

/// Why connections cannot be encrypted.
#[derive(Debug, thiserror::Error)]
pub(super) enum EncryptionError {
    #[error("sslrootcert {0} cannot be read: {1}")]
    Roots(String, rustls::pki_types::pem::Error),
    #[error("sslrootcert {0} holds no certificate that can be trusted")]
    NoRoots(String),
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

/// How connections are encrypted; nothing where they are not.
pub(super) fn connector(address: &PostgresAddress) -> Result<Option<MakeRustlsConnect>, EncryptionError> {
    if !address.encrypted {
        return Ok(None);
    }
    let store = match &address.authorities {
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
    Ok(Some(MakeRustlsConnect::new(config)))
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
    use super::{PostgresAddress, connector};

    #[test]
    fn what_is_encrypted_has_authorities() {
        let connector = |url| connector(&PostgresAddress::read(url).ok().unwrap());
        assert!(
            connector("postgres://u@h/d?sslmode=prefer")
                .ok()
                .unwrap()
                .is_none()
        );
        assert!(
            connector("postgres://u@h/d?sslmode=require")
                .ok()
                .unwrap()
                .is_some()
        );
        let missing = connector("postgres://u@h/d?sslmode=require&sslrootcert=/nowhere").err();
        assert!(missing.unwrap().to_string().contains("/nowhere cannot be read"));
    }
}
