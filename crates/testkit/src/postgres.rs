//! Databases on the PostgreSQL server that `scripts/test-servers.sh` started.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection};
use stagedoor_core::Env;
use store::Store;

/// The server to create databases on, when the suite runs on PostgreSQL.
pub fn postgres_url() -> Option<String> {
    from_environment("STAGEDOOR_TEST_POSTGRES")
}

/// The Redis server started for this run, if there is one.
pub fn redis_url() -> Option<String> {
    from_environment("STAGEDOOR_TEST_REDIS")
}

/// The Redis Cluster started for this run, if there is one, as `redis_url` takes it.
pub fn redis_cluster_url() -> Option<String> {
    from_environment("STAGEDOOR_TEST_REDIS_CLUSTER")
}

fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|url| !url.is_empty())
}

/// An arbitrary constant: one test process at a time makes the template.
const TEMPLATE_LOCK: &str = "SELECT pg_advisory_lock(2206411983)";

/// Creates a database on `server` with the current schema in it and gives its URL. It is a copy of
/// a migrated template, which the first caller makes. Nothing drops it: that would wait for a
/// checkpoint, about a second, and the temporary server takes all its databases with it.
pub async fn fresh_database(server: &str) -> String {
    let mut connection = PgConnection::connect(server).await.expect("the test server answers");
    let template = format!("template_{:016x}", schema_version());
    if !exists(&mut connection, &template).await {
        run(&mut connection, TEMPLATE_LOCK).await;
        if !exists(&mut connection, &template).await {
            make_template(server, &mut connection, &template).await;
        }
        run(&mut connection, "SELECT pg_advisory_unlock_all()").await;
    }
    let name = format!("test_{}", Env::system().id::<uuid::Uuid>().simple());
    run(&mut connection, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    connection.close().await.expect("the test server answers");
    beside(server, &name)
}

/// The lock of whoever owns a database, as `store::Owner` takes it: a number of 64 bits in halves.
const OWNER: &str = "locktype = 'advisory' AND classid = 0 AND objid = 7827462
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// Ends the session that owns the database at `url`, as a failing network would.
pub async fn end_owner(url: &str) {
    let mut connection = PgConnection::connect(url).await.expect("the test server answers");
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {OWNER} AND granted");
    run(&mut connection, &end).await;
}

/// Takes the right to the database at `url` away from whoever owns it, and keeps it until dropped.
pub async fn usurp(url: &str) -> Usurper {
    let mut waiting = PgConnection::connect(url).await.expect("the test server answers");
    let waiting = tokio::spawn(async move {
        run(&mut waiting, "SELECT pg_advisory_lock(7827462)").await;
        Usurper(waiting)
    });
    let mut connection = PgConnection::connect(url).await.expect("the test server answers");
    // First in line, it has the lock before its last owner can ask for it again.
    let in_line = format!("SELECT 1 FROM pg_locks WHERE {OWNER} AND NOT granted");
    while connection.fetch_optional(sqlx::AssertSqlSafe(&*in_line)).await.expect("the test server answers").is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    end_owner(url).await;
    waiting.await.expect("the lock is given")
}

/// See [`usurp`].
pub struct Usurper(#[expect(dead_code, reason = "it has the lock for as long as it lives")] PgConnection);

/// Migrates under another name and renames at the end, so that who finds the template finds it whole.
async fn make_template(server: &str, connection: &mut PgConnection, template: &str) {
    let draft = format!("{template}_draft");
    run(connection, &format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)")).await;
    run(connection, &format!("CREATE DATABASE {draft}")).await;
    let store = Store::open(&beside(server, &draft), Env::system()).await.expect("the template migrates");
    store.close().await.expect("the template closes");
    run(connection, &format!("ALTER DATABASE {draft} RENAME TO {template}")).await;
}

async fn exists(connection: &mut PgConnection, name: &str) -> bool {
    let query = sqlx::query_scalar::<_, i32>("SELECT 1 FROM pg_database WHERE datname = $1").bind(name);
    query.fetch_optional(connection).await.expect("the test server answers").is_some()
}

async fn run(connection: &mut PgConnection, statement: &str) {
    let done = connection.execute(sqlx::AssertSqlSafe(statement.to_owned())).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// The URL of another database of the same server.
fn beside(server: &str, name: &str) -> String {
    let (address, query) = server.split_once('?').map_or((server, None), |(address, query)| (address, Some(query)));
    let base = address.rsplit_once('/').map_or(address, |(base, _)| base);
    match query {
        Some(query) => format!("{base}/{name}?{query}"),
        None => format!("{base}/{name}"),
    }
}

/// Changes with the migrations, so that a server that lives longer than a run gets a new template.
fn schema_version() -> u64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the migrations are there")
        .map(|entry| entry.expect("the migrations are readable").path())
        .collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(&file).expect("the migrations are readable").hash(&mut hasher);
    }
    hasher.finish()
}
