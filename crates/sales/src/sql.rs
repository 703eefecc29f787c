//! Every statement on the tables of this crate.

mod events;
mod orders;
mod refunds;
mod standings;

pub(crate) use events::*;
pub use orders::OrderPage;
pub(crate) use orders::*;
pub(crate) use refunds::*;
pub use standings::{Stage, Standing, standings};
