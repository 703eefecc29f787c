//! Reading ahead: what the next commands will need, asked of memory all at once.
//!
//! Seats and holds lie all over some megabytes, so deciding a command is mostly a row of reads
//! that each wait for the one before. Those of different commands do not depend on each other.
//! So this goes over a window of commands several times, each time one read further: what one
//! pass asks for without waiting is there by the next. Nothing here decides or changes anything.

use super::holds::{spread, spread_id};
use super::place::Packed;
use super::slab::NONE;
use super::state::EventState;
use super::{Command, Place, Want};

/// Commands that are read ahead for at once; what they need stays in the cache until they are
/// decided.
pub(crate) const WINDOW: usize = 32;

/// How far a command was followed.
#[derive(Clone, Copy)]
struct Trail<'a> {
    state: &'a EventState,
    command: &'a Command,
    /// Of the hold's id.
    hash: u64,
    /// Where its hold seems to be.
    hold: u32,
    /// The ended hold that will be forgotten for it.
    oldest: u32,
}

/// Asks memory for what the first [`WINDOW`] of `commands` will need.
pub(crate) fn warm<'a>(commands: impl Iterator<Item = (&'a EventState, &'a Command)>) {
    let mut trails = [const { None }; WINDOW];
    let (mut used, mut ends) = (0, Ends::default());
    for (state, command) in commands.take(WINDOW) {
        trails[used] = Some(Trail::begin(state, command, &mut ends));
        used += 1;
    }
    let trails = &mut trails[..used];
    trails.iter_mut().flatten().for_each(Trail::records);
    trails.iter().flatten().for_each(Trail::neighbours);
    trails.iter().flatten().for_each(Trail::seats);
}

/// Asks for the line of memory where `value` is, and does not wait for it.
#[inline]
pub(super) fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "asking for memory is an intrinsic; for a reference there is nothing to get wrong")]
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

/// Releases of a window by their event, roughly: two events may share a number, and then the wrong
/// ended hold is read ahead.
#[derive(Default)]
struct Ends([u8; 32]);

impl Ends {
    /// How many there were for this event before.
    fn count(&mut self, state: &EventState) -> usize {
        let count = &mut self.0[std::ptr::from_ref(state).addr() / size_of::<EventState>() % 32];
        *count += 1;
        usize::from(*count) - 1
    }
}

impl<'a> Trail<'a> {
    /// Asks for what the command itself names.
    fn begin(state: &'a EventState, command: &'a Command, ends: &mut Ends) -> Self {
        let books = &state.books;
        let mut trail = Trail { state, command, hash: 0, hold: NONE, oldest: NONE };
        let (Command::Hold { hold, .. }
        | Command::Release { hold, .. }
        | Command::Sell { hold, .. }
        | Command::Extend { hold, .. }) = command
        else {
            return trail;
        };
        trail.hash = spread_id(*hold);
        books.by_hold.prefetch(trail.hash);
        match command {
            Command::Hold { fan, want, key, .. } => {
                books.by_user.prefetch(spread_id(*fan));
                key.iter().for_each(|key| books.by_key.prefetch(spread(key.key)));
                if let Want::Picked { places, .. } = want {
                    state.prefetch_bits(places.packed());
                }
            }
            Command::Release { .. } => {
                trail.oldest = books.forgotten_after(ends.count(state)).unwrap_or(NONE);
                if trail.oldest != NONE {
                    prefetch(&books.records[trail.oldest]);
                }
            }
            Command::Sell { order, .. } => books.by_order.prefetch(spread_id(*order)),
            _ => {}
        }
        trail
    }

    /// Asks for the records that the indexes name.
    fn records(&mut self) {
        let books = &self.state.books;
        match self.command {
            Command::Hold { fan, want, .. } => {
                let fan = books.by_user.likely(spread_id(*fan));
                if fan != NONE {
                    prefetch(&books.fans[fan]);
                }
                if let Want::Picked { places, .. } = want {
                    self.state.prefetch_seats(places.packed());
                }
            }
            Command::Release { .. } | Command::Sell { .. } | Command::Extend { .. } => {
                self.hold = books.by_hold.likely(self.hash);
                if self.hold != NONE {
                    prefetch(&books.records[self.hold]);
                }
            }
            _ => {}
        }
        if self.oldest != NONE {
            let record = &books.records[self.oldest];
            books.by_hold.prefetch(spread_id(record.hold));
            prefetch(&books.fans[record.fan]);
        }
    }

    /// Asks for what the records name: places, fans, the holds before and after in order of their
    /// deadlines.
    fn neighbours(&self) {
        let books = &self.state.books;
        if self.hold != NONE {
            prefetch(&books.fans[books.records[self.hold].fan]);
            books.deadlines.prefetch(&books.records, self.hold);
            self.state.prefetch_bits(books.near_places(self.hold));
        }
        if self.oldest != NONE {
            books.by_user.prefetch(spread_id(books.user_of(&books.records[self.oldest])));
        }
    }

    fn seats(&self) {
        if self.hold != NONE {
            self.state.prefetch_seats(self.state.books.near_places(self.hold));
        }
    }
}

impl EventState {
    fn prefetch_bits(&self, places: &[Packed]) {
        seats(places).for_each(|seat| self.manifest.prefetch_bit(seat));
    }

    fn prefetch_seats(&self, places: &[Packed]) {
        seats(places).for_each(|seat| self.seats.prefetch(&self.manifest, seat));
    }
}

fn seats(places: &[Packed]) -> impl Iterator<Item = u32> + '_ {
    places.iter().filter_map(|packed| match packed.place() {
        Place::Seat { seat, .. } => Some(seat),
        Place::Area { .. } => None,
    })
}
