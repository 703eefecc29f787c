//! A gateway that does whatever it is asked, as often as it is asked: with it, every blind retry
//! shows as money moved twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use payments::{Authorize, PaymentGateway, PaymentState, RefundRequest, RefundStanding, RefundState, Reply, Standing};
use stagedoor_core::{Money, PaymentId, RefundId};

use crate::faulty::{Call, Fate, FaultyGateway};
use crate::world::{PATIENCE, TOTAL, World, eur};

/// How often each thing was done. It tells the truth when asked.
#[derive(Clone, Default)]
struct Obedient(Arc<Mutex<HashMap<Call, Vec<RefundId>>>>);

impl Obedient {
    fn times(&self, call: Call) -> usize {
        self.0.lock().unwrap().get(&call).map_or(0, Vec::len)
    }

    fn done(&self, call: Call, refund: RefundId) {
        self.0.lock().unwrap().entry(call).or_default().push(refund);
    }

    fn standing(&self) -> Standing {
        if self.times(Call::Capture) > 0 {
            Standing::Captured { amount: eur(TOTAL) }
        } else if self.times(Call::Void) > 0 {
            Standing::Voided
        } else if self.times(Call::Authorize) > 0 {
            Standing::Authorized { reference: "o".to_owned() }
        } else {
            Standing::Absent
        }
    }
}

impl PaymentGateway for Obedient {
    fn authorize(&self, request: Authorize) -> Reply<'_, Standing> {
        self.done(Call::Authorize, RefundId(request.payment.0));
        async { Ok(self.standing()) }.boxed()
    }
    fn capture(&self, payment: PaymentId, _: Money) -> Reply<'_, Standing> {
        self.done(Call::Capture, RefundId(payment.0));
        async { Ok(self.standing()) }.boxed()
    }
    fn void(&self, payment: PaymentId) -> Reply<'_, Standing> {
        self.done(Call::Void, RefundId(payment.0));
        async { Ok(self.standing()) }.boxed()
    }
    fn status(&self, _: PaymentId) -> Reply<'_, Standing> {
        async { Ok(self.standing()) }.boxed()
    }
    fn refund(&self, request: RefundRequest) -> Reply<'_, RefundStanding> {
        self.done(Call::Refund, request.refund);
        async { Ok(RefundStanding::Refunded) }.boxed()
    }
    fn refund_status(&self, _: PaymentId, refund: RefundId) -> Reply<'_, RefundStanding> {
        let made = self.0.lock().unwrap().get(&Call::Refund).is_some_and(|made| made.contains(&refund));
        async move { Ok(if made { RefundStanding::Refunded } else { RefundStanding::Absent }) }.boxed()
    }
}

#[tokio::test]
async fn whatever_answers_are_lost_nothing_is_done_twice() {
    let whole = World::new().await;
    for at in 0..8 {
        for lost in 1..4 {
            for fate in [Fate::LoseRequest, Fate::LoseReply] {
                let gateway = Obedient::default();
                let fates = move |number, _| if (at..at + lost).contains(&number) { fate } else { Fate::Deliver };
                let world = whole.through(|_| Arc::new(FaultyGateway::new(gateway.clone(), fates)));
                let id = world.create("tok_ok").await;
                world.authorized(id).await;
                for _ in 0..PATIENCE {
                    world.capture(id).await;
                }
                let refund = world.db.env.id();
                world.claim(refund, id, 100).await.unwrap();
                for _ in 0..PATIENCE {
                    world.refund(refund, 100).await;
                }
                assert_eq!(world.refund(refund, 100).await.state, RefundState::Refunded);
                let times = [Call::Authorize, Call::Capture, Call::Refund].map(|call| gateway.times(call));
                assert_eq!(times, [1, 1, 1], "{fate:?} for {lost} calls from {at} on");
            }
        }
    }
}

#[tokio::test]
async fn whatever_answers_are_lost_money_is_let_go_once() {
    let whole = World::new().await;
    for at in 0..6 {
        for fate in [Fate::LoseRequest, Fate::LoseReply] {
            let gateway = Obedient::default();
            let fates = move |number, _| if (at..at + 2).contains(&number) { fate } else { Fate::Deliver };
            let world = whole.through(|_| Arc::new(FaultyGateway::new(gateway.clone(), fates)));
            let id = world.create("tok_ok").await;
            world.authorize(id).await;
            for _ in 0..PATIENCE {
                world.payments.void(id).await.unwrap();
            }
            assert_eq!(world.find(id).await.state, PaymentState::Voided);
            assert_eq!(gateway.times(Call::Void), 1, "{fate:?} from {at} on");
        }
    }
}
