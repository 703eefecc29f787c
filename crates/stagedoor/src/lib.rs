//! The `stagedoor` program: command line, configuration, and the wiring of everything below.
//!
//! A library, so that Cargo compiles it while the crates below are still being translated: a program
//! would have to wait for them.

mod audit;
mod config;
mod contracts;
mod data;
mod demo;
mod fault;
mod fees;
mod import;
mod jobs;
mod keys;
mod logging;
mod master_key;
mod outbound;
mod platform;
mod progress;
mod providers;
mod serve;
mod system;
mod verify;
mod wallets;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rustix::fs::Mode;

use crate::config::{Flags, Settings};
use crate::fault::{Chain, Fault, because};

/// What went wrong is on standard error.
const FAILED: u8 = 1;
/// The command line or the settings are wrong; clap says the same by the same number.
const MISUSED: u8 = 2;

/// Box office, seat engine and live seat maps in one program.
#[derive(Parser)]
#[command(name = "stagedoor", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until it is asked to stop (Ctrl-C or SIGTERM)
    Serve,
    /// Load a world to try the program with and print its accounts and events as JSON
    Demo(demo::Arguments),
    /// Take events or a seat map from a file and print what was imported as JSON
    #[command(subcommand)]
    Import(import::Import),
    /// Read every journal again and compare it with tickets, orders and money; 1 when something is wrong
    Verify(verify::Arguments),
    /// Check, sign and export the audit log
    #[command(subcommand)]
    Audit(audit::Command),
    /// Look at the jobs that failed, and have them tried again
    #[command(subcommand)]
    Jobs(jobs::Command),
    /// Say what the operator adds to tickets
    #[command(subcommand)]
    Fees(fees::Command),
    /// Say how the money of orders is shared with venues, promoters and others
    #[command(subcommand)]
    Contracts(contracts::Command),
    /// Say who runs the platform over the API
    #[command(subcommand)]
    Platform(platform::Command),
    /// Change the keys that personal data is sealed with; the server must not be running
    #[command(subcommand)]
    Keys(keys::Command),
    /// Look at calls to addresses that somebody typed: webhooks, monitored pages
    #[command(subcommand)]
    Outbound(outbound::Command),
    /// Print the settings in effect, without secrets
    Config,
    /// Print the description of the HTTP API (OpenAPI 3.1, JSON)
    Openapi,
}

/// Does what the command line asks for; what goes wrong is on standard error.
pub fn run() -> ExitCode {
    // Nobody else's business: the folder is private, and so are the files in one that is not.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let cli = Cli::parse();
    match start(&cli.command, cli.flags) {
        Ok(settings) => match carry_out(cli.command, &settings) {
            Ok(code) => code,
            Err(error) => complain(&*error, FAILED),
        },
        Err(error) => complain(&*error, MISUSED),
    }
}

fn start(command: &Command, flags: Flags) -> Result<Settings, Fault> {
    let settings = Settings::load(&flags.with_secrets())?;
    // The database driver repeats what the server of PostgreSQL remarks.
    let serves = matches!(command, Command::Serve);
    logging::start(&settings, if serves { "info,sqlx=warn,memory_serve=warn" } else { "warn" })?;
    Ok(settings)
}

fn carry_out(command: Command, settings: &Settings) -> Result<ExitCode, Fault> {
    match command {
        Command::Config => print(&settings.to_toml())?,
        Command::Openapi => {
            let document = api::document().to_pretty_json().map_err(because("write the document"))?;
            print(&format!("{document}\n"))?;
        }
        Command::Serve => serve::serve(settings, &runtime()?)?,
        Command::Demo(arguments) => print(&demo::demo(settings, &arguments, &runtime()?)?)?,
        Command::Import(what) => print(&import::import(settings, what, &runtime()?)?)?,
        Command::Jobs(command) => print(&jobs::jobs(settings, &command, &runtime()?)?)?,
        Command::Fees(command) => print(&fees::fees(settings, &command, &runtime()?)?)?,
        Command::Contracts(command) => print(&contracts::contracts(settings, &command, &runtime()?)?)?,
        Command::Platform(command) => print(&platform::platform(settings, &command, &runtime()?)?)?,
        Command::Keys(command) => print(&keys::keys(settings, &command, &runtime()?)?)?,
        Command::Outbound(command) => {
            let (report, code) = outbound::outbound(settings, &command, &runtime()?)?;
            print(&report)?;
            return Ok(code);
        }
        Command::Audit(command) => return audit::audit(settings, &command, &runtime()?),
        Command::Verify(arguments) => {
            let (report, code) = verify::verify(settings, &arguments, &runtime()?)?;
            print(&report)?;
            return Ok(code);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// For the database and what runs without a caller; the edge's threads have runtimes of their own.
fn runtime() -> Result<tokio::runtime::Runtime, Fault> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().thread_name("main").build().map_err(because("start the runtime"))
}

/// A reader that closes the pipe early has what it wanted.
pub(crate) fn print(text: &str) -> Result<(), Fault> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(because("print")(error)),
        _ => Ok(()),
    }
}

fn complain(error: &(dyn std::error::Error + Send + Sync + 'static), code: u8) -> ExitCode {
    eprintln!("stagedoor: {}", Chain(error));
    ExitCode::from(code)
}
