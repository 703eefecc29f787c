use std::hash::{Hash, RandomState};

use hashbrown::{Equivalent, HashMap};

/// A map that never holds more than its limit: the half that was not asked for lately makes room.
///
/// Two generations instead of a list of uses: a look-up in the young one writes nothing, and
/// forgetting costs one swap per `limit / 2` insertions.
pub(crate) struct Bounded<K, V> {
    young: HashMap<K, V, RandomState>,
    old: HashMap<K, V, RandomState>,
    half: usize,
}

impl<K: Hash + Eq, V: Clone> Bounded<K, V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { young: HashMap::default(), old: HashMap::default(), half: (limit / 2).max(1) }
    }

    pub(crate) fn get<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.insert(key, value.clone());
        Some(value)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.old.remove(&key);
        if self.young.len() >= self.half && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    pub(crate) fn remove<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_limit_holds() {
        let mut map = Bounded::new(10);
        for key in 0..1_000 {
            map.insert(key, key);
            assert_eq!(map.get(&0), Some(0), "after {key}");
            assert!(map.young.len() + map.old.len() <= 10);
        }
        assert_eq!(map.get(&999), Some(999));
        assert_eq!(map.get(&500), None);
    }

    #[test]
    fn a_removed_key_is_gone_from_both_generations() {
        let mut map = Bounded::new(4);
        (0..3).for_each(|key| map.insert(key, key));
        (0..3).for_each(|key| map.remove(&key));
        assert_eq!((0..3).find_map(|key| map.get(&key)), None);
    }

    #[test]
    fn the_last_value_written_is_the_one_read() {
        let mut map = Bounded::new(4);
        for round in 0..20 {
            (0..3).for_each(|key| map.insert(key, round));
            assert_eq!((0..3).filter_map(|key| map.get(&key)).filter(|value| *value != round).count(), 0);
        }
    }
}
