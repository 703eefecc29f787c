//! Signing in with outside OpenID Connect providers, and one's links to them.
//!
//! A client asks where to send the browser, keeps the `secret` of the answer where only it can read, and
//! comes back with what the provider added to the address of the return page. There are no cookies: the
//! secret is what binds the answer to the browser.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use identity::{AccountError, Answer, ProviderLink, Visit};
use serde::{Deserialize, Serialize};
use stagedoor_core::{ProviderLinkId, Timestamp};
use store::audit::Chain;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::{SignedInView, locale, private};
use crate::auth::{AsGuest, Fan};
use crate::client::RequestOrigin;
use crate::cookies::{Carrier, CarrierParam};
use crate::denials::Denied;
use crate::extract::{Body, Path};
use crate::passkeys::ProofBody;
use crate::problem::Envelope;
use crate::venues::List;
use crate::{App, Problem, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(providers, finish_provider_sign_in))
        .routes(routes!(start_provider_sign_in))
        .routes(routes!(my_provider_links, finish_provider_link))
        .routes(routes!(start_provider_link))
        .routes(routes!(remove_provider_link))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderView {
    id: String,
    /// What people know it by.
    name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VisitBody {
    /// The id of the provider.
    #[schema(max_length = 40)]
    provider: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinkVisitBody {
    /// The id of the provider.
    #[schema(max_length = 40)]
    provider: String,
    /// The account's.
    #[schema(max_length = 128)]
    password: String,
    /// Of an account with a second factor: what the app shows, or a recovery code.
    #[schema(max_length = 64)]
    otp: Option<String>,
}

/// A way to a provider.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VisitView {
    /// Where to send the browser.
    url: String,
    /// To be kept by the client, and shown with the answer; never part of an address.
    secret: String,
    /// Seconds within which the browser is to be back.
    expires_in: u64,
}

/// What came back in the address of the return page.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProviderAnswerBody {
    /// The id of the provider.
    #[schema(max_length = 40)]
    provider: String,
    /// Left out once it was taken and the second factor alone is missing.
    #[schema(max_length = 4096)]
    code: Option<String>,
    #[schema(max_length = 200)]
    state: String,
    /// The provider's name for itself, if it came along.
    #[schema(max_length = 2048)]
    iss: Option<String>,
    /// That of the way there.
    #[schema(max_length = 200)]
    secret: String,
    /// Of an account with a second factor: what the app shows, or a recovery code.
    #[schema(max_length = 64)]
    otp: Option<String>,
    /// The language of messages to somebody new; English when left out.
    #[schema(value_type = Option<schema::Locale>)]
    locale: Option<String>,
}

/// What came back in the address of the return page.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProviderLinkBody {
    /// The id of the provider.
    #[schema(max_length = 40)]
    provider: String,
    #[schema(max_length = 4096)]
    code: String,
    #[schema(max_length = 200)]
    state: String,
    /// The provider's name for itself, if it came along.
    #[schema(max_length = 2048)]
    iss: Option<String>,
    /// That of the way there.
    #[schema(max_length = 200)]
    secret: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderLinkView {
    #[schema(value_type = schema::ProviderLinkId)]
    id: ProviderLinkId,
    /// The provider's id.
    provider: String,
    /// Null once the provider signs nobody in any more.
    provider_name: Option<String>,
    /// The e-mail address of the account there when it was linked.
    email: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The last sign-in with it.
    #[schema(value_type = Option<String>, format = DateTime)]
    used_at: Option<Timestamp>,
}

impl From<Visit> for VisitView {
    fn from(Visit { url, secret, expires_in }: Visit) -> Self {
        Self { url, secret, expires_in: expires_in.as_secs() }
    }
}

impl From<ProviderLink> for ProviderLinkView {
    fn from(link: ProviderLink) -> Self {
        let ProviderLink { id, provider, provider_name, address, created_at, used_at } = link;
        Self { id, provider, provider_name, email: address, created_at, used_at }
    }
}

/// The outside providers that sign people in.
#[utoipa::path(get, path = "/api/v1/auth/providers", tag = "accounts",
    responses((status = 200, body = List<ProviderView>)))]
pub async fn providers(State(app): State<App>) -> axum::Json<List<ProviderView>> {
    let items = app.identity.providers().into_iter().map(|(id, name)| ProviderView { id, name }).collect();
    axum::Json(List { items, next_cursor: None })
}

/// Get where to send a browser to sign in with a provider.
#[utoipa::path(post, path = "/api/v1/auth/providers/start", tag = "accounts", request_body = VisitBody,
    extensions(("x-rate-limit" = json!("30/min per address"))),
    responses((status = 200, body = VisitView), (status = 400, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope), (status = 503, body = Envelope)))]
pub async fn start_provider_sign_in(State(app): State<App>, Body(body): Body<VisitBody>) -> Result<Response, Problem> {
    let visit = app.identity.start_provider_sign_in(&body.provider).await?;
    Ok(private(StatusCode::OK, VisitView::from(visit)))
}

/// Sign in by what a browser brought back from a provider. Somebody whom nobody here knows gets an account.
///
/// 409 `email_taken` when the address of somebody new has an account here: its person signs in to it and links
/// the provider from within. 409 `wrong_state` when the provider vouches for no address. 401 `mfa_required` when
/// the account has a second factor: the same answer with `otp` and without `code` will do then. 401
/// `provider_refused` says no more than that.
#[utoipa::path(post, path = "/api/v1/auth/providers", tag = "accounts", params(CarrierParam), request_body = ProviderAnswerBody,
    extensions(("x-rate-limit" = json!("60/min per address"))),
    responses((status = 200, body = SignedInView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 409, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope),
        (status = 429, body = Envelope), (status = 503, body = Envelope)))]
pub async fn finish_provider_sign_in(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    AsGuest(guest): AsGuest,
    carrier: Carrier,
    Body(body): Body<ProviderAnswerBody>,
) -> Result<Response, Problem> {
    let answer =
        Answer { code: body.code.as_deref(), state: &body.state, iss: body.iss.as_deref(), secret: &body.secret };
    let locale = body.locale.as_deref().map(locale).transpose()?.unwrap_or_default();
    match app.identity.finish_provider_sign_in(&origin, &body.provider, answer, body.otp.as_deref(), locale).await {
        Ok(signed_in) => Ok(carrier.welcome(&app, &origin, guest, signed_in).await),
        Err(refused @ AccountError::ProviderRefused) => {
            let subject = body.provider;
            let denied = Denied { chain: Chain::Platform, action: "session.open", subject, about: None };
            Err(Problem::from(refused).denying(denied))
        }
        Err(other) => Err(other.into()),
    }
}

/// One's links to providers, the newest first; at most ten.
#[utoipa::path(get, path = "/api/v1/me/provider-links", tag = "accounts", security(("bearer" = [])),
    responses((status = 200, body = List<ProviderLinkView>), (status = 401, body = Envelope),
        (status = 404, body = Envelope)))]
pub async fn my_provider_links(State(app): State<App>, fan: Fan) -> Result<Response, Problem> {
    let links = app.identity.provider_links_of(fan.id()).await?;
    let items = links.into_iter().map(ProviderLinkView::from).collect();
    Ok(private(StatusCode::OK, List { items, next_cursor: None }))
}

/// Get where to send a browser to link one's account with a provider. An account with a second factor asks for
/// it as signing in does: 401 `mfa_required`.
///
/// 409 `wrong_state` while no address of the account is verified, or with ten links.
#[utoipa::path(post, path = "/api/v1/me/provider-links/start", tag = "accounts", security(("bearer" = [])),
    request_body = LinkVisitBody,
    extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 200, body = VisitView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope), (status = 503, body = Envelope)))]
pub async fn start_provider_link(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<LinkVisitBody>,
) -> Result<Response, Problem> {
    let (user, session, otp) = (fan.id(), fan.0.session, body.otp.as_deref());
    let visit = app.identity.start_provider_link(&origin, user, session, &body.provider, &body.password, otp).await?;
    Ok(private(StatusCode::OK, VisitView::from(visit)))
}

/// Link one's account by what a browser brought back from a provider, in the session that asked for it.
#[utoipa::path(post, path = "/api/v1/me/provider-links", tag = "accounts", security(("bearer" = [])),
    request_body = ProviderLinkBody,
    extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 201, body = ProviderLinkView), (status = 400, body = Envelope),
        (status = 401, body = Envelope), (status = 404, body = Envelope), (status = 409, body = Envelope),
        (status = 413, body = Envelope), (status = 415, body = Envelope), (status = 503, body = Envelope)))]
pub async fn finish_provider_link(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<ProviderLinkBody>,
) -> Result<Response, Problem> {
    let answer = Answer { code: Some(&body.code), state: &body.state, iss: body.iss.as_deref(), secret: &body.secret };
    let link = app.identity.finish_provider_link(&origin, fan.id(), fan.0.session, &body.provider, answer).await?;
    Ok(private(StatusCode::CREATED, ProviderLinkView::from(link)))
}

/// Remove one of one's links. An account with a second factor asks for it as signing in does: 401
/// `mfa_required`. Whose account a provider made sets a password first, as who has forgotten theirs.
#[utoipa::path(delete, path = "/api/v1/me/provider-links/{link}", tag = "accounts", security(("bearer" = [])),
    params(("link" = String, Path, description = "id of the link")), request_body = ProofBody,
    extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn remove_provider_link(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Path(link): Path<ProviderLinkId>,
    Body(body): Body<ProofBody>,
) -> Result<StatusCode, Problem> {
    app.identity.remove_provider_link(&origin, fan.id(), link, &body.password, body.otp.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}
