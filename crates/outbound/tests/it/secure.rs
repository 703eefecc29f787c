//! TLS and HTTP/2.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use outbound::{Http, Policy, Range, RedirectFault, Refused, TlsFault};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::name_server::{NameServer, addresses};
use crate::server::{PUBLIC, PUBLIC_TOO, Server, answer, client, policy, redirect};

/// Signs certificates for one test.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// The settings of a server of these names, which speaks `protocols`.
    fn server(&self, names: &[&str], protocols: &[&str], change: impl Fn(&mut CertificateParams)) -> ServerConfig {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }

    fn policy(&self, servers: &[&Server], names: &NameServer) -> Policy {
        Policy {
            http: Http::Refused,
            trusted_certificates: self.pem.clone().into_bytes(),
            ..policy(servers, Some(names))
        }
    }
}

async fn public_names() -> NameServer {
    NameServer::start(|_, _, _| addresses(&["127.8.0.1"])).await
}

fn url(port: u16, host: &str) -> String {
    format!("https://{host}:{port}/")
}

#[tokio::test]
async fn a_host_with_the_right_certificate_is_called() {
    let authority = Authority::new("operator");
    let names = public_names().await;
    let tls = authority.server(&["hooks.example", "127.8.0.1"], &["http/1.1"], |_| {});
    let server = Server::start_tls(PUBLIC, tls, |_| answer("200 OK", "", "sealed")).await;
    let client = client(authority.policy(&[&server], &names));
    for host in ["hooks.example", "127.8.0.1"] {
        assert_eq!(client.get(&url(server.port(), host)).send().await.unwrap().body, "sealed", "{host}");
    }
}

#[tokio::test]
async fn a_wrong_certificate_is_refused_before_anything_is_sent() {
    let authority = Authority::new("operator");
    let stranger = Authority::new("stranger");
    let names = public_names().await;
    let expired = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1);
    let not_yet = |params: &mut CertificateParams| params.not_before = date_time_ymd(4000, 1, 1);
    for (tls, fault) in [
        (authority.server(&["other.example"], &[], |_| {}), TlsFault::WrongName),
        (authority.server(&["127.8.0.1"], &[], |_| {}), TlsFault::WrongName),
        (authority.server(&["hooks.example"], &[], expired), TlsFault::Expired),
        (authority.server(&["hooks.example"], &[], not_yet), TlsFault::Expired),
        (stranger.server(&["hooks.example"], &[], |_| {}), TlsFault::UnknownIssuer),
    ] {
        let server = Server::start_tls(PUBLIC, tls, |_| answer("200 OK", "", "forged")).await;
        let client = client(authority.policy(&[&server], &names));
        let refused = client.post(&url(server.port(), "hooks.example")).body("ticket").send().await.unwrap_err();
        assert_eq!(refused, Refused::Tls(fault));
        assert_eq!(server.requests().len(), 0, "{fault:?}");
    }
}

#[tokio::test]
async fn a_host_that_speaks_no_tls_is_refused() {
    let authority = Authority::new("operator");
    let names = public_names().await;
    let server = Server::start(PUBLIC, |_| answer("200 OK", "", "open")).await;
    let client = client(authority.policy(&[&server], &names));
    assert_eq!(client.get(&server.url("/")).send().await.unwrap_err(), Refused::Scheme);
    // The bytes of a handshake are no request that this server can read, so it is closed here.
    let talks = TcpListener::bind((PUBLIC_TOO, server.port())).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = talks.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 200 OK\r\n\r\nopen").await;
        }
    });
    let refused = client.get(&url(server.port(), "127.8.0.2")).send().await.unwrap_err();
    assert_eq!(refused, Refused::Tls(TlsFault::Handshake));
}

#[tokio::test]
async fn a_secure_call_is_not_redirected_to_an_insecure_one() {
    let authority = Authority::new("operator");
    let names = public_names().await;
    let open = Server::start(PUBLIC_TOO, |_| answer("200 OK", "", "open")).await;
    let away = open.url("/");
    let tls = authority.server(&["hooks.example"], &[], |_| {});
    let server = Server::start_tls(PUBLIC, tls, move |_| redirect(&away)).await;
    for (http, expected) in
        [(Http::Refused, Refused::Scheme), (Http::Allowed, Refused::Redirect(RedirectFault::Downgrade))]
    {
        let client = client(Policy { http, ..authority.policy(&[&server, &open], &names) });
        let refused = client.get(&url(server.port(), "hooks.example")).send().await.unwrap_err();
        assert_eq!(refused, expected);
    }
    assert_eq!(open.connections(), 0);
}

/// A server of HTTP/2 alone, with the library that the product's own server uses.
async fn http2(tls: ServerConfig) -> u16 {
    let listener = TcpListener::bind((PUBLIC, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tls = TlsAcceptor::from(Arc::new(tls));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                let Ok(stream) = tls.accept(stream).await else { return };
                let answer = service_fn(|request: hyper::Request<hyper::body::Incoming>| async move {
                    let version = format!("{:?}", request.version());
                    let mut answer = hyper::Response::builder();
                    let body = match request.uri().path() {
                        "/headers" => {
                            for number in 0..50 {
                                answer = answer.header(format!("x-{number}"), "b".repeat(1_000));
                            }
                            version
                        }
                        "/large" => "x".repeat(100_001),
                        _ => version,
                    };
                    answer.body(Full::new(Bytes::from(body)))
                });
                let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn http_2_is_spoken_within_the_same_limits() {
    let authority = Authority::new("operator");
    let names = public_names().await;
    let port = http2(authority.server(&["hooks.example"], &["h2"], |_| {})).await;
    let client = client(Policy { ports: vec![port], ..authority.policy(&[], &names) });
    let get = async |path: &str| {
        client.get(&format!("https://hooks.example:{port}{path}")).send().await.map(|response| response.body)
    };
    assert_eq!(get("/").await.unwrap(), "HTTP/2.0");
    assert_eq!(get("/large").await.unwrap_err(), Refused::BodyTooLarge);
    assert!(get("/headers").await.is_err());
    assert_eq!(get("/").await.unwrap(), "HTTP/2.0", "the next call is as good");
}

#[tokio::test]
async fn the_address_of_a_secure_host_is_checked_as_any_other() {
    let authority = Authority::new("operator");
    let names = NameServer::start(|_, _, _| addresses(&["127.0.0.1"])).await;
    let tls = authority.server(&["hooks.example"], &[], |_| {});
    let server = Server::start_tls(std::net::Ipv4Addr::LOCALHOST, tls, |_| answer("200 OK", "", "internal")).await;
    let client = client(authority.policy(&[&server], &names));
    let refused = client.get(&url(server.port(), "hooks.example")).send().await.unwrap_err();
    assert_eq!(refused, Refused::Address(Range::Loopback));
    assert_eq!(server.connections(), 0);
}
