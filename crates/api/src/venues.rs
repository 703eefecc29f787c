//! Venues: where events happen.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use catalog::{Country, Page, Paging, Position, Venue, VenueDetails, VenueError, Zone};
use serde::{Deserialize, Serialize};
use stagedoor_core::{Code, FieldError, Name, OrganizerId, Timestamp, VenueId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{ManageCatalogue, Staff};
use crate::client::RequestOrigin;
use crate::extract::{Body, IdempotencyKey, Params, Patch, Path, RawBody, paging, present, set};
use crate::once::{Operation, once, staff_key};
use crate::problem::Envelope;
use crate::{App, Problem, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(venues))
        .routes(routes!(venue))
        .routes(routes!(create_venue))
        .routes(routes!(update_venue))
}

/// Which part of a list to give.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct PageParams {
    /// Items on the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub(crate) limit: Option<u32>,
    /// `nextCursor` of the page before.
    pub(crate) cursor: Option<String>,
}

impl PageParams {
    pub fn paging(self) -> Result<Paging, Problem> {
        paging(self.limit, self.cursor)
    }
}

/// One page of a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    pub items: Vec<T>,
    /// Ask with it for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl<T> List<T> {
    pub fn of<U>(page: Page<U>, view: impl Fn(U) -> T) -> Self {
        Self { items: page.items.into_iter().map(view).collect(), next_cursor: page.next_cursor }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VenueView {
    #[schema(value_type = String, example = "ven_01h455vb4pex5vsknk084sn02q")]
    pub id: VenueId,
    #[schema(value_type = String)]
    organizer_id: OrganizerId,
    pub name: String,
    pub city: String,
    /// Two letters, ISO 3166-1.
    country: String,
    address: Option<String>,
    /// IANA name.
    time_zone: String,
    latitude: Option<f64>,
    longitude: Option<f64>,
    version: u32,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Venue> for VenueView {
    fn from(venue: Venue) -> Self {
        let VenueDetails { name, city, country, address, time_zone, position } = venue.details;
        Self {
            id: venue.id,
            organizer_id: venue.organizer,
            name: name.into_string(),
            city: city.into_string(),
            country: country.as_str().to_owned(),
            address: address.map(Name::into_string),
            time_zone: time_zone.name().to_owned(),
            latitude: position.map(|position| position.latitude),
            longitude: position.map(|position| position.longitude),
            version: venue.version,
            created_at: venue.created_at,
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewVenue {
    #[schema(value_type = schema::Name)]
    name: String,
    #[schema(value_type = schema::Name)]
    city: String,
    #[schema(value_type = schema::Country)]
    country: String,
    #[schema(value_type = Option<schema::Name>)]
    address: Option<String>,
    #[schema(value_type = schema::TimeZone)]
    time_zone: String,
    /// Degrees north; with `longitude` or not at all.
    #[schema(minimum = -90, maximum = 90)]
    latitude: Option<f64>,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180)]
    longitude: Option<f64>,
}

/// Both or neither.
fn position(latitude: Option<f64>, longitude: Option<f64>) -> Result<Option<Position>, FieldError> {
    match (latitude, longitude) {
        (Some(latitude), Some(longitude)) => Position::parse(latitude, longitude).map(Some),
        (None, None) => Ok(None),
        _ => Err(FieldError::new("longitude", "comes with latitude")),
    }
}

impl NewVenue {
    fn details(&self) -> Result<VenueDetails, FieldError> {
        let position = position(self.latitude, self.longitude)?;
        Ok(VenueDetails {
            name: Name::parse("name", &self.name)?,
            city: Name::parse("city", &self.city)?,
            country: Country::parse("country", &self.country)?,
            address: self.address.as_deref().map(|text| Name::parse("address", text)).transpose()?,
            time_zone: Zone::parse("timeZone", &self.time_zone)?,
            position,
        })
    }
}

/// What to change. Fields left out stay; an address or a position that is null goes.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VenuePatch {
    /// The version the change was made on; another one is refused.
    version: Option<u32>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Name, required = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Name, required = false)]
    city: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Country, required = false)]
    country: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<schema::Name>)]
    address: Patch<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::TimeZone, required = false)]
    time_zone: Option<String>,
    /// Degrees north; with `longitude` or not at all, and null only with it.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = -90, maximum = 90)]
    latitude: Patch<f64>,
    /// Degrees east.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = -180, maximum = 180)]
    longitude: Patch<f64>,
}

impl VenuePatch {
    fn position(&self) -> Result<Patch<Position>, FieldError> {
        let number = |patch: &Patch<f64>| if let Patch::Set(number) = patch { Some(*number) } else { None };
        match (&self.latitude, &self.longitude) {
            (Patch::Keep, Patch::Keep) => Ok(Patch::Keep),
            (Patch::Keep, _) | (_, Patch::Keep) => Err(FieldError::new("longitude", "comes with latitude")),
            (latitude, longitude) => {
                Ok(position(number(latitude), number(longitude))?.map_or(Patch::Clear, Patch::Set))
            }
        }
    }
}

/// Every venue, in the order they were made.
#[utoipa::path(get, path = "/api/v1/venues", tag = "venues", params(PageParams),
    responses((status = 200, body = List<VenueView>), (status = 400, body = Envelope)))]
pub async fn venues(
    State(app): State<App>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<VenueView>>, Problem> {
    let page = app.catalog.venues(None, &page.paging()?).await?;
    Ok(Json(List::of(page, VenueView::from)))
}

/// One venue.
#[utoipa::path(get, path = "/api/v1/venues/{venue}", tag = "venues",
    params(("venue" = String, Path, description = "id of the venue")),
    responses((status = 200, body = VenueView), (status = 404, body = Envelope)))]
pub async fn venue(State(app): State<App>, Path(venue): Path<VenueId>) -> Result<Json<VenueView>, Problem> {
    Ok(Json(app.catalog.venue(venue).await?.into()))
}

/// Add a venue.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/venues", tag = "organizers", request_body = NewVenue,
    security(("bearer" = []), ("oauth2" = ["catalog.write"])), params(("org" = String, Path, description = "id of the organizer"),
        ("Idempotency-Key" = Option<String>, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    responses((status = 201, body = VenueView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope), (status = 422, body = Envelope)))]
pub async fn create_venue(
    State(app): State<App>,
    staff: Staff<ManageCatalogue>,
    RequestOrigin(origin): RequestOrigin,
    idempotency: IdempotencyKey,
    RawBody(body, bytes): RawBody<NewVenue>,
) -> Result<Response, Problem> {
    let (details, key) = (body.details()?, staff_key(idempotency, staff.organizer, "", &bytes));
    let (name, subject) = ("venues.create", staff.organizer.into());
    let (by, origin, key) = (staff.by, &origin, key.as_ref());
    let operation = Operation { name, by, origin, subject, key, status: StatusCode::CREATED };
    once(&app, operation, async |tx| {
        Ok(VenueView::from(app.catalog.create_venue_in(tx, staff.organizer, details).await?))
    })
    .await
}

/// Change a venue.
#[utoipa::path(patch, path = "/api/v1/organizers/{org}/venues/{venue}", tag = "organizers", request_body = VenuePatch,
    security(("bearer" = []), ("oauth2" = ["catalog.write"])), params(("org" = String, Path, description = "id of the organizer"),
        ("venue" = String, Path, description = "id of the venue")),
    responses((status = 200, body = VenueView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn update_venue(
    State(app): State<App>,
    staff: Staff<ManageCatalogue>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, venue)): Path<(String, VenueId)>,
    Body(patch): Body<VenuePatch>,
) -> Result<Json<VenueView>, Problem> {
    let name = |field, text: &Option<String>| text.as_deref().map(|text| Name::parse(field, text)).transpose();
    let (title, city) = (name("name", &patch.name)?, name("city", &patch.city)?);
    let position = patch.position()?.map(Some);
    let address = patch.address.try_map(|text| Name::parse("address", &text).map(Some))?;
    let country = patch.country.as_deref().map(|text| Country::parse("country", text)).transpose()?;
    let time_zone = patch.time_zone.as_deref().map(|text| Zone::parse("timeZone", text)).transpose()?;
    let change = |details: &mut VenueDetails| {
        set(&mut details.name, title);
        set(&mut details.city, city);
        set(&mut details.country, country);
        set(&mut details.time_zone, time_zone);
        address.apply(&mut details.address, None);
        position.apply(&mut details.position, None);
    };
    let venue = app.catalog.update_venue(&origin, staff.organizer, venue, patch.version, change).await?;
    Ok(Json(venue.into()))
}

impl From<VenueError> for Problem {
    fn from(error: VenueError) -> Self {
        match error {
            VenueError::Invalid(field) => field.into(),
            VenueError::NotFound => Problem::not_found(),
            VenueError::Conflict { current } => conflict(current),
            VenueError::Store(error) => error.into(),
        }
    }
}

pub fn conflict(current: u32) -> Problem {
    let details = serde_json::json!({ "version": current });
    Problem::new(Code::Conflict, "someone else changed this meanwhile").with(details)
}
