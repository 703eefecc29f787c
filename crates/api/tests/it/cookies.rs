//! Signed in by cookies, as the web app is, and what a page from elsewhere could make of them.

use axum::body::Body;
use axum::http::{Method, header};
use futures_util::{SinkExt, Stream, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::app::{OTHER_ORIGIN, PUBLIC_URL, TestApp};
use crate::caller::{Answer, Caller, PASSWORD};
use crate::lane::Line;
use crate::programs::{acting, api_key, client};

/// What a browser keeps of a server: cookies by name.
#[derive(Clone)]
struct Browser {
    nobody: Caller,
    access: String,
    refresh: String,
    csrf: String,
}

impl Browser {
    fn new(app: &TestApp) -> Self {
        let nothing = String::new;
        Self { nobody: app.nobody(), access: nothing(), refresh: nothing(), csrf: nothing() }
    }

    fn cookies(&self) -> String {
        let all = [("access", &self.access), ("refresh", &self.refresh), ("csrf", &self.csrf)];
        let held = all.into_iter().filter(|(_, value)| !value.is_empty());
        held.map(|(name, value)| format!("__Host-{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Keeps what an answer sets, as long as it says.
    fn keep(&mut self, answer: &Answer) {
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (pair, rules) = line.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            for rule in ["Path=/", "Secure", "SameSite=Strict"] {
                assert!(rules.split("; ").any(|one| one == rule), "{rule} is not in {line}");
            }
            assert!(!rules.contains("Domain"), "{line}");
            assert_eq!(rules.contains("HttpOnly"), name != "__Host-csrf", "{line}");
            assert_eq!(value.is_empty(), rules.contains("Max-Age=0"), "{line}");
            let place = match name {
                "__Host-access" => &mut self.access,
                "__Host-refresh" => &mut self.refresh,
                "__Host-csrf" => &mut self.csrf,
                other => panic!("a cookie called {other}"),
            };
            *place = value.to_owned();
        }
    }

    /// `csrf`: what the header repeats, if it is sent.
    async fn send(&self, method: Method, path: &str, csrf: Option<&str>, body: Value) -> Answer {
        let mut request = self.nobody.request(method, path).header("content-type", "application/json");
        if !self.cookies().is_empty() {
            request = request.header(header::COOKIE, self.cookies());
        }
        if let Some(csrf) = csrf {
            request = request.header("x-csrf-token", csrf);
        }
        self.nobody.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// As a page of ours does.
    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(&self.csrf), body).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, Value::Null).await
    }

    async fn signs_in(&mut self, path: &str, body: Value) -> Answer {
        let request = self.nobody.request(Method::POST, path);
        let request = request.header("content-type", "application/json").header("x-session", "cookie");
        let answer = self.nobody.send(request.body(Body::from(body.to_string())).unwrap()).await;
        self.keep(&answer);
        answer
    }

    /// The same from a page where somebody is signed in already, as a guest.
    async fn enters(&mut self, path: &str, csrf: Option<&str>, body: Value) -> Answer {
        let mut request = self.nobody.request(Method::POST, path).header("content-type", "application/json");
        request = request.header("x-session", "cookie").header(header::COOKIE, self.cookies());
        if let Some(csrf) = csrf {
            request = request.header("x-csrf-token", csrf);
        }
        let answer = self.nobody.send(request.body(Body::from(body.to_string())).unwrap()).await;
        self.keep(&answer);
        answer
    }

    async fn guest(app: &TestApp) -> Self {
        let mut browser = Self::new(app);
        let answer = browser.signs_in("/auth/guest", Value::Null).await.expect(201);
        assert!(answer.json().get("accessToken").is_none() && answer.json().get("refreshToken").is_none());
        browser
    }

    async fn registered(app: &TestApp, name: &str) -> Self {
        let mut browser = Self::new(app);
        let body = json!({ "email": format!("{name}@example.org"), "password": PASSWORD, "name": name });
        let answer = browser.signs_in("/auth/register", body).await.expect(201);
        assert!(answer.json().get("accessToken").is_none() && answer.json().get("refreshToken").is_none());
        assert!(!answer.text().contains(&browser.access) && !answer.text().contains(&browser.refresh));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        browser
    }
}

#[tokio::test]
async fn who_signs_in_by_cookies_shows_no_script_a_token() {
    let app = TestApp::new().await;
    let mut ann = Browser::registered(&app, "ann").await;
    assert_eq!(ann.get("/me").await.expect(200).json()["email"], "ann@example.org");
    let mut again = Browser::new(&app);
    let body = json!({ "email": "ann@example.org", "password": PASSWORD });
    again.signs_in("/auth/login", body.clone()).await.expect(200);
    assert_ne!(again.csrf, ann.csrf, "each session has its own");
    assert_eq!(again.get("/me").await.expect(200).json()["email"], "ann@example.org");
    // Who asks for nothing gets tokens, and no cookies.
    let plain = app.nobody().post("/auth/login", body.clone()).await.expect(200);
    assert!(!plain.headers.contains_key(header::SET_COOKIE) && plain.json()["accessToken"].is_string());
    for odd in ["cookies", "", "bearer"] {
        let request = app.nobody().request(Method::POST, "/auth/login").header("content-type", "application/json");
        let request = request.header("x-session", odd).body(Body::from(body.to_string())).unwrap();
        app.nobody().send(request).await.refused(400, "invalid_field");
    }
    // A refusal sets nothing.
    let wrong = json!({ "email": "ann@example.org", "password": "another one by the sea" });
    let before = ann.cookies();
    ann.signs_in("/auth/login", wrong).await.refused(401, "invalid_credentials");
    assert_eq!(ann.cookies(), before);
}

#[tokio::test]
async fn a_guest_by_cookies_is_told_apart_by_scripts_and_goes_over_into_an_account() {
    let app = TestApp::new().await;
    let event = app.event_on_sale().await;
    let mut guest = Browser::guest(&app).await;
    let (plain, over) = (guest.csrf.strip_prefix("guest.").expect("it says so").to_owned(), guest.clone());
    let hold = json!({ "seats": ["S-A-1"] });
    for csrf in [None, Some(""), Some("guest."), Some(plain.as_str())] {
        let answer = guest.send(Method::POST, &event.path("/holds"), csrf, hold.clone()).await;
        answer.refused(403, "invalid_csrf_token");
    }
    let held = guest.post(&event.path("/holds"), hold).await.expect(201).id();
    guest.get("/me").await.refused(403, "account_needed");
    let answer = guest.post("/auth/refresh", json!({})).await.expect(200);
    guest.keep(&answer);
    assert_eq!(guest.csrf, over.csrf, "it is the same session, in every tab");

    let body = json!({ "email": "ann@example.org", "password": PASSWORD, "name": "Ann" });
    let csrf = guest.csrf.clone();
    let answer = guest.enters("/auth/register", Some(&csrf), body).await.expect(201).json();
    assert_eq!(answer["guestHolds"]["taken"], json!([held]));
    assert!(!guest.csrf.contains('.'), "an account's");
    guest.get(&format!("/holds/{held}")).await.expect(200);
    over.get("/me/holds").await.refused(401, "invalid_token");
}

#[tokio::test]
async fn a_guests_page_whose_access_token_is_over_renews_it_before_anybody_signs_in() {
    let app = TestApp::new().await;
    let event = app.event_on_sale().await;
    app.fan("ann").await;
    let mut guest = Browser::guest(&app).await;
    let held = guest.post(&event.path("/holds"), json!({ "seats": ["S-A-1"] })).await.expect(201).id();
    let csrf = guest.csrf.clone();
    let ann = json!({ "email": "ann@example.org", "password": PASSWORD });
    let bob = json!({ "email": "bob@example.org", "password": PASSWORD, "name": "Bob" });
    let access = std::mem::take(&mut guest.access);
    // Browsers send none that is over; a server that changed its mind about one may be sent it.
    for access in ["", "nonsense", &format!("{access}x")] {
        let mut late = Browser { access: access.to_owned(), ..guest.clone() };
        for (path, body) in [("/auth/login", &ann), ("/auth/register", &bob)] {
            let answer = late.enters(path, Some(&csrf), body.clone()).await.refused(401, "invalid_token");
            assert!(!answer.headers.contains_key(header::SET_COOKIE), "{path}");
        }
    }
    let credential =
        json!({ "id": "AA", "response": { "authenticatorData": "AA", "clientDataJSON": "AA", "signature": "AA" } });
    guest
        .enters("/auth/passkeys", Some(&csrf), json!({ "credential": credential }))
        .await
        .refused(401, "invalid_token");
    let visit = json!({ "provider": "example", "state": "x", "secret": "x", "code": "x" });
    guest.enters("/auth/providers", Some(&csrf), visit).await.refused(401, "invalid_token");

    let answer = guest.post("/auth/refresh", json!({})).await.expect(200);
    guest.keep(&answer);
    let answer = guest.enters("/auth/login", Some(&csrf), ann).await.expect(200).json();
    assert_eq!(answer["guestHolds"], json!({ "taken": [held], "left": [] }));
}

#[tokio::test]
async fn a_page_from_elsewhere_takes_nothing_from_a_guest() {
    let app = TestApp::new().await;
    let event = app.event_on_sale().await;
    app.fan("ann").await;
    let mut guest = Browser::guest(&app).await;
    let held = guest.post(&event.path("/holds"), json!({ "seats": ["S-A-1"] })).await.expect(201).id();
    let before = guest.clone();
    let body = json!({ "email": "ann@example.org", "password": PASSWORD });
    let answer = guest.enters("/auth/login", None, body).await.expect(200).json();
    assert_eq!(answer.get("guestHolds"), None);
    before.get(&format!("/holds/{held}")).await.expect(200);
}

#[tokio::test]
async fn what_a_page_from_elsewhere_makes_a_browser_send_changes_nothing() {
    let app = TestApp::new().await;
    let (event, house) = (app.event_on_sale().await, app.house("Odeon").await);
    let (ann, bob) = (Browser::registered(&app, "ann").await, Browser::registered(&app, "bob").await);
    let change = json!({ "name": "Somebody else" });
    let twisted: String = ann.csrf.chars().rev().collect();
    let forged = [None, Some(""), Some(bob.csrf.as_str()), Some("null"), Some(twisted.as_str())];
    for csrf in forged {
        ann.send(Method::PATCH, "/me", csrf, change.clone()).await.refused(403, "invalid_csrf_token");
        let hold = json!({ "seats": ["S-A-1"] });
        ann.send(Method::POST, &event.path("/holds"), csrf, hold).await.refused(403, "invalid_csrf_token");
        ann.send(Method::DELETE, "/me", csrf, json!({ "password": PASSWORD })).await.refused(403, "invalid_csrf_token");
        ann.send(Method::POST, "/organizers", csrf, json!({ "name": "Mine" })).await.refused(403, "invalid_csrf_token");
        ann.send(Method::POST, "/auth/refresh", csrf, json!({})).await.refused(403, "invalid_csrf_token");
        ann.send(Method::POST, "/auth/logout", csrf, json!({})).await.refused(403, "invalid_csrf_token");
        ann.send(Method::PATCH, &format!("/organizers/{}", house.id), csrf, change.clone())
            .await
            .refused(403, "invalid_csrf_token");
    }
    // Twice is not once.
    let request = ann.nobody.request(Method::PATCH, "/me").header("content-type", "application/json");
    let request = request.header(header::COOKIE, ann.cookies());
    let request = request.header("x-csrf-token", &ann.csrf).header("x-csrf-token", &ann.csrf);
    ann.nobody.send(request.body(Body::from(change.to_string())).unwrap()).await.refused(403, "invalid_csrf_token");
    assert_eq!(ann.get("/me").await.expect(200).json()["name"], "ann");

    ann.send(Method::PATCH, "/me", Some(&ann.csrf), change).await.expect(200);
    assert_eq!(ann.get("/me").await.expect(200).json()["name"], "Somebody else");
    ann.post(&event.path("/holds"), json!({ "seats": ["S-A-1"] })).await.expect(201);
}

#[tokio::test]
async fn a_session_by_cookies_is_renewed_and_ended_by_them() {
    let app = TestApp::new().await;
    let mut ann = Browser::registered(&app, "ann").await;
    let first = ann.clone();
    app.nobody().post("/auth/refresh", json!({})).await.refused(401, "not_signed_in");
    let answer = ann.post("/auth/refresh", json!({})).await.expect(200);
    assert!(answer.json().get("accessToken").is_none());
    ann.keep(&answer);
    assert_ne!((&ann.access, &ann.refresh), (&first.access, &first.refresh));
    assert_eq!(ann.csrf, first.csrf, "it is the same session, in every tab");
    ann.get("/me").await.expect(200);

    let over = ann.clone();
    let answer = ann.post("/auth/logout", json!({})).await.expect(204);
    ann.keep(&answer);
    assert_eq!(ann.cookies(), "");
    ann.get("/me").await.refused(401, "not_signed_in");
    over.get("/me").await.refused(401, "invalid_token");
    let mut left = over.clone();
    let answer = left.post("/auth/refresh", json!({})).await;
    left.keep(&answer);
    answer.refused(401, "invalid_token");
    assert_eq!(left.cookies(), "", "the page would think that somebody is signed in");
    let mut forged = Browser { refresh: "nonsense".to_owned(), ..over };
    let answer = forged.post("/auth/logout", json!({})).await;
    forged.keep(&answer);
    answer.refused(401, "invalid_token");
    assert_eq!(forged.cookies(), "", "nor can they sign out");
    // A token in the body needs no cookie, and sets none.
    let bob = app.fan("bob").await;
    let answer = app.nobody().post("/auth/refresh", json!({ "refreshToken": bob.refresh_token })).await.expect(200);
    assert!(answer.json()["refreshToken"].is_string() && !answer.headers.contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn only_the_sessions_of_people_travel_by_cookie() {
    let app = TestApp::new().await;
    let house = app.house("Odeon").await;
    let ann = app.fan("ann").await;
    let program = acting(&app, &client(&app, &house, "profile.read").await, &ann, None).await;
    let key = api_key(&house, "sales.read").await;
    for token in [program.token(), &key.secret, "x", "a.b.c"] {
        let browser = Browser { access: token.to_owned(), ..Browser::new(&app) };
        browser.get("/me").await.refused(401, "invalid_token");
    }
    // What is said in words counts, and cookies beside it do not.
    let bob = Browser::registered(&app, "bob").await;
    let request = ann.request(Method::PATCH, "/me").header("content-type", "application/json");
    let request = request.header(header::COOKIE, bob.cookies()).body(Body::from(r#"{"name":"Ann B"}"#)).unwrap();
    assert_eq!(ann.send(request).await.expect(200).json()["email"], "ann@example.org");
}

#[tokio::test]
async fn the_lane_for_holds_knows_cookies_too() {
    let app = TestApp::new().await;
    let (event, address) = (app.event_on_sale().await, app.serve());
    let ann = Browser::registered(&app, "ann").await;
    let mut line = Line::open(address).await;
    for (csrf, status) in [("", 403), ("x", 403), (ann.csrf.as_str(), 201)] {
        let (path, cookies, body) = (event.path("/holds"), ann.cookies(), r#"{"seats":["S-A-1"]}"#);
        let length = body.len();
        let head = format!(
            "POST /api/v1{path} HTTP/1.1\r\nHost: a\r\nCookie: theme=dark\r\nCookie: {cookies}\r\nX-CSRF-Token: {csrf}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        line.say(head.as_bytes()).await;
        let heard = line.hear().await.expect("an answer");
        assert_eq!(heard.code(), status, "{csrf}: {}", heard.body);
    }
}

#[tokio::test]
async fn a_live_map_is_signed_in_by_the_cookies_of_its_request() {
    let app = TestApp::new().await;
    let (event, address) = (app.event_on_sale().await, app.serve());
    let ann = Browser::registered(&app, "ann").await;
    let id = ann.get("/me").await.expect(200).json()["id"].clone();
    let watch = async |origin: &str| {
        let mut request = format!("ws://{address}/api/v1{}", event.path("/live")).into_client_request().unwrap();
        request.headers_mut().insert(header::COOKIE, ann.cookies().parse().unwrap());
        request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        connect_async(request).await.expect("the map can be watched").0
    };
    let mut own = watch(PUBLIC_URL).await;
    let told = [frame(&mut own).await, frame(&mut own).await, frame(&mut own).await];
    assert_eq!(told.each_ref().map(|frame| frame["type"].as_str().unwrap()), ["snapshot", "event", "auth"]);
    assert_eq!(told[2]["user"], id);
    // A page of the same site that may look is nobody for that: what is said next comes next.
    let mut other = watch(OTHER_ORIGIN).await;
    other.send(Message::text("nonsense")).await.unwrap();
    let told = [frame(&mut other).await, frame(&mut other).await, frame(&mut other).await];
    assert_eq!(told.each_ref().map(|frame| frame["type"].as_str().unwrap()), ["snapshot", "event", "error"]);
}

async fn frame(socket: &mut (impl Stream<Item = Result<Message, tungstenite::Error>> + Unpin)) -> Value {
    serde_json::from_str(socket.next().await.unwrap().unwrap().to_text().unwrap()).unwrap()
}
