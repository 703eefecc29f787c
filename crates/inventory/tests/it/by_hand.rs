//! What happens only in one order of events, arranged by taking the writer's turns by hand.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use inventory::engine::{
    AreaSpec, Best, Command, HoldStatus, KeyPrint, Manifest, ManifestSpec, Need, Orphans, Places, Prices, Refusal,
    RowSpec, Rules, SaleStatus, SeatSpec, SectionSpec, Want,
};
use inventory::{Config, EventView, Hold, HoldRequest, Inventory, Opening, Pace, Refused, Writers};
use parking_lot::Mutex;
use stagedoor_core::{Env, EventId, OrderId, UserId};

use crate::home::Home;
use crate::simulation::disk::{Disk, DiskJournal, Failure};

type Asked<T> = Pin<Box<dyn Future<Output = Result<T, Refused>>>>;

/// One partition whose turns the test takes.
struct House {
    /// None with a disk that is simulated.
    home: Option<Home>,
    env: Env,
    inventory: Inventory,
    writers: Writers,
    event: EventId,
}

/// Two rows of four seats, `A-1-1` to `B-1-4`, and two areas.
const FIRST: [(&str, u32); 2] = [("A", 4), ("B", 4)];
const AREAS: [(&str, u32); 2] = [("F", 20), ("G", 10)];

fn map(sections: &[(&str, u32)], areas: &[(&str, u32)]) -> Arc<Manifest> {
    let seat = |label: u32| SeatSpec { label: label.to_string(), x: label as f32, ..SeatSpec::default() };
    let section = |(id, seats): &(&str, u32)| SectionSpec {
        id: (*id).into(),
        name: (*id).into(),
        focal: None,
        rows: vec![RowSpec { label: "1".into(), seats: (1..=*seats).map(seat).collect() }],
    };
    let area =
        |(id, capacity): &(&str, u32)| AreaSpec { id: (*id).into(), name: (*id).into(), capacity: *capacity, level: 0 };
    let spec = ManifestSpec {
        levels: vec!["A".into()],
        sections: sections.iter().map(section).collect(),
        areas: areas.iter().map(area).collect(),
    };
    Arc::new(Manifest::build(&spec).unwrap())
}

/// The same places in another order, so that every number denotes another one.
fn turned_round() -> Arc<Manifest> {
    map(&[("B", 4), ("A", 4)], &[("G", 10), ("F", 20)])
}

fn process(home: &Home, env: &Env) -> (Inventory, Writers) {
    Inventory::by_hand(Config::default(), env.clone(), home.opener()).expect("the journal is readable")
}

/// The answer, if it is there.
fn poll<T>(asked: &mut Asked<T>) -> Option<Result<T, Refused>> {
    match asked.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

impl House {
    fn open() -> Self {
        let (home, env) = (Home::new(), Env::seeded(1));
        let process = process(&home, &env);
        Self::served_by(process, Some(home), env, map(&FIRST, &AREAS))
    }

    fn served_by(
        (inventory, writers): (Inventory, Writers),
        home: Option<Home>,
        env: Env,
        manifest: Arc<Manifest>,
    ) -> Self {
        let mut house = House { home, inventory, writers, event: env.id(), env };
        let prices = Arc::new(Prices::new(&[vec![Some(4_500)]]).unwrap());
        let rules = Rules { status: SaleStatus::OnSale, ..Rules::default() };
        let opening = Opening { manifest, prices, rules };
        let (inventory, event) = (house.inventory.clone(), house.event);
        house.now(Box::pin(async move { inventory.open(event, opening).await })).unwrap();
        house
    }

    fn view(&self) -> Arc<EventView> {
        self.inventory.loaded(self.event).expect("the event is in memory")
    }

    /// Puts a question into the writer's queue.
    fn queue<T: 'static>(&self, ask: impl AsyncFnOnce(Inventory, EventId) -> Result<T, Refused> + 'static) -> Asked<T> {
        let (inventory, event) = (self.inventory.clone(), self.event);
        let mut asked: Asked<T> = Box::pin(async move { ask(inventory, event).await });
        assert!(poll(&mut asked).is_none(), "answered without the writer");
        asked
    }

    fn turn(&mut self) {
        self.writers.turn().expect("the journal works");
    }

    /// Sees a question through.
    fn now<T>(&mut self, mut asked: Asked<T>) -> Result<T, Refused> {
        for _ in 0..10 {
            if let Some(answer) = poll(&mut asked) {
                return answer;
            }
            self.turn();
        }
        panic!("not answered")
    }

    fn swap(&self, map: Arc<Manifest>) -> Asked<()> {
        self.queue(async move |inventory, event| inventory.swap_manifest(event, map).await)
    }

    /// Asks for a hold in the numbers of the map that the event has now.
    fn hold(&self, fan: UserId, want: Want, key: Option<KeyPrint>) -> Asked<Hold> {
        let view = self.view();
        self.queue(async move |inventory, _| inventory.hold_in(&view, HoldRequest { fan, want, key }).await)
    }

    fn seats(&self, ids: &[&str]) -> Want {
        let view = self.view();
        let seats = ids.iter().map(|id| (view.manifest.seat(id).expect("the map has it"), 0));
        Want::Picked { places: Places::seats(seats).unwrap(), need: Need::None }
    }

    fn sold(&mut self, fan: UserId, want: Want) -> OrderId {
        let hold = self.now(self.hold(fan, want, None)).unwrap().id();
        let order = self.env.id();
        self.now(self.queue(async move |inventory, event| inventory.sell(event, hold, fan, order).await)).unwrap();
        order
    }

    /// Ids of the seats with this status: 0 available, 1 held, 2 sold, 3 blocked.
    fn with_status(&self, status: u8) -> Vec<String> {
        let view = self.view();
        let seats = &view.snapshot().seats;
        let all = 0..view.manifest.seats() as u32;
        let with = all.filter(|seat| seats[*seat as usize / 4] >> (seat % 4 * 2) & 3 == status);
        let mut ids: Vec<String> = with.map(|seat| view.manifest.seat_id(seat)).collect();
        ids.sort();
        ids
    }

    fn available_in(&self, area: &str) -> u32 {
        let view = self.view();
        view.snapshot().areas[usize::from(view.manifest.area(area).expect("the map has it"))]
    }
}

fn ids(hold: &Hold) -> Vec<String> {
    hold.places().map(|place| place.id()).collect()
}

#[test]
fn a_hold_gets_the_seats_it_names_when_the_map_changes_before_it_is_decided() {
    let mut house = House::open();
    let (ann, bob) = (house.env.id(), house.env.id());
    // In the queue the new map comes first, and the holds name their seats by the old one.
    let swap = house.swap(turned_round());
    let picked = house.hold(ann, house.seats(&["A-1-1", "A-1-2"]), None);
    let section = house.view().manifest.section("B");
    let best = Best { quantity: 2, level: None, section, accessible: 0, companions: 0, ticket_type: 0 };
    let best = house.hold(bob, Want::Best(best), None);
    house.now(swap).unwrap();
    assert_eq!(ids(&house.now(picked).unwrap()), ["A-1-1", "A-1-2"]);
    assert!(ids(&house.now(best).unwrap()).iter().all(|id| id.starts_with("B-")));
    assert_eq!(house.with_status(1).len(), 4);

    let swap = house.swap(map(&FIRST, &AREAS));
    let floor = Want::Picked { places: Places::areas([(1, 3, 0)]).unwrap(), need: Need::None };
    let crowd = house.hold(ann, floor, None);
    house.now(swap).unwrap();
    assert_eq!(ids(&house.now(crowd).unwrap()), ["F"]);
    assert_eq!((house.available_in("F"), house.available_in("G")), (17, 10));
}

#[test]
fn a_seat_that_the_new_map_lacks_is_unknown_and_the_fan_loses_no_attempt_at_a_hold() {
    let mut house = House::open();
    let ann = house.env.id();
    let swap = house.swap(map(&[("B", 4), ("A", 3)], &AREAS));
    let held = house.hold(ann, house.seats(&["A-1-3", "A-1-4"]), None);
    house.now(swap).unwrap();
    assert_eq!(house.now(held).unwrap_err(), Refused::Rule(Refusal::UnknownSeat));
    assert!(house.with_status(1).is_empty());
    for seat in ["A-1-1", "A-1-2", "A-1-3"] {
        house.now(house.hold(ann, house.seats(&[seat]), None)).expect("three holds at a time");
    }
}

#[test]
fn a_refusal_names_the_seats_in_the_numbers_they_were_asked_by() {
    let mut house = House::open();
    let (ann, bob) = (house.env.id(), house.env.id());
    let before = house.view();
    let bobs = house.hold(bob, house.seats(&["A-1-2"]), None);
    let swap = house.swap(turned_round());
    let anns = house.hold(ann, house.seats(&["A-1-1", "A-1-2"]), None);
    house.now(bobs).unwrap();
    house.now(swap).unwrap();
    let taken = match house.now(anns).unwrap_err() {
        Refused::Rule(Refusal::SeatUnavailable(seats)) => seats,
        other => panic!("{other:?}"),
    };
    assert_eq!(taken.as_slice(), [before.manifest.seat("A-1-2").unwrap()]);

    // A lone seat that only the new map has cannot be named in numbers of the old one.
    let rules = Rules { status: SaleStatus::OnSale, orphans: Orphans::Forbid, ..Rules::default() };
    house.now(house.queue(async move |inventory, event| inventory.set_rules(event, rules).await)).unwrap();
    let swap = house.swap(map(&[("A", 5), ("B", 4)], &AREAS));
    let all_but_the_new_one = house.hold(ann, house.seats(&["A-1-3", "A-1-4"]), None);
    house.now(swap).unwrap();
    assert_eq!(house.now(all_but_the_new_one).unwrap_err(), Refused::MapChanged);
}

#[test]
fn a_view_that_was_replaced_refuses_nothing() {
    let mut house = House::open();
    let ann = house.env.id();
    let area = Want::Picked { places: Places::areas([(0, 1, 0)]).unwrap(), need: Need::None };
    let (seat, full) = (house.seats(&["A-1-1"]), async |inventory: Inventory, event| {
        inventory.block_area(event, "F", 20).await?;
        inventory.block(event, &["A-1-1"]).await
    });
    house.now(house.queue(full)).unwrap();
    let before = house.view();
    let rules = Rules { status: SaleStatus::OnSale, orphans: Orphans::Ignore, ..Rules::default() };
    house.now(house.queue(async move |inventory, event| inventory.set_rules(event, rules).await)).unwrap();
    let free = async |inventory: Inventory, event| {
        inventory.block_area(event, "F", 0).await?;
        inventory.unblock(event, &["A-1-1"]).await
    };
    house.now(house.queue(free)).unwrap();
    for want in [area, seat] {
        let before = before.clone();
        let request = HoldRequest { fan: ann, want, key: None };
        let held = house.queue(async move |inventory, _| inventory.hold_in(&before, request).await);
        house.now(held).expect("it is free again");
    }
}

#[test]
fn a_key_used_before_is_answered_whatever_map_its_places_are_of() {
    let mut house = House::open();
    let ann = house.env.id();
    let key = KeyPrint { key: 77, body: 1 };
    let want = house.seats(&["B-1-1"]);
    let first = house.now(house.hold(ann, want, Some(key))).unwrap();
    // The second map has no `A-1-4` at all: a retry that it had to be found on would be refused.
    let swap = house.swap(map(&[("B", 4), ("A", 3)], &AREAS));
    let again = house.hold(ann, house.seats(&["A-1-4"]), Some(key));
    let mut other = house.hold(ann, house.seats(&["A-1-4"]), Some(KeyPrint { body: 2, ..key }));
    house.turn();
    assert_eq!(poll(&mut other).expect("answered at once").unwrap_err(), Refused::Rule(Refusal::KeyMismatch));
    let again = house.now(again).unwrap();
    assert_eq!((again.id(), again.replayed, ids(&again)), (first.id(), true, vec!["B-1-1".to_owned()]));
    house.now(swap).unwrap();
}

#[test]
fn a_map_that_changes_again_and_again_is_given_up_and_nothing_is_done() {
    let mut house = House::open();
    let ann = house.env.id();
    let mut swap = house.swap(turned_round());
    let mut held = house.hold(ann, house.seats(&["A-1-1"]), None);
    for round in 0..3 {
        house.turn();
        assert_eq!(poll(&mut swap), Some(Ok(())), "round {round}");
        swap = house.swap(if round % 2 == 0 { map(&FIRST, &AREAS) } else { turned_round() });
        let answer = poll(&mut held);
        match round {
            2 => assert_eq!(answer.expect("it gives up").unwrap_err(), Refused::MapChanged),
            _ => assert!(answer.is_none(), "round {round}"),
        }
    }
    assert!(house.with_status(1).is_empty());
    house.now(swap).unwrap();
    for seat in ["A-1-1", "A-1-2", "A-1-3"] {
        house.now(house.hold(ann, house.seats(&[seat]), None)).expect("three holds at a time");
    }
}

#[test]
fn staff_block_and_change_what_they_name_when_the_map_changes_before_it_is_decided() {
    let mut house = House::open();
    let swap = house.swap(turned_round());
    let blocked = house.queue(async |inventory, event| inventory.block(event, &["A-1-1", "B-1-2"]).await);
    let places = house.queue(async |inventory, event| inventory.block_area(event, "F", 15).await);
    house.now(swap).unwrap();
    house.now(blocked).unwrap();
    house.now(places).unwrap();
    assert_eq!(house.with_status(3), ["A-1-1", "B-1-2"]);
    assert_eq!((house.available_in("F"), house.available_in("G")), (5, 10));

    let swap = house.swap(map(&[("A", 4), ("B", 3)], &[("F", 18), ("G", 10)]));
    let unblocked = house.queue(async |inventory, event| inventory.unblock(event, &["A-1-1"]).await);
    let stated = house.queue(async |inventory, event| inventory.set_capacity(event, "G", Some(7)).await);
    let of_map = house.queue(async |inventory, event| inventory.set_capacity(event, "F", None).await);
    let unknown = house.queue(async |inventory, event| inventory.unblock(event, &["B-1-2", "B-1-4"]).await);
    house.now(swap).unwrap();
    house.now(unblocked).unwrap();
    house.now(stated).unwrap();
    house.now(of_map).unwrap();
    assert_eq!(house.now(unknown), Err(Refused::Rule(Refusal::UnknownSeat)));
    assert_eq!(house.with_status(3), ["B-1-2"]);
    assert_eq!((house.available_in("F"), house.available_in("G")), (3, 7));
}

#[test]
fn a_refund_returns_the_places_it_names_when_the_map_changes_before_it_is_decided() {
    let mut house = House::open();
    let ann = house.env.id();
    let order = house.sold(ann, house.seats(&["A-1-1", "A-1-2", "B-1-1"]));
    let swap = house.swap(turned_round());
    let returned =
        house.queue(async move |inventory, event| inventory.return_to_sale(event, order, &["A-1-2"], &[]).await);
    house.now(swap).unwrap();
    house.now(returned).unwrap();
    assert_eq!(house.with_status(2), ["A-1-1", "B-1-1"]);

    let places = Want::Picked { places: Places::areas([(1, 4, 0)]).unwrap(), need: Need::None };
    let order = house.sold(ann, places);
    // The seat that went back may be missing from a later map, and going back twice is fine.
    let swap = house.swap(map(&FIRST, &AREAS));
    let returned =
        house.queue(async move |inventory, event| inventory.return_to_sale(event, order, &["gone"], &[("F", 3)]).await);
    house.now(swap).unwrap();
    house.now(returned).unwrap();
    assert_eq!((house.available_in("F"), house.available_in("G")), (19, 10));
}

#[test]
fn everyone_is_answered_when_a_write_fails_that_others_wait_behind() {
    // More than one round decides.
    const COMMANDS: u32 = 10_000;
    let (disk, env) = (Arc::<Mutex<Disk>>::default(), Env::seeded(1));
    let open = {
        let disk = disk.clone();
        move |_| Ok(Box::new(DiskJournal::open(&disk)) as _)
    };
    let process = Inventory::by_hand(Config::default(), env.clone(), open).unwrap();
    let hall = map(&FIRST, &[("F", COMMANDS)]);
    let mut house = House::served_by(process, None, env, hall);
    let mut batches = house.inventory.batches();
    let fans: Vec<UserId> = (0..COMMANDS).map(|_| house.env.id()).collect();
    let refused = |house: &House| house.inventory.stats().refusals.load(Ordering::Relaxed);
    let hold = |slot: u32| {
        let places = Places::areas([(0, 1, 0)]).unwrap();
        let want = Want::Picked { places, need: Need::None };
        let fan = fans[slot as usize];
        (slot, house.event, Command::Hold { hold: house.env.id(), fan, want, key: None, spread: 0 })
    };
    batches.send((0..COMMANDS / 2).map(hold));
    batches.send((COMMANDS / 2..COMMANDS).map(hold));
    disk.lock().fail_after(0, Failure::Full);
    house.writers.turn().expect_err("the disk is full");
    disk.lock().restart();
    house.writers.recover().unwrap();
    assert!(refused(&house) > 0, "those behind the write are refused, too");
    let mut answers = 0;
    while answers < COMMANDS {
        batches.receive(|_, answer| {
            assert_eq!(answer.unwrap_err(), Refused::Unavailable);
            answers += 1;
        });
    }
    house.turn();
    let hold = house.hold(fans[0], house.seats(&["A-1-1"]), None);
    house.now(hold).expect("seats are served again");
}

#[test]
fn a_hold_that_was_refused_as_expired_stays_so_whatever_the_clock_says() {
    let (home, env) = (Home::new(), Env::seeded(1));
    let mut house = House::served_by(process(&home, &env), Some(home), env, map(&FIRST, &AREAS));
    let fan = house.env.id();
    let hold = house.now(house.hold(fan, house.seats(&["A-1-1"]), None)).unwrap();
    let (event, hold, until) = (house.event, hold.id(), hold.expires_at());
    // The next look for what is due comes some milliseconds later.
    house.env.clock.set(until - Duration::from_micros(1));
    house.turn();
    house.env.clock.set(until);
    let order = house.env.id();
    let sale = house.queue(async move |inventory, event| inventory.sell(event, hold, fan, order).await);
    assert_eq!(house.now(sale).unwrap_err(), Refused::Rule(Refusal::HoldExpired));
    let House { home, env, inventory, writers, .. } = house;
    let home = home.expect("it has one");
    drop((inventory, writers));
    env.clock.set(until - Duration::from_secs(60));
    let (inventory, mut writers) = process(&home, &env);
    let mut asked: Asked<Hold> = Box::pin(async move { inventory.hold_view(event, hold, fan).await });
    assert!(poll(&mut asked).is_none());
    writers.turn().unwrap();
    let seen = poll(&mut asked).expect("answered").unwrap();
    assert_eq!(seen.status(), HoldStatus::Expired);
}

#[test]
fn a_refusal_does_not_wait_for_a_write_that_is_under_way() {
    let (home, env) = (Home::new(), Env::seeded(1));
    let mut house = House::served_by(process(&home, &env), Some(home), env, map(&FIRST, &AREAS));
    let (ann, bob) = (house.env.id(), house.env.id());
    let mut held = house.hold(ann, house.seats(&["A-1-1"]), None);
    house.writers.turn_at(Pace::Beside).unwrap();
    assert!(poll(&mut held).is_none(), "it is not on disk yet");
    let mut late = house.hold(bob, house.seats(&["A-1-1"]), None);
    house.writers.turn_at(Pace::Beside).unwrap();
    let refused = poll(&mut late).expect("answered").unwrap_err();
    assert!(matches!(refused, Refused::Rule(Refusal::SeatUnavailable(_))), "{refused:?}");
    assert!(poll(&mut held).is_none(), "nobody has waited for the disk");
    house.turn();
    assert_eq!(poll(&mut held).expect("answered").unwrap().status(), HoldStatus::Held);
}

#[test]
fn an_event_that_cannot_be_read_does_no_harm_to_the_others() {
    let (disk, env) = (Arc::<Mutex<Disk>>::default(), Env::seeded(1));
    let start = |env: &Env| {
        let disk = disk.clone();
        let open = move |_| Ok(Box::new(DiskJournal::open(&disk)) as _);
        Inventory::by_hand(Config::default(), env.clone(), open).unwrap()
    };
    let mut house = House::served_by(start(&env), None, env, map(&FIRST, &AREAS));
    let (broken, lost) = (house.env.id(), map(&[("A", 5)], &[]));
    let opening = Opening {
        manifest: lost.clone(),
        prices: Arc::new(Prices::new(&[vec![Some(4_500)]]).unwrap()),
        rules: Rules { status: SaleStatus::OnSale, ..Rules::default() },
    };
    let inventory = house.inventory.clone();
    house.now(Box::pin(async move { inventory.open(broken, opening).await })).unwrap();
    // A round of snapshots, so that nothing has to be in memory at the next start.
    house.env.clock.advance(Duration::from_secs(120));
    (0..10).for_each(|_| house.turn());
    disk.lock().lose_blob(lost.hash());
    (house.inventory, house.writers) = start(&house.env);
    for _ in 0..2 {
        let inventory = house.inventory.clone();
        let refused = house.now(Box::pin(async move { inventory.view(broken).await }));
        assert_eq!(refused.unwrap_err(), Refused::Unavailable);
    }
    let (inventory, event) = (house.inventory.clone(), house.event);
    house.now(Box::pin(async move { inventory.view(event).await })).unwrap();
    let fan = house.env.id();
    house.now(house.hold(fan, house.seats(&["A-1-1"]), None)).expect("the other event is sold on");
}
