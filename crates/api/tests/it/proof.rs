//! What a stolen session cannot do: take all of somebody's data along, and give their tickets away.

use serde_json::{Value, json};

use crate::app::{TestApp, Wish};
use crate::caller::{Caller, PASSWORD};
use crate::programs::{acting, client};

/// Whoever has the access token and nothing else.
fn thief(app: &TestApp, ann: &Caller) -> Caller {
    app.nobody().with_token(ann.token())
}

fn given(to: &Caller, proof: Value) -> Value {
    let mut body = json!({ "email": to.email });
    body.as_object_mut().unwrap().extend(proof.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn a_stolen_session_exports_nothing() {
    let app = TestApp::new().await;
    let ann = app.fan("ann").await;
    let thief = thief(&app, &ann);
    thief.post("/me/export", json!({})).await.refused(400, "invalid_field");
    thief.post("/me/export", Value::Null).await.refused(415, "unsupported_media_type");
    thief.post("/me/export", json!({ "password": "a guess of mine" })).await.refused(401, "invalid_credentials");
    thief.get("/me/export").await.refused(405, "method_not_allowed");
    ann.post("/me/export", json!({ "password": PASSWORD })).await.expect(200);
    // Guessing from within is limited, also for whoever knows it.
    for _ in 0..9 {
        thief.post("/me/export", json!({ "password": "a guess of mine" })).await;
    }
    thief.post("/me/export", json!({ "password": "a guess of mine" })).await;
    ann.post("/me/export", json!({ "password": PASSWORD })).await.refused(429, "rate_limited");
}

#[tokio::test]
async fn a_stolen_session_gives_no_ticket_away() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, bob) = (app.event_on_sale().await, app.fan("ann").await, app.verified("bob").await);
    let order = ann.bought(&event.id, &["S-A-1", "S-A-2"]).await;
    let id = order["tickets"][0]["id"].as_str().unwrap();
    let path = format!("/tickets/{id}/transfer");
    let thief = thief(&app, &ann).keyed("give");
    thief.post(&path, given(&bob, json!({}))).await.refused(403, "proof_required");
    let wrong = given(&bob, json!({ "password": "a guess of mine" }));
    thief.post(&path, wrong).await.refused(401, "invalid_credentials");
    // Somebody else's ticket looks like none, before anybody is asked for anything.
    bob.keyed("give").post(&path, given(&bob, json!({}))).await.refused(404, "not_found");
    let first = ann.keyed("give").post(&path, given(&bob, json!({ "password": PASSWORD }))).await.expect(200);
    // A repeat is the same wish, whatever it shows.
    let again = thief.post(&path, given(&bob, json!({}))).await.expect(200);
    assert!(again.is_replay() && again.body == first.body);
    // A program was given leave once, with the password, and knows none.
    let program = client(&app, &app.aurora().await, "tickets.write").await;
    let acting = acting(&app, &program, &ann, None).await.keyed("give-another");
    let other = order["tickets"][1]["id"].as_str().unwrap();
    acting.post(&format!("/tickets/{other}/transfer"), json!({ "email": bob.email })).await.expect(200);
}

#[tokio::test]
async fn the_second_factor_is_asked_for_where_there_is_one() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, bob) = (app.event_on_sale().await, app.verified("ann").await, app.verified("bob").await);
    let id = ann.bought(&event.id, &["S-A-1"]).await["tickets"][0]["id"].as_str().unwrap().to_owned();
    let enrolment = ann.post("/me/mfa/totp", json!({ "password": PASSWORD })).await.expect(201).json();
    let secret = enrolment["secret"].as_str().unwrap();
    ann.post("/me/mfa/totp/confirm", json!({ "otp": app.otp(secret) })).await.expect(200);
    let path = format!("/tickets/{id}/transfer");
    let (with, keyed) = (|proof| given(&bob, proof), ann.keyed("give"));
    for (path, with) in [("/me/export", &(|proof| proof) as &dyn Fn(Value) -> Value), (&path, &with)] {
        let asked = keyed.post(path, with(json!({ "password": PASSWORD }))).await.refused(401, "mfa_required");
        assert_eq!(asked.details(), json!({ "methods": ["totp", "recovery_code"] }), "{path}");
        let wrong = with(json!({ "password": PASSWORD, "otp": "000000" }));
        keyed.post(path, wrong).await.refused(401, "invalid_otp");
    }
    app.db.env.clock.advance(std::time::Duration::from_secs(30));
    let otp = app.otp(secret);
    let proof = with(json!({ "password": PASSWORD, "otp": otp }));
    let first = keyed.post(&path, proof.clone()).await.expect(200);
    // The answer was lost: the same request, whose code is used up, gets it again.
    let again = keyed.post(&path, proof).await.expect(200);
    assert!(again.is_replay() && again.body == first.body);
    let used = json!({ "password": PASSWORD, "otp": otp });
    ann.post("/me/export", used).await.refused(401, "invalid_otp");
}
