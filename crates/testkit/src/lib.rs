//! What tests of every crate share: a private database, a manual clock, a seed.
//!
//! The whole suite runs on SQLite by default and on PostgreSQL when `STAGEDOOR_TEST_POSTGRES`
//! holds the URL of a server on which databases may be created.

mod database;

pub use database::{TestStore, postgres_url};
