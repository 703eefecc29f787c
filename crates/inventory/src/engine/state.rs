//! The state of one event, and how facts change it.

use std::sync::Arc;
use std::time::Duration;

use stagedoor_core::limits::SEATS_PER_HOLD_MAX;
use stagedoor_core::{HoldId, OrderId, Timestamp, UserId};

use super::holds::{Books, State};
use super::place::Packed;
pub use super::seats::{AreaCounts, SeatStatus};
use super::seats::{SeatStatus as Status, Seats};
use super::{AccessibleRelease, Answer, Fact, HoldStatus, HoldView, Manifest, Place, Places, Prices, Rules};

/// Everything the engine knows of one event.
pub struct EventState {
    pub(super) manifest: Arc<Manifest>,
    pub(super) rules: Rules,
    /// Every price list there was; a hold names the one that froze its prices. Empty until the
    /// event is opened.
    pub(super) price_lists: Vec<Arc<Prices>>,
    pub(super) seats: Seats,
    pub(super) areas: Box<[AreaCounts]>,
    pub(super) books: Books,
    pub(super) version: u64,
    pub(super) last_at: Timestamp,
}

/// What facts changed for those who watch; kept from batch to batch and cleared in between.
#[derive(Debug, Default)]
pub struct Changes {
    /// Seats with their new status, in order of the facts: a seat may be there twice.
    pub seats: Vec<(u32, SeatStatus)>,
    /// Areas with their places as they now are, in order of the facts.
    pub areas: Vec<(u16, AreaCounts)>,
    /// The map, the rules or the prices changed: what was shown before is void.
    pub whole: bool,
}

impl Changes {
    pub fn clear(&mut self) {
        self.seats.clear();
        self.areas.clear();
        self.whole = false;
    }

    pub fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.areas.is_empty() && !self.whole
    }
}

/// Places of seats and areas together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub capacity: u32,
    pub available: u32,
    pub held: u32,
    pub sold: u32,
    pub blocked: u32,
}

/// A hold that is about to expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warning {
    pub hold: HoldId,
    pub fan: UserId,
    pub expires_at: Timestamp,
}

/// A hold the engine can still answer for, to build other books on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownHold {
    pub hold: HoldId,
    pub fan: UserId,
    pub status: HoldStatus,
    pub expires_at: Timestamp,
    /// The idempotency key it was taken with, while that is remembered.
    pub key: Option<u128>,
}

impl Default for EventState {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for EventState {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "EventState(version {}, {:?}, {:?})", self.version, self.manifest, self.totals())
    }
}

impl EventState {
    /// An event that has not been opened: it knows no place and refuses everything but `Open`.
    pub fn new() -> Self {
        let manifest = Manifest::empty();
        Self {
            seats: Seats::new(&manifest),
            manifest: Arc::new(manifest),
            rules: Rules::default(),
            price_lists: Vec::new(),
            areas: Box::default(),
            books: Books::new(),
            version: 0,
            last_at: Timestamp::MIN,
        }
    }

    /// Carries out a decided fact of the time `at` and returns the new version, one more than
    /// before. Cannot fail: a fact that does not fit the state is a broken invariant and panics
    /// with the numbers. Adds what watchers see to `changes`.
    pub fn apply(&mut self, at: Timestamp, fact: &Fact, changes: &mut Changes) -> u64 {
        match fact {
            Fact::Opened { manifest, rules, prices } => {
                assert!(!self.is_open(), "opened at version {}", self.version);
                let manifest = manifest.get().expect("a fact is resolved before it is applied").clone();
                self.seats = Seats::new(&manifest);
                self.areas = empty_areas(&manifest);
                self.manifest = manifest;
                self.rules = **rules;
                self.price_lists.push(prices.clone());
                changes.whole = true;
            }
            Fact::RulesSet(rules) => {
                self.rules = **rules;
                changes.whole = true;
            }
            Fact::PricesSet(prices) => {
                self.price_lists.push(prices.clone());
                changes.whole = true;
            }
            Fact::Held { hold, fan, places, ttl_ms, price_list, key } => {
                self.books.purge_keys(at);
                assert!((*price_list as usize) < self.price_lists.len(), "price list {price_list} of hold {hold}");
                let expires_at = at + Duration::from_millis(u64::from(*ttl_ms));
                let state = State::held(expires_at, false);
                let slot = self.books.insert(*hold, *fan, places, *price_list as u16, state);
                let Books { records, deadlines, fans, .. } = &mut self.books;
                deadlines.insert(records, slot);
                fans[records[slot].fan].tickets += places.people();
                if let Some(key) = key {
                    self.books.insert_key(*key, slot, expires_at, *ttl_ms);
                }
                self.move_places(places.packed(), Status::Available, Status::Held, changes);
            }
            Fact::Released { hold } => self.end(*hold, |expires_at| State::Released { expires_at }, changes),
            Fact::Expired { hold } => self.end(*hold, |expires_at| State::Expired { expires_at }, changes),
            Fact::Extended { hold, until } => {
                let slot = self.live(*hold);
                let Books { records, deadlines, .. } = &mut self.books;
                deadlines.remove(records, slot);
                records[slot].state = State::held(*until, true);
                deadlines.insert(records, slot);
            }
            Fact::HandedOver { hold, fan } => {
                let slot = self.live(*hold);
                self.books.hand_over(slot, *fan);
            }
            Fact::Sold { hold, order } => {
                let slot = self.live(*hold);
                let Books { records, deadlines, .. } = &mut self.books;
                deadlines.remove(records, slot);
                let expires_at = records[slot].state.expires_at();
                self.books.link(*order, slot, expires_at);
                let places = self.books.places(slot);
                self.move_places(places.packed(), Status::Held, Status::Sold, changes);
            }
            Fact::Returned { order, seats, areas } => self.give_back(*order, seats, areas, changes),
            Fact::Blocked { seats } => self.move_seats(seats, Status::Available, Status::Blocked, changes),
            Fact::Unblocked { seats } => self.move_seats(seats, Status::Blocked, Status::Available, changes),
            Fact::AreaBlocked { area, blocked } => {
                self.areas[usize::from(*area)].blocked = *blocked;
                self.area_changed(*area, changes);
            }
            Fact::CapacitySet { area, capacity } => {
                self.areas[usize::from(*area)].capacity = *capacity;
                self.area_changed(*area, changes);
            }
            Fact::ManifestSwapped { manifest } => {
                let manifest = manifest.get().expect("a fact is resolved before it is applied").clone();
                self.swap(manifest);
                changes.whole = true;
            }
        }
        self.last_at = self.last_at.max(at);
        self.version += 1;
        self.version
    }

    fn live(&self, hold: HoldId) -> u32 {
        self.books.find(hold).unwrap_or_else(|| panic!("hold {hold} is not known"))
    }

    /// Ends a live hold and frees its places.
    fn end(&mut self, hold: HoldId, ended: impl FnOnce(Timestamp) -> State, changes: &mut Changes) {
        let slot = self.live(hold);
        let Books { records, deadlines, .. } = &mut self.books;
        deadlines.remove(records, slot);
        let record = &mut records[slot];
        record.state = ended(record.state.expires_at());
        let places = self.books.places(slot);
        self.books.fans[self.books.records[slot].fan].tickets -= places.people();
        self.move_places(places.packed(), Status::Held, Status::Available, changes);
        self.books.settle(slot);
    }

    /// Moves all that is left of some places from one status to another.
    fn move_places(&mut self, places: &[Packed], from: Status, to: Status, changes: &mut Changes) {
        for packed in places {
            match packed.place() {
                Place::Seat { seat, .. } => {
                    if packed.gone() == 0 {
                        self.move_seat(seat, from, to, changes);
                    }
                }
                Place::Area { area, .. } => self.move_area(area, u32::from(packed.left()), from, to, changes),
            }
        }
    }

    fn move_seats(&mut self, seats: &[u32], from: Status, to: Status, changes: &mut Changes) {
        for seat in seats {
            self.move_seat(*seat, from, to, changes);
        }
    }

    #[inline]
    fn move_seat(&mut self, seat: u32, from: Status, to: Status, changes: &mut Changes) {
        self.seats.set(&self.manifest, seat, from, to);
        changes.seats.push((seat, to));
    }

    fn move_area(&mut self, area: u16, quantity: u32, from: Status, to: Status, changes: &mut Changes) {
        let counts = &mut self.areas[usize::from(area)];
        match from {
            Status::Held => counts.held -= quantity,
            Status::Sold => counts.sold -= quantity,
            Status::Available | Status::Blocked => {}
        }
        match to {
            Status::Held => counts.held += quantity,
            Status::Sold => counts.sold += quantity,
            Status::Available | Status::Blocked => {}
        }
        self.area_changed(area, changes);
    }

    fn area_changed(&self, area: u16, changes: &mut Changes) {
        let counts = &self.areas[usize::from(area)];
        assert!(counts.in_use() <= counts.capacity, "area {area} is oversold: {counts:?}");
        changes.areas.push((area, *counts));
    }

    fn give_back(&mut self, order: OrderId, seats: &[u32], areas: &[(u16, u32)], changes: &mut Changes) {
        let slots: Vec<u32> = self.books.records_of(order).collect();
        // What is still to be returned of each area, beyond what was returned before.
        let mut more: Vec<(u16, u32)> =
            areas.iter().map(|(area, total)| (*area, total - self.books.returned(order, *area))).collect();
        for slot in slots {
            let mut packed = self.books.places(slot).packed().to_vec();
            let mut people = 0;
            for place in &mut packed {
                match place.place() {
                    Place::Seat { seat, .. } => {
                        if place.gone() == 0 && seats.contains(&seat) {
                            *place = place.with_gone(1);
                            people += 1;
                            self.move_seat(seat, Status::Sold, Status::Available, changes);
                        }
                    }
                    Place::Area { area, .. } => {
                        let Some((_, more)) = more.iter_mut().find(|(other, _)| *other == area) else { continue };
                        let gone = u32::from(place.left()).min(*more);
                        *more -= gone;
                        people += gone;
                        *place = place.with_gone(place.gone() + gone as u8);
                        if gone > 0 {
                            self.move_area(area, gone, Status::Sold, Status::Available, changes);
                        }
                    }
                }
            }
            if people > 0 {
                self.books.set_places(slot, &Places::from_packed(&packed));
                let fan = self.books.records[slot].fan;
                self.books.fans[fan].tickets -= people;
                self.books.settle(slot);
            }
        }
    }

    /// What to answer to the command that led to `fact`, once it is applied.
    pub fn answer(&self, fact: &Fact) -> Answer {
        match fact {
            Fact::Held { hold, .. }
            | Fact::Extended { hold, .. }
            | Fact::HandedOver { hold, .. }
            | Fact::Sold { hold, .. } => Answer::Hold(self.view(self.live(*hold))),
            _ => Answer::Done,
        }
    }

    /// The hold as it stands; `None` for one that never was or was forgotten after it ended.
    pub fn hold(&self, hold: HoldId) -> Option<HoldView> {
        self.books.find(hold).map(|slot| self.view(slot))
    }

    /// Whose hold it is, as long as [`EventState::hold`] knows it.
    pub(crate) fn fan_of(&self, hold: HoldId) -> Option<UserId> {
        self.books.find(hold).map(|slot| self.books.user_of(&self.books.records[slot]))
    }

    pub(super) fn view(&self, slot: u32) -> HoldView {
        let record = &self.books.records[slot];
        let prices = &self.price_lists[usize::from(record.price_list)];
        let places = self.books.places(slot).whole();
        let mut minor = [0; SEATS_PER_HOLD_MAX];
        for (place, minor) in places.iter().zip(&mut minor) {
            let level = self.level(place);
            *minor = prices.minor(level, place.ticket_type()).expect("a hold has only places with a price");
        }
        HoldView {
            hold: record.hold,
            fan: self.books.user_of(record),
            status: record.state.status(),
            order: self.books.order_of(record),
            expires_at: record.state.expires_at(),
            places,
            minor,
        }
    }

    /// By seat: the live hold or the sale that has it. Looks through all holds, because nothing that
    /// happens often asks: kept for every seat it would be more than all else of an
    /// empty house, and most of what a hold waits for. Panics when two have the same seat.
    pub fn seat_holds(&self) -> Vec<Option<HoldId>> {
        let mut holds = vec![None; self.manifest.seats()];
        for slot in self.books.slots() {
            let record = &self.books.records[slot];
            if !matches!(record.state.status(), HoldStatus::Held | HoldStatus::Sold) {
                continue;
            }
            for packed in self.books.places(slot).packed().iter().filter(|packed| packed.gone() == 0) {
                if let Place::Seat { seat, .. } = packed.place() {
                    let other = holds[seat as usize].replace(record.hold);
                    assert_eq!(other, None, "seat {seat} is in two holds, one is {}", record.hold);
                }
            }
        }
        holds
    }

    /// What orders have here: every place that was sold and not returned, of an area with how many are left.
    pub fn sold(&self) -> impl Iterator<Item = (OrderId, Place)> + '_ {
        self.books.slots().flat_map(move |slot| {
            let order = self.books.order_of(&self.books.records[slot]);
            let left = self.books.places(slot).packed().to_vec().into_iter().filter(|packed| packed.left() > 0);
            left.filter_map(move |packed| {
                let place = match packed.place() {
                    Place::Area { area, ticket_type, .. } => Place::Area { area, quantity: packed.left(), ticket_type },
                    seat @ Place::Seat { .. } => seat,
                };
                Some((order?, place))
            })
        })
    }

    /// Price level of a place.
    pub(super) fn level(&self, place: Place) -> u8 {
        match place {
            Place::Seat { seat, .. } => self.manifest.level(seat),
            Place::Area { area, .. } => self.manifest.area_level(area),
        }
    }

    /// Every hold that can still be asked for, in no order.
    pub fn known_holds(&self) -> impl Iterator<Item = KnownHold> + '_ {
        let mut keys = hashbrown::HashMap::new();
        for number in self.books.keys.numbers() {
            let key = &self.books.keys[number];
            keys.insert(key.record, key.print().key);
        }
        self.books.slots().map(move |slot| {
            let record = &self.books.records[slot];
            KnownHold {
                hold: record.hold,
                fan: self.books.user_of(record),
                status: record.state.status(),
                expires_at: record.state.expires_at(),
                key: keys.get(&slot).copied(),
            }
        })
    }

    /// When the next hold expires.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.books.deadlines.first(&self.books.records).map(|(at, _)| at)
    }

    /// The expiry that is due first at `at`, to be journaled and applied before asking again.
    pub fn due(&self, at: Timestamp) -> Option<Fact> {
        let (deadline, slot) = self.books.deadlines.first(&self.books.records)?;
        (deadline <= at).then(|| Fact::Expired { hold: self.books.records[slot].hold })
    }

    /// When the next owner of a hold is to be warned.
    pub fn next_warning(&self) -> Option<Timestamp> {
        self.books.deadlines.next_warning(&self.books.records)
    }

    /// Tells of every hold that is within half a minute of its deadline, once per deadline. Not a
    /// fact: after a restart it tells again.
    pub fn warnings_due(&mut self, at: Timestamp, mut tell: impl FnMut(Warning)) {
        let Books { records, deadlines, fans, .. } = &mut self.books;
        while let Some(slot) = deadlines.warn(records, at) {
            let record = &records[slot];
            let (hold, expires_at) = (record.hold, record.state.expires_at());
            tell(Warning { hold, fan: fans[record.fan].id, expires_at });
        }
    }

    pub fn is_open(&self) -> bool {
        !self.price_lists.is_empty()
    }

    /// How many facts were applied.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The time of the last fact, [`Timestamp::MIN`] before the first.
    pub fn last_at(&self) -> Timestamp {
        self.last_at
    }

    pub fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What a hold taken now would cost. Panics on an event that was not opened.
    pub fn prices(&self) -> &Arc<Prices> {
        self.price_lists.last().expect("an open event has prices")
    }

    /// Panics, like [`EventState::area`], on an index the map does not have.
    pub fn status(&self, seat: u32) -> SeatStatus {
        self.seats.status(&self.manifest, seat)
    }

    pub fn area(&self, area: u16) -> AreaCounts {
        self.areas[usize::from(area)]
    }

    pub fn totals(&self) -> Totals {
        let [available, held, sold, blocked] = self.seats.counts.by_status;
        let seats = Totals { capacity: available + held + sold + blocked, available, held, sold, blocked };
        self.areas.iter().fold(seats, |sum, area| Totals {
            capacity: sum.capacity + area.capacity,
            available: sum.available + area.available(),
            held: sum.held + area.held,
            sold: sum.sold + area.sold,
            blocked: sum.blocked + area.blocked,
        })
    }

    /// Available seats and places by price level.
    pub fn level_available(&self) -> Vec<u32> {
        let mut levels = self.seats.level_available.to_vec();
        for (area, counts) in self.areas.iter().enumerate() {
            levels[usize::from(self.manifest.area_level(area as u16))] += counts.available();
        }
        levels
    }

    /// Two bits a seat in map order, the first seat in the lowest bits of the first byte.
    pub fn seat_bits(&self) -> Vec<u8> {
        self.seats.status_bits(&self.manifest)
    }

    /// Places a fan has held or bought here.
    pub fn fan_tickets(&self, fan: UserId) -> u32 {
        self.books.fan(fan).map_or(0, |fan| fan.tickets)
    }

    /// Whether accessible and companion seats are on sale for everyone.
    pub(super) fn accessible_released(&self, at: Timestamp) -> bool {
        match self.rules.accessible {
            AccessibleRelease::Never => false,
            AccessibleRelease::Always => true,
            AccessibleRelease::At(from) => from <= at,
            AccessibleRelease::RestSoldOut => self.seats.counts.standard_open == 0,
        }
    }

    /// What this state takes in memory: capacity that is allocated, the shared manifest left out.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.seats.memory_bytes()
            + self.areas.len() * size_of::<AreaCounts>()
            + self.books.memory_bytes()
            + self.price_lists.iter().map(|prices| prices.memory_bytes() + size_of::<usize>()).sum::<usize>()
    }

    /// Goes over to another map. What is in use there under the same id keeps its status; what
    /// only an ended hold remembers and the new map lacks is forgotten.
    fn swap(&mut self, manifest: Arc<Manifest>) {
        let old = std::mem::replace(&mut self.manifest, manifest.clone());
        let blocked: Vec<u32> =
            (0..old.seats() as u32).filter(|seat| self.seats.status(&old, *seat) == Status::Blocked).collect();
        let areas = std::mem::replace(&mut self.areas, empty_areas(&manifest));
        self.seats = Seats::new(&manifest);
        let kept = |seat: u32| seat_in(&old, &manifest, seat);
        for seat in blocked {
            let seat = kept(seat).unwrap_or_else(|| panic!("blocked seat {seat} is not in the new map"));
            self.seats.set(&manifest, seat, Status::Available, Status::Blocked);
        }
        for (area, counts) in (0..).zip(&areas) {
            match manifest.area(old.area_id(area)) {
                Some(area) => {
                    let capacity = manifest.area_capacity(area);
                    self.areas[usize::from(area)] = AreaCounts { capacity, ..*counts };
                    assert!(counts.in_use() <= capacity, "area {area} is too small: {counts:?}");
                }
                None => assert_eq!(counts.in_use(), 0, "area {area} is not in the new map"),
            }
        }
        for slot in self.books.sorted() {
            let (status, places) = (self.books.records[slot].state.status(), self.books.places(slot));
            let mut moved = Vec::with_capacity(places.len());
            for packed in places.packed() {
                let in_use = packed.left() > 0 && matches!(status, HoldStatus::Held | HoldStatus::Sold);
                let new = match packed.place() {
                    Place::Seat { seat, ticket_type } => kept(seat)
                        .filter(|new| manifest.level(*new) == old.level(seat))
                        .map(|seat| Place::Seat { seat, ticket_type }),
                    Place::Area { area, quantity, ticket_type } => manifest
                        .area(old.area_id(area))
                        .filter(|new| manifest.area_level(*new) == old.area_level(area))
                        .map(|area| Place::Area { area, quantity, ticket_type }),
                };
                match new {
                    Some(place) => {
                        moved.push(Packed::new(place).with_gone(packed.gone()));
                        if let (true, Place::Seat { seat, .. }) = (in_use, place) {
                            let to = if status == HoldStatus::Held { Status::Held } else { Status::Sold };
                            self.seats.set(&manifest, seat, Status::Available, to);
                        }
                    }
                    None => assert!(!in_use, "{:?} is in use and not in the new map", packed.place()),
                }
            }
            moved.sort_unstable_by_key(|packed| packed.with_gone(0));
            self.books.set_places(slot, &Places::from_packed(&moved));
        }
    }
}

/// A seat of `old` in `new`, by id.
pub(super) fn seat_in(old: &Manifest, new: &Manifest, seat: u32) -> Option<u32> {
    new.seat(&old.seat_id(seat))
}

pub(super) fn empty_areas(manifest: &Manifest) -> Box<[AreaCounts]> {
    let capacity = |area| AreaCounts { capacity: manifest.area_capacity(area), ..AreaCounts::default() };
    (0..manifest.areas() as u16).map(capacity).collect()
}
