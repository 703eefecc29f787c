use std::collections::HashMap;

use serde_json::json;
use stagedoor_core::{OrderId, TicketId, UserId};
use store::Tx;
use store::audit::Entry;

use crate::sql;
use crate::ticket::{
    Access, Cause, ChangeError, ChangeKind, Ending, GENERATIONS_MAX, IssueError, NewTickets, Reach, Status,
    TICKETS_PER_ORDER_MAX, Ticket,
};

/// Issues the tickets of a sold order, in the transaction that records the sale. Issuing the
/// same order again changes nothing and answers with its tickets as they are now. After an
/// error the caller drops the transaction.
///
/// Signing is left to whoever shows the barcode, so this costs one statement.
/// Source: document 003, fulfilment.
pub async fn issue(tx: &Tx, new: &NewTickets) -> Result<Vec<Ticket>, IssueError> {
    let count = new.tickets.len();
    assert!((1..=TICKETS_PER_ORDER_MAX).contains(&count), "{} has {count} tickets", new.order);
    let issued_at = tx.now();
    let fresh: Vec<Ticket> = (0..)
        .zip(&new.tickets)
        .map(|(position, ticket)| Ticket {
            id: TicketId::fresh(tx.env()),
            organizer: ticket.organizer,
            event: ticket.event,
            order: new.order,
            position,
            owner: new.owner,
            place: ticket.place.clone(),
            level: ticket.level.clone(),
            level_name: ticket.level_name.clone(),
            ticket_type: ticket.ticket_type.clone(),
            face_value: ticket.face_value,
            status: Status::Issued,
            generation: 1,
            issued_at,
        })
        .collect();
    let inserted = sql::insert_tickets(tx, &fresh).await?;
    if inserted == count as u64 {
        return Ok(fresh);
    }
    // Rows were refused, either because the order has them or because their seat has an owner.
    let stored = sql::of_order(tx, new.order).await?;
    if stored.len() as u64 == inserted {
        let refused = fresh.iter().find(|ticket| !stored.iter().any(|stored| stored.position == ticket.position));
        let refused = refused.expect("fewer rows were stored than wanted");
        return Err(IssueError::SeatOwned { order: new.order, event: refused.event, place: refused.place.clone() });
    }
    let same = |(stored, fresh): (&Ticket, &Ticket)| {
        (stored.position, stored.event, &stored.place) == (fresh.position, fresh.event, &fresh.place)
    };
    if inserted == 0 && stored.len() == count && stored.iter().zip(&fresh).all(same) {
        Ok(stored)
    } else {
        Err(IssueError::Differs { order: new.order })
    }
}

/// Ends tickets of one order: all of them or, with an error, none. Tickets that ended before
/// are left as they are, so calling again is safe. The answer is in the order of `tickets`.
///
/// A seat goes back on sale after this, never before: the seat's rule lets only one live ticket
/// exist. Source: API.md `POST /orders/{order}/cancel`.
pub async fn revoke(
    tx: &Tx,
    order: OrderId,
    tickets: &[TicketId],
    ending: Ending,
    reach: Reach,
    cause: Cause<'_>,
) -> Result<Vec<Ticket>, ChangeError> {
    let mut known: HashMap<TicketId, Ticket> =
        sql::lock_order(tx, order).await?.into_iter().map(|ticket| (ticket.id, ticket)).collect();
    for id in tickets {
        let ticket = known.get(id).ok_or(ChangeError::Absent(*id))?;
        if ticket.status == Status::Used && reach == Reach::UnusedOnly {
            return Err(ChangeError::Used(*id));
        }
    }
    for id in tickets {
        let ticket = known.get_mut(id).expect("looked up above");
        if matches!(ticket.status, Status::Issued | Status::Used) {
            sql::end_ticket(tx, ticket, ending.status()).await?;
            sql::insert_change(tx, ticket, ending.into(), ticket.owner, cause).await?;
            ticket.status = ending.status();
        }
    }
    Ok(tickets.iter().map(|id| known[id].clone()).collect())
}

/// Gives the ticket a new barcode; the old one admits nobody any more.
/// Source: API.md `POST /tickets/{ticket}/reissue`; RELIABILITY.md bug 14.
pub async fn reissue(tx: &Tx, access: Access, ticket: TicketId, cause: Cause<'_>) -> Result<Ticket, ChangeError> {
    renew(tx, access, ticket, None, cause).await
}

/// Gives the ticket to another fan, with a new barcode; the old owner's admits nobody any more.
/// Source: API.md `POST /tickets/{ticket}/transfer`; RELIABILITY.md bug 14.
pub async fn transfer(
    tx: &Tx,
    access: Access,
    ticket: TicketId,
    to: UserId,
    cause: Cause<'_>,
) -> Result<Ticket, ChangeError> {
    renew(tx, access, ticket, Some(to), cause).await
}

async fn renew(
    tx: &Tx,
    access: Access,
    id: TicketId,
    to: Option<UserId>,
    cause: Cause<'_>,
) -> Result<Ticket, ChangeError> {
    let mut ticket = sql::lock_ticket(tx, access, id).await?.ok_or(ChangeError::Absent(id))?;
    match ticket.status {
        Status::Issued => {}
        Status::Used => return Err(ChangeError::Used(id)),
        Status::Refunded | Status::Revoked => return Err(ChangeError::Ended(id)),
    }
    if ticket.generation >= GENERATIONS_MAX {
        return Err(ChangeError::ReissueLimit(id));
    }
    let owner_before = ticket.owner;
    let value = |ticket: &Ticket| json!({ "owner": ticket.owner, "version": ticket.generation });
    let before = value(&ticket);
    ticket.generation += 1;
    ticket.owner = to.unwrap_or(owner_before);
    sql::renew_ticket(tx, &ticket).await?;
    let kind = if to.is_some() { ChangeKind::Transferred } else { ChangeKind::Reissued };
    sql::insert_change(tx, &ticket, kind, owner_before, cause).await?;
    let action = if to.is_some() { "ticket.transfer" } else { "ticket.reissue" };
    tx.audit(Entry::new(ticket.organizer, action, id).change(before, value(&ticket)));
    Ok(ticket)
}
