//! Every step failed and every step repeated, then nothing left over.

use std::sync::{Arc, Mutex};

use payments::{PaymentState, RefundState};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use stagedoor_core::RefundId;

use crate::faulty::{Call, Fate, FaultyGateway};
use crate::world::{PATIENCE, TOTAL, World, back, sale};

/// Calls of a workflow that may go wrong, more than the longest one makes.
const CALLS: u64 = 14;

/// The world behind a network that treats its calls as `fate` says, and the calls it made.
fn through(world: &World, fate: impl Fn(u64, Call) -> Fate + Send + Sync + 'static) -> (World, Arc<Mutex<Vec<Call>>>) {
    let log: Arc<Mutex<Vec<Call>>> = Arc::default();
    let logged = log.clone();
    let watched = move |number, call| {
        logged.lock().unwrap().push(call);
        fate(number, call)
    };
    (world.through(move |gateway| Arc::new(FaultyGateway::new(gateway, watched))), log)
}

/// Both workflows, each behind the same bad network. Neither asks for the same thing twice without
/// having asked what came of it.
async fn endure(world: &World, fate: impl Fn(u64, Call) -> Fate + Clone + Send + Sync + 'static) {
    let (sale, sale_calls) = through(world, fate.clone());
    sell_and_refund(&sale).await;
    let (void, void_calls) = through(world, fate);
    authorize_and_void(&void).await;
    for calls in [sale_calls, void_calls] {
        let calls = calls.lock().unwrap();
        for pair in calls.windows(2) {
            let repeated = pair[0] == pair[1] && matches!(pair[0], Call::Authorize | Call::Capture | Call::Void);
            assert!(!repeated, "a blind retry: {calls:?}");
        }
    }
}

/// Authorize, capture, two refunds; each step repeated until its outcome is known, then once more.
async fn sell_and_refund(world: &World) {
    let id = world.create("tok_ok").await;
    world.authorized(id).await;
    for _ in 0..PATIENCE {
        if world.capture(id).await.state == PaymentState::Captured {
            break;
        }
    }
    let parts: [(RefundId, i64); 2] = [(world.db.env.id(), 1500), (world.db.env.id(), TOTAL - 1500)];
    for (refund, minor) in parts {
        world.claim(refund, id, minor).await.unwrap();
        for _ in 0..PATIENCE {
            if world.refund(refund, minor).await.state == RefundState::Refunded {
                break;
            }
        }
    }
    let before = world.moved(id).await;
    assert_eq!(before, [TOTAL, -1500, 1500 - TOTAL]);
    assert_eq!(world.authorize(id).await.state, PaymentState::Captured);
    world.payments.capture(id, &sale(id, TOTAL)).await.unwrap();
    for (refund, minor) in parts {
        world.payments.refund(refund, &back(refund, minor)).await.unwrap();
    }
    assert_eq!(world.moved(id).await, before, "a step that is done moves nothing");
    world.check().await;
}

async fn authorize_and_void(world: &World) {
    let id = world.create("tok_ok").await;
    world.authorize(id).await;
    for _ in 0..PATIENCE {
        if world.payments.void(id).await.unwrap().state == PaymentState::Voided {
            break;
        }
    }
    assert_eq!(world.find(id).await.state, PaymentState::Voided);
    let standing = payments::PaymentGateway::status(&world.gateway, id).await.unwrap();
    assert!(
        matches!(standing, payments::Standing::Voided | payments::Standing::Absent),
        "money is still set aside: {standing:?}"
    );
    world.check().await;
}

#[tokio::test]
async fn each_call_lost_or_repeated_once() {
    let world = World::new().await;
    for at in 0..CALLS {
        for fate in [Fate::LoseRequest, Fate::LoseReply, Fate::Repeat] {
            let once = move |number, _| if number == at { fate } else { Fate::Deliver };
            endure(&world, once).await;
        }
    }
}

#[tokio::test]
async fn each_kind_of_call_always_answered_too_late() {
    let world = World::new().await;
    for kind in [Call::Authorize, Call::Capture, Call::Void, Call::Refund] {
        let late = move |_, call| if call == kind { Fate::LoseReply } else { Fate::Deliver };
        endure(&world, late).await;
    }
}

#[tokio::test]
async fn a_caller_that_dies_while_it_waits_is_replaced() {
    let world = World::new().await;
    let id = world.create("tok_slow").await;
    let slow = payments::SimulatedGateway::new(world.db.store.clone());
    let doomed = payments::Payments::new(world.db.store.clone(), Arc::new(slow));
    let caller = tokio::spawn(async move { doomed.authorize(id).await });
    while world.find(id).await.state != PaymentState::Authorizing {
        tokio::task::yield_now().await;
    }
    caller.abort();
    caller.await.unwrap_err();
    assert_eq!(world.authorize(id).await.state, PaymentState::Authorized);
    world.capture(id).await;
    assert_eq!(world.moved(id).await, [TOTAL]);
    world.check().await;
}

fn any_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        2 => Just(Fate::Deliver),
        1 => Just(Fate::LoseRequest),
        1 => Just(Fate::LoseReply),
        1 => Just(Fate::Repeat),
    ]
}

#[test]
fn any_run_of_bad_luck_ends_well() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    let fates = prop::collection::vec(any_fate(), CALLS as usize);
    let ended = TestRunner::new(config).run(&fates, |fates| {
        runtime.block_on(endure(&world, move |number, _| fates.get(number as usize).copied().unwrap_or(Fate::Deliver)));
        Ok(())
    });
    ended.unwrap();
}
