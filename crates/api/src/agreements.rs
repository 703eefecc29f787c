//! What the platform agrees with organizers: who can have a share of their money, and contracts. What was
//! agreed staff see where the organizer's own see it ([`contracts`](crate::contracts)).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use payments::split::{Party, Share, Terms};
use sales::{NewContract, Partner};
use serde::{Deserialize, Serialize};
use stagedoor_core::{EventId, FieldError, OrganizerId, PartnerId, Timestamp};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::private;
use crate::auth::PlatformAdmin;
use crate::client::RequestOrigin;
use crate::contracts::ContractView;
use crate::extract::{IdempotencyKey, Path, RawBody};
use crate::once::{Operation, once};
use crate::problem::Envelope;
use crate::venues::List;
use crate::{App, Problem, orders, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(partners, add_partner)).routes(routes!(agree_contract))
}

/// Somebody who can have a share in contracts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerView {
    #[schema(value_type = schema::PartnerId)]
    id: PartnerId,
    /// `venue`, `promoter` or `other`.
    kind: &'static str,
    name: String,
}

impl From<Partner> for PartnerView {
    fn from(Partner { id, kind, name }: Partner) -> Self {
        Self { id, kind: kind.text(), name }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPartner {
    #[schema(value_type = schema::PartnerKind)]
    kind: String,
    #[schema(value_type = schema::Name)]
    name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewContractBody {
    /// One of the organizer's events, for which it goes first; for all of them when left out.
    #[schema(value_type = Option<schema::EventId>)]
    event_id: Option<String>,
    /// Now when left out.
    #[schema(value_type = Option<schema::Instant>)]
    valid_from: Option<Timestamp>,
    /// Before this instant; without end when left out.
    #[schema(value_type = Option<schema::Instant>)]
    valid_until: Option<Timestamp>,
    /// Without any, the organizer has the face value and the platform the fees.
    #[schema(max_items = 10)]
    shares: Vec<ShareBody>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ShareBody {
    #[schema(value_type = schema::Party)]
    party: String,
    /// Of the face value less discounts; 500 is 5 %. None for the organizer, who has the rest.
    #[schema(maximum = 10_000)]
    face_value_basis_points: u32,
    /// None for the platform, which has the rest.
    #[schema(maximum = 10_000)]
    fee_basis_points: u32,
}

impl ShareBody {
    fn read(&self) -> Result<Share, FieldError> {
        let wrong = || FieldError::new("shares", "must name a partner's id, organizer or platform");
        let party = match self.party.as_str() {
            "organizer" => Party::Organizer,
            "platform" => Party::Platform,
            partner => Party::Partner(partner.parse().map_err(|_| wrong())?),
        };
        Ok(Share { party, face_value: self.face_value_basis_points, fee: self.fee_basis_points })
    }
}

/// Who can have a share in contracts, the newest first: at most 1,000.
#[utoipa::path(get, path = "/api/v1/platform/partners", tag = "platform", security(("bearer" = [])),
    responses((status = 200, body = List<PartnerView>), (status = 401, body = Envelope), (status = 403, body = Envelope)))]
pub async fn partners(State(app): State<App>, _admin: PlatformAdmin) -> Result<Response, Problem> {
    let found = sales::partners(&app.store.begin_read().await?).await?;
    let items: Vec<_> = found.into_iter().map(PartnerView::from).collect();
    Ok(private(StatusCode::OK, List { items, next_cursor: None }))
}

/// Name somebody who can have a share in contracts.
#[utoipa::path(post, path = "/api/v1/platform/partners", tag = "platform", security(("bearer" = [])),
    request_body = NewPartner,
    params(("Idempotency-Key" = Option<String>, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    responses((status = 201, body = PartnerView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope),
        (status = 422, body = Envelope)))]
pub async fn add_partner(
    State(app): State<App>,
    PlatformAdmin(admin): PlatformAdmin,
    RequestOrigin(origin): RequestOrigin,
    idempotency: IdempotencyKey,
    RawBody(body, bytes): RawBody<NewPartner>,
) -> Result<Response, Problem> {
    let kind = body.kind.parse()?;
    let key = idempotency.0.map(|text| orders::key(text, "", &bytes));
    let (name, by) = ("partners.create", admin.user);
    let (origin, subject, key) = (&origin, by.into(), key.as_ref());
    let operation = Operation { name, by, origin, subject, key, status: StatusCode::CREATED };
    once(&app, operation, async |tx| Ok(PartnerView::from(sales::add_partner(tx, kind, &body.name).await?))).await
}

/// Agree the next version of an organizer's contract, or of one for an event, which goes first.
///
/// Orders whose seats were sold before keep what counted then. The organizer reads it in its log.
#[utoipa::path(post, path = "/api/v1/platform/organizers/{org}/contracts", tag = "platform", security(("bearer" = [])),
    request_body = NewContractBody,
    params(("org" = String, Path, description = "id of the organizer"),
        ("Idempotency-Key" = Option<String>, Header, description = "makes a retry safe", min_length = 1, max_length = 255)),
    responses((status = 201, body = ContractView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope), (status = 422, body = Envelope)))]
pub async fn agree_contract(
    State(app): State<App>,
    PlatformAdmin(admin): PlatformAdmin,
    RequestOrigin(origin): RequestOrigin,
    Path(organizer): Path<OrganizerId>,
    idempotency: IdempotencyKey,
    RawBody(body, bytes): RawBody<NewContractBody>,
) -> Result<Response, Problem> {
    app.identity.organizer(organizer).await?;
    let event = match &body.event_id {
        None => None,
        Some(text) => Some(event_of(&app, organizer, text).await?),
    };
    let shares = body.shares.iter().map(ShareBody::read).collect::<Result<Vec<_>, _>>()?;
    let terms = Terms::new(shares)?;
    let (valid_from, valid_until) = (body.valid_from, body.valid_until);
    let new = NewContract { organizer, event, valid_from, valid_until, terms };
    let key = idempotency.0.map(|text| orders::key(text, organizer, &bytes));
    let (name, by) = ("contracts.agree", admin.user);
    let (origin, subject, key) = (&origin, organizer.into(), key.as_ref());
    let operation = Operation { name, by, origin, subject, key, status: StatusCode::CREATED };
    once(&app, operation, async |tx| Ok(ContractView::from(sales::agree(tx, new).await?))).await
}

/// `Field` for an event that the organizer has not, absent or another's.
async fn event_of(app: &App, organizer: OrganizerId, text: &str) -> Result<EventId, Problem> {
    let unknown = || FieldError::new("eventId", "must be one of the organizer's events");
    let event = text.parse().map_err(|_| unknown())?;
    match app.catalog.event_of(organizer, event).await {
        Ok(_) => Ok(event),
        Err(catalog::EventError::NotFound) => Err(unknown().into()),
        Err(error) => Err(error.into()),
    }
}
