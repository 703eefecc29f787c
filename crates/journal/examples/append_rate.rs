//! How long an append takes: `cargo run --release -p stagedoor-journal --example append_rate`,
//! with `STAGEDOOR_BENCH_POSTGRES=postgres://..` for PostgreSQL as well. Prints medians and tails
//! for small and large batches, and what a replay and a push cost.
//!
//! The folder is the first argument, or a new one in the system's temporary folder: it should be
//! on the disk that is asked about.

#![expect(clippy::disallowed_methods, reason = "measures elapsed time")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use journal::{Batch, BatchSeq, Journal, Partition, PostgresJournal, SqliteJournal};
use stagedoor_core::{EventId, Timestamp};
use uuid::Uuid;

/// A hold of three seats is about this long.
const PAYLOAD: [u8; 34] = [0x5a; 34];
const EVENTS: usize = 100;
const SPAN: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let temporary = tempfile::tempdir()?;
    let folder = std::env::args().nth(1).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    measure("sqlite", &mut SqliteJournal::open(&folder, Partition(0))?)?;
    if let Ok(url) = std::env::var("STAGEDOOR_BENCH_POSTGRES") {
        measure("postgres", &mut PostgresJournal::open(&url, Partition(0))?)?;
    }
    Ok(())
}

fn measure(name: &str, journal: &mut dyn Journal) -> Result<(), Box<dyn std::error::Error>> {
    let last = journal.claim(None)?.last;
    if last.seq != BatchSeq::NONE {
        return Err(format!("{name}: the journal is not empty").into());
    }
    let mut versions = [0; EVENTS];
    let mut batch = Batch::new();
    for records in [1, 64, 4096] {
        let (mut append, mut push, mut maintain) = (Vec::new(), Duration::ZERO, Duration::ZERO);
        let mut worst_maintain = Duration::ZERO;
        let cpu = cpu_time()?;
        let start = Instant::now();
        while start.elapsed() < SPAN {
            let begun = Instant::now();
            batch.clear();
            for record in 0..records {
                let number = record * 7 % EVENTS;
                versions[number] += 1;
                let event = EventId(Uuid::from_u128(number as u128));
                batch.push(event, versions[number], |out| out.extend_from_slice(&PAYLOAD));
            }
            let pushed = Instant::now();
            journal.append(Timestamp::from_micros(0), &batch)?;
            let appended = Instant::now();
            journal.maintain()?;
            push += pushed - begun;
            append.push(appended - pushed);
            maintain += appended.elapsed();
            worst_maintain = worst_maintain.max(appended.elapsed());
        }
        let cpu = cpu_time()? - cpu;
        append.sort_unstable();
        let count = append.len();
        let part = |permille: usize| append[(count - 1) * permille / 1000].as_micros();
        println!(
            "{name}, {records} records ({} bytes): append p50 {} us, p95 {}, p99 {}, max {}; {:.0} records/s; push \
             {:.0} ns/record; maintain {:.1} us/batch, max {} us; CPU {:.0} us/batch",
            batch.body().len(),
            part(500),
            part(950),
            part(990),
            part(1000),
            (count * records) as f64 / SPAN.as_secs_f64(),
            push.as_nanos() as f64 / (count * records) as f64,
            maintain.as_micros() as f64 / count as f64,
            worst_maintain.as_micros(),
            cpu.as_micros() as f64 / count as f64,
        );
    }
    let start = Instant::now();
    let replay = journal.replay(BatchSeq::NONE, &mut |_, _| Ok(()))?;
    let rate = replay.records as f64 / start.elapsed().as_secs_f64();
    println!("{name}: replay of {} records in {} batches, {rate:.0} records/s", replay.records, replay.batches);
    Ok(())
}

/// What this thread has spent on a processor: on a busy machine the figure that repeats.
fn cpu_time() -> Result<Duration, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text.split(' ').next().ok_or("an empty schedstat")?;
    Ok(Duration::from_nanos(nanos.parse()?))
}
