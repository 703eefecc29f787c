//! Giving captured money back, in one or several parts.

use stagedoor_core::{Money, PaymentId, RefundId};

use crate::gateway::RefundStanding;

/// A refund to be made; see [`create_refund`](crate::create_refund).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRefund {
    /// Chosen by the caller from what the refund is for, so that asking twice is one refund.
    pub id: RefundId,
    pub payment: PaymentId,
    /// Zero or more, in the payment's currency.
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub id: RefundId,
    pub payment: PaymentId,
    pub amount: Money,
    pub state: RefundState,
}

/// Where a refund stands. Its amount is claimed from the payment in all states but `Refused`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundState {
    Created,
    /// The gateway was asked; its answer is not known.
    Refunding,
    Refunded,
    /// The gateway will not do it; `reason` is its word for why. Somebody must look at it.
    Refused {
        reason: String,
    },
}

impl RefundState {
    pub(crate) const fn text(&self) -> &'static str {
        match self {
            RefundState::Created => "created",
            RefundState::Refunding => "refunding",
            RefundState::Refunded => "refunded",
            RefundState::Refused { .. } => "refused",
        }
    }

    /// The state that follows from the gateway's answer; `None` when it has not done it.
    pub(crate) fn after(standing: &RefundStanding) -> Option<RefundState> {
        match standing {
            RefundStanding::Absent => None,
            RefundStanding::Refunded => Some(RefundState::Refunded),
            RefundStanding::Refused { reason } => Some(RefundState::Refused { reason: reason.clone() }),
        }
    }
}
