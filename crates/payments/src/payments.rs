//! The use cases: claim, ask the gateway, write down what came of it.

use std::sync::Arc;
use std::time::Duration;

use stagedoor_core::{Code, OrderId, PaymentId, RefundId};
use store::{Store, Tx};

use crate::gateway::{Authorize, GatewayError, PaymentGateway, RefundRequest, RefundStanding, Reply, Standing};
use crate::ledger::{self, Entry, LedgerError};
use crate::payment::{Begin, NewPayment, Payment, PaymentState, Step};
use crate::refund::{NewRefund, Refund, RefundState};
use crate::sql;

/// How long a gateway may take for an answer before it counts as unanswered and is asked what came
/// of it. A card is authorized in two or three seconds, and one request may ask several times while
/// its buyer waits.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Faults and misuse. A decline, a time-out or a lapsed authorization is a state, not an error.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("there is no payment {0}")]
    UnknownPayment(PaymentId),
    #[error("there is no refund {0}")]
    UnknownRefund(RefundId),
    #[error("payment {payment} is {state}")]
    WrongState { payment: PaymentId, state: &'static str },
    /// Negative, of another currency, or not the amount that was claimed under this id before.
    #[error("the amount does not fit {0}")]
    WrongAmount(String),
    #[error("the refund exceeds what is left of payment {0}")]
    RefundExceedsCaptured(PaymentId),
    /// The entry is for another movement or amount than the step.
    #[error("the ledger entry does not fit {0}")]
    WrongEntry(String),
    #[error(transparent)]
    Ledger(LedgerError),
    /// The gateway refused what it should not have.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The gateway reports what it was never asked for; somebody must look at it.
    #[error("the gateway contradicts payment {payment}, which is {state}")]
    Contradiction { payment: PaymentId, state: &'static str },
}

impl PaymentError {
    pub fn code(&self) -> Code {
        match self {
            PaymentError::UnknownPayment(_) | PaymentError::UnknownRefund(_) => Code::NotFound,
            PaymentError::WrongState { .. } => Code::WrongState,
            PaymentError::RefundExceedsCaptured(_) => Code::Conflict,
            PaymentError::Store(store::Error::Busy(_)) | PaymentError::Gateway(_) => Code::Unavailable,
            _ => Code::Internal,
        }
    }
}

impl From<LedgerError> for PaymentError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Store(error) => PaymentError::Store(error),
            other => PaymentError::Ledger(other),
        }
    }
}

/// Claims the payment of `new.order` in the caller's transaction. Asked again for the same order,
/// it is the same payment, and the first token counts.
/// Errors: `WrongAmount` when the amount is negative or differs from the first.
pub async fn create(tx: &Tx, new: NewPayment) -> Result<PaymentId, PaymentError> {
    if new.amount.minor < 0 {
        return Err(PaymentError::WrongAmount(new.order.to_string()));
    }
    let payment = sql::insert_payment(tx, &new).await?;
    if payment.amount != new.amount {
        return Err(PaymentError::WrongAmount(payment.id.to_string()));
    }
    Ok(payment.id)
}

/// The payment of an order, if one was claimed.
pub async fn of_order(tx: &Tx, order: OrderId) -> store::Result<Option<Payment>> {
    sql::payment_of_order(tx, order).await
}

/// The refunds of a payment, the oldest first.
pub async fn refunds_of(tx: &Tx, payment: PaymentId) -> store::Result<Vec<Refund>> {
    sql::refunds_of(tx, payment).await
}

/// Claims part of a captured payment for a refund, in the caller's transaction. Asked again with
/// the same id, payment and amount it changes nothing.
/// Errors: `WrongState` when the payment was not captured, `RefundExceedsCaptured`, `WrongAmount`.
pub async fn create_refund(tx: &Tx, new: NewRefund) -> Result<(), PaymentError> {
    // Whoever claims from the same payment waits here, so what follows is one step.
    let payment = sql::lock_payment(tx, new.payment).await?.ok_or(PaymentError::UnknownPayment(new.payment))?;
    if let Some(earlier) = sql::refund(tx, new.id).await? {
        let same = earlier.payment == new.payment && earlier.amount == new.amount;
        return if same { Ok(()) } else { Err(PaymentError::WrongAmount(new.id.to_string())) };
    }
    if new.amount.minor < 0 || new.amount.currency != payment.amount.currency {
        return Err(PaymentError::WrongAmount(new.id.to_string()));
    }
    if payment.state != PaymentState::Captured {
        return Err(PaymentError::WrongState { payment: payment.id, state: payment.state.text() });
    }
    if !sql::claim_refund(tx, new).await? {
        return Err(PaymentError::RefundExceedsCaptured(new.payment));
    }
    Ok(sql::insert_refund(tx, new).await?)
}

/// Drives payments and refunds against a gateway. Cheap to clone.
#[derive(Clone)]
pub struct Payments {
    store: Store,
    gateway: Arc<dyn PaymentGateway>,
    answer_within: Duration,
}

impl Payments {
    pub fn new(store: Store, gateway: Arc<dyn PaymentGateway>) -> Self {
        Self { store, gateway, answer_within: ANSWER_WITHIN }
    }

    /// How long the gateway may take for an answer; 10 s unless set.
    pub fn with_answer_within(self, answer_within: Duration) -> Self {
        Self { answer_within, ..self }
    }

    /// A payment as it is written down; asks nobody.
    pub async fn find(&self, id: PaymentId) -> Result<Payment, PaymentError> {
        sql::payment(&self.store.begin_read().await?, id).await?.ok_or(PaymentError::UnknownPayment(id))
    }

    /// Sets the amount aside. Ends as `Authorized`, `Declined` or `NeedsBuyer`; as `Authorizing`
    /// when the outcome is unknown; or as whatever a later step has made of the payment.
    pub async fn authorize(&self, id: PaymentId) -> Result<Payment, PaymentError> {
        self.drive(id, Step::Authorize, None).await
    }

    /// Takes the amount and posts `entry` with it. Ends as `Captured`; as `Failed` when the money
    /// cannot be had; as `Capturing` or `Reversing` when the outcome is unknown.
    /// Errors: `WrongState` when nothing is set aside; `WrongEntry`.
    pub async fn capture(&self, id: PaymentId, entry: &Entry) -> Result<Payment, PaymentError> {
        self.drive(id, Step::Capture, Some(entry)).await
    }

    /// Lets go of the money set aside, also when it is not known whether it was. Ends in a state
    /// that [holds nothing](PaymentState::holds_nothing), or as `Voiding` when that is unknown.
    /// Errors: `WrongState` once the capture was begun.
    pub async fn void(&self, id: PaymentId) -> Result<Payment, PaymentError> {
        self.drive(id, Step::Void, None).await
    }

    /// Gives the refund's amount back and posts `entry` with it. Ends as `Refunded` or `Refused`;
    /// as `Refunding` when the outcome is unknown.
    pub async fn refund(&self, id: RefundId, entry: &Entry) -> Result<Refund, PaymentError> {
        let refund = sql::refund(&self.store.begin_read().await?, id).await?.ok_or(PaymentError::UnknownRefund(id))?;
        if entry.movement() != ledger::Movement::Refund(id) || entry.clearing() != -refund.amount.minor {
            return Err(PaymentError::WrongEntry(id.to_string()));
        }
        let asked_before = match refund.state {
            RefundState::Created => !self.save_refund(&refund, RefundState::Refunding, None).await?,
            RefundState::Refunding => true,
            RefundState::Refunded | RefundState::Refused { .. } => return Ok(refund),
        };
        let request = RefundRequest { refund: id, payment: refund.payment, amount: refund.amount };
        let standing = match refund.amount.minor {
            0 => RefundStanding::Refunded,
            _ => self.give_back(request, asked_before).await?,
        };
        if let Some(state) = RefundState::after(&standing) {
            let asked = Refund { state: RefundState::Refunding, ..refund };
            self.save_refund(&asked, state, Some(entry)).await?;
        }
        sql::refund(&self.store.begin_read().await?, id).await?.ok_or(PaymentError::UnknownRefund(id))
    }

    async fn drive(&self, id: PaymentId, step: Step, entry: Option<&Entry>) -> Result<Payment, PaymentError> {
        loop {
            let payment = self.find(id).await?;
            if entry.is_some_and(|entry| {
                entry.movement() != ledger::Movement::Capture(id) || entry.clearing() != payment.amount.minor
            }) {
                return Err(PaymentError::WrongEntry(id.to_string()));
            }
            // A write that loses its race starts over from what the winner wrote.
            match step.begin(&payment.state) {
                Begin::Settled => return Ok(payment),
                Begin::Wrong => return Err(PaymentError::WrongState { payment: id, state: payment.state.text() }),
                Begin::Finish(state) => {
                    if let Some(done) = self.save(Payment { state, ..payment }, None).await? {
                        return Ok(done);
                    }
                }
                Begin::Ask(state) => {
                    if let Some(asked) = self.save(Payment { state, ..payment }, None).await? {
                        return self.ask(asked, step, entry).await;
                    }
                }
                Begin::Resume if payment.state == PaymentState::Reversing => return self.reverse(payment).await,
                Begin::Resume => return self.resume(payment, step, entry).await,
            }
        }
    }

    /// Asks for the step. An answer that does not come, or a refusal, is looked up once.
    async fn ask(&self, payment: Payment, step: Step, entry: Option<&Entry>) -> Result<Payment, PaymentError> {
        let refused = match self.call(&payment, step).await {
            Ok(standing) => return self.record(payment, &standing, entry).await,
            Err(GatewayError::Unanswered(source)) => {
                unanswered(payment.id, step.text(), &*source);
                None
            }
            Err(refused) => Some(refused),
        };
        let asked = payment.version;
        let payment = match self.status(payment.id).await {
            Some(standing) => self.record(payment, &standing, entry).await?,
            None => payment,
        };
        match refused {
            // The refusal changed nothing that could be written, so trying again will not help.
            Some(refused) if payment.version == asked => self.unless_changed(payment, refused.into()).await,
            _ => Ok(payment),
        }
    }

    /// What another caller made of the payment since it was read; `error` when nobody did anything,
    /// so that the answer that does not fit is not just a late one.
    async fn unless_changed(&self, read: Payment, error: PaymentError) -> Result<Payment, PaymentError> {
        let now = self.find(read.id).await?;
        if now.version == read.version { Err(error) } else { Ok(now) }
    }

    /// Finds out what came of a step that was asked for before, and asks again only if nothing did.
    async fn resume(&self, payment: Payment, step: Step, entry: Option<&Entry>) -> Result<Payment, PaymentError> {
        if payment.amount.minor == 0 {
            return self.ask(payment, step, entry).await;
        }
        match self.status(payment.id).await {
            Some(standing) if step.is_undone(&standing) => self.ask(payment, step, entry).await,
            Some(standing) => self.record(payment, &standing, entry).await,
            None => Ok(payment),
        }
    }

    /// What the gateway knows about a payment; `None` when it does not say.
    async fn status(&self, payment: PaymentId) -> Option<Standing> {
        known(payment, "status", self.in_time(self.gateway.status(payment)).await)
    }

    /// What the gateway knows about a refund; `None` when it does not say.
    async fn refund_status(&self, request: RefundRequest) -> Option<RefundStanding> {
        let RefundRequest { payment, refund, .. } = request;
        known(payment, "refund_status", self.in_time(self.gateway.refund_status(payment, refund)).await)
    }

    /// The gateway's answer, if it comes in time. A request that is given up may be done all the
    /// same, as one whose answer is lost.
    async fn in_time<T>(&self, reply: Reply<'_, T>) -> Result<T, GatewayError> {
        let late = |_| Err(GatewayError::unanswered(format!("no answer within {:?}", self.answer_within)));
        tokio::time::timeout(self.answer_within, reply).await.unwrap_or_else(late)
    }

    async fn call(&self, payment: &Payment, step: Step) -> Result<Standing, GatewayError> {
        if payment.amount.minor == 0 {
            return Ok(step.free(payment));
        }
        let reply = match step {
            Step::Authorize => {
                let token = payment.token.clone().expect("the token is kept until the payment is authorized");
                let (id, order, amount) = (payment.id, payment.order, payment.amount);
                self.gateway.authorize(Authorize { payment: id, order, amount, token })
            }
            Step::Capture => self.gateway.capture(payment.id, payment.amount),
            Step::Void => self.gateway.void(payment.id),
        };
        self.in_time(reply).await
    }

    /// Writes what follows from the gateway's answer. Another caller may have written it first, or
    /// more than that; what is written then stands.
    async fn record(
        &self,
        payment: Payment,
        standing: &Standing,
        entry: Option<&Entry>,
    ) -> Result<Payment, PaymentError> {
        let next = match payment.after(standing) {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(payment),
            Err(error) => return self.unless_changed(payment, error).await,
        };
        let short;
        let entry = match next.state {
            PaymentState::Captured => entry,
            PaymentState::Reversing => {
                short = ledger::short_capture(next.id, next.captured);
                Some(&short)
            }
            _ => None,
        };
        match self.save(next, entry).await? {
            Some(saved) if saved.state == PaymentState::Reversing => self.reverse(saved).await,
            Some(saved) => Ok(saved),
            None => self.find(payment.id).await,
        }
    }

    /// Gives back a capture that fell short.
    async fn reverse(&self, payment: Payment) -> Result<Payment, PaymentError> {
        // One per payment, so the payment's own id serves: no refund of ours has it.
        let refund = RefundId(payment.id.0);
        let request = RefundRequest { refund, payment: payment.id, amount: payment.captured };
        match self.give_back(request, true).await? {
            RefundStanding::Absent => Ok(payment),
            RefundStanding::Refunded => {
                let entry = ledger::short_capture_returned(payment.id, payment.captured);
                match self.save(payment.reversed(), Some(&entry)).await? {
                    Some(saved) => Ok(saved),
                    None => self.find(payment.id).await,
                }
            }
            RefundStanding::Refused { reason } => Err(GatewayError::Refused(reason).into()),
        }
    }

    /// `Absent` when the outcome is unknown or nothing was done.
    async fn give_back(&self, request: RefundRequest, asked_before: bool) -> Result<RefundStanding, PaymentError> {
        if asked_before {
            match self.refund_status(request).await {
                Some(RefundStanding::Absent) => {}
                known => return Ok(known.unwrap_or(RefundStanding::Absent)),
            }
        }
        match self.in_time(self.gateway.refund(request)).await {
            Ok(standing) => Ok(standing),
            Err(GatewayError::Unanswered(source)) => {
                unanswered(request.payment, "refund", &*source);
                Ok(self.refund_status(request).await.unwrap_or(RefundStanding::Absent))
            }
            Err(refused) => Err(refused.into()),
        }
    }

    /// Writes the payment and posts the entry, if nobody changed the payment since it was read.
    async fn save(&self, next: Payment, entry: Option<&Entry>) -> Result<Option<Payment>, PaymentError> {
        let tx = self.store.begin_write().await?;
        let Some(saved) = sql::save_payment(&tx, next).await? else { return Ok(None) };
        if let Some(entry) = entry {
            ledger::post(&tx, entry).await?;
        }
        tx.commit().await?;
        Ok(Some(saved))
    }

    /// The same for a refund; `false` when another caller was first.
    async fn save_refund(
        &self,
        refund: &Refund,
        next: RefundState,
        entry: Option<&Entry>,
    ) -> Result<bool, PaymentError> {
        let tx = self.store.begin_write().await?;
        if !sql::save_refund(&tx, refund, &next).await? {
            return Ok(false);
        }
        match next {
            RefundState::Refused { .. } => sql::unclaim_refund(&tx, refund).await?,
            RefundState::Refunded => {
                if let Some(entry) = entry {
                    ledger::post(&tx, entry).await?;
                }
            }
            RefundState::Created | RefundState::Refunding => {}
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// The answer to a question about what was asked before; it is asked again later if there is none.
fn known<T>(payment: PaymentId, question: &str, answer: Result<T, GatewayError>) -> Option<T> {
    match answer {
        Ok(standing) => return Some(standing),
        Err(GatewayError::Unanswered(source)) => unanswered(payment, question, &*source),
        Err(refused) => {
            let error = &refused as &dyn std::error::Error;
            tracing::warn!(%payment, asked = question, error, "the gateway does not say what it knows");
        }
    }
    None
}

fn unanswered(payment: PaymentId, asked: &str, error: &(dyn std::error::Error + 'static)) {
    tracing::info!(%payment, asked, error, "no answer from the gateway");
}
