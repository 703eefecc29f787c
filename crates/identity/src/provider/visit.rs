//! The way to a provider and back.

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use stagedoor_core::{Name, ProviderLinkId, SessionId, Timestamp, UserId};
use store::audit::{Chain, Entry};
use store::{Origin, PersonKey, Sealed, Tx};
use url::Url;
use uuid::Uuid;

use super::protocol::{Exchange, Fault, Known, Person};
use super::{LINKS_MAX, ProviderLink, VISIT_TTL, address_place};
use crate::account::{AccountError, NewAccount, corrupt, insert, key_of, may_attempt};
use crate::attempts::Key;
use crate::contact::{Contact, Reached};
use crate::factor::Purpose;
use crate::letters::{self, Letter};
use crate::sql::{self, LinkRow, VisitRow};
use crate::{Identity, Locale, SignedIn};

/// Where a browser is to go, and what it keeps for the way back.
#[derive(Clone)]
pub struct Visit {
    pub url: String,
    /// Not in the address: who brings the answer has to show it.
    pub secret: String,
    /// The browser is to be back within.
    pub expires_in: Duration,
}

/// What a browser brings back from a provider.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// None once it was taken and the second factor alone is missing.
    pub code: Option<&'a str>,
    pub state: &'a str,
    /// Of the provider. Source: RFC 9207.
    pub iss: Option<&'a str>,
    /// That of the [`Visit`].
    pub secret: &'a str,
}

/// What is known of a visit.
#[derive(Serialize, Deserialize)]
struct Begun {
    secret: String,
    stage: Stage,
}

#[derive(Serialize, Deserialize)]
enum Stage {
    Asked {
        nonce: String,
        verifier: String,
        /// Of somebody signed in, who links.
        session: Option<SessionId>,
    },
    /// The provider has said who it is; the second factor of that account is missing.
    Known { link: ProviderLinkId },
}

impl Identity {
    /// Where to send a browser to sign in with a provider; then [`Identity::finish_provider_sign_in`].
    /// `Field` for one that the operator does not name, `ProviderUnreachable` when it does not answer.
    pub async fn start_provider_sign_in(&self, provider: &str) -> Result<Visit, AccountError> {
        // Of nobody, and gone in minutes: no entry in the audit log.
        let (visit, row) = self.prepare_visit(provider, None).await?;
        let tx = self.0.store.begin_write().await?;
        sql::insert_visit(&tx, &row).await?;
        tx.commit().await?;
        Ok(visit)
    }

    /// The same for somebody signed in who links; then [`Identity::finish_provider_link`].
    /// `InvalidCredentials` for a wrong password; an account with a second factor asks for it. `WrongState`
    /// without a verified address, which somebody else could take over, or with ten links.
    pub async fn start_provider_link(
        &self,
        origin: &Origin,
        user: UserId,
        session: SessionId,
        provider: &str,
        password: &str,
        otp: Option<&str>,
    ) -> Result<Visit, AccountError> {
        self.provider(provider)?;
        let checked = self.confirm_password(user, password).await?;
        let (visit, row) = self.prepare_visit(provider, Some((user, session))).await?;
        let (tx, account, key) = self.lock_confirmed(origin, &checked).await?;
        if !account.is_verified() {
            return Err(AccountError::WrongState("verify the address of the account first"));
        }
        if sql::links_of(&tx, user).await?.len() >= LINKS_MAX {
            return Err(AccountError::WrongState("an account has no more than ten links"));
        }
        let tx = self.demand_factor(tx, &key, &account, otp, Purpose::SignIn).await?;
        sql::insert_visit(&tx, &row).await?;
        let after = json!({ "provider": provider });
        tx.audit(Entry::new(Chain::Platform, "provider.ask_link", user).about(user).after(after));
        tx.commit().await?;
        Ok(visit)
    }

    async fn prepare_visit(
        &self,
        provider: &str,
        who: Option<(UserId, SessionId)>,
    ) -> Result<(Visit, VisitRow), AccountError> {
        let (providers, known) = self.provider(provider)?;
        let metadata = known.metadata(&providers.0.outbound, self.now()).await.map_err(|fault| told(known, fault))?;
        let random = || URL_SAFE_NO_PAD.encode(self.env().entropy.bytes::<32>());
        let (state, nonce, verifier, secret) = (random(), random(), random(), random());
        let mut url = Url::parse(&metadata.authorization_endpoint).expect("it was checked when it came");
        let scopes = known.settings.scopes.iter().filter(|scope| *scope != "openid");
        let scopes = scopes.fold("openid".to_owned(), |all, scope| all + " " + scope);
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &known.settings.client_id)
            .append_pair("redirect_uri", &providers.redirect_uri(known))
            .append_pair("scope", &scopes)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)))
            .append_pair("code_challenge_method", "S256");
        let session = who.map(|(_, session)| session);
        let begun = Begun { secret: secret.clone(), stage: Stage::Asked { nonce, verifier, session } };
        let row = self.visit_row(self.visit_id(&state), provider, who.map(|(user, _)| user), &begun);
        Ok((Visit { url: url.into(), secret, expires_in: VISIT_TTL }, row))
    }

    /// Signs in whoever comes back from a provider, and makes an account for who has none. `ProviderRefused`
    /// for an answer that is not one to our question, from this browser, now; `EmailTaken` for somebody new
    /// whose address has an account here, which is to be linked from within; `WrongState` for somebody new
    /// whose address the provider has not proved. An account with a second factor asks for it:
    /// `SecondFactorRequired`, after which the same answer without its code, and with the factor, will do.
    pub async fn finish_provider_sign_in(
        &self,
        origin: &Origin,
        provider: &str,
        answer: Answer<'_>,
        otp: Option<&str>,
        locale: Locale,
    ) -> Result<SignedIn, AccountError> {
        let (_, known) = self.provider(provider)?;
        let (row, begun) = self.find_visit(provider, answer).await?;
        let (nonce, verifier) = match (begun.stage, row.account) {
            (Stage::Known { link }, Some(user)) => return self.finish_known(origin, &row, user, link, otp).await,
            (Stage::Asked { nonce, verifier, session: None }, None) => (nonce, verifier),
            _ => return Err(AccountError::ProviderRefused),
        };
        let person = self.ask_who(provider, &row, answer, &nonce, &verifier).await?;
        let print = self.link_print(known, &person.subject);
        let Some(link) = sql::link_by_print(&self.0.store.begin_read().await?, print).await? else {
            return self.register_from(origin, known, person, locale).await;
        };
        let user = link.account;
        let tx = self.0.store.begin_write_for(&origin.by(user)).await?;
        let account = sql::lock_account(&tx, user).await?.ok_or(AccountError::ProviderRefused)?;
        // It may have been taken away meanwhile.
        if sql::link(&tx, user, link.id).await?.is_none() {
            return Err(AccountError::ProviderRefused);
        }
        if account.has_factor {
            // The code is used up; what it proved is kept until the second factor comes.
            let begun = Begun { secret: begun.secret, stage: Stage::Known { link: link.id } };
            let row = self.visit_row(row.id, provider, Some(user), &begun);
            sql::insert_visit(&tx, &row).await?;
            tx.commit().await?;
            return self.finish_known(origin, &row, user, link.id, otp).await;
        }
        let key = key_of(&self.0.keyring, &tx, user).await?;
        sql::use_link(&tx, link.id).await?;
        tx.audit(Entry::new(Chain::Platform, "provider.use", link.id).about(user));
        self.enter(tx, &key, &account).await
    }

    /// The second factor of somebody whom the provider has named.
    async fn finish_known(
        &self,
        origin: &Origin,
        visit: &VisitRow,
        user: UserId,
        link: ProviderLinkId,
        otp: Option<&str>,
    ) -> Result<SignedIn, AccountError> {
        let tx = self.0.store.begin_write_for(&origin.by(user)).await?;
        let account = sql::lock_account(&tx, user).await?.ok_or(AccountError::ProviderRefused)?;
        // Before the factor, whose codes are used up as well. The link may have been taken away meanwhile.
        if sql::visit(&tx, visit.id, &visit.provider).await?.is_none() || sql::link(&tx, user, link).await?.is_none() {
            return Err(AccountError::ProviderRefused);
        }
        let key = key_of(&self.0.keyring, &tx, user).await?;
        let tx = self.demand_factor(tx, &key, &account, otp, Purpose::SignIn).await?;
        if sql::delete_visit(&tx, visit.id).await? != 1 {
            return Err(AccountError::ProviderRefused);
        }
        sql::use_link(&tx, link).await?;
        tx.audit(Entry::new(Chain::Platform, "provider.use", link).about(user));
        self.enter(tx, &key, &account).await
    }

    /// An account for somebody whom a provider has named and nobody here knows.
    async fn register_from(
        &self,
        origin: &Origin,
        known: &Known,
        person: Person,
        locale: Locale,
    ) -> Result<SignedIn, AccountError> {
        let email = person.email.as_deref().filter(|_| person.owns_email);
        let email = email.ok_or(AccountError::WrongState("the provider vouches for no e-mail address"))?;
        if let Some(address) = origin.address {
            may_attempt(self.0.attempts.wait_or_count(Key::newcomers(address), self.now()))?;
        }
        let contact = Contact::Email(email);
        let index = Reached::parse(contact)?.index(&self.0.keyring);
        let local = email.split('@').next().unwrap_or_default();
        let name = person.name.as_deref().filter(|name| Name::parse("name", name).is_ok()).unwrap_or(local);
        // Nobody knows it; who wants one has a token for a new password sent.
        let password = URL_SAFE_NO_PAD.encode(self.env().entropy.bytes::<32>());
        let new = NewAccount { contact, password: &password, name, locale };
        let (mut row, key) = self.prepare_account(self.env().id(), new, index).await?;
        row.email_verified_at = Some(self.now());
        let tx = self.0.store.begin_write_for(&origin.by(row.id)).await?;
        insert(&tx, &row, &key, index).await?;
        let link = self.new_link(&tx, &key, row.id, known, &person, Some(tx.now()));
        sql::insert_link(&tx, &link).await.map_err(|error| match error {
            // Two came back at once; the other one was first, and signing in again finds it.
            store::Error::Conflict { .. } => AccountError::ProviderRefused,
            other => other.into(),
        })?;
        let after = json!({ "provider": known.settings.id, "locale": locale.text() });
        tx.audit(Entry::new(Chain::Platform, "account.register", row.id).after(after));
        let after = json!({ "provider": known.settings.id, "address": person.email });
        tx.audit(Entry::new(Chain::Platform, "provider.link", link.id).about(row.id).after(after));
        self.enter(tx, &key, &row).await
    }

    /// Links the account at a provider that somebody signed in comes back with, in the session that asked.
    /// `ProviderRefused` as above; `WrongState` for one that is linked, whoever's it is.
    pub async fn finish_provider_link(
        &self,
        origin: &Origin,
        user: UserId,
        session: SessionId,
        provider: &str,
        answer: Answer<'_>,
    ) -> Result<ProviderLink, AccountError> {
        let (_, known) = self.provider(provider)?;
        let (row, begun) = self.find_visit(provider, answer).await?;
        let Stage::Asked { nonce, verifier, session: asked } = begun.stage else {
            return Err(AccountError::ProviderRefused);
        };
        if row.account != Some(user) || asked != Some(session) {
            return Err(AccountError::ProviderRefused);
        }
        let person = self.ask_who(provider, &row, answer, &nonce, &verifier).await?;
        let tx = self.0.store.begin_write_for(origin).await?;
        let account = sql::lock_account(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let key = key_of(&self.0.keyring, &tx, user).await?;
        // Several may have been begun at once.
        if sql::links_of(&tx, user).await?.len() >= LINKS_MAX {
            return Err(AccountError::WrongState("an account has no more than ten links"));
        }
        let link = self.new_link(&tx, &key, user, known, &person, None);
        sql::insert_link(&tx, &link).await.map_err(|error| match error {
            store::Error::Conflict { .. } => AccountError::WrongState("the account at the provider is linked already"),
            other => other.into(),
        })?;
        letters::tell(&tx, &key, &account, &Letter::ProviderLinked { name: &known.settings.name }).await?;
        let after = json!({ "provider": provider, "address": person.email });
        tx.audit(Entry::new(Chain::Platform, "provider.link", link.id).about(user).after(after));
        let link = ProviderLink::open(self, &key, &link)?;
        tx.commit().await?;
        tracing::info!(%user, provider, "provider linked");
        Ok(link)
    }

    fn new_link(
        &self,
        tx: &Tx,
        key: &PersonKey,
        account: UserId,
        known: &Known,
        person: &Person,
        used_at: Option<Timestamp>,
    ) -> LinkRow {
        let id: ProviderLinkId = self.env().id();
        LinkRow {
            id,
            account,
            provider: known.settings.id.clone(),
            print: self.link_print(known, &person.subject),
            address: person.email.as_ref().map(|email| key.seal(address_place(id), email.as_bytes())),
            created_at: tx.now(),
            used_at,
            made_account: used_at.is_some(),
        }
    }

    /// The visit that an answer ends, if this browser began it.
    async fn find_visit(&self, provider: &str, answer: Answer<'_>) -> Result<(VisitRow, Begun), AccountError> {
        let id = self.visit_id(answer.state);
        let row = sql::visit(&self.0.store.begin_read().await?, id, provider).await?;
        let row = row.ok_or(AccountError::ProviderRefused)?;
        let state = self.0.keyring.open_sealed(place(id), &row.state).map_err(|_| corrupt("the visit", id))?;
        let begun: Begun = serde_json::from_slice(&state).map_err(|_| corrupt("the visit", id))?;
        if verify_slices_are_equal(begun.secret.as_bytes(), answer.secret.as_bytes()).is_err() {
            return Err(AccountError::ProviderRefused);
        }
        Ok((row, begun))
    }

    /// Ends the visit, and exchanges the code for who it is. Of many who bring the answer one gets here.
    async fn ask_who(
        &self,
        provider: &str,
        row: &VisitRow,
        answer: Answer<'_>,
        nonce: &str,
        verifier: &str,
    ) -> Result<Person, AccountError> {
        let (providers, known) = self.provider(provider)?;
        let tx = self.0.store.begin_write().await?;
        let is_first = sql::delete_visit(&tx, row.id).await? == 1;
        tx.commit().await?;
        let (Some(code), true) = (answer.code, is_first) else { return Err(AccountError::ProviderRefused) };
        let (outbound, now) = (&providers.0.outbound, self.now());
        let metadata = known.metadata(outbound, now).await.map_err(|fault| told(known, fault))?;
        let iss = answer.iss;
        // Source: RFC 9207, section 2.4.
        let is_missing = iss.is_none() && metadata.authorization_response_iss_parameter_supported;
        if is_missing || iss.is_some_and(|iss| iss != known.settings.issuer) {
            return Err(told(known, Fault::Refused("the answer is another provider's")));
        }
        let redirect_uri = providers.redirect_uri(known);
        let exchange = Exchange { code, redirect_uri: &redirect_uri, verifier, nonce };
        known.person(outbound, now, exchange).await.map_err(|fault| told(known, fault))
    }

    fn visit_id(&self, state: &str) -> Uuid {
        let print = self.0.keyring.blind_index("identity/provider-visit", state);
        Uuid::from_bytes(*print.first_chunk().expect("a hash is longer"))
    }

    fn visit_row(&self, id: Uuid, provider: &str, account: Option<UserId>, begun: &Begun) -> VisitRow {
        let plain = serde_json::to_vec(begun).expect("a visit is plain data");
        let state = self.0.keyring.seal(place(id), &plain);
        VisitRow { id, provider: provider.to_owned(), account, state, expires_at: self.now() + VISIT_TTL }
    }
}

const fn place(id: Uuid) -> Sealed {
    Sealed { table: "provider_visit", column: "state", id }
}

/// Says in the log what was wrong, and to the caller only whose fault it is.
fn told(known: &Known, fault: Fault) -> AccountError {
    let provider = &known.settings.id;
    match fault {
        Fault::Unreachable(why) => {
            tracing::warn!(provider, why, "a provider of sign-in cannot be used");
            AccountError::ProviderUnreachable
        }
        Fault::Refused(why) => {
            tracing::info!(provider, why, "a sign-in by a provider was refused");
            AccountError::ProviderRefused
        }
    }
}
