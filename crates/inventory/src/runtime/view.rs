//! What everyone may read of an event without asking its writer: which seats are free, and the
//! numbered changes a live seat map is made of.
//!
//! The writer updates a view after its facts are durable, so a view never shows what a crash
//! could take back.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use stagedoor_core::{EventId, HoldId, Timestamp, UserId};
use tokio::sync::{Notify, broadcast};

use crate::engine::{AreaCounts, Changes, EventState, Manifest, Place, Places, Prices, Rules, SeatList, SeatStatus};

/// Deltas kept for viewers that come back.
const DELTAS_KEPT: usize = 512;
/// Changed seats kept in all of them together; a viewer behind more gets a snapshot.
const CHANGES_KEPT: usize = 100_000;
/// Expiry warnings waiting for a slow reader.
const WARNINGS_KEPT: usize = 4_096;

/// One event as readers see it. Rules and prices of the moment; seats by index in map order.
#[derive(Debug)]
pub struct EventView {
    pub event: EventId,
    pub manifest: Arc<Manifest>,
    pub rules: Rules,
    /// The prices a new hold would freeze.
    pub prices: Arc<Prices>,
    /// One bit a seat: available.
    free: Box<[AtomicU64]>,
    /// Available places by area and seats plus places by price level.
    areas: Box<[AtomicU32]>,
    levels: Box<[AtomicU32]>,
    /// Set when a newer view of the event took this one's place.
    replaced: AtomicBool,
    live: Mutex<Live>,
    changed: Notify,
    /// Made for the first who listens: its room is a third of a megabyte, and most events are watched
    /// by nobody.
    warnings: Arc<OnceLock<broadcast::Sender<Warned>>>,
    /// When someone last looked, in microseconds; an event nobody looks at may leave memory.
    seen_at: AtomicI64,
}

/// A hold that is about to expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warned {
    pub hold: HoldId,
    pub fan: UserId,
    pub expires_at: Timestamp,
}

/// Everything a viewer needs to start from.
#[derive(Debug)]
pub struct Snapshot {
    pub version: u64,
    /// 2 bits a seat in map order, lowest bits first: 0 available, 1 held, 2 sold, 3 blocked.
    pub seats: Vec<u8>,
    /// Available places, by area.
    pub areas: Vec<u32>,
}

impl Snapshot {
    /// Of a seat by its index, which the map has; numbered as in `seats`.
    pub fn status(&self, seat: u32) -> u8 {
        read(&self.seats, seat)
    }
}

/// What changed from `version - 1` to `version`.
#[derive(Debug, PartialEq, Eq)]
pub struct Delta {
    pub version: u64,
    /// (seat index, status as in [`Snapshot`]), each seat once.
    pub seats: Vec<(u32, u8)>,
    /// (area, available places now).
    pub areas: Vec<(u16, u32)>,
}

#[derive(Debug)]
struct Live {
    version: u64,
    /// By area. Not for everyone: viewers of the map are told what is available alone.
    counts: Vec<AreaCounts>,
    now: State,
    /// Whether `now` may differ from `published`.
    changed: bool,
    /// As of `version`.
    published: State,
    deltas: VecDeque<Arc<Delta>>,
    changes_kept: usize,
    snapshot: Option<Arc<Snapshot>>,
}

#[derive(Debug, Clone)]
struct State {
    seats: Vec<u8>,
    areas: Vec<u32>,
}

impl EventView {
    /// The view of `state`, in place of `before`.
    pub(crate) fn of(event: EventId, state: &EventState, before: Option<&EventView>) -> Self {
        let manifest = state.manifest().clone();
        let seats = state.seat_bits();
        let counts: Vec<AreaCounts> = (0..manifest.areas() as u16).map(|area| state.area(area)).collect();
        let areas: Vec<u32> = counts.iter().map(AreaCounts::available).collect();
        let mut free = vec![0u64; manifest.seats().div_ceil(64)];
        // What lies beyond the map is not taken: the writer says that it is unknown.
        let free_or_beyond = |seat: &usize| *seat >= manifest.seats() || read(&seats, *seat as u32) == 0;
        for seat in (0..free.len() * 64).filter(free_or_beyond) {
            free[seat / 64] |= 1 << (seat % 64);
        }
        // Every delta holds at least one fact, so a live version never passes the engine's: a
        // viewer's version from before a restart is either older or stands for the same seats.
        // A fact that replaces a view goes into no delta, so the old view stayed below it.
        let version = state.version();
        let now = State { seats, areas: areas.clone() };
        Self {
            event,
            rules: *state.rules(),
            prices: state.prices().clone(),
            free: free.into_iter().map(AtomicU64::new).collect(),
            areas: areas.into_iter().map(AtomicU32::new).collect(),
            levels: state.level_available().into_iter().map(AtomicU32::new).collect(),
            replaced: AtomicBool::new(false),
            live: Mutex::new(Live {
                version,
                counts,
                published: now.clone(),
                now,
                changed: false,
                deltas: VecDeque::new(),
                changes_kept: 0,
                snapshot: None,
            }),
            changed: Notify::new(),
            warnings: before.map_or_else(Arc::default, |before| before.warnings.clone()),
            seen_at: AtomicI64::new(before.map_or(0, |before| before.seen_at.load(Ordering::Relaxed))),
            manifest,
        }
    }

    /// The seats of `places` that are taken for certain, or whether an area is too full: a hold
    /// of them would be refused. Says nothing about rules or limits.
    pub fn taken(&self, places: &Places) -> Taken {
        let mut seats = SeatList::default();
        for place in places.iter() {
            match place {
                Place::Seat { seat, .. } => {
                    // A seat beyond the map is for the writer to refuse.
                    let word = self.free.get(seat as usize / 64).map_or(u64::MAX, |word| word.load(Ordering::Relaxed));
                    if word >> (seat % 64) & 1 == 0 {
                        seats.push(seat);
                    }
                }
                Place::Area { area, quantity, .. } => {
                    let left = self.areas.get(usize::from(area)).map_or(u32::MAX, |left| left.load(Ordering::Relaxed));
                    if left < u32::from(quantity) {
                        return Taken::Area;
                    }
                }
            }
        }
        if seats.is_empty() { Taken::Nothing } else { Taken::Seats(seats) }
    }

    /// Available seats and places by price level, as the map lists the levels.
    pub fn level_available(&self) -> Vec<u32> {
        self.levels.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    /// Available seats and places in all.
    pub fn available(&self) -> u32 {
        self.levels.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// What has become of the places of every area, for who sells them: in map order.
    pub fn area_counts(&self) -> Vec<AreaCounts> {
        self.live.lock().counts.clone()
    }

    /// The state of now, under a version that later deltas continue.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        let mut live = self.live.lock();
        live.publish();
        live.snapshot()
    }

    /// The deltas after `version`, oldest first, up to now; `None` when `version` is too old,
    /// unknown or the view was replaced: take a snapshot.
    pub fn deltas_since(&self, version: u64) -> Option<Vec<Arc<Delta>>> {
        if self.is_replaced() {
            return None;
        }
        let mut live = self.live.lock();
        live.publish();
        let behind = usize::try_from(live.version.checked_sub(version)?).ok()?;
        let start = live.deltas.len().checked_sub(behind)?;
        Some(live.deltas.iter().skip(start).cloned().collect())
    }

    /// Waits until something changed since the last time this returned.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Holds of this event that are about to expire, from now on.
    pub fn warnings(&self) -> broadcast::Receiver<Warned> {
        self.warnings.get_or_init(|| broadcast::Sender::new(WARNINGS_KEPT)).subscribe()
    }

    /// Whether the event has a newer view: its map, rules or prices changed.
    pub fn is_replaced(&self) -> bool {
        self.replaced.load(Ordering::Acquire)
    }

    pub(crate) fn replace(&self) {
        self.replaced.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    pub(crate) fn seen(&self, at: Timestamp) {
        self.seen_at.store(at.micros(), Ordering::Relaxed);
    }

    pub(crate) fn seen_at(&self) -> Timestamp {
        Timestamp::from_micros(self.seen_at.load(Ordering::Relaxed))
    }

    pub(crate) fn warn(&self, warned: Warned) {
        if let Some(listeners) = self.warnings.get() {
            // That all have gone is fine.
            let _ = listeners.send(warned);
        }
    }

    /// Takes over durable changes; called for one group after the other.
    pub(crate) fn publish(&self, changes: &Changes) {
        let mut live = self.live.lock();
        // Nobody else writes them meanwhile, so reading and writing need not be one step.
        for (seat, status) in &changes.seats {
            let (word, bit) = (&self.free[*seat as usize / 64], 1 << (seat % 64));
            let (before, is_free) = (word.load(Ordering::Relaxed), *status == SeatStatus::Available);
            if is_free != (before & bit != 0) {
                word.store(before ^ bit, Ordering::Relaxed);
                let level = &self.levels[usize::from(self.manifest.level(*seat))];
                let change = if is_free { 1 } else { -1 };
                level.store(level.load(Ordering::Relaxed).wrapping_add_signed(change), Ordering::Relaxed);
            }
            write(&mut live.now.seats, *seat, *status as u8);
        }
        for (area, counts) in &changes.areas {
            let available = counts.available();
            let level = usize::from(self.manifest.area_level(*area));
            let (left, level) = (&self.areas[usize::from(*area)], &self.levels[level]);
            let more = available.wrapping_sub(left.load(Ordering::Relaxed));
            left.store(available, Ordering::Relaxed);
            level.store(level.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
            live.now.areas[usize::from(*area)] = available;
            live.counts[usize::from(*area)] = *counts;
        }
        live.changed = true;
        drop(live);
        self.changed.notify_one();
    }
}

/// What stands in the way of a hold, as far as the view knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Nothing,
    Seats(SeatList),
    Area,
}

impl Live {
    /// Numbers what changed since the last delta, if anything did in the end.
    fn publish(&mut self) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let seats = differing(&self.published.seats, &self.now.seats);
        let areas: Vec<(u16, u32)> = (0..self.now.areas.len())
            .filter(|area| self.now.areas[*area] != self.published.areas[*area])
            .map(|area| (area as u16, self.now.areas[area]))
            .collect();
        if seats.is_empty() && areas.is_empty() {
            return;
        }
        seats.iter().for_each(|(seat, status)| write(&mut self.published.seats, *seat, *status));
        areas.iter().for_each(|(area, left)| self.published.areas[usize::from(*area)] = *left);
        self.version += 1;
        self.snapshot = None;
        self.changes_kept += seats.len();
        self.deltas.push_back(Arc::new(Delta { version: self.version, seats, areas }));
        while self.deltas.len() > DELTAS_KEPT || self.changes_kept > CHANGES_KEPT {
            let oldest = self.deltas.pop_front().expect("the limits are not zero");
            self.changes_kept -= oldest.seats.len();
        }
    }

    fn snapshot(&mut self) -> Arc<Snapshot> {
        let State { seats, areas } = &self.published;
        self.snapshot
            .get_or_insert_with(|| {
                Arc::new(Snapshot { version: self.version, seats: seats.clone(), areas: areas.clone() })
            })
            .clone()
    }
}

/// Seats that differ, with what they are in `now`. Compares 32 at a time, so that the writer need
/// not keep a list for those who may ask.
fn differing(before: &[u8], now: &[u8]) -> Vec<(u32, u8)> {
    const STEP: usize = 8;
    let mut seats = Vec::new();
    let mut each = |first: usize, before: &[u8], now: &[u8]| {
        let differs = |seat: &u32| read(before, *seat) != read(now, *seat);
        let all = (0..now.len() as u32 * 4).filter(differs);
        seats.extend(all.map(|seat| (first as u32 * 4 + seat, read(now, seat))));
    };
    let ((words_before, rest_before), (words, rest)) = (before.as_chunks::<STEP>(), now.as_chunks::<STEP>());
    for (at, (before, now)) in words_before.iter().zip(words).enumerate() {
        if before != now {
            each(at * STEP, before, now);
        }
    }
    each(words.len() * STEP, rest_before, rest);
    seats
}

fn read(seats: &[u8], seat: u32) -> u8 {
    seats[seat as usize / 4] >> (seat % 4 * 2) & 3
}

fn write(seats: &mut [u8], seat: u32, status: u8) {
    let byte = &mut seats[seat as usize / 4];
    *byte = *byte & !(3 << (seat % 4 * 2)) | status << (seat % 4 * 2);
}
