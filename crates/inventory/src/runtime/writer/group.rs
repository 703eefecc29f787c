//! What becomes durable in one write, and whom it is told then.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use journal::{Batch, BatchSeq, Journal};
use stagedoor_core::{EventId, HoldId, Timestamp, UserId};

use super::super::handover::Mailboxes;
use super::super::shared::Shared;
use super::super::view::EventView;
use super::Broken;
use super::replies::Outgoing;
use crate::engine::Changes;

/// Room for changed seats that is kept for the next event: what is larger would stay with whichever of
/// thousands of events came next.
const SEATS_KEPT: usize = 4_096;

/// The commands of one write. All of them are decided at one time, which the journal keeps.
pub(super) struct Group {
    pub at: Timestamp,
    /// Those that are counted as under way, with those that were refused at once.
    pub commands: usize,
    pub batch: Batch,
    pub replies: Outgoing,
    /// Holds with a place reserved in their fans' books.
    pub held: Vec<(UserId, HoldId, EventId, Option<u128>, Timestamp)>,
    pub extended: Vec<(UserId, HoldId, Timestamp)>,
    pub ended: Vec<(UserId, HoldId)>,
    /// The deadlines of holds that expired.
    pub expired: Vec<Timestamp>,
    /// What the views of events will show.
    pub shown: Vec<(Arc<EventView>, Changes)>,
    /// Emptied ones for the next events.
    spare: Vec<Changes>,
}

impl Group {
    pub fn new(registry: &Mailboxes) -> Self {
        let (held, extended, ended, expired, shown, spare) = Default::default();
        let (batch, replies) = (Batch::new(), Outgoing::new(registry));
        Self { at: Timestamp::MIN, commands: 0, batch, replies, held, extended, ended, expired, shown, spare }
    }

    /// Whether nothing waits for it.
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty() && self.replies.is_empty()
    }

    /// Takes what `view` will show of `changes`, and leaves those empty.
    pub fn show(&mut self, view: &Arc<EventView>, changes: &mut Changes) {
        let empty = self.spare.pop().unwrap_or_default();
        self.shown.push((view.clone(), std::mem::replace(changes, empty)));
    }

    /// Makes its facts durable; the number of their batch if there are any.
    pub fn write(&self, journal: &mut dyn Journal) -> Result<Option<BatchSeq>, Broken> {
        if self.batch.is_empty() {
            return Ok(None);
        }
        Ok(Some(journal.append(self.at, &self.batch)?))
    }

    /// Its facts are durable: shows them, settles the fans' books and answers. Leaves it empty.
    pub fn tell(&mut self, shared: &Shared) {
        let stats = &shared.stats;
        if !self.batch.is_empty() {
            stats.facts.fetch_add(u64::from(self.batch.records()), Ordering::Relaxed);
            stats.batches.fetch_add(1, Ordering::Relaxed);
            stats.journal_bytes.fetch_add(self.batch.body().len() as u64, Ordering::Relaxed);
            self.batch.clear();
        }
        for (view, mut changes) in self.shown.drain(..) {
            view.publish(&changes);
            changes.clear();
            if changes.seats.capacity() <= SEATS_KEPT {
                self.spare.push(changes);
            }
        }
        let fans = &shared.fans;
        for (fan, hold, event, key, until) in self.held.drain(..) {
            fans.held(fan, hold, event, key, self.at, until);
        }
        self.extended.drain(..).for_each(|(fan, hold, until)| fans.extended(fan, hold, until));
        self.ended.drain(..).for_each(|(fan, hold)| fans.ended(fan, hold));
        if !self.expired.is_empty() {
            let done = shared.env.now();
            let lag = self.expired.iter().map(|until| done.since(*until).as_micros() as u64).max();
            stats.expiry_lag_max_us.fetch_max(lag.unwrap_or(0), Ordering::Relaxed);
            stats.expired.fetch_add(self.expired.len() as u64, Ordering::Relaxed);
            self.expired.clear();
        }
        self.replies.deliver();
        stats.commands.fetch_add(self.commands as u64, Ordering::Relaxed);
        self.count_out(shared);
    }

    /// Everyone who waits is told that the outcome is open. The fans whose holds may or may not be
    /// on disk are added to `unsettled`.
    pub fn fail(&mut self, shared: &Shared, unsettled: &mut Vec<UserId>) {
        self.replies.refuse_all();
        unsettled.extend(self.held.drain(..).map(|(fan, ..)| fan));
        self.count_out(shared);
    }

    fn count_out(&mut self, shared: &Shared) {
        shared.in_flight.fetch_sub(std::mem::take(&mut self.commands), Ordering::Relaxed);
    }
}
