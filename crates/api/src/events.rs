//! What is on: search, event pages, and what is left.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use catalog::{
    AccessibleRelease, Barcodes, DateBound, EventCard, EventError, EventQuery, EventState, EventType, ListError,
    PriceLevel, Sort, TicketType,
};
use futures_util::future::join_all;
use inventory::Refused;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stagedoor_core::{Code, EventId, Money, OrganizerId, PriceLevelId, Timestamp, VenueId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Params, Path, paging};
use crate::live::{Seats, seats_text};
use crate::openapi::MoneySchema;
use crate::problem::Envelope;
use crate::venues::{List, conflict};
use crate::{App, Problem, schema};

/// Longest search text in characters; anything beyond is not typed by a person.
const QUERY_MAX: usize = 200;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(events)).routes(routes!(event)).routes(routes!(availability))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct SearchParams {
    /// Words from the names of the event, its performers, venue or city; parts and typos are fine.
    #[param(max_length = 200)]
    q: Option<String>,
    /// The whole name of a city.
    #[param(max_length = 200)]
    city: Option<String>,
    /// What kind of event.
    #[serde(rename = "type")]
    #[param(inline, value_type = Option<schema::EventType>)]
    kind: Option<String>,
    /// First day (`2026-11-21`, in the venue's time) or instant; without it, from now on.
    #[param(inline, value_type = Option<schema::DateBound>)]
    from: Option<String>,
    /// Last day or instant.
    #[param(inline, value_type = Option<schema::DateBound>)]
    to: Option<String>,
    /// Id of a venue.
    #[param(inline, value_type = Option<schema::VenueId>)]
    venue: Option<String>,
    /// The soonest first, or what fits best.
    #[param(inline, value_type = Option<schema::SortOrder>)]
    sort: Option<String>,
    /// Items on the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// An event as lists show it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventCardView {
    #[schema(value_type = String, example = "evt_01h455vb4pex5vsknk084sn02q")]
    id: EventId,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    /// `scheduled`, `presale`, `on_sale`, `off_sale`, `postponed`, `rescheduled` or `cancelled`.
    status: &'static str,
    performers: Vec<String>,
    venue: VenueBrief,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// The start as the clock at the venue shows it.
    local_start: String,
    time_zone: String,
    #[schema(value_type = Option<MoneySchema>)]
    price_from: Option<Money>,
    #[schema(value_type = Option<MoneySchema>)]
    price_to: Option<Money>,
    capacity: u32,
    /// Seats and places left; null when tickets are not sold here, or nobody can tell just now.
    available_seats: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VenueBrief {
    #[schema(value_type = String)]
    id: VenueId,
    name: String,
    city: String,
    country: String,
}

impl EventCardView {
    async fn of(app: &App, card: &EventCard) -> Self {
        let venue = &card.venue.details;
        Self {
            id: card.id,
            name: card.name.clone(),
            kind: card.kind.text(),
            status: card.status_at(app.env.now()).text(),
            performers: card.performers.clone(),
            venue: VenueBrief {
                id: card.venue.id,
                name: venue.name.to_string(),
                city: venue.city.to_string(),
                country: venue.country.as_str().to_owned(),
            },
            starts_at: card.starts_at,
            local_start: card.local_start().to_string(),
            time_zone: venue.time_zone.name().to_owned(),
            price_from: card.prices.map(|(low, _)| low),
            price_to: card.prices.map(|(_, high)| high),
            capacity: card.capacity,
            available_seats: available(app, card).await,
        }
    }
}

async fn available(app: &App, card: &EventCard) -> Option<u32> {
    // The engine has never heard of it.
    if card.state == EventState::Announced {
        return None;
    }
    match app.inventory.available(card.id).await {
        Ok(available) => Some(available),
        Err(refused) => {
            tracing::debug!(event = %card.id, %refused, "a list goes without what is left");
            None
        }
    }
}

/// Everything an event page shows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventPage {
    #[schema(value_type = String, example = "evt_01h455vb4pex5vsknk084sn02q")]
    id: EventId,
    #[schema(value_type = String)]
    organizer_id: OrganizerId,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    /// When the status may change by itself: a sale opens or closes.
    #[schema(value_type = Option<String>, format = DateTime)]
    status_changes_at: Option<Timestamp>,
    performers: Vec<String>,
    venue: VenueBrief,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    doors_at: Option<Timestamp>,
    local_start: String,
    time_zone: String,
    price_levels: Vec<PriceLevelView>,
    ticket_types: Vec<TicketTypeView>,
    capacity: u32,
    available_seats: u32,
    hold_rules: HoldRules,
    /// When the start was changed after the public had seen another. Who bought before may give
    /// tickets back until the start.
    #[schema(value_type = Option<String>, format = DateTime)]
    moved_at: Option<Timestamp>,
    /// Tickets can be given back until then.
    #[schema(value_type = String, format = DateTime)]
    refunds_until: Timestamp,
    /// `any`: its doors take a printed ticket; `live`: the changing barcode of a phone alone.
    #[schema(value_type = schema::Barcodes)]
    barcodes: &'static str,
    /// The wallets of phones that its tickets can be put into; none where `barcodes` is `live`, because a pass stands
    /// still.
    #[schema(value_type = Vec<schema::Wallet>)]
    wallets: Vec<&'static str>,
    /// Other performances of the same production.
    time_slots: Vec<TimeSlot>,
    version: u32,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PriceLevelView {
    #[schema(value_type = String)]
    id: PriceLevelId,
    /// The level's name in the seat map.
    key: String,
    name: String,
    #[schema(value_type = MoneySchema)]
    price: Money,
    available: u32,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TicketTypeView {
    key: String,
    name: String,
    /// Price in each level, by its key.
    #[schema(value_type = std::collections::BTreeMap<String, MoneySchema>)]
    prices: std::collections::BTreeMap<String, Money>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HoldRules {
    hold_seconds: u64,
    seats_per_hold_max: u32,
    tickets_per_fan_max: Option<u32>,
    /// `forbid`, `avoid` or `ignore`: whether a pick may leave a single seat over.
    orphan_policy: &'static str,
    /// When accessible and companion places are sold to everyone.
    #[schema(value_type = schema::AccessibleRelease)]
    accessible_release: AccessibleRelease,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TimeSlot {
    #[schema(value_type = String)]
    id: EventId,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    local_start: String,
    status: &'static str,
}

/// Which seats are free at this moment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvailabilityView {
    /// Continue from here with `GET /events/{event}/live?since=`.
    version: u64,
    /// The `version` of the seat map that the seats are numbered in. If the geometry at hand has
    /// another, fetch `GET /events/{event}/seat-map` again.
    map: u32,
    sections: Vec<SectionAvailability>,
    /// Base64 of two bits a seat in map order, four seats a byte, the first in the lowest bits:
    /// 0 available, 1 held, 2 sold, 3 blocked.
    seats: String,
    areas: Vec<AreaAvailability>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SectionAvailability {
    id: String,
    name: String,
    seats: u32,
    available: u32,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AreaAvailability {
    id: String,
    name: String,
    available: u32,
}

/// Find events. Source: document 002, "List event".
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(SearchParams),
    responses((status = 200, body = List<EventCardView>), (status = 400, body = Envelope)))]
pub async fn events(
    State(app): State<App>,
    Params(params): Params<SearchParams>,
) -> Result<Json<List<EventCardView>>, Problem> {
    let page = app.catalog.search(&query(&app, params)?)?;
    let items = join_all(page.items.iter().map(|card| EventCardView::of(&app, card))).await;
    Ok(Json(List { items, next_cursor: page.next_cursor }))
}

fn query(app: &App, params: SearchParams) -> Result<EventQuery, Problem> {
    let invalid = |field: &str, reason: &str| {
        Problem::new(Code::InvalidQuery, format!("{field} {reason}")).with(serde_json::json!({ "field": field }))
    };
    let short = |field: &str, text: Option<String>| match text {
        Some(text) if text.chars().count() > QUERY_MAX => Err(invalid(field, "is too long")),
        text => Ok(text.filter(|text| !text.trim().is_empty())),
    };
    let mut query = EventQuery::all(paging(params.limit, params.cursor)?);
    query.text = short("q", params.q)?;
    query.city = short("city", params.city)?;
    query.kind = match params.kind {
        None => None,
        Some(text) => Some(EventType::from_text(&text).ok_or_else(|| invalid("type", "is no type of event"))?),
    };
    query.venue =
        params.venue.map(|text| text.parse().map_err(|_| invalid("venue", "is no id of a venue"))).transpose()?;
    query.from = match params.from {
        Some(text) => Some(DateBound::parse("from", &text).map_err(Problem::query)?),
        None => Some(DateBound::At(app.env.now())),
    };
    query.to = params.to.map(|text| DateBound::parse("to", &text).map_err(Problem::query)).transpose()?;
    query.sort = match params.sort.as_deref() {
        None | Some("date") => Sort::Date,
        Some("relevance") => Sort::Relevance,
        Some(_) => return Err(invalid("sort", "must be date or relevance")),
    };
    Ok(query)
}

/// One event with its offer.
#[utoipa::path(get, path = "/api/v1/events/{event}", tag = "events",
    params(("event" = String, Path, description = "id of the event")),
    responses((status = 200, body = EventPage), (status = 304), (status = 404, body = Envelope),
        (status = 503, body = Envelope)))]
pub async fn event(
    State(app): State<App>,
    Path(event): Path<EventId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let listing = app.catalog.event(event).await?;
    let sold_here = match app.inventory.view(event).await {
        Ok(view) => Some(view),
        Err(Refused::UnknownEvent) => None,
        Err(refused) => return Err(refused.into()),
    };
    let (shown, now) = (&listing.event, app.env.now());
    let details = &shown.details;
    let levels = sold_here.as_ref().map(|view| view.level_available()).unwrap_or_default();
    let left = |key: &str| {
        let index = sold_here.as_ref()?.manifest.level_index(key)?;
        levels.get(usize::from(index)).copied()
    };
    let level = |level: &PriceLevel| PriceLevelView {
        id: level.id,
        key: level.key.clone(),
        name: level.name.clone(),
        price: level.price,
        available: left(&level.key).unwrap_or(0),
    };
    let kind = |kind: &TicketType| TicketTypeView {
        key: kind.key.clone(),
        name: kind.name.clone(),
        prices: details.price_levels.iter().map(|level| (level.key.clone(), kind.price(level))).collect(),
    };
    let slots = match shown.series {
        Some(series) => app.catalog.time_slots(series).await?,
        None => Vec::new(),
    };
    let venue = &listing.venue;
    let page = EventPage {
        id: shown.id,
        organizer_id: shown.organizer,
        name: details.name.to_string(),
        kind: details.kind.text(),
        status: shown.status_at(now).text(),
        status_changes_at: shown.next_status_change(now),
        performers: listing.performers.iter().map(|performer| performer.name.to_string()).collect(),
        venue: VenueBrief {
            id: venue.id,
            name: venue.details.name.to_string(),
            city: venue.details.city.to_string(),
            country: venue.details.country.as_str().to_owned(),
        },
        starts_at: details.starts_at,
        ends_at: details.ends_at,
        doors_at: details.doors_at,
        local_start: details.local_start(&venue.details.time_zone).to_string(),
        time_zone: venue.details.time_zone.name().to_owned(),
        price_levels: details.price_levels.iter().map(level).collect(),
        ticket_types: details.ticket_types.iter().map(kind).collect(),
        capacity: shown.capacity,
        available_seats: levels.iter().sum(),
        hold_rules: HoldRules {
            hold_seconds: details.hold_ttl.as_secs(),
            seats_per_hold_max: details.seats_per_hold_max,
            tickets_per_fan_max: details.tickets_per_fan_max,
            orphan_policy: details.orphan_policy.text(),
            accessible_release: details.accessible_release,
        },
        moved_at: shown.moved_at,
        refunds_until: shown.refunds_until(),
        barcodes: details.barcodes.text(),
        wallets: if details.barcodes == Barcodes::Live { Vec::new() } else { app.wallets.at(now) },
        time_slots: slots
            .iter()
            .map(|slot| TimeSlot {
                id: slot.id,
                starts_at: slot.starts_at,
                local_start: slot.local_start().to_string(),
                status: slot.status_at(now).text(),
            })
            .collect(),
        version: shown.version,
    };
    Ok(tagged(&headers, &page))
}

/// JSON under an `ETag` of its content; 304 when the caller has it.
fn tagged(headers: &HeaderMap, body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(body).expect("a page is JSON");
    let digest = Sha256::digest(&body);
    let tag: String = std::iter::once('"')
        .chain(
            digest[..12]
                .iter()
                .flat_map(|byte| [byte >> 4, byte & 15])
                .map(|half| char::from(b"0123456789abcdef"[usize::from(half)])),
        )
        .chain(['"'])
        .collect();
    let caching = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, "no-cache")];
    if has_tag(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Whether `If-None-Match` names `tag`. Source: RFC 9110, 13.1.2 (weak comparison).
pub fn has_tag(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    })
}

/// Which seats are free.
#[utoipa::path(get, path = "/api/v1/events/{event}/availability", tag = "events",
    params(("event" = String, Path, description = "id of the event")),
    responses((status = 200, body = AvailabilityView), (status = 404, body = Envelope), (status = 503, body = Envelope)))]
pub async fn availability(
    State(app): State<App>,
    Path(event): Path<EventId>,
) -> Result<Json<AvailabilityView>, Problem> {
    let Seats { view, map, .. } = app.live.seats(event).await?;
    let (snapshot, manifest) = (view.snapshot(), &view.manifest);
    let mut sections: Vec<SectionAvailability> = (0..manifest.sections() as u16)
        .map(|section| SectionAvailability {
            id: manifest.section_id(section).to_owned(),
            name: manifest.section_name(section).to_owned(),
            seats: 0,
            available: 0,
        })
        .collect();
    for seat in 0..manifest.seats() as u32 {
        let section = &mut sections[usize::from(manifest.section_of(seat))];
        section.seats += 1;
        section.available += u32::from(snapshot.status(seat) == 0);
    }
    let areas = (0..).zip(&snapshot.areas).map(|(area, left)| AreaAvailability {
        id: manifest.area_id(area).to_owned(),
        name: manifest.area_name(area).to_owned(),
        available: *left,
    });
    let (version, seats) = (snapshot.version, seats_text(&snapshot));
    Ok(Json(AvailabilityView { version, map, sections, seats, areas: areas.collect() }))
}

impl From<EventError> for Problem {
    fn from(error: EventError) -> Self {
        match error {
            EventError::Invalid(field) => field.into(),
            EventError::NotFound => Problem::not_found(),
            EventError::Conflict { current } => conflict(current),
            EventError::Store(error) => error.into(),
            other => Problem::new(other.code(), other.to_string()),
        }
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Invalid(field) => Problem::query(field),
            ListError::NotFound => Problem::not_found(),
            ListError::Store(error) => error.into(),
            ListError::Cursor(_) => Problem::new(error.code(), "the cursor belongs to another list"),
        }
    }
}
