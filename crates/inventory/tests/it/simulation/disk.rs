//! A journal in memory that fails when told to: what a process had on disk when it died is
//! exactly what the next one finds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use journal::{
    AppendError, Batch, BatchHeader, BatchSeq, BlobHash, Chain, Claim, Epoch, Error, Fault, Journal, Partition, Record,
    Replay, Snapshot, Verification, Visit,
};
use parking_lot::Mutex;
use stagedoor_core::{EventId, Timestamp};

/// How a write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The process dies before the write, or in the middle of one, which is then undone.
    CrashBefore,
    /// The process dies after the write and before it hears of it.
    CrashAfter,
    /// The disk is full: certainly not written.
    Full,
    /// The answer is lost and the write was not.
    ReplyLost,
    /// The answer is lost and so was the write.
    WriteLost,
}

impl Failure {
    fn is_written(self) -> bool {
        matches!(self, Failure::CrashAfter | Failure::ReplyLost)
    }

    fn is_crash(self) -> bool {
        matches!(self, Failure::CrashBefore | Failure::CrashAfter)
    }
}

pub struct StoredBatch {
    pub header: BatchHeader,
    pub records: Vec<(EventId, u64, Vec<u8>)>,
}

/// What survives the process.
#[derive(Default)]
pub struct Disk {
    pub batches: Vec<StoredBatch>,
    /// How many of them were acknowledged.
    pub acknowledged: usize,
    snapshots: BTreeMap<EventId, Snapshot<Vec<u8>>>,
    damaged: BTreeSet<EventId>,
    checkpoint: BatchSeq,
    blobs: BTreeMap<[u8; 32], Vec<u8>>,
    epoch: u64,
    /// Writes to go until one fails, and how it does.
    armed: Option<(u64, Failure)>,
    pub is_dead: bool,
    pub writes: u64,
}

impl Disk {
    /// The write that comes after `writes` others fails.
    pub fn fail_after(&mut self, writes: u64, failure: Failure) {
        self.armed = Some((writes, failure));
    }

    /// The machine is back. What was durable is there.
    pub fn restart(&mut self) {
        self.is_dead = false;
        self.armed = None;
    }

    /// A seat map is gone.
    pub fn lose_blob(&mut self, hash: [u8; 32]) {
        self.blobs.remove(&hash).expect("it was there");
    }

    /// A bit flips in one of the snapshots, which are only derived.
    pub fn damage_snapshot(&mut self, which: u64) -> bool {
        let count = self.snapshots.len() as u64;
        let found = (count > 0).then(|| *self.snapshots.keys().nth((which % count) as usize).expect("it is below"));
        found.is_some_and(|event| self.damaged.insert(event))
    }

    fn last(&self) -> BatchHeader {
        self.batches.last().map_or(BatchHeader::genesis(Partition(0)), |batch| batch.header)
    }

    fn next_failure(&mut self) -> Option<Failure> {
        self.writes += 1;
        match &mut self.armed {
            Some((0, failure)) => {
                let failure = *failure;
                self.armed = None;
                self.is_dead = failure.is_crash();
                Some(failure)
            }
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }

    fn sound(&self, event: EventId) -> Option<Snapshot<Vec<u8>>> {
        self.snapshots.get(&event).filter(|_| !self.damaged.contains(&event)).cloned()
    }
}

/// One process's journal on a [`Disk`].
pub struct DiskJournal {
    disk: Arc<Mutex<Disk>>,
    epoch: Option<u64>,
}

fn fault(doing: &'static str) -> Error {
    Error::Fault { doing, source: Fault::from("simulated") }
}

impl DiskJournal {
    pub fn open(disk: &Arc<Mutex<Disk>>) -> Self {
        Self { disk: disk.clone(), epoch: None }
    }

    fn read<T>(&self, look: impl FnOnce(&Disk) -> T) -> journal::Result<T> {
        let disk = self.disk.lock();
        if disk.is_dead { Err(fault("read")) } else { Ok(look(&disk)) }
    }

    fn write(&mut self, change: impl FnOnce(&mut Disk)) -> journal::Result<()> {
        let mut disk = self.disk.lock();
        if disk.is_dead {
            return Err(fault("write"));
        }
        if self.epoch != Some(disk.epoch) {
            return Err(Error::Poisoned { partition: Partition(0) });
        }
        let failure = disk.next_failure();
        if failure.is_none_or(Failure::is_written) {
            change(&mut disk);
        }
        if failure.is_some() {
            self.epoch = None;
            return Err(fault("write"));
        }
        Ok(())
    }
}

impl Journal for DiskJournal {
    fn partition(&self) -> Partition {
        Partition(0)
    }

    fn claim(&mut self, mine: Option<Epoch>) -> journal::Result<Claim> {
        let mut disk = self.disk.lock();
        if disk.is_dead || disk.next_failure().is_some() {
            return Err(fault("claim"));
        }
        assert!(mine.is_none_or(|mine| mine.0 == disk.epoch), "nobody else has this disk");
        disk.epoch += 1;
        self.epoch = Some(disk.epoch);
        Ok(Claim { epoch: Epoch(disk.epoch), last: disk.last() })
    }

    fn append(&mut self, at: Timestamp, batch: &Batch) -> Result<BatchSeq, AppendError> {
        let mut disk = self.disk.lock();
        let partition = Partition(0);
        let (last, seq) = (disk.last(), disk.last().seq.next());
        if disk.is_dead || self.epoch != Some(disk.epoch) {
            return Err(AppendError::Poisoned { partition });
        }
        assert!(at >= last.at, "the journaled clock went back from {} to {at}", last.at);
        let chain = last.chain.link(seq, Epoch(disk.epoch), at, batch.body());
        let failure = disk.next_failure();
        if failure.is_none_or(Failure::is_written) {
            let mut records = Vec::with_capacity(batch.records() as usize);
            batch.each(|record| records.push((record.event, record.version, record.payload.to_vec())));
            let header = BatchHeader { seq, epoch: Epoch(disk.epoch), at, chain };
            disk.batches.push(StoredBatch { header, records });
        }
        let Some(failure) = failure else {
            disk.acknowledged = disk.batches.len();
            return Ok(seq);
        };
        self.epoch = None;
        let source = Fault::from("simulated");
        Err(match failure {
            Failure::Full => AppendError::Failed { seq, source },
            _ => AppendError::Unknown { seq, chain, source },
        })
    }

    fn contains(&mut self, seq: BatchSeq, chain: Chain) -> journal::Result<bool> {
        self.read(|disk| disk.batches.iter().any(|batch| (batch.header.seq, batch.header.chain) == (seq, chain)))
    }

    fn maintain(&mut self) -> journal::Result<()> {
        self.read(|_| ())
    }

    fn replay(&mut self, after: BatchSeq, visit: &mut Visit<'_>) -> journal::Result<Replay> {
        let disk = self.disk.lock();
        if disk.is_dead {
            return Err(fault("read"));
        }
        let (mut batches, mut records) = (0, 0);
        for batch in &disk.batches[after.0 as usize..] {
            batches += 1;
            for (index, (event, version, payload)) in (0..).zip(&batch.records) {
                let record = Record { index, event: *event, version: *version, payload };
                visit(&batch.header, record).map_err(|source| Error::Rejected {
                    partition: Partition(0),
                    seq: batch.header.seq,
                    record: index,
                    source,
                })?;
                records += 1;
            }
        }
        Ok(Replay { batches, records, last: disk.last() })
    }

    fn verify(&mut self, visit: &mut Visit<'_>) -> journal::Result<Verification> {
        let replay = self.replay(BatchSeq::NONE, visit)?;
        let Replay { batches, records, .. } = replay;
        self.read(|disk| Verification {
            batches,
            records,
            events: 0,
            snapshots: disk.snapshots.len() as u64,
            blobs: disk.blobs.len() as u64,
            findings: Vec::new(),
        })
    }

    fn put_snapshots(&mut self, snapshots: &[Snapshot<&[u8]>]) -> journal::Result<()> {
        self.write(|disk| {
            for snapshot in snapshots {
                let Snapshot { event, version, covers, body } = *snapshot;
                assert!(covers <= disk.last().seq, "a snapshot covers a batch that is not there");
                disk.snapshots.insert(event, Snapshot { event, version, covers, body: body.to_vec() });
                disk.damaged.remove(&event);
            }
        })
    }

    fn snapshot(&mut self, event: EventId) -> journal::Result<Option<Snapshot<Vec<u8>>>> {
        self.read(|disk| disk.sound(event))
    }

    fn snapshots(&mut self, visit: &mut dyn FnMut(Snapshot<Vec<u8>>)) -> journal::Result<()> {
        self.read(|disk| disk.snapshots.keys().filter_map(|event| disk.sound(*event)).for_each(visit))
    }

    fn set_checkpoint(&mut self, seq: BatchSeq) -> journal::Result<()> {
        self.write(|disk| disk.checkpoint = disk.checkpoint.max(seq))
    }

    fn checkpoint(&mut self) -> journal::Result<BatchSeq> {
        self.read(|disk| disk.checkpoint)
    }

    fn put_blob(&mut self, body: &[u8]) -> journal::Result<BlobHash> {
        let hash = BlobHash::of(body);
        self.write(|disk| drop(disk.blobs.insert(hash.0, body.to_vec())))?;
        Ok(hash)
    }

    fn blob(&mut self, hash: BlobHash) -> journal::Result<Option<Vec<u8>>> {
        self.read(|disk| disk.blobs.get(&hash.0).cloned())
    }
}
