//! The server as a process: it starts, survives being killed, stops in order, and is alone on its
//! data.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use testkit::{Installation, Server, end_owner, usurp};

#[tokio::test]
async fn a_server_that_was_killed_starts_again_on_its_data() {
    let place = Installation::new().await;
    let server = place.serve(&[]).await;
    server.kill().await;
    let server = place.serve(&[]).await;
    server.client().get("/healthz").await.unwrap().expect(200);
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused() {
    let place = Installation::new().await;
    let server = place.serve(&[]).await;
    let second = place.output(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("is using"), "{said}");
    server.client().get("/readyz").await.unwrap().expect(200);
}

#[tokio::test]
async fn a_second_server_on_the_same_database_is_refused_wherever_it_runs() {
    let place = Installation::new().await;
    let server = place.serve(&[]).await;
    let Some(elsewhere) = place.elsewhere() else { return };
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["demo"]] {
        let second = elsewhere.output(command).await;
        assert_eq!(second.status.code(), Some(1), "{command:?}");
        let said = String::from_utf8_lossy(&second.stderr);
        assert!(said.contains("is using this database"), "{said}");
    }
    elsewhere.run(&["verify"]).await;
    server.client().get("/readyz").await.unwrap().expect(200);
    // The next one need not wait, however its predecessor ended.
    server.kill().await;
    let server = elsewhere.serve(&[]).await;
    assert!(server.stop().await.success());
    place.serve(&[]).await;
}

/// Waits until the server logged `text`.
async fn logged(server: &Server, text: &str) {
    for _ in 0..600 {
        if server.log().contains(text) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never logged: {text}\n{}", server.log());
}

#[tokio::test]
async fn a_server_that_lost_its_hold_on_the_database_takes_it_again_or_ends() {
    let place = Installation::new().await;
    let Some(url) = place.database_url() else { return };
    let server = place.serve(&[]).await;
    end_owner(url).await;
    logged(&server, "owned again").await;
    server.client().get("/readyz").await.unwrap().expect(200);

    let _other = usurp(url).await;
    logged(&server, "taken over").await;
    assert_eq!(server.ended().await.code(), Some(1));
}

#[tokio::test]
async fn a_second_server_on_the_same_address_is_refused() {
    let (one, two) = (Installation::new().await, Installation::new().await);
    let server = one.serve(&[]).await;
    let second = two.output(&["serve", "--listen", &server.address().to_string()]).await;
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("could not listen"), "{said}");
}

#[tokio::test]
async fn the_metrics_of_a_running_server_are_what_their_readers_expect() {
    let place = Installation::new().await;
    let server = place.serve(&[]).await;
    let mut client = server.client();
    client.get("/api/v1/events").await.unwrap().expect(200);
    client.get("/nowhere").await.unwrap().expect(404);
    let wrong = json!({ "email": "ann@fans.example", "password": "an old mill by the sea" });
    client.post("/api/v1/auth/login", None, &wrong).await.unwrap().expect(401);
    let mut text = String::new();
    // Jobs are counted when the server first keeps its metrics.
    for _ in 0..600 {
        text = String::from_utf8(client.get("/metrics").await.unwrap().expect(200).body.to_vec()).unwrap();
        if text.contains("stagedoor_jobs{") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let of_events = "route=\"/api/v1/events\",method=\"GET\"";
    for wanted in [
        "# TYPE stagedoor_http_request_seconds histogram".to_owned(),
        format!("stagedoor_http_request_seconds_bucket{{{of_events},le=\"0.0005\"}}"),
        format!("stagedoor_http_request_seconds_bucket{{{of_events},le=\"+Inf\"}} 1"),
        format!("stagedoor_http_request_seconds_count{{{of_events}}} 1"),
        "stagedoor_jobs{state=\"due\"}".to_owned(),
    ] {
        assert!(text.contains(&wanted), "{wanted} is not in\n{text}");
    }
    let file = place.data().join("metrics.txt");
    std::fs::write(&file, &text).unwrap();
    let mut promtool = tokio::process::Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::from(std::fs::File::open(&file).unwrap()));
    let checked = promtool.output().await.expect("promtool is installed: scripts/setup.sh test");
    let told = format!("{}{}", String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    assert!(checked.status.success() && told.trim().is_empty(), "{told}\n{text}");
}
