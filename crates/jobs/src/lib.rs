//! Work queued in the caller's transaction and done later, at least once, by some node.
//!
//! Invariants:
//! - a job exists exactly when the transaction that asked for it committed;
//! - a job is removed only after a run that began after the last time it was asked for;
//! - one worker at a time holds a job's lease, so a handler runs twice only after a crash, a pause
//!   longer than the lease, or a failure: handlers are idempotent;
//! - a job that keeps failing stops after [`ATTEMPTS_MAX`] runs and stays, with its reason.
//!
//! A kind names its payload's shape and version, such as `"orders.advance.v1"`: a new shape gets a
//! new kind, so that jobs an earlier release queued still mean what they meant.
//!
//! ```no_run
//! # async fn example(store: store::Store) -> store::Result<()> {
//! use jobs::{Job, Jobs, NewJob, Next};
//! let tx = store.begin_write().await?;
//! jobs::enqueue(&tx, NewJob::new("letters.send.v1", &"ann").key("ann")).await?;
//! tx.commit().await?;
//! let worker = Jobs::new(store).handle("letters.send.v1", |job: Job<String>| async move {
//!     println!("dear {}", job.payload);
//!     Ok(Next::Done)
//! });
//! worker.run(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

mod backoff;
mod queue;
mod sql;
mod worker;

pub use queue::{Backlog, Listed, ListedJob, NewJob, State, backlog, enqueue, keys_at_work, list, retry};
pub use worker::{ATTEMPTS_MAX, Fault, Job, Jobs, Next, Outcome};
