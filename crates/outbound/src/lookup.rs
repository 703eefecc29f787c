//! From a name to addresses that may be connected to. The HTTP client gets its addresses here and
//! nowhere else, so what was checked is what it connects to: a name that is rebound to another
//! address between a check and the connection has no moment to do it in.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::timeout;

use crate::refused::PolicyError;
use crate::{LookupFault, Policy, Refused};

/// Addresses of a name that are tried; all of them are checked.
const ADDRESSES_TRIED_MAX: usize = 8;

#[derive(Clone)]
pub(crate) struct Names {
    policy: Arc<Policy>,
    resolver: TokioResolver,
}

impl Names {
    pub fn new(policy: Arc<Policy>) -> Result<Self, PolicyError> {
        let mut builder = if policy.name_servers.is_empty() {
            TokioResolver::builder_tokio().map_err(PolicyError::NameServers)?
        } else {
            let servers = policy.name_servers.iter().map(name_server).collect();
            let config = ResolverConfig::from_parts(None, Vec::new(), servers);
            let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
            builder.options_mut().use_hosts_file = ResolveHosts::Never;
            builder
        };
        let options = builder.options_mut();
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.timeout = policy.limits.connect / 4;
        options.attempts = 2;
        options.cache_size = 0; // connections are kept; names are asked anew for each new one
        let resolver = builder.build().map_err(PolicyError::NameServers)?;
        Ok(Self { policy, resolver })
    }

    /// Every address of `name`. One that may not be connected to refuses them all: a name that
    /// has such an address has it on purpose.
    pub async fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, Refused> {
        // With the dot no search list of the system makes another name of it.
        let asked = self.resolver.lookup_ip(format!("{name}."));
        let answer = timeout(self.policy.limits.connect / 4 * 3, asked).await;
        let found: Vec<IpAddr> = match answer {
            Ok(Ok(found)) => found.iter().collect(),
            Ok(Err(error)) if error.is_no_records_found() => Vec::new(),
            Ok(Err(_)) | Err(_) => return Err(Refused::Lookup(LookupFault::Unanswered)),
        };
        if found.is_empty() {
            return Err(Refused::Lookup(LookupFault::Absent));
        }
        found.iter().try_for_each(|address| self.policy.check_address(*address))?;
        Ok(found)
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let found = names.lookup(name.as_str()).await?;
            // The client puts the port of the URL in the place of 0.
            let addresses = found.into_iter().take(ADDRESSES_TRIED_MAX).map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.into())
}
