//! Taking over a partition, at the start and after a failed write.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::Receiver;
use hashbrown::HashMap;
use journal::{BatchSeq, Partition};
use stagedoor_core::{EventId, Timestamp};

use super::super::Refused;
use super::super::checkpoint::{Rounds, read_directory};
use super::super::handover::Envelope;
use super::super::recovery::{Attention, Fold, Manifests, Reach, RecoverError, restore};
use super::super::shared::Shared;
use super::{Broken, Flusher, Group, Loaded, Outgoing, RECOVERY_PAUSE, Writer, schedule};
use crate::engine::{Changes, EventState, HoldStatus};

impl Writer {
    /// Takes over the partition and brings back every event that has holds or changed since the
    /// last checkpoint.
    pub fn recover(
        partition: Partition,
        queue: Receiver<Vec<Envelope>>,
        shared: Arc<Shared>,
        flusher: Flusher,
    ) -> Result<Writer, RecoverError> {
        let at = shared.now();
        let (group, early) = (Box::new(Group::new(&shared.mailboxes)), Outgoing::new(&shared.mailboxes));
        let mut writer = Writer {
            partition,
            queue,
            shared,
            flusher,
            epoch: None,
            unusable: HashSet::new(),
            manifests: Manifests::default(),
            events: HashMap::new(),
            directory: HashMap::new(),
            deadlines: BTreeSet::new(),
            waiting: VecDeque::new(),
            rounds: Rounds::new(at),
            last_seq: BatchSeq::NONE,
            last_at: at,
            next_expiry: Timestamp::MIN,
            turns: 0,
            group,
            spare: None,
            touched: Vec::new(),
            early,
            unsettled: Vec::new(),
        };
        writer.load_all()?;
        Ok(writer)
    }

    fn load_all(&mut self) -> Result<(), RecoverError> {
        let journal = self.flusher.journal();
        let claim = journal.claim(self.epoch)?;
        self.epoch = Some(claim.epoch);
        let checkpoint = journal.checkpoint()?;
        let mut fold = Fold::default();
        let directory = read_directory(journal, checkpoint)?;
        let folded = match &directory {
            Some(stored) => {
                let reach = Reach::SinceCheckpoint { checkpoint, stored };
                fold.run(journal, &mut self.manifests, reach).and_then(|last| {
                    for (event, _) in stored.iter().filter(|(_, attention)| **attention == Attention::HasHolds) {
                        if !fold.states.contains_key(event) {
                            let state = restore(journal, &mut self.manifests, *event)?
                                .ok_or(RecoverError::SnapshotMissing { event: *event })?;
                            fold.states.insert(*event, state);
                        }
                    }
                    Ok(last)
                })
            }
            None => Err(RecoverError::Directory),
        };
        let last = match folded {
            Err(
                error
                @ (RecoverError::SnapshotMissing { .. } | RecoverError::Snapshot { .. } | RecoverError::Directory),
            ) => {
                tracing::warn!(partition = self.partition.0, %error, "snapshots cannot be used, replaying the whole journal");
                fold = Fold::default();
                fold.run(journal, &mut self.manifests, Reach::Whole)?
            }
            other => other?,
        };
        tracing::info!(
            partition = self.partition.0,
            epoch = claim.epoch.0,
            last = last.0,
            facts = fold.facts,
            events = fold.states.len(),
            "seats recovered"
        );
        self.last_seq = last;
        self.last_at = self.shared.not_before(claim.last.at);
        self.directory = directory.unwrap_or_default();
        self.shared.known.write().extend(self.directory.keys().chain(fold.states.keys()));
        self.rounds = Rounds::new(self.last_at);
        self.rounds.wrote(fold.facts);
        for (event, state) in fold.states {
            self.directory.entry(event).or_insert(Attention::Idle);
            self.admit(event, state, fold.facts > 0);
        }
        Ok(())
    }

    /// Takes a state into memory, with its view and its fans' books.
    pub(super) fn admit(&mut self, event: EventId, state: EventState, dirty: bool) {
        let (at, until_past) = (self.last_at, Timestamp::MIN);
        for known in state.known_holds() {
            if known.status != HoldStatus::Held && known.key.is_none() {
                // Its id names the event, so the books need not know it; if they do, it has ended.
                self.shared.fans.ended(known.fan, known.hold);
                continue;
            }
            let until = if known.status == HoldStatus::Held { known.expires_at } else { until_past };
            self.shared.fans.restore(known.fan, known.hold, event, known.key, at, until);
        }
        let mut loaded = Loaded {
            view: None,
            changes: Changes::default(),
            touched: false,
            dirty,
            deadline: None,
            used_at: at,
            state,
        };
        if loaded.state.is_open() {
            loaded.show(event, &self.shared);
        }
        schedule(&mut self.deadlines, event, &mut loaded);
        self.events.insert(event, loaded);
        self.shared.stats.events_loaded.store(self.events.len() as u64, Ordering::Relaxed);
    }

    /// After a failed write: nothing in memory counts any more, the journal does. False when the
    /// process stops meanwhile.
    ///
    /// `fenced`: another process has the partition. It is not taken back, or the two would take it
    /// from each other for ever; whoever started this process must end it.
    pub(super) fn recover_again(&mut self, mut fenced: bool) -> bool {
        self.shared.stats.partitions_down.fetch_add(1, Ordering::AcqRel);
        loop {
            if self.stopping() {
                self.refuse_queued();
                return false;
            }
            if fenced {
                self.shared.stats.fenced.store(true, Ordering::Release);
                self.refuse_queued();
                std::thread::sleep(RECOVERY_PAUSE);
                continue;
            }
            match self.begin_again() {
                Ok(()) => break,
                Err(error) => {
                    tracing::error!(partition = self.partition.0, %error, "seats cannot be recovered yet");
                    let error = Broken::from(error);
                    self.end_if_unflushed(&error);
                    fenced |= error.is_fenced();
                    std::thread::sleep(RECOVERY_PAUSE);
                }
            }
        }
        self.shared.stats.recoveries.fetch_add(1, Ordering::Relaxed);
        self.shared.stats.partitions_down.fetch_sub(1, Ordering::AcqRel);
        true
    }

    /// Ends the process if the disk refused to flush. Recovering here would read what the system
    /// keeps in memory of the file and may never bring to the disk; whoever starts the process anew
    /// has it ask the disk.
    pub(super) fn end_if_unflushed(&self, error: &Broken) {
        if error.is_unflushed() {
            tracing::error!(
                partition = self.partition.0,
                "the disk did not flush the journal, so what its file shows cannot be believed: ending at once"
            );
            std::process::abort();
        }
    }

    /// Forgets everything and loads what the journal has.
    pub fn begin_again(&mut self) -> Result<(), RecoverError> {
        self.events.clear();
        self.unusable.clear();
        self.deadlines.clear();
        self.touched.clear();
        *self.group = Group::new(&self.shared.mailboxes);
        self.refuse_queued();
        self.load_all()?;
        // Those that are on disk are in the books now.
        self.unsettled.drain(..).for_each(|fan| self.shared.fans.refused(fan));
        Ok(())
    }

    /// Nobody waits longer than the pause for the answer that seats cannot be changed.
    pub(super) fn refuse_queued(&mut self) {
        while let Some(list) = self.waiting.pop_front().or_else(|| self.queue.try_recv().ok().map(VecDeque::from)) {
            let count = list.len();
            for Envelope { work, books, reply_to, .. } in list {
                self.refuse(reply_to, &work, books, Refused::Unavailable);
            }
            self.early.deliver();
            self.shared.in_flight.fetch_sub(count, Ordering::Relaxed);
        }
    }
}
