use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use inventory::audit::{Finding, audit};
use inventory::engine::{
    Actor, Answer, AreaSpec, Best, Command, HoldStatus, KeyPrint, Manifest, ManifestSpec, Need, Places, Prices,
    Refusal, RowSpec, Rules, SaleStatus, SeatKind, SeatSpec, SectionSpec, Want,
};
use inventory::{Config, FanLimits, HoldRequest, Inventory, Opening, Refused};
use journal::{Journal, Partition, Snapshot};
use stagedoor_core::limits::{HOLD_TTL, HOLD_WARNING, IDEMPOTENCY_RETENTION};
use stagedoor_core::{Env, EventId, OrderId, UserId};

use crate::home::Home;

const MILLISECOND: Duration = Duration::from_millis(1);

/// An engine over a journal, and the clock it runs by.
struct House {
    home: Home,
    env: Env,
    inventory: Inventory,
    event: EventId,
    limits: FanLimits,
}

fn start(home: &Home, env: &Env, limits: FanLimits) -> Inventory {
    Inventory::start(Config { limits, partitions: 1 }, env.clone(), home.opener()).expect("the journal is readable")
}

impl House {
    /// Two rows of ten seats (`S-1-1` to `S-2-10`) and an area of twenty places.
    async fn open() -> Self {
        let limits = FanLimits { active_holds_max: 3, attempts_per_minute: 1_000 };
        let (home, env) = (Home::new(), Env::seeded(1));
        let inventory = start(&home, &env, limits);
        let house = House { home, inventory, event: env.id(), env, limits };
        house.inventory.open(house.event, opening(10)).await.unwrap();
        house
    }

    fn fan(&self) -> UserId {
        self.env.id()
    }

    async fn hold(&self, fan: UserId, seats: &[u32]) -> Result<inventory::Hold, Refused> {
        self.ask(self.event, request(fan, seats, None)).await
    }

    async fn ask(&self, event: EventId, request: HoldRequest) -> Result<inventory::Hold, Refused> {
        self.inventory.hold_in(&self.inventory.view(event).await?, request).await
    }

    async fn advance(&self, span: Duration) {
        self.env.clock.advance(span);
        self.inventory.settle().await;
    }

    /// Stops the process's threads without a word, as far as a test can, and starts again.
    async fn restart(self) -> Self {
        let House { home, env, inventory, event, limits } = self;
        tokio::task::spawn_blocking(move || inventory.stop()).await.unwrap();
        let inventory = start(&home, &env, limits);
        House { home, env, inventory, event, limits }
    }
}

/// Stops the engine and reads its journal, where it may block.
async fn after<T: Send + 'static>(
    home: Home,
    inventory: Inventory,
    read: impl FnOnce(&mut dyn Journal) -> T + Send + 'static,
) -> T {
    let work = move || {
        inventory.stop();
        read(&mut *home.opener()(Partition(0)).unwrap())
    };
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn opening(seats_per_row: u32) -> Opening {
    let seat = |label: u32, y: f32| SeatSpec {
        label: label.to_string(),
        x: label as f32,
        y,
        level: 0,
        kind: SeatKind::Standard,
        restricted_view: false,
        rank: None,
        aisle_after: false,
    };
    let row = |label: u32| RowSpec {
        label: label.to_string(),
        seats: (1..=seats_per_row).map(|number| seat(number, label as f32)).collect(),
    };
    let spec = ManifestSpec {
        levels: vec!["A".into()],
        sections: vec![SectionSpec { id: "S".into(), name: "Stalls".into(), focal: None, rows: vec![row(1), row(2)] }],
        areas: vec![AreaSpec { id: "F".into(), name: "Floor".into(), capacity: 20, level: 0 }],
    };
    let manifest = Arc::new(Manifest::build(&spec).unwrap());
    let prices = Arc::new(Prices::new(&[vec![Some(4_500)]]).unwrap());
    Opening { manifest, prices, rules: Rules { status: SaleStatus::OnSale, ..Rules::default() } }
}

fn request(fan: UserId, seats: &[u32], key: Option<KeyPrint>) -> HoldRequest {
    let places = Places::seats(seats.iter().map(|seat| (*seat, 0))).unwrap();
    HoldRequest { fan, want: Want::Picked { places, need: Need::None }, key }
}

fn rule(refused: Refused) -> Refusal {
    match refused {
        Refused::Rule(refusal) => refusal,
        other => panic!("{other:?} is no rule"),
    }
}

#[tokio::test]
async fn a_seat_goes_to_one_fan_and_comes_back_when_released() {
    let house = House::open().await;
    let (ann, bob) = (house.fan(), house.fan());
    let hold = house.hold(ann, &[3, 4]).await.unwrap();
    assert_eq!(hold.places().map(|place| place.id()).collect::<Vec<_>>(), ["S-1-4", "S-1-5"]);
    assert_eq!(hold.view.total_minor(), 9_000);
    let refused = rule(house.hold(bob, &[4, 5]).await.unwrap_err());
    assert!(matches!(refused, Refusal::SeatUnavailable(seats) if seats.as_slice() == [4]), "{refused:?}");
    let stranger = house.inventory.release(house.event, hold.id(), Actor::Fan(bob)).await.unwrap_err();
    assert_eq!(rule(stranger), Refusal::NotFound);
    house.inventory.release(house.event, hold.id(), Actor::Fan(ann)).await.unwrap();
    house.inventory.release(house.event, hold.id(), Actor::Fan(ann)).await.unwrap();
    house.hold(bob, &[4, 5]).await.unwrap();
}

#[tokio::test]
async fn a_hold_expires_on_time_and_its_owner_is_warned_once() {
    let house = House::open().await;
    let (ann, bob) = (house.fan(), house.fan());
    let view = house.inventory.view(house.event).await.unwrap();
    let mut warnings = view.warnings();
    let hold = house.hold(ann, &[0]).await.unwrap();
    house.advance(HOLD_TTL - HOLD_WARNING - MILLISECOND).await;
    assert!(warnings.is_empty());
    house.advance(MILLISECOND).await;
    assert_eq!(warnings.recv().await.unwrap().hold, hold.id());
    house.advance(HOLD_WARNING - MILLISECOND).await;
    assert!(matches!(rule(house.hold(bob, &[0]).await.unwrap_err()), Refusal::SeatUnavailable(_)));
    house.advance(MILLISECOND).await;
    assert!(warnings.is_empty(), "one warning a hold");
    house.hold(bob, &[0]).await.unwrap();
    let ended = house.inventory.sell(house.event, hold.id(), ann, house.env.id()).await.unwrap_err();
    assert!(matches!(rule(ended), Refusal::HoldExpired | Refusal::NotFound));
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let mut house = House::open().await;
    let (ann, bob) = (house.fan(), house.fan());
    let sold = house.hold(ann, &[0, 1]).await.unwrap();
    let order: OrderId = house.env.id();
    house.inventory.sell(house.event, sold.id(), ann, order).await.unwrap();
    let held = house.hold(bob, &[2]).await.unwrap();
    for round in 0..3 {
        house = house.restart().await;
        for (fan, hold) in [(bob, &held), (ann, &sold)] {
            assert_eq!(house.inventory.locate(fan, hold.id()).await, Ok(Some(house.event)), "round {round}");
            assert_eq!(house.inventory.locate(house.fan(), hold.id()).await, Ok(None), "another's");
        }
        let view = house.inventory.hold_view(house.event, held.id(), bob).await.unwrap();
        assert_eq!((view.status(), view.expires_at()), (HoldStatus::Held, held.expires_at()));
        for seat in 0..3 {
            assert!(house.hold(house.fan(), &[seat]).await.is_err(), "seat {seat} in round {round}");
        }
        // The same order may ask again, before and after.
        house.inventory.sell(house.event, sold.id(), ann, order).await.unwrap();
    }
    house.advance(HOLD_TTL).await;
    house.hold(house.fan(), &[2]).await.unwrap();
}

#[tokio::test]
async fn a_key_answers_the_same_after_a_restart_and_refuses_another_body() {
    let house = House::open().await;
    let ann = house.fan();
    let key = KeyPrint { key: 77, body: 1 };
    let first = house.ask(house.event, request(ann, &[5], Some(key))).await.unwrap();
    assert!(!first.replayed);
    let house = house.restart().await;
    let again = house.ask(house.event, request(ann, &[5], Some(key))).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.view, first.view);
    let other = KeyPrint { body: 2, ..key };
    let refused = house.ask(house.event, request(ann, &[6], Some(other))).await.unwrap_err();
    assert_eq!(rule(refused), Refusal::KeyMismatch);
    house.advance(IDEMPOTENCY_RETENTION + HOLD_TTL).await;
    // Old keys leave with the next change.
    house.hold(house.fan(), &[0]).await.unwrap();
    let fresh = house.ask(house.event, request(ann, &[6], Some(other))).await.unwrap();
    assert!(!fresh.replayed);
}

#[tokio::test]
async fn three_holds_at_a_time_over_all_events() {
    let house = House::open().await;
    let (ann, other) = (house.fan(), house.env.id());
    house.inventory.open(other, opening(10)).await.unwrap();
    let first = house.hold(ann, &[0]).await.unwrap();
    house.hold(ann, &[1]).await.unwrap();
    house.ask(other, request(ann, &[0], None)).await.unwrap();
    assert_eq!(house.hold(ann, &[2]).await.unwrap_err(), Refused::HoldLimit);
    house.inventory.sell(house.event, first.id(), ann, house.env.id()).await.unwrap();
    house.hold(ann, &[2]).await.unwrap();
    assert_eq!(house.hold(ann, &[3]).await.unwrap_err(), Refused::HoldLimit);
    house.advance(HOLD_TTL).await;
    house.hold(ann, &[3]).await.unwrap();
}

#[tokio::test]
async fn a_crowd_gets_each_seat_once() {
    let house = House::open().await;
    let view = house.inventory.view(house.event).await.unwrap();
    let mut crowd = tokio::task::JoinSet::new();
    for turn in 0..200u32 {
        let (inventory, view, fan) = (house.inventory.clone(), view.clone(), house.fan());
        let best =
            Want::Best(Best { quantity: 2, level: None, section: None, accessible: 0, companions: 0, ticket_type: 0 });
        let request =
            if turn % 2 == 0 { request(fan, &[turn % 20], None) } else { HoldRequest { fan, want: best, key: None } };
        crowd.spawn(async move { inventory.hold_in(&view, request).await });
    }
    let mut taken: Vec<u32> = Vec::new();
    for hold in crowd.join_all().await.into_iter().flatten() {
        taken.extend(hold.view.places.seat_indexes());
    }
    let count = taken.len();
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), count, "a seat was held twice");
    // Whether a lone seat is left over depends on who came first; pairs fill all but lone ones.
    assert!(count >= 14, "{count} of 20 seats were held");
}

#[tokio::test]
async fn what_is_decided_while_a_write_is_under_way_is_kept() {
    const COMMANDS: u32 = 20_000;
    const UNDER_WAY: usize = 4_096;
    let house = House::open().await;
    let (env, event) = (house.env.clone(), house.env.id());
    house.inventory.open(event, opening(2_000)).await.unwrap();
    let inventory = house.inventory.clone();
    // Each seat is asked for five times, by others, and one of six holds is sold at once.
    let load = move || {
        let mut batches = inventory.batches();
        let (mut next, mut open, mut held, mut sold) = (0, 0, HashMap::new(), HashMap::new());
        while next < COMMANDS || open > 0 {
            let mut commands = Vec::new();
            while open + commands.len() < UNDER_WAY && next < COMMANDS {
                let places = Places::seats([(next * 7 % 4_000, 0)]).unwrap();
                let want = Want::Picked { places, need: Need::None };
                commands.push((
                    next,
                    event,
                    Command::Hold { hold: env.id(), fan: env.id(), want, key: None, spread: 0 },
                ));
                next += 1;
            }
            open += commands.len();
            batches.send(commands);
            let mut sales = Vec::new();
            batches.receive(|number, answer| {
                open -= 1;
                match answer {
                    Ok(Answer::Hold(view)) if view.status == HoldStatus::Held => {
                        assert!(held.insert(view.hold, view.places.seat_indexes().next()).is_none());
                        if held.len() % 6 == 0 {
                            sales.push((number, event, Command::Sell { hold: view.hold, fan: None, order: env.id() }));
                        }
                    }
                    Ok(Answer::Hold(view)) => drop(sold.insert(view.hold, view.order)),
                    Ok(Answer::Done) => panic!("nothing else was asked"),
                    Err(refused) => assert!(matches!(rule(refused), Refusal::SeatUnavailable(_))),
                }
            });
            open += sales.len();
            batches.send(sales);
        }
        (held, sold)
    };
    let (held, sold) = tokio::task::spawn_blocking(load).await.unwrap();
    assert_eq!((held.len(), sold.len()), (4_000, 666));
    let beside = house.inventory.stats().batches_beside.load(Ordering::Relaxed);
    assert!(beside > 0, "thousands were under way");
    let House { home, inventory, .. } = house;
    let sound = after(home, inventory, |journal| audit(journal, &mut || {}).unwrap()).await;
    assert!(sound.findings.is_empty(), "{:?}", sound.findings);
    let owners = sound.states[&event].seat_holds();
    for (hold, seat) in held {
        assert_eq!(owners[seat.unwrap() as usize], Some(hold));
        let view = sound.states[&event].hold(hold).unwrap();
        assert_eq!(view.order, sold.get(&hold).copied().flatten());
    }
}

#[tokio::test]
async fn deltas_are_gapless_and_lead_to_the_snapshot() {
    let house = House::open().await;
    let view = house.inventory.view(house.event).await.unwrap();
    let start = view.snapshot();
    let mut seats = vec![0u8; 20];
    let mut version = start.version;
    let (ann, bob) = (house.fan(), house.fan());
    let hold = house.hold(ann, &[1, 2]).await.unwrap();
    let apply = |seats: &mut Vec<u8>, version: &mut u64| {
        for delta in view.deltas_since(*version).expect("the version is recent") {
            assert_eq!(delta.version, *version + 1);
            *version = delta.version;
            delta.seats.iter().for_each(|(seat, status)| seats[*seat as usize] = *status);
        }
    };
    apply(&mut seats, &mut version);
    assert_eq!(seats[..4], [0, 1, 1, 0]);
    house.inventory.sell(house.event, hold.id(), ann, house.env.id()).await.unwrap();
    house.hold(bob, &[7]).await.unwrap();
    house.inventory.block(house.event, &["S-1-10"]).await.unwrap();
    apply(&mut seats, &mut version);
    let now = view.snapshot();
    let unpacked: Vec<u8> = (0..20).map(|seat: usize| now.seats[seat / 4] >> (seat % 4 * 2) & 3).collect();
    assert_eq!((now.version, unpacked), (version, seats));
    assert_eq!(view.available(), 20 + 20 - 4);
    assert!(view.deltas_since(version + 1).is_none(), "a version of the future is unknown");
    assert!(view.deltas_since(start.version - 1).is_none(), "before the view began");
}

#[tokio::test]
async fn area_places_are_counted_and_a_capacity_below_what_is_sold_is_refused() {
    let house = House::open().await;
    let floor = |quantity| Want::Picked { places: Places::areas([(0, quantity, 0)]).unwrap(), need: Need::None };
    let ann = house.fan();
    let hold = house.ask(house.event, HoldRequest { fan: ann, want: floor(8), key: None }).await.unwrap();
    house.inventory.sell(house.event, hold.id(), ann, house.env.id()).await.unwrap();
    let refused = house.inventory.set_capacity(house.event, "F", Some(7)).await.unwrap_err();
    assert_eq!(rule(refused), Refusal::CapacityBelowSold { in_use: 8 });
    house.inventory.set_capacity(house.event, "F", Some(10)).await.unwrap();
    let bob = HoldRequest { fan: house.fan(), want: floor(3), key: None };
    assert_eq!(rule(house.ask(house.event, bob).await.unwrap_err()), Refusal::SoldOut);
}

#[tokio::test]
async fn an_unknown_event_is_absent() {
    let house = House::open().await;
    let nowhere: EventId = house.env.id();
    assert_eq!(house.inventory.view(nowhere).await.err(), Some(Refused::UnknownEvent));
    let refused = house.ask(nowhere, request(house.fan(), &[0], None)).await.unwrap_err();
    assert_eq!(refused, Refused::UnknownEvent);
}

#[tokio::test]
async fn a_port_carries_answers_in_batches() {
    let house = House::open().await;
    let pump = tokio::spawn(house.inventory.worker().run());
    tokio::task::yield_now().await;
    let view = house.inventory.view(house.event).await.unwrap();
    let mut crowd = tokio::task::JoinSet::new();
    for seat in 0..20u32 {
        let (inventory, view, fan) = (house.inventory.clone(), view.clone(), house.fan());
        crowd.spawn(async move { inventory.hold_in(&view, request(fan, &[seat], None)).await });
    }
    assert!(crowd.join_all().await.iter().all(Result::is_ok));
    // Whoever leaves before the answer loses nothing but the answer.
    let (inventory, view, fan) = (house.inventory.clone(), view.clone(), house.fan());
    let leaving = tokio::spawn(async move { inventory.hold_in(&view, request(fan, &[3], None)).await });
    tokio::task::yield_now().await;
    leaving.abort();
    house.inventory.settle().await;
    pump.abort();
    let _ = pump.await;
    assert!(house.hold(house.fan(), &[3]).await.is_err());
}

#[tokio::test]
async fn an_audit_finds_a_snapshot_that_its_facts_do_not_lead_to() {
    let house = House::open().await;
    let (ann, order) = (house.fan(), OrderId::fresh(&house.env));
    let hold = house.hold(ann, &[3, 4]).await.unwrap();
    house.inventory.sell(house.event, hold.id(), ann, order).await.unwrap();
    let House { home, inventory, event, .. } = house;
    let audited = after(home, inventory, move |journal| {
        let sound = audit(journal, &mut || {}).unwrap();
        assert!(sound.findings.is_empty(), "{:?}", sound.findings);
        let state = &sound.states[&event];
        let sold = state.hold(state.seat_holds()[4].unwrap()).unwrap();
        assert_eq!(sold.order, Some(order));

        // Whole as bytes go, so the journal itself has nothing to say against it.
        journal.claim(None).unwrap();
        let snapshot = journal.snapshot(event).unwrap().expect("the engine keeps one when it stops");
        let mut body = snapshot.body.clone();
        *body.last_mut().unwrap() ^= 1;
        journal
            .put_snapshots(&[Snapshot { event, version: snapshot.version, covers: snapshot.covers, body: &body[..] }])
            .unwrap();
        audit(journal, &mut || {}).unwrap()
    })
    .await;
    assert!(matches!(audited.findings[..], [Finding::SnapshotDiffers { version: 3, .. }]), "{:?}", audited.findings);
}
