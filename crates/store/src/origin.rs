//! Who changes something, and where the wish came from.

use std::net::IpAddr;

use serde_json::{Value, json};
use stagedoor_core::{ApiKeyId, ClientId, GrantId, RequestId, UserId};
use uuid::Uuid;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who has not signed in.
    Nobody,
    User(UserId),
    /// An OAuth client that acts for its organizer, without a person.
    Client(ClientId),
    /// Whoever shows an API key of an organizer.
    ApiKey(ApiKeyId),
    /// Whoever runs the installation, at its command line.
    Operator,
    /// The program itself: jobs, and what follows from what others began.
    System,
}

/// What lets a client act, so that what it does for a person can be told from what they do themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leave {
    pub client: ClientId,
    pub grant: GrantId,
}

/// Who acts, and from where. Passed along with the wish, so that the audit log can say it.
/// `Debug` shows neither address nor user agent: they are personal.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    pub actor: Actor,
    /// The leave by which a client acts, for a person or for its organizer.
    pub leave: Option<Leave>,
    pub address: Option<IpAddr>,
    /// As the client sent it, cut to [`Origin::AGENT_MAX`] bytes.
    pub agent: Option<Box<str>>,
    pub request: Option<RequestId>,
}

impl Origin {
    /// Longer ones tell nothing more about a browser.
    pub const AGENT_MAX: usize = 400;

    const fn of(actor: Actor) -> Origin {
        Origin { actor, leave: None, address: None, agent: None, request: None }
    }

    pub const fn system() -> Origin {
        Self::of(Actor::System)
    }

    pub const fn operator() -> Origin {
        Self::of(Actor::Operator)
    }

    /// A person, without a word of where from.
    pub const fn user(user: UserId) -> Origin {
        Self::of(Actor::User(user))
    }

    /// Somebody at a network address who has not signed in.
    pub const fn address(address: IpAddr) -> Origin {
        Origin { actor: Actor::Nobody, leave: None, address: Some(address), agent: None, request: None }
    }

    /// The same from whom it turned out to be.
    pub fn by(&self, user: UserId) -> Origin {
        Origin { actor: Actor::User(user), ..self.clone() }
    }

    /// What an entry keeps sealed of where a wish came from.
    pub(crate) fn sealed_part(&self) -> Value {
        let Origin { leave, address, agent, .. } = self;
        let mut part = json!({ "address": address, "agent": agent });
        if let Some(Leave { client, grant }) = leave {
            part["client"] = json!(client);
            part["grant"] = json!(grant);
        }
        let is_empty = leave.is_none() && address.is_none() && agent.is_none();
        if is_empty { Value::Null } else { part }
    }
}

impl Actor {
    /// As filters and exports name it: `usr_...`, `cli_...`, `key_...`, `nobody`, `operator`, `system`.
    pub fn text(self) -> String {
        match self {
            Actor::User(user) => user.to_string(),
            Actor::Client(client) => client.to_string(),
            Actor::ApiKey(key) => key.to_string(),
            other => other.kind().to_owned(),
        }
    }

    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Actor::Nobody => "nobody",
            Actor::User(_) => "user",
            Actor::Client(_) => "client",
            Actor::ApiKey(_) => "api_key",
            Actor::Operator => "operator",
            Actor::System => "system",
        }
    }

    pub(crate) const fn user(self) -> Option<UserId> {
        match self {
            Actor::User(user) => Some(user),
            _ => None,
        }
    }

    /// Of a person or program.
    pub(crate) fn id(self) -> Option<Uuid> {
        match self {
            Actor::User(user) => Some(user.into()),
            Actor::Client(client) => Some(client.into()),
            Actor::ApiKey(key) => Some(key.into()),
            Actor::Nobody | Actor::Operator | Actor::System => None,
        }
    }

    /// Whose the address and the user agent of an entry are: the actor's or, where nobody is signed in,
    /// of whoever it is about, as at a failed sign-in. A program's are no person's, whomever it acts on.
    pub(crate) fn owner(self, about: Option<UserId>) -> Option<UserId> {
        match self {
            Actor::User(user) => Some(user),
            Actor::Client(_) | Actor::ApiKey(_) => None,
            Actor::Nobody | Actor::Operator | Actor::System => about,
        }
    }

    pub(crate) fn from_kind(kind: &str, id: Option<Uuid>) -> Option<Actor> {
        let actor = match (kind, id) {
            ("nobody", None) => Actor::Nobody,
            ("operator", None) => Actor::Operator,
            ("system", None) => Actor::System,
            ("user", Some(id)) => Actor::User(id.into()),
            ("client", Some(id)) => Actor::Client(id.into()),
            ("api_key", Some(id)) => Actor::ApiKey(id.into()),
            _ => return None,
        };
        Some(actor)
    }
}

/// What a filter may name as an actor.
pub const ACTOR_EXPECTED: &str = "must be the id of a user, client or API key, nobody, operator or system";

impl std::str::FromStr for Actor {
    type Err = stagedoor_core::FieldError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let program = || text.parse().map(Actor::Client).or_else(|_| text.parse().map(Actor::ApiKey)).ok();
        let known = Actor::from_kind(text, None).or_else(|| text.parse().ok().map(Actor::User)).or_else(program);
        known.ok_or_else(|| stagedoor_core::FieldError::new("actor", ACTOR_EXPECTED))
    }
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Origin({})", self.actor.text())
    }
}
