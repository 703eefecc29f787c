//! What the public sees: search, event pages, seat maps, availability, venues.

use std::io::Read;
use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use catalog::import::ImportOptions;
use serde_json::{Value, json};
use stagedoor_core::Currency;

use crate::app::{FLOOR, FRONT, START, TestApp, event_body, venue_body};
use crate::maps::{FLOOR_CAPACITY, SEATS, seat_id, seat_index, statuses};

fn names(answer: &Value) -> Vec<&str> {
    answer["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn events_are_found_by_what_people_remember_of_them() {
    let app = TestApp::new().await;
    let first = app.event_on_sale().await;
    app.event_with(|body| {
        body["name"] = "Giselle".into();
        body["type"] = "theatre".into();
        body["startsAt"] = "2026-05-01T18:00:00Z".into();
        body["performers"] = json!(["Ensemble of the Old Mill"]);
    })
    .await;
    app.draft_with(&app.aurora().await, |body| body["name"] = "Not announced yet".into()).await;
    for (query, expected) in [
        ("", &["Giselle", "Northern Lights"][..]),
        ("q=northern", &["Northern Lights"]),
        ("q=north", &["Northern Lights"]),
        ("q=nothern%20lihgts", &["Northern Lights"]),
        ("q=ensemble", &["Giselle"]),
        ("q=hamburg", &["Giselle", "Northern Lights"]),
        ("city=Hamburg", &["Giselle", "Northern Lights"]),
        ("city=hamburg", &["Giselle", "Northern Lights"]),
        ("city=Berlin", &[]),
        ("type=theatre", &["Giselle"]),
        ("type=sport", &[]),
        (&format!("venue={}", first.venue), &["Northern Lights"]),
        ("from=2026-05-02", &["Northern Lights"]),
        ("to=2026-05-01", &["Giselle"]),
        ("from=2026-05-01&to=2026-06-01", &["Giselle", "Northern Lights"]),
        ("from=2026-06-01T18:00:01Z", &[]),
        ("q=not%20announced", &[]),
        ("sort=relevance&q=giselle", &["Giselle"]),
        ("q=%20", &["Giselle", "Northern Lights"]),
    ] {
        let found = app.nobody().get(&format!("/events?{query}")).await.expect(200).json();
        assert_eq!(names(&found), expected, "{query}");
    }
    let card = app.nobody().get("/events?q=northern").await.json()["items"][0].clone();
    assert_eq!(card["status"], "on_sale");
    assert_eq!(card["startsAt"], START);
    assert_eq!((&card["localStart"], &card["timeZone"]), (&json!("2026-06-01T20:00:00"), &json!("Europe/Berlin")));
    assert_eq!(card["priceFrom"], json!({ "amount": FLOOR, "currency": "EUR" }));
    assert_eq!(card["priceTo"], json!({ "amount": FRONT, "currency": "EUR" }));
    assert_eq!(card["availableSeats"], SEATS as u32 + FLOOR_CAPACITY);
    // What is over is found only by those who ask for the past.
    app.advance(Duration::from_secs(200 * 24 * 3_600)).await;
    assert!(names(&app.nobody().get("/events").await.json()).is_empty());
    assert_eq!(names(&app.nobody().get("/events?from=2026-01-01").await.json()).len(), 2);
}

#[tokio::test]
async fn a_list_is_read_page_by_page_without_loss() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let event = app.event_on_sale().await;
    for number in 0..6 {
        let mut body = event_body(&event.venue);
        body["name"] = format!("Night {number}").into();
        let id = house.owner.post(&format!("/organizers/{}/events", house.id), body).await.expect(201).id();
        let publish = format!("/organizers/{}/events/{id}/publish", house.id);
        house.owner.post(&publish, Value::Null).await.expect(200);
    }
    for path in ["/events?", &format!("/organizers/{}/events?", house.id), "/venues?"] {
        let all = house.owner.get(&format!("{path}limit=100")).await.expect(200).json();
        assert_eq!(all["nextCursor"], Value::Null);
        let mut pages = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = house.owner.get(&format!("{path}limit=2{cursor}")).await.expect(200).json();
            let items = page["items"].as_array().unwrap();
            assert!((1..=2).contains(&items.len()));
            pages.extend(items.clone());
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(Value::Array(pages), all["items"], "{path}");
    }
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_refused() {
    let app = TestApp::new().await;
    let event = app.event_on_sale().await;
    let wildcards = "%25".repeat(10_000 / 4);
    for (query, code) in [
        ("limit=0", "invalid_query"),
        ("limit=101", "invalid_query"),
        ("limit=-1", "invalid_query"),
        ("limit=1e400", "invalid_query"),
        ("limit=9007199254740993", "invalid_query"),
        ("limit=1&limit=2", "invalid_query"),
        ("type=opera", "invalid_query"),
        ("sort=price", "invalid_query"),
        ("from=yesterday", "invalid_query"),
        ("from=2026-02-30", "invalid_query"),
        ("from=2026-06-01T18:00:00", "invalid_query"),
        ("to=10000-01-01", "invalid_query"),
        ("venue=nowhere", "invalid_query"),
        (&format!("venue={}", event.id), "invalid_query"),
        ("cursor=zzz", "invalid_cursor"),
        ("cursor=", "invalid_cursor"),
        (&format!("q={wildcards}"), "invalid_query"),
    ] {
        let refused = app.nobody().get(&format!("/events?{query}")).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, code), "{query}: {}", refused.text());
    }
    // Operators of query languages are only letters here.
    for query in [
        "q=%27%20OR%201%3D1--",
        "q=%25%25%25",
        "q=a%20AND%20(b",
        "q=%00",
        "q=%ff%fe",
        "q=%c0%af",
        "city=%27%3B",
        "q=%E2%80%AE",
    ] {
        app.nobody().get(&format!("/events?{query}")).await.expect(200);
    }
    // A cursor of another list is no cursor here.
    let house = app.aurora().await;
    let own = house.owner.get(&format!("/organizers/{}/venues/{}/seat-maps?cursor=AAAA", house.id, event.venue)).await;
    own.refused(400, "invalid_cursor");
    for path in ["/venues", "/me/orders", "/me/tickets"] {
        house.owner.get(&format!("{path}?cursor=%F0%9F%92%A9")).await.refused(400, "invalid_cursor");
        house.owner.get(&format!("{path}?limit=0")).await.refused(400, "invalid_query");
    }
}

#[tokio::test]
async fn an_event_page_says_everything_and_is_cached_until_it_changes() {
    let app = TestApp::new().await;
    let event = app
        .event_with(|body| {
            body["ticketTypes"] = json!([
                { "key": "standard", "name": "Standard", "pricing": { "factor": { "basisPoints": 10_000 } } },
                { "key": "child", "name": "Child", "pricing": { "factor": { "basisPoints": 5_000 } } },
            ]);
            body["endsAt"] = "2026-06-01T21:00:00Z".into();
            body["doorsAt"] = "2026-06-01T17:00:00Z".into();
            body["performers"] = json!(["The Aurora Quartet"]);
        })
        .await;
    let nobody = app.nobody();
    let answer = nobody.get(&event.path("")).await.expect(200);
    let page = answer.json();
    assert_eq!(
        (&page["id"], &page["name"], &page["type"]),
        (&json!(event.id), &json!("Northern Lights"), &json!("concert"))
    );
    assert_eq!((&page["status"], &page["startsAt"]), (&json!("on_sale"), &json!(START)));
    assert_eq!(page["statusChangesAt"], START);
    assert_eq!(page["refundsUntil"], "2026-05-31T18:00:00Z");
    assert_eq!(page["venue"]["city"], "Hamburg");
    assert_eq!(page["performers"], json!(["The Aurora Quartet"]));
    assert_eq!(page["availableSeats"], SEATS as u32 + FLOOR_CAPACITY);
    assert_eq!(page["priceLevels"][0]["price"], json!({ "amount": FRONT, "currency": "EUR" }));
    assert_eq!(page["priceLevels"][0]["available"], 48);
    assert_eq!(page["ticketTypes"][1]["prices"]["front"]["amount"], FRONT / 2);
    assert_eq!(
        page["holdRules"],
        json!({
            "holdSeconds": 300, "seatsPerHoldMax": 10, "ticketsPerFanMax": null, "orphanPolicy": "ignore",
            "accessibleRelease": "never",
        })
    );

    let tag = answer.header("etag").unwrap().to_owned();
    let again = async |tags: &str| {
        let request = nobody.request(Method::GET, &event.path("")).header("if-none-match", tags);
        nobody.send(request.body(Body::empty()).unwrap()).await
    };
    for known in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
        let unchanged = again(&known).await.expect(304);
        assert!(unchanged.body.is_empty());
        assert_eq!(unchanged.header("etag"), Some(tag.as_str()));
    }
    again("\"other\"").await.expect(200);
    app.fan("ann").await.held(&event.id, &["S-A-1"]).await;
    let changed = again(&tag).await.expect(200);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
    assert_eq!(changed.json()["priceLevels"][0]["available"], 47);
}

#[tokio::test]
async fn time_slots_of_one_production_know_each_other() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let first = app.event_on_sale().await;
    let mut second = event_body(&first.venue);
    second["seriesId"] = first.id.clone().into();
    second["startsAt"] = "2026-06-02T18:00:00Z".into();
    let second = house.owner.post(&format!("/organizers/{}/events", house.id), second).await.expect(201).id();
    house.owner.post(&format!("/organizers/{}/events/{second}/publish", house.id), Value::Null).await.expect(200);
    let page = app.nobody().get(&format!("/events/{second}")).await.expect(200).json();
    let slots: Vec<_> = page["timeSlots"].as_array().unwrap().iter().map(|slot| slot["id"].clone()).collect();
    assert_eq!(slots, [json!(first.id), json!(second)]);
}

#[tokio::test]
async fn lists_say_what_is_left_of_events_that_nobody_looked_at_for_long() {
    let app = TestApp::new().await;
    let (event, other, ann) = (app.event_on_sale().await, app.event_on_sale().await, app.fan("ann").await);
    ann.bought(&event.id, &["S-A-1"]).await;
    let (inventory, other) = (&app.app.inventory, other.id.parse().unwrap());
    let loaded = || inventory.stats().events_loaded.load(std::sync::atomic::Ordering::Relaxed);
    for turn in 0..50 {
        // Memory is tidied while something happens.
        let seat = [seat_id(turn)];
        inventory.block(other, &seat).await.expect("it is free");
        app.advance(Duration::from_secs(3_600)).await;
        if loaded() == 1 {
            break;
        }
    }
    assert_eq!(loaded(), 1, "the event has left memory");
    let shown = app.nobody().get("/events").await.expect(200).json();
    let card = shown["items"].as_array().unwrap().iter().find(|card| card["id"] == event.id.as_str()).unwrap();
    assert_eq!(card["availableSeats"], SEATS as u32 + FLOOR_CAPACITY - 1);
}

#[tokio::test]
async fn a_seat_map_is_sent_once_and_small() {
    let app = TestApp::new().await;
    let event = app.event_on_sale().await;
    let nobody = app.nobody();
    let plain = nobody.get(&event.path("/seat-map")).await.expect(200);
    let map = plain.json();
    let rows = map["sections"][0]["rows"].as_array().unwrap();
    assert_eq!(rows[0]["seats"][0]["id"], "S-A-1");
    assert_eq!(rows[7]["seats"][0]["accessible"], true);
    assert_eq!(map["areas"][0]["capacity"], FLOOR_CAPACITY);
    assert_eq!(map["version"], 1);

    let with = async |name: &str, value: &str| {
        let request = nobody.request(Method::GET, &event.path("/seat-map")).header(name, value);
        nobody.send(request.body(Body::empty()).unwrap()).await
    };
    let pressed = with("accept-encoding", "br, gzip").await.expect(200);
    assert_eq!(pressed.header("content-encoding"), Some("gzip"));
    assert_eq!(pressed.header("vary"), Some("accept-encoding"));
    assert!(pressed.body.len() < plain.body.len() / 4);
    let mut unpressed = Vec::new();
    flate2::read::GzDecoder::new(&*pressed.body).read_to_end(&mut unpressed).unwrap();
    assert_eq!(unpressed, plain.body);
    assert_eq!(with("accept-encoding", "gzip;q=0").await.header("content-encoding"), None);
    let unchanged = with("if-none-match", plain.header("etag").unwrap()).await.expect(304);
    assert!(unchanged.body.is_empty());
    // The two forms are not the same bytes, so neither stands for the other.
    assert_ne!(pressed.header("etag"), plain.header("etag"));
    let both = async |tag: &str| {
        let request = nobody.request(Method::GET, &event.path("/seat-map")).header("accept-encoding", "gzip");
        nobody.send(request.header("if-none-match", tag).body(Body::empty()).unwrap()).await.status
    };
    assert_eq!((both(pressed.header("etag").unwrap()).await, both(plain.header("etag").unwrap()).await), (304, 200));
}

#[tokio::test]
async fn availability_counts_what_its_bits_show() {
    let app = TestApp::new().await;
    let event = app.event_on_sale().await;
    let (ann, owner) = (app.fan("ann").await, app.aurora().await.owner);
    ann.held(&event.id, &["S-A-1", "S-A-2"]).await;
    ann.bought(&event.id, &["S-B-3"]).await;
    owner.post(&event.staff_path("/block"), json!({ "seats": ["S-C-4"] })).await.expect(204);
    let before = app.nobody().get(&event.path("/availability")).await.expect(200).json();
    let shown = statuses(before["seats"].as_str().unwrap());
    for (seat, status) in [("S-A-1", 1), ("S-A-2", 1), ("S-B-3", 2), ("S-C-4", 3), ("S-D-5", 0)] {
        assert_eq!(shown[seat_index(seat)], status, "{seat}");
    }
    let free = shown.iter().filter(|status| **status == 0).count();
    assert_eq!(free, SEATS - 4);
    assert_eq!(before["sections"], json!([{ "id": "S", "name": "Stalls", "seats": SEATS, "available": free }]));
    assert_eq!(before["areas"], json!([{ "id": "FLOOR", "name": "Floor", "available": FLOOR_CAPACITY }]));
    let wish = json!({ "areas": [{ "id": "FLOOR", "quantity": 3 }] });
    ann.post(&event.path("/holds"), wish).await.expect(201);
    let after = app.nobody().get(&event.path("/availability")).await.expect(200).json();
    assert_eq!(after["areas"][0]["available"], FLOOR_CAPACITY - 3);
    assert!(after["version"].as_u64() > before["version"].as_u64());
}

#[tokio::test]
async fn an_event_that_is_announced_is_not_on_sale_yet() {
    let app = TestApp::new().await;
    let (house, ann) = (app.aurora().await, app.fan("ann").await);
    let file = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../catalog/tests/data/discovery.json")).unwrap();
    let options = ImportOptions { currency: Currency::from_code("USD").unwrap() };
    let organizer = house.id.parse().unwrap();
    app.app.catalog.import_discovery(organizer, &file, &options, |_| {}).await.unwrap();
    let found = app.nobody().get("/events?q=laugh").await.expect(200).json();
    let (event, draft) = (found["items"][0]["id"].as_str().unwrap(), app.draft_with(&house, |_| {}).await);
    let absent = "evt_00000000000000000000000000";
    for (event, status, code) in
        [(event, 409, "not_on_sale"), (&draft.id, 404, "not_found"), (absent, 404, "not_found")]
    {
        ann.hold(event, &["S-A-1"]).await.refused(status, code);
        let booking = json!({ "eventId": event, "seatIds": ["S-A-1"] });
        ann.post("/bookings", booking).await.refused(status, code);
    }
}

#[tokio::test]
async fn a_draft_is_absent_for_everyone_else() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let draft = app.draft_with(&house, |_| {}).await;
    let (nobody, ann) = (app.nobody(), app.fan("ann").await);
    for page in ["", "/seat-map", "/availability", "/live"] {
        nobody.get(&draft.path(page)).await.refused(404, "not_found");
        house.owner.get(&draft.path(page)).await.refused(404, "not_found");
    }
    ann.hold(&draft.id, &["S-A-1"]).await.refused(404, "not_found");
    house.owner.get(&draft.staff_path("")).await.expect(200);
}

#[tokio::test]
async fn venues_are_public() {
    let app = TestApp::new().await;
    let event = app.event_on_sale().await;
    let venues = app.nobody().get("/venues").await.expect(200).json();
    assert_eq!(venues["items"][0]["id"], event.venue);
    let venue = app.nobody().get(&format!("/venues/{}", event.venue)).await.expect(200).json();
    assert_eq!(venue, venues["items"][0]);
    for (field, value) in venue_body().as_object().unwrap() {
        assert_eq!(venue[field], *value);
    }
    assert_eq!(venue["organizerId"], event.organizer);
}

#[tokio::test]
async fn operators_are_answered_in_their_own_words() {
    let app = TestApp::new().await;
    assert_eq!(app.nobody().get("/healthz").await.expect(200).json(), json!({ "status": "ok" }));
    assert_eq!(app.nobody().get("/readyz").await.expect(200).json(), json!({ "status": "ready" }));
    let served = app.nobody().get("/api/openapi.json").await.expect(200).json();
    assert_eq!(served, *crate::contract::document());
    let page = app.nobody().get("/api/docs").await.expect(200);
    assert_eq!(app.nobody().get("/favicon.ico").await.expect(200).header("content-type"), Some("image/svg+xml"));
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    let text = page.text();
    assert!(!text.contains("src=\"http") && !text.contains("href=\"http"), "the page needs nothing from elsewhere");
    app.stop();
    app.nobody().get("/readyz").await.expect(503);
    app.nobody().get("/nowhere").await.refused(404, "not_found");
    app.nobody().delete("/events").await.refused(405, "method_not_allowed");
}
