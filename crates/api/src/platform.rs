//! What staff of the platform do with tenants. To look into one they go where its own staff go, with a
//! reason (see [`tenant`](crate::tenant)).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use identity::{Organizer, Reason};
use serde::{Deserialize, Serialize};
use serde_json::json;
use stagedoor_core::{OrganizerId, Timestamp};
use store::audit::{Chain, Entry};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::private;
use crate::auth::PlatformAdmin;
use crate::client::RequestOrigin;
use crate::extract::{Body, Params, Path, cursor, paging};
use crate::problem::Envelope;
use crate::venues::List;
use crate::{App, Problem, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(all_organizers))
        .routes(routes!(suspend_organizer))
        .routes(routes!(reinstate_organizer))
}

/// A tenant as staff of the platform see it without looking into it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantView {
    #[schema(value_type = schema::OrganizerId)]
    id: OrganizerId,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Since when it puts nothing on sale.
    #[schema(value_type = Option<String>, format = DateTime)]
    suspended_at: Option<Timestamp>,
}

impl From<Organizer> for TenantView {
    fn from(organizer: Organizer) -> Self {
        let Organizer { id, name, created_at, suspended_at, .. } = organizer;
        Self { id, name, created_at, suspended_at }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct TenantListParams {
    /// Items on the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReasonBody {
    /// Why; the organizer can read it in its audit log.
    #[schema(value_type = schema::Reason)]
    reason: String,
}

/// Every organizer, the oldest first.
#[utoipa::path(get, path = "/api/v1/platform/organizers", tag = "platform", security(("bearer" = [])),
    params(TenantListParams),
    responses((status = 200, body = List<TenantView>), (status = 400, body = Envelope),
        (status = 401, body = Envelope), (status = 403, body = Envelope)))]
pub async fn all_organizers(
    State(app): State<App>,
    _admin: PlatformAdmin,
    RequestOrigin(origin): RequestOrigin,
    Params(params): Params<TenantListParams>,
) -> Result<Response, Problem> {
    let after: Option<OrganizerId> = cursor(params.cursor.as_deref())?;
    let limit = paging(params.limit, None)?.limit();
    let mut found = app.identity.organizers_after(after, limit + 1).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let tx = app.store.begin_write_for(&origin).await?;
    let after = json!({ "after": after, "organizers": found.len() });
    tx.audit(Entry::new(Chain::Platform, "organizer.list", "organizers").after(after));
    tx.commit().await?;
    let next_cursor = found.last().filter(|_| more).map(|organizer| organizer.id.to_string());
    let items: Vec<_> = found.into_iter().map(TenantView::from).collect();
    Ok(private(StatusCode::OK, List { items, next_cursor }))
}

/// Have an organizer put nothing on sale any more. Its events go off sale; what it has sold stays good, at the door
/// and for refunds. 409 `wrong_state` when it is suspended.
#[utoipa::path(post, path = "/api/v1/platform/organizers/{org}/suspend", tag = "platform", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer")), request_body = ReasonBody,
    responses((status = 200, body = TenantView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn suspend_organizer(
    State(app): State<App>,
    _admin: PlatformAdmin,
    RequestOrigin(origin): RequestOrigin,
    Path(organizer): Path<OrganizerId>,
    Body(body): Body<ReasonBody>,
) -> Result<Response, Problem> {
    let reason = Reason::parse("reason", &body.reason)?;
    let organizer = app.identity.suspend(&origin, organizer, &reason).await?;
    Ok(private(StatusCode::OK, TenantView::from(organizer)))
}

/// Let a suspended organizer sell again. It puts its events on sale again itself. 409 `wrong_state` when it is not
/// suspended.
#[utoipa::path(post, path = "/api/v1/platform/organizers/{org}/reinstate", tag = "platform", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer")), request_body = ReasonBody,
    responses((status = 200, body = TenantView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn reinstate_organizer(
    State(app): State<App>,
    _admin: PlatformAdmin,
    RequestOrigin(origin): RequestOrigin,
    Path(organizer): Path<OrganizerId>,
    Body(body): Body<ReasonBody>,
) -> Result<Response, Problem> {
    let reason = Reason::parse("reason", &body.reason)?;
    let organizer = app.identity.reinstate(&origin, organizer, &reason).await?;
    Ok(private(StatusCode::OK, TenantView::from(organizer)))
}
