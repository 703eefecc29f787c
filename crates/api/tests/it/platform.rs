//! Staff of the platform: what they see of a tenant and say for it, and suspensions.

use std::time::Duration;

use identity::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, Wish};
use crate::audit::platform;
use crate::programs::api_key;

const REASON: &str = "case 4711, the buyer's bank called";

#[tokio::test]
async fn a_look_into_a_tenant_says_why_and_stands_in_both_logs() {
    let app = TestApp::new().await;
    let (event, house) = (app.event_on_sale().await, app.aurora().await);
    let admin = app.admin().await;
    let orders = format!("/organizers/{}/orders", house.id);
    admin.get(&event.staff_path("")).await.refused(403, "access_reason_required");
    admin.because("why not").get(&orders).await.refused(403, "access_reason_required");
    assert_eq!(platform(&app, "platform.look").await.len(), 0);
    admin.because(REASON).get(&orders).await.expect(200);
    admin.because(REASON).get(&event.staff_path("")).await.expect(200);
    // That nothing was there was seen, too.
    admin.because(REASON).get(&format!("{orders}/ord_01h455vb4pex5vsknk084sn02q")).await.refused(404, "not_found");
    let looks = platform(&app, "platform.look").await;
    let said: Vec<_> = looks.iter().map(|look| look.detail.field("after")["request"].clone()).collect();
    let at = |page: &str| json!(format!("GET /api/v1{page}"));
    let absent = format!("{orders}/ord_01h455vb4pex5vsknk084sn02q");
    assert_eq!(said, [at(&orders), at(&event.staff_path("")), at(&absent)]);
    assert!(looks.iter().all(|look| look.actor.text() == admin.id && look.subject == house.id));
    let log = house.owner.get(&format!("/organizers/{}/audit?action=platform.look", house.id)).await.expect(200).json();
    let seen = log["items"].as_array().unwrap();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|look| look["after"]["reason"] == REASON && look["actor"] == json!(admin.id)));

    // They change nothing, whatever they say.
    let because = admin.because(REASON);
    because.patch(&event.staff_path(""), json!({ "name": "Mine" })).await.refused(403, "not_allowed");
    because.post(&event.staff_path("/take-off-sale"), Value::Null).await.refused(403, "not_allowed");
    because.delete(&format!("/organizers/{}/members/{}", house.id, house.owner.id)).await.refused(403, "not_allowed");
    because.get("/organizers/org_01h455vb4pex5vsknk084sn02q/orders").await.refused(404, "not_found");
    assert_eq!(platform(&app, "platform.look").await.len(), 3);
}

#[tokio::test]
async fn without_a_second_factor_the_platform_sees_nothing() {
    let app = TestApp::new().await;
    let house = app.aurora().await;
    let fresh = app.verified("fresh").await;
    app.app.identity.grant_platform_admin(fresh.id.parse().unwrap()).await.unwrap();
    let fresh = fresh.refreshed().await.because(REASON);
    fresh.get(&format!("/organizers/{}/orders", house.id)).await.refused(403, "second_factor_required");
    fresh.get("/platform/organizers").await.refused(403, "second_factor_required");
    assert_eq!(platform(&app, "platform.look").await.len(), 0);
}

#[tokio::test]
async fn a_suspended_organizer_sells_nothing_and_lets_in_whom_it_sold_to() {
    let app = TestApp::with(Wish::unlimited()).await;
    let house = app.aurora().await;
    let soon = |body: &mut Value| body["startsAt"] = "2026-01-01T01:00:00Z".into();
    let (event, draft) = (app.event_with(soon).await, app.draft_with(&house, |_| {}).await);
    let theirs = app.event_of(&app.borealis().await).await;
    let (ann, admin) = (app.fan("ann").await, app.admin().await);
    let order = ann.bought(&event.id, &["S-A-1"]).await;
    let key = app.nobody().with_token(&api_key(&house, "catalog.write sales.read").await.secret);
    let other = api_key(&house, "sales.read").await.id;
    let at = format!("/platform/organizers/{}", house.id);
    admin.post(&format!("{at}/suspend"), json!({ "reason": "fraud" })).await.refused(400, "invalid_field");
    let suspended = admin.post(&format!("{at}/suspend"), json!({ "reason": REASON })).await.expect(200).json();
    assert!(suspended["suspendedAt"].is_string());
    admin.post(&format!("{at}/suspend"), json!({ "reason": REASON })).await.refused(409, "wrong_state");
    app.run_jobs().await;

    let status = async |event: &str| ann.get(&format!("/events/{event}")).await.expect(200).json()["status"].clone();
    assert_eq!((status(&event.id).await, status(&theirs.id).await), (json!("off_sale"), json!("on_sale")));
    ann.hold(&event.id, &["S-A-2"]).await.refused(409, "not_on_sale");
    for (who, seller) in [("owner", &house.owner), ("key", &key)] {
        for event in [&event, &draft] {
            let refused = seller.post(&event.staff_path("/publish"), Value::Null).await;
            assert_eq!((refused.status, refused.code().as_str()), (403, "organizer_suspended"), "{who}");
        }
        seller.get(&format!("/organizers/{}/orders", house.id)).await.expect(200);
    }
    assert_eq!(house.owner.get("/organizers").await.expect(200).json()["items"][0]["suspended"], true);
    // What ends something is still done.
    house.owner.post(&event.staff_path("/block"), json!({ "seats": ["S-C-1"] })).await.expect(204);
    let block = json!({ "holder": "Press", "seats": ["S-C-2"] });
    let block = house.owner.post(&event.staff_path("/blocks"), block).await.expect(201).json();
    let release = format!("/blocks/{}/release", block["id"].as_str().unwrap());
    house.owner.post(&event.staff_path(&release), json!({})).await.refused(403, "organizer_suspended");
    house
        .owner
        .post(&event.staff_path("/unblock"), json!({ "seats": ["S-C-1"] }))
        .await
        .refused(403, "organizer_suspended");
    house.owner.post(&draft.staff_path("/cancel"), Value::Null).await.expect(200);
    house.owner.delete(&format!("/organizers/{}/api-keys/{other}", house.id)).await.expect(204);

    let ticket = order["tickets"][0]["id"].as_str().unwrap();
    let barcode = ann.get(&format!("/tickets/{ticket}/barcode?format=json")).await.expect(200).json()["text"].clone();
    let door = app.staff(&house, Role::Door).await;
    let scan = json!({ "barcode": barcode, "gate": "North", "scanId": "a" });
    let scanned = door.post(&format!("/organizers/{}/checkins", house.id), scan).await.expect(200).json();
    assert_eq!(scanned["result"], "admitted");

    let tenants = admin.get("/platform/organizers").await.expect(200).json();
    let suspended = tenants["items"].as_array().unwrap().iter().filter(|one| one["suspendedAt"].is_string());
    assert_eq!(suspended.map(|one| &one["id"]).collect::<Vec<_>>(), [&json!(house.id)]);
    admin.post(&format!("{at}/reinstate"), json!({ "reason": REASON })).await.expect(200);
    admin.post(&format!("{at}/reinstate"), json!({ "reason": REASON })).await.refused(409, "wrong_state");
    assert_eq!(status(&event.id).await, "off_sale", "the organizer puts it on sale again itself");
    house.owner.post(&event.staff_path("/publish"), Value::Null).await.expect(200);
    app.advance(Duration::from_secs(61)).await;
    assert_eq!(status(&event.id).await, "on_sale", "what comes late of a suspension that is over does nothing");
    for action in ["organizer.suspend", "organizer.reinstate"] {
        assert_eq!(platform(&app, action).await.len(), 1);
        let log = house.owner.get(&format!("/organizers/{}/audit?action={action}", house.id)).await.expect(200).json();
        assert_eq!(log["items"][0]["after"]["reason"], REASON);
    }
}

#[tokio::test]
async fn what_is_published_while_a_suspension_begins_goes_off_sale_too() {
    let app = TestApp::with(Wish::unlimited()).await;
    let house = app.aurora().await;
    let draft = app.draft_with(&house, |_| {}).await;
    let admin = app.admin().await;
    let at = format!("/platform/organizers/{}/suspend", house.id);
    admin.post(&at, json!({ "reason": REASON })).await.expect(200);
    app.run_jobs().await;
    // As by a request that was let in before.
    let (organizer, event) = (house.id.parse().unwrap(), draft.id.parse().unwrap());
    let publish = catalog::Transition::Publish;
    app.app.sales.transition_event(&store::Origin::system(), organizer, event, publish).await.unwrap();
    let status = async || app.nobody().get(&format!("/events/{}", draft.id)).await.expect(200).json()["status"].clone();
    assert_eq!(status().await, "on_sale");
    app.advance(Duration::from_secs(61)).await;
    assert_eq!(status().await, "off_sale");
}

#[tokio::test]
async fn contracts_are_seen_by_who_sees_where_the_money_goes() {
    let app = TestApp::new().await;
    let (house, rivals) = (app.aurora().await, app.borealis().await);
    let tx = app.db.begin_write().await.unwrap();
    let hall = sales::add_partner(&tx, sales::PartnerKind::Venue, "Old Mill").await.unwrap().id;
    let party = payments::split::Party::Partner(hall);
    let terms = payments::split::Terms::new([payments::split::Share { party, face_value: 500, fee: 50 }]).unwrap();
    let (organizer, event, valid_from, valid_until) = (house.id.parse().unwrap(), None, None, None);
    sales::agree(&tx, sales::NewContract { organizer, event, valid_from, valid_until, terms }).await.unwrap();
    tx.commit().await.unwrap();
    let path = format!("/organizers/{}/contracts", house.id);
    let finance = app.staff(&house, Role::Finance).await;
    let seen = finance.get(&path).await.expect(200).json();
    let share = json!({ "party": hall, "faceValueBasisPoints": 500, "feeBasisPoints": 50 });
    assert_eq!((&seen["items"][0]["version"], &seen["items"][0]["shares"]), (&json!(1), &json!([share])));
    app.staff(&house, Role::Manager).await.get(&path).await.refused(403, "not_allowed");
    let theirs = rivals.owner.get(&format!("/organizers/{}/contracts", rivals.id)).await.expect(200).json();
    assert_eq!(theirs["items"], json!([]));
}

#[tokio::test]
async fn the_platform_agrees_contracts_with_organizers_and_names_partners() {
    let app = TestApp::new().await;
    let (house, rivals) = (app.aurora().await, app.borealis().await);
    let (ours, theirs) = (app.event_of(&house).await, app.event_of(&rivals).await);
    let admin = app.admin().await;
    let partner = json!({ "kind": "venue", "name": "Old Mill" });
    let keyed = admin.keyed(app.key());
    let hall = keyed.post("/platform/partners", partner.clone()).await.expect(201).json();
    assert_eq!(keyed.post("/platform/partners", partner).await.expect(201).json(), hall, "asked for twice");
    assert_eq!(admin.get("/platform/partners").await.expect(200).json()["items"], json!([hall]));
    let strange = json!({ "kind": "friend", "name": "Old Mill" });
    admin.post("/platform/partners", strange).await.refused(400, "invalid_field");

    let at = format!("/platform/organizers/{}/contracts", house.id);
    let share =
        |party: &Value, face: u32| json!({ "party": party, "faceValueBasisPoints": face, "feeBasisPoints": 50 });
    let body = |event: Option<&str>, share: Value| json!({ "eventId": event, "shares": [share] });
    let agreed = admin.post(&at, body(None, share(&hall["id"], 500))).await.expect(201).json();
    assert_eq!((&agreed["version"], &agreed["shares"]), (&json!(1), &json!([share(&hall["id"], 500)])));
    let second = admin.post(&at, body(None, share(&hall["id"], 600))).await.expect(201).json();
    assert_eq!(second["version"], 2);
    let own = admin.post(&at, body(Some(&ours.id), share(&hall["id"], 700))).await.expect(201).json();
    assert_eq!((&own["version"], &own["eventId"]), (&json!(1), &json!(ours.id)));
    let seen = house.owner.get(&format!("/organizers/{}/contracts", house.id)).await.expect(200).json();
    assert_eq!(seen["items"].as_array().unwrap().len(), 3);

    let nobody = json!("ptn_01h455vb4pex5vsknk084sn02q");
    let wrong = [
        body(None, share(&nobody, 500)),
        body(None, share(&json!("somebody"), 500)),
        body(None, share(&hall["id"], 10_001)),
        body(Some(&theirs.id), share(&hall["id"], 500)),
        body(Some("evt_01h455vb4pex5vsknk084sn02q"), share(&hall["id"], 500)),
        json!({ "shares": [], "validFrom": "2026-03-01T00:00:00Z", "validUntil": "2026-02-01T00:00:00Z" }),
    ];
    for body in wrong {
        admin.post(&at, body).await.refused(400, "invalid_field");
    }
    house.owner.post(&at, body(None, share(&hall["id"], 1))).await.refused(403, "not_allowed");
    let log =
        house.owner.get(&format!("/organizers/{}/audit?action=contract.agree", house.id)).await.expect(200).json();
    let log = log["items"].as_array().unwrap();
    assert_eq!((log.len(), &log[0]["actor"], &log[0]["subject"]), (3, &json!(admin.id), &own["id"]));
    assert_eq!(platform(&app, "contract.agree").await.len(), 3);
    assert_eq!(platform(&app, "partner.create").await[0].actor.text(), admin.id);
}

#[tokio::test]
async fn staff_of_the_platform_who_work_for_an_organizer_are_members_until_they_give_a_reason() {
    let app = TestApp::new().await;
    let (event, house) = (app.event_on_sale().await, app.aurora().await);
    let admin = app.admin().await;
    app.joins(&house, &admin, Role::Door).await;
    let orders = format!("/organizers/{}/orders", house.id);
    // A door sees events and no orders, and says nothing about why.
    admin.get(&event.staff_path("")).await.expect(200);
    admin.get(&orders).await.refused(403, "not_allowed");
    assert_eq!(platform(&app, "platform.look").await.len(), 0);
    admin.because("why not").get(&orders).await.refused(403, "access_reason_required");
    let because = admin.because(REASON);
    because.get(&orders).await.expect(200);
    assert_eq!(platform(&app, "platform.look").await.len(), 1);
    // What they change they change as a member, whatever they say.
    because.post(&event.staff_path("/take-off-sale"), Value::Null).await.refused(403, "not_allowed");
    let scan = json!({ "barcode": "nonsense", "gate": "North", "scanId": "a" });
    because.post(&format!("/organizers/{}/checkins", house.id), scan).await.expect(200);
    assert_eq!(platform(&app, "platform.look").await.len(), 1);
    // A reason gives nothing to a member who is no staff of the platform.
    let door = app.staff(&house, Role::Door).await.because(REASON);
    door.get(&orders).await.refused(403, "not_allowed");
}

#[tokio::test]
async fn tenants_are_listed_page_by_page() {
    let app = TestApp::new().await;
    let mut made = Vec::new();
    for name in ["aurora", "borealis", "corona"] {
        made.push(app.house(name).await.id);
        app.advance(Duration::from_secs(1)).await;
    }
    let admin = app.admin().await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/platform/organizers?limit=2{cursor}")).await.expect(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, made);
    admin.get("/platform/organizers?cursor=x").await.refused(400, "invalid_cursor");
}
