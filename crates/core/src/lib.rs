//! The words every other crate is written in: typed ids, money, instants, where time and
//! randomness come from, error codes and the limits the requirement documents set.
//!
//! Nothing here does I/O. Time, randomness and ids reach a function as values of [`Env`], so a
//! test that passes a manual clock and a seed replays a run exactly.
//!
//! ```
//! use stagedoor_core::{Currency, Env, EventId, Money};
//! let env = Env::seeded(7);
//! let event: EventId = env.id();
//! assert_eq!(event.to_string().parse(), Ok(event));
//! assert_eq!(Money::new(4500, Currency::EUR).to_string(), "45.00 EUR");
//! ```

mod address;
pub mod code;
mod env;
mod id;
pub mod limits;
mod money;
mod network;
mod text;
mod time;

pub use address::subscriber;
pub use code::Code;
pub use env::{Clock, Entropy, Env, Stopwatch};
pub use id::*;
pub use iso_currency::Currency;
pub use money::{Money, MoneyError};
pub use network::Network;
pub use text::{EMAIL_MAX, FieldError, Name, email_normal, is_hidden};
pub use time::{TimeText, Timestamp, TimestampError};
