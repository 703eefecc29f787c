//! What is sent, how many at a time, by which way, and what is counted.

use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use metrics_util::debugging::DebuggingRecorder;
use outbound::header::{self, HeaderName, HeaderValue};
use outbound::{Limits, Method, Outbound, Policy, PolicyError, Range, Refused, StatusCode};
use stagedoor_core::Env;

use crate::server::{INTERNAL, PUBLIC, PUBLIC_TOO, Server, Step, answer, client, policy, raw};

#[tokio::test]
async fn a_policy_that_makes_no_sense_makes_no_client() {
    let refused = |change: fn(&mut Policy)| {
        let mut policy = policy(&[], None);
        policy.ports.push(443);
        change(&mut policy);
        Outbound::new(policy, Env::system()).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(refused(|_| {}), "");
    assert_eq!(refused(|policy| policy.redirects_max = 4), "redirects_max must be 0 to 3, not 4");
    assert_eq!(refused(|policy| policy.ports.clear()), "ports must be 1 to 100, not 0");
    assert_eq!(refused(|policy| policy.limits.calls_per_host = 0), "calls_per_host must be 1 to 1000, not 0");
    assert_eq!(refused(|policy| policy.limits.total = Duration::ZERO), "total must be 1ms to 600s, not 0ns");
    assert_eq!(
        refused(|policy| policy.trusted_certificates = b"no certificate".to_vec()),
        "there is no certificate among the trusted certificates"
    );
    for network in ["169.254.0.0/16", "169.254.169.254", "100.100.100.200/32", "0.0.0.0/0", "::/0", "224.0.0.0/4"] {
        let mut policy = policy(&[], None);
        policy.ports.push(443);
        policy.allow_networks.push(network.parse().unwrap());
        let error = Outbound::new(policy, Env::system()).err().unwrap_or_else(|| panic!("{network} is let in"));
        assert!(matches!(error, PolicyError::Network(_)), "{error}");
    }
}

#[tokio::test]
async fn a_webhook_is_posted_as_it_was_made() {
    let server = Server::start(PUBLIC, |_| answer("202 Accepted", "", "thanks")).await;
    let call = client(policy(&[&server], None)).post(&server.url("/hooks/1?a=b#part"));
    let call = call.header(HeaderName::from_static("webhook-id"), HeaderValue::from_static("msg_1"));
    let response = call.body(r#"{"type":"ticket.issued"}"#).send().await.unwrap();
    assert_eq!((response.status, &*response.body), (StatusCode::ACCEPTED, &b"thanks"[..]));
    let request = &server.requests()[0];
    assert!(request.head.starts_with("POST /hooks/1?a=b HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.body, br#"{"type":"ticket.issued"}"#);
    assert_eq!(request.header("webhook-id"), Some("msg_1"));
    let agent = request.header("user-agent").unwrap();
    assert!(agent.starts_with("Stagedoor/") && agent.len() > "Stagedoor/".len(), "{agent}");
}

#[tokio::test]
async fn headers_that_say_where_a_message_ends_cannot_be_set() {
    let server = Server::start(PUBLIC, |_| answer("200 OK", "", "")).await;
    let client = client(policy(&[&server], None));
    for name in [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "accept-encoding",
        "proxy-authorization",
        "user-agent",
        "keep-alive",
        "proxy-connection",
    ] {
        let call = client.post(&server.url("/")).header(HeaderName::from_static(name), HeaderValue::from_static("1"));
        assert_eq!(call.body("x").send().await.unwrap_err(), Refused::Header, "{name}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_page_is_fetched_only_when_it_changed() {
    let server = Server::start(PUBLIC, |request| match request.header("if-none-match") {
        Some("\"7\"") if request.header("if-modified-since").is_some() => {
            vec![Step::Send(b"HTTP/1.1 304 Not Modified\r\netag: \"7\"\r\n\r\n".to_vec())]
        }
        _ => answer("200 OK", "etag: \"7\"\r\nlast-modified: Sat, 21 Nov 2026 20:00:00 GMT\r\n", "seats left: 3"),
    })
    .await;
    let client = client(policy(&[&server], None));
    let mut first = client.get(&server.url("/")).stream().await.unwrap();
    let (tag, since) = (first.headers[header::ETAG].clone(), first.headers[header::LAST_MODIFIED].clone());
    assert_eq!(first.chunk().await.unwrap().unwrap(), "seats left: 3");
    assert_eq!(first.chunk().await.unwrap(), None);
    let call = client.get(&server.url("/")).header(header::IF_NONE_MATCH, tag);
    let second = call.header(header::IF_MODIFIED_SINCE, since).stream().await.unwrap();
    assert_eq!(second.status, StatusCode::NOT_MODIFIED);
    assert_eq!(second.whole().await.unwrap().body, "");
}

#[tokio::test]
async fn the_head_alone_may_announce_more_than_the_limit() {
    let server =
        Server::start(PUBLIC, |_| vec![Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n".to_vec())])
            .await;
    let call = client(policy(&[&server], None)).call(Method::HEAD, &server.url("/"));
    let response = call.send().await.unwrap();
    assert_eq!((response.status, response.body.len()), (StatusCode::OK, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_gets_no_more_calls_at_a_time_than_it_may() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = (now.clone(), most.clone());
    let server = Server::start(PUBLIC, move |_| {
        seen.1.fetch_max(seen.0.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        vec![
            Step::Drip(b"HTTP/1.1 200 OK\r\n".to_vec(), Duration::from_millis(2)),
            Step::Send(b"content-length: 1\r\n\r\nx".to_vec()),
        ]
    })
    .await;
    let client = client(policy(&[&server], None));
    let calls: Vec<_> = (0..30)
        .map(|_| {
            let (call, now) = (client.get(&server.url("/")), now.clone());
            tokio::spawn(async move {
                let mut streamed = call.stream().await.unwrap();
                // The call is not over before its body is.
                tokio::time::sleep(Duration::from_millis(5)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                while streamed.chunk().await.unwrap().is_some() {}
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(server.requests().len(), 30);
    assert!((1..=4).contains(&most.load(Ordering::SeqCst)), "{most:?}");
}

#[tokio::test]
async fn a_host_that_hangs_keeps_only_its_own_callers_waiting() {
    let hangs = Server::start(PUBLIC, |_| vec![Step::Hang]).await;
    let works = Server::start(PUBLIC_TOO, |_| answer("200 OK", "", "x")).await;
    let plain = policy(&[&hangs, &works], None);
    let limits = Limits { total: Duration::from_millis(500), calls_per_host: 1, ..plain.limits };
    let client = client(Policy { limits, ..plain });
    let first = tokio::spawn(client.get(&hangs.url("/1")).send());
    while hangs.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    let second = client.get(&hangs.url("/2")).send();
    assert_eq!(client.get(&works.url("/")).send().await.unwrap().body, "x");
    // Whether the second gets its turn in its last moment is up to the clock.
    let refused = second.await.unwrap_err();
    assert!(matches!(refused, Refused::Busy | Refused::Timeout(_)), "{refused:?}");
    first.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn a_host_where_nobody_listens_gives_no_connection() {
    let server = Server::start(PUBLIC, |_| raw("")).await;
    let url = server.url("/").replace("127.8.0.1", "127.8.0.9");
    let refused = client(policy(&[&server], None)).get(&url).send().await.unwrap_err();
    assert_eq!(refused, Refused::Connect);
    assert!(refused.is_transient());
}

#[tokio::test]
async fn it_is_the_client_that_oidc_asks_for() {
    let server = Server::start(PUBLIC, |request| match request.path() {
        "/token" => answer("400 Bad Request", "content-type: application/json\r\n", r#"{"error":"invalid_grant"}"#),
        _ => answer("200 OK", "content-type: application/json\r\n", "{}"),
    })
    .await;
    let client = client(policy(&[&server], None));
    let request = http::Request::post(server.url("/token")).header("authorization", "Basic eDp5");
    let response = client.exchange(request.body(b"grant_type=code".to_vec()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.body(), br#"{"error":"invalid_grant"}"#);
    assert_eq!(server.requests()[0].body, b"grant_type=code");
    let metadata = http::Request::get("http://169.254.169.254/latest").body(Vec::new()).unwrap();
    assert!(client.exchange(metadata).await.is_err());
    /// The bound of `openidconnect::AsyncHttpClient`, which takes any such function.
    fn accepted<F, R>(_: F)
    where
        F: Fn(http::Request<Vec<u8>>) -> R,
        R: Future<Output = Result<http::Response<Vec<u8>>, Refused>> + Send,
    {
    }
    accepted(|request| client.exchange(request));
}

#[test]
fn calls_and_refusals_are_counted_without_their_addresses() {
    let recorder = DebuggingRecorder::new();
    let counted = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let server = Server::start(PUBLIC, |_| answer("200 OK", "content-encoding: br\r\n", "s3cret")).await;
            let good = Server::start(PUBLIC_TOO, |_| answer("200 OK", "", "x")).await;
            let client = client(policy(&[&server, &good], None));
            for url in [good.url("/s3cret"), server.url("/s3cret"), "http://10.0.0.1/s3cret".into(), "s3cret".into()] {
                let _ = client.get(&url).send().await;
            }
        });
    });
    let keys = counted.snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
        let labels: Vec<_> = key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        (format!("{}{{{}}}", key.key().name(), labels.join(",")), value)
    });
    let mut lines: Vec<_> = keys
        .map(|(key, value)| match value {
            metrics_util::debugging::DebugValue::Counter(count) => format!("{key} {count}"),
            metrics_util::debugging::DebugValue::Histogram(times) => format!("{key} of {}", times.len()),
            metrics_util::debugging::DebugValue::Gauge(_) => key,
        })
        .collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "stagedoor_outbound_call_seconds{purpose=test} of 1",
            "stagedoor_outbound_calls_total{purpose=test} 4",
            "stagedoor_outbound_refusals_total{purpose=test,reason=encoding} 1",
            "stagedoor_outbound_refusals_total{purpose=test,reason=malformed} 1",
            "stagedoor_outbound_refusals_total{purpose=test,reason=private} 1",
        ]
    );
}

/// Set for the process that makes calls with proxies in its environment.
const CHILD: &str = "OUTBOUND_TEST_PROXIED";

#[test]
fn proxies_of_the_environment_are_not_used() {
    if std::env::var_os(CHILD).is_some() {
        return; // the other test, in the child
    }
    let proxy = TcpListener::bind((INTERNAL, 0)).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "calls::a_call_with_proxies_around", "--nocapture"]).env(CHILD, "1");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, &address);
    }
    for name in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    proxy.set_nonblocking(true).unwrap();
    assert!(proxy.accept().is_err(), "the proxy was called");
}

#[tokio::test]
async fn a_call_with_proxies_around() {
    let server = Server::start(PUBLIC, |_| answer("200 OK", "", "direct")).await;
    let client = client(policy(&[&server], None));
    assert_eq!(client.get(&server.url("/")).send().await.unwrap().body, "direct");
    let refused = client.get(&server.url("/").replace("127.8.0.1", "127.0.0.1")).send().await.unwrap_err();
    assert_eq!(refused, Refused::Address(Range::Loopback));
}
