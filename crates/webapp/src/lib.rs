//! The web app as files: what `npm run build` in `web/` left in `web/dist/app`, compressed beforehand. A program
//! that was built without it shows a page that says so.
//!
//! The app finds its own pages by their address, so its one HTML page is the answer to the address of each.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use memory_serve::CacheControl;
use tower::ServiceExt;

/// Files with a digest of what is in them in their name, which never change, are under this address.
pub const IMMUTABLE: &str = "/assets/";

/// Its files are read, and compressed anew for those who know no better way, once for the process.
static FILES: LazyLock<Router> = LazyLock::new(|| {
    memory_serve::load!().html_cache_control(CacheControl::NoCache).cache_control(CacheControl::NoCache).into_router()
});

/// A route for each file, and the page at `/`.
pub fn files() -> Router {
    FILES.clone()
}

/// The page, as an answer to `request`, whose address is not looked at.
pub async fn page(mut request: Request) -> Response {
    *request.uri_mut() = "/".parse().expect("a path is an address");
    let Ok(answer) = FILES.clone().oneshot(request).await;
    answer
}
