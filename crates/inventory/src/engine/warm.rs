//! Reading ahead: what the next commands will need, asked of memory all at once.
//!
//! Seats and holds lie all over some megabytes, so deciding a command is mostly a row of reads
//! that each wait for the one before. Those of different commands do not depend on each other,
//! and a processor that sees them together waits for them together. So this goes over a window of
//! commands several times, each time one read further. Nothing here decides or changes anything.

use super::holds::{Books, spread, spread_id};
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
    /// Where its hold seems to be.
    hold: u32,
    /// Where the fan who asks for a hold seems to be.
    fan: u32,
    /// The ended hold that will be forgotten for it.
    oldest: u32,
}

/// Reads what the first [`WINDOW`] of `commands` will need. What it returns means nothing, but has
/// to be used for the reads to happen.
pub(crate) fn warm<'a>(commands: impl Iterator<Item = (&'a EventState, &'a Command)>) -> u64 {
    let mut trails = [const { None }; WINDOW];
    let (mut used, mut read) = (0, 0);
    for (state, command) in commands.take(WINDOW) {
        let (trail, found) = Trail::begin(state, command, &trails[..used]);
        (trails[used], read) = (Some(trail), read ^ found);
        used += 1;
    }
    let trails = trails[..used].iter().flatten();
    let read = trails.clone().fold(read, |read, trail| read ^ trail.records());
    let read = trails.clone().fold(read, |read, trail| read ^ trail.neighbours());
    trails.fold(read, |read, trail| read ^ trail.forgotten())
}

impl<'a> Trail<'a> {
    /// Reads what the command itself names. `before`: the trails of earlier commands.
    fn begin(state: &'a EventState, command: &'a Command, before: &[Option<Trail<'a>>]) -> (Self, u64) {
        let books = &state.books;
        let mut trail = Trail { state, command, hold: NONE, fan: NONE, oldest: NONE };
        let read = match command {
            Command::Hold { hold, fan, want, key, .. } => {
                let key = key.map_or(0, |key| books.by_key.touch(spread(key.key)));
                trail.fan = books.by_user.likely(spread_id(*fan));
                let read = books.by_hold.touch(spread_id(*hold)) ^ trail.fan ^ key;
                match want {
                    Want::Picked { places, .. } => u64::from(read) ^ state.warm_seats(places.packed()),
                    Want::Best(_) => u64::from(read),
                }
            }
            Command::Release { hold, .. } => {
                trail.hold = books.by_hold.likely(spread_id(*hold));
                let ends = |other: &Trail<'_>| {
                    std::ptr::eq(other.state, state) && matches!(other.command, Command::Release { .. })
                };
                let earlier = before.iter().flatten().filter(|other| ends(other)).count();
                trail.oldest = books.forgotten_after(earlier).unwrap_or(NONE);
                u64::from(trail.hold ^ trail.oldest)
            }
            Command::Sell { hold, order, .. } => {
                trail.hold = books.by_hold.likely(spread_id(*hold));
                u64::from(trail.hold ^ books.by_order.touch(spread_id(*order)))
            }
            Command::Extend { hold, .. } => {
                trail.hold = books.by_hold.likely(spread_id(*hold));
                u64::from(trail.hold)
            }
            _ => 0,
        };
        (trail, read)
    }

    fn records(&self) -> u64 {
        let books = &self.state.books;
        let read = |slot: u32| if slot == NONE { 0 } else { u64::from(books.records[slot].price_list) };
        let fan = if self.fan == NONE { 0 } else { u64::from(books.fans[self.fan].tickets) };
        read(self.hold) ^ read(self.oldest) ^ fan
    }

    /// What the records name: places, fans, the holds before and after in order of their deadlines.
    fn neighbours(&self) -> u64 {
        let books = &self.state.books;
        let mut read = 0;
        if self.hold != NONE {
            read ^= books.warm_fan(self.hold) ^ books.deadlines.warm(&books.records, self.hold);
            read ^= self.state.warm_seats(books.near_places(self.hold));
        }
        if self.oldest != NONE {
            let id = spread_id(books.records[self.oldest].hold);
            read ^= books.warm_fan(self.oldest) ^ u64::from(books.by_hold.touch(id));
        }
        read
    }

    fn forgotten(&self) -> u64 {
        let books = &self.state.books;
        if self.oldest == NONE {
            return 0;
        }
        u64::from(books.by_user.touch(spread_id(books.user_of(&books.records[self.oldest]))))
    }
}

impl EventState {
    fn warm_seats(&self, places: &[Packed]) -> u64 {
        places.iter().fold(0, |read, packed| match packed.place() {
            Place::Seat { seat, .. } => read ^ self.seats.warm(&self.manifest, seat),
            Place::Area { .. } => read,
        })
    }
}

impl Books {
    fn warm_fan(&self, slot: u32) -> u64 {
        u64::from(self.fans[self.records[slot].fan].tickets)
    }
}
