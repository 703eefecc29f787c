//! Connections with TLS: everything a client does, and certificates that are renewed.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::tls::{Files, Tls, TlsError};
use futures_util::StreamExt;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::app::{TestApp, Wish};
use crate::lane::{Line, hold_of, upgrade};

const PATIENCE: Duration = Duration::from_secs(30);
const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

/// Signs certificates for one test.
struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "an authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// A certificate for `localhost` and its key, in PEM.
    fn issue(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    async fn connect(&self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, TcpStream::connect(address).await?).await
    }

    async fn line(&self, address: SocketAddr) -> Line<TlsStream<TcpStream>> {
        Line::over(self.connect(address).await.expect("the certificate is trusted"))
    }
}

fn files(folder: &TempDir) -> Files {
    Files { certificates: folder.path().join("chain.pem"), key: folder.path().join("key.pem") }
}

/// Files of a certificate that `authority` signed.
fn issued(authority: &Authority) -> (TempDir, Files) {
    let folder = tempfile::tempdir().unwrap();
    let files = files(&folder);
    let (certificate, key) = authority.issue();
    write(&files.certificates, &certificate);
    write(&files.key, &key);
    (folder, files)
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

/// The certificate that a client is shown.
fn shown(line: &Line<TlsStream<TcpStream>>) -> CertificateDer<'static> {
    line.socket.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

/// Waits for a message that has `text`.
async fn until(viewer: &mut WebSocketStream<TlsStream<TcpStream>>, text: &str) {
    loop {
        let message = tokio::time::timeout(PATIENCE, viewer.next()).await.expect("in time").expect("open").unwrap();
        if message.to_text().unwrap().contains(text) {
            return;
        }
    }
}

#[tokio::test]
async fn holds_pages_and_live_maps_go_over_tls() {
    let app = TestApp::with(Wish { public_url: "https://localhost".to_owned(), ..Wish::unlimited() }).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let authority = Authority::new();
    let (_folder, files) = issued(&authority);
    let address = app.serve_with(|edge| edge.tls = Some(Tls::read(files).unwrap()));
    let mut line = authority.line(address).await;
    let always = "max-age=31536000";
    for (request, code) in [
        (hold_of(&event, ann.token(), 0).as_bytes(), 201),
        (HEALTH, 200),
        (hold_of(&event, ann.token(), 0).as_bytes(), 409),
        (&[hold_of(&event, ann.token(), 1).as_bytes(), HEALTH].concat(), 201),
    ] {
        let answer = line.ask(request).await;
        assert_eq!((answer.code(), &*answer.headers["strict-transport-security"]), (code, always));
    }
    assert_eq!(line.hear().await.unwrap().code(), 200, "the second of two in one packet");
    // Larger than any buffer on the way, and asked for many times before any of it is read.
    let description = b"GET /api/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";
    let whole = line.ask(description).await.body;
    assert!(whole.len() > 100_000);
    line.say(&description.repeat(20)).await;
    for _ in 0..20 {
        assert_eq!(line.hear().await.unwrap().body, whole);
    }
    assert_eq!(line.ask(upgrade(&event).as_bytes()).await.code(), 101);
    let Line { socket, input } = line;
    let mut viewer = WebSocketStream::from_partially_read(socket, input, Role::Client, None).await;
    until(&mut viewer, "\"snapshot\"").await;
    let mut other = authority.line(address).await;
    assert_eq!(other.ask(hold_of(&event, ann.token(), 2).as_bytes()).await.code(), 201);
    until(&mut viewer, "\"delta\"").await;
    viewer.close(None).await.unwrap();
}

#[tokio::test]
async fn who_does_not_speak_tls_is_told_nothing() {
    let app = TestApp::new().await;
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (_folder, files) = issued(&authority);
    let address = app.serve_with(|edge| edge.tls = Some(Tls::read(files).unwrap()));
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(HEALTH).await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
    let error = stranger.connect(address).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    // A handshake that does not go on ends with the server.
    let mut silent = TcpStream::connect(address).await.unwrap();
    assert_eq!(authority.line(address).await.ask(HEALTH).await.code(), 200);
    app.stop();
    assert_eq!(silent.read(&mut [0; 8]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_from_then_on() {
    let app = TestApp::new().await;
    let authority = Authority::new();
    let (_folder, files) = issued(&authority);
    let tls = Tls::read(files.clone()).unwrap();
    let address = app.serve_with(|edge| edge.tls = Some(tls.clone()));
    let mut line = authority.line(address).await;
    let first = shown(&line);
    assert!(!tls.refresh().unwrap(), "nothing has changed");

    // Between the two writes of whoever renews, the files do not fit.
    let (certificate, key) = authority.issue();
    write(&files.certificates, &certificate);
    assert!(matches!(tls.refresh(), Err(TlsError::Mismatch(_))));
    assert_eq!(shown(&authority.line(address).await), first);
    write(&files.key, &key);
    assert!(tls.refresh().unwrap());
    let renewed = shown(&authority.line(address).await);
    assert_ne!(renewed, first);
    assert_eq!(line.ask(HEALTH).await.code(), 200, "who was there before stays");

    for (certificate, key) in [("", &*key), ("-----BEGIN CERTIFICATE-----\nx\n", &key), (&certificate, "")] {
        write(&files.certificates, certificate);
        write(&files.key, key);
        assert!(matches!(tls.refresh(), Err(TlsError::NoCertificate { .. } | TlsError::NoKey { .. })));
    }
    std::fs::remove_file(&files.key).unwrap();
    assert!(matches!(tls.refresh(), Err(TlsError::Unreadable { .. })));
    assert!(matches!(Tls::read(files), Err(TlsError::Unreadable { .. })));
    assert_eq!(shown(&authority.line(address).await), renewed);
}
