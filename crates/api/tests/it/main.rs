//! The API as clients meet it: the real router over the whole product, in process.

mod app;
mod approvals;
mod caller;
mod contract;
#[path = "../../../identity/tests/it/device.rs"]
mod device;
mod maps;

mod accounts;
mod audit;
mod authorization;
mod bad_input;
mod bookings;
mod catalogue;
mod cookies;
mod crowd;
mod description;
mod door;
mod factors;
mod forged;
mod fuzz;
mod guests;
mod headers;
mod holds;
mod idempotency;
mod invitations;
mod lane;
mod limited;
mod limits;
mod live;
mod live_sessions;
mod offers;
mod orders;
mod organizers;
mod passkeys;
mod people;
mod platform;
mod program_log;
mod programs;
mod proof;
mod scopes;
mod sockets;
mod tickets;
mod tls;
mod wall;
