//! The simulated gateway's books.

use stagedoor_core::{Money, PaymentId, RefundId, Timestamp};
use store::{Result, Tx};
use uuid::Uuid;

use crate::gateway::{Authorize, RefundRequest, RefundStanding};
use crate::simulated::{BookLine, Held, Moved};

/// Adds the payment; `false` when its id is known.
pub(crate) async fn insert_payment(
    tx: &Tx,
    request: &Authorize,
    reference: &str,
    token: &str,
    state: &str,
    reason: Option<&str>,
) -> Result<bool> {
    let inserted = tx
        .execute(
            "INSERT INTO simulated_gateway_payment
                    (payment_id, reference, order_id, amount_minor, currency, token, state, reason, authorized_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (payment_id) DO NOTHING",
            (
                request.payment,
                reference,
                request.order,
                request.amount.minor,
                request.amount.currency,
                token,
                state,
                reason,
                tx.now(),
            ),
        )
        .await?;
    Ok(inserted == 1)
}

pub(crate) async fn payment(tx: &Tx, id: PaymentId) -> Result<Option<Held>> {
    tx.optional(
        "SELECT reference, amount_minor, currency, token, state, reason, captured_minor, authorized_at
           FROM simulated_gateway_payment WHERE payment_id = $1",
        (id,),
        |row| {
            let minor = row.get(1)?;
            Ok(Held {
                reference: row.get(0)?,
                amount: row.get::<Option<_>>(2)?.map(|currency| Money::new(minor, currency)),
                token: row.get(3)?,
                state: row.get(4)?,
                reason: row.get(5)?,
                captured_minor: row.get(6)?,
                authorized_at: row.get(7)?,
            })
        },
    )
    .await
}

/// Takes the money of an authorization given after `lapsed`; `false` when there is none.
pub(crate) async fn capture(tx: &Tx, id: PaymentId, amount: Money, lapsed: Timestamp) -> Result<bool> {
    let captured = tx
        .execute(
            "UPDATE simulated_gateway_payment SET state = 'captured', captured_minor = $2
              WHERE payment_id = $1 AND state = 'authorized' AND authorized_at > $3",
            (id, amount.minor, lapsed),
        )
        .await?;
    Ok(captured == 1)
}

/// Lets go of an authorization. An unknown id is remembered as voided, so that it stays one.
pub(crate) async fn void(tx: &Tx, id: PaymentId) -> Result<()> {
    tx.execute(
        "INSERT INTO simulated_gateway_payment (payment_id, reference, amount_minor, token, state)
         VALUES ($1, '', 0, '', 'voided')
         ON CONFLICT (payment_id) DO UPDATE SET state = 'voided'
          WHERE simulated_gateway_payment.state IN ('authorized', 'needs_buyer')",
        (id,),
    )
    .await?;
    Ok(())
}

pub(crate) async fn answer_challenge(tx: &Tx, id: PaymentId, state: &str, reason: Option<&str>) -> Result<()> {
    tx.execute(
        "UPDATE simulated_gateway_payment SET state = $2, reason = $3, authorized_at = $4
          WHERE payment_id = $1 AND state = 'needs_buyer'",
        (id, state, reason, tx.now()),
    )
    .await?;
    Ok(())
}

/// Gives money back, or notes that it cannot; `true` when money moved by this call.
pub(crate) async fn refund(tx: &Tx, request: RefundRequest) -> Result<bool> {
    let fresh = tx
        .execute(
            "INSERT INTO simulated_gateway_refund (refund_id, payment_id, amount_minor, state)
             VALUES ($1, $2, $3, 'refunded') ON CONFLICT (refund_id) DO NOTHING",
            (request.refund, request.payment, request.amount.minor),
        )
        .await?;
    if fresh == 0 {
        return Ok(false);
    }
    let refunded = tx
        .execute(
            "UPDATE simulated_gateway_payment SET refunded_minor = refunded_minor + $2
              WHERE payment_id = $1 AND state = 'captured' AND $2 <= captured_minor - refunded_minor",
            (request.payment, request.amount.minor),
        )
        .await?;
    if refunded == 0 {
        tx.execute("UPDATE simulated_gateway_refund SET state = 'refused' WHERE refund_id = $1", (request.refund,))
            .await?;
    }
    Ok(refunded == 1)
}

pub(crate) async fn refund_standing(tx: &Tx, payment: PaymentId, refund: RefundId) -> Result<RefundStanding> {
    let state = tx
        .optional(
            "SELECT state FROM simulated_gateway_refund WHERE refund_id = $1 AND payment_id = $2",
            (refund, payment),
            |row| row.get::<String>(0),
        )
        .await?;
    Ok(match state.as_deref() {
        None => RefundStanding::Absent,
        Some("refunded") => RefundStanding::Refunded,
        Some(_) => RefundStanding::Refused { reason: "exceeds_captured".to_owned() },
    })
}

pub(crate) async fn insert_movement(tx: &Tx, payment: PaymentId, moved: Moved, amount: Money) -> Result<()> {
    let kind = match moved {
        Moved::FromBuyer => "from_buyer",
        Moved::ToBuyer => "to_buyer",
    };
    tx.execute(
        "INSERT INTO simulated_gateway_movement (id, payment_id, kind, amount_minor, at) VALUES ($1, $2, $3, $4, $5)",
        (tx.env().id::<Uuid>(), payment, kind, amount.minor, tx.now()),
    )
    .await?;
    Ok(())
}

pub(crate) async fn books(tx: &Tx) -> Result<Vec<BookLine>> {
    tx.all(
        "SELECT simulated_gateway_payment.payment_id, simulated_gateway_payment.order_id,
                simulated_gateway_movement.kind, simulated_gateway_movement.amount_minor,
                simulated_gateway_payment.currency
           FROM simulated_gateway_movement JOIN simulated_gateway_payment
             ON simulated_gateway_payment.payment_id = simulated_gateway_movement.payment_id
          ORDER BY simulated_gateway_movement.at, simulated_gateway_movement.id",
        (),
        |row| {
            let moved = if row.get::<String>(2)? == "from_buyer" { Moved::FromBuyer } else { Moved::ToBuyer };
            Ok(BookLine {
                payment: row.get(0)?,
                order: row.get(1)?,
                moved,
                amount: Money::new(row.get(3)?, row.get(4)?),
            })
        },
    )
    .await
}

/// `true` the first time this step of the payment is noted.
pub(crate) async fn insert_timeout(tx: &Tx, payment: PaymentId, step: &str) -> Result<bool> {
    let fresh = tx
        .execute(
            "INSERT INTO simulated_gateway_timeout (payment_id, step) VALUES ($1, $2)
             ON CONFLICT (payment_id, step) DO NOTHING",
            (payment, step),
        )
        .await?;
    Ok(fresh == 1)
}
