//! Tickets of the person signed in, and their barcodes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use catalog::{Barcodes, EventState, EventView};
use sales::{Key, OrderError};
use serde::{Deserialize, Serialize};
use stagedoor_core::{Code, EventId, Money, OrderId, TicketId, Timestamp, UserId};
use store::Origin;
use store::idempotency::{self, Scope};
use tickets::{Access, BarcodeText, Cause, ChangeError, PageRequest, Place, Sheet, Status, Step, Ticket, render};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{Person, TicketsRead, TicketsWrite};
use crate::client::RequestOrigin;
use crate::extract::{Body, IdempotencyKey, Params, Path, cursor, paging};
use crate::once::{Operation, once};
use crate::openapi::MoneySchema;
use crate::orders;
use crate::problem::Envelope;
use crate::venues::List;
use crate::{App, Problem, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(my_tickets))
        .routes(routes!(ticket))
        .routes(routes!(barcode))
        .routes(routes!(pdf))
        .routes(routes!(reissue))
        .routes(routes!(transfer))
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
    /// `issued`, `used`, `refunded` or `revoked`; `transferred` to whoever has just given it away.
    status: &'static str,
    /// Which barcode is good; goes up with every reissue.
    version: u32,
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
}

/// The status of a ticket to the fan who bought it and gave it away, whoever used it since.
pub const TRANSFERRED: &str = "transferred";

/// What other calls take: a seat's id, or an area's.
pub fn place_id(place: &Place) -> &str {
    match place {
        Place::Seat { id, .. } | Place::Area { id, .. } => id,
    }
}

/// What people call it: a section, row and label, or the name of an area alone.
pub fn place_names(place: &Place) -> (String, Option<String>, Option<String>) {
    match place {
        Place::Seat { section, row, label, .. } => (section.clone(), Some(row.clone()), Some(label.clone())),
        Place::Area { name, .. } => (name.clone(), None, None),
    }
}

impl From<Ticket> for TicketView {
    fn from(ticket: Ticket) -> Self {
        let seat = place_id(&ticket.place).to_owned();
        let (section, row, label) = place_names(&ticket.place);
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
    /// As they were asked for, to be written down once they are read.
    pub fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    pub fn read(&self) -> Result<(Option<Status>, PageRequest), Problem> {
        let status = match &self.status {
            None => None,
            Some(text) => {
                let status = text.parse::<Status>();
                Some(status.map_err(|error| Problem::new(Code::InvalidQuery, format!("status: {error}")))?)
            }
        };
        let after = cursor(self.cursor.as_deref())?;
        let limit = paging(self.limit, None)?.limit();
        Ok((status, PageRequest::new(limit, after)))
    }
}

pub fn list(page: tickets::Page) -> List<TicketView> {
    let next_cursor = page.next.map(|next| next.to_string());
    List { items: page.items.into_iter().map(TicketView::from).collect(), next_cursor }
}

/// One's own tickets, newest first. Source: document 002, "List bought tickets".
#[utoipa::path(get, path = "/api/v1/me/tickets", tag = "tickets", security(("bearer" = []), ("oauth2" = ["tickets.read"])), params(TicketListParams),
    responses((status = 200, body = List<TicketView>), (status = 400, body = Envelope), (status = 401, body = Envelope)))]
pub async fn my_tickets(
    State(app): State<App>,
    fan: Person<TicketsRead>,
    Params(params): Params<TicketListParams>,
) -> Result<Json<List<TicketView>>, Problem> {
    let (status, page) = params.read()?;
    let tx = app.store.begin_read().await?;
    Ok(Json(list(tickets::of_owner(&tx, fan.id(), status, page).await?)))
}

/// One of one's own tickets.
#[utoipa::path(get, path = "/api/v1/tickets/{ticket}", tag = "tickets", security(("bearer" = []), ("oauth2" = ["tickets.read"])),
    params(("ticket" = String, Path, description = "id of the ticket")),
    responses((status = 200, body = TicketView), (status = 401, body = Envelope), (status = 404, body = Envelope)))]
pub async fn ticket(
    State(app): State<App>,
    fan: Person<TicketsRead>,
    Path(ticket): Path<TicketId>,
) -> Result<Json<TicketView>, Problem> {
    Ok(Json(find(&app, fan.id(), ticket).await?.into()))
}

async fn find(app: &App, owner: UserId, ticket: TicketId) -> Result<Ticket, Problem> {
    let tx = app.store.begin_read().await?;
    tickets::find(&tx, Access::Owner(owner), ticket).await?.ok_or_else(Problem::not_found)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct BarcodeParams {
    /// A picture, or the text to draw one from; `svg` unless said otherwise.
    #[param(inline, value_type = Option<schema::BarcodeFormat>)]
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
    /// Until when to show this one: null where it stays the same.
    #[schema(value_type = Option<String>, format = DateTime)]
    changes_at: Option<Timestamp>,
    live: LiveView,
}

/// What a device makes the ticket's live barcodes of, without a network: `seal`, four bytes of the number of
/// 15-second spans since 1970, and the first eight bytes of HMAC-SHA256 with `key` over those four; base45
/// (RFC 9285) of all that is the text of a QR code. Good for as long as the ticket's `version` is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LiveView {
    /// 102 bytes, as base64url without padding.
    seal: String,
    /// 32 bytes, as base64url without padding. Whoever has it gets in: keep it where nobody else reads.
    key: String,
}

/// The barcode that admits: a picture, or its text.
///
/// Where the event takes live barcodes alone (`barcodes` of the event), it is the one of this moment, which
/// admits for less than a minute; elsewhere the one that stays the same, for paper. As JSON it comes with what
/// a device needs to show live barcodes by itself.
#[utoipa::path(get, path = "/api/v1/tickets/{ticket}/barcode", tag = "tickets", security(("bearer" = []), ("oauth2" = ["tickets.read"])),
    params(("ticket" = String, Path, description = "id of the ticket"), BarcodeParams),
    responses((status = 200, content((BarcodeView = "application/json"), (String = "image/svg+xml"), (schema::File = "image/png"))),
        (status = 400, body = Envelope), (status = 401, body = Envelope), (status = 404, body = Envelope),
        (status = 409, body = Envelope)))]
pub async fn barcode(
    State(app): State<App>,
    fan: Person<TicketsRead>,
    Path(ticket): Path<TicketId>,
    Params(params): Params<BarcodeParams>,
) -> Result<Response, Problem> {
    let ticket = find(&app, fan.id(), ticket).await?;
    admits(&ticket)?;
    let live = app.signer.live(&ticket);
    let step = is_live_only(&app, &ticket).await?.then(|| Step::of(app.env.now()));
    let text = step.map_or_else(|| app.signer.sign(&ticket), |step| live.text(step));
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
                changes_at: step.map(Step::end),
                live: LiveView { seal: live.seal(), key: live.key().text() },
            };
            ("application/json", serde_json::to_vec(&view).expect("a barcode is JSON"))
        }
        Some(_) => return Err(Problem::new(Code::InvalidQuery, "format must be svg, png or json")),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::OK, headers, body).into_response())
}

fn admits(ticket: &Ticket) -> Result<(), Problem> {
    match ticket.status {
        Status::Issued | Status::Used => Ok(()),
        Status::Refunded | Status::Revoked => {
            Err(Problem::new(Code::WrongState, "the ticket was given back and has no barcode any more"))
        }
    }
}

async fn is_live_only(app: &App, ticket: &Ticket) -> Result<bool, Problem> {
    Ok(app.catalog.any_event(ticket.event).await?.event.details.barcodes == Barcodes::Live)
}

/// A ticket with the barcode that stays the same, to be shown outside of this program.
pub(crate) struct Still {
    pub ticket: Ticket,
    pub view: Arc<EventView>,
    pub barcode: BarcodeText,
    /// Whom the buyer named.
    pub attendee: Option<String>,
}

/// Refuses where the ticket admits nobody any more, and where the event takes live barcodes alone.
pub(crate) async fn still(app: &App, owner: UserId, ticket: TicketId) -> Result<Still, Problem> {
    let ticket = find(app, owner, ticket).await?;
    admits(&ticket)?;
    let view = app.catalog.any_event(ticket.event).await?;
    if view.event.details.barcodes == Barcodes::Live {
        return Err(Problem::new(Code::WrongState, "the event takes live barcodes alone"));
    }
    let barcode = app.signer.sign(&ticket);
    // Whom the buyer named is no business of whoever was given the ticket.
    let attendee = match app.sales.order(owner, ticket.order).await {
        Ok(order) => app.sales.attendee(order.id).await?,
        Err(OrderError::UnknownOrder) => None,
        Err(fault) => return Err(fault.into()),
    };
    let attendee = attendee.and_then(|who| who.name().or(who.email()).map(str::to_owned));
    Ok(Still { ticket, view, barcode, attendee })
}

/// The ticket to print: one page with the barcode that admits. There is none (409 `wrong_state`) where the event
/// takes live barcodes alone.
#[utoipa::path(get, path = "/api/v1/tickets/{ticket}/pdf", tag = "tickets", security(("bearer" = []), ("oauth2" = ["tickets.read"])),
    params(("ticket" = String, Path, description = "id of the ticket")),
    responses((status = 200, content_type = "application/pdf", body = schema::File), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope)))]
pub async fn pdf(
    State(app): State<App>,
    fan: Person<TicketsRead>,
    Path(ticket): Path<TicketId>,
) -> Result<Response, Problem> {
    let Still { ticket, view, barcode, attendee } = still(&app, fan.id(), ticket).await?;
    let (details, venue) = (&view.event.details, &view.venue.details);
    let start = details.local_start(&venue.time_zone).strftime("%A, %-d %B %Y, %H:%M");
    let subtitles = [format!("{}, {}", venue.name, venue.city), format!("{start} ({})", venue.time_zone.name())];
    let mut facts = match &ticket.place {
        Place::Seat { section, row, label, .. } => {
            vec![("Section", section.clone()), ("Row", row.clone()), ("Seat", label.clone())]
        }
        Place::Area { name, .. } => vec![("Area", name.clone())],
    };
    facts.push(("Price", format!("{}, {} ({})", ticket.face_value, ticket.level_name, ticket.ticket_type)));
    facts.extend(attendee.map(|who| ("Attendee", who)));
    facts.extend([("Order", ticket.order.to_string()), ("Ticket", ticket.id.to_string())]);
    let sheet = Sheet { title: details.name.as_str(), subtitles: &subtitles, facts: &facts };
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.pdf\"", ticket.id)),
    ];
    Ok((headers, sheet.pdf(&barcode)).into_response())
}

/// Get a new barcode; the old one no longer admits.
#[utoipa::path(post, path = "/api/v1/tickets/{ticket}/reissue", tag = "tickets", security(("bearer" = []), ("oauth2" = ["tickets.write"])),
    params(("ticket" = String, Path, description = "id of the ticket"),
        ("Idempotency-Key" = Option<String>, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    responses((status = 200, body = TicketView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 422, body = Envelope)))]
pub async fn reissue(
    State(app): State<App>,
    fan: Person<TicketsWrite>,
    RequestOrigin(origin): RequestOrigin,
    Path(ticket): Path<TicketId>,
    idempotency: IdempotencyKey,
) -> Result<Response, Problem> {
    let key = idempotency.0.map(|text| orders::key(text, ticket, b""));
    let operation = change_of(ticket, "tickets.reissue", fan.id(), &origin, key.as_ref());
    let cause = Cause { by: Some(fan.id()), reason: "asked by the owner" };
    let access = Access::Owner(fan.id());
    once(&app, operation, async |tx| Ok(TicketView::from(tickets::reissue(tx, access, ticket, cause).await?))).await
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransferBody {
    /// Of the receiver's account, which has to exist.
    #[schema(value_type = schema::Email)]
    email: String,
    /// The giver's; asked for unless a program asks that was given leave for it.
    #[schema(max_length = 128)]
    password: Option<String>,
    /// Of an account with a second factor: what the app shows, or a recovery code.
    #[schema(max_length = 64)]
    otp: Option<String>,
}

/// Give a ticket to another fan. The old barcode no longer admits, and the receiver gets a new one.
///
/// Until its event is over or cancelled, a ticket that admitted nobody can be given away. The giver
/// can no longer give it back for its money; should staff refund it, the money goes to who paid.
/// An address without an account, one that its account has not verified and the giver's own are refused alike. That a transfer succeeds
/// tells that there is an account, as registering there does; it costs a ticket.
///
/// A stolen session alone must not give tickets away: `password` is asked for again (403 `proof_required`
/// without), and a code of the second factor where there is one (401 `mfa_required`). A repeat under the same
/// key gets the first answer whatever code it shows: one is good once.
#[utoipa::path(post, path = "/api/v1/tickets/{ticket}/transfer", tag = "tickets", request_body = TransferBody,
    security(("bearer" = []), ("oauth2" = ["tickets.write"])), params(("ticket" = String, Path, description = "id of the ticket"),
        ("Idempotency-Key" = String, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    responses((status = 200, body = TicketView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 422, body = Envelope)))]
pub async fn transfer(
    State(app): State<App>,
    fan: Person<TicketsWrite>,
    RequestOrigin(origin): RequestOrigin,
    Path(ticket): Path<TicketId>,
    idempotency: IdempotencyKey,
    Body(body): Body<TransferBody>,
) -> Result<Response, Problem> {
    // Of what is wanted alone: the proof is another one each time, and no hash of a password is kept.
    let key = orders::key(idempotency.required()?, ticket, body.email.as_bytes());
    let operation = change_of(ticket, TRANSFER, fan.id(), &origin, Some(&key));
    let access = Access::Owner(fan.id());
    if !fan.is_program() {
        prove(&app, &origin, access, ticket, &key, &body).await?;
    }
    once(&app, operation, async |tx| {
        let known = tickets::find(tx, access, ticket).await?.ok_or_else(Problem::not_found)?;
        let event = &app.catalog.any_event(known.event).await?.event;
        if event.state == EventState::Cancelled || event.admits().1 < app.env.now() {
            return Err(Problem::new(Code::WrongState, "the event is over or cancelled"));
        }
        let to = app.identity.lock_account_of(tx, &body.email).await?.filter(|to| *to != fan.id());
        let nobody = || Problem::new(Code::Conflict, "at this address is nobody else who could receive the ticket");
        let to = to.ok_or_else(nobody)?;
        let cause = Cause { by: Some(fan.id()), reason: "given away by the owner" };
        let given = tickets::transfer(tx, access, ticket, to, cause).await?;
        Ok(TicketView { status: TRANSFERRED, ..given.into() })
    })
    .await
}

const TRANSFER: &str = "tickets.transfer";

/// Refuses to give `ticket` away for whoever cannot show that they are its owner, unless they did before.
async fn prove(
    app: &App,
    origin: &Origin,
    access: Access,
    ticket: TicketId,
    key: &Key,
    body: &TransferBody,
) -> Result<(), Problem> {
    let Access::Owner(fan) = access else { unreachable!("only owners give away") };
    let tx = app.store.begin_read().await?;
    let scope = Scope { principal: fan.into(), operation: TRANSFER, key: &key.text };
    if idempotency::find(&tx, scope, key.body_hash).await?.is_some() {
        return Ok(());
    }
    // Whose ticket it is comes first: others' look like none.
    tickets::find(&tx, access, ticket).await?.ok_or_else(Problem::not_found)?;
    drop(tx);
    let asked = || Problem::new(Code::ProofRequired, "give your password again to give a ticket away");
    let password = body.password.as_deref().ok_or_else(asked)?;
    Ok(app.identity.confirm(origin, fan, password, body.otp.as_deref()).await?)
}

fn change_of<'a>(
    ticket: TicketId,
    name: &'static str,
    by: UserId,
    origin: &'a Origin,
    key: Option<&'a Key>,
) -> Operation<'a> {
    Operation { name, by, origin, subject: ticket.into(), key, status: StatusCode::OK }
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
