//! The web app's page and files, with what browsers are told about them.
//!
//! The files, with the page at `/`, are the same for everyone and in memory, so they cost less than to count who
//! asks, and have no limits. The page at any other address is what nothing else answers, and counts as a request.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use stagedoor_core::{Code, RequestId};

use crate::{App, Problem, respond};

/// Everything the page needs comes from here, as files: no line of script or style stands in the page itself,
/// so what somebody managed to write into one does nothing. Pictures may be made by the page: covers, codes.
/// Source: ASVS 5.0, V3.4.3.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; \
     connect-src 'self'; manifest-src 'self'; worker-src 'self'; media-src 'self' blob:; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'",
);

/// The door looks at tickets through the camera.
const PERMISSIONS: HeaderValue =
    HeaderValue::from_static("camera=(self), geolocation=(self), microphone=(), payment=(), usb=()");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// For a year, which is what browsers know as for ever.
const FOR_EVER: HeaderValue = HeaderValue::from_static("max-age=31536000, immutable");

/// Addresses that are never a page of the app's.
const OTHERS: [&str; 6] = ["/api/", "/oauth/", "/.well-known/", "/healthz", "/readyz", "/metrics"];

/// The app's page at `/`, and its files.
pub fn routes(app: &App) -> Router {
    webapp::files().layer(from_fn_with_state(app.clone(), describe))
}

/// The answer to an address that nothing else has: the app's page, where a browser asks for a page.
pub(crate) async fn page_or_nothing(request: Request) -> Response {
    if !is_page(&request) {
        return Problem::not_found().into_response();
    }
    let mut response = webapp::page(request).await;
    add(&mut response);
    response
}

fn is_page(request: &Request) -> bool {
    let path = request.uri().path();
    let file = path.rsplit('/').next().unwrap_or_default();
    let mut wanted = request.headers().get_all(header::ACCEPT).iter().filter_map(|kinds| kinds.to_str().ok());
    matches!(*request.method(), Method::GET | Method::HEAD)
        && !OTHERS.iter().any(|other| path.starts_with(other))
        && !file.contains('.')
        && wanted.any(|kinds| kinds.contains("text/html"))
}

async fn describe(State(app): State<App>, request: Request, next: Next) -> Response {
    let (began, watch, id) = (app.env.now(), app.env.stopwatch(), app.env.id::<RequestId>());
    let method = request.method().clone();
    let is_immutable = request.uri().path().starts_with(webapp::IMMUTABLE);
    let mut response = next.run(request).await;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response = Problem::new(Code::MethodNotAllowed, "that method is not offered here").render(id, began);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    } else {
        add(&mut response);
        if is_immutable {
            response.headers_mut().insert(header::CACHE_CONTROL, FOR_EVER);
        }
    }
    respond::finish(&app, &mut response, &method, "web app", id, watch.elapsed());
    response
}

fn add(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(PERMISSIONS_POLICY, PERMISSIONS);
}
