//! Clients: programs that an organizer registered by hand. There is no way to register without one.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde_json::json;
use stagedoor_core::{ClientId, FieldError, Name, OrganizerId, Timestamp, UserId};
use store::audit::Entry;
use store::{Origin, Tx};
use url::{Host, Url};

use super::OAuthError;
use crate::program::{Maker, ProgramError};
use crate::role::Role;
use crate::scope::{Scope, Scopes};
use crate::secret::check_overlap;
use crate::sql::{self, ClientRow};
use crate::{Identity, secret};

const SECRET_PREFIX: &str = "cs_";
/// Clients of one organizer that are not revoked.
const CLIENTS_MAX: i64 = 50;
/// What a client that nobody vouched for may ask people for: reading, and no barcode that lets somebody in.
const FOR_UNAPPROVED: Scopes = Scopes::NONE.with(Scope::ProfileRead).with(Scope::OrdersRead);
const REDIRECT_URIS_MAX: usize = 10;
const REDIRECT_URI_BYTES_MAX: usize = 500;
/// How a client may come by a token. Source: OAuth 2.1; implicit, password and device grants are not
/// offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    AuthorizationCode,
    RefreshToken,
    ClientCredentials,
}

/// Whether a client can keep a secret. Source: RFC 6749, section 2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// A server.
    Confidential,
    /// A program on somebody's own device.
    Public,
}

/// A client that was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredClient {
    pub id: ClientId,
    pub organizer: OrganizerId,
    pub name: String,
    pub kind: ClientKind,
    pub redirect_uris: Vec<String>,
    pub grant_types: Vec<GrantType>,
    /// The most it can be given.
    pub scopes: Scopes,
    pub maker: Maker,
    pub created_at: Timestamp,
    /// When staff of the platform vouched for it; none for a client that anybody could have registered.
    pub approved_at: Option<Timestamp>,
}

/// What a member of staff registers.
#[derive(Debug, Clone, Copy)]
pub struct NewClient<'a> {
    pub name: &'a str,
    pub kind: ClientKind,
    /// `https`, or `http` to a loopback address, where any port is as good (RFC 8252, section 7.3).
    pub redirect_uris: &'a [String],
    pub grant_types: &'a [GrantType],
    pub scopes: Scopes,
}

/// A client with the secret that is shown this once. Not `Debug`.
pub struct ShownClient {
    pub client: RegisteredClient,
    pub secret: Option<String>,
}

/// How a client says who it is.
#[derive(Clone, Copy)]
pub struct ClientAuth<'a> {
    pub id: &'a str,
    pub secret: Option<&'a str>,
}

impl GrantType {
    pub const ALL: [GrantType; 3] =
        [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials];

    pub const fn text(self) -> &'static str {
        match self {
            GrantType::AuthorizationCode => "authorization_code",
            GrantType::RefreshToken => "refresh_token",
            GrantType::ClientCredentials => "client_credentials",
        }
    }

    pub fn parse(text: &str) -> Option<GrantType> {
        GrantType::ALL.into_iter().find(|known| known.text() == text)
    }
}

impl ClientKind {
    pub const ALL: [ClientKind; 2] = [ClientKind::Confidential, ClientKind::Public];

    pub const fn text(self) -> &'static str {
        match self {
            ClientKind::Confidential => "confidential",
            ClientKind::Public => "public",
        }
    }

    pub fn parse(text: &str) -> Option<ClientKind> {
        ClientKind::ALL.into_iter().find(|known| known.text() == text)
    }
}

impl fmt::Display for GrantType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text())
    }
}

impl RegisteredClient {
    pub(crate) fn may(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// Whether a person who is no member of its organizer may let it do this. Anybody can found an organizer
    /// and register a client: before staff of the platform looked at it, it gets to see a little and to do
    /// nothing.
    pub(crate) fn may_ask_anybody(&self, scopes: Scopes) -> bool {
        self.approved_at.is_some() || scopes.is_within(FOR_UNAPPROVED)
    }

    /// Whether codes may be sent there. To the letter, but for the port of a loopback address, which
    /// the system gives to a program as it starts.
    pub(crate) fn redirects_to(&self, asked: &str) -> bool {
        let without_port = |text: &str| {
            let mut url = Url::parse(text).ok().filter(|url| url.as_str() == text && is_loopback(url))?;
            url.set_port(None).ok()?;
            Some(url)
        };
        self.redirect_uris
            .iter()
            .any(|known| known == asked || without_port(known).is_some_and(|known| Some(known) == without_port(asked)))
    }
}

fn is_loopback(url: &Url) -> bool {
    // An address, not a name: names can be made to mean another machine.
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    url.scheme() == "http" && is_here
}

fn check_redirect_uri(text: &str) -> Result<(), FieldError> {
    let wrong = |reason: &str| Err(FieldError::new("redirectUris", reason));
    if text.len() > REDIRECT_URI_BYTES_MAX {
        return wrong("has an address that is too long");
    }
    let Ok(url) = Url::parse(text) else { return wrong("must be absolute addresses") };
    let is_web = url.scheme() == "https" && url.has_host();
    if !is_web && !is_loopback(&url) {
        return wrong("must begin with https://, or with http:// and a loopback address such as 127.0.0.1");
    }
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() || text.contains('*') {
        return wrong("cannot have a fragment, a user or a wildcard");
    }
    // One spelling, so that what is compared to the letter is also what a browser goes to.
    if url.as_str() != text {
        return Err(FieldError::new("redirectUris", format!("must be written as {url}")));
    }
    Ok(())
}

fn check(new: NewClient<'_>) -> Result<Name, FieldError> {
    let NewClient { kind, redirect_uris, grant_types, scopes, .. } = new;
    let wrong = |field, reason: &str| Err(FieldError::new(field, reason));
    let may = |grant| grant_types.contains(&grant);
    if grant_types.is_empty() {
        return wrong("grantTypes", "must name at least one");
    }
    if may(GrantType::RefreshToken) && !may(GrantType::AuthorizationCode) {
        return wrong("grantTypes", "can name refresh_token beside authorization_code only");
    }
    if may(GrantType::ClientCredentials) && kind == ClientKind::Public {
        return wrong("grantTypes", "can name client_credentials for a confidential client only");
    }
    if may(GrantType::ClientCredentials) && scopes.of_organizers().is_empty() {
        return wrong("scopes", "must name one about the organizer: client_credentials act for no person");
    }
    if may(GrantType::AuthorizationCode) == redirect_uris.is_empty() {
        return wrong("redirectUris", "are where authorization codes go: they come with that grant");
    }
    if redirect_uris.len() > REDIRECT_URIS_MAX {
        return wrong("redirectUris", "are too many");
    }
    redirect_uris.iter().try_for_each(|uri| check_redirect_uri(uri))?;
    Name::parse("name", new.name)
}

impl Identity {
    /// Registers a program of the organizer. `role`: of who asks; the client can be given no more than
    /// that allows. The secret of a confidential one is in the answer and nowhere else.
    pub async fn register_client(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        by: UserId,
        role: Role,
        new: NewClient<'_>,
    ) -> Result<ShownClient, ProgramError> {
        let name = check(new)?;
        if !new.scopes.are_allowed_to(role) {
            return Err(ProgramError::BeyondRole);
        }
        let tx = self.0.store.begin_write_for(origin).await?;
        // Locked, so that the count is true until the commit.
        if !sql::lock_organizer(&tx, organizer).await? {
            return Err(ProgramError::NotFound);
        }
        if sql::client_count(&tx, organizer).await? >= CLIENTS_MAX {
            return Err(ProgramError::LimitReached);
        }
        let made = (new.kind == ClientKind::Confidential).then(|| secret::fresh(SECRET_PREFIX, &self.env().entropy));
        let client = RegisteredClient {
            id: self.env().id(),
            organizer,
            name: name.into_string(),
            kind: new.kind,
            redirect_uris: new.redirect_uris.to_vec(),
            grant_types: GrantType::ALL.into_iter().filter(|grant| new.grant_types.contains(grant)).collect(),
            scopes: new.scopes,
            maker: Maker { user: by, is_member: true },
            created_at: tx.now(),
            approved_at: None,
        };
        let stored = made.as_ref().map(|(_, stored)| stored.to_vec());
        sql::insert_client(&tx, &client, stored).await?;
        let after = json!({
            "name": client.name,
            "kind": client.kind.text(),
            "redirect_uris": client.redirect_uris,
            "grant_types": client.grant_types.iter().map(|grant| grant.text()).collect::<Vec<_>>(),
            "scopes": client.scopes.to_string(),
        });
        tx.audit(Entry::new(organizer, "client.register", client.id).after(after));
        tx.commit().await?;
        tracing::info!(client = %client.id, %organizer, %by, "client registered");
        Ok(ShownClient { client, secret: made.map(|(text, _)| text) })
    }

    /// The organizer's clients that are not revoked, the oldest first; at most 50.
    pub async fn clients_of(&self, organizer: OrganizerId) -> Result<Vec<RegisteredClient>, ProgramError> {
        let rows = sql::clients_of(&self.0.store.begin_read().await?, organizer).await?;
        Ok(rows.into_iter().map(|row| row.client).collect())
    }

    pub async fn client_of(&self, organizer: OrganizerId, id: ClientId) -> Result<RegisteredClient, ProgramError> {
        let row = sql::client(&self.0.store.begin_read().await?, id).await?;
        let own = row.map(|row| row.client).filter(|client| client.organizer == organizer);
        own.ok_or(ProgramError::NotFound)
    }

    /// A new secret; the old one stays good for `overlap`, at most [`OVERLAP_MAX`](crate::OVERLAP_MAX), so that the program can be
    /// changed over without a gap. `BeyondRole` when the client can do more than `role` allows: who sees
    /// the secret can do it, too.
    pub async fn rotate_client_secret(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: ClientId,
        role: Role,
        overlap: Duration,
    ) -> Result<ShownClient, ProgramError> {
        check_overlap(overlap)?;
        let tx = self.0.store.begin_write_for(origin).await?;
        let row = sql::lock_client(&tx, id).await?.filter(|row| row.client.organizer == organizer);
        let row = row.ok_or(ProgramError::NotFound)?;
        if !row.client.scopes.are_allowed_to(role) {
            return Err(ProgramError::BeyondRole);
        }
        let before = row.secret.ok_or(ProgramError::NoSecret)?;
        let (text, stored) = secret::fresh(SECRET_PREFIX, &self.env().entropy);
        let until = tx.now() + overlap;
        sql::set_client_secret(&tx, id, stored, before, until).await?;
        let after = json!({ "previous_good_until": until });
        tx.audit(Entry::new(organizer, "client.rotate_secret", id).after(after));
        tx.commit().await?;
        tracing::info!(client = %id, %organizer, "client secret changed");
        Ok(ShownClient { client: row.client, secret: Some(text) })
    }

    /// Ends a client for good, with every token it was given. Doing it twice is fine.
    pub async fn revoke_client(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: ClientId,
    ) -> Result<(), ProgramError> {
        let tx = self.0.store.begin_write_for(origin).await?;
        if sql::revoke_client(&tx, organizer, id).await? == 0 {
            return if sql::is_client_of(&tx, organizer, id).await? { Ok(()) } else { Err(ProgramError::NotFound) };
        }
        tx.audit(Entry::new(organizer, "client.revoke", id));
        self.revoke_after_commit(&tx, vec![id]);
        tx.commit().await?;
        tracing::info!(client = %id, %organizer, "client revoked");
        Ok(())
    }

    /// The client that this is. One with a secret has to know it, one without must not name any.
    pub(crate) async fn authenticate(&self, tx: &Tx, auth: ClientAuth<'_>) -> Result<RegisteredClient, OAuthError> {
        let id = auth.id.parse().map_err(|_| OAuthError::InvalidClient)?;
        let row = sql::client(tx, id).await?.ok_or(OAuthError::InvalidClient)?;
        let ClientRow { client, secret: stored, previous_secret, previous_until } = row;
        let is_right = match (stored, auth.secret) {
            (None, None) => true,
            (Some(stored), Some(text)) => {
                let print = secret::print(SECRET_PREFIX, text).ok_or(OAuthError::InvalidClient)?;
                let is = |stored: &[u8]| verify_slices_are_equal(stored, &print).is_ok();
                let previous = previous_secret.filter(|_| previous_until.is_some_and(|until| tx.now() < until));
                is(&stored) || previous.is_some_and(|previous| is(&previous))
            }
            _ => false,
        };
        if is_right { Ok(client) } else { Err(OAuthError::InvalidClient) }
    }

    /// The name of a client's organizer, for people to see.
    pub(crate) async fn organizer_name_of(&self, tx: &Tx, client: &RegisteredClient) -> store::Result<String> {
        let organizer = sql::organizer(tx, client.organizer).await?.map(|organizer| organizer.name);
        organizer.ok_or_else(|| store::Error::corrupt(format!("{} has no organizer", client.id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(uris: &[&str]) -> RegisteredClient {
        RegisteredClient {
            id: ClientId(uuid::Uuid::nil()),
            organizer: OrganizerId(uuid::Uuid::nil()),
            name: "Box".to_owned(),
            kind: ClientKind::Public,
            redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
            grant_types: vec![GrantType::AuthorizationCode],
            scopes: Scopes::NONE,
            maker: Maker { user: UserId(uuid::Uuid::nil()), is_member: true },
            created_at: Timestamp::default(),
            approved_at: None,
        }
    }

    #[test]
    fn addresses_are_compared_to_the_letter() {
        let client = client(&["https://app.example/back?a=1"]);
        assert!(client.redirects_to("https://app.example/back?a=1"));
        for wrong in [
            "",
            "https://app.example/back",
            "https://app.example/back?a=1&b=2",
            "https://app.example/back?a=1#",
            "https://app.example/back/?a=1",
            "https://app.example/Back?a=1",
            "https://app.example/./back?a=1",
            "https://app.example:443/back?a=1",
            "https://app.example:8443/back?a=1",
            "https://app.example.evil.example/back?a=1",
            "https://user@app.example/back?a=1",
            "HTTPS://app.example/back?a=1",
            "http://app.example/back?a=1",
            "https://app.example/back?a=1 ",
            "https://app.example/back?a=%31",
        ] {
            assert!(!client.redirects_to(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_loopback_address_may_have_any_port() {
        let four = client(&["http://127.0.0.1/back", "http://[::1]:7000/back"]);
        for right in
            ["http://127.0.0.1/back", "http://127.0.0.1:51234/back", "http://[::1]/back", "http://[::1]:1/back"]
        {
            assert!(four.redirects_to(right), "{right:?}");
        }
        for wrong in [
            "http://127.0.0.2:51234/back",
            "http://localhost:51234/back",
            "http://127.0.0.1:51234/other",
            "https://127.0.0.1:51234/back",
            "http://127.0.0.1:51234/back?a=1",
            "http://user@127.0.0.1:51234/back",
            "http://127.1:51234/back",
            "http://127.0.0.1:51234/back#x",
            "http://127.0.0.1:0051234/back",
        ] {
            assert!(!four.redirects_to(wrong), "{wrong:?}");
        }
        let secure = client(&["https://127.0.0.1/back"]);
        assert!(!secure.redirects_to("https://127.0.0.1:8443/back"), "only where there is no TLS to have a name for");
    }

    #[test]
    fn only_addresses_that_mean_one_place_are_registered() {
        for right in ["https://app.example/", "https://app.example/a?b=c", "http://127.0.0.1/", "http://[::1]:80/a"] {
            let right = right.replace(":80/", "/");
            assert_eq!(check_redirect_uri(&right), Ok(()), "{right}");
        }
        for wrong in [
            "",
            "app",
            "/back",
            "//app.example/",
            "http://app.example/",
            "http://localhost/",
            "http://10.0.0.1/",
            "https://app.example",
            "https://App.example/",
            "https://app.example:443/",
            "https://app.example/#top",
            "https://app.example/a/../b",
            "https://*.example/",
            "https://app.example/*",
            "https://user@app.example/",
            "https://user:word@app.example/",
            "https://bücher.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "com.example.app:/back",
            "file:///etc/passwd",
            &format!("https://app.example/{}", "a".repeat(500)),
        ] {
            assert!(check_redirect_uri(wrong).is_err(), "{wrong:?}");
        }
    }
}
