//! One suite over the database of the run: SQLite, or PostgreSQL with `STAGEDOOR_TEST_POSTGRES`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jobs::{ATTEMPTS_MAX, Backlog, Job, Jobs, Listed, NewJob, Next, Outcome, State, backlog, enqueue, list, retry};
use stagedoor_core::{JobId, Timestamp};
use store::Store;
use testkit::TestStore;
use tokio::sync::{Mutex, Notify};

const KIND: &str = "test.work.v1";
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
/// Longer than any lease or pause between two attempts.
const LONG: Duration = Duration::from_secs(2 * 3_600);

async fn ask(store: &Store, job: NewJob) -> JobId {
    let tx = store.begin_write().await.unwrap();
    let id = enqueue(&tx, job).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn count(store: &Store) -> Backlog {
    backlog(&store.begin_read().await.unwrap()).await.unwrap()
}

/// Runs of each payload, in order, and a way to say how the next ones end.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    async fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().await)
    }

    /// A worker that writes each payload down and succeeds.
    fn worker(&self, store: &Store) -> Jobs {
        let diary = self.clone();
        Jobs::new(store.clone()).handle(KIND, move |job: Job<String>| {
            let diary = diary.clone();
            async move {
                diary.0.lock().await.push(job.payload);
                Ok(Next::Done)
            }
        })
    }
}

#[tokio::test]
async fn a_job_exists_exactly_when_its_transaction_committed() {
    let db = TestStore::new().await;
    let diary = Diary::default();
    let worker = diary.worker(&db);
    let tx = db.begin_write().await.unwrap();
    enqueue(&tx, NewJob::new(KIND, &"dropped")).await.unwrap();
    drop(tx);
    ask(&db, NewJob::new(KIND, &"kept")).await;
    assert_eq!(worker.run_due().await.unwrap(), 1);
    assert_eq!(diary.take().await, ["kept"]);
    assert_eq!(count(&db).await, Backlog::default());
}

#[tokio::test]
async fn jobs_wait_for_their_time_and_the_longest_due_runs_first() {
    let db = TestStore::new().await;
    let diary = Diary::default();
    let worker = diary.worker(&db);
    let now = db.env.now();
    ask(&db, NewJob::new(KIND, &"third").at(now + SECOND * 3)).await;
    ask(&db, NewJob::new(KIND, &"second").at(now + SECOND * 2)).await;
    ask(&db, NewJob::new(KIND, &"first").at(now + SECOND)).await;
    assert_eq!(worker.run_due().await.unwrap(), 0);
    assert_eq!(count(&db).await.waiting, 3);
    db.env.clock.advance(SECOND * 2);
    worker.run_due().await.unwrap();
    assert_eq!(diary.take().await, ["first", "second"]);
    db.env.clock.advance(SECOND);
    worker.run_due().await.unwrap();
    assert_eq!(diary.take().await, ["third"]);
}

#[tokio::test]
async fn a_kind_without_a_handler_here_is_left_to_others() {
    let db = TestStore::new().await;
    let diary = Diary::default();
    ask(&db, NewJob::new("test.other.v1", &"x")).await;
    assert_eq!(diary.worker(&db).run_due().await.unwrap(), 0);
    assert_eq!(count(&db).await.due, 1);
}

#[tokio::test]
async fn a_key_makes_one_job_that_keeps_the_earlier_time_and_the_newest_payload() {
    let db = TestStore::new().await;
    let diary = Diary::default();
    let worker = diary.worker(&db);
    let now = db.env.now();
    let first = ask(&db, NewJob::new(KIND, &"a").key("k").at(now + SECOND)).await;
    assert_eq!(ask(&db, NewJob::new(KIND, &"b").key("k").at(now + SECOND * 9)).await, first);
    assert_ne!(ask(&db, NewJob::new(KIND, &"other").key("l").at(now)).await, first);
    db.env.clock.advance(SECOND);
    worker.run_due().await.unwrap();
    assert_eq!(diary.take().await, ["other", "b"]);
    assert_ne!(ask(&db, NewJob::new(KIND, &"c").key("k")).await, first, "the earlier one is done and gone");
}

#[tokio::test]
async fn asked_for_again_while_it_runs_a_job_runs_once_more() {
    let db = TestStore::new().await;
    let runs = Arc::new(AtomicUsize::new(0));
    let (store, counted) = (db.store.clone(), runs.clone());
    let worker = Jobs::new(db.store.clone()).handle(KIND, move |_: Job<u32>| {
        let (store, runs) = (store.clone(), counted.clone());
        async move {
            if runs.fetch_add(1, Ordering::SeqCst) == 0 {
                // What made the job necessary again happens after this run looked.
                ask(&store, NewJob::new(KIND, &2).key("k")).await;
                ask(&store, NewJob::new(KIND, &3).key("k")).await;
            }
            Ok(Next::Done)
        }
    });
    ask(&db, NewJob::new(KIND, &1).key("k")).await;
    assert_eq!(worker.run_due().await.unwrap(), 2);
    assert_eq!(count(&db).await, Backlog::default());
}

#[tokio::test]
async fn a_failing_job_backs_off_is_given_up_and_can_be_revived() {
    let db = TestStore::new().await;
    let mend = Arc::new(AtomicUsize::new(0));
    let mended = mend.clone();
    let worker = Jobs::new(db.store.clone()).handle(KIND, move |job: Job<String>| {
        let mended = mended.load(Ordering::SeqCst) == 1;
        async move { if mended { Ok(Next::Done) } else { Err(format!("attempt {} broke", job.attempt).into()) } }
    });
    let id = ask(&db, NewJob::new(KIND, &"x").key("k")).await;
    assert_eq!(worker.run_due().await.unwrap(), 1);
    assert_eq!(worker.run_due().await.unwrap(), 0, "it must wait before the next attempt");
    db.env.clock.advance(SECOND);
    assert_eq!(worker.run_due().await.unwrap(), 1, "the first pause is at most a second");
    for _ in 2..ATTEMPTS_MAX {
        db.env.clock.advance(LONG);
        assert_eq!(worker.run_due().await.unwrap(), 1);
    }
    db.env.clock.advance(LONG);
    assert_eq!(worker.run_due().await.unwrap(), 0);
    let given_up = list(&db.begin_read().await.unwrap(), Listed::Failed, 10).await.unwrap();
    assert_eq!(given_up.len(), 1);
    assert_eq!((given_up[0].id, given_up[0].error.as_deref()), (id, Some("attempt 40 broke")));
    assert_eq!((given_up[0].state, given_up[0].attempts), (State::Failed, ATTEMPTS_MAX));

    mend.store(1, Ordering::SeqCst);
    let tx = db.begin_write().await.unwrap();
    assert!(retry(&tx, id).await.unwrap());
    assert!(!retry(&tx, id).await.unwrap(), "it is not a failed one any more");
    tx.commit().await.unwrap();
    assert_eq!(worker.run_due().await.unwrap(), 1);
    assert_eq!(count(&db).await, Backlog::default());
}

#[tokio::test]
async fn every_job_is_listed_with_what_it_is_doing() {
    let db = TestStore::new().await;
    let states = async || {
        let listed = list(&db.begin_read().await.unwrap(), Listed::All, 10).await.unwrap();
        listed.into_iter().map(|job| (job.key.unwrap(), job.state)).collect::<Vec<_>>()
    };
    let (started, finish) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let worker = Jobs::new(db.store.clone()).handle(KIND, {
        let (started, finish) = (started.clone(), finish.clone());
        move |_: Job<u32>| {
            let (started, finish) = (started.clone(), finish.clone());
            async move {
                started.notify_one();
                finish.notified().await;
                Ok(Next::Done)
            }
        }
    });
    ask(&db, NewJob::new(KIND, &1).key("now")).await;
    ask(&db, NewJob::new(KIND, &1).key("later").at(db.env.now() + LONG)).await;
    let named = |state| vec![("later".to_owned(), State::Waiting), ("now".to_owned(), state)];
    assert_eq!(states().await, named(State::Due));
    let running = tokio::spawn(async move { worker.run_due().await.unwrap() });
    started.notified().await;
    assert_eq!(states().await, named(State::Running));
    finish.notify_one();
    assert_eq!(running.await.unwrap(), 1);
    assert_eq!(states().await, named(State::Due)[..1]);
    assert_eq!(list(&db.begin_read().await.unwrap(), Listed::Failed, 10).await.unwrap(), []);
}

#[tokio::test]
async fn asking_again_revives_a_job_that_was_given_up() {
    let db = TestStore::new().await;
    let worker = Jobs::new(db.store.clone()).handle(KIND, |job: Job<String>| async move {
        if job.payload == "good" { Ok(Next::Done) } else { Err("bad".into()) }
    });
    let id = ask(&db, NewJob::new(KIND, &"bad").key("k")).await;
    for _ in 0..ATTEMPTS_MAX {
        worker.run_due().await.unwrap();
        db.env.clock.advance(LONG);
    }
    assert_eq!(count(&db).await.failed, 1);
    assert_eq!(ask(&db, NewJob::new(KIND, &"good").key("k")).await, id);
    assert_eq!(worker.run_due().await.unwrap(), 1);
    assert_eq!(count(&db).await, Backlog::default());
}

#[tokio::test]
async fn a_panic_and_a_strange_payload_are_failed_runs() {
    let db = TestStore::new().await;
    let worker = Jobs::new(db.store.clone())
        .handle("test.panic.v1", |_: Job<u32>| async move { panic!("a bug") as Outcome })
        .handle("test.shape.v1", |_: Job<u32>| async move { Ok(Next::Done) });
    ask(&db, NewJob::new("test.panic.v1", &1)).await;
    ask(&db, NewJob::new("test.shape.v1", &"not a number: ann@example.org")).await;
    assert_eq!(worker.run_due().await.unwrap(), 2);
    for _ in 1..ATTEMPTS_MAX {
        db.env.clock.advance(LONG);
        worker.run_due().await.unwrap();
    }
    let errors: BTreeMap<_, _> = list(&db.begin_read().await.unwrap(), Listed::Failed, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|job| (job.kind, job.error.unwrap()))
        .collect();
    assert_eq!(errors["test.panic.v1"], "the handler panicked");
    assert_eq!(errors["test.shape.v1"], "the payload does not fit the handler");
}

#[tokio::test]
async fn a_job_that_waits_for_something_is_not_failing() {
    let db = TestStore::new().await;
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let seen = attempts.clone();
    let worker = Jobs::new(db.store.clone()).handle(KIND, move |job: Job<u32>| {
        let seen = seen.clone();
        async move {
            seen.lock().await.push(job.attempt);
            Ok(if seen.lock().await.len() < 60 { Next::Again(SECOND) } else { Next::Done })
        }
    });
    ask(&db, NewJob::new(KIND, &1)).await;
    for _ in 0..60 {
        assert_eq!(worker.run_due().await.unwrap(), 1);
        db.env.clock.advance(SECOND);
    }
    assert_eq!(*attempts.lock().await, [1; 60]);
    assert_eq!(count(&db).await, Backlog::default());
}

#[tokio::test]
async fn a_lease_left_by_a_crash_runs_out_and_the_late_owner_changes_nothing() {
    let db = TestStore::new().await;
    let (started, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (starting, going) = (started.clone(), go.clone());
    let stalled = Jobs::new(db.store.clone()).handle(KIND, move |_: Job<String>| {
        let (started, go) = (starting.clone(), going.clone());
        async move {
            started.notify_one();
            go.notified().await;
            Ok(Next::Done)
        }
    });
    ask(&db, NewJob::new(KIND, &"x").key("k")).await;
    let late = tokio::spawn(async move { stalled.run_due().await.unwrap() });
    started.notified().await;

    let worker = Jobs::new(db.store.clone()).handle(KIND, |job: Job<String>| async move {
        assert_eq!(job.attempt, 2, "the run that was cut off counts");
        Ok(Next::Again(HOUR))
    });
    assert_eq!(worker.run_due().await.unwrap(), 0, "the lease holds");
    assert_eq!(count(&db).await.running, 1);
    db.env.clock.advance(Duration::from_secs(61));
    assert_eq!(worker.run_due().await.unwrap(), 1);
    go.notify_one();
    late.await.unwrap();
    assert_eq!(count(&db).await.waiting, 1, "the late worker must not remove a job that is no longer its own");
}

#[tokio::test]
async fn the_lease_of_a_long_run_is_renewed() {
    let db = TestStore::new().await;
    let go = Arc::new(Notify::new());
    let going = go.clone();
    let lease = Duration::from_millis(90);
    let long = Jobs::new(db.store.clone()).lease(lease).handle(KIND, move |_: Job<String>| {
        let go = going.clone();
        async move {
            go.notified().await;
            Ok(Next::Done)
        }
    });
    ask(&db, NewJob::new(KIND, &"x")).await;
    let run = tokio::spawn(async move { long.run_due().await.unwrap() });
    for _ in 0..3 {
        db.env.clock.advance(lease - Duration::from_millis(1));
        let wanted = db.env.now() + lease;
        loop {
            let tx = db.begin_read().await.unwrap();
            let until = tx.one("SELECT lease_until FROM job", (), |row| row.get::<Option<Timestamp>>(0)).await.unwrap();
            if until == Some(wanted) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    go.notify_one();
    assert_eq!(run.await.unwrap(), 1);
    assert_eq!(count(&db).await, Backlog::default());
}

#[tokio::test]
async fn a_job_that_keeps_killing_its_process_is_given_up() {
    let db = TestStore::new().await;
    ask(&db, NewJob::new(KIND, &"x")).await;
    for _ in 0..ATTEMPTS_MAX {
        let doomed = Jobs::new(db.store.clone())
            .handle(KIND, |_: Job<String>| async { std::future::pending::<Outcome>().await });
        let run = tokio::spawn(async move { doomed.run_due().await });
        while count(&db).await.running == 0 {
            tokio::task::yield_now().await;
        }
        run.abort();
        run.await.unwrap_err();
        db.env.clock.advance(LONG);
    }
    let diary = Diary::default();
    assert_eq!(diary.worker(&db).run_due().await.unwrap(), 1);
    assert!(diary.take().await.is_empty(), "the handler must not be called again");
    assert_eq!(count(&db).await.failed, 1);
}

#[tokio::test]
async fn many_workers_run_each_job_once() {
    let db = TestStore::new().await;
    let diary = Diary::default();
    let tx = db.begin_write().await.unwrap();
    for at in 0..200 {
        enqueue(&tx, NewJob::new(KIND, &format!("{at:03}"))).await.unwrap();
    }
    tx.commit().await.unwrap();
    let stop = Arc::new(tokio::sync::Semaphore::new(0));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (worker, stop) = (diary.worker(&db).concurrent(3), stop.clone());
        workers.spawn(async move { worker.run(async move { drop(stop.acquire().await.unwrap()) }).await });
    }
    while count(&db).await != Backlog::default() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.add_permits(4);
    workers.join_all().await;
    let mut runs = diary.take().await;
    runs.sort_unstable();
    assert_eq!(runs, (0..200).map(|at| format!("{at:03}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_commit_wakes_the_worker_and_shutdown_lets_it_finish() {
    let db = TestStore::new().await;
    let (started, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (starting, going) = (started.clone(), go.clone());
    let worker = Jobs::new(db.store.clone()).handle(KIND, move |_: Job<String>| {
        let (started, go) = (starting.clone(), going.clone());
        async move {
            started.notify_one();
            go.notified().await;
            Ok(Next::Done)
        }
    });
    let stop = Arc::new(Notify::new());
    let stopping = stop.clone();
    let running = tokio::spawn(async move { worker.run(stopping.notified()).await });
    ask(&db, NewJob::new(KIND, &"x")).await;
    started.notified().await;
    stop.notify_one();
    ask(&db, NewJob::new(KIND, &"after the end")).await;
    go.notify_one();
    running.await.unwrap();
    let left = count(&db).await;
    assert_eq!((left.running, left.due), (0, 1), "the first is finished, the second not begun");
}

#[tokio::test]
async fn a_schedule_runs_on_one_node_per_period() {
    let db = TestStore::new().await;
    let runs: Arc<Mutex<Vec<Timestamp>>> = Arc::default();
    let node = || {
        let (runs, env) = (runs.clone(), db.env.clone());
        Jobs::new(db.store.clone()).every("test.sweep", HOUR, move || {
            let (runs, env) = (runs.clone(), env.clone());
            async move {
                runs.lock().await.push(env.now());
                Ok(())
            }
        })
    };
    let (one, two) = (node(), node());
    let start = db.env.now();
    for _ in 0..3 {
        one.run_due().await.unwrap();
        two.run_due().await.unwrap();
        db.env.clock.advance(HOUR);
    }
    assert_eq!(*runs.lock().await, [start, start + HOUR, start + HOUR * 2]);
    assert_eq!(node().run_due().await.unwrap(), 1, "a node that starts later takes its part");
}

#[tokio::test]
async fn a_schedule_that_fails_tries_sooner_and_is_never_given_up() {
    let db = TestStore::new().await;
    let worker = Jobs::new(db.store.clone()).every("test.sweep", HOUR * 24, || async { Err("broken".into()) });
    worker.run_due().await.unwrap();
    db.env.clock.advance(SECOND);
    assert_eq!(worker.run_due().await.unwrap(), 1);
    for _ in 0..2 * ATTEMPTS_MAX {
        db.env.clock.advance(HOUR * 24);
        assert_eq!(worker.run_due().await.unwrap(), 1);
    }
    assert_eq!(count(&db).await.failed, 0);
}

#[tokio::test]
async fn a_shorter_period_takes_effect_at_the_next_start() {
    let db = TestStore::new().await;
    let node = |period| Jobs::new(db.store.clone()).every("test.sweep", period, || async { Ok(()) });
    assert_eq!(node(HOUR * 24).run_due().await.unwrap(), 1);
    let after = node(SECOND);
    assert_eq!(after.run_due().await.unwrap(), 0);
    db.env.clock.advance(SECOND);
    assert_eq!(after.run_due().await.unwrap(), 1);
}
