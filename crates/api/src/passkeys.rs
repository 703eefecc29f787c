//! Passkeys (WebAuthn): signing in with one, and one's own.
//!
//! Bodies hold what browsers make with `toJSON()` of a credential, and answers what they take with
//! `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::{AccountError, Assertion, Attestation, Passkey, PasskeyChallenge};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use stagedoor_core::{PasskeyId, Timestamp};
use store::audit::Chain;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::{SignedInView, private};
use crate::auth::{AsGuest, Fan};
use crate::client::RequestOrigin;
use crate::cookies::{Carrier, CarrierParam};
use crate::denials::Denied;
use crate::extract::{Body, Path};
use crate::problem::Envelope;
use crate::venues::List;
use crate::{App, Problem, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(challenge_sign_in))
        .routes(routes!(sign_in_with_passkey))
        .routes(routes!(my_passkeys, add_passkey))
        .routes(routes!(challenge_new_passkey))
        .routes(routes!(rename_passkey, remove_passkey))
}

/// Bytes in base64url without padding.
#[derive(Debug, Clone)]
pub struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes());
        bytes.map(Self).map_err(|_| serde::de::Error::custom("expected base64url without padding"))
    }
}

/// What a passkey signed, as `toJSON()` of the browser's credential gives it. Other fields that browsers
/// add are left aside.
#[derive(Deserialize, ToSchema)]
pub struct AssertionBody {
    #[schema(value_type = schema::Base64Url)]
    id: Bytes,
    response: AssertionResponseBody,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssertionResponseBody {
    #[serde(rename = "clientDataJSON")]
    #[schema(value_type = schema::Base64Url)]
    client_data: Bytes,
    #[schema(value_type = schema::Base64Url)]
    authenticator_data: Bytes,
    #[schema(value_type = schema::Base64Url)]
    signature: Bytes,
    #[schema(value_type = Option<schema::Base64Url>)]
    user_handle: Option<Bytes>,
}

/// A new passkey, as `toJSON()` of the browser's credential gives it. Other fields that browsers add are
/// left aside.
#[derive(Deserialize, ToSchema)]
pub struct AttestationBody {
    #[schema(value_type = schema::Base64Url)]
    id: Bytes,
    response: AttestationResponseBody,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttestationResponseBody {
    #[serde(rename = "clientDataJSON")]
    #[schema(value_type = schema::Base64Url)]
    client_data: Bytes,
    #[schema(value_type = schema::Base64Url)]
    attestation_object: Bytes,
}

impl From<AssertionBody> for Assertion {
    fn from(AssertionBody { id, response }: AssertionBody) -> Self {
        Self {
            id: id.0,
            client_data: response.client_data.0,
            authenticator_data: response.authenticator_data.0,
            signature: response.signature.0,
            user_handle: response.user_handle.map(|handle| handle.0),
        }
    }
}

impl From<AttestationBody> for Attestation {
    fn from(AttestationBody { id, response }: AttestationBody) -> Self {
        Self { id: id.0, client_data: response.client_data.0, attestation_object: response.attestation_object.0 }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasskeySignInBody {
    credential: AssertionBody,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPasskeyBody {
    /// For its person to know it by.
    #[schema(value_type = schema::Name)]
    name: String,
    credential: AttestationBody,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasskeyNameBody {
    #[schema(value_type = schema::Name)]
    name: String,
}

/// That it is the person themselves, and not somebody at their open browser.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProofBody {
    /// The account's.
    #[schema(max_length = 128)]
    pub(crate) password: String,
    /// Of an account with a second factor: what the app shows, or a recovery code.
    #[schema(max_length = 64)]
    pub(crate) otp: Option<String>,
}

/// What a browser is asked to do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyChallengeView {
    /// For `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` of the browser.
    #[schema(value_type = Object)]
    public_key: Value,
    /// Seconds in which the answer is to come; it is taken once.
    expires_in: u64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyView {
    #[schema(value_type = schema::PasskeyId)]
    id: PasskeyId,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The last sign-in with it.
    #[schema(value_type = Option<String>, format = DateTime)]
    used_at: Option<Timestamp>,
}

impl From<PasskeyChallenge> for PasskeyChallengeView {
    fn from(challenge: PasskeyChallenge) -> Self {
        Self { public_key: challenge.options, expires_in: challenge.expires_in.as_secs() }
    }
}

impl From<Passkey> for PasskeyView {
    fn from(passkey: Passkey) -> Self {
        let Passkey { id, name, created_at, used_at } = passkey;
        Self { id, name: name.into_string(), created_at, used_at }
    }
}

/// Get what a passkey is to sign to sign somebody in, whoever it is.
///
/// 409 `wrong_state` where the installation has no public URL with a host name, which passkeys need.
#[utoipa::path(post, path = "/api/v1/auth/passkeys/challenge", tag = "accounts",
    extensions(("x-rate-limit" = json!("30/min per address"))),
    responses((status = 200, body = PasskeyChallengeView), (status = 409, body = Envelope)))]
pub async fn challenge_sign_in(State(app): State<App>) -> Result<Response, Problem> {
    let challenge = app.identity.challenge_sign_in().await?;
    Ok(private(StatusCode::OK, PasskeyChallengeView::from(challenge)))
}

/// Sign in with a passkey alone, which stands for both factors. 401 `invalid_passkey` says no more than that.
#[utoipa::path(post, path = "/api/v1/auth/passkeys", tag = "accounts", params(CarrierParam), request_body = PasskeySignInBody,
    extensions(("x-rate-limit" = json!("60/min per address"))),
    responses((status = 200, body = SignedInView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 409, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope),
        (status = 429, body = Envelope)))]
pub async fn sign_in_with_passkey(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    AsGuest(guest): AsGuest,
    carrier: Carrier,
    Body(body): Body<PasskeySignInBody>,
) -> Result<Response, Problem> {
    match app.identity.sign_in_with_passkey(&origin, &body.credential.into()).await {
        Ok(signed_in) => Ok(carrier.welcome(&app, &origin, guest, signed_in).await),
        Err(refused @ (AccountError::InvalidPasskey | AccountError::RateLimited { .. })) => {
            let subject = "passkey".to_owned();
            let denied = Denied { chain: Chain::Platform, action: "session.open", subject, about: None };
            Err(Problem::from(refused).denying(denied))
        }
        Err(other) => Err(other.into()),
    }
}

/// One's passkeys, the newest first; at most twenty.
#[utoipa::path(get, path = "/api/v1/me/passkeys", tag = "accounts", security(("bearer" = [])),
    responses((status = 200, body = List<PasskeyView>), (status = 401, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn my_passkeys(State(app): State<App>, fan: Fan) -> Result<Response, Problem> {
    let passkeys = app.identity.passkeys_of(fan.id()).await?;
    let items = passkeys.into_iter().map(PasskeyView::from).collect();
    Ok(private(StatusCode::OK, List { items, next_cursor: None }))
}

/// Get what a browser needs to make a passkey. An account with a second factor asks for it as signing in
/// does: 401 `mfa_required`.
///
/// 409 `wrong_state` while no address of the account is verified, with twenty passkeys, or where the
/// installation has no public URL with a host name, which passkeys need.
#[utoipa::path(post, path = "/api/v1/me/passkeys/challenge", tag = "accounts", security(("bearer" = [])),
    request_body = ProofBody, extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 200, body = PasskeyChallengeView), (status = 400, body = Envelope),
        (status = 401, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn challenge_new_passkey(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<ProofBody>,
) -> Result<Response, Problem> {
    let (user, session) = (fan.id(), fan.0.session);
    let challenge =
        app.identity.challenge_new_passkey(&origin, user, session, &body.password, body.otp.as_deref()).await?;
    Ok(private(StatusCode::OK, PasskeyChallengeView::from(challenge)))
}

/// Add the passkey that a browser made, in the session that asked for it. 401 `invalid_passkey` for one that
/// was not asked for.
#[utoipa::path(post, path = "/api/v1/me/passkeys", tag = "accounts", security(("bearer" = [])),
    request_body = NewPasskeyBody, extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 201, body = PasskeyView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn add_passkey(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<NewPasskeyBody>,
) -> Result<Response, Problem> {
    let (user, session) = (fan.id(), fan.0.session);
    let passkey = app.identity.add_passkey(&origin, user, session, &body.name, &body.credential.into()).await?;
    Ok(private(StatusCode::CREATED, PasskeyView::from(passkey)))
}

/// Give one of one's passkeys another name.
#[utoipa::path(patch, path = "/api/v1/me/passkeys/{passkey}", tag = "accounts", security(("bearer" = [])),
    params(("passkey" = String, Path, description = "id of the passkey")), request_body = PasskeyNameBody,
    responses((status = 200, body = PasskeyView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn rename_passkey(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Path(passkey): Path<PasskeyId>,
    Body(body): Body<PasskeyNameBody>,
) -> Result<Response, Problem> {
    let passkey = app.identity.rename_passkey(&origin, fan.id(), passkey, &body.name).await?;
    Ok(private(StatusCode::OK, PasskeyView::from(passkey)))
}

/// Remove one of one's passkeys. An account with a second factor asks for it as signing in does: 401
/// `mfa_required`.
#[utoipa::path(delete, path = "/api/v1/me/passkeys/{passkey}", tag = "accounts", security(("bearer" = [])),
    params(("passkey" = String, Path, description = "id of the passkey")), request_body = ProofBody,
    extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn remove_passkey(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Path(passkey): Path<PasskeyId>,
    Body(body): Body<ProofBody>,
) -> Result<StatusCode, Problem> {
    app.identity.remove_passkey(&origin, fan.id(), passkey, &body.password, body.otp.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}
