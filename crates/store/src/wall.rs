//! The second wall between tenants, on PostgreSQL: a role without the right to log in, which what is of a
//! [`tenant`](crate::tenant) runs as. The policies of the tables bind that role; whoever owns the tables is
//! bound by none. Everything is set for one transaction, in the message that begins it, so it costs no way
//! to the server of its own, nothing outlives it, and poolers that change servers between transactions do
//! no harm.

use sea_orm::{DbErr, QueryResult, RuntimeErr, Value};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgPool};
use sqlx::query::Query;
use sqlx::{Arguments, AssertSqlSafe, Executor, Postgres};
use stagedoor_core::OrganizerId;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{Backend, Error, Result, Row, Store};

/// Bytes that PostgreSQL keeps of a name. Source: NAMEDATALEN.
const NAME_MAX: usize = 63;
const ROLE_SUFFIX: &str = "_tenant";

/// How transactions of tenants begin.
#[derive(Debug)]
pub(crate) struct Wall {
    /// Quoted.
    role: String,
    /// Quoted; where the tables are, when a name alone would not lead there for another role.
    schema: Option<String>,
}

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Reading,
    Writing,
}

impl Wall {
    /// Makes the role if there is none and gives it what the policies are for, each only where it is missing;
    /// then tries it. Safe from many processes and for many databases of one server at once.
    ///
    /// Errors: [`Error::Setup`] with what an operator can do.
    pub async fn raise(store: &Store) -> Result<Wall> {
        let tx = store.begin_write().await?;
        let read = |row: &Row| Ok((row.get::<String>(0)?, row.get::<String>(1)?));
        let (user, schema) =
            tx.one("SELECT CAST(current_user AS TEXT), CAST(current_schema() AS TEXT)", (), read).await?;
        let role = role_of(&user);
        let wall = Wall { role: quoted(&role), schema: (schema != "public").then(|| quoted(&schema)) };
        let sql = "SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = $1";
        let make = match tx.optional(sql, (&role,), |row| row.get::<bool>(0)).await? {
            Some(true) => None,
            Some(false) => Some(format!("GRANT {} TO CURRENT_USER", wall.role)),
            // Another database of the server may be set up at this moment.
            None => Some(format!(
                "DO $$ BEGIN CREATE ROLE {} NOLOGIN ROLE CURRENT_USER;
                 EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
                wall.role
            )),
        };
        let help = |error| match error {
            Error::Fault(_) => Error::Setup(wall.help(&user)),
            other => other,
        };
        if let Some(make) = make {
            tx.script(&make).await.map_err(help)?;
        }
        tx.commit().await?;
        wall.grant(store, &role).await?;
        wall.check(store, &user).await?;
        Ok(wall)
    }

    /// What the policies of the tables are for, as rights of the role.
    async fn grant(&self, store: &Store, role: &str) -> Result<()> {
        let tx = store.begin_write().await?;
        tx.script(crate::migrate::POSTGRES_LOCK).await?;
        if let Some(schema) = &self.schema {
            tx.script(&format!("GRANT USAGE ON SCHEMA {schema} TO {}", self.role)).await?;
        }
        let sql = "SELECT quote_ident(relname), command FROM (
                       SELECT DISTINCT class.oid, class.relname, CASE CAST(polcmd AS TEXT)
                           WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                           END AS command
                         FROM pg_policy JOIN pg_class class ON class.oid = polrelid
                        WHERE relnamespace = CAST(current_schema() AS REGNAMESPACE)) AS wanted
                    WHERE NOT has_table_privilege($1, oid, command)";
        let missing = tx.all(sql, (role,), |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?))).await?;
        for (table, command) in missing {
            tx.script(&format!("GRANT {command} ON {table} TO {}", self.role)).await?;
        }
        tx.commit().await
    }

    /// Whether the role can be taken, and is bound.
    async fn check(&self, store: &Store, user: &str) -> Result<()> {
        let pool = store.postgres();
        let nobody = OrganizerId(Uuid::nil());
        let tx = match Walled::begin(self, pool, nobody, Mode::Reading).await {
            Err(Error::Fault(_)) => return Err(Error::Setup(self.help(user))),
            begun => begun?,
        };
        match tx.all(UNBOUND, Vec::new()).await?.is_empty() {
            true => Ok(()),
            false => Err(Error::Setup(format!(
                "the role {} must be bound by row-level security, so it must be neither a superuser, nor BYPASSRLS, \
                 nor a member of {}",
                self.role,
                quoted(user)
            ))),
        }
    }

    fn help(&self, user: &str) -> String {
        let (role, user) = (&self.role, quoted(user));
        format!(
            "the database user {user} may not make the role that keeps organizers apart. Have an administrator of the \
             server run: CREATE ROLE {role} NOLOGIN; GRANT {role} TO {user}; or set row_security to false, to go on \
             without the second wall"
        )
    }

    fn begin(&self, tenant: OrganizerId, mode: Mode) -> String {
        let mode = if mode == Mode::Reading { " READ ONLY" } else { "" };
        let path = self.schema.as_ref().map(|schema| format!("; SET LOCAL search_path TO {schema}"));
        let (role, path) = (&self.role, path.unwrap_or_default());
        format!("BEGIN{mode}; SET LOCAL stagedoor.tenant = '{}'; SET LOCAL ROLE {role}{path}", tenant.0)
    }
}

/// Tables whose policies do not bind whoever asks.
const UNBOUND: &str =
    "SELECT relname FROM pg_class WHERE pg_table_is_visible(oid) AND relrowsecurity AND NOT row_security_active(oid)";

/// Refuses a user whom the policies bind: it would find all tables empty, and count that as good.
pub(crate) async fn check_unbound(store: &Store) -> Result<()> {
    if store.backend() == Backend::Sqlite {
        return Ok(());
    }
    let tx = store.begin_read().await?;
    let sql = "SELECT CAST(relname AS TEXT) FROM pg_class
        WHERE pg_table_is_visible(oid) AND relrowsecurity AND row_security_active(oid) ORDER BY relname LIMIT 1";
    match tx.optional(sql, (), |row| row.get::<String>(0)).await? {
        None => Ok(()),
        Some(table) => Err(Error::Setup(format!(
            "the database user must own the tables, be a member of their owner or have BYPASSRLS: row-level security \
             hides {table} from it"
        ))),
    }
}

/// The role is named after whoever owns the tables, so that of two installations on one server neither
/// can take the other's.
fn role_of(user: &str) -> String {
    let end = user.floor_char_boundary(NAME_MAX - ROLE_SUFFIX.len());
    format!("{}{ROLE_SUFFIX}", &user[..end])
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A transaction of a tenant. Dropping it rolls it back.
pub(crate) struct Walled(Mutex<Unsettled>);

/// A connection that is in a transaction or not known to be outside of one, so that nobody else may be given
/// it. It is closed unless it is settled.
struct Unsettled(Option<PoolConnection<Postgres>>);

impl Unsettled {
    fn connection(&mut self) -> &mut PgConnection {
        self.0.as_mut().expect("it is there until it is settled")
    }

    async fn run(&mut self, sql: String) -> Result<()> {
        self.connection().execute(AssertSqlSafe(sql)).await.map_err(failed)?;
        Ok(())
    }

    /// Gives the connection back to all.
    fn settle(mut self) {
        self.0.take();
    }
}

impl Drop for Unsettled {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.0 {
            connection.close_on_drop();
        }
    }
}

impl Walled {
    pub async fn begin(wall: &Wall, pool: &PgPool, tenant: OrganizerId, mode: Mode) -> Result<Walled> {
        let connection = pool.acquire().await.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
        let mut unsettled = Unsettled(Some(connection));
        unsettled.run(wall.begin(tenant, mode)).await?;
        Ok(Walled(Mutex::new(unsettled)))
    }

    pub async fn all(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>> {
        let mut unsettled = self.0.lock().await;
        let rows = query(sql, values)?.fetch_all(unsettled.connection()).await.map_err(failed)?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    pub async fn optional(&self, sql: &str, values: Vec<Value>) -> Result<Option<QueryResult>> {
        let mut unsettled = self.0.lock().await;
        let row = query(sql, values)?.fetch_optional(unsettled.connection()).await.map_err(failed)?;
        Ok(row.map(QueryResult::from))
    }

    pub async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64> {
        let mut unsettled = self.0.lock().await;
        Ok(query(sql, values)?.execute(unsettled.connection()).await.map_err(failed)?.rows_affected())
    }

    pub async fn commit(mut self) -> Result<()> {
        let mut unsettled = Unsettled(self.0.get_mut().0.take());
        unsettled.run("COMMIT".to_owned()).await?;
        unsettled.settle();
        Ok(())
    }
}

impl Drop for Walled {
    fn drop(&mut self) {
        let mut unsettled = Unsettled(self.0.get_mut().0.take());
        if unsettled.0.is_none() {
            return;
        }
        // Nobody waits for it. Without a runtime the process ends, and the connection with it.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if unsettled.run("ROLLBACK".to_owned()).await.is_ok() {
                    unsettled.settle();
                }
            });
        }
    }
}

fn failed(error: sqlx::Error) -> Error {
    DbErr::Query(RuntimeErr::SqlxError(error.into())).into()
}

fn query(sql: &str, values: Vec<Value>) -> Result<Query<'static, Postgres, PgArguments>> {
    let mut arguments = PgArguments::default();
    for value in values {
        let added = match value {
            Value::Bool(value) => arguments.add(value),
            Value::Int(value) => arguments.add(value),
            Value::BigInt(value) => arguments.add(value),
            Value::Double(value) => arguments.add(value),
            Value::String(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
            Value::Uuid(value) => arguments.add(value),
            other => panic!("no parameter of a statement is made of {other:?}"),
        };
        added.map_err(|error| failed(sqlx::Error::Encode(error)))?;
    }
    // A statement is prepared once for each text and planned for one role; were it the same text for two,
    // PostgreSQL would plan it anew whenever they take turns on a connection.
    Ok(sqlx::query_with(AssertSqlSafe(format!("/* tenant */ {sql}")), arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_named_after_the_owner_of_the_tables() {
        assert_eq!(role_of("stagedoor"), "stagedoor_tenant");
        assert_eq!(role_of(&"ü".repeat(40)), format!("{}_tenant", "ü".repeat(28)));
        assert_eq!(quoted(r#"a"b"#), r#""a""b""#);
    }
}
