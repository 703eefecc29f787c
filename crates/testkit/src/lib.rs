//! What tests of every crate share: a private database, a manual clock, a seed; for whole-product
//! tests the real server as a process and a small HTTP client.
//!
//! The whole suite runs on SQLite by default and on PostgreSQL when `STAGEDOOR_TEST_POSTGRES`
//! holds the URL of a server on which databases may be created:
//! `scripts/test-servers.sh postgres -- cargo nextest run`.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! let place = testkit::Installation::new().await;
//! let server = place.serve(&[]).await;
//! let venues = server.client().get("/api/v1/venues").await?.expect(200).json();
//! assert_eq!(venues["items"], serde_json::json!([]));
//! server.kill().await; // what was answered is there when it is served again
//! # Ok(())
//! # }
//! ```

mod database;
mod http;
mod log;
pub mod mail;
mod postgres;
mod redis;
mod server;
pub mod wallet;

pub use database::TestStore;
pub use http::{Answer, Client};
pub use hyper::{HeaderMap, Method};
pub use log::Log;
pub use postgres::{Usurper, end_owner, fresh_database, postgres_url, redis_cluster_url, redis_url, usurp};
pub use redis::{RedisCluster, RedisServer};
pub use server::{Installation, Server};
