//! Several processes and one Redis Cluster, whose keys are on three nodes.

use std::time::Duration;

use gate::{Shared, Store, Subject};
use testkit::RedisCluster;

use crate::redis::{admitted, eventually, process};
use crate::suite::{policy, somebody};

/// So many that every node has keys of some.
const MANY: usize = 400;

fn many() -> Vec<Subject> {
    (0..MANY).map(|_| somebody()).collect()
}

/// Asks until `process` admits none of them any more; gives how many it admitted before. It hears of
/// each with the first request it sees, and has long heard by the next.
async fn until_used_up(process: &Shared, everybody: &[Subject]) -> usize {
    let mut given = 0;
    loop {
        let now: usize = everybody.iter().map(|somebody| admitted(process, "10/h", *somebody, 1)).sum();
        if now == 0 {
            return given;
        }
        given += now;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_keep_the_limits_of_subjects_on_all_nodes() {
    let Some(url) = testkit::redis_cluster_url() else { return };
    let (one, two, everybody) = (process(&url).await, process(&url).await, many());
    for somebody in &everybody {
        assert_eq!(admitted(&one, "10/h", *somebody, 8), 8);
    }
    let given = until_used_up(&two, &everybody).await;
    // Alone it would have given ten to each: eight of them were known to be gone.
    assert!((2 * MANY..8 * MANY).contains(&given), "{given}");
    assert_eq!((one.stats().fallbacks, two.stats().fallbacks), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_move_to_another_node_are_followed() {
    if testkit::redis_cluster_url().is_none() {
        return;
    }
    let cluster = RedisCluster::start().await;
    let (one, two, everybody) = (process(&cluster.url()).await, process(&cluster.url()).await, many());
    let busy = async {
        for somebody in &everybody {
            assert_eq!(admitted(&one, "10/h", *somebody, 8), 8, "no request waits for it");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::join!(cluster.move_keys(), busy);
    // A node that takes long to give its keys away may look lost for a moment, and what was spent then is
    // counted by each alone.
    for _ in 0..20 {
        for process in [&one, &two] {
            eventually(|| !process.stats().is_fallback).await;
        }
        let everybody = many();
        for somebody in &everybody {
            assert_eq!(admitted(&one, "10/h", *somebody, 8), 8);
        }
        if until_used_up(&two, &everybody).await < 8 * MANY {
            return;
        }
    }
    panic!("they count each alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_lost_a_node_is_lost_until_it_is_whole_again() {
    if testkit::redis_cluster_url().is_none() {
        return;
    }
    let mut cluster = RedisCluster::start().await;
    let (one, everybody) = (process(&cluster.url()).await, many());
    for somebody in &everybody {
        assert_eq!(admitted(&one, "10/h", *somebody, 4), 4);
    }
    cluster.node().kill().await;
    eventually(|| one.stats().is_fallback).await;
    for somebody in &everybody {
        assert_eq!(admitted(&one, "10/h", *somebody, 10), 6, "what was used before counts on");
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(one.stats().is_fallback, "two nodes of three are no cluster");
    assert_eq!(one.stats().fallbacks, 1, "it is lost once, not again with every attempt");

    cluster.node().restart().await;
    cluster.becomes_whole().await;
    eventually(|| !one.stats().is_fallback).await;
    let (two, everybody) = (process(&cluster.url()).await, many());
    for somebody in &everybody {
        assert_eq!(admitted(&one, "10/h", *somebody, 10), 10);
    }
    let given = until_used_up(&two, &everybody).await;
    assert!(given < 9 * MANY, "counted together again, not {given}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_answer_is_a_lost_one() {
    if testkit::redis_cluster_url().is_none() {
        return;
    }
    let mut cluster = RedisCluster::start().await;
    let (one, somebody) = (process(&cluster.url()).await, somebody());
    cluster.node().pause();
    // Nothing is told meanwhile: it is noticed all the same.
    eventually(|| one.stats().is_fallback).await;
    let refused = (0..20).find_map(|_| one.spend(&policy("orders", "10/h"), somebody).retry_after);
    assert!(refused.is_some(), "it counts by itself");
    cluster.node().go_on();
    eventually(|| !one.stats().is_fallback).await;
}
