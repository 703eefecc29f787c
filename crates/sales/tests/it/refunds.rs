//! Giving back: when it is allowed, what exactly goes back, and that nothing goes back twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use catalog::Transition;
use payments::{Authorize, PaymentGateway, RefundRequest, RefundStanding, Reply, SimulatedGateway, Standing};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sales::{Cancel, FeeRule, FeeScope, Order, OrderStatus, RefundError, RefundState, StaffRefund};
use stagedoor_core::limits::REFUND_WINDOW;
use stagedoor_core::{Code, Currency, Money, PaymentId, RefundId, TicketId, Timestamp};
use tickets::{Admits, Door, NewScan, Scan, Signer, Status};

use crate::world::{FLOOR, FRONT, SIDE, START, World, render, seat_id};

const MICRO: Duration = Duration::from_micros(1);

#[tokio::test]
async fn a_cancelled_order_is_refunded_and_its_seats_are_sold_again() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let order = world.bought(fan, event, &["S-A-1", "S-A-2"]).await;
    let answered = world.cancel(&order, None).await.unwrap();
    assert_eq!(answered.answer.status, 201);
    let order = world.reload(&order).await;
    assert_eq!((order.status(), order.refunded_total()), (OrderStatus::Refunded, order.total()));
    world.bought(world.fan(), event, &["S-A-1", "S-A-2"]).await;
    assert_eq!(world.cancel(&order, None).await.unwrap_err().code(), Code::WrongState);
    world.audit().await;
}

#[tokio::test]
async fn part_of_an_order_can_be_given_back() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let order = world.bought(fan, event, &["S-A-1", "S-E-1", "S-E-2"]).await;
    let second = order.tickets[1].id;
    world.cancel(&order, Some(vec![second])).await.unwrap();
    let order = world.reload(&order).await;
    assert_eq!((order.status(), order.refunded_total().minor), (OrderStatus::PartiallyRefunded, SIDE));
    let again = world.cancel(&order, Some(vec![second])).await.unwrap_err();
    assert!(matches!(again, RefundError::RefundedBefore(id) if id == second), "{again}");
    // What is left goes back with the rest.
    world.cancel(&order, None).await.unwrap();
    assert_eq!(world.reload(&order).await.refunded_total().minor, FRONT + 2 * SIDE);
    world.audit().await;
}

#[tokio::test]
async fn foreign_absent_and_repeated_tickets_are_refused() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let order = world.bought(fan, event, &["S-A-1"]).await;
    let other = world.bought(world.fan(), event, &["S-A-2"]).await;
    let own = order.tickets[0].id;
    for (tickets, code) in [
        (vec![other.tickets[0].id], Code::NotFound),
        (vec![own, world.db.env.id()], Code::NotFound),
        (vec![own, own], Code::InvalidField),
        (vec![], Code::InvalidField),
    ] {
        assert_eq!(world.cancel(&order, Some(tickets.clone())).await.unwrap_err().code(), code, "{tickets:?}");
    }
    let stranger =
        Cancel { fan: world.fan(), order: order.id, tickets: None, origin: store::Origin::system(), key: None };
    assert_eq!(world.sales.cancel(stranger, render).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.reload(&order).await.status(), OrderStatus::Completed);
    world.audit().await;
}

#[tokio::test]
async fn a_ticket_that_was_passed_on_is_not_the_buyer_s_to_give_back() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let order = world.bought(fan, event, &["S-A-1", "S-A-2"]).await;
    let (passed_on, to) = (order.tickets[0].id, world.fan());
    let tx = world.db.begin_write().await.unwrap();
    let cause = tickets::Cause { by: Some(fan), reason: "a present" };
    tickets::transfer(&tx, tickets::Access::Owner(fan), passed_on, to, cause).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.cancel(&order, Some(vec![passed_on])).await.unwrap_err().code(), Code::NotFound);
    world.cancel(&order, None).await.unwrap();
    let order = world.reload(&order).await;
    assert_eq!(order.status(), OrderStatus::PartiallyRefunded);
    assert_eq!(order.tickets[0].status, Status::Issued);
    world.audit().await;
}

#[tokio::test]
async fn the_window_closes_one_instant_after_its_last() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let (early, late) = (world.bought(fan, event, &["S-A-1"]).await, world.bought(fan, event, &["S-A-2"]).await);
    let last = START.parse::<Timestamp>().unwrap() - REFUND_WINDOW;
    world.db.env.clock.set(last);
    world.cancel(&early, None).await.unwrap();
    world.db.env.clock.set(last + MICRO);
    let refused = world.cancel(&late, None).await.unwrap_err();
    assert_eq!(refused.code(), Code::RefundWindowClosed);
    assert!(matches!(refused, RefundError::WindowClosed { until, .. } if until == last));
    assert_eq!(world.reload(&late).await.status(), OrderStatus::Completed);
    world.audit().await;
}

#[tokio::test]
async fn each_event_of_a_cart_has_its_own_window() {
    let world = World::new().await;
    let fan = world.fan();
    let soon = world.event_with(|details| details.starts_at = "2026-01-02T12:00:00Z".parse().unwrap()).await;
    let holds = [world.hold(fan, world.event().await, &["S-A-1"]).await, world.hold(fan, soon, &["S-A-1"]).await];
    let order = world.buy(fan, &holds, "tok_ok").await;
    let far = order.tickets.iter().find(|ticket| ticket.event != soon).unwrap().id;
    world.advance(Duration::from_secs(13 * 60 * 60)).await;
    assert_eq!(world.cancel(&order, None).await.unwrap_err().code(), Code::RefundWindowClosed, "all or nothing");
    world.cancel(&order, Some(vec![far])).await.unwrap();
    assert_eq!(world.reload(&order).await.status(), OrderStatus::PartiallyRefunded);
    world.audit().await;
}

#[tokio::test]
async fn who_bought_before_an_event_moved_may_think_again_until_it_starts() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let before = world.bought(fan, event, &["S-A-1"]).await;
    let too_late = world.bought(fan, event, &["S-A-2"]).await;
    let start = "2026-01-10T18:00:00Z".parse::<Timestamp>().unwrap();
    let moved = world
        .sales
        .update_event(world.db.origin(), world.organizer, event, None, None, |details| details.starts_at = start);
    moved.await.unwrap();
    world.advance(MICRO).await;
    let after = world.bought(fan, event, &["S-A-3"]).await;
    world.db.env.clock.set(start);
    assert_eq!(world.cancel(&after, None).await.unwrap_err().code(), Code::RefundWindowClosed);
    world.cancel(&before, None).await.unwrap();
    world.db.env.clock.set(start + MICRO);
    assert_eq!(world.cancel(&too_late, None).await.unwrap_err().code(), Code::RefundWindowClosed);
    world.audit().await;
}

#[tokio::test]
async fn a_postponed_event_takes_tickets_back_at_any_time() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let order = world.bought(fan, event, &["S-A-1"]).await;
    world.db.env.clock.set(START.parse::<Timestamp>().unwrap() - MICRO);
    assert_eq!(world.cancel(&order, None).await.unwrap_err().code(), Code::RefundWindowClosed);
    world.sales.transition_event(world.db.origin(), world.organizer, event, Transition::Postpone).await.unwrap();
    world.cancel(&order, None).await.unwrap();
    world.audit().await;
}

#[tokio::test]
async fn a_cancelled_event_refunds_everyone_fees_included() {
    let world = World::new().await;
    let (event, other) = (world.event().await, world.event().await);
    let keep = FeeRule { basis_points: 1_000, per_ticket_minor: 0, refundable: false };
    world.set_fees(FeeScope::Organizer(world.organizer), keep).await.unwrap();
    let mut orders = Vec::new();
    for at in 0..5 {
        orders.push(world.bought(world.fan(), event, &[&seat_id(at)]).await);
    }
    world.cancel(&orders[0], None).await.unwrap();
    let fan = world.fan();
    let holds = [world.hold(fan, event, &["S-H-1"]).await, world.hold(fan, other, &["S-H-1"]).await];
    let mixed = world.buy(fan, &holds, "tok_ok").await;
    let waiting_fan = world.fan();
    let waiting = world.hold(waiting_fan, event, &["S-G-1"]).await;
    let waiting = world.buy(waiting_fan, &[waiting], "tok_challenge").await;

    world.sales.transition_event(world.db.origin(), world.organizer, event, Transition::Cancel).await.unwrap();
    // The buyer approves too late: the engine sells nothing of a cancelled event.
    world.gateway.complete_challenge(waiting.payment, payments::Approval::Approve).await.unwrap();
    world.audit().await;
    let kept_fee = world.reload(&orders[0]).await;
    assert_eq!(kept_fee.refunded_total().minor, FRONT, "the fan's own cancellation left the fee");
    for order in &orders[1..] {
        let order = world.reload(order).await;
        assert_eq!((order.status(), order.refunded_total()), (OrderStatus::Refunded, order.total()));
    }
    let mixed = world.reload(&mixed).await;
    assert_eq!(mixed.status(), OrderStatus::PartiallyRefunded);
    assert_eq!(mixed.refunded_total().minor, SIDE + 333);
    assert_eq!(world.reload(&waiting).await.status(), OrderStatus::Cancelled);
}

#[tokio::test]
async fn an_order_completed_while_its_event_is_cancelled_is_refunded() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let order = world.bought(fan, event, &["S-A-1"]).await;
    // The catalogue says so, and the job that refunds all orders has been and gone.
    world.catalog.transition(world.organizer, event, Transition::Cancel).await.unwrap();
    world.audit().await;
    assert_eq!(world.reload(&order).await.status(), OrderStatus::Refunded);
}

#[tokio::test]
async fn staff_refunds_after_the_window_and_used_tickets_but_no_stranger_s() {
    let world = World::new().await;
    let (here, fan) = (world.event().await, world.fan());
    let (stranger, there) = world.foreign_event().await;
    let holds = [world.hold(fan, here, &["S-A-1", "S-A-2"]).await, world.hold(fan, there, &["S-A-1"]).await];
    let order = world.buy(fan, &holds, "tok_ok").await;
    world.db.env.clock.set(START.parse().unwrap());
    let used = order.tickets.iter().find(|ticket| ticket.event == here).unwrap();
    admit(&world, used).await;

    assert_eq!(world.cancel(&order, Some(vec![used.id])).await.unwrap_err().code(), Code::RefundWindowClosed);
    let refund = |organizer, tickets: Option<Vec<TicketId>>, note: &str| StaffRefund {
        organizer,
        staff: world.db.env.id(),
        order: order.id,
        tickets,
        note: note.to_owned(),
        origin: store::Origin::system(),
        key: Some(world.key()),
    };
    let foreign = order.tickets.iter().find(|ticket| ticket.event == there).unwrap().id;
    for (wish, code) in [
        (refund(world.db.env.id(), None, "fire alarm"), Code::NotFound),
        (refund(world.organizer, Some(vec![foreign]), "fire alarm"), Code::NotFound),
        (refund(world.organizer, None, "  "), Code::InvalidField),
    ] {
        assert_eq!(world.sales.refund(wish, render).await.unwrap_err().code(), code);
    }
    world.sales.refund(refund(world.organizer, None, "fire alarm"), render).await.unwrap();
    let order = world.reload(&order).await;
    assert_eq!(order.refunded_total().minor, 2 * FRONT);
    assert_eq!(order.tickets.iter().filter(|ticket| ticket.status == Status::Issued).count(), 1);
    world.audit_all(&[world.organizer, stranger]).await;
}

#[tokio::test]
async fn a_used_ticket_is_not_refunded_to_its_fan() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let order = world.bought(fan, event, &["S-A-1", "S-A-2"]).await;
    admit(&world, &order.tickets[0]).await;
    let used = world.cancel(&order, Some(vec![order.tickets[0].id])).await.unwrap_err();
    assert_eq!(used.code(), Code::TicketUsed);
    world.cancel(&world.reload(&order).await, None).await.unwrap();
    let order = world.reload(&order).await;
    assert_eq!(order.refunded_total().minor, FRONT, "the unused one went back");
    assert_eq!(world.cancel(&order, None).await.unwrap_err().code(), Code::TicketUsed);
    world.audit().await;
}

#[tokio::test]
async fn a_cancellation_is_answered_once_per_key() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let order = world.bought(fan, event, &["S-A-1", "S-A-2"]).await;
    let key = world.key();
    let ask =
        |tickets| Cancel { fan, order: order.id, tickets, origin: store::Origin::system(), key: Some(key.clone()) };
    let one = Some(vec![order.tickets[0].id]);
    let first = world.sales.cancel(ask(one.clone()), render).await.unwrap();
    world.cancel(&order, Some(vec![order.tickets[1].id])).await.unwrap();
    let again = world.sales.cancel(ask(one), render).await.unwrap();
    assert_eq!((&again.answer, again.replayed), (&first.answer, true));
    let mut other = ask(None);
    other.key.as_mut().unwrap().body_hash = [9; 32];
    assert_eq!(world.sales.cancel(other, render).await.unwrap_err().code(), Code::IdempotencyMismatch);
    world.audit().await;
}

#[tokio::test]
async fn an_organizer_sees_its_own_part_of_a_refund() {
    let world = World::new().await;
    let (here, fan) = (world.event().await, world.fan());
    let (stranger, there) = world.foreign_event().await;
    let keep = FeeRule { basis_points: 1_000, per_ticket_minor: 0, refundable: false };
    world.set_fees(FeeScope::Event(here), keep).await.unwrap();
    let holds = [world.hold(fan, here, &["S-A-1"]).await, world.hold(fan, there, &["S-E-1", "S-E-2"]).await];
    let order = world.buy(fan, &holds, "tok_ok").await;
    world.cancel(&order, None).await.unwrap();
    assert_eq!(world.reload(&order).await.refunded_total().minor, FRONT + 2 * SIDE);
    for (organizer, own) in [(world.organizer, FRONT), (stranger, 2 * SIDE)] {
        let part = world.sales.order_for(organizer, None, order.id).await.unwrap();
        let amounts: Vec<_> = part.refunds.iter().map(|refund| refund.amount.minor).collect();
        assert_eq!((part.refunded_total().minor, amounts), (own, vec![own]));
    }
    world.audit_all(&[world.organizer, stranger]).await;
}

/// What the gateway will not pay back stays owed, in sight of everybody it concerns, until it is
/// asked for again.
#[tokio::test]
async fn a_refund_that_the_gateway_refuses_stays_in_sight_until_it_is_paid() {
    let refuses = Arc::new(AtomicBool::new(true));
    let switch = refuses.clone();
    let world = World::wrapped(|inner| Arc::new(NoRefunds { inner, refuses: switch })).await;
    let (here, fan) = (world.event().await, world.fan());
    let (stranger, there) = world.foreign_event().await;
    let holds = [world.hold(fan, here, &["S-A-1"]).await, world.hold(fan, there, &["S-E-1"]).await];
    let order = world.buy(fan, &holds, "tok_ok").await;
    world.cancel(&order, None).await.unwrap();
    world.rest().await;
    assert_eq!(world.sales.refunds_owed().await.unwrap(), 1);
    for (organizer, own) in [(world.organizer, FRONT), (stranger, SIDE)] {
        let page = sales::OrderPage { before: None, limit: 1 };
        let parts = world.sales.orders_for(organizer, None, &Default::default(), page).await.unwrap();
        let [refund] = &parts[0].refunds[..] else { panic!("{parts:?}") };
        assert!(matches!(refund.state, RefundState::Refused { .. }), "{refund:?}");
        assert_eq!((refund.amount.minor, parts[0].refunded_total().minor), (own, 0));
    }
    refuses.store(false, Ordering::SeqCst);
    world.cancel(&order, None).await.unwrap();
    let order = world.reload(&order).await;
    assert_eq!((order.status(), order.refunded_total()), (OrderStatus::Refunded, order.total()));
    assert_eq!(world.sales.refunds_owed().await.unwrap(), 1, "whoever asks often is not counted for");
    world.advance(Duration::from_secs(5)).await;
    assert_eq!(world.sales.refunds_owed().await.unwrap(), 0);
}

struct NoRefunds {
    inner: SimulatedGateway,
    refuses: Arc<AtomicBool>,
}

impl PaymentGateway for NoRefunds {
    fn authorize(&self, request: Authorize) -> Reply<'_, Standing> {
        self.inner.authorize(request)
    }
    fn capture(&self, payment: PaymentId, amount: Money) -> Reply<'_, Standing> {
        self.inner.capture(payment, amount)
    }
    fn void(&self, payment: PaymentId) -> Reply<'_, Standing> {
        self.inner.void(payment)
    }
    fn status(&self, payment: PaymentId) -> Reply<'_, Standing> {
        self.inner.status(payment)
    }
    fn refund(&self, request: RefundRequest) -> Reply<'_, RefundStanding> {
        if self.refuses.load(Ordering::SeqCst) {
            return Box::pin(async { Ok(RefundStanding::Refused { reason: "account_closed".into() }) });
        }
        self.inner.refund(request)
    }
    fn refund_status(&self, payment: PaymentId, refund: RefundId) -> Reply<'_, RefundStanding> {
        self.inner.refund_status(payment, refund)
    }
}

/// Eight clicks on "cancel" with eight keys, and eight parts of one order at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_refunds_pay_every_ticket_back_once() {
    let world = Arc::new(World::new().await);
    let (event, fan) = (world.event().await, world.fan());
    let one = world.bought(fan, event, &["S-A-1"]).await;
    let floor = world.hold_floor(fan, event, 8).await;
    let eight = world.buy(fan, &[floor], "tok_ok").await;
    let race = |order: &Order, tickets: Vec<Option<Vec<TicketId>>>| {
        let (world, order) = (world.clone(), order.clone());
        async move {
            let racers = tickets.into_iter().map(|tickets| {
                let (world, order) = (world.clone(), order.clone());
                tokio::spawn(async move { world.cancel(&order, tickets).await.is_ok() })
            });
            let mut won = 0;
            for racer in racers.collect::<Vec<_>>() {
                won += usize::from(racer.await.unwrap());
            }
            won
        }
    };
    assert_eq!(race(&one, vec![None; 8]).await, 1);
    let each = eight.tickets.iter().map(|ticket| Some(vec![ticket.id])).collect();
    assert_eq!(race(&eight, each).await, 8);
    let orders = world.audit().await;
    assert!(orders.iter().all(|order| order.refunded_total() == order.total()), "{orders:?}");
    assert_eq!(world.reload(&eight).await.refunded_total().minor, 8 * FLOOR);
}

/// Whatever parts of an order go back in whatever sequence, by whom and with whatever fees: each
/// line goes back at most once and in whole, so the sums are exact.
#[test]
fn refunds_add_up_to_the_last_minor_unit() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let steps = prop::collection::vec((0u8..=2, prop::collection::vec(0usize..7, 1..4)), 1..6);
    let rule = (0u32..=2_000, 0i64..200, any::<bool>());
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    runner
        .run(&(rule, prop::collection::vec(1i64..20_000, 3), steps), |((points, fixed, refundable), prices, steps)| {
            let rule = FeeRule { basis_points: points, per_ticket_minor: fixed, refundable };
            runtime.block_on(refund_in_parts(&world, rule, &prices, &steps));
            Ok(())
        })
        .unwrap();
    runtime.block_on(world.audit());
}

async fn refund_in_parts(world: &World, rule: FeeRule, prices: &[i64], steps: &[(u8, Vec<usize>)]) {
    let event = world
        .event_with(|details| {
            for (level, minor) in details.price_levels.iter_mut().zip(prices) {
                level.price = Money::new(*minor, Currency::EUR);
            }
        })
        .await;
    world.set_fees(FeeScope::Event(event), rule).await.unwrap();
    let fan = world.fan();
    let holds = [world.hold(fan, event, &["S-A-1", "S-A-2", "S-E-1"]).await, world.hold_floor(fan, event, 4).await];
    let order = world.buy(fan, &holds, "tok_ok").await;
    let mut expected = 0;
    let mut back = [false; 7];
    for (who, positions) in steps {
        let fresh = positions.iter().all(|at| !back[*at])
            && (1..positions.len()).all(|at| !positions[..at].contains(&positions[at]));
        let tickets = Some(positions.iter().map(|at| order.tickets[*at].id).collect());
        let done = if *who == 0 {
            let organizer = world.organizer;
            let (staff, note) = (world.db.env.id(), "goodwill".to_owned());
            let wish = StaffRefund {
                organizer,
                staff,
                order: order.id,
                tickets,
                note,
                origin: store::Origin::system(),
                key: Some(world.key()),
            };
            world.sales.refund(wish, render).await
        } else {
            world.cancel(&order, tickets).await
        };
        assert_eq!(done.is_ok(), fresh, "{positions:?} after {back:?}");
        if fresh {
            for at in positions {
                back[*at] = true;
                let lines = order.lines.iter().filter(|line| line.place == *at && (line.refundable || *who == 0));
                expected += lines.map(|line| line.amount.minor).sum::<i64>();
            }
        }
        let now = world.reload(&order).await;
        assert_eq!(now.refunded_total().minor, expected);
        assert!(now.refunded_total().minor <= now.total().minor);
    }
}

async fn admit(world: &World, ticket: &tickets::Ticket) {
    let signer = Signer::new(&world.db.keyring);
    let barcode = signer.sign(ticket);
    let scan_id = ticket.id.to_string();
    let scan = NewScan { scan_id: &scan_id, barcode: barcode.as_str(), gate: "North", scanned_at: None, event: None };
    let scan = Scan::new(&signer, scan).unwrap();
    let door = Door { organizer: ticket.organizer, by: world.db.env.id() };
    let checked =
        tickets::check_in(&world.db.store, &store::Origin::system(), door, &[scan], |_| Admits::ALWAYS).await.unwrap();
    assert_eq!(checked[0].as_ref().unwrap().result, tickets::Verdict::Admitted);
}
