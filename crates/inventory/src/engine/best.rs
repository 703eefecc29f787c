//! The best available seats for a party.
//!
//! What is better is decided in this order: fewer pieces, fewer lone seats left behind, better
//! rank (the sum over the seats, smaller is better; within a sixteenth of the best all are
//! equally good), lower price. Among what is left, at most sixteen rows, the request's `spread`
//! chooses, so that requests answered from the same picture do not all point at the same seats.
//!
//! Rows are visited from the best to the worst, and only those that the row index says fit the
//! party; the search ends at the first row whose best seat is worse than what was found. So its
//! cost hardly depends on the size of the house. What the best window of a row is worth is
//! remembered until a seat of the row changes.

use std::ops::ControlFlow;

use super::manifest::{Manifest, Row};
use super::orphan::{LEFT, Strip, leaves, windows};
use super::place::{Place, Places};
use super::split;
use super::state::EventState;
use super::{Best, Orphans, Refusal};

/// Rows the request's hash chooses from.
const SPREAD_MAX: usize = 16;
/// A window is as good as the best when its rank is at most this part worse.
const SPREAD_PART: u32 = 16;

/// One search. It holds what the request means on this map.
pub(super) struct Search<'state> {
    pub state: &'state EventState,
    pub best: Best,
    pub orphans: Orphans,
    /// Accessible and companion seats are for everyone.
    released: bool,
    spread: u64,
    /// Levels that may be used, when some may not.
    levels: Option<Levels>,
    /// Only rows of this section.
    pub section: Option<u16>,
    /// Seats already given to a part of the party.
    given: Vec<u32>,
}

/// A set of price levels.
type Levels = [u64; 4];

/// Neighbouring seats in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// Lone seats it leaves.
    pub orphans: u32,
    /// Sum of the ranks of its seats.
    pub rank: u32,
    /// Its first seat.
    pub seat: u32,
    pub count: u32,
}

/// Which windows are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Whatever they leave.
    Any,
    /// Those that leave nobody alone.
    Clean,
    /// Those that leave somebody alone.
    Unclean,
}

impl<'state> Search<'state> {
    /// Refuses a section or level the map does not have, a party that does not add up, and a
    /// ticket type that is sold in none of the levels.
    pub fn new(
        state: &'state EventState,
        best: &Best,
        orphans: Orphans,
        released: bool,
        spread: u64,
    ) -> Result<Self, Refusal> {
        let (manifest, prices) = (&state.manifest, state.prices());
        if best.section.is_some_and(|section| usize::from(section) >= manifest.sections()) {
            return Err(Refusal::UnknownSection);
        }
        if best.level.is_some_and(|level| usize::from(level) >= manifest.levels().len()) {
            return Err(Refusal::UnknownLevel);
        }
        let special = u32::from(best.accessible) + u32::from(best.companions);
        if special > u32::from(best.quantity) || (best.companions > 0 && best.accessible == 0) {
            return Err(Refusal::PartyMismatch);
        }
        let mut levels = Levels::default();
        let mut all = true;
        for level in 0..manifest.levels().len() as u8 {
            let wanted = best.level.is_none_or(|only| only == level);
            if wanted && prices.minor(level, best.ticket_type).is_some() {
                levels[usize::from(level) / 64] |= 1 << (level % 64);
            } else {
                all = false;
            }
        }
        if levels == Levels::default() && !manifest.levels().is_empty() {
            return Err(Refusal::TicketTypeNotSold);
        }
        Ok(Self {
            state,
            best: *best,
            orphans,
            released,
            spread,
            levels: (!all).then_some(levels),
            section: best.section,
            given: Vec::new(),
        })
    }

    /// The seats, or `None` when the party does not fit.
    pub fn run(mut self) -> Option<Places> {
        if self.best.accessible > 0 {
            return self.accessible_party();
        }
        let count = u32::from(self.best.quantity);
        match self.together(count) {
            Some(window) => self.places(&[window]),
            None => self.places(&split::split(&self, count)?),
        }
    }

    fn places(&self, pieces: &[Window]) -> Option<Places> {
        let seats =
            pieces.iter().flat_map(|piece| piece.seat..piece.seat + piece.count).chain(self.given.iter().copied());
        let ticket_type = self.best.ticket_type;
        let places = Places::new(seats.map(|seat| Place::Seat { seat, ticket_type }));
        Some(places.expect("pieces are disjoint and as many as asked for"))
    }

    fn manifest(&self) -> &'state Manifest {
        &self.state.manifest
    }

    /// Seats of a word that may be sold to a party without special needs.
    #[inline]
    fn free(&self, word: u32) -> u64 {
        let (manifest, seats) = (self.manifest(), &self.state.seats);
        let free = if self.released { seats.available(manifest, word) } else { seats.standard(manifest, word) };
        if self.given.is_empty() { free } else { free & !self.given_in(word) }
    }

    fn given_in(&self, word: u32) -> u64 {
        let bits = self.given.iter().map(|seat| self.manifest().bits[*seat as usize]);
        bits.filter(|bit| bit >> 6 == word).fold(0, |mask, bit| mask | 1 << (bit & 63))
    }

    /// Seats of a word whose price level is wanted.
    fn level_mask(&self, row: &Row, word: u32) -> u64 {
        let Some(levels) = &self.levels else { return u64::MAX };
        let wanted = |level: u8| levels[usize::from(level) / 64] >> (level % 64) & 1;
        match row.level {
            Some(level) => wanted(level).wrapping_neg(),
            None => {
                let first = (word - row.word) * 64;
                let seats = first..u32::from(row.seats).min(first + 64);
                seats.fold(0, |mask, at| mask | wanted(self.manifest().level(row.first_seat + at)) << (at - first))
            }
        }
    }

    /// The best `count` neighbours.
    pub fn together(&self, count: u32) -> Option<Window> {
        match self.orphans {
            Orphans::Ignore => self.windows(count, Wanted::Any),
            Orphans::Forbid => self.windows(count, Wanted::Clean),
            Orphans::Avoid => self.windows(count, Wanted::Clean).or_else(|| self.windows(count, Wanted::Unclean)),
        }
    }

    fn windows(&self, count: u32, wanted: Wanted) -> Option<Window> {
        let manifest = self.manifest();
        let mut found = Found::default();
        // A row that leaves somebody alone leaves one at least.
        let least = u32::from(wanted == Wanted::Unclean);
        self.visit(count, wanted, |place| {
            if found.is_settled(least, u32::from(manifest.order_rank[place as usize]) * count) {
                return ControlFlow::Break(());
            }
            if let Some((orphans, rank)) = self.row_cost(place, count, wanted) {
                found.add(orphans, rank, place);
            }
            ControlFlow::Continue(())
        });
        let prices = self.state.prices();
        let price = |place: u32| prices.minor(manifest.order_level[place as usize], self.best.ticket_type);
        let place = found.choose(self.spread, |place| price(place).unwrap_or(i64::MAX))?;
        self.row_best(self.row_at(place), count, wanted)
    }

    fn row_at(&self, place: u32) -> &'state Row {
        &self.manifest().rows[self.manifest().order[place as usize] as usize]
    }

    /// Lone seats and rank of the best window of a row.
    #[inline]
    fn row_cost(&self, place: u32, count: u32, wanted: Wanted) -> Option<(u32, u32)> {
        // The index counts standard seats of all levels and knows of no seats given away.
        let plain = wanted == Wanted::Clean && self.given.is_empty() && self.is_plain(place);
        if plain {
            let search = || {
                let best = self.row_best(self.row_at(place), count, wanted);
                best.expect("the index says that a window is there").rank
            };
            return Some((0, self.state.seats.index.best_clean(place, count, search)));
        }
        self.row_best(self.row_at(place), count, wanted).map(|window| (window.orphans, window.rank))
    }

    /// Whether all standard seats of a row are wanted, and no others.
    #[inline]
    fn is_plain(&self, place: u32) -> bool {
        let special = || self.manifest().special_rows[place as usize / 64] >> (place % 64) & 1 == 1;
        (self.levels.is_none() || self.row_at(place).level.is_some()) && !(self.released && special())
    }

    fn row_best(&self, row: &Row, count: u32, wanted: Wanted) -> Option<Window> {
        let mut best: Option<Window> = None;
        self.windows_in(row, count, wanted, |window| {
            if best.is_none_or(|best| (window.orphans, window.rank) < (best.orphans, best.rank)) {
                best = Some(window);
            }
        });
        best
    }

    /// Rows that may fit, as their places in the order: best first within the house, as the map
    /// has them within a section.
    #[inline]
    fn visit(&self, count: u32, wanted: Wanted, mut row: impl FnMut(u32) -> ControlFlow<()>) {
        let (manifest, index) = (self.manifest(), &self.state.seats.index);
        let size = count as usize - 1;
        let fits = if wanted == Wanted::Clean { &index.clean[size] } else { &index.fits[size] };
        // What the index does not know: special seats when they are for everyone.
        let candidates = |at: usize| {
            let mut rows = fits[at];
            if self.released {
                rows |= manifest.special_rows[at];
            }
            match &self.levels {
                None => rows,
                Some(levels) => rows & level_rows(manifest, levels, at),
            }
        };
        if let Some(section) = self.section {
            for at in manifest.section_rows(section) {
                let place = manifest.order_of[at as usize];
                if candidates(place as usize / 64) >> (place % 64) & 1 == 1 {
                    // Out of order, so the end of the search for one row is not the end for all.
                    let _ = row(place);
                }
            }
            return;
        }
        for at in 0..fits.len() {
            let mut rows = candidates(at);
            while rows != 0 {
                let place = at as u32 * 64 + rows.trailing_zeros();
                rows &= rows - 1;
                if row(place).is_break() {
                    return;
                }
            }
        }
    }

    #[inline]
    fn windows_in(&self, row: &Row, count: u32, wanted: Wanted, mut found: impl FnMut(Window)) {
        for at in 0..u32::from(row.words) {
            let strip = Strip::new(self.manifest(), row, at, |word| self.free(word));
            let pairs = strip.pairs();
            let mut set = match &self.levels {
                None => windows(strip.free, pairs, count),
                Some(_) => {
                    let free = |word| self.free(word) & self.level_mask(row, word);
                    let eligible = Strip::new(self.manifest(), row, at, free);
                    windows(eligible.free, eligible.pairs(), count)
                }
            };
            set &= Strip::OWN;
            let (left, right) = leaves(pairs, count);
            match wanted {
                Wanted::Any => {}
                Wanted::Clean => set &= !(left | right),
                Wanted::Unclean => set &= left | right,
            }
            let mut add = |bit: u32| {
                let seat = row.first_seat + at * 64 + (bit - LEFT);
                let orphans = match wanted {
                    Wanted::Unclean => (left >> bit & 1) as u32 + (right >> bit & 1) as u32,
                    Wanted::Any | Wanted::Clean => 0,
                };
                found(Window { orphans, rank: self.manifest().rank_sum(seat, count), seat, count });
            };
            if row.unimodal && wanted != Wanted::Unclean {
                // The nearest window on either side of where the best one of the empty row is.
                let middle = i32::from(row.best_start[count as usize - 1]) - at as i32 * 64;
                let middle = (middle.clamp(-1, 63) + LEFT as i32) as u32;
                let before = set & ((2u128 << middle) - 1);
                let after = set & !((2u128 << middle) - 1);
                if before != 0 {
                    add(127 - before.leading_zeros());
                }
                if after != 0 {
                    add(after.trailing_zeros());
                }
            } else {
                while set != 0 {
                    add(set.trailing_zeros());
                    set &= set - 1;
                }
            }
        }
    }

    /// Runs of free neighbours in a row, whole: what a split party is put together from.
    pub fn runs_in(&self, row: &Row, mut found: impl FnMut(u32, u32)) {
        let manifest = self.manifest();
        let eligible = |word: u32| self.free(word) & self.level_mask(row, word);
        let mut run: Option<(u32, u32)> = None;
        for offset in 0..u32::from(row.seats) {
            let (word, bit) = (row.word + offset / 64, offset % 64);
            if eligible(word) >> bit & 1 == 1 {
                let (_, length) = run.get_or_insert((row.first_seat + offset, 0));
                *length += 1;
                if manifest.words[word as usize].joined >> bit & 1 == 1 {
                    continue;
                }
            }
            if let Some((seat, length)) = run.take() {
                found(seat, length);
            }
        }
        if let Some((seat, length)) = run {
            found(seat, length);
        }
    }

    /// Rows where a run of `count` may be, best first.
    pub fn rows_fitting(&self, count: u32, mut row: impl FnMut(&Row) -> ControlFlow<()>) {
        self.visit(count, Wanted::Any, |place| row(self.row_at(place)));
    }

    /// A window of `count` from `seat` on, with what it costs.
    pub fn window(&self, seat: u32, count: u32) -> Window {
        let manifest = self.manifest();
        let row = manifest.row_of(seat);
        let offset = seat - row.first_seat;
        let strip = Strip::new(manifest, row, offset / 64, |word| self.free(word));
        let (left, right) = leaves(strip.pairs(), count);
        let bit = LEFT + offset % 64;
        let orphans = (left >> bit & 1) as u32 + (right >> bit & 1) as u32;
        Window { orphans, rank: manifest.rank_sum(seat, count), seat, count }
    }

    /// Wheelchair spaces with their companions, then the rest of the party near them.
    fn accessible_party(&mut self) -> Option<Places> {
        let Best { quantity, accessible, companions, .. } = self.best;
        let (spaces, companions) = (u32::from(accessible), u32::from(companions));
        let wanted_section = self.section;
        if !self.give_unit(spaces, companions) {
            // Not all side by side: each space with its share of the companions, in one section.
            for at in 0..spaces {
                let share = companions / spaces + u32::from(at < companions % spaces);
                if !self.give_unit(1, share) {
                    self.section = wanted_section;
                    if !self.give_unit(1, share) {
                        return None;
                    }
                }
                self.section = Some(self.manifest().section_of(self.given[0]));
            }
        }
        let rest = u32::from(quantity) - spaces - companions;
        if rest == 0 {
            return self.places(&[]);
        }
        self.section = Some(self.manifest().section_of(self.given[0]));
        let near = self.together(rest).map(|window| vec![window]).or_else(|| split::split(self, rest));
        self.section = wanted_section;
        let pieces =
            near.or_else(|| self.together(rest).map(|window| vec![window])).or_else(|| split::split(self, rest))?;
        self.places(&pieces)
    }

    /// Gives the best neighbours with `spaces` wheelchair spaces among them: companions on their
    /// own seats when there are some, else on any seat.
    fn give_unit(&mut self, spaces: u32, companions: u32) -> bool {
        let count = spaces + companions;
        let found = [true, false].into_iter().find_map(|special| self.unit(spaces, count, special));
        match found {
            Some(seat) => self.given.extend(seat..seat + count),
            None => return false,
        }
        true
    }

    /// Where `count` free neighbours start with at least `spaces` wheelchair spaces, as few more
    /// as possible. `special`: the others are companion seats.
    fn unit(&self, spaces: u32, count: u32, special: bool) -> Option<u32> {
        let (manifest, seats) = (self.manifest(), &self.state.seats);
        let mut best: Option<(u32, u32, u32)> = None;
        for (place, row) in manifest.order.iter().enumerate() {
            if manifest.special_rows[place / 64] >> (place % 64) & 1 == 0 {
                continue;
            }
            let row = &manifest.rows[*row as usize];
            if self.section.is_some_and(|only| only != row.section) {
                continue;
            }
            let free = |word: u32| {
                let kind = if special { manifest.words[word as usize].special } else { u64::MAX };
                seats.available(manifest, word) & kind & self.level_mask(row, word) & !self.given_in(word)
            };
            for at in 0..u32::from(row.words) {
                let strip = Strip::new(manifest, row, at, free);
                let mut set = windows(strip.free, strip.pairs(), count) & Strip::OWN;
                while set != 0 {
                    let seat = row.first_seat + at * 64 + set.trailing_zeros() - LEFT;
                    set &= set - 1;
                    let has = (seat..seat + count).filter(|seat| manifest.kind(*seat) == super::SeatKind::Accessible);
                    let has = has.count() as u32;
                    if has >= spaces {
                        let cost = (has - spaces, manifest.rank_sum(seat, count), seat);
                        best = Some(best.map_or(cost, |best| best.min(cost)));
                    }
                }
            }
        }
        best.map(|(.., seat)| seat)
    }
}

/// Rows of `order` that have a seat of one of the levels; `at`: which 64 of them.
fn level_rows(manifest: &Manifest, levels: &Levels, at: usize) -> u64 {
    let mut rows = 0;
    for (word, bits) in levels.iter().enumerate() {
        let mut bits = *bits;
        while bits != 0 {
            rows |= manifest.level_rows[word * 64 + bits.trailing_zeros() as usize][at];
            bits &= bits - 1;
        }
    }
    rows
}

/// The best rows so far, by lone seats and rank of their best windows.
#[derive(Default)]
struct Found {
    best: Option<(u32, u32)>,
    /// Lone seats, rank, place of the row in the order.
    kept: [(u32, u32, u32); SPREAD_MAX],
    count: usize,
}

impl Found {
    #[inline]
    fn add(&mut self, orphans: u32, rank: u32, place: u32) {
        let cost = (orphans, rank);
        let is_best = self.best.is_none_or(|best| cost < best);
        if is_best {
            self.best = Some(cost);
        }
        if self.count < SPREAD_MAX {
            self.kept[self.count] = (orphans, rank, place);
            self.count += 1;
        } else if is_best {
            let worst = self.kept.iter_mut().max().expect("it is full");
            *worst = (orphans, rank, place);
        }
    }

    /// Whether a row that leaves at least `least` alone and ranks at least `bound` cannot matter.
    #[inline]
    fn is_settled(&self, least: u32, bound: u32) -> bool {
        self.best.is_some_and(|(orphans, rank)| {
            orphans <= least && (bound > limit(rank) || (bound >= rank && self.count == SPREAD_MAX))
        })
    }

    /// One of the cheapest among the rows that are as good as the best.
    fn choose(&mut self, spread: u64, price: impl Fn(u32) -> i64) -> Option<u32> {
        let (orphans, rank) = self.best?;
        let mut count = 0;
        let mut lowest = i64::MAX;
        for at in 0..self.count {
            let one = self.kept[at];
            if one.0 == orphans && one.1 <= limit(rank) {
                let minor = price(one.2);
                if minor < lowest {
                    (lowest, count) = (minor, 0);
                }
                if minor == lowest {
                    self.kept[count] = one;
                    count += 1;
                }
            }
        }
        let mixed = spread.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let chosen = (u128::from(mixed) * count as u128 >> 64) as usize;
        Some(self.kept[chosen].2)
    }
}

/// The worst rank that is as good as `best`.
#[inline]
fn limit(best: u32) -> u32 {
    best + best / SPREAD_PART
}
