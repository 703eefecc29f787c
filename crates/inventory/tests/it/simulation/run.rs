//! One simulated run: fans and staff who ask for everything there is, a clock that jumps, a disk
//! that fails and a process that dies, with every answer held against the [`Auditor`].

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::AddAssign;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use inventory::engine::{
    AccessibleRelease, Actor, Best, HoldStatus, KeyPrint, Need, Orphans, Places, Prices, Refusal, Rules, SaleStatus,
    Want,
};
use inventory::{Config, EventView, FanLimits, Hold, HoldRequest, Inventory, Opening, Refused, Writers};
use parking_lot::Mutex;
use stagedoor_core::{Entropy, Env, EventId, HoldId, OrderId, Timestamp, UserId};

use super::auditor::{Account, Auditor, Fate, Owner};
use super::disk::{Disk, DiskJournal, Failure};
use super::hall::{Hall, MAPS, Name};

const EVENTS: usize = 3;
const FANS: u64 = 6;
const HOLDS_MAX: u32 = 3;
const MILLISECOND: Duration = Duration::from_millis(1);
/// How long a hold attempt whose outcome was lost may count against its fan.
const GRUDGE: Duration = Duration::from_secs(10);

/// What a run did, to be added up and to show that it went where it should.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub operations: u64,
    pub facts: u64,
    pub writes: u64,
    pub answered: u64,
    pub refused: u64,
    pub repeated: u64,
    pub unanswered: u64,
    pub crashes: u64,
    pub failed_writes: u64,
    pub damaged_snapshots: u64,
    pub clock_back: u64,
    pub deadline_hits: u64,
    pub deltas: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.facts += other.facts;
        self.writes += other.writes;
        self.answered += other.answered;
        self.refused += other.refused;
        self.repeated += other.repeated;
        self.unanswered += other.unanswered;
        self.crashes += other.crashes;
        self.failed_writes += other.failed_writes;
        self.damaged_snapshots += other.damaged_snapshots;
        self.clock_back += other.clock_back;
        self.deadline_hits += other.deadline_hits;
        self.deltas += other.deltas;
    }
}

/// Something a fan or a member of staff asks for.
#[derive(Debug, Clone)]
enum Ask {
    Hold { fan: UserId, want: Want, key: Option<KeyPrint> },
    Release { hold: HoldId, by: Actor },
    Extend { hold: HoldId, fan: UserId },
    Sell { hold: HoldId, fan: UserId, order: OrderId },
    Return { order: OrderId, seats: Vec<u32>, areas: Vec<(u16, u32)> },
    Look { hold: HoldId, fan: UserId },
    Block(Vec<u32>),
    Unblock(Vec<u32>),
    BlockArea(u16, u32),
    Capacity(u16, u32),
    Rules(Rules),
    Prices(i64),
    Swap(usize),
    Open(usize),
    Settle,
}

/// An answer; `None` where there is nothing to say but that it was done.
type Said = Result<Option<Hold>, Refused>;
type Waiting = Pin<Box<dyn Future<Output = Said>>>;

/// The first answer to a key.
struct FirstAnswer {
    hold: HoldId,
    at: Timestamp,
}

struct Viewer {
    view: Arc<EventView>,
    version: u64,
    seats: Vec<u8>,
    areas: Vec<u32>,
}

pub struct Run {
    dice: Entropy,
    env: Env,
    disk: Arc<Mutex<Disk>>,
    process: Option<(Inventory, Writers)>,
    auditor: Auditor,
    hall: Arc<Hall>,
    events: Vec<EventId>,
    fans: Vec<UserId>,
    /// Asked for with a key, to be asked for again.
    keyed: Vec<(EventId, UserId, Want, KeyPrint)>,
    first_answers: BTreeMap<(EventId, u128), FirstAnswer>,
    /// Holds and orders someone knows of, latest last.
    holds: Vec<(EventId, HoldId, UserId)>,
    orders: Vec<(EventId, OrderId, UserId)>,
    viewers: BTreeMap<EventId, Viewer>,
    grudge_until: Timestamp,
    /// The latest the clock was since the writer last began: its own time does not go back.
    latest: Timestamp,
    /// A hash over every question, answer and batch.
    trace: u64,
    pub counts: Counts,
}

impl Run {
    pub fn new(seed: u64, hall: &Arc<Hall>) -> Self {
        let env = Env::seeded(seed);
        let dice = Entropy::seeded(seed ^ 0x5ea7_5ea7_5ea7_5ea7);
        let events = (0..EVENTS).map(|_| env.id()).collect();
        let fans = (0..FANS).map(|_| env.id()).collect();
        let mut run = Run {
            dice,
            env,
            disk: Arc::default(),
            process: None,
            auditor: Auditor::new(hall.clone(), HOLDS_MAX as usize),
            hall: hall.clone(),
            events,
            fans,
            keyed: Vec::new(),
            first_answers: BTreeMap::new(),
            holds: Vec::new(),
            orders: Vec::new(),
            viewers: BTreeMap::new(),
            grudge_until: Timestamp::MIN,
            latest: Timestamp::MIN,
            trace: seed,
            counts: Counts::default(),
        };
        run.start_process();
        run
    }

    /// Runs `operations` and comes to rest; returns the trace, the same for the same seed.
    pub fn go(&mut self, operations: u64) -> u64 {
        for event in 0..EVENTS {
            self.play(vec![(self.events[event], Ask::Open(event))]);
        }
        while self.counts.operations < operations {
            self.step();
        }
        self.disk.lock().restart();
        // Everything expires, every changed event gets a snapshot, and an audit compares them.
        for _ in 0..4 {
            self.env.clock.set(self.env.now().max(self.auditor.last_at) + Duration::from_secs(2 * 60 * 60));
            self.play(vec![(self.events[0], Ask::Settle)]);
        }
        let live = self.auditor.events.values().map(|account| account.live.len()).sum::<usize>();
        assert_eq!(live, 0, "holds outlive their time");
        self.audit();
        self.counts.facts = self.auditor.facts;
        self.counts.writes = self.disk.lock().writes;
        self.trace
    }

    fn step(&mut self) {
        self.move_clock();
        if self.roll(100) < 4 {
            let failures =
                [Failure::CrashBefore, Failure::CrashAfter, Failure::Full, Failure::ReplyLost, Failure::WriteLost];
            let failure = failures[self.roll(failures.len() as u64) as usize];
            let writes = self.roll(4);
            self.disk.lock().fail_after(writes, failure);
        }
        let count = if self.roll(2) == 0 { 1 } else { 2 + self.roll(4) };
        let mut asks = Vec::new();
        for _ in 0..count {
            let ask = self.invent();
            if self.roll(10) < 3 {
                asks.push(ask.clone());
            }
            asks.push(ask);
        }
        self.counts.operations += asks.len() as u64;
        self.play(asks);
        if self.roll(4) == 0 {
            self.watch();
        }
    }

    fn roll(&self, sides: u64) -> u64 {
        self.dice.below(sides)
    }

    fn pick<'a, T>(&self, from: &'a [T]) -> Option<&'a T> {
        (!from.is_empty()).then(|| &from[self.roll(from.len() as u64) as usize])
    }

    /// One of the last few.
    fn recent<T: Copy>(&self, from: &[T]) -> Option<T> {
        self.pick(&from[from.len().saturating_sub(12)..]).copied()
    }

    fn move_clock(&mut self) {
        let now = self.env.now();
        let to = match self.roll(100) {
            0..40 => now + Duration::from_millis(self.roll(50)),
            40..65 => now + Duration::from_secs(self.roll(20)),
            65..80 => {
                let deadlines: Vec<Timestamp> = self.deadlines().collect();
                let Some(deadline) = self.pick(&deadlines).copied() else { return };
                self.counts.deadline_hits += 1;
                match self.roll(3) {
                    0 => deadline - MILLISECOND,
                    1 => deadline,
                    _ => deadline + MILLISECOND,
                }
            }
            80..82 => now + Duration::from_secs(60 + self.roll(3_600)),
            82..84 => now - Duration::from_secs(self.roll(3_600)),
            84 if self.roll(4) == 0 => now + Duration::from_secs(25 * 60 * 60),
            _ => now,
        };
        self.counts.clock_back += u64::from(to < now);
        self.env.clock.set(to);
        self.latest = self.latest.max(to);
    }

    fn deadlines(&self) -> impl Iterator<Item = Timestamp> + '_ {
        let live =
            self.auditor.events.values().flat_map(|account| account.live.iter().map(|hold| &account.holds[hold]));
        live.map(|booked| booked.expires_at)
    }

    // ---- what is asked

    fn invent(&mut self) -> (EventId, Ask) {
        let event = self.events[self.roll(EVENTS as u64) as usize];
        let fan = self.fans[self.roll(FANS) as usize];
        let Some(account) = self.auditor.events.get(&event) else { return (event, Ask::Open(self.roll(3) as usize)) };
        let (seats, areas) = (account.map.seats.len() as u64, account.map.areas.len() as u64);
        let some_seats = |from: Option<Owner>| -> Vec<u32> {
            let fits = |seat: &u32| from.is_none_or(|owner| account.owner(*seat) == owner);
            let all: Vec<u32> = (0..seats as u32).filter(fits).collect();
            let start = self.roll(all.len() as u64 + 1) as usize;
            all.into_iter().skip(start).take(1 + self.roll(4) as usize).collect()
        };
        let area = self.roll(areas.max(1)) as u16;
        let ask = match self.roll(100) {
            0..16 => {
                let free = (self.roll(3) > 0).then_some(Owner::Nobody);
                match Places::seats(some_seats(free).into_iter().map(|seat| (seat, 0))) {
                    Ok(places) => self.hold(event, fan, Want::Picked { places, need: self.need() }),
                    Err(_) => Ask::Settle,
                }
            }
            16..28 => {
                let quantity = 1 + self.roll(4) as u8;
                let places = Places::areas([(area, quantity, 0)]).expect("one area, a few people");
                self.hold(event, fan, Want::Picked { places, need: Need::None })
            }
            28..38 => {
                let best = Best {
                    quantity: 1 + self.roll(4) as u8,
                    level: (self.roll(3) == 0).then(|| self.roll(2) as u8),
                    section: (self.roll(4) == 0).then(|| self.roll(2) as u16),
                    accessible: u8::from(self.roll(6) == 0),
                    companions: 0,
                    ticket_type: 0,
                };
                self.hold(event, fan, Want::Best(best))
            }
            38..44 => match self.recent(&self.keyed) {
                Some((event, fan, want, mut key)) => {
                    key.body += u64::from(self.roll(8) == 0);
                    return (event, Ask::Hold { fan, want, key: Some(key) });
                }
                None => Ask::Settle,
            },
            44..78 => match self.recent(&self.holds) {
                Some((event, hold, owner)) => {
                    let fan = if self.roll(12) == 0 { fan } else { owner };
                    return (event, self.about_hold(event, hold, fan));
                }
                None => Ask::Settle,
            },
            78..84 => match self.recent(&self.orders) {
                Some((event, order, _)) => return (event, self.give_back(event, order)),
                None => Ask::Settle,
            },
            84..87 => Ask::Block(some_seats(Some(Owner::Nobody))),
            87..90 => Ask::Unblock(some_seats(Some(Owner::Blocked))),
            90..91 => Ask::BlockArea(area, self.roll(8) as u32),
            91..93 => Ask::Capacity(area, self.roll(20) as u32),
            93..95 => Ask::Rules(self.rules()),
            95 => Ask::Prices(1_000 + self.roll(3) as i64),
            96..98 => Ask::Swap(self.roll(MAPS as u64) as usize),
            98 => Ask::Open(self.roll(MAPS as u64) as usize),
            _ => Ask::Settle,
        };
        (event, ask)
    }

    fn need(&self) -> Need {
        if self.roll(4) == 0 { Need::Accessible } else { Need::None }
    }

    fn hold(&mut self, event: EventId, fan: UserId, want: Want) -> Ask {
        let key = (self.roll(4) > 0).then(|| {
            let high = u128::from(self.dice.next_u64());
            KeyPrint { key: high << 64 | u128::from(self.dice.next_u64()), body: self.roll(1_000) }
        });
        if let Some(key) = key {
            self.keyed.push((event, fan, want, key));
        }
        Ask::Hold { fan, want, key }
    }

    fn about_hold(&mut self, event: EventId, hold: HoldId, fan: UserId) -> Ask {
        match self.roll(10) {
            0..2 => Ask::Release { hold, by: if self.roll(4) == 0 { Actor::Staff } else { Actor::Fan(fan) } },
            2..4 => Ask::Extend { hold, fan },
            4..8 => {
                let own = self.orders.iter().rev().find(|(known, _, owner)| (*known, *owner) == (event, fan));
                let order = match own {
                    Some((_, order, _)) if self.roll(3) == 0 => *order,
                    _ => self.env.id(),
                };
                self.orders.push((event, order, fan));
                Ask::Sell { hold, fan, order }
            }
            _ => Ask::Look { hold, fan },
        }
    }

    fn give_back(&self, event: EventId, order: OrderId) -> Ask {
        let account = &self.auditor.events[&event];
        let holds = account.orders.get(&order).map_or(&[][..], Vec::as_slice);
        let index_of = |name: Name| account.map.seats.iter().position(|seat| *seat == name).map(|at| at as u32);
        let area_of = |name: Name| account.map.areas.iter().position(|(area, _)| *area == name).map(|at| at as u16);
        let (mut seats, mut areas) = (Vec::new(), Vec::new());
        for booked in holds.iter().map(|hold| &account.holds[hold]) {
            seats.extend(booked.seats.iter().filter_map(|seat| index_of(*seat)).filter(|_| self.roll(2) == 0));
            let some = booked.areas.iter().filter_map(|(area, count)| Some((area_of(*area)?, *count)));
            areas.extend(some.map(|(area, count)| (area, 1 + self.roll(u64::from(count)) as u32)));
        }
        if self.roll(10) == 0 {
            seats.push(self.roll(account.map.seats.len() as u64) as u32);
        }
        Ask::Return { order, seats, areas }
    }

    fn rules(&self) -> Rules {
        let now = self.env.now();
        Rules {
            status: [SaleStatus::OnSale, SaleStatus::OnSale, SaleStatus::OnSale, SaleStatus::OffSale]
                [self.roll(4) as usize],
            opens_at: (self.roll(4) == 0).then(|| now + Duration::from_secs(self.roll(30))),
            closes_at: (self.roll(6) == 0).then(|| now + Duration::from_secs(60 + self.roll(600))),
            starts_at: (self.roll(6) == 0).then(|| now + Duration::from_secs(self.roll(20_000))),
            hold_ttl: Duration::from_secs(30 + self.roll(300)),
            extension: Duration::from_secs(self.roll(200)),
            seats_per_hold_max: 4 + self.roll(7) as u8,
            tickets_per_fan_max: (self.roll(3) == 0).then(|| 6 + self.roll(12) as u16),
            orphans: [Orphans::Forbid, Orphans::Avoid, Orphans::Ignore][self.roll(3) as usize],
            accessible: match self.roll(4) {
                0 => AccessibleRelease::Always,
                1 => AccessibleRelease::RestSoldOut,
                2 => AccessibleRelease::At(now + Duration::from_secs(60)),
                _ => AccessibleRelease::Never,
            },
        }
    }

    // ---- what happens

    fn send(&self, event: EventId, ask: Ask) -> Waiting {
        let (inventory, _) = self.process.as_ref().expect("a process runs");
        let (inventory, hall) = (inventory.clone(), self.hall.clone());
        Box::pin(async move {
            let done = |said: Result<(), Refused>| said.map(|()| None);
            match ask {
                Ask::Hold { fan, want, key } => inventory.hold(event, HoldRequest { fan, want, key }).await.map(Some),
                Ask::Release { hold, by } => done(inventory.release(event, hold, by).await),
                Ask::Extend { hold, fan } => inventory.extend(event, hold, fan).await.map(Some),
                Ask::Sell { hold, fan, order } => inventory.sell(event, hold, fan, order).await.map(Some),
                Ask::Return { order, seats, areas } => done(inventory.return_to_sale(event, order, seats, areas).await),
                Ask::Look { hold, fan } => inventory.hold_view(event, hold, fan).await.map(Some),
                Ask::Block(seats) => done(inventory.block(event, seats).await),
                Ask::Unblock(seats) => done(inventory.unblock(event, seats).await),
                Ask::BlockArea(area, blocked) => done(inventory.block_area(event, area, blocked).await),
                Ask::Capacity(area, capacity) => done(inventory.set_capacity(event, area, capacity).await),
                Ask::Rules(rules) => done(inventory.set_rules(event, rules).await),
                Ask::Prices(minor) => done(inventory.set_prices(event, prices(minor)).await),
                Ask::Swap(map) => done(inventory.swap_manifest(event, hall.maps[map].manifest.clone()).await),
                Ask::Open(map) => {
                    let rules = Rules { status: SaleStatus::OnSale, ..Rules::default() };
                    let manifest = hall.maps[map].manifest.clone();
                    done(inventory.open(event, Opening { manifest, rules, prices: prices(1_000) }).await)
                }
                Ask::Settle => {
                    inventory.settle().await;
                    Ok(None)
                }
            }
        })
    }

    /// Asks everything at once and sees it through, whatever fails meanwhile.
    fn play(&mut self, asks: Vec<(EventId, Ask)>) {
        let mut waiting: Vec<Option<Waiting>> =
            asks.iter().map(|(event, ask)| Some(self.send(*event, ask.clone()))).collect();
        let alone = asks.len() == 1;
        let mut steady = true;
        self.poll(&asks, &mut waiting, alone, steady);
        // Someone closes the page before the answer is there.
        for place in &mut waiting {
            if self.roll(30) == 0 && place.take().is_some() {
                self.lost();
            }
        }
        for turn in 0.. {
            assert!(turn < 10, "not answered: {asks:?}");
            let (_, writers) = self.process.as_mut().expect("a process runs");
            let turned = writers.turn();
            if turned.is_err() {
                steady = false;
                // What is on disk and was not acknowledged must not show yet.
                let acknowledged = self.disk.lock().acknowledged;
                self.take_in(acknowledged.max(self.auditor.batches));
                self.compare_views();
            }
            self.take_in(usize::MAX);
            self.poll(&asks, &mut waiting, alone, steady);
            if turned.is_err() {
                self.recover();
                self.poll(&asks, &mut waiting, alone, false);
            }
            if waiting.iter().all(Option::is_none) {
                break;
            }
            if self.disk.lock().is_dead {
                unreachable!("a dead process was started again");
            }
            if turned.is_err() && !steady {
                // A new process knows nothing of what the old one was asked.
                for _ in waiting.iter_mut().filter_map(Option::take) {
                    self.lost();
                }
                break;
            }
        }
        if asks.iter().any(|(_, ask)| matches!(ask, Ask::Settle)) && steady {
            let now = self.env.now();
            assert!(self.deadlines().all(|deadline| deadline > now), "something is overdue at {now}");
        }
        self.compare_views();
    }

    /// The outcome of something is not known; a hold may have reserved a place of its fan.
    fn lost(&mut self) {
        self.counts.unanswered += 1;
        self.grudge_until = self.grudge_until.max(self.env.now() + GRUDGE);
    }

    fn poll(&mut self, asks: &[(EventId, Ask)], waiting: &mut [Option<Waiting>], alone: bool, steady: bool) {
        let mut context = Context::from_waker(Waker::noop());
        for (place, (event, ask)) in waiting.iter_mut().zip(asks) {
            let Some(future) = place else { continue };
            if let Poll::Ready(said) = future.as_mut().poll(&mut context) {
                *place = None;
                self.heard(*event, ask, said, alone && steady, steady);
            }
        }
    }

    /// Shows the auditor what reached the disk, up to so many batches.
    fn take_in(&mut self, until: usize) {
        let disk = self.disk.lock();
        for batch in disk.batches.iter().take(until).skip(self.auditor.batches) {
            self.auditor.add(&batch.header, &batch.records);
            let chain = u64::from_le_bytes(batch.header.chain.0[..8].try_into().expect("eight bytes"));
            self.trace = mix(self.trace, chain);
        }
    }

    fn recover(&mut self) {
        loop {
            if self.disk.lock().is_dead {
                self.start_process();
                break;
            }
            self.counts.failed_writes += 1;
            let (_, writers) = self.process.as_mut().expect("a process runs");
            if writers.recover().is_ok() {
                break;
            }
        }
        self.lost();
        self.latest = self.env.now();
        self.take_in(usize::MAX);
        self.audit();
        self.compare_views();
        self.look_up_live_holds();
    }

    fn start_process(&mut self) {
        if self.process.take().is_some() {
            self.counts.crashes += 1;
        }
        let limits = FanLimits { active_holds_max: HOLDS_MAX, attempts_per_minute: u32::MAX / 4 };
        self.disk.lock().restart();
        if self.roll(5) == 0 {
            let which = self.roll(8);
            self.counts.damaged_snapshots += u64::from(self.disk.lock().damage_snapshot(which));
        }
        let disk = self.disk.clone();
        let open = move |_| Ok(Box::new(DiskJournal::open(&disk)) as _);
        let started = Inventory::by_hand(Config { limits, partitions: 1 }, self.env.clone(), open);
        self.process = Some(started.expect("what is on disk can be recovered"));
    }

    // ---- what must hold

    fn account(&self, event: EventId) -> Option<&Account> {
        self.auditor.events.get(&event)
    }

    /// Checks one answer. `alone`: nothing else was asked and nothing failed, so a refusal must
    /// be right by the state as it is.
    fn heard(&mut self, event: EventId, ask: &Ask, said: Said, alone: bool, steady: bool) {
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
        if matches!(ask, Ask::Settle) {
            return;
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
                assert_eq!(booked.fan, *fan, "another fan's hold");
                assert_eq!(hold.expires_at(), booked.expires_first);
                self.counts.repeated += u64::from(hold.replayed);
                if let Some(key) = key {
                    let at = booked.expires_first;
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
                    let Owner::Sold(hold) = account.owner(*seat) else { continue };
                    assert_ne!(fate(&hold), Fate::Sold(*order), "seat {seat} was given back and is not free");
                }
                for (area, total) in areas {
                    let area = account.map.areas[usize::from(*area)].0;
                    let back = account.returned.get(&(*order, area)).copied().unwrap_or(0);
                    assert!(back >= *total, "{back} of {total} places came back");
                }
            }
            Ask::Block(seats) if alone => {
                assert!(seats.iter().all(|seat| account.owner(*seat) == Owner::Blocked));
            }
            Ask::Unblock(seats) if alone => {
                assert!(seats.iter().all(|seat| account.owner(*seat) != Owner::Blocked));
            }
            Ask::Rules(rules) if alone => assert_eq!(account.rules, *rules),
            Ask::Swap(map) if alone => assert!(Arc::ptr_eq(&account.map, &self.hall.maps[*map])),
            Ask::Capacity(area, capacity) if alone => {
                let name = account.map.areas[usize::from(*area)].0;
                assert_eq!(account.areas[usize::from(name)].capacity, *capacity);
            }
            Ask::Look { hold, fan } => {
                let booked = &account.holds[hold];
                assert_eq!(booked.fan, *fan);
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
            (Refusal::SoldOut, Ask::Hold { want: Want::Picked { places, .. }, .. }) => {
                for place in places.iter() {
                    let inventory::engine::Place::Area { area, quantity, .. } = place else { continue };
                    let name = account.map.areas[usize::from(area)].0;
                    assert!(account.areas[usize::from(name)].free() < u32::from(quantity));
                }
            }
            (Refusal::SoldOut, Ask::Hold { want: Want::Best(best), .. }) => {
                let Best { quantity: 1, level: None, section: None, accessible: 0, .. } = best else { return };
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
            (Refusal::TicketLimit { max }, Ask::Hold { fan, want, .. }) => {
                let more = match want {
                    Want::Picked { places, .. } => places.people(),
                    Want::Best(best) => u32::from(best.quantity),
                };
                assert_eq!(Some(*max), account.rules.tickets_per_fan_max);
                assert!(account.tickets.get(fan).copied().unwrap_or(0) + more > u32::from(*max));
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
                let crowd = &account.areas[usize::from(account.map.areas[usize::from(*area)].0)];
                assert!(crowd.capacity - crowd.free() > *wanted);
            }
            _ => {}
        }
    }

    /// Every view shows what the journal says.
    fn compare_views(&self) {
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
    fn watch(&mut self) {
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
    fn audit(&self) {
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
    fn look_up_live_holds(&self) {
        let (inventory, _) = self.process.as_ref().expect("a process runs");
        for (event, account) in &self.auditor.events {
            for hold in &account.live {
                assert_eq!(inventory.locate(account.holds[hold].fan, *hold), Some(*event));
            }
        }
    }
}

/// What is answered is in the journal, with the same owner and the same places.
fn check_hold(hall: &Hall, account: &Account, hold: &Hold) {
    let booked = account.holds.get(&hold.id()).expect("a hold that is answered is in the journal");
    assert_eq!(booked.fan, hold.fan());
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

fn prices(minor: i64) -> Arc<Prices> {
    Arc::new(Prices::new(&[vec![Some(minor)], vec![Some(minor * 2)]]).expect("two levels, one ticket type"))
}

fn unpack(bits: &[u8], seats: usize) -> Vec<u8> {
    (0..seats).map(|seat| bits[seat / 4] >> (seat % 4 * 2) & 3).collect()
}

fn mix(trace: u64, more: u64) -> u64 {
    (trace ^ more).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}
