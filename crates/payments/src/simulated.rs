//! A payment gateway that takes no real money, for demonstrations and tests.
//!
//! It behaves as an outside party: it has books of its own, written in transactions of its own, so
//! they survive whatever happens to us and can be compared with ours. What it does with a payment
//! depends on the token (source: API.md "Simulated gateway tokens"):
//!
//! | token | what happens |
//! | --- | --- |
//! | `tok_ok` | authorized |
//! | `tok_declined`, `tok_insufficient_funds` | declined |
//! | `tok_challenge` | waits for [`SimulatedGateway::complete_challenge`] |
//! | `tok_timeout_captured` | the first call of each step is done but not answered |
//! | `tok_timeout_lost` | the first call of each step is neither done nor answered |
//! | `tok_slow` | authorized after a while, see [`SimulatedGateway::with_latency`] |
//! | any other | declined as `invalid_token` |

use std::time::Duration;

use futures_util::FutureExt;
use stagedoor_core::{Money, OrderId, PaymentId, RefundId, Timestamp};
use store::{Store, Tx};
use uuid::Uuid;

use crate::gateway::{
    Authorize, GatewayError, NextAction, PaymentGateway, RefundRequest, RefundStanding, Reply, Standing,
};
use crate::sql::simulated as sql;

/// Where `next_action` of a challenge points, before the payment's id: the server lets the signed-in
/// buyer approve or reject there.
pub const CHALLENGE_PATH: &str = "/api/v1/simulated-gateway/challenges/";

/// How long an authorization lasts. Source: card schemes keep one for about seven days.
const AUTHORIZATION_TTL: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long `tok_slow` takes by default.
const LATENCY: Duration = Duration::from_millis(2_500);

/// See the [module](self). Cheap to clone; clones share the books.
#[derive(Debug, Clone)]
pub struct SimulatedGateway {
    store: Store,
    latency: Duration,
}

/// What the buyer says to a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    Approve,
    Reject,
}

/// One time money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookLine {
    pub payment: PaymentId,
    pub order: OrderId,
    pub moved: Moved,
    /// Positive in both directions.
    pub amount: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    FromBuyer,
    ToBuyer,
}

/// A payment in the gateway's books.
#[derive(Debug)]
pub(crate) struct Held {
    pub reference: String,
    /// None when only a void came.
    pub amount: Option<Money>,
    pub token: String,
    pub state: String,
    pub reason: Option<String>,
    pub captured_minor: i64,
    pub authorized_at: Option<Timestamp>,
}

/// What the token makes of the first call of a step.
#[derive(PartialEq, Eq)]
enum Timeout {
    None,
    BeforeDoing,
    AfterDoing,
}

impl SimulatedGateway {
    pub fn new(store: Store) -> Self {
        // An outside party knows nothing of our tenants.
        Self { store: store.beyond_tenants(), latency: LATENCY }
    }

    /// How long `tok_slow` takes, in real time.
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The buyer answers a challenge. Answering again, or where there is none, changes nothing.
    pub async fn complete_challenge(&self, payment: PaymentId, approval: Approval) -> Result<Standing, GatewayError> {
        let tx = self.begin().await?;
        let (state, reason) = match approval {
            Approval::Approve => ("authorized", None),
            Approval::Reject => ("declined", Some("challenge_rejected")),
        };
        sql::answer_challenge(&tx, payment, state, reason).await.map_err(GatewayError::unanswered)?;
        self.end(tx, payment, Timeout::None).await
    }

    /// Every time money moved, the oldest first.
    pub async fn books(&self) -> store::Result<Vec<BookLine>> {
        sql::books(&self.store.begin_read().await?).await
    }

    async fn authorize(&self, request: Authorize) -> Result<Standing, GatewayError> {
        let token = request.token.as_str();
        if token == "tok_slow" {
            tokio::time::sleep(self.latency).await;
        }
        let tx = self.begin().await?;
        let timeout = self.timeout(&tx, request.payment, "authorize", token).await?;
        if timeout != Timeout::BeforeDoing {
            let (state, reason) = match token {
                "tok_ok" | "tok_slow" | "tok_timeout_captured" | "tok_timeout_lost" => ("authorized", None),
                "tok_challenge" => ("needs_buyer", None),
                "tok_declined" => ("declined", Some("declined")),
                "tok_insufficient_funds" => ("declined", Some("insufficient_funds")),
                _ => ("declined", Some("invalid_token")),
            };
            // The books are open to anyone with the database: a token they do not know may be real.
            let kept = if reason == Some("invalid_token") { "unknown" } else { token };
            let reference = format!("sim_{}", tx.env().id::<Uuid>().simple());
            let fresh = sql::insert_payment(&tx, &request, &reference, kept, state, reason)
                .await
                .map_err(GatewayError::unanswered)?;
            if !fresh {
                let earlier = self.held(&tx, request.payment).await?;
                if earlier.and_then(|held| held.amount).is_some_and(|amount| amount != request.amount) {
                    return Err(GatewayError::Refused("the id stands for another amount".to_owned()));
                }
            }
        }
        self.end(tx, request.payment, timeout).await
    }

    async fn capture(&self, payment: PaymentId, amount: Money) -> Result<Standing, GatewayError> {
        let tx = self.begin().await?;
        let Some(held) = self.held(&tx, payment).await? else {
            return Err(GatewayError::Refused("there is no such payment".to_owned()));
        };
        if held.amount.is_none_or(|most| most.currency != amount.currency || amount.minor > most.minor) {
            return Err(GatewayError::Refused("more than was authorized".to_owned()));
        }
        let timeout = self.timeout(&tx, payment, "capture", &held.token).await?;
        if timeout != Timeout::BeforeDoing {
            let captured = sql::capture(&tx, payment, amount, tx.now() - AUTHORIZATION_TTL)
                .await
                .map_err(GatewayError::unanswered)?;
            if captured {
                sql::insert_movement(&tx, payment, Moved::FromBuyer, amount).await.map_err(GatewayError::unanswered)?;
            } else if held.state == "captured" && held.captured_minor != amount.minor {
                return Err(GatewayError::Refused("another amount was captured".to_owned()));
            }
        }
        self.end(tx, payment, timeout).await
    }

    async fn void(&self, payment: PaymentId) -> Result<Standing, GatewayError> {
        let tx = self.begin().await?;
        let token = self.held(&tx, payment).await?.map_or(String::new(), |held| held.token);
        let timeout = self.timeout(&tx, payment, "void", &token).await?;
        if timeout != Timeout::BeforeDoing {
            sql::void(&tx, payment).await.map_err(GatewayError::unanswered)?;
        }
        self.end(tx, payment, timeout).await
    }

    async fn refund(&self, request: RefundRequest) -> Result<RefundStanding, GatewayError> {
        let tx = self.begin().await?;
        let Some(held) = self.held(&tx, request.payment).await? else {
            return Err(GatewayError::Refused("there is no such payment".to_owned()));
        };
        if held.amount.is_none_or(|amount| amount.currency != request.amount.currency) {
            return Err(GatewayError::Refused("another currency was captured".to_owned()));
        }
        let timeout = self.timeout(&tx, request.payment, "refund", &held.token).await?;
        if timeout != Timeout::BeforeDoing {
            let refunded = sql::refund(&tx, request).await.map_err(GatewayError::unanswered)?;
            if refunded {
                sql::insert_movement(&tx, request.payment, Moved::ToBuyer, request.amount)
                    .await
                    .map_err(GatewayError::unanswered)?;
            }
        }
        let standing =
            sql::refund_standing(&tx, request.payment, request.refund).await.map_err(GatewayError::unanswered)?;
        tx.commit().await.map_err(GatewayError::unanswered)?;
        if timeout == Timeout::None { Ok(standing) } else { Err(GatewayError::unanswered("simulated time-out")) }
    }

    async fn begin(&self) -> Result<Tx, GatewayError> {
        self.store.begin_write().await.map_err(GatewayError::unanswered)
    }

    async fn held(&self, tx: &Tx, payment: PaymentId) -> Result<Option<Held>, GatewayError> {
        let mut held = sql::payment(tx, payment).await.map_err(GatewayError::unanswered)?;
        if let Some(held) = &mut held
            && held.state == "authorized"
            && held.authorized_at.is_none_or(|at| at + AUTHORIZATION_TTL <= tx.now())
        {
            held.state = "voided".to_owned();
        }
        Ok(held)
    }

    /// Time-out tokens strike the first call of each step, remembered in the books.
    async fn timeout(
        &self,
        tx: &Tx,
        payment: PaymentId,
        step: &'static str,
        token: &str,
    ) -> Result<Timeout, GatewayError> {
        let timeout = match token {
            "tok_timeout_captured" => Timeout::AfterDoing,
            "tok_timeout_lost" => Timeout::BeforeDoing,
            _ => return Ok(Timeout::None),
        };
        let first = sql::insert_timeout(tx, payment, step).await.map_err(GatewayError::unanswered)?;
        Ok(if first { timeout } else { Timeout::None })
    }

    /// Makes what was done durable and answers, if the answer is to arrive.
    async fn end(&self, tx: Tx, payment: PaymentId, timeout: Timeout) -> Result<Standing, GatewayError> {
        let standing = standing(payment, self.held(&tx, payment).await?);
        tx.commit().await.map_err(GatewayError::unanswered)?;
        if timeout == Timeout::None { Ok(standing) } else { Err(GatewayError::unanswered("simulated time-out")) }
    }
}

fn standing(payment: PaymentId, held: Option<Held>) -> Standing {
    let Some(held) = held else { return Standing::Absent };
    match (held.state.as_str(), held.amount) {
        ("needs_buyer", _) => {
            Standing::NeedsBuyer { next_action: NextAction { url: format!("{CHALLENGE_PATH}{payment}") } }
        }
        ("authorized", _) => Standing::Authorized { reference: held.reference },
        ("declined", _) => Standing::Declined { reason: held.reason.unwrap_or_default() },
        ("captured", Some(amount)) => Standing::Captured { amount: Money::new(held.captured_minor, amount.currency) },
        _ => Standing::Voided,
    }
}

impl PaymentGateway for SimulatedGateway {
    fn authorize(&self, request: Authorize) -> Reply<'_, Standing> {
        SimulatedGateway::authorize(self, request).boxed()
    }

    fn capture(&self, payment: PaymentId, amount: Money) -> Reply<'_, Standing> {
        SimulatedGateway::capture(self, payment, amount).boxed()
    }

    fn void(&self, payment: PaymentId) -> Reply<'_, Standing> {
        SimulatedGateway::void(self, payment).boxed()
    }

    fn status(&self, payment: PaymentId) -> Reply<'_, Standing> {
        async move {
            let tx = self.store.begin_read().await.map_err(GatewayError::unanswered)?;
            Ok(standing(payment, self.held(&tx, payment).await?))
        }
        .boxed()
    }

    fn refund(&self, request: RefundRequest) -> Reply<'_, RefundStanding> {
        SimulatedGateway::refund(self, request).boxed()
    }

    fn refund_status(&self, payment: PaymentId, refund: RefundId) -> Reply<'_, RefundStanding> {
        async move {
            let tx = self.store.begin_read().await.map_err(GatewayError::unanswered)?;
            sql::refund_standing(&tx, payment, refund).await.map_err(GatewayError::unanswered)
        }
        .boxed()
    }
}
