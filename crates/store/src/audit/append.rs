//! Entries on their way into the log: written by the transaction they belong to, not yet in a chain.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stagedoor_core::UserId;
use uuid::Uuid;

use super::Entry;
use super::chain::place;
use super::stranger::StrangerKey;
use crate::{Actor, PersonKey, Result, Tx};

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
    let is_strangers = |entry: &Entry| origin_owner(tx, entry) == Owner::Stranger;
    let of_week = match entries.iter().any(is_strangers) && !tx.origin().sealed_part().is_null() {
        true => Some(StrangerKey::current(tx).await?),
        false => None,
    };
    for entry in entries {
        insert(tx, entry, &keys, of_week.as_ref()).await?;
    }
    Ok(())
}

/// Whom a sealed part belongs to, and with whom it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Person(UserId),
    /// Somebody who has not signed in, and whom nobody knows.
    Stranger,
    /// The installation, and what acts in it without being a person.
    Nobody,
}

fn origin_owner(tx: &Tx, entry: &Entry) -> Owner {
    let actor = tx.origin().actor;
    match (actor.owner(entry.about), actor) {
        (Some(person), _) => Owner::Person(person),
        (None, Actor::Nobody) => Owner::Stranger,
        (None, _) => Owner::Nobody,
    }
}

async fn insert(tx: &Tx, entry: Entry, keys: &Keys, of_week: Option<&StrangerKey>) -> Result<()> {
    let (origin, id) = (tx.origin(), tx.env().id::<Uuid>());
    let seal = |column, owner: Owner, value: Value| {
        if value.is_null() {
            return None;
        }
        let (place, plain) = (place(id, column), serde_json::to_vec(&value).expect("a JSON value is JSON"));
        match owner {
            Owner::Nobody => Some(tx.keyring().seal(place, &plain)),
            Owner::Stranger => of_week.map(|key| key.seal(tx, place, &plain)),
            // Of someone who was erased nothing more is kept.
            Owner::Person(person) => keys.get(&person.0).map(|key| key.seal(place, &plain)),
        }
    };
    let sealed_origin = seal("origin", origin_owner(tx, &entry), origin.sealed_part());
    let about = entry.about.map_or(Owner::Nobody, Owner::Person);
    let detail = seal("detail", about, detail(entry.before, entry.after));
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
