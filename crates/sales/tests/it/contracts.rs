//! Whose the money of orders is: by the contract that was in force when their seats were sold.

use std::time::Duration;

use payments::ledger::{Account, balance};
use payments::split::{Party, Share, Terms};
use sales::{Contract, FeeRule, FeeScope, NewContract, PartnerKind};
use stagedoor_core::{Code, EventId, PartnerId};

use crate::world::{FRONT, SIDE, World};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn partner(world: &World, kind: PartnerKind, name: &str) -> PartnerId {
    let tx = world.db.begin_write().await.unwrap();
    let partner = sales::add_partner(&tx, kind, name).await.unwrap();
    tx.commit().await.unwrap();
    partner.id
}

fn share(party: Party, face_value: u32, fee: u32) -> Share {
    Share { party, face_value, fee }
}

fn new(world: &World, event: Option<EventId>, shares: &[Share]) -> NewContract {
    let terms = Terms::new(shares.iter().copied()).unwrap();
    NewContract { organizer: world.organizer, event, valid_from: None, valid_until: None, terms }
}

async fn agree(world: &World, new: NewContract) -> Contract {
    let tx = world.db.begin_write().await.unwrap();
    let contract = sales::agree(&tx, new).await.unwrap();
    tx.commit().await.unwrap();
    contract
}

/// What is owed to an account, in cents.
async fn owed(world: &World, account: Account) -> i64 {
    let tx = world.db.begin_read().await.unwrap();
    -balance(&tx, account).await.unwrap().iter().map(|sum| sum.minor).sum::<i64>()
}

#[tokio::test]
async fn an_order_is_shared_and_what_goes_back_is_taken_back_alike() {
    let world = World::new().await;
    let (event, fan) = (world.event().await, world.fan());
    let fee = FeeRule { basis_points: 1_000, per_ticket_minor: 7, refundable: true };
    world.set_fees(FeeScope::Event(event), fee).await.unwrap();
    let hall = partner(&world, PartnerKind::Venue, "Old Mill").await;
    let promoter = partner(&world, PartnerKind::Promoter, "Northern Lights").await;
    let shares = [
        share(Party::Partner(hall), 1_111, 2_500),
        share(Party::Partner(promoter), 3_333, 0),
        share(Party::Organizer, 0, 1_250),
        share(Party::Platform, 250, 0),
    ];
    agree(&world, new(&world, None, &shares)).await;
    let order = world.bought(fan, event, &["S-A-1", "S-E-1", "S-E-2"]).await;
    let accounts = [
        Account::PartnerPayable(hall),
        Account::PartnerPayable(promoter),
        Account::OrganizerPayable(world.organizer),
        Account::PlatformFees,
    ];
    let books = async || {
        let mut books = Vec::new();
        for account in accounts {
            books.push(owed(&world, account).await);
        }
        books
    };
    let all = books().await;
    assert_eq!(all.iter().sum::<i64>(), order.total().minor);
    let fees: i64 = [FRONT, SIDE, SIDE].iter().map(|face| (face + 5) / 10 + 7).sum();
    let near = |part: i64, exact: i64| assert!((part * 10_000 - exact).abs() <= 6 * 10_000, "{part} of {exact}");
    let faces = FRONT + 2 * SIDE;
    near(all[0], faces * 1_111 + fees * 2_500);
    near(all[1], faces * 3_333);
    near(all[3], faces * 250 + fees * 6_250);

    // Another contract in between changes nothing of what was sold.
    agree(&world, new(&world, None, &[share(Party::Partner(promoter), 10_000, 10_000)])).await;
    world.cancel(&order, Some(vec![order.tickets[1].id])).await.unwrap();
    let some = books().await;
    assert_eq!(some.iter().sum::<i64>(), order.total().minor - world.reload(&order).await.refunded_total().minor);
    world.cancel(&order, None).await.unwrap();
    assert_eq!(books().await, [0; 4]);
    world.bought(fan, event, &["S-A-1"]).await;
    assert_eq!(books().await, [0, FRONT + (FRONT + 5) / 10 + 7, 0, 0]);
    world.audit().await;
}

#[tokio::test]
async fn the_newest_contract_in_force_counts_and_an_events_own_first() {
    let world = World::new().await;
    let (event, other) = (world.event().await, world.event().await);
    let (one, two, three) = (
        partner(&world, PartnerKind::Venue, "One").await,
        partner(&world, PartnerKind::Promoter, "Two").await,
        partner(&world, PartnerKind::Other, "Three").await,
    );
    let whole = |party| [share(Party::Partner(party), 10_000, 0)];
    let of = async |party| owed(&world, Account::PartnerPayable(party)).await;
    world.bought(world.fan(), event, &["S-A-1"]).await;
    assert_eq!(owed(&world, Account::OrganizerPayable(world.organizer)).await, FRONT, "without a contract");

    assert_eq!(agree(&world, new(&world, None, &whole(one))).await.version, 1);
    world.bought(world.fan(), event, &["S-A-2"]).await;
    assert_eq!(of(one).await, FRONT);
    let now = world.db.env.now();
    let later = NewContract { valid_from: Some(now + DAY), ..new(&world, None, &whole(two)) };
    assert_eq!(agree(&world, later).await.version, 2);
    world.bought(world.fan(), event, &["S-A-3"]).await;
    assert_eq!((of(one).await, of(two).await), (2 * FRONT, 0), "not yet");
    let own = NewContract { valid_until: Some(now + DAY), ..new(&world, Some(event), &whole(three)) };
    assert_eq!(agree(&world, own).await.version, 1);
    world.bought(world.fan(), event, &["S-A-4"]).await;
    world.bought(world.fan(), other, &["S-A-4"]).await;
    assert_eq!((of(one).await, of(three).await), (3 * FRONT, FRONT), "the event's own goes first");
    world.advance(DAY).await;
    world.bought(world.fan(), event, &["S-A-5"]).await;
    assert_eq!((of(one).await, of(two).await, of(three).await), (3 * FRONT, FRONT, FRONT));
    // One that gives nobody anything ends them.
    assert_eq!(agree(&world, new(&world, None, &[])).await.version, 3);
    world.bought(world.fan(), event, &["S-A-6"]).await;
    assert_eq!(owed(&world, Account::OrganizerPayable(world.organizer)).await, 2 * FRONT);
    let tx = world.db.begin_read().await.unwrap();
    let versions = sales::contracts(&tx, Some(world.organizer)).await.unwrap();
    assert_eq!(versions.len(), 4);
    assert!(sales::contracts(&tx, Some(world.db.env.id())).await.unwrap().is_empty(), "another's");
    drop(tx);
    world.audit().await;
}

#[tokio::test]
async fn a_contract_names_partners_that_there_are_and_is_never_changed() {
    let world = World::new().await;
    let hall = partner(&world, PartnerKind::Venue, "Old Mill").await;
    let refused = async |new: NewContract| {
        let tx = world.db.begin_write().await.unwrap();
        sales::agree(&tx, new).await.unwrap_err().code()
    };
    let stranger = share(Party::Partner(world.db.env.id()), 1, 0);
    assert_eq!(refused(new(&world, None, &[stranger])).await, Code::InvalidField);
    let now = Some(world.db.env.now());
    let ends = NewContract { valid_from: now, valid_until: now, ..new(&world, None, &[]) };
    assert_eq!(refused(ends).await, Code::InvalidField);
    agree(&world, new(&world, None, &[share(Party::Partner(hall), 1, 1)])).await;
    for sql in [
        "UPDATE contract SET valid_until = 9000000000000000",
        "UPDATE contract_share SET fee = 2",
        "DELETE FROM contract_share",
        "DELETE FROM contract",
    ] {
        let tx = world.db.begin_write().await.unwrap();
        assert!(tx.execute(sql, ()).await.is_err(), "{sql}");
    }
}
