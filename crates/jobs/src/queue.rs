//! The caller's side: asking for work, and looking at what waits.

use std::fmt::Display;
use std::sync::LazyLock;

use serde::Serialize;
use stagedoor_core::{JobId, Timestamp};
use store::{Result, Tx};
use tokio::sync::watch;

use crate::sql;

/// Work to be done after the transaction that asks for it commits.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub(crate) kind: &'static str,
    pub(crate) key: Option<String>,
    pub(crate) payload: String,
    pub(crate) run_at: Option<Timestamp>,
}

impl NewJob {
    /// Due at once. `payload` is what the handler of `kind` reads; it must serialize to JSON
    /// (maps with text keys) and hold ids rather than personal data, because it stays readable.
    pub fn new(kind: &'static str, payload: &impl Serialize) -> Self {
        let payload = serde_json::to_string(payload).expect("job payloads are plain data");
        Self { kind, key: None, payload, run_at: None }
    }

    /// Jobs of one kind and key are the same job. Asked for again while it waits, it keeps the
    /// earlier time (a handler that is too early answers [`Next::Again`](crate::Next)); while it
    /// runs, it runs once more afterwards; after it was given up, it is revived. The newest
    /// payload counts.
    pub fn key(mut self, key: impl Display) -> Self {
        self.key = Some(key.to_string());
        self
    }

    /// Due at `at` instead of at once.
    pub fn at(mut self, at: Timestamp) -> Self {
        self.run_at = Some(at);
        self
    }
}

/// Queues `job` in the caller's transaction and wakes this process's workers once it commits.
/// The id is the earlier one when a job of the same kind and key is already there.
pub async fn enqueue(tx: &Tx, job: NewJob) -> Result<JobId> {
    let id = sql::insert(tx, &job, job.run_at.unwrap_or(tx.now())).await?;
    tx.after_commit(|| WAKE.send_modify(|count| *count += 1));
    Ok(id)
}

/// How many jobs there are in each condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Their time has come and nobody runs them.
    pub due: i64,
    /// Their time has not come.
    pub waiting: i64,
    /// A worker holds their lease.
    pub running: i64,
    /// They failed too often and wait for [`retry`].
    pub failed: i64,
}

/// Counts the queue, for metrics.
pub async fn backlog(tx: &Tx) -> Result<Backlog> {
    sql::backlog(tx).await
}

/// What a job in the queue is doing; see [`Backlog`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Due,
    Waiting,
    Running,
    Failed,
}

/// A job in the queue, as somebody looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedJob {
    pub id: JobId,
    pub kind: String,
    pub key: Option<String>,
    pub state: State,
    /// When it was given up; of any other job, when its next run is or was due.
    pub at: Timestamp,
    /// Runs begun since it was asked for or last went well.
    pub attempts: u32,
    /// The last failure's text.
    pub error: Option<String>,
}

/// Which jobs to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Given up after [`ATTEMPTS_MAX`](crate::ATTEMPTS_MAX) runs.
    Failed,
    All,
}

/// Jobs in the queue, the latest [`at`](ListedJob::at) first; at most `limit`.
pub async fn list(tx: &Tx, which: Listed, limit: u32) -> Result<Vec<ListedJob>> {
    sql::list(tx, which, limit).await
}

/// Keys of the jobs of `kind` that are at work, failed and will try again, or are due by `by`: what they are to do
/// need not be done yet.
pub async fn keys_at_work(tx: &Tx, kind: &str, by: Timestamp) -> Result<Vec<String>> {
    sql::keys_at_work(tx, kind, by).await
}

/// Makes a failed job due again with all its attempts; `false` when it is not a failed one.
pub async fn retry(tx: &Tx, id: JobId) -> Result<bool> {
    let revived = sql::revive(tx, id).await?;
    tx.after_commit(|| WAKE.send_modify(|count| *count += 1));
    Ok(revived)
}

/// Counts commits that queued something. One for the whole process, whichever database it was: a
/// worker that wakes without need finds nothing due and sleeps again.
static WAKE: LazyLock<watch::Sender<u64>> = LazyLock::new(|| watch::Sender::new(0));

/// Sees every commit after this call, even one that comes between two looks.
pub(crate) fn wake() -> watch::Receiver<u64> {
    WAKE.subscribe()
}
