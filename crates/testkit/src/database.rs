use std::ops::Deref;

use sqlx::{Connection, Executor, PgConnection};
use stagedoor_core::Env;
use store::{Keyring, Store};
use tempfile::TempDir;

/// The server to create databases on, when the suite runs on PostgreSQL.
pub fn postgres_url() -> Option<String> {
    std::env::var("STAGEDOOR_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

/// A migrated database of its own: a file in a temporary folder, or a fresh PostgreSQL database
/// that the server's temporary instance takes with it when it stops.
pub struct TestStore {
    pub store: Store,
    /// A manual clock and a seeded random stream.
    pub env: Env,
    pub keyring: Keyring,
    /// Where the data lives, as `Store::open` takes it.
    pub url: String,
    /// For files of the test; removed with it.
    pub folder: TempDir,
}

impl TestStore {
    pub async fn new() -> Self {
        Self::seeded(1).await
    }

    pub async fn seeded(seed: u64) -> Self {
        let env = Env::seeded(seed);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let url = match postgres_url() {
            Some(server) => fresh_postgres(&server).await,
            None => format!("sqlite:{}", folder.path().join("stagedoor.db").display()),
        };
        let store = Store::open(&url, env.clone()).await.expect("the database opens");
        let keyring = Keyring::new([7; 32], env.entropy.clone());
        Self { store, env, keyring, url, folder }
    }
}

impl Deref for TestStore {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

/// Creates an empty database on `server` and gives its URL.
async fn fresh_postgres(server: &str) -> String {
    let name = format!("t_{}", Env::system().id::<uuid::Uuid>().simple());
    let mut connection = PgConnection::connect(server).await.expect("the test server answers");
    connection
        .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .expect("a database can be created");
    let (host, query) = server.split_once('?').map_or((server, String::new()), |(host, q)| (host, format!("?{q}")));
    let base = host.rsplit_once('/').map_or(host, |(base, _)| base);
    format!("{base}/{name}{query}")
}
