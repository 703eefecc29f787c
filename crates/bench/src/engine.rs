//! The seat engine in process: rate by commands in flight, best available, expiry, memory,
//! recovery.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use inventory::engine::{
    Actor, Answer, AreaSpec, Best, Changes, Command, EventState, Manifest, ManifestSpec, Need, Outcome, Places, Prices,
    RowSpec, Rules, SaleStatus, SeatKind, SeatSpec, SectionSpec, Want,
};
use inventory::{Config, FanLimits, Inventory, Opening};
use journal::{Journal, Partition, PostgresJournal, SqliteJournal};
use stagedoor_core::{Env, EventId, HoldId, Timestamp, UserId};
use uuid::Uuid;

use crate::holds::Dice;
use crate::load::{cpu_seconds, now};

/// Rows of forty seats: 80,000 in all.
const SECTIONS: u32 = 50;
const ROWS: u32 = 40;
const SEATS: u32 = 40;
pub const STADIUM: usize = (SECTIONS * ROWS * SEATS) as usize;
const FLOOR: usize = 400_000;
const EVENTS: usize = 25;

/// Where the journal of a measurement lives.
#[derive(Debug, Clone, Copy)]
pub enum Disk<'a> {
    Sqlite(&'a Path),
    Postgres(&'a str),
}

pub fn stadium() -> Opening {
    let seat = |number: u32, row: u32| SeatSpec {
        label: number.to_string(),
        x: number as f32,
        y: row as f32,
        level: (row / 20) as u8,
        kind: SeatKind::Standard,
        restricted_view: false,
        rank: None,
        aisle_after: false,
    };
    let row =
        |row: u32| RowSpec { label: row.to_string(), seats: (1..=SEATS).map(|number| seat(number, row)).collect() };
    let section = |number: u32| SectionSpec {
        id: number.to_string(),
        name: number.to_string(),
        focal: Some((20.0, -10.0)),
        rows: (0..ROWS).map(row).collect(),
    };
    let spec = ManifestSpec {
        levels: vec!["A".into(), "B".into()],
        sections: (0..SECTIONS).map(section).collect(),
        areas: vec![AreaSpec { id: "floor".into(), name: "Floor".into(), capacity: FLOOR as u32, level: 0 }],
    };
    Opening {
        manifest: Arc::new(Manifest::build(&spec).expect("a plain stadium is a valid map")),
        rules: Rules { status: SaleStatus::OnSale, orphans: inventory::engine::Orphans::Ignore, ..Rules::default() },
        prices: Arc::new(Prices::new(&[vec![Some(4_500)], vec![Some(3_000)]]).expect("two prices")),
    }
}

pub fn start(disk: Disk<'_>, partitions: u32) -> Inventory {
    let limits = FanLimits { active_holds_max: u32::MAX, attempts_per_minute: u32::MAX };
    let config = Config { limits, partitions };
    let inventory = match disk {
        Disk::Sqlite(folder) => {
            let folder = folder.to_owned();
            let open = move |partition| Ok(Box::new(SqliteJournal::open(&folder, partition)?) as Box<dyn Journal>);
            Inventory::start(config, Env::system(), open)
        }
        Disk::Postgres(url) => {
            let url = url.to_owned();
            let open = move |partition| Ok(Box::new(PostgresJournal::open(&url, partition)?) as Box<dyn Journal>);
            Inventory::start(config, Env::system(), open)
        }
    };
    inventory.expect("an empty journal is readable")
}

/// Ids from a counter: a benchmark should not measure the system's randomness.
struct Ids(u128);

impl Ids {
    fn next(&mut self) -> Uuid {
        self.0 += 1;
        let mixed = (self.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Uuid::from_u128(self.0 << 64 | u128::from(mixed))
    }
}

/// What the engine does in a second, and what it costs.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub per_second: f64,
    pub cpu_us: f64,
    pub facts_per_batch: f64,
    pub bytes_per_fact: f64,
}

/// Median microseconds of a write of 4 KiB and its way to the disk in `folder`, in a file that has its room
/// already: what no journal can be faster than, and what a machine's rates with few commands in flight hang on.
pub fn flush_us(folder: &Path) -> std::io::Result<f64> {
    const BLOCK: usize = 4 << 10;
    const BLOCKS: usize = 2_000;
    let path = folder.join("flushes");
    std::fs::write(&path, vec![1; BLOCK * BLOCKS])?;
    let mut file = std::fs::OpenOptions::new().write(true).open(path)?;
    file.sync_all()?;
    let mut times = Vec::with_capacity(BLOCKS);
    for _ in 0..BLOCKS {
        let began = now();
        file.write_all(&[2; BLOCK])?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times[BLOCKS / 2].as_secs_f64() * 1e6)
}

/// Which places the commands of a run ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goods {
    /// Two to four random seats; of five holds one is sold, the others are released.
    Seats,
    /// Two places of a general-admission area, held and not given back; one area after the other is
    /// filled.
    Area,
}

/// Commands (holds, releases, sales) per second with `in_flight` of them under way; of an area all
/// are holds, and all are granted.
pub fn rate(disk: Disk<'_>, partitions: u32, in_flight: usize, span: Duration, goods: Goods) -> Rate {
    let inventory = start(disk, partitions);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut ids = Ids(1 << 40);
    let events: Vec<EventId> = (0..EVENTS).map(|_| EventId(ids.next())).collect();
    let opening = stadium();
    for event in &events {
        runtime.block_on(inventory.open(*event, opening.clone())).expect("the event opens");
    }
    let mut batches = inventory.batches();
    let mut dice = Dice(7);
    let mut asked_of_areas = 0;
    // What each slot holds at the moment.
    let mut held: Vec<Option<(EventId, HoldId)>> = vec![None; in_flight];
    let mut next = |slot: usize, held: &mut [Option<(EventId, HoldId)>], ids: &mut Ids| {
        if let Some((event, hold)) = held[slot].take() {
            let command = if goods == Goods::Seats && dice.roll(5) == 0 {
                Command::Sell { hold, fan: None, order: stagedoor_core::OrderId(ids.next()) }
            } else {
                Command::Release { hold, by: Actor::Staff }
            };
            return (slot as u32, event, command);
        }
        let (event, places) = match goods {
            Goods::Seats => {
                let seats = dice.seats(STADIUM).into_iter().map(|seat| (seat as u32, 0));
                (events[dice.roll(EVENTS)], Places::seats(seats))
            }
            Goods::Area => {
                asked_of_areas += 2;
                assert!(asked_of_areas <= EVENTS * FLOOR, "the areas are full: measure for a shorter time");
                (events[(asked_of_areas - 2) / FLOOR], Places::areas([(0, 2, 0)]))
            }
        };
        let want = Want::Picked { places: places.expect("a few different places"), need: Need::None };
        let command =
            Command::Hold { hold: HoldId(ids.next()), fan: UserId(ids.next()), want, key: None, spread: slot as u64 };
        (slot as u32, event, command)
    };
    let first: Vec<_> = (0..in_flight).map(|slot| next(slot, &mut held, &mut ids)).collect();
    let mut asked: Vec<EventId> = first.iter().map(|(_, event, _)| *event).collect();
    batches.send(first);
    let stats = inventory.stats();
    let read = |count: &std::sync::atomic::AtomicU64| count.load(std::sync::atomic::Ordering::Relaxed);
    let (began, cpu) = (now(), cpu_seconds(std::process::id()));
    let (facts, batched, bytes) = (read(&stats.facts), read(&stats.batches), read(&stats.journal_bytes));
    let mut done = 0u64;
    let mut free = Vec::with_capacity(in_flight);
    while began.elapsed() < span {
        batches.receive(|slot, answer| {
            let slot = slot as usize;
            match (goods, answer) {
                (Goods::Seats, Ok(Answer::Hold(view))) if view.status == inventory::engine::HoldStatus::Held => {
                    held[slot] = Some((asked[slot], view.hold));
                }
                (Goods::Area, answer) => assert!(answer.is_ok(), "there is room in {EVENTS} areas: {answer:?}"),
                _ => {}
            }
            done += 1;
            free.push(slot);
        });
        let commands: Vec<_> = free.drain(..).map(|slot| next(slot, &mut held, &mut ids)).collect();
        commands.iter().for_each(|(slot, event, _)| asked[*slot as usize] = *event);
        batches.send(commands);
    }
    let seconds = began.elapsed().as_secs_f64();
    let cpu = cpu_seconds(std::process::id()) - cpu;
    let (facts, batched, bytes) =
        (read(&stats.facts) - facts, read(&stats.batches) - batched, read(&stats.journal_bytes) - bytes);
    inventory.stop();
    Rate {
        per_second: done as f64 / seconds,
        cpu_us: cpu / done as f64 * 1e6,
        facts_per_batch: facts as f64 / batched.max(1) as f64,
        bytes_per_fact: bytes as f64 / facts.max(1) as f64,
    }
}

/// A stadium alone, without threads or a journal.
struct Bare {
    state: EventState,
    at: Timestamp,
    changes: Changes,
    ids: Ids,
}

impl Bare {
    fn open() -> Self {
        let Opening { manifest, rules, prices } = stadium();
        let at = Timestamp::from_micros(1_767_225_600_000_000);
        let mut bare = Bare { state: EventState::new(), at, changes: Changes::default(), ids: Ids(1) };
        bare.run(&Command::Open { manifest, rules, prices });
        bare
    }

    fn run(&mut self, command: &Command) -> bool {
        let Ok(Outcome::Changed(fact)) = self.state.decide(self.at, command) else { return false };
        self.changes.clear();
        self.state.apply(self.at, &fact, &mut self.changes);
        true
    }

    fn hold(&mut self, seats: impl IntoIterator<Item = u32>) -> Option<HoldId> {
        let places = Places::seats(seats.into_iter().map(|seat| (seat, 0))).expect("a few different seats");
        let (hold, fan) = (HoldId(self.ids.next()), UserId(self.ids.next()));
        let want = Want::Picked { places, need: Need::None };
        self.run(&Command::Hold { hold, fan, want, key: None, spread: 1 }).then_some(hold)
    }

    fn sell(&mut self, seats: impl IntoIterator<Item = u32>) {
        if let Some(hold) = self.hold(seats) {
            let order = stagedoor_core::OrderId(self.ids.next());
            self.run(&Command::Sell { hold, fan: None, order });
        }
    }
}

/// Median nanoseconds to find four adjacent seats in a stadium that is half sold at random. Each
/// party that is found takes its seats, and gives them back 64 parties later, so every search is of
/// a house that changed since the one before.
pub fn best_available_ns() -> f64 {
    let mut bare = Bare::open();
    let mut dice = Dice(3);
    while bare.state.totals().sold < STADIUM as u32 / 2 {
        let seat = dice.roll(STADIUM - 2) as u32;
        bare.sell([seat, seat + 1]);
    }
    const PER_SAMPLE: usize = 64;
    let mut samples: Vec<f64> = (0..2_001u64)
        .map(|sample| {
            let best = Best { quantity: 4, level: None, section: None, accessible: 0, companions: 0, ticket_type: 0 };
            let commands: Vec<Command> = (0..PER_SAMPLE as u64)
                .map(|turn| Command::Hold {
                    hold: HoldId(bare.ids.next()),
                    fan: UserId(bare.ids.next()),
                    want: Want::Best(best),
                    key: None,
                    spread: (sample << 8 | turn).wrapping_mul(0x9e37_79b9_7f4a_7c15),
                })
                .collect();
            let mut searching = Duration::ZERO;
            for command in &commands {
                let began = now();
                let found = std::hint::black_box(bare.state.decide(bare.at, command));
                searching += began.elapsed();
                let Ok(Outcome::Changed(fact)) = found else { panic!("four seats are left") };
                bare.changes.clear();
                bare.state.apply(bare.at, &fact, &mut bare.changes);
            }
            for command in commands {
                let Command::Hold { hold, .. } = command else { unreachable!("all are holds") };
                assert!(bare.run(&Command::Release { hold, by: Actor::Staff }), "it is held");
            }
            searching.as_nanos() as f64 / PER_SAMPLE as f64
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Bytes of state per free seat, and per seat when every seat is in a hold of four. The map is
/// shared by all events that use it and not counted.
pub fn memory_per_seat() -> (f64, f64) {
    let mut bare = Bare::open();
    let free = bare.state.memory_bytes() as f64 / STADIUM as f64;
    for first in (0..STADIUM as u32).step_by(4) {
        bare.hold(first..first + 4).expect("every seat is free");
    }
    (free, bare.state.memory_bytes() as f64 / STADIUM as f64)
}

/// Takes `holds` holds of one place over a few seconds, lets them expire, and gives how late each
/// was released, in milliseconds, sorted.
pub fn expiry_lags_ms(folder: &Path, holds: usize) -> Vec<f64> {
    let inventory = start(Disk::Sqlite(folder), 1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let mut ids = Ids(1 << 50);
    let mut opening = stadium();
    opening.rules.hold_ttl = Duration::from_secs(30);
    let events: Vec<EventId> = (0..holds.div_ceil(STADIUM)).map(|_| EventId(ids.next())).collect();
    for event in &events {
        runtime.block_on(inventory.open(*event, opening.clone())).expect("the event opens");
    }
    let mut batches = inventory.batches();
    let env = Env::system();
    let mut left = holds;
    for event in &events {
        for chunk in (0..STADIUM.min(left) as u32).collect::<Vec<_>>().chunks(4_000) {
            let commands: Vec<_> = chunk
                .iter()
                .map(|seat| {
                    let want =
                        Want::Picked { places: Places::seats([(*seat, 0)]).expect("one seat"), need: Need::None };
                    let (hold, fan) = (HoldId(ids.next()), UserId(ids.next()));
                    (*seat, *event, Command::Hold { hold, fan, want, key: None, spread: 0 })
                })
                .collect();
            let mut open = commands.len();
            batches.send(commands);
            while open > 0 {
                batches.receive(|_, answer| {
                    assert!(answer.is_ok(), "every seat is free: {answer:?}");
                    open -= 1;
                });
            }
        }
        left -= STADIUM.min(left);
    }
    // The engine keeps the largest lag between two readings; a reading each tick gives a sample a
    // tick, weighed by what expired in it.
    let stats = inventory.stats();
    let read = |count: &std::sync::atomic::AtomicU64| count.load(std::sync::atomic::Ordering::Relaxed);
    let (mut seen, mut lags) = (0, Vec::with_capacity(holds));
    let end = env.now() + Duration::from_secs(120);
    while seen < holds as u64 && env.now() < end {
        std::thread::sleep(Duration::from_millis(5));
        let expired = read(&stats.expired);
        let lag = stats.expiry_lag_max_us.swap(0, std::sync::atomic::Ordering::Relaxed) as f64 / 1e3;
        lags.extend(std::iter::repeat_n(lag, (expired - seen) as usize));
        seen = expired;
    }
    assert_eq!(seen, holds as u64, "every hold expires");
    inventory.stop();
    lags.sort_by(f64::total_cmp);
    lags
}

/// Journal records a second that recovery replays, from a journal of about `records`.
pub fn recovery_rate(folder: &Path, records: u64) -> f64 {
    let mut journal = SqliteJournal::open(folder, Partition(0)).expect("a fresh journal");
    let claim = journal.claim(None).expect("ours");
    let Opening { manifest, rules, prices } = stadium();
    journal.put_blob(&manifest.encode()).expect("stored");
    let event = EventId(Uuid::from_u128(1 << 80 | 1));
    let (mut state, mut changes, mut batch) = (EventState::new(), Changes::default(), journal::Batch::new());
    let at = claim.last.at.max(Timestamp::from_micros(1_767_225_600_000_000));
    let mut ids = Ids(1);
    let mut dice = Dice(5);
    let mut live: Vec<HoldId> = Vec::new();
    let mut written = 0;
    let open = Command::Open { manifest, rules, prices };
    let mut command = open;
    while written < records {
        if let Ok(Outcome::Changed(fact)) = state.decide(at, &command) {
            batch.push(event, state.version() + 1, |out| fact.encode(out));
            state.apply(at, &fact, &mut changes);
            changes.clear();
            written += 1;
            if batch.records() == 2_000 {
                journal.append(at, &batch).expect("written");
                batch.clear();
            }
        }
        command = if live.len() > 5_000 {
            Command::Release { hold: live.swap_remove(dice.roll(live.len())), by: Actor::Staff }
        } else {
            let hold = HoldId(ids.next());
            live.push(hold);
            let seats = dice.seats(STADIUM).into_iter().map(|seat| (seat as u32, 0));
            let want = Want::Picked { places: Places::seats(seats).expect("different seats"), need: Need::None };
            Command::Hold { hold, fan: UserId(ids.next()), want, key: None, spread: 0 }
        };
    }
    if !batch.is_empty() {
        journal.append(at, &batch).expect("written");
    }
    drop(journal);
    let began = now();
    let inventory = start(Disk::Sqlite(folder), 1);
    let seconds = began.elapsed().as_secs_f64();
    inventory.stop();
    written as f64 / seconds
}
