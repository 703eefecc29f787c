//! Every statement on `account`, `session`, `organizer` and `membership`.

use stagedoor_core::{OrganizerId, SessionId, Timestamp, UserId};
use store::dialect::for_update;
use store::{Result, Row, Tx};

use crate::role::Role;

/// An account that was not erased; the byte fields are sealed.
pub(crate) struct AccountRow {
    pub id: UserId,
    pub email: Vec<u8>,
    pub name: Vec<u8>,
    pub password: Vec<u8>,
    pub platform_admin: bool,
    pub created_at: Timestamp,
}

const ACCOUNT: &str =
    "SELECT id, email, name, password, platform_admin, created_at FROM account WHERE erased_at IS NULL";

impl AccountRow {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            email: row.get(1)?,
            name: row.get(2)?,
            password: row.get(3)?,
            platform_admin: row.get(4)?,
            created_at: row.get(5)?,
        })
    }
}

pub(crate) async fn account(tx: &Tx, id: UserId) -> Result<Option<AccountRow>> {
    tx.optional(&format!("{ACCOUNT} AND id = $1"), (id,), AccountRow::read).await
}

/// The account, kept from changing until the transaction ends.
pub(crate) async fn lock_account(tx: &Tx, id: UserId) -> Result<Option<AccountRow>> {
    let sql = format!("{ACCOUNT} AND id = $1{}", for_update(tx.backend()));
    tx.optional(&sql, (id,), AccountRow::read).await
}

pub(crate) async fn account_by_email(tx: &Tx, email_index: [u8; 32]) -> Result<Option<AccountRow>> {
    tx.optional(&format!("{ACCOUNT} AND email_index = $1"), (email_index,), AccountRow::read).await
}

/// `Conflict` when another account has the e-mail address.
pub(crate) async fn insert_account(tx: &Tx, row: &AccountRow, email_index: [u8; 32]) -> Result<()> {
    tx.execute(
        "INSERT INTO account (id, email_index, email, name, password, platform_admin, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        (row.id, email_index, &row.email[..], &row.name[..], &row.password[..], row.platform_admin, row.created_at),
    )
    .await?;
    Ok(())
}

/// Whether a row with this id exists, erased or not.
pub(crate) async fn account_exists(tx: &Tx, id: UserId) -> Result<bool> {
    Ok(tx.optional("SELECT id FROM account WHERE id = $1", (id,), |row| row.get::<UserId>(0)).await?.is_some())
}

pub(crate) async fn rename_account(tx: &Tx, id: UserId, name: &[u8]) -> Result<u64> {
    tx.execute("UPDATE account SET name = $2 WHERE id = $1 AND erased_at IS NULL", (id, name)).await
}

pub(crate) async fn set_platform_admin(tx: &Tx, id: UserId, platform_admin: bool) -> Result<u64> {
    tx.execute("UPDATE account SET platform_admin = $2 WHERE id = $1 AND erased_at IS NULL", (id, platform_admin)).await
}

/// Leaves the id, which orders refer to, and nothing personal.
pub(crate) async fn erase_account(tx: &Tx, id: UserId, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE account SET email_index = NULL, email = NULL, name = NULL, password = NULL,
                platform_admin = FALSE, erased_at = $2
          WHERE id = $1 AND erased_at IS NULL",
        (id, at),
    )
    .await?;
    Ok(())
}

/// One sign-in and which of its refresh tokens is live.
pub(crate) struct SessionRow {
    pub id: SessionId,
    pub account: UserId,
    pub generation: i64,
    pub created_at: Timestamp,
    pub rotated_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

pub(crate) async fn insert_session(tx: &Tx, row: &SessionRow) -> Result<()> {
    tx.execute(
        "INSERT INTO session (id, account_id, generation, created_at, rotated_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        (row.id, row.account, row.generation, row.created_at, row.rotated_at, row.expires_at),
    )
    .await?;
    Ok(())
}

/// The session, kept from changing until the transaction ends.
pub(crate) async fn lock_session(tx: &Tx, id: SessionId) -> Result<Option<SessionRow>> {
    let sql = format!(
        "SELECT id, account_id, generation, created_at, rotated_at, expires_at, revoked_at FROM session WHERE id = $1{}",
        for_update(tx.backend())
    );
    tx.optional(&sql, (id,), |row| {
        Ok(SessionRow {
            id: row.get(0)?,
            account: row.get(1)?,
            generation: row.get(2)?,
            created_at: row.get(3)?,
            rotated_at: row.get(4)?,
            expires_at: row.get(5)?,
            revoked_at: row.get(6)?,
        })
    })
    .await
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

pub(crate) async fn revoke_session(tx: &Tx, id: SessionId, at: Timestamp) -> Result<()> {
    tx.execute("UPDATE session SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", (id, at)).await?;
    Ok(())
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

/// With the time each was ended.
pub(crate) async fn sessions_revoked_since(tx: &Tx, since: Timestamp) -> Result<Vec<(SessionId, Timestamp)>> {
    let sql = "SELECT id, revoked_at FROM session WHERE revoked_at >= $1";
    tx.all(sql, (since,), |row| Ok((row.get(0)?, row.get(1)?))).await
}

pub(crate) async fn delete_sessions_expired_before(tx: &Tx, at: Timestamp) -> Result<u64> {
    tx.execute("DELETE FROM session WHERE expires_at < $1", (at,)).await
}

pub(crate) async fn insert_organizer(tx: &Tx, id: OrganizerId, name: &str, at: Timestamp) -> Result<()> {
    tx.execute("INSERT INTO organizer (id, name, created_at) VALUES ($1, $2, $3)", (id, name, at)).await?;
    Ok(())
}

pub(crate) async fn organizers(tx: &Tx, limit: u32) -> Result<Vec<(OrganizerId, String)>> {
    tx.all("SELECT id, name FROM organizer ORDER BY id LIMIT $1", (limit,), |row| Ok((row.get(0)?, row.get(1)?))).await
}

pub(crate) async fn organizer_name(tx: &Tx, id: OrganizerId) -> Result<Option<String>> {
    tx.optional("SELECT name FROM organizer WHERE id = $1", (id,), |row| row.get(0)).await
}

/// Keeps the organizer's members from changing until the transaction ends; false when there is
/// no such organizer. Whoever locks several does so in the order of their ids.
pub(crate) async fn lock_organizer(tx: &Tx, id: OrganizerId) -> Result<bool> {
    let sql = format!("SELECT id FROM organizer WHERE id = $1{}", for_update(tx.backend()));
    Ok(tx.optional(&sql, (id,), |row| row.get::<OrganizerId>(0)).await?.is_some())
}

/// Organizers of the account with its role in each, in the order of their ids.
pub(crate) async fn memberships_of(tx: &Tx, account: UserId) -> Result<Vec<(OrganizerId, String, Role)>> {
    tx.all(
        "SELECT organizer.id, organizer.name, membership.role
           FROM membership JOIN organizer ON organizer.id = membership.organizer_id
          WHERE membership.account_id = $1 ORDER BY organizer.id",
        (account,),
        |row| Ok((row.get(0)?, row.get(1)?, role(row, 2)?)),
    )
    .await
}

/// Accounts of the organizer with their roles, in the order they joined.
pub(crate) async fn members_of(tx: &Tx, organizer: OrganizerId) -> Result<Vec<(AccountRow, Role)>> {
    tx.all(
        "SELECT account.id, account.email, account.name, account.password, account.platform_admin,
                account.created_at, membership.role
           FROM membership JOIN account ON account.id = membership.account_id
          WHERE membership.organizer_id = $1 ORDER BY membership.created_at, account.id",
        (organizer,),
        |row| Ok((AccountRow::read(row)?, role(row, 6)?)),
    )
    .await
}

pub(crate) async fn role_of(tx: &Tx, account: UserId, organizer: OrganizerId) -> Result<Option<Role>> {
    tx.optional(
        "SELECT role FROM membership WHERE organizer_id = $1 AND account_id = $2",
        (organizer, account),
        |row| role(row, 0),
    )
    .await
}

pub(crate) async fn owner_count(tx: &Tx, organizer: OrganizerId) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM membership WHERE organizer_id = $1 AND role = 'owner'";
    tx.one(sql, (organizer,), |row| row.get(0)).await
}

pub(crate) async fn member_count(tx: &Tx, organizer: OrganizerId) -> Result<i64> {
    tx.one("SELECT COUNT(*) FROM membership WHERE organizer_id = $1", (organizer,), |row| row.get(0)).await
}

pub(crate) async fn membership_count(tx: &Tx, account: UserId) -> Result<i64> {
    tx.one("SELECT COUNT(*) FROM membership WHERE account_id = $1", (account,), |row| row.get(0)).await
}

pub(crate) async fn insert_member(
    tx: &Tx,
    organizer: OrganizerId,
    account: UserId,
    role: Role,
    at: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO membership (organizer_id, account_id, role, created_at) VALUES ($1, $2, $3, $4)",
        (organizer, account, role.text(), at),
    )
    .await?;
    Ok(())
}

pub(crate) async fn set_role(tx: &Tx, organizer: OrganizerId, account: UserId, role: Role) -> Result<()> {
    tx.execute(
        "UPDATE membership SET role = $3 WHERE organizer_id = $1 AND account_id = $2",
        (organizer, account, role.text()),
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete_member(tx: &Tx, organizer: OrganizerId, account: UserId) -> Result<()> {
    tx.execute("DELETE FROM membership WHERE organizer_id = $1 AND account_id = $2", (organizer, account)).await?;
    Ok(())
}

/// Takes everyone out of an organizer.
pub(crate) async fn delete_members(tx: &Tx, organizer: OrganizerId) -> Result<Vec<UserId>> {
    let sql = "DELETE FROM membership WHERE organizer_id = $1 RETURNING account_id";
    tx.all(sql, (organizer,), |row| row.get(0)).await
}

fn role(row: &Row, index: usize) -> Result<Role> {
    let text: String = row.get(index)?;
    text.parse().map_err(|_| store::Error::corrupt(format!("{text:?} is not a role")))
}
