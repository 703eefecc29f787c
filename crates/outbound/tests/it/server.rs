//! A web server on a loopback address that writes byte for byte what a test wants, right or wrong,
//! and a client to call it with.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use outbound::{Http, Limits, Outbound, Policy};
use rustls::ServerConfig;
use stagedoor_core::Env;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::name_server::NameServer;

/// Stands for a host of the public internet: the policy of [`client`] lets `127.8.0.0/16` in.
pub const PUBLIC: Ipv4Addr = Ipv4Addr::new(127, 8, 0, 1);
pub const PUBLIC_TOO: Ipv4Addr = Ipv4Addr::new(127, 8, 0, 2);
/// Stands for what must never be reached.
pub const INTERNAL: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// What a server does after it has read a request; after the last step it reads the next one.
pub enum Step {
    Send(Vec<u8>),
    /// The same bytes until the other side has enough.
    Endless(Vec<u8>),
    /// Byte by byte, with a rest between them.
    Drip(Vec<u8>, Duration),
    /// Silence, with the connection open.
    Hang,
    Close,
}

/// One request, as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    /// What stands after the method.
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).expect("a request line")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// A whole answer. Headers end with a line end each.
pub fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<Step> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    vec![Step::Send([head.as_bytes(), body].concat())]
}

pub fn redirect(to: impl std::fmt::Display) -> Vec<Step> {
    answer("302 Found", &format!("location: {to}\r\n"), "")
}

pub fn raw(text: impl Into<Vec<u8>>) -> Vec<Step> {
    vec![Step::Send(text.into()), Step::Close]
}

pub struct Server {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<Request>>>,
}

type Script = Arc<dyn Fn(&Request) -> Vec<Step> + Send + Sync>;

impl Server {
    pub async fn start(at: Ipv4Addr, script: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((at, 0)).await.expect("a free port");
        Self::serve(listener, None, Arc::new(script))
    }

    pub async fn start_tls(
        at: Ipv4Addr,
        tls: ServerConfig,
        script: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((at, 0)).await.expect("a free port");
        Self::serve(listener, Some(TlsAcceptor::from(Arc::new(tls))), Arc::new(script))
    }

    /// Two servers that differ in nothing but the address they are at.
    pub async fn start_pair(
        at: [Ipv4Addr; 2],
        script: impl Fn(&Request) -> Vec<Step> + Clone + Send + Sync + 'static,
    ) -> [Self; 2] {
        loop {
            let first = TcpListener::bind((at[0], 0)).await.expect("a free port");
            let port = first.local_addr().expect("bound").port();
            // The port may be taken at the other address.
            let Ok(second) = TcpListener::bind((at[1], port)).await else { continue };
            return [first, second].map(|listener| Self::serve(listener, None, Arc::new(script.clone())));
        }
    }

    fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, script: Script) -> Self {
        let address = listener.local_addr().expect("bound");
        let server = Self { address, connections: Arc::default(), requests: Arc::default() };
        let (connections, requests) = (server.connections.clone(), server.requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (tls, script, requests) = (tls.clone(), script.clone(), requests.clone());
                tokio::spawn(async move {
                    // Errors here are clients that have seen enough.
                    let _ = match tls {
                        None => converse(stream, &script, &requests).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => converse(stream, &script, &requests).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        server
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `http://127.8.0.1:4711` + `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: &Script,
    requests: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    while let Some(request) = read(&mut stream).await? {
        requests.lock().unwrap().push(request.clone());
        for step in script(&request) {
            match step {
                Step::Send(bytes) => stream.write_all(&bytes).await?,
                Step::Endless(bytes) => loop {
                    stream.write_all(&bytes).await?;
                    // A network is no faster; without a rest the test's one thread does nothing else.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                },
                Step::Drip(bytes, rest) => {
                    for byte in bytes {
                        stream.write_all(&[byte]).await?;
                        stream.flush().await?;
                        tokio::time::sleep(rest).await;
                    }
                }
                Step::Hang => std::future::pending().await,
                Step::Close => return stream.shutdown().await,
            }
            stream.flush().await?;
        }
    }
    Ok(())
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Option<Request>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    let mut request = Request { head: String::from_utf8_lossy(&head).into_owned(), body: Vec::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().expect("a number"));
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).await?;
    Ok(Some(request))
}

/// Lets the stand-ins of the public internet in, with the ports of `servers`, and asks `names`.
pub fn policy(servers: &[&Server], names: Option<&NameServer>) -> Policy {
    Policy {
        http: Http::Allowed,
        ports: servers.iter().map(|server| server.port()).collect(),
        allow_networks: vec!["127.8.0.0/16".parse().expect("a network")],
        redirects_max: 3,
        limits: Limits {
            connect: Duration::from_secs(20),
            idle: Duration::from_secs(20),
            total: Duration::from_secs(30),
            body_bytes: 100_000,
            calls_per_host: 4,
        },
        // Without names to ask, whoever asks finds nobody.
        name_servers: vec![names.map_or_else(|| (INTERNAL, 9).into(), |names| names.address)],
        ..Policy::strict("test")
    }
}

pub fn client(policy: Policy) -> Outbound {
    Outbound::new(policy, Env::system()).expect("the policy is sound")
}
