//! Measures the product against its alternatives, side by side in one run.
//!
//! Every figure is taken in turn on the same machine with the same load, and the report leads
//! with ratios: this kind of machine is shared, so an absolute figure says little.

mod baselines;
mod engine;
mod holds;
mod load;
mod product;

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Parser, Subcommand};

use holds::{BaselineClient, Dice, ProductClient, Spread};
use product::{Process, Product, free_address};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Holds over HTTP, the product and the baselines in turn.
    Holds {
        #[arg(long, default_value_t = 256)]
        connections: usize,
        #[arg(long, default_value_t = 3)]
        seconds: u64,
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// The seat engine in process.
    Engine {
        #[arg(long, default_value_t = 3)]
        seconds: u64,
        #[arg(long, env = "STAGEDOOR_TEST_POSTGRES")]
        postgres: Option<String>,
    },
    /// A baseline, in a process of its own.
    ServeEcho { address: SocketAddr },
    ServePostgres { address: SocketAddr, url: String },
    ServeRedis { address: SocketAddr, url: String },
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let serve = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    match Arguments::parse().command {
        Command::ServeEcho { address } => serve()?.block_on(baselines::serve_echo(address))?,
        Command::ServePostgres { address, url } => serve()?.block_on(baselines::serve_postgres(address, &url))?,
        Command::ServeRedis { address, url } => serve()?.block_on(baselines::serve_redis(address, &url))?,
        Command::Engine { seconds, postgres } => {
            let span = Duration::from_secs(seconds);
            println!("best available: {:.0} ns", engine::best_available_ns());
            println!("memory per seat: {:?}", engine::memory_per_seat());
            for in_flight in [4_096, 64] {
                for goods in [engine::Goods::Seats, engine::Goods::Area] {
                    let folder = tempfile::tempdir()?;
                    let rate = engine::rate(engine::Disk::Sqlite(folder.path()), in_flight, span, goods);
                    println!("sqlite {in_flight} {goods:?}: {rate:?}");
                    if let Some(url) = &postgres {
                        let rate = engine::rate(engine::Disk::Postgres(url), in_flight, span, goods);
                        println!("postgres {in_flight} {goods:?}: {rate:?}");
                    }
                }
            }
            let folder = tempfile::tempdir()?;
            println!("recovery: {:.0} records/s", engine::recovery_rate(folder.path(), 3_000_000));
            let folder = tempfile::tempdir()?;
            let lags = engine::expiry_lags_ms(folder.path(), 1_000_000);
            println!("expiry lag: p99 {:.1} worst {:.1} ms", lags[lags.len() * 99 / 100], lags[lags.len() - 1]);
        }
        Command::Holds { connections, seconds, rounds } => {
            let span = Duration::from_secs(seconds);
            let folder = tempfile::tempdir()?;
            let product = Product::start(folder.path(), None, 25, connections)?;
            let address = free_address()?;
            let echo = Process::start(
                std::process::Command::new(std::env::current_exe()?).args(["serve-echo", &address.to_string()]),
                address,
            )?;
            for round in 0..rounds {
                for spread in [Spread::Uniform, Spread::Hot] {
                    let mut client = BaselineClient { dice: Dice(round as u64), spread, seats: 2_000_000 };
                    let cpu = load::cpu_seconds(echo.pid());
                    let run = load::run(address, connections, Duration::from_secs(1), span, &mut client)?;
                    report("echo", spread, &run, load::cpu_seconds(echo.pid()) - cpu, seconds);
                    let mut client = ProductClient {
                        dice: Dice(round as u64 * 7 + 1),
                        spread,
                        events: &product.events,
                        seats: &product.seats,
                        tokens: &product.tokens,
                        held: 0,
                        taken: 0,
                    };
                    let cpu = load::cpu_seconds(product.process.pid());
                    let run = load::run(product.address, connections, Duration::from_secs(1), span, &mut client)?;
                    report("stagedoor", spread, &run, load::cpu_seconds(product.process.pid()) - cpu, seconds);
                }
            }
        }
    }
    Ok(())
}

fn report(name: &str, spread: Spread, run: &load::Run, cpu: f64, seconds: u64) {
    // The warm-up second is in the CPU time but not in the requests.
    let requests = run.rate() * (seconds + 1) as f64;
    println!(
        "{name:>10} {spread:?}: {:>8.0}/s  {:>5.2} us CPU  p50 {:.2} p99 {:.2} ms  {:?}",
        run.rate(),
        cpu / requests * 1e6,
        run.latency_ms(0.5),
        run.latency_ms(0.99),
        run.statuses
    );
}
