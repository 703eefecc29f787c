//! Reading a whole journal again, from its first batch, and comparing what was derived from it.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use hashbrown::HashMap;
use journal::{Damage, Journal};
use stagedoor_core::EventId;

use super::checkpoint::DIRECTORY;
use super::recovery::{Fold, Manifests, Reach};
use crate::engine::EventState;

/// What a journal holds, and what is wrong with it.
#[derive(Default)]
pub struct Audit {
    pub batches: u64,
    pub records: u64,
    pub snapshots: u64,
    pub blobs: u64,
    pub findings: Vec<Finding>,
    /// The events as their facts make them; empty when the journal is damaged, because then
    /// nothing follows from it.
    pub states: HashMap<EventId, EventState>,
}

/// Something that is not as it should be.
#[derive(Debug)]
pub enum Finding {
    Journal(journal::Finding),
    /// The facts do not fold into a state.
    Facts(String),
    /// The facts up to the snapshot's version lead to other bytes.
    SnapshotDiffers {
        event: EventId,
        version: u64,
    },
    /// There are not as many facts as the snapshot says it sums up.
    SnapshotAhead {
        event: EventId,
        version: u64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Journal(finding) => write!(out, "{finding}"),
            Finding::Facts(why) => write!(out, "the facts do not lead to a state: {why}"),
            Finding::SnapshotDiffers { event, version } => {
                write!(out, "the snapshot of {event} at version {version} is not what its facts lead to")
            }
            Finding::SnapshotAhead { event, version } => {
                write!(out, "the snapshot of {event} is at version {version}, which its facts do not reach")
            }
        }
    }
}

/// Checks `journal` as far as it reaches, also while its owner writes on. `step` is called for
/// every record, twice. Needs memory for all the events of the partition at once.
///
/// Errors: when the journal cannot be read at all; what is wrong in it is a finding.
pub fn audit(journal: &mut dyn Journal, step: &mut dyn FnMut()) -> Result<Audit, journal::Error> {
    // Before the facts: those grow meanwhile, and a snapshot is never of more than there were.
    let mut expected = HashMap::new();
    journal.snapshots(&mut |snapshot| {
        if snapshot.event != DIRECTORY {
            expected.insert(snapshot.event, (snapshot.version, print(&snapshot.body)));
        }
    })?;
    let verified = journal.verify(&mut |_, _| {
        step();
        Ok(())
    })?;
    // The directory is no event and has no facts.
    let of_directory = |damage: &Damage| matches!(damage, Damage::SnapshotAhead { event, .. } if *event == DIRECTORY);
    let found = verified.findings.into_iter().filter(|finding| !of_directory(&finding.damage));
    let mut audit = Audit {
        batches: verified.batches,
        records: verified.records,
        snapshots: expected.len() as u64,
        blobs: verified.blobs,
        findings: found.map(Finding::Journal).collect(),
        states: HashMap::new(),
    };
    if audit.findings.is_empty() {
        compare(journal, &mut audit, expected, step);
    }
    Ok(audit)
}

/// Folds all facts and looks at each event when it is at the version of its snapshot.
fn compare(
    journal: &mut dyn Journal,
    audit: &mut Audit,
    mut expected: HashMap<EventId, (u64, [u8; 32])>,
    step: &mut dyn FnMut(),
) {
    let (mut differ, mut body) = (Vec::new(), Vec::new());
    let mut watch = |event: EventId, state: &EventState| {
        step();
        let version = state.version();
        if expected.get(&event).is_none_or(|(at, _)| *at != version) {
            return;
        }
        let (_, snapshot) = expected.remove(&event).expect("it was just there");
        body.clear();
        state.snapshot(&mut body);
        if print(&body) != snapshot {
            differ.push(Finding::SnapshotDiffers { event, version });
        }
    };
    let mut fold = Fold::watched(&mut watch);
    let folded = fold.run(journal, &mut Manifests::default(), Reach::Whole);
    let states = std::mem::take(&mut fold.states);
    audit.findings.extend(differ);
    match folded {
        Ok(_) => {
            audit.states = states;
            let ahead = expected.into_iter().map(|(event, (version, _))| Finding::SnapshotAhead { event, version });
            audit.findings.extend(ahead);
        }
        Err(error) => audit.findings.push(Finding::Facts(error.to_string())),
    }
}

fn print(body: &[u8]) -> [u8; 32] {
    digest(&SHA256, body).as_ref().try_into().expect("SHA-256 has 32 bytes")
}
