//! Why the journal refuses, and what it finds wrong.

use std::fmt;
use std::path::PathBuf;

use stagedoor_core::{EventId, Timestamp};

use crate::{BatchSeq, BlobHash, Chain, Epoch, Partition};

/// A failure below the journal: the disk, the database, the connection; or above it, in a visit.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

pub type Result<T> = std::result::Result<T, Error>;

/// Why a call other than an append did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("another process holds {}: one data folder serves one process", path.display())]
    Locked { path: PathBuf },
    #[error("the journal is damaged: {0}")]
    Damaged(Finding),
    /// The journal ends before a batch whose writing was acknowledged. Serving on would sell
    /// seats again that are sold.
    #[error(
        "partition {partition} ends at batch {found}, but batch {marked} was acknowledged: acknowledged batches \
         are missing, restore the file; to serve without them on purpose, remove {}", mark.display()
    )]
    Lost { partition: Partition, found: BatchSeq, marked: BatchSeq, mark: PathBuf },
    /// Another owner claimed the partition, or this journal never did.
    #[error("partition {partition} has another owner")]
    Fenced { partition: Partition },
    /// An earlier write failed; only `claim` leads on.
    #[error("partition {partition} takes no writes after a failure until it is claimed again")]
    Poisoned { partition: Partition },
    /// The visit did not accept a record.
    #[error("partition {partition}, batch {seq}, record {record} was not accepted")]
    Rejected { partition: Partition, seq: BatchSeq, record: u32, source: Fault },
    #[error("could not {doing}")]
    Fault { doing: &'static str, source: Fault },
    /// As [`AppendError::Unflushed`].
    #[error("the disk did not flush: could not {doing}")]
    Unflushed { doing: &'static str, source: Fault },
}

impl Error {
    /// Whether what is stored is wrong, rather than out of reach.
    pub fn is_damage(&self) -> bool {
        matches!(self, Error::Damaged(_) | Error::Rejected { .. })
    }
}

/// Why a batch was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Another owner claimed the partition, or this journal never did: nothing was written. Stop
    /// serving its events at once.
    #[error("partition {partition} has another owner than epoch {epoch}")]
    Fenced { partition: Partition, epoch: Epoch },
    /// Nothing was written; the journal goes on.
    #[error("a batch at {at} cannot follow one at {last}")]
    ClockWentBack { at: Timestamp, last: Timestamp },
    /// Nothing was written; the journal goes on.
    #[error("a batch of {bytes} bytes is over the limit of {}", crate::BATCH_BYTES_MAX)]
    TooLarge { bytes: usize },
    /// An earlier write failed; nothing was written now.
    #[error("partition {partition} takes no writes after a failure until it is claimed again")]
    Poisoned { partition: Partition },
    /// Nothing was written and nothing will be: the disk is full, or the database refused.
    #[error("could not write batch {seq}")]
    Failed { seq: BatchSeq, source: Fault },
    /// The batch may or may not be there. Claim again, then ask [`Journal::contains`].
    ///
    /// [`Journal::contains`]: crate::Journal::contains
    #[error("whether batch {seq} was written is not known")]
    Unknown { seq: BatchSeq, chain: Chain, source: Fault },
    /// The disk refused to flush. From here on the system may show in the file what is not on the
    /// disk, and may say of a second flush that all is well: nothing may be read from the file or
    /// written to it by this process, which has to end.
    #[error("the disk did not flush batch {seq}")]
    Unflushed { seq: BatchSeq, source: Fault },
}

/// Where something is not as it was written, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub partition: Partition,
    /// The batch, when the damage has one.
    pub seq: Option<BatchSeq>,
    /// The record in the batch, from 0.
    pub record: Option<u32>,
    pub damage: Damage,
}

/// What is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("the batch before it is missing: batch {expected} was to follow")]
    Gap { expected: BatchSeq },
    #[error("the batch is missing")]
    Missing,
    #[error("the hash over it and all before does not match: it was edited, moved, or one before it was")]
    Chain,
    #[error("its epoch {epoch} is lower than epoch {previous} before it")]
    EpochWentBack { epoch: Epoch, previous: Epoch },
    #[error("its time {at} is earlier than {previous} before it")]
    ClockWentBack { at: Timestamp, previous: Timestamp },
    #[error("its format {format} is not one this release reads")]
    Format { format: u8 },
    #[error("the checksum does not match")]
    Checksum,
    #[error("the record does not end where its length says")]
    Framing,
    #[error("version {found} of {event} follows, where {expected} was to")]
    Version { event: EventId, expected: u64, found: u64 },
    #[error("the snapshot of {event} is damaged")]
    Snapshot { event: EventId },
    #[error("the snapshot of {event} is at version {version}, but the journal only reaches {reached}")]
    SnapshotAhead { event: EventId, version: u64, reached: u64 },
    #[error("the checkpoint is at batch {checkpoint}, after the last batch")]
    CheckpointAhead { checkpoint: BatchSeq },
    #[error("the blob {hash} does not hash to its address")]
    Blob { hash: BlobHash },
    #[error("acknowledged batches up to {marked} are missing")]
    Lost { marked: BatchSeq },
    #[error("the record was not accepted: {why}")]
    Rejected { why: String },
    #[error("the database reports: {report}")]
    Database { report: String },
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "partition {}", self.partition)?;
        if let Some(seq) = self.seq {
            write!(out, ", batch {seq}")?;
        }
        if let Some(record) = self.record {
            write!(out, ", record {record}")?;
        }
        write!(out, ": {}", self.damage)
    }
}
