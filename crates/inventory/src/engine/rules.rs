//! What an event allows: hold times, limits, sale window, and what its places cost.

use std::time::Duration;

use stagedoor_core::limits::{HOLD_EXTENSION, HOLD_TTL, HOLD_TTL_RANGE, LEVELS_MAX, SEATS_PER_HOLD_MAX};
use stagedoor_core::{FieldError, Timestamp};

use super::CodecError;
use super::bytes::{Reader, Write};

/// What may happen to a lone seat that a pick would leave between taken ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orphans {
    /// Refuse the pick and say which seat to add. Lifted when more than 95 % of the seats are
    /// taken or the start is less than two hours away, else the last seats could not be sold.
    Forbid,
    /// Prefer other seats when the engine picks; a fan may pick as they like.
    #[default]
    Avoid,
    Ignore,
}

/// When accessible and companion places are sold to everyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccessibleRelease {
    #[default]
    Never,
    Always,
    /// From this instant on.
    At(Timestamp),
    /// While every other seat is sold or blocked. One that is held may come back.
    RestSoldOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SaleStatus {
    OnSale,
    #[default]
    OffSale,
    Cancelled,
}

/// Why rules or prices cannot be used.
pub type RulesError = FieldError;

/// The rules of one event. [`Rules::checked`] holds for every value that a command may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    pub status: SaleStatus,
    /// Holds are taken while `opens_at <= at < closes_at`, without a bound where `None`.
    pub opens_at: Option<Timestamp>,
    pub closes_at: Option<Timestamp>,
    /// Start of the event; lifts the orphan rule two hours before.
    pub starts_at: Option<Timestamp>,
    /// How long a hold lasts; whole milliseconds.
    pub hold_ttl: Duration,
    /// How long a hold lasts from the moment its payment begins; whole milliseconds.
    pub extension: Duration,
    /// 1..=10.
    pub seats_per_hold_max: u8,
    /// Held and sold places of one fan in this event together.
    pub tickets_per_fan_max: Option<u16>,
    pub orphans: Orphans,
    pub accessible: AccessibleRelease,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            status: SaleStatus::OffSale,
            opens_at: None,
            closes_at: None,
            starts_at: None,
            hold_ttl: HOLD_TTL,
            extension: HOLD_EXTENSION,
            seats_per_hold_max: SEATS_PER_HOLD_MAX as u8,
            tickets_per_fan_max: None,
            orphans: Orphans::Avoid,
            accessible: AccessibleRelease::Never,
        }
    }
}

impl Rules {
    /// These rules, when every limit is within what the system allows.
    pub fn checked(self) -> Result<Rules, RulesError> {
        let whole = |span: Duration| span.subsec_nanos().is_multiple_of(1_000_000);
        let (shortest, longest) = HOLD_TTL_RANGE;
        if !(shortest..=longest).contains(&self.hold_ttl) || !whole(self.hold_ttl) {
            return Err(RulesError::new("holdTtl", format!("must be {shortest:?} to {longest:?}, in milliseconds")));
        }
        if self.extension > longest || !whole(self.extension) {
            return Err(RulesError::new("extension", format!("must be at most {longest:?}, in milliseconds")));
        }
        if !(1..=SEATS_PER_HOLD_MAX as u8).contains(&self.seats_per_hold_max) {
            return Err(RulesError::new("seatsPerHoldMax", format!("must be 1 to {SEATS_PER_HOLD_MAX}")));
        }
        if self.tickets_per_fan_max == Some(0) {
            return Err(RulesError::new("ticketsPerFanMax", "must be at least 1"));
        }
        if let (Some(opens), Some(closes)) = (self.opens_at, self.closes_at)
            && opens >= closes
        {
            return Err(RulesError::new("closesAt", "must be later than the opening"));
        }
        Ok(self)
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.byte(self.status as u8);
        out.byte(self.orphans as u8);
        let (accessible, from) = match self.accessible {
            AccessibleRelease::Never => (0, None),
            AccessibleRelease::Always => (1, None),
            AccessibleRelease::At(from) => (2, Some(from)),
            AccessibleRelease::RestSoldOut => (3, None),
        };
        out.byte(accessible);
        from.into_iter().for_each(|from| out.timestamp(from));
        [self.opens_at, self.closes_at, self.starts_at].into_iter().for_each(|at| out.timestamp_or_none(at));
        out.varint(self.hold_ttl.as_millis() as u64);
        out.varint(self.extension.as_millis() as u64);
        out.byte(self.seats_per_hold_max);
        out.varint(u64::from(self.tickets_per_fan_max.unwrap_or(0)));
    }

    pub(super) fn decode(reader: &mut Reader) -> Result<Rules, CodecError> {
        let status = match reader.byte()? {
            0 => SaleStatus::OnSale,
            1 => SaleStatus::OffSale,
            2 => SaleStatus::Cancelled,
            _ => return Err(CodecError::OutOfRange("sale status")),
        };
        let orphans = match reader.byte()? {
            0 => Orphans::Forbid,
            1 => Orphans::Avoid,
            2 => Orphans::Ignore,
            _ => return Err(CodecError::OutOfRange("orphan rule")),
        };
        let accessible = match reader.byte()? {
            0 => AccessibleRelease::Never,
            1 => AccessibleRelease::Always,
            2 => AccessibleRelease::At(reader.timestamp()?),
            3 => AccessibleRelease::RestSoldOut,
            _ => return Err(CodecError::OutOfRange("accessible rule")),
        };
        let rules = Rules {
            status,
            orphans,
            accessible,
            opens_at: reader.timestamp_or_none()?,
            closes_at: reader.timestamp_or_none()?,
            starts_at: reader.timestamp_or_none()?,
            hold_ttl: Duration::from_millis(reader.varint()?),
            extension: Duration::from_millis(reader.varint()?),
            seats_per_hold_max: reader.byte()?,
            tickets_per_fan_max: Some(reader.number("ticket limit")?).filter(|max| *max > 0),
        };
        rules.checked().map_err(|_| CodecError::OutOfRange("rules"))
    }

    /// Whether a new hold may be taken at `at`.
    pub fn on_sale(&self, at: Timestamp) -> bool {
        self.status == SaleStatus::OnSale
            && self.opens_at.is_none_or(|opens| opens <= at)
            && self.closes_at.is_none_or(|closes| at < closes)
    }
}

/// What a place costs by price level and ticket type, in the minor unit of the event's currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prices {
    ticket_types: u8,
    /// `level * ticket_types + ticket_type`; [`NOT_SOLD`] where the two do not go together.
    minor: Box<[i64]>,
    /// By ticket type: the levels it is sold in.
    sold_in: Box<[LevelSet]>,
}

/// Price levels, a bit each.
pub(super) type LevelSet = [u64; 4];
const _: () = assert!(LEVELS_MAX <= 256);

const NOT_SOLD: i64 = i64::MIN;

impl Prices {
    /// The dearest place, in minor units: ten of them stay far inside an `i64`.
    pub const MINOR_MAX: i64 = 1_000_000_000_000_000;

    /// `levels[level][ticket_type]`: the price, or `None` where that ticket type is not sold in
    /// that level. Every level lists the same number of ticket types, 1..=255.
    pub fn new(levels: &[Vec<Option<i64>>]) -> Result<Prices, RulesError> {
        let ticket_types = levels.first().map_or(1, Vec::len);
        if levels.len() > LEVELS_MAX || !(1..=255).contains(&ticket_types) {
            return Err(RulesError::new(
                "prices",
                format!("must list 1 to 255 ticket types in at most {LEVELS_MAX} levels"),
            ));
        }
        if levels.iter().any(|level| level.len() != ticket_types) {
            return Err(RulesError::new("prices", "must list the same ticket types in every level"));
        }
        let all = levels.iter().flatten();
        if all.clone().flatten().any(|minor| !(0..=Self::MINOR_MAX).contains(minor)) {
            return Err(RulesError::new("prices", format!("must be 0 to {} minor units", Self::MINOR_MAX)));
        }
        Ok(Self::from_parts(ticket_types as u8, all.map(|minor| minor.unwrap_or(NOT_SOLD)).collect()))
    }

    fn from_parts(ticket_types: u8, minor: Box<[i64]>) -> Prices {
        let mut sold_in = vec![LevelSet::default(); usize::from(ticket_types)].into_boxed_slice();
        for (level, prices) in minor.chunks_exact(usize::from(ticket_types)).enumerate() {
            for (levels, minor) in sold_in.iter_mut().zip(prices) {
                levels[level / 64] |= u64::from(*minor != NOT_SOLD) << (level % 64);
            }
        }
        Prices { ticket_types, minor, sold_in }
    }

    /// The levels a ticket type is sold in.
    pub(super) fn sold_in(&self, ticket_type: u8) -> LevelSet {
        self.sold_in.get(usize::from(ticket_type)).copied().unwrap_or_default()
    }

    /// The price of one place, `None` when the ticket type is not sold in that level.
    pub fn minor(&self, level: u8, ticket_type: u8) -> Option<i64> {
        if ticket_type >= self.ticket_types {
            return None;
        }
        let at = usize::from(level) * usize::from(self.ticket_types) + usize::from(ticket_type);
        self.minor.get(at).copied().filter(|minor| *minor != NOT_SOLD)
    }

    pub fn levels(&self) -> usize {
        self.minor.len() / usize::from(self.ticket_types)
    }

    pub fn ticket_types(&self) -> u8 {
        self.ticket_types
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.byte(self.ticket_types);
        out.varint(self.levels() as u64);
        // One more than the price, so that 0 is left for "not sold".
        self.minor.iter().for_each(|minor| out.varint(if *minor == NOT_SOLD { 0 } else { *minor as u64 + 1 }));
    }

    pub(super) fn decode(reader: &mut Reader) -> Result<Prices, CodecError> {
        let ticket_types = reader.byte()?;
        let levels = reader.count("levels", LEVELS_MAX, usize::from(ticket_types))?;
        let wrong = CodecError::OutOfRange("prices");
        if ticket_types == 0 || (levels == 0 && ticket_types != 1) {
            return Err(wrong);
        }
        let mut minor = Vec::with_capacity(levels * usize::from(ticket_types));
        for _ in 0..levels * usize::from(ticket_types) {
            minor.push(match reader.varint()? {
                0 => NOT_SOLD,
                price if price <= Self::MINOR_MAX as u64 + 1 => price as i64 - 1,
                _ => return Err(wrong),
            });
        }
        Ok(Self::from_parts(ticket_types, minor.into()))
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.minor.len() * size_of::<i64>() + self.sold_in.len() * size_of::<LevelSet>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_outside_the_limits_name_their_field() {
        let field = |rules: Rules| rules.checked().map_err(|error| error.field);
        let good = Rules::default();
        assert_eq!(field(good), Ok(good));
        assert_eq!(field(Rules { hold_ttl: Duration::from_secs(29), ..good }), Err("holdTtl"));
        assert_eq!(field(Rules { hold_ttl: Duration::from_micros(60_000_001), ..good }), Err("holdTtl"));
        assert_eq!(field(Rules { extension: Duration::from_secs(3601), ..good }), Err("extension"));
        assert_eq!(field(Rules { seats_per_hold_max: 0, ..good }), Err("seatsPerHoldMax"));
        assert_eq!(field(Rules { seats_per_hold_max: 11, ..good }), Err("seatsPerHoldMax"));
        assert_eq!(field(Rules { tickets_per_fan_max: Some(0), ..good }), Err("ticketsPerFanMax"));
        let at = Some(Timestamp::from_micros(5));
        assert_eq!(field(Rules { opens_at: at, closes_at: at, ..good }), Err("closesAt"));
    }

    #[test]
    fn a_ticket_type_that_a_level_does_not_sell_has_no_price() {
        let prices = Prices::new(&[vec![Some(100), None], vec![Some(50), Some(25)]]).unwrap();
        assert_eq!(prices.minor(0, 0), Some(100));
        assert_eq!(prices.minor(0, 1), None);
        assert_eq!(prices.minor(1, 1), Some(25));
        assert_eq!(prices.minor(1, 2), None);
        assert_eq!(prices.minor(2, 0), None);
        assert!(Prices::new(&[vec![Some(-1)]]).is_err());
        assert!(Prices::new(&[vec![Some(1)], vec![]]).is_err());
        assert!(Prices::new(&[vec![]]).is_err());
    }
}
