use stagedoor_core::{Timestamp, UserId};
use store::{IntoParam, Result, Tx, rows};

use crate::factor::Purpose;

/// The second factor of an account; `secret` is sealed.
pub(crate) struct FactorRow {
    pub secret: Vec<u8>,
    pub confirmed_at: Option<Timestamp>,
    tries: u32,
    window_at: Timestamp,
    reset_tries: u32,
    reset_window_at: Timestamp,
}

impl FactorRow {
    /// Codes that were tried, and since when.
    pub(crate) fn tried(&self, purpose: Purpose) -> (u32, Timestamp) {
        match purpose {
            Purpose::SignIn => (self.tries, self.window_at),
            Purpose::Reset => (self.reset_tries, self.reset_window_at),
        }
    }
}

pub(crate) async fn factor(tx: &Tx, account: UserId) -> Result<Option<FactorRow>> {
    let sql = "SELECT secret, confirmed_at, tries, window_at, reset_tries, reset_window_at
                 FROM second_factor WHERE account_id = $1";
    tx.optional(sql, (account,), |row| {
        Ok(FactorRow {
            secret: row.get(0)?,
            confirmed_at: row.get(1)?,
            tries: row.get(2)?,
            window_at: row.get(3)?,
            reset_tries: row.get(4)?,
            reset_window_at: row.get(5)?,
        })
    })
    .await
}

/// Puts a secret that is not confirmed yet in the place of another such; how many were put: none
/// when the factor is on.
pub(crate) async fn put_factor(tx: &Tx, account: UserId, secret: &[u8]) -> Result<u64> {
    tx.execute(
        "INSERT INTO second_factor (account_id, secret, last_step, tries, window_at, reset_tries, reset_window_at,
                created_at)
         VALUES ($1, $2, 0, 0, 0, 0, 0, $3)
         ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at
            WHERE second_factor.confirmed_at IS NULL",
        (account, secret, tx.now()),
    )
    .await
}

/// Turns the factor on; how many were turned on.
pub(crate) async fn confirm_factor(tx: &Tx, account: UserId, step: i64) -> Result<u64> {
    tx.execute(
        "UPDATE second_factor SET confirmed_at = $2, last_step = $3 WHERE account_id = $1 AND confirmed_at IS NULL",
        (account, tx.now(), step),
    )
    .await
}

/// Counts a try, when there is one left of `limit` since `since`; how many were counted.
pub(crate) async fn count_factor_try(
    tx: &Tx,
    account: UserId,
    purpose: Purpose,
    since: Timestamp,
    limit: u32,
) -> Result<u64> {
    let (tries, window_at) = match purpose {
        Purpose::SignIn => ("tries", "window_at"),
        Purpose::Reset => ("reset_tries", "reset_window_at"),
    };
    let sql = format!(
        "UPDATE second_factor SET {tries} = CASE WHEN {window_at} <= $2 THEN 1 ELSE {tries} + 1 END,
                {window_at} = CASE WHEN {window_at} <= $2 THEN $3 ELSE {window_at} END
          WHERE account_id = $1 AND confirmed_at IS NOT NULL AND ({window_at} <= $2 OR {tries} < $4)"
    );
    tx.execute(&sql, (account, since, tx.now(), limit)).await
}

/// Uses a step of time up, and with it every earlier one; how many did: one caller for each step.
pub(crate) async fn use_factor_step(tx: &Tx, account: UserId, step: i64) -> Result<u64> {
    tx.execute(
        "UPDATE second_factor SET last_step = $2 WHERE account_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2",
        (account, step),
    )
    .await
}

/// After a right code earlier mistakes count no more.
pub(crate) async fn forgive_factor_tries(tx: &Tx, account: UserId) -> Result<()> {
    tx.execute("UPDATE second_factor SET tries = 0, reset_tries = 0 WHERE account_id = $1", (account,)).await?;
    Ok(())
}

pub(crate) async fn delete_factor(tx: &Tx, account: UserId) -> Result<()> {
    tx.execute("DELETE FROM second_factor WHERE account_id = $1", (account,)).await?;
    tx.execute("DELETE FROM recovery_code WHERE account_id = $1", (account,)).await?;
    Ok(())
}

/// Puts these recovery codes, as keyed hashes, in the place of all earlier ones.
pub(crate) async fn put_recovery_codes(tx: &Tx, account: UserId, codes: &[[u8; 32]]) -> Result<()> {
    tx.execute("DELETE FROM recovery_code WHERE account_id = $1", (account,)).await?;
    let sql = format!("INSERT INTO recovery_code (account_id, code) VALUES {}", rows(codes.len(), 2));
    let params: Vec<_> = codes.iter().flat_map(|code| [account.into_param(), code.into_param()]).collect();
    tx.execute(&sql, params).await?;
    Ok(())
}

/// How many were there: one for the one caller that uses it.
pub(crate) async fn take_recovery_code(tx: &Tx, account: UserId, code: [u8; 32]) -> Result<u64> {
    tx.execute("DELETE FROM recovery_code WHERE account_id = $1 AND code = $2", (account, code)).await
}

pub(crate) async fn recovery_codes_left(tx: &Tx, account: UserId) -> Result<i64> {
    tx.one("SELECT COUNT(*) FROM recovery_code WHERE account_id = $1", (account,), |row| row.get(0)).await
}
