use stagedoor_core::{Money, OrderId, PaymentId};
use store::{Result, Tx};
use uuid::Uuid;

/// What a payment says about money, for comparing it with its order and the gateway's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentStanding {
    pub payment: PaymentId,
    pub order: OrderId,
    pub taken: Money,
    /// Of what was taken.
    pub given_back_minor: i64,
    pub captured: bool,
    /// The gateway was asked for something and its answer is not written down yet, so its books
    /// may be ahead.
    pub under_way: bool,
}

impl PaymentStanding {
    /// What we have of the buyer's money.
    pub fn kept(&self) -> Money {
        Money::new(self.taken.minor - self.given_back_minor, self.taken.currency)
    }
}

/// Every payment by id, at most `limit` after `after`.
pub async fn standings(tx: &Tx, after: Option<PaymentId>, limit: u32) -> Result<Vec<PaymentStanding>> {
    tx.all(
        "SELECT p.id, p.order_id, p.currency, p.state, p.captured_minor,
                (SELECT CAST(COALESCE(SUM(r.amount_minor), 0) AS BIGINT) FROM refund r
                  WHERE r.payment_id = p.id AND r.state = 'refunded'),
                (SELECT COUNT(*) FROM refund r WHERE r.payment_id = p.id AND r.state NOT IN ('refunded', 'refused'))
           FROM payment p WHERE p.id > $1 ORDER BY p.id LIMIT $2",
        (after.unwrap_or(PaymentId(Uuid::nil())), limit),
        |row| {
            let state: String = row.get(3)?;
            // A failed payment gave back what it took without a refund of its own.
            let taken = if state == "failed" { 0 } else { row.get::<i64>(4)? };
            let asked = matches!(state.as_str(), "authorizing" | "capturing" | "reversing" | "voiding");
            Ok(PaymentStanding {
                payment: row.get(0)?,
                order: row.get(1)?,
                taken: Money::new(taken, row.get(2)?),
                given_back_minor: row.get(5)?,
                captured: state == "captured",
                under_way: asked || row.get::<i64>(6)? > 0,
            })
        },
    )
    .await
}
