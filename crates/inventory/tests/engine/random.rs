//! Long random runs: the engine and the naive model must agree on every command, and the journal
//! form of the facts must lead to the same bytes, from the beginning or from a snapshot.

use std::sync::Arc;
use std::time::Duration;

use inventory::engine::{
    AccessibleRelease, Actor, Answer, Best, Changes, Command, EventState, Fact, HoldStatus, KeyPrint, Manifest,
    ManifestSpec, Need, Orphans, Outcome, Place, Places, Prices, Rules, SaleStatus, SeatStatus, Want,
};
use stagedoor_core::{Entropy, Env, HoldId, OrderId, Timestamp, UserId};
use uuid::Uuid;

use crate::model::{Model, Verdict};
use crate::script::map;

/// Aisles, a row longer than a word, wheelchair spaces, two levels, two sections, two areas.
const HOUSE: &str = "A=....|........|.... B=................ M=. W=..cwwc..cw.. \
    L=..................................|...................................... / A=2222222222 B=22222.. floor:70 balcony:71";
/// The same with one seat less and another more, and other capacities.
const OTHER: &str = "A=....|........|.... N=. B=................ W=..cwwc..cw.. \
    L=..................................|...................................... / A=2222222222 B=22222.. floor:75 balcony:72";

struct Run {
    seed: u64,
    entropy: Entropy,
    at: Timestamp,
    state: EventState,
    changes: Changes,
    model: Model,
    specs: [ManifestSpec; 2],
    manifests: [Arc<Manifest>; 2],
    /// Which of the two maps is in use.
    map: usize,
    /// The newest holds, with who took them, and the keyed commands.
    holds: Vec<(HoldId, UserId)>,
    keyed: Vec<Command>,
    /// The newest orders with their fans, and what was sold of areas.
    orders: Vec<(OrderId, UserId)>,
    area_sales: Vec<(OrderId, u16, u32)>,
    journal: Vec<(Timestamp, Vec<u8>)>,
    /// Statuses as a watcher has them who follows the changes.
    watched: Vec<SeatStatus>,
    counts: Counts,
}

/// How often each outcome occurred, so that a run that tests nothing is noticed.
#[derive(Debug, Default)]
struct Counts {
    changed: u32,
    same: u32,
    refused: u32,
    best: u32,
    expired: u32,
    handed_over: u32,
    swapped: u32,
}

fn prices() -> Vec<Vec<Option<i64>>> {
    vec![vec![Some(5_000), Some(2_500)], vec![Some(9_000), None]]
}

impl Run {
    fn new(seed: u64) -> Run {
        let env = Env::seeded(seed);
        let specs = [map(HOUSE), map(OTHER)];
        let manifests = specs.each_ref().map(|spec| Arc::new(Manifest::build(spec).unwrap()));
        let rules = Rules { status: SaleStatus::OnSale, hold_ttl: Duration::from_secs(30), ..Rules::default() };
        let mut run = Run {
            seed,
            entropy: env.entropy.clone(),
            at: env.now(),
            state: EventState::new(),
            changes: Changes::default(),
            model: Model::new(&specs[0], rules, prices()),
            watched: vec![SeatStatus::Available; manifests[0].seats()],
            specs,
            manifests,
            map: 0,
            holds: Vec::new(),
            keyed: Vec::new(),
            orders: Vec::new(),
            area_sales: Vec::new(),
            journal: Vec::new(),
            counts: Counts::default(),
        };
        let prices = Arc::new(Prices::new(&prices()).unwrap());
        let open = Command::Open { manifest: run.manifests[0].clone(), rules, prices };
        let Ok(Outcome::Changed(fact)) = run.state.decide(run.at, &open) else { panic!("it opens") };
        run.apply(&fact);
        run
    }

    fn below(&self, bound: u64) -> u64 {
        self.entropy.below(bound)
    }

    fn chance(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn id<T: From<Uuid>>(&self) -> T {
        T::from(Uuid::from_bytes(self.entropy.bytes()))
    }

    fn fan(&self) -> UserId {
        UserId(Uuid::from_u128(u128::from(self.below(12)) << 64 | 7))
    }

    /// A hold made lately, most often a very new one, and its fan.
    fn some_hold(&self) -> (HoldId, UserId) {
        if self.holds.is_empty() || self.chance(2) {
            return (self.id(), self.fan());
        }
        let back = if self.chance(70) { self.below(8) } else { self.below(200) } as usize;
        self.holds[self.holds.len().saturating_sub(back + 1)]
    }

    /// An order made lately, or the one that has some seat.
    fn some_order(&self) -> OrderId {
        if self.chance(50) {
            let seat = self.below(self.manifests[self.map].seats() as u64) as u32;
            let hold = self.state.seat_holds()[seat as usize].and_then(|hold| self.state.hold(hold));
            if let Some(order) = hold.and_then(|hold| hold.order) {
                return order;
            }
        }
        let back = self.below(20) as usize;
        self.orders.len().checked_sub(back + 1).map_or_else(|| self.id(), |at| self.orders[at].0)
    }

    /// A few seats near each other.
    fn some_seats(&self, most: u64) -> Vec<u32> {
        let seats = self.manifests[self.map].seats() as u64;
        let first = self.below(seats);
        let mut seats: Vec<u32> =
            (0..=self.below(most)).map(|_| ((first + self.below(most + 2)) % seats) as u32).collect();
        seats.sort_unstable();
        seats.dedup();
        seats
    }

    fn some_areas(&self, most: u64) -> Vec<(u16, u32)> {
        let areas = self.manifests[self.map].areas() as u64;
        vec![(self.below(areas) as u16, self.below(most) as u32 + 1)]
    }

    fn hold(&self) -> Command {
        let ticket_type = u8::from(self.chance(15));
        let want = if self.chance(20) {
            let quantity = self.below(8) as u8 + 1;
            let accessible = if self.chance(15) { self.below(3).min(u64::from(quantity)) as u8 } else { 0 };
            Want::Best(Best {
                quantity,
                level: self.chance(15).then(|| self.below(2) as u8),
                section: self.chance(15).then(|| self.below(2) as u16),
                accessible,
                companions: if accessible > 0 { (quantity - accessible).min(self.below(3) as u8) } else { 0 },
                ticket_type,
            })
        } else {
            let mut places = Vec::new();
            if self.chance(85) {
                places.extend(self.some_seats(5).into_iter().map(|seat| Place::Seat { seat, ticket_type }));
            }
            if places.is_empty() || self.chance(10) {
                for (area, quantity) in self.some_areas(4) {
                    places.push(Place::Area { area, quantity: quantity as u8, ticket_type });
                    if self.chance(30) {
                        places.push(Place::Area { area, quantity: 1, ticket_type: 1 - ticket_type });
                    }
                }
            }
            let need = if self.chance(10) { Need::Accessible } else { Need::None };
            Want::Picked { places: Places::new(places).unwrap(), need }
        };
        let key = self.chance(40).then(|| KeyPrint { key: self.id::<Uuid>().as_u128(), body: self.below(2) });
        Command::Hold { hold: self.id(), fan: self.fan(), want, key, spread: self.entropy.next_u64() }
    }

    fn rules(&self) -> Rules {
        let seconds = |most: u64| Duration::from_secs(self.below(most));
        let soon = |percent: u64| self.chance(percent).then(|| self.at + seconds(30));
        let opens_at = soon(10);
        Rules {
            status: if self.chance(97) { SaleStatus::OnSale } else { SaleStatus::Cancelled },
            opens_at,
            closes_at: opens_at.map(|at| at + seconds(100) + Duration::from_secs(1)),
            starts_at: soon(20).map(|at| at + Duration::from_secs(7_200)),
            hold_ttl: Duration::from_secs(30) + seconds(90),
            extension: seconds(60),
            seats_per_hold_max: if self.chance(80) { 10 } else { 4 },
            tickets_per_fan_max: self.chance(50).then_some(24),
            orphans: [Orphans::Forbid, Orphans::Avoid, Orphans::Ignore][self.below(3) as usize],
            accessible: match self.below(4) {
                0 => AccessibleRelease::Always,
                1 => AccessibleRelease::RestSoldOut,
                2 => AccessibleRelease::At(self.at + seconds(60)),
                _ => AccessibleRelease::Never,
            },
        }
    }

    fn command(&mut self) -> Command {
        match self.below(1_000) {
            0..=329 => self.hold(),
            330..=349 if !self.keyed.is_empty() => {
                // The same request again, or the same key for another.
                let mut again = self.keyed[self.below(self.keyed.len() as u64) as usize].clone();
                let other = self.chance(30);
                if let Command::Hold { hold, key: Some(key), .. } = &mut again {
                    *hold = self.id();
                    key.body ^= u64::from(other);
                }
                again
            }
            330..=569 => {
                let (hold, fan) = self.some_hold();
                let by = if self.chance(5) { Actor::Staff } else { Actor::Fan(fan) };
                let by = if self.chance(3) { Actor::Fan(self.fan()) } else { by };
                Command::Release { hold, by }
            }
            570..=589 => {
                let (hold, fan) = self.some_hold();
                let from = if self.chance(5) { self.fan() } else { fan };
                Command::HandOver { hold, from, to: self.fan() }
            }
            590..=619 => {
                let (hold, fan) = self.some_hold();
                Command::Extend { hold, fan }
            }
            620..=739 => {
                let (hold, fan) = self.some_hold();
                // An order is of one fan, over one hold or several.
                let last = self.orders.last().filter(|(_, buyer)| *buyer == fan && self.chance(50));
                let order = last.map_or_else(|| self.id(), |(order, _)| *order);
                self.orders.push((order, fan));
                Command::Sell { hold, fan: self.chance(50).then_some(fan), order }
            }
            740..=789 if self.area_sales.len() > 12 => {
                let (order, area, total) = self.area_sales.remove(0);
                Command::Return { order, seats: Vec::new(), areas: vec![(area, total)] }
            }
            740..=949 => {
                let order = self.some_order();
                let holds = self.state.seat_holds();
                let owned = |seat: &u32| {
                    let hold = holds[*seat as usize].and_then(|hold| self.state.hold(hold));
                    hold.is_some_and(|hold| hold.order == Some(order))
                };
                let mut seats: Vec<u32> = (0..holds.len() as u32).filter(owned).collect();
                if self.chance(40) && !seats.is_empty() {
                    seats.truncate(self.below(seats.len() as u64) as usize + 1);
                }
                if self.chance(10) {
                    seats.extend(self.some_seats(1));
                }
                let areas = if self.chance(30) { self.some_areas(3) } else { Vec::new() };
                Command::Return { order, seats, areas }
            }
            950..=964 => Command::Block { seats: self.some_seats(6) },
            965..=984 => Command::Unblock { seats: self.some_seats(12) },
            985..=989 => {
                let (area, blocked) = self.some_areas(8)[0];
                Command::BlockArea { area, blocked: blocked - 1 }
            }
            990..=993 => {
                let (area, capacity) = self.some_areas(70)[0];
                Command::SetCapacity { area, capacity }
            }
            994..=996 => Command::SetRules(self.rules()),
            997 => {
                let mut levels = prices();
                levels[0][0] = Some(self.below(3) as i64 * 1_000);
                Command::SetPrices(Prices::new(&levels).unwrap().into())
            }
            _ => Command::SwapManifest { manifest: self.manifests[1 - self.map].clone() },
        }
    }

    /// Writes the fact as a journal would and applies what can be read of it.
    fn apply(&mut self, fact: &Fact) {
        let mut bytes = Vec::new();
        fact.encode(&mut bytes);
        self.journal.push((self.at, bytes));
        self.changes.clear();
        let version = self.state.version();
        assert_eq!(self.state.apply(self.at, fact, &mut self.changes), version + 1);
        if let Fact::ManifestSwapped { .. } = fact {
            let seats = self.state.manifest().seats() as u32;
            self.watched = (0..seats).map(|seat| self.state.status(seat)).collect();
        }
        for (seat, status) in &self.changes.seats {
            self.watched[*seat as usize] = *status;
        }
    }

    fn step(&mut self) {
        self.at = self.at + Duration::from_micros(self.below(1_000_000));
        while let Some(fact) = self.state.due(self.at) {
            let Fact::Expired { hold } = &fact else { panic!("{fact:?} is due") };
            self.model.expire(*hold);
            self.apply(&fact);
            self.counts.expired += 1;
        }
        let command = self.command();
        if let Command::SwapManifest { manifest } = &command {
            let outcome = self.state.decide(self.at, &command);
            let spec = &self.specs[1 - self.map];
            assert_eq!(outcome.is_ok(), self.model.can_swap(spec), "seed {}: {outcome:?}", self.seed);
            if let Ok(Outcome::Changed(fact)) = outcome {
                self.model.swap(spec);
                self.map = 1 - self.map;
                assert_eq!(fact, Fact::ManifestSwapped { manifest: manifest.clone().into() });
                self.apply(&fact);
                self.counts.swapped += 1;
            }
            return;
        }
        let outcome = self.state.decide(self.at, &command);
        let found = match (&command, &outcome) {
            (Command::Hold { want: Want::Best(_), .. }, Ok(Outcome::Changed(Fact::Held { places, .. }))) => {
                Some(*places)
            }
            _ => None,
        };
        let verdict = match &outcome {
            Ok(Outcome::Changed(_)) => Verdict::Changed,
            Ok(Outcome::Unchanged(_)) => Verdict::Same,
            Err(refusal) => Verdict::Refused(refusal.code()),
        };
        let expected = self.model.decide(self.at, &command, found.as_ref());
        // When the party does not fit under an orphan rule, the model cannot tell.
        assert_eq!(verdict, expected, "seed {}, {command:?} gave {outcome:?}", self.seed);
        match outcome {
            Ok(Outcome::Changed(fact)) => {
                self.counts.changed += 1;
                self.counts.best += u32::from(found.is_some());
                self.model.apply(self.at, &command, found.as_ref());
                self.apply(&fact);
                let answer = self.state.answer(&fact);
                if let (Fact::HandedOver { hold, fan }, Answer::Hold(view)) = (&fact, answer) {
                    assert_eq!((view.hold, view.fan, view.status), (*hold, *fan, HoldStatus::Held));
                    assert_eq!((view.expires_at, view.total_minor()), self.model.terms(*hold), "seed {}", self.seed);
                    // Most often it is the new owner who asks for it from then on.
                    if let Some(known) = self.holds.iter_mut().find(|(known, _)| known == hold)
                        && self.entropy.below(100) < 90
                    {
                        known.1 = *fan;
                    }
                    self.counts.handed_over += 1;
                }
                if let (Fact::Sold { order, .. }, Answer::Hold(view)) = (&fact, answer) {
                    for place in view.places.iter() {
                        if let Place::Area { area, quantity, .. } = place {
                            self.area_sales.push((*order, area, u32::from(quantity)));
                        }
                    }
                }
                if let (Command::Hold { hold, fan, key, .. }, Answer::Hold(view)) = (&command, answer) {
                    assert_eq!((view.hold, view.fan, view.status), (*hold, *fan, HoldStatus::Held));
                    assert_eq!((view.expires_at, view.total_minor()), self.model.terms(*hold), "seed {}", self.seed);
                    self.holds.push((*hold, *fan));
                    if key.is_some() {
                        self.keyed.push(command);
                    }
                }
            }
            Ok(Outcome::Unchanged(_)) => self.counts.same += 1,
            Err(_) => self.counts.refused += 1,
        }
        // Only what is asked for lately; the engine forgets old keys and ended holds.
        if self.keyed.len() > 400 {
            self.keyed.drain(..200);
        }
        if self.holds.len() > 1_000 {
            self.holds.drain(..500);
            self.orders.drain(..self.orders.len().saturating_sub(100));
            let (holds, orders, area_sales) = (&self.holds, &self.orders, &self.area_sales);
            let keyed = |hold: &HoldId| {
                let is_it = |command: &Command| matches!(command, Command::Hold { hold: one, .. } if one == hold);
                self.keyed.iter().any(is_it)
            };
            self.model.forget(&|hold, order| {
                let asked = order.is_some_and(|order| {
                    orders.iter().any(|(one, _)| *one == order) || area_sales.iter().any(|(one, ..)| *one == order)
                });
                asked || holds.iter().any(|(one, _)| one == hold) || keyed(hold)
            });
        }
        let totals = self.state.totals();
        assert_eq!(totals.available + totals.held + totals.sold + totals.blocked, totals.capacity);
    }

    /// Compares everything that can be seen.
    fn compare(&self) {
        let seed = self.seed;
        let manifest = self.state.manifest();
        let bits = self.state.seat_bits();
        assert_eq!(bits.len(), manifest.seats().div_ceil(4));
        let holds = self.state.seat_holds();
        for seat in 0..manifest.seats() as u32 {
            let status = self.state.status(seat);
            assert_eq!(status, self.model.status(seat), "seed {seed}, seat {seat}");
            assert_eq!(status, self.watched[seat as usize], "seed {seed}, seat {seat} as watched");
            assert_eq!(bits[seat as usize / 4] >> (seat % 4 * 2) & 3, status as u8, "seed {seed}, seat {seat}");
            let owned = matches!(status, SeatStatus::Held | SeatStatus::Sold);
            assert_eq!(holds[seat as usize].is_some(), owned, "seed {seed}, seat {seat}");
        }
        for area in 0..manifest.areas() as u16 {
            let counts = self.state.area(area);
            let numbers = [counts.held, counts.sold, counts.blocked, counts.capacity];
            assert_eq!(numbers, self.model.area(area), "seed {seed}, area {area}");
        }
        let available: Vec<u32> = (0..2).map(|level| self.model.available_in(level)).collect();
        assert_eq!(self.state.level_available(), available, "seed {seed}");
        assert_eq!(self.state.next_deadline(), self.model.next_deadline(), "seed {seed}");
        for fan in 0..12 {
            let fan = UserId(Uuid::from_u128(fan << 64 | 7));
            assert_eq!(self.state.fan_tickets(fan), self.model.tickets(fan), "seed {seed}, fan {fan}");
        }
    }

    fn find(&self, hash: [u8; 32]) -> Option<Arc<Manifest>> {
        self.manifests.iter().find(|manifest| manifest.hash() == hash).cloned()
    }

    fn replay(&self, mut state: EventState, journal: &[(Timestamp, Vec<u8>)]) -> EventState {
        let mut changes = Changes::default();
        for (at, bytes) in journal {
            let mut fact = Fact::decode(bytes).unwrap();
            if let Some(hash) = fact.needs() {
                fact.resolve(self.find(hash).unwrap());
            }
            state.apply(*at, &fact, &mut changes);
            changes.clear();
        }
        state
    }
}

fn snapshot(state: &EventState) -> Vec<u8> {
    let mut bytes = Vec::new();
    state.snapshot(&mut bytes);
    bytes
}

/// Fails with the seed in its message; `Run::new(seed)` repeats it.
fn run(seed: u64, commands: u32) -> Run {
    let mut run = Run::new(seed);
    for number in 1..=commands {
        run.step();
        if number % 5_000 == 0 || commands < 5_000 && number % 100 == 0 {
            run.compare();
        }
    }
    run.compare();
    run
}

#[test]
fn a_million_random_commands_replay_to_the_same_bytes() {
    let seed = std::env::var("STAGEDOOR_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_121);
    let mut run = Run::new(seed);
    let mut middle = (0, Vec::new());
    for number in 1..=1_000_000 {
        run.step();
        if number % 5_000 == 0 {
            run.compare();
        }
        if number == 500_000 {
            middle = (run.journal.len(), snapshot(&run.state));
        }
    }
    let bytes = snapshot(&run.state);
    println!("seed {seed}: {:?}, {} facts, {} bytes of state", run.counts, run.journal.len(), bytes.len());
    assert!(run.counts.changed > 200_000 && run.counts.expired > 10_000, "seed {seed}: {:?}", run.counts);
    assert!(run.counts.handed_over > 2_000, "seed {seed}: {:?}", run.counts);
    assert!(run.counts.best > 10_000 && run.counts.swapped > 5, "seed {seed}: {:?}", run.counts);

    let replayed = run.replay(EventState::new(), &run.journal);
    assert!(snapshot(&replayed) == bytes, "seed {seed}: the replay differs");

    let (facts, middle) = middle;
    let restored = EventState::restore(&middle, |hash| run.find(hash)).unwrap();
    assert!(snapshot(&restored) == middle, "seed {seed}: the snapshot does not restore to itself");
    let resumed = run.replay(restored, &run.journal[facts..]);
    assert!(snapshot(&resumed) == bytes, "seed {seed}: the snapshot and the rest differ from the whole");
}

#[test]
fn many_short_runs_agree_with_the_model() {
    for seed in 0..150 {
        let run = run(seed, 1_000);
        let bytes = snapshot(&run.state);
        let restored = EventState::restore(&bytes, |hash| run.find(hash)).unwrap();
        assert!(snapshot(&restored) == bytes, "seed {seed}: the snapshot does not restore to itself");
        // A restored state decides as the one it was made of.
        let mut both = [run, Run::new(seed)];
        both[1].state = restored;
        let other = both[0].entropy.next_u64();
        for number in 0..50 {
            let [original, _] = &mut both;
            let command = original.command();
            let original = format!("{:?}", both[0].state.decide(both[0].at, &command));
            let restored = format!("{:?}", both[1].state.decide(both[0].at, &command));
            assert_eq!(original, restored, "seed {seed}, {other}, {number}: {command:?}");
        }
    }
}
