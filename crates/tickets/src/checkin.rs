use std::collections::BTreeSet;

use serde_json::json;
use stagedoor_core::{Code, EventId, OrganizerId, TicketId, UserId};
use store::audit::Entry;
use store::{Origin, Store};

use crate::scan::{Admits, Books, CheckIn, Judged, Replay, Scan, ScanRefused};
use crate::sql;

/// Scans in one upload: a scanner's busiest hour.
pub const SCANS_PER_UPLOAD_MAX: usize = 1_000;

/// Uploads that meet on a scan id are tried again; the second time the other's scan is there.
const ATTEMPTS: u32 = 3;

/// Who scans, for whom. The caller has checked that `by` may.
#[derive(Debug, Clone, Copy)]
pub struct Door {
    /// Tickets of any other organizer are unknown here.
    pub organizer: OrganizerId,
    pub by: UserId,
}

/// Why an upload was not taken at all.
#[derive(Debug, thiserror::Error)]
pub enum CheckInError {
    #[error("an upload holds at most {SCANS_PER_UPLOAD_MAX} scans, this one has {0}")]
    TooMany(usize),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl CheckInError {
    pub fn code(&self) -> Code {
        match self {
            CheckInError::TooMany(_) => Code::InvalidField,
            CheckInError::Store(store::Error::Busy(_)) => Code::Unavailable,
            CheckInError::Store(_) => Code::Internal,
        }
    }
}

/// Judges scans, one or a whole offline shift, and answers each in its place.
///
/// Of a ticket's good scans the one with the smallest (`scanned_at`, `scan_id`) is admitted and
/// the others find it used, in whatever order and uploads they arrive; a scan that turns out to
/// be earlier than the admitted one takes its place and names it in `superseded`. A scan that
/// comes again gets its verdict again. Everything is decided in one write transaction and
/// durable before this returns.
///
/// `admits` says when an event admits, and with what. Source: API.md `POST /organizers/{org}/checkins`;
/// ARCHITECTURE.md invariant 12; ALGORITHMS.md section 11.
pub async fn check_in(
    store: &Store,
    origin: &Origin,
    door: Door,
    scans: &[Scan],
    admits: impl Fn(EventId) -> Admits,
) -> Result<Vec<Result<CheckIn, ScanRefused>>, CheckInError> {
    if scans.len() > SCANS_PER_UPLOAD_MAX {
        return Err(CheckInError::TooMany(scans.len()));
    }
    let mut attempt = 1;
    loop {
        match judge(store, origin, door, scans, &admits).await {
            Err(store::Error::Conflict { .. }) if attempt < ATTEMPTS => attempt += 1,
            outcome => return Ok(outcome?),
        }
    }
}

async fn judge(
    store: &Store,
    origin: &Origin,
    door: Door,
    scans: &[Scan],
    admits: &impl Fn(EventId) -> Admits,
) -> store::Result<Vec<Result<CheckIn, ScanRefused>>> {
    let tx = store.begin_write_for(origin).await?;
    // Sorted, so that two uploads lock the tickets they share in one order.
    let named: BTreeSet<TicketId> = scans.iter().filter_map(|scan| scan.barcode).map(|code| code.ticket).collect();
    let tickets = sql::lock_tickets(&tx, door.organizer, &Vec::from_iter(named)).await?;
    let ids = Vec::from_iter(tickets.keys().copied());
    let before = sql::admissions(&tx, &ids).await?;
    let known = sql::scans(&tx, door.organizer, &Vec::from_iter(scans.iter().map(|scan| scan.id.as_str()))).await?;

    let now = tx.now();
    let mut books = Books { tickets, scans: known, admissions: before.clone() };
    let taken = Vec::from_iter(scans.iter().map(|scan| books.take(scan, now, admits)));

    let fresh: Vec<&Judged> = scans
        .iter()
        .zip(&taken)
        .filter(|(_, taken)| **taken == Ok(Replay::Fresh))
        .map(|(scan, _)| &books.scans[&scan.id])
        .collect();
    sql::insert_scans(&tx, door, &fresh, now).await?;
    for (ticket, admission) in &books.admissions {
        match before.get(ticket) {
            None => sql::insert_admission(&tx, door.organizer, *ticket, admission).await?,
            Some(earlier) if earlier != admission => sql::move_admission(&tx, *ticket, admission).await?,
            Some(_) => {}
        }
    }
    if !fresh.is_empty() {
        tx.audit(said(door, &fresh));
    }
    tx.commit().await?;

    let answers = scans.iter().zip(taken).map(|(scan, taken)| {
        let answer = books.answer(scan, taken?, &before);
        if let (Some(ticket), Some(superseded)) = (&answer.ticket, &answer.superseded) {
            tracing::warn!(ticket = %ticket.id, gate = ?scan.gate, first_told = ?superseded.gate, "a ticket was used at two gates");
        }
        Ok(answer)
    });
    Ok(answers.collect())
}

/// An upload is one entry, however many scans it has: each of them is a row of its own.
fn said(door: Door, fresh: &[&Judged]) -> Entry {
    let scan = |scan: &&Judged| json!({ "scan": scan.id, "ticket": scan.ticket, "gate": scan.gate, "finding": scan.finding.text() });
    let scans: Vec<_> = fresh.iter().map(scan).collect();
    match fresh {
        [Judged { ticket: Some(ticket), .. }] => Entry::new(door.organizer, "ticket.check_in", ticket),
        _ => Entry::new(door.organizer, "ticket.check_in", "scans"),
    }
    .after(json!({ "scans": scans }))
}
