//! Paying for holds, looking at orders, giving tickets back.

use std::fmt::Display;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use payments::{Approval, CHALLENGE_PATH, GatewayError, PaymentGateway, Standing, Token};
use sales::{
    Answered, Attendee, Cancel, CheckoutError, Key, OnSaleError, Order, OrderError, OrderPage, OrderState, OrderStatus,
    PlaceOrder, RefundError,
};
use serde::{Deserialize, Serialize};
use stagedoor_core::limits::BODY_MAX;
use stagedoor_core::{Code, EventId, FieldError, HoldId, Money, OrderId, PaymentId, TicketId, Timestamp, UserId};
use store::idempotency::{Answer, body_hash};
use tickets::{Status, Ticket};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{OrdersRead, OrdersWrite, Person};
use crate::client::RequestOrigin;
use crate::extract::{IdempotencyKey, OptionalBody, Params, Path, RawBody, cursor, paging, read};
use crate::offers::LineView;
use crate::openapi::MoneySchema;
use crate::problem::{Envelope, IDEMPOTENCY_REPLAYED};
use crate::tickets::{TRANSFERRED, place_id, place_names};
use crate::venues::List;
use crate::{App, Problem, bank, html, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(place_order))
        .routes(routes!(order))
        .routes(routes!(my_orders))
        .routes(routes!(cancel_order))
        .routes(routes!(challenge_page, answer_challenge))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrder {
    /// Ids of one's own holds; all are bought or none.
    #[schema(value_type = Vec<schema::HoldId>, min_items = 1, max_items = 10)]
    holds: Vec<String>,
    payment: PaymentBody,
    /// No event takes any yet: leave it out, or empty.
    #[schema(max_length = 0)]
    promo_code: Option<String>,
    attendee: Option<AttendeeBody>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PaymentBody {
    #[schema(value_type = schema::PaymentMethod)]
    method: String,
    /// From the gateway: `tok_ok`, `tok_declined`, `tok_insufficient_funds`, `tok_challenge`,
    /// `tok_timeout_captured`, `tok_timeout_lost` or `tok_slow`. Never a card number.
    #[schema(pattern = "^tok_[!-~]{1,250}$", example = "tok_ok")]
    token: String,
}

impl PaymentBody {
    pub fn token(&self) -> Result<Token, Problem> {
        if self.method != "simulated" {
            return Err(FieldError::new("payment.method", "must be simulated").into());
        }
        Ok(Token::parse("payment.token", &self.token)?)
    }
}

/// Who will come, if not the buyer.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AttendeeBody {
    #[schema(value_type = Option<schema::Name>)]
    name: Option<String>,
    #[schema(value_type = Option<schema::Email>)]
    email: Option<String>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelBody {
    /// Ids of the tickets to give back; without it, all of the order.
    #[schema(value_type = Option<Vec<schema::TicketId>>, min_items = 1)]
    tickets: Option<Vec<String>>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderView {
    #[schema(value_type = String, example = "ord_01h455vb4pex5vsknk084sn02q")]
    id: OrderId,
    /// `pending`, `needs_buyer`, `completed`, `partially_refunded`, `refunded`, `declined` or
    /// `cancelled`.
    status: &'static str,
    /// HMAC-SHA512 of the order's identity.
    transaction_id: String,
    #[schema(value_type = MoneySchema)]
    total: Money,
    #[schema(value_type = MoneySchema)]
    refunded: Money,
    lines: Vec<LineView>,
    tickets: Vec<TicketBrief>,
    #[schema(value_type = Vec<String>)]
    holds: Vec<HoldId>,
    /// What it is for, also where nothing came of it. Each once, in the order of the holds.
    #[schema(value_type = Vec<String>)]
    events: Vec<EventId>,
    /// What the buyer has to do before the order can go on.
    next_action: Option<NextActionView>,
    refunds: Vec<RefundView>,
    /// Who will come, where the buyer said so. Only when one order is looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    attendee: Option<AttendeeView>,
    #[schema(value_type = String, format = DateTime)]
    placed_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AttendeeView {
    name: Option<String>,
    email: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TicketBrief {
    #[schema(value_type = String)]
    id: TicketId,
    #[schema(value_type = String)]
    event_id: EventId,
    /// The seat's id, or the area's.
    seat: String,
    /// The name of the seat's section, or of the area.
    section: String,
    row: Option<String>,
    label: Option<String>,
    /// As of a ticket, or `transferred` once the buyer gave it away.
    status: &'static str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NextActionView {
    /// Send the buyer there.
    url: String,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RefundView {
    #[schema(value_type = MoneySchema)]
    amount: Money,
    /// `refunding`, `refunded`, `returned` (the money went back and the places are on sale again) or
    /// `refused`: the payment gateway will not pay it back, so it is still owed. Cancelling or
    /// refunding the same tickets asks again.
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
}

impl TicketBrief {
    fn new(ticket: &Ticket, buyer: UserId) -> Self {
        let (section, row, label) = place_names(&ticket.place);
        Self {
            id: ticket.id,
            event_id: ticket.event,
            seat: place_id(&ticket.place).to_owned(),
            section,
            row,
            label,
            status: match ticket.status {
                Status::Issued | Status::Used if ticket.owner != buyer => TRANSFERRED,
                status => status.text(),
            },
        }
    }
}

impl OrderView {
    pub fn new(order: &Order, public_url: &str) -> Self {
        let next_action = match &order.state {
            OrderState::NeedsBuyer { next_action, until } => {
                Some(NextActionView { url: format!("{public_url}{next_action}"), until: *until })
            }
            _ => None,
        };
        Self {
            id: order.id,
            status: order.status().text(),
            transaction_id: order.transaction_id.to_string(),
            total: order.total(),
            refunded: order.refunded_total(),
            lines: order.lines.iter().map(LineView::from).collect(),
            tickets: order.tickets.iter().map(|ticket| TicketBrief::new(ticket, order.fan)).collect(),
            holds: order.holds.iter().map(|hold| hold.hold).collect(),
            events: order.events(),
            next_action,
            refunds: order
                .refunds
                .iter()
                .map(|refund| RefundView {
                    amount: refund.amount,
                    status: refund.state.text(),
                    requested_at: refund.requested_at,
                })
                .collect(),
            attendee: None,
            placed_at: order.placed_at,
        }
    }

    /// The same with who will come. Never part of a kept answer: it is personal.
    pub fn attended_by(self, attendee: Option<Attendee>) -> Self {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let view = |who: Attendee| AttendeeView { name: text(who.name()), email: text(who.email()) };
        Self { attendee: attendee.map(view), ..self }
    }
}

/// What a stored answer is made of: the order, or the code of its refusal. The envelope around a
/// refusal is made anew each time, because it carries the time and the request id.
pub fn render(order: &Order, public_url: &str, done: StatusCode) -> Answer {
    let body = match order.refusal() {
        Some(code) => return Answer { status: code.status(), body: code.text().as_bytes().to_vec() },
        None => serde_json::to_vec(&OrderView::new(order, public_url)).expect("an order is JSON"),
    };
    let waiting = matches!(order.status(), OrderStatus::Pending | OrderStatus::NeedsBuyer);
    Answer { status: if waiting { StatusCode::ACCEPTED } else { done }.as_u16(), body }
}

/// Turns what [`render`] made into the response.
pub fn respond(answered: Answered) -> Response {
    let Answered { answer, replayed } = answered;
    let status = StatusCode::from_u16(answer.status).expect("a status we stored");
    if !status.is_success() {
        return refusal(&answer.body).replayed(replayed).into_response();
    }
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], answer.body).into_response();
    if replayed {
        response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

fn refusal(stored: &[u8]) -> Problem {
    let code = Code::ALL.iter().find(|code| code.text().as_bytes() == stored).copied().unwrap_or(Code::WrongState);
    let message = match code {
        Code::PaymentDeclined => {
            "the payment was declined and nothing was charged; as long as the hold lasts, another payment may be tried"
        }
        Code::HoldExpired => "the hold expired before it was paid; nothing was charged",
        Code::HoldEnded => "the hold has ended; nothing was charged",
        Code::NotOnSale => "the event is no longer on sale; nothing was charged",
        _ => "the order was cancelled",
    };
    Problem::new(code, message)
}

/// `subject`: what the address names, because the same body about something else is another wish.
pub fn key(text: String, subject: impl Display, body: &[u8]) -> Key {
    Key { text, body_hash: body_hash(&[subject.to_string().as_bytes(), body].concat()) }
}

/// Buy the places of one or several holds. Source: document 002, "Buy ticket".
#[utoipa::path(post, path = "/api/v1/orders", tag = "orders", request_body = NewOrder, security(("bearer" = []), ("oauth2" = ["orders.write"])),
    params(("Idempotency-Key" = String, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    responses((status = 201, body = OrderView), (status = 202, body = OrderView), (status = 400, body = Envelope),
        (status = 401, body = Envelope), (status = 402, body = Envelope), (status = 404, body = Envelope),
        (status = 409, body = Envelope), (status = 410, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope), (status = 422, body = Envelope), (status = 503, body = Envelope)))]
pub async fn place_order(
    State(app): State<App>,
    fan: Person<OrdersWrite>,
    RequestOrigin(origin): RequestOrigin,
    idempotency: IdempotencyKey,
    RawBody(body, bytes): RawBody<NewOrder>,
) -> Result<Response, Problem> {
    let text = idempotency.required()?;
    let order = PlaceOrder {
        fan: fan.id(),
        // What is no id names no hold.
        holds: body
            .holds
            .iter()
            .map(|text| text.parse().map_err(|_| Problem::not_found()))
            .collect::<Result<_, _>>()?,
        token: body.payment.token()?,
        promo_code: body.promo_code,
        attendee: body.attendee.map(|who| Attendee::new(who.name.as_deref(), who.email.as_deref())).transpose()?,
        origin,
        key: Some(key(text, "", &bytes)),
    };
    let url = app.public_url.clone();
    let answered = app.sales.place(order, move |order| render(order, &url, StatusCode::CREATED)).await?;
    Ok(respond(answered))
}

/// One of one's own orders.
#[utoipa::path(get, path = "/api/v1/orders/{order}", tag = "orders", security(("bearer" = []), ("oauth2" = ["orders.read"])),
    params(("order" = String, Path, description = "id of the order")),
    responses((status = 200, body = OrderView), (status = 401, body = Envelope), (status = 404, body = Envelope)))]
pub async fn order(
    State(app): State<App>,
    fan: Person<OrdersRead>,
    Path(order): Path<OrderId>,
) -> Result<Json<OrderView>, Problem> {
    let order = app.sales.order(fan.id(), order).await?;
    let attendee = app.sales.attendee(order.id).await?;
    Ok(Json(OrderView::new(&order, &app.public_url).attended_by(attendee)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct OrderListParams {
    /// Items on the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

impl OrderListParams {
    /// The page asked for, and how many items of it to show: one more tells whether there is a
    /// next one.
    pub fn page(&self) -> Result<(OrderPage, usize), Problem> {
        let limit = paging(self.limit, None)?.limit();
        let before = cursor(self.cursor.as_deref())?;
        Ok((OrderPage { before, limit: limit + 1 }, limit as usize))
    }
}

/// `orders` holds one item more than the page shows, if there are that many.
pub fn list(mut orders: Vec<Order>, shown: usize, public_url: &str) -> List<OrderView> {
    let more = orders.len() > shown;
    orders.truncate(shown);
    let next_cursor = orders.last().filter(|_| more).map(|last| last.id.to_string());
    List { items: orders.iter().map(|order| OrderView::new(order, public_url)).collect(), next_cursor }
}

/// One's own orders, newest first.
#[utoipa::path(get, path = "/api/v1/me/orders", tag = "orders", security(("bearer" = []), ("oauth2" = ["orders.read"])), params(OrderListParams),
    responses((status = 200, body = List<OrderView>), (status = 400, body = Envelope), (status = 401, body = Envelope)))]
pub async fn my_orders(
    State(app): State<App>,
    fan: Person<OrdersRead>,
    Params(params): Params<OrderListParams>,
) -> Result<Json<List<OrderView>>, Problem> {
    let (page, shown) = params.page()?;
    let orders = app.sales.orders_of(fan.id(), page).await?;
    Ok(Json(list(orders, shown, &app.public_url)))
}

/// Give tickets back, by the event's refund policy. Source: document 002, "Cancel ticket".
#[utoipa::path(post, path = "/api/v1/orders/{order}/cancel", tag = "orders", request_body = Option<CancelBody>,
    security(("bearer" = []), ("oauth2" = ["orders.write"])), params(("order" = String, Path, description = "id of the order"),
        ("Idempotency-Key" = String, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    responses((status = 200, body = OrderView), (status = 202, body = OrderView), (status = 400, body = Envelope),
        (status = 401, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 422, body = Envelope)))]
pub async fn cancel_order(
    State(app): State<App>,
    fan: Person<OrdersWrite>,
    RequestOrigin(origin): RequestOrigin,
    Path(order): Path<OrderId>,
    idempotency: IdempotencyKey,
    OptionalBody(body, bytes): OptionalBody<CancelBody>,
) -> Result<Response, Problem> {
    let key = key(idempotency.required()?, order, &bytes);
    let tickets = body.tickets.map(ticket_ids).transpose()?;
    let cancel = Cancel { fan: fan.id(), order, tickets, origin, key: Some(key) };
    let url = app.public_url.clone();
    let answered = app.sales.cancel(cancel, move |order| shown(order, &url)).await?;
    Ok(respond(answered))
}

/// The order as it is now, whatever became of it: the answer to cancelling one.
pub fn shown(order: &Order, public_url: &str) -> Answer {
    let body = serde_json::to_vec(&OrderView::new(order, public_url)).expect("an order is JSON");
    Answer { status: StatusCode::OK.as_u16(), body }
}

pub fn ticket_ids(texts: Vec<String>) -> Result<Vec<TicketId>, Problem> {
    texts.iter().map(|text| text.parse().map_err(|_| Problem::not_found())).collect()
}

/// Where the buyer goes after answering.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct WayBack {
    /// A path of this server, which the shop adds to the address of `nextAction`. Any other text is not followed.
    return_to: Option<String>,
}

impl WayBack {
    /// Browsers take two slashes, or one that leans the other way, for the beginning of a host.
    fn path(&self) -> Option<&str> {
        let is_here = |path: &&str| {
            let rest = path.strip_prefix('/');
            rest.is_some_and(|rest| !rest.starts_with(['/', '\\'])) && path.bytes().all(|byte| byte.is_ascii_graphic())
        };
        self.return_to.as_deref().filter(is_here)
    }
}

/// The form on the challenge page.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the two bodies that the handler compares with")]
pub struct ChallengeAnswer {
    #[schema(value_type = schema::ChallengeWord)]
    answer: String,
}

/// The simulated gateway asks the buyer: the page that `nextAction` names. Once the buyer has
/// answered, it says what came of it.
#[utoipa::path(get, path = "/api/v1/simulated-gateway/challenges/{payment}", tag = "orders",
    params(("payment" = String, Path, description = "id of the payment"), WayBack),
    responses((status = 200, content_type = "text/html", body = String), (status = 400, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn challenge_page(
    State(app): State<App>,
    Path(payment): Path<PaymentId>,
    Params(way): Params<WayBack>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let gateway = app.simulated.as_ref().ok_or_else(Problem::not_found)?;
    let standing = gateway.status(payment).await?;
    let words = bank::words(&headers);
    let said = match standing {
        Standing::Absent => return Err(Problem::not_found()),
        Standing::NeedsBuyer { .. } => format!(
            "<p>{} ({payment}). {}</p><form method=\"post\">\
             <button name=\"answer\" value=\"approve\">{}</button> \
             <button name=\"answer\" value=\"reject\">{}</button></form>",
            words.asked, words.is_it_yours, words.approve, words.reject
        ),
        Standing::Authorized { .. } | Standing::Captured { .. } => format!("<p>{}</p>", words.approved),
        Standing::Declined { .. } => format!("<p>{}</p>", words.rejected),
        Standing::Voided => format!("<p>{}</p>", words.given_up),
    };
    let back = match way.path() {
        Some(path) if !matches!(standing, Standing::NeedsBuyer { .. }) => {
            format!("<p><a href=\"{}\">{}</a></p>", html::escape(path), words.back)
        }
        _ => String::new(),
    };
    let body = format!("<h1>{}</h1>{said}{back}", words.title);
    Ok(html::page(words.language, StatusCode::OK, words.title, &body, ""))
}

/// The buyer answers the simulated gateway.
#[utoipa::path(post, path = "/api/v1/simulated-gateway/challenges/{payment}", tag = "orders",
    params(("payment" = String, Path, description = "id of the payment"), WayBack),
    request_body(content = ChallengeAnswer, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303), (status = 400, body = Envelope), (status = 404, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn answer_challenge(
    State(app): State<App>,
    Path(payment): Path<PaymentId>,
    Params(way): Params<WayBack>,
    request: axum::extract::Request,
) -> Result<Response, Problem> {
    let gateway = app.simulated.as_ref().ok_or_else(Problem::not_found)?;
    let (parts, body) = request.into_parts();
    let approval = match &*read(&parts.headers, body, "application/x-www-form-urlencoded", BODY_MAX).await? {
        b"answer=approve" => Approval::Approve,
        b"answer=reject" => Approval::Reject,
        _ => return Err(FieldError::new("answer", "must be approve or reject").into()),
    };
    gateway.complete_challenge(payment, approval).await?;
    let order = app.sales.payment_changed(payment).await.map_err(OrderError::from)?;
    order.ok_or_else(Problem::not_found)?;
    // Without a way back, the browser has no token to look at the order with.
    let page = format!("{CHALLENGE_PATH}{payment}");
    Ok(Redirect::to(way.path().unwrap_or(&page)).into_response())
}

impl From<GatewayError> for Problem {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::Unanswered(source) => {
                tracing::warn!(error = &*source as &dyn std::error::Error, "no answer from the gateway");
                Problem::unavailable()
            }
            refused @ GatewayError::Refused(_) => Problem::fault(&refused),
        }
    }
}

macro_rules! problems {
    ($($error:ident $(($invalid:ident))?),*) => {$(
        impl From<$error> for Problem {
            fn from(error: $error) -> Self {
                match (error.code(), error) {
                    $((_, $error::$invalid(field)) => field.into(),)?
                    (Code::NotFound, _) => Problem::not_found(),
                    (Code::Unavailable, _) => Problem::unavailable(),
                    (Code::Internal, error) => Problem::fault(&error),
                    (code, error) => Problem::new(code, error.to_string()),
                }
            }
        }
    )*};
}

problems!(CheckoutError(Invalid), RefundError(Invalid), OrderError);

impl From<OnSaleError> for Problem {
    fn from(error: OnSaleError) -> Self {
        match error {
            OnSaleError::Event(error) => error.into(),
            OnSaleError::Invalid(field) => field.into(),
            OnSaleError::Refused(refused) => refused.into(),
            OnSaleError::NotOpened => Problem::new(error.code(), error.to_string()),
            OnSaleError::SeatMap(reason) => Problem::new(Code::InvalidSeatMap, reason),
            OnSaleError::Fault(fault) if fault.code() == Code::Unavailable => Problem::unavailable(),
            OnSaleError::Fault(fault) => Problem::fault(&fault),
        }
    }
}
