//! Sign-up, sign-in, and a new password for who has forgotten the old one.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use identity::{AccountError, Contact, Credentials, Locale, NewAccount, OrganizerError, SignedIn};
use serde::{Deserialize, Serialize};
use stagedoor_core::{Code, FieldError};
use store::audit::Chain;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::AsGuest;
use crate::client::RequestOrigin;
use crate::cookies::{Carrier, CarrierParam};
use crate::denials::Denied;
use crate::extract::Body;
use crate::guests::{self, GuestHoldsView, RefreshedView};
use crate::passkeys::{AssertionBody, PasskeyChallengeView};
use crate::problem::Envelope;
use crate::profile::UserView;
use crate::{App, Problem, cookies, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(forgot_password))
        .routes(routes!(reset_password))
        .routes(routes!(token_keys))
}

/// An account has an e-mail address or a telephone number from the start; the other can be added.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAccountBody {
    /// This or `phone`.
    #[schema(value_type = Option<schema::Email>)]
    email: Option<String>,
    #[schema(value_type = Option<schema::Phone>)]
    phone: Option<String>,
    /// 8 to 128 characters, not a common one.
    #[schema(min_length = 8, max_length = 128)]
    password: String,
    #[schema(value_type = schema::Name)]
    name: String,
    /// The language of messages; English when left out.
    #[schema(value_type = Option<schema::Locale>)]
    locale: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoginBody {
    /// This or `phone`.
    #[schema(value_type = Option<schema::Email>)]
    email: Option<String>,
    #[schema(value_type = Option<schema::Phone>)]
    phone: Option<String>,
    password: String,
    /// Of an account with a second factor: a code of the authenticator app, or a recovery code.
    otp: Option<String>,
    /// In the place of `otp`: what a passkey signed for `details.passkey` of a 401 `mfa_required`.
    passkey: Option<AssertionBody>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshBody {
    /// Left out by who is signed in by cookies, and repeats one in `X-CSRF-Token`.
    refresh_token: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ForgotPasswordBody {
    /// This or `phone`.
    #[schema(value_type = Option<schema::Email>)]
    email: Option<String>,
    #[schema(value_type = Option<schema::Phone>)]
    phone: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResetPasswordBody {
    /// From the message.
    token: String,
    #[schema(min_length = 8, max_length = 128)]
    password: String,
    /// Of an account with a second factor, as when signing in.
    otp: Option<String>,
}

/// The one address of a body that has two places for it.
fn contact<'a>(email: &'a Option<String>, phone: &'a Option<String>) -> Result<Contact<'a>, FieldError> {
    match (email, phone) {
        (Some(email), None) => Ok(Contact::Email(email)),
        (None, Some(phone)) => Ok(Contact::Phone(phone)),
        (None, None) => Err(FieldError::new("email", "is missing, and so is phone: give one of them")),
        (Some(_), Some(_)) => Err(FieldError::new("phone", "cannot stand beside email: give one of them")),
    }
}

pub(crate) fn locale(text: &str) -> Result<Locale, FieldError> {
    text.parse().map_err(|error: identity::UnknownLocale| FieldError::new("locale", error.to_string()))
}

/// Someone signed in, with the tokens to stay so.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedInView {
    user: UserView,
    /// A JWT, sent as `Authorization: Bearer`. Left out, as the other token, where they are cookies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    access_token: Option<String>,
    /// Good for one refresh within 7 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_token: Option<String>,
    /// Seconds the access token lives.
    expires_in: u64,
    /// There when a guest registered or signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    guest_holds: Option<GuestHoldsView>,
}

impl SignedInView {
    pub(crate) fn with_tokens(signed_in: SignedIn, guest_holds: Option<GuestHoldsView>) -> Self {
        let SignedIn { user, access_token, refresh_token, expires_in, .. } = signed_in;
        let (access_token, refresh_token) = (Some(access_token), Some(refresh_token));
        Self { user: user.into(), access_token, refresh_token, expires_in, guest_holds }
    }

    pub(crate) fn without_tokens(signed_in: SignedIn, guest_holds: Option<GuestHoldsView>) -> Self {
        let SignedIn { user, expires_in, .. } = signed_in;
        Self { user: user.into(), access_token: None, refresh_token: None, expires_in, guest_holds }
    }
}

/// Tokens are for their owner alone: no cache keeps them.
pub(crate) fn private(status: StatusCode, body: impl Serialize) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Make an account and sign in. A code to verify the address with is sent there.
///
/// A guest who registers goes on with what they hold: `guestHolds` says with what. 401 `invalid_token` when
/// `X-CSRF-Token` is a guest's whose access token is over, as for every way to sign in: renew it and ask again.
///
/// An account whose address is not verified buys like every other. A second factor, a second address and
/// handing in a document have to wait.
#[utoipa::path(post, path = "/api/v1/auth/register", tag = "accounts", params(CarrierParam), request_body = NewAccountBody,
    extensions(("x-rate-limit" = json!("20/min per address"))),
    responses((status = 201, body = SignedInView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 409, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope),
        (status = 429, body = Envelope), (status = 503, body = Envelope)))]
pub async fn register(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    AsGuest(guest): AsGuest,
    carrier: Carrier,
    Body(body): Body<NewAccountBody>,
) -> Result<Response, Problem> {
    let account = NewAccount {
        contact: contact(&body.email, &body.phone)?,
        password: &body.password,
        name: &body.name,
        locale: body.locale.as_deref().map(locale).transpose()?.unwrap_or_default(),
    };
    if let Some(guest) = guest {
        let signed_in = app.identity.register_guest(guest, account, &origin).await?;
        return Ok(carrier.answer(&app, StatusCode::CREATED, signed_in, Some(guests::kept(&app, guest))));
    }
    let signed_in = app.identity.register(account, &origin).await?;
    Ok(carrier.answer(&app, StatusCode::CREATED, signed_in, None))
}

/// Sign in.
///
/// A guest who signs in takes along what they hold, as far as it fits into what one person may hold: `guestHolds`.
///
/// 401 `mfa_required` when the password is right and the account has a second factor: `details.methods`
/// says what will do. `totp` and `recovery_code` go into `otp`; with `passkey`, `details.passkey` is what a
/// passkey of the account is to sign, within its time and once. A wrong or used code is 401 `invalid_otp`, a
/// passkey that will not do 401 `invalid_passkey`.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "accounts", params(CarrierParam), request_body = LoginBody,
    extensions(("x-rate-limit" = json!("60/min per address"))),
    responses((status = 200, body = SignedInView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 429, body = Envelope),
        (status = 503, body = Envelope)))]
pub async fn login(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    AsGuest(guest): AsGuest,
    carrier: Carrier,
    Body(body): Body<LoginBody>,
) -> Result<Response, Problem> {
    let contact = contact(&body.email, &body.phone)?;
    let credentials = Credentials { contact, password: &body.password, otp: body.otp.as_deref(), origin: &origin };
    let signed_in = match (body.passkey, &body.otp) {
        (None, _) => app.identity.login(credentials).await,
        (Some(shown), None) => app.identity.login_with_passkey(credentials, &shown.into()).await,
        (Some(_), Some(_)) => {
            return Err(FieldError::new("passkey", "cannot stand beside otp: give one of them").into());
        }
    };
    match signed_in {
        Ok(signed_in) => Ok(carrier.welcome(&app, &origin, guest, signed_in).await),
        Err(refused @ (AccountError::InvalidCredentials | AccountError::RateLimited { .. })) => {
            // Whether the address has an account is known to the log, not to the caller.
            let (print, account) = app.identity.whom_it_reaches(contact).await?;
            let subject = account.map_or(print, |account| account.to_string());
            let denied = Denied { chain: Chain::Platform, action: "session.open", subject, about: account };
            Err(Problem::from(refused).denying(denied))
        }
        Err(other) => Err(other.into()),
    }
}

/// Have a token for a new password sent to an address. The answer is the same whoever has an account.
#[utoipa::path(post, path = "/api/v1/auth/password/forgot", tag = "accounts", request_body = ForgotPasswordBody,
    extensions(("x-rate-limit" = json!("10/min per address"))),
    responses((status = 202), (status = 400, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn forgot_password(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<ForgotPasswordBody>,
) -> Result<StatusCode, Problem> {
    app.identity.forgot_password(&origin, contact(&body.email, &body.phone)?).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Set a new password by the token from a message, which is good once. Ends every session.
///
/// An account with a second factor asks for it as when signing in; the token stays good meanwhile.
#[utoipa::path(post, path = "/api/v1/auth/password/reset", tag = "accounts", request_body = ResetPasswordBody,
    extensions(("x-rate-limit" = json!("10/min per address"))),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn reset_password(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<ResetPasswordBody>,
) -> Result<StatusCode, Problem> {
    match app.identity.reset_password(&origin, &body.token, &body.password, body.otp.as_deref()).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(refused @ AccountError::InvalidToken) => {
            let subject = "reset token".to_owned();
            let denied = Denied { chain: Chain::Platform, action: "password.reset", subject, about: None };
            Err(Problem::from(refused).denying(denied))
        }
        Err(other) => Err(other.into()),
    }
}

/// Exchange a refresh token for new tokens. Using one twice ends the session.
///
/// Who is signed in by cookies sends `{}` and repeats `__Host-csrf` in `X-CSRF-Token`; 403 `invalid_csrf_token`
/// without.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "accounts", request_body = RefreshBody,
    extensions(("x-rate-limit" = json!("60/min per address"))),
    responses((status = 200, body = RefreshedView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn refresh(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    headers: HeaderMap,
    Body(body): Body<RefreshBody>,
) -> Result<Response, Problem> {
    let (token, carrier) = cookies::refresh_token(body.refresh_token, &headers)?;
    if identity::is_guests(&token) {
        return match app.identity.refresh_guest(&origin, &token).await {
            Ok(guest) => Ok(carrier.answer_guest(&app, StatusCode::OK, guest)),
            Err(refused) => carrier.refuse(refused),
        };
    }
    match app.identity.refresh(&origin, &token).await {
        Ok(signed_in) => Ok(carrier.answer(&app, StatusCode::OK, signed_in, None)),
        Err(refused) => carrier.refuse(refused),
    }
}

/// End the session that a refresh token belongs to. Doing it twice is fine.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "accounts", request_body = RefreshBody,
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 403, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn logout(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    headers: HeaderMap,
    Body(body): Body<RefreshBody>,
) -> Result<Response, Problem> {
    let (token, carrier) = cookies::refresh_token(body.refresh_token, &headers)?;
    let ended = match identity::is_guests(&token) {
        true => app.identity.end_guest(&origin, &token).await,
        false => app.identity.logout(&origin, &token).await,
    };
    match ended {
        Ok(()) => Ok(carrier.forget()),
        Err(refused) => carrier.refuse(refused),
    }
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
            AccountError::Overloaded | AccountError::ProviderUnreachable => Problem::unavailable(),
            AccountError::SecondFactorRequired => {
                Problem::new(code, error.to_string()).with(serde_json::json!({ "methods": ["totp", "recovery_code"] }))
            }
            AccountError::PasskeyOrCode(challenge) => {
                let message = "a passkey, or a code of the second factor, is needed";
                let passkey = PasskeyChallengeView::from(*challenge);
                let methods = ["totp", "recovery_code", "passkey"];
                Problem::new(code, message).with(serde_json::json!({ "methods": methods, "passkey": passkey }))
            }
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
                Problem::new(code, "too many invitations, wait a little").retry_after(retry_after)
            }
            other if code == Code::NotFound => {
                drop(other);
                Problem::not_found()
            }
            other => Problem::new(code, other.to_string()),
        }
    }
}
