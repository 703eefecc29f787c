use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use sqlx::sqlite::{SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, PgPool};
use stagedoor_core::Env;

use crate::tx::Gate;
use crate::wall::{self, Mode, Wall};
use crate::{Error, Keyring, Origin, Result, Tx, migrate, tenant};

/// Which database a [`Store`] runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// Connections for reading; SQLite readers never block the writer.
const SQLITE_READERS: u32 = 8;
/// Source: document 004, 5.2 allows 100 per instance; a few dozen keep PostgreSQL fastest.
const POSTGRES_CONNECTIONS: u32 = 24;
/// How long a caller waits for a connection or SQLite's write lock before `Busy`.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(8);

/// A connection that was idle for longer is tried before it is used, so that a restart of the server
/// fails no request after it. Under load none is.
const IDLE_TRUSTED: Duration = Duration::from_millis(500);

/// The database: cheap to clone, clones share the connections.
#[derive(Debug, Clone)]
pub struct Store {
    read: DatabaseConnection,
    write: DatabaseConnection,
    backend: Backend,
    env: Env,
    /// What seals the audit log; unknown until [`Store::with_keyring`].
    keyring: Option<Keyring>,
    origin: Origin,
    /// What keeps tenants apart, on PostgreSQL.
    wall: Option<Arc<Wall>>,
}

impl Store {
    /// Connects and brings the schema up to date. `url` is `sqlite:<file>` (created when absent)
    /// or `postgres://user@host/database`; there the second wall between tenants is put up as well.
    ///
    /// Errors: [`Error::Setup`] when the schema is not for this release, or the database's user may not put
    /// the wall up.
    pub async fn open(url: &str, env: Env) -> Result<Store> {
        let mut store = Self::open_without_wall(url, env).await?;
        if store.backend == Backend::Postgres {
            store.wall = Some(Arc::new(Wall::raise(&store).await?));
        }
        Ok(store)
    }

    /// The same without the second wall: requests of a [`tenant`] run as all others do.
    pub async fn open_without_wall(url: &str, env: Env) -> Result<Store> {
        let (keyring, origin, wall) = (None, Origin::system(), None);
        let store = match backend(url)? {
            Backend::Sqlite => {
                // One connection writes: waiting happens in the pool's fair queue, not in SQLite's.
                let write = Database::connect(sqlite(url, 1)).await?;
                // The process before may have ended because the disk did not flush. What its log shows
                // is written and flushed once more before anything follows it.
                write.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
                let read = Database::connect(sqlite(url, SQLITE_READERS)).await?;
                Store { read, write, backend: Backend::Sqlite, env, keyring, origin, wall }
            }
            Backend::Postgres => {
                let pool = Database::connect(postgres(url)).await?;
                Store { read: pool.clone(), write: pool, backend: Backend::Postgres, env, keyring, origin, wall }
            }
        };
        wall::check_unbound(&store).await?;
        migrate::run(&store).await?;
        Ok(store)
    }

    /// Connects for reading only, also beside a server: the database itself refuses writes.
    ///
    /// Errors: [`Error::Setup`] when the schema is not the one of this release.
    pub async fn open_reader(url: &str, env: Env) -> Result<Store> {
        let backend = backend(url)?;
        let options = match backend {
            Backend::Sqlite => sqlite_reader(url),
            Backend::Postgres => postgres_reader(url),
        };
        let read = Database::connect(options).await?;
        let (keyring, origin, wall) = (None, Origin::system(), None);
        let store = Store { write: read.clone(), read, backend, env, keyring, origin, wall };
        wall::check_unbound(&store).await?;
        migrate::check(&store).await?;
        Ok(store)
    }

    pub fn backend(&self) -> Backend {
        self.backend
    }

    pub fn env(&self) -> &Env {
        &self.env
    }

    /// For whom the program writes where nobody else is named: itself, unless told otherwise.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn keyring(&self) -> Option<&Keyring> {
        self.keyring.as_ref()
    }

    /// The same database with the keys that are kept in it. Only with them is there an audit log, so
    /// whoever opens a database to change more than its keys goes on with what this gives.
    pub fn with_keyring(&self, keyring: &Keyring) -> Store {
        Store { keyring: Some(keyring.clone()), ..self.clone() }
    }

    /// The same database with ids and times from another `env`, as demo data needs them.
    pub fn with_env(&self, env: Env) -> Store {
        Store { env, ..self.clone() }
    }

    /// The same database for a program that does what `origin` wants, where nobody else is named.
    pub fn with_origin(&self, origin: Origin) -> Store {
        Store { origin, ..self.clone() }
    }

    /// The same database for work that is of no tenant, also while a tenant's request asks for it: linking
    /// the audit log, and the books of others that happen to be kept here. Whoever uses it stands in a list
    /// of `crates/stagedoor/tests/it/architecture.rs`.
    pub fn beyond_tenants(&self) -> Store {
        Store { wall: None, ..self.clone() }
    }

    /// Where the request's tenant comes in, if it is one's and there is a wall.
    fn gate(&self) -> Option<Gate> {
        let (wall, tenant) = (self.wall.as_ref()?, tenant::current()?);
        Some(Gate { wall: wall.clone(), pool: self.postgres().clone(), tenant })
    }

    /// The connections to PostgreSQL, where it is that.
    pub(crate) fn postgres(&self) -> &PgPool {
        self.write.get_postgres_connection_pool()
    }

    /// For reading outside a transaction: each statement sees what was committed before it.
    pub async fn begin_read(&self) -> Result<Tx> {
        if let Some(gate) = self.gate() {
            return Ok(Tx::reading_of(gate, self));
        }
        Ok(Tx::reading(self.read.clone(), self))
    }

    /// Starts a write of the program's own (see [`Store::with_origin`]). Keep it short: on SQLite it
    /// holds the one write lock.
    pub async fn begin_write(&self) -> Result<Tx> {
        self.begin_write_for(&self.origin).await
    }

    /// The same for somebody's wish: the audit log will say whose, and from where.
    pub async fn begin_write_for(&self, origin: &Origin) -> Result<Tx> {
        if let Some(gate) = self.gate() {
            return Ok(Tx::writing_of(gate.begin(Mode::Writing).await?, self, origin.clone()));
        }
        let options = TransactionOptions {
            access_mode: None,
            sqlite_transaction_mode: (self.backend == Backend::Sqlite).then_some(SqliteTransactionMode::Immediate),
            isolation_level: None,
        };
        let tx = match self.backend {
            Backend::Sqlite => self.write.begin_with_options(options).await?,
            // In a task of its own: a session to which the library has sent its BEGIN goes back to the
            // others inside that transaction when whoever asked goes away before the answer.
            Backend::Postgres => {
                let write = self.write.clone();
                let begun = tokio::spawn(async move { write.begin_with_options(options).await });
                begun.await.expect("beginning a transaction does not panic")?
            }
        };
        Ok(Tx::writing(tx, self, origin.clone()))
    }

    /// Closes the connections; SQLite folds its log into the database file.
    pub async fn close(self) -> Result<()> {
        self.read.close().await?;
        // On PostgreSQL it is the same pool, and closing it again does nothing.
        self.write.close().await?;
        Ok(())
    }
}

fn backend(url: &str) -> Result<Backend> {
    if url.starts_with("sqlite:") {
        Ok(Backend::Sqlite)
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        Ok(Backend::Postgres)
    } else {
        Err(Error::Setup("the database URL must start with sqlite: or postgres:".into()))
    }
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    common(&mut options, connections);
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(ACQUIRE_TIMEOUT)
            .foreign_keys(true)
            // What was deleted, above all people's keys, must not stay behind in the file.
            .pragma("secure_delete", "ON")
            .statement_cache_capacity(512)
    });
    options.map_sqlx_sqlite_pool_opts(|pool| {
        pool.after_release(|connection, _| Box::pin(async move { is_at_rest(connection).await }))
    });
    options
}

/// Whether a connection is out of every transaction. Where SQLite ends one by itself, as on a full disk, the
/// library still counts it, and what it took for transactions from then on would be parts of one that is never
/// committed: such a connection is not used again.
async fn is_at_rest(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    if connection.is_in_transaction() {
        // The rollback of a transaction that was dropped is on its way to the connection's thread, before this.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

fn sqlite_reader(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    common(&mut options, SQLITE_READERS);
    options
        .map_sqlx_sqlite_opts(|sqlite| sqlite.read_only(true).create_if_missing(false).busy_timeout(ACQUIRE_TIMEOUT));
    options
}

fn postgres(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    common(&mut options, POSTGRES_CONNECTIONS);
    options.map_sqlx_postgres_opts(|postgres| postgres.application_name("stagedoor").statement_cache_capacity(512));
    options
}

fn postgres_reader(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    common(&mut options, POSTGRES_CONNECTIONS);
    options.map_sqlx_postgres_opts(|postgres| {
        postgres.application_name("stagedoor reader").options([("default_transaction_read_only", "on")])
    });
    options
}

fn common(options: &mut ConnectOptions, connections: u32) {
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire_if_idle_for(IDLE_TRUSTED)
        .sqlx_logging(false);
}
