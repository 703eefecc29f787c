//! The files of an SQLite journal: making, locking and opening them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{LOG_PAGES_MAX, PAGE_SIZE, fault, io};
use crate::sql::sqlite as sql;
use crate::{Error, Partition, Result};

/// Another process may read (a backup, a verification) while we write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const VERSION: i64 = 1;

pub(super) fn make_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    // SQLite flushes the folder its files are in; that the folder itself survives is up to us.
    match folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

pub(super) fn lock(path: &Path) -> Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    let file = file.map_err(io("open the journal's lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(io("lock the journal")(error)),
    }
}

pub(super) fn open_file(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    // One thread at a time uses a journal, so SQLite needs no mutex of its own.
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_NO_MUTEX | access)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// Opens the database for its owner and makes the tables when it is new.
pub(super) fn connect(path: &Path, partition: Partition) -> Result<Connection> {
    let doing = "open the journal";
    let mut connection =
        open_file(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE).map_err(fault(doing))?;
    let settings = format!(
        "PRAGMA page_size = {PAGE_SIZE};
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = {};",
        LOG_PAGES_MAX * PAGE_SIZE
    );
    connection.execute_batch(&settings).map_err(fault(doing))?;
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).map_err(fault(doing))?;
    assert_eq!(mode, "wal", "a journal keeps its log beside it");
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(fault(doing))?;
    if version == 0 {
        let made = (|| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            tx.execute_batch(sql::SCHEMA)?;
            tx.execute(sql::PARTITION_START, [partition.0])?;
            tx.commit()
        })();
        made.map_err(fault("make the journal's tables"))?;
    }
    check_partition(&connection, partition)?;
    Ok(connection)
}

/// Refuses a file of a newer release, and one that was renamed from another partition.
pub(super) fn check_partition(connection: &Connection, partition: Partition) -> Result<()> {
    let doing = "open the journal";
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(fault(doing))?;
    if version != VERSION {
        let source = format!("its tables are version {version}, this release knows {VERSION}").into();
        return Err(Error::Fault { doing, source });
    }
    let found: u32 = connection.query_row(sql::PARTITION, [], |row| row.get(0)).map_err(fault(doing))?;
    if found != partition.0 {
        let source = format!("it belongs to partition {found}, not {partition}").into();
        return Err(Error::Fault { doing, source });
    }
    Ok(())
}

pub(super) fn log_pages(path: &Path) -> u64 {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    // No log yet, no pages.
    fs::metadata(log).map_or(0, |file| file.len() / PAGE_SIZE)
}
