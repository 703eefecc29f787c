//! What a program's scopes and keys open, and what stays shut.

use std::collections::BTreeMap;

use identity::{Role, Scope};
use serde_json::{Value, json};

use crate::app::{House, TestApp, Wish};
use crate::caller::Caller;
use crate::contract;
use crate::programs::{acting, api_key, client};

/// Scopes by operation: what the document says, and nothing that it does not.
fn documented() -> Vec<(contract::Operation, Option<&'static str>)> {
    let secured = contract::operations().into_iter().filter(contract::Operation::is_secured);
    let scope = |operation: &contract::Operation| {
        let schemes = operation.describe()["security"].as_array().unwrap();
        schemes.iter().find_map(|scheme| scheme["oauth2"].as_array()).map(|scopes| {
            assert_eq!(scopes.len(), 1, "{}", operation.name());
            scopes[0].as_str().unwrap()
        })
    };
    secured.map(|operation| (operation, scope(&operation))).collect()
}

/// What no program may do, whatever it was given: the safety of accounts, members, programs, and what
/// the platform's own staff do. An operation that names no scope and does not stand here fails the test.
const FOR_NO_PROGRAM: &[&str] = &[
    "DELETE /api/v1/me",
    "PATCH /api/v1/me",
    "POST /api/v1/me/export",
    "GET /api/v1/me/kyc",
    "POST /api/v1/me/kyc",
    "POST /api/v1/me/email",
    "POST /api/v1/me/email/code",
    "POST /api/v1/me/email/verify",
    "POST /api/v1/me/phone",
    "POST /api/v1/me/phone/code",
    "POST /api/v1/me/phone/verify",
    "POST /api/v1/me/password",
    "GET /api/v1/me/mfa",
    "POST /api/v1/me/mfa/totp",
    "POST /api/v1/me/mfa/totp/confirm",
    "POST /api/v1/me/mfa/totp/remove",
    "POST /api/v1/me/mfa/recovery-codes",
    "GET /api/v1/me/passkeys",
    "POST /api/v1/me/passkeys/challenge",
    "POST /api/v1/me/passkeys",
    "PATCH /api/v1/me/passkeys/{passkey}",
    "DELETE /api/v1/me/passkeys/{passkey}",
    "GET /api/v1/me/provider-links",
    "POST /api/v1/me/provider-links",
    "POST /api/v1/me/provider-links/start",
    "DELETE /api/v1/me/provider-links/{link}",
    "GET /api/v1/me/sessions",
    "DELETE /api/v1/me/sessions",
    "DELETE /api/v1/me/sessions/{session}",
    "GET /api/v1/me/programs",
    "DELETE /api/v1/me/programs/{grant}",
    "POST /api/v1/organizers",
    "PATCH /api/v1/organizers/{org}",
    "GET /api/v1/organizers/{org}/audit",
    "GET /api/v1/organizers/{org}/members",
    "POST /api/v1/organizers/{org}/members",
    "PATCH /api/v1/organizers/{org}/members/{user}",
    "DELETE /api/v1/organizers/{org}/members/{user}",
    "GET /api/v1/organizers/{org}/contracts",
    "GET /api/v1/organizers/{org}/invitations",
    "DELETE /api/v1/organizers/{org}/invitations/{invitation}",
    "POST /api/v1/organizers/{org}/invitations/{invitation}/resend",
    "GET /api/v1/me/invitations",
    "POST /api/v1/me/invitations/accept",
    "POST /api/v1/me/invitations/decline",
    "GET /api/v1/platform/organizers",
    "POST /api/v1/platform/organizers/{org}/suspend",
    "POST /api/v1/platform/organizers/{org}/reinstate",
    "POST /api/v1/platform/organizers/{org}/contracts",
    "GET /api/v1/platform/partners",
    "POST /api/v1/platform/partners",
    "GET /api/v1/organizers/{org}/clients",
    "POST /api/v1/organizers/{org}/clients",
    "GET /api/v1/organizers/{org}/clients/{client}",
    "DELETE /api/v1/organizers/{org}/clients/{client}",
    "POST /api/v1/organizers/{org}/clients/{client}/secret",
    "GET /api/v1/organizers/{org}/api-keys",
    "POST /api/v1/organizers/{org}/api-keys",
    "DELETE /api/v1/organizers/{org}/api-keys/{key}",
    "POST /api/v1/organizers/{org}/api-keys/{key}/rotate",
    "GET /api/v1/platform/clients",
    "PUT /api/v1/platform/clients/{client}/approval",
    "DELETE /api/v1/platform/clients/{client}/approval",
    "GET /api/v1/platform/kyc",
    "POST /api/v1/platform/kyc/{check}/decision",
];

#[test]
fn every_operation_names_its_scope_or_is_for_no_program() {
    let mut silent: Vec<_> = documented().into_iter().filter(|(_, scope)| scope.is_none()).collect();
    silent.retain(|(operation, _)| !FOR_NO_PROGRAM.contains(&operation.name().as_str()));
    assert!(silent.is_empty(), "neither: {silent:#?}");
    let names: Vec<_> = documented().iter().filter(|(_, scope)| scope.is_none()).map(|(o, _)| o.name()).collect();
    let stale: Vec<_> = FOR_NO_PROGRAM.iter().filter(|row| !names.iter().any(|name| name == *row)).collect();
    assert!(stale.is_empty(), "for programs after all, or gone: {stale:#?}");
    for scope in Scope::ALL {
        let is_used = documented().iter().any(|(_, known)| *known == Some(scope.text()));
        assert!(is_used, "{} opens nothing", scope.text());
    }
}

/// Every operation, called by a program of an owner's with every scope but the one it names, and with
/// that one alone: only the scope decides, and it is the one that the document names.
#[tokio::test]
async fn the_scope_that_is_named_is_the_one_that_opens() {
    let app = TestApp::with(Wish::unlimited()).await;
    let house = app.aurora().await;
    let own = client(&app, &house, &Scope::ALL.map(Scope::text).join(" ")).await;
    let mut cases = 0;
    let mut with: BTreeMap<&str, (Caller, Caller)> = BTreeMap::new();
    for scope in Scope::ALL {
        let others: Vec<_> = Scope::ALL.into_iter().filter(|other| *other != scope).map(Scope::text).collect();
        let alone = acting(&app, &own, &house.owner, Some(scope.text())).await;
        let without = acting(&app, &own, &house.owner, Some(&others.join(" "))).await;
        with.insert(scope.text(), (alone, without));
    }
    let everything = acting(&app, &own, &house.owner, None).await;
    let key = app.nobody().with_token(&api_key(&house, "catalog.read sales.read buyers.read").await.secret);
    let ids: BTreeMap<&str, String> = [
        ("org", house.id.clone()),
        ("venue", "ven_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("map", "map_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("event", "evt_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("block", "blk_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("order", "ord_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("ticket", "tkt_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("hold", "hld_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("booking", "hld_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("user", "usr_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("session", "ses_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("passkey", "pky_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("link", "pvl_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("check", "kyc_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("client", own.id.clone()),
        ("grant", "grt_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("key", "key_01h455vb4pex5vsknk084sn02q".to_owned()),
        ("invitation", "inv_01h455vb4pex5vsknk084sn02q".to_owned()),
    ]
    .into();
    for (operation, scope) in documented() {
        let path = operation.fill(&ids);
        let name = operation.name();
        let mut call = async |who: &Caller| {
            cases += 1;
            let body = if operation.body().is_some() { json!({}) } else { Value::Null };
            let answer = who.keyed(app.key()).call(operation.method(), &path, body).await;
            (answer.status, answer.code())
        };
        let refused = (403, "insufficient_scope".to_owned());
        match scope {
            None => {
                assert_eq!(call(&everything).await, refused, "{name}, with every scope");
                assert_eq!(call(&key).await, refused, "{name}, with a key");
            }
            Some(scope) => {
                let (alone, without) = &with[scope];
                assert_eq!(call(without).await, refused, "{name} without {scope}");
                let (status, code) = call(alone).await;
                assert!(!matches!(status, 401 | 403) && status < 500, "{name} with {scope}: {status} {code}");
                let (status, code) = call(&key).await;
                let has = ["catalog.read", "sales.read", "buyers.read"].contains(&scope);
                assert_eq!((status, code.as_str()) != (403, "insufficient_scope"), has, "{name} with a key");
            }
        }
    }
    println!("{cases} cases");
}

#[tokio::test]
async fn a_program_can_do_no_more_than_its_person() {
    let app = TestApp::new().await;
    let (house, rivals) = (app.aurora().await, app.borealis().await);
    let own = client(&app, &house, &Scope::ALL.map(Scope::text).join(" ")).await;
    let orders = |house: &House| format!("/organizers/{}/orders", house.id);
    let venues = |house: &House| format!("/organizers/{}/venues", house.id);
    let (door, viewer) = (app.staff(&house, Role::Door).await, app.staff(&house, Role::Viewer).await);
    let stranger = app.fan("stranger").await;
    let [of_door, of_viewer, of_stranger] = [&door, &viewer, &stranger].map(|person| acting(&app, &own, person, None));
    let (of_door, of_viewer, of_stranger) = (of_door.await, of_viewer.await, of_stranger.await);
    of_door.get(&orders(&house)).await.refused(403, "not_allowed");
    of_viewer.get(&orders(&house)).await.expect(200);
    of_viewer.post(&venues(&house), crate::app::venue_body()).await.refused(403, "not_allowed");
    of_stranger.get(&orders(&house)).await.refused(404, "not_found");
    // Staff elsewhere, too: but the program is not theirs.
    app.joins(&rivals, &viewer, Role::Manager).await;
    viewer.get(&orders(&rivals)).await.expect(200);
    of_viewer.get(&orders(&rivals)).await.refused(404, "not_found");
    // And no longer than they are staff.
    house.owner.delete(&format!("/organizers/{}/members/{}", house.id, viewer.id)).await.expect(204);
    of_viewer.get(&orders(&house)).await.refused(404, "not_found");
    // The platform's own staff lend their office to nobody.
    let boss = app.verified("boss").await;
    app.app.identity.grant_platform_admin(boss.id.parse().unwrap()).await.unwrap();
    let of_admin = acting(&app, &own, &boss, None).await;
    of_admin.because("case 4711, the bank called").get(&orders(&house)).await.refused(404, "not_found");
    of_admin.get("/platform/kyc").await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn a_program_does_for_a_fan_what_the_fan_does() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, house, ann) = (app.event_on_sale().await, app.aurora().await, app.fan("ann").await);
    let own = client(&app, &house, "holds.write orders.write orders.read tickets.read").await;
    let program = acting(&app, &own, &ann, None).await;
    let order = program.bought(&event.id, &["S-A-1"]).await;
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(ann.get(&path).await.expect(200).json(), program.get(&path).await.expect(200).json());
    let ticket = order["tickets"][0]["id"].as_str().unwrap();
    program.get(&format!("/tickets/{ticket}/barcode")).await.expect(200);
    program.post(&format!("/tickets/{ticket}/reissue"), Value::Null).await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn a_key_opens_its_organizer_until_it_is_revoked() {
    let app = TestApp::new().await;
    let (house, rivals) = (app.aurora().await, app.borealis().await);
    let base = format!("/organizers/{}/api-keys", house.id);
    let key = api_key(&house, "sales.read catalog.write").await;
    let program = app.nobody().with_token(&key.secret);
    let orders = format!("/organizers/{}/orders", house.id);
    program.get(&orders).await.expect(200);
    program.get(&orders).await.expect(200);
    program.post(&format!("/organizers/{}/venues", house.id), crate::app::venue_body()).await.expect(201);
    program.get(&format!("/organizers/{}/orders", rivals.id)).await.refused(404, "not_found");
    program.get("/me").await.refused(403, "insufficient_scope");
    program.get(&base).await.refused(403, "insufficient_scope");
    let listed = house.owner.get(&base).await.expect(200);
    assert!(!listed.text().contains(&key.secret));
    let shown = &listed.json()["items"][0];
    assert!(shown["usedOn"].is_string() && key.secret.starts_with(shown["hint"].as_str().unwrap()), "{shown}");
    let path = format!("{base}/{}", key.id);
    let rotated = house.owner.post(&format!("{path}/rotate"), json!({ "overlapSeconds": 60 })).await.expect(200).json();
    let next = app.nobody().with_token(rotated["secret"].as_str().unwrap());
    next.get(&orders).await.expect(200);
    program.get(&orders).await.expect(200);
    app.db.env.clock.advance(std::time::Duration::from_secs(60));
    program.get(&orders).await.refused(401, "invalid_token");
    next.get(&orders).await.expect(200);
    let rival_path = format!("/organizers/{}/api-keys/{}", rivals.id, key.id);
    rivals.owner.delete(&rival_path).await.refused(404, "not_found");
    house.owner.delete(&path).await.expect(204);
    next.get(&orders).await.refused(401, "invalid_token");
    let beyond = app.staff(&house, Role::Manager).await;
    beyond.post(&base, json!({ "name": "Till", "scopes": ["refunds.write"] })).await.expect(201);
    let wrong = house.owner.post(&base, json!({ "name": "Till", "scopes": ["orders.read"] })).await;
    wrong.refused(400, "invalid_field");
}

#[tokio::test]
async fn limits_count_a_program_as_its_person_or_by_itself() {
    let wish = Wish {
        requests: gate::Config { user: "6/min".parse().unwrap(), ..Wish::default().requests },
        ..Wish::default()
    };
    let app = TestApp::with(wish).await;
    let house = app.aurora().await;
    let (one, two) = (api_key(&house, "sales.read").await, api_key(&house, "sales.read").await);
    let (one, two) = (app.nobody().with_token(&one.secret), app.nobody().with_token(&two.secret));
    let path = format!("/organizers/{}/orders", house.id);
    for _ in 0..6 {
        one.get(&path).await.expect(200);
    }
    one.get(&path).await.refused(429, "rate_limited");
    two.get(&path).await.expect(200);
    let (own, ann) = (client(&app, &house, "profile.read").await, app.fan("ann").await);
    let program = acting(&app, &own, &ann, None).await;
    for _ in 0..3 {
        program.get("/me").await.expect(200);
        ann.get("/me").await.expect(200);
    }
    program.get("/me").await.refused(429, "rate_limited");
    ann.get("/me").await.refused(429, "rate_limited");
}
