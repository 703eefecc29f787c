//! The data of an installation: its folder, its lock, its master key and its database.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use journal::{Journal, Partition, PostgresJournal, SqliteJournal};
use stagedoor_core::Env;
use store::{Keyring, Owner, Store, installation};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::FAILED;
use crate::config::Settings;
use crate::fault::{Chain, Fault, because};

const DATABASE: &str = "stagedoor.db";
const LOCK: &str = "stagedoor.lock";
const MASTER_KEY: &str = "master.key";

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
        let keyring = Keyring::new(master_key(settings, access, &env)?, env.entropy.clone());
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
            Access::Owner | Access::Beside => Store::open(&url, env.clone()).await,
        };
        let store = store.map_err(because("open the database"))?;
        check(&store, &keyring, settings, access).await?;
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

/// The secret all other keys are derived from: the one that is set, else the one in the data
/// folder, which is made at the first start.
fn master_key(settings: &Settings, access: Access, env: &Env) -> Result<[u8; 32], Fault> {
    if let Some(text) = &settings.master_key {
        return key_from(text).ok_or_else(|| "master_key must be 64 hexadecimal digits".into());
    }
    let path = settings.master_key_file.clone().unwrap_or_else(|| settings.data.join(MASTER_KEY));
    if settings.master_key_file.is_none() && access != Access::Looking && !path.exists() {
        make_master_key(&settings.data, &path, env).map_err(because(format!("make {}", path.display())))?;
    }
    let text = fs::read_to_string(&path).map_err(because(format!("read the master key {}", path.display())))?;
    key_from(&text).ok_or_else(|| format!("{} must hold 64 hexadecimal digits", path.display()).into())
}

/// Whole and durable before it has its name, so that no crash leaves half a key; never replaces
/// one that another process made meanwhile.
fn make_master_key(folder: &Path, path: &Path, env: &Env) -> io::Result<()> {
    let key: [u8; 32] = env.entropy.bytes();
    let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let draft = folder.join(format!(".{MASTER_KEY}.{:016x}", env.entropy.next_u64()));
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&draft)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(folder)?.sync_all()
}

fn key_from(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (byte, digits) in key.iter_mut().zip(0..) {
        *byte = u8::from_str_radix(&text[2 * digits..2 * digits + 2], 16).expect("two hexadecimal digits");
    }
    Some(key)
}

/// Refuses settings that do not fit the database: with another key nothing sealed would open, and
/// with another number of partitions events would be looked for in the wrong journal and their
/// seats sold again.
async fn check(store: &Store, keyring: &Keyring, settings: &Settings, access: Access) -> Result<(), Fault> {
    let print: String = keyring.derive("installation/print/v1")[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let partitions = settings.partitions.to_string();
    let (decided_print, decided_partitions) = match access {
        Access::Looking => {
            let tx = store.begin_read().await?;
            let decided = async |name| {
                let missing = || format!("nothing was ever kept in this database: it has no {name}");
                installation::decided(&tx, name).await?.ok_or_else(|| Fault::from(missing()))
            };
            (decided("master_key").await?, decided("partitions").await?)
        }
        Access::Owner | Access::Beside => {
            let tx = store.begin_write().await?;
            let decided_print = installation::decide(&tx, "master_key", &print).await?;
            let decided_partitions = installation::decide(&tx, "partitions", &partitions).await?;
            tx.commit().await?;
            (decided_print, decided_partitions)
        }
    };
    if decided_print != print {
        return Err("the master key is not the one this database was made with".into());
    }
    if decided_partitions != partitions {
        return Err(format!(
            "this database has {decided_partitions} partitions, and that is fixed: set partitions to it"
        )
        .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_hexadecimal_digits() {
        let key = key_from(&format!("{}0a\n", "ff".repeat(31))).unwrap();
        assert_eq!((key[0], key[31]), (0xff, 0x0a));
        for wrong in ["", "ff", &"fg".repeat(32), &"é".repeat(32), &"ff".repeat(33)] {
            assert!(key_from(wrong).is_none(), "{wrong}");
        }
    }
}
