//! What one kind of caller may call, and for how long.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use stagedoor_core::Network;

use crate::refused::PolicyError;
use crate::{Range, Refused};

/// Redirects that are followed at the very most. Source: RELIABILITY.md, "SSRF".
pub const REDIRECTS_MAX: usize = 3;
/// Ports of the public web.
pub const PORTS: &[u16] = &[80, 443, 8443];

/// What one kind of caller may call.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Who calls: `webhook`, `monitor`. A metrics label.
    pub purpose: &'static str,
    pub http: Http,
    /// Ports that may be called.
    pub ports: Vec<u16>,
    /// Networks off the public internet that the operator lets in. Empty in production, unless a
    /// receiver stands beside the server.
    pub allow_networks: Vec<Network>,
    /// Of GET and HEAD, 0..=[`REDIRECTS_MAX`]; with 0 the redirect itself is the answer. What has a
    /// body is never sent on.
    pub redirects_max: usize,
    pub limits: Limits,
    /// DNS servers to ask; empty: those of the system, with its hosts file.
    pub name_servers: Vec<SocketAddr>,
    /// Authorities to trust besides the system's: PEM, any number of certificates.
    pub trusted_certificates: Vec<u8>,
}

/// Whether calls without TLS are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Http {
    Refused,
    Allowed,
}

/// How much one call may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Finding the address, TCP and TLS.
    pub connect: Duration,
    /// Between two pieces of the answer.
    pub idle: Duration,
    /// Everything, from the call to the last byte, over all redirects and the wait for others.
    pub total: Duration,
    /// Of an answer, decompressed.
    pub body_bytes: usize,
    /// Calls to one host at a time.
    pub calls_per_host: usize,
}

impl Policy {
    /// For addresses that must answer at once and whose answer hardly matters: https, no redirects,
    /// 15 s, 64 KiB.
    pub fn strict(purpose: &'static str) -> Self {
        Self {
            purpose,
            http: Http::Refused,
            ports: PORTS.to_vec(),
            allow_networks: Vec::new(),
            redirects_max: 0,
            limits: Limits {
                connect: Duration::from_secs(5),
                idle: Duration::from_secs(10),
                total: Duration::from_secs(15),
                body_bytes: 64 * 1024,
                calls_per_host: 8,
            },
            name_servers: Vec::new(),
            trusted_certificates: Vec::new(),
        }
    }

    /// Whether `address` may be connected to.
    pub fn check_address(&self, address: IpAddr) -> Result<(), Refused> {
        match Range::of(address) {
            Some(range) if !self.lets_in(range, address) => Err(Refused::Address(range)),
            _ => Ok(()),
        }
    }

    fn lets_in(&self, range: Range, address: IpAddr) -> bool {
        range.can_be_allowed() && self.allow_networks.iter().any(|network| network.contains(address))
    }

    pub(crate) fn checked(self) -> Result<Self, PolicyError> {
        let count = |what, value, from, to| {
            let right = (from..=to).contains(&value);
            right.then_some(()).ok_or(PolicyError::Count { what, value, from, to })
        };
        count("redirects_max", self.redirects_max, 0, REDIRECTS_MAX)?;
        count("ports", self.ports.len(), 1, 100)?;
        count("calls_per_host", self.limits.calls_per_host, 1, 1_000)?;
        count("body_bytes", self.limits.body_bytes, 0, 64 * 1024 * 1024)?;
        let (from, to) = (Duration::from_millis(1), Duration::from_secs(600));
        let Limits { connect, idle, total, .. } = self.limits;
        for (what, value) in [("connect", connect), ("idle", idle), ("total", total)] {
            if !(from..=to).contains(&value) {
                return Err(PolicyError::Duration { what, value, from, to });
            }
        }
        // Caught here, or an operator would believe that a setting has an effect it does not have.
        let never = |network: &Network| Range::of(network.address()).is_some_and(|range| !range.can_be_allowed());
        if let Some(network) = self.allow_networks.iter().find(|network| never(network)) {
            return Err(PolicyError::Network(*network));
        }
        Ok(self)
    }
}
