//! What a command would change, and why it may not. Changes nothing.

use std::sync::Arc;
use std::time::Duration;

use stagedoor_core::{HoldId, OrderId, Timestamp, UserId};

use super::best::Search;
use super::holds::{Record, State};
use super::orphan;
use super::seats::SeatStatus;
use super::state::{EventState, seat_in};
use super::{
    Actor, Answer, Command, Fact, HoldStatus, KeyPrint, Manifest, Need, Outcome, Place, Places, Prices, Refusal, Rules,
    RulesError, SeatKind, SeatList, Want,
};

/// Price lists of one event: what a hold's record has room to name.
const PRICE_LISTS_MAX: usize = u16::MAX as usize + 1;

/// Share of seats taken, in per cent, above which lone seats are no longer protected.
const RELAX_OCCUPANCY: u64 = 95;
/// How long before the start lone seats are no longer protected.
const RELAX_BEFORE_START: Duration = Duration::from_secs(2 * 60 * 60);

impl EventState {
    /// What `command` would change at `at`, or that it was done before, or why not.
    ///
    /// Refusals are checked in the order each branch lists them, so a command that is wrong in
    /// two ways always gets the same one. Holds: idempotency key, sale window, form of the wish,
    /// availability, accessible places, price, tickets per fan, lone seats.
    pub fn decide(&self, at: Timestamp, command: &Command) -> Result<Outcome, Refusal> {
        match command {
            Command::Hold { hold, fan, want, key, spread } => self.decide_hold(at, *hold, *fan, want, *key, *spread),
            Command::Release { hold, by } => self.decide_release(*hold, *by),
            Command::Extend { hold, fan } => self.decide_extend(at, *hold, *fan),
            Command::HandOver { hold, from, to } => self.decide_hand_over(at, *hold, *from, *to),
            Command::Sell { hold, fan, order } => self.decide_sell(at, *hold, *fan, *order),
            Command::Open { manifest, rules, prices } => self.decide_open(manifest, rules, prices),
            _ if !self.is_open() => Err(Refusal::NotFound),
            Command::SetRules(rules) => {
                let rules = checked(rules)?;
                Ok(if rules == self.rules { unchanged() } else { changed(Fact::RulesSet(Box::new(rules))) })
            }
            Command::SetPrices(prices) => self.decide_prices(prices),
            Command::Return { order, seats, areas } => self.decide_return(*order, seats, areas),
            Command::Block { seats } => self.decide_block(seats),
            Command::Unblock { seats } => self.decide_unblock(seats),
            Command::BlockArea { area, blocked } => {
                let counts = *self.areas.get(usize::from(*area)).ok_or(Refusal::UnknownArea)?;
                let in_use = counts.held + counts.sold;
                if *blocked > counts.capacity - in_use {
                    return Err(Refusal::CapacityBelowSold { in_use });
                }
                let same = *blocked == counts.blocked;
                Ok(if same { unchanged() } else { changed(Fact::AreaBlocked { area: *area, blocked: *blocked }) })
            }
            Command::SetCapacity { area, capacity } => {
                let counts = *self.areas.get(usize::from(*area)).ok_or(Refusal::UnknownArea)?;
                if *capacity < counts.in_use() {
                    return Err(Refusal::CapacityBelowSold { in_use: counts.in_use() });
                }
                if *capacity > Manifest::AREA_CAPACITY_MAX {
                    let max = Manifest::AREA_CAPACITY_MAX;
                    return Err(Refusal::BadRules(RulesError::new("capacity", format!("must be at most {max}"))));
                }
                let same = *capacity == counts.capacity;
                Ok(if same { unchanged() } else { changed(Fact::CapacitySet { area: *area, capacity: *capacity }) })
            }
            Command::SwapManifest { manifest } => self.decide_swap(manifest),
        }
    }

    fn decide_open(&self, manifest: &Arc<Manifest>, rules: &Rules, prices: &Arc<Prices>) -> Result<Outcome, Refusal> {
        if self.is_open() {
            return Err(Refusal::AlreadyOpen);
        }
        let rules = Box::new(checked(rules)?);
        if prices.levels() != manifest.levels().len() {
            return Err(Refusal::BadRules(wrong_levels(manifest)));
        }
        Ok(changed(Fact::Opened { manifest: manifest.clone().into(), rules, prices: prices.clone() }))
    }

    fn decide_prices(&self, prices: &Arc<Prices>) -> Result<Outcome, Refusal> {
        if prices.levels() != self.manifest.levels().len() {
            return Err(Refusal::BadRules(wrong_levels(&self.manifest)));
        }
        if self.price_lists.len() == PRICE_LISTS_MAX {
            let error = RulesError::new("prices", format!("cannot change more than {PRICE_LISTS_MAX} times"));
            return Err(Refusal::BadRules(error));
        }
        Ok(if prices == self.prices() { unchanged() } else { changed(Fact::PricesSet(prices.clone())) })
    }

    fn decide_hold(
        &self,
        at: Timestamp,
        hold: HoldId,
        fan: UserId,
        want: &Want,
        key: Option<KeyPrint>,
        spread: u64,
    ) -> Result<Outcome, Refusal> {
        if let Some(known) = self.known_hold(hold, fan, key) {
            return known;
        }
        if !self.is_open() || !self.rules.on_sale(at) {
            return Err(Refusal::NotOnSale);
        }
        let places = match want {
            Want::Picked { places, need } => {
                self.check_picked(at, places, *need)?;
                self.check_limit(fan, places.people())?;
                self.check_orphans(at, places)?;
                *places
            }
            Want::Best(best) => {
                if best.quantity == 0 {
                    return Err(Refusal::NothingWanted);
                }
                self.check_size(u32::from(best.quantity))?;
                let search = Search::new(self, best, self.orphans_at(at), self.accessible_released(at), spread)?;
                self.check_limit(fan, u32::from(best.quantity))?;
                search.run().ok_or(Refusal::SoldOut)?
            }
        };
        let ttl_ms = self.rules.hold_ttl.as_millis() as u32;
        let price_list = self.price_lists.len() as u32 - 1;
        Ok(changed(Fact::Held { hold, fan, places, ttl_ms, price_list, key }))
    }

    /// The outcome of a wish for a hold that was granted before, whatever places it names now.
    pub(crate) fn known_hold(
        &self,
        hold: HoldId,
        fan: UserId,
        key: Option<KeyPrint>,
    ) -> Option<Result<Outcome, Refusal>> {
        if let Some(key) = key
            && let Some(known) = self.books.key(key.key)
        {
            if known.body != key.body {
                return Some(Err(Refusal::KeyMismatch));
            }
            let mut view = self.view(known.record);
            if view.fan != fan {
                return Some(Err(Refusal::NotFound));
            }
            (view.status, view.order, view.expires_at) = (HoldStatus::Held, None, known.expires_at);
            return Some(Ok(Outcome::Unchanged(Answer::Hold(view))));
        }
        // The id is made for this command alone, so the same id is the same command again.
        let view = self.view(self.books.find(hold)?);
        Some(if view.fan == fan { Ok(Outcome::Unchanged(Answer::Hold(view))) } else { Err(Refusal::NotFound) })
    }

    fn check_size(&self, people: u32) -> Result<(), Refusal> {
        let max = self.rules.seats_per_hold_max;
        if people > u32::from(max) { Err(Refusal::TooManySeats { max }) } else { Ok(()) }
    }

    fn check_limit(&self, fan: UserId, more: u32) -> Result<(), Refusal> {
        match self.rules.tickets_per_fan_max {
            Some(max) if self.fan_tickets(fan) + more > u32::from(max) => Err(Refusal::TicketLimit { max }),
            _ => Ok(()),
        }
    }

    fn check_picked(&self, at: Timestamp, places: &Places, need: Need) -> Result<(), Refusal> {
        if places.is_empty() {
            return Err(Refusal::NothingWanted);
        }
        self.check_size(places.people())?;
        let manifest = &*self.manifest;
        let mut taken = SeatList::default();
        let mut special = SeatList::default();
        let mut full = false;
        let mut areas = AreaSums::default();
        for place in places.iter() {
            match place {
                Place::Seat { seat, .. } => {
                    let Some(bit) = manifest.bits.get(seat as usize) else { return Err(Refusal::UnknownSeat) };
                    if !self.seats.is_available(manifest, seat) {
                        taken.push(seat);
                    }
                    if manifest.words[(bit >> 6) as usize].special >> (bit & 63) & 1 == 1 {
                        special.push(seat);
                    }
                }
                Place::Area { area, quantity, .. } => {
                    let counts = self.areas.get(usize::from(area)).ok_or(Refusal::UnknownArea)?;
                    full |= areas.add(area, quantity) > counts.available();
                }
            }
        }
        if !taken.is_empty() {
            return Err(Refusal::SeatUnavailable(taken));
        }
        if full {
            return Err(Refusal::SoldOut);
        }
        if !special.is_empty() && !self.accessible_released(at) {
            // A companion seat goes only with an accessible one.
            let accessible = |seat: &u32| manifest.kind(*seat) == SeatKind::Accessible;
            if need == Need::None || !special.as_slice().iter().any(accessible) {
                return Err(Refusal::AccessibleOnly(special));
            }
        }
        let prices = self.prices();
        let priced = |place: Place| prices.minor(self.level(place), place.ticket_type()).is_some();
        if places.iter().all(priced) { Ok(()) } else { Err(Refusal::TicketTypeNotSold) }
    }

    /// The orphan rule as it stands at `at`: near the start, or nearly sold out, lone seats are
    /// better sold than protected.
    fn orphans_at(&self, at: Timestamp) -> super::Orphans {
        let [available, held, sold, blocked] = self.seats.counts.by_status.map(u64::from);
        let taken = held + sold + blocked;
        let full = taken * 100 > (available + taken) * RELAX_OCCUPANCY;
        let late = self.rules.starts_at.is_some_and(|starts| starts - RELAX_BEFORE_START < at);
        match self.rules.orphans {
            super::Orphans::Forbid if full || late => super::Orphans::Avoid,
            policy => policy,
        }
    }

    fn check_orphans(&self, at: Timestamp, places: &Places) -> Result<(), Refusal> {
        if self.rules.orphans != super::Orphans::Forbid || self.orphans_at(at) != super::Orphans::Forbid {
            return Ok(());
        }
        let special = self.accessible_released(at);
        match orphan::left_by(&self.manifest, &self.seats, places, special) {
            Some(leaves) => Err(Refusal::OrphanSeat { leaves }),
            None => Ok(()),
        }
    }

    /// The hold of `fan`; another's looks like none.
    fn owned(&self, hold: HoldId, fan: Option<UserId>) -> Result<(u32, &Record), Refusal> {
        let slot = self.books.find(hold).ok_or(Refusal::NotFound)?;
        let record = &self.books.records[slot];
        match fan {
            Some(fan) if self.books.user_of(record) != fan => Err(Refusal::NotFound),
            _ => Ok((slot, record)),
        }
    }

    fn decide_release(&self, hold: HoldId, by: Actor) -> Result<Outcome, Refusal> {
        let fan = match by {
            Actor::Fan(fan) => Some(fan),
            Actor::Staff => None,
        };
        match self.owned(hold, fan)?.1.state {
            State::Held { .. } => Ok(changed(Fact::Released { hold })),
            State::Released { .. } | State::Expired { .. } => Ok(unchanged()),
            State::Sold { .. } => Err(Refusal::HoldEnded),
        }
    }

    fn decide_extend(&self, at: Timestamp, hold: HoldId, fan: UserId) -> Result<Outcome, Refusal> {
        let (slot, record) = self.owned(hold, Some(fan))?;
        match record.state {
            State::Held { expires_at, .. } if at >= expires_at => Err(Refusal::HoldExpired),
            State::Held { extended: true, .. } => Ok(Outcome::Unchanged(Answer::Hold(self.view(slot)))),
            State::Held { expires_at, .. } => {
                let until = expires_at.max(at + self.rules.extension);
                Ok(changed(Fact::Extended { hold, until }))
            }
            State::Expired { .. } => Err(Refusal::HoldExpired),
            State::Released { .. } | State::Sold { .. } => Err(Refusal::HoldEnded),
        }
    }

    fn decide_hand_over(&self, at: Timestamp, hold: HoldId, from: UserId, to: UserId) -> Result<Outcome, Refusal> {
        let (slot, record) = self.owned(hold, None)?;
        let owner = self.books.user_of(record);
        if owner == to {
            return Ok(Outcome::Unchanged(Answer::Hold(self.view(slot))));
        }
        if owner != from {
            return Err(Refusal::NotFound);
        }
        match record.state {
            State::Held { expires_at, .. } if at >= expires_at => Err(Refusal::HoldExpired),
            State::Held { .. } => {
                self.check_limit(to, self.books.places(slot).people())?;
                Ok(changed(Fact::HandedOver { hold, fan: to }))
            }
            State::Expired { .. } => Err(Refusal::HoldExpired),
            State::Released { .. } | State::Sold { .. } => Err(Refusal::HoldEnded),
        }
    }

    fn decide_sell(
        &self,
        at: Timestamp,
        hold: HoldId,
        fan: Option<UserId>,
        order: OrderId,
    ) -> Result<Outcome, Refusal> {
        let (slot, record) = self.owned(hold, fan)?;
        match record.state {
            State::Sold { .. } if self.books.order_of(record) == Some(order) && !self.books.is_over(slot) => {
                Ok(Outcome::Unchanged(Answer::Hold(self.view(slot))))
            }
            State::Sold { .. } | State::Released { .. } => Err(Refusal::HoldEnded),
            State::Expired { .. } => Err(Refusal::HoldExpired),
            State::Held { expires_at, .. } if at >= expires_at => Err(Refusal::HoldExpired),
            State::Held { .. } if self.rules.status == super::SaleStatus::Cancelled => Err(Refusal::NotOnSale),
            State::Held { .. } => Ok(changed(Fact::Sold { hold, order })),
        }
    }

    fn decide_return(&self, order: OrderId, seats: &[u32], areas: &[(u16, u32)]) -> Result<Outcome, Refusal> {
        let (mut owned, mut returned, mut in_areas) = (Vec::new(), Vec::new(), Vec::<(u16, u32)>::new());
        if self.books.records_of(order).next().is_none() {
            return Err(Refusal::NotFound);
        }
        for slot in self.books.records_of(order) {
            for packed in self.books.places(slot).packed() {
                match packed.place() {
                    Place::Seat { seat, .. } if packed.gone() == 0 => owned.push(seat),
                    Place::Seat { seat, .. } => returned.push(seat),
                    Place::Area { area, quantity, .. } => in_areas.push((area, u32::from(quantity))),
                }
            }
        }
        let mut back: Vec<u32> = seats.iter().copied().filter(|seat| owned.contains(seat)).collect();
        back.sort_unstable();
        back.dedup();
        let foreign = |seat: &&u32| !owned.contains(seat) && !returned.contains(seat);
        let foreign: SeatList = seats.iter().filter(foreign).copied().collect();
        if !foreign.is_empty() {
            return Err(Refusal::NotOwned(foreign));
        }
        let mut totals = Vec::new();
        for (area, total) in areas {
            let bought: u32 = in_areas.iter().filter(|(other, _)| other == area).map(|(_, quantity)| quantity).sum();
            if *total > bought {
                return Err(Refusal::NotOwned(SeatList::default()));
            }
            if *total > self.books.returned(order, *area) && !totals.contains(&(*area, *total)) {
                totals.push((*area, *total));
            }
        }
        totals.sort_unstable();
        // The same area with two totals: the larger one says it all.
        totals.reverse();
        totals.dedup_by_key(|(area, _)| *area);
        totals.reverse();
        let nothing = back.is_empty() && totals.is_empty();
        Ok(if nothing { unchanged() } else { changed(Fact::Returned { order, seats: back, areas: totals }) })
    }

    /// The seats that are not in `done` yet, sorted; every other one must be in `from`.
    fn to_move(&self, seats: &[u32], from: SeatStatus, done: SeatStatus) -> Result<Vec<u32>, Refusal> {
        if seats.iter().any(|seat| *seat as usize >= self.manifest.seats()) {
            return Err(Refusal::UnknownSeat);
        }
        let wrong = |seat: &&u32| ![from, done].contains(&self.status(**seat));
        let wrong: SeatList = seats.iter().filter(wrong).copied().collect();
        if !wrong.is_empty() {
            return Err(Refusal::SeatUnavailable(wrong));
        }
        let mut moved: Vec<u32> = seats.iter().copied().filter(|seat| self.status(*seat) == from).collect();
        moved.sort_unstable();
        moved.dedup();
        Ok(moved)
    }

    fn decide_block(&self, seats: &[u32]) -> Result<Outcome, Refusal> {
        let seats = self.to_move(seats, SeatStatus::Available, SeatStatus::Blocked)?;
        Ok(if seats.is_empty() { unchanged() } else { changed(Fact::Blocked { seats }) })
    }

    fn decide_unblock(&self, seats: &[u32]) -> Result<Outcome, Refusal> {
        if seats.iter().any(|seat| *seat as usize >= self.manifest.seats()) {
            return Err(Refusal::UnknownSeat);
        }
        let blocked: Vec<u32> =
            seats.iter().copied().filter(|seat| self.status(*seat) == SeatStatus::Blocked).collect();
        let seats = self.to_move(&blocked, SeatStatus::Blocked, SeatStatus::Blocked)?;
        Ok(if seats.is_empty() { unchanged() } else { changed(Fact::Unblocked { seats }) })
    }

    fn decide_swap(&self, new: &Arc<Manifest>) -> Result<Outcome, Refusal> {
        let old = &*self.manifest;
        if new.hash() == old.hash() {
            return Ok(unchanged());
        }
        if new.levels() != old.levels() {
            return Err(Refusal::MapChangesLevels);
        }
        let lost = |seat: &u32| match self.status(*seat) {
            SeatStatus::Available => false,
            SeatStatus::Blocked => seat_in(old, new, *seat).is_none(),
            SeatStatus::Held | SeatStatus::Sold => {
                seat_in(old, new, *seat).is_none_or(|seat_now| new.level(seat_now) != old.level(*seat))
            }
        };
        let lost: SeatList = (0..old.seats() as u32).filter(lost).take(10).collect();
        if !lost.is_empty() {
            return Err(Refusal::MapLosesSeats(lost));
        }
        for (area, counts) in (0..).zip(&self.areas) {
            let in_use = counts.in_use();
            let kept = new.area(old.area_id(area)).is_some_and(|area_now| {
                let same_level = new.area_level(area_now) == old.area_level(area);
                new.area_capacity(area_now) >= in_use && (same_level || counts.held + counts.sold == 0)
            });
            if in_use > 0 && !kept {
                return Err(Refusal::MapLosesArea { area, in_use });
            }
        }
        Ok(changed(Fact::ManifestSwapped { manifest: new.clone().into() }))
    }
}

fn changed(fact: Fact) -> Outcome {
    Outcome::Changed(fact)
}

fn unchanged() -> Outcome {
    Outcome::Unchanged(Answer::Done)
}

fn checked(rules: &Rules) -> Result<Rules, Refusal> {
    rules.checked().map_err(Refusal::BadRules)
}

fn wrong_levels(manifest: &Manifest) -> RulesError {
    RulesError::new("prices", format!("must list the {} price levels of the map", manifest.levels().len()))
}

/// Places asked for by area, where two ticket types of one area add up.
#[derive(Default)]
struct AreaSums {
    last: Option<(u16, u32)>,
}

impl AreaSums {
    /// The sum of its area so far; areas come in order.
    fn add(&mut self, area: u16, quantity: u8) -> u32 {
        let before = self.last.filter(|(last, _)| *last == area).map_or(0, |(_, sum)| sum);
        let sum = before + u32::from(quantity);
        self.last = Some((area, sum));
        sum
    }
}
