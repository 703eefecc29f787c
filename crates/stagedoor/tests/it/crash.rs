//! The real server killed with `kill -9` under load, again and again: every answer anyone got
//! stays true, every request without an answer has one effect when it is sent again.

mod guests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use stagedoor_core::{Entropy, Env};
use testkit::{Answer, Client, Installation, Server};

const ROUNDS: u64 = 15;
const FANS: usize = 6;
/// Few enough that everybody wants the same ones.
const SEATS: usize = 150;
const ARGUMENTS: [&str; 3] =
    ["--password-memory-kib=8", "--hold-attempts-per-minute=100000", "--active-holds-max=1000"];
const TOKENS: [&str; 10] = [
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_declined",
    "tok_insufficient_funds",
    "tok_challenge",
    "tok_timeout_captured",
    "tok_timeout_lost",
    "tok_slow",
];
/// Longer than any retry of the workflows waits.
const SETTLING: Duration = Duration::from_secs(120);

/// A request that may be sent again.
#[derive(Clone)]
struct Request {
    path: String,
    key: String,
    body: Value,
    what: What,
}

#[derive(Clone)]
enum What {
    Hold,
    Order,
    Cancel { order: String },
    CheckIn { ticket: String },
}

/// What everyone was told about one thing.
#[derive(Default)]
struct Told {
    /// Held for this fan by an answer, and by nobody given up since.
    holds: BTreeMap<String, Value>,
    /// Given up or handed to an order, whatever came of it.
    spent: BTreeSet<String>,
    /// The last answer about an order.
    orders: BTreeMap<String, Value>,
    cancelled: BTreeSet<String>,
    /// Ticket and the scan that got in.
    admitted: BTreeMap<String, Request>,
}

struct Fan {
    name: usize,
    dice: Entropy,
    token: String,
    requests: u64,
    told: Told,
    /// Sent, and no answer came.
    open: Vec<Request>,
    answers: u64,
}

struct House {
    place: Installation,
    theatre: String,
    seats: Vec<String>,
    club: String,
    floor: String,
    gates: BTreeMap<String, String>,
    door: BTreeMap<String, String>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

impl House {
    async fn open() -> (House, Server) {
        let place = Installation::new().await;
        let world: Value = serde_json::from_str(&place.run(&["demo", ARGUMENTS[0]]).await).expect("the world is JSON");
        let server = place.serve(&ARGUMENTS).await;
        let event = |name: &str| {
            let events = world["events"].as_array().expect("a list");
            events.iter().find(|event| text(&event["name"]).contains(name)).expect("an event of the world").clone()
        };
        let (theatre, club) = (event("Clockmaker"), event("Midnight Brass"));
        let (mut gates, mut door) = (BTreeMap::new(), BTreeMap::new());
        for event in [&theatre, &club] {
            let organizer = &event["organizer"];
            let accounts = world["accounts"].as_array().expect("a list");
            let sign_in = async |role: &str| {
                let staff = accounts.iter().find(|one| one["role"] == role && one["organizer"] == *organizer);
                let staff = staff.expect("every organizer has one");
                let credentials = json!({ "email": staff["email"], "password": staff["password"] });
                let login = server.client().post("/api/v1/auth/login", None, &credentials).await.expect("an answer");
                text(&login.expect(200).json()["accessToken"])
            };
            door.insert(text(&event["id"]), sign_in("door").await);
            let opened = json!({ "doorsAt": Env::system().now() });
            let path = format!("/api/v1/organizers/{}/events/{}", text(organizer), text(&event["id"]));
            let mut owner = server.client().signed_in(&sign_in("owner").await);
            owner.patch(&path, &opened).await.expect("an answer").expect(200);
            gates.insert(text(&event["id"]), format!("/api/v1/organizers/{}/checkins", text(organizer)));
        }
        let mut house = House {
            place,
            theatre: text(&theatre["id"]),
            seats: Vec::new(),
            club: text(&club["id"]),
            floor: String::new(),
            gates,
            door,
        };
        let map = server.client().get(&format!("/api/v1/events/{}/seat-map", house.theatre)).await.expect("an answer");
        house.seats = seats_in_order(&map.expect(200).json());
        let map = server.client().get(&format!("/api/v1/events/{}/availability", house.club)).await.expect("an answer");
        house.floor = text(&map.expect(200).json()["areas"][0]["id"]);
        (house, server)
    }

    async fn fan(&self, server: &Server, name: usize) -> Fan {
        let new = json!({ "email": format!("fan{name}@fans.example"), "password": "an old mill by the sea", "name": "A Fan" });
        let answer = server.client().post("/api/v1/auth/register", None, &new).await.expect("an answer").expect(201);
        let token = text(&answer.json()["accessToken"]);
        let dice = Entropy::seeded(name as u64);
        Fan { name, dice, token, requests: 0, told: Told::default(), open: Vec::new(), answers: 0 }
    }
}

fn seats_in_order(map: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let rows = list(&map["sections"]).into_iter().flat_map(|section| list(&section["rows"]));
    rows.flat_map(|row| list(&row["seats"])).map(|seat| text(&seat["id"])).collect()
}

impl Fan {
    fn roll(&self, sides: usize) -> usize {
        self.dice.below(sides as u64) as usize
    }

    fn pick(&self, from: impl ExactSizeIterator<Item = String>) -> Option<String> {
        let mut from = from;
        let count = from.len();
        if count == 0 { None } else { from.nth(self.roll(count)) }
    }

    fn client(&self, server: &Client) -> Client {
        server.another().signed_in(&self.token)
    }

    fn request(&mut self, path: String, body: Value, what: What) -> Request {
        self.requests += 1;
        Request { path, key: format!("fan-{}-{}", self.name, self.requests), body, what }
    }

    /// The next thing this fan wants; `None` when there is nothing to do it with.
    async fn invent(&mut self, house: &House, client: &mut Client) -> Option<Request> {
        match self.roll(10) {
            0..4 => {
                let (event, wish) = if self.roll(4) == 0 {
                    (&house.club, json!({ "areas": [{ "id": house.floor, "quantity": 1 + self.roll(3) }] }))
                } else {
                    let first = self.roll(SEATS);
                    let seats = &house.seats[first..first + 1 + self.roll(3)];
                    (&house.theatre, json!({ "seats": seats }))
                };
                Some(self.request(format!("/api/v1/events/{event}/holds"), wish, What::Hold))
            }
            4..7 => {
                let hold = self.pick(self.told.holds.keys().cloned().collect::<Vec<_>>().into_iter())?;
                self.told.holds.remove(&hold);
                self.told.spent.insert(hold.clone());
                let payment = json!({ "method": "simulated", "token": TOKENS[self.roll(TOKENS.len())] });
                let body = json!({ "holds": [hold], "payment": payment });
                Some(self.request("/api/v1/orders".to_owned(), body, What::Order))
            }
            7 => {
                let hold = self.pick(self.told.holds.keys().cloned().collect::<Vec<_>>().into_iter())?;
                // Whether the answer comes or not, nothing can be said of it from here on.
                self.told.holds.remove(&hold);
                self.told.spent.insert(hold.clone());
                let _ = client.delete(&format!("/api/v1/holds/{hold}")).await;
                None
            }
            8 => {
                let order = self.pick(self.completed())?;
                self.told.cancelled.insert(order.clone());
                let path = format!("/api/v1/orders/{order}/cancel");
                Some(self.request(path, json!({}), What::Cancel { order }))
            }
            _ => {
                let order = self.pick(self.completed())?;
                let order = &self.told.orders[&order];
                let tickets = order["tickets"].as_array().expect("a list");
                let ticket = &tickets[self.roll(tickets.len())];
                let (id, event) = (text(&ticket["id"]), text(&ticket["eventId"]));
                let path = format!("/api/v1/tickets/{id}/barcode?format=json");
                let barcode =
                    client.get(&path).await.ok().filter(|answer| answer.status == 200)?.json()["text"].clone();
                let mut request = self.request(house.gates[&event].clone(), json!(null), What::CheckIn { ticket: id });
                request.body = json!({ "barcode": barcode, "gate": event, "scanId": request.key });
                Some(request)
            }
        }
    }

    /// Orders that were answered as completed and that nobody tried to cancel.
    fn completed(&self) -> std::vec::IntoIter<String> {
        let told = &self.told;
        let kept =
            told.orders.iter().filter(|(id, order)| order["status"] == "completed" && !told.cancelled.contains(*id));
        kept.map(|(id, _)| id.clone()).collect::<Vec<_>>().into_iter()
    }

    async fn send(&self, house: &House, client: &mut Client, request: &Request) -> std::io::Result<Answer> {
        match &request.what {
            What::CheckIn { .. } => {
                let event = text(&request.body["gate"]);
                let mut door = client.another().signed_in(&house.door[&event]);
                door.post(&request.path, None, &request.body).await
            }
            _ => client.post(&request.path, Some(&request.key), &request.body).await,
        }
    }

    /// Remembers what was answered, which must be one of the answers there are.
    fn heard(&mut self, request: &Request, answer: &Answer) {
        self.answers += 1;
        let body = answer.json();
        match (&request.what, answer.status) {
            (What::Hold, 201) => {
                let id = text(&body["id"]);
                if !self.told.spent.contains(&id) {
                    self.told.holds.insert(id, body);
                }
            }
            (What::Hold, 400..=409) => {}
            (What::Order, 201 | 202) => {
                let known = self.told.orders.insert(text(&body["id"]), body.clone());
                if let Some(known) = known.filter(|known| known["status"] == "completed") {
                    assert_eq!(known, body, "another answer about a completed order");
                }
            }
            (What::Order, 402 | 409 | 410) => {}
            (What::Cancel { order }, 200) => {
                self.told.orders.insert(order.clone(), body);
            }
            (What::Cancel { .. }, 409) => {}
            (What::CheckIn { ticket }, 200) => {
                if body["result"] == "admitted" {
                    let before = self.told.admitted.insert(ticket.clone(), request.clone());
                    let same = before.is_none_or(|before| before.body["scanId"] == request.body["scanId"]);
                    assert!(same, "ticket {ticket} was let in twice");
                }
            }
            (_, status) => panic!("{status} to {}: {body}", request.path),
        }
    }

    /// Asks for one thing after the other until the server is gone.
    async fn crowd(mut self, house: Arc<House>, client: Client, killed: Arc<AtomicBool>) -> Fan {
        let mut client = self.client(&client);
        while !killed.load(Ordering::Relaxed) {
            let Some(request) = self.invent(&house, &mut client).await else { continue };
            match self.send(&house, &mut client, &request).await {
                Ok(answer) => self.heard(&request, &answer),
                Err(_) => {
                    self.open.push(request);
                    break;
                }
            }
        }
        self
    }

    /// After a restart: what was not answered is asked again, with the same key, twice.
    async fn ask_again(&mut self, house: &House, client: &Client) {
        let mut client = self.client(client);
        for request in std::mem::take(&mut self.open) {
            let answer = self.send(house, &mut client, &request).await.expect("the server is there");
            self.heard(&request, &answer);
            let again = self.send(house, &mut client, &request).await.expect("the server is there");
            let place = format!("{} {}", request.path, request.key);
            // Refusals are not kept: who comes later may find the seat taken, or free.
            if answer.status == 201 {
                assert_eq!((again.status, again.json()), (answer.status, answer.json()), "{place}");
            }
            self.heard(&request, &again);
        }
    }

    /// Every answer is still true.
    async fn check(&mut self, house: &House, client: &Client) {
        let mut client = self.client(client);
        for (id, hold) in &self.told.holds {
            let now = client.get(&format!("/api/v1/holds/{id}")).await.expect("an answer").expect(200).json();
            // RFC 3339 in UTC sorts as text.
            let over = text(&hold["expiresAt"]) < Env::system().now().to_string();
            assert!(now["status"] == "held" || over && now["status"] == "expired", "nobody ended {hold}: {now}");
            for part in ["seats", "areas", "total", "expiresAt"] {
                assert_eq!(now[part], hold[part], "{part} of {id}");
            }
        }
        for (id, order) in &mut self.told.orders {
            let now = client.get(&format!("/api/v1/orders/{id}")).await.expect("an answer").expect(200).json();
            let status = text(&now["status"]);
            let fits = match order["status"].as_str().expect("a status") {
                "completed" if self.told.cancelled.contains(id) => {
                    ["completed", "partially_refunded", "refunded"].contains(&&*status)
                }
                "completed" => status == "completed",
                "refunded" => status == "refunded",
                "partially_refunded" => ["partially_refunded", "refunded"].contains(&&*status),
                "declined" => status == "declined",
                "cancelled" => status == "cancelled",
                _ => true,
            };
            assert!(fits, "{id} was {}, is {now}", order["status"]);
            assert_eq!(now["transactionId"], order["transactionId"]);
            if status == "completed" {
                assert!(!now["tickets"].as_array().expect("a list").is_empty(), "{now}");
            }
            *order = now;
        }
        for (ticket, scan) in &self.told.admitted {
            let again = self.send(house, &mut client, scan).await.expect("an answer").expect(200).json();
            assert_eq!(again["result"], "admitted", "the scan of {ticket} again");
            let mut other = scan.clone();
            other.body["scanId"] = json!(format!("{}-other", scan.key));
            let other = self.send(house, &mut client, &other).await.expect("an answer").expect(200).json();
            assert!(other["result"] != "admitted", "{ticket} was let in twice: {other}");
        }
    }

    /// Answers the bank for every order that waits for it.
    async fn answer_the_bank(&self, client: &mut Client) {
        for order in self.told.orders.values() {
            let Some(url) = order["nextAction"]["url"].as_str() else { continue };
            let path = &url[url.find("/api/").expect("a page of ours")..];
            let _ = client.post_form(path, "answer=approve").await;
        }
    }
}

/// The seats of orders that stand: each in one of them, and sold on the seat map.
async fn check_seats(house: &House, client: &mut Client, fans: &[Fan]) {
    let mut owners = BTreeMap::new();
    for fan in fans {
        for order in fan.told.orders.values().filter(|order| order["status"] == "completed") {
            for ticket in order["tickets"].as_array().expect("a list") {
                let Some(seat) = ticket["seat"].as_str() else { continue };
                if ticket["eventId"] != house.theatre.as_str() {
                    continue;
                }
                let other = owners.insert(seat.to_owned(), order["id"].clone());
                assert_eq!(other, None, "seat {seat} has two live tickets");
            }
        }
    }
    let path = format!("/api/v1/events/{}/availability", house.theatre);
    let availability = client.get(&path).await.expect("an answer").expect(200).json();
    let bits = base64(&text(&availability["seats"]));
    for seat in owners.keys() {
        let index = house.seats.iter().position(|known| known == seat).expect("a seat of the map");
        assert_eq!(bits[index / 4] >> (index % 4 * 2) & 3, 2, "seat {seat} of {} is not sold", owners[seat]);
    }
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |byte: u8| DIGITS.iter().position(|digit| *digit == byte).expect("a digit") as u32;
    let digits: Vec<u32> = text.bytes().filter(|byte| *byte != b'=').map(digit).collect();
    let bytes = digits.chunks(4).flat_map(|chunk| {
        let bits = chunk.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - chunk.len()));
        bits.to_be_bytes()[1..chunk.len()].to_vec()
    });
    bytes.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_answered_stays_true_however_often_the_server_is_killed() {
    let (house, mut server) = House::open().await;
    let house = Arc::new(house);
    let mut fans = Vec::new();
    for name in 0..FANS {
        fans.push(house.fan(&server, name).await);
    }
    let dice = Entropy::seeded(7);
    for round in 0..ROUNDS {
        let killed = Arc::new(AtomicBool::new(false));
        let crowd: Vec<_> = std::mem::take(&mut fans)
            .into_iter()
            .map(|fan| tokio::spawn(fan.crowd(house.clone(), server.client(), killed.clone())))
            .collect();
        tokio::time::sleep(Duration::from_millis(300 + dice.below(1_500))).await;
        server.kill().await;
        killed.store(true, Ordering::Relaxed);
        for fan in crowd {
            fans.push(fan.await.unwrap_or_else(|error| panic!("round {round}: {error}")));
        }
        server = house.place.serve(&ARGUMENTS).await;
        let client = server.client();
        for fan in &mut fans {
            fan.ask_again(&house, &client).await;
            fan.check(&house, &client).await;
        }
        check_seats(&house, &mut server.client(), &fans).await;
        let mut client = server.client();
        for fan in &fans {
            if dice.below(2) == 0 {
                fan.answer_the_bank(&mut client).await;
            }
        }
    }
    settle(&house, &server, &mut fans).await;
    assert!(server.stop().await.success());
    let verified = house.place.output(&["verify", "--json"]).await;
    let report = String::from_utf8_lossy(&verified.stdout);
    assert_eq!(verified.status.code(), Some(0), "{report}");
    let report: Value = serde_json::from_str(&report).expect("a report is JSON");
    assert_eq!(report["onTheirWay"], 0, "{report}");
    let answers: u64 = fans.iter().map(|fan| fan.answers).sum();
    println!(
        "crash: killed {ROUNDS} times, {answers} answers, {} orders, {} tickets",
        report["orders"], report["tickets"]
    );
    assert!(report["orders"].as_u64() > Some(10), "there was hardly any load: {report}");
}

/// Waits until every order is what it will stay.
async fn settle(house: &House, server: &Server, fans: &mut [Fan]) {
    let until = Env::system().now() + SETTLING;
    loop {
        let mut client = server.client();
        for fan in &mut *fans {
            fan.answer_the_bank(&mut client).await;
            fan.check(house, &server.client()).await;
        }
        let orders = fans.iter().flat_map(|fan| fan.told.orders.values());
        let open: Vec<_> = orders
            .filter(|order| ["pending", "needs_buyer"].contains(&order["status"].as_str().unwrap_or("")))
            .collect();
        if open.is_empty() {
            break;
        }
        assert!(Env::system().now() < until, "still open after {SETTLING:?}: {open:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
