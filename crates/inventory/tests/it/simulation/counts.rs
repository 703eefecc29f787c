//! What the runs did.

use std::ops::AddAssign;

/// What a run did, to be added up and to show that it went where it should.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub operations: u64,
    pub facts: u64,
    pub writes: u64,
    pub answered: u64,
    pub refused: u64,
    pub repeated: u64,
    pub unanswered: u64,
    pub crashes: u64,
    pub failed_writes: u64,
    pub damaged_snapshots: u64,
    pub clock_back: u64,
    pub deadline_hits: u64,
    /// Rounds that did not wait for their facts to be written.
    pub beside: u64,
    pub deltas: u64,
    pub map_changes: u64,
    pub handed_over: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.facts += other.facts;
        self.writes += other.writes;
        self.answered += other.answered;
        self.refused += other.refused;
        self.repeated += other.repeated;
        self.unanswered += other.unanswered;
        self.crashes += other.crashes;
        self.failed_writes += other.failed_writes;
        self.damaged_snapshots += other.damaged_snapshots;
        self.clock_back += other.clock_back;
        self.deadline_hits += other.deadline_hits;
        self.beside += other.beside;
        self.deltas += other.deltas;
        self.map_changes += other.map_changes;
        self.handed_over += other.handed_over;
    }
}
