//! Messages to people: queued in the caller's transaction, handed over by a job, never lost and
//! never sent for something that did not happen.
//!
//! Invariants:
//! - a message is handed over only if the transaction that queued it committed, and at least once
//!   unless it expires first or the person is erased; its `Message-ID` and its file's name are the
//!   same each time;
//! - what a message says and to whom is kept sealed with the person's key, and is in no log, no
//!   job and no `Debug`.
//!
//! E-mail leaves by SMTP or into a folder, text messages into a folder only: there is no gateway
//! for them yet.
//!
//! ```no_run
//! # async fn example(store: store::Store, keyring: store::Keyring, ann: stagedoor_core::UserId) -> Result<(), Box<dyn std::error::Error>> {
//! use notify::{Address, Message, Notify, Outlets, Spool, Text};
//! let tx = store.begin_write().await?;
//! let key = keyring.person_key(&tx, ann).await?.expect("ann was not erased");
//! let text = Text { subject: "Hello".into(), body: "The doors open at seven.\n".into() };
//! let expires_at = tx.now() + std::time::Duration::from_secs(600);
//! let to = Address::Email("ann@example.org".into());
//! notify::enqueue(&tx, &key, Message { person: ann, to, text, expires_at }).await?;
//! tx.commit().await?;
//! let outlets = Outlets::spool(Spool::new("data/spool", "Stagedoor <no-reply@example.org>")?);
//! let worker = Notify::new(store.clone(), keyring, outlets).handle(jobs::Jobs::new(store));
//! worker.run(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

mod delivery;
mod message;
mod smtp;
mod spool;
mod sql;

pub use delivery::{Notify, Outlets, describe_metrics};
pub use message::{Address, Locale, Message, Text, UnknownLocale, enqueue, forget};
pub use smtp::Smtp;
pub use spool::Spool;

/// Why a message could not be handed over now. Its text names no address and quotes no partner,
/// because it is kept with the job.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// It will never be taken: the address or the message itself is refused.
    #[error("refused for good ({0})")]
    Refused(String),
    /// Trying again later may work.
    #[error("not taken now ({0})")]
    Unavailable(String),
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SetupError(pub(crate) String);
