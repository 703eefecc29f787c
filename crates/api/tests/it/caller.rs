//! Someone who calls the API, and what every answer must be whatever was asked.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::contract;

pub const PASSWORD: &str = "an old mill by the sea";

/// A person with a browser: their token travels with every call.
#[derive(Clone)]
pub struct Caller {
    router: Router,
    token: Option<String>,
    key: Option<String>,
    reason: Option<String>,
    pub id: String,
    pub email: String,
    pub refresh_token: String,
}

/// A whole answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: bytes::Bytes,
}

impl Answer {
    /// The body as JSON; `Value::Null` when it is empty.
    #[track_caller]
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The answer, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The answer, which must be a refusal with this status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}", self.text());
        self
    }

    /// The code of a refusal; empty when it is none.
    pub fn code(&self) -> String {
        let is_json = self.header("content-type") == Some("application/json");
        let body = if self.status >= 400 && is_json { self.json() } else { Value::Null };
        body["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn details(&self) -> Value {
        self.json()["error"]["details"].clone()
    }

    /// `id` of the thing answered.
    #[track_caller]
    pub fn id(&self) -> String {
        self.json()["id"].as_str().unwrap_or_else(|| panic!("no id in {}", self.text())).to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("headers are text"))
    }

    pub fn is_replay(&self) -> bool {
        self.header("idempotency-replayed") == Some("true")
    }
}

impl Caller {
    pub fn new(router: Router) -> Self {
        let nothing = String::new;
        let (token, key, reason) = (None, None, None);
        Self { router, token, key, reason, id: nothing(), email: nothing(), refresh_token: nothing() }
    }

    /// The same one signed in as a new account called `name`.
    pub async fn registered(&self, name: &str) -> Caller {
        let local: String =
            name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '.' }).collect();
        let email = format!("{local}@example.org").to_lowercase();
        let body = json!({ "email": email, "password": PASSWORD, "name": name });
        let signed_in = self.post("/auth/register", body).await.expect(201).json();
        self.signed_in(&signed_in)
    }

    /// The same one as a guest.
    pub async fn as_guest(&self) -> Caller {
        let answer = self.post("/auth/guest", Value::Null).await.expect(201).json();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Caller {
            id: text(&answer["guest"]),
            refresh_token: text(&answer["refreshToken"]),
            ..self.with_token(answer["accessToken"].as_str().expect("a token"))
        }
    }

    /// The same one with another session.
    pub async fn signed_in_again(&self) -> Caller {
        let body = json!({ "email": self.email, "password": PASSWORD });
        let signed_in = self.post("/auth/login", body).await.expect(200).json();
        self.signed_in(&signed_in)
    }

    /// The same session with fresh tokens.
    pub async fn refreshed(&self) -> Caller {
        let body = json!({ "refreshToken": self.refresh_token });
        let signed_in = self.post("/auth/refresh", body).await.expect(200).json();
        self.signed_in(&signed_in)
    }

    fn signed_in(&self, answer: &Value) -> Caller {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Caller {
            router: self.router.clone(),
            token: Some(text(&answer["accessToken"])),
            key: None,
            reason: None,
            id: text(&answer["user"]["id"]),
            email: text(&answer["user"]["email"]),
            refresh_token: text(&answer["refreshToken"]),
        }
    }

    /// The same one with another access token.
    pub fn with_token(&self, token: &str) -> Caller {
        Caller { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same one, sending this `Idempotency-Key`.
    pub fn keyed(&self, key: impl Into<String>) -> Caller {
        Caller { key: Some(key.into()), ..self.clone() }
    }

    /// The same one, saying why they look into a tenant.
    pub fn because(&self, reason: impl Into<String>) -> Caller {
        Caller { reason: Some(reason.into()), ..self.clone() }
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().expect("signed in")
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Value::Null).await
    }

    /// `Value::Null` sends no body at all.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, Value::Null).await
    }

    /// Erases the account.
    pub async fn erase(&self) -> Answer {
        self.call(Method::DELETE, "/me", json!({ "password": PASSWORD })).await
    }

    pub async fn call(&self, method: Method, path: &str, body: Value) -> Answer {
        let mut request = self.request(method, path);
        let body = match body {
            Value::Null => Body::empty(),
            json => {
                request = request.header("content-type", "application/json");
                Body::from(json.to_string())
            }
        };
        self.send(request.body(body).expect("a request")).await
    }

    /// A request with this caller's token and key, to be filled in further.
    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let mut request = Request::builder().method(method).uri(address(path)).header("host", "box-office.test");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(key) = &self.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(reason) = &self.reason {
            request = request.header("x-access-reason", reason);
        }
        request
    }

    /// Sends a request through the router, as a server would, and checks what holds for every
    /// answer.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = self.send_unchecked(request).await;
        contract::check(&method, &path, &answer);
        answer
    }

    /// The same where the answer is to be a fault.
    pub async fn send_unchecked(&self, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000))));
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("the body comes whole").to_bytes();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    // What fans do.

    pub async fn hold(&self, event: &str, seats: &[&str]) -> Answer {
        self.post(&format!("/events/{event}/holds"), json!({ "seats": seats })).await
    }

    /// The id of a hold of seats that are free.
    pub async fn held(&self, event: &str, seats: &[&str]) -> String {
        self.hold(event, seats).await.expect(201).id()
    }

    /// Pays holds under a key of its own for each set of holds.
    pub async fn pay(&self, holds: &[&str], token: &str) -> Answer {
        let body = json!({ "holds": holds, "payment": { "method": "simulated", "token": token } });
        self.keyed(format!("pay-{}-{token}", holds.join("-"))).post("/orders", body).await
    }

    /// A completed order for seats that are free.
    pub async fn bought(&self, event: &str, seats: &[&str]) -> Value {
        let hold = self.held(event, seats).await;
        self.pay(&[&hold], "tok_ok").await.expect(201).json()
    }
}

/// Paths are under `/api/v1` unless they stand at the root.
fn address(path: &str) -> String {
    let at_root = ["/api/", "/oauth/", "/.well-known/", "/healthz", "/readyz", "/metrics", "/favicon.ico"];
    if path == "/" || at_root.iter().any(|root| path.starts_with(root)) {
        path.to_owned()
    } else {
        format!("/api/v1{path}")
    }
}
