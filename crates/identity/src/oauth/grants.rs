//! What people have let programs do, for them to see and to end.

use stagedoor_core::{GrantId, Timestamp, UserId};
use store::audit::{Chain, Entry};
use store::{Origin, Tx};

use crate::program::ProgramError;
use crate::scope::Scopes;
use crate::{Identity, sql};

/// Of one person at a time: one more ends the one that was used longest ago. Nobody looks through more.
pub(super) const GRANTS_MAX: u32 = 100;

/// A program that somebody has let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    pub id: GrantId,
    /// The client's name, and its organizer's.
    pub program: String,
    pub organizer: String,
    pub scopes: Scopes,
    /// Since when staff of the platform vouch for the client; none while it may be anybody's.
    pub approved_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// The last refresh, or the leave itself.
    pub used_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Identity {
    /// Programs that the person let in and that may still act, the newest first; at most 100.
    pub async fn programs_of(&self, user: UserId) -> Result<Vec<Allowed>, ProgramError> {
        Ok(sql::live_grants_of(&self.0.store.begin_read().await?, user, GRANTS_MAX).await?)
    }

    /// Takes a leave back; `NotFound` when the person gave none of that id that is alive.
    pub async fn end_program(&self, origin: &Origin, user: UserId, grant: GrantId) -> Result<(), ProgramError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        if sql::revoke_grant_of(&tx, user, grant).await? == 0 {
            return Err(ProgramError::NotFound);
        }
        tx.audit(Entry::new(Chain::Platform, "consent.withdraw", grant));
        self.revoke_after_commit(&tx, vec![grant]);
        tx.commit().await?;
        tracing::info!(%user, %grant, "grant ended by its person");
        Ok(())
    }

    /// Takes every leave of the person back, also those that no program has used yet.
    pub(crate) async fn end_grants_in(&self, tx: &Tx, user: UserId) -> store::Result<()> {
        sql::delete_unused_codes_of(tx, user).await?;
        let ended = sql::revoke_grants_of(tx, user).await?;
        for grant in &ended {
            tx.audit(Entry::new(Chain::Platform, "grant.end", grant));
        }
        self.revoke_after_commit(tx, ended);
        Ok(())
    }
}
