//! Members who work for some of an organizer's events: to them all else of it is absent.

use std::time::Duration;

use identity::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, Wish};

#[tokio::test]
async fn a_door_for_tonight_knows_tonight_alone() {
    let app = TestApp::with(Wish::unlimited()).await;
    let house = app.aurora().await;
    let soon = |body: &mut Value| body["startsAt"] = "2026-01-01T01:00:00Z".into();
    let (tonight, tomorrow) = (app.event_with(soon).await, app.event_with(soon).await);
    let ann = app.fan("ann").await;
    let barcode = async |event: &str, seat: &str| {
        let order = ann.bought(event, &[seat]).await;
        let ticket = order["tickets"][0]["id"].as_str().unwrap();
        let shown = ann.get(&format!("/tickets/{ticket}/barcode?format=json")).await.expect(200).json();
        shown["text"].as_str().unwrap().to_owned()
    };
    let (one, other) = (barcode(&tonight.id, "S-A-1").await, barcode(&tomorrow.id, "S-A-1").await);
    let door = app.limited(&house, Role::Door, &[&tonight.id]).await;
    let at = |page: &str| format!("/organizers/{}{page}", house.id);
    let scan = |barcode: &str, id: &str| json!({ "barcode": barcode, "gate": "North", "scanId": id });

    let events = door.get(&at("/events")).await.expect(200).json();
    let seen: Vec<_> = events["items"].as_array().unwrap().iter().map(|event| event["id"].clone()).collect();
    assert_eq!(seen, [json!(tonight.id)]);
    door.get(&tonight.staff_path("")).await.expect(200);
    door.get(&tomorrow.staff_path("")).await.refused(404, "not_found");
    assert_eq!(door.post(&at("/checkins"), scan(&one, "a")).await.expect(200).json()["result"], "admitted");
    let unknown = door.post(&at("/checkins"), scan("nonsense", "b")).await.expect(200).json();
    let foreign = door.post(&at("/checkins"), scan(&other, "b2")).await.expect(200).json();
    for field in ["result", "ticket", "admission", "superseded"] {
        assert_eq!(foreign[field], unknown[field], "{field}");
    }
    let batch = json!({ "scans": [scan(&other, "c"), scan(&one, "d"), scan("nonsense", "e")] });
    let results = door.post(&at("/checkins/batch"), batch).await.expect(200).json();
    let results: Vec<_> = results["results"].as_array().unwrap().iter().map(|one| one["result"].clone()).collect();
    assert_eq!(results, ["unknown", "already_used", "unknown"]);
    // A door of all events lets in whom the other one did not know, also under the same name of the scan.
    let everywhere = app.staff(&house, Role::Door).await;
    assert_eq!(everywhere.post(&at("/checkins"), scan(&other, "c")).await.expect(200).json()["result"], "admitted");
    assert_eq!(door.post(&at("/checkins"), scan(&other, "c")).await.expect(200).json()["result"], "unknown");
    door.get(&at("/checkins/keys")).await.expect(200);
}

#[tokio::test]
async fn a_finance_member_of_one_event_sees_its_orders_and_no_others() {
    let app = TestApp::with(Wish::unlimited()).await;
    let house = app.aurora().await;
    let (ours, other) = (app.event_of(&house).await, app.event_of(&house).await);
    let ann = app.fan("ann").await;
    // The newest comes first.
    let one = ann.bought(&ours.id, &["S-A-1"]).await;
    app.advance(Duration::from_secs(1)).await;
    let two = ann.bought(&other.id, &["S-A-1", "S-A-2"]).await;
    app.advance(Duration::from_secs(1)).await;
    // And a cart with places of both.
    let holds = [ann.held(&ours.id, &["S-A-3"]).await, ann.held(&other.id, &["S-A-4"]).await];
    let both = ann.pay(&[&holds[0], &holds[1]], "tok_ok").await.expect(201).json();
    let finance = app.limited(&house, Role::Finance, &[&ours.id]).await;
    let at = |page: &str| format!("/organizers/{}{page}", house.id);
    let ids = |list: Value| {
        let items = list["items"].as_array().unwrap().iter();
        Vec::from_iter(items.map(|order| order["id"].clone()))
    };
    let seen = finance.get(&at("/orders")).await.expect(200).json();
    let cart = seen["items"][0].clone();
    assert_eq!(ids(seen), [both["id"].clone(), one["id"].clone()]);
    assert_eq!(cart["tickets"].as_array().unwrap().len(), 1, "of the cart the part of this event");
    assert_ne!(cart["total"], both["total"]);
    let shown = finance.get(&at(&format!("/orders/{}", both["id"].as_str().unwrap()))).await.expect(200).json();
    assert_eq!((&shown["tickets"], &shown["total"]), (&cart["tickets"], &cart["total"]));
    finance.get(&at(&format!("/orders/{}", two["id"].as_str().unwrap()))).await.refused(404, "not_found");
    let of = |event: &str| at(&format!("/orders?event={event}"));
    assert_eq!(ids(finance.get(&of(&ours.id)).await.expect(200).json()).len(), 2);
    let absent = finance.get(&of("evt_01h455vb4pex5vsknk084sn02q")).await.expect(200).json();
    assert_eq!(finance.get(&of(&other.id)).await.expect(200).json(), absent);
    let ticket = |order: &Value| at(&format!("/tickets/{}", order["tickets"][0]["id"].as_str().unwrap()));
    finance.get(&ticket(&one)).await.expect(200);
    finance.get(&ticket(&two)).await.refused(404, "not_found");
    // Money they give back for the whole house or not at all.
    let refund = at(&format!("/orders/{}/refund", one["id"].as_str().unwrap()));
    finance.keyed(app.key()).post(&refund, json!({ "reason": "rain" })).await.refused(404, "not_found");
    let two_events = app.limited(&house, Role::Finance, &[&ours.id, &other.id]).await;
    assert_eq!(
        ids(two_events.get(&at("/orders?limit=2")).await.expect(200).json()),
        [both["id"].clone(), two["id"].clone()]
    );
    let everything = app.staff(&house, Role::Finance).await;
    assert_eq!(ids(everything.get(&at("/orders")).await.expect(200).json()).len(), 3);
}

#[tokio::test]
async fn a_limit_is_set_moved_and_lifted() {
    let app = TestApp::with(Wish::unlimited()).await;
    let house = app.aurora().await;
    let (one, other) = (app.event_on_sale().await, app.event_on_sale().await);
    let manager = app.limited(&house, Role::Manager, &[&one.id]).await;
    let member = format!("/organizers/{}/members/{}", house.id, manager.id);
    manager.patch(&one.staff_path(""), json!({ "name": "Tonight" })).await.expect(200);
    manager.patch(&other.staff_path(""), json!({ "name": "Tonight" })).await.refused(404, "not_found");
    let venue = format!("/organizers/{}/venues", house.id);
    manager.post(&venue, crate::app::venue_body()).await.refused(404, "not_found");
    house.owner.patch(&member, json!({ "events": [other.id] })).await.expect(204);
    manager.get(&one.staff_path("")).await.refused(404, "not_found");
    manager.get(&other.staff_path("")).await.expect(200);
    house.owner.patch(&member, json!({ "events": [other.id], "role": "owner" })).await.refused(400, "invalid_field");
    house.owner.patch(&member, json!({ "role": "viewer" })).await.expect(204);
    manager.get(&one.staff_path("")).await.refused(404, "not_found");
    house.owner.patch(&member, json!({ "events": null })).await.expect(204);
    manager.get(&one.staff_path("")).await.expect(200);
    manager.get(&format!("/organizers/{}/orders", house.id)).await.expect(200);
    let log =
        house.owner.get(&format!("/organizers/{}/audit?action=member.change_role", house.id)).await.expect(200).json();
    assert_eq!(log["items"][0]["after"], json!({ "events": null }));
    assert_eq!(log["items"][0]["before"], json!({ "events": [other.id] }));
}

#[tokio::test]
async fn pages_of_a_limited_list_follow_each_other() {
    let app = TestApp::with(Wish::unlimited()).await;
    let house = app.aurora().await;
    let mut wanted = Vec::new();
    for number in 0..5 {
        let event = app.draft_with(&house, |_| {}).await.id;
        app.advance(Duration::from_secs(1)).await;
        if number != 2 {
            wanted.push(event);
        }
    }
    let viewer = app.limited(&house, Role::Viewer, &wanted.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = viewer.get(&format!("/organizers/{}/events?limit=3{cursor}", house.id)).await.expect(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    wanted.reverse();
    assert_eq!(seen, wanted);
}
