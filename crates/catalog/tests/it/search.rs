use std::sync::Arc;

use catalog::{
    DateBound, EventCard, EventQuery, EventState, EventType, Index, ListError, Page, Paging, Sort, Venue, demo,
};
use stagedoor_core::{Env, EventId, OrganizerId, VenueId};

use crate::{World, at, venue_details};

/// Event, performers, venue, city, zone, start.
type Row<'a> = (&'a str, &'a [&'a str], &'a str, &'a str, &'a str, &'a str);

fn index_of(env: &Env, rows: &[Row]) -> Index {
    Index::of(rows.iter().map(|row| card(env, *row)).collect())
}

fn card(env: &Env, (name, performers, venue, city, zone, start): Row) -> EventCard {
    let organizer = OrganizerId::fresh(env);
    let details = venue_details(venue, city, zone);
    let venue = Venue { id: VenueId::fresh(env), organizer, details, version: 1, created_at: env.now() };
    EventCard {
        id: EventId::fresh(env),
        organizer,
        venue: Arc::new(venue),
        seat_map: None,
        series: None,
        name: name.into(),
        kind: EventType::Concert,
        performers: performers.iter().map(|name| (*name).into()).collect(),
        state: EventState::Published,
        starts_at: at(start),
        ends_at: None,
        doors_at: None,
        sale_windows: Vec::new(),
        prices: None,
        capacity: 1,
        version: 1,
    }
}

fn all() -> EventQuery {
    EventQuery::all(Paging::new(Some(100), None).unwrap())
}

fn text(text: &str) -> EventQuery {
    EventQuery { text: Some(text.into()), ..all() }
}

fn names(index: &Index, query: &EventQuery) -> Vec<String> {
    index.search(query).unwrap().items.iter().map(|card| card.name.clone()).collect()
}

fn small(env: &Env) -> Index {
    index_of(
        env,
        &[
            (
                "Northern Lights Tour",
                &["The Tidal Choir"],
                "Stadtpark",
                "München",
                "Europe/Berlin",
                "2026-05-01T18:00:00Z",
            ),
            ("Müller liest", &[], "Haus der Musik", "Wien", "Europe/Vienna", "2026-04-01T18:00:00Z"),
            ("Philharmonic Gala", &["Ørjan Łukasz"], "Opera", "Köln", "Europe/Berlin", "2026-06-01T18:00:00Z"),
            ("Night of the Lights", &[], "Northgate Hall", "Leeds", "Europe/London", "2026-07-01T18:00:00Z"),
            ("100% Jazz_Club", &[], "Cellar", "Leeds", "Europe/London", "2026-08-01T18:00:00Z"),
        ],
    )
}

#[test]
fn text_matches_in_part_without_case_or_diacritics_and_with_typos() {
    let index = small(&Env::seeded(1));
    for (query, expected) in [
        ("northern lights", &["Northern Lights Tour"][..]),
        ("LIGHTS", &["Northern Lights Tour", "Night of the Lights"]),
        ("light", &["Northern Lights Tour", "Night of the Lights"]),
        ("north", &["Northern Lights Tour", "Night of the Lights"]),
        ("thern", &["Northern Lights Tour"]),
        ("muller", &["Müller liest"]),
        ("MÜLLER", &["Müller liest"]),
        ("mueller", &["Müller liest"]),
        ("munchen", &["Northern Lights Tour"]),
        ("orjan lukasz", &["Philharmonic Gala"]),
        ("nothern lihgts", &["Northern Lights Tour"]),
        ("filharmonic", &["Philharmonic Gala"]),
        ("philharm", &["Philharmonic Gala"]),
        ("philhramo", &["Philharmonic Gala"]),
        ("lights leeds", &["Night of the Lights"]),
        ("lights n", &["Northern Lights Tour", "Night of the Lights"]),
        ("lights xyz", &[]),
        ("jaz", &["100% Jazz_Club"]),
        ("jax", &[]),
        ("zz", &[]),
    ] {
        assert_eq!(names(&index, &text(query)), expected, "{query}");
    }
}

#[test]
fn operators_and_wildcards_are_plain_text() {
    let index = small(&Env::seeded(1));
    for nothing in ["%", "_", "*", "%%%%", "?", "\"", "' OR 1=1 --", "name:jazz AND NOT x", "[a TO z]", "\u{0}", "💥"]
    {
        assert_eq!(names(&index, &text(nothing)), [""; 0], "{nothing}");
    }
    for jazz in ["100%", "jazz_club", "jazz*", "+jazz", "(jazz)", "^jazz$", "jazz~"] {
        assert_eq!(names(&index, &text(jazz)).first().map(String::as_str), Some("100% Jazz_Club"), "{jazz}");
    }
    let long = index.search(&text(&"%".repeat(10_000))).unwrap_err();
    assert!(matches!(long, ListError::Invalid(wrong) if wrong.field == "q"));
    assert_eq!(names(&index, &text("   ")).len(), 5, "blank is no text");
}

#[test]
fn relevance_ranks_whole_words_in_the_event_s_name_first() {
    let env = Env::seeded(1);
    let at = "2026-05-01T18:00:00Z";
    let index = index_of(
        &env,
        &[
            ("Concert", &[], "Harbour Hall", "Kiel", "UTC", at),
            ("Harbours", &[], "Hall", "Kiel", "UTC", at),
            ("Evening", &["Harbour"], "Hall", "Kiel", "UTC", at),
            ("Harbor", &[], "Hall", "Kiel", "UTC", at),
            ("Harbour", &[], "Hall", "Kiel", "UTC", "2026-12-01T18:00:00Z"),
        ],
    );
    let query = EventQuery { sort: Sort::Relevance, ..text("harbour") };
    assert_eq!(names(&index, &query), ["Harbour", "Evening", "Harbours", "Concert"]);
    assert_eq!(names(&index, &EventQuery { sort: Sort::Relevance, ..text("harbuor") })[0], "Harbours");
}

#[test]
fn filters_narrow_together() {
    let env = Env::seeded(1);
    let index = small(&env);
    let city = |city: &str| EventQuery { city: Some(city.into()), ..all() };
    assert_eq!(names(&index, &city("leeds")), ["Night of the Lights", "100% Jazz_Club"]);
    assert_eq!(names(&index, &city("MUNCHEN")), ["Northern Lights Tour"]);
    assert_eq!(names(&index, &city("Lee")), [""; 0]);
    assert_eq!(names(&index, &EventQuery { text: Some("jazz".into()), ..city("Leeds") }), ["100% Jazz_Club"]);
    assert_eq!(names(&index, &EventQuery { kind: Some(EventType::Sport), ..all() }), [""; 0]);
    let venue = index.search(&text("jazz")).unwrap().items[0].venue.id;
    assert_eq!(names(&index, &EventQuery { venue: Some(venue), ..all() }), ["100% Jazz_Club"]);
    assert_eq!(names(&index, &EventQuery { venue: Some(VenueId::fresh(&env)), ..all() }), [""; 0]);
    let between = EventQuery {
        from: Some(DateBound::At(at("2026-05-01T18:00:00Z"))),
        to: Some(DateBound::At(at("2026-07-01T18:00:00Z"))),
        ..all()
    };
    assert_eq!(names(&index, &between), ["Northern Lights Tour", "Philharmonic Gala", "Night of the Lights"]);
    let backwards = EventQuery { from: between.to, to: between.from, ..all() };
    assert_eq!(names(&index, &backwards), [""; 0]);
}

#[test]
fn days_are_those_of_the_venue_s_calendar() {
    let env = Env::seeded(1);
    let index = index_of(
        &env,
        &[
            // Clocks go forward in Berlin on 2026-03-29 and back on 2026-10-25.
            ("spring late", &[], "V", "Berlin", "Europe/Berlin", "2026-03-29T21:30:00Z"), // 23:30
            ("spring next", &[], "V", "Berlin", "Europe/Berlin", "2026-03-29T22:30:00Z"), // 00:30 on the 30th
            ("autumn early", &[], "V", "Berlin", "Europe/Berlin", "2026-10-24T22:30:00Z"), // 00:30 on the 25th
            ("autumn late", &[], "V", "Berlin", "Europe/Berlin", "2026-10-25T22:30:00Z"), // 23:30
            ("far east", &[], "V", "Kiritimati", "Pacific/Kiritimati", "2026-10-24T11:00:00Z"), // 01:00 on the 25th
            ("far west", &[], "V", "Pago Pago", "Pacific/Pago_Pago", "2026-10-26T10:00:00Z"), // 23:00 on the 25th
        ],
    );
    let day = |day: &str| {
        let day = Some(DateBound::parse("from", day).unwrap());
        names(&index, &EventQuery { from: day, to: day, ..all() })
    };
    assert_eq!(day("2026-03-29"), ["spring late"]);
    assert_eq!(day("2026-03-30"), ["spring next"]);
    assert_eq!(day("2026-10-25"), ["far east", "autumn early", "autumn late", "far west"]);
    assert_eq!(day("2026-10-24"), [""; 0]);
    for edge in ["0001-01-01", "9999-12-31"] {
        assert_eq!(day(edge), [""; 0]);
    }
}

fn walk(index: &Index, query: &EventQuery, limit: u32, mut between: impl FnMut(usize)) -> Vec<Arc<EventCard>> {
    let (mut found, mut cursor) = (Vec::new(), None);
    for round in 0.. {
        let page = Paging::new(Some(limit), cursor).unwrap();
        let Page { items, next_cursor } = index.search(&EventQuery { page, ..query.clone() }).unwrap();
        assert!(items.len() == limit as usize || next_cursor.is_none());
        found.extend(items);
        cursor = next_cursor;
        if cursor.is_none() {
            break;
        }
        between(round);
    }
    found
}

#[test]
fn pages_hold_every_event_once_while_others_come_and_change() {
    let env = Env::seeded(1);
    let cards = demo::synthetic_cards(&env, 1, 500);
    for query in [all(), text("tour"), EventQuery { sort: Sort::Relevance, ..text("north") }] {
        let index = Index::of(cards.clone());
        let expected: Vec<EventId> = walk(&index, &query, 100, |_| ()).iter().map(|card| card.id).collect();
        assert!(expected.len() > 10);
        let walked = walk(&index, &query, 3, |round| {
            // One that does not fit the text, one change of an event that stays where it is.
            let start = if round % 2 == 0 { "2026-01-01T00:00:00Z" } else { "2027-01-01T00:00:00Z" };
            index.put(vec![card(&env, ("Qqq", &[], "V", "Kiel", "UTC", start))]);
            let mut same = (*index.get(expected[round % expected.len()]).unwrap()).clone();
            same.version += 1;
            index.put(vec![same]);
        });
        let walked: Vec<EventId> = walked.iter().filter(|card| card.name != "Qqq").map(|card| card.id).collect();
        assert_eq!(walked, expected, "{query:?}");
    }
}

#[test]
fn an_event_that_moves_is_found_at_its_new_place_only() {
    let env = Env::seeded(1);
    let index = small(&env);
    let mut moved = (*index.search(&text("gala")).unwrap().items[0]).clone();
    moved.name = "Opening".into();
    moved.starts_at = at("2026-01-02T00:00:00Z");
    moved.version = 3;
    let old = EventCard { name: "Older".into(), version: 2, ..moved.clone() };
    index.put(vec![moved]);
    index.put(vec![old]);
    assert_eq!(index.len(), 5);
    assert_eq!(names(&index, &all())[0], "Opening");
    assert_eq!(names(&index, &text("gala")), [""; 0]);
    assert_eq!(names(&index, &text("opening")), ["Opening"]);
}

#[test]
fn a_cursor_works_for_its_own_query_only() {
    let index = Index::of(demo::synthetic_cards(&Env::seeded(1), 1, 50));
    let first = EventQuery { page: Paging::new(Some(2), None).unwrap(), ..all() };
    let cursor = index.search(&first).unwrap().next_cursor.unwrap();
    let with = |cursor: &str, query: EventQuery| {
        index.search(&EventQuery { page: Paging::new(Some(2), Some(cursor.to_owned())).unwrap(), ..query })
    };
    assert!(with(&cursor, all()).is_ok());
    let mut edited = cursor.clone().into_bytes();
    edited[3] ^= 1;
    for (cursor, query) in [
        (cursor.as_str(), text("a")),
        (&cursor, EventQuery { city: Some("Kiel".into()), ..all() }),
        (std::str::from_utf8(&edited).unwrap(), all()),
        ("", all()),
        ("x", all()),
        ("%00", all()),
    ] {
        assert!(matches!(with(cursor, query), Err(ListError::Cursor(_))), "{cursor}");
    }
}

/// The rules once more, plainly: all words of the text occur in some name, three letters or more
/// anywhere in a word.
#[test]
fn the_index_agrees_with_looking_at_every_event() {
    let env = Env::seeded(5);
    let cards = demo::synthetic_cards(&env, 5, 3_000);
    let index = Index::of(cards.clone());
    let letters = |text: &str| -> String {
        let plain = |c: char| match c {
            'á' | 'ã' => 'a',
            'é' => 'e',
            'í' | 'ī' | 'İ' => 'i',
            'ó' | 'ö' | 'ø' => 'o',
            'ü' => 'u',
            'ñ' | 'ń' => 'n',
            'ć' => 'c',
            'ș' => 's',
            'ț' => 't',
            _ => c,
        };
        text.chars().map(plain).collect::<String>().to_lowercase()
    };
    let chance = env.entropy.clone();
    let mut hits = 0;
    for round in 0..400 {
        let model = &cards[chance.below(cards.len() as u64) as usize];
        let word = letters(model.name.split(' ').next().unwrap());
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let cut = (chance.below(3) as usize).min(word.chars().count().saturating_sub(3));
        let part: String = word.chars().skip(cut).take(3 + chance.below(3) as usize).collect();
        let city = (round % 3 == 0).then(|| model.venue.details.city.as_str().to_owned());
        let kind = (round % 5 == 0).then_some(model.kind);
        let from = (round % 2 == 0).then(|| DateBound::Day(model.local_start().date()));
        let query = EventQuery { text: Some(part.clone()), city: city.clone(), kind, from, ..all() };
        let mut expected: Vec<_> = cards
            .iter()
            .filter(|card| {
                let venue = &card.venue.details;
                let names = [card.name.as_str(), venue.name.as_str(), venue.city.as_str()];
                let mut names = names.into_iter().chain(card.performers.iter().map(String::as_str));
                names.any(|name| letters(name).contains(&part))
                    && city.as_deref().is_none_or(|city| venue.city.as_str() == city)
                    && kind.is_none_or(|kind| card.kind == kind)
                    && from.is_none_or(|_| card.local_start().date() >= model.local_start().date())
            })
            .map(|card| (card.starts_at, card.id))
            .collect();
        expected.sort_unstable();
        let found: Vec<_> = walk(&index, &query, 100, |_| ()).iter().map(|card| (card.starts_at, card.id)).collect();
        assert_eq!(found, expected, "{query:?}");
        hits += found.len();
    }
    assert!(hits > 4_000, "the queries found too little to say anything: {hits}");
}

#[tokio::test]
async fn what_was_published_is_found_when_the_call_returns() {
    let world = World::new().await;
    let venue = world.venue_with_map().await;
    let event = world.published(&venue, "Seen at once", "2026-06-01T18:00:00Z").await;
    let found = world.catalog.search(&text("seen leipzig mill")).unwrap();
    assert_eq!(found.items[0].id, event.id);
    assert_eq!(found.items[0].prices.map(|(low, high)| (low.minor, high.minor)), Some((3_000, 5_000)));
}
