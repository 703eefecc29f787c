//! Double-entry bookkeeping: every movement of money is an entry whose lines sum to zero in each
//! currency. Entries are added, never changed; the tables refuse it.
//!
//! An amount is a debit when positive and a credit when negative: money arriving at the gateway is
//! `+`, and what we owe for it to others is `-`. What an organizer is owed is therefore the
//! negative balance of its payable account. Source: ARCHITECTURE.md section 9, invariant 6.

use std::collections::BTreeMap;
use std::fmt;

use stagedoor_core::{Currency, EntryId, Money, MoneyError, OrganizerId, PartnerId, PaymentId, RefundId};
use store::Tx;
use uuid::Uuid;

use crate::split::Terms;
use crate::sql;

/// Whose money, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// At the payment gateway, on its way to our bank.
    GatewayClearing,
    /// Owed to an organizer for tickets sold.
    OrganizerPayable(OrganizerId),
    /// Earned by the platform.
    PlatformFees,
    /// Taxes on an organizer's sales, owed to the authorities.
    TaxPayable(OrganizerId),
    /// Taken by mistake and on its way back.
    Suspense,
    /// Owed to who is paid with an organizer, by a contract.
    PartnerPayable(PartnerId),
}

impl Account {
    /// As it is stored: the kind and the party, nil when the account is the platform's own.
    pub(crate) fn parts(self) -> (&'static str, Uuid) {
        match self {
            Account::GatewayClearing => ("gateway_clearing", Uuid::nil()),
            Account::OrganizerPayable(organizer) => ("organizer_payable", organizer.0),
            Account::PlatformFees => ("platform_fees", Uuid::nil()),
            Account::TaxPayable(organizer) => ("tax_payable", organizer.0),
            Account::Suspense => ("suspense", Uuid::nil()),
            Account::PartnerPayable(partner) => ("partner_payable", partner.0),
        }
    }
}

/// What moved the money: an entry's natural key, so that a movement is posted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Movement {
    Capture(PaymentId),
    Refund(RefundId),
    /// The gateway took less than was to be paid, and gave it back.
    ShortCapture(PaymentId),
    ShortCaptureReturned(PaymentId),
}

impl Movement {
    pub(crate) fn parts(self) -> (&'static str, Uuid) {
        match self {
            Movement::Capture(payment) => ("capture", payment.0),
            Movement::Refund(refund) => ("refund", refund.0),
            Movement::ShortCapture(payment) => ("short_capture", payment.0),
            Movement::ShortCaptureReturned(payment) => ("short_capture_returned", payment.0),
        }
    }
}

/// One account's part in an entry; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    pub account: Account,
    pub amount: Money,
}

/// A balanced set of lines, at most [`Entry::LINES_MAX`]. There is no other kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    movement: Movement,
    lines: Vec<Line>,
}

#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error(transparent)]
    Store(#[from] store::Error),
    /// `0` of the currency is left over.
    #[error("the entry is out of balance by {0}")]
    Unbalanced(Money),
    #[error("an entry of {0} lines is longer than {max}", max = Entry::LINES_MAX)]
    TooLong(usize),
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The movement was posted before with other lines.
    #[error("the movement was posted before with other lines")]
    Mismatch,
}

impl Entry {
    /// More than the largest order has: 3 holds of one event each, and of each 4 kinds of lines, of which 3 are
    /// shared by 10 parties and the one that has the rest.
    pub const LINES_MAX: usize = 200;

    /// Lines of zero are left out. Errors: `Unbalanced`, `TooLong`, `Money`.
    pub fn new(movement: Movement, lines: impl IntoIterator<Item = Line>) -> Result<Entry, LedgerError> {
        let lines: Vec<_> = lines.into_iter().filter(|line| line.amount.minor != 0).collect();
        if lines.len() > Self::LINES_MAX {
            return Err(LedgerError::TooLong(lines.len()));
        }
        let mut sums: BTreeMap<&str, Money> = BTreeMap::new();
        for Line { amount, .. } in &lines {
            let sum = sums.entry(amount.currency.code()).or_insert(Money::zero(amount.currency));
            *sum = sum.checked_add(*amount)?;
        }
        match sums.into_values().find(|sum| sum.minor != 0) {
            Some(rest) => Err(LedgerError::Unbalanced(rest)),
            None => Ok(Entry { movement, lines }),
        }
    }

    pub fn movement(&self) -> Movement {
        self.movement
    }

    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What the entry brings to the gateway account, in minor units; negative when it leaves.
    pub fn clearing(&self) -> i64 {
        let clearing = self.lines.iter().filter(|line| line.account == Account::GatewayClearing);
        clearing.map(|line| line.amount.minor).sum()
    }
}

/// What part of an order's price a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SaleKind {
    /// The organizer's.
    FaceValue,
    /// The platform's.
    Fee,
    /// Owed to the authorities on behalf of the organizer.
    Tax,
    /// Borne by the organizer. Its amounts are negative.
    Discount,
}

/// A line of an order, as sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleLine {
    pub kind: SaleKind,
    pub organizer: OrganizerId,
    pub amount: Money,
}

/// The entry for the capture of an order made of `lines`, without a contract: the gateway owes us their
/// sum, and we owe each party its part.
pub fn captured(payment: PaymentId, lines: &[SaleLine]) -> Result<Entry, LedgerError> {
    captured_under(payment, lines.iter().map(|line| (*line, Terms::none())))
}

/// The same where each line is shared by the contract beside it.
pub fn captured_under<'a>(
    payment: PaymentId,
    lines: impl IntoIterator<Item = (SaleLine, &'a Terms)>,
) -> Result<Entry, LedgerError> {
    sale(Movement::Capture(payment), lines, 1)
}

/// The entry for giving `lines` back, their amounts as they were sold: the capture reversed.
pub fn refunded(refund: RefundId, lines: &[SaleLine]) -> Result<Entry, LedgerError> {
    refunded_under(refund, lines.iter().map(|line| (*line, Terms::none())))
}

/// The same where each line was shared by the contract beside it.
pub fn refunded_under<'a>(
    refund: RefundId,
    lines: impl IntoIterator<Item = (SaleLine, &'a Terms)>,
) -> Result<Entry, LedgerError> {
    sale(Movement::Refund(refund), lines, -1)
}

/// One line for each organizer, kind and party, in a fixed order, so that the same sale is the same entry.
fn sale<'a>(
    movement: Movement,
    lines: impl IntoIterator<Item = (SaleLine, &'a Terms)>,
    sign: i64,
) -> Result<Entry, LedgerError> {
    let mut parts: BTreeMap<(OrganizerId, SaleKind, &str, Account), Money> = BTreeMap::new();
    let mut totals: BTreeMap<&str, Money> = BTreeMap::new();
    for (line, terms) in lines {
        let (currency, zero) = (line.amount.currency.code(), Money::zero(line.amount.currency));
        for (account, amount) in terms.split(&line) {
            let part = parts.entry((line.organizer, line.kind, currency, account)).or_insert(zero);
            *part = part.checked_add(amount)?;
        }
        let total = totals.entry(currency).or_insert(zero);
        *total = total.checked_add(line.amount)?;
    }
    let mut entry = Vec::with_capacity(totals.len() + parts.len());
    for total in totals.into_values() {
        entry.push(Line { account: Account::GatewayClearing, amount: total.checked_mul(sign)? });
    }
    for ((.., account), amount) in parts {
        entry.push(Line { account, amount: amount.checked_mul(-sign)? });
    }
    Entry::new(movement, entry)
}

pub(crate) fn short_capture(payment: PaymentId, amount: Money) -> Entry {
    suspense(Movement::ShortCapture(payment), amount.minor, amount.currency)
}

pub(crate) fn short_capture_returned(payment: PaymentId, amount: Money) -> Entry {
    suspense(Movement::ShortCaptureReturned(payment), -amount.minor, amount.currency)
}

fn suspense(movement: Movement, minor: i64, currency: Currency) -> Entry {
    let line = |account, minor| Line { account, amount: Money::new(minor, currency) };
    let lines = vec![line(Account::GatewayClearing, minor), line(Account::Suspense, -minor)];
    Entry { movement, lines }
}

/// Whether [`post`] wrote anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    New,
    /// The movement was posted before, with the same lines.
    Already,
}

/// Posts `entry` in the transaction of the state it pays for.
/// Errors: `Mismatch` when its movement was posted before with other lines.
pub async fn post(tx: &Tx, entry: &Entry) -> Result<Posted, LedgerError> {
    if sql::insert_entry(tx, entry).await? {
        return Ok(Posted::New);
    }
    let same = sql::entry_lines(tx, entry.movement).await? == sql::stored_lines(entry);
    if same { Ok(Posted::Already) } else { Err(LedgerError::Mismatch) }
}

/// The balance of `account`, one amount for each currency it was ever used in.
pub async fn balance(tx: &Tx, account: Account) -> store::Result<Vec<Money>> {
    sql::balance(tx, account).await
}

/// Something the books should not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    Unbalanced {
        entry: EntryId,
        rest: Money,
    },
    /// The entry has another number of lines than it was posted with.
    LinesMissing {
        entry: EntryId,
    },
    /// All lines of one currency together are not zero.
    CurrencyUnbalanced {
        rest: Money,
    },
    /// The gateway account differs from what payments and refunds say was taken and given back.
    ClearingDiffers {
        ledger: Money,
        payments: Money,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Unbalanced { entry, rest } => write!(out, "ledger entry {entry} is out of balance by {rest}"),
            Finding::LinesMissing { entry } => write!(out, "ledger entry {entry} does not have all its lines"),
            Finding::CurrencyUnbalanced { rest } => write!(out, "the ledger is out of balance by {rest}"),
            Finding::ClearingDiffers { ledger, payments } => {
                write!(out, "the gateway account holds {ledger}, payments and refunds say {payments}")
            }
        }
    }
}

/// Checks the whole ledger, in itself and against payments and refunds; empty when it is sound.
/// At most 100 findings of each kind.
pub async fn check(tx: &Tx) -> store::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (entry, rest) in sql::unbalanced_entries(tx).await? {
        findings.push(Finding::Unbalanced { entry, rest });
    }
    for entry in sql::short_entries(tx).await? {
        findings.push(Finding::LinesMissing { entry });
    }
    for rest in sql::currency_sums(tx).await? {
        if rest.minor != 0 {
            findings.push(Finding::CurrencyUnbalanced { rest });
        }
    }
    let by_currency =
        |sums: Vec<Money>| sums.into_iter().map(|sum| (sum.currency.code(), sum)).collect::<BTreeMap<_, _>>();
    let mut ledger = by_currency(balance(tx, Account::GatewayClearing).await?);
    let mut payments = by_currency(sql::taken_by_payments(tx).await?);
    for (code, sum) in ledger.clone() {
        payments.entry(code).or_insert(Money::zero(sum.currency));
    }
    for (code, payments) in payments {
        let ledger = ledger.remove(code).unwrap_or(Money::zero(payments.currency));
        if ledger != payments {
            findings.push(Finding::ClearingDiffers { ledger, payments });
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use stagedoor_core::Env;

    use super::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    #[test]
    fn an_entry_that_does_not_balance_in_each_currency_cannot_be_made() {
        let movement = Movement::Capture(Env::seeded(1).id());
        let line = |account, amount| Line { account, amount };
        let yen = |minor| Money::new(minor, Currency::JPY);
        let (clearing, fees) = (Account::GatewayClearing, Account::PlatformFees);
        assert!(Entry::new(movement, [line(clearing, eur(5)), line(fees, eur(-5))]).is_ok());
        assert!(matches!(
            Entry::new(movement, [line(clearing, eur(5)), line(fees, eur(-4))]),
            Err(LedgerError::Unbalanced(rest)) if rest == eur(1)
        ));
        assert!(matches!(
            Entry::new(movement, [line(clearing, eur(5)), line(fees, yen(-5))]),
            Err(LedgerError::Unbalanced(_))
        ));
        assert!(matches!(
            Entry::new(movement, [line(clearing, eur(i64::MAX)), line(fees, eur(1))]),
            Err(LedgerError::Money(MoneyError::Overflow))
        ));
        let many = (0..=Entry::LINES_MAX as i64).map(|at| line(clearing, eur(if at % 2 == 0 { 1 } else { -1 })));
        assert!(matches!(Entry::new(movement, many), Err(LedgerError::TooLong(_))));
    }

    #[test]
    fn a_sale_gives_everyone_their_part_and_a_refund_takes_it_back() {
        let env = Env::seeded(1);
        let (one, two): (OrganizerId, OrganizerId) = (env.id(), env.id());
        let (one, two) = (one.min(two), one.max(two));
        let line = |kind, organizer, minor| SaleLine { kind, organizer, amount: eur(minor) };
        let lines = [
            line(SaleKind::FaceValue, one, 4000),
            line(SaleKind::FaceValue, one, 4000),
            line(SaleKind::Fee, one, 300),
            line(SaleKind::Tax, one, 560),
            line(SaleKind::Discount, one, -1000),
            line(SaleKind::FaceValue, two, 2500),
            line(SaleKind::Fee, two, 0),
        ];
        let sold = captured(env.id(), &lines).unwrap();
        let plain = |entry: &Entry| -> Vec<_> { entry.lines().iter().map(|l| (l.account, l.amount.minor)).collect() };
        assert_eq!(
            plain(&sold),
            [
                (Account::GatewayClearing, 10_360),
                (Account::OrganizerPayable(one), -8000),
                (Account::PlatformFees, -300),
                (Account::TaxPayable(one), -560),
                (Account::OrganizerPayable(one), 1000),
                (Account::OrganizerPayable(two), -2500),
            ]
        );
        assert_eq!(sold.clearing(), 10_360);
        let back = refunded(env.id(), &lines).unwrap();
        let reversed: Vec<_> = plain(&sold).into_iter().map(|(account, minor)| (account, -minor)).collect();
        assert_eq!(plain(&back), reversed);
    }

    #[test]
    fn a_sale_of_nothing_is_an_empty_entry() {
        let organizer = Env::seeded(1).id();
        let free = SaleLine { kind: SaleKind::FaceValue, organizer, amount: eur(0) };
        assert!(captured(Env::seeded(1).id(), &[free]).unwrap().lines().is_empty());
    }
}
