//! Brings the schema up to date: an ordered list of files, each applied once, in a transaction.

use sha2::{Digest, Sha256};

use crate::{Backend, Error, Result, Store, Tx, dialect};

/// Forward only; a released file is never edited (its hash is checked).
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_store", include_str!("../../../migrations/0001_store.sql")),
    ("0002_jobs", include_str!("../../../migrations/0002_jobs.sql")),
    ("0003_identity", include_str!("../../../migrations/0003_identity.sql")),
    ("0004_catalog", include_str!("../../../migrations/0004_catalog.sql")),
    ("0005_payments", include_str!("../../../migrations/0005_payments.sql")),
    ("0006_tickets", include_str!("../../../migrations/0006_tickets.sql")),
    ("0007_sales", include_str!("../../../migrations/0007_sales.sql")),
    ("0008_store_installation", include_str!("../../../migrations/0008_store_installation.sql")),
    ("0009_notify", include_str!("../../../migrations/0009_notify.sql")),
    ("0010_store_audit", include_str!("../../../migrations/0010_store_audit.sql")),
    ("0011_identity_programs", include_str!("../../../migrations/0011_identity_programs.sql")),
    ("0012_identity_sign_in", include_str!("../../../migrations/0012_identity_sign_in.sql")),
    ("0013_identity_tenants", include_str!("../../../migrations/0013_identity_tenants.sql")),
    ("0014_sales_contracts", include_str!("../../../migrations/0014_sales_contracts.sql")),
    ("0015_store_signing", include_str!("../../../migrations/0015_store_signing.sql")),
    ("0016_store_tenants", include_str!("../../../migrations/0016_store_tenants.sql")),
    ("0017_store_audit", include_str!("../../../migrations/0017_store_audit.sql")),
    ("0018_sales_blocks", include_str!("../../../migrations/0018_sales_blocks.sql")),
    ("0019_identity_guests", include_str!("../../../migrations/0019_identity_guests.sql")),
    ("0020_catalog_barcodes", include_str!("../../../migrations/0020_catalog_barcodes.sql")),
    ("0021_tickets_live", include_str!("../../../migrations/0021_tickets_live.sql")),
];

/// An arbitrary constant that all nodes share: only one of them migrates at a time.
pub(crate) const POSTGRES_LOCK: &str = "SELECT pg_advisory_xact_lock(7827461)";

pub(crate) async fn run(store: &Store) -> Result<()> {
    let tx = store.begin_write().await?;
    if store.backend() == Backend::Postgres {
        tx.script(POSTGRES_LOCK).await?;
    }
    tx.script(&dialect::schema(
        store.backend(),
        "CREATE TABLE IF NOT EXISTS schema_migration (name TEXT PRIMARY KEY, hash BYTEA NOT NULL, applied_at BIGINT NOT NULL)",
    ))
    .await?;
    let applied = applied(&tx).await?;
    for (name, sql) in MIGRATIONS {
        if applied.contains(name) {
            continue;
        }
        tx.script(&dialect::schema(store.backend(), sql)).await?;
        tx.execute(
            "INSERT INTO schema_migration (name, hash, applied_at) VALUES ($1, $2, $3)",
            (*name, hash(sql), tx.now()),
        )
        .await?;
        tracing::info!(migration = name, "schema migrated");
    }
    tx.commit().await
}

/// Refuses a schema that is not the one of this release; changes nothing.
pub(crate) async fn check(store: &Store) -> Result<()> {
    let tx = store.begin_read().await?;
    let condition = format!("SELECT 1 WHERE {}", dialect::has_migrations(store.backend()));
    if tx.optional(&condition, (), |_| Ok(())).await?.is_none() {
        return Err(Error::Setup("this is not a database of Stagedoor".into()));
    }
    let applied = applied(&tx).await?;
    match MIGRATIONS.iter().find(|(name, _)| !applied.contains(name)) {
        Some((name, _)) => Err(Error::Setup(format!(
            "the database was last used by an older release (this one needs its schema to have {name}): \
             use that release, or start this one's server on it, which migrates it"
        ))),
        None => Ok(()),
    }
}

/// The migrations that were applied, each known here and the same.
async fn applied(tx: &Tx) -> Result<Vec<&'static str>> {
    let rows = tx.all("SELECT name, hash FROM schema_migration ORDER BY name", (), |row| {
        Ok((row.get::<String>(0)?, row.get::<Vec<u8>>(1)?))
    });
    let known = |(name, before): (String, Vec<u8>)| match MIGRATIONS.iter().find(|(known, _)| *known == name) {
        Some((known, sql)) if hash(sql)[..] == before => Ok(*known),
        Some(_) => Err(Error::Setup(format!("migration {name} differs from the one that was applied"))),
        None => Err(Error::Setup(format!("the database was migrated by a newer release ({name} is unknown here)"))),
    };
    rows.await?.into_iter().map(known).collect()
}

fn hash(sql: &str) -> [u8; 32] {
    Sha256::digest(sql).into()
}
