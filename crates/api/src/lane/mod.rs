//! A client's connection: the way of its requests to the router, and the fast lane beside it.
//!
//! An on-sale consists of one request: placing a hold. It is read, decided and answered here, from
//! the bytes of the socket to the bytes of the answer, because the usual way of a request (a
//! connection's state machine, a map of headers, boxed futures, a layer after the other) costs
//! more than the seat engine does. Its checks and their order are those of [`holds::place_hold`],
//! which describes the route and serves the requests that are written in an unusual way.
//!
//! Every other request goes to the HTTP library, one message at a time: to the library each message
//! is a connection of its own, which ends where the message does. So the two never disagree about
//! where a request begins. As soon as one looks in any way special, the library has the connection
//! for good.
//!
//! [`holds::place_hold`]: crate::holds::place_hold

mod head;
mod hold;
mod wire;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::header;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioTimer;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use self::head::HEAD_MAX;
use self::hold::{Other, Served};
pub use self::wire::Guest;
use self::wire::Wire;
use crate::App;
use crate::edge::{Open, is_stopped, stopped};
use crate::stream::Stream;

/// Serves a client until it goes or the server stops.
/// `timeout`: how long a client may take to send its headers, and how long an idle connection is kept.
pub async fn connection(stream: Stream, from: SocketAddr, app: App, router: Router, open: Open, timeout: Duration) {
    let mut stop = app.stop.clone();
    let mut stopped = pin!(stopped(&mut stop));
    let mut wire = Wire::new(stream);
    let mut patience = pin!(sleep(timeout));
    loop {
        let head = tokio::select! {
            biased;
            // First, because to ask the others takes a lock that all connections share.
            head = wire.request() => head.filter(|_| !is_stopped(&app.stop)),
            () = &mut stopped => None,
            () = &mut patience => None,
        };
        let Some(head) = head else { return };
        match hold::serve(&app, from, &mut wire, head).await {
            Served::Yes => {}
            Served::Broken => return,
            Served::Other(other) => {
                let visit = Visit { from, router: &router, open: &open, timeout };
                // Boxed, or every idle connection would keep room for it.
                let bytes = match other {
                    Other::Message(bytes) => bytes,
                    Other::Endless => return Box::pin(visit.for_good(wire, stopped.as_mut())).await,
                };
                let Some(back) = Box::pin(visit.message(wire, bytes, stopped.as_mut())).await else { return };
                wire = back;
            }
        }
        #[expect(clippy::disallowed_methods, reason = "a patience with sockets, which no result depends on")]
        patience.as_mut().reset(Instant::now() + timeout);
    }
}

/// What one message needs on its way through the router.
struct Visit<'a> {
    from: SocketAddr,
    router: &'a Router,
    open: &'a Open,
    timeout: Duration,
}

impl Visit<'_> {
    /// Lets the router answer one message; what is left of the socket, if the connection goes on.
    async fn message(self, wire: Wire, bytes: usize, mut stopped: Pin<&mut impl Future<Output = ()>>) -> Option<Wire> {
        let mut http = http1::Builder::new();
        // The end of the message is no sign that the client has lost interest in the answer. Nor is it
        // looked whether the client is still there: what a handler has begun, it finishes.
        http.half_close(true).max_buf_size(HEAD_MAX);
        let mut serving = http.serve_connection(Guest::of_message(wire, bytes), self.service());
        tokio::select! {
            biased;
            ended = &mut serving => ended.inspect_err(report).ok()?,
            () = stopped.as_mut() => {
                Pin::new(&mut serving).graceful_shutdown();
                return serving.await.inspect_err(report).ok().and(None);
            }
        }
        serving.into_parts().io.into_wire()
    }

    /// Leaves the connection to the HTTP library until it ends.
    async fn for_good(self, wire: Wire, mut stopped: Pin<&mut impl Future<Output = ()>>) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.timeout).max_buf_size(HEAD_MAX);
        let serving = http.serve_connection(Guest::for_good(wire), self.service()).with_upgrades();
        let mut serving = pin!(serving);
        let ended = tokio::select! {
            biased;
            ended = serving.as_mut() => ended,
            () = stopped.as_mut() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        let _ = ended.inspect_err(report);
    }

    fn service(
        &self,
    ) -> impl Service<hyper::Request<Incoming>, Response = Response, Error = Infallible, Future: Unpin + Send> + use<>
    {
        let (from, router, open) = (self.from, self.router.clone(), self.open.clone());
        service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(from));
            // Only a request that takes the socket over must count it from then on.
            if request.headers().contains_key(header::UPGRADE) {
                request.extensions_mut().insert(open.clone());
            }
            Box::pin(router.clone().oneshot(request))
        })
    }
}

fn report(error: &hyper::Error) {
    tracing::debug!(%error, "a connection ended early");
}
