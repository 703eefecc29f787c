//! Sessions: one per sign-in, kept alive by refresh tokens of which exactly one is live.
//!
//! What a refresh token is, and what presenting an old one leads to, says [`crate::refresh`].

use std::time::Duration;

use serde_json::json;
use stagedoor_core::{SessionId, Timestamp, UserId, limits};
use store::audit::{Chain, Entry, Outcome};
use store::{Origin, PersonKey, Tx};
use uuid::Uuid;

use crate::account::AccountError;
use crate::device::{Device, FORGOTTEN_AFTER};
use crate::refresh::{Family, RefreshToken, SESSION, Verdict};
use crate::sql::{self, SessionRow};
use crate::token::Holder;
use crate::{Identity, SignedIn, User};

/// However often it is refreshed, a session ends. Source: NIST SP 800-63B 4.1.3, 30 days.
const SESSION_TTL_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Expired sessions are kept this long, for those who look into what happened.
const RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// An expired code is kept this long: it says which address another one is to be sent to.
const CODE_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Read twice at each sync: another node's clock may be behind, its transaction slow to commit.
const SYNC_OVERLAP: Duration = Duration::from_secs(60);

/// Sessions of one account that are alive at a time: more devices than a person has, and few enough to
/// look through.
const SESSIONS_MAX: u32 = 50;

/// By what the person of a session proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Means {
    /// Or an outside provider; with a second factor where the account has one.
    Password,
    /// Alone: its device has asked for a finger, a face or a PIN.
    Passkey,
}

impl Means {
    const fn text(self) -> &'static str {
        match self {
            Means::Password => "password",
            Means::Passkey => "passkey",
        }
    }
}

/// One sign-in, as its person sees it.
#[derive(Clone)]
pub struct Session {
    pub id: SessionId,
    pub device: Device,
    pub created_at: Timestamp,
    /// The last refresh, or the sign-in itself.
    pub used_at: Timestamp,
    /// Unless it is refreshed before.
    pub expires_at: Timestamp,
    /// When it was ended before that.
    pub ended_at: Option<Timestamp>,
}

impl SessionRow {
    fn judge(&self, generation: i64, now: Timestamp) -> Verdict {
        Family {
            generation: self.generation,
            rotated_at: self.rotated_at,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
        }
        .judge(generation, now)
    }

    /// Until when the live token may be used, if it is handed out at `now`.
    fn expiry(&self, now: Timestamp) -> Timestamp {
        (now + limits::REFRESH_TOKEN_TTL).min(self.created_at + SESSION_TTL_MAX)
    }
}

impl Identity {
    /// A fresh pair of tokens for a refresh token, which is used up by it. `InvalidToken` when it
    /// is forged, expired or already used; the last also ends the session. Repeating a request
    /// whose answer was lost is safe for 30 seconds.
    /// Source: API.md "Sign-in", OAuth 2.1 section 4.3.1.
    pub async fn refresh(&self, origin: &Origin, refresh_token: &str) -> Result<SignedIn, AccountError> {
        let token = RefreshToken::decode(&SESSION, &self.0.keyring, refresh_token, self.now())
            .ok_or(AccountError::InvalidToken)?;
        let tx = self.0.store.begin_write_for(origin).await?;
        let session = sql::lock_session(&tx, token.family.into()).await?.ok_or(AccountError::InvalidToken)?;
        let tx = tx.by(session.account);
        let now = tx.now();
        match session.judge(token.generation, now) {
            Verdict::Rotate => {
                let rotated = sql::rotate_session(&tx, &session, now, session.expiry(now)).await?;
                assert_eq!(rotated, 1, "the locked row of {} was changed by another", session.id);
                tx.audit(Entry::new(Chain::Platform, "session.refresh", session.id));
            }
            Verdict::Repeat => {}
            Verdict::Reused => {
                sql::revoke_session(&tx, session.id, now).await?;
                let after = json!({ "ended": true, "why": "a used refresh token came back" });
                let entry = Entry::new(Chain::Platform, "session.refresh", session.id);
                tx.audit(entry.result(Outcome::Denied).after(after));
                self.revoke_after_commit(&tx, vec![session.id]);
                tx.commit().await?;
                tracing::warn!(user = %session.account, session = %session.id, "a used refresh token came back: session ended");
                return Err(AccountError::InvalidToken);
            }
            Verdict::Ended => return Err(AccountError::InvalidToken),
        }
        // Whoever is erased between the two statements has no key any more. Locking the account
        // would wait for an erasure that waits for this session.
        let account = sql::account(&tx, session.account).await?.ok_or(AccountError::InvalidToken)?;
        let key = self.0.keyring.person_key(&tx, account.id).await?.ok_or(AccountError::InvalidToken)?;
        let user = User::open(&key, &account)?;
        tx.commit().await?;
        Ok(self.signed_in(user, session.id, token.generation + 1))
    }

    /// Ends the session a refresh token belongs to, also with one that was used up. Doing it
    /// twice is fine; `InvalidToken` only for a forged one.
    pub async fn logout(&self, origin: &Origin, refresh_token: &str) -> Result<(), AccountError> {
        let token = RefreshToken::decode(&SESSION, &self.0.keyring, refresh_token, self.now())
            .ok_or(AccountError::InvalidToken)?;
        let mut tx = self.0.store.begin_write_for(origin).await?;
        let session = token.family.into();
        if let Some(account) = sql::revoke_session(&tx, session, tx.now()).await? {
            tx = tx.by(account);
            tx.audit(Entry::new(Chain::Platform, "session.end", session));
        }
        self.revoke_after_commit(&tx, vec![session]);
        tx.commit().await?;
        tracing::info!(%session, "signed out");
        Ok(())
    }

    /// Sessions of the account that are alive, the newest first; there are at most 50.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, AccountError> {
        let tx = self.0.store.begin_read().await?;
        let rows = sql::live_sessions_of(&tx, user, SESSIONS_MAX).await?;
        self.shown(&tx, user, rows).await
    }

    /// Every session of the account that is still known, ended ones, too; the newest first.
    pub async fn session_history(&self, user: UserId) -> Result<Vec<Session>, AccountError> {
        let tx = self.0.store.begin_read().await?;
        let rows = sql::sessions_of(&tx, user).await?;
        self.shown(&tx, user, rows).await
    }

    async fn shown(&self, tx: &Tx, user: UserId, rows: Vec<SessionRow>) -> Result<Vec<Session>, AccountError> {
        let key = self.0.keyring.person_key(tx, user).await?.ok_or(AccountError::NotFound)?;
        let open = |row: SessionRow| {
            Ok(Session {
                id: row.id,
                device: Device::open(&key, row.id, &row.device)?,
                created_at: row.created_at,
                used_at: row.rotated_at,
                expires_at: row.expires_at,
                ended_at: row.revoked_at,
            })
        };
        rows.into_iter().map(open).collect()
    }

    /// Ends a session of the account; `NotFound` when it has none of that id that is alive.
    pub async fn end_session(&self, origin: &Origin, user: UserId, session: SessionId) -> Result<(), AccountError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        if sql::revoke_session_of(&tx, user, session).await? == 0 {
            return Err(AccountError::NotFound);
        }
        tx.audit(Entry::new(Chain::Platform, "session.end", session));
        self.revoke_after_commit(&tx, vec![session]);
        tx.commit().await?;
        tracing::info!(%user, %session, "session ended");
        Ok(())
    }

    /// Ends every session of the account but `keep`; how many were ended.
    pub async fn end_other_sessions(
        &self,
        origin: &Origin,
        user: UserId,
        keep: SessionId,
    ) -> Result<usize, AccountError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        // Before its sessions, as everywhere: two who end all others at once would wait for each other.
        sql::lock_account(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let ended = sql::revoke_other_sessions_of(&tx, user, keep).await?;
        let count = ended.len();
        for session in &ended {
            tx.audit(Entry::new(Chain::Platform, "session.end", session));
        }
        self.revoke_after_commit(&tx, ended);
        tx.commit().await?;
        tracing::info!(%user, count, "other sessions ended");
        Ok(count)
    }

    /// Learns which sessions and programs were ended by other nodes or before a restart, so that their access
    /// tokens are refused here too. Call at start and every few seconds.
    pub async fn sync_revocations(&self) -> store::Result<()> {
        let now = self.now();
        let since = self.0.synced.lock().unwrap_or(now - limits::ACCESS_TOKEN_TTL) - SYNC_OVERLAP;
        let tx = self.0.store.begin_read().await?;
        for (session, at) in sql::sessions_revoked_since(&tx, since).await? {
            self.0.tokens.revoke(session, at, now);
        }
        for (program, at) in sql::programs_revoked_since(&tx, since).await? {
            self.0.tokens.revoke(program, at, now);
        }
        for (guest, at) in sql::guests_ended_since(&tx, since).await? {
            self.0.tokens.revoke(guest, at, now);
        }
        *self.0.synced.lock() = Some(now);
        Ok(())
    }

    /// Deletes sessions, guests, codes, devices and programs that are of no more use; returns how many sessions. Waits
    /// for nobody: what somebody is at work on is left for the next time.
    pub async fn prune(&self) -> store::Result<u64> {
        let tx = self.0.store.begin_write().await?;
        let pruned = sql::delete_sessions_expired_before(&tx, tx.now() - RETENTION).await?;
        self.prune_guests(&tx).await?;
        sql::delete_codes_expired_before(&tx, tx.now() - CODE_RETENTION).await?;
        sql::delete_ceremonies_expired_before(&tx, tx.now()).await?;
        self.end_invitations(&tx, sql::delete_invitations_expired(&tx).await?).await?;
        sql::delete_visits_expired_before(&tx, tx.now()).await?;
        sql::delete_devices_unseen_since(&tx, tx.now() - FORGOTTEN_AFTER).await?;
        // Nothing is to be learnt of what a client had for itself: its tokens end with it.
        sql::delete_grants_expired_before(&tx, tx.now() - RETENTION, tx.now()).await?;
        sql::delete_programs_ended_before(&tx, tx.now() - RETENTION).await?;
        tx.commit().await?;
        Ok(pruned)
    }

    /// Opens a session of an account that the caller has locked. One too many ends those that were
    /// not used for the longest time.
    pub(crate) async fn open_session(
        &self,
        tx: &Tx,
        key: &PersonKey,
        account: UserId,
        device: &Device,
        means: Means,
    ) -> store::Result<SessionId> {
        let (id, now) = (self.env().id(), tx.now());
        let mut row = SessionRow {
            id,
            account,
            device: device.seal(key, id),
            generation: 0,
            created_at: now,
            rotated_at: now,
            expires_at: now,
            revoked_at: None,
        };
        row.expires_at = row.expiry(now);
        let ended = sql::revoke_sessions_beyond(tx, account, SESSIONS_MAX - 1).await?;
        for session in &ended {
            let entry = Entry::new(Chain::Platform, "session.end", session);
            tx.audit(entry.after(json!({ "why": "too many sessions" })));
        }
        self.revoke_after_commit(tx, ended);
        sql::insert_session(tx, &row).await?;
        let entry = Entry::new(Chain::Platform, "session.open", id);
        tx.audit(entry.after(json!({ "means": means.text() })));
        Ok(id)
    }

    pub(crate) fn signed_in(&self, user: User, session: SessionId, generation: i64) -> SignedIn {
        let holder = Holder { user: user.id, session, platform_admin: user.platform_admin, is_guest: false };
        SignedIn {
            access_token: self.0.tokens.issue(self.env(), holder),
            refresh_token: RefreshToken { family: session.into(), generation }.encode(&SESSION, &self.0.keyring),
            expires_in: self.0.tokens.ttl().as_secs(),
            session,
            user,
        }
    }

    /// Sessions, grants and clients alike: their access tokens are refused from the commit on.
    pub(crate) fn revoke_after_commit(&self, tx: &Tx, ended: Vec<impl Into<Uuid> + Send + 'static>) {
        let (identity, now) = (self.clone(), tx.now());
        tx.after_commit(move || ended.into_iter().for_each(|ended| identity.0.tokens.revoke(ended, now, now)));
    }
}
