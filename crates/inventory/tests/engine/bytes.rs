//! Bytes that are not what they should be: refused or understood, never a crash, and never
//! understood in two ways.

use std::sync::Arc;
use std::time::Duration;

use inventory::engine::{Changes, EventState, Fact, Manifest};
use proptest::prelude::*;
use stagedoor_core::Timestamp;

use crate::golden::{facts, manifest};

/// Damages bytes: overwrites some, cuts some off, adds some.
fn damage(mut bytes: Vec<u8>, hits: &[(prop::sample::Index, u8)], cut: usize, more: &[u8]) -> Vec<u8> {
    for (at, byte) in hits {
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
    }
    bytes.truncate(bytes.len().saturating_sub(cut));
    bytes.extend_from_slice(more);
    bytes
}

fn damaged(of: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let hits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let cut = prop_oneof![3 => Just(0usize), 1 => 0usize..40];
    let more = prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(any::<u8>(), 0..9)];
    (prop::sample::select(of), hits, cut, more).prop_map(|(bytes, hits, cut, more)| damage(bytes, &hits, cut, &more))
}

fn fact_bytes() -> Vec<Vec<u8>> {
    let encoded = facts().into_iter().map(|(_, fact)| {
        let mut bytes = Vec::new();
        fact.encode(&mut bytes);
        bytes
    });
    encoded.collect()
}

fn snapshot_bytes() -> Vec<u8> {
    let mut state = EventState::new();
    for (seconds, fact) in facts() {
        state.apply(Timestamp::from_micros(0) + Duration::from_secs(seconds), &fact, &mut Changes::default());
    }
    let mut bytes = Vec::new();
    state.snapshot(&mut bytes);
    bytes
}

fn check_fact(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(fact) = Fact::decode(bytes) {
        let mut again = Vec::new();
        fact.encode(&mut again);
        prop_assert_eq!(&again[..], bytes, "{:?}", fact);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_fact_is_refused_or_another_fact(bytes in damaged(fact_bytes())) {
        check_fact(&bytes)?;
    }

    #[test]
    fn random_bytes_are_no_trouble(bytes in prop::collection::vec(any::<u8>(), 0..120), kind: u8) {
        check_fact(&bytes)?;
        // With the first byte of a real fact they get further.
        let mut bytes = bytes;
        bytes.insert(0, (kind % 16) << 3 | 1);
        check_fact(&bytes)?;
        bytes[0] = 1;
        let _ = Manifest::decode(&bytes);
        let _ = EventState::restore(&bytes, |_| Some(manifest()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_manifest_is_refused_or_another_manifest(bytes in damaged(vec![manifest().encode()])) {
        if let Ok(read) = Manifest::decode(&bytes) {
            prop_assert_eq!(read.encode(), bytes);
        }
    }

    /// Whatever is accepted is a state that can go on.
    #[test]
    fn a_damaged_snapshot_is_refused_or_another_state(bytes in damaged(vec![snapshot_bytes()])) {
        let shared = manifest();
        if let Ok(mut state) = EventState::restore(&bytes, |_| Some(Arc::clone(&shared))) {
            let totals = state.totals();
            prop_assert_eq!(totals.available + totals.held + totals.sold + totals.blocked, totals.capacity);
            let mut again = Vec::new();
            state.snapshot(&mut again);
            let twice = EventState::restore(&again, |_| Some(Arc::clone(&shared))).expect("its own bytes");
            let mut thrice = Vec::new();
            twice.snapshot(&mut thrice);
            prop_assert_eq!(again, thrice);
            while let Some(fact) = state.due(Timestamp::MAX) {
                state.apply(Timestamp::MAX, &fact, &mut Changes::default());
            }
            prop_assert_eq!(state.totals().held, 0);
        }
    }
}
