//! What can be asked of an event, what comes back, and why not.

use std::sync::Arc;

use stagedoor_core::limits::SEATS_PER_HOLD_MAX;
use stagedoor_core::{Code, HoldId, OrderId, Timestamp, UserId};

use super::state::seat_in;
use super::{Fact, Manifest, Need, Place, Places, Prices, Rules, RulesError, SeatList};

/// A wish to change one event.
#[derive(Debug, Clone)]
pub enum Command {
    /// Puts a seat map on sale. Refused on an event that is already open.
    Open {
        manifest: Arc<Manifest>,
        rules: Rules,
        prices: Arc<Prices>,
    },
    SetRules(Rules),
    /// New prices for holds from now on; existing holds keep theirs.
    SetPrices(Arc<Prices>),
    /// `hold`: a fresh id. `spread`: any number that differs between requests (a hash of the
    /// request), which decides between equally good seats.
    Hold {
        hold: HoldId,
        fan: UserId,
        want: Want,
        key: Option<KeyPrint>,
        spread: u64,
    },
    /// Gives a hold's places back. Releasing twice changes nothing.
    Release {
        hold: HoldId,
        by: Actor,
    },
    /// Lengthens a hold once, when its payment begins; a second time changes nothing.
    Extend {
        hold: HoldId,
        fan: UserId,
    },
    /// Makes a hold of `from` one of `to`, with everything in it, at its prices and for as long as it lasts. A
    /// second time changes nothing. The caller has seen to it that both are the same person.
    HandOver {
        hold: HoldId,
        from: UserId,
        to: UserId,
    },
    /// The commit point of an order. `fan`: who must own the hold, `None` when the caller has
    /// checked. The same order may ask again and gets the same answer.
    Sell {
        hold: HoldId,
        fan: Option<UserId>,
        order: OrderId,
    },
    /// Returns places of an order to sale, after a refund. `areas`: (area, how many of this
    /// order's places in it have been returned **in total**), so that asking again is harmless.
    Return {
        order: OrderId,
        seats: Vec<u32>,
        areas: Vec<(u16, u32)>,
    },
    /// Takes available seats off sale; those that are blocked already stay so.
    Block {
        seats: Vec<u32>,
    },
    /// Puts blocked seats on sale again; those that are not blocked stay as they are.
    Unblock {
        seats: Vec<u32>,
    },
    /// `blocked`: how many places of the area shall be off sale in total.
    BlockArea {
        area: u16,
        blocked: u32,
    },
    SetCapacity {
        area: u16,
        capacity: u32,
    },
    /// Replaces the seat map by a newer version. Statuses follow the seat ids.
    SwapManifest {
        manifest: Arc<Manifest>,
    },
}

/// What a hold asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Exactly these seats or places.
    Picked { places: Places, need: Need },
    /// The best ones the engine finds.
    Best(Best),
}

impl Want {
    /// The same wish in the numbers of a later map of the same event. Refused when that map lacks
    /// a place it names.
    pub(crate) fn on_map(&self, old: &Manifest, new: &Manifest) -> Result<Want, Refusal> {
        match *self {
            Want::Picked { places, need } => {
                let moved: Result<Vec<Place>, Refusal> = places.iter().map(|place| place.on_map(old, new)).collect();
                Ok(Want::Picked { places: Places::new(moved?)?, need })
            }
            // All maps of an event have the same price levels.
            Want::Best(best) => {
                let moved = |section| {
                    let known = usize::from(section) < old.sections();
                    known.then(|| new.section(old.section_id(section))).flatten().ok_or(Refusal::UnknownSection)
                };
                Ok(Want::Best(Best { section: best.section.map(moved).transpose()?, ..best }))
            }
        }
    }
}

/// A wish for the best available seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Best {
    /// Seats in total, `accessible` and `companions` included.
    pub quantity: u8,
    pub level: Option<u8>,
    pub section: Option<u16>,
    /// Wheelchair spaces.
    pub accessible: u8,
    /// Companion seats next to them.
    pub companions: u8,
    pub ticket_type: u8,
}

/// Who acts. Staff is never refused for not owning a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    Fan(UserId),
    Staff,
}

/// An idempotency key, hashed. `key` covers whose key it is; both must be unpredictable hashes,
/// because `key` is used as a hash as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPrint {
    pub key: u128,
    /// Of the request's body.
    pub body: u64,
}

/// What a command comes to.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// To be journaled and applied; [`EventState::answer`](super::EventState::answer) tells what
    /// to answer once it is.
    Changed(Fact),
    /// Done before, or nothing to do: answer this again.
    Unchanged(Answer),
}

/// What the asker is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Hold(HoldView),
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldStatus {
    /// Until `expires_at`; its expiry may be due and not yet written.
    Held,
    Sold,
    Released,
    Expired,
}

/// A hold as its owner may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldView {
    pub hold: HoldId,
    pub fan: UserId,
    pub status: HoldStatus,
    /// The order it was sold to.
    pub order: Option<OrderId>,
    pub expires_at: Timestamp,
    pub places: Places,
    /// Price of one place of each line of `places`, frozen when the hold was taken.
    pub minor: [i64; SEATS_PER_HOLD_MAX],
}

impl HoldView {
    /// Each line with the price of one place of it, in minor units.
    pub fn lines(&self) -> impl Iterator<Item = (Place, i64)> + '_ {
        self.places.iter().zip(self.minor)
    }

    /// In the minor unit of the event's currency; within range, because prices are.
    pub fn total_minor(&self) -> i64 {
        self.lines().map(|(place, minor)| minor * i64::from(place.quantity())).sum()
    }
}

/// Why a command changes nothing. Seats are named by index, at most ten of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the event is not on sale")]
    NotOnSale,
    #[error("{0:?} are not available")]
    SeatUnavailable(SeatList),
    #[error("nothing that fits is left")]
    SoldOut,
    #[error("more than {max} places in one hold")]
    TooManySeats { max: u8 },
    #[error("no places asked for")]
    NothingWanted,
    #[error("{0:?} is named twice")]
    NamedTwice(Place),
    #[error("no such seat")]
    UnknownSeat,
    #[error("no such area")]
    UnknownArea,
    #[error("no such section")]
    UnknownSection,
    #[error("no such price level")]
    UnknownLevel,
    #[error("that ticket type is not sold there")]
    TicketTypeNotSold,
    #[error("accessible and companion seats are more than the quantity, or companions without an accessible seat")]
    PartyMismatch,
    #[error("more than {max} tickets for one person")]
    TicketLimit { max: u16 },
    /// Adding `leaves` to the pick makes it acceptable.
    #[error("the pick would leave seat {leaves} alone")]
    OrphanSeat { leaves: u32 },
    #[error("{0:?} are kept for those who need them")]
    AccessibleOnly(SeatList),
    #[error("the hold has expired")]
    HoldExpired,
    #[error("the hold has ended")]
    HoldEnded,
    /// No such hold, or another fan's: the two look alike.
    #[error("no such hold")]
    NotFound,
    #[error("the idempotency key was used for another request")]
    KeyMismatch,
    #[error("{in_use} places of the area are in use")]
    CapacityBelowSold { in_use: u32 },
    #[error("the new map lacks {0:?}, or changes their price level, while they are in use")]
    MapLosesSeats(SeatList),
    #[error("the new map lacks an area that is in use, or makes it too small")]
    MapLosesArea { area: u16, in_use: u32 },
    #[error("the new map must keep the price levels of the old one")]
    MapChangesLevels,
    #[error("the order does not own {0:?}")]
    NotOwned(SeatList),
    #[error("the event is already open")]
    AlreadyOpen,
    #[error("{0}")]
    BadRules(RulesError),
}

impl Refusal {
    /// The same refusal of a hold in the numbers of an earlier map of the same event; `None` when
    /// it names a seat that map lacks.
    pub(crate) fn on_map(self, new: &Manifest, old: &Manifest) -> Option<Refusal> {
        let moved = |seat| seat_in(new, old, seat);
        let all = |seats: SeatList| seats.as_slice().iter().map(|seat| moved(*seat)).collect::<Option<SeatList>>();
        match self {
            Refusal::SeatUnavailable(seats) => all(seats).map(Refusal::SeatUnavailable),
            Refusal::AccessibleOnly(seats) => all(seats).map(Refusal::AccessibleOnly),
            Refusal::OrphanSeat { leaves } => moved(leaves).map(|leaves| Refusal::OrphanSeat { leaves }),
            other => Some(other),
        }
    }

    pub fn code(&self) -> Code {
        match self {
            Refusal::NotOnSale => Code::NotOnSale,
            Refusal::SeatUnavailable(_) => Code::SeatUnavailable,
            Refusal::SoldOut => Code::SoldOut,
            Refusal::TooManySeats { .. } => Code::TooManySeats,
            Refusal::UnknownSeat => Code::UnknownSeat,
            Refusal::NothingWanted
            | Refusal::NamedTwice(_)
            | Refusal::UnknownArea
            | Refusal::UnknownSection
            | Refusal::UnknownLevel
            | Refusal::TicketTypeNotSold
            | Refusal::PartyMismatch
            | Refusal::BadRules(_) => Code::InvalidField,
            Refusal::TicketLimit { .. } => Code::TicketLimit,
            Refusal::OrphanSeat { .. } => Code::OrphanSeat,
            Refusal::AccessibleOnly(_) => Code::AccessibleOnly,
            Refusal::HoldExpired => Code::HoldExpired,
            Refusal::HoldEnded => Code::HoldEnded,
            Refusal::NotFound => Code::NotFound,
            Refusal::KeyMismatch => Code::IdempotencyMismatch,
            Refusal::CapacityBelowSold { .. } => Code::CapacityBelowSold,
            Refusal::MapLosesSeats(_) | Refusal::MapLosesArea { .. } | Refusal::MapChangesLevels => {
                Code::InvalidSeatMap
            }
            Refusal::NotOwned(_) => Code::NotFound,
            Refusal::AlreadyOpen => Code::WrongState,
        }
    }
}
