//! A seat journal whose disk takes as long as a test wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use journal::{
    AppendError, Batch, BatchSeq, BlobHash, Chain, Claim, Epoch, Journal, Partition, Replay, Result, Snapshot,
    SqliteJournal, Verification, Visit,
};
use stagedoor_core::{EventId, Timestamp};
use tokio::sync::{Mutex, MutexGuard};

/// Clones are the same disk.
#[derive(Clone, Default)]
pub struct SlowDisk {
    gate: Arc<Mutex<()>>,
    waiting: Arc<AtomicUsize>,
}

impl SlowDisk {
    /// Nothing is written until the guard is dropped.
    pub async fn stall(&self) -> MutexGuard<'_, ()> {
        self.gate.lock().await
    }

    /// Returns once a write waits for the disk.
    pub async fn wanted(&self) {
        while self.waiting.load(Ordering::Acquire) == 0 {
            tokio::task::yield_now().await;
        }
    }
}

pub struct SlowJournal {
    pub journal: SqliteJournal,
    pub disk: SlowDisk,
}

impl Journal for SlowJournal {
    fn append(&mut self, at: Timestamp, batch: &Batch) -> std::result::Result<BatchSeq, AppendError> {
        self.disk.waiting.fetch_add(1, Ordering::AcqRel);
        let turn = self.disk.gate.blocking_lock();
        self.disk.waiting.fetch_sub(1, Ordering::AcqRel);
        drop(turn);
        self.journal.append(at, batch)
    }

    fn partition(&self) -> Partition {
        self.journal.partition()
    }

    fn claim(&mut self, mine: Option<Epoch>) -> Result<Claim> {
        self.journal.claim(mine)
    }

    fn contains(&mut self, seq: BatchSeq, chain: Chain) -> Result<bool> {
        self.journal.contains(seq, chain)
    }

    fn maintain(&mut self) -> Result<()> {
        self.journal.maintain()
    }

    fn replay(&mut self, after: BatchSeq, visit: &mut Visit<'_>) -> Result<Replay> {
        self.journal.replay(after, visit)
    }

    fn verify(&mut self, visit: &mut Visit<'_>) -> Result<Verification> {
        self.journal.verify(visit)
    }

    fn put_snapshots(&mut self, snapshots: &[Snapshot<&[u8]>]) -> Result<()> {
        self.journal.put_snapshots(snapshots)
    }

    fn snapshot(&mut self, event: EventId) -> Result<Option<Snapshot<Vec<u8>>>> {
        self.journal.snapshot(event)
    }

    fn snapshots(&mut self, visit: &mut dyn FnMut(Snapshot<Vec<u8>>)) -> Result<()> {
        self.journal.snapshots(visit)
    }

    fn set_checkpoint(&mut self, seq: BatchSeq) -> Result<()> {
        self.journal.set_checkpoint(seq)
    }

    fn checkpoint(&mut self) -> Result<BatchSeq> {
        self.journal.checkpoint()
    }

    fn put_blob(&mut self, body: &[u8]) -> Result<BlobHash> {
        self.journal.put_blob(body)
    }

    fn blob(&mut self, hash: BlobHash) -> Result<Option<Vec<u8>>> {
        self.journal.blob(hash)
    }
}
