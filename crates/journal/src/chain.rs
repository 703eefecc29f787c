//! The hash chain over batches, and the address of blobs.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256, digest};

use crate::{BatchHeader, BatchSeq, BlobHash, Epoch, Partition};
use stagedoor_core::Timestamp;

/// SHA-256, cut to 16 bytes, over the chain before and one batch: 64 bits against a collision
/// made on purpose, which is what finding a *second* body for a kept hash would not even allow.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chain(pub [u8; 16]);

impl Chain {
    /// The start of a partition's chain. Holds the partition, so that a batch moved to another
    /// one does not hash.
    pub fn genesis(partition: Partition) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(b"stagedoor journal 1");
        context.update(&partition.0.to_le_bytes());
        Self::cut(context)
    }

    /// The chain after a batch that follows `self`.
    pub fn link(self, seq: BatchSeq, epoch: Epoch, at: Timestamp, body: &[u8]) -> Self {
        let mut head = [0; 40];
        head[..16].copy_from_slice(&self.0);
        head[16..24].copy_from_slice(&seq.0.to_le_bytes());
        head[24..32].copy_from_slice(&epoch.0.to_le_bytes());
        head[32..].copy_from_slice(&at.micros().to_le_bytes());
        let mut context = Context::new(&SHA256);
        context.update(&head);
        context.update(body);
        Self::cut(context)
    }

    fn cut(context: Context) -> Self {
        let hash = context.finish();
        Self(hash.as_ref()[..16].try_into().expect("a SHA-256 hash has 32 bytes"))
    }
}

impl BatchHeader {
    /// The header of a batch that follows this one.
    pub(crate) fn follow(&self, epoch: Epoch, at: Timestamp, body: &[u8]) -> BatchHeader {
        let seq = self.seq.next();
        BatchHeader { seq, epoch, at, chain: self.chain.link(seq, epoch, at, body) }
    }
}

impl BlobHash {
    /// The address of `body`.
    pub fn of(body: &[u8]) -> Self {
        Self(digest(&SHA256, body).as_ref().try_into().expect("a SHA-256 hash has 32 bytes"))
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
