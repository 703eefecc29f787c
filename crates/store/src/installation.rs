//! What is decided once for a database and holds for as long as it lives.

use crate::{Result, Tx};

/// Decides `name` as `value` unless it is decided already; gives what it is.
pub async fn decide(tx: &Tx, name: &str, value: &str) -> Result<String> {
    tx.execute("INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", (name, value))
        .await?;
    tx.one("SELECT value FROM installation WHERE name = $1", (name,), |row| row.get(0)).await
}

/// What `name` was decided to be; `None` when it was not.
pub async fn decided(tx: &Tx, name: &str) -> Result<Option<String>> {
    tx.optional("SELECT value FROM installation WHERE name = $1", (name,), |row| row.get(0)).await
}
