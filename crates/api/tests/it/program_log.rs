//! Programs in the audit log: that what they did can be told from what people do themselves.

use serde_json::{Value, json};

use crate::app::{House, TestApp, venue_body};
use crate::programs::{acting, api_key, client};

async fn items(house: &House, query: &str) -> Vec<Value> {
    let path = format!("/organizers/{}/audit{query}", house.id);
    house.owner.get(&path).await.expect(200).json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_key_is_written_down_as_itself_with_its_address() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let key = api_key(&house, "catalog.write").await;
    let program = app.nobody().with_token(&key.secret);
    let venue = program.post(&format!("/organizers/{}/venues", house.id), venue_body()).await.expect(201).id();
    let written = items(&house, &format!("?actor={}", key.id)).await;
    assert_eq!(written.len(), 1, "what a key did is found by its id");
    assert_eq!((&written[0]["subject"], &written[0]["address"]), (&json!(venue), &json!("127.0.0.1")));
    assert_eq!((&written[0]["actor"], &written[0]["client"]), (&json!(key.id), &Value::Null));
}

#[tokio::test]
async fn what_a_program_does_for_a_person_names_both() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let own = client(&app, &house, "catalog.write").await;
    let program = acting(&app, &own, &house.owner, None).await;
    let venues = format!("/organizers/{}/venues", house.id);
    program.post(&venues, venue_body()).await.expect(201);
    house.owner.post(&venues, venue_body()).await.expect(201);
    let grant = house.owner.get("/me/programs").await.expect(200).json()["items"][0]["id"].clone();
    let written = items(&house, &format!("?actor={}&action=venue.create", house.owner.id)).await;
    let [themselves, by_program] = &written[..] else { panic!("{written:?}") };
    assert_eq!((&by_program["client"], &by_program["grant"]), (&json!(own.id), &grant));
    assert_eq!((&themselves["client"], &themselves["grant"]), (&Value::Null, &Value::Null));
    assert_eq!(by_program["address"], "127.0.0.1");
}

#[tokio::test]
async fn what_a_key_looks_for_in_vain_stands_in_its_own_organizers_log() {
    let app = TestApp::new().await;
    let (house, rivals) = (app.aurora().await, app.borealis().await);
    let key = api_key(&house, "catalog.read sales.read").await;
    let program = app.nobody().with_token(&key.secret);
    let absent = "ord_01h455vb4pex5vsknk084sn02q";
    program.get(&format!("/organizers/{}/orders/{absent}", house.id)).await.refused(404, "not_found");
    program.get(&format!("/organizers/{}/orders/{absent}", rivals.id)).await.refused(404, "not_found");
    let denied = items(&house, "?result=denied").await;
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert_eq!((&denied[0]["actor"], &denied[0]["subject"]), (&json!(key.id), &json!(absent)));
    assert!(items(&rivals, "?result=denied").await.is_empty(), "a stranger writes to no tenant's log");
}
