//! Messages of the real server: files in the data folder, unless there is a mail server.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use testkit::Installation;

/// Longer than the lease of a job that a killed server had begun.
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// The messages that lie there, once there is one.
async fn messages(place: &Installation) -> Vec<String> {
    let folder = place.data().join("spool");
    let is_whole = |file: &PathBuf| file.extension().is_some_and(|kind| kind == "eml");
    let look = || -> Vec<PathBuf> {
        let Ok(files) = std::fs::read_dir(&folder) else { return Vec::new() };
        files.map(|entry| entry.expect("a file").path()).filter(is_whole).collect()
    };
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            let files = look();
            if !files.is_empty() {
                return files;
            }
            tokio::time::sleep(POLL).await;
        }
    });
    let files = found.await.expect("a message comes");
    files.iter().map(|file| std::fs::read_to_string(file).expect("a message is text")).collect()
}

#[tokio::test]
async fn a_code_is_in_the_data_folder_although_the_server_was_killed() {
    let place = Installation::new().await;
    let server = place.serve(&[]).await;
    let body = json!({ "email": "ann@example.org", "password": "an old mill by the sea", "name": "Ann" });
    let ann = server.client().post("/api/v1/auth/register", None, &body).await.unwrap().expect(201).json();
    // Whether or not it had come to sending.
    server.kill().await;
    let server = place.serve(&[]).await;
    let messages = messages(&place).await;
    assert_eq!(messages.len(), 1, "the same message twice is the same file: {messages:#?}");
    assert!(messages[0].contains("To: ann@example.org"), "{}", messages[0]);
    let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    let code = messages[0].split_whitespace().find(is_code).expect("a code");

    let mut client = server.client().signed_in(ann["accessToken"].as_str().unwrap());
    let verified = client.post("/api/v1/me/email/verify", None, &json!({ "code": code })).await.unwrap();
    assert_eq!(verified.expect(200).json()["emailVerified"], true);
    let log = server.log();
    assert!(!log.contains(code) && !log.contains("ann@example.org"), "{log}");
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn settings_of_messages_that_cannot_be_used_stop_the_start_and_keep_their_password() {
    let place = Installation::new().await;
    for (setting, value) in [("--smtp-url", "http://ann:s3cret@mail"), ("--mail-from", "nobody")] {
        let output = place.output(&["serve", "--listen", "127.0.0.1:0", setting, value]).await;
        let said = String::from_utf8_lossy(&output.stderr);
        let name = setting.trim_start_matches("--").replace('-', "_");
        assert!(!output.status.success() && said.contains(&name) && !said.contains("s3cret"), "{said}");
    }
    let shown = place.run(&["config", "--smtp-url", "smtps://ann:s3cret@mail.example.org"]).await;
    assert!(shown.contains("mail.example.org") && !shown.contains("s3cret"), "{shown}");
}
