use std::ops::Deref;

use stagedoor_core::Env;
use store::audit::{self, Chain, Filter, Part, Record};
use store::{Backend, Keyring, MasterKey, Params, Store};
use tempfile::TempDir;

use crate::postgres::{fresh_database, postgres_url};

/// A migrated database of its own: a file in a temporary folder, or a PostgreSQL database that
/// the server's temporary instance takes with it when it stops.
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
    /// How the database would run a statement, in its words. PostgreSQL would read a table that is
    /// nearly empty from end to end, whatever indexes there are, so it plans without the ways that
    /// `off` names.
    pub async fn plan(&self, sql: &str, params: impl Params, off: &[&str]) -> String {
        let tx = self.store.begin_write().await.expect("the database is there");
        let lines = match tx.backend() {
            Backend::Sqlite => tx.all(&format!("EXPLAIN QUERY PLAN {sql}"), params, |row| row.get::<String>(3)).await,
            Backend::Postgres => {
                for switch in off {
                    tx.execute(&format!("SET LOCAL {switch} = off"), ()).await.expect("a switch there is");
                }
                tx.all(&format!("EXPLAIN {sql}"), params, |row| row.get::<String>(0)).await
            }
        };
        lines.expect("a statement the database can explain").join("\n")
    }

    /// What a log has, oldest first, of what fits.
    pub async fn audit_log(&self, chain: impl Into<Chain>, filter: &Filter) -> Vec<Record> {
        audit::link(&self.store, None).await.expect("what waits is linked");
        let tx = self.store.begin_read().await.expect("the database is there");
        audit::entries(&tx, chain.into(), filter, Part::After(0), 10_000).await.expect("the audit log is readable")
    }

    /// What wraps the keys of every test's database.
    pub fn master_key() -> MasterKey {
        MasterKey::new([7; 32])
    }

    pub async fn new() -> Self {
        Self::seeded(1).await
    }

    /// The same seed gives the same ids and keys.
    pub async fn seeded(seed: u64) -> Self {
        let env = Env::seeded(seed);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let url = match postgres_url() {
            Some(server) => fresh_database(&server).await,
            None => format!("sqlite:{}", folder.path().join("stagedoor.db").display()),
        };
        let store = Store::open(&url, env.clone()).await.expect("the database opens");
        let tx = store.begin_write().await.expect("the database is there");
        let keyring = Keyring::open(&tx, &Self::master_key(), true).await.expect("a fresh database is given keys");
        tx.commit().await.expect("the keys are kept");
        let store = store.with_keyring(&keyring);
        Self { store, env, keyring, url, folder }
    }
}

impl Deref for TestStore {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}
