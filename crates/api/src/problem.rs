//! The one error that becomes a response: the envelope of API.md.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use stagedoor_core::{Code, FieldError, RequestId, Timestamp};
use utoipa::ToSchema;

use crate::denials::Denied;
use crate::{json, safe};

/// Says that an answer repeats the one that its key got before.
pub(crate) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A refusal or fault on its way to the client. The layer around all routes adds the time and the
/// request id and turns it into JSON.
#[derive(Debug, Clone)]
pub struct Problem {
    pub code: Code,
    message: Cow<'static, str>,
    details: Details,
    retry_after: Option<Duration>,
    replayed: bool,
    /// What the audit log is to say of it.
    denied: Option<Box<Denied>>,
    /// Of a fault, for the log alone.
    cause: Option<Box<str>>,
}

#[derive(Debug, Clone, Default)]
enum Details {
    #[default]
    None,
    Value(serde_json::Value),
    /// Ids of seats. Apart, because a crowd after sold seats is told hardly anything else.
    Seats(Vec<String>),
}

impl Problem {
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let (details, retry_after, denied, cause) = Default::default();
        Self { code, message: message.into(), details, retry_after, replayed: false, denied, cause }
    }

    pub fn with(mut self, details: serde_json::Value) -> Self {
        self.details = Details::Value(details);
        self
    }

    /// Says which seats it is about.
    pub fn naming_seats(self, ids: Vec<String>) -> Self {
        Self { details: Details::Seats(ids), ..self }
    }

    /// Rounded up to whole seconds in `Retry-After`.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The answer to a key that was used before.
    pub fn replayed(mut self, replayed: bool) -> Self {
        self.replayed = replayed;
        self
    }

    /// Says for the audit log what was denied.
    pub fn denying(self, denied: Denied) -> Self {
        Self { denied: Some(denied.into()), ..self }
    }

    pub(crate) fn denied(&self) -> Option<&Denied> {
        self.denied.as_deref()
    }

    /// A part of the address after the `?` that does not fit.
    pub fn query(error: FieldError) -> Self {
        let message = format!("{} {}", error.field, error.reason);
        Self::new(Code::InvalidQuery, message).with(serde_json::json!({ "field": error.field }))
    }

    /// What does not exist, or belongs to someone else: the two are the same answer.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "there is nothing here by that name")
    }

    /// For a member whose role does not reach.
    pub fn not_allowed() -> Self {
        Self::new(Code::NotAllowed, "your role does not allow this")
    }

    /// For who may, once a second factor is on.
    pub fn second_factor_required() -> Self {
        Self::new(Code::SecondFactorRequired, "turn a second factor on first: POST /api/v1/me/mfa/totp")
    }

    /// For a program that was not given the scope this takes.
    pub fn insufficient_scope(scope: identity::Scope) -> Self {
        let details = serde_json::json!({ "scope": scope.text() });
        Self::new(Code::InsufficientScope, "the program has no leave for this").with(details)
    }

    pub fn unavailable() -> Self {
        Self::new(Code::Unavailable, "the service cannot do this at the moment").retry_after(Duration::from_secs(2))
    }

    /// A fault of ours. Its text goes to the log, with the id of the request, and never to the
    /// client.
    pub fn fault(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut chain = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            chain.push_str(": ");
            chain.push_str(&inner.to_string());
            source = inner.source();
        }
        let problem = Self::new(Code::Internal, "something went wrong on our side");
        Self { cause: Some(chain.into()), ..problem }
    }

    /// A handler broke an invariant; the panic itself was logged by its hook.
    pub(crate) fn panicked() -> Self {
        Self::new(Code::Internal, "something went wrong on our side")
    }

    /// The body and headers of the answer.
    pub(crate) fn render(self, request: RequestId, at: Timestamp) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self.status();
        response.headers_mut().extend(self.headers());
        let mut body = Vec::new();
        self.write(request, at, &mut body);
        *response.body_mut() = body.into();
        response
    }

    /// The whole answer as it goes over the wire, to a connection that is closed after it.
    pub(crate) fn last_words(self, request: RequestId, at: Timestamp) -> Vec<u8> {
        let status = self.status();
        let mut out = format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or_default());
        for (name, value) in self.headers() {
            out += &format!("{name}: {}\r\n", value.to_str().expect("our own headers are text"));
        }
        let mut body = Vec::new();
        self.write(request, at, &mut body);
        out += &format!("x-request-id: {request}\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        [out.as_bytes(), safe::LINES, b"\r\n", &body].concat()
    }

    pub(crate) fn status(&self) -> StatusCode {
        status(self.code)
    }

    pub(crate) fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let wait = self.retry_after.map(|wait| wait.as_millis().div_ceil(1000).max(1) as u64);
        let text = HeaderValue::from_static;
        let always = [(header::CONTENT_TYPE, text("application/json")), (header::CACHE_CONTROL, text("no-store"))];
        let sometimes = [
            wait.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds))),
            self.replayed.then(|| (IDEMPOTENCY_REPLAYED, text("true"))),
            self.challenge().map(|challenge| (header::WWW_AUTHENTICATE, text(challenge))),
        ];
        always.into_iter().chain(sometimes.into_iter().flatten())
    }

    /// What to come back with. Source: RFC 6750, section 3.
    fn challenge(&self) -> Option<&'static str> {
        match self.code {
            Code::InvalidToken => Some("Bearer error=\"invalid_token\""),
            Code::InsufficientScope => Some("Bearer error=\"insufficient_scope\""),
            code => (code.status() == 401).then_some("Bearer"),
        }
    }

    /// Writes the JSON of the answer, an [`Envelope`]; a fault is written to the log.
    pub(crate) fn write(&self, request: RequestId, at: Timestamp, out: &mut Vec<u8>) {
        if let Some(cause) = &self.cause {
            tracing::error!(%request, error = &**cause, "a request failed");
        }
        let members = |out: &mut Vec<u8>| {
            json::text(out, "code", &[self.code.text()]);
            json::text(out, "message", &[&self.message]);
            match &self.details {
                Details::None => json::within(out, "details", |_| {}),
                Details::Value(details) => json::value(out, "details", details),
                Details::Seats(ids) => json::within(out, "details", |out| json::texts(out, "seats", ids)),
            }
            json::time(out, "timestamp", at);
            json::id(out, "requestId", request);
        };
        json::object(out, |out| json::within(out, "error", members));
    }
}

fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).expect("the table holds HTTP statuses")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = status(self.code);
        response.extensions_mut().insert(self);
        response
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        Problem::new(Code::InvalidField, error.reason).with(serde_json::json!({ "field": error.field }))
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Busy(_) => Problem::unavailable(),
            store::Error::Conflict { .. } => Problem::new(Code::Conflict, "someone else changed this at the same time"),
            other => Problem::fault(&other),
        }
    }
}

/// The error envelope as OpenAPI describes it.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Serialize))]
#[schema(as = Problem)]
#[cfg_attr(not(test), expect(dead_code, reason = "describes what is written by hand"))]
pub struct Envelope {
    error: ErrorBody,
}

#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Serialize))]
#[schema(rename_all = "camelCase")]
#[cfg_attr(test, serde(rename_all = "camelCase"))]
#[cfg_attr(not(test), expect(dead_code, reason = "describes what is written by hand"))]
struct ErrorBody {
    #[schema(value_type = crate::schema::ErrorCode)]
    code: &'static str,
    message: Cow<'static, str>,
    #[schema(value_type = Object)]
    details: serde_json::Value,
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    #[schema(value_type = String)]
    request_id: RequestId,
}

#[cfg(test)]
mod tests {
    use stagedoor_core::Env;
    use testkit::Log;

    use super::*;

    #[test]
    fn what_is_written_by_hand_is_what_the_library_would_write() {
        let (env, texts) = (Env::seeded(1), ["", "A-1-2", "a \"quoted\" row", "tab\tand\nline", "Ränge · 二階 🎭"]);
        let seats: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        for message in texts {
            for (details, value) in [
                (Details::None, serde_json::json!({})),
                (Details::Value(serde_json::json!({ "field": message })), serde_json::json!({ "field": message })),
                (Details::Seats(seats[..1].to_vec()), serde_json::json!({ "seats": seats[..1] })),
                (Details::Seats(seats.clone()), serde_json::json!({ "seats": seats })),
            ] {
                let (code, timestamp, request_id) = (Code::NotFound, env.now(), env.id());
                let problem = Problem { details, ..Problem::new(code, message) };
                let mut written = Vec::new();
                problem.write(request_id, timestamp, &mut written);
                let (code, message) = (code.text(), Cow::Borrowed(message));
                let envelope = Envelope { error: ErrorBody { code, message, details: value, timestamp, request_id } };
                assert_eq!(String::from_utf8(written).unwrap(), serde_json::to_string(&envelope).unwrap());
            }
        }
    }

    #[test]
    fn a_fault_is_logged_with_the_id_that_its_answer_carries() {
        let env = Env::seeded(1);
        let (id, log): (RequestId, _) = (env.id(), Log::start());
        Problem::fault(&std::io::Error::other("the disk is gone")).render(id, env.now());
        let text = log.end();
        assert!(text.contains(&format!("request={id}")) && text.contains("the disk is gone"), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
