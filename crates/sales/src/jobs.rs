//! The work that is done without a caller: seeing orders and refunds through, refunding cancelled
//! events, keeping the seat engine in line with the catalogue, and erasing what is personal.

use std::collections::HashSet;
use std::time::Duration;

use catalog::{EventState, Paging, Transition};
use identity::{
    ACCOUNT_ERASED, AccountErased, GUEST_SIGNED_IN, GuestSignedIn, ORGANIZER_SUSPENDED, OrganizerSuspended,
};
use inventory::{HandedOver, Refused};
use jobs::{Job, Jobs, NewJob, Next, Outcome};
use stagedoor_core::{EventId, OrderId, RefundId, Timestamp};
use store::Tx;

use crate::order::{Order, OrderState};
use crate::refund::RefundState;
use crate::sales::Sales;
use crate::sql;

const ADVANCE: &str = "sales.advance.v1";
const REFUND: &str = "sales.refund.v1";
const REFUND_EVENT: &str = "sales.refund_event.v1";
const SYNC_EVENT: &str = "sales.sync_event.v1";

/// The request that began the work normally finishes it before its job looks.
const HEAD_START: Duration = Duration::from_secs(5);
/// How long to wait before asking again about an outcome nobody knows: a quarter of the time it
/// has been unknown, within these bounds.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));
/// How often to ask whether a buyer is done, in case nobody tells.
const BUYER_POLL: Duration = Duration::from_secs(15);
/// A request that the fan sent before the account was erased may place an order after. An access
/// token is good for no longer. Source: API.md, "Sign-in".
const LATE_ORDERS: Duration = Duration::from_secs(60 * 60);
/// Whoever was let in before the organizer was suspended may publish an event after: a role is remembered
/// for a few seconds, and a request takes at most a few more.
const LATE_SALES: Duration = Duration::from_secs(60);
/// Events of a suspended organizer looked at together.
const SUSPENDED_BATCH: u32 = 100;
/// Orders of a cancelled event refunded in one run.
const REFUND_BATCH: u32 = 100;

/// Queues the job of an order: it drives the order until no step follows. One job for the whole
/// life of the order, because it stays until then.
pub(crate) async fn enqueue_advance(tx: &Tx, order: OrderId) -> store::Result<()> {
    let job = NewJob::new(ADVANCE, &order).key(order).at(tx.now() + HEAD_START);
    jobs::enqueue(tx, job).await.map(drop)
}

pub(crate) async fn enqueue_refund(tx: &Tx, refund: RefundId) -> store::Result<()> {
    let job = NewJob::new(REFUND, &refund).key(refund).at(tx.now() + HEAD_START);
    jobs::enqueue(tx, job).await.map(drop)
}

pub(crate) async fn enqueue_event_refund(tx: &Tx, event: EventId) -> store::Result<()> {
    jobs::enqueue(tx, NewJob::new(REFUND_EVENT, &event).key(event)).await.map(drop)
}

/// Queues bringing the engine in line with the catalogue, for the case that the caller does not
/// come to it.
pub(crate) async fn enqueue_sync(tx: &Tx, event: EventId) -> store::Result<()> {
    let job = NewJob::new(SYNC_EVENT, &event).key(event).at(tx.now() + HEAD_START);
    jobs::enqueue(tx, job).await.map(drop)
}

/// Events of which the seat engine and the rows need not agree yet: their seats are being changed, or what changed
/// has not been carried over.
pub async fn unsettled_events(tx: &Tx) -> store::Result<HashSet<EventId>> {
    let mut events = sql::events_in_change(tx).await?;
    for key in jobs::keys_at_work(tx, SYNC_EVENT, tx.now() + HEAD_START).await? {
        events.insert(key.parse().map_err(|_| store::Error::corrupt(format!("{key:?} is not the id of an event")))?);
    }
    Ok(events)
}

impl Sales {
    /// Registers this crate's jobs with a worker.
    pub fn handle(&self, worker: Jobs) -> Jobs {
        let (advance, refund, refund_event, sync) = (self.clone(), self.clone(), self.clone(), self.clone());
        let (erase, suspend, hand_over) = (self.clone(), self.clone(), self.clone());
        worker
            .handle(ADVANCE, move |job: Job<OrderId>| {
                let sales = advance.clone();
                async move { sales.run_advance(job.payload).await }
            })
            .handle(REFUND, move |job: Job<RefundId>| {
                let sales = refund.clone();
                async move { sales.run_refund(job.payload).await }
            })
            .handle(REFUND_EVENT, move |job: Job<EventId>| {
                let sales = refund_event.clone();
                async move { sales.run_event_refund(job.payload).await }
            })
            .handle(SYNC_EVENT, move |job: Job<EventId>| {
                let sales = sync.clone();
                async move { sales.run_sync(job.payload).await }
            })
            .handle(ACCOUNT_ERASED, move |job: Job<AccountErased>| {
                let sales = erase.clone();
                async move { sales.run_erase(job.payload).await }
            })
            .handle(GUEST_SIGNED_IN, move |job: Job<GuestSignedIn>| {
                let sales = hand_over.clone();
                async move { sales.run_hand_over(job.payload).await }
            })
            .handle(ORGANIZER_SUSPENDED, move |job: Job<OrganizerSuspended>| {
                let sales = suspend.clone();
                async move { sales.run_suspension(job.payload).await }
            })
    }

    async fn run_advance(&self, id: OrderId) -> Outcome {
        let order = self.advance(id).await?;
        if order.state == OrderState::Completed {
            self.refund_if_cancelled(&order).await?;
        }
        Ok(match &order.state {
            state if state.is_final() => Next::Done,
            OrderState::NeedsBuyer { until, .. } => {
                let left = until.since(self.parts.store.env().now());
                Next::Again(left.clamp(PATIENCE.0, BUYER_POLL))
            }
            _ => Next::Again(self.patience(order.state_at)),
        })
    }

    /// An order that was on its way when its event was cancelled was not there yet when the
    /// event's orders were refunded.
    async fn refund_if_cancelled(&self, order: &Order) -> Result<(), jobs::Fault> {
        for hold in &order.holds {
            let tx = self.parts.store.begin_read().await?;
            let event = self.parts.catalog.event_of_in(&tx, hold.organizer, hold.event).await?;
            if event.state == EventState::Cancelled {
                self.refund_cancelled(order.id, hold.event).await?;
            }
        }
        Ok(())
    }

    async fn run_refund(&self, id: RefundId) -> Outcome {
        let (state, since) = self.advance_refund(id).await?;
        Ok(match state {
            RefundState::Returned | RefundState::Refused { .. } => Next::Done,
            RefundState::Refunding | RefundState::Refunded => Next::Again(self.patience(since)),
        })
    }

    async fn run_event_refund(&self, event: EventId) -> Outcome {
        let (mut after, mut failed) = (None, None);
        loop {
            let tx = self.parts.store.begin_read().await?;
            let orders = sql::refundable_orders(&tx, event, after, REFUND_BATCH).await?;
            for order in &orders {
                // One order that cannot be refunded now must not keep the others waiting.
                if let Err(fault) = self.refund_cancelled(*order, event).await {
                    failed = Some(fault);
                }
            }
            match (orders.last(), failed) {
                (Some(last), fault) => (after, failed) = (Some(*last), fault),
                (None, Some(fault)) => return Err(fault.into()),
                (None, None) => return Ok(Next::Done),
            }
        }
    }

    async fn run_sync(&self, event: EventId) -> Outcome {
        let next = self.sync_event(event).await?;
        let now = self.parts.store.env().now();
        Ok(next.map_or(Next::Done, |at| Next::Again(at.since(now).max(PATIENCE.0))))
    }

    /// Who comes to a fan's events is personal; the orders themselves stay for the books.
    async fn run_erase(&self, AccountErased { user, at }: AccountErased) -> Outcome {
        let tx = self.parts.store.begin_write().await?;
        sql::erase_attendees(&tx, user).await?;
        let until = at + LATE_ORDERS;
        let left = until.since(tx.now());
        tx.commit().await?;
        Ok(if left.is_zero() { Next::Done } else { Next::Again(left) })
    }

    /// What a guest held becomes the account's that they signed in to: what the request that signed them in did not
    /// come to, and what was being placed at that moment.
    async fn run_hand_over(&self, GuestSignedIn { guest, account }: GuestSignedIn) -> Outcome {
        let mut failed = None;
        for HandedOver { hold, outcome } in self.parts.inventory.hand_over(guest, account).await {
            match outcome {
                Ok(()) => tracing::info!(%hold, %account, "handed over"),
                // It stays as it is, and expires.
                Err(Refused::HoldLimit | Refused::Rule(_)) => {}
                Err(refused) => failed = Some(refused),
            }
        }
        failed.map_or(Ok(Next::Done), |refused| Err(refused.to_string().into()))
    }

    /// Takes what a suspended organizer has on sale off sale. What it has sold stays.
    async fn run_suspension(&self, OrganizerSuspended { organizer, at }: OrganizerSuspended) -> Outcome {
        let parts = &self.parts;
        let now = parts.store.env().now();
        let (mut cursor, mut failed) = (None, None);
        while identity::is_suspended(&parts.store.begin_read().await?, organizer).await? {
            let paging = Paging::new(Some(SUSPENDED_BATCH), cursor).map_err(|error| error.to_string())?;
            let page = parts.catalog.events_of(organizer, &paging).await?;
            for event in page.items {
                if matches!(event.state, EventState::Published | EventState::Rescheduled) {
                    let off_sale = Transition::TakeOffSale;
                    let done = self.transition_event(parts.store.origin(), organizer, event.id, off_sale).await;
                    // One that is in somebody's hands just now keeps no other on sale.
                    failed = failed.or(done.err());
                }
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                if let Some(error) = failed {
                    return Err(error.into());
                }
                let left = (at + LATE_SALES).since(now);
                return Ok(if left.is_zero() { Next::Done } else { Next::Again(left) });
            }
        }
        Ok(Next::Done)
    }

    fn patience(&self, since: Timestamp) -> Duration {
        (self.parts.store.env().now().since(since) / 4).clamp(PATIENCE.0, PATIENCE.1)
    }
}
