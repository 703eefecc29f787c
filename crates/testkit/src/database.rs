use std::ops::Deref;

use stagedoor_core::Env;
use store::{Keyring, Store};
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
