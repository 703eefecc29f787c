//! What we ask of a payment gateway, whoever runs it.

use std::error::Error;

use futures_util::future::BoxFuture;
use stagedoor_core::{Money, OrderId, PaymentId, RefundId};

use crate::Token;

/// A payment service. Every call is idempotent by our own id and answers with what the gateway
/// now knows, so an answer that was lost is found again by asking.
///
/// What an implementation promises:
/// - `authorize` of an id seen before changes nothing and answers as the first did;
/// - `capture` happens at most once per payment, whatever the number of calls;
/// - `void` of an id never seen makes sure that a late `authorize` of it cannot succeed;
/// - an authorization that ran out at the gateway shows as [`Standing::Voided`].
pub trait PaymentGateway: Send + Sync {
    fn authorize(&self, request: Authorize) -> Reply<'_, Standing>;
    fn capture(&self, payment: PaymentId, amount: Money) -> Reply<'_, Standing>;
    fn void(&self, payment: PaymentId) -> Reply<'_, Standing>;
    fn status(&self, payment: PaymentId) -> Reply<'_, Standing>;
    fn refund(&self, request: RefundRequest) -> Reply<'_, RefundStanding>;
    fn refund_status(&self, payment: PaymentId, refund: RefundId) -> Reply<'_, RefundStanding>;
}

pub type Reply<'a, T> = BoxFuture<'a, Result<T, GatewayError>>;

/// Set money aside. `payment` is the idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorize {
    pub payment: PaymentId,
    pub order: OrderId,
    pub amount: Money,
    pub token: Token,
}

/// Give captured money back. `refund` is the idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundRequest {
    pub refund: RefundId,
    pub payment: PaymentId,
    pub amount: Money,
}

/// What a gateway knows about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It never heard of it.
    Absent,
    /// The buyer must do something first, such as confirm with the bank.
    NeedsBuyer { next_action: NextAction },
    /// The money is set aside. `reference` is the gateway's own name for the payment.
    Authorized { reference: String },
    /// `reason` is a word such as `insufficient_funds`.
    Declined { reason: String },
    /// `amount` was taken; what was given back since does not lessen it.
    Captured { amount: Money },
    /// Nothing is set aside any more.
    Voided,
}

/// What a gateway knows about a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundStanding {
    Absent,
    Refunded,
    /// It will never be done. `reason` is a word such as `exceeds_captured`.
    Refused {
        reason: String,
    },
}

/// Where to send the buyer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NextAction {
    /// Absolute, or a path on our own server for the simulated gateway.
    pub url: String,
}

#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// No answer: it may have been done, or not, or be done yet.
    #[error("the payment gateway did not answer")]
    Unanswered(#[source] Box<dyn Error + Send + Sync>),
    /// The gateway understood and did nothing: the request does not fit what it knows.
    #[error("the payment gateway refused the request: {0}")]
    Refused(String),
}

impl GatewayError {
    pub fn unanswered(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        GatewayError::Unanswered(source.into())
    }
}
