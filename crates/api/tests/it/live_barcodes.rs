//! Barcodes that change with time: as a device makes them that has nothing but the API's word, and at the door.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::Role;
use serde_json::{Value, json};
use stagedoor_core::Timestamp;

use crate::app::{House, OnSale, TestApp, Wish};
use crate::caller::Caller;

/// An evening that takes live barcodes alone, with the doors open, and a ticket to it.
async fn evening(app: &TestApp) -> (House, OnSale, Caller, String) {
    let event = app
        .event_with(|body| {
            body["startsAt"] = "2026-01-01T02:00:00Z".into();
            body["barcodes"] = "live".into();
        })
        .await;
    let ann = app.fan("ann").await;
    let order = ann.bought(&event.id, &["S-A-1"]).await;
    (app.aurora().await, event, ann, order["tickets"][0]["id"].as_str().unwrap().to_owned())
}

async fn verdict(app: &TestApp, door: &Caller, house: &House, barcode: &str, at: Option<Timestamp>) -> String {
    let scan_id = format!("scan-{}", app.number());
    let at = at.map(|at| at.to_string());
    let body = json!({ "barcode": barcode, "gate": "North", "scanId": scan_id, "scannedAt": at });
    let told = door.post(&format!("/organizers/{}/checkins", house.id), body).await.expect(200).json();
    told["result"].as_str().unwrap().to_owned()
}

fn bytes(of: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(of.as_str().unwrap()).unwrap()
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

fn base45(bytes: &[u8]) -> String {
    let letters = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    let value = |pair: &[u8]| usize::from(pair[0]) * 256 + usize::from(pair[1]);
    let digits = bytes.chunks(2).map(value).flat_map(|value| [value % 45, value / 45 % 45, value / 2_025]);
    digits.map(|digit| char::from(letters[digit])).collect()
}

/// As the description of the API tells a device to.
fn shown(kept: &Value, at: Timestamp) -> String {
    let step = at.micros() / 15_000_000;
    let step = u32::try_from(step).unwrap().to_be_bytes();
    let code = mac(&bytes(&kept["key"]), &step);
    base45(&[bytes(&kept["seal"]), step.to_vec(), code[..8].to_vec()].concat())
}

#[tokio::test]
async fn a_device_shows_what_the_server_would_and_a_door_admits_it_once() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (house, event, ann, ticket) = evening(&app).await;
    let page = app.nobody().get(&event.path("")).await.expect(200).json();
    assert_eq!(page["barcodes"], "live");
    let path = format!("/tickets/{ticket}/barcode?format=json");
    let first = ann.get(&path).await.expect(200).json();
    let (kept, now) = (&first["live"], app.app.env.now());
    assert_eq!(first["text"], shown(kept, now));
    let changes_at: Timestamp = first["changesAt"].as_str().unwrap().parse().unwrap();
    assert!(changes_at > now && changes_at.since(now) <= Duration::from_secs(15));
    app.app.env.clock.set(changes_at);
    let second = ann.get(&path).await.expect(200).json();
    assert_ne!(second["text"], first["text"]);
    assert_eq!((&second["text"], &second["live"]), (&json!(shown(kept, changes_at)), kept));
    for format in ["svg", "png"] {
        ann.get(&format!("/tickets/{ticket}/barcode?format={format}")).await.expect(200);
    }

    let door = app.staff(&house, Role::Door).await;
    app.advance(Duration::from_secs(60)).await;
    let picture = second["text"].as_str().unwrap();
    assert_eq!(verdict(&app, &door, &house, picture, None).await, "not_live");
    let fresh = shown(kept, app.app.env.now());
    assert_eq!(verdict(&app, &door, &house, &fresh, None).await, "admitted");
    assert_eq!(verdict(&app, &door, &house, &fresh, None).await, "already_used");
    // A scanner that was offline is believed when it saw what.
    for (later, expected) in [(50, "not_live"), (20, "admitted")] {
        let seen = Some(changes_at + Duration::from_secs(later));
        assert_eq!(verdict(&app, &door, &house, picture, seen).await, expected);
    }
}

#[tokio::test]
async fn paper_ends_when_the_organizer_says_so_and_comes_back() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (house, event, ann, ticket) = evening(&app).await;
    let (pdf, barcode) = (format!("/tickets/{ticket}/pdf"), format!("/tickets/{ticket}/barcode?format=json"));
    ann.get(&pdf).await.refused(409, "wrong_state");
    let door = app.staff(&house, Role::Door).await;
    let allow = async |barcodes: &str| {
        house.owner.patch(&event.staff_path(""), json!({ "barcodes": barcodes })).await.expect(200);
    };
    allow("any").await;
    ann.get(&pdf).await.expect(200);
    let still = ann.get(&barcode).await.expect(200).json();
    assert_eq!(still["changesAt"], Value::Null);
    let still = still["text"].as_str().unwrap().to_owned();
    allow("live").await;
    assert_eq!(verdict(&app, &door, &house, &still, None).await, "not_live");
    allow("any").await;
    assert_eq!(verdict(&app, &door, &house, &still, None).await, "admitted");
}

#[tokio::test]
async fn a_door_gets_the_keys_of_its_event_and_they_are_those_of_its_tickets() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (house, event, ann, ticket) = evening(&app).await;
    let other = app.event_of(&house).await;
    let door = app.staff(&house, Role::Door).await;
    let keys = door.get(&event.staff_path("/checkins/keys")).await.expect(200);
    assert_eq!(keys.header("cache-control"), Some("no-store"));
    let keys = keys.json();
    assert_eq!((keys["keys"].as_array().unwrap().len(), &keys["keys"][0]["kty"]), (1, &json!("oct")));
    assert_ne!(door.get(&other.staff_path("/checkins/keys")).await.expect(200).json(), keys);
    let kept = ann.get(&format!("/tickets/{ticket}/barcode?format=json")).await.expect(200).json();
    let seal = bytes(&kept["live"]["seal"]);
    assert_eq!(keys["keys"][0]["kid"], seal[5].to_string());
    let which = [&seal[6..22], &seal[1..5]].concat();
    assert_eq!(mac(&bytes(&keys["keys"][0]["k"]), &which), bytes(&kept["live"]["key"]));
}

#[tokio::test]
async fn a_new_barcode_has_a_key_of_its_own() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (house, _, ann, ticket) = evening(&app).await;
    let path = format!("/tickets/{ticket}/barcode?format=json");
    let before = ann.get(&path).await.expect(200).json();
    ann.keyed(app.key()).post(&format!("/tickets/{ticket}/reissue"), json!({})).await.expect(200);
    let after = ann.get(&path).await.expect(200).json();
    assert_ne!(before["live"]["key"], after["live"]["key"]);
    let (door, now) = (app.staff(&house, Role::Door).await, app.app.env.now());
    assert_eq!(verdict(&app, &door, &house, &shown(&before["live"], now), None).await, "revoked");
    assert_eq!(verdict(&app, &door, &house, &shown(&after["live"], now), None).await, "admitted");
}
