use std::time::Duration;

use stagedoor_core::{JobId, Timestamp};
use store::{IntoParam, Result, Tx, dialect};
use uuid::Uuid;

use crate::queue::{Backlog, Listed, ListedJob, NewJob, State};

/// A job whose lease its reader holds.
pub(crate) struct Claimed {
    pub id: JobId,
    pub kind: String,
    pub payload: String,
    /// How many runs were begun, this one included.
    pub attempt: u32,
}

pub(crate) async fn insert(tx: &Tx, job: &NewJob, run_at: Timestamp) -> Result<JobId> {
    let id = tx.env().id::<JobId>();
    let params = (id, job.kind, job.key.as_deref(), &job.payload, run_at, tx.now());
    // A running job is left alone, but for the note that it is wanted again.
    tx.one(
        "INSERT INTO job (id, kind, key, payload, run_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (kind, key) DO UPDATE SET
            payload = excluded.payload,
            again_at = CASE
                WHEN job.lease_owner IS NULL THEN NULL
                WHEN job.again_at <= excluded.run_at THEN job.again_at
                ELSE excluded.run_at END,
            run_at = CASE
                WHEN job.failed_at IS NOT NULL THEN excluded.run_at
                WHEN job.lease_owner IS NULL AND excluded.run_at < job.run_at THEN excluded.run_at
                ELSE job.run_at END,
            attempts = CASE WHEN job.failed_at IS NOT NULL THEN 0 ELSE job.attempts END,
            failed_at = NULL,
            error = NULL
         RETURNING id",
        params,
        |row| row.get(0),
    )
    .await
}

/// Keeps one job of `kind` that repeats: there from now on, and never further away than `period`.
pub(crate) async fn insert_repeating(tx: &Tx, kind: &str, period: Duration) -> Result<()> {
    tx.execute(
        "INSERT INTO job (id, kind, key, payload, run_at, created_at) VALUES ($1, $2, '', 'null', $3, $3)
         ON CONFLICT (kind, key) DO UPDATE SET run_at = $4 WHERE job.lease_owner IS NULL AND job.run_at > $4",
        (tx.env().id::<JobId>(), kind, tx.now(), tx.now() + period),
    )
    .await?;
    Ok(())
}

/// Whether [`claim`] would find something.
pub(crate) async fn is_due(tx: &Tx, kinds: &[&'static str]) -> Result<bool> {
    let mut params = vec![tx.now().into_param()];
    params.extend(kinds.iter().map(|kind| kind.into_param()));
    let sql = format!("SELECT 1 FROM job WHERE {} LIMIT 1", due(1, 2, kinds.len()));
    Ok(tx.optional(&sql, params, |_| Ok(())).await?.is_some())
}

/// Takes the lease of up to `limit` due jobs of `kinds`, the longest due first.
pub(crate) async fn claim(
    tx: &Tx,
    kinds: &[&'static str],
    owner: Uuid,
    lease: Duration,
    limit: usize,
) -> Result<Vec<Claimed>> {
    let now = tx.now();
    let mut params =
        vec![now.into_param(), (now + lease).into_param(), owner.into_param(), (limit as i64).into_param()];
    params.extend(kinds.iter().map(|kind| kind.into_param()));
    let sql = format!(
        "UPDATE job SET lease_owner = $3, lease_until = $2, attempts = attempts + 1
          WHERE id IN (SELECT id FROM job WHERE {} ORDER BY run_at, id LIMIT $4{})
            AND (lease_until IS NULL OR lease_until <= $1)
         RETURNING id, kind, payload, attempts, run_at",
        due(1, 5, kinds.len()),
        dialect::skip_locked(tx.backend()),
    );
    let mut claimed = tx
        .all(&sql, params, |row| {
            let job = Claimed { id: row.get(0)?, kind: row.get(1)?, payload: row.get(2)?, attempt: row.get(3)? };
            Ok((row.get::<Timestamp>(4)?, job))
        })
        .await?;
    // RETURNING promises no order.
    claimed.sort_by_key(|(run_at, job)| (*run_at, job.id));
    Ok(claimed.into_iter().map(|(_, job)| job).collect())
}

/// The condition "due at `$now` and of one of the `count` kinds from `$first` on".
fn due(now: usize, first: usize, count: usize) -> String {
    format!(
        "failed_at IS NULL AND run_at <= ${now} AND (lease_until IS NULL OR lease_until <= ${now}) AND kind IN {kinds}",
        kinds = store::list(first, count),
    )
}

/// Lengthens a lease that is still `owner`'s; `false` when another worker took it.
pub(crate) async fn renew(tx: &Tx, id: JobId, owner: Uuid, lease: Duration) -> Result<bool> {
    let renewed = tx
        .execute("UPDATE job SET lease_until = $3 WHERE id = $1 AND lease_owner = $2", (id, owner, tx.now() + lease))
        .await?;
    Ok(renewed == 1)
}

/// Removes a finished job, or frees it when it was asked for again while it ran.
pub(crate) async fn finish(tx: &Tx, id: JobId, owner: Uuid) -> Result<()> {
    let removed =
        tx.execute("DELETE FROM job WHERE id = $1 AND lease_owner = $2 AND again_at IS NULL", (id, owner)).await?;
    if removed == 0 {
        tx.execute(
            "UPDATE job SET run_at = again_at, again_at = NULL, attempts = 0, error = NULL,
                    lease_owner = NULL, lease_until = NULL
              WHERE id = $1 AND lease_owner = $2",
            (id, owner),
        )
        .await?;
    }
    Ok(())
}

/// Frees a job to run again at `run_at`, or when it was asked for, if that is earlier.
/// `attempts` and `error` are those of the run that ended.
pub(crate) async fn postpone(
    tx: &Tx,
    id: JobId,
    owner: Uuid,
    run_at: Timestamp,
    attempts: u32,
    error: Option<&str>,
) -> Result<()> {
    tx.execute(
        "UPDATE job SET run_at = CASE WHEN again_at < $3 THEN again_at ELSE $3 END, again_at = NULL,
                attempts = $4, error = $5, lease_owner = NULL, lease_until = NULL
          WHERE id = $1 AND lease_owner = $2",
        (id, owner, run_at, attempts, error),
    )
    .await?;
    Ok(())
}

/// Gives a job up. One that was asked for again meanwhile gets its new run instead.
pub(crate) async fn fail(tx: &Tx, id: JobId, owner: Uuid, error: &str) -> Result<()> {
    tx.execute(
        "UPDATE job SET failed_at = CASE WHEN again_at IS NULL THEN CAST($3 AS BIGINT) END,
                run_at = CASE WHEN again_at IS NULL THEN run_at ELSE again_at END,
                attempts = CASE WHEN again_at IS NULL THEN attempts ELSE 0 END,
                again_at = NULL, error = $4, lease_owner = NULL, lease_until = NULL
          WHERE id = $1 AND lease_owner = $2",
        (id, owner, tx.now(), error),
    )
    .await?;
    Ok(())
}

pub(crate) async fn revive(tx: &Tx, id: JobId) -> Result<bool> {
    let revived = tx
        .execute(
            "UPDATE job SET failed_at = NULL, error = NULL, attempts = 0, run_at = $2
              WHERE id = $1 AND failed_at IS NOT NULL",
            (id, tx.now()),
        )
        .await?;
    Ok(revived == 1)
}

pub(crate) async fn list(tx: &Tx, which: Listed, limit: u32) -> Result<Vec<ListedJob>> {
    let (condition, at) = match which {
        Listed::Failed => ("failed_at IS NOT NULL", "failed_at"),
        Listed::All => ("1 = 1", "COALESCE(failed_at, run_at)"),
    };
    let now = tx.now();
    tx.all(
        &format!(
            "SELECT id, kind, key, failed_at, run_at, lease_until, attempts, error FROM job
              WHERE {condition} ORDER BY {at} DESC, id DESC LIMIT $1"
        ),
        (limit,),
        |row| {
            let (failed_at, run_at) = (row.get::<Option<Timestamp>>(3)?, row.get::<Timestamp>(4)?);
            let running = row.get::<Option<Timestamp>>(5)?.is_some_and(|until| until > now);
            let state = match failed_at {
                Some(_) => State::Failed,
                None if running => State::Running,
                None if run_at <= now => State::Due,
                None => State::Waiting,
            };
            Ok(ListedJob {
                id: row.get(0)?,
                kind: row.get(1)?,
                key: row.get(2)?,
                state,
                at: failed_at.unwrap_or(run_at),
                attempts: row.get(6)?,
                error: row.get(7)?,
            })
        },
    )
    .await
}

pub(crate) async fn keys_at_work(tx: &Tx, kind: &str, by: Timestamp) -> Result<Vec<String>> {
    tx.all(
        "SELECT key FROM job WHERE kind = $1 AND key IS NOT NULL AND failed_at IS NULL
            AND (run_at <= $2 OR attempts > 0 OR lease_owner IS NOT NULL)",
        (kind, by),
        |row| row.get(0),
    )
    .await
}

pub(crate) async fn backlog(tx: &Tx) -> Result<Backlog> {
    tx.one(
        "SELECT COUNT(CASE WHEN failed_at IS NULL AND run_at <= $1 AND (lease_until IS NULL OR lease_until <= $1) THEN 1 END),
                COUNT(CASE WHEN failed_at IS NULL AND run_at > $1 AND (lease_until IS NULL OR lease_until <= $1) THEN 1 END),
                COUNT(CASE WHEN lease_until > $1 THEN 1 END),
                COUNT(failed_at)
           FROM job",
        (tx.now(),),
        |row| Ok(Backlog { due: row.get(0)?, waiting: row.get(1)?, running: row.get(2)?, failed: row.get(3)? }),
    )
    .await
}
