//! Measures the product against its alternatives, side by side in one run.
//!
//! Every figure is taken in turn on the same machine with the same load, and the report leads
//! with ratios: this kind of machine is shared, so an absolute figure says little.

mod baselines;
mod engine;
mod holds;
mod live;
mod load;
mod many;
mod product;
mod report;
mod search;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs every measurement and prints a table of them.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Writes the table there, too.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Only measurements whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Length of one measurement.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How often the HTTP measurements take turns; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    #[arg(long, default_value_t = 256)]
    connections: usize,
    #[arg(long, default_value_t = 10_000)]
    viewers: usize,
    /// A server on which databases may be created; without it, what needs one is left out.
    #[arg(long, env = "STAGEDOOR_TEST_POSTGRES")]
    postgres: Option<String>,
    /// A server with `appendfsync always` is made of it; without it, what needs one is left out.
    #[arg(long, env = "STAGEDOOR_TEST_REDIS")]
    redis: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// A baseline, in a process of its own.
    #[command(name = "serve-echo", hide = true)]
    Echo { address: SocketAddr },
    #[command(name = "serve-postgres", hide = true)]
    Postgres { address: SocketAddr, url: String },
    #[command(name = "serve-redis", hide = true)]
    Redis { address: SocketAddr, url: String },
    /// What many small events cost, in a process that did nothing before.
    #[command(name = "measure-many", hide = true)]
    Many,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    match arguments.command {
        Some(Command::Echo { address }) => runtime()?.block_on(baselines::serve_echo(address))?,
        Some(Command::Postgres { address, url }) => runtime()?.block_on(baselines::serve_postgres(address, &url))?,
        Some(Command::Redis { address, url }) => runtime()?.block_on(baselines::serve_redis(address, &url))?,
        Some(Command::Many) => println!("{}", many::measure(tempfile::tempdir()?.path(), many::EVENTS)),
        None => {
            let plan = report::Plan {
                only: arguments.only,
                span: Duration::from_secs(arguments.seconds),
                rounds: arguments.rounds.max(1),
                connections: arguments.connections,
                viewers: arguments.viewers,
                postgres: arguments.postgres,
                redis: arguments.redis,
            };
            let table = report::run(&plan)?;
            println!("\n{table}");
            if let Some(path) = arguments.write {
                std::fs::write(path, table)?;
            }
        }
    }
    Ok(())
}
