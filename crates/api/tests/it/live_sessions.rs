//! Who may open a live seat map, and until when it is somebody's own: over real WebSockets.

use serde_json::{Value, json};
use stagedoor_core::limits::{HOLD_TTL, HOLD_WARNING};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::app::{OTHER_ORIGIN, OnSale, PUBLIC_URL, TestApp, Wish};
use crate::caller::{Caller, PASSWORD};
use crate::live::Viewer;

/// Ends the first session of an account in one of the ways there are; the second may help.
type Ending = for<'a> fn(&'a TestApp, &'a Caller, &'a Caller) -> futures_util::future::BoxFuture<'a, ()>;

const ENDINGS: [(&str, Ending); 6] = [
    ("signed out", |_, ann, _| {
        Box::pin(async {
            drop(ann.post("/auth/logout", json!({ "refreshToken": ann.refresh_token })).await.expect(204))
        })
    }),
    ("ended from elsewhere", |_, ann, other| {
        Box::pin(async {
            let own = ann.get("/me/sessions").await.expect(200).json();
            let own = own["items"].as_array().unwrap().iter().find(|session| session["current"] == true).cloned();
            let id = own.expect("the caller has one")["id"].as_str().unwrap().to_owned();
            other.delete(&format!("/me/sessions/{id}")).await.expect(204);
        })
    }),
    ("all others ended", |_, _, other| Box::pin(async { drop(other.delete("/me/sessions").await) })),
    ("password changed elsewhere", |_, _, other| {
        Box::pin(async {
            let body = json!({ "current": PASSWORD, "password": "another mill by the sea" });
            let changed = other.post("/me/password", body).await;
            assert!(changed.status < 300, "{changed:?}");
        })
    }),
    ("a used refresh token came back", |app, ann, _| {
        Box::pin(async {
            ann.refreshed().await;
            app.db.env.clock.advance(std::time::Duration::from_secs(31));
            let body = json!({ "refreshToken": ann.refresh_token });
            ann.post("/auth/refresh", body).await.refused(401, "invalid_token");
        })
    }),
    ("account erased", |_, _, other| Box::pin(async { drop(other.erase().await.expect(204)) })),
];

fn signed_out() -> Value {
    json!({ "type": "error", "code": "invalid_token" })
}

#[tokio::test]
async fn a_session_that_ends_is_signed_out_of_its_live_maps_at_once() {
    for (how, end) in ENDINGS {
        let app = TestApp::with(Wish::unlimited()).await;
        let (event, ann, bob, address) =
            (app.event_on_sale().await, app.fan("ann").await, app.fan("bob").await, app.serve());
        let other = ann.signed_in_again().await;
        let mut viewers = Vec::new();
        // Two maps of the session that will end, one of the same person's other, one of somebody else's.
        for who in [&ann, &ann, &other, &bob] {
            let mut viewer = Viewer::watch(address, &event, "").await;
            assert_eq!(viewer.sign_in(who).await["type"], "auth");
            viewers.push(viewer);
        }
        end(&app, &ann, &other).await;
        for viewer in &mut viewers[..2] {
            assert_eq!(viewer.word().await, signed_out(), "{how}");
        }
        // They go on as anybody's, and the token opens nothing any more.
        viewers[0].say(json!({ "type": "auth", "token": ann.token() }).to_string()).await;
        assert_eq!(viewers[0].word().await, signed_out(), "{how}");
        bob.held(&event.id, &["S-A-1"]).await;
        viewers[1].until(|viewer| viewer.status("S-A-1") == 1).await;
        viewers[3].until(|viewer| viewer.status("S-A-1") == 1).await;
    }
}

#[tokio::test]
async fn whoever_is_signed_out_is_not_warned_and_the_other_session_is() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    let other = ann.signed_in_again().await;
    let (mut out, mut still) = (Viewer::watch(address, &event, "").await, Viewer::watch(address, &event, "").await);
    out.sign_in(&ann).await;
    still.sign_in(&other).await;
    ann.held(&event.id, &["S-A-1"]).await;
    ann.post("/auth/logout", json!({ "refreshToken": ann.refresh_token })).await.expect(204);
    assert_eq!(out.word().await, signed_out());
    app.advance(HOLD_TTL - HOLD_WARNING).await;
    assert_eq!(still.word().await["type"], "hold");
    app.advance(HOLD_WARNING).await;
    loop {
        let frame = out.frame().await;
        assert!(out.apply(&frame), "warned although signed out: {frame}");
        if out.status("S-A-1") == 0 {
            break;
        }
    }
}

#[tokio::test]
async fn a_session_that_another_node_ended_is_signed_out_with_the_next_look_there() {
    let app = TestApp::new().await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    let mut viewer = Viewer::watch(address, &event, "").await;
    viewer.sign_in(&ann).await;
    let config = identity::Config { issuer: PUBLIC_URL.to_owned(), ..identity::Config::default() };
    let node = identity::Identity::new(app.db.store.clone(), app.db.keyring.clone(), config);
    let origin = store::Origin::address([127, 0, 0, 2].into());
    node.logout(&origin, &ann.refresh_token).await.expect("the other node signs out");
    assert!(app.app.identity.verify(ann.token()).is_ok(), "this node has not heard of it yet");
    // What the server does every three seconds.
    app.app.identity.sync_revocations().await.unwrap();
    assert_eq!(viewer.word().await, signed_out());
}

async fn open_from(address: std::net::SocketAddr, event: &OnSale, origins: &[&str]) -> Result<(), (u16, String)> {
    let url = format!("ws://{address}/api/v1{}", event.path("/live"));
    let mut request = url.into_client_request().unwrap();
    for origin in origins {
        request.headers_mut().append("origin", origin.parse().unwrap());
    }
    match connect_async(request).await {
        Ok(_) => Ok(()),
        Err(Error::Http(answer)) => {
            let body: Value = serde_json::from_slice(answer.body().as_deref().unwrap_or_default()).unwrap_or_default();
            Err((answer.status().as_u16(), body["error"]["code"].as_str().unwrap_or_default().to_owned()))
        }
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn pages_from_elsewhere_may_not_open_a_live_map() {
    let app = TestApp::new().await;
    let (event, address) = (app.event_on_sale().await, app.serve());
    // A program names no origin.
    for origins in [&[][..], &[PUBLIC_URL], &[OTHER_ORIGIN]] {
        assert_eq!(open_from(address, &event, origins).await, Ok(()), "{origins:?}");
    }
    for origins in [&["https://evil.example"][..], &["null"], &["https://box-office.test"], &[PUBLIC_URL, PUBLIC_URL]] {
        let refused = open_from(address, &event, origins).await;
        assert_eq!(refused, Err((403, "origin_not_allowed".to_owned())), "{origins:?}");
    }
}
