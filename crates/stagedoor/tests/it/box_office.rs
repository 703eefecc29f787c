//! The whole way of a ticket through the real server, and the verification of what it left behind.

use std::time::Duration;

use serde_json::{Value, json};
use stagedoor_core::Env;
use store::Store;
use testkit::{Client, Installation, Server};

pub const CHEAP: &str = "--password-memory-kib=8";

pub struct House {
    pub place: Installation,
    world: Value,
}

impl House {
    pub async fn new() -> House {
        let place = Installation::new().await;
        let world = place.run(&["demo", CHEAP]).await;
        House { place, world: serde_json::from_str(&world).unwrap() }
    }

    pub async fn serve(&self) -> Server {
        self.place.serve(&[CHEAP]).await
    }

    /// An event that is on sale, by a part of its name.
    pub fn event(&self, name: &str) -> &Value {
        let events = self.world["events"].as_array().unwrap();
        events.iter().find(|event| event["name"].as_str().unwrap().contains(name)).expect("an event of the world")
    }

    /// A connection of the world's account with this role, at this organizer if it has one.
    pub async fn signed_in(&self, server: &Server, role: &str, organizer: Option<&Value>) -> Client {
        let accounts = self.world["accounts"].as_array().unwrap();
        let account = accounts.iter().find(|account| account["role"] == role && account.get("organizer") == organizer);
        let account = account.expect("an account of the world");
        let credentials = json!({ "email": account["email"], "password": account["password"] });
        let answer = server.client().post("/api/v1/auth/login", None, &credentials).await.unwrap().expect(200);
        server.client().signed_in(answer.json()["accessToken"].as_str().unwrap())
    }

    pub async fn verify(&self) -> (Option<i32>, Value) {
        let output = self.place.output(&["verify", "--json"]).await;
        let report = serde_json::from_slice(&output.stdout);
        let report = report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code(), report)
    }

    async fn database(&self) -> Store {
        let file = format!("sqlite:{}", self.place.data().join("stagedoor.db").display());
        let url = self.place.database_url().unwrap_or(&file);
        Store::open(url, Env::system()).await.unwrap()
    }
}

async fn hold(client: &mut Client, event: &Value, wish: Value) -> Value {
    let path = format!("/api/v1/events/{}/holds", event["id"].as_str().unwrap());
    client.post(&path, None, &wish).await.unwrap().expect(201).json()
}

pub async fn hold_two(client: &mut Client, event: &Value) -> Value {
    hold(client, event, json!({ "bestAvailable": { "quantity": 2 } })).await
}

pub async fn pay(client: &mut Client, hold: &Value, key: &str) -> Value {
    let body = json!({ "holds": [hold["id"]], "payment": { "method": "simulated", "token": "tok_ok" } });
    client.post("/api/v1/orders", Some(key), &body).await.unwrap().expect(201).json()
}

async fn barcode(client: &mut Client, ticket: &Value) -> String {
    let path = format!("/api/v1/tickets/{}/barcode?format=json", ticket["id"].as_str().unwrap());
    let answer = client.get(&path).await.unwrap().expect(200).json();
    answer["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_ticket_goes_from_sale_to_the_door_and_back() {
    let house = House::new().await;
    let server = house.serve().await;
    let event = house.event("Clockmaker");

    let new = json!({ "email": "ann@fans.example", "password": "an old mill by the sea", "name": "Ann" });
    let ann = server.client().post("/api/v1/auth/register", None, &new).await.unwrap().expect(201).json();
    let mut ann = server.client().signed_in(ann["accessToken"].as_str().unwrap());
    let hold = hold_two(&mut ann, event).await;
    assert_eq!(hold["seats"].as_array().unwrap().len(), 2);
    let order = pay(&mut ann, &hold, "one").await;
    assert_eq!((&order["status"], &order["total"]), (&json!("completed"), &hold["total"]));
    assert_eq!(pay(&mut ann, &hold, "one").await, order, "the same key gives the same order");

    let tickets = order["tickets"].as_array().unwrap();
    let (used, unused) = (&tickets[0], &tickets[1]);
    let text = barcode(&mut ann, used).await;
    let organizer = format!("/api/v1/organizers/{}", event["organizer"].as_str().unwrap());
    let (mut door, gate) =
        (house.signed_in(&server, "door", Some(&event["organizer"])).await, format!("{organizer}/checkins"));
    let early = json!({ "barcode": text, "gate": "North", "scanId": "s0" });
    assert_eq!(door.post(&gate, None, &early).await.unwrap().expect(200).json()["result"], "not_yet_valid");
    let mut owner = house.signed_in(&server, "owner", Some(&event["organizer"])).await;
    let opened = json!({ "doorsAt": Env::system().now() });
    let path = format!("{organizer}/events/{}", event["id"].as_str().unwrap());
    owner.patch(&path, &opened).await.unwrap().expect(200);
    for (scan, result) in [("s1", "admitted"), ("s2", "already_used"), ("s1", "admitted")] {
        let body = json!({ "barcode": text, "gate": "North", "scanId": scan });
        let answer = door.post(&gate, None, &body).await.unwrap().expect(200).json();
        assert_eq!(answer["result"], result, "scan {scan}");
    }

    let cancel = format!("/api/v1/orders/{}/cancel", order["id"].as_str().unwrap());
    let body = json!({ "tickets": [unused["id"]] });
    let cancelled = ann.post(&cancel, Some("two"), &body).await.unwrap().expect(200).json();
    assert_eq!(cancelled["status"], "partially_refunded", "{cancelled}");

    let (code, report) = house.verify().await;
    assert_eq!((code, &report["sound"]), (Some(0), &json!(true)), "beside the server: {report}");
    assert!(server.stop().await.success());
    let (code, report) = house.verify().await;
    assert_eq!(code, Some(0), "{report}");
    assert_eq!((&report["seatsSold"], &report["tickets"], &report["orders"]), (&json!(1), &json!(1), &json!(1)));
}

#[tokio::test]
async fn a_hold_outlives_a_server_that_is_killed() {
    let house = House::new().await;
    let server = house.serve().await;
    let mut fan = house.signed_in(&server, "fan", None).await;
    let club = house.event("Midnight Brass");
    let path = format!("/api/v1/events/{}/availability", club["id"].as_str().unwrap());
    let standing = fan.get(&path).await.unwrap().expect(200).json()["areas"][0]["id"].clone();
    let hold = hold(&mut fan, club, json!({ "areas": [{ "id": standing, "quantity": 3 }] })).await;
    server.kill().await;

    let server = house.serve().await;
    let mut fan = house.signed_in(&server, "fan", None).await;
    let path = format!("/api/v1/holds/{}", hold["id"].as_str().unwrap());
    assert_eq!(fan.get(&path).await.unwrap().expect(200).json()["status"], "held");
    let order = pay(&mut fan, &hold, "after-the-crash").await;
    assert_eq!(order["status"], "completed");
    server.kill().await;
    let (code, report) = house.verify().await;
    assert_eq!((code, &report["areaPlacesSold"], &report["tickets"]), (Some(0), &json!(3), &json!(3)), "{report}");
}

#[tokio::test]
async fn what_was_accepted_is_answered_after_the_server_was_asked_to_stop() {
    let house = House::new().await;
    let server = house.place.serve(&[CHEAP, "--gateway-latency-ms=1500"]).await;
    let mut fan = house.signed_in(&server, "fan", None).await;
    let hold = hold_two(&mut fan, house.event("Paper Whale")).await;
    let body = json!({ "holds": [hold["id"]], "payment": { "method": "simulated", "token": "tok_slow" } });
    let paying = tokio::spawn(async move { fan.post("/api/v1/orders", Some("one"), &body).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (ended, answer) = tokio::join!(server.stop(), paying);
    assert!(ended.success());
    let order = answer.unwrap().unwrap().expect(201).json();
    assert_eq!(order["status"], "completed");
    let (code, report) = house.verify().await;
    assert_eq!((code, &report["onTheirWay"]), (Some(0), &json!(0)), "{report}");
}

#[tokio::test]
async fn a_second_signal_ends_the_server_at_once_and_nothing_is_lost() {
    let house = House::new().await;
    let server = house.place.serve(&[CHEAP, "--gateway-latency-ms=30000"]).await;
    let mut fan = house.signed_in(&server, "fan", None).await;
    let hold = hold_two(&mut fan, house.event("Paper Whale")).await;
    let body = json!({ "holds": [hold["id"]], "payment": { "method": "simulated", "token": "tok_slow" } });
    let paying = tokio::spawn(async move { fan.post("/api/v1/orders", Some("one"), &body).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let pid = server.pid();
    let ended = tokio::spawn(server.ended());
    for _ in 0..2 {
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(ended.await.unwrap().code(), Some(128 + 15));
    assert!(paying.await.unwrap().is_err(), "nobody can have answered");
    let (code, report) = house.verify().await;
    assert_eq!((code, &report["orders"]), (Some(0), &json!(1)), "{report}");
}

#[tokio::test]
async fn what_is_logged_on_the_way_of_a_request_names_it() {
    let house = House::new().await;
    let server = house.place.serve(&[CHEAP, "--log-format=json"]).await;
    let mut fan = house.signed_in(&server, "fan", None).await;
    let store = house.database().await;
    let rename = async |from: &str, to: &str| {
        let tx = store.begin_write().await.unwrap();
        tx.execute(&format!("ALTER TABLE {from} RENAME TO {to}"), ()).await.unwrap();
        tx.commit().await.unwrap();
    };
    let logged = |message: &str| -> Value {
        let log = server.log();
        let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let named = |line: &Value| line["message"] == message && line["span"].is_object();
        lines.find(named).unwrap_or_else(|| panic!("no request is named with {message:?}:\n{log}"))
    };

    // The gateway's books are out of reach: what the buyer is told says nothing of the reason.
    let held = hold_two(&mut fan, house.event("Paper Whale")).await;
    let body = json!({ "holds": [held["id"]], "payment": { "method": "simulated", "token": "tok_challenge" } });
    let order = fan.post("/api/v1/orders", Some("one"), &body).await.unwrap();
    let page = order.json()["nextAction"]["url"].as_str().unwrap().to_owned();
    let page = &page[page.find("/api/").unwrap()..];
    rename("simulated_gateway_payment", "books_elsewhere").await;
    let answer = fan.post_form(page, "answer=approve").await.unwrap().expect(503);
    rename("books_elsewhere", "simulated_gateway_payment").await;
    assert_eq!(logged("no answer from the gateway")["span"]["request"], answer.json()["error"]["requestId"]);

    // The seats are sold and the money cannot be booked: the buyer is not told of it at all.
    let held = hold_two(&mut fan, house.event("Paper Whale")).await;
    let body = json!({ "holds": [held["id"]], "payment": { "method": "simulated", "token": "tok_ok" } });
    rename("ledger_line", "lines_elsewhere").await;
    let answer = fan.post("/api/v1/orders", Some("two"), &body).await.unwrap();
    rename("lines_elsewhere", "ledger_line").await;
    let left = logged("an order was left to its job");
    assert_eq!(left["span"]["request"], answer.headers["x-request-id"].to_str().unwrap(), "{left}");
    assert_eq!(left["order"], answer.json()["id"], "{left}");
    store.close().await.unwrap();
}

/// Changes rows behind the server's back; how many.
async fn change(store: &store::Store, sql: &str) -> u64 {
    let tx = store.begin_write().await.unwrap();
    let rows = tx.execute(sql, ()).await.unwrap();
    tx.commit().await.unwrap();
    rows
}

#[tokio::test]
async fn verify_finds_what_was_tampered_with() {
    let house = House::new().await;
    let server = house.serve().await;
    let mut fan = house.signed_in(&server, "fan", None).await;
    let hold = hold_two(&mut fan, house.event("Paper Whale")).await;
    let order = pay(&mut fan, &hold, "one").await;
    assert!(server.stop().await.success());
    assert_eq!(house.verify().await.0, Some(0));

    let store = house.database().await;
    let change = async |sql: &str| change(&store, sql).await;
    // A ticket that is gone, money that is gone, an order that never was; each put back after.
    let order_id = order["id"].as_str().unwrap();
    for (harm, undo, found) in [
        (
            "UPDATE ticket SET status = 'revoked' WHERE position = 0",
            "UPDATE ticket SET status = 'issued'",
            "no live ticket",
        ),
        (
            "UPDATE sales_order SET state = 'sold', placed_at = placed_at - 3601000000",
            "UPDATE sales_order SET state = 'completed', placed_at = placed_at + 3601000000",
            "on its way since",
        ),
        ("UPDATE ticket SET seat = 'X-1-1' WHERE position = 0", "", "which is not sold"),
    ] {
        assert_eq!(change(harm).await, 1);
        let (code, report) = house.verify().await;
        let findings = report["findings"].as_array().unwrap();
        let finds =
            |finding: &Value| finding.as_str().unwrap().contains(found) && finding.as_str().unwrap().contains(order_id);
        assert!(code == Some(1) && findings.iter().any(finds), "{harm}: {report}");
        if !undo.is_empty() {
            change(undo).await;
        }
    }
    assert_eq!(change("UPDATE payment SET captured_minor = captured_minor - 1").await, 1);
    let (code, report) = house.verify().await;
    let text = report["findings"].to_string();
    assert_eq!(code, Some(1));
    assert!(text.contains("ledger: ") && text.contains("gateway's books") && text.contains("was paid"), "{report}");
    store.close().await.unwrap();
}

/// Two seats with one of them given back, two places in an area, a block of seats and one of places, and an area that
/// takes fewer people than its map says.
async fn a_busy_house(house: &House) -> (Value, Value) {
    let server = house.serve().await;
    let mut fan = house.signed_in(&server, "fan", None).await;
    let (theatre, club) = (house.event("Paper Whale"), house.event("Midnight Brass"));
    let held = hold_two(&mut fan, theatre).await;
    let order = pay(&mut fan, &held, "one").await;
    let cancel = format!("/api/v1/orders/{}/cancel", order["id"].as_str().unwrap());
    let body = json!({ "tickets": [order["tickets"][1]["id"]] });
    fan.post(&cancel, Some("back"), &body).await.unwrap().expect(200);
    let path = |event: &Value| format!("/api/v1/events/{}/availability", event["id"].as_str().unwrap());
    let area = fan.get(&path(club)).await.unwrap().expect(200).json()["areas"][0].clone();
    let held = hold(&mut fan, club, json!({ "areas": [{ "id": area["id"], "quantity": 2 }] })).await;
    pay(&mut fan, &held, "two").await;

    // Somebody holds the seats that are free and lets them go, to know their names.
    let held = hold_two(&mut fan, theatre).await;
    fan.delete(&format!("/api/v1/holds/{}", held["id"].as_str().unwrap())).await.unwrap().expect(204);
    let seats = Vec::from_iter(held["seats"].as_array().unwrap().iter().map(|seat| &seat["id"]));
    for (event, block) in
        [(theatre, json!({ "seats": seats })), (club, json!({ "area": { "id": area["id"], "places": 5 } }))]
    {
        let mut owner = house.signed_in(&server, "owner", Some(&event["organizer"])).await;
        let path = |page: &str| {
            let (organizer, event) = (event["organizer"].as_str().unwrap(), event["id"].as_str().unwrap());
            format!("/api/v1/organizers/{organizer}/events/{event}/{page}")
        };
        owner.post(&path("blocks"), None, &block).await.unwrap().expect(201);
        if block["area"].is_object() {
            let fewer = json!({ "area": area["id"], "capacity": 100 });
            owner.post(&path("capacity"), None, &fewer).await.unwrap().expect(204);
        }
    }
    assert!(server.stop().await.success());
    (order, area["id"].clone())
}

#[tokio::test]
async fn verify_finds_what_rows_claim_and_the_seats_do_not_have() {
    let house = House::new().await;
    let (order, area) = a_busy_house(&house).await;
    let (code, report) = house.verify().await;
    assert_eq!((code, &report["seatsSold"], &report["areaPlacesSold"]), (Some(0), &json!(1), &json!(2)), "{report}");

    let store = house.database().await;
    let change = async |sql: &str| change(&store, sql).await;
    // The club, by what was changed there.
    let club = "WHERE id IN (SELECT event_id FROM area_capacity)";
    let capacity = |by: &str| format!("UPDATE event SET capacity = capacity {by} 1 {club}");
    // What waits for its job need not agree yet.
    let unsettled = "UPDATE job SET attempts = 1 WHERE kind = 'sales.sync_event.v1'";
    assert!(change(unsettled).await > 0, "the capacity was changed a moment ago");
    change(&capacity("+")).await;
    assert_eq!(house.verify().await.0, Some(0));
    change(&capacity("-")).await;
    change("DELETE FROM job WHERE kind = 'sales.sync_event.v1'").await;

    let (seat, area) = (order["tickets"][0]["seat"].as_str().unwrap(), area.as_str().unwrap());
    let in_seat = |from: &str, to: &str| format!("UPDATE order_place SET seat_id = '{to}' WHERE seat_id = '{from}'");
    let in_area = |from: &str, to: &str| {
        format!("UPDATE order_place SET area_id = '{to}' WHERE area_id = '{from}' AND position = 0")
    };
    let back = |to: &str, from: &str| {
        format!("UPDATE ticket SET status = '{to}' WHERE position = 1 AND seat IS NOT NULL AND status = '{from}'")
    };
    let kept = |refundable: &str| {
        format!(
            "UPDATE order_line SET refundable = {refundable}
              WHERE place = 1 AND kind = 'face_value' AND order_id IN (SELECT order_id FROM order_refund)"
        )
    };
    let state = |to: &str| format!("UPDATE event SET state = '{to}' {club}");
    let takes = |by: &str| format!("UPDATE area_capacity SET capacity = capacity {by} 1");
    let blocked = |by: &str| format!("UPDATE seat_block SET places = places {by} 1 WHERE area_id IS NOT NULL");
    let in_block = "UPDATE seat_block_seat SET seat_id = 'X-' || seat_id
                     WHERE seat_id = (SELECT MIN(seat_id) FROM seat_block_seat)";
    for (harm, undo, found) in [
        (in_seat(seat, "X-1-1"), in_seat("X-1-1", seat), "owns seat X-1-1"),
        (in_seat(seat, "X-1-1"), in_seat("X-1-1", seat), "no live ticket to seat X-1-1"),
        (in_area(area, "nowhere"), in_area("nowhere", area), "owns a place in area nowhere"),
        (back("issued", "refunded"), back("refunded", "issued"), "which is not its own"),
        (kept("FALSE"), kept("TRUE"), "of its money went back"),
        (capacity("-"), capacity("+"), "has room for"),
        (state("off_sale"), state("published"), "is off_sale, and the seat engine"),
        (takes("+"), takes("-"), "takes 101 people"),
        (blocked("+"), blocked("-"), "blocks have 6 places"),
        (in_block.to_owned(), String::new(), "which is not blocked"),
    ] {
        assert_eq!(change(&harm).await, 1, "{harm}");
        let (code, report) = house.verify().await;
        let findings = report["findings"].as_array().unwrap();
        let finds = |finding: &Value| finding.as_str().unwrap().contains(found);
        assert!(code == Some(1) && findings.iter().any(finds), "{harm}: {report}");
        if !undo.is_empty() {
            assert_eq!(change(&undo).await, 1, "{undo}");
            let (code, report) = house.verify().await;
            assert_eq!(code, Some(0), "{undo}: {report}");
        }
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn verify_finds_a_changed_journal() {
    let house = House::new().await;
    let server = house.serve().await;
    let mut fan = house.signed_in(&server, "fan", None).await;
    let hold = hold_two(&mut fan, house.event("Paper Whale")).await;
    pay(&mut fan, &hold, "one").await;
    assert!(server.stop().await.success());

    match house.place.database_url() {
        Some(_) => {
            let store = house.database().await;
            let tx = store.begin_write().await.unwrap();
            tx.execute("UPDATE journal_batch SET decided_at = decided_at + 1 WHERE seq = 3", ()).await.unwrap();
            tx.commit().await.unwrap();
            store.close().await.unwrap();
        }
        None => flip_a_bit_of(&house, hold["id"].as_str().unwrap()),
    }
    let (code, report) = house.verify().await;
    assert_eq!(code, Some(1));
    assert!(report["findings"].to_string().contains("journal: partition 0, batch"), "{report}");
}

/// Changes one bit of the hold's id wherever the journal's file has it.
fn flip_a_bit_of(house: &House, hold: &str) {
    let id = hold.parse::<stagedoor_core::HoldId>().unwrap().bytes();
    let file = house.place.data().join("journal-0.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let places: Vec<_> = (0..bytes.len() - 16).filter(|at| bytes[*at..*at + 16] == id).collect();
    assert!(!places.is_empty(), "the journal was moved into its file when the server stopped");
    for at in places {
        bytes[at + 15] ^= 1;
    }
    std::fs::write(&file, bytes).unwrap();
}
