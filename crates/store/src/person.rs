//! A key for each person: what is sealed with it is gone when the key is.

use std::collections::BTreeMap;

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::keyring::{decrypt, encrypt, key_of};
use crate::{Error, IntoParam, Keyring, KeyringError, Result, Sealed, Tx, placeholders};

/// First byte of what a person's key sealed.
const PERSON_FORMAT: u8 = 2;

/// Keys asked for in one statement.
const KEYS_PER_QUERY: usize = 100;

/// The key of one person. It seals and opens what is about them, wherever that is kept.
#[derive(Clone)]
pub struct PersonKey {
    person: Uuid,
    key: Zeroizing<[u8; 32]>,
    keyring: Keyring,
}

impl PersonKey {
    pub fn seal(&self, place: Sealed, plain: &[u8]) -> Vec<u8> {
        [&[PERSON_FORMAT][..], &encrypt(&self.key, &self.keyring.entropy, place, plain)].concat()
    }

    pub fn open(&self, place: Sealed, sealed: &[u8]) -> std::result::Result<Vec<u8>, KeyringError> {
        decrypt(&self.key, place, sealed.strip_prefix(&[PERSON_FORMAT]).ok_or(KeyringError)?)
    }

    /// Keeps a fresh key. `Conflict` when the person has one.
    pub async fn keep(&self, tx: &Tx) -> Result<()> {
        let wrapped = self.keyring.seal(place(self.person), &self.key[..]);
        let sql = "INSERT INTO person_key (person_id, root, wrapped, created_at) VALUES ($1, $2, $3, $4)";
        tx.execute(sql, (self.person, i64::from(self.keyring.version()), &wrapped[..], tx.now())).await?;
        Ok(())
    }
}

impl Keyring {
    /// A key for a person who has none; nothing is kept until [`PersonKey::keep`].
    pub fn fresh_person_key(&self, person: impl Into<Uuid>) -> PersonKey {
        PersonKey { person: person.into(), key: Zeroizing::new(self.entropy.bytes()), keyring: self.clone() }
    }

    /// The key of a person; `None` when they were erased, or never had one.
    pub async fn person_key(&self, tx: &Tx, person: impl Into<Uuid>) -> Result<Option<PersonKey>> {
        let person = person.into();
        let sql = "SELECT wrapped FROM person_key WHERE person_id = $1";
        let wrapped: Option<Vec<u8>> = tx.optional(sql, (person,), |row| row.get(0)).await?;
        wrapped.map(|wrapped| self.unwrap(person, &wrapped)).transpose()
    }

    /// The keys of several people; without those who have none.
    pub async fn person_keys(&self, tx: &Tx, people: &[Uuid]) -> Result<BTreeMap<Uuid, PersonKey>> {
        let mut keys = BTreeMap::new();
        for people in people.chunks(KEYS_PER_QUERY) {
            let list = placeholders::list(1, people.len());
            let sql = format!("SELECT person_id, wrapped FROM person_key WHERE person_id IN {list}");
            let rows = tx
                .all(&sql, people.iter().map(|person| person.into_param()).collect::<Vec<_>>(), |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .await?;
            for (person, wrapped) in rows {
                let wrapped: Vec<u8> = wrapped;
                keys.insert(person, self.unwrap(person, &wrapped)?);
            }
        }
        Ok(keys)
    }

    /// Makes everything sealed with a person's key unreadable. Doing it twice is fine.
    pub async fn destroy_person_key(&self, tx: &Tx, person: impl Into<Uuid>) -> Result<()> {
        tx.execute("DELETE FROM person_key WHERE person_id = $1", (person.into(),)).await?;
        Ok(())
    }

    /// Wraps up to `count` keys that an older root key wraps with the newest one; gives how many
    /// there were. What the keys seal stays as it is.
    pub async fn rewrap_person_keys(&self, tx: &Tx, count: u64) -> Result<u64> {
        let newest = i64::from(self.version());
        let sql = "SELECT person_id, wrapped FROM person_key WHERE root < $1 ORDER BY root, person_id LIMIT $2";
        let rows: Vec<(Uuid, Vec<u8>)> =
            tx.all(sql, (newest, count as i64), |row| Ok((row.get(0)?, row.get(1)?))).await?;
        let sql = "UPDATE person_key SET wrapped = $2, root = $3 WHERE person_id = $1";
        for (person, wrapped) in &rows {
            let key = self.unwrap(*person, wrapped)?;
            let wrapped = self.seal(place(*person), &key.key[..]);
            tx.execute(sql, (*person, &wrapped[..], newest)).await?;
        }
        Ok(rows.len() as u64)
    }

    fn unwrap(&self, person: Uuid, wrapped: &[u8]) -> Result<PersonKey> {
        let corrupt = || Error::corrupt(format!("the key of person {person} does not open"));
        let key = self.open_sealed(place(person), wrapped).map_err(|_| corrupt())?;
        Ok(PersonKey { person, key: key_of(&key).ok_or_else(corrupt)?, keyring: self.clone() })
    }
}

impl std::fmt::Debug for PersonKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "PersonKey({})", self.person)
    }
}

const fn place(person: Uuid) -> Sealed {
    Sealed { table: "person_key", column: "wrapped", id: person }
}
