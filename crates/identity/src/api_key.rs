//! API keys: secrets by which a program of an organizer's own acts for it, without a person.
//!
//! A key is looked up by its hash and remembered for [`KNOWN_TTL`]; what this process changes counts
//! at once, what another one changes when that time is over.

use std::time::Duration;

use serde_json::json;
use stagedoor_core::{ApiKeyId, FieldError, Name, OrganizerId, Timestamp, UserId};
use store::Origin;
use store::audit::Entry;

use crate::bounded::Bounded;
use crate::program::{Bearer, Maker, Program, ProgramError, ProgramId};
use crate::role::Role;
use crate::scope::Scopes;
use crate::secret::check_overlap;
use crate::token::TokenError;
use crate::{Identity, secret, sql};

const PREFIX: &str = "sk_";
/// Letters that a list shows: 32 of the 256 random bits.
const HINT: usize = PREFIX.len() + 8;
/// Keys of one organizer that are good.
const KEYS_MAX: i64 = 50;
/// How long another node may still go by a key that was revoked here.
const KNOWN_TTL: Duration = Duration::from_secs(5);
const KNOWN_MAX: usize = 1 << 12;
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// A key as its organizer sees it: without the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub organizer: OrganizerId,
    pub name: String,
    pub scopes: Scopes,
    /// The first letters of the secret.
    pub hint: String,
    /// Start of the day, in UTC, that it was last used on.
    pub used_on: Option<Timestamp>,
    pub maker: Maker,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// What a member of staff asks for.
#[derive(Debug, Clone, Copy)]
pub struct NewApiKey<'a> {
    pub name: &'a str,
    pub scopes: Scopes,
    pub expires_at: Option<Timestamp>,
}

/// A key with the secret that is shown this once. Not `Debug`.
pub struct ShownKey {
    pub key: ApiKey,
    pub secret: String,
}

/// Keys that were looked up lately. A change counts up, so that a reader that was overtaken by it does
/// not bring the old state back.
pub(crate) struct KeyCache {
    known: Bounded<[u8; 32], (Program, Timestamp)>,
    changes: u64,
}

impl Default for KeyCache {
    fn default() -> Self {
        Self { known: Bounded::new(KNOWN_MAX), changes: 0 }
    }
}

/// What is stored of a key; none for a text that cannot be one.
pub(crate) fn print(text: &str) -> Option<[u8; 32]> {
    secret::print(PREFIX, text)
}

/// Whether a text is meant as an API key, good or not.
pub fn looks_like_key(token: &[u8]) -> bool {
    token.starts_with(PREFIX.as_bytes())
}

impl Identity {
    /// A new key of the organizer. `role`: of who asks; the key can do no more than that allows. The
    /// secret is in the answer and nowhere else.
    pub async fn create_api_key(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        by: UserId,
        role: Role,
        new: NewApiKey<'_>,
    ) -> Result<ShownKey, ProgramError> {
        let name = Name::parse("name", new.name)?;
        if new.scopes != new.scopes.of_organizers() {
            return Err(FieldError::new("scopes", "names one about a person, and a key acts for none").into());
        }
        if new.expires_at.is_some_and(|at| at <= self.now()) {
            return Err(FieldError::new("expiresAt", "has passed").into());
        }
        if !new.scopes.are_allowed_to(role) {
            return Err(ProgramError::BeyondRole);
        }
        let tx = self.0.store.begin_write_for(origin).await?;
        // Locked, so that the count is true until the commit.
        if !sql::lock_organizer(&tx, organizer).await? {
            return Err(ProgramError::NotFound);
        }
        if sql::api_key_count(&tx, organizer).await? >= KEYS_MAX {
            return Err(ProgramError::LimitReached);
        }
        let (secret, stored) = secret::fresh(PREFIX, &self.env().entropy);
        let key = ApiKey {
            id: self.env().id(),
            organizer,
            name: name.into_string(),
            scopes: new.scopes,
            hint: secret[..HINT].to_owned(),
            used_on: None,
            maker: Maker { user: by, is_member: true },
            created_at: tx.now(),
            expires_at: new.expires_at,
        };
        sql::insert_api_key(&tx, &key, stored).await?;
        let after = json!({ "name": key.name, "scopes": key.scopes.to_string(), "hint": key.hint, "expires_at": key.expires_at });
        tx.audit(Entry::new(organizer, "api_key.create", key.id).after(after));
        tx.commit().await?;
        tracing::info!(key = %key.id, %organizer, %by, "API key made");
        Ok(ShownKey { key, secret })
    }

    /// The organizer's keys that are not revoked, the oldest first, those that
    /// expired within the last 30 days among them.
    pub async fn api_keys_of(&self, organizer: OrganizerId) -> Result<Vec<ApiKey>, ProgramError> {
        Ok(sql::api_keys_of(&self.0.store.begin_read().await?, organizer).await?)
    }

    /// A new secret; the old one stays good for `overlap`, at most [`OVERLAP_MAX`](crate::OVERLAP_MAX), so that the program can be
    /// changed over without a gap. `BeyondRole` when the key can do more than `role` allows: who sees the
    /// secret can do it, too.
    pub async fn rotate_api_key(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: ApiKeyId,
        role: Role,
        overlap: Duration,
    ) -> Result<ShownKey, ProgramError> {
        check_overlap(overlap)?;
        let tx = self.0.store.begin_write_for(origin).await?;
        let (mut key, before) = sql::lock_api_key(&tx, organizer, id).await?.ok_or(ProgramError::NotFound)?;
        if !key.scopes.are_allowed_to(role) {
            return Err(ProgramError::BeyondRole);
        }
        let (secret, stored) = secret::fresh(PREFIX, &self.env().entropy);
        let (hint, until) = (secret[..HINT].to_owned(), tx.now() + overlap);
        let hint_before = std::mem::replace(&mut key.hint, hint);
        sql::set_api_key_secret(&tx, &key, stored, before, until).await?;
        let (before, after) =
            (json!({ "hint": hint_before }), json!({ "hint": key.hint, "previous_good_until": until }));
        tx.audit(Entry::new(organizer, "api_key.rotate", id).before(before).after(after));
        self.forget_keys_after_commit(&tx);
        tx.commit().await?;
        tracing::info!(key = %id, %organizer, "API key changed");
        Ok(ShownKey { key, secret })
    }

    /// Ends a key for good. Doing it twice is fine.
    pub async fn revoke_api_key(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: ApiKeyId,
    ) -> Result<(), ProgramError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        if sql::revoke_api_key(&tx, organizer, id).await? == 0 {
            return if sql::is_api_key_of(&tx, organizer, id).await? { Ok(()) } else { Err(ProgramError::NotFound) };
        }
        tx.audit(Entry::new(organizer, "api_key.revoke", id));
        self.forget_keys_after_commit(&tx);
        tx.commit().await?;
        tracing::info!(key = %id, %organizer, "API key revoked");
        Ok(())
    }

    /// Whose key this is. `Err(TokenError::Malformed)` for one that there is not, or is no more; faults
    /// of the database are the outer error.
    pub async fn look_up_key(&self, text: &str) -> store::Result<Result<Bearer, TokenError>> {
        let Some(print) = print(text) else { return Ok(Err(TokenError::Malformed)) };
        if let Some(program) = self.known_key(print) {
            return Ok(Ok(Bearer::Program(program)));
        }
        let changes = self.0.keys.lock().changes;
        let tx = self.0.store.begin_read().await?;
        let now = tx.now();
        let Some((key, good_until)) = sql::api_key_by_secret(&tx, print).await? else {
            return Ok(Err(TokenError::Malformed));
        };
        drop(tx);
        if good_until.is_some_and(|until| now >= until) {
            return Ok(Err(TokenError::Expired));
        }
        let today = Timestamp::from_micros(now.micros() - now.micros().rem_euclid(DAY_MICROS));
        if key.used_on != Some(today)
            && let Err(error) = self.note_use(key.id, today).await
        {
            // The key is good all the same; the next use tries again.
            tracing::warn!(key = %key.id, error = &error as &dyn std::error::Error, "the use of a key was not noted");
        }
        let program = Program {
            id: ProgramId::Key(key.id),
            organizer: key.organizer,
            user: None,
            scopes: key.scopes,
            expires_at: good_until.unwrap_or(Timestamp::MAX),
        };
        let mut cache = self.0.keys.lock();
        if cache.changes == changes {
            cache.known.insert(print, (program, (now + KNOWN_TTL).min(program.expires_at)));
        }
        Ok(Ok(Bearer::Program(program)))
    }

    async fn note_use(&self, key: ApiKeyId, day: Timestamp) -> store::Result<()> {
        let tx = self.0.store.begin_write().await?;
        sql::set_api_key_used(&tx, key, day).await?;
        tx.commit().await
    }

    pub(crate) fn known_key(&self, print: [u8; 32]) -> Option<Program> {
        let (program, until) = self.0.keys.lock().known.get(&print)?;
        (self.now() < until).then_some(program)
    }

    pub(crate) fn forget_keys_after_commit(&self, tx: &store::Tx) {
        let identity = self.clone();
        tx.after_commit(move || {
            let mut cache = identity.0.keys.lock();
            *cache = KeyCache { changes: cache.changes + 1, ..KeyCache::default() };
        });
    }
}
