//! Passwords: changing one's own, and setting a new one without the old.
//!
//! Asking for a token does the same work whether or not the address has an account: it queues a
//! job, and the job looks. So neither the answer nor the time it takes tells anything.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jobs::{Job, Jobs, NewJob, Next};
use serde::{Deserialize, Serialize};
use serde_json::json;
use stagedoor_core::{SessionId, UserId};
use store::audit::{Chain, Entry};
use store::{Origin, PersonKey, Tx};
use uuid::Uuid;

use crate::account::{AccountError, fingerprint, key_of, may_attempt, open_contact, open_text, place};
use crate::attempts::Key;
use crate::contact::{Channel, Contact, Reached, address};
use crate::factor::Purpose;
use crate::letters::{self, Letter};
use crate::sql::{self, AccountRow, ResetRow};
use crate::verify::typed_as;
use crate::{Identity, password};

const SEND_RESET: &str = "identity.send_reset.v1";

const RESET_TTL: Duration = Duration::from_secs(30 * 60);
/// Tells scanners of leaked secrets what they found.
const PREFIX: &str = "sdp_";

/// Somebody wants a new password for the account that an address reaches, if there is one.
#[derive(Debug, Serialize, Deserialize)]
struct ResetRequest {
    id: Uuid,
    channel: String,
    /// The fingerprint of the address, in base64url.
    index: String,
}

impl Identity {
    /// Registers this crate's jobs with a worker.
    pub fn handle(&self, worker: Jobs) -> Jobs {
        let identity = self.clone();
        worker.handle(SEND_RESET, move |job: Job<ResetRequest>| {
            let identity = identity.clone();
            async move { identity.send_reset(job.payload).await }
        })
    }

    /// Has a token for a new password sent to an address, if an account has it. Nothing but what is
    /// no address is refused: after three in a quarter of an hour no more are sent, and that is not
    /// said either.
    pub async fn forgot_password(&self, origin: &Origin, contact: Contact<'_>) -> Result<(), AccountError> {
        let reached = Reached::parse(contact)?;
        let index = reached.index(&self.0.keyring);
        if self.0.attempts.wait_or_count(Key::Resets(index), self.now()).is_some() {
            tracing::info!("a token for a new password was asked for too often");
            return Ok(());
        }
        let request = ResetRequest {
            id: self.env().id(),
            channel: reached.channel.text().to_owned(),
            index: URL_SAFE_NO_PAD.encode(index),
        };
        let tx = self.0.store.begin_write_for(origin).await?;
        jobs::enqueue(&tx, NewJob::new(SEND_RESET, &request)).await?;
        // Of the address and not of an account: nobody has looked whether there is one.
        let after = json!({ "channel": reached.channel.text() });
        tx.audit(Entry::new(Chain::Platform, "password.ask_reset", fingerprint(&index)).after(after));
        Ok(tx.commit().await?)
    }

    async fn send_reset(&self, request: ResetRequest) -> jobs::Outcome {
        let channel = Channel::of(&request.channel)?;
        let index = URL_SAFE_NO_PAD.decode(&request.index).ok().and_then(|bytes| bytes.try_into().ok());
        let index = index.ok_or("the address's fingerprint cannot be read")?;
        let tx = self.0.store.begin_write().await?;
        let Some(found) = sql::account_by_contact(&tx, channel, index).await? else { return Ok(Next::Done) };
        let Some(row) = sql::lock_account(&tx, found.id).await? else { return Ok(Next::Done) };
        let Some(key) = self.0.keyring.person_key(&tx, row.id).await? else { return Ok(Next::Done) };
        let Some(to) = open_contact(&key, &row, channel)? else { return Ok(Next::Done) };
        // The account may have got another address since the first look.
        if Reached::parse(typed_as(channel, &to))?.index(&self.0.keyring) != index {
            return Ok(Next::Done);
        }
        let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.env().entropy.bytes::<32>()));
        let reset = ResetRow {
            id: request.id,
            account: row.id,
            token: self.reset_print(&token),
            channel,
            expires_at: tx.now() + RESET_TTL,
        };
        // A run that was cut off after its commit has sent the token already.
        if sql::insert_reset(&tx, &reset).await? == 1 {
            let token = letters::way_in(&self.0.public_url, "reset-password", &token);
            let letter = Letter::Reset { token: &token, minutes: RESET_TTL.as_secs() / 60 };
            letters::send(&tx, &key, &row, address(channel, to), &letter, reset.expires_at).await?;
            let after = json!({ "channel": channel.text(), "address": fingerprint(&index) });
            tx.audit(Entry::new(Chain::Platform, "password.send_reset", row.id).about(row.id).after(after));
            tx.commit().await?;
            tracing::info!(user = %row.id, "a token for a new password was made");
        }
        Ok(Next::Done)
    }

    /// Sets a new password by a token, once, ends every session, and removes passkeys and links to outside
    /// providers that were added. An account with a second factor
    /// asks for it here, too: `SecondFactorRequired`, `InvalidOtp`; the token stays good then.
    /// `InvalidToken` for one that is forged, used or older than half an hour. The address that the
    /// token was sent to is verified by it.
    pub async fn reset_password(
        &self,
        origin: &Origin,
        token: &str,
        password: &str,
        otp: Option<&str>,
    ) -> Result<(), AccountError> {
        let print = self.reset_print(token);
        let tx = self.0.store.begin_read().await?;
        let user = sql::reset_of(&tx, print).await?.ok_or(AccountError::InvalidToken)?;
        let row = sql::account(&tx, user).await?.ok_or(AccountError::InvalidToken)?;
        drop(tx);
        let sealed = self.new_password(&row, password).await?;

        let tx = self.0.store.begin_write_for(&origin.by(user)).await?;
        let row = sql::lock_account(&tx, user).await?.ok_or(AccountError::InvalidToken)?;
        let key = key_of(&self.0.keyring, &tx, user).await?;
        // Before the second factor, whose codes are used up as well.
        if sql::reset_of(&tx, print).await? != Some(user) {
            return Err(AccountError::InvalidToken);
        }
        let tx = self.demand_factor(tx, &key, &row, otp, Purpose::Reset).await?;
        let channel = sql::take_reset(&tx, print).await?.ok_or(AccountError::InvalidToken)?;
        sql::set_password(&tx, user, &sealed).await?;
        sql::verify_contact(&tx, user, channel).await?;
        sql::delete_resets(&tx, user).await?;
        // Neither does an address stay that somebody else wanted the account to have.
        sql::delete_verifications(&tx, user).await?;
        // Nor do ways in that somebody with the old password may have added.
        let passkeys = sql::delete_passkeys(&tx, user).await?;
        let links = sql::delete_links_added(&tx, user).await?;
        let sessions = sql::revoke_sessions_of(&tx, user, tx.now()).await?;
        let after = json!({ "channel": channel.text(), "sessions_ended": sessions, "passkeys_removed": passkeys,
            "links_removed": links });
        tx.audit(Entry::new(Chain::Platform, "password.reset", user).after(after));
        self.revoke_after_commit(&tx, sessions);
        self.end_grants_in(&tx, user).await?;
        let row = sql::account(&tx, user).await?.ok_or(AccountError::InvalidToken)?;
        letters::tell(&tx, &key, &row, &Letter::PasswordChanged).await?;
        tx.commit().await?;
        // Whoever guessed the old one keeps nobody out of the new one.
        self.0.attempts.forgive(Key::Account(user));
        tracing::info!(%user, "password reset, sessions ended");
        Ok(())
    }

    /// Changes one's own password and ends every session but `keep`. `InvalidCredentials` when
    /// `current` is wrong; an account with a second factor asks for it.
    pub async fn change_password(
        &self,
        origin: &Origin,
        user: UserId,
        keep: SessionId,
        current: &str,
        password: &str,
        otp: Option<&str>,
    ) -> Result<(), AccountError> {
        let checked = self.confirm_password(user, current).await?;
        let sealed = self.new_password(&checked, password).await?;
        let (tx, row, key) = self.lock_confirmed(origin, &checked).await?;
        let tx = self.demand_factor(tx, &key, &row, otp, Purpose::SignIn).await?;
        sql::set_password(&tx, user, &sealed).await?;
        sql::delete_resets(&tx, user).await?;
        // Nor does an address follow that somebody with the old password wanted the account to have.
        sql::delete_verifications(&tx, user).await?;
        let ended = sql::revoke_other_sessions_of(&tx, user, keep).await?;
        let after = json!({ "sessions_ended": ended });
        tx.audit(Entry::new(Chain::Platform, "password.change", user).after(after));
        self.revoke_after_commit(&tx, ended);
        self.end_grants_in(&tx, user).await?;
        letters::tell(&tx, &key, &row, &Letter::PasswordChanged).await?;
        tx.commit().await?;
        tracing::info!(%user, "password changed, other sessions ended");
        Ok(())
    }

    /// That it is the person and not a stolen session that asks: their password again and, where there is a
    /// second factor, a code of it. `InvalidCredentials` for a wrong password, `SecondFactorRequired` without
    /// a code, `InvalidOtp` for a wrong one, `RateLimited` after too many of either.
    pub async fn confirm(
        &self,
        origin: &Origin,
        user: UserId,
        password: &str,
        otp: Option<&str>,
    ) -> Result<(), AccountError> {
        let checked = self.confirm_password(user, password).await?;
        let (tx, row, key) = self.lock_confirmed(origin, &checked).await?;
        Ok(self.demand_factor(tx, &key, &row, otp, Purpose::SignIn).await?.commit().await?)
    }

    /// A transaction for what a password was confirmed for, with the account locked and its key.
    /// `InvalidCredentials` when there is another password by now.
    pub(crate) async fn lock_confirmed(
        &self,
        origin: &Origin,
        checked: &AccountRow,
    ) -> Result<(Tx, AccountRow, PersonKey), AccountError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        let row = sql::lock_account(&tx, checked.id).await?.ok_or(AccountError::NotFound)?;
        row.has_password_of(checked)?;
        let key = key_of(&self.0.keyring, &tx, checked.id).await?;
        Ok((tx, row, key))
    }

    /// Asks somebody signed in for their password again, before something that a stolen session must
    /// not do. `InvalidCredentials`, and limited as signing in is.
    pub(crate) async fn confirm_password(&self, user: UserId, password: &str) -> Result<AccountRow, AccountError> {
        let again = Key::Again(user);
        may_attempt(self.0.attempts.wait(again, self.now()))?;
        let tx = self.0.store.begin_read().await?;
        let row = sql::account(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let key = self.0.keyring.person_key(&tx, user).await?.ok_or(AccountError::NotFound)?;
        drop(tx);
        if password.chars().count() > *password::LENGTH.end() {
            return Err(AccountError::InvalidCredentials);
        }
        let hash = open_text(&key, place("password", user), &row.password)?;
        let turn = self.0.passwords.turn().await?;
        may_attempt(self.0.attempts.wait_or_count(again, self.now()))?;
        if !self.0.passwords.verify(turn, password, Some(hash)).await {
            return Err(AccountError::InvalidCredentials);
        }
        self.0.attempts.forgive(again);
        Ok(row)
    }

    /// Checks and hashes a new password of an account; sealed.
    async fn new_password(&self, row: &AccountRow, password: &str) -> Result<Vec<u8>, AccountError> {
        let tx = self.0.store.begin_read().await?;
        let key = self.0.keyring.person_key(&tx, row.id).await?.ok_or(AccountError::NotFound)?;
        drop(tx);
        let mut contacts = Vec::new();
        for channel in [Channel::Email, Channel::Phone] {
            if let Some(typed) = open_contact(&key, row, channel)? {
                contacts.push(Reached::parse(typed_as(channel, &typed))?.normal);
            }
        }
        let contacts: Vec<&str> = contacts.iter().map(String::as_str).collect();
        password::check(password, &contacts)?;
        let hash = self.0.passwords.hash(self.0.passwords.turn().await?, password).await;
        Ok(key.seal(place("password", row.id), hash.as_bytes()))
    }

    fn reset_print(&self, token: &str) -> [u8; 32] {
        self.0.keyring.blind_index("identity/reset", token)
    }
}
