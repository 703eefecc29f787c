//! Building the state of a partition from its journal: snapshots, then the facts after them.

use std::sync::Arc;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use journal::{BatchSeq, BlobHash, Journal, Record};
use stagedoor_core::{EventId, Timestamp};

use crate::engine::{Changes, CodecError, EventState, Fact, Manifest, SnapshotError};

/// Why a partition cannot be brought back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecoverError {
    #[error(transparent)]
    Journal(#[from] journal::Error),
    #[error("fact {version} of {event} cannot be read: {source}")]
    Fact { event: EventId, version: u64, source: CodecError },
    #[error("fact {version} of {event} comes after version {known}")]
    Gap { event: EventId, version: u64, known: u64 },
    #[error("the snapshot of {event} does not fit its facts: {source}")]
    Snapshot { event: EventId, source: SnapshotError },
    #[error("the snapshot of {event} is missing or damaged")]
    SnapshotMissing { event: EventId },
    #[error("the directory of events is damaged")]
    Directory,
    #[error("the seat map {0:02x?} that facts name is missing")]
    ManifestMissing([u8; 32]),
    #[error("the seat map {hash:02x?} cannot be read: {source}")]
    Manifest { hash: [u8; 32], source: CodecError },
}

/// Seat maps by content hash, each in memory once for all the events that use it.
#[derive(Debug, Default)]
pub(crate) struct Manifests(HashMap<[u8; 32], Arc<Manifest>>);

impl Manifests {
    pub fn known(&mut self, manifest: &Arc<Manifest>) -> Arc<Manifest> {
        self.0.entry(manifest.hash()).or_insert_with(|| manifest.clone()).clone()
    }

    pub fn load(&mut self, journal: &mut dyn Journal, hash: [u8; 32]) -> Result<Arc<Manifest>, RecoverError> {
        if let Some(manifest) = self.0.get(&hash) {
            return Ok(manifest.clone());
        }
        let bytes = journal.blob(BlobHash(hash))?.ok_or(RecoverError::ManifestMissing(hash))?;
        let manifest = Manifest::decode(&bytes).map_err(|source| RecoverError::Manifest { hash, source })?;
        Ok(self.known(&Arc::new(manifest)))
    }

    /// Drops the maps that no event in memory uses.
    pub fn sweep(&mut self) {
        self.0.retain(|_, manifest| Arc::strong_count(manifest) > 1);
    }
}

/// The state of `event` as its snapshot has it; `None` when it has no sound one.
pub(crate) fn restore(
    journal: &mut dyn Journal,
    manifests: &mut Manifests,
    event: EventId,
) -> Result<Option<EventState>, RecoverError> {
    let Some(snapshot) = journal.snapshot(event)? else { return Ok(None) };
    let mut missing = None;
    let state = EventState::restore(&snapshot.body, |hash| match manifests.load(journal, hash) {
        Ok(manifest) => Some(manifest),
        Err(error) => {
            missing = Some(error);
            None
        }
    });
    match (state, missing) {
        (_, Some(error)) => Err(error),
        (Ok(state), None) => Ok(Some(state)),
        (Err(source), None) => Err(RecoverError::Snapshot { event, source }),
    }
}

/// Which facts a [`Fold`] takes and where it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reach<'a> {
    /// Facts after the checkpoint, on top of snapshots. `stored`: events that had facts before
    /// the checkpoint and so must have a snapshot.
    SinceCheckpoint { checkpoint: BatchSeq, stored: &'a HashMap<EventId, Attention> },
    /// Everything, from the first batch.
    Whole,
    /// Everything of one event.
    Only(EventId),
}

/// Whether an event on disk must be in memory: one with live holds must, so that they expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attention {
    Idle,
    HasHolds,
}

/// Sees each state after each of its facts.
pub(crate) type Watch<'a> = dyn FnMut(EventId, &EventState) + 'a;

/// Facts in the order of the journal, folded into states.
#[derive(Default)]
pub(crate) struct Fold<'a> {
    pub states: HashMap<EventId, EventState>,
    pub facts: u64,
    watch: Option<&'a mut Watch<'a>>,
    changes: Changes,
}

impl<'a> Fold<'a> {
    /// A fold that shows `watch` each state after each of its facts.
    pub fn watched(watch: &'a mut Watch<'a>) -> Self {
        Fold { watch: Some(watch), ..Fold::default() }
    }
}

/// Something a fold lacks. A journal that is being replayed cannot be asked, so the replay ends,
/// the missing thing is fetched and the replay goes on from the batch before.
enum Lack {
    Manifest([u8; 32]),
    State(EventId),
}

impl Fold<'_> {
    /// Replays what `reach` covers into [`Fold::states`]; returns the last batch's number.
    pub fn run(
        &mut self,
        journal: &mut dyn Journal,
        manifests: &mut Manifests,
        reach: Reach<'_>,
    ) -> Result<BatchSeq, RecoverError> {
        let mut after = match reach {
            Reach::SinceCheckpoint { checkpoint, .. } => checkpoint,
            Reach::Whole | Reach::Only(_) => BatchSeq::NONE,
        };
        loop {
            let (mut lack, mut failed, mut done) = (None, None, after);
            let replay = journal.replay(after, &mut |header, record| {
                done = BatchSeq(header.seq.0 - 1);
                if let Reach::Only(event) = reach
                    && record.event != event
                {
                    return Ok(());
                }
                match self.add(header.at, &record, manifests, reach) {
                    Ok(None) => Ok(()),
                    Ok(Some(missing)) => {
                        lack = Some(missing);
                        Err("waiting for a seat map or a snapshot".into())
                    }
                    Err(error) => {
                        failed = Some(error);
                        Err("a fact does not fit".into())
                    }
                }
            });
            match (replay, lack, failed) {
                (Ok(replay), ..) => return Ok(replay.last.seq),
                (Err(_), Some(Lack::Manifest(hash)), _) => drop(manifests.load(journal, hash)?),
                (Err(_), Some(Lack::State(event)), _) => {
                    let state = restore(journal, manifests, event)?.ok_or(RecoverError::SnapshotMissing { event })?;
                    self.states.insert(event, state);
                }
                (Err(_), None, Some(error)) => return Err(error),
                (Err(error), None, None) => return Err(error.into()),
            }
            after = done;
        }
    }

    fn add(
        &mut self,
        at: Timestamp,
        record: &Record<'_>,
        manifests: &Manifests,
        reach: Reach<'_>,
    ) -> Result<Option<Lack>, RecoverError> {
        let Record { event, version, payload, .. } = *record;
        let state = match self.states.entry(event) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => match reach {
                // One that was opened since has all its facts here.
                Reach::SinceCheckpoint { stored, .. } if version > 1 && stored.contains_key(&event) => {
                    return Ok(Some(Lack::State(event)));
                }
                _ => place.insert(EventState::new()),
            },
        };
        if version <= state.version() {
            return Ok(None);
        }
        if version != state.version() + 1 {
            return Err(RecoverError::Gap { event, version, known: state.version() });
        }
        let mut fact = Fact::decode(payload).map_err(|source| RecoverError::Fact { event, version, source })?;
        if let Some(hash) = fact.needs() {
            let Some(manifest) = manifests.0.get(&hash) else { return Ok(Some(Lack::Manifest(hash))) };
            fact.resolve(manifest.clone());
        }
        self.changes.clear();
        state.apply(at, &fact, &mut self.changes);
        self.facts += 1;
        if let Some(watch) = &mut self.watch {
            watch(event, state);
        }
        Ok(None)
    }
}
