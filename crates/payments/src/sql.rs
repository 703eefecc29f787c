//! Every statement on this crate's tables.

mod ledger;
mod payment;
pub(crate) mod simulated;
mod standings;

pub(crate) use ledger::*;
pub(crate) use payment::*;
pub use standings::{PaymentStanding, standings};
