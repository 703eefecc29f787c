//! Seat maps: their geometry for everyone, new versions from organizers.

use std::io::Write;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use catalog::{Cache, EncodedMap, MapError, SeatMap, SeatMapVersion};
use sales::Answered;
use serde::Serialize;
use stagedoor_core::limits::SEAT_MAP_BODY_MAX;
use stagedoor_core::{EventId, SeatMapId, Timestamp, VenueId};
use store::idempotency::Scope;
use tokio::sync::OnceCell;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{ManageCatalogue, SeeCatalogue, Staff};
use crate::client::RequestOrigin;
use crate::events::has_tag;
use crate::extract::{IdempotencyKey, JSON, Params, Path, read};
use crate::once::{answer, key_mismatch, staff_key};
use crate::orders::respond;
use crate::problem::Envelope;
use crate::venues::{List, PageParams};
use crate::{App, Problem, schema};

/// Bytes of maps kept compressed, as they were before: an 80,000-seat one has 6 MB, takes a second
/// to compress and is asked for by everyone at ten o'clock. A tenth of it is left.
const COMPRESSED_BYTES: usize = 512 * 1024 * 1024;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(seat_map))
        .routes(routes!(add_seat_map, seat_maps))
        .routes(routes!(seat_map_version))
}

/// Compressed bodies by map. A version never changes, so neither does its entry.
pub struct Compressed(Cache<SeatMapId, OnceCell<Bytes>>);

impl Default for Compressed {
    fn default() -> Self {
        Self(Cache::new(COMPRESSED_BYTES))
    }
}

impl Compressed {
    /// Whoever asks first has it made; all others wait for that.
    async fn of(&self, map: &EncodedMap) -> Bytes {
        let place = self.0.get_or_put(map.version.id, map.json.len(), OnceCell::new);
        place.get_or_init(|| compress(map.json.clone())).await.clone()
    }
}

async fn compress(json: Arc<[u8]>) -> Bytes {
    let press = move || {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&json).expect("memory takes everything");
        gzip.finish().expect("memory takes everything").into()
    };
    tokio::task::spawn_blocking(press).await.expect("compressing does not panic")
}

/// The geometry of an event's seat map.
#[utoipa::path(get, path = "/api/v1/events/{event}/seat-map", tag = "events",
    params(("event" = String, Path, description = "id of the event")),
    responses((status = 200, body = schema::SeatMap),
        (status = 304), (status = 404, body = Envelope)))]
pub async fn seat_map(
    State(app): State<App>,
    Path(event): Path<EventId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let map = app.catalog.seat_map_of(event).await?;
    geometry(&app, &map, &headers).await
}

/// The geometry of a version of a venue's seat map, used by an event or not.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/venues/{venue}/seat-maps/{map}", tag = "organizers",
    security(("bearer" = []), ("oauth2" = ["catalog.read"])), params(("org" = String, Path, description = "id of the organizer"),
        ("venue" = String, Path, description = "id of the venue"), ("map" = String, Path, description = "id of the version")),
    responses((status = 200, body = schema::SeatMap), (status = 304), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope)))]
pub async fn seat_map_version(
    State(app): State<App>,
    staff: Staff<SeeCatalogue>,
    Path((_, venue, map)): Path<(String, VenueId, SeatMapId)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let map = app.catalog.seat_map_in(staff.organizer, venue, map).await?;
    let mut response = geometry(&app, &map, &headers).await?;
    response.headers_mut().insert(header::CACHE_CONTROL, crate::safe::NO_STORE);
    Ok(response)
}

async fn geometry(app: &App, map: &Arc<EncodedMap>, headers: &HeaderMap) -> Result<Response, Problem> {
    let is_pressed = accepts_gzip(headers);
    // Other bytes have another strong tag. Source: RFC 9110, 8.8.3.3.
    let tag = match is_pressed {
        true => format!("{}-gzip\"", map.etag.trim_end_matches('"')),
        false => map.etag.clone(),
    };
    let caching = [
        (header::ETAG, tag.as_str()),
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "accept-encoding"),
        (header::CONTENT_TYPE, "application/json"),
    ];
    if has_tag(headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    if is_pressed {
        let body = app.compressed.of(map).await;
        return Ok((caching, [(header::CONTENT_ENCODING, "gzip")], body).into_response());
    }
    Ok((caching, Bytes::from_owner(map.json.clone())).into_response())
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeatMapView {
    #[schema(value_type = String, example = "map_01h455vb4pex5vsknk084sn02q")]
    id: SeatMapId,
    #[schema(value_type = String)]
    venue_id: VenueId,
    /// Counted from 1 within the venue.
    version: u32,
    name: Option<String>,
    seats: u32,
    /// Seats and general-admission places together.
    capacity: u32,
    /// Places by price level.
    levels: std::collections::BTreeMap<String, u32>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<SeatMapVersion> for SeatMapView {
    fn from(map: SeatMapVersion) -> Self {
        let SeatMapVersion { id, venue, version, name, seats, capacity, levels, created_at } = map;
        Self { id, venue_id: venue, version, name, seats, capacity, levels, created_at }
    }
}

/// Add a version of a venue's seat map: ours, or an open seating-plan JSON.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/venues/{venue}/seat-maps", tag = "organizers",
    request_body(content = inline(schema::NewSeatMap), description = "a seat map as `GET /events/{event}/seat-map` gives it, or a seating plan with zones"),
    security(("bearer" = []), ("oauth2" = ["catalog.write"])), params(("org" = String, Path, description = "id of the organizer"),
        ("venue" = String, Path, description = "id of the venue"),
        ("Idempotency-Key" = Option<String>, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    responses((status = 201, body = SeatMapView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope), (status = 422, body = Envelope), (status = 503, body = Envelope)))]
pub async fn add_seat_map(
    State(app): State<App>,
    staff: Staff<ManageCatalogue>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, venue)): Path<(String, VenueId)>,
    idempotency: IdempotencyKey,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = read(&parts.headers, body, JSON, SEAT_MAP_BODY_MAX).await?;
    // A stadium takes tens of milliseconds to read and check: not on a thread that serves.
    let organizer = staff.organizer;
    let work = move || (catalog::import::seat_map(&bytes), staff_key(idempotency, organizer, venue, &bytes));
    let (map, key) = tokio::task::spawn_blocking(work).await.expect("reading a map does not panic");
    let map: SeatMap = map.map_err(MapError::from)?;
    let (principal, operation) = (staff.by.into(), "seat-maps.add");
    let scope = key.as_ref().map(|key| (Scope { principal, operation, key: &key.text }, key.body_hash));
    let (saved, replayed) = app.catalog.add_seat_map_once(&origin, organizer, venue, map, scope).await?;
    // A version never changes, so what is made of it now is what was answered first.
    let answer = answer(StatusCode::CREATED, &SeatMapView::from(saved.version.clone()));
    Ok(respond(Answered { answer, replayed }))
}

/// The versions of a venue's seat map, newest first.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/venues/{venue}/seat-maps", tag = "organizers",
    security(("bearer" = []), ("oauth2" = ["catalog.read"])), params(("org" = String, Path, description = "id of the organizer"),
        ("venue" = String, Path, description = "id of the venue"), PageParams),
    responses((status = 200, body = List<SeatMapView>), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope)))]
pub async fn seat_maps(
    State(app): State<App>,
    staff: Staff<SeeCatalogue>,
    Path((_, venue)): Path<(String, VenueId)>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<SeatMapView>>, Problem> {
    let page = app.catalog.seat_maps(staff.organizer, venue, &page.paging()?).await?;
    Ok(Json(List::of(page, SeatMapView::from)))
}

impl From<MapError> for Problem {
    fn from(error: MapError) -> Self {
        match error {
            MapError::Invalid(wrong) => {
                let details = serde_json::json!({ "path": wrong.path });
                Problem::new(wrong.code(), wrong.reason).with(details)
            }
            MapError::NotFound => Problem::not_found(),
            MapError::Busy => Problem::unavailable(),
            MapError::KeyMismatch => key_mismatch(),
            MapError::Store(error) => error.into(),
        }
    }
}
