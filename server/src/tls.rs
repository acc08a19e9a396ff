//! TLS for both ports: PEM files go in, an acceptor comes out whose certificates can be changed under running connections.
//!
//! TLS 1.2 and 1.3, HTTP/2 offered before HTTP/1.1. A handshake has its time; who does not finish it is left. A set of files that does
//! not fit together is refused as a whole, and what was in use stays in use.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::TlsFiles;

/// Certificates in use.
#[derive(Debug)]
pub struct Tls {
    config: ArcSwap<ServerConfig>,
    handshake_timeout: Duration,
}

/// Files that give no TLS.
#[derive(Debug)]
pub enum TlsError {
    /// A file that cannot be read, or holds something else.
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// Files that can be read and do not fit together.
    Files {
        /// The chain.
        cert: PathBuf,
        /// Why.
        what: String,
    },
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// They cannot be read, or do not fit together.
    pub fn load(files: &TlsFiles, handshake_timeout: Duration) -> Result<Self, TlsError> {
        Ok(Self { config: ArcSwap::new(server_config(files)?), handshake_timeout })
    }

    /// Reads files again, for connections that come from now on.
    ///
    /// # Errors
    /// As [`load`](Self::load); then nothing changes.
    pub fn reload(&self, files: &TlsFiles) -> Result<(), TlsError> {
        self.config.store(server_config(files)?);
        Ok(())
    }

    /// Shakes hands with a client.
    ///
    /// # Errors
    /// The client speaks no TLS that we do, has no certificate that we want, or took too long.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let acceptor = TlsAcceptor::from(self.config.load_full());
        tokio::time::timeout(self.handshake_timeout, acceptor.accept(stream)).await?
    }
}

fn server_config(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let misfit = |what: String| TlsError::Files { cert: files.cert.clone(), what };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| misfit(e.to_string()))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|e| misfit(e.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|e| misfit(e.to_string()))?)
        }
    };
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|e| unreadable(&files.key, e))?;
    let config = builder.with_single_cert(certificates(&files.cert)?, key);
    let mut config = config.map_err(|e| misfit(e.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// All certificates of a file, of which there must be one at least.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    let found = read().map_err(|e| unreadable(path, e))?;
    if found.is_empty() { Err(unreadable(path, pem::Error::NoItemsFound)) } else { Ok(found) }
}

fn unreadable(path: &Path, source: pem::Error) -> TlsError {
    TlsError::File { path: path.to_owned(), source }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Files { cert, what } => {
                write!(f, "{} does not fit its key or its signer: {what}", cert.display())
            }
        }
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            Self::Files { .. } => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    use std::fs;

    /// A folder with the certificate of `localhost`, a certificate for clients, and who signed both.
    pub(crate) struct Pki {
        dir: tempfile::TempDir,
        ca: CertificateParams,
        ca_key: KeyPair,
    }

    impl Pki {
        pub(crate) fn new() -> Self {
            let mut ca = CertificateParams::new(Vec::new()).expect("parameters");
            ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let ca_key = KeyPair::generate().expect("a key");
            let pki = Self { dir: tempfile::tempdir().expect("a folder"), ca, ca_key };
            let ca_cert = pki.ca.self_signed(&pki.ca_key).expect("a certificate");
            fs::write(pki.path("ca.pem"), ca_cert.pem()).expect("a file");
            pki.issue("server");
            pki.issue("client");
            pki
        }

        pub(crate) fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        /// A new certificate under a name, over the one before.
        pub(crate) fn issue(&self, name: &str) {
            let key = KeyPair::generate().expect("a key");
            let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
            let issuer = Issuer::from_params(&self.ca, &self.ca_key);
            let cert = params.signed_by(&key, &issuer).expect("a certificate");
            fs::write(self.path(&format!("{name}.pem")), cert.pem()).expect("a file");
            fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).expect("a file");
        }

        pub(crate) fn files(&self, asks_clients: bool) -> TlsFiles {
            TlsFiles {
                cert: self.path("server.pem"),
                key: self.path("server.key"),
                client_ca: asks_clients.then(|| self.path("ca.pem")),
            }
        }

        /// What a client trusts, and shows if asked.
        pub(crate) fn client(&self, has_certificate: bool) -> rustls::ClientConfig {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(&self.path("ca.pem")).expect("the signer") {
                roots.add(certificate).expect("a root");
            }
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let builder = rustls::ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("versions")
                .with_root_certificates(roots);
            if !has_certificate {
                return builder.with_no_client_auth();
            }
            let key = PrivateKeyDer::from_pem_file(self.path("client.key")).expect("a key");
            let chain = certificates(&self.path("client.pem")).expect("a certificate");
            builder.with_client_auth_cert(chain, key).expect("a pair")
        }
    }

    const TIMEOUT: Duration = Duration::from_secs(5);

    #[test]
    fn files_that_do_not_fit_are_refused_by_name_and_change_nothing() {
        let pki = Pki::new();
        let tls = Tls::load(&pki.files(true), TIMEOUT).expect("good files");
        let before = tls.config.load_full();
        let refuse = |files: &TlsFiles, expected: &str| {
            let error = tls.reload(files).expect_err("bad files").to_string();
            assert!(error.contains(expected), "{error}");
            assert!(Arc::ptr_eq(&before, &tls.config.load_full()));
        };
        refuse(&TlsFiles { cert: pki.path("none.pem"), ..pki.files(false) }, "none.pem: ");
        refuse(&TlsFiles { cert: pki.path("server.key"), ..pki.files(false) }, "server.key: ");
        refuse(&TlsFiles { key: pki.path("server.pem"), ..pki.files(false) }, "server.pem: ");
        refuse(&TlsFiles { key: pki.path("client.key"), ..pki.files(false) }, "does not fit its key");
        refuse(&TlsFiles { client_ca: Some(pki.path("server.key")), ..pki.files(false) }, "server.key: ");
        pki.issue("server");
        tls.reload(&pki.files(true)).expect("good files");
        assert!(!Arc::ptr_eq(&before, &tls.config.load_full()));
    }
}
