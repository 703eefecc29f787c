//! Guests: who may hold places before they have an account.
//!
//! A guest is an id and a session, and nothing is known of the person. It is no account: whatever asks for
//! one finds nothing under its id, so only what expects a [`Guest`] knows guests. Who registers as a guest
//! goes on as an account with the same id; who signs in to an account they have takes along what they held.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stagedoor_core::limits::{ACCESS_TOKEN_TTL, HOLD_TTL_RANGE};
use stagedoor_core::{SessionId, Timestamp, UserId};
use store::audit::{Chain, Entry};
use store::{Origin, Tx};

use crate::Identity;
use crate::account::{AccountError, may_attempt};
use crate::attempts::Key;
use crate::refresh::{GUEST, RefreshToken, Verdict};
use crate::sql::{self, GuestRow};
use crate::token::Holder;

/// A guest who stays away for this long is gone. Longer than an access token lives, so that a page that is
/// open goes on.
pub const GUEST_IDLE_MAX: Duration = Duration::from_secs(2 * 60 * 60);
/// However busy, a guest is gone a day later: nobody chooses seats for longer.
const GUEST_TTL_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Kept after its session: by then no token of it is good anywhere, and the longest hold that it could take
/// (what extends one is not for guests) has ended, so that it owns nothing.
const RETENTION: Duration = Duration::from_secs(HOLD_TTL_RANGE.1.as_secs() + 2 * ACCESS_TOKEN_TTL.as_secs());

/// The job that hands over what a guest held, in case the request that signed them in did not come so far;
/// its payload is [`GuestSignedIn`].
pub const GUEST_SIGNED_IN: &str = "identity.guest_signed_in.v1";

/// When the job looks: what the guest asked for at the very moment of the sign-in has been decided.
const HAND_OVER_AFTER: Duration = Duration::from_secs(5);

/// A guest whose session ended because they signed in to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestSignedIn {
    pub guest: UserId,
    pub account: UserId,
}

/// A guest, as proven by an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guest {
    pub id: UserId,
    pub session: SessionId,
    pub expires_at: Timestamp,
}

/// The answer to a new guest, and to one whose tokens were renewed. `Debug` shows no token.
#[derive(Clone)]
pub struct GuestIn {
    pub id: UserId,
    pub session: SessionId,
    /// Goes into `Authorization: Bearer`.
    pub access_token: String,
    /// Buys the next pair once; see [`Identity::refresh_guest`].
    pub refresh_token: String,
    /// Life of the access token in whole seconds.
    pub expires_in: u64,
}

impl GuestRow {
    fn expiry(&self, now: Timestamp) -> Timestamp {
        (now + GUEST_IDLE_MAX).min(self.created_at + GUEST_TTL_MAX)
    }
}

impl fmt::Debug for GuestIn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "GuestIn({})", self.id)
    }
}

/// Whether a refresh token is one that guests are given.
pub fn is_guests(refresh_token: &str) -> bool {
    refresh_token.starts_with(GUEST.prefix)
}

impl Identity {
    /// A new guest. `RateLimited` when too many came from the network address of `from`.
    pub async fn open_guest(&self, from: &Origin) -> Result<GuestIn, AccountError> {
        if let Some(address) = from.address {
            may_attempt(self.0.attempts.wait_or_count(Key::guests(address), self.now()))?;
        }
        let tx = self.0.store.begin_write_for(from).await?;
        let now = tx.now();
        let (id, session) = (self.env().id(), self.env().id());
        let mut row =
            GuestRow { id, session, generation: 0, created_at: now, rotated_at: now, expires_at: now, ended_at: None };
        row.expires_at = row.expiry(now);
        sql::insert_guest(&tx, &row).await?;
        tx.audit(Entry::new(Chain::Platform, "guest.open", id));
        tx.commit().await?;
        Ok(self.guest_in(id, session, 0))
    }

    /// A fresh pair of tokens for a guest's refresh token, by the rules of [`Identity::refresh`].
    pub async fn refresh_guest(&self, origin: &Origin, refresh_token: &str) -> Result<GuestIn, AccountError> {
        let token = self.guests_token(refresh_token)?;
        let tx = self.0.store.begin_write_for(origin).await?;
        let guest = sql::lock_guest(&tx, token.family.into()).await?.ok_or(AccountError::InvalidToken)?;
        let now = tx.now();
        match guest.family().judge(token.generation, now) {
            Verdict::Rotate => {
                let rotated = sql::rotate_guest(&tx, &guest, now, guest.expiry(now)).await?;
                assert_eq!(rotated, 1, "the locked row of {} was changed by another", guest.id);
                tx.audit(Entry::new(Chain::Platform, "guest.refresh", guest.id));
            }
            Verdict::Repeat => {}
            Verdict::Reused => {
                self.end_in(&tx, guest.id, guest.session, None).await?;
                tx.commit().await?;
                tracing::warn!(guest = %guest.id, "a guest's used refresh token came back: session ended");
                return Err(AccountError::InvalidToken);
            }
            Verdict::Ended => return Err(AccountError::InvalidToken),
        }
        tx.commit().await?;
        Ok(self.guest_in(guest.id, guest.session, token.generation + 1))
    }

    /// Ends the session that a guest's refresh token belongs to, by the rules of [`Identity::logout`].
    pub async fn end_guest(&self, origin: &Origin, refresh_token: &str) -> Result<(), AccountError> {
        let token = self.guests_token(refresh_token)?;
        let tx = self.0.store.begin_write_for(origin).await?;
        if let Some(guest) = sql::lock_guest(&tx, token.family.into()).await? {
            self.end_in(&tx, guest.id, guest.session, None).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Ends the session of a guest who has signed in to `account`, and sees to it that what they hold goes
    /// there, at once by who calls or else by the job [`GUEST_SIGNED_IN`]. False when the session had ended
    /// before, by whatever: then nothing is to be handed over by this call.
    pub async fn guest_signed_in(&self, origin: &Origin, guest: Guest, account: UserId) -> Result<bool, AccountError> {
        let tx = self.0.store.begin_write_for(&origin.by(account)).await?;
        let ended = self.end_in(&tx, guest.id, guest.session, Some(account)).await?;
        if ended {
            let payload = GuestSignedIn { guest: guest.id, account };
            let job = jobs::NewJob::new(GUEST_SIGNED_IN, &payload).key(guest.id).at(tx.now() + HAND_OVER_AFTER);
            jobs::enqueue(&tx, job).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// Ends the session unless it has ended; whether it had not. Its tokens are refused from the commit on.
    pub(crate) async fn end_in(
        &self,
        tx: &Tx,
        guest: UserId,
        session: SessionId,
        heir: Option<UserId>,
    ) -> Result<bool, AccountError> {
        if sql::end_guest(tx, session, heir).await? == 0 {
            return Ok(false);
        }
        let entry = Entry::new(Chain::Platform, "guest.end", guest);
        tx.audit(match heir {
            Some(heir) => entry.after(serde_json::json!({ "account": heir })),
            None => entry,
        });
        self.revoke_after_commit(tx, vec![session]);
        Ok(true)
    }

    /// Deletes guests who own nothing any more.
    pub(crate) async fn prune_guests(&self, tx: &Tx) -> store::Result<()> {
        sql::delete_guests_expired_before(tx, tx.now() - RETENTION).await?;
        Ok(())
    }

    fn guests_token(&self, text: &str) -> Result<RefreshToken, AccountError> {
        RefreshToken::decode(&GUEST, &self.0.keyring, text, self.now()).ok_or(AccountError::InvalidToken)
    }

    fn guest_in(&self, id: UserId, session: SessionId, generation: i64) -> GuestIn {
        let holder = Holder { user: id, session, platform_admin: false, is_guest: true };
        GuestIn {
            id,
            session,
            access_token: self.0.tokens.issue(self.env(), holder),
            refresh_token: RefreshToken { family: session.into(), generation }.encode(&GUEST, &self.0.keyring),
            expires_in: self.0.tokens.ttl().as_secs(),
        }
    }
}
