//! A closed-loop HTTP client that costs little: raw sockets, prepared requests, one poll loop a
//! thread. It reads just enough of an answer to know where it ends.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use polling::{Event, Events, Poller};

/// What a run asks for and what it does with the answers.
pub trait Client: Send {
    /// Writes the next request of `connection` to `out`.
    fn request(&mut self, connection: usize, out: &mut Vec<u8>);
    /// Sees the answer to it.
    fn answer(&mut self, connection: usize, status: u16, body: &[u8]);
}

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub struct Run {
    pub requests: u64,
    pub seconds: f64,
    /// Answers by status.
    pub statuses: std::collections::BTreeMap<u16, u64>,
    /// In microseconds, sorted.
    latencies: Vec<u32>,
}

impl Run {
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// Latency in milliseconds that `share` of the answers stayed below.
    pub fn latency_ms(&self, share: f64) -> f64 {
        let at = ((self.latencies.len() as f64 * share) as usize).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(at).map_or(0.0, |us| f64::from(*us) / 1000.0)
    }
}

struct Connection {
    socket: TcpStream,
    out: Vec<u8>,
    sent: usize,
    input: Vec<u8>,
    began: Instant,
}

/// Keeps `connections` requests under way from one thread for `span`, after a warm-up that is not
/// counted.
pub fn run(
    address: SocketAddr,
    connections: usize,
    warm_up: Duration,
    span: Duration,
    client: &mut dyn Client,
) -> io::Result<Run> {
    let poller = Poller::new()?;
    let mut all = Vec::with_capacity(connections);
    for key in 0..connections {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        // Level-triggered: nothing has to be armed again, which saves a system call an answer.
        add_readable(&poller, &socket, key)?;
        let mut connection =
            Connection { socket, out: Vec::new(), sent: 0, input: Vec::with_capacity(4096), began: now() };
        client.request(key, &mut connection.out);
        send(&mut connection)?;
        all.push(connection);
    }
    let started = now();
    let (counted_from, end) = (started + warm_up, started + warm_up + span);
    let mut run = Run::default();
    let mut events = Events::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let at = now();
        if at >= end {
            break;
        }
        events.clear();
        poller.wait(&mut events, Some(end - at))?;
        for event in events.iter() {
            let connection = &mut all[event.key];
            let count = match connection.socket.read(&mut chunk) {
                Ok(0) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed a connection")),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error),
            };
            connection.input.extend_from_slice(&chunk[..count]);
            let Some((status, start, length)) = head(&connection.input) else { continue };
            if connection.input.len() < start + length {
                continue;
            }
            let at = now();
            client.answer(event.key, status, &connection.input[start..start + length]);
            if at >= counted_from {
                run.requests += 1;
                *run.statuses.entry(status).or_default() += 1;
                run.latencies.push((at - connection.began).as_micros().min(u128::from(u32::MAX)) as u32);
            }
            connection.input.clear();
            connection.out.clear();
            client.request(event.key, &mut connection.out);
            connection.sent = 0;
            connection.began = at;
            send(connection)?;
        }
    }
    run.seconds = span.as_secs_f64();
    run.latencies.sort_unstable();
    Ok(run)
}

/// Watches `socket` for input. The caller keeps it open as long as the poller.
pub fn add_readable(poller: &Poller, socket: &TcpStream, key: usize) -> io::Result<()> {
    // SAFETY: callers keep poller and sockets in one function, and close neither before its end.
    #[expect(unsafe_code, reason = "the poller asks its user to keep the socket alive")]
    unsafe {
        poller.add_with_mode(socket, Event::readable(key), polling::PollMode::Level)
    }
}

/// Requests are far smaller than a socket buffer, so they go out in one piece.
fn send(connection: &mut Connection) -> io::Result<()> {
    while connection.sent < connection.out.len() {
        connection.sent += connection.socket.write(&connection.out[connection.sent..])?;
    }
    Ok(())
}

/// Status, where the body starts and how long it is, once all headers are there.
fn head(input: &[u8]) -> Option<(u16, usize, usize)> {
    let status = std::str::from_utf8(input.get(9..12)?).ok()?.parse().ok()?;
    let (mut start, mut length) = (0, 0);
    // A byte after the other would take a microsecond of the cores that are measured for each answer with many headers.
    for end in memchr::memchr_iter(b'\n', input) {
        let line = &input[std::mem::replace(&mut start, end + 1)..end];
        if line == b"\r" {
            return Some((status, start, length));
        }
        if line.len() > 15 && line[..15].eq_ignore_ascii_case(b"content-length:") {
            length = std::str::from_utf8(&line[15..]).ok()?.trim().parse().ok()?;
        }
    }
    None
}

/// The one clock of the measurements.
pub fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "measuring is what this program is for")]
    Instant::now()
}

/// CPU seconds, user and system, that a process has used.
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    // utime and stime are fields 14 and 15, and the first one here is field 3; a tick is 10 ms.
    (ticks(11) + ticks(12)) / 100.0
}

/// Resident memory of a process in bytes.
pub fn resident_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}
