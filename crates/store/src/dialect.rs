//! The few places where SQLite and PostgreSQL need different text. Everything else is shared.

use crate::Backend;

/// The text of a migration for the database at hand: lines between `-- sqlite:` or `-- postgres:`
/// and `-- end` are for that database only, and column types get the names it knows.
pub(crate) fn schema(backend: Backend, sql: &str) -> String {
    let mut only = None;
    let mut text = String::with_capacity(sql.len());
    for line in sql.lines() {
        match line.trim() {
            "-- sqlite:" => only = Some(Backend::Sqlite),
            "-- postgres:" => only = Some(Backend::Postgres),
            "-- end" => only = None,
            _ if only.is_none_or(|only| only == backend) => {
                text.push_str(line);
                text.push('\n');
            }
            _ => {}
        }
    }
    match backend {
        Backend::Postgres => text,
        // SQLite would give UUID and BYTEA numeric affinity.
        Backend::Sqlite => text.replace("UUID", "BLOB").replace("BYTEA", "BLOB"),
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

/// A condition: whether the list of applied migrations exists.
pub(crate) fn has_migrations(backend: Backend) -> &'static str {
    match backend {
        Backend::Postgres => "to_regclass('schema_migration') IS NOT NULL",
        Backend::Sqlite => "EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'schema_migration')",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_keeps_only_the_lines_of_its_database() {
        let sql = "CREATE TABLE a (id UUID);\n-- sqlite:\nCREATE TRIGGER s;\n-- end\n-- postgres:\nCREATE TRIGGER p;\n-- end\n-- both\nCREATE TABLE b (x BYTEA);\n";
        assert_eq!(
            schema(Backend::Sqlite, sql),
            "CREATE TABLE a (id BLOB);\nCREATE TRIGGER s;\n-- both\nCREATE TABLE b (x BLOB);\n"
        );
        assert_eq!(
            schema(Backend::Postgres, sql),
            "CREATE TABLE a (id UUID);\nCREATE TRIGGER p;\n-- both\nCREATE TABLE b (x BYTEA);\n"
        );
    }
}
