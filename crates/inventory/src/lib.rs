//! The seat engine and the thread that runs it: holds, sales and the live seat map of every event.
//!
//! [`engine`] holds the rules, pure and deterministic. The runtime around it gives each partition
//! of events one writer thread: it takes commands in batches, decides and applies them in memory,
//! makes their facts durable in one journal write, and only then answers and publishes. Readers
//! look at an [`EventView`] and never ask the writer.
//!
//! Invariants:
//! - an answer other than a refusal is given after its facts are on disk;
//! - refusals touch no disk, and one that the view can prove never reaches the writer;
//! - places are numbers of one seat map, and no command takes effect on another map than its own;
//! - if a journal write fails, the partition stops serving and recovers from the journal;
//! - state in memory is a fold over the journal, and everything else here can be rebuilt from it.
//!
//! ```no_run
//! # use inventory::{Config, HoldRequest, Inventory};
//! # use stagedoor_core::Env;
//! # async fn example(event: stagedoor_core::EventId, fan: stagedoor_core::UserId, want: inventory::engine::Want) {
//! let open = |partition| Ok(Box::new(journal::SqliteJournal::open("data".as_ref(), partition)?) as _);
//! let inventory = Inventory::start(Config::default(), Env::system(), open).expect("the journal is readable");
//! let view = inventory.view(event).await.expect("the event is on sale");
//! let hold = inventory.hold_in(&view, HoldRequest { fan, want, key: None }).await;
//! # }
//! ```

pub mod engine;
mod runtime;

/// Checking a journal and what was derived from it, without changing anything.
pub mod audit {
    pub use crate::runtime::{Audit, Finding, audit};
}

pub use runtime::{
    AskedHold, Batches, Config, Delta, EventView, FanLimits, HandedOver, Health, HeldPlace, Hold, HoldRequest,
    Inventory, Opening, Pace, Refused, Snapshot, StartError, Stats, Stopped, Taken, Warned, Worker, Writers,
};
