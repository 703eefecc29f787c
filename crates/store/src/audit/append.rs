//! Entries on their way into the log: written by the transaction they belong to, not yet in a chain.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stagedoor_core::UserId;
use uuid::Uuid;

use super::Entry;
use super::chain::place;
use crate::{PersonKey, Result, Tx};

/// Bytes of before and after together; of more only a hash is kept. As much as a request body holds.
pub const DETAIL_MAX: usize = 2 * stagedoor_core::limits::BODY_MAX;

/// The keys of the people that entries are about; of those who were erased there is none.
type Keys = BTreeMap<Uuid, PersonKey>;

/// Writes `entries` as waiting: nobody else's transaction is waited for, however many append to the
/// same chain.
pub(crate) async fn append(tx: &Tx, entries: Vec<Entry>) -> Result<()> {
    let actor = tx.origin().actor.user();
    let people: BTreeSet<Uuid> = entries.iter().filter_map(|entry| entry.about).chain(actor).map(|id| id.0).collect();
    let keys = tx.keyring().person_keys(tx, &Vec::from_iter(people)).await?;
    for entry in entries {
        insert(tx, entry, &keys).await?;
    }
    Ok(())
}

async fn insert(tx: &Tx, entry: Entry, keys: &Keys) -> Result<()> {
    let (origin, id) = (tx.origin(), tx.env().id::<Uuid>());
    let seal = |column, person: Option<UserId>, value: Value| {
        if value.is_null() {
            return None;
        }
        let (place, plain) = (place(id, column), serde_json::to_vec(&value).expect("a JSON value is JSON"));
        match person {
            None => Some(tx.keyring().seal(place, &plain)),
            // Of someone who was erased nothing more is kept.
            Some(person) => keys.get(&person.0).map(|key| key.seal(place, &plain)),
        }
    };
    let sealed_origin = seal("origin", origin.actor.owner(entry.about), origin.sealed_part());
    let detail = seal("detail", entry.about, detail(entry.before, entry.after));
    tx.execute(
        "INSERT INTO audit_waiting (id, chain, at, actor, actor_id, action, subject, result, about, request, origin,
                                    detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        (
            id,
            entry.chain.id(),
            tx.now(),
            origin.actor.kind(),
            origin.actor.id(),
            entry.action,
            &entry.subject,
            entry.result.text(),
            entry.about,
            origin.request.map(|request| request.0),
            sealed_origin,
            detail,
        ),
    )
    .await?;
    Ok(())
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
