//! The body of a batch, format version 1:
//!
//! ```text
//! body    = format:u8(1)  record*
//! record  = length:varint  event-index:varint  [event:16 version:varint]  payload  crc32c:u32le
//! ```
//!
//! `length` counts from the event index to the end of the payload; the checksum covers the length
//! too. An event is named in full where the batch first touches it (its index is then the number
//! of events so far); afterwards one byte of index is enough and its version is one more than
//! before, so a record costs six bytes of framing. Varints are LEB128 in their shortest form.

use hashbrown::HashMap;
use stagedoor_core::EventId;
use uuid::Uuid;

use crate::Damage;

/// The first byte of a body this release writes.
pub(crate) const FORMAT: u8 = 1;

const CHECKSUM: usize = 4;
const VARINT_MAX: usize = 10;

/// Records waiting to be appended together. Keep one and [`clear`](Batch::clear) it: its buffers
/// stay allocated.
#[derive(Debug, Clone)]
pub struct Batch {
    body: Vec<u8>,
    /// Per event touched: its id and the version of its last record.
    events: Vec<(EventId, u64)>,
    /// Where an event stands in `events`.
    places: HashMap<EventId, u32>,
    /// The place of the last record's event: facts of one event often come together.
    recent: u32,
    records: u32,
}

/// One fact of one event, as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its place in the batch, from 0.
    pub index: u32,
    pub event: EventId,
    /// How many facts the event has with this one: from 1, without gaps.
    pub version: u64,
    pub payload: &'a [u8],
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

impl Batch {
    pub fn new() -> Self {
        Self { body: vec![FORMAT], events: Vec::new(), places: HashMap::new(), recent: 0, records: 0 }
    }

    /// Adds a record whose payload `write` appends to the buffer it is given.
    ///
    /// Panics when `version` does not follow the event's last one in this batch: facts would be
    /// lost or doubled.
    pub fn push(&mut self, event: EventId, version: u64, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.body.len();
        self.body.push(0);
        match self.place(event) {
            Some(place) => {
                let last = &mut self.events[place as usize].1;
                assert_eq!(version, *last + 1, "versions of {event} have no gaps");
                *last = version;
                put_varint(&mut self.body, u64::from(place));
            }
            None => {
                assert_ne!(version, 0, "versions of {event} start at 1");
                self.recent = u32::try_from(self.events.len()).expect("a batch is far below 2^32 records");
                self.places.insert(event, self.recent);
                self.events.push((event, version));
                put_varint(&mut self.body, u64::from(self.recent));
                self.body.extend_from_slice(&event.bytes());
                put_varint(&mut self.body, version);
            }
        }
        let head = self.body.len();
        write(&mut self.body);
        assert!(self.body.len() >= head, "a payload is appended, nothing is taken away");
        self.set_length(start);
        let checksum = crc32c::crc32c(&self.body[start..]);
        self.body.extend_from_slice(&checksum.to_le_bytes());
        self.records += 1;
    }

    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// How many records there are.
    pub fn records(&self) -> u32 {
        self.records
    }

    /// The bytes as they are written; at most [`BATCH_BYTES_MAX`](crate::BATCH_BYTES_MAX) of them
    /// are accepted.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Shows each record, in the order it was pushed.
    pub fn each(&self, mut visit: impl FnMut(Record<'_>)) {
        let seen = Reader::default().read(&self.body, |record, _| {
            visit(record);
            Ok::<(), Flaw>(())
        });
        seen.expect("a batch is well formed");
    }

    /// Empties the batch and keeps its buffers.
    pub fn clear(&mut self) {
        self.body.truncate(1);
        self.events.clear();
        self.places.clear();
        self.recent = 0;
        self.records = 0;
    }

    fn place(&mut self, event: EventId) -> Option<u32> {
        if self.events.get(self.recent as usize).is_some_and(|(recent, _)| *recent == event) {
            return Some(self.recent);
        }
        self.recent = *self.places.get(&event)?;
        Some(self.recent)
    }

    /// Writes the length of the record that began at `start` with one byte of room for it. Nearly
    /// every fact is shorter than 128 bytes; a longer one moves to make room.
    fn set_length(&mut self, start: usize) {
        let length = self.body.len() - start - 1;
        if length < 0x80 {
            self.body[start] = length as u8;
            return;
        }
        let end = self.body.len();
        put_varint(&mut self.body, length as u64);
        let size = self.body.len() - end;
        let mut varint = [0; VARINT_MAX];
        varint[..size].copy_from_slice(&self.body[end..]);
        self.body.copy_within(start + 1..end, start + size);
        self.body.truncate(end + size - 1);
        self.body[start..start + size].copy_from_slice(&varint[..size]);
    }
}

/// The records of a body, for reading. Reuse one: it keeps its buffer.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    events: Vec<(EventId, u64)>,
}

/// A record or the end of a body is not where it should be. The number is the record's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub record: Option<u32>,
    pub damage: Damage,
}

impl Reader {
    /// Shows every record of `body` to `visit`, with whether it is the event's first in this
    /// batch, until one is damaged or refused.
    pub fn read<'a, E: From<Flaw>>(
        &mut self,
        body: &'a [u8],
        mut visit: impl FnMut(Record<'a>, First) -> Result<(), E>,
    ) -> Result<u32, E> {
        self.events.clear();
        let (format, mut rest) =
            body.split_first().ok_or(Flaw { record: None, damage: Damage::Framing }).map_err(E::from)?;
        if *format != FORMAT {
            return Err(E::from(Flaw { record: None, damage: Damage::Format { format: *format } }));
        }
        let mut index = 0;
        while !rest.is_empty() {
            let (record, first) =
                self.record(index, &mut rest).map_err(|damage| E::from(Flaw { record: Some(index), damage }))?;
            visit(record, first)?;
            index += 1;
        }
        Ok(index)
    }

    /// Each event of the body read last, and the version it reached.
    pub fn events(&self) -> &[(EventId, u64)] {
        &self.events
    }

    fn record<'a>(&mut self, index: u32, rest: &mut &'a [u8]) -> Result<(Record<'a>, First), Damage> {
        let whole = *rest;
        let length = usize::try_from(take_varint(rest)?).map_err(|_| Damage::Framing)?;
        let (mut inner, after) = rest.split_at_checked(length).ok_or(Damage::Framing)?;
        let (checksum, after) = after.split_first_chunk::<CHECKSUM>().ok_or(Damage::Framing)?;
        let covered = &whole[..whole.len() - after.len() - CHECKSUM];
        if crc32c::crc32c(covered) != u32::from_le_bytes(*checksum) {
            return Err(Damage::Checksum);
        }
        *rest = after;
        let place = usize::try_from(take_varint(&mut inner)?).map_err(|_| Damage::Framing)?;
        let first = if place == self.events.len() {
            let (event, after) = inner.split_first_chunk::<16>().ok_or(Damage::Framing)?;
            inner = after;
            self.events.push((EventId(Uuid::from_bytes(*event)), take_varint(&mut inner)?));
            First::Yes
        } else {
            let (_, version) = self.events.get_mut(place).ok_or(Damage::Framing)?;
            *version = version.checked_add(1).ok_or(Damage::Framing)?;
            First::No
        };
        let (event, version) = self.events[place];
        Ok((Record { index, event, version, payload: inner }, first))
    }
}

/// Whether a record is the event's first in its batch. The ones after it follow without gaps by
/// their encoding, so only the first needs a look at the batches before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    Yes,
    No,
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_varint(rest: &mut &[u8]) -> Result<u64, Damage> {
    let mut value = 0;
    for (at, byte) in rest.iter().take(VARINT_MAX).enumerate() {
        let bits = u64::from(byte & 0x7f);
        let shifted = bits << (7 * at);
        if shifted >> (7 * at) != bits {
            return Err(Damage::Framing);
        }
        value |= shifted;
        if byte & 0x80 == 0 {
            // A zero last byte would be a second spelling of a shorter number.
            if *byte == 0 && at > 0 {
                return Err(Damage::Framing);
            }
            *rest = &rest[at + 1..];
            return Ok(value);
        }
    }
    Err(Damage::Framing)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stagedoor_core::Timestamp;

    use super::*;
    use crate::{BatchHeader, Epoch, Partition};

    type Fact = (u32, EventId, u64, Vec<u8>);

    fn event(number: u128) -> EventId {
        EventId(Uuid::from_u128(number))
    }

    fn read(body: &[u8]) -> Result<Vec<Fact>, Flaw> {
        let mut facts = Vec::new();
        let count = Reader::default().read(body, |record, _| {
            facts.push((record.index, record.event, record.version, record.payload.to_vec()));
            Ok::<_, Flaw>(())
        })?;
        assert_eq!(count as usize, facts.len());
        Ok(facts)
    }

    /// Fills `batch`; what it should read as.
    fn fill(batch: &mut Batch, records: &[(u8, Vec<u8>)], versions: &[u64; 256]) -> Vec<Fact> {
        let mut versions = *versions;
        let facts = records.iter().enumerate().map(|(index, (number, payload))| {
            let version = &mut versions[usize::from(*number)];
            *version += 1;
            batch.push(event(u128::from(*number)), *version, |out| out.extend_from_slice(payload));
            (index as u32, event(u128::from(*number)), *version, payload.clone())
        });
        facts.collect()
    }

    fn payloads() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
        let short = prop::collection::vec(any::<u8>(), 0..200);
        let long = (0usize..40_000, any::<u8>()).prop_map(|(size, byte)| vec![byte; size]);
        prop::collection::vec((any::<u8>(), prop_oneof![9 => short, 1 => long]), 1..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_pushed_is_read(
            first in payloads(), second in payloads(), versions in prop::array::uniform32(0u64..1 << 40),
        ) {
            let versions = std::array::from_fn(|at| versions[at % 32]);
            let mut batch = Batch::new();
            prop_assert_eq!(read(batch.body()), Ok(vec![]));
            for records in [first, second] {
                let facts = fill(&mut batch, &records, &versions);
                prop_assert_eq!(batch.records() as usize, facts.len());
                prop_assert_eq!(read(batch.body()), Ok(facts));
                batch.clear();
                prop_assert!(batch.is_empty());
            }
        }

        /// Whatever the bytes: facts or a flaw, and a changed record is never taken for sound.
        #[test]
        fn changed_bytes_are_noticed(
            records in payloads(), place in any::<prop::sample::Index>(), mask in 1u8.., cut in any::<prop::sample::Index>(),
        ) {
            let mut batch = Batch::new();
            let facts = fill(&mut batch, &records, &[0; 256]);
            let mut body = batch.body().to_vec();
            let cut = cut.index(body.len());
            // A cut between records is for the chain to find.
            prop_assert!(read(&body[..cut]).is_err() || facts.starts_with(&read(&body[..cut]).unwrap()));
            let place = place.index(body.len());
            body[place] ^= mask;
            prop_assert!(read(&body).is_err(), "byte {} of {}", place, body.len());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
            let mut body = vec![FORMAT];
            body.extend_from_slice(&bytes);
            let _ = read(&body);
        }

        /// Well-summed records with any content.
        #[test]
        fn any_record_is_read_without_a_panic(inners in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let mut body = vec![FORMAT];
            for inner in inners {
                let start = body.len();
                put_varint(&mut body, inner.len() as u64);
                body.extend_from_slice(&inner);
                let checksum = crc32c::crc32c(&body[start..]);
                body.extend_from_slice(&checksum.to_le_bytes());
            }
            let _ = read(&body);
        }

        #[test]
        fn numbers_have_one_spelling(value in any::<u64>(), bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            let mut spelled = Vec::new();
            put_varint(&mut spelled, value);
            prop_assert_eq!(take_varint(&mut &spelled[..]), Ok(value));
            let mut rest = &bytes[..];
            if let Ok(value) = take_varint(&mut rest) {
                spelled.clear();
                put_varint(&mut spelled, value);
                prop_assert_eq!(&bytes[..bytes.len() - rest.len()], &spelled[..]);
            }
        }
    }

    #[test]
    fn a_record_after_the_first_of_its_event_costs_six_bytes() {
        let mut batch = Batch::new();
        batch.push(event(1), 1, |out| out.extend_from_slice(&[7; 30]));
        let before = batch.body().len();
        batch.push(event(1), 2, |out| out.extend_from_slice(&[7; 30]));
        assert_eq!(batch.body().len() - before, 30 + 6);
    }

    #[test]
    #[should_panic(expected = "have no gaps")]
    fn a_version_may_not_be_skipped() {
        let mut batch = Batch::new();
        batch.push(event(1), 4, |_| ());
        batch.push(event(1), 6, |_| ());
    }

    /// Stored journals are read by every later release: this file never changes.
    #[test]
    fn format_1_is_what_the_golden_file_says() {
        let mut batch = Batch::new();
        batch.push(event(0x0198_0000_0000_7000_8000_0000_0000_0001), 1, |out| out.extend_from_slice(b"on sale"));
        batch.push(event(0x0198_0000_0000_7000_8000_0000_0000_0002), 300, |out| out.extend_from_slice(b"held"));
        batch.push(event(0x0198_0000_0000_7000_8000_0000_0000_0001), 2, |out| out.extend_from_slice(b""));
        batch.push(event(0x0198_0000_0000_7000_8000_0000_0000_0002), 301, |out| out.resize(out.len() + 150, b'x'));
        let at = Timestamp::from_micros(1_767_225_600_000_000);
        let header = BatchHeader::genesis(Partition(7)).follow(Epoch(3), at, batch.body());
        let body: Vec<String> = batch.body().chunks(48).map(hex).collect();
        let text = format!("body\n{}\nchain\n{}\n", body.join("\n"), header.chain);
        assert_eq!(text, include_str!("../tests/golden/batch-1.txt"));
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
