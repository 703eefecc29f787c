use std::collections::HashMap;

use stagedoor_core::{Currency, Money, OrderId, RefundId};
use store::{Error, IntoParam, Result, Tx, list, rows};

use crate::refund::{Refund, RefundCause, RefundState};

/// Claims places of the order for a new refund; `false`, and nothing to be kept, when one of them
/// was claimed before.
pub(crate) async fn insert_refund(tx: &Tx, order: OrderId, refund: &Refund) -> Result<bool> {
    let (cause, by, note) = match &refund.cause {
        RefundCause::Fan => ("fan", None, None),
        RefundCause::Staff { by, note } => ("staff", Some(*by), Some(note.as_str())),
        RefundCause::EventCancelled => ("event_cancelled", None, None),
    };
    tx.execute(
        "INSERT INTO order_refund (id, order_id, amount_minor, cause, requested_by, note, state, requested_at, state_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        (refund.id, order, refund.amount.minor, cause, by, note, refund.state.text(), refund.requested_at),
    )
    .await?;
    let places = || refund.places.iter().map(|place| (*place as i64).into_param());
    let sql = format!("INSERT INTO order_refund_place (refund_id, position) VALUES {}", rows(refund.places.len(), 2));
    let params = places().flat_map(|place| [refund.id.into_param(), place]).collect::<Vec<_>>();
    tx.execute(&sql, params).await?;
    let sql = format!(
        "UPDATE order_place SET refund_id = $1 WHERE order_id = $2 AND refund_id IS NULL AND position IN {}",
        list(3, refund.places.len())
    );
    let mut params = vec![refund.id.into_param(), order.into_param()];
    params.extend(places());
    Ok(tx.execute(&sql, params).await? == refund.places.len() as u64)
}

/// Moves the refund on; `false` when somebody else was first.
pub(crate) async fn save_refund(tx: &Tx, id: RefundId, from: &RefundState, to: &RefundState) -> Result<bool> {
    let refusal = match to {
        RefundState::Refused { reason } => Some(reason.as_str()),
        _ => None,
    };
    let moved = tx
        .execute(
            "UPDATE order_refund SET state = $3, refusal = $4, state_at = $5 WHERE id = $1 AND state = $2",
            (id, from.text(), to.text(), refusal, tx.now()),
        )
        .await?;
    if moved == 1 && refusal.is_some() {
        tx.execute("UPDATE order_place SET refund_id = NULL WHERE refund_id = $1", (id,)).await?;
    }
    Ok(moved == 1)
}

/// Refunds that the gateway refused and whose places nobody has asked back since.
pub(crate) async fn refunds_owed(tx: &Tx) -> Result<u64> {
    let count = tx.one(
        "SELECT COUNT(*) FROM order_refund r
          WHERE r.state = 'refused'
            AND EXISTS (SELECT 1 FROM order_refund_place b
                          JOIN order_place p ON p.order_id = r.order_id AND p.position = b.position
                         WHERE b.refund_id = r.id AND p.refund_id IS NULL)",
        (),
        |row| row.get::<i64>(0),
    );
    Ok(count.await? as u64)
}

pub(crate) async fn order_of_refund(tx: &Tx, id: RefundId) -> Result<Option<OrderId>> {
    tx.optional("SELECT order_id FROM order_refund WHERE id = $1", (id,), |row| row.get(0)).await
}

pub(crate) async fn refunds_of(
    tx: &Tx,
    orders: &[OrderId],
    currencies: &HashMap<OrderId, Currency>,
) -> Result<Vec<(OrderId, Refund)>> {
    let any = list(1, orders.len());
    let params = || orders.iter().map(|id| id.into_param()).collect::<Vec<_>>();
    let places = format!(
        "SELECT b.refund_id, b.position FROM order_refund r JOIN order_refund_place b ON b.refund_id = r.id
          WHERE r.order_id IN {any} ORDER BY b.refund_id, b.position"
    );
    let mut places_of: HashMap<RefundId, Vec<usize>> = HashMap::new();
    for (refund, place) in tx.all(&places, params(), |row| Ok((row.get(0)?, row.get::<i64>(1)? as usize))).await? {
        places_of.entry(refund).or_default().push(place);
    }
    let sql = format!(
        "SELECT order_id, id, amount_minor, cause, requested_by, note, state, refusal, requested_at
           FROM order_refund WHERE order_id IN {any} ORDER BY requested_at, id"
    );
    tx.all(&sql, params(), |row| {
        let order: OrderId = row.get(0)?;
        let (cause, state): (String, String) = (row.get(3)?, row.get(6)?);
        let wrong = || Error::corrupt(format!("a refund of {order} is {state:?} because of {cause:?}"));
        let id = row.get(1)?;
        let refund = Refund {
            id,
            places: places_of.get(&id).cloned().unwrap_or_default(),
            amount: Money::new(row.get(2)?, currencies[&order]),
            cause: match cause.as_str() {
                "fan" => RefundCause::Fan,
                "staff" => RefundCause::Staff {
                    by: row.get::<Option<_>>(4)?.ok_or_else(wrong)?,
                    note: row.get::<Option<_>>(5)?.ok_or_else(wrong)?,
                },
                "event_cancelled" => RefundCause::EventCancelled,
                _ => return Err(wrong()),
            },
            state: match state.as_str() {
                "refunding" => RefundState::Refunding,
                "refunded" => RefundState::Refunded,
                "returned" => RefundState::Returned,
                "refused" => RefundState::Refused { reason: row.get::<Option<_>>(7)?.ok_or_else(wrong)? },
                _ => return Err(wrong()),
            },
            requested_at: row.get(8)?,
        };
        Ok((order, refund))
    })
    .await
}
