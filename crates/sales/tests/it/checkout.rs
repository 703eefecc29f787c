//! Buying: what an order costs, what it ends as, and what a second request for the same does.

use std::sync::Arc;
use std::time::Duration;

use catalog::Transition;
use identity::{Contact, Identity, Locale, NewAccount, SeedAccount};
use payments::Approval;
use sales::{
    Attendee, Cancel, CheckoutError, FeeRule, FeeScope, Key, Lapse, LineKind, OrderPage, OrderState, OrderStatus,
};
use stagedoor_core::limits::{HOLD_EXTENSION, HOLD_TTL, IDEMPOTENCY_RETENTION};
use stagedoor_core::{Code, Currency, HoldId, Money, OrderId, UserId};
use store::idempotency::{self, body_hash};
use tickets::Status;

use crate::world::{FLOOR, FRONT, SIDE, World, render, seat_id, wish};

#[tokio::test]
async fn a_hold_becomes_a_paid_order_with_tickets() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let hold = world.hold(fan, event, &["S-A-1", "S-E-2"]).await;
    let answered = world.place(wish(fan, &[hold], "tok_ok", Some(world.key()))).await.unwrap();
    assert_eq!((answered.answer.status, answered.replayed), (201, false));
    let order = world.order_of(fan, &answered).await;
    assert_eq!((order.status(), order.total().minor), (OrderStatus::Completed, FRONT + SIDE));
    assert_eq!(order.lines.iter().map(|line| line.kind).collect::<Vec<_>>(), [LineKind::FaceValue; 2]);
    assert_eq!(order.places[1].description(), "Stalls, row E, seat 2");
    let tickets: Vec<_> = order.tickets.iter().map(|ticket| (ticket.status, ticket.face_value.minor)).collect();
    assert_eq!(tickets, [(Status::Issued, FRONT), (Status::Issued, SIDE)]);
    world.audit().await;
}

#[tokio::test]
async fn transaction_ids_are_keyed_and_differ() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let one = world.bought(fan, event, &["S-A-1"]).await;
    let two = world.bought(fan, event, &["S-A-2"]).await;
    for order in [&one, &two] {
        assert_eq!(order.transaction_id.len(), 128, "64 bytes of HMAC-SHA512 in hexadecimal");
        assert!(order.transaction_id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
    assert_ne!(one.transaction_id, two.transaction_id);
}

#[tokio::test]
async fn fees_are_added_by_the_event_s_rule_then_the_organizer_s() {
    let world = World::new().await;
    let (general, special, fan) = (world.event().await, world.event().await, world.fan());
    let rule = |basis_points, per_ticket_minor| FeeRule { basis_points, per_ticket_minor, refundable: true };
    world.set_fees(FeeScope::Organizer(world.organizer), rule(500, 30)).await.unwrap();
    world.set_fees(FeeScope::Event(special), rule(1_000, 0)).await.unwrap();
    let one = world.try_hold(fan, general, &["S-E-1"]).await.unwrap();
    let quote = world.sales.quote(&one).await.unwrap();
    assert_eq!((quote.fees.minor, quote.total.minor), (167 + 30, SIDE + 197), "5 % of 3333 rounds to 167");
    let two = world.hold(fan, special, &["S-A-1"]).await;
    let order = world.buy(fan, &[one.id(), two], "tok_ok").await;
    let fees = order.lines.iter().filter(|line| line.kind == LineKind::Fee);
    assert_eq!(fees.map(|line| line.amount.minor).sum::<i64>(), 197 + 500);
    assert_eq!(order.total().minor, SIDE + FRONT + 697);
    let too_much = world.set_fees(FeeScope::Event(special), rule(9_999, 0)).await.unwrap_err();
    assert_eq!(too_much.code(), Code::InvalidField);
    world.audit().await;
}

#[tokio::test]
async fn a_price_change_during_checkout_leaves_the_held_price() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let hold = world.hold(fan, event, &["S-A-1"]).await;
    let dearer = |details: &mut catalog::EventDetails| {
        details.price_levels[0].price = Money::new(9 * FRONT, Currency::EUR);
    };
    world.sales.update_event(world.db.origin(), world.organizer, event, None, None, dearer).await.unwrap();
    assert_eq!(world.buy(fan, &[hold], "tok_ok").await.total().minor, FRONT);
    let later = world.hold(fan, event, &["S-A-2"]).await;
    assert_eq!(world.buy(fan, &[later], "tok_ok").await.total().minor, 9 * FRONT);
    world.audit().await;
}

#[tokio::test]
async fn a_cart_over_several_events_and_organizers_is_paid_as_one() {
    let world = World::new().await;
    let (here, fan) = (world.event().await, world.fan());
    let (stranger, there) = world.foreign_event().await;
    let holds = [world.hold(fan, here, &["S-A-1"]).await, world.hold_floor(fan, there, 3).await];
    let order = world.buy(fan, &holds, "tok_ok").await;
    assert_eq!((order.total().minor, order.tickets.len()), (FRONT + 3 * FLOOR, 4));
    let part = world.sales.order_for(stranger, None, order.id).await.unwrap();
    assert_eq!((part.places.len(), part.total().minor, part.tickets.len()), (3, 3 * FLOOR, 3));
    assert_eq!(part.holds.len(), 1);
    let of = |event| sales::OrderFilter { event: Some(event), ..Default::default() };
    let listed =
        world.sales.orders_for(stranger, None, &of(there), OrderPage { before: None, limit: 10 }).await.unwrap();
    assert_eq!(listed.iter().map(|order| order.id).collect::<Vec<_>>(), [order.id]);
    let elsewhere =
        world.sales.orders_for(stranger, None, &of(here), OrderPage { before: None, limit: 10 }).await.unwrap();
    assert_eq!(elsewhere, [], "another organizer's event");
    world.audit_all(&[world.organizer, stranger]).await;
}

/// (token, state it ends in, code of the refusal)
#[tokio::test]
async fn every_token_ends_where_it_should() {
    let world = World::new().await;
    let event = world.event().await;
    let declined = |reason: &str| OrderState::Declined { reason: reason.to_owned() };
    for (at, (token, state)) in [
        ("tok_ok", OrderState::Completed),
        ("tok_slow", OrderState::Completed),
        ("tok_timeout_captured", OrderState::Completed),
        ("tok_timeout_lost", OrderState::Completed),
        ("tok_declined", declined("declined")),
        ("tok_insufficient_funds", declined("insufficient_funds")),
        ("tok_of_another_world", declined("invalid_token")),
    ]
    .into_iter()
    .enumerate()
    {
        let fan = world.fan();
        let hold = world.hold(fan, event, &[&seat_id(at)]).await;
        let answered = world.place(wish(fan, &[hold], token, Some(world.key()))).await.unwrap();
        let order = world.order_of(fan, &answered).await;
        assert_eq!(order.state, state, "{token}");
        let status = if state == OrderState::Completed { 201 } else { 402 };
        assert_eq!(answered.answer.status, status, "{token}");
    }
    world.audit().await;
}

#[tokio::test]
async fn a_declined_payment_leaves_the_hold_for_another_attempt() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let hold = world.hold(fan, event, &["S-A-1"]).await;
    assert_eq!(world.buy(fan, &[hold], "tok_declined").await.refusal(), Some(Code::PaymentDeclined));
    assert_eq!(world.buy(fan, &[hold], "tok_ok").await.status(), OrderStatus::Completed);
    world.audit().await;
}

#[tokio::test]
async fn a_challenge_waits_for_its_buyer() {
    let world = World::new().await;
    let event = world.event().await;
    for (at, approval, status) in
        [(0, Approval::Approve, OrderStatus::Completed), (1, Approval::Reject, OrderStatus::Declined)]
    {
        let fan = world.fan();
        let hold = world.hold(fan, event, &[&seat_id(at)]).await;
        let answered = world.place(wish(fan, &[hold], "tok_challenge", Some(world.key()))).await.unwrap();
        assert_eq!(answered.answer.status, 202);
        let order = world.order_of(fan, &answered).await;
        let OrderState::NeedsBuyer { next_action, .. } = &order.state else { panic!("{order:?}") };
        assert!(next_action.ends_with(&order.payment.to_string()), "{next_action}");
        world.gateway.complete_challenge(order.payment, approval).await.unwrap();
        let order = world.sales.payment_changed(order.payment).await.unwrap().unwrap();
        assert_eq!(order.status(), status);
    }
    world.audit().await;
}

#[tokio::test]
async fn a_buyer_whose_return_nobody_noticed_is_found_by_the_job() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let hold = world.hold(fan, event, &["S-A-1"]).await;
    let order = world.buy(fan, &[hold], "tok_challenge").await;
    world.gateway.complete_challenge(order.payment, Approval::Approve).await.unwrap();
    world.audit().await;
    assert_eq!(world.reload(&order).await.state, OrderState::Completed);
}

#[tokio::test]
async fn a_buyer_who_never_returns_loses_the_seats_with_the_hold() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let hold = world.hold(fan, event, &["S-A-1"]).await;
    let order = world.buy(fan, &[hold], "tok_challenge").await;
    let OrderState::NeedsBuyer { until, .. } = order.state else { panic!("{order:?}") };
    world.advance(until.since(world.db.env.now())).await;
    let order = world.sales.advance(order.id).await.unwrap();
    assert_eq!(order.state, OrderState::Cancelled { why: Lapse::HoldExpired });
    assert_eq!(order.refusal(), Some(Code::HoldExpired));
    // Approving now is too late, and takes nothing.
    world.gateway.complete_challenge(order.payment, Approval::Approve).await.unwrap();
    world.sales.payment_changed(order.payment).await.unwrap();
    world.bought(world.fan(), event, &["S-A-1"]).await;
    world.audit().await;
}

#[tokio::test]
async fn giving_up_a_challenge_frees_the_seats_at_once() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let hold = world.hold(fan, event, &["S-A-1"]).await;
    let order = world.buy(fan, &[hold], "tok_challenge").await;
    let key = Some(world.key());
    let wish = |fan| Cancel { fan, order: order.id, tickets: None, origin: store::Origin::system(), key: key.clone() };
    assert_eq!(world.sales.cancel(wish(world.fan()), render).await.unwrap_err().code(), Code::NotFound);
    let first = world.sales.cancel(wish(fan), render).await.unwrap();
    assert_eq!(world.reload(&order).await.state, OrderState::Cancelled { why: Lapse::Abandoned });
    let again = world.sales.cancel(wish(fan), render).await.unwrap();
    assert_eq!((again.answer, first.replayed, again.replayed), (first.answer, false, true));
    let mut other = wish(fan);
    other.key.as_mut().unwrap().body_hash = [9; 32];
    assert_eq!(world.sales.cancel(other, render).await.unwrap_err().code(), Code::IdempotencyMismatch);
    world.cancel(&order, None).await.unwrap();
    world.hold(world.fan(), event, &["S-A-1"]).await;
    world.audit().await;
}

/// The payment is decided exactly around the end of the hold. The hold is extended once when
/// payment begins, so its end is the extension's.
#[tokio::test]
async fn a_payment_at_the_very_end_of_a_hold_is_either_whole_or_void() {
    let world = World::new().await;
    let event = world.event().await;
    let micro = Duration::from_micros(1);
    for (at, early, expected) in
        [(0, micro, OrderState::Completed), (1, Duration::ZERO, OrderState::Cancelled { why: Lapse::HoldExpired })]
    {
        let fan = world.fan();
        let hold = world.hold(fan, event, &[&seat_id(at)]).await;
        let order = world.buy(fan, &[hold], "tok_challenge").await;
        let OrderState::NeedsBuyer { until, .. } = order.state else { panic!("{order:?}") };
        world.gateway.complete_challenge(order.payment, Approval::Approve).await.unwrap();
        world.db.env.clock.set(until - early);
        assert_eq!(world.sales.advance(order.id).await.unwrap().state, expected);
    }
    world.audit().await;
}

#[tokio::test]
async fn beginning_to_pay_extends_a_hold_once() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let hold = world.hold(fan, event, &["S-A-1"]).await;
    world.advance(HOLD_TTL - Duration::from_secs(1)).await;
    world.buy(fan, &[hold], "tok_declined").await;
    world.advance(HOLD_EXTENSION - Duration::from_secs(1)).await;
    world.buy(fan, &[hold], "tok_declined").await;
    world.advance(Duration::from_secs(1)).await;
    let late = world.place(wish(fan, &[hold], "tok_ok", Some(world.key()))).await.unwrap_err();
    assert_eq!(late.code(), Code::HoldExpired);
    world.audit().await;
}

#[tokio::test]
async fn what_is_not_a_live_hold_of_the_fan_is_refused() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let place = |holds: Vec<HoldId>| {
        let (world, key) = (&world, world.key());
        async move { world.place(wish(fan, &holds, "tok_ok", Some(key))).await.unwrap_err().code() }
    };
    let foreign = world.hold(world.fan(), event, &["S-A-1"]).await;
    assert_eq!(place(vec![foreign]).await, Code::NotFound);
    assert_eq!(place(vec![world.db.env.id()]).await, Code::NotFound);
    assert_eq!(place(vec![]).await, Code::InvalidField);
    let hold = world.hold(fan, event, &["S-A-2"]).await;
    assert_eq!(place(vec![hold, hold]).await, Code::InvalidField);
    assert_eq!(place((0..11).map(|_| world.db.env.id()).collect()).await, Code::InvalidField);
    let released = world.hold(fan, event, &["S-A-3"]).await;
    world.inventory.release(event, released, inventory::engine::Actor::Fan(fan)).await.unwrap();
    assert_eq!(place(vec![released]).await, Code::HoldEnded);
    let sold = world.hold(fan, event, &["S-A-4"]).await;
    world.buy(fan, &[sold], "tok_ok").await;
    assert_eq!(place(vec![sold]).await, Code::HoldEnded);
    let mut coupon = wish(fan, &[hold], "tok_ok", None);
    coupon.promo_code = Some("HALF".into());
    assert_eq!(world.place(coupon).await.unwrap_err().code(), Code::InvalidField);
    world.advance(HOLD_TTL).await;
    assert_eq!(place(vec![hold]).await, Code::HoldExpired);
    world.audit().await;
}

#[tokio::test]
async fn holds_in_two_currencies_are_not_one_order() {
    let world = World::new().await;
    let (euro, fan) = (world.event().await, world.fan());
    let yen = world
        .event_with(|details| {
            details.currency = Currency::JPY;
            for level in &mut details.price_levels {
                level.price.currency = Currency::JPY;
            }
        })
        .await;
    let holds = [world.hold(fan, euro, &["S-A-1"]).await, world.hold(fan, yen, &["S-A-1"]).await];
    let refused = world.place(wish(fan, &holds, "tok_ok", Some(world.key()))).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidField);
    assert_eq!(world.buy(fan, &holds[1..], "tok_ok").await.total(), Money::new(FRONT, Currency::JPY));
    world.audit().await;
}

#[tokio::test]
async fn free_tickets_need_no_money() {
    let world = World::new().await;
    let fan = world.fan();
    let event = world.event_with(|details| details.price_levels[2].price.minor = 0).await;
    let hold = world.hold_floor(fan, event, 2).await;
    let order = world.buy(fan, &[hold], "tok_ok").await;
    assert_eq!((order.status(), order.total().minor, order.tickets.len()), (OrderStatus::Completed, 0, 2));
    world.cancel(&order, None).await.unwrap();
    world.audit().await;
}

#[tokio::test]
async fn an_event_that_is_off_its_plans_takes_no_more_orders() {
    let world = World::new().await;
    let fan = world.fan();
    for (transition, code) in [
        (Transition::TakeOffSale, None),
        (Transition::Postpone, Some(Code::NotOnSale)),
        (Transition::Cancel, Some(Code::NotOnSale)),
    ] {
        let event = world.event().await;
        let hold = world.hold(fan, event, &["S-A-1"]).await;
        world.sales.transition_event(world.db.origin(), world.organizer, event, transition).await.unwrap();
        let placed = world.place(wish(fan, &[hold], "tok_ok", Some(world.key()))).await;
        assert_eq!(placed.err().map(|error| error.code()), code, "{transition:?}");
        assert!(world.try_hold(world.fan(), event, &["S-A-2"]).await.is_err(), "{transition:?}");
    }
    world.audit().await;
}

#[tokio::test]
async fn the_same_key_gives_the_same_bytes_and_one_order() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let (hold, key) = (world.hold(fan, event, &["S-A-1"]).await, world.key());
    let ask = || world.place(wish(fan, &[hold], "tok_ok", Some(key.clone())));
    let first = ask().await.unwrap();
    let order = world.order_of(fan, &first).await;
    world.cancel(&order, None).await.unwrap();
    let again = ask().await.unwrap();
    assert_eq!((&again.answer, again.replayed), (&first.answer, true), "also after the order changed");

    let other_body = Key { body_hash: body_hash(b"another body"), ..key.clone() };
    let refused = world.place(wish(fan, &[hold], "tok_ok", Some(other_body))).await.unwrap_err();
    assert_eq!(refused.code(), Code::IdempotencyMismatch);
    // The same key of another fan is another key.
    let other = world.fan();
    let theirs = world.hold(other, event, &["S-A-2"]).await;
    assert!(!world.place(wish(other, &[theirs], "tok_ok", Some(key.clone()))).await.unwrap().replayed);
    assert_eq!(world.audit().await.len(), 2);
}

#[tokio::test]
async fn a_key_outlived_by_its_order_charges_nothing_twice() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let (hold, key) = (world.hold(fan, event, &["S-A-1"]).await, world.key());
    let ask = || world.place(wish(fan, &[hold], "tok_ok", Some(key.clone())));
    ask().await.unwrap();
    world.advance(IDEMPOTENCY_RETENTION + Duration::from_secs(1)).await;
    let tx = world.db.begin_write().await.unwrap();
    let before = tx.now() - IDEMPOTENCY_RETENTION;
    assert_eq!(idempotency::prune(&tx, before).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let code = ask().await.unwrap_err().code();
    assert!(matches!(code, Code::HoldEnded | Code::NotFound), "{code}");
    let orders = world.audit().await;
    assert_eq!(orders.iter().map(|order| order.status()).collect::<Vec<_>>(), [OrderStatus::Completed]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clicks_are_one_order() {
    let world = Arc::new(World::new().await);
    let (event, fan) = (world.event().await, world.fan());
    let (hold, key) = (world.hold(fan, event, &["S-A-1"]).await, world.key());
    let clicks = (0..16).map(|_| {
        let (world, key) = (world.clone(), key.clone());
        tokio::spawn(async move { world.sales.place(wish(fan, &[hold], "tok_ok", Some(key)), render).await })
    });
    let mut answers = Vec::new();
    for click in clicks.collect::<Vec<_>>() {
        let answered = click.await.unwrap().unwrap();
        answers.push(answered);
    }
    assert_eq!(answers.iter().filter(|answered| !answered.replayed).count(), 1);
    assert!(answers.iter().all(|answered| answered.answer == answers[0].answer), "{answers:?}");
    assert_eq!(answers[0].answer.status, 201);
    assert_eq!(world.audit().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_orders_never_share_a_hold() {
    let world = Arc::new(World::new().await);
    let (event, fan) = (world.event().await, world.fan());
    let hold = world.hold(fan, event, &["S-A-1"]).await;
    let orders = (0..8).map(|_| {
        let (world, key) = (world.clone(), world.key());
        tokio::spawn(async move { world.sales.place(wish(fan, &[hold], "tok_ok", Some(key)), render).await })
    });
    let (mut won, mut lost) = (0, 0);
    for order in orders.collect::<Vec<_>>() {
        match order.await.unwrap() {
            Ok(_) => won += 1,
            Err(CheckoutError::HoldInOrder | CheckoutError::HoldEnded(_)) => lost += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((won, lost), (1, 7));
    assert_eq!(world.audit().await.len(), 1);
}

#[tokio::test]
async fn orders_are_read_by_their_fan_alone_page_by_page() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let mut ids: Vec<OrderId> = Vec::new();
    for at in 0..5 {
        ids.push(world.bought(fan, event, &[&seat_id(at)]).await.id);
        world.advance(Duration::from_millis(1)).await;
    }
    world.bought(world.fan(), event, &["S-H-1"]).await;
    ids.reverse();
    let page = |before| {
        let sales = &world.sales;
        async move {
            let page = sales.orders_of(fan, OrderPage { before, limit: 2 }).await.unwrap();
            page.into_iter().map(|order| order.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(page(None).await, ids[..2]);
    assert_eq!(page(Some(ids[1])).await, ids[2..4]);
    assert_eq!(page(Some(ids[3])).await, ids[4..]);
    for absent in [world.sales.order(world.fan(), ids[0]).await, world.sales.order(fan, world.db.env.id()).await] {
        assert_eq!(absent.unwrap_err().code(), Code::NotFound);
    }
    let stranger = world.db.env.id();
    assert_eq!(world.sales.order_for(stranger, None, ids[0]).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn an_attendee_is_kept_sealed() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.person().await);
    let hold = world.hold(fan, event, &["S-A-1"]).await;
    let mut wish = wish(fan, &[hold], "tok_ok", None);
    wish.attendee = Some(Attendee::new(Some("Ida Berg"), Some(" Ida@Example.org")).unwrap());
    let answered = world.place(wish).await.unwrap();
    let order = world.order_of(fan, &answered).await;
    let attendee = world.sales.attendee(order.id).await.unwrap().unwrap();
    assert_eq!((attendee.name(), attendee.email()), (Some("Ida Berg"), Some("ida@example.org")));
    let tx = world.db.begin_read().await.unwrap();
    let stored = tx.one("SELECT attendee FROM sales_order", (), |row| row.get::<Vec<u8>>(0)).await.unwrap();
    assert!(!String::from_utf8_lossy(&stored).to_lowercase().contains("ida"));
    assert!(Attendee::new(None, Some("nobody")).is_err());
}

/// Also of an order that was on its way to us while the account was erased.
#[tokio::test]
async fn erasing_an_account_erases_who_would_have_come() {
    let world = World::new().await;
    let people = Identity::new(
        world.db.store.clone(),
        world.db.keyring.clone(),
        identity::Config { password_memory_kib: 8, ..identity::Config::default() },
    );
    let (contact, password) = (Contact::Email("ann@example.org"), "an old mill by the sea");
    let account = NewAccount { contact, password, name: "Ann", locale: Locale::English };
    // One that is registered would be sent a code, and nobody delivers here.
    let fan: UserId = world.db.env.id();
    people.seed_account(SeedAccount { id: fan, account, platform_admin: false, second_factor: None }).await.unwrap();
    let event = world.event().await;
    let buy = async |fan, seat: &str| {
        let hold = world.hold(fan, event, &[seat]).await;
        let mut wish = wish(fan, &[hold], "tok_ok", None);
        wish.attendee = Some(Attendee::new(Some("Ida Berg"), None).unwrap());
        let answered = world.place(wish).await.unwrap();
        world.order_of(fan, &answered).await
    };
    let (before, other) = (buy(fan, "S-A-1").await, buy(world.person().await, "S-A-2").await);
    people.delete(&store::Origin::user(fan), fan, password, None, &[]).await.unwrap();
    world.jobs.run_due().await.unwrap();
    let late = buy(fan, "S-A-3").await;
    world.rest().await;
    for (order, kept) in [(before, false), (late, false), (other, true)] {
        assert_eq!(world.sales.attendee(order.id).await.unwrap().is_some(), kept);
        assert_eq!(world.reload(&order).await.state, OrderState::Completed);
    }
}
