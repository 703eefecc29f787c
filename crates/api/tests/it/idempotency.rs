//! What an idempotency key stands for: one operation on one thing, and nothing else.

use serde_json::{Value, json};

use crate::app::{OnSale, TestApp, Wish};
use crate::caller::Caller;

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
    let member = json!({ "email": aurora.owner.email, "role": "finance" });
    borealis.owner.post(&format!("/organizers/{}/members", borealis.id), member).await.expect(201);
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
