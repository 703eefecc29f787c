//! The fast lane for holds beside the router: that nobody can tell which of the two answered, and
//! that requests of every kind may follow each other on one connection.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use store::audit::{Chain, Filter, Record};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::app::{OnSale, TestApp, Wish};
use crate::maps::{SEATS, seat_id};
use crate::programs::{Client, acting, api_key, client};

const PATIENCE: Duration = Duration::from_secs(30);

/// An answer as it came over the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The status line.
    pub status: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Heard {
    pub fn code(&self) -> u16 {
        self.status.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// Without what is another one in every answer.
    fn plain(mut self) -> Self {
        let ids = regex::Regex::new("(req|hld)_[0-9a-z]{26}").unwrap();
        let numbers = regex::Regex::new("[rt]=[0-9]+").unwrap();
        self.body = ids.replace_all(&self.body, "$1").into_owned();
        for (name, value) in &mut self.headers {
            *value = match &**name {
                "date" => String::new(),
                "ratelimit" => numbers.replace_all(value, "").into_owned(),
                _ => ids.replace_all(value, "$1").into_owned(),
            };
        }
        self
    }
}

/// One connection to a server.
pub struct Line<S = TcpStream> {
    pub socket: S,
    pub input: Vec<u8>,
}

impl Line {
    pub async fn open(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.expect("the server listens"))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    pub fn over(socket: S) -> Self {
        Self { socket, input: Vec::new() }
    }

    pub async fn say(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.expect("the server reads");
        // By TLS some of it may still be on this side.
        self.socket.flush().await.expect("the server reads");
    }

    /// The next answer; none when the server has closed.
    pub async fn hear(&mut self) -> Option<Heard> {
        self.hear_of("GET").await
    }

    /// The next answer, to a request of this method.
    async fn hear_of(&mut self, method: &str) -> Option<Heard> {
        loop {
            if let Some(end) = self.input.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8(self.input[..end].to_vec()).unwrap();
                let (status, lines) = head.split_once("\r\n").unwrap_or((&head, ""));
                let headers: BTreeMap<String, String> = lines
                    .split("\r\n")
                    .filter_map(|line| line.split_once(": "))
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                let length = headers.get("content-length").filter(|_| method != "HEAD");
                let length: usize = length.map_or(0, |length| length.parse().unwrap());
                if self.input.len() >= end + 4 + length {
                    let body = String::from_utf8(self.input[end + 4..end + 4 + length].to_vec()).unwrap();
                    self.input.drain(..end + 4 + length);
                    return Some(Heard { status: status.to_owned(), headers, body });
                }
            }
            let read = tokio::time::timeout(PATIENCE, self.socket.read_buf(&mut self.input)).await;
            if read.expect("the server answers or closes").unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    pub async fn ask(&mut self, bytes: &[u8]) -> Heard {
        self.say(bytes).await;
        self.hear().await.expect("an answer")
    }
}

/// `extra`: whole header lines.
pub fn request(method: &str, path: &str, extra: &str, body: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{extra}Content-Length: {}\r\n\r\n{body}", body.len())
}

pub fn hold_of(event: &OnSale, token: &str, seat: usize) -> String {
    let path = format!("/api/v1/events/{}/holds", event.id);
    let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    request("POST", &path, &headers, &json!({ "seats": [seat_id(seat)] }).to_string())
}

/// A handshake for the live map.
pub fn upgrade(event: &OnSale) -> String {
    format!(
        "GET /api/v1{} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        event.path("/live")
    )
}

/// What programs are answered, by the name of the case.
const PROGRAMS: [(&str, u16); 5] = [
    ("a program", 201),
    ("a program for a taken seat", 409),
    ("a program without the scope", 403),
    ("a program that was revoked", 401),
    ("an API key", 403),
];

#[tokio::test]
async fn the_lane_and_the_router_answer_alike() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, bob) = (app.event_on_sale().await, app.fan("ann").await, app.fan("bob").await);
    bob.held(&event.id, &["S-A-1"]).await;
    let mut line = Line::open(app.serve()).await;
    let plain = format!("/api/v1/events/{}/holds", event.id);
    // The same address, in letters that the lane does not read.
    let ways = [plain.clone(), plain.replacen("evt_", "%65vt_", 1)];
    let sign = format!("Authorization: Bearer {}\r\n", ann.token());
    let kind = "Content-Type: application/json\r\n";
    let good = format!("{sign}{kind}");
    // Programs that ann let in, and one of the organizer's own.
    let house = app.aurora().await;
    let own = client(&app, &house, "holds.write orders.read").await;
    let revoked = client(&app, &house, "holds.write").await;
    let shown = async |program: &Client, scope: &str| {
        format!("Authorization: Bearer {}\r\n{kind}", acting(&app, program, &ann, Some(scope)).await.token())
    };
    let (holding, reading) = (shown(&own, "holds.write").await, shown(&own, "orders.read").await);
    let ended = shown(&revoked, "holds.write").await;
    house.owner.delete(&format!("/organizers/{}/clients/{}", house.id, revoked.id)).await.expect(204);
    let key = format!("Authorization: Bearer {}\r\n{kind}", api_key(&house, "sales.read").await.secret);
    let (mut compared, mut held) = (0, 0);
    for (what, headers, body) in [
        ("a seat", good.clone(), json!({ "seats": ["S-A-2"] }).to_string()),
        ("a key", format!("{good}Idempotency-Key: WAY-1\r\n"), json!({ "seats": ["S-ROW-3"] }).to_string()),
        ("a key again", format!("{good}Idempotency-Key: WAY-1\r\n"), json!({ "seats": ["S-ROW-3"] }).to_string()),
        ("a key for another", format!("{good}Idempotency-Key: WAY-1\r\n"), json!({ "seats": ["S-ROW-4"] }).to_string()),
        ("an area", good.clone(), json!({ "areas": [{ "id": "FLOOR", "quantity": 2 }] }).to_string()),
        ("the best", good.clone(), json!({ "bestAvailable": { "quantity": 2, "level": "side" } }).to_string()),
        ("a taken seat", good.clone(), json!({ "seats": ["S-A-1"] }).to_string()),
        ("an unknown seat", good.clone(), json!({ "seats": ["S-Z-1"] }).to_string()),
        ("a seat twice", good.clone(), json!({ "seats": ["S-B-1", "S-B-1"] }).to_string()),
        ("no seats", good.clone(), json!({ "seats": [] }).to_string()),
        ("eleven seats", good.clone(), json!({ "seats": (0..11).map(seat_id).collect::<Vec<_>>() }).to_string()),
        ("nothing", good.clone(), "{}".to_owned()),
        ("no body", good.clone(), String::new()),
        ("no JSON", good.clone(), "{\"seats\":".to_owned()),
        ("an unknown field", good.clone(), json!({ "seats": ["S-B-1"], "price": 1 }).to_string()),
        ("a wrong type", good.clone(), json!({ "seats": "S-B-1" }).to_string()),
        ("nobody", kind.to_owned(), json!({ "seats": ["S-B-1"] }).to_string()),
        ("a bad token", format!("{kind}Authorization: Bearer x\r\n"), "{}".to_owned()),
        ("another scheme", format!("{kind}Authorization: Basic x\r\n"), "{}".to_owned()),
        ("two tokens", format!("{good}{sign}"), "{}".to_owned()),
        ("a token beyond ASCII", format!("{kind}Authorization: Bearer \u{fc}\r\n"), "{}".to_owned()),
        ("no kind", sign.clone(), json!({ "seats": ["S-B-1"] }).to_string()),
        ("another kind", format!("{sign}Content-Type: text/plain\r\n"), json!({ "seats": ["S-B-1"] }).to_string()),
        ("a coding", format!("{good}Content-Encoding: gzip\r\n"), json!({ "seats": ["S-B-1"] }).to_string()),
        ("two keys", format!("{good}Idempotency-Key: a\r\nIdempotency-Key: b\r\n"), "{}".to_owned()),
        ("an empty key", format!("{good}Idempotency-Key: \r\n"), "{}".to_owned()),
        ("a long key", format!("{good}Idempotency-Key: {}\r\n", "k".repeat(256)), "{}".to_owned()),
        ("a program", holding.clone(), json!({ "seats": ["S-A-2"] }).to_string()),
        ("a program for a taken seat", holding, json!({ "seats": ["S-A-1"] }).to_string()),
        ("a program without the scope", reading, json!({ "seats": ["S-A-2"] }).to_string()),
        ("a program that was revoked", ended, json!({ "seats": ["S-A-2"] }).to_string()),
        ("an API key", key, json!({ "seats": ["S-A-2"] }).to_string()),
        ("a long body", good.clone(), format!("{{\"seats\":[{}]}}", " ".repeat(2_000_000))),
    ] {
        let mut heard = Vec::new();
        for (way, path) in ways.iter().enumerate() {
            // Keys and seats that are kept are each way's own.
            let (own, row) = [("one", "C"), ("two", "D")][way];
            let (headers, body) = (headers.replace("WAY", own), body.replace("ROW", row));
            let mut answer = line.ask(request("POST", path, &headers, &body).as_bytes()).await;
            if let (201, false, Some(id)) = (answer.code(), headers.contains("Key"), answer.json()["id"].as_str()) {
                held += 1;
                // The other way finds the same house.
                ann.delete(&format!("/holds/{id}")).await.expect(204);
            }
            answer.body = answer.body.replace("\"D\"", "\"C\"").replace("S-D-", "S-C-");
            if answer.code() == 413 {
                // Nobody has read the rest.
                line = Line::open(app.serve()).await;
            }
            heard.push(answer.plain());
        }
        assert_eq!(heard[0], heard[1], "{what}");
        let expected = PROGRAMS.iter().find(|(program, _)| *program == what).map(|(_, status)| *status);
        assert!(expected.is_none_or(|status| heard[0].code() == status), "{what}: {:?}", heard[0]);
        assert_eq!(heard[0].headers["x-content-type-options"], "nosniff", "{what}");
        assert_eq!(heard[0].headers["cache-control"], "no-store", "{what}");
        compared += 1;
    }
    assert_eq!((compared, held), (33, 8));
    let long = "a".repeat(9_000);
    let unknown = "evt_01h455vb4pex5vsknk084sn02q";
    for (id, code) in
        [("evt_zzz", 404), (unknown, 404), (&unknown.replace("evt", "ord"), 404), ("x", 404), (&long, 414)]
    {
        let paths = [format!("/api/v1/events/{id}/holds"), format!("/api/v1/events/{id}/%68olds")];
        let mut heard = Vec::new();
        for path in paths {
            heard.push(line.ask(request("POST", &path, &good, "{\"seats\":[\"S-A-1\"]}").as_bytes()).await.plain());
        }
        assert_eq!(heard[0], heard[1], "{id}");
        assert_eq!(heard[0].code(), code, "{id}");
    }
}

#[tokio::test]
async fn a_denied_hold_leaves_the_same_trace_from_the_lane_and_from_the_router() {
    let mut traces = Vec::new();
    for letters in ["evt_", "%65vt_"] {
        let mut wish = Wish::unlimited();
        wish.requests.user = "10/h".parse().unwrap();
        let app = TestApp::with(wish).await;
        let (event, ann, bob) = (app.event_on_sale().await, app.fan("ann").await, app.fan("bob").await);
        let mut line = Line::open(app.serve()).await;
        let unknown = "evt_01h455vb4pex5vsknk084sn02q";
        let kind = "User-Agent: a browser\r\nContent-Type: application/json\r\n";
        let sign = |token: &str| format!("{kind}Authorization: Bearer {token}\r\n");
        let before = entries(&app).await.len();
        let mut codes = Vec::new();
        for (headers, event, times) in [
            (kind.to_owned(), event.id.as_str(), 2),
            (sign("forged"), &event.id, 2),
            (sign("forged"), unknown, 1),
            (sign(bob.token()), unknown, 1),
            // One place to a seat, and then the limit of the account.
            (sign(ann.token()), &event.id, 12),
        ] {
            let path = format!("/api/v1/events/{event}/holds").replacen("evt_", letters, 1);
            for _ in 0..times {
                let body = json!({ "seats": ["S-A-1"] }).to_string();
                codes.push(line.ask(request("POST", &path, &headers, &body).as_bytes()).await.code());
            }
        }
        assert_eq!(codes[..6], [401, 401, 401, 401, 401, 404], "{letters}");
        assert_eq!((codes[6], codes[7], codes[17]), (201, 409, 429), "{letters}");
        let written = entries(&app).await.split_off(before);
        // What is not written twice is counted.
        app.db.env.clock.advance(api::denials::WINDOW);
        app.app.denials.flush(&app.db).await.unwrap();
        let counted = entries(&app).await.split_off(before + written.len());
        let said = |entry: &Record| {
            let Record { action, subject, result, about, origin, detail, request, .. } = entry;
            let said = (entry.actor.text(), action.clone(), subject.clone(), *result, *about);
            (said, origin.clone(), detail.clone(), request.is_some())
        };
        traces.push([written, counted].map(|entries| entries.iter().map(said).collect::<Vec<_>>()));
    }
    assert_eq!(traces[0], traces[1]);
    let [written, counted] = &traces[0];
    let codes: Vec<_> = written.iter().map(|(_, _, detail, _)| &detail.field("after")["code"]).collect();
    assert_eq!(codes, ["not_signed_in", "invalid_token"], "and neither the wrong event nor the limit");
    assert!(written.iter().all(|(_, origin, ..)| origin.field("agent") == "a browser"));
    assert_eq!(counted[0].2.field("after"), &json!({ "not_signed_in": 1, "invalid_token": 2 }));
    assert_eq!(counted.len(), 1);
}

/// Of the platform's log.
async fn entries(app: &TestApp) -> Vec<Record> {
    app.db.audit_log(Chain::Platform, &Filter::default()).await
}

#[tokio::test]
async fn the_limits_of_the_lane_are_those_of_the_router() {
    let limited = || async {
        let mut wish = Wish::unlimited();
        wish.requests.user = "100/h".parse().unwrap();
        wish.requests.address = "40/h".parse().unwrap();
        wish.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        TestApp::with(wish).await
    };
    let mut heard = Vec::new();
    for letters in ["evt_", "%65vt_"] {
        let app = limited().await;
        let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
        let mut line = Line::open(app.serve()).await;
        let path = format!("/api/v1/events/{}/holds", event.id).replacen("evt_", letters, 1);
        let mut answers = Vec::new();
        for number in 0..150 {
            let client = format!("X-Forwarded-For: 203.0.113.9, 192.0.2.{}\r\n", number / 50);
            let headers =
                format!("{client}Authorization: Bearer {}\r\nContent-Type: application/json\r\n", ann.token());
            let body = json!({ "seats": [seat_id(number % SEATS)] }).to_string();
            let answer = line.ask(request("POST", &path, &headers, &body).as_bytes()).await;
            let numbers = answer.headers["ratelimit"].clone();
            answers.push((answer.code(), numbers, answer.plain()));
        }
        heard.push(answers);
    }
    for (lane, router) in heard[0].iter().zip(&heard[1]) {
        assert_eq!((lane.0, &lane.1), (router.0, &router.1));
        assert_eq!(lane.2.headers, router.2.headers);
    }
    let limits =
        |name: &str| heard[0].iter().filter(|(.., answer)| answer.json()["error"]["details"]["limit"] == name).count();
    assert_eq!((limits("address"), limits("user")), (30, 20), "40 requests an address, 100 in all");
}

#[tokio::test]
async fn requests_of_every_kind_follow_each_other_on_one_connection() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    let refresh = json!({ "refreshToken": "nobody's" }).to_string();
    let kind = "Content-Type: application/json\r\n";
    let health = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".to_owned();
    const HEAD: usize = 7;
    let round = |first: usize| {
        [
            (hold_of(&event, ann.token(), first), 201),
            (hold_of(&event, ann.token(), first), 409),
            (health.clone(), 200),
            (format!("\r\n{health}"), 200),
            (hold_of(&event, ann.token(), first + 1), 201),
            (request("POST", "/api/v1/auth/refresh", kind, &refresh), 401),
            // Read to its end, whatever it is: who leaves a body unread may close the connection.
            (request("POST", "/api/v1/auth/refresh", &format!("{kind}Connection: keep-alive\r\n"), &refresh), 401),
            ("HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 200),
            (request("DELETE", "/api/v1/holds/hld_x", "", ""), 401),
            (
                hold_of(&event, ann.token(), first + 2).replace("Host: a\r\n", "hOST: a\r\nConnection: Keep-Alive\r\n"),
                201,
            ),
        ]
    };
    // In one packet, in packets that break anywhere, and letter by letter.
    for (number, piece) in [usize::MAX, 1, 2, 7, 100, 301, 517].into_iter().enumerate() {
        let round = round(number * 3);
        let (all, expected): (Vec<String>, Vec<u16>) = round.into_iter().unzip();
        let all = all.concat().into_bytes();
        let mut line = Line::open(address).await;
        line.socket.set_nodelay(true).unwrap();
        for piece in all.chunks(piece.min(all.len())) {
            line.say(piece).await;
            tokio::task::yield_now().await;
        }
        let mut heard = Vec::new();
        for (number, code) in expected.iter().enumerate() {
            let answer = line.hear_of(if number == HEAD { "HEAD" } else { "GET" }).await;
            heard.push(answer.unwrap_or_else(|| panic!("an answer of {code} after {heard:?}")).code());
        }
        assert_eq!(heard, expected, "in pieces of {piece}");
        let answer = line.ask(health.as_bytes()).await;
        assert!(answer.body.contains("ok"), "the connection goes on: {answer:?}");
    }
}

#[tokio::test]
async fn a_request_inside_a_body_is_not_a_request() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    let inside = hold_of(&event, ann.token(), 5);
    for (what, headers) in [
        ("a body nobody reads", "Content-Type: text/plain\r\n"),
        ("a body that is read", "Content-Type: application/json\r\n"),
    ] {
        for path in ["/api/v1/auth/login", "/api/v1/no-such-thing", "/healthz"] {
            // First the whole body at once, then only when the answer may be out already.
            for pause in [false, true] {
                let mut line = Line::open(address).await;
                let whole = request("POST", path, headers, &inside);
                let (head, body) = whole.split_at(whole.len() - inside.len());
                line.say(head.as_bytes()).await;
                let mut first = None;
                if pause && headers.contains("text") {
                    first = line.hear().await;
                }
                // It may have closed.
                let _ = line.socket.write_all(body.as_bytes()).await;
                let first = if first.is_some() { first } else { line.hear().await };
                // Who still sends when the connection closes may lose the answer.
                let code = first.as_ref().map(Heard::code);
                assert!(pause || code.is_some(), "{what} of {path}");
                assert!(code.is_none_or(|code| (400..500).contains(&code)), "{what} of {path}: {first:?}");
                let _ = line.socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
                let second = line.hear().await;
                assert!(second.is_none_or(|answer| answer.body.contains("ok")), "{what} of {path}");
            }
        }
    }
    let free = app.nobody().get(&event.path("/availability")).await.expect(200).json();
    let taken = crate::maps::statuses(free["seats"].as_str().unwrap()).iter().filter(|status| **status > 0).count();
    assert_eq!(taken, 0, "nobody asked for a seat");
}

#[tokio::test]
async fn a_viewer_may_come_from_a_connection_that_placed_holds() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let mut line = Line::open(app.serve()).await;
    assert_eq!(line.ask(hold_of(&event, ann.token(), 0).as_bytes()).await.code(), 201);
    let upgrade = upgrade(&event);
    // A ping in the packet of the handshake, from one who does not wait.
    let ping = [0x89, 0x82, 0, 0, 0, 0, b'h', b'i'];
    assert_eq!(line.ask(&[upgrade.as_bytes(), &ping].concat()).await.code(), 101);
    let Line { socket, input } = line;
    let mut viewer = tokio_tungstenite::WebSocketStream::from_partially_read(socket, input, Role::Client, None).await;
    let (mut snapshot, mut pong) = (false, false);
    while !(snapshot && pong) {
        let message = tokio::time::timeout(PATIENCE, viewer.next()).await.expect("in time").expect("open").unwrap();
        snapshot |= message.to_text().is_ok_and(|text| text.contains("\"snapshot\""));
        pong |= message.is_pong() && message.clone().into_data() == b"hi"[..];
    }
}

#[tokio::test]
async fn who_has_said_everything_still_hears_the_answer() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    for (request, code) in
        [(hold_of(&event, ann.token(), 0), 201), ("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 200)]
    {
        let mut line = Line::open(address).await;
        line.say(request.as_bytes()).await;
        line.socket.shutdown().await.unwrap();
        assert_eq!(line.hear().await.expect("an answer").code(), code);
        assert_eq!(line.hear().await, None);
    }
}

#[tokio::test]
async fn answers_are_whole_however_late_they_are_read() {
    let app = TestApp::new().await;
    let address = app.serve();
    let whole = Line::open(address).await.ask(b"GET /api/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(whole.body.len() > 100_000, "more than sockets take at once");
    const ASKED: usize = 30;
    // Bodies that nobody reads, at once, or never.
    let read = request("GET", "/api/openapi.json", "", &"x".repeat(5_000));
    let owed = "GET /api/openapi.json HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n".to_owned();
    for (last, goes_on) in [(read.clone(), true), (owed, false)] {
        // A client that takes little at a time.
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 * 1024).unwrap();
        let mut line = Line { socket: socket.connect(address).await.unwrap(), input: Vec::new() };
        line.say(format!("{}{last}", read.repeat(ASKED - 1)).as_bytes()).await;
        // Until the server has filled what is between the two.
        tokio::time::sleep(Duration::from_millis(500)).await;
        for number in 0..ASKED {
            let answer = line.hear().await.unwrap_or_else(|| panic!("answer {number} is whole"));
            assert!(answer.body == whole.body, "answer {number}");
        }
        let next = tokio::time::timeout(Duration::from_millis(200), line.hear()).await;
        assert_eq!(next.is_err(), goes_on, "{next:?}");
    }
}

#[tokio::test]
async fn who_speaks_no_http_is_told_at_once() {
    let app = TestApp::new().await;
    let address = app.serve();
    for broken in
        ["\u{16}\u{3}\u{1}\0\u{5}hello", "EHLO x\r\n", "GET / HTTP/1.1\r\nHost : a\r\n", "\rGET / HTTP/1.1\r\n"]
    {
        let mut line = Line::open(address).await;
        assert_eq!(line.ask(broken.as_bytes()).await.code(), 400, "{broken:?}");
    }
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    let address = app.serve_with(|edge| edge.headers_timeout = Duration::from_millis(300));
    for beginning in ["", "POST /api/v1/events/", "GET /healthz HTTP/1.1\r\nHost: a\r\n"] {
        let mut line = Line::open(address).await;
        line.say(beginning.as_bytes()).await;
        assert_eq!(line.hear().await, None, "{beginning:?}");
    }
    let mut line = Line::open(address).await;
    for seat in 0..4 {
        assert_eq!(line.ask(hold_of(&event, ann.token(), seat).as_bytes()).await.code(), 201);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(line.hear().await, None);
}

#[tokio::test]
async fn a_server_that_stops_leaves_no_connection_open() {
    let app = TestApp::with(Wish::unlimited()).await;
    let (event, ann, address) = (app.event_on_sale().await, app.fan("ann").await, app.serve());
    let (mut idle, mut used) = (Line::open(address).await, Line::open(address).await);
    assert_eq!(used.ask(hold_of(&event, ann.token(), 0).as_bytes()).await.code(), 201);
    assert_eq!(used.ask(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.code(), 200);
    app.stop();
    assert_eq!((idle.hear().await, used.hear().await), (None, None));
}
