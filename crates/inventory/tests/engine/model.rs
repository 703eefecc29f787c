//! A second engine, as naive as can be: lists of seats and holds, searched from end to end. It
//! shares no code with the real one and says of every command what must come of it.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use inventory::engine::{
    AccessibleRelease, Actor, Command, KeyPrint, ManifestSpec, Need, Orphans, Place, Places, Rules, SaleStatus,
    SeatKind, SeatStatus, Want,
};
use stagedoor_core::{Code, HoldId, OrderId, Timestamp, UserId};

/// What a command must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Changed,
    Same,
    Refused(Code),
}

#[derive(Debug, Clone)]
struct Seat {
    id: String,
    /// Section and row, to tell neighbours.
    row: (usize, usize),
    gap_after: bool,
    kind: SeatKind,
    level: u8,
    status: SeatStatus,
    hold: Option<HoldId>,
}

#[derive(Debug, Clone)]
struct Area {
    id: String,
    level: u8,
    capacity: u32,
    held: u32,
    sold: u32,
    blocked: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Held,
    Sold(OrderId),
    Released,
    Expired,
}

#[derive(Debug, Clone)]
struct Hold {
    fan: UserId,
    /// Ids of seats with what they cost.
    seats: Vec<(String, i64)>,
    areas: Vec<AreaLine>,
    expires_at: Timestamp,
    extended: bool,
    end: End,
    returned: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct AreaLine {
    area: String,
    quantity: u32,
    minor: i64,
    gone: u32,
}

pub struct Model {
    seats: Vec<Seat>,
    areas: Vec<Area>,
    holds: HashMap<HoldId, Hold>,
    keys: HashMap<u128, (u64, HoldId)>,
    rules: Rules,
    prices: Vec<Vec<Option<i64>>>,
}

impl Hold {
    fn order(&self) -> Option<OrderId> {
        match self.end {
            End::Sold(order) => Some(order),
            _ => None,
        }
    }

    fn people(&self) -> u32 {
        self.seats.len() as u32 + self.areas.iter().map(|line| line.quantity).sum::<u32>()
    }

    fn owns_something(&self) -> bool {
        let seats = self.seats.iter().any(|(id, _)| !self.returned.contains(id));
        seats || self.areas.iter().any(|line| line.gone < line.quantity)
    }
}

impl Model {
    pub fn new(spec: &ManifestSpec, rules: Rules, prices: Vec<Vec<Option<i64>>>) -> Self {
        let (seats, areas) = places_of(spec);
        let (holds, keys) = Default::default();
        Self { seats, areas, holds, keys, rules, prices }
    }

    pub fn status(&self, seat: u32) -> SeatStatus {
        self.seats[seat as usize].status
    }

    /// Held, sold, blocked, capacity.
    pub fn area(&self, area: u16) -> [u32; 4] {
        let area = &self.areas[usize::from(area)];
        [area.held, area.sold, area.blocked, area.capacity]
    }

    pub fn available_in(&self, level: u8) -> u32 {
        let seats =
            self.seats.iter().filter(|seat| seat.level == level && seat.status == SeatStatus::Available).count();
        let areas = self.areas.iter().filter(|area| area.level == level);
        seats as u32 + areas.map(|area| area.capacity - area.held - area.sold - area.blocked).sum::<u32>()
    }

    pub fn tickets(&self, fan: UserId) -> u32 {
        let of_hold = |hold: &Hold| {
            let seats = hold.seats.iter().filter(|(id, _)| !hold.returned.contains(id)).count() as u32;
            seats + hold.areas.iter().map(|line| line.quantity - line.gone).sum::<u32>()
        };
        let live = self.holds.values().filter(|hold| hold.fan == fan && matches!(hold.end, End::Held | End::Sold(_)));
        live.map(of_hold).sum()
    }

    /// Drops what nothing will be asked of any more: holds that ended and are not `asked` for.
    pub fn forget(&mut self, asked: &dyn Fn(&HoldId, Option<OrderId>) -> bool) {
        let alive = self.holds.values().filter(|hold| hold.owns_something());
        let orders: BTreeSet<OrderId> = alive.filter_map(Hold::order).collect();
        let in_use = |hold: &Hold| hold.end == End::Held || hold.order().is_some_and(|order| orders.contains(&order));
        self.holds.retain(|id, hold| in_use(hold) || asked(id, hold.order()));
    }

    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.holds.values().filter(|hold| hold.end == End::Held).map(|hold| hold.expires_at).min()
    }

    /// When a hold expires and what it costs, to compare with what the engine answers.
    pub fn terms(&self, hold: HoldId) -> (Timestamp, i64) {
        let hold = &self.holds[&hold];
        let seats = hold.seats.iter().map(|(_, minor)| minor).sum::<i64>();
        (hold.expires_at, seats + hold.areas.iter().map(|line| i64::from(line.quantity) * line.minor).sum::<i64>())
    }

    fn count(&self, status: SeatStatus) -> u64 {
        self.seats.iter().filter(|seat| seat.status == status).count() as u64
    }

    fn released(&self, at: Timestamp) -> bool {
        match self.rules.accessible {
            AccessibleRelease::Never => false,
            AccessibleRelease::Always => true,
            AccessibleRelease::At(from) => at >= from,
            AccessibleRelease::RestSoldOut => {
                let open = [SeatStatus::Available, SeatStatus::Held];
                !self.seats.iter().any(|seat| seat.kind == SeatKind::Standard && open.contains(&seat.status))
            }
        }
    }

    fn minor(&self, level: u8, ticket_type: u8) -> Option<i64> {
        self.prices.get(usize::from(level))?.get(usize::from(ticket_type)).copied().flatten()
    }

    /// What must come of `command`. For a search for the best seats, `found` is what the engine
    /// found; whether there was something better is not asked here.
    pub fn decide(&self, at: Timestamp, command: &Command, found: Option<&Places>) -> Verdict {
        match self.check(at, command, found) {
            Ok(true) => Verdict::Changed,
            Ok(false) => Verdict::Same,
            Err(code) => Verdict::Refused(code),
        }
    }

    fn check(&self, at: Timestamp, command: &Command, found: Option<&Places>) -> Result<bool, Code> {
        match command {
            Command::Open { .. } => Err(Code::WrongState),
            Command::SetRules(rules) => Ok(*rules != self.rules),
            Command::SetPrices(prices) => {
                let listed = |level: usize, ticket_type: usize| prices.minor(level as u8, ticket_type as u8);
                let same = |(level, types): (usize, &Vec<Option<i64>>)| {
                    types.iter().enumerate().all(|(ticket_type, minor)| *minor == listed(level, ticket_type))
                };
                Ok(!self.prices.iter().enumerate().all(same))
            }
            Command::Hold { hold, fan, want, key, .. } => self.check_hold(at, *hold, *fan, want, *key, found),
            Command::Release { hold, by } => {
                let known = self.holds.get(hold).ok_or(Code::NotFound)?;
                if matches!(by, Actor::Fan(fan) if *fan != known.fan) {
                    return Err(Code::NotFound);
                }
                match known.end {
                    End::Held => Ok(true),
                    End::Released | End::Expired => Ok(false),
                    End::Sold(_) => Err(Code::HoldEnded),
                }
            }
            Command::Extend { hold, fan } => {
                let known = self.holds.get(hold).filter(|known| known.fan == *fan).ok_or(Code::NotFound)?;
                match known.end {
                    End::Held if known.expires_at <= at => Err(Code::HoldExpired),
                    End::Held => Ok(!known.extended),
                    End::Expired => Err(Code::HoldExpired),
                    End::Released | End::Sold(_) => Err(Code::HoldEnded),
                }
            }
            Command::HandOver { hold, from, to } => {
                let known = self.holds.get(hold).ok_or(Code::NotFound)?;
                if known.fan == *to {
                    return Ok(false);
                }
                if known.fan != *from {
                    return Err(Code::NotFound);
                }
                match known.end {
                    End::Held if known.expires_at <= at => Err(Code::HoldExpired),
                    End::Held => self.check_limit(*to, known.people()).map(|()| true),
                    End::Expired => Err(Code::HoldExpired),
                    End::Released | End::Sold(_) => Err(Code::HoldEnded),
                }
            }
            Command::Sell { hold, fan, order } => {
                let known = self.holds.get(hold).filter(|known| fan.is_none_or(|fan| known.fan == fan));
                let known = known.ok_or(Code::NotFound)?;
                match known.end {
                    End::Sold(to) if to == *order && known.owns_something() => Ok(false),
                    End::Sold(_) | End::Released => Err(Code::HoldEnded),
                    End::Expired => Err(Code::HoldExpired),
                    End::Held if known.expires_at <= at => Err(Code::HoldExpired),
                    End::Held if self.rules.status == SaleStatus::Cancelled => Err(Code::NotOnSale),
                    End::Held => Ok(true),
                }
            }
            Command::Return { order, seats, areas } => self.check_return(*order, seats, areas),
            Command::Block { seats } => {
                let status = self.statuses(seats)?;
                if status.iter().any(|status| matches!(status, SeatStatus::Held | SeatStatus::Sold)) {
                    return Err(Code::SeatUnavailable);
                }
                Ok(status.contains(&SeatStatus::Available))
            }
            Command::Unblock { seats } => Ok(self.statuses(seats)?.contains(&SeatStatus::Blocked)),
            Command::BlockArea { area, blocked } => {
                let area = self.areas.get(usize::from(*area)).ok_or(Code::InvalidField)?;
                if area.held + area.sold + blocked > area.capacity {
                    return Err(Code::CapacityBelowSold);
                }
                Ok(area.blocked != *blocked)
            }
            Command::SetCapacity { area, capacity } => {
                let area = self.areas.get(usize::from(*area)).ok_or(Code::InvalidField)?;
                if area.held + area.sold + area.blocked > *capacity {
                    return Err(Code::CapacityBelowSold);
                }
                Ok(area.capacity != *capacity)
            }
            Command::SwapManifest { .. } => panic!("see Model::can_swap"),
        }
    }

    fn statuses(&self, seats: &[u32]) -> Result<Vec<SeatStatus>, Code> {
        seats
            .iter()
            .map(|seat| self.seats.get(*seat as usize).map(|seat| seat.status).ok_or(Code::UnknownSeat))
            .collect()
    }

    fn check_limit(&self, fan: UserId, people: u32) -> Result<(), Code> {
        match self.rules.tickets_per_fan_max {
            Some(max) if self.tickets(fan) + people > u32::from(max) => Err(Code::TicketLimit),
            _ => Ok(()),
        }
    }

    fn check_hold(
        &self,
        at: Timestamp,
        hold: HoldId,
        fan: UserId,
        want: &Want,
        key: Option<KeyPrint>,
        found: Option<&Places>,
    ) -> Result<bool, Code> {
        if let Some(key) = key
            && let Some((body, held)) = self.keys.get(&key.key)
        {
            if *body != key.body {
                return Err(Code::IdempotencyMismatch);
            }
            return if self.holds[held].fan == fan { Ok(false) } else { Err(Code::NotFound) };
        }
        if let Some(known) = self.holds.get(&hold) {
            return if known.fan == fan { Ok(false) } else { Err(Code::NotFound) };
        }
        let rules = &self.rules;
        let open = rules.opens_at.is_none_or(|opens| at >= opens) && rules.closes_at.is_none_or(|closes| at < closes);
        if rules.status != SaleStatus::OnSale || !open {
            return Err(Code::NotOnSale);
        }
        let limit = |people: u32| self.check_limit(fan, people);
        match want {
            Want::Picked { places, need } => {
                if places.people() > u32::from(rules.seats_per_hold_max) {
                    return Err(Code::TooManySeats);
                }
                self.check_places(at, places, *need)?;
                limit(places.people())?;
                if rules.orphans == Orphans::Forbid && !self.relaxed(at) && self.leaves_orphan(at, places) {
                    return Err(Code::OrphanSeat);
                }
            }
            Want::Best(best) => {
                if best.quantity > rules.seats_per_hold_max {
                    return Err(Code::TooManySeats);
                }
                let level = |level: u8| best.level.is_none_or(|only| only == level);
                let sold = |level: &u8| self.minor(*level, best.ticket_type).is_some();
                if !(0..self.prices.len() as u8).filter(|one| level(*one)).any(|level| sold(&level)) {
                    return Err(Code::InvalidField);
                }
                limit(u32::from(best.quantity))?;
                let Some(found) = found else { return Err(Code::SoldOut) };
                assert_eq!(found.people(), u32::from(best.quantity));
                let need = if best.accessible > 0 { Need::Accessible } else { Need::None };
                assert_eq!(self.check_places(at, found, need), Ok(()), "{best:?} found {found:?}");
                for seat in found.seat_indexes().map(|seat| &self.seats[seat as usize]) {
                    assert!(level(seat.level), "{best:?} found {found:?}");
                    let section = best.section.is_none_or(|section| seat.row.0 == usize::from(section));
                    assert!(section, "{best:?} found {found:?}");
                }
                if rules.orphans == Orphans::Forbid && !self.relaxed(at) && best.accessible == 0 {
                    assert!(!self.leaves_orphan(at, found), "{best:?} found {found:?}");
                }
            }
        }
        Ok(true)
    }

    fn check_places(&self, at: Timestamp, places: &Places, need: Need) -> Result<(), Code> {
        let seats: Vec<Option<&Seat>> = places.seat_indexes().map(|seat| self.seats.get(seat as usize)).collect();
        if seats.iter().any(Option::is_none) {
            return Err(Code::UnknownSeat);
        }
        let mut wanted: HashMap<u16, u32> = HashMap::new();
        for place in places.iter() {
            if let Place::Area { area, quantity, .. } = place {
                *wanted.entry(area).or_default() += u32::from(quantity);
            }
        }
        if wanted.keys().any(|area| usize::from(*area) >= self.areas.len()) {
            return Err(Code::InvalidField);
        }
        let seats: Vec<&Seat> = seats.into_iter().flatten().collect();
        if seats.iter().any(|seat| seat.status != SeatStatus::Available) {
            return Err(Code::SeatUnavailable);
        }
        for (area, wanted) in wanted {
            let area = &self.areas[usize::from(area)];
            if area.held + area.sold + area.blocked + wanted > area.capacity {
                return Err(Code::SoldOut);
            }
        }
        let special = seats.iter().any(|seat| seat.kind != SeatKind::Standard);
        let accessible = seats.iter().any(|seat| seat.kind == SeatKind::Accessible);
        if special && !self.released(at) && (need == Need::None || !accessible) {
            return Err(Code::AccessibleOnly);
        }
        let level = |place: Place| match place {
            Place::Seat { seat, .. } => self.seats[seat as usize].level,
            Place::Area { area, .. } => self.areas[usize::from(area)].level,
        };
        let priced = places.iter().all(|place| self.minor(level(place), place.ticket_type()).is_some());
        if priced { Ok(()) } else { Err(Code::InvalidField) }
    }

    fn relaxed(&self, at: Timestamp) -> bool {
        let total = self.seats.len() as u64;
        let taken = total - self.count(SeatStatus::Available);
        let late = self.rules.starts_at.is_some_and(|starts| at > starts - Duration::from_secs(7_200));
        late || taken * 100 > total * 95
    }

    /// Whether a seat that has a free neighbour now would have none.
    fn leaves_orphan(&self, at: Timestamp, places: &Places) -> bool {
        let released = self.released(at);
        let taken: Vec<u32> = places.seat_indexes().collect();
        let free = |seat: usize| {
            let seat = &self.seats[seat];
            seat.status == SeatStatus::Available && (released || seat.kind == SeatKind::Standard)
        };
        let after = |seat: usize| free(seat) && !taken.contains(&(seat as u32));
        (0..self.seats.len())
            .filter(|seat| after(*seat))
            .any(|seat| self.is_alone(seat, &after) && !self.is_alone(seat, &free))
    }

    fn is_alone(&self, seat: usize, free: &dyn Fn(usize) -> bool) -> bool {
        let joined = |left: usize| {
            left + 1 < self.seats.len()
                && self.seats[left].row == self.seats[left + 1].row
                && !self.seats[left].gap_after
        };
        let left = seat > 0 && joined(seat - 1) && free(seat - 1);
        let right = joined(seat) && free(seat + 1);
        !left && !right
    }

    /// The holds of an order, in order of their ids.
    fn of_order(&self, order: OrderId) -> Vec<&Hold> {
        let mut holds: Vec<(&HoldId, &Hold)> =
            self.holds.iter().filter(|(_, hold)| hold.end == End::Sold(order)).collect();
        holds.sort_unstable_by_key(|(id, _)| **id);
        holds.into_iter().map(|(_, hold)| hold).collect()
    }

    fn check_return(&self, order: OrderId, seats: &[u32], areas: &[(u16, u32)]) -> Result<bool, Code> {
        if self.of_order(order).is_empty() {
            return Err(Code::NotFound);
        }
        let mut more = false;
        for seat in seats {
            let id = self.seats.get(*seat as usize).map(|seat| &seat.id).ok_or(Code::NotFound)?;
            let of_order = || self.holds.values().filter(|hold| hold.end == End::Sold(order));
            let bought = |hold: &Hold| hold.seats.iter().any(|(one, _)| one == id);
            if !of_order().any(bought) {
                return Err(Code::NotFound);
            }
            more |= of_order().any(|hold| bought(hold) && !hold.returned.contains(id));
        }
        for (area, total) in areas {
            let id = self.areas.get(usize::from(*area)).map(|area| area.id.clone()).ok_or(Code::NotFound)?;
            let holds = self.of_order(order);
            let lines = || holds.iter().flat_map(|hold| &hold.areas).filter(|line| line.area == id);
            if *total > lines().map(|line| line.quantity).sum() {
                return Err(Code::NotFound);
            }
            more |= *total > lines().map(|line| line.gone).sum();
        }
        Ok(more)
    }

    /// Carries out a command that [`Model::decide`] says changes something.
    pub fn apply(&mut self, at: Timestamp, command: &Command, found: Option<&Places>) {
        match command {
            Command::SetRules(rules) => self.rules = *rules,
            Command::SetPrices(prices) => {
                for (level, types) in self.prices.iter_mut().enumerate() {
                    for (ticket_type, minor) in types.iter_mut().enumerate() {
                        *minor = prices.minor(level as u8, ticket_type as u8);
                    }
                }
            }
            Command::Hold { hold, fan, want, key, .. } => {
                let places = match want {
                    Want::Picked { places, .. } => places,
                    Want::Best(_) => found.expect("a search that found something"),
                };
                self.take(at, *hold, *fan, places);
                if let Some(key) = key {
                    self.keys.insert(key.key, (key.body, *hold));
                }
            }
            Command::Release { hold, .. } => self.end(*hold, End::Released),
            Command::Extend { hold, .. } => {
                let until = at + self.rules.extension;
                let hold = self.holds.get_mut(hold).unwrap();
                hold.extended = true;
                hold.expires_at = hold.expires_at.max(until);
            }
            Command::HandOver { hold, to, .. } => self.holds.get_mut(hold).expect("it is live").fan = *to,
            Command::Sell { hold, order, .. } => self.end(*hold, End::Sold(*order)),
            Command::Return { order, seats, areas } => {
                for seat in seats {
                    let seat = &mut self.seats[*seat as usize];
                    for hold in self.holds.values_mut().filter(|hold| hold.end == End::Sold(*order)) {
                        if hold.seats.iter().any(|(id, _)| *id == seat.id) && hold.returned.insert(seat.id.clone()) {
                            (seat.status, seat.hold) = (SeatStatus::Available, None);
                        }
                    }
                }
                for (area, total) in areas {
                    let area = &mut self.areas[usize::from(*area)];
                    let mut holds: Vec<(&HoldId, &mut Hold)> =
                        self.holds.iter_mut().filter(|(_, hold)| hold.end == End::Sold(*order)).collect();
                    holds.sort_unstable_by_key(|(id, _)| **id);
                    let lines = holds.iter_mut().flat_map(|(_, hold)| hold.areas.iter_mut());
                    let lines: Vec<&mut AreaLine> = lines.filter(|line| line.area == area.id).collect();
                    let mut more = total.saturating_sub(lines.iter().map(|line| line.gone).sum());
                    area.sold -= more;
                    for line in lines {
                        let gone = more.min(line.quantity - line.gone);
                        line.gone += gone;
                        more -= gone;
                    }
                }
            }
            Command::Block { seats } => self.set_all(seats, SeatStatus::Available, SeatStatus::Blocked),
            Command::Unblock { seats } => self.set_all(seats, SeatStatus::Blocked, SeatStatus::Available),
            Command::BlockArea { area, blocked } => self.areas[usize::from(*area)].blocked = *blocked,
            Command::SetCapacity { area, capacity } => self.areas[usize::from(*area)].capacity = *capacity,
            Command::Open { .. } | Command::SwapManifest { .. } => unreachable!("never decided as a change"),
        }
    }

    fn set_all(&mut self, seats: &[u32], from: SeatStatus, to: SeatStatus) {
        for seat in seats.iter().map(|seat| *seat as usize) {
            if self.seats[seat].status == from {
                self.seats[seat].status = to;
            }
        }
    }

    fn take(&mut self, at: Timestamp, hold: HoldId, fan: UserId, places: &Places) {
        let (mut seats, mut areas) = (Vec::new(), Vec::new());
        for place in places.iter() {
            match place {
                Place::Seat { seat, ticket_type } => {
                    let minor = self.minor(self.seats[seat as usize].level, ticket_type).unwrap();
                    let seat = &mut self.seats[seat as usize];
                    (seat.status, seat.hold) = (SeatStatus::Held, Some(hold));
                    seats.push((seat.id.clone(), minor));
                }
                Place::Area { area, quantity, ticket_type } => {
                    let minor = self.minor(self.areas[usize::from(area)].level, ticket_type).unwrap();
                    let area = &mut self.areas[usize::from(area)];
                    area.held += u32::from(quantity);
                    areas.push(AreaLine { area: area.id.clone(), quantity: u32::from(quantity), minor, gone: 0 });
                }
            }
        }
        let expires_at = at + self.rules.hold_ttl;
        let returned = BTreeSet::new();
        let hold_taken = Hold { fan, seats, areas, expires_at, extended: false, end: End::Held, returned };
        assert!(self.holds.insert(hold, hold_taken).is_none());
    }

    pub fn expire(&mut self, hold: HoldId) {
        self.end(hold, End::Expired);
    }

    fn end(&mut self, id: HoldId, end: End) {
        let hold = self.holds.get_mut(&id).unwrap();
        assert_eq!(hold.end, End::Held, "{id}");
        hold.end = end;
        let sold = matches!(end, End::Sold(_));
        for seat in self.seats.iter_mut().filter(|seat| seat.hold == Some(id)) {
            assert_eq!(seat.status, SeatStatus::Held);
            seat.status = if sold { SeatStatus::Sold } else { SeatStatus::Available };
            if !sold {
                seat.hold = None;
            }
        }
        for line in &hold.areas {
            let area = self.areas.iter_mut().find(|one| one.id == line.area).unwrap();
            area.held -= line.quantity;
            area.sold += if sold { line.quantity } else { 0 };
        }
    }

    /// Whether a map with these places can take over: all that is in use is there, and what is
    /// held or sold costs the same level.
    pub fn can_swap(&self, spec: &ManifestSpec) -> bool {
        let (seats, areas) = places_of(spec);
        let kept = |seat: &Seat| {
            let now = seats.iter().find(|one| one.id == seat.id);
            let level = |now: &Seat| now.level == seat.level || seat.status == SeatStatus::Blocked;
            seat.status == SeatStatus::Available || now.is_some_and(level)
        };
        let kept_area = |area: &Area| {
            let in_use = area.held + area.sold + area.blocked;
            let now = areas.iter().find(|one| one.id == area.id);
            in_use == 0 || now.is_some_and(|now| now.capacity >= in_use)
        };
        self.seats.iter().all(kept) && self.areas.iter().all(kept_area)
    }

    pub fn swap(&mut self, spec: &ManifestSpec) {
        let (mut seats, mut areas) = places_of(spec);
        for seat in &mut seats {
            if let Some(old) = self.seats.iter().find(|one| one.id == seat.id) {
                (seat.status, seat.hold) = (old.status, old.hold);
            }
        }
        for area in &mut areas {
            if let Some(old) = self.areas.iter().find(|one| one.id == area.id) {
                (area.held, area.sold, area.blocked) = (old.held, old.sold, old.blocked);
            }
        }
        (self.seats, self.areas) = (seats, areas);
    }
}

fn places_of(spec: &ManifestSpec) -> (Vec<Seat>, Vec<Area>) {
    let mut seats = Vec::new();
    for (section_index, section) in spec.sections.iter().enumerate() {
        for (row_index, row) in section.rows.iter().enumerate() {
            for seat in &row.seats {
                seats.push(Seat {
                    id: format!("{}-{}-{}", section.id, row.label, seat.label),
                    row: (section_index, row_index),
                    gap_after: seat.aisle_after,
                    kind: seat.kind,
                    level: seat.level,
                    status: SeatStatus::Available,
                    hold: None,
                });
            }
        }
    }
    let area = |area: &inventory::engine::AreaSpec| Area {
        id: area.id.clone(),
        level: area.level,
        capacity: area.capacity,
        held: 0,
        sold: 0,
        blocked: 0,
    };
    (seats, spec.areas.iter().map(area).collect())
}
