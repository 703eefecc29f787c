use stagedoor_core::{InvitationId, OrganizerId, Timestamp, UserId};
use store::dialect::{for_update, skip_locked};
use store::{Result, Row, Tx};

use super::organizers::role;
use crate::events::Events;
use crate::role::Role;

/// Whom an organizer asked; `email` is sealed with the invitation's own key.
pub(crate) struct InvitationRow {
    pub id: InvitationId,
    pub organizer: OrganizerId,
    pub email_index: Vec<u8>,
    pub email: Vec<u8>,
    pub role: Role,
    pub events: Events,
    pub messages_left: u32,
    pub sent_at: Timestamp,
    pub invited_by: UserId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

const COLUMNS: &str = "id, organizer_id, email_index, email, role, events, messages_left, sent_at, invited_by,
    created_at, expires_at";

impl InvitationRow {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            organizer: row.get(1)?,
            email_index: row.get(2)?,
            email: row.get(3)?,
            role: role(row, 4)?,
            events: Events::read(row.get(5)?)?,
            messages_left: row.get(6)?,
            sent_at: row.get(7)?,
            invited_by: row.get(8)?,
            created_at: row.get(9)?,
            expires_at: row.get(10)?,
        })
    }
}

fn invitation_where(condition: &str) -> String {
    format!("SELECT {COLUMNS} FROM invitation WHERE {condition}")
}

/// `token` is the keyed hash. `Conflict` when the address is asked already.
pub(crate) async fn insert_invitation(tx: &Tx, row: &InvitationRow, token: [u8; 32]) -> Result<()> {
    tx.execute(
        "INSERT INTO invitation (id, organizer_id, email_index, email, role, events, token, messages_left, sent_at,
                invited_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        (
            row.id,
            row.organizer,
            &row.email_index[..],
            &row.email[..],
            row.role.text(),
            row.events.stored(),
            token,
            row.messages_left,
            row.sent_at,
            row.invited_by,
            row.created_at,
            row.expires_at,
        ),
    )
    .await?;
    Ok(())
}

/// What the organizer asked and nobody has answered, in the order it was asked.
pub(crate) async fn invitations_of(tx: &Tx, organizer: OrganizerId) -> Result<Vec<InvitationRow>> {
    let sql = format!("{} ORDER BY id", invitation_where("organizer_id = $1 AND expires_at > $2"));
    tx.all(&sql, (organizer, tx.now()), InvitationRow::read).await
}

pub(crate) async fn invitation_count(tx: &Tx, organizer: OrganizerId) -> Result<i64> {
    tx.one("SELECT COUNT(*) FROM invitation WHERE organizer_id = $1", (organizer,), |row| row.get(0)).await
}

/// One of the organizer's, while it is good; kept from changing until the transaction ends.
pub(crate) async fn invitation_of(tx: &Tx, organizer: OrganizerId, id: InvitationId) -> Result<Option<InvitationRow>> {
    let sql = invitation_where("organizer_id = $1 AND id = $2 AND expires_at > $3") + for_update(tx.backend());
    tx.optional(&sql, (organizer, id, tx.now()), InvitationRow::read).await
}

/// What the organizer asks of an address, while it is good.
pub(crate) async fn invitation_to(tx: &Tx, organizer: OrganizerId, index: &[u8]) -> Result<Option<InvitationRow>> {
    let sql = invitation_where("organizer_id = $1 AND email_index = $2 AND expires_at > $3");
    tx.optional(&sql, (organizer, index, tx.now()), InvitationRow::read).await
}

/// What the verified e-mail address of an account is asked, with the name of who asks; in the order it was.
pub(crate) async fn invitations_for(tx: &Tx, account: UserId) -> Result<Vec<(InvitationRow, String)>> {
    tx.all(
        "SELECT i.id, i.organizer_id, i.email_index, i.email, i.role, i.events, i.messages_left, i.sent_at,
                i.invited_by, i.created_at, i.expires_at, organizer.name
           FROM invitation i JOIN organizer ON organizer.id = i.organizer_id
           JOIN account ON account.email_index = i.email_index
          WHERE account.id = $1 AND account.email_verified_at IS NOT NULL AND i.expires_at > $2
          ORDER BY i.id",
        (account, tx.now()),
        |row| Ok((InvitationRow::read(row)?, row.get(11)?)),
    )
    .await
}

/// Which one a token answers, while it is good and the account has the address, verified, that it was
/// sent to.
pub(crate) async fn invitation_by_token(tx: &Tx, token: [u8; 32], account: UserId) -> Result<Option<InvitationRow>> {
    let sql = invitation_where(
        "token = $1 AND expires_at > $2 AND email_index =
            (SELECT account.email_index FROM account WHERE account.id = $3 AND account.email_verified_at IS NOT NULL)",
    );
    tx.optional(&sql, (token, tx.now(), account), InvitationRow::read).await
}

/// Gives it another token and more time, and counts the message; false when none is left, or none since
/// `sent_before`.
pub(crate) async fn renew_invitation(
    tx: &Tx,
    id: InvitationId,
    token: [u8; 32],
    sent_before: Timestamp,
    expires_at: Timestamp,
) -> Result<bool> {
    let renewed = tx
        .execute(
            "UPDATE invitation SET token = $2, messages_left = messages_left - 1, sent_at = $3, expires_at = $4
              WHERE id = $1 AND messages_left > 0 AND sent_at <= $5",
            (id, token, tx.now(), expires_at, sent_before),
        )
        .await?;
    Ok(renewed == 1)
}

/// Uses an answer up: true for the one caller that finds it.
pub(crate) async fn take_invitation(tx: &Tx, id: InvitationId, token: [u8; 32]) -> Result<bool> {
    let sql = "DELETE FROM invitation WHERE id = $1 AND token = $2 AND expires_at > $3";
    Ok(tx.execute(sql, (id, token, tx.now())).await? == 1)
}

pub(crate) async fn delete_invitation(tx: &Tx, organizer: OrganizerId, id: InvitationId) -> Result<()> {
    let sql = "DELETE FROM invitation WHERE organizer_id = $1 AND id = $2";
    tx.execute(sql, (organizer, id)).await.map(drop)
}

/// All that an organizer asks, which ends.
pub(crate) async fn delete_invitations_of(tx: &Tx, organizer: OrganizerId) -> Result<Vec<InvitationId>> {
    tx.all("DELETE FROM invitation WHERE organizer_id = $1 RETURNING id", (organizer,), |row| row.get(0)).await
}

/// All that the address of an account is asked, which is being erased. What others asked an address that
/// the account has not shown to be its own is not its business.
pub(crate) async fn delete_invitations_for(tx: &Tx, account: UserId) -> Result<Vec<InvitationId>> {
    let sql = "DELETE FROM invitation WHERE email_index =
            (SELECT account.email_index FROM account WHERE account.id = $1 AND account.email_verified_at IS NOT NULL)
         RETURNING id";
    tx.all(sql, (account,), |row| row.get(0)).await
}

/// Those that nobody answered in time. Waits for nobody.
pub(crate) async fn delete_invitations_expired(tx: &Tx) -> Result<Vec<InvitationId>> {
    let sql = format!(
        "DELETE FROM invitation WHERE id IN (SELECT id FROM invitation WHERE expires_at <= $1{}) RETURNING id",
        skip_locked(tx.backend())
    );
    tx.all(&sql, (tx.now(),), |row| row.get(0)).await
}

/// One to this address that nobody answered in time; kept from changing until the transaction ends.
pub(crate) async fn invitation_expired(tx: &Tx, organizer: OrganizerId, index: &[u8]) -> Result<Option<InvitationId>> {
    let sql = "SELECT id FROM invitation WHERE organizer_id = $1 AND email_index = $2 AND expires_at <= $3";
    tx.optional(&format!("{sql}{}", for_update(tx.backend())), (organizer, index, tx.now()), |row| row.get(0)).await
}
