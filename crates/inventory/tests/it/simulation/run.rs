//! One simulated run: fans and staff who ask for everything there is, a clock that jumps, a disk
//! that fails and a process that dies, with every answer held against the [`Auditor`].

mod checks;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use inventory::engine::{
    AccessibleRelease, Actor, Best, KeyPrint, Manifest, Need, Orphans, Places, Prices, Refusal, Rules, SaleStatus, Want,
};
use inventory::{Config, EventView, FanLimits, Hold, HoldRequest, Inventory, Opening, Pace, Refused, Writers};
use parking_lot::Mutex;
use stagedoor_core::{Entropy, Env, EventId, HoldId, OrderId, Timestamp, UserId};

use super::auditor::{Auditor, Owner};
use super::counts::Counts;
use super::disk::{Disk, DiskJournal, Failure};
use super::hall::{Hall, MAPS, Name, SECTIONS};

const EVENTS: usize = 3;
const FANS: u64 = 6;
const GUESTS: u64 = 3;
const HOLDS_MAX: u32 = 3;
const MILLISECOND: Duration = Duration::from_millis(1);
/// How long a hold attempt whose outcome was lost may count against its fan.
const GRUDGE: Duration = Duration::from_secs(10);

/// Something a fan or a member of staff asks for.
#[derive(Debug, Clone)]
enum Ask {
    Hold {
        fan: UserId,
        wish: Wish,
        key: Option<KeyPrint>,
    },
    Release {
        hold: HoldId,
        by: Actor,
    },
    Extend {
        hold: HoldId,
        fan: UserId,
    },
    Sell {
        hold: HoldId,
        fan: UserId,
        order: OrderId,
    },
    /// All that somebody holds, over all events.
    HandOver {
        from: UserId,
        to: UserId,
    },
    Return {
        order: OrderId,
        seats: Vec<Name>,
        areas: Vec<(Name, u32)>,
    },
    Look {
        hold: HoldId,
        fan: UserId,
    },
    Block(Vec<Name>),
    Unblock(Vec<Name>),
    BlockArea(Name, u32),
    /// `None`: what the map says.
    Capacity(Name, Option<u32>),
    Rules(Rules),
    Prices(i64),
    Swap(usize),
    Open(usize),
    Settle,
}

/// What a fan wants to hold, whatever its numbers on a map.
#[derive(Debug, Clone)]
enum Wish {
    Seats(Vec<Name>, Need),
    Area(Name, u8),
    /// `section` stands for the one of [`Best`].
    Best {
        best: Best,
        section: Option<&'static str>,
    },
}

impl Wish {
    fn people(&self) -> u32 {
        match self {
            Wish::Seats(seats, _) => seats.len() as u32,
            Wish::Area(_, people) => u32::from(*people),
            Wish::Best { best, .. } => u32::from(best.quantity),
        }
    }

    /// In the numbers of a map.
    fn on(&self, map: &Manifest, hall: &Hall) -> Result<Want, Refusal> {
        Ok(match self {
            Wish::Seats(seats, need) => {
                let number = |name: &Name| map.seat(hall.seat_id(*name)).ok_or(Refusal::UnknownSeat);
                let seats = seats.iter().map(number).collect::<Result<Vec<_>, _>>()?;
                Want::Picked { places: Places::seats(seats.into_iter().map(|seat| (seat, 0)))?, need: *need }
            }
            Wish::Area(area, people) => {
                let area = map.area(hall.area_id(*area)).ok_or(Refusal::UnknownArea)?;
                Want::Picked { places: Places::areas([(area, *people, 0)])?, need: Need::None }
            }
            Wish::Best { best, section } => {
                let section = section.map(|id| map.section(id).ok_or(Refusal::UnknownSection)).transpose()?;
                Want::Best(Best { section, ..*best })
            }
        })
    }
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
    /// Hold like fans do, until they hand over to one.
    guests: Vec<UserId>,
    /// Asked for with a key, to be asked for again.
    keyed: Vec<(EventId, UserId, Wish, KeyPrint)>,
    /// What is being played, and the events that went over to another map meanwhile.
    asked: Vec<(EventId, Ask)>,
    swapped: BTreeSet<EventId>,
    /// Given up while a command of it may have waited to be decided.
    underway: Vec<(EventId, Ask)>,
    first_answers: BTreeMap<(EventId, u128), FirstAnswer>,
    /// Holds and orders someone knows of, latest last.
    holds: Vec<(EventId, HoldId, UserId)>,
    orders: Vec<(EventId, OrderId, UserId)>,
    viewers: BTreeMap<EventId, Viewer>,
    grudge_until: Timestamp,
    /// The latest the clock was since the process began: its own time does not go back.
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
        let guests = (0..GUESTS).map(|_| env.id()).collect();
        let mut run = Run {
            dice,
            env,
            disk: Arc::default(),
            process: None,
            auditor: Auditor::new(hall.clone(), HOLDS_MAX as usize),
            hall: hall.clone(),
            events,
            fans,
            guests,
            keyed: Vec::new(),
            asked: Vec::new(),
            underway: Vec::new(),
            swapped: BTreeSet::new(),
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
        if count > 1 && self.roll(8) == 0 {
            // What the others name was found on the map before this one.
            asks.push((self.events[self.roll(EVENTS as u64) as usize], Ask::Swap(self.roll(MAPS as u64) as usize)));
        }
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
    fn recent<T: Clone>(&self, from: &[T]) -> Option<T> {
        self.pick(&from[from.len().saturating_sub(12)..]).cloned()
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
        if self.roll(25) == 0 {
            return (event, self.hand_over(fan));
        }
        let fan = if self.roll(4) == 0 { self.guests[self.roll(GUESTS) as usize] } else { fan };
        let Some(account) = self.auditor.events.get(&event) else { return (event, Ask::Open(self.roll(3) as usize)) };
        let areas = account.map.areas.len() as u64;
        let some_seats = |from: Option<Owner>| -> Vec<Name> {
            let fits = |name: &&Name| from.is_none_or(|owner| account.seats[usize::from(**name)] == owner);
            let all: Vec<Name> = account.map.seats.iter().filter(fits).copied().collect();
            let start = self.roll(all.len() as u64 + 1) as usize;
            all.into_iter().skip(start).take(1 + self.roll(4) as usize).collect()
        };
        let area = account.map.areas[self.roll(areas) as usize].0;
        let ask = match self.roll(100) {
            0..16 => {
                let free = (self.roll(3) > 0).then_some(Owner::Nobody);
                match some_seats(free) {
                    seats if seats.is_empty() => Ask::Settle,
                    seats => self.hold(event, fan, Wish::Seats(seats, self.need())),
                }
            }
            16..28 => self.hold(event, fan, Wish::Area(area, 1 + self.roll(4) as u8)),
            28..38 => {
                let best = Best {
                    quantity: 1 + self.roll(4) as u8,
                    level: (self.roll(3) == 0).then(|| self.roll(2) as u8),
                    section: None,
                    accessible: u8::from(self.roll(6) == 0),
                    companions: 0,
                    ticket_type: 0,
                };
                let section = (self.roll(4) == 0).then(|| SECTIONS[self.roll(2) as usize]);
                self.hold(event, fan, Wish::Best { best, section })
            }
            38..44 => match self.recent(&self.keyed) {
                Some((event, fan, wish, mut key)) => {
                    key.body += u64::from(self.roll(8) == 0);
                    return (event, Ask::Hold { fan, wish, key: Some(key) });
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
            91..93 => Ask::Capacity(area, (self.roll(4) > 0).then(|| self.roll(20) as u32)),
            93..95 => Ask::Rules(self.rules()),
            95 => Ask::Prices(1_000 + self.roll(3) as i64),
            96..98 => Ask::Swap(self.roll(MAPS as u64) as usize),
            98 => Ask::Open(self.roll(MAPS as u64) as usize),
            _ => Ask::Settle,
        };
        (event, ask)
    }

    /// Of a guest, who is never heard of again.
    fn hand_over(&mut self, to: UserId) -> Ask {
        let guest = self.roll(GUESTS) as usize;
        let from = std::mem::replace(&mut self.guests[guest], self.env.id());
        self.keyed.retain(|(_, fan, ..)| *fan != from);
        Ask::HandOver { from, to }
    }

    fn need(&self) -> Need {
        if self.roll(4) == 0 { Need::Accessible } else { Need::None }
    }

    fn hold(&mut self, event: EventId, fan: UserId, wish: Wish) -> Ask {
        let key = (self.roll(4) > 0).then(|| {
            let high = u128::from(self.dice.next_u64());
            KeyPrint { key: high << 64 | u128::from(self.dice.next_u64()), body: self.roll(1_000) }
        });
        if let Some(key) = key {
            self.keyed.push((event, fan, wish.clone(), key));
        }
        Ask::Hold { fan, wish, key }
    }

    fn about_hold(&mut self, event: EventId, hold: HoldId, fan: UserId) -> Ask {
        match self.roll(10) {
            0..2 => Ask::Release { hold, by: if self.roll(4) == 0 { Actor::Staff } else { Actor::Fan(fan) } },
            2..4 => Ask::Extend { hold, fan },
            4..8 => {
                let own = self.orders.iter().rev().find(|(known, _, owner)| (*known, *owner) == (event, fan));
                // One that has given everything back buys no more, and is forgotten some day.
                let account = &self.auditor.events[&event];
                let order = match own.filter(|(_, order, _)| !account.is_over(*order)) {
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
        let (mut seats, mut areas) = (Vec::new(), Vec::new());
        for booked in holds.iter().map(|hold| &account.holds[hold]) {
            seats.extend(booked.seats.iter().copied().filter(|_| self.roll(2) == 0));
            areas.extend(booked.areas.iter().map(|(area, count)| (*area, 1 + self.roll(u64::from(*count)) as u32)));
        }
        if self.roll(10) == 0 {
            seats.extend(self.pick(&account.map.seats));
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
                Ask::Hold { fan, wish, key } => {
                    let view = inventory.view(event).await?;
                    let want = wish.on(&view.manifest, &hall)?;
                    inventory.hold_in(&view, HoldRequest { fan, want, key }).await.map(Some)
                }
                Ask::Release { hold, by } => done(inventory.release(event, hold, by).await),
                Ask::Extend { hold, fan } => inventory.extend(event, hold, fan).await.map(Some),
                Ask::Sell { hold, fan, order } => inventory.sell(event, hold, fan, order).await.map(Some),
                Ask::Return { order, seats, areas } => {
                    let areas: Vec<_> = areas.iter().map(|(area, total)| (hall.area_id(*area), *total)).collect();
                    done(inventory.return_to_sale(event, order, &ids(&hall, &seats), &areas).await)
                }
                Ask::HandOver { from, to } => {
                    let all = inventory.hand_over(from, to).await;
                    let lost =
                        all.into_iter().find_map(|one| one.outcome.err().filter(|why| *why == Refused::Unavailable));
                    done(lost.map_or(Ok(()), Err))
                }
                Ask::Look { hold, fan } => inventory.hold_view(event, hold, fan).await.map(Some),
                Ask::Block(seats) => done(inventory.block(event, &ids(&hall, &seats)).await),
                Ask::Unblock(seats) => done(inventory.unblock(event, &ids(&hall, &seats)).await),
                Ask::BlockArea(area, blocked) => done(inventory.block_area(event, hall.area_id(area), blocked).await),
                Ask::Capacity(area, capacity) => {
                    done(inventory.set_capacity(event, hall.area_id(area), capacity).await)
                }
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

    /// Asks everything, at once or some of it while what came before is being written, and sees it
    /// through, whatever fails meanwhile.
    fn play(&mut self, asks: Vec<(EventId, Ask)>) {
        self.asked = std::mem::take(&mut self.underway);
        self.asked.extend_from_slice(&asks);
        self.swapped.clear();
        let mut waiting: Vec<Option<Waiting>> =
            asks.iter().map(|(event, ask)| Some(self.send(*event, ask.clone()))).collect();
        let alone = asks.len() == 1;
        let (mut steady, mut sent) = (true, 0);
        for turn in 0.. {
            assert!(turn < 10 + asks.len(), "not answered: {asks:?}");
            if sent < asks.len() {
                let left = asks.len() - sent;
                let more = if self.roll(2) == 0 { left } else { 1 + self.roll(left as u64) as usize };
                let next = sent..sent + more;
                self.poll(&asks[next.clone()], &mut waiting[next.clone()], alone, steady);
                // Someone closes the page before the answer is there.
                for place in &mut waiting[next] {
                    if self.roll(30) == 0 && place.take().is_some() {
                        self.lost();
                    }
                }
                sent += more;
            }
            let paces = [Pace::Now, Pace::Beside, Pace::Later];
            let pace = if sent < asks.len() { paces[self.roll(3) as usize] } else { Pace::Now };
            self.counts.beside += u64::from(pace != Pace::Now);
            let (_, writers) = self.process.as_mut().expect("a process runs");
            let turned = writers.turn_at(pace);
            if turned.is_err() {
                steady = false;
                // What is on disk and was not acknowledged must not show yet.
                let acknowledged = self.disk.lock().acknowledged;
                self.take_in(acknowledged.max(self.auditor.batches));
                self.compare_views();
            }
            self.take_in(usize::MAX);
            self.poll(&asks[..sent], &mut waiting[..sent], alone, steady);
            if turned.is_err() {
                self.recover();
                self.poll(&asks[..sent], &mut waiting[..sent], alone, false);
            }
            if waiting.iter().all(Option::is_none) {
                break;
            }
            if self.disk.lock().is_dead {
                unreachable!("a dead process was started again");
            }
            if turned.is_err() && !steady {
                // A new process knows nothing of what the old one was asked. One that stood up again may have
                // been asked for the next of several holds by now.
                for (place, asked) in waiting.iter_mut().zip(&asks) {
                    if place.take().is_some() {
                        self.underway.push(asked.clone());
                        self.lost();
                    }
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
        drop(disk);
        self.check_deeds();
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
        self.latest = self.env.now();
        self.process = Some(started.expect("what is on disk can be recovered"));
    }
}

fn ids<'a>(hall: &'a Hall, seats: &[Name]) -> Vec<&'a str> {
    seats.iter().map(|name| hall.seat_id(*name)).collect()
}

fn prices(minor: i64) -> Arc<Prices> {
    Arc::new(Prices::new(&[vec![Some(minor)], vec![Some(minor * 2)]]).expect("two levels, one ticket type"))
}

fn mix(trace: u64, more: u64) -> u64 {
    (trace ^ more).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}
