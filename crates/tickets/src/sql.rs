//! Every statement on the tables of this crate.

use std::collections::HashMap;

use stagedoor_core::{EventId, Money, OrderId, OrganizerId, TicketId, Timestamp, UserId};
use store::{Error, IntoParam, Result, Row, Tx, dialect, list, rows};
use uuid::Uuid;

use crate::checkin::Door;
use crate::scan::{Admission, Finding, Judged, ScanRecord};
use crate::ticket::{Access, AttendeeFilter, Cause, Change, ChangeKind, Page, PageRequest, Place, Status, Ticket};

/// Rows or ids in one statement: few distinct statement texts, and far below both databases'
/// limits on parameters.
const ROWS_MAX: usize = 100;

const TICKET: &str = "id, organizer_id, event_id, order_id, position, owner_id, seat, section, row_label, \
                      seat_label, area, area_name, level, level_name, ticket_type, face_value_minor, currency, status, \
                      generation, issued_at";

/// Of the order's places, those that have no ticket yet and whose seat no live ticket owns;
/// the number of rows says whether that was all.
pub async fn insert_tickets(tx: &Tx, tickets: &[Ticket]) -> Result<u64> {
    let mut inserted = 0;
    for some in tickets.chunks(ROWS_MAX) {
        let mut params = Vec::new();
        for ticket in some {
            let (seat, section, row, label, area, area_name) = match &ticket.place {
                Place::Seat { id, section, row, label } => {
                    (Some(&**id), Some(&**section), Some(&**row), Some(&**label), None, None)
                }
                Place::Area { id, name } => (None, None, None, None, Some(&**id), Some(&**name)),
            };
            params.extend([
                ticket.id.into_param(),
                ticket.organizer.into_param(),
                ticket.event.into_param(),
                ticket.order.into_param(),
                ticket.position.into_param(),
                ticket.owner.into_param(),
                seat.into_param(),
                section.into_param(),
                row.into_param(),
                label.into_param(),
                area.into_param(),
                area_name.into_param(),
                ticket.level.as_str().into_param(),
                ticket.level_name.as_str().into_param(),
                ticket.ticket_type.as_str().into_param(),
                ticket.face_value.minor.into_param(),
                ticket.face_value.currency.into_param(),
                ticket.status.text().into_param(),
                ticket.generation.into_param(),
                ticket.issued_at.into_param(),
            ]);
        }
        let sql = format!("INSERT INTO ticket ({TICKET}) VALUES {} ON CONFLICT DO NOTHING", rows(some.len(), 20));
        inserted += tx.execute(&sql, params).await?;
    }
    Ok(inserted)
}

/// The tickets of an order by their position, whatever their status.
pub async fn of_order(tx: &Tx, order: OrderId) -> Result<Vec<Ticket>> {
    let sql = format!("SELECT {TICKET} FROM ticket WHERE order_id = $1 ORDER BY position");
    tx.all(&sql, (order,), ticket).await
}

/// The tickets of several orders, each order's by their position.
pub async fn of_orders(tx: &Tx, orders: &[OrderId]) -> Result<Vec<Ticket>> {
    let mut found = Vec::new();
    for some in orders.chunks(ROWS_MAX) {
        let sql = format!(
            "SELECT {TICKET} FROM ticket WHERE order_id IN {ids} ORDER BY order_id, position",
            ids = list(1, some.len()),
        );
        found.extend(tx.all(&sql, Vec::from_iter(some.iter().map(|id| id.into_param())), ticket).await?);
    }
    Ok(found)
}

/// The tickets of an order, kept from changing until the transaction ends.
pub async fn lock_order(tx: &Tx, order: OrderId) -> Result<Vec<Ticket>> {
    let lock = dialect::for_update(tx.backend());
    let sql = format!("SELECT {TICKET} FROM ticket WHERE order_id = $1 ORDER BY id{lock}");
    tx.all(&sql, (order,), ticket).await
}

/// The tickets a fan owns, newest first; with `status` those alone.
pub async fn of_owner(tx: &Tx, owner: UserId, status: Option<Status>, page: PageRequest) -> Result<Page> {
    let sql = format!(
        "SELECT {TICKET} FROM ticket WHERE owner_id = $1 AND id < $2 AND ($3 = '' OR status = $3)
          ORDER BY id DESC LIMIT $4"
    );
    let after = page.after.unwrap_or(TicketId(Uuid::max()));
    let found = tx.all(&sql, (owner, after, any_or(status), i64::from(page.limit) + 1), ticket).await?;
    Ok(Page::cut(found, page.limit))
}

/// The tickets to an organizer's event that `filter` finds, oldest first.
pub async fn attendees(
    tx: &Tx,
    organizer: OrganizerId,
    event: EventId,
    filter: &AttendeeFilter,
    page: PageRequest,
) -> Result<Page> {
    let AttendeeFilter { status, owner, order, ticket: id } = *filter;
    let after = page.after.unwrap_or(TicketId(Uuid::nil()));
    let mut params = vec![
        event.into_param(),
        organizer.into_param(),
        after.into_param(),
        any_or(status).into_param(),
        (i64::from(page.limit) + 1).into_param(),
    ];
    let mut conditions = String::new();
    let wanted = [("owner_id", owner.map(|id| id.0)), ("order_id", order.map(|id| id.0)), ("id", id.map(|id| id.0))];
    for (column, value) in wanted {
        if let Some(value) = value {
            params.push(value.into_param());
            conditions.push_str(&format!(" AND {column} = ${}", params.len()));
        }
    }
    let sql = format!(
        "SELECT {TICKET} FROM ticket
          WHERE event_id = $1 AND organizer_id = $2 AND id > $3 AND ($4 = '' OR status = $4){conditions}
          ORDER BY id LIMIT $5"
    );
    let found = tx.all(&sql, params, ticket).await?;
    Ok(Page::cut(found, page.limit))
}

/// The tickets to an organizer's event that were issued, changed or scanned from `since` on, oldest first.
pub async fn changed_since(
    tx: &Tx,
    organizer: OrganizerId,
    event: EventId,
    since: Timestamp,
    after: Option<TicketId>,
    limit: u32,
) -> Result<Vec<Ticket>> {
    let sql = format!(
        "SELECT {TICKET} FROM ticket WHERE event_id = $1 AND organizer_id = $2 AND id > $3
            AND (issued_at >= $4
                 OR id IN (SELECT ticket_id FROM ticket_change WHERE changed_at >= $4)
                 OR id IN (SELECT ticket_id FROM ticket_scan WHERE organizer_id = $2 AND received_at >= $4))
          ORDER BY id LIMIT $5"
    );
    tx.all(&sql, (event, organizer, after.unwrap_or(TicketId(Uuid::nil())), since, i64::from(limit)), ticket).await
}

/// Tickets to an event that are good and were not used, and those that somebody came in with.
pub async fn expected_and_admitted(tx: &Tx, organizer: OrganizerId, event: EventId) -> Result<(u32, u32)> {
    tx.one(
        "SELECT (SELECT COUNT(*) FROM ticket WHERE event_id = $1 AND organizer_id = $2 AND status = 'issued'),
                (SELECT COUNT(*) FROM ticket_admission a JOIN ticket t ON t.id = a.ticket_id
                  WHERE t.event_id = $1 AND t.organizer_id = $2)",
        (event, organizer),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// By gate who came in to an event, and when the last one did; where most came in first.
pub async fn admitted_by_gate(
    tx: &Tx,
    organizer: OrganizerId,
    event: EventId,
    limit: u32,
) -> Result<Vec<(String, u32, Timestamp)>> {
    tx.all(
        "SELECT a.gate, COUNT(*), MAX(a.scanned_at) FROM ticket_admission a JOIN ticket t ON t.id = a.ticket_id
          WHERE t.event_id = $1 AND t.organizer_id = $2 GROUP BY a.gate ORDER BY COUNT(*) DESC, a.gate LIMIT $3",
        (event, organizer, limit),
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
    .await
}

/// By gate the scans of an event's tickets that admitted nobody; where most were refused first.
pub async fn refused_by_gate(
    tx: &Tx,
    organizer: OrganizerId,
    event: EventId,
    limit: u32,
) -> Result<Vec<(String, u32)>> {
    tx.all(
        "SELECT s.gate, COUNT(*) FROM ticket_scan s JOIN ticket t ON t.id = s.ticket_id
          WHERE t.event_id = $1 AND t.organizer_id = $2 AND s.organizer_id = $2
            AND NOT EXISTS (SELECT 1 FROM ticket_admission a
                             WHERE a.ticket_id = s.ticket_id AND a.scan_id = s.scan_id)
          GROUP BY s.gate ORDER BY COUNT(*) DESC, s.gate LIMIT $3",
        (event, organizer, limit),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// By minute and gate who came in to an event from `since` on.
pub async fn admitted_by_minute(
    tx: &Tx,
    organizer: OrganizerId,
    event: EventId,
    since: Timestamp,
) -> Result<Vec<(Timestamp, String, u32)>> {
    let sql = format!(
        "SELECT {minute} AS minute, a.gate, COUNT(*) FROM ticket_admission a JOIN ticket t ON t.id = a.ticket_id
          WHERE t.event_id = $1 AND t.organizer_id = $2 AND a.scanned_at >= $3
          GROUP BY minute, a.gate ORDER BY minute, a.gate",
        minute = minute("a.scanned_at"),
    );
    tx.all(&sql, (event, organizer, since), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).await
}

/// The tickets to an event that are good or were used, and their face values.
pub async fn sold(tx: &Tx, organizer: OrganizerId, event: EventId) -> Result<(u32, i64)> {
    tx.one(
        "SELECT COUNT(*), COALESCE(CAST(SUM(face_value_minor) AS BIGINT), 0) FROM ticket
          WHERE event_id = $1 AND organizer_id = $2 AND status IN ('issued', 'used')",
        (event, organizer),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// By minute the tickets to an event that were issued from `since` on, and their face values.
pub async fn sold_by_minute(
    tx: &Tx,
    organizer: OrganizerId,
    event: EventId,
    since: Timestamp,
) -> Result<Vec<(Timestamp, u32, i64)>> {
    let sql = format!(
        "SELECT {minute} AS minute, COUNT(*), CAST(SUM(face_value_minor) AS BIGINT) FROM ticket
          WHERE event_id = $1 AND organizer_id = $2 AND issued_at >= $3 GROUP BY minute ORDER BY minute",
        minute = minute("issued_at"),
    );
    tx.all(&sql, (event, organizer, since), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).await
}

/// The minute in which an instant of a column lies.
fn minute(column: &str) -> String {
    format!("({column} / 60000000) * 60000000")
}

/// The tickets that admit or admitted somebody, of all organizers, by id: for comparing them with
/// what the seat engine sold.
pub async fn live(tx: &Tx, after: Option<TicketId>, limit: u32) -> Result<Vec<Ticket>> {
    let sql =
        format!("SELECT {TICKET} FROM ticket WHERE id > $1 AND status IN ('issued', 'used') ORDER BY id LIMIT $2");
    tx.all(&sql, (after.unwrap_or(TicketId(Uuid::nil())), limit), ticket).await
}

fn any_or(status: Option<Status>) -> &'static str {
    status.map_or("", Status::text)
}

/// A ticket the caller may see.
pub async fn find(tx: &Tx, access: Access, id: TicketId) -> Result<Option<Ticket>> {
    one_of(tx, access, id, "").await
}

/// The same, kept from changing until the transaction ends.
pub async fn lock_ticket(tx: &Tx, access: Access, id: TicketId) -> Result<Option<Ticket>> {
    one_of(tx, access, id, dialect::for_update(tx.backend())).await
}

async fn one_of(tx: &Tx, access: Access, id: TicketId, lock: &str) -> Result<Option<Ticket>> {
    let (column, whose) = match access {
        Access::Owner(owner) => ("owner_id", owner.0),
        Access::Organizer(organizer) => ("organizer_id", organizer.0),
    };
    let sql = format!("SELECT {TICKET} FROM ticket WHERE id = $1 AND {column} = $2{lock}");
    tx.optional(&sql, (id, whose), ticket).await
}

/// Those of `ids` (sorted) that are the organizer's, kept from changing until the transaction ends.
pub async fn lock_tickets(tx: &Tx, organizer: OrganizerId, ids: &[TicketId]) -> Result<HashMap<TicketId, Ticket>> {
    let mut found = HashMap::new();
    for some in ids.chunks(ROWS_MAX) {
        let sql = format!(
            "SELECT {TICKET} FROM ticket WHERE organizer_id = $1 AND id IN {ids} ORDER BY id{lock}",
            ids = list(2, some.len()),
            lock = dialect::for_update(tx.backend()),
        );
        let mut params = vec![organizer.into_param()];
        params.extend(some.iter().map(|id| id.into_param()));
        found.extend(tx.all(&sql, params, ticket).await?.into_iter().map(|ticket| (ticket.id, ticket)));
    }
    Ok(found)
}

/// Stores the owner and generation of a locked ticket.
pub async fn renew_ticket(tx: &Tx, ticket: &Ticket) -> Result<()> {
    let sql =
        "UPDATE ticket SET owner_id = $2, generation = $3 WHERE id = $1 AND generation = $3 - 1 AND status = 'issued'";
    let changed = tx.execute(sql, (ticket.id, ticket.owner, i64::from(ticket.generation))).await?;
    assert_eq!(changed, 1, "{} changed while it was locked", ticket.id);
    Ok(())
}

/// Ends a locked, live ticket.
pub async fn end_ticket(tx: &Tx, ticket: &Ticket, status: Status) -> Result<()> {
    let sql = "UPDATE ticket SET status = $2 WHERE id = $1 AND status = $3";
    let changed = tx.execute(sql, (ticket.id, status.text(), ticket.status.text())).await?;
    assert_eq!(changed, 1, "{} changed while it was locked", ticket.id);
    Ok(())
}

/// `ticket` is as it is after the change.
pub async fn insert_change(
    tx: &Tx,
    ticket: &Ticket,
    kind: ChangeKind,
    owner_before: UserId,
    cause: Cause<'_>,
) -> Result<()> {
    tx.execute(
        "INSERT INTO ticket_change (ticket_id, generation, kind, changed_by, owner_before, reason, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        (ticket.id, ticket.generation, kind.text(), cause.by, owner_before, cause.reason, tx.now()),
    )
    .await?;
    Ok(())
}

/// What happened to a ticket after it was issued, oldest first.
pub async fn changes(tx: &Tx, ticket: TicketId) -> Result<Vec<Change>> {
    tx.all(
        "SELECT kind, generation, changed_by, owner_before, reason, changed_at FROM ticket_change
          WHERE ticket_id = $1 ORDER BY changed_at, generation",
        (ticket,),
        |row| {
            let kind: String = row.get(0)?;
            Ok(Change {
                kind: kind.parse().map_err(|()| Error::corrupt(format!("{kind:?} is no change of a ticket")))?,
                generation: row.get(1)?,
                by: row.get(2)?,
                owner_before: row.get(3)?,
                reason: row.get(4)?,
                at: row.get(5)?,
            })
        },
    )
    .await
}

/// The scans among `ids` that were judged, by their id.
pub async fn scans(tx: &Tx, organizer: OrganizerId, ids: &[&str]) -> Result<HashMap<String, Judged>> {
    let mut found = HashMap::new();
    for some in ids.chunks(ROWS_MAX) {
        let sql = format!(
            "SELECT scan_id, print, ticket_id, generation, gate, finding, scanned_at FROM ticket_scan
              WHERE organizer_id = $1 AND scan_id IN {ids}",
            ids = list(2, some.len()),
        );
        let mut params = vec![organizer.into_param()];
        params.extend(some.iter().map(|id| id.into_param()));
        found.extend(tx.all(&sql, params, judged).await?.into_iter().map(|scan| (scan.id.clone(), scan)));
    }
    Ok(found)
}

/// Fails with a conflict when another upload brought one of the scan ids meanwhile.
pub async fn insert_scans(tx: &Tx, door: Door, scans: &[&Judged], received_at: Timestamp) -> Result<()> {
    for some in scans.chunks(ROWS_MAX) {
        let mut params = Vec::new();
        for scan in some {
            params.extend([
                door.organizer.into_param(),
                scan.id.as_str().into_param(),
                scan.print.into_param(),
                scan.ticket.into_param(),
                scan.generation.into_param(),
                scan.gate.as_str().into_param(),
                scan.finding.text().into_param(),
                scan.scanned_at.into_param(),
                door.by.into_param(),
                received_at.into_param(),
            ]);
        }
        let sql = format!(
            "INSERT INTO ticket_scan (organizer_id, scan_id, print, ticket_id, generation, gate, finding, scanned_at,
                                      scanned_by, received_at)
             VALUES {rows}",
            rows = rows(some.len(), 10),
        );
        tx.execute(&sql, params).await?;
    }
    Ok(())
}

/// The admissions of those of `tickets` that admitted somebody.
pub async fn admissions(tx: &Tx, tickets: &[TicketId]) -> Result<HashMap<TicketId, Admission>> {
    let mut found = HashMap::new();
    for some in tickets.chunks(ROWS_MAX) {
        let sql = format!(
            "SELECT ticket_id, scan_id, gate, scanned_at FROM ticket_admission WHERE ticket_id IN {ids}",
            ids = list(1, some.len()),
        );
        let params = Vec::from_iter(some.iter().map(|id| id.into_param()));
        let admission = |row: &Row| {
            Ok((row.get(0)?, Admission { scan_id: row.get(1)?, gate: row.get(2)?, scanned_at: row.get(3)? }))
        };
        found.extend(tx.all(&sql, params, admission).await?);
    }
    Ok(found)
}

/// The ticket, which the transaction has locked, admitted somebody for the first time.
pub async fn insert_admission(tx: &Tx, organizer: OrganizerId, ticket: TicketId, admission: &Admission) -> Result<()> {
    tx.execute(
        "INSERT INTO ticket_admission (ticket_id, organizer_id, scan_id, gate, scanned_at) VALUES ($1, $2, $3, $4, $5)",
        (ticket, organizer, &admission.scan_id, &admission.gate, admission.scanned_at),
    )
    .await?;
    let used = tx.execute("UPDATE ticket SET status = 'used' WHERE id = $1 AND status = 'issued'", (ticket,)).await?;
    assert_eq!(used, 1, "{ticket} admitted somebody although it was not good");
    Ok(())
}

/// An earlier scan takes the place of the one that was admitted.
pub async fn move_admission(tx: &Tx, ticket: TicketId, admission: &Admission) -> Result<()> {
    tx.execute(
        "UPDATE ticket_admission SET scan_id = $2, gate = $3, scanned_at = $4 WHERE ticket_id = $1",
        (ticket, &admission.scan_id, &admission.gate, admission.scanned_at),
    )
    .await?;
    Ok(())
}

/// Scans of one ticket that are shown.
const SCANS_MAX: u32 = 200;

/// The first scans of one of the organizer's tickets with their verdicts as of now, oldest first: two
/// good ones from different gates tell that two people came with one ticket.
pub async fn scans_of(tx: &Tx, organizer: OrganizerId, ticket: TicketId) -> Result<Vec<ScanRecord>> {
    tx.all(
        "SELECT s.scan_id, s.gate, s.finding, s.generation, s.scanned_at, s.scanned_by, s.received_at, a.scan_id
           FROM ticket_scan s LEFT JOIN ticket_admission a ON a.ticket_id = s.ticket_id
          WHERE s.ticket_id = $1 AND s.organizer_id = $2 ORDER BY s.scanned_at, s.scan_id LIMIT $3",
        (ticket, organizer, SCANS_MAX),
        |row| {
            let scan_id: String = row.get(0)?;
            let winner: Option<String> = row.get(7)?;
            Ok(ScanRecord {
                result: finding(row.get(2)?)?.verdict(winner.as_ref() == Some(&scan_id)),
                scan_id,
                gate: row.get(1)?,
                generation: row.get(3)?,
                scanned_at: row.get(4)?,
                scanned_by: row.get(5)?,
                received_at: row.get(6)?,
            })
        },
    )
    .await
}

fn ticket(row: &Row) -> Result<Ticket> {
    let place = match (row.get(6)?, row.get(7)?, row.get(8)?, row.get(9)?, row.get(10)?, row.get(11)?) {
        (Some(id), Some(section), Some(row), Some(label), None, None) => Place::Seat { id, section, row, label },
        (None, None, None, None, Some(id), Some(name)) => Place::Area { id, name },
        _ => return Err(Error::corrupt("a ticket is neither for a seat nor for an area")),
    };
    let status: String = row.get(17)?;
    Ok(Ticket {
        id: row.get(0)?,
        organizer: row.get(1)?,
        event: row.get(2)?,
        order: row.get(3)?,
        position: row.get(4)?,
        owner: row.get(5)?,
        place,
        level: row.get(12)?,
        level_name: row.get(13)?,
        ticket_type: row.get(14)?,
        face_value: Money::new(row.get(15)?, row.get(16)?),
        status: status.parse().map_err(|_| Error::corrupt(format!("{status:?} is no status of a ticket")))?,
        generation: row.get(18)?,
        issued_at: row.get(19)?,
    })
}

fn judged(row: &Row) -> Result<Judged> {
    let print: Vec<u8> = row.get(1)?;
    Ok(Judged {
        id: row.get(0)?,
        print: print.try_into().map_err(|_| Error::corrupt("the print of a scan has 32 bytes"))?,
        ticket: row.get(2)?,
        generation: row.get(3)?,
        gate: row.get(4)?,
        finding: finding(row.get(5)?)?,
        scanned_at: row.get(6)?,
    })
}

fn finding(text: String) -> Result<Finding> {
    text.parse().map_err(|()| Error::corrupt(format!("{text:?} is no finding about a scan")))
}
