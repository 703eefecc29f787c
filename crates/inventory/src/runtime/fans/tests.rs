//! The books against plain lists, and what they promise one by one.

use hashbrown::HashMap;
use proptest::prelude::*;
use stagedoor_core::Env;

use super::*;

fn books() -> (Fans, Env, UserId, EventId) {
    let env = Env::seeded(1);
    (Fans::new(FanLimits::default()), env.clone(), env.id(), env.id())
}

#[test]
fn a_fan_has_three_active_holds_and_gets_a_place_back_when_one_ends() {
    let (fans, env, fan, event) = books();
    let until = env.now() + Duration::from_secs(300);
    let holds: Vec<HoldId> = (0..3).map(|_| env.id()).collect();
    for hold in &holds {
        assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
        fans.held(fan, *hold, event, None, env.now(), until);
    }
    assert_eq!(fans.admit(fan, None, env.now()), Admission::HoldLimit);
    assert_eq!(fans.admit(env.id(), None, env.now()), Admission::Fresh);
    fans.ended(fan, holds[1]);
    assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
    assert_eq!(fans.admit(fan, None, env.now()), Admission::HoldLimit, "the reservation counts");
    fans.refused(fan);
    assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
    assert_eq!(fans.locate(fan, holds[1]), Some(event));
    assert_eq!(fans.locate(env.id(), holds[1]), None);
}

#[test]
fn an_attempt_that_was_admitted_reserves_again_without_counting() {
    let (fans, env, fan, event) = books();
    for _ in 0..2 {
        assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
        fans.held(fan, env.id(), event, None, env.now(), env.now() + Duration::from_secs(300));
    }
    assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
    for _ in 0..20 {
        assert!(!fans.admit_again(fan, env.now()), "two holds and one on its way");
        fans.refused(fan);
        assert!(fans.admit_again(fan, env.now()));
    }
}

#[test]
fn holds_whose_end_is_never_told_are_forgotten_like_others() {
    let (fans, env, fan, event) = books();
    for _ in 0..100 {
        fans.restore(fan, env.id(), event, None, env.now(), env.now() + Duration::from_secs(300));
    }
    assert_eq!(fans.admit(fan, None, env.now()), Admission::HoldLimit);
    env.clock.advance(IDEMPOTENCY_RETENTION);
    (0..SHARDS).for_each(|_| fans.sweep(env.now()));
    for _ in 0..3 {
        assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
        fans.held(fan, env.id(), event, None, env.now(), env.now() + Duration::from_secs(300));
    }
    assert_eq!(fans.admit(fan, None, env.now()), Admission::HoldLimit);
}

#[test]
fn ten_attempts_fit_in_a_minute_and_the_wait_told_is_enough() {
    let (fans, env, fan, _) = books();
    env.clock.advance(Duration::from_secs(37));
    for _ in 0..10 {
        assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
        fans.refused(fan);
    }
    for round in 0..20 {
        let Admission::RateLimited { retry_after } = fans.admit(fan, None, env.now()) else {
            panic!("round {round}: the eleventh attempt was let through")
        };
        assert!(retry_after <= Duration::from_secs(60), "{retry_after:?}");
        env.clock.advance(retry_after);
        assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh, "round {round}");
        fans.refused(fan);
    }
}

#[test]
fn a_key_seen_before_is_a_replay_for_a_day_and_costs_no_attempt() {
    let (fans, env, fan, event) = books();
    assert_eq!(fans.admit(fan, Some(7), env.now()), Admission::Fresh);
    fans.held(fan, env.id(), event, Some(7), env.now(), env.now() + Duration::from_secs(300));
    for _ in 0..50 {
        assert_eq!(fans.admit(fan, Some(7), env.now()), Admission::Replay);
    }
    env.clock.advance(IDEMPOTENCY_RETENTION);
    (0..SHARDS).for_each(|_| fans.sweep(env.now()));
    assert_eq!(fans.admit(fan, Some(7), env.now()), Admission::Fresh);
}

#[test]
fn what_is_over_is_forgotten_as_new_things_come_though_nothing_sweeps() {
    let (fans, env) = (Fans::sharded(FanLimits::default(), 1), Env::seeded(1));
    let come = |count: usize, key: u128| {
        for turn in 0..count {
            let (fan, hold, at) = (env.id(), env.id(), env.now());
            assert_eq!(fans.admit(fan, None, at), Admission::Fresh);
            fans.held(fan, hold, env.id(), Some(key + turn as u128), at, at + Duration::from_secs(300));
            fans.refused(env.id());
        }
    };
    come(2_000, 0);
    env.clock.advance(IDEMPOTENCY_RETENTION);
    come(1_100, 10_000);
    let shard = fans.shards[0].lock();
    assert_eq!((shard.by_hold.len(), shard.by_key.len(), shard.holds.len()), (1_100, 1_100, 1_100));
    // A fan is seen to be over only after the last of their holds.
    assert!(shard.fans.slots() < 3_100, "{}", shard.fans.slots());
    drop(shard);
    come(1_000, 20_000);
    assert!(fans.shards[0].lock().fans.slots() < 3_100);
}

#[test]
fn one_sweep_after_the_other_forgets_everything() {
    let (fans, env) = (Fans::new(FanLimits::default()), Env::seeded(1));
    for turn in 0..10_000 {
        let fan = env.id();
        assert_eq!(fans.admit(fan, None, env.now()), Admission::Fresh);
        match turn % 2 {
            0 => fans.held(fan, env.id(), env.id(), Some(turn), env.now(), env.now() + Duration::from_secs(300)),
            _ => fans.refused(fan),
        }
    }
    let left = || fans.shards.iter().map(|shard| shard.lock().by_user.len()).sum::<usize>();
    env.clock.advance(Duration::from_secs(180));
    (0..SHARDS).for_each(|_| fans.sweep(env.now()));
    assert_eq!(left(), 5_000, "those who hold something");
    env.clock.advance(IDEMPOTENCY_RETENTION);
    (0..SHARDS).for_each(|_| fans.sweep(env.now()));
    assert_eq!(left(), 0);
    let empty = |shard: &Mutex<Shard>| {
        let shard = shard.lock();
        shard.by_hold.is_empty() && shard.by_key.is_empty() && shard.holds.len() == 0
    };
    assert!(fans.shards.iter().all(empty));
}

/// The same books kept the plainest way: a list per fan.
#[derive(Default)]
struct Plain(HashMap<UserId, PlainFan>);

#[derive(Default)]
struct PlainFan {
    attempts: Option<Fan>,
    reserved: u32,
    holds: Vec<PlainHold>,
}

struct PlainHold {
    hold: HoldId,
    event: EventId,
    key: Option<u128>,
    active_until: Timestamp,
    forget_at: Timestamp,
}

impl Plain {
    fn admit(&mut self, limits: FanLimits, user: UserId, key: Option<u128>, at: Timestamp) -> Admission {
        let fan = self.0.entry(user).or_default();
        fan.holds.retain(|known| known.forget_at > at);
        if key.is_some() && fan.holds.iter().any(|known| known.key == key) {
            return Admission::Replay;
        }
        let attempts = fan.attempts.get_or_insert_with(|| Fan::new(user));
        if let Err(retry_after) = attempts.attempt(limits.attempts_per_minute, at) {
            return Admission::RateLimited { retry_after };
        }
        let active = fan.holds.iter().filter(|known| known.active_until > at).count() as u32;
        if active + fan.reserved >= limits.active_holds_max {
            return Admission::HoldLimit;
        }
        fan.reserved += 1;
        Admission::Fresh
    }

    fn settle(&mut self, fan: UserId) {
        let fan = self.0.get_mut(&fan).expect("an attempt is settled");
        fan.reserved = fan.reserved.saturating_sub(1);
    }

    fn know(&mut self, fan: UserId, new: PlainHold) {
        self.0.entry(fan).or_default().holds.push(new);
    }

    fn hold(&mut self, fan: UserId, hold: HoldId) -> Option<&mut PlainHold> {
        self.0.get_mut(&fan)?.holds.iter_mut().find(|known| known.hold == hold)
    }
}

#[derive(Debug, Clone)]
enum Step {
    Admit {
        fan: usize,
        key: Option<u128>,
    },
    /// What was admitted comes to nothing, or to a hold of so many seconds.
    Refuse,
    Hold {
        seconds: u64,
    },
    Restore {
        fan: usize,
        key: Option<u128>,
        seconds: u64,
    },
    /// Some hold that is known.
    RestoreAgain {
        which: usize,
        seconds: Option<u64>,
    },
    Extend {
        which: usize,
        seconds: u64,
    },
    End {
        which: usize,
    },
    Wait(Duration),
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    let (fan, which, seconds) = (0..3usize, 0..20usize, 1..400u64);
    let key = || prop_oneof![Just(None), (0..6u128).prop_map(Some)];
    prop_oneof![
        12 => (fan.clone(), key()).prop_map(|(fan, key)| Step::Admit { fan, key }),
        2 => Just(Step::Refuse),
        8 => seconds.clone().prop_map(|seconds| Step::Hold { seconds }),
        1 => (fan, key(), seconds.clone()).prop_map(|(fan, key, seconds)| Step::Restore { fan, key, seconds }),
        1 => (which.clone(), proptest::option::of(seconds.clone()))
            .prop_map(|(which, seconds)| Step::RestoreAgain { which, seconds }),
        2 => (which.clone(), seconds).prop_map(|(which, seconds)| Step::Extend { which, seconds }),
        3 => which.prop_map(|which| Step::End { which }),
        6 => (0..20_000u64).prop_map(|ms| Step::Wait(Duration::from_millis(ms))),
        2 => (0..300u64).prop_map(|seconds| Step::Wait(Duration::from_secs(seconds))),
        1 => (1..30u64).prop_map(|hours| Step::Wait(Duration::from_secs(hours * 3_600))),
        2 => Just(Step::Sweep),
    ]
}

proptest! {
    #[test]
    fn the_books_say_what_plain_lists_would(steps in proptest::collection::vec(step(), 1..150)) {
        let limits = FanLimits { active_holds_max: 3, attempts_per_minute: 12 };
        let (fans, mut plain, env) = (Fans::sharded(limits, 2), Plain::default(), Env::seeded(1));
        let users: Vec<UserId> = (0..3).map(|_| env.id()).collect();
        let mut admitted: Vec<(UserId, Option<u128>)> = Vec::new();
        let mut holds: Vec<(UserId, HoldId)> = Vec::new();
        for step in steps {
            let at = env.now();
            holds.retain(|(fan, hold)| plain.hold(*fan, *hold).is_some_and(|known| known.forget_at > at));
            let some = |which: usize| holds.get(which % holds.len().max(1)).copied();
            match step {
                Step::Admit { fan, key } => {
                    let admission = fans.admit(users[fan], key, at);
                    prop_assert_eq!(admission, plain.admit(limits, users[fan], key, at));
                    if admission == Admission::Fresh {
                        admitted.push((users[fan], key));
                    }
                }
                Step::Refuse => {
                    if let Some((fan, _)) = admitted.pop() {
                        fans.refused(fan);
                        plain.settle(fan);
                    }
                }
                Step::Hold { seconds } => {
                    let Some((fan, key)) = admitted.pop() else { continue };
                    let (hold, event, until) = (env.id(), env.id(), at + Duration::from_secs(seconds));
                    fans.held(fan, hold, event, key, at, until);
                    plain.settle(fan);
                    let forget_at = at + IDEMPOTENCY_RETENTION;
                    plain.know(fan, PlainHold { hold, event, key, active_until: until, forget_at });
                    holds.push((fan, hold));
                }
                Step::Restore { fan, key, seconds } => {
                    let (fan, hold, event) = (users[fan], env.id(), env.id());
                    let until = at + Duration::from_secs(seconds);
                    fans.restore(fan, hold, event, key, at, until);
                    let forget_at = at + IDEMPOTENCY_RETENTION;
                    plain.know(fan, PlainHold { hold, event, key, active_until: until, forget_at });
                    holds.push((fan, hold));
                }
                Step::RestoreAgain { which, seconds } => {
                    let Some((fan, hold)) = some(which) else { continue };
                    let until = seconds.map_or(Timestamp::MIN, |seconds| at + Duration::from_secs(seconds));
                    fans.restore(fan, hold, env.id(), None, at, until);
                    let known = plain.hold(fan, hold).expect("it is known");
                    known.active_until = until;
                    known.forget_at = known.forget_at.max(at + IDEMPOTENCY_RETENTION);
                }
                Step::Extend { which, seconds } => {
                    let Some((fan, hold)) = some(which) else { continue };
                    let until = at + Duration::from_secs(seconds);
                    fans.extended(fan, hold, until);
                    let known = plain.hold(fan, hold).expect("it is known");
                    (known.active_until, known.forget_at) = (until, known.forget_at.max(until));
                }
                Step::End { which } => {
                    let Some((fan, hold)) = some(which) else { continue };
                    fans.ended(fan, hold);
                    plain.hold(fan, hold).expect("it is known").active_until = Timestamp::MIN;
                }
                Step::Wait(span) => env.clock.advance(span),
                Step::Sweep => fans.sweep(at),
            }
            let at = env.now();
            for (fan, hold) in &holds {
                let known = plain.hold(*fan, *hold).expect("it is known");
                if known.forget_at > at {
                    prop_assert_eq!(fans.locate(*fan, *hold), Some(known.event));
                }
                let strangers = users.iter().filter(|user| *user != fan);
                prop_assert!(strangers.into_iter().all(|user| fans.locate(*user, *hold).is_none()));
            }
        }
    }
}
