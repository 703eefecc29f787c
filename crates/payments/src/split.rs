//! Who gets what of the lines of an order, by the contract that was in force when its money was captured.
//!
//! Every line is split by itself, by largest remainder: the parts sum to the line exactly, and a line that
//! is given back takes back what it gave, whichever other lines are.

use stagedoor_core::{FieldError, Money, PartnerId};

use crate::ledger::{Account, SaleKind, SaleLine};

/// The whole of a line.
const WHOLE: u32 = 10_000;

/// Who can have a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// A venue, a promoter or whoever else is paid with the organizer.
    Partner(PartnerId),
    /// Of fees alone: of the face value it has what nobody else has.
    Organizer,
    /// Of the face value alone: of fees it has what nobody else has.
    Platform,
}

/// What a party gets of every line, in basis points: 500 is 5 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub party: Party,
    /// Of the face value; discounts are borne alike.
    pub face_value: u32,
    pub fee: u32,
}

/// The shares of a contract. Without any, the organizer has the face value and the platform the fees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms(Vec<Share>);

static NONE: Terms = Terms(Vec::new());

impl Terms {
    /// A show has a handful of parties; the entries of an order stay short.
    pub const SHARES_MAX: usize = 10;

    /// `Field` unless every party is named once with something to get, and all together get no more than
    /// there is.
    pub fn new(shares: impl IntoIterator<Item = Share>) -> Result<Terms, FieldError> {
        let shares = Vec::from_iter(shares);
        let wrong = |reason: String| Err(FieldError::new("shares", reason));
        if shares.len() > Self::SHARES_MAX {
            return wrong(format!("must be at most {}", Self::SHARES_MAX));
        }
        for (at, share) in shares.iter().enumerate() {
            let Share { party, face_value, fee } = *share;
            if shares[..at].iter().any(|other| other.party == party) {
                return wrong("must name a party once".into());
            }
            if face_value == 0 && fee == 0 {
                return wrong("must give every party something".into());
            }
            if party == Party::Organizer && face_value > 0 {
                return wrong("must leave the organizer the rest of the face value, and no share of it".into());
            }
            if party == Party::Platform && fee > 0 {
                return wrong("must leave the platform the rest of the fees, and no share of them".into());
            }
        }
        let whole = |of: fn(&Share) -> u32| shares.iter().map(|share| u64::from(of(share))).sum::<u64>();
        if whole(|share| share.face_value) > u64::from(WHOLE) || whole(|share| share.fee) > u64::from(WHOLE) {
            return wrong(format!("must be at most {WHOLE} basis points together"));
        }
        Ok(Terms(shares))
    }

    /// What counts where nothing was agreed.
    pub fn none() -> &'static Terms {
        &NONE
    }

    pub fn shares(&self) -> &[Share] {
        &self.0
    }

    /// Who gets what of `line`; the amounts sum to its own and have its sign.
    pub fn split(&self, line: &SaleLine) -> Vec<(Account, Money)> {
        let SaleLine { kind, organizer, amount } = *line;
        let (of, rest): (fn(&Share) -> u32, _) = match kind {
            SaleKind::FaceValue | SaleKind::Discount => {
                (|share| share.face_value, Account::OrganizerPayable(organizer))
            }
            SaleKind::Fee => (|share| share.fee, Account::PlatformFees),
            SaleKind::Tax => (|_| 0, Account::TaxPayable(organizer)),
        };
        let mut parties: Vec<(Account, u32)> = vec![(rest, WHOLE)];
        for share in self.0.iter().filter(|share| of(share) > 0) {
            let account = match share.party {
                Party::Partner(partner) => Account::PartnerPayable(partner),
                Party::Organizer => Account::OrganizerPayable(organizer),
                Party::Platform => Account::PlatformFees,
            };
            parties.push((account, of(share)));
            parties[0].1 -= of(share);
        }
        let parts = divide(amount.minor, &Vec::from_iter(parties.iter().map(|(_, basis_points)| *basis_points)));
        let parts = parties.into_iter().zip(parts);
        parts.map(|((account, _), minor)| (account, Money::new(minor, amount.currency))).collect()
    }
}

/// `minor` by `shares`, in basis points that sum to the whole: each gets what is its own rounded towards
/// zero, and what is left over goes one by one to those who lost most by that, the first of equals first.
fn divide(minor: i64, shares: &[u32]) -> Vec<i64> {
    let (sign, size) = (i128::from(minor.signum()), i128::from(minor).abs());
    let exact = shares.iter().map(|share| size * i128::from(*share));
    let mut parts = Vec::from_iter(exact.clone().map(|exact| exact / i128::from(WHOLE)));
    let lost = Vec::from_iter(exact.map(|exact| exact % i128::from(WHOLE)));
    let mut order = Vec::from_iter(0..shares.len());
    order.sort_by_key(|at| std::cmp::Reverse(lost[*at]));
    let left = size - parts.iter().sum::<i128>();
    for at in order.into_iter().take(usize::try_from(left).expect("less is left over than there are shares")) {
        parts[at] += 1;
    }
    parts.into_iter().map(|part| i64::try_from(sign * part).expect("a part is no more than the whole")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use stagedoor_core::{Currency, Entropy, Env, OrganizerId};

    use super::*;
    use crate::ledger::{captured_under, refunded_under};

    fn share(party: Party, face_value: u32, fee: u32) -> Share {
        Share { party, face_value, fee }
    }

    #[test]
    fn what_is_left_over_goes_to_who_lost_most() {
        for (minor, shares, parts) in [
            (100, [5_000, 3_000, 2_000], [50, 30, 20]),
            (101, [5_000, 3_000, 2_000], [51, 30, 20]),
            (1, [3_334, 3_333, 3_333], [1, 0, 0]),
            (2, [3_334, 3_333, 3_333], [1, 1, 0]),
            (-2, [3_334, 3_333, 3_333], [-1, -1, 0]),
            (5, [1_000, 4_500, 4_500], [1, 2, 2]),
            (0, [1_000, 4_500, 4_500], [0, 0, 0]),
            (i64::MAX, [10_000, 0, 0], [i64::MAX, 0, 0]),
            (i64::MIN, [10_000, 0, 0], [i64::MIN, 0, 0]),
        ] {
            assert_eq!(divide(minor, &shares), parts, "{minor} by {shares:?}");
        }
    }

    #[test]
    fn a_contract_gives_no_more_than_there_is() {
        let env = Env::seeded(1);
        let (one, two) = (Party::Partner(env.id()), Party::Partner(env.id()));
        let good = [share(one, 6_000, 0), share(two, 4_000, 10_000)];
        assert_eq!(Terms::new(good).unwrap().shares(), good);
        for wrong in [
            vec![share(one, 6_000, 0), share(two, 4_001, 0)],
            vec![share(one, 0, 6_000), share(two, 0, 4_001)],
            vec![share(one, 1, 0), share(one, 1, 0)],
            vec![share(one, 0, 0)],
            vec![share(Party::Organizer, 1, 1)],
            vec![share(Party::Platform, 1, 1)],
            vec![share(one, u32::MAX, 0), share(two, u32::MAX, 0)],
            (0..11).map(|_| share(Party::Partner(env.id()), 1, 0)).collect(),
        ] {
            assert!(Terms::new(wrong.clone()).is_err(), "{wrong:?}");
        }
    }

    /// Any contract, from one without shares to one that gives everything away.
    fn any_terms(entropy: &Entropy, env: &Env) -> Terms {
        let mut shares: Vec<Share> = Vec::new();
        let (mut face_value, mut fee) = (u64::from(WHOLE), u64::from(WHOLE));
        for at in 0..entropy.below(Terms::SHARES_MAX as u64 + 1) {
            let party = match at {
                0 if entropy.below(2) == 0 => Party::Organizer,
                1 if entropy.below(2) == 0 => Party::Platform,
                _ => Party::Partner(env.id()),
            };
            let of_face = if party == Party::Organizer { 0 } else { entropy.below(face_value + 1) };
            let of_fee = if party == Party::Platform { 0 } else { entropy.below(fee + 1) };
            if of_face + of_fee > 0 {
                (face_value, fee) = (face_value - of_face, fee - of_fee);
                shares.push(share(party, of_face as u32, of_fee as u32));
            }
        }
        Terms::new(shares).unwrap()
    }

    fn any_line(entropy: &Entropy, organizer: OrganizerId) -> SaleLine {
        let most = [2, 100, 10_000, 1_000_000_000][entropy.below(4) as usize];
        let minor = entropy.below(most) as i64;
        let (kind, minor) = match entropy.below(5) {
            0 => (SaleKind::Fee, minor),
            1 => (SaleKind::Tax, minor),
            2 => (SaleKind::Discount, -minor),
            _ => (SaleKind::FaceValue, minor),
        };
        SaleLine { kind, organizer, amount: Money::new(minor, Currency::EUR) }
    }

    /// Of any contract and any lines: the parts of a line sum to it and have its sign, each is within one
    /// minor unit of what the contract says, an order's entry balances, and however its lines are given back,
    /// in whatever pieces, everybody ends with nothing.
    #[test]
    fn any_order_sums_and_any_refunds_of_it_leave_nothing() {
        for seed in 0..2_000 {
            let (entropy, env) = (Entropy::seeded(seed), Env::seeded(seed));
            let organizers: Vec<OrganizerId> = (0..1 + entropy.below(3)).map(|_| env.id()).collect();
            let terms: Vec<Terms> = organizers.iter().map(|_| any_terms(&entropy, &env)).collect();
            let lines: Vec<(SaleLine, &Terms)> = (0..1 + entropy.below(30))
                .map(|_| {
                    let at = entropy.below(organizers.len() as u64) as usize;
                    (any_line(&entropy, organizers[at]), &terms[at])
                })
                .collect();
            for (line, terms) in &lines {
                let parts = terms.split(line);
                assert_eq!(parts.iter().map(|(_, part)| part.minor).sum::<i64>(), line.amount.minor, "seed {seed}");
                for (account, part) in &parts {
                    assert!(part.minor == 0 || part.minor.signum() == line.amount.minor.signum(), "seed {seed}");
                    if let Account::PartnerPayable(partner) = account {
                        let share =
                            terms.shares().iter().find(|share| share.party == Party::Partner(*partner)).unwrap();
                        let of = if line.kind == SaleKind::Fee { share.fee } else { share.face_value };
                        let exact = i128::from(line.amount.minor) * i128::from(of);
                        let off = exact - i128::from(part.minor) * i128::from(WHOLE);
                        assert!(off.abs() < i128::from(WHOLE), "seed {seed}: {part} of {}", line.amount);
                    }
                }
            }
            let mut books: BTreeMap<Account, i64> = BTreeMap::new();
            let mut post = |entry: &crate::ledger::Entry| {
                for line in entry.lines() {
                    *books.entry(line.account).or_default() += line.amount.minor;
                }
            };
            post(&captured_under(env.id(), lines.iter().copied()).unwrap());
            let mut left = lines.clone();
            while !left.is_empty() {
                let pieces = 1 + entropy.below(left.len() as u64) as usize;
                let back: Vec<_> =
                    (0..pieces).map(|_| left.swap_remove(entropy.below(left.len() as u64) as usize)).collect();
                post(&refunded_under(env.id(), back).unwrap());
            }
            assert!(books.values().all(|balance| *balance == 0), "seed {seed}: {books:?}");
        }
    }
}
