use std::sync::Arc;

use catalog::seat_map::{Area, Level, Row, Seat, Section};
use catalog::{Catalog, MapError, Paging, SeatMap, demo};
use proptest::prelude::*;
use stagedoor_core::{Code, OrganizerId, SeatMapId};

use crate::{World, small_map};

#[tokio::test]
async fn versions_count_up_and_never_change() {
    let world = World::new().await;
    let venue = world.venue("Old Mill", "Leipzig", "Europe/Berlin").await;
    let first = world.catalog.add_seat_map(world.organizer, venue.id, small_map()).await.unwrap();
    let mut map = small_map();
    map.areas[0].capacity = 80;
    let second = world.catalog.add_seat_map(world.organizer, venue.id, map).await.unwrap();
    assert_eq!((first.version.version, second.version.version), (1, 2));
    assert_ne!(first.etag, second.etag);

    // A catalogue without anything in memory reads the same bytes back.
    let fresh = Catalog::open(world.test.store.clone(), &world.test.keyring).await.unwrap();
    let read = fresh.seat_map(first.version.id).await.unwrap();
    assert_eq!((&read.json, &read.etag, &read.version), (&first.json, &first.etag, &first.version));
    assert_eq!(read.map(), first.map());
    assert_eq!(read.map().version, 1);
    assert_eq!((read.version.seats, read.version.capacity, read.version.levels["side"]), (3, 123, 2));
    let kept = fresh.seat_map(first.version.id).await.unwrap();
    assert!(Arc::ptr_eq(&read, &kept), "the second time it comes from memory");

    let page = fresh.seat_maps(world.organizer, venue.id, &Paging::new(Some(1), None).unwrap()).await.unwrap();
    assert_eq!(page.items, std::slice::from_ref(&second.version));
    let rest = Paging::new(Some(1), page.next_cursor).unwrap();
    let page = fresh.seat_maps(world.organizer, venue.id, &rest).await.unwrap();
    assert_eq!((page.items, page.next_cursor), (vec![first.version.clone()], None));
}

#[tokio::test]
async fn maps_added_at_once_get_versions_of_their_own() {
    let world = World::new().await;
    let venue = world.venue("Old Mill", "Leipzig", "Europe/Berlin").await;
    let adding: Vec<_> = (0..5)
        .map(|_| {
            let (catalog, organizer, venue) = (world.catalog.clone(), world.organizer, venue.id);
            tokio::spawn(async move { catalog.add_seat_map(organizer, venue, small_map()).await.unwrap() })
        })
        .collect();
    let mut versions = Vec::new();
    for one in adding {
        let added = one.await.unwrap();
        assert_eq!(added.map().version, added.version.version);
        versions.push(added.version.version);
    }
    versions.sort_unstable();
    assert_eq!(versions, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn another_organizer_s_venue_does_not_exist() {
    let world = World::new().await;
    let venue = world.venue("Old Mill", "Leipzig", "Europe/Berlin").await;
    let stranger = OrganizerId::fresh(world.env());
    let error = world.catalog.add_seat_map(stranger, venue.id, small_map()).await.unwrap_err();
    assert!(matches!(error, MapError::NotFound));
    let error = world.catalog.seat_map(SeatMapId::fresh(world.env())).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    let mut broken = small_map();
    broken.sections[0].rows[0].seats[0].level = "none".into();
    let error = world.catalog.add_seat_map(world.organizer, venue.id, broken).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidSeatMap);
    assert!(error.to_string().starts_with("sections[0].rows[0].seats[0].level: "), "{error}");
}

#[tokio::test]
async fn a_stadium_is_saved_and_read_back() {
    let world = World::new().await;
    let venue = world.venue("Bowl", "Hamburg", "Europe/Berlin").await;
    let saved = world.catalog.add_seat_map(world.organizer, venue.id, demo::stadium()).await.unwrap();
    assert_eq!(saved.version.capacity, 80_000);
    let fresh = Catalog::open(world.test.store.clone(), &world.test.keyring).await.unwrap();
    let read = fresh.seat_map(saved.version.id).await.unwrap();
    assert_eq!(read.json, saved.json);
    assert_eq!(read.map().seat_count(), 80_000);
}

fn arbitrary_map() -> impl Strategy<Value = SeatMap> {
    let seat = (-1e6..1e6f64, -1e6..1e6f64, any::<bool>(), any::<bool>(), proptest::option::of("[a-z]{1,8}"));
    let row = proptest::collection::vec(seat, 0..8);
    let section = proptest::collection::vec(row, 0..5);
    let areas = proptest::collection::vec(("[\\p{L} ]{0,10}x", 1..500_000u32), 1..4);
    (proptest::collection::vec(section, 0..4), areas, 1.0..1e6f64).prop_map(|(sections, areas, width)| {
        let seat = |section: usize, row: usize| {
            move |(n, (x, y, accessible, restricted_view, external_id)): (
                usize,
                (f64, f64, bool, bool, Option<String>),
            )| Seat {
                id: format!("S{section}-r.{row}-{n}"),
                label: format!("№ {n}"),
                x,
                y,
                level: "a".into(),
                accessible,
                companion: !accessible && restricted_view,
                restricted_view,
                external_id,
            }
        };
        let sections = sections.into_iter().enumerate().map(|(s, rows)| Section {
            id: format!("S{s}"),
            name: format!("Block “{s}”"),
            rows: rows
                .into_iter()
                .enumerate()
                .map(|(r, seats)| Row {
                    label: format!("row {r}"),
                    seats: seats.into_iter().enumerate().map(seat(s, r)).collect(),
                })
                .collect(),
        });
        let areas = areas.into_iter().enumerate().map(|(n, (name, capacity))| Area {
            id: format!("A{n}"),
            name,
            capacity,
            level: "a".into(),
            shape: None,
        });
        SeatMap {
            version: 0,
            name: None,
            width,
            height: width,
            focal_point: None,
            levels: vec![Level { key: "a".into(), name: "A".into(), color: None }],
            sections: sections.collect(),
            areas: areas.collect(),
            decorations: Vec::new(),
        }
    })
}

proptest! {
    #[test]
    fn a_map_survives_json(map in arbitrary_map()) {
        let map = map.checked().unwrap();
        let json = serde_json::to_vec(&map).unwrap();
        prop_assert_eq!(catalog::import::seat_map(&json).unwrap(), map);
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in ".{0,200}", at in 0usize..2_000) {
        let _ = catalog::import::seat_map(text.as_bytes());
        let mut map = include_str!("../data/seating_plan.json").to_owned();
        let at = (0..=at.min(map.len())).rev().find(|at| map.is_char_boundary(*at)).unwrap();
        map.insert_str(at, &text);
        let _ = catalog::import::seat_map(map.as_bytes());
    }
}
