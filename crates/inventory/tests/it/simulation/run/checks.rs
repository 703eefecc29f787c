//! What must hold after every answer, write and recovery.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use inventory::Hold;
use inventory::engine::{Actor, Best, HoldStatus, Orphans, Refusal, SaleStatus};
use stagedoor_core::{EventId, HoldId, UserId};

use super::super::auditor::{Account, Deed, Fate, Owner};
use super::super::disk::DiskJournal;
use super::super::hall::{Hall, Name};
use super::{Ask, FirstAnswer, HOLDS_MAX, Refused, Run, Said, Viewer, Wish, mix};

impl Run {
    pub(super) fn account(&self, event: EventId) -> Option<&Account> {
        self.auditor.events.get(&event)
    }

    /// Checks one answer. `alone`: nothing else was asked and nothing failed, so a refusal must
    /// be right by the state as it is.
    pub(super) fn heard(&mut self, event: EventId, ask: &Ask, said: Said, alone: bool, steady: bool) {
        let known = |said: &Said| match said {
            Ok(Some(hold)) => hold.id().0.as_u128() as u64 ^ hold.view.status as u64,
            Ok(None) => 1,
            Err(refused) => 2 + refused.code() as u64,
        };
        self.trace = mix(self.trace, known(&said));
        match said {
            Ok(answer) => {
                self.counts.answered += 1;
                self.check_done(event, ask, answer.as_ref(), alone);
            }
            Err(Refused::Unavailable) => {
                assert!(!steady, "unavailable while nothing fails: {ask:?}");
                self.lost();
            }
            Err(Refused::UnknownEvent) => assert!(self.account(event).is_none() || !steady, "{event} is open"),
            Err(Refused::MapChanged) => {
                self.counts.refused += 1;
                let swap = |(other, ask): &(EventId, Ask)| *other == event && matches!(ask, Ask::Swap(_));
                assert!(self.asked.iter().any(swap), "the map of {event} did not change");
            }
            Err(Refused::RateLimited { .. }) => panic!("no such limit is set"),
            Err(Refused::HoldLimit) => {
                self.counts.refused += 1;
                let Ask::Hold { fan, .. } = ask else { panic!("a limit of holds for {ask:?}") };
                let (now, active) = (self.env.now(), self.auditor.active(*fan, self.env.now()));
                let excused = !alone || now < self.grudge_until;
                assert!(excused || active >= HOLDS_MAX as usize, "{active} active holds are no limit");
            }
            Err(Refused::Rule(refusal)) => {
                self.counts.refused += 1;
                if alone {
                    self.check_refusal(event, ask, &refusal);
                }
            }
        }
    }

    fn check_done(&mut self, event: EventId, ask: &Ask, answer: Option<&Hold>, alone: bool) {
        match ask {
            Ask::Settle => return,
            Ask::HandOver { from, to } => return self.check_handed_over(*from, *to, alone),
            _ => {}
        }
        let account = self.auditor.events.get(&event).expect("what is answered is of an open event");
        if let Some(hold) = answer {
            check_hold(&self.hall, account, hold);
        }
        let fate = |hold: &HoldId| account.holds[hold].fate;
        match ask {
            Ask::Hold { fan, key, .. } => {
                let hold = answer.expect("a hold is answered with one");
                let booked = &account.holds[&hold.id()];
                assert!(booked.is_of(*fan), "another fan's hold");
                assert_eq!(hold.expires_at(), booked.expires_first);
                self.counts.repeated += u64::from(hold.replayed);
                if let Some(key) = key {
                    let at = booked.taken_at;
                    let first =
                        self.first_answers.entry((event, key.key)).or_insert(FirstAnswer { hold: hold.id(), at });
                    let day = Duration::from_secs(24 * 60 * 60);
                    let lapsed = first.at + day <= at;
                    assert!(first.hold == hold.id() || lapsed, "a key answered with two holds");
                    *first = FirstAnswer { hold: hold.id(), at };
                }
                if !self.holds.iter().rev().take(40).any(|(_, known, _)| *known == hold.id()) {
                    self.holds.push((event, hold.id(), *fan));
                }
            }
            Ask::Release { hold, .. } => {
                assert!(matches!(fate(hold), Fate::Released | Fate::Expired), "{:?} after a release", fate(hold));
            }
            Ask::Extend { hold, .. } => assert!(account.holds[hold].extended),
            Ask::Sell { hold, order, .. } => assert_eq!(fate(hold), Fate::Sold(*order)),
            Ask::Return { order, seats, areas } if alone => {
                for seat in seats {
                    let Owner::Sold(hold) = account.seats[usize::from(*seat)] else { continue };
                    assert_ne!(fate(&hold), Fate::Sold(*order), "seat {seat} was given back and is not free");
                }
                for (area, total) in areas {
                    let back = account.returned.get(&(*order, *area)).copied().unwrap_or(0);
                    assert!(back >= *total, "{back} of {total} places came back");
                }
            }
            Ask::Block(seats) if alone => {
                assert!(seats.iter().all(|seat| account.seats[usize::from(*seat)] == Owner::Blocked));
            }
            Ask::Unblock(seats) if alone => {
                assert!(seats.iter().all(|seat| account.seats[usize::from(*seat)] != Owner::Blocked));
            }
            Ask::Rules(rules) if alone => assert_eq!(account.rules, *rules),
            Ask::Swap(map) if alone => assert!(Arc::ptr_eq(&account.map, &self.hall.maps[*map])),
            Ask::Capacity(area, capacity) if alone => {
                let of_map = account.map.areas.iter().find(|(name, _)| name == area).expect("it is on the map").1;
                assert_eq!(account.areas[usize::from(*area)].capacity, capacity.unwrap_or(of_map));
            }
            Ask::Look { hold, fan } => {
                let booked = &account.holds[hold];
                assert!(booked.is_of(*fan));
                if alone {
                    let status = match booked.fate {
                        Fate::Live => HoldStatus::Held,
                        Fate::Sold(_) => HoldStatus::Sold,
                        Fate::Released => HoldStatus::Released,
                        Fate::Expired => HoldStatus::Expired,
                    };
                    let view = answer.expect("a look is answered with a hold");
                    assert_eq!((view.status(), view.expires_at()), (status, booked.expires_at));
                }
            }
            _ => {}
        }
    }

    /// Asked alone, what the guest still has did not fit into what the fan may have.
    fn check_handed_over(&mut self, from: UserId, to: UserId, alone: bool) {
        let at = self.latest.max(self.auditor.last_at);
        for (event, hold, owner) in &mut self.holds {
            if *owner == from {
                *owner = self.auditor.events[event].holds[hold].fan;
                self.counts.handed_over += u64::from(*owner == to);
            }
        }
        if !alone || self.env.now() < self.grudge_until || self.auditor.active(to, at) >= HOLDS_MAX as usize {
            return;
        }
        for account in self.auditor.events.values() {
            for booked in account.live.iter().map(|hold| &account.holds[hold]) {
                let left = booked.fan == from && booked.expires_at > at;
                let tickets = account.tickets.get(&to).copied().unwrap_or(0) + booked.people();
                let fits = account.rules.tickets_per_fan_max.is_none_or(|max| tickets <= u32::from(max));
                assert!(!left || !fits, "{booked:?} was not handed over to {to}");
            }
        }
    }

    /// Refused alone, so the state that refused is the state that is.
    fn check_refusal(&self, event: EventId, ask: &Ask, refusal: &Refusal) {
        let Some(account) = self.account(event) else { return };
        let at = self.latest.max(self.auditor.last_at);
        let booked = match ask {
            Ask::Release { hold, .. } | Ask::Extend { hold, .. } | Ask::Sell { hold, .. } | Ask::Look { hold, .. } => {
                account.holds.get(hold)
            }
            _ => None,
        };
        match (refusal, ask) {
            (Refusal::SeatUnavailable(seats), Ask::Hold { .. } | Ask::Block(_)) => {
                assert!(seats.as_slice().iter().all(|seat| account.owner(*seat) != Owner::Nobody), "free: {seats:?}");
            }
            (Refusal::SoldOut, Ask::Hold { wish: Wish::Area(area, people), .. }) => {
                assert!(account.areas[usize::from(*area)].free() < u32::from(*people));
            }
            (Refusal::SoldOut, Ask::Hold { wish: Wish::Best { best, section: None }, .. }) => {
                let Best { quantity: 1, level: None, accessible: 0, .. } = best else { return };
                if account.rules.orphans == Orphans::Forbid {
                    return;
                }
                let free = |name: &Name| {
                    account.seats[usize::from(*name)] == Owner::Nobody && !self.hall.special[usize::from(*name)]
                };
                assert!(!account.map.seats.iter().any(free), "sold out with free seats");
            }
            (Refusal::NotOnSale, Ask::Hold { .. }) => assert!(!account.on_sale(at)),
            (Refusal::NotOnSale, Ask::Sell { .. }) => assert_eq!(account.rules.status, SaleStatus::Cancelled),
            (Refusal::TicketLimit { max }, Ask::Hold { fan, wish, .. }) => {
                assert_eq!(Some(*max), account.rules.tickets_per_fan_max);
                assert!(account.tickets.get(fan).copied().unwrap_or(0) + wish.people() > u32::from(*max));
            }
            (Refusal::HoldExpired, _) => {
                let booked = booked.expect("an expired hold was there");
                assert!(booked.fate == Fate::Expired || booked.expires_at <= at, "{booked:?} at {at}");
            }
            (Refusal::HoldEnded, _) => assert_ne!(booked.expect("an ended hold was there").fate, Fate::Live),
            (Refusal::NotFound, _) => {
                let own = match ask {
                    Ask::Extend { fan, .. } | Ask::Sell { fan, .. } | Ask::Look { fan, .. } => Some(*fan),
                    Ask::Release { by: Actor::Fan(fan), .. } => Some(*fan),
                    _ => None,
                };
                let live =
                    booked.is_some_and(|booked| booked.fate == Fate::Live && own.is_none_or(|fan| fan == booked.fan));
                assert!(!live, "a live hold is not found by {ask:?}");
            }
            (Refusal::KeyMismatch, Ask::Hold { key: Some(key), .. }) => {
                let (_, body) = account.keys[&key.key];
                assert_ne!(body, key.body, "the same request again");
            }
            (Refusal::CapacityBelowSold { .. }, Ask::Capacity(area, wanted)) => {
                let crowd = &account.areas[usize::from(*area)];
                let of_map = account.map.areas.iter().find(|(name, _)| name == area).expect("it is on the map").1;
                assert!(crowd.capacity - crowd.free() > wanted.unwrap_or(of_map));
            }
            _ => {}
        }
    }

    /// Nothing is done to places but what somebody asks for, whatever map they found them on.
    pub(super) fn check_deeds(&mut self) {
        for (event, deed) in std::mem::take(&mut self.auditor.deeds) {
            let is_here = |other: EventId, ask: &Ask| other == event || matches!(ask, Ask::HandOver { .. });
            let leads = |(other, ask): &(EventId, Ask)| is_here(*other, ask) && ask.leads_to(&deed, &self.hall);
            let asked = self.asked.iter().any(leads);
            assert!(asked, "nobody asked for {deed:?} in {event}: {:?}", self.asked);
            match deed {
                Deed::Swapped => _ = self.swapped.insert(event),
                _ => self.counts.map_changes += u64::from(self.swapped.contains(&event)),
            }
        }
    }

    /// Every view shows what the journal says.
    pub(super) fn compare_views(&self) {
        let (inventory, _) = self.process.as_ref().expect("a process runs");
        for (event, account) in &self.auditor.events {
            let Some(view) = inventory.loaded(*event) else { continue };
            let snapshot = view.snapshot();
            let (seats, areas) = account.shown();
            assert_eq!(
                (&unpack(&snapshot.seats, seats.len()), &snapshot.areas),
                (&seats, &areas),
                "seats and areas of {event}"
            );
            assert_eq!(view.level_available(), account.levels(&self.hall), "price levels of {event}");
            assert_eq!(view.rules, account.rules);
        }
    }

    /// A viewer of the live map: deltas without gaps lead to the state that everyone sees.
    pub(super) fn watch(&mut self) {
        let (inventory, _) = self.process.as_ref().expect("a process runs");
        for (event, account) in &self.auditor.events {
            let Some(view) = inventory.loaded(*event) else { continue };
            let known = self.viewers.get_mut(event);
            // A viewer that reconnects brings its version to whatever view there is now, unless
            // the map changed.
            let resumed = known.and_then(|viewer| {
                let same = Arc::ptr_eq(&viewer.view.manifest, &view.manifest);
                let deltas = if same { view.deltas_since(viewer.version)? } else { return None };
                for delta in deltas {
                    assert_eq!(delta.version, viewer.version + 1, "a delta is missing");
                    viewer.version = delta.version;
                    delta.seats.iter().for_each(|(seat, status)| viewer.seats[*seat as usize] = *status);
                    delta.areas.iter().for_each(|(area, left)| viewer.areas[usize::from(*area)] = *left);
                    self.counts.deltas += 1;
                }
                viewer.view = view.clone();
                Some(())
            });
            if resumed.is_none() {
                let snapshot = view.snapshot();
                let seats = unpack(&snapshot.seats, view.manifest.seats());
                let (version, areas) = (snapshot.version, snapshot.areas.clone());
                self.viewers.insert(*event, Viewer { view, version, seats, areas });
            }
            let viewer = &self.viewers[event];
            assert_eq!((&viewer.seats, &viewer.areas), (&account.shown().0, &account.shown().1), "a viewer of {event}");
        }
    }

    /// The whole journal again, from its first batch: the same state, and every snapshot the
    /// same bytes.
    pub(super) fn audit(&self) {
        let mut journal = DiskJournal::open(&self.disk);
        let audit = inventory::audit::audit(&mut journal, &mut || {}).expect("the disk can be read");
        assert!(audit.findings.is_empty(), "{:?}", audit.findings);
        assert_eq!(audit.states.len(), self.auditor.events.len());
        for (event, account) in &self.auditor.events {
            let state = &audit.states[event];
            assert_eq!(state.version(), account.version);
            assert_eq!(unpack(&state.seat_bits(), account.map.seats.len()), account.shown().0);
            for hold in &account.live {
                let (view, booked) = (state.hold(*hold).expect("a live hold is known"), &account.holds[hold]);
                assert_eq!((view.status, view.expires_at), (HoldStatus::Held, booked.expires_at));
            }
        }
    }

    /// After a recovery each live hold is found by its fan.
    pub(super) fn look_up_live_holds(&self) {
        let (inventory, _) = self.process.as_ref().expect("a process runs");
        for (event, account) in &self.auditor.events {
            for hold in &account.live {
                let located = inventory.locate(account.holds[hold].fan, *hold).now_or_never();
                assert_eq!(located.expect("its fan's books know it"), Ok(Some(*event)));
            }
        }
    }
}

impl Ask {
    fn leads_to(&self, deed: &Deed, hall: &Hall) -> bool {
        let within = |some: &[Name], all: &[Name]| some.iter().all(|name| all.contains(name));
        match (self, deed) {
            (Ask::Hold { fan, wish, .. }, Deed::Held { fan: holder, seats, areas }) => {
                let fits = match wish {
                    Wish::Seats(all, _) => areas.is_empty() && seats.len() == all.len() && within(seats, all),
                    Wish::Area(area, people) => seats.is_empty() && *areas == [(*area, u32::from(*people))],
                    Wish::Best { best, section } => {
                        let in_section =
                            |name: &Name| section.is_none_or(|section| hall.seat_id(*name).starts_with(section));
                        seats.len() == usize::from(best.quantity) && seats.iter().all(in_section)
                    }
                };
                fan == holder && fits
            }
            (Ask::HandOver { from, to }, Deed::HandedOver { from: before, to: after }) => (from, to) == (before, after),
            (Ask::Return { order, seats, areas }, Deed::Returned { order: of, seats: some, areas: in_areas }) => {
                order == of && within(some, seats) && in_areas.iter().all(|total| areas.contains(total))
            }
            (Ask::Block(all), Deed::Blocked(some)) | (Ask::Unblock(all), Deed::Unblocked(some)) => within(some, all),
            (Ask::BlockArea(area, wanted), Deed::AreaBlocked(of, blocked)) => (area, wanted) == (of, blocked),
            (Ask::Capacity(area, wanted), Deed::CapacitySet { area: of, capacity, of_map }) => {
                area == of && wanted.unwrap_or(*of_map) == *capacity
            }
            (Ask::Swap(_), Deed::Swapped) => true,
            _ => false,
        }
    }
}

/// What is answered is in the journal, with the same owner and the same places.
fn check_hold(hall: &Hall, account: &Account, hold: &Hold) {
    let booked = account.holds.get(&hold.id()).expect("a hold that is answered is in the journal");
    assert!(booked.is_of(hold.fan()));
    let (mut seats, mut areas) = (Vec::new(), Vec::new());
    for place in hold.places() {
        match place.seat {
            Some(_) => seats.push(hall.seat(&place.id())),
            None => areas.push((hall.area(&place.id()), u32::from(place.quantity))),
        }
    }
    let (mut booked_seats, mut booked_areas) = (booked.seats.clone(), booked.areas.clone());
    [&mut seats, &mut booked_seats].into_iter().for_each(|names| names.sort_unstable());
    [&mut areas, &mut booked_areas].into_iter().for_each(|names| names.sort_unstable());
    // A later map may lack what an ended hold once had.
    if booked.fate != Fate::Live && booked.maps != account.maps {
        seats.iter().for_each(|seat| assert!(booked_seats.contains(seat), "seat {seat} was never in it"));
    } else {
        assert_eq!((seats, areas), (booked_seats, booked_areas), "places of {booked:?}");
    }
}

fn unpack(bits: &[u8], seats: usize) -> Vec<u8> {
    (0..seats).map(|seat| bits[seat / 4] >> (seat % 4 * 2) & 3).collect()
}
