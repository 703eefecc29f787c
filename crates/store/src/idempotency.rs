//! Idempotency keys: the same key and body give the same answer and one effect.
//!
//! A key is claimed in the transaction of its effect, so the two exist together or not at all.
//! Source: API.md "Idempotency"; RELIABILITY I13.

use sha2::{Digest, Sha256};
use stagedoor_core::Timestamp;
use uuid::Uuid;

use crate::{Result, Tx};

/// Who used a key for what: two callers, or two operations, never share a key.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The signed-in user.
    pub principal: Uuid,
    /// Such as `"orders.place"`.
    pub operation: &'static str,
    /// As the client sent it.
    pub key: &'a str,
}

/// What the key stood for before this call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Not seen before; it now stands for `subject`.
    Fresh,
    /// Seen with the same body: its effect is `subject`; `answer` is there once one was given.
    Seen { subject: Uuid, answer: Option<Answer> },
    /// Seen with another body.
    Mismatch,
}

/// An answer to give again, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// The fingerprint of a request body.
pub fn body_hash(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

/// Claims `scope` for `subject`, the id of what the effect creates or changes.
pub async fn claim(tx: &Tx, scope: Scope<'_>, body_hash: [u8; 32], subject: Uuid) -> Result<Claim> {
    loop {
        let fresh = tx
            .execute(
                "INSERT INTO idempotency_key (principal, operation, key, body_hash, subject, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (principal, operation, key) DO NOTHING",
                (scope.principal, scope.operation, scope.key, body_hash, subject, tx.now()),
            )
            .await?;
        if fresh == 1 {
            return Ok(Claim::Fresh);
        }
        // On PostgreSQL a statement sees what was committed before it: the key that the insert met
        // may have been pruned since, and then it is free.
        if let Some(seen) = find(tx, scope, body_hash).await? {
            return Ok(seen);
        }
    }
}

/// What `scope` stands for; `None` when it was never claimed.
pub async fn find(tx: &Tx, scope: Scope<'_>, body_hash: [u8; 32]) -> Result<Option<Claim>> {
    tx.optional(
        "SELECT body_hash, subject, status, body FROM idempotency_key WHERE principal = $1 AND operation = $2 AND key = $3",
        (scope.principal, scope.operation, scope.key),
        |row| {
            if row.get::<Vec<u8>>(0)? != body_hash {
                return Ok(Claim::Mismatch);
            }
            let answer = match (row.get::<Option<i64>>(2)?, row.get::<Option<Vec<u8>>>(3)?) {
                (Some(status), Some(body)) => Some(Answer { status: status as u16, body }),
                _ => None,
            };
            Ok(Claim::Seen { subject: row.get(1)?, answer })
        },
    )
    .await
}

/// Remembers the first answer given under `scope`; a later one does not replace it.
pub async fn answered(tx: &Tx, scope: Scope<'_>, answer: &Answer) -> Result<()> {
    tx.execute(
        "UPDATE idempotency_key SET status = $4, body = $5
          WHERE principal = $1 AND operation = $2 AND key = $3 AND status IS NULL",
        (scope.principal, scope.operation, scope.key, i64::from(answer.status), &answer.body[..]),
    )
    .await?;
    Ok(())
}

/// Forgets keys claimed before `before`; returns how many. What a key created is guarded by its
/// own constraints, so forgetting the key cannot repeat the effect.
pub async fn prune(tx: &Tx, before: Timestamp) -> Result<u64> {
    tx.execute("DELETE FROM idempotency_key WHERE created_at < $1", (before,)).await
}
