//! Where requests begin and end.

use std::mem::MaybeUninit;

use axum::http::Method;
use httparse::{Header, Request, Status};

/// Longest request line and headers together.
pub const HEAD_MAX: usize = 32 * 1024;
/// More headers than a program sends that wants something.
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
    let mut from = seen.saturating_sub(2);
    while let Some(at) = input[from..].iter().position(|byte| *byte == b'\n') {
        from += at + 1;
        match &input[from..] {
            [b'\n', ..] => return Some(from + 1),
            [b'\r', b'\n', ..] => return Some(from + 2),
            _ => {}
        }
    }
    None
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
