//! The writer of one partition: the only thread that changes its events.
//!
//! One round: take what is queued, expire what is due, decide and apply everything in memory,
//! answer refusals, append all facts in one durable write, publish, answer the rest.

mod keep;
mod replies;
mod start;

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use journal::{AppendError, Batch, BatchSeq, Epoch, Journal, Partition};
use stagedoor_core::{EventId, Timestamp, UserId};

use self::replies::{Outgoing, Pending};
use super::checkpoint::Rounds;
use super::handover::{Books, Envelope, ReplyTo};
use super::recovery::{Attention, Fold, Manifests, Reach, RecoverError, restore};
use super::shared::Shared;
use super::view::{EventView, Warned};
use super::{Done, Refused, Work, map_print};
use crate::engine::{Answer, Changes, Command, EventState, Fact, HoldStatus, Outcome, Refusal, WINDOW, warm};

/// Commands decided before their facts are written, rounded up to whole lists of them. Larger
/// batches no longer help the rate.
const COMMANDS_PER_ROUND: usize = 4_096;
/// Holds expired in one batch, so that a mass expiry does not delay answers.
const EXPIRIES_PER_ROUND: usize = 4_096;
/// Expiries are collected this long, so that they share batches. Document 004 allows 1 s.
const EXPIRY_TICK: Duration = Duration::from_millis(10);
/// The longest sleep: the fans' books are swept in passing.
const IDLE_WAKE: Duration = Duration::from_secs(1);
/// Between attempts to recover after a failed write.
const RECOVERY_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    partition: Partition,
    queue: Receiver<Vec<Envelope>>,
    /// Lists taken from the queue.
    waiting: VecDeque<Vec<Envelope>>,
    shared: Arc<Shared>,
    journal: Box<dyn Journal>,
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
    batch: Batch,
    touched: Vec<EventId>,
    pending: Pending,
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
    /// Serves until the process stops.
    pub fn run(mut self) {
        loop {
            match self.serve() {
                Ok(()) => return self.finish(),
                Err(error) => {
                    tracing::error!(partition = self.partition.0, %error, source = ?error, "seats stopped");
                    if !self.recover_again(error.is_fenced()) {
                        return;
                    }
                }
            }
        }
    }

    fn stopping(&self) -> bool {
        self.shared.stats.stopped.load(Ordering::Acquire) > 0
    }

    fn serve(&mut self) -> Result<(), Broken> {
        loop {
            if self.waiting.is_empty() {
                match self.queue.recv_timeout(self.pause()) {
                    Ok(list) => self.waiting.push_back(list),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
            }
            if self.waiting.is_empty() && self.stopping() && self.queue.is_empty() {
                return Ok(());
            }
            self.turn()?;
        }
    }

    /// One round over what is queued now, without waiting for more; for a caller that is the
    /// thread. After an error, [`Writer::begin_again`] leads on.
    pub fn turn(&mut self) -> Result<(), Broken> {
        let mut commands: usize = self.waiting.iter().map(Vec::len).sum();
        while commands < COMMANDS_PER_ROUND
            && let Ok(list) = self.queue.try_recv()
        {
            commands += list.len();
            self.waiting.push_back(list);
        }
        self.round()
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

    fn round(&mut self) -> Result<(), Broken> {
        let at = self.shared.now();
        self.last_at = at;
        let settles = |list: &Vec<Envelope>| list.iter().any(|envelope| matches!(envelope.work, Work::Settle));
        if at >= self.next_expiry || self.waiting.iter().any(settles) {
            self.expire(at);
        }
        let mut commands = 0;
        while commands < COMMANDS_PER_ROUND
            && let Some(mut list) = self.waiting.pop_front()
        {
            commands += list.len();
            if let Err(error) = self.handle_all(at, &mut list) {
                self.fail(commands);
                return Err(error);
            }
            self.shared.lists.give(list);
        }
        self.early.deliver();
        if !self.batch.is_empty() {
            match self.journal.append(at, &self.batch) {
                Ok(seq) => self.last_seq = seq,
                Err(error) => {
                    self.fail(commands);
                    return Err(error.into());
                }
            }
            self.publish(at);
        }
        self.pending.replies.deliver();
        self.shared.in_flight.fetch_sub(commands, Ordering::Relaxed);
        self.shared.stats.commands.fetch_add(commands as u64, Ordering::Relaxed);
        self.journal.maintain()?;
        self.turns = self.turns.wrapping_add(1);
        if self.turns.is_multiple_of(64) || commands == 0 {
            self.shared.fans.sweep(at);
        }
        self.checkpoint(at)
    }

    /// Leaves `list` empty.
    fn handle_all(&mut self, at: Timestamp, list: &mut Vec<Envelope>) -> Result<(), Broken> {
        let mut envelopes = list.drain(..);
        for at_command in 0.. {
            if at_command % WINDOW == 0 {
                self.warm(envelopes.as_slice());
            }
            let Some(envelope) = envelopes.next() else { break };
            if let Err(error) = self.handle(at, envelope) {
                for Envelope { work, books, reply_to, .. } in envelopes {
                    self.refuse(reply_to, &work, books, Refused::Unavailable);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Asks memory for what the next commands will need.
    fn warm(&self, next: &[Envelope]) {
        let loaded = next.iter().take(WINDOW).filter_map(|envelope| match &envelope.work {
            Work::Command { command, .. } => Some((&self.events.get(&envelope.event)?.state, command)),
            _ => None,
        });
        std::hint::black_box(warm(loaded));
    }

    /// Everyone who waits is told that the outcome is open; the state in memory is ahead of the
    /// journal and will be dropped.
    fn fail(&mut self, commands: usize) {
        self.early.deliver();
        self.pending.replies.refuse_all();
        self.unsettled.extend(self.pending.held.drain(..).map(|(fan, ..)| fan));
        self.shared.in_flight.fetch_sub(commands, Ordering::Relaxed);
    }

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
                    self.pending.ended.push((view.fan, *hold));
                    self.pending.expired.push(view.expires_at);
                }
                write(&mut self.batch, &mut self.touched, at, event, loaded, &fact);
            }
            schedule(&mut self.deadlines, event, loaded);
        }
        if left > 0 {
            self.next_expiry = at + EXPIRY_TICK;
        }
    }

    fn handle(&mut self, at: Timestamp, envelope: Envelope) -> Result<(), Broken> {
        let Envelope { event, work, books, reply_to } = envelope;
        match self.bring_in(event, &work) {
            Ok(None) => {}
            Ok(Some(refused)) => {
                self.refuse(reply_to, &work, books, refused);
                return Ok(());
            }
            Err(error) => {
                self.refuse(reply_to, &work, books, Refused::Unavailable);
                return Err(error);
            }
        }
        // Without the event in memory there is nothing to say about seats.
        let map = self.events.get(&event).map_or(0, |loaded| map_print(loaded.state.manifest()));
        let done = |answer| Ok(Done { answer, replayed: false, map });
        match work {
            Work::Settle | Work::Load => {
                self.pending.replies.push(reply_to, done(Answer::Done));
                Ok(())
            }
            Work::View(hold, fan) => {
                let view = self.events.get(&event).and_then(|loaded| loaded.state.hold(hold));
                match view.filter(|view| view.fan == fan) {
                    Some(view) => self.pending.replies.push(reply_to, done(Answer::Hold(view))),
                    None => self.early.push(reply_to, Err(Refusal::NotFound.into())),
                }
                Ok(())
            }
            Work::Command { command, map } => self.command(at, event, command, map, books, reply_to),
        }
    }

    fn refuse(&mut self, reply_to: ReplyTo, work: &Work, books: Books, refused: Refused) {
        if let Work::Command { command, .. } = work {
            books.give_up(command, &self.shared.fans);
        }
        self.shared.stats.refusals.fetch_add(1, Ordering::Relaxed);
        self.early.push(reply_to, Err(refused));
    }

    fn command(
        &mut self,
        at: Timestamp,
        event: EventId,
        command: Command,
        map: Option<u64>,
        mut books: Books,
        reply_to: ReplyTo,
    ) -> Result<(), Broken> {
        let loaded = self.events.get_mut(&event).expect("brought in");
        loaded.used_at = at;
        let decided = if map.is_none_or(|map| map == map_print(loaded.state.manifest())) {
            loaded.state.decide(at, &command)
        } else if let Command::Hold { hold, fan, key, .. } = command
            && let Some(known) = loaded.state.known_hold(hold, fan, key)
        {
            known
        } else {
            books.give_up(&command, &self.shared.fans);
            // The newer map may be part of this very batch, so whoever asked hears of it when the
            // event's view shows it.
            self.pending.replies.push(reply_to, Err(Refused::MapChanged));
            return Ok(());
        };
        let fact = match decided {
            Ok(Outcome::Changed(fact)) => {
                if books == Books::Known
                    && let Fact::Held { fan, .. } = &fact
                {
                    // The fan's books have known the key for longer than the event has.
                    if let Err(refused) = self.shared.fans.admit_new(*fan, at) {
                        self.refuse(reply_to, &Work::Command { command, map }, books, refused);
                        return Ok(());
                    }
                    books = Books::Reserved;
                }
                fact
            }
            Ok(Outcome::Unchanged(answer)) => {
                books.give_up(&command, &self.shared.fans);
                // It may repeat a fact of this very batch, so it waits for the write.
                let map = map_print(loaded.state.manifest());
                self.pending.replies.push(reply_to, Ok(Done { answer, replayed: true, map }));
                return Ok(());
            }
            Err(Refusal::HoldExpired) => {
                self.hold_expired(at, event, &command, reply_to);
                return Ok(());
            }
            Err(refusal) => {
                self.refuse(reply_to, &Work::Command { command, map }, books, refusal.into());
                return Ok(());
            }
        };
        if let Command::Open { manifest, .. } | Command::SwapManifest { manifest } = &command {
            if let Err(error) = self.journal.put_blob(&manifest.encode()) {
                self.early.push(reply_to, Err(Refused::Unavailable));
                return Err(error.into());
            }
            self.manifests.known(manifest);
        }
        // Who owned the hold is known only before it ends.
        if let Fact::Released { hold } = &fact
            && let Some(fan) = loaded.state.fan_of(*hold)
        {
            self.pending.ended.push((fan, *hold));
        }
        write(&mut self.batch, &mut self.touched, at, event, loaded, &fact);
        let answer = loaded.state.answer(&fact);
        match (&fact, &answer) {
            (Fact::Held { key, .. }, Answer::Hold(view)) if books == Books::Reserved => {
                let key = key.map(|key| key.key);
                self.pending.held.push((view.fan, view.hold, event, key, view.expires_at));
            }
            (Fact::Extended { .. }, Answer::Hold(view)) => {
                self.pending.extended.push((view.fan, view.hold, view.expires_at));
            }
            (Fact::Sold { .. }, Answer::Hold(view)) => self.pending.ended.push((view.fan, view.hold)),
            _ => {}
        }
        let map = map_print(loaded.state.manifest());
        self.pending.replies.push(reply_to, Ok(Done { answer, replayed: false, map }));
        Ok(())
    }

    /// Refuses a command whose hold's time is over. That is an answer to act on: an order is given
    /// up for it. So it is true on disk first, and no clock that is set back makes it untrue.
    fn hold_expired(&mut self, at: Timestamp, event: EventId, command: &Command, reply_to: ReplyTo) {
        let (Command::Extend { hold, .. } | Command::Sell { hold, .. }) = command else {
            unreachable!("nothing else needs a hold whose time is not over")
        };
        let loaded = self.events.get_mut(&event).expect("brought in");
        let view = loaded.state.hold(*hold).expect("what has expired is known");
        if view.status == HoldStatus::Held {
            self.pending.ended.push((view.fan, *hold));
            self.pending.expired.push(view.expires_at);
            write(&mut self.batch, &mut self.touched, at, event, loaded, &Fact::Expired { hold: *hold });
        }
        self.shared.stats.refusals.fetch_add(1, Ordering::Relaxed);
        self.pending.replies.push(reply_to, Err(Refusal::HoldExpired.into()));
    }

    /// Makes sure that `event` is in memory, or gives the reason why it cannot be.
    fn bring_in(&mut self, event: EventId, work: &Work) -> Result<Option<Refused>, Broken> {
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
        match restore(&mut *self.journal, &mut self.manifests, event) {
            Ok(Some(state)) => Ok((state, false)),
            Ok(None) | Err(RecoverError::Snapshot { .. }) => {
                tracing::warn!(%event, "the snapshot cannot be used, replaying the whole journal");
                let mut fold = Fold::default();
                fold.run(&mut *self.journal, &mut self.manifests, Reach::Only(event))?;
                let state = fold.states.remove(&event).ok_or(RecoverError::SnapshotMissing { event })?;
                Ok((state, true))
            }
            Err(error) => Err(error),
        }
    }

    /// The batch is durable: show it, settle the fans' books, prepare the next one.
    fn publish(&mut self, at: Timestamp) {
        let stats = &self.shared.stats;
        stats.facts.fetch_add(u64::from(self.batch.records()), Ordering::Relaxed);
        stats.batches.fetch_add(1, Ordering::Relaxed);
        stats.journal_bytes.fetch_add(self.batch.body().len() as u64, Ordering::Relaxed);
        self.rounds.wrote(u64::from(self.batch.records()));
        self.batch.clear();
        for event in self.touched.drain(..) {
            let loaded = self.events.get_mut(&event).expect("what was touched is in memory");
            if loaded.changes.whole || loaded.view.is_none() {
                loaded.show(event, &self.shared);
            } else if let Some(view) = &loaded.view {
                view.publish(&loaded.changes);
            }
            loaded.changes.clear();
            loaded.touched = false;
            loaded.dirty = true;
            if let Entry::Vacant(new) = self.directory.entry(event) {
                new.insert(Attention::Idle);
                self.shared.known.write().insert(event);
            }
            schedule(&mut self.deadlines, event, loaded);
        }
        let fans = &self.shared.fans;
        for (fan, hold, event, key, until) in self.pending.held.drain(..) {
            fans.held(fan, hold, event, key, at, until);
        }
        self.pending.extended.drain(..).for_each(|(fan, hold, until)| fans.extended(fan, hold, until));
        self.pending.ended.drain(..).for_each(|(fan, hold)| fans.ended(fan, hold));
        if !self.pending.expired.is_empty() {
            let done = self.shared.env.now();
            let lag = self.pending.expired.iter().map(|until| done.since(*until).as_micros() as u64).max();
            stats.expiry_lag_max_us.fetch_max(lag.unwrap_or(0), Ordering::Relaxed);
            stats.expired.fetch_add(self.pending.expired.len() as u64, Ordering::Relaxed);
            self.pending.expired.clear();
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
