use stagedoor_core::{IdentityCheckId, Timestamp, UserId};
use store::{Result, Row, Tx};

/// A check of a person; `document` and `reason` are sealed.
pub(crate) struct CheckRow {
    pub id: IdentityCheckId,
    pub account: UserId,
    pub document: Option<Vec<u8>>,
    pub status: String,
    pub reason: Option<Vec<u8>>,
    pub submitted_at: Timestamp,
    pub decided_at: Option<Timestamp>,
}

const CHECK: &str = "SELECT id, account_id, document, status, reason, submitted_at, decided_at FROM identity_check WHERE document IS NOT NULL";

impl CheckRow {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            account: row.get(1)?,
            document: row.get(2)?,
            status: row.get(3)?,
            reason: row.get(4)?,
            submitted_at: row.get(5)?,
            decided_at: row.get(6)?,
        })
    }
}

pub(crate) async fn insert_check(tx: &Tx, row: &CheckRow) -> Result<()> {
    tx.execute(
        "INSERT INTO identity_check (id, account_id, document, status, submitted_at) VALUES ($1, $2, $3, $4, $5)",
        (row.id, row.account, row.document.clone(), &row.status, row.submitted_at),
    )
    .await?;
    Ok(())
}

pub(crate) async fn check(tx: &Tx, id: IdentityCheckId) -> Result<Option<CheckRow>> {
    tx.optional(&format!("{CHECK} AND id = $1"), (id,), CheckRow::read).await
}

/// The newest first.
pub(crate) async fn checks_of(tx: &Tx, account: UserId, limit: u32) -> Result<Vec<CheckRow>> {
    let sql = format!("{CHECK} AND account_id = $1 ORDER BY id DESC LIMIT $2");
    tx.all(&sql, (account, limit), CheckRow::read).await
}

/// The oldest first.
pub(crate) async fn checks(tx: &Tx, status: &str, after: Option<IdentityCheckId>, limit: u32) -> Result<Vec<CheckRow>> {
    let sql = format!("{CHECK} AND status = $1 AND id > $2 ORDER BY id LIMIT $3");
    let after = after.unwrap_or(IdentityCheckId(uuid::Uuid::nil()));
    tx.all(&sql, (status, after, limit), CheckRow::read).await
}

/// How many were decided: none when another decision was first.
pub(crate) async fn decide_check(
    tx: &Tx,
    id: IdentityCheckId,
    status: &str,
    reason: Option<Vec<u8>>,
    by: Option<UserId>,
) -> Result<u64> {
    tx.execute(
        "UPDATE identity_check SET status = $2, reason = $3, decided_at = $4, decided_by = $5
          WHERE id = $1 AND status = 'pending'",
        (id, status, reason, tx.now(), by),
    )
    .await
}

/// Ends what the account's checks say; their ids, and what each said before.
pub(crate) async fn lapse_checks(tx: &Tx, account: UserId) -> Result<Vec<(IdentityCheckId, String)>> {
    let sql = "SELECT id, status FROM identity_check WHERE account_id = $1 AND status IN ('pending', 'verified')";
    let checks = tx.all(sql, (account,), |row| Ok((row.get(0)?, row.get(1)?))).await?;
    let sql = "UPDATE identity_check SET status = 'lapsed', decided_at = COALESCE(decided_at, $2)
                WHERE account_id = $1 AND status IN ('pending', 'verified')";
    tx.execute(sql, (account, tx.now())).await?;
    Ok(checks)
}
