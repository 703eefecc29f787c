//! The Redis that processes share: one server, or a cluster of them.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, ScriptInvocation, TlsCertificates};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{CONNECTION_TIMEOUT, RESPONSE_TIMEOUT};

/// How often a call is sent again in a cluster, which says where keys have moved: while it is being told, two
/// nodes may each name the other for some milliseconds. What ends it is [`CLUSTER_TIMEOUT`].
const RETRIES_MAX: u32 = 100;
/// Before a call about moving keys is sent again, in milliseconds.
const RETRY_WAIT_MS: std::ops::RangeInclusive<u64> = 5..=100;
/// For a call with everything it is sent again for.
const CLUSTER_TIMEOUT: Duration = Duration::from_secs(1);

/// Where it is.
pub(super) enum Server {
    One(Box<Client>),
    Cluster(Box<ClusterClient>),
}

/// A way to it. Clones share it.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Server {
    /// See [`Shared::new`](super::Shared::new).
    pub fn parse(url: &str, authorities: Option<&[u8]>) -> Result<Self, String> {
        // The client library takes what the process has; who was first with the same one does not matter.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        // The client library would take a file without any, and then trust nobody.
        let is_none = |pem| {
            CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().is_ok_and(|found| found.is_empty())
        };
        if authorities.is_some_and(is_none) {
            return Err("there is no certificate in the file of authorities".into());
        }
        let authorities = authorities.map(|pem| TlsCertificates { client_tls: None, root_cert: Some(pem.to_vec()) });
        let server = match (nodes(url), authorities) {
            (Some(nodes), authorities) => {
                let client = ClusterClient::builder(nodes)
                    .connection_timeout(CONNECTION_TIMEOUT)
                    .response_timeout(RESPONSE_TIMEOUT)
                    .overall_response_timeout(Some(CLUSTER_TIMEOUT))
                    .retries(RETRIES_MAX)
                    .min_retry_wait(*RETRY_WAIT_MS.start())
                    .max_retry_wait(*RETRY_WAIT_MS.end());
                let client = match authorities {
                    None => client,
                    Some(_) if !url.starts_with("rediss") => {
                        return Err("authorities are for TLS, by rediss-cluster:".into());
                    }
                    Some(authorities) => client.certs(authorities),
                };
                client.build().map(|client| Self::Cluster(Box::new(client)))
            }
            (None, None) => Client::open(url).map(|client| Self::One(Box::new(client))),
            (None, Some(authorities)) => {
                Client::build_with_tls(url, authorities).map(|client| Self::One(Box::new(client)))
            }
        };
        server.map_err(|error| format!("no address of a Redis: {error}"))
    }

    pub async fn connect(&self) -> Result<Connection, RedisError> {
        match self {
            Self::One(client) => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(CONNECTION_TIMEOUT))
                    .set_response_timeout(Some(RESPONSE_TIMEOUT));
                client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::One)
            }
            Self::Cluster(client) => client.get_async_connection().await.map(Connection::Cluster),
        }
    }
}

impl Connection {
    pub async fn invoke(&mut self, call: &ScriptInvocation<'_>) -> Result<Vec<u64>, RedisError> {
        match self {
            Self::One(connection) => call.invoke_async(connection).await,
            Self::Cluster(connection) => call.invoke_async(connection).await,
        }
    }
}

/// The URLs of the nodes that a cluster's URL names: what it says of user and TLS holds for each. None for
/// the URL of one server.
fn nodes(url: &str) -> Option<Vec<String>> {
    let (scheme, rest) = url.split_once("-cluster://").filter(|(scheme, _)| ["redis", "rediss"].contains(scheme))?;
    // A password may hold anything but an `@` that is not written as %40.
    let (user, hosts) = rest.rsplit_once('@').map_or(("", rest), |(user, hosts)| (&rest[..=user.len()], hosts));
    Some(hosts.split(',').map(|host| format!("{scheme}://{user}{host}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_given_by_some_of_its_nodes() {
        let of = |url| nodes(url).map(|nodes| nodes.join(" "));
        assert_eq!(of("redis-cluster://a:7000").as_deref(), Some("redis://a:7000"));
        assert_eq!(
            of("rediss-cluster://app:s,3cret@a,[::1]:7001").as_deref(),
            Some("rediss://app:s,3cret@a rediss://app:s,3cret@[::1]:7001")
        );
        assert_eq!(of("redis://a:7000"), None);
        assert_eq!(of("http-cluster://a"), None);
    }
}
