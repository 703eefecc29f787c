//! The live seat map over a real WebSocket.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use stagedoor_core::Timestamp;
use stagedoor_core::limits::{HOLD_TTL, HOLD_WARNING};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::app::{OnSale, TestApp, Wish};
use crate::caller::Caller;
use crate::maps::{self, FLOOR_CAPACITY, SEATS, bits, seat_id, seat_index, statuses};

/// Longer than anything here takes; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Someone who watches a seat map and keeps it up to date as a client should.
pub struct Viewer {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    version: Option<u64>,
    map: Option<u64>,
    /// As the first frame about it said.
    status: Option<String>,
    seats: Vec<u8>,
    floor: u64,
    snapshots: u32,
    deltas: u32,
}

impl Viewer {
    pub async fn watch(address: SocketAddr, event: &OnSale, query: &str) -> Viewer {
        let url = format!("ws://{address}/api/v1{}{query}", event.path("/live"));
        let (socket, _) = connect_async(url).await.expect("the map can be watched");
        let seats = vec![9; SEATS];
        Viewer { socket, version: None, map: None, status: None, seats, floor: 0, snapshots: 0, deltas: 0 }
    }

    /// The next text frame.
    pub async fn frame(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a frame comes in time");
            match message.expect("the socket is open").expect("the frame is whole") {
                Message::Text(text) => return serde_json::from_str(&text).expect("frames are JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("unexpected {other:?}"),
            }
        }
    }

    /// The next frame that is not about seats, and not the status at first, with those before it
    /// applied.
    pub async fn word(&mut self) -> Value {
        loop {
            let frame = self.frame().await;
            if !self.apply(&frame) {
                return frame;
            }
        }
    }

    /// Takes over a frame about seats, or the first about the status; panics when one about seats
    /// is missing before it.
    pub fn apply(&mut self, frame: &Value) -> bool {
        let version = frame["version"].as_u64();
        match frame["type"].as_str() {
            Some("snapshot") => {
                self.map = frame["map"].as_u64();
                self.seats = statuses(frame["seats"].as_str().unwrap());
                self.snapshots += 1;
            }
            Some("delta") => {
                let known = self.version.expect("a delta continues something");
                assert_eq!(version, Some(known + 1), "a gap in the versions: {frame}");
                for change in frame["seats"].as_array().unwrap() {
                    self.seats[change[0].as_u64().unwrap() as usize] = change[1].as_u64().unwrap() as u8;
                }
                self.deltas += 1;
            }
            Some("event") if self.status.is_none() => {
                self.status = frame["status"].as_str().map(str::to_owned);
                return true;
            }
            _ => return false,
        }
        self.version = version;
        for area in frame["areas"].as_array().unwrap() {
            assert_eq!(area["id"], "FLOOR");
            self.floor = area["available"].as_u64().unwrap();
        }
        true
    }

    pub async fn say(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.expect("the socket takes it");
    }

    pub async fn sign_in(&mut self, fan: &Caller) -> Value {
        self.say(json!({ "type": "auth", "token": fan.token() }).to_string()).await;
        self.word().await
    }

    /// Reads until the map is as `fits` wants it.
    pub async fn until(&mut self, fits: impl Fn(&Viewer) -> bool) {
        while !fits(self) {
            let frame = self.frame().await;
            self.apply(&frame);
        }
    }

    pub fn status(&self, seat: &str) -> u8 {
        self.seats[seat_index(seat)]
    }
}

/// What `availability` shows at this moment.
async fn available(app: &TestApp, event: &OnSale) -> (u64, Vec<u8>, u64) {
    let shown = app.nobody().get(&event.path("/availability")).await.expect(200).json();
    let floor = shown["areas"][0]["available"].as_u64().unwrap();
    (shown["version"].as_u64().unwrap(), statuses(shown["seats"].as_str().unwrap()), floor)
}

#[tokio::test]
async fn a_viewer_sees_a_snapshot_and_then_every_change() {
    let app = TestApp::new().await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    let hold = ann.held(&event.id, &["S-A-1"]).await;
    let mut viewer = Viewer::watch(address, &event, "").await;
    let first = viewer.frame().await;
    assert_eq!(first["type"], "snapshot");
    viewer.apply(&first);
    assert_eq!((viewer.status("S-A-1"), viewer.status("S-A-2"), viewer.floor), (1, 0, u64::from(FLOOR_CAPACITY)));
    ann.pay(&[&hold], "tok_ok").await.expect(201);
    viewer.until(|viewer| viewer.status("S-A-1") == 2).await;
    let other = ann.held(&event.id, &["S-A-2"]).await;
    viewer.until(|viewer| viewer.status("S-A-2") == 1).await;
    ann.delete(&format!("/holds/{other}")).await.expect(204);
    viewer.until(|viewer| viewer.status("S-A-2") == 0).await;
    ann.held(&event.id, &["S-A-3"]).await;
    viewer.until(|viewer| viewer.status("S-A-3") == 1).await;
    app.advance(HOLD_TTL).await;
    viewer.until(|viewer| viewer.status("S-A-3") == 0).await;
    assert_eq!(viewer.snapshots, 1, "changes come as deltas");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_of_a_rush_end_where_the_seats_are() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, address) = (app.event_on_sale().await, app.serve());
    let mut viewers = Vec::new();
    for _ in 0..4 {
        viewers.push(Viewer::watch(address, &event, "").await);
    }
    let fans: Vec<Caller> = {
        let mut fans = Vec::new();
        for number in 0..6 {
            fans.push(app.fan(&format!("fan{number}")).await);
        }
        fans
    };
    let rush = fans.into_iter().enumerate().map(|(number, fan)| {
        let event = event.clone();
        tokio::spawn(async move {
            let mut taken = 0;
            for turn in 0..30 {
                // Everyone wants the same row at the same time, and some think again.
                let seat = seat_id((turn * 3 + number * 7) % (SEATS - 12));
                let answer = fan.hold(&event.id, &[&seat]).await;
                taken += u32::from(answer.status == 201);
                if answer.status == 201 && turn % 3 == 0 {
                    fan.delete(&format!("/holds/{}", answer.id())).await.expect(204);
                }
                let floor = json!({ "areas": [{ "id": "FLOOR", "quantity": 1 }] });
                fan.post(&event.path("/holds"), floor).await;
            }
            taken
        })
    });
    let taken: u32 = futures_util::future::join_all(rush).await.into_iter().map(|fan| fan.expect("no fan fails")).sum();
    assert!(taken > 30, "{taken} holds");
    let (version, seats, floor) = available(&app, &event).await;
    for viewer in &mut viewers {
        viewer.until(|viewer| viewer.version >= Some(version)).await;
        assert_eq!((viewer.version, &viewer.seats, viewer.floor), (Some(version), &seats, floor));
        assert!(viewer.deltas > 0);
    }
}

#[tokio::test]
async fn a_viewer_that_comes_back_gets_what_it_missed() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    let (version, seats, _) = available(&app, &event).await;
    for seat in ["S-A-1", "S-A-2"] {
        ann.held(&event.id, &[seat]).await;
        // Reading closes a version: the changes become two deltas.
        available(&app, &event).await;
    }
    let mut viewer = Viewer::watch(address, &event, &format!("?since={version}")).await;
    (viewer.version, viewer.seats) = (Some(version), seats);
    viewer.until(|viewer| viewer.status("S-A-2") == 1).await;
    assert_eq!((viewer.snapshots, viewer.deltas, viewer.status("S-A-1")), (0, 2, 1));
    // A version nobody can continue from is answered with everything.
    for since in ["0", "18446744073709551615"] {
        let mut lost = Viewer::watch(address, &event, &format!("?since={since}")).await;
        let first = lost.frame().await;
        assert_eq!(first["type"], "snapshot", "since {since}");
        lost.apply(&first);
        assert_eq!(lost.status("S-A-2"), 1);
    }
    // One that has everything hears only what comes next.
    let now = viewer.version.unwrap();
    let mut current = Viewer::watch(address, &event, &format!("?since={now}")).await;
    (current.version, current.seats) = (Some(now), viewer.seats.clone());
    ann.held(&event.id, &["S-A-3"]).await;
    current.until(|viewer| viewer.status("S-A-3") == 1).await;
    assert_eq!((current.snapshots, current.deltas), (0, 1));
}

#[tokio::test]
async fn only_the_owner_of_a_hold_is_warned() {
    let app = TestApp::new().await;
    let (event, ann, bob) = (app.event_on_sale().await, app.fan("ann").await, app.fan("bob").await);
    let address = app.serve();
    let mut anns = Viewer::watch(address, &event, "").await;
    let mut bobs = Viewer::watch(address, &event, "").await;
    let mut strangers = Viewer::watch(address, &event, "").await;
    assert_eq!(anns.sign_in(&ann).await, json!({ "type": "auth", "user": ann.id }));
    assert_eq!(bobs.sign_in(&bob).await, json!({ "type": "auth", "user": bob.id }));
    let hold = ann.held(&event.id, &["S-A-1"]).await;
    app.advance(HOLD_TTL - HOLD_WARNING).await;
    assert_eq!(anns.word().await, json!({ "type": "hold", "hold": hold, "status": "expiring", "secondsLeft": 30 }));
    // The others hear of the expiry, which comes later, and of nothing before it.
    app.advance(HOLD_WARNING).await;
    for viewer in [&mut bobs, &mut strangers] {
        viewer.until(|viewer| viewer.status("S-A-1") == 1).await;
        loop {
            let frame = viewer.frame().await;
            assert!(viewer.apply(&frame), "a word that is not theirs: {frame}");
            if viewer.status("S-A-1") == 0 {
                break;
            }
        }
    }
}

#[tokio::test]
async fn who_signs_in_late_is_warned_at_once() {
    let app = TestApp::new().await;
    let (event, other, ann) = (app.event_on_sale().await, app.event_on_sale().await, app.fan("ann").await);
    let (address, bob) = (app.serve(), app.fan("bob").await);
    let mut viewer = Viewer::watch(address, &event, "").await;
    let hold = ann.held(&event.id, &["S-A-1"]).await;
    ann.held(&other.id, &["S-A-1"]).await;
    bob.held(&event.id, &["S-A-2"]).await;
    let given_back = ann.held(&event.id, &["S-A-3"]).await;
    app.advance(HOLD_TTL - Duration::from_millis(12_500)).await;
    ann.delete(&format!("/holds/{given_back}")).await.expect(204);
    assert_eq!(viewer.sign_in(&ann).await["type"], "auth");
    assert_eq!(viewer.word().await, json!({ "type": "hold", "hold": hold, "status": "expiring", "secondsLeft": 13 }));
    // One with time left is warned when the time comes.
    let next = ann.held(&event.id, &["S-A-4"]).await;
    app.advance(HOLD_TTL - HOLD_WARNING).await;
    assert_eq!(viewer.word().await, json!({ "type": "hold", "hold": next, "status": "expiring", "secondsLeft": 30 }));
}

#[tokio::test]
async fn signing_in_again_at_once_is_refused_and_changes_nothing() {
    let app = TestApp::new().await;
    let (event, ann, bob, address) =
        (app.event_on_sale().await, app.fan("ann").await, app.fan("bob").await, app.serve());
    let mut viewer = Viewer::watch(address, &event, "").await;
    assert_eq!(viewer.sign_in(&ann).await["user"], ann.id);
    for _ in 0..3 {
        assert_eq!(viewer.sign_in(&bob).await, json!({ "type": "error", "code": "rate_limited" }));
    }
    let hold = ann.held(&event.id, &["S-A-1"]).await;
    app.advance(HOLD_TTL - HOLD_WARNING).await;
    assert_eq!(viewer.word().await["hold"], hold);
    assert_eq!(viewer.sign_in(&bob).await["user"], bob.id, "after a while it is somebody else's");
}

#[tokio::test]
async fn a_warning_ends_with_the_session_s_token() {
    let identity = identity::Config { access_token_ttl: Duration::from_secs(60), ..Wish::default().identity };
    let app = TestApp::with(Wish { identity, ..Wish::default() }).await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    let mut viewer = Viewer::watch(address, &event, "").await;
    viewer.sign_in(&ann).await;
    ann.held(&event.id, &["S-A-1"]).await;
    app.advance(HOLD_TTL - HOLD_WARNING).await;
    app.advance(HOLD_WARNING).await;
    viewer.until(|viewer| viewer.status("S-A-1") == 1).await;
    loop {
        let frame = viewer.frame().await;
        assert!(viewer.apply(&frame), "warned although the token had expired: {frame}");
        if viewer.status("S-A-1") == 0 {
            break;
        }
    }
}

#[tokio::test]
async fn frames_that_make_no_sense_are_answered_and_change_nothing() {
    let app = TestApp::new().await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    let mut viewer = Viewer::watch(address, &event, "").await;
    for (said, code) in [
        ("", "malformed_json"),
        ("hello", "malformed_json"),
        ("{}", "malformed_json"),
        ("[]", "malformed_json"),
        (r#"{"type":"auth"}"#, "malformed_json"),
        (r#"{"type":"auth","token":7}"#, "malformed_json"),
        (r#"{"type":"auth","token":"x","admin":true}"#, "malformed_json"),
        (r#"{"type":"hold","seats":["S-A-1"]}"#, "malformed_json"),
        (r#"{"type":"auth","token":""}"#, "invalid_token"),
        (r#"{"type":"auth","token":"a.b.c"}"#, "invalid_token"),
    ] {
        viewer.say(said).await;
        assert_eq!(viewer.word().await, json!({ "type": "error", "code": code }), "{said:?}");
    }
    viewer.say("[".repeat(2_000)).await;
    assert_eq!(viewer.word().await["code"], "malformed_json");
    viewer.socket.send(Message::binary(vec![0, 159, 146, 150])).await.unwrap();
    assert_eq!(viewer.word().await["code"], "malformed_json");
    assert_eq!(viewer.sign_in(&ann).await["type"], "auth", "the socket still works");
    viewer.socket.send(Message::Ping("are you there".into())).await.unwrap();
    let pong = tokio::time::timeout(PATIENCE, viewer.socket.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(pong, Message::Pong("are you there".into()));
}

#[tokio::test]
async fn a_frame_that_breaks_the_rules_ends_the_socket() {
    let app = TestApp::new().await;
    let (event, address) = (app.event_on_sale().await, app.serve());
    for (frame, why) in [
        (Message::text("x".repeat(4_097)), CloseCode::Size),
        (Message::binary(vec![1; 1_000_000]), CloseCode::Size),
        (Message::Frame(Frame::message(vec![0xff, 0xfe], OpCode::Data(Data::Text), true)), CloseCode::Invalid),
        (Message::Frame(Frame::message("", OpCode::Data(Data::Continue), true)), CloseCode::Protocol),
    ] {
        let mut viewer = Viewer::watch(address, &event, "").await;
        viewer.until(|viewer| viewer.status.is_some()).await;
        // The server may close before it has read all of it.
        let _ = viewer.socket.send(frame).await;
        let ended = tokio::time::timeout(PATIENCE, viewer.socket.next()).await.expect("the server ends it");
        let Some(Ok(Message::Close(Some(reason)))) = ended else { panic!("no goodbye: {ended:?}") };
        assert_eq!(reason.code, why);
    }
    // Others do not notice.
    assert_eq!(Viewer::watch(address, &event, "").await.frame().await["type"], "snapshot");
}

#[tokio::test]
async fn viewers_hear_that_an_event_changes_its_status() {
    let app = TestApp::new().await;
    let (event, house, address) = (app.event_on_sale().await, app.aurora().await, app.serve());
    let mut viewer = Viewer::watch(address, &event, "").await;
    viewer.until(|viewer| viewer.version.is_some()).await;
    house.owner.post(&event.staff_path("/take-off-sale"), Value::Null).await.expect(200);
    assert_eq!(viewer.word().await, json!({ "type": "event", "status": "off_sale" }));
    house.owner.post(&event.staff_path("/publish"), Value::Null).await.expect(200);
    assert_eq!(viewer.word().await, json!({ "type": "event", "status": "on_sale" }));
    house.owner.post(&event.staff_path("/cancel"), Value::Null).await.expect(200);
    assert_eq!(viewer.word().await, json!({ "type": "event", "status": "cancelled" }));
}

#[tokio::test]
async fn a_viewer_that_comes_late_hears_the_status_too() {
    let app = TestApp::new().await;
    let (event, house, address) = (app.event_on_sale().await, app.aurora().await, app.serve());
    let mut first = Viewer::watch(address, &event, "").await;
    first.until(|viewer| viewer.status.is_some()).await;
    assert_eq!((first.status.as_deref(), first.snapshots), (Some("on_sale"), 1));
    house.owner.post(&event.staff_path("/take-off-sale"), Value::Null).await.expect(200);
    assert_eq!(first.word().await["status"], "off_sale");
    let mut late = Viewer::watch(address, &event, "").await;
    late.until(|viewer| viewer.status.is_some()).await;
    assert_eq!((late.status.as_deref(), late.snapshots), (Some("off_sale"), 1));
    let mut back = Viewer::watch(address, &event, &format!("?since={}", late.version.unwrap())).await;
    back.until(|viewer| viewer.status.is_some()).await;
    assert_eq!((back.status.as_deref(), back.snapshots), (Some("off_sale"), 0));
}

#[tokio::test]
async fn viewers_hear_what_the_clock_does_to_the_status() {
    let app = TestApp::new().await;
    let windows = json!([
        { "kind": "presale", "opensAt": "2026-01-02T00:00:00Z", "closesAt": "2026-01-03T00:00:00Z" },
        { "kind": "general", "opensAt": "2026-01-03T00:00:00Z" },
    ]);
    let event = app.event_with(|body| body["saleWindows"] = windows).await;
    let address = app.serve();
    let mut viewers = [Viewer::watch(address, &event, "").await, Viewer::watch(address, &event, "").await];
    for viewer in &mut viewers {
        viewer.until(|viewer| viewer.version.is_some()).await;
    }
    for (until, status) in
        [("2026-01-02T00:00:00Z", "presale"), ("2026-01-03T00:00:00Z", "on_sale"), ("2026-02-01T00:00:00Z", "off_sale")]
    {
        if status == "off_sale" {
            // Brought forward while everyone watches.
            let change = json!({ "startsAt": until });
            app.aurora().await.owner.patch(&event.staff_path(""), change).await.expect(200);
        }
        let now = app.app.env.now();
        app.advance(until.parse::<Timestamp>().unwrap().since(now)).await;
        for viewer in &mut viewers {
            assert_eq!(viewer.word().await, json!({ "type": "event", "status": status }));
        }
    }
}

#[tokio::test]
async fn a_new_seat_map_reaches_everyone_under_its_version() {
    let app = TestApp::new().await;
    let (event, house, address) = (app.event_on_sale().await, app.aurora().await, app.serve());
    let nobody = app.nobody();
    let geometry = async |tag: &str| {
        let request = nobody.request(Method::GET, &event.path("/seat-map")).header("if-none-match", tag);
        nobody.send(request.body(Body::empty()).unwrap()).await
    };
    let known = geometry("").await.expect(200);
    let tag = known.header("etag").expect("a tag").to_owned();
    assert!(tag.starts_with('"'), "{tag} is strong");
    assert_eq!((known.header("cache-control"), known.json()["version"].as_u64()), (Some("no-cache"), Some(1)));
    let unchanged = geometry(&tag).await.expect(304);
    assert_eq!((unchanged.header("etag"), unchanged.header("cache-control")), (Some(&*tag), Some("no-cache")));

    let mut viewers = [Viewer::watch(address, &event, "").await, Viewer::watch(address, &event, "").await];
    for viewer in &mut viewers {
        viewer.until(|viewer| viewer.map == Some(1)).await;
    }
    let shown = nobody.get(&event.path("/availability")).await.expect(200).json();
    assert_eq!(shown["map"], 1);
    let maps = format!("/organizers/{}/venues/{}/seat-maps", house.id, event.venue);
    // Another numbering, then one that only looks different.
    let mut turned = maps::hall();
    turned["sections"][0]["rows"].as_array_mut().unwrap().reverse();
    let mut wider = turned.clone();
    wider["width"] = json!(2_000);
    for (version, map) in [(2, turned), (3, wider)] {
        let id = house.owner.post(&maps, map).await.expect(201).id();
        house.owner.post(&event.staff_path("/seat-map"), json!({ "seatMapId": id })).await.expect(200);
        let shown = nobody.get(&event.path("/availability")).await.expect(200).json();
        assert_eq!(shown["map"], version);
        assert_eq!(geometry(&tag).await.expect(200).json()["version"], version);
        for viewer in &mut viewers {
            viewer.until(|viewer| viewer.map == Some(version)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_that_come_and_go_at_once_share_one_feed() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    for turn in 0..8 {
        let come = (0..6).map(|_| Viewer::watch(address, &event, ""));
        let mut viewers = futures_util::future::join_all(come).await;
        assert_eq!(app.app.live.watched().0, 1);
        let seat = seat_id(turn);
        ann.held(&event.id, &[&seat]).await;
        for viewer in &mut viewers {
            viewer.until(|viewer| viewer.status(&seat) == 1).await;
        }
    }
}

#[tokio::test]
async fn a_version_that_is_too_old_is_answered_with_a_snapshot() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    let (old, ..) = available(&app, &event).await;
    // More versions pass than are kept. Reading closes one, so each hold and each release is one.
    for turn in 0..300 {
        let hold = ann.held(&event.id, &[&seat_id(turn % 12)]).await;
        available(&app, &event).await;
        ann.delete(&format!("/holds/{hold}")).await.expect(204);
        available(&app, &event).await;
    }
    ann.held(&event.id, &["S-D-1"]).await;
    let (version, seats, _) = available(&app, &event).await;
    assert_eq!(version, old + 601);
    let mut late = Viewer::watch(address, &event, &format!("?since={old}")).await;
    late.until(|viewer| viewer.version >= Some(version)).await;
    assert_eq!((late.snapshots, late.deltas, &late.seats), (1, 0, &seats));
}

/// Seats of the large map.
const MANY: usize = 20_000;

/// One section of 40 rows of 500 seats.
fn large_map() -> Value {
    let seat =
        |row: usize, number: usize| json!({ "label": number.to_string(), "x": number, "y": row, "level": "front" });
    let row = |row: usize| {
        let seats: Vec<_> = (1..=500).map(|number| seat(row, number)).collect();
        json!({ "label": row.to_string(), "seats": seats })
    };
    json!({
        "width": 600, "height": 600, "levels": maps::hall()["levels"],
        "sections": [{ "id": "S", "name": "Stalls", "rows": (1..=MANY / 500).map(row).collect::<Vec<_>>() }],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_too_slow_to_follow_is_moved_to_a_snapshot() {
    let app = TestApp::new().await;
    let (event, house, address) = (app.event_on_sale().await, app.aurora().await, app.serve());
    let maps = format!("/organizers/{}/venues/{}/seat-maps", house.id, event.venue);
    let map = house.owner.post(&maps, large_map()).await.expect(201).id();
    house.owner.post(&event.staff_path("/seat-map"), json!({ "seatMapId": map })).await.expect(200);
    let url = format!("ws://{address}/api/v1{}", event.path("/live"));
    let (mut socket, _) = connect_async(url).await.expect("the map can be watched");
    let inventory = &app.app.inventory;
    let id = event.id.parse().unwrap();
    let view = inventory.view(id).await.unwrap();
    let seats: Vec<String> = (0..MANY as u32).map(|seat| view.manifest.seat_id(seat)).collect();
    // The viewer reads nothing while the whole house changes again and again: hundreds of
    // kilobytes a time, far more than sockets keep.
    for turn in 0..60 {
        match turn % 2 {
            0 => inventory.block(id, &seats).await.expect("all are free"),
            _ => inventory.unblock(id, &seats).await.expect("all are blocked"),
        }
        if turn == 30 {
            // Told in a frame that the viewer misses.
            house.owner.post(&event.staff_path("/take-off-sale"), Value::Null).await.expect(200);
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    inventory.block(id, &seats[7..8]).await.expect("it is free");
    let last = inventory.view(id).await.unwrap().snapshot();
    let (mut snapshots, mut version, mut seats) = (0, 0, Vec::new());
    let mut status = Value::Null;
    while version < last.version || status != "off_sale" {
        let message = tokio::time::timeout(PATIENCE, socket.next()).await.expect("a frame comes in time");
        let Message::Text(text) = message.expect("the socket is open").expect("the frame is whole") else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        if frame["type"] == "event" {
            status = frame["status"].clone();
            continue;
        }
        let next = frame["version"].as_u64().unwrap();
        if frame["type"] == "snapshot" {
            snapshots += 1;
            seats = bits(frame["seats"].as_str().unwrap(), MANY);
        } else {
            assert_eq!(next, version + 1, "a gap in the versions");
            for change in frame["seats"].as_array().unwrap() {
                seats[change[0].as_u64().unwrap() as usize] = change[1].as_u64().unwrap() as u8;
            }
        }
        version = next;
    }
    assert!(snapshots >= 2, "the first one, and at least one for what the viewer missed");
    let expected: Vec<u8> = (0..MANY).map(|seat| if seat == 7 { 3 } else { 0 }).collect();
    assert_eq!(seats, expected);
}

#[tokio::test]
async fn what_is_no_websocket_is_told_so() {
    let app = TestApp::new().await;
    let event = app.event_on_sale().await;
    app.nobody().get(&event.path("/live")).await.refused(400, "invalid_upgrade");
    app.nobody().get(&event.path("/live?since=-1")).await.refused(400, "invalid_query");
    app.nobody().get("/events/evt_01h455vb4pex5vsknk084sn02q/live").await.refused(404, "not_found");
    let address = app.serve();
    let refused = connect_async(format!("ws://{address}/api/v1/events/evt_01h455vb4pex5vsknk084sn02q/live")).await;
    assert!(matches!(refused, Err(Error::Http(answer)) if answer.status() == 404));
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye() {
    let app = TestApp::new().await;
    let (event, address) = (app.event_on_sale().await, app.serve());
    let mut viewer = Viewer::watch(address, &event, "").await;
    viewer.frame().await;
    app.stop();
    loop {
        match tokio::time::timeout(PATIENCE, viewer.socket.next()).await.expect("the server says so in time") {
            Some(Ok(Message::Close(_))) | None => break,
            Some(Ok(_)) => {}
            Some(Err(error)) => panic!("no goodbye: {error}"),
        }
    }
}
