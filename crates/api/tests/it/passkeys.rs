//! Passkeys as browsers meet them.

use identity::Role;
use serde_json::{Value, json};

use crate::app::{PUBLIC_URL, TestApp};
use crate::audit::platform;
use crate::caller::{Caller, PASSWORD};
use crate::device::Device;

/// Of the right shape, and about nothing.
pub fn assertion() -> Value {
    let response =
        json!({ "clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AAAA", "userHandle": "AA" });
    json!({ "id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response })
}

/// The same of a new one.
pub fn attestation() -> Value {
    let response = json!({ "clientDataJSON": "e30", "attestationObject": "oA" });
    json!({ "id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response })
}

/// Parts of the addresses that [`good_body`] is for.
pub const WAYS: [&str; 3] = ["/mfa/", "/passkeys", "/provider"];

/// What a way to sign in, or a change of one, takes.
pub fn good_body(method: &str, path: &str) -> Value {
    let proof = json!({ "password": PASSWORD, "otp": "000000" });
    match path {
        "/me/mfa/totp" => json!({ "password": PASSWORD }),
        "/me/mfa/totp/confirm" => json!({ "otp": "000000" }),
        "/auth/passkeys" => json!({ "credential": assertion() }),
        "/me/passkeys" => json!({ "name": "Phone", "credential": attestation() }),
        "/me/passkeys/{passkey}" if method == "patch" => json!({ "name": "Phone" }),
        "/auth/providers/start" => json!({ "provider": "example" }),
        "/me/provider-links/start" => json!({ "provider": "example", "password": PASSWORD, "otp": "000000" }),
        "/auth/providers" | "/me/provider-links" => {
            let (code, state) = ("code", "state");
            json!({ "provider": "example", "code": code, "state": state, "iss": "https://a.example", "secret": "s" })
        }
        _ => proof,
    }
}

pub async fn add(who: &Caller, device: &mut Device, otp: Option<&str>) -> Value {
    let mut proof = json!({ "password": PASSWORD });
    if let Some(otp) = otp {
        proof["otp"] = otp.into();
    }
    let asked = who.post("/me/passkeys/challenge", proof).await.expect(200).json();
    assert_eq!(asked["expiresIn"], 300);
    let made = device.create(PUBLIC_URL, &asked["publicKey"]).await;
    who.post("/me/passkeys", json!({ "name": "Phone", "credential": made })).await.expect(201).json()
}

/// The id of a new passkey of `who`, whose address is verified.
pub async fn added(who: &Caller) -> String {
    add(who, &mut Device::default(), None).await["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_browser_adds_one_and_signs_in_with_it() {
    let app = TestApp::new().await;
    let (ann, mut device) = (app.verified("ann").await, Device::counting());
    let added = add(&ann, &mut device, None).await;
    assert_eq!((&added["name"], &added["usedAt"]), (&json!("Phone"), &Value::Null));
    let nobody = app.nobody();
    let asked = nobody.post("/auth/passkeys/challenge", Value::Null).await.expect(200).json();
    let framed = device.get_framed(PUBLIC_URL, &asked["publicKey"]).await;
    nobody.post("/auth/passkeys", json!({ "credential": framed })).await.refused(401, "invalid_passkey");
    let asked = nobody.post("/auth/passkeys/challenge", Value::Null).await.expect(200);
    assert_eq!(asked.header("cache-control"), Some("no-store"));
    let credential = device.get(PUBLIC_URL, &asked.json()["publicKey"]).await;
    let body = json!({ "credential": credential });
    let signed_in = nobody.post("/auth/passkeys", body.clone()).await.expect(200).json();
    assert_eq!(signed_in["user"]["id"], json!(ann.id));
    let again = app.nobody().with_token(signed_in["accessToken"].as_str().unwrap());
    let listed = again.get("/me/passkeys").await.expect(200).json()["items"].clone();
    assert_eq!((&listed[0]["id"], listed[0]["usedAt"].is_string()), (&added["id"], true));
    let export = again.post("/me/export", json!({ "password": PASSWORD })).await.expect(200).json();
    assert_eq!(export["passkeys"], listed);
    nobody.post("/auth/passkeys", body).await.refused(401, "invalid_passkey");
    let at = format!("/me/passkeys/{}", added["id"].as_str().unwrap());
    let renamed = ann.patch(&at, json!({ "name": "Old phone" })).await.expect(200).json();
    assert_eq!(renamed["name"], "Old phone");
    ann.patch(&at, json!({ "name": " " })).await.refused(400, "invalid_field");
    let remove =
        async |password: &str| ann.call(axum::http::Method::DELETE, &at, json!({ "password": password })).await;
    remove("a wrong password").await.refused(401, "invalid_credentials");
    remove(PASSWORD).await.expect(204);
    remove(PASSWORD).await.refused(404, "not_found");
    assert_eq!(ann.get("/me/passkeys").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_browser_shows_one_in_the_place_of_a_code() {
    let app = TestApp::new().await;
    let (ann, mut device) = (app.verified("ann").await, Device::counting());
    app.turn_factor_on(&ann).await;
    add(&ann, &mut device, app.recovery_code(&ann).as_deref()).await;
    let login = async |more: Value| {
        let mut body = json!({ "email": ann.email, "password": PASSWORD });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        app.nobody().post("/auth/login", body).await
    };
    let details = login(json!({})).await.refused(401, "mfa_required").details();
    assert_eq!(details["methods"], json!(["totp", "recovery_code", "passkey"]));
    let shown = device.get(PUBLIC_URL, &details["passkey"]["publicKey"]).await;
    login(json!({ "passkey": shown, "otp": "000000" })).await.refused(400, "invalid_field");
    assert_eq!(login(json!({ "passkey": shown })).await.expect(200).json()["user"]["id"], json!(ann.id));
    login(json!({ "passkey": shown })).await.refused(401, "invalid_passkey");
    login(json!({ "passkey": assertion() })).await.refused(401, "invalid_passkey");
    // The page that asks whether a program may asks for a code: it has no scripts.
    let proof = json!({ "password": PASSWORD });
    let refused = ann.post("/me/passkeys/challenge", proof).await.refused(401, "mfa_required");
    assert_eq!(refused.details()["methods"], json!(["totp", "recovery_code"]));
}

#[tokio::test]
async fn who_fails_to_sign_in_with_one_stands_in_the_platforms_log() {
    let app = TestApp::new().await;
    app.nobody().post("/auth/passkeys", json!({ "credential": assertion() })).await.refused(401, "invalid_passkey");
    let filter = store::audit::Filter { action: Some("session.open".to_owned()), ..Default::default() };
    let denied = app.db.audit_log(store::audit::Chain::Platform, &filter).await;
    assert_eq!((denied.len(), denied[0].result), (1, store::audit::Outcome::Denied));
    assert_eq!(denied[0].detail.field("after")["code"], "invalid_passkey");
}

#[tokio::test]
async fn a_session_that_one_opened_is_not_the_second_factor_that_others_ask_for() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    app.verified("aurora").await;
    app.turn_factor_on(&house.owner).await;
    let wish = json!({ "membersNeedSecondFactor": true });
    house.owner.patch(&format!("/organizers/{}", house.id), wish).await.expect(200);
    let (manager, mut device) = (app.staff(&house, Role::Manager).await, Device::counting());
    app.app.identity.grant_platform_admin(manager.id.parse().unwrap()).await.unwrap();
    // Whoever has the password alone can do so as well.
    add(&manager, &mut device, None).await;

    let nobody = app.nobody();
    let asked = nobody.post("/auth/passkeys/challenge", Value::Null).await.expect(200).json();
    let credential = device.get(PUBLIC_URL, &asked["publicKey"]).await;
    let signed_in = nobody.post("/auth/passkeys", json!({ "credential": credential })).await.expect(200).json();
    let by_passkey = app.nobody().with_token(signed_in["accessToken"].as_str().unwrap());
    let orders = format!("/organizers/{}/orders", house.id);
    by_passkey.get(&orders).await.refused(403, "second_factor_required");
    by_passkey.get("/platform/organizers").await.refused(403, "second_factor_required");
    let opened = platform(&app, "session.open").await;
    assert_eq!(opened.last().unwrap().detail.field("after")["means"], "passkey");
}
