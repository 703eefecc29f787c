//! Sales against real parts: a real database (SQLite, or PostgreSQL when `STAGEDOOR_TEST_POSTGRES`
//! is set), the seat engine on its journal in the same kind of database, the simulated gateway, the catalogue and the jobs.

mod blocks;
mod bookings;
mod checkout;
mod contracts;
mod disk;
mod faults;
#[path = "../../../payments/tests/it/faulty.rs"]
mod faulty;
mod onsale;
mod refunds;
mod simulation;
mod world;
mod writes;
