//! Who may come in, and how often: today the limits on requests, per network address, per account
//! and per route.
//!
//! A limit is a [`Quota`] under a name, a [`Policy`], counted for each [`Subject`] by the generic
//! cell rate algorithm (GCRA). The count of a subject is one number, its debt: the time until all
//! of its quota may be used again. A [`Store`] keeps the debts: [`Local`] in this process,
//! [`Shared`] in this process and, a moment later, in a Redis with other processes.
//!
//! What always holds:
//!
//! - A request is decided in memory, at once, whatever becomes of Redis.
//! - In one process, no subject gets more than `count + time / interval` requests in any time,
//!   as long as no more subjects are indebted at once than the table has places for.
//! - Memory does not grow with the number of subjects.
//!
//! ```
//! use std::sync::Arc;
//! use gate::{Config, Limits, Local, Subject};
//! use stagedoor_core::Env;
//!
//! let limits = Limits::new(Config::default(), Arc::new(Local::new(&Env::seeded(1))));
//! let visitor = Subject::address("192.0.2.1".parse().unwrap());
//! let verdict = limits.spend(limits.address(), visitor);
//! assert!(verdict.retry_after.is_none());
//! assert_eq!(verdict.remaining, 19);
//! ```

mod limits;
mod local;
mod quota;
mod shared;

pub use limits::{Config, Limits, Policy, Stats, Store, Subject};
pub use local::Local;
pub use quota::{Quota, Verdict};
pub use shared::Shared;
