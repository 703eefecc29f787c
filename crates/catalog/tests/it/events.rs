use std::time::Duration;

use catalog::{
    Catalog, EventError, EventQuery, EventState, EventStatus, NewEvent, Paging, PriceLevel, SaleKind, SaleWindow,
    Transition,
};
use stagedoor_core::{Code, Currency, EventId, Money, OrganizerId, PerformerId, Timestamp, VenueId};

use crate::{World, at, name, small_map, venue_details};

const START: &str = "2026-06-01T18:00:00Z";

#[tokio::test]
async fn an_event_comes_back_as_it_was_saved() {
    let world = World::new().await;
    let venue = world.venue_with_map().await;
    let mut details = world.details("Northern Lights", START);
    for performer in ["The Tidal Choir", "Paper Comets"] {
        details.performers.push(world.catalog.performer_named(world.organizer, name(performer)).await.unwrap().id);
    }
    details.ends_at = Some(at("2026-06-01T21:00:00Z"));
    details.tickets_per_fan_max = Some(8);
    details.hold_ttl = Duration::from_secs(90);
    details.sale_windows.push(SaleWindow {
        kind: SaleKind::Presale,
        opens_at: at("2026-02-01T09:00:00Z"),
        closes_at: Some(at("2026-02-02T09:00:00Z")),
    });
    let new = NewEvent { venue: venue.id, seat_map: None, series: None, details, bill: Vec::new() };
    let event = world.catalog.create_event(world.organizer, new).await.unwrap();
    assert_eq!((event.capacity, event.state, event.version), (123, EventState::Draft, 1));
    let view = world.catalog.event_of(world.organizer, event.id).await.unwrap();
    assert_eq!((&view.event, &view.venue), (&event, &venue));
    let bill: Vec<_> = view.performers.iter().map(|performer| performer.name.as_str()).collect();
    assert_eq!(bill, ["The Tidal Choir", "Paper Comets"]);
    assert_eq!(event.details.local_start(&venue.details.time_zone).to_string(), "2026-06-01T20:00:00");
    assert_eq!(event.details.price("front", "standard"), Some(Money::new(5_000, Currency::EUR)));
    assert_eq!(event.details.price("front", "child"), None);
}

#[tokio::test]
async fn drafts_are_seen_by_their_organizer_only() {
    let world = World::new().await;
    let venue = world.venue_with_map().await;
    let event = world.draft(&venue, "Secret", START).await;
    let stranger = OrganizerId::fresh(world.env());
    assert!(matches!(world.catalog.event(event.id).await, Err(EventError::NotFound)));
    assert!(matches!(world.catalog.event_of(stranger, event.id).await, Err(EventError::NotFound)));
    assert!(world.catalog.seat_map_of(event.id).await.is_err());
    assert_eq!(world.known(), 0);
    world.catalog.transition(world.organizer, event.id, Transition::Publish).await.unwrap();
    assert_eq!(world.catalog.event(event.id).await.unwrap().event.state, EventState::Published);
    assert!(matches!(world.catalog.event_of(stranger, event.id).await, Err(EventError::NotFound)));
    assert_eq!(world.catalog.seat_map_of(event.id).await.unwrap().version.venue, venue.id);
    assert_eq!(world.catalog.card(event.id).unwrap().name, "Secret");
}

#[tokio::test]
async fn foreign_parts_are_refused_like_absent_ones() {
    let world = World::new().await;
    let venue = world.venue_with_map().await;
    let stranger = OrganizerId::fresh(world.env());
    let foreign = world.catalog.create_venue(stranger, venue_details("Theirs", "Ulm", "UTC")).await.unwrap();
    let foreign_map = world.catalog.add_seat_map(stranger, foreign.id, small_map()).await.unwrap().version.id;
    let foreign_performer = world.catalog.performer_named(stranger, name("Theirs")).await.unwrap().id;
    let absent_performer = PerformerId::fresh(world.env());
    let new = || NewEvent {
        venue: venue.id,
        seat_map: None,
        series: None,
        details: world.details("X", START),
        bill: Vec::new(),
    };
    let billed = |performer| {
        let mut new = new();
        new.details.performers.push(performer);
        new
    };
    for (new, field) in [
        (NewEvent { venue: foreign.id, ..new() }, "venueId"),
        (NewEvent { venue: VenueId::fresh(world.env()), ..new() }, "venueId"),
        (NewEvent { seat_map: Some(foreign_map), ..new() }, "seatMapId"),
        (NewEvent { series: Some(EventId::fresh(world.env())), ..new() }, "seriesId"),
        (billed(foreign_performer), "performers"),
        (billed(absent_performer), "performers"),
    ] {
        let error = world.catalog.create_event(world.organizer, new).await.unwrap_err();
        let EventError::Invalid(wrong) = error else { panic!("{error}") };
        assert_eq!(wrong.field, field);
    }
    let page = world.catalog.events_of(world.organizer, &Paging::new(None, None).unwrap()).await.unwrap();
    assert!(page.items.is_empty(), "nothing was saved");
}

#[tokio::test]
async fn publishing_needs_a_map_and_a_price_for_each_level() {
    let world = World::new().await;
    let bare = world.venue("Bare", "Ulm", "UTC").await;
    let unmapped = world.draft(&bare, "Nowhere to sit", START).await;
    let error = world.catalog.transition(world.organizer, unmapped.id, Transition::Publish).await.unwrap_err();
    assert!(matches!(&error, EventError::Invalid(wrong) if wrong.field == "seatMapId"), "{error}");

    let map = world.catalog.add_seat_map(world.organizer, bare.id, small_map()).await.unwrap().version.id;
    let event = world.mapped(unmapped.id, map).await;
    assert_eq!(event.capacity, 123);
    let unpriced =
        world.catalog.update_event(world.organizer, event.id, None, |details| details.price_levels.truncate(1));
    unpriced.await.unwrap();
    let error = world.catalog.transition(world.organizer, event.id, Transition::Publish).await.unwrap_err();
    assert!(error.to_string().contains("\"side\""), "{error}");

    let side = PriceLevel::new(world.env(), "side", "Side", Money::new(100, Currency::EUR));
    world
        .catalog
        .update_event(world.organizer, event.id, None, |details| details.price_levels.push(side))
        .await
        .unwrap();
    let event = world.catalog.transition(world.organizer, event.id, Transition::Publish).await.unwrap();
    assert_eq!(event.status_at(world.env().now()), EventStatus::OnSale);
    let truncated =
        world.catalog.update_event(world.organizer, event.id, None, |details| details.price_levels.truncate(1));
    assert_eq!(truncated.await.unwrap_err().code(), Code::InvalidField);
    let yen = world.catalog.update_event(world.organizer, event.id, None, |details| {
        details.currency = Currency::JPY;
        details.price_levels.iter_mut().for_each(|level| level.price.currency = Currency::JPY);
    });
    assert!(matches!(yen.await, Err(EventError::Fixed { .. })));
}

#[tokio::test]
async fn a_change_needs_the_version_and_keeps_level_ids() {
    let world = World::new().await;
    let venue = world.venue_with_map().await;
    let event = world.published(&venue, "First name", START).await;
    let front = event.details.price_level("front").unwrap().id;
    let dearer = PriceLevel::new(world.env(), "front", "Front", Money::new(9_900, Currency::EUR));
    let changed = world
        .catalog
        .update_event(world.organizer, event.id, Some(event.version), |details| {
            details.name = name("Second name");
            details.price_levels[0] = dearer;
        })
        .await
        .unwrap();
    assert_eq!(changed.version, event.version + 1);
    let level = changed.details.price_level("front").unwrap();
    assert_eq!((level.id, level.price.minor), (front, 9_900));
    let error = world.catalog.update_event(world.organizer, event.id, Some(event.version), |_| ()).await.unwrap_err();
    assert!(matches!(error, EventError::Conflict { current } if current == changed.version));
    // Pages and search show the change at once.
    assert_eq!(world.catalog.event(event.id).await.unwrap().event, changed);
    assert_eq!(world.catalog.card(event.id).unwrap().name, "Second name");
}

#[tokio::test]
async fn a_postponed_event_with_a_new_date_is_rescheduled_and_sold_again() {
    let world = World::new().await;
    let venue = world.venue_with_map().await;
    let event = world.published(&venue, "Moved", START).await;
    let step = |transition| world.catalog.transition(world.organizer, event.id, transition);
    assert_eq!(step(Transition::Postpone).await.unwrap().state, EventState::Postponed);
    let error = step(Transition::Publish).await.unwrap_err();
    assert!(matches!(error, EventError::WrongState { .. }) && error.code() == Code::WrongState);
    let moved = world.catalog.update_event(world.organizer, event.id, None, |details| {
        details.starts_at = at("2026-09-01T18:00:00Z");
    });
    let moved = moved.await.unwrap();
    assert_eq!((moved.state, moved.status_at(world.env().now())), (EventState::Rescheduled, EventStatus::Rescheduled));
    let published = step(Transition::Publish).await.unwrap();
    assert_eq!(published.published_at, event.published_at);
    let again = step(Transition::Publish).await.unwrap();
    assert_eq!(again.version, published.version, "a retry changes nothing");
    assert_eq!(step(Transition::Cancel).await.unwrap().state, EventState::Cancelled);
    assert!(step(Transition::Publish).await.is_err());
    assert_eq!(world.catalog.event(event.id).await.unwrap().event.state, EventState::Cancelled);
}

#[tokio::test]
async fn a_published_event_starts_in_the_future_and_says_when_it_was_moved() {
    let world = World::new().await;
    let venue = world.venue_with_map().await;
    let draft = world.draft(&venue, "Draft", START).await;
    let move_to = |id, to| {
        let start = move |details: &mut catalog::EventDetails| details.starts_at = to;
        world.catalog.update_event(world.organizer, id, None, start)
    };
    let (now, later) = (world.env().now(), at("2026-09-01T18:00:00Z"));
    assert_eq!(move_to(draft.id, now).await.unwrap().moved_at, None, "nobody has seen the draft");
    let event = world.published(&venue, "Moved", START).await;
    let refused = move_to(event.id, now).await.unwrap_err();
    assert!(matches!(&refused, EventError::Invalid(wrong) if wrong.field == "startsAt"), "{refused}");
    assert_eq!(move_to(event.id, event.details.starts_at).await.unwrap().moved_at, None);
    let moved = move_to(event.id, later).await.unwrap();
    assert_eq!((moved.state, moved.moved_at), (EventState::Published, Some(now)));
    let stored = world.catalog.any_event(event.id).await.unwrap();
    assert_eq!(stored.event, moved);
    assert_eq!(moved.refunds_until_for(now), Some(later));
    assert_eq!(moved.refunds_until_for(now + Duration::from_secs(1)), Some(moved.refunds_until()));
}

#[tokio::test]
async fn a_dropped_transaction_changes_neither_rows_nor_search() {
    let world = World::new().await;
    let venue = world.venue_with_map().await;
    let event = world.draft(&venue, "Never", START).await;
    let tx = world.test.store.begin_write().await.unwrap();
    let inside = world.catalog.transition_in(&tx, world.organizer, event.id, Transition::Publish).await.unwrap();
    assert_eq!(inside.state, EventState::Published);
    drop(tx);
    assert_eq!(world.known(), 0);
    let view = world.catalog.event_of(world.organizer, event.id).await.unwrap();
    assert_eq!(view.event.state, EventState::Draft);
}

#[tokio::test]
async fn time_slots_share_a_series() {
    let world = World::new().await;
    let venue = world.venue_with_map().await;
    let first = world.published(&venue, "Matinee", START).await;
    let mut slots = vec![first.id];
    for day in ["2026-06-03T18:00:00Z", "2026-06-02T18:00:00Z"] {
        let details = world.details("Matinee", day);
        // Any member names the series.
        let member = slots.last().copied();
        let new = NewEvent { venue: venue.id, seat_map: None, series: member, details, bill: Vec::new() };
        let event = world.catalog.create_event(world.organizer, new).await.unwrap();
        assert_eq!(event.series, Some(first.id));
        world.catalog.transition(world.organizer, event.id, Transition::Publish).await.unwrap();
        slots.push(event.id);
    }
    let cards = world.catalog.time_slots(first.id).await.unwrap();
    assert_eq!(cards.iter().map(|card| card.id).collect::<Vec<_>>(), [slots[0], slots[2], slots[1]]);
}

#[tokio::test]
async fn an_organizer_pages_through_its_events_newest_first() {
    let world = World::new().await;
    let venue = world.venue_with_map().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        world.env().clock.advance(Duration::from_millis(1));
        ids.push(world.draft(&venue, &format!("Event {n}"), START).await.id);
    }
    ids.reverse();
    let page = world.catalog.events_of(world.organizer, &Paging::new(Some(4), None).unwrap()).await.unwrap();
    assert_eq!(page.items.iter().map(|event| event.id).collect::<Vec<_>>(), ids[..4]);
    let rest = Paging::new(Some(4), page.next_cursor).unwrap();
    let page = world.catalog.events_of(world.organizer, &rest).await.unwrap();
    assert_eq!((page.items[0].id, page.items.len(), page.next_cursor), (ids[4], 1, None));
}

#[tokio::test]
async fn another_process_is_followed_by_refreshing() {
    let world = World::new().await;
    let venue = world.venue_with_map().await;
    let event = world.published(&venue, "Here", START).await;
    let other = Catalog::open(world.test.store.clone(), &world.test.keyring).await.unwrap();
    assert_eq!(other.card(event.id).unwrap().name, "Here", "filled from the database");
    assert_eq!(other.event(event.id).await.unwrap().event, event);

    world.env().clock.advance(Duration::from_secs(60));
    let rename = |details: &mut catalog::EventDetails| details.name = name("There");
    let renamed = world.catalog.update_event(world.organizer, event.id, None, rename).await.unwrap();
    let moved = |details: &mut catalog::VenueDetails| details.city = name("Köln");
    world.catalog.update_venue(world.test.origin(), world.organizer, venue.id, None, moved).await.unwrap();
    assert_eq!(world.catalog.card(event.id).unwrap().venue.details.city.as_str(), "Köln");
    assert_eq!(other.refresh().await.unwrap(), 1);
    let card = other.card(event.id).unwrap();
    assert_eq!((card.name.as_str(), card.venue.details.city.as_str()), ("There", "Köln"));
    assert_eq!(other.event(event.id).await.unwrap().event, renamed);
    let mut query = EventQuery::all(Paging::new(None, None).unwrap());
    query.city = Some("koln".into());
    assert_eq!(other.search(&query).unwrap().items.len(), 1);
    query.city = Some("Leipzig".into());
    assert!(other.search(&query).unwrap().items.is_empty());

    world.env().clock.advance(Duration::from_secs(60));
    other.refresh().await.unwrap();
    world.env().clock.advance(Duration::from_secs(60));
    assert_eq!(other.refresh().await.unwrap(), 0, "nothing changed lately");
}

#[tokio::test]
async fn a_change_written_by_a_clock_that_is_behind_is_found() {
    let world = World::new().await;
    let venue = world.venue_with_map().await;
    let event = world.published(&venue, "Here", START).await;
    let other = Catalog::open(world.test.store.clone(), &world.test.keyring).await.unwrap();
    let clock = &world.env().clock;
    let begun = world.env().now();
    let minutes = |count: u64| begun + Duration::from_secs(60 * count);
    let rename = async |at: Timestamp, to: &str| {
        let now = world.env().now();
        clock.set(at);
        let change = |details: &mut catalog::EventDetails| details.name = name(to);
        world.catalog.update_event(world.organizer, event.id, None, change).await.unwrap();
        clock.set(now);
    };
    clock.set(minutes(5));
    other.refresh().await.unwrap();
    rename(minutes(3), "There").await;
    assert_eq!(other.refresh().await.unwrap(), 1, "nothing later was seen");
    assert_eq!(other.card(event.id).unwrap().name, "There");

    world.published(&venue, "Elsewhere", START).await;
    assert_eq!(other.refresh().await.unwrap(), 1);
    rename(minutes(4), "Nowhere").await;
    clock.set(minutes(6));
    assert_eq!(other.refresh().await.unwrap(), 0);
    clock.set(minutes(16));
    assert_eq!(other.refresh().await.unwrap(), 1, "in time everything is looked through");
    assert_eq!(other.card(event.id).unwrap().name, "Nowhere");

    // A clock that is far ahead hides nothing that others write.
    rename(minutes(600), "Later").await;
    assert_eq!(other.refresh().await.unwrap(), 1);
    rename(minutes(17), "Sooner").await;
    clock.set(minutes(17));
    assert_eq!(other.refresh().await.unwrap(), 1);
    assert_eq!(other.card(event.id).unwrap().name, "Sooner");
}
