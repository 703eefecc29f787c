//! Why a use case of this crate refuses, in domain words, each with its code.

use catalog::EventError;
use inventory::Refused;
use payments::PaymentError;
use payments::ledger::LedgerError;
use stagedoor_core::{Code, EventId, FieldError, HoldId, TicketId};
use tickets::{ChangeError, IssueError};

/// Something that is not the caller's doing: a disk, a gateway, a bug. Trying again may work.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("the database did not do its part")]
    Store(#[from] store::Error),
    #[error("the payment could not be driven on")]
    Payment(#[from] PaymentError),
    #[error("a ledger entry could not be made")]
    Ledger(#[from] LedgerError),
    #[error("the seat engine did not do its part")]
    Inventory(#[from] Refused),
    #[error("tickets could not be issued")]
    Issue(#[from] IssueError),
    #[error("tickets could not be ended")]
    End(#[from] ChangeError),
    #[error("the event could not be read")]
    Event(#[from] EventError),
    #[error("{0}")]
    Broken(String),
}

impl Fault {
    pub fn code(&self) -> Code {
        let code = match self {
            Fault::Store(store::Error::Busy(_)) => Code::Unavailable,
            Fault::Payment(error) => error.code(),
            Fault::Inventory(error) => error.code(),
            Fault::Issue(error) => error.code(),
            Fault::End(error) => error.code(),
            Fault::Event(error) => error.code(),
            Fault::Store(_) | Fault::Ledger(_) | Fault::Broken(_) => Code::Internal,
        };
        // A part that refuses what this crate should never have asked is no business of the client.
        if code.status() >= 500 { code } else { Code::Internal }
    }
}

/// Why no order was placed. What becomes of an order that was placed is its state, not an error.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    #[error(transparent)]
    Invalid(#[from] FieldError),
    /// Absent, or another fan's.
    #[error("there is no hold {0}")]
    UnknownHold(HoldId),
    #[error("{0} has expired")]
    HoldExpired(HoldId),
    /// Released, or bought already.
    #[error("{0} has ended")]
    HoldEnded(HoldId),
    #[error("another order is paying for one of the holds")]
    HoldInOrder,
    /// Cancelled, postponed or withdrawn since the hold was taken.
    #[error("{0} is not sold any more")]
    NotOnSale(EventId),
    #[error("the idempotency key was used with another body")]
    KeyMismatch,
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl CheckoutError {
    pub fn code(&self) -> Code {
        match self {
            CheckoutError::Invalid(_) => Code::InvalidField,
            CheckoutError::UnknownHold(_) => Code::NotFound,
            CheckoutError::HoldExpired(_) => Code::HoldExpired,
            CheckoutError::HoldEnded(_) => Code::HoldEnded,
            CheckoutError::HoldInOrder => Code::Conflict,
            CheckoutError::NotOnSale(_) => Code::NotOnSale,
            CheckoutError::KeyMismatch => Code::IdempotencyMismatch,
            CheckoutError::Fault(fault) => fault.code(),
        }
    }
}

/// Why nothing is given back.
#[derive(Debug, thiserror::Error)]
pub enum RefundError {
    #[error(transparent)]
    Invalid(#[from] FieldError),
    /// Absent, another fan's or another organizer's.
    #[error("there is no such order or booking")]
    UnknownOrder,
    /// Not of this order, or not the caller's any more.
    #[error("the order has no ticket {0}")]
    UnknownTicket(TicketId),
    #[error("the order is not completed")]
    NotCompleted,
    #[error("there is nothing left to give back")]
    NothingLeft,
    #[error("ticket {0} was refunded before")]
    RefundedBefore(TicketId),
    #[error("ticket {0} was used")]
    TicketUsed(TicketId),
    /// `until`: the last moment at which the tickets could be given back.
    #[error("tickets for {event} could be given back until {until}")]
    WindowClosed { event: EventId, until: stagedoor_core::Timestamp },
    #[error("the idempotency key was used with another body")]
    KeyMismatch,
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl RefundError {
    pub fn code(&self) -> Code {
        match self {
            RefundError::Invalid(_) => Code::InvalidField,
            RefundError::UnknownOrder | RefundError::UnknownTicket(_) => Code::NotFound,
            RefundError::NotCompleted | RefundError::NothingLeft | RefundError::RefundedBefore(_) => Code::WrongState,
            RefundError::TicketUsed(_) => Code::TicketUsed,
            RefundError::WindowClosed { .. } => Code::RefundWindowClosed,
            RefundError::KeyMismatch => Code::IdempotencyMismatch,
            RefundError::Fault(fault) => fault.code(),
        }
    }
}

/// Why an order cannot be shown or given up.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// Absent, another fan's or another organizer's.
    #[error("there is no such order or booking")]
    UnknownOrder,
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl OrderError {
    pub fn code(&self) -> Code {
        match self {
            OrderError::UnknownOrder => Code::NotFound,
            OrderError::Fault(fault) => fault.code(),
        }
    }
}

/// Why an event was not put on sale, changed or brought in line.
#[derive(Debug, thiserror::Error)]
pub enum OnSaleError {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error(transparent)]
    Invalid(#[from] FieldError),
    /// The seat map cannot be sold, or its newer version would lose places that are in use.
    #[error("the seat map cannot be used: {0}")]
    SeatMap(String),
    /// Its seats are not the engine's yet: there is nothing to take off sale.
    #[error("the event has not been on sale yet")]
    NotOpened,
    /// A rule of the seat engine.
    #[error(transparent)]
    Refused(Refused),
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The catalogue has been asked before: an event that the engine does not know is one that was
/// never published.
impl From<Refused> for OnSaleError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::UnknownEvent => OnSaleError::NotOpened,
            refused => OnSaleError::Refused(refused),
        }
    }
}

impl OnSaleError {
    pub fn code(&self) -> Code {
        match self {
            OnSaleError::Event(error) => error.code(),
            OnSaleError::Invalid(_) => Code::InvalidField,
            OnSaleError::SeatMap(_) => Code::InvalidSeatMap,
            OnSaleError::NotOpened => Code::WrongState,
            OnSaleError::Refused(refused) => refused.code(),
            OnSaleError::Fault(fault) => fault.code(),
        }
    }
}

macro_rules! store_is_a_fault {
    ($($error:ty),*) => {$(
        impl From<store::Error> for $error {
            fn from(error: store::Error) -> Self { Fault::Store(error).into() }
        }
    )*};
}

store_is_a_fault!(CheckoutError, RefundError, OrderError, OnSaleError);
