//! Where a test's journal lives, and a back door to its tables.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use journal::{Batch, BatchSeq, Journal, Partition, PostgresJournal, SqliteJournal};
use sqlx::{Connection, Executor, PgConnection, Row};
use stagedoor_core::{EventId, Timestamp};
use tempfile::TempDir;
use uuid::Uuid;

/// An empty place for journals: a folder, or a database of its own on the server that
/// `STAGEDOOR_TEST_POSTGRES` names. Nothing drops the database: that waits for a checkpoint of
/// everything the server has to write, and the server of a run takes its databases with it.
pub enum Home {
    Sqlite(TempDir),
    Postgres { server: String, name: String },
}

/// Runs `test` in a fresh home on every database there is.
pub fn everywhere(test: impl Fn(&Home)) {
    test(&Home::sqlite());
    if let Some(home) = Home::postgres() {
        test(&home);
    }
}

impl Home {
    pub fn sqlite() -> Self {
        Home::Sqlite(tempfile::tempdir().unwrap())
    }

    /// None without a server to use.
    pub fn postgres() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("STAGEDOOR_TEST_POSTGRES").ok()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("stagedoor_journal_{}_{number}", std::process::id());
        on_server(&server, &format!("CREATE DATABASE {name}"));
        Some(Home::Postgres { server, name })
    }

    pub fn url(&self) -> String {
        match self {
            Home::Sqlite(_) => panic!("a folder has no address"),
            Home::Postgres { server, name } => {
                let (host, _) = server.rsplit_once('/').unwrap();
                format!("{host}/{name}")
            }
        }
    }

    pub fn folder(&self) -> &Path {
        match self {
            Home::Sqlite(folder) => folder.path(),
            Home::Postgres { .. } => panic!("a server has no folder"),
        }
    }

    pub fn open(&self) -> Box<dyn Journal> {
        self.open_partition(0)
    }

    pub fn open_partition(&self, partition: u32) -> Box<dyn Journal> {
        match self {
            Home::Sqlite(folder) => Box::new(SqliteJournal::open(folder.path(), Partition(partition)).unwrap()),
            Home::Postgres { .. } => Box::new(PostgresJournal::open(&self.url(), Partition(partition)).unwrap()),
        }
    }

    /// Opened and claimed.
    pub fn own(&self) -> Box<dyn Journal> {
        let mut journal = self.open();
        journal.claim(None).unwrap();
        journal
    }

    /// Runs a statement behind the journal's back; the rows it changed.
    pub fn execute(&self, statement: &str) -> u64 {
        match self {
            Home::Sqlite(_) => self.raw().execute(statement, []).unwrap() as u64,
            Home::Postgres { .. } => on_server(&self.url(), statement),
        }
    }

    /// Puts another body into a batch; its hash stays.
    pub fn change_body(&self, seq: u64, change: impl FnOnce(&mut Vec<u8>)) {
        let select = format!("SELECT body FROM journal_batch WHERE seq = {seq}");
        match self {
            Home::Sqlite(_) => {
                let raw = self.raw();
                let mut body: Vec<u8> = raw.query_row(&select, [], |row| row.get(0)).unwrap();
                change(&mut body);
                raw.execute("UPDATE journal_batch SET body = ?1 WHERE seq = ?2", (body, seq as i64)).unwrap();
            }
            Home::Postgres { .. } => runtime().block_on(async {
                let mut raw = PgConnection::connect(&self.url()).await.unwrap();
                let select = sqlx::query(sqlx::AssertSqlSafe(select));
                let mut body: Vec<u8> = select.fetch_one(&mut raw).await.unwrap().get(0);
                change(&mut body);
                let update = sqlx::query("UPDATE journal_batch SET body = $1 WHERE seq = $2");
                update.bind(body).bind(seq as i64).execute(&mut raw).await.unwrap();
            }),
        }
    }

    fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder().join("journal-0.db")).unwrap()
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn on_server(url: &str, statement: &str) -> u64 {
    runtime().block_on(async {
        let mut raw = PgConnection::connect(url).await.unwrap();
        raw.execute(sqlx::AssertSqlSafe(statement.to_owned())).await.unwrap().rows_affected()
    })
}

/// The event with that number.
pub fn event(number: u128) -> EventId {
    EventId(Uuid::from_u128(number))
}

/// So many microseconds after the start of the tests' time.
pub fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000 + micros)
}

/// A batch of (event, version, payload).
pub fn batch(records: &[(u128, u64, &str)]) -> Batch {
    let mut batch = Batch::new();
    for (number, version, payload) in records {
        batch.push(event(*number), *version, |out| out.extend_from_slice(payload.as_bytes()));
    }
    batch
}

/// What a journal holds after `after`: batch, event, version, payload.
pub fn facts(journal: &mut dyn Journal, after: BatchSeq) -> journal::Result<Vec<(u64, EventId, u64, String)>> {
    let mut facts = Vec::new();
    journal.replay(after, &mut |header, record| {
        let payload = String::from_utf8(record.payload.to_vec())?;
        facts.push((header.seq.0, record.event, record.version, payload));
        Ok(())
    })?;
    Ok(facts)
}
