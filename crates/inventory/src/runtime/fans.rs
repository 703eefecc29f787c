//! What one fan may do across all events: active holds at a time, attempts in a minute, and
//! which event a hold of theirs belongs to.
//!
//! A caller reserves a place here in the moment its command queues, and the writer settles each
//! with the outcome, whatever it is; after a failed write, once it knows what the disk has. The
//! books are rebuilt from the journal.
//!
//! A hold is known for a day, so there may be millions. Each is found by its id and by its fan's
//! key at once, and what is over is forgotten a few at a time: no call looks at more than the
//! active holds of one fan.

use std::hash::BuildHasher;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hashbrown::{DefaultHashBuilder, HashTable};
use parking_lot::{Mutex, MutexGuard};
use stagedoor_core::limits::{HOLD_ATTEMPTS_PER_MINUTE, HOLDS_PER_FAN_MAX, IDEMPOTENCY_RETENTION};
use stagedoor_core::{EventId, HoldId, Timestamp, UserId};

use super::Refused;
use crate::engine::slab::{NONE, Queue, Slab};

/// Each with a lock of its own. An index that doubles is locked meanwhile: with a million holds,
/// for four thousand entries.
const SHARDS: usize = 256;
const MINUTE: i64 = 60_000_000;
/// Fans and holds that one sweep looks at.
const LOOKS_PER_SWEEP: usize = 256;
/// Fans, or holds, looked at whenever one is added. More than one, so that what is over goes
/// faster than new ones come, even while nothing sweeps.
const LOOKS_PER_ADDITION: usize = 2;

/// Limits of one fan over all events.
#[derive(Debug, Clone, Copy)]
pub struct FanLimits {
    /// Source: document 004, 5.1: three.
    pub active_holds_max: u32,
    /// Source: document 004, NFR-5.1: ten.
    pub attempts_per_minute: u32,
}

impl Default for FanLimits {
    fn default() -> Self {
        Self { active_holds_max: HOLDS_PER_FAN_MAX, attempts_per_minute: HOLD_ATTEMPTS_PER_MINUTE }
    }
}

/// What a hold attempt may do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// A place is reserved until [`Fans::held`] or [`Fans::refused`].
    Fresh,
    /// The key was used before: the engine knows the answer, and no limit applies.
    Replay,
    HoldLimit,
    RateLimited {
        retry_after: Duration,
    },
}

pub(crate) struct Fans {
    shards: Box<[Mutex<Shard>]>,
    hasher: DefaultHashBuilder,
    limits: FanLimits,
    /// The shard to be swept next, counted on and on.
    next_sweep: AtomicUsize,
}

/// Some of the fans with everything known of them.
struct Shard {
    hasher: DefaultHashBuilder,
    fans: Slab<Fan>,
    by_user: HashTable<u32>,
    /// The slot to be looked at next for a fan to forget.
    hand: u32,
    /// In the order they became known, which is the one they are forgotten in: each is kept for
    /// the same time. One that is kept longer only makes those behind it wait.
    holds: Queue<Known>,
    by_hold: HashTable<u32>,
    by_key: HashTable<u32>,
}

#[derive(Clone, Copy)]
struct Fan {
    user: UserId,
    /// The minute `attempts` counts, and the count of the minute before it.
    minute: i64,
    attempts: u32,
    attempts_before: u32,
    reserved: u32,
    /// Known holds in all.
    known: u32,
    /// The first of the holds that have not ended, and how many they are: those whose time has
    /// come are among them until the writer says so.
    first: u32,
    live: u32,
    /// Whether the slot is in use.
    is_present: bool,
}

#[derive(Clone, Copy)]
struct Known {
    hold: HoldId,
    event: EventId,
    key: Option<KeyDigest>,
    /// The hold is active until then, or until it ends, which sets it to the beginning of time.
    active_until: Timestamp,
    forget_at: Timestamp,
    fan: u32,
    /// Its neighbours among the fan's holds that have not ended.
    before: u32,
    after: u32,
}

const _: () = assert!(size_of::<Known>() == 72 && size_of::<Fan>() == 56);

/// Half of an idempotency key's print: a fan for whom two keys look alike may take one hold too
/// many, which happens to nobody.
type KeyDigest = NonZeroU64;

fn digest(key: u128) -> KeyDigest {
    NonZeroU64::new(key as u64 ^ (key >> 64) as u64).unwrap_or(NonZeroU64::MAX)
}

impl Fans {
    pub fn new(limits: FanLimits) -> Self {
        Self::sharded(limits, SHARDS)
    }

    fn sharded(limits: FanLimits, shards: usize) -> Self {
        let hasher = DefaultHashBuilder::default();
        let shards = (0..shards).map(|_| Mutex::new(Shard::new(hasher.clone()))).collect();
        Self { shards, hasher, limits, next_sweep: AtomicUsize::new(0) }
    }

    /// Counts an attempt and reserves a place for one more hold.
    pub fn admit(&self, fan: UserId, key: Option<u128>, at: Timestamp) -> Admission {
        let (mut shard, hash) = self.shard(fan);
        let slot = shard.fan_or_new(hash, fan, at);
        if key.is_some_and(|key| shard.knows(slot, digest(key), at)) {
            return Admission::Replay;
        }
        if let Err(retry_after) = shard.fans[slot].attempt(self.limits.attempts_per_minute, at) {
            return Admission::RateLimited { retry_after };
        }
        if shard.reserve(slot, self.limits.active_holds_max, at) { Admission::Fresh } else { Admission::HoldLimit }
    }

    /// The same for an attempt whose key turned out to be new.
    pub fn admit_new(&self, fan: UserId, at: Timestamp) -> Result<(), Refused> {
        match self.admit(fan, None, at) {
            Admission::Fresh => Ok(()),
            Admission::HoldLimit => Err(Refused::HoldLimit),
            Admission::RateLimited { retry_after } => Err(Refused::RateLimited { retry_after }),
            Admission::Replay => unreachable!("nothing repeats what has no key"),
        }
    }

    /// Reserves a place again for an attempt that was admitted; false when the fan has too many
    /// holds by now.
    pub fn admit_again(&self, fan: UserId, at: Timestamp) -> bool {
        let (mut shard, hash) = self.shard(fan);
        let slot = shard.fan_or_new(hash, fan, at);
        shard.reserve(slot, self.limits.active_holds_max, at)
    }

    /// The reserved attempt came to nothing.
    pub fn refused(&self, fan: UserId) {
        let (mut shard, hash) = self.shard(fan);
        if let Some(slot) = shard.fan(hash, fan) {
            let books = &mut shard.fans[slot];
            books.reserved = books.reserved.saturating_sub(1);
        }
    }

    /// The reserved attempt became `hold`.
    pub fn held(&self, fan: UserId, hold: HoldId, event: EventId, key: Option<u128>, at: Timestamp, until: Timestamp) {
        let (mut shard, hash) = self.shard(fan);
        let slot = shard.fan_or_new(hash, fan, at);
        let books = &mut shard.fans[slot];
        books.reserved = books.reserved.saturating_sub(1);
        shard.know(slot, hold, event, key, at, until);
    }

    /// A hold found in the journal at start; `until` in the past when it has ended.
    pub fn restore(
        &self,
        fan: UserId,
        hold: HoldId,
        event: EventId,
        key: Option<u128>,
        at: Timestamp,
        until: Timestamp,
    ) {
        let (mut shard, hash) = self.shard(fan);
        match shard.hold(fan, hold) {
            // What became of it may have been lost with the answer.
            Some(number) => {
                shard.set_active(number, until);
                let known = &mut shard.holds[number];
                known.forget_at = known.forget_at.max(at + IDEMPOTENCY_RETENTION);
            }
            None => {
                let slot = shard.fan_or_new(hash, fan, at);
                shard.know(slot, hold, event, key, at, until);
            }
        }
    }

    pub fn extended(&self, fan: UserId, hold: HoldId, until: Timestamp) {
        let (mut shard, _) = self.shard(fan);
        if let Some(number) = shard.hold(fan, hold) {
            shard.set_active(number, until);
            let known = &mut shard.holds[number];
            known.forget_at = known.forget_at.max(until);
        }
    }

    pub fn ended(&self, fan: UserId, hold: HoldId) {
        let (mut shard, _) = self.shard(fan);
        if let Some(number) = shard.hold(fan, hold) {
            shard.set_active(number, Timestamp::MIN);
        }
    }

    /// The event of a hold this fan has, or had within the last day.
    pub fn locate(&self, fan: UserId, hold: HoldId) -> Option<EventId> {
        let (shard, _) = self.shard(fan);
        let number = shard.hold(fan, hold)?;
        Some(shard.holds[number].event)
    }

    /// A fan's active holds, each with its event and the time it expires.
    pub fn active(&self, fan: UserId, at: Timestamp) -> Vec<(HoldId, EventId, Timestamp)> {
        let (shard, hash) = self.shard(fan);
        let first = shard.fan(hash, fan).map_or(NONE, |slot| shard.fans[slot].first);
        let next = |number: u32| (number != NONE).then_some(number);
        let live = std::iter::successors(next(first), |number| next(shard.holds[*number].after));
        let known = live.map(|number| &shard.holds[number]);
        let active = known.filter(|known| known.active_until > at);
        active.map(|known| (known.hold, known.event, known.active_until)).collect()
    }

    /// Forgets some of what is over, in one shard after the other.
    pub fn sweep(&self, at: Timestamp) {
        let turn = self.next_sweep.fetch_add(1, Ordering::Relaxed);
        let mut shard = self.shards[turn % self.shards.len()].lock();
        shard.forget_holds(at, LOOKS_PER_SWEEP);
        shard.forget_fans(at, LOOKS_PER_SWEEP);
    }

    /// The shard of a fan, and the fan's hash.
    fn shard(&self, fan: UserId) -> (MutexGuard<'_, Shard>, u64) {
        let hash = self.hasher.hash_one(fan);
        // Not the bits that its tables use.
        let shard = (hash >> 32) as usize % self.shards.len();
        (self.shards[shard].lock(), hash)
    }
}

impl std::fmt::Debug for Fans {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Fans").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Shard {
    fn new(hasher: DefaultHashBuilder) -> Self {
        Self {
            hasher,
            fans: Slab::new(),
            by_user: HashTable::new(),
            hand: 0,
            holds: Queue::new(),
            by_hold: HashTable::new(),
            by_key: HashTable::new(),
        }
    }

    fn fan(&self, hash: u64, user: UserId) -> Option<u32> {
        self.by_user.find(hash, |slot| self.fans[*slot].user == user).copied()
    }

    fn fan_or_new(&mut self, hash: u64, user: UserId, at: Timestamp) -> u32 {
        if let Some(slot) = self.fan(hash, user) {
            return slot;
        }
        self.forget_fans(at, LOOKS_PER_ADDITION);
        let slot = self.fans.insert(Fan::new(user));
        let (fans, hasher) = (&self.fans, &self.hasher);
        self.by_user.insert_unique(hash, slot, |slot| hasher.hash_one(fans[*slot].user));
        slot
    }

    /// A hold of `fan`; another's looks like none.
    fn hold(&self, fan: UserId, hold: HoldId) -> Option<u32> {
        let is_it = |number: &u32| {
            let known = &self.holds[*number];
            known.hold == hold && self.fans[known.fan].user == fan
        };
        self.by_hold.find(self.hasher.hash_one(hold), is_it).copied()
    }

    fn knows(&self, fan: u32, key: KeyDigest, at: Timestamp) -> bool {
        let is_it = |number: &u32| {
            let known = &self.holds[*number];
            known.key == Some(key) && known.fan == fan && known.forget_at > at
        };
        self.by_key.find(self.hasher.hash_one((fan, key)), is_it).is_some()
    }

    /// Reserves a place for one hold more; false when there are `most` already.
    fn reserve(&mut self, fan: u32, most: u32, at: Timestamp) -> bool {
        let Fan { reserved, live, .. } = self.fans[fan];
        let room = most.saturating_sub(reserved);
        let fits = live < room || !self.has_active(fan, room, at);
        self.fans[fan].reserved += u32::from(fits);
        fits
    }

    /// Whether a fan has at least `count` active holds.
    fn has_active(&self, fan: u32, count: u32, at: Timestamp) -> bool {
        let (mut active, mut next) = (0, self.fans[fan].first);
        while active < count && next != NONE {
            let known = &self.holds[next];
            active += u32::from(known.active_until > at);
            next = known.after;
        }
        active >= count
    }

    fn know(&mut self, fan: u32, hold: HoldId, event: EventId, key: Option<u128>, at: Timestamp, until: Timestamp) {
        self.forget_holds(at, LOOKS_PER_ADDITION);
        let (key, forget_at) = (key.map(digest), until.max(at + IDEMPOTENCY_RETENTION));
        let ended = Timestamp::MIN;
        let number =
            self.holds.push(Known { hold, event, key, active_until: ended, forget_at, fan, before: NONE, after: NONE });
        self.fans[fan].known += 1;
        let (holds, hasher) = (&self.holds, &self.hasher);
        self.by_hold.insert_unique(hasher.hash_one(hold), number, |number| hasher.hash_one(holds[*number].hold));
        if let Some(key) = key {
            let hash_of = |number: &u32| {
                let known = &holds[*number];
                hasher.hash_one((known.fan, known.key.expect("what is found by a key has one")))
            };
            self.by_key.insert_unique(hasher.hash_one((fan, key)), number, hash_of);
        }
        self.set_active(number, until);
    }

    /// Until when a hold is active; the beginning of time when it has ended.
    fn set_active(&mut self, number: u32, until: Timestamp) {
        let known = &mut self.holds[number];
        let was = std::mem::replace(&mut known.active_until, until);
        let Known { fan, before, after, .. } = *known;
        let ended = Timestamp::MIN;
        if was == ended && until != ended {
            let first = std::mem::replace(&mut self.fans[fan].first, number);
            self.fans[fan].live += 1;
            (self.holds[number].before, self.holds[number].after) = (NONE, first);
            if first != NONE {
                self.holds[first].before = number;
            }
        } else if was != ended && until == ended {
            self.fans[fan].live -= 1;
            match before {
                NONE => self.fans[fan].first = after,
                _ => self.holds[before].after = after,
            }
            if after != NONE {
                self.holds[after].before = before;
            }
        }
    }

    /// Forgets up to `most` holds whose time has come.
    fn forget_holds(&mut self, at: Timestamp, most: usize) {
        for _ in 0..most {
            let Some(number) = self.holds.front() else { return };
            let Known { hold, key, fan, forget_at, .. } = self.holds[number];
            if forget_at > at {
                return;
            }
            self.set_active(number, Timestamp::MIN);
            let entry = self.by_hold.find_entry(self.hasher.hash_one(hold), |other| *other == number);
            entry.unwrap_or_else(|_| panic!("hold {hold} is not in the index")).remove();
            if let Some(key) = key {
                let entry = self.by_key.find_entry(self.hasher.hash_one((fan, key)), |other| *other == number);
                entry.unwrap_or_else(|_| panic!("the key of hold {hold} is not in the index")).remove();
            }
            self.fans[fan].known -= 1;
            self.holds.pop();
        }
    }

    /// Looks at up to `most` fans and forgets those of whom nothing is left to know.
    fn forget_fans(&mut self, at: Timestamp, most: usize) {
        for _ in 0..most.min(self.fans.slots() as usize) {
            let slot = self.hand;
            self.hand = (self.hand + 1) % self.fans.slots();
            let fan = &mut self.fans[slot];
            if fan.is_present && fan.is_over(at) {
                fan.is_present = false;
                let user = fan.user;
                let entry = self.by_user.find_entry(self.hasher.hash_one(user), |other| *other == slot);
                entry.unwrap_or_else(|_| panic!("fan {user} is not in the index")).remove();
                self.fans.remove(slot);
            }
        }
    }
}

impl Fan {
    fn new(user: UserId) -> Self {
        Fan {
            user,
            minute: 0,
            attempts: 0,
            attempts_before: 0,
            reserved: 0,
            known: 0,
            first: NONE,
            live: 0,
            is_present: true,
        }
    }

    fn is_over(&self, at: Timestamp) -> bool {
        let minute = at.micros().div_euclid(MINUTE);
        self.known == 0 && self.reserved == 0 && self.minute + 1 < minute
    }

    /// A sliding minute: the attempts of this calendar minute and the part of the last one's that
    /// a sixty-second window still covers, taken as spread evenly.
    fn attempt(&mut self, limit: u32, at: Timestamp) -> Result<(), Duration> {
        let (minute, into) = (at.micros().div_euclid(MINUTE), at.micros().rem_euclid(MINUTE));
        if minute > self.minute {
            self.attempts_before = if minute == self.minute + 1 { self.attempts } else { 0 };
            self.attempts = 0;
            self.minute = minute;
        }
        let before = i64::from(self.attempts_before) * (MINUTE - into);
        let room = (i64::from(limit) - i64::from(self.attempts)) * MINUTE;
        if before + MINUTE <= room {
            self.attempts += 1;
            return Ok(());
        }
        // The window slides `before` away at `attempts_before` per minute; when this minute alone
        // is full, its own attempts slide away in the next.
        let (count, over, start) = if self.attempts < limit {
            (self.attempts_before, before + MINUTE - room, 0)
        } else {
            (self.attempts, (i64::from(self.attempts) + 1 - i64::from(limit)) * MINUTE, MINUTE - into)
        };
        let wait = start as u64 + (over as u64).div_ceil(u64::from(count.max(1)));
        Err(Duration::from_micros(wait.max(1)))
    }
}

#[cfg(test)]
mod tests;
