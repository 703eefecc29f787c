//! Passkeys (WebAuthn): key pairs that a person's device keeps, and that sign in without a password.
//!
//! The device asks for its person's finger, face or PIN before it signs, every time, so a passkey stands
//! for both factors. It signs for our address alone, which is why there are no passkeys where the
//! public URL has no host name: browsers bind them to one. Source: Web Authentication, Level 3.
//!
//! Having a passkey turns no second factor on: whoever has not one signs in with the password as before.
//! Where one is on, a passkey takes the place of its code at sign-in; and a session that a passkey opened alone
//! has the second factor that organizers and the platform ask for.
//!
//! One can be added only to an account with a verified address. Otherwise a stranger could register with
//! somebody's address and keep a way in after the owner has taken the account over.

mod ceremony;
mod sign_in;

use std::time::Duration;

use serde_json::{Value, json};
use stagedoor_core::{Name, PasskeyId, SessionId, Timestamp, UserId};
use store::audit::{Chain, Entry, Outcome};
use store::{Origin, PersonKey, Sealed};

use crate::Identity;
use crate::account::{AccountError, corrupt, key_of, open_address, open_text, place};
use crate::factor::Purpose;
use crate::letters::{self, Letter};
use crate::sql::{self, PasskeyRow};

pub(crate) use ceremony::RelyingParty;

/// Of one account: more devices than a person has.
const PASSKEYS_MAX: usize = 20;
/// What a browser was asked for is to come back within. Source: Web Authentication, "Recommended range
/// and default for a WebAuthn ceremony timeout", five to ten minutes.
const CEREMONY_TTL: Duration = Duration::from_secs(5 * 60);

/// A passkey as its person sees it.
#[derive(Clone)]
pub struct Passkey {
    pub id: PasskeyId,
    pub name: Name,
    pub created_at: Timestamp,
    /// The last sign-in with it.
    pub used_at: Option<Timestamp>,
}

/// What a browser is asked to do.
#[derive(Debug, Clone)]
pub struct PasskeyChallenge {
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`, as
    /// browsers take them.
    pub options: Value,
    /// The answer is to come within.
    pub expires_in: Duration,
}

/// A new passkey as the browser tells of it: `RegistrationResponseJSON`, its parts decoded.
#[derive(Clone)]
pub struct Attestation {
    /// Of the credential.
    pub id: Vec<u8>,
    pub client_data: Vec<u8>,
    pub attestation_object: Vec<u8>,
}

/// What a passkey signed: `AuthenticationResponseJSON`, its parts decoded.
#[derive(Clone)]
pub struct Assertion {
    /// Of the credential.
    pub id: Vec<u8>,
    pub client_data: Vec<u8>,
    pub authenticator_data: Vec<u8>,
    pub signature: Vec<u8>,
    pub user_handle: Option<Vec<u8>>,
}

impl Passkey {
    fn open(key: &PersonKey, row: &PasskeyRow) -> store::Result<Self> {
        let Ok(name) = Name::parse("name", &name_of(key, row)?) else { return Err(corrupt("the name", row.id)) };
        Ok(Self { id: row.id, name, created_at: row.created_at, used_at: row.used_at })
    }
}

const fn name_place(id: PasskeyId) -> Sealed {
    Sealed { table: "passkey", column: "name", id: id.0 }
}

const fn credential_place(id: PasskeyId) -> Sealed {
    Sealed { table: "passkey", column: "credential", id: id.0 }
}

fn name_of(key: &PersonKey, row: &PasskeyRow) -> store::Result<String> {
    let name = key.open(name_place(row.id), &row.name).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| corrupt("the name", row.id))
}

fn credential_of(key: &PersonKey, row: &PasskeyRow) -> store::Result<webauthn_rs::prelude::Passkey> {
    let plain = key.open(credential_place(row.id), &row.credential).map_err(|_| corrupt("the credential", row.id))?;
    serde_json::from_slice(&plain).map_err(|_| corrupt("the credential", row.id))
}

fn seal_credential(key: &PersonKey, id: PasskeyId, credential: &webauthn_rs::prelude::Passkey) -> Vec<u8> {
    key.seal(credential_place(id), &serde_json::to_vec(credential).expect("a credential is plain data"))
}

impl Identity {
    fn relying_party(&self) -> Result<&RelyingParty, AccountError> {
        let none = AccountError::WrongState("passkeys need a public URL with a host name");
        self.0.relying_party.as_ref().ok_or(none)
    }

    fn passkey_print(&self, credential: &[u8]) -> [u8; 32] {
        let text: String = credential.iter().map(|byte| format!("{byte:02x}")).collect();
        self.0.keyring.blind_index("identity/passkey", &text)
    }

    /// What a browser needs to make a passkey for somebody signed in, with [`Identity::add_passkey`].
    /// `InvalidCredentials` for a wrong password; an account with a second factor asks for it.
    /// `WrongState` without a verified address, with twenty passkeys, or where there can be none.
    pub async fn challenge_new_passkey(
        &self,
        origin: &Origin,
        user: UserId,
        session: SessionId,
        password: &str,
        otp: Option<&str>,
    ) -> Result<PasskeyChallenge, AccountError> {
        let party = self.relying_party()?;
        let checked = self.confirm_password(user, password).await?;
        let (tx, row, key) = self.lock_confirmed(origin, &checked).await?;
        if !row.is_verified() {
            return Err(AccountError::WrongState("verify the address of the account first"));
        }
        let others = sql::passkeys_of(&tx, user).await?;
        if others.len() >= PASSKEYS_MAX {
            return Err(AccountError::WrongState("an account has no more than twenty passkeys"));
        }
        let tx = self.demand_factor(tx, &key, &row, otp, Purpose::SignIn).await?;
        let others = others.iter().map(|other| credential_of(&key, other)).collect::<Result<Vec<_>, _>>()?;
        let address = open_address(&key, &row)?;
        let name = open_text(&key, place("name", user), &row.name)?;
        let ceremony = party.registration(user, session, (&address, &name), &others);
        let challenge = self.keep_ceremony(&tx, ceremony, Some(user)).await?;
        tx.audit(Entry::new(Chain::Platform, "passkey.enrol", user));
        tx.commit().await?;
        Ok(challenge)
    }

    /// Adds the passkey that a browser made for [`Identity::challenge_new_passkey`], once, in the session
    /// that asked for it. `InvalidPasskey` for what does not answer it; `WrongState` for one that is
    /// registered already.
    pub async fn add_passkey(
        &self,
        origin: &Origin,
        user: UserId,
        session: SessionId,
        name: &str,
        made: &Attestation,
    ) -> Result<Passkey, AccountError> {
        let name = Name::parse("name", name)?;
        let party = self.relying_party()?;
        let tx = self.0.store.begin_write_for(origin).await?;
        let row = sql::lock_account(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let key = key_of(&self.0.keyring, &tx, user).await?;
        let begun = self.take_ceremony(&tx, &made.client_data, ceremony::Kind::Add, Some(user)).await?;
        let Some(credential) = begun.and_then(|begun| party.finish_registration(begun, session, made)) else {
            tx.audit(Entry::new(Chain::Platform, "passkey.add", user).result(Outcome::Denied));
            tx.commit().await?;
            tracing::info!(%user, "a new passkey was refused");
            return Err(AccountError::InvalidPasskey);
        };
        let id: PasskeyId = self.env().id();
        let passkey = PasskeyRow {
            id,
            account: user,
            print: self.passkey_print(credential.cred_id()),
            credential: seal_credential(&key, id, &credential),
            name: key.seal(name_place(id), name.as_str().as_bytes()),
            created_at: tx.now(),
            used_at: None,
            warned_at: None,
        };
        sql::insert_passkey(&tx, &passkey).await.map_err(|error| match error {
            store::Error::Conflict { .. } => AccountError::WrongState("the passkey is registered already"),
            other => other.into(),
        })?;
        letters::tell(&tx, &key, &row, &Letter::PasskeyAdded { name: name.as_str() }).await?;
        let after = json!({ "name": name.as_str() });
        tx.audit(Entry::new(Chain::Platform, "passkey.add", id).about(user).after(after));
        let passkey = Passkey::open(&key, &passkey)?;
        tx.commit().await?;
        tracing::info!(%user, passkey = %id, "passkey added");
        Ok(passkey)
    }

    /// The newest first; there are at most twenty.
    pub async fn passkeys_of(&self, user: UserId) -> Result<Vec<Passkey>, AccountError> {
        let tx = self.0.store.begin_read().await?;
        let key = self.0.keyring.person_key(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let rows = sql::passkeys_of(&tx, user).await?;
        Ok(rows.iter().map(|row| Passkey::open(&key, row)).collect::<Result<_, _>>()?)
    }

    /// `NotFound` when the account has no passkey of that id.
    pub async fn rename_passkey(
        &self,
        origin: &Origin,
        user: UserId,
        id: PasskeyId,
        name: &str,
    ) -> Result<Passkey, AccountError> {
        let name = Name::parse("name", name)?;
        let tx = self.0.store.begin_write_for(origin).await?;
        sql::lock_account(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let row = sql::passkey(&tx, user, id).await?.ok_or(AccountError::NotFound)?;
        let key = key_of(&self.0.keyring, &tx, user).await?;
        let before = name_of(&key, &row)?;
        let row = PasskeyRow { name: key.seal(name_place(id), name.as_str().as_bytes()), ..row };
        sql::rename_passkey(&tx, id, &row.name).await?;
        let (before, after) = (json!({ "name": before }), json!({ "name": name.as_str() }));
        tx.audit(Entry::new(Chain::Platform, "passkey.rename", id).about(user).before(before).after(after));
        let passkey = Passkey::open(&key, &row)?;
        tx.commit().await?;
        Ok(passkey)
    }

    /// Asks for what [`Identity::challenge_new_passkey`] asks for. `NotFound` when the account has no
    /// passkey of that id.
    pub async fn remove_passkey(
        &self,
        origin: &Origin,
        user: UserId,
        id: PasskeyId,
        password: &str,
        otp: Option<&str>,
    ) -> Result<(), AccountError> {
        // First: what is not there asks for nothing.
        if sql::passkey(&self.0.store.begin_read().await?, user, id).await?.is_none() {
            return Err(AccountError::NotFound);
        }
        let checked = self.confirm_password(user, password).await?;
        let (tx, row, key) = self.lock_confirmed(origin, &checked).await?;
        let tx = self.demand_factor(tx, &key, &row, otp, Purpose::SignIn).await?;
        let passkey = sql::passkey(&tx, user, id).await?.ok_or(AccountError::NotFound)?;
        let name = name_of(&key, &passkey)?;
        sql::delete_passkey(&tx, id).await?;
        letters::tell(&tx, &key, &row, &Letter::PasskeyRemoved { name: &name }).await?;
        tx.audit(Entry::new(Chain::Platform, "passkey.remove", id).about(user).before(json!({ "name": name })));
        tx.commit().await?;
        tracing::info!(%user, passkey = %id, "passkey removed");
        Ok(())
    }
}
