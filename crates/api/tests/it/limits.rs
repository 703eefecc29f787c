//! Limits on requests: whom they count, what answers say about them, and what they leave alone.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};

use crate::app::{TestApp, Wish};
use crate::caller::{Answer, Caller, PASSWORD};
use crate::contract;
use crate::maps::seat_id;

/// An app with these limits; those left out are far away.
async fn limited(change: impl FnOnce(&mut Wish)) -> TestApp {
    let mut wish = Wish::default();
    change(&mut wish);
    TestApp::with(wish).await
}

/// `GET` with a header of the caller's.
async fn get(caller: &Caller, path: &str, name: &str, value: &str) -> Answer {
    let request = caller.request(Method::GET, path).header(name, value).body(Body::empty()).unwrap();
    caller.send(request).await
}

fn fields(answer: &Answer) -> [&str; 2] {
    ["ratelimit-policy", "ratelimit"].map(|name| answer.header(name).unwrap_or_default())
}

#[tokio::test]
async fn an_address_has_its_requests_and_every_answer_says_what_is_left() {
    let app = limited(|wish| wish.requests.address = "3/s".parse().unwrap()).await;
    let nobody = app.nobody();
    let first = nobody.get("/venues").await.expect(200);
    assert_eq!(fields(&first), ["\"address\";q=3;w=1", "\"address\";r=2;t=1"]);
    let second = nobody.get("/no-such-thing").await.expect(404);
    assert_eq!(fields(&second), ["\"address\";q=3;w=1", "\"address\";r=1;t=1"]);
    nobody.get("/me").await.expect(401);
    let refused = nobody.get("/venues").await.refused(429, "rate_limited");
    assert_eq!(fields(&refused), ["\"address\";q=3;w=1", "\"address\";r=0;t=1"]);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.details(), json!({ "limit": "address", "quota": "3/s" }));

    app.advance(Duration::from_millis(334)).await;
    nobody.get("/venues").await.expect(200);
    nobody.get("/venues").await.refused(429, "rate_limited");
}

#[tokio::test]
async fn health_and_metrics_always_answer_and_count_for_nobody() {
    let app = limited(|wish| wish.requests.address = "1/h".parse().unwrap()).await;
    let nobody = app.nobody();
    for path in ["/healthz", "/readyz", "/metrics"].into_iter().cycle().take(9) {
        let answer = nobody.get(path).await.expect(200);
        assert_eq!(fields(&answer), ["", ""]);
    }
    nobody.get("/venues").await.expect(200);
    nobody.get("/venues").await.refused(429, "rate_limited");
    nobody.get("/healthz").await.expect(200);
    let metrics = nobody.get("/metrics").await.expect(200).text();
    assert!(metrics.contains("stagedoor_rate_limited_total{policy=\"address\"}"), "{metrics}");
    assert!(metrics.contains("stagedoor_rate_limit_fallback 0"), "{metrics}");
}

#[tokio::test]
async fn an_account_has_its_requests_wherever_it_comes_from() {
    let app = limited(|wish| {
        wish.requests.user = "3/min".parse().unwrap();
        wish.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let (ann, bob) = (app.fan("ann").await, app.fan("bob").await);
    for number in 0..3 {
        let answer = get(&ann, "/me", "x-forwarded-for", &format!("192.0.2.{number}")).await.expect(200);
        let left = format!("\"user\";r={};t={}", 2 - number, 20 * (number + 1));
        assert!(fields(&answer)[1].ends_with(&left), "{:?}", fields(&answer));
        assert!(fields(&answer)[0].ends_with(", \"user\";q=3;w=60"), "{:?}", fields(&answer));
    }
    // A public page is a request of the account as well.
    let refused = get(&ann, "/venues", "x-forwarded-for", "192.0.2.9").await.refused(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("20"));
    assert_eq!(refused.details()["limit"], "user");
    bob.get("/me").await.expect(200);
    app.nobody().get("/venues").await.expect(200);
    // A token that is not valid names nobody.
    let forged = ann.with_token("not.a.token").get("/me").await.refused(401, "invalid_token");
    assert!(!fields(&forged)[1].contains("user"), "{:?}", fields(&forged));
}

#[tokio::test]
async fn a_surge_leaves_fans_less_and_staff_what_they_had() {
    let app = limited(|wish| wish.requests.user_in_surge = "2/min".parse().unwrap()).await;
    let (ann, aurora) = (app.fan("ann").await, app.aurora().await);
    app.app.limits.gate().begin_surge();
    let answer = ann.get("/me").await.expect(200);
    assert!(fields(&answer)[0].ends_with(", \"user_in_surge\";q=2;w=60"), "{:?}", fields(&answer));
    ann.get("/me").await.expect(200);
    ann.get("/me").await.refused(429, "rate_limited");
    let events = format!("/organizers/{}/events", aurora.id);
    for _ in 0..20 {
        aurora.owner.get(&events).await.expect(200);
    }
    app.app.limits.gate().end_surge();
    ann.get("/me").await.expect(200);
}

#[tokio::test]
async fn the_way_around_the_router_counts_as_the_router_does() {
    let app = limited(|wish| wish.requests.user_in_surge = "4/h".parse().unwrap()).await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    app.app.limits.gate().begin_surge();
    let path = format!("/api/v1{}", event.path("/holds"));
    let mut client = testkit::Client::new(address).signed_in(ann.token());
    let body = json!({ "seats": [seat_id(0)] });
    let left = |answer: &testkit::Answer| answer.headers["ratelimit"].to_str().unwrap().to_owned();
    let held = client.post(&path, None, &body).await.unwrap().expect(201);
    assert!(left(&held).ends_with("\"user_in_surge\";r=3;t=900"), "{}", left(&held));
    assert_eq!(held.headers["ratelimit-policy"], "\"address\";q=1000000;w=1, \"user_in_surge\";q=4;w=3600");
    client.post(&path, None, &body).await.unwrap().expect(409);
    // The same event by an address that only the router reads.
    client.post(&path.replacen("evt_", "evt%5F", 1), None, &body).await.unwrap().expect(409);
    client.get("/api/v1/me").await.unwrap().expect(200);
    let refused = client.post(&path, None, &body).await.unwrap().expect(429);
    assert_eq!(refused.json()["error"]["details"]["limit"], "user_in_surge");
    assert_eq!(refused.headers["retry-after"], "900");
    client.post(&path.replacen("evt_", "evt%5F", 1), None, &body).await.unwrap().expect(429);
}

#[tokio::test]
async fn a_route_keeps_the_limit_it_declares() {
    let app = limited(|wish| wish.route_limits.clear()).await;
    let nobody = app.nobody();
    let login = || nobody.post("/auth/login", json!({ "email": "ann@example.org", "password": PASSWORD }));
    let first = login().await.expect(401);
    assert_eq!(fields(&first)[0], "\"address\";q=1000000;w=1, \"login\";q=60;w=60");
    assert_eq!(fields(&first)[1].split(", ").nth(1), Some("\"login\";r=59;t=1"));
    // Wrong passwords have a limit of their own, which is met first.
    for _ in 0..59 {
        let refused = login().await;
        assert!(refused.status == 401 || refused.details() == json!({}), "{}", refused.text());
    }
    let last = login().await.refused(429, "rate_limited");
    assert_eq!(last.details()["limit"], "login");
    assert_eq!(last.header("retry-after"), Some("1"));
    nobody.get("/venues").await.expect(200);
    nobody.post("/auth/refresh", json!({ "refreshToken": "none" })).await.expect(401);

    let changed = limited(|wish| wish.route_limits = vec!["login=1/h".parse().unwrap()]).await;
    let nobody = changed.nobody();
    let login = || nobody.post("/auth/login", json!({ "email": "ann@example.org", "password": PASSWORD }));
    login().await.expect(401);
    assert_eq!(login().await.refused(429, "rate_limited").header("retry-after"), Some("3600"));
}

#[tokio::test]
async fn what_a_client_says_of_its_address_changes_nothing() {
    for (trusted, second) in [(vec![], 429), (vec!["127.0.0.0/8".parse().unwrap()], 200)] {
        let app = limited(|wish| {
            wish.requests.address = "1/h".parse().unwrap();
            wish.trusted_proxies = trusted;
        })
        .await;
        let nobody = app.nobody();
        let from = async |address: &str| get(&nobody, "/venues", "x-forwarded-for", address).await.status;
        assert_eq!(from("198.51.100.1").await, 200);
        assert_eq!(from("198.51.100.2").await, second);
        assert_eq!(from("203.0.113.9, 198.51.100.1").await, 429, "only what the proxy wrote");
        assert_eq!(get(&nobody, "/venues", "forwarded", "for=198.51.100.3").await.status, second, "the peer itself");
        assert_eq!(get(&nobody, "/venues", "forwarded", "for=198.51.100.4").await.status, 429, "and not this");
    }
}

#[tokio::test]
async fn a_subscribers_whole_network_is_one_address() {
    let app = limited(|wish| {
        wish.requests.address = "2/h".parse().unwrap();
        wish.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let nobody = app.nobody();
    let from = async |address: &str| get(&nobody, "/venues", "x-forwarded-for", address).await.status;
    assert_eq!(from("2001:db8:1:2::1").await, 200);
    assert_eq!(from("2001:db8:1:2:ffff::9").await, 200);
    assert_eq!(from("2001:db8:1:2:3::4").await, 429);
    assert_eq!(from("2001:db8:1:3::1").await, 200, "the network beside it");
    assert_eq!(from("::ffff:192.0.2.1").await, 200);
    assert_eq!(from("192.0.2.1").await, 200);
    assert_eq!(from("192.0.2.1").await, 429, "the same address, however it is written");
}

#[tokio::test]
async fn a_live_seat_map_is_one_request_however_long_it_is_watched() {
    let app = limited(|wish| wish.requests.address = "1000/h".parse().unwrap()).await;
    let (event, address) = (app.event_on_sale().await, app.serve());
    let left = async || {
        let answer = testkit::Client::new(address).get("/api/v1/venues").await.unwrap().expect(200);
        let field = answer.headers["ratelimit"].to_str().unwrap().to_owned();
        let left = field.split("r=").nth(1).and_then(|rest| rest.split(';').next());
        left.and_then(|left| left.parse::<u32>().ok()).expect("a number")
    };
    let before = left().await;
    let url = format!("ws://{address}/api/v1/events/{}/live", event.id);
    let (mut socket, upgraded) = tokio_tungstenite::connect_async(url).await.unwrap();
    assert!(upgraded.headers().contains_key("ratelimit"));
    for _ in 0..10 {
        let text = json!({ "type": "auth", "token": "none" }).to_string();
        if socket.send(text.into()).await.is_err() || socket.next().await.is_none() {
            break;
        }
    }
    assert_eq!(before - left().await, 2, "the upgrade, and the question");
}

#[test]
fn declared_limits_are_those_of_the_requirements() {
    let declared: Vec<_> = contract::operations()
        .into_iter()
        .filter_map(|operation| Some((operation.name(), operation.describe().get("x-rate-limit")?.as_str()?)))
        .collect();
    let of = |name: &str| declared.iter().find(|(known, _)| known == name).map(|(_, limit)| *limit);
    assert_eq!(of("POST /api/v1/events/{event}/holds"), Some("10/min per user"));
    assert_eq!(of("POST /api/v1/bookings"), Some("10/min per user"));
    assert_eq!(of("POST /api/v1/auth/login"), Some("60/min per address"));
    assert_eq!(of("POST /api/v1/auth/password/reset"), Some("10/min per address"));
    assert_eq!(of("POST /api/v1/me/email/verify"), Some("20/min per user"));
    assert_eq!(of("DELETE /api/v1/me"), Some("10/min per user"));
    assert_eq!(of("POST /oauth/authorize"), Some("60/min per address"), "it signs people in, too");
    assert_eq!(of("POST /oauth/token"), Some("120/min per address"));
    assert_eq!(of("POST /api/v1/auth/guest"), of("POST /api/v1/auth/register"), "a guest costs less than an account");
    assert_eq!(declared.len(), 34, "{declared:?}");
}

#[test]
fn every_answer_that_is_limited_is_described_so() {
    let fields: &Value = &contract::document()["components"]["headers"];
    for operation in contract::operations() {
        let is_exempt = api::limits::EXEMPT.contains(&operation.path);
        let answers = operation.describe()["responses"].as_object().unwrap();
        assert_eq!(answers.contains_key("429"), !is_exempt, "{}", operation.name());
        for (status, answer) in answers {
            let tells = !is_exempt && (status.as_str() < "400" || status == "429");
            for name in ["RateLimit", "RateLimit-Policy"] {
                assert_eq!(answer["headers"][name].is_object(), tells, "{} {status}", operation.name());
                assert!(fields[name].is_object());
            }
        }
    }
}
