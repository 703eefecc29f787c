//! The ledger over both databases, and against a model that only adds.

use std::collections::HashMap;

use payments::ledger::{
    Account, Entry, Finding, LedgerError, Line, Movement, Posted, SaleKind, SaleLine, balance, captured, check, post,
    refunded,
};
use payments::{PaymentState, RefundState};
use proptest::prelude::*;
use stagedoor_core::{Currency, EntryId, Env, Money, OrganizerId, PaymentId, RefundId};
use store::Tx;
use testkit::TestStore;
use uuid::Uuid;

use crate::world::{World, eur};

fn entry(payment: PaymentId, minor: i64) -> Entry {
    let line = |account, minor| Line { account, amount: eur(minor) };
    Entry::new(Movement::Capture(payment), [line(Account::GatewayClearing, minor), line(Account::PlatformFees, -minor)])
        .unwrap()
}

#[tokio::test]
async fn a_movement_is_posted_once() {
    let db = TestStore::new().await;
    let payment = db.env.id();
    let tx = db.begin_write().await.unwrap();
    assert_eq!(post(&tx, &entry(payment, 5)).await.unwrap(), Posted::New);
    assert_eq!(post(&tx, &entry(payment, 5)).await.unwrap(), Posted::Already);
    assert!(matches!(post(&tx, &entry(payment, 6)).await, Err(LedgerError::Mismatch)));
    tx.commit().await.unwrap();
    let tx = db.begin_read().await.unwrap();
    assert_eq!(balance(&tx, Account::GatewayClearing).await.unwrap(), [eur(5)]);
    assert_eq!(balance(&tx, Account::PlatformFees).await.unwrap(), [eur(-5)]);
    assert_eq!(balance(&tx, Account::Suspense).await.unwrap(), []);
}

#[tokio::test]
async fn a_posting_goes_with_its_transaction() {
    let db = TestStore::new().await;
    let tx = db.begin_write().await.unwrap();
    post(&tx, &entry(db.env.id(), 5)).await.unwrap();
    drop(tx);
    assert_eq!(balance(&db.begin_read().await.unwrap(), Account::PlatformFees).await.unwrap(), []);
}

#[tokio::test]
async fn posted_rows_cannot_be_changed_or_removed() {
    let db = TestStore::new().await;
    let tx = db.begin_write().await.unwrap();
    post(&tx, &entry(db.env.id(), 5)).await.unwrap();
    tx.commit().await.unwrap();
    for change in [
        "UPDATE ledger_line SET amount_minor = 6",
        "DELETE FROM ledger_line",
        "UPDATE ledger_entry SET lines = 3",
        "DELETE FROM ledger_entry",
    ] {
        let tx = db.begin_write().await.unwrap();
        assert!(tx.execute(change, ()).await.is_err(), "{change}");
    }
    let tx = db.begin_read().await.unwrap();
    assert_eq!(balance(&tx, Account::GatewayClearing).await.unwrap(), [eur(5)]);
}

async fn plant(tx: &Tx, lines: i64, amounts: &[i64]) -> EntryId {
    let id: EntryId = tx.env().id();
    tx.execute(
        "INSERT INTO ledger_entry (id, movement, subject, lines, posted_at) VALUES ($1, 'planted', $1, $2, 0)",
        (id, lines),
    )
    .await
    .unwrap();
    for (at, minor) in amounts.iter().enumerate() {
        tx.execute(
            "INSERT INTO ledger_line (entry_id, line, account, party, amount_minor, currency)
             VALUES ($1, $2, 'suspense', $3, $4, 'EUR')",
            (id, at as i64, Uuid::nil(), *minor),
        )
        .await
        .unwrap();
    }
    id
}

#[tokio::test]
async fn the_check_finds_what_was_planted() {
    let world = World::new().await;
    world.captured("tok_ok").await;
    world.check().await;
    let tx = world.db.begin_write().await.unwrap();
    let unbalanced = plant(&tx, 2, &[5, -4]).await;
    let short = plant(&tx, 3, &[2, -2]).await;
    post(&tx, &entry(world.db.env.id(), 7)).await.unwrap();
    tx.commit().await.unwrap();
    let mut findings = check(&world.db.begin_read().await.unwrap()).await.unwrap();
    assert_eq!(
        findings,
        [
            Finding::Unbalanced { entry: unbalanced, rest: eur(1) },
            Finding::LinesMissing { entry: short },
            Finding::CurrencyUnbalanced { rest: eur(1) },
            Finding::ClearingDiffers { ledger: eur(4507), payments: eur(4500) },
        ]
    );
    assert!(findings.remove(0).to_string().contains("0.01 EUR"));
}

/// One random order and what becomes of it.
#[derive(Debug, Clone)]
struct Life {
    lines: Vec<(u8, u8, i64)>,
    /// How many of a thousand parts each refund asks for.
    refunds: Vec<i64>,
}

fn any_life() -> impl Strategy<Value = Life> {
    let line = (0..4u8, 0..3u8, 1..100_000i64);
    (prop::collection::vec(line, 1..8), prop::collection::vec(1..1000i64, 0..5))
        .prop_map(|(lines, refunds)| Life { lines, refunds })
}

fn sale_lines(life: &Life, parts: i64, of: i64) -> Vec<SaleLine> {
    let line = |(kind, organizer, minor): &(u8, u8, i64)| {
        let (kind, sign) = match kind {
            0 => (SaleKind::FaceValue, 1),
            1 => (SaleKind::Fee, 1),
            2 => (SaleKind::Tax, 1),
            // A discount never exceeds what it is on: the face value beside it is twice as much.
            _ => (SaleKind::Discount, -1),
        };
        let organizer = OrganizerId(Uuid::from_u128(u128::from(*organizer)));
        let amount = |minor: i64| eur(minor * parts / of);
        let base = (kind == SaleKind::Discount).then(|| SaleLine {
            kind: SaleKind::FaceValue,
            organizer,
            amount: amount(minor * 2),
        });
        [Some(SaleLine { kind, organizer, amount: amount(sign * minor) }), base]
    };
    life.lines.iter().flat_map(line).flatten().collect()
}

fn total(lines: &[SaleLine]) -> i64 {
    lines.iter().map(|line| line.amount.minor).sum()
}

/// Adds to the model what each party is owed; written apart from the ledger's own rules.
fn owe(model: &mut HashMap<Account, i64>, lines: &[SaleLine], sign: i64) {
    for line in lines {
        let account = match line.kind {
            SaleKind::FaceValue | SaleKind::Discount => Account::OrganizerPayable(line.organizer),
            SaleKind::Fee => Account::PlatformFees,
            SaleKind::Tax => Account::TaxPayable(line.organizer),
        };
        *model.entry(account).or_default() -= sign * line.amount.minor;
        *model.entry(Account::GatewayClearing).or_default() += sign * line.amount.minor;
    }
}

async fn live(world: &World, life: &Life, model: &mut HashMap<Account, i64>) {
    let env: &Env = &world.db.env;
    let lines = sale_lines(life, 1, 1);
    let id = world.create_for(env.id(), total(&lines), "tok_ok").await.unwrap();
    world.authorize(id).await;
    let payment = world.payments.capture(id, &captured(id, &lines).unwrap()).await.unwrap();
    assert_eq!(payment.state, PaymentState::Captured);
    owe(model, &lines, 1);
    let mut left = total(&lines);
    for parts in &life.refunds {
        let part = sale_lines(life, *parts, 1000);
        let (refund, minor): (RefundId, i64) = (env.id(), total(&part));
        if minor < 0 {
            continue;
        }
        assert_eq!(world.claim(refund, id, minor).await.is_ok(), minor <= left, "{minor} of {left}");
        if minor <= left {
            let entry = refunded(refund, &part).unwrap();
            let done = world.payments.refund(refund, &entry).await.unwrap();
            assert_eq!(done.state, RefundState::Refunded);
            owe(model, &part, -1);
            left -= minor;
        }
    }
    let payment = world.find(id).await;
    assert_eq!(payment.captured.minor - payment.refunded.minor, left);
    assert!(payment.refunded.minor <= payment.captured.minor);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_sums_to_zero_and_agrees_with_a_model(lives in prop::collection::vec(any_life(), 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let mut model = HashMap::new();
            for life in &lives {
                live(&world, life, &mut model).await;
            }
            let tx = world.db.begin_read().await.unwrap();
            for (account, expected) in model {
                let sums = balance(&tx, account).await.unwrap();
                let sum = Money::sum(Currency::EUR, sums).unwrap();
                assert_eq!(sum.minor, expected, "{account:?}");
            }
            world.check().await;
        });
    }
}
