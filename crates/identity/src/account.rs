//! People: register, sign in, erasure.

use std::fmt;
use std::time::Duration;

use jobs::NewJob;
use notify::Locale;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stagedoor_core::{Code, FieldError, Name, OrganizerId, SessionId, Timestamp, UserId};
use store::audit::{Chain, Entry};
use store::{Keyring, Origin, PersonKey, Sealed, Tx};

use crate::attempts::Key;
use crate::contact::{Channel, Contact, Reached};
use crate::device::Device;
use crate::factor::Purpose;
use crate::guest::Guest;
use crate::kyc::CheckStatus;
use crate::passkey::PasskeyChallenge;
use crate::password::{self, Overloaded};
use crate::profile::Profile;
use crate::session::Means;
use crate::sql::{self, AccountRow};
use crate::{Identity, factor, organizer};

/// The job that tells of an erased account. Whoever keeps personal data beside the account handles
/// it; its payload is [`AccountErased`].
pub const ACCOUNT_ERASED: &str = "identity.account_erased.v1";

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct AccountErased {
    pub user: UserId,
    pub at: Timestamp,
}

/// A person with an account. `Debug` shows the id alone.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub email: Option<Reach>,
    pub phone: Option<Reach>,
    pub name: Name,
    pub locale: Locale,
    pub profile: Profile,
    /// Whether signing in asks for a second factor.
    pub second_factor: bool,
    /// How the newest check of who they are stands, if there was one.
    pub check: Option<CheckStatus>,
    pub platform_admin: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An address of a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Reach {
    pub address: String,
    /// When a code that was sent there came back.
    pub verified_at: Option<Timestamp>,
}

/// What someone who registers typed. Not `Debug`: it holds a password.
#[derive(Clone, Copy)]
pub struct NewAccount<'a> {
    pub contact: Contact<'a>,
    pub password: &'a str,
    pub name: &'a str,
    /// The language of messages to them.
    pub locale: Locale,
}

/// What someone who signs in typed, and where they do it from.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    pub contact: Contact<'a>,
    pub password: &'a str,
    /// A code of the second factor, for accounts that have one.
    pub otp: Option<&'a str>,
    pub origin: &'a Origin,
}

/// An account with a known id, for demo worlds and first administrators. Whoever makes it vouches
/// for its address.
#[derive(Clone, Copy)]
pub struct SeedAccount<'a> {
    pub id: UserId,
    pub account: NewAccount<'a>,
    pub platform_admin: bool,
    /// The secret of its second factor in base 32; the factor is on from the start then.
    pub second_factor: Option<&'a str>,
}

/// The answer to a sign-in. `Debug` shows no token.
#[derive(Clone)]
pub struct SignedIn {
    pub user: User,
    pub session: SessionId,
    /// Goes into `Authorization: Bearer`.
    pub access_token: String,
    /// Buys the next pair once; see [`Identity::refresh`].
    pub refresh_token: String,
    /// Life of the access token in whole seconds.
    pub expires_in: u64,
}

/// Why an account operation was refused.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error("the e-mail address already has an account")]
    EmailTaken,
    #[error("the telephone number already has an account")]
    PhoneTaken,
    /// Wrong address or wrong password; which of them is not said.
    #[error("address or password is wrong")]
    InvalidCredentials,
    /// The password is right, and the account asks for a second factor.
    #[error("a code of the second factor is needed")]
    SecondFactorRequired,
    /// The same where a passkey would do, too: what it is to sign.
    #[error("a passkey, or a code of the second factor, is needed")]
    PasskeyOrCode(Box<PasskeyChallenge>),
    /// A code of the second factor that is wrong, old or used.
    #[error("the code is not valid")]
    InvalidOtp,
    /// A passkey that is not known, or that signed what it was not asked to, or at another place, or
    /// whose counter went back. Which of them is not said.
    #[error("the passkey is not accepted")]
    InvalidPasskey,
    /// What came back from an outside provider is no answer to what was asked, from this browser, now.
    #[error("the sign-in by the provider is not accepted")]
    ProviderRefused,
    #[error("the provider cannot be reached")]
    ProviderUnreachable,
    /// A code from a message that is wrong, old, used, or was tried too often.
    #[error("the code is not valid")]
    InvalidCode,
    /// The token is forged, used, expired or its session has ended.
    #[error("the token is not valid")]
    InvalidToken,
    /// The account is not in the state that this needs; says which.
    #[error("{0}")]
    WrongState(&'static str),
    #[error("too many attempts")]
    RateLimited { retry_after: Duration },
    /// More passwords are being checked than this machine can.
    #[error("too busy to check passwords")]
    Overloaded,
    #[error("no such account")]
    NotFound,
    /// Deleting the account would leave an organizer without an owner.
    #[error("the account is the last owner of an organizer")]
    LastOwner,
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl AccountError {
    pub fn code(&self) -> Code {
        match self {
            AccountError::Field(_) => Code::InvalidField,
            AccountError::EmailTaken => Code::EmailTaken,
            AccountError::PhoneTaken => Code::PhoneTaken,
            AccountError::InvalidCredentials => Code::InvalidCredentials,
            AccountError::SecondFactorRequired | AccountError::PasskeyOrCode(_) => Code::MfaRequired,
            AccountError::InvalidOtp => Code::InvalidOtp,
            AccountError::InvalidPasskey => Code::InvalidPasskey,
            AccountError::InvalidCode => Code::InvalidCode,
            AccountError::InvalidToken => Code::InvalidToken,
            AccountError::RateLimited { .. } => Code::RateLimited,
            AccountError::ProviderRefused => Code::ProviderRefused,
            AccountError::Overloaded | AccountError::ProviderUnreachable => Code::Unavailable,
            AccountError::NotFound => Code::NotFound,
            AccountError::LastOwner | AccountError::WrongState(_) => Code::WrongState,
            AccountError::Store(error) => store_code(error),
        }
    }
}

pub(crate) fn store_code(error: &store::Error) -> Code {
    match error {
        store::Error::Busy(_) => Code::Unavailable,
        _ => Code::Internal,
    }
}

impl From<Overloaded> for AccountError {
    fn from(_: Overloaded) -> Self {
        AccountError::Overloaded
    }
}

pub(crate) const fn place(column: &'static str, id: UserId) -> Sealed {
    Sealed { table: "account", column, id: id.0 }
}

impl User {
    pub(crate) fn open(key: &PersonKey, row: &AccountRow) -> store::Result<User> {
        let reach = |channel| -> store::Result<Option<Reach>> {
            let verified_at = row.contact(channel).and_then(|(_, verified_at)| verified_at);
            Ok(open_contact(key, row, channel)?.map(|address| Reach { address, verified_at }))
        };
        let name = Name::parse("name", &open_text(key, place("name", row.id), &row.name)?);
        Ok(User {
            id: row.id,
            email: reach(Channel::Email)?,
            phone: reach(Channel::Phone)?,
            name: name.map_err(|_| corrupt("the name", row.id))?,
            locale: locale_of(row)?,
            profile: Profile::open(key, row)?,
            second_factor: row.has_factor,
            check: row.check.as_deref().map(str::parse).transpose().map_err(|_| corrupt("the check", row.id))?,
            platform_admin: row.platform_admin,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }

    /// The e-mail address, verified or not.
    pub fn email(&self) -> Option<&str> {
        self.email.as_ref().map(|email| email.address.as_str())
    }
}

/// The key of someone whose account was found in the same transaction.
pub(crate) async fn key_of(keyring: &Keyring, tx: &Tx, id: UserId) -> store::Result<PersonKey> {
    let key = keyring.person_key(tx, id).await?;
    key.ok_or_else(|| store::Error::corrupt(format!("{id} has an account and no key")))
}

pub(crate) fn open_text(key: &PersonKey, place: Sealed, sealed: &[u8]) -> store::Result<String> {
    let corrupt = || corrupt(place.column, UserId(place.id));
    String::from_utf8(key.open(place, sealed).map_err(|_| corrupt())?).map_err(|_| corrupt())
}

/// The account's address of that kind, if it has one.
pub(crate) fn open_contact(key: &PersonKey, row: &AccountRow, channel: Channel) -> store::Result<Option<String>> {
    let sealed = row.contact(channel).map(|(sealed, _)| sealed);
    sealed.map(|sealed| open_text(key, channel.place(row.id.0), sealed)).transpose()
}

/// What a person is known by: the e-mail address, or without one the number.
pub(crate) fn open_address(key: &PersonKey, row: &AccountRow) -> store::Result<String> {
    let email = open_contact(key, row, Channel::Email)?;
    let address = email.map_or_else(|| open_contact(key, row, Channel::Phone), |email| Ok(Some(email)))?;
    address.ok_or_else(|| store::Error::corrupt(format!("{} has no address", row.id)))
}

pub(crate) fn locale_of(row: &AccountRow) -> store::Result<Locale> {
    row.locale.parse().map_err(|_| corrupt("the language", row.id))
}

pub(crate) fn corrupt(what: &str, id: impl fmt::Display) -> store::Error {
    store::Error::corrupt(format!("{what} of {id} does not open"))
}

impl Identity {
    /// Creates an account, signs it in and sends a code to its address. `Field` for an address,
    /// password or name that does not fit, `EmailTaken` or `PhoneTaken` when any spelling of the
    /// address has an account, `RateLimited` when too many have tried from the network address of `from`.
    pub async fn register(&self, new: NewAccount<'_>, from: &Origin) -> Result<SignedIn, AccountError> {
        self.register_as(None, new, from).await
    }

    /// The same for a guest: the account has the guest's id, so that what they hold is its own, and their
    /// session goes over into one of the account. `InvalidToken` when it has ended.
    pub async fn register_guest(
        &self,
        guest: Guest,
        new: NewAccount<'_>,
        from: &Origin,
    ) -> Result<SignedIn, AccountError> {
        self.register_as(Some(guest), new, from).await
    }

    async fn register_as(
        &self,
        guest: Option<Guest>,
        new: NewAccount<'_>,
        from: &Origin,
    ) -> Result<SignedIn, AccountError> {
        let reached = check(new)?;
        let index = reached.index(&self.0.keyring);
        if let Some(address) = from.address {
            may_attempt(self.0.attempts.wait_or_count(Key::newcomers(address), self.now()))?;
        }
        let id = guest.map_or_else(|| self.env().id(), |guest| guest.id);
        let (row, key) = self.prepare_account(id, new, index).await?;
        let tx = self.0.store.begin_write_for(&from.by(row.id)).await?;
        if let Some(guest) = guest
            && !self.end_in(&tx, guest.id, guest.session, Some(row.id)).await?
        {
            return Err(AccountError::InvalidToken);
        }
        insert(&tx, &row, &key, index).await?;
        let after = json!({ "channel": reached.channel.text(), "locale": new.locale.text() });
        tx.audit(Entry::new(Chain::Platform, "account.register", row.id).after(after));
        let device = Device::of(from);
        let session = self.open_session(&tx, &key, row.id, &device, Means::Password).await?;
        self.recognise(&tx, &key, &row, &device).await?;
        match self.send_code_to(&tx, &key, &row, reached).await {
            // Others had so many sent there that no more are now: the person can ask for one later.
            Ok(()) | Err(AccountError::RateLimited { .. }) => {}
            Err(error) => return Err(error),
        }
        tx.commit().await?;
        tracing::info!(user = %row.id, %session, "registered");
        Ok(self.signed_in(User::open(&key, &row)?, session, 0))
    }

    /// The account that an e-mail address reaches, kept from being erased until the caller's
    /// transaction ends. None while the address is not verified: what is meant for its owner is not for
    /// whoever typed it first. `Field` for what is no address.
    pub async fn lock_account_of(&self, tx: &Tx, email: &str) -> Result<Option<UserId>, AccountError> {
        let index = Reached::parse(Contact::Email(email))?.index(&self.0.keyring);
        let Some(found) = sql::account_by_contact(tx, Channel::Email, index).await? else { return Ok(None) };
        Ok(sql::lock_account(tx, found.id).await?.filter(AccountRow::owns_email).map(|row| row.id))
    }

    /// For the audit log: a keyed fingerprint of an address that somebody typed, and the account it
    /// reaches. `Field` for what is no address.
    pub async fn whom_it_reaches(&self, contact: Contact<'_>) -> Result<(String, Option<UserId>), AccountError> {
        let reached = Reached::parse(contact)?;
        let index = reached.index(&self.0.keyring);
        let row = sql::account_by_contact(&self.0.store.begin_read().await?, reached.channel, index).await?;
        Ok((fingerprint(&index), row.map(|row| row.id)))
    }

    /// Signs in with an address and a password and, where the account has one, a second factor:
    /// `SecondFactorRequired` without it, or `PasskeyOrCode`. An unknown address is answered as a wrong
    /// password is, after the same work, and is limited alike.
    pub async fn login(&self, credentials: Credentials<'_>) -> Result<SignedIn, AccountError> {
        let (tx, key, row) = self.prove_password(credentials).await?;
        if row.has_factor
            && credentials.otp.is_none()
            && let Some(challenge) = self.challenge_second_factor(&tx, &key, &row).await?
        {
            tx.commit().await?;
            return Err(AccountError::PasskeyOrCode(Box::new(challenge)));
        }
        let tx = self.demand_factor(tx, &key, &row, credentials.otp, Purpose::SignIn).await?;
        self.enter(tx, &key, &row).await
    }

    /// Opens a session for somebody who has proved who they are, and commits.
    pub(crate) async fn enter(&self, tx: Tx, key: &PersonKey, row: &AccountRow) -> Result<SignedIn, AccountError> {
        self.enter_by(Means::Password, tx, key, row).await
    }

    /// The same with the means that it was proved by.
    pub(crate) async fn enter_by(
        &self,
        means: Means,
        tx: Tx,
        key: &PersonKey,
        row: &AccountRow,
    ) -> Result<SignedIn, AccountError> {
        let device = Device::of(tx.origin());
        let session = self.open_session(&tx, key, row.id, &device, means).await?;
        self.recognise(&tx, key, row, &device).await?;
        tx.commit().await?;
        tracing::info!(user = %row.id, %session, "signed in");
        Ok(self.signed_in(User::open(key, row)?, session, 0))
    }

    /// What signing in asks for; then a transaction that has locked the account and written nothing.
    pub(crate) async fn prove(
        &self,
        credentials: Credentials<'_>,
    ) -> Result<(Tx, PersonKey, AccountRow), AccountError> {
        let (tx, key, row) = self.prove_password(credentials).await?;
        let tx = self.demand_factor(tx, &key, &row, credentials.otp, Purpose::SignIn).await?;
        Ok((tx, key, row))
    }

    /// The same without the second factor, which the caller asks for.
    pub(crate) async fn prove_password(
        &self,
        credentials: Credentials<'_>,
    ) -> Result<(Tx, PersonKey, AccountRow), AccountError> {
        let Credentials { contact, password, otp: _, origin } = credentials;
        let reached = Reached::parse(contact)?;
        let index = reached.index(&self.0.keyring);
        if password.chars().count() > *password::LENGTH.end() {
            return Err(AccountError::InvalidCredentials);
        }
        let tx = self.0.store.begin_read().await?;
        let row = sql::account_by_contact(&tx, reached.channel, index).await?;
        let account = row.as_ref().map_or(Key::Unknown(index), |row| Key::Account(row.id));
        let (address, now) = (origin.address.map(Key::address), self.now());
        may_attempt(
            [Some(account), address].into_iter().flatten().filter_map(|key| self.0.attempts.wait(key, now)).max(),
        )?;
        let key = match &row {
            Some(row) => self.0.keyring.person_key(&tx, row.id).await?,
            None => None,
        };
        // Whoever is erased between the two statements is unknown from then on.
        let (row, hash) = match row.zip(key) {
            Some((row, key)) => {
                let hash = open_text(&key, place("password", row.id), &row.password)?;
                (Some(row), Some(hash))
            }
            None => (None, None),
        };
        let turn = self.0.passwords.turn().await?;
        // Again, now that it is our turn: attempts that waited with us may have used up the rest.
        // The account's failure is counted before the outcome is known and forgiven after, so that
        // guesses made at once are limited exactly; the address's after, as many may share it.
        let now = self.now();
        let wait = address.and_then(|address| self.0.attempts.wait(address, now));
        may_attempt(wait.or_else(|| self.0.attempts.wait_or_count(account, now)))?;
        let known = self.0.passwords.verify(turn, password, hash).await;
        let Some(checked) = row.filter(|_| known) else {
            if let Some(address) = address {
                self.0.attempts.wait_or_count(address, self.now());
            }
            tracing::debug!("sign-in refused");
            return Err(AccountError::InvalidCredentials);
        };
        self.0.attempts.forgive(account);

        let tx = self.0.store.begin_write_for(&origin.by(checked.id)).await?;
        // The account may have been erased, or have got another password, while this one was checked.
        let row = sql::lock_account(&tx, checked.id).await?.filter(|row| row.password == checked.password);
        let row = row.ok_or(AccountError::InvalidCredentials)?;
        let key = key_of(&self.0.keyring, &tx, row.id).await?;
        Ok((tx, key, row))
    }

    pub async fn user(&self, id: UserId) -> Result<User, AccountError> {
        let tx = self.0.store.begin_read().await?;
        // Whoever is erased between the two statements has no key any more.
        let row = sql::account(&tx, id).await?.ok_or(AccountError::NotFound)?;
        let key = self.0.keyring.person_key(&tx, id).await?.ok_or(AccountError::NotFound)?;
        Ok(User::open(&key, &row)?)
    }

    /// Erases everything personal and ends all sessions; the id stays for the books. The person's
    /// key is destroyed, so what was sealed with it is unreadable at once, wherever it is; those who
    /// keep it tidy it away with the job [`ACCOUNT_ERASED`]. `LastOwner` while an organizer would
    /// be left without an owner, unless it is one of `idle`, which nobody needs: it ends, too.
    /// `InvalidCredentials` for a wrong password; an account with a second factor asks for it.
    ///
    /// The audit log keeps that it happened, and loses what it has of the person.
    pub async fn delete(
        &self,
        origin: &Origin,
        id: UserId,
        password: &str,
        otp: Option<&str>,
        idle: &[OrganizerId],
    ) -> Result<(), AccountError> {
        let checked = self.confirm_password(id, password).await?;
        loop {
            let tx = self.0.store.begin_write_for(origin).await?;
            let organizers = organizer::lock_all(&tx, id).await?;
            let row = sql::lock_account(&tx, id).await?.ok_or(AccountError::NotFound)?;
            row.has_password_of(&checked)?;
            // Organizers are locked before accounts, so one that was joined in between shows only
            // now; the next round locks it, too. Nothing can be joined while the account is locked.
            let joined = sql::memberships_of(&tx, id).await?;
            if joined.iter().any(|member| !organizers.contains(&member.organizer.id)) {
                continue;
            }
            let key = key_of(&self.0.keyring, &tx, id).await?;
            let tx = self.demand_factor(tx, &key, &row, otp, Purpose::SignIn).await?;
            let left = organizer::leave_all(self, &tx, id, idle).await?;
            self.end_invitations(&tx, sql::delete_invitations_for(&tx, id).await?).await?;
            sql::erase_account(&tx, id, tx.now()).await?;
            notify::forget(&tx, id).await?;
            self.0.keyring.destroy_person_key(&tx, id).await?;
            tx.audit(Entry::new(Chain::Platform, "account.erase", id));
            for (member, organizer) in &left {
                tx.audit(Entry::new(*organizer, "member.remove", member).after(json!({ "erased": id })));
            }
            let erased = AccountErased { user: id, at: tx.now() };
            jobs::enqueue(&tx, NewJob::new(ACCOUNT_ERASED, &erased).key(id)).await?;
            let sessions = sql::revoke_sessions_of(&tx, id, tx.now()).await?;
            self.revoke_after_commit(&tx, sessions);
            self.end_grants_in(&tx, id).await?;
            for (member, organizer) in left {
                self.forget_role_after_commit(&tx, member, organizer);
            }
            tx.commit().await?;
            tracing::info!(user = %id, "account erased");
            return Ok(());
        }
    }

    /// Lets the account run the platform; its next access token says so.
    pub async fn grant_platform_admin(&self, id: UserId) -> Result<(), AccountError> {
        let tx = self.0.store.begin_write().await?;
        if sql::set_platform_admin(&tx, id, true).await? == 0 {
            return Err(AccountError::NotFound);
        }
        tx.audit(Entry::new(Chain::Platform, "platform_admin.grant", id));
        tx.commit().await?;
        tracing::info!(user = %id, "platform administration granted");
        Ok(())
    }

    /// Takes it back and ends all sessions of the account, because its tokens still say otherwise.
    pub async fn withdraw_platform_admin(&self, id: UserId) -> Result<(), AccountError> {
        let tx = self.0.store.begin_write().await?;
        if sql::set_platform_admin(&tx, id, false).await? == 0 {
            return Err(AccountError::NotFound);
        }
        tx.audit(Entry::new(Chain::Platform, "platform_admin.withdraw", id));
        let sessions = sql::revoke_sessions_of(&tx, id, tx.now()).await?;
        self.revoke_after_commit(&tx, sessions);
        tx.commit().await?;
        tracing::info!(user = %id, "platform administration withdrawn");
        Ok(())
    }

    /// Creates the account under the given id, by the rules of [`Identity::register`]; when the
    /// id exists already, nothing changes.
    pub async fn seed_account(&self, seed: SeedAccount<'_>) -> Result<(), AccountError> {
        if sql::account_exists(&self.0.store.begin_read().await?, seed.id).await? {
            return Ok(());
        }
        let index = check(seed.account)?.index(&self.0.keyring);
        let (mut row, key) = self.prepare_account(seed.id, seed.account, index).await?;
        row.platform_admin = seed.platform_admin;
        match Reached::parse(seed.account.contact)?.channel {
            Channel::Email => row.email_verified_at = Some(self.now()),
            Channel::Phone => row.phone_verified_at = Some(self.now()),
        }
        let tx = self.0.store.begin_write().await?;
        insert(&tx, &row, &key, index).await?;
        if let Some(secret) = seed.second_factor {
            factor::seed(&tx, &key, row.id, secret).await?;
        }
        tx.audit(Entry::new(Chain::Platform, "account.create", row.id));
        tx.commit().await?;
        Ok(())
    }

    /// Hashes the password and seals what [`check`] found good with a key of its own; writes
    /// nothing.
    pub(crate) async fn prepare_account(
        &self,
        id: UserId,
        new: NewAccount<'_>,
        index: [u8; 32],
    ) -> Result<(AccountRow, PersonKey), AccountError> {
        let (reached, name) = (Reached::parse(new.contact)?, Name::parse("name", new.name)?);
        // The unique index decides; asking first only saves hashing a password for nothing.
        let tx = self.0.store.begin_read().await?;
        if sql::account_by_contact(&tx, reached.channel, index).await?.is_some() {
            return Err(taken(reached.channel));
        }
        drop(tx);
        let hash = self.0.passwords.hash(self.0.passwords.turn().await?, new.password).await;
        let key = self.0.keyring.fresh_person_key(id);
        let seal = |column, text: &str| key.seal(place(column, id), text.as_bytes());
        let address = Some(seal(reached.channel.text(), &reached.shown));
        let (email, phone) = match reached.channel {
            Channel::Email => (address, None),
            Channel::Phone => (None, address),
        };
        let now = self.now();
        let row = AccountRow {
            id,
            email,
            email_verified_at: None,
            phone,
            phone_verified_at: None,
            name: seal("name", name.as_str()),
            password: seal("password", &hash),
            profile: None,
            locale: new.locale.text().to_owned(),
            platform_admin: false,
            created_at: now,
            updated_at: now,
            has_factor: false,
            check: None,
        };
        Ok((row, key))
    }
}

/// Of an address, for the audit log.
pub(crate) fn fingerprint(index: &[u8; 32]) -> String {
    index[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Checks what was typed; gives the address of the account.
fn check(new: NewAccount<'_>) -> Result<Reached, FieldError> {
    let reached = Reached::parse(new.contact)?;
    Name::parse("name", new.name)?;
    password::check(new.password, &[&reached.normal])?;
    Ok(reached)
}

pub(crate) fn taken(channel: Channel) -> AccountError {
    match channel {
        Channel::Email => AccountError::EmailTaken,
        Channel::Phone => AccountError::PhoneTaken,
    }
}

pub(crate) fn may_attempt(wait: Option<Duration>) -> Result<(), AccountError> {
    let Some(retry_after) = wait else {
        return Ok(());
    };
    tracing::warn!("refused: too many attempts");
    Err(AccountError::RateLimited { retry_after })
}

pub(crate) async fn insert(tx: &Tx, row: &AccountRow, key: &PersonKey, index: [u8; 32]) -> Result<(), AccountError> {
    let channel = if row.email.is_some() { Channel::Email } else { Channel::Phone };
    sql::insert_account(tx, row, channel, index).await.map_err(|error| match error {
        store::Error::Conflict { .. } => taken(channel),
        other => other.into(),
    })?;
    Ok(key.keep(tx).await?)
}

impl fmt::Debug for User {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "User({})", self.id)
    }
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SignedIn({})", self.user.id)
    }
}
