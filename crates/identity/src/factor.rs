//! The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for who
//! has lost it.
//!
//! A code is good for its step of 30 seconds and the ones beside it, and once: the step is written
//! down, and only a later one is taken. Tries are counted in the database, so that five in a quarter
//! of an hour is all there is for all nodes together. They are asked for only after the password or
//! a token from the mailbox, so a stranger uses up nobody's tries.

use std::time::Duration;

use serde_json::json;
use stagedoor_core::{FieldError, SessionId, Timestamp, UserId};
use store::audit::{Chain, Entry, Outcome};
use store::{Origin, PersonKey, Sealed, Tx};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::Identity;
use crate::account::{AccountError, key_of, open_address};
use crate::letters::{self, Letter};
use crate::passkey::Assertion;
use crate::sql::{self, AccountRow};

/// Source: RFC 4226, section 4, R6.
const SECRET_BYTES: usize = 20;
const STEP_SECONDS: u64 = 30;
const DIGITS: u8 = 6;
/// Steps before and after that a phone's clock may be off by. Source: RFC 6238, section 5.2.
const SKEW: u64 = 1;

/// Three of a million codes are good at a time.
const TRIES_MAX: u32 = 5;
const TRIES_WINDOW: Duration = Duration::from_secs(15 * 60);

/// What an app shows beside the account.
const ISSUER: &str = "Stagedoor";

const RECOVERY_CODES: usize = 10;
/// Fifty bits each, in two groups.
const RECOVERY_LETTERS: usize = 10;
/// Without letters that look alike. Source: Crockford's base 32.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What a person puts into an authenticator app. Not `Debug`: it holds the secret.
pub struct Enrolment {
    /// In base 32, to be typed.
    pub secret: String,
    /// `otpauth://…`, to be shown as a QR code.
    pub uri: String,
}

/// What a code of the second factor is asked for. Tries of each are counted apart: whoever has stolen
/// a password and guesses at codes must not keep the owner, who has the mailbox, from setting another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// With the password.
    SignIn,
    /// With a token that was sent to the person.
    Reset,
}

/// What is shown as the second factor.
#[derive(Clone, Copy)]
pub(crate) enum Proof<'a> {
    /// Of the authenticator app, or a recovery code.
    Code(&'a str),
    Passkey(&'a Assertion),
}

/// The second factor as its person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorState {
    pub on_since: Option<Timestamp>,
    pub recovery_codes_left: i64,
}

impl Identity {
    /// Makes a secret for an authenticator app. It counts for nothing until
    /// [`Identity::confirm_factor`]; asked for again before, there is another. `InvalidCredentials`
    /// for a wrong password; `WrongState` when a factor is on, or without a verified address, which
    /// whoever registered it for somebody else could lock that one out of.
    pub async fn enrol_factor(&self, origin: &Origin, user: UserId, password: &str) -> Result<Enrolment, AccountError> {
        let checked = self.confirm_password(user, password).await?;
        let (tx, row, key) = self.lock_confirmed(origin, &checked).await?;
        if !row.is_verified() {
            return Err(AccountError::WrongState("verify the address of the account first"));
        }
        let secret = Zeroizing::new(self.env().entropy.bytes::<SECRET_BYTES>());
        if sql::put_factor(&tx, user, &key.seal(place(user), &secret[..])).await? == 0 {
            return Err(AccountError::WrongState("a second factor is on already"));
        }
        let name = open_address(&key, &row)?;
        tx.audit(Entry::new(Chain::Platform, "second_factor.enrol", user));
        tx.commit().await?;
        let totp = totp(&secret[..], &name);
        let uri = totp.to_url().expect("an address is short enough for a URI");
        Ok(Enrolment { secret: totp.secret().to_base32(), uri })
    }

    /// Turns the second factor on, when `code` is what the app shows; gives the recovery codes, which
    /// are never shown again. Ends every session but `keep`, what programs were let do, and the
    /// passkeys: each was made without the factor, and whoever made it would go on without it. `InvalidOtp` for a wrong code, `WrongState` when there is nothing to confirm.
    pub async fn confirm_factor(
        &self,
        origin: &Origin,
        user: UserId,
        keep: SessionId,
        code: &str,
    ) -> Result<Vec<String>, AccountError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        let row = sql::lock_account(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let key = key_of(&self.0.keyring, &tx, user).await?;
        let factor = sql::factor(&tx, user).await?.filter(|factor| factor.confirmed_at.is_none());
        let factor = factor.ok_or(AccountError::WrongState("no second factor waits to be confirmed"))?;
        let secret = open_secret(&key, user, &factor.secret)?;
        let entry = Entry::new(Chain::Platform, "second_factor.enable", user);
        let Some(step) = matching_step(&secret, code, tx.now()) else {
            tx.audit(entry.result(Outcome::Denied));
            tx.commit().await?;
            return Err(AccountError::InvalidOtp);
        };
        if sql::confirm_factor(&tx, user, step).await? != 1 {
            return Err(AccountError::WrongState("no second factor waits to be confirmed"));
        }
        let codes = self.make_recovery_codes(&tx, user).await?;
        letters::tell(&tx, &key, &row, &Letter::FactorOn).await?;
        let passkeys = sql::delete_passkeys(&tx, user).await?;
        let ended = sql::revoke_other_sessions_of(&tx, user, keep).await?;
        let after = json!({ "recovery_codes": codes.len(), "sessions_ended": ended, "passkeys_removed": passkeys });
        tx.audit(entry.after(after));
        self.revoke_after_commit(&tx, ended);
        self.end_grants_in(&tx, user).await?;
        self.forget_standings_after_commit(&tx);
        tx.commit().await?;
        tracing::info!(%user, "second factor on");
        Ok(codes)
    }

    /// New recovery codes in the place of all earlier ones. Asks for the password and a code.
    pub async fn renew_recovery_codes(
        &self,
        origin: &Origin,
        user: UserId,
        password: &str,
        otp: &str,
    ) -> Result<Vec<String>, AccountError> {
        let (tx, ..) = self.confirm_twice(origin, user, password, otp).await?;
        let left = sql::recovery_codes_left(&tx, user).await?;
        let codes = self.make_recovery_codes(&tx, user).await?;
        let (before, after) = (json!({ "left": left }), json!({ "left": codes.len() }));
        tx.audit(Entry::new(Chain::Platform, "recovery_codes.renew", user).before(before).after(after));
        tx.commit().await?;
        tracing::info!(%user, "recovery codes renewed");
        Ok(codes)
    }

    /// Turns the second factor off. Asks for the password and a code.
    pub async fn remove_factor(
        &self,
        origin: &Origin,
        user: UserId,
        password: &str,
        otp: &str,
    ) -> Result<(), AccountError> {
        let (tx, key, row) = self.confirm_twice(origin, user, password, otp).await?;
        sql::delete_factor(&tx, user).await?;
        letters::tell(&tx, &key, &row, &Letter::FactorOff).await?;
        tx.audit(Entry::new(Chain::Platform, "second_factor.disable", user));
        self.forget_standings_after_commit(&tx);
        tx.commit().await?;
        tracing::info!(%user, "second factor off");
        Ok(())
    }

    pub async fn factor_state(&self, user: UserId) -> Result<FactorState, AccountError> {
        let tx = self.0.store.begin_read().await?;
        let on_since = sql::factor(&tx, user).await?.and_then(|factor| factor.confirmed_at);
        Ok(FactorState { on_since, recovery_codes_left: sql::recovery_codes_left(&tx, user).await? })
    }

    /// Lets a transaction that has locked the account, and written nothing yet, go on if the account
    /// has no second factor or `otp` is one of its codes, which is used up then.
    ///
    /// `SecondFactorRequired` without a code, `InvalidOtp` for a wrong one, `RateLimited` after five
    /// in a quarter of an hour. The try counts whatever else becomes of the caller.
    pub(crate) async fn demand_factor(
        &self,
        tx: Tx,
        key: &PersonKey,
        account: &AccountRow,
        otp: Option<&str>,
        purpose: Purpose,
    ) -> Result<Tx, AccountError> {
        self.demand_proof(tx, key, account, otp.map(Proof::Code), purpose).await
    }

    /// The same, where a passkey will do in the place of a code: `InvalidPasskey`.
    pub(crate) async fn demand_proof(
        &self,
        tx: Tx,
        key: &PersonKey,
        account: &AccountRow,
        proof: Option<Proof<'_>>,
        purpose: Purpose,
    ) -> Result<Tx, AccountError> {
        if !account.has_factor {
            return Ok(tx);
        }
        let user = account.id;
        let proof = proof.ok_or(AccountError::SecondFactorRequired)?;
        let factor = sql::factor(&tx, user).await?.ok_or(AccountError::SecondFactorRequired)?;
        let now = tx.now();
        if sql::count_factor_try(&tx, user, purpose, now - TRIES_WINDOW, TRIES_MAX).await? == 0 {
            tracing::warn!(%user, ?purpose, "refused: too many codes of the second factor");
            let (_, window_at) = factor.tried(purpose);
            return Err(AccountError::RateLimited { retry_after: (window_at + TRIES_WINDOW).since(now) });
        }
        let (is_good, refusal) = match proof {
            Proof::Code(otp) => {
                (self.use_code(&tx, key, account, &factor.secret, otp).await?, AccountError::InvalidOtp)
            }
            Proof::Passkey(assertion) => {
                (self.use_as_second_factor(&tx, key, account, assertion).await?, AccountError::InvalidPasskey)
            }
        };
        if is_good {
            sql::forgive_factor_tries(&tx, user).await?;
            return Ok(tx);
        }
        // Once in a window, with its last try.
        let is_last = sql::factor(&tx, user).await?.is_some_and(|factor| factor.tried(purpose).0 == TRIES_MAX);
        if is_last {
            letters::tell(&tx, key, account, &Letter::FactorGuessed).await?;
        }
        tx.audit(Entry::new(Chain::Platform, "second_factor.use", user).result(Outcome::Denied));
        tx.commit().await?;
        tracing::info!(%user, %refusal, "not the second factor");
        Err(refusal)
    }

    /// Whether `otp` is good; if so, it is no more.
    async fn use_code(
        &self,
        tx: &Tx,
        key: &PersonKey,
        account: &AccountRow,
        sealed: &[u8],
        otp: &str,
    ) -> Result<bool, AccountError> {
        let user = account.id;
        if let Some(step) = matching_step(&open_secret(key, user, sealed)?, otp, tx.now()) {
            return Ok(sql::use_factor_step(tx, user, step).await? == 1);
        }
        let Some(code) = recovery_code(otp) else { return Ok(false) };
        if sql::take_recovery_code(tx, user, self.recovery_print(user, &code)).await? != 1 {
            return Ok(false);
        }
        let left = sql::recovery_codes_left(tx, user).await?;
        letters::tell(tx, key, account, &Letter::RecoveryCodeUsed { left }).await?;
        tx.audit(Entry::new(Chain::Platform, "recovery_codes.use", user).after(json!({ "left": left })));
        Ok(true)
    }

    async fn confirm_twice(
        &self,
        origin: &Origin,
        user: UserId,
        password: &str,
        otp: &str,
    ) -> Result<(Tx, PersonKey, AccountRow), AccountError> {
        let checked = self.confirm_password(user, password).await?;
        let (tx, row, key) = self.lock_confirmed(origin, &checked).await?;
        if !row.has_factor {
            return Err(AccountError::WrongState("no second factor is on"));
        }
        let tx = self.demand_factor(tx, &key, &row, Some(otp), Purpose::SignIn).await?;
        Ok((tx, key, row))
    }

    async fn make_recovery_codes(&self, tx: &Tx, user: UserId) -> Result<Vec<String>, AccountError> {
        let entropy = &self.env().entropy;
        let letter = || char::from(ALPHABET[entropy.below(ALPHABET.len() as u64) as usize]);
        let codes: Vec<String> =
            (0..RECOVERY_CODES).map(|_| (0..RECOVERY_LETTERS).map(|_| letter()).collect()).collect();
        let prints: Vec<_> = codes.iter().map(|code| self.recovery_print(user, code)).collect();
        sql::put_recovery_codes(tx, user, &prints).await?;
        let grouped = |code: String| format!("{}-{}", &code[..RECOVERY_LETTERS / 2], &code[RECOVERY_LETTERS / 2..]);
        Ok(codes.into_iter().map(grouped).collect())
    }

    fn recovery_print(&self, user: UserId, code: &str) -> [u8; 32] {
        self.0.keyring.blind_index("identity/recovery-code", &format!("{user} {code}"))
    }
}

/// Turns the factor with this secret, in base 32, on for an account that is being made. `Field` for what is
/// no secret of 20 bytes.
pub(crate) async fn seed(tx: &Tx, key: &PersonKey, user: UserId, secret: &str) -> Result<(), AccountError> {
    let secret = Secret::try_from_base32(secret).ok().filter(|secret| secret.as_bytes().len() == SECRET_BYTES);
    let secret = secret.ok_or(FieldError::new("second_factor", "must be 20 bytes in base 32"))?;
    sql::put_factor(tx, user, &key.seal(place(user), secret.as_bytes())).await?;
    sql::confirm_factor(tx, user, 0).await?;
    Ok(())
}

const fn place(user: UserId) -> Sealed {
    Sealed { table: "second_factor", column: "secret", id: user.0 }
}

/// `name`: of the account, for the app to show.
fn totp(secret: &[u8], name: &str) -> Totp {
    let builder = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS)
        // The steps beside are tried one by one, to know which it was.
        .with_skew(0)
        .with_step_duration(STEP_SECONDS)
        .with_secret(Secret::from(secret.to_vec()))
        .with_account_name(name.to_owned())
        .with_issuer(Some(ISSUER.to_owned()));
    builder.build().expect("the parameters are the standard's, and no address has a colon")
}

fn open_secret(key: &PersonKey, user: UserId, sealed: &[u8]) -> store::Result<Zeroizing<Vec<u8>>> {
    let opened = key.open(place(user), sealed).map(Zeroizing::new);
    opened.map_err(|_| crate::account::corrupt("the second factor", user))
}

/// The step whose code this is; digits may come in groups.
fn matching_step(secret: &[u8], otp: &str, now: Timestamp) -> Option<i64> {
    let digits: String = otp.chars().filter(|letter| !letter.is_whitespace()).collect();
    if digits.len() != usize::from(DIGITS) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let totp = totp(secret, "account");
    let step = now.seconds().max(0) as u64 / STEP_SECONDS;
    let steps = step.saturating_sub(SKEW)..=step + SKEW;
    // The latest first: should two steps have the same code, the later one uses both up.
    steps.rev().find(|step| totp.check(&digits, step * STEP_SECONDS).is_some()).map(|step| step as i64)
}

/// In the one spelling that is hashed; none for what cannot be a recovery code.
fn recovery_code(typed: &str) -> Option<String> {
    let code: String = typed
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '-')
        .map(|letter| match letter.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .take(RECOVERY_LETTERS + 1)
        .collect();
    let fits = code.len() == RECOVERY_LETTERS && code.bytes().all(|byte| ALPHABET.contains(&byte));
    fits.then_some(code)
}
