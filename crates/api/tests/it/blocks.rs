//! Places kept off sale for somebody: what the list says is what the engine has blocked, whoever changed it.

use std::time::Duration;

use identity::Role;
use serde_json::{Value, json};
use stagedoor_core::EventId;

use crate::app::{OnSale, TestApp, Wish};
use crate::caller::Caller;

async fn listed(who: &Caller, event: &OnSale) -> Vec<Value> {
    let list = who.get(&event.staff_path("/blocks")).await.expect(200).json();
    list["items"].as_array().unwrap().clone()
}

/// Holder, how many places and which seats of each block, newest first.
async fn told(who: &Caller, event: &OnSale) -> Vec<Value> {
    let told = listed(who, event).await.into_iter();
    told.map(|block| json!([block["holder"], block["places"], block["seats"]])).collect()
}

async fn floor(who: &Caller, event: &OnSale) -> Value {
    who.get(&event.staff_path("/areas")).await.expect(200).json()["items"][0]["blocked"].clone()
}

/// Ids sort by the clock: what is made after this is the newer one.
fn later(app: &TestApp) {
    app.db.env.clock.advance(Duration::from_millis(1));
}

fn release(event: &OnSale, block: &str) -> String {
    event.staff_path(&format!("/blocks/{block}/release"))
}

#[tokio::test]
async fn seats_are_blocked_for_somebody_and_released_in_part_and_whole() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, house) = (app.event_on_sale().await, app.aurora().await);
    let manager = app.staff(&house, Role::Manager).await;
    let body = json!({ "holder": "Sponsor Nordbank", "note": "Names by Friday", "seats": ["S-A-2", "S-A-1", "S-A-3"] });
    let block = manager.post(&event.staff_path("/blocks"), body).await.expect(201).json();
    let expected = json!({ "id": block["id"], "holder": "Sponsor Nordbank", "note": "Names by Friday", "places": 3,
        "seats": ["S-A-1", "S-A-2", "S-A-3"], "area": null, "blockedBy": manager.id, "blockedAt": block["blockedAt"] });
    assert_eq!(block, expected);
    assert_eq!(listed(&house.owner, &event).await, [expected]);
    let viewer = app.staff(&house, Role::Viewer).await;
    assert_eq!(listed(&viewer, &event).await.len(), 1);
    let ann = app.fan("ann").await;
    ann.post(&event.path("/holds"), json!({ "seats": ["S-A-1"] })).await.refused(409, "seat_unavailable");

    // Of another block's nothing is taken, and neither is what came with it.
    let both = json!({ "seats": ["S-B-1", "S-A-3"] });
    let answer = manager.post(&event.staff_path("/blocks"), both).await.expect(409).json();
    assert_eq!(answer["error"]["details"]["seats"], json!(["S-A-3"]));
    ann.held(&event.id, &["S-B-1"]).await;
    let held = json!({ "holder": "Press", "seats": ["S-B-1", "S-B-2"] });
    let answer = manager.post(&event.staff_path("/blocks"), held).await.expect(409).json();
    assert_eq!(answer["error"]["details"]["seats"], json!(["S-B-1"]));
    assert_eq!(told(&manager, &event).await.len(), 1);

    let id = block["id"].as_str().unwrap();
    let some = json!({ "seats": ["S-A-1", "S-C-1"] });
    manager.post(&release(&event, id), some.clone()).await.expect(204);
    manager.post(&release(&event, id), some).await.expect(204);
    assert_eq!(told(&manager, &event).await, [json!(["Sponsor Nordbank", 2, ["S-A-2", "S-A-3"]])]);
    ann.held(&event.id, &["S-A-1"]).await;
    manager.post(&release(&event, id), json!({ "left": 1 })).await.refused(400, "invalid_field");
    manager.post(&release(&event, id), json!({ "seats": ["nowhere"] })).await.refused(400, "unknown_seat");
    manager.post(&release(&event, id), json!({})).await.expect(204);
    assert_eq!(told(&manager, &event).await, [] as [Value; 0]);
    manager.post(&release(&event, id), json!({})).await.refused(404, "not_found");
}

#[tokio::test]
async fn what_is_unblocked_without_a_name_leaves_its_block_for_good() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, owner) = (app.event_on_sale().await, app.aurora().await.owner);
    let seats = |seats: &[&str]| json!({ "seats": seats });
    // Blocked for nobody, then for somebody.
    owner.post(&event.staff_path("/block"), seats(&["S-A-1"])).await.expect(204);
    assert_eq!(told(&owner, &event).await, [] as [Value; 0]);
    let body = json!({ "holder": "House", "seats": ["S-A-1", "S-A-2"] });
    owner.post(&event.staff_path("/blocks"), body).await.expect(201);

    owner.post(&event.staff_path("/unblock"), seats(&["S-A-1"])).await.expect(204);
    assert_eq!(told(&owner, &event).await, [json!(["House", 1, ["S-A-2"]])]);
    owner.post(&event.staff_path("/block"), seats(&["S-A-1", "S-A-2"])).await.expect(204);
    assert_eq!(told(&owner, &event).await, [json!(["House", 1, ["S-A-2"]])], "it is nobody's any more");
    owner.post(&event.staff_path("/unblock"), seats(&["S-A-1", "S-A-2"])).await.expect(204);
    assert_eq!(told(&owner, &event).await, [] as [Value; 0]);

    // As if somebody had changed what the engine has without a word to anybody else.
    let body = json!({ "holder": "Press", "seats": ["S-B-1", "S-B-2"] });
    owner.post(&event.staff_path("/blocks"), body).await.expect(201);
    let id: EventId = event.id.parse().unwrap();
    app.app.inventory.unblock(id, &["S-B-2"]).await.unwrap();
    assert_eq!(told(&owner, &event).await, [json!(["Press", 1, ["S-B-1"]])]);
    app.app.inventory.unblock(id, &["S-B-1"]).await.unwrap();
    assert_eq!(told(&owner, &event).await, [] as [Value; 0]);
}

#[tokio::test]
async fn places_of_an_area_are_never_more_than_are_blocked_there() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, owner) = (app.event_on_sale().await, app.aurora().await.owner);
    let set = async |holder: &str, places: u32| {
        later(&app);
        let body = json!({ "holder": holder, "area": { "id": "FLOOR", "places": places } });
        owner.post(&event.staff_path("/blocks"), body).await.expect(201).json()
    };
    let total = async |blocked: u32| {
        let body = json!({ "area": { "id": "FLOOR", "blocked": blocked } });
        owner.post(&event.staff_path("/block"), body).await.expect(204);
    };
    total(5).await;
    let first = set("Sponsor", 20).await;
    assert_eq!((&first["places"], &first["area"]), (&json!(20), &json!({ "id": "FLOOR", "name": "Floor" })));
    let second = set("Press", 10).await;
    assert_eq!(floor(&owner, &event).await, 35);
    assert_eq!(told(&owner, &event).await, [json!(["Press", 10, []]), json!(["Sponsor", 20, []])]);

    // Fewer in all than in blocks: the newest lose first, and do not come back.
    total(24).await;
    assert_eq!(told(&owner, &event).await, [json!(["Press", 4, []]), json!(["Sponsor", 20, []])]);
    total(60).await;
    assert_eq!(told(&owner, &event).await, [json!(["Press", 4, []]), json!(["Sponsor", 20, []])]);

    let of = |block: &Value| release(&event, block["id"].as_str().unwrap());
    owner.post(&of(&first), json!({ "left": 21 })).await.refused(400, "invalid_field");
    owner.post(&of(&first), json!({ "seats": ["S-A-1"] })).await.refused(400, "invalid_field");
    for _ in 0..2 {
        owner.post(&of(&first), json!({ "left": 15 })).await.expect(204);
        assert_eq!(floor(&owner, &event).await, 55);
    }
    owner.post(&of(&second), json!({})).await.expect(204);
    assert_eq!(floor(&owner, &event).await, 51);
    assert_eq!(told(&owner, &event).await, [json!(["Sponsor", 15, []])]);

    // What is refused leaves no row, and the floor as it was.
    let body = json!({ "area": { "id": "FLOOR", "places": 150 } });
    owner.post(&event.staff_path("/blocks"), body).await.refused(409, "capacity_below_sold");
    assert_eq!((told(&owner, &event).await.len(), floor(&owner, &event).await), (1, json!(51)));
    let id: EventId = event.id.parse().unwrap();
    app.app.inventory.block_area(id, "FLOOR", 3).await.unwrap();
    assert_eq!(told(&owner, &event).await, [json!(["Sponsor", 3, []])]);
}

#[tokio::test]
async fn a_block_is_made_once_for_each_key_and_listed_in_pages() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, house) = (app.event_on_sale().await, app.aurora().await);
    let (path, keyed) = (event.staff_path("/blocks"), house.owner.keyed(app.key()));
    let ten = json!({ "area": { "id": "FLOOR", "places": 10 } });
    let first = keyed.post(&path, ten.clone()).await.expect(201);
    let again = keyed.post(&path, ten.clone()).await.expect(201);
    assert_eq!((first.json(), again.is_replay()), (again.json(), true));
    assert_eq!(floor(&house.owner, &event).await, 10);
    keyed.post(&path, json!({ "area": { "id": "FLOOR", "places": 11 } })).await.refused(422, "idempotency_mismatch");
    // What was refused may be asked for again under the same key.
    let key = house.owner.keyed(app.key());
    let many = json!({ "area": { "id": "FLOOR", "places": 195 } });
    key.post(&path, many.clone()).await.refused(409, "capacity_below_sold");
    let first = first.json()["id"].as_str().unwrap().to_owned();
    house.owner.post(&release(&event, &first), Value::Null).await.expect(204);
    key.post(&path, many).await.expect(201);
    for body in [json!({}), json!({ "area": { "id": "FLOOR", "places": 0 } }), json!({ "seats": [] })] {
        house.owner.post(&path, body).await.refused(400, "invalid_field");
    }
    let both = json!({ "seats": ["S-A-1"], "area": { "id": "FLOOR", "places": 1 } });
    house.owner.post(&path, both).await.refused(400, "invalid_field");

    for seat in ["S-A-1", "S-A-2"] {
        later(&app);
        house.owner.post(&path, json!({ "holder": seat, "seats": [seat] })).await.expect(201);
    }
    let page = house.owner.get(&format!("{path}?limit=2")).await.expect(200).json();
    let holders = |page: &Value| {
        let items = page["items"].as_array().unwrap().iter();
        Vec::from_iter(items.map(|block| block["holder"].clone()))
    };
    assert_eq!(holders(&page), [json!("S-A-2"), json!("S-A-1")]);
    let rest = format!("{path}?limit=2&cursor={}", page["nextCursor"].as_str().unwrap());
    let rest = house.owner.get(&rest).await.expect(200).json();
    assert_eq!((holders(&rest), &rest["nextCursor"]), (vec![Value::Null], &Value::Null));
    house.owner.get(&format!("{path}?cursor=x")).await.refused(400, "invalid_cursor");

    // A draft has no seats yet; another event's block is none of this one's.
    let draft = app.draft_with(&house, |_| {}).await;
    assert_eq!(told(&house.owner, &draft).await, [] as [Value; 0]);
    house.owner.post(&draft.staff_path("/blocks"), ten).await.refused(409, "wrong_state");
    let other = app.event_on_sale().await;
    let block = page["items"][0]["id"].as_str().unwrap();
    house.owner.post(&release(&other, block), Value::Null).await.refused(404, "not_found");
}
