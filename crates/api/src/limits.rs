//! Limits on requests: of the address they come from, of the account that makes them, and those a
//! route declares beside itself.
//!
//! A route says `x-rate-limit` in its description, as in `"5/min per user"`. That text is what
//! clients read in the OpenAPI document, and what is enforced here.
//!
//! Every answer says what is left: `RateLimit-Policy: "address";q=20;w=1` and
//! `RateLimit: "address";r=19;t=1`. Source: draft-ietf-httpapi-ratelimit-headers-09.

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use gate::{Policy, Quota, Subject, Verdict};
use serde::{Deserialize, Serialize};
use stagedoor_core::Code;
use utoipa::openapi::OpenApi;

use crate::auth::Caller;
use crate::headers::Headers;
use crate::{App, Problem, client};

/// The field of an operation that declares its limit.
pub const DECLARATION: &str = "x-rate-limit";
pub const FIELD: HeaderName = HeaderName::from_static("ratelimit");
pub const POLICY_FIELD: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What machines ask all the time, and what must answer when nothing else does.
pub const EXEMPT: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Operations whose declared limit the seat engine keeps: it knows a retry from an attempt.
const KEPT_BY_THE_ENGINE: [&str; 2] = ["place_hold", "book"];

/// Where an account is at work for an organizer.
const STAFF_ROUTES: &str = "/api/v1/organizers/{org}";

/// The limits in force, with everything that answers say about them made beforehand.
#[derive(Debug)]
pub struct Limits {
    gate: gate::Limits,
    routes: Vec<Route>,
    /// Of routes without a limit of their own.
    fields: PolicyFields,
}

/// A route with a limit of its own.
#[derive(Debug)]
struct Route {
    method: Method,
    path: String,
    policy: Policy,
    per: Per,
    fields: PolicyFields,
}

/// Whom the limit of a route counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Per {
    Address,
    User,
}

/// `RateLimit-Policy` by who asks.
#[derive(Debug)]
struct PolicyFields {
    nobody: HeaderValue,
    user: HeaderValue,
    user_in_surge: HeaderValue,
}

/// A quota in place of the one that a route declares: `login=30/min`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RouteLimit {
    /// The operation's id in the OpenAPI document.
    operation: String,
    quota: Quota,
}

/// What the limits say of a request.
pub struct Admission {
    /// Who makes it.
    pub caller: Caller,
    /// Where it comes from: the client's address, not a proxy's.
    pub address: IpAddr,
    /// Set when the request is to be refused.
    pub refusal: Option<Problem>,
    pub fields: Fields,
}

/// What an answer says about the limits; nothing where there are none.
#[derive(Debug, Clone)]
pub struct Fields(Option<(HeaderValue, Left)>);

impl Fields {
    pub const NONE: Fields = Fields(None);

    pub fn insert(&self, headers: &mut HeaderMap) {
        if let Some((policies, left)) = &self.0 {
            headers.insert(POLICY_FIELD, policies.clone());
            let left = HeaderValue::from_bytes(left.text()).expect("names and numbers are visible characters");
            headers.insert(FIELD, left);
        }
    }

    /// The fields as they are sent: names and values.
    pub fn lines(&self) -> impl Iterator<Item = (HeaderName, &[u8])> {
        let both = self.0.as_ref();
        both.into_iter().flat_map(|(policies, left)| [(POLICY_FIELD, policies.as_bytes()), (FIELD, left.text())])
    }
}

impl Limits {
    /// The limits that the routes declare, those in `changed` with another quota. A name that no
    /// declared limit has is an error that says so.
    pub fn new(gate: gate::Limits, changed: &[RouteLimit]) -> Result<Self, String> {
        let mut declared = declared(&crate::document())?;
        for RouteLimit { operation, quota } in changed {
            let Some(at) = declared.iter().position(|limit| limit.operation == *operation) else {
                let names: Vec<_> = declared.iter().map(|limit| &*limit.operation).collect();
                return Err(format!("no route has a limit called {operation}: there are {}", names.join(", ")));
            };
            declared[at].quota = *quota;
        }
        let route = |Declared { method, path, operation, quota, per }| {
            let policy = Policy::new(&operation, quota);
            let fields = PolicyFields::new(&gate, Some(&policy));
            Route { method, path, policy, per, fields }
        };
        let routes = declared.into_iter().map(route).collect();
        Ok(Self { fields: PolicyFields::new(&gate, None), gate, routes })
    }

    pub fn gate(&self) -> &gate::Limits {
        &self.gate
    }

    fn route(&self, method: &Method, path: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.path == path && route.method == *method)
    }
}

/// Counts a request of the peer `from` to the route `path`, in everything that it counts in.
pub fn admit<H: Headers + ?Sized>(
    app: &App,
    from: IpAddr,
    method: &Method,
    path: Option<&str>,
    headers: &H,
) -> Admission {
    if path.is_some_and(|path| EXEMPT.contains(&path)) {
        return Admission { caller: Caller::NOBODY, address: from, refusal: None, fields: Fields::NONE };
    }
    let limits = &app.limits;
    let client = client::client(&app.proxies, from, headers);
    let address = Subject::address(client);
    let route = path.and_then(|path| limits.route(method, path));
    let known_fields = route.map_or(&limits.fields, |route| &route.fields);
    let mut left = Left::default();

    let mut admitted = left.spend(limits.gate.address(), address, &limits.gate);
    if let Some(route) = route.filter(|route| route.per == Per::Address) {
        admitted = admitted.and_then(|()| left.spend(&route.policy, address, &limits.gate));
    }
    // Who asks matters only to a request that got so far: checking a signature is work.
    match admitted {
        Ok(()) => admit_caller(limits, method, path, Caller::of(method, headers, app), client, left),
        Err(refusal) => {
            let fields = Fields(Some((known_fields.nobody.clone(), left)));
            Admission { caller: Caller::NOBODY, address: client, refusal: Some(refusal), fields }
        }
    }
}

/// Counts a request that its address may make in what its caller may.
fn admit_caller(
    limits: &Limits,
    method: &Method,
    path: Option<&str>,
    caller: Caller,
    address: IpAddr,
    mut left: Left,
) -> Admission {
    let route = path.and_then(|path| limits.route(method, path));
    let known_fields = route.map_or(&limits.fields, |route| &route.fields);
    let Some(subject) = caller.subject() else {
        return Admission { caller, address, refusal: None, fields: Fields(Some((known_fields.nobody.clone(), left))) };
    };
    // A rush on one event is no reason to stop the scanners at the doors of another.
    let is_staff = path.is_some_and(|path| path.starts_with(STAFF_ROUTES));
    let (policy, policy_field) = match limits.gate.is_surging() && !is_staff {
        true => (limits.gate.user_in_surge(), &known_fields.user_in_surge),
        false => (limits.gate.user(), &known_fields.user),
    };
    let mut admitted = left.spend(policy, subject, &limits.gate);
    if let Some(route) = route.filter(|route| route.per == Per::User) {
        admitted = admitted.and_then(|()| left.spend(&route.policy, subject, &limits.gate));
    }
    Admission { caller, address, refusal: admitted.err(), fields: Fields(Some((policy_field.clone(), left))) }
}

impl Admission {
    /// Whether the request shows an API key that only the database knows.
    pub(crate) fn needs_look_up(&self) -> bool {
        self.refusal.is_none() && self.caller.is_unknown_key()
    }

    /// The same once it is known whose key that is. Its address was counted.
    pub(crate) async fn looked_up(
        self,
        app: &App,
        method: &Method,
        path: Option<&str>,
        headers: &HeaderMap,
    ) -> Admission {
        let Fields(Some((_, left))) = &self.fields else { return self };
        match Caller::look_up(headers, app).await {
            Ok(caller) => admit_caller(&app.limits, method, path, caller, self.address, left.clone()),
            Err(problem) => Admission { refusal: Some(problem), ..self },
        }
    }
}

impl PolicyFields {
    fn new(gate: &gate::Limits, own: Option<&Policy>) -> Self {
        let field = |user: Option<&Policy>| {
            let item = |policy: &Policy| {
                format!("\"{}\";q={};w={}", policy.name, policy.quota.count(), policy.quota.period().as_secs())
            };
            let policies = [Some(gate.address()), user, own].into_iter().flatten();
            let text = policies.map(item).collect::<Vec<_>>().join(", ");
            // Made once, for as long as the process lives: copies of a static text are not counted,
            // which two cores would do to the same memory with every answer.
            HeaderValue::from_static(text.leak())
        };
        Self { nobody: field(None), user: field(Some(gate.user())), user_in_surge: field(Some(gate.user_in_surge())) }
    }
}

/// The `RateLimit` field as it is written. In place: every request has one.
#[derive(Debug, Clone)]
pub struct Left {
    text: [u8; Left::MAX],
    length: usize,
}

impl Default for Left {
    fn default() -> Self {
        Self { text: [0; Left::MAX], length: 0 }
    }
}

impl Left {
    /// Three policies with names of 40 letters.
    const MAX: usize = 256;

    fn spend(&mut self, policy: &Policy, subject: Subject, gate: &gate::Limits) -> Result<(), Problem> {
        let verdict = gate.spend(policy, subject);
        self.add(&policy.name, verdict);
        let Some(wait) = verdict.retry_after else { return Ok(()) };
        metrics::counter!("stagedoor_rate_limited_total", "policy" => policy.name.to_string()).increment(1);
        let details = serde_json::json!({ "limit": &*policy.name, "quota": policy.quota.to_string() });
        Err(Problem::new(Code::RateLimited, "too many requests, wait a little").with(details).retry_after(wait))
    }

    fn add(&mut self, name: &str, verdict: Verdict) {
        if self.length > 0 {
            self.push(b", ");
        }
        self.push(b"\"");
        self.push(name.as_bytes());
        self.push(b"\";r=");
        self.push_number(verdict.remaining.into());
        self.push(b";t=");
        self.push_number(verdict.reset.as_micros().div_ceil(1_000_000) as u64);
    }

    fn push(&mut self, bytes: &[u8]) {
        self.text[self.length..][..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// What the formatting of the standard library does in several times the time.
    fn push_number(&mut self, mut number: u64) {
        let (mut digits, mut at) = ([0; 20], 20);
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.push(&digits[at..]);
    }

    fn text(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

/// A limit as its route declares it.
struct Declared {
    method: Method,
    path: String,
    operation: String,
    quota: Quota,
    per: Per,
}

/// What the routes of the document declare.
fn declared(document: &OpenApi) -> Result<Vec<Declared>, String> {
    let mut routes = Vec::new();
    for (path, item) in &document.paths.paths {
        let operations = [
            (Method::GET, &item.get),
            (Method::POST, &item.post),
            (Method::PUT, &item.put),
            (Method::PATCH, &item.patch),
            (Method::DELETE, &item.delete),
        ];
        for (method, operation) in operations {
            let Some(operation) = operation else { continue };
            let declaration = operation.extensions.as_ref().and_then(|extensions| extensions.get(DECLARATION));
            let name = operation.operation_id.as_deref().unwrap_or_default();
            let Some(text) = declaration.filter(|_| !KEPT_BY_THE_ENGINE.contains(&name)) else { continue };
            let (quota, per) = text
                .as_str()
                .and_then(declaration_of)
                .ok_or_else(|| format!("{name} declares {text}, which is no limit such as 5/min per user"))?;
            routes.push(Declared { method, path: path.clone(), operation: name.to_owned(), quota, per });
        }
    }
    Ok(routes)
}

fn declaration_of(text: &str) -> Option<(Quota, Per)> {
    let (quota, per) = text.split_once(" per ")?;
    let per = match per {
        "address" => Per::Address,
        "user" => Per::User,
        _ => return None,
    };
    Some((quota.parse().ok()?, per))
}

impl FromStr for RouteLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no limit of a route such as login=30/min");
        let (operation, quota) = text.split_once('=').ok_or_else(wrong)?;
        Ok(Self { operation: operation.trim().to_owned(), quota: quota.trim().parse()? })
    }
}

impl TryFrom<String> for RouteLimit {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<RouteLimit> for String {
    fn from(limit: RouteLimit) -> String {
        format!("{}={}", limit.operation, limit.quota)
    }
}
