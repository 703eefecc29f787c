//! Many small events for measurements.

use std::sync::Arc;
use std::time::Duration;

use stagedoor_core::{Currency, Entropy, Env, EventId, Money, Name, OrganizerId, Timestamp, VenueId};

use super::geometry::{Arc as Circle, SEAT, level, row_letters};
use crate::event::{EventDetails, EventState, EventType};
use crate::offer::PriceLevel;
use crate::search::EventCard;
use crate::seat_map::{Point, SeatMap, Section};
use crate::venue::{Country, Venue, VenueDetails, Zone};

const MINUTE: Duration = Duration::from_secs(60);
/// Over how many minutes the events are spread: 400 days.
const SPAN_MINUTES: u64 = 400 * 24 * 60;

/// A hall and what plays in it, as plain data.
#[derive(Debug, Clone)]
pub struct Synthetic {
    pub venue: VenueDetails,
    pub map: SeatMap,
    pub events: Vec<EventDetails>,
}

const CITIES: &[(&str, &str, &str)] = &[
    ("Amsterdam", "NL", "Europe/Amsterdam"),
    ("Athína", "GR", "Europe/Athens"),
    ("Auckland", "NZ", "Pacific/Auckland"),
    ("Barcelona", "ES", "Europe/Madrid"),
    ("Bengaluru", "IN", "Asia/Kolkata"),
    ("Berlin", "DE", "Europe/Berlin"),
    ("Bogotá", "CO", "America/Bogota"),
    ("Boston", "US", "America/New_York"),
    ("Brisbane", "AU", "Australia/Brisbane"),
    ("București", "RO", "Europe/Bucharest"),
    ("Buenos Aires", "AR", "America/Argentina/Buenos_Aires"),
    ("Cape Town", "ZA", "Africa/Johannesburg"),
    ("Chicago", "US", "America/Chicago"),
    ("Denver", "US", "America/Denver"),
    ("Dublin", "IE", "Europe/Dublin"),
    ("Düsseldorf", "DE", "Europe/Berlin"),
    ("Gdańsk", "PL", "Europe/Warsaw"),
    ("Göteborg", "SE", "Europe/Stockholm"),
    ("Hamburg", "DE", "Europe/Berlin"),
    ("Helsinki", "FI", "Europe/Helsinki"),
    ("İstanbul", "TR", "Europe/Istanbul"),
    ("København", "DK", "Europe/Copenhagen"),
    ("Köln", "DE", "Europe/Berlin"),
    ("Kraków", "PL", "Europe/Warsaw"),
    ("Lagos", "NG", "Africa/Lagos"),
    ("Lisboa", "PT", "Europe/Lisbon"),
    ("Liverpool", "GB", "Europe/London"),
    ("London", "GB", "Europe/London"),
    ("Los Angeles", "US", "America/Los_Angeles"),
    ("Lyon", "FR", "Europe/Paris"),
    ("Málaga", "ES", "Europe/Madrid"),
    ("Manchester", "GB", "Europe/London"),
    ("Melbourne", "AU", "Australia/Melbourne"),
    ("México", "MX", "America/Mexico_City"),
    ("Milano", "IT", "Europe/Rome"),
    ("Montréal", "CA", "America/Toronto"),
    ("München", "DE", "Europe/Berlin"),
    ("Nairobi", "KE", "Africa/Nairobi"),
    ("New Orleans", "US", "America/Chicago"),
    ("New York", "US", "America/New_York"),
    ("Nürnberg", "DE", "Europe/Berlin"),
    ("Osaka", "JP", "Asia/Tokyo"),
    ("Oslo", "NO", "Europe/Oslo"),
    ("Paris", "FR", "Europe/Paris"),
    ("Porto", "PT", "Europe/Lisbon"),
    ("Praha", "CZ", "Europe/Prague"),
    ("Reykjavík", "IS", "Atlantic/Reykjavik"),
    ("Rīga", "LV", "Europe/Riga"),
    ("Roma", "IT", "Europe/Rome"),
    ("San Francisco", "US", "America/Los_Angeles"),
    ("Santiago", "CL", "America/Santiago"),
    ("São Paulo", "BR", "America/Sao_Paulo"),
    ("Seattle", "US", "America/Los_Angeles"),
    ("Seoul", "KR", "Asia/Seoul"),
    ("Sydney", "AU", "Australia/Sydney"),
    ("Tokyo", "JP", "Asia/Tokyo"),
    ("Toronto", "CA", "America/Toronto"),
    ("Vancouver", "CA", "America/Vancouver"),
    ("Wien", "AT", "Europe/Vienna"),
    ("Zürich", "CH", "Europe/Zurich"),
];

const HALLS: &[&str] = &["Hall", "Theatre", "Arena", "Rooms", "Palace", "Pavilion", "Garden", "Warehouse"];
const SHOWS: &[&str] =
    &["Tour", "Live", "in Concert", "Unplugged", "Festival", "Night", "Gala", "Anniversary", "Sessions", "Experience"];
const MOODS: &[&str] = &[
    "Northern", "Silent", "Golden", "Electric", "Paper", "Crimson", "Distant", "Velvet", "Broken", "Endless", "Wild",
    "Hollow", "Bright", "Secret", "Burning", "Frozen", "Midnight", "Summer", "Winter", "Lonely",
];
const THINGS: &[&str] = &[
    "Lights",
    "Harbours",
    "Mountains",
    "Letters",
    "Engines",
    "Gardens",
    "Rivers",
    "Shadows",
    "Trains",
    "Mirrors",
    "Satellites",
    "Rooms",
    "Voices",
    "Horses",
    "Windows",
    "Bridges",
    "Oceans",
    "Clocks",
    "Kites",
    "Lanterns",
];
const STARTS: &[&str] =
    &["Bra", "Ke", "Lo", "Mi", "Sta", "Tor", "Vel", "Zan", "Or", "Ha", "Fri", "Ny", "Du", "Pel", "Ca", "Ros"];
const MIDDLES: &[&str] =
    &["ra", "ne", "li", "mo", "vi", "da", "ro", "ki", "se", "lu", "ta", "gu", "be", "ni", "fo", "wa"];
const ENDS: &[&str] =
    &["n", "sson", "ck", "lla", "ric", "nda", "vić", "rez", "ñez", "berg", "tov", "mann", "ø", "x", "s", "th"];

/// `count` published events for a search index without a database: two thousand venues in sixty
/// cities, some ten thousand different words, spread over 400 days from `env.now()`.
pub fn synthetic_cards(env: &Env, seed: u64, count: usize) -> Vec<EventCard> {
    let chance = Entropy::seeded(seed);
    let organizer = OrganizerId::fresh(env);
    let venues: Vec<Arc<Venue>> = (0..(count / 50).max(1)).map(|_| Arc::new(venue(env, &chance, organizer))).collect();
    let card = |_| {
        let details = event(env, &chance, Vec::new());
        EventCard {
            id: EventId::fresh(env),
            organizer,
            venue: pick(&chance, &venues).clone(),
            seat_map: None,
            series: None,
            name: details.name.as_str().to_owned(),
            kind: details.kind,
            performers: (0..chance.below(3)).map(|_| person(&chance)).collect(),
            state: EventState::Published,
            starts_at: details.starts_at,
            ends_at: details.ends_at,
            doors_at: None,
            sale_windows: Vec::new(),
            prices: None,
            capacity: 500,
            version: 1,
        }
    };
    (0..count).map(card).collect()
}

/// A hall of 100 seats in ten rows with `count` events to sell in it.
pub fn synthetic_events(env: &Env, seed: u64, count: usize) -> Synthetic {
    let chance = Entropy::seeded(seed);
    let price = Money::new(2_500, Currency::EUR);
    let levels = vec![PriceLevel::new(env, "all", "All seats", price)];
    Synthetic {
        venue: venue(env, &chance, OrganizerId::fresh(env)).details,
        map: small_hall(),
        events: (0..count).map(|_| event(env, &chance, levels.clone())).collect(),
    }
}

fn small_hall() -> SeatMap {
    let front = Circle {
        center: Point { x: 1_000.0, y: -2_000.0 },
        radius: 2_400.0,
        middle: std::f64::consts::FRAC_PI_2,
        width: 1.0,
    };
    let rows = (0..10).map(|n| front.out(n as f64 * 90.0).places(10, SEAT).row("HALL", &row_letters(n), "all"));
    SeatMap {
        version: 0,
        name: None,
        width: 2_000.0,
        height: 1_400.0,
        focal_point: Some(Point { x: 1_000.0, y: 100.0 }),
        levels: vec![level("all", "All seats", "#1f618d")],
        sections: vec![Section { id: "HALL".into(), name: "Hall".into(), rows: rows.collect() }],
        areas: Vec::new(),
        decorations: Vec::new(),
    }
}

fn venue(env: &Env, chance: &Entropy, organizer: OrganizerId) -> Venue {
    let (city, country, zone) = *pick(chance, CITIES);
    let hall = format!("{} {}", pick(chance, THINGS), pick(chance, HALLS));
    let details = VenueDetails {
        name: name(&hall),
        city: name(city),
        country: Country::parse("country", country).expect("a country of the table"),
        address: None,
        time_zone: Zone::parse("timeZone", zone).expect("a zone of the table"),
        position: None,
    };
    Venue { id: VenueId::fresh(env), organizer, details, version: 1, created_at: env.now() }
}

fn event(env: &Env, chance: &Entropy, price_levels: Vec<PriceLevel>) -> EventDetails {
    let title = match chance.below(3) {
        0 => format!("{} {} {}", pick(chance, MOODS), pick(chance, THINGS), pick(chance, SHOWS)),
        1 => format!("{}: {}", person(chance), pick(chance, SHOWS)),
        _ => format!("{} and the {} {}", person(chance), pick(chance, MOODS), pick(chance, THINGS)),
    };
    let kind = *pick(chance, &EventType::ALL);
    let starts_at: Timestamp = env.now() + MINUTE * (1 + chance.below(SPAN_MINUTES)) as u32;
    let ends_at = Some(starts_at + MINUTE * 120);
    EventDetails { ends_at, price_levels, ..EventDetails::new(name(&title), kind, starts_at, Currency::EUR) }
}

fn person(chance: &Entropy) -> String {
    let word = |parts: [&[&str]; 3]| parts.map(|part| *pick(chance, part)).concat();
    format!("{} {}", word([STARTS, MIDDLES, ENDS]), word([STARTS, MIDDLES, ENDS]))
}

fn pick<'list, T>(chance: &Entropy, list: &'list [T]) -> &'list T {
    &list[chance.below(list.len() as u64) as usize]
}

fn name(text: &str) -> Name {
    Name::parse("name", text).expect("made of words")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_city_of_the_table_exists_and_the_hall_can_be_sold() {
        for (city, country, zone) in CITIES {
            assert!(Country::parse("country", country).is_ok() && Zone::parse("z", zone).is_ok(), "{city}");
        }
        let made = synthetic_events(&Env::seeded(1), 1, 20);
        let map = made.map.checked().unwrap();
        assert_eq!(map.capacity(), 100);
        for event in &made.events {
            event.check().unwrap();
            assert!(map.capacity_by_level().keys().all(|key| event.price_level(key).is_some()));
        }
    }
}
