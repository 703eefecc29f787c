//! Who changes something, and where the wish came from.

use std::net::IpAddr;

use stagedoor_core::{RequestId, UserId};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who has not signed in.
    Nobody,
    User(UserId),
    /// Whoever runs the installation, at its command line.
    Operator,
    /// The program itself: jobs, and what follows from what others began.
    System,
}

/// Who acts, and from where. Passed along with the wish, so that the audit log can say it.
/// `Debug` shows neither address nor user agent: they are personal.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    pub actor: Actor,
    pub address: Option<IpAddr>,
    /// As the client sent it, cut to [`Origin::AGENT_MAX`] bytes.
    pub agent: Option<Box<str>>,
    pub request: Option<RequestId>,
}

impl Origin {
    /// Longer ones tell nothing more about a browser.
    pub const AGENT_MAX: usize = 400;

    const fn of(actor: Actor) -> Origin {
        Origin { actor, address: None, agent: None, request: None }
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
        Origin { actor: Actor::Nobody, address: Some(address), agent: None, request: None }
    }

    /// The same from whom it turned out to be.
    pub fn by(&self, user: UserId) -> Origin {
        Origin { actor: Actor::User(user), ..self.clone() }
    }
}

impl Actor {
    /// As filters and exports name it: `usr_...`, `nobody`, `operator`, `system`.
    pub fn text(self) -> String {
        match self {
            Actor::User(user) => user.to_string(),
            other => other.kind().to_owned(),
        }
    }

    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Actor::Nobody => "nobody",
            Actor::User(_) => "user",
            Actor::Operator => "operator",
            Actor::System => "system",
        }
    }

    pub(crate) const fn user(self) -> Option<UserId> {
        match self {
            Actor::User(user) => Some(user),
            Actor::Nobody | Actor::Operator | Actor::System => None,
        }
    }

    pub(crate) fn from_kind(kind: &str, user: Option<UserId>) -> Option<Actor> {
        let plain = [Actor::Nobody, Actor::Operator, Actor::System].into_iter().find(|actor| actor.kind() == kind);
        plain.or_else(|| user.filter(|_| kind == "user").map(Actor::User))
    }
}

impl std::str::FromStr for Actor {
    type Err = stagedoor_core::FieldError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || stagedoor_core::FieldError::new("actor", "must be the id of a user, nobody, operator or system");
        Actor::from_kind(text, None).or_else(|| text.parse().ok().map(Actor::User)).ok_or_else(wrong)
    }
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Origin({})", self.actor.text())
    }
}
