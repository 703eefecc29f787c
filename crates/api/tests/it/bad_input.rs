//! Bad input of every kind, to every operation: a refusal in our envelope, no fault of ours, and
//! nothing changed. Source: design/RELIABILITY.md, "Bad input every endpoint class must survive".

mod world;

use std::time::Duration;

use axum::body::{Body, Bytes};
use serde_json::{Value, json};

use crate::app::event_body;
use crate::contract::{self, Operation};
use world::World;

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
