//! What an idempotency key stands for: one operation on one thing, and nothing else.

use serde_json::{Value, json};

use crate::app::{OnSale, TestApp, Wish, event_body, venue_body};
use crate::caller::Caller;
use crate::maps;

async fn booked(ann: &Caller, event: &OnSale, seat: &str) -> String {
    let body = json!({ "eventId": event.id, "seatIds": [seat] });
    let booking = ann.post("/bookings", body).await.expect(201).json();
    format!("/bookings/{}", booking["bookingId"].as_str().unwrap())
}

async fn bought(ann: &Caller, event: &OnSale, seat: &str) -> String {
    format!("/orders/{}", ann.bought(&event.id, &[seat]).await["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_key_confirms_one_booking() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let (one, two) = (booked(&ann, &event, "S-A-1").await, booked(&ann, &event, "S-A-2").await);
    let keyed = ann.keyed(app.key());
    let first = keyed.post(&format!("{one}/confirm"), json!({})).await.expect(200);
    keyed.post(&format!("{two}/confirm"), json!({})).await.refused(422, "idempotency_mismatch");
    assert_eq!(ann.get(&two).await.expect(200).json()["status"], "HOLD");
    let again = keyed.post(&format!("{one}/confirm"), json!({})).await.expect(200);
    assert!(again.is_replay());
    assert_eq!(again.body, first.body);

    // Another key confirms what is confirmed already, and then stands for that.
    let other = ann.keyed(app.key());
    assert_eq!(other.post(&format!("{one}/confirm"), json!({})).await.expect(200).body, first.body);
    other.post(&format!("{two}/confirm"), json!({})).await.refused(422, "idempotency_mismatch");
    assert_eq!(app.gateway.books().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_cancels_one_order() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let (one, two) = (bought(&ann, &event, "S-A-1").await, bought(&ann, &event, "S-A-2").await);
    let keyed = ann.keyed(app.key());
    keyed.post(&format!("{one}/cancel"), json!({})).await.expect(200);
    keyed.post(&format!("{two}/cancel"), json!({})).await.refused(422, "idempotency_mismatch");
    assert_eq!(ann.get(&two).await.expect(200).json()["status"], "completed");
}

#[tokio::test]
async fn a_key_refunds_one_organizer_s_part_of_one_order() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (aurora, borealis) = (app.aurora().await, app.borealis().await);
    let (here, there) = (app.event_on_sale().await, app.event_of(&borealis).await);
    // Someone who works for both.
    app.verified("aurora").await;
    app.joins(&borealis, &aurora.owner, identity::Role::Finance).await;
    let ann = app.fan("ann").await;
    let holds = [ann.held(&here.id, &["S-A-1"]).await, ann.held(&there.id, &["S-A-1"]).await];
    let shared = ann.pay(&[&holds[0], &holds[1]], "tok_ok").await.expect(201).json();
    let other = ann.bought(&here.id, &["S-A-2"]).await;
    let refund = |house: &str, order: &Value| {
        (format!("/organizers/{house}/orders/{}/refund", order["id"].as_str().unwrap()), json!({ "reason": "rain" }))
    };
    let keyed = aurora.owner.keyed(app.key());
    let (path, body) = refund(&aurora.id, &shared);
    keyed.post(&path, body).await.expect(200);
    for (house, order) in [(&borealis.id, &shared), (&aurora.id, &other)] {
        let (path, body) = refund(house, order);
        keyed.post(&path, body).await.refused(422, "idempotency_mismatch");
    }
    let seen = ann.get(&format!("/orders/{}", shared["id"].as_str().unwrap())).await.json();
    assert_eq!(seen["status"], "partially_refunded");
    let (path, body) = refund(&borealis.id, &shared);
    let theirs = keyed.keyed(app.key()).post(&path, body).await.expect(200).json();
    let events: Vec<_> = theirs["tickets"].as_array().unwrap().iter().map(|ticket| &ticket["eventId"]).collect();
    assert_eq!(events, [&json!(there.id)]);
}

#[tokio::test]
async fn operations_do_not_share_keys() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await.keyed("one-key"));
    let booking = ann.post("/bookings", json!({ "eventId": event.id, "seatIds": ["S-A-1"] })).await.expect(201);
    let hold = ann.hold(&event.id, &["S-A-2"]).await.expect(201);
    assert!(!booking.is_replay() && !hold.is_replay());
    let order = json!({ "holds": [hold.id()], "payment": { "method": "simulated", "token": "tok_ok" } });
    let order = ann.post("/orders", order).await.expect(201);
    let path = format!("/bookings/{}/confirm", booking.json()["bookingId"].as_str().unwrap());
    let confirmed = ann.post(&path, json!({})).await.expect(200);
    let cancelled = ann.post(&format!("/orders/{}/cancel", order.id()), json!({})).await.expect(200);
    assert!(!order.is_replay() && !confirmed.is_replay() && !cancelled.is_replay());
    assert_ne!(confirmed.json()["orderId"], order.id());
}

#[tokio::test]
async fn what_is_made_under_a_key_is_made_once() {
    let app = TestApp::with(Wish::unlimited()).await;
    let owner = app.fan("owner").await;
    let keyed = owner.keyed("one-key");
    let made_once = async |path: &str, list: &str, body: Value, other: Value| {
        let first = keyed.post(path, body.clone()).await.expect(201);
        let again = keyed.post(path, body).await.expect(201);
        assert!(!first.is_replay() && again.is_replay(), "{path}");
        assert_eq!(again.body, first.body, "{path}");
        keyed.post(path, other).await.refused(422, "idempotency_mismatch");
        let listed = owner.get(list).await.expect(200).json();
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{path}: {listed}");
        first.id()
    };
    let house = made_once("/organizers", "/organizers", json!({ "name": "Mill" }), json!({ "name": "Hall" })).await;
    let base = format!("/organizers/{house}");

    let venues = format!("{base}/venues");
    let mut elsewhere = venue_body();
    elsewhere["city"] = "Ulm".into();
    let first = keyed.post(&venues, venue_body()).await.expect(201);
    let again = keyed.post(&venues, venue_body()).await.expect(201);
    assert!(!first.is_replay() && again.is_replay());
    assert_eq!(again.body, first.body);
    keyed.post(&venues, elsewhere).await.refused(422, "idempotency_mismatch");
    let venue = first.id();
    let listed = owner.get("/venues?limit=100").await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");

    let mut other = maps::hall();
    other["name"] = "Another hall".into();
    let path = format!("{venues}/{venue}/seat-maps");
    made_once(&path, &path, maps::hall(), other).await;
    let second = owner.post(&venues, venue_body()).await.expect(201).id();
    let there = keyed.post(&format!("{venues}/{second}/seat-maps"), maps::hall()).await;
    there.refused(422, "idempotency_mismatch");

    let mut other = event_body(&venue);
    other["name"] = "Southern Lights".into();
    let path = format!("{base}/events");
    made_once(&path, &path, event_body(&venue), other).await;
}

#[tokio::test]
async fn organizers_do_not_share_keys_and_a_refusal_leaves_a_key_free() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (aurora, borealis) = (app.aurora().await, app.borealis().await);
    app.verified("aurora").await;
    app.joins(&borealis, &aurora.owner, identity::Role::Manager).await;
    let keyed = aurora.owner.keyed("one-key");
    let mut wrong = venue_body();
    wrong["country"] = "Atlantis".into();
    let (here, there) = (format!("/organizers/{}/venues", aurora.id), format!("/organizers/{}/venues", borealis.id));
    keyed.post(&here, wrong).await.refused(400, "invalid_field");
    let made = keyed.post(&here, venue_body()).await.expect(201);
    let elsewhere = keyed.post(&there, venue_body()).await.expect(201);
    assert!(!made.is_replay() && !elsewhere.is_replay());
    assert_eq!(elsewhere.json()["organizerId"], borealis.id);
    // Nor do people.
    let colleague = borealis.owner.keyed("one-key").post(&there, venue_body()).await.expect(201);
    assert!(!colleague.is_replay());
    assert_ne!(colleague.id(), elsewhere.id());
}
