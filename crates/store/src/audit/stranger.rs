//! Where wishes of strangers came from, for a limited time.
//!
//! The address and user agent of somebody who is not signed in, and whom nobody knows, are sealed with a key
//! of the week in which they came. That key is destroyed when the week is old enough: what it sealed stays
//! as it is and opens no more, so that no hash over it changes.

use std::collections::BTreeMap;

use stagedoor_core::Timestamp;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::keyring::{decrypt, encrypt, key_of};
use crate::{Error, IntoParam, Keyring, KeyringError, Result, Sealed, Store, Tx, placeholders};

/// First byte of what such a key sealed; the key's id follows.
const STRANGER_FORMAT: u8 = 3;
const ID: usize = 16;
const WEEK_SECONDS: i64 = 7 * 24 * 3_600;

/// The key of one week.
pub(super) struct StrangerKey {
    id: Uuid,
    key: Zeroizing<[u8; 32]>,
}

/// Those that sealed something and are still there, by their ids.
pub(super) struct StrangerKeys(BTreeMap<Uuid, StrangerKey>);

impl StrangerKey {
    /// That of this week, made by whoever needs it first.
    pub async fn current(tx: &Tx) -> Result<Self> {
        let week = week(tx.now());
        if let Some(key) = Self::of_week(tx, week).await? {
            return Ok(key);
        }
        let (id, key) = (tx.env().id::<Uuid>(), Zeroizing::new(tx.env().entropy.bytes::<32>()));
        let wrapped = tx.keyring().seal(place(id), &key[..]);
        let sql =
            "INSERT INTO audit_stranger_key (id, week, wrapped) VALUES ($1, $2, $3) ON CONFLICT (week) DO NOTHING";
        tx.execute(sql, (id, week, &wrapped[..])).await?;
        // Another transaction may have been first.
        let made = Self::of_week(tx, week).await?;
        made.ok_or_else(|| Error::corrupt(format!("there is no key for strangers of week {week}")))
    }

    async fn of_week(tx: &Tx, week: i64) -> Result<Option<Self>> {
        let sql = "SELECT id, wrapped FROM audit_stranger_key WHERE week = $1";
        let found = tx.optional(sql, (week,), |row| Ok((row.get(0)?, row.get::<Vec<u8>>(1)?))).await?;
        found.map(|(id, wrapped)| Self::unwrap(tx.keyring(), id, &wrapped)).transpose()
    }

    fn unwrap(keyring: &Keyring, id: Uuid, wrapped: &[u8]) -> Result<Self> {
        let corrupt = || Error::corrupt(format!("the key for strangers {id} does not open"));
        let key = keyring.open_sealed(place(id), wrapped).map_err(|_| corrupt())?;
        Ok(Self { id, key: key_of(&key).ok_or_else(corrupt)? })
    }

    pub fn seal(&self, tx: &Tx, place: Sealed, plain: &[u8]) -> Vec<u8> {
        let boxed = encrypt(&self.key, &tx.env().entropy, place, plain);
        [&[STRANGER_FORMAT][..], self.id.as_bytes(), &boxed].concat()
    }
}

impl StrangerKeys {
    /// Those that sealed any of `sealed`.
    pub async fn of(tx: &Tx, sealed: impl Iterator<Item = &[u8]>) -> Result<Self> {
        let mut ids: Vec<Uuid> = sealed.filter_map(split).map(|(id, _)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut keys = BTreeMap::new();
        for ids in ids.chunks(100) {
            let list = placeholders::list(1, ids.len());
            let sql = format!("SELECT id, wrapped FROM audit_stranger_key WHERE id IN {list}");
            let params: Vec<_> = ids.iter().map(|id| id.into_param()).collect();
            for (id, wrapped) in tx.all(&sql, params, |row| Ok((row.get(0)?, row.get::<Vec<u8>>(1)?))).await? {
                keys.insert(id, StrangerKey::unwrap(tx.keyring(), id, &wrapped)?);
            }
        }
        Ok(Self(keys))
    }

    /// What such a key sealed; none when that key is gone.
    pub fn open(&self, place: Sealed, sealed: &[u8]) -> Option<std::result::Result<Vec<u8>, KeyringError>> {
        let (id, boxed) = split(sealed)?;
        self.0.get(&id).map(|key| decrypt(&key.key, place, boxed))
    }
}

/// Whether a key of a week sealed this.
pub(super) fn is_strangers(sealed: &[u8]) -> bool {
    split(sealed).is_some()
}

fn split(sealed: &[u8]) -> Option<(Uuid, &[u8])> {
    let (id, boxed) = sealed.strip_prefix(&[STRANGER_FORMAT])?.split_first_chunk::<ID>()?;
    Some((Uuid::from_bytes(*id), boxed))
}

/// Makes unreadable where strangers came from in all weeks that were over at `before`; gives how many. Call it
/// daily: what came on the first day of a week is kept up to a week longer than what came on its last.
pub async fn forget_strangers(store: &Store, before: Timestamp) -> Result<u64> {
    let tx = store.begin_write().await?;
    let gone = tx.execute("DELETE FROM audit_stranger_key WHERE week < $1", (week(before),)).await?;
    tx.commit().await?;
    Ok(gone)
}

fn week(at: Timestamp) -> i64 {
    at.seconds().div_euclid(WEEK_SECONDS)
}

const fn place(id: Uuid) -> Sealed {
    Sealed { table: "audit_stranger_key", column: "wrapped", id }
}
