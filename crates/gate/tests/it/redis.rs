//! Several processes and one Redis. A process is a table and a task of its own; nothing is shared
//! but the server.

use std::sync::Arc;
use std::time::Duration;

use gate::{Local, Shared, Store, Subject};
use stagedoor_core::Env;
use testkit::RedisServer;

use crate::suite::{policy, somebody};

/// Starts telling the others and waits until it is heard.
pub async fn running(shared: Shared) -> Arc<Shared> {
    let shared = Arc::new(shared);
    let task = shared.clone();
    tokio::spawn(async move { task.run(std::future::pending()).await });
    eventually(|| !shared.stats().is_fallback).await;
    shared
}

pub async fn process(url: &str) -> Arc<Shared> {
    running(Shared::new(Local::new(&Env::system()), url, None).unwrap()).await
}

/// Waits for what must come, however slow the machine is.
pub async fn eventually(mut holds: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came");
}

pub fn admitted(process: &Shared, quota: &str, subject: Subject, attempts: usize) -> usize {
    let policy = policy("orders", quota);
    (0..attempts).filter(|_| process.spend(&policy, subject).retry_after.is_none()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_keep_one_limit() {
    let Some(url) = testkit::redis_url() else { return };
    let (one, two, somebody) = (process(&url).await, process(&url).await, somebody());
    let mut total = admitted(&one, "10/h", somebody, 6);
    // The other one hears of it with the first request it sees, and has long heard by the next.
    loop {
        match admitted(&two, "10/h", somebody, 1) {
            0 => break,
            count => total += count,
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!((10..16).contains(&total), "{total}: alone it would have given ten more");
    // And the first one of the second.
    total += admitted(&one, "10/h", somebody, 1);
    eventually(|| admitted(&one, "10/h", somebody, 1) == 0).await;
    assert!(total < 16, "{total}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_asks_both_at_once_is_admitted_by_each_once_at_most_and_owes_all_of_it() {
    let Some(url) = testkit::redis_url() else { return };
    let (one, two, somebody) = (process(&url).await, process(&url).await, somebody());
    // Five seconds between two requests: no test takes long enough to be given many back.
    let ask = |process: Arc<Shared>| {
        tokio::spawn(async move {
            let mut count = 0;
            for _ in 0..100 {
                count += admitted(&process, "12/min", somebody, 100);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            count
        })
    };
    let (asking_one, asking_two) = (ask(one.clone()), ask(two.clone()));
    let total = asking_one.await.unwrap() + asking_two.await.unwrap();
    assert!((12..=24 + 1).contains(&total), "{total}");
    // What was given twice is owed: the next one comes later than a quota alone would have it.
    let mut wait = Duration::ZERO;
    for process in [&one, &two] {
        let refused = process.spend(&policy("orders", "12/min"), somebody).retry_after;
        wait = wait.max(refused.expect("nothing is left anywhere"));
    }
    let owed = Duration::from_secs(5) * (total as u32 - 12);
    assert!(wait + Duration::from_secs(20) > owed, "{total} were given, and {wait:?} are owed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_redis_leaves_the_limits_of_each_process_and_is_found_again() {
    if testkit::redis_url().is_none() {
        return;
    }
    let mut server = RedisServer::start().await;
    let (one, somebody) = (process(&server.url()).await, somebody());
    assert_eq!((one.stats().fallbacks, admitted(&one, "10/h", somebody, 4)), (0, 4));

    server.kill().await;
    assert_eq!(admitted(&one, "10/h", somebody, 2), 2, "no request waits for it");
    eventually(|| one.stats().is_fallback).await;
    assert_eq!(one.stats().fallbacks, 1);
    assert_eq!(admitted(&one, "10/h", somebody, 10), 4, "what was used before counts on");

    server.restart().await;
    eventually(|| !one.stats().is_fallback).await;
    assert_eq!(admitted(&one, "10/h", somebody, 10), 0, "a Redis that forgot everything forgives nothing");
    let another = crate::suite::somebody();
    let two = process(&server.url()).await;
    assert_eq!(admitted(&one, "10/h", another, 10), 10);
    // Counted together again.
    let mut given = 0;
    eventually(|| {
        let now = admitted(&two, "10/h", another, 1);
        given += now;
        now == 0
    })
    .await;
    assert!(given < 10, "{given}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_does_not_answer_is_a_lost_one() {
    if testkit::redis_url().is_none() {
        return;
    }
    let server = RedisServer::start().await;
    let one = process(&server.url()).await;
    server.pause();
    eventually(|| one.stats().is_fallback).await;
    assert_eq!(admitted(&one, "10/h", somebody(), 20), 10);
    server.go_on();
    eventually(|| !one.stats().is_fallback).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_tls_nothing_is_told_to_a_server_whose_certificate_is_not_trusted() {
    if testkit::redis_url().is_none() {
        return;
    }
    let (server, other) = (RedisServer::start_with_tls().await, RedisServer::start_with_tls().await);
    let by_tls = |authorities: Option<&str>| {
        Shared::new(Local::new(&Env::system()), &server.url(), authorities.map(str::as_bytes)).unwrap()
    };
    // One trusts the system's authorities, and one another server's.
    let wary = [None, Some(other.certificate())].map(|authorities| Arc::new(by_tls(authorities)));
    for process in &wary {
        let task = process.clone();
        tokio::spawn(async move { task.run(std::future::pending()).await });
    }
    let one = running(by_tls(Some(server.certificate()))).await;
    let (two, somebody) = (running(by_tls(Some(server.certificate()))).await, somebody());
    assert_eq!(admitted(&one, "10/h", somebody, 10), 10);
    eventually(|| admitted(&two, "10/h", somebody, 1) == 0).await;
    for process in wary {
        assert!(process.stats().is_fallback);
        assert_eq!(admitted(&process, "10/h", somebody, 20), 10, "it counts by itself");
    }
}

#[test]
fn an_address_that_is_none_is_refused_before_anything_starts() {
    let none = Shared::new(Local::new(&Env::system()), "rediss://localhost", Some(b"no certificate"));
    assert!(none.is_err(), "nobody could be trusted");
    let plain = Shared::new(Local::new(&Env::system()), "redis-cluster://localhost", Some(b"no certificate"));
    assert!(plain.is_err());
    for wrong in
        ["", "localhost", "redis-cluster://", "http-cluster://localhost", "http://localhost", "postgres://localhost/x"]
    {
        assert!(Shared::new(Local::new(&Env::system()), wrong, None).is_err(), "{wrong}");
    }
}
