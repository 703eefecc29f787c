//! Seat maps as the engine lays them out.

use inventory::engine::{AreaSpec, Manifest, ManifestError, ManifestSpec, RowSpec, SeatSpec, SectionSpec};
use stagedoor_core::limits::SEATS_PER_MAP_MAX;

use crate::script::{check_in, map};

fn build(house: &str) -> Manifest {
    Manifest::build(&map(house)).unwrap()
}

fn one_row(labels: &[&str]) -> ManifestSpec {
    let seat = |label: &&str| SeatSpec { label: (*label).into(), ..SeatSpec::default() };
    let row = RowSpec { label: "A".into(), seats: labels.iter().map(seat).collect() };
    let section = SectionSpec { id: "S".into(), name: "Stalls".into(), focal: None, rows: vec![row] };
    ManifestSpec { levels: vec!["one".into()], sections: vec![section], areas: Vec::new() }
}

#[test]
fn seats_are_numbered_in_map_order_and_found_by_id() {
    let manifest = build("A=... B=.. / A=.");
    let ids: Vec<String> = (0..6).map(|seat| manifest.seat_id(seat)).collect();
    assert_eq!(ids, ["S-A-1", "S-A-2", "S-A-3", "S-B-1", "S-B-2", "T-A-1"]);
    for (seat, id) in (0..).zip(&ids) {
        assert_eq!(manifest.seat(id), Some(seat));
    }
    for wrong in ["", "S", "S-A", "S-A-", "S-A-4", "S-A-01", "s-A-1", "S-A-1 ", "S--1", "SA1", "T-B-1"] {
        assert_eq!(manifest.seat(wrong), None, "{wrong:?}");
    }
    assert_eq!((manifest.section_of(5), manifest.row_label(4), manifest.seat_label(4)), (1, "B", "2"));
}

#[test]
fn an_id_that_two_seats_would_share_is_refused() {
    let twice = Err(ManifestError::Twice { what: "seat", id: "S-A-2".into() });
    assert_eq!(Manifest::build(&one_row(&["1", "2", "2"])).map(|_| ()), twice);
    // Dashes in labels may make two different paths read the same.
    let mut spec = one_row(&["1-2"]);
    spec.sections[0]
        .rows
        .push(RowSpec { label: "A-1".into(), seats: vec![SeatSpec { label: "2".into(), ..SeatSpec::default() }] });
    let twice = Err(ManifestError::Twice { what: "seat", id: "S-A-1-2".into() });
    assert_eq!(Manifest::build(&spec).map(|_| ()), twice);
    spec.sections[0].rows[1].seats[0].label = "3".into();
    let manifest = Manifest::build(&spec).unwrap();
    assert_eq!((manifest.seat("S-A-1-2"), manifest.seat("S-A-1-3")), (Some(0), Some(1)));
}

#[test]
fn what_a_map_may_not_have() {
    let refused = |change: fn(&mut ManifestSpec)| {
        let mut spec = one_row(&["1", "2"]);
        change(&mut spec);
        Manifest::build(&spec).map(|_| ()).unwrap_err()
    };
    let area = |id: &str, level| AreaSpec { id: id.into(), name: "Floor".into(), capacity: 1, level };
    assert!(matches!(refused(|spec| spec.sections[0].rows[0].seats[1].level = 1), ManifestError::UnknownLevel { .. }));
    assert!(matches!(
        refused(|spec| spec.sections[0].rows[0].seats[1].x = f32::NAN),
        ManifestError::BadPosition { .. }
    ));
    assert!(matches!(refused(|spec| spec.sections[0].id.clear()), ManifestError::BadText { .. }));
    assert!(matches!(refused(|spec| spec.sections[0].rows[0].label = "a\nb".into()), ManifestError::BadText { .. }));
    assert!(matches!(refused(|spec| spec.sections[0].name = "x".repeat(2_000)), ManifestError::BadText { .. }));
    assert!(matches!(refused(|spec| spec.sections.push(spec.sections[0].clone())), ManifestError::Twice { .. }));
    assert!(matches!(refused(|spec| spec.levels.push("one".into())), ManifestError::Twice { .. }));
    assert!(matches!(
        refused(|spec| spec.levels = (0..251).map(|at| at.to_string()).collect()),
        ManifestError::TooMany { .. }
    ));
    let mut spec = one_row(&["1"]);
    spec.areas = vec![area("floor", 0), area("floor", 0)];
    assert!(matches!(Manifest::build(&spec), Err(ManifestError::Twice { .. })));
    spec.areas = vec![area("floor", 7)];
    assert!(matches!(Manifest::build(&spec), Err(ManifestError::UnknownLevel { .. })));
    spec.areas = vec![AreaSpec { capacity: u32::MAX, ..area("floor", 0) }];
    assert!(matches!(Manifest::build(&spec), Err(ManifestError::TooMany { .. })));

    let seat = SeatSpec { label: "1".into(), ..SeatSpec::default() };
    let row = RowSpec { label: "A".into(), seats: vec![seat] };
    spec.sections[0].rows = vec![row; SEATS_PER_MAP_MAX + 1];
    assert!(matches!(Manifest::build(&spec), Err(ManifestError::TooMany { .. })));
}

#[test]
fn a_gap_in_the_coordinates_is_an_aisle() {
    let mut spec = one_row(&["1", "2", "3", "4", "5"]);
    let row = &mut spec.sections[0].rows[0];
    for (seat, x) in row.seats.iter_mut().zip([0.0, 0.5, 1.0, 2.2, 2.7]) {
        seat.x = x;
    }
    let manifest = Manifest::build(&spec).unwrap();
    // To say that there is an aisle adds nothing.
    let mut gap = one_row(&["1", "2", "3", "4", "5"]);
    gap.sections[0].rows[0].seats[2].aisle_after = true;
    gap.sections[0].rows[0].seats.iter_mut().zip([0.0, 0.5, 1.0, 2.2, 2.7]).for_each(|(seat, x)| seat.x = x);
    assert_eq!(manifest.hash(), Manifest::build(&gap).unwrap().hash());
}

#[test]
fn nearer_the_focal_point_is_better_and_the_venue_knows_best() {
    let mut spec = map("A=... B=...");
    spec.sections[0].focal = Some((1.0, 10.0));
    let manifest = Manifest::build(&spec).unwrap();
    let order = |manifest: &Manifest| {
        let mut seats: Vec<u32> = (0..6).collect();
        seats.sort_by_key(|seat| (manifest.rank(*seat), *seat));
        seats
    };
    // Row B is nearer, its middle nearest.
    assert_eq!(order(&manifest), [4, 3, 5, 1, 0, 2]);
    spec.sections[0].focal = None;
    assert_eq!(order(&Manifest::build(&spec).unwrap()), [1, 0, 2, 4, 3, 5]);
    for (seat, rank) in spec.sections[0].rows.iter_mut().flat_map(|row| &mut row.seats).zip([5, 4, 3, 2, 1, 0]) {
        seat.rank = Some(rank);
    }
    assert_eq!(order(&Manifest::build(&spec).unwrap()), [5, 4, 3, 2, 1, 0]);
}

#[test]
fn stored_and_read_again_it_is_the_same() {
    let houses = ["", "floor:9", "A=.", "A=..|..22 B=cwwc / A=2 B=..........", "A=. / B=. / C=. / D=."];
    for house in houses {
        let manifest = build(house);
        let read = Manifest::decode(&manifest.encode()).unwrap();
        assert_eq!((read.hash(), read.encode()), (manifest.hash(), manifest.encode()), "{house}");
        assert_eq!(read.seats(), manifest.seats());
    }
    assert_ne!(build("A=..").hash(), build("A=.|.").hash());
}

#[test]
fn rows_without_seats_are_left_out() {
    let mut spec = one_row(&["1"]);
    spec.sections[0].rows.insert(0, RowSpec { label: "empty".into(), seats: Vec::new() });
    let manifest = Manifest::build(&spec).unwrap();
    assert_eq!((manifest.seats(), manifest.seat("S-A-1")), (1, Some(0)));
    check_in("floor:3", "hold H1 fan=ann best=2 -> refused sold_out");
}
