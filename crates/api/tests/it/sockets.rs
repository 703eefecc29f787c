//! What only a raw socket can say, to a real server.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{TestApp, Wish};

const PATIENCE: Duration = Duration::from_secs(30);

/// Sends bytes and reads until the server closes; what it said.
async fn say(address: SocketAddr, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.expect("the server listens");
    // It may close before it has read everything, which is an answer, too.
    let _ = socket.write_all(bytes).await;
    let mut heard = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut heard)).await.expect("the server answers or closes");
    String::from_utf8_lossy(&heard).into_owned()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn requests_that_two_parsers_could_read_differently_are_refused() {
    let app = TestApp::new().await;
    let address = app.serve();
    let post = "POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    for (what, request) in [
        ("both lengths", format!("{post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{{}}")),
        (
            "both lengths, turned around",
            format!("{post}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n{{}}"),
        ),
        ("two lengths", format!("{post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}x")),
        ("a negative length", format!("{post}Content-Length: -1\r\n\r\n{{}}")),
        ("a signed length", format!("{post}Content-Length: +2\r\n\r\n{{}}")),
        ("a length in hexadecimal", format!("{post}Content-Length: 0x2\r\n\r\n{{}}")),
        ("a length beyond all numbers", format!("{post}Content-Length: 99999999999999999999\r\n\r\n{{}}")),
        ("an unknown coding", format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")),
        ("a coding after chunked", format!("{post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")),
        ("a space before the colon", "GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n".to_owned()),
        ("a bare CR in a header", "GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n".to_owned()),
        ("a NUL in a header", "GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n".to_owned()),
        ("a line without a name", "GET /healthz HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n".to_owned()),
        ("a folded header", "GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n".to_owned()),
        ("a space in the address", "GET /health z HTTP/1.1\r\nHost: a\r\n\r\n".to_owned()),
        ("another version", "GET /healthz HTTP/3.0\r\nHost: a\r\n\r\n".to_owned()),
        ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        ("nonsense", "\u{1}\u{2}\u{3}\r\n\r\n".to_owned()),
        ("a TLS greeting", "\u{16}\u{3}\u{1}\0\u{5}hello\r\n\r\n".to_owned()),
    ] {
        let answer = say(address, request.as_bytes()).await;
        let refused = answer.is_empty() || (400..500).contains(&status(&answer));
        assert!(refused, "{what}: {answer}");
        let once = answer.matches("HTTP/1.1 ").count() <= 1;
        assert!(once, "{what} was read as two requests: {answer}");
    }
    assert!(say(address, b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.contains("\"ok\""));
}

#[tokio::test]
async fn floods_of_headers_and_addresses_are_refused() {
    let app = TestApp::new().await;
    let address = app.serve();
    let many: String = (0..1_000).map(|number| format!("X-{number}: a\r\n")).collect();
    let long = "x".repeat(1_000_000);
    // HTTP itself refuses these, before anything of ours has seen them: a status, and no body.
    for (what, request, expected) in [
        ("no HTTP", "\u{1}\u{2}\u{3}\r\n\r\n".to_owned(), 400),
        ("a thousand headers", format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{many}\r\n"), 431),
        ("a header of a megabyte", format!("GET /healthz HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"), 431),
        ("a name of a megabyte", format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{long}: x\r\n\r\n"), 431),
        ("an address of a megabyte", format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"), 431),
        ("headers that never end", format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{}", "X: y\r\n".repeat(100_000)), 431),
    ] {
        let answer = say(address, request.as_bytes()).await;
        // Who still sends when the connection closes may lose the answer.
        if request.len() < 16 * 1024 || !answer.is_empty() {
            let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{what}: {answer}"));
            assert_eq!((status(head), body), (expected, ""), "{what}: {head}");
        }
    }
    let long = format!("GET /api/v1/events?q={} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "x".repeat(9_000));
    let answer = say(address, long.as_bytes()).await;
    assert_eq!(status(&answer), 414, "{answer}");
    assert!(answer.contains("\"uri_too_long\""), "{answer}");
    assert!(say(address, b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.contains("\"ok\""));
}

#[tokio::test]
async fn a_body_that_breaks_off_changes_nothing() {
    let app = TestApp::new().await;
    let address = app.serve();
    let post = "POST /api/v1/auth/register HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    let body = json!({ "email": "ann@example.org", "password": "an old mill by the sea", "name": "Ann" }).to_string();
    for request in [
        format!("{post}Content-Length: {}\r\n\r\n{}", body.len() + 10, body),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}", body.len() + 10, body),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n", body.len()),
        format!("{post}Transfer-Encoding: chunked\r\n\r\nzz\r\n{body}\r\n0\r\n\r\n"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{body}\r\n0\r\n\r\n"),
    ] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        socket.shutdown().await.unwrap();
        let mut heard = String::new();
        let _ = tokio::time::timeout(PATIENCE, socket.read_to_string(&mut heard)).await.expect("the server ends it");
        assert!(heard.is_empty() || (400..500).contains(&status(&heard)), "{heard}");
    }
    // The account is still to be had.
    app.fan("ann").await;
}

#[tokio::test]
async fn two_confirmations_in_one_packet_are_one_order() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    let booking = ann.post("/bookings", json!({ "eventId": event.id, "seatIds": ["S-A-1"] })).await.expect(201).json();
    let path = format!("/api/v1/bookings/{}/confirm", booking["bookingId"].as_str().unwrap());
    let one = |last: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n{last}Content-Length: 2\r\n\r\n{{}}",
            ann.token()
        )
    };
    let answer = say(address, format!("{}{}", one(""), one("Connection: close\r\n")).as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
    assert_eq!(answer.matches("\"CONFIRMED\"").count(), 2, "{answer}");
    assert_eq!(app.gateway.books().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_live_viewer_is_one_of_the_open_connections() {
    let app = TestApp::new().await;
    let (event, address) = (app.event_on_sale().await, app.serve_with(|edge| edge.connections_max = 1));
    let url = format!("ws://{address}/api/v1{}", event.path("/live"));
    let (mut viewer, _) = tokio_tungstenite::connect_async(url).await.expect("the first is let in");
    viewer.next().await.expect("a snapshot comes").unwrap();
    let healthz = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_eq!(say(address, healthz).await, "", "there is no room for a second");
    drop(viewer);
    let room = tokio::time::timeout(PATIENCE, async { while say(address, healthz).await.is_empty() {} });
    room.await.expect("the viewer made room");
}

#[tokio::test]
async fn an_answer_that_was_accepted_is_given_when_the_server_stops() {
    let app = TestApp::new().await;
    let address = app.serve();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let body = json!({ "email": "ann@example.org", "password": "an old mill by the sea", "name": "Ann" }).to_string();
    let head = format!(
        "POST /api/v1/auth/register HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    // Somebody waits for the body when the word to stop comes.
    let mut go_on = [0; 25];
    tokio::time::timeout(PATIENCE, socket.read_exact(&mut go_on)).await.expect("in time").unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(&body.as_bytes()[..10]).await.unwrap();
    app.stop();
    let refused = tokio::time::timeout(PATIENCE, async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    refused.await.expect("nobody new is let in");
    socket.write_all(&body.as_bytes()[10..]).await.unwrap();
    let mut heard = String::new();
    tokio::time::timeout(PATIENCE, socket.read_to_string(&mut heard)).await.expect("in time").expect("an answer");
    assert_eq!(status(&heard), 201, "{heard}");
}
