//! The live seat map: a snapshot, then numbered deltas, over a WebSocket.
//!
//! A change is encoded once per event and shared by all its viewers. Changes within a short
//! window travel in one delta. A viewer too slow to keep up is moved to a fresh snapshot and
//! never queued without bound.

use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{Extension, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hashbrown::HashMap;
use inventory::engine::SaleStatus;
use inventory::{Delta, EventView, Inventory, Snapshot};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use stagedoor_core::limits::HOLD_WARNING;
use stagedoor_core::{Code, EventId, HoldId, UserId};
use tokio::sync::{broadcast, mpsc, watch};

use crate::edge::Open;
use crate::extract::{Params, Path};
use crate::{App, Problem};

/// Changes are collected this long after a frame went out. Document 004 (NFR-1.2) promises 100 ms
/// from a change to its viewers, which this window and the fan-out share.
const WINDOW: Duration = Duration::from_millis(40);
/// Frames a viewer may fall behind before it gets a snapshot instead.
const FRAMES_BEHIND_MAX: usize = 16;
const PING_EVERY: Duration = Duration::from_secs(30);
/// A viewer whose socket takes nothing for this long is dropped.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);
/// Frames from a viewer: an access token and little else.
const INCOMING_MAX: usize = 4 * 1024;
/// Expiry warnings waiting for one signed-in viewer.
const WARNINGS_MAX: usize = 8;

/// The live seat maps that somebody watches.
#[derive(Debug)]
pub struct Live {
    inventory: Inventory,
    channels: Mutex<HashMap<EventId, Weak<Channel>>>,
    /// Where the channels' own tasks run: apart from the threads that serve viewers.
    runtime: tokio::runtime::Handle,
}

/// One event's frames; lives as long as a viewer does.
#[derive(Debug)]
struct Channel {
    view: Mutex<Arc<EventView>>,
    frames: broadcast::Sender<Frame>,
    snapshot: Mutex<Option<(Arc<EventView>, Frame)>>,
    signed_in: Mutex<HashMap<UserId, Vec<mpsc::Sender<Utf8Bytes>>>>,
    gone: watch::Sender<()>,
}

#[derive(Debug, Clone)]
struct Frame {
    /// A delta continues `version - 1`; anything else stands for itself.
    version: Option<u64>,
    is_delta: bool,
    text: Utf8Bytes,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Wire<'a> {
    Snapshot {
        version: u64,
        seats: String,
        areas: Vec<Area<'a>>,
    },
    Delta {
        version: u64,
        seats: &'a [(u32, u8)],
        areas: Vec<Area<'a>>,
    },
    Hold {
        hold: HoldId,
        status: &'static str,
        #[serde(rename = "secondsLeft")]
        seconds_left: u64,
    },
    Event {
        status: &'static str,
    },
    Error {
        code: &'static str,
    },
    Auth {
        user: UserId,
    },
}

#[derive(Serialize)]
struct Area<'a> {
    id: &'a str,
    available: u32,
}

impl Wire<'_> {
    fn text(&self) -> Utf8Bytes {
        serde_json::to_string(self).expect("a frame is JSON").into()
    }
}

/// 2 bits a seat in map order, four seats a byte, the first in the lowest bits; base64.
pub fn seats_text(snapshot: &Snapshot) -> String {
    STANDARD.encode(&snapshot.seats)
}

fn snapshot_frame(view: &EventView, snapshot: &Snapshot) -> Frame {
    let areas =
        (0..).zip(&snapshot.areas).map(|(area, left)| Area { id: view.manifest.area_id(area), available: *left });
    let wire = Wire::Snapshot { version: snapshot.version, seats: seats_text(snapshot), areas: areas.collect() };
    Frame { version: Some(snapshot.version), is_delta: false, text: wire.text() }
}

fn delta_frame(view: &EventView, delta: &Delta) -> Frame {
    let areas = delta.areas.iter().map(|(area, left)| Area { id: view.manifest.area_id(*area), available: *left });
    let wire = Wire::Delta { version: delta.version, seats: &delta.seats, areas: areas.collect() };
    Frame { version: Some(delta.version), is_delta: true, text: wire.text() }
}

impl Live {
    pub fn new(inventory: Inventory, runtime: tokio::runtime::Handle) -> Self {
        Self { inventory, channels: Mutex::default(), runtime }
    }

    /// How many events are being watched, and by how many sockets.
    pub fn watched(&self) -> (usize, usize) {
        let channels = self.channels.lock();
        let live = channels.values().filter_map(Weak::upgrade);
        live.fold((0, 0), |(events, viewers), channel| (events + 1, viewers + channel.frames.receiver_count()))
    }

    fn channel(&self, event: EventId, view: Arc<EventView>) -> Arc<Channel> {
        let mut channels = self.channels.lock();
        if let Some(channel) = channels.get(&event).and_then(Weak::upgrade) {
            return channel;
        }
        channels.retain(|_, channel| channel.strong_count() > 0);
        let (gone, until) = watch::channel(());
        let channel = Arc::new(Channel {
            view: Mutex::new(view.clone()),
            frames: broadcast::Sender::new(FRAMES_BEHIND_MAX),
            snapshot: Mutex::default(),
            signed_in: Mutex::default(),
            gone,
        });
        channels.insert(event, Arc::downgrade(&channel));
        self.runtime.spawn(feed(Arc::downgrade(&channel), view, self.inventory.clone(), until));
        channel
    }
}

/// Turns the event's changes into frames until the last viewer has gone.
async fn feed(channel: Weak<Channel>, mut view: Arc<EventView>, inventory: Inventory, mut until: watch::Receiver<()>) {
    let mut version = view.snapshot().version;
    let mut warnings = view.warnings();
    loop {
        tokio::select! {
            _ = view.changed() => {}
            warned = warnings.recv() => {
                let Some(channel) = channel.upgrade() else { return };
                if let Ok(warned) = warned {
                    let seconds_left = HOLD_WARNING.as_secs();
                    let text = Wire::Hold { hold: warned.hold, status: "expiring", seconds_left }.text();
                    for socket in channel.signed_in.lock().get(&warned.fan).into_iter().flatten() {
                        // A full box means the viewer is stuck; it will see the expiry itself.
                        let _ = socket.try_send(text.clone());
                    }
                }
                continue;
            }
            // The sender is dropped with the channel.
            _ = until.changed() => return,
        }
        let Some(channel) = channel.upgrade() else { return };
        if view.is_replaced() {
            let Ok(newer) = inventory.view(view.event).await else { return };
            if newer.rules.status != view.rules.status {
                let text = Wire::Event { status: status_text(newer.rules.status) }.text();
                let _ = channel.frames.send(Frame { version: None, is_delta: false, text });
            }
            view = newer;
            warnings = view.warnings();
            *channel.view.lock() = view.clone();
        }
        match view.deltas_since(version) {
            Some(deltas) => {
                for delta in deltas {
                    version = delta.version;
                    let _ = channel.frames.send(delta_frame(&view, &delta));
                }
            }
            None => {
                let snapshot = view.snapshot();
                version = snapshot.version;
                let _ = channel.frames.send(snapshot_frame(&view, &snapshot));
            }
        }
        drop(channel);
        tokio::time::sleep(WINDOW).await;
    }
}

fn status_text(status: SaleStatus) -> &'static str {
    match status {
        SaleStatus::OnSale => "on_sale",
        SaleStatus::OffSale => "off_sale",
        SaleStatus::Cancelled => "cancelled",
    }
}

impl Channel {
    /// A snapshot frame of now, encoded once for all who ask at the same version.
    fn snapshot(&self) -> Frame {
        let view = self.view.lock().clone();
        let snapshot = view.snapshot();
        let mut cached = self.snapshot.lock();
        if let Some((of, frame)) = &*cached
            && Arc::ptr_eq(of, &view)
            && frame.version == Some(snapshot.version)
        {
            return frame.clone();
        }
        let frame = snapshot_frame(&view, &snapshot);
        *cached = Some((view, frame.clone()));
        frame
    }

    /// What brings a viewer from `since` to now: deltas, or a snapshot.
    fn catch_up(&self, since: Option<u64>) -> Vec<Frame> {
        let view = self.view.lock().clone();
        match since.and_then(|since| view.deltas_since(since)) {
            Some(deltas) => deltas.iter().map(|delta| delta_frame(&view, delta)).collect(),
            None => vec![self.snapshot()],
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        // Ends the feed, which may be asleep on an event that never changes again.
        let _ = self.gone.send(());
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LiveParams {
    /// The last version the viewer has; without it, or when it is too old, a snapshot comes first.
    since: Option<u64>,
}

/// Watch an event's seat map: upgrades to a WebSocket. Source: document 004, FR-3.1 to FR-3.3.
#[utoipa::path(get, path = "/api/v1/events/{event}/live", tag = "events",
    params(("event" = String, Path, description = "id of the event"), LiveParams),
    responses((status = 101, description = "frames as the documentation describes them"),
        (status = 400, body = crate::problem::Envelope), (status = 404, body = crate::problem::Envelope)))]
pub async fn watch(
    State(app): State<App>,
    Path(event): Path<EventId>,
    Params(params): Params<LiveParams>,
    open: Option<Extension<Open>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let view = app.inventory.view(event).await?;
    let upgrade = upgrade.map_err(|_| Problem::new(Code::InvalidUpgrade, "this address speaks WebSocket only"))?;
    let channel = app.live.channel(event, view);
    // An idle viewer costs its buffers: the library's defaults are 128 KiB of them.
    let upgrade = upgrade
        .read_buffer_size(1024)
        .write_buffer_size(0)
        .max_write_buffer_size(4 * 1024 * 1024)
        .max_message_size(INCOMING_MAX)
        .max_frame_size(INCOMING_MAX);
    Ok(upgrade.on_upgrade(move |socket| {
        Viewer { app, channel, socket, version: params.since, signed_in: None, _open: open }.run()
    }))
}

struct Viewer {
    app: App,
    channel: Arc<Channel>,
    socket: WebSocket,
    /// The last version sent.
    version: Option<u64>,
    signed_in: Option<SignedIn>,
    /// The socket counts as long as somebody has it.
    _open: Option<Extension<Open>>,
}

struct SignedIn {
    warnings: mpsc::Receiver<Utf8Bytes>,
    until: stagedoor_core::Timestamp,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Incoming {
    Auth { token: String },
}

/// The socket is finished, by either side.
struct Closed;

impl Viewer {
    async fn run(mut self) {
        let mut frames = self.channel.frames.subscribe();
        let mut stop = self.app.stop.clone();
        let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + PING_EVERY, PING_EVERY);
        let mut ended = self.catch_up().await;
        while ended.is_ok() {
            ended = tokio::select! {
                frame = frames.recv() => match frame {
                    Ok(frame) => self.show(frame).await,
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        frames = frames.resubscribe();
                        self.version = None;
                        self.catch_up().await
                    }
                    Err(broadcast::error::RecvError::Closed) => Err(Closed),
                },
                warning = next_warning(&mut self.signed_in) => self.send(Message::Text(warning)).await,
                message = self.socket.recv() => match message {
                    Some(Ok(message)) => self.heard(message).await,
                    Some(Err(_)) | None => Err(Closed),
                },
                _ = ping.tick() => self.send(Message::Ping(bytes::Bytes::new())).await,
                _ = crate::edge::stopped(&mut stop) => {
                    let _ = self.send(Message::Close(None)).await;
                    Err(Closed)
                }
            };
        }
    }

    async fn catch_up(&mut self) -> Result<(), Closed> {
        for frame in self.channel.catch_up(self.version) {
            self.show(frame).await?;
        }
        Ok(())
    }

    /// Sends a frame unless the viewer has it; a gap is closed first.
    async fn show(&mut self, frame: Frame) -> Result<(), Closed> {
        if let Some(version) = frame.version {
            if frame.is_delta && self.version.is_some_and(|known| version <= known) {
                return Ok(());
            }
            if frame.is_delta && self.version.is_some_and(|known| version > known + 1) {
                for missed in self.channel.catch_up(self.version) {
                    self.version = missed.version;
                    self.send(Message::Text(missed.text)).await?;
                }
                return Ok(());
            }
            self.version = Some(version);
        }
        self.send(Message::Text(frame.text)).await
    }

    async fn heard(&mut self, message: Message) -> Result<(), Closed> {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Err(Closed),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Binary(_) => return self.send(Message::Text(Wire::Error { code: "malformed_json" }.text())).await,
        };
        let answer = match serde_json::from_str(&text) {
            Ok(Incoming::Auth { token }) => match self.app.identity.verify(&token) {
                Ok(principal) => {
                    let (sender, warnings) = mpsc::channel(WARNINGS_MAX);
                    let mut signed_in = self.channel.signed_in.lock();
                    // Those who left are forgotten when someone comes.
                    signed_in.retain(|_, sockets| {
                        sockets.retain(|socket| !socket.is_closed());
                        !sockets.is_empty()
                    });
                    signed_in.entry(principal.user).or_default().push(sender);
                    drop(signed_in);
                    self.signed_in = Some(SignedIn { warnings, until: principal.expires_at });
                    Wire::Auth { user: principal.user }
                }
                Err(_) => Wire::Error { code: "invalid_token" },
            },
            Err(_) => Wire::Error { code: "malformed_json" },
        };
        let text = answer.text();
        self.send(Message::Text(text)).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Closed> {
        if self.signed_in.as_ref().is_some_and(|signed_in| signed_in.until <= self.app.env.now()) {
            self.signed_in = None;
        }
        match tokio::time::timeout(SEND_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Closed),
        }
    }
}

/// The next warning for the viewer; never when it has not signed in.
async fn next_warning(signed_in: &mut Option<SignedIn>) -> Utf8Bytes {
    match signed_in {
        Some(SignedIn { warnings, .. }) => match warnings.recv().await {
            Some(text) => text,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}
