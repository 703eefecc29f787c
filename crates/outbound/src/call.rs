//! One call, over all its redirects, and its answer.

use std::fmt;

use bytes::{Bytes, BytesMut};
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue, IntoHeaderName};
use tokio::time::{Instant, timeout_at};

use crate::client::{HEADER_BYTES_MAX, Outbound};
use crate::refused::of_transport;
use crate::slots::Slot;
use crate::{Destination, Method, Phase, RedirectFault, Refused, StatusCode};

/// Headers that say where a message ends, whom it is for or how it is packed: the client's own work.
const OURS: &[&str] = &[
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "accept-encoding",
    "proxy-authorization",
    "user-agent",
];

/// Headers that another host may see after a redirect. Of all others somebody may have made a
/// credential.
const FOR_ANYBODY: &[&str] = &["accept", "accept-language"];

/// A call that is not made yet.
#[must_use = "nothing is called before `send` or `stream`"]
pub struct Call {
    outbound: Outbound,
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Bytes,
}

/// The whole answer. Its body is the other side's text: never show it to who typed the address.
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// An answer whose body is still to come.
pub struct Streamed {
    pub status: StatusCode,
    pub headers: HeaderMap,
    outbound: Outbound,
    /// `None` when it is over, well or badly: the connection is given back or closed.
    body: Option<(reqwest::Response, Slot)>,
    received: usize,
    deadline: Instant,
}

impl Call {
    pub(crate) fn new(outbound: Outbound, method: Method, url: &str) -> Self {
        Self { outbound, method, url: url.to_owned(), headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// Adds a header, `If-None-Match` and `If-Modified-Since` among others. It goes to the host of
    /// the URL alone: after a redirect to another one only `Accept` and `Accept-Language` do.
    pub fn header(mut self, name: impl IntoHeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Makes the call and takes the whole answer.
    pub async fn send(self) -> Result<Response, Refused> {
        self.stream().await?.whole().await
    }

    /// Makes the call; the body of the answer is read piece by piece.
    pub async fn stream(self) -> Result<Streamed, Refused> {
        let outbound = self.outbound.clone();
        let purpose = outbound.0.policy.purpose;
        let watch = outbound.0.env.stopwatch();
        metrics::counter!("stagedoor_outbound_calls_total", "purpose" => purpose).increment(1);
        let streamed = self.follow().await;
        match &streamed {
            Ok(_) => metrics::histogram!("stagedoor_outbound_call_seconds", "purpose" => purpose)
                .record(watch.elapsed().as_secs_f64()),
            Err(refused) => count(purpose, *refused),
        }
        streamed
    }

    /// From redirect to redirect, each checked like the first.
    async fn follow(mut self) -> Result<Streamed, Refused> {
        let inner = self.outbound.0.clone();
        let policy = &inner.policy;
        #[expect(clippy::disallowed_methods, reason = "a patience with another server, which is not replayed")]
        let deadline = Instant::now() + policy.limits.total;
        if self.headers.keys().any(|name| OURS.contains(&name.as_str())) {
            return Err(Refused::Header);
        }
        let mut destination = policy.check(&self.url)?;
        let mut followed = 0;
        loop {
            let slot = timeout_at(deadline, inner.slots.take(destination.host().to_string()));
            let slot = slot.await.map_err(|_| Refused::Busy)?;
            let answer = timeout_at(deadline, self.once(&destination)).await;
            let answer = answer.unwrap_or(Err(Refused::Timeout(Phase::Total)));
            let answer = answer.inspect_err(|refused| {
                tracing::debug!(purpose = policy.purpose, %destination, reason = refused.label(), "outbound call failed");
            })?;
            if policy.redirects_max == 0 || !self.is_redirect(answer.status()) {
                return self.answered(answer, slot, deadline);
            }
            if followed == policy.redirects_max {
                return Err(Refused::Redirect(RedirectFault::TooMany));
            }
            followed += 1;
            let next = location(answer.headers()).and_then(|place| policy.check_redirect(&destination, place))?;
            if !next.same_origin(&destination) {
                self.headers = for_anybody(&self.headers);
            }
            destination = next;
        }
    }

    /// One request and the headers of its answer.
    async fn once(&self, destination: &Destination) -> Result<reqwest::Response, Refused> {
        let client = &self.outbound.0.client;
        let mut request = client.request(self.method.clone(), destination.url().clone()).headers(self.headers.clone());
        if !self.body.is_empty() {
            request = request.body(self.body.clone());
        }
        let answer = request.send().await.map_err(|error| of_transport(&error))?;
        let size = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
        if answer.headers().iter().map(size).sum::<usize>() > HEADER_BYTES_MAX {
            return Err(Refused::HeadersTooLarge);
        }
        let has = |name| answer.headers().contains_key(name);
        // Two statements of where the answer ends, or an end of HTTP itself.
        if has(header::TRANSFER_ENCODING) && has(header::CONTENT_LENGTH) || answer.status().is_informational() {
            return Err(Refused::BadResponse);
        }
        // The client unpacks gzip and takes the header away.
        let packed = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
        if answer.headers().get_all(header::CONTENT_ENCODING).iter().any(packed) {
            return Err(Refused::Encoding);
        }
        Ok(answer)
    }

    fn is_redirect(&self, status: StatusCode) -> bool {
        // What has a body is not sent on: the next host was not meant to have it.
        let safe = self.method == Method::GET || self.method == Method::HEAD;
        safe && self.body.is_empty() && matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
    }

    fn answered(self, mut answer: reqwest::Response, slot: Slot, deadline: Instant) -> Result<Streamed, Refused> {
        let announced = answer.content_length().unwrap_or(0);
        if self.method != Method::HEAD && announced > self.outbound.0.policy.limits.body_bytes as u64 {
            return Err(Refused::BodyTooLarge);
        }
        Ok(Streamed {
            status: answer.status(),
            headers: std::mem::take(answer.headers_mut()),
            outbound: self.outbound,
            body: Some((answer, slot)),
            received: 0,
            deadline,
        })
    }
}

impl Streamed {
    /// The next piece of the body, `None` at its end. After an error there is no more.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Refused> {
        let next = self.read().await;
        if !matches!(next, Ok(Some(_))) {
            self.body = None;
        }
        next.inspect_err(|refused| count(self.outbound.0.policy.purpose, *refused))
    }

    async fn read(&mut self) -> Result<Option<Bytes>, Refused> {
        let Some((body, _)) = &mut self.body else { return Ok(None) };
        let next = timeout_at(self.deadline, body.chunk()).await;
        let next = next.map_err(|_| Refused::Timeout(Phase::Total))?.map_err(|error| of_transport(&error))?;
        self.received += next.as_ref().map_or(0, Bytes::len);
        if self.received > self.outbound.0.policy.limits.body_bytes {
            return Err(Refused::BodyTooLarge);
        }
        Ok(next)
    }

    /// The rest of the body, at once.
    pub async fn whole(mut self) -> Result<Response, Refused> {
        let mut body = BytesMut::new();
        while let Some(piece) = self.chunk().await? {
            body.extend_from_slice(&piece);
        }
        Ok(Response { status: self.status, headers: self.headers, body: body.freeze() })
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, body, .. } = self;
        write!(out, "Response {{ {status}, {} bytes }}", body.len())
    }
}

impl fmt::Debug for Streamed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Streamed {{ {}, {} bytes read }}", self.status, self.received)
    }
}

fn count(purpose: &'static str, refused: Refused) {
    let labels = [("purpose", purpose), ("reason", refused.label())];
    metrics::counter!("stagedoor_outbound_refusals_total", &labels).increment(1);
}

fn location(headers: &HeaderMap) -> Result<&str, Refused> {
    let mut places = headers.get_all(header::LOCATION).iter();
    let place = places.next().and_then(|place| place.to_str().ok());
    // Two places are two readings.
    place.filter(|_| places.next().is_none()).ok_or(Refused::Redirect(RedirectFault::Nowhere))
}

fn for_anybody(headers: &HeaderMap) -> HeaderMap {
    let kept = headers.iter().filter(|(name, _)| FOR_ANYBODY.contains(&name.as_str()));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}
