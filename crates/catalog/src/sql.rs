//! Every statement on the catalogue's tables.

mod event;
mod venue;

use stagedoor_core::{FieldError, OrganizerId};
use store::{Result, Tx};
use uuid::Uuid;

pub(crate) use event::*;
pub use event::{EventStanding, standings};
pub(crate) use venue::*;

/// Ours for what `source` calls `external`, if it was imported before.
pub async fn imported(
    tx: &Tx,
    organizer: OrganizerId,
    source: &str,
    kind: &str,
    external: &str,
) -> Result<Option<Uuid>> {
    tx.optional(
        "SELECT local_id FROM external_id
          WHERE organizer_id = $1 AND source = $2 AND kind = $3 AND external_id = $4",
        (organizer, source, kind, external),
        |row| row.get(0),
    )
    .await
}

pub async fn remember_import(
    tx: &Tx,
    organizer: OrganizerId,
    source: &str,
    kind: &str,
    external: &str,
    local: Uuid,
) -> Result<()> {
    tx.execute(
        "INSERT INTO external_id (organizer_id, source, kind, external_id, local_id) VALUES ($1, $2, $3, $4, $5)",
        (organizer, source, kind, external, local),
    )
    .await?;
    Ok(())
}

/// A stored value was checked when it was saved; one that no longer fits is a fault.
fn trusted<T>(parsed: std::result::Result<T, FieldError>) -> Result<T> {
    parsed.map_err(|error| store::Error::corrupt(error.to_string()))
}
