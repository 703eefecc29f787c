use parking_lot::Mutex;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, QueryResult, Statement};
use stagedoor_core::{Env, Timestamp, UserId};

use crate::audit::{self, Entry};
use crate::{Backend, Column, Error, Keyring, Origin, Params, Result, Store};

type AfterCommit = Box<dyn FnOnce() + Send>;

/// A place to run statements: a write transaction, or a reader outside any transaction.
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
}

impl Tx {
    pub(crate) fn reading(connection: DatabaseConnection, store: &Store) -> Self {
        Self::new(Target::Reading(connection), store, Origin::system())
    }

    pub(crate) fn writing(tx: DatabaseTransaction, store: &Store, origin: Origin) -> Self {
        Self::new(Target::Writing(tx), store, origin)
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
        if let Target::Reading(_) = self.target {
            panic!("a reader changes nothing that could be audited");
        }
        self.audited.lock().push(entry);
    }

    /// Every row of the answer, mapped in order.
    pub async fn all<T>(&self, sql: &str, params: impl Params, map: impl Fn(&Row) -> Result<T>) -> Result<Vec<T>> {
        let statement = self.statement(sql, params);
        let rows = match &self.target {
            Target::Reading(connection) => connection.query_all_raw(statement).await?,
            Target::Writing(tx) => tx.query_all_raw(statement).await?,
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
        let statement = self.statement(sql, params);
        let row = match &self.target {
            Target::Reading(connection) => connection.query_one_raw(statement).await?,
            Target::Writing(tx) => tx.query_one_raw(statement).await?,
        };
        row.map(|row| map(&Row(row))).transpose()
    }

    /// The first row of the answer; its absence is a fault.
    pub async fn one<T>(&self, sql: &str, params: impl Params, map: impl Fn(&Row) -> Result<T>) -> Result<T> {
        self.optional(sql, params, map).await?.ok_or_else(|| Error::missing(sql))
    }

    /// Runs a change and says how many rows it touched.
    pub async fn execute(&self, sql: &str, params: impl Params) -> Result<u64> {
        let statement = self.statement(sql, params);
        let done = match &self.target {
            Target::Reading(_) => panic!("a change was sent to a reader: {sql}"),
            Target::Writing(tx) => tx.execute_raw(statement).await?,
        };
        Ok(done.rows_affected())
    }

    /// Runs several statements without parameters, as a migration does.
    pub(crate) async fn script(&self, sql: &str) -> Result<()> {
        match &self.target {
            Target::Reading(_) => panic!("a script was sent to a reader"),
            Target::Writing(tx) => tx.execute_unprepared(sql).await?,
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
        if let Target::Writing(tx) = self.target {
            tx.commit().await?;
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
