//! Programs as clients meet them: the consent page and the token endpoint.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::audit::Outcome;
use url::Url;

use crate::app::{House, PUBLIC_URL, TestApp, Wish};
use crate::audit::platform;
use crate::caller::{Answer, Caller, PASSWORD};

pub const BACK: &str = "https://app.example/back?kept=1";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A registered client.
pub struct Client {
    pub id: String,
    pub secret: String,
}

pub struct Key {
    pub id: String,
    pub secret: String,
}

/// A confidential client of `house` for every grant that these scopes are good for, that staff of the
/// platform vouched for.
pub async fn client(app: &TestApp, house: &House, scopes: &str) -> Client {
    let client = unapproved(house, scopes).await;
    let id = client.id.parse().unwrap();
    app.app.identity.approve_client(&store::Origin::operator(), id).await.unwrap();
    client
}

/// The same that nobody vouched for.
pub async fn unapproved(house: &House, scopes: &str) -> Client {
    let mut grants = vec!["authorization_code", "refresh_token"];
    if scopes.parse::<identity::Scopes>().is_ok_and(|scopes| !scopes.of_organizers().is_empty()) {
        grants.push("client_credentials");
    }
    let body = json!({
        "name": "Box <b>\"Bob's\"</b> & co", "kind": "confidential", "redirectUris": [BACK],
        "grantTypes": grants,
        "scopes": scopes.split(' ').collect::<Vec<_>>(),
    });
    let made = house.owner.post(&format!("/organizers/{}/clients", house.id), body).await.expect(201).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Client { id: text(&made["client"]["id"]), secret: text(&made["clientSecret"]) }
}

pub async fn api_key(house: &House, scopes: &str) -> Key {
    let body = json!({ "name": "Till", "scopes": scopes.split(' ').collect::<Vec<_>>() });
    let made = house.owner.post(&format!("/organizers/{}/api-keys", house.id), body).await.expect(201).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Key { id: text(&made["apiKey"]["id"]), secret: text(&made["secret"]) }
}

/// A body that is taken where programs are managed.
pub fn good_body(path: &str) -> Value {
    match path.rsplit('/').next() {
        Some("clients") => json!({
            "name": "Box", "kind": "confidential", "redirectUris": [BACK], "grantTypes": ["authorization_code"],
            "scopes": ["orders.read"],
        }),
        Some("api-keys") => json!({ "name": "Till", "scopes": ["sales.read"], "expiresAt": "2027-01-01T00:00:00Z" }),
        _ => json!({ "overlapSeconds": 60 }),
    }
}

/// What `fan` let the client do, by its id.
pub async fn let_in(app: &TestApp, client: &Client, fan: &Caller) -> String {
    tokens(app, client, fan, None).await;
    let programs = fan.get("/me/programs").await.expect(200).json();
    programs["items"][0]["id"].as_str().unwrap().to_owned()
}

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

pub fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The address that a client sends a browser to, changed: an empty value leaves a parameter out.
pub fn address(client: &Client, change: &[(&str, &str)]) -> String {
    let challenge = challenge();
    let mut pairs = BTreeMap::from([
        ("client_id", client.id.as_str()),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("state", "x y&z\"'<>"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    pairs.extend(change.iter().copied());
    format!("/oauth/authorize?{}", encode(pairs.into_iter().filter(|(_, value)| !value.is_empty())))
}

pub async fn post_form(who: &Caller, path: &str, cookie: Option<&str>, basic: Option<&Client>, form: String) -> Answer {
    let mut request = who.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    if let Some(client) = basic {
        let code = STANDARD.encode(format!("{}:{}", client.id, client.secret));
        request = request.header("authorization", format!("Basic {code}"));
    }
    who.send(request.body(Body::from(form)).unwrap()).await
}

/// The form of the page, as a browser would send it: its hidden fields, and the cookie of the page.
pub struct Page {
    fields: Vec<(String, String)>,
    cookie: String,
}

impl Page {
    pub async fn open(app: &TestApp, address: &str) -> Page {
        let answer = app.nobody().get(address).await.expect(200);
        let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Page { fields: hidden(&answer.text()), cookie }
    }

    pub async fn answer(&self, app: &TestApp, own: &[(&str, &str)]) -> Answer {
        let fields = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let form = encode(fields.chain(own.iter().copied()));
        post_form(&app.nobody(), "/oauth/authorize", Some(&self.cookie), None, form).await
    }

    pub async fn allowed_by(&self, app: &TestApp, fan: &Caller) -> Answer {
        let otp = app.recovery_code(fan).unwrap_or_default();
        let own = [("decision", "allow"), ("account", fan.email.as_str()), ("password", PASSWORD), ("otp", &otp)];
        self.answer(app, &own).await
    }
}

fn hidden(html: &str) -> Vec<(String, String)> {
    let plain = |text: &str| {
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
        text.replace("&amp;", "&")
    };
    let inputs = html.split("<input type=\"hidden\" name=\"").skip(1);
    let read = |input: &str| {
        let (name, rest) = input.split_once("\" value=\"").unwrap();
        (plain(name), plain(rest.split_once('"').unwrap().0))
    };
    inputs.map(read).collect()
}

/// What an answer sends back to the client.
pub fn sent_back(answer: &Answer) -> BTreeMap<String, String> {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let url = Url::parse(answer.header("location").unwrap()).unwrap();
    assert!(url.as_str().starts_with(BACK), "{url}");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    url.query_pairs().into_owned().collect()
}

pub async fn buy(app: &TestApp, client: &Client, form: &[(&str, &str)]) -> Answer {
    post_form(&app.nobody(), "/oauth/token", None, Some(client), encode(form.iter().copied())).await
}

pub async fn code(app: &TestApp, client: &Client, fan: &Caller, scope: Option<&str>) -> String {
    let page = Page::open(app, &address(client, &[("scope", scope.unwrap_or_default())])).await;
    sent_back(&page.allowed_by(app, fan).await)["code"].clone()
}

/// Tokens for what `fan` lets the client do; all that it is registered for without a `scope`.
pub async fn tokens(app: &TestApp, client: &Client, fan: &Caller, scope: Option<&str>) -> Value {
    let code = code(app, client, fan, scope).await;
    let form =
        [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", BACK), ("code_verifier", VERIFIER)];
    let answer = buy(app, client, &form).await.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()
}

/// Whoever shows the token that `fan` let the client have.
pub async fn acting(app: &TestApp, client: &Client, fan: &Caller, scope: Option<&str>) -> Caller {
    let tokens = tokens(app, client, fan, scope).await;
    app.nobody().with_token(tokens["access_token"].as_str().unwrap())
}

#[tokio::test]
async fn consent_and_its_end_stand_in_the_platforms_log() {
    let app = TestApp::new().await;
    let (house, ann) = (app.aurora().await, app.fan("ann").await);
    let client = client(&app, &house, "orders.read").await;
    let page = Page::open(&app, &address(&client, &[])).await;
    let guess = [("decision", "allow"), ("account", ann.email.as_str()), ("password", "a wrong password")];
    assert_eq!(page.answer(&app, &guess).await.status, 400);
    let given = platform(&app, "consent.give").await;
    assert_eq!((given.len(), given[0].result, &given[0].subject), (1, Outcome::Denied, &ann.id));
    let grant = let_in(&app, &client, &ann).await;
    let given = platform(&app, "consent.give").await;
    assert_eq!((given[1].result, &given[1].subject), (Outcome::Done, &client.id));
    assert_eq!(
        (given[1].actor.text(), given[1].detail.field("after")["scopes"].as_str()),
        (ann.id.clone(), Some("orders.read"))
    );
    assert_eq!(platform(&app, "grant.open").await[0].subject, grant);
    ann.delete(&format!("/me/programs/{grant}")).await.expect(204);
    let withdrawn = platform(&app, "consent.withdraw").await;
    assert_eq!((withdrawn.len(), &withdrawn[0].subject, withdrawn[0].actor.text()), (1, &grant, ann.id.clone()));

    let token = tokens(&app, &client, &ann, None).await["refresh_token"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let form = encode([("token", token.as_str())]);
        assert_eq!(post_form(&app.nobody(), "/oauth/revoke", None, Some(&client), form).await.status, 200);
    }
    let ended = platform(&app, "grant.end").await;
    assert_eq!(ended.len(), 1, "what has ended ends no more");
    assert_eq!(ended[0].detail.field("after")["by"], client.id);

    let stranger = Client { id: client.id.clone(), secret: "cs_wrong".to_owned() };
    buy(&app, &stranger, &[("grant_type", "client_credentials")]).await.expect(401);
    let denied = &platform(&app, "client.authenticate").await[0];
    assert_eq!((denied.result, &denied.subject), (Outcome::Denied, &client.id), "whose secret somebody guesses");
    let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    buy(&app, &client, &form).await.expect(400);
    let denied = &platform(&app, "token.issue").await[0];
    assert_eq!((denied.result, &denied.subject), (Outcome::Denied, &client.id), "who shows what is no good");
    let nobody = Client { id: "<script>".to_owned(), secret: "cs_wrong".to_owned() };
    buy(&app, &nobody, &[("grant_type", "client_credentials")]).await.expect(401);
    assert_eq!(platform(&app, "client.authenticate").await[1].subject, "client", "what a stranger types is not kept");
}

#[tokio::test]
async fn a_program_is_let_in_and_sent_away() {
    let app = TestApp::new().await;
    let (house, ann) = (app.aurora().await, app.fan("ann").await);
    let client = client(&app, &house, "profile.read orders.read").await;
    let tokens = tokens(&app, &client, &ann, Some("profile.read")).await;
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3_600)));
    assert_eq!(tokens["scope"], "profile.read");
    let program = app.nobody().with_token(tokens["access_token"].as_str().unwrap());
    assert_eq!(program.get("/me").await.expect(200).json()["id"], ann.id);
    let refused = program.get("/me/orders").await.refused(403, "insufficient_scope");
    assert_eq!(refused.details(), json!({ "scope": "orders.read" }));
    assert_eq!(refused.header("www-authenticate"), Some("Bearer error=\"insufficient_scope\""));
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let next = buy(&app, &client, &form).await.expect(200).json();
    assert_ne!(next["refresh_token"], tokens["refresh_token"]);
    // Seen, and sent away, by the person; by nobody else, and not by the program.
    program.get("/me/programs").await.refused(403, "insufficient_scope");
    let listed = ann.get("/me/programs").await.expect(200).json();
    assert_eq!(listed["items"][0]["organizer"], "aurora");
    let path = format!("/me/programs/{}", listed["items"][0]["id"].as_str().unwrap());
    app.fan("bob").await.delete(&path).await.refused(404, "not_found");
    ann.delete(&path).await.expect(204);
    program.get("/me").await.refused(401, "invalid_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", next["refresh_token"].as_str().unwrap())];
    assert_eq!(buy(&app, &client, &form).await.expect(400).json()["error"], "invalid_grant");
}

#[tokio::test]
async fn the_page_is_plain_safe_and_says_who_asks_for_what() {
    let app = TestApp::new().await;
    let client = client(&app, &app.aurora().await, "profile.read orders.read").await;
    let answer = app.nobody().get(&address(&client, &[("scope", "orders.read")])).await.expect(200);
    let html = answer.text();
    assert!(html.contains("Box &lt;b&gt;&quot;Bob&#39;s&quot;&lt;/b&gt; &amp; co"), "{html}");
    assert!(html.contains("See your orders") && !html.contains("See your name"), "{html}");
    assert!(html.contains("aurora") && html.contains("<strong>app.example</strong>"), "{html}");
    let handler = regex::Regex::new(r"\son\w+=").unwrap();
    assert!(!html.contains("<script") && !handler.is_match(&html), "no scripts: {html}");
    for id in ["account", "password", "otp"] {
        assert!(html.contains(&format!("<label for=\"{id}\">")) && html.contains(&format!("id=\"{id}\"")), "{id}");
    }
    let policy = answer.header("content-security-policy").unwrap();
    for part in
        ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self' https://app.example;"]
    {
        assert!(policy.contains(part), "{part} is not in {policy}");
    }
    let style = html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    assert!(policy.contains(&format!("style-src 'sha256-{}'", STANDARD.encode(Sha256::digest(style)))), "{policy}");
    assert!(!policy.contains("unsafe"));
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.contains("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
}

#[tokio::test]
async fn a_no_and_a_mistake_are_told_with_state_and_issuer() {
    let app = TestApp::new().await;
    let client = client(&app, &app.aurora().await, "orders.read").await;
    let page = Page::open(&app, &address(&client, &[])).await;
    let no = sent_back(&page.answer(&app, &[("decision", "deny")]).await);
    assert_eq!((no["error"].as_str(), no["state"].as_str()), ("access_denied", "x y&z\"'<>"));
    assert_eq!((no["iss"].as_str(), no["kept"].as_str()), (PUBLIC_URL, "1"));
    let yes = sent_back(&page.allowed_by(&app, &app.fan("ann").await).await);
    assert_eq!((yes["state"].as_str(), yes["iss"].as_str()), ("x y&z\"'<>", PUBLIC_URL));
    assert!(yes["code"].starts_with("ac_") && !yes.contains_key("error"));
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("scope", "orders.write"), "invalid_scope"),
        (("resource", "https://elsewhere.example"), "invalid_target"),
        (("request", "eyJ"), "invalid_request"),
        (("request_uri", "https://evil.example"), "invalid_request"),
        (("response_mode", "fragment"), "invalid_request"),
    ] {
        let back = sent_back(&app.nobody().get(&address(&client, &[change])).await);
        assert_eq!((back["error"].as_str(), back["iss"].as_str()), (error, PUBLIC_URL), "{change:?}");
        assert_eq!(back["state"], "x y&z\"'<>", "{change:?}");
    }
    let twice = format!("{}&scope=orders.read&scope=orders.read", address(&client, &[]));
    assert_eq!(sent_back(&app.nobody().get(&twice).await)["error"], "invalid_request");
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_is_not_registered() {
    let app = TestApp::new().await;
    let client = client(&app, &app.aurora().await, "orders.read").await;
    let good = address(&client, &[]);
    let cases = [
        address(&client, &[("client_id", "")]),
        address(&client, &[("client_id", "cli_01h455vb4pex5vsknk084sn02q")]),
        address(&client, &[("client_id", "<script>alert(1)</script>")]),
        address(&client, &[("redirect_uri", "")]),
        address(&client, &[("redirect_uri", "https://evil.example/back?kept=1")]),
        address(&client, &[("redirect_uri", "https://app.example/back?kept=1&more=1")]),
        address(&client, &[("redirect_uri", "javascript:alert(1)")]),
        format!("{good}&redirect_uri=https%3A%2F%2Fevil.example%2F"),
        format!("{good}&client_id={}", client.id),
        "/oauth/authorize".to_owned(),
    ];
    for address in cases {
        let answer = app.nobody().get(&address).await.expect(400);
        assert!(answer.header("location").is_none() && answer.text().contains("Nothing was allowed"), "{address}");
        assert!(!answer.text().contains("<script>"), "{address}");
        let query = address.split_once('?').map_or("", |(_, query)| query);
        let form = format!("{query}&decision=deny");
        let answer = post_form(&app.nobody(), "/oauth/authorize", None, None, form).await;
        assert!(answer.status == 400 && answer.header("location").is_none(), "{address}");
    }
    // Nor is anyone told which clients there are that cannot answer.
    let house = app.borealis().await;
    let theirs = crate::programs::client(&app, &house, "orders.read").await;
    house.owner.delete(&format!("/organizers/{}/clients/{}", house.id, theirs.id)).await.expect(204);
    let revoked = app.nobody().get(&address(&theirs, &[])).await.expect(400);
    let absent = address(&theirs, &[("client_id", "cli_01h455vb4pex5vsknk084sn02q")]);
    assert_eq!(revoked.text(), app.nobody().get(&absent).await.expect(400).text());
}

#[tokio::test]
async fn nobody_is_let_in_by_a_form_of_another_site_or_a_wrong_password() {
    let app = TestApp::new().await;
    let (ann, client) = (app.fan("ann").await, client(&app, &app.aurora().await, "orders.read").await);
    let page = Page::open(&app, &address(&client, &[])).await;
    let right = [("decision", "allow"), ("account", ann.email.as_str()), ("password", PASSWORD)];
    let form = |fields: &[(String, String)]| {
        let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        encode(fields.chain(right))
    };
    let send = async |cookie: Option<&str>, form: String| {
        post_form(&app.nobody(), "/oauth/authorize", cookie, None, form).await
    };
    let other = Page::open(&app, &address(&client, &[])).await;
    let without: Vec<_> = page.fields.iter().filter(|(name, _)| name != "form_token").cloned().collect();
    for (case, cookie, fields) in [
        ("no cookie", None, &page.fields),
        ("another's cookie", Some(other.cookie.as_str()), &page.fields),
        ("a made-up cookie", Some("stagedoor-form=00000000000000000000000000000000"), &page.fields),
        ("no word", Some(page.cookie.as_str()), &without),
    ] {
        let answer = send(cookie, form(fields)).await.expect(400);
        assert!(answer.header("location").is_none() && answer.text().contains("role=\"alert\""), "{case}");
    }
    let mut request = app.nobody().request(Method::POST, "/oauth/authorize").header("cookie", &page.cookie);
    request =
        request.header("content-type", "application/x-www-form-urlencoded").header("sec-fetch-site", "cross-site");
    app.nobody().send(request.body(Body::from(form(&page.fields))).unwrap()).await.expect(400);

    let wrong = page.answer(&app, &[("decision", "allow"), ("account", &ann.email), ("password", "wrong")]).await;
    let text = wrong.clone().expect(400).text();
    assert!(text.contains("Address or password is wrong") && text.contains("value=\"ann@example.org\""), "{text}");
    let nobody = [("decision", "allow"), ("account", "no@example.org"), ("password", "wrong")];
    let unknown = page.answer(&app, &nobody).await.expect(400).text();
    assert_eq!(unknown.replace("no@example.org", "ann@example.org"), text, "nobody learns who has an account");
    let answer = page.answer(&app, &[("decision", "perhaps")]).await.expect(400);
    assert!(answer.header("location").is_none());
    assert_eq!(ann.get("/me/programs").await.expect(200).json()["items"], json!([]));
    assert!(sent_back(&page.allowed_by(&app, &ann).await).contains_key("code"), "the page is still good");
}

#[tokio::test]
async fn what_a_client_gets_wrong_is_told_in_the_words_of_the_protocol() {
    let app = TestApp::new().await;
    let (house, ann) = (app.aurora().await, app.fan("ann").await);
    let client = client(&app, &house, "orders.read sales.read").await;
    let stranger = Client { id: client.id.clone(), secret: "cs_wrong".to_owned() };
    let absent = Client { id: "cli_01h455vb4pex5vsknk084sn02q".to_owned(), secret: client.secret.clone() };
    let grant = [("grant_type", "client_credentials")];
    for wrong in [&stranger, &absent] {
        let answer = buy(&app, wrong, &grant).await.expect(401);
        assert_eq!(answer.json()["error"], "invalid_client");
        assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"stagedoor\""));
    }
    let code = code(&app, &client, &ann, None).await;
    let exchange = ("grant_type", "authorization_code");
    for (form, error) in [
        (vec![], "invalid_request"),
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (vec![("grant_type", "implicit")], "unsupported_grant_type"),
        (vec![grant[0], grant[0]], "invalid_request"),
        (vec![grant[0], ("scope", "orders.read")], "invalid_scope"),
        (vec![grant[0], ("scope", "everything")], "invalid_scope"),
        (vec![grant[0], ("resource", "https://elsewhere.example")], "invalid_target"),
        (vec![exchange], "invalid_request"),
        (vec![exchange, ("code", &code), ("redirect_uri", BACK)], "invalid_grant"),
        (
            vec![exchange, ("code", &code), ("code_verifier", VERIFIER), ("redirect_uri", "https://a.b/")],
            "invalid_grant",
        ),
        (vec![("grant_type", "refresh_token")], "invalid_request"),
        (vec![("grant_type", "refresh_token"), ("refresh_token", "sdg_x")], "invalid_grant"),
    ] {
        let answer = buy(&app, &client, &form).await.expect(400);
        assert_eq!(answer.json()["error"], error, "{form:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let post = async |form: &[(&str, &str)]| {
        post_form(&app.nobody(), "/oauth/token", None, None, encode(form.iter().copied())).await
    };
    let own = [("client_id", client.id.as_str()), ("client_secret", client.secret.as_str())];
    assert_eq!(post(&[grant[0]]).await.expect(401).json()["error"], "invalid_client");
    assert_eq!(post(&[grant[0], own[0]]).await.expect(401).json()["error"], "invalid_client");
    post(&[grant[0], own[0], own[1]]).await.expect(200);
    let many: Vec<_> = (0..60).map(|number| (format!("p{number}"), "x")).collect();
    let many: Vec<_> =
        many.iter().map(|(name, value)| (name.as_str(), *value)).chain([grant[0], own[0], own[1]]).collect();
    assert_eq!(post(&many).await.expect(400).json()["error"], "invalid_request", "too many to be compared");
    let both = buy(&app, &client, &[grant[0], own[1]]).await.expect(400);
    assert_eq!(both.json()["error"], "invalid_request");
    app.nobody()
        .post("/oauth/token", json!({ "grant_type": "client_credentials" }))
        .await
        .refused(415, "unsupported_media_type");
}

#[tokio::test]
async fn tokens_end_and_are_told_of_at_the_root() {
    let app = TestApp::new().await;
    let (house, rivals) = (app.aurora().await, app.borealis().await);
    let (own, spy) = (client(&app, &house, "sales.read").await, client(&app, &rivals, "sales.read").await);
    let token = buy(&app, &own, &[("grant_type", "client_credentials")]).await.expect(200).json();
    let token = token["access_token"].as_str().unwrap();
    let ask = async |client: &Client, path: &str| {
        post_form(&app.nobody(), path, None, Some(client), encode([("token", token)])).await.expect(200)
    };
    let worth = ask(&own, "/oauth/introspect").await.json();
    assert_eq!((&worth["active"], &worth["scope"]), (&json!(true), &json!("sales.read")));
    assert_eq!((&worth["iss"], &worth["org"]), (&json!(PUBLIC_URL), &json!(house.id)));
    assert_eq!((&worth["client_id"], &worth["sub"]), (&json!(own.id), &json!(own.id)));
    assert_eq!(ask(&spy, "/oauth/introspect").await.json(), json!({ "active": false }));
    ask(&spy, "/oauth/revoke").await;
    let program = app.nobody().with_token(token);
    let path = format!("/organizers/{}/orders", house.id);
    program.get(&path).await.expect(200);
    ask(&own, "/oauth/revoke").await;
    program.get(&path).await.refused(401, "invalid_token");
    assert_eq!(ask(&own, "/oauth/introspect").await.json(), json!({ "active": false }));
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        let missing = post_form(&app.nobody(), path, None, Some(&own), String::new()).await.expect(400);
        assert_eq!(missing.json()["error"], "invalid_request");
        let nobody = post_form(&app.nobody(), path, None, None, encode([("token", token)])).await.expect(401);
        assert_eq!(nobody.json()["error"], "invalid_client");
    }
}

#[tokio::test]
async fn the_server_describes_itself() {
    let app = TestApp::new().await;
    let told = app.nobody().get("/.well-known/oauth-authorization-server").await.expect(200).json();
    assert_eq!(told["issuer"], PUBLIC_URL);
    assert_eq!(told["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(told["response_types_supported"], json!(["code"]));
    assert_eq!(told["authorization_response_iss_parameter_supported"], true);
    for (name, path) in [
        ("authorization_endpoint", "/oauth/authorize"),
        ("token_endpoint", "/oauth/token"),
        ("revocation_endpoint", "/oauth/revoke"),
        ("introspection_endpoint", "/oauth/introspect"),
        ("jwks_uri", "/.well-known/jwks.json"),
    ] {
        assert_eq!(told[name], format!("{PUBLIC_URL}{path}"));
        assert_ne!(app.nobody().get(path).await.status, 404, "{path}");
    }
    // No identity tokens are issued, so nobody is told that they are.
    app.nobody().get("/.well-known/openid-configuration").await.refused(404, "not_found");
    let unnamed = TestApp::with(Wish { identity: identity::Config::default(), ..Wish::default() }).await;
    unnamed.nobody().get("/.well-known/oauth-authorization-server").await.refused(404, "not_found");
}
