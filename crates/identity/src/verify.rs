//! Codes that prove an address: sent to it, and typed back by whoever is signed in.
//!
//! A code has six digits, is good for ten minutes and five tries, and fits one account, one kind of
//! address and the address it was sent to. The newest one alone counts.
//!
//! An account with an address that is not verified has that address alone. So whoever registers
//! with another's address can add nothing of their own to it, and the owner, who gets the token for
//! a new password there, takes over all of the account.

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde_json::json;
use stagedoor_core::UserId;
use store::audit::{Chain, Entry, Outcome};
use store::{Origin, PersonKey, Sealed, Tx};

use crate::account::{AccountError, key_of, may_attempt, open_contact, open_text, place, taken};
use crate::attempts::Key;
use crate::contact::{Channel, Contact, Reached};
use crate::factor::Purpose;
use crate::letters::{self, Letter};
use crate::sql::{self, AccountRow, VerificationRow};
use crate::{Identity, User};

const CODE_DIGITS: usize = 6;
const CODE_TTL: Duration = Duration::from_secs(10 * 60);
/// With five codes in a quarter of an hour: 25 tries of a million.
const TRIES: u32 = 5;

impl Identity {
    /// Sends a new code to the address that waits for one. `WrongState` when none does,
    /// `RateLimited` after five in a quarter of an hour.
    pub async fn send_code(&self, origin: &Origin, user: UserId, channel: Channel) -> Result<(), AccountError> {
        may_attempt(self.0.attempts.wait(Key::Codes(user), self.now()))?;
        let tx = self.0.store.begin_write_for(origin).await?;
        let row = sql::lock_account(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let key = key_of(&self.0.keyring, &tx, user).await?;
        let typed = match sql::pending_address(&tx, user, channel).await? {
            Some(sealed) => Some(open_text(&key, pending_place(channel, user), &sealed)?),
            None if row.contact(channel).is_some_and(|(_, verified_at)| verified_at.is_none()) => {
                open_contact(&key, &row, channel)?
            }
            None => None,
        };
        let typed = typed.ok_or(AccountError::WrongState("no address waits for a code"))?;
        self.send_code_to(&tx, &key, &row, Reached::parse(typed_as(channel, &typed))?).await?;
        let after = json!({ "channel": channel.text() });
        tx.audit(Entry::new(Chain::Platform, "contact.send_code", user).after(after));
        Ok(tx.commit().await?)
    }

    /// Sends a code to an address that the account shall have once the code comes back; the one it
    /// has, if any, stays until then. `InvalidCredentials` for a wrong password, `WrongState` while
    /// an address of the other kind is not verified; an account with a second factor asks for it.
    pub async fn change_contact(
        &self,
        origin: &Origin,
        user: UserId,
        contact: Contact<'_>,
        password: &str,
        otp: Option<&str>,
    ) -> Result<(), AccountError> {
        let reached = Reached::parse(contact)?;
        may_attempt(self.0.attempts.wait(Key::Codes(user), self.now()))?;
        let checked = self.confirm_password(user, password).await?;
        let (tx, row, key) = self.lock_confirmed(origin, &checked).await?;
        let is_first = row.contact(reached.channel).is_none();
        if is_first && !row.is_verified() {
            return Err(AccountError::WrongState("verify the address that the account has first"));
        }
        let tx = self.demand_factor(tx, &key, &row, otp, Purpose::SignIn).await?;
        let before = open_contact(&key, &row, reached.channel)?;
        let (before, after) =
            (json!({ "address": before }), json!({ "channel": reached.channel.text(), "address": reached.shown }));
        tx.audit(Entry::new(Chain::Platform, "contact.ask_change", user).about(user).before(before).after(after));
        self.send_code_to(&tx, &key, &row, reached).await?;
        Ok(tx.commit().await?)
    }

    /// Takes a code back: the account has the address that it was sent to, verified. `InvalidCode`
    /// for one that is wrong, old, used or was tried too often; `EmailTaken` or `PhoneTaken` when
    /// another account has the address.
    pub async fn verify_contact(
        &self,
        origin: &Origin,
        user: UserId,
        channel: Channel,
        code: &str,
    ) -> Result<User, AccountError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        // Whoever writes several of an account's rows locks the account first.
        let row = sql::lock_account(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let Some((hash, sealed)) = sql::try_verification(&tx, user, channel).await? else {
            return Err(AccountError::InvalidCode);
        };
        let print = self.code_print(user, channel, code.trim());
        let is_right = verify_slices_are_equal(&hash, &print).is_ok();
        let entry = Entry::new(Chain::Platform, "contact.verify", user);
        if !is_right || sql::take_verification(&tx, user, channel, print).await? != 1 {
            tx.audit(entry.result(Outcome::Denied).after(json!({ "channel": channel.text() })));
            tx.commit().await?;
            tracing::info!(%user, channel = channel.text(), "a wrong verification code");
            return Err(AccountError::InvalidCode);
        }
        let key = key_of(&self.0.keyring, &tx, user).await?;
        let before = open_contact(&key, &row, channel)?;
        let typed = open_text(&key, pending_place(channel, user), &sealed)?;
        let reached = Reached::parse(typed_as(channel, &typed))?;
        let index = reached.index(&self.0.keyring);
        let address = key.seal(place(channel.text(), user), reached.shown.as_bytes());
        sql::set_contact(&tx, user, channel, index, &address).await.map_err(|error| match error {
            store::Error::Conflict { .. } => taken(channel),
            other => other.into(),
        })?;
        if before.as_deref() != Some(&reached.shown) {
            // What was sent to the address before is no longer its person's.
            sql::delete_resets(&tx, user).await?;
            letters::tell(&tx, &key, &row, &Letter::ContactChanged { channel }).await?;
        }
        let was_verified = row.contact(channel).is_some_and(|(_, verified_at)| verified_at.is_some());
        let before = json!({ "address": before, "verified": was_verified });
        let after = json!({ "channel": channel.text(), "address": reached.shown, "verified": true });
        tx.audit(entry.about(user).before(before).after(after));
        let row = sql::account(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let user = User::open(&key, &row)?;
        tx.commit().await?;
        tracing::info!(user = %user.id, channel = channel.text(), "address verified");
        Ok(user)
    }

    /// Sends a code in the caller's transaction, which has locked the account.
    pub(crate) async fn send_code_to(
        &self,
        tx: &Tx,
        key: &PersonKey,
        account: &AccountRow,
        reached: Reached,
    ) -> Result<(), AccountError> {
        let (user, channel) = (account.id, reached.channel);
        may_attempt(self.0.attempts.wait_or_count(Key::Codes(user), tx.now()))?;
        let index = reached.index(&self.0.keyring);
        // However many accounts somebody makes to have codes sent to one address.
        may_attempt(self.0.attempts.wait_or_count(Key::CodesTo(index), tx.now()))?;
        let code = format!("{:0CODE_DIGITS$}", self.env().entropy.below(10_u64.pow(CODE_DIGITS as u32)));
        let row = VerificationRow {
            account: user,
            channel,
            code: self.code_print(user, channel, &code),
            address: key.seal(pending_place(channel, user), reached.shown.as_bytes()),
            tries_left: TRIES,
            expires_at: tx.now() + CODE_TTL,
        };
        sql::put_verification(tx, &row).await?;
        let letter = Letter::Code { code: &code, minutes: CODE_TTL.as_secs() / 60 };
        letters::send(tx, key, account, reached.address(), &letter, row.expires_at).await?;
        Ok(())
    }

    fn code_print(&self, user: UserId, channel: Channel, code: &str) -> [u8; 32] {
        self.0.keyring.blind_index("identity/verification", &format!("{} {user} {code}", channel.text()))
    }
}

const fn pending_place(channel: Channel, user: UserId) -> Sealed {
    Sealed { table: "verification", column: channel.text(), id: user.0 }
}

pub(crate) fn typed_as(channel: Channel, text: &str) -> Contact<'_> {
    match channel {
        Channel::Email => Contact::Email(text),
        Channel::Phone => Contact::Phone(text),
    }
}
