//! Giving waiting entries their places in the chains.

use stagedoor_core::Timestamp;

use super::Chain;
use super::chain::{Hash, Stored, WAITING, seq};
use super::checkpoint::{self, CHECKPOINT_ENTRIES};
use crate::dialect::for_update;
use crate::{Error, Result, Row, Store, Tx};

/// Entries linked by one transaction.
const ENTRIES_PER_ROUND: u32 = 500;

/// The last entry of a chain.
pub(super) struct Head {
    pub chain: Chain,
    pub seq: u64,
    pub hash: Hash,
    pub at: Timestamp,
    pub checkpointed: u64,
}

/// Appends what waits now to its chain, in the order in which it was written: of `only`, or of all; gives
/// how many. Several may call it at once, in several processes. Call it a few times a second, and before
/// reading: what waits is not in the log yet, and nothing would tell that it was removed.
///
/// A chain that cannot go on keeps no other from doing so; its error is given in the end.
pub async fn link(store: &Store, only: Option<Chain>) -> Result<u64> {
    let tx = store.begin_read().await?;
    let waiting =
        "SELECT chain, MAX(nth) FROM audit_waiting WHERE $1 IS NULL OR chain = $1 GROUP BY chain ORDER BY chain";
    let read = |row: &Row| Ok((Chain::from_id(row.get(0)?), row.get::<i64>(1)?));
    let chains = tx.all(waiting, (only.map(Chain::id),), read).await?;
    drop(tx);
    let (mut linked, mut failed) = (0, None);
    for (chain, last) in chains {
        match link_chain(store, chain, last).await {
            Ok(some) => linked += some,
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(linked), Err)
}

/// What waits up to the one numbered `last`: what is written meanwhile is for the next call, or this one
/// might never end.
async fn link_chain(store: &Store, chain: Chain, last: i64) -> Result<u64> {
    let mut linked = 0;
    loop {
        let some = link_some(store, chain, last).await?;
        linked += u64::from(some);
        if some < ENTRIES_PER_ROUND {
            return Ok(linked);
        }
    }
}

async fn link_some(store: &Store, chain: Chain, last: i64) -> Result<u32> {
    let tx = store.begin_write().await?;
    // Locked before it is looked what waits: what another links meanwhile is gone by then.
    let mut head = lock(&tx, chain).await?;
    let before = head.seq;
    let sql = format!("SELECT {WAITING}, nth FROM audit_waiting WHERE chain = $1 AND nth <= $2 ORDER BY nth LIMIT $3");
    let read = |row: &Row| Ok((Stored::read_waiting(row)?, row.get::<i64>(11)?));
    let some = tx.all(&sql, (chain.id(), last, ENTRIES_PER_ROUND), read).await?;
    let count = some.len() as u32;
    for (mut entry, nth) in some {
        entry.follow(head.seq, head.at, &head.hash);
        entry.insert(&tx, chain).await?;
        let gone = tx.execute("DELETE FROM audit_waiting WHERE nth = $1", (nth,)).await?;
        assert_eq!(gone, 1, "entry {nth} that waits for {chain} went away under the chain's lock");
        (head.seq, head.at) = (entry.seq, entry.at);
        head.hash = entry.hash.try_into().expect("a SHA-256 hash has 32 bytes");
    }
    if head.seq - head.checkpointed >= CHECKPOINT_ENTRIES {
        checkpoint::sign(&tx, &head).await?;
        head.checkpointed = head.seq;
    }
    move_head(&tx, &head, before).await?;
    tx.commit().await?;
    Ok(count)
}

/// What waits to be linked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    pub entries: u64,
    /// When the oldest of them was written.
    pub oldest: Option<Timestamp>,
}

/// What waits now, in all chains. More than a second's worth: see why [`link`] fails.
pub async fn backlog(tx: &Tx) -> Result<Backlog> {
    let read = |row: &Row| Ok((row.get::<i64>(0)?, row.get(1)?));
    let (entries, oldest) = tx.one("SELECT COUNT(*), MIN(at) FROM audit_waiting", (), read).await?;
    Ok(Backlog { entries: seq(entries)?, oldest })
}

/// How many entries wait.
pub(super) async fn waiting(tx: &Tx, only: Option<Chain>) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM audit_waiting WHERE $1 IS NULL OR chain = $1";
    seq(tx.one(sql, (only.map(Chain::id),), |row| row.get(0)).await?)
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
    pub(super) fn read(row: &Row) -> Result<Head> {
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
