//! The commands about tenants: who runs the platform, and contracts.

use serde_json::{Value, json};
use testkit::Installation;

async fn demo(place: &Installation) -> Value {
    serde_json::from_str(&place.run(&["demo"]).await).expect("the demo prints JSON")
}

fn account<'a>(world: &'a Value, role: &str) -> &'a Value {
    world["accounts"].as_array().unwrap().iter().find(|account| account["role"] == role).expect("the demo has one")
}

#[tokio::test]
async fn an_account_is_let_run_the_platform_and_no_longer() {
    let place = Installation::new().await;
    let world = demo(&place).await;
    let (admin, fan) = (account(&world, "admin")["email"].as_str().unwrap(), account(&world, "fan"));
    let email = fan["email"].as_str().unwrap();
    let listed = place.run(&["platform", "list"]).await;
    assert!(
        listed.contains(admin) && listed.contains("with a second factor") && listed.lines().count() == 1,
        "{listed}"
    );

    let server = place.serve(&[]).await;
    let credentials = json!({ "email": email, "password": fan["password"] });
    let sign_in = async || {
        let answer = server.client().post("/api/v1/auth/login", None, &credentials).await.unwrap();
        server.client().signed_in(answer.expect(200).json()["accessToken"].as_str().unwrap())
    };
    let code = async || {
        let answer = sign_in().await.get("/api/v1/platform/organizers").await.unwrap();
        answer.expect(403).json()["error"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(code().await, "not_allowed");
    let added = place.run(&["platform", "add", &email.to_uppercase()]).await;
    assert!(added.contains(email) && added.contains("no second factor yet") && added.lines().count() == 2, "{added}");
    assert_eq!(code().await, "second_factor_required");
    let removed = place.run(&["platform", "remove", email]).await;
    assert_eq!(removed, listed);
    assert_eq!(code().await, "not_allowed");
    for wrong in [["add", "nobody@example.org"], ["add", "nobody"], ["remove", "nobody@example.org"]] {
        let refused = place.output(&[&["platform"], &wrong[..]].concat()).await;
        assert!(!refused.status.success(), "{wrong:?}");
    }
    let me = sign_in().await.get("/api/v1/me").await.unwrap().expect(200).json();
    let log = place.run(&["audit", "export", "platform", "--action", "platform_admin.grant"]).await;
    let entry: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!((&entry["actor"], &entry["subject"]), (&json!("operator"), &me["id"]), "{log}");
}

#[tokio::test]
async fn contracts_are_agreed_for_what_there_is() {
    let place = Installation::new().await;
    let world = demo(&place).await;
    let id = |list: &str| world[list][0]["id"].as_str().unwrap().to_owned();
    let (organizer, event) = (id("organizers"), id("events"));
    assert_eq!(place.run(&["contracts", "list"]).await, "");
    let partner = place.run(&["contracts", "add-partner", "Old Mill", "--kind", "venue"]).await.trim().to_owned();
    assert_eq!(place.run(&["contracts", "partners"]).await, format!("{partner}  venue  Old Mill\n"));
    let share = format!("{partner}:1500:2000");
    let until = "2100-01-01T00:00:00Z";
    let agree = ["contracts", "agree", &organizer, "--share", &share, "--share", "platform:100:0", "--until", until];
    place.run(&agree).await;
    place.run(&["contracts", "agree", &event, "--share", "organizer:0:10000"]).await;
    let listed = place.run(&["contracts", "list"]).await;
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines[0].contains(&event) && lines[0].ends_with("  organizer:0:10000"), "{listed}");
    assert!(lines[1].contains("version 1") && lines[1].ends_with(&format!("  {share}  platform:100:0")), "{listed}");
    assert!(lines[1].contains(" until 2100-01-01T00:00:00"), "{listed}");
    let too_much = format!("{partner}:10001:0");
    for wrong in [
        &["org_00000000000000000000000000"][..],
        &["evt_00000000000000000000000000"],
        &["ven_00000000000000000000000000"],
        &[&event, "--share", "ptn_00000000000000000000000000:1:0"],
        &[&event, "--share", &too_much],
        &[&event, "--share", "organizer:1:0"],
        &[&event, "--share", "organizer"],
        &[&event, "--until", "2001-01-01T00:00:00Z"],
    ] {
        let refused = place.output(&[&["contracts", "agree"], wrong].concat()).await;
        assert!(!refused.status.success(), "{wrong:?}");
    }
    assert_eq!(place.run(&["contracts", "list"]).await, listed);
}
