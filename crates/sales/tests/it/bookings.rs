//! The booking shorthand of document 004 over the same use cases.

use std::time::Duration;

use payments::Token;
use sales::{Answered, BookingStatus, CheckoutError, Key, OrderStatus};
use stagedoor_core::limits::{HOLD_TTL, IDEMPOTENCY_RETENTION};
use stagedoor_core::{Code, HoldId, Timestamp, UserId};

use crate::world::{FRONT, START, World, render};

async fn confirm(
    world: &World,
    fan: UserId,
    hold: HoldId,
    token: &str,
    key: Option<Key>,
) -> Result<Answered, CheckoutError> {
    world.sales.confirm_booking(world.db.origin(), fan, hold, Token::parse("token", token).unwrap(), key, render).await
}

#[tokio::test]
async fn a_booking_goes_from_hold_to_confirmed_to_cancelled() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let hold = world.hold(fan, event, &["S-A-1"]).await;
    let booking = world.sales.booking(fan, hold).await.unwrap();
    assert_eq!((booking.status, booking.total.minor, booking.event), (BookingStatus::Hold, FRONT, event));
    assert_eq!(booking.expires_at, Some(world.db.env.now() + HOLD_TTL));

    let first = confirm(&world, fan, hold, "tok_ok", None).await.unwrap();
    let again = confirm(&world, fan, hold, "tok_ok", None).await.unwrap();
    assert_eq!((first.answer.status, first.answer, again.replayed), (201, again.answer, true));
    let booking = world.sales.booking(fan, hold).await.unwrap();
    assert_eq!((booking.status, booking.expires_at), (BookingStatus::Confirmed, None));
    assert_eq!(booking.order.unwrap().tickets.len(), 1);

    for _ in 0..2 {
        let booking = world.sales.delete_booking(world.db.origin(), fan, hold).await.unwrap();
        assert_eq!(booking.status, BookingStatus::Cancelled);
        assert_eq!(booking.order.unwrap().status(), OrderStatus::Refunded);
    }
    world.audit().await;
}

#[tokio::test]
async fn a_booking_bought_together_with_another_stands_for_its_own_seats_alone() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let one = world.hold(fan, event, &["S-A-1"]).await;
    let two = world.hold(fan, event, &["S-A-2", "S-A-3"]).await;
    let order = world.buy(fan, &[one, two], "tok_ok").await;
    let shown = async |id| {
        let booking = world.sales.booking(fan, id).await.unwrap();
        (booking.status, booking.total.minor, booking.order.unwrap().tickets.len())
    };
    assert_eq!(shown(one).await, (BookingStatus::Confirmed, FRONT, 1));
    assert_eq!(shown(two).await, (BookingStatus::Confirmed, 2 * FRONT, 2));

    for _ in 0..2 {
        assert_eq!(
            world.sales.delete_booking(world.db.origin(), fan, two).await.unwrap().status,
            BookingStatus::Cancelled
        );
        let order = world.reload(&order).await;
        assert_eq!((order.status(), order.refunded_total().minor), (OrderStatus::PartiallyRefunded, 2 * FRONT));
        assert_eq!(shown(one).await, (BookingStatus::Confirmed, FRONT, 1));
    }
    world.sales.delete_booking(world.db.origin(), fan, one).await.unwrap();
    assert_eq!(world.reload(&order).await.status(), OrderStatus::Refunded);
    world.audit().await;
}

#[tokio::test]
async fn a_booking_that_is_not_confirmed_ends_as_expired_or_cancelled() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let (kept, dropped) = (world.hold(fan, event, &["S-A-1"]).await, world.hold(fan, event, &["S-A-2"]).await);
    for _ in 0..2 {
        assert_eq!(
            world.sales.delete_booking(world.db.origin(), fan, dropped).await.unwrap().status,
            BookingStatus::Cancelled
        );
    }
    world.db.env.clock.advance(HOLD_TTL);
    // Even before the engine has written the expiry.
    assert_eq!(world.sales.booking(fan, kept).await.unwrap().status, BookingStatus::Expired);
    assert_eq!(confirm(&world, fan, kept, "tok_ok", None).await.unwrap_err().code(), Code::HoldExpired);
    world.inventory.settle().await;
    assert_eq!(world.sales.booking(fan, kept).await.unwrap().status, BookingStatus::Expired);
    assert_eq!(world.sales.delete_booking(world.db.origin(), fan, kept).await.unwrap().status, BookingStatus::Expired);
    world.audit().await;
}

#[tokio::test]
async fn a_declined_confirmation_can_be_tried_again() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let hold = world.hold(fan, event, &["S-A-1"]).await;
    assert_eq!(confirm(&world, fan, hold, "tok_declined", None).await.unwrap().answer.status, 402);
    assert_eq!(world.sales.booking(fan, hold).await.unwrap().status, BookingStatus::Hold);
    let key = world.key();
    for replayed in [false, true] {
        let answered = confirm(&world, fan, hold, "tok_ok", Some(key.clone())).await.unwrap();
        assert_eq!((answered.answer.status, answered.replayed), (201, replayed));
    }
    world.audit().await;
}

#[tokio::test]
async fn a_booking_waiting_for_its_buyer_can_be_dropped() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let hold = world.hold(fan, event, &["S-A-1"]).await;
    assert_eq!(confirm(&world, fan, hold, "tok_challenge", None).await.unwrap().answer.status, 202);
    assert_eq!(world.sales.booking(fan, hold).await.unwrap().status, BookingStatus::Hold);
    assert_eq!(
        world.sales.delete_booking(world.db.origin(), fan, hold).await.unwrap().status,
        BookingStatus::Cancelled
    );
    world.hold(world.fan(), event, &["S-A-1"]).await;
    world.audit().await;
}

#[tokio::test]
async fn a_confirmed_booking_outlives_the_engine_s_memory_and_obeys_the_window() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let hold = world.hold(fan, event, &["S-A-1"]).await;
    confirm(&world, fan, hold, "tok_ok", None).await.unwrap();
    world.advance(IDEMPOTENCY_RETENTION + Duration::from_secs(60)).await;
    assert_eq!(world.sales.booking(fan, hold).await.unwrap().status, BookingStatus::Confirmed);
    world.db.env.clock.set(START.parse::<Timestamp>().unwrap());
    assert_eq!(
        world.sales.delete_booking(world.db.origin(), fan, hold).await.unwrap_err().code(),
        Code::RefundWindowClosed
    );
    assert_eq!(world.sales.booking(fan, hold).await.unwrap().status, BookingStatus::Confirmed);
    world.audit().await;
}

#[tokio::test]
async fn another_fan_s_booking_does_not_exist() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let (held, sold) = (world.hold(fan, event, &["S-A-1"]).await, world.hold(fan, event, &["S-A-2"]).await);
    confirm(&world, fan, sold, "tok_ok", None).await.unwrap();
    let other = world.fan();
    for hold in [held, sold, world.db.env.id()] {
        assert_eq!(world.sales.booking(other, hold).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(
            world.sales.delete_booking(world.db.origin(), other, hold).await.unwrap_err().code(),
            Code::NotFound
        );
        assert_eq!(confirm(&world, other, hold, "tok_ok", None).await.unwrap_err().code(), Code::NotFound);
    }
    world.audit().await;
}
