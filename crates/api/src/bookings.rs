//! The booking shorthand of document 004: one call to hold, one to pay, over the same use cases.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use inventory::HoldRequest;
use inventory::engine::{Need, Places, Want};
use sales::{Booking, BookingStatus, Order, OrderStatus};
use serde::{Deserialize, Serialize};
use stagedoor_core::limits::SEATS_PER_HOLD_MAX;
use stagedoor_core::{Code, EventId, HoldId, Money, OrderId, TicketId, Timestamp};
use store::idempotency::Answer;
use tickets::{Status, Ticket};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{HoldsWrite, OrdersRead, OrdersWrite, Person};
use crate::client::RequestOrigin;
use crate::extract::{IdempotencyKey, OptionalBody, Path, RawBody};
use crate::holds::{problem, sold_here, too_many_seats, unknown_seat};
use crate::openapi::MoneySchema;
use crate::orders::{PaymentBody, key, render, respond};
use crate::problem::{Envelope, IDEMPOTENCY_REPLAYED};
use crate::{App, Problem, schema};

/// Of [`book`].
pub const ROUTE: &str = "/api/v1/bookings";

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(book)).routes(routes!(booking, delete_booking)).routes(routes!(confirm))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewBooking {
    #[schema(value_type = schema::EventId)]
    event_id: String,
    /// Ids as the seat map gives them; all or nothing.
    #[schema(min_items = 1, max_items = 10)]
    seat_ids: Vec<String>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfirmBody {
    /// Without it, the simulated gateway's `tok_ok`.
    payment: Option<PaymentBody>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookingView {
    #[schema(value_type = String, example = "hld_01h455vb4pex5vsknk084sn02q")]
    booking_id: HoldId,
    #[schema(value_type = String)]
    event_id: EventId,
    /// `HOLD`, `CONFIRMED`, `EXPIRED` or `CANCELLED`.
    status: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    #[schema(value_type = MoneySchema)]
    total: Money,
    #[schema(value_type = Option<String>)]
    order_id: Option<OrderId>,
}

impl From<Booking> for BookingView {
    fn from(booking: Booking) -> Self {
        Self {
            booking_id: booking.id,
            event_id: booking.event,
            status: booking.status.text(),
            expires_at: booking.expires_at,
            total: booking.total,
            order_id: booking.order.map(|order| order.id),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmedView {
    #[schema(value_type = String)]
    booking_id: HoldId,
    status: &'static str,
    #[schema(value_type = String)]
    order_id: OrderId,
    transaction_id: String,
    #[schema(value_type = MoneySchema)]
    total: Money,
    /// Those that the fan still has.
    tickets: Vec<BookedTicket>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BookedTicket {
    #[schema(value_type = String)]
    id: TicketId,
    seat: String,
}

/// Hold seats. Source: document 004, 3.1.
#[utoipa::path(post, path = "/api/v1/bookings", tag = "bookings", request_body = NewBooking, security(("bearer" = []), ("oauth2" = ["holds.write"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 201, body = BookingView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 422, body = Envelope),
        (status = 429, body = Envelope), (status = 503, body = Envelope)))]
pub async fn book(
    State(app): State<App>,
    fan: Person<HoldsWrite>,
    idempotency: IdempotencyKey,
    RawBody(body, bytes): RawBody<NewBooking>,
) -> Result<Response, Problem> {
    let event: EventId = body.event_id.parse().map_err(|_| Problem::not_found())?;
    let (_, view) = sold_here(&app, event).await?;
    if body.seat_ids.len() > SEATS_PER_HOLD_MAX {
        return Err(too_many_seats(SEATS_PER_HOLD_MAX as u8));
    }
    let seat = |id: &String| view.manifest.seat(id).map(|seat| (seat, 0)).ok_or_else(|| unknown_seat(id));
    let seats = body.seat_ids.iter().map(seat).collect::<Result<Vec<_>, _>>()?;
    let places = Places::seats(seats).map_err(|refusal| problem(refusal.into(), &view))?;
    let key = idempotency.0.map(|key| app.prints.print("booking", fan.id(), event, &key, &bytes));
    let request = HoldRequest { fan: fan.id(), want: Want::Picked { places, need: Need::None }, key };
    let hold = app.inventory.hold_in(&view, request).await.map_err(|refused| problem(refused, &view))?;
    let booking = app.sales.booking(fan.id(), hold.id()).await?;
    let mut response = (StatusCode::CREATED, Json(BookingView::from(booking))).into_response();
    if hold.replayed {
        response.headers_mut().insert(IDEMPOTENCY_REPLAYED, header::HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Look at a booking of one's own.
#[utoipa::path(get, path = "/api/v1/bookings/{booking}", tag = "bookings", security(("bearer" = []), ("oauth2" = ["orders.read"])),
    params(("booking" = String, Path, description = "id of the booking")),
    responses((status = 200, body = BookingView), (status = 401, body = Envelope), (status = 404, body = Envelope)))]
pub async fn booking(
    State(app): State<App>,
    fan: Person<OrdersRead>,
    Path(booking): Path<HoldId>,
) -> Result<Json<BookingView>, Problem> {
    Ok(Json(app.sales.booking(fan.id(), booking).await?.into()))
}

/// Pay a booking. Doing it twice pays once. Source: document 004, FR-2.4.
///
/// Document 004 writes this call with nothing but the booking's id, and that is enough: a booking
/// has at most one order, so its id does what an `Idempotency-Key` would. A key that is sent is
/// kept as everywhere. A booking that was given back is refused as `wrong_state`, with its
/// `status` in the details.
#[utoipa::path(post, path = "/api/v1/bookings/{booking}/confirm", tag = "bookings", request_body = Option<ConfirmBody>,
    security(("bearer" = []), ("oauth2" = ["orders.write"])), params(("booking" = String, Path, description = "id of the booking"),
        ("Idempotency-Key" = Option<String>, Header, description = "gives the first answer again", min_length = 1, max_length = 255)),
    responses((status = 200, body = ConfirmedView), (status = 202, body = crate::orders::OrderView),
        (status = 400, body = Envelope), (status = 401, body = Envelope), (status = 402, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 410, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 422, body = Envelope),
        (status = 503, body = Envelope)))]
pub async fn confirm(
    State(app): State<App>,
    fan: Person<OrdersWrite>,
    RequestOrigin(origin): RequestOrigin,
    Path(booking): Path<HoldId>,
    idempotency: IdempotencyKey,
    OptionalBody(body, bytes): OptionalBody<ConfirmBody>,
) -> Result<Response, Problem> {
    let token = match &body.payment {
        Some(payment) => payment.token()?,
        None => payments::Token::parse("payment.token", "tok_ok")?,
    };
    let key = idempotency.0.map(|text| key(text, booking, &bytes));
    let url = app.public_url.clone();
    let answer = move |order: &Order| confirmed(booking, order, &url);
    let answered = app.sales.confirm_booking(&origin, fan.id(), booking, token, key, answer).await?;
    if answered.answer == given_back() {
        let problem = Problem::new(Code::WrongState, "the booking was cancelled");
        let details = serde_json::json!({ "status": BookingStatus::Cancelled.text() });
        return Err(problem.with(details).replayed(answered.replayed));
    }
    Ok(respond(answered))
}

/// What is stored of the refusal to confirm a booking that was refunded.
fn given_back() -> Answer {
    Answer { status: Code::WrongState.status(), body: Code::WrongState.text().into() }
}

fn confirmed(booking: HoldId, order: &Order, public_url: &str) -> Answer {
    if order.tickets.is_empty() {
        return render(order, public_url, StatusCode::OK);
    }
    let order = order.clone().part_from(booking).expect("the order was made of this booking");
    if order.status() == OrderStatus::Refunded {
        return given_back();
    }
    let good = |ticket: &&Ticket| ticket.owner == order.fan && matches!(ticket.status, Status::Issued | Status::Used);
    let view = ConfirmedView {
        booking_id: booking,
        status: "CONFIRMED",
        order_id: order.id,
        transaction_id: order.transaction_id.to_string(),
        total: order.total(),
        tickets: order
            .tickets
            .iter()
            .filter(good)
            .map(|ticket| BookedTicket { id: ticket.id, seat: crate::tickets::place_id(&ticket.place).to_owned() })
            .collect(),
    };
    Answer { status: StatusCode::OK.as_u16(), body: serde_json::to_vec(&view).expect("a booking is JSON") }
}

/// Give a booking up: held seats are released, bought ones given back by the event's policy.
#[utoipa::path(delete, path = "/api/v1/bookings/{booking}", tag = "bookings", security(("bearer" = []), ("oauth2" = ["orders.write"])),
    params(("booking" = String, Path, description = "id of the booking")),
    responses((status = 200, body = BookingView), (status = 401, body = Envelope), (status = 404, body = Envelope),
        (status = 409, body = Envelope)))]
pub async fn delete_booking(
    State(app): State<App>,
    fan: Person<OrdersWrite>,
    RequestOrigin(origin): RequestOrigin,
    Path(booking): Path<HoldId>,
) -> Result<Json<BookingView>, Problem> {
    Ok(Json(app.sales.delete_booking(&origin, fan.id(), booking).await?.into()))
}
