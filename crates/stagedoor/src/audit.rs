//! `stagedoor audit`: is the audit log as it was written, what does it say.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use stagedoor_core::Timestamp;
use store::audit::{self, Chain, Checkpoint, Entry, Filter, Opened, Outcome, Part, Record};
use store::{ACTOR_EXPECTED, Actor, Tx};
use tokio::runtime::Runtime;

use crate::config::Settings;
use crate::data::{Access, Data};
use crate::fault::{Fault, because};
use crate::{FAILED, print, progress};

/// Entries read at a time.
const PAGE: u32 = 1_000;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read every entry again and hold it against the signed checkpoints; 1 when something was
    /// edited, removed, moved, cut off or given another time
    Verify(Verify),
    /// Sign the state of every log and print it, a line of JSON each, to be kept elsewhere
    Checkpoint,
    /// Print what is in one log
    Export(Export),
}

#[derive(Debug, Args)]
pub struct Verify {
    /// Checkpoints that were printed before; may be given again
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// One log alone: the id of an organizer, or platform
    #[arg(long, value_name = "LOG", value_parser = chain)]
    only: Option<Chain>,
}

#[derive(Debug, Args)]
pub struct Export {
    /// Which: the id of an organizer, or platform
    #[arg(value_name = "LOG", value_parser = chain)]
    chain: Chain,
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// From this instant on
    #[arg(long, value_name = "INSTANT")]
    from: Option<Timestamp>,
    /// Before this instant
    #[arg(long, value_name = "INSTANT")]
    to: Option<Timestamp>,
    /// The id of a user, client or API key, or nobody, operator or system
    #[arg(long, value_parser = actor)]
    actor: Option<Actor>,
    /// Such as event.update
    #[arg(long)]
    action: Option<String>,
    /// The id of what was acted on
    #[arg(long)]
    subject: Option<String>,
    /// done, denied or failed
    #[arg(long, value_parser = result)]
    result: Option<Outcome>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Format {
    /// A line of JSON for each entry
    Jsonl,
    /// For a spreadsheet
    Csv,
}

fn chain(text: &str) -> Result<Chain, String> {
    text.parse().map_err(|_| "must be the id of an organizer, or platform".to_owned())
}

fn actor(text: &str) -> Result<Actor, String> {
    text.parse().map_err(|_| ACTOR_EXPECTED.to_owned())
}

fn result(text: &str) -> Result<Outcome, String> {
    text.parse().map_err(|_| "must be done, denied or failed".to_owned())
}

pub fn audit(settings: &Settings, command: &Command, runtime: &Runtime) -> Result<ExitCode, Fault> {
    runtime.block_on(async {
        match command {
            Command::Verify(arguments) => verify(settings, arguments).await,
            Command::Checkpoint => checkpoint(settings).await,
            Command::Export(arguments) => export(settings, arguments).await,
        }
    })
}

async fn verify(settings: &Settings, arguments: &Verify) -> Result<ExitCode, Fault> {
    let mut kept: Vec<Checkpoint> = Vec::new();
    for file in &arguments.checkpoint {
        let text = fs::read_to_string(file).map_err(because(format!("read {}", file.display())))?;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let checkpoint = serde_json::from_str(line);
            kept.push(checkpoint.map_err(because(format!("read a checkpoint from {}", file.display())))?);
        }
    }
    let data = Data::open(settings, Access::Looking).await?;
    let bar = progress::counter("entries");
    let tx = data.store.begin_read().await?;
    let report = audit::verify(&tx, arguments.only, &kept, |entries| bar.set_position(entries)).await;
    bar.finish_and_clear();
    let report = report.map_err(because("read the audit log"))?;
    data.store.close().await?;
    let mut text =
        format!("{} entries in {} logs, {} checkpoints\n", report.entries, report.chains, report.checkpoints);
    if report.waiting > 0 {
        writeln!(text, "{} entries are not linked yet: a running server does that", report.waiting)
            .expect("memory takes everything");
    }
    if report.findings.is_empty() {
        print(&(text + "the audit log is as it was written\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let more = if report.cut { " or more" } else { "" };
    writeln!(text, "findings: {}{more}", report.findings.len()).expect("memory takes everything");
    for finding in &report.findings {
        writeln!(text, "  {finding}").expect("memory takes everything");
    }
    print(&text)?;
    Ok(ExitCode::from(FAILED))
}

async fn checkpoint(settings: &Settings) -> Result<ExitCode, Fault> {
    let data = Data::open(settings, Access::Beside).await?;
    audit::checkpoint_moved(&data.store).await.map_err(because("sign the audit log"))?;
    let tx = data.store.begin_read().await?;
    for checkpoint in audit::latest_checkpoints(&tx).await.map_err(because("read the checkpoints"))? {
        print(&(serde_json::to_string(&checkpoint).map_err(because("write a checkpoint"))? + "\n"))?;
    }
    data.store.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// Written as it is read, a page at a time: a log is longer than memory.
async fn export(settings: &Settings, arguments: &Export) -> Result<ExitCode, Fault> {
    let data = Data::open(settings, Access::Beside).await?;
    let Export { chain, format, from, to, actor, action, subject, result } = arguments;
    let (action, subject) = (action.clone(), subject.clone());
    let filter = Filter { from: *from, to: *to, actor: *actor, action, subject, result: *result };
    let tx = data.store.begin_write().await?;
    let asked = json!({
        "from": filter.from,
        "to": filter.to,
        "actor": filter.actor.map(Actor::text),
        "action": filter.action,
        "subject": filter.subject,
        "result": filter.result.map(Outcome::text),
    });
    tx.audit(Entry::new(*chain, "audit.export", chain).after(asked));
    tx.commit().await.map_err(because("say in the audit log that it is exported"))?;
    audit::link(&data.store, Some(*chain)).await.map_err(because("link the audit log"))?;
    let tx = data.store.begin_read().await?;
    // What is appended meanwhile is for the next export.
    let last = audit::seq_at(&tx, *chain).await.map_err(because("read the audit log"))?;
    let bar = progress::bar(last, "exporting entries");
    if matches!(format, Format::Csv) {
        print(&csv_line(&COLUMNS.map(str::to_owned)))?;
    }
    let mut after = 0;
    while let Some(page) = page(&tx, *chain, &filter, after, last).await? {
        let mut text = String::new();
        for record in &page {
            after = record.seq;
            match format {
                Format::Jsonl => writeln!(text, "{}", line(record)).expect("memory takes everything"),
                Format::Csv => text.push_str(&csv_line(&cells(record))),
            }
        }
        print(&text)?;
        bar.set_position(after);
    }
    bar.finish_and_clear();
    data.store.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// The next entries up to the one numbered `last`; `None` when there are no more.
async fn page(tx: &Tx, chain: Chain, filter: &Filter, after: u64, last: u64) -> Result<Option<Vec<Record>>, Fault> {
    let found = audit::entries(tx, chain, filter, Part::After(after), PAGE).await;
    let mut found = found.map_err(because("read the audit log"))?;
    found.retain(|record| record.seq <= last);
    Ok((!found.is_empty()).then_some(found))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_erased(record: &Record) -> bool {
    [&record.origin, &record.detail].contains(&&Opened::Erased)
}

fn line(record: &Record) -> Value {
    json!({
        "sequence": record.seq,
        "at": record.at,
        "actor": record.actor.text(),
        "action": record.action,
        "subject": record.subject,
        "result": record.result.text(),
        "requestId": record.request,
        "address": record.origin.field("address"),
        "userAgent": record.origin.field("agent"),
        "client": record.origin.field("client"),
        "grant": record.origin.field("grant"),
        "before": record.detail.field("before"),
        "after": record.detail.field("after"),
        "erased": is_erased(record),
        "hash": hex(&record.hash),
    })
}

const COLUMNS: [&str; 15] = [
    "sequence",
    "at",
    "actor",
    "action",
    "subject",
    "result",
    "requestId",
    "address",
    "userAgent",
    "client",
    "grant",
    "before",
    "after",
    "erased",
    "hash",
];

fn cells(record: &Record) -> [String; 15] {
    let line = line(record);
    COLUMNS.map(|name| match &line[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

/// Every cell in quotation marks, as RFC 4180 has them. Spreadsheets run what begins like a formula,
/// so such a cell begins with an apostrophe. Source: OWASP, "CSV Injection".
fn csv_line(cells: &[String]) -> String {
    let cell = |text: &String| {
        let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    };
    cells.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_no_cell_ends_early() {
        let cells = ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "a\"b,c\nd", "", "plain=1"].map(str::to_owned);
        let expected = "\"'=1+1\",\"'+1\",\"'-1\",\"'@a\",\"'\tx\",\"'\rx\",\"a\"\"b,c\nd\",\"\",\"plain=1\"\r\n";
        assert_eq!(csv_line(&cells), expected);
    }
}
