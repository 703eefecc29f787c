//! Reading every chain again: what was edited, removed, moved, cut off or given another time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use stagedoor_core::Timestamp;

use super::Chain;
use super::chain::{COLUMNS, Stored};
use super::checkpoint::{self, Ahead, Checkpoint};
use super::link::{Head, waiting};
use crate::{Result, Tx};

/// Entries read at a time.
const PAGE: u32 = 1_000;
/// Findings that are listed; one edit can make as many as the chain has entries.
const FINDINGS_MAX: usize = 1_000;

/// What [`verify`] read and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub chains: u64,
    pub entries: u64,
    /// Of the database and given, that were held against the chains.
    pub checkpoints: u64,
    /// That are in no chain yet. Nothing tells whether any of them was changed or removed.
    pub waiting: u64,
    pub findings: Vec<Finding>,
    /// There were more than are listed.
    pub cut: bool,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub chain: Chain,
    pub flaw: Flaw,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// The entry, or the one before it, is not what was hashed: edited, exchanged, or forged.
    Edited { seq: u64 },
    /// No entry has these numbers.
    Missing { from: u64, to: u64 },
    /// The entry is earlier than the one before.
    BackInTime { seq: u64 },
    /// The database says that the chain ends elsewhere, or as another entry.
    OtherEnd { kept: u64, last: u64 },
    /// The database says that there is a checkpoint of this entry, and there is none.
    NoCheckpoint { seq: u64 },
    /// Our key did not sign this checkpoint.
    Forged { seq: u64 },
    /// A checkpoint knows an entry that the chain does not have, though it begins before it.
    CutOff { seq: u64, last: u64 },
    /// The chain was rewritten: the entry is not the one a checkpoint was made of.
    Rewritten { seq: u64 },
}

impl Report {
    fn add(&mut self, chain: Chain, flaw: Flaw) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { chain, flaw });
        } else {
            self.cut = true;
        }
    }
}

/// Reads all chains, or one, and holds them against their checkpoints and those `kept` elsewhere.
/// `progress` is told how many entries were read. Runs beside whoever appends.
///
/// What is removed with its chain, all its checkpoints and nothing kept elsewhere leaves no trace.
pub async fn verify(
    tx: &Tx,
    only: Option<Chain>,
    kept: &[Checkpoint],
    mut progress: impl FnMut(u64),
) -> Result<Report> {
    let mut report = Report { waiting: waiting(tx, only).await?, ..Report::default() };
    let mut pinned: BTreeMap<Chain, Vec<&Checkpoint>> = BTreeMap::new();
    for checkpoint in kept.iter().filter(|checkpoint| only.is_none_or(|only| only == checkpoint.chain)) {
        pinned.entry(checkpoint.chain).or_default().push(checkpoint);
    }
    let chains = match only {
        Some(chain) => BTreeSet::from([chain]),
        None => {
            let sql = "SELECT chain FROM audit_head UNION SELECT chain FROM audit_entry
                       UNION SELECT chain FROM audit_checkpoint";
            let known = tx.all(sql, (), |row| row.get(0).map(Chain::from_id)).await?;
            known.into_iter().chain(pinned.keys().copied()).collect()
        }
    };
    for chain in chains {
        let pinned = pinned.remove(&chain).unwrap_or_default();
        Walk::new(chain, checkpoint::ahead(tx, chain).await?).run(tx, &pinned, &mut report, &mut progress).await?;
        report.chains += 1;
    }
    Ok(report)
}

/// One chain on its way from its first entry to its last.
struct Walk {
    chain: Chain,
    last: u64,
    /// What the next entry follows; unknown after a gap.
    hash: Option<Vec<u8>>,
    at: Timestamp,
    /// Entries that a checkpoint is held against.
    wanted: BTreeMap<u64, Vec<Checkpoint>>,
    ahead: Ahead,
}

impl Walk {
    fn new(chain: Chain, ahead: Ahead) -> Walk {
        let hash = Some(chain.genesis().to_vec());
        Walk { chain, last: 0, hash, at: Timestamp::MIN, wanted: BTreeMap::new(), ahead }
    }

    async fn run(
        mut self,
        tx: &Tx,
        pinned: &[&Checkpoint],
        report: &mut Report,
        progress: &mut impl FnMut(u64),
    ) -> Result<()> {
        for checkpoint in pinned {
            self.want((*checkpoint).clone(), tx, report);
        }
        let mut after = 0;
        loop {
            let some = checkpoint::of_chain(tx, self.chain, after, PAGE).await?;
            let Some(last) = some.last() else { break };
            after = last.seq;
            some.into_iter().for_each(|checkpoint| self.want(checkpoint, tx, report));
        }
        let sql = format!("SELECT {COLUMNS} FROM audit_entry WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3");
        loop {
            // Read before the entries: what it counts is there, and others may append meanwhile.
            let head = "SELECT chain, seq, hash, at, checkpointed FROM audit_head WHERE chain = $1";
            let head = tx.optional(head, (self.chain.id(),), Head::read).await?;
            let page = tx.all(&sql, (self.chain.id(), self.last as i64, PAGE), Stored::read).await?;
            if page.is_empty() {
                let fits =
                    |head: &Head| head.seq == self.last && self.hash.as_deref().is_none_or(|hash| *hash == head.hash);
                if !head.as_ref().is_some_and(fits) && (self.last > 0 || head.is_some()) {
                    let kept = head.as_ref().map_or(0, |head| head.seq);
                    report.add(self.chain, Flaw::OtherEnd { kept, last: self.last });
                }
                let seq = head.map_or(0, |head| head.checkpointed);
                if seq > 0 && !checkpoint::exists(tx, self.chain, seq).await? {
                    report.add(self.chain, Flaw::NoCheckpoint { seq });
                }
                break;
            }
            for entry in &page {
                self.step(entry, report);
            }
            report.entries += page.len() as u64;
            progress(report.entries);
        }
        for seq in self.wanted.into_keys() {
            report.add(self.chain, Flaw::CutOff { seq, last: self.last });
        }
        Ok(())
    }

    fn want(&mut self, checkpoint: Checkpoint, tx: &Tx, report: &mut Report) {
        report.checkpoints += 1;
        match checkpoint.is_ours(tx.keyring(), &self.ahead) {
            true => self.wanted.entry(checkpoint.seq).or_default().push(checkpoint),
            false => report.add(self.chain, Flaw::Forged { seq: checkpoint.seq }),
        }
    }

    fn step(&mut self, entry: &Stored, report: &mut Report) {
        if entry.seq != self.last + 1 {
            report.add(self.chain, Flaw::Missing { from: self.last + 1, to: entry.seq - 1 });
            self.hash = None;
        }
        if self.hash.as_ref().is_some_and(|before| entry.hash_after(before)[..] != entry.hash) {
            report.add(self.chain, Flaw::Edited { seq: entry.seq });
        }
        if entry.at < self.at {
            report.add(self.chain, Flaw::BackInTime { seq: entry.seq });
        }
        let pinned = self.wanted.remove(&entry.seq).unwrap_or_default();
        if pinned.iter().any(|checkpoint| checkpoint.hash[..] != entry.hash || checkpoint.at != entry.at) {
            report.add(self.chain, Flaw::Rewritten { seq: entry.seq });
        }
        (self.last, self.at, self.hash) = (entry.seq, entry.at, Some(entry.hash.clone()));
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.chain)?;
        match self.flaw {
            Flaw::Edited { seq } => write!(out, "entry {seq} or the one before it was changed after it was written"),
            Flaw::Missing { from, to } if from == to => write!(out, "entry {from} is missing"),
            Flaw::Missing { from, to } => write!(out, "entries {from} to {to} are missing"),
            Flaw::BackInTime { seq } => write!(out, "entry {seq} is earlier than the one before it"),
            Flaw::OtherEnd { kept, last } if kept == last => {
                write!(out, "entry {last}, the last, is not the one written")
            }
            Flaw::OtherEnd { kept, last } => write!(out, "ends with entry {last}, but {kept} were written"),
            Flaw::NoCheckpoint { seq } => write!(out, "the checkpoint of entry {seq} is missing"),
            Flaw::Forged { seq } => write!(out, "the checkpoint of entry {seq} was not signed by this installation"),
            Flaw::CutOff { seq, last } => write!(out, "a checkpoint knows entry {seq}, but the chain ends with {last}"),
            Flaw::Rewritten { seq } => write!(out, "entry {seq} is not the one its checkpoint was made of"),
        }
    }
}
