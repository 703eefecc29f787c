//! Many callers at once: the request, the recovery job, a double click.

use std::sync::Arc;

use payments::{PaymentError, PaymentGateway, PaymentState, Payments, RefundRequest, RefundState, Standing};
use stagedoor_core::RefundId;
use tokio::task::JoinSet;

use crate::faulty::{Fate, FaultyGateway};
use crate::world::{TOTAL, World, back, eur, sale};

const RACERS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_callers_take_the_money_once() {
    for token in ["tok_ok", "tok_timeout_captured"] {
        let world = World::new().await;
        let id = world.create(token).await;
        let mut racers = JoinSet::new();
        for _ in 0..RACERS {
            let payments = world.payments.clone();
            racers.spawn(async move {
                payments.authorize(id).await.unwrap();
                // Another racer may still be waiting for the gateway's answer.
                loop {
                    match payments.capture(id, &sale(id, TOTAL)).await {
                        Ok(payment) if payment.state == PaymentState::Captured => return,
                        Ok(_) => {}
                        Err(PaymentError::WrongState { .. }) => drop(payments.authorize(id).await.unwrap()),
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        racers.join_all().await;
        assert_eq!(world.moved(id).await, [TOTAL], "{token}");
        world.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_comes_after_another_caller_finished_is_no_contradiction() {
    let world = World::new().await;
    let id = world.create("tok_ok").await;
    let faster = world.payments.clone();
    let gateway = FaultyGateway::new(world.gateway.clone(), move |number, _| match number {
        0 => Fate::LoseReply,
        1 => Fate::LoseRequest,
        _ => {
            // While this caller asks how the payment stands, another one sees it through.
            let whole = async {
                faster.authorize(id).await.unwrap();
                faster.capture(id, &sale(id, TOTAL)).await.unwrap();
            };
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(whole));
            Fate::Deliver
        }
    });
    let slower = Payments::new(world.db.store.clone(), Arc::new(gateway));
    assert_eq!(slower.authorize(id).await.unwrap().state, PaymentState::Authorizing);
    assert_eq!(slower.authorize(id).await.unwrap().state, PaymentState::Captured);
    assert_eq!(world.moved(id).await, [TOTAL]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_void_and_an_authorization_race_and_nothing_stays_set_aside() {
    let world = Arc::new(World::new().await);
    for _ in 0..20 {
        let id = world.create("tok_ok").await;
        let (one, two) = (world.payments.clone(), world.payments.clone());
        let authorize = tokio::spawn(async move { one.authorize(id).await.unwrap() });
        let void = tokio::spawn(async move {
            loop {
                let payment = two.void(id).await.unwrap();
                if payment.state.holds_nothing() {
                    return payment;
                }
            }
        });
        authorize.await.unwrap();
        assert_eq!(void.await.unwrap().state, PaymentState::Voided);
        let standing = payments::PaymentGateway::status(&world.gateway, id).await.unwrap();
        assert!(matches!(standing, Standing::Voided | Standing::Absent), "{standing:?}");
        assert_eq!(world.find(id).await.state, PaymentState::Voided);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_void_and_a_capture_race_and_one_of_them_wins() {
    let world = World::new().await;
    for _ in 0..20 {
        let id = world.create("tok_ok").await;
        world.authorize(id).await;
        let (one, two) = (world.payments.clone(), world.payments.clone());
        let capture = tokio::spawn(async move { one.capture(id, &sale(id, TOTAL)).await.is_ok() });
        let void = tokio::spawn(async move { two.void(id).await.is_ok() });
        let (captured, voided) = (capture.await.unwrap(), void.await.unwrap());
        assert!(captured != voided, "exactly one of capture ({captured}) and void ({voided}) succeeds");
        let expected = if captured { PaymentState::Captured } else { PaymentState::Voided };
        assert_eq!(world.find(id).await.state, expected);
    }
    world.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_refunds_never_exceed_what_was_captured() {
    let world = Arc::new(World::new().await);
    let id = world.captured("tok_ok").await;
    let mut racers = JoinSet::new();
    for _ in 0..3 * RACERS {
        let world = world.clone();
        racers.spawn(async move {
            let refund: RefundId = world.db.env.id();
            match world.claim(refund, id, 700).await {
                Ok(()) => world.refund(refund, 700).await.state == RefundState::Refunded,
                Err(PaymentError::RefundExceedsCaptured(_)) => false,
                Err(error) => panic!("{error}"),
            }
        });
    }
    let refunded = racers.join_all().await.into_iter().filter(|refunded| *refunded).count() as i64;
    assert_eq!(refunded, TOTAL / 700);
    assert_eq!(world.find(id).await.refunded, eur(refunded * 700));
    assert_eq!(world.moved(id).await.iter().sum::<i64>(), TOTAL - refunded * 700);
    world.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_refund_asked_for_by_many_is_made_once() {
    let world = Arc::new(World::new().await);
    let id = world.captured("tok_timeout_captured").await;
    let refund: RefundId = world.db.env.id();
    let mut racers = JoinSet::new();
    for _ in 0..RACERS {
        let world = world.clone();
        racers.spawn(async move {
            world.claim(refund, id, TOTAL).await.unwrap();
            while world.payments.refund(refund, &back(refund, TOTAL)).await.unwrap().state != RefundState::Refunded {}
        });
    }
    racers.join_all().await;
    assert_eq!(world.moved(id).await, [TOTAL, -TOTAL]);
    world.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_refund_frees_its_claim_once() {
    let world = Arc::new(World::new().await);
    for _ in 0..10 {
        let id = world.captured("tok_ok").await;
        let outside = RefundRequest { refund: world.db.env.id(), payment: id, amount: eur(4000) };
        PaymentGateway::refund(&world.gateway, outside).await.unwrap();
        let (good, bad): (RefundId, RefundId) = (world.db.env.id(), world.db.env.id());
        world.claim(good, id, 400).await.unwrap();
        world.refund(good, 400).await;
        world.claim(bad, id, 1000).await.unwrap();
        let mut racers = JoinSet::new();
        for _ in 0..RACERS {
            let world = world.clone();
            racers.spawn(async move { world.refund(bad, 1000).await });
        }
        racers.join_all().await;
        assert!(matches!(world.refund(bad, 1000).await.state, RefundState::Refused { .. }));
        assert_eq!(world.find(id).await.refunded, eur(400));
    }
}
