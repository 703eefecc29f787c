//! Writing to the journal while the next commands are decided.
//!
//! Deciding costs a processor, writing mostly waits for a disk. When commands queue up, a second
//! thread takes the journal and a group of them, writes, answers and gives the journal back, and
//! the writer decides the next group meanwhile. Never more than one group is under way, so what
//! is durable is always a beginning of what was decided.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, Sender, TryRecvError};
use journal::{BatchSeq, Journal, Partition};

use super::super::AbortOnPanic;
use super::super::shared::Shared;
use super::Broken;
use super::group::Group;

/// The journal of a partition, which is here or under way with a group.
pub(in super::super) struct Flusher {
    journal: Option<Box<dyn Journal>>,
    by: By,
}

enum By {
    Thread {
        out: Sender<Job>,
        back: Receiver<Back>,
    },
    /// Without threads: what is under way is written when it is waited for.
    Hand {
        shared: Arc<Shared>,
        under_way: Option<Job>,
    },
}

struct Job {
    journal: Box<dyn Journal>,
    group: Box<Group>,
}

/// What became of a group: its batch's number, if it had facts. A group that nobody was told of is
/// not empty.
pub(super) type Flushed = (Box<Group>, Result<Option<BatchSeq>, Broken>);

struct Back {
    journal: Box<dyn Journal>,
    flushed: Flushed,
}

impl Job {
    fn run(self, shared: &Shared) -> Back {
        let Job { mut journal, mut group } = self;
        let result = group.write(&mut *journal).and_then(|seq| {
            group.tell(shared);
            journal.maintain()?;
            Ok(seq)
        });
        Back { journal, flushed: (group, result) }
    }
}

impl Flusher {
    /// With a thread that ends with the flusher.
    pub fn with_thread(partition: Partition, journal: Box<dyn Journal>, shared: Arc<Shared>) -> Self {
        let (out, jobs) = crossbeam_channel::bounded::<Job>(1);
        let (done, back) = crossbeam_channel::bounded(1);
        let run = move || {
            let _guard = AbortOnPanic;
            for job in jobs {
                // Who does not take back what was written has ended, and sends nothing more.
                let _ = done.send(job.run(&shared));
            }
        };
        let thread = std::thread::Builder::new().name(format!("flush-{partition}")).spawn(run);
        thread.expect("the system can start a thread");
        Self { journal: Some(journal), by: By::Thread { out, back } }
    }

    pub fn by_hand(journal: Box<dyn Journal>, shared: Arc<Shared>) -> Self {
        Self { journal: Some(journal), by: By::Hand { shared, under_way: None } }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.journal.is_none()
    }

    /// Panics while a group is under way.
    pub(super) fn journal(&mut self) -> &mut dyn Journal {
        &mut **self.journal.as_mut().expect("the journal is here while no group is under way")
    }

    /// Sends a group on its way. Panics when one is.
    pub(super) fn start(&mut self, group: Box<Group>) {
        let job = Job { journal: self.journal.take().expect("one group is under way at a time"), group };
        match &mut self.by {
            By::Thread { out, .. } => drop(out.send(job)),
            By::Hand { under_way, .. } => *under_way = Some(job),
        }
    }

    /// What was under way, if it is back.
    pub(super) fn poll(&mut self) -> Option<Flushed> {
        let By::Thread { back, .. } = &self.by else { return None };
        match back.try_recv() {
            Ok(done) => Some(self.take_back(done)),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => unreachable!("{ENDS}"),
        }
    }

    /// Waits for what is under way, if anything is.
    pub(super) fn wait(&mut self) -> Option<Flushed> {
        if !self.is_busy() {
            return None;
        }
        let done = match &mut self.by {
            By::Thread { back, .. } => back.recv().expect(ENDS),
            By::Hand { shared, under_way } => under_way.take().expect("a group is under way").run(shared),
        };
        Some(self.take_back(done))
    }

    /// Waits until what is under way is back or there is something in `queue`, at most for
    /// `timeout`.
    pub(super) fn wait_beside<T>(&self, queue: &Receiver<T>, timeout: Duration) {
        let By::Thread { back, .. } = &self.by else { return };
        let mut either = Select::new();
        either.recv(queue);
        either.recv(back);
        // Nothing in time is fine.
        let _ = either.ready_timeout(timeout);
    }

    fn take_back(&mut self, done: Back) -> Flushed {
        self.journal = Some(done.journal);
        done.flushed
    }
}

const ENDS: &str = "the thread that writes ends the process if it fails";
