//! Ten thousand viewers of one live seat map: what they cost at rest, and how long a change takes
//! to reach all of them.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use polling::{Event, Events, Poller};
use serde_json::{Value, json};

use crate::load::{add_readable, now, resident_bytes};
use crate::product::Product;

/// How many changes are timed.
const CHANGES: usize = 20;
/// After the last frame of a change, before the next.
const PAUSE: Duration = Duration::from_millis(300);
/// A frame that takes longer is lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// The opcode of a text frame.
const TEXT: u8 = 1;

pub struct Viewers {
    /// Resident memory of the server per viewer, in bytes.
    pub resident_bytes: f64,
    /// From sending the hold to the frame's arrival, in milliseconds, sorted; one for each viewer
    /// and change.
    pub latencies_ms: Vec<f64>,
}

/// Opens `viewers` sockets on a small event and times changes to it.
pub fn watch(product: &Product, viewers: usize) -> io::Result<Viewers> {
    let before = resident_bytes(product.process.pid());
    let poller = Poller::new()?;
    let mut sockets = Vec::with_capacity(viewers);
    for key in 0..viewers {
        let socket = open(product)?;
        socket.set_nonblocking(true)?;
        add_readable(&poller, &socket, key)?;
        sockets.push(socket);
    }
    std::thread::sleep(Duration::from_secs(1));
    let resident = resident_bytes(product.process.pid()).saturating_sub(before) as f64 / viewers as f64;
    let mut latencies = Vec::with_capacity(viewers * CHANGES);
    let mut hold: Option<String> = None;
    let mut fan = crate::product::Api::new(product.address);
    fan.token = product.tokens[0].clone();
    for _ in 0..CHANGES {
        drain(&poller, &sockets)?;
        let began = now();
        match hold.take() {
            Some(id) => drop(fan.call("DELETE", &format!("/api/v1/holds/{id}"), Value::Null)),
            None => {
                let wish = json!({"bestAvailable": {"quantity": 2}});
                let answer = fan.call("POST", &format!("/api/v1/events/{}/holds", product.small_event), wish);
                hold = answer["id"].as_str().map(str::to_owned);
            }
        }
        let mut reached = vec![false; viewers];
        let mut left = viewers;
        let mut events = Events::new();
        let mut chunk = [0; 4096];
        while left > 0 && began.elapsed() < PATIENCE {
            events.clear();
            poller.wait(&mut events, Some(PATIENCE))?;
            for event in events.iter() {
                let count = (&sockets[event.key]).read(&mut chunk).unwrap_or(0);
                if !reached[event.key] && has_text(&chunk[..count]) {
                    reached[event.key] = true;
                    left -= 1;
                    latencies.push(began.elapsed().as_secs_f64() * 1e3);
                }
            }
        }
        assert_eq!(left, 0, "viewers that saw no change");
        std::thread::sleep(PAUSE);
    }
    latencies.sort_by(f64::total_cmp);
    Ok(Viewers { resident_bytes: resident, latencies_ms: latencies })
}

/// A WebSocket after its handshake and first snapshot.
fn open(product: &Product) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect(product.address)?;
    write!(
        socket,
        "GET /api/v1/events/{}/live HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        product.small_event
    )?;
    let mut reader = BufReader::new(socket.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    assert!(line.contains("101"), "the upgrade was refused: {line}");
    while line.trim() != "" {
        line.clear();
        reader.read_line(&mut line)?;
    }
    // The first frame: two bytes of head, two more for a length over 125.
    let mut head = [0; 2];
    reader.read_exact(&mut head)?;
    let mut length = usize::from(head[1] & 127);
    if length == 126 {
        reader.read_exact(&mut head)?;
        length = usize::from(u16::from_be_bytes(head));
    }
    io::copy(&mut reader.by_ref().take(length as u64), &mut io::sink())?;
    Ok(socket)
}

/// Whether a text frame begins in `bytes`, which begin with a frame: only those tell of a change.
/// Source: RFC 6455, 5.2.
fn has_text(mut bytes: &[u8]) -> bool {
    while let [head, length, rest @ ..] = bytes {
        if head & 0x0f == TEXT {
            return true;
        }
        // Any other is a ping: at most 125 bytes, its length in the second one.
        bytes = rest.get(usize::from(*length)..).unwrap_or_default();
    }
    false
}

/// Takes what is there, such as pings.
fn drain(poller: &Poller, sockets: &[TcpStream]) -> io::Result<()> {
    let (mut events, mut chunk) = (Events::new(), [0; 4096]);
    loop {
        events.clear();
        if poller.wait(&mut events, Some(Duration::from_millis(20)))? == 0 {
            return Ok(());
        }
        for event in events.iter() {
            let _: &Event = &event;
            let _ = (&sockets[event.key]).read(&mut chunk);
        }
    }
}
