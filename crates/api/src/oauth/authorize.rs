//! Where a person lets a program in: a client sends their browser here, they sign in and say yes or no,
//! and the browser takes the answer back.
//!
//! The page asks for the password each time and keeps nobody signed in, so there is no session here that
//! another site could ride on. Its form carries a word made from a cookie all the same, so that nobody
//! can be signed in as someone else unawares.

use axum::extract::{RawQuery, Request, State};
use axum::http::header::{CACHE_CONTROL, COOKIE, LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use identity::{
    AccountError, Asked, AuthorizationRequest, ConsentError, Contact, Credentials, OAuthError, Oddity, Refused,
};
use serde::Deserialize;
use stagedoor_core::limits::BODY_MAX;
use store::audit::Chain;
use url::Url;
use utoipa::{IntoParams, ToSchema};

use super::page::{self, Said};
use super::{FORM, Form};
use crate::client::RequestOrigin;
use crate::denials::{Denied, ToldOtherwise};
use crate::extract::read;
use crate::problem::Envelope;
use crate::{App, Problem, schema};

/// What a request may ask, once each.
const PARAMETERS: [&str; 8] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
];
const TOO_MANY: &str = "The program asked for too much at once.";
/// Parameters that change what a request means, in ways that are not offered here.
const NOT_OFFERED: [&str; 2] = ["request", "request_uri"];

/// What a client asks for, in the address that it sends a browser to.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query, which is read by name")]
pub struct AuthorizeParams {
    /// Of a registered client.
    #[param(inline, required = false, value_type = schema::ClientId)]
    client_id: String,
    /// One of those that the client registered.
    #[param(required = false)]
    redirect_uri: String,
    /// `code`; there is no other.
    #[param(required = false)]
    response_type: String,
    /// With spaces between; without it, all that the client is registered for.
    scope: Option<String>,
    /// Comes back with the answer.
    state: Option<String>,
    /// SHA-256 of the verifier, in base64url.
    #[param(required = false)]
    code_challenge: String,
    /// `S256`; there is no other.
    #[param(required = false)]
    code_challenge_method: String,
    /// The API, by its `aud` or by the address of this server.
    resource: Option<String>,
}

/// The form on the page: everything that the client asked, and the person's answer.
#[derive(Deserialize, ToSchema)]
#[schema(as = OAuthConsent)]
#[expect(dead_code, reason = "describes the form, which is read by name")]
pub struct ConsentForm {
    #[schema(value_type = schema::ClientId)]
    client_id: String,
    redirect_uri: String,
    response_type: String,
    scope: Option<String>,
    state: Option<String>,
    code_challenge: String,
    code_challenge_method: String,
    resource: Option<String>,
    /// As the page has it.
    form_token: String,
    #[schema(value_type = schema::ConsentWord)]
    decision: String,
    /// An e-mail address or a telephone number.
    account: Option<String>,
    password: Option<String>,
    /// Of an account with a second factor.
    otp: Option<String>,
}

/// The page that asks a person whether a program may act for them.
///
/// A client or address that is not registered is told on the page alone; everything else that is wrong is
/// told to the client, by a redirect with `error`, `state` and `iss`; for a client that staff of the platform have
/// not approved, by a link on a page that names where it leads.
#[utoipa::path(get, path = "/oauth/authorize", tag = "programs", params(AuthorizeParams),
    responses((status = 200, content_type = "text/html", body = String), (status = 303),
        (status = 400, content_type = "text/html", body = String)))]
pub async fn oauth_authorize(
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let Some(form) = Form::parse(query.unwrap_or_default().as_bytes()) else {
        return Ok(page::refusal(TOO_MANY));
    };
    match asked(&app, &form).await {
        Ok(asked) => Ok(ask(&app, &headers, &form, &asked, None)),
        Err(refused) => answer_refused(&app, &form, refused),
    }
}

/// The person's answer. Back to the client with a code, or with `access_denied`; the page again when the
/// sign-in did not succeed, or the client may not ask this person for so much.
#[utoipa::path(post, path = "/oauth/authorize", tag = "programs",
    request_body(content = ConsentForm, content_type = "application/x-www-form-urlencoded"),
    extensions(("x-rate-limit" = json!("60/min per address"))),
    responses((status = 303), (status = 400, content_type = "text/html", body = String),
        (status = 403, content_type = "text/html", body = String), (status = 413, body = Envelope), (status = 415, body = Envelope),
        (status = 429, content((Envelope = "application/json"), (String = "text/html")))))]
pub async fn oauth_consent(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    let Some(form) = Form::parse(&read(&headers, body, FORM, BODY_MAX).await?) else {
        return Ok(page::refusal(TOO_MANY));
    };
    let asked = match asked(&app, &form).await {
        Ok(asked) => asked,
        Err(refused) => return answer_refused(&app, &form, refused),
    };
    let again = |said| Ok(ask(&app, &headers, &form, &asked, Some(said)));
    let is_ours = cookie(&app, &headers).zip(form.get("form_token"));
    let is_ours = is_ours.is_some_and(|(cookie, token)| app.identity.is_form_token(cookie, token));
    let is_foreign = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if !is_ours || is_foreign {
        return again(Said::Stale);
    }
    match form.get("decision") {
        Some("deny") => return Ok(refuse(&app, &form, &asked.redirect_uri, &OAuthError::AccessDenied)),
        Some("allow") => {}
        _ => return again(Said::Stale),
    }
    let account = form.get("account").unwrap_or_default().trim();
    let contact = if account.contains('@') { Contact::Email(account) } else { Contact::Phone(account) };
    let credentials = Credentials {
        contact,
        password: form.get("password").unwrap_or_default(),
        otp: form.get("otp"),
        origin: &origin,
    };
    let refused = match app.identity.allow(&asked, credentials).await {
        Ok(code) => return Ok(back(&app, &form, &asked.redirect_uri, &[("code", &code)])),
        Err(ConsentError::Unapproved) => {
            let mut response = again(Said::Unapproved)?;
            let subject = asked.client.id.to_string();
            let denied = Denied { chain: Chain::Platform, action: "consent.give", subject, about: None };
            response.extensions_mut().insert(ToldOtherwise(Problem::not_allowed().denying(denied)));
            return Ok(response);
        }
        Err(ConsentError::Account(refused)) => refused,
    };
    match refused {
        AccountError::Field(_) => again(Said::WrongPassword),
        refused @ (AccountError::InvalidCredentials | AccountError::RateLimited { .. }) => {
            let mut response = again(match refused {
                AccountError::RateLimited { retry_after } => Said::Wait(retry_after),
                _ => Said::WrongPassword,
            })?;
            // As at any other sign-in, the log is told who was meant.
            let (print, account) = app.identity.whom_it_reaches(contact).await?;
            let subject = account.map_or(print, |account| account.to_string());
            let denied = Denied { chain: Chain::Platform, action: "consent.give", subject, about: account };
            response.extensions_mut().insert(ToldOtherwise(Problem::from(refused).denying(denied)));
            Ok(response)
        }
        AccountError::SecondFactorRequired => again(Said::FactorWanted),
        AccountError::InvalidOtp => again(Said::WrongFactor),
        fault => Err(fault.into()),
    }
}

async fn asked(app: &App, form: &Form) -> Result<Asked, Refused> {
    let is_not_offered = NOT_OFFERED.iter().any(|name| form.get(name).is_some())
        || form.get("response_mode").is_some_and(|mode| mode != "query");
    let oddity = match form.repeats(&PARAMETERS) {
        true => Some(Oddity::Repeated),
        false => is_not_offered.then_some(Oddity::NotOffered),
    };
    // Where an answer goes must be beyond doubt before anything is sent there.
    if form.repeats(&["client_id", "redirect_uri"]) {
        return Err(Refused::Here("The program asked twice at once."));
    }
    let request = AuthorizationRequest {
        client_id: form.get("client_id"),
        redirect_uri: form.get("redirect_uri"),
        response_type: form.get("response_type"),
        scope: form.get("scope"),
        code_challenge: form.get("code_challenge"),
        code_challenge_method: form.get("code_challenge_method"),
        resource: form.get("resource"),
        oddity,
    };
    app.identity.check_authorization(request).await
}

fn answer_refused(app: &App, form: &Form, refused: Refused) -> Result<Response, Problem> {
    match refused {
        Refused::Here(why) => Ok(page::refusal(why)),
        Refused::ToClient(_, OAuthError::Store(error)) | Refused::Store(error) => Err(error.into()),
        Refused::ToClient(to, error) if to.is_approved => Ok(refuse(app, form, &to.redirect_uri, &error)),
        Refused::ToClient(to, error) => {
            let answer = answer_of(app, form, &to.redirect_uri, &told(&error));
            Ok(page::mistake(&error.to_string(), &answer))
        }
    }
}

/// Back to the client with an error.
fn refuse(app: &App, form: &Form, uri: &str, error: &OAuthError) -> Response {
    let told = told(error);
    let told: Vec<_> = told.iter().map(|(name, value)| (*name, value.as_str())).collect();
    back(app, form, uri, &told)
}

fn told(error: &OAuthError) -> [(&'static str, String); 2] {
    let text = error.text().expect("faults became problems");
    [("error", text.to_owned()), ("error_description", error.to_string())]
}

/// Back to the client: 303, so that no browser sends the form along. Source: RFC 9700, section 4.12;
/// for `iss`, RFC 9207.
fn back(app: &App, form: &Form, uri: &str, answer: &[(&str, &str)]) -> Response {
    let url = answer_of(app, form, uri, answer);
    let location = HeaderValue::from_str(url.as_str()).expect("an address is visible ASCII");
    let headers = [
        (LOCATION, location),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// The address with the answer in it.
fn answer_of(app: &App, form: &Form, uri: &str, answer: &[(&str, impl AsRef<str>)]) -> Url {
    let mut url = Url::parse(uri).expect("a registered address is one");
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(answer.iter().map(|(name, value)| (*name, value.as_ref())));
        query.extend_pairs(form.get("state").map(|state| ("state", state)));
        query.append_pair("iss", app.identity.issuer());
    }
    url
}

/// The page; with a cookie for its form to be told by.
fn ask(app: &App, headers: &HeaderMap, form: &Form, asked: &Asked, said: Option<Said>) -> Response {
    let known = cookie(app, headers).map(str::to_owned);
    let word = known
        .clone()
        .unwrap_or_else(|| app.env.entropy.bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect());
    let kept = PARAMETERS.iter().filter_map(|name| Some((*name, form.get(name)?)));
    let token = app.identity.form_token(&word);
    let hidden: Vec<_> = kept.chain([("form_token", token.as_str())]).collect();
    let account = form.get("account").filter(|_| said.is_some());
    let mut response = page::ask(asked, &hidden, account, said.as_ref());
    if let Some(Said::Wait(wait)) = said {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    if known.is_none() {
        let secure = if is_secure(app) { "; Secure" } else { "" };
        let cookie = format!("{}={word}; Path=/; HttpOnly; SameSite=Strict{secure}", cookie_name(app));
        let cookie = HeaderValue::from_str(&cookie).expect("letters and digits");
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

fn is_secure(app: &App) -> bool {
    app.public_url.starts_with("https://")
}

/// `__Host-` keeps other hosts from setting it, which takes TLS.
fn cookie_name(app: &App) -> &'static str {
    if is_secure(app) { "__Host-stagedoor-form" } else { "stagedoor-form" }
}

fn cookie<'a>(app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
    let name = cookie_name(app);
    let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(known, _)| *known == name)?;
    let is_ours = value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_ours.then_some(value)
}
