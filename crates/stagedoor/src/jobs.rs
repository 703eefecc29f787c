//! `stagedoor jobs`: the queue, for whoever must look into what failed.

use std::fmt::Write;

use clap::Subcommand;
use jobs::{Listed, ListedJob};
use serde_json::json;
use stagedoor_core::JobId;
use store::audit::{Chain, Entry};
use tokio::runtime::Runtime;

use crate::config::Settings;
use crate::data::{Access, Data};
use crate::fault::{Fault, because};

/// Jobs that are printed; nobody reads more.
const LISTED_MAX: u32 = 1_000;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the jobs that failed so often that they were given up, the latest first
    List {
        /// The whole queue, whatever its jobs are doing
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give failed jobs all their attempts again; a running server takes them up within a second
    Retry {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<JobId>,
    },
}

/// Lists or revives jobs and gives what is to be printed.
pub fn jobs(settings: &Settings, command: &Command, runtime: &Runtime) -> Result<String, Fault> {
    runtime.block_on(async {
        match command {
            Command::List { all, json } => list(settings, if *all { Listed::All } else { Listed::Failed }, *json).await,
            Command::Retry { ids } => retry(settings, ids).await,
        }
    })
}

async fn list(settings: &Settings, which: Listed, json: bool) -> Result<String, Fault> {
    let data = Data::open(settings, Access::Looking).await?;
    let tx = data.store.begin_read().await?;
    let listed = jobs::list(&tx, which, LISTED_MAX).await.map_err(because("read the queue"))?;
    data.store.close().await?;
    if listed.len() == LISTED_MAX as usize {
        eprintln!("stagedoor: there may be more than these {LISTED_MAX}");
    }
    if json {
        return Ok(serde_json::to_string_pretty(&listed).map_err(because("write the list"))? + "\n");
    }
    Ok(table(&listed))
}

fn table(listed: &[ListedJob]) -> String {
    let mut text = String::new();
    for ListedJob { id, kind, key, state, at, attempts, error } in listed {
        let state = json!(state);
        let state = state.as_str().expect("a state is a word");
        let key = key.as_deref().unwrap_or("-");
        writeln!(text, "{id}  {state:<7}  {at}  {kind} {key}").expect("memory takes everything");
        if let Some(error) = error {
            writeln!(text, "    after {attempts} attempts: {error}").expect("memory takes everything");
        }
    }
    text
}

/// All of them or, when one is no failed job, none.
async fn retry(settings: &Settings, ids: &[JobId]) -> Result<String, Fault> {
    let data = Data::open(settings, Access::Beside).await?;
    let tx = data.store.begin_write().await?;
    for id in ids {
        if !jobs::retry(&tx, *id).await.map_err(because(format!("retry {id}")))? {
            return Err(format!("{id} is not a failed job; nothing was changed").into());
        }
        tx.audit(Entry::new(Chain::Platform, "job.retry", id));
    }
    tx.commit().await.map_err(because("retry"))?;
    data.store.close().await?;
    Ok(String::new())
}
