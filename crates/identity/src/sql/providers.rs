use stagedoor_core::{ProviderLinkId, Timestamp, UserId};
use store::dialect::skip_locked;
use store::{Result, Row, Tx};
use uuid::Uuid;

/// `address` is sealed.
pub(crate) struct LinkRow {
    pub id: ProviderLinkId,
    pub account: UserId,
    pub provider: String,
    pub print: [u8; 32],
    pub address: Option<Vec<u8>>,
    pub created_at: Timestamp,
    pub used_at: Option<Timestamp>,
    /// Whether the account began with it.
    pub made_account: bool,
}

const LINK: &str =
    "SELECT id, account_id, provider, print, address, created_at, used_at, made_account FROM provider_link";

impl LinkRow {
    fn read(row: &Row) -> Result<Self> {
        let print: Vec<u8> = row.get(3)?;
        Ok(Self {
            id: row.get(0)?,
            account: row.get(1)?,
            provider: row.get(2)?,
            print: print.try_into().map_err(|_| store::Error::corrupt("the print of a link".to_owned()))?,
            address: row.get(4)?,
            created_at: row.get(5)?,
            used_at: row.get(6)?,
            made_account: row.get(7)?,
        })
    }
}

/// `Conflict` when the provider's account is linked, whoever's it is.
pub(crate) async fn insert_link(tx: &Tx, row: &LinkRow) -> Result<()> {
    tx.execute(
        "INSERT INTO provider_link (id, account_id, provider, print, address, created_at, used_at, made_account)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        (
            row.id,
            row.account,
            &row.provider,
            row.print,
            row.address.clone(),
            row.created_at,
            row.used_at,
            row.made_account,
        ),
    )
    .await?;
    Ok(())
}

/// The newest first.
pub(crate) async fn links_of(tx: &Tx, account: UserId) -> Result<Vec<LinkRow>> {
    tx.all(&format!("{LINK} WHERE account_id = $1 ORDER BY id DESC"), (account,), LinkRow::read).await
}

pub(crate) async fn link(tx: &Tx, account: UserId, id: ProviderLinkId) -> Result<Option<LinkRow>> {
    tx.optional(&format!("{LINK} WHERE account_id = $1 AND id = $2"), (account, id), LinkRow::read).await
}

/// Which account a provider's account is linked to.
pub(crate) async fn link_by_print(tx: &Tx, print: [u8; 32]) -> Result<Option<LinkRow>> {
    tx.optional(&format!("{LINK} WHERE print = $1"), (print,), LinkRow::read).await
}

pub(crate) async fn use_link(tx: &Tx, id: ProviderLinkId) -> Result<()> {
    tx.execute("UPDATE provider_link SET used_at = $2 WHERE id = $1", (id, tx.now())).await?;
    Ok(())
}

/// How many were there.
pub(crate) async fn delete_link(tx: &Tx, id: ProviderLinkId) -> Result<u64> {
    tx.execute("DELETE FROM provider_link WHERE id = $1", (id,)).await
}

/// Deletes those that somebody signed in added; how many there were. The one that the account began with
/// stays.
pub(crate) async fn delete_links_added(tx: &Tx, account: UserId) -> Result<u64> {
    tx.execute("DELETE FROM provider_link WHERE account_id = $1 AND NOT made_account", (account,)).await
}

/// `state` is sealed.
pub(crate) struct VisitRow {
    pub id: Uuid,
    pub provider: String,
    pub account: Option<UserId>,
    pub state: Vec<u8>,
    pub expires_at: Timestamp,
}

pub(crate) async fn insert_visit(tx: &Tx, row: &VisitRow) -> Result<()> {
    tx.execute(
        "INSERT INTO provider_visit (id, provider, account_id, state, expires_at) VALUES ($1, $2, $3, $4, $5)",
        (row.id, &row.provider, row.account, &row.state[..], row.expires_at),
    )
    .await?;
    Ok(())
}

/// One that is not over.
pub(crate) async fn visit(tx: &Tx, id: Uuid, provider: &str) -> Result<Option<VisitRow>> {
    let sql = "SELECT id, provider, account_id, state, expires_at FROM provider_visit
                WHERE id = $1 AND provider = $2 AND expires_at > $3";
    let read = |row: &Row| {
        Ok(VisitRow {
            id: row.get(0)?,
            provider: row.get(1)?,
            account: row.get(2)?,
            state: row.get(3)?,
            expires_at: row.get(4)?,
        })
    };
    tx.optional(sql, (id, provider, tx.now()), read).await
}

/// How many were there: one for the one caller that ends it.
pub(crate) async fn delete_visit(tx: &Tx, id: Uuid) -> Result<u64> {
    tx.execute("DELETE FROM provider_visit WHERE id = $1", (id,)).await
}

pub(crate) async fn delete_visits_expired_before(tx: &Tx, at: Timestamp) -> Result<u64> {
    let skip = skip_locked(tx.backend());
    let sql =
        format!("DELETE FROM provider_visit WHERE id IN (SELECT id FROM provider_visit WHERE expires_at < $1{skip})");
    tx.execute(&sql, (at,)).await
}
