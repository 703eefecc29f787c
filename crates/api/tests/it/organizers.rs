//! What staff do: members, venues, maps, events from draft to refund, blocks and capacities.

use identity::Role;
use serde_json::{Value, json};

use crate::app::{FRONT, OnSale, TestApp, Wish, event_body, venue_body};
use crate::maps::{self, FLOOR_CAPACITY, seat_index, statuses};

async fn seat_status(app: &TestApp, event: &OnSale, seat: &str) -> u8 {
    let shown = app.nobody().get(&event.path("/availability")).await.expect(200).json();
    statuses(shown["seats"].as_str().unwrap())[seat_index(seat)]
}

#[tokio::test]
async fn an_event_goes_from_an_empty_organizer_to_a_sold_seat() {
    let app = TestApp::new().await;
    let owner = app.fan("owner").await;
    let house = owner.post("/organizers", json!({ "name": "Old Mill Trust" })).await.expect(201).json();
    assert_eq!((&house["name"], &house["role"]), (&json!("Old Mill Trust"), &json!("owner")));
    assert_eq!(owner.get("/organizers").await.expect(200).json()["items"], json!([house]));
    let base = format!("/organizers/{}", house["id"].as_str().unwrap());

    let venue = owner.post(&format!("{base}/venues"), venue_body()).await.expect(201).json();
    assert_eq!((&venue["city"], &venue["version"]), (&json!("Hamburg"), &json!(1)));
    let venue = venue["id"].as_str().unwrap();
    let maps = format!("{base}/venues/{venue}/seat-maps");
    let map = owner.post(&maps, maps::hall()).await.expect(201).json();
    assert_eq!((&map["seats"], &map["capacity"], &map["version"]), (&json!(96), &json!(296), &json!(1)));
    assert_eq!(map["levels"], json!({ "front": 48, "side": 48, "floor": FLOOR_CAPACITY }));

    let mut body = event_body(venue);
    body["performers"] = json!(["The Aurora Quartet"]);
    body["holdSeconds"] = 120.into();
    let draft = owner.post(&format!("{base}/events"), body).await.expect(201).json();
    assert_eq!((&draft["state"], &draft["status"]), (&json!("draft"), &json!("scheduled")));
    assert_eq!((&draft["capacity"], &draft["holdSeconds"]), (&json!(296), &json!(120)));
    let event = format!("{base}/events/{}", draft["id"].as_str().unwrap());
    assert_eq!(owner.get(&event).await.expect(200).json(), draft);

    let patch = json!({ "version": draft["version"], "name": "Southern Lights", "refundWindowSeconds": 3_600 });
    let changed = owner.patch(&event, patch.clone()).await.expect(200).json();
    assert_eq!((&changed["name"], &changed["version"]), (&json!("Southern Lights"), &json!(2)));
    assert_eq!(changed["priceLevels"], draft["priceLevels"], "what is left out stays");
    let refused = owner.patch(&event, patch).await.refused(409, "conflict");
    assert_eq!(refused.details()["version"], 2);

    let published = owner.post(&format!("{event}/publish"), Value::Null).await.expect(200).json();
    assert_eq!((&published["state"], &published["status"]), (&json!("published"), &json!("on_sale")));
    owner.post(&format!("{event}/publish"), Value::Null).await.expect(200);
    let ann = app.fan("ann").await;
    let id = draft["id"].as_str().unwrap();
    let hold = ann.hold(id, &["S-A-1"]).await.expect(201).json();
    assert_eq!(hold["expiresAt"], "2026-01-01T00:02:00Z");
    let order = ann.pay(&[hold["id"].as_str().unwrap()], "tok_ok").await.expect(201).json();

    let sold = owner.get(&format!("{base}/orders?event={id}")).await.expect(200).json();
    assert_eq!(sold["items"][0]["id"], order["id"]);
    let attendees = owner.get(&format!("{event}/attendees?status=issued")).await.expect(200).json();
    assert_eq!(attendees["items"][0]["seat"], "S-A-1");
    let listed = owner.get(&format!("{base}/events")).await.expect(200).json();
    assert_eq!(listed["items"][0]["id"], id);
}

#[tokio::test]
async fn an_open_seating_plan_becomes_a_map_that_sells() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let base = format!("/organizers/{}", house.id);
    let venue = house.owner.post(&format!("{base}/venues"), venue_body()).await.expect(201).id();
    let map =
        house.owner.post(&format!("{base}/venues/{venue}/seat-maps"), maps::seating_plan()).await.expect(201).json();
    assert_eq!(map["seats"], 10);
    let level = map["levels"].as_object().unwrap().keys().next().unwrap().clone();
    let mut body = event_body(&venue);
    body["priceLevels"] = json!([{ "key": level, "name": "Parquet", "amount": 1_500 }]);
    let id = house.owner.post(&format!("{base}/events"), body).await.expect(201).id();
    house.owner.post(&format!("{base}/events/{id}/publish"), Value::Null).await.expect(200);
    let wish = json!({ "bestAvailable": { "quantity": 3 } });
    let ann = app.fan("ann").await;
    let hold = ann.post(&format!("/events/{id}/holds"), wish).await.expect(201).json();
    assert_eq!(hold["total"]["amount"], 4_500);
    // A ticket names its place as the plan does, whatever an id can spell.
    let order = ann.pay(&[hold["id"].as_str().unwrap()], "tok_ok").await.expect(201).json();
    let ticket = order["tickets"][0]["id"].as_str().unwrap();
    let ticket = ann.get(&format!("/tickets/{ticket}")).await.expect(200).json();
    let seat = hold["seats"][0]["id"].as_str().unwrap();
    assert!(seat.is_ascii() && !seat.contains(' '), "{seat}");
    assert_eq!((&ticket["seat"], &ticket["row"]), (&json!(seat), &json!("Loge 1")));
    assert!(ticket["label"].as_str().unwrap().ends_with(" い"), "{ticket}");
}

#[tokio::test]
async fn a_map_that_makes_no_sense_is_refused_with_its_place() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let base = format!("/organizers/{}", house.id);
    let venue = house.owner.post(&format!("{base}/venues"), venue_body()).await.expect(201).id();
    let path = format!("{base}/venues/{venue}/seat-maps");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut map = maps::hall();
        change(&mut map);
        map
    };
    for (map, place) in [
        (
            with(&|map| map["sections"][0]["rows"][3]["seats"][2]["level"] = "gold".into()),
            "sections[0].rows[3].seats[2].level",
        ),
        (with(&|map| map["sections"][0]["rows"][0]["seats"][1]["label"] = "1".into()), "sections[0].rows[0].seats[1]"),
        (with(&|map| map["areas"][0]["capacity"] = 0.into()), "areas[0].capacity"),
        (with(&|map| map["areas"][0]["capacity"] = 4_000_000_000u32.into()), "areas[0].capacity"),
        (with(&|map| map["width"] = (-1).into()), "width"),
        (with(&|map| map["name"] = "a\u{0}b".into()), "name"),
        (with(&|map| map["sections"][0]["name"] = "\u{202e}".into()), "sections[0].name"),
    ] {
        let refused = house.owner.post(&path, map).await.refused(400, "invalid_seat_map");
        let told = refused.details()["path"].as_str().unwrap().to_owned();
        assert!(told.starts_with(place), "{told} is not {place}: {}", refused.text());
    }
    for map in [json!({}), json!([]), json!({ "levels": [] }), json!("map"), with(&|map| map["colour"] = "red".into())]
    {
        house.owner.post(&path, map).await.refused(400, "invalid_seat_map");
    }
    assert_eq!(house.owner.get(&path).await.expect(200).json()["items"], json!([]));
}

#[tokio::test]
async fn an_event_that_makes_no_sense_is_refused_by_field() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let draft = app.draft_with(&house, |_| {}).await;
    let path = format!("/organizers/{}/events", house.id);
    let long = "x".repeat(201);
    for (field, value, code) in [
        ("name", json!(""), "invalid_field"),
        ("name", json!(long), "invalid_field"),
        ("name", json!("a\u{0}b"), "invalid_field"),
        ("name", json!(7), "invalid_field"),
        ("type", json!("opera"), "invalid_field"),
        ("startsAt", json!("tomorrow"), "invalid_field"),
        ("startsAt", json!("0000-01-01T00:00:00Z"), "invalid_field"),
        ("startsAt", json!("10000-01-01T00:00:00Z"), "invalid_field"),
        ("startsAt", json!("2026-02-30T00:00:00Z"), "invalid_field"),
        ("endsAt", json!("2026-05-01T00:00:00Z"), "invalid_field"),
        ("doorsAt", json!("2026-07-01T00:00:00Z"), "invalid_field"),
        ("currency", json!("BTC"), "invalid_field"),
        ("currency", json!("eur"), "invalid_field"),
        ("venueId", json!("here"), "invalid_field"),
        ("venueId", json!(draft.id), "invalid_field"),
        ("seatMapId", json!("map"), "invalid_field"),
        ("seriesId", json!(draft.venue), "invalid_field"),
        ("performers", json!(["a", "a"]), "invalid_field"),
        ("performers", json!([""]), "invalid_field"),
        ("performers", json!(vec!["p"; 101]), "invalid_field"),
        ("priceLevels", json!([{ "key": "front", "name": "Front", "amount": -1 }]), "invalid_field"),
        ("priceLevels", json!([{ "key": "front", "name": "Front", "amount": i64::MIN }]), "invalid_field"),
        (
            "priceLevels",
            json!([{ "key": "front", "name": "Front", "amount": 9_007_199_254_740_993i64 }]),
            "invalid_field",
        ),
        ("priceLevels", json!([{ "key": "front", "name": "Front", "amount": 1.5 }]), "invalid_field"),
        (
            "priceLevels",
            json!([{ "key": "a", "name": "A", "amount": 1 }, { "key": "a", "name": "A", "amount": 1 }]),
            "invalid_field",
        ),
        ("ticketTypes", json!([]), "invalid_field"),
        (
            "ticketTypes",
            json!([{ "key": "standard", "name": "S", "pricing": { "factor": { "basisPoints": -1 } } }]),
            "invalid_field",
        ),
        ("saleWindows", json!([{ "kind": "general", "opensAt": "2026-07-01T00:00:00Z" }]), "invalid_field"),
        ("saleWindows", json!([{ "kind": "secret", "opensAt": "2026-03-01T00:00:00Z" }]), "invalid_field"),
        ("holdSeconds", json!(29), "invalid_field"),
        ("holdSeconds", json!(u64::MAX), "invalid_field"),
        ("holdSeconds", json!(-0.0), "invalid_field"),
        ("seatsPerHoldMax", json!(11), "invalid_field"),
        ("ticketsPerFanMax", json!(0), "invalid_field"),
        ("orphanPolicy", json!("always"), "invalid_field"),
        ("refundWindowSeconds", json!(u64::MAX), "invalid_field"),
        ("barcodes", json!("paper"), "invalid_field"),
        ("price", json!(1), "unknown_field"),
        ("organizerId", json!(app.borealis().await.id), "unknown_field"),
        ("state", json!("published"), "unknown_field"),
    ] {
        let mut body = event_body(&draft.venue);
        body[field] = value.clone();
        let refused = house.owner.post(&path, body).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, code), "{field} {value}: {}", refused.text());
        // The same as a change to an event, where it is one.
        if !matches!(field, "currency" | "venueId" | "seatMapId" | "seriesId") {
            let refused = house.owner.patch(&draft.staff_path(""), json!({ (field): value })).await;
            assert_eq!((refused.status, refused.code().as_str()), (400, code), "{field} {value}: {}", refused.text());
        }
    }
    for missing in ["venueId", "currency", "name", "type", "startsAt"] {
        let mut body = event_body(&draft.venue);
        body.as_object_mut().unwrap().remove(missing);
        let refused = house.owner.post(&path, body).await.refused(400, "invalid_field");
        assert_eq!(refused.details()["field"], missing);
    }
    let events = house.owner.get(&path).await.expect(200).json();
    assert_eq!(events["items"].as_array().unwrap().len(), 1, "only the draft was made");
    assert_eq!(events["items"][0]["version"], 1);
    // Without prices for all levels nothing is published.
    let bare = app.draft_with(&house, |body| body["priceLevels"] = json!([])).await;
    house.owner.post(&bare.staff_path("/publish"), Value::Null).await.refused(400, "invalid_field");
}

#[tokio::test]
async fn null_takes_back_what_an_event_can_be_without() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let new = app.draft_with(&house, |_| {}).await;
    let given = |body: &mut Value| {
        body["endsAt"] = "2026-06-01T21:00:00Z".into();
        body["doorsAt"] = "2026-06-01T17:00:00Z".into();
        body["performers"] = json!(["The Millers"]);
        body["saleWindows"] = json!([{ "kind": "general", "opensAt": "2026-02-01T00:00:00Z" }]);
        body["holdSeconds"] = 60.into();
        body["seatsPerHoldMax"] = 2.into();
        body["ticketsPerFanMax"] = 4.into();
        body["refundWindowSeconds"] = 0.into();
        body["barcodes"] = "live".into();
    };
    let event = app.draft_with(&house, given).await;
    let path = event.staff_path("");
    let known = house.owner.get(&new.staff_path("")).await.expect(200).json();
    let nulls = "endsAt doorsAt saleWindows holdSeconds seatsPerHoldMax ticketsPerFanMax refundWindowSeconds barcodes";
    let nulls: Vec<_> = nulls.split(' ').collect();
    let body: serde_json::Map<_, _> = nulls.iter().map(|field| ((*field).to_owned(), Value::Null)).collect();
    let kept = house.owner.patch(&path, json!({ "name": "Renamed" })).await.expect(200).json();
    assert_eq!((&kept["endsAt"], &kept["holdSeconds"]), (&json!("2026-06-01T21:00:00Z"), &json!(60)));
    assert_eq!((&kept["barcodes"], &known["barcodes"]), (&json!("live"), &json!("any")));
    assert_eq!((&kept["performers"], &known["performers"]), (&json!(["The Millers"]), &json!([])));
    let cleared = house.owner.patch(&path, body.into()).await.expect(200).json();
    for field in nulls {
        assert_eq!(cleared[field], known[field], "{field}");
    }
    for required in ["name", "type", "startsAt"] {
        let refused = house.owner.patch(&path, json!({ (required): null })).await.refused(400, "invalid_field");
        assert_eq!(refused.details()["field"], required);
    }
    // The bill is read as it is sent, one by one and in the list, and comes back under the names that are known.
    let bill = json!({ "performers": ["Earth, Wind & Mill", "THE MILLERS"] });
    let billed = house.owner.patch(&path, bill).await.expect(200).json();
    let read = house.owner.get(&path).await.expect(200).json();
    let list = house.owner.get(&format!("/organizers/{}/events", house.id)).await.expect(200).json();
    let listed = list["items"].as_array().unwrap().iter().find(|one| one["id"] == event.id.as_str()).unwrap();
    for shown in [&billed, &read, listed] {
        assert_eq!(shown["performers"], json!(["Earth, Wind & Mill", "The Millers"]));
    }
    let cleared = house.owner.patch(&path, json!({ "performers": null })).await.expect(200).json();
    assert_eq!(cleared["performers"], json!([]));
    house.owner.post(&event.staff_path("/publish"), Value::Null).await.expect(200);
    let page = app.nobody().get(&event.path("")).await.expect(200).json();
    assert_eq!((&page["performers"], &page["name"]), (&json!([]), &json!("Renamed")));

    let venue = format!("/organizers/{}/venues/{}", house.id, event.venue);
    let kept = house.owner.patch(&venue, json!({ "address": "Mill Lane 1" })).await.expect(200).json();
    assert_eq!(kept["address"], "Mill Lane 1");
    assert_eq!(house.owner.patch(&venue, json!({ "address": null })).await.expect(200).json()["address"], Value::Null);
    let refused = house.owner.patch(&venue, json!({ "timeZone": null })).await.refused(400, "invalid_field");
    assert_eq!(refused.details()["field"], "timeZone");
}

#[tokio::test]
async fn a_venue_moves_by_both_of_its_coordinates() {
    let app = TestApp::new().await;
    let (event, house) = (app.event_on_sale().await, app.aurora().await);
    let venue = format!("/organizers/{}/venues/{}", house.id, event.venue);
    let at = |venue: &Value| (venue["latitude"].as_f64(), venue["longitude"].as_f64());
    let moved = json!({ "latitude": 52.5, "longitude": -13.25 });
    assert_eq!(at(&house.owner.patch(&venue, moved).await.expect(200).json()), (Some(52.5), Some(-13.25)));
    for wrong in [
        json!({ "latitude": 1 }),
        json!({ "longitude": 1 }),
        json!({ "latitude": null }),
        json!({ "latitude": 1, "longitude": null }),
        json!({ "latitude": null, "longitude": 1 }),
        json!({ "latitude": 90.5, "longitude": 1 }),
        json!({ "latitude": 1, "longitude": -180.5 }),
    ] {
        house.owner.patch(&venue, wrong).await.refused(400, "invalid_field");
    }
    let kept = house.owner.patch(&venue, json!({ "name": "Elsewhere" })).await.expect(200).json();
    assert_eq!(at(&kept), (Some(52.5), Some(-13.25)));
    let cleared = json!({ "latitude": null, "longitude": null });
    assert_eq!(at(&house.owner.patch(&venue, cleared).await.expect(200).json()), (None, None));
}

#[tokio::test]
async fn price_levels_can_be_sent_back_as_they_were_read_and_keep_their_ids() {
    let app = TestApp::new().await;
    let (house, event) = (app.aurora().await, app.event_on_sale().await);
    let path = event.staff_path("");
    let mut levels = house.owner.get(&path).await.expect(200).json()["priceLevels"].clone();
    let back = house.owner.patch(&path, json!({ "priceLevels": levels })).await.expect(200).json();
    assert_eq!(back["priceLevels"], levels);
    levels[0]["price"]["amount"] = 4_321.into();
    let dearer = house.owner.patch(&path, json!({ "priceLevels": levels })).await.expect(200).json();
    assert_eq!(dearer["priceLevels"], levels);
    let shown = app.nobody().get(&event.path("")).await.expect(200).json();
    assert_eq!(shown["priceLevels"][0]["id"], levels[0]["id"]);
    for (field, value) in
        [("amount", json!(1)), ("price", Value::Null), ("price", json!({ "amount": 1, "currency": "USD" }))]
    {
        let mut wrong = levels.clone();
        wrong[0][field] = value;
        house.owner.patch(&path, json!({ "priceLevels": wrong })).await.refused(400, "invalid_field");
    }
    // Another's id is not taken over.
    let mut other = house.owner.get(&app.event_on_sale().await.staff_path("")).await.expect(200).json();
    let mut theirs = other["priceLevels"].take();
    let kept = house.owner.patch(&path, json!({ "priceLevels": theirs })).await.expect(200).json();
    assert_eq!(kept["priceLevels"][0]["id"], levels[0]["id"]);
    theirs[0]["id"] = json!("lvl");
    house.owner.patch(&path, json!({ "priceLevels": theirs })).await.expect(200);
}

#[tokio::test]
async fn an_event_that_is_refused_leaves_no_performers() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let (event, stranger) = (app.draft_with(&house, |_| {}).await, app.event_of(&app.borealis().await).await);
    let path = format!("/organizers/{}/events", house.id);
    for (field, value) in [
        ("venueId", stranger.venue.clone()),
        ("seriesId", stranger.id.clone()),
        ("endsAt", "2026-05-01T00:00:00Z".to_owned()),
    ] {
        let mut body = event_body(&event.venue);
        (body["performers"], body[field]) = (json!(["The Millers"]), value.into());
        let refused = house.owner.post(&path, body).await.refused(400, "invalid_field");
        assert_eq!(refused.details()["field"], field);
    }
    let wrong = json!({ "performers": ["The Millers", "THE MILLERS!"] });
    house.owner.patch(&event.staff_path(""), wrong).await.refused(400, "invalid_field");
    let stale = json!({ "performers": ["The Millers"], "version": 7 });
    house.owner.patch(&event.staff_path(""), stale).await.refused(409, "conflict");
    let paging = catalog::Paging::new(None, None).unwrap();
    let known = app.app.catalog.performers(house.id.parse().unwrap(), &paging).await.unwrap();
    assert!(known.items.is_empty(), "{:?}", known.items);
}

#[tokio::test]
async fn seats_of_a_draft_are_not_there_to_be_blocked_yet() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let draft = app.draft_with(&house, |_| {}).await;
    for (page, body) in [
        ("/block", json!({ "seats": ["S-A-1"] })),
        ("/block", json!({ "area": { "id": "FLOOR", "blocked": 1 } })),
        ("/unblock", json!({ "seats": ["S-A-1"] })),
        ("/capacity", json!({ "area": "FLOOR", "capacity": 10 })),
    ] {
        house.owner.post(&draft.staff_path(page), body).await.refused(409, "wrong_state");
    }
    let known = house.owner.get(&draft.staff_path("")).await.expect(200).json();
    assert_eq!(known["version"], 1, "nothing of it is kept");
}

#[tokio::test]
async fn staff_block_seats_and_change_capacities() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, house) = (app.event_on_sale().await, app.fan("ann").await, app.aurora().await);
    let owner = &house.owner;
    ann.held(&event.id, &["S-A-1"]).await;
    let (block, unblock, capacity) =
        (event.staff_path("/block"), event.staff_path("/unblock"), event.staff_path("/capacity"));
    owner.post(&block, json!({ "seats": ["S-A-2", "S-A-3"] })).await.expect(204);
    owner.post(&block, json!({ "seats": ["S-A-2"] })).await.expect(204);
    ann.hold(&event.id, &["S-A-2"]).await.refused(409, "seat_unavailable");
    owner.post(&block, json!({ "seats": ["S-A-1", "S-A-4"] })).await.refused(409, "seat_unavailable");
    assert_eq!(seat_status(&app, &event, "S-A-4").await, 0, "all or nothing");
    owner.post(&unblock, json!({ "seats": ["S-A-2"] })).await.expect(204);
    ann.hold(&event.id, &["S-A-2"]).await.expect(201);
    owner.post(&block, json!({ "seats": ["S-Z-1"] })).await.refused(400, "unknown_seat");
    owner.post(&unblock, json!({ "seats": ["S-Z-1"] })).await.refused(400, "unknown_seat");
    owner.post(&block, json!({ "area": { "id": "ROOF", "blocked": 1 } })).await.refused(400, "invalid_field");

    for body in
        [json!({}), json!({ "seats": [] }), json!({ "seats": ["S-A-9"], "area": { "id": "FLOOR", "blocked": 1 } })]
    {
        owner.post(&block, body).await.refused(400, "invalid_field");
    }

    let floor = json!({ "areas": [{ "id": "FLOOR", "quantity": 10 }] });
    ann.post(&event.path("/holds"), floor.clone()).await.expect(201);
    owner.post(&block, json!({ "area": { "id": "FLOOR", "blocked": 185 } })).await.expect(204);
    ann.post(&event.path("/holds"), floor.clone()).await.refused(409, "sold_out");
    let refused =
        owner.post(&capacity, json!({ "area": "FLOOR", "capacity": 194 })).await.refused(409, "capacity_below_sold");
    assert_eq!(refused.details()["inUse"], 195);
    for wrong in [json!(-1), json!(4_294_967_296u64), json!(4_294_967_295u64), json!(1.5), json!("10")] {
        owner.post(&capacity, json!({ "area": "FLOOR", "capacity": wrong })).await.refused(400, "invalid_field");
    }
    owner.post(&capacity, json!({ "area": "ROOF", "capacity": 10 })).await.refused(400, "invalid_field");
    owner.post(&capacity, json!({ "area": "FLOOR", "capacity": 205 })).await.expect(204);
    ann.post(&event.path("/holds"), floor.clone()).await.expect(201);
    ann.post(&event.path("/holds"), floor.clone()).await.refused(409, "sold_out");
    owner.post(&block, json!({ "area": { "id": "FLOOR", "blocked": 175 } })).await.expect(204);
    ann.post(&event.path("/holds"), floor).await.expect(201);
    let shown = app.nobody().get(&event.path("")).await.expect(200).json();
    assert_eq!(shown["capacity"], 96 + 205);
}

#[tokio::test]
async fn an_event_is_postponed_and_sold_again_at_its_new_date() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, house) = (app.event_on_sale().await, app.fan("ann").await, app.aurora().await);
    let order = ann.bought(&event.id, &["S-A-1"]).await;
    house.owner.post(&event.staff_path("/postpone"), Value::Null).await.expect(200);
    ann.hold(&event.id, &["S-A-2"]).await.refused(409, "not_on_sale");
    house.owner.post(&event.staff_path("/publish"), Value::Null).await.refused(409, "wrong_state");
    let new_date = json!({ "startsAt": "2026-07-01T18:00:00Z" });
    assert_eq!(house.owner.patch(&event.staff_path(""), new_date).await.expect(200).json()["state"], "rescheduled");
    house.owner.post(&event.staff_path("/publish"), Value::Null).await.expect(200);
    ann.hold(&event.id, &["S-A-2"]).await.expect(201);
    house.owner.post(&event.staff_path("/take-off-sale"), Value::Null).await.expect(200);
    ann.hold(&event.id, &["S-A-3"]).await.refused(409, "not_on_sale");
    let order = ann.get(&format!("/orders/{}", order["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!(order["status"], "completed", "a ticket stays good for the new date");
}

#[tokio::test]
async fn a_cancelled_event_pays_everyone_back() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, house) = (app.event_on_sale().await, app.aurora().await);
    let (ann, bob) = (app.fan("ann").await, app.fan("bob").await);
    let orders = [ann.bought(&event.id, &["S-A-1", "S-A-2"]).await, ann.bought(&event.id, &["S-B-1"]).await];
    let held = bob.held(&event.id, &["S-C-1"]).await;
    let cancelled = house.owner.post(&event.staff_path("/cancel"), Value::Null).await.expect(200).json();
    assert_eq!((&cancelled["state"], &cancelled["status"]), (&json!("cancelled"), &json!("cancelled")));
    house.owner.post(&event.staff_path("/cancel"), Value::Null).await.expect(200);
    app.run_jobs().await;
    for order in orders {
        let id = order["id"].as_str().unwrap();
        let refunded = ann.get(&format!("/orders/{id}")).await.expect(200).json();
        assert_eq!((&refunded["status"], &refunded["refunded"]), (&json!("refunded"), &order["total"]));
        assert!(refunded["tickets"].as_array().unwrap().iter().all(|ticket| ticket["status"] == "refunded"));
    }
    bob.pay(&[&held], "tok_ok").await.refused(409, "not_on_sale");
    bob.hold(&event.id, &["S-D-1"]).await.refused(409, "not_on_sale");
    house.owner.post(&event.staff_path("/publish"), Value::Null).await.refused(409, "wrong_state");
    let page = app.nobody().get(&event.path("")).await.expect(200).json();
    assert_eq!(page["status"], "cancelled");
}

#[tokio::test]
async fn an_event_moves_to_a_newer_map_that_keeps_what_is_in_use() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, house) = (app.event_on_sale().await, app.fan("ann").await, app.aurora().await);
    ann.bought(&event.id, &["S-A-1"]).await;
    let held = ann.held(&event.id, &["S-H-12"]).await;
    let maps = format!("/organizers/{}/venues/{}/seat-maps", house.id, event.venue);
    let mut wider = maps::hall();
    let row = json!({ "label": "I", "seats": [{ "label": "1", "x": 10, "y": 90, "level": "side" }] });
    wider["sections"][0]["rows"].as_array_mut().unwrap().push(row);
    let wider = house.owner.post(&maps, wider).await.expect(201).id();
    let mut smaller = maps::hall();
    smaller["sections"][0]["rows"].as_array_mut().unwrap().truncate(7);
    let smaller = house.owner.post(&maps, smaller).await.expect(201).id();
    let versions = house.owner.get(&maps).await.expect(200).json();
    let listed: Vec<_> = versions["items"].as_array().unwrap().iter().map(|map| map["version"].clone()).collect();
    assert_eq!(listed, [json!(3), json!(2), json!(1)]);

    let path = event.staff_path("/seat-map");
    let refused = house.owner.post(&path, json!({ "seatMapId": smaller })).await.refused(400, "invalid_seat_map");
    assert_eq!(refused.details()["seats"], json!(["S-H-12"]));
    assert_eq!(house.owner.post(&path, json!({ "seatMapId": wider })).await.expect(200).json()["capacity"], 297);
    ann.hold(&event.id, &["S-I-1"]).await.expect(201);
    ann.pay(&[&held], "tok_ok").await.expect(201);
    app.fan("bob").await.hold(&event.id, &["S-A-1"]).await.refused(409, "seat_unavailable");
    assert_eq!(app.nobody().get(&event.path("/seat-map")).await.json()["version"], 2);
}

#[tokio::test]
async fn prices_change_for_new_holds_only() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, house) = (app.event_on_sale().await, app.fan("ann").await, app.aurora().await);
    let early = ann.held(&event.id, &["S-A-1"]).await;
    let mut levels = event_body(&event.venue)["priceLevels"].clone();
    levels[0]["amount"] = (2 * FRONT).into();
    house.owner.patch(&event.staff_path(""), json!({ "priceLevels": levels })).await.expect(200);
    let late = ann.hold(&event.id, &["S-A-2"]).await.expect(201).json();
    assert_eq!(late["total"]["amount"], 2 * FRONT);
    assert_eq!(ann.pay(&[&early], "tok_ok").await.expect(201).json()["total"]["amount"], FRONT);
}

#[tokio::test]
async fn a_venue_is_changed_by_its_organizer() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let draft = app.draft_with(&house, |_| {}).await;
    let path = format!("/organizers/{}/venues/{}", house.id, draft.venue);
    let patch = json!({ "version": 1, "name": "New Mill", "address": "Mill Lane 1" });
    let changed = house.owner.patch(&path, patch.clone()).await.expect(200).json();
    assert_eq!(
        (&changed["name"], &changed["city"], &changed["version"]),
        (&json!("New Mill"), &json!("Hamburg"), &json!(2))
    );
    house.owner.patch(&path, patch).await.refused(409, "conflict");
    for (field, value) in [
        ("name", json!("")),
        ("country", json!("DEU")),
        ("country", json!("de\u{0}")),
        ("timeZone", json!("Europe/Atlantis")),
        ("timeZone", json!("../../etc/passwd")),
        ("version", json!(-1)),
    ] {
        house.owner.patch(&path, json!({ (field): value })).await.refused(400, "invalid_field");
    }
    let mut body = venue_body();
    for (latitude, longitude) in [(json!(91), json!(0)), (json!(0), json!(181)), (json!(1), Value::Null)] {
        body["latitude"] = latitude;
        body["longitude"] = longitude;
        house.owner.post(&format!("/organizers/{}/venues", house.id), body.clone()).await.refused(400, "invalid_field");
    }
    body["latitude"] = 53.55.into();
    body["longitude"] = 9.99.into();
    let venue = house.owner.post(&format!("/organizers/{}/venues", house.id), body).await.expect(201).json();
    assert_eq!((&venue["latitude"], &venue["longitude"]), (&json!(53.55), &json!(9.99)));
}

#[tokio::test]
async fn members_change_and_go_but_an_owner_stays() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let (owner, eve) = (&house.owner, app.fan("eve").await);
    let path = format!("/organizers/{}/members", house.id);
    eve.get(&path).await.refused(404, "not_found");
    app.joins(&house, &eve, Role::Manager).await;
    assert_eq!(eve.get(&path).await.expect(200).json()["items"].as_array().unwrap().len(), 2);
    assert_eq!(eve.get("/organizers").await.expect(200).json()["items"][0]["role"], "manager");
    eve.post(&path, json!({ "email": "bob@example.org", "role": "owner" })).await.refused(403, "not_allowed");

    let eves = format!("{path}/{}", eve.id);
    eve.patch(&eves, json!({ "role": "owner" })).await.refused(403, "not_allowed");
    owner.patch(&eves, json!({ "role": "king" })).await.refused(400, "invalid_field");
    owner.patch(&eves, json!({ "role": null })).await.refused(400, "invalid_field");
    owner.patch(&eves, json!({ "role": "viewer" })).await.expect(204);
    eve.get(&path).await.refused(403, "not_allowed");
    let own = format!("{path}/{}", owner.id);
    owner.patch(&own, json!({ "role": "viewer" })).await.refused(409, "wrong_state");
    owner.delete(&own).await.refused(409, "wrong_state");
    eve.delete(&own).await.refused(403, "not_allowed");
    owner.delete(&eves).await.expect(204);
    owner.delete(&eves).await.refused(404, "not_found");
    eve.get(&format!("/organizers/{}/events", house.id)).await.refused(404, "not_found");
}

#[tokio::test]
async fn members_can_leave_and_the_last_one_erase_the_account() {
    let app = TestApp::new().await;
    let (event, house) = (app.event_on_sale().await, app.aurora().await);
    let (eve, bob) = (app.verified("eve").await, app.fan("bob").await);
    let path = format!("/organizers/{}/members", event.organizer);
    app.joins(&house, &eve, Role::Door).await;
    eve.delete(&format!("{path}/{}", house.owner.id)).await.refused(403, "not_allowed");
    bob.delete(&format!("{path}/{}", bob.id)).await.refused(404, "not_found");
    eve.delete(&format!("{path}/{}", eve.id)).await.expect(204);
    assert_eq!(eve.get("/organizers").await.expect(200).json()["items"], json!([]));

    // Left alone with an organizer that does nothing; one with events needs its owner.
    let mill = app.house("bob").await;
    let path = format!("/organizers/{}/members", mill.id);
    app.joins(&mill, &eve, Role::Viewer).await;
    bob.patch(&format!("{path}/{}", eve.id), json!({ "role": "owner" })).await.expect(204);
    bob.delete(&format!("{path}/{}", bob.id)).await.expect(204);
    eve.erase().await.expect(204);
    house.owner.erase().await.refused(409, "wrong_state");
}

#[tokio::test]
async fn roles_do_what_they_are_for() {
    let app = TestApp::new().await;
    let (event, house) = (app.event_on_sale().await, app.aurora().await);
    let order = app.fan("ann").await.bought(&event.id, &["S-A-1"]).await;
    let refund = format!("/organizers/{}/orders/{}/refund", house.id, order["id"].as_str().unwrap());
    let door = app.staff(&house, Role::Door).await;
    door.keyed(app.key()).post(&refund, json!({ "reason": "rain" })).await.refused(403, "not_allowed");
    let finance = app.staff(&house, Role::Finance).await;
    finance.keyed(app.key()).post(&refund, json!({ "reason": "rain" })).await.expect(200);
    let manager = app.staff(&house, Role::Manager).await;
    manager.post(&event.staff_path("/block"), json!({ "seats": ["S-A-1"] })).await.expect(204);
    let viewer = app.staff(&house, Role::Viewer).await;
    viewer.get(&event.staff_path("")).await.expect(200);
    viewer.post(&event.staff_path("/unblock"), json!({ "seats": ["S-A-1"] })).await.refused(403, "not_allowed");
    // A viewer sees what was sold, but not who comes.
    viewer.get(&format!("/organizers/{}/orders", house.id)).await.expect(200);
    viewer.get(&event.staff_path("/attendees")).await.refused(403, "not_allowed");
}

#[tokio::test]
async fn while_no_seat_can_be_changed_staff_are_told_when_to_come_back() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, house) = (app.event_on_sale().await, app.aurora().await);
    let maps = format!("/organizers/{}/venues/{}/seat-maps", house.id, event.venue);
    let map = house.owner.post(&maps, crate::maps::hall()).await.expect(201).json();
    let inventory = app.app.inventory.clone();
    tokio::task::spawn_blocking(move || inventory.stop()).await.unwrap();
    for (page, body) in [
        ("/capacity", json!({ "area": "FLOOR", "capacity": 5 })),
        ("/seat-map", json!({ "seatMapId": map["id"] })),
        ("/block", json!({ "seats": ["S-A-1"] })),
        ("/unblock", json!({ "seats": ["S-A-1"] })),
        ("/take-off-sale", Value::Null),
    ] {
        // That the answer says when to come back is checked for every 503.
        house.owner.post(&event.staff_path(page), body).await.refused(503, "unavailable");
    }
    let unknown = json!({ "area": "a\u{0}b", "capacity": 5 });
    assert!(house.owner.post(&event.staff_path("/capacity"), unknown).await.status < 500, "known without the writer");
}
