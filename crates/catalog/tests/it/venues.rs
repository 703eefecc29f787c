use catalog::{ListError, Paging, Position, VenueError};
use stagedoor_core::{Code, OrganizerId, VenueId};

use crate::{World, name, venue_details};

#[tokio::test]
async fn a_venue_comes_back_as_it_was_saved() {
    let world = World::new().await;
    let mut details = venue_details("Kulturhaus „Süd“", "München", "Europe/Berlin");
    details.address = Some(name("Am Ufer 3"));
    details.position = Some(Position::parse(48.1, 11.5).unwrap());
    let venue = world.catalog.create_venue(world.organizer, details).await.unwrap();
    assert_eq!(world.catalog.venue(venue.id).await.unwrap(), venue);
}

#[tokio::test]
async fn a_change_needs_the_owner_and_the_version() {
    let world = World::new().await;
    let venue = world.venue("Old Mill", "Leipzig", "Europe/Berlin").await;
    let stranger = OrganizerId::fresh(world.env());
    let absent = VenueId::fresh(world.env());
    let refusals = [
        world.catalog.update_venue(world.test.origin(), stranger, venue.id, None, |_| ()).await.unwrap_err(),
        world.catalog.update_venue(world.test.origin(), world.organizer, absent, None, |_| ()).await.unwrap_err(),
    ];
    assert!(refusals.iter().all(|error| matches!(error, VenueError::NotFound)));

    let change = |details: &mut catalog::VenueDetails| details.name = name("New Mill");
    let changed =
        world.catalog.update_venue(world.test.origin(), world.organizer, venue.id, Some(1), change).await.unwrap();
    assert_eq!((changed.version, changed.details.name.as_str()), (2, "New Mill"));
    let outdated =
        world.catalog.update_venue(world.test.origin(), world.organizer, venue.id, Some(1), |_| ()).await.unwrap_err();
    assert!(matches!(outdated, VenueError::Conflict { current: 2 }));
    assert_eq!(outdated.code(), Code::Conflict);
    assert_eq!(world.catalog.venue(venue.id).await.unwrap(), changed);
}

#[tokio::test]
async fn lists_page_through_every_venue_once() {
    let world = World::new().await;
    for n in 0..7 {
        world.venue(&format!("Hall {n}"), "Leipzig", "Europe/Berlin").await;
        world.env().clock.advance(std::time::Duration::from_millis(1));
    }
    let other = OrganizerId::fresh(world.env());
    world.catalog.create_venue(other, venue_details("Other", "Ulm", "UTC")).await.unwrap();
    let (mut names, mut cursor) = (Vec::new(), None);
    loop {
        let paging = Paging::new(Some(3), cursor).unwrap();
        let page = world.catalog.venues(Some(world.organizer), &paging).await.unwrap();
        names.extend(page.items.iter().map(|venue| venue.details.name.as_str().to_owned()));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
        let stolen = Paging::new(None, cursor.clone()).unwrap();
        let error = world.catalog.venues(Some(other), &stolen).await.unwrap_err();
        assert!(matches!(error, ListError::Cursor(_)) && error.code() == Code::InvalidCursor);
    }
    assert_eq!(names, (0..7).map(|n| format!("Hall {n}")).collect::<Vec<_>>());
    let all = world.catalog.venues(None, &Paging::new(None, None).unwrap()).await.unwrap();
    assert_eq!((all.items.len(), all.next_cursor), (8, None));
}

#[tokio::test]
async fn two_spellings_are_one_performer_of_an_organizer() {
    let world = World::new().await;
    let first = world.catalog.performer_named(world.organizer, name("Beyond Café")).await.unwrap();
    let again = world.catalog.performer_named(world.organizer, name("BEYOND CAFE!")).await.unwrap();
    assert_eq!(first, again);
    let other = world.catalog.performer_named(OrganizerId::fresh(world.env()), name("Beyond Café")).await.unwrap();
    assert_ne!(first.id, other.id);
    assert_eq!(world.catalog.performer(first.id).await.unwrap(), first);
    let page = world.catalog.performers(world.organizer, &Paging::new(None, None).unwrap()).await.unwrap();
    assert_eq!(page.items, [first]);
}
