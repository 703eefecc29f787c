//! Addresses, forgotten passwords, the second factor and sessions, over HTTP.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::caller::{Answer, Caller, PASSWORD};

const NEW: &str = "a young hill by the lake";
const STEP: Duration = Duration::from_secs(30);

async fn verify_email(app: &TestApp, fan: &Caller) -> Value {
    let code = app.code_sent_to(&fan.email).await;
    fan.post("/me/email/verify", json!({ "code": code })).await.expect(200).json()
}

async fn sign_in(app: &TestApp, email: &str, password: &str, otp: Option<&str>) -> Answer {
    let mut body = json!({ "email": email, "password": password });
    if let Some(otp) = otp {
        body["otp"] = otp.into();
    }
    app.nobody().post("/auth/login", body).await
}

#[tokio::test]
async fn a_fan_proves_an_address_and_the_profile_says_so() {
    let app = TestApp::new().await;
    let ann = app.fan("ann").await;
    assert_eq!(ann.get("/me").await.json()["emailVerified"], false);
    ann.post("/me/email/verify", json!({ "code": "no" })).await.refused(400, "invalid_code");
    let verified = verify_email(&app, &ann).await;
    assert_eq!(verified["emailVerified"], true);
    assert_eq!(ann.get("/me").await.json(), verified);
    ann.post("/me/email/code", Value::Null).await.refused(409, "wrong_state");

    ann.post("/me/phone", json!({ "phone": "+49 30 901820", "password": PASSWORD })).await.expect(202);
    assert_eq!(ann.get("/me").await.json()["phone"], Value::Null, "not before the code comes back");
    let code = app.code_sent_to("+4930901820").await;
    let both = ann.post("/me/phone/verify", json!({ "code": code })).await.expect(200).json();
    assert_eq!((&both["phone"], &both["phoneVerified"]), (&json!("+4930901820"), &json!(true)));
    let by_phone = json!({ "phone": "+49 (30) 901820", "password": PASSWORD });
    app.nobody().post("/auth/login", by_phone).await.expect(200);
}

#[tokio::test]
async fn who_has_not_verified_an_address_buys_like_everybody() {
    let app = TestApp::new().await;
    let event = app.event_on_sale().await;
    let ann = app.fan("ann").await;
    ann.bought(&event.id, &["S-A-1"]).await;
    assert_eq!(ann.get("/me").await.json()["emailVerified"], false);
}

#[tokio::test]
async fn one_address_is_given_and_not_two() {
    let app = TestApp::new().await;
    let both = json!({ "email": "ann@example.org", "phone": "+4930901820", "password": PASSWORD, "name": "Ann" });
    let neither = json!({ "password": PASSWORD, "name": "Ann" });
    for (body, field) in [(both, "phone"), (neither, "email")] {
        for path in ["/auth/register", "/auth/login", "/auth/password/forgot"] {
            let mut body = body.clone();
            for extra in ["name", "password"].iter().filter(|extra| !path.ends_with("register") && **extra == "name") {
                body.as_object_mut().unwrap().remove(*extra);
            }
            if path.ends_with("forgot") {
                body.as_object_mut().unwrap().remove("password");
            }
            let refused = app.nobody().post(path, body).await.refused(400, "invalid_field");
            assert_eq!(refused.details()["field"], field, "{path}");
        }
    }
    let body = json!({ "phone": "+49 30 901820", "password": PASSWORD, "name": "Ann", "locale": "de" });
    let ann = app.nobody().post("/auth/register", body).await.expect(201).json();
    assert_eq!((&ann["user"]["email"], &ann["user"]["locale"]), (&Value::Null, &json!("de")));
    assert!(app.messages().await[0].contains("ist Ihr Code"));
}

#[tokio::test]
async fn asking_for_a_new_password_answers_everybody_alike() {
    let app = TestApp::new().await;
    app.fan("ann").await;
    let mut answers = Vec::new();
    for email in ["ann@example.org", "nobody@example.org"] {
        let answer = app.nobody().post("/auth/password/forgot", json!({ "email": email })).await.expect(202);
        let own = |name: &str| matches!(name, "x-request-id" | "ratelimit");
        let headers: Vec<_> = answer.headers.iter().filter(|(name, _)| !own(name.as_str())).collect();
        answers.push(format!("{headers:?} {:?}", answer.body));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_and_a_stranger_sets_none() {
    let app = TestApp::new().await;
    let ann = app.fan("ann").await;
    app.nobody().post("/auth/password/forgot", json!({ "email": ann.email })).await.expect(202);
    let token = app.word_sent_to(&ann.email, |word| word.starts_with("sdp_")).await;
    let reset = |token: &str, password: &str| json!({ "token": token, "password": password });
    let nobody = app.nobody();
    nobody.post("/auth/password/reset", reset("sdp_no", NEW)).await.refused(401, "invalid_token");
    nobody.post("/auth/password/reset", reset(&token, "short")).await.refused(400, "invalid_field");
    nobody.post("/auth/password/reset", reset(&token, NEW)).await.expect(204);
    nobody.post("/auth/password/reset", reset(&token, NEW)).await.refused(401, "invalid_token");
    ann.get("/me").await.refused(401, "invalid_token");
    sign_in(&app, &ann.email, PASSWORD, None).await.refused(401, "invalid_credentials");
    let user = sign_in(&app, &ann.email, NEW, None).await.expect(200).json();
    assert_eq!(user["user"]["emailVerified"], true);
}

#[tokio::test]
async fn a_second_factor_guards_sign_in_and_reset() {
    let app = TestApp::new().await;
    let ann = app.fan("ann").await;
    ann.post("/me/mfa/totp", json!({ "password": PASSWORD })).await.refused(409, "wrong_state");
    verify_email(&app, &ann).await;
    let enrolment = ann.post("/me/mfa/totp", json!({ "password": PASSWORD })).await.expect(201);
    assert_eq!(enrolment.header("cache-control"), Some("no-store"));
    let secret = enrolment.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(ann.get("/me/mfa").await.expect(200).json(), json!({ "totpSince": null, "recoveryCodesLeft": 0 }));
    ann.post("/me/mfa/totp/confirm", json!({ "otp": "no" })).await.refused(401, "invalid_otp");
    let confirm = json!({ "otp": app.otp(&secret) });
    let codes = ann.post("/me/mfa/totp/confirm", confirm).await.expect(200).json()["recoveryCodes"].clone();
    assert_eq!(ann.get("/me").await.json()["secondFactor"], true);
    assert_eq!(ann.get("/me/mfa").await.json()["recoveryCodesLeft"], 10);

    let refused = sign_in(&app, &ann.email, PASSWORD, None).await.refused(401, "mfa_required");
    assert_eq!(refused.details(), json!({ "methods": ["totp", "recovery_code"] }));
    sign_in(&app, &ann.email, PASSWORD, Some("000000")).await.refused(401, "invalid_otp");
    app.advance(STEP).await;
    let otp = app.otp(&secret);
    sign_in(&app, &ann.email, PASSWORD, Some(&otp)).await.expect(200);
    sign_in(&app, &ann.email, PASSWORD, Some(&otp)).await.refused(401, "invalid_otp");

    app.nobody().post("/auth/password/forgot", json!({ "email": ann.email })).await.expect(202);
    let token = app.word_sent_to(&ann.email, |word| word.starts_with("sdp_")).await;
    let mut reset = json!({ "token": token, "password": NEW });
    app.nobody().post("/auth/password/reset", reset.clone()).await.refused(401, "mfa_required");
    reset["otp"] = codes[0].clone();
    app.nobody().post("/auth/password/reset", reset).await.expect(204);
    sign_in(&app, &ann.email, NEW, None).await.refused(401, "mfa_required");
    let again = sign_in(&app, &ann.email, NEW, codes[1].as_str()).await.expect(200).json();

    let ann = app.nobody().with_token(again["accessToken"].as_str().unwrap());
    app.advance(STEP).await;
    let body = json!({ "password": NEW, "otp": app.otp(&secret) });
    let renewed = ann.post("/me/mfa/recovery-codes", body).await.expect(200).json()["recoveryCodes"].clone();
    ann.post("/me/mfa/totp/remove", json!({ "password": NEW, "otp": codes[2] })).await.refused(401, "invalid_otp");
    ann.post("/me/mfa/totp/remove", json!({ "password": NEW, "otp": renewed[0] })).await.expect(204);
    sign_in(&app, "ann@example.org", NEW, None).await.expect(200);
}

#[tokio::test]
async fn sessions_are_seen_and_ended() {
    let app = TestApp::new().await;
    let ann = app.fan("ann").await;
    let login = json!({ "email": ann.email, "password": PASSWORD }).to_string();
    let request = app.nobody().request(Method::POST, "/auth/login");
    let request = request.header("content-type", "application/json").header("user-agent", "Opera/9.0");
    let second = app.nobody().send(request.body(Body::from(login)).unwrap()).await.expect(200).json();
    let second = app.nobody().with_token(second["accessToken"].as_str().unwrap());
    let third = ann.signed_in_again().await;

    let listed = second.get("/me/sessions").await.expect(200).json()["items"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 3);
    let own: Vec<_> = listed.iter().filter(|session| session["current"] == true).collect();
    assert_eq!((own.len(), &own[0]["userAgent"], &own[0]["address"]), (1, &json!("Opera/9.0"), &json!("127.0.0.1")));
    let own = own[0]["id"].as_str().unwrap();

    ann.delete(&format!("/me/sessions/{own}")).await.expect(204);
    second.get("/me").await.refused(401, "invalid_token");
    ann.delete(&format!("/me/sessions/{own}")).await.refused(404, "not_found");
    third.delete("/me/sessions").await.expect(204);
    ann.get("/me").await.refused(401, "invalid_token");
    let left = third.get("/me/sessions").await.expect(200).json();
    assert_eq!((left["items"].as_array().unwrap().len(), &left["items"][0]["current"]), (1, &json!(true)));
}

#[tokio::test]
async fn changing_the_password_keeps_only_the_session_that_asks() {
    let app = TestApp::new().await;
    let ann = app.fan("ann").await;
    let other = ann.signed_in_again().await;
    let change = |current: &str| json!({ "current": current, "password": NEW });
    ann.post("/me/password", change("a wrong password")).await.refused(401, "invalid_credentials");
    ann.post("/me/password", change(PASSWORD)).await.expect(204);
    ann.get("/me").await.expect(200);
    other.get("/me").await.refused(401, "invalid_token");
    sign_in(&app, &ann.email, NEW, None).await.expect(200);
}

#[tokio::test]
async fn a_profile_is_changed_in_parts() {
    let app = TestApp::new().await;
    let ann = app.fan("ann").await;
    let preferences = json!({ "eventCategories": ["theatre", "concert"], "maxTravelDistanceKm": 80 });
    let location = json!({ "city": "Bremen", "region": null, "country": "DE" });
    let change = json!({ "locale": "de", "preferences": preferences, "location": location });
    let me = ann.patch("/me", change).await.expect(200).json();
    assert_eq!(
        me["preferences"],
        json!({
            "eventCategories": ["concert", "theatre"], "maxTravelDistanceKm": 80,
            "notifications": { "email": true, "sms": false },
        })
    );
    assert_eq!((&me["location"], &me["locale"], &me["name"]), (&location, &json!("de"), &json!("ann")));
    let me = ann.patch("/me", json!({ "location": null })).await.expect(200).json();
    assert_eq!((&me["location"], &me["preferences"]["maxTravelDistanceKm"]), (&Value::Null, &json!(80)));
    for (field, body) in [
        ("locale", json!({ "locale": "fr" })),
        ("name", json!({ "name": null })),
        ("location.country", json!({ "location": { "city": "Bremen", "country": "Germany" } })),
        ("preferences.maxTravelDistanceKm", json!({ "preferences": { "maxTravelDistanceKm": 20_001 } })),
    ] {
        let refused = ann.patch("/me", body).await.refused(400, "invalid_field");
        assert_eq!(refused.details()["field"], field);
    }
}

#[tokio::test]
async fn staff_of_the_platform_decide_about_documents() {
    let app = TestApp::new().await;
    let (ann, admin) = (app.fan("ann").await, app.admin().await);
    assert_eq!(ann.get("/me").await.json()["kycStatus"], Value::Null);
    verify_email(&app, &ann).await;
    let document = json!({ "documentType": "id_card", "country": "DE", "reference": "L01X00T47" });
    let check = ann.post("/me/kyc", document.clone()).await.expect(201).json();
    assert_eq!(check["status"], "pending");
    ann.post("/me/kyc", document).await.refused(409, "wrong_state");
    let listed = admin.get("/platform/kyc").await.expect(200).json();
    assert_eq!((&listed["items"][0]["check"], &listed["items"][0]["userId"]), (&check, &json!(ann.id)));
    assert_eq!(listed["items"][0]["name"], "ann");
    admin.get("/platform/kyc?status=lost").await.refused(400, "invalid_query");

    let path = format!("/platform/kyc/{}/decision", check["id"].as_str().unwrap());
    for body in [json!({ "decision": "rejected" }), json!({ "decision": "verified", "reason": "why not" })] {
        assert_eq!(admin.post(&path, body).await.refused(400, "invalid_field").details()["field"], "reason");
    }
    let decided = admin.post(&path, json!({ "decision": "verified" })).await.expect(200).json();
    assert_eq!(decided["status"], "verified");
    admin.post(&path, json!({ "decision": "verified" })).await.refused(409, "wrong_state");
    assert_eq!(ann.get("/me").await.json()["kycStatus"], "verified");
    assert_eq!(ann.get("/me/kyc").await.json()["items"], json!([decided]));
    assert_eq!(admin.get("/platform/kyc").await.json()["items"], json!([]));
}

#[tokio::test]
async fn an_export_has_all_of_ones_own_and_nothing_of_others() {
    let app = TestApp::new().await;
    let event = app.event_on_sale().await;
    let (ann, bob) = (app.fan("ann").await, app.fan("bob").await);
    let order = ann.bought(&event.id, &["S-A-1", "S-A-2"]).await;
    bob.bought(&event.id, &["S-B-1"]).await;
    let document = json!({ "documentType": "passport", "country": "DE", "reference": "C01X00T47" });
    ann.post("/me/kyc", document.clone()).await.refused(409, "wrong_state");
    verify_email(&app, &ann).await;
    let check = ann.post("/me/kyc", document).await.expect(201).json();
    ann.post("/organizers", json!({ "name": "Ann's stage" })).await.expect(201);

    let wish = json!({ "email": ann.email, "role": "door" });
    let asks = app.aurora().await;
    asks.owner.post(&format!("/organizers/{}/members", asks.id), wish).await.expect(201);

    let export = ann.post("/me/export", json!({ "password": PASSWORD })).await.expect(200);
    assert_eq!(export.header("content-disposition"), Some("attachment; filename=\"stagedoor-export.json\""));
    assert_eq!(export.header("cache-control"), Some("no-store"));
    let text = export.text();
    let export = export.json();
    assert_eq!(export["user"], ann.get("/me").await.json());
    assert_eq!(export["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(export["orders"], ann.get("/me/orders").await.json()["items"]);
    assert_eq!(export["orders"][0]["id"], order["id"]);
    let mine = ann.get("/me/tickets").await.json()["items"].as_array().unwrap().clone();
    let exported = export["tickets"].as_array().unwrap();
    let tickets: Vec<_> = exported.iter().map(|owned| owned["ticket"].clone()).collect();
    assert_eq!((tickets.len(), tickets), (2, mine));
    assert_eq!(export["invitations"][0]["organizerId"], asks.id);
    assert_eq!((&export["kyc"], &export["organizers"][0]["name"]), (&json!([check]), &json!("Ann's stage")));
    assert!(!text.contains(&bob.id) && !text.contains("bob@"), "{text}");
}

#[tokio::test]
async fn an_export_of_many_orders_is_whole() {
    let app = TestApp::with(crate::app::Wish::unlimited()).await;
    let event = app.event_on_sale().await;
    let ann = app.fan("ann").await;
    for _ in 0..101 {
        // Orders that come to nothing are kept as well.
        let hold = ann.held(&event.id, &["S-A-1"]).await;
        ann.pay(&[&hold], "tok_declined").await.expect(402);
        ann.delete(&format!("/holds/{hold}")).await.expect(204);
    }
    let export = ann.post("/me/export", json!({ "password": PASSWORD })).await.expect(200).json();
    assert_eq!(export["orders"].as_array().unwrap().len(), 101);
}
