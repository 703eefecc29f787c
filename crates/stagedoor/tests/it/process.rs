//! The server as a process: it starts, survives being killed, stops in order, and is alone on its
//! data.

use testkit::Installation;

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
async fn a_second_server_on_the_same_address_is_refused() {
    let (one, two) = (Installation::new().await, Installation::new().await);
    let server = one.serve(&[]).await;
    let second = two.output(&["serve", "--listen", &server.address().to_string()]).await;
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("could not listen"), "{said}");
}
