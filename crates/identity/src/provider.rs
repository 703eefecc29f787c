//! Sign-in with outside OpenID Connect providers, which the operator names.
//!
//! A provider says who somebody is there. That signs them in here when they have linked the two accounts
//! while signed in here; an e-mail address that the provider vouches for links nothing by itself, because
//! whoever runs the provider could then enter every account. Somebody new gets an account of their own. A
//! second factor is asked for as after a password.
//!
//! The way there and back is a visit: a row found by its `state`, sealed, good once and for minutes, and
//! bound to the browser by a secret that never leaves it. Source: OpenID Connect Core 1.0, RFC 7636 (PKCE),
//! RFC 9207 (`iss` in answers), RFC 9700 (best practice).

mod protocol;
mod visit;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use outbound::Outbound;
use serde_json::json;
use stagedoor_core::{FieldError, ProviderLinkId, Timestamp, UserId};
use store::audit::{Chain, Entry};
use store::{Origin, PersonKey, Sealed};
use url::Url;
use zeroize::Zeroizing;

use crate::Identity;
use crate::account::{AccountError, corrupt};
use crate::factor::Purpose;
use crate::letters::{self, Letter};
use crate::sql::{self, LinkRow};
use protocol::Known;

pub use visit::{Answer, Visit};

/// Of one account: more than there are providers worth naming.
const LINKS_MAX: usize = 10;
/// The person signs in at the provider meanwhile.
const VISIT_TTL: Duration = Duration::from_secs(10 * 60);

/// What the operator says of a provider. `Debug` shows no secret.
#[derive(Clone)]
pub struct Provider {
    /// In addresses: lower-case letters, digits and hyphens.
    pub id: String,
    /// What people know it by.
    pub name: String,
    /// To the letter as its documents say it; `https`, or `http` for one beside the server.
    pub issuer: String,
    pub client_id: String,
    /// None for a public client, which PKCE alone protects.
    pub client_secret: Option<Zeroizing<String>>,
    /// Besides `openid`.
    pub scopes: Vec<String>,
}

/// Providers, and how they are called. Cheap to clone.
#[derive(Clone)]
pub struct Providers(Arc<Inner>);

struct Inner {
    known: Vec<Known>,
    outbound: Outbound,
    /// Without a slash at its end.
    return_url: String,
}

/// Why providers cannot be used as the operator names them.
#[derive(Debug, thiserror::Error)]
#[error("the provider {id:?} {reason}")]
pub struct ProviderFault {
    pub id: String,
    pub reason: &'static str,
}

/// A link as its person sees it.
#[derive(Clone)]
pub struct ProviderLink {
    pub id: ProviderLinkId,
    /// The provider's id and, while the operator names it, its name.
    pub provider: String,
    pub provider_name: Option<String>,
    /// The e-mail address of the account there when it was linked.
    pub address: Option<String>,
    pub created_at: Timestamp,
    /// The last sign-in with it.
    pub used_at: Option<Timestamp>,
}

impl Providers {
    /// `outbound`: what calls them. `return_url`: the page of the front end that providers send browsers back
    /// to, with a slash and the provider's id added.
    pub fn new(providers: Vec<Provider>, outbound: Outbound, return_url: &str) -> Result<Self, ProviderFault> {
        for (at, provider) in providers.iter().enumerate() {
            let fault = |reason| Err(ProviderFault { id: provider.id.clone(), reason });
            let is_id = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
            if provider.id.is_empty() || provider.id.len() > 40 || !provider.id.bytes().all(is_id) {
                return fault("needs an id of 1 to 40 lower-case letters, digits and hyphens");
            }
            if providers[..at].iter().any(|other| other.id == provider.id || other.issuer == provider.issuer) {
                return fault("has the id or the issuer of another one");
            }
            if provider.name.trim().is_empty() || provider.client_id.is_empty() {
                return fault("needs a name and a client id");
            }
            let url = Url::parse(&provider.issuer).ok();
            let fits = |url: &Url| {
                matches!(url.scheme(), "https" | "http") && url.query().is_none() && url.fragment().is_none()
            };
            if !url.as_ref().is_some_and(fits) {
                return fault("needs an issuer that is an address without a query");
            }
        }
        let known = providers.into_iter().map(Known::new).collect();
        Ok(Self(Arc::new(Inner { known, outbound, return_url: return_url.trim_end_matches('/').to_owned() })))
    }

    fn find(&self, id: &str) -> Option<&Known> {
        self.0.known.iter().find(|known| known.settings.id == id)
    }

    /// What the provider was registered with as the place to send browsers back to. One for each provider, so
    /// that no answer of one can be taken for another's. Source: RFC 9700, section 4.4.
    fn redirect_uri(&self, known: &Known) -> String {
        format!("{}/{}", self.0.return_url, known.settings.id)
    }
}

impl ProviderLink {
    fn open(identity: &Identity, key: &PersonKey, row: &LinkRow) -> store::Result<Self> {
        let open = |sealed: &Vec<u8>| {
            let text = key.open(address_place(row.id), sealed).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            text.ok_or_else(|| corrupt("the address", row.id))
        };
        let known = identity.0.providers.as_ref().and_then(|providers| providers.find(&row.provider));
        Ok(Self {
            id: row.id,
            provider: row.provider.clone(),
            provider_name: known.map(|known| known.settings.name.clone()),
            address: row.address.as_ref().map(open).transpose()?,
            created_at: row.created_at,
            used_at: row.used_at,
        })
    }
}

const fn address_place(id: ProviderLinkId) -> Sealed {
    Sealed { table: "provider_link", column: "address", id: id.0 }
}

impl Identity {
    /// Ids and names of the providers that sign people in.
    pub fn providers(&self) -> Vec<(String, String)> {
        let known = self.0.providers.iter().flat_map(|providers| &providers.0.known);
        known.map(|known| (known.settings.id.clone(), known.settings.name.clone())).collect()
    }

    /// `Field` for one that the operator does not name.
    fn provider(&self, id: &str) -> Result<(&Providers, &Known), AccountError> {
        let found = self.0.providers.as_ref().and_then(|providers| Some((providers, providers.find(id)?)));
        Ok(found.ok_or_else(|| FieldError::new("provider", "is none that signs people in here"))?)
    }

    /// Of the provider's issuer and not of its id, which the operator may change.
    fn link_print(&self, known: &Known, subject: &str) -> [u8; 32] {
        self.0.keyring.blind_index("identity/provider-link", &format!("{} {subject}", known.settings.issuer))
    }

    /// The newest first; there are at most ten.
    pub async fn provider_links_of(&self, user: UserId) -> Result<Vec<ProviderLink>, AccountError> {
        let tx = self.0.store.begin_read().await?;
        let key = self.0.keyring.person_key(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let rows = sql::links_of(&tx, user).await?;
        Ok(rows.iter().map(|row| ProviderLink::open(self, &key, row)).collect::<Result<_, _>>()?)
    }

    /// `InvalidCredentials` for a wrong password; an account with a second factor asks for it. `NotFound` when
    /// the account has no link of that id.
    pub async fn remove_provider_link(
        &self,
        origin: &Origin,
        user: UserId,
        id: ProviderLinkId,
        password: &str,
        otp: Option<&str>,
    ) -> Result<(), AccountError> {
        // First: what is not there asks for nothing.
        if sql::link(&self.0.store.begin_read().await?, user, id).await?.is_none() {
            return Err(AccountError::NotFound);
        }
        let checked = self.confirm_password(user, password).await?;
        let (tx, row, key) = self.lock_confirmed(origin, &checked).await?;
        let tx = self.demand_factor(tx, &key, &row, otp, Purpose::SignIn).await?;
        let link = sql::link(&tx, user, id).await?.ok_or(AccountError::NotFound)?;
        let link = ProviderLink::open(self, &key, &link)?;
        if sql::delete_link(&tx, id).await? != 1 {
            return Err(AccountError::NotFound);
        }
        let name = link.provider_name.as_deref().unwrap_or(&link.provider);
        letters::tell(&tx, &key, &row, &Letter::ProviderUnlinked { name }).await?;
        let before = json!({ "provider": link.provider, "address": link.address });
        tx.audit(Entry::new(Chain::Platform, "provider.unlink", id).about(user).before(before));
        tx.commit().await?;
        tracing::info!(%user, provider = link.provider, "provider unlinked");
        Ok(())
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Provider({} at {})", self.id, self.issuer)
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.0.known.iter().map(|known| &known.settings)).finish()
    }
}
