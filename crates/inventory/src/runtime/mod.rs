//! The threads around the engine, and the handle everyone else holds.

mod audit;
mod checkpoint;
mod fans;
mod handover;
mod held;
mod inventory;
mod recovery;
mod shared;
mod view;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{SendError, Sender};
use stagedoor_core::{Code, EventId, HoldId, UserId};

pub use self::audit::{Audit, Finding, audit};
pub use self::fans::FanLimits;
pub use self::handover::Batches;
pub use self::held::{HeldPlace, Hold};
pub use self::inventory::{
    AskedHold, Config, HandedOver, HoldRequest, Inventory, Opening, StartError, Stopped, Worker, Writers,
};
pub use self::shared::{Health, Stats};
pub use self::view::{Delta, EventView, Snapshot, Taken, Warned};
pub use self::writer::Pace;
use crate::engine::{Answer, Command, Manifest, Refusal};
use handover::{Envelope, Lists, Mailboxes};

/// Commands that may wait for one process's writers; beyond it callers are told to come back.
const IN_FLIGHT_MAX: usize = 65_536;

/// Why nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A rule of the event.
    #[error(transparent)]
    Rule(#[from] Refusal),
    #[error("too many active holds")]
    HoldLimit,
    #[error("too many hold attempts")]
    RateLimited { retry_after: Duration },
    #[error("the event is not on sale here")]
    UnknownEvent,
    /// The event went over to other maps faster than places could be found on them. Nothing
    /// was done.
    #[error("the seat map is changing")]
    MapChanged,
    /// The journal cannot be written, the process is stopping or overloaded. Whether a command
    /// that was waiting took effect is told by asking again with the same key.
    #[error("seats cannot be changed at the moment")]
    Unavailable,
}

impl Refused {
    pub fn code(&self) -> Code {
        match self {
            Refused::Rule(refusal) => refusal.code(),
            Refused::HoldLimit => Code::HoldLimit,
            Refused::RateLimited { .. } => Code::RateLimited,
            Refused::UnknownEvent => Code::NotFound,
            Refused::MapChanged | Refused::Unavailable => Code::Unavailable,
        }
    }
}

/// A broken invariant in a thread of the engine ends the process: what it would answer next cannot be trusted,
/// and the journal holds everything that was answered.
pub(crate) struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}

/// What the writer is asked.
#[derive(Debug)]
pub(crate) enum Work {
    /// `map`: [`map_print`] of the map whose numbers the command names places by, so that it
    /// cannot take effect on another; `None` when it names no places, or whoever asks vouches for
    /// the map.
    Command { command: Command, map: Option<u64> },
    /// Bring the event into memory, so that its view can be read.
    Load,
    /// A hold as its fan sees it, if they own it.
    View(HoldId, UserId),
    /// Answered when everything sent before it is durable and what was due when its round began has
    /// expired.
    Settle,
}

/// An answer, and whether it repeats one given before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    pub answer: Answer,
    pub replayed: bool,
    /// [`map_print`] of the map whose indexes the answer speaks in.
    pub map: u64,
}

/// Tells the maps of one event apart.
pub(crate) fn map_print(manifest: &Manifest) -> u64 {
    let hash = manifest.hash();
    u64::from_le_bytes(*hash.first_chunk().expect("a hash has 32 bytes"))
}

pub(crate) type Reply = Result<Done, Refused>;

/// The way to the writers: one channel per partition.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    writers: Arc<[Sender<Vec<Envelope>>]>,
    in_flight: Arc<AtomicUsize>,
    mailboxes: Mailboxes,
    lists: Lists,
}

impl Queue {
    fn new(
        writers: Vec<Sender<Vec<Envelope>>>,
        in_flight: Arc<AtomicUsize>,
        mailboxes: Mailboxes,
        lists: Lists,
    ) -> Self {
        Self { writers: writers.into(), in_flight, mailboxes, lists }
    }

    fn is_full(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) >= IN_FLIGHT_MAX
    }

    /// Sends each envelope to the writer of its event. One that no writer takes any more is
    /// answered as unavailable.
    fn send(&self, mut envelopes: Vec<Envelope>) {
        self.in_flight.fetch_add(envelopes.len(), Ordering::Relaxed);
        if let [writer] = &*self.writers {
            self.send_to(writer, envelopes);
            return;
        }
        let mut split: Vec<Vec<Envelope>> = self.writers.iter().map(|_| self.lists.take()).collect();
        for envelope in envelopes.drain(..) {
            split[partition_of(envelope.event, self.writers.len())].push(envelope);
        }
        self.lists.give(envelopes);
        for (writer, envelopes) in self.writers.iter().zip(split) {
            if !envelopes.is_empty() {
                self.send_to(writer, envelopes);
            }
        }
    }

    fn send_to(&self, writer: &Sender<Vec<Envelope>>, envelopes: Vec<Envelope>) {
        if let Err(SendError(envelopes)) = writer.send(envelopes) {
            self.in_flight.fetch_sub(envelopes.len(), Ordering::Relaxed);
            envelopes.into_iter().for_each(|envelope| envelope.reply_to.refuse(&self.mailboxes));
        }
    }
}

/// The partition that owns `event`, for as long as their number stays the same.
fn partition_of(event: EventId, partitions: usize) -> usize {
    // The last eight bytes of a UUIDv7 are random but for two bits.
    let random = event.0.as_u128() as u64;
    (random % partitions as u64) as usize
}
