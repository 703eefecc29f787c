use stagedoor_core::{SessionId, Timestamp, UserId};
use store::dialect::{for_update, skip_locked};
use store::{Result, Row, Tx};

use crate::refresh::Family;

/// A guest, which is one session.
pub(crate) struct GuestRow {
    pub id: UserId,
    pub session: SessionId,
    pub generation: i64,
    pub created_at: Timestamp,
    pub rotated_at: Timestamp,
    pub expires_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl GuestRow {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            session: row.get(1)?,
            generation: row.get(2)?,
            created_at: row.get(3)?,
            rotated_at: row.get(4)?,
            expires_at: row.get(5)?,
            ended_at: row.get(6)?,
        })
    }

    pub(crate) fn family(&self) -> Family {
        Family {
            generation: self.generation,
            rotated_at: self.rotated_at,
            expires_at: self.expires_at,
            revoked_at: self.ended_at,
        }
    }
}

pub(crate) async fn insert_guest(tx: &Tx, row: &GuestRow) -> Result<()> {
    tx.execute(
        "INSERT INTO guest (id, session_id, generation, created_at, rotated_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        (row.id, row.session, row.generation, row.created_at, row.rotated_at, row.expires_at),
    )
    .await?;
    Ok(())
}

/// The guest of a session, kept from changing until the transaction ends.
pub(crate) async fn lock_guest(tx: &Tx, session: SessionId) -> Result<Option<GuestRow>> {
    let sql = format!(
        "SELECT id, session_id, generation, created_at, rotated_at, expires_at, ended_at
           FROM guest WHERE session_id = $1{}",
        for_update(tx.backend())
    );
    tx.optional(&sql, (session,), GuestRow::read).await
}

/// Makes the next generation of the locked guest the live one.
pub(crate) async fn rotate_guest(tx: &Tx, row: &GuestRow, at: Timestamp, expires_at: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE guest SET generation = generation + 1, rotated_at = $3, expires_at = $4
          WHERE id = $1 AND generation = $2 AND ended_at IS NULL",
        (row.id, row.generation, at, expires_at),
    )
    .await
}

/// Ends the session, if nothing has ended it; how many were ended. `heir`: whose what it held is from now on. One
/// that has expired is ended all the same: its last access token is good for a while longer, and so is what it holds.
pub(crate) async fn end_guest(tx: &Tx, session: SessionId, heir: Option<UserId>) -> Result<u64> {
    tx.execute(
        "UPDATE guest SET ended_at = $2, heir = $3 WHERE session_id = $1 AND ended_at IS NULL",
        (session, tx.now(), heir),
    )
    .await
}

/// With the time each was ended.
pub(crate) async fn guests_ended_since(tx: &Tx, since: Timestamp) -> Result<Vec<(SessionId, Timestamp)>> {
    let sql = "SELECT session_id, ended_at FROM guest WHERE ended_at >= $1";
    tx.all(sql, (since,), |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// Whether their sessions expired by themselves or were ended before.
pub(crate) async fn delete_guests_expired_before(tx: &Tx, at: Timestamp) -> Result<u64> {
    let skip = skip_locked(tx.backend());
    let sql = format!("DELETE FROM guest WHERE id IN (SELECT id FROM guest WHERE expires_at < $1{skip})");
    tx.execute(&sql, (at,)).await
}
