//! Members are asked, by mail, and answer with the token that is in it.

use serde_json::{Value, json};

use crate::app::{House, TestApp};

const ASKED: &str = "eve@example.org";

async fn token(app: &TestApp) -> String {
    app.word_sent_to(ASKED, |word| word.starts_with("sdi_")).await
}

fn path(house: &House, page: &str) -> String {
    format!("/organizers/{}{page}", house.id)
}

#[tokio::test]
async fn somebody_is_asked_registers_and_becomes_a_member() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let wish = json!({ "email": "Eve@Example.org", "role": "manager" });
    let asked = house.owner.post(&path(&house, "/members"), wish.clone()).await.expect(201).json();
    assert_eq!((&asked["email"], &asked["role"], &asked["events"]), (&json!(ASKED), &json!("manager"), &Value::Null));
    assert!(!asked.to_string().contains("sdi_"), "the token is for the mail alone");
    let open = house.owner.get(&path(&house, "/invitations")).await.expect(200).json();
    assert_eq!(open["items"], json!([asked]));
    let token = token(&app).await;

    let eve = app.fan("eve").await;
    eve.post("/me/invitations/accept", json!({ "token": token })).await.refused(409, "wrong_state");
    assert_eq!(eve.get("/me/invitations").await.expect(200).json()["items"], json!([]));
    let eve = app.verified("eve").await;
    let mine = eve.get("/me/invitations").await.expect(200).json();
    assert_eq!((&mine["items"][0]["organizerName"], &mine["items"][0]["id"]), (&json!("aurora"), &asked["id"]));
    eve.get(&path(&house, "/events")).await.refused(404, "not_found");
    let joined = eve.post("/me/invitations/accept", json!({ "token": token })).await.expect(200).json();
    assert_eq!((&joined["id"], &joined["role"]), (&json!(house.id), &json!("manager")));
    eve.get(&path(&house, "/events")).await.expect(200);
    let again = eve.post("/me/invitations/accept", json!({ "token": token })).await.refused(400, "invalid_code");
    let forged = eve.post("/me/invitations/accept", json!({ "token": "sdi_x" })).await.refused(400, "invalid_code");
    assert_eq!(again.json()["error"]["message"], forged.json()["error"]["message"]);
    house.owner.post(&path(&house, "/members"), wish).await.refused(409, "conflict");
    assert_eq!(house.owner.get(&path(&house, "/invitations")).await.expect(200).json()["items"], json!([]));
}

#[tokio::test]
async fn whoever_asks_is_told_the_same_of_an_account_and_of_none() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    app.verified("ann").await;
    app.fan("bob").await;
    let mut told = Vec::new();
    for name in ["ann", "bob", "eve"] {
        let wish = json!({ "email": format!("{name}@example.org"), "role": "door" });
        let mut answer = house.owner.post(&path(&house, "/members"), wish).await.expect(201);
        let mut body = answer.json();
        for own in ["id", "email", "createdAt", "sentAt", "expiresAt"] {
            assert!(body[own].take().is_string(), "{own}");
        }
        let own = |name: &str| matches!(name, "x-request-id" | "ratelimit");
        let names: Vec<_> = answer.headers.keys().cloned().collect();
        names.into_iter().filter(|name| own(name.as_str())).for_each(|name| drop(answer.headers.remove(name)));
        told.push((body, answer.headers));
    }
    assert!(told.iter().all(|one| *one == told[0]), "{told:#?}");
}

#[tokio::test]
async fn an_invitation_is_withdrawn_declined_or_sent_again() {
    let app = TestApp::new().await;
    let (house, eve) = (app.aurora().await, app.verified("eve").await);
    let ask = async || {
        let wish = json!({ "email": ASKED, "role": "viewer" });
        house.owner.post(&path(&house, "/members"), wish).await.expect(201).id()
    };
    let one = ask().await;
    let first = token(&app).await;
    house
        .owner
        .post(&path(&house, &format!("/invitations/{one}/resend")), Value::Null)
        .await
        .refused(429, "rate_limited");
    app.advance(std::time::Duration::from_secs(60)).await;
    house.owner.post(&path(&house, &format!("/invitations/{one}/resend")), Value::Null).await.expect(200);
    let second = token(&app).await;
    assert_ne!(first, second);
    eve.post("/me/invitations/accept", json!({ "token": first })).await.refused(400, "invalid_code");
    house.owner.delete(&path(&house, &format!("/invitations/{one}"))).await.expect(204);
    house.owner.delete(&path(&house, &format!("/invitations/{one}"))).await.refused(404, "not_found");
    eve.post("/me/invitations/accept", json!({ "token": second })).await.refused(400, "invalid_code");
    ask().await;
    let third = token(&app).await;
    app.verified("bob")
        .await
        .post("/me/invitations/decline", json!({ "token": third }))
        .await
        .refused(400, "invalid_code");
    eve.post("/me/invitations/decline", json!({ "token": third })).await.expect(204);
    eve.post("/me/invitations/accept", json!({ "token": third })).await.refused(400, "invalid_code");
    assert_eq!(eve.get("/organizers").await.expect(200).json()["items"], json!([]));
}

#[tokio::test]
async fn an_invitation_to_some_events_names_the_organizers_own() {
    let app = TestApp::new().await;
    let (house, rivals) = (app.aurora().await, app.borealis().await);
    let (here, there) = (app.event_of(&house).await, app.event_of(&rivals).await);
    let wish = |events: Value| json!({ "email": ASKED, "role": "door", "events": events });
    let ask = async |events: Value| house.owner.post(&path(&house, "/members"), wish(events)).await;
    let foreign = ask(json!([there.id])).await.refused(400, "invalid_field");
    let absent = ask(json!(["evt_01h455vb4pex5vsknk084sn02q"])).await.refused(400, "invalid_field");
    assert_eq!(foreign.json()["error"]["message"], absent.json()["error"]["message"]);
    for wrong in [json!([]), json!(["x"]), json!(vec![here.id.clone(); 101])] {
        ask(wrong).await.refused(400, "invalid_field");
    }
    let owner = json!({ "email": ASKED, "role": "owner", "events": [here.id] });
    house.owner.post(&path(&house, "/members"), owner).await.refused(400, "invalid_field");
    ask(json!([here.id])).await.expect(201);
    let eve = app.verified("eve").await;
    let joined = eve.post("/me/invitations/accept", json!({ "token": token(&app).await })).await.expect(200).json();
    assert_eq!(joined["events"], json!([here.id]));
    let members = house.owner.get(&path(&house, "/members")).await.expect(200).json();
    assert_eq!(members["items"][1]["events"], json!([here.id]));
    assert_eq!(members["items"][0]["events"], Value::Null);
}
