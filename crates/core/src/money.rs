//! Money as whole minor units of one currency; never a float, never a decimal column.

use std::fmt;

use iso_currency::Currency;

/// `minor` is in the currency's minor unit (cents for EUR, yen for JPY). May be negative in a
/// ledger entry or a discount line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("cannot combine {0} with {1}")]
    CurrencyMismatch(&'static str, &'static str),
    #[error("the amount is out of range")]
    Overflow,
}

impl Money {
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        self.with(other, i64::checked_add)
    }

    pub fn checked_sub(self, other: Money) -> Result<Money, MoneyError> {
        self.with(other, i64::checked_sub)
    }

    pub fn checked_mul(self, times: i64) -> Result<Money, MoneyError> {
        let minor = self.minor.checked_mul(times).ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, ..self })
    }

    /// The sum of `parts`, zero of `currency` when there are none.
    pub fn sum(currency: Currency, parts: impl IntoIterator<Item = Money>) -> Result<Money, MoneyError> {
        parts.into_iter().try_fold(Money::zero(currency), Money::checked_add)
    }

    /// `basis_points` of this amount (1 % is 100), halves away from zero.
    pub fn share(self, basis_points: u32) -> Result<Money, MoneyError> {
        let exact = i128::from(self.minor) * i128::from(basis_points);
        let half = if exact < 0 { -5_000 } else { 5_000 };
        let minor = i64::try_from((exact + half) / 10_000).map_err(|_| MoneyError::Overflow)?;
        Ok(Money { minor, ..self })
    }

    /// Splits into `parts` amounts that differ by at most one minor unit and sum to the whole;
    /// the first ones get the remainder. Empty when `parts` is zero.
    pub fn split(self, parts: u32) -> Vec<Money> {
        let n = i64::from(parts);
        (0..n)
            .map(|at| {
                let extra = i64::from(at < (self.minor % n).abs()) * self.minor.signum();
                Money { minor: self.minor / n + extra, ..self }
            })
            .collect()
    }

    fn with(self, other: Money, op: fn(i64, i64) -> Option<i64>) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch(self.currency.code(), other.currency.code()));
        }
        let minor = op(self.minor, other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, ..self })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.exponent().unwrap_or(0) as usize;
        let text = format!("{:0width$}", self.minor.unsigned_abs(), width = digits + 1);
        let (whole, part) = text.split_at(text.len() - digits);
        let sign = if self.minor < 0 { "-" } else { "" };
        let point = if digits == 0 { "" } else { "." };
        write!(out, "{sign}{whole}{point}{part} {}", self.currency.code())
    }
}

/// The wire form of API.md: `{"amount": 4500, "currency": "EUR"}`.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    amount: i64,
    currency: Currency,
}

impl serde::Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        Wire { amount: self.minor, currency: self.currency }.serialize(out)
    }
}

impl<'de> serde::Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Wire::deserialize(input).map(|wire| Money::new(wire.amount, wire.currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_loses_nothing_and_is_even() {
        for minor in [-7, -1, 0, 1, 100, 101, 9_999] {
            let parts = Money::new(minor, Currency::EUR).split(3);
            assert_eq!(parts.iter().map(|part| part.minor).sum::<i64>(), minor);
            let (low, high) = (parts.iter().map(|p| p.minor).min(), parts.iter().map(|p| p.minor).max());
            assert!(high.unwrap() - low.unwrap() <= 1, "{parts:?}");
        }
        assert!(Money::new(5, Currency::EUR).split(0).is_empty());
    }

    #[test]
    fn amounts_print_with_their_currency_s_digits() {
        assert_eq!(Money::new(-5, Currency::EUR).to_string(), "-0.05 EUR");
        assert_eq!(Money::new(1200, Currency::JPY).to_string(), "1200 JPY");
        assert_eq!(Money::new(1234, Currency::KWD).to_string(), "1.234 KWD");
    }

    #[test]
    fn what_cannot_be_added_says_so() {
        let (euro, yen) = (Money::new(1, Currency::EUR), Money::new(1, Currency::JPY));
        assert_eq!(euro.checked_add(yen), Err(MoneyError::CurrencyMismatch("EUR", "JPY")));
        assert_eq!(Money::new(i64::MAX, Currency::EUR).checked_add(euro), Err(MoneyError::Overflow));
        assert_eq!(Money::new(i64::MIN, Currency::EUR).checked_mul(-1), Err(MoneyError::Overflow));
    }

    #[test]
    fn a_share_rounds_halves_away_from_zero() {
        assert_eq!(Money::new(25, Currency::EUR).share(1_000).unwrap().minor, 3);
        assert_eq!(Money::new(-25, Currency::EUR).share(1_000).unwrap().minor, -3);
        assert_eq!(Money::new(24, Currency::EUR).share(1_000).unwrap().minor, 2);
    }
}
