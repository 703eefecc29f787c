//! TLS: the certificate of the server, which is read again when its files change.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, Ticketer};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a client may take for the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the certificate is: PEM files, as authorities and their programs write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The server's certificate first, then those that lead to the authority.
    pub certificates: PathBuf,
    pub key: PathBuf,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{} cannot be read", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} has no certificate in PEM", path.display())]
    NoCertificate { path: PathBuf, source: Option<pem::Error> },
    #[error("{} has no private key in PEM", path.display())]
    NoKey { path: PathBuf, source: pem::Error },
    #[error("the key is of another kind, or not the certificate's")]
    Mismatch(#[source] rustls::Error),
    #[error("TLS cannot be set up")]
    SetUp(#[source] rustls::Error),
}

/// What speaks TLS with clients: versions 1.3 and 1.2. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    current: Arc<Current>,
}

/// The certificate in use.
struct Current {
    files: Files,
    provider: Arc<CryptoProvider>,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    /// The bytes it was made of.
    from: Contents,
    key: Arc<CertifiedKey>,
}

#[derive(PartialEq, Eq)]
struct Contents {
    certificates: Vec<u8>,
    key: Vec<u8>,
}

impl Tls {
    /// Reads the files.
    pub fn read(files: Files) -> Result<Tls, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let from = Contents::read(&files)?;
        let key = from.parse(&files, &provider)?;
        let current = Arc::new(Current { files, provider: provider.clone(), loaded: Mutex::new(Loaded { from, key }) });
        let builder = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(TlsError::SetUp)?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(current.clone());
        // The lane speaks HTTP/1.1.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Who comes back goes on without a full handshake, whichever thread accepts them.
        config.ticketer = Ticketer::new().map_err(TlsError::SetUp)?;
        Ok(Tls { config: Arc::new(config), current })
    }

    /// Reads the files again; true if connections from now on get another certificate. After an
    /// error they get the one they got before: a program that renews writes one file after the other.
    pub fn refresh(&self) -> Result<bool, TlsError> {
        let Current { files, provider, loaded } = &*self.current;
        let from = Contents::read(files)?;
        if from == loaded.lock().from {
            return Ok(false);
        }
        let key = from.parse(files, provider)?;
        *loaded.lock() = Loaded { from, key };
        Ok(true)
    }

    /// Greets a client; none if it does not speak TLS as it should, or not in time.
    pub(crate) async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let shaking = TlsAcceptor::from(self.config.clone()).accept(stream);
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, shaking).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a TLS handshake failed");
                None
            }
            Err(_) => None,
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tls").field("files", &self.current.files).finish_non_exhaustive()
    }
}

impl Contents {
    fn read(files: &Files) -> Result<Contents, TlsError> {
        let read =
            |path: &PathBuf| std::fs::read(path).map_err(|source| TlsError::Unreadable { path: path.clone(), source });
        Ok(Contents { certificates: read(&files.certificates)?, key: read(&files.key)? })
    }

    fn parse(&self, files: &Files, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
        let none = |source| TlsError::NoCertificate { path: files.certificates.clone(), source };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificates).collect();
        let chain = chain.map_err(|error| none(Some(error)))?;
        if chain.is_empty() {
            return Err(none(None));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|source| TlsError::NoKey { path: files.key.clone(), source })?;
        CertifiedKey::from_der(chain, key, provider).map(Arc::new).map_err(TlsError::Mismatch)
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.loaded.lock().key.clone())
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Current").field("files", &self.files).finish_non_exhaustive()
    }
}
