use stagedoor_core::{EntryId, Money};
use store::{Result, Tx};
use uuid::Uuid;

use crate::ledger::{Account, Entry, Movement};

/// A line as it is stored: account, party, minor units, currency.
pub(crate) type StoredLine = (String, Uuid, i64, String);

pub(crate) fn stored_lines(entry: &Entry) -> Vec<StoredLine> {
    let lines = entry.lines().iter().map(|line| {
        let (account, party) = line.account.parts();
        (account.to_owned(), party, line.amount.minor, line.amount.currency.code().to_owned())
    });
    lines.collect()
}

/// Adds the entry and its lines; `false` when its movement is there already.
pub(crate) async fn insert_entry(tx: &Tx, entry: &Entry) -> Result<bool> {
    let id = tx.env().id::<EntryId>();
    let (movement, subject) = entry.movement().parts();
    let inserted = tx
        .execute(
            "INSERT INTO ledger_entry (id, movement, subject, lines, posted_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (movement, subject) DO NOTHING",
            (id, movement, subject, entry.lines().len() as i64, tx.now()),
        )
        .await?;
    if inserted == 0 {
        return Ok(false);
    }
    for (at, line) in entry.lines().iter().enumerate() {
        let (account, party) = line.account.parts();
        tx.execute(
            "INSERT INTO ledger_line (entry_id, line, account, party, amount_minor, currency)
             VALUES ($1, $2, $3, $4, $5, $6)",
            (id, at as i64, account, party, line.amount.minor, line.amount.currency),
        )
        .await?;
    }
    Ok(true)
}

pub(crate) async fn entry_lines(tx: &Tx, movement: Movement) -> Result<Vec<StoredLine>> {
    tx.all(
        "SELECT ledger_line.account, ledger_line.party, ledger_line.amount_minor, ledger_line.currency
           FROM ledger_entry JOIN ledger_line ON ledger_line.entry_id = ledger_entry.id
          WHERE ledger_entry.movement = $1 AND ledger_entry.subject = $2
          ORDER BY ledger_line.line",
        movement.parts(),
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )
    .await
}

pub(crate) async fn balance(tx: &Tx, account: Account) -> Result<Vec<Money>> {
    tx.all(
        "SELECT CAST(SUM(amount_minor) AS BIGINT), currency FROM ledger_line
          WHERE account = $1 AND party = $2 GROUP BY currency ORDER BY currency",
        account.parts(),
        |row| Ok(Money::new(row.get(0)?, row.get(1)?)),
    )
    .await
}

pub(crate) async fn currency_sums(tx: &Tx) -> Result<Vec<Money>> {
    tx.all(
        "SELECT CAST(SUM(amount_minor) AS BIGINT), currency FROM ledger_line GROUP BY currency ORDER BY currency",
        (),
        |row| Ok(Money::new(row.get(0)?, row.get(1)?)),
    )
    .await
}

pub(crate) async fn unbalanced_entries(tx: &Tx) -> Result<Vec<(EntryId, Money)>> {
    tx.all(
        "SELECT entry_id, CAST(SUM(amount_minor) AS BIGINT), currency FROM ledger_line
          GROUP BY entry_id, currency HAVING SUM(amount_minor) <> 0 ORDER BY entry_id, currency LIMIT 100",
        (),
        |row| Ok((row.get(0)?, Money::new(row.get(1)?, row.get(2)?))),
    )
    .await
}

/// Entries whose number of lines is not the one they were posted with.
pub(crate) async fn short_entries(tx: &Tx) -> Result<Vec<EntryId>> {
    tx.all(
        "SELECT ledger_entry.id
           FROM ledger_entry LEFT JOIN ledger_line ON ledger_line.entry_id = ledger_entry.id
          GROUP BY ledger_entry.id, ledger_entry.lines
         HAVING COUNT(ledger_line.line) <> ledger_entry.lines
          ORDER BY ledger_entry.id LIMIT 100",
        (),
        |row| row.get(0),
    )
    .await
}

/// What payments took less what refunds gave back, for each currency in use. A failed payment
/// gave back what it took without a refund of its own.
pub(crate) async fn taken_by_payments(tx: &Tx) -> Result<Vec<Money>> {
    tx.all(
        "SELECT CAST(SUM(minor) AS BIGINT), currency FROM (
                SELECT captured_minor AS minor, currency FROM payment WHERE state <> 'failed'
                UNION ALL
                SELECT -amount_minor AS minor, currency FROM refund WHERE state = 'refunded') AS moved
          GROUP BY currency ORDER BY currency",
        (),
        |row| Ok(Money::new(row.get(0)?, row.get(1)?)),
    )
    .await
}
