//! A DNS server on a loopback address, over UDP and TCP, that answers what a test wants it to.
//!
//! Source: RFC 1035.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// What a name server says to one question. Addresses of the other family are left out.
#[derive(Debug, Clone)]
pub enum Says {
    Addresses(Vec<IpAddr>),
    /// An alias of this name, which has these addresses.
    Alias(&'static str, Vec<IpAddr>),
    /// No such name.
    Absent,
    /// The name exists and has no address.
    Empty,
    /// The server cannot say (SERVFAIL).
    Failure,
    /// Nothing at all.
    Silence,
    /// Nothing of use by UDP; the addresses by TCP.
    Truncated(Vec<IpAddr>),
    /// Bytes that are no DNS message.
    Garbage,
}

pub fn addresses(all: &[&str]) -> Says {
    Says::Addresses(parsed(all))
}

pub fn parsed(all: &[&str]) -> Vec<IpAddr> {
    all.iter().map(|address| address.parse().expect("an address")).collect()
}

/// One question, as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    A,
    Aaaa,
    Other,
}

type Zone = dyn Fn(&str, Kind, usize) -> Says + Send + Sync;

pub struct NameServer {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<(String, Kind)>>>,
}

impl NameServer {
    /// `zone` says what to answer: it is given the name, the kind of address, and how often that
    /// kind was asked of that name before.
    pub async fn start(zone: impl Fn(&str, Kind, usize) -> Says + Send + Sync + 'static) -> Self {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().expect("bound")).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().expect("bound");
        let asked: Arc<Mutex<Vec<(String, Kind)>>> = Arc::default();
        let server = Serving { zone: Arc::new(zone), asked: asked.clone() };
        tokio::spawn(server.clone().serve_udp(udp));
        tokio::spawn(server.serve_tcp(tcp));
        Self { address, asked }
    }

    /// Every question, in the order they came.
    pub fn asked(&self) -> Vec<(String, Kind)> {
        self.asked.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Serving {
    zone: Arc<Zone>,
    asked: Arc<Mutex<Vec<(String, Kind)>>>,
}

impl Serving {
    async fn serve_udp(self, socket: UdpSocket) {
        let mut message = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut message).await {
            if let Some(answer) = self.answer(&message[..length], true) {
                let _ = socket.send_to(&answer, from).await; // whoever asked may be gone
            }
        }
    }

    async fn serve_tcp(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let server = self.clone();
            tokio::spawn(async move { server.serve_stream(stream).await });
        }
    }

    async fn serve_stream(self, mut stream: TcpStream) -> std::io::Result<()> {
        loop {
            let mut message = vec![0; stream.read_u16().await?.into()];
            stream.read_exact(&mut message).await?;
            let Some(answer) = self.answer(&message, false) else { continue };
            stream.write_u16(answer.len() as u16).await?;
            stream.write_all(&answer).await?;
        }
    }

    fn answer(&self, message: &[u8], by_udp: bool) -> Option<Vec<u8>> {
        let (name, question) = question(message)?;
        let kind = match question[question.len() - 4..] {
            [0, 1, ..] => Kind::A,
            [0, 28, ..] => Kind::Aaaa,
            _ => Kind::Other,
        };
        let before = {
            let mut asked = self.asked.lock().unwrap();
            let before = asked.iter().filter(|(other, of)| *other == name && *of == kind).count();
            // Asked again by TCP it is the same question.
            if by_udp {
                asked.push((name.clone(), kind));
            }
            if by_udp { before } else { before.saturating_sub(1) }
        };
        let (code, truncated, records) = match (self.zone)(&name, kind, before) {
            Says::Silence => return None,
            Says::Garbage => return Some(vec![0xff; 40]),
            Says::Absent => (3, false, Vec::new()),
            Says::Failure => (2, false, Vec::new()),
            Says::Empty => (0, false, Vec::new()),
            Says::Truncated(_) if by_udp => (0, true, Vec::new()),
            Says::Addresses(all) | Says::Truncated(all) => (0, false, of_kind(&[0xc0, 12], kind, &all)),
            Says::Alias(target, all) => {
                let target = encoded(target);
                let mut records = vec![record(&[0xc0, 12], 5, &target)];
                records.extend(of_kind(&target, kind, &all));
                (0, false, records)
            }
        };
        let flags = [0x81 | if truncated { 2 } else { 0 }, 0x80 | code];
        let counts = [0, 1, 0, records.len() as u8, 0, 0, 0, 0];
        Some([&message[..2], &flags, &counts, question, &records.concat()].concat())
    }
}

/// The name asked for, and the question as it stands in the message.
fn question(message: &[u8]) -> Option<(String, &[u8])> {
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(message.get(at..at + length)?).to_lowercase());
        at += length;
    }
    Some((labels.join("."), message.get(12..at + 4)?))
}

fn encoded(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.') {
        bytes.push(label.len() as u8);
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

fn of_kind(name: &[u8], kind: Kind, all: &[IpAddr]) -> Vec<Vec<u8>> {
    let matching = all.iter().filter_map(|address| match (kind, address) {
        (Kind::A, IpAddr::V4(address)) => Some(record(name, 1, &address.octets())),
        (Kind::Aaaa, IpAddr::V6(address)) => Some(record(name, 28, &address.octets())),
        _ => None,
    });
    matching.collect()
}

/// A record of class IN that may not be kept.
fn record(name: &[u8], kind: u8, data: &[u8]) -> Vec<u8> {
    [name, &[0, kind, 0, 1, 0, 0, 0, 0, 0, data.len() as u8], data].concat()
}
