//! Where requests begin and end.

use std::mem::MaybeUninit;

use axum::http::Method;
use httparse::{Header, Request, Status};

/// Longest request line and headers together.
pub const HEAD_MAX: usize = 32 * 1024;
/// Headers of a request that is read here; one with more is left to the HTTP library, which takes 100.
const HEADERS_MAX: usize = 64;

/// Room for the headers of one request.
pub type Room<'a> = [MaybeUninit<Header<'a>>; HEADERS_MAX];

pub const fn room<'a>() -> Room<'a> {
    [const { MaybeUninit::uninit() }; HEADERS_MAX]
}

/// Bytes up to the end of the empty line that ends a head, if it is there. As the parser, it takes
/// a line feed alone for the end of a line. `seen`: bytes that were looked at before, when there
/// were no more.
pub fn end(input: &[u8], seen: usize) -> Option<usize> {
    // The last of them may have begun an empty line.
    let from = seen.saturating_sub(2);
    memchr::memchr_iter(b'\n', &input[from..]).find_map(|at| {
        let next = from + at + 1;
        match &input[next..] {
            [b'\n', ..] => Some(next + 1),
            [b'\r', b'\n', ..] => Some(next + 2),
            _ => None,
        }
    })
}

/// Whether the beginning of a head is none, however it goes on.
pub fn is_broken(input: &[u8]) -> bool {
    let mut room = room();
    let parsed = Request::new(&mut []).parse_with_uninit_headers(input, &mut room);
    parsed.is_err_and(|error| error != httparse::Error::TooManyHeaders)
}

/// A head that this module understands for certain: HTTP/1.1, and a body whose length is one plain
/// number, or none.
pub struct Head<'room, 'input> {
    pub method: &'input str,
    pub path: &'input str,
    pub headers: &'room [Header<'input>],
    /// Bytes of the body.
    pub body: usize,
}

impl<'room, 'input> Head<'room, 'input> {
    /// `input`: up to the [`end`]. None for whatever another parser could understand in another way,
    /// and for what makes a connection something else: a body in chunks, an upgrade, an expectation.
    pub fn read(room: &'room mut Room<'input>, input: &'input [u8]) -> Option<Self> {
        let mut request = Request::new(&mut []);
        let parsed = request.parse_with_uninit_headers(input, room);
        let (true, Some(1)) = (parsed == Ok(Status::Complete(input.len())), request.version) else { return None };
        let (Some(method), Some(path), headers) = (request.method, request.path, request.headers) else { return None };
        let mut body = None;
        for Header { name, value } in &*headers {
            // By length first: this is asked of every header of every request.
            let is = |known: &str| name.len() == known.len() && name.eq_ignore_ascii_case(known);
            if is("content-length") {
                let is_number = (1..=9).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
                if !is_number || body.is_some() {
                    return None;
                }
                body = Some(value.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0')));
                continue;
            }
            let is_special = is("transfer-encoding") || is("upgrade") || is("expect");
            if is_special || is("connection") && !value.eq_ignore_ascii_case(b"keep-alive") {
                return None;
            }
        }
        (method != Method::CONNECT.as_str()).then_some(Self { method, path, headers, body: body.unwrap_or(0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_head_is_found_however_it_comes() {
        for (head, rest) in [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /"),
            ("GET / HTTP/1.1\nHost: a\n\n", "\n\n"),
            ("GET / HTTP/1.1\nHost: a\n\r\n", ""),
            ("GET / HTTP/1.1\r\nHost: a\r\n\n", "{}\r\n\r\n"),
        ] {
            let whole = format!("{head}{rest}");
            for first in 0..=whole.len() {
                let found = end(&whole.as_bytes()[..first], 0);
                assert_eq!(found, (first >= head.len()).then_some(head.len()), "{first} of {whole:?}");
                if found.is_none() {
                    assert_eq!(end(whole.as_bytes(), first), Some(head.len()), "{whole:?} in two, after {first}");
                }
            }
        }
        assert_eq!(end(b"GET / HTTP/1.1\r\nHost: a\r\n\r", 0), None);
    }

    #[test]
    fn only_what_has_one_meaning_is_understood() {
        let body = |lines: &str| {
            let head = format!("POST /x HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
            Head::read(&mut room(), head.as_bytes()).map(|head| head.body)
        };
        for (lines, expected) in [
            ("", Some(0)),
            ("Content-Length: 0\r\n", Some(0)),
            ("content-length:   17  \r\n", Some(17)),
            ("Content-Length: 000000017\r\n", Some(17)),
            ("Connection: Keep-Alive\r\n", Some(0)),
            ("Content-Length: 0000000017\r\n", None),
            ("Content-Length: +5\r\n", None),
            ("Content-Length: 5,5\r\n", None),
            ("Content-Length:\r\n", None),
            ("Content-Length: 5\r\nContent-Length: 5\r\n", None),
            ("Transfer-Encoding: chunked\r\n", None),
            ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", None),
            ("Connection: close\r\n", None),
            ("Connection: keep-alive, Upgrade\r\n", None),
            ("Upgrade: websocket\r\n", None),
            ("Expect: 100-continue\r\n", None),
            ("X : a\r\n", None),
        ] {
            assert_eq!(body(lines), expected, "{lines:?}");
        }
        assert_eq!(body(&"X: y\r\n".repeat(63)), Some(0));
        assert_eq!(body(&"X: y\r\n".repeat(64)), None);
        for head in ["GET / HTTP/1.0\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\nX: y\r\n\r\n"] {
            assert!(Head::read(&mut room(), head.as_bytes()).is_none(), "{head:?}");
        }
    }

    #[test]
    fn what_is_no_request_is_known_from_its_beginning() {
        for broken in ["\u{16}\u{3}\u{1}\0", "EHLO x\r\n", "GET / HTTP/1.1\r\nHost : a\r\n", "GET / HTTP/2.0\r\n"] {
            assert!(is_broken(broken.as_bytes()), "{broken:?}");
        }
        for whole in ["\r", "P", "POST /x HTTP/1.1\r", "GET / HTTP/1.1\r\nHost: a\r\nX-Half"] {
            assert!(!is_broken(whole.as_bytes()), "{whole:?}");
        }
    }
}
