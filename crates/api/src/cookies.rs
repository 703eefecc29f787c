//! Being signed in by cookies, as the web app is: no script of a page ever sees a token.
//!
//! Who signs in with `X-Session: cookie` gets the tokens as cookies that scripts cannot read, and one that
//! they can: its value goes into `X-CSRF-Token` of every request that changes something. A page from
//! elsewhere can make a browser send the cookies at most, and knows the value of none. It is made from the
//! session, so one that was planted in a browser fits nobody else's session.
//!
//! The names begin with `__Host-`: browsers take such cookies only from this very host, by TLS (or from the
//! machine itself), and for all of its paths. Sources: RFC 6265bis, section 4.1.3; ASVS 5.0, V3.3 and V3.5;
//! OWASP's cheat sheet on request forgery, signed double submission.

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::{AccountError, SignedIn};
use sha2::{Digest, Sha256};
use stagedoor_core::limits::REFRESH_TOKEN_TTL;
use stagedoor_core::{Code, FieldError, SessionId};
use store::Keyring;

use crate::accounts::{SignedInView, private};
use crate::headers::Headers;
use crate::{App, Problem};

/// Says how a client wants to be signed in.
pub static SESSION: HeaderName = HeaderName::from_static("x-session");
/// Repeats the value of the cookie that scripts can read.
pub static CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

const ACCESS: &str = "__Host-access";
const REFRESH: &str = "__Host-refresh";
const CSRF: &str = "__Host-csrf";

/// Makes what a session's requests have to repeat.
#[derive(Clone)]
pub struct CsrfKey(Sha256);

impl CsrfKey {
    pub fn new(keyring: &Keyring) -> Self {
        Self(Sha256::new_with_prefix(keyring.derive("api/csrf/v1")))
    }

    fn token(&self, session: SessionId) -> String {
        URL_SAFE_NO_PAD.encode(self.0.clone().chain_update(session.0.as_bytes()).finalize())
    }

    /// Whether a request that came with cookies repeats what its session was given.
    pub(crate) fn vouches<H: Headers + ?Sized>(&self, headers: &H, session: SessionId) -> bool {
        repeated(headers).is_some_and(|said| is_same(said, self.token(session).as_bytes()))
    }
}

/// The header as calls that sign somebody in describe it.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what Carrier reads")]
pub struct CarrierParam {
    /// `cookie` for a page of ours in a browser: the tokens come as cookies and not in the body, and
    /// requests that change something repeat the cookie `__Host-csrf` in `X-CSRF-Token`.
    #[param(rename = "X-Session", nullable = false, pattern = "^cookie$")]
    session: Option<String>,
}

/// Where the tokens of somebody who signs in go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    Body,
    Cookies,
}

impl FromRequestParts<App> for Carrier {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let mut said = parts.headers.get_all(&SESSION).iter();
        match (said.next().map(HeaderValue::as_bytes), said.next()) {
            (None, _) => Ok(Carrier::Body),
            (Some(b"cookie"), None) => Ok(Carrier::Cookies),
            _ => Err(FieldError::new("X-Session", "says cookie, or is left out").into()),
        }
    }
}

impl Carrier {
    /// The answer to who has just signed in.
    pub(crate) fn answer(self, app: &App, status: StatusCode, signed_in: SignedIn) -> Response {
        match self {
            Carrier::Body => private(status, SignedInView::with_tokens(signed_in)),
            Carrier::Cookies => {
                let cookies = cookies(app, &signed_in);
                (cookies, private(status, SignedInView::without_tokens(signed_in))).into_response()
            }
        }
    }

    /// The answer to who has signed out.
    pub(crate) fn forget(self) -> Response {
        match self {
            Carrier::Body => StatusCode::NO_CONTENT.into_response(),
            Carrier::Cookies => (cleared(), StatusCode::NO_CONTENT).into_response(),
        }
    }

    /// The answer to a refresh token that did not do. A browser keeps none that is good for nothing: its pages
    /// would go on believing that somebody is signed in.
    pub(crate) fn refuse(self, refusal: AccountError) -> Result<Response, Problem> {
        match (self, refusal) {
            (Carrier::Cookies, refusal @ AccountError::InvalidToken) => {
                Ok((cleared(), Problem::from(refusal)).into_response())
            }
            (_, refusal) => Err(refusal.into()),
        }
    }
}

/// A refresh token with the way it came, which is the way the next one goes.
pub(crate) fn refresh_token(named: Option<String>, headers: &HeaderMap) -> Result<(String, Carrier), Problem> {
    if let Some(token) = named {
        return Ok((token, Carrier::Body));
    }
    let Some(token) = cookie(headers, REFRESH) else {
        return Err(Problem::new(Code::NotSignedIn, "neither the body nor a cookie brings a refresh token"));
    };
    // The session is not known yet. Only a page of this host can set the cookie, so to know it is enough.
    let is_repeated = || Some(is_same(repeated(headers)?, cookie(headers, CSRF)?.as_bytes()));
    match is_repeated() {
        Some(true) => Ok((token.to_owned(), Carrier::Cookies)),
        _ => Err(refused()),
    }
}

/// The access token that a browser sends along.
pub(crate) fn access_token<H: Headers + ?Sized>(headers: &H) -> Option<&str> {
    cookie(headers, ACCESS)
}

pub(crate) fn refused() -> Problem {
    Problem::new(Code::InvalidCsrfToken, "repeat the cookie __Host-csrf in one X-CSRF-Token header")
}

/// Takes every cookie back.
fn cleared() -> HeaderMap {
    headers([ACCESS, REFRESH, CSRF].map(|name| set(name, "", Duration::ZERO)))
}

fn cookies(app: &App, signed_in: &SignedIn) -> HeaderMap {
    headers([
        set(ACCESS, &signed_in.access_token, Duration::from_secs(signed_in.expires_in)),
        set(REFRESH, &signed_in.refresh_token, REFRESH_TOKEN_TTL),
        set(CSRF, &app.csrf.token(signed_in.session), REFRESH_TOKEN_TTL),
    ])
}

fn headers(cookies: [HeaderValue; 3]) -> HeaderMap {
    cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie)).collect()
}

fn set(name: &str, value: &str, life: Duration) -> HeaderValue {
    // Scripts repeat one of them, and see no other.
    let hidden = if name == CSRF { "" } else { "; HttpOnly" };
    let text = format!("{name}={value}; Path=/; Max-Age={}; Secure; SameSite=Strict{hidden}", life.as_secs());
    HeaderValue::from_str(&text).expect("tokens are made of letters, digits and dots")
}

/// What the header says, if it says one thing.
fn repeated<H: Headers + ?Sized>(headers: &H) -> Option<&[u8]> {
    let mut said = headers.values(&CSRF_TOKEN);
    said.next().filter(|_| said.next().is_none())
}

fn is_same(said: &[u8], wanted: &[u8]) -> bool {
    verify_slices_are_equal(said, wanted).is_ok()
}

/// The value of a cookie that is not empty.
fn cookie<'a, H: Headers + ?Sized>(headers: &'a H, name: &str) -> Option<&'a str> {
    let pairs = headers.values(&header::COOKIE).flat_map(|line| line.split(|byte| *byte == b';'));
    let mut values = pairs.filter_map(|pair| {
        let (found, value) = std::str::from_utf8(pair).ok()?.trim_ascii().split_once('=')?;
        (found == name && !value.is_empty()).then_some(value)
    });
    values.next()
}
