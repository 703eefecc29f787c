//! Who looked at what is personal of others. Changes are written down by the transaction that makes them;
//! a look changes nothing and has an entry of its own, before anything leaves: one for a call, of a list with
//! what was asked for and how many there were.

use serde_json::Value;
use stagedoor_core::OrganizerId;
use store::Origin;
use store::audit::Entry;

use crate::{App, Problem};

/// Writes down that `subject` is shown to whoever asks; `what`: more about it, nothing that is personal.
pub(crate) async fn record(
    app: &App,
    origin: &Origin,
    organizer: OrganizerId,
    action: &'static str,
    subject: impl std::fmt::Display,
    what: Value,
) -> Result<(), Problem> {
    let tx = app.store.begin_write_for(origin).await?;
    tx.audit(Entry::new(organizer, action, subject).after(what));
    Ok(tx.commit().await?)
}
