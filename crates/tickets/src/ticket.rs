use std::fmt;
use std::str::FromStr;

use stagedoor_core::{Code, EventId, Money, OrderId, OrganizerId, TicketId, Timestamp, UserId, limits};

/// One place at one event for one owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub id: TicketId,
    pub organizer: OrganizerId,
    pub event: EventId,
    pub order: OrderId,
    /// Its place in the order, counted from zero.
    pub position: u32,
    /// The fan who may show the barcode.
    pub owner: UserId,
    pub place: Place,
    /// Key and name of the price level.
    pub level: String,
    pub level_name: String,
    pub ticket_type: String,
    pub face_value: Money,
    pub status: Status,
    /// Which barcode is good: 1 when issued, one more after each reissue or transfer.
    pub generation: u32,
    pub issued_at: Timestamp,
}

/// What a ticket is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Seat {
        /// `section-row-seat`, as every version of the event's seat map names it.
        id: String,
        section: String,
        row: String,
        label: String,
    },
    /// One place of a general-admission area.
    Area { id: String, name: String },
}

/// Where a ticket stands. `Issued` and `Used` tickets are live: they own their seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    Issued,
    /// Somebody was admitted with it.
    Used,
    /// Given back for its money.
    Refunded,
    /// Taken away without a refund, such as after a charge-back.
    Revoked,
}

impl Status {
    pub const ALL: [Status; 4] = [Status::Issued, Status::Used, Status::Refunded, Status::Revoked];

    /// The word in JSON, in queries and in the database.
    pub const fn text(self) -> &'static str {
        match self {
            Status::Issued => "issued",
            Status::Used => "used",
            Status::Refunded => "refunded",
            Status::Revoked => "revoked",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text())
    }
}

/// A word that names no ticket status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one of issued, used, refunded, revoked")]
pub struct StatusError;

impl FromStr for Status {
    type Err = StatusError;
    fn from_str(text: &str) -> Result<Self, StatusError> {
        Status::ALL.into_iter().find(|status| status.text() == text).ok_or(StatusError)
    }
}

/// Every place of a sold order, for [`issue`](crate::issue).
#[derive(Debug, Clone)]
pub struct NewTickets {
    pub order: OrderId,
    pub owner: UserId,
    /// At least one, at most [`TICKETS_PER_ORDER_MAX`], in an order that is the same each time
    /// this order is issued.
    pub tickets: Vec<NewTicket>,
}

/// One place of a sold order.
#[derive(Debug, Clone)]
pub struct NewTicket {
    pub organizer: OrganizerId,
    pub event: EventId,
    pub place: Place,
    pub level: String,
    pub level_name: String,
    pub ticket_type: String,
    pub face_value: Money,
}

/// Three holds of ten places, the most one fan can hold, with room for a larger configuration.
pub const TICKETS_PER_ORDER_MAX: usize = 100;

/// Reissues and transfers of one ticket; far more than people need, far fewer than the 24 bits
/// the barcode has for them.
pub const GENERATIONS_MAX: u32 = 1_000;

/// Whose ticket the caller may act on; any other ticket is answered as absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The tickets this fan owns.
    Owner(UserId),
    /// The tickets to this organizer's events, for its staff.
    Organizer(OrganizerId),
}

/// Who changes a ticket and why; kept with the change. `by` is absent when the system does.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    pub by: Option<UserId>,
    /// A short text without personal data, such as `"refund"` or `"lost phone"`.
    pub reason: &'a str,
}

/// How a ticket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Refunded,
    Revoked,
}

impl Ending {
    pub const fn status(self) -> Status {
        match self {
            Ending::Refunded => Status::Refunded,
            Ending::Revoked => Status::Revoked,
        }
    }
}

/// Whether tickets that admitted somebody may end too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// A fan gives tickets back: a used one is refused.
    UnusedOnly,
    /// An event was broken off: everybody gets the money back, also those inside.
    UsedToo,
}

/// What happened to a ticket after it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub kind: ChangeKind,
    /// The ticket's generation after the change.
    pub generation: u32,
    pub by: Option<UserId>,
    pub owner_before: UserId,
    pub reason: String,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Reissued,
    Transferred,
    Refunded,
    Revoked,
}

impl ChangeKind {
    pub const fn text(self) -> &'static str {
        match self {
            ChangeKind::Reissued => "reissued",
            ChangeKind::Transferred => "transferred",
            ChangeKind::Refunded => "refunded",
            ChangeKind::Revoked => "revoked",
        }
    }
}

impl FromStr for ChangeKind {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        use ChangeKind::*;
        [Reissued, Transferred, Refunded, Revoked].into_iter().find(|kind| kind.text() == text).ok_or(())
    }
}

impl From<Ending> for ChangeKind {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Refunded => ChangeKind::Refunded,
            Ending::Revoked => ChangeKind::Revoked,
        }
    }
}

/// Which of an event's tickets are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AttendeeFilter {
    pub status: Option<Status>,
    /// Who has it.
    pub owner: Option<UserId>,
    pub order: Option<OrderId>,
    pub ticket: Option<TicketId>,
}

/// A part of a list: the first `limit` tickets after the ticket `after`.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    pub after: Option<TicketId>,
    pub(crate) limit: u32,
}

impl PageRequest {
    /// `limit` is brought into 1..=[`limits::PAGE_MAX`].
    pub fn new(limit: u32, after: Option<TicketId>) -> Self {
        Self { after, limit: limit.clamp(1, limits::PAGE_MAX) }
    }
}

/// `next` is the `after` of the following page; absent on the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub items: Vec<Ticket>,
    pub next: Option<TicketId>,
}

impl Page {
    /// `found` holds one ticket more than asked for when there is a following page.
    pub(crate) fn cut(mut found: Vec<Ticket>, limit: u32) -> Self {
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(|ticket| ticket.id);
        Page { items: found, next }
    }
}

/// Why an order's tickets were not issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// Another live ticket owns the seat. The seat engine sells a seat once and takes it back
    /// only after its ticket ended, so this is a fault to look into, not a refusal.
    #[error("{place:?} of {event} already has a live ticket, so {order} gets none")]
    SeatOwned { order: OrderId, event: EventId, place: Place },
    /// The order was issued before with other places.
    #[error("{order} was issued before with other places")]
    Differs { order: OrderId },
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl IssueError {
    pub fn code(&self) -> Code {
        match self {
            IssueError::SeatOwned { .. } | IssueError::Differs { .. } => Code::Internal,
            IssueError::Store(store::Error::Busy(_)) => Code::Unavailable,
            IssueError::Store(_) => Code::Internal,
        }
    }
}

/// Why a ticket was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such ticket, or it is somebody else's.
    #[error("there is no ticket {0}")]
    Absent(TicketId),
    /// Somebody was admitted with it.
    #[error("ticket {0} was used")]
    Used(TicketId),
    /// It was refunded or revoked.
    #[error("ticket {0} has ended")]
    Ended(TicketId),
    #[error("ticket {0} was reissued {max} times, which is the most", max = GENERATIONS_MAX)]
    ReissueLimit(TicketId),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl ChangeError {
    pub fn code(&self) -> Code {
        match self {
            ChangeError::Absent(_) => Code::NotFound,
            ChangeError::Used(_) => Code::TicketUsed,
            ChangeError::Ended(_) => Code::WrongState,
            ChangeError::ReissueLimit(_) => Code::Conflict,
            ChangeError::Store(store::Error::Busy(_)) => Code::Unavailable,
            ChangeError::Store(_) => Code::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_reads_back_from_its_word_and_nothing_else_does() {
        for status in Status::ALL {
            assert_eq!(status.text().parse(), Ok(status));
        }
        for wrong in ["", "Issued", "issued ", "held"] {
            assert_eq!(wrong.parse::<Status>(), Err(StatusError), "{wrong:?}");
        }
    }
}
