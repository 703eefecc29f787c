//! Staff of the platform vouch for clients: whoever registers one may be anybody.

use serde_json::json;
use stagedoor_core::{ClientId, OrganizerId};
use store::Origin;
use store::audit::{Chain, Entry};

use super::RegisteredClient;
use crate::program::ProgramError;
use crate::{Identity, sql};

/// A client as staff of the platform see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOf {
    pub client: RegisteredClient,
    pub organizer: OrganizerId,
    pub organizer_name: String,
}

impl Identity {
    /// Clients that ask people for leave and that nobody vouched for, the oldest first, after `after`; at
    /// most `limit`.
    pub async fn unapproved_clients(&self, after: Option<ClientId>, limit: u32) -> store::Result<Vec<ClientOf>> {
        let tx = self.0.store.begin_read().await?;
        let found = sql::unapproved_clients(&tx, after, limit).await?;
        let with_name = |(row, organizer_name): (sql::ClientRow, String)| ClientOf {
            organizer: row.client.organizer,
            client: row.client,
            organizer_name,
        };
        Ok(found.into_iter().map(with_name).collect())
    }

    /// Vouches for a client: people may let it do all that it is registered for. Doing it twice is fine.
    pub async fn approve_client(&self, origin: &Origin, id: ClientId) -> Result<RegisteredClient, ProgramError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        let mut client = sql::lock_client(&tx, id).await?.ok_or(ProgramError::NotFound)?.client;
        if client.approved_at.is_some() {
            return Ok(client);
        }
        client.approved_at = Some(tx.now());
        sql::set_client_approved(&tx, id, client.approved_at).await?;
        for chain in [Chain::Platform, client.organizer.into()] {
            tx.audit(Entry::new(chain, "client.approve", id).after(json!({ "approved": true })));
        }
        tx.commit().await?;
        tracing::info!(client = %id, "client approved");
        Ok(client)
    }

    /// Takes that back, and with it all that people let the client do: they did so on our word. Doing it
    /// twice is fine.
    pub async fn withdraw_approval(&self, origin: &Origin, id: ClientId) -> Result<RegisteredClient, ProgramError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        let mut client = sql::lock_client(&tx, id).await?.ok_or(ProgramError::NotFound)?.client;
        if client.approved_at.take().is_none() {
            return Ok(client);
        }
        sql::set_client_approved(&tx, id, None).await?;
        sql::delete_unused_codes_for(&tx, id).await?;
        let ended = sql::revoke_grants_by_people(&tx, id).await?;
        let after = json!({ "approved": false, "grants_ended": ended.len() });
        for chain in [Chain::Platform, client.organizer.into()] {
            tx.audit(Entry::new(chain, "client.withdraw_approval", id).after(after.clone()));
        }
        for grant in &ended {
            tx.audit(Entry::new(Chain::Platform, "grant.end", grant).after(json!({ "why": "approval withdrawn" })));
        }
        self.revoke_after_commit(&tx, ended);
        tx.commit().await?;
        tracing::info!(client = %id, "approval of client withdrawn");
        Ok(client)
    }
}
