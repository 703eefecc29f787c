//! Holding seats: picked, best available, standing places; limits, retries, expiry.

use std::time::Duration;

use serde_json::{Value, json};
use stagedoor_core::limits::HOLD_TTL;

use crate::app::{FLOOR, FRONT, SIDE, TestApp, Wish};
use crate::maps::{FLOOR_CAPACITY, seat_id};

fn euros(minor: i64) -> Value {
    json!({ "amount": minor, "currency": "EUR" })
}

#[tokio::test]
async fn picked_seats_are_held_with_their_prices_until_the_hold_ends() {
    let app = TestApp::new().await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let hold = ann.hold(&event.id, &["S-E-2", "S-A-1"]).await.expect(201).json();
    assert!(hold["id"].as_str().unwrap().starts_with("hld_"));
    assert_eq!((&hold["eventId"], &hold["status"]), (&json!(event.id), &json!("held")));
    assert_eq!(hold["expiresAt"], "2026-01-01T00:05:00Z");
    assert_eq!(hold["total"], euros(FRONT + SIDE));
    let seat = json!({
        "id": "S-A-1", "section": "S", "row": "A", "label": "1", "level": "front", "ticketType": "standard",
        "price": euros(FRONT),
    });
    assert_eq!(hold["seats"].as_array().unwrap().len(), 2);
    assert!(hold["seats"].as_array().unwrap().contains(&seat), "{hold}");
    assert_eq!(hold["areas"], json!([]));
    let path = format!("/holds/{}", hold["id"].as_str().unwrap());
    assert_eq!(ann.get(&path).await.expect(200).json(), hold);
}

#[tokio::test]
async fn two_fans_want_one_seat() {
    let app = TestApp::new().await;
    let (event, ann, bob) = (app.event_on_sale().await, app.fan("ann").await, app.fan("bob").await);
    let (a, b) = tokio::join!(ann.hold(&event.id, &["S-A-1"]), bob.hold(&event.id, &["S-A-1"]));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    app.advance(HOLD_TTL + Duration::from_millis(1)).await;
    bob.hold(&event.id, &["S-A-1"]).await.expect(201);
}

#[tokio::test]
async fn a_hold_is_all_or_nothing_and_names_what_is_taken() {
    let app = TestApp::new().await;
    let (event, ann, bob) = (app.event_on_sale().await, app.fan("ann").await, app.fan("bob").await);
    ann.held(&event.id, &["S-A-1", "S-A-3"]).await;
    let refused = bob.hold(&event.id, &["S-A-1", "S-A-2", "S-A-3"]).await.refused(409, "seat_unavailable");
    assert_eq!(refused.details()["seats"], json!(["S-A-1", "S-A-3"]));
    bob.hold(&event.id, &["S-A-2"]).await.expect(201);
}

#[tokio::test]
async fn a_released_hold_frees_its_seats_and_stays_released() {
    let app = TestApp::new().await;
    let (event, ann, bob) = (app.event_on_sale().await, app.fan("ann").await, app.fan("bob").await);
    let hold = ann.held(&event.id, &["S-A-1"]).await;
    let path = format!("/holds/{hold}");
    // To everyone else it is not there.
    bob.get(&path).await.refused(404, "not_found");
    bob.delete(&path).await.refused(404, "not_found");
    ann.delete(&path).await.expect(204);
    ann.delete(&path).await.expect(204);
    assert_eq!(ann.get(&path).await.expect(200).json()["status"], "released");
    bob.hold(&event.id, &["S-A-1"]).await.expect(201);
}

#[tokio::test]
async fn a_hold_ends_at_its_time_to_the_millisecond() {
    let app = TestApp::new().await;
    let (event, ann, bob) = (app.event_on_sale().await, app.fan("ann").await, app.fan("bob").await);
    let hold = ann.held(&event.id, &["S-A-1"]).await;
    app.advance(HOLD_TTL - Duration::from_millis(1)).await;
    bob.hold(&event.id, &["S-A-1"]).await.refused(409, "seat_unavailable");
    app.advance(Duration::from_millis(1)).await;
    assert_eq!(ann.get(&format!("/holds/{hold}")).await.expect(200).json()["status"], "expired");
    ann.pay(&[&hold], "tok_ok").await.refused(410, "hold_expired");
    bob.hold(&event.id, &["S-A-1"]).await.expect(201);
}

#[tokio::test]
async fn the_best_seats_are_together_in_what_was_asked_for() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let best = async |wish: Value| ann.post(&event.path("/holds"), json!({ "bestAvailable": wish })).await;
    let hold = best(json!({ "quantity": 4, "level": "side" })).await.expect(201).json();
    let seats = hold["seats"].as_array().unwrap();
    assert_eq!(seats.len(), 4);
    assert!(seats.iter().all(|seat| seat["level"] == "side" && seat["row"] == seats[0]["row"]), "{hold}");
    let mut labels: Vec<u32> = seats.iter().map(|seat| seat["label"].as_str().unwrap().parse().unwrap()).collect();
    labels.sort_unstable();
    assert!(labels.windows(2).all(|pair| pair[1] == pair[0] + 1), "{labels:?}");
    assert_eq!(
        best(json!({ "quantity": 2, "section": "S" })).await.expect(201).json()["seats"].as_array().unwrap().len(),
        2
    );

    let wheelchair = best(json!({ "quantity": 2, "accessible": 1, "companions": 1 })).await.expect(201).json();
    let mut ids: Vec<_> =
        wheelchair["seats"].as_array().unwrap().iter().map(|seat| seat["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["S-H-1", "S-H-2"]);
    best(json!({ "quantity": 2, "accessible": 1, "companions": 1 })).await.refused(409, "sold_out");

    for (wish, code) in [
        (json!({ "quantity": 0 }), "invalid_field"),
        (json!({ "quantity": 11 }), "too_many_seats"),
        (json!({ "quantity": 4_294_967_295u32 }), "too_many_seats"),
        (json!({ "quantity": -1 }), "invalid_field"),
        (json!({ "quantity": 2, "level": "gold" }), "invalid_field"),
        (json!({ "quantity": 2, "section": "Z" }), "invalid_field"),
        (json!({ "quantity": 2, "ticketType": "emperor" }), "invalid_field"),
        (json!({ "quantity": 1, "accessible": 1, "companions": 1 }), "invalid_field"),
        (json!({ "quantity": 2, "row": "A" }), "unknown_field"),
        (json!({}), "invalid_field"),
    ] {
        best(wish.clone()).await.refused(400, code);
    }
}

#[tokio::test]
async fn standing_places_are_held_by_number_until_none_is_left() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let floor = async |quantity: Value| {
        ann.post(&event.path("/holds"), json!({ "areas": [{ "id": "FLOOR", "quantity": quantity }] })).await
    };
    let hold = floor(json!(2)).await.expect(201).json();
    assert_eq!(
        hold["areas"],
        json!([{
            "id": "FLOOR", "name": "Floor", "quantity": 2, "level": "floor", "ticketType": "standard", "price": euros(FLOOR),
        }])
    );
    assert_eq!((&hold["seats"], &hold["total"]), (&json!([]), &euros(2 * FLOOR)));
    for (quantity, code) in [(json!(0), "invalid_field"), (json!(11), "too_many_seats"), (json!(300), "too_many_seats")]
    {
        floor(quantity).await.refused(400, code);
    }
    floor(json!(-1)).await.refused(400, "invalid_field");
    ann.post(&event.path("/holds"), json!({ "areas": [{ "id": "ROOF", "quantity": 1 }] }))
        .await
        .refused(400, "invalid_field");
    for _ in 0..(FLOOR_CAPACITY - 2) / 10 {
        floor(json!(10)).await.expect(201);
    }
    floor(json!(8)).await.expect(201);
    floor(json!(1)).await.refused(409, "sold_out");
}

#[tokio::test]
async fn ticket_types_change_the_price_of_their_seats() {
    let app = TestApp::with(Wish::unlimited()).await;
    let event = app
        .event_with(|body| {
            body["ticketTypes"] = json!([
                { "key": "standard", "name": "Standard", "pricing": { "factor": { "basisPoints": 10_000 } } },
                { "key": "child", "name": "Child", "pricing": { "factor": { "basisPoints": 5_000 } } },
                { "key": "member", "name": "Member", "pricing": { "fixed": { "prices": { "front": 100 } } } },
            ]);
        })
        .await;
    let ann = app.fan("ann").await;
    let wish = json!({ "seats": ["S-A-1", "S-A-2", "S-A-3"], "ticketTypes": { "S-A-2": "child", "S-A-3": "member" } });
    let hold = ann.post(&event.path("/holds"), wish).await.expect(201).json();
    assert_eq!(hold["total"], euros(FRONT + FRONT / 2 + 100));
    for wrong in [json!({ "S-A-2": "emperor" }), json!({ "S-A-9": "child" })] {
        let wish = json!({ "seats": ["S-A-1", "S-A-2"], "ticketTypes": wrong });
        ann.post(&event.path("/holds"), wish).await.refused(400, "invalid_field");
    }
    let area = json!({ "areas": [{ "id": "FLOOR", "quantity": 2, "ticketType": "child" }] });
    assert_eq!(ann.post(&event.path("/holds"), area).await.expect(201).json()["total"], euros(FLOOR));
}

#[tokio::test]
async fn places_for_wheelchairs_are_kept_for_those_who_need_them() {
    let app = TestApp::new().await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let refused = ann.hold(&event.id, &["S-H-1", "S-H-2"]).await.refused(403, "accessible_only");
    assert_eq!(refused.details()["seats"], json!(["S-H-1", "S-H-2"]));
    let wish = json!({ "seats": ["S-H-1", "S-H-2"], "accessible": true });
    ann.post(&event.path("/holds"), wish).await.expect(201);
}

#[tokio::test]
async fn organizers_say_when_places_for_wheelchairs_go_to_everyone() {
    let app = TestApp::new().await;
    let (house, ann) = (app.aurora().await, app.fan("ann").await);
    let opens = "2026-01-01T00:10:00Z";
    let event = app.event_with(|body| body["accessibleRelease"] = opens.into()).await;
    let own = event.staff_path("");
    assert_eq!(house.owner.get(&own).await.expect(200).json()["accessibleRelease"], opens);
    ann.hold(&event.id, &["S-H-1"]).await.refused(403, "accessible_only");
    app.advance(Duration::from_secs(600)).await;
    let hold = ann.held(&event.id, &["S-H-1"]).await;
    ann.delete(&format!("/holds/{hold}")).await.expect(204);
    for (release, shown, is_sold) in [
        (json!("always"), "always", true),
        (json!("rest_sold_out"), "rest_sold_out", false),
        // As in a new event.
        (Value::Null, "never", false),
    ] {
        let changed = house.owner.patch(&own, json!({ "accessibleRelease": release })).await.expect(200).json();
        assert_eq!(changed["accessibleRelease"], shown);
        let answer = ann.hold(&event.id, &["S-H-1"]).await;
        if is_sold {
            ann.delete(&format!("/holds/{}", answer.expect(201).id())).await.expect(204);
        } else {
            answer.refused(403, "accessible_only");
        }
    }
    for wrong in [json!("sometimes"), json!(""), json!(1), json!("2026-13-01T00:00:00Z")] {
        house.owner.patch(&own, json!({ "accessibleRelease": wrong })).await.expect(400);
    }
}

#[tokio::test]
async fn a_fan_has_three_holds_at_a_time() {
    let app = TestApp::new().await;
    let (event, other, ann) = (app.event_on_sale().await, app.event_on_sale().await, app.fan("ann").await);
    let first = ann.held(&event.id, &["S-A-1"]).await;
    ann.held(&event.id, &["S-A-2"]).await;
    ann.held(&other.id, &["S-A-1"]).await;
    ann.hold(&other.id, &["S-A-2"]).await.refused(409, "hold_limit");
    // A key that was used at another event is no way around it.
    let keyed = ann.keyed("used-before");
    ann.delete(&format!("/holds/{first}")).await.expect(204);
    let first = keyed.held(&event.id, &["S-A-1"]).await;
    keyed.hold(&other.id, &["S-A-2"]).await.refused(409, "hold_limit");
    ann.delete(&format!("/holds/{first}")).await.expect(204);
    ann.hold(&other.id, &["S-A-2"]).await.expect(201);
}

#[tokio::test]
async fn a_fan_tries_ten_times_a_minute() {
    let app = TestApp::new().await;
    let (event, ann, bob) = (app.event_on_sale().await, app.fan("ann").await, app.fan("bob").await);
    bob.held(&event.id, &["S-A-1"]).await;
    for _ in 0..10 {
        ann.hold(&event.id, &["S-A-1"]).await.refused(409, "seat_unavailable");
    }
    let refused = ann.hold(&event.id, &["S-B-1"]).await.refused(429, "rate_limited");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=120).contains(&wait), "{wait}");
    // Others are not held back, and neither is the fan when the time has passed.
    bob.hold(&event.id, &["S-C-1"]).await.expect(201);
    app.advance(Duration::from_secs(wait)).await;
    ann.hold(&event.id, &["S-B-1"]).await.expect(201);
}

#[tokio::test]
async fn a_repeated_request_is_one_hold() {
    let app = TestApp::new().await;
    let (event, other, ann) = (app.event_on_sale().await, app.event_on_sale().await, app.fan("ann").await);
    let keyed = ann.keyed("one click");
    keyed.hold(&event.id, &["S-A-1"]).await.refused(400, "invalid_idempotency_key");
    let keyed = ann.keyed("one-click");
    let first = keyed.hold(&event.id, &["S-A-1"]).await.expect(201);
    assert!(!first.is_replay());
    let again = keyed.hold(&event.id, &["S-A-1"]).await.expect(201);
    assert!(again.is_replay());
    assert_eq!(again.body, first.body);
    keyed.hold(&event.id, &["S-A-2"]).await.refused(422, "idempotency_mismatch");
    // At another event it is another operation's key.
    let elsewhere = keyed.hold(&other.id, &["S-A-1"]).await.expect(201);
    assert!(!elsewhere.is_replay());
    // Another fan's key of the same text is another key.
    app.fan("bob").await.keyed("one-click").hold(&event.id, &["S-A-2"]).await.expect(201);
    for wrong in ["", "a b", "\u{e9}", &"x".repeat(256)] {
        ann.keyed(wrong).hold(&event.id, &["S-A-3"]).await.refused(400, "invalid_idempotency_key");
    }
    ann.keyed("x".repeat(255)).hold(&event.id, &["S-A-3"]).await.expect(201);
}

#[tokio::test]
async fn many_clicks_with_one_key_are_one_hold() {
    let app = TestApp::new().await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await.keyed("impatient"));
    let clicks = (0..8).map(|_| ann.hold(&event.id, &["S-A-1", "S-A-2"]));
    let answers = futures_util::future::join_all(clicks).await;
    let ids: Vec<_> = answers.iter().filter(|answer| answer.status == 201).map(|answer| answer.id()).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)), "{answers:?}");
}

#[tokio::test]
async fn what_is_no_wish_for_seats_is_refused() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let eleven: Vec<String> = (0..11).map(seat_id).collect();
    let many: Vec<String> = (0..5_000).map(|_| "S-A-1".to_owned()).collect();
    for (wish, code) in [
        (json!({}), "invalid_field"),
        (json!({ "seats": [] }), "invalid_field"),
        (json!({ "areas": [] }), "invalid_field"),
        (json!({ "seats": ["S-A-1"], "areas": [] }), "invalid_field"),
        (json!({ "seats": ["S-A-1"], "bestAvailable": { "quantity": 1 } }), "invalid_field"),
        (json!({ "seats": ["S-A-1", "S-A-1"] }), "invalid_field"),
        (json!({ "areas": [{ "id": "FLOOR", "quantity": 1 }, { "id": "FLOOR", "quantity": 1 }] }), "invalid_field"),
        (json!({ "seats": eleven }), "too_many_seats"),
        (json!({ "seats": many }), "too_many_seats"),
        (json!({ "seats": ["S-Z-1"] }), "unknown_seat"),
        (json!({ "seats": [""] }), "unknown_seat"),
        (json!({ "seats": ["S-A-1\u{0}"] }), "unknown_seat"),
        (json!({ "seats": [1] }), "invalid_field"),
        (json!({ "seats": "S-A-1" }), "invalid_field"),
        (json!({ "seat": ["S-A-1"] }), "unknown_field"),
        (json!({ "seats": ["S-A-1"], "price": 1 }), "unknown_field"),
        (json!([]), "invalid_field"),
    ] {
        let refused = ann.post(&event.path("/holds"), wish.clone()).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, code), "{wish}: {}", refused.text());
    }
    let free = app.nobody().get(&event.path("")).await.json()["availableSeats"].clone();
    assert_eq!(free, 96 + FLOOR_CAPACITY);
}

#[tokio::test]
async fn a_lone_seat_is_not_left_where_the_event_forbids_it() {
    let app = TestApp::with(Wish::unlimited()).await;
    let event = app.event_with(|body| body["orphanPolicy"] = "forbid".into()).await;
    let ann = app.fan("ann").await;
    let refused = ann.hold(&event.id, &["S-A-2", "S-A-3"]).await.refused(400, "orphan_seat");
    assert_eq!(refused.details()["seat"], "S-A-1");
    ann.hold(&event.id, &["S-A-1", "S-A-2"]).await.expect(201);
}

#[tokio::test]
async fn an_event_is_sold_in_its_sale_windows_only() {
    let app = TestApp::new().await;
    let event = app
        .event_with(|body| {
            body["saleWindows"] = json!([
                { "kind": "general", "opensAt": "2026-02-01T09:00:00Z", "closesAt": "2026-02-02T09:00:00Z" },
            ]);
        })
        .await;
    let ann = app.fan("ann").await;
    let status = async || app.nobody().get(&event.path("")).await.expect(200).json()["status"].clone();
    assert_eq!(status().await, "scheduled");
    ann.hold(&event.id, &["S-A-1"]).await.refused(409, "not_on_sale");
    app.advance(Duration::from_secs(31 * 24 * 3_600 + 9 * 3_600)).await;
    assert_eq!(status().await, "on_sale");
    let ann = ann.signed_in_again().await;
    ann.hold(&event.id, &["S-A-1"]).await.expect(201);
    app.advance(Duration::from_secs(24 * 3_600)).await;
    assert_eq!(status().await, "off_sale");
    ann.signed_in_again().await.hold(&event.id, &["S-A-2"]).await.refused(409, "not_on_sale");
}

#[tokio::test]
async fn one_fan_has_no_more_tickets_than_the_event_allows() {
    let app = TestApp::with(Wish::unlimited()).await;
    let event = app
        .event_with(|body| {
            body["ticketsPerFanMax"] = 3.into();
            body["seatsPerHoldMax"] = 2.into();
        })
        .await;
    let ann = app.fan("ann").await;
    let refused = ann.hold(&event.id, &["S-A-1", "S-A-2", "S-A-3"]).await.refused(400, "too_many_seats");
    assert_eq!(refused.details()["max"], 2);
    ann.bought(&event.id, &["S-A-1", "S-A-2"]).await;
    let refused = ann.hold(&event.id, &["S-A-3", "S-A-4"]).await.refused(409, "ticket_limit");
    assert_eq!(refused.details()["max"], 3);
    ann.hold(&event.id, &["S-A-3"]).await.expect(201);
}
