//! The demo world: three organizers, each with a venue, its performers and the coming months.

use std::time::Duration;

use jiff::{ToSpan, civil};
use stagedoor_core::{Currency, Entropy, Env, Money, Name, Timestamp};

use super::{club, stadium, theatre};
use crate::event::{EventDetails, EventType};
use crate::offer::{OrphanPolicy, PriceLevel, Pricing, SaleKind, SaleWindow, TicketType};
use crate::seat_map::SeatMap;
use crate::venue::{Country, Position, VenueDetails, Zone};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What one organizer brings into the world, as plain data; the `demo` command saves it.
#[derive(Debug, Clone)]
pub struct DemoOrganizer {
    pub name: &'static str,
    pub venue: VenueDetails,
    pub map: SeatMap,
    /// By date within each production. All are to be published.
    pub events: Vec<DemoEvent>,
}

#[derive(Debug, Clone)]
pub struct DemoEvent {
    /// Its `performers` are left empty: they have no ids yet.
    pub details: EventDetails,
    pub performers: Vec<Name>,
    /// The index of the event whose series this one continues.
    pub series: Option<usize>,
}

/// A production and when it plays.
struct Production {
    name: &'static str,
    kind: EventType,
    performers: &'static [&'static str],
    /// Days from now of the first performance. It is up to two days later, so that two seeds make two
    /// worlds, and with a weekday on the first such day from then on.
    first_day: u64,
    weekday: Option<civil::Weekday>,
    /// Days from one performance to the next.
    every_days: i32,
    performances: usize,
    /// By the clock of the venue.
    hour: i8,
    length: Duration,
    /// Of the dearest level, in minor units.
    price_minor: i64,
    sale: Sale,
}

#[derive(Clone, Copy)]
enum Sale {
    Open,
    /// A presale is open; the general sale opens in three days.
    Presale,
    /// Opens in a week.
    Later,
}

struct Stage {
    organizer: &'static str,
    venue: (&'static str, &'static str, &'static str, &'static str, &'static str, (f64, f64)),
    map: SeatMap,
    currency: Currency,
    /// Key, and share of the dearest price in percent.
    levels: &'static [(&'static str, i64)],
    orphan_policy: OrphanPolicy,
    productions: &'static [Production],
}

/// The world as it looks at `env.now()`. The same seed and time give the same world but for the
/// ids, which come from `env`.
pub fn world(env: &Env, seed: u64) -> Vec<DemoOrganizer> {
    let chance = Entropy::seeded(seed);
    stages().into_iter().map(|stage| organizer(env, &chance, stage)).collect()
}

fn stages() -> [Stage; 3] {
    [
        Stage {
            organizer: "Meridian Live",
            venue: ("Meridian Bowl", "Hamburg", "DE", "Bowl Avenue 1", "Europe/Berlin", (53.5872, 9.8986)),
            map: stadium(),
            currency: Currency::EUR,
            levels: &[("club", 100), ("cat1", 70), ("cat2", 50), ("cat3", 35), ("cat4", 25)],
            orphan_policy: OrphanPolicy::Avoid,
            productions: STADIUM,
        },
        Stage {
            organizer: "Lindengate Productions",
            venue: ("Lindengate Theatre", "London", "GB", "12 Lindengate", "Europe/London", (51.5117, -0.1240)),
            map: theatre(),
            currency: Currency::GBP,
            levels: &[("premium", 100), ("box", 80), ("first", 70), ("second", 50), ("third", 30)],
            orphan_policy: OrphanPolicy::Forbid,
            productions: THEATRE,
        },
        Stage {
            organizer: "Cellar 58 Concerts",
            venue: ("Cellar 58", "Lisboa", "PT", "Rua do Cais 58", "Europe/Lisbon", (38.7067, -9.1449)),
            map: club(),
            currency: Currency::EUR,
            levels: &[("table", 100), ("gallery", 80), ("standing", 60)],
            orphan_policy: OrphanPolicy::Ignore,
            productions: CLUB,
        },
    ]
}

const LONG: Duration = Duration::from_secs(3 * 60 * 60);
const SHORT: Duration = Duration::from_secs(2 * 60 * 60);

#[rustfmt::skip]
const STADIUM: &[Production] = &[
    Production { name: "Northern Lights Tour", kind: EventType::Concert, performers: &["The Tidal Choir", "Paper Comets"],
        first_day: 30, weekday: None, every_days: 1, performances: 3, hour: 20, length: LONG, price_minor: 24_900, sale: Sale::Open },
    Production { name: "City Cup Final", kind: EventType::Sport, performers: &["Harbour Rovers", "Hill United"],
        first_day: 51, weekday: None, every_days: 1, performances: 1, hour: 18, length: SHORT, price_minor: 18_000, sale: Sale::Presale },
    Production { name: "Long Summer Festival", kind: EventType::Festival, performers: &["Slow Motorway", "Brass Parade", "Kite Weather"],
        first_day: 96, weekday: None, every_days: 1, performances: 2, hour: 14, length: Duration::from_secs(9 * 60 * 60), price_minor: 19_500, sale: Sale::Later },
];

#[rustfmt::skip]
const THEATRE: &[Production] = &[
    Production { name: "The Clockmaker's Daughter", kind: EventType::Theatre, performers: &["Lindengate Company"],
        first_day: 5, weekday: None, every_days: 2, performances: 16, hour: 19, length: LONG, price_minor: 14_500, sale: Sale::Open },
    Production { name: "The Paper Whale", kind: EventType::Family, performers: &["Lantern Puppets"],
        first_day: 6, weekday: None, every_days: 7, performances: 6, hour: 14, length: SHORT, price_minor: 6_500, sale: Sale::Open },
    Production { name: "An Evening of Wrong Answers", kind: EventType::Comedy, performers: &["Quizzical Company"],
        first_day: 40, weekday: None, every_days: 1, performances: 2, hour: 20, length: SHORT, price_minor: 7_500, sale: Sale::Presale },
];

#[rustfmt::skip]
const CLUB: &[Production] = &[
    Production { name: "Midnight Brass", kind: EventType::Concert, performers: &["Brass Parade"],
        first_day: 2, weekday: None, every_days: 7, performances: 8, hour: 22, length: LONG, price_minor: 4_000, sale: Sale::Open },
    Production { name: "Open Mic Monday", kind: EventType::Comedy, performers: &[],
        first_day: 3, weekday: Some(civil::Weekday::Monday), every_days: 7, performances: 8, hour: 21, length: SHORT, price_minor: 2_000, sale: Sale::Open },
    Production { name: "Kite Weather: Small Rooms", kind: EventType::Concert, performers: &["Kite Weather", "Slow Motorway"],
        first_day: 61, weekday: None, every_days: 1, performances: 2, hour: 21, length: LONG, price_minor: 6_500, sale: Sale::Later },
];

fn organizer(env: &Env, chance: &Entropy, stage: Stage) -> DemoOrganizer {
    let (venue, city, country, address, zone, (latitude, longitude)) = stage.venue;
    let venue = VenueDetails {
        name: name(venue),
        city: name(city),
        country: Country::parse("country", country).expect("a country of the table"),
        address: Some(name(address)),
        time_zone: Zone::parse("timeZone", zone).expect("a zone of the table"),
        position: Some(Position { latitude, longitude }),
    };
    let mut events = Vec::new();
    for production in stage.productions {
        let soonest = env.now() + DAY * (production.first_day + chance.below(3)) as u32;
        let series = (production.performances > 1).then_some(events.len());
        for (n, starts_at) in starts(production, soonest, &venue.time_zone).enumerate() {
            let details = details(env, &stage, production, starts_at);
            let performers = production.performers.iter().map(|performer| name(performer)).collect();
            events.push(DemoEvent { details, performers, series: series.filter(|_| n > 0) });
        }
    }
    DemoOrganizer { name: stage.organizer, venue, map: stage.map, events }
}

fn details(env: &Env, stage: &Stage, production: &Production, starts_at: Timestamp) -> EventDetails {
    let now = env.now();
    let window = |kind, opens_at, closes_at| SaleWindow { kind, opens_at, closes_at };
    let levels = stage.levels.iter().map(|(key, percent)| {
        let drawn = stage.map.levels.iter().find(|level| level.key == *key).expect("a level of the map");
        let price = Money::new(production.price_minor * percent / 100, stage.currency);
        PriceLevel::new(env, *key, &drawn.name, price)
    });
    let reduced = |key: &str, name: &str, basis_points| TicketType {
        key: key.into(),
        name: name.into(),
        pricing: Pricing::Factor { basis_points },
    };
    EventDetails {
        ends_at: Some(starts_at + production.length),
        doors_at: Some(starts_at - HOUR),
        price_levels: levels.collect(),
        ticket_types: vec![
            TicketType::standard(),
            reduced("child", "Under 16", 5_000),
            reduced("senior", "Over 65", 8_000),
        ],
        sale_windows: match production.sale {
            Sale::Open => vec![window(SaleKind::General, now, None)],
            Sale::Presale => vec![
                window(SaleKind::Presale, now, Some(now + DAY * 2)),
                window(SaleKind::General, now + DAY * 3, None),
            ],
            Sale::Later => vec![window(SaleKind::General, now + DAY * 7, None)],
        },
        orphan_policy: stage.orphan_policy,
        ..EventDetails::new(name(production.name), production.kind, starts_at, stage.currency)
    }
}

/// When a production plays, from the day that `soonest` is at the venue on. No clock there is
/// changed at an hour at which anything starts.
fn starts(production: &Production, soonest: Timestamp, zone: &Zone) -> impl Iterator<Item = Timestamp> {
    let soonest = zone.local(soonest).date();
    let ahead = production.weekday.map_or(0, |weekday| soonest.weekday().until(weekday));
    (0..production.performances as i32).map(move |n| {
        let day = soonest + (i32::from(ahead) + n * production.every_days).days();
        zone.instant("startsAt", day.at(production.hour, 0, 0, 0)).expect("clocks change at night")
    })
}

fn name(text: &str) -> Name {
    Name::parse("name", text).expect("a name of the table")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_is_consistent_and_the_same_for_the_same_seed() {
        let dates = |seed| {
            let world = world(&Env::seeded(1), seed);
            world.iter().flat_map(|one| &one.events).map(|event| event.details.starts_at).collect::<Vec<_>>()
        };
        assert_eq!(dates(7), dates(7));
        assert_ne!(dates(7), dates(8));
        let env = Env::seeded(1);
        let world = world(&env, 7);
        assert_eq!(world.iter().map(|one| one.map.capacity()).collect::<Vec<_>>(), [80_000, 2_400, 1_260]);
        for organizer in &world {
            let used = organizer.map.capacity_by_level();
            for event in &organizer.events {
                event.details.check().unwrap();
                assert!(event.details.starts_at > env.now());
                assert!(used.keys().all(|key| event.details.price_level(key).is_some()), "{}", organizer.name);
                let hour = event.details.local_start(&organizer.venue.time_zone).hour();
                assert!((14..=22).contains(&hour));
                assert!(event.series.is_none_or(|first| organizer.events[first].details.name == event.details.name));
            }
        }
    }

    #[test]
    fn open_mic_monday_is_on_mondays_at_whatever_hour_the_world_is_made() {
        let zone = Zone::parse("timeZone", "Europe/Lisbon").unwrap();
        let open_mic = CLUB.iter().find(|production| production.name == "Open Mic Monday").unwrap();
        for hour in 0..366 * 24 {
            let soonest = Timestamp::from_micros(1_767_225_600_000_000) + HOUR * hour;
            let nights: Vec<_> = starts(open_mic, soonest, &zone).map(|at| zone.local(at)).collect();
            assert!(nights.iter().all(|night| night.weekday() == civil::Weekday::Monday), "{soonest}: {nights:?}");
            assert!(nights.is_sorted() && nights[0].date() >= zone.local(soonest).date());
        }
    }
}
