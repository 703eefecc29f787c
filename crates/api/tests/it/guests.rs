//! Guests: they hold at once, and keep what they hold when they say who they are.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};
use stagedoor_core::{Timestamp, UserId};

use crate::app::{LONG, OnSale, PUBLIC_URL, TestApp, Wish};
use crate::caller::{Answer, Caller, PASSWORD};
use crate::device::Device;
use crate::live::Viewer;
use crate::passkeys::add;

/// Ids of what somebody holds.
async fn holds(who: &Caller) -> Vec<String> {
    let all = who.get("/me/holds").await.expect(200).json()["items"].clone();
    all.as_array().unwrap().iter().map(|hold| hold["id"].as_str().unwrap().to_owned()).collect()
}

async fn sign_in(guest: &Caller, name: &str) -> Answer {
    guest.post("/auth/login", json!({ "email": format!("{name}@example.org"), "password": PASSWORD })).await
}

async fn register(guest: &Caller, name: &str) -> Answer {
    let email = format!("{name}@example.org");
    guest.post("/auth/register", json!({ "email": email, "password": PASSWORD, "name": name })).await
}

fn owner(app: &TestApp, answer: &Value) -> Caller {
    app.nobody().with_token(answer["accessToken"].as_str().unwrap())
}

async fn free(app: &TestApp, event: &OnSale, seat: &str) -> bool {
    let answer = app.nobody().get(&event.path("/availability")).await.expect(200).json();
    let bits = crate::maps::bits(answer["seats"].as_str().unwrap(), crate::maps::SEATS);
    bits[crate::maps::seat_index(seat)] == 0
}

#[tokio::test]
async fn a_guest_holds_at_once_and_gives_back() {
    let app = TestApp::new().await;
    let (event, guest, other) = (app.event_on_sale().await, app.guest().await, app.guest().await);
    let hold = guest.held(&event.id, &["S-A-1", "S-A-2"]).await;
    assert_eq!(holds(&guest).await, [hold.as_str()]);
    let at = format!("/holds/{hold}");
    assert_eq!(guest.get(&at).await.expect(200).json()["status"], "held");
    assert_eq!(guest.get(&format!("{at}/quote")).await.expect(200).json()["total"]["amount"], 2 * crate::app::FRONT);
    other.get(&at).await.refused(404, "not_found");
    other.delete(&at).await.refused(404, "not_found");
    other.hold(&event.id, &["S-A-1"]).await.refused(409, "seat_unavailable");
    guest.pay(&[&hold], "tok_ok").await.refused(403, "account_needed");
    guest.delete(&at).await.expect(204);
    assert!(free(&app, &event, "S-A-1").await);
}

#[tokio::test]
async fn a_guest_has_the_limits_of_a_fan() {
    let app = TestApp::new().await;
    let (event, guest) = (app.event_on_sale().await, app.guest().await);
    for seat in ["S-A-1", "S-A-3", "S-A-5"] {
        guest.held(&event.id, &[seat]).await;
    }
    guest.hold(&event.id, &["S-A-7"]).await.refused(409, "hold_limit");
    // An account does not make room for more.
    let answer = register(&guest, "ann").await.expect(201).json();
    let ann = owner(&app, &answer);
    ann.hold(&event.id, &["S-A-7"]).await.refused(409, "hold_limit");
}

#[tokio::test]
async fn an_address_brings_only_so_many_guests() {
    let identity = identity::Config { guests_per_address: 2, ..Wish::default().identity };
    let app = TestApp::with(Wish { identity, ..Wish::default() }).await;
    for _ in 0..2 {
        app.nobody().post("/auth/guest", Value::Null).await.expect(201);
    }
    let refused = app.nobody().post("/auth/guest", Value::Null).await.refused(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("900"));
    // Whoever says who they are is no guest.
    register(&app.nobody(), "ann").await.expect(201);
}

#[tokio::test]
async fn the_route_of_guests_is_limited_as_it_says() {
    let app = TestApp::with(Wish { route_limits: Vec::new(), ..Wish::default() }).await;
    for _ in 0..20 {
        app.nobody().post("/auth/guest", Value::Null).await.expect(201);
    }
    app.nobody().post("/auth/guest", Value::Null).await.refused(429, "rate_limited");
}

#[tokio::test]
async fn who_registers_as_a_guest_pays_for_what_they_held() {
    let app = TestApp::new().await;
    let (event, guest) = (app.event_on_sale().await, app.guest().await);
    let hold = guest.held(&event.id, &["S-A-1"]).await;
    let until = guest.get(&format!("/holds/{hold}")).await.expect(200).json()["expiresAt"].clone();
    let answer = register(&guest, "ann").await.expect(201).json();
    assert_eq!(answer["user"]["id"], json!(guest.id), "the same one");
    assert_eq!(answer["guestHolds"], json!({ "taken": [hold], "left": [] }));
    let ann = owner(&app, &answer);
    assert_eq!(ann.get(&format!("/holds/{hold}")).await.expect(200).json()["expiresAt"], until);
    guest.get(&format!("/holds/{hold}")).await.refused(401, "invalid_token");
    guest.post("/auth/refresh", json!({ "refreshToken": guest.refresh_token })).await.refused(401, "invalid_token");
    ann.pay(&[&hold], "tok_ok").await.expect(201);
}

#[tokio::test]
async fn a_refused_registration_leaves_the_guest_with_their_hold() {
    let app = TestApp::new().await;
    let (event, guest) = (app.event_on_sale().await, app.guest().await);
    app.fan("ann").await;
    let hold = guest.held(&event.id, &["S-A-1"]).await;
    register(&guest, "ann").await.refused(409, "email_taken");
    assert_eq!(holds(&guest).await, [hold]);
}

#[tokio::test]
async fn who_signs_in_as_a_guest_takes_along_what_they_held() {
    let app = TestApp::new().await;
    let (event, ann, guest) = (app.event_on_sale().await, app.fan("ann").await, app.guest().await);
    let hold = guest.held(&event.id, &["S-A-1", "S-A-2"]).await;
    let before = guest.get(&format!("/holds/{hold}")).await.expect(200).json();
    let wrong = json!({ "email": ann.email, "password": "another mill by the sea" });
    guest.post("/auth/login", wrong).await.refused(401, "invalid_credentials");
    assert_eq!(holds(&guest).await, [hold.as_str()]);

    let answer = sign_in(&guest, "ann").await.expect(200).json();
    assert_eq!(answer["guestHolds"], json!({ "taken": [hold], "left": [] }));
    assert_eq!(ann.get(&format!("/holds/{hold}")).await.expect(200).json(), before);
    guest.get(&format!("/holds/{hold}")).await.refused(401, "invalid_token");
    // The answer may have been lost: asked again, nothing is taken from anybody.
    let again = sign_in(&guest, "ann").await.expect(200).json();
    assert_eq!(again.get("guestHolds"), None);
    app.run_jobs().await;
    assert_eq!(holds(&ann).await, [hold.as_str()]);
    ann.pay(&[&hold], "tok_ok").await.expect(201);
    assert_eq!(sign_in(&app.nobody(), "ann").await.expect(200).json().get("guestHolds"), None, "no guest");
}

#[tokio::test]
async fn what_does_not_fit_stays_with_nobody_until_it_expires() {
    let app = TestApp::new().await;
    let (event, ann, guest) = (app.event_on_sale().await, app.fan("ann").await, app.guest().await);
    ann.held(&event.id, &["S-C-1"]).await;
    ann.held(&event.id, &["S-C-3"]).await;
    let older = guest.held(&event.id, &["S-A-1"]).await;
    app.advance(std::time::Duration::from_secs(1)).await;
    let newer = guest.held(&event.id, &["S-A-3"]).await;
    let answer = sign_in(&guest, "ann").await.expect(200).json();
    let left = json!([{ "id": older, "code": "hold_limit" }]);
    assert_eq!(answer["guestHolds"], json!({ "taken": [newer], "left": left }));
    assert_eq!(holds(&ann).await.len(), 3);
    ann.get(&format!("/holds/{older}")).await.refused(404, "not_found");
    assert!(!free(&app, &event, "S-A-1").await, "it is still held");
    app.advance(LONG).await;
    assert!(free(&app, &event, "S-A-1").await);
}

#[tokio::test]
async fn what_would_be_too_many_tickets_of_one_event_stays_too() {
    let app = TestApp::new().await;
    let event = app.event_with(|event| event["ticketsPerFanMax"] = 3.into()).await;
    let (ann, guest) = (app.fan("ann").await, app.guest().await);
    ann.held(&event.id, &["S-C-1", "S-C-2"]).await;
    let hold = guest.held(&event.id, &["S-A-1", "S-A-2"]).await;
    let answer = sign_in(&guest, "ann").await.expect(200).json();
    let left = json!([{ "id": hold, "code": "ticket_limit" }]);
    assert_eq!(answer["guestHolds"], json!({ "taken": [], "left": left }));
}

#[tokio::test]
async fn a_second_factor_is_asked_for_before_anything_is_handed_over() {
    let app = TestApp::new().await;
    let (event, ann, guest) = (app.event_on_sale().await, app.verified("ann").await, app.guest().await);
    app.turn_factor_on(&ann).await;
    let hold = guest.held(&event.id, &["S-A-1"]).await;
    sign_in(&guest, "ann").await.refused(401, "mfa_required");
    assert_eq!(holds(&guest).await, [hold.as_str()]);
    let body = json!({ "email": ann.email, "password": PASSWORD, "otp": app.recovery_code(&ann) });
    let answer = guest.post("/auth/login", body).await.expect(200).json();
    assert_eq!(answer["guestHolds"]["taken"], json!([hold]));
    assert_eq!(holds(&ann).await, [hold]);
}

#[tokio::test]
async fn a_passkey_takes_along_too() {
    let app = TestApp::new().await;
    let (event, ann, guest) = (app.event_on_sale().await, app.verified("ann").await, app.guest().await);
    let mut device = Device::counting();
    add(&ann, &mut device, None).await;
    let hold = guest.held(&event.id, &["S-A-1"]).await;
    let asked = guest.post("/auth/passkeys/challenge", Value::Null).await.expect(200).json();
    let credential = device.get(PUBLIC_URL, &asked["publicKey"]).await;
    let answer = guest.post("/auth/passkeys", json!({ "credential": credential })).await.expect(200).json();
    assert_eq!(answer["guestHolds"]["taken"], json!([hold]));
    assert_eq!(holds(&ann).await, [hold]);
}

#[tokio::test]
async fn what_the_sign_in_did_not_come_to_is_handed_over_by_a_job() {
    let app = TestApp::new().await;
    let (event, ann, guest) = (app.event_on_sale().await, app.fan("ann").await, app.guest().await);
    let hold = guest.held(&event.id, &["S-A-1"]).await;
    // As if the process had ended between the two.
    let Ok(Some(identity::Bearer::Guest(proven))) = app.app.identity.bearer(guest.token()) else { panic!("a guest") };
    let (origin, account): (_, UserId) = (store::Origin::address([127, 0, 0, 1].into()), ann.id.parse().unwrap());
    assert!(app.app.identity.guest_signed_in(&origin, proven, account).await.unwrap());
    assert_eq!(holds(&ann).await, [""; 0]);
    app.advance(std::time::Duration::from_secs(5)).await;
    app.run_jobs().await;
    assert_eq!(holds(&ann).await, [hold.as_str()]);
    ann.pay(&[&hold], "tok_ok").await.expect(201);
}

#[tokio::test]
async fn a_sign_in_counts_even_if_the_guest_cannot_be_ended() {
    let app = TestApp::new().await;
    let (event, ann, guest) = (app.event_on_sale().await, app.fan("ann").await, app.guest().await);
    let hold = guest.held(&event.id, &["S-A-1"]).await;
    let tx = app.db.store.begin_write().await.unwrap();
    tx.execute("DROP TABLE guest", ()).await.unwrap();
    tx.commit().await.unwrap();
    let answer = sign_in(&guest, "ann").await.expect(200).json();
    assert_eq!(answer["user"]["id"], json!(ann.id));
    let left = json!([{ "id": hold, "code": "unavailable" }]);
    assert_eq!(answer["guestHolds"], json!({ "taken": [], "left": left }));
}

#[tokio::test]
async fn a_page_from_elsewhere_makes_no_guests() {
    let app = TestApp::new().await;
    let from = async |site: &str| {
        let request = app.nobody().request(Method::POST, "/auth/guest").header("sec-fetch-site", site);
        app.nobody().send(request.body(Body::empty()).unwrap()).await
    };
    from("cross-site").await.refused(403, "invalid_csrf_token");
    from("same-origin").await.expect(201);
}

#[tokio::test]
async fn nobody_takes_what_another_guest_holds() {
    let app = TestApp::new().await;
    let (event, ann, guest) = (app.event_on_sale().await, app.fan("ann").await, app.guest().await);
    let hold = guest.held(&event.id, &["S-A-1"]).await;
    // A guest's id, refresh token or a broken access token are no proof, and to be another person is none.
    for shown in [guest.refresh_token.clone(), format!("{}x", guest.token()), guest.id.clone()] {
        let answer = sign_in(&app.nobody().with_token(&shown), "ann").await.expect(200).json();
        assert_eq!(answer.get("guestHolds"), None, "{shown}");
    }
    let answer = sign_in(&ann, "ann").await.expect(200).json();
    assert_eq!(answer.get("guestHolds"), None);
    assert_eq!(holds(&guest).await, [hold]);
    assert_eq!(holds(&ann).await, [""; 0]);
    // Nor is a guest anybody's refresh token.
    let forged = guest.refresh_token.replacen("sdv_", "sdr_", 1);
    app.nobody().post("/auth/refresh", json!({ "refreshToken": forged })).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn a_guest_goes_on_with_fresh_tokens_and_signs_out() {
    let app = TestApp::new().await;
    let (event, guest) = (app.event_on_sale().await, app.guest().await);
    let body = json!({ "refreshToken": guest.refresh_token });
    let fresh = guest.post("/auth/refresh", body.clone()).await.expect(200).json();
    assert_eq!(fresh["guest"], json!(guest.id));
    let again = owner(&app, &fresh);
    again.held(&event.id, &["S-A-1"]).await;
    let body = json!({ "refreshToken": fresh["refreshToken"] });
    again.post("/auth/logout", body.clone()).await.expect(204);
    again.get("/me/holds").await.refused(401, "invalid_token");
    again.post("/auth/refresh", body).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn a_guest_is_told_on_the_live_map_when_their_hold_runs_out() {
    let app = TestApp::new().await;
    let (event, guest) = (app.event_on_sale().await, app.guest().await);
    let address = app.serve();
    let hold = guest.held(&event.id, &["S-A-1"]).await;
    let shown = guest.get(&format!("/holds/{hold}")).await.expect(200).json();
    let until: Timestamp = shown["expiresAt"].as_str().unwrap().parse().unwrap();
    app.advance(until.since(app.db.env.now()) - std::time::Duration::from_secs(20)).await;
    let mut viewer = Viewer::watch(address, &event, "").await;
    let told = viewer.sign_in(&guest).await;
    assert_eq!(told["user"], json!(guest.id));
    let warned = viewer.word().await;
    assert_eq!((&warned["hold"], &warned["status"]), (&json!(hold), &json!("expiring")));
}
