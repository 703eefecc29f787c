//! Where time and randomness come from. `clippy.toml` bans the ambient calls everywhere else.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::Timestamp;

/// The outside world a domain may ask: what time it is, and for random bytes and fresh ids.
/// Cheap to clone; clones share the clock and the random stream.
#[derive(Debug, Clone)]
pub struct Env {
    pub clock: Clock,
    pub entropy: Entropy,
}

impl Env {
    /// The machine's clock and the operating system's randomness.
    pub fn system() -> Self {
        Self { clock: Clock::System, entropy: Entropy::System }
    }

    /// A manual clock that starts at 2026-01-01T00:00:00Z and a random stream from `seed`:
    /// the same seed gives the same ids.
    pub fn seeded(seed: u64) -> Self {
        let start = Timestamp::from_micros(1_767_225_600_000_000);
        Self { clock: Clock::manual(start), entropy: Entropy::seeded(seed) }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Measures from now on.
    pub fn stopwatch(&self) -> Stopwatch {
        self.clock.stopwatch()
    }

    /// A fresh UUIDv7 (RFC 9562): 48 bits of milliseconds, the rest random.
    pub fn id<T: From<Uuid>>(&self) -> T {
        self.id_at(self.now())
    }

    /// The same for who has just asked what time it is.
    pub fn id_at<T: From<Uuid>>(&self, now: Timestamp) -> T {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes[6..]);
        let millis = now.micros().div_euclid(1_000).max(0);
        bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        bytes[6] = bytes[6] & 0x0f | 0x70;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        T::from(Uuid::from_bytes(bytes))
    }
}

/// What time it is.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    /// Microseconds since the epoch; moves only by [`Clock::advance`] and [`Clock::set`].
    Manual(Arc<AtomicI64>),
}

impl Clock {
    pub fn manual(at: Timestamp) -> Self {
        Clock::Manual(Arc::new(AtomicI64::new(at.micros())))
    }

    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => {
                #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
                let now = std::time::SystemTime::now();
                let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or(Duration::ZERO);
                Timestamp::from_micros(since.as_micros() as i64)
            }
            Clock::Manual(micros) => Timestamp::from_micros(micros.load(Ordering::SeqCst)),
        }
    }

    /// Measures from now on.
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch(match self {
            Clock::System => Started::System(monotonic()),
            Clock::Manual(micros) => Started::Manual(micros.clone(), self.now()),
        })
    }

    /// Moves a manual clock forward. Panics on the system clock.
    pub fn advance(&self, span: Duration) {
        self.set(self.now() + span);
    }

    /// Sets a manual clock, backwards too. Panics on the system clock.
    pub fn set(&self, at: Timestamp) {
        match self {
            Clock::System => panic!("the system clock cannot be set"),
            Clock::Manual(micros) => micros.store(at.micros(), Ordering::SeqCst),
        }
    }
}

/// How long something took: steps of the machine's clock, which [`Env::now`] follows, do not
/// reach it. A manual clock is its own measure; set back, it has measured nothing.
#[derive(Debug, Clone)]
pub struct Stopwatch(Started);

#[derive(Debug, Clone)]
enum Started {
    System(Instant),
    Manual(Arc<AtomicI64>, Timestamp),
}

impl Stopwatch {
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Started::System(start) => monotonic().saturating_duration_since(*start),
            Started::Manual(micros, start) => Timestamp::from_micros(micros.load(Ordering::SeqCst)).since(*start),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's monotonic clock")]
fn monotonic() -> Instant {
    Instant::now()
}

/// Random bytes.
#[derive(Clone)]
pub enum Entropy {
    /// The operating system's generator, fit for keys.
    System,
    /// SplitMix64 from a seed: for simulations and demo data, never for keys.
    Seeded(Arc<Mutex<u64>>),
}

impl Entropy {
    pub fn seeded(seed: u64) -> Self {
        Entropy::Seeded(Arc::new(Mutex::new(seed)))
    }

    pub fn fill(&self, bytes: &mut [u8]) {
        match self {
            Entropy::System => pool::fill(bytes),
            Entropy::Seeded(state) => {
                let mut state = state.lock().expect("no holder of this lock panics");
                for chunk in bytes.chunks_mut(8) {
                    chunk.copy_from_slice(&split_mix(&mut state).to_le_bytes()[..chunk.len()]);
                }
            }
        }
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    pub fn next_u64(&self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    /// A number below `bound`, which must not be zero. The bias is below `bound / 2^64`.
    pub fn below(&self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Entropy::System => "System",
            Entropy::Seeded(_) => "Seeded",
        })
    }
}

/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// Bytes of the operating system, fetched a page at a time: a system call for every id would cost
/// more than the seat engine spends on a hold.
mod pool {
    use std::cell::RefCell;

    const PAGE: usize = 1024;

    thread_local! {
        /// The bytes from the position on are unused; used ones are wiped.
        static POOL: RefCell<([u8; PAGE], usize)> = const { RefCell::new(([0; PAGE], PAGE)) };
    }

    pub fn fill(bytes: &mut [u8]) {
        if bytes.len() > PAGE {
            return system(bytes);
        }
        POOL.with_borrow_mut(|(page, used)| {
            if PAGE - *used < bytes.len() {
                system(page);
                *used = 0;
            }
            let fresh = &mut page[*used..*used + bytes.len()];
            bytes.copy_from_slice(fresh);
            fresh.fill(0);
            *used += bytes.len();
        });
    }

    fn system(bytes: &mut [u8]) {
        #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for randomness")]
        getrandom::fill(bytes).expect("the operating system has randomness");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventId;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_they_sort_by_time() {
        let (one, two) = (Env::seeded(3), Env::seeded(3));
        let first: EventId = one.id();
        assert_eq!(first, two.id());
        one.clock.advance(Duration::from_millis(1));
        let second: EventId = one.id();
        assert!(first < second);
        assert_eq!(second.0.get_version_num(), 7);
    }

    #[test]
    fn a_stopwatch_measures_what_passed() {
        let env = Env::seeded(3);
        let watch = env.stopwatch();
        env.clock.advance(Duration::from_millis(7));
        assert_eq!(watch.elapsed(), Duration::from_millis(7));
        let system = Env::system().stopwatch();
        assert!(system.elapsed() <= system.elapsed());
    }

    #[test]
    fn system_ids_differ_over_many_pages() {
        let env = Env::system();
        let ids: std::collections::HashSet<EventId> = (0..10_000).map(|_| env.id()).collect();
        assert_eq!(ids.len(), 10_000);
    }

    #[test]
    fn below_stays_below() {
        let entropy = Entropy::seeded(1);
        assert!((0..10_000).all(|_| entropy.below(7) < 7));
    }
}
