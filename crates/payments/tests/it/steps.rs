//! Payments and refunds from end to end, on good and bad days.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use payments::ledger::Account;
use payments::{
    Approval, Authorize, PaymentError, PaymentGateway, PaymentState, RefundRequest, RefundStanding, RefundState, Reply,
    SimulatedGateway, Standing, of_order, refunds_of,
};
use stagedoor_core::{Code, Money, PaymentId, RefundId};

use crate::faulty::{Call, Fate, FaultyGateway};
use crate::world::{TOTAL, World, back, eur, organizer, sale};

fn declined(reason: &str) -> PaymentState {
    PaymentState::Declined { reason: reason.to_owned() }
}

#[tokio::test]
async fn every_token_leads_an_order_to_its_end() {
    // The states after authorize, authorize again, capture, capture again.
    let table = "
        tok_ok                authorized   authorized  captured  captured
        tok_slow              authorized   authorized  captured  captured
        tok_timeout_captured  authorized   authorized  captured  captured
        tok_timeout_lost      authorizing  authorized  capturing captured";
    for line in table.lines().filter(|line| !line.trim().is_empty()) {
        let world = World::new().await;
        let mut row = line.split_whitespace();
        let token = row.next().unwrap();
        let id = world.create(token).await;
        let name = |state: &PaymentState| format!("{state:?}").to_lowercase();
        assert_eq!(name(&world.authorize(id).await.state), row.next().unwrap(), "{token}: authorize");
        assert_eq!(name(&world.authorize(id).await.state), row.next().unwrap(), "{token}: authorize again");
        assert_eq!(name(&world.capture(id).await.state), row.next().unwrap(), "{token}: capture");
        let payment = world.capture(id).await;
        assert_eq!(name(&payment.state), row.next().unwrap(), "{token}: capture again");
        assert_eq!((payment.captured, payment.refunded), (eur(TOTAL), eur(0)));
        assert!(payment.reference.is_some());
        assert_eq!(world.moved(id).await, [TOTAL], "{token}");
        world.check().await;
    }
}

#[tokio::test]
async fn a_decline_is_an_answer_that_stays() {
    let world = World::new().await;
    for (token, reason) in [
        ("tok_declined", "declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_nonsense", "invalid_token"),
    ] {
        let id = world.create(token).await;
        for _ in 0..2 {
            let payment = world.authorize(id).await;
            assert_eq!(payment.state, declined(reason), "{token}");
            assert!(payment.state.holds_nothing());
        }
        assert_eq!(world.payments.void(id).await.unwrap().state, declined(reason));
        let refused = world.payments.capture(id, &sale(id, TOTAL)).await.unwrap_err();
        assert_eq!(refused.code(), Code::WrongState);
    }
    assert_eq!(world.gateway.books().await.unwrap(), []);
    world.check().await;
}

#[tokio::test]
async fn a_challenge_waits_for_the_buyer() {
    let world = World::new().await;
    for (approval, end) in
        [(Approval::Approve, PaymentState::Authorized), (Approval::Reject, declined("challenge_rejected"))]
    {
        let id = world.create("tok_challenge").await;
        for _ in 0..2 {
            let payment = world.authorize(id).await;
            assert!(
                matches!(payment.state, PaymentState::NeedsBuyer { next_action } if next_action.url.ends_with(&id.to_string()))
            );
        }
        world.gateway.complete_challenge(id, approval).await.unwrap();
        assert_eq!(world.authorize(id).await.state, end);
    }
    let id = world.create("tok_challenge").await;
    world.authorize(id).await;
    assert_eq!(world.payments.void(id).await.unwrap().state, PaymentState::Voided);
    world.gateway.complete_challenge(id, Approval::Approve).await.unwrap();
    assert_eq!(world.gateway.status(id).await.unwrap(), Standing::Voided, "the buyer came too late");
}

#[tokio::test]
async fn a_void_lets_go_whatever_was_reached() {
    let world = World::new().await;
    let fresh = world.create("tok_ok").await;
    assert_eq!(world.payments.void(fresh).await.unwrap().state, PaymentState::Voided);
    assert_eq!(world.authorize(fresh).await.state, PaymentState::Voided, "a voided payment is not authorized");

    for token in ["tok_ok", "tok_timeout_captured", "tok_timeout_lost"] {
        let id = world.create(token).await;
        world.authorize(id).await;
        let mut payment = world.payments.void(id).await.unwrap();
        if payment.state == PaymentState::Voiding {
            payment = world.payments.void(id).await.unwrap();
        }
        assert_eq!(payment.state, PaymentState::Voided, "{token}");
        assert_eq!(world.gateway.status(id).await.unwrap(), Standing::Voided, "{token}");
    }
    let captured = world.captured("tok_ok").await;
    assert_eq!(world.payments.void(captured).await.unwrap_err().code(), Code::WrongState);
    world.check().await;
}

#[tokio::test]
async fn a_void_of_an_unknown_authorization_reaches_the_gateway() {
    // The gateway authorizes, and neither that answer nor the status arrives.
    let world = World::wrapped(|gateway| {
        Arc::new(FaultyGateway::new(gateway, |number, _| match number {
            0 => Fate::LoseReply,
            1 => Fate::LoseRequest,
            _ => Fate::Deliver,
        }))
    })
    .await;
    let id = world.create("tok_ok").await;
    assert_eq!(world.authorize(id).await.state, PaymentState::Authorizing);
    assert!(matches!(world.gateway.status(id).await.unwrap(), Standing::Authorized { .. }));
    assert_eq!(world.payments.void(id).await.unwrap().state, PaymentState::Voided);
    assert_eq!(world.gateway.status(id).await.unwrap(), Standing::Voided);
}

#[tokio::test]
async fn nothing_to_pay_asks_no_gateway() {
    let gateway_is_never_asked = |gateway| -> Arc<dyn PaymentGateway> {
        Arc::new(FaultyGateway::new(gateway, |_, call: Call| panic!("the gateway was asked to {call:?}")))
    };
    let world = World::wrapped(gateway_is_never_asked).await;
    let id = world.create_for(world.db.env.id(), 0, "tok_declined").await.unwrap();
    assert_eq!(world.authorize(id).await.state, PaymentState::Authorized);
    let payment = world.payments.capture(id, &sale(id, 0)).await.unwrap();
    assert_eq!(payment.state, PaymentState::Captured);
    let refund = world.db.env.id();
    world.claim(refund, id, 0).await.unwrap();
    assert_eq!(world.refund(refund, 0).await.state, RefundState::Refunded);
    let other = world.create_for(world.db.env.id(), 0, "tok_ok").await.unwrap();
    world.authorize(other).await;
    assert_eq!(world.payments.void(other).await.unwrap().state, PaymentState::Voided);
    world.check().await;
}

#[tokio::test]
async fn an_order_has_one_payment() {
    let world = World::new().await;
    let order = world.db.env.id();
    let id = world.create_for(order, TOTAL, "tok_ok").await.unwrap();
    assert_eq!(world.create_for(order, TOTAL, "tok_declined").await.unwrap(), id);
    assert!(matches!(world.create_for(order, TOTAL + 1, "tok_ok").await, Err(PaymentError::WrongAmount(_))));
    assert!(matches!(world.create_for(world.db.env.id(), -1, "tok_ok").await, Err(PaymentError::WrongAmount(_))));
    assert_eq!(world.authorize(id).await.state, PaymentState::Authorized, "the first token counts");
    let tx = world.db.begin_read().await.unwrap();
    assert_eq!(of_order(&tx, order).await.unwrap(), Some(world.find(id).await));
    assert_eq!(of_order(&tx, world.db.env.id()).await.unwrap(), None);
}

#[tokio::test]
async fn the_token_is_forgotten_once_it_is_of_no_more_use() {
    let world = World::new().await;
    for token in ["tok_ok", "tok_declined"] {
        let id = world.create(token).await;
        world.authorize(id).await;
        let tx = world.db.begin_read().await.unwrap();
        let kept =
            tx.one("SELECT token FROM payment WHERE id = $1", (id,), |row| row.get::<Option<String>>(0)).await.unwrap();
        assert_eq!(kept, None, "{token}");
    }
}

#[tokio::test]
async fn what_is_asked_wrongly_changes_nothing() {
    let world = World::new().await;
    let env = &world.db.env;
    let nobody: PaymentId = env.id();
    assert_eq!(world.payments.authorize(nobody).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.payments.void(nobody).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.claim(env.id(), nobody, 1).await.unwrap_err().code(), Code::NotFound);
    let no_refund: RefundId = env.id();
    let refused = world.payments.refund(no_refund, &back(no_refund, 1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);

    let id = world.create("tok_ok").await;
    assert_eq!(world.payments.capture(id, &sale(id, TOTAL)).await.unwrap_err().code(), Code::WrongState);
    world.authorize(id).await;
    assert_eq!(world.claim(env.id(), id, 1).await.unwrap_err().code(), Code::WrongState);
    for wrong in [sale(id, TOTAL - 1), sale(nobody, TOTAL), back(RefundId(id.0), -TOTAL)] {
        assert!(matches!(world.payments.capture(id, &wrong).await, Err(PaymentError::WrongEntry(_))));
    }
    assert_eq!(world.find(id).await.state, PaymentState::Authorized);
    world.capture(id).await;

    let refund = env.id();
    world.claim(refund, id, 100).await.unwrap();
    assert!(matches!(world.claim(refund, id, 101).await, Err(PaymentError::WrongAmount(_))));
    assert!(matches!(world.claim(env.id(), id, -1).await, Err(PaymentError::WrongAmount(_))));
    assert!(matches!(world.payments.refund(refund, &back(refund, 99)).await, Err(PaymentError::WrongEntry(_))));
    assert_eq!(world.claim(env.id(), id, TOTAL - 99).await.unwrap_err().code(), Code::Conflict);
    assert_eq!(world.find(id).await.refunded, eur(100));
    world.check().await;
}

#[tokio::test]
async fn refunds_give_everyone_s_part_back() {
    let world = World::new().await;
    for token in ["tok_ok", "tok_timeout_captured", "tok_timeout_lost"] {
        let id = world.create(token).await;
        world.authorized(id).await;
        for _ in 0..2 {
            world.capture(id).await;
        }
        let (one, two) = (world.db.env.id(), world.db.env.id());
        for (refund, minor) in [(one, 1000), (two, TOTAL - 1000)] {
            for _ in 0..2 {
                world.claim(refund, id, minor).await.unwrap();
                world.refund(refund, minor).await;
            }
            assert_eq!(world.refund(refund, minor).await.state, RefundState::Refunded, "{token}");
        }
        let payment = world.find(id).await;
        assert_eq!(payment.captured, payment.refunded);
        assert_eq!(world.moved(id).await, [TOTAL, -1000, 1000 - TOTAL], "{token}");
        let tx = world.db.begin_read().await.unwrap();
        let refunds: Vec<_> = refunds_of(&tx, id).await.unwrap().into_iter().map(|refund| refund.amount).collect();
        assert_eq!(Money::sum(eur(0).currency, refunds), Ok(eur(TOTAL)));
    }
    for account in [Account::GatewayClearing, Account::OrganizerPayable(organizer()), Account::PlatformFees] {
        assert_eq!(world.balance(account).await, 0, "{account:?}");
    }
    world.check().await;
}

#[tokio::test]
async fn a_refund_the_gateway_refuses_frees_its_claim() {
    let world = World::new().await;
    let id = world.captured("tok_ok").await;
    // Somebody refunded at the gateway's own console.
    let request = RefundRequest { refund: world.db.env.id(), payment: id, amount: eur(4000) };
    PaymentGateway::refund(&world.gateway, request).await.unwrap();
    let refund = world.db.env.id();
    world.claim(refund, id, 1000).await.unwrap();
    let refused = RefundState::Refused { reason: "exceeds_captured".to_owned() };
    assert_eq!(world.refund(refund, 1000).await.state, refused);
    assert_eq!(world.refund(refund, 1000).await.state, refused);
    assert_eq!(world.find(id).await.refunded, eur(0));
    assert_eq!(world.clearing().await, TOTAL, "nothing is posted for it");
}

#[tokio::test]
async fn an_authorization_that_ran_out_takes_nothing() {
    let world = World::new().await;
    let id = world.create("tok_ok").await;
    world.authorize(id).await;
    world.db.env.clock.advance(Duration::from_secs(8 * 24 * 3_600));
    let failed = PaymentState::Failed { reason: "authorization_lapsed".to_owned() };
    for _ in 0..2 {
        let payment = world.capture(id).await;
        assert_eq!(payment.state, failed);
        assert!(payment.state.holds_nothing());
    }
    assert_eq!(world.payments.void(id).await.unwrap().state, failed);
    assert!(world.moved(id).await.is_empty());
    world.check().await;
}

/// Takes one unit less than it is asked to.
struct Short<G>(G);

impl<G: PaymentGateway> PaymentGateway for Short<G> {
    fn authorize(&self, request: Authorize) -> Reply<'_, Standing> {
        self.0.authorize(request)
    }
    fn capture(&self, payment: PaymentId, amount: Money) -> Reply<'_, Standing> {
        self.0.capture(payment, Money::new(amount.minor - 1, amount.currency))
    }
    fn void(&self, payment: PaymentId) -> Reply<'_, Standing> {
        self.0.void(payment)
    }
    fn status(&self, payment: PaymentId) -> Reply<'_, Standing> {
        self.0.status(payment)
    }
    fn refund(&self, request: RefundRequest) -> Reply<'_, RefundStanding> {
        self.0.refund(request)
    }
    fn refund_status(&self, payment: PaymentId, refund: RefundId) -> Reply<'_, RefundStanding> {
        self.0.refund_status(payment, refund)
    }
}

#[tokio::test]
async fn a_short_capture_is_given_back_whole_whatever_is_lost_on_the_way() {
    let whole = World::new().await;
    for lost in 1..6 {
        for fate in [Fate::Deliver, Fate::LoseRequest, Fate::LoseReply, Fate::Repeat] {
            let world = whole.through(|gateway| {
                Arc::new(FaultyGateway::new(Short(gateway), move |number, _| {
                    if (lost..lost + 2).contains(&number) { fate } else { Fate::Deliver }
                }))
            });
            let id = world.create("tok_ok").await;
            world.authorize(id).await;
            for _ in 0..6 {
                world.capture(id).await;
            }
            let payment = world.find(id).await;
            let failed = PaymentState::Failed { reason: "short_capture".to_owned() };
            assert_eq!(payment.state, failed, "{fate:?} from call {lost} on");
            assert_eq!(world.moved(id).await, [TOTAL - 1, 1 - TOTAL]);
            assert_eq!(world.balance(Account::Suspense).await, 0);
            world.check().await;
        }
    }
}

/// Says it captured what nobody asked it to.
struct Greedy(SimulatedGateway);

impl PaymentGateway for Greedy {
    fn authorize(&self, request: Authorize) -> Reply<'_, Standing> {
        async move { Ok(Standing::Captured { amount: request.amount }) }.boxed()
    }
    fn capture(&self, payment: PaymentId, amount: Money) -> Reply<'_, Standing> {
        PaymentGateway::capture(&self.0, payment, amount)
    }
    fn void(&self, payment: PaymentId) -> Reply<'_, Standing> {
        PaymentGateway::void(&self.0, payment)
    }
    fn status(&self, payment: PaymentId) -> Reply<'_, Standing> {
        self.0.status(payment)
    }
    fn refund(&self, request: RefundRequest) -> Reply<'_, RefundStanding> {
        PaymentGateway::refund(&self.0, request)
    }
    fn refund_status(&self, payment: PaymentId, refund: RefundId) -> Reply<'_, RefundStanding> {
        self.0.refund_status(payment, refund)
    }
}

#[tokio::test]
async fn a_gateway_that_does_what_it_was_not_asked_is_reported() {
    let world = World::wrapped(|gateway| Arc::new(Greedy(gateway))).await;
    let id = world.create("tok_ok").await;
    let refused = world.payments.authorize(id).await.unwrap_err();
    assert!(matches!(refused, PaymentError::Contradiction { payment, .. } if payment == id));
    assert_eq!(world.find(id).await.state, PaymentState::Authorizing);
}

/// A gateway that neither answers nor hangs up: as good as one whose answers are lost.
#[tokio::test]
async fn a_gateway_that_never_answers_leaves_the_outcome_open() {
    let whole = World::new().await;
    let hung = whole.through(|_| Arc::new(Hung));
    let hung = hung.payments.with_answer_within(Duration::from_millis(1));
    let id = whole.create("tok_ok").await;
    assert_eq!(hung.authorize(id).await.unwrap().state, PaymentState::Authorizing);
    whole.authorized(id).await;
    assert_eq!(hung.capture(id, &sale(id, TOTAL)).await.unwrap().state, PaymentState::Capturing);
    assert_eq!(whole.capture(id).await.state, PaymentState::Captured);
    let refund: RefundId = whole.db.env.id();
    whole.claim(refund, id, TOTAL).await.unwrap();
    assert_eq!(hung.refund(refund, &back(refund, TOTAL)).await.unwrap().state, RefundState::Refunding);
    assert_eq!(whole.refund(refund, TOTAL).await.state, RefundState::Refunded);
    whole.check().await;
}

struct Hung;

impl PaymentGateway for Hung {
    fn authorize(&self, _: Authorize) -> Reply<'_, Standing> {
        pending().boxed()
    }
    fn capture(&self, _: PaymentId, _: Money) -> Reply<'_, Standing> {
        pending().boxed()
    }
    fn void(&self, _: PaymentId) -> Reply<'_, Standing> {
        pending().boxed()
    }
    fn status(&self, _: PaymentId) -> Reply<'_, Standing> {
        pending().boxed()
    }
    fn refund(&self, _: RefundRequest) -> Reply<'_, RefundStanding> {
        pending().boxed()
    }
    fn refund_status(&self, _: PaymentId, _: RefundId) -> Reply<'_, RefundStanding> {
        pending().boxed()
    }
}
