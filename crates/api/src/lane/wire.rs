//! A client's socket with what was read ahead of it, and what the HTTP library sees of it.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::head::{self, HEAD_MAX};
use crate::stream::Stream;

/// What most requests fit in.
const READ: usize = 2 * 1024;
/// Read at a time on behalf of the library.
const CHUNK: usize = 8 * 1024;

/// A socket and the bytes that came from it and nobody has taken.
pub struct Wire {
    stream: Stream,
    pub input: BytesMut,
}

impl Wire {
    pub fn new(stream: Stream) -> Self {
        Self { stream, input: BytesMut::new() }
    }

    /// Waits for a request: how long its head is, once all of it is there. For what will never be one,
    /// and for one that is longer than heads may be, how much of it there is; none when the client has
    /// gone.
    pub async fn request(&mut self) -> Option<usize> {
        let mut seen = 0;
        loop {
            // Some clients end a body with an empty line too many. Source: RFC 9112, 2.2.
            while let [b'\r', b'\n', ..] | [b'\n', ..] = &self.input[..] {
                let line = 1 + usize::from(self.input[0] == b'\r');
                self.input.advance(line);
            }
            if let Some(end) = head::end(&self.input, seen) {
                return Some(end);
            }
            // What is no HTTP from the start need not be waited for: whoever speaks another protocol
            // is told at once.
            let is_hopeless = seen == 0 && !self.input.is_empty() && head::is_broken(&self.input);
            seen = self.input.len();
            if seen >= HEAD_MAX || is_hopeless {
                return Some(seen.min(HEAD_MAX));
            }
            self.input.reserve(READ);
            if self.stream.read_buf(&mut self.input).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// Sends bytes, usually without waiting.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    pub fn into_parts(self) -> (Stream, BytesMut) {
        (self.stream, self.input)
    }
}

/// What the HTTP library sees of a socket.
pub struct Guest {
    wire: Wire,
    /// Bytes that it may still read before the socket seems to end; none when it may read on for
    /// ever.
    left: Option<usize>,
    /// Whether it was told that there is no more, while the socket itself goes on.
    saw_end: bool,
}

impl Guest {
    /// For one message of `bytes`.
    pub fn of_message(wire: Wire, bytes: usize) -> Self {
        Self { wire, left: Some(bytes), saw_end: false }
    }

    /// For everything that is still to come.
    pub fn for_good(wire: Wire) -> Self {
        Self { wire, left: None, saw_end: false }
    }

    /// The socket, if the library has read and answered the whole message and is ready for the next.
    pub fn into_wire(self) -> Option<Wire> {
        self.saw_end.then_some(self.wire)
    }

    /// The bare socket, with bytes of it that were read and nobody has taken.
    pub fn into_parts(self) -> (Stream, BytesMut) {
        self.wire.into_parts()
    }
}

impl Read for Guest {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, mut out: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let Guest { wire, left, saw_end } = self.get_mut();
        if *left == Some(0) {
            *saw_end = true;
            return Poll::Ready(Ok(()));
        }
        if wire.input.is_empty() {
            let mut chunk = [const { MaybeUninit::uninit() }; CHUNK];
            let mut chunk = ReadBuf::uninit(&mut chunk);
            ready!(Pin::new(&mut wire.stream).poll_read(context, &mut chunk))?;
            wire.input.extend_from_slice(chunk.filled());
        }
        let count = wire.input.len().min(left.unwrap_or(usize::MAX)).min(out.remaining());
        out.put_slice(&wire.input[..count]);
        wire.input.advance(count);
        *left = left.map(|left| left - count);
        Poll::Ready(Ok(()))
    }
}

impl Write for Guest {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().wire.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().wire.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().wire.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let guest = self.get_mut();
        if guest.saw_end {
            // Only the message has ended.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut guest.wire.stream).poll_shutdown(context)
    }
}
