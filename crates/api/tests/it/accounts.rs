//! Sign-up, sign-in, sessions and the person signed in.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};
use stagedoor_core::limits::ACCESS_TOKEN_TTL;

use crate::app::{TestApp, Wish};
use crate::caller::PASSWORD;

#[tokio::test]
async fn an_account_signs_in_and_out() {
    let app = TestApp::new().await;
    let nobody = app.nobody();
    let body = json!({ "email": "Ann@Example.org", "password": PASSWORD, "name": "  Ann  " });
    let registered = nobody.post("/auth/register", body.clone()).await.expect(201);
    assert_eq!(registered.header("cache-control"), Some("no-store"));
    let ann = registered.json();
    assert_eq!((&ann["user"]["email"], &ann["user"]["name"]), (&json!("ann@example.org"), &json!("Ann")));
    assert!(ann["user"]["id"].as_str().unwrap().starts_with("usr_"));
    assert!(ann["expiresIn"].as_u64().unwrap() <= 3_600);
    nobody.post("/auth/register", body).await.refused(409, "email_taken");

    let me = nobody.with_token(ann["accessToken"].as_str().unwrap()).get("/me").await.expect(200).json();
    assert_eq!(me, ann["user"]);

    let refresh = json!({ "refreshToken": ann["refreshToken"] });
    let refreshed = nobody.post("/auth/refresh", refresh.clone()).await.expect(200).json();
    assert_ne!(refreshed["refreshToken"], ann["refreshToken"]);
    let newest = json!({ "refreshToken": refreshed["refreshToken"] });
    nobody.post("/auth/logout", newest.clone()).await.expect(204);
    nobody.post("/auth/logout", newest.clone()).await.expect(204);
    nobody.post("/auth/refresh", newest).await.refused(401, "invalid_token");
    let again = nobody.with_token(refreshed["accessToken"].as_str().unwrap());
    again.get("/me").await.refused(401, "invalid_token");
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_the_session() {
    let app = TestApp::new().await;
    let ann = app.fan("ann").await;
    let old = json!({ "refreshToken": ann.refresh_token });
    let newest = app.nobody().post("/auth/refresh", old.clone()).await.expect(200).json();
    // Past the moment in which a lost answer may be asked for again.
    app.advance(Duration::from_secs(120)).await;
    app.nobody().post("/auth/refresh", old).await.refused(401, "invalid_token");
    let newest = json!({ "refreshToken": newest["refreshToken"] });
    app.nobody().post("/auth/refresh", newest).await.refused(401, "invalid_token");
    ann.get("/me").await.refused(401, "invalid_token");
}

#[tokio::test]
async fn an_access_token_lives_an_hour_and_a_refresh_token_a_week() {
    let app = TestApp::new().await;
    let ann = app.fan("ann").await;
    ann.get("/me").await.expect(200);
    app.advance(ACCESS_TOKEN_TTL + Duration::from_secs(61)).await;
    ann.get("/me").await.refused(401, "invalid_token");
    let refresh = json!({ "refreshToken": ann.refresh_token });
    let refreshed = app.nobody().post("/auth/refresh", refresh).await.expect(200).json();
    app.advance(Duration::from_secs(7 * 24 * 3_600 + 1)).await;
    let refresh = json!({ "refreshToken": refreshed["refreshToken"] });
    app.nobody().post("/auth/refresh", refresh).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_answer_alike_and_in_limits() {
    let identity = identity::Config { login_failures_per_account: 3, ..Wish::default().identity };
    let app = TestApp::with(Wish { identity, ..Wish::default() }).await;
    app.fan("ann").await;
    let login = async |email: &str, password: &str| {
        app.nobody().post("/auth/login", json!({ "email": email, "password": password })).await
    };
    let wrong = login("ann@example.org", "not the old mill").await.refused(401, "invalid_credentials").json();
    let unknown = login("eve@example.org", "not the old mill").await.refused(401, "invalid_credentials").json();
    assert_eq!(wrong["error"]["message"], unknown["error"]["message"]);
    assert_eq!(wrong["error"]["details"], unknown["error"]["details"]);
    for _ in 0..2 {
        login("ann@example.org", "not the old mill").await.refused(401, "invalid_credentials");
    }
    let limited = login("ann@example.org", PASSWORD).await.refused(429, "rate_limited");
    let wait: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!(wait > 0);
    app.advance(Duration::from_secs(wait)).await;
    login("ann@example.org", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn an_address_registers_only_so_many() {
    let identity = identity::Config { registrations_per_address: 3, ..Wish::default().identity };
    let app = TestApp::with(Wish { identity, ..Wish::default() }).await;
    let register = async |name: &str, password: &str| {
        let body = json!({ "email": format!("{name}@example.org"), "password": password, "name": name });
        app.nobody().post("/auth/register", body).await
    };
    for _ in 0..5 {
        register("ann", "short").await.refused(400, "invalid_field");
    }
    register("ann", PASSWORD).await.expect(201);
    // Asking who has an account counts as well.
    register("ann", PASSWORD).await.refused(409, "email_taken");
    register("bob", PASSWORD).await.expect(201);
    let refused = register("ann", PASSWORD).await.refused(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("900"));
    app.advance(Duration::from_secs(900)).await;
    register("eve", PASSWORD).await.expect(201);
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_told_apart() {
    for (trusted, second) in [(vec!["127.0.0.0/8".parse().unwrap()], 401), (vec![], 429)] {
        let identity = identity::Config { login_failures_per_address: 1, ..Wish::default().identity };
        let app = TestApp::with(Wish { identity, trusted_proxies: trusted, ..Wish::default() }).await;
        let attempt = async |from: &str| {
            let request = app.nobody().request(Method::POST, "/auth/login").header("x-forwarded-for", from);
            let email = format!("fan{}@example.org", app.number());
            let body = json!({ "email": email, "password": "not the old mill" });
            let request = request.header("content-type", "application/json").body(Body::from(body.to_string()));
            app.nobody().send(request.unwrap()).await.status
        };
        assert_eq!(attempt("198.51.100.1").await, 401);
        assert_eq!(attempt("198.51.100.2").await, second);
        assert_eq!(attempt("203.0.113.9, 198.51.100.1").await, 429, "what a client says of itself is not believed");
    }
}

#[tokio::test]
async fn a_code_for_a_second_factor_that_the_account_has_not_is_not_looked_at() {
    let app = TestApp::new().await;
    app.fan("ann").await;
    let mut body = json!({ "email": "ann@example.org", "password": PASSWORD, "otp": "123456" });
    app.nobody().post("/auth/login", body.clone()).await.expect(200);
    body["password"] = "a wrong password".into();
    app.nobody().post("/auth/login", body).await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn what_no_account_can_have_is_refused_by_field() {
    let app = TestApp::new().await;
    let good = json!({ "email": "ann@example.org", "password": PASSWORD, "name": "Ann" });
    let cases: [(&str, Value); 9] = [
        ("email", json!("ann")),
        ("email", json!("ann@x.org\r\nbcc: everyone@example.org")),
        ("email", json!(format!("{}@example.org", "a".repeat(65)))),
        ("password", json!("short")),
        ("password", json!("password")),
        ("password", json!("x".repeat(200))),
        ("name", json!("")),
        ("name", json!("An\u{0}n")),
        ("name", json!("\u{202e}nnA")),
    ];
    for (field, value) in cases {
        let mut body = good.clone();
        body[field] = value;
        let refused = app.nobody().post("/auth/register", body.clone()).await.refused(400, "invalid_field");
        assert_eq!(refused.details()["field"], field, "{body}");
    }
    app.nobody().post("/auth/register", good).await.expect(201);
}

#[tokio::test]
async fn a_person_can_rename_and_erase_themselves() {
    let app = TestApp::new().await;
    let ann = app.fan("ann").await;
    assert_eq!(ann.patch("/me", json!({ "name": "Anne" })).await.expect(200).json()["name"], "Anne");
    assert_eq!(ann.get("/me").await.json()["name"], "Anne");
    ann.call(Method::DELETE, "/me", json!({ "password": "a wrong password" }))
        .await
        .refused(401, "invalid_credentials");
    ann.delete("/me").await.refused(415, "unsupported_media_type");
    ann.get("/me").await.expect(200);
    ann.erase().await.expect(204);
    ann.get("/me").await.refused(401, "invalid_token");
    let body = json!({ "email": ann.email, "password": PASSWORD });
    app.nobody().post("/auth/login", body).await.refused(401, "invalid_credentials");
    // The address is free again, for a new person.
    let again = app.nobody().registered("ann").await;
    assert_ne!(again.id, ann.id);
}

#[tokio::test]
async fn the_keys_that_others_check_our_tokens_with_are_public() {
    let app = TestApp::new().await;
    let keys = app.nobody().get("/.well-known/jwks.json").await.expect(200).json();
    let key = &keys["keys"][0];
    assert!(key["kty"].is_string() && key["kid"].is_string());
    assert!(key.get("d").is_none(), "a private key is nobody's business");
}
