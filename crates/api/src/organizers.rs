//! Tenants and their members, who comes, what was sold, and refunds by staff.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use identity::{AccountError, Contact, Events, Holder, MemberChange, Permission, Role};
use sales::{OrderFilter, OrderStatus, StaffRefund};
use serde::{Deserialize, Serialize};
use serde_json::json;
use stagedoor_core::{EventId, FieldError, Name, OrderId, OrganizerId, TicketId, Timestamp, UserId};
use tickets::{Access, AttendeeFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{
    Belong, Fan, ManageMembers, ManageOrganizer, Member, Person, ProfileRead, RefundOrders, SeeBuyers, SeeMembers,
    SeeSales, SomeEvents, Staff,
};
use crate::client::RequestOrigin;
use crate::denials::Denied;
use crate::extract::{Body, IdempotencyKey, Params, Patch, Path, RawBody, present};
use crate::once::{Operation, once};
use crate::orders::{self, OrderListParams, OrderView, respond, shown, ticket_ids};
use crate::problem::Envelope;
use crate::tickets::{TicketListParams, TicketView};
use crate::venues::List;
use crate::{App, Problem, reads, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_organizer, my_organizers))
        .routes(routes!(change_organizer))
        .routes(routes!(members))
        .routes(routes!(change_member, remove_member))
        .routes(routes!(attendees))
        .routes(routes!(sold_ticket))
        .routes(routes!(sold_orders))
        .routes(routes!(sold_order))
        .routes(routes!(refund_order))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrganizer {
    #[schema(value_type = schema::Name)]
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
    /// The events there that the caller works for; null for all.
    #[schema(value_type = Option<Vec<String>>)]
    events: Option<Vec<EventId>>,
    /// The platform has suspended it: it puts nothing on sale.
    suspended: bool,
    /// Whether owners, managers and finance staff act with a second factor only.
    members_need_second_factor: bool,
}

impl OrganizerView {
    fn new(organizer: identity::Organizer, role: Role, events: &Events) -> Self {
        let identity::Organizer { id, name, members_need_factor, suspended_at, .. } = organizer;
        Self {
            id,
            name,
            role: role.text(),
            events: events.ids().map(<[_]>::to_vec),
            suspended: suspended_at.is_some(),
            members_need_second_factor: members_need_factor,
        }
    }
}

impl From<identity::Membership> for OrganizerView {
    fn from(membership: identity::Membership) -> Self {
        Self::new(membership.organizer, membership.role, &membership.events)
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrganizerPatch {
    members_need_second_factor: bool,
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
    /// People's names are theirs to tell: whoever knows an address could ask for them here.
    /// Null for an account with a telephone number alone.
    email: Option<String>,
    role: &'static str,
    /// The events they work for; null for all.
    #[schema(value_type = Option<Vec<String>>)]
    events: Option<Vec<EventId>>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberList {
    items: Vec<MemberView>,
}

impl From<identity::Member> for MemberView {
    fn from(member: identity::Member) -> Self {
        let identity::Member { user, role, events } = member;
        let email = user.email.map(|email| email.address);
        Self { user_id: user.id, email, role: role.text(), events: events.ids().map(<[_]>::to_vec) }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MemberPatch {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Role, required = false)]
    role: Option<String>,
    /// The events they work for, all else of the organizer being absent to them; null for all of it.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::EventId>>, min_items = 1, max_items = 100)]
    events: Patch<Vec<String>>,
}

/// Start an organizer; the caller becomes its owner.
#[utoipa::path(post, path = "/api/v1/organizers", tag = "organizers", request_body = NewOrganizer,
    security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    responses((status = 201, body = OrganizerView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 409, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope),
        (status = 422, body = Envelope)))]
pub async fn create_organizer(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    idempotency: IdempotencyKey,
    RawBody(body, bytes): RawBody<NewOrganizer>,
) -> Result<Response, Problem> {
    let key = idempotency.0.map(|text| orders::key(text, "", &bytes));
    let (name, by) = ("organizers.create", fan.id());
    let (origin, subject, key) = (&origin, by.into(), key.as_ref());
    let operation = Operation { name, by, origin, subject, key, status: StatusCode::CREATED };
    once(&app, operation, async |tx| {
        let organizer = app.identity.create_organizer_in(tx, by, &body.name).await?;
        Ok(OrganizerView::new(organizer, Role::Owner, &Events::All))
    })
    .await
}

/// The organizers the caller works for.
#[utoipa::path(get, path = "/api/v1/organizers", tag = "organizers", security(("bearer" = []), ("oauth2" = ["profile.read"])),
    responses((status = 200, body = OrganizerList), (status = 401, body = Envelope)))]
pub async fn my_organizers(State(app): State<App>, fan: Person<ProfileRead>) -> Result<Json<OrganizerList>, Problem> {
    let memberships = app.identity.organizers_of(fan.id()).await?;
    Ok(Json(OrganizerList { items: memberships.into_iter().map(OrganizerView::from).collect() }))
}

/// Have owners, managers and finance staff act with a second factor only, or without.
///
/// Whoever lacks one is answered 403 `second_factor_required` until they turn one on; so is an owner who wants to
/// ask for it and has none.
#[utoipa::path(patch, path = "/api/v1/organizers/{org}", tag = "organizers", request_body = OrganizerPatch,
    security(("bearer" = [])), params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 200, body = OrganizerView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn change_organizer(
    State(app): State<App>,
    staff: Member<ManageOrganizer>,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<OrganizerPatch>,
) -> Result<Json<OrganizerView>, Problem> {
    let need = body.members_need_second_factor;
    let organizer = app.identity.ask_members_for_factor(&origin, staff.organizer, staff.user, need).await?;
    Ok(Json(OrganizerView::new(organizer, staff.role, &staff.events)))
}

/// Who works for the organizer.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/members", tag = "organizers", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 200, body = MemberList), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn members(
    State(app): State<App>,
    staff: Member<SeeMembers>,
    RequestOrigin(origin): RequestOrigin,
) -> Result<Json<MemberList>, Problem> {
    let members = app.identity.members(staff.organizer).await?;
    let what = json!({ "members": members.len() });
    reads::record(&app, &origin, staff.organizer, "member.list", staff.organizer, what).await?;
    Ok(Json(MemberList { items: members.into_iter().map(MemberView::from).collect() }))
}

/// Give a member another role, or other events to work for.
#[utoipa::path(patch, path = "/api/v1/organizers/{org}/members/{user}", tag = "organizers", request_body = MemberPatch,
    security(("bearer" = [])), params(("org" = String, Path, description = "id of the organizer"),
        ("user" = String, Path, description = "id of the member")),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn change_member(
    State(app): State<App>,
    staff: Member<ManageMembers>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, user)): Path<(String, UserId)>,
    Body(body): Body<MemberPatch>,
) -> Result<StatusCode, Problem> {
    let role = body.role.as_deref().map(str::parse).transpose()?;
    let events = match body.events {
        Patch::Keep => None,
        Patch::Clear => Some(Events::All),
        Patch::Set(events) => Some(limited_to(&app, staff.organizer, &events).await?),
    };
    app.identity.change_member(&origin, staff.organizer, user, MemberChange { role, events }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Events of the organizer by their ids: `Field` for one that it has not, absent or another's.
pub(crate) async fn limited_to(app: &App, organizer: OrganizerId, texts: &[String]) -> Result<Events, Problem> {
    let unknown = || FieldError::new("events", "must be ids of the organizer's events");
    if texts.len() > Events::MAX {
        return Err(FieldError::new("events", format!("must be 1 to {} events", Events::MAX)).into());
    }
    let mut events = Vec::with_capacity(texts.len());
    for text in texts {
        let event = text.parse().map_err(|_| unknown())?;
        match app.catalog.event_of(organizer, event).await {
            Ok(_) => events.push(event),
            Err(catalog::EventError::NotFound) => return Err(unknown().into()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Events::only(events)?)
}

/// Let a member go, or leave. The last owner stays.
#[utoipa::path(delete, path = "/api/v1/organizers/{org}/members/{user}", tag = "organizers", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"),
        ("user" = String, Path, description = "id of the member")),
    responses((status = 204), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope)))]
pub async fn remove_member(
    State(app): State<App>,
    staff: Member<Belong>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, user)): Path<(String, UserId)>,
) -> Result<StatusCode, Problem> {
    if user != staff.user {
        if staff.events.is_limited() {
            return Err(Problem::not_found());
        }
        let (chain, subject) = (staff.organizer.into(), user.to_string());
        let denied = Denied { chain, action: "request", subject, about: None };
        if !staff.role.allows(Permission::ManageMembers) {
            return Err(Problem::not_allowed().denying(denied));
        }
        if staff.lacks_factor {
            return Err(Problem::second_factor_required().denying(denied));
        }
    }
    app.identity.remove_member(&origin, staff.organizer, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct AttendeeSearch {
    /// Only tickets of whoever has this e-mail address.
    #[param(inline, value_type = Option<schema::Email>)]
    email: Option<String>,
    /// Only tickets of this order.
    #[param(inline, value_type = Option<schema::OrderId>)]
    order: Option<String>,
    /// Only this ticket.
    #[param(inline, value_type = Option<schema::TicketId>)]
    ticket: Option<String>,
}

/// A ticket with who has it.
#[derive(Serialize, ToSchema)]
pub struct HeldTicketView {
    #[serde(flatten)]
    ticket: TicketView,
    holder: HolderView,
}

/// Whoever may show the ticket's barcode.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HolderView {
    /// Null, as the address, of somebody whose account was erased.
    name: Option<String>,
    /// Null also of an account with a telephone number alone.
    email: Option<String>,
    /// Whether the address is theirs for certain: until it is verified, somebody may have registered with another's.
    email_verified: bool,
    /// Whether they had what is personal erased.
    erased: bool,
}

impl From<Option<&Holder>> for HolderView {
    fn from(holder: Option<&Holder>) -> Self {
        let name = holder.map(|holder| holder.name.clone());
        Self {
            name,
            email: holder.and_then(|holder| holder.email.clone()),
            email_verified: holder.is_some_and(|holder| holder.email_verified),
            erased: holder.is_none(),
        }
    }
}

/// Who comes: the tickets of an event, and who has them.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/events/{event}/attendees", tag = "organizers",
    security(("bearer" = []), ("oauth2" = ["buyers.read"])), params(("org" = String, Path, description = "id of the organizer"),
        ("event" = String, Path, description = "id of the event"), AttendeeSearch, TicketListParams),
    responses((status = 200, body = List<HeldTicketView>), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope)))]
pub async fn attendees(
    State(app): State<App>,
    staff: Staff<SeeBuyers>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, event)): Path<(String, EventId)>,
    Params(search): Params<AttendeeSearch>,
    Params(params): Params<TicketListParams>,
) -> Result<Json<List<HeldTicketView>>, Problem> {
    app.catalog.event_of(staff.organizer, event).await?;
    let (status, page) = params.read()?;
    let wrong = |field, reason: &str| Problem::query(FieldError::new(field, reason));
    let order: Option<OrderId> =
        search.order.map(|text| text.parse().map_err(|_| wrong("order", "is no id of an order"))).transpose()?;
    let ticket: Option<TicketId> =
        search.ticket.map(|text| text.parse().map_err(|_| wrong("ticket", "is no id of a ticket"))).transpose()?;
    let owner = match &search.email {
        Some(email) => Some(find_buyer(&app, &staff, email).await?),
        None => None,
    };
    let found = match owner {
        // Somebody without an account has no ticket.
        Some(None) => tickets::Page { items: Vec::new(), next: None },
        _ => {
            let filter = AttendeeFilter { status, owner: owner.flatten(), order, ticket };
            let tx = app.store.begin_read().await?;
            tickets::attendees(&tx, staff.organizer, event, &filter, page).await?
        }
    };
    let mut people: Vec<UserId> = found.items.iter().map(|ticket| ticket.owner).collect();
    people.sort_unstable();
    people.dedup();
    let holders = app.identity.holders(&people).await?;
    let mut what = json!({ "status": params.status(), "cursor": params.cursor(), "tickets": found.items.len() });
    if let Some(owner) = owner {
        what["holder"] = json!(owner.filter(|_| !found.items.is_empty()));
    }
    if let Some(order) = order {
        what["order"] = json!(order);
    }
    if let Some(ticket) = ticket {
        what["ticket"] = json!(ticket);
    }
    reads::record(&app, &origin, staff.organizer, "attendee.list", event, what).await?;
    let held = |ticket: tickets::Ticket| {
        let holder = holders.get(&ticket.owner).into();
        HeldTicketView { ticket: ticket.into(), holder }
    };
    let next_cursor = found.next.map(|next| next.to_string());
    Ok(Json(List { items: found.items.into_iter().map(held).collect(), next_cursor }))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SoldTicketView {
    ticket: TicketView,
    /// What happened to it since it was issued, oldest first.
    changes: Vec<TicketChangeView>,
    /// The first 200 scans of any of its barcodes, oldest first. Two good ones from different gates tell that
    /// two people came with one ticket.
    scans: Vec<ScanView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TicketChangeView {
    /// `reissued`, `transferred`, `refunded` or `revoked`.
    kind: &'static str,
    /// Which barcode was good from then on.
    version: u32,
    reason: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ScanView {
    scan_id: String,
    /// As the answer to the scan says it now.
    result: &'static str,
    gate: String,
    /// Which barcode was shown.
    version: u32,
    #[schema(value_type = String, format = DateTime)]
    scanned_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
}

/// A ticket and what became of it, for whoever settles a quarrel at the door.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/tickets/{ticket}", tag = "organizers", security(("bearer" = []), ("oauth2" = ["buyers.read"])),
    params(("org" = String, Path, description = "id of the organizer"), ("ticket" = String, Path, description = "id of the ticket")),
    responses((status = 200, body = SoldTicketView), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn sold_ticket(
    State(app): State<App>,
    SomeEvents { staff, events }: SomeEvents<SeeBuyers>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, ticket)): Path<(String, TicketId)>,
) -> Result<Json<SoldTicketView>, Problem> {
    let tx = app.store.begin_read().await?;
    let found = tickets::find(&tx, Access::Organizer(staff.organizer), ticket).await?;
    let found = found.filter(|found| events.contains(found.event)).ok_or_else(Problem::not_found)?;
    let changes = tickets::changes(&tx, ticket).await?.into_iter().map(|change| TicketChangeView {
        kind: change.kind.text(),
        version: change.generation,
        reason: change.reason,
        at: change.at,
    });
    let scans = tickets::scans_of(&tx, staff.organizer, ticket).await?.into_iter().map(|scan| ScanView {
        scan_id: scan.scan_id,
        result: scan.result.text(),
        gate: scan.gate,
        version: scan.generation,
        scanned_at: scan.scanned_at,
        received_at: scan.received_at,
    });
    drop(tx);
    let (order, owner) = (found.order, found.owner);
    let shown = SoldTicketView { ticket: found.into(), changes: changes.collect(), scans: scans.collect() };
    let what = json!({ "order": order, "owner": owner });
    reads::record(&app, &origin, staff.organizer, "ticket.read", ticket, what).await?;
    Ok(Json(shown))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct OrderFilterParams {
    /// Only orders with places at this event.
    #[param(inline, value_type = Option<schema::EventId>)]
    event: Option<String>,
    /// Only orders of this status, as this list shows it.
    #[param(inline, value_type = Option<schema::OrderStatus>)]
    status: Option<String>,
    /// Only orders placed then or later.
    #[param(value_type = Option<schema::Instant>)]
    from: Option<Timestamp>,
    /// Only orders placed before.
    #[param(value_type = Option<schema::Instant>)]
    to: Option<Timestamp>,
    /// Only orders of whoever has this e-mail address, for those who may see buyers.
    #[param(inline, value_type = Option<schema::Email>)]
    email: Option<String>,
}

/// Orders with the organizer's places, newest first. Other organizers' parts are left out; for a member who is
/// limited, so are those of other events than theirs.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/orders", tag = "organizers", security(("bearer" = []), ("oauth2" = ["sales.read"])),
    params(("org" = String, Path, description = "id of the organizer"), OrderFilterParams, OrderListParams),
    responses((status = 200, body = List<OrderView>), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope)))]
pub async fn sold_orders(
    State(app): State<App>,
    SomeEvents { staff, events }: SomeEvents<SeeSales>,
    RequestOrigin(origin): RequestOrigin,
    Params(asked): Params<OrderFilterParams>,
    Params(params): Params<OrderListParams>,
) -> Result<Json<List<OrderView>>, Problem> {
    let wrong = |field, reason: &str| Problem::query(FieldError::new(field, reason));
    let event: Option<EventId> =
        asked.event.map(|text| text.parse().map_err(|_| wrong("event", "is no id of an event"))).transpose()?;
    let status =
        |text: String| OrderStatus::from_text(&text).ok_or_else(|| wrong("status", "is no status of an order"));
    let status = asked.status.map(status).transpose()?;
    let (page, shown) = params.page()?;
    let buyer = match &asked.email {
        Some(email) => Some(find_buyer(&app, &staff, email).await?),
        None => None,
    };
    let filter = OrderFilter { event, fan: buyer.flatten(), status, from: asked.from, until: asked.to };
    let orders = match buyer {
        // Of somebody without an account there is no order.
        Some(None) => Vec::new(),
        _ => app.sales.orders_for(staff.organizer, events.ids(), &filter, page).await?,
    };
    let list = orders::list(orders, shown, &app.public_url);
    let mut what = json!({ "event": event, "before": page.before, "orders": list.items.len() });
    if let Some(status) = status {
        what["status"] = status.text().into();
    }
    if let Some(buyer) = buyer {
        what["buyer"] = json!(buyer.filter(|_| !list.items.is_empty()));
    }
    reads::record(&app, &origin, staff.organizer, "order.list", staff.organizer, what).await?;
    Ok(Json(list))
}

/// The account that has an e-mail address, for staff who may see who bought. It is told nowhere, not in the
/// organizer's audit log either, unless something of theirs was found: anybody could ask who has an account.
async fn find_buyer<P>(app: &App, staff: &Staff<P>, email: &str) -> Result<Option<UserId>, Problem> {
    if !staff.may(Permission::SeeBuyers) {
        let (chain, subject) = (staff.organizer.into(), "buyers".to_owned());
        return Err(Problem::not_allowed().denying(Denied { chain, action: "request", subject, about: None }));
    }
    match app.identity.whom_it_reaches(Contact::Email(email)).await {
        Ok((_, account)) => Ok(account),
        Err(AccountError::Field(field)) => Err(Problem::query(field)),
        Err(error) => Err(error.into()),
    }
}

/// The organizer's part of one order, and who will come, for those who may see buyers; to a member who is limited,
/// the part of their events.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/orders/{order}", tag = "organizers", security(("bearer" = []), ("oauth2" = ["sales.read"])),
    params(("org" = String, Path, description = "id of the organizer"), ("order" = String, Path, description = "id of the order")),
    responses((status = 200, body = OrderView), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn sold_order(
    State(app): State<App>,
    SomeEvents { staff, events }: SomeEvents<SeeSales>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, order)): Path<(String, OrderId)>,
) -> Result<Json<OrderView>, Problem> {
    let order = app.sales.order_for(staff.organizer, events.ids(), order).await?;
    let attendee = match staff.may(Permission::SeeBuyers) {
        true => app.sales.attendee(order.id).await?,
        false => None,
    };
    let what = json!({ "buyer": order.fan, "attendee": attendee.is_some() });
    reads::record(&app, &origin, staff.organizer, "order.read", order.id, what).await?;
    Ok(Json(OrderView::new(&order, &app.public_url).attended_by(attendee)))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefundBody {
    /// Ids of the tickets; without it, all of the organizer's in the order.
    #[schema(value_type = Option<Vec<schema::TicketId>>, min_items = 1)]
    tickets: Option<Vec<String>>,
    /// Why; kept with the refund.
    #[schema(value_type = schema::Name)]
    reason: String,
}

/// Refund tickets, whatever the event's policy says.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/orders/{order}/refund", tag = "organizers",
    request_body = RefundBody, security(("bearer" = []), ("oauth2" = ["refunds.write"])),
    params(("org" = String, Path, description = "id of the organizer"), ("order" = String, Path, description = "id of the order"),
        ("Idempotency-Key" = String, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    responses((status = 200, body = OrderView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 422, body = Envelope)))]
pub async fn refund_order(
    State(app): State<App>,
    staff: Staff<RefundOrders>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, order)): Path<(String, OrderId)>,
    idempotency: IdempotencyKey,
    RawBody(body, bytes): RawBody<RefundBody>,
) -> Result<Response, Problem> {
    // The same member may refund another organizer's part of the same order.
    let key = orders::key(idempotency.required()?, format_args!("{}/{order}", staff.organizer), &bytes);
    let refund = StaffRefund {
        organizer: staff.organizer,
        staff: staff.by,
        order,
        tickets: body.tickets.map(ticket_ids).transpose()?,
        note: Name::parse("reason", &body.reason)?.into_string(),
        origin,
        key: Some(key),
    };
    let url = app.public_url.clone();
    let answered = app.sales.refund(refund, move |order| shown(order, &url)).await?;
    Ok(respond(answered))
}
