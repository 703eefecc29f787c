//! A Redis of one test's own, or a cluster of them, to be killed, paused and started again.

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
    /// Where other nodes of its cluster find it; none where it is alone.
    bus: Option<SocketAddr>,
    /// The certificate it shows, as PEM, where it speaks TLS and nothing else.
    certificate: Option<String>,
    child: Child,
}

impl RedisServer {
    /// Starts one and waits until it answers. Takes the `redis-server` program, as runs with
    /// [`redis_url`](crate::redis_url) have it.
    pub async fn start() -> Self {
        Self::begin(None, None).await
    }

    /// The same by TLS, with a certificate for its address that it signed itself.
    pub async fn start_with_tls() -> Self {
        let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("an address of its own");
        Self::begin(Some(own), None).await
    }

    async fn begin(own: Option<rcgen::CertifiedKey<rcgen::KeyPair>>, bus: Option<SocketAddr>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        if let Some(own) = &own {
            for (name, pem) in [(CERTIFICATE, own.cert.pem()), (KEY, own.signing_key.serialize_pem())] {
                std::fs::write(folder.path().join(name), pem).expect("the folder takes files");
            }
        }
        let certificate = own.map(|own| own.cert.pem());
        let address = free_address();
        let child = spawn(&folder, address, bus, certificate.is_some());
        let server = Self { folder, address, bus, certificate, child };
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
        self.child = spawn(&self.folder, self.address, self.bus, self.certificate.is_some());
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

/// Three nodes that share the keys among them, without replicas. Dropping it kills them.
pub struct RedisCluster {
    nodes: [RedisServer; 3],
}

impl RedisCluster {
    /// Starts one and waits until each node knows where every key is. Takes `redis-cli`, too.
    pub async fn start() -> Self {
        let node = async || RedisServer::begin(None, Some(free_address())).await;
        let cluster = Self { nodes: [node().await, node().await, node().await] };
        let addresses: Vec<String> = cluster.nodes.iter().map(|node| node.address.to_string()).collect();
        let addresses = addresses.iter().map(String::as_str);
        cli(["--cluster", "create"].into_iter().chain(addresses).chain(["--cluster-yes"])).await;
        cluster.becomes_whole().await;
        cluster
    }

    /// Names its first node only.
    pub fn url(&self) -> String {
        format!("redis-cluster://{}", self.nodes[0].address)
    }

    /// The second node, which the URL does not name.
    pub fn node(&mut self) -> &mut RedisServer {
        &mut self.nodes[1]
    }

    /// Gives most keys of the second node to the first, one slot after another, while both are asked for them.
    pub async fn move_keys(&self) {
        let [to, from, _] = &self.nodes;
        let address = to.address.to_string();
        let (to, from) = (to.cluster_id().await, from.cluster_id().await);
        let wish = ["--cluster", "reshard", &address, "--cluster-from", &from, "--cluster-to", &to];
        cli(wish.into_iter().chain(["--cluster-slots", "4000", "--cluster-yes"])).await;
    }

    /// Waits until each node says that all of them are there.
    pub async fn becomes_whole(&self) {
        for node in &self.nodes {
            node.says("info", "cluster_state:ok").await;
        }
    }
}

impl RedisServer {
    async fn cluster_id(&self) -> String {
        let port = self.address.port().to_string();
        cli(["-p", &port, "cluster", "myid"]).await.trim().to_owned()
    }

    /// Waits until the answer to `cluster <question>` contains `wanted`.
    async fn says(&self, question: &str, wanted: &str) {
        let port = self.address.port().to_string();
        for _ in 0..600 {
            if cli(["-p", &port, "cluster", question]).await.contains(wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} never said {wanted}", self.address);
    }
}

/// What `redis-cli` says on this machine.
async fn cli<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let output = Command::new("redis-cli").args(arguments).stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.expect("redis-cli is installed");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "redis-cli: {said}");
    said
}

/// Free a moment ago; the system gives the same port to nobody else soon.
fn free_address() -> SocketAddr {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket can be made");
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port is free");
    socket.local_addr().expect("it is bound").as_socket().expect("an IP address")
}

fn spawn(folder: &TempDir, address: SocketAddr, bus: Option<SocketAddr>, by_tls: bool) -> Child {
    let port = address.port().to_string();
    let ports = if by_tls { ["--port", "0", "--tls-port", &port].to_vec() } else { ["--port", &port].to_vec() };
    let files = ["--tls-cert-file", CERTIFICATE, "--tls-key-file", KEY, "--tls-auth-clients", "no"];
    // A node that is silent for a second is gone.
    let bus = bus.map(|bus| bus.port().to_string());
    let cluster = bus.as_deref().map(|bus| {
        [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "1000",
            "--cluster-config-file",
            "nodes.conf",
            "--cluster-port",
            bus,
        ]
    });
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(ports)
        .args(files.iter().filter(|_| by_tls))
        .args(cluster.into_iter().flatten())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("redis-server is installed")
}
