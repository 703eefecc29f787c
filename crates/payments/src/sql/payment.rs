use stagedoor_core::{Money, OrderId, PaymentId, RefundId};
use store::{Error, Result, Row, Tx, dialect};

use crate::gateway::NextAction;
use crate::payment::{NewPayment, Payment, PaymentState};
use crate::refund::{NewRefund, Refund, RefundState};
use crate::token::Token;

const PAYMENT: &str = "id, order_id, amount_minor, currency, token, state, reference, reason, next_action,
                       captured_minor, refunded_minor, version";

/// Adds the order's payment unless it has one; gives the one it has.
pub(crate) async fn insert_payment(tx: &Tx, new: &NewPayment) -> Result<Payment> {
    let (id, now) = (tx.env().id::<PaymentId>(), tx.now());
    tx.execute(
        "INSERT INTO payment (id, order_id, amount_minor, currency, token, state, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (order_id) DO NOTHING",
        (id, new.order, new.amount.minor, new.amount.currency, new.token.as_str(), PaymentState::Created.text(), now),
    )
    .await?;
    let payment = payment_of_order(tx, new.order).await?;
    Ok(payment.expect("the insert added the row or found it, and payments are never removed"))
}

pub(crate) async fn payment(tx: &Tx, id: PaymentId) -> Result<Option<Payment>> {
    tx.optional(&format!("SELECT {PAYMENT} FROM payment WHERE id = $1"), (id,), read_payment).await
}

/// The same, and nobody else changes the row before the transaction ends.
pub(crate) async fn lock_payment(tx: &Tx, id: PaymentId) -> Result<Option<Payment>> {
    let sql = format!("SELECT {PAYMENT} FROM payment WHERE id = $1{}", dialect::for_update(tx.backend()));
    tx.optional(&sql, (id,), read_payment).await
}

pub(crate) async fn payment_of_order(tx: &Tx, order: OrderId) -> Result<Option<Payment>> {
    tx.optional(&format!("SELECT {PAYMENT} FROM payment WHERE order_id = $1"), (order,), read_payment).await
}

/// Writes the state if the version is still the one that was read; gives the payment as it is now.
pub(crate) async fn save_payment(tx: &Tx, mut next: Payment) -> Result<Option<Payment>> {
    if !next.state.needs_token() {
        next.token = None;
    }
    let (reason, next_action) = match &next.state {
        PaymentState::Declined { reason } | PaymentState::Failed { reason } => (Some(reason.as_str()), None),
        PaymentState::NeedsBuyer { next_action } => (None, Some(next_action.url.as_str())),
        _ => (None, None),
    };
    let saved = tx
        .execute(
            "UPDATE payment SET state = $3, token = $4, reference = $5, reason = $6, next_action = $7,
                    captured_minor = $8, refunded_minor = $9, updated_at = $10, version = version + 1
              WHERE id = $1 AND version = $2",
            (
                next.id,
                next.version,
                next.state.text(),
                next.token.as_ref().map(Token::as_str),
                next.reference.as_deref(),
                reason,
                next_action,
                next.captured.minor,
                next.refunded.minor,
                tx.now(),
            ),
        )
        .await?;
    next.version += 1;
    Ok((saved == 1).then_some(next))
}

/// Sets `new.amount` of a captured payment aside for a refund, if that much is left.
pub(crate) async fn claim_refund(tx: &Tx, new: NewRefund) -> Result<bool> {
    let claimed = tx
        .execute(
            "UPDATE payment SET refunded_minor = refunded_minor + $2, version = version + 1, updated_at = $3
              WHERE id = $1 AND state = 'captured' AND $2 <= captured_minor - refunded_minor",
            (new.payment, new.amount.minor, tx.now()),
        )
        .await?;
    Ok(claimed == 1)
}

/// Gives the claim of a refused refund back to its payment.
pub(crate) async fn unclaim_refund(tx: &Tx, refund: &Refund) -> Result<()> {
    tx.execute(
        "UPDATE payment SET refunded_minor = refunded_minor - $2, version = version + 1, updated_at = $3
          WHERE id = $1",
        (refund.payment, refund.amount.minor, tx.now()),
    )
    .await?;
    Ok(())
}

pub(crate) async fn insert_refund(tx: &Tx, new: NewRefund) -> Result<()> {
    tx.execute(
        "INSERT INTO refund (id, payment_id, amount_minor, currency, state, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
        (new.id, new.payment, new.amount.minor, new.amount.currency, RefundState::Created.text(), tx.now()),
    )
    .await?;
    Ok(())
}

pub(crate) async fn refund(tx: &Tx, id: RefundId) -> Result<Option<Refund>> {
    tx.optional(
        "SELECT id, payment_id, amount_minor, currency, state, reason FROM refund WHERE id = $1",
        (id,),
        read_refund,
    )
    .await
}

pub(crate) async fn refunds_of(tx: &Tx, payment: PaymentId) -> Result<Vec<Refund>> {
    tx.all(
        "SELECT id, payment_id, amount_minor, currency, state, reason FROM refund
          WHERE payment_id = $1 ORDER BY created_at, id",
        (payment,),
        read_refund,
    )
    .await
}

/// Writes `next` if the refund is still in the state that was read.
pub(crate) async fn save_refund(tx: &Tx, refund: &Refund, next: &RefundState) -> Result<bool> {
    let reason = match next {
        RefundState::Refused { reason } => Some(reason.as_str()),
        _ => None,
    };
    let saved = tx
        .execute(
            "UPDATE refund SET state = $3, reason = $4, updated_at = $5 WHERE id = $1 AND state = $2",
            (refund.id, refund.state.text(), next.text(), reason, tx.now()),
        )
        .await?;
    Ok(saved == 1)
}

fn read_payment(row: &Row) -> Result<Payment> {
    let currency = row.get(3)?;
    let money = |index| Ok::<_, Error>(Money::new(row.get(index)?, currency));
    let reason = || Ok::<_, Error>(row.get::<Option<String>>(7)?.unwrap_or_default());
    let state = match row.get::<String>(5)?.as_str() {
        "created" => PaymentState::Created,
        "authorizing" => PaymentState::Authorizing,
        "needs_buyer" => {
            let url = row.get::<Option<String>>(8)?.unwrap_or_default();
            PaymentState::NeedsBuyer { next_action: NextAction { url } }
        }
        "authorized" => PaymentState::Authorized,
        "declined" => PaymentState::Declined { reason: reason()? },
        "capturing" => PaymentState::Capturing,
        "captured" => PaymentState::Captured,
        "reversing" => PaymentState::Reversing,
        "failed" => PaymentState::Failed { reason: reason()? },
        "voiding" => PaymentState::Voiding,
        "voided" => PaymentState::Voided,
        other => return Err(Error::corrupt(format!("{other:?} is not a payment state"))),
    };
    Ok(Payment {
        id: row.get(0)?,
        order: row.get(1)?,
        amount: money(2)?,
        token: row.get::<Option<String>>(4)?.map(Token::stored),
        state,
        reference: row.get(6)?,
        captured: money(9)?,
        refunded: money(10)?,
        version: row.get(11)?,
    })
}

fn read_refund(row: &Row) -> Result<Refund> {
    let state = match row.get::<String>(4)?.as_str() {
        "created" => RefundState::Created,
        "refunding" => RefundState::Refunding,
        "refunded" => RefundState::Refunded,
        "refused" => RefundState::Refused { reason: row.get::<Option<String>>(5)?.unwrap_or_default() },
        other => return Err(Error::corrupt(format!("{other:?} is not a refund state"))),
    };
    Ok(Refund { id: row.get(0)?, payment: row.get(1)?, amount: Money::new(row.get(2)?, row.get(3)?), state })
}
