//! Who is asking, and what they may do: accounts, their addresses and profiles, sign-in with a second
//! factor, tokens, organizers and their roles.
//!
//! Invariants:
//! - whatever is personal, and the password hash, is stored sealed with a key of the person's own,
//!   which is destroyed with the account; nothing personal is in a log or a `Debug`;
//! - what a passkey is to sign is good once, for minutes, at our own address alone; a passkey stands for
//!   both factors, because it is asked for with its person verified;
//! - an outside provider signs in who has linked its account while signed in here, and nobody else who
//!   has an account; a second factor is asked for all the same;
//! - codes and tokens are stored as keyed hashes, expire, and have one winner however many try at
//!   once; no way around the password is a way around the second factor;
//! - whoever writes several of an account's rows locks the account first, and nobody locks it after
//!   one of its sessions;
//! - of a session's refresh tokens exactly one is live; presenting an older one ends the session;
//! - a guest is no account: what asks for an account finds none, and who takes over what a guest held has proved
//!   to be that guest;
//! - an access token is accepted only with our signature, for our audience, before it expires,
//!   and in this process no longer once its session has ended;
//! - a program can do what both its scopes and whom it acts for allow, at its own organizer and never
//!   to an account; an authorization code is good once, and what it gave ends when it comes back;
//! - nobody becomes a member unasked; an invitation has one answer, of the person whose address was asked;
//! - an organizer always has an owner; a role is what [`Role::allows`] says and nothing else.
//!
//! ```no_run
//! # async fn example(store: store::Store, keyring: store::Keyring) -> Result<(), Box<dyn std::error::Error>> {
//! use identity::{Config, Contact, Identity, Locale, NewAccount, Permission};
//! let identity = Identity::new(store, keyring, Config::default());
//! let home = store::Origin::address([192, 0, 2, 1].into());
//! let contact = Contact::Email("ann@example.org");
//! let new = NewAccount { contact, password: "an old mill by the sea", name: "Ann", locale: Locale::English };
//! let ann = identity.register(new, &home).await?;
//! let principal = identity.verify(&ann.access_token)?;
//! let mill = identity.create_organizer(principal.user, "Old Mill").await?;
//! let role = identity.role_of(principal.user, mill.id).await?;
//! assert!(role.is_some_and(|role| role.allows(Permission::ManageCatalogue)));
//! # Ok(())
//! # }
//! ```

mod account;
mod api_key;
mod attempts;
mod bounded;
mod contact;
mod device;
mod events;
mod factor;
mod guest;
mod holder;
mod invitation;
mod kyc;
mod letters;
mod oauth;
mod organizer;
mod passkey;
mod password;
mod platform;
mod profile;
mod program;
mod provider;
mod recovery;
mod refresh;
mod role;
mod scope;
mod secret;
mod session;
mod sql;
mod token;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use stagedoor_core::{Env, SessionId, Timestamp, limits};
use store::{Keyring, Store};
use tokio::sync::broadcast;
use uuid::Uuid;

pub use account::{
    ACCOUNT_ERASED, AccountErased, AccountError, Credentials, NewAccount, Reach, SeedAccount, SignedIn, User,
};
pub use api_key::{ApiKey, NewApiKey, ShownKey, looks_like_key};
pub use contact::{Channel, Contact};
pub use device::Device;
pub use events::Events;
pub use factor::{Enrolment, FactorState};
pub use guest::{GUEST_IDLE_MAX, GUEST_SIGNED_IN, Guest, GuestIn, GuestSignedIn, is_guests};
pub use holder::Holder;
pub use invitation::{Asked as AskedToJoin, Invitation, NewInvitation};
pub use kyc::{Check, CheckStatus, Decider, Decision, Document, DocumentKind, UnknownStatus};
pub use notify::{Locale, UnknownLocale};
pub use oauth::{
    Allowed, Asked, AuthorizationRequest, ClientAuth, ClientKind, ClientOf, ConsentError, Destination, GrantType,
    Introspection, Issued, NewClient, OAuthError, Oddity, Refused, RegisteredClient, ShownClient,
};
pub use organizer::{Member, MemberChange, Membership, Organizer, OrganizerError, Standing};
pub use passkey::{Assertion, Attestation, Passkey, PasskeyChallenge};
pub use platform::{ORGANIZER_SUSPENDED, OrganizerSuspended, Reason, is_suspended};
pub use profile::{Location, Notifications, Preferences, Profile, ProfileChange};
pub use program::{Bearer, Maker, Program, ProgramError, ProgramId};
pub use provider::{Answer, Provider, ProviderFault, ProviderLink, Providers, Visit};
pub use role::{Permission, Role};
pub use scope::{Scope, Scopes};
pub use secret::OVERLAP_MAX;
pub use session::Session;
pub use token::{Principal, TokenError};

/// What an operator may set.
#[derive(Debug, Clone)]
pub struct Config {
    /// `iss` of access tokens: the public URL of this installation. Passkeys are bound to its host, and are
    /// refused where it has no name.
    pub issuer: String,
    /// `aud` of access tokens: the API they are for.
    pub audience: String,
    /// At most one hour, whatever is set. Source: document 002, "Token Expiration".
    pub access_token_ttl: Duration,
    /// Memory of one password hash, in KiB. Source: OWASP Password Storage Cheat Sheet, 19 MiB.
    pub password_memory_kib: u32,
    /// Wrong passwords for one account in 15 minutes.
    pub login_failures_per_account: u32,
    /// Wrong passwords from one address in 15 minutes; higher, because a whole office or mobile
    /// network may share one.
    pub login_failures_per_address: u32,
    /// Attempts to register from one address in 15 minutes.
    pub registrations_per_address: u32,
    /// Guests who come from one address in 15 minutes.
    pub guests_per_address: u32,
    /// Access tokens whose signature need not be checked again; about 500 bytes each.
    pub tokens_cached_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            issuer: "stagedoor".to_owned(),
            audience: "stagedoor/api".to_owned(),
            access_token_ttl: limits::ACCESS_TOKEN_TTL,
            password_memory_kib: 19 * 1024,
            login_failures_per_account: 10,
            login_failures_per_address: 50,
            registrations_per_address: 100,
            guests_per_address: 100,
            tokens_cached_max: 1 << 17,
        }
    }
}

/// Accounts, sessions and organizers of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    store: Store,
    keyring: Keyring,
    tokens: token::Tokens,
    passwords: password::Passwords,
    /// Where the web app is, if it is anywhere.
    public_url: String,
    attempts: attempts::Attempts,
    /// None where nobody is signed in by others.
    providers: Option<Providers>,
    /// None where passkeys cannot be: see [`passkey`].
    relying_party: Option<passkey::RelyingParty>,
    roles: Mutex<organizer::RoleCache>,
    keys: Mutex<api_key::KeyCache>,
    /// When [`Identity::sync_revocations`] last read them.
    synced: Mutex<Option<Timestamp>>,
}

impl Identity {
    pub fn new(store: Store, keyring: Keyring, config: Config) -> Self {
        Self::with_providers(store, keyring, config, None)
    }

    /// The same where outside providers sign people in, too.
    pub fn with_providers(
        store: Store,
        keyring: Keyring,
        config: Config,
        providers: impl Into<Option<Providers>>,
    ) -> Self {
        Self(Arc::new(Inner {
            tokens: token::Tokens::new(&keyring, &config, store.env().now()),
            passwords: password::Passwords::new(config.password_memory_kib, store.env().entropy.clone()),
            attempts: attempts::Attempts::new(attempts::Limits {
                login_failures_per_account: config.login_failures_per_account,
                login_failures_per_address: config.login_failures_per_address,
                registrations_per_address: config.registrations_per_address,
                guests_per_address: config.guests_per_address,
            }),
            providers: providers.into(),
            relying_party: passkey::RelyingParty::at(&config.issuer),
            public_url: config.issuer,
            roles: Mutex::default(),
            keys: Mutex::default(),
            synced: Mutex::default(),
            store,
            keyring,
        }))
    }

    /// Whose own access token this is; one that a program or a guest was given is none. Answers from memory after
    /// the first time: no I/O, no await.
    pub fn verify(&self, token: &str) -> Result<Principal, TokenError> {
        match self.0.tokens.verify(token, self.now())? {
            Bearer::Person(principal) => Ok(principal),
            Bearer::Guest(_) | Bearer::Program(_) => Err(TokenError::Purpose),
        }
    }

    /// Who shows this access token or API key: person, guest or program. `None` for an API key that is not in
    /// memory: [`Identity::look_up_key`] knows. No I/O, no await.
    pub fn bearer(&self, token: &str) -> Result<Option<Bearer>, TokenError> {
        match api_key::print(token) {
            Some(print) => Ok(self.known_key(print).map(Bearer::Program)),
            None => self.0.tokens.verify(token, self.now()).map(Some),
        }
    }

    /// Whether a session ended while an access token of it may still be unexpired. From memory, as
    /// [`Identity::verify`].
    pub fn has_ended(&self, session: SessionId) -> bool {
        self.0.tokens.has_ended(session)
    }

    /// Ids of sessions, grants and clients that end from now on, here or, as [`Identity::sync_revocations`]
    /// learns of them, on other nodes.
    pub fn ended(&self) -> broadcast::Receiver<Uuid> {
        self.0.tokens.ended()
    }

    /// `iss` of every token, as the discovery document says it.
    pub fn issuer(&self) -> &str {
        self.0.tokens.names().0
    }

    /// The public key as a JSON Web Key Set, for `/.well-known/jwks.json`. Source: RFC 7517.
    pub fn jwks(&self) -> &str {
        self.0.tokens.jwks()
    }

    fn env(&self) -> &Env {
        self.0.store.env()
    }

    fn now(&self) -> Timestamp {
        self.env().now()
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Identity(..)")
    }
}
