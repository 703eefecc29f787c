//! Whether this journal may write, and what the next batch is: the part of writing that no
//! database is needed for.

use stagedoor_core::Timestamp;

use crate::{AppendError, BATCH_BYTES_MAX, Batch, BatchHeader, Epoch, Error, Partition, Result};

/// The right of one open journal to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer {
    pub partition: Partition,
    right: Right,
}

#[derive(Debug, Clone, Copy)]
enum Right {
    /// Never claimed, or claimed by another since; the epoch is the last one that was ours.
    None(Epoch),
    Owner {
        epoch: Epoch,
        last: BatchHeader,
    },
    /// A write failed.
    Poisoned,
}

impl Writer {
    pub fn new(partition: Partition) -> Self {
        Self { partition, right: Right::None(Epoch(0)) }
    }

    pub fn claimed(&mut self, epoch: Epoch, last: BatchHeader) {
        self.right = Right::Owner { epoch, last };
    }

    /// The header of the batch to write.
    pub fn next(&self, at: Timestamp, batch: &Batch) -> std::result::Result<BatchHeader, AppendError> {
        assert!(!batch.is_empty(), "an empty batch has nothing to make durable");
        let partition = self.partition;
        match self.right {
            Right::None(epoch) => Err(AppendError::Fenced { partition, epoch }),
            Right::Poisoned => Err(AppendError::Poisoned { partition }),
            Right::Owner { last, .. } if at < last.at => Err(AppendError::ClockWentBack { at, last: last.at }),
            Right::Owner { .. } if batch.body().len() > BATCH_BYTES_MAX => {
                Err(AppendError::TooLarge { bytes: batch.body().len() })
            }
            Right::Owner { epoch, last } => Ok(last.follow(epoch, at, batch.body())),
        }
    }

    pub fn appended(&mut self, header: BatchHeader) {
        self.right = Right::Owner { epoch: header.epoch, last: header };
    }

    /// The epoch and the last batch, for a write other than a batch.
    pub fn owner(&self) -> Result<(Epoch, BatchHeader)> {
        match self.right {
            Right::None(_) => Err(Error::Fenced { partition: self.partition }),
            Right::Poisoned => Err(Error::Poisoned { partition: self.partition }),
            Right::Owner { epoch, last } => Ok((epoch, last)),
        }
    }

    pub fn is_poisoned(&self) -> bool {
        matches!(self.right, Right::Poisoned)
    }

    /// Another owner was met.
    pub fn fenced(&mut self) {
        if let Right::Owner { epoch, .. } = self.right {
            self.right = Right::None(epoch);
        }
    }

    /// A write failed: only a new claim leads on.
    pub fn poison(&mut self) {
        self.right = Right::Poisoned;
    }
}
