//! Debts that several processes keep together, in a Redis.
//!
//! A request is decided by this process's own table, and never waits for Redis. Twenty times a
//! second what was spent since is sent there in one script call for many subjects; the answer is
//! what each of them owes over all processes, and the table takes that over. So:
//!
//! - In any time, `n` processes together admit at most `n * (count + delay / interval)` requests
//!   of a subject at once, `delay` being [`SYNC_PERIOD`] and a round trip: each of them may give
//!   the whole quota away before it hears of the others.
//! - What was given beyond the quota is owed like the rest and must be paid before anything more
//!   is admitted, so that in the long run they admit what the quota says, and no more.
//! - The requests of a client that always meets the same process are decided as if it were alone.
//!
//! Asking Redis for every request would be exact, and would add a round trip to a request that
//! takes twelve microseconds; taking leases of a few requests each would do so for the first
//! request of every address, of which a rush has a hundred thousand.
//!
//! When Redis does not answer in time, each process counts on by itself, with the same quotas and
//! everything it knew, and tries again every [`RETRY_PERIOD`].
//!
//! A script may touch keys of one hash slot of a Redis Cluster only. So every key carries one of
//! [`TAGS`] hash tags, and in a cluster a call is about subjects of one tag. A cluster of which one
//! part does not answer counts as lost: a limit that holds for some subjects only would be believed
//! to hold for all.

mod server;

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use parking_lot::Mutex;
use redis::{RedisError, Script};

use self::server::{Connection, Server};
use crate::{Local, Policy, Stats, Store, Subject, Verdict};

/// Between two rounds of telling each other.
const SYNC_PERIOD: Duration = Duration::from_millis(50);
/// Between two attempts to reach a Redis that was lost.
const RETRY_PERIOD: Duration = Duration::from_secs(1);
/// One call takes Redis well under a millisecond; a slower one is not worth waiting for.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(250);
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(1);
/// Subjects in one call: Redis does nothing else meanwhile.
const SUBJECTS_PER_CALL: usize = 256;
/// Subjects that one round can take. Beyond, others do not hear of them, and they are counted by
/// this process alone.
const SUBJECTS_PER_ROUND: usize = 1 << 16;
const SHARDS: usize = 64;
/// Hash tags of the keys: over so many parts a cluster of any size can spread them, and a round needs
/// no more calls than that as long as each of them has room.
const TAGS: u64 = 64;
/// How many whole quotas a subject may owe. That many processes can give all of it away at the
/// same moment and see it paid; a Redis whose clock steps back locks nobody out for longer.
const QUOTAS_OWED_MAX: u64 = 16;

/// GCRA, charged afterwards: for each key what it costs, how long ago that began and the most that
/// may be owed, all in microseconds; gives what each key owes now. Redis's own clock is the one all
/// processes share.
const CHARGE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local debts = {}
for i, key in ipairs(KEYS) do
  local cost, age, most = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  local paid_at = math.max(tonumber(redis.call('GET', key) or 0), now - age) + cost
  paid_at = math.min(paid_at, now + most)
  debts[i] = math.max(paid_at - now, 0)
  if debts[i] > 0 then
    redis.call('SET', key, string.format('%.0f', paid_at), 'PX', math.ceil(debts[i] / 1000))
  end
end
return debts";

/// See the module. Nothing is shared before [`Shared::run`] runs.
pub struct Shared {
    local: Local,
    server: Server,
    script: Script,
    /// What was spent and not yet told, by print.
    outbox: Box<[Mutex<HashMap<u64, Spent>>]>,
    is_reachable: AtomicBool,
    fallbacks: AtomicU64,
    unshared: AtomicU64,
}

struct Spent {
    policy: Arc<str>,
    subject: Subject,
    cost_us: u64,
    debt_max_us: u64,
    /// When the first of it was spent, by the table's clock.
    since_us: u64,
}

/// What one call of the script is about.
struct Call {
    tag: u64,
    spent: Vec<(u64, Spent)>,
}

impl Shared {
    /// `url`: `redis://[user:password@]host[:port][/database]`, or `rediss:` for TLS, by which the
    /// server's certificate must lead to `authorities` (PEM), or without them to one of the system's.
    /// `redis-cluster://[user:password@]host[:port],...` and `rediss-cluster:` name some nodes of a
    /// cluster, which tell the others. Connects to nothing yet: a server starts without its Redis, too.
    pub fn new(local: Local, url: &str, authorities: Option<&[u8]>) -> Result<Self, String> {
        Ok(Self {
            local,
            server: Server::parse(url, authorities)?,
            script: Script::new(CHARGE),
            outbox: (0..SHARDS).map(|_| Mutex::default()).collect(),
            is_reachable: AtomicBool::new(false),
            fallbacks: AtomicU64::new(0),
            unshared: AtomicU64::new(0),
        })
    }

    /// Tells the others what was spent and learns what they did, round after round, until `stop`
    /// is ready. Runs on any runtime, of which it takes little.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            let error = tokio::select! {
                () = &mut stop => return,
                error = self.follow() => error,
            };
            if self.is_reachable.swap(false, Ordering::Relaxed) {
                self.fallbacks.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, "Redis is lost: request limits are counted by this process alone");
            } else {
                tracing::debug!(%error, "Redis cannot be reached");
            }
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(RETRY_PERIOD) => {}
            }
        }
    }

    /// Goes on until Redis fails; gives the failure. A client library that reconnects by itself
    /// would hide that moment.
    async fn follow(&self) -> RedisError {
        let connection = match self.server.connect().await {
            Ok(connection) => connection,
            Err(error) => return error,
        };
        // Left from before the last one broke. It has grown old, and all of it is in the table.
        self.outbox.iter().for_each(|shard| shard.lock().clear());
        // Every part has to be there in the beginning. Later on those that are needed say it, and one
        // other in every round.
        let mut asked: Vec<u64> = (0..TAGS).collect();
        loop {
            if let Err(error) = self.tell(&connection, &asked).await {
                return error;
            }
            if !self.is_reachable.swap(true, Ordering::Relaxed) {
                tracing::info!("request limits are shared through Redis");
            }
            asked = vec![(asked[asked.len() - 1] + 1) % TAGS];
            tokio::time::sleep(SYNC_PERIOD).await;
        }
    }

    /// One round, which reaches the part of a cluster that holds each of the `asked` tags, or the one
    /// server, even when nothing was spent.
    async fn tell(&self, connection: &Connection, asked: &[u64]) -> Result<(), RedisError> {
        let spent = self.outbox.iter().flat_map(|shard| std::mem::take(&mut *shard.lock())).collect();
        let (mut calls, at_once) = match connection {
            Connection::One(_) => (calls(spent, |_| 0), 1),
            Connection::Cluster(_) => (calls(spent, |spent| tag(spent.key_end().as_bytes())), TAGS as usize),
        };
        let asked = if at_once == 1 { &[0][..] } else { asked };
        for tag in asked {
            if calls.iter().all(|call| call.tag != *tag) {
                calls.push(Call { tag: *tag, spent: Vec::new() });
            }
        }
        let told = calls.into_iter().map(|call| self.charge(connection.clone(), call));
        stream::iter(told).buffer_unordered(at_once).try_collect().await
    }

    async fn charge(&self, mut connection: Connection, Call { tag, spent }: Call) -> Result<(), RedisError> {
        let now = self.local.now_us();
        let mut call = self.script.prepare_invoke();
        for (_, spent) in &spent {
            call.key(key(&spent.key_end()));
            call.arg(spent.cost_us).arg(now.saturating_sub(spent.since_us)).arg(spent.debt_max_us);
        }
        if spent.is_empty() {
            // Costs nothing and leaves nothing; a cluster sends it where the tag's keys are.
            call.key(tagged(tag, "")).arg(0).arg(0).arg(0);
        }
        let debts = connection.invoke(&call).await?;
        for ((print, _), debt) in spent.iter().zip(debts) {
            // As of when it was asked: on the way the debt has only become smaller.
            self.local.raise(*print, now, debt);
        }
        Ok(())
    }

    fn remember(&self, policy: &Policy, subject: Subject, print: u64, now: u64) {
        // Bits that neither the table's shards nor its buckets are chosen by.
        let mut shard = self.outbox[(print >> 32) as usize % SHARDS].lock();
        let is_full = shard.len() >= SUBJECTS_PER_ROUND / SHARDS;
        match shard.entry(print) {
            Entry::Occupied(mut known) => known.get_mut().cost_us += policy.quota.interval_us(),
            Entry::Vacant(_) if is_full => drop(self.unshared.fetch_add(1, Ordering::Relaxed)),
            Entry::Vacant(place) => {
                let cost_us = policy.quota.interval_us();
                let debt_max_us = QUOTAS_OWED_MAX * cost_us * u64::from(policy.quota.count());
                place.insert(Spent { policy: policy.name.clone(), subject, cost_us, debt_max_us, since_us: now });
            }
        }
    }
}

impl Spent {
    /// What of the key tells whose it is.
    fn key_end(&self) -> String {
        format!("{}:{}", self.policy, self.subject)
    }
}

fn key(end: &str) -> String {
    tagged(tag(end.as_bytes()), end)
}

/// Redis Cluster chooses the slot by what is in the braces.
fn tagged(tag: u64, end: &str) -> String {
    format!("stagedoor:limit:{{{tag}}}:{end}")
}

/// The same in every process and release that shares a Redis: FNV-1a.
fn tag(end: &[u8]) -> u64 {
    let hash = end
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    // Its high bits are better mixed than its low ones.
    (hash >> 32) % TAGS
}

/// The calls that tell `spent`, each about subjects of one tag.
fn calls(mut spent: Vec<(u64, Spent)>, tag: impl Fn(&Spent) -> u64) -> Vec<Call> {
    spent.sort_by_cached_key(|(_, spent)| tag(spent));
    let mut calls: Vec<Call> = Vec::new();
    for (print, spent) in spent {
        let tag = tag(&spent);
        match calls.last_mut().filter(|call| call.tag == tag && call.spent.len() < SUBJECTS_PER_CALL) {
            Some(call) => call.spent.push((print, spent)),
            None => calls.push(Call { tag, spent: vec![(print, spent)] }),
        }
    }
    calls
}

impl Store for Shared {
    fn spend(&self, policy: &Policy, subject: Subject) -> Verdict {
        let (print, now) = (self.local.print(policy, subject), self.local.now_us());
        let verdict = self.local.spend_at(policy, print, now);
        if verdict.retry_after.is_none() && self.is_reachable.load(Ordering::Relaxed) {
            self.remember(policy, subject, print, now);
        }
        verdict
    }

    fn stats(&self) -> Stats {
        Stats {
            is_fallback: !self.is_reachable.load(Ordering::Relaxed),
            fallbacks: self.fallbacks.load(Ordering::Relaxed),
            unshared: self.unshared.load(Ordering::Relaxed),
            ..self.local.stats()
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Shared").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
