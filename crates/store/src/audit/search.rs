//! Reading the log: by time, actor, action, subject and result.

use std::collections::BTreeSet;

use serde_json::Value;
use stagedoor_core::{RequestId, Timestamp, UserId};
use uuid::Uuid;

use super::chain::{COLUMNS, Stored, place};
use super::stranger::{StrangerKeys, is_strangers};
use super::{Chain, Outcome};
use crate::origin::Actor;
use crate::{Error, IntoParam, KeyringError, Result, Tx};

/// Which entries are wanted; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    pub actor: Option<Actor>,
    pub action: Option<String>,
    pub subject: Option<String>,
    pub result: Option<Outcome>,
}

/// Which part of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Those after the entry numbered so, oldest first.
    After(u64),
    /// Those before the entry numbered so, newest first; `None` begins with the last.
    Before(Option<u64>),
}

/// An entry as it can be read now.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub chain: Chain,
    /// Counted from 1 within the chain.
    pub seq: u64,
    pub at: Timestamp,
    pub actor: Actor,
    pub action: String,
    pub subject: String,
    pub result: Outcome,
    /// The person whose data the detail has.
    pub about: Option<UserId>,
    pub request: Option<RequestId>,
    /// `address` and `agent`; with `client` and `grant` where a client acted.
    pub origin: Opened,
    /// `before` and `after`.
    pub detail: Opened,
    pub hash: Vec<u8>,
}

/// What became of a sealed part.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    /// None was kept.
    Nothing,
    Here(Value),
    /// The person it was about was erased, or it was a stranger's and its time is over.
    Erased,
    /// It is not what was sealed: see [`super::verify`].
    Broken,
}

impl Opened {
    /// A field of what is here; null without it.
    pub fn field(&self, name: &str) -> &Value {
        match self {
            Opened::Here(value) => &value[name],
            Opened::Nothing | Opened::Erased | Opened::Broken => &Value::Null,
        }
    }
}

/// The entries of a chain that fit, at most `limit`. What waits is not among them: see [`super::link`].
pub async fn entries(tx: &Tx, chain: Chain, filter: &Filter, part: Part, limit: u32) -> Result<Vec<Record>> {
    let mut sql = format!("SELECT {COLUMNS} FROM audit_entry WHERE chain = $1");
    let mut params = vec![chain.id().into_param()];
    let mut condition = |text: &str, value| {
        params.push(value);
        sql.push_str(&format!(" AND {text} ${}", params.len()));
    };
    if let Some(from) = filter.from {
        condition("at >=", from.into_param());
    }
    if let Some(to) = filter.to {
        condition("at <", to.into_param());
    }
    if let Some(actor) = filter.actor {
        match actor.id() {
            Some(id) => condition("actor_id =", id.into_param()),
            None => condition("actor =", actor.kind().into_param()),
        }
    }
    if let Some(action) = &filter.action {
        condition("action =", action.into_param());
    }
    if let Some(subject) = &filter.subject {
        condition("subject =", subject.into_param());
    }
    if let Some(result) = filter.result {
        condition("result =", result.text().into_param());
    }
    let order = match part {
        Part::After(seq) => {
            condition("seq >", (seq.min(i64::MAX as u64) as i64).into_param());
            "ASC"
        }
        Part::Before(seq) => {
            condition("seq <", seq.map_or(i64::MAX, |seq| seq.min(i64::MAX as u64) as i64).into_param());
            "DESC"
        }
    };
    params.push(limit.into_param());
    sql.push_str(&format!(" ORDER BY seq {order} LIMIT ${}", params.len()));
    let found = tx.all(&sql, params, Stored::read).await?;
    let people = found.iter().flat_map(|entry| [entry.actor_id, entry.about.map(|id| id.0)]).flatten();
    let people: Vec<Uuid> = BTreeSet::from_iter(people).into_iter().collect();
    let keys = tx.keyring().person_keys(tx, &people).await?;
    let strangers = StrangerKeys::of(tx, found.iter().filter_map(|entry| entry.origin.as_deref())).await?;
    let open = |column, id, whose: Option<UserId>, sealed: Option<&[u8]>| {
        let Some(sealed) = sealed else { return Opened::Nothing };
        let place = place(id, column);
        let plain: std::result::Result<Vec<u8>, KeyringError> = match whose.map(|person| keys.get(&person.0)) {
            None if is_strangers(sealed) => match strangers.open(place, sealed) {
                Some(plain) => plain,
                None => return Opened::Erased,
            },
            None => tx.keyring().open_sealed(place, sealed),
            Some(Some(key)) => key.open(place, sealed),
            Some(None) => return Opened::Erased,
        };
        let value = plain.ok().and_then(|plain| serde_json::from_slice(&plain).ok());
        value.map_or(Opened::Broken, Opened::Here)
    };
    found
        .into_iter()
        .map(|entry| {
            let broken = |what: &str| Error::corrupt(format!("the {what} of audit entry {} of {chain}", entry.seq));
            let actor = Actor::from_kind(&entry.actor, entry.actor_id).ok_or_else(|| broken("actor"))?;
            Ok(Record {
                chain,
                seq: entry.seq,
                at: entry.at,
                actor,
                result: entry.result.parse().map_err(|_| broken("result"))?,
                about: entry.about,
                request: entry.request.map(RequestId),
                origin: open("origin", entry.id, actor.owner(entry.about), entry.origin.as_deref()),
                detail: open("detail", entry.id, entry.about, entry.detail.as_deref()),
                action: entry.action,
                subject: entry.subject,
                hash: entry.hash,
            })
        })
        .collect()
}

/// The number of the chain's last entry; 0 when it has none.
pub async fn seq_at(tx: &Tx, chain: Chain) -> Result<u64> {
    let last = tx.optional("SELECT seq FROM audit_head WHERE chain = $1", (chain.id(),), |row| row.get::<i64>(0));
    last.await?.map_or(Ok(0), super::chain::seq)
}
