//! One database behind one [`Tx`]: SQLite embedded, PostgreSQL at scale, the same SQL on both.
//!
//! What it owns: connections and their safety settings, migrations, the mapping between Rust
//! values and columns, idempotency keys, the [`Owner`]'s right to a PostgreSQL database, the
//! [`Keyring`] that encrypts personal data, with a [`PersonKey`] for each person, the [`audit`] log, and
//! the second wall between tenants ([`tenant`]).
//!
//! Invariants:
//! - a write transaction starts only through [`Store::begin_write`], so SQLite never has to
//!   upgrade a lock, and a dropped transaction changes nothing;
//! - a commit that returned is on disk (`synchronous = FULL`; PostgreSQL's default);
//! - a change and its entry in the audit log commit together; a chain of the log has no gap, and no
//!   byte of it changes;
//! - on PostgreSQL, what a tenant's request reads and changes is that tenant's, whatever its statements ask;
//! - every statement is one text with `$1` parameters that both databases run.
//!
//! ```no_run
//! # async fn example() -> store::Result<()> {
//! let store = store::Store::open("sqlite:data/stagedoor.db", stagedoor_core::Env::system()).await?;
//! let tx = store.begin_write().await?;
//! tx.execute("UPDATE venue SET name = $1 WHERE id = $2", ("Old Mill", store.env().id::<stagedoor_core::VenueId>())).await?;
//! tx.commit().await
//! # }
//! ```

pub mod audit;
mod connect;
pub mod dialect;
mod error;
pub mod idempotency;
pub mod installation;
mod keyring;
mod migrate;
mod origin;
mod owner;
mod person;
mod placeholders;
mod signing;
pub mod tenant;
mod tx;
mod value;
mod wall;

pub use connect::{Backend, Store};
pub use error::{Error, Result};
pub use keyring::{Keyring, KeyringError, MasterKey, OpenError, Root, Sealed};
pub use origin::{ACTOR_EXPECTED, Actor, Leave, Origin};
pub use owner::Owner;
pub use person::PersonKey;
pub use placeholders::{list, rows};
pub use signing::{Predecessors, SigningKey, SigningVersion};
pub use tx::{Row, Tx};
pub use value::{Column, IntoParam, Params};
