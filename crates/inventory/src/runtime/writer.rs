//! The writer of one partition: the only thread that changes its events.
//!
//! One round: take what is queued, expire what is due, decide and apply everything in memory,
//! answer refusals, append all facts in one durable write, publish, answer the rest. When more is
//! queued by then, the write goes on beside the next round (see [`flusher`]).

mod flusher;
mod group;
mod keep;
mod replies;
mod serve;
mod start;

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::Receiver;
use hashbrown::HashMap;
use journal::{AppendError, Batch, BatchSeq, Epoch, Partition};
use stagedoor_core::{EventId, Timestamp, UserId};

pub(super) use self::flusher::Flusher;
use self::group::Group;
use self::replies::Outgoing;
use super::checkpoint::Rounds;
use super::handover::{Books, Envelope, ReplyTo};
use super::recovery::{Attention, Fold, Manifests, Reach, RecoverError, restore};
use super::shared::Shared;
use super::view::{EventView, Warned};
use super::{Done, Refused, Work, map_print};
use crate::engine::{Answer, Changes, Command, EventState, Fact, HoldStatus, Outcome, Refusal};

/// Holds expired in one batch, so that a mass expiry does not delay answers.
const EXPIRIES_PER_ROUND: usize = 4_096;
/// Expiries are collected this long, so that they share batches. Document 004 allows 1 s.
const EXPIRY_TICK: Duration = Duration::from_millis(10);
/// Between attempts to recover after a failed write.
const RECOVERY_PAUSE: Duration = Duration::from_secs(1);

/// When the facts of a round are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Before the round ends.
    Now,
    /// Beside the next round. What is under way is waited for.
    Beside,
    /// With those of the next round while others are under way, else beside it.
    Later,
}

pub(super) struct Writer {
    partition: Partition,
    queue: Receiver<Vec<Envelope>>,
    /// Lists taken from the queue.
    waiting: VecDeque<VecDeque<Envelope>>,
    shared: Arc<Shared>,
    flusher: Flusher,
    /// As it was last claimed.
    epoch: Option<Epoch>,
    manifests: Manifests,
    events: HashMap<EventId, Loaded>,
    /// Every event of the partition, in memory or not.
    directory: HashMap<EventId, Attention>,
    /// Events whose snapshot and facts cannot be read; the others do not suffer for them.
    unusable: HashSet<EventId>,
    deadlines: BTreeSet<(Timestamp, EventId)>,
    rounds: Rounds,
    last_seq: BatchSeq,
    last_at: Timestamp,
    next_expiry: Timestamp,
    turns: usize,
    /// What is decided and not on its way to the journal yet.
    group: Box<Group>,
    /// An empty one for the next.
    spare: Option<Box<Group>>,
    /// Events that the group changes.
    touched: Vec<EventId>,
    early: Outgoing,
    /// Fans whose place is reserved for a hold of a batch that may or may not be on disk.
    unsettled: Vec<UserId>,
}

/// An event in memory.
struct Loaded {
    state: EventState,
    /// None until the fact that opens it is durable.
    view: Option<Arc<EventView>>,
    changes: Changes,
    touched: bool,
    /// Changed since its last snapshot.
    dirty: bool,
    /// As it stands in `deadlines`.
    deadline: Option<Timestamp>,
    used_at: Timestamp,
}

/// Why the writer cannot go on without recovering.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error(transparent)]
    Journal(#[from] journal::Error),
    #[error(transparent)]
    Recover(#[from] RecoverError),
}

impl Broken {
    /// Whether the disk refused to flush, after which the journal's file cannot be believed.
    fn is_unflushed(&self) -> bool {
        matches!(
            self,
            Broken::Append(AppendError::Unflushed { .. })
                | Broken::Journal(journal::Error::Unflushed { .. })
                | Broken::Recover(RecoverError::Journal(journal::Error::Unflushed { .. }))
        )
    }

    /// Whether another process has taken over the partition.
    fn is_fenced(&self) -> bool {
        matches!(
            self,
            Broken::Append(AppendError::Fenced { .. })
                | Broken::Journal(journal::Error::Fenced { .. })
                | Broken::Recover(RecoverError::Journal(journal::Error::Fenced { .. }))
        )
    }
}

impl Writer {
    /// Expires what is due and warns of what soon will be.
    fn expire(&mut self, at: Timestamp) {
        let mut left = EXPIRIES_PER_ROUND;
        while left > 0
            && let Some((deadline, event)) = self.deadlines.first().copied()
            && deadline <= at
        {
            let loaded = self.events.get_mut(&event).expect("an event with a deadline is in memory");
            let view = loaded.view.clone();
            loaded.state.warnings_due(at, |warning| {
                if let Some(view) = &view {
                    view.warn(Warned { hold: warning.hold, fan: warning.fan, expires_at: warning.expires_at });
                }
            });
            while left > 0
                && let Some(fact) = loaded.state.due(at)
            {
                left -= 1;
                if let Fact::Expired { hold } = &fact
                    && let Some(view) = loaded.state.hold(*hold)
                {
                    self.group.ended.push((view.fan, *hold));
                    self.group.expired.push(view.expires_at);
                }
                write(&mut self.group.batch, &mut self.touched, at, event, loaded, &fact);
            }
            schedule(&mut self.deadlines, event, loaded);
        }
        if left > 0 {
            self.next_expiry = at + EXPIRY_TICK;
        }
    }

    fn handle(&mut self, at: Timestamp, envelope: Envelope) -> Result<(), Broken> {
        // By reference from here on: a command is copied often enough on its way.
        let Envelope { event, ref work, books, reply_to } = envelope;
        match self.bring_in(event, work) {
            Ok(None) => {}
            Ok(Some(refused)) => {
                self.refuse(reply_to, work, books, refused);
                return Ok(());
            }
            Err(error) => {
                self.refuse(reply_to, work, books, Refused::Unavailable);
                return Err(error);
            }
        }
        let loaded = self.events.get(&event);
        // Without the event in memory there is nothing to say about seats.
        let map = || loaded.map_or(0, |loaded| map_print(loaded.state.manifest()));
        match work {
            Work::Settle | Work::Load => {
                let done = Done { answer: Answer::Done, replayed: false, map: map() };
                if matches!(work, Work::Settle) {
                    self.expire(at);
                }
                self.group.replies.push(reply_to, Ok(done));
                Ok(())
            }
            Work::View(hold, fan) => {
                let view = loaded.and_then(|loaded| loaded.state.hold(*hold));
                match view.filter(|view| view.fan == *fan) {
                    Some(view) => {
                        let done = Done { answer: Answer::Hold(view), replayed: false, map: map() };
                        self.group.replies.push(reply_to, Ok(done));
                    }
                    None => self.early.push(reply_to, Err(Refusal::NotFound.into())),
                }
                Ok(())
            }
            Work::Command { command, map } => self.command(at, event, command, *map, books, reply_to),
        }
    }

    fn refuse(&mut self, reply_to: ReplyTo, work: &Work, books: Books, refused: Refused) {
        if let Work::Command { command, .. } = work {
            books.give_up(command, &self.shared.fans);
        }
        self.refuse_at_once(reply_to, refused);
    }

    fn refuse_at_once(&mut self, reply_to: ReplyTo, refused: Refused) {
        self.shared.stats.refusals.fetch_add(1, Ordering::Relaxed);
        self.early.push(reply_to, Err(refused));
    }

    fn command(
        &mut self,
        at: Timestamp,
        event: EventId,
        command: &Command,
        map: Option<u64>,
        mut books: Books,
        reply_to: ReplyTo,
    ) -> Result<(), Broken> {
        let loaded = self.events.get_mut(&event).expect("brought in");
        loaded.used_at = at;
        let decided = if map.is_none_or(|map| map == map_print(loaded.state.manifest())) {
            loaded.state.decide(at, command)
        } else if let Command::Hold { hold, fan, key, .. } = command
            && let Some(known) = loaded.state.known_hold(*hold, *fan, *key)
        {
            known
        } else {
            books.give_up(command, &self.shared.fans);
            // The newer map may be part of this very batch, so whoever asked hears of it when the
            // event's view shows it.
            self.group.replies.push(reply_to, Err(Refused::MapChanged));
            return Ok(());
        };
        let fact = match decided {
            Ok(Outcome::Changed(fact)) => {
                if books == Books::Known
                    && let Fact::Held { fan, .. } = &fact
                {
                    // The fan's books have known the key for longer than the event has.
                    if let Err(refused) = self.shared.fans.admit_new(*fan, at) {
                        self.refuse_at_once(reply_to, refused);
                        return Ok(());
                    }
                    books = Books::Reserved;
                }
                fact
            }
            Ok(Outcome::Unchanged(answer)) => {
                books.give_up(command, &self.shared.fans);
                // It may repeat a fact of this very batch, so it waits for the write.
                let map = map_print(loaded.state.manifest());
                self.group.replies.push(reply_to, Ok(Done { answer, replayed: true, map }));
                return Ok(());
            }
            Err(Refusal::AlreadyOpen) => {
                // It may have been opened by this very batch.
                self.group.replies.push(reply_to, Err(Refusal::AlreadyOpen.into()));
                return Ok(());
            }
            Err(Refusal::HoldExpired) => {
                books.give_up(command, &self.shared.fans);
                self.hold_expired(at, event, command, reply_to);
                return Ok(());
            }
            Err(refusal) => {
                books.give_up(command, &self.shared.fans);
                self.refuse_at_once(reply_to, refusal.into());
                return Ok(());
            }
        };
        if let Command::Open { manifest, .. } | Command::SwapManifest { manifest } = command {
            if let Err(error) = self.flusher.journal().put_blob(&manifest.encode()) {
                self.early.push(reply_to, Err(Refused::Unavailable));
                return Err(error.into());
            }
            self.manifests.known(manifest);
        }
        // Who owned the hold is known only before it ends, or goes over to another.
        if let Fact::Released { hold } | Fact::HandedOver { hold, .. } = &fact
            && let Some(fan) = loaded.state.fan_of(*hold)
        {
            self.group.ended.push((fan, *hold));
        }
        write(&mut self.group.batch, &mut self.touched, at, event, loaded, &fact);
        let answer = loaded.state.answer(&fact);
        match (&fact, &answer) {
            (Fact::Held { key, .. }, Answer::Hold(view)) if books == Books::Reserved => {
                let key = key.map(|key| key.key);
                self.group.held.push((view.fan, view.hold, event, key, view.expires_at));
            }
            (Fact::HandedOver { .. }, Answer::Hold(view)) if books == Books::Reserved => {
                self.group.held.push((view.fan, view.hold, event, None, view.expires_at));
            }
            (Fact::Extended { .. }, Answer::Hold(view)) => {
                self.group.extended.push((view.fan, view.hold, view.expires_at));
            }
            (Fact::Sold { .. }, Answer::Hold(view)) => self.group.ended.push((view.fan, view.hold)),
            _ => {}
        }
        let map = map_print(loaded.state.manifest());
        self.group.replies.push(reply_to, Ok(Done { answer, replayed: false, map }));
        Ok(())
    }

    /// Refuses a command whose hold's time is over. That is an answer to act on: an order is given
    /// up for it. So it is true on disk first, and no clock that is set back makes it untrue.
    fn hold_expired(&mut self, at: Timestamp, event: EventId, command: &Command, reply_to: ReplyTo) {
        let (Command::Extend { hold, .. } | Command::HandOver { hold, .. } | Command::Sell { hold, .. }) = command
        else {
            unreachable!("nothing else needs a hold whose time is not over")
        };
        let loaded = self.events.get_mut(&event).expect("brought in");
        let view = loaded.state.hold(*hold).expect("what has expired is known");
        if view.status == HoldStatus::Held {
            self.group.ended.push((view.fan, *hold));
            self.group.expired.push(view.expires_at);
            write(&mut self.group.batch, &mut self.touched, at, event, loaded, &Fact::Expired { hold: *hold });
        }
        self.shared.stats.refusals.fetch_add(1, Ordering::Relaxed);
        self.group.replies.push(reply_to, Err(Refusal::HoldExpired.into()));
    }

    /// Makes sure that `event` is in memory, or gives the reason why it cannot be.
    fn bring_in(&mut self, event: EventId, work: &Work) -> Result<Option<Refused>, Broken> {
        if let Work::Command { command: Command::Open { .. } | Command::SwapManifest { .. }, .. } = work {
            // Its map goes into the journal.
            self.land()?;
        }
        if self.events.contains_key(&event) || matches!(work, Work::Settle) {
            return Ok(None);
        }
        if !self.directory.contains_key(&event) {
            if !matches!(work, Work::Command { command: Command::Open { .. }, .. }) {
                return Ok(Some(Refused::UnknownEvent));
            }
            self.admit(event, EventState::new(), false);
            return Ok(None);
        }
        if self.unusable.contains(&event) {
            return Ok(Some(Refused::Unavailable));
        }
        self.land()?;
        match self.read(event) {
            Ok((state, dirty)) => {
                self.admit(event, state, dirty);
                Ok(None)
            }
            Err(RecoverError::Journal(error)) if !error.is_damage() => Err(error.into()),
            Err(error) => {
                tracing::error!(%event, %error, source = ?error, "the event cannot be read");
                self.unusable.insert(event);
                Ok(Some(Refused::Unavailable))
            }
        }
    }

    /// An event as it is on disk, and whether its snapshot has to be made again.
    fn read(&mut self, event: EventId) -> Result<(EventState, bool), RecoverError> {
        // An event leaves memory only when its snapshot holds all its facts.
        match restore(self.flusher.journal(), &mut self.manifests, event) {
            Ok(Some(state)) => Ok((state, false)),
            Ok(None) | Err(RecoverError::Snapshot { .. }) => {
                tracing::warn!(%event, "the snapshot cannot be used, replaying the whole journal");
                let mut fold = Fold::default();
                fold.run(self.flusher.journal(), &mut self.manifests, Reach::Only(event))?;
                let state = fold.states.remove(&event).ok_or(RecoverError::SnapshotMissing { event })?;
                Ok((state, true))
            }
            Err(error) => Err(error),
        }
    }
}

impl Loaded {
    /// A new view in place of the old one.
    fn show(&mut self, event: EventId, shared: &Shared) {
        let view = Arc::new(EventView::of(event, &self.state, self.view.as_deref()));
        view.seen(shared.env.now());
        // Readers of the view from before a recovery must notice, too.
        let before = shared.views.write().insert(event, view.clone());
        before.iter().for_each(|before| before.replace());
        self.view = Some(view);
    }
}

/// Frames the fact, applies it and remembers that the event changed.
fn write(
    batch: &mut Batch,
    touched: &mut Vec<EventId>,
    at: Timestamp,
    event: EventId,
    loaded: &mut Loaded,
    fact: &Fact,
) {
    batch.push(event, loaded.state.version() + 1, |out| fact.encode(out));
    loaded.state.apply(at, fact, &mut loaded.changes);
    if !loaded.touched {
        loaded.touched = true;
        touched.push(event);
    }
}

/// Keeps the partition's deadlines in step with the event's next expiry or warning.
fn schedule(deadlines: &mut BTreeSet<(Timestamp, EventId)>, event: EventId, loaded: &mut Loaded) {
    let next = loaded.state.next_deadline().into_iter().chain(loaded.state.next_warning()).min();
    if next != loaded.deadline {
        if let Some(before) = loaded.deadline {
            deadlines.remove(&(before, event));
        }
        if let Some(next) = next {
            deadlines.insert((next, event));
        }
        loaded.deadline = next;
    }
}
