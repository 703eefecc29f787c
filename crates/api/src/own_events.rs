//! An organizer's events: from draft to sale, changes, blocks and capacities.

use std::collections::HashMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use catalog::{
    AccessibleRelease, Barcodes, Event, EventDetails, EventType, NewEvent, OrphanPolicy, PriceLevel, SaleWindow,
    TicketType, Transition,
};
use sales::OnSaleError;
use serde::{Deserialize, Serialize};
use stagedoor_core::{
    Currency, Env, EventId, FieldError, Money, Name, OrganizerId, PerformerId, PriceLevelId, SeatMapId, Timestamp,
    VenueId,
};
use store::{Origin, Tx};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{ManageCatalogue, ManageSales, SeeCatalogue, SomeEvents, Staff};
use crate::client::RequestOrigin;
use crate::extract::{Body, IdempotencyKey, Params, Patch, Path, RawBody, id, present, set};
use crate::once::{Operation, once, staff_key};
use crate::openapi::MoneySchema;
use crate::problem::Envelope;
use crate::venues::{List, PageParams};
use crate::{App, Problem, holds, schema};

/// Performers one event can bring; the catalogue's own limit.
const PERFORMERS_MAX: usize = 100;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(own_events, create_event))
        .routes(routes!(own_event, update_event))
        .routes(routes!(publish_event))
        .routes(routes!(take_off_sale))
        .routes(routes!(postpone_event))
        .routes(routes!(cancel_event))
        .routes(routes!(move_to_seat_map))
        .routes(routes!(block))
        .routes(routes!(unblock))
        .routes(routes!(set_capacity))
}

/// An event as its organizer sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnEventView {
    #[schema(value_type = String)]
    id: EventId,
    #[schema(value_type = String)]
    venue_id: VenueId,
    #[schema(value_type = Option<String>)]
    seat_map_id: Option<SeatMapId>,
    #[schema(value_type = Option<String>)]
    series_id: Option<EventId>,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    /// `draft`, `announced`, `published`, `off_sale`, `postponed`, `rescheduled` or `cancelled`.
    state: &'static str,
    /// What the public is told.
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    doors_at: Option<Timestamp>,
    /// In the order of the bill.
    performers: Vec<String>,
    currency: &'static str,
    price_levels: Vec<LevelView>,
    #[schema(value_type = Vec<schema::TicketType>)]
    ticket_types: Vec<TicketType>,
    #[schema(value_type = Vec<schema::SaleWindow>)]
    sale_windows: Vec<SaleWindow>,
    hold_seconds: u64,
    seats_per_hold_max: u32,
    tickets_per_fan_max: Option<u32>,
    orphan_policy: &'static str,
    /// When accessible and companion places are sold to everyone.
    #[schema(value_type = schema::AccessibleRelease)]
    accessible_release: AccessibleRelease,
    refund_window_seconds: u64,
    /// Which barcodes its doors take.
    #[schema(value_type = schema::Barcodes)]
    barcodes: &'static str,
    capacity: u32,
    version: u32,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LevelView {
    #[schema(value_type = String)]
    id: PriceLevelId,
    key: String,
    name: String,
    #[schema(value_type = MoneySchema)]
    price: Money,
}

impl OwnEventView {
    fn new(event: &Event, names: &HashMap<PerformerId, Name>, now: Timestamp) -> Self {
        let details = &event.details;
        let performers = details.performers.iter().filter_map(|id| names.get(id));
        let level = |level: &PriceLevel| LevelView {
            id: level.id,
            key: level.key.clone(),
            name: level.name.clone(),
            price: level.price,
        };
        Self {
            id: event.id,
            venue_id: event.venue,
            seat_map_id: event.seat_map,
            series_id: event.series,
            name: details.name.to_string(),
            kind: details.kind.text(),
            state: event.state.text(),
            status: event.status_at(now).text(),
            starts_at: details.starts_at,
            ends_at: details.ends_at,
            doors_at: details.doors_at,
            performers: performers.map(Name::to_string).collect(),
            currency: details.currency.code(),
            price_levels: details.price_levels.iter().map(level).collect(),
            ticket_types: details.ticket_types.clone(),
            sale_windows: details.sale_windows.clone(),
            hold_seconds: details.hold_ttl.as_secs(),
            seats_per_hold_max: details.seats_per_hold_max,
            tickets_per_fan_max: details.tickets_per_fan_max,
            orphan_policy: details.orphan_policy.text(),
            accessible_release: details.accessible_release,
            refund_window_seconds: details.refund_window.as_secs(),
            barcodes: details.barcodes.text(),
            capacity: event.capacity,
            version: event.version,
        }
    }
}

/// A level as it is read can be sent back.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewLevel {
    /// Changes nothing: a level keeps its id as long as it keeps its key.
    #[serde(rename = "id")]
    #[schema(value_type = Option<schema::PriceLevelId>)]
    _id: Option<String>,
    /// The level's key in the seat map.
    #[schema(value_type = schema::Key)]
    key: String,
    #[schema(value_type = schema::Name)]
    name: String,
    /// In the minor unit of the event's currency; this or `price`.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    amount: Option<i64>,
    #[schema(value_type = Option<MoneySchema>)]
    price: Option<Money>,
}

impl NewLevel {
    fn level(self, env: &Env, currency: Currency) -> Result<PriceLevel, FieldError> {
        let price = match (self.amount, self.price) {
            (Some(minor), None) => Money::new(minor, currency),
            (None, Some(price)) => price,
            _ => return Err(FieldError::new("priceLevels", "need exactly one of amount and price")),
        };
        Ok(PriceLevel::new(env, self.key, self.name, price))
    }
}

/// The two bodies share their optional part by being written together: serde refuses no unknown
/// field of a struct with flattened parts.
macro_rules! event_bodies {
    ($($(#[$doc:meta])* $name:ident { $($own:tt)* })*) => {$(
        $(#[$doc])*
        #[derive(Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $($own)*
            #[serde(default)]
            #[schema(value_type = Option<schema::Instant>)]
            ends_at: Patch<Timestamp>,
            #[serde(default)]
            #[schema(value_type = Option<schema::Instant>)]
            doors_at: Patch<Timestamp>,
            /// By name, in the order of the bill; those not known yet are added.
            #[serde(default)]
            #[schema(value_type = Option<Vec<schema::Name>>, max_items = 100)]
            performers: Patch<Vec<String>>,
            /// One for each level of the seat map that has places.
            #[serde(default)]
            #[schema(value_type = Option<Vec<NewLevel>>, max_items = 250)]
            price_levels: Patch<Vec<NewLevel>>,
            /// One has the key `standard`.
            #[serde(default)]
            #[schema(value_type = Option<Vec<schema::TicketType>>, min_items = 1, max_items = 50)]
            ticket_types: Patch<Vec<TicketType>>,
            /// None: from publishing until the start.
            #[serde(default)]
            #[schema(value_type = Option<Vec<schema::SaleWindow>>, max_items = 50)]
            sale_windows: Patch<Vec<SaleWindow>>,
            #[serde(default)]
            #[schema(value_type = Option<u64>, minimum = 30, maximum = 3_600)]
            hold_seconds: Patch<u64>,
            #[serde(default)]
            #[schema(value_type = Option<u32>, minimum = 1, maximum = 10)]
            seats_per_hold_max: Patch<u32>,
            #[serde(default)]
            #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
            tickets_per_fan_max: Patch<u32>,
            /// Whether a pick may leave a single seat over.
            #[serde(default)]
            #[schema(value_type = Option<schema::OrphanPolicy>)]
            orphan_policy: Patch<OrphanPolicy>,
            /// When accessible and companion places are sold to everyone, and not to parties alone that say they
            /// need them: `never`, once the rest is sold or blocked, `always`, or from an instant on.
            #[serde(default)]
            #[schema(value_type = Option<schema::AccessibleRelease>)]
            accessible_release: Patch<AccessibleRelease>,
            /// How long before the start tickets can be given back for the last time.
            #[serde(default)]
            #[schema(value_type = Option<u64>, maximum = 31_536_000)]
            refund_window_seconds: Patch<u64>,
            /// `live`: the doors take the barcode that a phone shows and that changes, and neither paper nor a
            /// picture. `any`: paper, too.
            #[serde(default)]
            #[schema(value_type = Option<schema::Barcodes>)]
            barcodes: Patch<Barcodes>,
        }

        impl $name {
            /// The optional part as a change to an event's details. What is null becomes what it is
            /// in a new event.
            fn terms(
                self,
                env: &Env,
                currency: Currency,
            ) -> Result<impl FnOnce(&mut EventDetails) + Send + 'static, FieldError> {
                let made = |levels: Vec<NewLevel>| levels.into_iter().map(|level| level.level(env, currency)).collect();
                let levels: Patch<Vec<PriceLevel>> = self.price_levels.try_map(made)?;
                Ok(move |details: &mut EventDetails| {
                    let new = EventDetails::new(details.name.clone(), details.kind, details.starts_at, currency);
                    self.ends_at.map(Some).apply(&mut details.ends_at, new.ends_at);
                    self.doors_at.map(Some).apply(&mut details.doors_at, new.doors_at);
                    levels.apply(&mut details.price_levels, new.price_levels);
                    self.ticket_types.apply(&mut details.ticket_types, new.ticket_types);
                    self.sale_windows.apply(&mut details.sale_windows, new.sale_windows);
                    self.hold_seconds.map(Duration::from_secs).apply(&mut details.hold_ttl, new.hold_ttl);
                    self.seats_per_hold_max.apply(&mut details.seats_per_hold_max, new.seats_per_hold_max);
                    self.tickets_per_fan_max.map(Some).apply(&mut details.tickets_per_fan_max, new.tickets_per_fan_max);
                    self.orphan_policy.apply(&mut details.orphan_policy, new.orphan_policy);
                    self.accessible_release.apply(&mut details.accessible_release, new.accessible_release);
                    let window = self.refund_window_seconds.map(Duration::from_secs);
                    window.apply(&mut details.refund_window, new.refund_window);
                    self.barcodes.apply(&mut details.barcodes, new.barcodes);
                })
            }
        }
    )*};
}

event_bodies! {
    NewEventBody {
        #[schema(value_type = schema::VenueId)]
        venue_id: String,
        /// Without it, the venue's latest map.
        #[schema(value_type = Option<schema::SeatMapId>)]
        seat_map_id: Option<String>,
        /// Any event this one is a further time slot of.
        #[schema(value_type = Option<schema::EventId>)]
        series_id: Option<String>,
        /// Every price of the event is in it.
        #[schema(value_type = schema::Currency)]
        currency: String,
        #[schema(value_type = schema::Name)]
        name: String,
        #[serde(rename = "type")]
        #[schema(value_type = schema::EventType)]
        kind: EventType,
        #[schema(value_type = schema::Instant)]
        starts_at: Timestamp,
    }

    /// What to change. Fields left out stay as they are, those that are null become what they are
    /// in a new event.
    EventPatch {
        /// The version the change was made on; another one is refused.
        version: Option<u32>,
        #[serde(default, deserialize_with = "present")]
        #[schema(value_type = schema::Name, required = false)]
        name: Option<String>,
        #[serde(rename = "type", default, deserialize_with = "present")]
        #[schema(value_type = schema::EventType, required = false)]
        kind: Option<EventType>,
        /// Of a published event, a time to come. Who has bought may then give tickets back until
        /// the new start.
        #[serde(default, deserialize_with = "present")]
        #[schema(value_type = schema::Instant, required = false)]
        starts_at: Option<Timestamp>,
    }
}

fn performer_names(texts: Vec<String>) -> Result<Vec<Name>, FieldError> {
    if texts.len() > PERFORMERS_MAX {
        return Err(FieldError::new("performers", format!("must be at most {PERFORMERS_MAX}")));
    }
    let names = texts.iter().map(|text| Name::parse("performers", text)).collect::<Result<Vec<_>, _>>()?;
    if (1..names.len()).any(|at| names[..at].contains(&names[at])) {
        return Err(FieldError::new("performers", "must not name a performer twice"));
    }
    Ok(names)
}

/// `None` when they stay.
fn bill(performers: Patch<Vec<String>>) -> Result<Option<Vec<Name>>, FieldError> {
    match performers {
        Patch::Keep => Ok(None),
        Patch::Clear => Ok(Some(Vec::new())),
        Patch::Set(texts) => performer_names(texts).map(Some),
    }
}

/// The organizer's events, drafts too; of a member who is limited, those they work for.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/events", tag = "organizers", security(("bearer" = []), ("oauth2" = ["catalog.read"])),
    params(("org" = String, Path, description = "id of the organizer"), PageParams),
    responses((status = 200, body = List<OwnEventView>), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope)))]
pub async fn own_events(
    State(app): State<App>,
    SomeEvents { staff, events }: SomeEvents<SeeCatalogue>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<OwnEventView>>, Problem> {
    let page = app.catalog.events_among(staff.organizer, events.ids(), &page.paging()?).await?;
    let tx = app.store.begin_read().await?;
    let performers = page.items.iter().flat_map(|event| event.details.performers.iter().copied());
    let names = app.catalog.performer_names_in(&tx, performers).await?;
    let now = app.env.now();
    Ok(Json(List::of(page, |event| OwnEventView::new(&event, &names, now))))
}

/// An event as it is inside the transaction.
async fn view_in(app: &App, tx: &Tx, event: &Event) -> store::Result<OwnEventView> {
    let names = app.catalog.performer_names_in(tx, event.details.performers.iter().copied()).await?;
    Ok(OwnEventView::new(event, &names, app.env.now()))
}

async fn answer(app: &App, event: &Event) -> Result<Json<OwnEventView>, Problem> {
    Ok(Json(view_in(app, &app.store.begin_read().await?, event).await?))
}

/// Make a draft of an event.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/events", tag = "organizers", request_body = NewEventBody,
    security(("bearer" = []), ("oauth2" = ["catalog.write"])), params(("org" = String, Path, description = "id of the organizer"),
        ("Idempotency-Key" = Option<String>, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    responses((status = 201, body = OwnEventView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope), (status = 422, body = Envelope)))]
pub async fn create_event(
    State(app): State<App>,
    staff: Staff<ManageCatalogue>,
    RequestOrigin(origin): RequestOrigin,
    idempotency: IdempotencyKey,
    RawBody(mut body, bytes): RawBody<NewEventBody>,
) -> Result<Response, Problem> {
    let currency =
        Currency::from_code(&body.currency).ok_or_else(|| FieldError::new("currency", "is no currency of ISO 4217"))?;
    let mut new = NewEvent {
        venue: id("venueId", &body.venue_id)?,
        seat_map: body.seat_map_id.as_deref().map(|text| id("seatMapId", text)).transpose()?,
        series: body.series_id.as_deref().map(|text| id("seriesId", text)).transpose()?,
        details: EventDetails::new(Name::parse("name", &body.name)?, body.kind, body.starts_at, currency),
        bill: bill(std::mem::take(&mut body.performers))?.unwrap_or_default(),
    };
    body.terms(&app.env, currency)?(&mut new.details);
    let key = staff_key(idempotency, staff.organizer, "", &bytes);
    let (name, subject) = ("events.create", staff.organizer.into());
    let (by, origin, key) = (staff.by, &origin, key.as_ref());
    let operation = Operation { name, by, origin, subject, key, status: StatusCode::CREATED };
    once(&app, operation, async |tx| {
        let event = app.catalog.create_event_in(tx, staff.organizer, new).await?;
        Ok(view_in(&app, tx, &event).await?)
    })
    .await
}

/// One of the organizer's events.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/events/{event}", tag = "organizers", security(("bearer" = []), ("oauth2" = ["catalog.read"])),
    params(("org" = String, Path, description = "id of the organizer"), ("event" = String, Path, description = "id of the event")),
    responses((status = 200, body = OwnEventView), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn own_event(
    State(app): State<App>,
    staff: Staff<SeeCatalogue>,
    Path((_, event)): Path<(String, EventId)>,
) -> Result<Json<OwnEventView>, Problem> {
    let listing = app.catalog.event_of(staff.organizer, event).await?;
    answer(&app, &listing.event).await
}

/// Change an event. Prices of holds that exist stay as they are.
#[utoipa::path(patch, path = "/api/v1/organizers/{org}/events/{event}", tag = "organizers", request_body = EventPatch,
    security(("bearer" = []), ("oauth2" = ["catalog.write"])),
    params(("org" = String, Path, description = "id of the organizer"), ("event" = String, Path, description = "id of the event")),
    responses((status = 200, body = OwnEventView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 503, body = Envelope)))]
pub async fn update_event(
    State(app): State<App>,
    staff: Staff<ManageCatalogue>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, event)): Path<(String, EventId)>,
    Body(mut patch): Body<EventPatch>,
) -> Result<Json<OwnEventView>, Problem> {
    let known = app.catalog.event_of(staff.organizer, event).await?;
    let (version, starts_at, kind) = (patch.version, patch.starts_at, patch.kind);
    let name = patch.name.take().map(|text| Name::parse("name", &text)).transpose()?;
    let bill = bill(std::mem::take(&mut patch.performers))?;
    let terms = patch.terms(&app.env, known.event.details.currency)?;
    let change = move |details: &mut EventDetails| {
        set(&mut details.name, name);
        set(&mut details.kind, kind);
        set(&mut details.starts_at, starts_at);
        terms(details);
    };
    let event = app.sales.update_event(&origin, staff.organizer, event, version, bill, change).await?;
    answer(&app, &event).await
}

async fn transition(
    app: &App,
    origin: &Origin,
    organizer: OrganizerId,
    event: EventId,
    to: Transition,
) -> Result<Json<OwnEventView>, Problem> {
    let event = app.sales.transition_event(origin, organizer, event, to).await?;
    answer(app, &event).await
}

macro_rules! transitions {
    ($($(#[$doc:meta])* $name:ident, $path:literal, $to:ident;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "organizers", security(("bearer" = []), ("oauth2" = ["catalog.write"])),
            params(("org" = String, Path, description = "id of the organizer"),
                ("event" = String, Path, description = "id of the event")),
            responses((status = 200, body = OwnEventView), (status = 400, body = Envelope),
                (status = 401, body = Envelope), (status = 403, body = Envelope), (status = 404, body = Envelope),
                (status = 409, body = Envelope), (status = 503, body = Envelope)))]
        pub async fn $name(
            State(app): State<App>,
            staff: Staff<ManageCatalogue>,
            RequestOrigin(origin): RequestOrigin,
            Path((_, event)): Path<(String, EventId)>,
        ) -> Result<Json<OwnEventView>, Problem> {
            transition(&app, &origin, staff.organizer, event, Transition::$to).await
        }
    )*};
}

transitions! {
    /// Show an event to everyone and sell it in its sale windows.
    ///
    /// Doing it again changes nothing, so this takes no idempotency key.
    publish_event, "/api/v1/organizers/{org}/events/{event}/publish", Publish;
    /// Stop selling an event.
    ///
    /// Doing it again changes nothing, so this takes no idempotency key.
    take_off_sale, "/api/v1/organizers/{org}/events/{event}/take-off-sale", TakeOffSale;
    /// Say that an event will not happen when it says.
    ///
    /// Doing it again changes nothing, so this takes no idempotency key.
    postpone_event, "/api/v1/organizers/{org}/events/{event}/postpone", Postpone;
    /// Call an event off: every order is refunded.
    ///
    /// Doing it again changes nothing, so this takes no idempotency key.
    cancel_event, "/api/v1/organizers/{org}/events/{event}/cancel", Cancel;
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeatMapChoice {
    #[schema(value_type = schema::SeatMapId)]
    seat_map_id: String,
}

/// Move an event to another version of its venue's map. Refused when places in use would vanish.
///
/// Doing it again changes nothing, so this takes no idempotency key.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/events/{event}/seat-map", tag = "organizers",
    request_body = SeatMapChoice, security(("bearer" = []), ("oauth2" = ["catalog.write"])),
    params(("org" = String, Path, description = "id of the organizer"), ("event" = String, Path, description = "id of the event")),
    responses((status = 200, body = OwnEventView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 503, body = Envelope)))]
pub async fn move_to_seat_map(
    State(app): State<App>,
    staff: Staff<ManageCatalogue>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, event)): Path<(String, EventId)>,
    Body(body): Body<SeatMapChoice>,
) -> Result<Json<OwnEventView>, Problem> {
    let map = id("seatMapId", &body.seat_map_id)?;
    match app.sales.move_to_seat_map(&origin, staff.organizer, event, map).await {
        Ok(event) => answer(&app, &event).await,
        Err(error) => Err(named(&app, event, error).await),
    }
}

/// What to take off sale: exactly one of `seats` and `area`, because either happens whole or not
/// at all.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BlockBody {
    /// Ids as the seat map gives them.
    #[schema(min_items = 1)]
    seats: Option<Vec<String>>,
    area: Option<AreaBlock>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AreaBlock {
    id: String,
    /// Places off sale from now on, in total; fewer than before puts the others on sale again.
    blocked: u32,
}

/// Take free seats or places off sale.
///
/// Of an area the number of all blocked places is given: a smaller one, down to 0, puts places on
/// sale again.
///
/// Those that are off sale stay so: doing it again changes nothing, so this takes no idempotency key.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/events/{event}/block", tag = "organizers", request_body = BlockBody,
    security(("bearer" = []), ("oauth2" = ["inventory.write"])),
    params(("org" = String, Path, description = "id of the organizer"), ("event" = String, Path, description = "id of the event")),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 503, body = Envelope)))]
pub async fn block(
    State(app): State<App>,
    staff: Staff<ManageSales>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, event)): Path<(String, EventId)>,
    Body(body): Body<BlockBody>,
) -> Result<StatusCode, Problem> {
    let blocked = match (&body.seats, &body.area) {
        (Some(seats), None) => app.sales.block_seats(&origin, staff.organizer, event, seats).await,
        (None, Some(area)) => app.sales.block_area(&origin, staff.organizer, event, &area.id, area.blocked).await,
        _ => return Err(FieldError::new("seats", "send exactly one of seats and area").into()),
    };
    done(&app, event, blocked).await
}

/// The answer to what the seat engine was asked, with the seats it names by their ids.
async fn done(app: &App, event: EventId, result: Result<(), OnSaleError>) -> Result<StatusCode, Problem> {
    match result {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(named(app, event, error).await),
    }
}

/// The refusal of a seat change, with the seats it names by their ids.
pub(crate) async fn named(app: &App, event: EventId, error: OnSaleError) -> Problem {
    match error {
        OnSaleError::Refused(refused) => match app.inventory.view(event).await {
            Ok(view) => holds::problem(refused, &view),
            Err(_) => refused.into(),
        },
        other => other.into(),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UnblockBody {
    #[schema(min_items = 1)]
    seats: Vec<String>,
}

/// Put blocked seats on sale again.
///
/// Blocked places of an area are put on sale by `POST .../block` with a smaller `area.blocked`.
///
/// Doing it again changes nothing, so this takes no idempotency key.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/events/{event}/unblock", tag = "organizers",
    request_body = UnblockBody, security(("bearer" = []), ("oauth2" = ["inventory.write"])),
    params(("org" = String, Path, description = "id of the organizer"), ("event" = String, Path, description = "id of the event")),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 503, body = Envelope)))]
pub async fn unblock(
    State(app): State<App>,
    staff: Staff<ManageSales>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, event)): Path<(String, EventId)>,
    Body(body): Body<UnblockBody>,
) -> Result<StatusCode, Problem> {
    done(&app, event, app.sales.unblock_seats(&origin, staff.organizer, event, &body.seats).await).await
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CapacityBody {
    /// Id of the area.
    area: String,
    #[schema(maximum = 500_000)]
    capacity: u32,
}

/// Change how many places an area has. Refused below what is sold, held or blocked.
///
/// Doing it again changes nothing, so this takes no idempotency key.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/events/{event}/capacity", tag = "organizers",
    request_body = CapacityBody, security(("bearer" = []), ("oauth2" = ["inventory.write"])),
    params(("org" = String, Path, description = "id of the organizer"), ("event" = String, Path, description = "id of the event")),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 503, body = Envelope)))]
pub async fn set_capacity(
    State(app): State<App>,
    staff: Staff<ManageSales>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, event)): Path<(String, EventId)>,
    Body(body): Body<CapacityBody>,
) -> Result<StatusCode, Problem> {
    let set = app.sales.set_area_capacity(&origin, staff.organizer, event, &body.area, body.capacity).await;
    done(&app, event, set).await
}
