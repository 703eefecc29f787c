use std::sync::Arc;

use parking_lot::Mutex;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, QueryResult, Statement};
use sqlx::PgPool;
use stagedoor_core::{Env, OrganizerId, Timestamp, UserId};

use crate::audit::{self, Entry};
use crate::wall::{Mode, Wall, Walled};
use crate::{Backend, Column, Error, Keyring, Origin, Params, Result, Store};

type AfterCommit = Box<dyn FnOnce() + Send>;

/// A place to run statements: a write transaction, or a reader outside any transaction. What it sees and
/// may change is a [`tenant`](crate::tenant)'s alone where the request is one's.
/// Dropping a write transaction without [`Tx::commit`] rolls it back.
pub struct Tx {
    target: Target,
    backend: Backend,
    env: Env,
    keyring: Option<Keyring>,
    origin: Origin,
    audited: Mutex<Vec<Entry>>,
    after_commit: Mutex<Vec<AfterCommit>>,
}

enum Target {
    Reading(DatabaseConnection),
    Writing(DatabaseTransaction),
    /// The same behind the wall. A reader's statements are a transaction each, so that it keeps no
    /// connection between them either.
    ReadingOf(Gate),
    WritingOf(Walled),
}

/// Where one tenant comes in.
pub(crate) struct Gate {
    pub wall: Arc<Wall>,
    pub pool: PgPool,
    pub tenant: OrganizerId,
}

impl Gate {
    pub(crate) async fn begin(&self, mode: Mode) -> Result<Walled> {
        Walled::begin(&self.wall, &self.pool, self.tenant, mode).await
    }
}

impl Tx {
    pub(crate) fn reading(connection: DatabaseConnection, store: &Store) -> Self {
        Self::new(Target::Reading(connection), store, Origin::system())
    }

    pub(crate) fn writing(tx: DatabaseTransaction, store: &Store, origin: Origin) -> Self {
        Self::new(Target::Writing(tx), store, origin)
    }

    pub(crate) fn reading_of(gate: Gate, store: &Store) -> Self {
        Self::new(Target::ReadingOf(gate), store, Origin::system())
    }

    pub(crate) fn writing_of(tx: Walled, store: &Store, origin: Origin) -> Self {
        Self::new(Target::WritingOf(tx), store, origin)
    }

    fn new(target: Target, store: &Store, origin: Origin) -> Self {
        let (env, keyring) = (store.env().clone(), store.keyring().cloned());
        let (audited, after_commit) = Default::default();
        Self { target, backend: store.backend(), env, keyring, origin, audited, after_commit }
    }

    pub fn backend(&self) -> Backend {
        self.backend
    }

    pub fn env(&self) -> &Env {
        &self.env
    }

    pub fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// On whose behalf this changes something.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The same on behalf of `user`, whom the request turned out to come from.
    pub fn by(self, user: UserId) -> Tx {
        Tx { origin: self.origin.by(user), ..self }
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        self.keyring.as_ref().expect("the audit log is used through a store that was given the keys")
    }

    /// Has `entry` appended to the audit log by the commit: with the change it is about, or not at
    /// all.
    pub fn audit(&self, entry: Entry) {
        if let Target::Reading(_) | Target::ReadingOf(_) = self.target {
            panic!("a reader changes nothing that could be audited");
        }
        self.audited.lock().push(entry);
    }

    /// Every row of the answer, mapped in order.
    pub async fn all<T>(&self, sql: &str, params: impl Params, map: impl Fn(&Row) -> Result<T>) -> Result<Vec<T>> {
        let rows = match &self.target {
            Target::Reading(connection) => connection.query_all_raw(self.statement(sql, params)).await?,
            Target::Writing(tx) => tx.query_all_raw(self.statement(sql, params)).await?,
            Target::ReadingOf(gate) => gate.begin(Mode::Reading).await?.all(sql, params.into_values()).await?,
            Target::WritingOf(tx) => tx.all(sql, params.into_values()).await?,
        };
        rows.into_iter().map(|row| map(&Row(row))).collect()
    }

    /// The first row of the answer, if there is one.
    pub async fn optional<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl Fn(&Row) -> Result<T>,
    ) -> Result<Option<T>> {
        let row = match &self.target {
            Target::Reading(connection) => connection.query_one_raw(self.statement(sql, params)).await?,
            Target::Writing(tx) => tx.query_one_raw(self.statement(sql, params)).await?,
            Target::ReadingOf(gate) => gate.begin(Mode::Reading).await?.optional(sql, params.into_values()).await?,
            Target::WritingOf(tx) => tx.optional(sql, params.into_values()).await?,
        };
        row.map(|row| map(&Row(row))).transpose()
    }

    /// The first row of the answer; its absence is a fault.
    pub async fn one<T>(&self, sql: &str, params: impl Params, map: impl Fn(&Row) -> Result<T>) -> Result<T> {
        self.optional(sql, params, map).await?.ok_or_else(|| Error::missing(sql))
    }

    /// Runs a change and says how many rows it touched.
    pub async fn execute(&self, sql: &str, params: impl Params) -> Result<u64> {
        match &self.target {
            Target::Reading(_) | Target::ReadingOf(_) => panic!("a change was sent to a reader: {sql}"),
            Target::Writing(tx) => Ok(tx.execute_raw(self.statement(sql, params)).await?.rows_affected()),
            Target::WritingOf(tx) => tx.execute(sql, params.into_values()).await,
        }
    }

    /// Runs several statements without parameters, as a migration does.
    pub(crate) async fn script(&self, sql: &str) -> Result<()> {
        match &self.target {
            Target::Writing(tx) => tx.execute_unprepared(sql).await?,
            Target::Reading(_) | Target::ReadingOf(_) | Target::WritingOf(_) => {
                panic!("a script was sent to a reader or a tenant")
            }
        };
        Ok(())
    }

    /// `call` runs once the transaction is durable, and never if it is not: to wake a worker or
    /// refresh an index. It must not block.
    pub fn after_commit(&self, call: impl FnOnce() + Send + 'static) {
        self.after_commit.lock().push(Box::new(call));
    }

    /// Durable once this returns, with its entries in the audit log.
    pub async fn commit(self) -> Result<()> {
        let audited = std::mem::take(&mut *self.audited.lock());
        if !audited.is_empty() {
            audit::append(&self, audited).await?;
        }
        match self.target {
            Target::Writing(tx) => tx.commit().await?,
            Target::WritingOf(tx) => tx.commit().await?,
            Target::Reading(_) | Target::ReadingOf(_) => {}
        }
        for call in self.after_commit.into_inner() {
            call();
        }
        Ok(())
    }

    fn statement(&self, sql: &str, params: impl Params) -> Statement {
        let backend = match self.backend {
            Backend::Sqlite => DbBackend::Sqlite,
            Backend::Postgres => DbBackend::Postgres,
        };
        Statement::from_sql_and_values(backend, sql, params.into_values())
    }
}

/// One row of an answer.
pub struct Row(QueryResult);

impl Row {
    /// The value of the column at `index`, counted from zero in the order of the `SELECT`.
    pub fn get<T: Column>(&self, index: usize) -> Result<T> {
        T::read(&self.0, index)
    }
}
