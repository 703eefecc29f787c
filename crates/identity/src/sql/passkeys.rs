use stagedoor_core::{PasskeyId, Timestamp, UserId};
use store::dialect::skip_locked;
use store::{Result, Row, Tx};
use uuid::Uuid;

/// `credential` and `name` are sealed.
pub(crate) struct PasskeyRow {
    pub id: PasskeyId,
    pub account: UserId,
    pub print: [u8; 32],
    pub credential: Vec<u8>,
    pub name: Vec<u8>,
    pub created_at: Timestamp,
    pub used_at: Option<Timestamp>,
    pub warned_at: Option<Timestamp>,
}

const PASSKEY: &str = "SELECT id, account_id, print, credential, name, created_at, used_at, warned_at FROM passkey";

impl PasskeyRow {
    fn read(row: &Row) -> Result<Self> {
        let print: Vec<u8> = row.get(2)?;
        Ok(Self {
            id: row.get(0)?,
            account: row.get(1)?,
            print: print.try_into().map_err(|_| store::Error::corrupt("the print of a passkey".to_owned()))?,
            credential: row.get(3)?,
            name: row.get(4)?,
            created_at: row.get(5)?,
            used_at: row.get(6)?,
            warned_at: row.get(7)?,
        })
    }
}

/// `Conflict` when the credential is registered, whoever has it.
pub(crate) async fn insert_passkey(tx: &Tx, row: &PasskeyRow) -> Result<()> {
    tx.execute(
        "INSERT INTO passkey (id, account_id, print, credential, name, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        (row.id, row.account, row.print, &row.credential[..], &row.name[..], row.created_at),
    )
    .await?;
    Ok(())
}

/// The newest first.
pub(crate) async fn passkeys_of(tx: &Tx, account: UserId) -> Result<Vec<PasskeyRow>> {
    tx.all(&format!("{PASSKEY} WHERE account_id = $1 ORDER BY id DESC"), (account,), PasskeyRow::read).await
}

pub(crate) async fn passkey(tx: &Tx, account: UserId, id: PasskeyId) -> Result<Option<PasskeyRow>> {
    tx.optional(&format!("{PASSKEY} WHERE account_id = $1 AND id = $2"), (account, id), PasskeyRow::read).await
}

/// Whose passkey has this print.
pub(crate) async fn owner_of_passkey(tx: &Tx, print: [u8; 32]) -> Result<Option<UserId>> {
    tx.optional("SELECT account_id FROM passkey WHERE print = $1", (print,), |row| row.get(0)).await
}

/// The account's passkey with this print.
pub(crate) async fn passkey_by_print(tx: &Tx, account: UserId, print: [u8; 32]) -> Result<Option<PasskeyRow>> {
    tx.optional(&format!("{PASSKEY} WHERE account_id = $1 AND print = $2"), (account, print), PasskeyRow::read).await
}

pub(crate) async fn use_passkey(tx: &Tx, id: PasskeyId, credential: &[u8]) -> Result<()> {
    tx.execute("UPDATE passkey SET credential = $2, used_at = $3 WHERE id = $1", (id, credential, tx.now())).await?;
    Ok(())
}

pub(crate) async fn warn_of_passkey(tx: &Tx, id: PasskeyId) -> Result<()> {
    tx.execute("UPDATE passkey SET warned_at = $2 WHERE id = $1", (id, tx.now())).await?;
    Ok(())
}

pub(crate) async fn rename_passkey(tx: &Tx, id: PasskeyId, name: &[u8]) -> Result<()> {
    tx.execute("UPDATE passkey SET name = $2 WHERE id = $1", (id, name)).await?;
    Ok(())
}

/// How many there were.
pub(crate) async fn delete_passkeys(tx: &Tx, account: UserId) -> Result<u64> {
    tx.execute("DELETE FROM passkey WHERE account_id = $1", (account,)).await
}

pub(crate) async fn delete_passkey(tx: &Tx, id: PasskeyId) -> Result<()> {
    tx.execute("DELETE FROM passkey WHERE id = $1", (id,)).await?;
    Ok(())
}

/// `account`: none before somebody has said who they are. `state` is sealed.
pub(crate) async fn insert_ceremony(
    tx: &Tx,
    id: Uuid,
    purpose: &str,
    account: Option<UserId>,
    state: &[u8],
    expires_at: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO passkey_ceremony (id, purpose, account_id, state, expires_at) VALUES ($1, $2, $3, $4, $5)",
        (id, purpose, account, state, expires_at),
    )
    .await?;
    Ok(())
}

/// Uses a ceremony up; its state, for the one caller that finds it in time.
pub(crate) async fn take_ceremony(
    tx: &Tx,
    id: Uuid,
    purpose: &str,
    account: Option<UserId>,
) -> Result<Option<Vec<u8>>> {
    let sql = "DELETE FROM passkey_ceremony WHERE id = $1 AND purpose = $2 AND expires_at > $3";
    match account {
        Some(account) => {
            let sql = format!("{sql} AND account_id = $4 RETURNING state");
            tx.optional(&sql, (id, purpose, tx.now(), account), |row| row.get(0)).await
        }
        None => {
            let sql = format!("{sql} AND account_id IS NULL RETURNING state");
            tx.optional(&sql, (id, purpose, tx.now()), |row| row.get(0)).await
        }
    }
}

/// Ends what the account was asked to sign for that purpose: the newest question is the only one.
pub(crate) async fn delete_ceremonies(tx: &Tx, account: UserId, purpose: &str) -> Result<()> {
    tx.execute("DELETE FROM passkey_ceremony WHERE account_id = $1 AND purpose = $2", (account, purpose)).await?;
    Ok(())
}

pub(crate) async fn delete_ceremonies_expired_before(tx: &Tx, at: Timestamp) -> Result<u64> {
    let skip = skip_locked(tx.backend());
    let sql = format!(
        "DELETE FROM passkey_ceremony WHERE id IN (SELECT id FROM passkey_ceremony WHERE expires_at < $1{skip})"
    );
    tx.execute(&sql, (at,)).await
}
