//! A person's leave: what a client asks for, and the code that says that it may have it.

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use store::audit::{Chain, Entry};

use super::OAuthError;
use super::client::{GrantType, RegisteredClient};
use crate::account::{AccountError, Credentials};
use crate::device::Device;
use crate::scope::Scopes;
use crate::sql::{self, CodeRow};
use crate::{Identity, secret};

pub(super) const CODE_PREFIX: &str = "ac_";
/// Half of what RFC 6749, section 4.1.2, allows at most: a browser brings it at once.
const CODE_TTL: Duration = Duration::from_secs(5 * 60);

/// What a client asks for, as it came. Source: RFC 6749, section 4.1.1; RFC 7636; RFC 8707.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuthorizationRequest<'a> {
    pub client_id: Option<&'a str>,
    pub redirect_uri: Option<&'a str>,
    pub response_type: Option<&'a str>,
    pub scope: Option<&'a str>,
    pub code_challenge: Option<&'a str>,
    pub code_challenge_method: Option<&'a str>,
    pub resource: Option<&'a str>,
    pub oddity: Option<Oddity>,
}

/// What is wrong with a request beside its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// A parameter came more than once. Source: RFC 6749, section 3.1.
    Repeated,
    /// It asks for what is not offered here.
    NotOffered,
}

/// A request that a person can be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub client: RegisteredClient,
    /// The name of the client's organizer.
    pub organizer: String,
    pub redirect_uri: String,
    pub scopes: Scopes,
    challenge: [u8; 32],
}

/// Where an answer goes that no person has seen a page for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    pub redirect_uri: String,
    /// Whether staff of the platform vouched for the client; a browser that is sent elsewhere in our name
    /// would be an open redirector in everybody's hands. Source: RFC 9700, section 4.11.2.
    pub is_approved: bool,
}

/// Why somebody's yes did not count.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// The client asks for more than one that nobody vouched for may ask of somebody who is no member of
    /// its organizer.
    #[error("the client is not approved for this")]
    Unapproved,
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl From<store::Error> for ConsentError {
    fn from(error: store::Error) -> Self {
        ConsentError::Account(error.into())
    }
}

/// Why a request is none that a person can be asked about.
#[derive(Debug)]
pub enum Refused {
    /// The client, or where it wants the answer, is not registered: told to whoever is at the browser,
    /// and sent nowhere.
    Here(&'static str),
    /// For the client to know, at the address it registered.
    ToClient(Box<Destination>, OAuthError),
    Store(store::Error),
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        Refused::Store(error)
    }
}

impl Identity {
    /// Checks what a client asks for; changes nothing.
    pub async fn check_authorization(&self, request: AuthorizationRequest<'_>) -> Result<Asked, Refused> {
        let tx = self.0.store.begin_read().await?;
        let unknown = || Refused::Here("This program is not registered here.");
        let id = request.client_id.and_then(|id| id.parse().ok()).ok_or_else(unknown)?;
        let client = sql::client(&tx, id).await?.ok_or_else(unknown)?.client;
        let redirect_uri = request.redirect_uri.filter(|uri| client.redirects_to(uri));
        let nowhere = || Refused::Here("The program wants the answer at an address that is not registered.");
        let redirect_uri = redirect_uri.ok_or_else(nowhere)?.to_owned();
        let organizer = self.organizer_name_of(&tx, &client).await?;
        match self.check_wish(&client, request) {
            Ok((scopes, challenge)) => Ok(Asked { client, organizer, redirect_uri, scopes, challenge }),
            Err(error) => {
                let destination = Destination { redirect_uri, is_approved: client.approved_at.is_some() };
                Err(Refused::ToClient(Box::new(destination), error))
            }
        }
    }

    fn check_wish(
        &self,
        client: &RegisteredClient,
        request: AuthorizationRequest<'_>,
    ) -> Result<(Scopes, [u8; 32]), OAuthError> {
        match request.oddity {
            None => {}
            Some(Oddity::Repeated) => return Err(OAuthError::InvalidRequest("a parameter came twice")),
            Some(Oddity::NotOffered) => return Err(OAuthError::InvalidRequest("a parameter is not offered here")),
        }
        match request.response_type {
            Some("code") => {}
            Some(_) => return Err(OAuthError::UnsupportedResponseType),
            None => return Err(OAuthError::InvalidRequest("response_type is missing")),
        }
        if !client.may(GrantType::AuthorizationCode) {
            return Err(OAuthError::UnauthorizedClient);
        }
        self.check_resource(request.resource)?;
        let challenge = request.code_challenge.ok_or(OAuthError::InvalidRequest("code_challenge is missing"))?;
        // Left out it would mean `plain`, which protects nothing.
        if request.code_challenge_method != Some("S256") {
            return Err(OAuthError::InvalidRequest("code_challenge_method must be S256"));
        }
        let mut digest = [0; 32];
        let read = URL_SAFE_NO_PAD.decode_slice(challenge, &mut digest);
        if read != Ok(digest.len()) {
            return Err(OAuthError::InvalidRequest("code_challenge is no SHA-256 in base64url"));
        }
        Ok((scopes(request.scope, client.scopes)?, digest))
    }

    /// A code for what was asked, from a person who proves by `credentials` who they are and so says yes.
    /// Fails as [`Identity::login`] does, and with `Unapproved` once it is known who they are.
    pub async fn allow(&self, asked: &Asked, credentials: Credentials<'_>) -> Result<String, ConsentError> {
        let device = Device::of(credentials.origin);
        let (tx, key, row) = self.prove(credentials).await?;
        // As it is now: the page may have been open for long.
        let client = sql::client(&tx, asked.client.id).await?.ok_or(ConsentError::Unapproved)?.client;
        if !self.may_still_act(&tx, &client, row.id, asked.scopes).await? {
            return Err(ConsentError::Unapproved);
        }
        self.recognise(&tx, &key, &row, &device).await?;
        let (text, stored) = secret::fresh(CODE_PREFIX, &self.env().entropy);
        let code = CodeRow {
            client: asked.client.id,
            account: row.id,
            redirect_uri: asked.redirect_uri.clone(),
            challenge: asked.challenge.to_vec(),
            scopes: asked.scopes,
            expires_at: tx.now() + CODE_TTL,
            grant: None,
        };
        sql::insert_code(&tx, stored, &code).await?;
        let after = json!({ "organizer": asked.client.organizer, "scopes": asked.scopes.to_string() });
        tx.audit(Entry::new(Chain::Platform, "consent.give", asked.client.id).about(row.id).after(after));
        tx.commit().await?;
        tracing::info!(user = %row.id, client = %asked.client.id, scopes = %asked.scopes, "program allowed");
        Ok(text)
    }

    /// A word that only this installation can make of `cookie`, for a form to bring back with it.
    pub fn form_token(&self, cookie: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.0.keyring.blind_index("identity/consent-form", cookie))
    }

    /// Whether `token` is the word for `cookie`.
    pub fn is_form_token(&self, cookie: &str, token: &str) -> bool {
        verify_slices_are_equal(self.form_token(cookie).as_bytes(), token.as_bytes()).is_ok()
    }
}

/// What of `most` a client asks for; all of it when it does not say.
pub(super) fn scopes(asked: Option<&str>, most: Scopes) -> Result<Scopes, OAuthError> {
    let Some(text) = asked else { return Ok(most) };
    let scopes: Scopes = text.parse().map_err(|_| OAuthError::InvalidScope("there is no such scope"))?;
    if !scopes.is_within(most) {
        return Err(OAuthError::InvalidScope("the client is not registered for this scope"));
    }
    Ok(scopes)
}
