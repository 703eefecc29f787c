//! What an event sells: price levels, ticket types and the times of the sale.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use stagedoor_core::limits::LEVELS_MAX;
use stagedoor_core::{Currency, Env, FieldError, Money, Name, PriceLevelId, Timestamp};

use crate::seat_map;

/// The dearest ticket: ten million in a currency with cents; ten of them fit in any total.
pub const PRICE_MINOR_MAX: i64 = 1_000_000_000;
/// Ticket types of one event: standard, child, senior and so on.
pub const TICKET_TYPES_MAX: usize = 50;
/// Presales and general sales of one event.
pub const SALE_WINDOWS_MAX: usize = 50;
/// The ticket type every event has.
pub const STANDARD: &str = "standard";

/// What a place in this level costs. `key` is the level's key in the seat map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PriceLevel {
    pub id: PriceLevelId,
    pub key: String,
    pub name: String,
    pub price: Money,
}

/// Who a ticket is for, and how that changes the level's price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TicketType {
    pub key: String,
    pub name: String,
    pub pricing: Pricing,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Pricing {
    /// A share of the level's price: 10,000 is all of it, 5,000 half.
    Factor { basis_points: u32 },
    /// Amounts in the currency's minor unit by level key; levels left out keep their price.
    Fixed { prices: BTreeMap<String, i64> },
}

/// When tickets can be bought: by everyone, also in a presale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SaleWindow {
    pub kind: SaleKind,
    pub opens_at: Timestamp,
    /// Exclusive; without it the sale goes on until the event starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaleKind {
    Presale,
    General,
}

/// Which picks may leave a lone seat between sold ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrphanPolicy {
    Forbid,
    /// Best available avoids it; a fan who picks seats may do it.
    #[default]
    Avoid,
    Ignore,
}

impl OrphanPolicy {
    pub const fn text(self) -> &'static str {
        match self {
            OrphanPolicy::Forbid => "forbid",
            OrphanPolicy::Avoid => "avoid",
            OrphanPolicy::Ignore => "ignore",
        }
    }

    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Forbid, Self::Avoid, Self::Ignore].into_iter().find(|policy| policy.text() == text)
    }
}

/// When accessible and companion places are sold to everyone, and not to parties alone that say they need them.
/// As text `never`, `rest_sold_out`, `always`, or the instant from which on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccessibleRelease {
    #[default]
    Never,
    /// Once every other seat is sold or blocked.
    RestSoldOut,
    Always,
    /// From this instant on.
    At(Timestamp),
}

impl fmt::Display for AccessibleRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AccessibleRelease::Never => f.write_str("never"),
            AccessibleRelease::RestSoldOut => f.write_str("rest_sold_out"),
            AccessibleRelease::Always => f.write_str("always"),
            AccessibleRelease::At(instant) => instant.fmt(f),
        }
    }
}

impl FromStr for AccessibleRelease {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "never" => Ok(AccessibleRelease::Never),
            "rest_sold_out" => Ok(AccessibleRelease::RestSoldOut),
            "always" => Ok(AccessibleRelease::Always),
            instant => match instant.parse() {
                Ok(instant) => Ok(AccessibleRelease::At(instant)),
                Err(_) => Err("must be never, rest_sold_out, always or an instant".into()),
            },
        }
    }
}

impl Serialize for AccessibleRelease {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AccessibleRelease {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl PriceLevel {
    /// A level with an id of its own; an event keeps the id it has for a key.
    pub fn new(env: &Env, key: impl Into<String>, name: impl Into<String>, price: Money) -> Self {
        Self { id: PriceLevelId::fresh(env), key: key.into(), name: name.into(), price }
    }
}

impl TicketType {
    /// The full price of every level.
    pub fn standard() -> Self {
        Self { key: STANDARD.into(), name: "Standard".into(), pricing: Pricing::Factor { basis_points: 10_000 } }
    }

    /// What this type costs in `level`, never below zero.
    pub fn price(&self, level: &PriceLevel) -> Money {
        match &self.pricing {
            Pricing::Factor { basis_points } => {
                level.price.share(*basis_points).expect("prices and factors are bounded when an event is saved")
            }
            Pricing::Fixed { prices } => {
                Money { minor: prices.get(&level.key).copied().unwrap_or(level.price.minor), ..level.price }
            }
        }
    }
}

impl SaleWindow {
    /// Whether the window is open at `at`, for an event that starts at `starts_at`.
    pub fn is_open_at(&self, at: Timestamp, starts_at: Timestamp) -> bool {
        self.opens_at <= at && at < self.closes_at.unwrap_or(starts_at)
    }
}

pub(crate) fn check_levels(levels: &[PriceLevel], currency: Currency) -> Result<(), FieldError> {
    let wrong = |reason: String| Err(FieldError::new("priceLevels", reason));
    if levels.len() > LEVELS_MAX {
        return wrong(format!("must be at most {LEVELS_MAX}"));
    }
    let mut keys = HashSet::new();
    for level in levels {
        if !seat_map::is_key(&level.key) {
            return wrong(format!("the key {:?} is not one a seat map can have", level.key));
        }
        if !keys.insert(&level.key) {
            return wrong(format!("the key {:?} is used twice", level.key));
        }
        Name::parse("priceLevels", &level.name)?;
        if level.price.currency != currency {
            return wrong(format!("all prices must be in {}, the event's currency", currency.code()));
        }
        if !(0..=PRICE_MINOR_MAX).contains(&level.price.minor) {
            return wrong(format!("the price of {:?} must be 0 to {PRICE_MINOR_MAX} minor units", level.key));
        }
    }
    Ok(())
}

pub(crate) fn check_types(types: &[TicketType], levels: &[PriceLevel]) -> Result<(), FieldError> {
    let wrong = |reason: String| Err(FieldError::new("ticketTypes", reason));
    if types.len() > TICKET_TYPES_MAX {
        return wrong(format!("must be at most {TICKET_TYPES_MAX}"));
    }
    if !types.iter().any(|kind| kind.key == STANDARD) {
        return wrong(format!("one must have the key {STANDARD:?}"));
    }
    let mut keys = HashSet::new();
    for kind in types {
        if !seat_map::is_key(&kind.key) || !keys.insert(&kind.key) {
            return wrong(format!("the key {:?} is malformed or used twice", kind.key));
        }
        Name::parse("ticketTypes", &kind.name)?;
        match &kind.pricing {
            Pricing::Factor { basis_points: 0..=100_000 } => {}
            Pricing::Factor { .. } => return wrong("a factor must be 0 to 100000 basis points".into()),
            Pricing::Fixed { prices } => {
                for (key, minor) in prices {
                    if !levels.iter().any(|level| level.key == *key) {
                        return wrong(format!("{key:?} is not one of the event's price levels"));
                    }
                    if !(0..=PRICE_MINOR_MAX).contains(minor) {
                        return wrong(format!("a price must be 0 to {PRICE_MINOR_MAX} minor units"));
                    }
                }
            }
        }
        if let Some(level) = levels.iter().find(|level| kind.price(level).minor > PRICE_MINOR_MAX) {
            return wrong(format!("{:?} costs more than {PRICE_MINOR_MAX} minor units in {:?}", kind.key, level.key));
        }
    }
    Ok(())
}

pub(crate) fn check_windows(windows: &[SaleWindow], starts_at: Timestamp) -> Result<(), FieldError> {
    let wrong = |reason: &str| Err(FieldError::new("saleWindows", reason));
    if windows.len() > SALE_WINDOWS_MAX {
        return wrong("must be at most 50");
    }
    for window in windows {
        if window.opens_at >= window.closes_at.unwrap_or(starts_at) {
            return wrong("a sale must open before it closes, or before the event starts");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(key: &str, minor: i64) -> PriceLevel {
        let id = PriceLevelId::from(uuid::Uuid::nil());
        PriceLevel { id, key: key.into(), name: key.into(), price: Money::new(minor, Currency::EUR) }
    }

    fn kind(key: &str, pricing: Pricing) -> TicketType {
        TicketType { key: key.into(), name: key.into(), pricing }
    }

    #[test]
    fn a_type_changes_the_level_s_price() {
        let (stalls, circle) = (level("stalls", 4_999), level("circle", 3_000));
        let half = kind("child", Pricing::Factor { basis_points: 5_000 });
        assert_eq!(half.price(&stalls).minor, 2_500);
        let fixed = kind("member", Pricing::Fixed { prices: [("stalls".to_owned(), 0)].into() });
        assert_eq!((fixed.price(&stalls).minor, fixed.price(&circle).minor), (0, 3_000));
        assert_eq!(TicketType::standard().price(&circle), circle.price);
    }

    #[test]
    fn prices_have_one_currency_and_bounds() {
        assert!(check_levels(&[level("a", 0), level("b", PRICE_MINOR_MAX)], Currency::EUR).is_ok());
        for wrong in [
            vec![level("a", -1)],
            vec![level("a", PRICE_MINOR_MAX + 1)],
            vec![level("a", i64::MIN)],
            vec![level("a", 1), level("a", 2)],
            vec![level("a-b", 1)],
        ] {
            assert!(check_levels(&wrong, Currency::EUR).is_err(), "{wrong:?}");
        }
        assert!(check_levels(&[level("a", 1)], Currency::JPY).is_err());
        let levels = [level("a", PRICE_MINOR_MAX)];
        assert!(check_types(&[TicketType::standard()], &levels).is_ok());
        assert!(check_types(&[kind("child", Pricing::Factor { basis_points: 1 })], &levels).is_err(), "no standard");
        let types = |pricing| [TicketType::standard(), kind("x", pricing)];
        assert!(check_types(&types(Pricing::Factor { basis_points: 10_001 }), &levels).is_err());
        assert!(check_types(&types(Pricing::Factor { basis_points: u32::MAX }), &levels).is_err());
        assert!(check_types(&types(Pricing::Fixed { prices: [("z".to_owned(), 1)].into() }), &levels).is_err());
    }
}
