//! Stored formats against files written once: what was stored must stay readable, and must mean
//! the same. A new version of a form gets a new file; an old file never changes.
//!
//! A missing file is written when `STAGEDOOR_GOLDEN=write` is set.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use inventory::engine::{
    AccessibleRelease, Changes, EventState, Fact, KeyPrint, Manifest, Orphans, Place, Places, Prices, Rules, SaleStatus,
};
use stagedoor_core::{HoldId, OrderId, Timestamp, UserId};
use uuid::Uuid;

use crate::script::map;

const START: Timestamp = Timestamp::from_micros(1_795_289_400_250_000);

/// Kinds, aisles, levels, labels that do not count, a row longer than a word, areas.
pub fn manifest() -> Arc<Manifest> {
    let long = ".".repeat(70);
    let mut spec = map(&format!("A=..|..22 B=cwwc..... L={long} / A=22222 floor:250 bar:3"));
    spec.sections[0].rows[0].seats[1].label = "2b".into();
    spec.sections[0].rows[1].seats[7].restricted_view = true;
    spec.sections[0].rows[1].seats[8].rank = Some(9_999);
    spec.sections[1].focal = Some((2.5, -40.0));
    spec.sections[1].name = "Balkon, Ränge".into();
    Arc::new(Manifest::build(&spec).unwrap())
}

fn id<T: From<Uuid>>(number: u128) -> T {
    T::from(Uuid::from_u128(0x0199_8a6f_0000_7000_8000_0000_0000_0000 | number))
}

fn after(seconds: u64) -> Timestamp {
    START + Duration::from_secs(seconds)
}

/// Every kind of fact, in an order in which they can be applied, with their seconds.
pub fn facts() -> Vec<(u64, Fact)> {
    let manifest = manifest();
    let rules = Rules {
        status: SaleStatus::OnSale,
        opens_at: Some(START),
        closes_at: None,
        starts_at: Some(after(100_000)),
        hold_ttl: Duration::from_millis(300_000),
        extension: Duration::from_millis(180_000),
        seats_per_hold_max: 10,
        tickets_per_fan_max: Some(12),
        orphans: Orphans::Avoid,
        accessible: AccessibleRelease::Never,
    };
    let other = Rules {
        status: SaleStatus::OffSale,
        closes_at: Some(after(90_000)),
        tickets_per_fan_max: None,
        orphans: Orphans::Forbid,
        accessible: AccessibleRelease::At(after(50_000)),
        ..rules
    };
    let prices = Arc::new(Prices::new(&[vec![Some(9_000), Some(4_500)], vec![Some(3_000), None]]).unwrap());
    let dearer = Arc::new(Prices::new(&[vec![Some(9_900), None], vec![Some(0), Some(1)]]).unwrap());
    let (hold, fan, order) = (id::<HoldId>, id::<UserId>, id::<OrderId>);
    let seats = |seats: &[(u32, u8)]| Places::seats(seats.iter().copied()).unwrap();
    let mixed = Places::new([
        Place::Seat { seat: 84, ticket_type: 1 },
        Place::Seat { seat: 2, ticket_type: 0 },
        Place::Area { area: 0, quantity: 3, ticket_type: 1 },
    ])
    .unwrap();
    let held = |hold, fan, places, price_list, key| Fact::Held { hold, fan, places, ttl_ms: 300_000, price_list, key };
    let key = |key, body| Some(KeyPrint { key, body });
    vec![
        (0, Fact::Opened { manifest: manifest.clone().into(), rules: Box::new(rules), prices }),
        (1, held(hold(1), fan(1), seats(&[(0, 0), (1, 0), (3, 0)]), 0, key(u128::MAX / 7, u64::MAX / 3))),
        (2, Fact::PricesSet(dearer)),
        (3, held(hold(2), fan(1), seats(&[(20, 0)]), 1, None)),
        (4, held(hold(3), fan(2), seats(&[(30, 0), (31, 0), (32, 0), (33, 0), (34, 0), (60, 0)]), 0, key(5, 6))),
        (5, Fact::Extended { hold: hold(3), until: after(700) }),
        (6, Fact::Sold { hold: hold(1), order: order(1) }),
        (7, Fact::Released { hold: hold(2) }),
        (8, held(hold(4), fan(3), Places::areas([(0, 4, 0)]).unwrap(), 0, None)),
        (9, Fact::Sold { hold: hold(4), order: order(1) }),
        (10, Fact::Returned { order: order(1), seats: vec![1, 3], areas: vec![(0, 2)] }),
        (11, Fact::Blocked { seats: vec![5, 6, 80] }),
        (12, Fact::Unblocked { seats: vec![6] }),
        (13, Fact::AreaBlocked { area: 1, blocked: 2 }),
        (14, Fact::CapacitySet { area: 0, capacity: 300 }),
        (15, held(hold(5), fan(4), seats(&[(40, 0)]), 0, None)),
        (315, Fact::Expired { hold: hold(5) }),
        (316, held(hold(6), fan(5), mixed, 0, None)),
        (317, Fact::RulesSet(Box::new(other))),
        (318, Fact::ManifestSwapped { manifest: manifest.into() }),
    ]
}

/// What came later, after [`facts`].
fn later_facts() -> Vec<Fact> {
    vec![Fact::HandedOver { hold: id(3), fan: id(6) }]
}

fn golden(name: &str, bytes: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if !path.exists() && std::env::var("STAGEDOOR_GOLDEN").is_ok_and(|mode| mode == "write") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn facts_of_version_1_stay_readable() {
    stay_readable("facts.v1", facts().into_iter().map(|(_, fact)| fact).collect());
    stay_readable("hand-over-facts.v1", later_facts());
}

fn stay_readable(name: &str, facts: Vec<Fact>) {
    // Each with its length before it.
    let mut written = Vec::new();
    for fact in &facts {
        let mut bytes = Vec::new();
        fact.encode(&mut bytes);
        written.push(bytes.len() as u8);
        written.extend(bytes);
    }
    let stored = golden(name, &written);
    let (mut rest, mut expected) = (&stored[..], facts.iter());
    while let Some((len, more)) = rest.split_first() {
        let (bytes, more) = more.split_at(usize::from(*len));
        let fact = Fact::decode(bytes).unwrap();
        assert_eq!(Some(&fact), expected.next());
        let mut again = Vec::new();
        fact.encode(&mut again);
        assert_eq!(again, bytes, "{fact:?}");
        rest = more;
    }
    assert!(expected.next().is_none());
}

#[test]
fn a_manifest_of_version_1_stays_readable() {
    let manifest = manifest();
    let stored = golden("manifest.v1", &manifest.encode());
    let read = Manifest::decode(&stored).unwrap();
    assert_eq!(read.encode(), stored);
    assert_eq!(read.hash(), manifest.hash());
    assert_eq!(read.seats(), 90);
    assert_eq!(read.seat("S-A-2b"), Some(1));
    assert_eq!(read.seat_id(89), "T-A-5");
    assert_eq!(read.section_name(1), "Balkon, Ränge");
    assert!(read.restricted_view(13));
    assert_eq!(read.rank(14), 9_999);
    assert_eq!((read.area("bar"), read.area_capacity(1)), (Some(1), 3));
}

#[test]
fn a_snapshot_of_version_1_stays_readable() {
    let mut state = EventState::new();
    let mut changes = Changes::default();
    for (seconds, fact) in facts() {
        state.apply(after(seconds), &fact, &mut changes);
    }
    let mut written = Vec::new();
    state.snapshot(&mut written);
    let stored = golden("snapshot.v1", &written);
    let read =
        EventState::restore(&stored, |hash| Some(manifest()).filter(|manifest| manifest.hash() == hash)).unwrap();
    let mut again = Vec::new();
    read.snapshot(&mut again);
    assert_eq!(again, stored);
    assert_eq!(again, written, "the same facts give the same bytes");
    assert_eq!(read.version(), facts().len() as u64);
    assert_eq!(read.totals(), state.totals());
    assert_eq!(read.hold(id(3)), state.hold(id(3)));
}
