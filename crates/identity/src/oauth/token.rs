//! Tokens: what buys one, what ends one, and what one is worth.

use serde_json::json;
use sha2::{Digest, Sha256};
use stagedoor_core::{ClientId, GrantId, OrganizerId, Timestamp, UserId, limits};
use store::audit::{Chain, Entry, Outcome};
use store::{Origin, Tx};

use super::OAuthError;
use super::authorize::{CODE_PREFIX, scopes};
use super::client::{ClientAuth, ClientKind, GrantType, RegisteredClient};
use super::grants::GRANTS_MAX;
use crate::program::{Program, ProgramId};
use crate::refresh::{GRANT, RefreshToken, Verdict};
use crate::scope::Scopes;
use crate::sql::{self, GrantRow};
use crate::{Identity, secret};

/// What a client is given. Not `Debug`.
pub struct Issued {
    pub access_token: String,
    pub refresh_token: Option<String>,
    /// Life of the access token in whole seconds.
    pub expires_in: u64,
    pub scopes: Scopes,
}

/// What a token that is good is worth. Source: RFC 7662, section 2.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introspection {
    pub client: ClientId,
    /// The person, or the client itself.
    pub subject: String,
    pub scopes: Scopes,
    pub organizer: OrganizerId,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    /// Of an access token.
    pub jti: Option<String>,
    pub issuer: String,
    pub audience: String,
}

/// Tokens that a client has for itself at a time: one for each of its machines, in every reasonable fleet.
const OWN_GRANTS_MAX: u32 = 100;
const BAD_CODE: OAuthError = OAuthError::InvalidGrant("the code is wrong, old, used or another client's");
const BAD_REFRESH: OAuthError = OAuthError::InvalidGrant("the refresh token is wrong, old, used or another client's");

impl Identity {
    /// Tokens for an authorization code, once. A second use ends what the first one gave: somebody else
    /// has the code, and nobody can tell who came first. Source: RFC 6749, section 4.1.3; RFC 7636,
    /// section 4.6.
    pub async fn exchange_code(
        &self,
        origin: &Origin,
        auth: ClientAuth<'_>,
        code: &str,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
        resource: Option<&str>,
    ) -> Result<Issued, OAuthError> {
        let client = self.authenticate(&self.0.store.begin_read().await?, auth).await?;
        if !client.may(GrantType::AuthorizationCode) {
            return Err(OAuthError::UnauthorizedClient);
        }
        self.check_resource(resource)?;
        let print = secret::print(CODE_PREFIX, code).ok_or(BAD_CODE)?;
        let tx = self.0.store.begin_write_for(origin).await?;
        let found = sql::code(&tx, print).await?.filter(|found| found.client == client.id).ok_or(BAD_CODE)?;
        // Whoever is erased takes their word back; and an account is locked before what hangs on it.
        sql::lock_account(&tx, found.account).await?.ok_or(BAD_CODE)?;
        if found.grant.is_some() {
            return Err(self.code_came_back(tx, print).await?);
        }
        if tx.now() >= found.expires_at {
            return Err(BAD_CODE);
        }
        // Left out it is no fault: PKCE binds the code to whoever asked for it. Source: OAuth 2.1, section 10.2.
        if redirect_uri.is_some_and(|uri| uri != found.redirect_uri) {
            return Err(OAuthError::InvalidGrant("redirect_uri is not the one that the code was asked for with"));
        }
        let verifier = verifier.ok_or(OAuthError::InvalidGrant("code_verifier is missing"))?;
        // A shorter one than RFC 7636, section 4.1, allows could be found by trying.
        let digest: [u8; 32] = Sha256::digest(verifier).into();
        if !(43..=128).contains(&verifier.len()) || digest[..] != found.challenge[..] {
            return Err(OAuthError::InvalidGrant("code_verifier does not fit the challenge"));
        }
        if !self.may_still_act(&tx, &client, found.account, found.scopes).await? {
            return Err(BAD_CODE);
        }
        let grant = self.new_grant(&tx, &client, Some(found.account), found.scopes).await?;
        // The account is locked, so the count is true until the commit. After the client, which the new grant
        // keeps as it is: whoever ends a client's grants comes that way, too.
        let ended = sql::revoke_grants_beyond(&tx, &grant, found.account, GRANTS_MAX - 1).await?;
        if sql::use_code(&tx, print, grant.id).await? != 1 {
            // Another request was faster, since the account's lock was all it waited for.
            drop(tx);
            let tx = self.0.store.begin_write_for(origin).await?;
            return Err(self.code_came_back(tx, print).await?);
        }
        for ended in &ended {
            tx.audit(Entry::new(Chain::Platform, "grant.end", ended).after(json!({ "why": "too many programs" })));
        }
        self.revoke_after_commit(&tx, ended);
        let after = json!({ "client": client.id, "user": found.account });
        tx.audit(Entry::new(Chain::Platform, "grant.open", grant.id).about(found.account).after(after));
        let issued = self.issue(&client, &grant, grant.scopes, tx.now());
        tx.commit().await?;
        tracing::info!(client = %client.id, grant = %grant.id, user = %found.account, "code exchanged");
        Ok(issued)
    }

    /// A used code was presented again: ends what it gave.
    async fn code_came_back(&self, tx: Tx, print: [u8; 32]) -> Result<OAuthError, OAuthError> {
        let grant = sql::code(&tx, print).await?.and_then(|code| code.grant);
        if let Some(grant) = grant {
            if sql::revoke_grant(&tx, grant).await? == 0 {
                return Ok(BAD_CODE);
            }
            let after = json!({ "ended": true, "why": "a used authorization code came back" });
            tx.audit(Entry::new(Chain::Platform, "grant.open", grant).result(Outcome::Denied).after(after));
            self.revoke_after_commit(&tx, vec![grant]);
            tx.commit().await?;
            tracing::warn!(%grant, "a used authorization code came back: what it gave has ended");
        }
        Ok(BAD_CODE)
    }

    /// Fresh tokens for a refresh token, which is used up by it, as [`Identity::refresh`] has it for
    /// sessions: a lost reply can be asked for again for 30 seconds, and anything older ends the grant.
    /// `scope`: less than was granted, for this access token alone.
    pub async fn refresh_grant(
        &self,
        origin: &Origin,
        auth: ClientAuth<'_>,
        refresh_token: &str,
        scope: Option<&str>,
        resource: Option<&str>,
    ) -> Result<Issued, OAuthError> {
        let client = self.authenticate(&self.0.store.begin_read().await?, auth).await?;
        if !client.may(GrantType::RefreshToken) {
            return Err(OAuthError::UnauthorizedClient);
        }
        self.check_resource(resource)?;
        let token = RefreshToken::decode(&GRANT, &self.0.keyring, refresh_token, self.now()).ok_or(BAD_REFRESH)?;
        let tx = self.0.store.begin_write_for(origin).await?;
        let grant = sql::lock_grant(&tx, token.family.into()).await?.filter(|grant| grant.client == client.id);
        let mut grant = grant.ok_or(BAD_REFRESH)?;
        let wanted = scopes(scope, grant.scopes)?;
        if let Some(account) = grant.account
            && !self.may_still_act(&tx, &client, account, grant.scopes).await?
        {
            return Err(BAD_REFRESH);
        }
        let now = tx.now();
        match grant.family().judge(token.generation, now) {
            Verdict::Rotate => {
                let rotated = sql::rotate_grant(&tx, grant.id, grant.generation, now).await?;
                assert_eq!(rotated, 1, "the locked row of {} was changed by another", grant.id);
                grant.generation += 1;
            }
            Verdict::Repeat => {}
            Verdict::Reused => {
                sql::revoke_grant(&tx, grant.id).await?;
                let after = json!({ "ended": true, "why": "a used refresh token came back" });
                let entry = Entry::new(Chain::Platform, "grant.refresh", grant.id);
                tx.audit(entry.result(Outcome::Denied).after(after));
                self.revoke_after_commit(&tx, vec![grant.id]);
                tx.commit().await?;
                tracing::warn!(grant = %grant.id, client = %client.id, "a used refresh token came back: grant ended");
                return Err(BAD_REFRESH);
            }
            Verdict::Ended => return Err(BAD_REFRESH),
        }
        let issued = self.issue(&client, &grant, wanted, now);
        tx.commit().await?;
        Ok(issued)
    }

    /// A token for a client to act for its organizer, without a person. Source: RFC 6749, section 4.4.
    ///
    /// A client has [`OWN_GRANTS_MAX`] such tokens at a time: one more ends the oldest.
    pub async fn client_credentials(
        &self,
        auth: ClientAuth<'_>,
        scope: Option<&str>,
        resource: Option<&str>,
    ) -> Result<Issued, OAuthError> {
        let client = self.authenticate(&self.0.store.begin_read().await?, auth).await?;
        if !client.may(GrantType::ClientCredentials) {
            return Err(OAuthError::UnauthorizedClient);
        }
        self.check_resource(resource)?;
        let scopes = scopes(scope, client.scopes.of_organizers())?;
        let tx = self.0.store.begin_write().await?;
        // Locked, so that two at once do not end the same one; and it may have been revoked since.
        sql::lock_client(&tx, client.id).await?.ok_or(OAuthError::InvalidClient)?;
        let ended = sql::revoke_own_grants_beyond(&tx, client.id, OWN_GRANTS_MAX - 1).await?;
        self.revoke_after_commit(&tx, ended);
        let grant = self.new_grant(&tx, &client, None, scopes).await?;
        let issued = self.issue(&client, &grant, scopes, tx.now());
        tx.commit().await?;
        Ok(issued)
    }

    /// Ends the grant that a token of the client came of; a token that is none of its own is left
    /// alone, without a word. Source: RFC 7009.
    pub async fn revoke_token(&self, origin: &Origin, auth: ClientAuth<'_>, token: &str) -> Result<(), OAuthError> {
        let client = self.authenticate(&self.0.store.begin_read().await?, auth).await?;
        let Some(id) = self.grant_of(token, self.now()) else { return Ok(()) };
        let tx = self.0.store.begin_write_for(origin).await?;
        let grant = sql::lock_grant(&tx, id).await?.filter(|grant| grant.client == client.id);
        let Some(grant) = grant else { return Ok(()) };
        if sql::revoke_grant(&tx, grant.id).await? == 0 {
            return Ok(());
        }
        // Nobody is signed in here: what is known of who did it is the client.
        tx.audit(Entry::new(Chain::Platform, "grant.end", grant.id).after(json!({ "by": client.id })));
        self.revoke_after_commit(&tx, vec![grant.id]);
        tx.commit().await?;
        tracing::info!(grant = %grant.id, client = %client.id, "grant ended by its client");
        Ok(())
    }

    /// What a token of the same organizer's programs is worth; nothing for any other, whatever is wrong
    /// with it. For confidential clients. Source: RFC 7662.
    pub async fn introspect(&self, auth: ClientAuth<'_>, token: &str) -> Result<Option<Introspection>, OAuthError> {
        let tx = self.0.store.begin_read().await?;
        let client = self.authenticate(&tx, auth).await?;
        if client.kind == ClientKind::Public {
            return Err(OAuthError::InvalidClient);
        }
        let now = tx.now();
        let Some(id) = self.grant_of(token, now) else { return Ok(None) };
        let Some(grant) = sql::grant(&tx, id).await? else { return Ok(None) };
        let owner = sql::client(&tx, grant.client).await?;
        let owner = owner.filter(|owner| owner.client.organizer == client.organizer);
        if owner.is_none() || grant.revoked_at.is_some() || now >= grant.expires_at {
            return Ok(None);
        }
        let (issuer, audience) = self.0.tokens.names();
        let worth = |scopes, issued_at, expires_at, jti| Introspection {
            client: grant.client,
            subject: grant.account.map_or_else(|| grant.client.to_string(), |user| user.to_string()),
            scopes,
            organizer: client.organizer,
            issued_at,
            expires_at,
            jti,
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
        };
        let at = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        if let Some(claims) = self.0.tokens.program_claims(token, now) {
            let scopes = claims.scope.parse().unwrap_or(Scopes::NONE);
            return Ok(Some(worth(scopes, at(claims.iat), at(claims.exp), Some(claims.jti))));
        }
        let live = RefreshToken::decode(&GRANT, &self.0.keyring, token, self.now());
        let is_live = live.is_some_and(|token| grant.family().judge(token.generation, now) == Verdict::Rotate);
        Ok(is_live.then(|| worth(grant.scopes, grant.rotated_at, grant.expires_at, None)))
    }

    /// The grant that a token is of, if it is genuine.
    fn grant_of(&self, token: &str, now: Timestamp) -> Option<GrantId> {
        match RefreshToken::decode(&GRANT, &self.0.keyring, token, self.now()) {
            Some(token) => Some(token.family.into()),
            None => self.0.tokens.program_claims(token, now).map(|claims| claims.gid),
        }
    }

    /// Whether a person may let the client do that now: one that nobody vouched for acts for members of
    /// its organizer alone, once it does more than read a little.
    pub(super) async fn may_still_act(
        &self,
        tx: &Tx,
        client: &RegisteredClient,
        account: UserId,
        scopes: Scopes,
    ) -> store::Result<bool> {
        Ok(client.may_ask_anybody(scopes) || sql::role_of(tx, account, client.organizer).await?.is_some())
    }

    async fn new_grant(
        &self,
        tx: &Tx,
        client: &RegisteredClient,
        account: Option<UserId>,
        scopes: Scopes,
    ) -> Result<GrantRow, OAuthError> {
        let now = tx.now();
        let keeps_on = account.is_some() && client.may(GrantType::RefreshToken);
        let life = if keeps_on { limits::REFRESH_TOKEN_TTL } else { self.0.tokens.ttl() };
        let grant = GrantRow {
            id: self.env().id(),
            client: client.id,
            account,
            scopes,
            generation: 0,
            created_at: now,
            rotated_at: now,
            // However often it is refreshed.
            expires_at: now + life,
            revoked_at: None,
        };
        sql::insert_grant(tx, &grant).await?;
        Ok(grant)
    }

    fn issue(&self, client: &RegisteredClient, grant: &GrantRow, scopes: Scopes, now: Timestamp) -> Issued {
        let program = Program {
            id: ProgramId::Client(client.id, grant.id),
            organizer: client.organizer,
            user: grant.account,
            scopes,
            expires_at: (now + self.0.tokens.ttl()).min(grant.expires_at),
        };
        let keeps_on = grant.account.is_some() && client.may(GrantType::RefreshToken);
        let refresh = RefreshToken { family: grant.id.into(), generation: grant.generation };
        Issued {
            access_token: self.0.tokens.issue_to(self.env(), program),
            refresh_token: keeps_on.then(|| refresh.encode(&GRANT, &self.0.keyring)),
            expires_in: program.expires_at.since(now).as_secs(),
            scopes,
        }
    }
}
