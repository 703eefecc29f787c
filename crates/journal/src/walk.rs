//! Going over batches and checking each against the one before: what recovery, taking over and
//! verification share.

use std::cell::RefCell;

use hashbrown::HashMap;
use stagedoor_core::EventId;

use crate::batch::{First, Flaw, Reader};
use crate::{
    BatchHeader, BatchSeq, Damage, Error, FINDINGS_MAX, Fault, Finding, Partition, Record, Replay, Result, Visit,
};

/// What to do with a finding: stop with it, or note it and go on.
pub(crate) type Report<'a> = dyn FnMut(Finding) -> Result<()> + 'a;

/// Stops at the first finding.
pub(crate) fn stop(finding: Finding) -> Result<()> {
    Err(Error::Damaged(finding))
}

/// A place in a journal and what the batches up to it promise about the next.
pub(crate) struct Walk {
    partition: Partition,
    last: BatchHeader,
    /// The version each event met so far has reached.
    versions: HashMap<EventId, u64>,
    /// Whether `versions` knows every event: the walk began at the first batch.
    whole: bool,
    batches: u64,
    records: u64,
    reader: Reader,
}

impl Walk {
    /// A walk over the batches after `last`.
    pub fn after(partition: Partition, last: BatchHeader) -> Self {
        Self {
            partition,
            last,
            versions: HashMap::new(),
            whole: last.seq == BatchSeq::NONE,
            batches: 0,
            records: 0,
            reader: Reader::default(),
        }
    }

    /// The last batch of a journal whose last two, or only one, are `batches`, checked.
    pub fn end(partition: Partition, batches: &[(BatchHeader, Vec<u8>)]) -> Result<BatchHeader> {
        let (before, last) = match batches {
            [] => return Ok(BatchHeader::genesis(partition)),
            [last] => (BatchHeader::genesis(partition), last),
            [.., before, last] => (before.0, last),
        };
        Self::after(partition, before).batch(&last.0, &last.1, &mut |_, _| Ok(()), &mut stop)?;
        Ok(last.0)
    }

    pub fn last(&self) -> BatchHeader {
        self.last
    }

    pub fn versions(&self) -> &HashMap<EventId, u64> {
        &self.versions
    }

    /// Checks one batch, shows its records and takes it as the one before the next. When `report`
    /// goes on after a finding, the records up to a damaged one are shown, and the next batch is
    /// checked against this one as it is stored, so that one edit is not reported for ever after.
    pub fn batch(
        &mut self,
        header: &BatchHeader,
        body: &[u8],
        visit: &mut Visit<'_>,
        report: &mut Report<'_>,
    ) -> Result<()> {
        let partition = self.partition;
        let at = |record, damage| Finding { partition, seq: Some(header.seq), record, damage };
        let last = self.last;
        self.last = *header;
        if header.seq != last.seq.next() {
            report(at(None, Damage::Gap { expected: last.seq.next() }))?;
        } else if last.chain.link(header.seq, header.epoch, header.at, body) != header.chain {
            // A damaged record explains the hash and says more.
            match self.reader.read(body, |_, _| Ok::<_, Flaw>(())) {
                Ok(_) => report(at(None, Damage::Chain))?,
                Err(flaw) => report(at(flaw.record, flaw.damage))?,
            }
        }
        if header.epoch < last.epoch {
            report(at(None, Damage::EpochWentBack { epoch: header.epoch, previous: last.epoch }))?;
        }
        if header.at < last.at {
            report(at(None, Damage::ClockWentBack { at: header.at, previous: last.at }))?;
        }
        let (versions, whole) = (&self.versions, self.whole);
        let mut records = 0;
        let read = self.reader.read(body, |record, first| {
            if first == First::Yes {
                let expected = match versions.get(&record.event) {
                    Some(version) => version + 1,
                    None if whole => 1,
                    None => record.version,
                };
                if record.version != expected {
                    let damage = Damage::Version { event: record.event, expected, found: record.version };
                    report(at(Some(record.index), damage))?;
                }
            }
            records += 1;
            visit(header, record).map_err(|source| {
                Stop::Error(Error::Rejected { partition, seq: header.seq, record: record.index, source })
            })
        });
        match read {
            Ok(_) => {}
            Err(Stop::Error(error)) => return Err(error),
            Err(Stop::Flaw(flaw)) => report(at(flaw.record, flaw.damage))?,
        }
        for (event, version) in self.reader.events() {
            self.versions.insert(*event, *version);
        }
        self.records += records;
        self.batches += 1;
        Ok(())
    }

    pub fn finish(&self) -> Replay {
        Replay { batches: self.batches, records: self.records, last: self.last }
    }
}

/// Why the records of a batch were not read to the end.
enum Stop {
    Flaw(Flaw),
    Error(Error),
}

impl From<Flaw> for Stop {
    fn from(flaw: Flaw) -> Self {
        Stop::Flaw(flaw)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Error(error)
    }
}

/// Findings noted while going on.
pub(crate) struct Findings {
    partition: Partition,
    list: RefCell<Vec<Finding>>,
}

impl Findings {
    pub fn new(partition: Partition) -> Self {
        Self { partition, list: RefCell::default() }
    }

    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// Notes a finding that belongs to no batch.
    pub fn note(&self, damage: Damage) {
        self.report(Finding { partition: self.partition, seq: None, record: None, damage });
    }

    pub fn report(&self, finding: Finding) {
        let mut list = self.list.borrow_mut();
        // A damaged record is met twice: when it explains the hash and when records are shown.
        if list.len() < FINDINGS_MAX && list.last() != Some(&finding) {
            list.push(finding);
        }
    }

    /// Shows a record and notes a refusal instead of stopping.
    pub fn show(
        &self,
        visit: &mut Visit<'_>,
        header: &BatchHeader,
        record: Record<'_>,
    ) -> std::result::Result<(), Fault> {
        if let Err(fault) = visit(header, record) {
            let damage = Damage::Rejected { why: fault.to_string() };
            self.report(Finding {
                partition: self.partition,
                seq: Some(header.seq),
                record: Some(record.index),
                damage,
            });
        }
        Ok(())
    }

    /// Notes a snapshot of more facts than the journal has. What was not read cannot say.
    pub fn check_version(&self, walk: &Walk, event: EventId, version: u64) {
        let reached = walk.versions().get(&event).copied().unwrap_or(0);
        if version > reached {
            self.note(Damage::SnapshotAhead { event, version, reached });
        }
    }

    pub fn into_list(self) -> Vec<Finding> {
        self.list.into_inner()
    }
}
