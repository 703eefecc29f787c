//! The audit log: who changed what, from where, when, and what it was before and is now; and what
//! was denied.
//!
//! A [`Tx`] collects entries and [`Tx::commit`] writes them as its last act, so a change and its entry
//! exist together or not at all. They wait there, a fraction of a second, until [`link`] appends them to
//! their chain: were each appended by its own transaction, all changes at one organizer would stand in
//! line for the disk.
//!
//! Every organizer has a chain and the platform has one, for accounts, sign-in and what the operator
//! does. Its entries are numbered without a gap; each holds SHA-256 over the one before and all of its
//! own columns.
//!
//! What could be undone by rewriting a whole chain is pinned by [`Checkpoint`]s, signed and worth
//! keeping elsewhere: [`verify`] holds the chains against them.
//!
//! What is personal is sealed with the key of the person it is about ([`PersonKey`](crate::PersonKey)), and
//! where a stranger came from with a key of the week ([`forget_strangers`]). The hash is over what is stored,
//! so a chain stays whole when such a key is destroyed.

mod append;
mod chain;
mod checkpoint;
mod link;
mod search;
mod stranger;
mod verify;

use serde_json::Value;
use stagedoor_core::{FieldError, UserId};

pub use append::DETAIL_MAX;
pub(crate) use append::append;
pub use chain::Chain;
pub use checkpoint::{CHECKPOINT_ENTRIES, Checkpoint, checkpoint_moved, latest_checkpoints};
pub use link::{Backlog, backlog, link};
pub use search::{Filter, Opened, Part, Record, entries, seq_at};
pub use stranger::forget_strangers;
pub use verify::{Finding, Flaw, Report, verify};

/// Something that happened, to be appended when the transaction commits. Who did it, from where and
/// when is what the transaction knows.
#[derive(Debug, Clone)]
pub struct Entry {
    chain: Chain,
    action: &'static str,
    subject: String,
    result: Outcome,
    about: Option<UserId>,
    before: Value,
    after: Value,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Refused, because whoever asked may not.
    Denied,
    /// Allowed, and yet nothing came of it.
    Failed,
}

impl Entry {
    /// `action`: noun and verb, such as `event.update`. `subject`: the id of what was acted on, or
    /// another word for it that is not personal.
    pub fn new(chain: impl Into<Chain>, action: &'static str, subject: impl std::fmt::Display) -> Entry {
        let (before, after) = (Value::Null, Value::Null);
        let (chain, subject) = (chain.into(), subject.to_string());
        Entry { chain, action, subject, result: Outcome::Done, about: None, before, after }
    }

    pub fn result(self, result: Outcome) -> Entry {
        Entry { result, ..self }
    }

    /// Whose data [`Entry::before`] and [`Entry::after`] are; they go with that person's key.
    pub fn about(self, person: UserId) -> Entry {
        Entry { about: Some(person), ..self }
    }

    pub fn before(self, before: Value) -> Entry {
        Entry { before, ..self }
    }

    pub fn after(self, after: Value) -> Entry {
        Entry { after, ..self }
    }

    /// The fields of two objects that differ. The same for anything else keeps both.
    pub fn change(self, mut before: Value, mut after: Value) -> Entry {
        if let (Value::Object(old), Value::Object(new)) = (&mut before, &mut after) {
            let same: Vec<String> = old
                .iter()
                .filter(|(name, value)| new.get(*name) == Some(value))
                .map(|(name, _)| name.clone())
                .collect();
            for name in same {
                old.remove(&name);
                new.remove(&name);
            }
        }
        self.before(before).after(after)
    }
}

impl Outcome {
    pub const ALL: [Outcome; 3] = [Outcome::Done, Outcome::Denied, Outcome::Failed];

    pub const fn text(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Denied => "denied",
            Outcome::Failed => "failed",
        }
    }
}

impl std::str::FromStr for Outcome {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let known = Outcome::ALL.into_iter().find(|result| result.text() == text);
        known.ok_or_else(|| FieldError::new("result", "must be done, denied or failed"))
    }
}
