//! What something would cost or bring, before it is done: a hold's order, and tickets given back.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use inventory::Refused;
use inventory::engine::{HoldStatus, Refusal};
use sales::{Offer, OrderLine, Quote};
use serde::{Deserialize, Serialize};
use stagedoor_core::{HoldId, Money, OrderId, TicketId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{Holder, OrdersRead, Person, RefundOrders, Staff};
use crate::extract::{JSON, Params, Path};
use crate::holds::HoldView;
use crate::openapi::MoneySchema;
use crate::orders::ticket_ids;
use crate::problem::Envelope;
use crate::{App, Problem, json};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(my_holds))
        .routes(routes!(quote))
        .routes(routes!(refund_offer))
        .routes(routes!(staff_refund_offer))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineView {
    /// `face_value`, `fee`, `tax` or `discount`.
    kind: &'static str,
    description: String,
    #[schema(value_type = MoneySchema)]
    amount: Money,
}

impl From<&OrderLine> for LineView {
    fn from(line: &OrderLine) -> Self {
        Self { kind: line.kind.text(), description: line.description.clone(), amount: line.amount }
    }
}

/// What an order would cost.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuoteView {
    lines: Vec<LineView>,
    #[schema(value_type = MoneySchema)]
    total: Money,
    /// The part of it that is added to the face values.
    #[schema(value_type = MoneySchema)]
    fees: Money,
}

/// What giving tickets back would bring.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferView {
    #[schema(value_type = Vec<String>)]
    tickets: Vec<TicketId>,
    #[schema(value_type = MoneySchema)]
    amount: Money,
    /// What was paid for them and does not come back, such as fees that are kept.
    #[schema(value_type = MoneySchema)]
    kept: Money,
}

impl From<Offer> for OfferView {
    fn from(Offer { tickets, amount, kept }: Offer) -> Self {
        Self { tickets, amount, kept }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfferParams {
    /// Ids of tickets with commas between them; without it, all that can be given back.
    tickets: Option<String>,
}

impl OfferParams {
    fn tickets(self) -> Result<Option<Vec<TicketId>>, Problem> {
        self.tickets.map(|list| ticket_ids(list.split(',').map(str::to_owned).collect())).transpose()
    }
}

/// A list of holds, for the description: they are written by hand.
#[derive(ToSchema)]
#[schema(as = List_HoldView, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what my_holds writes")]
pub struct HoldList<'a> {
    items: Vec<HoldView<'a>>,
    /// There are never more than a few.
    next_cursor: Option<String>,
}

/// One's own active holds, over all events.
#[utoipa::path(get, path = "/api/v1/me/holds", tag = "holds", security(("bearer" = []), ("oauth2" = ["holds.write"])),
    responses((status = 200, body = HoldList), (status = 401, body = Envelope)))]
pub async fn my_holds(State(app): State<App>, fan: Holder) -> Result<Response, Problem> {
    let mut held = Vec::new();
    for (hold, event, _) in app.inventory.holds_of(fan.id()) {
        // One that ended since is no active hold.
        let Ok(hold) = app.inventory.hold_view(event, hold, fan.id()).await else { continue };
        held.push((hold, app.catalog.any_event(event).await?));
    }
    held.sort_by_key(|(hold, _)| (hold.expires_at(), hold.id()));
    let mut body = Vec::new();
    json::object(&mut body, |out| {
        json::list(out, "items", &held, |(hold, listing), out| HoldView::new(hold, listing).write_members(out));
        json::null(out, "nextCursor");
    });
    Ok(([(header::CONTENT_TYPE, JSON)], body).into_response())
}

/// What an order for a hold of one's own would cost now, line by line.
#[utoipa::path(get, path = "/api/v1/holds/{hold}/quote", tag = "holds",
    security(("bearer" = []), ("oauth2" = ["holds.write"])),
    params(("hold" = String, Path, description = "id of the hold")),
    responses((status = 200, body = QuoteView), (status = 401, body = Envelope), (status = 404, body = Envelope),
        (status = 409, body = Envelope), (status = 410, body = Envelope)))]
pub async fn quote(State(app): State<App>, fan: Holder, Path(hold): Path<HoldId>) -> Result<Json<QuoteView>, Problem> {
    let event = app.inventory.locate(fan.id(), hold).await?.ok_or_else(Problem::not_found)?;
    let hold = app.inventory.hold_view(event, hold, fan.id()).await?;
    match hold.status() {
        HoldStatus::Held => {}
        HoldStatus::Expired => return Err(Refused::Rule(Refusal::HoldExpired).into()),
        HoldStatus::Sold | HoldStatus::Released => return Err(Refused::Rule(Refusal::HoldEnded).into()),
    }
    let Quote { lines, total, fees } = app.sales.quote(&hold).await?;
    Ok(Json(QuoteView { lines: lines.iter().map(LineView::from).collect(), total, fees }))
}

/// What cancelling would bring now; changes nothing. Refused as cancelling would be.
#[utoipa::path(get, path = "/api/v1/orders/{order}/refund", tag = "orders",
    security(("bearer" = []), ("oauth2" = ["orders.read"])),
    params(("order" = String, Path, description = "id of the order"), OfferParams),
    responses((status = 200, body = OfferView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope)))]
pub async fn refund_offer(
    State(app): State<App>,
    fan: Person<OrdersRead>,
    Path(order): Path<OrderId>,
    Params(params): Params<OfferParams>,
) -> Result<Json<OfferView>, Problem> {
    let tickets = params.tickets()?;
    Ok(Json(app.sales.offer(fan.id(), order, tickets.as_deref()).await?.into()))
}

/// What a refund by staff would give back now; changes nothing. Refused as the refund would be.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/orders/{order}/refund", tag = "organizers",
    security(("bearer" = []), ("oauth2" = ["refunds.write"])),
    params(("org" = String, Path, description = "id of the organizer"),
        ("order" = String, Path, description = "id of the order"), OfferParams),
    responses((status = 200, body = OfferView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope)))]
pub async fn staff_refund_offer(
    State(app): State<App>,
    staff: Staff<RefundOrders>,
    Path((_, order)): Path<(String, OrderId)>,
    Params(params): Params<OfferParams>,
) -> Result<Json<OfferView>, Problem> {
    let tickets = params.tickets()?;
    Ok(Json(app.sales.offer_for(staff.organizer, staff.by, order, tickets.as_deref()).await?.into()))
}
