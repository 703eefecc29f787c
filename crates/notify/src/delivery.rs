//! Handing messages over: the job, and which way each address takes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jobs::{Job, Jobs, Next, Outcome};
use stagedoor_core::{MessageId, Timestamp, UserId};
use store::{Keyring, Store};

use crate::message::{Address, Content, Text, place};
use crate::{DeliveryError, Smtp, Spool, sql};

pub(crate) const DELIVER: &str = "notify.deliver.v1";
pub(crate) const FORGET: &str = "notify.forget.v1";

/// Counts messages by channel and by what became of them.
const MESSAGES: &str = "stagedoor_messages_total";

/// A message that is about to leave. Not `Debug`.
pub(crate) struct Outgoing<'a> {
    pub id: MessageId,
    pub person: UserId,
    pub to: &'a Address,
    pub text: &'a Text,
    pub at: Timestamp,
}

/// The ways out.
#[derive(Debug, Clone)]
pub struct Outlets {
    email: EmailOutlet,
    spool: Spool,
}

#[derive(Debug, Clone)]
enum EmailOutlet {
    Smtp(Smtp),
    Spool,
}

impl Outlets {
    /// Everything into a folder.
    pub fn spool(spool: Spool) -> Self {
        Self { email: EmailOutlet::Spool, spool }
    }

    /// E-mail to a server, text messages into a folder.
    pub fn smtp(smtp: Smtp, spool: Spool) -> Self {
        Self { email: EmailOutlet::Smtp(smtp), spool }
    }

    async fn hand_over(&self, message: &Outgoing<'_>) -> Result<(), DeliveryError> {
        match (message.to, &self.email) {
            (Address::Email(to), EmailOutlet::Smtp(smtp)) => smtp.send(to, message).await,
            (Address::Email(_), EmailOutlet::Spool) | (Address::Phone(_), _) => self.spool.write(message).await,
        }
    }
}

/// Sends what was queued. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Notify(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    keyring: Keyring,
    outlets: Outlets,
}

impl Notify {
    pub fn new(store: Store, keyring: Keyring, outlets: Outlets) -> Self {
        Self(Arc::new(Inner { store, keyring, outlets }))
    }

    /// Registers this crate's jobs with a worker.
    pub fn handle(&self, worker: Jobs) -> Jobs {
        let (deliver, forget) = (self.clone(), self.clone());
        worker
            .handle(DELIVER, move |job: Job<MessageId>| {
                let notify = deliver.clone();
                async move { notify.deliver(job.payload).await }
            })
            .handle(FORGET, move |job: Job<UserId>| {
                let notify = forget.clone();
                async move { notify.forget(job.payload).await }
            })
    }

    /// Removes the files of messages that were queued before `age` ago; how many. Call it every hour
    /// or so.
    pub async fn empty_spool(&self, age: Duration) -> io::Result<u64> {
        let Inner { store, outlets, .. } = &*self.0;
        outlets.spool.remove_before(store.env().now() - age).await
    }

    async fn forget(&self, person: UserId) -> Outcome {
        let removed = self.0.outlets.spool.remove_of(person).await;
        let removed = removed.map_err(|error| format!("the spool folder: {}", error.kind()))?;
        tracing::info!(%person, removed, "messages of an erased person were removed");
        Ok(Next::Done)
    }

    /// Running again after a crash hands over at most once more, under the same id.
    async fn deliver(&self, id: MessageId) -> Outcome {
        let Inner { store, keyring, outlets } = &*self.0;
        let tx = store.begin_read().await?;
        // Without its row or the person's key there is nothing left to say.
        let Some(row) = sql::message(&tx, id).await? else { return Ok(Next::Done) };
        let key = keyring.person_key(&tx, row.person).await?;
        let now = tx.now();
        drop(tx);
        let (channel, outcome) = match key {
            None => ("unknown", "forgotten"),
            Some(key) => {
                let content = key.open(place(id), &row.content).map_err(|_| "the message does not open")?;
                let Content { to, text } =
                    serde_json::from_slice(&content).map_err(|_| "the message cannot be read")?;
                let channel = match to {
                    Address::Email(_) => "email",
                    Address::Phone(_) => "phone",
                };
                if now >= row.expires_at {
                    tracing::warn!(message = %id, channel, "a message was not sent in time");
                    (channel, "expired")
                } else {
                    match outlets.hand_over(&Outgoing { id, person: row.person, to: &to, text: &text, at: now }).await {
                        Ok(()) => (channel, "sent"),
                        Err(DeliveryError::Refused(why)) => {
                            tracing::warn!(message = %id, channel, why, "a message was refused");
                            (channel, "refused")
                        }
                        Err(later) => return Err(later.into()),
                    }
                }
            }
        };
        let tx = store.begin_write().await?;
        sql::delete_message(&tx, id).await?;
        let is_erased = keyring.person_key(&tx, row.person).await?.is_none();
        tx.commit().await?;
        if is_erased {
            // Whoever was erased while this was written, and whose job found nothing yet.
            self.forget(row.person).await?;
        }
        metrics::counter!(MESSAGES, "channel" => channel, "outcome" => outcome).increment(1);
        Ok(Next::Done)
    }
}

/// Says what this crate counts.
pub fn describe_metrics() {
    metrics::describe_counter!(
        MESSAGES,
        "Messages by channel (email, phone) and outcome (sent, refused, expired, forgotten)"
    );
}
