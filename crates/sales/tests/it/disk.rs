//! A seat journal whose disk takes as long as a test wants, and fails when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use journal::{
    AppendError, Batch, BatchSeq, BlobHash, Chain, Claim, Epoch, Fault, Journal, Partition, Replay, Result, Snapshot,
    Verification, Visit,
};
use stagedoor_core::{EventId, Timestamp};
use tokio::sync::{Mutex, MutexGuard};

/// How a write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Certainly not written: the disk is full.
    Full,
    /// Written, but nobody hears of it.
    ReplyLost,
    /// Not written, and nobody knows.
    WriteLost,
}

impl Failure {
    pub const ALL: [Failure; 3] = [Failure::Full, Failure::ReplyLost, Failure::WriteLost];
}

/// Clones are the same disk.
#[derive(Clone, Default)]
pub struct Disk {
    gate: Arc<Mutex<()>>,
    waiting: Arc<AtomicUsize>,
    /// Writes to go until one fails, and how it does.
    armed: Arc<parking_lot::Mutex<Option<(usize, Failure)>>>,
    failures: Arc<AtomicU64>,
}

impl Disk {
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

    /// The write that comes after `writes` others fails, and no other.
    pub fn fail_after(&self, writes: usize, failure: Failure) {
        *self.armed.lock() = Some((writes, failure));
    }

    /// Nothing fails from now on. Whether something did since [`Disk::fail_after`].
    pub fn mend(&self) -> bool {
        self.armed.lock().take().is_none()
    }

    /// Writes that failed since the disk was made.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Acquire)
    }

    fn next_failure(&self) -> Option<Failure> {
        let mut armed = self.armed.lock();
        let (writes, failure) = armed.as_mut()?;
        if *writes > 0 {
            *writes -= 1;
            return None;
        }
        let failure = *failure;
        *armed = None;
        self.failures.fetch_add(1, Ordering::AcqRel);
        Some(failure)
    }
}

/// A journal on such a disk.
pub struct DiskJournal {
    pub journal: Box<dyn Journal>,
    pub disk: Disk,
}

impl Journal for DiskJournal {
    fn append(&mut self, at: Timestamp, batch: &Batch) -> std::result::Result<BatchSeq, AppendError> {
        self.disk.waiting.fetch_add(1, Ordering::AcqRel);
        let turn = self.disk.gate.blocking_lock();
        self.disk.waiting.fetch_sub(1, Ordering::AcqRel);
        drop(turn);
        let Some(failure) = self.disk.next_failure() else { return self.journal.append(at, batch) };
        let seq = if failure == Failure::ReplyLost { self.journal.append(at, batch)? } else { BatchSeq::NONE };
        let source = Fault::from("the disk was told to fail");
        match failure {
            Failure::Full => Err(AppendError::Failed { seq, source }),
            // The engine reads the whole journal again rather than ask for this batch by its hash.
            Failure::ReplyLost | Failure::WriteLost => Err(AppendError::Unknown { seq, chain: Chain([0; 16]), source }),
        }
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
