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
use identity::{AccountError, GUEST_IDLE_MAX, Guest, GuestIn, SignedIn};
use sha2::{Digest, Sha256};
use stagedoor_core::limits::REFRESH_TOKEN_TTL;
use stagedoor_core::{Code, FieldError, SessionId};
use store::{Keyring, Origin};

use crate::accounts::{SignedInView, private};
use crate::guests::{self, GuestHoldsView, GuestView};
use crate::headers::Headers;
use crate::{App, Problem};

/// Says how a client wants to be signed in.
pub static SESSION: HeaderName = HeaderName::from_static("x-session");
/// Repeats the value of the cookie that scripts can read.
pub static CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

const ACCESS: &str = "__Host-access";
const REFRESH: &str = "__Host-refresh";
const CSRF: &str = "__Host-csrf";
/// What stands before a guest's.
const GUEST: &str = "guest.";

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

    /// Begins with a word that tells scripts of a page that nobody with an account is signed in.
    fn guests_token(&self, session: SessionId) -> String {
        format!("{GUEST}{}", self.token(session))
    }

    /// The same as [`Self::vouches`] for a guest's session.
    pub(crate) fn vouches_for_guest<H: Headers + ?Sized>(&self, headers: &H, session: SessionId) -> bool {
        repeated(headers).is_some_and(|said| is_same(said, self.guests_token(session).as_bytes()))
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
    /// The answer to who has just signed in, perhaps as a guest.
    pub(crate) async fn welcome(
        self,
        app: &App,
        origin: &Origin,
        guest: Option<Guest>,
        signed_in: SignedIn,
    ) -> Response {
        let guest_holds = match guest {
            Some(guest) => guests::take_along(app, origin, guest, signed_in.user.id).await,
            None => None,
        };
        self.answer(app, StatusCode::OK, signed_in, guest_holds)
    }

    /// The answer to who is signed in.
    pub(crate) fn answer(
        self,
        app: &App,
        status: StatusCode,
        signed_in: SignedIn,
        guest_holds: Option<GuestHoldsView>,
    ) -> Response {
        match self {
            Carrier::Body => private(status, SignedInView::with_tokens(signed_in, guest_holds)),
            Carrier::Cookies => {
                let SignedIn { session, access_token, refresh_token, expires_in, .. } = &signed_in;
                let csrf = app.csrf.token(*session);
                let cookies = cookies([access_token, refresh_token, &csrf], *expires_in, REFRESH_TOKEN_TTL);
                (cookies, private(status, SignedInView::without_tokens(signed_in, guest_holds))).into_response()
            }
        }
    }

    /// The answer to a guest.
    pub(crate) fn answer_guest(self, app: &App, status: StatusCode, guest: GuestIn) -> Response {
        let GuestIn { id, session, access_token, refresh_token, expires_in } = guest;
        let view = GuestView { guest: id, access_token: None, refresh_token: None, expires_in };
        match self {
            Carrier::Body => {
                let (access_token, refresh_token) = (Some(access_token), Some(refresh_token));
                private(status, GuestView { access_token, refresh_token, ..view })
            }
            Carrier::Cookies => {
                let csrf = app.csrf.guests_token(session);
                let cookies = cookies([&access_token, &refresh_token, &csrf], expires_in, GUEST_IDLE_MAX);
                (cookies, private(status, view)).into_response()
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

/// `expires_in`: of the access token, in seconds; `life`: of the session.
fn cookies([access, refresh, csrf]: [&str; 3], expires_in: u64, life: Duration) -> HeaderMap {
    headers([set(ACCESS, access, Duration::from_secs(expires_in)), set(REFRESH, refresh, life), set(CSRF, csrf, life)])
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

/// Whether a request repeats a guest's token, whatever it is worth.
pub(crate) fn names_guest<H: Headers + ?Sized>(headers: &H) -> bool {
    repeated(headers).is_some_and(|said| said.starts_with(GUEST.as_bytes()))
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
