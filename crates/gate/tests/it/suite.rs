//! What every store must do: in process, over a Redis, over a Redis Cluster.

use std::sync::Arc;
use std::time::Duration;

use gate::{Config, Limits, Local, Policy, Quota, Shared, Store, Subject};
use stagedoor_core::{Env, UserId};

use crate::redis;

/// A store, and how time passes for it.
pub struct Place {
    pub store: Arc<dyn Store>,
    /// None where time is the machine's.
    clock: Option<Env>,
}

impl Place {
    /// In process, on a clock that the test moves.
    fn local() -> Place {
        let env = Env::seeded(1);
        Place { store: Arc::new(Local::new(&env)), clock: Some(env) }
    }

    /// Over Redis. None where the run has none.
    async fn shared(url: Option<String>) -> Option<Place> {
        let url = url?;
        let shared = redis::running(Shared::new(Local::new(&Env::system()), &url, None).unwrap()).await;
        Some(Place { store: shared, clock: None })
    }

    pub async fn pass(&self, time: Duration) {
        match &self.clock {
            Some(env) => env.clock.advance(time),
            None => tokio::time::sleep(time).await,
        }
    }

    /// How many of `attempts` are admitted.
    pub fn admitted(&self, policy: &Policy, subject: Subject, attempts: usize) -> usize {
        (0..attempts).filter(|_| self.store.spend(policy, subject).retry_after.is_none()).count()
    }
}

pub fn policy(name: &str, quota: &str) -> Policy {
    Policy::new(name, quota.parse::<Quota>().unwrap())
}

/// Somebody no other test knows.
pub fn somebody() -> Subject {
    Subject::User(Env::system().id::<UserId>())
}

macro_rules! on_every_store {
    ($($name:ident)*) => {
        mod local {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::Place::local()).await;
            })*
        }

        mod shared {
            $(#[tokio::test]
            async fn $name() {
                let Some(place) = super::Place::shared(testkit::redis_url()).await else { return };
                super::$name(place).await;
            })*
        }

        mod cluster {
            $(#[tokio::test]
            async fn $name() {
                let Some(place) = super::Place::shared(testkit::redis_cluster_url()).await else { return };
                super::$name(place).await;
            })*
        }
    };
}

on_every_store! {
    no_more_than_the_quota_is_admitted
    what_was_used_is_given_back_in_time
    a_refusal_says_when_to_come_again
    subjects_and_policies_count_apart
    a_surge_counts_apart
}

async fn no_more_than_the_quota_is_admitted(place: Place) {
    let (policy, somebody) = (policy("orders", "10/h"), somebody());
    for left in (0..10).rev() {
        let verdict = place.store.spend(&policy, somebody);
        assert_eq!((verdict.remaining, verdict.retry_after), (left, None));
    }
    // Whatever is told to others meanwhile changes nothing about it.
    for _ in 0..5 {
        place.pass(Duration::from_millis(100)).await;
        assert_eq!(place.admitted(&policy, somebody, 100), 0);
    }
}

async fn what_was_used_is_given_back_in_time(place: Place) {
    let (policy, somebody) = (policy("orders", "3/6s"), somebody());
    assert_eq!(place.admitted(&policy, somebody, 10), 3);
    place.pass(Duration::from_millis(2_100)).await;
    assert!(place.admitted(&policy, somebody, 10) >= 1, "one is given back every two seconds");
    place.pass(Duration::from_secs(6)).await;
    assert_eq!(place.admitted(&policy, somebody, 10), 3, "all of it, and no more");
}

async fn a_refusal_says_when_to_come_again(place: Place) {
    let (policy, somebody) = (policy("orders", "2/2s"), somebody());
    assert_eq!(place.admitted(&policy, somebody, 2), 2);
    let refused = place.store.spend(&policy, somebody);
    let wait = refused.retry_after.expect("there is nothing left");
    assert_eq!(refused.remaining, 0);
    assert!(wait <= Duration::from_secs(1) && refused.reset <= Duration::from_secs(2), "{refused:?}");
    // Who is told to wait is admitted after it, to the microsecond where the clock is ours.
    place.pass(wait).await;
    assert_eq!(place.admitted(&policy, somebody, 1), 1);
}

async fn subjects_and_policies_count_apart(place: Place) {
    let (orders, trades) = (policy("orders", "2/h"), policy("trades", "3/h"));
    let (ann, bob) = (somebody(), somebody());
    assert_eq!(place.admitted(&orders, ann, 5), 2);
    assert_eq!(place.admitted(&orders, bob, 5), 2);
    assert_eq!(place.admitted(&trades, ann, 5), 3);
    place.pass(Duration::from_millis(200)).await;
    assert_eq!(place.admitted(&orders, ann, 5) + place.admitted(&trades, ann, 5), 0);

    // A /64 is one subscriber; its neighbour is another.
    let number = Env::system().entropy.next_u64() >> 16;
    let address = |network: u64, host: u16| {
        let bits = u128::from(network) << 64 | u128::from(host);
        Subject::address(std::net::IpAddr::from(bits.to_be_bytes()))
    };
    assert_eq!((0..10).map(|host| place.admitted(&orders, address(number, host), 1)).sum::<usize>(), 2);
    assert_eq!(place.admitted(&orders, address(number + 1, 0), 1), 1);
}

async fn a_surge_counts_apart(place: Place) {
    let limits = Limits::new(
        Config { user: "100/h".parse().unwrap(), user_in_surge: "10/h".parse().unwrap(), ..Config::default() },
        place.store.clone(),
    );
    let fan = somebody();
    let admitted = |policy: &Policy, attempts| place.admitted(policy, fan, attempts);
    assert_eq!(admitted(limits.user(), 50), 50);
    limits.begin_surge();
    assert!(limits.is_surging());
    assert_eq!(admitted(limits.user_in_surge(), 50), 10);
    limits.end_surge();
    assert!(!limits.is_surging());
    assert_eq!(admitted(limits.user(), 100), 50, "what was left before");
}
