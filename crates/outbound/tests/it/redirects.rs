//! Answers that send the caller elsewhere.

use outbound::header::{self, HeaderName, HeaderValue};
use outbound::{Policy, Range, RedirectFault, Refused, StatusCode};

use crate::name_server::{NameServer, addresses};
use crate::server::{INTERNAL, PUBLIC, PUBLIC_TOO, Server, answer, client, policy, redirect};

#[tokio::test]
async fn redirects_are_followed_three_times_at_most() {
    let server = Server::start(PUBLIC, |request| match request.path() {
        "/0" => answer("200 OK", "", "there"),
        path => redirect(path[1..].parse::<u32>().unwrap() - 1),
    })
    .await;
    let client = client(policy(&[&server], None));
    assert_eq!(client.get(&server.url("/3")).send().await.unwrap().body, "there");
    let refused = client.get(&server.url("/4")).send().await.unwrap_err();
    assert_eq!(refused, Refused::Redirect(RedirectFault::TooMany));
}

#[tokio::test]
async fn a_redirect_to_itself_ends() {
    let server = Server::start(PUBLIC, |_| redirect("/again")).await;
    let refused = client(policy(&[&server], None)).get(&server.url("/")).send().await.unwrap_err();
    assert_eq!(refused, Refused::Redirect(RedirectFault::TooMany));
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn every_hop_is_checked_like_the_first() {
    let internal = Server::start(INTERNAL, |_| answer("200 OK", "", "secret")).await;
    let port = internal.port();
    let cases = [
        (internal.url("/"), Refused::Address(Range::Loopback)),
        (format!("//{}/", internal.address), Refused::Address(Range::Loopback)),
        ("http://169.254.169.254:{port}/latest/meta-data/".into(), Refused::Address(Range::Metadata)),
        ("http://[::ffff:169.254.169.254]:{port}/".into(), Refused::Address(Range::Metadata)),
        ("http://[::1]:{port}/".into(), Refused::Address(Range::Loopback)),
        ("http://10.0.0.1:{port}/".into(), Refused::Address(Range::Private)),
        ("http://2130706433:{port}/".into(), Refused::HostSpelling),
        ("//0x7f.1:{port}/".into(), Refused::HostSpelling),
        ("http:\\\\127.0.0.1:{port}/".into(), Refused::Malformed),
        ("/\\127.0.0.1:{port}/".into(), Refused::Malformed),
        ("http:127.0.0.1:{port}/".into(), Refused::Malformed),
        ("http://user:pass@127.8.0.1:{port}/".into(), Refused::UserInfo),
        ("http://bad.example:{port}/".into(), Refused::Address(Range::Loopback)),
        ("http://127.8.0.1:22/".into(), Refused::Port(22)),
        ("ftp://127.8.0.1:{port}/".into(), Refused::Scheme),
        ("file:///etc/passwd".into(), Refused::Scheme),
        ("javascript:alert(1)".into(), Refused::Malformed),
        ("http://".into(), Refused::Malformed),
    ];
    let names = NameServer::start(|_, _, _| addresses(&["127.0.0.1"])).await;
    for (location, expected) in cases {
        let location = location.replace("{port}", &port.to_string());
        for hops in 0..=2 {
            let to = location.clone();
            let server = Server::start(PUBLIC, move |request| {
                let left: u32 = request.path()[1..].parse().unwrap();
                if left == 0 { redirect(&to) } else { redirect(left - 1) }
            })
            .await;
            let client = client(policy(&[&server, &internal], Some(&names)));
            let refused = client.get(&server.url(&format!("/{hops}"))).send().await.unwrap_err();
            assert_eq!(refused, expected, "{location} after {hops}");
            assert_eq!(server.requests().len(), hops + 1);
        }
    }
    assert_eq!(internal.connections(), 0);
}

#[tokio::test]
async fn a_redirect_without_one_place_is_refused() {
    for headers in ["", "location: /a\r\nlocation: /b\r\n", "location: /\u{fc}\r\n"] {
        let server = Server::start(PUBLIC, move |_| answer("302 Found", headers, "")).await;
        let refused = client(policy(&[&server], None)).get(&server.url("/")).send().await.unwrap_err();
        assert_eq!(refused, Refused::Redirect(RedirectFault::Nowhere), "{headers:?}");
    }
}

#[tokio::test]
async fn what_was_sent_along_stays_with_its_host() {
    let other = Server::start(PUBLIC_TOO, |request| match request.path() {
        "/back" => answer("200 OK", "", "other"),
        _ => redirect("/back"),
    })
    .await;
    let away = other.url("/away");
    let server = Server::start(PUBLIC, move |request| match request.path() {
        "/same" => redirect("/away"),
        _ => redirect(&away),
    })
    .await;
    let sent = [
        ("authorization", "Bearer secret"),
        ("cookie", "session=secret"),
        ("x-api-key", "secret"),
        ("if-none-match", "\"secret\""),
        ("accept", "text/calendar"),
    ];
    let mut call = client(policy(&[&server, &other], None)).get(&server.url("/same"));
    for (name, value) in sent {
        call = call.header(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    assert_eq!(call.send().await.unwrap().body, "other");
    for request in server.requests() {
        assert!(sent.iter().all(|(name, value)| request.header(name) == Some(value)), "{}", request.head);
    }
    assert_eq!(other.requests().len(), 2);
    for request in other.requests() {
        assert!(!request.head.contains("secret"), "{}", request.head);
        assert_eq!(request.header("accept"), Some("text/calendar"));
        assert_eq!(request.header("referer"), None);
    }
}

#[tokio::test]
async fn a_cookie_of_an_answer_is_not_sent_to_anybody() {
    let server = Server::start(PUBLIC, |request| match request.path() {
        "/a" => answer("302 Found", "location: /b\r\nset-cookie: tracked=1\r\n", ""),
        _ => answer("200 OK", "set-cookie: tracked=1\r\n", ""),
    })
    .await;
    let client = client(policy(&[&server], None));
    client.get(&server.url("/a")).send().await.unwrap();
    client.get(&server.url("/b")).send().await.unwrap();
    assert!(server.requests().iter().all(|request| request.header("cookie").is_none()));
}

#[tokio::test]
async fn a_body_is_never_sent_on() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let server = Server::start(PUBLIC, move |_| answer(status, "location: /elsewhere\r\n", "")).await;
        let client = client(policy(&[&server], None));
        let response = client.post(&server.url("/")).body("ticket").send().await.unwrap();
        assert_eq!(response.status.as_u16().to_string(), status[..3]);
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn where_redirects_are_off_the_redirect_is_the_answer() {
    let server = Server::start(PUBLIC, |_| redirect("http://127.0.0.1/")).await;
    let client = client(Policy { redirects_max: 0, ..policy(&[&server], None) });
    let response = client.get(&server.url("/")).send().await.unwrap();
    assert_eq!(response.status, StatusCode::FOUND);
    assert_eq!(response.headers[header::LOCATION], "http://127.0.0.1/");
}
