//! Signed states of chains: kept elsewhere, they give away whoever rewrites a chain, or its end,
//! with all of the database in hand.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use stagedoor_core::Timestamp;

use super::Chain;
use super::chain::{Hash, seq};
use super::link::{Head, link, lock, move_head};
use crate::{Error, Keyring, Result, Row, SigningKey, Store, Tx};

/// A chain that grew by this many entries gets a checkpoint at once, not only after a minute.
pub const CHECKPOINT_ENTRIES: u64 = 1_000;
/// Chains taken at a time by [`checkpoint_moved`]: whoever links to one of them waits for all.
const CHAINS_PER_ROUND: u32 = 20;
const KEY_LABEL: &str = "store/audit-checkpoint/v1";

/// That a chain's entry numbered `seq`, written at `at`, hashed to `hash`, which covers all before it.
/// As a line of JSON it can be kept anywhere; whoever has `key` from another place can check the
/// signature without us (Ed25519 over [`Checkpoint::said`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Line", into = "Line")]
pub struct Checkpoint {
    pub chain: Chain,
    pub seq: u64,
    pub(crate) hash: Hash,
    pub at: Timestamp,
    key: Vec<u8>,
    signature: Vec<u8>,
}

impl Checkpoint {
    fn new(newest: &SigningKey, head: &Head) -> Checkpoint {
        let pair = pair(newest);
        let Head { chain, seq, hash, at, .. } = *head;
        let key = pair.public_key().as_ref().to_vec();
        let mut checkpoint = Checkpoint { chain, seq, hash, at, key, signature: Vec::new() };
        checkpoint.signature = pair.sign(&checkpoint.said()).as_ref().to_vec();
        checkpoint
    }

    /// What is signed: the words `stagedoor audit checkpoint 1`, the chain's 16 bytes, number and
    /// time (microseconds since 1970) as 8 bytes each, highest first, and the 32 bytes of the hash.
    pub fn said(&self) -> Vec<u8> {
        let (seq, at) = (self.seq.to_be_bytes(), self.at.micros().to_be_bytes());
        [b"stagedoor audit checkpoint 1", &self.chain.id().as_bytes()[..], &seq, &at, &self.hash].concat()
    }

    /// Whether one of this installation's keys signed it, at a time when that key did: one that was replaced
    /// signs nothing later, whoever has it, unless the chain's end was later than the clock when it was
    /// (`ahead`). The key that the checkpoint names counts for nothing: anybody can name one.
    pub(super) fn is_ours(&self, keyring: &Keyring, ahead: &Ahead) -> bool {
        keyring.signing(KEY_LABEL).iter().any(|key| {
            let pair = pair(key);
            let verified = UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref());
            let until = key.replaced_at.map(|at| ahead.get(&(key.number + 1)).map_or(at, |ahead| at.max(*ahead)));
            until.is_none_or(|at| self.at <= at) && verified.verify(&self.said(), &self.signature).is_ok()
        })
    }

    fn read(keys: &[SigningKey], row: &Row) -> Result<Checkpoint> {
        let hash: Vec<u8> = row.get(2)?;
        let signed_by: i64 = row.get(5)?;
        let key = keys.iter().find(|key| i64::from(key.number) == signed_by);
        let key = key.ok_or_else(|| Error::corrupt(format!("there is no signing key {signed_by}")))?;
        Ok(Checkpoint {
            chain: Chain::from_id(row.get(0)?),
            seq: seq(row.get(1)?)?,
            hash: hash.try_into().map_err(|_| Error::corrupt("an audit checkpoint has no hash"))?,
            at: row.get(3)?,
            key: pair(key).public_key().as_ref().to_vec(),
            signature: row.get(4)?,
        })
    }
}

/// How far a chain was ahead of the clock when signing keys were added, by their numbers.
pub(super) type Ahead = BTreeMap<u8, Timestamp>;

pub(super) async fn ahead(tx: &Tx, chain: Chain) -> Result<Ahead> {
    let sql = "SELECT version, at FROM signing_key_ahead WHERE chain = $1";
    let read = |row: &Row| Ok((row.get::<i64>(0)?, row.get(1)?));
    let found = tx.all(sql, (chain.id(),), read).await?;
    let number = |version| u8::try_from(version).map_err(|_| Error::corrupt("a signing key has no number"));
    found.into_iter().map(|(version, at)| Ok((number(version)?, at))).collect()
}

fn pair(key: &SigningKey) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&key.seed[..]).expect("any 32 bytes are an Ed25519 seed")
}

const CHECKPOINT: &str = "SELECT chain, seq, hash, at, signature, signed_by FROM audit_checkpoint";

/// Signs the state that `head` describes, as a part of the transaction that has it locked.
pub(super) async fn sign(tx: &Tx, head: &Head) -> Result<()> {
    let keys = tx.keyring().signing(KEY_LABEL);
    let newest = keys.last().expect("one signs");
    let Checkpoint { chain, seq, hash, at, signature, .. } = Checkpoint::new(newest, head);
    tx.execute(
        "INSERT INTO audit_checkpoint (chain, seq, hash, at, signature, signed_by) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (chain, seq) DO NOTHING",
        (chain.id(), seq as i64, hash, at, signature, i64::from(newest.number)),
    )
    .await?;
    Ok(())
}

/// Links what waits and signs the state of every chain that has grown since its last checkpoint, each
/// once; gives how many. Call it every minute or so: without growth it is two looks into an index.
pub async fn checkpoint_moved(store: &Store) -> Result<u64> {
    // A chain that cannot be linked leaves the others, and what it has, to be signed.
    let linked = link(store, None).await;
    let mut signed = 0;
    // A chain that grows all the time must keep nobody from the ones after it.
    let mut after = None;
    loop {
        let tx = store.begin_write().await?;
        let sql = "SELECT chain FROM audit_head WHERE seq > checkpointed AND ($1 IS NULL OR chain > $1)
             ORDER BY chain LIMIT $2";
        let moved = tx.all(sql, (after.map(Chain::id), CHAINS_PER_ROUND), |row| row.get(0).map(Chain::from_id)).await?;
        let Some(last) = moved.last() else { return linked.map(|_| signed) };
        after = Some(*last);
        for chain in moved {
            let mut head = lock(&tx, chain).await?;
            sign(&tx, &head).await?;
            head.checkpointed = head.seq;
            move_head(&tx, &head, head.seq).await?;
            signed += 1;
        }
        tx.commit().await?;
    }
}

/// The newest checkpoint of every chain, in the order of the chains.
pub async fn latest_checkpoints(tx: &Tx) -> Result<Vec<Checkpoint>> {
    let sql = format!(
        "{CHECKPOINT} WHERE seq = (SELECT MAX(later.seq) FROM audit_checkpoint later
            WHERE later.chain = audit_checkpoint.chain) ORDER BY chain"
    );
    let keys = tx.keyring().signing(KEY_LABEL);
    tx.all(&sql, (), |row| Checkpoint::read(&keys, row)).await
}

/// A chain's checkpoints after the entry numbered `after`, at most `limit`.
pub(super) async fn of_chain(tx: &Tx, chain: Chain, after: u64, limit: u32) -> Result<Vec<Checkpoint>> {
    let sql = format!("{CHECKPOINT} WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3");
    let keys = tx.keyring().signing(KEY_LABEL);
    tx.all(&sql, (chain.id(), after as i64, limit), |row| Checkpoint::read(&keys, row)).await
}

/// Whether the database has a checkpoint of the entry numbered `seq`.
pub(super) async fn exists(tx: &Tx, chain: Chain, seq: u64) -> Result<bool> {
    let sql = "SELECT 1 FROM audit_checkpoint WHERE chain = $1 AND seq = $2";
    Ok(tx.optional(sql, (chain.id(), seq as i64), |_| Ok(())).await?.is_some())
}

/// A checkpoint as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    chain: String,
    seq: u64,
    hash: String,
    at: Timestamp,
    key: String,
    signature: String,
}

impl From<Checkpoint> for Line {
    fn from(checkpoint: Checkpoint) -> Line {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Line {
            chain: checkpoint.chain.to_string(),
            seq: checkpoint.seq,
            hash: text(&checkpoint.hash),
            at: checkpoint.at,
            key: text(&checkpoint.key),
            signature: text(&checkpoint.signature),
        }
    }
}

impl TryFrom<Line> for Checkpoint {
    type Error = String;
    fn try_from(line: Line) -> std::result::Result<Checkpoint, String> {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| format!("{text:?} is not base64url"));
        Ok(Checkpoint {
            chain: line.chain.parse().map_err(|error: stagedoor_core::FieldError| error.to_string())?,
            seq: line.seq,
            hash: bytes(&line.hash)?.try_into().map_err(|_| "a hash has 32 bytes".to_owned())?,
            at: line.at,
            key: bytes(&line.key)?,
            signature: bytes(&line.signature)?,
        })
    }
}
