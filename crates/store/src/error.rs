use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr};

pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong between a statement and its answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique or foreign key refused the change: another writer was first, or the row named
    /// does not exist. `constraint` is the database's own text and is meant for logs.
    #[error("the change conflicts with existing rows")]
    Conflict { constraint: String },
    /// No connection or lock in time; trying again later may work.
    #[error("the database is busy")]
    Busy(#[source] DbErr),
    #[error("the database failed")]
    Fault(#[source] DbErr),
    /// The data folder or database does not fit this program.
    #[error("{0}")]
    Setup(String),
}

impl Error {
    /// A row or value that the schema promises was not there.
    pub(crate) fn missing(what: &str) -> Self {
        Error::Fault(DbErr::RecordNotFound(what.to_owned()))
    }

    /// A stored value that does not fit its type.
    pub fn corrupt(what: impl Into<String>) -> Self {
        Error::Fault(DbErr::Type(what.into()))
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(text) | SqlErr::ForeignKeyConstraintViolation(text)) =
            error.sql_err()
        {
            return Error::Conflict { constraint: text };
        }
        if is_busy(&error) { Error::Busy(error) } else { Error::Fault(error) }
    }
}

/// SQLite's BUSY and LOCKED families; PostgreSQL's deadlock, serialization and "cannot connect
/// now" classes; a pool with no connection in time.
fn is_busy(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => true,
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) => true,
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default();
                matches!(&*code, "5" | "6" | "261" | "517" | "40001" | "40P01" | "57P03" | "53300")
            }
            _ => false,
        },
        _ => false,
    }
}
