//! The OAuth 2.1 authorization server as clients meet it: at the root, in forms, and with errors in the
//! words of the protocol. Source: OAuth 2.1, RFC 6749, 7009, 7636, 7662, 8414, 9207.

mod authorize;
mod page;
mod token;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::{ClientAuth, GrantType, OAuthError, Scope};
use serde::Serialize;
use stagedoor_core::limits::BODY_MAX;
use stagedoor_core::{ClientId, Code};
use store::audit::Chain;
use url::form_urlencoded;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::denials::{Denied, ToldOtherwise};
use crate::extract::read;
use crate::problem::Envelope;
use crate::{App, Problem, schema};

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
/// Parameters of one request; the protocol has 13, and a library or two adds its own.
const PAIRS_MAX: usize = 40;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(authorize::oauth_authorize, authorize::oauth_consent))
        .routes(routes!(token::oauth_token))
        .routes(routes!(token::oauth_revoke))
        .routes(routes!(token::oauth_introspect))
        .routes(routes!(oauth_metadata))
}

/// An error in the words of the protocol.
// Source: RFC 6749, section 5.2.
#[derive(Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub struct ErrorView {
    #[schema(value_type = schema::OAuthErrorCode)]
    error: &'static str,
    error_description: String,
}

/// Why a request of a client came to nothing.
pub enum Refusal {
    /// With the client that the request says it is of, if that is an id.
    Protocol(OAuthError, Option<ClientId>),
    Problem(Box<Problem>),
}

impl Refusal {
    fn to(client: &Credentials) -> impl Fn(OAuthError) -> Refusal {
        let id = client.id.parse().ok();
        move |error| match Refusal::from(error) {
            Refusal::Protocol(error, _) => Refusal::Protocol(error, id),
            problem => problem,
        }
    }
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        match error {
            OAuthError::Store(error) => Problem::from(error).into(),
            other => Refusal::Protocol(other, None),
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Refusal::Problem(Box::new(problem))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (error, client) = match self {
            Refusal::Problem(problem) => return problem.into_response(),
            Refusal::Protocol(error, client) => (error, client),
        };
        let view =
            ErrorView { error: error.text().expect("faults became problems"), error_description: error.to_string() };
        let status =
            if matches!(error, OAuthError::InvalidClient) { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        let mut response = unkept(status, view);
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"stagedoor\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        let (action, code) = match error {
            OAuthError::InvalidClient => ("client.authenticate", Code::InvalidCredentials),
            OAuthError::InvalidGrant(_) => ("token.issue", Code::InvalidToken),
            _ => return response,
        };
        let subject = client.map_or_else(|| "client".to_owned(), |client| client.to_string());
        let denied = Denied { chain: Chain::Platform, action, subject, about: None };
        let problem = Problem::new(code, error.to_string()).denying(denied);
        response.extensions_mut().insert(ToldOtherwise(problem));
        response
    }
}

/// An answer that no cache keeps. Source: RFC 6749, section 5.1.
fn unkept(status: StatusCode, body: impl Serialize) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")], Json(body)).into_response()
}

/// What was sent as `name=value&...`. A parameter without a value is as good as left out.
/// Source: RFC 6749, section 3.1.
struct Form(Vec<(String, String)>);

impl Form {
    /// `None` when there are more than [`PAIRS_MAX`].
    fn parse(text: &[u8]) -> Option<Self> {
        let mut pairs = form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), value.into_owned()));
        let taken: Vec<_> = pairs.by_ref().take(PAIRS_MAX).collect();
        let is_all = pairs.next().is_none();
        is_all.then(|| Form(taken.into_iter().filter(|(_, value)| !value.is_empty()).collect()))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether one of these came more than once.
    fn repeats(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.0.iter().filter(|(known, _)| known == name).count() > 1)
    }
}

/// The headers and the form of a request to the token endpoint or one beside it, where no parameter
/// comes twice.
async fn form(request: Request) -> Result<(HeaderMap, Form), Refusal> {
    let (parts, body) = request.into_parts();
    let form = Form::parse(&read(&parts.headers, body, FORM, BODY_MAX).await?);
    let form = form.ok_or(OAuthError::InvalidRequest("there are too many parameters"))?;
    let names: Vec<&str> = form.0.iter().map(|(name, _)| name.as_str()).collect();
    if form.repeats(&names) {
        return Err(OAuthError::InvalidRequest("a parameter came twice").into());
    }
    Ok((parts.headers, form))
}

/// Who a client says it is, in one of two places. Source: RFC 6749, section 2.3.1.
struct Credentials {
    id: String,
    secret: Option<String>,
}

impl Credentials {
    fn of(headers: &HeaderMap, form: &Form) -> Result<Self, OAuthError> {
        let (id, secret) = (form.get("client_id"), form.get("client_secret"));
        let Some(basic) = basic(headers) else {
            let id = id.ok_or(OAuthError::InvalidClient)?.to_owned();
            return Ok(Self { id, secret: secret.map(str::to_owned) });
        };
        let (own, word) = basic.ok_or(OAuthError::InvalidClient)?;
        if secret.is_some() || id.is_some_and(|id| id != own) {
            return Err(OAuthError::InvalidRequest("say who you are in one place only"));
        }
        Ok(Self { id: own, secret: Some(word) })
    }

    fn auth(&self) -> ClientAuth<'_> {
        ClientAuth { id: &self.id, secret: self.secret.as_deref() }
    }
}

/// Id and secret of `Authorization: Basic`, if that is there; `Some(None)` when it cannot be read. A
/// header of another kind says nothing here.
fn basic(headers: &HeaderMap) -> Option<Option<(String, String)>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, code) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let read = || {
        let text = String::from_utf8(STANDARD.decode(code.trim_ascii()).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        // Each of them written as in a form.
        let plain = |text: &str| {
            let (plain, _) = form_urlencoded::parse(text.as_bytes()).next()?;
            Some(plain.into_owned())
        };
        Some((plain(id)?, plain(secret)?))
    };
    Some(read())
}

/// What clients need to know to work with this server.
// Source: RFC 8414, section 2.
#[derive(Serialize, ToSchema)]
#[schema(as = OAuthMetadata)]
pub struct MetadataView {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    jwks_uri: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: [&'static str; 3],
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    code_challenge_methods_supported: [&'static str; 1],
    authorization_response_iss_parameter_supported: bool,
}

/// What clients need to know to work with the authorization server, at the root, where they look.
///
/// 404 while the installation has not been told its own address (`public_url`): there is no issuer to name.
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "programs",
    responses((status = 200, body = MetadataView), (status = 404, body = Envelope)))]
pub async fn oauth_metadata(State(app): State<App>) -> Result<Json<MetadataView>, Problem> {
    let issuer = app.identity.issuer();
    // Clients compare it with the address that they asked.
    if !issuer.starts_with("http") {
        return Err(Problem::not_found());
    }
    let at = |path: &str| format!("{}{path}", app.public_url);
    Ok(Json(MetadataView {
        issuer: issuer.to_owned(),
        authorization_endpoint: at("/oauth/authorize"),
        token_endpoint: at("/oauth/token"),
        revocation_endpoint: at("/oauth/revoke"),
        introspection_endpoint: at("/oauth/introspect"),
        jwks_uri: at("/.well-known/jwks.json"),
        scopes_supported: Scope::ALL.map(Scope::text).to_vec(),
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: GrantType::ALL.map(GrantType::text).to_vec(),
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
        revocation_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
        introspection_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: true,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_says_who_it_is_in_one_place() {
        let of = |authorization: Option<&str>, text: &str| {
            let mut headers = HeaderMap::new();
            if let Some(value) = authorization {
                headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            }
            let read = Credentials::of(&headers, &Form::parse(text.as_bytes()).unwrap());
            read.map(|known| (known.id, known.secret)).map_err(|error| error.text().unwrap())
        };
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let known = |id: &str, secret: Option<&str>| Ok((id.to_owned(), secret.map(str::to_owned)));
        assert_eq!(of(None, "client_id=a"), known("a", None));
        assert_eq!(of(None, "client_id=a&client_secret=b"), known("a", Some("b")));
        assert_eq!(of(Some(&basic("a:b")), ""), known("a", Some("b")));
        assert_eq!(of(Some(&basic("a%3A:b%20c+d")), "client_id=a%3A"), known("a:", Some("b c d")));
        assert_eq!(of(Some("Bearer x"), "client_id=a"), known("a", None), "of another kind");
        assert_eq!(of(None, ""), Err("invalid_client"));
        assert_eq!(of(Some("Basic ???"), "client_id=a"), Err("invalid_client"));
        assert_eq!(of(Some(&basic("a")), ""), Err("invalid_client"));
        assert_eq!(of(Some(&basic("a:b")), "client_secret=b"), Err("invalid_request"));
        assert_eq!(of(Some(&basic("a:b")), "client_id=other"), Err("invalid_request"));
    }

    #[test]
    fn an_empty_parameter_is_as_good_as_left_out() {
        let form = Form::parse(b"a=&b=1&c=2&c=2").unwrap();
        assert_eq!((form.get("a"), form.get("b")), (None, Some("1")));
        assert!(form.repeats(&["b", "c"]) && !form.repeats(&["a", "b"]));
    }

    #[test]
    fn a_form_of_names_without_end_is_not_compared_name_by_name() {
        let form = |count: usize| (0..count).map(|number| format!("{number}=&")).collect::<String>();
        assert!(Form::parse(form(PAIRS_MAX).as_bytes()).is_some());
        assert!(Form::parse(form(PAIRS_MAX + 1).as_bytes()).is_none(), "empty ones count, too");
    }
}
