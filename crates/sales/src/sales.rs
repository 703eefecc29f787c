//! The handle of this crate, and what can be read of orders.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use catalog::Catalog;
use hmac::{Hmac, KeyInit, Mac};
use inventory::{Hold, Inventory};
use parking_lot::Mutex;
use payments::Payments;
use serde::{Deserialize, Serialize};
use sha2::Sha512;
use stagedoor_core::{EventId, FieldError, Money, Name, OrderId, OrganizerId, Timestamp, UserId, email_normal};
use store::idempotency::{self, Answer, Scope};
use store::{Keyring, PersonKey, Sealed, Store, Tx};

use crate::error::{CheckoutError, Fault, OrderError};
use crate::onsale::Manifests;
use crate::order::{LineKind, Order, OrderLine, OrderState};
use crate::sql::{self, OrderFilter, OrderPage};

/// Orders, refunds and what is on sale. Cheap to clone.
#[derive(Clone)]
pub struct Sales {
    pub(crate) parts: Arc<Parts>,
    transaction_key: [u8; 32],
    pub(crate) manifests: Arc<Mutex<Manifests>>,
    pub(crate) manifest_turn: Arc<tokio::sync::Mutex<()>>,
    /// Locks under which an event's engine and catalogue are brought in line; an event has one, and
    /// shares it with others.
    pub(crate) lines: Arc<[tokio::sync::Mutex<()>; LINES]>,
    /// What [`Sales::refunds_owed`] counted last, and when.
    owed: Arc<tokio::sync::Mutex<Option<(u64, Timestamp)>>>,
}

/// A count of what is owed is this old at most: who asks may be anybody, and as often as they like.
const OWED_TTL: Duration = Duration::from_secs(5);

/// Events whose changes may wait for the seat engine at a time: more than there are writers.
const LINES: usize = 256;

/// What sales is built on.
pub struct Parts {
    pub store: Store,
    pub inventory: Inventory,
    pub payments: Payments,
    pub catalog: Catalog,
    pub keyring: Keyring,
}

/// A client's idempotency key and the fingerprint of all that it was sent with: the body and
/// whatever the address names ([`idempotency::body_hash`]).
#[derive(Debug, Clone)]
pub struct Key {
    pub text: String,
    pub body_hash: [u8; 32],
}

impl Key {
    pub(crate) fn scope(&self, principal: UserId, operation: &'static str) -> Scope<'_> {
        Scope { principal: principal.into(), operation, key: &self.text }
    }
}

/// What to send to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub answer: Answer,
    /// Whether the key was used before.
    pub replayed: bool,
}

/// Who will come; kept sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendee {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

/// What an order for a hold would cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub lines: Vec<OrderLine>,
    pub total: Money,
    /// The part of the total that is added to the face values.
    pub fees: Money,
}

impl Attendee {
    pub fn new(name: Option<&str>, email: Option<&str>) -> Result<Attendee, FieldError> {
        Ok(Attendee {
            name: name.map(|name| Name::parse("attendee.name", name)).transpose()?.map(Name::into_string),
            email: email.map(|email| email_normal("attendee.email", email)).transpose()?,
        })
    }

    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }
}

impl Sales {
    pub fn new(parts: Parts) -> Sales {
        let transaction_key = parts.keyring.derive("sales/transaction/v1");
        let lines = Arc::new(std::array::from_fn(|_| tokio::sync::Mutex::default()));
        let (manifests, manifest_turn, owed) = Default::default();
        Sales { parts: Arc::new(parts), transaction_key, manifests, manifest_turn, lines, owed }
    }

    /// A fan's own order; another's is as absent as one that never was.
    pub async fn order(&self, fan: UserId, id: OrderId) -> Result<Order, OrderError> {
        let order = self.find(id).await?.filter(|order| order.fan == fan);
        order.ok_or(OrderError::UnknownOrder)
    }

    /// A fan's orders, newest first. Source: document 002, "List bought
    /// tickets".
    pub async fn orders_of(&self, fan: UserId, page: OrderPage) -> Result<Vec<Order>, OrderError> {
        let tx = self.parts.store.begin_read().await?;
        Ok(with_tickets(&tx, sql::orders_of_fan(&tx, fan, page).await?).await?)
    }

    /// An order as the staff of one of its organizers may see it: for all of its events, or for
    /// those `within` alone.
    pub async fn order_for(
        &self,
        organizer: OrganizerId,
        within: Option<&[EventId]>,
        id: OrderId,
    ) -> Result<Order, OrderError> {
        let order = self.find(id).await?.and_then(|order| order.part_of(organizer, within));
        order.ok_or(OrderError::UnknownOrder)
    }

    /// Orders with places of an organizer's events that `filter` finds, newest first; as staff may see them for
    /// all events, or for those `within` alone.
    pub async fn orders_for(
        &self,
        organizer: OrganizerId,
        within: Option<&[EventId]>,
        filter: &OrderFilter,
        page: OrderPage,
    ) -> Result<Vec<Order>, OrderError> {
        let tx = self.parts.store.begin_read().await?;
        let orders = sql::orders_of_organizer(&tx, organizer, within, filter, page).await?;
        let orders = with_tickets(&tx, orders).await?;
        Ok(orders.into_iter().filter_map(|order| order.part_of(organizer, within)).collect())
    }

    /// How many refunds the gateway refused and nobody has asked for again: money that is owed and
    /// does not move by itself. The orders' refunds say which ([`RefundState::Refused`](crate::RefundState)).
    /// Counted anew after some seconds, by one for all who ask.
    pub async fn refunds_owed(&self) -> store::Result<u64> {
        let mut owed = self.owed.lock().await;
        let now = self.parts.store.env().now();
        match *owed {
            Some((count, at)) if (at..at + OWED_TTL).contains(&now) => Ok(count),
            _ => {
                let count = sql::refunds_owed(&self.parts.store.begin_read().await?).await?;
                *owed = Some((count, now));
                Ok(count)
            }
        }
    }

    /// Who will come with an order, if the fan said so. The caller has the order from
    /// [`Sales::order`] or [`Sales::order_for`].
    pub async fn attendee(&self, order: OrderId) -> Result<Option<Attendee>, OrderError> {
        let tx = self.parts.store.begin_read().await?;
        let Some((fan, sealed)) = sql::attendee(&tx, order).await? else { return Ok(None) };
        // Whoever was erased has no key any more.
        let Some(key) = self.parts.keyring.person_key(&tx, fan).await? else { return Ok(None) };
        let broken = |what: &str| Fault::Broken(format!("the attendee of {order} {what}"));
        let plain = key.open(attendee_place(order), &sealed);
        let plain = plain.map_err(|_| broken("does not open"))?;
        Ok(Some(serde_json::from_slice(&plain).map_err(|_| broken("cannot be read"))?))
    }

    /// What an order for `hold` would cost now.
    pub async fn quote(&self, hold: &Hold) -> Result<Quote, CheckoutError> {
        let draft = self.draft(std::slice::from_ref(hold)).await?;
        let sum = |kinds: &dyn Fn(LineKind) -> bool| {
            let lines = draft.lines.iter().filter(|line| kinds(line.kind));
            Money::new(lines.map(|line| line.amount.minor).sum(), draft.currency)
        };
        let (total, fees) = (sum(&|_| true), sum(&|kind| kind != LineKind::FaceValue));
        Ok(Quote { total, fees, lines: draft.lines })
    }

    /// An order with its tickets.
    pub(crate) async fn find(&self, id: OrderId) -> Result<Option<Order>, Fault> {
        let tx = self.parts.store.begin_read().await?;
        let Some(mut order) = sql::order(&tx, id).await? else { return Ok(None) };
        order.tickets = tickets::of_order(&tx, id).await?;
        Ok(Some(order))
    }

    pub(crate) async fn load(&self, id: OrderId) -> Result<Order, Fault> {
        self.find(id).await?.ok_or_else(|| Fault::Broken(format!("{id} does not exist")))
    }

    /// The transaction id of an order: HMAC-SHA512 over what identifies it, in hexadecimal.
    /// Source: document 002, "Secure Transactions".
    pub(crate) fn transaction_id(&self, order: OrderId, fan: UserId, total: Money, placed_at: Timestamp) -> String {
        let mut mac = Hmac::<Sha512>::new_from_slice(&self.transaction_key).expect("HMAC takes keys of any length");
        // Fixed lengths, so no two orders read the same.
        mac.update(order.0.as_bytes());
        mac.update(fan.0.as_bytes());
        mac.update(&total.minor.to_be_bytes());
        mac.update(total.currency.code().as_bytes());
        mac.update(&placed_at.micros().to_be_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Answers for good: the first answer given under a key is the answer from then on.
    pub(crate) async fn answer_for_good(
        &self,
        scope: Scope<'_>,
        body_hash: [u8; 32],
        answer: Answer,
    ) -> Result<Answer, store::Error> {
        let tx = self.parts.store.begin_write().await?;
        idempotency::answered(&tx, scope, &answer).await?;
        let stored = idempotency::find(&tx, scope, body_hash).await?;
        tx.commit().await?;
        Ok(match stored {
            Some(idempotency::Claim::Seen { answer: Some(first), .. }) => first,
            _ => answer,
        })
    }
}

/// Orders that were read without their tickets, with them.
async fn with_tickets(tx: &Tx, mut orders: Vec<Order>) -> store::Result<Vec<Order>> {
    let completed = orders.iter().filter(|order| order.state == OrderState::Completed);
    let ids: Vec<OrderId> = completed.map(|order| order.id).collect();
    let mut by_order: HashMap<OrderId, Vec<tickets::Ticket>> = HashMap::new();
    for ticket in tickets::of_orders(tx, &ids).await? {
        by_order.entry(ticket.order).or_default().push(ticket);
    }
    for order in &mut orders {
        order.tickets = by_order.remove(&order.id).unwrap_or_default();
    }
    Ok(orders)
}

/// With the key of whoever ordered.
pub(crate) fn seal_attendee(key: &PersonKey, order: OrderId, attendee: &Attendee) -> Vec<u8> {
    let plain = serde_json::to_vec(attendee).expect("an attendee is plain data");
    key.seal(attendee_place(order), &plain)
}

fn attendee_place(order: OrderId) -> Sealed {
    Sealed { table: "sales_order", column: "attendee", id: order.into() }
}
