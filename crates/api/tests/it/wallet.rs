//! Passes for the wallets of phones: whose they are, and when there are none.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use testkit::wallet::{ACCOUNT, ISSUER, PASS_TYPE, TEAM, WalletKeys};
use tickets::{Apple, AppleParts, Google, Wallets};

use crate::app::{OnSale, TestApp, Wish};
use crate::caller::{Caller, PASSWORD};

fn wallets(keys: &WalletKeys) -> Wallets {
    let [certificate, key, intermediate] = ["pass.pem", "pass.key", "intermediate.pem"].map(|name| keys.read(name));
    let parts = AppleParts {
        pass_type: PASS_TYPE,
        team: TEAM,
        certificate: &certificate,
        key: &key,
        intermediate: &intermediate,
    };
    let google = Google::new(ISSUER, &keys.read("account.json")).expect("a key of a service account");
    Wallets { apple: Some(Apple::new(&parts).expect("they fit")), google: Some(google) }
}

async fn app(keys: &WalletKeys) -> TestApp {
    TestApp::with(Wish { wallets: wallets(keys), ..Wish::unlimited() }).await
}

/// A ticket of `ann`'s with somebody's name on it.
async fn ticket(app: &TestApp, ann: &Caller, event: &OnSale) -> String {
    let hold = ann.held(&event.id, &["S-B-7"]).await;
    let body = json!({
        "holds": [hold], "payment": { "method": "simulated", "token": "tok_ok" }, "attendee": { "name": "Eve Adams" },
    });
    let order = ann.keyed(app.key()).post("/orders", body).await.expect(201).json();
    order["tickets"][0]["id"].as_str().unwrap().to_owned()
}

fn paths(ticket: &str) -> [String; 2] {
    ["apple", "google"].map(|wallet| format!("/tickets/{ticket}/wallet/{wallet}"))
}

/// What a pass of Apple's says, unpacked by a program of others.
async fn pass(keys: &WalletKeys, caller: &Caller, ticket: &str) -> Value {
    let answer = caller.get(&paths(ticket)[0]).await.expect(200);
    for (name, wanted) in [
        ("content-type", "application/vnd.apple.pkpass"),
        ("cache-control", "no-store"),
        ("content-disposition", &format!("attachment; filename=\"{ticket}.pkpass\"")),
    ] {
        assert_eq!(answer.header(name), Some(wanted), "{name}");
    }
    let file = keys.path("ticket.pkpass");
    std::fs::write(&file, &answer.body).unwrap();
    let shown = Command::new("unzip").arg("-p").arg(&file).arg("pass.json").output();
    let shown = shown.expect("unzip is installed: scripts/setup.sh test");
    serde_json::from_slice(&shown.stdout).unwrap()
}

/// What a link of Google's says, checked by joserfc with the public half of the service account's key.
async fn link(keys: &WalletKeys, caller: &Caller, ticket: &str) -> Value {
    let answer = caller.get(&paths(ticket)[1]).await.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let answer = answer.json();
    let url = answer["url"].as_str().unwrap();
    let token = url.strip_prefix("https://pay.google.com/gp/v/save/").expect("a link of Google's");
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)), "{url}");
    let check = "import json, sys\nfrom joserfc import jwt\nfrom joserfc.jwk import RSAKey\n\
                 key = RSAKey.import_key(open(sys.argv[1]).read())\n\
                 token = jwt.decode(sys.argv[2], key, algorithms=['RS256'])\n\
                 print(json.dumps([token.header, token.claims]))";
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cache"));
    let mut python = Command::new(cache.join("stagedoor/venv/bin/python"));
    let done = python.args(["-c", check]).arg(keys.path("account.pem")).arg(token).output();
    let done = done.expect("the tests' Python is there: scripts/setup.sh test");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

#[tokio::test]
async fn a_ticket_goes_into_both_wallets_of_its_owner() {
    let keys = WalletKeys::new();
    let app = app(&keys).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let id = ticket(&app, &ann, &event).await;
    let page = app.nobody().get(&event.path("")).await.expect(200).json();
    assert_eq!(page["wallets"], json!(["apple", "google"]));
    let barcode = ann.get(&format!("/tickets/{id}/barcode?format=json")).await.expect(200).json();

    let shown = pass(&keys, &ann, &id).await;
    assert_eq!((&shown["organizationName"], &shown["passTypeIdentifier"]), (&json!("aurora"), &json!(PASS_TYPE)));
    assert_eq!(shown["barcodes"][0]["message"], barcode["text"]);
    assert_eq!(shown["relevantDate"], "2026-06-01T20:00:00+02:00");
    assert!(shown.to_string().contains("Eve Adams"));

    let told = link(&keys, &ann, &id).await;
    let (header, claims) = (&told[0], &told[1]);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("JWT")));
    let now = app.app.env.now().seconds();
    assert_eq!(
        (&claims["iss"], &claims["aud"], &claims["typ"], &claims["iat"]),
        (&json!(ACCOUNT), &json!("google"), &json!("savetowallet"), &json!(now))
    );
    let (class, object) = (&claims["payload"]["eventTicketClasses"][0], &claims["payload"]["eventTicketObjects"][0]);
    let text = |value: &str| json!({ "defaultValue": { "language": "en", "value": value } });
    assert_eq!(class["id"], format!("{ISSUER}.{}", event.id));
    assert_eq!((&class["eventName"], &class["issuerName"]), (&text("Northern Lights"), &json!("aurora")));
    assert_eq!(class["venue"], json!({ "name": text("Old Mill"), "address": text("Hamburg, DE") }));
    assert_eq!(class["dateTime"], json!({ "start": "2026-06-01T20:00:00+02:00" }));
    assert_eq!((&object["id"], &object["classId"]), (&json!(format!("{ISSUER}.{id}-1")), &class["id"]));
    assert_eq!(object["seatInfo"], json!({ "section": text("Stalls"), "row": text("B"), "seat": text("7") }));
    assert_eq!((&object["ticketHolderName"], &object["state"]), (&json!("Eve Adams"), &json!("ACTIVE")));
    assert_eq!(object["barcode"], json!({ "type": "QR_CODE", "value": barcode["text"] }));
}

#[tokio::test]
async fn a_pass_is_for_whoever_may_print_the_ticket() {
    let keys = WalletKeys::new();
    let app = app(&keys).await;
    let (event, ann, bob) = (app.event_on_sale().await, app.fan("ann").await, app.verified("bob").await);
    let id = ticket(&app, &ann, &event).await;
    let serial = async |caller: &Caller| pass(&keys, caller, &id).await["serialNumber"].clone();
    let object = async |caller: &Caller| link(&keys, caller, &id).await[1]["payload"]["eventTicketObjects"][0].clone();
    let (first, old) = (serial(&ann).await, object(&ann).await);
    for path in paths(&id) {
        bob.get(&path).await.refused(404, "not_found");
        app.nobody().get(&path).await.refused(401, "not_signed_in");
        app.aurora().await.owner.get(&path).await.refused(404, "not_found");
    }
    ann.post(&format!("/tickets/{id}/reissue"), Value::Null).await.expect(200);
    let again = object(&ann).await;
    assert_ne!((&again["id"], &again["barcode"]), (&old["id"], &old["barcode"]));
    assert_ne!(serial(&ann).await, first);

    let to = json!({ "email": bob.email, "password": PASSWORD });
    ann.keyed(app.key()).post(&format!("/tickets/{id}/transfer"), to).await.expect(200);
    for path in paths(&id) {
        ann.get(&path).await.refused(404, "not_found");
    }
    // Whom the buyer named is no business of the receiver.
    assert!(!pass(&keys, &bob, &id).await.to_string().contains("Eve Adams"));
    assert_eq!(object(&bob).await.get("ticketHolderName"), None);

    let owner = app.aurora().await.owner;
    let doors = async |barcodes: &str| {
        owner.patch(&event.staff_path(""), json!({ "barcodes": barcodes })).await.expect(200);
        app.nobody().get(&event.path("")).await.expect(200).json()["wallets"].clone()
    };
    // A pass stands still.
    assert_eq!(doors("live").await, json!([]));
    for path in paths(&id) {
        bob.get(&path).await.refused(409, "wrong_state");
    }
    assert_eq!(doors("any").await, json!(["apple", "google"]));
    for path in paths(&id) {
        bob.get(&path).await.expect(200);
    }
    owner.post(&event.staff_path("/cancel"), Value::Null).await.expect(200);
    app.run_jobs().await;
    for path in paths(&id) {
        bob.get(&path).await.refused(409, "wrong_state");
    }
}

#[tokio::test]
async fn there_is_no_pass_for_a_wallet_that_the_operator_has_no_account_with() {
    let app = TestApp::new().await;
    let (event, ann, bob) = (app.event_on_sale().await, app.fan("ann").await, app.fan("bob").await);
    let id = ticket(&app, &ann, &event).await;
    assert_eq!(app.nobody().get(&event.path("")).await.expect(200).json()["wallets"], json!([]));
    for path in paths(&id) {
        ann.get(&path).await.refused(409, "wallet_not_configured");
        bob.get(&path).await.refused(404, "not_found");
    }
}
