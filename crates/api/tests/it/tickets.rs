//! Tickets and their barcodes, and the door.

use std::time::Duration;

use identity::Role;
use serde_json::{Value, json};

use crate::app::{FRONT, OnSale, TestApp, Wish};
use crate::caller::{Answer, Caller, PASSWORD};

/// Buys a seat; the ticket's id.
async fn ticket(ann: &Caller, event: &OnSale, seat: &str) -> String {
    ann.bought(&event.id, &[seat]).await["tickets"][0]["id"].as_str().unwrap().to_owned()
}

async fn barcode(ann: &Caller, ticket: &str) -> String {
    let shown = ann.get(&format!("/tickets/{ticket}/barcode?format=json")).await.expect(200).json();
    assert_eq!((&shown["ticketId"], &shown["symbology"]), (&json!(ticket), &json!("qr")));
    shown["text"].as_str().unwrap().to_owned()
}

struct Door<'a> {
    app: &'a TestApp,
    staff: Caller,
    organizer: String,
}

impl Door<'_> {
    async fn scan(&self, barcode: &str, more: Value) -> Answer {
        let mut body =
            json!({ "barcode": barcode, "gate": "North 3", "scanId": format!("scan-{}", self.app.number()) });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.staff.post(&format!("/organizers/{}/checkins", self.organizer), body).await
    }

    async fn verdict(&self, barcode: &str) -> String {
        self.scan(barcode, json!({})).await.expect(200).json()["result"].as_str().unwrap().to_owned()
    }
}

/// An event that the doors are about to open for; its tickets can still be given back.
async fn tonight(app: &TestApp) -> OnSale {
    app.event_with(|body| {
        body["startsAt"] = "2026-01-01T02:00:00Z".into();
        body["refundWindowSeconds"] = 0.into();
    })
    .await
}

async fn door(app: &TestApp) -> Door<'_> {
    let house = app.aurora().await;
    Door { app, staff: app.staff(&house, Role::Door).await, organizer: house.id }
}

#[tokio::test]
async fn a_ticket_shows_its_place_and_three_kinds_of_barcode() {
    let app = TestApp::new().await;
    let (event, ann, bob) = (app.event_on_sale().await, app.fan("ann").await, app.fan("bob").await);
    let id = ticket(&ann, &event, "S-B-7").await;
    let shown = ann.get(&format!("/tickets/{id}")).await.expect(200).json();
    for (field, value) in [
        ("seat", json!("S-B-7")),
        ("row", json!("B")),
        ("label", json!("7")),
        ("level", json!("front")),
        ("status", json!("issued")),
        ("version", json!(1)),
        ("eventId", json!(event.id)),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    let page = format!("/tickets/{id}/barcode");
    let svg = ann.get(&page).await.expect(200);
    assert_eq!(svg.header("content-type"), Some("image/svg+xml"));
    assert_eq!(svg.header("cache-control"), Some("no-store"));
    assert!(svg.text().contains("<svg"));
    let (small, large) =
        (ann.get(&format!("{page}?format=png&scale=2")).await, ann.get(&format!("{page}?format=png&scale=10")).await);
    for png in [&small, &large] {
        assert_eq!(png.header("content-type"), Some("image/png"));
        assert_eq!(png.body[..4], *b"\x89PNG");
    }
    let width = |png: &Answer| u32::from_be_bytes(png.body[16..20].try_into().unwrap());
    assert_eq!(width(&small) * 5, width(&large));
    assert_eq!(barcode(&ann, &id).await, barcode(&ann, &id).await);
    for wrong in ["format=gif", "scale=0", "scale=41", "scale=-1", "scale=x", "format=", "format=svg&format=png"] {
        ann.get(&format!("{page}?{wrong}")).await.refused(400, "invalid_query");
    }
    bob.get(&page).await.refused(404, "not_found");
    bob.get(&format!("/tickets/{id}")).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_ticket_is_printed_for_its_owner() {
    let app = TestApp::new().await;
    let (event, ann, bob) = (app.event_on_sale().await, app.fan("ann").await, app.verified("bob").await);
    let hold = ann.held(&event.id, &["S-B-7"]).await;
    let body = json!({
        "holds": [hold], "payment": { "method": "simulated", "token": "tok_ok" }, "attendee": { "name": "Eve Adams" },
    });
    let order = ann.keyed(app.key()).post("/orders", body).await.expect(201).json();
    let id = order["tickets"][0]["id"].as_str().unwrap();
    let words = async |caller: &Caller| {
        let pdf = caller.get(&format!("/tickets/{id}/pdf")).await.expect(200);
        assert_eq!(pdf.header("content-type"), Some("application/pdf"));
        assert_eq!(pdf.header("cache-control"), Some("no-store"));
        assert_eq!(pdf.header("content-disposition"), Some(format!("attachment; filename=\"{id}.pdf\"").as_str()));
        let file = app.db.folder.path().join("ticket.pdf");
        std::fs::write(&file, &pdf.body).unwrap();
        let read = tokio::process::Command::new("pdftotext").arg("-layout").arg(&file).arg("-").output().await;
        let read = read.expect("pdftotext is installed: scripts/setup.sh test");
        String::from_utf8(read.stdout).unwrap()
    };
    let shown = words(&ann).await;
    for wanted in [
        "Northern Lights",
        "Old Mill, Hamburg",
        "Monday, 1 June 2026, 20:00 (Europe/Berlin)",
        "Stalls",
        "50.00 EUR, Front (standard)",
        "Eve Adams",
        order["id"].as_str().unwrap(),
        id,
    ] {
        assert!(shown.contains(wanted), "{wanted:?} is not in\n{shown}");
    }
    bob.get(&format!("/tickets/{id}/pdf")).await.refused(404, "not_found");
    let to = json!({ "email": bob.email, "password": PASSWORD });
    ann.keyed(app.key()).post(&format!("/tickets/{id}/transfer"), to).await.expect(200);
    ann.get(&format!("/tickets/{id}/pdf")).await.refused(404, "not_found");
    assert!(!words(&bob).await.contains("Eve Adams"), "whom the buyer named is no business of the receiver");
    app.aurora().await.owner.post(&event.staff_path("/cancel"), Value::Null).await.expect(200);
    app.run_jobs().await;
    bob.get(&format!("/tickets/{id}/pdf")).await.refused(409, "wrong_state");
}

#[tokio::test]
async fn tickets_are_listed_by_status() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann) = (tonight(&app).await, app.fan("ann").await);
    let (kept, used) = (ticket(&ann, &event, "S-A-1").await, ticket(&ann, &event, "S-A-2").await);
    let returned = ann.bought(&event.id, &["S-A-3"]).await;
    let cancel = format!("/orders/{}/cancel", returned["id"].as_str().unwrap());
    ann.keyed(app.key()).post(&cancel, json!({})).await.expect(200);
    assert_eq!(door(&app).await.verdict(&barcode(&ann, &used).await).await, "admitted");
    let listed = async |query: &str| {
        let page = ann.get(&format!("/me/tickets{query}")).await.expect(200).json();
        let ids: Vec<_> = page["items"].as_array().unwrap().iter().map(|ticket| ticket["id"].clone()).collect();
        ids
    };
    assert_eq!(listed("?status=issued").await, [json!(kept)]);
    assert_eq!(listed("?status=used").await, [json!(used)]);
    assert_eq!(listed("?status=refunded").await, [returned["tickets"][0]["id"].clone()]);
    assert_eq!(listed("?status=revoked").await, [] as [Value; 0]);
    assert_eq!(listed("").await.len(), 3);
    ann.get("/me/tickets?status=lost").await.refused(400, "invalid_query");
    let dead = returned["tickets"][0]["id"].as_str().unwrap();
    ann.get(&format!("/tickets/{dead}/barcode")).await.refused(409, "wrong_state");
    ann.post(&format!("/tickets/{dead}/reissue"), Value::Null).await.refused(409, "wrong_state");
}

#[tokio::test]
async fn a_ticket_admits_once() {
    let app = TestApp::new().await;
    let (event, ann) = (tonight(&app).await, app.fan("ann").await);
    let id = ticket(&ann, &event, "S-A-1").await;
    let (text, door) = (barcode(&ann, &id).await, door(&app).await);
    let admitted = door.scan(&text, json!({ "scanId": "first" })).await.expect(200).json();
    assert_eq!((&admitted["result"], &admitted["scanId"]), (&json!("admitted"), &json!("first")));
    assert_eq!((&admitted["ticket"]["id"], &admitted["ticket"]["seat"]), (&json!(id), &json!("S-A-1")));
    // The scanner did not hear the answer and asks again.
    assert_eq!(door.scan(&text, json!({ "scanId": "first" })).await.expect(200).json()["result"], "admitted");
    app.advance(Duration::from_secs(60)).await;
    let second = door.scan(&text, json!({ "scanId": "second" })).await.expect(200).json();
    assert_eq!((&second["result"], &second["admission"]["scanId"]), (&json!("already_used"), &json!("first")));
    assert_eq!(ann.get(&format!("/tickets/{id}")).await.json()["status"], "used");
    let other = barcode(&ann, &ticket(&ann, &event, "S-A-2").await).await;
    door.scan(&other, json!({ "scanId": "first" })).await.refused(422, "idempotency_mismatch");
}

#[tokio::test]
async fn a_reissued_ticket_kills_its_old_barcode() {
    let app = TestApp::new().await;
    let (event, ann, bob) = (tonight(&app).await, app.fan("ann").await, app.fan("bob").await);
    let id = ticket(&ann, &event, "S-A-1").await;
    let (old, door) = (barcode(&ann, &id).await, door(&app).await);
    bob.post(&format!("/tickets/{id}/reissue"), Value::Null).await.refused(404, "not_found");
    let reissued = ann.post(&format!("/tickets/{id}/reissue"), Value::Null).await.expect(200).json();
    assert_eq!((&reissued["version"], &reissued["status"]), (&json!(2), &json!("issued")));
    let new = barcode(&ann, &id).await;
    assert_ne!(new, old);
    assert_eq!(door.verdict(&old).await, "revoked");
    assert_eq!(door.verdict(&new).await, "admitted");
    ann.post(&format!("/tickets/{id}/reissue"), Value::Null).await.refused(409, "ticket_used");
}

#[tokio::test]
async fn a_repeated_reissue_under_one_key_is_one_new_barcode() {
    let app = TestApp::new().await;
    let (event, ann) = (tonight(&app).await, app.fan("ann").await);
    let (id, other) = (ticket(&ann, &event, "S-A-1").await, ticket(&ann, &event, "S-A-2").await);
    let keyed = ann.keyed(app.key());
    let first = keyed.post(&format!("/tickets/{id}/reissue"), Value::Null).await.expect(200);
    let again = keyed.post(&format!("/tickets/{id}/reissue"), Value::Null).await.expect(200);
    assert_eq!((again.is_replay(), &again.body), (true, &first.body));
    keyed.post(&format!("/tickets/{other}/reissue"), Value::Null).await.refused(422, "idempotency_mismatch");
    assert_eq!(ann.get(&format!("/tickets/{id}")).await.json()["version"], 2);
    assert_eq!(ann.get(&format!("/tickets/{other}")).await.json()["version"], 1);
}

#[tokio::test]
async fn a_ticket_given_away_is_the_receiver_s_alone() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, bob) = (tonight(&app).await, app.verified("ann").await, app.fan("bob").await);
    let order = ann.bought(&event.id, &["S-A-1", "S-A-2"]).await;
    let id = order["tickets"][0]["id"].as_str().unwrap();
    let (old, path) = (barcode(&ann, id).await, format!("/tickets/{id}/transfer"));
    let to = |email: &str| json!({ "email": email, "password": PASSWORD });
    ann.post(&path, to(&bob.email)).await.refused(400, "idempotency_key_required");
    bob.keyed(app.key()).post(&path, to(&bob.email)).await.refused(404, "not_found");
    let keyed = ann.keyed(app.key());
    // Who cannot receive it is not told apart, and such a refusal does not use the key up.
    let own = keyed.post(&path, to(&ann.email)).await.refused(409, "conflict").json();
    let nobody = keyed.post(&path, to("nobody@example.org")).await.refused(409, "conflict").json();
    let unverified = keyed.post(&path, to(&bob.email)).await.refused(409, "conflict").json();
    assert_eq!(own["error"]["message"], nobody["error"]["message"]);
    assert_eq!(own["error"]["message"], unverified["error"]["message"]);
    app.verified("bob").await;
    keyed.post(&path, to("bob")).await.refused(400, "invalid_field");

    let given = keyed.post(&path, to(&bob.email.to_uppercase())).await.expect(200);
    assert_eq!((&given.json()["status"], &given.json()["id"]), (&json!("transferred"), &json!(id)));
    let again = keyed.post(&path, to(&bob.email.to_uppercase())).await.expect(200);
    assert_eq!((again.is_replay(), &again.body), (true, &given.body));
    keyed.post(&path, to("eve@example.org")).await.refused(422, "idempotency_mismatch");

    ann.get(&format!("/tickets/{id}")).await.refused(404, "not_found");
    ann.get(&format!("/tickets/{id}/barcode")).await.refused(404, "not_found");
    ann.keyed(app.key()).post(&path, to("eve@example.org")).await.refused(404, "not_found");
    let seen = ann.get(&format!("/orders/{}", order["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!(
        (&seen["tickets"][0]["status"], &seen["tickets"][1]["status"]),
        (&json!("transferred"), &json!("issued"))
    );
    bob.get(&format!("/orders/{}", order["id"].as_str().unwrap())).await.refused(404, "not_found");
    let theirs = bob.get("/me/tickets").await.expect(200).json();
    assert_eq!((&theirs["items"][0]["id"], &theirs["items"][0]["status"]), (&json!(id), &json!("issued")));
    let door = door(&app).await;
    assert_eq!(door.verdict(&old).await, "revoked");
    assert_eq!(door.verdict(&barcode(&bob, id).await).await, "admitted");
    // Staff see all of it.
    let house = app.aurora().await;
    let told = house.owner.get(&format!("/organizers/{}/tickets/{id}", house.id)).await.expect(200).json();
    assert_eq!((&told["ticket"]["status"], &told["ticket"]["version"]), (&json!("used"), &json!(2)));
    let all = |list: &str, field: &str| told[list].as_array().unwrap().iter().map(|one| one[field].clone()).collect();
    let (kinds, results): (Vec<Value>, Vec<Value>) = (all("changes", "kind"), all("scans", "result"));
    assert_eq!((kinds, results), (vec![json!("transferred")], vec![json!("revoked"), json!("admitted")]));
    // To the buyer it is given away, whatever became of it.
    let seen = ann.get(&format!("/orders/{}", order["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!(seen["tickets"][0]["status"], "transferred");
    bob.keyed(app.key()).post(&path, to(&ann.email)).await.refused(409, "ticket_used");
}

#[tokio::test]
async fn money_goes_back_to_the_payer_for_what_the_payer_still_has() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, bob) = (tonight(&app).await, app.fan("ann").await, app.verified("bob").await);
    let house = app.aurora().await;
    let give = async |id: &Value| {
        let path = format!("/tickets/{}/transfer", id.as_str().unwrap());
        ann.keyed(app.key()).post(&path, json!({ "email": bob.email, "password": PASSWORD })).await.expect(200);
    };
    let order = ann.bought(&event.id, &["S-A-1", "S-A-2"]).await;
    let (path, given) = (format!("/orders/{}", order["id"].as_str().unwrap()), &order["tickets"][0]["id"]);
    give(given).await;
    let cancel = |caller: &Caller| caller.keyed(app.key());
    cancel(&ann).post(&format!("{path}/cancel"), json!({ "tickets": [given] })).await.refused(404, "not_found");
    cancel(&bob).post(&format!("{path}/cancel"), json!({ "tickets": [given] })).await.refused(404, "not_found");
    let part = cancel(&ann).post(&format!("{path}/cancel"), Value::Null).await.expect(200).json();
    assert_eq!((&part["status"], part["refunded"]["amount"].as_i64()), (&json!("partially_refunded"), Some(FRONT)));
    assert_eq!(part["tickets"][0]["status"], "transferred");
    cancel(&ann).post(&format!("{path}/cancel"), Value::Null).await.refused(409, "wrong_state");
    assert_eq!(bob.get("/me/tickets?status=issued").await.json()["items"][0]["id"], *given);

    // Staff give it back: to who paid, and nobody is admitted with it.
    let barcode = barcode(&bob, given.as_str().unwrap()).await;
    let refund = format!("/organizers/{}{path}/refund", house.id);
    cancel(&house.owner).post(&refund, json!({ "reason": "rain" })).await.expect(200);
    let seen = ann.get(&path).await.expect(200).json();
    assert_eq!((&seen["status"], seen["refunded"]["amount"].as_i64()), (&json!("refunded"), Some(2 * FRONT)));
    assert_eq!(seen["tickets"][0]["status"], "refunded");
    assert_eq!(bob.get(&format!("/tickets/{}", given.as_str().unwrap())).await.json()["status"], "refunded");
    assert_eq!(door(&app).await.verdict(&barcode).await, "revoked");

    // The event is called off.
    let order = ann.bought(&event.id, &["S-B-1"]).await;
    let given = order["tickets"][0]["id"].as_str().unwrap();
    give(&order["tickets"][0]["id"]).await;
    let (kept, bobs) = (ticket(&ann, &event, "S-B-2").await, format!("/tickets/{given}"));
    house.owner.post(&event.staff_path("/cancel"), Value::Null).await.expect(200);
    let late = json!({ "email": bob.email, "password": PASSWORD });
    ann.keyed(app.key()).post(&format!("/tickets/{kept}/transfer"), late).await.refused(409, "wrong_state");
    app.run_jobs().await;
    let seen = ann.get(&format!("/orders/{}", order["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!((&seen["status"], seen["refunded"]["amount"].as_i64()), (&json!("refunded"), Some(FRONT)));
    assert_eq!(bob.get(&bobs).await.expect(200).json()["status"], "refunded");
}

#[tokio::test]
async fn a_ticket_is_not_given_away_once_its_night_is_over() {
    let app = TestApp::with(Wish::unlimited()).await;
    let event = app
        .event_with(|body| {
            body["startsAt"] = "2026-01-01T02:00:00Z".into();
            body["endsAt"] = "2026-01-01T04:00:00Z".into();
        })
        .await;
    let (ann, bob) = (app.fan("ann").await, app.verified("bob").await);
    let ids = [ticket(&ann, &event, "S-A-1").await, ticket(&ann, &event, "S-A-2").await];
    let give = async |ann: &Caller, id: &str| {
        let path = format!("/tickets/{id}/transfer");
        ann.keyed(app.key()).post(&path, json!({ "email": bob.email, "password": PASSWORD })).await
    };
    app.db.env.clock.set("2026-01-01T06:00:00Z".parse().unwrap());
    let ann = ann.signed_in_again().await;
    give(&ann, &ids[0]).await.expect(200);
    app.advance(Duration::from_millis(1)).await;
    give(&ann, &ids[1]).await.refused(409, "wrong_state");
}

#[tokio::test]
async fn the_door_knows_what_is_not_for_it() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, other, ann) = (tonight(&app).await, tonight(&app).await, app.fan("ann").await);
    let foreign = app.event_of(&app.borealis().await).await;
    let door = door(&app).await;
    let good = barcode(&ann, &ticket(&ann, &event, "S-A-1").await).await;
    let theirs = barcode(&ann, &ticket(&ann, &foreign, "S-A-1").await).await;
    let wrong = door.scan(&good, json!({ "eventId": other.id })).await.expect(200).json();
    assert_eq!(wrong["result"], "wrong_event");
    for text in ["", "nonsense", "\u{0}", &theirs, &good[..good.len() - 1], &good.replace('A', "B")] {
        assert_eq!(door.verdict(text).await, "unknown", "{text:?}");
    }
    let returned = ann.bought(&event.id, &["S-A-2"]).await;
    let dead = barcode(&ann, returned["tickets"][0]["id"].as_str().unwrap()).await;
    let cancel = format!("/orders/{}/cancel", returned["id"].as_str().unwrap());
    ann.keyed(app.key()).post(&cancel, json!({})).await.expect(200);
    assert_eq!(door.verdict(&dead).await, "revoked");
    for (more, code) in [
        (json!({ "scanId": "" }), "invalid_field"),
        (json!({ "scanId": "x".repeat(65) }), "invalid_field"),
        (json!({ "gate": "" }), "invalid_field"),
        (json!({ "scannedAt": "2030-01-01T00:00:00Z" }), "invalid_field"),
        (json!({ "scannedAt": "soon" }), "invalid_field"),
        (json!({ "eventId": foreign.venue }), "invalid_field"),
        (json!({ "door": "south" }), "unknown_field"),
    ] {
        door.scan(&good, more).await.refused(400, code);
    }
    assert_eq!(door.verdict(&good).await, "admitted");
    let keys = door.staff.get(&format!("/organizers/{}/checkins/keys", door.organizer)).await.expect(200).json();
    assert_eq!(keys["keys"][0]["crv"], "Ed25519");
    assert!(keys["keys"][0].get("d").is_none());
}

#[tokio::test]
async fn a_door_admits_for_its_own_night_alone() {
    let app = TestApp::with(Wish::unlimited()).await;
    let event = app
        .event_with(|body| {
            body["startsAt"] = "2026-01-02T20:00:00Z".into();
            body["doorsAt"] = "2026-01-02T19:00:00Z".into();
            body["endsAt"] = "2026-01-02T23:00:00Z".into();
        })
        .await;
    let (ann, door) = (app.fan("ann").await, door(&app).await);
    let early = barcode(&ann, &ticket(&ann, &event, "S-A-1").await).await;
    let late = barcode(&ann, &ticket(&ann, &event, "S-A-2").await).await;
    assert_eq!(door.verdict(&early).await, "not_yet_valid", "the night before");
    for (clock, barcode, expected) in [
        ("2026-01-02T16:59:59Z", &early, "not_yet_valid"),
        ("2026-01-02T17:00:00Z", &early, "admitted"),
        ("2026-01-03T01:00:01Z", &late, "expired"),
    ] {
        app.db.env.clock.set(clock.parse().unwrap());
        let door = self::door(&app).await;
        assert_eq!(door.verdict(barcode).await, expected, "{clock}");
    }
    let moved = json!({
        "startsAt": "2026-01-04T00:00:00Z", "doorsAt": "2026-01-03T23:30:00Z", "endsAt": "2026-01-04T03:00:00Z",
    });
    app.aurora().await.owner.patch(&event.staff_path(""), moved).await.expect(200);
    assert_eq!(self::door(&app).await.verdict(&late).await, "not_yet_valid", "the evening moved");
    app.db.env.clock.set("2026-01-03T22:00:00Z".parse().unwrap());
    assert_eq!(self::door(&app).await.verdict(&late).await, "admitted");
}

#[tokio::test]
async fn stored_scans_merge_to_one_verdict_whatever_their_order() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, door) = (tonight(&app).await, app.fan("ann").await, door(&app).await);
    let text = barcode(&ann, &ticket(&ann, &event, "S-A-1").await).await;
    app.advance(Duration::from_secs(3_600 - 60)).await;
    let scan = |id: &str, at: &str| json!({ "barcode": text, "gate": "North 3", "scanId": id, "scannedAt": at });
    let late = scan("late", "2026-01-01T00:30:00Z");
    let early = scan("early", "2026-01-01T00:20:00Z");
    let future = scan("future", "2027-01-01T00:00:00Z");
    let path = format!("/organizers/{}/checkins/batch", door.organizer);
    let first = door.staff.post(&path, json!({ "scans": [late, future] })).await.expect(200).json();
    let verdicts: Vec<_> = first["results"].as_array().unwrap().iter().map(|one| one["result"].clone()).collect();
    assert_eq!(verdicts, [json!("admitted"), json!("invalid_field")]);
    // What cannot even be read harms no other either.
    let mut broken =
        [scan("", "2026-01-01T00:20:00Z"), scan("n", "2026-01-01T00:20:00Z"), scan("e", "2026-01-01T00:20:00Z")];
    (broken[1]["gate"], broken[2]["eventId"]) = (json!(" "), json!("tonight"));
    let mixed = json!({ "scans": [broken[0], broken[1], late, broken[2]] });
    let mixed = door.staff.post(&path, mixed).await.expect(200).json();
    let told: Vec<_> =
        mixed["results"].as_array().unwrap().iter().map(|one| (&one["scanId"], &one["result"])).collect();
    let wrong = json!("invalid_field");
    let expected = [("", &wrong), ("n", &wrong), ("late", &json!("admitted")), ("e", &wrong)];
    assert_eq!(told, expected.map(|(id, result)| (json!(id), result)).each_ref().map(|(id, result)| (id, *result)));
    let second = door.staff.post(&path, json!({ "scans": [early] })).await.expect(200).json();
    let won = &second["results"][0];
    assert_eq!((&won["result"], &won["superseded"]["scanId"]), (&json!("admitted"), &json!("late")));
    let again = door.staff.post(&path, json!({ "scans": [early] })).await.expect(200).json();
    assert_eq!(again["results"][0]["result"], "admitted");
    let many: Vec<_> = (0..1_001).map(|number| scan(&format!("n{number}"), "2026-01-01T00:20:00Z")).collect();
    door.staff.post(&path, json!({ "scans": many })).await.refused(400, "invalid_field");
    door.staff.post(&path, json!({ "scans": [] })).await.expect(200);
}
