//! The client of one policy.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect;
use stagedoor_core::Env;
use url::Host;

use crate::call::Call;
use crate::lookup::Names;
use crate::refused::PolicyError;
use crate::slots::Slots;
use crate::{Destination, Http, Method, Policy, Refused};

/// Named to every host that is called.
const USER_AGENT: &str = concat!("Stagedoor/", env!("CARGO_PKG_VERSION"));
/// Connections that are kept for the next call to the same host, and for how long.
const IDLE_CONNECTIONS_PER_HOST: usize = 2;
const IDLE_CONNECTION_KEPT: Duration = Duration::from_secs(30);
/// Headers of an answer by HTTP/2, in bytes.
pub(crate) const HEADER_BYTES_MAX: usize = 32 * 1024;

/// Calls addresses that somebody typed, as far as its [`Policy`] lets it. Cheap to clone.
#[derive(Clone)]
pub struct Outbound(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub policy: Arc<Policy>,
    pub client: reqwest::Client,
    pub slots: Slots,
    pub env: Env,
    names: Names,
}

impl Outbound {
    /// The client of one kind of caller. Reads the system's trusted certificates and, when the
    /// policy names none, its name servers.
    pub fn new(policy: Policy, env: Env) -> Result<Self, PolicyError> {
        let policy = Arc::new(policy.checked()?);
        let names = Names::new(policy.clone())?;
        let certificates = reqwest::Certificate::from_pem_bundle(&policy.trusted_certificates);
        let certificates = certificates.map_err(PolicyError::Certificates)?;
        if certificates.is_empty() && !policy.trusted_certificates.is_empty() {
            return Err(PolicyError::NoCertificates);
        }
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .dns_resolver(names.clone())
            .tls_certs_merge(certificates)
            .https_only(policy.http == Http::Refused)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(policy.limits.connect)
            .read_timeout(policy.limits.idle)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST)
            .pool_idle_timeout(IDLE_CONNECTION_KEPT)
            .http2_max_header_list_size(HEADER_BYTES_MAX as u32)
            .build()
            .map_err(PolicyError::Tls)?;
        let slots = Slots::new(policy.limits.calls_per_host);
        Ok(Self(Arc::new(Inner { policy, client, slots, env, names })))
    }

    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    pub fn get(&self, url: &str) -> Call {
        self.call(Method::GET, url)
    }

    pub fn post(&self, url: &str) -> Call {
        self.call(Method::POST, url)
    }

    /// Nothing is checked or sent before [`Call::send`].
    pub fn call(&self, method: Method, url: &str) -> Call {
        Call::new(self.clone(), method, url)
    }

    /// What a call of `url` would be refused for before anything is sent; else the addresses it may
    /// be sent to. Asks the name servers, and nobody else.
    pub async fn check(&self, url: &str) -> Result<(Destination, Vec<IpAddr>), Refused> {
        let destination = self.policy().check(url)?;
        let addresses = match destination.host() {
            Host::Domain(name) => self.0.names.lookup(name).await?,
            Host::Ipv4(address) => vec![address.into()],
            Host::Ipv6(address) => vec![address.into()],
        };
        Ok((destination, addresses))
    }

    /// One call in the types of the `http` crate. This is all that the `openidconnect` crate asks of
    /// a client: `discover_async(issuer, &|request| outbound.exchange(request))`.
    pub async fn exchange(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, Refused> {
        let (parts, body) = request.into_parts();
        let mut call = self.call(parts.method, &parts.uri.to_string());
        for (name, value) in &parts.headers {
            call = call.header(name, value.clone());
        }
        let answer = call.body(body).send().await?;
        let mut response = http::Response::new(answer.body.into());
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

/// Names and meanings of what is counted. Call once, after the recorder is installed.
pub fn describe_metrics() {
    use metrics::{Unit, describe_counter, describe_histogram};
    describe_counter!("stagedoor_outbound_calls_total", "Calls to addresses somebody typed, by purpose");
    describe_counter!("stagedoor_outbound_refusals_total", "Such calls that were refused or failed, by reason");
    describe_histogram!(
        "stagedoor_outbound_call_seconds",
        Unit::Seconds,
        "Time from such a call to its answer's headers"
    );
}
