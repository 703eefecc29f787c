//! The real binary with demo data, set up through its own API as an organizer would.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// How long a process may take to answer its first request.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// A process that ends with this value.
pub struct Process(Child);

impl Process {
    pub fn start(command: &mut Command, address: SocketAddr) -> io::Result<Process> {
        let process = Process(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
        let end = crate::load::now() + START_TIMEOUT;
        while TcpStream::connect(address).is_err() {
            if crate::load::now() > end {
                return Err(io::Error::new(io::ErrorKind::TimedOut, format!("nothing answers on {address}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(process)
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// One keep-alive connection for setting things up.
pub struct Api {
    address: SocketAddr,
    pub token: String,
}

impl Api {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, token: String::new() }
    }

    /// Panics with the answer when it is not a success: a benchmark of errors is worth nothing.
    pub fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_call(method, path, &body).expect("the server answers");
        assert!((200..300).contains(&status), "{method} {path} gave {status}: {answer}");
        answer
    }

    fn try_call(&self, method: &str, path: &str, body: &Value) -> io::Result<(u16, Value)> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let authorization = match &*self.token {
            "" => String::new(),
            token => format!("Authorization: Bearer {token}\r\n"),
        };
        let mut socket = TcpStream::connect(self.address)?;
        write!(
            socket,
            "{method} {path} HTTP/1.1\r\nHost: bench\r\n{authorization}Content-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut reader = BufReader::new(socket);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap_or(0);
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }
}

/// The binary next to this one.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("a running program has a path");
    own.with_file_name("stagedoor")
}

/// A server with `events` stadium events on sale and a signed-in fan for each connection.
pub struct Product {
    pub process: Process,
    pub address: SocketAddr,
    pub events: Vec<String>,
    pub tokens: Vec<String>,
    /// Ids of the stadium's seats, in map order.
    pub seats: Vec<String>,
    /// An event of the club, for live viewers.
    pub small_event: String,
}

impl Product {
    pub fn start(folder: &Path, events: usize, fans: usize) -> io::Result<Product> {
        let demo = Command::new(binary()).arg("demo").arg("--data").arg(folder).envs(settings()).output()?;
        assert!(demo.status.success(), "stagedoor demo: {}", String::from_utf8_lossy(&demo.stderr));
        let world: Value = serde_json::from_slice(&demo.stdout).expect("demo prints JSON");
        let address = free_address()?;
        let mut serve = Command::new(binary());
        serve.args(["serve", "--listen", &address.to_string(), "--data"]).arg(folder).envs(settings());
        let process = Process::start(&mut serve, address)?;

        let stadium = pick(&world["events"], |event| event["capacity"].as_u64().is_some_and(|seats| seats >= 80_000));
        let organizer = stadium["organizer"].as_str().expect("an event has an organizer").to_owned();
        let organizer = pick(&world["organizers"], |known| known["name"] == *organizer || known["id"] == *organizer);
        let name = (&organizer["id"], &organizer["name"]);
        let account = pick(&world["accounts"], |account| {
            account["role"] == "owner" && (account["organizer"] == *name.0 || account["organizer"] == *name.1)
        });
        let mut owner = Api::new(address);
        let signed_in = owner.call(
            "POST",
            "/api/v1/auth/login",
            json!({"email": account["email"], "password": account["password"]}),
        );
        owner.token = signed_in["accessToken"].as_str().expect("signed in").to_owned();

        let base = format!("/api/v1/organizers/{}", organizer["id"].as_str().expect("an id"));
        let shown =
            owner.call("GET", &format!("{base}/events/{}", stadium["id"].as_str().expect("an id")), Value::Null);
        let levels: Vec<Value> = shown["priceLevels"]
            .as_array()
            .expect("levels")
            .iter()
            .map(|level| json!({"key": level["key"], "name": level["name"], "amount": level["price"]["amount"]}))
            .collect();
        let mut ids = Vec::new();
        for number in 0..events {
            let event = owner.call(
                "POST",
                &format!("{base}/events"),
                json!({"venueId": shown["venueId"], "seatMapId": shown["seatMapId"], "currency": shown["currency"],
                    "name": format!("Load {number}"), "type": "concert", "startsAt": shown["startsAt"],
                    "priceLevels": levels, "orphanPolicy": "ignore"}),
            );
            let id = event["id"].as_str().expect("an id").to_owned();
            owner.call("POST", &format!("{base}/events/{id}/publish"), Value::Null);
            ids.push(id);
        }
        let map = owner.call("GET", &format!("/api/v1/events/{}/seat-map", ids[0]), Value::Null);
        let rows = map["sections"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|section| section["rows"].as_array().into_iter().flatten());
        let seats = rows.flat_map(|row| row["seats"].as_array().into_iter().flatten());
        let usual = |seat: &&Value| seat["accessible"] != true && seat["companion"] != true;
        let seats = seats.filter(usual).filter_map(|seat| seat["id"].as_str().map(str::to_owned)).collect();
        let tokens = (0..fans)
            .map(|number| {
                let account = json!({"email": format!("load{number}@example.org"), "password": format!("load-test-fan-{number}"), "name": "Load"});
                let signed_in = owner.call("POST", "/api/v1/auth/register", account);
                signed_in["accessToken"].as_str().expect("signed in").to_owned()
            })
            .collect();
        let club = pick(&world["events"], |event| event["capacity"].as_u64().is_some_and(|seats| seats < 2_000));
        let small_event = club["id"].as_str().expect("an id").to_owned();
        Ok(Product { process, address, events: ids, tokens, seats, small_event })
    }
}

/// Limits that a load generator with few fans and one address would meet at once. They are counted
/// all the same, and everything else is as shipped.
fn settings() -> [(&'static str, &'static str); 10] {
    [
        ("STAGEDOOR_HOLD_ATTEMPTS_PER_MINUTE", "1000000"),
        ("STAGEDOOR_ACTIVE_HOLDS_MAX", "1000"),
        ("STAGEDOOR_PASSWORD_MEMORY_KIB", "64"),
        ("STAGEDOOR_REGISTRATIONS_PER_ADDRESS", "1000000"),
        ("STAGEDOOR_ADDRESS_LIMIT", "1000000/s"),
        ("STAGEDOOR_USER_LIMIT", "1000000/s"),
        ("STAGEDOOR_ROUTE_LIMITS", "register=1000000/s"),
        // All of the load comes from one address.
        ("STAGEDOOR_CONNECTIONS_PER_ADDRESS", "1000000"),
        ("STAGEDOOR_LIVE_MAPS_PER_ADDRESS", "1000000"),
        ("STAGEDOOR_LOG", "warn"),
    ]
}

fn pick(list: &Value, fits: impl Fn(&Value) -> bool) -> Value {
    list.as_array().into_iter().flatten().find(|item| fits(item)).cloned().expect("the demo world has it")
}
