//! A second, naive account of every event, made from the facts in the journal and nothing else.
//! It shares the facts' encoding with the engine, and none of its code.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use inventory::engine::{Fact, Place, Places, Rules, SaleStatus};
use journal::BatchHeader;
use stagedoor_core::{EventId, HoldId, OrderId, Timestamp, UserId};

use super::hall::{Hall, Map, Name};

/// How long a key stands for its first answer.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Nobody,
    Held(HoldId),
    Sold(HoldId),
    Blocked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Live,
    Sold(OrderId),
    Released,
    Expired,
}

#[derive(Debug)]
pub struct Booked {
    pub fan: UserId,
    /// Who had it before it was handed over.
    pub first: UserId,
    pub taken_at: Timestamp,
    pub seats: Vec<Name>,
    pub areas: Vec<(Name, u32)>,
    /// As first answered, and as it stands.
    pub expires_first: Timestamp,
    pub expires_at: Timestamp,
    pub extended: bool,
    pub fate: Fate,
    /// How many maps the event had when it was taken.
    pub maps: u32,
}

impl Booked {
    /// Whether it is or was the fan's.
    pub fn is_of(&self, fan: UserId) -> bool {
        [self.fan, self.first].contains(&fan)
    }

    pub fn people(&self) -> u32 {
        people(&self.seats, &self.areas)
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Crowd {
    pub capacity: u32,
    pub held: u32,
    pub sold: u32,
    pub blocked: u32,
}

impl Crowd {
    pub fn free(&self) -> u32 {
        self.capacity.checked_sub(self.held + self.sold + self.blocked).unwrap_or_else(|| panic!("oversold: {self:?}"))
    }
}

/// One event.
pub struct Account {
    pub version: u64,
    pub map: Arc<Map>,
    pub maps: u32,
    pub rules: Rules,
    pub seats: Vec<Owner>,
    pub areas: Vec<Crowd>,
    pub holds: HashMap<HoldId, Booked>,
    pub live: BTreeSet<HoldId>,
    pub orders: BTreeMap<OrderId, Vec<HoldId>>,
    pub returned: HashMap<(OrderId, Name), u32>,
    pub tickets: HashMap<UserId, u32>,
    /// When each key was last used, and for which body.
    pub keys: HashMap<u128, (Timestamp, u64)>,
}

/// A fact that somebody must have asked for, with the places as the map named them then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Held {
        fan: UserId,
        seats: Vec<Name>,
        areas: Vec<(Name, u32)>,
    },
    HandedOver {
        from: UserId,
        to: UserId,
    },
    Returned {
        order: OrderId,
        seats: Vec<Name>,
        areas: Vec<(Name, u32)>,
    },
    Blocked(Vec<Name>),
    Unblocked(Vec<Name>),
    AreaBlocked(Name, u32),
    /// `of_map`: what the map itself says.
    CapacitySet {
        area: Name,
        capacity: u32,
        of_map: u32,
    },
    Swapped,
}

pub struct Auditor {
    pub hall: Arc<Hall>,
    pub events: BTreeMap<EventId, Account>,
    pub batches: usize,
    pub last_at: Timestamp,
    pub facts: u64,
    /// What was done to places since the caller last looked.
    pub deeds: Vec<(EventId, Deed)>,
    holds_max: usize,
    /// Live holds of each fan over all events.
    active: HashMap<UserId, Vec<(HoldId, Timestamp)>>,
}

impl Auditor {
    pub fn new(hall: Arc<Hall>, holds_max: usize) -> Self {
        let (events, active, deeds) = Default::default();
        Self { hall, events, batches: 0, last_at: Timestamp::MIN, facts: 0, deeds, holds_max, active }
    }

    /// Live holds of a fan at `at`.
    pub fn active(&self, fan: UserId, at: Timestamp) -> usize {
        self.active.get(&fan).map_or(0, |holds| holds.iter().filter(|(_, until)| *until > at).count())
    }

    /// Takes one more batch into account, checking the state after each of its facts.
    pub fn add(&mut self, header: &BatchHeader, records: &[(EventId, u64, Vec<u8>)]) {
        assert_eq!(header.seq.0, self.batches as u64 + 1, "batches are numbered without gaps");
        assert!(header.at >= self.last_at, "the journaled clock went back");
        self.batches += 1;
        self.last_at = header.at;
        for (event, version, payload) in records {
            self.facts += 1;
            let fact = Fact::decode(payload).expect("a fact is readable");
            if let Fact::Opened { manifest, rules, .. } = &fact {
                assert!(!self.events.contains_key(event), "{event} was opened twice");
                self.events.insert(*event, Account::open(&self.hall, self.hall.map(manifest.hash()), **rules));
            }
            let account = self.events.get_mut(event).expect("an event begins with its opening");
            assert_eq!(*version, account.version + 1, "versions of {event} have no gaps");
            account.version = *version;
            self.deeds.extend(account.deed(&fact).map(|deed| (*event, deed)));
            if let Fact::HandedOver { hold, .. } = &fact {
                let from = self.active.get_mut(&account.holds[hold].fan).expect("whoever hands over has holds");
                from.retain(|(id, _)| id != hold);
            }
            account.add(header.at, &fact, &self.hall);
            self.note(header.at, *event, &fact);
        }
    }

    fn note(&mut self, at: Timestamp, event: EventId, fact: &Fact) {
        let account = &self.events[&event];
        match fact {
            Fact::Held { hold, fan, .. } | Fact::HandedOver { hold, fan } => {
                let holds = self.active.entry(*fan).or_default();
                holds.push((*hold, account.holds[hold].expires_at));
                let active = holds.iter().filter(|(_, until)| *until > at).count();
                assert!(active <= self.holds_max, "fan {fan} has {active} active holds at {at}: {holds:?}");
            }
            Fact::Extended { hold, until } => {
                let fan = account.holds[hold].fan;
                let known = self.active.get_mut(&fan).and_then(|holds| holds.iter_mut().find(|(id, _)| id == hold));
                known.expect("a hold that is extended is active").1 = *until;
            }
            Fact::Released { hold } | Fact::Expired { hold } | Fact::Sold { hold, .. } => {
                let holds = self.active.get_mut(&account.holds[hold].fan).expect("its fan has holds");
                holds.retain(|(id, _)| id != hold);
            }
            _ => {}
        }
    }
}

impl Account {
    fn open(hall: &Hall, map: &Arc<Map>, rules: Rules) -> Self {
        let mut areas = vec![Crowd::default(); hall.area_levels.len()];
        map.areas.iter().for_each(|(area, capacity)| areas[usize::from(*area)].capacity = *capacity);
        Self {
            version: 0,
            map: map.clone(),
            maps: 1,
            rules,
            seats: vec![Owner::Nobody; hall.seat_levels.len()],
            areas,
            holds: HashMap::new(),
            live: BTreeSet::new(),
            orders: BTreeMap::new(),
            returned: HashMap::new(),
            tickets: HashMap::new(),
            keys: HashMap::new(),
        }
    }

    pub fn on_sale(&self, at: Timestamp) -> bool {
        let Rules { status, opens_at, closes_at, .. } = self.rules;
        status == SaleStatus::OnSale
            && opens_at.is_none_or(|from| at >= from)
            && closes_at.is_none_or(|until| at < until)
    }

    pub fn owner(&self, index: u32) -> Owner {
        self.seats[usize::from(self.map.seats[index as usize])]
    }

    fn names(&self, seats: impl IntoIterator<Item = u32>) -> Vec<Name> {
        seats.into_iter().map(|seat| self.map.seats[seat as usize]).collect()
    }

    /// The seats and areas of a hold.
    fn places(&self, places: &Places) -> (Vec<Name>, Vec<(Name, u32)>) {
        let areas = places.iter().filter_map(|place| match place {
            Place::Seat { .. } => None,
            Place::Area { area, quantity, .. } => Some((self.map.areas[usize::from(area)].0, u32::from(quantity))),
        });
        (self.names(places.seat_indexes()), areas.collect())
    }

    fn deed(&self, fact: &Fact) -> Option<Deed> {
        let area_of = |area: u16| self.map.areas[usize::from(area)];
        Some(match fact {
            Fact::Held { fan, places, .. } => {
                let (seats, areas) = self.places(places);
                Deed::Held { fan: *fan, seats, areas }
            }
            Fact::HandedOver { hold, fan } => Deed::HandedOver { from: self.holds[hold].fan, to: *fan },
            Fact::Returned { order, seats, areas } => Deed::Returned {
                order: *order,
                seats: self.names(seats.iter().copied()),
                areas: areas.iter().map(|(area, total)| (area_of(*area).0, *total)).collect(),
            },
            Fact::Blocked { seats } => Deed::Blocked(self.names(seats.iter().copied())),
            Fact::Unblocked { seats } => Deed::Unblocked(self.names(seats.iter().copied())),
            Fact::AreaBlocked { area, blocked } => Deed::AreaBlocked(area_of(*area).0, *blocked),
            Fact::CapacitySet { area, capacity } => {
                let (area, of_map) = area_of(*area);
                Deed::CapacitySet { area, capacity: *capacity, of_map }
            }
            Fact::ManifestSwapped { .. } => Deed::Swapped,
            _ => return None,
        })
    }

    fn move_seat(&mut self, seat: Name, from: Owner, to: Owner) {
        let owner = std::mem::replace(&mut self.seats[usize::from(seat)], to);
        assert_eq!(owner, from, "seat {seat} on its way to {to:?}");
    }

    fn end(&mut self, hold: HoldId, fate: Fate) -> (Vec<Name>, Vec<(Name, u32)>) {
        assert!(self.live.remove(&hold), "hold {hold} ends as {fate:?} and is not live");
        let booked = self.holds.get_mut(&hold).expect("a live hold is known");
        assert_eq!(booked.fate, Fate::Live, "hold {hold} ends twice");
        booked.fate = fate;
        (booked.seats.clone(), booked.areas.clone())
    }

    fn free(&mut self, hold: HoldId, fate: Fate) {
        let (seats, areas) = self.end(hold, fate);
        seats.iter().for_each(|seat| self.move_seat(*seat, Owner::Held(hold), Owner::Nobody));
        areas.iter().for_each(|(area, count)| self.areas[usize::from(*area)].held -= count);
        let fan = self.holds[&hold].fan;
        *self.tickets.get_mut(&fan).expect("the fan has tickets") -= people(&seats, &areas);
    }

    fn add(&mut self, at: Timestamp, fact: &Fact, hall: &Hall) {
        match fact {
            Fact::Opened { .. } | Fact::PricesSet(_) => {}
            Fact::RulesSet(rules) => self.rules = **rules,
            Fact::Held { hold, fan, places, ttl_ms, key, .. } => {
                assert!(self.on_sale(at), "hold {hold} while not on sale");
                assert_eq!(u128::from(*ttl_ms), self.rules.hold_ttl.as_millis());
                let (seats, areas) = self.places(places);
                let count = people(&seats, &areas);
                assert!((1..=u32::from(self.rules.seats_per_hold_max)).contains(&count), "{count} places in a hold");
                seats.iter().for_each(|seat| self.move_seat(*seat, Owner::Nobody, Owner::Held(*hold)));
                areas.iter().for_each(|(area, count)| self.areas[usize::from(*area)].held += count);
                let tickets = self.tickets.entry(*fan).or_default();
                *tickets += count;
                let most = self.rules.tickets_per_fan_max.map_or(u32::MAX, u32::from);
                assert!(*tickets <= most, "fan {fan} has {tickets} of {most} tickets");
                if let Some(key) = key
                    && let Some((before, _)) = self.keys.insert(key.key, (at, key.body))
                {
                    assert!(before + DAY <= at, "a key took two holds within a day");
                }
                let expires_at = at + Duration::from_millis(u64::from(*ttl_ms));
                let booked = Booked {
                    fan: *fan,
                    first: *fan,
                    taken_at: at,
                    seats,
                    areas,
                    expires_first: expires_at,
                    expires_at,
                    extended: false,
                    fate: Fate::Live,
                    maps: self.maps,
                };
                assert!(self.holds.insert(*hold, booked).is_none(), "hold {hold} was made twice");
                self.live.insert(*hold);
            }
            Fact::Released { hold } => self.free(*hold, Fate::Released),
            Fact::Expired { hold } => {
                let expires_at = self.holds[hold].expires_at;
                assert!(expires_at <= at, "hold {hold} expired at {at}, before {expires_at}");
                self.free(*hold, Fate::Expired);
            }
            Fact::Extended { hold, until } => {
                let booked = self.holds.get_mut(hold).expect("a hold that is extended is known");
                assert!(booked.fate == Fate::Live && !booked.extended && at < booked.expires_at, "{booked:?} at {at}");
                assert_eq!(*until, booked.expires_at.max(at + self.rules.extension));
                (booked.expires_at, booked.extended) = (*until, true);
            }
            Fact::HandedOver { hold, fan } => {
                let booked = self.holds.get_mut(hold).expect("a hold that is handed over is known");
                assert!(booked.fate == Fate::Live && at < booked.expires_at, "{booked:?} at {at}");
                let (from, count) = (std::mem::replace(&mut booked.fan, *fan), booked.people());
                *self.tickets.get_mut(&from).expect("whoever hands over has tickets") -= count;
                let tickets = self.tickets.entry(*fan).or_default();
                *tickets += count;
                let most = self.rules.tickets_per_fan_max.map_or(u32::MAX, u32::from);
                assert!(*tickets <= most, "fan {fan} has {tickets} of {most} tickets");
            }
            Fact::Sold { hold, order } => {
                let expires_at = self.holds[hold].expires_at;
                assert!(at < expires_at, "hold {hold} sold at {at}, after {expires_at}");
                assert_ne!(self.rules.status, SaleStatus::Cancelled);
                let (seats, areas) = self.end(*hold, Fate::Sold(*order));
                seats.iter().for_each(|seat| self.move_seat(*seat, Owner::Held(*hold), Owner::Sold(*hold)));
                for (area, count) in areas {
                    let crowd = &mut self.areas[usize::from(area)];
                    (crowd.held, crowd.sold) = (crowd.held - count, crowd.sold + count);
                }
                self.orders.entry(*order).or_default().push(*hold);
            }
            Fact::Returned { order, seats, areas } => self.give_back(*order, seats, areas),
            Fact::Blocked { seats } => {
                let names = self.names(seats.iter().copied());
                names.iter().for_each(|seat| self.move_seat(*seat, Owner::Nobody, Owner::Blocked));
            }
            Fact::Unblocked { seats } => {
                let names = self.names(seats.iter().copied());
                names.iter().for_each(|seat| self.move_seat(*seat, Owner::Blocked, Owner::Nobody));
            }
            Fact::AreaBlocked { area, blocked } => self.crowd(*area).blocked = *blocked,
            Fact::CapacitySet { area, capacity } => self.crowd(*area).capacity = *capacity,
            Fact::ManifestSwapped { manifest } => self.swap(hall.map(manifest.hash()).clone()),
        }
        self.areas.iter().for_each(|crowd| _ = crowd.free());
    }

    fn crowd(&mut self, area: u16) -> &mut Crowd {
        &mut self.areas[usize::from(self.map.areas[usize::from(area)].0)]
    }

    /// Whether an order bought something and gave all of it back.
    pub fn is_over(&self, order: OrderId) -> bool {
        let Some(holds) = self.orders.get(&order) else { return false };
        let sold = |hold: &HoldId| self.seats.contains(&Owner::Sold(*hold));
        let in_areas = holds.iter().flat_map(|hold| &self.holds[hold].areas);
        let bought: u32 = in_areas.map(|(_, count)| count).sum();
        let returned: u32 = self.returned.iter().filter(|((of, _), _)| *of == order).map(|(_, total)| total).sum();
        !holds.iter().any(sold) && bought == returned
    }

    fn give_back(&mut self, order: OrderId, seats: &[u32], areas: &[(u16, u32)]) {
        let holds = self.orders[&order].clone();
        let fan = self.holds[&holds[0]].fan;
        for seat in seats {
            let name = self.map.seats[*seat as usize];
            let Owner::Sold(hold) = self.seats[usize::from(name)] else { panic!("seat {name} comes back unsold") };
            assert!(holds.contains(&hold), "seat {name} comes back from another order");
            self.move_seat(name, Owner::Sold(hold), Owner::Nobody);
            *self.tickets.get_mut(&fan).expect("the fan bought") -= 1;
        }
        for (area, total) in areas {
            let name = self.map.areas[usize::from(*area)].0;
            let bought: u32 = holds
                .iter()
                .flat_map(|hold| &self.holds[hold].areas)
                .filter(|(id, _)| *id == name)
                .map(|(_, count)| count)
                .sum();
            let before = self.returned.insert((order, name), *total).unwrap_or(0);
            assert!(before < *total && *total <= bought, "{total} of {bought} come back after {before}");
            self.areas[usize::from(name)].sold -= total - before;
            *self.tickets.get_mut(&fan).expect("the fan bought") -= total - before;
        }
    }

    /// What is taken must be in the new map.
    fn swap(&mut self, map: Arc<Map>) {
        for (name, owner) in (0..).zip(&self.seats) {
            assert!(*owner == Owner::Nobody || map.seats.contains(&name), "seat {name} of {owner:?} is lost");
        }
        for (name, crowd) in (0..).zip(&mut self.areas) {
            let capacity = map.areas.iter().find(|(area, _)| *area == name).map_or(0, |(_, capacity)| *capacity);
            crowd.capacity = capacity;
        }
        self.map = map;
        self.maps += 1;
    }

    /// What a seat map shows: seat statuses in map order, then free places by area.
    pub fn shown(&self) -> (Vec<u8>, Vec<u32>) {
        let status = |name: &Name| match self.seats[usize::from(*name)] {
            Owner::Nobody => 0,
            Owner::Held(_) => 1,
            Owner::Sold(_) => 2,
            Owner::Blocked => 3,
        };
        let free = |(name, _): &(Name, u32)| self.areas[usize::from(*name)].free();
        (self.map.seats.iter().map(status).collect(), self.map.areas.iter().map(free).collect())
    }

    /// Free seats and places by price level.
    pub fn levels(&self, hall: &Hall) -> Vec<u32> {
        let mut levels = vec![0; super::hall::LEVELS];
        for name in &self.map.seats {
            let free = self.seats[usize::from(*name)] == Owner::Nobody;
            levels[hall.seat_levels[usize::from(*name)]] += u32::from(free);
        }
        for (name, _) in &self.map.areas {
            levels[hall.area_levels[usize::from(*name)]] += self.areas[usize::from(*name)].free();
        }
        levels
    }
}

fn people(seats: &[Name], areas: &[(Name, u32)]) -> u32 {
    seats.len() as u32 + areas.iter().map(|(_, count)| count).sum::<u32>()
}
