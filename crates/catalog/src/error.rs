//! Why a use case of the catalogue refuses, in domain words, each with its code.

use stagedoor_core::{Code, FieldError};

use crate::cursor::InvalidCursor;
use crate::event::{EventState, Transition};
use crate::seat_map::SeatMapError;

/// Creating, changing or reading a venue or performer.
#[derive(Debug, thiserror::Error)]
pub enum VenueError {
    #[error(transparent)]
    Invalid(#[from] FieldError),
    /// Absent, or another organizer's.
    #[error("no such venue or performer")]
    NotFound,
    /// Changed by someone else since the caller read it.
    #[error("the venue is at version {current}")]
    Conflict { current: u32 },
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Adding or reading a seat map.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    #[error(transparent)]
    Invalid(#[from] SeatMapError),
    /// The venue or map is absent, or another organizer's.
    #[error("no such venue or seat map")]
    NotFound,
    /// Others keep adding maps to the venue at the same moment.
    #[error("the venue's seat maps are changing too fast")]
    Busy,
    #[error("the idempotency key was used with another body")]
    KeyMismatch,
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Creating, changing or reading an event.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    #[error(transparent)]
    Invalid(#[from] FieldError),
    /// Absent, another organizer's, or not published.
    #[error("no such event")]
    NotFound,
    /// Changed by someone else since the caller read it.
    #[error("the event is at version {current}")]
    Conflict { current: u32 },
    #[error("an event that is {} cannot {}", state.text(), match transition {
        Transition::Publish => "be published",
        Transition::TakeOffSale => "be taken off sale",
        Transition::Postpone => "be postponed",
        Transition::Cancel => "be cancelled",
    })]
    WrongState { state: EventState, transition: Transition },
    /// A change that is only possible before the event is published.
    #[error("{what} cannot change once the event is published")]
    Fixed { what: &'static str },
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Reading a page of a list.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    #[error(transparent)]
    Invalid(#[from] FieldError),
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error("no such venue")]
    NotFound,
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl VenueError {
    pub fn code(&self) -> Code {
        match self {
            VenueError::Invalid(_) => Code::InvalidField,
            VenueError::NotFound => Code::NotFound,
            VenueError::Conflict { .. } => Code::Conflict,
            VenueError::Store(error) => store_code(error),
        }
    }
}

impl MapError {
    pub fn code(&self) -> Code {
        match self {
            MapError::Invalid(_) => Code::InvalidSeatMap,
            MapError::NotFound => Code::NotFound,
            MapError::Busy => Code::Unavailable,
            MapError::KeyMismatch => Code::IdempotencyMismatch,
            MapError::Store(error) => store_code(error),
        }
    }
}

impl EventError {
    pub fn code(&self) -> Code {
        match self {
            EventError::Invalid(_) => Code::InvalidField,
            EventError::NotFound => Code::NotFound,
            EventError::Conflict { .. } => Code::Conflict,
            EventError::WrongState { .. } | EventError::Fixed { .. } => Code::WrongState,
            EventError::Store(error) => store_code(error),
        }
    }
}

impl ListError {
    pub fn code(&self) -> Code {
        match self {
            ListError::Invalid(_) => Code::InvalidQuery,
            ListError::Cursor(_) => Code::InvalidCursor,
            ListError::NotFound => Code::NotFound,
            ListError::Store(error) => store_code(error),
        }
    }
}

fn store_code(error: &store::Error) -> Code {
    match error {
        store::Error::Conflict { .. } => Code::Conflict,
        store::Error::Busy(_) => Code::Unavailable,
        store::Error::Fault(_) | store::Error::Setup(_) => Code::Internal,
    }
}
