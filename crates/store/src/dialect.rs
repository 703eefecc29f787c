//! The few places where SQLite and PostgreSQL need different text. Everything else is shared.

use crate::Backend;

/// Column types of a migration, as the database at hand names them.
pub(crate) fn schema(backend: Backend, sql: &str) -> String {
    match backend {
        Backend::Postgres => sql.to_owned(),
        // SQLite would give UUID and BYTEA numeric affinity.
        Backend::Sqlite => sql.replace("UUID", "BLOB").replace("BYTEA", "BLOB"),
    }
}

/// Appended to a `SELECT` that picks rows to work on: on PostgreSQL rows other workers hold are
/// skipped, on SQLite there is only one writer.
pub fn skip_locked(backend: Backend) -> &'static str {
    match backend {
        Backend::Postgres => " FOR UPDATE SKIP LOCKED",
        Backend::Sqlite => "",
    }
}

/// Appended to a `SELECT` inside a write transaction that reads a row it is about to change.
pub fn for_update(backend: Backend) -> &'static str {
    match backend {
        Backend::Postgres => " FOR UPDATE",
        Backend::Sqlite => "",
    }
}
