//! Who comes: the tickets of an event with who has them, found by person, order or number.

use serde_json::{Value, json};

use crate::app::{TestApp, Wish};
use crate::caller::PASSWORD;

#[tokio::test]
async fn staff_see_who_has_a_ticket_and_find_it_by_person_order_or_number() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (house, event) = (app.aurora().await, app.event_on_sale().await);
    let (ann, bob) = (app.verified("ann").await, app.verified("bob").await);
    let order = ann.bought(&event.id, &["S-A-1", "S-A-2"]).await;
    app.advance(std::time::Duration::from_secs(60)).await;
    let other = bob.bought(&event.id, &["S-B-1"]).await;
    let given = order["tickets"][1]["id"].as_str().unwrap();
    let gift = json!({ "email": bob.email, "password": PASSWORD });
    ann.keyed(app.key()).post(&format!("/tickets/{given}/transfer"), gift).await.expect(200);

    let found = async |query: &str| {
        let list = house.owner.get(&event.staff_path(&format!("/attendees?{query}"))).await.expect(200).json();
        let row = |item: &Value| json!([item["seat"], item["holder"]["name"], item["holder"]["email"]]);
        let mut rows = Vec::from_iter(list["items"].as_array().unwrap().iter().map(row));
        rows.sort_by_key(Value::to_string);
        rows
    };
    let (first, second) = (json!(["S-A-1", "ann", ann.email]), json!(["S-A-2", "bob", bob.email]));
    let third = json!(["S-B-1", "bob", bob.email]);
    assert_eq!(found("limit=10").await, [first.clone(), second.clone(), third.clone()]);
    assert_eq!(found("email=BOB@example.org").await, [second.clone(), third]);
    assert_eq!(found(&format!("order={}", order["id"].as_str().unwrap())).await, [first.clone(), second.clone()]);
    assert_eq!(found(&format!("ticket={given}")).await, std::slice::from_ref(&second));
    assert_eq!(found(&format!("ticket={given}&email=ann@example.org")).await, [] as [Value; 0]);
    assert_eq!(found("email=nobody@example.org").await, [] as [Value; 0]);
    for query in ["email=bob", "order=x", "ticket=x"] {
        house.owner.get(&event.staff_path(&format!("/attendees?{query}"))).await.refused(400, "invalid_query");
    }
    // The same person's tickets to another organizer's event are not found.
    let theirs = app.borealis().await;
    let elsewhere = app.event_of(&theirs).await;
    let path = format!("/attendees?order={}", other["id"].as_str().unwrap());
    assert_eq!(theirs.owner.get(&elsewhere.staff_path(&path)).await.expect(200).json()["items"], json!([]));
    // Nor does the log tell that organizer that the person has an account.
    let asked = elsewhere.staff_path("/attendees?email=bob@example.org");
    assert_eq!(theirs.owner.get(&asked).await.expect(200).json()["items"], json!([]));
    let log = theirs.owner.get(&format!("/organizers/{}/audit?action=attendee.list", theirs.id)).await.expect(200);
    assert!(log.text().contains("\"holder\":null") && !log.text().contains(&bob.id), "{}", log.text());

    // An address that nobody has verified is marked: it may be another's.
    let carl = app.fan("carl").await;
    carl.bought(&event.id, &["S-C-1"]).await;
    let shown = async |fan: &crate::caller::Caller| {
        let asked = event.staff_path(&format!("/attendees?email={}", fan.email));
        house.owner.get(&asked).await.expect(200).json()["items"][0]["holder"].clone()
    };
    let holder = |name: &str, email: &str, verified| json!({ "name": name, "email": email, "emailVerified": verified, "erased": false });
    assert_eq!(shown(&carl).await, holder("carl", &carl.email, false));
    assert_eq!(shown(&ann).await, holder("ann", &ann.email, true));

    // Whoever was erased is shown as that, and found by no address.
    bob.call(axum::http::Method::DELETE, "/me", json!({ "password": PASSWORD })).await.expect(204);
    app.run_jobs().await;
    assert_eq!(found("email=bob@example.org").await, [] as [Value; 0]);
    let list = house.owner.get(&event.staff_path(&format!("/attendees?ticket={given}"))).await.expect(200).json();
    assert_eq!(
        list["items"][0]["holder"],
        json!({ "name": null, "email": null, "emailVerified": false, "erased": true })
    );
    assert_eq!(found(&format!("order={}", order["id"].as_str().unwrap())).await[0], first);

    let log = house.owner.get(&format!("/organizers/{}/audit?action=attendee.list&limit=100", house.id)).await;
    let log = log.expect(200);
    let entries = log.json()["items"].as_array().unwrap().clone();
    assert!(entries.iter().any(|entry| entry["after"]["holder"] == json!(bob.id)), "{entries:#?}");
    assert!(!log.text().contains("bob@example.org"));
}
