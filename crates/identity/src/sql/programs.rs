use stagedoor_core::{ApiKeyId, ClientId, GrantId, OrganizerId, Timestamp, UserId};
use store::dialect::{for_update, skip_locked};
use store::{Result, Row, Tx};
use uuid::Uuid;

use crate::api_key::ApiKey;
use crate::oauth::{Allowed, ClientKind, GrantType, RegisteredClient};
use crate::program::Maker;
use crate::refresh::Family;
use crate::scope::Scopes;

/// A client with what is stored of its secret, and of the one before with the end of its time.
pub(crate) struct ClientRow {
    pub client: RegisteredClient,
    pub secret: Option<Vec<u8>>,
    pub previous_secret: Option<Vec<u8>>,
    pub previous_until: Option<Timestamp>,
}

const CLIENT: &str = "SELECT id, organizer_id, name, redirect_uris, grant_types, scopes, created_at, secret,
        previous_secret, previous_until, created_by,
        (SELECT COUNT(*) FROM membership WHERE membership.organizer_id = oauth_client.organizer_id
                                           AND account_id = created_by), approved_at
   FROM oauth_client";

impl ClientRow {
    fn read(row: &Row) -> Result<Self> {
        let secret: Option<Vec<u8>> = row.get(7)?;
        let (uris, grants): (String, String) = (row.get(3)?, row.get(4)?);
        let known = |text| GrantType::parse(text).ok_or_else(|| corrupt("a grant type", text));
        Ok(Self {
            client: RegisteredClient {
                id: row.get(0)?,
                organizer: row.get(1)?,
                name: row.get(2)?,
                kind: if secret.is_some() { ClientKind::Confidential } else { ClientKind::Public },
                redirect_uris: serde_json::from_str(&uris).map_err(|_| corrupt("a list of addresses", &uris))?,
                grant_types: grants.split(' ').map(known).collect::<Result<_>>()?,
                scopes: scopes(row, 5)?,
                maker: maker(row, 10)?,
                created_at: row.get(6)?,
                approved_at: row.get(12)?,
            },
            secret,
            previous_secret: row.get(8)?,
            previous_until: row.get(9)?,
        })
    }
}

fn scopes(row: &Row, index: usize) -> Result<Scopes> {
    let text: String = row.get(index)?;
    text.parse().map_err(|_| corrupt("a set of scopes", &text))
}

/// Who made it, and in the next column how many memberships they have there: one or none.
fn maker(row: &Row, index: usize) -> Result<Maker> {
    Ok(Maker { user: row.get(index)?, is_member: row.get::<i64>(index + 1)? > 0 })
}

fn corrupt(what: &str, text: &str) -> store::Error {
    store::Error::corrupt(format!("{text:?} is not {what}"))
}

pub(crate) async fn insert_client(tx: &Tx, client: &RegisteredClient, secret: Option<Vec<u8>>) -> Result<()> {
    let uris = serde_json::to_string(&client.redirect_uris).expect("texts are JSON");
    let grants = client.grant_types.iter().map(|grant| grant.text()).collect::<Vec<_>>().join(" ");
    tx.execute(
        "INSERT INTO oauth_client (id, organizer_id, name, redirect_uris, grant_types, scopes, secret, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        (
            client.id,
            client.organizer,
            &client.name,
            &uris,
            &grants,
            &client.scopes.to_string(),
            secret,
            client.maker.user,
            client.created_at,
        ),
    )
    .await?;
    Ok(())
}

/// A client that is not revoked.
pub(crate) async fn client(tx: &Tx, id: ClientId) -> Result<Option<ClientRow>> {
    tx.optional(&format!("{CLIENT} WHERE id = $1 AND revoked_at IS NULL"), (id,), ClientRow::read).await
}

/// The same, kept from changing until the transaction ends.
pub(crate) async fn lock_client(tx: &Tx, id: ClientId) -> Result<Option<ClientRow>> {
    let sql = format!("{CLIENT} WHERE id = $1 AND revoked_at IS NULL{}", for_update(tx.backend()));
    tx.optional(&sql, (id,), ClientRow::read).await
}

pub(crate) async fn clients_of(tx: &Tx, organizer: OrganizerId) -> Result<Vec<ClientRow>> {
    let sql = format!("{CLIENT} WHERE organizer_id = $1 AND revoked_at IS NULL ORDER BY id");
    tx.all(&sql, (organizer,), ClientRow::read).await
}

pub(crate) async fn client_count(tx: &Tx, organizer: OrganizerId) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM oauth_client WHERE organizer_id = $1 AND revoked_at IS NULL";
    tx.one(sql, (organizer,), |row| row.get(0)).await
}

pub(crate) async fn set_client_secret(
    tx: &Tx,
    id: ClientId,
    secret: [u8; 32],
    before: Vec<u8>,
    until: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE oauth_client SET secret = $2, previous_secret = $3, previous_until = $4 WHERE id = $1",
        (id, secret, before, until),
    )
    .await?;
    Ok(())
}

/// Clients that ask people for leave and are not approved, with the names of their organizers.
pub(crate) async fn unapproved_clients(
    tx: &Tx,
    after: Option<ClientId>,
    limit: u32,
) -> Result<Vec<(ClientRow, String)>> {
    // `authorization_code` is the only grant with addresses to send people to.
    let sql = format!(
        "{CLIENT} WHERE approved_at IS NULL AND revoked_at IS NULL AND redirect_uris <> '[]' AND id > $1
          ORDER BY id LIMIT $2"
    );
    let rows = tx.all(&sql, (after.unwrap_or(ClientId(Uuid::nil())), limit), ClientRow::read).await?;
    let mut named = Vec::with_capacity(rows.len());
    for row in rows {
        let sql = "SELECT name FROM organizer WHERE id = $1";
        let name = tx.one(sql, (row.client.organizer,), |row| row.get(0)).await?;
        named.push((row, name));
    }
    Ok(named)
}

pub(crate) async fn set_client_approved(tx: &Tx, id: ClientId, at: Option<Timestamp>) -> Result<()> {
    tx.execute("UPDATE oauth_client SET approved_at = $2 WHERE id = $1", (id, at)).await?;
    Ok(())
}

/// How many were revoked: one, or none for one that was before, and for another organizer's.
pub(crate) async fn revoke_client(tx: &Tx, organizer: OrganizerId, id: ClientId) -> Result<u64> {
    tx.execute(
        "UPDATE oauth_client SET revoked_at = $3 WHERE id = $1 AND organizer_id = $2 AND revoked_at IS NULL",
        (id, organizer, tx.now()),
    )
    .await
}

/// Whether the client is that organizer's, revoked or not.
pub(crate) async fn is_client_of(tx: &Tx, organizer: OrganizerId, id: ClientId) -> Result<bool> {
    let sql = "SELECT COUNT(*) FROM oauth_client WHERE id = $1 AND organizer_id = $2";
    Ok(tx.one(sql, (id, organizer), |row| row.get::<i64>(0)).await? > 0)
}

/// An authorization code, by its hash.
pub(crate) struct CodeRow {
    pub client: ClientId,
    pub account: UserId,
    pub redirect_uri: String,
    pub challenge: Vec<u8>,
    pub scopes: Scopes,
    pub expires_at: Timestamp,
    /// What it was exchanged for.
    pub grant: Option<GrantId>,
}

pub(crate) async fn insert_code(tx: &Tx, code: [u8; 32], row: &CodeRow) -> Result<()> {
    tx.execute(
        "INSERT INTO oauth_code (code, client_id, account_id, redirect_uri, challenge, scopes, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        (code, row.client, row.account, &row.redirect_uri, &row.challenge[..], &row.scopes.to_string(), row.expires_at),
    )
    .await?;
    Ok(())
}

pub(crate) async fn code(tx: &Tx, code: [u8; 32]) -> Result<Option<CodeRow>> {
    tx.optional(
        "SELECT client_id, account_id, redirect_uri, challenge, scopes, expires_at, grant_id
           FROM oauth_code WHERE code = $1",
        (code,),
        |row| {
            Ok(CodeRow {
                client: row.get(0)?,
                account: row.get(1)?,
                redirect_uri: row.get(2)?,
                challenge: row.get(3)?,
                scopes: scopes(row, 4)?,
                expires_at: row.get(5)?,
                grant: row.get(6)?,
            })
        },
    )
    .await
}

/// Uses a code up; none when another was faster.
pub(crate) async fn use_code(tx: &Tx, code: [u8; 32], grant: GrantId) -> Result<u64> {
    tx.execute("UPDATE oauth_code SET grant_id = $2 WHERE code = $1 AND grant_id IS NULL", (code, grant)).await
}

pub(crate) async fn delete_unused_codes_of(tx: &Tx, account: UserId) -> Result<()> {
    tx.execute("DELETE FROM oauth_code WHERE account_id = $1 AND grant_id IS NULL", (account,)).await?;
    Ok(())
}

/// Codes that people gave a client and that it has not used.
pub(crate) async fn delete_unused_codes_for(tx: &Tx, client: ClientId) -> Result<()> {
    tx.execute("DELETE FROM oauth_code WHERE client_id = $1 AND grant_id IS NULL", (client,)).await?;
    Ok(())
}

/// What a client was let do, and which of its refresh tokens is live.
pub(crate) struct GrantRow {
    pub id: GrantId,
    pub client: ClientId,
    pub account: Option<UserId>,
    pub scopes: Scopes,
    pub generation: i64,
    pub created_at: Timestamp,
    pub rotated_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

const GRANT: &str =
    "SELECT id, client_id, account_id, scopes, generation, created_at, rotated_at, expires_at, revoked_at
   FROM oauth_grant";

impl GrantRow {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            client: row.get(1)?,
            account: row.get(2)?,
            scopes: scopes(row, 3)?,
            generation: row.get(4)?,
            created_at: row.get(5)?,
            rotated_at: row.get(6)?,
            expires_at: row.get(7)?,
            revoked_at: row.get(8)?,
        })
    }

    pub(crate) fn family(&self) -> Family {
        Family {
            generation: self.generation,
            rotated_at: self.rotated_at,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
        }
    }
}

pub(crate) async fn insert_grant(tx: &Tx, row: &GrantRow) -> Result<()> {
    tx.execute(
        "INSERT INTO oauth_grant (id, client_id, account_id, scopes, generation, created_at, rotated_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        (
            row.id,
            row.client,
            row.account,
            &row.scopes.to_string(),
            row.generation,
            row.created_at,
            row.rotated_at,
            row.expires_at,
        ),
    )
    .await?;
    Ok(())
}

pub(crate) async fn grant(tx: &Tx, id: GrantId) -> Result<Option<GrantRow>> {
    tx.optional(&format!("{GRANT} WHERE id = $1"), (id,), GrantRow::read).await
}

/// The same, kept from changing until the transaction ends.
pub(crate) async fn lock_grant(tx: &Tx, id: GrantId) -> Result<Option<GrantRow>> {
    tx.optional(&format!("{GRANT} WHERE id = $1{}", for_update(tx.backend())), (id,), GrantRow::read).await
}

/// Makes the next generation the live one. The rows touched are none when another was faster.
pub(crate) async fn rotate_grant(tx: &Tx, id: GrantId, generation: i64, at: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE oauth_grant SET generation = generation + 1, rotated_at = $3
          WHERE id = $1 AND generation = $2 AND revoked_at IS NULL",
        (id, generation, at),
    )
    .await
}

/// How many were ended: none for one that had ended before.
pub(crate) async fn revoke_grant(tx: &Tx, id: GrantId) -> Result<u64> {
    tx.execute("UPDATE oauth_grant SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", (id, tx.now())).await
}

/// Ends a grant that the account gave; how many were ended.
pub(crate) async fn revoke_grant_of(tx: &Tx, account: UserId, id: GrantId) -> Result<u64> {
    tx.execute(
        "UPDATE oauth_grant SET revoked_at = $3
          WHERE id = $2 AND account_id = $1 AND revoked_at IS NULL AND expires_at > $3",
        (account, id, tx.now()),
    )
    .await
}

/// Ends every grant that the account gave and says which were ended.
pub(crate) async fn revoke_grants_of(tx: &Tx, account: UserId) -> Result<Vec<GrantId>> {
    tx.all(
        "UPDATE oauth_grant SET revoked_at = $2
          WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > $2 RETURNING id",
        (account, tx.now()),
        |row| row.get(0),
    )
    .await
}

/// Ends every grant that people gave the client and says which were ended.
pub(crate) async fn revoke_grants_by_people(tx: &Tx, client: ClientId) -> Result<Vec<GrantId>> {
    tx.all(
        "UPDATE oauth_grant SET revoked_at = $2
          WHERE client_id = $1 AND account_id IS NOT NULL AND revoked_at IS NULL AND expires_at > $2 RETURNING id",
        (client, tx.now()),
        |row| row.get(0),
    )
    .await
}

/// Ends the live grants of the account but `new` and the `keep` that were used last, and says which were ended.
pub(crate) async fn revoke_grants_beyond(tx: &Tx, new: &GrantRow, account: UserId, keep: u32) -> Result<Vec<GrantId>> {
    // SQLite skips nothing without a limit.
    let sql = "UPDATE oauth_grant SET revoked_at = $3
                WHERE id IN (SELECT id FROM oauth_grant
                              WHERE account_id = $1 AND id <> $4 AND revoked_at IS NULL AND expires_at > $3
                              ORDER BY rotated_at DESC, id DESC LIMIT 1000 OFFSET $2)
               RETURNING id";
    tx.all(sql, (account, keep, tx.now(), new.id), |row| row.get(0)).await
}

/// The same of those that a client has for itself.
pub(crate) async fn revoke_own_grants_beyond(tx: &Tx, client: ClientId, keep: u32) -> Result<Vec<GrantId>> {
    let sql = "UPDATE oauth_grant SET revoked_at = $3
                WHERE id IN (SELECT id FROM oauth_grant
                              WHERE client_id = $1 AND account_id IS NULL AND revoked_at IS NULL AND expires_at > $3
                              ORDER BY created_at DESC, id DESC LIMIT 1000 OFFSET $2)
               RETURNING id";
    tx.all(sql, (client, keep, tx.now()), |row| row.get(0)).await
}

/// Grants of the account that are alive, of clients that are, the newest first.
pub(crate) async fn live_grants_of(tx: &Tx, account: UserId, limit: u32) -> Result<Vec<Allowed>> {
    tx.all(
        "SELECT oauth_grant.id, oauth_client.name, organizer.name, oauth_grant.scopes, oauth_grant.created_at,
                oauth_grant.rotated_at, oauth_grant.expires_at, oauth_client.approved_at
           FROM oauth_grant JOIN oauth_client ON oauth_client.id = oauth_grant.client_id
                            JOIN organizer ON organizer.id = oauth_client.organizer_id
          WHERE oauth_grant.account_id = $1 AND oauth_grant.revoked_at IS NULL AND oauth_grant.expires_at > $2
                AND oauth_client.revoked_at IS NULL
          ORDER BY oauth_grant.id DESC LIMIT $3",
        (account, tx.now(), limit),
        |row| {
            Ok(Allowed {
                id: row.get(0)?,
                program: row.get(1)?,
                organizer: row.get(2)?,
                scopes: scopes(row, 3)?,
                created_at: row.get(4)?,
                used_at: row.get(5)?,
                expires_at: row.get(6)?,
                approved_at: row.get(7)?,
            })
        },
    )
    .await
}

/// Grants and clients that were ended, with the time each was.
pub(crate) async fn programs_revoked_since(tx: &Tx, since: Timestamp) -> Result<Vec<(Uuid, Timestamp)>> {
    let sql = "SELECT id, revoked_at FROM oauth_grant WHERE revoked_at >= $1
               UNION ALL SELECT id, revoked_at FROM oauth_client WHERE revoked_at >= $1";
    tx.all(sql, (since,), |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// Grants that expired before `at`, or before `own` where a client had them for itself, with the codes that
/// they came of and those that nobody used.
pub(crate) async fn delete_grants_expired_before(tx: &Tx, at: Timestamp, own: Timestamp) -> Result<()> {
    let skip = skip_locked(tx.backend());
    let sql = format!(
        "DELETE FROM oauth_code WHERE code IN
            (SELECT code FROM oauth_code WHERE (grant_id IS NULL AND expires_at < $1)
                OR grant_id IN (SELECT id FROM oauth_grant WHERE expires_at < $1){skip})"
    );
    tx.execute(&sql, (at,)).await?;
    // The code of a grant may be one that somebody is at work on.
    let sql = format!(
        "DELETE FROM oauth_grant WHERE id IN
            (SELECT id FROM oauth_grant
              WHERE (expires_at < $1 OR (account_id IS NULL AND expires_at < $2))
                    AND NOT EXISTS (SELECT 1 FROM oauth_code WHERE oauth_code.grant_id = oauth_grant.id){skip})"
    );
    tx.execute(&sql, (at, own)).await?;
    Ok(())
}

/// Clients that were revoked, and keys that were revoked or expired, before `at`. A client's grants go first.
pub(crate) async fn delete_programs_ended_before(tx: &Tx, at: Timestamp) -> Result<()> {
    let skip = skip_locked(tx.backend());
    let sql = format!(
        "DELETE FROM api_key WHERE id IN
            (SELECT id FROM api_key WHERE revoked_at < $1 OR expires_at < $1{skip})"
    );
    tx.execute(&sql, (at,)).await?;
    let sql = format!(
        "DELETE FROM oauth_client WHERE id IN
            (SELECT id FROM oauth_client
              WHERE revoked_at < $1
                    AND NOT EXISTS (SELECT 1 FROM oauth_grant WHERE oauth_grant.client_id = oauth_client.id)
                    AND NOT EXISTS (SELECT 1 FROM oauth_code WHERE oauth_code.client_id = oauth_client.id){skip})"
    );
    tx.execute(&sql, (at,)).await?;
    Ok(())
}

const API_KEY: &str = "SELECT id, organizer_id, name, scopes, hint, used_on, created_at, expires_at, secret,
        previous_until, created_by,
        (SELECT COUNT(*) FROM membership WHERE membership.organizer_id = api_key.organizer_id
                                           AND account_id = created_by)
   FROM api_key";

fn api_key(row: &Row) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.get(0)?,
        organizer: row.get(1)?,
        name: row.get(2)?,
        scopes: scopes(row, 3)?,
        hint: row.get(4)?,
        used_on: row.get(5)?,
        maker: maker(row, 10)?,
        created_at: row.get(6)?,
        expires_at: row.get(7)?,
    })
}

pub(crate) async fn insert_api_key(tx: &Tx, key: &ApiKey, secret: [u8; 32]) -> Result<()> {
    tx.execute(
        "INSERT INTO api_key (id, organizer_id, name, scopes, hint, secret, created_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        (
            key.id,
            key.organizer,
            &key.name,
            &key.scopes.to_string(),
            &key.hint,
            secret,
            key.maker.user,
            key.created_at,
            key.expires_at,
        ),
    )
    .await?;
    Ok(())
}

pub(crate) async fn api_keys_of(tx: &Tx, organizer: OrganizerId) -> Result<Vec<ApiKey>> {
    let sql = format!("{API_KEY} WHERE organizer_id = $1 AND revoked_at IS NULL ORDER BY id");
    tx.all(&sql, (organizer,), api_key).await
}

/// Of the organizer's keys that are good.
pub(crate) async fn api_key_count(tx: &Tx, organizer: OrganizerId) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM api_key
                WHERE organizer_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";
    tx.one(sql, (organizer, tx.now()), |row| row.get(0)).await
}

/// The organizer's key of that id with what is stored of its secret, kept from changing.
pub(crate) async fn lock_api_key(tx: &Tx, organizer: OrganizerId, id: ApiKeyId) -> Result<Option<(ApiKey, Vec<u8>)>> {
    let sql =
        format!("{API_KEY} WHERE id = $1 AND organizer_id = $2 AND revoked_at IS NULL{}", for_update(tx.backend()));
    tx.optional(&sql, (id, organizer), |row| Ok((api_key(row)?, row.get(8)?))).await
}

pub(crate) async fn set_api_key_secret(
    tx: &Tx,
    key: &ApiKey,
    secret: [u8; 32],
    before: Vec<u8>,
    until: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE api_key SET secret = $2, hint = $3, previous_secret = $4, previous_until = $5 WHERE id = $1",
        (key.id, secret, &key.hint, before, until),
    )
    .await?;
    Ok(())
}

/// How many were revoked: one, or none for one that was before, and for another organizer's.
pub(crate) async fn revoke_api_key(tx: &Tx, organizer: OrganizerId, id: ApiKeyId) -> Result<u64> {
    tx.execute(
        "UPDATE api_key SET revoked_at = $3 WHERE id = $1 AND organizer_id = $2 AND revoked_at IS NULL",
        (id, organizer, tx.now()),
    )
    .await
}

/// Whether the key is that organizer's, revoked or not.
pub(crate) async fn is_api_key_of(tx: &Tx, organizer: OrganizerId, id: ApiKeyId) -> Result<bool> {
    let sql = "SELECT COUNT(*) FROM api_key WHERE id = $1 AND organizer_id = $2";
    Ok(tx.one(sql, (id, organizer), |row| row.get::<i64>(0)).await? > 0)
}

/// The key with this secret, and until when that secret is good, if it ends.
pub(crate) async fn api_key_by_secret(tx: &Tx, secret: [u8; 32]) -> Result<Option<(ApiKey, Option<Timestamp>)>> {
    let sql = format!("{API_KEY} WHERE (secret = $1 OR previous_secret = $1) AND revoked_at IS NULL");
    tx.optional(&sql, (secret,), |row| {
        let key = api_key(row)?;
        let is_previous = row.get::<Vec<u8>>(8)? != secret;
        let replaced = if is_previous { row.get(9)? } else { None };
        let until = [key.expires_at, replaced].into_iter().flatten().min();
        Ok((key, until))
    })
    .await
}

pub(crate) async fn set_api_key_used(tx: &Tx, id: ApiKeyId, day: Timestamp) -> Result<()> {
    tx.execute("UPDATE api_key SET used_on = $2 WHERE id = $1", (id, day)).await?;
    Ok(())
}

/// Revokes every client and API key of the organizer and says which were.
pub(crate) async fn revoke_programs_of(tx: &Tx, organizer: OrganizerId) -> Result<(Vec<ClientId>, Vec<ApiKeyId>)> {
    let sql = "UPDATE oauth_client SET revoked_at = $2 WHERE organizer_id = $1 AND revoked_at IS NULL RETURNING id";
    let clients = tx.all(sql, (organizer, tx.now()), |row| row.get(0)).await?;
    let sql = "UPDATE api_key SET revoked_at = $2 WHERE organizer_id = $1 AND revoked_at IS NULL RETURNING id";
    let keys = tx.all(sql, (organizer, tx.now()), |row| row.get(0)).await?;
    Ok((clients, keys))
}
