//! Debts in the memory of this process.
//!
//! A table of fixed size, in buckets of eight places. A subject belongs to one bucket; where that
//! is full, it takes the place of whoever owes the least. So nothing is ever swept, moved or
//! allocated after the start, a request looks at two cache lines under a lock that nobody holds
//! for longer than that, and a crowd of fresh addresses cannot wash out those that have used up
//! their quota: they owe the most. Governor's keyed store was the alternative; it grows with the
//! number of keys until somebody sweeps all of it.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::DefaultHashBuilder;
use parking_lot::Mutex;
use stagedoor_core::{Env, Stopwatch};

use crate::{Policy, Stats, Store, Subject, Verdict};

/// Places of the table. A place is taken only while its subject owes something: an address within
/// its limit for less than a second, an account for a minute at most. 16 MiB when all were in use
/// once; the system provides the memory as places are first taken.
const PLACES: usize = 1 << 20;
const WAYS: usize = 8;
const SHARDS: usize = 256;

/// The prints of eight subjects, then the microsecond at which each has paid. A print is a hash
/// under a key that only this process knows; for whom two look alike share a count, which happens
/// to nobody: a million subjects at once have a chance of one in thirty million that any two do.
type Bucket = [u64; 2 * WAYS];

/// See the module.
pub struct Local {
    shards: Box<[Mutex<Box<[Bucket]>>]>,
    hasher: DefaultHashBuilder,
    /// Steps of the machine's clock must not forgive or punish anybody.
    clock: Stopwatch,
    displaced: AtomicU64,
}

impl Local {
    pub fn new(env: &Env) -> Self {
        Self::with_places(env, PLACES)
    }

    /// A table of `places`, which are rounded up to a power of two.
    pub fn with_places(env: &Env, places: usize) -> Self {
        let buckets = places.div_ceil(SHARDS * WAYS).next_power_of_two();
        // Zeroed memory is not touched before it is used.
        let shard = || Mutex::new(vec![[0; 2 * WAYS]; buckets].into_boxed_slice());
        Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            hasher: DefaultHashBuilder::default(),
            clock: env.stopwatch(),
            displaced: AtomicU64::new(0),
        }
    }

    /// Subjects that owe something now. Looks at everything: for tests and curiosity.
    pub fn indebted(&self) -> usize {
        let now = self.now_us();
        let owing = |bucket: &Bucket| bucket[WAYS..].iter().filter(|paid_at| **paid_at > now).count();
        self.shards.iter().map(|shard| shard.lock().iter().map(owing).sum::<usize>()).sum()
    }

    /// Bytes of the table, however many subjects there are.
    pub fn table_bytes(&self) -> usize {
        self.shards.iter().map(|shard| size_of_val(&**shard.lock())).sum()
    }

    /// Time since the start, in microseconds.
    pub(crate) fn now_us(&self) -> u64 {
        self.clock.elapsed().as_micros() as u64
    }

    pub(crate) fn print(&self, policy: &Policy, subject: Subject) -> u64 {
        self.hasher.hash_one((&*policy.name, subject))
    }

    /// As [`Store::spend`], for a subject with this print.
    pub(crate) fn spend_at(&self, policy: &Policy, print: u64, now: u64) -> Verdict {
        self.change(print, now, |debt| policy.quota.decide(debt))
    }

    /// Lets the subject with this print owe no less than `debt_us` at `now`.
    pub(crate) fn raise(&self, print: u64, now: u64, debt_us: u64) {
        self.change(print, now, |debt| (debt.max(debt_us), ()));
    }

    fn change<T>(&self, print: u64, now: u64, change: impl FnOnce(u64) -> (u64, T)) -> T {
        // The shard from bits of the hash that the bucket is not chosen by.
        let mut shard = self.shards[(print >> 48) as usize % SHARDS].lock();
        let place = print as usize & (shard.len() - 1);
        let (prints, paid_at) = shard[place].split_at_mut(WAYS);
        let known = prints.iter().position(|known| *known == print);
        let debt = known.map_or(0, |way| paid_at[way].saturating_sub(now));
        let (after, result) = change(debt);
        if after > debt {
            let least = || (0..WAYS).min_by_key(|way| paid_at[*way]).expect("a bucket has places");
            let way = known.unwrap_or_else(least);
            if known.is_none() && paid_at[way] > now {
                self.displaced.fetch_add(1, Ordering::Relaxed);
            }
            (prints[way], paid_at[way]) = (print, now + after);
        }
        result
    }
}

impl Store for Local {
    fn spend(&self, policy: &Policy, subject: Subject) -> Verdict {
        self.spend_at(policy, self.print(policy, subject), self.now_us())
    }

    fn stats(&self) -> Stats {
        Stats { displaced: self.displaced.load(Ordering::Relaxed), ..Stats::default() }
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Local").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn policy(quota: &str) -> Policy {
        Policy::new("address", quota.parse().unwrap())
    }

    #[test]
    fn a_million_addresses_take_no_more_memory_than_one() {
        let env = Env::seeded(1);
        let local = Local::new(&env);
        let (before, policy) = (local.table_bytes(), policy("20/s"));
        let offender = Subject::Address(7);
        for _ in 0..20 {
            assert!(local.spend(&policy, offender).retry_after.is_none());
        }
        for number in 0..2_000_000_u128 {
            assert!(local.spend(&policy, Subject::Address(1_000 + number)).retry_after.is_none());
        }
        assert!(local.indebted() <= PLACES && local.indebted() > PLACES / 2, "{}", local.indebted());
        assert_eq!(local.table_bytes(), before);
        assert_eq!(before, 16 << 20);
        let displaced = local.stats().displaced as usize;
        assert_eq!(displaced + local.indebted(), 2_000_001, "everybody has a place or lost it");
        assert!(local.spend(&policy, offender).retry_after.is_some(), "who owes the most is remembered");
        env.clock.advance(Duration::from_secs(1));
        assert_eq!(local.indebted(), 0);
    }

    #[test]
    fn a_place_is_free_again_once_its_subject_has_paid() {
        let env = Env::seeded(1);
        // One bucket a shard.
        let (local, policy) = (Local::with_places(&env, 1), policy("20/s"));
        for round in 0..100 {
            for number in 0..100 {
                local.spend(&policy, Subject::Address(round * 1_000 + number));
            }
            env.clock.advance(Duration::from_millis(50));
        }
        assert_eq!(local.stats().displaced, 0);
    }

    #[test]
    fn a_debt_is_raised_and_never_lowered() {
        let env = Env::seeded(1);
        let (local, policy, subject) = (Local::new(&env), policy("10/min"), Subject::Address(7));
        let print = local.print(&policy, subject);
        local.spend(&policy, subject);
        local.raise(print, local.now_us(), 1_000_000);
        assert_eq!(local.spend(&policy, subject).remaining, 8);
        local.raise(print, local.now_us(), 60_000_000);
        assert_eq!(local.spend(&policy, subject).retry_after, Some(Duration::from_secs(6)));
    }

    #[test]
    fn requests_at_the_same_time_get_no_more_than_the_quota() {
        let (local, policy) = (Local::new(&Env::seeded(1)), policy("1000/h"));
        let admitted: usize = std::thread::scope(|scope| {
            let ask = || (0..1_000).filter(|_| local.spend(&policy, Subject::Address(7)).retry_after.is_none()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(admitted, 1_000);
    }
}
