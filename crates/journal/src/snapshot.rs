//! Snapshots: where a replay may begin instead of at the first batch.

use stagedoor_core::EventId;

use crate::{BatchSeq, Damage, Partition};

/// The state of one event after its first `version` facts, in a form `inventory` chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot<B> {
    pub event: EventId,
    pub version: u64,
    /// Every fact of the event in batches up to this one is in `body`. At most the last batch.
    pub covers: BatchSeq,
    pub body: B,
}

impl<B: AsRef<[u8]>> Snapshot<B> {
    /// CRC32C over everything a row holds.
    pub(crate) fn checksum(&self) -> u32 {
        let head = crc32c::crc32c(&self.event.bytes());
        let head = crc32c::crc32c_append(head, &self.version.to_le_bytes());
        let head = crc32c::crc32c_append(head, &self.covers.0.to_le_bytes());
        crc32c::crc32c_append(head, self.body.as_ref())
    }

    /// The snapshot, unless it is damaged.
    pub(crate) fn checked(self, checksum: i64) -> Result<Self, Damage> {
        if i64::from(self.checksum()) == checksum { Ok(self) } else { Err(Damage::Snapshot { event: self.event }) }
    }
}

/// A damaged snapshot is no reason to stop: the facts it sums up are all in the journal.
pub(crate) fn warn(partition: Partition, damage: &Damage) {
    tracing::warn!(%partition, %damage, "ignoring a snapshot; the event is replayed from the journal");
}
