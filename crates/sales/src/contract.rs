//! Contracts: how the money of an organizer's orders is shared with partners and the platform.
//!
//! A contract is for an organizer or for one of its events, which goes first. It is never changed: another
//! one takes its place with the next version. Which one counts for an order is written down with its sale,
//! in one transaction with the state from which its money is captured, so that capture and every refund
//! split alike, whatever is agreed in between.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use payments::split::{Party, Terms};
use serde_json::json;
use stagedoor_core::{ContractId, EventId, FieldError, Name, OrderId, OrganizerId, PartnerId, Timestamp};
use store::Tx;
use store::audit::{Chain, Entry};

use crate::error::CheckoutError;
use crate::order::Order;
use crate::sql;

/// Who is paid with organizers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    pub id: PartnerId,
    pub kind: PartnerKind,
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartnerKind {
    Venue,
    Promoter,
    Other,
}

/// One version of what was agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    pub id: ContractId,
    pub organizer: OrganizerId,
    /// None for all of the organizer's events.
    pub event: Option<EventId>,
    /// Counted from 1 for the same organizer or event.
    pub version: u32,
    pub valid_from: Timestamp,
    /// Before this instant.
    pub valid_until: Option<Timestamp>,
    pub terms: Terms,
    pub agreed_at: Timestamp,
}

/// What to agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewContract {
    pub organizer: OrganizerId,
    /// The organizer's own; the caller has looked.
    pub event: Option<EventId>,
    /// Now when absent.
    pub valid_from: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
    pub terms: Terms,
}

impl PartnerKind {
    pub const ALL: [PartnerKind; 3] = [PartnerKind::Venue, PartnerKind::Promoter, PartnerKind::Other];

    pub const fn text(self) -> &'static str {
        match self {
            PartnerKind::Venue => "venue",
            PartnerKind::Promoter => "promoter",
            PartnerKind::Other => "other",
        }
    }
}

impl FromStr for PartnerKind {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let known = PartnerKind::ALL.into_iter().find(|kind| kind.text() == text);
        known.ok_or_else(|| FieldError::new("kind", "must be venue, promoter or other"))
    }
}

impl fmt::Display for PartnerKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text())
    }
}

/// Names somebody who can have a share in contracts.
pub async fn add_partner(tx: &Tx, kind: PartnerKind, name: &str) -> Result<Partner, CheckoutError> {
    let partner = Partner { id: tx.env().id(), kind, name: Name::parse("name", name)?.into_string() };
    sql::insert_partner(tx, &partner).await?;
    let after = json!({ "kind": kind.text(), "name": partner.name });
    tx.audit(Entry::new(Chain::Platform, "partner.create", partner.id).after(after));
    Ok(partner)
}

/// The newest first; at most 1,000.
pub async fn partners(tx: &Tx) -> Result<Vec<Partner>, CheckoutError> {
    Ok(sql::partners(tx).await?)
}

/// Agrees a contract as the next version of its organizer or event. Orders whose seats were sold before
/// keep what counted then. `Field` for a partner that there is not, and for an end before the beginning.
pub async fn agree(tx: &Tx, new: NewContract) -> Result<Contract, CheckoutError> {
    let NewContract { organizer, event, valid_from, valid_until, terms } = new;
    let valid_from = valid_from.unwrap_or(tx.now());
    if valid_until.is_some_and(|until| until <= valid_from) {
        return Err(FieldError::new("validUntil", "must be after validFrom").into());
    }
    for share in terms.shares() {
        if let Party::Partner(id) = share.party
            && !sql::is_partner(tx, id).await?
        {
            return Err(FieldError::new("shares", "must name partners that there are").into());
        }
    }
    let version = sql::latest_contract_version(tx, organizer, event).await? + 1;
    let (id, agreed_at) = (tx.env().id(), tx.now());
    let contract = Contract { id, organizer, event, version, valid_from, valid_until, terms, agreed_at };
    sql::insert_contract(tx, &contract).await?;
    let shares = contract
        .terms
        .shares()
        .iter()
        .map(|share| json!({ "party": party_text(share.party), "faceValue": share.face_value, "fee": share.fee }));
    let after = json!({ "event": event, "version": version, "validFrom": valid_from, "validUntil": valid_until,
        "shares": shares.collect::<Vec<_>>() });
    for chain in [organizer.into(), Chain::Platform] {
        tx.audit(Entry::new(chain, "contract.agree", id).after(after.clone()));
    }
    Ok(contract)
}

/// Every version of an organizer's contracts, or of all, the newest first; at most 1,000.
pub async fn contracts(tx: &Tx, organizer: Option<OrganizerId>) -> Result<Vec<Contract>, CheckoutError> {
    Ok(sql::contracts(tx, organizer).await?)
}

/// As contracts and their audit entries name a party.
pub fn party_text(party: Party) -> String {
    match party {
        Party::Partner(partner) => partner.to_string(),
        Party::Organizer => "organizer".to_owned(),
        Party::Platform => "platform".to_owned(),
    }
}

/// Writes down which contracts count for an order from now on.
pub(crate) async fn pin(tx: &Tx, order: &Order) -> store::Result<()> {
    let events: BTreeMap<EventId, OrganizerId> = order.holds.iter().map(|hold| (hold.event, hold.organizer)).collect();
    for (event, organizer) in events {
        if let Some(contract) = sql::contract_in_force(tx, organizer, event, tx.now()).await? {
            sql::insert_order_contract(tx, order.id, event, contract).await?;
        }
    }
    Ok(())
}

/// What was agreed for each event of an order when its seats were sold; nothing for the others.
pub(crate) async fn terms_of(tx: &Tx, order: OrderId) -> store::Result<BTreeMap<EventId, Terms>> {
    sql::terms_of_order(tx, order).await
}
