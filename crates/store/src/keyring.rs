//! Keys and the encryption of personal data at rest.
//!
//! Three layers (envelope encryption):
//! - the **master key** comes from outside the database (a file, the environment, a command that
//!   asks a key service) and wraps nothing but root keys, so changing it rewrites a row or two;
//! - **root keys** are numbered and kept wrapped in the database. The first one is what every other
//!   key of the product that signs nothing is derived from by HKDF-SHA256 (RFC 5869) under a label, for as
//!   long as the database lives; the newest one seals, the older ones still open. Keys that sign have numbers
//!   of their own ([`Keyring::signing`]);
//! - a [`PersonKey`](crate::PersonKey) for each person, wrapped by a root key, seals what is about that person.
//!   Destroying it makes all of that unreadable at once, wherever it was copied to.
//!
//! Sealed bytes are AES-256-GCM with the table, column and row bound in: a ciphertext copied into
//! another row does not open.

use std::collections::BTreeMap;
use std::sync::Arc;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use stagedoor_core::{Entropy, Timestamp};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::signing::{self, Signing};
use crate::{Error, Result, Row, Tx};

/// The key that wraps root keys. It is never in the database.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// Derives keys, seals and opens personal data, makes look-up fingerprints. Cheap to clone.
#[derive(Clone)]
pub struct Keyring {
    /// By version, from 1 on; never empty.
    roots: Arc<BTreeMap<u8, Zeroizing<[u8; 32]>>>,
    /// The oldest first; never empty.
    pub(crate) signing: Arc<[Signing]>,
    pub(crate) entropy: Entropy,
}

/// A root key of a database, without the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root {
    pub version: u8,
    pub created_at: Timestamp,
    /// People whose keys it wraps.
    pub people: u64,
}

/// Where a sealed value lives; part of what is authenticated.
#[derive(Debug, Clone, Copy)]
pub struct Sealed {
    pub table: &'static str,
    pub column: &'static str,
    pub id: Uuid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed data does not open with this key or in this place")]
pub struct KeyringError;

/// Why a database's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the master key is not the one this database's keys are wrapped with")]
    OtherMasterKey,
    #[error("this database has no keys yet")]
    NoKeys,
    #[error(transparent)]
    Store(#[from] Error),
}

/// First byte of what a root key sealed; the root's version follows.
const ROOT_FORMAT: u8 = 1;
const NONCE: usize = 12;

impl MasterKey {
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    pub(crate) fn wrapping(&self) -> Zeroizing<[u8; 32]> {
        expand(&self.0, "store/wrap/v1")
    }
}

impl Keyring {
    /// With one root key and no database; what it sealed only a keyring of the same root opens.
    pub fn new(root: [u8; 32], entropy: Entropy) -> Self {
        let root = Zeroizing::new(root);
        Self { signing: Arc::new([signing::only(root.clone())]), roots: Arc::new(BTreeMap::from([(1, root)])), entropy }
    }

    /// The keys of a database. `make`: make the first root key when there is none; the caller then
    /// commits `tx` before it uses the keyring.
    pub async fn open(tx: &Tx, master: &MasterKey, make: bool) -> std::result::Result<Self, OpenError> {
        let entropy = tx.env().entropy.clone();
        let mut rows = roots(tx).await?;
        if rows.is_empty() && make {
            add_root(tx, master, 1).await?;
            // Another process may have been first.
            rows = roots(tx).await?;
        }
        let roots: BTreeMap<_, _> = unwrap_all(master, &rows)?;
        let (_, first) = roots.first_key_value().ok_or(OpenError::NoKeys)?;
        let signing = signing::open(tx, master, first).await?.into();
        Ok(Self { roots: Arc::new(roots), signing, entropy })
    }

    /// Adds a root key: what is sealed from the next start on is sealed with it. Gives its version.
    pub async fn rotate(tx: &Tx, master: &MasterKey) -> std::result::Result<u8, OpenError> {
        let rows = roots(tx).await?;
        unwrap_all(master, &rows)?;
        let (newest, _) = rows.last().ok_or(OpenError::NoKeys)?;
        let version = newest.checked_add(1).ok_or_else(|| Error::corrupt("no more than 255 root keys".to_owned()))?;
        add_root(tx, master, version).await?;
        Ok(version)
    }

    /// Wraps all root keys, and those that sign, with another master key. Gives how many roots there are.
    pub async fn rewrap(tx: &Tx, old: &MasterKey, new: &MasterKey) -> std::result::Result<usize, OpenError> {
        let roots = unwrap_all(old, &roots(tx).await?)?;
        if roots.is_empty() {
            return Err(OpenError::NoKeys);
        }
        for (version, root) in &roots {
            let wrapped = encrypt(&new.wrapping(), &tx.env().entropy, root_place(*version), &root[..]);
            tx.execute("UPDATE root_key SET wrapped = $2 WHERE version = $1", (i64::from(*version), &wrapped[..]))
                .await?;
        }
        signing::rewrap(tx, old, new).await?;
        Ok(roots.len())
    }

    /// The root keys of a database, the first one first.
    pub async fn roots(tx: &Tx) -> Result<Vec<Root>> {
        let sql = "SELECT version, created_at, (SELECT COUNT(*) FROM person_key WHERE root = version)
                     FROM root_key ORDER BY version";
        let read = |row: &Row| {
            Ok(Root { version: version(row.get(0)?)?, created_at: row.get(1)?, people: row.get::<i64>(2)? as u64 })
        };
        tx.all(sql, (), read).await
    }

    /// The version that seals, the newest.
    pub fn version(&self) -> u8 {
        *self.roots.last_key_value().expect("a keyring has a root").0
    }

    /// The key for `label`, such as `"store/blind-index/v1"`. Stays the same for as long as the database
    /// lives: what was indexed is to be found after a rotation, too.
    pub fn derive(&self, label: &str) -> [u8; 32] {
        let (_, first) = self.roots.first_key_value().expect("a keyring has a root");
        *expand(first, label)
    }

    pub fn seal(&self, place: Sealed, plain: &[u8]) -> Vec<u8> {
        let (version, root) = self.roots.last_key_value().expect("a keyring has a root");
        let boxed = encrypt(&expand(root, "store/seal/v1"), &self.entropy, place, plain);
        [&[ROOT_FORMAT, *version][..], &boxed].concat()
    }

    pub fn open_sealed(&self, place: Sealed, sealed: &[u8]) -> std::result::Result<Vec<u8>, KeyringError> {
        let [ROOT_FORMAT, version, boxed @ ..] = sealed else { return Err(KeyringError) };
        let root = self.roots.get(version).ok_or(KeyringError)?;
        decrypt(&expand(root, "store/seal/v1"), place, boxed)
    }

    /// A fingerprint to find a sealed value by without opening all of them.
    pub fn blind_index(&self, label: &str, text: &str) -> [u8; 32] {
        hmac(&self.derive("store/blind-index/v1"), &[label.as_bytes(), &[0], text.as_bytes()])
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Keyring(..)")
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("MasterKey(..)")
    }
}

fn version(number: i64) -> Result<u8> {
    u8::try_from(number).map_err(|_| Error::corrupt(format!("there is no root key {number}")))
}

/// Root keys as stored, the first one first.
async fn roots(tx: &Tx) -> Result<Vec<(u8, Vec<u8>)>> {
    let sql = "SELECT version, wrapped FROM root_key ORDER BY version";
    tx.all(sql, (), |row| Ok((version(row.get(0)?)?, row.get(1)?))).await
}

fn unwrap_all(
    master: &MasterKey,
    rows: &[(u8, Vec<u8>)],
) -> std::result::Result<BTreeMap<u8, Zeroizing<[u8; 32]>>, OpenError> {
    let unwrap = |(version, wrapped): &(u8, Vec<u8>)| {
        let root = decrypt(&master.wrapping(), root_place(*version), wrapped).ok().and_then(|root| key_of(&root));
        root.map(|root| (*version, root)).ok_or(OpenError::OtherMasterKey)
    };
    rows.iter().map(unwrap).collect()
}

/// Leaves a root of this version alone that is there already.
async fn add_root(tx: &Tx, master: &MasterKey, version: u8) -> Result<()> {
    let root: Zeroizing<[u8; 32]> = Zeroizing::new(tx.env().entropy.bytes());
    let wrapped = encrypt(&master.wrapping(), &tx.env().entropy, root_place(version), &root[..]);
    let sql =
        "INSERT INTO root_key (version, wrapped, created_at) VALUES ($1, $2, $3) ON CONFLICT (version) DO NOTHING";
    tx.execute(sql, (i64::from(version), &wrapped[..], tx.now())).await?;
    Ok(())
}

const fn root_place(version: u8) -> Sealed {
    Sealed { table: "root_key", column: "wrapped", id: Uuid::from_u128(version as u128) }
}

/// A nonce and what AES-256-GCM makes of `plain`.
pub(crate) fn encrypt(key: &[u8; 32], entropy: &Entropy, place: Sealed, plain: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE] = entropy.bytes();
    let payload = Payload { msg: plain, aad: &place.binding() };
    let boxed = cipher(key).encrypt(&Nonce::from(nonce), payload).expect("a short text always encrypts");
    [&nonce[..], &boxed].concat()
}

pub(crate) fn decrypt(key: &[u8; 32], place: Sealed, sealed: &[u8]) -> std::result::Result<Vec<u8>, KeyringError> {
    let (nonce, boxed) = sealed.split_first_chunk::<NONCE>().ok_or(KeyringError)?;
    let payload = Payload { msg: boxed, aad: &place.binding() };
    cipher(key).decrypt(&Nonce::from(*nonce), payload).map_err(|_| KeyringError)
}

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
}

pub(crate) fn key_of(bytes: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    bytes.try_into().ok().map(Zeroizing::new)
}

/// HKDF with an empty salt and one block of output.
pub(crate) fn expand(secret: &[u8; 32], label: &str) -> Zeroizing<[u8; 32]> {
    let pseudo_random = hmac(&[0; 32], &[&secret[..]]);
    Zeroizing::new(hmac(&pseudo_random, &[label.as_bytes(), &[1]]))
}

impl Sealed {
    /// No part can run into the next: names hold no zero byte and the id has a fixed length.
    fn binding(self) -> Vec<u8> {
        [self.table.as_bytes(), &[0], self.column.as_bytes(), &[0], self.id.as_bytes()].concat()
    }
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Sealed = Sealed { table: "account", column: "email", id: Uuid::from_u128(1) };

    #[test]
    fn sealed_data_opens_only_in_its_place_with_its_key_unchanged() {
        let keyring = Keyring::new([1; 32], Entropy::seeded(1));
        let sealed = keyring.seal(PLACE, b"ann@example.org");
        assert_eq!(keyring.open_sealed(PLACE, &sealed).unwrap(), b"ann@example.org");
        assert!(keyring.open_sealed(Sealed { id: Uuid::from_u128(2), ..PLACE }, &sealed).is_err());
        assert!(keyring.open_sealed(Sealed { column: "name", ..PLACE }, &sealed).is_err());
        assert!(Keyring::new([2; 32], Entropy::seeded(1)).open_sealed(PLACE, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(keyring.open_sealed(PLACE, &changed).is_err(), "byte {at}");
            assert!(keyring.open_sealed(PLACE, &sealed[..at]).is_err(), "cut at {at}");
        }
        assert_ne!(sealed, keyring.seal(PLACE, b"ann@example.org"));
    }

    /// Test vector 3 of RFC 5869 uses an empty salt and info; here only its first block matters.
    #[test]
    fn keys_are_hkdf_with_an_empty_salt() {
        let pseudo_random = hmac(&[0; 32], &[&[0x0b; 22]]);
        let block = hmac(&pseudo_random, &[&[], &[1]]);
        assert_eq!(block[..8], [0x8d, 0xa4, 0xe7, 0x75, 0xa5, 0x63, 0xc1, 0x8f]);
    }
}
