//! Sign-up, sign-in and the person signed in.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use identity::{AccountError, Credentials, NewAccount, OrganizerError, Role, SignedIn, User};
use serde::{Deserialize, Serialize};
use stagedoor_core::{Code, Timestamp, UserId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Fan;
use crate::client::ClientAddress;
use crate::extract::Body;
use crate::problem::Envelope;
use crate::{App, Problem, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(me, rename_me, delete_me))
        .routes(routes!(token_keys))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAccountBody {
    #[schema(value_type = schema::Email)]
    email: String,
    /// 8 to 128 characters, not a common one.
    #[schema(min_length = 8, max_length = 128)]
    password: String,
    #[schema(value_type = schema::Name)]
    name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoginBody {
    #[schema(value_type = schema::Email)]
    email: String,
    password: String,
    /// The second factor, for accounts that have one.
    otp: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshBody {
    refresh_token: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenameBody {
    #[schema(value_type = schema::Name)]
    name: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    #[schema(value_type = schema::UserId)]
    id: UserId,
    email: String,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self { id: user.id, email: user.email, name: user.name.into_string(), created_at: user.created_at }
    }
}

/// Someone signed in, with the tokens to stay so.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedInView {
    user: UserView,
    /// A JWT, sent as `Authorization: Bearer`.
    access_token: String,
    /// Good for one refresh within 7 days.
    refresh_token: String,
    /// Seconds the access token lives.
    expires_in: u64,
}

impl From<SignedIn> for SignedInView {
    fn from(signed_in: SignedIn) -> Self {
        let SignedIn { user, access_token, refresh_token, expires_in } = signed_in;
        Self { user: user.into(), access_token, refresh_token, expires_in }
    }
}

/// Tokens are for their owner alone: no cache keeps them.
fn private(status: StatusCode, body: impl Serialize) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Make an account and sign in.
#[utoipa::path(post, path = "/api/v1/auth/register", tag = "accounts", request_body = NewAccountBody,
    extensions(("x-rate-limit" = json!("20/min per address"))),
    responses((status = 201, body = SignedInView), (status = 400, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 429, body = Envelope),
        (status = 503, body = Envelope)))]
pub async fn register(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    Body(body): Body<NewAccountBody>,
) -> Result<Response, Problem> {
    let account = NewAccount { email: &body.email, password: &body.password, name: &body.name };
    let signed_in = app.identity.register(account, address).await?;
    Ok(private(StatusCode::CREATED, SignedInView::from(signed_in)))
}

/// Sign in.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "accounts", request_body = LoginBody,
    extensions(("x-rate-limit" = json!("60/min per address"))),
    responses((status = 200, body = SignedInView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 429, body = Envelope),
        (status = 503, body = Envelope)))]
pub async fn login(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    Body(body): Body<LoginBody>,
) -> Result<Response, Problem> {
    if body.otp.is_some() {
        return Err(stagedoor_core::FieldError::new("otp", "this account has no second factor").into());
    }
    let credentials = Credentials { email: &body.email, password: &body.password, address };
    let signed_in = app.identity.login(credentials).await?;
    Ok(private(StatusCode::OK, SignedInView::from(signed_in)))
}

/// Exchange a refresh token for new tokens. Using one twice ends the session.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "accounts", request_body = RefreshBody,
    extensions(("x-rate-limit" = json!("60/min per address"))),
    responses((status = 200, body = SignedInView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn refresh(State(app): State<App>, Body(body): Body<RefreshBody>) -> Result<Response, Problem> {
    let signed_in = app.identity.refresh(&body.refresh_token).await?;
    Ok(private(StatusCode::OK, SignedInView::from(signed_in)))
}

/// End the session that a refresh token belongs to. Doing it twice is fine.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "accounts", request_body = RefreshBody,
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn logout(State(app): State<App>, Body(body): Body<RefreshBody>) -> Result<StatusCode, Problem> {
    app.identity.logout(&body.refresh_token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The person signed in.
#[utoipa::path(get, path = "/api/v1/me", tag = "accounts", security(("bearer" = [])),
    responses((status = 200, body = UserView), (status = 401, body = Envelope), (status = 404, body = Envelope)))]
pub async fn me(State(app): State<App>, fan: Fan) -> Result<Response, Problem> {
    let user = app.identity.user(fan.id()).await?;
    Ok(private(StatusCode::OK, UserView::from(user)))
}

/// Change one's name.
#[utoipa::path(patch, path = "/api/v1/me", tag = "accounts", security(("bearer" = [])), request_body = RenameBody,
    responses((status = 200, body = UserView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn rename_me(State(app): State<App>, fan: Fan, Body(body): Body<RenameBody>) -> Result<Response, Problem> {
    let user = app.identity.rename(fan.id(), &body.name).await?;
    Ok(private(StatusCode::OK, UserView::from(user)))
}

/// Erase one's personal data and end every session. Orders and books keep the bare id.
///
/// The last owner of an organizer that has events stays; one without events ends with its last owner.
#[utoipa::path(delete, path = "/api/v1/me", tag = "accounts", security(("bearer" = [])),
    responses((status = 204), (status = 401, body = Envelope), (status = 404, body = Envelope),
        (status = 409, body = Envelope)))]
pub async fn delete_me(State(app): State<App>, fan: Fan) -> Result<StatusCode, Problem> {
    let mut idle = Vec::new();
    for membership in app.identity.organizers_of(fan.id()).await? {
        let organizer = membership.organizer.id;
        if membership.role == Role::Owner && !app.catalog.has_events(organizer).await? {
            idle.push(organizer);
        }
    }
    app.identity.delete(fan.id(), &idle).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The public keys that others check access tokens with; at the root, where OAuth clients look.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "accounts",
    responses((status = 200, body = schema::KeySet, content_type = "application/jwk-set+json")))]
pub async fn token_keys(State(app): State<App>) -> Response {
    ([(header::CONTENT_TYPE, "application/jwk-set+json")], app.identity.jwks().to_owned()).into_response()
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let code = error.code();
        match error {
            AccountError::Field(field) => field.into(),
            AccountError::Store(error) => error.into(),
            AccountError::NotFound => Problem::not_found(),
            AccountError::RateLimited { retry_after } => {
                Problem::new(code, "too many attempts, wait a little").retry_after(retry_after)
            }
            AccountError::Overloaded => Problem::unavailable(),
            other => Problem::new(code, other.to_string()),
        }
    }
}

impl From<OrganizerError> for Problem {
    fn from(error: OrganizerError) -> Self {
        let code = error.code();
        match error {
            OrganizerError::Field(field) => field.into(),
            OrganizerError::Store(error) => error.into(),
            OrganizerError::RateLimited { retry_after } => {
                Problem::new(code, "too many addresses without an account, wait a little").retry_after(retry_after)
            }
            other if code == Code::NotFound => {
                drop(other);
                Problem::not_found()
            }
            other => Problem::new(code, other.to_string()),
        }
    }
}
