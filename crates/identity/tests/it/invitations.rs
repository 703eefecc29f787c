use identity::{Events, Identity, Invitation, NewInvitation, OrganizerError, Role};
use stagedoor_core::{Code, EventId, OrganizerId, UserId};
use store::audit::Filter;
use uuid::Uuid;

use crate::{DAY, HOME, MINUTE, Office, PASSWORD, SECOND};

const NOWHERE: OrganizerId = OrganizerId(Uuid::nil());
const ANN: &str = "ann@example.org";

/// An organizer and its owner.
async fn mill(office: &Office) -> (OrganizerId, UserId) {
    let owner = office.fan("owner").await.user.id;
    (office.create_organizer(owner, "Old Mill").await.unwrap().id, owner)
}

fn asked(email: &str, role: Role) -> NewInvitation<'_> {
    NewInvitation { email, role, events: Events::All }
}

async fn role(office: &Office, user: UserId, organizer: OrganizerId) -> Option<Role> {
    office.role_of(user, organizer).await.unwrap()
}

/// What the log of an organizer has of invitations: actions, and what they say while it can be read.
async fn log(office: &Office, organizer: OrganizerId) -> Vec<(String, String)> {
    let records = office.db.audit_log(organizer, &Filter::default()).await;
    records.into_iter().map(|record| (record.action, format!("{:?}", record.detail))).collect()
}

#[tokio::test]
async fn whoever_is_asked_becomes_a_member_by_saying_yes() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    let ann = office.verified_fan("ann").await.user.id;
    assert_eq!(role(&office, ann, mill).await, None);
    let invitation = office.invite(&HOME, mill, owner, asked("ANN@example.org", Role::Door)).await.unwrap();
    assert_eq!((invitation.role, invitation.by, &invitation.email[..]), (Role::Door, owner, ANN));
    assert_eq!(role(&office, ann, mill).await, None, "nobody is a member unasked");
    assert_eq!(office.invitations(mill).await.unwrap(), std::slice::from_ref(&invitation));
    let mine = office.invitations_for(ann).await.unwrap();
    assert_eq!((mine[0].id, &mine[0].organizer_name[..], mine[0].role), (invitation.id, "Old Mill", Role::Door));

    let token = office.invitation_to(ANN).await;
    let membership = office.accept_invitation(&HOME, ann, &token).await.unwrap();
    assert_eq!((membership.organizer.id, membership.role), (mill, Role::Door));
    assert_eq!(role(&office, ann, mill).await, Some(Role::Door));
    assert!(office.invitations(mill).await.unwrap().is_empty());
    let again = office.accept_invitation(&HOME, ann, &token).await.unwrap_err();
    assert_eq!(again.code(), Code::InvalidCode, "good once");
    let refused = office.invite(&HOME, mill, owner, asked(ANN, Role::Viewer)).await.unwrap_err();
    assert!(matches!(refused, OrganizerError::AlreadyMember), "{refused:?}");
}

#[tokio::test]
async fn asking_tells_nothing_of_who_has_an_account() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    office.verified_fan("ann").await;
    office.fan("bob").await;
    let mut told = Vec::new();
    for name in ["ann", "bob", "cleo"] {
        let email = format!("{name}@example.org");
        let Invitation { role, events, by, created_at, sent_at, expires_at, .. } =
            office.invite(&HOME, mill, owner, asked(&email, Role::Door)).await.unwrap();
        let message = office.sent_to(&email).await.pop().unwrap();
        let said = message[message.find("\"Old Mill\"").expect("who asks")..message.find("sdi_").unwrap()].to_owned();
        told.push((role, events, by, sent_at.since(created_at), expires_at.since(created_at), said));
    }
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
}

#[tokio::test]
async fn somebody_without_an_account_registers_and_accepts() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    office.invite(&HOME, mill, owner, asked(ANN, Role::Owner)).await.unwrap();
    let token = office.invitation_to(ANN).await;
    let ann = office.fan("ann").await.user.id;
    let refused = office.accept_invitation(&HOME, ann, &token).await.unwrap_err();
    assert!(matches!(refused, OrganizerError::NotVerified), "{refused:?}");
    let forged = office.accept_invitation(&HOME, ann, "sdi_x").await.unwrap_err();
    assert_eq!(forged.to_string(), refused.to_string(), "the token plays no part yet");
    assert!(office.invitations_for(ann).await.unwrap().is_empty());
    let code = office.code_to(ANN).await;
    office.verify_contact(&HOME, ann, identity::Channel::Email, &code).await.unwrap();
    office.accept_invitation(&HOME, ann, &token).await.unwrap();
    assert_eq!(role(&office, ann, mill).await, Some(Role::Owner));
    office.remove_member(&HOME, mill, owner).await.unwrap();
}

#[tokio::test]
async fn whoever_was_removed_has_left_no_way_back_in() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    let (ann, bob) = (office.verified_fan("ann").await.user.id, office.verified_fan("bob").await.user.id);
    office.joins(mill, owner, bob, "bob@example.org", Role::Owner).await;
    office.invite(&HOME, mill, bob, asked(ANN, Role::Owner)).await.unwrap();
    let token = office.invitation_to(ANN).await;
    office.change_role(&HOME, mill, bob, Role::Viewer).await.unwrap();
    let refused = office.accept_invitation(&HOME, ann, &token).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidCode);
    office.remove_member(&HOME, mill, bob).await.unwrap();
    office.accept_invitation(&HOME, ann, &token).await.unwrap_err();
    assert_eq!(role(&office, ann, mill).await, None);
}

#[tokio::test]
async fn a_token_is_one_for_whom_it_was_sent_to_and_while_it_is_good() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    let (ann, bob) = (office.verified_fan("ann").await.user.id, office.verified_fan("bob").await.user.id);
    let id = office.invite(&HOME, mill, owner, asked(ANN, Role::Door)).await.unwrap().id;
    let token = office.invitation_to(ANN).await;
    let refused = async |who, token: &str| {
        let yes = office.accept_invitation(&HOME, who, token).await.unwrap_err();
        let no = office.decline_invitation(&HOME, who, token).await.unwrap_err();
        assert_eq!(yes.to_string(), no.to_string());
        (yes.code(), yes.to_string())
    };
    let forged = refused(ann, "sdi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
    assert_eq!(forged.0, Code::InvalidCode);
    assert_eq!(refused(bob, &token).await, forged, "another's");
    let mut wrong = token.clone().into_bytes();
    for at in 0..wrong.len() {
        let kept = std::mem::replace(&mut wrong[at], if token.as_bytes()[at] == b'x' { b'y' } else { b'x' });
        assert_eq!(refused(ann, std::str::from_utf8(&wrong).unwrap()).await, forged, "letter {at}");
        wrong[at] = kept;
    }
    assert_eq!(refused(ann, "").await, forged);

    office.advance(MINUTE);
    office.resend_invitation(&HOME, mill, id).await.unwrap();
    assert_eq!(refused(ann, &token).await, forged, "another took its place");
    let token = office.invitation_to(ANN).await;
    office.advance(7 * DAY);
    assert_eq!(refused(ann, &token).await, forged, "too old");
    assert!(
        office.invitations(mill).await.unwrap().is_empty() && office.invitations_for(ann).await.unwrap().is_empty()
    );
    assert_eq!(office.resend_invitation(&HOME, mill, id).await.unwrap_err().code(), Code::NotFound);

    let id = office.invite(&HOME, mill, owner, asked(ANN, Role::Manager)).await.unwrap().id;
    let token = office.invitation_to(ANN).await;
    office.withdraw_invitation(&HOME, mill, id).await.unwrap();
    assert_eq!(refused(ann, &token).await, forged, "withdrawn");
    assert_eq!(office.withdraw_invitation(&HOME, mill, id).await.unwrap_err().code(), Code::NotFound);

    office.invite(&HOME, mill, owner, asked(ANN, Role::Manager)).await.unwrap();
    let token = office.invitation_to(ANN).await;
    office.decline_invitation(&HOME, ann, &token).await.unwrap();
    assert_eq!(refused(ann, &token).await, forged, "answered");
    assert_eq!(role(&office, ann, mill).await, None);
}

#[tokio::test]
async fn one_organizers_invitations_are_not_anothers() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    let barn = office.create_organizer(owner, "Barn").await.unwrap().id;
    let id = office.invite(&HOME, mill, owner, asked(ANN, Role::Door)).await.unwrap().id;
    office.advance(MINUTE);
    for organizer in [barn, NOWHERE] {
        assert_eq!(office.withdraw_invitation(&HOME, organizer, id).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(office.resend_invitation(&HOME, organizer, id).await.unwrap_err().code(), Code::NotFound);
        assert!(office.invitations(organizer).await.unwrap().is_empty());
    }
    let nowhere = office.invite(&HOME, NOWHERE, owner, asked(ANN, Role::Door)).await.unwrap_err();
    assert_eq!(nowhere.code(), Code::NotFound);
    assert_eq!(office.invitations(mill).await.unwrap().len(), 1);
}

#[tokio::test]
async fn messages_are_bounded() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    let first = office.invite(&HOME, mill, owner, asked(ANN, Role::Door)).await.unwrap();
    let again = office.invite(&HOME, mill, owner, asked(ANN, Role::Door)).await.unwrap();
    assert_eq!(first, again);
    let other = office.invite(&HOME, mill, owner, asked(ANN, Role::Finance)).await.unwrap_err();
    assert!(matches!(other, OrganizerError::AlreadyInvited), "{other:?}");
    assert_eq!(office.sent_to(ANN).await.len(), 1, "the same question is not sent twice");
    let soon = office.resend_invitation(&HOME, mill, first.id).await.unwrap_err();
    assert!(matches!(soon, OrganizerError::RateLimited { retry_after } if retry_after <= MINUTE), "{soon:?}");
    for sent in 2..=5 {
        office.advance(DAY);
        office.resend_invitation(&HOME, mill, first.id).await.unwrap();
        assert_eq!(office.sent_to(ANN).await.len(), sent);
    }
    office.advance(DAY);
    let last = office.resend_invitation(&HOME, mill, first.id).await.unwrap_err();
    assert!(matches!(last, OrganizerError::LimitReached), "{last:?}");
    assert_eq!(office.sent_to(ANN).await.len(), 5);

    // Many organizers who ask one address send it no more than one would; nobody is told.
    for number in 0..8 {
        let owner = office.fan(&format!("owner{number}")).await.user.id;
        let organizer = office.create_organizer(owner, "Barn").await.unwrap().id;
        office.invite(&HOME, organizer, owner, asked("bob@example.org", Role::Door)).await.unwrap();
    }
    assert_eq!(office.sent_to("bob@example.org").await.len(), 5);

    // And one member asks no crowd.
    office.advance(DAY);
    let ask = async |number: u32| {
        let email = format!("guess{number}@example.org");
        office.invite(&HOME, mill, owner, asked(&email, Role::Door)).await.map(|invitation| invitation.role)
    };
    for number in 0..20 {
        ask(number).await.unwrap();
    }
    assert_eq!(ask(20).await.unwrap_err().code(), Code::RateLimited);
    office.advance(15 * MINUTE);
    ask(20).await.unwrap();
}

#[tokio::test]
async fn what_is_left_of_an_invitation_goes_with_its_answer() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    let ann = office.verified_fan("ann").await.user.id;
    let said = async |text: &str| log(&office, mill).await.iter().filter(|(_, entry)| entry.contains(text)).count();
    office.invite(&HOME, mill, owner, asked(ANN, Role::Door)).await.unwrap();
    assert_eq!(said(ANN).await, 1, "whoever asks stands for whom");
    let token = office.invitation_to(ANN).await;
    office.decline_invitation(&HOME, ann, &token).await.unwrap();
    assert_eq!(said(ANN).await, 0);
    let actions: Vec<_> = log(&office, mill).await.into_iter().map(|(action, _)| action).collect();
    assert!(["invitation.create", "invitation.decline"].iter().all(|one| actions.iter().any(|action| action == one)));

    // So does it with the time, with the account, and with the organizer.
    office.invite(&HOME, mill, owner, asked("cleo@example.org", Role::Door)).await.unwrap();
    office.advance(7 * DAY);
    assert_eq!(said("cleo@").await, 1);
    office.prune().await.unwrap();
    assert_eq!(said("cleo@").await, 0);
    office.invite(&HOME, mill, owner, asked(ANN, Role::Door)).await.unwrap();
    assert_eq!(said(ANN).await, 1);
    office.delete(&HOME, ann, PASSWORD, None, &[]).await.unwrap();
    assert!(office.invitations(mill).await.unwrap().is_empty());
    assert_eq!(said(ANN).await, 0);
    office.invite(&HOME, mill, owner, asked("dan@example.org", Role::Door)).await.unwrap();
    let dan = office.verified_fan("dan").await.user.id;
    let token = office.invitation_to("dan@example.org").await;
    office.delete(&HOME, owner, PASSWORD, None, &[mill]).await.unwrap();
    assert_eq!(office.accept_invitation(&HOME, dan, &token).await.unwrap_err().code(), Code::InvalidCode);
}

#[tokio::test]
async fn a_member_works_for_some_events_or_for_all() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    let ann = office.verified_fan("ann").await.user.id;
    let tonight: EventId = office.db.env.id();
    let events = Events::only([tonight]).unwrap();
    let limited = |role| NewInvitation { email: ANN, role, events: events.clone() };
    let refused = office.invite(&HOME, mill, owner, limited(Role::Owner)).await.unwrap_err();
    assert!(matches!(&refused, OrganizerError::Field(field) if field.field == "events"), "{refused:?}");
    office.invite(&HOME, mill, owner, limited(Role::Door)).await.unwrap();
    let token = office.invitation_to(ANN).await;
    assert_eq!(office.accept_invitation(&HOME, ann, &token).await.unwrap().events, events);
    let standing = async || office.standing_of(ann, mill).await.unwrap().unwrap();
    assert_eq!((standing().await.role, standing().await.events), (Role::Door, events.clone()));
    office.change_role(&HOME, mill, ann, Role::Viewer).await.unwrap();
    assert_eq!((standing().await.role, standing().await.events), (Role::Viewer, events), "the limit stays");
    let owner_of_some = office.change_role(&HOME, mill, ann, Role::Owner).await.unwrap_err();
    assert_eq!(owner_of_some.code(), Code::InvalidField);
    let change = identity::MemberChange { role: Some(Role::Owner), events: Some(Events::All) };
    office.change_member(&HOME, mill, ann, change).await.unwrap();
    assert_eq!((standing().await.role, standing().await.events), (Role::Owner, Events::All));
}

/// Rounds of a race, and clients that take part in one.
const ROUNDS: usize = 100;
const CLIENTS: usize = 4;

/// Has an invitation for a member who left, and its token.
async fn fresh(office: &Office, mill: OrganizerId, owner: UserId, ann: UserId) -> (Invitation, String) {
    if role(office, ann, mill).await.is_some() {
        office.remove_member(&HOME, mill, ann).await.unwrap();
    }
    // The limits of many messages are another test's.
    office.advance(15 * MINUTE + SECOND);
    let invitation = office.invite(&HOME, mill, owner, asked(ANN, Role::Door)).await.unwrap();
    (invitation, office.invitation_to(ANN).await)
}

/// Every client of its own process, so that they share the database alone.
async fn at_once<T: Send + 'static>(
    clients: &[Identity],
    call: impl Fn(usize, Identity) -> std::pin::Pin<Box<dyn Future<Output = T> + Send>>,
) -> Vec<T> {
    let tasks: Vec<_> = clients.iter().enumerate().map(|(at, client)| tokio::spawn(call(at, client.clone()))).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_all_who_accept_at_once_one_does() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    let ann = office.verified_fan("ann").await.user.id;
    let clients = Vec::from_iter((0..CLIENTS).map(|_| office.elsewhere()));
    for round in 0..ROUNDS {
        let (_, token) = fresh(&office, mill, owner, ann).await;
        let answers = at_once(&clients, |_, client| {
            let token = token.clone();
            Box::pin(async move { client.accept_invitation(&HOME, ann, &token).await.map(|_| ()) })
        })
        .await;
        let winners = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(winners, 1, "round {round}: {answers:?}");
        let lost = answers.iter().filter_map(|answer| answer.as_ref().err());
        assert!(lost.clone().all(|error| error.code() == Code::InvalidCode), "round {round}: {answers:?}");
        assert_eq!(office.members(mill).await.unwrap().len(), 2, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_invitation_is_accepted_or_withdrawn_and_never_both() {
    let office = Office::new().await;
    let (mill, owner) = mill(&office).await;
    let ann = office.verified_fan("ann").await.user.id;
    let clients = Vec::from_iter((0..CLIENTS).map(|_| office.elsewhere()));
    let mut accepted = 0;
    for round in 0..ROUNDS {
        let (invitation, token) = fresh(&office, mill, owner, ann).await;
        // Who starts first differs, or one side would always win.
        let answers = at_once(&clients, |at, client| {
            let token = token.clone();
            Box::pin(async move {
                let accepts = (at + round) % 2 == 0;
                let answer = match accepts {
                    true => client.accept_invitation(&HOME, ann, &token).await.map(|_| ()),
                    false => client.withdraw_invitation(&HOME, mill, invitation.id).await,
                };
                (accepts, answer)
            })
        })
        .await;
        let winners: Vec<_> =
            answers.iter().filter(|(_, answer)| answer.is_ok()).map(|(accepts, _)| *accepts).collect();
        assert_eq!(winners.len(), 1, "round {round}: {answers:?}");
        office.advance(5 * SECOND);
        assert_eq!(role(&office, ann, mill).await.is_some(), winners[0], "round {round}: {answers:?}");
        accepted += usize::from(winners[0]);
    }
    assert!((1..ROUNDS).contains(&accepted), "the race was none: {accepted} of {ROUNDS} accepted");
}
