//! `stagedoor verify` looks and touches nothing. What it finds is tested in `box_office`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use store::Store;
use testkit::Installation;

/// Every file of the folder, but for those through which SQLite's readers and writers agree.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()));
    files.filter(|(name, bytes)| !(name.ends_with("-shm") || name.ends_with("-wal") && bytes.is_empty())).collect()
}

async fn refused(place: &Installation, why: &str) {
    let output = place.output(&["verify"]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(why), "{said}");
}

#[tokio::test]
async fn verify_leaves_every_file_as_it_was() {
    let place = Installation::new().await;
    let server = place.serve(&[]).await;
    place.run(&["verify"]).await;
    // What it finds after a crash stays for the server to recover.
    server.kill().await;
    let left = contents(&place.data());
    assert_eq!(left.keys().any(|name| name.ends_with("-wal")), place.database_url().is_none());
    place.run(&["verify"]).await;
    assert!(contents(&place.data()) == left, "{:?}", contents(&place.data()).keys());
    assert!(place.serve(&[]).await.stop().await.success());
    let left = contents(&place.data());
    place.run(&["verify"]).await;
    assert!(contents(&place.data()) == left, "{:?}", contents(&place.data()).keys());
}

#[tokio::test]
async fn verify_refuses_what_is_not_whole_and_makes_nothing() {
    let place = Installation::new().await;
    match place.database_url() {
        Some(_) => refused(&place, "master key").await,
        None => refused(&place, "there is no database").await,
    }
    assert!(!place.data().exists());
    assert!(place.serve(&[]).await.stop().await.success());
    let key = place.data().join("master.key");
    let elsewhere = place.data().join("elsewhere");
    fs::rename(&key, &elsewhere).unwrap();
    refused(&place, "master key").await;
    assert!(!key.exists());
    fs::rename(&elsewhere, &key).unwrap();
    if place.database_url().is_none() {
        // A backup has no marks, and none is made.
        fs::remove_file(place.data().join("journal-0.mark")).unwrap();
        place.run(&["verify"]).await;
        assert!(!place.data().join("journal-0.mark").exists());
        fs::remove_file(place.data().join("journal-0.db")).unwrap();
        refused(&place, "read journal 0").await;
        assert!(!place.data().join("journal-0.db").exists());
    }
}

#[tokio::test]
async fn verify_does_not_migrate() {
    let place = Installation::new().await;
    assert!(place.serve(&[]).await.stop().await.success());
    let file = format!("sqlite:{}", place.data().join("stagedoor.db").display());
    let store = Store::open(place.database_url().unwrap_or(&file), stagedoor_core::Env::system()).await.unwrap();
    let tx = store.begin_write().await.unwrap();
    let last = "name = (SELECT MAX(name) FROM schema_migration)";
    assert_eq!(tx.execute(&format!("DELETE FROM schema_migration WHERE {last}"), ()).await.unwrap(), 1);
    tx.commit().await.unwrap();
    refused(&place, "older release").await;
    refused(&place, "older release").await;
    store.close().await.unwrap();
}
