//! What holds for every answer of the API: checked on each call any test makes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use axum::http::Method;
use serde_json::Value;
use stagedoor_core::Code;

use crate::caller::Answer;

/// The document as clients read it.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::to_value(api::document()).expect("the document is JSON"))
}

/// One documented operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    pub path: &'static str,
    pub method: &'static str,
}

impl Operation {
    pub fn method(&self) -> Method {
        self.method.to_uppercase().parse().expect("a method")
    }

    pub fn describe(&self) -> &'static Value {
        &document()["paths"][self.path][self.method]
    }

    pub fn is_secured(&self) -> bool {
        self.describe()["security"].as_array().is_some_and(|schemes| !schemes.is_empty())
    }

    /// What a program needs for it, if any may do it.
    pub fn scope(&self) -> Option<&'static str> {
        let schemes = self.describe()["security"].as_array()?;
        let scopes = schemes.iter().find_map(|scheme| scheme["oauth2"].as_array())?;
        assert_eq!(scopes.len(), 1, "{}", self.name());
        scopes[0].as_str()
    }

    pub fn body(&self) -> Option<&'static Value> {
        self.describe().get("requestBody")
    }

    /// `POST /api/v1/orders`.
    pub fn name(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    /// The path with each `{parameter}` filled in from `ids`.
    pub fn fill(&self, ids: &BTreeMap<&str, String>) -> String {
        let fill = |part: &str| match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => ids.get(name).unwrap_or_else(|| panic!("no value for {{{name}}}")).clone(),
            None => part.to_owned(),
        };
        self.path.split('/').map(fill).collect::<Vec<_>>().join("/")
    }

    /// Names of the parameters of its path.
    pub fn parameters(&self) -> Vec<&'static str> {
        let names = self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        names.collect()
    }
}

pub fn operations() -> Vec<Operation> {
    let paths = document()["paths"].as_object().expect("paths");
    let mut all = Vec::new();
    for (path, item) in paths {
        for method in item.as_object().expect("a path item").keys() {
            all.push(Operation { path, method });
        }
    }
    all.sort_unstable();
    all
}

/// The documented operation that serves this path and method.
fn operation(method: &Method, path: &str) -> Option<Operation> {
    let matches = |template: &str| {
        let (asked, known) = (path.split('/'), template.split('/'));
        asked.clone().count() == known.clone().count()
            && asked.zip(known).all(|(asked, known)| known.starts_with('{') || asked == known)
    };
    // Fixed words go before parameters, as in the router.
    let found = operations().into_iter().filter(|operation| matches(operation.path) && operation.method() == *method);
    found.min_by_key(|operation| operation.parameters().len())
}

/// Panics unless the answer has the shape that all answers have and the status is documented.
#[track_caller]
pub fn check(method: &Method, path: &str, answer: &Answer) {
    let asked = format!("{method} {path} -> {} {}", answer.status, answer.text());
    let request = answer.header("x-request-id").unwrap_or_else(|| panic!("no request id: {asked}"));
    assert!(request.starts_with("req_"), "{request}: {asked}");
    check_safety(&asked, method, path, answer);
    // Health says what is wrong in a word of its own, and so does OAuth.
    if answer.status >= 400 && path != "/readyz" && !is_oauths_own(path, answer) {
        check_envelope(&asked, request, answer);
    }
    // These belong to HTTP itself: an address that is too long, or where nothing is offered.
    let everywhere = answer.status == 405 || answer.status == 414;
    if let Some(operation) = operation(method, path)
        && !everywhere
    {
        let known = &operation.describe()["responses"];
        assert!(known.get(answer.status.to_string()).is_some(), "{} does not document {asked}", operation.name());
    }
}

/// What browsers and caches are told. Source: ASVS 5.0, V3.4 and V14.3.2.
#[track_caller]
fn check_safety(asked: &str, method: &Method, path: &str, answer: &Answer) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name} of {asked}");
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name} of {asked}");
    }
    let features = answer.header("permissions-policy").unwrap_or_default();
    assert!(features.contains("microphone=()") && features.contains("usb=()"), "{features:?} of {asked}");
    // The web app scans tickets, and shows pictures that it made.
    let is_app = answer.status == 200 && (path == "/" || path.starts_with("/assets/"));
    assert_eq!(features.contains("camera=(self)"), is_app, "{features:?} of {asked}");
    assert_eq!(answer.headers.get_all("content-security-policy").iter().count(), 1, "{asked}");
    let policy = answer.header("content-security-policy").unwrap_or_default();
    for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action "] {
        assert!(policy.contains(part), "{part} is not in {policy:?} of {asked}");
    }
    let made = ["data:", "blob:"];
    for hole in ["unsafe-inline", "unsafe-eval", "unsafe-hashes", "*"].iter().chain(made.iter().filter(|_| !is_app)) {
        assert!(!policy.contains(hole), "{hole} in {policy:?} of {asked}");
    }
    for part in policy.split(';').filter(|part| made.iter().any(|made| part.contains(made))) {
        let of = part.trim().split(' ').next();
        assert!(matches!(of, Some("img-src" | "media-src")), "{part} of {asked}");
    }
    if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        let html = answer.text();
        // What the policy does not let through would only be missing from the page.
        assert!(!html.contains(" style=") && !html.contains(" onclick=") && !html.contains("javascript:"), "{html}");
        assert!(!html.contains("<script>"), "{html}");
    }
    let is_about_somebody = operation(method, path).is_some_and(|operation| operation.is_secured());
    if is_about_somebody || *method != Method::GET || path.starts_with("/api/v1/simulated-gateway") {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{asked}");
    }
}

/// Whether an answer is an error as OAuth has them, or a page for people: to nobody else's surprise.
fn is_oauths_own(path: &str, answer: &Answer) -> bool {
    let kind = answer.header("content-type").unwrap_or_default();
    let is_page = path == "/oauth/authorize" && kind.starts_with("text/html");
    let is_error = || {
        let body = answer.json();
        let members = body.as_object().map_or(0, serde_json::Map::len);
        members == 2 && body["error"].is_string() && body["error_description"].is_string()
    };
    path.starts_with("/oauth/") && (is_page || is_error())
}

#[track_caller]
fn check_envelope(asked: &str, request: &str, answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/json"), "{asked}");
    let body = answer.json();
    let error = body["error"].as_object().unwrap_or_else(|| panic!("no envelope: {asked}"));
    let mut fields: Vec<_> = error.keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["code", "details", "message", "requestId", "timestamp"], "{asked}");
    assert_eq!(error["requestId"], request, "{asked}");
    assert!(error["details"].is_object(), "{asked}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{asked}");
    assert!(error["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')), "{asked}");
    let code = error["code"].as_str().unwrap_or_default();
    let known = Code::ALL.iter().find(|known| known.text() == code).unwrap_or_else(|| panic!("no such code: {asked}"));
    assert_eq!(known.status(), answer.status, "{asked}");
    let must_wait = matches!(answer.status, 429 | 503);
    assert!(!must_wait || answer.header("retry-after").is_some(), "no Retry-After: {asked}");
    assert!(answer.status != 401 || answer.header("www-authenticate").is_some(), "no challenge: {asked}");
}
