//! Every write that a workflow makes, failed once: those of the seats' journal, in each way that a
//! disk has, and those of the database, at their commit. Afterwards the jobs bring everything to
//! rest, and nothing is left over.

use std::sync::Arc;
use std::time::Duration;

use catalog::Transition;
use inventory::Refused;
use sales::{Lapse, Order, OrderState, OrderStatus, PlaceOrder};
use store::Backend;

use crate::disk::Failure;
use crate::faults::{Hook, Hooked, Seats, purchase_and_return};
use crate::world::{World, seat_id, wish};

/// More writes to the journal than any workflow here makes.
const WRITES_MAX: usize = 100;

/// Runs `workflow` again and again, and has its first write to the journal fail, then its second,
/// and so on to the end, in every way there is. How many writes it makes.
async fn fail_everywhere<T>(
    world: &World,
    mut prepare: impl AsyncFnMut(&World) -> T,
    mut workflow: impl AsyncFnMut(&World, T, &str),
) -> usize {
    let mut most = 0;
    for failure in Failure::ALL {
        for writes in 0.. {
            assert!(writes < WRITES_MAX, "the workflow never comes to its end");
            let ready = prepare(world).await;
            world.disk.fail_after(writes, failure);
            workflow(world, ready, &format!("{failure:?} after {writes} writes")).await;
            world.rest().await;
            if !world.disk.mend() {
                most = most.max(writes);
                break;
            }
        }
    }
    most
}

#[tokio::test]
async fn every_write_of_a_purchase_and_its_refund_may_fail_once() {
    let world = World::new().await;
    for (token, writes) in [("tok_ok", 3), ("tok_challenge", 3), ("tok_timeout_captured", 3), ("tok_declined", 1)] {
        let mut seats = Seats::new(token);
        let expected = if token == "tok_declined" { OrderStatus::Declined } else { OrderStatus::Refunded };
        let made = fail_everywhere(
            &world,
            async |world| seats.next(world).await,
            async |world, wish: PlaceOrder, how| {
                let fan = wish.fan;
                let order = purchase_and_return(world, wish).await;
                assert_eq!(order.status(), expected, "{token}, {how}");
                let orders = world.sales.orders_of(fan, sales::OrderPage { before: None, limit: 10 }).await.unwrap();
                assert_eq!(orders.len(), 1, "{token}, {how}");
            },
        )
        .await;
        assert!(made >= writes, "{token} makes only {made} writes: does any of them fail at all?");
    }
    world.audit().await;
}

/// Lets the jobs work until the order is over or waits for its buyer.
async fn until_it_rests(world: &World, mut order: Order) -> Order {
    for _ in 0..500 {
        if order.state.is_final() || waits_for_buyer(&order) {
            return order;
        }
        world.recovered().await;
        world.advance(Duration::from_secs(6)).await;
        world.jobs.run_due().await.unwrap();
        order = world.reload(&order).await;
    }
    panic!("the order does not come to rest: {order:?}");
}

fn waits_for_buyer(order: &Order) -> bool {
    matches!(order.state, OrderState::NeedsBuyer { .. })
}

#[tokio::test]
async fn every_write_of_an_order_that_is_given_up_may_fail_once() {
    let world = World::new().await;
    let mut seats = Seats::new("tok_challenge");
    let made = fail_everywhere(
        &world,
        async |world| seats.next(world).await,
        async |world, wish: PlaceOrder, how| {
            let fan = wish.fan;
            let order = world.order_of(fan, &world.place(wish).await.unwrap()).await;
            let order = until_it_rests(world, order).await;
            world.recovered().await;
            world.cancel(&order, None).await.unwrap_or_else(|error| panic!("{how}: {error}"));
            world.rest().await;
            let order = world.reload(&order).await;
            assert_eq!(order.state, OrderState::Cancelled { why: Lapse::Abandoned }, "{how}");
        },
    )
    .await;
    assert!(made >= 2, "only {made} writes: does any of them fail at all?");
    world.audit().await;
}

/// The first hold is sold, then the second turns out to be gone.
#[tokio::test]
async fn every_write_of_a_cart_that_is_undone_after_a_sale_may_fail_once() {
    let hook: Hook = Arc::default();
    let inner = hook.clone();
    let world = World::wrapped(|gateway| Arc::new(Hooked { inner: gateway, hook: inner })).await;
    let (mut here, there) = (Seats::new("tok_ok"), world.event().await);
    let made = fail_everywhere(
        &world,
        async |world| {
            let mut wish = here.next(world).await;
            // Taken later, so it ends later and is sold last.
            world.advance(Duration::from_millis(1)).await;
            let lost = world.hold_floor(wish.fan, there, 2).await;
            wish.holds.push(lost);
            *hook.lock() = Some((world.inventory.clone(), there, lost));
            wish
        },
        async |world, wish: PlaceOrder, how| {
            let fan = wish.fan;
            let order = world.order_of(fan, &world.place(wish).await.unwrap()).await;
            world.rest().await;
            let order = world.reload(&order).await;
            assert_eq!(order.state, OrderState::Cancelled { why: Lapse::HoldEnded }, "{how}");
        },
    )
    .await;
    assert!(made >= 5, "only {made} writes: does any of them fail at all?");
    world.audit().await;
}

#[tokio::test]
async fn every_write_of_a_cancelled_event_may_fail_once() {
    let world = World::new().await;
    let made = fail_everywhere(
        &world,
        async |world| {
            let (event, mut orders) = (world.event().await, Vec::new());
            for (at, token) in ["tok_ok", "tok_ok", "tok_challenge"].into_iter().enumerate() {
                let fan = world.fan();
                let hold = world.hold(fan, event, &[&seat_id(at)]).await;
                orders.push(world.buy(fan, &[hold], token).await);
            }
            (event, orders)
        },
        async |world, (event, orders), how| {
            // Whoever asked may hear of the failure; the job goes on either way.
            let cancel = Transition::Cancel;
            world.sales.transition_event(world.db.origin(), world.organizer, event, cancel).await.ok();
            world.rest().await;
            let mut ends = Vec::new();
            for order in &orders {
                ends.push(world.reload(order).await.status());
            }
            assert_eq!(ends, [OrderStatus::Refunded, OrderStatus::Refunded, OrderStatus::Cancelled], "{how}");
            let refused = world.try_hold(world.fan(), event, &["S-H-1"]).await;
            assert!(refused.is_err(), "{how}: a cancelled event sells");
        },
    )
    .await;
    assert!(made >= 4, "only {made} writes: does any of them fail at all?");
    world.audit().await;
}

#[tokio::test]
async fn every_write_that_puts_an_event_on_sale_may_fail_once() {
    let world = World::new().await;
    let made = fail_everywhere(
        &world,
        async |world| world.event_with(|_| {}).await,
        async |world, event, how| {
            for transition in [Transition::TakeOffSale, Transition::Publish] {
                world.sales.transition_event(world.db.origin(), world.organizer, event, transition).await.ok();
                world.rest().await;
            }
            let mut hold = world.try_hold(world.fan(), event, &["S-A-1"]).await;
            if matches!(hold, Err(Refused::Unavailable)) {
                world.recovered().await;
                hold = world.try_hold(world.fan(), event, &["S-A-2"]).await;
            }
            assert!(hold.is_ok(), "{how}: {hold:?}");
        },
    )
    .await;
    assert!(made >= 2, "only {made} writes: does any of them fail at all?");
}

/// Makes the commit of every transaction fail that brings a row of `table` to `state`.
async fn refuse(world: &World, table: &str, state: &str) {
    let tx = world.db.begin_write().await.unwrap();
    let statements = match world.db.backend() {
        // At the commit a row of `paid` is owed that is not there.
        Backend::Sqlite => vec![
            "CREATE TABLE IF NOT EXISTS paid (id INTEGER PRIMARY KEY)".to_owned(),
            "CREATE TABLE IF NOT EXISTS owed (id INTEGER REFERENCES paid (id) DEFERRABLE INITIALLY DEFERRED)"
                .to_owned(),
            format!(
                "CREATE TRIGGER refused AFTER UPDATE ON {table} WHEN NEW.state = '{state}' AND OLD.state <> '{state}'
                 BEGIN INSERT INTO owed VALUES (1); END"
            ),
        ],
        Backend::Postgres => vec![
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN RAISE EXCEPTION ''refused''; END'"
                .to_owned(),
            format!(
                "CREATE CONSTRAINT TRIGGER refused AFTER UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                 WHEN (NEW.state = '{state}' AND OLD.state <> '{state}') EXECUTE FUNCTION refuse()"
            ),
        ],
    };
    for statement in statements {
        tx.execute(&statement, ()).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn accept(world: &World, table: &str) {
    let tx = world.db.begin_write().await.unwrap();
    let drop_it = match world.db.backend() {
        Backend::Sqlite => "DROP TRIGGER refused".to_owned(),
        Backend::Postgres => format!("DROP TRIGGER refused ON {table}"),
    };
    tx.execute(&drop_it, ()).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn every_step_of_an_order_may_fail_at_its_commit() {
    let world = World::new().await;
    let (event, mut seat) = (world.event().await, 0);
    for (token, table, state, expected) in [
        ("tok_challenge", "sales_order", "needs_buyer", OrderStatus::Cancelled),
        ("tok_challenge", "sales_order", "lapsed", OrderStatus::Cancelled),
        ("tok_challenge", "sales_order", "cancelled", OrderStatus::Cancelled),
        ("tok_declined", "sales_order", "declined", OrderStatus::Declined),
        ("tok_ok", "sales_order", "authorized", OrderStatus::Refunded),
        ("tok_ok", "sales_order", "sold", OrderStatus::Refunded),
        ("tok_ok", "sales_order", "completed", OrderStatus::Refunded),
        ("tok_ok", "order_refund", "refunded", OrderStatus::Refunded),
        ("tok_ok", "order_refund", "returned", OrderStatus::Refunded),
        ("tok_declined", "payment", "declined", OrderStatus::Declined),
        ("tok_ok", "payment", "authorized", OrderStatus::Refunded),
        ("tok_ok", "payment", "captured", OrderStatus::Refunded),
    ] {
        let fan = world.fan();
        let hold = world.hold(fan, event, &[&seat_id(seat)]).await;
        seat += 1;
        let wish = wish(fan, &[hold], token, Some(world.key()));
        refuse(&world, table, state).await;
        let answered = world.place(wish.clone()).await.unwrap_or_else(|error| panic!("{table} {state}: {error}"));
        let mut order = world.order_of(fan, &answered).await;
        // It is not always there to be given back.
        world.cancel(&order, None).await.ok();
        order = world.reload(&order).await;
        let is_over = order.status() == expected && order.refunds.iter().all(|refund| refund.state.is_final());
        assert!(!is_over, "{table} {state}: nothing was refused");

        accept(&world, table).await;
        order = until_it_rests(&world, order).await;
        if waits_for_buyer(&order) || order.state == OrderState::Completed && order.refunds.is_empty() {
            world.cancel(&order, None).await.unwrap_or_else(|error| panic!("{table} {state}: {error}"));
        }
        world.rest().await;
        assert_eq!(world.reload(&order).await.status(), expected, "{table} {state}");
        let again = world.place(wish.clone()).await;
        let again = again.unwrap_or_else(|error| panic!("{table} {state}: {error}"));
        assert_eq!(world.order_of(fan, &again).await.id, order.id, "{table} {state}");
    }
    world.audit().await;
}
