use std::collections::HashMap;
use std::time::Duration;

use stagedoor_core::{EventId, HoldId, Money, OrderId, OrganizerId, PaymentId, Timestamp, UserId};
use store::{Error, IntoParam, Params, Result, Row, Tx, list, rows};
use tickets::Place;
use uuid::Uuid;

use super::refunds_of;
use crate::order::{Lapse, LineKind, Order, OrderHold, OrderLine, OrderPlace, OrderState, OrderStatus};

const ORDER: &str =
    "SELECT o.id, o.fan_id, o.payment_id, o.transaction_id, o.currency, o.state, o.reason, o.next_action,
                            o.buyer_until, o.version, o.placed_at, o.state_at FROM sales_order o";

/// Writes a new order; a conflict when one of its holds is in another live order.
pub(crate) async fn insert_order(tx: &Tx, order: &Order, attendee: Option<Vec<u8>>) -> Result<()> {
    let stored = StoredState::of(&order.state);
    tx.execute(
        "INSERT INTO sales_order (id, fan_id, payment_id, transaction_id, currency, state, reason, next_action,
                                  buyer_until, version, attendee, placed_at, state_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        (
            order.id,
            order.fan,
            order.payment,
            &order.transaction_id,
            order.currency,
            stored.state,
            stored.reason,
            stored.next_action,
            stored.until,
            order.version,
            attendee,
            order.placed_at,
            order.state_at,
        ),
    )
    .await?;
    insert_holds(tx, order).await?;
    insert_places(tx, order).await?;
    insert_lines(tx, order).await
}

async fn insert_holds(tx: &Tx, order: &Order) -> Result<()> {
    let mut params = Vec::with_capacity(order.holds.len() * 6);
    for (position, hold) in (0i64..).zip(&order.holds) {
        params.push(order.id.into_param());
        params.push(position.into_param());
        params.push(hold.hold.into_param());
        params.push(hold.event.into_param());
        params.push(hold.organizer.into_param());
        params.push(true.into_param());
    }
    let sql = format!(
        "INSERT INTO order_hold (order_id, position, hold_id, event_id, organizer_id, claimed) VALUES {}",
        rows(order.holds.len(), 6)
    );
    tx.execute(&sql, params).await.map(drop)
}

async fn insert_places(tx: &Tx, order: &Order) -> Result<()> {
    let mut params = Vec::with_capacity(order.places.len() * 11);
    for place in &order.places {
        params.push(order.id.into_param());
        params.push((place.position as i64).into_param());
        params.push((place.hold as i64).into_param());
        let (seat, area, section, row) = match &place.spot {
            Place::Seat { id, section, row, label } => (Some(id), None, section, Some((row, label))),
            Place::Area { id, name } => (None, Some(id), name, None),
        };
        params.push(seat.cloned().into_param());
        params.push(area.cloned().into_param());
        params.push(section.into_param());
        params.push(row.map(|(row, _)| row.clone()).into_param());
        params.push(row.map(|(_, label)| label.clone()).into_param());
        params.push((&place.level).into_param());
        params.push((&place.level_name).into_param());
        params.push((&place.ticket_type).into_param());
    }
    let sql = format!(
        "INSERT INTO order_place (order_id, position, hold_position, seat_id, area_id, section, row_label, seat_label,
                                  level, level_name, ticket_type) VALUES {}",
        rows(order.places.len(), 11)
    );
    tx.execute(&sql, params).await.map(drop)
}

async fn insert_lines(tx: &Tx, order: &Order) -> Result<()> {
    let mut params = Vec::with_capacity(order.lines.len() * 7);
    for (position, line) in (0i64..).zip(&order.lines) {
        params.push(order.id.into_param());
        params.push(position.into_param());
        params.push((line.place as i64).into_param());
        params.push(line.kind.text().into_param());
        params.push(line.amount.minor.into_param());
        params.push(line.refundable.into_param());
        params.push((&line.description).into_param());
    }
    let sql = format!(
        "INSERT INTO order_line (order_id, position, place, kind, amount_minor, refundable, description) VALUES {}",
        rows(order.lines.len(), 7)
    );
    tx.execute(&sql, params).await.map(drop)
}

/// Moves the order on from the version it was read at; `false` when somebody else was first.
pub(crate) async fn save_state(tx: &Tx, order: &Order, state: &OrderState) -> Result<bool> {
    let stored = StoredState::of(state);
    let moved = tx
        .execute(
            "UPDATE sales_order SET state = $3, reason = $4, next_action = $5, buyer_until = $6, state_at = $7,
                                    version = version + 1
              WHERE id = $1 AND version = $2",
            (order.id, order.version, stored.state, stored.reason, stored.next_action, stored.until, tx.now()),
        )
        .await?;
    if moved == 1 && !state.keeps_holds() {
        tx.execute("UPDATE order_hold SET claimed = FALSE WHERE order_id = $1", (order.id,)).await?;
    }
    Ok(moved == 1)
}

pub(crate) async fn order(tx: &Tx, id: OrderId) -> Result<Option<Order>> {
    let found = tx.optional(&format!("{ORDER} WHERE o.id = $1"), (id,), order_from).await?;
    match found {
        Some(order) => Ok(complete(tx, vec![order]).await?.pop()),
        None => Ok(None),
    }
}

pub(crate) async fn order_of_payment(tx: &Tx, payment: PaymentId) -> Result<Option<OrderId>> {
    tx.optional("SELECT id FROM sales_order WHERE payment_id = $1", (payment,), |row| row.get(0)).await
}

/// The order that has the fan's hold, else the latest that had it.
pub(crate) async fn order_of_hold(tx: &Tx, fan: UserId, hold: HoldId) -> Result<Option<OrderId>> {
    tx.optional(
        "SELECT o.id FROM order_hold h JOIN sales_order o ON o.id = h.order_id
          WHERE h.hold_id = $1 AND o.fan_id = $2 ORDER BY h.claimed DESC, o.id DESC LIMIT 1",
        (hold, fan),
        |row| row.get(0),
    )
    .await
}

/// A part of a list of orders, newest first.
#[derive(Debug, Clone, Copy)]
pub struct OrderPage {
    /// Only orders placed before this one: the last of the page before.
    pub before: Option<OrderId>,
    /// 1..=100.
    pub limit: u32,
}

/// Greater than every order id, so that a page without `before` starts at the newest.
const NEWEST: OrderId = OrderId(Uuid::max());

pub(crate) async fn orders_of_fan(tx: &Tx, fan: UserId, page: OrderPage) -> Result<Vec<Order>> {
    let sql = format!("{ORDER} WHERE o.fan_id = $1 AND o.id < $2 ORDER BY o.id DESC LIMIT $3");
    let orders = tx.all(&sql, (fan, page.before.unwrap_or(NEWEST), page.limit), order_from).await?;
    complete(tx, orders).await
}

/// Which of an organizer's orders are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderFilter {
    pub event: Option<EventId>,
    /// Who bought.
    pub fan: Option<UserId>,
    /// Of the organizer's part, as whoever looks is shown it.
    pub status: Option<OrderStatus>,
    /// Placed then or later.
    pub from: Option<Timestamp>,
    /// Placed before.
    pub until: Option<Timestamp>,
}

/// Orders with places of the organizer's events, or of those `within` alone, that `filter` finds.
pub(crate) async fn orders_of_organizer(
    tx: &Tx,
    organizer: OrganizerId,
    within: Option<&[EventId]>,
    filter: &OrderFilter,
    page: OrderPage,
) -> Result<Vec<Order>> {
    let is_without = |event: EventId| within.is_some_and(|events| !events.contains(&event));
    if within == Some(&[]) || filter.event.is_some_and(is_without) {
        return Ok(Vec::new());
    }
    let (sql, params) = sold_by(organizer, within, filter, page);
    let orders = tx.all(&sql, params, order_from).await?;
    complete(tx, orders).await
}

/// The statement of [`orders_of_organizer`].
fn sold_by(
    organizer: OrganizerId,
    within: Option<&[EventId]>,
    filter: &OrderFilter,
    page: OrderPage,
) -> (String, impl Params + use<>) {
    let newest = filter.until.map_or(NEWEST, |until| id_at(until + PLACED_WITHIN));
    let before = page.before.map_or(newest, |before| before.min(newest));
    let mut params = vec![organizer.into_param(), before.into_param(), page.limit.into_param()];
    // The holds whose places are shown, and the one by which an order is found.
    let part = match within {
        None => "organizer_id = $1".to_owned(),
        Some(events) => {
            params.extend(events.iter().map(|event| event.into_param()));
            format!("organizer_id = $1 AND event_id IN {}", list(4, events.len()))
        }
    };
    let mut with = |value| {
        params.push(value);
        format!("${}", params.len())
    };
    let of_event = filter.event.map(|event| format!(" AND event_id = {}", with(event.into_param())));
    let of_event = of_event.unwrap_or_default();
    let id = if filter.fan.is_some() { "s.id" } else { "order_id" };
    let oldest = filter.from.map(|from| format!(" AND {id} >= {}", with(id_at(from - PLACED_WITHIN).into_param())));
    let oldest = oldest.unwrap_or_default();
    let fan = filter.fan.map(|fan| with(fan.into_param()));
    let mut conditions = String::new();
    let mut and = |condition: String| conditions.extend([" AND ", &condition]);
    if let Some(from) = filter.from {
        and(format!("s.placed_at >= {}", with(from.into_param())));
    }
    if let Some(until) = filter.until {
        and(format!("s.placed_at < {}", with(until.into_param())));
    }
    if let Some(status) = filter.status {
        and(has_status(status, &part));
    }
    let found = match fan {
        // Of one fan there are few, and an index has them in the page's order.
        Some(fan) => format!(
            "SELECT s.id FROM sales_order s WHERE s.fan_id = {fan} AND s.id < $2{oldest}{conditions}
                AND EXISTS (SELECT 1 FROM order_hold WHERE order_id = s.id AND {part}{of_event})
              ORDER BY s.id DESC LIMIT $3"
        ),
        // The holds' own index has the page in its order, so that without more to look for it does not matter how
        // many orders there are.
        None => {
            let join = if conditions.is_empty() { "" } else { "JOIN sales_order s ON s.id = order_id" };
            format!(
                "SELECT DISTINCT order_id FROM order_hold {join}
                  WHERE {part}{of_event} AND order_id < $2{oldest}{conditions} ORDER BY order_id DESC LIMIT $3"
            )
        }
    };
    (format!("{ORDER} WHERE o.id IN ({found}) ORDER BY o.id DESC"), params)
}

/// An order's id is made of the time at which it is placed; in between, a clock may have been set.
const PLACED_WITHIN: Duration = Duration::from_secs(3_600);

/// The least id that is made at a time, so that orders of some days are found without a look at all of them.
fn id_at(at: Timestamp) -> OrderId {
    let millis = at.micros().div_euclid(1_000).clamp(0, (1 << 48) - 1);
    OrderId(Uuid::from_u128((millis as u128) << 80))
}

/// What [`Order::status`] says of the part of an order `s` whose holds `part` picks.
fn has_status(status: OrderStatus, part: &str) -> String {
    let has = |refund: &str| {
        format!(
            "EXISTS (SELECT 1 FROM order_hold h JOIN order_place p
                         ON p.order_id = h.order_id AND p.hold_position = h.position
                      WHERE h.order_id = s.id AND {part} AND p.refund_id {refund})"
        )
    };
    let (given_back, kept) = (has("IS NOT NULL"), has("IS NULL"));
    match status {
        OrderStatus::Pending => "s.state IN ('placed', 'authorized', 'sold', 'lapsed')".to_owned(),
        OrderStatus::NeedsBuyer => "s.state = 'needs_buyer'".to_owned(),
        OrderStatus::Declined => "s.state = 'declined'".to_owned(),
        OrderStatus::Cancelled => "s.state = 'cancelled'".to_owned(),
        OrderStatus::Completed => format!("s.state = 'completed' AND NOT {given_back}"),
        OrderStatus::PartiallyRefunded => format!("s.state = 'completed' AND {given_back} AND {kept}"),
        OrderStatus::Refunded => format!("s.state = 'completed' AND {given_back} AND NOT {kept}"),
    }
}

/// Completed orders with places of `event` that nobody has asked back, after `after`, oldest first.
pub(crate) async fn refundable_orders(
    tx: &Tx,
    event: EventId,
    after: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OrderId>> {
    tx.all(
        "SELECT DISTINCT o.id FROM order_hold h
           JOIN sales_order o ON o.id = h.order_id
           JOIN order_place p ON p.order_id = h.order_id AND p.hold_position = h.position
          WHERE h.event_id = $1 AND o.id > $2 AND o.state = 'completed' AND p.refund_id IS NULL
          ORDER BY o.id LIMIT $3",
        (event, after.unwrap_or(OrderId(Uuid::nil())), limit),
        |row| row.get(0),
    )
    .await
}

/// The sealed attendee of an order, and with whose key it is sealed.
pub(crate) async fn attendee(tx: &Tx, order: OrderId) -> Result<Option<(UserId, Vec<u8>)>> {
    let sql = "SELECT fan_id, attendee FROM sales_order WHERE id = $1 AND attendee IS NOT NULL";
    tx.optional(sql, (order,), |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// Forgets who comes with the orders of a fan.
pub(crate) async fn erase_attendees(tx: &Tx, fan: UserId) -> Result<()> {
    let sql = "UPDATE sales_order SET attendee = NULL WHERE fan_id = $1 AND attendee IS NOT NULL";
    tx.execute(sql, (fan,)).await.map(drop)
}

/// Adds holds, places, lines and refunds to orders that were read without them.
async fn complete(tx: &Tx, mut orders: Vec<Order>) -> Result<Vec<Order>> {
    if orders.is_empty() {
        return Ok(orders);
    }
    let ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
    let params = || ids.iter().map(|id| id.into_param()).collect::<Vec<_>>();
    let any = list(1, ids.len());
    let holds = format!(
        "SELECT order_id, hold_id, event_id, organizer_id FROM order_hold WHERE order_id IN {any} ORDER BY order_id, position"
    );
    let holds = tx.all(&holds, params(), |row| {
        Ok((row.get::<OrderId>(0)?, OrderHold { hold: row.get(1)?, event: row.get(2)?, organizer: row.get(3)? }))
    });
    let holds = by_order(holds.await?);
    let places = format!(
        "SELECT order_id, position, hold_position, seat_id, area_id, section, row_label, seat_label, level, level_name,
                ticket_type, refund_id
           FROM order_place WHERE order_id IN {any} ORDER BY order_id, position"
    );
    let places = tx.all(&places, params(), |row| place_from(row, &holds)).await?;
    let mut places = by_order(places);
    let lines = format!(
        "SELECT order_id, place, kind, amount_minor, refundable, description
           FROM order_line WHERE order_id IN {any} ORDER BY order_id, position"
    );
    let currencies: HashMap<_, _> = orders.iter().map(|order| (order.id, order.currency)).collect();
    let lines = tx.all(&lines, params(), |row| {
        let order: OrderId = row.get(0)?;
        let kind: String = row.get(2)?;
        let line = OrderLine {
            place: row.get::<i64>(1)? as usize,
            kind: LineKind::from_text(&kind)
                .ok_or_else(|| Error::corrupt(format!("{kind:?} is not a kind of line")))?,
            amount: Money::new(row.get(3)?, currencies[&order]),
            refundable: row.get(4)?,
            description: row.get(5)?,
        };
        Ok((order, line))
    });
    let mut lines = by_order(lines.await?);
    let mut refunds = by_order(refunds_of(tx, &ids, &currencies).await?);
    let mut holds = holds;
    for order in &mut orders {
        order.holds = holds.remove(&order.id).unwrap_or_default();
        order.places = places.remove(&order.id).unwrap_or_default();
        order.lines = lines.remove(&order.id).unwrap_or_default();
        order.refunds = refunds.remove(&order.id).unwrap_or_default();
    }
    Ok(orders)
}

fn by_order<T>(rows: Vec<(OrderId, T)>) -> HashMap<OrderId, Vec<T>> {
    let mut groups: HashMap<OrderId, Vec<T>> = HashMap::new();
    for (order, row) in rows {
        groups.entry(order).or_default().push(row);
    }
    groups
}

fn order_from(row: &Row) -> Result<Order> {
    let stored = StoredState { state: row.get(5)?, reason: row.get(6)?, next_action: row.get(7)?, until: row.get(8)? };
    Ok(Order {
        id: row.get(0)?,
        fan: row.get(1)?,
        payment: row.get(2)?,
        transaction_id: row.get(3)?,
        currency: row.get(4)?,
        state: stored.read()?,
        version: row.get(9)?,
        placed_at: row.get(10)?,
        state_at: row.get(11)?,
        holds: Vec::new(),
        places: Vec::new(),
        lines: Vec::new(),
        refunds: Vec::new(),
        tickets: Vec::new(),
    })
}

fn place_from(row: &Row, holds: &HashMap<OrderId, Vec<OrderHold>>) -> Result<(OrderId, OrderPlace)> {
    let order: OrderId = row.get(0)?;
    let at = row.get::<i64>(2)? as usize;
    let hold = holds.get(&order).and_then(|holds| holds.get(at));
    let hold = hold.ok_or_else(|| Error::corrupt(format!("{order} has no hold {at}")))?;
    let section: String = row.get(5)?;
    let missing = || Error::corrupt(format!("a place of {order} has neither seat nor area"));
    let spot = match row.get::<Option<String>>(3)? {
        Some(id) => Place::Seat {
            id,
            section,
            row: row.get::<Option<String>>(6)?.ok_or_else(missing)?,
            label: row.get::<Option<String>>(7)?.ok_or_else(missing)?,
        },
        None => Place::Area { id: row.get::<Option<String>>(4)?.ok_or_else(missing)?, name: section },
    };
    let place = OrderPlace {
        position: row.get::<i64>(1)? as usize,
        hold: at,
        event: hold.event,
        organizer: hold.organizer,
        spot,
        level: row.get(8)?,
        level_name: row.get(9)?,
        ticket_type: row.get(10)?,
        refund: row.get(11)?,
    };
    Ok((order, place))
}

/// An [`OrderState`] as its columns.
struct StoredState {
    state: String,
    reason: Option<String>,
    next_action: Option<String>,
    until: Option<Timestamp>,
}

impl StoredState {
    fn of(state: &OrderState) -> StoredState {
        let (reason, next_action, until) = match state {
            OrderState::NeedsBuyer { next_action, until } => (None, Some(next_action.clone()), Some(*until)),
            OrderState::Declined { reason } => (Some(reason.clone()), None, None),
            OrderState::Lapsed { why } | OrderState::Cancelled { why } => (Some(why.text().to_owned()), None, None),
            OrderState::Placed | OrderState::Authorized | OrderState::Sold | OrderState::Completed => {
                (None, None, None)
            }
        };
        StoredState { state: state.text().to_owned(), reason, next_action, until }
    }

    fn read(self) -> Result<OrderState> {
        let wrong = || Error::corrupt(format!("{:?} with {:?} is not a state of an order", self.state, self.reason));
        let why = || self.reason.as_deref().and_then(Lapse::from_text).ok_or_else(wrong);
        Ok(match self.state.as_str() {
            "placed" => OrderState::Placed,
            "needs_buyer" => OrderState::NeedsBuyer {
                next_action: self.next_action.clone().ok_or_else(wrong)?,
                until: self.until.ok_or_else(wrong)?,
            },
            "authorized" => OrderState::Authorized,
            "sold" => OrderState::Sold,
            "completed" => OrderState::Completed,
            "declined" => OrderState::Declined { reason: self.reason.clone().ok_or_else(wrong)? },
            "lapsed" => OrderState::Lapsed { why: why()? },
            "cancelled" => OrderState::Cancelled { why: why()? },
            _ => return Err(wrong()),
        })
    }
}

#[cfg(test)]
mod database_tests {
    use stagedoor_core::Env;
    use testkit::TestStore;

    use super::*;

    #[test]
    fn no_id_made_later_is_less_than_that_of_a_time() {
        let env = Env::seeded(1);
        for _ in 0..100 {
            let (at, id) = (env.now(), OrderId::fresh(&env));
            assert!(id_at(at) <= id && id < id_at(at + Duration::from_millis(1)));
            env.clock.advance(Duration::from_micros(12_345));
        }
        assert_eq!(id_at(Timestamp::MIN), OrderId(Uuid::nil()));
    }

    #[tokio::test]
    async fn an_organizer_s_page_of_orders_is_read_from_an_index_in_its_order() {
        let test = TestStore::new().await;
        let (organizer, event) = (OrganizerId::fresh(&test.env), EventId::fresh(&test.env));
        let check = async || {
            let off = ["enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_hashagg"];
            let page = OrderPage { before: None, limit: 20 };
            let (all, params) = sold_by(organizer, None, &OrderFilter::default(), page);
            let all = test.plan(&all, params, &off).await;
            let filter = OrderFilter { event: Some(event), ..OrderFilter::default() };
            let (one, params) = sold_by(organizer, None, &filter, page);
            let one = test.plan(&one, params, &off).await;
            let filter =
                OrderFilter { fan: Some(UserId::fresh(&test.env)), event: Some(event), ..OrderFilter::default() };
            let (bought, params) = sold_by(organizer, None, &filter, page);
            let bought = test.plan(&bought, params, &off).await;
            let plans =
                [(all, "order_hold_organizer "), (one, "order_hold_organizer_event "), (bought, "sales_order_fan ")];
            for (plan, index) in plans {
                assert!(plan.contains(index), "{plan}");
                assert!(!["SCAN", "Seq Scan", "Sort", "TEMP B-TREE"].iter().any(|word| plan.contains(word)), "{plan}");
            }
        };
        check().await;
        // The policies of the tables keep no index from being used.
        store::tenant::request(async {
            store::tenant::enter(organizer);
            check().await;
        })
        .await;
    }
}
