//! The API as clients meet it: the real router over the whole product, in process.

mod app;
mod caller;
mod contract;
mod maps;

mod accounts;
mod bookings;
mod catalogue;
mod holds;
mod live;
mod orders;
mod organizers;
mod tickets;
