//! Every statement on this crate's tables.

mod accounts;
mod checks;
mod codes;
mod factors;
mod guests;
mod invitations;
mod organizers;
mod passkeys;
mod programs;
mod providers;
mod sessions;

pub(crate) use accounts::*;
pub(crate) use checks::*;
pub(crate) use codes::*;
pub(crate) use factors::*;
pub(crate) use guests::*;
pub(crate) use invitations::*;
pub(crate) use organizers::*;
pub(crate) use passkeys::*;
pub(crate) use programs::*;
pub(crate) use providers::*;
pub(crate) use sessions::*;
