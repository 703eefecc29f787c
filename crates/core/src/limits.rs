//! The limits the requirement documents set, and their defaults where they can be configured.

use std::time::Duration;

/// Seats and places in one hold. Source: document 004, 5.1 "maximum 10 seats per booking".
pub const SEATS_PER_HOLD_MAX: usize = 10;

/// How long a hold lasts unless the event says otherwise. Source: document 004, FR-2.3.
pub const HOLD_TTL: Duration = Duration::from_secs(5 * 60);
/// The shortest and longest hold time an organizer may set.
pub const HOLD_TTL_RANGE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(60 * 60));

/// By how much the one extension at payment lengthens a hold, counted from now.
pub const HOLD_EXTENSION: Duration = Duration::from_secs(3 * 60);

/// When the owner of a hold is warned. Source: document 004, FR-3.3.
pub const HOLD_WARNING: Duration = Duration::from_secs(30);

/// Active holds of one fan over all events. Source: document 004, 5.1.
pub const HOLDS_PER_FAN_MAX: u32 = 3;

/// Hold attempts of one fan in a minute. Source: document 004, NFR-5.1.
pub const HOLD_ATTEMPTS_PER_MINUTE: u32 = 10;

/// Before the start of an event, until when a ticket can be given back. Source: document 004, 5.1.
pub const REFUND_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// How long an idempotency key is remembered. Source: API.md.
pub const IDEMPOTENCY_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Life of an access token and of a refresh token. Source: document 002, "Token Expiration".
pub const ACCESS_TOKEN_TTL: Duration = Duration::from_secs(60 * 60);
pub const REFRESH_TOKEN_TTL: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Items on one page of a list: default and largest. Source: API.md.
pub const PAGE_DEFAULT: u32 = 20;
pub const PAGE_MAX: u32 = 100;

/// Largest request body; a seat map of 80,000 seats has its own, larger limit.
pub const BODY_MAX: usize = 64 * 1024;
pub const SEAT_MAP_BODY_MAX: usize = 32 * 1024 * 1024;

/// Seats in one seat map: twice the largest stadium there is.
pub const SEATS_PER_MAP_MAX: usize = 250_000;
/// General-admission areas in one seat map.
pub const AREAS_PER_MAP_MAX: usize = 250;
/// Price levels in one seat map or event; a level is one byte in the engine.
pub const LEVELS_MAX: usize = 250;
