//! The audit log through the API: what stands in it, who reads it, and how much an attacker can
//! write.

use api::denials::{PER_CALLER_MAX, WINDOW};
use identity::Role;
use serde_json::{Value, json};
use store::audit::{self, Chain, Filter, Opened, Outcome, Record};

use crate::app::{House, TestApp, Wish, venue_body};
use crate::caller::{Caller, PASSWORD};
use crate::programs;

fn path(house: &House, query: &str) -> String {
    format!("/organizers/{}/audit{query}", house.id)
}

async fn items(house: &House, query: &str) -> Vec<Value> {
    house.owner.get(&path(house, query)).await.expect(200).json()["items"].as_array().unwrap().clone()
}

/// Oldest first, without those of looking here.
async fn actions(house: &House) -> Vec<String> {
    let found = items(house, "?limit=100").await;
    let mut found: Vec<_> = found.iter().map(|item| item["action"].as_str().unwrap().to_owned()).collect();
    found.retain(|action| action != "audit.list");
    found.reverse();
    found
}

pub async fn platform(app: &TestApp, action: &str) -> Vec<Record> {
    let filter = Filter { action: Some(action.to_owned()), ..Filter::default() };
    app.db.audit_log(Chain::Platform, &filter).await
}

async fn is_sound(app: &TestApp) {
    audit::link(&app.db, None).await.unwrap();
    let report = audit::verify(&app.db.begin_read().await.unwrap(), None, &[], |_| ()).await.unwrap();
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn every_change_of_an_organizer_has_its_entry() {
    let app = TestApp::new().await;
    let event = app.event_on_sale().await;
    let house = app.aurora().await;
    let base = format!("/organizers/{}", house.id);
    house.owner.patch(&event.staff_path(""), json!({ "name": "Southern Lights" })).await.expect(200);
    house.owner.patch(&format!("{base}/venues/{}", event.venue), json!({ "city": "Bremen" })).await.expect(200);
    house.owner.post(&event.staff_path("/block"), json!({ "seats": ["S-A-9"] })).await.expect(204);
    let capacity = json!({ "area": "FLOOR", "capacity": 150 });
    house.owner.post(&event.staff_path("/capacity"), capacity).await.expect(204);
    let door = app.staff(&house, Role::Door).await;
    house.owner.patch(&format!("{base}/members/{}", door.id), json!({ "role": "viewer" })).await.expect(204);
    house.owner.delete(&format!("{base}/members/{}", door.id)).await.expect(204);
    let expected = [
        "organizer.create",
        "venue.create",
        "seat_map.add",
        "event.create",
        "event.publish",
        "event.update",
        "venue.update",
        "event.ask_seats",
        "event.block",
        "event.ask_seats",
        "event.capacity",
        "member.add",
        "member.change_role",
        "member.remove",
    ];
    assert_eq!(actions(&house).await, expected);
    let update = &items(&house, "?action=event.update").await[0];
    assert_eq!(update["before"], json!({ "name": "Northern Lights", "version": 2 }));
    assert_eq!(update["after"], json!({ "name": "Southern Lights", "version": 3 }));
    assert_eq!((&update["actor"], &update["subject"]), (&json!(house.owner.id), &json!(event.id)));
    assert_eq!((&update["result"], &update["address"]), (&json!("done"), &json!("127.0.0.1")));
    is_sound(&app).await;
}

#[tokio::test]
async fn orders_tickets_and_refunds_have_theirs() {
    let app = TestApp::new().await;
    let event = app.event_on_sale().await;
    let (house, ann) = (app.aurora().await, app.fan("ann").await);
    let order = ann.bought(&event.id, &["S-A-1", "S-A-2", "S-A-3"]).await;
    let ticket = |at: usize| order["tickets"][at]["id"].as_str().unwrap().to_owned();
    ann.post(&format!("/tickets/{}/reissue", ticket(0)), Value::Null).await.expect(200);
    let bob = app.verified("bob").await;
    let keyed = ann.keyed(app.key());
    keyed
        .post(&format!("/tickets/{}/transfer", ticket(0)), json!({ "email": bob.email, "password": PASSWORD }))
        .await
        .expect(200);
    let id = order["id"].as_str().unwrap();
    let cancel = json!({ "tickets": [ticket(1)] });
    ann.keyed(app.key()).post(&format!("/orders/{id}/cancel"), cancel).await.expect(200);
    let refund = json!({ "tickets": [ticket(2)], "reason": "fire alarm" });
    let at = format!("/organizers/{}/orders/{id}/refund", house.id);
    house.owner.keyed(app.key()).post(&at, refund).await.expect(200);
    let declined = ann.held(&event.id, &["S-A-4"]).await;
    ann.pay(&[&declined], "tok_declined").await.expect(402);
    let expected = [
        "order.place",
        "order.complete",
        "ticket.reissue",
        "ticket.transfer",
        "order.refund",
        "order.refund_state",
        "order.refund_state",
        "order.refund",
        "order.refund_state",
        "order.refund_state",
        "order.place",
        "order.decline",
    ];
    let all = actions(&house).await;
    assert_eq!(all[all.len() - expected.len()..], expected);
    let placed = items(&house, &format!("?subject={id}&action=order.place")).await;
    assert_eq!(placed.len(), 1);
    assert_eq!((&placed[0]["actor"], &placed[0]["after"]["fan"]), (&json!(ann.id), &json!(ann.id)));
    let refunds = items(&house, "?action=order.refund").await;
    assert_eq!(refunds[0]["after"]["cause"], json!({ "staff": "fire alarm" }));
    assert_eq!(refunds[0]["actor"], json!(house.owner.id));
    assert_eq!(items(&house, "?result=failed").await[0]["action"], "order.decline");
    is_sound(&app).await;
}

#[tokio::test]
async fn who_registers_and_ends_programs_stands_in_the_organizers_log() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let (client, key) =
        (programs::unapproved(&house, "orders.read").await, programs::api_key(&house, "sales.read").await);
    let base = format!("/organizers/{}", house.id);
    let (client_at, key_at) = (format!("{base}/clients/{}", client.id), format!("{base}/api-keys/{}", key.id));
    let overlap = json!({ "overlapSeconds": 60 });
    house.owner.post(&format!("{client_at}/secret"), overlap.clone()).await.expect(200);
    house.owner.post(&format!("{key_at}/rotate"), overlap).await.expect(200);
    for _ in 0..2 {
        house.owner.delete(&client_at).await.expect(204);
        house.owner.delete(&key_at).await.expect(204);
    }
    let expected = [
        "organizer.create",
        "client.register",
        "api_key.create",
        "client.rotate_secret",
        "api_key.rotate",
        "client.revoke",
        "api_key.revoke",
    ];
    assert_eq!(actions(&house).await, expected, "what was revoked is revoked once");
    let registered = &items(&house, "?action=client.register").await[0];
    assert_eq!((&registered["actor"], &registered["subject"]), (&json!(house.owner.id), &json!(client.id)));
    assert_eq!((&registered["after"]["scopes"], &registered["address"]), (&json!("orders.read"), &json!("127.0.0.1")));
    let all = serde_json::to_string(&items(&house, "").await).unwrap();
    assert!(!all.contains(&client.secret) && !all.contains(&key.secret), "no secret is in the log");
    is_sound(&app).await;
}

#[tokio::test]
async fn who_is_shown_what_is_personal_of_others_stands_in_the_log() {
    let app = TestApp::new().await;
    let (event, house) = (app.event_on_sale().await, app.aurora().await);
    let ann = app.fan("ann").await;
    let order = ann.bought(&event.id, &["S-A-1", "S-A-2"]).await;
    let (id, ticket) = (order["id"].as_str().unwrap(), order["tickets"][0]["id"].as_str().unwrap());
    let (manager, viewer) = (app.staff(&house, Role::Manager).await, app.staff(&house, Role::Viewer).await);
    let at = |page: String| format!("/organizers/{}{page}", house.id);
    manager.get(&at(format!("/orders/{id}"))).await.expect(200);
    viewer.get(&at(format!("/orders?event={}&limit=5", event.id))).await.expect(200);
    manager.get(&event.staff_path("/attendees?status=issued")).await.expect(200);
    manager.get(&at(format!("/tickets/{ticket}"))).await.expect(200);
    manager.get(&at("/members".into())).await.expect(200);
    house.owner.get(&at("/invitations".into())).await.expect(200);
    let key = programs::api_key(&house, "buyers.read").await;
    app.nobody().with_token(&key.secret).get(&event.staff_path("/attendees")).await.expect(200);
    // Nothing is shown, and nothing is said to have been.
    manager.get(&at("/orders/ord_01h455vb4pex5vsknk084sn02q".into())).await.refused(404, "not_found");
    viewer.get(&event.staff_path("/attendees")).await.refused(403, "not_allowed");

    let of = async |action: &str| items(&house, &format!("?result=done&action={action}")).await;
    let read = of("order.read").await;
    assert_eq!(read.len(), 1);
    assert_eq!((&read[0]["actor"], &read[0]["subject"]), (&json!(manager.id), &json!(id)));
    assert_eq!(read[0]["after"], json!({ "buyer": ann.id, "attendee": false }));
    assert_eq!(read[0]["address"], "127.0.0.1");
    let list = of("order.list").await;
    assert_eq!((list.len(), &list[0]["actor"]), (1, &json!(viewer.id)), "one for the call, not for each order");
    assert_eq!(list[0]["after"], json!({ "event": event.id, "before": null, "orders": 1 }));
    let attendees = of("attendee.list").await;
    assert_eq!((attendees.len(), &attendees[0]["actor"]), (2, &json!(key.id)));
    assert_eq!(attendees[1]["after"], json!({ "status": "issued", "cursor": null, "tickets": 2 }));
    assert_eq!((&attendees[1]["subject"], &attendees[1]["actor"]), (&json!(event.id), &json!(manager.id)));
    let tickets = of("ticket.read").await;
    assert_eq!((tickets.len(), &tickets[0]["subject"]), (1, &json!(ticket)));
    assert_eq!(tickets[0]["after"], json!({ "order": id, "owner": ann.id }));
    assert_eq!((of("member.list").await.len(), of("invitation.list").await.len()), (1, 1));
    // And who looked at this log.
    let looks = of("audit.list").await;
    assert_eq!(looks.len(), 6, "each of the questions above");
    assert_eq!(
        (&looks[0]["actor"], &looks[0]["after"]),
        (&json!(house.owner.id), &json!({ "before": null, "entries": 1 }))
    );
    is_sound(&app).await;
}

#[tokio::test]
async fn a_program_without_leave_stands_in_the_log_of_its_organizer() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let key = programs::api_key(&house, "sales.read").await;
    let program = app.nobody().with_token(&key.secret);
    program.get(&format!("/organizers/{}/events", house.id)).await.expect(403);
    let denied = &items(&house, "?result=denied").await;
    assert_eq!(denied.len(), 1);
    assert_eq!((&denied[0]["after"]["code"], &denied[0]["subject"]), (&json!("insufficient_scope"), &json!(house.id)));
}

#[tokio::test]
async fn a_change_that_is_refused_leaves_no_entry() {
    let app = TestApp::new().await;
    let event = app.event_on_sale().await;
    let house = app.aurora().await;
    let before = actions(&house).await;
    house.owner.patch(&event.staff_path(""), json!({ "version": 77, "name": "Late" })).await.refused(409, "conflict");
    let gone = format!("/organizers/{}/members/{}", house.id, house.owner.id);
    house.owner.delete(&gone).await.refused(409, "wrong_state");
    assert_eq!(actions(&house).await, before);
}

#[tokio::test]
async fn sign_in_and_out_and_what_fails_stand_in_the_platforms_log() {
    let app = TestApp::new().await;
    let ann = app.fan("ann").await;
    let body = json!({ "refreshToken": ann.refresh_token });
    let again = app.nobody().post("/auth/refresh", body.clone()).await.expect(200).json();
    ann.patch("/me", json!({ "name": "Ann Secret" })).await.expect(200);
    app.nobody().post("/auth/logout", json!({ "refreshToken": again["refreshToken"] })).await.expect(204);
    for action in ["account.register", "session.refresh", "account.update", "session.end"] {
        let found = platform(&app, action).await;
        assert_eq!(found.len(), 1, "{action}");
        assert_eq!(found[0].actor.text(), ann.id, "{action}");
    }
    for email in [&*ann.email, "nobody@example.org"] {
        let wrong = json!({ "email": email, "password": "a wrong password" });
        app.nobody().post("/auth/login", wrong).await.refused(401, "invalid_credentials");
    }
    let denied = Filter { result: Some(Outcome::Denied), ..Filter::default() };
    let denied = app.db.audit_log(Chain::Platform, &denied).await;
    assert_eq!(denied.iter().map(|record| record.action.as_str()).collect::<Vec<_>>(), ["session.open"; 2]);
    assert_eq!(denied[0].subject, ann.id);
    assert!(!denied[1].subject.contains('@') && denied[1].about.is_none());
    assert_eq!(denied[0].origin.field("address"), "127.0.0.1");
    is_sound(&app).await;
}

#[tokio::test]
async fn what_staff_of_the_platform_look_at_and_decide_stands_in_its_log() {
    let app = TestApp::new().await;
    let (ann, admin) = (app.fan("ann").await, app.admin().await);
    ann.post("/me/email/verify", json!({ "code": app.code_sent_to(&ann.email).await })).await.expect(200);
    let document = json!({ "documentType": "passport", "country": "DE", "reference": "C01X00T47" });
    let check = ann.post("/me/kyc", document).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let at = format!("/platform/kyc/{check}/decision");
    ann.get("/platform/kyc").await.refused(403, "not_allowed");
    admin.get("/platform/kyc").await.expect(200);
    let decision = json!({ "decision": "rejected", "reason": "the picture is blurred" });
    admin.post(&at, decision.clone()).await.expect(200);
    admin.post(&at, decision).await.refused(409, "wrong_state");
    let only = async |action: &str| {
        let mut found = platform(&app, action).await;
        assert_eq!(found.len(), 1, "{action}");
        found.remove(0)
    };
    let denied = only("request").await;
    assert_eq!(
        (denied.actor.text(), denied.result, denied.subject.as_str()),
        (ann.id.clone(), Outcome::Denied, "platform")
    );
    let (looked, decided) = (only("identity_check.list").await, only("identity_check.decide").await);
    assert_eq!([looked.actor.text(), decided.actor.text()], [&*admin.id, &*admin.id]);
    assert_eq!(looked.detail.field("after"), &json!({ "status": "pending", "checks": [check] }));
    assert_eq!(decided.detail.field("after")["reason"], "the picture is blurred");
    assert_eq!((decided.subject, decided.origin.field("address")), (check, &json!("127.0.0.1")));
    assert_eq!(only("identity_check.submit").await.actor.text(), ann.id);
    is_sound(&app).await;
}

#[tokio::test]
async fn an_export_and_a_wrong_password_of_somebody_signed_in_stand_in_the_platforms_log() {
    let app = TestApp::new().await;
    let ann = app.fan("ann").await;
    ann.post("/me/export", json!({ "password": PASSWORD })).await.expect(200);
    let exported = platform(&app, "account.export").await;
    assert_eq!((exported.len(), &exported[0].subject, exported[0].actor.text()), (1, &ann.id, ann.id.clone()));
    let wrong = json!({ "current": "a wrong password", "password": "a young hill by the lake" });
    ann.post("/me/password", wrong).await.refused(401, "invalid_credentials");
    let reset = json!({ "token": "sdp_forged", "password": "a young hill by the lake" });
    app.nobody().post("/auth/password/reset", reset).await.refused(401, "invalid_token");
    let (confirm, reset) = (platform(&app, "password.confirm").await, platform(&app, "password.reset").await);
    assert_eq!((confirm.len(), confirm[0].result, &confirm[0].subject), (1, Outcome::Denied, &ann.id));
    assert_eq!((reset.len(), reset[0].result, reset[0].actor.text()), (1, Outcome::Denied, "nobody".to_owned()));
    assert!(platform(&app, "password.change").await.is_empty());
}

#[tokio::test]
async fn who_is_erased_is_erased_from_the_log_too() {
    let app = TestApp::new().await;
    let event = app.event_on_sale().await;
    let (house, ann) = (app.aurora().await, app.fan("ann").await);
    ann.patch("/me", json!({ "name": "Ann Secret" })).await.expect(200);
    ann.bought(&event.id, &["S-A-1"]).await;
    ann.erase().await.expect(204);
    let rename = platform(&app, "account.update").await.remove(0);
    assert_eq!((rename.origin, rename.detail), (Opened::Erased, Opened::Erased));
    let placed = &items(&house, "?action=order.place").await[0];
    assert_eq!((&placed["address"], &placed["erased"]), (&Value::Null, &json!(true)));
    assert_eq!(placed["actor"], json!(ann.id), "the bare id stays for the books");
    assert_eq!(platform(&app, "account.erase").await.len(), 1);
    is_sound(&app).await;
}

#[tokio::test]
async fn only_owners_read_it_and_only_their_own() {
    let app = TestApp::new().await;
    let (ours, theirs) = (app.aurora().await, app.borealis().await);
    ours.owner.post(&format!("/organizers/{}/venues", ours.id), venue_body()).await.expect(201);
    for role in [Role::Manager, Role::Finance, Role::Door, Role::Viewer] {
        app.staff(&ours, role).await.get(&path(&ours, "")).await.refused(403, "not_allowed");
    }
    // Theirs is answered as one that does not exist is, and nothing of ours is in theirs.
    let absent = "/organizers/org_01h455vb4pex5vsknk084sn02q/audit";
    let (foreign, absent) = (theirs.owner.get(&path(&ours, "")).await, theirs.owner.get(absent).await);
    assert_eq!((foreign.status, foreign.code()), (absent.status, absent.code()));
    assert_eq!(foreign.details(), absent.details());
    let all = theirs.owner.get(&path(&theirs, "?limit=100")).await.expect(200);
    assert!(!all.text().contains(&ours.id) && !all.text().contains("Old Mill"), "{}", all.text());
    // What members were refused stands in their organizer's log, what strangers were in the platform's.
    let denied = items(&ours, "?result=denied").await;
    assert_eq!(denied.len(), 4);
    assert_eq!(denied[0]["after"]["code"], "not_allowed");
    assert_eq!(denied[0]["after"]["route"], "/api/v1/organizers/{org}/audit");
    let strangers = platform(&app, "request").await;
    let subjects: Vec<_> = strangers.iter().map(|record| record.subject.as_str()).collect();
    assert_eq!(subjects, [&*ours.id, "org_01h455vb4pex5vsknk084sn02q"]);
    is_sound(&app).await;
}

#[tokio::test]
async fn a_list_goes_on_where_the_page_before_ended() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    for _ in 0..7 {
        house.owner.post(&format!("/organizers/{}/venues", house.id), venue_body()).await.expect(201);
    }
    let (mut seen, mut query) = (Vec::new(), "?limit=3".to_owned());
    loop {
        let page = house.owner.get(&path(&house, &query)).await.expect(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["sequence"].as_u64().unwrap()));
        match page["nextCursor"].as_str() {
            Some(cursor) => query = format!("?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, (1..=8).rev().collect::<Vec<_>>());
    for wrong in ["?cursor=x", "?cursor=-1"] {
        house.owner.get(&path(&house, wrong)).await.refused(400, "invalid_cursor");
    }
    for wrong in ["?limit=0", "?from=today", "?actor=ann", "?result=maybe"] {
        house.owner.get(&path(&house, wrong)).await.refused(400, "invalid_query");
    }
}

#[tokio::test]
async fn another_tenants_ids_under_ones_own_path_are_denials() {
    let app = TestApp::new().await;
    let (ours, theirs) = (app.aurora().await, app.borealis().await);
    let event = app.event_of(&theirs).await;
    let at = format!("/organizers/{}/events/{}", ours.id, event.id);
    ours.owner.patch(&at, json!({ "name": "Mine" })).await.refused(404, "not_found");
    let denied = items(&ours, "?result=denied").await;
    assert_eq!((denied.len(), &denied[0]["subject"]), (1, &json!(event.id)));
    assert!(items(&theirs, "?result=denied").await.is_empty());
    let order = app.fan("ann").await.bought(&event.id, &["S-A-1"]).await;
    let bob = app.fan("bob").await;
    bob.get(&format!("/orders/{}", order["id"].as_str().unwrap())).await.refused(404, "not_found");
    let strangers = platform(&app, "request").await;
    assert_eq!((strangers.len(), strangers[0].actor.text()), (1, bob.id));
}

#[tokio::test]
async fn whoever_is_refused_without_end_writes_little() {
    let app = TestApp::with(Wish::unlimited()).await;
    let house = app.aurora().await;
    let door = app.staff(&house, Role::Door).await;
    let before = items(&house, "?limit=100").await.len();
    for _ in 0..50 {
        door.get(&path(&house, "")).await.refused(403, "not_allowed");
    }
    assert_eq!(items(&house, "?limit=100").await.len(), before + 2, "one, and that this log was looked at");
    // Each time about something else.
    for number in 0..5 * PER_CALLER_MAX {
        let other = format!("/organizers/{}/members/usr_{number:0>26}", house.id);
        house.owner.delete(&other).await.refused(404, "not_found");
    }
    let written = async || {
        let filter = Filter { result: Some(Outcome::Denied), ..Filter::default() };
        app.db.audit_log(Chain::Organizer(house.id.parse().unwrap()), &filter).await
    };
    assert_eq!(written().await.len(), 1 + PER_CALLER_MAX as usize);
    let forged = |number: u32| {
        let forged = app.nobody().with_token(&format!("not-a-token-of-ours-{number:0>40}"));
        async move { forged.get("/me").await.refused(401, "invalid_token") }
    };
    for number in 0..100 {
        forged(number).await;
    }
    assert_eq!(platform(&app, "request").await.len(), 1);
    // Nothing is forgotten: what was not written is counted when the window ends.
    app.db.env.clock.advance(WINDOW);
    app.app.denials.flush(&app.db).await.unwrap();
    let counted = written().await.pop().unwrap();
    assert_eq!(counted.action, "denials.left_out");
    let expected = json!({ "not_allowed": 49, "not_found": 4 * PER_CALLER_MAX });
    assert_eq!(counted.detail.field("after"), &expected);
    assert_eq!(platform(&app, "denials.left_out").await[0].detail.field("after"), &json!({ "invalid_token": 99 }));
    is_sound(&app).await;
}

#[tokio::test]
async fn a_denial_that_cannot_be_written_is_counted() {
    let app = TestApp::with(Wish::unlimited()).await;
    let rename = async |from, to| {
        let tx = app.db.begin_write().await.unwrap();
        tx.execute(&format!("ALTER TABLE {from} RENAME TO {to}"), ()).await.unwrap();
        tx.commit().await.unwrap();
    };
    let refused =
        async || app.nobody().with_token("not a token of ours").get("/me").await.refused(401, "invalid_token");
    rename("audit_waiting", "away").await;
    refused().await;
    app.db.env.clock.advance(WINDOW);
    refused().await;
    assert!(app.app.denials.close(&app.db).await.is_err());
    rename("away", "audit_waiting").await;
    app.app.denials.close(&app.db).await.unwrap();
    assert_eq!(platform(&app, "denials.left_out").await[0].detail.field("after"), &json!({ "invalid_token": 2 }));
}

#[tokio::test]
async fn requests_over_a_limit_and_forged_tokens_are_denials_and_lost_seats_are_not() {
    let mut wish = Wish::default();
    wish.requests.user = "30/min".parse().unwrap();
    let app = TestApp::with(wish).await;
    let event = app.event_on_sale().await;
    let ann = app.fan("ann").await;
    ann.held(&event.id, &["S-A-1"]).await;
    let before = platform(&app, "request").await.len();
    let taken = json!({ "seats": ["S-A-1"] });
    app.fan("bob").await.post(&event.path("/holds"), taken.clone()).await.refused(409, "seat_unavailable");
    assert_eq!(platform(&app, "request").await.len(), before);
    while ann.get("/me").await.status == 200 {}
    let forged = app.nobody().with_token("not-a-token-of-ours");
    forged.post(&event.path("/holds"), taken).await.refused(401, "invalid_token");
    let denied = platform(&app, "request").await.split_off(before);
    let said: Vec<_> =
        denied.iter().map(|record| (record.actor.text(), &record.detail.field("after")["code"])).collect();
    assert_eq!(said, [(ann.id.clone(), &json!("rate_limited")), ("nobody".to_owned(), &json!("invalid_token"))]);
    is_sound(&app).await;
}

#[tokio::test]
async fn a_proxy_s_client_is_who_the_log_names() {
    let trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let app = TestApp::with(Wish { trusted_proxies, ..Wish::default() }).await;
    let house = app.aurora().await;
    let from = async |caller: &Caller, method, path: &str, body: &Value| {
        let request = caller.request(method, path).header("content-type", "application/json");
        let request = request.header("x-forwarded-for", "203.0.113.50, 198.51.100.7");
        caller.send(request.body(axum::body::Body::from(body.to_string())).unwrap()).await
    };
    let venues = format!("/organizers/{}/venues", house.id);
    from(&house.owner, axum::http::Method::POST, &venues, &venue_body()).await.expect(201);
    let door = app.staff(&house, Role::Door).await;
    from(&door, axum::http::Method::POST, &venues, &venue_body()).await.refused(403, "not_allowed");
    let said = items(&house, "").await;
    let of = |action: &str| &said.iter().find(|item| item["action"] == action).unwrap()["address"];
    assert_eq!((of("venue.create"), of("request")), (&json!("198.51.100.7"), &json!("198.51.100.7")));
    assert_eq!(of("organizer.create"), "127.0.0.1");
}

#[tokio::test]
async fn an_entry_names_the_request_and_the_browser() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let owner: &Caller = &house.owner;
    let request = owner
        .request(axum::http::Method::POST, &format!("/organizers/{}/venues", house.id))
        .header("content-type", "application/json")
        .header("user-agent", format!("Browser {}", "x".repeat(900)))
        .body(axum::body::Body::from(venue_body().to_string()))
        .unwrap();
    let answer = owner.send(request).await.expect(201);
    let entry = &items(&house, "?action=venue.create").await[0];
    assert_eq!(entry["requestId"], answer.header("x-request-id").unwrap());
    let agent = entry["userAgent"].as_str().unwrap();
    assert!(agent.starts_with("Browser x") && agent.len() == store::Origin::AGENT_MAX, "{agent}");
}
