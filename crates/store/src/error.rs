use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr};

pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong between a statement and its answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique or foreign key refused the change: another writer was first, or the row named
    /// does not exist. `constraint` is the database's own text and is meant for logs.
    #[error("the change conflicts with existing rows")]
    Conflict { constraint: String },
    /// No connection, lock or room now; trying again later may work.
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

/// What passes by itself or with an operator's help, so that the same call may work later: no
/// connection in time, a connection that was lost, and what [`passes`].
fn is_busy(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => true,
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) => true,
            sqlx::Error::Database(error) => passes(&error.code().unwrap_or_default()),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a database's code is of something that passes. A SQLSTATE has five characters, a number
/// of SQLite's fewer, with the family in its last eight bits.
fn passes(code: &str) -> bool {
    /// BUSY, LOCKED and FULL.
    const FAMILIES: [u32; 3] = [5, 6, 13];
    /// IOERR_WRITE, _FSYNC, _TRUNCATE and _SHMSIZE: a full disk says so in many ways.
    const UNWRITTEN: [u32; 4] = [778, 1034, 1546, 4874];
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => FAMILIES.contains(&(number & 0xff)) || UNWRITTEN.contains(&number),
        // Connection lost, no room (disk, memory, connections), deadlock or serialization, lock not
        // to be had, server shutting down, crashed or starting, session ended for idleness.
        _ => {
            code.starts_with("08")
                || code.starts_with("53")
                || matches!(code, "40001" | "40P01" | "55P03" | "57P01" | "57P02" | "57P03" | "57P05")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_stays_broken() {
        for code in ["5", "6", "261", "517", "13", "778", "1034", "1546", "4874"] {
            assert!(passes(code), "SQLite {code}");
        }
        // ERROR, IOERR_READ, CORRUPT, CANTOPEN, a broken NOT NULL, NOTADB, IOERR_CORRUPTFS.
        for code in ["1", "266", "11", "14", "1299", "26", "8458"] {
            assert!(!passes(code), "SQLite {code}");
        }
        for code in ["08000", "08006", "53100", "53300", "40001", "40P01", "55P03", "57P01", "57P02", "57P03", "57P05"]
        {
            assert!(passes(code), "PostgreSQL {code}");
        }
        // Syntax, a column that is not there, a broken check, cancelled, no such database, damage.
        for code in ["42601", "42703", "23514", "57014", "57P04", "XX001", ""] {
            assert!(!passes(code), "PostgreSQL {code}");
        }
    }
}
