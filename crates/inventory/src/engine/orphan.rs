//! Runs of free neighbours in a row, and the lone seats a pick would leave behind.
//!
//! A row is looked at one word at a time through a [`Strip`]: its 64 places with those around
//! them. `free` has a bit per seat that may be sold; `joined` says where a seat and the next one
//! are neighbours. A lone seat (orphan) is a free one without a free neighbour; aisles and missing
//! seats end a run like a taken seat does.

use std::ops::{BitAnd, Not, Shl, Shr};

use super::Places;
use super::manifest::{Manifest, Row};
use super::seats::Seats;

/// Bits before a word's own in its strip: enough to see whether a lone seat is left at its edge.
pub(super) const LEFT: u32 = 32;

/// Longest run that is told from longer ones: a party of ten leaves nobody alone when the run has
/// ten, or twelve and more.
pub(super) const RUN_MAX: usize = 12;

/// 64 places of a row from bit [`LEFT`] on, with the 32 before and after.
#[derive(Clone, Copy)]
pub(super) struct Strip {
    pub free: u128,
    pub joined: u128,
}

impl Strip {
    /// The bits that belong to the word itself.
    pub const OWN: u128 = (u64::MAX as u128) << LEFT;

    /// Around word `at` of `row`; `free` gives the free seats of a word.
    #[inline]
    pub fn new(manifest: &Manifest, row: &Row, at: u32, free: impl Fn(u32) -> u64) -> Strip {
        let word = row.word + at;
        let joined = |word: u32| manifest.words[word as usize].joined;
        let mut strip = Strip { free: u128::from(free(word)) << LEFT, joined: u128::from(joined(word)) << LEFT };
        if at > 0 {
            strip.free |= u128::from(free(word - 1) >> LEFT);
            strip.joined |= u128::from(joined(word - 1) >> LEFT);
        }
        if at + 1 < u32::from(row.words) {
            strip.free |= u128::from(free(word + 1)) << (LEFT + 64);
            strip.joined |= u128::from(joined(word + 1)) << (LEFT + 64);
        }
        strip
    }

    /// Where a free seat and the next one are free neighbours.
    #[inline]
    pub fn pairs(self) -> u128 {
        self.free & self.free >> 1 & self.joined
    }

    /// Free seats without a free neighbour.
    #[inline]
    pub fn singles(self) -> u128 {
        let pairs = self.pairs();
        self.free & !pairs & !(pairs << 1)
    }
}

/// A word of row bits: 64 for a row that fits one word, a [`Strip`]'s 128 for longer ones.
pub(super) trait Bits:
    Copy + BitAnd<Output = Self> + Not<Output = Self> + Shl<u32, Output = Self> + Shr<u32, Output = Self>
{
}

impl Bits for u64 {}
impl Bits for u128 {}

/// Where `count` (1..=10) free neighbours start; `pairs` of the same `free`.
#[inline]
pub(super) fn windows<B: Bits>(free: B, pairs: B, count: u32) -> B {
    if count == 1 {
        return free;
    }
    // Doubling: after a step, bit i says that `have` pairs follow each other from i on.
    let (mut run, mut have) = (pairs, 1);
    while have < count - 1 {
        let step = have.min(count - 1 - have);
        run = run & run >> step;
        have += step;
    }
    run
}

/// Where a window of `count` that starts leaves a lone seat before it, and where one after it.
#[inline]
pub(super) fn leaves<B: Bits>(pairs: B, count: u32) -> (B, B) {
    let left = pairs << 1 & !(pairs << 2);
    let right = pairs >> (count - 1) & !(pairs >> count);
    (left, right)
}

/// Which lengths of free runs start in the word of a strip: bit `n - 1` for a run of `n`, the
/// last for [`RUN_MAX`] and more.
pub(super) fn run_lengths(strip: Strip) -> u16 {
    let pairs = strip.pairs();
    let mut reach = strip.free & !(pairs << 1) & Strip::OWN;
    let mut lengths = 0;
    let mut rest = pairs;
    for length in 0..RUN_MAX - 1 {
        if reach == 0 {
            return lengths;
        }
        let longer = reach & rest;
        lengths |= u16::from(longer != reach) << length;
        reach = longer;
        rest >>= 1;
    }
    lengths | u16::from(reach != 0) << (RUN_MAX - 1)
}

/// [`run_lengths`] of a row that fits one word, at half the cost.
pub(super) fn run_lengths_short(free: u64, joined: u64) -> u16 {
    let pairs = free & free >> 1 & joined;
    let mut reach = free & !(pairs << 1);
    let mut lengths = 0;
    let mut rest = pairs;
    for length in 0..RUN_MAX - 1 {
        if reach == 0 {
            return lengths;
        }
        let longer = reach & rest;
        lengths |= u16::from(longer != reach) << length;
        reach = longer;
        rest >>= 1;
    }
    lengths | u16::from(reach != 0) << (RUN_MAX - 1)
}

/// Party sizes (bit `n - 1` for `n`) that fit next to each other into runs of these lengths.
pub(super) fn sizes_that_fit(lengths: u16) -> u16 {
    let mut fit = lengths;
    fit |= fit >> 1;
    fit |= fit >> 2;
    fit |= fit >> 4;
    fit |= fit >> 8;
    fit & 0x3ff
}

/// Party sizes that fit and leave nobody alone: they fill a run, or leave two seats at least.
pub(super) fn sizes_that_fit_clean(lengths: u16) -> u16 {
    let mut fit = lengths;
    fit |= fit >> 1;
    fit |= fit >> 2;
    fit |= fit >> 4;
    fit |= fit >> 8;
    (lengths | fit >> 2) & 0x3ff
}

/// A seat that taking `places` would leave alone and that is not alone now. `special`: whether
/// accessible and companion seats count as free. Adding the seat to the pick makes it good.
pub(super) fn left_by(manifest: &Manifest, seats: &Seats, places: &Places, special: bool) -> Option<u32> {
    let free = |word| if special { seats.available(manifest, word) } else { seats.standard(manifest, word) };
    let picked = |word: u32| {
        let bits = places.seat_indexes().map(|seat| manifest.bits[seat as usize]);
        bits.filter(|bit| bit >> 6 == word).fold(0u64, |mask, bit| mask | 1 << (bit & 63))
    };
    let mut seen = u32::MAX;
    for seat in places.seat_indexes() {
        let word = manifest.bits[seat as usize] >> 6;
        if word == seen {
            continue;
        }
        seen = word;
        let row = manifest.row_of(seat);
        let strip = |free: &dyn Fn(u32) -> u64| Strip::new(manifest, row, word - row.word, free);
        let (before, after) = (strip(&free), strip(&|word| free(word) & !picked(word)));
        let lone = after.singles() & !before.singles();
        if lone != 0 {
            return Some(manifest.seat_at(word * 64 + lone.trailing_zeros() - LEFT));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths of runs in a row written as text: `.` free, `x` taken, `|` an aisle.
    fn row(text: &str) -> (u64, u64) {
        let (mut free, mut joined, mut at) = (0, 0, 0);
        for letter in text.chars() {
            match letter {
                '|' => joined &= !(1 << (at - 1)),
                _ => {
                    free |= u64::from(letter == '.') << at;
                    joined |= 1 << at;
                    at += 1;
                }
            }
        }
        (free, joined & !(1 << (at - 1)))
    }

    #[test]
    fn runs_end_at_taken_seats_and_aisles() {
        for (text, lengths) in [
            ("....", 0b1000),
            (".x..x...", 0b111),
            ("..|..", 0b10),
            ("xxxx", 0),
            ("..............", 1 << (RUN_MAX - 1)),
            ("...........", 1 << 10),
        ] {
            let (free, joined) = row(text);
            assert_eq!(run_lengths_short(free, joined), lengths, "{text}");
            let strip = Strip { free: u128::from(free) << LEFT, joined: u128::from(joined) << LEFT };
            assert_eq!(run_lengths(strip), lengths, "{text}");
        }
    }

    #[test]
    fn windows_and_what_they_leave() {
        let starts = |text: &str, count| {
            let (free, joined) = row(text);
            let strip = Strip { free: u128::from(free) << LEFT, joined: u128::from(joined) << LEFT };
            let pairs = strip.pairs();
            let (left, right) = leaves(pairs, count);
            let all = windows(strip.free, pairs, count);
            let places = |bits: u128| (0..64).filter(|at| bits >> (LEFT + at) & 1 == 1).collect::<Vec<u32>>();
            (places(all), places(all & !left & !right))
        };
        assert_eq!(starts("......", 4), (vec![0, 1, 2], vec![0, 2]));
        assert_eq!(starts(".....", 4), (vec![0, 1], vec![]));
        assert_eq!(starts("x....x", 4), (vec![1], vec![1]));
        assert_eq!(starts("...|...", 2), (vec![0, 1, 3, 4], vec![]));
        assert_eq!(starts("...|..", 2), (vec![0, 1, 3], vec![3]));
        assert_eq!(starts("..........", 10), (vec![0], vec![0]));
        assert_eq!(starts(".x.", 1), (vec![0, 2], vec![0, 2]));
    }

    #[test]
    fn sizes_follow_from_run_lengths() {
        // Runs of 5 and 2.
        let lengths = 1 << 4 | 1 << 1;
        assert_eq!(sizes_that_fit(lengths), 0b11111);
        assert_eq!(sizes_that_fit_clean(lengths), 0b10111);
    }
}
