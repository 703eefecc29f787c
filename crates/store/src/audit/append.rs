//! Appending entries: the last act of a transaction.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stagedoor_core::{Timestamp, UserId};
use uuid::Uuid;

use super::chain::{Hash, Stored, seq};
use super::checkpoint::{self, CHECKPOINT_ENTRIES};
use super::{Chain, Entry};
use crate::dialect::for_update;
use crate::{Error, PersonKey, Result, Tx};

/// Bytes of before and after together; of more only a hash is kept. As much as a request body holds.
pub const DETAIL_MAX: usize = 2 * stagedoor_core::limits::BODY_MAX;

/// The last entry of a chain.
pub(super) struct Head {
    pub chain: Chain,
    pub seq: u64,
    pub hash: Hash,
    pub at: Timestamp,
    pub checkpointed: u64,
}

/// The keys of the people that entries are about; of those who were erased there is none.
pub(super) type Keys = BTreeMap<Uuid, PersonKey>;

pub(crate) async fn append(tx: &Tx, entries: Vec<Entry>) -> Result<()> {
    let actor = tx.origin().actor.user();
    let people: BTreeSet<Uuid> = entries.iter().filter_map(|entry| entry.about).chain(actor).map(|id| id.0).collect();
    let keys = tx.keyring().person_keys(tx, &Vec::from_iter(people)).await?;
    // A map sorts: chains are locked in one order by everybody.
    let mut chains: BTreeMap<Chain, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        chains.entry(entry.chain).or_default().push(entry);
    }
    for (chain, entries) in chains {
        let mut head = lock(tx, chain).await?;
        let before = head.seq;
        for entry in entries {
            let stored = link(tx, &head, entry, &keys);
            insert(tx, chain, &stored).await?;
            (head.seq, head.at) = (stored.seq, stored.at);
            head.hash = stored.hash.try_into().expect("a SHA-256 hash has 32 bytes");
        }
        if head.seq - head.checkpointed >= CHECKPOINT_ENTRIES {
            checkpoint::sign(tx, &head).await?;
            head.checkpointed = head.seq;
        }
        move_head(tx, &head, before).await?;
    }
    Ok(())
}

/// The chain's end, kept from moving until the transaction ends.
pub(super) async fn lock(tx: &Tx, chain: Chain) -> Result<Head> {
    if let Some(head) = locked(tx, chain).await? {
        return Ok(head);
    }
    tx.execute(
        "INSERT INTO audit_head (chain, seq, hash, at, checkpointed) VALUES ($1, 0, $2, $3, 0)
         ON CONFLICT (chain) DO NOTHING",
        (chain.id(), chain.genesis(), Timestamp::MIN),
    )
    .await?;
    // Another transaction may have begun it, and gone on.
    locked(tx, chain).await?.ok_or_else(|| Error::corrupt(format!("the end of the audit log of {chain} is not kept")))
}

async fn locked(tx: &Tx, chain: Chain) -> Result<Option<Head>> {
    let sql = format!(
        "SELECT chain, seq, hash, at, checkpointed FROM audit_head WHERE chain = $1{}",
        for_update(tx.backend())
    );
    tx.optional(&sql, (chain.id(),), Head::read).await
}

impl Head {
    pub(super) fn read(row: &crate::Row) -> Result<Head> {
        let hash: Vec<u8> = row.get(2)?;
        Ok(Head {
            chain: Chain::from_id(row.get(0)?),
            seq: seq(row.get(1)?)?,
            hash: hash.try_into().map_err(|_| Error::corrupt("the end of an audit log has no hash"))?,
            at: row.get(3)?,
            checkpointed: seq(row.get(4)?)?,
        })
    }
}

pub(super) async fn move_head(tx: &Tx, head: &Head, before: u64) -> Result<()> {
    let moved = tx
        .execute(
            "UPDATE audit_head SET seq = $2, hash = $3, at = $4, checkpointed = $5 WHERE chain = $1 AND seq = $6",
            (head.chain.id(), head.seq as i64, head.hash, head.at, head.checkpointed as i64, before as i64),
        )
        .await?;
    assert_eq!(moved, 1, "the locked end of the audit log of {} moved from {before}", head.chain);
    Ok(())
}

/// The row of `entry` after `head`.
fn link(tx: &Tx, head: &Head, entry: Entry, keys: &Keys) -> Stored {
    let origin = tx.origin();
    let (chain, seq) = (head.chain, head.seq + 1);
    let seal = |column, person: Option<UserId>, value: Value| {
        if value.is_null() {
            return None;
        }
        let (place, plain) = (chain.place(seq, column), serde_json::to_vec(&value).expect("a JSON value is JSON"));
        match person {
            None => Some(tx.keyring().seal(place, &plain)),
            // Of someone who was erased nothing more is kept.
            Some(person) => keys.get(&person.0).map(|key| key.seal(place, &plain)),
        }
    };
    let from = match (origin.address, &origin.agent) {
        (None, None) => Value::Null,
        (address, agent) => json!({ "address": address, "agent": agent }),
    };
    let sealed_origin = seal("origin", owner(origin.actor.user(), entry.about), from);
    let detail = seal("detail", entry.about, detail(entry.before, entry.after));
    let mut stored = Stored {
        seq,
        // A clock that was set back must not look like an entry that was moved.
        at: tx.now().max(head.at),
        actor: origin.actor.kind().to_owned(),
        actor_id: origin.actor.user(),
        action: entry.action.to_owned(),
        subject: entry.subject,
        result: entry.result.text().to_owned(),
        about: entry.about,
        request: origin.request.map(|request| request.0),
        origin: sealed_origin,
        detail,
        hash: Vec::new(),
    };
    stored.hash = stored.hash_after(&head.hash).to_vec();
    stored
}

/// Whose the address and the user agent of an entry are: the actor's or, where nobody is signed in,
/// of whoever it is about, as at a failed sign-in.
pub(super) fn owner(actor: Option<UserId>, about: Option<UserId>) -> Option<UserId> {
    actor.or(about)
}

fn detail(before: Value, after: Value) -> Value {
    let is_empty = |value: &Value| value.is_null() || value.as_object().is_some_and(|fields| fields.is_empty());
    if is_empty(&before) && is_empty(&after) {
        return Value::Null;
    }
    let whole = json!({ "before": before, "after": after });
    let text = whole.to_string();
    if text.len() <= DETAIL_MAX {
        return whole;
    }
    let hash: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "before": Value::Null, "after": { "bytes": text.len(), "sha256": hash } })
}

async fn insert(tx: &Tx, chain: Chain, entry: &Stored) -> Result<()> {
    tx.execute(
        "INSERT INTO audit_entry (chain, seq, at, actor, actor_id, action, subject, result, about, request, origin,
                                  detail, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        (
            chain.id(),
            entry.seq as i64,
            entry.at,
            &entry.actor,
            entry.actor_id,
            &entry.action,
            &entry.subject,
            &entry.result,
            entry.about,
            entry.request,
            entry.origin.clone(),
            entry.detail.clone(),
            entry.hash.clone(),
        ),
    )
    .await?;
    Ok(())
}
