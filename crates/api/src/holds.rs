//! Holding seats: the busiest routes of an on-sale.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use inventory::engine::{Actor, Best, HoldStatus, KeyPrint, Need, Places, Refusal, Want};
use inventory::{EventView, Hold, HoldRequest, Refused};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use stagedoor_core::limits::SEATS_PER_HOLD_MAX;
use stagedoor_core::{Code, EventId, FieldError, HoldId, Money, Timestamp, UserId};
use store::Keyring;
use utoipa::ToSchema;

use crate::auth::Holder;
use crate::extract::{IdempotencyKey, Path, RawBody};
use crate::problem::{Envelope, IDEMPOTENCY_REPLAYED};
use crate::{App, Problem, json};
use catalog::EventView as Listing;

/// Of [`place_hold`]; [`crate::lane`] serves it.
pub const ROUTE: &str = "/api/v1/events/{event}/holds";

const NOT_ON_SALE: &str = "the event is not on sale at the moment";

/// What to hold: exactly one of `seats`, `bestAvailable` and `areas`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewHold {
    /// Ids as the seat map gives them: `section-row-seat`; all or nothing.
    #[schema(min_items = 1, max_items = 10)]
    seats: Option<Vec<String>>,
    best_available: Option<BestAvailable>,
    #[schema(min_items = 1, max_items = 10)]
    areas: Option<Vec<AreaWish>>,
    /// Ticket type by seat id, where it is not the standard one.
    #[serde(default)]
    ticket_types: HashMap<String, String>,
    /// Someone in the party needs one of the accessible places picked.
    #[serde(default)]
    accessible: bool,
}

/// The best seats left, together where possible.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BestAvailable {
    /// Seats in all.
    #[schema(minimum = 1, maximum = 10)]
    quantity: u32,
    /// Key of a price level.
    level: Option<String>,
    /// Id of a section.
    section: Option<String>,
    /// Wheelchair spaces among them.
    #[serde(default)]
    #[schema(maximum = 10)]
    accessible: u32,
    /// Companion seats next to the wheelchair spaces.
    #[serde(default)]
    #[schema(maximum = 10)]
    companions: u32,
    ticket_type: Option<String>,
}

/// Places in a general-admission area.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AreaWish {
    id: String,
    /// At most 10 over all areas together.
    #[schema(minimum = 1, maximum = 10)]
    quantity: u32,
    ticket_type: Option<String>,
}

/// A hold: seats set aside until `expiresAt`.
#[derive(Debug, ToSchema)]
#[cfg_attr(test, derive(serde::Serialize))]
#[schema(rename_all = "camelCase")]
#[cfg_attr(test, serde(rename_all = "camelCase"))]
pub struct HoldView<'a> {
    #[schema(value_type = String, example = "hld_01h455vb4pex5vsknk084sn02q")]
    id: HoldId,
    #[schema(value_type = String)]
    event_id: EventId,
    /// `held`, `sold`, `released` or `expired`.
    status: &'static str,
    seats: Vec<HeldSeat<'a>>,
    areas: Vec<HeldArea<'a>>,
    #[schema(value_type = crate::openapi::MoneySchema)]
    total: Money,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

#[derive(Debug, ToSchema)]
#[cfg_attr(test, derive(serde::Serialize))]
#[schema(rename_all = "camelCase")]
#[cfg_attr(test, serde(rename_all = "camelCase"))]
struct HeldSeat<'a> {
    #[schema(value_type = String)]
    id: SeatName<'a>,
    section: &'a str,
    /// As the id spells it; the seat map has the name that people read.
    row: &'a str,
    /// As the id spells it; the seat map has the name that people read.
    label: &'a str,
    level: &'a str,
    ticket_type: &'a str,
    #[schema(value_type = crate::openapi::MoneySchema)]
    price: Money,
}

#[derive(Debug, ToSchema)]
#[cfg_attr(test, derive(serde::Serialize))]
#[schema(rename_all = "camelCase")]
#[cfg_attr(test, serde(rename_all = "camelCase"))]
struct HeldArea<'a> {
    id: &'a str,
    name: &'a str,
    quantity: u8,
    level: &'a str,
    ticket_type: &'a str,
    /// Of one place.
    #[schema(value_type = crate::openapi::MoneySchema)]
    price: Money,
}

impl<'a> HoldView<'a> {
    pub fn new(hold: &'a Hold, listing: &'a Listing) -> Self {
        let price = |minor| Money::new(minor, listing.event.details.currency);
        let (mut seats, mut areas) = (Vec::with_capacity(hold.view.places.len()), Vec::new());
        for place in hold.places() {
            let (level, ticket_type) = (place.level_key, ticket_type_key(listing, place.ticket_type));
            if place.seat.is_some() {
                let (section, row, label) = (place.section, place.row, place.label);
                let id = SeatName([section, row, label]);
                seats.push(HeldSeat { id, section, row, label, level, ticket_type, price: price(place.minor) });
            } else {
                let (id, name, quantity) = (place.section, place.section_name, place.quantity);
                areas.push(HeldArea { id, name, quantity, level, ticket_type, price: price(place.minor) });
            }
        }
        Self {
            id: hold.id(),
            event_id: hold.event,
            status: status_text(hold.status()),
            seats,
            areas,
            total: price(hold.view.total_minor()),
            expires_at: hold.expires_at(),
        }
    }
}

/// A seat's id: section, row and label.
#[derive(Debug)]
struct SeatName<'a>([&'a str; 3]);

/// The JSON of a hold, written by hand: every answer of an on-sale is one, and the general way of
/// writing JSON would take as long as everything else that happens between two system calls.
impl HoldView<'_> {
    pub fn write(&self, out: &mut Vec<u8>) {
        json::object(out, |out| self.write_members(out));
    }

    pub fn write_members(&self, out: &mut Vec<u8>) {
        let Self { id, event_id, status, seats, areas, total, expires_at } = self;
        json::id(out, "id", *id);
        json::id(out, "eventId", *event_id);
        json::text(out, "status", &[status]);
        json::list(out, "seats", seats, HeldSeat::write);
        json::list(out, "areas", areas, HeldArea::write);
        json::money(out, "total", *total);
        json::time(out, "expiresAt", *expires_at);
    }
}

impl HeldSeat<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let Self { id: SeatName([first, second, third]), section, row, label, level, ticket_type, price } = self;
        json::text(out, "id", &[first, "-", second, "-", third]);
        json::text(out, "section", &[section]);
        json::text(out, "row", &[row]);
        json::text(out, "label", &[label]);
        json::text(out, "level", &[level]);
        json::text(out, "ticketType", &[ticket_type]);
        json::money(out, "price", *price);
    }
}

impl HeldArea<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let Self { id, name, quantity, level, ticket_type, price } = self;
        json::text(out, "id", &[id]);
        json::text(out, "name", &[name]);
        json::number(out, "quantity", i64::from(*quantity));
        json::text(out, "level", &[level]);
        json::text(out, "ticketType", &[ticket_type]);
        json::money(out, "price", *price);
    }
}

fn status_text(status: HoldStatus) -> &'static str {
    match status {
        HoldStatus::Held => "held",
        HoldStatus::Sold => "sold",
        HoldStatus::Released => "released",
        HoldStatus::Expired => "expired",
    }
}

/// Turns idempotency keys into prints. Keyed, so that nobody can choose a key that looks like
/// another's; stable, so that a key is known after a restart.
#[derive(Clone)]
pub struct Prints(Sha256);

impl Prints {
    pub fn new(keyring: &Keyring) -> Self {
        Self(Sha256::new_with_prefix(keyring.derive("api/hold-keys/v1")))
    }

    /// `operation`: one word per call, because two that share a key still ask for two things.
    pub fn print(&self, operation: &'static str, fan: UserId, event: EventId, key: &str, body: &[u8]) -> KeyPrint {
        let digest = |parts: &[&[u8]]| {
            let mut hash = self.0.clone();
            parts.iter().for_each(|part| hash.update(part));
            let digest = hash.finalize();
            u128::from_le_bytes(digest[..16].try_into().expect("a digest is longer"))
        };
        // A key belongs to the event's own operation: another event's engine would not know it, and
        // what is known as a retry counts towards no limit.
        let key = digest(&[operation.as_bytes(), fan.0.as_bytes(), event.0.as_bytes(), key.as_bytes()]);
        KeyPrint { key, body: digest(&[b"body", body]) as u64 }
    }
}

/// Hold seats for the caller until the hold expires. Source: document 004, FR-2.3.
#[utoipa::path(post, path = "/api/v1/events/{event}/holds", tag = "holds", request_body = NewHold,
    params(("event" = String, Path, description = "id of the event"),
        ("Idempotency-Key" = Option<String>, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    security(("bearer" = []), ("oauth2" = ["holds.write"])), extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 201, body = HoldView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 422, body = Envelope),
        (status = 429, body = Envelope), (status = 503, body = Envelope)))]
pub async fn place_hold(
    State(app): State<App>,
    fan: Holder,
    Path(event): Path<EventId>,
    key: IdempotencyKey,
    body: RawBody<NewHold>,
) -> Result<Response, Problem> {
    place(&app, fan, event, key, body).await
}

pub(crate) async fn place(
    app: &App,
    fan: Holder,
    event: EventId,
    key: IdempotencyKey,
    RawBody(body, bytes): RawBody<NewHold>,
) -> Result<Response, Problem> {
    let (listing, view) = sold_here(app, event).await?;
    let request = request(app, fan, key.0.as_deref(), (&body, &bytes), &view, &listing)?;
    let hold = app.inventory.hold_in(&view, request).await.map_err(|refused| problem(refused, &view))?;
    Ok(answer(StatusCode::CREATED, &hold, &listing))
}

/// An event and its seats. One that everybody may see and whose seats were never on sale is no secret: a hold of it
/// is refused as one that comes too early.
pub(crate) async fn sold_here(app: &App, event: EventId) -> Result<(Arc<Listing>, Arc<EventView>), Problem> {
    let listing = app.catalog.any_event(event).await?;
    match app.inventory.view(event).await {
        Err(Refused::UnknownEvent) if listing.event.published_at.is_some() => {
            Err(Problem::new(Code::NotOnSale, NOT_ON_SALE))
        }
        view => Ok((listing, view?)),
    }
}

/// A wish for seats in the engine's terms. `body`: what was asked, and the bytes it came as.
pub(crate) fn request(
    app: &App,
    fan: Holder,
    key: Option<&str>,
    (body, bytes): (&NewHold, &[u8]),
    view: &EventView,
    listing: &Listing,
) -> Result<HoldRequest, Problem> {
    let want = want(body, view, listing)?;
    let key = key.map(|key| app.prints.print("hold", fan.id(), view.event, key, bytes));
    Ok(HoldRequest { fan: fan.id(), want, key })
}

/// Look at a hold of one's own.
#[utoipa::path(get, path = "/api/v1/holds/{hold}", tag = "holds", security(("bearer" = []), ("oauth2" = ["holds.write"])),
    params(("hold" = String, Path, description = "id of the hold")),
    responses((status = 200, body = HoldView), (status = 401, body = Envelope), (status = 404, body = Envelope)))]
pub async fn hold(State(app): State<App>, fan: Holder, Path(hold): Path<HoldId>) -> Result<Response, Problem> {
    let event = app.inventory.locate(fan.id(), hold).await?.ok_or_else(Problem::not_found)?;
    let hold = app.inventory.hold_view(event, hold, fan.id()).await?;
    let listing = app.catalog.any_event(event).await?;
    Ok(answer(StatusCode::OK, &hold, &listing))
}

/// Give held seats back. Doing it twice is fine.
#[utoipa::path(delete, path = "/api/v1/holds/{hold}", tag = "holds", security(("bearer" = []), ("oauth2" = ["holds.write"])),
    params(("hold" = String, Path, description = "id of the hold")),
    responses((status = 204), (status = 401, body = Envelope), (status = 404, body = Envelope),
        (status = 409, body = Envelope)))]
pub async fn release_hold(
    State(app): State<App>,
    fan: Holder,
    Path(hold): Path<HoldId>,
) -> Result<StatusCode, Problem> {
    let event = app.inventory.locate(fan.id(), hold).await?.ok_or_else(Problem::not_found)?;
    app.inventory.release(event, hold, Actor::Fan(fan.id())).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn answer(status: StatusCode, hold: &Hold, listing: &Listing) -> Response {
    let mut body = Vec::with_capacity(512 + 256 * hold.view.places.len());
    HoldView::new(hold, listing).write(&mut body);
    let mut response = (status, [("content-type", "application/json")], body).into_response();
    if hold.replayed {
        response.headers_mut().insert(IDEMPOTENCY_REPLAYED, axum::http::HeaderValue::from_static("true"));
    }
    response
}

/// What the body asks for, in the engine's terms.
fn want(body: &NewHold, view: &EventView, listing: &Listing) -> Result<Want, Problem> {
    let manifest = &*view.manifest;
    let ticket_type = |field, key: &Option<String>| match key {
        None => Ok(0),
        Some(key) => ticket_type_index(listing, key)
            .ok_or_else(|| Problem::from(FieldError::new(field, "is no ticket type of this event"))),
    };
    match (&body.seats, &body.best_available, &body.areas) {
        (Some(ids), None, None) => {
            if ids.len() > SEATS_PER_HOLD_MAX {
                return Err(too_many_seats(SEATS_PER_HOLD_MAX as u8));
            }
            let mut seats = Vec::with_capacity(ids.len());
            for id in ids {
                let seat = manifest.seat(id).ok_or_else(|| unknown_seat(id))?;
                seats.push((seat, ticket_type("ticketTypes", &body.ticket_types.get(id).cloned())?));
            }
            if let Some(other) = body.ticket_types.keys().find(|id| !ids.contains(id)) {
                return Err(FieldError::new("ticketTypes", format!("{other:?} is not among the seats")).into());
            }
            let places = Places::seats(seats).map_err(|refusal| rule(&refusal, view))?;
            let need = if body.accessible { Need::Accessible } else { Need::None };
            Ok(Want::Picked { places, need })
        }
        (None, Some(best), None) => {
            let count = |field, count: u32, least| match u8::try_from(count) {
                Ok(count) if count >= least && usize::from(count) <= SEATS_PER_HOLD_MAX => Ok(count),
                _ if count as usize > SEATS_PER_HOLD_MAX => Err(too_many_seats(SEATS_PER_HOLD_MAX as u8)),
                _ => Err(Problem::from(FieldError::new(field, format!("must be at least {least}")))),
            };
            let level = match &best.level {
                None => None,
                Some(key) => Some(manifest.level_index(key).ok_or_else(|| {
                    Problem::from(FieldError::new("bestAvailable.level", "is no price level of this event"))
                })?),
            };
            let section = match &best.section {
                None => None,
                Some(id) => Some(manifest.section(id).ok_or_else(|| {
                    Problem::from(FieldError::new("bestAvailable.section", "is no section of this event"))
                })?),
            };
            Ok(Want::Best(Best {
                quantity: count("bestAvailable.quantity", best.quantity, 1)?,
                level,
                section,
                accessible: count("bestAvailable.accessible", best.accessible, 0)?,
                companions: count("bestAvailable.companions", best.companions, 0)?,
                ticket_type: ticket_type("bestAvailable.ticketType", &best.ticket_type)?,
            }))
        }
        (None, None, Some(wishes)) => {
            let mut areas = Vec::with_capacity(wishes.len().min(SEATS_PER_HOLD_MAX));
            for wish in wishes.iter().take(SEATS_PER_HOLD_MAX + 1) {
                let area = manifest
                    .area(&wish.id)
                    .ok_or_else(|| Problem::from(FieldError::new("areas", "the event has no such area")))?;
                if wish.quantity as usize > SEATS_PER_HOLD_MAX {
                    return Err(too_many_seats(SEATS_PER_HOLD_MAX as u8));
                }
                areas.push((area, wish.quantity as u8, ticket_type("areas.ticketType", &wish.ticket_type)?));
            }
            let places = Places::areas(areas).map_err(|refusal| rule(&refusal, view))?;
            Ok(Want::Picked { places, need: Need::None })
        }
        _ => Err(FieldError::new("seats", "send exactly one of seats, bestAvailable and areas").into()),
    }
}

/// Ticket types are numbered in the engine as the event lists them.
fn ticket_type_index(listing: &Listing, key: &str) -> Option<u8> {
    let at = listing.event.details.ticket_types.iter().position(|known| known.key == key)?;
    u8::try_from(at).ok()
}

fn ticket_type_key(listing: &Listing, index: u8) -> &str {
    listing.event.details.ticket_types.get(usize::from(index)).map_or("standard", |known| &known.key)
}

pub fn unknown_seat(id: &str) -> Problem {
    Problem::new(Code::UnknownSeat, "the event has no such seat").with(serde_json::json!({ "seats": [id] }))
}

pub fn too_many_seats(max: u8) -> Problem {
    Problem::new(Code::TooManySeats, format!("at most {max} places in one hold"))
        .with(serde_json::json!({ "max": max }))
}

/// A refusal with the seats it names by their ids.
pub fn problem(refused: Refused, view: &EventView) -> Problem {
    match refused {
        Refused::Rule(refusal) => rule(&refusal, view),
        other => other.into(),
    }
}

fn rule(refusal: &Refusal, view: &EventView) -> Problem {
    let manifest = &*view.manifest;
    let ids = |seats: &[u32]| -> Vec<String> { seats.iter().map(|seat| manifest.seat_id(*seat)).collect() };
    let (message, details) = match refusal {
        Refusal::SeatUnavailable(seats) => {
            return Problem::new(refusal.code(), "these seats are taken").naming_seats(ids(seats.as_slice()));
        }
        Refusal::AccessibleOnly(seats) => (
            "these places are kept for people who need them; set accessible when someone does",
            serde_json::json!({ "seats": ids(seats.as_slice()) }),
        ),
        Refusal::NotOwned(seats) | Refusal::MapLosesSeats(seats) => {
            ("these seats stand in the way", serde_json::json!({ "seats": ids(seats.as_slice()) }))
        }
        Refusal::OrphanSeat { leaves } => (
            "a single seat would be left over; take it too or choose others",
            serde_json::json!({ "seat": manifest.seat_id(*leaves) }),
        ),
        Refusal::TooManySeats { max } => return too_many_seats(*max),
        Refusal::TicketLimit { max } => ("more tickets than one person may have", serde_json::json!({ "max": max })),
        Refusal::CapacityBelowSold { in_use } => {
            ("fewer places than are in use", serde_json::json!({ "inUse": in_use }))
        }
        Refusal::NotFound => return Problem::not_found(),
        Refusal::SoldOut => ("nothing that fits is left", serde_json::json!({})),
        Refusal::NotOnSale => (NOT_ON_SALE, serde_json::json!({})),
        Refusal::HoldExpired => ("the hold has expired", serde_json::json!({})),
        Refusal::HoldEnded => ("the hold has ended", serde_json::json!({})),
        Refusal::KeyMismatch => ("this idempotency key was used for another request", serde_json::json!({})),
        Refusal::NamedTwice(_) => ("a place is named twice", serde_json::json!({ "field": "seats" })),
        Refusal::NothingWanted => ("ask for at least one place", serde_json::json!({ "field": "seats" })),
        other => return Problem::new(other.code(), other.to_string()),
    };
    Problem::new(refusal.code(), message).with(details)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Rule(Refusal::NotFound) | Refused::UnknownEvent => Problem::not_found(),
            Refused::Rule(refusal) => Problem::new(refusal.code(), refusal.to_string()),
            Refused::HoldLimit => Problem::new(Code::HoldLimit, "you have as many active holds as one person may have"),
            Refused::RateLimited { retry_after } => {
                Problem::new(Code::RateLimited, "too many attempts, wait a little").retry_after(retry_after)
            }
            Refused::MapChanged | Refused::Unavailable => Problem::unavailable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use stagedoor_core::{Env, Money};

    use super::*;

    impl serde::Serialize for SeatName<'_> {
        fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
            out.serialize_str(&self.0.join("-"))
        }
    }

    #[test]
    fn what_is_written_by_hand_is_what_the_library_would_write() {
        let (env, euro) = (Env::seeded(1), |minor| Money::new(minor, stagedoor_core::Currency::EUR));
        let texts =
            ["", "A", "a \"quoted\" row", "back\\slash", "tab\tand\nline", "\u{1}\u{1f}\u{7f}", "Ränge · 二階 🎭"];
        let seat = |at: usize| {
            let text = |more: usize| texts[(at + more) % texts.len()];
            let id = SeatName([text(0), text(1), text(2)]);
            let (section, row, label, level, ticket_type) = (text(0), text(1), text(2), text(3), text(4));
            HeldSeat { id, section, row, label, level, ticket_type, price: euro(at as i64 - 1) }
        };
        let area = |at: usize| {
            let text = |more: usize| texts[(at + more) % texts.len()];
            let (id, name, level, ticket_type) = (text(0), text(1), text(2), text(3));
            HeldArea { id, name, quantity: at as u8, level, ticket_type, price: euro(i64::MAX - at as i64) }
        };
        for (seats, areas) in [(0, 0), (1, 0), (7, 0), (0, 1), (0, 7)] {
            let hold = HoldView {
                id: env.id(),
                event_id: env.id(),
                status: "held",
                seats: (0..seats).map(seat).collect(),
                areas: (0..areas).map(area).collect(),
                total: euro(i64::MIN),
                expires_at: env.now(),
            };
            let mut written = Vec::new();
            hold.write(&mut written);
            assert_eq!(String::from_utf8(written).unwrap(), serde_json::to_string(&hold).unwrap());
        }
    }
}
