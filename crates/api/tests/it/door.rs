//! What doors and the box office are told of an event: its tickets for scanners without a network, who came and
//! what was sold.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{House, OnSale, TestApp, Wish};
use crate::caller::Caller;

async fn scan(who: &Caller, house: &House, event: &OnSale, barcode: &str, gate: &str, id: &str) -> Value {
    let body = json!({ "barcode": barcode, "gate": gate, "scanId": id, "eventId": event.id });
    who.post(&format!("/organizers/{}/checkins", house.id), body).await.expect(200).json()
}

async fn barcode(fan: &Caller, ticket: &Value) -> String {
    let path = format!("/tickets/{}/barcode?format=json", ticket["id"].as_str().unwrap());
    fan.get(&path).await.expect(200).json()["text"].as_str().unwrap().to_owned()
}

/// An event whose doors are open, with three tickets sold.
async fn evening(app: &TestApp) -> (House, OnSale, Caller, Vec<Value>) {
    let house = app.house("Odeon").await;
    let (event, ann) = (app.event_of(&house).await, app.fan("ann").await);
    let order = ann.bought(&event.id, &["S-A-1", "S-A-2", "S-A-3"]).await;
    let start = app.nobody().get(&event.path("")).await.expect(200).json()["startsAt"].as_str().unwrap().to_owned();
    let start: stagedoor_core::Timestamp = start.parse().unwrap();
    app.advance(start.since(app.app.env.now())).await;
    // Months later.
    (house, event, ann.signed_in_again().await, order["tickets"].as_array().unwrap().clone())
}

#[tokio::test]
async fn a_scanner_learns_all_it_needs_and_nothing_of_the_buyer() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (house, event, ann, tickets) = evening(&app).await;
    let door = app.staff(&house, identity::Role::Door).await;
    let list = async |query: &str| door.get(&event.staff_path(&format!("/checkins/tickets{query}"))).await;
    let all = list("").await.expect(200).json();
    let items = all["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    let first = items.iter().find(|item| item["id"] == tickets[0]["id"]).unwrap();
    let expected = json!({ "id": tickets[0]["id"], "version": 1, "status": "issued", "seat": "S-A-1",
        "row": "A", "label": "1", "admission": null });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(first[name], *value, "{name}: {first}");
    }
    for word in ["usr_", "ord_", "ann@", "amount"] {
        assert!(!all.to_string().contains(word), "{word}: {all}");
    }

    // In pages it is the same.
    let page = list("?limit=2").await.expect(200).json();
    let cursor = page["nextCursor"].as_str().unwrap();
    let rest = list(&format!("?limit=2&cursor={cursor}")).await.expect(200).json();
    let both: Vec<_> = [&page, &rest].iter().flat_map(|page| page["items"].as_array().unwrap().clone()).collect();
    assert_eq!((&both, &rest["nextCursor"]), (items, &Value::Null));

    // Later only what has changed is told: a scan, a new barcode.
    app.advance(Duration::from_secs(300)).await;
    let since = list("").await.expect(200).json()["asOf"].as_str().unwrap().to_owned();
    assert!(list(&format!("?since={since}")).await.expect(200).json()["items"].as_array().unwrap().is_empty());
    let code = barcode(&ann, &tickets[0]).await;
    assert_eq!(scan(&door, &house, &event, &code, "North", "1").await["result"], "admitted");
    let reissue = format!("/tickets/{}/reissue", tickets[1]["id"].as_str().unwrap());
    ann.keyed(app.key()).post(&reissue, json!({})).await.expect(200);
    let news = list(&format!("?since={since}")).await.expect(200).json();
    let news = news["items"].as_array().unwrap();
    let of = |ticket: &Value| news.iter().find(|item| item["id"] == ticket["id"]).unwrap();
    assert_eq!(news.len(), 2, "{news:?}");
    assert_eq!((&of(&tickets[0])["status"], &of(&tickets[0])["admission"]["gate"]), (&json!("used"), &json!("North")));
    assert_eq!((&of(&tickets[1])["status"], &of(&tickets[1])["version"]), (&json!("issued"), &json!(2)));

    for query in ["?limit=0", "?limit=1001", "?limit=x", "?since=yesterday", "?minutes=1&limit=-1"] {
        list(query).await.refused(400, "invalid_query");
    }
    list("?cursor=x").await.refused(400, "invalid_cursor");
}

#[tokio::test]
async fn who_came_is_told_by_gate_and_minute() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (house, event, ann, tickets) = evening(&app).await;
    let door = app.staff(&house, identity::Role::Door).await;
    let at = event.staff_path("/checkins/attendance");
    let before = door.get(&at).await.expect(200).json();
    assert_eq!((&before["expected"], &before["admitted"], &before["gates"]), (&json!(3), &json!(0), &json!([])));

    let codes = [barcode(&ann, &tickets[0]).await, barcode(&ann, &tickets[1]).await];
    let first = scan(&door, &house, &event, &codes[0], "North", "1").await;
    assert_eq!((&first["ticket"]["row"], &first["ticket"]["label"]), (&json!("A"), &json!("1")));
    scan(&door, &house, &event, &codes[0], "South", "2").await;
    app.advance(Duration::from_secs(60)).await;
    scan(&door, &house, &event, &codes[1], "North", "3").await;

    let now = door.get(&at).await.expect(200).json();
    assert_eq!((&now["expected"], &now["admitted"]), (&json!(1), &json!(2)));
    let gates: Vec<_> = now["gates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gate| json!([gate["gate"], gate["admitted"], gate["refused"]]))
        .collect();
    assert_eq!(gates, [json!(["North", 2, 0]), json!(["South", 0, 1])]);
    let minutes: Vec<_> = now["minutes"].as_array().unwrap().iter().map(|minute| minute["admitted"].clone()).collect();
    assert_eq!(minutes, [json!(1), json!(1)]);
    app.advance(Duration::from_secs(600)).await;
    let later = door.get(&format!("{at}?minutes=5")).await.expect(200).json();
    assert_eq!((&later["minutes"], &later["admitted"]), (&json!([]), &json!(2)));
    door.get(&format!("{at}?minutes=0")).await.refused(400, "invalid_query");
    door.get(&format!("{at}?minutes=1441")).await.refused(400, "invalid_query");
}

#[tokio::test]
async fn what_was_sold_is_told_by_minute() {
    let app = TestApp::with(Wish::unlimited()).await;
    let house = app.house("Odeon").await;
    let (event, ann) = (app.event_of(&house).await, app.fan("ann").await);
    let at = event.staff_path("/sales");
    let nothing = house.owner.get(&at).await.expect(200).json();
    assert_eq!(
        (&nothing["tickets"], &nothing["minutes"], &nothing["faceValue"]["amount"]),
        (&json!(0), &json!([]), &json!(0))
    );
    let order = ann.bought(&event.id, &["S-A-1", "S-A-2"]).await;
    app.advance(Duration::from_secs(60)).await;
    let other = ann.bought(&event.id, &["S-A-3"]).await;
    let sum = order["total"]["amount"].as_i64().unwrap() + other["total"]["amount"].as_i64().unwrap();
    let sold = house.owner.get(&at).await.expect(200).json();
    assert_eq!((&sold["tickets"], &sold["faceValue"]["amount"]), (&json!(3), &json!(sum)));
    let minutes: Vec<_> = sold["minutes"].as_array().unwrap().iter().map(|minute| minute["tickets"].clone()).collect();
    assert_eq!(minutes, [json!(2), json!(1)]);

    let id = order["id"].as_str().unwrap();
    ann.keyed(app.key()).post(&format!("/orders/{id}/cancel"), json!({})).await.expect(200);
    let less = house.owner.get(&at).await.expect(200).json();
    assert_eq!((&less["tickets"], &less["faceValue"]), (&json!(1), &other["total"]));
    assert_eq!(less["minutes"], sold["minutes"], "it was sold all the same");
}

#[tokio::test]
async fn places_of_an_area_are_told_apart_for_staff_alone() {
    let app = TestApp::with(Wish::unlimited()).await;
    let house = app.house("Odeon").await;
    let draft = app.draft_with(&house, |_| {}).await;
    house.owner.get(&draft.staff_path("/areas")).await.refused(409, "wrong_state");

    let (event, ann) = (app.event_of(&house).await, app.fan("ann").await);
    let areas = async || house.owner.get(&event.staff_path("/areas")).await.expect(200).json()["items"].clone();
    let floor = |capacity: u32, sold: u32, held: u32, blocked: u32| {
        let available = capacity - sold - held - blocked;
        json!([{ "id": "FLOOR", "name": "Floor", "capacity": capacity, "sold": sold, "held": held,
            "blocked": blocked, "available": available }])
    };
    assert_eq!(areas().await, floor(200, 0, 0, 0));

    let hold = async |quantity: u32| {
        let body = json!({ "areas": [{ "id": "FLOOR", "quantity": quantity }] });
        ann.post(&event.path("/holds"), body).await.expect(201).id()
    };
    let (bought, given_back) = (hold(3).await, hold(4).await);
    assert_eq!(areas().await, floor(200, 0, 7, 0));
    let order = ann.pay(&[&bought], "tok_ok").await.expect(201).json();
    let block = json!({ "area": { "id": "FLOOR", "blocked": 50 } });
    house.owner.post(&event.staff_path("/block"), block).await.expect(204);
    let capacity = json!({ "area": "FLOOR", "capacity": 150 });
    house.owner.post(&event.staff_path("/capacity"), capacity).await.expect(204);
    assert_eq!(areas().await, floor(150, 3, 4, 50));

    ann.delete(&format!("/holds/{given_back}")).await.expect(204);
    let first = json!({ "tickets": [order["tickets"][0]["id"]] });
    let cancel = format!("/orders/{}/cancel", order["id"].as_str().unwrap());
    ann.keyed(app.key()).post(&cancel, first).await.expect(200);
    assert_eq!(areas().await, floor(150, 2, 0, 50));

    // Everyone else is told what is left.
    let public = app.nobody().get(&event.path("/availability")).await.expect(200).json();
    assert_eq!(public["areas"], json!([{ "id": "FLOOR", "name": "Floor", "available": 98 }]));
}

#[tokio::test]
async fn every_version_of_a_map_can_be_read_by_its_organizer() {
    let app = TestApp::new().await;
    let house = app.house("Odeon").await;
    let event = app.event_of(&house).await;
    let shown = app.nobody().get(&event.path("/seat-map")).await.expect(200);
    let page = app.nobody().get(&event.path("")).await.expect(200).json();
    let venue = page["venue"]["id"].as_str().unwrap();
    let at = format!("/organizers/{}/venues/{venue}/seat-maps", house.id);
    let versions = house.owner.get(&at).await.expect(200).json();
    let map = versions["items"][0]["id"].as_str().unwrap();
    let read = house.owner.get(&format!("{at}/{map}")).await.expect(200);
    assert_eq!((read.json(), read.header("etag")), (shown.json(), shown.header("etag")));
    let other = app.house("Apollo").await;
    other
        .owner
        .get(&format!("/organizers/{}/venues/{venue}/seat-maps/{map}", other.id))
        .await
        .refused(404, "not_found");
    house.owner.get(&format!("{at}/map_01h455vb4pex5vsknk084sn02q")).await.refused(404, "not_found");
}
