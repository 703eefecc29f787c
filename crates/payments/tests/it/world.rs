//! What the tests share: a store, a gateway, and short words for the steps of a payment.

use std::sync::Arc;
use std::time::Duration;

use payments::ledger::{self, Entry, SaleKind, SaleLine};
use payments::{
    BookLine, Moved, NewPayment, NewRefund, Payment, PaymentError, PaymentGateway, Payments, Refund, SimulatedGateway,
    Token, create, create_refund,
};
use stagedoor_core::{Currency, Money, OrderId, OrganizerId, PaymentId, RefundId};
use testkit::TestStore;
use uuid::Uuid;

pub const TOTAL: i64 = 4500;
/// Times a caller comes back for a step: more than any run of faults in these tests lasts.
pub const PATIENCE: usize = 24;

pub struct World {
    pub db: Arc<TestStore>,
    pub gateway: SimulatedGateway,
    pub payments: Payments,
}

impl World {
    pub async fn new() -> Self {
        Self::wrapped(|gateway| Arc::new(gateway)).await
    }

    /// A world whose gateway is reached through what `wrap` puts around it.
    pub async fn wrapped(wrap: impl FnOnce(SimulatedGateway) -> Arc<dyn PaymentGateway>) -> Self {
        let db = Arc::new(TestStore::new().await);
        let gateway = SimulatedGateway::new(db.store.clone()).with_latency(Duration::ZERO);
        let payments = Payments::new(db.store.clone(), wrap(gateway.clone()));
        Self { db, gateway, payments }
    }

    /// The same world, its gateway reached through what `wrap` puts around it.
    pub fn through(&self, wrap: impl FnOnce(SimulatedGateway) -> Arc<dyn PaymentGateway>) -> Self {
        let payments = Payments::new(self.db.store.clone(), wrap(self.gateway.clone()));
        Self { db: self.db.clone(), gateway: self.gateway.clone(), payments }
    }

    pub async fn create(&self, token: &str) -> PaymentId {
        self.create_for(self.db.env.id(), TOTAL, token).await.unwrap()
    }

    pub async fn create_for(&self, order: OrderId, minor: i64, token: &str) -> Result<PaymentId, PaymentError> {
        let tx = self.db.begin_write().await.unwrap();
        let token = Token::parse("token", token).unwrap();
        let id = create(&tx, NewPayment { order, amount: eur(minor), token }).await?;
        tx.commit().await.unwrap();
        Ok(id)
    }

    pub async fn authorize(&self, id: PaymentId) -> Payment {
        self.payments.authorize(id).await.unwrap()
    }

    /// Authorizes until the outcome is known.
    pub async fn authorized(&self, id: PaymentId) {
        for _ in 0..PATIENCE {
            if self.authorize(id).await.state == payments::PaymentState::Authorized {
                return;
            }
        }
        panic!("never authorized: {:?}", self.find(id).await.state);
    }

    pub async fn capture(&self, id: PaymentId) -> Payment {
        self.payments.capture(id, &sale(id, TOTAL)).await.unwrap()
    }

    pub async fn captured(&self, token: &str) -> PaymentId {
        let id = self.create(token).await;
        self.authorize(id).await;
        let payment = self.capture(id).await;
        assert_eq!(payment.state, payments::PaymentState::Captured);
        id
    }

    pub async fn claim(&self, id: RefundId, payment: PaymentId, minor: i64) -> Result<(), PaymentError> {
        let tx = self.db.begin_write().await.unwrap();
        create_refund(&tx, NewRefund { id, payment, amount: eur(minor) }).await?;
        tx.commit().await.unwrap();
        Ok(())
    }

    pub async fn refund(&self, id: RefundId, minor: i64) -> Refund {
        self.payments.refund(id, &back(id, minor)).await.unwrap()
    }

    pub async fn find(&self, id: PaymentId) -> Payment {
        self.payments.find(id).await.unwrap()
    }

    /// What the gateway took and gave back for a payment, each movement by itself, largest first.
    pub async fn moved(&self, id: PaymentId) -> Vec<i64> {
        let books = self.gateway.books().await.unwrap();
        let mut moved: Vec<_> = books.iter().filter(|line| line.payment == id).map(signed).collect();
        moved.sort_unstable_by_key(|minor| -minor);
        moved
    }

    pub async fn clearing(&self) -> i64 {
        self.balance(ledger::Account::GatewayClearing).await
    }

    pub async fn balance(&self, account: ledger::Account) -> i64 {
        let tx = self.db.begin_read().await.unwrap();
        ledger::balance(&tx, account).await.unwrap().into_iter().map(|sum| sum.minor).sum()
    }

    /// The ledger is sound and agrees with the gateway's books.
    pub async fn check(&self) {
        let findings = ledger::check(&self.db.begin_read().await.unwrap()).await.unwrap();
        assert_eq!(findings, []);
        let books = self.gateway.books().await.unwrap();
        let mut orders: Vec<_> =
            books.iter().filter(|line| line.moved == Moved::FromBuyer).map(|line| line.order).collect();
        let captures = orders.len();
        orders.sort_unstable();
        orders.dedup();
        assert_eq!(orders.len(), captures, "an order was captured twice: {books:?}");
        let held: i64 = books.iter().map(signed).sum();
        assert_eq!(self.clearing().await, held, "the ledger and the gateway's books differ: {books:?}");
    }
}

fn signed(line: &BookLine) -> i64 {
    if line.moved == Moved::FromBuyer { line.amount.minor } else { -line.amount.minor }
}

pub fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

pub fn organizer() -> OrganizerId {
    OrganizerId(Uuid::from_u128(77))
}

/// The lines of an order of `minor`: a tenth is the fee.
pub fn lines(minor: i64) -> [SaleLine; 2] {
    let line = |kind, minor| SaleLine { kind, organizer: organizer(), amount: eur(minor) };
    [line(SaleKind::FaceValue, minor - minor / 10), line(SaleKind::Fee, minor / 10)]
}

pub fn sale(payment: PaymentId, minor: i64) -> Entry {
    ledger::captured(payment, &lines(minor)).unwrap()
}

pub fn back(refund: RefundId, minor: i64) -> Entry {
    ledger::refunded(refund, &lines(minor)).unwrap()
}
