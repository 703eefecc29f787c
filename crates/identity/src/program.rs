//! Programs: what acts for a person or an organizer with scopes, and not as the person itself.

use std::fmt;

use stagedoor_core::{ApiKeyId, ClientId, Code, FieldError, GrantId, OrganizerId, Timestamp, UserId};
use store::{Actor, Leave};
use uuid::Uuid;

use crate::account::store_code;
use crate::guest::Guest;
use crate::scope::Scopes;
use crate::token::Principal;

/// Who a request is from, as proven by what stands in its `Authorization` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearer {
    /// Somebody signed in: all that they may do.
    Person(Principal),
    /// Somebody who has no account: what is said to be for guests, and nothing else.
    Guest(Guest),
    /// A program: what both its scopes and whom it acts for allow.
    Program(Program),
}

/// A program with leave to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    pub id: ProgramId,
    /// Whose program it is. It is staff of no other.
    pub organizer: OrganizerId,
    /// For whom it acts; without one, for its organizer.
    pub user: Option<UserId>,
    pub scopes: Scopes,
    pub expires_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramId {
    /// With the grant that it was given.
    Client(ClientId, GrantId),
    Key(ApiKeyId),
}

/// Who registered a client or made a key, and so knows its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maker {
    pub user: UserId,
    /// Whether they still work for the organizer: else the secret is better changed.
    pub is_member: bool,
}

impl Bearer {
    pub(crate) fn expires_at(&self) -> Timestamp {
        match self {
            Bearer::Person(principal) => principal.expires_at,
            Bearer::Guest(guest) => guest.expires_at,
            Bearer::Program(program) => program.expires_at,
        }
    }
}

impl Program {
    /// Who is written down as having done what it does: its person; else the program.
    pub fn actor(&self) -> Actor {
        match (self.user, self.id) {
            (Some(user), _) => Actor::User(user),
            (None, ProgramId::Client(client, _)) => Actor::Client(client),
            (None, ProgramId::Key(key)) => Actor::ApiKey(key),
        }
    }

    /// What is written down beside that, to tell it from what the person does themselves.
    pub fn leave(&self) -> Option<Leave> {
        match self.id {
            ProgramId::Client(client, grant) => Some(Leave { client, grant }),
            ProgramId::Key(_) => None,
        }
    }

    /// The id that stands where the books want to know which member of staff it was: its person's; else
    /// the program's, which no person has.
    pub fn by(&self) -> UserId {
        self.user.unwrap_or_else(|| UserId(self.id.into()))
    }
}

impl From<ProgramId> for Uuid {
    fn from(id: ProgramId) -> Uuid {
        match id {
            ProgramId::Client(client, _) => client.into(),
            ProgramId::Key(key) => key.into(),
        }
    }
}

impl fmt::Display for ProgramId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProgramId::Client(client, _) => client.fmt(out),
            ProgramId::Key(key) => key.fmt(out),
        }
    }
}

/// Why a client or an API key could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    #[error(transparent)]
    Field(#[from] FieldError),
    /// No such client, key or grant.
    #[error("no such program")]
    NotFound,
    /// The scopes reach further than the role of who asks.
    #[error("the program could do more than your role allows")]
    BeyondRole,
    /// The organizer has as many as allowed.
    #[error("too many programs")]
    LimitReached,
    #[error("a public client has no secret")]
    NoSecret,
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl ProgramError {
    pub fn code(&self) -> Code {
        match self {
            ProgramError::Field(_) => Code::InvalidField,
            ProgramError::NotFound => Code::NotFound,
            ProgramError::BeyondRole => Code::NotAllowed,
            ProgramError::LimitReached => Code::Conflict,
            ProgramError::NoSecret => Code::WrongState,
            ProgramError::Store(error) => store_code(error),
        }
    }
}
