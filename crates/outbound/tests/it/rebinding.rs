//! Names whose addresses are not what they seem.

use std::net::IpAddr;

use outbound::{Limits, LookupFault, Phase, Policy, Range, Refused};

use crate::name_server::{Kind, NameServer, Says, addresses, parsed};
use crate::server::{INTERNAL, PUBLIC, PUBLIC_TOO, Server, answer, client, policy};

const PUBLIC_TEXT: &str = "127.8.0.1";
const INTERNAL_TEXT: &str = "127.0.0.1";

/// Servers at the public and the internal address, the same port.
async fn both() -> [Server; 2] {
    Server::start_pair([PUBLIC, INTERNAL], |_| answer("200 OK", "connection: close\r\n", "here")).await
}

fn url(server: &Server, name: &str) -> String {
    format!("http://{name}:{}/", server.port())
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_its_address_called() {
    let [public, internal] = both().await;
    let names = NameServer::start(|_, _, _| addresses(&[PUBLIC_TEXT])).await;
    let response = client(policy(&[&public], Some(&names))).get(&url(&public, "hooks.example")).send().await.unwrap();
    assert_eq!(response.body, "here");
    assert_eq!((public.connections(), internal.connections()), (1, 0));
    let mut asked = names.asked();
    asked.sort_by_key(|(_, kind)| *kind == Kind::Aaaa);
    assert_eq!(asked, [("hooks.example".into(), Kind::A), ("hooks.example".into(), Kind::Aaaa)], "once each");
    let host = format!("hooks.example:{}", public.port());
    assert_eq!(public.requests()[0].header("host"), Some(host.as_str()));
}

#[tokio::test]
async fn a_name_rebound_after_its_first_answer_reaches_nothing_internal() {
    let [public, internal] = both().await;
    let names =
        NameServer::start(|_, _, before| addresses(&[if before == 0 { PUBLIC_TEXT } else { INTERNAL_TEXT }])).await;
    let client = client(policy(&[&public], Some(&names)));
    let url = url(&public, "rebinds.example");
    assert_eq!(client.get(&url).send().await.unwrap().body, "here");
    for _ in 0..20 {
        assert_eq!(client.get(&url).send().await.unwrap_err(), Refused::Address(Range::Loopback));
    }
    assert_eq!((public.connections(), internal.connections()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_flips_with_every_question_reaches_nothing_internal() {
    let [public, internal] = both().await;
    let names = NameServer::start(|_, kind, before| match (kind, before % 2) {
        (Kind::A, 0) => addresses(&[PUBLIC_TEXT]),
        (Kind::A, _) => addresses(&[INTERNAL_TEXT]),
        _ => Says::Empty,
    })
    .await;
    let client = client(policy(&[&public], Some(&names)));
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let call = client.get(&url(&public, "flips.example"));
            tokio::spawn(call.send())
        })
        .collect();
    let (mut reached, mut refused) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(response) => {
                assert_eq!(response.body, "here");
                reached += 1;
            }
            Err(Refused::Address(Range::Loopback)) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(reached > 0 && refused > 0, "{reached} reached, {refused} refused");
    assert_eq!(public.connections(), reached);
    assert_eq!(internal.connections(), 0);
}

#[tokio::test]
async fn one_bad_address_among_good_ones_refuses_them_all() {
    let [public, internal] = both().await;
    for (bad, range) in [
        (INTERNAL_TEXT, Range::Loopback),
        ("::1", Range::Loopback),
        ("10.0.0.1", Range::Private),
        ("169.254.169.254", Range::Metadata),
        ("fd00:ec2::254", Range::Metadata),
        ("::ffff:10.0.0.1", Range::Private),
        ("64:ff9b::a9fe:a9fe", Range::Metadata),
        ("2002:7f00:1::", Range::Transition),
        ("0.0.0.0", Range::Unspecified),
        ("::", Range::Unspecified),
    ] {
        for all in [vec![PUBLIC_TEXT, bad], vec![bad, PUBLIC_TEXT], vec![PUBLIC_TEXT, "127.8.0.2", bad]] {
            let zone = all.clone();
            let names = NameServer::start(move |_, _, _| addresses(&zone)).await;
            let client = client(policy(&[&public], Some(&names)));
            let refused = client.get(&url(&public, "mixed.example")).send().await.unwrap_err();
            assert_eq!(refused, Refused::Address(range), "{all:?}");
        }
    }
    assert_eq!((public.connections(), internal.connections()), (0, 0));
}

#[tokio::test]
async fn a_bad_address_beyond_those_that_are_tried_refuses_them_all() {
    let [public, internal] = both().await;
    let names = NameServer::start(|_, _, _| {
        let many = (1..=40).map(|last| IpAddr::from([127, 8, 0, last]));
        Says::Addresses(many.chain(parsed(&[INTERNAL_TEXT])).collect())
    })
    .await;
    let client = client(policy(&[&public], Some(&names)));
    let refused = client.get(&url(&public, "many.example")).send().await.unwrap_err();
    assert_eq!(refused, Refused::Address(Range::Loopback));
    assert_eq!((public.connections(), internal.connections()), (0, 0));
}

#[tokio::test]
async fn an_alias_is_judged_by_where_it_ends() {
    let [public, internal] = both().await;
    let names = NameServer::start(|name, _, _| match name {
        "good.example" => Says::Alias("cdn.example", parsed(&[PUBLIC_TEXT])),
        "cdn.example" => addresses(&[PUBLIC_TEXT]),
        "metadata.internal" => addresses(&["169.254.169.254"]),
        "bad.example" => Says::Alias("metadata.internal", parsed(&["169.254.169.254"])),
        _ => Says::Alias("localhost", parsed(&[INTERNAL_TEXT])),
    })
    .await;
    let client = client(policy(&[&public], Some(&names)));
    let call = async |name| client.get(&url(&public, name)).send().await.map(|response| response.body);
    assert_eq!(call("good.example").await.unwrap(), "here");
    assert_eq!(call("bad.example").await.unwrap_err(), Refused::Address(Range::Metadata));
    assert_eq!(call("worse.example").await.unwrap_err(), Refused::Address(Range::Loopback));
    assert_eq!((public.connections(), internal.connections()), (1, 0));
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_does_not_answer() {
    let [public, _] = both().await;
    let closed = PUBLIC_TOO.to_string();
    let names = NameServer::start(move |_, _, _| addresses(&[&closed, PUBLIC_TEXT])).await;
    let client = client(policy(&[&public], Some(&names)));
    assert_eq!(client.get(&url(&public, "two.example")).send().await.unwrap().body, "here");
}

#[tokio::test]
async fn an_answer_too_long_for_udp_is_fetched_by_tcp_and_checked() {
    let [public, internal] = both().await;
    let names = NameServer::start(|name, _, _| {
        Says::Truncated(parsed(&[if name == "good.example" { PUBLIC_TEXT } else { INTERNAL_TEXT }]))
    })
    .await;
    let client = client(policy(&[&public], Some(&names)));
    assert_eq!(client.get(&url(&public, "good.example")).send().await.unwrap().body, "here");
    let refused = client.get(&url(&public, "bad.example")).send().await.unwrap_err();
    assert_eq!(refused, Refused::Address(Range::Loopback));
    assert_eq!(internal.connections(), 0);
}

#[tokio::test]
async fn a_name_that_cannot_be_looked_up_is_refused() {
    let [public, _] = both().await;
    let limits = Limits { connect: std::time::Duration::from_millis(400), ..policy(&[&public], None).limits };
    for (says, fault) in [
        (Says::Absent, LookupFault::Absent),
        (Says::Empty, LookupFault::Absent),
        (Says::Alias("elsewhere.example", Vec::new()), LookupFault::Absent),
        (Says::Silence, LookupFault::Unanswered),
        (Says::Failure, LookupFault::Unanswered),
        (Says::Garbage, LookupFault::Unanswered),
    ] {
        let zone = says.clone();
        let names = NameServer::start(move |_, _, _| zone.clone()).await;
        let client = client(Policy { limits, ..policy(&[&public], Some(&names)) });
        let refused = client.get(&url(&public, "nowhere.example")).send().await.unwrap_err();
        assert_eq!(refused, Refused::Lookup(fault), "{says:?}");
        assert_ne!(refused, Refused::Timeout(Phase::Connect));
    }
    assert_eq!(public.connections(), 0);
}

#[tokio::test]
async fn no_search_list_makes_another_name_of_it() {
    let [public, _] = both().await;
    let names = NameServer::start(|_, _, _| Says::Absent).await;
    let client = client(policy(&[&public], Some(&names)));
    client.get(&url(&public, "receiver")).send().await.unwrap_err();
    assert!(names.asked().iter().all(|(name, _)| name == "receiver"), "{:?}", names.asked());
}

#[tokio::test]
async fn the_check_alone_says_the_addresses_and_calls_nobody() {
    let [public, internal] = both().await;
    let names = NameServer::start(|name, _, _| match name {
        "good.example" => addresses(&[PUBLIC_TEXT, "127.8.0.2"]),
        _ => addresses(&[INTERNAL_TEXT]),
    })
    .await;
    let client = client(policy(&[&public], Some(&names)));
    let (destination, found) = client.check(&url(&public, "good.example")).await.unwrap();
    assert_eq!(destination.to_string(), "http://good.example");
    assert_eq!(found, parsed(&[PUBLIC_TEXT, "127.8.0.2"]));
    let refused = client.check(&url(&public, "bad.example")).await.unwrap_err();
    assert_eq!(refused, Refused::Address(Range::Loopback));
    let refused = client.check(&url(&public, INTERNAL_TEXT)).await.unwrap_err();
    assert_eq!(refused, Refused::Address(Range::Loopback));
    assert_eq!((public.connections(), internal.connections()), (0, 0));
}
