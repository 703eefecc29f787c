use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stagedoor_core::{EventId, Name, OrganizerId, SeatMapId, Timestamp};
use store::{IntoParam, Result, Row, Tx, list};
use uuid::Uuid;

use super::{VENUE, VENUE_WIDTH, performer_at, trusted, venue_at};
use crate::event::{Barcodes, Event, EventDetails, EventState, EventType};
use crate::offer::{AccessibleRelease, OrphanPolicy, PriceLevel, SaleWindow, TicketType};
use crate::search::EventCard;
use crate::venue::Performer;

const EVENT: &str = "e.id, e.organizer_id, e.venue_id, e.seat_map_id, e.series_id, e.name, e.kind, e.state,
       e.published_at, e.starts_at, e.ends_at, e.doors_at, e.currency, e.offer, e.hold_ttl_ms, e.seats_per_hold_max,
       e.tickets_per_fan_max, e.orphan_policy, e.refund_window_ms, e.capacity, e.version, e.created_at, e.moved_at,
       e.barcodes";
/// Columns of [`EVENT`].
const EVENT_WIDTH: usize = 24;

/// The `offer` column.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offer<Levels, Types, Windows> {
    price_levels: Levels,
    ticket_types: Types,
    sale_windows: Windows,
    #[serde(default = "unsaid_release")]
    accessible_release: AccessibleRelease,
}

/// What was the rule of every event when offers did not say it.
fn unsaid_release() -> AccessibleRelease {
    AccessibleRelease::RestSoldOut
}

type OwnedOffer = Offer<Vec<PriceLevel>, Vec<TicketType>, Vec<SaleWindow>>;

fn offer_of(details: &EventDetails) -> String {
    let EventDetails { price_levels, ticket_types, sale_windows, accessible_release, .. } = details;
    let offer = Offer { price_levels, ticket_types, sale_windows, accessible_release: *accessible_release };
    serde_json::to_string(&offer).expect("plain data always encodes")
}

/// The performers are left empty: they are rows of their own.
fn event_of_row(row: &Row) -> Result<Event> {
    let offer: OwnedOffer = serde_json::from_str(&row.get::<String>(13)?).map_err(|error| corrupt("offer", error))?;
    let state = row.get::<String>(7)?;
    Ok(Event {
        id: row.get(0)?,
        organizer: row.get(1)?,
        venue: row.get(2)?,
        seat_map: row.get(3)?,
        series: row.get(4)?,
        details: EventDetails {
            name: trusted(Name::parse("name", &row.get::<String>(5)?))?,
            kind: kind_of(&row.get::<String>(6)?)?,
            performers: Vec::new(),
            starts_at: row.get(9)?,
            ends_at: row.get(10)?,
            doors_at: row.get(11)?,
            currency: row.get(12)?,
            price_levels: offer.price_levels,
            ticket_types: offer.ticket_types,
            sale_windows: offer.sale_windows,
            hold_ttl: millis(row.get(14)?),
            seats_per_hold_max: row.get(15)?,
            tickets_per_fan_max: row.get(16)?,
            orphan_policy: policy_of(&row.get::<String>(17)?)?,
            accessible_release: offer.accessible_release,
            refund_window: millis(row.get(18)?),
            barcodes: barcodes_of(&row.get::<String>(23)?)?,
        },
        state: EventState::from_text(&state).ok_or_else(|| corrupt("state", state))?,
        published_at: row.get(8)?,
        moved_at: row.get(22)?,
        capacity: row.get(19)?,
        version: row.get(20)?,
        created_at: row.get(21)?,
    })
}

fn corrupt(column: &str, what: impl std::fmt::Display) -> store::Error {
    store::Error::corrupt(format!("event.{column}: {what}"))
}

fn kind_of(text: &str) -> Result<EventType> {
    EventType::from_text(text).ok_or_else(|| corrupt("kind", text))
}

fn policy_of(text: &str) -> Result<OrphanPolicy> {
    OrphanPolicy::from_text(text).ok_or_else(|| corrupt("orphan_policy", text))
}

fn barcodes_of(text: &str) -> Result<Barcodes> {
    Barcodes::from_text(text).ok_or_else(|| corrupt("barcodes", text))
}

fn millis(count: i64) -> Duration {
    Duration::from_millis(count.max(0) as u64)
}

fn as_millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).expect("checked details hold at most a year")
}

pub async fn insert_event(tx: &Tx, event: &Event) -> Result<()> {
    let details = &event.details;
    tx.execute(
        "INSERT INTO event (id, organizer_id, venue_id, seat_map_id, series_id, name, kind, state, published_at,
                            starts_at, ends_at, doors_at, currency, offer, hold_ttl_ms, seats_per_hold_max,
                            tickets_per_fan_max, orphan_policy, refund_window_ms, capacity, version, created_at,
                            changed_at, moved_at, barcodes)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                 $23, $24, $25)",
        (
            event.id,
            event.organizer,
            event.venue,
            event.seat_map,
            event.series,
            details.name.as_str(),
            details.kind.text(),
            event.state.text(),
            event.published_at,
            details.starts_at,
            details.ends_at,
            details.doors_at,
            details.currency,
            offer_of(details),
            as_millis(details.hold_ttl),
            details.seats_per_hold_max,
            details.tickets_per_fan_max,
            details.orphan_policy.text(),
            as_millis(details.refund_window),
            event.capacity,
            event.version,
            event.created_at,
            tx.now(),
            event.moved_at,
            details.barcodes.text(),
        ),
    )
    .await?;
    insert_bill(tx, event).await
}

/// Saves `event` as its next version; `false` when it is no longer at the version before.
pub async fn update_event(tx: &Tx, event: &Event) -> Result<bool> {
    let details = &event.details;
    let changed = tx
        .execute(
            "UPDATE event SET seat_map_id = $1, name = $2, kind = $3, state = $4, published_at = $5, starts_at = $6,
                    ends_at = $7, doors_at = $8, currency = $9, offer = $10, hold_ttl_ms = $11,
                    seats_per_hold_max = $12, tickets_per_fan_max = $13, orphan_policy = $14, refund_window_ms = $15,
                    capacity = $16, version = $17, changed_at = $18, venue_id = $19, moved_at = $20,
                    barcodes = $21
              WHERE id = $22 AND version = $17 - 1",
            (
                event.seat_map,
                details.name.as_str(),
                details.kind.text(),
                event.state.text(),
                event.published_at,
                details.starts_at,
                details.ends_at,
                details.doors_at,
                details.currency,
                offer_of(details),
                as_millis(details.hold_ttl),
                details.seats_per_hold_max,
                details.tickets_per_fan_max,
                details.orphan_policy.text(),
                as_millis(details.refund_window),
                event.capacity,
                event.version,
                tx.now(),
                event.venue,
                event.moved_at,
                details.barcodes.text(),
                event.id,
            ),
        )
        .await?;
    if changed == 0 {
        return Ok(false);
    }
    tx.execute("DELETE FROM event_performer WHERE event_id = $1", (event.id,)).await?;
    insert_bill(tx, event).await?;
    Ok(true)
}

async fn insert_bill(tx: &Tx, event: &Event) -> Result<()> {
    for (position, performer) in (0i32..).zip(&event.details.performers) {
        tx.execute(
            "INSERT INTO event_performer (event_id, position, performer_id) VALUES ($1, $2, $3)",
            (event.id, position, *performer),
        )
        .await?;
    }
    Ok(())
}

pub async fn event(tx: &Tx, id: EventId) -> Result<Option<Event>> {
    let found = tx.optional(&format!("SELECT {EVENT} FROM event e WHERE e.id = $1"), (id,), event_of_row).await?;
    let Some(mut event) = found else { return Ok(None) };
    event.details.performers = bill(tx, id).await?.into_iter().map(|performer| performer.id).collect();
    Ok(Some(event))
}

/// What the catalogue says of an event that the seat engine has to agree with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventStanding {
    pub event: EventId,
    pub state: EventState,
    pub has_map: bool,
    pub capacity: u32,
}

/// Every event by id, at most `limit` after `after`.
pub async fn standings(tx: &Tx, after: Option<EventId>, limit: u32) -> Result<Vec<EventStanding>> {
    let sql = "SELECT id, state, seat_map_id IS NOT NULL, capacity FROM event WHERE id > $1 ORDER BY id LIMIT $2";
    tx.all(sql, (after.unwrap_or(EventId(Uuid::nil())), limit), |row| {
        let state = row.get::<String>(1)?;
        let state = EventState::from_text(&state).ok_or_else(|| corrupt("state", state))?;
        Ok(EventStanding { event: row.get(0)?, state, has_map: row.get(2)?, capacity: row.get(3)? })
    })
    .await
}

/// The performers of an event in the order of the bill.
pub async fn bill(tx: &Tx, id: EventId) -> Result<Vec<Performer>> {
    tx.all(
        "SELECT p.id, p.organizer_id, p.name FROM event_performer b JOIN performer p ON p.id = b.performer_id
          WHERE b.event_id = $1 ORDER BY b.position",
        (id,),
        |row| performer_at(row, 0),
    )
    .await
}

/// Events of one organizer, newest first, with an id below `before`; of `among` alone, if there is such a list.
pub async fn events_of(
    tx: &Tx,
    organizer: OrganizerId,
    among: Option<&[EventId]>,
    before: EventId,
    limit: u32,
) -> Result<Vec<Event>> {
    let wanted = among.map_or(String::new(), |among| format!("AND e.id IN {}", list(4, among.len())));
    let page = format!("WHERE e.organizer_id = $1 AND e.id < $2 {wanted} ORDER BY e.id DESC LIMIT $3");
    let params = || {
        let first = [organizer.into_param(), before.into_param(), limit.into_param()];
        Vec::from_iter(first.into_iter().chain(among.into_iter().flatten().map(|id| id.into_param())))
    };
    let mut events = tx.all(&format!("SELECT {EVENT} FROM event e {page}"), params(), event_of_row).await?;
    let mut bills: HashMap<EventId, Vec<_>> = HashMap::new();
    let sql = format!(
        "SELECT b.event_id, b.performer_id FROM event_performer b
          WHERE b.event_id IN (SELECT e.id FROM event e {page}) ORDER BY b.event_id, b.position"
    );
    for (event, performer) in tx.all(&sql, params(), |row| Ok((row.get(0)?, row.get(1)?))).await? {
        bills.entry(event).or_default().push(performer);
    }
    for event in &mut events {
        event.details.performers = bills.remove(&event.id).unwrap_or_default();
    }
    Ok(events)
}

/// Starts a series with `first`, unless it is in one; gives the series' id.
pub async fn series_of(tx: &Tx, organizer: OrganizerId, first: EventId) -> Result<Option<EventId>> {
    tx.optional(
        "UPDATE event SET series_id = COALESCE(series_id, id) WHERE id = $1 AND organizer_id = $2 RETURNING series_id",
        (first, organizer),
        |row| row.get(0),
    )
    .await
}

/// The published events of a series by date.
pub async fn time_slots(tx: &Tx, series: EventId, limit: u32) -> Result<Vec<EventId>> {
    tx.all(
        "SELECT id FROM event WHERE series_id = $1 AND published_at IS NOT NULL ORDER BY starts_at, id LIMIT $2",
        (series, limit),
        |row| row.get(0),
    )
    .await
}

/// The map that `event` sells, if the public may see the event.
pub async fn public_map_of(tx: &Tx, event: EventId) -> Result<Option<SeatMapId>> {
    let sql = "SELECT seat_map_id FROM event WHERE id = $1 AND published_at IS NOT NULL";
    Ok(tx.optional(sql, (event,), |row| row.get(0)).await?.flatten())
}

/// What the public sees of one event, if it may.
pub async fn card(tx: &Tx, id: EventId) -> Result<Option<EventCard>> {
    let sql = format!(
        "SELECT {EVENT}, {VENUE} FROM event e JOIN venue v ON v.id = e.venue_id
          WHERE e.id = $1 AND e.published_at IS NOT NULL"
    );
    let Some(mut card) = tx.optional(&sql, (id,), card_of_row).await? else { return Ok(None) };
    card.performers = bill(tx, id).await?.into_iter().map(|performer| performer.name.into_string()).collect();
    Ok(Some(card))
}

fn card_of_row(row: &Row) -> Result<EventCard> {
    Ok(EventCard::new(&event_of_row(row)?, Arc::new(venue_at(row, EVENT_WIDTH)?)))
}

/// When an event changed and its id: the order of the index `event_by_change`.
pub type Changed = (Timestamp, EventId);

/// Columns of an event, its venue and when it changed; `$1`, `$2` is a [`Changed`], `$3` a count.
fn changed_after() -> String {
    format!(
        "SELECT {EVENT}, {VENUE}, e.changed_at FROM event e JOIN venue v ON v.id = e.venue_id
          WHERE (e.changed_at, e.id) > ($1, $2) AND e.published_at IS NOT NULL
          ORDER BY e.changed_at, e.id LIMIT $3"
    )
}

/// Who performs at events that changed after (`$1`, `$2`) and up to (`$3`, `$4`).
const BILLED_BETWEEN: &str = "SELECT b.event_id, p.name FROM event e
    JOIN event_performer b ON b.event_id = e.id JOIN performer p ON p.id = b.performer_id
    WHERE (e.changed_at, e.id) > ($1, $2) AND (e.changed_at, e.id) <= ($3, $4)
    ORDER BY b.event_id, b.position";

/// What the public sees of the published events that changed after `after`, in the order of their
/// changes, and the last of these.
pub async fn cards_after(tx: &Tx, after: Changed, limit: u32) -> Result<(Vec<EventCard>, Option<Changed>)> {
    let read = |row: &Row| Ok((card_of_row(row)?, row.get::<Timestamp>(EVENT_WIDTH + VENUE_WIDTH)?));
    let rows = tx.all(&changed_after(), (after.0, after.1, limit), read).await?;
    let Some(last) = rows.last().map(|(card, at)| (*at, card.id)) else { return Ok((Vec::new(), None)) };
    // Between the two statements others may commit. With both ends given, what they add pushes
    // nothing out of the batch; what they change is found again where it is now.
    let read = |row: &Row| Ok((row.get::<EventId>(0)?, row.get::<String>(1)?));
    let mut names: HashMap<EventId, Vec<String>> = HashMap::new();
    for (event, name) in tx.all(BILLED_BETWEEN, (after.0, after.1, last.0, last.1), read).await? {
        names.entry(event).or_default().push(name);
    }
    let mut cards = Vec::from_iter(rows.into_iter().map(|(card, _)| card));
    for card in &mut cards {
        card.performers = names.remove(&card.id).unwrap_or_default();
    }
    Ok((cards, Some(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As version 0021 of the schema was written with.
    #[test]
    fn an_offer_that_does_not_say_it_releases_wheelchair_places_once_the_rest_is_sold_out() {
        let stored = r#"{"priceLevels":[],"ticketTypes":[{"key":"standard","name":"Standard","pricing":{"factor":{"basisPoints":10000}}}],"saleWindows":[]}"#;
        let offer: OwnedOffer = serde_json::from_str(stored).unwrap();
        assert_eq!(offer.accessible_release, AccessibleRelease::RestSoldOut);
        assert_eq!(offer.ticket_types, [TicketType::standard()]);
    }
}

#[cfg(test)]
mod database_tests {
    use testkit::TestStore;

    use super::*;

    #[tokio::test]
    async fn the_look_for_changes_goes_through_their_index() {
        let test = TestStore::new().await;
        let (at, id) = (test.env.now(), EventId::fresh(&test.env));
        let off = ["enable_seqscan", "enable_bitmapscan"];
        let cards = test.plan(&changed_after(), (at, id, 2_000u32), &off).await;
        let names = test.plan(BILLED_BETWEEN, (at, id, at, id), &off).await;
        for plan in [&cards, &names] {
            assert!(plan.contains("event_by_change"), "{plan}");
        }
        let sorted = ["SCAN e", "Sort", "TEMP B-TREE"];
        assert!(!sorted.iter().any(|word| cards.contains(word)), "{cards}");
    }
}
