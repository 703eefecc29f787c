//! The seat engine: every rule about seats, holds and sales of one event, as a pure state machine.
//!
//! [`EventState::decide`] says what a [`Command`] would change and refuses with a reason;
//! [`EventState::apply`] carries out the [`Fact`] that was decided and cannot fail. Live commands
//! and recovery share `apply`, so the state is a fold over the event's facts. Nothing here reads
//! a clock, draws a random number, does I/O or starts a thread: time comes in as `at`, which the
//! caller keeps from ever going backwards, over restarts too.
//!
//! What always holds, after every fact:
//! 1. a seat has at most one owner: one live hold or one sale;
//! 2. `held + sold + blocked` of a general-admission area is at most its capacity;
//! 3. a hold ends once: sold, released or expired, and it is valid while `at < expires_at`;
//! 4. the same facts give the same state and, through [`EventState::snapshot`], the same bytes.
//!
//! Seats are numbered in map order (sections, rows and seats as the map lists them), areas,
//! sections, price levels and ticket types in the order their lists give.

mod best;
mod bytes;
mod command;
mod deadlines;
mod decide;
mod fact;
mod holds;
mod index;
mod manifest;
mod orphan;
mod place;
mod rules;
mod seats;
pub(crate) mod slab;
mod snapshot;
mod split;
mod state;
mod warm;

pub use bytes::CodecError;
pub use command::{Actor, Answer, Best, Command, HoldStatus, HoldView, KeyPrint, Outcome, Refusal, Want};
pub use fact::{Fact, ManifestRef};
pub use manifest::{AreaSpec, Manifest, ManifestError, ManifestSpec, RowSpec, SeatKind, SeatSpec, SectionSpec};
pub use place::{Need, Place, Places, SeatList};
pub use rules::{AccessibleRelease, Orphans, Prices, Rules, RulesError, SaleStatus};
pub use snapshot::SnapshotError;
pub use state::{AreaCounts, Changes, EventState, KnownHold, SeatStatus, Totals, Warning};
pub(crate) use warm::{WINDOW, warm};
