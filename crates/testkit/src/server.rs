//! The real `stagedoor` binary as a process of its own, to be killed and started again.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::http::Client;
use crate::postgres::{fresh_database, postgres_url};

/// How long a server may take to become ready, or to stop.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
/// More requests than any test makes.
const UNLIMITED: [(&str, &str); 4] = [
    ("STAGEDOOR_ADDRESS_LIMIT", "1000000/s"),
    ("STAGEDOOR_USER_LIMIT", "1000000/s"),
    ("STAGEDOOR_USER_LIMIT_IN_SURGE", "1000000/s"),
    (
        "STAGEDOOR_ROUTE_LIMITS",
        "register=1000000/s,login=1000000/s,refresh=1000000/s,forgot_password=1000000/s,reset_password=1000000/s,\
         oauth_consent=1000000/s,oauth_token=1000000/s",
    ),
];

/// A data folder and a database on which the binary's commands run, one server at a time or one
/// after another. On PostgreSQL when the run is, on SQLite otherwise.
///
/// ```no_run
/// # async fn example() {
/// let place = testkit::Installation::new().await;
/// let world = place.run(&["demo"]).await;
/// let server = place.serve(&[]).await;
/// server.kill().await;
/// let server = place.serve(&[]).await; // recovers what the first one answered
/// assert!(server.stop().await.success());
/// # }
/// ```
pub struct Installation {
    folder: TempDir,
    database_url: Option<String>,
    /// Bound, never listening: keeps the port ours between servers.
    port: Socket,
}

impl Installation {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let database_url = match postgres_url() {
            Some(server) => Some(fresh_database(&server).await),
            None => None,
        };
        Self { folder, database_url, port: reserved_port() }
    }

    /// The same database seen from another machine: a data folder of its own with the same master
    /// key. None on SQLite, whose database is in the folder.
    pub fn elsewhere(&self) -> Option<Self> {
        let database_url = Some(self.database_url.clone()?);
        let other =
            Self { folder: tempfile::tempdir().expect("a folder can be made"), database_url, port: reserved_port() };
        std::fs::create_dir(other.data()).expect("a folder can be made");
        std::fs::copy(self.data().join("master.key"), other.data().join("master.key")).expect("there is a key");
        Some(other)
    }

    /// The same on another database, or as another user of it.
    pub fn on(self, database_url: String) -> Self {
        Self { database_url: Some(database_url), ..self }
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// None on SQLite, which lives in the data folder.
    pub fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }

    /// `stagedoor ARGUMENTS` on this data, deaf to the settings of whoever runs the tests.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("STAGEDOOR_") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.folder.path()).args(arguments).arg("--data").arg(self.data());
        if let Some(url) = &self.database_url {
            command.arg("--database-url").arg(url);
        }
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command that ends by itself, whatever its exit status.
    pub async fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().await.expect("the binary runs")
    }

    /// Runs a command that must succeed; what it printed.
    pub async fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "stagedoor {arguments:?}: {}\n{said}", output.status);
        String::from_utf8(output.stdout).expect("the binary prints UTF-8")
    }

    /// Where every server of this installation listens.
    pub fn address(&self) -> SocketAddr {
        let address = self.port.local_addr().expect("the socket is bound");
        address.as_socket().expect("an IP address")
    }

    /// Starts a server and waits until it can serve. Its limits on requests are out of the way of a
    /// test, which calls from one address; `arguments` may set them.
    pub async fn serve(&self, arguments: &[&str]) -> Server {
        self.serve_with(arguments, |_| {}).await
    }

    /// The same, its process changed before it starts.
    pub async fn serve_with(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Server {
        let address = self.address();
        let listen = address.to_string();
        let log = self.folder.path().join("server.log");
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log).expect("the log opens");
        let mut command = self.command(&[&["serve", "--listen", &listen], arguments].concat());
        command.envs(UNLIMITED);
        change(&mut command);
        command.stdout(file.try_clone().expect("the log is a file")).stderr(file);
        let child = command.spawn().expect("the binary starts");
        let mut server = Server { child, address, log };
        tokio::time::timeout(PATIENCE, server.ready())
            .await
            .unwrap_or_else(|_| panic!("not ready within {PATIENCE:?}\n{}", server.log()));
        server
    }
}

/// A running server. Dropping it kills it.
pub struct Server {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Server {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection of its own, signed in as nobody.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Everything this and earlier servers of the installation logged.
    pub fn log(&self) -> String {
        read(&self.log)
    }

    /// `kill -9`, then waits until the process is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the server was running");
    }

    /// Asks the server to finish what it accepted and end.
    pub async fn stop(mut self) -> ExitStatus {
        kill_process(self.pid(), Signal::TERM).expect("the server is running");
        match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => status.expect("the server is our child"),
            Err(_) => panic!("still running {PATIENCE:?} after it was asked to stop\n{}", self.log()),
        }
    }

    /// Waits for a server that ends by itself, as it must when its disk fails.
    pub async fn ended(mut self) -> ExitStatus {
        match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => status.expect("the server is our child"),
            Err(_) => panic!("still running after {PATIENCE:?}\n{}", self.log()),
        }
    }

    /// The process, to be paused or looked at while it runs.
    pub fn pid(&self) -> Pid {
        let id = self.child.id().expect("nobody waited for it yet");
        Pid::from_raw(id as i32).expect("a process id is not zero")
    }

    async fn ready(&mut self) {
        loop {
            if let Some(status) = self.child.try_wait().expect("the server is our child") {
                panic!("the server ended: {status}\n{}", self.log());
            }
            if self.client().get("/readyz").await.is_ok_and(|answer| answer.status == 200) {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<_> = log.lines().rev().take(40).collect();
            eprintln!("the server's last lines:");
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        }
    }
}

fn read(log: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned()
}

/// Servers share a port among their workers (`SO_REUSEPORT`), so a socket can hold one for them
/// that nobody else is given.
fn reserved_port() -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket can be made");
    socket.set_reuse_address(true).expect("ports can be shared");
    socket.set_reuse_port(true).expect("ports can be shared");
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port is free");
    socket
}

/// Where the runner says the binary is; in the tests of a crate for which it does not say, beside
/// the folder of the test programs, where the last build of the whole workspace left it.
fn binary() -> PathBuf {
    let told = ["NEXTEST_BIN_EXE_stagedoor", "CARGO_BIN_EXE_stagedoor"];
    if let Some(path) = told.iter().find_map(std::env::var_os) {
        return path.into();
    }
    let test = std::env::current_exe().expect("a program has a path");
    let beside = test.ancestors().nth(2).expect("test programs stand two folders deep").join("stagedoor");
    assert!(beside.exists(), "cargo build --bin stagedoor first: {} is not there", beside.display());
    beside
}
