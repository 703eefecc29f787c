//! The worker's side: claiming due jobs and running their handlers.

use std::collections::BTreeMap;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use stagedoor_core::JobId;
use store::{Store, Tx};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::sql::{self, Claimed};
use crate::{backoff, queue};

/// Runs of a failing job before it is given up; with the backoff between them more than a day, so
/// that an outage of a partner over a night heals by itself.
pub const ATTEMPTS_MAX: u32 = 40;

/// Handlers that run at the same time unless [`Jobs::concurrent`] says otherwise.
const CONCURRENT: usize = 16;
/// For how long a job belongs to its worker unless [`Jobs::lease`] says otherwise: how long work
/// waits that a crashed node had begun.
const LEASE: Duration = Duration::from_secs(60);
/// How often to look for jobs of other nodes and jobs whose time has come.
const POLL: Duration = Duration::from_secs(1);
/// Characters of a failure's text that are kept.
const ERROR_MAX: usize = 500;

/// Why a run failed. Its `Display` text is stored with the job, so it holds no personal data; its
/// sources go to the log.
pub type Fault = Box<dyn Error + Send + Sync>;

/// How a run ended.
pub type Outcome = Result<Next, Fault>;

/// What becomes of a job whose run did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Done,
    /// Run again after this long, with a fresh count of attempts: the job waits for something.
    Again(Duration),
}

/// One run of a job.
#[derive(Debug, Clone)]
pub struct Job<P> {
    pub id: JobId,
    /// 1 for the first run; counts runs that failed or were cut off.
    pub attempt: u32,
    pub payload: P,
}

type Run = Arc<dyn Fn(JobId, u32, &str) -> BoxFuture<'static, Outcome> + Send + Sync>;

#[derive(Clone)]
struct Handler {
    run: Run,
    /// Set for a schedule: its job is never removed and never given up.
    period: Option<Duration>,
}

/// A worker: the handlers of one node. Cheap to clone; clones are the same worker.
#[derive(Clone)]
pub struct Jobs {
    store: Store,
    /// Marks the leases of this worker.
    owner: Uuid,
    handlers: BTreeMap<&'static str, Handler>,
    concurrent: usize,
    lease: Duration,
    schedules_kept: Arc<OnceCell<()>>,
}

impl Jobs {
    pub fn new(store: Store) -> Self {
        Self {
            owner: store.env().id(),
            store,
            handlers: BTreeMap::new(),
            concurrent: CONCURRENT,
            lease: LEASE,
            schedules_kept: Arc::default(),
        }
    }

    /// Runs `handler` for every job of `kind`. It may run twice for one job, so it is idempotent.
    /// Panics when the kind already has a handler.
    pub fn handle<P, F, R>(self, kind: &'static str, handler: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        F: Fn(Job<P>) -> R + Send + Sync + 'static,
        R: Future<Output = Outcome> + Send + 'static,
    {
        let run: Run = Arc::new(move |id, attempt, payload| match serde_json::from_str(payload) {
            Ok(payload) => handler(Job { id, attempt, payload }).boxed(),
            // Another release may know the shape, so this is a failed run like any other. The
            // parser's own text could quote the payload.
            Err(_) => async { Err("the payload does not fit the handler".into()) }.boxed(),
        });
        self.add(kind, Handler { run, period: None })
    }

    /// Runs `handler` now and then every `period`, on one of all the nodes that have it. A failed
    /// run is tried again sooner. `name` is a kind of its own.
    pub fn every<F, R>(self, name: &'static str, period: Duration, handler: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        let run: Run = Arc::new(move |_, _, _| {
            let run = handler();
            async move { run.await.map(|()| Next::Again(period)) }.boxed()
        });
        self.add(name, Handler { run, period: Some(period) })
    }

    /// Handlers that may run at the same time, 1 or more.
    pub fn concurrent(mut self, count: usize) -> Self {
        assert!(count > 0, "a worker needs room for one job");
        self.concurrent = count;
        self
    }

    /// For how long a job belongs to this worker when the worker is not heard of; renewed three
    /// times in this span while the handler runs.
    pub fn lease(mut self, span: Duration) -> Self {
        self.lease = span;
        self
    }

    /// Works until `shutdown` ends, then lets the handlers it started finish.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut wake = queue::wake();
        let mut running = JoinSet::new();
        loop {
            wake.borrow_and_update();
            let room = self.concurrent - running.len();
            let claimed = match self.claim(room).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn Error, "due jobs could not be claimed");
                    Vec::new()
                }
            };
            for job in claimed {
                let worker = self.clone();
                running.spawn(async move { worker.work(job).await });
            }
            let full = running.len() >= self.concurrent;
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = running.join_next() => {}
                _ = wake.changed(), if !full => {}
                () = tokio::time::sleep(POLL), if !full => {}
            }
        }
        running.join_all().await;
    }

    /// Runs everything that is due now, one after another, until nothing is; returns how many
    /// runs that took. For tests with a manual clock.
    pub async fn run_due(&self) -> store::Result<usize> {
        let mut runs = 0;
        loop {
            let claimed = self.claim(1).await?;
            if claimed.is_empty() {
                return Ok(runs);
            }
            for job in claimed {
                self.work(job).await;
                runs += 1;
            }
        }
    }

    fn add(mut self, kind: &'static str, handler: Handler) -> Self {
        let earlier = self.handlers.insert(kind, handler);
        assert!(earlier.is_none(), "{kind} has two handlers");
        self
    }

    async fn claim(&self, room: usize) -> store::Result<Vec<Claimed>> {
        self.schedules_kept.get_or_try_init(|| self.keep_schedules()).await?;
        let kinds: Vec<_> = self.handlers.keys().copied().collect();
        // Asked on a reader first, so that an idle worker never takes SQLite's write lock.
        if room == 0 || kinds.is_empty() || !sql::is_due(&self.store.begin_read().await?, &kinds).await? {
            return Ok(Vec::new());
        }
        let tx = self.store.begin_write().await?;
        let claimed = sql::claim(&tx, &kinds, self.owner, self.lease, room).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    async fn keep_schedules(&self) -> store::Result<()> {
        let schedules: Vec<_> =
            self.handlers.iter().filter_map(|(kind, handler)| Some((*kind, handler.period?))).collect();
        if schedules.is_empty() {
            return Ok(());
        }
        let tx = self.store.begin_write().await?;
        for (kind, period) in schedules {
            sql::insert_repeating(&tx, kind, period).await?;
        }
        tx.commit().await
    }

    /// Runs one claimed job and writes what became of it.
    async fn work(&self, job: Claimed) {
        let handler = &self.handlers[job.kind.as_str()];
        let outcome = if job.attempt > ATTEMPTS_MAX {
            // Each earlier run was begun and never ended: it took its process down.
            Err("its runs were cut off too often".into())
        } else {
            let run = AssertUnwindSafe(async { (handler.run)(job.id, job.attempt, &job.payload).await }).catch_unwind();
            tokio::select! {
                outcome = run => outcome.unwrap_or_else(|_| Err("the handler panicked".into())),
                () = self.lose_lease(job.id) => {
                    tracing::warn!(job = %job.id, kind = job.kind, "another worker took over a job that was running");
                    return;
                }
            }
        };
        if let Err(fault) = &outcome {
            tracing::warn!(job = %job.id, kind = job.kind, attempt = job.attempt, error = &**fault as &dyn Error, "job failed");
        }
        if let Err(error) = self.settle(&job, handler, outcome).await {
            // Nothing is lost: the lease runs out and the job runs again.
            tracing::warn!(job = %job.id, kind = job.kind, error = &error as &dyn Error, "the end of a job could not be written");
        }
    }

    async fn settle(&self, job: &Claimed, handler: &Handler, outcome: Outcome) -> store::Result<()> {
        let tx = self.store.begin_write().await?;
        match outcome {
            Ok(Next::Done) => sql::finish(&tx, job.id, self.owner).await?,
            Ok(Next::Again(after)) => sql::postpone(&tx, job.id, self.owner, tx.now() + after, 0, None).await?,
            Err(fault) => self.settle_fault(&tx, job, handler, &fault).await?,
        }
        tx.commit().await
    }

    async fn settle_fault(&self, tx: &Tx, job: &Claimed, handler: &Handler, fault: &Fault) -> store::Result<()> {
        let text: String = fault.to_string().chars().take(ERROR_MAX).collect();
        if job.attempt < ATTEMPTS_MAX {
            let delay = backoff::delay(job.attempt, &tx.env().entropy);
            let delay = handler.period.map_or(delay, |period| delay.min(period));
            sql::postpone(tx, job.id, self.owner, tx.now() + delay, job.attempt, Some(&text)).await
        } else if let Some(period) = handler.period {
            sql::postpone(tx, job.id, self.owner, tx.now() + period, 0, Some(&text)).await
        } else {
            tracing::error!(job = %job.id, kind = job.kind, "job given up");
            sql::fail(tx, job.id, self.owner, &text).await
        }
    }

    /// Renews the lease for as long as it is ours; returns when it no longer is. A renewal that
    /// fails is no reason to stop: the next one may succeed in time.
    async fn lose_lease(&self, id: JobId) {
        loop {
            tokio::time::sleep(self.lease / 3).await;
            match self.renew(id).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(job = %id, error = &error as &dyn Error, "a lease could not be renewed"),
            }
        }
    }

    async fn renew(&self, id: JobId) -> store::Result<bool> {
        let tx = self.store.begin_write().await?;
        let ours = sql::renew(&tx, id, self.owner, self.lease).await?;
        tx.commit().await?;
        Ok(ours)
    }
}
