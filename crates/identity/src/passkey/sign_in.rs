//! Signing in with a passkey: alone, or in the place of a code of the second factor.

use std::time::Duration;

use serde_json::json;
use store::audit::{Chain, Entry, Outcome};
use store::{Origin, PersonKey, Tx};

use super::ceremony::{Kind, Verdict};
use super::{Assertion, PasskeyChallenge, credential_of, name_of, seal_credential};
use crate::account::{AccountError, Credentials, key_of, may_attempt};
use crate::attempts::Key;
use crate::factor::{Proof, Purpose};
use crate::letters::{self, Letter};
use crate::session::Means;
use crate::sql::{self, AccountRow};
use crate::{Identity, SignedIn};

/// The person is told of a copy once in this time, however often it is tried.
const WARNED_AGAIN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

impl Identity {
    /// What a browser needs to sign somebody in with [`Identity::sign_in_with_passkey`], whoever it is.
    /// `WrongState` where there can be no passkeys.
    pub async fn challenge_sign_in(&self) -> Result<PasskeyChallenge, AccountError> {
        let ceremony = self.relying_party()?.sign_in();
        // Of nobody, and gone in minutes: no entry in the audit log.
        let tx = self.0.store.begin_write().await?;
        let challenge = self.keep_ceremony(&tx, ceremony, None).await?;
        tx.commit().await?;
        Ok(challenge)
    }

    /// Signs in the person whose passkey signed what [`Identity::challenge_sign_in`] asked for. No second
    /// factor is asked for, because the passkey is one. `InvalidPasskey`, and limited as passwords are.
    pub async fn sign_in_with_passkey(&self, origin: &Origin, shown: &Assertion) -> Result<SignedIn, AccountError> {
        let address = origin.address.map(Key::address);
        may_attempt(address.and_then(|address| self.0.attempts.wait(address, self.now())))?;
        let found = self.try_passkey(origin, shown).await;
        if let (Err(AccountError::InvalidPasskey), Some(address)) = (&found, address) {
            self.0.attempts.wait_or_count(address, self.now());
        }
        found
    }

    async fn try_passkey(&self, origin: &Origin, shown: &Assertion) -> Result<SignedIn, AccountError> {
        let print = self.passkey_print(&shown.id);
        let owner = sql::owner_of_passkey(&self.0.store.begin_read().await?, print).await?;
        let user = owner.ok_or(AccountError::InvalidPasskey)?;
        let own = Key::Passkey(user);
        may_attempt(self.0.attempts.wait_or_count(own, self.now()))?;
        let tx = self.0.store.begin_write_for(&origin.by(user)).await?;
        let row = sql::lock_account(&tx, user).await?.ok_or(AccountError::InvalidPasskey)?;
        let key = key_of(&self.0.keyring, &tx, user).await?;
        if !self.use_passkey(&tx, &key, &row, shown, Kind::SignIn).await? {
            tx.commit().await?;
            tracing::info!(%user, "a sign-in with a passkey was refused");
            return Err(AccountError::InvalidPasskey);
        }
        let signed_in = self.enter_by(Means::Passkey, tx, &key, &row).await?;
        self.0.attempts.forgive(own);
        Ok(signed_in)
    }

    /// As [`Identity::login`], with a passkey as the second factor: what it signed for the challenge of
    /// [`AccountError::PasskeyOrCode`].
    pub async fn login_with_passkey(
        &self,
        credentials: Credentials<'_>,
        shown: &Assertion,
    ) -> Result<SignedIn, AccountError> {
        let (tx, key, row) = self.prove_password(credentials).await?;
        let tx = self.demand_proof(tx, &key, &row, Some(Proof::Passkey(shown)), Purpose::SignIn).await?;
        self.enter(tx, &key, &row).await
    }

    /// What the account's passkeys are to sign as its second factor; none without passkeys.
    pub(crate) async fn challenge_second_factor(
        &self,
        tx: &Tx,
        key: &PersonKey,
        account: &AccountRow,
    ) -> Result<Option<PasskeyChallenge>, AccountError> {
        let Some(party) = &self.0.relying_party else { return Ok(None) };
        let passkeys = sql::passkeys_of(tx, account.id).await?;
        let passkeys = passkeys.iter().map(|row| credential_of(key, row)).collect::<Result<Vec<_>, _>>()?;
        if passkeys.is_empty() {
            return Ok(None);
        }
        let challenge = self.keep_ceremony(tx, party.second_factor(&passkeys), Some(account.id)).await?;
        Ok(Some(challenge))
    }

    pub(crate) async fn use_as_second_factor(
        &self,
        tx: &Tx,
        key: &PersonKey,
        account: &AccountRow,
        shown: &Assertion,
    ) -> Result<bool, AccountError> {
        self.use_passkey(tx, key, account, shown, Kind::SecondFactor).await
    }

    /// Whether a passkey of the account signed what was asked for; the question is used up either way. The
    /// caller commits.
    async fn use_passkey(
        &self,
        tx: &Tx,
        key: &PersonKey,
        account: &AccountRow,
        shown: &Assertion,
        kind: Kind,
    ) -> Result<bool, AccountError> {
        let user = account.id;
        let asked_of = (kind == Kind::SecondFactor).then_some(user);
        let begun = self.take_ceremony(tx, &shown.client_data, kind, asked_of).await?;
        let refused = |after| {
            let entry = Entry::new(Chain::Platform, "passkey.use", user).about(user).result(Outcome::Denied);
            tx.audit(entry.after(after));
        };
        let row = sql::passkey_by_print(tx, user, self.passkey_print(&shown.id)).await?;
        let is_theirs = match &shown.user_handle {
            Some(handle) => handle == user.0.as_bytes(),
            // Where nobody has said who it is, the passkey has to.
            None => kind == Kind::SecondFactor,
        };
        let (Some(begun), Some(row), true) = (begun, row, is_theirs) else {
            refused(json!({ "why": "not what was asked for" }));
            return Ok(false);
        };
        let credential = credential_of(key, &row)?;
        match self.relying_party()?.verify(begun, &credential, shown) {
            Verdict::Good(credential) => {
                sql::use_passkey(tx, row.id, &seal_credential(key, row.id, &credential)).await?;
                tx.audit(Entry::new(Chain::Platform, "passkey.use", row.id).about(user));
                Ok(true)
            }
            Verdict::Bad => {
                refused(json!({ "passkey": row.id, "why": "not what was asked for" }));
                Ok(false)
            }
            Verdict::Copied => {
                refused(json!({ "passkey": row.id, "why": "its counter went back" }));
                tracing::warn!(%user, passkey = %row.id, "the counter of a passkey went back");
                if row.warned_at.is_none_or(|at| at + WARNED_AGAIN_AFTER <= tx.now()) {
                    sql::warn_of_passkey(tx, row.id).await?;
                    letters::tell(tx, key, account, &Letter::PasskeyCopied { name: &name_of(key, &row)? }).await?;
                }
                Ok(false)
            }
        }
    }
}
