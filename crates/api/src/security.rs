//! How the person signed in keeps the account safe: second factor and sessions.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use identity::{FactorState, Session};
use serde::{Deserialize, Serialize};
use stagedoor_core::{SessionId, Timestamp};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::private;
use crate::auth::Fan;
use crate::client::RequestOrigin;
use crate::extract::{Body, Path};
use crate::problem::Envelope;
use crate::venues::List;
use crate::{App, Problem, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(second_factor))
        .routes(routes!(enrol_totp))
        .routes(routes!(confirm_totp))
        .routes(routes!(remove_totp))
        .routes(routes!(renew_recovery_codes))
        .routes(routes!(my_sessions, end_other_sessions))
        .routes(routes!(end_session))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecondFactorView {
    /// Since when signing in asks for a code of an authenticator app; null when it does not.
    #[schema(value_type = Option<String>, format = DateTime)]
    totp_since: Option<Timestamp>,
    recovery_codes_left: i64,
}

/// What an authenticator app needs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentView {
    /// In base 32, to be typed.
    secret: String,
    /// `otpauth://`, to be shown as a QR code.
    uri: String,
}

/// Shown once: each signs in once in the place of the authenticator app.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCodesView {
    recovery_codes: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnrolmentBody {
    /// The account's.
    password: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OtpBody {
    /// What the authenticator app shows.
    otp: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordAndOtpBody {
    /// The account's.
    password: String,
    /// A code of the authenticator app, or a recovery code.
    otp: String,
}

/// One sign-in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    #[schema(value_type = schema::SessionId)]
    id: SessionId,
    /// Whether it is the one that asks.
    current: bool,
    /// What the program called itself when it signed in.
    user_agent: Option<String>,
    /// The network address that it signed in from.
    address: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The last refresh, or the sign-in itself.
    #[schema(value_type = String, format = DateTime)]
    used_at: Timestamp,
    /// Unless it is refreshed before.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When it was ended before that; null while it is alive.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

impl From<FactorState> for SecondFactorView {
    fn from(state: FactorState) -> Self {
        Self { totp_since: state.on_since, recovery_codes_left: state.recovery_codes_left }
    }
}

impl SessionView {
    pub(crate) fn new(session: Session, current: SessionId) -> Self {
        Self {
            id: session.id,
            current: session.id == current,
            user_agent: session.device.program,
            address: session.device.address.to_string(),
            created_at: session.created_at,
            used_at: session.used_at,
            expires_at: session.expires_at,
            ended_at: session.ended_at,
        }
    }
}

/// One's second factor.
#[utoipa::path(get, path = "/api/v1/me/mfa", tag = "accounts", security(("bearer" = [])),
    responses((status = 200, body = SecondFactorView), (status = 401, body = Envelope)))]
pub async fn second_factor(State(app): State<App>, fan: Fan) -> Result<Response, Problem> {
    let state = app.identity.factor_state(fan.id()).await?;
    Ok(private(StatusCode::OK, SecondFactorView::from(state)))
}

/// Make a secret for an authenticator app. It counts once a code of it was confirmed.
///
/// 409 `wrong_state` when a second factor is on, or while no address of the account is verified.
#[utoipa::path(post, path = "/api/v1/me/mfa/totp", tag = "accounts", security(("bearer" = [])),
    request_body = EnrolmentBody, extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 201, body = EnrolmentView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn enrol_totp(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<EnrolmentBody>,
) -> Result<Response, Problem> {
    let enrolment = app.identity.enrol_factor(&origin, fan.id(), &body.password).await?;
    Ok(private(StatusCode::CREATED, EnrolmentView { secret: enrolment.secret, uri: enrolment.uri }))
}

/// Turn the second factor on by a code of the authenticator app, and get recovery codes. Ends every other
/// session.
#[utoipa::path(post, path = "/api/v1/me/mfa/totp/confirm", tag = "accounts", security(("bearer" = [])),
    request_body = OtpBody, extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 200, body = RecoveryCodesView), (status = 400, body = Envelope),
        (status = 401, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn confirm_totp(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<OtpBody>,
) -> Result<Response, Problem> {
    let recovery_codes = app.identity.confirm_factor(&origin, fan.id(), fan.0.session, &body.otp).await?;
    Ok(private(StatusCode::OK, RecoveryCodesView { recovery_codes }))
}

/// Turn the second factor off.
#[utoipa::path(post, path = "/api/v1/me/mfa/totp/remove", tag = "accounts", security(("bearer" = [])),
    request_body = PasswordAndOtpBody, extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn remove_totp(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<PasswordAndOtpBody>,
) -> Result<StatusCode, Problem> {
    app.identity.remove_factor(&origin, fan.id(), &body.password, &body.otp).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get new recovery codes; the earlier ones are good no more.
#[utoipa::path(post, path = "/api/v1/me/mfa/recovery-codes", tag = "accounts", security(("bearer" = [])),
    request_body = PasswordAndOtpBody, extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 200, body = RecoveryCodesView), (status = 400, body = Envelope),
        (status = 401, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn renew_recovery_codes(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<PasswordAndOtpBody>,
) -> Result<Response, Problem> {
    let recovery_codes = app.identity.renew_recovery_codes(&origin, fan.id(), &body.password, &body.otp).await?;
    Ok(private(StatusCode::OK, RecoveryCodesView { recovery_codes }))
}

/// One's sessions that are alive, the newest first; at most 50, beyond which signing in ends those that were
/// not used for the longest time.
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "accounts", security(("bearer" = [])),
    responses((status = 200, body = List<SessionView>), (status = 401, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn my_sessions(State(app): State<App>, fan: Fan) -> Result<Response, Problem> {
    let sessions = app.identity.sessions_of(fan.id()).await?;
    let items = sessions.into_iter().map(|session| SessionView::new(session, fan.0.session)).collect();
    Ok(private(StatusCode::OK, List { items, next_cursor: None }))
}

/// End every session but the one that asks.
#[utoipa::path(delete, path = "/api/v1/me/sessions", tag = "accounts", security(("bearer" = [])),
    responses((status = 204), (status = 401, body = Envelope), (status = 404, body = Envelope)))]
pub async fn end_other_sessions(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
) -> Result<StatusCode, Problem> {
    app.identity.end_other_sessions(&origin, fan.id(), fan.0.session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one of one's sessions: its tokens are good no more.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{session}", tag = "accounts", security(("bearer" = [])),
    params(("session" = String, Path, description = "id of the session")),
    responses((status = 204), (status = 401, body = Envelope), (status = 404, body = Envelope)))]
pub async fn end_session(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Path(session): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    app.identity.end_session(&origin, fan.id(), session).await?;
    Ok(StatusCode::NO_CONTENT)
}
