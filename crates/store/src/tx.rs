use parking_lot::Mutex;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, QueryResult, Statement};
use stagedoor_core::{Env, Timestamp};

use crate::{Backend, Column, Error, Params, Result};

type AfterCommit = Box<dyn FnOnce() + Send>;

/// A place to run statements: a write transaction, or a reader outside any transaction.
/// Dropping a write transaction without [`Tx::commit`] rolls it back.
pub struct Tx {
    target: Target,
    backend: Backend,
    env: Env,
    after_commit: Mutex<Vec<AfterCommit>>,
}

enum Target {
    Reading(DatabaseConnection),
    Writing(DatabaseTransaction),
}

impl Tx {
    pub(crate) fn reading(connection: DatabaseConnection, backend: Backend, env: Env) -> Self {
        Self { target: Target::Reading(connection), backend, env, after_commit: Mutex::default() }
    }

    pub(crate) fn writing(tx: DatabaseTransaction, backend: Backend, env: Env) -> Self {
        Self { target: Target::Writing(tx), backend, env, after_commit: Mutex::default() }
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

    /// Durable once this returns.
    pub async fn commit(self) -> Result<()> {
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
