use identity::{Identity, Role};
use stagedoor_core::{Code, OrganizerId, UserId};
use uuid::Uuid;

use crate::{HOME, Office, PASSWORD, SECOND};

const NOBODY: UserId = UserId(Uuid::nil());
const NOWHERE: OrganizerId = OrganizerId(Uuid::nil());

/// An organizer and its owner.
async fn mill(office: &Office) -> (OrganizerId, UserId) {
    let owner = office.fan("owner").await.user.id;
    (office.create_organizer(owner, " Old Mill ").await.unwrap().id, owner)
}

async fn role(identity: &Identity, user: UserId, organizer: OrganizerId) -> Option<Role> {
    identity.role_of(user, organizer).await.unwrap()
}

#[tokio::test]
async fn whoever_creates_an_organizer_owns_it() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    assert_eq!(office.organizer(mill).await.unwrap().name, "Old Mill");
    assert_eq!(role(&office, owner, mill).await, Some(Role::Owner));
    let memberships = office.organizers_of(owner).await.unwrap();
    assert_eq!(memberships.len(), 1);
    assert_eq!((memberships[0].organizer.id, memberships[0].role), (mill, Role::Owner));

    assert_eq!(office.create_organizer(owner, "  ").await.unwrap_err().code(), Code::InvalidField);
    assert_eq!(office.create_organizer(NOBODY, "Mill").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn strangers_and_absent_organizers_look_alike() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    let stranger = office.fan("stranger").await.user.id;
    assert_eq!(role(&office, stranger, mill).await, None);
    assert_eq!(role(&office, owner, NOWHERE).await, None);
    assert!(office.organizers_of(stranger).await.unwrap().is_empty());
    assert_eq!(office.organizer(NOWHERE).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn members_join_change_role_and_leave() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    let ann = office.verified_fan("ann").await.user.id;
    // The empty answer is remembered; joining must not have to wait until it is forgotten.
    assert_eq!(role(&office, ann, mill).await, None);
    office.joins(mill, owner, ann, "ann@example.org", Role::Door).await;
    assert_eq!(role(&office, ann, mill).await, Some(Role::Door));

    office.change_role(&HOME, mill, ann, Role::Finance).await.unwrap();
    assert_eq!(role(&office, ann, mill).await, Some(Role::Finance));
    let members = office.members(mill).await.unwrap();
    let seen: Vec<_> = members.iter().map(|member| (member.user.id, member.role)).collect();
    assert_eq!(seen, [(owner, Role::Owner), (ann, Role::Finance)]);

    office.remove_member(&HOME, mill, ann).await.unwrap();
    assert_eq!(role(&office, ann, mill).await, None);
    assert_eq!(office.remove_member(&HOME, mill, ann).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(office.change_role(&HOME, mill, ann, Role::Door).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn members_of_what_is_absent_are_absent() {
    let office = Office::new().await;
    let (_, owner) = mill(&office).await;
    assert_eq!(office.remove_member(&HOME, NOWHERE, owner).await.unwrap_err().code(), Code::NotFound);
    assert!(office.members(NOWHERE).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_address_that_nobody_has_verified_is_nobody_s() {
    let office = Office::new().await;
    let squatter = office.fan("ann").await.user.id;
    let reached = async || {
        let tx = office.db.begin_write().await.unwrap();
        office.lock_account_of(&tx, "ann@example.org").await.unwrap()
    };
    assert_eq!(reached().await, None);
    let code = office.code_to("ann@example.org").await;
    office.verify_contact(&HOME, squatter, identity::Channel::Email, &code).await.unwrap();
    assert_eq!(reached().await, Some(squatter));
}

#[tokio::test]
async fn an_organizer_keeps_an_owner() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    let ann = office.verified_fan("ann").await.user.id;
    office.joins(mill, owner, ann, "ann@example.org", Role::Manager).await;
    assert_eq!(office.remove_member(&HOME, mill, owner).await.unwrap_err().code(), Code::WrongState);
    assert_eq!(office.change_role(&HOME, mill, owner, Role::Viewer).await.unwrap_err().code(), Code::WrongState);
    assert_eq!(office.delete(&HOME, owner, PASSWORD, None, &[]).await.unwrap_err().code(), Code::WrongState);
    office.change_role(&HOME, mill, owner, Role::Owner).await.unwrap();

    office.change_role(&HOME, mill, ann, Role::Owner).await.unwrap();
    office.delete(&HOME, owner, PASSWORD, None, &[]).await.unwrap();
    assert_eq!(role(&office, owner, mill).await, None);
    assert_eq!(office.members(mill).await.unwrap().len(), 1);
    assert_eq!(office.remove_member(&HOME, mill, ann).await.unwrap_err().code(), Code::WrongState);
}

#[tokio::test]
async fn an_organizer_that_does_nothing_ends_with_its_last_owner() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    let ann = office.verified_fan("ann").await.user.id;
    office.joins(mill, owner, ann, "ann@example.org", Role::Manager).await;
    assert_eq!(role(&office, ann, mill).await, Some(Role::Manager));
    assert_eq!(office.delete(&HOME, owner, PASSWORD, None, &[]).await.unwrap_err().code(), Code::WrongState);
    office.delete(&HOME, owner, PASSWORD, None, &[mill]).await.unwrap();
    assert_eq!(role(&office, ann, mill).await, None, "what has no owner has no staff");

    // It goes on as long as it has another owner.
    let (barn, boss) =
        (office.create_organizer(ann, "Barn").await.unwrap().id, office.verified_fan("boss").await.user.id);
    office.joins(barn, ann, boss, "boss@example.org", Role::Door).await;
    office.change_role(&HOME, barn, boss, Role::Owner).await.unwrap();
    office.delete(&HOME, ann, PASSWORD, None, &[barn]).await.unwrap();
    assert_eq!(role(&office, boss, barn).await, Some(Role::Owner));
}

#[tokio::test]
async fn owners_leaving_at_once_leave_one_behind() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    for round in 0..10 {
        let name = format!("ann{round}");
        let ann = office.verified_fan(&name).await.user.id;
        office.joins(mill, owner, ann, &format!("{name}@example.org"), Role::Manager).await;
        office.change_role(&HOME, mill, ann, Role::Owner).await.unwrap();
        let (one, two, three) = tokio::join!(
            office.remove_member(&HOME, mill, ann),
            office.change_role(&HOME, mill, owner, Role::Viewer),
            office.delete(&HOME, ann, PASSWORD, None, &[]),
        );
        let owners = office.members(mill).await.unwrap();
        let owners = owners.iter().filter(|member| member.role == Role::Owner).count();
        assert_eq!(owners, 1, "round {round}: {one:?} {two:?} {three:?}");
        if two.is_ok() {
            // The newcomer stayed as the only owner; start the next round from the same place.
            office.change_role(&HOME, mill, owner, Role::Owner).await.unwrap();
            let _ = office.remove_member(&HOME, mill, ann).await;
        }
    }
}

#[tokio::test]
async fn an_account_erased_while_it_founds_an_organizer_leaves_no_orphan() {
    let office = Office::new().await;
    for round in 0..10 {
        let ann = office.fan(&format!("ann{round}")).await.user.id;
        let (created, deleted) =
            tokio::join!(office.create_organizer(ann, "Old Mill"), office.delete(&HOME, ann, PASSWORD, None, &[]));
        assert!(created.is_ok() != deleted.is_ok(), "round {round}: {created:?} {deleted:?}");
    }
}

#[tokio::test]
async fn a_role_changed_elsewhere_is_learnt_within_seconds() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    let ann = office.verified_fan("ann").await.user.id;
    office.joins(mill, owner, ann, "ann@example.org", Role::Manager).await;
    assert_eq!(role(&office, ann, mill).await, Some(Role::Manager));
    office.elsewhere().remove_member(&HOME, mill, ann).await.unwrap();
    office.advance(5 * SECOND);
    assert_eq!(role(&office, ann, mill).await, None);
}

#[tokio::test]
async fn a_seeded_organizer_is_made_once() {
    let office = Office::new().await;
    let owner = office.fan("owner").await.user.id;
    let id = OrganizerId(Uuid::from_u128(3));
    let made = office.seed_organizer(id, owner, "Old Mill").await.unwrap();
    assert_eq!(office.seed_organizer(id, owner, "Another name").await.unwrap(), made);
    assert_eq!(role(&office, owner, id).await, Some(Role::Owner));
}
