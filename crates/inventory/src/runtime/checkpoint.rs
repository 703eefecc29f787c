//! Snapshots, the directory of events on disk, and which events may leave memory.
//!
//! A round notes the last batch, writes the snapshot of every event changed until then, a few
//! between two batches so that no answer waits long, and then moves the checkpoint. Recovery
//! starts from there. The directory lists every event that has facts before the checkpoint.

use std::time::Duration;

use hashbrown::HashMap;
use journal::{BatchSeq, Journal, Snapshot};
use stagedoor_core::{EventId, Timestamp};
use uuid::Uuid;

use super::recovery::{Attention, RecoverError};

/// Facts after which a round begins: replaying them takes a second or two.
const FACTS_PER_ROUND: u64 = 2_000_000;
/// Time after which a round begins when anything changed at all.
const ROUND_INTERVAL: Duration = Duration::from_secs(60);
/// Events written between two batches at most.
const SNAPSHOTS_PER_STEP: usize = 4;
/// Bytes after which no further snapshot is written before the next batch: a few milliseconds' work for a
/// database. One event may have more by itself.
pub(super) const BYTES_PER_STEP: usize = 1 << 20;
/// An event that nobody asked for and nobody looked at this long leaves memory.
pub(super) const IDLE_AFTER: Duration = Duration::from_secs(600);

/// The directory is stored as the snapshot of the event that cannot exist.
pub(super) const DIRECTORY: EventId = EventId(Uuid::nil());
const DIRECTORY_FORMAT: u8 = 1;
const ENTRY_BYTES: usize = 17;

/// How far the current round is.
#[derive(Debug)]
pub(super) struct Rounds {
    facts: u64,
    last_round: Timestamp,
    current: Option<Round>,
}

#[derive(Debug)]
struct Round {
    covers: BatchSeq,
    left: Vec<EventId>,
}

/// What a step of a round asks the writer to do.
pub(super) enum Step {
    Nothing,
    Write(Vec<EventId>),
    Finish { covers: BatchSeq },
}

impl Rounds {
    pub fn new(at: Timestamp) -> Self {
        Self { facts: 0, last_round: at, current: None }
    }

    pub fn wrote(&mut self, facts: u64) {
        self.facts += facts;
    }

    pub fn in_progress(&self) -> bool {
        self.current.is_some()
    }

    /// When the next round should begin; `None` while nothing changed.
    pub fn next(&self) -> Option<Timestamp> {
        (self.facts > 0).then(|| self.last_round + ROUND_INTERVAL)
    }

    /// Whether a round should begin now.
    pub fn is_due(&self, at: Timestamp) -> bool {
        self.current.is_none()
            && (self.facts >= FACTS_PER_ROUND || self.facts > 0 && at >= self.last_round + ROUND_INTERVAL)
    }

    pub fn begin(&mut self, covers: BatchSeq, dirty: Vec<EventId>, at: Timestamp) {
        self.facts = 0;
        self.last_round = at;
        self.current = Some(Round { covers, left: dirty });
    }

    pub fn step(&mut self) -> Step {
        let Some(round) = &mut self.current else { return Step::Nothing };
        let covers = round.covers;
        if round.left.is_empty() {
            self.current = None;
            return Step::Finish { covers };
        }
        let keep = round.left.len().saturating_sub(SNAPSHOTS_PER_STEP);
        Step::Write(round.left.split_off(keep))
    }

    /// Takes back events of a step that were not written in it.
    pub fn put_back(&mut self, events: Vec<EventId>) {
        let round = self.current.as_mut().expect("a step belongs to a round");
        round.left.extend(events);
    }
}

/// Which events have facts before the checkpoint; empty in a new journal. `None` when the
/// directory is damaged or was never written although a checkpoint was.
pub(super) fn read_directory(
    journal: &mut dyn Journal,
    checkpoint: BatchSeq,
) -> Result<Option<HashMap<EventId, Attention>>, RecoverError> {
    let Some(snapshot) = journal.snapshot(DIRECTORY)? else {
        return Ok((checkpoint == BatchSeq::NONE).then(HashMap::new));
    };
    let [DIRECTORY_FORMAT, entries @ ..] = &*snapshot.body else { return Err(RecoverError::Directory) };
    if entries.len() % ENTRY_BYTES != 0 {
        return Err(RecoverError::Directory);
    }
    let read = |entry: &[u8]| {
        let id = Uuid::from_slice(&entry[..16]).expect("sixteen bytes are a UUID");
        (EventId(id), if entry[16] == 0 { Attention::Idle } else { Attention::HasHolds })
    };
    Ok(Some(entries.chunks_exact(ENTRY_BYTES).map(read).collect()))
}

/// Stores the directory as of `covers`.
pub(super) fn write_directory(
    journal: &mut dyn Journal,
    covers: BatchSeq,
    events: &HashMap<EventId, Attention>,
) -> Result<(), journal::Error> {
    let mut entries: Vec<_> = events.iter().collect();
    entries.sort_unstable_by_key(|(event, _)| **event);
    let mut body = vec![DIRECTORY_FORMAT];
    for (event, attention) in entries {
        body.extend_from_slice(event.0.as_bytes());
        body.push(u8::from(*attention == Attention::HasHolds));
    }
    // Batch numbers only grow, so they serve as the directory's version.
    journal.put_snapshots(&[Snapshot { event: DIRECTORY, version: covers.0, covers, body: &body }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_writes_every_event_whatever_a_step_leaves() {
        let events: Vec<EventId> = (1..=9).map(|number| EventId(Uuid::from_u128(number))).collect();
        let mut rounds = Rounds::new(Timestamp::MIN);
        rounds.begin(BatchSeq(7), events.clone(), Timestamp::MIN);
        let mut written = Vec::new();
        let covers = loop {
            match rounds.step() {
                Step::Write(mut some) => {
                    assert!((1..=SNAPSHOTS_PER_STEP).contains(&some.len()), "{some:?}");
                    written.extend(some.pop());
                    rounds.put_back(some);
                }
                Step::Finish { covers } => break covers,
                Step::Nothing => panic!("the round is not over"),
            }
        };
        written.sort_unstable();
        assert_eq!((covers, written), (BatchSeq(7), events));
        assert!(!rounds.in_progress());
    }
}
