//! The status of every seat and area of an event, in a few bits and bytes each, and an index of
//! which rows still fit a party.

use std::cell::{Cell, Ref, RefCell};

use stagedoor_core::limits::SEATS_PER_HOLD_MAX;

use super::manifest::{Manifest, Row, SeatKind};
use super::orphan::{Strip, run_lengths, run_lengths_short, sizes_that_fit, sizes_that_fit_clean};
use super::warm::prefetch;

/// The wire number of a status is its value here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum SeatStatus {
    Available = 0,
    Held = 1,
    Sold = 2,
    Blocked = 3,
}

impl SeatStatus {
    /// Whether it may still be had: what is held comes back unless it is paid for.
    fn is_open(self) -> bool {
        matches!(self, SeatStatus::Available | SeatStatus::Held)
    }
}

/// Places of one general-admission area. `held + sold + blocked <= capacity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AreaCounts {
    pub capacity: u32,
    pub held: u32,
    pub sold: u32,
    pub blocked: u32,
}

impl AreaCounts {
    pub fn in_use(&self) -> u32 {
        self.held + self.sold + self.blocked
    }

    pub fn available(&self) -> u32 {
        self.capacity - self.in_use()
    }
}

/// Seats by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub by_status: [u32; 4],
    /// Seats that are neither accessible nor companion seats and may still be had: available ones, and held
    /// ones, which come back unless they are paid for.
    pub standard_open: u32,
}

pub(super) struct Seats {
    /// By word: the low and the high bit of each seat's status.
    planes: Box<[[u64; 2]]>,
    pub counts: Counts,
    /// Available seats by price level.
    pub level_available: Box<[u32]>,
    /// Brought up to date by the search that asks for it, see [`RowIndex`]. So a state may move
    /// between threads but not be shared by them, which its single writer never does.
    index: RefCell<RowIndex>,
}

/// Rows by what still fits into them, counting standard seats only. Rows are bits, from the best
/// row to the worst as in `Manifest::order`.
///
/// Only searches need it, so a change merely marks its row, and nothing is computed while fans
/// pick seats by hand. It follows from the statuses: to bring it up to date, and to remember what
/// a search found out, changes no answer.
pub(super) struct RowIndex {
    /// Rows that changed since the last search.
    stale: Box<[u64]>,
    any_stale: bool,
    /// By row in order: the lengths of its free runs.
    lengths: Box<[u16]>,
    /// By party size less one: rows with that many free neighbours.
    fits: RowSets,
    /// The same, leaving nobody alone.
    clean: RowSets,
    /// By row in order: what its best windows are worth.
    best: Box<[BestRanks]>,
}

/// By party size less one: the rank of the best window of a row, plus one; 0 until a search has
/// asked. One for any window, the other for those that leave nobody alone.
#[derive(Default)]
struct BestRanks {
    any: [Cell<u32>; SEATS_PER_HOLD_MAX],
    clean: [Cell<u32>; SEATS_PER_HOLD_MAX],
}

/// A set of rows for each party size.
type RowSets = [Box<[u64]>; SEATS_PER_HOLD_MAX];

impl RowIndex {
    fn new(rows: usize) -> RowIndex {
        let set = || vec![0u64; rows.div_ceil(64)].into_boxed_slice();
        let mut stale = set();
        (0..rows).for_each(|place| stale[place / 64] |= 1 << (place % 64));
        RowIndex {
            stale,
            any_stale: rows > 0,
            lengths: vec![0; rows].into(),
            fits: std::array::from_fn(|_| set()),
            clean: std::array::from_fn(|_| set()),
            best: (0..rows).map(|_| Default::default()).collect(),
        }
    }

    #[inline]
    fn mark(&mut self, place: u32) {
        self.stale[place as usize / 64] |= 1 << (place % 64);
        self.any_stale = true;
    }

    fn refresh(&mut self, lengths: impl Fn(u32) -> u16) {
        for at in 0..self.stale.len() {
            let mut rows = std::mem::take(&mut self.stale[at]);
            while rows != 0 {
                let place = at as u32 * 64 + rows.trailing_zeros();
                rows &= rows - 1;
                let new = lengths(place);
                let old = std::mem::replace(&mut self.lengths[place as usize], new);
                self.best[place as usize] = Default::default();
                if old != new {
                    flip(&mut self.fits, sizes_that_fit(old) ^ sizes_that_fit(new), place);
                    flip(&mut self.clean, sizes_that_fit_clean(old) ^ sizes_that_fit_clean(new), place);
                }
            }
        }
        self.any_stale = false;
    }

    /// Rows where `count` free neighbours are, or are without leaving somebody alone.
    #[inline]
    pub fn rows(&self, count: u32, clean: Clean) -> &[u64] {
        let sets = if clean == Clean::Only { &self.clean } else { &self.fits };
        &sets[count as usize - 1]
    }

    /// The rank of the best window of `count` in the row at `place` of the order, found by `search`
    /// unless it is known.
    #[inline]
    pub fn best_rank(&self, place: u32, count: u32, clean: Clean, search: impl FnOnce() -> u32) -> u32 {
        let row = &self.best[place as usize];
        let known = if clean == Clean::Only { &row.clean } else { &row.any };
        let known = &known[count as usize - 1];
        if known.get() == 0 {
            known.set(search() + 1);
        }
        known.get() - 1
    }

    fn memory_bytes(&self) -> usize {
        let sets = self.fits.iter().chain(&self.clean).map(|rows| rows.len()).sum::<usize>();
        (sets + self.stale.len()) * 8 + self.lengths.len() * (2 + size_of::<BestRanks>())
    }
}

/// Whether only windows count that leave nobody alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Clean {
    Only,
    NotOnly,
}

impl Seats {
    /// Everything available.
    pub fn new(manifest: &Manifest) -> Seats {
        let mut level_available = vec![0; manifest.levels().len()].into_boxed_slice();
        let mut standard_open = 0;
        for seat in 0..manifest.seats() as u32 {
            level_available[usize::from(manifest.level(seat))] += 1;
            standard_open += u32::from(manifest.kind(seat) == SeatKind::Standard);
        }
        Seats {
            planes: vec![[0; 2]; manifest.words.len()].into(),
            counts: Counts { by_status: [manifest.seats() as u32, 0, 0, 0], standard_open },
            level_available,
            index: RefCell::new(RowIndex::new(manifest.rows.len())),
        }
    }

    /// The row index, up to date.
    pub fn index(&self, manifest: &Manifest) -> Ref<'_, RowIndex> {
        if self.index.borrow().any_stale {
            let row = |place: u32| &manifest.rows[manifest.order[place as usize] as usize];
            self.index.borrow_mut().refresh(|place| self.run_lengths(manifest, row(place)));
        }
        self.index.borrow()
    }

    /// Available seats of a word, of every kind.
    #[inline]
    pub fn available(&self, manifest: &Manifest, word: u32) -> u64 {
        let [low, high] = self.planes[word as usize];
        manifest.words[word as usize].exists & !(low | high)
    }

    /// Available standard seats of a word.
    #[inline]
    pub fn standard(&self, manifest: &Manifest, word: u32) -> u64 {
        self.available(manifest, word) & !manifest.words[word as usize].special
    }

    /// Blocked seats of a word.
    pub fn blocked(&self, word: u32) -> u64 {
        let [low, high] = self.planes[word as usize];
        low & high
    }

    pub fn status(&self, manifest: &Manifest, seat: u32) -> SeatStatus {
        let bit = manifest.bits[seat as usize];
        let [low, high] = self.planes[(bit >> 6) as usize];
        match (low >> (bit & 63) & 1, high >> (bit & 63) & 1) {
            (0, 0) => SeatStatus::Available,
            (1, 0) => SeatStatus::Held,
            (0, _) => SeatStatus::Sold,
            _ => SeatStatus::Blocked,
        }
    }

    #[inline]
    pub fn is_available(&self, manifest: &Manifest, seat: u32) -> bool {
        let bit = manifest.bits[seat as usize];
        let [low, high] = self.planes[(bit >> 6) as usize];
        (low | high) >> (bit & 63) & 1 == 0
    }

    /// Asks for what changing a seat will need, see [`super::warm`].
    #[inline]
    pub fn prefetch(&self, manifest: &Manifest, seat: u32) {
        if let Some(bit) = manifest.bits.get(seat as usize) {
            prefetch(&self.planes[(bit >> 6) as usize]);
        }
    }

    /// Moves a seat from one status, which it must have, to another.
    #[inline]
    pub fn set(&mut self, manifest: &Manifest, seat: u32, from: SeatStatus, to: SeatStatus) {
        let bit = manifest.bits[seat as usize];
        let (word, shift) = ((bit >> 6) as usize, bit & 63);
        let planes = &mut self.planes[word];
        let was = from as u64;
        let now = planes[0] >> shift & 1 | (planes[1] >> shift & 1) << 1;
        assert!(now == was, "seat {seat} has status {now}, not {was}");
        let change = was ^ to as u64;
        planes[0] ^= (change & 1) << shift;
        planes[1] ^= (change >> 1) << shift;
        self.counts.by_status[from as usize] -= 1;
        self.counts.by_status[to as usize] += 1;
        let freed = i32::from(to == SeatStatus::Available) - i32::from(from == SeatStatus::Available);
        if freed != 0 {
            let layout = &manifest.words[word];
            let level = &mut self.level_available[usize::from(manifest.level(seat))];
            *level = level.wrapping_add_signed(freed);
            self.index.get_mut().mark(layout.place);
        }
        let opened = i32::from(to.is_open()) - i32::from(from.is_open());
        if opened != 0 && manifest.words[word].special >> shift & 1 == 0 {
            self.counts.standard_open = self.counts.standard_open.wrapping_add_signed(opened);
        }
    }

    fn run_lengths(&self, manifest: &Manifest, row: &Row) -> u16 {
        if row.words == 1 {
            return run_lengths_short(self.standard(manifest, row.word), manifest.words[row.word as usize].joined);
        }
        let strip = |at| Strip::new(manifest, row, at, |word| self.standard(manifest, word));
        (0..u32::from(row.words)).fold(0, |all, at| all | run_lengths(strip(at)))
    }

    /// Two bits a seat in map order, the first seat in the lowest bits of the first byte.
    pub fn status_bits(&self, manifest: &Manifest) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(manifest.seats().div_ceil(4) + 16);
        // What does not fill a byte yet, and how many bits that is.
        let (mut rest, mut have) = (0u128, 0);
        for row in &manifest.rows {
            for at in 0..u32::from(row.words) {
                let [low, high] = self.planes[(row.word + at) as usize];
                let seats = (u32::from(row.seats) - at * 64).min(64);
                for (half, first) in [(0, 0), (32, 32)] {
                    let count = seats.saturating_sub(first).min(32) * 2;
                    rest |= u128::from(interleave(low >> half, high >> half)) << have;
                    have += count;
                    while have >= 8 {
                        bytes.push(rest as u8);
                        (rest, have) = (rest >> 8, have - 8);
                    }
                }
            }
        }
        if have > 0 {
            bytes.push(rest as u8);
        }
        bytes
    }

    pub fn memory_bytes(&self) -> usize {
        self.planes.len() * 16 + self.level_available.len() * 4 + self.index.borrow().memory_bytes()
    }
}

/// Flips the bit of a row in the sets of the sizes given as bits.
fn flip(sets: &mut RowSets, mut sizes: u16, place: u32) {
    while sizes != 0 {
        let size = sizes.trailing_zeros() as usize;
        sets[size][place as usize / 64] ^= 1 << (place % 64);
        sizes &= sizes - 1;
    }
}

/// The low 32 bits of each: those of `low` on the even places, those of `high` on the odd ones.
fn interleave(low: u64, high: u64) -> u64 {
    let spread = |bits: u64| {
        let mut bits = bits & 0xffff_ffff;
        bits = (bits | bits << 16) & 0x0000_ffff_0000_ffff;
        bits = (bits | bits << 8) & 0x00ff_00ff_00ff_00ff;
        bits = (bits | bits << 4) & 0x0f0f_0f0f_0f0f_0f0f;
        bits = (bits | bits << 2) & 0x3333_3333_3333_3333;
        (bits | bits << 1) & 0x5555_5555_5555_5555
    };
    spread(low) | spread(high) << 1
}
