//! Keys that sign what leaves the server: tokens, tickets, checkpoints of the audit log.
//!
//! They are numbered. The newest signs, and says so in what it signed; those before it are only checked with,
//! for as long as what they signed may still be in use. The first is derived from root key 1, all others from
//! a secret of their own, which the master key wraps, so that a new one helps against whoever knows the old.

use std::time::Duration;

use stagedoor_core::Timestamp;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::keyring::{decrypt, encrypt, expand, key_of};
use crate::{Error, Keyring, MasterKey, OpenError, Result, Sealed, Tx};

/// What keys of one number are derived from.
#[derive(Clone)]
pub(crate) struct Signing {
    version: u8,
    secret: Zeroizing<[u8; 32]>,
    replaced_at: Option<Timestamp>,
    disowned_at: Option<Timestamp>,
}

/// A key for one purpose.
#[derive(Clone)]
pub struct SigningKey {
    /// From 1 on.
    pub number: u8,
    pub seed: Zeroizing<[u8; 32]>,
    /// Since when a newer one signs; none for the newest.
    pub replaced_at: Option<Timestamp>,
    /// Since when it may be in other hands.
    disowned_at: Option<Timestamp>,
}

/// A signing key of a database, without the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningVersion {
    pub version: u8,
    /// None for the first, which is as old as the database.
    pub created_at: Option<Timestamp>,
    pub disowned_at: Option<Timestamp>,
}

/// Whether the keys before a new one are still to be trusted with what ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predecessors {
    Trusted,
    /// They may be in other hands.
    Disowned,
}

impl SigningKey {
    /// Until when something is accepted that it signed and that is good for `life` at most; none while it
    /// is the newest.
    pub fn accepted_until(&self, life: Duration) -> Option<Timestamp> {
        let replaced = self.replaced_at.map(|at| at + life);
        replaced.map(|until| self.disowned_at.map_or(until, |at| at.min(until)))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SigningKey({})", self.number)
    }
}

impl Keyring {
    /// The keys for `label`, such as `"tickets/sign/v1"`, the oldest first: the last one signs. Never empty.
    pub fn signing(&self, label: &str) -> Vec<SigningKey> {
        let derive = |signing: &Signing| SigningKey {
            number: signing.version,
            seed: expand(&signing.secret, label),
            replaced_at: signing.replaced_at,
            disowned_at: signing.disowned_at,
        };
        self.signing.iter().map(derive).collect()
    }

    /// Adds a signing key: the next start signs with it. Gives its number.
    pub async fn rotate_signing(
        tx: &Tx,
        master: &MasterKey,
        before: Predecessors,
    ) -> std::result::Result<u8, OpenError> {
        let known = versions(tx).await?;
        let newest = known.last().map_or(1, |known| known.version);
        let version =
            newest.checked_add(1).ok_or_else(|| Error::corrupt("no more than 255 signing keys".to_owned()))?;
        let secret: Zeroizing<[u8; 32]> = Zeroizing::new(tx.env().entropy.bytes());
        let wrapped = encrypt(&master.wrapping(), &tx.env().entropy, place(version), &secret[..]);
        let sql = "INSERT INTO signing_key (version, wrapped, created_at, disowns) VALUES ($1, $2, $3, $4)";
        let disowns = i64::from(before == Predecessors::Disowned);
        tx.execute(sql, (i64::from(version), &wrapped[..], tx.now(), disowns)).await?;
        // What the clock had reached before it was set back, the keys before may have signed.
        let ahead = "INSERT INTO signing_key_ahead (version, chain, at)
                     SELECT $1, chain, at FROM audit_head WHERE at > $2";
        tx.execute(ahead, (i64::from(version), tx.now())).await?;
        Ok(version)
    }

    /// The signing keys of a database, the first one first.
    pub async fn signing_versions(tx: &Tx) -> Result<Vec<SigningVersion>> {
        let known = versions(tx).await?;
        let all = std::iter::once((1, None)).chain(known.iter().map(|known| (known.version, Some(known.created_at))));
        let describe = |(version, created_at)| {
            let disowned_at = disowned_at(&known, version);
            SigningVersion { version, created_at, disowned_at }
        };
        Ok(all.map(describe).collect())
    }
}

struct Stored {
    version: u8,
    wrapped: Vec<u8>,
    created_at: Timestamp,
    disowns: bool,
}

/// When the first one after `version` disowned it.
fn disowned_at(known: &[Stored], version: u8) -> Option<Timestamp> {
    known.iter().find(|one| one.version > version && one.disowns).map(|one| one.created_at)
}

/// Those that are stored, the oldest first.
async fn versions(tx: &Tx) -> Result<Vec<Stored>> {
    let sql = "SELECT version, wrapped, created_at, disowns FROM signing_key ORDER BY version";
    tx.all(sql, (), |row| {
        let version = u8::try_from(row.get::<i64>(0)?).map_err(|_| Error::corrupt("a signing key has no number"))?;
        let disowns = row.get::<i64>(3)? != 0;
        Ok(Stored { version, wrapped: row.get(1)?, created_at: row.get(2)?, disowns })
    })
    .await
}

/// `first`: root key 1.
pub(crate) async fn open(
    tx: &Tx,
    master: &MasterKey,
    first: &Zeroizing<[u8; 32]>,
) -> std::result::Result<Vec<Signing>, OpenError> {
    let known = versions(tx).await?;
    let mut all = vec![only(first.clone())];
    for stored in &known {
        let secret = unwrap(master, stored)?;
        all.push(Signing { version: stored.version, secret, replaced_at: None, disowned_at: None });
    }
    for (signing, next) in all.iter_mut().zip(&known) {
        signing.replaced_at = Some(next.created_at);
        signing.disowned_at = disowned_at(&known, signing.version);
    }
    Ok(all)
}

/// The first, while it has no successor.
pub(crate) fn only(secret: Zeroizing<[u8; 32]>) -> Signing {
    Signing { version: 1, secret, replaced_at: None, disowned_at: None }
}

/// Wraps all of them with another master key.
pub(crate) async fn rewrap(tx: &Tx, old: &MasterKey, new: &MasterKey) -> std::result::Result<(), OpenError> {
    for stored in versions(tx).await? {
        let secret = unwrap(old, &stored)?;
        let wrapped = encrypt(&new.wrapping(), &tx.env().entropy, place(stored.version), &secret[..]);
        let sql = "UPDATE signing_key SET wrapped = $2 WHERE version = $1";
        tx.execute(sql, (i64::from(stored.version), &wrapped[..])).await?;
    }
    Ok(())
}

fn unwrap(master: &MasterKey, stored: &Stored) -> std::result::Result<Zeroizing<[u8; 32]>, OpenError> {
    let secret = decrypt(&master.wrapping(), place(stored.version), &stored.wrapped).ok();
    secret.and_then(|secret| key_of(&secret)).ok_or(OpenError::OtherMasterKey)
}

const fn place(version: u8) -> Sealed {
    Sealed { table: "signing_key", column: "wrapped", id: Uuid::from_u128(version as u128) }
}
