//! Which chain an entry belongs to, and the hash that links it to the one before.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use stagedoor_core::{FieldError, OrganizerId, Timestamp, UserId};
use uuid::Uuid;

use crate::{Error, Result, Row, Sealed, Tx};

/// SHA-256.
pub(crate) type Hash = [u8; 32];

/// One tenant's log, or that of the platform: accounts, sign-in, the operator, and strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chain {
    Platform,
    Organizer(OrganizerId),
}

impl Chain {
    pub(crate) fn id(self) -> Uuid {
        match self {
            Chain::Platform => Uuid::nil(),
            Chain::Organizer(id) => id.0,
        }
    }

    pub(crate) fn from_id(id: Uuid) -> Chain {
        if id.is_nil() { Chain::Platform } else { Chain::Organizer(OrganizerId(id)) }
    }

    /// What the first entry follows. Holds the chain, so that entries moved to another do not hash.
    pub(crate) fn genesis(self) -> Hash {
        Sha256::new().chain_update(b"stagedoor audit 1").chain_update(self.id().as_bytes()).finalize().into()
    }
}

impl From<OrganizerId> for Chain {
    fn from(id: OrganizerId) -> Self {
        Chain::Organizer(id)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Chain::Platform => out.write_str("platform"),
            Chain::Organizer(id) => id.fmt(out),
        }
    }
}

impl FromStr for Chain {
    type Err = FieldError;
    fn from_str(text: &str) -> std::result::Result<Self, FieldError> {
        let organizer = text.parse().ok().map(Chain::Organizer);
        let wrong = || FieldError::new("chain", "must be platform or the id of an organizer");
        organizer.or((text == "platform").then_some(Chain::Platform)).ok_or_else(wrong)
    }
}

/// Where a sealed column of the entry `id` lives, while it waits and in its chain.
pub(crate) fn place(id: Uuid, column: &'static str) -> Sealed {
    Sealed { table: "audit_entry", column, id }
}

/// One row of `audit_entry` but for its chain. Public only within: it is what the hash is over.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// Which entry this is, whatever its place.
    pub id: Uuid,
    pub seq: u64,
    pub at: Timestamp,
    pub actor: String,
    /// Of a person or program.
    pub actor_id: Option<Uuid>,
    pub action: String,
    pub subject: String,
    pub result: String,
    pub about: Option<UserId>,
    pub request: Option<Uuid>,
    pub origin: Option<Vec<u8>>,
    pub detail: Option<Vec<u8>>,
    pub hash: Vec<u8>,
}

/// In the order of [`Stored::read`].
pub(crate) const COLUMNS: &str =
    "id, at, actor, actor_id, action, subject, result, about, request, origin, detail, seq, hash";
/// In the order of [`Stored::read_waiting`]: the same without what the chain adds.
pub(crate) const WAITING: &str = "id, at, actor, actor_id, action, subject, result, about, request, origin, detail";

impl Stored {
    pub fn read(row: &Row) -> Result<Stored> {
        Ok(Stored { seq: seq(row.get(11)?)?, hash: row.get(12)?, ..Self::read_waiting(row)? })
    }

    /// One that is in no chain yet: without number and hash.
    pub fn read_waiting(row: &Row) -> Result<Stored> {
        Ok(Stored {
            id: row.get(0)?,
            seq: 0,
            at: row.get(1)?,
            actor: row.get(2)?,
            actor_id: row.get(3)?,
            action: row.get(4)?,
            subject: row.get(5)?,
            result: row.get(6)?,
            about: row.get(7)?,
            request: row.get(8)?,
            origin: row.get(9)?,
            detail: row.get(10)?,
            hash: Vec::new(),
        })
    }

    /// Makes this the entry after the one numbered `seq`, written at `at`, that hashes to `before`.
    pub fn follow(&mut self, seq: u64, at: Timestamp, before: &Hash) {
        self.seq = seq + 1;
        // A clock that was set back, or a commit that took longer than the next one, must not look
        // like an entry that was moved.
        self.at = self.at.max(at);
        self.hash = self.hash_after(before).to_vec();
    }

    pub async fn insert(&self, tx: &Tx, chain: Chain) -> Result<()> {
        tx.execute(
            "INSERT INTO audit_entry (chain, id, at, actor, actor_id, action, subject, result, about, request, origin,
                                      detail, seq, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            (
                chain.id(),
                self.id,
                self.at,
                &self.actor,
                self.actor_id,
                &self.action,
                &self.subject,
                &self.result,
                self.about,
                self.request,
                self.origin.clone(),
                self.detail.clone(),
                self.seq as i64,
                self.hash.clone(),
            ),
        )
        .await?;
        Ok(())
    }

    /// The hash of this entry after the one that hashes to `before`. Every column counts, and none
    /// can run into the next: each says whether it is there and how long it is.
    pub fn hash_after(&self, before: &[u8]) -> Hash {
        let mut hash = Sha256::new();
        hash.update(before);
        hash.update(self.seq.to_be_bytes());
        hash.update(self.at.micros().to_be_bytes());
        let ids = [Some(self.id), self.actor_id, self.about.map(|id| id.0), self.request];
        for id in &ids {
            column(&mut hash, id.as_ref().map(|id| &id.as_bytes()[..]));
        }
        for text in [&self.actor, &self.action, &self.subject, &self.result] {
            column(&mut hash, Some(text.as_bytes()));
        }
        for sealed in [&self.origin, &self.detail] {
            column(&mut hash, sealed.as_deref());
        }
        hash.finalize().into()
    }
}

fn column(hash: &mut Sha256, bytes: Option<&[u8]>) {
    match bytes {
        None => hash.update([0]),
        Some(bytes) => {
            hash.update([1]);
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
    }
}

pub(crate) fn seq(stored: i64) -> Result<u64> {
    u64::try_from(stored).map_err(|_| Error::corrupt(format!("{stored} is no number of an audit entry")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Stored {
        Stored {
            id: Uuid::from_u128(9),
            seq: 1,
            at: Timestamp::from_micros(7),
            actor: "user".into(),
            actor_id: Some(Uuid::from_u128(1)),
            action: "event.update".into(),
            subject: "evt_1".into(),
            result: "done".into(),
            about: None,
            request: None,
            origin: Some(vec![1, 2]),
            detail: None,
            hash: Vec::new(),
        }
    }

    #[test]
    fn every_column_counts_and_none_runs_into_the_next() {
        let base = entry();
        let id = Some(UserId(Uuid::from_u128(1)));
        let others = [
            Stored { id: Uuid::from_u128(8), ..entry() },
            Stored { seq: 2, ..entry() },
            Stored { at: Timestamp::from_micros(8), ..entry() },
            Stored { actor: "nobody".into(), ..entry() },
            Stored { actor_id: None, ..entry() },
            Stored { actor_id: None, about: id, ..entry() },
            Stored { actor_id: None, request: Some(Uuid::from_u128(1)), ..entry() },
            Stored { action: "event.updat".into(), subject: "eevt_1".into(), ..entry() },
            Stored { subject: "evt_2".into(), ..entry() },
            Stored { result: "denied".into(), ..entry() },
            Stored { origin: None, detail: Some(vec![1, 2]), ..entry() },
            Stored { origin: Some(vec![1]), detail: Some(vec![2]), ..entry() },
            Stored { detail: Some(Vec::new()), ..entry() },
        ];
        let mut seen = std::collections::HashSet::from([base.hash_after(&[0; 32]), base.hash_after(&[1; 32])]);
        assert_eq!(seen.len(), 2);
        for (number, other) in others.iter().enumerate() {
            assert!(seen.insert(other.hash_after(&[0; 32])), "change {number} hashes as another");
        }
    }

    /// Kept chains are checked against this form for ever.
    #[test]
    fn the_hash_is_of_this_form() {
        let hex = |hash: Hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(
            hex(entry().hash_after(&Chain::Platform.genesis())),
            "f4c6a1de825bf279798c6daa610bec77d586a1b6628ef6db542f358cfc389eef"
        );
    }

    #[test]
    fn a_chain_reads_as_it_is_written() {
        for chain in [Chain::Platform, Chain::Organizer(OrganizerId(Uuid::from_u128(5)))] {
            assert_eq!(chain.to_string().parse(), Ok(chain));
            assert_eq!(Chain::from_id(chain.id()), chain);
        }
        assert!("".parse::<Chain>().is_err());
    }
}
