//! One HTTP client for every address that somebody typed: webhooks, OIDC metadata, monitored pages.
//! It keeps such an address from reaching what only this server can reach (server-side request
//! forgery).
//!
//! Invariants:
//! - no connection is made to an address that [`Policy::check_address`] refuses, whatever a URL, a
//!   name server or a redirect says: names are looked up once, every address is checked, and the
//!   connection goes to an address that was checked;
//! - a redirect is a new call, checked like the first; what the caller sent along for the first
//!   host does not reach another one;
//! - a call ends within its time and takes no more memory than its limits say, whatever comes;
//! - a failure says why in our own words: [`Refused`] holds nothing that the other side sent;
//! - the environment's proxies are not used: through one, the address could not be checked.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use outbound::{Outbound, Policy, header};
//! let outbound = Outbound::new(Policy::strict("webhook"), stagedoor_core::Env::system())?;
//! let json = header::HeaderValue::from_static("application/json");
//! let call = outbound.post("https://hooks.example.org/tickets").header(header::CONTENT_TYPE, json);
//! match call.body(r#"{"type":"ticket.issued"}"#).send().await {
//!     Ok(response) => println!("answered {}, {} bytes", response.status, response.body.len()),
//!     Err(refused) if refused.is_transient() => println!("again later: {refused}"),
//!     Err(refused) => println!("never: {refused}"),
//! }
//! # Ok(())
//! # }
//! ```

mod address;
mod call;
mod client;
mod destination;
mod lookup;
mod policy;
mod refused;
mod slots;

pub use address::Range;
pub use call::{Call, Response, Streamed};
pub use client::{Outbound, describe_metrics};
pub use destination::{Destination, URL_MAX};
pub use policy::{Http, Limits, PORTS, Policy, REDIRECTS_MAX};
pub use refused::{LookupFault, Phase, PolicyError, RedirectFault, Refused, TlsFault};
pub use reqwest::{Method, StatusCode, header};
