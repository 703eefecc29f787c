//! What the doors and the box office of an event are told: its tickets, for scanners without a network, who
//! came, what was sold, and what has become of the places of its areas.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use inventory::engine::{AreaCounts, Manifest};
use sales::OnSaleError;
use serde::{Deserialize, Serialize};
use stagedoor_core::{Code, EventId, Money, TicketId, Timestamp};
use tickets::{Admission, Attendance, DOOR_PAGE_MAX, EventKey, Gate, Minute, Sold, SoldMinute, Ticket};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{CheckIn, HoldKeys, SeeSales, Staff};
use crate::checkins::AdmissionView;
use crate::extract::{Params, Path, cursor};
use crate::openapi::MoneySchema;
use crate::problem::Envelope;
use crate::tickets::{place_id, place_names};
use crate::{App, Problem, schema};

/// A change becomes visible when its transaction ends, which is later than the time it carries: who asks again
/// from `asOf` on is told of these last ones twice rather than never.
const OVERLAP: Duration = Duration::from_secs(60);
/// A day of minutes.
const MINUTES_MAX: u32 = 24 * 60;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(door_tickets))
        .routes(routes!(event_keys))
        .routes(routes!(attendance))
        .routes(routes!(sales))
        .routes(routes!(area_counts))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct DoorListParams {
    /// `asOf` of an earlier answer: only what was issued, changed or scanned since. Without it, all tickets.
    #[param(value_type = Option<schema::Instant>)]
    since: Option<Timestamp>,
    /// Items on the page.
    #[param(minimum = 1, maximum = 1000, default = 1000)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Part of the tickets of an event, in the order of their ids.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoorListView {
    items: Vec<DoorTicketView>,
    next_cursor: Option<String>,
    /// Ask from then on the next time. Of the first page, where there are several.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
}

/// What a scanner has to know of a ticket, and nothing of who bought it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DoorTicketView {
    #[schema(value_type = String)]
    id: TicketId,
    /// Which of its barcodes is good: the ones before are not.
    version: u32,
    /// `issued`, `used`, `refunded` or `revoked`.
    status: &'static str,
    /// The seat's id, or the area's.
    seat: String,
    /// The section's name, or the area's.
    section: String,
    /// Null in an area.
    row: Option<String>,
    label: Option<String>,
    level: String,
    ticket_type: String,
    admission: Option<AdmissionView>,
}

impl From<(Ticket, Option<Admission>)> for DoorTicketView {
    fn from((ticket, admission): (Ticket, Option<Admission>)) -> Self {
        let seat = place_id(&ticket.place).to_owned();
        let (section, row, label) = place_names(&ticket.place);
        Self {
            id: ticket.id,
            version: ticket.generation,
            status: ticket.status.text(),
            seat,
            section,
            row,
            label,
            level: ticket.level_name,
            ticket_type: ticket.ticket_type,
            admission: admission.map(AdmissionView::from),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MinutesParams {
    /// How many of the last minutes to tell one by one.
    #[param(minimum = 1, maximum = 1440, default = 120)]
    minutes: Option<u32>,
}

impl MinutesParams {
    /// The beginning of the first of them.
    fn since(&self, now: Timestamp) -> Result<Timestamp, Problem> {
        let minutes = self.minutes.unwrap_or(120);
        if !(1..=MINUTES_MAX).contains(&minutes) {
            return Err(Problem::new(Code::InvalidQuery, format!("minutes: from 1 to {MINUTES_MAX}")));
        }
        Ok(now - Duration::from_secs(60 * u64::from(minutes)))
    }
}

/// How it goes at the doors.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttendanceView {
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// Tickets that are good and were not used yet.
    expected: u32,
    admitted: u32,
    /// The hundred where most came in, and the hundred that refused most; of one that is in one of the two
    /// lists alone, the other figure is 0.
    gates: Vec<GateView>,
    /// Only minutes in which somebody came, the oldest first.
    minutes: Vec<MinuteView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct GateView {
    gate: String,
    admitted: u32,
    /// Scans of this event's tickets that admitted nobody.
    refused: u32,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MinuteView {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    gate: String,
    admitted: u32,
}

/// What an event sold, by the face values of its tickets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SalesView {
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// That are good or were used.
    tickets: u32,
    #[schema(value_type = MoneySchema)]
    face_value: Money,
    /// Only minutes in which something was sold, the oldest first; what was given back since counts, too.
    minutes: Vec<SalesMinuteView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SalesMinuteView {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    tickets: u32,
    #[schema(value_type = MoneySchema)]
    face_value: Money,
}

/// Secret keys as a JSON Web Key Set (RFC 7517).
#[derive(Serialize, ToSchema)]
pub struct EventKeySet {
    /// One for each key that signed tickets; a barcode's key id is its `kid`.
    #[schema(value_type = Vec<schema::SecretKey>)]
    keys: Vec<EventKey>,
}

/// What has become of the places of an event's areas, in the order of its seat map.
#[derive(Serialize, ToSchema)]
pub struct AreaCountsList {
    items: Vec<AreaCountsView>,
}

/// Each place of the area is counted in one of `sold`, `held`, `blocked` and `available`, of one moment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AreaCountsView {
    id: String,
    name: String,
    /// People it takes at this event.
    capacity: u32,
    sold: u32,
    held: u32,
    blocked: u32,
    available: u32,
}

impl AreaCountsView {
    fn new(map: &Manifest, area: u16, counts: &AreaCounts) -> Self {
        let AreaCounts { capacity, sold, held, blocked } = *counts;
        let (id, name) = (map.area_id(area).to_owned(), map.area_name(area).to_owned());
        Self { id, name, capacity, sold, held, blocked, available: counts.available() }
    }
}

/// The tickets of an event, for scanners that have to judge without a network.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/events/{event}/checkins/tickets", tag = "organizers",
    security(("bearer" = []), ("oauth2" = ["checkins.write"])), params(("org" = String, Path, description = "id of the organizer"),
        ("event" = String, Path, description = "id of the event"), DoorListParams),
    responses((status = 200, body = DoorListView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope)))]
pub async fn door_tickets(
    State(app): State<App>,
    staff: Staff<CheckIn>,
    Path((_, event)): Path<(String, EventId)>,
    Params(params): Params<DoorListParams>,
) -> Result<Json<DoorListView>, Problem> {
    app.catalog.event_of(staff.organizer, event).await?;
    let limit = params.limit.unwrap_or(DOOR_PAGE_MAX);
    if !(1..=DOOR_PAGE_MAX).contains(&limit) {
        return Err(Problem::new(Code::InvalidQuery, format!("limit: from 1 to {DOOR_PAGE_MAX}")));
    }
    let after = cursor(params.cursor.as_deref())?;
    let as_of = app.env.now() - OVERLAP;
    let tx = app.store.begin_read().await?;
    let page = tickets::door_list(&tx, staff.organizer, event, params.since, after, limit).await?;
    let items = page.tickets.into_iter().map(DoorTicketView::from).collect();
    Ok(Json(DoorListView { items, next_cursor: page.next.map(|next| next.to_string()), as_of }))
}

/// The secret keys of the event's live barcodes.
///
/// With one of them and the seal's signature, a scanner checks live barcodes without a network: the ticket's key is
/// HMAC-SHA256(event key, ticket id and version), the code HMAC-SHA256(ticket key, step). They sign nothing, so
/// whoever finds a scanner can make no ticket, but of a ticket they have seen they can show the next code.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/events/{event}/checkins/keys", tag = "organizers",
    security(("bearer" = []), ("oauth2" = ["checkins.write"])), params(("org" = String, Path, description = "id of the organizer"),
        ("event" = String, Path, description = "id of the event")),
    responses((status = 200, body = EventKeySet), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn event_keys(
    State(app): State<App>,
    staff: Staff<HoldKeys>,
    Path((_, event)): Path<(String, EventId)>,
) -> Result<Json<EventKeySet>, Problem> {
    app.catalog.event_of(staff.organizer, event).await?;
    let keys = app.signer.event_keys(event);
    Ok(Json(EventKeySet { keys }))
}

/// Who came, by gate and minute, and who is still to come.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/events/{event}/checkins/attendance", tag = "organizers",
    security(("bearer" = []), ("oauth2" = ["checkins.write"])), params(("org" = String, Path, description = "id of the organizer"),
        ("event" = String, Path, description = "id of the event"), MinutesParams),
    responses((status = 200, body = AttendanceView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope)))]
pub async fn attendance(
    State(app): State<App>,
    staff: Staff<CheckIn>,
    Path((_, event)): Path<(String, EventId)>,
    Params(params): Params<MinutesParams>,
) -> Result<Json<AttendanceView>, Problem> {
    app.catalog.event_of(staff.organizer, event).await?;
    let as_of = app.env.now();
    let tx = app.store.begin_read().await?;
    let found = tickets::attendance(&tx, staff.organizer, event, params.since(as_of)?).await?;
    let Attendance { expected, admitted, gates, minutes } = found;
    let gate = |Gate { name, admitted, refused, last_at }| GateView { gate: name, admitted, refused, last_at };
    let minute = |Minute { at, gate, admitted }| MinuteView { at, gate, admitted };
    let gates = gates.into_iter().map(gate).collect();
    Ok(Json(AttendanceView { as_of, expected, admitted, gates, minutes: minutes.into_iter().map(minute).collect() }))
}

/// What an event sold, in all and minute by minute.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/events/{event}/sales", tag = "organizers",
    security(("bearer" = []), ("oauth2" = ["sales.read"])), params(("org" = String, Path, description = "id of the organizer"),
        ("event" = String, Path, description = "id of the event"), MinutesParams),
    responses((status = 200, body = SalesView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope)))]
pub async fn sales(
    State(app): State<App>,
    staff: Staff<SeeSales>,
    Path((_, event)): Path<(String, EventId)>,
    Params(params): Params<MinutesParams>,
) -> Result<Json<SalesView>, Problem> {
    let currency = app.catalog.event_of(staff.organizer, event).await?.event.details.currency;
    let as_of = app.env.now();
    let tx = app.store.begin_read().await?;
    let Sold { tickets, face_value_minor, minutes } =
        tickets::sold(&tx, staff.organizer, event, params.since(as_of)?).await?;
    let minute = |SoldMinute { at, tickets, face_value_minor }| {
        let face_value = Money::new(face_value_minor, currency);
        SalesMinuteView { at, tickets, face_value }
    };
    let (face_value, minutes) = (Money::new(face_value_minor, currency), minutes.into_iter().map(minute).collect());
    Ok(Json(SalesView { as_of, tickets, face_value, minutes }))
}

/// How many places of each area are sold, held and blocked: the seat map shows the public what is free alone.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/events/{event}/areas", tag = "organizers",
    security(("bearer" = []), ("oauth2" = ["sales.read"])), params(("org" = String, Path, description = "id of the organizer"),
        ("event" = String, Path, description = "id of the event")),
    responses((status = 200, body = AreaCountsList), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 503, body = Envelope)))]
pub async fn area_counts(
    State(app): State<App>,
    staff: Staff<SeeSales>,
    Path((_, event)): Path<(String, EventId)>,
) -> Result<Json<AreaCountsList>, Problem> {
    app.catalog.event_of(staff.organizer, event).await?;
    let view = app.inventory.view(event).await.map_err(OnSaleError::from)?;
    let counts = view.area_counts();
    let items = (0..).zip(&counts).map(|(area, counts)| AreaCountsView::new(&view.manifest, area, counts));
    Ok(Json(AreaCountsList { items: items.collect() }))
}
