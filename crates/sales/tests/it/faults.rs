//! Every workflow dropped at every point where it waits for something outside, every call to the
//! gateway lost, answered into the void or repeated: afterwards the jobs bring everything to rest,
//! the client's repeated request gets its answer, and nothing is left over.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use catalog::Transition;
use futures_util::FutureExt;
use inventory::engine::Actor;
use inventory::{Inventory, Refused};
use parking_lot::Mutex;
use payments::{Authorize, PaymentGateway, RefundRequest, RefundStanding, Reply, SimulatedGateway, Standing};
use sales::{Cancel, Lapse, Order, OrderState, OrderStatus, PlaceOrder};
use stagedoor_core::{EventId, HoldId, Money, PaymentId, RefundId};

use crate::faulty::{Call, Fate, FaultyGateway};
use crate::world::{World, cut, render, seat_id, wish};

/// More waits than any workflow here has.
const WAITS_MAX: usize = 1_000;

/// Drops `place(wish)` at its first wait, then at its second, and so on to the end. After each,
/// lets the jobs work, sends the request again and looks at the order.
async fn drop_everywhere<W>(world: &World, mut prepare: W, expected: OrderStatus)
where
    W: AsyncFnMut(&World, usize) -> PlaceOrder,
{
    for waits in 0..WAITS_MAX {
        let wish = prepare(world, waits).await;
        let done = cut(world.place(wish.clone()), waits).await.is_some();
        world.rest().await;
        let fan = wish.fan;
        let answered = world.place(wish.clone()).await.unwrap_or_else(|error| panic!("after {waits} waits: {error}"));
        let order = world.order_of(fan, &answered).await;
        assert_eq!(order.status(), expected, "after {waits} waits");
        let again = world.place(wish).await.unwrap();
        assert_eq!((again.answer, again.replayed), (answered.answer, true), "after {waits} waits");
        let orders = world.sales.orders_of(fan, sales::OrderPage { before: None, limit: 10 }).await.unwrap();
        assert_eq!(orders.len(), 1, "after {waits} waits");
        if done {
            assert!(waits > 8, "the request waited only {waits} times: is it cut at all?");
            return;
        }
    }
    panic!("the request never came to its end");
}

/// One seat of a fresh fan; a new event whenever one is used up.
pub struct Seats {
    token: &'static str,
    event: Option<EventId>,
    used: usize,
}

impl Seats {
    pub fn new(token: &'static str) -> Self {
        Self { token, event: None, used: 0 }
    }

    pub async fn next(&mut self, world: &World) -> PlaceOrder {
        if self.event.is_none() || self.used == 96 {
            (self.event, self.used) = (Some(world.event().await), 0);
        }
        let fan = world.fan();
        let hold = world.hold(fan, self.event.unwrap(), &[&seat_id(self.used)]).await;
        self.used += 1;
        wish(fan, &[hold], self.token, Some(world.key()))
    }
}

#[tokio::test]
async fn a_purchase_dropped_anywhere_is_finished_or_never_was() {
    let world = World::new().await;
    let mut seats = Seats::new("tok_ok");
    drop_everywhere(&world, async |world, _| seats.next(world).await, OrderStatus::Completed).await;
    world.audit().await;
}

#[tokio::test]
async fn a_purchase_with_lost_answers_dropped_anywhere_is_finished() {
    for token in ["tok_timeout_captured", "tok_timeout_lost"] {
        let world = World::new().await;
        let mut seats = Seats::new(token);
        drop_everywhere(&world, async |world, _| seats.next(world).await, OrderStatus::Completed).await;
        world.audit().await;
    }
}

/// How long the quick request gets before the slow one goes on beside it: the slow one may have
/// stopped with the database's write lock in its hands.
const PATIENCE: Duration = Duration::from_millis(50);

/// Stops `slow` at its wait number `waits`, lets `quick` overtake it, then lets it go on with what
/// it knew before. Gives both answers and whether `slow` was done before it could be stopped.
async fn overtake<T>(slow: impl Future<Output = T>, quick: impl Future<Output = T>, waits: usize) -> (T, T, bool) {
    let (mut slow, mut quick) = (pin!(slow), pin!(quick));
    let stopped = cut(slow.as_mut(), waits).await;
    let done = stopped.is_some();
    let (slow, quick) = match (stopped, tokio::time::timeout(PATIENCE, quick.as_mut()).await) {
        (Some(slow), Ok(quick)) => (slow, quick),
        (Some(slow), Err(_)) => (slow, quick.await),
        (None, Ok(quick)) => (slow.await, quick),
        (None, Err(_)) => tokio::join!(slow, quick),
    };
    (slow, quick, done)
}

#[tokio::test]
async fn a_purchase_overtaken_anywhere_changes_nothing_when_it_goes_on() {
    let world = World::new().await;
    let mut seats = Seats::new("tok_ok");
    for waits in 0..WAITS_MAX {
        let mut wish = seats.next(&world).await;
        if waits % 4 == 3 {
            wish.key = None;
        }
        let (slow, quick, done) = overtake(world.place(wish.clone()), world.place(wish.clone()), waits).await;
        let (slow, quick) = (slow.unwrap(), quick.unwrap());
        assert_eq!((slow.answer.status, &slow.answer), (201, &quick.answer), "after {waits} waits");
        assert_ne!(slow.replayed, quick.replayed, "after {waits} waits");
        if done && wish.key.is_some() {
            world.audit().await;
            return;
        }
    }
    panic!("the request never came to its end");
}

#[tokio::test]
async fn a_refund_overtaken_anywhere_pays_back_once() {
    let world = World::new().await;
    let mut seats = Seats::new("tok_ok");
    for waits in 0..WAITS_MAX {
        let wish = seats.next(&world).await;
        let fan = wish.fan;
        let order = world.order_of(fan, &world.place(wish).await.unwrap()).await;
        let ask =
            Cancel { fan, order: order.id, tickets: None, origin: store::Origin::system(), key: Some(world.key()) };
        let cancel = || world.sales.cancel(ask.clone(), render);
        let (slow, quick, done) = overtake(cancel(), cancel(), waits).await;
        let (slow, quick) = (slow.unwrap(), quick.unwrap());
        assert_eq!(slow.answer, quick.answer, "after {waits} waits");
        assert_eq!(world.reload(&order).await.refunds.len(), 1, "after {waits} waits");
        if done {
            world.audit().await;
            return;
        }
    }
    panic!("the refund never came to its end");
}

#[tokio::test]
async fn a_declined_purchase_dropped_anywhere_takes_nothing() {
    let world = World::new().await;
    let mut seats = Seats::new("tok_insufficient_funds");
    drop_everywhere(&world, async |world, _| seats.next(world).await, OrderStatus::Declined).await;
    world.audit().await;
}

#[tokio::test]
async fn a_cart_over_two_events_dropped_anywhere_is_whole() {
    let world = World::new().await;
    let (mut here, mut there) = (Seats::new("tok_ok"), world.event().await);
    drop_everywhere(
        &world,
        async |world, round| {
            if round % 60 == 59 {
                there = world.event().await;
            }
            let mut wish = here.next(world).await;
            wish.holds.push(world.hold_floor(wish.fan, there, 2).await);
            wish
        },
        OrderStatus::Completed,
    )
    .await;
    world.audit().await;
}

/// A gateway beside which something else happens whenever it says what it knows of an
/// authorization.
pub struct Hooked {
    pub inner: SimulatedGateway,
    pub hook: Hook,
}

pub type Hook = Arc<Mutex<Option<(Inventory, EventId, HoldId)>>>;

impl Hooked {
    /// Releases the hold that is named; again and again, because a caller may be dropped.
    async fn release(&self) {
        let named = self.hook.lock().clone();
        if let Some((inventory, event, hold)) = named {
            while inventory.release(event, hold, Actor::Staff).await == Err(Refused::Unavailable) {
                tokio::task::yield_now().await;
            }
        }
    }
}

impl PaymentGateway for Hooked {
    fn authorize(&self, request: Authorize) -> Reply<'_, Standing> {
        async move {
            let standing = PaymentGateway::authorize(&self.inner, request).await;
            self.release().await;
            standing
        }
        .boxed()
    }

    fn status(&self, payment: PaymentId) -> Reply<'_, Standing> {
        async move {
            let standing = PaymentGateway::status(&self.inner, payment).await;
            self.release().await;
            standing
        }
        .boxed()
    }

    fn capture(&self, payment: PaymentId, amount: Money) -> Reply<'_, Standing> {
        PaymentGateway::capture(&self.inner, payment, amount)
    }

    fn void(&self, payment: PaymentId) -> Reply<'_, Standing> {
        PaymentGateway::void(&self.inner, payment)
    }

    fn refund(&self, request: RefundRequest) -> Reply<'_, RefundStanding> {
        PaymentGateway::refund(&self.inner, request)
    }

    fn refund_status(&self, payment: PaymentId, refund: RefundId) -> Reply<'_, RefundStanding> {
        PaymentGateway::refund_status(&self.inner, payment, refund)
    }
}

/// The first hold is sold, then the second turns out to be gone: the first goes back on sale and
/// the authorization is voided, wherever the request is dropped.
#[tokio::test]
async fn a_cart_that_loses_its_last_hold_after_the_first_was_sold_is_undone() {
    let hook: Hook = Arc::default();
    let inner = hook.clone();
    let world = World::wrapped(|gateway| Arc::new(Hooked { inner: gateway, hook: inner })).await;
    let (mut here, there) = (Seats::new("tok_ok"), world.event().await);
    drop_everywhere(
        &world,
        async |world, _| {
            let mut wish = here.next(world).await;
            // Taken later, so it ends later and is sold last.
            world.advance(Duration::from_millis(1)).await;
            let lost: HoldId = world.hold_floor(wish.fan, there, 2).await;
            wish.holds.push(lost);
            *hook.lock() = Some((world.inventory.clone(), there, lost));
            wish
        },
        OrderStatus::Cancelled,
    )
    .await;
    let orders = world.audit().await;
    assert!(orders.iter().all(|order| order.state == OrderState::Cancelled { why: Lapse::HoldEnded }));
}

#[tokio::test]
async fn a_refund_dropped_anywhere_pays_back_once() {
    let world = World::new().await;
    let mut seats = Seats::new("tok_ok");
    for waits in 0..WAITS_MAX {
        let wish = seats.next(&world).await;
        let fan = wish.fan;
        let order = world.order_of(fan, &world.place(wish).await.unwrap()).await;
        let ask =
            Cancel { fan, order: order.id, tickets: None, origin: store::Origin::system(), key: Some(world.key()) };
        let done = cut(world.sales.cancel(ask.clone(), render), waits).await.is_some();
        world.rest().await;
        let answered = world.sales.cancel(ask.clone(), render).await.unwrap();
        let again = world.sales.cancel(ask, render).await.unwrap();
        assert_eq!((again.answer, again.replayed), (answered.answer, true), "after {waits} waits");
        let order = world.reload(&order).await;
        assert_eq!((order.status(), order.refunds.len()), (OrderStatus::Refunded, 1), "after {waits} waits");
        if done {
            world.audit().await;
            return;
        }
    }
    panic!("the refund never came to its end");
}

#[tokio::test]
async fn jobs_dropped_anywhere_are_run_again() {
    let world = World::new().await;
    // Every wait of them would take half a minute.
    for waits in (0..WAITS_MAX).step_by(3) {
        let event = world.event().await;
        for at in 0..3 {
            let fan = world.fan();
            let hold = world.hold(fan, event, &[&seat_id(at)]).await;
            world.buy(fan, &[hold], if at == 2 { "tok_challenge" } else { "tok_ok" }).await;
        }
        world.sales.transition_event(world.db.origin(), world.organizer, event, Transition::Cancel).await.unwrap();
        let done = cut(world.jobs.run_due(), waits).await.is_some();
        // The lease of what was dropped runs out.
        world.advance(Duration::from_secs(61)).await;
        world.rest().await;
        if done {
            let orders = world.audit().await;
            let refunded = orders.iter().filter(|order| order.status() == OrderStatus::Refunded).count();
            assert_eq!((refunded * 3, orders.len() % 3), (orders.len() * 2, 0));
            return;
        }
    }
    panic!("the jobs never came to their end");
}

/// The machine stops in the middle: everything is opened again from what is on disk.
#[tokio::test]
async fn a_restart_in_the_middle_of_a_purchase_loses_nothing() {
    let mut world = World::new().await;
    let mut seats = Seats::new("tok_ok");
    for waits in 0..WAITS_MAX {
        let mut done = false;
        // The client comes back after the jobs, or before them.
        for is_late in [true, false] {
            let wish = seats.next(&world).await;
            let fan = wish.fan;
            done |= cut(world.place(wish.clone()), waits).await.is_some();
            world = world.restart().await;
            if is_late {
                world.rest().await;
            }
            let order = world.order_of(fan, &world.place(wish).await.unwrap()).await;
            assert_eq!(order.status(), OrderStatus::Completed, "after {waits} waits");
        }
        if done {
            world.audit().await;
            return;
        }
    }
    panic!("the request never came to its end");
}

/// A network that does `fate` to the call with number `at`, counted from when it was set.
#[derive(Default)]
struct Plan {
    at: u64,
    fate: Option<Fate>,
}

#[tokio::test]
async fn every_call_to_the_gateway_may_fail_or_repeat_once() {
    let plan: Arc<Mutex<Plan>> = Arc::default();
    let network = plan.clone();
    let fate = move |_: u64, _: Call| {
        let mut plan = network.lock();
        let hit = plan.at == 0;
        plan.at = plan.at.wrapping_sub(1);
        plan.fate.filter(|_| hit).unwrap_or(Fate::Deliver)
    };
    let world = World::wrapped(|gateway| Arc::new(FaultyGateway::new(gateway, fate))).await;
    for fate in [Fate::LoseRequest, Fate::LoseReply, Fate::Repeat] {
        for token in ["tok_ok", "tok_challenge", "tok_declined", "tok_timeout_captured"] {
            let mut seats = Seats::new(token);
            for at in 0..8 {
                let wish = seats.next(&world).await;
                *plan.lock() = Plan { at, fate: Some(fate) };
                let order = purchase_and_return(&world, wish).await;
                let expected = if token == "tok_declined" { OrderStatus::Declined } else { OrderStatus::Refunded };
                assert_eq!(order.status(), expected, "{token}, {fate:?} at call {at}");
            }
        }
    }
    *plan.lock() = Plan::default();
    world.audit().await;
}

/// Buys, approves a challenge if there is one, and gives everything back again.
pub async fn purchase_and_return(world: &World, wish: PlaceOrder) -> Order {
    let fan = wish.fan;
    let mut order = world.order_of(fan, &world.place(wish).await.unwrap()).await;
    for _ in 0..100 {
        if order.state.is_final() {
            break;
        }
        // It may not have come to a challenge yet, or it is no order for one.
        world.gateway.complete_challenge(order.payment, payments::Approval::Approve).await.ok();
        world.advance(Duration::from_secs(6)).await;
        world.recovered().await;
        world.jobs.run_due().await.unwrap();
        order = world.reload(&order).await;
    }
    if order.state == OrderState::Completed {
        world.cancel(&order, None).await.unwrap();
        world.rest().await;
    }
    world.reload(&order).await
}

/// While the gateway is out of reach before the commit point, the hold runs out and the order
/// with it; nothing is taken when the gateway is back.
#[tokio::test]
async fn an_outage_before_the_commit_point_ends_in_nothing() {
    for lost in [Fate::LoseRequest, Fate::LoseReply] {
        let down = Arc::new(AtomicBool::new(true));
        let network = down.clone();
        let fate = move |_: u64, _: Call| if network.load(Ordering::SeqCst) { lost } else { Fate::Deliver };
        let world = World::wrapped(|gateway| Arc::new(FaultyGateway::new(gateway, fate))).await;
        let (event, fan) = (world.event().await, world.fan());
        let hold = world.hold(fan, event, &["S-A-1"]).await;
        let order = world.buy(fan, &[hold], "tok_ok").await;
        assert_eq!(order.status(), OrderStatus::Pending);
        for _ in 0..60 {
            world.advance(Duration::from_secs(60)).await;
            world.jobs.run_due().await.unwrap();
        }
        assert_eq!(world.reload(&order).await.state, OrderState::Lapsed { why: Lapse::HoldExpired });
        down.store(false, Ordering::SeqCst);
        world.bought(world.fan(), event, &["S-A-1"]).await;
        world.audit().await;
    }
}

/// After the commit point the order is the fan's: an outage of an hour only delays it.
#[tokio::test]
async fn an_outage_after_the_commit_point_only_delays_the_tickets() {
    let down = Arc::new(AtomicBool::new(true));
    let network = down.clone();
    let fate = move |_: u64, call: Call| match call {
        Call::Authorize => Fate::Deliver,
        _ if network.load(Ordering::SeqCst) => Fate::LoseRequest,
        _ => Fate::Deliver,
    };
    let world = World::wrapped(|gateway| Arc::new(FaultyGateway::new(gateway, fate))).await;
    let (event, fan) = (world.event().await, world.fan());
    let hold = world.hold(fan, event, &["S-A-1"]).await;
    let order = world.buy(fan, &[hold], "tok_ok").await;
    for _ in 0..60 {
        world.advance(Duration::from_secs(60)).await;
        world.jobs.run_due().await.unwrap();
    }
    assert_eq!(world.reload(&order).await.state, OrderState::Sold);
    assert!(world.try_hold(world.fan(), event, &["S-A-1"]).await.is_err());
    down.store(false, Ordering::SeqCst);
    world.audit().await;
    assert_eq!(world.reload(&order).await.state, OrderState::Completed);
}

/// An authorization that ran out before it was captured: no money, so no seats.
#[tokio::test]
async fn an_authorization_that_lapsed_gives_the_seats_back() {
    let down = Arc::new(AtomicBool::new(true));
    let network = down.clone();
    let fate = move |_: u64, call: Call| match call {
        Call::Authorize => Fate::Deliver,
        _ if network.load(Ordering::SeqCst) => Fate::LoseRequest,
        _ => Fate::Deliver,
    };
    let world = World::wrapped(|gateway| Arc::new(FaultyGateway::new(gateway, fate))).await;
    let (event, fan) = (world.event().await, world.fan());
    let hold = world.hold(fan, event, &["S-A-1"]).await;
    let order = world.buy(fan, &[hold], "tok_ok").await;
    assert_eq!(order.state, OrderState::Sold);
    world.advance(Duration::from_secs(8 * 24 * 60 * 60)).await;
    down.store(false, Ordering::SeqCst);
    world.audit().await;
    assert_eq!(world.reload(&order).await.state, OrderState::Cancelled { why: Lapse::PaymentFailed });
    world.bought(world.fan(), event, &["S-A-1"]).await;
    world.audit().await;
}
