use stagedoor_core::{Timestamp, UserId};
use store::dialect::for_update;
use store::{IntoParam, Result, Row, Tx, list};

use crate::AccountError;
use crate::contact::Channel;

/// An account that was not erased; the byte fields are sealed.
pub(crate) struct AccountRow {
    pub id: UserId,
    pub email: Option<Vec<u8>>,
    pub email_verified_at: Option<Timestamp>,
    pub phone: Option<Vec<u8>>,
    pub phone_verified_at: Option<Timestamp>,
    pub name: Vec<u8>,
    pub password: Vec<u8>,
    pub profile: Option<Vec<u8>>,
    pub locale: String,
    pub platform_admin: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Whether a second factor is on.
    pub has_factor: bool,
    /// How the newest check of the person stands.
    pub check: Option<String>,
}

/// What [`AccountRow::read`] reads from `account`.
pub(crate) const COLUMNS: &str = "account.id, account.email, account.email_verified_at, account.phone,
    account.phone_verified_at, account.name, account.password, account.profile, account.locale,
    account.platform_admin, account.created_at, account.updated_at,
    (SELECT COUNT(*) FROM second_factor
      WHERE second_factor.account_id = account.id AND second_factor.confirmed_at IS NOT NULL),
    (SELECT identity_check.status FROM identity_check
      WHERE identity_check.account_id = account.id ORDER BY identity_check.id DESC LIMIT 1)";

impl AccountRow {
    /// How many columns that are.
    pub(crate) const WIDTH: usize = 14;

    pub(crate) fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            email: row.get(1)?,
            email_verified_at: row.get(2)?,
            phone: row.get(3)?,
            phone_verified_at: row.get(4)?,
            name: row.get(5)?,
            password: row.get(6)?,
            profile: row.get(7)?,
            locale: row.get(8)?,
            platform_admin: row.get(9)?,
            created_at: row.get(10)?,
            updated_at: row.get(11)?,
            has_factor: row.get::<i64>(12)? > 0,
            check: row.get(13)?,
        })
    }

    /// The sealed address of that kind and when it was verified.
    pub(crate) fn contact(&self, channel: Channel) -> Option<(&[u8], Option<Timestamp>)> {
        let (address, verified_at) = match channel {
            Channel::Email => (&self.email, self.email_verified_at),
            Channel::Phone => (&self.phone, self.phone_verified_at),
        };
        Some((address.as_deref()?, verified_at))
    }

    /// `InvalidCredentials` unless the password is still the one that was `checked`: of two who start
    /// from the same password and change it, only one finds it.
    pub(crate) fn has_password_of(&self, checked: &AccountRow) -> std::result::Result<(), AccountError> {
        if self.password == checked.password { Ok(()) } else { Err(AccountError::InvalidCredentials) }
    }

    /// Whether the e-mail address is the person's for certain: until it is verified, somebody may have
    /// registered with another's.
    pub(crate) fn owns_email(&self) -> bool {
        self.email_verified_at.is_some()
    }

    pub(crate) fn is_verified(&self) -> bool {
        self.email_verified_at.is_some() || self.phone_verified_at.is_some()
    }
}

fn account_where(condition: &str) -> String {
    format!("SELECT {COLUMNS} FROM account WHERE account.erased_at IS NULL AND {condition}")
}

pub(crate) async fn account(tx: &Tx, id: UserId) -> Result<Option<AccountRow>> {
    tx.optional(&account_where("account.id = $1"), (id,), AccountRow::read).await
}

/// The sealed name and address of an account that was not erased.
pub(crate) struct HolderRow {
    pub id: UserId,
    pub name: Vec<u8>,
    pub email: Option<Vec<u8>>,
    pub email_verified: bool,
}

/// People in one statement: few distinct statement texts, and far below both databases' limits on parameters.
const HOLDERS_MAX: usize = 100;

pub(crate) async fn holders(tx: &Tx, people: &[UserId]) -> Result<Vec<HolderRow>> {
    let mut found = Vec::new();
    for some in people.chunks(HOLDERS_MAX) {
        let any = list(1, some.len());
        let sql =
            format!("SELECT id, name, email, email_verified_at FROM account WHERE erased_at IS NULL AND id IN {any}");
        let params = Vec::from_iter(some.iter().map(|id| id.into_param()));
        let row = |row: &Row| {
            let email_verified = row.get::<Option<Timestamp>>(3)?.is_some();
            Ok(HolderRow { id: row.get(0)?, name: row.get(1)?, email: row.get(2)?, email_verified })
        };
        found.extend(tx.all(&sql, params, row).await?);
    }
    Ok(found)
}

/// Accounts that run the platform, by id.
pub(crate) async fn platform_admins(tx: &Tx) -> Result<Vec<AccountRow>> {
    let sql = format!("{} ORDER BY account.id", account_where("account.platform_admin"));
    tx.all(&sql, (), AccountRow::read).await
}

/// The account, kept from changing until the transaction ends.
pub(crate) async fn lock_account(tx: &Tx, id: UserId) -> Result<Option<AccountRow>> {
    let lock = format!("SELECT id FROM account WHERE id = $1 AND erased_at IS NULL{}", for_update(tx.backend()));
    if tx.optional(&lock, (id,), |row| row.get::<UserId>(0)).await?.is_none() {
        return Ok(None);
    }
    // Read after the wait: of what a waiting statement reads, PostgreSQL renews the locked row alone,
    // and what other tables say of the account would be as old as the statement.
    account(tx, id).await
}

/// The account that an address of that kind reaches, by the address's fingerprint.
pub(crate) async fn account_by_contact(tx: &Tx, channel: Channel, index: [u8; 32]) -> Result<Option<AccountRow>> {
    let condition = match channel {
        Channel::Email => "account.email_index = $1",
        Channel::Phone => "account.phone_index = $1",
    };
    tx.optional(&account_where(condition), (index,), AccountRow::read).await
}

/// `Conflict` when another account has the address.
pub(crate) async fn insert_account(tx: &Tx, row: &AccountRow, channel: Channel, index: [u8; 32]) -> Result<()> {
    let (email_index, phone_index) = match channel {
        Channel::Email => (Some(index.to_vec()), None),
        Channel::Phone => (None, Some(index.to_vec())),
    };
    tx.execute(
        "INSERT INTO account (id, email_index, email, email_verified_at, phone_index, phone, phone_verified_at,
                name, password, locale, platform_admin, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
        (
            row.id,
            email_index,
            row.email.clone(),
            row.email_verified_at,
            phone_index,
            row.phone.clone(),
            row.phone_verified_at,
            &row.name[..],
            &row.password[..],
            &row.locale,
            row.platform_admin,
            row.created_at,
        ),
    )
    .await?;
    Ok(())
}

/// Whether a row with this id exists, erased or not.
pub(crate) async fn account_exists(tx: &Tx, id: UserId) -> Result<bool> {
    Ok(tx.optional("SELECT id FROM account WHERE id = $1", (id,), |row| row.get::<UserId>(0)).await?.is_some())
}

/// Changes what the person says of themselves; the account is locked.
pub(crate) async fn set_profile(tx: &Tx, row: &AccountRow) -> Result<()> {
    tx.execute(
        "UPDATE account SET name = $2, locale = $3, profile = $4, updated_at = $5 WHERE id = $1 AND erased_at IS NULL",
        (row.id, &row.name[..], &row.locale, row.profile.clone(), tx.now()),
    )
    .await?;
    Ok(())
}

/// Gives the account a verified address. `Conflict` when another account has it.
pub(crate) async fn set_contact(tx: &Tx, id: UserId, channel: Channel, index: [u8; 32], sealed: &[u8]) -> Result<()> {
    let sql = match channel {
        Channel::Email => {
            "UPDATE account SET email_index = $2, email = $3, email_verified_at = $4, updated_at = $4
              WHERE id = $1 AND erased_at IS NULL"
        }
        Channel::Phone => {
            "UPDATE account SET phone_index = $2, phone = $3, phone_verified_at = $4, updated_at = $4
              WHERE id = $1 AND erased_at IS NULL"
        }
    };
    tx.execute(sql, (id, index, sealed, tx.now())).await?;
    Ok(())
}

/// Notes that the address the account has is its person's.
pub(crate) async fn verify_contact(tx: &Tx, id: UserId, channel: Channel) -> Result<()> {
    let sql = match channel {
        Channel::Email => {
            "UPDATE account SET email_verified_at = $2 WHERE id = $1 AND email IS NOT NULL AND email_verified_at IS NULL"
        }
        Channel::Phone => {
            "UPDATE account SET phone_verified_at = $2 WHERE id = $1 AND phone IS NOT NULL AND phone_verified_at IS NULL"
        }
    };
    tx.execute(sql, (id, tx.now())).await?;
    Ok(())
}

pub(crate) async fn set_password(tx: &Tx, id: UserId, sealed: &[u8]) -> Result<()> {
    tx.execute(
        "UPDATE account SET password = $2, updated_at = $3 WHERE id = $1 AND erased_at IS NULL",
        (id, sealed, tx.now()),
    )
    .await?;
    Ok(())
}

pub(crate) async fn set_platform_admin(tx: &Tx, id: UserId, platform_admin: bool) -> Result<u64> {
    tx.execute("UPDATE account SET platform_admin = $2 WHERE id = $1 AND erased_at IS NULL", (id, platform_admin)).await
}

/// Leaves the id, which orders refer to, and nothing personal.
pub(crate) async fn erase_account(tx: &Tx, id: UserId, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE account SET email_index = NULL, email = NULL, email_verified_at = NULL,
                phone_index = NULL, phone = NULL, phone_verified_at = NULL, name = NULL, password = NULL,
                profile = NULL, platform_admin = FALSE, erased_at = $2
          WHERE id = $1 AND erased_at IS NULL",
        (id, at),
    )
    .await?;
    for sql in [
        "DELETE FROM verification WHERE account_id = $1",
        "DELETE FROM password_reset WHERE account_id = $1",
        "DELETE FROM second_factor WHERE account_id = $1",
        "DELETE FROM recovery_code WHERE account_id = $1",
        "DELETE FROM known_device WHERE account_id = $1",
        "DELETE FROM passkey_ceremony WHERE account_id = $1",
        "DELETE FROM passkey WHERE account_id = $1",
        "DELETE FROM provider_visit WHERE account_id = $1",
        "DELETE FROM provider_link WHERE account_id = $1",
        // That somebody was checked, and by whom, stays for the books.
        "UPDATE identity_check SET document = NULL, reason = NULL WHERE account_id = $1",
    ] {
        tx.execute(sql, (id,)).await?;
    }
    Ok(())
}
