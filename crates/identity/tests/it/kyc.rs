//! Documents that people hand in, and what staff decide.

use identity::{CheckStatus, Decider, Decision, Document, DocumentKind};
use stagedoor_core::{Code, IdentityCheckId};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{HOME, Office, PASSWORD};

fn passport() -> Document {
    Document::new(DocumentKind::Passport, "DE", "C01X00T47").unwrap()
}

#[tokio::test]
async fn a_document_waits_until_staff_decide_and_the_person_is_told() {
    let office = Office::new().await;
    let (ann, staff) = (office.verified_fan("ann").await.user, office.fan("staff").await.user.id);
    assert_eq!(office.submit_document(&HOME, staff, passport()).await.err().unwrap().code(), Code::WrongState);
    assert_eq!(ann.check, None);
    let check = office.submit_document(&HOME, ann.id, passport()).await.unwrap();
    assert_eq!(office.user(ann.id).await.unwrap().check, Some(CheckStatus::Pending));
    assert_eq!(office.submit_document(&HOME, ann.id, passport()).await.err().unwrap().code(), Code::WrongState);
    let waiting = office.checks(CheckStatus::Pending, None, 10).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].0.id, waiting[0].1.id), (1, check.id, ann.id));
    assert_eq!(waiting[0].0.document.reference, "C01X00T47");

    let own = office.decide_check(&HOME, check.id, Decision::Verify, Decider::Staff(ann.id)).await.err().unwrap();
    assert_eq!(own.code(), Code::WrongState, "nobody decides about themselves");
    let reason = "the picture is blurred";
    let rejected =
        office.decide_check(&HOME, check.id, Decision::Reject { reason }, Decider::Staff(staff)).await.unwrap();
    assert_eq!((rejected.status, rejected.reason.as_deref()), (CheckStatus::Rejected, Some(reason)));
    assert!(office.told("ann@example.org", reason).await);
    let late = office.decide_check(&HOME, check.id, Decision::Verify, Decider::Service).await.err().unwrap();
    assert_eq!(late.code(), Code::WrongState);

    office.advance(crate::SECOND);
    let second = office.submit_document(&HOME, ann.id, passport()).await.unwrap();
    office.decide_check(&HOME, second.id, Decision::Verify, Decider::Service).await.unwrap();
    assert_eq!(office.user(ann.id).await.unwrap().check, Some(CheckStatus::Verified));
    assert_eq!(office.submit_document(&HOME, ann.id, passport()).await.err().unwrap().code(), Code::WrongState);
    let all: Vec<_> = office.checks_of(ann.id).await.unwrap().into_iter().map(|check| check.status).collect();
    assert_eq!(all, [CheckStatus::Verified, CheckStatus::Rejected]);
    let absent = office.decide_check(&HOME, IdentityCheckId(Uuid::nil()), Decision::Verify, Decider::Service).await;
    assert_eq!(absent.err().unwrap().code(), Code::NotFound);
}

#[tokio::test]
async fn a_proven_name_is_no_other_name() {
    let office = Office::new().await;
    let ann = office.verified_fan("ann").await.user.id;
    let check = async || office.user(ann).await.unwrap().check;
    let waiting = office.submit_document(&HOME, ann, passport()).await.unwrap().id;
    office.rename(ann, "ann").await.unwrap();
    assert_eq!(check().await, Some(CheckStatus::Pending), "the same name");
    // Staff have looked at a document beside the name before.
    assert_eq!(office.rename(ann, "Anne").await.unwrap().check, Some(CheckStatus::Lapsed));
    let late = office.decide_check(&HOME, waiting, Decision::Verify, Decider::Service).await.err().unwrap();
    assert_eq!(late.code(), Code::WrongState);
    office.advance(crate::SECOND);
    let second = office.submit_document(&HOME, ann, passport()).await.unwrap();
    office.decide_check(&HOME, second.id, Decision::Verify, Decider::Service).await.unwrap();
    let german = identity::ProfileChange { locale: Some(identity::Locale::German), ..Default::default() };
    assert_eq!(office.update_profile(&HOME, ann, german).await.unwrap().check, Some(CheckStatus::Verified));
    assert_eq!(office.rename(ann, "Somebody Else").await.unwrap().check, Some(CheckStatus::Lapsed));
    assert!(office.checks(CheckStatus::Verified, None, 10).await.unwrap().is_empty());
    office.advance(crate::SECOND);
    office.submit_document(&HOME, ann, passport()).await.unwrap();
    assert_eq!(check().await, Some(CheckStatus::Pending));
}

#[tokio::test]
async fn what_a_person_is_told_of_a_document_is_sealed() {
    let office = Office::new().await;
    let ann = office.verified_fan("ann").await.user.id;
    let check = office.submit_document(&HOME, ann, passport()).await.unwrap();
    let reason = "the name in it is Mary";
    office.decide_check(&HOME, check.id, Decision::Reject { reason }, Decider::Service).await.unwrap();
    assert_eq!(office.checks_of(ann).await.unwrap()[0].reason.as_deref(), Some(reason));
    let tx = office.db.begin_read().await.unwrap();
    let kept: Vec<u8> = tx.one("SELECT reason FROM identity_check", (), |row| row.get(0)).await.unwrap();
    assert!(!kept.windows(4).any(|four| four == b"Mary"));
}

#[tokio::test]
async fn checks_come_in_pages_the_oldest_first() {
    let office = Office::new().await;
    let mut ids = Vec::new();
    for name in ["ann", "bob", "eve"] {
        office.advance(crate::SECOND);
        let fan = office.verified_fan(name).await.user.id;
        ids.push(office.submit_document(&HOME, fan, passport()).await.unwrap().id);
    }
    let first = office.checks(CheckStatus::Pending, None, 2).await.unwrap();
    assert_eq!([first[0].0.id, first[1].0.id], ids[..2]);
    let rest = office.checks(CheckStatus::Pending, Some(ids[1]), 2).await.unwrap();
    assert_eq!((rest.len(), rest[0].0.id), (1, ids[2]));
}

#[tokio::test]
async fn an_erased_person_leaves_no_document() {
    let office = Office::new().await;
    let ann = office.verified_fan("ann").await.user.id;
    let check = office.submit_document(&HOME, ann, passport()).await.unwrap();
    office.delete(&HOME, ann, PASSWORD, None, &[]).await.unwrap();
    assert!(office.checks(CheckStatus::Pending, None, 10).await.unwrap().is_empty());
    let gone = office.decide_check(&HOME, check.id, Decision::Verify, Decider::Service).await.err().unwrap();
    assert_eq!(gone.code(), Code::NotFound);
    let sql = "SELECT COUNT(*) FROM identity_check WHERE document IS NOT NULL";
    let left: i64 = office.db.begin_read().await.unwrap().one(sql, (), |row| row.get(0)).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_is_no_document_is_refused_by_field() {
    for (country, reference, field) in
        [("de", "C01X00T47", "country"), ("DEU", "x", "country"), ("DE", " ", "reference")]
    {
        let refused = Document::new(DocumentKind::IdCard, country, reference).err().unwrap();
        assert_eq!(refused.field, field);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_decision_counts_and_one_document_waits() {
    let office = Office::new().await;
    for round in 0..50 {
        let fan = office.verified_fan(&format!("fan{round}")).await.user.id;
        let mut racers = JoinSet::new();
        for _ in 0..4 {
            let identity = office.identity.clone();
            racers.spawn(async move { identity.submit_document(&HOME, fan, passport()).await.ok() });
        }
        let won: Vec<_> = racers.join_all().await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "round {round}");
        let (id, mut racers) = (won[0].id, JoinSet::new());
        for racer in 0..4 {
            let identity = office.identity.clone();
            racers.spawn(async move {
                let decision = if racer % 2 == 0 { Decision::Verify } else { Decision::Reject { reason: "blurred" } };
                identity.decide_check(&HOME, id, decision, Decider::Service).await.is_ok()
            });
        }
        assert_eq!(racers.join_all().await.into_iter().filter(|won| *won).count(), 1, "round {round}");
    }
}
