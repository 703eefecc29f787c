//! That no secret and nothing personal leaves the real server by a way it should not: words that stand nowhere
//! else are put into every field that takes a secret or something personal, through what succeeds and what fails,
//! with the log at its most talkative. Then the log, the metrics, the errors and every file are searched for them.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testkit::{Installation, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

const BACK: &str = "https://app.example/back";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Where a word may not be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// Nowhere at all.
    Nowhere,
    /// In the page that it was typed into, which is shown again.
    OnItsPage,
    /// In the database in the clear, as the data inventory of `docs/SECURITY.md` says.
    InTheClear,
}

/// The words, and what was heard on the way.
struct Search {
    server: Server,
    words: Vec<(String, String, Kept)>,
    /// Heads and bodies of every answer that was an error, but for pages, and of those.
    errors: String,
    pages: String,
    failures: usize,
    successes: usize,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    #[track_caller]
    fn text(&self, pointer: &str) -> String {
        let value = self.json();
        value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value}")).to_owned()
    }

    #[track_caller]
    fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.split_once(": ").filter(|(known, _)| *known == name));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.head)).1
    }
}

impl Search {
    /// A word to look for afterwards.
    fn word(&mut self, name: &str, text: impl Into<String>) -> String {
        self.kept(name, text, Kept::Nowhere)
    }

    fn kept(&mut self, name: &str, text: impl Into<String>, kept: Kept) -> String {
        let text = text.into();
        self.words.push((name.to_owned(), text.clone(), kept));
        text
    }

    /// One request on a connection of its own. `headers`: whole lines.
    async fn send(&mut self, method: &str, path: &str, headers: &str, kind: &str, body: &str) -> Answer {
        let mut socket = TcpStream::connect(self.server.address()).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}Content-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut heard = Vec::new();
        socket.read_to_end(&mut heard).await.unwrap();
        let heard = String::from_utf8_lossy(&heard).into_owned();
        let (head, body) = heard.split_once("\r\n\r\n").expect("an answer");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        if status >= 400 {
            self.failures += 1;
            let is_page = head.contains("content-type: text/html");
            *(if is_page { &mut self.pages } else { &mut self.errors }) += &heard;
        } else {
            self.successes += 1;
        }
        Answer { status, head: head.replace("\r\n", "\n"), body: body.to_owned() }
    }

    async fn post(&mut self, path: &str, token: &str, body: Value) -> Answer {
        let headers = bearer(token);
        self.send("POST", &format!("/api/v1{path}"), &headers, JSON, &body.to_string()).await
    }

    async fn call(&mut self, method: &str, path: &str, token: &str) -> Answer {
        let headers = bearer(token);
        self.send(method, &format!("/api/v1{path}"), &headers, JSON, "").await
    }

    async fn form(&mut self, path: &str, headers: &str, pairs: &[(&str, &str)]) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.send("POST", path, headers, FORM, &form).await
    }
}

fn bearer(token: &str) -> String {
    if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") }
}

/// The last word of a message in the spool folder of which `is_it` is true.
async fn spooled(spool: &Path, to: &str, is_it: impl Fn(&str) -> bool) -> String {
    // Messages leave by a job, a moment later; one that never comes fails the test.
    for _ in 0..600 {
        let mut found: Vec<_> = fs::read_dir(spool).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
        found.sort();
        let texts = found.iter().filter_map(|file| fs::read_to_string(file).ok()).filter(|text| text.contains(to));
        let texts = texts.map(|text| testkit::mail::plain(&text));
        let words: Vec<String> = texts
            .flat_map(|text| {
                // Tokens come as links to the page that uses them.
                let word = |word: &str| word.rsplit("#token=").next().map(|word| word.trim_end_matches('.').to_owned());
                text.split_whitespace().filter_map(word).collect::<Vec<_>>()
            })
            .filter(|word| is_it(word))
            .collect();
        if let Some(word) = words.last() {
            return word.clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no such message to {to}");
}

fn is_code(word: &str) -> bool {
    word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Signing up and in, one's addresses, password and second factor; the access token that is left.
async fn people(search: &mut Search, spool: &Path, codes: &mut Vec<String>) -> String {
    let email = search.word("e-mail address", "zq-mail-5f1c@fans.example");
    let password = search.word("password", "zq password 81ab the mill");
    let name = search.word("name", "Zqname Canaria");
    let new = json!({ "email": email, "password": password, "name": name });
    let ann = search.post("/auth/register", "", new.clone()).await.expect(201);
    search.word("access token", ann.text("/accessToken"));
    search.word("refresh token", ann.text("/refreshToken"));
    let token = ann.text("/accessToken");
    search.post("/auth/register", "", new).await.expect(409);
    let body = json!({ "email": "zq-mail-5f1c@@", "password": password, "name": name, "secret": password });
    search.post("/auth/register", "", body).await.expect(400);
    search
        .send("POST", "/api/v1/auth/register", "", JSON, &format!("{{\"password\": \"{password}\", "))
        .await
        .expect(400);
    search.send("POST", "/api/v1/auth/register", "", "text/plain", &password).await.expect(415);

    let wrong = search.word("wrong password", "zq mistaken 77cd password");
    search.post("/auth/login", "", json!({ "email": email, "password": wrong })).await.expect(401);
    let stranger = search.word("unknown e-mail address", "zq-stranger-31bd@fans.example");
    search.post("/auth/login", "", json!({ "email": stranger, "password": wrong })).await.expect(401);
    search.post("/auth/forgot", "", json!({ "email": stranger })).await.expect(404);
    search.post("/auth/password/forgot", "", json!({ "email": stranger })).await;
    for path in ["/auth/refresh", "/auth/logout"] {
        let forged = search.word(&format!("forged token at {path}"), format!("sdr_zq{}", path.replace('/', "-")));
        search.post(path, "", json!({ "refreshToken": forged })).await.expect(401);
    }
    let code = spooled(spool, &email, is_code).await;
    codes.push(code.clone());
    search.post("/me/email/verify", &token, json!({ "code": "000000" })).await;
    search.post("/me/email/verify", &token, json!({ "code": code })).await.expect(200);
    let phone = search.word("telephone number", "+4930901820345");
    search.post("/me/phone", &token, json!({ "phone": phone, "password": wrong })).await;
    search.post("/me/phone", &token, json!({ "phone": phone, "password": password })).await;
    let city = search.word("city", "Zqstadt");
    let body = json!({ "location": { "city": city, "country": "DE" } });
    search.send("PATCH", "/api/v1/me", &bearer(&token), JSON, &body.to_string()).await.expect(200);
    let reference = search.word("document number", "ZQC01X00T47");
    let document = json!({ "documentType": "passport", "country": "DE", "reference": reference });
    search.post("/me/kyc", &token, document).await.expect(201);

    let enrolment = search.post("/me/mfa/totp", &token, json!({ "password": password })).await.expect(201);
    let secret = search.word("secret of the second factor", enrolment.text("/secret"));
    search.post("/me/mfa/totp/confirm", &token, json!({ "otp": "zq-wrong-otp" })).await;
    let otp = otp(&secret);
    let turned_on = search.post("/me/mfa/totp/confirm", &token, json!({ "otp": otp })).await.expect(200).json();
    for (at, code) in turned_on["recoveryCodes"].as_array().expect("recovery codes").iter().enumerate() {
        search.word(&format!("recovery code {at}"), code.as_str().unwrap());
    }
    search.post("/auth/login", "", json!({ "email": email, "password": password })).await.expect(401);
    let one = turned_on["recoveryCodes"][0].as_str().unwrap();
    let login = json!({ "email": email, "password": password, "otp": one });
    let again = search.post("/auth/login", "", login.clone()).await.expect(200);
    search.word("another access token", again.text("/accessToken"));
    search.word("another refresh token", again.text("/refreshToken"));
    search.post("/auth/login", "", login).await.expect(401);
    let next =
        search.post("/auth/refresh", "", json!({ "refreshToken": again.text("/refreshToken") })).await.expect(200);
    search.word("a third refresh token", next.text("/refreshToken"));
    search.post("/auth/password/forgot", "", json!({ "email": email })).await;
    let reset = spooled(spool, &email, |word| word.len() >= 40 && !word.contains('@') && !word.contains(':')).await;
    search.word("token for a new password", reset.clone());
    let new = search.word("new password", "zq brand new 40fe password");
    let two = turned_on["recoveryCodes"][1].as_str().unwrap();
    search.post("/auth/password/reset", "", json!({ "token": reset, "password": new })).await;
    search.post("/auth/password/reset", "", json!({ "token": "zq-wrong-reset", "password": new, "otp": two })).await;
    search.post("/auth/password/reset", "", json!({ "token": reset, "password": new, "otp": two })).await;
    let three = turned_on["recoveryCodes"][2].as_str().unwrap();
    let last =
        search.post("/auth/login", "", json!({ "email": email, "password": new, "otp": three })).await.expect(200);
    search.word("the last access token", last.text("/accessToken"));
    search.word("the last refresh token", last.text("/refreshToken"));
    last.text("/accessToken")
}

fn otp(secret: &str) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).expect("base 32");
    let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("a").build().expect("a secret");
    totp.generate(stagedoor_core::Env::system().now().seconds() as u64).to_string()
}

/// Clients, keys, the consent page and the tokens that come of it.
async fn programs(search: &mut Search, owner: &str) {
    let house = search.post("/organizers", owner, json!({ "name": "Old Mill" })).await.expect(201).text("/id");
    let body = json!({
        "name": "Partner", "kind": "confidential", "redirectUris": [BACK],
        "grantTypes": ["authorization_code", "refresh_token"], "scopes": ["profile.read"],
    });
    let client = search.post(&format!("/organizers/{house}/clients"), owner, body).await.expect(201);
    let (id, secret) = (client.text("/client/id"), client.text("/clientSecret"));
    search.word("client secret", secret.clone());
    let body = json!({ "name": "Till", "scopes": ["sales.read"] });
    let key = search.post(&format!("/organizers/{house}/api-keys"), owner, body).await.expect(201).text("/secret");
    search.word("API key", key.clone());
    search.call("GET", &format!("/organizers/{house}/orders"), &key).await.expect(200);
    let forged = search.word("forged API key", "sk_zqforged00zqforged00zqforged00zqforged00zqfo");
    search.call("GET", &format!("/organizers/{house}/orders"), &forged).await.expect(401);

    let (email, password) = (
        search.kept("e-mail address of another", "zq-bob-99aa@fans.example", Kept::OnItsPage),
        search.word("password of another", "zq bob's 6d6d password"),
    );
    let new = json!({ "email": email, "password": password, "name": "Bob" });
    search.post("/auth/register", "", new).await.expect(201);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let state = search.kept("state", "zqstate4711", Kept::OnItsPage);
    let query = [
        ("client_id", id.as_str()),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("state", &state),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let page = search.send("GET", &format!("/oauth/authorize?{query}"), "", FORM, "").await.expect(200);
    let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
    search.word("cookie", cookie.split_once('=').unwrap().1);
    let hidden: Vec<(String, String)> = page
        .body
        .split("<input type=\"hidden\" name=\"")
        .skip(1)
        .map(|input| {
            let (name, rest) = input.split_once("\" value=\"").unwrap();
            (name.to_owned(), rest.split_once('"').unwrap().0.replace("&amp;", "&"))
        })
        .collect();
    let token = hidden.iter().find(|(name, _)| name == "form_token").unwrap().1.clone();
    search.kept("form token", token, Kept::OnItsPage);
    let cookie = format!("Cookie: {cookie}\r\n");
    let mut fields: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.extend([("decision", "allow"), ("account", email.as_str())]);
    let wrong = search.word("wrong password on the page", "zq wrong 1212 on the page");
    search.form("/oauth/authorize", &cookie, &[&fields[..], &[("password", &wrong)]].concat()).await;
    let sent =
        search.form("/oauth/authorize", &cookie, &[&fields[..], &[("password", &password)]].concat()).await.expect(303);
    let code = url::Url::parse(sent.header("location")).unwrap();
    let code = code.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    search.word("authorization code", code.clone());
    let sign = |secret: &str| {
        let word = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
        format!("Authorization: Basic {word}\r\n")
    };
    let form =
        [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", BACK), ("code_verifier", VERIFIER)];
    let mistaken = search.word("wrong client secret", "cs_zqwrongsecret");
    search.form("/oauth/token", &sign(&mistaken), &form).await.expect(401);
    let tokens = search.form("/oauth/token", &sign(&secret), &form).await.expect(200);
    let (access, refresh) = (tokens.text("/access_token"), tokens.text("/refresh_token"));
    search.word("access token of a program", access.clone());
    search.word("refresh token of a program", refresh.clone());
    search.call("GET", "/me", &access).await.expect(200);
    search.form("/oauth/token", &sign(&secret), &form).await.expect(400);
    search.form("/oauth/introspect", &sign(&secret), &[("token", &access)]).await.expect(200);
    search.form("/oauth/revoke", &sign(&secret), &[("token", &refresh)]).await.expect(200);
    let form = [("grant_type", "refresh_token"), ("refresh_token", &*refresh)];
    search.form("/oauth/token", &sign(&secret), &form).await.expect(400);
}

/// What opens the doors of an event.
async fn door(search: &mut Search, world: &Value, event: &str) {
    let all = |what: &str| world[what].as_array().expect("a list").clone();
    let organizer = all("events").into_iter().find(|one| one["id"] == event).unwrap()["organizer"].clone();
    let at_the_door = |one: &Value| one["role"] == "door" && one["organizer"] == organizer;
    let staff = all("accounts").into_iter().find(at_the_door).expect("somebody is at every door");
    let sign_in = json!({ "email": staff["email"], "password": staff["password"] });
    let token = search.post("/auth/login", "", sign_in).await.expect(200).text("/accessToken");
    let organizer = organizer.as_str().unwrap();
    let path = format!("/organizers/{organizer}/events/{event}/checkins/keys");
    let keys = search.call("GET", &path, &token).await.expect(200);
    search.word("key of an event's live barcodes", keys.text("/keys/0/k"));
}

/// Seats, payment, tickets, and who comes.
async fn orders(search: &mut Search, fan: &str, event: &str) {
    let wish = json!({ "bestAvailable": { "quantity": 1 } });
    let attendee = search.word("name of who comes", "Zqattendee Canaria");
    let address = search.word("address of who comes", "zq-attendee-2b2b@fans.example");
    let card = search.word("card number", "4242 4242 4242 4242");
    let token = search.kept("card token", "tok_zqcard5150", Kept::InTheClear);
    for (key, token, status) in [("zq1", card.as_str(), 400), ("zq2", token.as_str(), 402), ("zq3", "tok_ok", 201)] {
        let hold = search.post(&format!("/events/{event}/holds"), fan, wish.clone()).await.expect(201).text("/id");
        let body = json!({
            "holds": [hold], "payment": { "method": "simulated", "token": token },
            "attendee": { "name": attendee, "email": address },
        });
        let headers = format!("{}Idempotency-Key: {key}\r\n", bearer(fan));
        let placed = search.send("POST", "/api/v1/orders", &headers, JSON, &body.to_string()).await;
        assert!(placed.status == status || (status == 402 && placed.status < 500), "{token}: {}", placed.body);
        if status == 201 {
            let ticket = placed.text("/tickets/0/id");
            let shown = search.call("GET", &format!("/tickets/{ticket}/barcode?format=json"), fan).await.expect(200);
            search.word("barcode", shown.text("/text"));
            search.word("key of a live barcode", shown.text("/live/key"));
            let to = search.word("address of a receiver", "zq-receiver-9c9c@fans.example");
            let headers = format!("{}Idempotency-Key: zq4\r\n", bearer(fan));
            let path = format!("/api/v1/tickets/{ticket}/transfer");
            search.send("POST", &path, &headers, JSON, &json!({ "email": to }).to_string()).await;
        }
        search.call("DELETE", &format!("/holds/{hold}"), fan).await;
    }
}

/// What stands in addresses and headers where nobody asked for it.
async fn elsewhere(search: &mut Search, event: &str) {
    let query = search.word("query of a search", "zqqueryword");
    search.send("GET", &format!("/api/v1/events?q={query}"), "", JSON, "").await.expect(200);
    let token = search.word("token in an address", "zqaddresstoken");
    search.send("GET", &format!("/api/v1/me?access_token={token}"), "", JSON, "").await.expect(401);
    search.send("GET", &format!("/api/v1/nothing?token={token}"), "", JSON, "").await.expect(404);
    search.send("GET", &format!("/{token}/{token}"), "", JSON, "").await.expect(404);
    let cookie = search.word("cookie of another program", "zqcookiesession");
    search.send("GET", "/api/v1/me", &format!("Cookie: session={cookie}\r\n"), JSON, "").await.expect(401);
    for (name, line) in [("bearer", "Bearer zqbearerword"), ("basic", "Basic zqbasicword"), ("scheme", "Zqscheme x")] {
        let word = line.split(' ').find(|word| word.to_lowercase().starts_with("zq")).unwrap();
        search.word(&format!("forged {name}"), word);
        search.send("GET", "/api/v1/me", &format!("Authorization: {line}\r\n"), JSON, "").await.expect(401);
        let path = format!("/api/v1/events/{event}/holds");
        search.send("POST", &path, &format!("Authorization: {line}\r\n"), JSON, "{}").await.expect(401);
    }
    let agent = search.word("user agent", "Zqbrowser/1.0");
    let headers = format!("User-Agent: {agent}\r\n");
    search.send("POST", "/api/v1/auth/login", &headers, JSON, "{}").await.expect(400);
    let said = search.word("token on a live map", "zqsockettoken");
    let url = format!("ws://{}/api/v1/events/{event}/live", search.server.address());
    let (mut socket, _) = connect_async(url).await.expect("the map can be watched");
    socket.send(Message::text(json!({ "type": "auth", "token": said }).to_string())).await.unwrap();
    loop {
        let heard = socket.next().await.expect("the socket is open").unwrap().into_text().unwrap_or_default();
        search.errors += &heard;
        if heard.contains("invalid_token") {
            break;
        }
    }
}

/// Every spelling in which a word could stand somewhere, small.
fn spellings(word: &str) -> Vec<String> {
    let mut all = vec![word.to_lowercase(), word.bytes().map(|byte| format!("{byte:02x}")).collect()];
    all.push(url::form_urlencoded::byte_serialize(word.as_bytes()).collect::<String>().to_lowercase());
    all.push(word.replace(' ', "").to_lowercase());
    // What base64 makes of it inside something longer, at each of the three places it can begin.
    for lead in 0..3 {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode([&vec![b'.'; lead][..], word.as_bytes()].concat());
            // Without the letters that share bits with what stands around it.
            let inner = &text[[0, 2, 3][lead]..text.len() - 1];
            all.push(inner.to_lowercase());
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Which words stand in `bytes`.
fn found<'a>(bytes: &[u8], words: &'a [(String, String, Kept)], is_it: impl Fn(Kept) -> bool) -> Vec<&'a str> {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    let wanted = words.iter().filter(|(_, _, kept)| is_it(*kept));
    wanted
        .filter(|(_, word, _)| spellings(word).iter().any(|one| text.contains(one)))
        .map(|(name, ..)| &**name)
        .collect()
}

fn files(folder: &Path, all: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, all),
            false => all.push(path),
        }
    }
}

#[tokio::test]
async fn no_secret_and_nothing_personal_leaves_by_the_log_the_metrics_an_error_or_a_file() {
    let place = Installation::new().await;
    let world: Value = serde_json::from_str(&place.run(&["demo", "--password-memory-kib=8"]).await).unwrap();
    let event = world["events"].as_array().unwrap().iter().find(|event| {
        event["name"].as_str().is_some_and(|name| name.contains("Hamlet")) || event["status"] == "on_sale"
    });
    let event = event.or(world["events"].get(0)).expect("an event")["id"].as_str().unwrap().to_owned();
    let base = format!("http://{}", place.address());
    let arguments = ["--password-memory-kib=8", "--public-url", &base, "--log", "trace", "--log-format", "json"];
    let server = place.serve(&arguments).await;
    let mut search =
        Search { server, words: Vec::new(), errors: String::new(), pages: String::new(), failures: 0, successes: 0 };
    let (spool, mut codes) = (place.data().join("spool"), Vec::new());

    let fan = people(&mut search, &spool, &mut codes).await;
    programs(&mut search, &fan).await;
    orders(&mut search, &fan, &event).await;
    door(&mut search, &world, &event).await;
    elsewhere(&mut search, &event).await;
    // Six digits alone may stand anywhere by chance; those of many do not.
    for number in 0..9 {
        let email = format!("codes-{number}@fans.example");
        let new = json!({ "email": email, "password": "an old mill by the sea", "name": "Somebody" });
        search.post("/auth/register", "", new).await.expect(201);
        codes.push(spooled(&spool, &email, is_code).await);
    }

    let metrics = search.send("GET", "/metrics", "", JSON, "").await.expect(200).body;
    let log = search.server.log();
    assert!(log.contains("\"DEBUG\"") && log.contains("/oauth/token"), "the log is as talkative as it can be");
    assert!(search.failures >= 30 && search.successes >= 30, "{} {}", search.failures, search.successes);
    let nothing: Vec<&str> = Vec::new();
    for (place, text) in [("the log", &log), ("the metrics", &metrics), ("an error", &search.errors)] {
        assert_eq!(found(text.as_bytes(), &search.words, |_| true), nothing, "in {place}");
    }
    assert!(search.pages.contains("<form"), "the consent page was shown again");
    assert_eq!(found(search.pages.as_bytes(), &search.words, |kept| kept != Kept::OnItsPage), nothing, "in a page");
    let told =
        codes.iter().filter(|code| log.contains(&format!("\"{code}\"")) || log.contains(&format!(" {code} "))).count();
    assert!(told < 3, "{told} codes of {} are in the log", codes.len());

    let Search { server, words, failures, successes, .. } = search;
    assert!(server.stop().await.success());
    let mut all = Vec::new();
    files(&place.data(), &mut all);
    let searched: Vec<_> = all.iter().filter(|file| !file.starts_with(&spool)).collect();
    assert!(!searched.is_empty() && all.len() > searched.len(), "{all:?}");
    for file in searched {
        let bytes = fs::read(file).unwrap();
        assert_eq!(found(&bytes, &words, |kept| kept != Kept::InTheClear), nothing, "in {}", file.display());
    }
    // The search finds what is there: messages that no server takes say what they say.
    let spooled: Vec<u8> =
        all.iter().filter(|file| file.starts_with(&spool)).flat_map(|file| fs::read(file).unwrap()).collect();
    assert!(found(&spooled, &words, |_| true).contains(&"e-mail address"));
    println!("{} words, {failures} failures, {successes} successes, {} files", words.len(), all.len());
}
