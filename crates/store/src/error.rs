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
    /// Does not return when an SQLite file could not be flushed: from then on the system may show in
    /// it what is not on the disk, and may say of a second flush that all is well. So nothing is read
    /// from it or written to it any more, and whoever starts the process anew has it ask the disk.
    fn from(error: DbErr) -> Self {
        if is_unflushed(&error) {
            tracing::error!(
                %error,
                "the disk did not flush the database, so what its file shows cannot be believed: ending at once"
            );
            std::process::abort();
        }
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
        _ => match below(error) {
            Some(sqlx::Error::PoolTimedOut | sqlx::Error::Io(_)) => true,
            Some(sqlx::Error::Database(error)) => passes(&error.code().unwrap_or_default()),
            _ => false,
        },
    }
}

fn is_unflushed(error: &DbErr) -> bool {
    match below(error) {
        Some(sqlx::Error::Database(error)) => error.code().is_some_and(|code| UNFLUSHED.contains(&&*code)),
        _ => false,
    }
}

/// What the library below said.
fn below(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// SQLite's IOERR_FSYNC and IOERR_DIR_FSYNC. A SQLSTATE is longer.
const UNFLUSHED: [&str; 2] = ["1034", "1290"];

/// Whether a database's code is of something that passes. A SQLSTATE has five characters, a number
/// of SQLite's fewer, with the family in its last eight bits.
fn passes(code: &str) -> bool {
    /// BUSY, LOCKED and FULL.
    const FAMILIES: [u32; 3] = [5, 6, 13];
    /// IOERR_WRITE, _TRUNCATE and _SHMSIZE: a full disk says so in many ways.
    const UNWRITTEN: [u32; 3] = [778, 1546, 4874];
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
        for code in ["5", "6", "261", "517", "13", "778", "1546", "4874"] {
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
