//! A refund: which places are given back, where the money is on its way, and when it is allowed.

use stagedoor_core::{Money, RefundId, Timestamp, UserId};

use crate::order::OrderLine;

/// Some places of one order given back for their money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub id: RefundId,
    /// Positions of the places it is for, also after the gateway refused it.
    pub places: Vec<usize>,
    /// The sum of the lines that go back with them.
    pub amount: Money,
    pub cause: RefundCause,
    pub state: RefundState,
    pub requested_at: Timestamp,
}

/// Who wanted it, which decides what is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundCause {
    /// The fan cancelled, within the event's policy: every line that is refundable.
    Fan,
    /// Staff of the organizer: everything.
    Staff { by: UserId, note: String },
    /// The event was cancelled: everything.
    EventCancelled,
}

/// Where a refund stands. The places are claimed and their tickets dead from the first state on,
/// so nothing can be paid back twice or used while the money moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundState {
    /// The gateway has not confirmed yet.
    Refunding,
    /// The money went back; the places are about to.
    Refunded,
    /// The places are on sale again: done.
    Returned,
    /// The gateway will not pay it back. The places are still owed and may be asked for again.
    Refused { reason: String },
}

impl RefundState {
    pub fn is_final(&self) -> bool {
        matches!(self, RefundState::Returned | RefundState::Refused { .. })
    }

    pub const fn text(&self) -> &'static str {
        match self {
            RefundState::Refunding => "refunding",
            RefundState::Refunded => "refunded",
            RefundState::Returned => "returned",
            RefundState::Refused { .. } => "refused",
        }
    }
}

impl RefundCause {
    /// Whether `line` is part of a refund of `places`, given by position.
    pub(crate) fn gives_back(&self, line: &OrderLine, places: &[usize]) -> bool {
        let everything = !matches!(self, RefundCause::Fan);
        places.contains(&line.place) && (line.refundable || everything)
    }
}
