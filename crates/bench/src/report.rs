//! Which measurements there are, what they are held against, and the table they make.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use crate::engine::{self, Disk, Goods};
use crate::holds::{BaselineClient, Dice, ProductClient, Spread};
use crate::load::{self, Client, Run, cpu_seconds};
use crate::product::{Process, Product, free_address};
use crate::{baselines, live, many, search};

pub struct Plan {
    pub only: String,
    pub span: Duration,
    pub rounds: usize,
    pub connections: usize,
    pub viewers: usize,
    pub postgres: Option<String>,
    pub redis: Option<String>,
}

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// Before the counted part of an HTTP run.
const WARM_UP: Duration = Duration::from_secs(1);
/// Events of the product that one HTTP run spreads over; as many seats as the baselines have rows.
const EVENTS: usize = 25;
/// Signed-in fans that take turns, so that nobody collects more holds than a server keeps in view.
const FANS: usize = 4_096;
const EXPIRING: usize = 1_000_000;
const RECOVERED: u64 = 3_000_000;
/// A bare flush on the machine for which the goals were set.
const GOALS_FLUSH_US: f64 = 80.0;

struct Table {
    only: String,
    rows: Vec<[String; 5]>,
}

impl Table {
    fn wants(&self, name: &str) -> bool {
        name.contains(&self.only)
    }

    /// Whether one of those whose names begin so may be wanted.
    fn wants_any(&self, beginning: &str) -> bool {
        self.only.starts_with(beginning) || beginning.contains(&self.only)
    }

    fn add(&mut self, name: &str, measured: String, least: &str, aim: &str, note: String) {
        eprintln!("{name}: {measured} (at least {least}, aim {aim}) {note}");
        self.rows.push([name.into(), measured, least.into(), aim.into(), note]);
    }
}

pub fn run(plan: &Plan) -> Fallible<String> {
    let mut table = Table { only: plan.only.clone(), rows: Vec::new() };
    in_process(plan, &mut table)?;
    if ["holds over HTTP", "live"].iter().any(|name| plan.only.is_empty() || name.contains(&plan.only)) {
        over_http(plan, &mut table)?;
    }
    Ok(render(&table))
}

fn in_process(plan: &Plan, table: &mut Table) -> Fallible<()> {
    if table.wants("best available") {
        let nanoseconds = engine::best_available_ns();
        let note = "four adjacent in 80,000 seats, half sold; median".into();
        table.add("best available", format!("{:.2} us", nanoseconds / 1e3), "< 1 us", "0.1 us", note);
    }
    if table.wants("memory") {
        let (free, held) = engine::memory_per_seat();
        let note = "free / every seat in a hold of four; the shared map not counted".into();
        table.add("memory per seat", format!("{free:.1} / {held:.1} B"), "16 / 48 B", "8 / 32 B", note);
    }
    if table.wants("search") {
        let times = search::times_ms();
        let note = format!("100,000 events, five shapes of query; median {:.3} ms", times[times.len() / 2]);
        table.add("search, p99", format!("{:.2} ms", times[times.len() * 99 / 100]), "10 ms", "2 ms", note);
    }
    if table.wants_any("engine with") {
        engine_with_journals(plan, table)?;
    }
    if table.wants("general admission")
        && let Some(url) = &plan.postgres
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let counter = runtime.block_on(baselines::counter_rate(url, 64, plan.span))?;
        let folder = tempfile::tempdir()?;
        let ours = engine::rate(Disk::Sqlite(folder.path()), 1, 64, plan.span, Goods::Area).per_second;
        let note = format!("{ours:.0} holds/s against {counter:.0}/s, 64 in flight, none given back");
        table.add(
            "general admission against one counter row",
            format!("{:.0} x", ours / counter),
            "100 x",
            "250 x",
            note,
        );
    }
    if table.wants("recovery") {
        let folder = tempfile::tempdir()?;
        let rate = engine::recovery_rate(folder.path(), RECOVERED);
        let note = format!("from a journal of {RECOVERED} records to serving");
        table.add("recovery", format!("{:.1} M records/s", rate / 1e6), "1 M", "3 M", note);
    }
    if table.wants("10,000 live events") {
        let many = many::measure_apart()?;
        let kib = |bytes: f64| format!("{:.1}", bytes / 1024.0);
        let measured = format!(
            "{} / {} KiB, {:.0} ms",
            kib(many.live_bytes),
            kib(many.idle_bytes),
            many.restart.as_secs_f64() * 1e3
        );
        let note =
            "60 seats each on one map; resident memory an event, in use / idle, and the time of a restart".into();
        table.add("10,000 live events", measured, "8 / 2 KiB, 1 s", "4 / 1 KiB, 100 ms", note);
    }
    if table.wants("expiry") {
        let folder = tempfile::tempdir()?;
        let lags = engine::expiry_lags_ms(folder.path(), EXPIRING);
        let measured = format!("{:.0} / {:.0} ms", lags[lags.len() * 99 / 100], lags[lags.len() - 1]);
        let note = format!("{EXPIRING} live holds; p99 / worst, from deadline to durable");
        table.add("hold expiry lag", measured, "50 / 200 ms", "20 / 100 ms", note);
    }
    Ok(())
}

/// The engine with either journal. Every run begins with an empty house: where most seats are gone, most
/// commands are refused without a write.
fn engine_with_journals(plan: &Plan, table: &mut Table) -> Fallible<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // At least and aim with many in flight, then with few, in millions a second.
    let mut journals = vec![("SQLite", None, [[2.0, 3.0], [0.3, 0.4]])];
    if let Some(url) = &plan.postgres {
        journals.push(("PostgreSQL", Some(url), [[1.5, 2.3], [0.2, 0.3]]));
    }
    let flush_us = engine::flush_us(tempfile::tempdir()?.path())?;
    let note =
        format!("4 KiB written to a file that has its room, fdatasync; the goals' machine had {GOALS_FLUSH_US} us");
    table.add("a bare flush to this disk, median", format!("{flush_us:.0} us"), "", "", note);
    for (journal, url, goals) in journals {
        let [many, few] = goals;
        for (in_flight, partitions, [least, aim]) in [(4_096, 1, many), (4_096, 2, many), (64, 1, few)] {
            let partitioned = if partitions == 2 { ", two partitions" } else { "" };
            let name = format!("engine with {journal}, {in_flight} in flight{partitioned}");
            if !table.wants(&name) {
                continue;
            }
            let folder = tempfile::tempdir()?;
            let database = url.map(|url| runtime.block_on(baselines::empty_database(url))).transpose()?;
            let disk = database.as_deref().map_or(Disk::Sqlite(folder.path()), Disk::Postgres);
            let rate = engine::rate(disk, partitions, in_flight, plan.span, Goods::Seats);
            let mut note = format!(
                "holds, releases and sales; {:.2} us CPU each with the client, {:.0} facts a write, {:.0} B a fact",
                rate.cpu_us, rate.facts_per_batch, rate.bytes_per_fact
            );
            if in_flight == 64 && url.is_none() {
                // Each waits for the disk, so the disk decides. PostgreSQL's may be another one.
                let around = |per_second: f64, flush_us: f64| in_flight as f64 / per_second * 1e6 / flush_us;
                note += &format!(
                    "; one round of all 64 takes {:.1} bare flushes, {least} M/s on the goals' machine were {:.1}",
                    around(rate.per_second, flush_us),
                    around(least * 1e6, GOALS_FLUSH_US)
                );
            }
            let per_second = |millions: f64| format!("{millions} M/s");
            let measured = format!("{:.2} M/s", rate.per_second / 1e6);
            table.add(&name, measured, &per_second(least), &per_second(aim), note);
        }
    }
    Ok(())
}

/// One server in the comparison.
struct Server {
    name: &'static str,
    address: SocketAddr,
    process: Process,
}

#[derive(Clone)]
struct Figure {
    rate: f64,
    cpu_us: f64,
    p50_ms: f64,
    p99_ms: f64,
    held_share: f64,
}

fn baseline(name: &'static str, arguments: &[&str]) -> Fallible<Server> {
    let address = free_address()?;
    let mut command = std::process::Command::new(std::env::current_exe()?);
    command.arg(arguments[0]).arg(address.to_string()).args(&arguments[1..]);
    Ok(Server { name, address, process: Process::start(&mut command, address)? })
}

fn over_http(plan: &Plan, table: &mut Table) -> Fallible<()> {
    let folder = tempfile::tempdir()?;
    // Every round finds all its seats free, as the baselines nearly do.
    let product = Product::start(folder.path(), EVENTS * plan.rounds, FANS)?;
    if table.wants("live") {
        let viewers = live::watch(&product, plan.viewers)?;
        let measured = format!("{:.1} KiB", viewers.resident_bytes / 1024.0);
        table.add("idle live-map viewer, resident", measured, "8 KiB", "3 KiB", format!("{} viewers", plan.viewers));
        let times = &viewers.latencies_ms;
        let measured = format!("{:.0} ms", times[times.len() * 99 / 100]);
        let note =
            format!("median {:.0} ms, from sending the hold; the client shares the cores", times[times.len() / 2]);
        table.add(&format!("one change to {} live viewers, p99", plan.viewers), measured, "150 ms", "100 ms", note);
    }
    if !table.wants("holds over HTTP") {
        return Ok(());
    }
    let mut servers = vec![baseline("echo", &["serve-echo"])?];
    if let Some(url) = &plan.postgres {
        servers.push(baseline("PostgreSQL FOR UPDATE", &["serve-postgres", url])?);
    }
    if let Some(url) = &plan.redis {
        set_always(url)?;
        servers.push(baseline("Redis Lua, appendfsync always", &["serve-redis", url])?);
    }
    let mut figures: Vec<(&str, Spread, Figure)> = Vec::new();
    for spread in [Spread::Uniform, Spread::Hot] {
        let mut samples: Vec<Vec<Figure>> = vec![Vec::new(); servers.len() + 1];
        for round in 0..plan.rounds as u64 {
            if let Some(url) = &plan.redis {
                redis::cmd("FLUSHALL").exec(&mut redis::Client::open(url.as_str())?.get_connection()?)?;
            }
            for (at, server) in servers.iter().enumerate() {
                let mut client = BaselineClient { dice: Dice(round), spread };
                samples[at].push(measure(plan, server.address, server.process.pid(), &mut client)?);
            }
            let mut client = ProductClient {
                // No key of another run is used again.
                dice: Dice(round * 2 + spread as u64 + 1_000),
                spread,
                events: &product.events[round as usize * EVENTS..][..EVENTS],
                seats: &product.seats,
                tokens: &product.tokens,
            };
            let own = samples.len() - 1;
            samples[own].push(measure(plan, product.address, product.process.pid(), &mut client)?);
        }
        let names = servers.iter().map(|server| server.name).chain(["stagedoor"]);
        for (name, mut samples) in names.zip(samples) {
            samples.sort_by(|one, two| one.rate.total_cmp(&two.rate));
            figures.push((name, spread, samples[samples.len() / 2].clone()));
        }
    }
    let find =
        |name: &str, spread| figures.iter().find(|(known, of, _)| *known == name && *of == spread).map(|row| &row.2);
    for (name, spread, figure) in &figures {
        let note = format!(
            "{:.1} us CPU a request, p50 {:.1} ms, p99 {:.1} ms, {:.0} % held",
            figure.cpu_us,
            figure.p50_ms,
            figure.p99_ms,
            figure.held_share * 100.0
        );
        table.add(&format!("holds over HTTP, {spread:?}: {name}"), format!("{:.0}/s", figure.rate), "", "", note);
    }
    let goals = [
        ("echo", Spread::Uniform, "0.65", "1.0"),
        ("echo", Spread::Hot, "0.75", "1.0"),
        ("PostgreSQL FOR UPDATE", Spread::Uniform, "8 x", "12 x"),
        ("PostgreSQL FOR UPDATE", Spread::Hot, "8 x", "12 x"),
        ("Redis Lua, appendfsync always", Spread::Uniform, "1.5 x", "2.5 x"),
    ];
    for (against, spread, least, aim) in goals {
        if let (Some(ours), Some(theirs)) = (find("stagedoor", spread), find(against, spread)) {
            let note = format!("CPU a request {:.2} x", ours.cpu_us / theirs.cpu_us);
            let name = format!("holds over HTTP, {spread:?}, against {against}");
            table.add(&name, format!("{:.2} x", ours.rate / theirs.rate), least, aim, note);
        }
    }
    if let (Some(ours), Some(theirs)) = (find("stagedoor", Spread::Uniform), find("echo", Spread::Uniform)) {
        let measured = format!("{:.2} x", ours.cpu_us / theirs.cpu_us);
        let note = format!("{:.1} us against {:.1} us", ours.cpu_us, theirs.cpu_us);
        table.add("holds over HTTP, Uniform, CPU a request against echo", measured, "<= 1.7 x", "", note);
    }
    Ok(())
}

fn measure(plan: &Plan, address: SocketAddr, pid: u32, client: &mut dyn Client) -> Fallible<Figure> {
    let before = cpu_seconds(pid);
    let run: Run = load::run(address, plan.connections, WARM_UP, plan.span, client)?;
    let cpu = cpu_seconds(pid) - before;
    // The warm-up is in the CPU time but not among the requests.
    let all = run.rate() * (plan.span + WARM_UP).as_secs_f64();
    let held = run.statuses.get(&201).copied().unwrap_or(0) as f64 / run.requests.max(1) as f64;
    Ok(Figure {
        rate: run.rate(),
        cpu_us: cpu / all * 1e6,
        p50_ms: run.latency_ms(0.5),
        p99_ms: run.latency_ms(0.99),
        held_share: held,
    })
}

/// Every answer of the script waits for the disk, as ours do.
fn set_always(url: &str) -> Fallible<()> {
    let mut connection = redis::Client::open(url)?.get_connection()?;
    redis::cmd("CONFIG").arg("SET").arg("appendonly").arg("yes").exec(&mut connection)?;
    redis::cmd("CONFIG").arg("SET").arg("appendfsync").arg("always").exec(&mut connection)?;
    Ok(())
}

fn render(table: &Table) -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut text = String::from(
        "# Benchmarks\n\nMade by `make bench`. Load generator, servers and databases share one machine, so ratios taken in\n\
         turn within the run count, and absolute figures are for orientation only. CPU is user and system\n\
         time of the server process for each request.\n\n",
    );
    let model = model.trim_start_matches([':', ' ', '\t']);
    let busy: String = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let _ = writeln!(text, "Machine: {cores} cores, {model}; load averages at the end of the run: {busy}.\n");
    text.push_str("| measure | measured | at least | aim | how |\n| --- | --- | --- | --- | --- |\n");
    for [name, measured, least, aim, note] in &table.rows {
        let _ = writeln!(text, "| {name} | {measured} | {least} | {aim} | {note} |");
    }
    text
}
