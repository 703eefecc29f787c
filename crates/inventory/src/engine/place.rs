//! What one hold is made of: up to ten seats, or places in general-admission areas.

use std::fmt;

use stagedoor_core::limits::{AREAS_PER_MAP_MAX, SEATS_PER_HOLD_MAX, SEATS_PER_MAP_MAX};

use super::state::seat_in;
use super::{Manifest, Refusal};

/// One line of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `seat`: index in map order.
    Seat { seat: u32, ticket_type: u8 },
    /// `quantity` (1..=10) places in a general-admission area.
    Area { area: u16, quantity: u8, ticket_type: u8 },
}

impl Place {
    /// How many people get in with it.
    pub fn quantity(self) -> u8 {
        match self {
            Place::Seat { .. } => 1,
            Place::Area { quantity, .. } => quantity,
        }
    }

    pub fn ticket_type(self) -> u8 {
        match self {
            Place::Seat { ticket_type, .. } | Place::Area { ticket_type, .. } => ticket_type,
        }
    }

    /// The place of the same id on another map.
    pub(super) fn on_map(self, old: &Manifest, new: &Manifest) -> Result<Place, Refusal> {
        match self {
            Place::Seat { seat, ticket_type } => {
                let known = (seat as usize) < old.seats();
                let seat = known.then(|| seat_in(old, new, seat)).flatten().ok_or(Refusal::UnknownSeat)?;
                Ok(Place::Seat { seat, ticket_type })
            }
            Place::Area { area, quantity, ticket_type } => {
                let known = usize::from(area) < old.areas();
                let area = known.then(|| new.area(old.area_id(area))).flatten().ok_or(Refusal::UnknownArea)?;
                Ok(Place::Area { area, quantity, ticket_type })
            }
        }
    }
}

/// Whether the buyer said that someone in the party needs an accessible place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Need {
    #[default]
    None,
    Accessible,
}

// A place fits in four bytes, so that a hold of ten fits in one cache line:
// seat: seat << 8 | type; area: AREA | area << 12 | quantity << 8 | type;
// bits 26..30 count what was returned to sale (in the books of a sold hold only).
const AREA: u32 = 1 << 31;
const GONE_SHIFT: u32 = 26;
const GONE: u32 = 0xf << GONE_SHIFT;
const _: () = assert!(SEATS_PER_MAP_MAX <= 1 << 18 && AREAS_PER_MAP_MAX <= 1 << 14 && SEATS_PER_HOLD_MAX < 16);

/// A [`Place`] in four bytes, with the number returned to sale.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Packed(u32);

impl Packed {
    pub fn new(place: Place) -> Self {
        match place {
            Place::Seat { seat, ticket_type } => Packed(seat << 8 | u32::from(ticket_type)),
            Place::Area { area, quantity, ticket_type } => {
                Packed(AREA | u32::from(area) << 12 | u32::from(quantity) << 8 | u32::from(ticket_type))
            }
        }
    }

    pub fn from_bits(bits: u32) -> Self {
        Packed(bits)
    }

    pub fn bits(self) -> u32 {
        self.0
    }

    pub fn place(self) -> Place {
        let bits = self.0 & !GONE;
        let ticket_type = bits as u8;
        if bits & AREA == 0 {
            Place::Seat { seat: bits >> 8, ticket_type }
        } else {
            Place::Area { area: (bits >> 12 & 0x3fff) as u16, quantity: (bits >> 8 & 0xf) as u8, ticket_type }
        }
    }

    /// How many of it were returned to sale.
    pub fn gone(self) -> u8 {
        ((self.0 & GONE) >> GONE_SHIFT) as u8
    }

    pub fn with_gone(self, gone: u8) -> Self {
        Packed(self.0 & !GONE | u32::from(gone) << GONE_SHIFT)
    }

    /// How many of it the hold still owns.
    pub fn left(self) -> u8 {
        self.place().quantity() - self.gone()
    }
}

/// The places of one hold: 1..=10 people in total, each seat at most once, each (area, ticket
/// type) at most once; seats first in map order, then areas in theirs.
#[derive(Clone, Copy, Default)]
pub struct Places {
    len: u8,
    packed: [Packed; SEATS_PER_HOLD_MAX],
}

impl Places {
    /// Seats by index with their ticket types, in any order.
    ///
    /// Refuses nothing at all, more than [`SEATS_PER_HOLD_MAX`], a seat named twice, and an index
    /// no map can have.
    pub fn seats(seats: impl IntoIterator<Item = (u32, u8)>) -> Result<Places, Refusal> {
        Self::new(seats.into_iter().map(|(seat, ticket_type)| Place::Seat { seat, ticket_type }))
    }

    /// Places in general-admission areas as (area, quantity, ticket type), in any order.
    pub fn areas(areas: impl IntoIterator<Item = (u16, u8, u8)>) -> Result<Places, Refusal> {
        Self::new(areas.into_iter().map(|(area, quantity, ticket_type)| Place::Area { area, quantity, ticket_type }))
    }

    pub fn new(places: impl IntoIterator<Item = Place>) -> Result<Places, Refusal> {
        let too_many = Refusal::TooManySeats { max: SEATS_PER_HOLD_MAX as u8 };
        let mut all = Places::default();
        let mut people = 0;
        for place in places {
            match place {
                Place::Seat { seat, .. } if seat as usize >= SEATS_PER_MAP_MAX => return Err(Refusal::UnknownSeat),
                Place::Area { area, .. } if usize::from(area) >= AREAS_PER_MAP_MAX => {
                    return Err(Refusal::UnknownArea);
                }
                Place::Area { quantity: 0, .. } => return Err(Refusal::NothingWanted),
                _ => {}
            }
            people += usize::from(place.quantity());
            if people > SEATS_PER_HOLD_MAX {
                return Err(too_many);
            }
            all.insert(place)?;
        }
        if all.len == 0 { Err(Refusal::NothingWanted) } else { Ok(all) }
    }

    fn insert(&mut self, place: Place) -> Result<(), Refusal> {
        let new = Packed::new(place);
        let mut at = usize::from(self.len);
        while at > 0 && self.packed[at - 1] > new {
            self.packed[at] = self.packed[at - 1];
            at -= 1;
        }
        self.packed[at] = new;
        self.len += 1;
        let twice = |one: Place, two: Place| match (one, two) {
            (Place::Seat { seat: one, .. }, Place::Seat { seat: two, .. }) => one == two,
            (Place::Area { area: one, ticket_type: first, .. }, Place::Area { area: two, ticket_type: second, .. }) => {
                one == two && first == second
            }
            _ => false,
        };
        // Seats sort by index, so equal ones are neighbours; areas may have their quantity between.
        let others = || (0..usize::from(self.len)).filter(|other| *other != at);
        let clash = match place {
            Place::Seat { .. } => {
                others().filter(|other| other.abs_diff(at) == 1).any(|other| twice(self.get(other), place))
            }
            Place::Area { .. } => others().any(|other| twice(self.get(other), place)),
        };
        if clash { Err(Refusal::NamedTwice(place)) } else { Ok(()) }
    }

    pub(super) fn from_packed(packed: &[Packed]) -> Self {
        let mut all = Places { len: packed.len() as u8, ..Places::default() };
        all.packed[..packed.len()].copy_from_slice(packed);
        all
    }

    pub(super) fn packed(&self) -> &[Packed] {
        &self.packed[..usize::from(self.len)]
    }

    /// As when the hold was taken, whatever was returned since.
    pub(super) fn whole(mut self) -> Places {
        self.packed.iter_mut().for_each(|packed| *packed = packed.with_gone(0));
        self
    }

    fn get(&self, at: usize) -> Place {
        self.packed[at].place()
    }

    /// Lines, not people.
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = Place> + '_ {
        self.packed().iter().map(|packed| packed.place())
    }

    /// The indexes of its seats, in map order.
    pub fn seat_indexes(&self) -> impl Iterator<Item = u32> + '_ {
        self.iter().filter_map(|place| match place {
            Place::Seat { seat, .. } => Some(seat),
            Place::Area { .. } => None,
        })
    }

    /// How many people it is for.
    pub fn people(&self) -> u32 {
        self.iter().map(|place| u32::from(place.quantity())).sum()
    }
}

impl PartialEq for Places {
    fn eq(&self, other: &Self) -> bool {
        self.packed() == other.packed()
    }
}

impl Eq for Places {}

impl fmt::Debug for Places {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.iter()).finish()
    }
}

/// Up to ten seat indexes without an allocation: what a refusal names.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct SeatList {
    len: u8,
    seats: [u32; SEATS_PER_HOLD_MAX],
}

impl SeatList {
    /// Keeps the first ten.
    pub fn push(&mut self, seat: u32) {
        if let Some(free) = self.seats.get_mut(usize::from(self.len)) {
            *free = seat;
            self.len += 1;
        }
    }

    pub fn as_slice(&self) -> &[u32] {
        &self.seats[..usize::from(self.len)]
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl FromIterator<u32> for SeatList {
    fn from_iter<I: IntoIterator<Item = u32>>(seats: I) -> Self {
        let mut list = SeatList::default();
        seats.into_iter().for_each(|seat| list.push(seat));
        list
    }
}

impl fmt::Debug for SeatList {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_sorted_and_what_is_named_twice_is_refused() {
        let places = Places::seats([(9, 1), (3, 0), (5, 2)]).unwrap();
        assert_eq!(places.seat_indexes().collect::<Vec<_>>(), [3, 5, 9]);
        assert_eq!(
            Places::seats([(9, 1), (3, 0), (9, 0)]),
            Err(Refusal::NamedTwice(Place::Seat { seat: 9, ticket_type: 0 }))
        );
        let twice = Places::areas([(1, 3, 0), (1, 1, 1), (1, 1, 0)]);
        assert!(matches!(twice, Err(Refusal::NamedTwice(_))), "{twice:?}");
        assert_eq!(Places::areas([(1, 3, 0), (1, 1, 1)]).unwrap().people(), 4);
    }

    #[test]
    fn ten_people_are_the_most_and_nobody_is_nothing() {
        assert_eq!(Places::seats((0..10).map(|seat| (seat, 0))).unwrap().len(), 10);
        assert_eq!(Places::seats((0..11).map(|seat| (seat, 0))), Err(Refusal::TooManySeats { max: 10 }));
        assert_eq!(Places::areas([(0, 10, 0), (1, 1, 0)]), Err(Refusal::TooManySeats { max: 10 }));
        assert_eq!(Places::seats([]), Err(Refusal::NothingWanted));
        assert_eq!(Places::areas([(0, 0, 0)]), Err(Refusal::NothingWanted));
        assert_eq!(Places::seats([(u32::MAX, 0)]), Err(Refusal::UnknownSeat));
        assert_eq!(Places::areas([(u16::MAX, 1, 0)]), Err(Refusal::UnknownArea));
    }

    #[test]
    fn four_bytes_keep_the_whole_place() {
        for place in [
            Place::Seat { seat: SEATS_PER_MAP_MAX as u32 - 1, ticket_type: 255 },
            Place::Area { area: AREAS_PER_MAP_MAX as u16 - 1, quantity: 10, ticket_type: 255 },
        ] {
            let packed = Packed::new(place);
            assert_eq!((packed.place(), packed.gone(), packed.left()), (place, 0, place.quantity()));
            assert_eq!((packed.with_gone(1).place(), packed.with_gone(1).gone()), (place, 1));
        }
    }
}
