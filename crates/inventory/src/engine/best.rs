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

use std::cell::Ref;
use std::ops::ControlFlow;

use super::manifest::{Manifest, Row};
use super::orphan::{LEFT, Strip, leaves, windows};
use super::place::{Place, Places};
use super::rules::LevelSet;
use super::seats::{Clean, RowIndex};
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
    index: Ref<'state, RowIndex>,
    pub best: Best,
    pub orphans: Orphans,
    /// Accessible and companion seats are for everyone.
    released: bool,
    spread: u64,
    /// Levels that may be used, when some may not.
    levels: Option<LevelSet>,
    /// Only rows of this section.
    pub section: Option<u16>,
    /// Seats already given to a part of the party.
    given: Vec<u32>,
}

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
        let mut levels = prices.sold_in(best.ticket_type);
        if let Some(only) = best.level {
            let mut wanted = LevelSet::default();
            wanted[usize::from(only) / 64] |= 1 << (only % 64);
            levels.iter_mut().zip(wanted).for_each(|(levels, wanted)| *levels &= wanted);
        }
        let sold = levels.iter().map(|levels| levels.count_ones() as usize).sum::<usize>();
        if sold == 0 && !manifest.levels().is_empty() {
            return Err(Refusal::TicketTypeNotSold);
        }
        let all = sold == manifest.levels().len();
        Ok(Self {
            state,
            index: state.seats.index(manifest),
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
            self.row_cost(place, count, wanted).into_iter().for_each(|cost| found.add(cost, place));
            ControlFlow::Continue(())
        });
        let prices = self.state.prices();
        let price = |place: u32| {
            // One level costs the same everywhere.
            let level = if manifest.levels().len() == 1 { 0 } else { manifest.order_level[place as usize] };
            prices.minor(level, self.best.ticket_type).unwrap_or(i64::MAX)
        };
        let place = found.choose(self.spread, price)?;
        self.row_best(self.row_at(place), count, wanted)
    }

    fn row_at(&self, place: u32) -> &'state Row {
        &self.manifest().rows[self.manifest().order[place as usize] as usize]
    }

    /// Lone seats and rank of the best window of a row.
    #[inline]
    fn row_cost(&self, place: u32, count: u32, wanted: Wanted) -> Option<Cost> {
        // The index counts standard seats of all levels and knows of no seats given away.
        if wanted != Wanted::Unclean && self.given.is_empty() && self.is_plain(place) {
            let clean = if wanted == Wanted::Clean { Clean::Only } else { Clean::NotOnly };
            let search = || {
                let best = self.row_best(self.row_at(place), count, wanted);
                best.expect("the index says that a window is there").rank
            };
            return Some(Cost::new(0, self.index.best_rank(place, count, clean, search)));
        }
        self.row_best(self.row_at(place), count, wanted).map(Window::cost)
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
            if best.is_none_or(|best| window.cost() < best.cost()) {
                best = Some(window);
            }
        });
        best
    }

    /// Rows that may fit, as their places in the order, best first.
    #[inline(always)]
    fn visit(&self, count: u32, wanted: Wanted, mut row: impl FnMut(u32) -> ControlFlow<()>) {
        let manifest = self.manifest();
        let fits = self.index.rows(count, if wanted == Wanted::Clean { Clean::Only } else { Clean::NotOnly });
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
            for place in manifest.section_order(section) {
                let fits = candidates(*place as usize / 64) >> (place % 64) & 1 == 1;
                if fits && row(*place).is_break() {
                    return;
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
        if row.words == 1 {
            let free = self.free(row.word);
            let joined = self.manifest().words[row.word as usize].joined;
            let pairs = |free: u64| free & free >> 1 & joined;
            let eligible = free & self.level_mask(row, row.word);
            let all = windows(eligible, pairs(eligible), count);
            let (left, right) = leaves(pairs(free), count);
            self.pick(row, 0, count, wanted, (all, left, right), &mut found);
            return;
        }
        for at in 0..u32::from(row.words) {
            let strip = Strip::new(self.manifest(), row, at, |word| self.free(word));
            let eligible = match &self.levels {
                None => strip,
                Some(_) => Strip::new(self.manifest(), row, at, |word| self.free(word) & self.level_mask(row, word)),
            };
            let all = windows(eligible.free, eligible.pairs(), count) & Strip::OWN;
            let (left, right) = leaves(strip.pairs(), count);
            self.pick(
                row,
                at * 64,
                count,
                wanted,
                ((all >> LEFT) as u64, (left >> LEFT) as u64, (right >> LEFT) as u64),
                &mut found,
            );
        }
    }

    /// Tells of the windows that can be the best: `all` windows that start in 64 places of a row,
    /// from `first` on, and where one leaves a lone seat before or after it.
    fn pick(
        &self,
        row: &Row,
        first: u32,
        count: u32,
        wanted: Wanted,
        (all, left, right): (u64, u64, u64),
        found: &mut impl FnMut(Window),
    ) {
        let mut set = match wanted {
            Wanted::Any => all,
            Wanted::Clean => all & !(left | right),
            Wanted::Unclean => all & (left | right),
        };
        let mut add = |bit: u32| {
            let seat = row.first_seat + first + bit;
            let orphans = match wanted {
                Wanted::Unclean => (left >> bit & 1) as u32 + (right >> bit & 1) as u32,
                Wanted::Any | Wanted::Clean => 0,
            };
            found(Window { orphans, rank: self.manifest().rank_sum(seat, count), seat, count });
        };
        if row.unimodal && wanted != Wanted::Unclean {
            // The nearest window on either side of where the best one of the empty row is.
            let middle = i32::from(row.best_start[count as usize - 1]) - first as i32;
            let before = if middle < 0 { 0 } else { set & (u64::MAX >> (63 - middle.min(63))) };
            let after = set & !before;
            if before != 0 {
                add(63 - before.leading_zeros());
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

    /// Whether the runs found are whole: no seat next to them is free but not wanted.
    pub fn sees_all(&self) -> bool {
        self.levels.is_none()
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
fn level_rows(manifest: &Manifest, levels: &LevelSet, at: usize) -> u64 {
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

/// Lone seats, then rank, in one number that compares the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost(u32);

const RANK_BITS: u32 = 28;
const _: () = assert!((u16::MAX as usize) * stagedoor_core::limits::SEATS_PER_HOLD_MAX < 1 << RANK_BITS);

impl Cost {
    #[inline]
    fn new(orphans: u32, rank: u32) -> Cost {
        Cost(orphans << RANK_BITS | rank)
    }

    fn orphans(self) -> u32 {
        self.0 >> RANK_BITS
    }

    fn rank(self) -> u32 {
        self.0 & ((1 << RANK_BITS) - 1)
    }

    /// The worst that is as good.
    #[inline]
    fn limit(self) -> Cost {
        Cost(self.0 + self.rank() / SPREAD_PART)
    }
}

impl Window {
    pub fn cost(self) -> Cost {
        Cost::new(self.orphans, self.rank)
    }
}

/// The best rows so far.
struct Found {
    best: Cost,
    /// Cost of the best window and place of the row in the order.
    kept: [(Cost, u32); SPREAD_MAX],
    count: usize,
}

impl Default for Found {
    fn default() -> Self {
        Self { best: Cost(u32::MAX), kept: [(Cost(0), 0); SPREAD_MAX], count: 0 }
    }
}

impl Found {
    #[inline]
    fn add(&mut self, cost: Cost, place: u32) {
        let is_best = cost < self.best;
        self.best = self.best.min(cost);
        if let Some(free) = self.kept.get_mut(self.count) {
            *free = (cost, place);
            self.count += 1;
        } else if is_best {
            *self.kept.iter_mut().max().expect("it is full") = (cost, place);
        }
    }

    /// Whether a row that leaves at least `least` alone and ranks at least `bound` cannot matter.
    #[inline]
    fn is_settled(&self, least: u32, bound: u32) -> bool {
        let bound = Cost::new(least, bound);
        self.count > 0
            && (bound > self.best.limit() || (bound >= self.best && self.count == SPREAD_MAX))
            && self.best.orphans() <= least
    }

    /// One of the cheapest among the rows that are as good as the best.
    fn choose(&mut self, spread: u64, price: impl Fn(u32) -> i64) -> Option<u32> {
        if self.count == 0 {
            return None;
        }
        let limit = self.best.limit();
        let (mut good, mut lowest) = (0, i64::MAX);
        for at in 0..self.count {
            let (cost, place) = self.kept[at];
            if cost > limit {
                continue;
            }
            let minor = price(place);
            if minor < lowest {
                (lowest, good) = (minor, 0);
            }
            if minor == lowest {
                self.kept[good] = (cost, place);
                good += 1;
            }
        }
        // Multiplying keeps the choice even whatever the number's good bits are.
        let mixed = spread.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let chosen = ((u128::from(mixed) * good as u128) >> 64) as usize;
        Some(self.kept[chosen].1)
    }
}
