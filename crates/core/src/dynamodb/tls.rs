//! TLS to DynamoDB, and the certificate authorities that it trusts.
//!
//! A function trusts five root certificates, not the machine's 145: parsing those would cost a cold start 8.5 M
//! instructions, and any of them could vouch for our database. `roots.pem` contains the Amazon Trust Services roots, as
//! in Mozilla's list and Debian's ca-certificates, with the SHA-256 fingerprints that Amazon publishes at
//! <https://www.amazontrust.com/repository/>. AWS documents that the certificates of its endpoints chain to these
//! roots, and asks clients to trust all five, so that it can move from one to another.
//!
//! Amazon announces a new root years before it is used. Until a version with the new root is deployed, `AWS_CA_BUNDLE`,
//! the SDKs' own variable, can name a file with other roots: on Lambda's Amazon Linux,
//! `/etc/pki/tls/certs/ca-bundle.crt` contains every public one. A test fails a year before the first root here
//! expires.

use std::sync::{Arc, LazyLock};

use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, KeyProvider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::SigningKey;

use crate::config::{ConfigError, Environment};

const PINNED: &[u8] = include_bytes!("roots.pem");

/// The SDKs' variable for a file of trusted root certificates.
const VARIABLE: &str = "AWS_CA_BUNDLE";

/// A key provider that loads no keys: DynamoDB's clients authenticate by signing requests, never by a certificate.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("client certificates are not supported".to_owned()))
    }
}

/// The TLS configuration of a function. It trusts the roots in the file that `AWS_CA_BUNDLE` names, or Amazon's.
///
/// # Errors
///
/// The file cannot be read, or contains no certificate.
pub fn client_config(environment: &Environment<'_>) -> Result<Arc<rustls::ClientConfig>, ConfigError> {
    let Some(path) = environment.text(VARIABLE) else { return Ok(pinned_roots()) };
    let invalid = |reason: String| ConfigError::new(VARIABLE, format!("names {path:?}: {reason}"));
    let pem = std::fs::read(&path).map_err(|error| invalid(error.to_string()))?;
    let roots = parse(&pem);
    if roots.is_empty() { Err(invalid("it contains no certificate".to_owned())) } else { Ok(trusting(roots)) }
}

/// A TLS configuration that trusts Amazon's roots.
pub fn pinned_roots() -> Arc<rustls::ClientConfig> {
    trusting(parse(PINNED))
}

/// A TLS configuration that trusts the roots of this system, for a program that a person starts: its DynamoDB may be
/// anywhere.
pub fn system_roots() -> Arc<rustls::ClientConfig> {
    static ROOTS: LazyLock<RootCertStore> = LazyLock::new(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots
    });
    trusting(ROOTS.clone())
}

/// The roots in a PEM file. Certificates that cannot be parsed are skipped.
fn parse(pem: &[u8]) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).flatten());
    roots
}

fn trusting(roots: RootCertStore) -> Arc<rustls::ClientConfig> {
    // Without keys, the code that signs with them is not linked: this saves 34 kB.
    let provider = CryptoProvider { key_provider: &NoKeys, ..rustls::crypto::ring::default_provider() };
    let provider = Arc::new(provider);
    #[expect(clippy::expect_used, reason = "ring supports both versions, and every test runs this")]
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3");
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use sha2::{Digest, Sha256};
    use x509_parser::certificate::X509Certificate;
    use x509_parser::prelude::FromDer;

    use super::*;

    /// <https://www.amazontrust.com/repository/>, in the order of the file.
    const FINGERPRINTS: &[&str] = &[
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];

    fn certificates() -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(PINNED).collect::<Result<_, _>>().expect("certificates")
    }

    #[test]
    fn the_pinned_roots_are_amazons() {
        let hex = |der: &CertificateDer<'_>| Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect();
        let fingerprints: Vec<String> = certificates().iter().map(hex).collect();
        assert_eq!(fingerprints, FINGERPRINTS);
        assert_eq!(parse(PINNED).len(), FINGERPRINTS.len());
    }

    #[test]
    fn no_pinned_root_expires_within_a_year() {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
        let in_a_year = i64::try_from(now).expect("a time") + 365 * 86_400;
        for der in certificates() {
            let (_, certificate) = X509Certificate::from_der(&der).expect("X.509");
            let expiry = certificate.validity().not_after;
            assert!(
                expiry.timestamp() > in_a_year,
                "{} expires on {expiry}: add its successor to roots.pem",
                certificate.subject()
            );
        }
    }

    #[test]
    fn the_variable_names_a_file_with_other_roots() {
        let with = |value: &str| {
            let lookup = |_: &str| Some(value.to_owned());
            client_config(&Environment::new(&lookup)).map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(with(concat!(env!("CARGO_MANIFEST_DIR"), "/src/dynamodb/roots.pem")), Ok(()));
        let none = with("/dev/null").expect_err("no certificate");
        assert_eq!(none, "AWS_CA_BUNDLE names \"/dev/null\": it contains no certificate");
        assert!(with("/nowhere").expect_err("no file").starts_with("AWS_CA_BUNDLE names \"/nowhere\": "));
    }
}
