//! What staff do: tenants and their members, events on sale, blocks, orders and refunds.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use catalog::{Event, EventDetails, EventType, NewEvent, OrphanPolicy, PriceLevel, SaleWindow, TicketType, Transition};
use identity::Role;
use sales::StaffRefund;
use serde::{Deserialize, Serialize};
use stagedoor_core::{
    Currency, EventId, FieldError, Money, Name, OrderId, OrganizerId, SeatMapId, Timestamp, UserId, VenueId,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{
    Fan, ManageCatalogue, ManageMembers, ManageSales, RefundOrders, SeeBuyers, SeeCatalogue, SeeMembers, SeeSales,
    Staff,
};
use crate::extract::{Body, IdempotencyKey, Params, Path, RawBody, id};
use crate::openapi::MoneySchema;
use crate::orders::{self, OrderListParams, OrderView, respond, shown, ticket_ids};
use crate::problem::Envelope;
use crate::tickets::{self as ticket_views, TicketListParams, TicketView};
use crate::venues::{List, PageParams};
use crate::{App, Problem};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_organizer, my_organizers))
        .routes(routes!(members, add_member))
        .routes(routes!(change_member, remove_member))
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
        .routes(routes!(attendees))
        .routes(routes!(sold_orders))
        .routes(routes!(sold_order))
        .routes(routes!(refund_order))
}

/// Performers one event can bring; the catalogue's own limit.
const PERFORMERS_MAX: usize = 100;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrganizer {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizerView {
    #[schema(value_type = String, example = "org_01h455vb4pex5vsknk084sn02q")]
    id: OrganizerId,
    name: String,
    /// The caller's role there.
    role: &'static str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizerList {
    items: Vec<OrganizerView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    #[schema(value_type = String)]
    user_id: UserId,
    name: String,
    email: String,
    role: &'static str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberList {
    items: Vec<MemberView>,
}

impl From<identity::Member> for MemberView {
    fn from(member: identity::Member) -> Self {
        let identity::Member { user, role, .. } = member;
        Self { user_id: user.id, name: user.name.into_string(), email: user.email, role: role.text() }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMember {
    /// Of an account that exists.
    email: String,
    /// `owner`, `manager`, `finance`, `door` or `viewer`.
    role: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MemberPatch {
    role: String,
}

/// Start an organizer; the caller becomes its owner.
#[utoipa::path(post, path = "/api/v1/organizers", tag = "organizers", request_body = NewOrganizer,
    security(("bearer" = [])),
    responses((status = 201, body = OrganizerView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 409, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn create_organizer(
    State(app): State<App>,
    fan: Fan,
    Body(body): Body<NewOrganizer>,
) -> Result<(StatusCode, Json<OrganizerView>), Problem> {
    let organizer = app.identity.create_organizer(fan.id(), &body.name).await?;
    let view = OrganizerView { id: organizer.id, name: organizer.name.to_string(), role: Role::Owner.text() };
    Ok((StatusCode::CREATED, Json(view)))
}

/// The organizers the caller works for.
#[utoipa::path(get, path = "/api/v1/organizers", tag = "organizers", security(("bearer" = [])),
    responses((status = 200, body = OrganizerList), (status = 401, body = Envelope)))]
pub async fn my_organizers(State(app): State<App>, fan: Fan) -> Result<Json<OrganizerList>, Problem> {
    let memberships = app.identity.organizers_of(fan.id()).await?;
    let items = memberships.into_iter().map(|membership| OrganizerView {
        id: membership.organizer.id,
        name: membership.organizer.name.to_string(),
        role: membership.role.text(),
    });
    Ok(Json(OrganizerList { items: items.collect() }))
}

/// Who works for the organizer.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/members", tag = "organizers", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 200, body = MemberList), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn members(State(app): State<App>, staff: Staff<SeeMembers>) -> Result<Json<MemberList>, Problem> {
    let members = app.identity.members(staff.organizer).await?;
    Ok(Json(MemberList { items: members.into_iter().map(MemberView::from).collect() }))
}

/// Add someone by e-mail.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/members", tag = "organizers", request_body = NewMember,
    security(("bearer" = [])), params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 201, body = MemberView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn add_member(
    State(app): State<App>,
    staff: Staff<ManageMembers>,
    Body(body): Body<NewMember>,
) -> Result<(StatusCode, Json<MemberView>), Problem> {
    let role: Role = body.role.parse()?;
    let member = app.identity.add_member(staff.organizer, &body.email, role).await?;
    Ok((StatusCode::CREATED, Json(member.into())))
}

/// Give a member another role.
#[utoipa::path(patch, path = "/api/v1/organizers/{org}/members/{user}", tag = "organizers", request_body = MemberPatch,
    security(("bearer" = [])), params(("org" = String, Path, description = "id of the organizer"),
        ("user" = String, Path, description = "id of the member")),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn change_member(
    State(app): State<App>,
    staff: Staff<ManageMembers>,
    Path((_, user)): Path<(String, UserId)>,
    Body(body): Body<MemberPatch>,
) -> Result<StatusCode, Problem> {
    app.identity.change_role(staff.organizer, user, body.role.parse()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let a member go. The last owner stays.
#[utoipa::path(delete, path = "/api/v1/organizers/{org}/members/{user}", tag = "organizers", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"),
        ("user" = String, Path, description = "id of the member")),
    responses((status = 204), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope)))]
pub async fn remove_member(
    State(app): State<App>,
    staff: Staff<ManageMembers>,
    Path((_, user)): Path<(String, UserId)>,
) -> Result<StatusCode, Problem> {
    app.identity.remove_member(staff.organizer, user).await?;
    Ok(StatusCode::NO_CONTENT)
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
    currency: &'static str,
    price_levels: Vec<LevelView>,
    #[schema(value_type = Vec<Object>)]
    ticket_types: Vec<TicketType>,
    #[schema(value_type = Vec<Object>)]
    sale_windows: Vec<SaleWindow>,
    hold_seconds: u64,
    seats_per_hold_max: u32,
    tickets_per_fan_max: Option<u32>,
    orphan_policy: &'static str,
    refund_window_seconds: u64,
    capacity: u32,
    version: u32,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LevelView {
    key: String,
    name: String,
    #[schema(value_type = MoneySchema)]
    price: Money,
}

impl OwnEventView {
    fn new(event: &Event, now: Timestamp) -> Self {
        let details = &event.details;
        let level =
            |level: &PriceLevel| LevelView { key: level.key.clone(), name: level.name.clone(), price: level.price };
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
            currency: details.currency.code(),
            price_levels: details.price_levels.iter().map(level).collect(),
            ticket_types: details.ticket_types.clone(),
            sale_windows: details.sale_windows.clone(),
            hold_seconds: details.hold_ttl.as_secs(),
            seats_per_hold_max: details.seats_per_hold_max,
            tickets_per_fan_max: details.tickets_per_fan_max,
            orphan_policy: details.orphan_policy.text(),
            refund_window_seconds: details.refund_window.as_secs(),
            capacity: event.capacity,
            version: event.version,
        }
    }
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewLevel {
    /// The level's key in the seat map.
    key: String,
    name: String,
    /// In the minor unit of the event's currency.
    amount: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewEventBody {
    venue_id: String,
    /// Without it, the venue's latest map.
    seat_map_id: Option<String>,
    /// Any event this one is a further time slot of.
    series_id: Option<String>,
    /// ISO 4217; every price of the event is in it.
    #[schema(example = "EUR")]
    currency: String,
    #[serde(flatten)]
    details: EventFields,
}

/// What can be set when an event is made and changed later; fields left out stay as they are.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct EventFields {
    name: Option<String>,
    /// `concert`, `sport`, `theatre`, `comedy`, `festival`, `family` or `other`.
    #[serde(rename = "type")]
    kind: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    doors_at: Option<Timestamp>,
    /// By name; those not known yet are added.
    performers: Option<Vec<String>>,
    price_levels: Option<Vec<NewLevel>>,
    #[schema(value_type = Option<Vec<Object>>)]
    ticket_types: Option<Vec<TicketType>>,
    #[schema(value_type = Option<Vec<Object>>)]
    sale_windows: Option<Vec<SaleWindow>>,
    /// 30 to 3600.
    hold_seconds: Option<u64>,
    /// 1 to 10.
    seats_per_hold_max: Option<u32>,
    tickets_per_fan_max: Option<u32>,
    /// `forbid`, `avoid` or `ignore`.
    orphan_policy: Option<String>,
    refund_window_seconds: Option<u64>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: std::collections::BTreeMap<String, serde::de::IgnoredAny>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventPatch {
    /// The version the change was made on; another one is refused.
    version: Option<u32>,
    #[serde(flatten)]
    details: EventFields,
}

impl EventFields {
    /// The same as a change to `details`, every text checked.
    async fn change(
        self,
        app: &App,
        organizer: OrganizerId,
        currency: Currency,
    ) -> Result<impl FnOnce(&mut EventDetails) + Send, Problem> {
        if let Some(field) = self.unknown.keys().next() {
            let problem = Problem::new(stagedoor_core::Code::UnknownField, format!("unknown field `{field}`"));
            return Err(problem.with(serde_json::json!({ "field": field })));
        }
        let name = self.name.as_deref().map(|text| Name::parse("name", text)).transpose()?;
        let kind = match &self.kind {
            None => None,
            Some(text) => {
                Some(EventType::from_text(text).ok_or_else(|| FieldError::new("type", "is no type of event"))?)
            }
        };
        let orphans = match &self.orphan_policy {
            None => None,
            Some(text) => Some(
                OrphanPolicy::from_text(text)
                    .ok_or_else(|| FieldError::new("orphanPolicy", "must be forbid, avoid or ignore"))?,
            ),
        };
        let mut performers = None;
        if let Some(names) = &self.performers {
            if names.len() > PERFORMERS_MAX {
                return Err(FieldError::new("performers", "are too many").into());
            }
            let mut ids = Vec::with_capacity(names.len());
            for text in names {
                let name = Name::parse("performers", text)?;
                ids.push(app.catalog.performer_named(organizer, name).await?.id);
            }
            performers = Some(ids);
        }
        let levels = self.price_levels.map(|levels| {
            let level =
                |level: NewLevel| PriceLevel::new(&app.env, level.key, level.name, Money::new(level.amount, currency));
            levels.into_iter().map(level).collect::<Vec<_>>()
        });
        Ok(move |details: &mut EventDetails| {
            fn set<T>(place: &mut T, value: Option<T>) {
                if let Some(value) = value {
                    *place = value;
                }
            }
            set(&mut details.name, name);
            set(&mut details.kind, kind);
            set(&mut details.starts_at, self.starts_at);
            set(&mut details.ends_at, self.ends_at.map(Some));
            set(&mut details.doors_at, self.doors_at.map(Some));
            set(&mut details.performers, performers);
            set(&mut details.price_levels, levels);
            set(&mut details.ticket_types, self.ticket_types);
            set(&mut details.sale_windows, self.sale_windows);
            set(&mut details.hold_ttl, self.hold_seconds.map(Duration::from_secs));
            set(&mut details.seats_per_hold_max, self.seats_per_hold_max);
            set(&mut details.tickets_per_fan_max, self.tickets_per_fan_max.map(Some));
            set(&mut details.orphan_policy, orphans);
            set(&mut details.refund_window, self.refund_window_seconds.map(Duration::from_secs));
        })
    }
}

/// The organizer's events, drafts too.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/events", tag = "organizers", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"), PageParams),
    responses((status = 200, body = List<OwnEventView>), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope)))]
pub async fn own_events(
    State(app): State<App>,
    staff: Staff<SeeCatalogue>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<OwnEventView>>, Problem> {
    let (page, now) = (app.catalog.events_of(staff.organizer, &page.paging()?).await?, app.env.now());
    Ok(Json(List::of(page, |event| OwnEventView::new(&event, now))))
}

/// Make a draft of an event.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/events", tag = "organizers", request_body = NewEventBody,
    security(("bearer" = [])), params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 201, body = OwnEventView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn create_event(
    State(app): State<App>,
    staff: Staff<ManageCatalogue>,
    Body(body): Body<NewEventBody>,
) -> Result<(StatusCode, Json<OwnEventView>), Problem> {
    let currency =
        Currency::from_code(&body.currency).ok_or_else(|| FieldError::new("currency", "is no currency of ISO 4217"))?;
    let name = body.details.name.as_deref().ok_or_else(|| FieldError::new("name", "is required"))?;
    let kind = body.details.kind.as_deref().and_then(EventType::from_text);
    let kind = kind.ok_or_else(|| FieldError::new("type", "is required"))?;
    let starts_at = body.details.starts_at.ok_or_else(|| FieldError::new("startsAt", "is required"))?;
    let mut details = EventDetails::new(Name::parse("name", name)?, kind, starts_at, currency);
    let new = |details| -> Result<NewEvent, Problem> {
        Ok(NewEvent {
            venue: id("venueId", &body.venue_id)?,
            seat_map: body.seat_map_id.as_deref().map(|text| id("seatMapId", text)).transpose()?,
            series: body.series_id.as_deref().map(|text| id("seriesId", text)).transpose()?,
            details,
        })
    };
    body.details.change(&app, staff.organizer, currency).await?(&mut details);
    let event = app.catalog.create_event(staff.organizer, new(details)?).await?;
    Ok((StatusCode::CREATED, Json(OwnEventView::new(&event, app.env.now()))))
}

/// One of the organizer's events.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/events/{event}", tag = "organizers", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"), ("event" = String, Path, description = "id of the event")),
    responses((status = 200, body = OwnEventView), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn own_event(
    State(app): State<App>,
    staff: Staff<SeeCatalogue>,
    Path((_, event)): Path<(String, EventId)>,
) -> Result<Json<OwnEventView>, Problem> {
    let listing = app.catalog.event_of(staff.organizer, event).await?;
    Ok(Json(OwnEventView::new(&listing.event, app.env.now())))
}

/// Change an event. Prices of holds that exist stay as they are.
#[utoipa::path(patch, path = "/api/v1/organizers/{org}/events/{event}", tag = "organizers", request_body = EventPatch,
    security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"), ("event" = String, Path, description = "id of the event")),
    responses((status = 200, body = OwnEventView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 503, body = Envelope)))]
pub async fn update_event(
    State(app): State<App>,
    staff: Staff<ManageCatalogue>,
    Path((_, event)): Path<(String, EventId)>,
    Body(patch): Body<EventPatch>,
) -> Result<Json<OwnEventView>, Problem> {
    let currency = app.catalog.event_of(staff.organizer, event).await?.event.details.currency;
    let change = patch.details.change(&app, staff.organizer, currency).await?;
    let event = app.sales.update_event(staff.organizer, event, patch.version, change).await?;
    Ok(Json(OwnEventView::new(&event, app.env.now())))
}

async fn transition(
    app: &App,
    organizer: OrganizerId,
    event: EventId,
    to: Transition,
) -> Result<Json<OwnEventView>, Problem> {
    let event = app.sales.transition_event(organizer, event, to).await?;
    Ok(Json(OwnEventView::new(&event, app.env.now())))
}

macro_rules! transitions {
    ($($(#[$doc:meta])* $name:ident, $path:literal, $to:ident;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "organizers", security(("bearer" = [])),
            params(("org" = String, Path, description = "id of the organizer"),
                ("event" = String, Path, description = "id of the event")),
            responses((status = 200, body = OwnEventView), (status = 400, body = Envelope),
                (status = 401, body = Envelope), (status = 403, body = Envelope), (status = 404, body = Envelope),
                (status = 409, body = Envelope), (status = 503, body = Envelope)))]
        pub async fn $name(
            State(app): State<App>,
            staff: Staff<ManageCatalogue>,
            Path((_, event)): Path<(String, EventId)>,
        ) -> Result<Json<OwnEventView>, Problem> {
            transition(&app, staff.organizer, event, Transition::$to).await
        }
    )*};
}

transitions! {
    /// Show an event to everyone and sell it in its sale windows.
    publish_event, "/api/v1/organizers/{org}/events/{event}/publish", Publish;
    /// Stop selling an event.
    take_off_sale, "/api/v1/organizers/{org}/events/{event}/take-off-sale", TakeOffSale;
    /// Say that an event will not happen when it says.
    postpone_event, "/api/v1/organizers/{org}/events/{event}/postpone", Postpone;
    /// Call an event off: every order is refunded.
    cancel_event, "/api/v1/organizers/{org}/events/{event}/cancel", Cancel;
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeatMapChoice {
    seat_map_id: String,
}

/// Move an event to another version of its venue's map. Refused when places in use would vanish.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/events/{event}/seat-map", tag = "organizers",
    request_body = SeatMapChoice, security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"), ("event" = String, Path, description = "id of the event")),
    responses((status = 200, body = OwnEventView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 503, body = Envelope)))]
pub async fn move_to_seat_map(
    State(app): State<App>,
    staff: Staff<ManageCatalogue>,
    Path((_, event)): Path<(String, EventId)>,
    Body(body): Body<SeatMapChoice>,
) -> Result<Json<OwnEventView>, Problem> {
    let map = id("seatMapId", &body.seat_map_id)?;
    let event = app.sales.move_to_seat_map(staff.organizer, event, map).await?;
    Ok(Json(OwnEventView::new(&event, app.env.now())))
}

/// Seats by id, and how many places of areas are off sale in total.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BlockBody {
    #[serde(default)]
    seats: Vec<String>,
    #[serde(default)]
    areas: Vec<AreaBlock>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AreaBlock {
    id: String,
    /// Places off sale from now on, in total.
    blocked: u32,
}

/// Take free seats or places off sale.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/events/{event}/block", tag = "organizers", request_body = BlockBody,
    security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"), ("event" = String, Path, description = "id of the event")),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 503, body = Envelope)))]
pub async fn block(
    State(app): State<App>,
    staff: Staff<ManageSales>,
    Path((_, event)): Path<(String, EventId)>,
    Body(body): Body<BlockBody>,
) -> Result<StatusCode, Problem> {
    if !body.seats.is_empty() {
        app.sales.block_seats(staff.organizer, event, &body.seats).await?;
    }
    for area in &body.areas {
        app.sales.block_area(staff.organizer, event, &area.id, area.blocked).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UnblockBody {
    seats: Vec<String>,
}

/// Put blocked seats on sale again.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/events/{event}/unblock", tag = "organizers",
    request_body = UnblockBody, security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"), ("event" = String, Path, description = "id of the event")),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope), (status = 503, body = Envelope)))]
pub async fn unblock(
    State(app): State<App>,
    staff: Staff<ManageSales>,
    Path((_, event)): Path<(String, EventId)>,
    Body(body): Body<UnblockBody>,
) -> Result<StatusCode, Problem> {
    app.sales.unblock_seats(staff.organizer, event, &body.seats).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CapacityBody {
    area: String,
    capacity: u32,
}

/// Change how many places an area has. Refused below what is sold, held or blocked.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/events/{event}/capacity", tag = "organizers",
    request_body = CapacityBody, security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"), ("event" = String, Path, description = "id of the event")),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 503, body = Envelope)))]
pub async fn set_capacity(
    State(app): State<App>,
    staff: Staff<ManageSales>,
    Path((_, event)): Path<(String, EventId)>,
    Body(body): Body<CapacityBody>,
) -> Result<StatusCode, Problem> {
    app.sales.set_area_capacity(staff.organizer, event, &body.area, body.capacity).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who comes: the tickets of an event.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/events/{event}/attendees", tag = "organizers",
    security(("bearer" = [])), params(("org" = String, Path, description = "id of the organizer"),
        ("event" = String, Path, description = "id of the event"), TicketListParams),
    responses((status = 200, body = List<TicketView>), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope)))]
pub async fn attendees(
    State(app): State<App>,
    staff: Staff<SeeBuyers>,
    Path((_, event)): Path<(String, EventId)>,
    Params(params): Params<TicketListParams>,
) -> Result<Json<List<TicketView>>, Problem> {
    app.catalog.event_of(staff.organizer, event).await?;
    let (status, page) = params.read()?;
    let tx = app.store.begin_read().await?;
    Ok(Json(ticket_views::list(tickets::attendees(&tx, staff.organizer, event, status, page).await?)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
pub struct EventFilter {
    /// Only orders with places at this event.
    event: Option<String>,
}

/// Orders with the organizer's places, newest first. Other organizers' parts are left out.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/orders", tag = "organizers", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"), EventFilter, OrderListParams),
    responses((status = 200, body = List<OrderView>), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope)))]
pub async fn sold_orders(
    State(app): State<App>,
    staff: Staff<SeeSales>,
    Params(filter): Params<EventFilter>,
    Params(params): Params<OrderListParams>,
) -> Result<Json<List<OrderView>>, Problem> {
    let wrong = |_| Problem::query(FieldError::new("event", "is no id of an event"));
    let event = filter.event.map(|text| text.parse().map_err(wrong)).transpose()?;
    let (page, shown) = params.page()?;
    let orders = app.sales.orders_for(staff.organizer, event, page).await?;
    Ok(Json(orders::list(orders, shown, &app.public_url)))
}

/// The organizer's part of one order.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/orders/{order}", tag = "organizers", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"), ("order" = String, Path, description = "id of the order")),
    responses((status = 200, body = OrderView), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn sold_order(
    State(app): State<App>,
    staff: Staff<SeeSales>,
    Path((_, order)): Path<(String, OrderId)>,
) -> Result<Json<OrderView>, Problem> {
    let order = app.sales.order_for(staff.organizer, order).await?;
    Ok(Json(OrderView::new(&order, &app.public_url)))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefundBody {
    /// Ids of the tickets; without it, all of the organizer's in the order.
    tickets: Option<Vec<String>>,
    /// Why; kept with the refund.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// Refund tickets, whatever the event's policy says.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/orders/{order}/refund", tag = "organizers",
    request_body = RefundBody, security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"), ("order" = String, Path, description = "id of the order"),
        ("Idempotency-Key" = String, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    responses((status = 200, body = OrderView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 422, body = Envelope)))]
pub async fn refund_order(
    State(app): State<App>,
    staff: Staff<RefundOrders>,
    Path((_, order)): Path<(String, OrderId)>,
    idempotency: IdempotencyKey,
    RawBody(body, bytes): RawBody<RefundBody>,
) -> Result<Response, Problem> {
    let key = orders::key(idempotency.required()?, &bytes);
    let refund = StaffRefund {
        organizer: staff.organizer,
        staff: staff.user,
        order,
        tickets: body.tickets.map(ticket_ids).transpose()?,
        note: Name::parse("reason", &body.reason)?.into_string(),
        key: Some(key),
    };
    let url = app.public_url.clone();
    let answered = app.sales.refund(refund, move |order| shown(order, &url)).await?;
    Ok(respond(answered))
}
