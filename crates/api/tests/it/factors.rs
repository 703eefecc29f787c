//! Who acts for others, and the second factor they need for it.

use identity::Role;
use serde_json::json;

use crate::app::TestApp;
use crate::caller::Caller;
use crate::programs::{acting, client};

#[tokio::test]
async fn an_organizer_can_ask_its_members_for_a_second_factor() {
    let app = TestApp::new().await;
    let (event, house) = (app.event_on_sale().await, app.aurora().await);
    let (at, owner) = (format!("/organizers/{}", house.id), &house.owner);
    let mut staff = Vec::new();
    for role in Role::ALL {
        staff.push((role, app.staff(&house, role).await));
    }
    let program = acting(&app, &client(&app, &house, "catalog.read").await, &staff[2].1, None).await;
    program.get(&event.staff_path("")).await.expect(200);
    let ask = async |caller: &Caller, need: bool| caller.patch(&at, json!({ "membersNeedSecondFactor": need })).await;
    ask(&staff[1].1, true).await.refused(403, "not_allowed");
    ask(owner, true).await.refused(403, "second_factor_required");
    app.verified("aurora").await;
    app.turn_factor_on(owner).await;
    assert_eq!(ask(owner, true).await.expect(200).json()["membersNeedSecondFactor"], true);
    for (role, member) in &staff {
        let answer = member.get(&event.staff_path("")).await;
        let is_asked = matches!(role, Role::Manager | Role::Finance);
        match is_asked {
            true => answer.refused(403, "second_factor_required"),
            false => answer.expect(200),
        };
        // Everyone sees why.
        let mine = member.get("/organizers").await.expect(200).json();
        assert_eq!(mine["items"][0]["membersNeedSecondFactor"], true, "{role}");
    }
    program.get(&event.staff_path("")).await.refused(403, "second_factor_required");
    // They may go without one; for others they do nothing.
    let (_, finance) = &staff[2];
    finance.delete(&format!("{at}/members/{}", staff[1].1.id)).await.refused(403, "not_allowed");
    let leaves = app.verified("leaves").await;
    app.joins(&house, &leaves, Role::Manager).await;
    leaves.get(&event.staff_path("")).await.refused(403, "second_factor_required");
    leaves.delete(&format!("{at}/members/{}", leaves.id)).await.expect(204);
    let (_, manager) = &staff[1];
    app.turn_factor_on(manager).await;
    manager.get(&event.staff_path("")).await.expect(200);
    ask(owner, false).await.expect(200);
    finance.get(&event.staff_path("")).await.expect(200);
    let log = owner.get(&format!("{at}/audit?limit=100")).await.expect(200).json();
    let said = |action: &str, result: &str| {
        let items = log["items"].as_array().unwrap().iter();
        items.filter(|item| item["action"] == action && item["result"] == result).cloned().collect::<Vec<_>>()
    };
    let changes = said("organizer.update", "done");
    assert_eq!((changes.len(), &changes[1]["after"]), (2, &json!({ "members_need_factor": true })));
    let codes: Vec<_> = said("request", "denied").iter().map(|item| item["after"]["code"].clone()).collect();
    assert!(codes.contains(&json!("second_factor_required")), "{codes:?}");
}

#[tokio::test]
async fn staff_of_the_platform_act_with_a_second_factor_only() {
    let app = TestApp::new().await;
    let fan = app.verified("fan").await;
    app.app.identity.grant_platform_admin(fan.id.parse().unwrap()).await.unwrap();
    let admin = fan.refreshed().await;
    admin.get("/platform/kyc").await.refused(403, "second_factor_required");
    app.turn_factor_on(&admin).await;
    admin.get("/platform/kyc").await.expect(200);
}
