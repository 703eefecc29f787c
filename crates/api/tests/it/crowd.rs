//! How much one address may keep open, over real sockets.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::app::{OnSale, TestApp, Wish};
use crate::lane::{Line, request};

const PATIENCE: Duration = Duration::from_secs(30);

async fn app(connections: u32, live: u32, change: impl FnOnce(&mut Wish)) -> TestApp {
    let mut wish = Wish { crowd: api::crowd::Config { connections, live }, ..Wish::default() };
    change(&mut wish);
    TestApp::with(wish).await
}

async fn connect(to: SocketAddr, from: [u8; 4]) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((IpAddr::from(from), 0).into()).unwrap();
    socket.connect(to).await.expect("the server listens")
}

/// A connection that has been let in, and stays.
async fn let_in(to: SocketAddr, from: [u8; 4]) -> Line {
    let mut line = Line::over(connect(to, from).await);
    assert_eq!(line.ask(request("GET", "/healthz", "", "").as_bytes()).await.code(), 200);
    line
}

/// What a connection hears that says nothing.
async fn hears(to: SocketAddr, from: [u8; 4]) -> String {
    let (mut socket, mut heard) = (connect(to, from).await, String::new());
    let read = tokio::time::timeout(PATIENCE, socket.read_to_string(&mut heard)).await;
    read.expect("the server closes").expect("what it says is text");
    heard
}

#[tokio::test]
async fn one_address_keeps_so_many_connections_open_and_others_are_let_in() {
    let app = app(2, 10, |_| {}).await;
    let address = app.serve();
    let (one, _two) = (let_in(address, [127, 0, 0, 1]).await, let_in(address, [127, 0, 0, 1]).await);
    let refused = hears(address, [127, 0, 0, 1]).await;
    let (head, body) = refused.split_once("\r\n\r\n").expect("a whole answer");
    assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{head}");
    for line in ["retry-after: 1", "connection: close", "content-type: application/json", "cache-control: no-store"] {
        assert!(head.lines().any(|known| known == line), "{line} is not in {head}");
    }
    let error: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(error["error"]["code"], "unavailable", "{body}");
    assert!(head.contains(error["error"]["requestId"].as_str().unwrap()), "{refused}");
    let _elsewhere = let_in(address, [127, 0, 0, 2]).await;
    assert_eq!(app.app.crowd.refused(), (1, 0));

    drop(one);
    let room = async {
        loop {
            let mut socket = connect(address, [127, 0, 0, 1]).await;
            let asked = request("GET", "/healthz", "Connection: close\r\n", "");
            let (_, mut heard) = (socket.write_all(asked.as_bytes()).await, String::new());
            if socket.read_to_string(&mut heard).await.is_ok() && heard.starts_with("HTTP/1.1 200") {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, room).await.expect("who goes makes room");
}

async fn watch(
    to: SocketAddr,
    event: &OnSale,
    forwarded: Option<&str>,
) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, u16> {
    let mut request = format!("ws://{to}/api/v1{}", event.path("/live")).into_client_request().unwrap();
    if let Some(client) = forwarded {
        request.headers_mut().insert("x-forwarded-for", client.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => {
            assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
            Err(answer.status().as_u16())
        }
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn one_client_keeps_so_many_live_maps_open_also_behind_a_proxy() {
    let app = app(1, 2, |wish| wish.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    let (event, address) = (app.event_on_sale().await, app.serve());
    // All come through the proxy, which may have as many connections as it likes.
    let ann = [watch(address, &event, Some("192.0.2.1")).await, watch(address, &event, Some("192.0.2.1")).await];
    assert!(ann.iter().all(Result::is_ok));
    assert_eq!(watch(address, &event, Some("192.0.2.1")).await.err(), Some(503));
    let _bob = watch(address, &event, Some("192.0.2.2")).await.expect("another client");
    let _near = watch(address, &event, Some("2001:db8:1:2::1")).await.expect("a network");
    let _far = watch(address, &event, Some("2001:db8:1:2:ffff::9")).await.expect("the same network");
    assert_eq!(watch(address, &event, Some("2001:db8:1:2::7")).await.err(), Some(503));
    assert_eq!(app.app.crowd.refused(), (0, 2));
    let metrics = app.nobody().get("/metrics").await.expect(200).text();
    assert!(metrics.contains("stagedoor_live_refused_total"), "{metrics}");
    drop(ann);
    let room = async { while watch(address, &event, Some("192.0.2.1")).await.is_err() {} };
    tokio::time::timeout(PATIENCE, room).await.expect("who goes makes room");
}
