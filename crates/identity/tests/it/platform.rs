use identity::{ORGANIZER_SUSPENDED, OrganizerError, Reason};
use stagedoor_core::{Code, OrganizerId};
use store::audit::{Chain, Filter};
use uuid::Uuid;

use crate::{HOME, Office};

fn reason() -> Reason {
    Reason::parse("reason", "case 4711, the buyer's bank called").unwrap()
}

async fn actions(office: &Office, chain: Chain) -> Vec<String> {
    let records = office.db.audit_log(chain, &Filter::default()).await;
    records.into_iter().map(|record| record.action).collect()
}

#[test]
fn a_reason_is_a_sentence() {
    for wrong in ["", "help", "          ", "because\u{200b}because", &"x".repeat(201), "two\nlines of it"] {
        assert!(Reason::parse("reason", wrong).is_err(), "{wrong:?}");
    }
    for good in ["0123456789", &"ü".repeat(200)] {
        assert_eq!(Reason::parse("reason", good).unwrap().to_string(), good);
    }
}

#[tokio::test]
async fn a_look_stands_in_both_logs() {
    let office = Office::new().await;
    let owner = office.fan("owner").await.user.id;
    let mill = office.create_organizer(owner, "Old Mill").await.unwrap().id;
    office.record_look(&HOME, mill, &reason(), "GET /orders").await.unwrap();
    for chain in [Chain::Organizer(mill), Chain::Platform] {
        let looks = actions(&office, chain).await.into_iter().filter(|action| action == "platform.look").count();
        assert_eq!(looks, 1, "{chain}");
    }
    let nowhere = OrganizerId(Uuid::nil());
    let absent = office.record_look(&HOME, nowhere, &reason(), "GET /orders").await.unwrap_err();
    assert!(matches!(absent, OrganizerError::NotFound));
}

#[tokio::test]
async fn an_organizer_is_suspended_and_reinstated_once_each() {
    let office = Office::new().await;
    let owner = office.fan("owner").await.user.id;
    let mill = office.create_organizer(owner, "Old Mill").await.unwrap().id;
    let is_suspended = async || {
        let told = identity::is_suspended(&office.db.begin_read().await.unwrap(), mill).await.unwrap();
        assert_eq!(office.standing_of(owner, mill).await.unwrap().unwrap().is_suspended, told, "at once");
        told
    };
    assert!(!is_suspended().await);
    assert_eq!(office.reinstate(&HOME, mill, &reason()).await.unwrap_err().code(), Code::WrongState);
    assert!(office.suspend(&HOME, mill, &reason()).await.unwrap().suspended_at.is_some());
    assert_eq!(office.suspend(&HOME, mill, &reason()).await.unwrap_err().code(), Code::WrongState);
    assert!(is_suspended().await);
    assert!(office.reinstate(&HOME, mill, &reason()).await.unwrap().suspended_at.is_none());
    assert!(!is_suspended().await);
    for chain in [Chain::Organizer(mill), Chain::Platform] {
        let actions = actions(&office, chain).await;
        for wanted in ["organizer.suspend", "organizer.reinstate"] {
            assert_eq!(actions.iter().filter(|action| *action == wanted).count(), 1, "{chain} {actions:?}");
        }
    }
    assert!(ORGANIZER_SUSPENDED.starts_with("identity."));
    let nowhere = OrganizerId(Uuid::nil());
    assert_eq!(office.suspend(&HOME, nowhere, &reason()).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn organizers_are_listed_page_by_page() {
    let office = Office::new().await;
    let owner = office.fan("owner").await.user.id;
    let mut made = Vec::new();
    for name in ["Mill", "Barn", "Yard"] {
        office.advance(crate::SECOND);
        made.push(office.create_organizer(owner, name).await.unwrap());
    }
    let first = office.organizers_after(None, 2).await.unwrap();
    let rest = office.organizers_after(Some(first[1].id), 2).await.unwrap();
    assert_eq!([first, rest].concat(), made);
}

#[tokio::test]
async fn whoever_runs_the_platform_is_found_by_a_verified_address() {
    let office = Office::new().await;
    let (ann, _) = (office.verified_fan("ann").await.user.id, office.fan("bob").await);
    assert_eq!(office.account_with("ANN@example.org").await.unwrap(), Some(ann));
    assert_eq!(office.account_with("bob@example.org").await.unwrap(), None, "anybody may have typed it");
    assert_eq!(office.account_with("cleo@example.org").await.unwrap(), None);
    assert!(office.platform_admins().await.unwrap().is_empty());
    office.grant_platform_admin(ann).await.unwrap();
    let admins = office.platform_admins().await.unwrap();
    assert_eq!(admins.iter().map(|admin| admin.id).collect::<Vec<_>>(), [ann]);
    office.withdraw_platform_admin(ann).await.unwrap();
    assert!(office.platform_admins().await.unwrap().is_empty());
}
