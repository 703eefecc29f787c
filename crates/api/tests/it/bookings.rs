//! The booking shorthand of document 004.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};
use stagedoor_core::limits::HOLD_TTL;

use crate::app::{FRONT, OnSale, TestApp, Wish};

fn wish(event: &OnSale, seats: &[&str]) -> Value {
    json!({ "eventId": event.id, "seatIds": seats })
}

#[tokio::test]
async fn a_booking_is_held_confirmed_and_given_back() {
    let app = TestApp::new().await;
    let (event, ann, bob) = (app.event_on_sale().await, app.fan("ann").await, app.fan("bob").await);
    let booking = ann.post("/bookings", wish(&event, &["S-A-1", "S-A-2"])).await.expect(201).json();
    assert_eq!((&booking["status"], &booking["eventId"]), (&json!("HOLD"), &json!(event.id)));
    assert_eq!(booking["total"], json!({ "amount": 2 * FRONT, "currency": "EUR" }));
    assert_eq!(booking["expiresAt"], "2026-01-01T00:05:00Z");
    let path = format!("/bookings/{}", booking["bookingId"].as_str().unwrap());
    assert_eq!(ann.get(&path).await.expect(200).json(), booking);
    bob.get(&path).await.refused(404, "not_found");
    bob.post(&format!("{path}/confirm"), json!({})).await.refused(404, "not_found");
    bob.delete(&path).await.refused(404, "not_found");

    let confirmed = ann.post(&format!("{path}/confirm"), json!({})).await.expect(200).json();
    assert_eq!(confirmed["status"], "CONFIRMED");
    assert_eq!(confirmed["tickets"].as_array().unwrap().len(), 2);
    assert_eq!(confirmed["transactionId"].as_str().unwrap().len(), 128);
    let again = ann.post(&format!("{path}/confirm"), json!({})).await.expect(200).json();
    assert_eq!(again["orderId"], confirmed["orderId"]);
    assert_eq!(app.gateway.books().await.unwrap().len(), 1);
    let shown = ann.get(&path).await.expect(200).json();
    assert_eq!((&shown["status"], &shown["orderId"]), (&json!("CONFIRMED"), &confirmed["orderId"]));

    assert_eq!(ann.delete(&path).await.expect(200).json()["status"], "CANCELLED");
    assert_eq!(ann.delete(&path).await.expect(200).json()["status"], "CANCELLED");
    bob.hold(&event.id, &["S-A-1", "S-A-2"]).await.expect(201);
}

#[tokio::test]
async fn a_booking_is_confirmed_by_its_id_alone() {
    let app = TestApp::new().await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let booking = ann.post("/bookings", wish(&event, &["S-A-1"])).await.expect(201).json();
    let path = format!("/bookings/{}/confirm", booking["bookingId"].as_str().unwrap());
    let sent = async |kind: Option<&str>, body: &'static str| {
        let mut request = ann.request(Method::POST, &path);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        ann.send(request.body(Body::from(body)).unwrap()).await
    };
    sent(None, "{}").await.refused(415, "unsupported_media_type");
    sent(Some("text/plain"), "{}").await.refused(415, "unsupported_media_type");
    sent(Some("application/json"), "{").await.refused(400, "malformed_json");
    sent(Some("application/json"), "{\"tip\": 5}").await.refused(400, "unknown_field");
    assert_eq!(sent(None, "").await.expect(200).json()["status"], "CONFIRMED");
    assert_eq!(sent(Some("application/json"), "").await.expect(200).json()["status"], "CONFIRMED");
}

#[tokio::test]
async fn a_booking_that_was_given_back_is_not_confirmed_any_more() {
    let app = TestApp::new().await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let booking = ann.post("/bookings", wish(&event, &["S-A-1", "S-A-2"])).await.expect(201).json();
    let confirm = format!("/bookings/{}/confirm", booking["bookingId"].as_str().unwrap());
    let keyed = ann.keyed(app.key());
    let first = keyed.post(&confirm, Value::Null).await.expect(200);
    let tickets = first.json()["tickets"].clone();
    let cancel = format!("/orders/{}/cancel", first.json()["orderId"].as_str().unwrap());
    let part = json!({ "tickets": [tickets[0]["id"]] });
    ann.keyed(app.key()).post(&cancel, part).await.expect(200);
    assert_eq!(ann.post(&confirm, Value::Null).await.expect(200).json()["tickets"], json!([tickets[1]]));
    ann.keyed(app.key()).post(&cancel, Value::Null).await.expect(200);
    let other = ann.keyed(app.key());
    for caller in [&ann, &other, &other] {
        let refused = caller.post(&confirm, Value::Null).await.refused(409, "wrong_state");
        assert_eq!(refused.details(), json!({ "status": "CANCELLED" }));
    }
    assert_eq!(keyed.post(&confirm, Value::Null).await.expect(200).body, first.body, "a key's answer is for good");
}

#[tokio::test]
async fn a_booking_that_is_not_confirmed_ends() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let booking = async |seat: &str| {
        let booking = ann.post("/bookings", wish(&event, &[seat])).await.expect(201).json();
        format!("/bookings/{}", booking["bookingId"].as_str().unwrap())
    };
    let (late, released, poor) = (booking("S-A-1").await, booking("S-A-2").await, booking("S-A-3").await);
    assert_eq!(ann.delete(&released).await.expect(200).json()["status"], "CANCELLED");
    ann.post(&format!("{released}/confirm"), json!({})).await.refused(409, "hold_ended");
    let declined = json!({ "payment": { "method": "simulated", "token": "tok_declined" } });
    ann.post(&format!("{poor}/confirm"), declined).await.refused(402, "payment_declined");
    assert_eq!(ann.get(&poor).await.expect(200).json()["status"], "HOLD");
    app.advance(HOLD_TTL + Duration::from_secs(600)).await;
    assert_eq!(ann.get(&late).await.expect(200).json()["status"], "EXPIRED");
    ann.post(&format!("{late}/confirm"), json!({})).await.refused(410, "hold_expired");
}

#[tokio::test]
async fn a_challenge_in_a_booking_is_answered_with_the_order() {
    let app = TestApp::new().await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let booking = ann.post("/bookings", wish(&event, &["S-A-1"])).await.expect(201).json();
    let path = format!("/bookings/{}/confirm", booking["bookingId"].as_str().unwrap());
    let challenge = json!({ "payment": { "method": "simulated", "token": "tok_challenge" } });
    let waiting = ann.post(&path, challenge).await.expect(202).json();
    assert_eq!(waiting["status"], "needs_buyer");
    assert!(waiting["nextAction"]["url"].is_string());
}

#[tokio::test]
async fn what_is_no_booking_is_refused() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    ann.held(&event.id, &["S-A-1"]).await;
    let eleven: Vec<String> = (20..31).map(crate::maps::seat_id).collect();
    for (body, status, code) in [
        (wish(&event, &["S-A-1"]), 409, "seat_unavailable"),
        (wish(&event, &[]), 400, "invalid_field"),
        (wish(&event, &["S-A-2", "S-A-2"]), 400, "invalid_field"),
        (wish(&event, &["S-Z-1"]), 400, "unknown_seat"),
        (json!({ "eventId": event.id, "seatIds": eleven }), 400, "too_many_seats"),
        (json!({ "eventId": event.venue, "seatIds": ["S-A-2"] }), 404, "not_found"),
        (json!({ "eventId": "evt_01h455vb4pex5vsknk084sn02q", "seatIds": ["S-A-2"] }), 404, "not_found"),
        (json!({ "eventId": event.id }), 400, "invalid_field"),
        (json!({ "eventId": event.id, "seatIds": ["S-A-2"], "price": 1 }), 400, "unknown_field"),
    ] {
        let refused = ann.post("/bookings", body.clone()).await;
        assert_eq!((refused.status, refused.code().as_str()), (status, code), "{body}: {}", refused.text());
    }
    let keyed = ann.keyed(app.key());
    let first = keyed.post("/bookings", wish(&event, &["S-A-2"])).await.expect(201);
    let again = keyed.post("/bookings", wish(&event, &["S-A-2"])).await.expect(201);
    assert!(again.is_replay() && !first.is_replay());
    assert_eq!(again.body, first.body);
}
