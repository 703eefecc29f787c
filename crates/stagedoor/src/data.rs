//! The data of an installation: its folder, its lock, its keys and its database.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use journal::{Journal, Partition, PostgresJournal, SqliteJournal};
use stagedoor_core::Env;
use store::{Keyring, MasterKey, Origin, Owner, Store, installation};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::FAILED;
use crate::config::Settings;
use crate::fault::{Chain, Fault, because};
use crate::master_key;

const DATABASE: &str = "stagedoor.db";
const LOCK: &str = "stagedoor.lock";

/// What the data is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To change seats: one process at a time. Makes what is missing.
    Owner,
    /// To change other things, also beside an owner. Makes what is missing.
    Beside,
    /// To look at what is there, also beside an owner. Changes nothing and makes nothing.
    Looking,
}

/// Opened data. Whoever has it as owner has it alone.
pub struct Data {
    pub env: Env,
    pub store: Store,
    pub keyring: Keyring,
    pub journals: Journals,
    owned: Option<Owned>,
    _lock: Option<File>,
}

/// The right to the database in PostgreSQL, kept by a task. The file's lock does not reach other
/// machines.
struct Owned {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Where the seat journals are.
#[derive(Debug, Clone)]
pub enum Journals {
    Sqlite { folder: PathBuf },
    Postgres { url: String },
}

impl Data {
    pub async fn open(settings: &Settings, access: Access) -> Result<Data, Fault> {
        let env = Env::system();
        let folder = &settings.data;
        let database = folder.join(DATABASE);
        if access != Access::Looking {
            make_folder(folder).map_err(because(format!("make the data folder {}", folder.display())))?;
        } else if settings.database_url.is_none() && !database.is_file() {
            return Err(format!("there is no database in {}", folder.display()).into());
        }
        let lock = match access {
            Access::Owner => Some(lock(folder)?),
            Access::Beside | Access::Looking => None,
        };
        let master = master_key::load(settings, access != Access::Looking, &env)?;
        let (url, journals) = match &settings.database_url {
            Some(url) => (url.clone(), Journals::Postgres { url: url.clone() }),
            None => (sqlite_url(&database)?, Journals::Sqlite { folder: folder.clone() }),
        };
        // Before the database is opened: a newer release must not migrate it under an older one.
        let owned = match (access, &settings.database_url) {
            (Access::Owner, Some(url)) => Some(Owned::claim(url, &env).await?),
            _ => None,
        };
        let store = match access {
            Access::Looking => Store::open_reader(&url, env.clone()).await,
            // A command is nobody's request.
            Access::Beside => Store::open_without_wall(&url, env.clone()).await,
            Access::Owner if !settings.row_security => {
                if settings.database_url.is_some() {
                    tracing::warn!("row_security is off: nothing but our own statements keeps organizers apart");
                }
                Store::open_without_wall(&url, env.clone()).await
            }
            Access::Owner => Store::open(&url, env.clone()).await,
        };
        let store = store.map_err(because("open the database"))?;
        let keyring = open_keys(&store, &master, access).await?;
        let store = store.with_keyring(&keyring);
        // A server acts for itself and its callers, a command for whoever typed it.
        let store = if access == Access::Beside { store.with_origin(Origin::operator()) } else { store };
        check(&store, settings, access).await?;
        Ok(Data { env, store, keyring, journals, owned, _lock: lock })
    }

    /// Gives up what an owner alone has. A process that ends without this gives it up as well, a
    /// moment later.
    pub async fn release(self) {
        if let Some(Owned { stop, task }) = self.owned {
            drop(stop);
            drop(task.await);
        }
    }
}

impl Owned {
    /// From here on the process ends when the right is lost, at once: whatever it would still
    /// write belongs to somebody else. That loses nothing that was answered.
    async fn claim(url: &str, env: &Env) -> Result<Owned, Fault> {
        let owner = Owner::claim(url, env).await.map_err(because("take the database"))?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            if let Err(error) = owner.keep(async { drop(stopped.await) }).await {
                tracing::error!(error = %Chain(&error), "the database was taken over, ending at once");
                std::process::exit(FAILED.into());
            }
        });
        Ok(Owned { stop, task })
    }
}

impl Journals {
    /// Opens a partition's journal for its owner. Blocks, so never in an async task.
    pub fn open(&self, partition: Partition) -> journal::Result<Box<dyn Journal>> {
        Ok(match self {
            Journals::Sqlite { folder } => Box::new(SqliteJournal::open(folder, partition)?),
            Journals::Postgres { url } => Box::new(PostgresJournal::open(url, partition)?),
        })
    }

    /// Opens a partition's journal for reading, also beside its owner. Blocks.
    pub fn open_reader(&self, partition: Partition) -> journal::Result<Box<dyn Journal>> {
        Ok(match self {
            Journals::Sqlite { folder } => Box::new(SqliteJournal::open_reader(folder, partition)?),
            Journals::Postgres { url } => Box::new(PostgresJournal::open_reader(url, partition)?),
        })
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The lock ends with the process, however that ends.
fn lock(folder: &Path) -> Result<File, Fault> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = file.map_err(because(format!("open {}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(format!(
            "a server or another command is using {}: stop it first, then run this again",
            folder.display()
        )
        .into()),
        Err(TryLockError::Error(error)) => Err(because(format!("lock {}", path.display()))(error)),
    }
}

/// SQLite reads `?` as the start of options and `%` as an escape.
fn sqlite_url(file: &Path) -> Result<String, Fault> {
    let path = file.to_str().ok_or_else(|| format!("the path {} is not UTF-8", file.display()))?;
    Ok(format!("sqlite:{}", path.replace('%', "%25").replace('?', "%3f")))
}

/// The database's keys, made if it is new and `access` makes things.
async fn open_keys(store: &Store, master: &MasterKey, access: Access) -> Result<Keyring, Fault> {
    let opened = match access {
        Access::Looking => Keyring::open(&store.begin_read().await?, master, false).await,
        Access::Owner | Access::Beside => {
            let tx = store.begin_write().await?;
            let opened = Keyring::open(&tx, master, true).await;
            tx.commit().await?;
            opened
        }
    };
    Ok(opened?)
}

/// Refuses settings that do not fit the database: with another number of partitions events would be
/// looked for in the wrong journal and their seats sold again.
async fn check(store: &Store, settings: &Settings, access: Access) -> Result<(), Fault> {
    let partitions = settings.partitions.to_string();
    let decided = match access {
        Access::Looking => {
            let decided = installation::decided(&store.begin_read().await?, "partitions").await?;
            decided.ok_or("nothing was ever kept in this database: it has no partitions")?
        }
        Access::Owner | Access::Beside => {
            let tx = store.begin_write().await?;
            let decided = installation::decide(&tx, "partitions", &partitions).await?;
            tx.commit().await?;
            decided
        }
    };
    if decided != partitions {
        return Err(format!("this database has {decided} partitions, and that is fixed: set partitions to it").into());
    }
    Ok(())
}
