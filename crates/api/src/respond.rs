//! What happens to every request and answer: a request id, limits, the error envelope, safe
//! headers, counts and logs.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hashbrown::HashMap;
use metrics::{Counter, Histogram};
use stagedoor_core::{Code, RequestId};
use tower::{Layer, Service};
use tracing::{Instrument, Span};

use crate::denials::{self, Asked, ToldOtherwise};
use crate::limits::{self, Admission};
use crate::{App, Problem, safe};

/// Longest address a client may ask for.
pub const URI_MAX: usize = 8 * 1024;
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The layer around all routes.
#[derive(Clone)]
pub struct Respond {
    pub app: App,
}

impl<S> Layer<S> for Respond {
    type Service = Responding<S>;

    fn layer(&self, inner: S) -> Responding<S> {
        Responding { app: self.app.clone(), inner }
    }
}

#[derive(Clone)]
pub struct Responding<S> {
    app: App,
    inner: S,
}

impl<S> Service<Request> for Responding<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let app = self.app.clone();
        let (began, watch) = (app.env.now(), app.env.stopwatch());
        let id: RequestId = app.env.id();
        request.extensions_mut().insert(id);
        let path = request.extensions().get::<MatchedPath>().cloned();
        let admission = self.admit(&request, path.as_ref());
        let is_private = safe::is_private(request.method(), request.headers());
        let mut inner = self.inner.clone();
        // The service that is ready is the one to call.
        std::mem::swap(&mut inner, &mut self.inner);
        Box::pin(async move {
            let route = path.as_ref().map_or("unmatched", MatchedPath::as_str);
            // What is logged on the way names the request, whoever logs it.
            let span = span(id);
            let admission = match admission.needs_look_up() {
                true => {
                    let path = path.as_ref().map(MatchedPath::as_str);
                    let looked_up = admission.looked_up(&app, request.method(), path, request.headers());
                    looked_up.instrument(span.clone()).await
                }
                false => admission,
            };
            let Admission { caller, address, refusal, fields } = admission;
            request.extensions_mut().insert(caller);
            let asked = Asked::new(&request, id, caller, address);
            let too_long =
                || is_too_long(request.uri()).then(|| Problem::new(Code::UriTooLong, "the address is too long"));
            let answer = match refusal.or_else(too_long) {
                Some(problem) => Err(problem),
                // Where it is decided that it is one of a tenant, it becomes that: see `tenant`.
                None => Ok(store::tenant::request(inner.call(request)).instrument(span.clone())),
            };
            let mut response = match answer {
                Err(problem) => {
                    denials::record(&app, &asked, route, &problem).instrument(span.clone()).await;
                    problem.render(id, began)
                }
                // A handler that panics must not take its connection, or its thread, along.
                Ok(answer) => match std::panic::AssertUnwindSafe(answer).catch_unwind().await {
                    Ok(answer) => answer?,
                    Err(_) => Problem::panicked().render(id, began),
                },
            };
            if let Some(problem) = response.extensions_mut().remove::<Problem>() {
                denials::record(&app, &asked, route, &problem).instrument(span.clone()).await;
                let said = std::mem::take(response.headers_mut());
                response = problem.render(id, began);
                response.headers_mut().extend(said);
            } else if let Some(ToldOtherwise(problem)) = response.extensions_mut().remove() {
                denials::record(&app, &asked, route, &problem).instrument(span.clone()).await;
            } else if response.status() == StatusCode::METHOD_NOT_ALLOWED {
                let allow = response.headers().get(header::ALLOW).cloned();
                response = Problem::new(Code::MethodNotAllowed, "that method is not offered here").render(id, began);
                response.headers_mut().extend(allow.map(|allow| (header::ALLOW, allow)));
            }
            fields.insert(response.headers_mut());
            if is_private {
                response.headers_mut().entry(header::CACHE_CONTROL).or_insert(safe::NO_STORE);
            }
            finish(&app, &mut response, asked.method(), route, id, watch.elapsed());
            Ok(response)
        })
    }
}

impl<S> Responding<S> {
    fn admit(&self, request: &Request, path: Option<&MatchedPath>) -> Admission {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().expect("the server says who is connected");
        limits::admit(&self.app, peer.0.ip(), request.method(), path.map(MatchedPath::as_str), request.headers())
    }
}

/// Around what is done for a request. It costs about as much as a small answer, so holds have one only where they
/// leave their fast lane.
pub(crate) fn span(id: RequestId) -> Span {
    tracing::error_span!("request", request = %id)
}

fn is_too_long(uri: &Uri) -> bool {
    uri.path_and_query().is_some_and(|uri| uri.as_str().len() > URI_MAX)
}

/// What every answer carries, and what is written down about it. `route`: the pattern of the
/// address.
pub(crate) fn finish<B>(
    app: &App,
    response: &mut Response<B>,
    method: &Method,
    route: &str,
    id: RequestId,
    took: Duration,
) {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    safe::add(headers);
    if let Some(always) = app.transport_security() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, always);
    }
    record(method, route, response.status(), id, took);
}

/// Writes down that a request was answered.
pub fn record(method: &Method, route: &str, status: StatusCode, id: RequestId, took: Duration) {
    let method = label(method);
    measure(method, route, status, took);
    if status.is_server_error() {
        tracing::warn!(request = %id, method, route, status = status.as_u16(), took_us = took.as_micros(), "answered");
    } else {
        tracing::debug!(request = %id, method, route, status = status.as_u16(), took_us = took.as_micros(), "answered");
    }
}

/// What a method is counted as. Clients may make methods up, without end.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

type Meters = HashMap<(String, &'static str, StatusCode), (Counter, Histogram)>;

thread_local! {
    /// Looking a meter up by its labels costs more than counting; a thread meets few of them.
    static METERS: RefCell<Meters> = RefCell::default();
}

fn measure(method: &'static str, route: &str, status: StatusCode, took: Duration) {
    METERS.with_borrow_mut(|meters| {
        let key = (route, method, status);
        let hash = std::hash::BuildHasher::hash_one(meters.hasher(), key);
        let (_, (count, time)) = meters
            .raw_entry_mut()
            .from_hash(hash, |known| (known.0.as_str(), known.1, known.2) == key)
            .or_insert_with(|| {
                // Route patterns, never addresses.
                let status_text = status.as_u16().to_string();
                let labels = [("route", route.to_owned()), ("method", method.to_owned()), ("status", status_text)];
                let count = metrics::counter!("stagedoor_http_requests_total", &labels);
                let time = metrics::histogram!("stagedoor_http_request_seconds", &labels[..2]);
                ((route.to_owned(), method, status), (count, time))
            });
        count.increment(1);
        time.record(took.as_secs_f64());
    });
}
