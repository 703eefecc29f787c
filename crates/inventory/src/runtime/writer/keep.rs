//! Snapshots and what may leave memory; see [`super::super::checkpoint`].

use std::sync::atomic::Ordering;

use journal::Snapshot;
use stagedoor_core::{EventId, Timestamp};

use super::super::checkpoint::{BYTES_PER_STEP, IDLE_AFTER, Step, write_directory};
use super::super::recovery::Attention;
use super::{Broken, Writer};

impl Writer {
    pub(super) fn checkpoint(&mut self, at: Timestamp) -> Result<(), Broken> {
        if self.rounds.is_due(at) {
            let dirty = self.events.iter().filter(|(_, loaded)| loaded.dirty).map(|(event, _)| *event).collect();
            self.rounds.begin(self.last_seq, dirty, at);
        }
        match self.rounds.step() {
            Step::Nothing => Ok(()),
            Step::Write(events) => self.write_snapshots(events),
            Step::Finish { covers } => {
                for (event, loaded) in &self.events {
                    let live = loaded.state.next_deadline().is_some();
                    let attention = if live { Attention::HasHolds } else { Attention::Idle };
                    self.directory.insert(*event, attention);
                }
                write_directory(self.flusher.journal(), covers, &self.directory)?;
                self.flusher.journal().set_checkpoint(covers)?;
                self.let_go(at);
                Ok(())
            }
        }
    }

    fn write_snapshots(&mut self, mut events: Vec<EventId>) -> Result<(), Broken> {
        let mut bodies = Vec::with_capacity(events.len());
        let mut bytes = 0;
        while bytes < BYTES_PER_STEP
            && let Some(event) = events.pop()
        {
            let Some(loaded) = self.events.get_mut(&event) else { continue };
            let mut body = Vec::new();
            loaded.state.snapshot(&mut body);
            loaded.dirty = false;
            bytes += body.len();
            bodies.push((event, loaded.state.version(), body));
        }
        self.rounds.put_back(events);
        let snapshots: Vec<_> = bodies
            .iter()
            .map(|(event, version, body)| Snapshot {
                event: *event,
                version: *version,
                covers: self.last_seq,
                body: &body[..],
            })
            .collect();
        Ok(self.flusher.journal().put_snapshots(&snapshots)?)
    }

    /// Drops events from memory that are on disk as they are and that nobody uses.
    fn let_go(&mut self, at: Timestamp) {
        let shared = &self.shared;
        self.events.retain(|event, loaded| {
            let seen_at = loaded.view.as_ref().map_or(Timestamp::MIN, |view| view.seen_at());
            let idle = loaded.used_at.max(seen_at) + IDLE_AFTER <= at;
            if loaded.dirty || loaded.deadline.is_some() || !idle {
                return true;
            }
            loaded.view.iter().for_each(|view| shared.leave(*event, view));
            false
        });
        // The table would keep room for all that ever were in it, and for each more than it leaves elsewhere.
        if self.events.len() < self.events.capacity() / 4 {
            self.events.shrink_to(2 * self.events.len());
        }
        self.manifests.sweep();
        shared.stats.events_loaded.store(self.events.len() as u64, Ordering::Relaxed);
    }

    /// A last checkpoint, so that the next start replays nothing.
    pub(super) fn finish(mut self) {
        self.checkpoint_all();
        // Whoever asked meanwhile is not left waiting.
        self.refuse_queued();
        tracing::info!(partition = self.partition.0, last = self.last_seq.0, "seats stopped");
    }

    fn checkpoint_all(&mut self) {
        let dirty: Vec<EventId> =
            self.events.iter().filter(|(_, loaded)| loaded.dirty).map(|(event, _)| *event).collect();
        self.rounds.begin(self.last_seq, dirty, self.last_at);
        while self.rounds.in_progress() {
            if let Err(error) = self.checkpoint(self.last_at) {
                tracing::warn!(partition = self.partition.0, %error, "no checkpoint at the end, the next start replays more");
                self.end_if_unflushed(&error);
                return;
            }
        }
    }
}
