//! What one fan may do across all events: active holds at a time, attempts in a minute, and
//! which event a hold of theirs belongs to.
//!
//! A caller reserves a place here before its command queues; the writer settles it with the
//! outcome. The books are rebuilt from the journal, and every entry ends by itself a little after
//! its hold would, so nothing that is lost on the way can lock a fan out.

use std::hash::BuildHasher;
use std::time::Duration;

use hashbrown::{DefaultHashBuilder, HashMap};
use parking_lot::Mutex;
use stagedoor_core::limits::{HOLD_ATTEMPTS_PER_MINUTE, HOLDS_PER_FAN_MAX, IDEMPOTENCY_RETENTION};
use stagedoor_core::{EventId, HoldId, Timestamp, UserId};

const SHARDS: usize = 64;
const MINUTE: i64 = 60_000_000;
/// How long a reservation counts if its command is never settled.
const RESERVATION_TTL: Duration = Duration::from_secs(10);

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
    /// A place is reserved until [`Fans::settled`].
    Fresh,
    /// The key was used before: the engine knows the answer, and no limit applies.
    Replay,
    HoldLimit,
    RateLimited {
        retry_after: Duration,
    },
}

#[derive(Debug)]
pub(crate) struct Fans {
    shards: Box<[Mutex<HashMap<UserId, Fan>>]>,
    hasher: DefaultHashBuilder,
    limits: FanLimits,
}

#[derive(Debug, Default)]
struct Fan {
    /// The minute `attempts` counts, and the count of the minute before it.
    minute: i64,
    attempts: u32,
    attempts_before: u32,
    reserved: u32,
    reserved_until: Timestamp,
    holds: Vec<Known>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    hold: HoldId,
    event: EventId,
    key: Option<u128>,
    /// The hold is active until then, or until it ends.
    active_until: Timestamp,
    forget_at: Timestamp,
}

impl Fans {
    pub fn new(limits: FanLimits) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, hasher: DefaultHashBuilder::default(), limits }
    }

    /// Counts an attempt and reserves a place for one more hold.
    pub fn admit(&self, fan: UserId, key: Option<u128>, at: Timestamp) -> Admission {
        let mut shard = self.shard(fan).lock();
        let books = shard.entry(fan).or_default();
        if key.is_some() && books.holds.iter().any(|known| known.key == key && known.forget_at > at) {
            return Admission::Replay;
        }
        if let Err(retry_after) = books.attempt(self.limits.attempts_per_minute, at) {
            return Admission::RateLimited { retry_after };
        }
        books.holds.retain(|known| known.forget_at > at);
        if books.reserved_until <= at {
            books.reserved = 0;
        }
        let active = books.holds.iter().filter(|known| known.active_until > at).count() as u32;
        if active + books.reserved >= self.limits.active_holds_max {
            return Admission::HoldLimit;
        }
        books.reserved += 1;
        books.reserved_until = at + RESERVATION_TTL;
        Admission::Fresh
    }

    /// The reserved attempt came to nothing.
    pub fn refused(&self, fan: UserId) {
        if let Some(books) = self.shard(fan).lock().get_mut(&fan) {
            books.reserved = books.reserved.saturating_sub(1);
        }
    }

    /// The reserved attempt became `hold`.
    pub fn held(&self, fan: UserId, hold: HoldId, event: EventId, key: Option<u128>, at: Timestamp, until: Timestamp) {
        let mut shard = self.shard(fan).lock();
        let books = shard.entry(fan).or_default();
        books.reserved = books.reserved.saturating_sub(1);
        books.know(hold, event, key, until, at);
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
        let mut shard = self.shard(fan).lock();
        let books = shard.entry(fan).or_default();
        match books.holds.iter_mut().find(|known| known.hold == hold) {
            // What became of it may have been lost with the answer.
            Some(known) => known.active_until = until,
            None => books.know(hold, event, key, until, at),
        }
    }

    pub fn extended(&self, fan: UserId, hold: HoldId, until: Timestamp) {
        self.change(fan, hold, |known| {
            known.active_until = until;
            known.forget_at = known.forget_at.max(until);
        });
    }

    pub fn ended(&self, fan: UserId, hold: HoldId) {
        self.change(fan, hold, |known| known.active_until = Timestamp::MIN);
    }

    /// The event of a hold this fan has, or had within the last day.
    pub fn locate(&self, fan: UserId, hold: HoldId) -> Option<EventId> {
        let shard = self.shard(fan).lock();
        shard.get(&fan)?.holds.iter().find(|known| known.hold == hold).map(|known| known.event)
    }

    /// Forgets what is over in one shard; called in turn, so that no call takes long.
    pub fn sweep(&self, turn: usize, at: Timestamp) {
        let minute = at.micros().div_euclid(MINUTE);
        let mut shard = self.shards[turn % SHARDS].lock();
        shard.retain(|_, books| {
            books.holds.retain(|known| known.forget_at > at);
            !books.holds.is_empty() || books.reserved_until > at || books.minute + 1 >= minute
        });
    }

    fn change(&self, fan: UserId, hold: HoldId, change: impl FnOnce(&mut Known)) {
        let mut shard = self.shard(fan).lock();
        let known = shard.get_mut(&fan).and_then(|books| books.holds.iter_mut().find(|known| known.hold == hold));
        known.map(change);
    }

    fn shard(&self, fan: UserId) -> &Mutex<HashMap<UserId, Fan>> {
        &self.shards[self.hasher.hash_one(fan) as usize % SHARDS]
    }
}

impl Fan {
    fn know(&mut self, hold: HoldId, event: EventId, key: Option<u128>, until: Timestamp, at: Timestamp) {
        let forget_at = until.max(at + IDEMPOTENCY_RETENTION);
        self.holds.push(Known { hold, event, key, active_until: until, forget_at });
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
mod tests {
    use stagedoor_core::Env;

    use super::*;

    fn books() -> (Fans, Env, UserId, EventId) {
        let env = Env::seeded(1);
        (Fans::new(FanLimits::default()), env.clone(), env.id(), env.id())
    }

    #[test]
    fn a_fan_has_three_active_holds_and_gets_a_place_back_when_one_ends() {
        let (fans, env, fan, event) = books();
        let until = env.now() + Duration::from_secs(300);
        let holds: Vec<HoldId> = (0..3).map(|_| env.id()).collect();
        for hold in &holds {
            assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
            fans.held(fan, *hold, event, None, env.now(), until);
        }
        assert_eq!(fans.admit(fan, None, env.now()), Admission::HoldLimit);
        assert_eq!(fans.admit(env.id(), None, env.now()), Admission::Fresh);
        fans.ended(fan, holds[1]);
        assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
        assert_eq!(fans.admit(fan, None, env.now()), Admission::HoldLimit, "the reservation counts");
        fans.refused(fan);
        assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
        assert_eq!(fans.locate(fan, holds[1]), Some(event));
        assert_eq!(fans.locate(env.id(), holds[1]), None);
    }

    #[test]
    fn what_is_never_settled_ends_by_itself() {
        let (fans, env, fan, event) = books();
        for _ in 0..3 {
            assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
        }
        assert_eq!(fans.admit(fan, None, env.now()), Admission::HoldLimit);
        env.clock.advance(RESERVATION_TTL);
        assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
        fans.held(fan, env.id(), event, None, env.now(), env.now() + Duration::from_secs(300));
        env.clock.advance(Duration::from_secs(300));
        for _ in 0..3 {
            assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
        }
    }

    #[test]
    fn ten_attempts_fit_in_a_minute_and_the_wait_told_is_enough() {
        let (fans, env, fan, _) = books();
        env.clock.advance(Duration::from_secs(37));
        for _ in 0..10 {
            assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
            fans.refused(fan);
        }
        for round in 0..20 {
            let Admission::RateLimited { retry_after } = fans.admit(fan, None, env.now()) else {
                panic!("round {round}: the eleventh attempt was let through")
            };
            assert!(retry_after <= Duration::from_secs(60), "{retry_after:?}");
            env.clock.advance(retry_after);
            assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh, "round {round}");
            fans.refused(fan);
        }
    }

    #[test]
    fn a_key_seen_before_is_a_replay_for_a_day_and_costs_no_attempt() {
        let (fans, env, fan, event) = books();
        assert_eq!(fans.admit(fan, Some(7), env.now()), Admission::Fresh);
        fans.held(fan, env.id(), event, Some(7), env.now(), env.now() + Duration::from_secs(300));
        for _ in 0..50 {
            assert_eq!(fans.admit(fan, Some(7), env.now()), Admission::Replay);
        }
        env.clock.advance(IDEMPOTENCY_RETENTION);
        (0..SHARDS).for_each(|turn| fans.sweep(turn, env.now()));
        assert_eq!(fans.admit(fan, Some(7), env.now()), Admission::Fresh);
    }
}
