//! What a handler may take from a request, checked before the handler runs.

use std::convert::Infallible;
use std::str::FromStr;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use bytes::Bytes;
use catalog::Paging;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use stagedoor_core::limits::BODY_MAX;
use stagedoor_core::{Code, FieldError};

use crate::Problem;
use crate::headers::Headers;

/// How long a client may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

pub const JSON: &str = "application/json";
static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A JSON body of at most `MAX` bytes. Unknown fields are refused by the types themselves
/// (`deny_unknown_fields`).
pub struct Body<T, const MAX: usize = BODY_MAX>(pub T);

impl<S: Sync, T: DeserializeOwned, const MAX: usize> FromRequest<S> for Body<T, MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        parse(&read(&parts.headers, body, JSON, MAX).await?).map(Body)
    }
}

/// A JSON body with the bytes it came as: for idempotency, which compares them.
pub struct RawBody<T>(pub T, pub Bytes);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for RawBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(&parts.headers, body, JSON, BODY_MAX).await?;
        Ok(RawBody(parse(&bytes)?, bytes))
    }
}

/// As [`RawBody`], where no body at all says the same as an empty one would: `T::default()`.
pub struct OptionalBody<T>(pub T, pub Bytes);

impl<S: Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = collect(body, BODY_MAX).await?;
        if bytes.is_empty() {
            return Ok(OptionalBody(T::default(), bytes));
        }
        check_kind(&parts.headers, JSON)?;
        Ok(OptionalBody(parse(&bytes)?, bytes))
    }
}

/// A body on its way here.
pub trait Incoming: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> {}
impl<B: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>> Incoming for B {}

/// The whole body, if its headers say that it is of this kind, and it is no longer than `max`
/// bytes and comes in time.
pub async fn read(headers: &HeaderMap, body: impl Incoming, wanted: &str, max: usize) -> Result<Bytes, Problem> {
    check_kind(headers, wanted)?;
    collect(body, max).await
}

pub(crate) fn check_kind<H: Headers + ?Sized>(headers: &H, wanted: &str) -> Result<(), Problem> {
    let fits = headers.values(&CONTENT_TYPE).next().is_some_and(|value| {
        let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
        kind.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes())
    });
    if !fits {
        return Err(Problem::new(Code::UnsupportedMediaType, format!("send the body as {wanted}")));
    }
    let is_plain = |value: &[u8]| value.trim_ascii().eq_ignore_ascii_case(b"identity");
    if !headers.values(&CONTENT_ENCODING).all(is_plain) {
        return Err(Problem::new(Code::UnsupportedMediaType, "send the body without a content coding"));
    }
    Ok(())
}

async fn collect(body: impl Incoming, max: usize) -> Result<Bytes, Problem> {
    let body = Limited::new(body, max);
    match tokio::time::timeout(BODY_TIMEOUT, body.collect()).await {
        Err(_) => Err(Problem::new(Code::RequestTimeout, "the body took too long")),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Problem::new(Code::BodyTooLarge, format!("the body is longer than {max} bytes")))
        }
        Ok(Err(_)) => Err(Problem::new(Code::MalformedJson, "the body ended early")),
    }
}

/// Reads JSON; says which field is unknown or does not fit.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Null in place of a word is told as a mistake of the JSON itself.
    let is_json = || serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    serde_json::from_slice(bytes).map_err(|error| match error.is_data() || is_json() {
        true => misfit::<T>(bytes, &error),
        false => Problem::new(Code::MalformedJson, format!("the body is not JSON: {error}")),
    })
}

/// What does not fit, and where. Reads the body once more: keeping track of the place would cost
/// every good request something.
fn misfit<T: DeserializeOwned>(bytes: &[u8], error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let place = match serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_slice(bytes)) {
        Err(error) => error.path().to_string(),
        Ok(_) => String::new(),
    };
    let place = place.trim_matches('.');
    let named = |kind: &str| text.strip_prefix(kind)?.split('`').next();
    let unknown = named("unknown field `");
    let field = match unknown.or_else(|| named("missing field `")).or_else(|| named("duplicate field `")) {
        Some(name) if place.is_empty() || place == name => name.to_owned(),
        Some(name) if place.ends_with(&format!(".{name}")) => place.to_owned(),
        Some(name) => format!("{place}.{name}"),
        None => place.to_owned(),
    };
    let code = if unknown.is_some() { Code::UnknownField } else { Code::InvalidField };
    Problem::new(code, text).with(serde_json::json!({ "field": field }))
}

/// A field of a change. Source: RFC 7396 (JSON merge patch).
#[derive(Debug, Clone, Default)]
pub enum Patch<T> {
    /// Left out.
    #[default]
    Keep,
    /// Null: as if it had never been given.
    Clear,
    Set(T),
}

impl<T> Patch<T> {
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Patch<U> {
        let Ok(changed) = self.try_map(|value| Ok::<U, Infallible>(change(value)));
        changed
    }

    pub fn try_map<U, E>(self, change: impl FnOnce(T) -> Result<U, E>) -> Result<Patch<U>, E> {
        Ok(match self {
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
            Patch::Set(value) => Patch::Set(change(value)?),
        })
    }

    /// What becomes of a value that is `cleared` by null.
    pub fn apply(self, place: &mut T, cleared: T) {
        match self {
            Patch::Keep => {}
            Patch::Clear => *place = cleared,
            Patch::Set(value) => *place = value,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(from)?.map_or(Patch::Clear, Patch::Set))
    }
}

/// Puts `value` in place of what is there, if there is one.
pub fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// For a field that may be left out of a change, and that nothing is without: refuses null.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// The query of the address.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Params(params)),
            Err(QueryRejection::FailedToDeserializeQueryString(error)) => {
                Err(Problem::new(Code::InvalidQuery, error.body_text()))
            }
            Err(_) => Err(Problem::new(Code::InvalidQuery, "the query cannot be read")),
        }
    }
}

/// The part of a list that a query asks for.
pub fn paging(limit: Option<u32>, cursor: Option<String>) -> Result<Paging, Problem> {
    Paging::new(limit, cursor).map_err(Problem::query)
}

/// Where a list goes on that counts by `T`; none at its beginning.
pub fn cursor<T: FromStr>(text: Option<&str>) -> Result<Option<T>, Problem> {
    let wrong = |_| Problem::new(Code::InvalidCursor, "the cursor belongs to another list");
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

/// A part of the path. Text that is no id of the wanted type names nothing, so it is as absent as
/// an id that does not exist.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Path(value)),
            Err(_) => Err(Problem::not_found()),
        }
    }
}

/// The `Idempotency-Key` header: 1..=255 visible ASCII characters, if it was sent.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(pub Option<String>);

impl IdempotencyKey {
    /// For calls that spend or move something.
    pub fn required(self) -> Result<String, Problem> {
        self.0.ok_or_else(|| Problem::new(Code::IdempotencyKeyRequired, "send an Idempotency-Key header"))
    }
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(Self::sent(&parts.headers)?.map(str::to_owned)))
    }
}

impl IdempotencyKey {
    /// The key as it was sent.
    pub(crate) fn sent<H: Headers + ?Sized>(headers: &H) -> Result<Option<&str>, Problem> {
        let mut values = headers.values(&IDEMPOTENCY_KEY);
        let Some(bytes) = values.next() else { return Ok(None) };
        let fits = (1..=255).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
        match (fits, values.next(), std::str::from_utf8(bytes)) {
            (true, None, Ok(key)) => Ok(Some(key)),
            _ => Err(Problem::new(Code::InvalidIdempotencyKey, "one key of 1 to 255 visible ASCII characters")),
        }
    }
}

/// A text that must be an id of type `T`, such as one inside a body.
pub fn id<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| FieldError::new(field, "is not an id of the right kind").into())
}
