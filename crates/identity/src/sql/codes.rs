use stagedoor_core::{Timestamp, UserId};
use store::dialect::skip_locked;
use store::{Result, Tx};
use uuid::Uuid;

use crate::contact::Channel;

/// A code that was sent to an address; `address` is sealed.
pub(crate) struct VerificationRow {
    pub account: UserId,
    pub channel: Channel,
    pub code: [u8; 32],
    pub address: Vec<u8>,
    pub tries_left: u32,
    pub expires_at: Timestamp,
}

/// The newest code is the only one.
pub(crate) async fn put_verification(tx: &Tx, row: &VerificationRow) -> Result<()> {
    tx.execute(
        "INSERT INTO verification (account_id, purpose, code, address, tries_left, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (account_id, purpose) DO UPDATE SET code = excluded.code, address = excluded.address,
            tries_left = excluded.tries_left, expires_at = excluded.expires_at",
        (row.account, row.channel.text(), row.code, &row.address[..], row.tries_left, row.expires_at),
    )
    .await?;
    Ok(())
}

/// The sealed address that a code was last sent to and did not come back from.
pub(crate) async fn pending_address(tx: &Tx, account: UserId, channel: Channel) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT address FROM verification WHERE account_id = $1 AND purpose = $2";
    tx.optional(sql, (account, channel.text()), |row| row.get(0)).await
}

/// Uses up one try; the hash to compare with and the sealed address, if there was a try left.
pub(crate) async fn try_verification(tx: &Tx, account: UserId, channel: Channel) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    tx.optional(
        "UPDATE verification SET tries_left = tries_left - 1
          WHERE account_id = $1 AND purpose = $2 AND tries_left > 0 AND expires_at > $3
         RETURNING code, address",
        (account, channel.text(), tx.now()),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// How many were there: one for the caller whose code it is, none for all others.
pub(crate) async fn take_verification(tx: &Tx, account: UserId, channel: Channel, code: [u8; 32]) -> Result<u64> {
    tx.execute(
        "DELETE FROM verification WHERE account_id = $1 AND purpose = $2 AND code = $3",
        (account, channel.text(), code),
    )
    .await
}

/// Whatever address was to be proven is not any more.
pub(crate) async fn delete_verifications(tx: &Tx, account: UserId) -> Result<()> {
    tx.execute("DELETE FROM verification WHERE account_id = $1", (account,)).await?;
    Ok(())
}

/// A token that sets a new password; `token` is its keyed hash.
pub(crate) struct ResetRow {
    pub id: Uuid,
    pub account: UserId,
    pub token: [u8; 32],
    pub channel: Channel,
    pub expires_at: Timestamp,
}

/// How many were added: none when the request has its token already.
pub(crate) async fn insert_reset(tx: &Tx, row: &ResetRow) -> Result<u64> {
    tx.execute(
        "INSERT INTO password_reset (id, account_id, token, channel, expires_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO NOTHING",
        (row.id, row.account, row.token, row.channel.text(), row.expires_at),
    )
    .await
}

/// Whose password a token sets, while it is good.
pub(crate) async fn reset_of(tx: &Tx, token: [u8; 32]) -> Result<Option<UserId>> {
    let sql = "SELECT account_id FROM password_reset WHERE token = $1 AND expires_at > $2";
    tx.optional(sql, (token, tx.now()), |row| row.get(0)).await
}

/// Uses the token up. The channel that it was sent by, for the one caller that finds it.
pub(crate) async fn take_reset(tx: &Tx, token: [u8; 32]) -> Result<Option<Channel>> {
    let sql = "DELETE FROM password_reset WHERE token = $1 AND expires_at > $2 RETURNING channel";
    let channel: Option<String> = tx.optional(sql, (token, tx.now()), |row| row.get(0)).await?;
    channel.map(|text| Channel::of(&text)).transpose()
}

pub(crate) async fn delete_resets(tx: &Tx, account: UserId) -> Result<()> {
    tx.execute("DELETE FROM password_reset WHERE account_id = $1", (account,)).await?;
    Ok(())
}

/// Codes and tokens that stopped being good before `at`.
pub(crate) async fn delete_codes_expired_before(tx: &Tx, at: Timestamp) -> Result<u64> {
    let skip = skip_locked(tx.backend());
    let codes = format!(
        "DELETE FROM verification WHERE (account_id, purpose) IN
            (SELECT account_id, purpose FROM verification WHERE expires_at < $1{skip})"
    );
    let tokens =
        format!("DELETE FROM password_reset WHERE id IN (SELECT id FROM password_reset WHERE expires_at < $1{skip})");
    Ok(tx.execute(&codes, (at,)).await? + tx.execute(&tokens, (at,)).await?)
}
