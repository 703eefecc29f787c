//! Every statement on this crate's tables.

mod ledger;
mod payment;
pub(crate) mod simulated;

pub(crate) use ledger::*;
pub(crate) use payment::*;
