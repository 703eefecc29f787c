//! What a door is told: the tickets of its event, for scanners without a network, and who came.

use std::collections::BTreeMap;

use stagedoor_core::{EventId, OrganizerId, TicketId, Timestamp};
use store::{Result, Tx};

use crate::scan::Admission;
use crate::sql;
use crate::ticket::{Status, Ticket};

/// Tickets on one page of a scanner's list.
pub const DOOR_PAGE_MAX: u32 = 1_000;

/// Gates told apart. Scanners name them freely.
const GATES_MAX: u32 = 100;

/// Part of the list: each ticket with the admission it had, if it was used.
#[derive(Debug, Clone)]
pub struct DoorPage {
    pub tickets: Vec<(Ticket, Option<Admission>)>,
    /// The `after` of the following page; absent on the last one.
    pub next: Option<TicketId>,
}

/// Who came, and who is still to come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attendance {
    /// Tickets that are good and were not used yet.
    pub expected: u32,
    pub admitted: u32,
    /// The hundred where most came in, and the hundred that refused most.
    pub gates: Vec<Gate>,
    /// Only minutes in which somebody came, the oldest first.
    pub minutes: Vec<Minute>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    pub name: String,
    pub admitted: u32,
    /// Scans of this event's tickets that admitted nobody.
    pub refused: u32,
    /// When the last one came in.
    pub last_at: Option<Timestamp>,
}

/// Who came in within a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minute {
    /// Its beginning.
    pub at: Timestamp,
    pub gate: String,
    pub admitted: u32,
}

/// The tickets of an event in the order of their ids, whatever their status: at most `limit` after `after`.
/// `since`: only those that were issued, changed or scanned from then on.
pub async fn door_list(
    tx: &Tx,
    organizer: OrganizerId,
    event: EventId,
    since: Option<Timestamp>,
    after: Option<TicketId>,
    limit: u32,
) -> Result<DoorPage> {
    let limit = limit.clamp(1, DOOR_PAGE_MAX);
    let since = since.unwrap_or(Timestamp::MIN);
    let mut found = sql::changed_since(tx, organizer, event, since, after, limit + 1).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|ticket| ticket.id);
    let used = found.iter().filter(|ticket| ticket.status == Status::Used).map(|ticket| ticket.id);
    let mut admissions = sql::admissions(tx, &Vec::from_iter(used)).await?;
    let tickets = found.into_iter().map(|ticket| {
        let admission = admissions.remove(&ticket.id);
        (ticket, admission)
    });
    Ok(DoorPage { tickets: tickets.collect(), next })
}

/// How it goes at the doors of an event. `since`: of when the minutes are told.
pub async fn attendance(tx: &Tx, organizer: OrganizerId, event: EventId, since: Timestamp) -> Result<Attendance> {
    let (expected, admitted) = sql::expected_and_admitted(tx, organizer, event).await?;
    let mut gates: BTreeMap<String, Gate> = BTreeMap::new();
    for (name, admitted, last_at) in sql::admitted_by_gate(tx, organizer, event, GATES_MAX).await? {
        gates.insert(name.clone(), Gate { name, admitted, refused: 0, last_at: Some(last_at) });
    }
    for (name, refused) in sql::refused_by_gate(tx, organizer, event, GATES_MAX).await? {
        let empty = Gate { name: name.clone(), admitted: 0, refused: 0, last_at: None };
        gates.entry(name).or_insert(empty).refused = refused;
    }
    let gates = Vec::from_iter(gates.into_values());
    let minutes = sql::admitted_by_minute(tx, organizer, event, since).await?;
    let minutes = minutes.into_iter().map(|(at, gate, admitted)| Minute { at, gate, admitted }).collect();
    Ok(Attendance { expected, admitted, gates, minutes })
}

/// What an event sold, by its tickets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sold {
    /// Tickets that are good or were used.
    pub tickets: u32,
    /// Their face values, in the minor unit of the event's currency.
    pub face_value_minor: i64,
    /// Only minutes in which something was sold, the oldest first; what was given back since counts, too.
    pub minutes: Vec<SoldMinute>,
}

/// What was sold within a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldMinute {
    /// Its beginning.
    pub at: Timestamp,
    pub tickets: u32,
    pub face_value_minor: i64,
}

/// What an event sold. `since`: of when the minutes are told.
pub async fn sold(tx: &Tx, organizer: OrganizerId, event: EventId, since: Timestamp) -> Result<Sold> {
    let (tickets, face_value_minor) = sql::sold(tx, organizer, event).await?;
    let minutes = sql::sold_by_minute(tx, organizer, event, since).await?;
    let minute = |(at, tickets, face_value_minor)| SoldMinute { at, tickets, face_value_minor };
    Ok(Sold { tickets, face_value_minor, minutes: minutes.into_iter().map(minute).collect() })
}
