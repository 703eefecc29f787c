//! The server's end of a WebSocket, for viewers by the ten thousand. Source: RFC 6455.
//!
//! A socket at rest keeps no buffer, and a frame for many is encoded once and written from the same
//! bytes. The libraries there are copy every frame into a buffer of the socket's own, which stays
//! as large as the largest frame was.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::OptionalFromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

use crate::lane::Guest;
use crate::stream::Stream;

/// Longest message from a viewer: an access token and little else.
pub const MESSAGE_MAX: usize = 4 * 1024;
/// A viewer whose socket takes nothing for this long is dropped.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a viewer that broke the rules may take to read why.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest payload of a ping, pong or close. Source: RFC 6455, 5.5.
const CONTROL_MAX: usize = 125;

/// Why a socket is closed. Source: RFC 6455, 7.4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    GoingAway = 1001,
    Protocol = 1002,
    NotUtf8 = 1007,
    TooBig = 1009,
}

/// What a viewer said.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    Text(String),
    Binary,
    /// To be answered with [`pong`].
    Ping(Vec<u8>),
    /// The other side closes. To be answered with [`WebSocket::close`].
    Close,
}

/// Why nothing more will be heard.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    Gone,
    /// The viewer broke the rules; to be told with [`WebSocket::refuse`].
    Broken(CloseCode),
}

pub fn text(text: &str) -> Bytes {
    frame(0x81, text.as_bytes())
}

pub fn ping() -> Bytes {
    Bytes::from_static(&[0x89, 0])
}

pub fn pong(payload: &[u8]) -> Bytes {
    frame(0x8a, payload)
}

fn frame(head: u8, payload: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(payload.len() + 10);
    frame.push(head);
    match payload.len() {
        short @ 0..=125 => frame.push(short as u8),
        medium @ 126..=0xffff => {
            frame.push(126);
            frame.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            frame.push(127);
            frame.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame.into()
}

/// A request to speak WebSocket from now on.
pub struct Upgrade {
    on_upgrade: OnUpgrade,
    accept: HeaderValue,
}

impl<S: Sync> OptionalFromRequestParts<S> for Upgrade {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(upgrade(parts))
    }
}

/// The client's handshake, if it is one. Source: RFC 6455, 4.2.1.
fn upgrade(parts: &mut Parts) -> Option<Upgrade> {
    let lists = |name: HeaderName, wanted: &str| {
        let values = parts.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(wanted))
    };
    let asks = parts.method == Method::GET
        && lists(header::CONNECTION, "upgrade")
        && lists(header::UPGRADE, "websocket")
        && lists(header::SEC_WEBSOCKET_VERSION, "13");
    let accept = accept(&parts.headers).filter(|_| asks)?;
    Some(Upgrade { on_upgrade: parts.extensions.remove()?, accept })
}

fn accept(headers: &HeaderMap) -> Option<HeaderValue> {
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?.as_bytes();
    if STANDARD.decode(key).ok()?.len() != 16 {
        return None;
    }
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    HeaderValue::from_str(&STANDARD.encode(hash.finalize())).ok()
}

impl Upgrade {
    /// Answers the handshake; `talk` has the socket as soon as the answer is out.
    pub fn with<F>(self, talk: impl FnOnce(WebSocket) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let on_upgrade = self.on_upgrade;
        tokio::spawn(async move {
            let Ok(upgraded) = on_upgrade.await else { return };
            // Our own server hands over nothing else.
            let Ok(parts) = upgraded.downcast::<Guest>() else { return };
            let (stream, rest) = parts.io.into_parts();
            let socket = WebSocket {
                stream,
                unread: [&parts.read_buf[..], &rest[..]].concat(),
                message: Vec::new(),
                opcode: None,
            };
            // A task of its own: this one has room for the handshake.
            tokio::spawn(talk(socket));
        });
        let headers = [
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::SEC_WEBSOCKET_ACCEPT, self.accept),
        ];
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
    }
}

#[derive(Debug)]
pub struct WebSocket {
    stream: Stream,
    /// Bytes that make no whole frame yet.
    unread: Vec<u8>,
    /// What came of a message in parts, and what kind it is.
    message: Vec<u8>,
    opcode: Option<u8>,
}

struct Frame {
    is_last: bool,
    opcode: u8,
    payload: Vec<u8>,
}

impl WebSocket {
    /// The next thing the viewer says. Nothing is lost when the future is dropped before.
    pub async fn recv(&mut self) -> Result<Heard, End> {
        loop {
            while let Some(frame) = take_frame(&mut self.unread, self.message.len()).map_err(End::Broken)? {
                if let Some(heard) = self.hear(frame).map_err(End::Broken)? {
                    return Ok(heard);
                }
            }
            poll_fn(|context| self.poll_read(context)).await?;
        }
    }

    /// Takes over what has arrived, once something has. Nothing of its room outlives a look.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<(), End>> {
        let mut chunk = [MaybeUninit::uninit(); 2048];
        let mut chunk = ReadBuf::uninit(&mut chunk);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut chunk)).map_err(|_| End::Gone)?;
        if chunk.filled().is_empty() {
            return Poll::Ready(Err(End::Gone));
        }
        self.unread.extend_from_slice(chunk.filled());
        Poll::Ready(Ok(()))
    }

    fn hear(&mut self, frame: Frame) -> Result<Option<Heard>, CloseCode> {
        let Frame { is_last, opcode, payload } = frame;
        match (opcode, self.opcode) {
            (8, _) => return Ok(Some(Heard::Close)),
            (9, _) => return Ok(Some(Heard::Ping(payload))),
            (10, _) => return Ok(None),
            (0, Some(_)) => self.message.extend_from_slice(&payload),
            (1 | 2, None) => (self.opcode, self.message) = (Some(opcode), payload),
            _ => return Err(CloseCode::Protocol),
        }
        if !is_last {
            return Ok(None);
        }
        let message = std::mem::take(&mut self.message);
        match self.opcode.take() {
            Some(1) => String::from_utf8(message).map(|text| Some(Heard::Text(text))).map_err(|_| CloseCode::NotUtf8),
            _ => Ok(Some(Heard::Binary)),
        }
    }

    /// Sends a whole frame, or gives up on the viewer.
    pub async fn send(&mut self, frame: &[u8]) -> Result<(), End> {
        let mut rest = frame;
        while !rest.is_empty() {
            match self.stream.try_write(rest) {
                Ok(0) => return Err(End::Gone),
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // Boxed, or every viewer would keep room for a timer.
                    let writing = async {
                        self.stream.write_all(rest).await?;
                        self.stream.flush().await
                    };
                    let written = Box::pin(timeout(SEND_TIMEOUT, writing)).await;
                    return if matches!(written, Ok(Ok(()))) { Ok(()) } else { Err(End::Gone) };
                }
                Err(_) => return Err(End::Gone),
            }
        }
        Ok(())
    }

    /// Says goodbye; `None` answers the other side's.
    pub async fn close(&mut self, code: Option<CloseCode>) {
        let code = code.map(|code| (code as u16).to_be_bytes());
        let _ = self.send(&frame(0x88, code.as_ref().map_or(&[], |code| &code[..]))).await;
        let _ = self.stream.shutdown().await;
    }

    /// Closes after a breach of the rules. A socket with unread bytes ends in a reset, which can
    /// overtake the reason, so what still comes is read and thrown away.
    pub async fn refuse(mut self, code: CloseCode) {
        self.close(Some(code)).await;
        let rest = async {
            while poll_fn(|context| self.poll_read(context)).await.is_ok() {
                self.unread.clear();
            }
        };
        let _ = timeout(GOODBYE_TIMEOUT, rest).await;
    }
}

/// The first frame of `unread`, once it is whole. `before`: how much of its message came already.
fn take_frame(unread: &mut Vec<u8>, before: usize) -> Result<Option<Frame>, CloseCode> {
    let [first, second, ..] = unread[..] else { return Ok(None) };
    let (opcode, is_last, is_control) = (first & 15, first & 0x80 != 0, first & 8 != 0);
    let (length, at) = match (second & 127, &unread[2..]) {
        (126, [a, b, ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 4),
        (127, rest) if rest.len() >= 8 => (u64::from_be_bytes(rest[..8].try_into().expect("eight bytes")), 10),
        (126 | 127, _) => return Ok(None),
        (length, _) => (u64::from(length), 2),
    };
    let is_masked = second & 0x80 != 0;
    let is_known = matches!(opcode, 0..=2 | 8..=10);
    if first & 0x70 != 0 || !is_masked || !is_known || is_control && (!is_last || length > CONTROL_MAX as u64) {
        return Err(CloseCode::Protocol);
    }
    let room = if is_control { CONTROL_MAX } else { MESSAGE_MAX - before };
    if length > room as u64 {
        return Err(CloseCode::TooBig);
    }
    let (from, to) = (at + 4, at + 4 + length as usize);
    if unread.len() < to {
        return Ok(None);
    }
    let mask = &unread[at..from];
    let payload = unread[from..to].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    // A buffer that is empty is given back.
    *unread = if unread.len() == to { Vec::new() } else { unread.split_off(to) };
    Ok(Some(Frame { is_last, opcode, payload }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as a client sends it.
    fn sent(head: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = frame(head, payload).to_vec();
        let at = bytes.len() - payload.len();
        bytes[1] |= 0x80;
        let mask = [7, 77, 177, 250];
        bytes.splice(at..at, mask);
        bytes[at + 4..].iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        bytes
    }

    #[test]
    fn a_frame_is_taken_once_it_is_whole() {
        for length in [0, 1, 125, 126, 4_000] {
            let payload: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let whole = sent(0x82, &payload);
            for cut in (0..whole.len()).step_by(7) {
                assert!(take_frame(&mut whole[..cut].to_vec(), 0).unwrap().is_none(), "{cut} bytes of {length}");
            }
            let mut unread = [whole, vec![0x89]].concat();
            let taken = take_frame(&mut unread, 0).unwrap().expect("it is whole");
            assert_eq!((taken.is_last, taken.opcode, taken.payload), (true, 2, payload));
            assert_eq!(unread, [0x89], "what follows stays");
        }
    }

    #[test]
    fn what_breaks_the_rules_says_which() {
        let unmasked = frame(0x81, b"hello").to_vec();
        for (bytes, code) in [
            (unmasked, CloseCode::Protocol),
            (sent(0xc1, b"reserved bit"), CloseCode::Protocol),
            (sent(0x83, b"no such opcode"), CloseCode::Protocol),
            (sent(0x09, b"a ping in parts"), CloseCode::Protocol),
            (sent(0x89, &[0; 126]), CloseCode::Protocol),
            (sent(0x81, &[b'x'; MESSAGE_MAX + 1]), CloseCode::TooBig),
            (vec![0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], CloseCode::TooBig),
        ] {
            assert_eq!(take_frame(&mut bytes.clone(), 0).err(), Some(code), "{bytes:?}");
        }
        // Parts of a message count together.
        assert_eq!(take_frame(&mut sent(0x80, &[b'x'; 97]), MESSAGE_MAX - 96).err(), Some(CloseCode::TooBig));
        assert!(take_frame(&mut sent(0x80, &[b'x'; 96]), MESSAGE_MAX - 96).unwrap().is_some());
    }

    #[test]
    fn the_handshake_is_answered_as_the_standard_s_example() {
        let mut headers = HeaderMap::new();
        headers.insert(header::SEC_WEBSOCKET_KEY, HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        assert_eq!(accept(&headers).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        headers.insert(header::SEC_WEBSOCKET_KEY, HeaderValue::from_static("c2hvcnQ="));
        assert_eq!(accept(&headers), None);
    }
}
