//! One suite over the database of the run: SQLite, or PostgreSQL with `STAGEDOOR_TEST_POSTGRES`.

mod blind;
mod faults;
mod faulty;
mod gateway;
mod ledger;
mod races;
mod steps;
mod world;
