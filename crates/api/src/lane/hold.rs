//! Placing a hold, from the bytes of a request to the bytes of its answer.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderName, Method, StatusCode, header};
use bytes::{Buf, Bytes};
use catalog::EventView as Listing;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use inventory::{AskedHold, EventView, Hold};
use stagedoor_core::limits::BODY_MAX;
use stagedoor_core::{EventId, Id, RequestId, Stopwatch, Timestamp};
use tracing::Instrument;

use super::head::{self, Head};
use super::wire::Wire;
use crate::auth::{self, Holder};
use crate::extract::{IdempotencyKey, JSON, RawBody, check_kind, parse};
use crate::holds::{self, HoldView, NewHold, ROUTE};
use crate::limits::{self, Fields};
use crate::problem::IDEMPOTENCY_REPLAYED;
use crate::respond::{REQUEST_ID, URI_MAX, record, span};
use crate::{App, Problem, denials, safe};

/// What became of a request.
pub enum Served {
    /// It was answered here.
    Yes,
    /// The client is gone.
    Broken,
    /// It is none for this module.
    Other(Other),
}

/// A request for the router.
pub enum Other {
    /// So many bytes are one message for certain.
    Message(usize),
    /// Where it ends, only the HTTP library can tell.
    Endless,
}

/// Answers the request at the beginning of what was read, if it is for here. `head`: its length.
pub async fn serve(app: &App, from: SocketAddr, wire: &mut Wire, head: usize) -> Served {
    let begun = match begin(app, from, &wire.input, head) {
        Ok(begun) => begun,
        Err(other) => return Served::Other(other),
    };
    wire.input.advance(begun.bytes);
    let Begun { began, watch, id, fields, asked, .. } = begun;
    // A handler that panics must not take its connection, or its thread, along.
    let outcome = AssertUnwindSafe(asked.answer(app, id)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|_| Err(Problem::panicked()));
    let mut answer = OUT.take();
    let status = answer.write(app, outcome, &fields, id, began);
    record(&Method::POST, ROUTE, status, id, watch.elapsed());
    let sent = wire.send(&answer.all).await;
    answer.clear();
    OUT.set(answer);
    if sent.is_ok() { Served::Yes } else { Served::Broken }
}

/// A request that was read.
struct Begun {
    /// Head and body.
    bytes: usize,
    began: Timestamp,
    watch: Stopwatch,
    id: RequestId,
    fields: Fields,
    asked: Asked,
}

/// What a request came to so far.
enum Asked {
    /// The writer has it.
    Engine(AskedHold, Arc<EventView>, Arc<Listing>),
    /// Its event is not in memory.
    Absent(Box<(Holder, EventId, IdempotencyKey, RawBody<NewHold>)>),
    Refused(Problem),
    /// With what the audit log is to know of the request.
    Denied(Box<(denials::Asked, Problem)>),
}

/// Reads and checks a request, and asks the writer. Without a wait, so that nothing that was read
/// has to outlast one.
fn begin(app: &App, from: SocketAddr, input: &[u8], head: usize) -> Result<Begun, Other> {
    let mut room = head::room();
    let Some(read) = Head::read(&mut room, &input[..head]) else { return Err(Other::Endless) };
    let bytes = head + read.body;
    let Some(event) = event(&read).filter(|_| bytes <= input.len() && read.body <= BODY_MAX) else {
        return Err(Other::Message(bytes));
    };
    // No key holds seats, and whose it is takes a wait to know.
    if auth::shows_key(read.headers) {
        return Err(Other::Message(bytes));
    }
    let (began, watch) = (app.env.now(), app.env.stopwatch());
    let id = app.env.id_at(began);
    let admission = limits::admit(app, from.ip(), &Method::POST, Some(ROUTE), read.headers);
    let asked = match admission.refusal {
        Some(refusal) => Asked::Refused(refusal),
        None => {
            let ask = || {
                let fan = Holder::of(admission.caller)?;
                let event = event.parse().map_err(|_| Problem::not_found())?;
                ask(app, fan, event, read.headers, &input[head..bytes])
            };
            let asked = catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_| Err(Problem::panicked()));
            asked.unwrap_or_else(|problem| {
                let (method, address) = (Method::POST, admission.address);
                // A refused hold pays for the audit log only where somebody shows a wrong token, or none.
                if !denials::concerns(&method, ROUTE, problem.code) {
                    return Asked::Refused(problem);
                }
                let asked = denials::Asked::unrouted(method, read.path, read.headers, id, address);
                Asked::Denied(Box::new((asked, problem)))
            })
        }
    };
    Ok(Begun { bytes, began, watch, id, fields: admission.fields, asked })
}

/// The event that a request wants a hold of, if it does.
fn event<'input>(head: &Head<'_, 'input>) -> Option<&'input str> {
    let event = head.path.strip_prefix("/api/v1/events/")?.strip_suffix("/holds")?;
    // Anything but a plain id, such as one with a percent sign, is left to the router.
    let is_plain = event.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (head.method == Method::POST.as_str() && is_plain && head.path.len() <= URI_MAX).then_some(event)
}

fn ask(
    app: &App,
    fan: Holder,
    event: EventId,
    headers: &[httparse::Header<'_>],
    bytes: &[u8],
) -> Result<Asked, Problem> {
    let key = IdempotencyKey::sent(headers)?;
    check_kind(headers, JSON)?;
    let body: NewHold = parse(bytes)?;
    let (Some(listing), Some(view)) = (app.catalog.in_memory(event), app.inventory.loaded(event)) else {
        let (key, body) = (IdempotencyKey(key.map(str::to_owned)), RawBody(body, Bytes::copy_from_slice(bytes)));
        return Ok(Asked::Absent(Box::new((fan, event, key, body))));
    };
    let request = holds::request(app, fan, key, (&body, bytes), &view, &listing)?;
    let asked = app.inventory.ask_for_hold(&view, request).map_err(|refused| holds::problem(refused, &view))?;
    Ok(Asked::Engine(asked, view, listing))
}

/// What a request came to.
enum Success {
    Hold(Hold, Arc<Listing>),
    /// The answer of the router's handler.
    Written {
        status: StatusCode,
        replayed: bool,
        body: Bytes,
    },
}

impl Success {
    /// Writes the body; its status, and whether it repeats an answer.
    fn write(self, body: &mut Vec<u8>) -> (StatusCode, bool) {
        match self {
            Success::Hold(hold, listing) => {
                HoldView::new(&hold, &listing).write(body);
                (StatusCode::CREATED, hold.replayed)
            }
            Success::Written { status, replayed, body: written } => {
                body.extend_from_slice(&written);
                (status, replayed)
            }
        }
    }
}

impl Asked {
    async fn answer(self, app: &App, id: RequestId) -> Result<Success, Problem> {
        match self {
            Asked::Refused(problem) => Err(problem),
            // Boxed, or every request would keep room for it.
            Asked::Denied(denied) => {
                let recorded = async move {
                    let (asked, problem) = *denied;
                    denials::record(app, &asked, ROUTE, &problem).await;
                    Err(problem)
                };
                Box::pin(recorded.instrument(span(id))).await
            }
            Asked::Engine(asked, view, listing) => match asked.answer(&app.inventory, &view).await {
                Ok(hold) => Ok(Success::Hold(hold, listing)),
                Err(refused) => Err(holds::problem(refused, &view)),
            },
            // Boxed: an event that is on sale is hardly ever absent.
            Asked::Absent(request) => {
                let placed = async move {
                    let (fan, event, key, wish) = *request;
                    let response = holds::place(app, fan, event, key, wish).await?;
                    let (status, replayed) = (response.status(), response.headers().contains_key(IDEMPOTENCY_REPLAYED));
                    let body = response.into_body().collect().await.map_err(|error| Problem::fault(&error))?.to_bytes();
                    Ok(Success::Written { status, replayed, body })
                };
                Box::pin(placed.instrument(span(id))).await
            }
        }
    }
}

/// An answer on its way out.
#[derive(Default)]
struct Answer {
    body: Vec<u8>,
    /// Head and body.
    all: Vec<u8>,
}

/// Longest room for an answer that is kept.
const ROOM_MAX: usize = 16 * 1024;

thread_local! {
    /// Room for answers, so that each need not ask for its own.
    static OUT: RefCell<Answer> = RefCell::default();
    /// The second that the date was last written for, and the date.
    static DATE: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
}

impl Answer {
    /// Writes all of it; returns its status.
    fn write(
        &mut self,
        app: &App,
        outcome: Result<Success, Problem>,
        fields: &Fields,
        id: RequestId,
        at: Timestamp,
    ) -> StatusCode {
        let Answer { body, all } = self;
        let written = outcome.and_then(|success| {
            let write = AssertUnwindSafe(|| success.write(body));
            catch_unwind(write).map_err(|_| Problem::panicked())
        });
        let status = match written {
            Ok((status, replayed)) => {
                begin_head(all, status);
                line(all, &header::CONTENT_TYPE, JSON.as_bytes());
                line(all, &header::CACHE_CONTROL, safe::NO_STORE.as_bytes());
                if replayed {
                    line(all, &IDEMPOTENCY_REPLAYED, b"true");
                }
                status
            }
            Err(problem) => {
                let status = problem.status();
                begin_head(all, status);
                problem.headers().for_each(|(name, value)| line(all, &name, value.as_bytes()));
                // What was half written is not said.
                body.clear();
                problem.write(id, at, body);
                status
            }
        };
        fields.lines().for_each(|(name, value)| line(all, &name, value));
        line(all, &REQUEST_ID, id.text().as_bytes());
        all.extend_from_slice(safe::LINES);
        if let Some(always) = app.transport_security() {
            line(all, &header::STRICT_TRANSPORT_SECURITY, always.as_bytes());
        }
        line(all, &header::CONTENT_LENGTH, itoa::Buffer::new().format(body.len()).as_bytes());
        DATE.with_borrow_mut(|(second, text)| {
            if *second != at.seconds() {
                *second = at.seconds();
                *text = httpdate::fmt_http_date(system_time(at));
            }
            line(all, &header::DATE, text.as_bytes());
        });
        all.extend_from_slice(b"\r\n");
        all.extend_from_slice(body);
        status
    }

    fn clear(&mut self) {
        for room in [&mut self.body, &mut self.all] {
            room.clear();
            room.shrink_to(ROOM_MAX);
        }
    }
}

fn begin_head(out: &mut Vec<u8>, status: StatusCode) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn line(out: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn system_time(at: Timestamp) -> SystemTime {
    // Before 1970 only on a machine without a clock.
    UNIX_EPOCH + Duration::from_micros(at.micros().max(0) as u64)
}
