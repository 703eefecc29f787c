//! What every answer tells browsers and caches. What it must be checks [`crate::contract`] on each call of any
//! test; here every operation is called, by those who may and those who may not.

use axum::http::{Method, header};

use crate::app::TestApp;
use crate::authorization::{Cases, Scene};
use crate::contract;

#[tokio::test]
async fn every_answer_of_every_operation_is_safe_and_what_is_about_somebody_is_kept_by_nobody() {
    let scene = Scene::new().await;
    let mut operations = contract::operations();
    // What ends or removes something comes after what looks at it.
    operations.sort_by_key(|operation| (operation.method() != Method::GET, operation.method() == Method::DELETE));
    let (mut asked, mut good, mut secured) = (0, 0, 0);
    for operation in operations {
        let mut cases = Cases { scene: &scene, operation, count: 0 };
        for who in [&scene.app.nobody(), &scene.ann, &scene.ours.owner, &scene.admin] {
            let answer = cases.call(who, &scene.here).await;
            good += usize::from(answer.status < 400);
            if answer.status < 400 && operation.is_secured() {
                assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", operation.name());
                secured += 1;
            }
        }
        asked += cases.count;
    }
    println!("{asked} answers, {good} of them good, {secured} about somebody");
    assert!(asked >= 400 && good >= 120 && secured >= 70, "{asked} {good} {secured}");
}

#[tokio::test]
async fn pages_and_what_no_description_has_are_safe_too() {
    let app = TestApp::new().await;
    let nobody = app.nobody();
    for (path, status, kind) in [
        ("/", 200, Some("text/html")),
        ("/favicon.ico", 200, Some("image/svg+xml")),
        ("/api/openapi.json", 200, Some("application/json")),
        ("/api/docs", 200, Some("text/html; charset=utf-8")),
        ("/api/docs/page.css", 200, Some("text/css")),
        ("/api/docs/page.js", 200, Some("text/javascript")),
        ("/api/nothing", 404, Some("application/json")),
        ("/oauth/authorize", 400, Some("text/html; charset=utf-8")),
    ] {
        let answer = nobody.get(path).await.expect(status);
        assert_eq!(answer.header("content-type"), kind, "{path}");
    }
    let docs = nobody.get("/api/docs").await;
    for part in ["script-src 'self'", "style-src 'self'", "connect-src 'self'"] {
        assert!(docs.header("content-security-policy").unwrap().contains(part), "{part}");
    }
    for file in ["/api/docs/page.css", "/api/docs/page.js"] {
        assert!(docs.text().contains(&format!("\"{file}\"")), "{file}");
    }
    nobody.call(Method::PUT, "/api/docs", serde_json::Value::Null).await.refused(405, "method_not_allowed");
    nobody.get(&format!("/{}", "a".repeat(9_000))).await.refused(414, "uri_too_long");
}

#[tokio::test]
async fn the_public_catalogue_may_be_kept_and_is_asked_for_again() {
    let app = TestApp::new().await;
    let (event, ann) = (app.event_on_sale().await, app.fan("ann").await);
    for path in [event.path(""), event.path("/seat-map")] {
        for who in [&app.nobody(), &ann] {
            assert_eq!(who.get(&path).await.expect(200).header("cache-control"), Some("no-cache"), "{path}");
        }
    }
    let venues = app.nobody().get("/venues").await.expect(200);
    assert!(!venues.headers.contains_key(header::CACHE_CONTROL), "public, and without a word from its handler");
    assert_eq!(ann.get("/venues").await.expect(200).header("cache-control"), Some("no-store"), "asked by name");
}
