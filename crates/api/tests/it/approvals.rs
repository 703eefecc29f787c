//! Clients that nobody vouched for: what people are told of them, and what they cannot do in our name.

use axum::http::Method;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::audit::platform;
use crate::programs::{BACK, Client, Page, acting, address, client, unapproved};

/// `nobody`'s browser at the page, and where it is sent.
async fn sent_to(app: &TestApp, client: &Client, change: (&str, &str)) -> (u16, Option<String>, String) {
    let answer = app.nobody().get(&address(client, &[change])).await;
    (answer.status, answer.header("location").map(str::to_owned), answer.text())
}

#[tokio::test]
async fn no_browser_is_sent_on_by_a_mistake_of_a_program_that_nobody_vouched_for() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let (stranger, known) = (unapproved(&house, "orders.read").await, client(&app, &house, "orders.read").await);
    for mistake in [("response_type", "token"), ("scope", "orders.write"), ("code_challenge", ""), ("request", "eyJ")] {
        let (status, location, page) = sent_to(&app, &stranger, mistake).await;
        assert_eq!((status, location), (400, None), "{mistake:?}");
        assert!(page.contains("<strong>app.example</strong>") && page.contains("not verified"), "{page}");
        let link = page.split_once("href=\"").unwrap().1.split_once('"').unwrap().0.replace("&amp;", "&");
        let (status, location, _) = sent_to(&app, &known, mistake).await;
        assert_eq!(status, 303, "{mistake:?}");
        assert_eq!(location.unwrap(), link.replace("&#39;", "'"), "where the link leads, who is known is sent");
        assert!(link.starts_with(BACK) && link.contains("error=") && link.contains("iss="), "{link}");
    }
    // A person who has seen the page and says no is asked by nobody to click twice.
    let page = Page::open(&app, &address(&stranger, &[])).await;
    let no = page.answer(&app, &[("decision", "deny")]).await;
    assert!(no.status == 303 && no.header("location").unwrap().contains("access_denied"));
}

#[tokio::test]
async fn who_is_not_verified_is_told_of_so_and_gets_little() {
    let app = TestApp::new().await;
    let (house, ann) = (app.aurora().await, app.fan("ann").await);
    let (stranger, known) =
        (unapproved(&house, "orders.read holds.write").await, client(&app, &house, "orders.read").await);
    let page = async |client: &Client| app.nobody().get(&address(client, &[])).await.expect(200).text();
    let (warned, plain) = (page(&stranger).await, page(&known).await);
    assert!(warned.contains("Not verified by the operator of this site") && !plain.contains("Not verified"));
    assert!(warned.contains("Let Box &lt;b&gt;&quot;Bob&#39;s&quot;&lt;/b&gt; &amp; co by aurora in?"), "{warned}");
    let asks = Page::open(&app, &address(&stranger, &[("scope", "holds.write")])).await;
    let refused = asks.allowed_by(&app, &ann).await.expect(403);
    assert!(refused.header("location").is_none() && refused.text().contains("Nothing was allowed"));
    let denied = &platform(&app, "consent.give").await[0];
    assert_eq!((denied.actor.text().as_str(), &denied.subject), ("nobody", &stranger.id));
    assert_eq!(ann.get("/me/programs").await.expect(200).json()["items"], json!([]));
    // To read a little, and for whoever works for its organizer.
    acting(&app, &stranger, &ann, Some("orders.read")).await.get("/me/orders").await.expect(200);
    acting(&app, &stranger, &house.owner, Some("holds.write")).await;
    let listed = house.owner.get("/me/programs").await.expect(200).json();
    assert_eq!(listed["items"][0]["approvedAt"], Value::Null, "it may be anybody's, and its person is told so");
}

#[tokio::test]
async fn staff_of_the_platform_vouch_for_a_client_and_take_it_back() {
    let app = TestApp::new().await;
    let (house, ann, admin) = (app.aurora().await, app.fan("ann").await, app.admin().await);
    let own = unapproved(&house, "orders.read holds.write").await;
    let waiting = admin.get("/platform/clients?limit=1").await.expect(200).json();
    assert_eq!(
        (&waiting["items"][0]["client"]["id"], &waiting["items"][0]["organizer"]),
        (&json!(own.id), &json!("aurora"))
    );
    let path = format!("/platform/clients/{}/approval", own.id);
    house.owner.call(Method::PUT, &path, Value::Null).await.refused(403, "not_allowed");
    let approved = admin.call(Method::PUT, &path, Value::Null).await.expect(200).json();
    assert!(approved["approvedAt"].is_string(), "{approved}");
    assert_eq!(approved["madeBy"], json!({ "id": house.owner.id, "isMember": true }));
    assert_eq!(admin.get("/platform/clients").await.expect(200).json()["items"], json!([]));
    let program = acting(&app, &own, &ann, None).await;
    program.get("/me/orders").await.expect(200);
    assert_eq!(ann.get("/me/programs").await.expect(200).json()["items"][0]["approvedAt"], approved["approvedAt"]);
    let told = platform(&app, "client.approve").await;
    assert_eq!((told.len(), told[0].actor.text(), &told[0].subject), (1, admin.id.clone(), &own.id));
    assert!(admin.delete(&path).await.expect(200).json()["approvedAt"].is_null());
    program.get("/me/orders").await.refused(401, "invalid_token");
    let log = house.owner.get(&format!("/organizers/{}/audit?subject={}", house.id, own.id)).await.expect(200).json();
    let actions: Vec<_> = log["items"].as_array().unwrap().iter().map(|item| item["action"].clone()).collect();
    assert_eq!(actions, ["client.withdraw_approval", "client.approve", "client.register"]);
}
