//! What something would cost or bring, asked before it is done, is what it then costs or brings.

use sales::{FeeRule, FeeScope};
use serde_json::{Value, json};

use stagedoor_core::limits::HOLD_TTL;

use crate::app::{House, OnSale, TestApp, Wish};
use crate::caller::Caller;

/// Tickets to `event` cost more than their face value, which who cancels does not get back.
async fn fees(app: &TestApp, event: &OnSale) {
    let tx = app.app.store.begin_write().await.unwrap();
    let rule = FeeRule { basis_points: 1_000, per_ticket_minor: 50, refundable: false };
    sales::set_fees(&tx, FeeScope::Event(event.id.parse().unwrap()), rule).await.unwrap();
    tx.commit().await.unwrap();
}

fn path(order: &Value, tickets: &[usize]) -> String {
    let id = order["id"].as_str().unwrap();
    let tickets: Vec<_> = tickets.iter().map(|at| order["tickets"][at]["id"].as_str().unwrap()).collect();
    match tickets.is_empty() {
        true => format!("/orders/{id}/refund"),
        false => format!("/orders/{id}/refund?tickets={}", tickets.join(",")),
    }
}

async fn refunded(ann: &Caller, order: &Value) -> i64 {
    let now = ann.get(&format!("/orders/{}", order["id"].as_str().unwrap())).await.expect(200).json();
    now["refunded"]["amount"].as_i64().unwrap()
}

#[tokio::test]
async fn a_hold_is_quoted_as_its_order_will_be() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    fees(&app, &event).await;
    let hold = ann.held(&event.id, &["S-A-1", "S-A-2"]).await;
    let quote = ann.get(&format!("/holds/{hold}/quote")).await.expect(200).json();
    let order = ann.pay(&[&hold], "tok_ok").await.expect(201).json();
    assert_eq!((&quote["total"], &quote["lines"]), (&order["total"], &order["lines"]));
    let fees: i64 = quote["lines"].as_array().unwrap().iter().filter(|line| line["kind"] == "fee").map(amount).sum();
    assert!(fees > 0 && quote["fees"]["amount"] == fees, "{quote}");
    // What is sold is not for sale.
    ann.get(&format!("/holds/{hold}/quote")).await.refused(409, "hold_ended");
    app.fan("bob").await.get(&format!("/holds/{hold}/quote")).await.refused(404, "not_found");
}

fn amount(line: &Value) -> i64 {
    line["amount"]["amount"].as_i64().unwrap()
}

#[tokio::test]
async fn one_s_holds_are_found_again_from_anywhere() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (one, other, ann) = (app.event_on_sale().await, app.event_on_sale().await, app.fan("ann").await);
    let held = async || {
        let list = ann.get("/me/holds").await.expect(200).json();
        assert_eq!(list["nextCursor"], Value::Null);
        list["items"].as_array().unwrap().clone()
    };
    assert!(held().await.is_empty());
    let first = ann.held(&one.id, &["S-A-1"]).await;
    let second = ann.held(&other.id, &["S-A-2", "S-A-3"]).await;
    let known = held().await;
    assert_eq!(known.len(), 2);
    for hold in [&first, &second] {
        assert!(known.contains(&ann.get(&format!("/holds/{hold}")).await.expect(200).json()), "{hold}: {known:?}");
    }
    assert!(app.fan("bob").await.get("/me/holds").await.expect(200).json()["items"].as_array().unwrap().is_empty());
    ann.delete(&format!("/holds/{first}")).await.expect(204);
    assert_eq!(held().await.iter().map(|hold| &hold["id"]).collect::<Vec<_>>(), [&json!(second)]);
    app.advance(HOLD_TTL).await;
    assert!(held().await.is_empty());
}

#[tokio::test]
async fn a_refund_is_offered_as_it_will_be() {
    let app = TestApp::with(Wish::unlimited()).await;
    let house = app.house("Odeon").await;
    let (event, ann) = (app.event_of(&house).await, app.fan("ann").await);
    fees(&app, &event).await;
    let order = ann.bought(&event.id, &["S-A-1", "S-A-2", "S-A-3"]).await;
    let id = order["id"].as_str().unwrap();

    // A fan leaves the fees; staff give all of it.
    let one = ann.get(&path(&order, &[1])).await.expect(200).json();
    assert_eq!(one["tickets"], json!([order["tickets"][1]["id"]]));
    assert!(amount(&one) > 0 && one["kept"]["amount"].as_i64().unwrap() > 0, "{one}");
    let staff = format!("/organizers/{}{}", house.id, path(&order, &[1]));
    let given = house.owner.get(&staff).await.expect(200).json();
    assert_eq!(amount(&given), amount(&one) + one["kept"]["amount"].as_i64().unwrap());
    assert_eq!(given["kept"]["amount"], 0);
    assert_eq!(refunded(&ann, &order).await, 0, "an offer changes nothing");

    let body = json!({ "tickets": [order["tickets"][1]["id"]] });
    ann.keyed(app.key()).post(&format!("/orders/{id}/cancel"), body).await.expect(200);
    assert_eq!(refunded(&ann, &order).await, amount(&one));
    // What is gone is refused as cancelling it would be, and the rest is still offered.
    ann.get(&path(&order, &[1])).await.expect(409);
    let rest = ann.get(&path(&order, &[])).await.expect(200).json();
    assert_eq!(rest["tickets"], json!([order["tickets"][0]["id"], order["tickets"][2]["id"]]));
    ann.keyed(app.key()).post(&format!("/orders/{id}/cancel"), json!({})).await.expect(200);
    assert_eq!(refunded(&ann, &order).await, amount(&one) + amount(&rest));
    ann.get(&path(&order, &[])).await.expect(409);
    ann.get(&format!("/orders/{id}/refund?tickets=")).await.refused(404, "not_found");
    ann.get(&format!("/orders/{id}/refund?tickets=x")).await.refused(404, "not_found");
}

#[tokio::test]
async fn each_organizer_of_an_order_is_offered_its_own_part() {
    let app = TestApp::with(Wish::unlimited()).await;
    let houses = [app.house("Odeon").await, app.house("Lyceum").await];
    let ann = app.fan("ann").await;
    let (mut holds, mut events) = (Vec::new(), Vec::new());
    for (house, seats) in houses.iter().zip([&["S-A-1"][..], &["S-A-1", "S-A-2"]]) {
        let event = app.event_of(house).await;
        holds.push(ann.held(&event.id, seats).await);
        events.push(event.id);
    }
    let order = ann.pay(&[&holds[0], &holds[1]], "tok_ok").await.expect(201).json();
    assert_eq!(order["events"], json!(events));
    let sold = format!("/organizers/{}/orders/{}", houses[1].id, order["id"].as_str().unwrap());
    assert_eq!(houses[1].owner.get(&sold).await.expect(200).json()["events"], json!([events[1]]));
    let offered = async |house: &House, tickets: &[usize]| {
        house.owner.get(&format!("/organizers/{}{}", house.id, path(&order, tickets))).await
    };
    let ids = |tickets: &[usize]| json!(tickets.iter().map(|at| &order["tickets"][at]["id"]).collect::<Vec<_>>());
    assert_eq!(offered(&houses[0], &[]).await.expect(200).json()["tickets"], ids(&[0]));
    assert_eq!(offered(&houses[1], &[]).await.expect(200).json()["tickets"], ids(&[1, 2]));
    assert_eq!(offered(&houses[1], &[2]).await.expect(200).json()["tickets"], ids(&[2]));
    offered(&houses[1], &[0]).await.refused(404, "not_found");
}

#[tokio::test]
async fn the_bank_sends_the_buyer_back_to_the_shop_and_nowhere_else() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let seats = ["S-A-1", "S-A-2", "S-A-3", "S-A-4", "S-A-5"];
    let ways = [
        ("/orders/ord_1?paid=1", true),
        ("//evil.example/", false),
        ("/\\evil.example", false),
        ("https://evil.example/", false),
        ("/a\u{e9}", false),
    ];
    for (seat, (back, is_followed)) in seats.into_iter().zip(ways) {
        let hold = ann.held(&event.id, &[seat]).await;
        let waiting = ann.pay(&[&hold], "tok_challenge").await.expect(202).json();
        let url = waiting["nextAction"]["url"].as_str().unwrap();
        let page = url.strip_prefix(app.app.public_url.as_str()).unwrap();
        let query: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        let address = format!("{page}?returnTo={query}");
        assert!(!app.nobody().get(&address).await.expect(200).text().contains("Back to the shop"), "not answered yet");
        let answered = crate::orders::answer_challenge(&app.nobody(), &address, "approve").await.expect(303);
        assert_eq!(answered.header("location"), Some(if is_followed { back } else { page }), "{back}");
        let told = app.nobody().get(&address).await.expect(200).text();
        assert_eq!(told.contains("Back to the shop"), is_followed, "{back}");
        assert!(!told.contains("evil"), "{told}");
    }
}
