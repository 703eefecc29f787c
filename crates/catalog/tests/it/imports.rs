use catalog::import::{ImportError, ImportOptions, ImportReport, Outcome, Progress};
use catalog::{EventQuery, EventState, EventStatus, EventType, Paging, SaleKind, Transition};
use stagedoor_core::{Currency, Money, OrganizerId};

use crate::{World, at, small_map};

const FILE: &str = include_str!("../data/discovery.json");

async fn import(world: &World, organizer: OrganizerId, file: &str) -> Result<ImportReport, ImportError> {
    let options = ImportOptions { currency: Currency::USD };
    world.catalog.import_discovery(organizer, file.as_bytes(), &options, |_| ()).await
}

async fn found(world: &World, text: &str) -> catalog::Event {
    let query = EventQuery { text: Some(text.into()), ..EventQuery::all(Paging::new(None, None).unwrap()) };
    let id = world.catalog.search(&query).unwrap().items[0].id;
    world.catalog.event(id).await.unwrap().event.clone()
}

#[tokio::test]
async fn an_answer_becomes_venues_performers_and_events() {
    let world = World::new().await;
    let mut seen = Vec::new();
    let options = ImportOptions { currency: Currency::USD };
    let progress = |at: Progress| seen.push((at.done, at.total));
    let report = world.catalog.import_discovery(world.organizer, FILE.as_bytes(), &options, progress).await.unwrap();
    assert_eq!(seen, (1..=10).map(|done| (done, 10)).collect::<Vec<_>>());
    assert_eq!(report.events, Outcome { created: 5, updated: 0, unchanged: 0 });
    assert_eq!(report.venues, Outcome { created: 2, updated: 0, unchanged: 3 });
    assert_eq!(report.performers, Outcome { created: 3, updated: 0, unchanged: 1 });
    let skipped: Vec<_> = report.skipped.iter().map(|remark| (remark.path.as_str(), remark.reason.as_str())).collect();
    assert_eq!(
        skipped,
        [
            ("_embedded.events[5]", "has no venue"),
            ("_embedded.events[6]", "its date is not announced yet"),
            ("_embedded.events[7]", "is marked as a test"),
            ("_embedded.events[8]", "start: the clocks in America/New_York skip 2027-03-14T02:30:00"),
            ("_embedded.events[9].name", "invalid type: integer `7`, expected a string at line 1 column 10"),
        ]
    );
    assert_eq!(report.notes.len(), 1);
    assert_eq!(report.notes[0].path, "_embedded.events[2]");

    let tour = found(&world, "paper lanterns tour").await;
    assert_eq!(tour.details.kind, EventType::Concert);
    assert_eq!(tour.details.starts_at, at("2026-09-13T23:30:00Z"));
    assert_eq!(tour.details.doors_at, Some(at("2026-09-13T22:30:00Z")));
    let prices: Vec<_> = tour.details.price_levels.iter().map(|level| level.price).collect();
    assert_eq!(prices, [Money::new(3_250, Currency::USD), Money::new(10_000, Currency::USD)]);
    let kinds: Vec<_> = tour.details.sale_windows.iter().map(|window| window.kind).collect();
    assert_eq!(kinds, [SaleKind::General, SaleKind::Presale]);
    assert_eq!((tour.state, tour.status_at(world.env().now())), (EventState::Announced, EventStatus::Scheduled));
    let view = world.catalog.event(tour.id).await.unwrap();
    let bill: Vec<_> = view.performers.iter().map(|performer| performer.name.as_str()).collect();
    assert_eq!(bill, ["Paper Lanterns", "The Openers"]);
    assert_eq!(view.venue.details.address.as_ref().unwrap().as_str(), "12 Canal St, Dock 3");
    assert_eq!(view.venue.details.position.unwrap().latitude, 42.89);

    // Only the local time is given: New York's.
    assert_eq!(found(&world, "laugh").await.details.starts_at, at("2026-12-01T01:00:00Z"));
    let laugh = found(&world, "laugh").await.details;
    assert_eq!(laugh.kind, EventType::Comedy, "the primary classification counts, wherever it stands");
    let prices: Vec<_> = laugh.price_levels.iter().map(|level| level.price).collect();
    assert_eq!(prices, [Money::new(2_000, Currency::USD)], "without fees");
    let open_day = found(&world, "open day").await.details;
    assert_eq!(open_day.starts_at, at("2026-07-04T04:00:00Z"));
    assert!(open_day.performers.is_empty() && open_day.sale_windows.is_empty() && open_day.price_levels.is_empty());
    assert_eq!(found(&world, "cup final").await.state, EventState::Cancelled);
    assert_eq!(found(&world, "harvest").await.state, EventState::OffSale);
    assert_eq!(found(&world, "harvest").await.details.currency, Currency::USD);
}

#[tokio::test]
async fn importing_again_changes_only_what_changed() {
    let world = World::new().await;
    import(&world, world.organizer, FILE).await.unwrap();
    let before = found(&world, "laugh").await;
    let again = import(&world, world.organizer, FILE).await.unwrap();
    assert_eq!(again.events, Outcome { created: 0, updated: 0, unchanged: 5 });
    assert_eq!((again.venues.created, again.venues.updated, again.performers.created), (0, 0, 0));
    assert_eq!(found(&world, "laugh").await, before);

    let newer = FILE.replace("Laugh Out Loud", "Laugh Out Louder").replace("Canal Hall", "Canal House");
    let third = import(&world, world.organizer, &newer).await.unwrap();
    assert_eq!((third.events.updated, third.events.unchanged, third.venues.updated), (1, 4, 1));
    let after = found(&world, "louder canal house").await;
    assert_eq!((after.id, after.version), (before.id, before.version + 1));
    assert_eq!(world.known(), 5);
}

#[tokio::test]
async fn each_organizer_has_imports_of_its_own() {
    let world = World::new().await;
    let other = OrganizerId::fresh(world.env());
    import(&world, world.organizer, FILE).await.unwrap();
    let report = import(&world, other, FILE).await.unwrap();
    assert_eq!(report.events.created, 5);
    let page = Paging::new(Some(100), None).unwrap();
    assert_eq!(world.catalog.events_of(other, &page).await.unwrap().items.len(), 5);
    assert_eq!(world.catalog.events_of(world.organizer, &page).await.unwrap().items.len(), 5);
}

#[tokio::test]
async fn an_imported_event_that_is_sold_here_is_left_alone() {
    let world = World::new().await;
    import(&world, world.organizer, FILE).await.unwrap();
    let event = found(&world, "paper lanterns tour").await;
    let map = world.catalog.add_seat_map(world.organizer, event.venue, small_map()).await.unwrap().version.id;
    world.mapped(event.id, map).await;
    let prices = world.details("x", "2026-06-01T18:00:00Z").price_levels;
    let change = |details: &mut catalog::EventDetails| {
        details.price_levels = prices;
        details.price_levels.iter_mut().for_each(|level| level.price.currency = Currency::USD);
    };
    let event = world.catalog.update_event(world.organizer, event.id, None, change).await.unwrap();
    world.catalog.transition(world.organizer, event.id, Transition::Publish).await.unwrap();
    for transition in [Transition::Publish, Transition::TakeOffSale, Transition::Postpone, Transition::Cancel] {
        let before = world.catalog.transition(world.organizer, event.id, transition).await.unwrap();
        let report = import(&world, world.organizer, FILE).await.unwrap();
        assert_eq!(report.events, Outcome { created: 0, updated: 0, unchanged: 4 }, "after {transition:?}");
        assert!(report.skipped.iter().any(|remark| remark.reason.contains("sold here")), "{:?}", report.skipped);
        assert_eq!(found(&world, "paper lanterns tour").await, before);
    }
}

#[tokio::test]
async fn an_imported_event_moves_with_its_venue() {
    let world = World::new().await;
    import(&world, world.organizer, FILE).await.unwrap();
    let before = found(&world, "laugh").await;
    let mut file: serde_json::Value = serde_json::from_str(FILE).unwrap();
    let events = file["_embedded"]["events"].as_array_mut().unwrap();
    let venue_of = |event: &serde_json::Value| event["_embedded"]["venues"][0].clone();
    let laugh =
        events.iter().position(|event| event["name"].as_str().is_some_and(|name| name.contains("Laugh"))).unwrap();
    let here = venue_of(&events[laugh])["id"].clone();
    let elsewhere = events.iter().map(venue_of).find(|venue| venue["id"].is_string() && venue["id"] != here).unwrap();
    events[laugh]["_embedded"]["venues"][0] = elsewhere.clone();
    let report = import(&world, world.organizer, &file.to_string()).await.unwrap();
    assert_eq!((report.events.updated, report.events.unchanged), (1, 4));
    let view = world.catalog.event(before.id).await.unwrap();
    assert_ne!(view.event.venue, before.venue);
    assert_eq!(Some(view.venue.details.name.as_str()), elsewhere["name"].as_str());
    let again = import(&world, world.organizer, &file.to_string()).await.unwrap();
    assert_eq!(again.events.unchanged, 5);
}

#[tokio::test]
async fn what_is_no_answer_is_refused_and_an_empty_one_is_fine() {
    let world = World::new().await;
    for wrong in ["", "[]", "{}", "{\"_embedded\": {}}", "{\"_embedded\": {\"events\": 3}}", "{\"events\": []}"] {
        let error = import(&world, world.organizer, wrong).await.unwrap_err();
        assert!(matches!(error, ImportError::Malformed { .. }), "{wrong}");
    }
    let empty = r#"{"_links": {}, "page": {"size": 20, "totalElements": 0, "totalPages": 0, "number": 0}}"#;
    assert_eq!(import(&world, world.organizer, empty).await.unwrap(), ImportReport::default());
}
