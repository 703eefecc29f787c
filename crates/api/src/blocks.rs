//! For whom places of an event are kept off sale.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use inventory::engine::Manifest;
use sales::{Block, BlockError, NewBlock, OnSaleError, Places, Release};
use serde::{Deserialize, Serialize};
use stagedoor_core::{BlockId, Code, EventId, FieldError, Name, Timestamp, UserId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{ManageSales, SeeSales, Staff};
use crate::client::RequestOrigin;
use crate::extract::{IdempotencyKey, OptionalBody, Params, Path, RawBody, cursor, paging};
use crate::once::{answer, key_mismatch, staff_key};
use crate::orders::respond;
use crate::own_events::named;
use crate::problem::Envelope;
use crate::venues::{List, PageParams};
use crate::{App, Problem, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(blocks, set_aside)).routes(routes!(release_block))
}

/// Places kept off sale for somebody.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlockView {
    #[schema(value_type = String)]
    id: BlockId,
    /// For whom, or for what.
    holder: Option<String>,
    note: Option<String>,
    /// How many it has.
    places: u32,
    /// Ids as the seat map gives them; none of places in an area.
    seats: Vec<String>,
    /// Where the places are, if not on seats.
    area: Option<BlockArea>,
    #[schema(value_type = String)]
    blocked_by: UserId,
    #[schema(value_type = String, format = DateTime)]
    blocked_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
struct BlockArea {
    id: String,
    name: String,
}

impl BlockView {
    fn new(block: &Block, map: &Manifest) -> Self {
        let name = |id: &str| map.area(id).map_or(id, |area| map.area_name(area)).to_owned();
        let (area, places) = block.area.clone().unzip();
        Self {
            id: block.id,
            holder: block.holder.clone(),
            note: block.note.clone(),
            places: places.unwrap_or(block.seats.len() as u32),
            seats: block.seats.clone(),
            area: area.map(|id| BlockArea { name: name(&id), id }),
            blocked_by: block.by,
            blocked_at: block.at,
        }
    }
}

/// For whom, and exactly one of `seats` and `area`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewBlockBody {
    /// For whom, or for what: a sponsor, the house, the press.
    #[schema(value_type = Option<schema::Name>)]
    holder: Option<String>,
    #[schema(value_type = Option<schema::Name>)]
    note: Option<String>,
    /// Ids as the seat map gives them: free, or blocked and in no block.
    #[schema(min_items = 1, max_items = 1_000)]
    seats: Option<Vec<String>>,
    area: Option<AreaPlaces>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AreaPlaces {
    id: String,
    /// Beyond those that are blocked.
    #[schema(minimum = 1, maximum = 500_000)]
    places: u32,
}

/// What goes on sale again: nothing of it for all, else one of them.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseBody {
    /// These seats; those that are not in the block stay as they are.
    #[schema(min_items = 1, max_items = 1_000)]
    seats: Option<Vec<String>>,
    /// Of an area: how many places the block keeps.
    #[schema(maximum = 500_000)]
    left: Option<u32>,
}

/// For whom places are kept off sale, newest first.
///
/// Places that were blocked for nobody in particular are in none.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/events/{event}/blocks", tag = "organizers",
    security(("bearer" = []), ("oauth2" = ["sales.read"])), params(("org" = String, Path, description = "id of the organizer"),
        ("event" = String, Path, description = "id of the event"), PageParams),
    responses((status = 200, body = List<BlockView>), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 503, body = Envelope)))]
pub async fn blocks(
    State(app): State<App>,
    staff: Staff<SeeSales>,
    Path((_, event)): Path<(String, EventId)>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<BlockView>>, Problem> {
    let limit = paging(page.limit, None)?.limit();
    let before = cursor(page.cursor.as_deref())?;
    let page = app.sales.blocks(staff.organizer, event, before, limit).await?;
    let next_cursor = page.next.map(|last| last.to_string());
    // Without a block there may be no map in the engine either.
    let items = match page.blocks.is_empty() {
        true => Vec::new(),
        false => {
            let view = app.inventory.view(event).await.map_err(OnSaleError::from)?;
            page.blocks.iter().map(|block| BlockView::new(block, &view.manifest)).collect()
        }
    };
    Ok(Json(List { items, next_cursor }))
}

/// Keep places off sale for somebody.
///
/// Either all of them get into the block or nothing changes. Seats that are blocked and in no block get into this
/// one. `POST .../block` blocks places for nobody in particular.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/events/{event}/blocks", tag = "organizers",
    request_body = NewBlockBody, security(("bearer" = []), ("oauth2" = ["inventory.write"])),
    params(("org" = String, Path, description = "id of the organizer"), ("event" = String, Path, description = "id of the event"),
        ("Idempotency-Key" = Option<String>, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    responses((status = 201, body = BlockView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 422, body = Envelope),
        (status = 503, body = Envelope)))]
pub async fn set_aside(
    State(app): State<App>,
    staff: Staff<ManageSales>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, event)): Path<(String, EventId)>,
    idempotency: IdempotencyKey,
    RawBody(body, bytes): RawBody<NewBlockBody>,
) -> Result<Response, Problem> {
    let text = |field, text: Option<String>| text.map(|text| Name::parse(field, &text)).transpose();
    let wish = NewBlock {
        organizer: staff.organizer,
        event,
        holder: text("holder", body.holder)?,
        note: text("note", body.note)?,
        places: match (body.seats, body.area) {
            (Some(seats), None) => Places::Seats(seats),
            (None, Some(AreaPlaces { id, places })) => Places::Area { area: id, places },
            _ => return Err(FieldError::new("seats", "send exactly one of seats and area").into()),
        },
        by: staff.by,
        origin,
        key: staff_key(idempotency, staff.organizer, event, &bytes),
    };
    app.catalog.event_of(staff.organizer, event).await?;
    let view = app.inventory.view(event).await.map_err(OnSaleError::from)?;
    let render = |block: &Block| answer(StatusCode::CREATED, &BlockView::new(block, &view.manifest));
    match app.sales.set_aside(wish, render).await {
        Ok(answered) => Ok(respond(answered)),
        Err(BlockError::OnSale(error)) => Err(named(&app, event, error).await),
        Err(error) => Err(error.into()),
    }
}

/// Put a block's places on sale again, all or some. A block that has none left is gone.
///
/// Doing it again changes nothing, or finds no block; so this takes no idempotency key.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/events/{event}/blocks/{block}/release", tag = "organizers",
    request_body = Option<ReleaseBody>, security(("bearer" = []), ("oauth2" = ["inventory.write"])),
    params(("org" = String, Path, description = "id of the organizer"), ("event" = String, Path, description = "id of the event"),
        ("block" = String, Path, description = "id of the block")),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 503, body = Envelope)))]
pub async fn release_block(
    State(app): State<App>,
    staff: Staff<ManageSales>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, event, block)): Path<(String, EventId, BlockId)>,
    OptionalBody(body, _): OptionalBody<ReleaseBody>,
) -> Result<StatusCode, Problem> {
    let release = match (body.seats, body.left) {
        (None, None) => Release::All,
        (Some(seats), None) => Release::Seats(seats),
        (None, Some(left)) => Release::AllBut(left),
        (Some(_), Some(_)) => return Err(FieldError::new("seats", "send at most one of seats and left").into()),
    };
    match app.sales.release_block(&origin, staff.organizer, event, block, release).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(BlockError::OnSale(error)) => Err(named(&app, event, error).await),
        Err(error) => Err(error.into()),
    }
}

impl From<BlockError> for Problem {
    fn from(error: BlockError) -> Self {
        match error {
            BlockError::OnSale(error) => error.into(),
            BlockError::UnknownBlock => Problem::not_found(),
            BlockError::InAnotherBlock(ref seats) => {
                let details = serde_json::json!({ "seats": seats });
                Problem::new(Code::SeatUnavailable, "seats are in another block").with(details)
            }
            BlockError::TooMany => Problem::new(Code::WrongState, error.to_string()),
            BlockError::KeyMismatch => key_mismatch(),
        }
    }
}
