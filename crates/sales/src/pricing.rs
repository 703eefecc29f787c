//! What an order costs: lines made from the prices that holds froze, and the fees on top.

use std::collections::HashMap;
use std::fmt;

use stagedoor_core::{Currency, EventId, FieldError, Money, MoneyError, OrganizerId};
use store::Tx;
use uuid::Uuid;

use crate::error::CheckoutError;

use crate::order::{LineKind, OrderLine, OrderPlace, checked_total};
use crate::{audited, sql};

/// What the platform adds to the face value of a ticket. The default adds nothing: the price on
/// the seat map is the price that is paid, unless the operator sets a fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeRule {
    /// Share of the face value: 500 is 5 %. Halves of a minor unit round up.
    pub basis_points: u32,
    /// On every ticket that is not free, in the minor unit of the event's currency.
    pub per_ticket_minor: i64,
    /// Whether a fan who cancels gets the fee back. Frozen with the order. When the event is
    /// cancelled, or staff refunds, everything goes back whatever this says.
    pub refundable: bool,
}

impl FeeRule {
    pub const NONE: FeeRule = FeeRule { basis_points: 0, per_ticket_minor: 0, refundable: true };
    /// Half of the face value; more is a mistake.
    pub const BASIS_POINTS_MAX: u32 = 5_000;
    pub const PER_TICKET_MINOR_MAX: i64 = 1_000_000;

    /// This rule, when it is within the limits.
    pub fn checked(self) -> Result<FeeRule, FieldError> {
        if self.basis_points > Self::BASIS_POINTS_MAX {
            return Err(FieldError::new("basisPoints", format!("must be 0 to {}", Self::BASIS_POINTS_MAX)));
        }
        if !(0..=Self::PER_TICKET_MINOR_MAX).contains(&self.per_ticket_minor) {
            return Err(FieldError::new("perTicket", format!("must be 0 to {}", Self::PER_TICKET_MINOR_MAX)));
        }
        Ok(self)
    }

    /// The fee of one ticket. A free ticket has none.
    pub fn of(&self, face_value: Money) -> Result<Money, MoneyError> {
        if face_value.minor == 0 {
            return Ok(face_value);
        }
        face_value.share(self.basis_points)?.checked_add(Money::new(self.per_ticket_minor, face_value.currency))
    }
}

/// What a [`FeeRule`] is set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeeScope {
    Organizer(OrganizerId),
    /// Goes before the organizer's.
    Event(EventId),
}

impl FeeScope {
    pub(crate) fn id(self) -> Uuid {
        match self {
            FeeScope::Organizer(id) => id.0,
            FeeScope::Event(id) => id.0,
        }
    }

    pub(crate) const fn kind(self) -> &'static str {
        match self {
            FeeScope::Organizer(_) => "organizer",
            FeeScope::Event(_) => "event",
        }
    }
}

impl fmt::Display for FeeScope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FeeScope::Organizer(id) => id.fmt(out),
            FeeScope::Event(id) => id.fmt(out),
        }
    }
}

/// Sets what is added to the tickets of an organizer or event from now on; orders that were placed
/// keep what they were told.
pub async fn set_fees(tx: &Tx, scope: FeeScope, rule: FeeRule) -> Result<(), CheckoutError> {
    let rule = rule.checked()?;
    let before = rule_of(tx, scope).await?;
    sql::set_fee_rule(tx, scope, rule).await?;
    audited::fees(tx, "fees.set", scope, before, Some(rule));
    Ok(())
}

/// Adds nothing from now on, or for an event what its organizer's rule says. `false` when no rule
/// was set.
pub async fn clear_fees(tx: &Tx, scope: FeeScope) -> Result<bool, CheckoutError> {
    let before = rule_of(tx, scope).await?;
    if before.is_some() {
        audited::fees(tx, "fees.clear", scope, before, None);
    }
    Ok(sql::clear_fee_rule(tx, scope).await?)
}

async fn rule_of(tx: &Tx, scope: FeeScope) -> Result<Option<FeeRule>, CheckoutError> {
    Ok(sql::fee_rules(tx, &[scope.id()]).await?.remove(&scope.id()))
}

/// Every rule that is set, organizers first.
pub async fn fees(tx: &Tx) -> Result<Vec<(FeeScope, FeeRule)>, CheckoutError> {
    Ok(sql::all_fee_rules(tx).await?)
}

/// The lines of an order: for every place its face value, then its fee if there is one.
///
/// `face_values`: one per place, in its currency, as the hold froze it. Refused when the total
/// leaves the range of an amount.
pub(crate) fn lines(
    currency: Currency,
    places: &[OrderPlace],
    face_values: &[Money],
    fees: &HashMap<EventId, FeeRule>,
) -> Result<Vec<OrderLine>, MoneyError> {
    let mut lines = Vec::with_capacity(places.len());
    for (place, face_value) in places.iter().zip(face_values) {
        let line = |kind, amount, refundable, description| OrderLine {
            place: place.position,
            kind,
            amount,
            refundable,
            description,
        };
        lines.push(line(LineKind::FaceValue, *face_value, true, place.description()));
        let rule = fees.get(&place.event).copied().unwrap_or(FeeRule::NONE);
        let fee = rule.of(*face_value)?;
        if fee.minor != 0 {
            lines.push(line(LineKind::Fee, fee, rule.refundable, "Service fee".to_owned()));
        }
    }
    checked_total(currency, &lines)?;
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn euro(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    #[test]
    fn a_fee_is_a_share_and_a_fixed_part_and_nothing_on_free_tickets() {
        let rule = FeeRule { basis_points: 500, per_ticket_minor: 30, refundable: true };
        for (face, fee) in [(0, 0), (1, 30), (10, 31), (1_000, 80), (4_999, 280)] {
            assert_eq!(rule.of(euro(face)), Ok(euro(fee)), "{face}");
        }
        assert_eq!(FeeRule::NONE.of(euro(4_999)), Ok(euro(0)));
        assert_eq!(FeeRule { basis_points: 10_000, ..rule }.of(euro(i64::MAX)), Err(MoneyError::Overflow));
    }

    #[test]
    fn rules_outside_the_limits_name_their_field() {
        let rule = FeeRule { basis_points: 5_000, per_ticket_minor: 0, refundable: true };
        assert_eq!(rule.checked(), Ok(rule));
        let field = |rule: FeeRule| rule.checked().unwrap_err().field;
        assert_eq!(field(FeeRule { basis_points: 5_001, ..rule }), "basisPoints");
        assert_eq!(field(FeeRule { per_ticket_minor: -1, ..rule }), "perTicket");
    }
}
