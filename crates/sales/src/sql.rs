//! Every statement on the tables of this crate.

mod blocks;
mod contracts;
mod events;
mod fees;
mod orders;
mod refunds;
mod standings;

pub(crate) use blocks::*;
pub use blocks::{all_places_in_blocks, all_seats_in_blocks};
pub(crate) use contracts::*;
pub use events::all_area_capacities;
pub(crate) use events::*;
pub(crate) use fees::*;
pub(crate) use orders::*;
pub use orders::{OrderFilter, OrderPage};
pub(crate) use refunds::*;
pub use standings::{Owned, PlaceStanding, Stage, Standing, standings};
