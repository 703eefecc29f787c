use stagedoor_core::{SessionId, Timestamp, UserId};
use store::dialect::{for_update, skip_locked};
use store::{Result, Row, Tx};

/// One sign-in and which of its refresh tokens is live.
pub(crate) struct SessionRow {
    pub id: SessionId,
    pub account: UserId,
    /// Sealed.
    pub device: Vec<u8>,
    pub generation: i64,
    pub created_at: Timestamp,
    pub rotated_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

const SESSION: &str =
    "SELECT id, account_id, device, generation, created_at, rotated_at, expires_at, revoked_at FROM session";

impl SessionRow {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            account: row.get(1)?,
            device: row.get(2)?,
            generation: row.get(3)?,
            created_at: row.get(4)?,
            rotated_at: row.get(5)?,
            expires_at: row.get(6)?,
            revoked_at: row.get(7)?,
        })
    }
}

pub(crate) async fn insert_session(tx: &Tx, row: &SessionRow) -> Result<()> {
    tx.execute(
        "INSERT INTO session (id, account_id, device, generation, created_at, rotated_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        (row.id, row.account, &row.device[..], row.generation, row.created_at, row.rotated_at, row.expires_at),
    )
    .await?;
    Ok(())
}

/// The session, kept from changing until the transaction ends.
pub(crate) async fn lock_session(tx: &Tx, id: SessionId) -> Result<Option<SessionRow>> {
    tx.optional(&format!("{SESSION} WHERE id = $1{}", for_update(tx.backend())), (id,), SessionRow::read).await
}

/// Sessions of the account that can still be refreshed, the newest first; at most `limit`.
pub(crate) async fn live_sessions_of(tx: &Tx, account: UserId, limit: u32) -> Result<Vec<SessionRow>> {
    let sql =
        format!("{SESSION} WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY id DESC LIMIT $3");
    tx.all(&sql, (account, tx.now(), limit), SessionRow::read).await
}

/// Every session of the account that is still kept, the newest first.
pub(crate) async fn sessions_of(tx: &Tx, account: UserId) -> Result<Vec<SessionRow>> {
    tx.all(&format!("{SESSION} WHERE account_id = $1 ORDER BY id DESC"), (account,), SessionRow::read).await
}

/// Makes the next generation the live one. The rows touched are none when another was faster.
pub(crate) async fn rotate_session(tx: &Tx, row: &SessionRow, at: Timestamp, expires_at: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE session SET generation = generation + 1, rotated_at = $3, expires_at = $4
          WHERE id = $1 AND generation = $2 AND revoked_at IS NULL",
        (row.id, row.generation, at, expires_at),
    )
    .await
}

/// Ends the session, if it has not ended, and says whose it was.
pub(crate) async fn revoke_session(tx: &Tx, id: SessionId, at: Timestamp) -> Result<Option<UserId>> {
    let sql = "UPDATE session SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING account_id";
    tx.optional(sql, (id, at), |row| row.get(0)).await
}

/// Ends a session of the account; how many were ended.
pub(crate) async fn revoke_session_of(tx: &Tx, account: UserId, id: SessionId) -> Result<u64> {
    tx.execute(
        "UPDATE session SET revoked_at = $3 WHERE id = $2 AND account_id = $1 AND revoked_at IS NULL AND expires_at > $3",
        (account, id, tx.now()),
    )
    .await
}

/// Ends every session of the account but one and says which were ended.
pub(crate) async fn revoke_other_sessions_of(tx: &Tx, account: UserId, keep: SessionId) -> Result<Vec<SessionId>> {
    tx.all(
        "UPDATE session SET revoked_at = $3 WHERE account_id = $1 AND id <> $2 AND revoked_at IS NULL RETURNING id",
        (account, keep, tx.now()),
        |row| row.get(0),
    )
    .await
}

/// Ends every session of the account and says which were ended.
pub(crate) async fn revoke_sessions_of(tx: &Tx, account: UserId, at: Timestamp) -> Result<Vec<SessionId>> {
    tx.all(
        "UPDATE session SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL RETURNING id",
        (account, at),
        |row| row.get(0),
    )
    .await
}

/// Ends the sessions of the account but the `keep` that were used last, and says which were ended.
pub(crate) async fn revoke_sessions_beyond(tx: &Tx, account: UserId, keep: u32) -> Result<Vec<SessionId>> {
    // SQLite skips nothing without a limit.
    let sql = "UPDATE session SET revoked_at = $3
                WHERE id IN (SELECT id FROM session WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > $3
                              ORDER BY rotated_at DESC, id DESC LIMIT 1000 OFFSET $2)
               RETURNING id";
    tx.all(sql, (account, keep, tx.now()), |row| row.get(0)).await
}

/// With the time each was ended.
pub(crate) async fn sessions_revoked_since(tx: &Tx, since: Timestamp) -> Result<Vec<(SessionId, Timestamp)>> {
    let sql = "SELECT id, revoked_at FROM session WHERE revoked_at >= $1";
    tx.all(sql, (since,), |row| Ok((row.get(0)?, row.get(1)?))).await
}

pub(crate) async fn delete_sessions_expired_before(tx: &Tx, at: Timestamp) -> Result<u64> {
    let skip = skip_locked(tx.backend());
    let sql = format!("DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires_at < $1{skip})");
    tx.execute(&sql, (at,)).await
}

/// Whether the account has signed in before, and with this print.
pub(crate) async fn knows_device(tx: &Tx, account: UserId, print: [u8; 32]) -> Result<(bool, bool)> {
    let sql = "SELECT COUNT(*), COUNT(CASE WHEN print = $2 THEN 1 END) FROM known_device WHERE account_id = $1";
    tx.one(sql, (account, print), |row| Ok((row.get::<i64>(0)? > 0, row.get::<i64>(1)? > 0))).await
}

pub(crate) async fn put_device(tx: &Tx, account: UserId, print: [u8; 32]) -> Result<()> {
    tx.execute(
        "INSERT INTO known_device (account_id, print, seen_at) VALUES ($1, $2, $3)
         ON CONFLICT (account_id, print) DO UPDATE SET seen_at = excluded.seen_at",
        (account, print, tx.now()),
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete_devices_unseen_since(tx: &Tx, at: Timestamp) -> Result<u64> {
    let skip = skip_locked(tx.backend());
    let sql = format!(
        "DELETE FROM known_device WHERE (account_id, print) IN
            (SELECT account_id, print FROM known_device WHERE seen_at < $1{skip})"
    );
    tx.execute(&sql, (at,)).await
}
