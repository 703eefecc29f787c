//! Many small events at once: what each costs in memory while it is used and after, and how soon
//! all of them are back after a restart.

use std::path::Path;
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};
use std::time::Duration;

use inventory::engine::{Manifest, ManifestSpec, Prices, RowSpec, Rules, SaleStatus, SeatKind, SeatSpec, SectionSpec};
use inventory::{Config, Inventory, Opening, Writers};
use journal::SqliteJournal;
use stagedoor_core::{Env, EventId};

use crate::load::{now, resident_bytes};

/// How many are live.
pub const EVENTS: usize = 10_000;
/// Of each event, in rows of ten.
const SEATS: u32 = 60;
/// Opened at a time.
const CHUNK: usize = 1_000;
/// Longer than an unused event stays in memory.
const IDLE: Duration = Duration::from_secs(3_600);

pub struct Many {
    /// Resident memory for each event, in bytes: just opened, and when all but one were left alone.
    pub live_bytes: f64,
    pub idle_bytes: f64,
    /// From opening the journal to serving.
    pub restart: Duration,
}

/// What [`measure`] finds in a process of its own: in this one, memory that earlier measurements gave
/// back would be taken again without being counted.
pub fn measure_apart() -> Result<Many, Box<dyn std::error::Error>> {
    let output = Command::new(std::env::current_exe()?).arg("measure-many").stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let numbers = text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let [live_bytes, idle_bytes, restart] = numbers[..] else { return Err("nothing was measured".into()) };
    Ok(Many { live_bytes, idle_bytes, restart: Duration::from_secs_f64(restart) })
}

impl std::fmt::Display for Many {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {} {}", self.live_bytes, self.idle_bytes, self.restart.as_secs_f64())
    }
}

/// Opens `events` events on a clock of its own.
pub fn measure(folder: &Path, events: usize) -> Many {
    let env = Env::seeded(1);
    let before = resident();
    let (inventory, mut writers) = process(folder, &env);
    let opening = opening();
    let ids: Vec<EventId> = (0..events).map(|_| env.id()).collect();
    for chunk in ids.chunks(CHUNK) {
        let open = chunk.iter().map(|event| inventory.open(*event, opening.clone()));
        see_through(&mut writers, open.map(|open| Box::pin(open) as _).collect());
    }
    let live = resident().saturating_sub(before);
    assert_eq!(inventory.stats().events_loaded.load(Ordering::Relaxed), events as u64);
    env.clock.advance(IDLE);
    // Memory is looked through when something was written.
    let change = inventory.block(ids[0], &["A-0-1"]);
    see_through(&mut writers, vec![Box::pin(change)]);
    while inventory.stats().events_loaded.load(Ordering::Relaxed) > 1 {
        writers.turn().expect("the journal works");
    }
    let idle = resident().saturating_sub(before);
    drop((inventory, writers));
    let began = now();
    let _serving = process(folder, &env);
    let restart = began.elapsed();
    Many { live_bytes: live as f64 / events as f64, idle_bytes: idle as f64 / events as f64, restart }
}

fn process(folder: &Path, env: &Env) -> (Inventory, Writers) {
    let folder = folder.to_owned();
    let open = move |partition| Ok(Box::new(SqliteJournal::open(&folder, partition)?) as _);
    Inventory::by_hand(Config::default(), env.clone(), open).expect("the journal is readable")
}

type Asked<'a> = Pin<Box<dyn Future<Output = Result<(), inventory::Refused>> + 'a>>;

/// Takes the writer's turns until everything asked is answered.
fn see_through(writers: &mut Writers, mut asked: Vec<Asked<'_>>) {
    let mut context = Context::from_waker(Waker::noop());
    loop {
        asked.retain_mut(|asked| match asked.as_mut().poll(&mut context) {
            std::task::Poll::Ready(answer) => {
                answer.expect("nothing is refused");
                false
            }
            std::task::Poll::Pending => true,
        });
        if asked.is_empty() {
            return;
        }
        writers.turn().expect("the journal works");
    }
}

fn opening() -> Opening {
    let seat = |number: u32, row: u32| SeatSpec {
        label: number.to_string(),
        x: number as f32,
        y: row as f32,
        level: 0,
        kind: SeatKind::Standard,
        restricted_view: false,
        rank: None,
        aisle_after: false,
    };
    let row = |row: u32| RowSpec { label: row.to_string(), seats: (1..=10).map(|number| seat(number, row)).collect() };
    let rows = (0..SEATS / 10).map(row).collect();
    let section = SectionSpec { id: "A".into(), name: "A".into(), focal: None, rows };
    let spec = ManifestSpec { levels: vec!["A".into()], sections: vec![section], areas: vec![] };
    Opening {
        manifest: Arc::new(Manifest::build(&spec).expect("a plain room is a valid map")),
        rules: Rules { status: SaleStatus::OnSale, ..Rules::default() },
        prices: Arc::new(Prices::new(&[vec![Some(4_500)]]).expect("one price")),
    }
}

/// Resident memory, without what is free.
fn resident() -> u64 {
    // SAFETY: gives memory back that nobody uses; allowed at any time.
    #[expect(unsafe_code, reason = "the allocator waits with giving memory back until it is asked for some")]
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
    resident_bytes(std::process::id())
}
