//! Venues and events to try the program with: three venues at real size, a world of events in
//! them, and many small events for measurements. The same seed gives the same world.
//!
//! Places, performers and productions are invented; the cities are real.

mod club;
mod geometry;
mod stadium;
mod synthetic;
mod theatre;
mod world;

pub use club::club;
pub use stadium::stadium;
pub use synthetic::{Synthetic, synthetic_cards, synthetic_events};
pub use theatre::theatre;
pub use world::{DemoEvent, DemoOrganizer, world};
