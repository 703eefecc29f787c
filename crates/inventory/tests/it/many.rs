//! Thousands of small events: which of them are in memory, and that none is lost.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use inventory::engine::{
    Manifest, ManifestSpec, Need, Orphans, Places, Prices, RowSpec, Rules, SaleStatus, SeatSpec, SectionSpec, Want,
};
use inventory::{Config, HoldRequest, Inventory, Opening, Refused, Writers};
use stagedoor_core::{Env, EventId, OrderId, UserId};

use crate::home::Home;

const EVENTS: usize = 2_000;
const SEATS: u32 = 60;
/// Longer than an event that nobody uses stays in memory.
const IDLE: Duration = Duration::from_secs(900);

type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refused>> + 'a>>;

/// A process over a journal whose turns the test takes.
struct Process {
    env: Env,
    inventory: Inventory,
    writers: Writers,
}

fn opening() -> Opening {
    let seat = |label: u32| SeatSpec { label: label.to_string(), x: label as f32, ..SeatSpec::default() };
    let row = RowSpec { label: "1".into(), seats: (1..=SEATS).map(seat).collect() };
    let section = SectionSpec { id: "A".into(), name: "A".into(), focal: None, rows: vec![row] };
    let spec = ManifestSpec { levels: vec!["A".into()], sections: vec![section], areas: vec![] };
    Opening {
        manifest: Arc::new(Manifest::build(&spec).unwrap()),
        rules: Rules { status: SaleStatus::OnSale, orphans: Orphans::Ignore, ..Rules::default() },
        prices: Arc::new(Prices::new(&[vec![Some(4_500)]]).unwrap()),
    }
}

impl Process {
    fn start(home: &Home, env: &Env) -> Self {
        let (inventory, writers) = Inventory::by_hand(Config::default(), env.clone(), home.opener()).unwrap();
        Self { env: env.clone(), inventory, writers }
    }

    /// Opens that many events.
    fn open(&mut self, events: usize) -> Vec<EventId> {
        let (inventory, opening) = (self.inventory.clone(), opening());
        let ids: Vec<EventId> = (0..events).map(|_| self.env.id()).collect();
        let asked = ids.iter().map(|event| Box::pin(inventory.open(*event, opening.clone())) as Asked<'_, ()>);
        self.all(asked.collect());
        ids
    }

    /// Sees questions through that are asked at once.
    fn all<T>(&mut self, mut asked: Vec<Asked<'_, T>>) -> Vec<T> {
        let mut context = Context::from_waker(Waker::noop());
        let mut answers = Vec::new();
        while !asked.is_empty() {
            asked.retain_mut(|asked| match asked.as_mut().poll(&mut context) {
                Poll::Ready(answer) => {
                    answers.push(answer.unwrap());
                    false
                }
                Poll::Pending => true,
            });
            self.writers.turn().unwrap();
        }
        answers
    }

    fn one<T>(&mut self, asked: impl AsyncFnOnce(&Inventory) -> Result<T, Refused>) -> T {
        let inventory = self.inventory.clone();
        self.all(vec![Box::pin(asked(&inventory))]).pop().unwrap()
    }

    fn available(&mut self, event: EventId) -> u32 {
        self.one(async |inventory| inventory.available(event).await)
    }

    fn sell(&mut self, event: EventId, seat: &str) {
        let (fan, order): (UserId, OrderId) = (self.env.id(), self.env.id());
        self.one(async |inventory| {
            let view = inventory.view(event).await?;
            let places = Places::seats([(view.manifest.seat(seat).unwrap(), 0)]).unwrap();
            let want = Want::Picked { places, need: Need::None };
            let hold = inventory.hold_in(&view, HoldRequest { fan, want, key: None }).await?;
            inventory.sell(event, hold.id(), fan, order).await
        });
    }

    fn loaded(&self) -> u64 {
        self.inventory.stats().events_loaded.load(Ordering::Relaxed)
    }

    /// Lets time pass in which only `busy` is used, and what is due in it happen.
    fn idle(&mut self, busy: EventId) {
        self.env.clock.advance(IDLE);
        self.one(async |inventory| inventory.block(busy, &["A-1-60"]).await);
        self.one(async |inventory| inventory.unblock(busy, &["A-1-60"]).await);
        // A few snapshots a turn, before anything leaves memory.
        for _ in 0..EVENTS {
            self.writers.turn().unwrap();
        }
    }
}

#[test]
fn of_many_events_only_those_in_use_stay_in_memory_and_all_are_there_after_a_restart() {
    let (home, env) = (Home::new(), Env::seeded(1));
    let mut process = Process::start(&home, &env);
    let events = process.open(EVENTS);
    let (busy, sold) = (events[0], events[1]);
    process.sell(sold, "A-1-7");
    assert_eq!(process.loaded(), EVENTS as u64);
    process.idle(busy);
    assert_eq!(process.loaded(), 1);

    // Lists tell what is left of all of them and bring none back.
    for event in &events {
        let left = if *event == sold { SEATS - 1 } else { SEATS };
        assert_eq!(process.available(*event), left, "{event}");
    }
    assert_eq!(process.loaded(), 1);

    // One that is asked for comes back as it was, and what is told of it then is of now.
    process.sell(sold, "A-1-8");
    assert_eq!((process.loaded(), process.available(sold)), (2, SEATS - 2));
    let view = process.one(async |inventory| inventory.view(sold).await);
    let status = |seat: u32| view.snapshot().seats[seat as usize / 4] >> (seat % 4 * 2) & 3;
    assert_eq!((0..SEATS).filter(|seat| status(*seat) == 2).collect::<Vec<_>>(), [6, 7]);

    drop(process);
    let mut process = Process::start(&home, &env);
    assert!(process.loaded() <= 2, "{} are in memory after a restart", process.loaded());
    for event in &events {
        let left = if *event == sold { SEATS - 2 } else { SEATS };
        let view = process.one(async |inventory| inventory.view(*event).await);
        assert_eq!((view.manifest.seats(), view.available()), (SEATS as usize, left), "{event}");
    }
}

#[test]
fn lists_count_an_event_once_and_do_not_keep_it_in_memory() {
    let (home, env) = (Home::new(), Env::seeded(1));
    let mut process = Process::start(&home, &env);
    let events = process.open(9);
    process.idle(events[0]);
    drop(process);
    let mut process = Process::start(&home, &env);
    let in_memory = process.loaded();
    assert!(in_memory <= 1);

    // Nobody has counted them since the start; many ask at once.
    let inventory = process.inventory.clone();
    let asked = || events.iter().map(|event| Box::pin(inventory.available(*event)) as Asked<'_, u32>);
    assert_eq!(process.all(asked().chain(asked()).collect()), [SEATS; 18]);
    let commands = process.inventory.stats().commands.load(Ordering::Relaxed);
    assert!(commands <= 9, "{commands} questions for nine events");

    // Lists go on asking, and still they leave.
    for _ in 0..3 {
        env.clock.advance(IDLE / 3);
        process.all(asked().collect());
    }
    process.idle(events[0]);
    assert_eq!(process.loaded(), 1);
    let nowhere = env.id();
    let unknown = process.one(async |inventory| Ok(inventory.available(nowhere).await));
    assert_eq!(unknown, Err(Refused::UnknownEvent));
}
