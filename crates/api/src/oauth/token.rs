//! Where clients buy tokens, end them and ask what one is worth.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use identity::{GrantType, Introspection, Issued, OAuthError};
use serde::{Deserialize, Serialize};
use stagedoor_core::{ClientId, OrganizerId};
use utoipa::ToSchema;

use super::{Credentials, ErrorView, Refusal, form, unkept};
use crate::client::RequestOrigin;
use crate::problem::Envelope;
use crate::{App, schema};

/// What a client sends for a token. It says who it is here or in `Authorization: Basic`.
#[derive(Deserialize, ToSchema)]
#[schema(as = OAuthTokenRequest)]
#[expect(dead_code, reason = "describes the form, which is read by name")]
pub struct TokenRequest {
    #[schema(value_type = schema::GrantType)]
    grant_type: String,
    #[schema(value_type = Option<schema::ClientId>)]
    client_id: Option<String>,
    client_secret: Option<String>,
    /// For `authorization_code`.
    code: Option<String>,
    /// For `authorization_code`: as the code was asked for, or left out.
    redirect_uri: Option<String>,
    /// For `authorization_code`.
    code_verifier: Option<String>,
    /// For `refresh_token`.
    refresh_token: Option<String>,
    /// With spaces between; without it, all there may be.
    scope: Option<String>,
    /// The API, by its `aud` or by the address of this server.
    resource: Option<String>,
}

/// What a client is given.
// Source: RFC 6749, section 5.1.
#[derive(Serialize, ToSchema)]
#[schema(as = OAuthTokens)]
pub struct TokensView {
    /// A JWT, sent as `Authorization: Bearer`.
    access_token: String,
    token_type: &'static str,
    /// Seconds the access token lives.
    expires_in: u64,
    /// Good for one refresh, and no longer than 7 days after the person said yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    scope: String,
}

impl From<Issued> for TokensView {
    fn from(issued: Issued) -> Self {
        Self {
            access_token: issued.access_token,
            token_type: "Bearer",
            expires_in: issued.expires_in,
            refresh_token: issued.refresh_token,
            scope: issued.scopes.to_string(),
        }
    }
}

/// A token to be ended, or asked about.
#[derive(Deserialize, ToSchema)]
#[schema(as = OAuthTokenQuestion)]
#[expect(dead_code, reason = "describes the form, which is read by name")]
pub struct TokenQuestion {
    token: String,
    /// Makes no difference: what a token is can be seen from it.
    token_type_hint: Option<String>,
    #[schema(value_type = Option<schema::ClientId>)]
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Only `active` for a token that is not good, whatever is wrong with it.
// Source: RFC 7662, section 2.2.
#[derive(Serialize, Default, ToSchema)]
#[schema(as = OAuthIntrospection)]
pub struct IntrospectionView {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    org: Option<OrganizerId>,
}

impl From<Introspection> for IntrospectionView {
    fn from(worth: Introspection) -> Self {
        Self {
            active: true,
            scope: Some(worth.scopes.to_string()),
            client_id: Some(worth.client),
            // A refresh token is nothing to be shown to an API.
            token_type: worth.jti.is_some().then_some("Bearer"),
            exp: Some(worth.expires_at.seconds()),
            iat: Some(worth.issued_at.seconds()),
            sub: Some(worth.subject),
            aud: Some(worth.audience),
            iss: Some(worth.issuer),
            jti: worth.jti,
            org: Some(worth.organizer),
        }
    }
}

/// Get an access token: for an authorization code, for a refresh token, or as the client itself.
#[utoipa::path(post, path = "/oauth/token", tag = "programs",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    extensions(("x-rate-limit" = json!("120/min per address"))),
    responses((status = 200, body = TokensView), (status = 400, body = ErrorView), (status = 401, body = ErrorView),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn oauth_token(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    request: Request,
) -> Result<Response, Refusal> {
    let (headers, form) = form(request).await?;
    let client = Credentials::of(&headers, &form)?;
    let refused = Refusal::to(&client);
    let wanted = |name, missing| form.get(name).ok_or(OAuthError::InvalidRequest(missing));
    let (scope, resource) = (form.get("scope"), form.get("resource"));
    let grant = wanted("grant_type", "grant_type is missing")?;
    let issued = match GrantType::parse(grant).ok_or(OAuthError::UnsupportedGrantType)? {
        GrantType::AuthorizationCode => {
            let code = wanted("code", "code is missing")?;
            let (uri, verifier) = (form.get("redirect_uri"), form.get("code_verifier"));
            app.identity.exchange_code(&origin, client.auth(), code, uri, verifier, resource).await.map_err(&refused)?
        }
        GrantType::RefreshToken => {
            let token = wanted("refresh_token", "refresh_token is missing")?;
            app.identity.refresh_grant(&origin, client.auth(), token, scope, resource).await.map_err(&refused)?
        }
        GrantType::ClientCredentials => {
            app.identity.client_credentials(client.auth(), scope, resource).await.map_err(&refused)?
        }
    };
    Ok(unkept(StatusCode::OK, TokensView::from(issued)))
}

/// End a token, and with it everything that came of the same leave.
///
/// A token that is wrong, old or another client's changes nothing and gets the same answer.
#[utoipa::path(post, path = "/oauth/revoke", tag = "programs",
    request_body(content = TokenQuestion, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200), (status = 400, body = ErrorView), (status = 401, body = ErrorView),
        (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn oauth_revoke(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let (headers, form) = form(request).await?;
    let client = Credentials::of(&headers, &form)?;
    let token = form.get("token").ok_or(OAuthError::InvalidRequest("token is missing"))?;
    app.identity.revoke_token(&origin, client.auth(), token).await.map_err(Refusal::to(&client))?;
    Ok(StatusCode::OK)
}

/// Ask what a token is worth: for confidential clients, about tokens of their own organizer's programs.
#[utoipa::path(post, path = "/oauth/introspect", tag = "programs",
    request_body(content = TokenQuestion, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = IntrospectionView), (status = 400, body = ErrorView),
        (status = 401, body = ErrorView), (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn oauth_introspect(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (headers, form) = form(request).await?;
    let client = Credentials::of(&headers, &form)?;
    let token = form.get("token").ok_or(OAuthError::InvalidRequest("token is missing"))?;
    let worth = app.identity.introspect(client.auth(), token).await.map_err(Refusal::to(&client))?;
    Ok(unkept(StatusCode::OK, worth.map(IntrospectionView::from).unwrap_or_default()))
}
