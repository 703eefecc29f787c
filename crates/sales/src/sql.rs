//! Every statement on the tables of this crate.

mod blocks;
mod contracts;
mod events;
mod fees;
mod orders;
mod refunds;
mod standings;

pub(crate) use blocks::*;
pub(crate) use contracts::*;
pub(crate) use events::*;
pub(crate) use fees::*;
pub(crate) use orders::*;
pub use orders::{OrderFilter, OrderPage};
pub(crate) use refunds::*;
pub use standings::{Stage, Standing, standings};
