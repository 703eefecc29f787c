//! What manages programs: an organizer's clients and API keys, and the programs a person let in.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use identity::{
    Allowed, ApiKey, ClientKind, GrantType, Maker, NewApiKey, NewClient, ProgramError, RegisteredClient, Scopes,
    ShownKey,
};
use serde::{Deserialize, Serialize};
use stagedoor_core::{ApiKeyId, ClientId, FieldError, GrantId, Timestamp, UserId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::private;
use crate::auth::{Fan, ManagePrograms, Member};
use crate::client::RequestOrigin;
use crate::extract::{Body, Path};
use crate::problem::Envelope;
use crate::venues::List;
use crate::{App, Problem, schema};

/// How long a replaced secret stays good when nobody says.
const OVERLAP_SECONDS: u32 = 24 * 60 * 60;

// What the description says; a constant cannot stand there.
const _: () = assert!(identity::OVERLAP_MAX.as_secs() == 604_800);

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(clients, register_client))
        .routes(routes!(client, revoke_client))
        .routes(routes!(rotate_client_secret))
        .routes(routes!(api_keys, create_api_key))
        .routes(routes!(revoke_api_key))
        .routes(routes!(rotate_api_key))
        .routes(routes!(my_programs))
        .routes(routes!(end_program))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewClientBody {
    /// As people are asked about it.
    #[schema(value_type = schema::Name)]
    name: String,
    /// `confidential` for a server of the organizer's or a partner's, which can keep a secret; `public`
    /// for a program on somebody's own device.
    #[schema(value_type = schema::ClientKind)]
    kind: String,
    /// Where authorization codes may be sent: `https`, or `http` to a loopback address, where any port is
    /// as good.
    #[serde(default)]
    #[schema(value_type = Vec<schema::RedirectUri>, max_items = 10, required = false)]
    redirect_uris: Vec<String>,
    #[schema(value_type = Vec<schema::GrantType>, min_items = 1)]
    grant_types: Vec<String>,
    /// The most it can be given; no more than the caller's own role allows.
    #[schema(value_type = Vec<schema::Scope>, min_items = 1)]
    scopes: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewApiKeyBody {
    #[schema(value_type = schema::Name)]
    name: String,
    /// About the organizer, and no more than the caller's own role allows.
    #[schema(value_type = Vec<schema::Scope>, min_items = 1)]
    scopes: Vec<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotationBody {
    /// How long the secret that is replaced stays good; a day when left out.
    #[schema(maximum = 604_800)]
    overlap_seconds: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientView {
    /// `client_id` of the protocol.
    #[schema(value_type = schema::ClientId)]
    id: ClientId,
    name: String,
    #[schema(value_type = schema::ClientKind)]
    kind: &'static str,
    redirect_uris: Vec<String>,
    #[schema(value_type = Vec<schema::GrantType>)]
    grant_types: Vec<&'static str>,
    #[schema(value_type = Vec<schema::Scope>)]
    scopes: Vec<&'static str>,
    made_by: MakerView,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When staff of the platform vouched for it; until then it is told of as not verified, and people who
    /// are no members of its organizer may let it do no more than `profile.read` and `orders.read`.
    #[schema(value_type = Option<String>, format = DateTime)]
    approved_at: Option<Timestamp>,
}

/// Who made it, and so has seen its first secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MakerView {
    #[schema(value_type = schema::UserId)]
    id: UserId,
    /// False for somebody who has left: change the secret if they might have kept it.
    is_member: bool,
}

impl From<Maker> for MakerView {
    fn from(maker: Maker) -> Self {
        Self { id: maker.user, is_member: maker.is_member }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownClientView {
    client: ClientView,
    /// Shown this once; null for a public client.
    client_secret: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyView {
    #[schema(value_type = schema::ApiKeyId)]
    id: ApiKeyId,
    name: String,
    /// The first letters of the key.
    hint: String,
    #[schema(value_type = Vec<schema::Scope>)]
    scopes: Vec<&'static str>,
    /// The start of the day, in UTC, that it was last used on.
    #[schema(value_type = Option<String>, format = DateTime)]
    used_on: Option<Timestamp>,
    made_by: MakerView,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownKeyView {
    api_key: ApiKeyView,
    /// Sent as `Authorization: Bearer`. Shown this once.
    secret: String,
}

/// A program that somebody let act for them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgramView {
    #[schema(value_type = schema::GrantId)]
    id: GrantId,
    name: String,
    /// Whose program it is.
    organizer: String,
    #[schema(value_type = Vec<schema::Scope>)]
    scopes: Vec<&'static str>,
    /// Since when the platform vouches for it; null while it may be anybody's.
    #[schema(value_type = Option<String>, format = DateTime)]
    approved_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The last time that it asked for a token.
    #[schema(value_type = String, format = DateTime)]
    used_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

fn names(scopes: Scopes) -> Vec<&'static str> {
    scopes.iter().map(identity::Scope::text).collect()
}

fn scopes(typed: &[String]) -> Result<Scopes, FieldError> {
    Scopes::parse("scopes", typed.iter().map(String::as_str))
}

fn overlap(body: &RotationBody) -> Duration {
    Duration::from_secs(body.overlap_seconds.unwrap_or(OVERLAP_SECONDS).into())
}

impl From<RegisteredClient> for ClientView {
    fn from(client: RegisteredClient) -> Self {
        Self {
            id: client.id,
            name: client.name,
            kind: client.kind.text(),
            redirect_uris: client.redirect_uris,
            grant_types: client.grant_types.into_iter().map(GrantType::text).collect(),
            scopes: names(client.scopes),
            made_by: client.maker.into(),
            created_at: client.created_at,
            approved_at: client.approved_at,
        }
    }
}

impl From<identity::ShownClient> for ShownClientView {
    fn from(shown: identity::ShownClient) -> Self {
        Self { client: shown.client.into(), client_secret: shown.secret }
    }
}

impl From<ApiKey> for ApiKeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            hint: key.hint,
            scopes: names(key.scopes),
            used_on: key.used_on,
            made_by: key.maker.into(),
            created_at: key.created_at,
            expires_at: key.expires_at,
        }
    }
}

impl From<ShownKey> for ShownKeyView {
    fn from(shown: ShownKey) -> Self {
        Self { api_key: shown.key.into(), secret: shown.secret }
    }
}

impl From<Allowed> for ProgramView {
    fn from(allowed: Allowed) -> Self {
        Self {
            id: allowed.id,
            name: allowed.program,
            organizer: allowed.organizer,
            scopes: names(allowed.scopes),
            approved_at: allowed.approved_at,
            created_at: allowed.created_at,
            used_at: allowed.used_at,
            expires_at: allowed.expires_at,
        }
    }
}

/// The organizer's OAuth clients.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/clients", tag = "programs", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 200, body = List<ClientView>), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn clients(State(app): State<App>, staff: Member<ManagePrograms>) -> Result<Json<List<ClientView>>, Problem> {
    let clients = app.identity.clients_of(staff.organizer).await?;
    Ok(Json(List { items: clients.into_iter().map(ClientView::from).collect(), next_cursor: None }))
}

/// Register an OAuth client. The secret of a confidential one is in this answer and nowhere else, so this
/// takes no idempotency key.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/clients", tag = "programs", security(("bearer" = [])),
    request_body = NewClientBody, params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 201, body = ShownClientView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn register_client(
    State(app): State<App>,
    staff: Member<ManagePrograms>,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<NewClientBody>,
) -> Result<Response, Problem> {
    let unknown = || FieldError::new("kind", "must be confidential or public");
    let kind = ClientKind::parse(&body.kind).ok_or_else(unknown)?;
    let unknown = || FieldError::new("grantTypes", "names one that is not offered");
    let known = |text: &String| GrantType::parse(text).ok_or_else(unknown);
    let grant_types = body.grant_types.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    let new = NewClient {
        name: &body.name,
        kind,
        redirect_uris: &body.redirect_uris,
        grant_types: &grant_types,
        scopes: scopes(&body.scopes)?,
    };
    let shown = app.identity.register_client(&origin, staff.organizer, staff.user, staff.role, new).await?;
    Ok(private(StatusCode::CREATED, ShownClientView::from(shown)))
}

/// One of the organizer's OAuth clients.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/clients/{client}", tag = "programs", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"),
        ("client" = String, Path, description = "id of the client")),
    responses((status = 200, body = ClientView), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn client(
    State(app): State<App>,
    staff: Member<ManagePrograms>,
    Path((_, client)): Path<(String, ClientId)>,
) -> Result<Json<ClientView>, Problem> {
    Ok(Json(app.identity.client_of(staff.organizer, client).await?.into()))
}

/// End a client for good, and every token that it has. Doing it twice is fine.
#[utoipa::path(delete, path = "/api/v1/organizers/{org}/clients/{client}", tag = "programs", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"),
        ("client" = String, Path, description = "id of the client")),
    responses((status = 204), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn revoke_client(
    State(app): State<App>,
    staff: Member<ManagePrograms>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, client)): Path<(String, ClientId)>,
) -> Result<StatusCode, Problem> {
    app.identity.revoke_client(&origin, staff.organizer, client).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a client another secret. The one before stays good for a while.
///
/// 409 `wrong_state` for a public client, which has none.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/clients/{client}/secret", tag = "programs",
    security(("bearer" = [])), request_body = RotationBody,
    params(("org" = String, Path, description = "id of the organizer"),
        ("client" = String, Path, description = "id of the client")),
    responses((status = 200, body = ShownClientView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn rotate_client_secret(
    State(app): State<App>,
    staff: Member<ManagePrograms>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, client)): Path<(String, ClientId)>,
    Body(body): Body<RotationBody>,
) -> Result<Response, Problem> {
    let shown = app.identity.rotate_client_secret(&origin, staff.organizer, client, staff.role, overlap(&body)).await?;
    Ok(private(StatusCode::OK, ShownClientView::from(shown)))
}

/// The organizer's API keys.
#[utoipa::path(get, path = "/api/v1/organizers/{org}/api-keys", tag = "programs", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 200, body = List<ApiKeyView>), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn api_keys(
    State(app): State<App>,
    staff: Member<ManagePrograms>,
) -> Result<Json<List<ApiKeyView>>, Problem> {
    let keys = app.identity.api_keys_of(staff.organizer).await?;
    Ok(Json(List { items: keys.into_iter().map(ApiKeyView::from).collect(), next_cursor: None }))
}

/// Make an API key. It is in this answer and nowhere else, so this takes no idempotency key.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/api-keys", tag = "programs", security(("bearer" = [])),
    request_body = NewApiKeyBody, params(("org" = String, Path, description = "id of the organizer")),
    responses((status = 201, body = ShownKeyView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn create_api_key(
    State(app): State<App>,
    staff: Member<ManagePrograms>,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<NewApiKeyBody>,
) -> Result<Response, Problem> {
    let new = NewApiKey { name: &body.name, scopes: scopes(&body.scopes)?, expires_at: body.expires_at };
    let shown = app.identity.create_api_key(&origin, staff.organizer, staff.user, staff.role, new).await?;
    Ok(private(StatusCode::CREATED, ShownKeyView::from(shown)))
}

/// End an API key for good. Doing it twice is fine.
#[utoipa::path(delete, path = "/api/v1/organizers/{org}/api-keys/{key}", tag = "programs", security(("bearer" = [])),
    params(("org" = String, Path, description = "id of the organizer"),
        ("key" = String, Path, description = "id of the key, not the key itself")),
    responses((status = 204), (status = 401, body = Envelope), (status = 403, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn revoke_api_key(
    State(app): State<App>,
    staff: Member<ManagePrograms>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, key)): Path<(String, ApiKeyId)>,
) -> Result<StatusCode, Problem> {
    app.identity.revoke_api_key(&origin, staff.organizer, key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replace an API key. The one before stays good for a while, and the two count as one.
#[utoipa::path(post, path = "/api/v1/organizers/{org}/api-keys/{key}/rotate", tag = "programs",
    security(("bearer" = [])), request_body = RotationBody,
    params(("org" = String, Path, description = "id of the organizer"),
        ("key" = String, Path, description = "id of the key, not the key itself")),
    responses((status = 200, body = ShownKeyView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 404, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn rotate_api_key(
    State(app): State<App>,
    staff: Member<ManagePrograms>,
    RequestOrigin(origin): RequestOrigin,
    Path((_, key)): Path<(String, ApiKeyId)>,
    Body(body): Body<RotationBody>,
) -> Result<Response, Problem> {
    let shown = app.identity.rotate_api_key(&origin, staff.organizer, key, staff.role, overlap(&body)).await?;
    Ok(private(StatusCode::OK, ShownKeyView::from(shown)))
}

/// The programs that one let act for oneself and that still may, the newest first; at most 100.
#[utoipa::path(get, path = "/api/v1/me/programs", tag = "accounts", security(("bearer" = [])),
    responses((status = 200, body = List<ProgramView>), (status = 401, body = Envelope)))]
pub async fn my_programs(State(app): State<App>, fan: Fan) -> Result<Response, Problem> {
    let programs = app.identity.programs_of(fan.id()).await?;
    let items = programs.into_iter().map(ProgramView::from).collect();
    Ok(private(StatusCode::OK, List { items, next_cursor: None }))
}

/// Take back what one let a program do: its tokens are good no more.
#[utoipa::path(delete, path = "/api/v1/me/programs/{grant}", tag = "accounts", security(("bearer" = [])),
    params(("grant" = String, Path, description = "id of what was allowed")),
    responses((status = 204), (status = 401, body = Envelope), (status = 404, body = Envelope)))]
pub async fn end_program(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Path(grant): Path<GrantId>,
) -> Result<StatusCode, Problem> {
    app.identity.end_program(&origin, fan.id(), grant).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<ProgramError> for Problem {
    fn from(error: ProgramError) -> Self {
        let code = error.code();
        match error {
            ProgramError::Field(field) => field.into(),
            ProgramError::Store(error) => error.into(),
            ProgramError::NotFound => Problem::not_found(),
            other => Problem::new(code, other.to_string()),
        }
    }
}
