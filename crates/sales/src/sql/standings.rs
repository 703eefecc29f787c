use stagedoor_core::{OrderId, PaymentId, Timestamp};
use store::{Error, Result, Tx};
use uuid::Uuid;

/// Where an order stands, for comparing it with seats, tickets and payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub order: OrderId,
    pub payment: PaymentId,
    pub stage: Stage,
    /// Since when the order, or the oldest refund of it that has not ended, is on its way: until
    /// then its seats and its tickets need not agree.
    pub moving_since: Option<Timestamp>,
    pub total_minor: i64,
}

/// What an order owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// On its way: it may own seats and money, and tickets not yet.
    Open,
    /// Paid, with its tickets.
    Completed,
    /// Over: no seats, no money, no tickets.
    Ended,
}

/// Every order by id, at most `limit` after `after`.
pub async fn standings(tx: &Tx, after: Option<OrderId>, limit: u32) -> Result<Vec<Standing>> {
    tx.all(
        "SELECT o.id, o.payment_id, o.state, o.placed_at,
                (SELECT MIN(r.requested_at) FROM order_refund r WHERE r.order_id = o.id AND r.state IN ('refunding', 'refunded')),
                (SELECT CAST(COALESCE(SUM(l.amount_minor), 0) AS BIGINT) FROM order_line l WHERE l.order_id = o.id)
           FROM sales_order o WHERE o.id > $1 ORDER BY o.id LIMIT $2",
        (after.unwrap_or(OrderId(Uuid::nil())), limit),
        |row| {
            let state: String = row.get(2)?;
            let stage = match state.as_str() {
                "placed" | "needs_buyer" | "authorized" | "sold" | "lapsed" => Stage::Open,
                "completed" => Stage::Completed,
                "declined" | "cancelled" => Stage::Ended,
                _ => return Err(Error::corrupt(format!("{state:?} is not a state of an order"))),
            };
            Ok(Standing {
                order: row.get(0)?,
                payment: row.get(1)?,
                stage,
                moving_since: match stage {
                    Stage::Open => Some(row.get(3)?),
                    Stage::Completed | Stage::Ended => row.get(4)?,
                },
                total_minor: row.get(5)?,
            })
        },
    )
    .await
}
