//! The server: one current-thread runtime per worker, each with its own listening socket.
//!
//! A connection stays on the thread that accepted it, so what its requests ask the seat engine
//! travels in that thread's batches, and no request wakes another core on its way in or out.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use rustix::process::{Resource, getrlimit};
use socket2::{Domain, Protocol, Socket, Type};
use stagedoor_core::Code;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::crowd::Place;
use crate::lane::connection;
use crate::stream::Stream;
use crate::tls::Tls;
use crate::{App, Problem};

/// Connections waiting to be accepted: an on-sale opens with a rush.
const BACKLOG: i32 = 4096;
/// Files that connections leave to everything else: databases, journals, runtimes and their logs.
const FILES_RESERVED: u64 = 512;
/// Open connections of one process where files have no limit: memory has one.
const CONNECTIONS_MAX: u64 = 1_000_000;
const HEADERS_TIMEOUT: Duration = Duration::from_secs(75);
/// How long a stopping server waits for requests it has accepted.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);
/// How long, after that, live seat maps may take to close, and how often that is looked at.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);
const GOODBYE_POLL: Duration = Duration::from_millis(5);
/// When who has too many connections open may come again.
const REFUSED_FOR: Duration = Duration::from_secs(1);
/// After an accept error such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Sockets bound and ready, so that the address is known before anything is served.
pub struct Edge {
    sockets: Vec<std::net::TcpListener>,
    pub address: SocketAddr,
    /// Open connections at a time, live viewers among them; one more is closed at once.
    pub connections_max: usize,
    /// How long a client may take to send its headers, and how long an idle connection is kept.
    pub headers_timeout: Duration,
    /// What all connections speak; without it they are open to everyone on the way.
    pub tls: Option<Tls>,
}

/// What the connections of a worker have in common.
#[derive(Clone)]
struct Service {
    app: App,
    router: Router,
    limit: Arc<Limit>,
    timeout: Duration,
    tls: Option<Tls>,
}

impl Edge {
    /// Binds `workers` sockets to one address; port 0 takes a free one. How many connections there
    /// may be follows from the files the process may open now.
    pub fn bind(address: SocketAddr, workers: usize) -> io::Result<Edge> {
        let first = listen(address)?;
        let address = first.local_addr()?;
        let mut sockets = vec![first];
        for _ in 1..workers.max(1) {
            sockets.push(listen(address)?);
        }
        Ok(Edge {
            sockets,
            address,
            connections_max: connections_max(getrlimit(Resource::Nofile).current),
            headers_timeout: HEADERS_TIMEOUT,
            tls: None,
        })
    }

    /// Serves until the app's `stop` is true, answers what was accepted, then calls `finish`. Blocks.
    ///
    /// A database connection belongs to the worker that opened it, whoever uses it later, so the
    /// workers stay until the last one is idle and `finish` has ended everything else.
    pub fn serve(self, app: App, finish: impl FnOnce()) {
        let (router, timeout) = (crate::router(app.clone()), self.headers_timeout);
        let limit = Arc::new(Limit { open: AtomicUsize::new(0), max: self.connections_max });
        let service = Service { app, router, limit, timeout, tls: self.tls };
        let (is_idle, idle) = std::sync::mpsc::channel::<()>();
        let (let_go, gone) = watch::channel(());
        let threads: Vec<_> = (0..)
            .zip(self.sockets)
            .map(|(number, socket): (usize, _)| {
                let (service, worker) = (service.clone(), service.app.inventory.worker());
                let (is_idle, mut gone) = (is_idle.clone(), gone.clone());
                let run = move || {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        // After this many polls tasks look at the sockets again: rounds large
                        // enough to share one hand-over, small enough to stay fair.
                        .event_interval(127)
                        .build()
                        .expect("the system gives a runtime its descriptors");
                    runtime.block_on(async {
                        let pump = tokio::spawn(worker.run());
                        accept(socket, service).await;
                        pump.abort();
                        drop(is_idle);
                        let _ = gone.changed().await;
                    });
                    runtime.shutdown_timeout(Duration::from_secs(1));
                };
                std::thread::Builder::new()
                    .name(format!("http-{number}"))
                    .spawn(run)
                    .expect("the system can start a thread")
            })
            .collect();
        drop((is_idle, service));
        // Ends when every worker has dropped its end, also one that panicked.
        let _ = idle.recv();
        finish();
        drop(let_go);
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("an HTTP worker panicked");
            }
        }
    }
}

/// Half of a small limit, all but the reserve of a large one.
fn connections_max(files: Option<u64>) -> usize {
    let most = files.map_or(CONNECTIONS_MAX, |files| files.saturating_sub(FILES_RESERVED).max(files / 2));
    most.min(CONNECTIONS_MAX) as usize
}

fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

async fn accept(socket: std::net::TcpListener, service: Service) {
    let mut stop = service.app.stop.clone();
    let listener = TcpListener::from_std(socket).expect("the socket is listening");
    let mut connections = JoinSet::new();
    let own_tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    let Some(open) = service.open(&stream, from) else { continue };
                    // Answers are one write each; waiting to fill packets would only delay them.
                    let _ = stream.set_nodelay(true);
                    service.spawn(&mut connections, stream, from, open);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = stopped(&mut stop) => break,
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_TIMEOUT, drained).await.is_err() {
        tracing::warn!(connections = connections.len(), "closing connections that did not finish");
    }
    // A connection that became a WebSocket is a task of its own and says goodbye itself.
    let metrics = tokio::runtime::Handle::current().metrics();
    let goodbyes = async {
        while metrics.num_alive_tasks() > own_tasks {
            tokio::time::sleep(GOODBYE_POLL).await;
        }
    };
    let _ = tokio::time::timeout(GOODBYE_TIMEOUT, goodbyes).await;
}

impl Service {
    /// Room for a connection that was accepted, if there is.
    fn open(&self, stream: &TcpStream, from: SocketAddr) -> Option<Open> {
        let (crowd, proxies) = (&self.app.crowd, &self.app.proxies);
        // Everybody comes through a proxy of ours; whom it speaks for is counted by what they ask.
        let place = match proxies.trusts(from.ip()) {
            true => None,
            false => match crowd.connection(from.ip()) {
                None => {
                    self.refuse(stream);
                    return None;
                }
                place => place,
            },
        };
        self.limit.open(place)
    }

    /// Says why, if it can be said without waiting, to whom has too many connections open.
    fn refuse(&self, stream: &TcpStream) {
        if self.tls.is_none() {
            let problem = Problem::new(Code::Unavailable, "too many connections from your address");
            let answer = problem.retry_after(REFUSED_FOR).last_words(self.app.env.id(), self.app.env.now());
            let _ = stream.try_write(&answer);
        }
    }

    /// Serves a client in a task of its own.
    fn spawn(&self, connections: &mut JoinSet<()>, stream: TcpStream, from: SocketAddr, open: Open) {
        let Service { app, router, timeout, tls, .. } = self;
        let (app, router, timeout) = (app.clone(), router.clone(), *timeout);
        match tls.clone() {
            None => connections.spawn(connection(Stream::Plain(stream), from, app, router, open, timeout)),
            Some(tls) => connections.spawn(async move {
                let mut stop = app.stop.clone();
                // Boxed, or the connection would keep room for the handshake.
                let secure = tokio::select! {
                    biased;
                    () = stopped(&mut stop) => None,
                    secure = Box::pin(tls.accept(stream)) => secure,
                };
                let Some(secure) = secure else { return };
                connection(Stream::Secure(Box::new(secure)), from, app, router, open, timeout).await;
            }),
        };
    }
}

/// Waits until the process is to stop.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone has stopped, too.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Whether the process is to stop. Without a lock: nothing is ever told but that.
pub(crate) fn is_stopped(stop: &watch::Receiver<bool>) -> bool {
    stop.has_changed().unwrap_or(true)
}

#[derive(Debug)]
struct Limit {
    open: AtomicUsize,
    max: usize,
}

impl Limit {
    /// Room for one more connection, if there is. Workers that ask at the same moment may exceed
    /// the limit by one each; the reserve has room for them.
    fn open(self: &Arc<Self>, place: Option<Place>) -> Option<Open> {
        if self.open.load(Ordering::Relaxed) >= self.max {
            return None;
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        Some(Open(Arc::new(Counted { limit: self.clone(), _place: place })))
    }
}

/// Counts a connection as open. Kept by whoever has the socket, which is no longer the server once
/// it became a WebSocket.
#[derive(Debug, Clone)]
pub struct Open(#[expect(dead_code, reason = "counts by being there")] Arc<Counted>);

#[derive(Debug)]
struct Counted {
    limit: Arc<Limit>,
    _place: Option<Place>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.limit.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        let cases = [(256, 128), (1_024, 512), (20_000, 19_488), (u64::MAX, 1_000_000)];
        for (files, connections) in cases {
            assert_eq!(connections_max(Some(files)), connections, "{files} files");
        }
        assert_eq!(connections_max(None), 1_000_000);
    }
}
