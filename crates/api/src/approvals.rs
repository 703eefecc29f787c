//! What staff of the platform do about programs: vouch for those that ask people for leave.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use identity::ClientOf;
use serde::{Deserialize, Serialize};
use stagedoor_core::{ClientId, OrganizerId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::private;
use crate::auth::PlatformAdmin;
use crate::client::RequestOrigin;
use crate::extract::{Params, Path, cursor, paging};
use crate::problem::Envelope;
use crate::programs::ClientView;
use crate::venues::List;
use crate::{App, Problem, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(unapproved_clients)).routes(routes!(approve_client, withdraw_approval))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct ClientListParams {
    /// Items on the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// A client with whose it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientOfView {
    client: ClientView,
    #[schema(value_type = schema::OrganizerId)]
    organizer_id: OrganizerId,
    /// As anybody may have called it: see who is behind it before you vouch.
    organizer: String,
}

impl From<ClientOf> for ClientOfView {
    fn from(found: ClientOf) -> Self {
        Self { client: found.client.into(), organizer_id: found.organizer, organizer: found.organizer_name }
    }
}

/// OAuth clients that ask people for leave and that nobody vouched for yet, the oldest first.
#[utoipa::path(get, path = "/api/v1/platform/clients", tag = "platform", security(("bearer" = [])),
    params(ClientListParams),
    responses((status = 200, body = List<ClientOfView>), (status = 400, body = Envelope),
        (status = 401, body = Envelope), (status = 403, body = Envelope)))]
pub async fn unapproved_clients(
    State(app): State<App>,
    _admin: PlatformAdmin,
    Params(params): Params<ClientListParams>,
) -> Result<Response, Problem> {
    let after = cursor(params.cursor.as_deref())?;
    let limit = paging(params.limit, None)?.limit();
    let mut found = app.identity.unapproved_clients(after, limit + 1).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| more).map(|last| last.client.id.to_string());
    let items: Vec<_> = found.into_iter().map(ClientOfView::from).collect();
    Ok(private(StatusCode::OK, List { items, next_cursor }))
}

/// Vouch for an OAuth client: people may let it do all that it is registered for, and nobody is warned of it.
#[utoipa::path(put, path = "/api/v1/platform/clients/{client}/approval", tag = "platform", security(("bearer" = [])),
    params(("client" = String, Path, description = "id of the client")),
    responses((status = 200, body = ClientView), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn approve_client(
    State(app): State<App>,
    _admin: PlatformAdmin,
    RequestOrigin(origin): RequestOrigin,
    Path(client): Path<ClientId>,
) -> Result<Json<ClientView>, Problem> {
    Ok(Json(app.identity.approve_client(&origin, client).await?.into()))
}

/// Vouch for a client no more. What people let it do ends at once.
#[utoipa::path(delete, path = "/api/v1/platform/clients/{client}/approval", tag = "platform",
    security(("bearer" = [])), params(("client" = String, Path, description = "id of the client")),
    responses((status = 200, body = ClientView), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn withdraw_approval(
    State(app): State<App>,
    _admin: PlatformAdmin,
    RequestOrigin(origin): RequestOrigin,
    Path(client): Path<ClientId>,
) -> Result<Json<ClientView>, Problem> {
    Ok(Json(app.identity.withdraw_approval(&origin, client).await?.into()))
}
