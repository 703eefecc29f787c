//! Where a test's journal lives.

use journal::{Error, Journal, Partition, PostgresJournal, SqliteJournal};
use tempfile::TempDir;

/// An empty place for journals: a folder, or a database of its own when the run is on PostgreSQL.
pub struct Home {
    folder: TempDir,
    url: Option<String>,
}

impl Home {
    pub fn new() -> Self {
        // On a thread of its own, because some tests are async and others are not.
        let fresh = |server: String| {
            let make = move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(testkit::fresh_database(&server))
            };
            std::thread::spawn(make).join().unwrap()
        };
        Self { folder: tempfile::tempdir().unwrap(), url: testkit::postgres_url().map(fresh) }
    }

    /// What opens the journals here, as often as it is asked to.
    pub fn opener(&self) -> impl Fn(Partition) -> Result<Box<dyn Journal>, Error> + Send + Sync + 'static {
        let (folder, url) = (self.folder.path().to_owned(), self.url.clone());
        move |partition| {
            Ok(match &url {
                Some(url) => Box::new(PostgresJournal::open(url, partition)?),
                None => Box::new(SqliteJournal::open(&folder, partition)?),
            })
        }
    }
}
