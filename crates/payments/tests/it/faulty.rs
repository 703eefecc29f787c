//! A bad network between us and a gateway, for tests of workflows, here and in sales.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use payments::{Authorize, GatewayError, PaymentGateway, RefundRequest, RefundStanding, Reply, Standing};
use stagedoor_core::{Money, PaymentId, RefundId};

/// Which call is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    Authorize,
    Capture,
    Void,
    Status,
    Refund,
    RefundStatus,
}

/// What the network does to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Deliver,
    /// The gateway never hears of it.
    LoseRequest,
    /// The gateway does it; its answer does not arrive.
    LoseReply,
    /// It arrives twice.
    Repeat,
}

/// A gateway behind a network that treats the calls as `fate(number, call)` says, the first call
/// being number 0.
pub struct FaultyGateway<G, F> {
    inner: G,
    fate: F,
    calls: AtomicU64,
}

impl<G: PaymentGateway, F: Fn(u64, Call) -> Fate + Send + Sync> FaultyGateway<G, F> {
    pub fn new(inner: G, fate: F) -> Self {
        Self { inner, fate, calls: AtomicU64::new(0) }
    }

    async fn send<'a, T>(&'a self, call: Call, reply: impl Fn() -> Reply<'a, T> + Send) -> Result<T, GatewayError> {
        match (self.fate)(self.calls.fetch_add(1, Ordering::SeqCst), call) {
            Fate::Deliver => reply().await,
            Fate::LoseRequest => Err(GatewayError::unanswered("the request was lost")),
            Fate::LoseReply => {
                reply().await.ok();
                Err(GatewayError::unanswered("the reply was lost"))
            }
            Fate::Repeat => {
                reply().await.ok();
                reply().await
            }
        }
    }
}

impl<G: PaymentGateway, F: Fn(u64, Call) -> Fate + Send + Sync> PaymentGateway for FaultyGateway<G, F> {
    fn authorize(&self, request: Authorize) -> Reply<'_, Standing> {
        self.send(Call::Authorize, move || self.inner.authorize(request.clone())).boxed()
    }

    fn capture(&self, payment: PaymentId, amount: Money) -> Reply<'_, Standing> {
        self.send(Call::Capture, move || self.inner.capture(payment, amount)).boxed()
    }

    fn void(&self, payment: PaymentId) -> Reply<'_, Standing> {
        self.send(Call::Void, move || self.inner.void(payment)).boxed()
    }

    fn status(&self, payment: PaymentId) -> Reply<'_, Standing> {
        self.send(Call::Status, move || self.inner.status(payment)).boxed()
    }

    fn refund(&self, request: RefundRequest) -> Reply<'_, RefundStanding> {
        self.send(Call::Refund, move || self.inner.refund(request)).boxed()
    }

    fn refund_status(&self, payment: PaymentId, refund: RefundId) -> Reply<'_, RefundStanding> {
        self.send(Call::RefundStatus, move || self.inner.refund_status(payment, refund)).boxed()
    }
}
