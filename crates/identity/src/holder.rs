//! What is told of people to those who may know who bought.

use std::collections::BTreeMap;

use stagedoor_core::UserId;
use store::Sealed;
use uuid::Uuid;

use crate::account::open_text;
use crate::contact::Channel;
use crate::{Identity, sql};

/// Somebody who has a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub name: String,
    /// None of an account with a telephone number alone.
    pub email: Option<String>,
    pub email_verified: bool,
}

impl Identity {
    /// Names and addresses of people by their accounts; without those who were erased. Opened in one go: two
    /// statements for a hundred people.
    pub async fn holders(&self, people: &[UserId]) -> store::Result<BTreeMap<UserId, Holder>> {
        let tx = self.0.store.begin_read().await?;
        let rows = sql::holders(&tx, people).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id.0).collect();
        let keys = self.0.keyring.person_keys(&tx, &ids).await?;
        let mut holders = BTreeMap::new();
        for row in rows {
            // Whoever was erased between the two statements has no key any more.
            let Some(key) = keys.get(&row.id.0) else { continue };
            let name = open_text(key, Sealed { table: "account", column: "name", id: row.id.0 }, &row.name)?;
            let email = row.email.map(|sealed| open_text(key, Channel::Email.place(row.id.0), &sealed)).transpose()?;
            holders.insert(row.id, Holder { name, email, email_verified: row.email_verified });
        }
        Ok(holders)
    }
}
