//! What each step of the seat engine costs on this machine, on a bowl of 80,000 seats:
//! `cargo run --release -p stagedoor-inventory --example engine_speed [part]`.
//!
//! One thread, no journal. Times are means of processor time over many operations.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use inventory::engine::{
    Actor, Answer, Best, Changes, Command, EventState, Fact, KeyPrint, Manifest, ManifestSpec, Need, Outcome, Places,
    Prices, RowSpec, Rules, SaleStatus, SeatSpec, SectionSpec, Want,
};
use stagedoor_core::{Entropy, Env, HoldId, Timestamp, UserId};
use uuid::Uuid;

const SECTIONS: usize = 50;
const ROWS: usize = 40;
const SEATS: usize = 40;

/// A bowl: sections around the pitch, rows rising away from it.
fn bowl() -> ManifestSpec {
    let section = |number: usize| {
        let angle = number as f32 / SECTIONS as f32 * std::f32::consts::TAU;
        let row = |depth: usize| {
            let distance = 60.0 + depth as f32 * 0.8;
            let seat = |at: usize| {
                let along = (at as f32 - SEATS as f32 / 2.0) * 0.5;
                SeatSpec {
                    label: (at + 1).to_string(),
                    x: 1.3 * distance * angle.cos() - along * angle.sin(),
                    y: distance * angle.sin() + along * angle.cos(),
                    level: (depth / 14) as u8,
                    ..SeatSpec::default()
                }
            };
            RowSpec { label: (depth + 1).to_string(), seats: (0..SEATS).map(seat).collect() }
        };
        let id = (100 + number).to_string();
        let name = format!("Block {id}");
        SectionSpec { id, name, focal: Some((0.0, 0.0)), rows: (0..ROWS).map(row).collect() }
    };
    let levels = ["front", "middle", "back"].map(str::to_owned).to_vec();
    ManifestSpec { levels, sections: (0..SECTIONS).map(section).collect(), areas: Vec::new() }
}

struct House {
    state: EventState,
    changes: Changes,
    entropy: Entropy,
    at: Timestamp,
    next: u128,
}

impl House {
    fn open(manifest: &Arc<Manifest>) -> House {
        let env = Env::seeded(1);
        let mut house = House {
            state: EventState::new(),
            changes: Changes::default(),
            entropy: env.entropy.clone(),
            at: env.now(),
            next: 0,
        };
        let prices = Arc::new(Prices::new(&[vec![Some(9_000)], vec![Some(6_000)], vec![Some(3_000)]]).expect("prices"));
        let rules = Rules { status: SaleStatus::OnSale, tickets_per_fan_max: Some(40), ..Rules::default() };
        house.change(&Command::Open { manifest: manifest.clone(), rules, prices });
        house
    }

    fn id(&mut self) -> Uuid {
        self.next += 1;
        Uuid::from_u128(self.next << 64 | u128::from(self.entropy.next_u64()))
    }

    fn change(&mut self, command: &Command) -> Option<Fact> {
        let Ok(Outcome::Changed(fact)) = self.state.decide(self.at, command) else { return None };
        self.state.apply(self.at, &fact, &mut self.changes);
        if self.changes.seats.len() > 1_000 {
            self.changes.clear();
        }
        Some(fact)
    }

    fn hold(&mut self, want: Want, key: Option<KeyPrint>, fan: u128) -> Command {
        let fan = UserId(Uuid::from_u128(fan << 64 | fan.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let (hold, spread) = (HoldId(self.id()), self.entropy.next_u64());
        Command::Hold { hold, fan, want, key, spread }
    }

    fn random_seats(&mut self, count: u64) -> Want {
        let seats = (SECTIONS * ROWS * SEATS) as u64;
        loop {
            let picks: Vec<(u32, u8)> = (0..count).map(|_| (self.entropy.below(seats) as u32, 0)).collect();
            if let Ok(places) = Places::seats(picks) {
                return Want::Picked { places, need: Need::None };
            }
        }
    }
}

/// Time this thread has spent on a processor, so that a busy machine does not count. The kernel
/// brings it up to date every few milliseconds.
fn cpu_nanos() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells");
    text.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("the first number is nanoseconds")
}

fn timed(what: &str, count: usize, run: impl FnOnce()) {
    let start = cpu_nanos();
    run();
    let nanos = (cpu_nanos() - start) as f64 / count as f64;
    println!("{what:<52} {nanos:>9.0} ns");
}

fn hold_id(command: &Command) -> HoldId {
    match command {
        Command::Hold { hold, .. } => *hold,
        _ => unreachable!("it is asked for holds only"),
    }
}

fn churn(house: &mut House, what: &str, keyed: bool, count: usize) {
    let mut commands = Vec::with_capacity(count);
    for number in 0..count as u128 {
        let want = house.random_seats(3);
        let key =
            keyed.then(|| KeyPrint { key: number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835), body: 7 });
        commands.push(house.hold(want, key, number % 10_000));
    }
    let mut taken = vec![HoldId(Uuid::nil()); count];
    let mut done = 0;
    // 1,000 holds live at a time; refused ones (seat taken) are counted too, as in a sale.
    timed(what, count, || {
        for (at, command) in commands.iter().enumerate() {
            if house.change(command).is_some() {
                taken[at] = hold_id(command);
                done += 1;
            }
            if at >= 1_000 {
                house.change(&Command::Release { hold: taken[at - 1_000], by: Actor::Staff });
            }
        }
    });
    println!("{:<52} {:>9.1} %", "  of which held", done as f64 * 100.0 / count as f64);
    for hold in &taken[count - 1_000..] {
        house.change(&Command::Release { hold: *hold, by: Actor::Staff });
    }
}

fn best(house: &House, what: &str, best: Best) {
    let count = 200_000;
    let spreads: Vec<u64> = (0..count).map(|_| house.entropy.next_u64()).collect();
    let (hold, fan) = (HoldId(Uuid::nil()), UserId(Uuid::nil()));
    timed(what, count, || {
        for spread in &spreads {
            let command = Command::Hold { hold, fan, want: Want::Best(best), key: None, spread: *spread };
            let _ = black_box(house.state.decide(house.at, &command));
        }
    });
}

fn main() {
    let manifest = Arc::new(Manifest::build(&bowl()).expect("the bowl is a good map"));
    let parts = [
        ("manifest", manifest_itself as fn(&Arc<Manifest>)),
        ("churn", churning),
        ("refuse", refusing),
        ("best", best_available),
        ("full", full_house),
        ("fact", fact_form),
    ];
    let only = std::env::args().nth(1);
    for (_, run) in parts.iter().filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name)) {
        run(&manifest);
    }
}

fn manifest_itself(manifest: &Arc<Manifest>) {
    println!("{manifest:?}, {} KiB, {} KiB encoded", manifest.memory_bytes() / 1024, manifest.encode().len() / 1024);
    let bytes = manifest.encode();
    timed("decode the manifest", 1, || {
        black_box(Manifest::decode(&bytes).expect("its own bytes"));
    });
    let ids: Vec<String> = (0..manifest.seats() as u32).map(|seat| manifest.seat_id(seat)).collect();
    timed("find a seat by its id", ids.len() * 10, || {
        for at in 0..ids.len() * 10 {
            black_box(manifest.seat(&ids[(at * 7_919) % ids.len()]));
        }
    });
}

fn churning(manifest: &Arc<Manifest>) {
    let mut house = House::open(manifest);
    let free_bytes = house.state.memory_bytes();
    println!("{:<52} {:>9.1} B", "memory per free seat", free_bytes as f64 / manifest.seats() as f64);
    churn(&mut house, "hold 3 random seats and release", false, 2_000_000);
    churn(&mut house, "the same with idempotency keys", true, 1_000_000);
}

fn refusing(manifest: &Arc<Manifest>) {
    let mut house = House::open(manifest);
    house.change(&Command::Block { seats: (0..1_000).collect() });
    let refused: Vec<Command> = (0..1_000_000)
        .map(|_| {
            let seat = house.entropy.below(990) as u32;
            let places = Places::seats((seat..seat + 3).map(|seat| (seat, 0))).expect("three seats");
            house.hold(Want::Picked { places, need: Need::None }, None, 3)
        })
        .collect();
    timed("refuse a taken seat", refused.len(), || {
        for command in &refused {
            let _ = black_box(house.state.decide(house.at, command));
        }
    });
}

fn best_available(manifest: &Arc<Manifest>) {
    let mut house = House::open(manifest);
    let party = |quantity| Best { quantity, level: None, section: None, accessible: 0, companions: 0, ticket_type: 0 };
    best(&house, "best 4 of an empty house", party(4));
    let mut seats: Vec<u32> = (0..manifest.seats() as u32).collect();
    for at in (1..seats.len()).rev() {
        seats.swap(at, house.entropy.below(at as u64 + 1) as usize);
    }
    house.change(&Command::Block { seats: seats[..manifest.seats() / 2].to_vec() });
    best(&house, "best 2, half of the seats taken at random", party(2));
    best(&house, "best 4", party(4));
    best(&house, "best 8", party(8));
    best(&house, "best 4 of a price level", Best { level: Some(1), ..party(4) });
    best(&house, "best 4 of a section", Best { section: Some(7), ..party(4) });
    let mut house_sold = House::open(manifest);
    house_sold
        .change(&Command::Block { seats: (0..manifest.seats() as u32).filter(|seat| seat % 40 % 4 == 3).collect() });
    best(&house_sold, "best 4 that must be split, runs of three", party(4));

    let count = 20_000;
    let wanted: Vec<Command> = (0..count).map(|at| house.hold(Want::Best(party(4)), None, at as u128)).collect();
    let mut held = Vec::new();
    timed("best 4 held until none is left, split in the end", count, || {
        for command in &wanted {
            if house.change(command).is_some() {
                held.push(hold_id(command));
            }
        }
    });
    println!("{:<52} {:>9}", "  holds taken", held.len());
}

fn full_house(manifest: &Arc<Manifest>) {
    let mut house = House::open(manifest);
    let holds = manifest.seats() / 4;
    for number in 0..holds as u32 {
        let places = Places::seats((number * 4..number * 4 + 4).map(|seat| (seat, 0))).expect("four seats");
        let command = house.hold(Want::Picked { places, need: Need::None }, None, u128::from(number));
        house.change(&command).expect("the seats are free");
        house.at = house.at + Duration::from_micros(1);
    }
    let held_bytes = house.state.memory_bytes();
    println!("{:<52} {:>9.1} B", "memory per held seat, holds of 4", held_bytes as f64 / manifest.seats() as f64);
    let mut bytes = Vec::new();
    timed("snapshot, per held seat", manifest.seats(), || house.state.snapshot(&mut bytes));
    println!("{:<52} {:>9.1} B", "snapshot, per held seat", bytes.len() as f64 / manifest.seats() as f64);
    timed("restore, per held seat", manifest.seats(), || {
        black_box(EventState::restore(&bytes, |_| Some(manifest.clone())).expect("its own bytes"));
    });
    let at = house.at + Duration::from_secs(300);
    timed("expire a hold of 4", holds, || {
        while let Some(fact) = house.state.due(at) {
            house.state.apply(at, &fact, &mut house.changes);
            house.changes.clear();
        }
    });
}

fn fact_form(manifest: &Arc<Manifest>) {
    let mut house = House::open(manifest);
    let want = house.random_seats(3);
    let command = house.hold(want, Some(KeyPrint { key: u128::MAX / 3, body: u64::MAX / 5 }), 1);
    let fact = house.change(&command).expect("the seats are free");
    assert!(matches!(house.state.answer(&fact), Answer::Hold(_)));
    let mut bytes = Vec::new();
    fact.encode(&mut bytes);
    println!("{:<52} {:>9} B", "fact: hold of 3 random seats with a key", bytes.len());
    let count = 1_000_000;
    timed("encode it", count, || {
        for _ in 0..count {
            bytes.clear();
            black_box(&fact).encode(&mut bytes);
        }
    });
    timed("decode it", count, || {
        for _ in 0..count {
            black_box(Fact::decode(black_box(&bytes)).expect("its own bytes"));
        }
    });
}
