use stagedoor_core::{OrganizerId, Timestamp, UserId};
use store::dialect::for_update;
use store::{Result, Row, Tx};

use super::accounts::{AccountRow, COLUMNS};
use crate::events::Events;
use crate::organizer::{Membership, Organizer, Standing};
use crate::role::Role;

pub(crate) async fn insert_organizer(tx: &Tx, id: OrganizerId, name: &str, at: Timestamp) -> Result<()> {
    let sql = "INSERT INTO organizer (id, name, members_need_factor, created_at) VALUES ($1, $2, FALSE, $3)";
    tx.execute(sql, (id, name, at)).await?;
    Ok(())
}

pub(crate) async fn organizers(tx: &Tx, limit: u32) -> Result<Vec<Organizer>> {
    tx.all(&format!("SELECT {ORGANIZER} FROM organizer ORDER BY id LIMIT $1"), (limit,), organizer_row).await
}

pub(crate) async fn organizer(tx: &Tx, id: OrganizerId) -> Result<Option<Organizer>> {
    tx.optional(&format!("SELECT {ORGANIZER} FROM organizer WHERE id = $1"), (id,), organizer_row).await
}

/// Organizers after `after` in the order of their ids, which is that of their making.
pub(crate) async fn organizers_after(tx: &Tx, after: OrganizerId, limit: u32) -> Result<Vec<Organizer>> {
    let sql = format!("SELECT {ORGANIZER} FROM organizer WHERE id > $1 ORDER BY id LIMIT $2");
    tx.all(&sql, (after, limit), organizer_row).await
}

pub(crate) async fn set_suspended(tx: &Tx, id: OrganizerId, at: Option<Timestamp>) -> Result<()> {
    tx.execute("UPDATE organizer SET suspended_at = $2 WHERE id = $1", (id, at)).await?;
    Ok(())
}

pub(crate) async fn set_members_need_factor(tx: &Tx, id: OrganizerId, need: bool) -> Result<()> {
    tx.execute("UPDATE organizer SET members_need_factor = $2 WHERE id = $1", (id, need)).await?;
    Ok(())
}

/// What [`organizer_row`] reads.
const ORGANIZER: &str = "organizer.id, organizer.name, organizer.members_need_factor, organizer.created_at,
    organizer.suspended_at";
const ORGANIZER_WIDTH: usize = 5;

fn organizer_row(row: &Row) -> Result<Organizer> {
    Ok(Organizer {
        id: row.get(0)?,
        name: row.get(1)?,
        members_need_factor: row.get(2)?,
        created_at: row.get(3)?,
        suspended_at: row.get(4)?,
    })
}

/// Keeps the organizer's members from changing until the transaction ends; false when there is
/// no such organizer. Whoever locks several does so in the order of their ids.
pub(crate) async fn lock_organizer(tx: &Tx, id: OrganizerId) -> Result<bool> {
    let sql = format!("SELECT id FROM organizer WHERE id = $1{}", for_update(tx.backend()));
    Ok(tx.optional(&sql, (id,), |row| row.get::<OrganizerId>(0)).await?.is_some())
}

/// Organizers of the account with its role in each, in the order of their ids.
pub(crate) async fn memberships_of(tx: &Tx, account: UserId) -> Result<Vec<Membership>> {
    tx.all(
        &format!(
            "SELECT {ORGANIZER}, membership.role, membership.events
               FROM membership JOIN organizer ON organizer.id = membership.organizer_id
              WHERE membership.account_id = $1 ORDER BY organizer.id"
        ),
        (account,),
        |row| {
            let events = Events::read(row.get(ORGANIZER_WIDTH + 1)?)?;
            Ok(Membership { organizer: organizer_row(row)?, role: role(row, ORGANIZER_WIDTH)?, events })
        },
    )
    .await
}

/// Accounts of the organizer with what they are, in the order they joined.
pub(crate) async fn members_of(tx: &Tx, organizer: OrganizerId) -> Result<Vec<(AccountRow, Role, Events)>> {
    tx.all(
        &format!(
            "SELECT {COLUMNS}, membership.role, membership.events
               FROM membership JOIN account ON account.id = membership.account_id
              WHERE membership.organizer_id = $1 ORDER BY membership.created_at, account.id"
        ),
        (organizer,),
        |row| {
            let events = Events::read(row.get(AccountRow::WIDTH + 1)?)?;
            Ok((AccountRow::read(row)?, role(row, AccountRow::WIDTH)?, events))
        },
    )
    .await
}

pub(crate) async fn role_of(tx: &Tx, account: UserId, organizer: OrganizerId) -> Result<Option<(Role, Events)>> {
    tx.optional(
        "SELECT role, events FROM membership WHERE organizer_id = $1 AND account_id = $2",
        (organizer, account),
        |row| Ok((role(row, 0)?, Events::read(row.get(1)?)?)),
    )
    .await
}

pub(crate) async fn standing_of(tx: &Tx, account: UserId, organizer: OrganizerId) -> Result<Option<Standing>> {
    tx.optional(
        "SELECT membership.role, membership.events, organizer.members_need_factor, organizer.suspended_at,
                (SELECT COUNT(*) FROM second_factor WHERE second_factor.account_id = membership.account_id
                    AND second_factor.confirmed_at IS NOT NULL)
           FROM membership JOIN organizer ON organizer.id = membership.organizer_id
          WHERE membership.organizer_id = $1 AND membership.account_id = $2",
        (organizer, account),
        |row| {
            let (role, is_asked, has_factor) = (role(row, 0)?, row.get::<bool>(2)?, row.get::<i64>(4)? > 0);
            Ok(Standing {
                role,
                events: Events::read(row.get(1)?)?,
                lacks_factor: is_asked && role.is_trusted() && !has_factor,
                is_suspended: row.get::<Option<Timestamp>>(3)?.is_some(),
            })
        },
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
    events: &Events,
    at: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO membership (organizer_id, account_id, role, events, created_at) VALUES ($1, $2, $3, $4, $5)",
        (organizer, account, role.text(), events.stored(), at),
    )
    .await?;
    Ok(())
}

pub(crate) async fn set_member(
    tx: &Tx,
    organizer: OrganizerId,
    account: UserId,
    role: Role,
    events: &Events,
) -> Result<()> {
    tx.execute(
        "UPDATE membership SET role = $3, events = $4 WHERE organizer_id = $1 AND account_id = $2",
        (organizer, account, role.text(), events.stored()),
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

pub(super) fn role(row: &Row, index: usize) -> Result<Role> {
    let text: String = row.get(index)?;
    text.parse().map_err(|_| store::Error::corrupt(format!("{text:?} is not a role")))
}
