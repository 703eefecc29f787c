//! A Redis of one test's own, to be killed, paused and started again.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// A server that keeps nothing on disk, on a port that stays its own. Dropping it kills it.
pub struct RedisServer {
    folder: TempDir,
    address: SocketAddr,
    /// The certificate it shows, as PEM, where it speaks TLS and nothing else.
    certificate: Option<String>,
    child: Child,
}

impl RedisServer {
    /// Starts one and waits until it answers. Takes the `redis-server` program, as runs with
    /// [`redis_url`](crate::redis_url) have it.
    pub async fn start() -> Self {
        Self::begin(None).await
    }

    /// The same by TLS, with a certificate for its address that it signed itself.
    pub async fn start_with_tls() -> Self {
        let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("an address of its own");
        Self::begin(Some(own)).await
    }

    async fn begin(own: Option<rcgen::CertifiedKey<rcgen::KeyPair>>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        if let Some(own) = &own {
            for (name, pem) in [(CERTIFICATE, own.cert.pem()), (KEY, own.signing_key.serialize_pem())] {
                std::fs::write(folder.path().join(name), pem).expect("the folder takes files");
            }
        }
        let certificate = own.map(|own| own.cert.pem());
        // Free a moment ago; the system gives the same port to nobody else soon.
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket can be made");
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port is free");
        let address = socket.local_addr().expect("it is bound").as_socket().expect("an IP address");
        drop(socket);
        let child = spawn(&folder, address, certificate.is_some());
        let server = Self { folder, address, certificate, child };
        server.answers().await;
        server
    }

    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://{}", self.address)
    }

    /// What it shows who comes by TLS, as PEM.
    pub fn certificate(&self) -> &str {
        self.certificate.as_deref().expect("a server that was started with TLS")
    }

    /// `kill -9`, then waits until the process is gone.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("the server was running");
    }

    /// Starts it again on the same port, empty.
    pub async fn restart(&mut self) {
        self.child = spawn(&self.folder, self.address, self.certificate.is_some());
        self.answers().await;
    }

    /// Stops the process where it is: connections stay open and nothing answers.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id().expect("nobody waited for it yet");
        let process = Pid::from_raw(id as i32).expect("a process id is not zero");
        kill_process(process, signal).expect("the server is running");
    }

    async fn answers(&self) {
        for _ in 0..600 {
            if TcpStream::connect(self.address).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("Redis did not start on {}", self.address);
    }
}

const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";

fn spawn(folder: &TempDir, address: SocketAddr, by_tls: bool) -> Child {
    let port = address.port().to_string();
    let ports = if by_tls { ["--port", "0", "--tls-port", &port].to_vec() } else { ["--port", &port].to_vec() };
    let files = ["--tls-cert-file", CERTIFICATE, "--tls-key-file", KEY, "--tls-auth-clients", "no"];
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(ports)
        .args(files.iter().filter(|_| by_tls))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("redis-server is installed")
}
