//! One owner per PostgreSQL database, however many machines can reach it.
//!
//! The right is an advisory lock, which lives exactly as long as the session that took it: no lease
//! to renew, and nothing to clean up after a crash. Embedded databases need none of this, because a
//! lock on a file is enough for them.

use std::future::Future;
use std::pin::pin;
use std::str::FromStr;
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use stagedoor_core::Env;
use tokio::time::{sleep, timeout};

use crate::{Error, Result};

/// An arbitrary constant that all releases share.
const LOCK: &str = "SELECT pg_try_advisory_lock(7827462)";
const UNLOCK: &str = "SELECT pg_advisory_unlock(7827462)";
/// Ends what the server has not noticed yet to be gone: an earlier session of this same owner.
const END_EARLIER: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = $1 AND pid <> pg_backend_pid()";

/// How often the session is asked whether it is still there.
const PING: Duration = Duration::from_secs(1);
/// After this long without an answer the session counts as lost. Longer than a server under load
/// stalls; nothing is sold twice meanwhile, because the journal compares epochs.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// A process that was killed has its lock until the server sees its socket closed.
const ATTEMPTS: u32 = 20;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(100);
/// Between two attempts to reach a server that is away, as it is while it restarts.
const AWAY: Duration = Duration::from_secs(1);

/// The right to change seats in one PostgreSQL database.
pub struct Owner {
    session: PgConnection,
    options: PgConnectOptions,
    name: String,
}

impl Owner {
    /// Takes the right in the database at `url`.
    ///
    /// Errors: [`Error::Setup`] when somebody else has it.
    pub async fn claim(url: &str, env: &Env) -> Result<Owner> {
        let name = format!("stagedoor owner {:016x}", env.entropy.next_u64());
        let options = PgConnectOptions::from_str(url)
            .map_err(failed)?
            .application_name(&name)
            // A machine that vanished gives up its lock after some ten seconds, not two hours.
            .options([("tcp_keepalives_idle", "4"), ("tcp_keepalives_interval", "2"), ("tcp_keepalives_count", "3")])
            .disable_statement_logging();
        let session = take(&options, &name).await?;
        Ok(Owner { session, options, name })
    }

    /// Keeps the right until `stop`, then gives it back. A session that is lost is made again, for
    /// as long as it takes to reach the server.
    ///
    /// Errors: [`Error::Setup`] when somebody else took the right meanwhile: this process must not
    /// change seats any more.
    pub async fn keep(mut self, stop: impl Future<Output = ()>) -> Result<()> {
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = sleep(PING) => {}
            }
            if answer(sqlx::query("SELECT 1").execute(&mut self.session)).await.is_ok() {
                continue;
            }
            tracing::warn!("the session that owns the database was lost");
            tokio::select! {
                () = &mut stop => return Ok(()),
                session = take_again(&self.options, &self.name) => self.session = session?,
            }
            tracing::info!("the database is owned again");
        }
        // Said aloud: the end of the session alone would reach the server after the next owner.
        drop(answer(sqlx::query(UNLOCK).execute(&mut self.session)).await);
        drop(answer(self.session.close()).await);
        Ok(())
    }
}

async fn take(options: &PgConnectOptions, name: &str) -> Result<PgConnection> {
    let mut session = answer(options.connect()).await?;
    answer(sqlx::query(END_EARLIER).bind(name).execute(&mut session)).await?;
    for _ in 0..ATTEMPTS {
        if answer(sqlx::query_scalar(LOCK).fetch_one(&mut session)).await? {
            return Ok(session);
        }
        sleep(BETWEEN_ATTEMPTS).await;
    }
    Err(Error::Setup(
        "a server or another command is using this database: stop it first, then run this again".to_owned(),
    ))
}

async fn take_again(options: &PgConnectOptions, name: &str) -> Result<PgConnection> {
    loop {
        match take(options, name).await {
            Err(Error::Busy(_) | Error::Fault(_)) => sleep(AWAY).await,
            taken => return taken,
        }
    }
}

async fn answer<T>(call: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    let late = || sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer from the database"));
    timeout(ANSWER_TIMEOUT, call).await.unwrap_or_else(|_| Err(late())).map_err(failed)
}

fn failed(error: sqlx::Error) -> Error {
    DbErr::Conn(RuntimeErr::SqlxError(error.into())).into()
}
