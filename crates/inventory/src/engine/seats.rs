//! The status of every seat and area of an event, in a few bits and bytes each, and an index of
//! which rows still fit a party.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use stagedoor_core::limits::SEATS_PER_HOLD_MAX;

use super::manifest::{Manifest, Row, SeatKind};
use super::orphan::{Strip, run_lengths, run_lengths_short, sizes_that_fit, sizes_that_fit_clean};
use super::slab::NONE;

/// The wire number of a status is its value here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum SeatStatus {
    Available = 0,
    Held = 1,
    Sold = 2,
    Blocked = 3,
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
    /// Available seats that are neither accessible nor companion seats.
    pub standard_available: u32,
}

pub(super) struct Seats {
    /// By word: the low and the high bit of each seat's status.
    planes: Box<[[u64; 2]]>,
    /// By seat: the record of the hold that has it held or sold.
    owner: Box<[u32]>,
    pub counts: Counts,
    /// Available seats by price level.
    pub level_available: Box<[u32]>,
    pub index: RowIndex,
}

/// Rows by what still fits into them, counting standard seats only. Rows are bits, from the best
/// row to the worst as in `Manifest::order`.
///
/// Only searches need it, so a change merely marks its row as stale, and nothing is computed while
/// fans pick seats by hand. A search takes stale rows as they are and says that it was there; the
/// next change then brings the index up to date.
pub(super) struct RowIndex {
    /// Rows that changed since they were last looked at.
    stale: Box<[u64]>,
    has_stale: bool,
    searched: AtomicBool,
    /// By row: the lengths of its free runs.
    lengths: Box<[u16]>,
    /// By party size less one: rows with that many free neighbours.
    fits: [Box<[u64]>; SEATS_PER_HOLD_MAX],
    /// The same, leaving nobody alone.
    clean: [Box<[u64]>; SEATS_PER_HOLD_MAX],
    /// By row in order and party size less one: the rank of the best window that leaves nobody
    /// alone, plus one; 0 until a search has asked. Searches only remember here what they
    /// compute, so a search is still a question that changes nothing.
    best: Box<[[AtomicU32; SEATS_PER_HOLD_MAX]]>,
}

impl RowIndex {
    /// 64 rows from `at * 64` on in the order: those where `count` free neighbours may be, or may
    /// be without leaving somebody alone. No other row has them.
    #[inline]
    pub fn candidates(&self, at: usize, count: u32, clean: Clean) -> u64 {
        let sets = if clean == Clean::Only { &self.clean } else { &self.fits };
        sets[count as usize - 1][at] | self.stale[at]
    }

    /// Says that a search wants the index, see [`RowIndex`].
    pub fn ask(&self) {
        if self.has_stale {
            self.searched.store(true, Ordering::Relaxed);
        }
    }

    /// The rank of the best window of `count` that leaves nobody alone in the row at `place` of
    /// the order, found by `search` unless it is known.
    #[inline]
    pub fn best_clean(&self, place: u32, count: u32, search: impl FnOnce() -> Option<u32>) -> Option<u32> {
        if self.stale[place as usize / 64] >> (place % 64) & 1 == 1 {
            return search();
        }
        let known = &self.best[place as usize][count as usize - 1];
        match known.load(Ordering::Relaxed) {
            0 => {
                let rank = search()?;
                known.store(rank + 1, Ordering::Relaxed);
                Some(rank)
            }
            rank => Some(rank - 1),
        }
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
        let row_words = manifest.rows.len().div_ceil(64);
        let rows = || std::array::from_fn(|_| vec![0; row_words].into_boxed_slice());
        let mut level_available = vec![0; manifest.levels().len()].into_boxed_slice();
        let mut standard_available = 0;
        for seat in 0..manifest.seats() as u32 {
            level_available[usize::from(manifest.level(seat))] += 1;
            standard_available += u32::from(manifest.kind(seat) == SeatKind::Standard);
        }
        let mut seats = Seats {
            planes: vec![[0; 2]; manifest.words.len()].into(),
            owner: vec![NONE; manifest.seats()].into(),
            counts: Counts { by_status: [manifest.seats() as u32, 0, 0, 0], standard_available },
            level_available,
            index: RowIndex {
                stale: vec![0; row_words].into(),
                has_stale: false,
                searched: AtomicBool::new(false),
                lengths: vec![0; manifest.rows.len()].into(),
                fits: rows(),
                clean: rows(),
                best: manifest.rows.iter().map(|_| Default::default()).collect(),
            },
        };
        seats.refresh_all(manifest);
        seats
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

    /// The record that has the seat held or sold, [`NONE`] for another status.
    pub fn owner(&self, seat: u32) -> u32 {
        self.owner[seat as usize]
    }

    /// Moves a seat from one status, which it must have, to another. `owner`: the record that
    /// loses it or gets it. Its row is stale until [`Seats::refresh`].
    #[inline]
    pub fn set(&mut self, manifest: &Manifest, seat: u32, from: SeatStatus, to: SeatStatus, owner: u32) {
        let bit = manifest.bits[seat as usize];
        let (word, shift) = ((bit >> 6) as usize, bit & 63);
        let planes = &mut self.planes[word];
        let was = from as u64;
        let now = planes[0] >> shift & 1 | (planes[1] >> shift & 1) << 1;
        assert!(now == was, "seat {seat} has status {now}, not {was}");
        let change = was ^ to as u64;
        planes[0] ^= (change & 1) << shift;
        planes[1] ^= (change >> 1) << shift;
        let has_owner = |status| matches!(status, SeatStatus::Held | SeatStatus::Sold);
        let owned = &mut self.owner[seat as usize];
        assert!(!has_owner(from) || *owned == owner, "seat {seat} belongs to record {owned}, not {owner}");
        *owned = if has_owner(to) { owner } else { NONE };
        self.counts.by_status[from as usize] -= 1;
        self.counts.by_status[to as usize] += 1;
        let freed = i32::from(to == SeatStatus::Available) - i32::from(from == SeatStatus::Available);
        if freed != 0 {
            let layout = &manifest.words[word];
            let level = &mut self.level_available[usize::from(manifest.level(seat))];
            *level = level.wrapping_add_signed(freed);
            let standard = (layout.special >> shift & 1) as i32 - 1;
            self.counts.standard_available = self.counts.standard_available.wrapping_add_signed(freed & standard);
            self.index.stale[layout.place as usize / 64] |= 1 << (layout.place % 64);
            self.index.has_stale = true;
        }
    }

    /// Brings the row index up to date if a search has asked for it since the last change.
    #[inline]
    pub fn refresh(&mut self, manifest: &Manifest) {
        if *self.index.searched.get_mut() {
            self.refresh_stale(manifest);
        }
    }

    fn refresh_stale(&mut self, manifest: &Manifest) {
        for at in 0..self.index.stale.len() {
            let mut rows = std::mem::take(&mut self.index.stale[at]);
            while rows != 0 {
                self.refresh_row(manifest, at as u32 * 64 + rows.trailing_zeros());
                rows &= rows - 1;
            }
        }
        self.index.has_stale = false;
        *self.index.searched.get_mut() = false;
    }

    fn refresh_row(&mut self, manifest: &Manifest, place: u32) {
        let row_index = manifest.order[place as usize] as usize;
        let lengths = self.run_lengths(manifest, &manifest.rows[row_index]);
        let old = std::mem::replace(&mut self.index.lengths[row_index], lengths);
        self.index.best[place as usize] = Default::default();
        if old != lengths {
            flip(&mut self.index.fits, sizes_that_fit(old) ^ sizes_that_fit(lengths), place);
            flip(&mut self.index.clean, sizes_that_fit_clean(old) ^ sizes_that_fit_clean(lengths), place);
        }
    }

    /// Brings the row index up to date with every row.
    pub fn refresh_all(&mut self, manifest: &Manifest) {
        (0..manifest.rows.len() as u32).for_each(|place| self.refresh_row(manifest, place));
        self.index.stale.fill(0);
        self.index.has_stale = false;
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
        let row_bits = self.index.fits.iter().chain(&self.index.clean).map(|rows| rows.len() * 8).sum::<usize>();
        self.planes.len() * 16
            + self.owner.len() * 4
            + self.level_available.len() * 4
            + self.index.lengths.len() * (2 + size_of::<[AtomicU32; SEATS_PER_HOLD_MAX]>())
            + row_bits
            + self.index.stale.len() * 8
    }
}

/// Flips the bit of a row in the sets of the sizes given as bits.
fn flip(sets: &mut [Box<[u64]>; SEATS_PER_HOLD_MAX], mut sizes: u16, place: u32) {
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
