//! The edge: HTTP routes, wire types, the live seat map and the server that carries them.
//!
//! Handlers extract, make one call into a use case, and wrap its answer. What a caller may do is
//! the type of an extractor ([`auth`]), so it cannot be forgotten. Every refusal or fault leaves
//! as a [`Problem`]. Only this crate knows HTTP and JSON.
//!
//! ```
//! // Every route is described from the handler that serves it.
//! let document = api::document();
//! let hold = document.paths.paths["/api/v1/events/{event}/holds"].post.as_ref().expect("holds are placed");
//! assert_eq!(hold.summary.as_deref(), Some("Hold seats for the caller until the hold expires."));
//!
//! // A handler refuses with a problem; the layer around all routes makes the answer of it.
//! let problem = api::Problem::not_found().with(serde_json::json!({ "event": "evt_x" }));
//! assert_eq!(problem.code.status(), 404);
//! ```

pub mod accounts;
pub mod agreements;
pub mod approvals;
pub mod audit;
pub mod auth;
pub mod bank;
pub mod blocks;
pub mod bookings;
pub mod checkins;
pub mod client;
pub mod contracts;
pub mod cookies;
pub mod crowd;
pub mod denials;
pub mod door;
pub mod edge;
pub mod events;
pub mod export;
pub mod extract;
pub mod guests;
pub mod headers;
pub mod holds;
pub mod html;
pub mod invitations;
pub mod json;
pub mod kyc;
pub mod lane;
pub mod limits;
pub mod live;
pub mod oauth;
pub mod offers;
pub mod once;
pub mod openapi;
pub mod operations;
pub mod orders;
pub mod organizers;
pub mod origin;
pub mod own_events;
pub mod pages;
pub mod passkeys;
pub mod platform;
pub mod problem;
pub mod profile;
pub mod programs;
pub mod providers;
mod reads;
mod respond;
pub mod safe;
pub mod schema;
pub mod seat_maps;
pub mod security;
pub mod stream;
pub mod tenant;
pub mod tickets;
pub mod tls;
pub mod venues;
pub mod wallet;
pub mod websocket;

use std::ops::Deref;
use std::sync::Arc;

use axum::http::HeaderValue;
use stagedoor_core::Env;
use tokio::sync::watch;

pub use edge::Edge;
pub use openapi::{document, router};
pub use problem::Problem;

/// Everything a handler may use. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What the program hands to the edge.
pub struct Parts {
    pub env: Env,
    pub store: store::Store,
    pub identity: identity::Identity,
    pub catalog: catalog::Catalog,
    pub inventory: inventory::Inventory,
    pub payments: payments::Payments,
    /// The simulated gateway, when it is the one in use: its challenge page is served here.
    pub simulated: Option<payments::SimulatedGateway>,
    pub sales: sales::Sales,
    pub signer: ::tickets::Signer,
    pub wallets: ::tickets::Wallets,
    pub live: live::Live,
    pub compressed: seat_maps::Compressed,
    pub denials: denials::Denials,
    /// Makes the prints of idempotency keys of holds.
    pub prints: holds::Prints,
    pub csrf: cookies::CsrfKey,
    pub metrics: metrics_exporter_prometheus::PrometheusHandle,
    /// How late holds expired, in microseconds.
    pub expiry_lag: operations::Peak,
    /// True once the process is to stop.
    pub stop: watch::Receiver<bool>,
    pub proxies: client::Proxies,
    pub limits: limits::Limits,
    pub crowd: crowd::Crowd,
    /// Whose web pages may open live seat maps.
    pub origins: origin::Origins,
    /// Where this server is reached from outside, such as `http://127.0.0.1:8080`.
    pub public_url: String,
}

impl App {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

/// A browser that was here once with TLS never asks without it again, for a year. Source: RFC 6797.
const ALWAYS_SECURE: HeaderValue = HeaderValue::from_static("max-age=31536000");

impl Parts {
    /// What browsers are told about TLS, where this server is reached with it.
    pub(crate) fn transport_security(&self) -> Option<HeaderValue> {
        self.public_url.starts_with("https://").then_some(ALWAYS_SECURE)
    }
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
