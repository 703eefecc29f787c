//! The live seat map: a snapshot, then numbered deltas, over a WebSocket.
//!
//! A change is encoded once per event and shared by all its viewers. Changes within a short
//! window travel in one delta. A viewer too slow to keep up is moved to a fresh snapshot and
//! never queued without bound.

mod sessions;
pub mod viewer;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use catalog::{Catalog, EventStatus};
use hashbrown::HashMap;
use identity::Identity;
use inventory::{Delta, EventView, Inventory, Snapshot, Warned};
use parking_lot::Mutex;
use sales::Sales;
use serde::Serialize;
use stagedoor_core::{Env, EventId, HoldId, SeatMapId, Timestamp, UserId};
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, interval_at, sleep, sleep_until};

use self::sessions::Sessions;
use crate::{Problem, websocket};

/// Changes are collected this long after a frame went out. Document 004 (NFR-1.2) promises 100 ms
/// from a change to its viewers, which this window and the fan-out share.
const WINDOW: Duration = Duration::from_millis(40);
/// An event that nothing happens to is looked at this often: the clock that sales follow may be
/// set, and what comes next may have been changed without a word to the seat engine.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Frames a viewer may fall behind before it gets a snapshot instead.
const FRAMES_BEHIND_MAX: usize = 16;
const PING_EVERY: Duration = Duration::from_secs(30);

/// The live seat maps that somebody watches.
pub struct Live {
    shared: Arc<Shared>,
    sessions: Arc<Sessions>,
    /// Where the channels' own tasks run: apart from the threads that serve viewers.
    runtime: tokio::runtime::Handle,
}

struct Shared {
    env: Env,
    catalog: Catalog,
    inventory: Inventory,
    sales: Sales,
    /// Each has a feed, which takes it out when nobody watches any more.
    channels: Mutex<HashMap<EventId, Arc<Channel>>>,
}

/// The seats of an event with the version of the seat map that says where they are.
#[derive(Debug, Clone)]
pub struct Seats {
    pub view: Arc<EventView>,
    /// As the geometry's `version`.
    pub map: u32,
    map_id: SeatMapId,
}

/// One event's frames.
struct Channel {
    seats: Mutex<Seats>,
    /// What the event's frames told last. A viewer may come too late for the frame itself, or fall
    /// behind it, and hears the status with what brings it up to date.
    status: Mutex<EventStatus>,
    frames: broadcast::Sender<Frame>,
    snapshot: Mutex<Option<(Arc<EventView>, u32, Frame)>>,
    signed_in: Mutex<HashMap<UserId, Vec<mpsc::Sender<Warned>>>>,
}

#[derive(Debug, Clone)]
struct Frame {
    /// A delta continues `version - 1`; anything else stands for itself.
    version: Option<u64>,
    is_delta: bool,
    bytes: Bytes,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Wire<'a> {
    Snapshot {
        version: u64,
        map: u32,
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
    fn bytes(&self) -> Bytes {
        websocket::text(&serde_json::to_string(self).expect("a frame is JSON"))
    }

    /// A started second counts: a client that counts down from here ends with the hold.
    fn expiring(hold: HoldId, expires_at: Timestamp, now: Timestamp) -> Wire<'static> {
        let seconds_left = expires_at.since(now).as_millis().div_ceil(1_000) as u64;
        Wire::Hold { hold, status: "expiring", seconds_left }
    }
}

impl Frame {
    /// One that every viewer gets, whatever it has seen.
    fn word(bytes: Bytes) -> Frame {
        Frame { version: None, is_delta: false, bytes }
    }

    fn status(status: EventStatus) -> Frame {
        Frame::word(Wire::Event { status: status.text() }.bytes())
    }

    fn snapshot(seats: &Seats, snapshot: &Snapshot) -> Frame {
        let manifest = &seats.view.manifest;
        let areas =
            (0..).zip(&snapshot.areas).map(|(area, left)| Area { id: manifest.area_id(area), available: *left });
        let (version, map) = (snapshot.version, seats.map);
        let wire = Wire::Snapshot { version, map, seats: seats_text(snapshot), areas: areas.collect() };
        Frame { version: Some(version), is_delta: false, bytes: wire.bytes() }
    }

    fn delta(view: &EventView, delta: &Delta) -> Frame {
        let areas = delta.areas.iter().map(|(area, left)| Area { id: view.manifest.area_id(*area), available: *left });
        let wire = Wire::Delta { version: delta.version, seats: &delta.seats, areas: areas.collect() };
        Frame { version: Some(delta.version), is_delta: true, bytes: wire.bytes() }
    }
}

/// 2 bits a seat in map order, four seats a byte, the first in the lowest bits; base64.
pub fn seats_text(snapshot: &Snapshot) -> String {
    STANDARD.encode(&snapshot.seats)
}

impl Live {
    pub fn new(
        sales: Sales,
        catalog: Catalog,
        inventory: Inventory,
        identity: &Identity,
        env: Env,
        runtime: tokio::runtime::Handle,
    ) -> Self {
        let shared = Shared { env, catalog, inventory, sales, channels: Mutex::default() };
        let sessions = Arc::new(Sessions::default());
        runtime.spawn(sessions.clone().follow(identity.ended()));
        Self { shared: Arc::new(shared), sessions, runtime }
    }

    /// How many events are being watched, and by how many sockets.
    pub fn watched(&self) -> (usize, usize) {
        let channels = self.shared.channels.lock();
        let viewers = channels.values().map(|channel| channel.frames.receiver_count());
        viewers.filter(|viewers| *viewers > 0).fold((0, 0), |(events, all), viewers| (events + 1, all + viewers))
    }

    /// The seats of a published event as they are now. Unavailable for the moment in which the
    /// event moves to another seat map.
    pub async fn seats(&self, event: EventId) -> Result<Seats, Problem> {
        self.shared.seats(event).await
    }

    /// What happens to the event from now on. The first viewer brings the feed to life, and all
    /// after it join the same one.
    fn join(&self, seats: Seats, status: EventStatus) -> (Arc<Channel>, broadcast::Receiver<Frame>) {
        let mut channels = self.shared.channels.lock();
        let event = seats.view.event;
        let channel = channels.entry(event).or_insert_with(|| {
            let channel = Arc::new(Channel::new(seats.clone(), status));
            let feed = Feed {
                shared: self.shared.clone(),
                channel: channel.clone(),
                version: seats.view.snapshot().version,
                warnings: seats.view.warnings(),
                seats,
                next_look: after(Duration::ZERO),
            };
            self.runtime.spawn(feed.run());
            channel
        });
        (channel.clone(), channel.frames.subscribe())
    }
}

impl Shared {
    async fn seats(&self, event: EventId) -> Result<Seats, Problem> {
        self.catalog.event(event).await?;
        let view = self.inventory.view(event).await?;
        let (map_id, map) = self.sales.map_of(&view).await?.ok_or_else(Problem::unavailable)?;
        Ok(Seats { view, map, map_id })
    }
}

/// Turns what happens to one event into frames until nobody watches. There is one for each event
/// that is watched, because a view wakes a single reader.
struct Feed {
    shared: Arc<Shared>,
    channel: Arc<Channel>,
    seats: Seats,
    /// Of the last frame about seats.
    version: u64,
    warnings: broadcast::Receiver<Warned>,
    /// When to look at what nobody tells.
    next_look: Instant,
}

#[expect(clippy::disallowed_methods, reason = "when to wake up; what viewers are told has the time of the clock")]
fn after(wait: Duration) -> Instant {
    Instant::now() + wait
}

impl Feed {
    async fn run(mut self) {
        let mut ping = interval_at(after(PING_EVERY), PING_EVERY);
        loop {
            let is_changed = tokio::select! {
                _ = self.seats.view.changed() => true,
                _ = sleep_until(self.next_look) => false,
                warned = self.warnings.recv() => {
                    if let Ok(warned) = warned {
                        self.channel.warn(warned);
                    }
                    continue;
                }
                _ = ping.tick() => {
                    self.send(Frame::word(websocket::ping()));
                    continue;
                }
            };
            if self.is_over() {
                return;
            }
            self.look().await;
            if is_changed {
                sleep(WINDOW).await;
            }
        }
    }

    /// Whether nobody is left. Decided under the lock that the next viewer comes through.
    fn is_over(&self) -> bool {
        let mut channels = self.shared.channels.lock();
        let is_over = self.channel.frames.receiver_count() == 0;
        if is_over {
            channels.remove(&self.seats.view.event);
        }
        is_over
    }

    fn send(&self, frame: Frame) {
        // Those who left meanwhile are none to wait for.
        let _ = self.channel.frames.send(frame);
    }

    /// Sends what is new.
    async fn look(&mut self) {
        let (event, now) = (self.seats.view.event, self.shared.env.now());
        // What somebody watches stays in memory.
        self.shared.inventory.loaded(event);
        let (mut wait, mut is_moved) = (LOOK_EVERY, self.seats.view.is_replaced());
        // If the catalogue cannot be asked, the next look does.
        if let Ok(page) = self.shared.catalog.event(event).await {
            let status = page.event.status_at(now);
            // In this order everyone hears it: those who watch now by the frame, others when they come.
            if std::mem::replace(&mut *self.channel.status.lock(), status) != status {
                self.send(Frame::status(status));
            }
            let next = page.event.next_status_change(now);
            wait = next.map_or(LOOK_EVERY, |at| at.since(now).min(LOOK_EVERY));
            is_moved |= page.event.seat_map != Some(self.seats.map_id);
        }
        self.next_look = after(wait);
        let map = self.seats.map;
        if is_moved {
            // It fails while the engine recovers, or the event is between two seat maps.
            let Ok(seats) = self.shared.seats(event).await else {
                self.next_look = after(WINDOW);
                return;
            };
            self.follow(seats);
        }
        let view = &self.seats.view;
        // Numbers of another map mean nothing to those who have the old one.
        match view.deltas_since(self.version).filter(|_| self.seats.map == map) {
            Some(deltas) => {
                for delta in deltas {
                    self.version = delta.version;
                    self.send(Frame::delta(view, &delta));
                }
            }
            None => {
                let snapshot = view.snapshot();
                self.version = snapshot.version;
                self.send(Frame::snapshot(&self.seats, &snapshot));
            }
        }
    }

    /// Goes on with a newer view of the event.
    fn follow(&mut self, seats: Seats) {
        // In this order none is lost; one that comes just now may be told twice.
        let warnings = seats.view.warnings();
        while let Ok(warned) = self.warnings.try_recv() {
            self.channel.warn(warned);
        }
        *self.channel.seats.lock() = seats.clone();
        (self.seats, self.warnings) = (seats, warnings);
    }
}

impl Channel {
    fn new(seats: Seats, status: EventStatus) -> Self {
        Self {
            seats: Mutex::new(seats),
            status: Mutex::new(status),
            frames: broadcast::Sender::new(FRAMES_BEHIND_MAX),
            snapshot: Mutex::default(),
            signed_in: Mutex::default(),
        }
    }

    /// Warns the owner of a hold, on each of the owner's screens.
    fn warn(&self, warned: Warned) {
        for socket in self.signed_in.lock().get(&warned.fan).into_iter().flatten() {
            // A full box means the viewer is stuck; it will see the expiry itself.
            let _ = socket.try_send(warned);
        }
    }

    /// A snapshot frame of now, encoded once for all who ask at the same version.
    fn snapshot(&self) -> Frame {
        let seats = self.seats.lock().clone();
        let snapshot = seats.view.snapshot();
        let mut cached = self.snapshot.lock();
        if let Some((view, map, frame)) = &*cached
            && Arc::ptr_eq(view, &seats.view)
            && *map == seats.map
            && frame.version == Some(snapshot.version)
        {
            return frame.clone();
        }
        let frame = Frame::snapshot(&seats, &snapshot);
        *cached = Some((seats.view, seats.map, frame.clone()));
        frame
    }

    /// What brings a viewer from `since` to now: deltas or a snapshot, then the event's status.
    fn catch_up(&self, since: Option<u64>) -> Vec<Frame> {
        let view = self.seats.lock().view.clone();
        let mut frames = match since.and_then(|since| view.deltas_since(since)) {
            Some(deltas) => deltas.iter().map(|delta| Frame::delta(&view, delta)).collect(),
            None => vec![self.snapshot()],
        };
        frames.push(Frame::status(*self.status.lock()));
        frames
    }
}
