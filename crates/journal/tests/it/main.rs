//! One suite for both databases, then what only one of them has.

mod damage;
mod home;
mod postgres;
mod sqlite_files;
mod sqlite_full;
mod suite;
