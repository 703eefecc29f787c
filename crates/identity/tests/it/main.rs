//! One suite over the database of the run: SQLite, or PostgreSQL with `STAGEDOOR_TEST_POSTGRES`.

mod accounts;
mod organizers;
mod sessions;
mod tokens;

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Deref;
use std::time::Duration;

use identity::{AccountError, Config, Credentials, Identity, NewAccount, SignedIn};
use testkit::TestStore;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const PASSWORD: &str = "an old mill by the sea";

/// A database and the identity over it, with cheap password hashes.
struct Office {
    db: TestStore,
    identity: Identity,
}

impl Deref for Office {
    type Target = Identity;
    fn deref(&self) -> &Identity {
        &self.identity
    }
}

fn config() -> Config {
    Config { password_memory_kib: 8, ..Config::default() }
}

impl Office {
    async fn new() -> Self {
        let db = TestStore::new().await;
        let identity = Identity::new(db.store.clone(), db.keyring.clone(), config());
        Self { db, identity }
    }

    /// Another process on the same database.
    fn elsewhere(&self) -> Identity {
        Identity::new(self.db.store.clone(), self.db.keyring.clone(), config())
    }

    async fn fan(&self, name: &str) -> SignedIn {
        let email = format!("{name}@example.org");
        self.register(NewAccount { email: &email, password: PASSWORD, name }, HOME).await.unwrap()
    }

    async fn try_login(&self, email: &str, password: &str) -> Result<SignedIn, AccountError> {
        self.login(Credentials { email, password, address: HOME }).await
    }

    fn advance(&self, span: Duration) {
        self.db.env.clock.advance(span);
    }
}
