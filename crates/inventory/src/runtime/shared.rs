//! What the handle and the writers share.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};

use crossbeam_channel::Sender;
use hashbrown::HashMap;
use parking_lot::RwLock;
use stagedoor_core::{Env, EventId, HoldId, Timestamp};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::fans::Fans;
use super::handover::{Envelope, Lists, Mailboxes};
use super::{Config, EventView, Queue};

/// Events that are brought into memory at a time only to count what is left of them, so that lists
/// never keep the writers from deciding holds.
const COUNTED_AT_A_TIME: usize = 1;

/// Whether every writer can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Serving,
    /// At least one partition recovers from a failed write.
    Recovering,
    Stopped,
}

/// Counters since the start, for metrics.
#[derive(Debug, Default)]
pub struct Stats {
    pub commands: AtomicU64,
    pub refusals: AtomicU64,
    /// Refused by a view, without the writer.
    pub refusals_early: AtomicU64,
    pub facts: AtomicU64,
    pub batches: AtomicU64,
    /// Those that were written while the next commands were decided.
    pub batches_beside: AtomicU64,
    pub journal_bytes: AtomicU64,
    pub expired: AtomicU64,
    pub recoveries: AtomicU64,
    /// Largest time between a hold's deadline and its expiry being durable, in microseconds,
    /// since it was last read.
    pub expiry_lag_max_us: AtomicU64,
    pub events_loaded: AtomicU64,
    pub partitions_down: AtomicUsize,
    pub stopped: AtomicUsize,
    pub fenced: AtomicBool,
}

/// What the handle and the writers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub env: Env,
    /// The latest time anyone here went by, in microseconds.
    latest: AtomicI64,
    /// Every event that has been opened, in memory or not.
    pub known: RwLock<Known>,
    pub fans: Fans,
    pub views: RwLock<HashMap<EventId, Arc<EventView>>>,
    /// What was left of an event when it left memory: true until it is back, since nothing changes
    /// meanwhile.
    left: RwLock<HashMap<EventId, u32>>,
    /// Whoever brings an event into memory for a count alone.
    pub counting: Semaphore,
    pub stats: Stats,
    pub in_flight: Arc<AtomicUsize>,
    pub mailboxes: Mailboxes,
    pub lists: Lists,
}

/// Events by what their holds' ids tell of them.
#[derive(Debug, Default)]
pub(crate) struct Known(BTreeSet<(u32, EventId)>);

impl Known {
    pub fn insert(&mut self, event: EventId) {
        self.0.insert((print_in(event.0), event));
    }

    pub fn extend<'a>(&mut self, events: impl Iterator<Item = &'a EventId>) {
        self.0.extend(events.map(|event| (print_in(event.0), *event)));
    }

    /// The events that `hold` may be of; hardly ever more than one.
    pub fn of(&self, hold: HoldId) -> Vec<EventId> {
        let print = print_in(hold.0);
        self.0.range((print, EventId(Uuid::nil()))..=(print, EventId(Uuid::max()))).map(|(_, event)| *event).collect()
    }
}

/// A hold's id ends as its event's does, so that a hold is found long after its fan's books have
/// forgotten it. The other 42 random bits and the milliseconds tell the holds of an event apart.
pub(crate) fn fresh_hold(env: &Env, at: Timestamp, event: EventId) -> HoldId {
    let mut bytes = env.id_at::<HoldId>(at).0.into_bytes();
    bytes[12..].copy_from_slice(&event.0.as_bytes()[12..]);
    HoldId(Uuid::from_bytes(bytes))
}

/// What the ids of an event and of its holds have in common.
fn print_in(id: Uuid) -> u32 {
    id.as_u128() as u32
}

impl Shared {
    pub fn new(config: Config, env: Env) -> Self {
        let latest = AtomicI64::new(Timestamp::MIN.micros());
        let (fans, counting) = (Fans::new(config.limits), Semaphore::new(COUNTED_AT_A_TIME));
        let (known, views, left, stats, in_flight, mailboxes, lists) = Default::default();
        Self { env, latest, known, fans, views, left, counting, stats, in_flight, mailboxes, lists }
    }

    /// Available seats and places of an event, if it is in memory or ever was.
    pub fn available(&self, event: EventId) -> Option<u32> {
        let available = self.views.read().get(&event).map(|view| view.available());
        available.or_else(|| self.left.read().get(&event).copied())
    }

    /// Takes an event out of what is read; it stays as it is until it is back.
    pub fn leave(&self, event: EventId, view: &EventView) {
        self.left.write().insert(event, view.available());
        self.views.write().remove(&event);
        view.replace();
    }

    /// The time that seats go by. It stands still while a clock that was set back catches up, so
    /// that a hold cannot be over for one and live for the other.
    pub fn now(&self) -> Timestamp {
        self.not_before(self.env.now())
    }

    /// The same, from now on not before `at`.
    pub fn not_before(&self, at: Timestamp) -> Timestamp {
        Timestamp::from_micros(self.latest.fetch_max(at.micros(), Ordering::Relaxed)).max(at)
    }

    pub fn queue(&self, writers: Vec<Sender<Vec<Envelope>>>) -> Queue {
        Queue::new(writers, self.in_flight.clone(), self.mailboxes.clone(), self.lists.clone())
    }
}
