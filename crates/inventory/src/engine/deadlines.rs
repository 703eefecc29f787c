//! Which hold expires next.
//!
//! Deadlines are given out almost in order: now plus a hold time that rarely changes. So they
//! stand in a few lanes, each a doubly linked list through the holds themselves that is kept in
//! order of time: new holds at the tail of one lane, extended ones, which last for another time,
//! in the next. Adding and removing touch two neighbours and leave nothing behind, however many
//! holds are given back long before they would expire; a heap or a wheel would keep those.

use stagedoor_core::Timestamp;
use stagedoor_core::limits::HOLD_WARNING;

use super::holds::{Record, State};
use super::slab::{NONE, Slab};
use super::warm::prefetch;

/// More lanes than hold times that can be in use at once by any sane organizer; beyond it the
/// last lane is searched from its end.
const LANES_MAX: usize = 16;

/// The neighbours of a live hold in its lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Links {
    before: u32,
    after: u32,
}

impl Links {
    /// Until [`Deadlines::insert`] fills them in.
    pub const NOWHERE: Links = Links { before: NONE, after: NONE };
}

struct Lane {
    head: u32,
    tail: u32,
    /// The first hold whose owner was not warned yet.
    unwarned: u32,
}

#[derive(Default)]
pub(super) struct Deadlines {
    lanes: Vec<Lane>,
}

fn deadline(records: &Slab<Record>, slot: u32) -> Timestamp {
    match &records[slot].state {
        State::Held { expires_at, .. } => *expires_at,
        other => panic!("slot {slot} stands among the deadlines but is {other:?}"),
    }
}

fn links(records: &mut Slab<Record>, slot: u32) -> (&mut Links, &mut u8) {
    match &mut records[slot].state {
        State::Held { links, lane, .. } => (links, lane),
        other => panic!("slot {slot} stands among the deadlines but is {other:?}"),
    }
}

fn after(records: &Slab<Record>, slot: u32) -> u32 {
    match &records[slot].state {
        State::Held { links, .. } => links.after,
        other => panic!("slot {slot} stands among the deadlines but is {other:?}"),
    }
}

impl Deadlines {
    /// Takes up the live hold in `slot`, whose state names its deadline.
    pub fn insert(&mut self, records: &mut Slab<Record>, slot: u32) {
        let expires_at = deadline(records, slot);
        let fits = |lane: &Lane| lane.tail == NONE || deadline(records, lane.tail) <= expires_at;
        let chosen = match self.lanes.iter().position(fits) {
            Some(lane) => lane,
            None if self.lanes.len() < LANES_MAX => {
                self.lanes.push(Lane { head: NONE, tail: NONE, unwarned: NONE });
                self.lanes.len() - 1
            }
            None => LANES_MAX - 1,
        };
        let (mut before, mut after) = (self.lanes[chosen].tail, NONE);
        while before != NONE && deadline(records, before) > expires_at {
            (before, after) = (links(records, before).0.before, before);
        }
        let (own, lane) = links(records, slot);
        (*own, *lane) = (Links { before, after }, chosen as u8);
        let lane = &mut self.lanes[chosen];
        match before {
            NONE => lane.head = slot,
            _ => links(records, before).0.after = slot,
        }
        match after {
            NONE => lane.tail = slot,
            _ => links(records, after).0.before = slot,
        }
        if lane.unwarned == after {
            lane.unwarned = slot;
        }
    }

    /// Asks for the neighbours of a hold, see [`super::warm`].
    pub fn prefetch(&self, records: &Slab<Record>, slot: u32) {
        let State::Held { links, .. } = &records[slot].state else { return };
        for neighbour in [links.before, links.after] {
            if neighbour != NONE {
                prefetch(&records[neighbour]);
            }
        }
    }

    /// Forgets the live hold in `slot`.
    pub fn remove(&mut self, records: &mut Slab<Record>, slot: u32) {
        let (&mut Links { before, after }, &mut lane) = links(records, slot);
        let lane = &mut self.lanes[usize::from(lane)];
        match before {
            NONE => lane.head = after,
            _ => links(records, before).0.after = after,
        }
        match after {
            NONE => lane.tail = before,
            _ => links(records, after).0.before = before,
        }
        if lane.unwarned == slot {
            lane.unwarned = after;
        }
    }

    /// The hold that expires first, with its deadline.
    pub fn first(&self, records: &Slab<Record>) -> Option<(Timestamp, u32)> {
        let heads = self.lanes.iter().map(|lane| lane.head).filter(|head| *head != NONE);
        heads.map(|head| (deadline(records, head), head)).min_by_key(|(at, slot)| (*at, records[*slot].hold))
    }

    /// When the next owner is to be warned.
    pub fn next_warning(&self, records: &Slab<Record>) -> Option<Timestamp> {
        let next = self.lanes.iter().map(|lane| lane.unwarned).filter(|slot| *slot != NONE);
        next.map(|slot| deadline(records, slot) - HOLD_WARNING).min()
    }

    /// A hold whose owner is to be warned at `at` and was not yet.
    pub fn warn(&mut self, records: &Slab<Record>, at: Timestamp) -> Option<u32> {
        let due = |slot: u32| slot != NONE && deadline(records, slot) - HOLD_WARNING <= at;
        let lane = self.lanes.iter_mut().find(|lane| due(lane.unwarned))?;
        let slot = lane.unwarned;
        lane.unwarned = after(records, slot);
        Some(slot)
    }

    pub fn memory_bytes(&self) -> usize {
        self.lanes.capacity() * size_of::<Lane>()
    }
}
