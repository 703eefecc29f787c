//! The engine with its threads and a real journal (SQLite, or PostgreSQL when `STAGEDOOR_TEST_POSTGRES` is
//! set), through the handle everyone else uses.

mod by_hand;
mod home;
mod many;
mod runtime;
mod simulation;
