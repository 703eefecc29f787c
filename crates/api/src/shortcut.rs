//! The way around the router for the one request that an on-sale consists of: placing a hold.
//!
//! Routing, boxed futures and extensions would cost it more than the seat engine does. Its checks
//! and their order are those of [`holds::place_hold`], which describes the route and serves the
//! addresses that are written in an unusual way.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;

use axum::http::Method;
use axum::response::Response;
use futures_util::FutureExt;
use hyper::Request;
use hyper::body::Incoming;
use stagedoor_core::RequestId;

use crate::auth::Fan;
use crate::extract::{IdempotencyKey, RawBody};
use crate::limits::{self, Fields};
use crate::{App, Problem, holds, respond};

const ROUTE: &str = "/api/v1/events/{event}/holds";

/// Whether a request is for [`place_hold`].
pub fn is_hold<B>(request: &Request<B>) -> bool {
    // Anything but a plain id, such as one with a percent sign, is left to the router.
    let is_plain = |event: &str| event.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    request.method() == Method::POST
        && event(request.uri().path()).is_some_and(is_plain)
        && !respond::is_too_long(request.uri())
}

fn event(path: &str) -> Option<&str> {
    path.strip_prefix("/api/v1/events/")?.strip_suffix("/holds")
}

/// Answers a request that [`is_hold`].
/// `from`: the peer.
pub async fn place_hold(app: &App, from: SocketAddr, request: Request<Incoming>) -> Response {
    let (began, watch) = (app.env.now(), app.env.stopwatch());
    let id: RequestId = app.env.id();
    let mut fields = Fields::default();
    // A handler that panics must not take its connection, or its thread, along.
    let mut response = match AssertUnwindSafe(answer(app, from, request, &mut fields)).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.render(id, began),
        Err(_) => Problem::panicked().render(id, began),
    };
    fields.write(response.headers_mut());
    respond::finish(&mut response, &Method::POST, ROUTE, id, watch.elapsed());
    response
}

async fn answer(
    app: &App,
    from: SocketAddr,
    request: Request<Incoming>,
    fields: &mut Fields,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let admission = limits::admit(app, from.ip(), &Method::POST, Some(ROUTE), &parts.headers);
    *fields = admission.fields;
    if let Some(refusal) = admission.refusal {
        return Err(refusal);
    }
    let fan = Fan::of(admission.caller)?;
    let event = event(parts.uri.path()).and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)?;
    let key = IdempotencyKey::of(&parts.headers)?;
    let body = RawBody::read(&parts.headers, body).await?;
    holds::place(app, fan, event, key, body).await
}
