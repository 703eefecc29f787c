//! Blocks through a crash: between what the engine did and the row that says for whom.

use std::time::Duration;

use sales::{Block, NewBlock, Places, Release};
use stagedoor_core::EventId;
use store::idempotency::Answer;

use crate::world::World;

fn wish(world: &World, event: EventId, places: Places) -> NewBlock {
    let holder = Some(crate::world::name("Sponsor"));
    let (organizer, origin) = (world.organizer, world.db.origin().clone());
    NewBlock { organizer, event, holder, note: None, places, by: world.db.env.id(), origin, key: None }
}

fn seats(seats: &[&str]) -> Places {
    Places::Seats(seats.iter().map(|seat| (*seat).to_owned()).collect())
}

fn no_answer(_: &Block) -> Answer {
    Answer { status: 201, body: Vec::new() }
}

/// How many seats and places each block has, newest first.
async fn told(world: &World, event: EventId) -> Vec<(usize, u32)> {
    let page = world.sales.blocks(world.organizer, event, None, 100).await.unwrap();
    let places = |block: &Block| (block.seats.len(), block.area.as_ref().map_or(0, |(_, places)| *places));
    page.blocks.iter().map(places).collect()
}

#[tokio::test]
async fn a_block_begun_before_a_restart_has_its_places_after_it() {
    for (places, expected) in
        [(seats(&["S-A-1", "S-A-2"]), (2, 0)), (Places::Area { area: "FLOOR".to_owned(), places: 7 }, (0, 7))]
    {
        let world = World::new().await;
        let event = world.event().await;
        let before = world.inventory.view(event).await.unwrap().available();
        let stalled = world.disk.stall().await;
        {
            let change = world.sales.set_aside(wish(&world, event, places), no_answer);
            let asked = world.disk.wanted();
            futures_util::future::select(std::pin::pin!(change), std::pin::pin!(asked)).await;
        }
        assert_eq!(told(&world, event).await, [], "nothing is blocked yet");
        drop(stalled);
        let world = world.restart().await;
        world.rest().await;
        assert_eq!(told(&world, event).await, [expected]);
        let left = world.inventory.view(event).await.unwrap().available();
        assert_eq!(before - left, expected.0 as u32 + expected.1);
    }
}

#[tokio::test]
async fn what_was_released_before_a_restart_is_in_no_block_after_it() {
    let world = World::new().await;
    let event = world.event().await;
    let before = world.inventory.view(event).await.unwrap().available();
    world.sales.set_aside(wish(&world, event, seats(&["S-A-1", "S-A-2"])), no_answer).await.unwrap();
    let block = world.sales.blocks(world.organizer, event, None, 1).await.unwrap().blocks.remove(0);
    let stalled = world.disk.stall().await;
    {
        let release = Release::Seats(vec!["S-A-1".to_owned()]);
        let change = world.sales.release_block(world.db.origin(), world.organizer, event, block.id, release);
        let asked = world.disk.wanted();
        futures_util::future::select(std::pin::pin!(change), std::pin::pin!(asked)).await;
    }
    drop(stalled);
    let world = world.restart().await;
    // Blocked anew for nobody: the change that was on its way is finished first, so no name comes back.
    let anew = ["S-A-1".to_owned()];
    world.sales.block_seats(world.db.origin(), world.organizer, event, &anew).await.unwrap();
    assert_eq!(told(&world, event).await, [(1, 0)]);
    let left = world.inventory.view(event).await.unwrap().available();
    assert_eq!(before - left, 2);
}

#[tokio::test]
async fn blocked_seats_keep_their_block_on_another_map() {
    let world = World::new().await;
    let event = world.event().await;
    world.sales.set_aside(wish(&world, event, seats(&["S-A-1", "S-A-2"])), no_answer).await.unwrap();
    world.db.env.clock.advance(Duration::from_millis(1));
    let area = Places::Area { area: "FLOOR".to_owned(), places: 7 };
    world.sales.set_aside(wish(&world, event, area), no_answer).await.unwrap();
    let wider = crate::onsale::add_map(&world, |map| map.areas[0].capacity = 300).await;
    world.sales.move_to_seat_map(world.db.origin(), world.organizer, event, wider).await.unwrap();
    assert_eq!(told(&world, event).await, [(0, 7), (2, 0)]);
}
