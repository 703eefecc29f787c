//! Bad input of every kind, to every operation: a refusal in our envelope, no fault of ours, and
//! nothing changed. Source: design/RELIABILITY.md, "Bad input every endpoint class must survive".

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::{Body, Bytes};
use serde_json::{Value, json};

use crate::app::{House, OnSale, TestApp, Wish, event_body, venue_body};
use crate::caller::{Answer, Caller, PASSWORD};
use crate::contract::{self, Operation};
use crate::{maps, passkeys, programs};

/// A world with something of everything in it, and a good body for every operation that takes one.
struct World {
    app: TestApp,
    house: House,
    ann: Caller,
    admin: Caller,
    ids: BTreeMap<&'static str, String>,
    ticket: String,
}

impl World {
    async fn new() -> World {
        let app = TestApp::with(Wish::unlimited()).await;
        let (house, ann) = (app.aurora().await, app.fan("ann").await);
        let event = app.event_of(&house).await;
        let order = ann.bought(&event.id, &["S-A-1"]).await;
        let held = ann.held(&event.id, &["S-A-2"]).await;
        let challenge = ann.pay(&[&held], "tok_challenge").await.expect(202).json();
        let page = challenge["nextAction"]["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let free = ann.held(&event.id, &["S-A-3"]).await;
        let eve = app.verified("eve").await;
        app.joins(&house, &eve, identity::Role::Viewer).await;
        let asked = json!({ "email": "asked@example.org", "role": "viewer" });
        let invitation = house.owner.post(&format!("/organizers/{}/members", house.id), asked).await.expect(201).id();
        let ticket = order["tickets"][0]["id"].as_str().unwrap().to_owned();
        let OnSale { organizer, venue, id } = event;
        let ids = [
            ("org", organizer),
            ("venue", venue),
            ("event", id),
            ("order", order["id"].as_str().unwrap().to_owned()),
            ("ticket", ticket.clone()),
            ("hold", free.clone()),
            ("booking", free),
            ("payment", page),
            ("user", eve.id),
            ("invitation", invitation),
            ("check", "kyc_01h455vb4pex5vsknk084sn02q".to_owned()),
            ("session", "ses_01h455vb4pex5vsknk084sn02q".to_owned()),
            ("passkey", "pky_01h455vb4pex5vsknk084sn02q".to_owned()),
            ("grant", "grt_01h455vb4pex5vsknk084sn02q".to_owned()),
            ("client", programs::client(&app, &house, "orders.read sales.read").await.id),
            ("key", programs::api_key(&house, "sales.read").await.id),
        ];
        let admin = app.admin().await;
        World { app, house, ann, admin, ids: ids.into(), ticket }
    }

    /// Someone who may call the operation.
    fn caller(&self, operation: Operation) -> Caller {
        let who = match operation.path {
            path if path.contains("/platform") => self.admin.clone(),
            path if path.contains("/organizers") => self.house.owner.clone(),
            _ => self.ann.clone(),
        };
        who.keyed(self.app.key())
    }

    /// A body that would be taken; `None` where the operation takes no JSON.
    fn body(&self, operation: Operation) -> Option<Value> {
        operation.body()?["content"].get("application/json")?;
        let payment = json!({ "method": "simulated", "token": "tok_ok" });
        let scan = json!({ "barcode": "text", "gate": "North", "scanId": "one", "scannedAt": "2026-01-01T00:00:00Z", "eventId": self.ids["event"] });
        Some(match operation.path.strip_prefix("/api/v1").unwrap() {
            "/auth/register" => json!({ "email": "new@example.org", "password": PASSWORD, "name": "New" }),
            "/auth/login" => json!({ "email": "ann@example.org", "password": PASSWORD }),
            "/auth/refresh" | "/auth/logout" => json!({ "refreshToken": self.ann.refresh_token }),
            "/auth/password/forgot" => json!({ "email": "ann@example.org" }),
            "/auth/password/reset" => json!({ "token": "sdp_none", "password": "another old mill", "otp": "000000" }),
            "/me" if operation.method == "delete" => json!({ "password": "not the password of it" }),
            "/me" => json!({
                "name": "Anne", "locale": "de", "location": { "city": "Bremen", "region": "Bremen", "country": "DE" },
                "preferences": {
                    "eventCategories": ["concert"], "maxTravelDistanceKm": 50, "notifications": { "email": true, "sms": false }
                },
            }),
            "/me/email" => json!({ "email": "anne@example.org", "password": PASSWORD }),
            "/me/phone" => json!({ "phone": "+4930901820", "password": PASSWORD }),
            "/me/email/verify" | "/me/phone/verify" => json!({ "code": "000000" }),
            "/me/password" => json!({ "current": PASSWORD, "password": "another old mill" }),
            "/me/mfa/totp" => json!({ "password": PASSWORD }),
            "/me/mfa/totp/confirm" => json!({ "otp": "000000" }),
            "/me/mfa/totp/remove" | "/me/mfa/recovery-codes" => json!({ "password": PASSWORD, "otp": "000000" }),
            "/auth/passkeys" => json!({ "credential": passkeys::assertion() }),
            "/me/passkeys" => json!({ "name": "Phone", "credential": passkeys::attestation() }),
            "/me/passkeys/{passkey}" if operation.method == "patch" => json!({ "name": "Phone" }),
            "/me/passkeys/{passkey}" | "/me/passkeys/challenge" => json!({ "password": PASSWORD, "otp": "000000" }),
            "/me/kyc" => json!({ "documentType": "passport", "country": "DE", "reference": "C01X00T47" }),
            "/platform/kyc/{check}/decision" => json!({ "decision": "rejected", "reason": "blurred" }),
            path if path.contains("/clients") || path.contains("/api-keys") => programs::good_body(path),
            "/organizers" => json!({ "name": "Another" }),
            "/organizers/{org}" => json!({ "membersNeedSecondFactor": false }),
            "/me/invitations/accept" | "/me/invitations/decline" => json!({ "token": "sdi_x" }),
            "/platform/organizers/{org}/suspend" | "/platform/organizers/{org}/reinstate" => {
                json!({ "reason": "case 4711, the bank called" })
            }
            "/organizers/{org}/members" => {
                json!({ "email": "bob@example.org", "role": "door", "events": [self.ids["event"]] })
            }
            "/organizers/{org}/members/{user}" => json!({ "role": "door", "events": [self.ids["event"]] }),
            "/organizers/{org}/venues" => {
                let mut body = venue_body();
                body["latitude"] = 53.5.into();
                body["longitude"] = 10.0.into();
                body["address"] = "Mill Lane 1".into();
                body
            }
            "/organizers/{org}/venues/{venue}" => {
                json!({ "version": 1, "name": "New Mill", "city": "Bremen", "country": "DE", "address": "Lane 2", "timeZone": "Europe/Berlin" })
            }
            "/organizers/{org}/venues/{venue}/seat-maps" => maps::hall(),
            "/organizers/{org}/events" => {
                let mut body = event_body(&self.ids["venue"]);
                body.as_object_mut().unwrap().extend(full_terms());
                body
            }
            "/organizers/{org}/events/{event}" => {
                let mut body = json!({ "version": 1, "name": "Southern Lights", "type": "other", "startsAt": "2026-06-02T18:00:00Z" });
                body.as_object_mut().unwrap().extend(full_terms());
                body
            }
            "/organizers/{org}/events/{event}/seat-map" => json!({ "seatMapId": "map_01h455vb4pex5vsknk084sn02q" }),
            "/organizers/{org}/events/{event}/block" => json!({ "seats": ["S-C-1"] }),
            "/organizers/{org}/events/{event}/unblock" => json!({ "seats": ["S-C-1"] }),
            "/organizers/{org}/events/{event}/capacity" => json!({ "area": "FLOOR", "capacity": 190 }),
            "/organizers/{org}/orders/{order}/refund" => json!({ "reason": "rain", "tickets": [self.ticket] }),
            "/organizers/{org}/checkins" => scan,
            "/organizers/{org}/checkins/batch" => json!({ "scans": [scan] }),
            "/events/{event}/holds" => {
                json!({ "seats": ["S-D-1"], "ticketTypes": { "S-D-1": "standard" }, "accessible": false })
            }
            "/orders" => {
                json!({ "holds": [self.ids["hold"]], "payment": payment, "promoCode": "", "attendee": { "name": "Eve", "email": "eve@example.org" } })
            }
            "/orders/{order}/cancel" => json!({ "tickets": [self.ticket] }),
            "/tickets/{ticket}/transfer" => json!({ "email": "bob@example.org" }),
            "/bookings" => json!({ "eventId": self.ids["event"], "seatIds": ["S-D-1"] }),
            "/bookings/{booking}/confirm" => json!({ "payment": payment }),
            other => panic!("no good body for {other}: add one here"),
        })
    }

    /// Everything that a caller could have changed, as the people concerned see it.
    async fn state(&self) -> Value {
        let (owner, org, event) = (&self.house.owner, &self.house.id, &self.ids["event"]);
        let base = format!("/organizers/{org}");
        let mut seen = Vec::new();
        for path in [
            format!("{base}/events?limit=100"),
            format!("{base}/members"),
            format!("{base}/invitations"),
            format!("{base}/clients"),
            format!("{base}/api-keys"),
            format!("{base}/orders?limit=100"),
            format!("{base}/venues/{}/seat-maps", self.ids["venue"]),
            format!("{base}/events/{event}/attendees?limit=100"),
            "/organizers".into(),
            "/venues?limit=100".into(),
            format!("/events/{event}/availability"),
        ] {
            seen.push(owner.get(&path).await.expect(200).json());
        }
        for path in ["/me", "/me/orders?limit=100", "/me/tickets?limit=100", &format!("/holds/{}", self.ids["hold"])] {
            seen.push(self.ann.get(path).await.expect(200).json());
        }
        seen.push(json!(format!("{:?}", self.app.gateway.books().await.unwrap())));
        Value::Array(seen)
    }

    async fn send(&self, operation: Operation, content_type: Option<&str>, body: impl Into<Body>) -> Answer {
        let who = self.caller(operation);
        let mut request = who.request(operation.method(), &operation.fill(&self.ids));
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        who.send(request.body(body.into()).unwrap()).await
    }
}

/// Every optional field of an event.
fn full_terms() -> serde_json::Map<String, Value> {
    let terms = json!({
        "endsAt": "2026-06-02T21:00:00Z", "doorsAt": "2026-06-01T17:00:00Z", "performers": ["The Aurora Quartet"],
        "priceLevels": [{ "key": "front", "name": "Front", "amount": 1 }],
        "ticketTypes": [{ "key": "standard", "name": "Standard", "pricing": { "factor": { "basisPoints": 10_000 } } }],
        "saleWindows": [{ "kind": "general", "opensAt": "2026-01-01T00:00:00Z", "closesAt": "2026-05-01T00:00:00Z" }],
        "holdSeconds": 300, "seatsPerHoldMax": 10, "ticketsPerFanMax": 10, "orphanPolicy": "avoid",
        "refundWindowSeconds": 3_600,
    });
    terms.as_object().unwrap().clone()
}

fn with_bodies() -> Vec<Operation> {
    contract::operations().into_iter().filter(|operation| operation.body().is_some()).collect()
}

/// Bodies that nobody could mean, made from one that is good: `(what, bytes, statuses)`.
fn broken(good: &Value) -> Vec<(&'static str, Vec<u8>, &'static [u16])> {
    let text = good.to_string();
    let inside = &text[1..text.len() - 1];
    let (first, value) = good.as_object().unwrap().iter().next().unwrap();
    let own = |text: String| text.into_bytes();
    let deep = 10_000;
    vec![
        ("nothing", own(String::new()), &[400]),
        ("white space", own("  \n".into()), &[400]),
        ("half of it", own(text[..text.len() / 2].into()), &[400]),
        ("all but the end", own(text[..text.len() - 1].into()), &[400]),
        ("more after the end", own(format!("{text}{text}")), &[400]),
        ("an unknown field", own(format!("{{\"surprise\":1,{inside}}}")), &[400]),
        ("an unknown field of the prototype", own(format!("{{\"__proto__\":{{}},{inside}}}")), &[400]),
        ("a field twice", own(format!("{{{}:{value},{inside}}}", json!(first))), &[400]),
        ("deep arrays", own("[".repeat(deep) + &"]".repeat(deep)), &[400]),
        ("deep objects", own("{\"a\":".repeat(deep) + "1" + &"}".repeat(deep)), &[400]),
        (
            "deep arrays in a field",
            own(format!("{{{}:{}{}}}", json!(first), "[".repeat(deep), "]".repeat(deep))),
            &[400],
        ),
        (
            "depth in an unknown field",
            own(format!("{{\"x\":{}{},{inside}}}", "[".repeat(deep), "]".repeat(deep))),
            &[400],
        ),
        ("a lone surrogate", own(format!("{{{}:\"\\ud800\"}}", json!(first))), &[400]),
        ("a lone low surrogate", own(format!("{{{}:\"\\udc00x\"}}", json!(first))), &[400]),
        ("a raw NUL", own(format!("{{{}:\"\0\"}}", json!(first))), &[400]),
        ("a NUL first", own(format!("\0{text}")), &[400]),
        ("a byte order mark", own(format!("\u{feff}{text}")), &[400]),
        ("invalid UTF-8", [b"{\"\xff\xfe\":1}".as_slice(), text.as_bytes()].concat(), &[400]),
        ("overlong UTF-8", [b"{\"a\":\"\xc0\xaf\"}".as_slice()].concat(), &[400]),
        ("UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect(), &[400]),
        ("an infinite number", own(format!("{{{}:1e400}}", json!(first))), &[400]),
        ("not a number", own(format!("{{{}:NaN}}", json!(first))), &[400]),
        ("a comment", own(format!("{{/* */{inside}}}")), &[400]),
        ("single quotes", own(text.replace('"', "'")), &[400]),
        ("null", own("null".into()), &[400]),
        ("a number", own("1".into()), &[400]),
        ("a text", own("\"text\"".into()), &[400]),
        ("an array", own(format!("[{text}]")), &[400]),
        ("ten megabytes of it", own(format!("{{\"x\":\"{}\",{inside}}}", "x".repeat(10_000_000))), &[400, 413]),
        ("ten megabytes of spaces", own(" ".repeat(10_000_000) + &text), &[413]),
    ]
}

#[tokio::test]
async fn a_body_that_nobody_could_mean_changes_nothing() {
    let world = World::new().await;
    let before = world.state().await;
    let mut count = 0;
    for operation in with_bodies() {
        let Some(good) = world.body(operation) else { continue };
        for (what, bytes, statuses) in broken(&good) {
            // Where a body may be left out, nothing is a good one.
            if what == "nothing" && operation.body().is_some_and(|body| body["required"] != true) {
                continue;
            }
            // A stadium's map is larger than ten megabytes, and spaces harm nobody.
            if operation.path.ends_with("/seat-maps") && what == "ten megabytes of spaces" {
                continue;
            }
            let answer = world.send(operation, Some("application/json"), Bytes::from(bytes)).await;
            let told = format!("{} with {what}: {} {}", operation.name(), answer.status, answer.text());
            assert!(statuses.contains(&answer.status), "{told}");
            count += 1;
        }
        for kind in [
            None,
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
            Some("application/jsonp"),
            Some("*/*"),
            Some(""),
        ] {
            let answer = world.send(operation, kind, good.to_string()).await;
            assert_eq!(answer.code(), "unsupported_media_type", "{} as {kind:?}: {}", operation.name(), answer.text());
            count += 1;
        }
    }
    assert_eq!(world.state().await, before);
    println!("{count} cases");
}

/// Paths to every value in a body, as JSON pointers.
fn pointers(value: &Value, here: String, all: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => items.iter().take(1).enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, child) in children {
        let path = format!("{here}/{name}");
        all.push(path.clone());
        pointers(child, path, all);
    }
}

/// What may come instead of a good value. Numbers stand in the text as written.
const STRANGE: &[&str] = &[
    "null",
    "true",
    "0",
    "-1",
    "-0",
    "-0.0",
    "1.5",
    "1e3",
    "1e308",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "4294967295",
    "4294967296",
    "\"\"",
    "\" \"",
    "\"\\u0000\"",
    "\"a\\u0000b\"",
    "\"\\r\\nSet-Cookie: a=b\"",
    "\"\\u202egnp.exe\"",
    "\"\\u200b\"",
    "\"\u{1f3ad}\"",
    "\"'; DROP TABLE orders; --\"",
    "\"{{7*7}}\"",
    "\"<script>alert(1)</script>\"",
    "\"=cmd|' /C calc'!A0\"",
    "\"../../../../etc/passwd\"",
    "\"evt_01h455vb4pex5vsknk084sn02q\"",
    "\"org_7zzzzzzzzzzzzzzzzzzzzzzzzz\"",
    "\"0001-01-01T00:00:00Z\"",
    "\"9999-12-31T23:59:59Z\"",
    "\"2016-12-31T23:59:60Z\"",
    "\"2026-03-29T02:30:00+01:00\"",
    "\"2026-10-25T02:30:00+14:00\"",
    "\"2011-12-30T12:00:00-11:00\"",
    "[]",
    "[null]",
    "[[]]",
    "[\"\"]",
    "{}",
    "{\"a\":{\"a\":{}}}",
];

#[tokio::test]
async fn a_field_that_is_something_else_is_no_fault_of_ours() {
    let world = World::new().await;
    let mut count = 0;
    for operation in with_bodies() {
        let Some(mut good) = world.body(operation) else { continue };
        if operation.path.ends_with("/seat-maps") {
            // One row tells as much as eight.
            good["sections"][0]["rows"].as_array_mut().unwrap().truncate(1);
        }
        let mut places = Vec::new();
        pointers(&good, String::new(), &mut places);
        for place in places {
            for strange in STRANGE {
                let mut body = good.clone();
                *body.pointer_mut(&place).unwrap() = "\u{1}here\u{1}".into();
                let text = body.to_string().replace("\"\\u0001here\\u0001\"", strange);
                let answer = world.send(operation, Some("application/json"), text.clone()).await;
                let told = format!("{} with {text}: {} {}", operation.name(), answer.status, answer.text());
                assert!(answer.status < 500, "{told}");
                count += 1;
            }
        }
    }
    // Whatever was taken can still be shown.
    world.house.owner.get(&format!("/organizers/{}/events?limit=100", world.house.id)).await.expect(200);
    world.app.nobody().get("/events?limit=100&from=0001-01-01").await.expect(200);
    world.app.nobody().get("/venues?limit=100").await.expect(200);
    world.app.run_jobs().await;
    println!("{count} cases");
}

#[tokio::test]
async fn lists_without_end_are_refused() {
    let world = World::new().await;
    let before = world.state().await;
    let id = |prefix: &str| format!("{prefix}_01h455vb4pex5vsknk084sn02q");
    for (path, field, item) in [
        (format!("/events/{}/holds", world.ids["event"]), "seats", json!("S-A-1")),
        (format!("/events/{}/holds", world.ids["event"]), "areas", json!({ "id": "FLOOR", "quantity": 1 })),
        ("/orders".into(), "holds", json!(id("hld"))),
        (format!("/orders/{}/cancel", world.ids["order"]), "tickets", json!(id("tkt"))),
        ("/bookings".into(), "seatIds", json!("S-A-1")),
    ] {
        let operation = path;
        for length in [11, 1_000, 100_000] {
            let mut body = json!({ (field): vec![item.clone(); length] });
            if operation == "/orders" {
                body["payment"] = json!({ "method": "simulated", "token": "tok_ok" });
            }
            if operation == "/bookings" {
                body["eventId"] = world.ids["event"].clone().into();
            }
            let answer = world.ann.keyed(world.app.key()).post(&operation, body).await;
            let told = format!("{operation} with {length}: {} {}", answer.status, answer.text());
            assert!(matches!(answer.status, 400 | 404 | 413), "{told}");
        }
    }
    let org = format!("/organizers/{}", world.house.id);
    for (path, body) in [
        (format!("{org}/events/{}/block", world.ids["event"]), json!({ "seats": vec!["S-A-1"; 100_000] })),
        (format!("{org}/events/{}/unblock", world.ids["event"]), json!({ "seats": vec!["S-A-1"; 100_000] })),
        (
            format!("{org}/checkins/batch"),
            json!({ "scans": vec![json!({ "barcode": "x", "gate": "N", "scanId": "s" }); 100_000] }),
        ),
        (format!("{org}/events/{}", world.ids["event"]), json!({ "performers": vec!["p"; 10_000] })),
        (
            format!("{org}/events/{}", world.ids["event"]),
            json!({ "priceLevels": vec![json!({ "key": "a", "name": "A", "amount": 1 }); 1_000] }),
        ),
    ] {
        let answer = match path.ends_with(&world.ids["event"]) {
            true => world.house.owner.patch(&path, body).await,
            false => world.house.owner.post(&path, body).await,
        };
        assert!(matches!(answer.status, 400 | 413), "{path}: {} {}", answer.status, answer.text());
    }
    assert_eq!(world.state().await, before);
}

#[tokio::test]
async fn what_is_no_id_names_nothing() {
    let world = World::new().await;
    let before = world.state().await;
    let mut count = 0;
    for operation in contract::operations() {
        for name in operation.parameters() {
            for strange in [
                "x",
                "0",
                "-1",
                "null",
                "%00",
                "%ff",
                "%2e%2e%2fetc",
                "%0d%0aSet-Cookie:a",
                "%F0%9F%92%A9",
                "job_01h455vb4pex5vsknk084sn02q",
                &world.ids[if name == "event" { "venue" } else { "event" }],
                &world.ids[name].to_uppercase(),
                &format!("{}0", world.ids[name]),
                &world.ids[name][..29],
                &format!("{}_8zzzzzzzzzzzzzzzzzzzzzzzzz", &world.ids[name][..3]),
                &"x".repeat(7_000),
            ] {
                let mut ids = world.ids.clone();
                ids.insert(name, strange.to_owned());
                let who = world.caller(operation);
                let mut request = who.request(operation.method(), &operation.fill(&ids));
                let body = match world.body(operation) {
                    Some(body) => {
                        request = request.header("content-type", "application/json");
                        Body::from(body.to_string())
                    }
                    None => Body::from("answer=approve"),
                };
                let answer = who.send(request.body(body).unwrap()).await;
                let told = format!("{} with {strange:?}: {} {}", operation.name(), answer.status, answer.text());
                assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"), "{told}");
                count += 1;
            }
        }
    }
    assert_eq!(world.state().await, before);
    println!("{count} cases");
}

#[tokio::test]
async fn a_query_of_anything_is_no_fault_of_ours() {
    let world = World::new().await;
    let before = world.state().await;
    let long = "x".repeat(5_000);
    let mut count = 0;
    for operation in contract::operations() {
        let described = operation.describe()["parameters"].as_array();
        let queries = described.into_iter().flatten().filter(|parameter| parameter["in"] == "query");
        for name in queries.map(|parameter| parameter["name"].as_str().unwrap()) {
            for strange in [
                "",
                "x",
                "0",
                "-1",
                "1.5",
                "1e400",
                "-0",
                "9007199254740993",
                "18446744073709551616",
                "%00",
                "%ff",
                "%c0%af",
                "%E2%80%AE",
                "%27%20OR%201=1--",
                "%25%25%25",
                "[]",
                "null",
                "0001-01-01",
                "9999-12-31",
                "2016-12-31T23:59:60Z",
                "2026-10-25T02:30:00%2B14:00",
                "evt_01h455vb4pex5vsknk084sn02q",
                &long,
            ] {
                let who = world.caller(operation);
                let path = format!("{}?{name}={strange}", operation.fill(&world.ids));
                let answer = who.send(who.request(operation.method(), &path).body(Body::empty()).unwrap()).await;
                let told = format!("{path}: {} {}", answer.status, answer.text());
                assert!(answer.status < 500, "{told}");
                let twice = format!("{path}&{name}={strange}");
                let answer = who.send(who.request(operation.method(), &twice).body(Body::empty()).unwrap()).await;
                assert!((400..500).contains(&answer.status), "{twice}: {} {}", answer.status, answer.text());
                count += 2;
            }
        }
    }
    assert_eq!(world.state().await, before);
    assert!(count > 500, "the document describes the queries");
    println!("{count} cases");
}

#[tokio::test]
async fn headers_of_anything_are_no_fault_of_ours() {
    let world = World::new().await;
    let nobody = world.app.nobody();
    let ann = &world.ann;
    let event = format!("/events/{}", world.ids["event"]);
    for value in
        ["", "Bearer", "Bearer ", "bearer x y", "Basic YTpi", "Bearer \u{e9}", "Bearer a.b.c", &"x".repeat(20_000)]
    {
        let request = nobody.request(axum::http::Method::GET, "/me").header("authorization", value.as_bytes());
        nobody.send(request.body(Body::empty()).unwrap()).await.refused(401, "invalid_token");
    }
    let twice = ann.request(axum::http::Method::GET, "/me").header("authorization", format!("Bearer {}", ann.token()));
    ann.send(twice.body(Body::empty()).unwrap()).await.refused(401, "invalid_token");
    for (name, value) in [
        ("if-none-match", "\"".to_owned()),
        ("if-none-match", ",,,,".to_owned()),
        ("if-none-match", "x".repeat(20_000)),
        ("accept-encoding", "gzip;q=banana".to_owned()),
        ("accept-encoding", ";;;=,,".to_owned()),
        ("accept", "application/xml".to_owned()),
        ("range", "bytes=0-1".to_owned()),
        ("x-http-method-override", "DELETE".to_owned()),
        ("x-forwarded-for", "203.0.113.7".to_owned()),
        ("content-length", "10".to_owned()),
    ] {
        for path in [event.clone(), format!("{event}/seat-map")] {
            let request = nobody.request(axum::http::Method::GET, &path).header(name, &value);
            nobody.send(request.body(Body::empty()).unwrap()).await.expect(200);
        }
    }
    for key in ["", " ", "a b", "\t", "k\u{e9}y", &"k".repeat(256)] {
        let request = ann.request(axum::http::Method::POST, "/orders").header("idempotency-key", key.as_bytes());
        let body = Body::from(
            json!({ "holds": [world.ids["hold"]], "payment": { "method": "simulated", "token": "tok_ok" } })
                .to_string(),
        );
        let request = request.header("content-type", "application/json").body(body).unwrap();
        ann.send(request).await.refused(400, "invalid_idempotency_key");
    }
    let long = format!("/events?q={}", "x".repeat(8_192));
    nobody.get(&long).await.refused(414, "uri_too_long");
    for method in ["TRACE", "OPTIONS", "PUT", "CONNECT", "PROPFIND", "DELETEALL"] {
        let request = nobody.request(method.parse().unwrap(), &event).body(Body::empty()).unwrap();
        let refused = nobody.send(request).await.refused(405, "method_not_allowed");
        assert!(refused.header("allow").is_some(), "{method}");
    }
}

#[tokio::test]
async fn a_body_in_a_content_coding_is_refused() {
    let world = World::new().await;
    let nobody = world.app.nobody();
    let body = json!({ "email": "ann@example.org", "password": "an old mill by the sea" }).to_string();
    let coded = async |coding: &str| {
        let request =
            nobody.request(axum::http::Method::POST, "/auth/login").header("content-type", "application/json");
        nobody.send(request.header("content-encoding", coding).body(Body::from(body.clone())).unwrap()).await
    };
    for coding in ["gzip", "br", "identity, gzip", ""] {
        coded(coding).await.refused(415, "unsupported_media_type");
    }
    coded("identity").await.expect(200);
}

#[tokio::test]
async fn events_at_the_ends_of_time_are_still_shown() {
    let world = World::new().await;
    let (owner, base) = (&world.house.owner, format!("/organizers/{}/events", world.house.id));
    for starts_at in [
        "0001-01-01T00:00:00Z",
        "0001-01-02T00:00:00+14:00",
        "1969-12-31T23:59:59.999999Z",
        "2016-12-31T23:59:60Z",
        "2026-03-29T02:30:00+01:00",
        "2026-10-25T01:30:00+01:00",
        "2011-12-30T10:00:00Z",
        "9999-12-30T21:59:59Z",
        "9999-12-31T23:59:59.999999Z",
    ] {
        let mut body = event_body(&world.ids["venue"]);
        body["startsAt"] = starts_at.into();
        let made = owner.post(&base, body).await;
        assert!(matches!(made.status, 201 | 400), "{starts_at}: {}", made.text());
        if made.status == 400 {
            continue;
        }
        let id = made.id();
        owner.post(&format!("{base}/{id}/publish"), Value::Null).await.expect(200);
        world.app.nobody().get(&format!("/events/{id}")).await.expect(200);
        let hold = world.ann.hold(&id, &["S-A-1"]).await;
        assert!(matches!(hold.status, 201 | 409), "{starts_at}: {}", hold.text());
    }
    world.app.nobody().get("/events?limit=100&from=0001-01-01&to=9999-12-30").await.expect(200);
    world.app.advance(Duration::from_secs(3_600)).await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let world = World::new().await;
    let nobody = world.app.nobody();
    // This takes as long as clients are given.
    let first = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{\"email\":"))]);
    let endless = futures_util::StreamExt::chain(first, futures_util::stream::pending());
    let request = nobody.request(axum::http::Method::POST, "/auth/login").header("content-type", "application/json");
    let answer = nobody.send(request.body(Body::from_stream(endless)).unwrap()).await;
    answer.refused(408, "request_timeout");
    let broken = futures_util::stream::iter([
        Ok(Bytes::from_static(b"{\"email\":")),
        Err(std::io::Error::other("the client has gone")),
    ]);
    let request = nobody.request(axum::http::Method::POST, "/auth/login").header("content-type", "application/json");
    let answer = nobody.send(request.body(Body::from_stream(broken)).unwrap()).await;
    answer.refused(400, "malformed_json");
}
