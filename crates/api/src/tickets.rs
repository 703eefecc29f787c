//! Tickets of the person signed in, and their barcodes.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use stagedoor_core::{Code, EventId, Money, OrderId, TicketId, Timestamp};
use tickets::{Access, Cause, ChangeError, PageRequest, Place, Status, Ticket, render};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Fan;
use crate::extract::{Params, Path, paging};
use crate::openapi::MoneySchema;
use crate::problem::Envelope;
use crate::venues::List;
use crate::{App, Problem, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(my_tickets))
        .routes(routes!(ticket))
        .routes(routes!(barcode))
        .routes(routes!(reissue))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketView {
    #[schema(value_type = String, example = "tkt_01h455vb4pex5vsknk084sn02q")]
    id: TicketId,
    #[schema(value_type = String)]
    event_id: EventId,
    #[schema(value_type = String)]
    order_id: OrderId,
    /// The seat's id, or the area's.
    seat: String,
    section: String,
    row: Option<String>,
    label: Option<String>,
    /// Key and name of the price level.
    level: String,
    level_name: String,
    ticket_type: String,
    #[schema(value_type = MoneySchema)]
    face_value: Money,
    /// `issued`, `used`, `refunded` or `revoked`.
    status: &'static str,
    /// Which barcode is good; goes up with every reissue.
    version: u32,
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
}

/// What other calls take: a seat's id, or an area's.
pub fn place_id(place: &Place) -> &str {
    match place {
        Place::Seat { id, .. } | Place::Area { id, .. } => id,
    }
}

impl From<Ticket> for TicketView {
    fn from(ticket: Ticket) -> Self {
        let seat = place_id(&ticket.place).to_owned();
        let (section, row, label) = match ticket.place {
            Place::Seat { section, row, label, .. } => (section, Some(row), Some(label)),
            Place::Area { name, .. } => (name, None, None),
        };
        Self {
            id: ticket.id,
            event_id: ticket.event,
            order_id: ticket.order,
            seat,
            section,
            row,
            label,
            level: ticket.level,
            level_name: ticket.level_name,
            ticket_type: ticket.ticket_type,
            face_value: ticket.face_value,
            status: ticket.status.text(),
            version: ticket.generation,
            issued_at: ticket.issued_at,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct TicketListParams {
    /// Only tickets of this status.
    #[param(inline, value_type = Option<schema::TicketStatus>)]
    status: Option<String>,
    /// Items on the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

impl TicketListParams {
    pub fn read(&self) -> Result<(Option<Status>, PageRequest), Problem> {
        let status = match &self.status {
            None => None,
            Some(text) => {
                let status = text.parse::<Status>();
                Some(status.map_err(|error| Problem::new(Code::InvalidQuery, format!("status: {error}")))?)
            }
        };
        let after = match &self.cursor {
            None => None,
            Some(text) => Some(
                text.parse().map_err(|_| Problem::new(Code::InvalidCursor, "the cursor belongs to another list"))?,
            ),
        };
        let limit = paging(self.limit, None)?.limit();
        Ok((status, PageRequest::new(limit, after)))
    }
}

pub fn list(page: tickets::Page) -> List<TicketView> {
    let next_cursor = page.next.map(|next| next.to_string());
    List { items: page.items.into_iter().map(TicketView::from).collect(), next_cursor }
}

/// One's own tickets, newest first. Source: document 002, "List bought tickets".
#[utoipa::path(get, path = "/api/v1/me/tickets", tag = "tickets", security(("bearer" = [])), params(TicketListParams),
    responses((status = 200, body = List<TicketView>), (status = 400, body = Envelope), (status = 401, body = Envelope)))]
pub async fn my_tickets(
    State(app): State<App>,
    fan: Fan,
    Params(params): Params<TicketListParams>,
) -> Result<Json<List<TicketView>>, Problem> {
    let (status, page) = params.read()?;
    let tx = app.store.begin_read().await?;
    Ok(Json(list(tickets::of_owner(&tx, fan.id(), status, page).await?)))
}

/// One of one's own tickets.
#[utoipa::path(get, path = "/api/v1/tickets/{ticket}", tag = "tickets", security(("bearer" = [])),
    params(("ticket" = String, Path, description = "id of the ticket")),
    responses((status = 200, body = TicketView), (status = 401, body = Envelope), (status = 404, body = Envelope)))]
pub async fn ticket(
    State(app): State<App>,
    fan: Fan,
    Path(ticket): Path<TicketId>,
) -> Result<Json<TicketView>, Problem> {
    Ok(Json(find(&app, &fan, ticket).await?.into()))
}

async fn find(app: &App, fan: &Fan, ticket: TicketId) -> Result<Ticket, Problem> {
    let tx = app.store.begin_read().await?;
    tickets::find(&tx, Access::Owner(fan.id()), ticket).await?.ok_or_else(Problem::not_found)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct BarcodeParams {
    /// A picture, or the text to draw one from.
    #[param(inline, value_type = Option<schema::BarcodeFormat>, default = "svg")]
    format: Option<String>,
    /// Pixels a module, for PNG.
    #[param(minimum = 1, maximum = 40, default = 8)]
    scale: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BarcodeView {
    #[schema(value_type = String)]
    ticket_id: TicketId,
    /// What the barcode says; show it to nobody but the door.
    text: String,
    /// The symbol to draw it as.
    symbology: &'static str,
    version: u32,
}

/// The barcode that admits: a picture, or its text.
#[utoipa::path(get, path = "/api/v1/tickets/{ticket}/barcode", tag = "tickets", security(("bearer" = [])),
    params(("ticket" = String, Path, description = "id of the ticket"), BarcodeParams),
    responses((status = 200, content((BarcodeView = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = 400, body = Envelope), (status = 401, body = Envelope), (status = 404, body = Envelope),
        (status = 409, body = Envelope)))]
pub async fn barcode(
    State(app): State<App>,
    fan: Fan,
    Path(ticket): Path<TicketId>,
    Params(params): Params<BarcodeParams>,
) -> Result<Response, Problem> {
    let ticket = find(&app, &fan, ticket).await?;
    if !matches!(ticket.status, Status::Issued | Status::Used) {
        return Err(Problem::new(Code::WrongState, "the ticket was given back and has no barcode any more"));
    }
    let text = app.signer.sign(&ticket);
    let scale = params.scale.unwrap_or(render::PNG_SCALE_DEFAULT);
    if !(1..=render::PNG_SCALE_MAX).contains(&scale) {
        return Err(Problem::new(Code::InvalidQuery, format!("scale must be 1 to {}", render::PNG_SCALE_MAX)));
    }
    let (kind, body) = match params.format.as_deref() {
        None | Some("svg") => ("image/svg+xml", render::svg(&text).into_bytes()),
        Some("png") => ("image/png", render::png(&text, scale)),
        Some("json") => {
            let view = BarcodeView {
                ticket_id: ticket.id,
                text: text.as_str().to_owned(),
                symbology: "qr",
                version: ticket.generation,
            };
            ("application/json", serde_json::to_vec(&view).expect("a barcode is JSON"))
        }
        Some(_) => return Err(Problem::new(Code::InvalidQuery, "format must be svg, png or json")),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::OK, headers, body).into_response())
}

/// Get a new barcode; the old one no longer admits.
#[utoipa::path(post, path = "/api/v1/tickets/{ticket}/reissue", tag = "tickets", security(("bearer" = [])),
    params(("ticket" = String, Path, description = "id of the ticket")),
    responses((status = 200, body = TicketView), (status = 401, body = Envelope), (status = 404, body = Envelope),
        (status = 409, body = Envelope)))]
pub async fn reissue(
    State(app): State<App>,
    fan: Fan,
    Path(ticket): Path<TicketId>,
) -> Result<Json<TicketView>, Problem> {
    let tx = app.store.begin_write().await?;
    let cause = Cause { by: Some(fan.id()), reason: "asked by the owner" };
    let ticket = tickets::reissue(&tx, Access::Owner(fan.id()), ticket, cause).await?;
    tx.commit().await?;
    Ok(Json(ticket.into()))
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match (error.code(), error) {
            (_, ChangeError::Store(error)) => error.into(),
            (Code::NotFound, _) => Problem::not_found(),
            (code, error) => Problem::new(code, error.to_string()),
        }
    }
}
