//! The seat engine follows the catalogue, also over a crash between the two.

use std::sync::Arc;
use std::time::Duration;

use catalog::{EventState, SaleKind, SaleWindow, TicketType, Transition};
use inventory::Refused;
use inventory::engine::{Refusal, SaleStatus};
use sales::OrderStatus;
use stagedoor_core::{Code, Currency, EventId, Money, OrganizerId, SeatMapId, Timestamp};
use store::Origin;
use store::audit::{Filter, Outcome, Record};

use crate::world::{FLOOR_CAPACITY, FRONT, START, World, cut, seat, seat_map};

fn day(number: u64) -> Timestamp {
    "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + Duration::from_secs(number * 24 * 60 * 60)
}

pub async fn add_map(world: &World, change: impl FnOnce(&mut catalog::SeatMap)) -> SeatMapId {
    let mut map = seat_map();
    change(&mut map);
    world.catalog.add_seat_map(world.organizer, world.venue, map).await.unwrap().version.id
}

/// Seats and places free in the engine.
async fn available(world: &World, event: EventId) -> u32 {
    world.inventory.view(event).await.unwrap().available()
}

#[tokio::test]
async fn publishing_puts_every_place_on_sale_at_its_price() {
    let world = World::new().await;
    let event = world.event_with(|details| details.ticket_types.push(half_price())).await;
    let view = world.inventory.view(event).await.unwrap();
    assert_eq!(view.available(), 96 + FLOOR_CAPACITY);
    let front = view.manifest.level_index("front").unwrap();
    assert_eq!((view.prices.minor(front, 0), view.prices.minor(front, 1)), (Some(FRONT), Some(FRONT / 2)));
    assert_eq!(view.rules.status, SaleStatus::OnSale);
    assert_eq!(view.rules.closes_at, Some(START.parse().unwrap()));
    // Publishing again is fine.
    world.sales.transition_event(world.db.origin(), world.organizer, event, Transition::Publish).await.unwrap();
    let stranger = OrganizerId::fresh(&world.db.env);
    let refused =
        world.sales.transition_event(world.db.origin(), stranger, event, Transition::Cancel).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

fn half_price() -> TicketType {
    TicketType { key: "child".into(), name: "Child".into(), pricing: catalog::Pricing::Factor { basis_points: 5_000 } }
}

#[tokio::test]
async fn sale_windows_open_and_close_one_after_the_other() {
    let world = World::new().await;
    let event = world
        .event_with(|details| {
            let window = |opens, closes| SaleWindow {
                kind: SaleKind::General,
                opens_at: day(opens),
                closes_at: Some(day(closes)),
            };
            details.sale_windows = vec![window(2, 3), window(5, 6)];
        })
        .await;
    for (at, open) in [(0, false), (2, true), (3, false), (4, false), (5, true), (6, false)] {
        world.db.env.clock.set(day(at));
        world.inventory.settle().await;
        world.jobs.run_due().await.unwrap();
        let held = world.try_hold(world.fan(), event, &["S-A-1"]).await;
        assert_eq!(held.is_ok(), open, "on day {at}: {held:?}");
        if let Ok(hold) = held {
            world.inventory.release(event, hold.id(), inventory::engine::Actor::Staff).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_change_reaches_the_engine_even_if_its_caller_is_lost() {
    let world = World::new().await;
    let event = world.event().await;
    for waits in 0..200 {
        let price = Money::new(1_000 + waits as i64, Currency::EUR);
        let change = world.sales.update_event(world.db.origin(), world.organizer, event, None, None, |details| {
            details.price_levels[0].price = price
        });
        let done = cut(change, waits).await.is_some();
        world.rest().await;
        let in_catalogue = world.catalog.any_event(event).await.unwrap().event.details.price_levels[0].price;
        let in_engine = world.inventory.view(event).await.unwrap().prices.minor(0, 0);
        assert_eq!(in_engine, Some(in_catalogue.minor), "after {waits} waits");
        if done {
            assert_eq!(in_catalogue, price);
            return;
        }
    }
    panic!("the change never came to its end");
}

#[tokio::test]
async fn publishing_dropped_anywhere_is_carried_over() {
    let world = World::new().await;
    for waits in (0..200).step_by(2) {
        let draft = {
            let event = world.event().await;
            let view = world.catalog.any_event(event).await.unwrap();
            let new = catalog::NewEvent {
                venue: world.venue,
                seat_map: None,
                series: None,
                details: view.event.details.clone(),
                bill: Vec::new(),
            };
            world.catalog.create_event(world.organizer, new).await.unwrap().id
        };
        let publish = world.sales.transition_event(world.db.origin(), world.organizer, draft, Transition::Publish);
        let done = cut(publish, waits).await.is_some();
        world.rest().await;
        let state = world.catalog.any_event(draft).await.unwrap().event.state;
        let open = world.inventory.view(draft).await;
        assert_eq!(open.is_ok(), state == EventState::Published, "after {waits} waits");
        if done {
            assert_eq!(state, EventState::Published);
            return;
        }
    }
    panic!("publishing never came to its end");
}

#[tokio::test]
async fn a_capacity_change_dropped_anywhere_leaves_engine_and_catalogue_agreed() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    world.bought(fan, event, &["S-A-1"]).await;
    for waits in 0..200 {
        let capacity = 50 + waits as u32;
        let change = world.sales.set_area_capacity(world.db.origin(), world.organizer, event, "FLOOR", capacity);
        let done = cut(change, waits).await.is_some();
        world.rest().await;
        let in_catalogue = world.catalog.any_event(event).await.unwrap().event.capacity;
        assert_eq!(available(&world, event).await + 1, in_catalogue, "after {waits} waits");
        if done {
            assert_eq!(in_catalogue, 96 + capacity);
            return;
        }
    }
    panic!("the change never came to its end");
}

#[tokio::test]
async fn a_map_change_dropped_anywhere_leaves_engine_and_catalogue_agreed() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    world.bought(fan, event, &["S-A-1"]).await;
    for waits in 0..200 {
        let wider = add_map(&world, |map| map.areas[0].capacity = 300 + waits as u32).await;
        let done =
            cut(world.sales.move_to_seat_map(world.db.origin(), world.organizer, event, wider), waits).await.is_some();
        world.rest().await;
        let in_catalogue = world.catalog.any_event(event).await.unwrap().event.clone();
        assert_eq!(available(&world, event).await + 1, in_catalogue.capacity, "after {waits} waits");
        if done {
            assert_eq!((in_catalogue.seat_map, in_catalogue.capacity), (Some(wider), 96 + 300 + waits as u32));
            return;
        }
    }
    panic!("the change never came to its end");
}

/// The log of the world's organizer about an event.
async fn log_of(world: &World, event: EventId) -> Vec<Record> {
    let filter = Filter { subject: Some(event.to_string()), ..Filter::default() };
    world.db.audit_log(world.organizer, &filter).await
}

#[tokio::test]
async fn a_block_dropped_anywhere_is_what_the_audit_log_says() {
    let world = World::new().await;
    let (event, staff) = (world.event().await, Origin::user(world.fan()));
    for waits in 0..200 {
        let wanted = waits as u32 + 1;
        let change = world.sales.block_area(&staff, world.organizer, event, "FLOOR", wanted);
        let done = cut(change, waits).await.is_some();
        world.rest().await;
        let log = log_of(&world, event).await;
        let of = |action: &str| log.iter().filter(|record| record.action == action).collect::<Vec<_>>();
        let (asked, blocked) = (of("event.ask_seats"), of("event.block"));
        assert_eq!(asked.len(), blocked.len(), "after {waits} waits");
        assert!(asked.iter().all(|record| record.actor == staff.actor), "who asked is always named");
        let last = blocked.last().map_or(0, |record| record.detail.field("after")["blocked"].as_u64().unwrap() as u32);
        assert_eq!(available(&world, event).await + last, 96 + FLOOR_CAPACITY, "after {waits} waits");
        if done {
            assert_eq!((last, blocked.last().unwrap().actor), (wanted, staff.actor));
            return;
        }
    }
    panic!("the block never came to its end");
}

#[tokio::test]
async fn a_block_that_is_refused_is_in_the_audit_log_as_one_that_failed() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    world.bought(fan, event, &["S-A-1"]).await;
    let before = log_of(&world, event).await.len();
    let seats = ["S-A-1".to_owned()];
    world.sales.block_seats(world.db.origin(), world.organizer, event, &seats).await.unwrap_err();
    let log = log_of(&world, event).await;
    let said: Vec<_> = log[before..].iter().map(|record| (record.action.as_str(), record.result)).collect();
    assert_eq!(said, [("event.ask_seats", Outcome::Done), ("event.ask_seats", Outcome::Failed)]);
    assert_eq!(log.last().unwrap().detail.field("after"), &serde_json::json!({ "block": 1 }));
}

#[tokio::test]
async fn what_is_asked_of_seats_that_do_not_exist_is_written_nowhere() {
    let world = World::new().await;
    let event = world.event().await;
    let before = log_of(&world, event).await.len();
    let (origin, organizer) = (world.db.origin(), world.organizer);
    let seats = ["S-A-1".to_owned(), "nowhere\0".to_owned()];
    let refusals = [
        world.sales.block_seats(origin, organizer, event, &seats).await.unwrap_err(),
        world.sales.unblock_seats(origin, organizer, event, &seats).await.unwrap_err(),
        world.sales.block_area(origin, organizer, event, "nowhere\0", 1).await.unwrap_err(),
        world.sales.set_area_capacity(origin, organizer, event, "nowhere\0", 1).await.unwrap_err(),
    ];
    for refused in refusals {
        assert!(refused.code().status() < 500, "{refused:?}");
    }
    assert_eq!(log_of(&world, event).await.len(), before);
}

#[tokio::test]
async fn a_change_waiting_for_a_slow_seat_writer_holds_nobody_up() {
    let world = World::new().await;
    let (event, other) = (world.event().await, world.event().await);
    let wider = add_map(&world, |map| map.areas[0].capacity = 300).await;
    let stalled = world.disk.stall().await;
    let capacity = world.sales.set_area_capacity(world.db.origin(), world.organizer, event, "FLOOR", 50);
    let moved = world.sales.move_to_seat_map(world.db.origin(), world.organizer, other, wider);
    let meanwhile = async {
        world.disk.wanted().await;
        let tx = world.db.store.begin_write().await.expect("nobody holds the database");
        drop(tx);
        let view = world.catalog.any_event(event).await.unwrap();
        assert_eq!(view.event.capacity, 96 + FLOOR_CAPACITY, "the engine may still refuse");
        drop(stalled);
    };
    let (capacity, moved, ()) = futures_util::future::join3(capacity, moved, meanwhile).await;
    capacity.unwrap();
    assert_eq!((moved.unwrap().capacity, available(&world, event).await), (96 + 300, 96 + 50));
}

#[tokio::test]
async fn a_change_begun_before_a_restart_is_finished_after_it() {
    let world = World::new().await;
    let event = world.event().await;
    let stalled = world.disk.stall().await;
    {
        let change = world.sales.set_area_capacity(world.db.origin(), world.organizer, event, "FLOOR", 50);
        let asked = world.disk.wanted();
        futures_util::future::select(std::pin::pin!(change), std::pin::pin!(asked)).await;
    }
    drop(stalled);
    let world = world.restart().await;
    world.rest().await;
    assert_eq!(world.catalog.any_event(event).await.unwrap().event.capacity, 96 + 50);
    assert_eq!(available(&world, event).await, 96 + 50);
}

#[tokio::test]
async fn a_change_whose_map_cannot_be_used_stands_in_nobody_s_way() {
    let world = World::new().await;
    let event = world.event().await;
    let tx = world.db.store.begin_write().await.unwrap();
    let gone: SeatMapId = world.db.env.id();
    let sql = "INSERT INTO seat_change (event_id, kind, seat_map_id) VALUES ($1, 'map', $2)";
    tx.execute(sql, (event, gone)).await.unwrap();
    tx.commit().await.unwrap();
    world.sales.set_area_capacity(world.db.origin(), world.organizer, event, "FLOOR", 50).await.unwrap();
    assert_eq!(available(&world, event).await, 96 + 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_edited_while_its_seats_change_keeps_both_changes() {
    let world = Arc::new(World::new().await);
    let event = world.event().await;
    for round in 0..20 {
        let capacity = 50 + round;
        let edits: Vec<_> = (0..4)
            .map(|edit| {
                let world = world.clone();
                let name = crate::world::name(&format!("Round {round}, edit {edit}"));
                tokio::spawn(async move {
                    // An edit may lose to another; a change that the engine made may not.
                    let change = |details: &mut catalog::EventDetails| details.name = name;
                    let _ =
                        world.sales.update_event(world.db.origin(), world.organizer, event, None, None, change).await;
                })
            })
            .collect();
        world.sales.set_area_capacity(world.db.origin(), world.organizer, event, "FLOOR", capacity).await.unwrap();
        for edit in edits {
            edit.await.unwrap();
        }
        assert_eq!(world.catalog.any_event(event).await.unwrap().event.capacity, 96 + capacity);
        assert_eq!(available(&world, event).await, 96 + capacity);
    }
}

#[tokio::test]
async fn a_new_seat_map_keeps_what_is_held_and_sold() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let sold = world.bought(fan, event, &["S-C-1"]).await;
    let held = world.hold(fan, event, &["S-C-2"]).await;
    let before = available(&world, event).await;
    // A row comes in front, so that every seat gets another number, and the last row goes.
    let wider = add_map(&world, |map| {
        let row = catalog::seat_map::Row {
            label: "AA".into(),
            seats: (1..=12).map(|number| seat(0, number, "front")).collect(),
        };
        map.sections[0].rows.insert(0, row);
        map.sections[0].rows.pop();
    })
    .await;
    let changed = world.sales.move_to_seat_map(world.db.origin(), world.organizer, event, wider).await.unwrap();
    assert_eq!(changed.seat_map, Some(wider));
    assert_eq!(available(&world, event).await, before);
    assert!(world.try_hold(world.fan(), event, &["S-AA-1"]).await.is_ok());
    assert!(matches!(
        world.try_hold(world.fan(), event, &["S-C-1"]).await,
        Err(Refused::Rule(Refusal::SeatUnavailable(_)))
    ));
    // What has the number now that a sold seat had before is another seat.
    world.bought(world.fan(), event, &["S-B-1"]).await;
    // The hold is paid and the sale given back under the new numbers.
    assert_eq!(world.buy(fan, &[held], "tok_ok").await.places[0].description(), "Stalls, row C, seat 2");
    world.cancel(&sold, None).await.unwrap();
    world.audit().await;
    world.bought(world.fan(), event, &["S-C-1"]).await;
    world.audit().await;
}

#[tokio::test]
async fn a_seat_map_that_loses_places_in_use_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    world.bought(fan, event, &["S-H-12"]).await;
    let floor = world.hold_floor(fan, event, 10).await;
    world.buy(fan, &[floor], "tok_ok").await;
    let version = world.catalog.any_event(event).await.unwrap().event.version;
    for map in [
        add_map(&world, |map| drop(map.sections[0].rows.pop())).await,
        add_map(&world, |map| map.areas[0].capacity = 9).await,
        add_map(&world, |map| map.levels.swap(0, 1)).await,
    ] {
        let refused = world.sales.move_to_seat_map(world.db.origin(), world.organizer, event, map).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidSeatMap, "{refused}");
    }
    let view = world.catalog.any_event(event).await.unwrap();
    assert_eq!((view.event.version, view.event.seat_map), (version, Some(world.map)));
    world.audit().await;
}

#[tokio::test]
async fn ticket_types_keep_their_order_once_published() {
    let world = World::new().await;
    let event = world.event().await;
    let change = |change: fn(&mut catalog::EventDetails)| {
        world.sales.update_event(world.db.origin(), world.organizer, event, None, None, change)
    };
    change(|details| details.ticket_types.push(half_price())).await.unwrap();
    let swapped = change(|details| details.ticket_types.swap(0, 1)).await.unwrap_err();
    assert_eq!(swapped.code(), Code::InvalidField);
    assert_eq!(change(|details| details.ticket_types.truncate(1)).await.unwrap_err().code(), Code::InvalidField);
}

#[tokio::test]
async fn staff_blocks_seats_and_areas_and_sets_capacities() {
    let world = World::new().await;
    let (event, fan, organizer) = (world.event().await, world.fan(), world.organizer);
    let seats = ["S-A-1".to_owned(), "S-A-2".to_owned()];
    world.sales.block_seats(world.db.origin(), organizer, event, &seats).await.unwrap();
    assert!(world.try_hold(fan, event, &["S-A-1"]).await.is_err());
    world.sales.unblock_seats(world.db.origin(), organizer, event, &seats[..1]).await.unwrap();
    world.bought(fan, event, &["S-A-1"]).await;
    world.sales.unblock_seats(world.db.origin(), organizer, event, &seats).await.unwrap();
    assert_eq!(
        world.sales.block_seats(world.db.origin(), organizer, event, &seats).await.unwrap_err().code(),
        Code::SeatUnavailable
    );

    let floor = world.hold_floor(fan, event, 10).await;
    world.buy(fan, &[floor], "tok_ok").await;
    let below = world.sales.set_area_capacity(world.db.origin(), organizer, event, "FLOOR", 9).await.unwrap_err();
    assert_eq!(below.code(), Code::CapacityBelowSold);
    world.sales.set_area_capacity(world.db.origin(), organizer, event, "FLOOR", 12).await.unwrap();
    assert_eq!(world.catalog.any_event(event).await.unwrap().event.capacity, 96 + 12);
    world.sales.block_area(world.db.origin(), organizer, event, "FLOOR", 2).await.unwrap();
    assert_eq!(world.inventory.view(event).await.unwrap().snapshot().areas, [0]);
    world.sales.block_area(world.db.origin(), organizer, event, "FLOOR", 0).await.unwrap();
    world.sales.set_area_capacity(world.db.origin(), organizer, event, "FLOOR", FLOOR_CAPACITY).await.unwrap();

    let stranger = OrganizerId::fresh(&world.db.env);
    assert_eq!(
        world.sales.block_seats(world.db.origin(), stranger, event, &seats).await.unwrap_err().code(),
        Code::NotFound
    );
    let unknown =
        world.sales.block_seats(world.db.origin(), organizer, event, &["S-Z-1".to_owned()]).await.unwrap_err();
    assert_eq!(unknown.code(), Code::UnknownSeat);
    let orders = world.audit().await;
    assert!(orders.iter().all(|order| order.status() == OrderStatus::Completed));
}
