//! What the writer does in which order, and when groups are written.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use hashbrown::hash_map::Entry;
use stagedoor_core::{EventId, Timestamp};

use super::super::Work;
use super::super::handover::Envelope;
use super::super::recovery::Attention;
use super::flusher::Flushed;
use super::group::Group;
use super::{Broken, EXPIRIES_PER_ROUND, Pace, Writer, schedule};
use crate::engine::{WINDOW, warm};

/// Commands of one round, and up to [`WINDOW`] more: few enough that a write that has ended is seen
/// soon, many enough that larger rounds no longer help the rate.
const COMMANDS_PER_ROUND: usize = 1_024;
/// Commands of one group, reached where a disk is slow.
const COMMANDS_PER_GROUP: usize = 4 * COMMANDS_PER_ROUND;
/// Commands that wait, from which on a second thread writes: to wake it costs more than to decide a
/// few.
const BESIDE_FROM: usize = 256;
/// The longest sleep: the fans' books are swept in passing.
const IDLE_WAKE: Duration = Duration::from_secs(1);

impl Writer {
    /// Serves until the process stops.
    pub fn run(mut self) {
        loop {
            match self.serve() {
                Ok(()) => return self.finish(),
                Err(error) => {
                    tracing::error!(partition = self.partition.0, %error, source = ?error, "seats stopped");
                    self.end_if_unflushed(&error);
                    if !self.recover_again(error.is_fenced()) {
                        return;
                    }
                }
            }
        }
    }

    pub(super) fn stopping(&self) -> bool {
        self.shared.stats.stopped.load(Ordering::Acquire) > 0
    }

    fn serve(&mut self) -> Result<(), Broken> {
        loop {
            if self.waiting.is_empty() && !self.wait() {
                return self.settle();
            }
            self.gather();
            if self.waiting.is_empty() && self.stopping() && self.queue.is_empty() {
                self.settle()?;
                if self.queue.is_empty() {
                    return Ok(());
                }
            }
            self.round(None)?;
        }
    }

    /// Waits until there is something to do; false when nobody can ask for anything any more.
    fn wait(&mut self) -> bool {
        if self.flusher.is_busy() {
            // A group that waits for the one under way is due when that is back.
            let pause = if self.group.is_empty() { self.pause() } else { IDLE_WAKE };
            self.flusher.wait_beside(&self.queue, pause);
            return true;
        }
        match self.queue.recv_timeout(self.pause()) {
            Ok(list) => self.waiting.push_back(list.into()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        true
    }

    /// Takes what is queued, as much as one round needs; how many commands wait then.
    fn gather(&mut self) -> usize {
        let mut commands: usize = self.waiting.iter().map(VecDeque::len).sum();
        while commands < COMMANDS_PER_ROUND
            && let Ok(list) = self.queue.try_recv()
        {
            commands += list.len();
            self.waiting.push_back(list.into());
        }
        commands
    }

    /// One round over what is queued now, without waiting for more; for a caller that is the
    /// thread. After an error, [`Writer::begin_again`] leads on.
    pub fn turn(&mut self, pace: Pace) -> Result<(), Broken> {
        loop {
            self.gather();
            self.round(Some(pace))?;
            if self.waiting.is_empty() && self.queue.is_empty() {
                return Ok(());
            }
        }
    }

    /// How long nothing is due.
    fn pause(&self) -> Duration {
        if self.rounds.in_progress() || self.stopping() {
            return Duration::ZERO;
        }
        let now = self.shared.now();
        let expiry = self.deadlines.first().map(|(at, _)| (*at).max(self.next_expiry));
        expiry.into_iter().chain(self.rounds.next()).map(|at| at.since(now)).min().unwrap_or(IDLE_WAKE).min(IDLE_WAKE)
    }

    /// `pace`: as what waits suggests, unless it is given.
    fn round(&mut self, pace: Option<Pace>) -> Result<(), Broken> {
        let done = self.decide().and_then(|()| {
            let pace = pace.unwrap_or_else(|| self.pace());
            self.commit(pace)
        });
        if done.is_err() {
            self.fail();
        }
        done
    }

    fn decide(&mut self) -> Result<(), Broken> {
        if let Some(flushed) = self.flusher.poll() {
            self.landed(flushed)?;
        }
        if self.group.is_empty() {
            self.group.at = self.shared.now();
        }
        let at = self.group.at;
        self.last_at = at;
        if at >= self.next_expiry && self.group.batch.records() < EXPIRIES_PER_ROUND as u32 {
            self.expire(at);
        }
        let most = COMMANDS_PER_GROUP.min(self.group.commands + COMMANDS_PER_ROUND);
        while self.group.commands < most
            && let Some(mut list) = self.waiting.pop_front()
        {
            let handled = self.handle_some(at, &mut list, most);
            if list.is_empty() {
                self.shared.lists.give(list.into());
            } else {
                self.waiting.push_front(list);
            }
            handled?;
        }
        self.early.deliver();
        Ok(())
    }

    /// How the group is best written as things are.
    fn pace(&mut self) -> Pace {
        let keeps = self.keeps();
        if self.flusher.is_busy() && !self.is_full() && !keeps {
            Pace::Later
        } else if !keeps && self.gather() >= BESIDE_FROM {
            Pace::Beside
        } else {
            Pace::Now
        }
    }

    fn is_full(&self) -> bool {
        self.group.commands >= COMMANDS_PER_GROUP
    }

    /// Whether snapshots are due, which are made while nothing is under way.
    fn keeps(&self) -> bool {
        self.rounds.in_progress() || self.rounds.is_due(self.group.at)
    }

    fn commit(&mut self, pace: Pace) -> Result<(), Broken> {
        let (at, idle) = (self.group.at, self.group.commands == 0);
        if self.flusher.is_busy() && self.group.is_empty() && !self.keeps() && pace != Pace::Now {
            // All were refused at once.
            self.group.tell(&self.shared);
            return Ok(());
        }
        if pace == Pace::Later && self.flusher.is_busy() && !self.is_full() {
            return Ok(());
        }
        self.land()?;
        if self.group.is_empty() {
            self.group.tell(&self.shared);
        } else {
            let whole = self.seal();
            if pace == Pace::Now || !whole.is_empty() {
                self.write_here(&whole)?;
            } else {
                let empty = self.spare.take().unwrap_or_else(|| Box::new(Group::new(&self.shared.mailboxes)));
                let batches = u64::from(!self.group.batch.is_empty());
                self.shared.stats.batches_beside.fetch_add(batches, Ordering::Relaxed);
                self.flusher.start(std::mem::replace(&mut self.group, empty));
            }
        }
        self.turns = self.turns.wrapping_add(1);
        if self.turns.is_multiple_of(64) || idle {
            self.shared.fans.sweep(at);
        }
        if self.flusher.is_busy() { Ok(()) } else { self.checkpoint(at) }
    }

    /// Writes and answers what is decided, and waits for it.
    fn settle(&mut self) -> Result<(), Broken> {
        let done = self.commit(Pace::Now);
        if done.is_err() {
            self.fail();
        }
        done
    }

    /// Waits until no group is under way.
    pub(super) fn land(&mut self) -> Result<(), Broken> {
        match self.flusher.wait() {
            Some(flushed) => self.landed(flushed),
            None => Ok(()),
        }
    }

    fn landed(&mut self, (mut group, result): Flushed) -> Result<(), Broken> {
        match result {
            Ok(seq) => self.last_seq = seq.unwrap_or(self.last_seq),
            Err(error) => {
                group.fail(&self.shared, &mut self.unsettled);
                return Err(error);
            }
        }
        self.spare = Some(group);
        Ok(())
    }

    /// Prepares the group for being written. The events whose views have to be made anew: that takes
    /// their state as it is in the journal, so nothing may be decided until they are.
    fn seal(&mut self) -> Vec<EventId> {
        self.rounds.wrote(u64::from(self.group.batch.records()));
        let mut whole = Vec::new();
        for event in self.touched.drain(..) {
            let loaded = self.events.get_mut(&event).expect("what was touched is in memory");
            match &loaded.view {
                Some(view) if !loaded.changes.whole => self.group.show(view, &mut loaded.changes),
                _ => whole.push(event),
            }
            loaded.touched = false;
            loaded.dirty = true;
            schedule(&mut self.deadlines, event, loaded);
        }
        whole
    }

    /// Writes the group without help. `whole`: the events whose views are made anew.
    fn write_here(&mut self, whole: &[EventId]) -> Result<(), Broken> {
        let journal = self.flusher.journal();
        self.last_seq = self.group.write(journal)?.unwrap_or(self.last_seq);
        for event in whole {
            let loaded = self.events.get_mut(event).expect("what was touched is in memory");
            loaded.show(*event, &self.shared);
            loaded.changes.clear();
            if let Entry::Vacant(new) = self.directory.entry(*event) {
                new.insert(Attention::Idle);
                self.shared.known.write().insert(*event);
            }
        }
        self.group.tell(&self.shared);
        Ok(journal.maintain()?)
    }

    /// Decides commands of `list` until it is empty or the group has `most` of them.
    fn handle_some(&mut self, at: Timestamp, list: &mut VecDeque<Envelope>, most: usize) -> Result<(), Broken> {
        for at_command in 0.. {
            if at_command % WINDOW == 0 {
                if self.group.commands >= most {
                    break;
                }
                // A list that was not taken apart yet lies in one piece.
                self.warm(list.as_slices().0);
            }
            let Some(envelope) = list.pop_front() else { break };
            self.group.commands += 1;
            self.handle(at, envelope)?;
        }
        Ok(())
    }

    /// Asks memory for what the next commands will need.
    fn warm(&self, next: &[Envelope]) {
        let loaded = next.iter().take(WINDOW).filter_map(|envelope| match &envelope.work {
            Work::Command { command, .. } => Some((&self.events.get(&envelope.event)?.state, command)),
            _ => None,
        });
        warm(loaded);
    }

    /// Everyone who waits is told that the outcome is open. Nothing is under way: whatever can fail
    /// needs the journal. The state in memory is ahead of it and will be dropped.
    fn fail(&mut self) {
        self.early.deliver();
        self.group.fail(&self.shared, &mut self.unsettled);
    }
}
