//! What whoever runs the platform does with tenants: looks, with a reason that is written down, and
//! suspensions.

use std::fmt;

use jobs::NewJob;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stagedoor_core::{FieldError, Name, OrganizerId, Timestamp, UserId};
use store::audit::{Chain, Entry};
use store::{Origin, Tx};

use crate::contact::{Channel, Contact, Reached};
use crate::organizer::{Organizer, OrganizerError};
use crate::sql::AccountRow;
use crate::{Identity, User, sql};

/// The job that tells of a suspended organizer. Whoever sells for it handles it; its payload is
/// [`OrganizerSuspended`].
pub const ORGANIZER_SUSPENDED: &str = "identity.organizer_suspended.v1";

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct OrganizerSuspended {
    pub organizer: OrganizerId,
    pub at: Timestamp,
}

/// Why staff of the platform look into a tenant, or suspend it: a sentence, not a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// In characters. Long enough that a case or a caller is named, and no more than fits into a header.
    pub const LENGTH: std::ops::RangeInclusive<usize> = 10..=200;

    /// `Field` when it is too short or too long, or has what cannot be seen.
    pub fn parse(field: &'static str, text: &str) -> Result<Reason, FieldError> {
        let text = Name::parse(field, text)?.into_string();
        if !Self::LENGTH.contains(&text.chars().count()) {
            let (least, most) = (Self::LENGTH.start(), Self::LENGTH.end());
            return Err(FieldError::new(field, format!("must say why, in {least} to {most} characters")));
        }
        Ok(Reason(text))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Whether the platform has suspended an organizer; false for one that there is not.
pub async fn is_suspended(tx: &Tx, organizer: OrganizerId) -> store::Result<bool> {
    Ok(sql::organizer(tx, organizer).await?.is_some_and(|organizer| organizer.suspended_at.is_some()))
}

impl Identity {
    /// Organizers of the installation in the order of their making, after `after`.
    pub async fn organizers_after(&self, after: Option<OrganizerId>, limit: u32) -> store::Result<Vec<Organizer>> {
        let after = after.unwrap_or(OrganizerId(uuid::Uuid::nil()));
        sql::organizers_after(&self.0.store.begin_read().await?, after, limit).await
    }

    /// Writes down that staff of the platform look into an organizer, and why: once where it is seen by the
    /// organizer, and once where it is seen by the platform. `what`: the method and the route.
    pub async fn record_look(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        reason: &Reason,
        what: &str,
    ) -> Result<(), OrganizerError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        sql::organizer(&tx, organizer).await?.ok_or(OrganizerError::NotFound)?;
        let after = json!({ "reason": reason.0, "request": what });
        for chain in [organizer.into(), Chain::Platform] {
            tx.audit(Entry::new(chain, "platform.look", organizer).after(after.clone()));
        }
        Ok(tx.commit().await?)
    }

    /// Lets an organizer put nothing on sale any more. What it has on sale is taken off by whoever handles
    /// [`ORGANIZER_SUSPENDED`]; what it has sold stays good. `WrongState` for one that is suspended.
    pub async fn suspend(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        reason: &Reason,
    ) -> Result<Organizer, OrganizerError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        let changed = self.set_suspended(&tx, organizer, Some(tx.now()), reason).await?;
        let told = OrganizerSuspended { organizer, at: tx.now() };
        jobs::enqueue(&tx, NewJob::new(ORGANIZER_SUSPENDED, &told)).await?;
        tx.commit().await?;
        tracing::warn!(%organizer, "suspended");
        Ok(changed)
    }

    /// Lets it again. What was on sale is put on sale again by the organizer itself. `WrongState` for one
    /// that is not suspended.
    pub async fn reinstate(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        reason: &Reason,
    ) -> Result<Organizer, OrganizerError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        let changed = self.set_suspended(&tx, organizer, None, reason).await?;
        tx.commit().await?;
        tracing::info!(%organizer, "reinstated");
        Ok(changed)
    }

    async fn set_suspended(
        &self,
        tx: &Tx,
        organizer: OrganizerId,
        at: Option<Timestamp>,
        reason: &Reason,
    ) -> Result<Organizer, OrganizerError> {
        sql::lock_organizer(tx, organizer).await?;
        let mut changed = sql::organizer(tx, organizer).await?.ok_or(OrganizerError::NotFound)?;
        let (action, wrong) = match at {
            Some(_) => ("organizer.suspend", "the organizer is suspended already"),
            None => ("organizer.reinstate", "the organizer is not suspended"),
        };
        if changed.suspended_at.is_some() == at.is_some() {
            return Err(OrganizerError::WrongState(wrong));
        }
        sql::set_suspended(tx, organizer, at).await?;
        for chain in [organizer.into(), Chain::Platform] {
            tx.audit(Entry::new(chain, action, organizer).after(json!({ "reason": reason.0 })));
        }
        self.forget_standings_after_commit(tx);
        changed.suspended_at = at;
        Ok(changed)
    }

    /// Everybody who runs the platform, in the order their accounts were made.
    pub async fn platform_admins(&self) -> store::Result<Vec<User>> {
        let tx = self.0.store.begin_read().await?;
        let mut admins = Vec::new();
        for row in sql::platform_admins(&tx).await? {
            if let Some(key) = self.0.keyring.person_key(&tx, row.id).await? {
                admins.push(User::open(&key, &row)?);
            }
        }
        Ok(admins)
    }

    /// Whose verified e-mail address this is. `Field` for what is no address.
    pub async fn account_with(&self, email: &str) -> Result<Option<UserId>, OrganizerError> {
        let index = Reached::parse(Contact::Email(email))?.index(&self.0.keyring);
        let row = sql::account_by_contact(&self.0.store.begin_read().await?, Channel::Email, index).await?;
        Ok(row.filter(AccountRow::owns_email).map(|row| row.id))
    }
}
